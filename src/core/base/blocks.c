/*
 * The store of equal blocks. A free block holds the link to the next free one in its own first
 * bytes, so the store costs nothing beyond its blocks.
 */
#include "blocks.h"

#include <stdint.h>

struct free_block {
    struct free_block *next;
};

struct repay_blocks {
    struct repay_allocator allocator;
    struct free_block *free;
    uint32_t free_count;
    uint32_t references;
};

struct repay_blocks *repay_blocks_create(const struct repay_allocator *allocator)
{
    struct repay_blocks *blocks = repay_allocate(allocator, sizeof *blocks);
    if (!blocks)
        return NULL;
    *blocks = (struct repay_blocks){.allocator = *allocator, .references = 1};
    return blocks;
}

void repay_blocks_retain(struct repay_blocks *blocks)
{
    blocks->references++;
}

void repay_blocks_drop(struct repay_blocks *blocks)
{
    if (!blocks)
        return;
    blocks->references--;
    if (blocks->references > 0)
        return;
    while (blocks->free) {
        struct free_block *block = blocks->free;
        blocks->free = block->next;
        repay_release(&blocks->allocator, block, REPAY_BLOCK_SIZE);
    }
    /* The allocator is copied out: it lies in the memory that it is about to free. */
    struct repay_allocator allocator = blocks->allocator;
    repay_release(&allocator, blocks, sizeof *blocks);
}

const struct repay_allocator *repay_blocks_allocator(const struct repay_blocks *blocks)
{
    return &blocks->allocator;
}

void *repay_blocks_take(struct repay_blocks *blocks)
{
    struct free_block *block = blocks->free;
    if (!block)
        return repay_allocate(&blocks->allocator, REPAY_BLOCK_SIZE);
    blocks->free = block->next;
    blocks->free_count--;
    return block;
}

void repay_blocks_give(struct repay_blocks *blocks, void *memory)
{
    if (!memory)
        return;
    if (blocks->free_count >= REPAY_BLOCKS_FREE_MAX) {
        repay_release(&blocks->allocator, memory, REPAY_BLOCK_SIZE);
        return;
    }
    struct free_block *block = memory;
    block->next = blocks->free;
    blocks->free = block;
    blocks->free_count++;
}
