/*
 * The number map: entries found again, growth, running out of memory, keys made to collide.
 */
#include "number_map.h"
#include "test_allocator.h"

static void finds_what_was_entered(struct test_allocator *memory)
{
    struct repay_number_map map;

    repay_number_map_init(&map, &memory->allocator);
    CHECK_INT(repay_number_map_find(&map, 7), REPAY_NUMBER_MAP_NONE);
    for (uint32_t i = 0; i < 10000; i++)
        CHECK_INT(repay_number_map_enter(&map, (uint64_t)i << 32 | 5, i), i);
    for (uint32_t i = 0; i < 10000; i++) {
        CHECK_INT(repay_number_map_enter(&map, (uint64_t)i << 32 | 5, 99999), i);
        CHECK_INT(repay_number_map_find(&map, (uint64_t)i << 32 | 5), i);
        CHECK_INT(repay_number_map_find(&map, (uint64_t)i << 32 | 6), REPAY_NUMBER_MAP_NONE);
    }
    CHECK_INT(map.used, 10000);
    repay_number_map_move(&map, UINT64_C(3) << 32 | 5, 77);
    CHECK_INT(repay_number_map_find(&map, UINT64_C(3) << 32 | 5), 77);
    repay_number_map_move(&map, 1, 2);
    CHECK_INT(repay_number_map_find(&map, 1), REPAY_NUMBER_MAP_NONE);
    repay_number_map_clear(&map);
    CHECK_INT(repay_number_map_find(&map, 5), REPAY_NUMBER_MAP_NONE);
    CHECK_INT(repay_number_map_enter(&map, 5, 1), 1);
    /* A big table that serves one entry is given back at the next clearing. */
    repay_number_map_clear(&map);
    CHECK_INT(map.capacity, 0);
    repay_number_map_free(&map);
    repay_number_map_free(&map);
}

static void survives_lack_of_memory(struct test_allocator *memory)
{
    struct repay_number_map map;

    repay_number_map_init(&map, &memory->allocator);
    for (uint32_t i = 0; i < 8; i++)
        CHECK_INT(repay_number_map_enter(&map, i, i), i);
    test_allocator_fail(memory, 1, true);
    CHECK_INT(repay_number_map_enter(&map, 8, 8), REPAY_NUMBER_MAP_NONE);
    test_allocator_fail(memory, 0, false);
    for (uint32_t i = 0; i < 8; i++)
        CHECK_INT(repay_number_map_find(&map, i), i);
    CHECK_INT(repay_number_map_enter(&map, 8, 8), 8);
    repay_number_map_free(&map);
}

/* The first mixing of the table undone, so that every key lands in one slot of any small table. */
static uint64_t inverse(uint64_t odd)
{
    uint64_t result = odd;

    for (int i = 0; i < 6; i++)
        result *= 2 - odd * result;
    return result;
}

static uint64_t unshift(uint64_t mixed, unsigned bits)
{
    uint64_t key = mixed;

    for (unsigned done = bits; done < 64; done += bits)
        key = mixed ^ key >> bits;
    return key;
}

static uint64_t key_that_mixes_to(uint64_t mixed)
{
    uint64_t key = unshift(mixed, 32);

    key = unshift(key * inverse(UINT64_C(0x9e3779b97f4a7c15)), 29);
    return unshift(key * inverse(UINT64_C(0xff51afd7ed558ccd)), 33);
}

static void stays_fast_for_keys_that_collide(struct test_allocator *memory)
{
    struct repay_number_map map;
    uint32_t longest = 0;

    repay_number_map_init(&map, &memory->allocator);
    for (uint32_t i = 0; i < 20000; i++)
        CHECK_INT(repay_number_map_enter(&map, key_that_mixes_to((uint64_t)i << 32), i), i);
    CHECK(map.mixing > 0);
    for (uint32_t i = 0; i < 20000; i++)
        CHECK_INT(repay_number_map_find(&map, key_that_mixes_to((uint64_t)i << 32)), i);
    for (uint32_t at = 0, run = 0; at < map.capacity; at++) {
        run = map.slots[at].place == REPAY_NUMBER_MAP_NONE ? 0 : run + 1;
        longest = run > longest ? run : longest;
    }
    CHECK(longest < 256);
    repay_number_map_free(&map);
}

int main(void)
{
    struct test_allocator memory;

    test_allocator_init(&memory);
    finds_what_was_entered(&memory);
    survives_lack_of_memory(&memory);
    stays_fast_for_keys_that_collide(&memory);
    test_allocator_end(&memory);
    return CHECK_REPORT();
}
