/*
 * A hash table from a 64-bit number to a place in an array of the caller's.
 *
 * Keys are loan codes, days and hashes, and some of them are chosen by whoever wrote the body or
 * the dump. So a search that grows long makes the table mix its keys in another way: keys that
 * collide under several mixings at once are not to be had, and work stays in proportion to the
 * number of keys. Entries are never taken out. Nothing is iterated here: the caller's array has the
 * order.
 */
#ifndef REPAY_NUMBER_MAP_H
#define REPAY_NUMBER_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "allocator.h"

#define REPAY_NUMBER_MAP_NONE UINT32_MAX

struct repay_number_slot {
    uint64_t key;
    uint32_t place; /* REPAY_NUMBER_MAP_NONE: the slot is free */
};

struct repay_number_map {
    const struct repay_allocator *allocator;
    struct repay_number_slot *slots;
    uint32_t capacity; /* a power of two, or 0 before the first entry */
    uint32_t used;
    uint32_t mixing; /* which of the ways to mix keys this table is at */
};

void repay_number_map_init(struct repay_number_map *map, const struct repay_allocator *allocator);
/* Safe twice. The map is empty and usable then. */
void repay_number_map_free(struct repay_number_map *map);
/* Forgets the entries and keeps the memory. */
void repay_number_map_clear(struct repay_number_map *map);
/* The place of the key, or REPAY_NUMBER_MAP_NONE. */
uint32_t repay_number_map_find(const struct repay_number_map *map, uint64_t key);
/*
 * The place of the key; where it is new, `place` is entered and returned. REPAY_NUMBER_MAP_NONE
 * when there is no memory; the map is as before then.
 */
uint32_t repay_number_map_enter(struct repay_number_map *map, uint64_t key, uint32_t place);
/* Gives an entered key another place. */
void repay_number_map_move(struct repay_number_map *map, uint64_t key, uint32_t place);
/* Makes room for so many entries in all, so that entering them cannot fail. */
bool repay_number_map_reserve(struct repay_number_map *map, uint32_t entries);

#endif
