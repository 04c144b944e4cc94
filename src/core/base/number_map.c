/*
 * Open addressing with linear probing; see number_map.h for what it is for. A table that cannot
 * grow for lack of memory stays as it is and says so.
 */
#include "number_map.h"

#define CAPACITY_MIN  16u
#define CAPACITY_MAX  (1u << 31)
#define CAPACITY_KEPT 256u
/* In a table that is at most half full, a million honest keys stay below a third of this. */
#define PROBES_MAX    128u
/* After so many the table accepts long searches rather than never ending. */
#define MIXINGS_MAX   16u

static uint32_t slot_of(const struct repay_number_map *map, uint64_t key)
{
    uint64_t mixed = key + (uint64_t)map->mixing * UINT64_C(0xd1b54a32d192ed03);

    mixed ^= mixed >> 33;
    mixed *= UINT64_C(0xff51afd7ed558ccd);
    mixed ^= mixed >> 29;
    mixed *= UINT64_C(0x9e3779b97f4a7c15);
    mixed ^= mixed >> 32;
    return (uint32_t)(mixed & (map->capacity - 1));
}

/* The slot that holds the key, or the free one where it belongs; NULL when the search grew long. */
static struct repay_number_slot *seek(const struct repay_number_map *map, uint64_t key)
{
    uint32_t at = slot_of(map, key);
    uint32_t probes = 0;

    while (map->slots[at].place != REPAY_NUMBER_MAP_NONE && map->slots[at].key != key) {
        if (++probes == PROBES_MAX && map->mixing < MIXINGS_MAX)
            return NULL;
        at = (at + 1) & (map->capacity - 1);
    }
    return &map->slots[at];
}

static void make_free(struct repay_number_map *map)
{
    for (uint32_t i = 0; i < map->capacity; i++)
        map->slots[i].place = REPAY_NUMBER_MAP_NONE;
    map->used = 0;
}

void repay_number_map_init(struct repay_number_map *map, const struct repay_allocator *allocator)
{
    *map = (struct repay_number_map){.allocator = allocator};
}

void repay_number_map_free(struct repay_number_map *map)
{
    repay_release(map->allocator, map->slots, map->capacity * sizeof *map->slots);
    repay_number_map_init(map, map->allocator);
}

void repay_number_map_clear(struct repay_number_map *map)
{
    /* A table that one large use left behind would cost every small one after it. */
    if (map->capacity > CAPACITY_KEPT && map->used < map->capacity / 8)
        repay_number_map_free(map);
    else if (map->used > 0)
        make_free(map);
}

static bool copy_entries(const struct repay_number_map *from, struct repay_number_map *to)
{
    for (uint32_t i = 0; i < from->capacity; i++) {
        if (from->slots[i].place == REPAY_NUMBER_MAP_NONE)
            continue;
        struct repay_number_slot *slot = seek(to, from->slots[i].key);
        if (!slot)
            return false;
        *slot = from->slots[i];
        to->used++;
    }
    return true;
}

/* The same entries in a table of that capacity, under a mixing from `mixing` on that suits them. */
static bool resize_to(struct repay_number_map *map, uint32_t capacity, uint32_t mixing)
{
    struct repay_number_map other = {.allocator = map->allocator, .capacity = capacity};

    other.slots = repay_allocate(map->allocator, capacity * sizeof *other.slots);
    if (!other.slots)
        return false;
    other.mixing = mixing;
    make_free(&other);
    while (!copy_entries(map, &other)) {
        other.mixing++;
        make_free(&other);
    }
    repay_release(map->allocator, map->slots, map->capacity * sizeof *map->slots);
    *map = other;
    return true;
}

bool repay_number_map_reserve(struct repay_number_map *map, uint32_t entries)
{
    uint32_t capacity = map->capacity > 0 ? map->capacity : CAPACITY_MIN;

    while ((uint64_t)entries * 2 > capacity) {
        if (capacity >= CAPACITY_MAX)
            return false;
        capacity *= 2;
    }
    return capacity == map->capacity || resize_to(map, capacity, map->mixing);
}

uint32_t repay_number_map_find(const struct repay_number_map *map, uint64_t key)
{
    const struct repay_number_slot *slot;

    if (map->capacity == 0)
        return REPAY_NUMBER_MAP_NONE;
    slot = seek(map, key);
    /* An entered key is always found within the limit: entering it would have mixed anew. */
    return slot ? slot->place : REPAY_NUMBER_MAP_NONE;
}

uint32_t repay_number_map_enter(struct repay_number_map *map, uint64_t key, uint32_t place)
{
    struct repay_number_slot *slot = map->capacity > 0 ? seek(map, key) : NULL;

    if (slot && slot->place != REPAY_NUMBER_MAP_NONE)
        return slot->place;
    if (!slot || ((uint64_t)map->used + 1) * 2 > map->capacity) {
        if (!repay_number_map_reserve(map, map->used + 1))
            return REPAY_NUMBER_MAP_NONE;
        slot = seek(map, key);
    }
    while (!slot) {
        if (!resize_to(map, map->capacity, map->mixing + 1))
            return REPAY_NUMBER_MAP_NONE;
        slot = seek(map, key);
    }
    *slot = (struct repay_number_slot){.key = key, .place = place};
    map->used++;
    return place;
}

void repay_number_map_move(struct repay_number_map *map, uint64_t key, uint32_t place)
{
    struct repay_number_slot *slot = map->capacity > 0 ? seek(map, key) : NULL;

    if (slot && slot->place != REPAY_NUMBER_MAP_NONE)
        slot->place = place;
}
