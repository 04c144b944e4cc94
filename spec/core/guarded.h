/*
 * Bytes that end where readable memory ends: reading one more is a crash, with or without a
 * sanitizer. For tests of readers that look at many bytes at once.
 */
#ifndef REPAY_TEST_GUARDED_H
#define REPAY_TEST_GUARDED_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guarded {
    char *start;
    size_t size; /* readable bytes */
};

static inline void guarded_init(struct guarded *guarded, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    guarded->size = (size + page - 1) / page * page;
    guarded->start = mmap(NULL, guarded->size + page, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (guarded->start == MAP_FAILED ||
        mprotect(guarded->start + guarded->size, page, PROT_NONE) != 0)
        abort();
}

static inline void guarded_free(struct guarded *guarded)
{
    (void)munmap(guarded->start, guarded->size + (size_t)sysconf(_SC_PAGESIZE));
}

/* A copy whose last byte is the last readable one. */
static inline char *guarded_put(const struct guarded *guarded, const char *data, size_t length)
{
    if (length > guarded->size)
        abort();
    char *place = guarded->start + guarded->size - length;
    if (length > 0)
        memcpy(place, data, length);
    return place;
}

#endif
