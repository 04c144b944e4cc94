/*
 * JSON scanning: strict RFC 8259 and UTF-8, over bytes that lie in memory.
 *
 * This file knows the grammar and nothing of rows, money or providers. A scan either succeeds, or
 * says that the bytes end too early, or names the byte that is wrong. Nothing is allocated and
 * nothing is copied: values are slices of the input.
 *
 * Blocks of 16 and 32 bytes are loaded without a bound check each, so the REPAY_JSON_PADDING bytes
 * after `end` must be readable. They are either zeros, or the bytes that follow in the same body:
 * then a token that begins before `end` may be completed by them. Either way no answer depends on
 * where `end` was put, only whether there is an answer yet. So a piece of a body is read in place
 * up to its last 64 bytes, and only those and what they leave unfinished are ever copied.
 */
#ifndef REPAY_JSON_READ_H
#define REPAY_JSON_READ_H

#include "text.h"

#define REPAY_JSON_PADDING   64
/* No provider nests past 4; the skipper's stack is this many bits. */
#define REPAY_JSON_DEPTH_MAX 64

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
    const char *at;  /* next byte; on BAD the offending one; on SHORT where the token began */
    const char *end; /* nothing is begun from here on; REPAY_JSON_PADDING bytes stay readable */
    const char *why; /* fixed text, set on BAD */
    unsigned depth;  /* arrays and objects that are open around `at` */
};

/* Stops at the first byte that is no blank, or at or a little after `end`. */
void repay_json_skip_blanks(struct repay_json_scan *scan);
/*
 * Scans one whole value of any type, checked to the last byte, nested values included. A number
 * that touches `end` is SHORT: its next digit may be on its way.
 */
enum repay_json_end repay_json_value(struct repay_json_scan *scan, struct repay_json_value *out);
/* At '"': scans a string. `out->raw` keeps the quotes. */
enum repay_json_end repay_json_string(struct repay_json_scan *scan, struct repay_json_value *out);

/* The bytes between a string's quotes. */
static inline struct repay_text repay_json_inner(struct repay_json_value value)
{
    return (struct repay_text){value.raw.data + 1, value.raw.length - 2};
}

/*
 * For readers on top, who find the same faults between the values that they look for: what they say
 * of them, and a way to say it. It sets BAD, or SHORT when the byte was not received yet.
 */
#define REPAY_JSON_WHY_NAME  "a member's name is expected here"
#define REPAY_JSON_WHY_COLON "a colon is expected here"
#define REPAY_JSON_WHY_COMMA "a comma or a closing bracket is expected here"
enum repay_json_end repay_json_fail(struct repay_json_scan *scan, const char *at, const char *why);

/* Decodes the escapes of a checked string into `out`, which must hold raw.length bytes. */
size_t repay_json_unescape(struct repay_json_value value, char *out);

/*
 * Walks the members of a checked object or the elements of a checked array held in `value.raw`,
 * which needs no padding. Start with a cursor of zero; false at the end. For arrays `name` is
 * empty.
 */
struct repay_json_cursor {
    size_t offset;
    bool begun;
};
bool repay_json_next(struct repay_json_value value, struct repay_json_cursor *cursor,
                     struct repay_json_value *name, struct repay_json_value *member);
/* Whether a checked string, escapes decoded, is this name. */
bool repay_json_name_is(struct repay_json_value name, struct repay_text wanted);
/* The member of a checked object by its (unescaped) name. */
bool repay_json_member(struct repay_json_value object, struct repay_text name,
                       struct repay_json_value *member);

#endif
