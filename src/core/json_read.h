/*
 * JSON scanning: strict RFC 8259 and UTF-8, over bytes that lie in memory.
 *
 * This file knows the grammar and nothing of rows, money or providers. A scan either succeeds, or
 * says that the bytes end too early, or names the byte that is wrong. Nothing is allocated and
 * nothing is copied: values are slices of the input. The 64 bytes after `end` must be readable and
 * zero, so that blocks of 16 and 32 bytes may be loaded without a bound check each;
 * REPAY_JSON_PADDING names that promise and callers keep it.
 */
#ifndef REPAY_JSON_READ_H
#define REPAY_JSON_READ_H

#include <stdint.h>

#include "bytes.h"
#include "error.h"

#define REPAY_JSON_PADDING   64
#define REPAY_JSON_DEPTH_MAX 64 /* no provider nests past 4; the skipper's stack is this many bits */

enum repay_json_end {
    REPAY_JSON_OK,
    REPAY_JSON_SHORT, /* the input ends inside the value: feed more, or it is cut */
    REPAY_JSON_BAD    /* `at` is the first byte that no JSON text could have there */
};

enum repay_json_type {
    REPAY_JSON_NULL,
    REPAY_JSON_FALSE,
    REPAY_JSON_TRUE,
    REPAY_JSON_NUMBER,
    REPAY_JSON_STRING,
    REPAY_JSON_ARRAY,
    REPAY_JSON_OBJECT
};

/* One scanned value: `raw` with quotes and brackets, exactly as received. */
struct repay_json_value {
    enum repay_json_type type;
    bool escaped; /* a string with a backslash in it: repay_json_unescape before use */
    struct repay_text raw;
};

struct repay_json_scan {
    const char *at;  /* next byte; on BAD the offending one */
    const char *end; /* one past the last byte that was received */
    const char *why; /* fixed text, set on BAD */
};

void repay_json_skip_blanks(struct repay_json_scan *scan);
/* Scans one whole value of any type, checked to the last byte, nested values included. */
enum repay_json_end repay_json_value(struct repay_json_scan *scan, struct repay_json_value *out);
/* At '"': scans a string. `out->raw` keeps the quotes. */
enum repay_json_end repay_json_string(struct repay_json_scan *scan, struct repay_json_value *out);
/* At '-' or a digit: scans a number's text. */
enum repay_json_end repay_json_number(struct repay_json_scan *scan, struct repay_text *out);

/* The bytes between a string's quotes. */
static inline struct repay_text repay_json_inner(struct repay_json_value value)
{
    return (struct repay_text){value.raw.data + 1, value.raw.length - 2};
}

/* Decodes the escapes of a checked string into `out`, which must hold raw.length bytes. */
size_t repay_json_unescape(struct repay_json_value value, char *out);

/*
 * Walks the members of a checked object or the elements of a checked array held in `value.raw`,
 * which needs no padding. Start with a cursor of zero; false at the end. For arrays `name` is empty.
 */
struct repay_json_cursor {
    size_t offset;
    bool begun;
};
bool repay_json_next(struct repay_json_value value, struct repay_json_cursor *cursor,
                     struct repay_json_value *name, struct repay_json_value *member);
/* The member of a checked object by its (unescaped) name. */
bool repay_json_member(struct repay_json_value object, struct repay_text name,
                       struct repay_json_value *member);

#endif
