/*
 * What a fuzz target of the core needs: a property that ends the run when it does not hold, and the
 * C library's memory as an allocator.
 *
 * MUST is no assert: it stays whatever NDEBUG says, because it is the whole point of a target.
 */
#ifndef REPAY_FUZZ_MUST_H
#define REPAY_FUZZ_MUST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "allocator.h"

#define MUST(condition) must((condition), #condition, __FILE__, __LINE__)

static inline void must(int holds, const char *what, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

static inline void *must_resize(void *context, void *memory, size_t old_size, size_t new_size)
{
    (void)context;
    (void)old_size;
    if (new_size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, new_size);
}

static const struct repay_allocator must_allocator = {must_resize, NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
