/*
 * Where the core's memory comes from.
 *
 * One function in the shape of Lua's own allocator, and its context. The binding passes the Lua
 * state's allocator, so a limit that an embedder puts on Lua's memory holds for us too, and a test
 * that lets the n-th allocation fail reaches every allocation of the core. No file of the core
 * calls malloc itself. A failed allocation is an error value of kind `memory`, never an abort.
 */
#ifndef REPAY_ALLOCATOR_H
#define REPAY_ALLOCATOR_H

#include <stddef.h>

struct repay_allocator {
    /* Returns owned memory of new_size bytes, or NULL. new_size 0 frees and returns NULL. */
    void *(*resize)(void *context, void *memory, size_t old_size, size_t new_size);
    void *context;
};

static inline void *repay_allocate(const struct repay_allocator *allocator, size_t size)
{
    return allocator->resize(allocator->context, NULL, 0, size);
}

static inline void *repay_resize(const struct repay_allocator *allocator, void *memory,
                                 size_t old_size, size_t new_size)
{
    return allocator->resize(allocator->context, memory, old_size, new_size);
}

static inline void repay_release(const struct repay_allocator *allocator, void *memory, size_t size)
{
    if (memory)
        (void)allocator->resize(allocator->context, memory, size, 0);
}

#endif
