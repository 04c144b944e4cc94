/*
 * A growing buffer with a ceiling that is given when it is made.
 *
 * Growth past the ceiling and a failed allocation both make the buffer `failed`; appends after that
 * do nothing, so a writer appends freely and asks once at the end. A wiping buffer overwrites
 * memory before it gives it back, growth included: request heads hold credentials.
 */
#ifndef REPAY_BYTES_H
#define REPAY_BYTES_H

#include <stdint.h>

#include "allocator.h"
#include "error.h"
#include "text.h"

#define REPAY_BYTES_FIRST 64 /* the least that is allocated; it doubles from there */

struct repay_bytes {
    const struct repay_allocator *allocator;
    char *data;
    size_t length;
    size_t capacity;
    size_t ceiling;
    bool wipes;
    bool failed;    /* an append could not be made; what was appended before it is kept */
    bool too_large; /* the ceiling was the reason */
    bool not_text;  /* a writer was given bytes that are not UTF-8 */
};

void repay_bytes_init(struct repay_bytes *bytes, const struct repay_allocator *allocator,
                      size_t ceiling);
void repay_bytes_init_wiping(struct repay_bytes *bytes, const struct repay_allocator *allocator,
                             size_t ceiling);
/* Frees the memory; the buffer can be used again at once. Safe twice. */
void repay_bytes_free(struct repay_bytes *bytes);
/*
 * Room for so many bytes more, for an owner that writes them behind `length` himself. Appending
 * asks for it by itself; one who knows the size beforehand saves the steps in between.
 */
bool repay_bytes_reserve(struct repay_bytes *bytes, size_t extra);

/*
 * All of it or nothing. `data` must not lie in the buffer itself, which may move. Written here,
 * because what is appended is mostly a few bytes that the caller knows the number of.
 */
static inline bool repay_bytes_append(struct repay_bytes *bytes, const void *data, size_t length)
{
    if ((bytes->failed || length > bytes->capacity - bytes->length) &&
        !repay_bytes_reserve(bytes, length))
        return false;
    if (length > 0)
        memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
    return true;
}

static inline bool repay_bytes_append_text(struct repay_bytes *bytes, struct repay_text text)
{
    return repay_bytes_append(bytes, text.data, text.length);
}

static inline bool repay_bytes_append_string(struct repay_bytes *bytes, const char *terminated)
{
    return repay_bytes_append(bytes, terminated, strlen(terminated));
}

static inline bool repay_bytes_append_byte(struct repay_bytes *bytes, char byte)
{
    return repay_bytes_append(bytes, &byte, 1);
}

/* Decimal digits, with a minus sign where needed. */
bool repay_bytes_append_integer(struct repay_bytes *bytes, int64_t value);

/*
 * Turns a failed buffer into an error and returns false: `memory`, or invalid_argument for what is
 * too large or not text. `what` names the thing that was being written: "the request".
 */
bool repay_bytes_error(const struct repay_bytes *bytes, const char *what,
                       struct repay_error *error);

static inline struct repay_text repay_bytes_text(const struct repay_bytes *bytes)
{
    return (struct repay_text){bytes->data, bytes->length};
}

/* Overwrites memory in a way the compiler keeps. */
void repay_wipe(void *memory, size_t size);

/* Length 0 and not failed, memory kept (wiped first where the buffer wipes). */
static inline void repay_bytes_clear(struct repay_bytes *bytes)
{
    /* All of the memory: an owner may have shortened the buffer by setting its length. */
    if (bytes->wipes)
        repay_wipe(bytes->data, bytes->capacity);
    bytes->length = 0;
    bytes->failed = false;
    bytes->too_large = false;
    bytes->not_text = false;
}

#endif
