/*
 * An allocator for tests: counts live bytes and blocks, holds callers to the sizes they give back,
 * and fails the n-th allocation, once or from then on.
 *
 * Each block carries its size in front of it, so a wrong old_size is a failed check and not a
 * silently wrong sum. Every growth moves the block and overwrites the old place, which makes a
 * kept pointer visible to every test and not just under a sanitizer. Refuses nothing itself.
 */
#ifndef REPAY_TEST_ALLOCATOR_H
#define REPAY_TEST_ALLOCATOR_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "allocator.h"
#include "check.h"

struct test_allocator {
    struct repay_allocator allocator; /* hand out &test.allocator */
    size_t live_bytes;
    size_t live_blocks;
    size_t peak_bytes;
    unsigned long requests; /* allocations and growths asked for, failed ones included */
    unsigned long fail_at;  /* the n-th request from the arming on fails, 1 is the next; 0 never */
    bool fails_for_ever;    /* every request from there on fails too */
    unsigned long failures; /* how many were made to fail */
    bool (*watch)(void *context, const void *memory, size_t size); /* sees a block before its end */
    void *watch_context;
};

struct test_block {
    size_t size;
    max_align_t bytes[];
};

static inline struct test_block *test_block_of(void *memory)
{
    return (struct test_block *)(void *)((char *)memory - offsetof(struct test_block, bytes));
}

static inline bool test_allocator_must_fail(struct test_allocator *test)
{
    test->requests++;
    if (test->fail_at == 0)
        return false;
    if (test->fail_at > 1) {
        test->fail_at--;
        return false;
    }
    if (!test->fails_for_ever)
        test->fail_at = 0;
    test->failures++;
    return true;
}

static inline void test_allocator_drop(struct test_allocator *test, void *memory, size_t size)
{
    struct test_block *block = test_block_of(memory);

    CHECK_INT(size, block->size);
    if (test->watch)
        CHECK(test->watch(test->watch_context, memory, block->size));
    test->live_bytes -= block->size;
    test->live_blocks--;
    memset(memory, 0xdd, block->size);
    free(block);
}

static inline void *test_allocator_resize(void *context, void *memory, size_t old_size,
                                          size_t new_size)
{
    struct test_allocator *test = context;

    if (new_size == 0) {
        if (memory)
            test_allocator_drop(test, memory, old_size);
        return NULL;
    }
    if (test_allocator_must_fail(test))
        return NULL;
    struct test_block *block = malloc(offsetof(struct test_block, bytes) + new_size);
    if (!block)
        return NULL;
    block->size = new_size;
    memset(block->bytes, 0xcd, new_size); /* not zero: nobody may rely on fresh memory's content */
    test->live_bytes += new_size;
    test->live_blocks++;
    if (memory) {
        memcpy(block->bytes, memory, old_size < new_size ? old_size : new_size);
        test_allocator_drop(test, memory, old_size);
    }
    if (test->live_bytes > test->peak_bytes)
        test->peak_bytes = test->live_bytes;
    return block->bytes;
}

static inline void test_allocator_init(struct test_allocator *test)
{
    memset(test, 0, sizeof *test);
    test->allocator.resize = test_allocator_resize;
    test->allocator.context = test;
}

/* Request number `nth` from now on fails; nth 0 disarms. */
static inline void test_allocator_fail(struct test_allocator *test, unsigned long nth,
                                       bool for_ever)
{
    test->fail_at = nth;
    test->fails_for_ever = for_ever;
    test->failures = 0;
}

/* Everything was given back. */
static inline void test_allocator_end(struct test_allocator *test)
{
    CHECK_INT(test->live_bytes, 0);
    CHECK_INT(test->live_blocks, 0);
}

#endif
