/*
 * A growing buffer with a ceiling. See bytes.h.
 *
 * Owns growth and wiping. Refuses to grow past the ceiling, and after the first refusal refuses
 * every later append too, so that no writer leaves a text with a hole in it.
 */
#include "bytes.h"

#include <assert.h>

void repay_wipe(void *memory, size_t size)
{
    if (size == 0)
        return;
    memset(memory, 0, size);
    /* The compiler must take the zeros to be read, or it drops them as stores into dying memory. */
    __asm__ __volatile__("" : : "r"(memory) : "memory");
}

void repay_bytes_init(struct repay_bytes *bytes, const struct repay_allocator *allocator,
                      size_t ceiling)
{
    *bytes = (struct repay_bytes){.allocator = allocator, .ceiling = ceiling};
}

void repay_bytes_init_wiping(struct repay_bytes *bytes, const struct repay_allocator *allocator,
                             size_t ceiling)
{
    repay_bytes_init(bytes, allocator, ceiling);
    bytes->wipes = true;
}

void repay_bytes_free(struct repay_bytes *bytes)
{
    if (bytes->data) {
        if (bytes->wipes)
            repay_wipe(bytes->data, bytes->capacity);
        repay_release(bytes->allocator, bytes->data, bytes->capacity);
    }
    bytes->data = NULL;
    bytes->length = 0;
    bytes->capacity = 0;
    bytes->failed = false;
    bytes->too_large = false;
    bytes->not_text = false;
}

/* What is asked for first is mostly all that there will be, so it is not rounded up. */
static size_t grown_capacity(const struct repay_bytes *bytes, size_t needed)
{
    size_t capacity = bytes->capacity;

    if (capacity == 0)
        capacity = needed > REPAY_BYTES_FIRST ? needed : REPAY_BYTES_FIRST;
    while (capacity < needed) {
        if (capacity > bytes->ceiling / 2)
            return bytes->ceiling;
        capacity *= 2;
    }
    return capacity < bytes->ceiling ? capacity : bytes->ceiling;
}

/* The allocator's own growth may leave a copy behind, so a wiping buffer moves by hand. */
static char *grow_wiping(struct repay_bytes *bytes, size_t capacity)
{
    char *data = repay_allocate(bytes->allocator, capacity);

    if (data && bytes->data) {
        memcpy(data, bytes->data, bytes->length);
        repay_wipe(bytes->data, bytes->capacity);
        repay_release(bytes->allocator, bytes->data, bytes->capacity);
    }
    return data;
}

bool repay_bytes_reserve(struct repay_bytes *bytes, size_t extra)
{
    if (bytes->failed)
        return false;
    assert(bytes->length <= bytes->ceiling);
    if (extra > bytes->ceiling - bytes->length) {
        bytes->failed = true;
        bytes->too_large = true;
        return false;
    }
    if (extra <= bytes->capacity - bytes->length)
        return true;
    size_t capacity = grown_capacity(bytes, bytes->length + extra);
    char *data = bytes->wipes
                     ? grow_wiping(bytes, capacity)
                     : repay_resize(bytes->allocator, bytes->data, bytes->capacity, capacity);
    if (!data) {
        bytes->failed = true;
        return false;
    }
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

bool repay_bytes_append_integer(struct repay_bytes *bytes, int64_t value)
{
    char text[1 + REPAY_DIGITS_MAX];
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    size_t length = repay_text_of_number(size, text + 1).length;

    if (value < 0)
        text[sizeof text - ++length] = '-';
    return repay_bytes_append(bytes, text + sizeof text - length, length);
}

bool repay_bytes_error(const struct repay_bytes *bytes, const char *what, struct repay_error *error)
{
    assert(bytes->failed);
    if (bytes->not_text)
        return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                               "%s would hold bytes that are not UTF-8", what);
    if (bytes->too_large)
        return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT, "%s is larger than %zu bytes",
                               what, bytes->ceiling);
    return repay_error_set(error, REPAY_KIND_MEMORY, "out of memory while writing %s", what);
}
