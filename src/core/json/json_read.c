/*
 * JSON scanning. See json_read.h.
 *
 * Owns the grammar of RFC 8259 and the check of UTF-8 inside strings. Refuses everything else:
 * comments, single quotes, bytes below the blank in strings, lone surrogates, leading zeros.
 */
#include "json_read.h"

#include "utf8.h"
#include "wide_bytes.h"

/* No provider escapes more than a few characters; the reasons below are what a person reads. */
#define WHY_CONTROL   "a control character inside a string"
#define WHY_UTF8      "bytes that are not UTF-8"
#define WHY_ESCAPE    "an escape that JSON does not know"
#define WHY_SURROGATE "half of a surrogate pair"
#define WHY_NUMBER    "a number that JSON does not allow"
#define WHY_VALUE     "no JSON value here"
#define WHY_DEPTH     "arrays and objects nested too deeply"

enum repay_json_end repay_json_fail(struct repay_json_scan *scan, const char *at, const char *why)
{
    if (at >= scan->end)
        return REPAY_JSON_SHORT;
    scan->at = at;
    scan->why = why;
    return REPAY_JSON_BAD;
}

void repay_json_skip_blanks(struct repay_json_scan *scan)
{
    scan->at = repay_skip_blanks(scan->at, scan->end);
}

/* At a byte with the high bit: past the character, or NULL with `end_of` set. */
static const char *check_character(struct repay_json_scan *scan, const char *at,
                                   enum repay_json_end *end_of)
{
    unsigned char low, high;
    size_t length = repay_utf8_lead((unsigned char)at[0], &low, &high);
    if (length == 0) {
        *end_of = repay_json_fail(scan, at, WHY_UTF8);
        return NULL;
    }
    for (size_t i = 1; i < length; i++) {
        unsigned char byte = (unsigned char)at[i];
        if (byte < low || byte > high) {
            *end_of = repay_json_fail(scan, at + i, WHY_UTF8);
            return NULL;
        }
        low = 0x80;
        high = 0xbf;
    }
    return at + length;
}

/* Four hex digits; NULL with `end_of` set when one is not. */
static const char *check_hex(struct repay_json_scan *scan, const char *at, uint32_t *unit,
                             enum repay_json_end *end_of)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++) {
        int digit = repay_hex_value(at[i]);
        if (digit < 0) {
            *end_of = repay_json_fail(scan, at + i, WHY_ESCAPE);
            return NULL;
        }
        value = value << 4 | (uint32_t)digit;
    }
    *unit = value;
    return at + 4;
}

/* At a backslash: past the escape, both halves of a pair included. At most 12 bytes are read. */
static const char *check_escape(struct repay_json_scan *scan, const char *at,
                                enum repay_json_end *end_of)
{
    switch (at[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return at + 2;
    case 'u':
        break;
    default:
        *end_of = repay_json_fail(scan, at + 1, WHY_ESCAPE);
        return NULL;
    }
    uint32_t unit, second;
    const char *next = check_hex(scan, at + 2, &unit, end_of);
    if (!next || unit < 0xd800 || unit > 0xdfff)
        return next;
    if (unit >= 0xdc00) {
        *end_of = repay_json_fail(scan, at, WHY_SURROGATE);
        return NULL;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (next[i] != "\\u"[i]) {
            *end_of = repay_json_fail(scan, next + i, WHY_SURROGATE);
            return NULL;
        }
    }
    const char *after = check_hex(scan, next + 2, &second, end_of);
    if (!after)
        return NULL;
    if (second < 0xdc00 || second > 0xdfff) {
        *end_of = repay_json_fail(scan, next, WHY_SURROGATE);
        return NULL;
    }
    return after;
}

enum repay_json_end repay_json_string(struct repay_json_scan *scan, struct repay_json_value *out)
{
    const char *at = scan->at + 1;
    bool escaped = false;
    for (;;) {
        if (at >= scan->end)
            return REPAY_JSON_SHORT;
        unsigned plain = repay_wide_plain(at);
        at += plain;
        if (plain == REPAY_WIDE_STEP)
            continue;
        if (*at == '"')
            break;
        enum repay_json_end end_of = REPAY_JSON_OK;
        const char *next = NULL;
        if (*at == '\\') {
            escaped = true;
            next = check_escape(scan, at, &end_of);
        } else if ((unsigned char)*at >= 0x80) {
            next = check_character(scan, at, &end_of);
        } else {
            end_of = repay_json_fail(scan, at, WHY_CONTROL);
        }
        if (!next)
            return end_of;
        at = next;
    }
    at++;
    out->type = REPAY_JSON_STRING;
    out->escaped = escaped;
    out->raw = (struct repay_text){scan->at, (size_t)(at - scan->at)};
    scan->at = at;
    return REPAY_JSON_OK;
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && repay_is_digit(*at))
        at++;
    return at;
}

/* At '-' or a digit. One that touches the end is SHORT: its next digit may be on its way. */
static enum repay_json_end scan_number(struct repay_json_scan *scan, struct repay_text *out)
{
    const char *at = scan->at;
    const char *end = scan->end;
    if (*at == '-')
        at++;
    if (!repay_is_digit(*at))
        return repay_json_fail(scan, at, WHY_NUMBER);
    if (*at == '0' && repay_is_digit(at[1]))
        return repay_json_fail(scan, at + 1, WHY_NUMBER);
    at = skip_digits(at, end);
    if (*at == '.') {
        at++;
        if (!repay_is_digit(*at))
            return repay_json_fail(scan, at, WHY_NUMBER);
        at = skip_digits(at, end);
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        if (*at == '+' || *at == '-')
            at++;
        if (!repay_is_digit(*at))
            return repay_json_fail(scan, at, WHY_NUMBER);
        at = skip_digits(at, end);
    }
    if (at >= end)
        return REPAY_JSON_SHORT;
    *out = (struct repay_text){scan->at, (size_t)(at - scan->at)};
    scan->at = at;
    return REPAY_JSON_OK;
}

static enum repay_json_end scan_literal(struct repay_json_scan *scan, const char *word)
{
    const char *at = scan->at;
    for (; *word; word++, at++) {
        if (*at != *word)
            return repay_json_fail(scan, at, WHY_VALUE);
    }
    scan->at = at;
    return REPAY_JSON_OK;
}

/* Anything but an array or object. */
static enum repay_json_end scan_scalar(struct repay_json_scan *scan, struct repay_json_value *out)
{
    const char *start = scan->at;
    enum repay_json_end end_of;
    out->escaped = false;
    switch (*start) {
    case '"':
        return repay_json_string(scan, out);
    case 't':
        out->type = REPAY_JSON_TRUE;
        end_of = scan_literal(scan, "true");
        break;
    case 'f':
        out->type = REPAY_JSON_FALSE;
        end_of = scan_literal(scan, "false");
        break;
    case 'n':
        out->type = REPAY_JSON_NULL;
        end_of = scan_literal(scan, "null");
        break;
    default:
        if (*start != '-' && !repay_is_digit(*start))
            return repay_json_fail(scan, start, WHY_VALUE);
        out->type = REPAY_JSON_NUMBER;
        return scan_number(scan, &out->raw);
    }
    out->raw = (struct repay_text){start, (size_t)(scan->at - start)};
    return end_of;
}

/* At a member's name or before it: past the colon and the blanks after it. */
static enum repay_json_end scan_name(struct repay_json_scan *scan)
{
    struct repay_json_value name;
    repay_json_skip_blanks(scan);
    if (*scan->at != '"')
        return repay_json_fail(scan, scan->at, REPAY_JSON_WHY_NAME);
    enum repay_json_end end_of = repay_json_string(scan, &name);
    if (end_of != REPAY_JSON_OK)
        return end_of;
    repay_json_skip_blanks(scan);
    if (*scan->at != ':')
        return repay_json_fail(scan, scan->at, REPAY_JSON_WHY_COLON);
    scan->at++;
    return REPAY_JSON_OK;
}

/* What is open: one bit a level, set for objects. */
struct nesting {
    uint64_t objects;
    unsigned depth;
};

/* After a value inside something open: closes what closes, stops before the next value. */
static enum repay_json_end scan_close(struct repay_json_scan *scan, struct nesting *open)
{
    while (open->depth > 0) {
        if (scan->at >= scan->end)
            return REPAY_JSON_SHORT;
        bool in_object = (open->objects & 1) != 0;
        repay_json_skip_blanks(scan);
        if (*scan->at == ',') {
            scan->at++;
            return in_object ? scan_name(scan) : REPAY_JSON_OK;
        }
        if (*scan->at != (in_object ? '}' : ']'))
            return repay_json_fail(scan, scan->at, REPAY_JSON_WHY_COMMA);
        scan->at++;
        open->objects >>= 1;
        open->depth--;
    }
    return REPAY_JSON_OK;
}

/* At an opening bracket: stops before the first value inside, or closes an empty one. */
static enum repay_json_end scan_open(struct repay_json_scan *scan, struct nesting *open)
{
    bool is_object = *scan->at == '{';
    if (scan->depth + open->depth >= REPAY_JSON_DEPTH_MAX)
        return repay_json_fail(scan, scan->at, WHY_DEPTH);
    open->objects = open->objects << 1 | (is_object ? 1u : 0u);
    open->depth++;
    scan->at++;
    repay_json_skip_blanks(scan);
    if (*scan->at == (is_object ? '}' : ']')) {
        scan->at++;
        open->objects >>= 1;
        open->depth--;
        return scan_close(scan, open);
    }
    return is_object ? scan_name(scan) : REPAY_JSON_OK;
}

static enum repay_json_end scan_nested(struct repay_json_scan *scan)
{
    struct nesting open = {0};
    struct repay_json_value value;
    do {
        if (scan->at >= scan->end)
            return REPAY_JSON_SHORT;
        repay_json_skip_blanks(scan);
        enum repay_json_end end_of;
        if (*scan->at == '{' || *scan->at == '[') {
            end_of = scan_open(scan, &open);
        } else {
            end_of = scan_scalar(scan, &value);
            if (end_of == REPAY_JSON_OK)
                end_of = scan_close(scan, &open);
        }
        if (end_of != REPAY_JSON_OK)
            return end_of;
    } while (open.depth > 0);
    return REPAY_JSON_OK;
}

enum repay_json_end repay_json_value(struct repay_json_scan *scan, struct repay_json_value *out)
{
    const char *start = scan->at;
    struct repay_json_value value = {.raw = {start, 0}};
    enum repay_json_end end_of;
    if (start >= scan->end)
        return REPAY_JSON_SHORT;
    if (*start == '{' || *start == '[') {
        value.type = *start == '{' ? REPAY_JSON_OBJECT : REPAY_JSON_ARRAY;
        end_of = scan_nested(scan);
        value.raw.length = (size_t)(scan->at - start);
    } else {
        end_of = scan_scalar(scan, &value);
    }
    if (end_of == REPAY_JSON_SHORT)
        scan->at = start;
    if (end_of == REPAY_JSON_OK)
        *out = value;
    return end_of;
}
