/*
 * A store of equal blocks of memory that go round: parse, keep, free, parse again.
 *
 * Memory at the top of the heap that is freed is given back to the system and faulted in again at
 * the next parse; that alone doubled the time of a 10,000-row schedule. So freed blocks stay here,
 * up to a ceiling. Counted references, because a schedule may outlive the client that fetched it.
 * One store belongs to one Lua state and is used by one thread.
 */
#ifndef REPAY_BLOCKS_H
#define REPAY_BLOCKS_H

#include "allocator.h"

#define REPAY_BLOCK_SIZE      (64u << 10)
#define REPAY_BLOCKS_FREE_MAX 64 /* 4 MiB kept: four of the widest schedules of 10,000 rows */

struct repay_blocks;

/* Returns owned, with one reference; NULL when there is no memory. */
struct repay_blocks *repay_blocks_create(const struct repay_allocator *allocator);
void repay_blocks_retain(struct repay_blocks *blocks);
void repay_blocks_drop(struct repay_blocks *blocks);
const struct repay_allocator *repay_blocks_allocator(const struct repay_blocks *blocks);
/* Returns owned memory of REPAY_BLOCK_SIZE bytes, not cleared; NULL when there is none. */
void *repay_blocks_take(struct repay_blocks *blocks);
/* Takes the block back. */
void repay_blocks_give(struct repay_blocks *blocks, void *block);

#endif
