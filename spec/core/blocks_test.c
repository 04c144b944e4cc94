/*
 * The block store: blocks go round, the ceiling of kept ones holds, the last reference frees.
 */
#include "blocks.h"

#include "check.h"
#include "test_allocator.h"

static void blocks_go_round(void)
{
    struct test_allocator test;
    test_allocator_init(&test);
    struct repay_blocks *blocks = repay_blocks_create(&test.allocator);
    void *first = repay_blocks_take(blocks);
    void *second = repay_blocks_take(blocks);
    CHECK(first && second && first != second);
    memset(first, 0xff, REPAY_BLOCK_SIZE);
    unsigned long requests = test.requests;
    repay_blocks_give(blocks, first);
    repay_blocks_give(blocks, second);
    repay_blocks_give(blocks, NULL);
    CHECK(repay_blocks_take(blocks) == second);
    CHECK(repay_blocks_take(blocks) == first);
    CHECK_INT(test.requests, requests);
    repay_blocks_give(blocks, first);
    repay_blocks_give(blocks, second);
    CHECK(repay_blocks_allocator(blocks)->context == &test);
    repay_blocks_drop(blocks);
    test_allocator_end(&test);
}

static void keeps_no_more_than_its_ceiling(void)
{
    struct test_allocator test;
    void *taken[REPAY_BLOCKS_FREE_MAX + 3];
    test_allocator_init(&test);
    struct repay_blocks *blocks = repay_blocks_create(&test.allocator);
    size_t own = test.live_bytes;
    for (unsigned i = 0; i < REPAY_BLOCKS_FREE_MAX + 3; i++)
        taken[i] = repay_blocks_take(blocks);
    for (unsigned i = 0; i < REPAY_BLOCKS_FREE_MAX + 3; i++)
        repay_blocks_give(blocks, taken[i]);
    CHECK_INT(test.live_bytes - own, (size_t)REPAY_BLOCKS_FREE_MAX * REPAY_BLOCK_SIZE);
    repay_blocks_drop(blocks);
    test_allocator_end(&test);
}

static void lives_until_the_last_reference(void)
{
    struct test_allocator test;
    test_allocator_init(&test);
    struct repay_blocks *blocks = repay_blocks_create(&test.allocator);
    repay_blocks_retain(blocks);
    repay_blocks_drop(blocks);
    void *block = repay_blocks_take(blocks);
    CHECK(block != NULL);
    repay_blocks_give(blocks, block);
    repay_blocks_drop(blocks);
    repay_blocks_drop(NULL);
    test_allocator_end(&test);
}

static void reports_lack_of_memory(void)
{
    struct test_allocator test;
    test_allocator_init(&test);
    test_allocator_fail(&test, 1, false);
    CHECK(repay_blocks_create(&test.allocator) == NULL);
    struct repay_blocks *blocks = repay_blocks_create(&test.allocator);
    test_allocator_fail(&test, 1, false);
    CHECK(repay_blocks_take(blocks) == NULL);
    void *block = repay_blocks_take(blocks);
    CHECK(block != NULL);
    repay_blocks_give(blocks, block);
    repay_blocks_drop(blocks);
    test_allocator_end(&test);
}

int main(void)
{
    blocks_go_round();
    keeps_no_more_than_its_ceiling();
    lives_until_the_last_reference();
    reports_lack_of_memory();
    return CHECK_REPORT();
}
