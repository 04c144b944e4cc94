/*
 * The short ways to a value, for row_read.c and row_repeat.h: each type's form that every provider
 * really sends, straight from the body's bytes into the row's column.
 *
 * Each gives the byte after the value, or NULL when the value is not in its common form; then
 * nothing has happened and row_value.c is to be asked. All are inlined: a call for each of a row's
 * values would cost more than most of the values do. Nothing here is decided that row_value.c
 * would decide otherwise, and nothing is read more than 40 bytes from where the value begins, but
 * for a text that lies before the end.
 */
#ifndef REPAY_ROW_SHORT_H
#define REPAY_ROW_SHORT_H

#include "date_fast.h"
#include "row_read.h"
#include "schedule_column.h"
#include "wide_bytes.h"

static const uint32_t repay_powers_of_10[] = {1,      10,      100,      1000,     10000,
                                              100000, 1000000, 10000000, 100000000};

/* What stays in registers while a row is read. */
struct repay_row_pass {
    struct repay_row_reader *reader;
    struct repay_builder *builder;
    const struct repay_field *fields;
    const char *end;
    const char *start; /* the row's '{' */
    uint32_t row;      /* its place in the segment */
    uint32_t all;      /* a bit for every field */
};

static inline unsigned char *repay_row_pass_place(const struct repay_row_pass *pass, unsigned index,
                                                  size_t width)
{
    return pass->builder->columns[index] + width * pass->row;
}

/* One or two digits and no third, as after nearly every point; 0: look closer. */
static REPAY_ALWAYS_INLINE unsigned repay_short_fraction(const char *at, uint32_t *value)
{
    uint32_t first = (uint32_t)(at[0] - '0'), second = (uint32_t)(at[1] - '0');
    *value = first;
    if (first > 9 || second > 9)
        return first <= 9 ? 1 : 0;
    *value = first * 10 + second;
    return repay_is_digit(at[2]) ? 0 : 2;
}

/* Up to 15 digits without a sign, and up to as many decimals as the currency has. */
static REPAY_ALWAYS_INLINE const char *repay_short_amount(const struct repay_row_reader *reader,
                                                          const char *at, int64_t *minor)
{
    uint32_t part;
    unsigned count = repay_digits_8(repay_load_8(at), &part);
    int64_t whole = part;
    if (REPAY_UNLIKELY(count == 0 || (*at == '0' && count > 1)))
        return NULL;
    at += count;
    if (count == 8 && repay_is_digit(*at)) {
        count = repay_digits_8(repay_load_8(at), &part);
        whole = whole * repay_powers_of_10[count] + part;
        if (count == 8 || whole >= reader->whole_max)
            return NULL;
        at += count;
    }
    *minor = whole * reader->scale;
    if (REPAY_LIKELY(*at == ','))
        return at;
    if (*at == '.') {
        unsigned decimals = reader->decimals;
        count = repay_short_fraction(at + 1, &part);
        if (count == 0)
            count = repay_digits_8(repay_load_8(at + 1), &part);
        if (REPAY_UNLIKELY(count == 0 || count > decimals))
            return NULL;
        *minor += (int64_t)part * repay_powers_of_10[decimals - count];
        at += count + 1;
    }
    return REPAY_UNLIKELY((*at | 0x20) == 'e') ? NULL : at;
}

/* One to seven digits. */
static REPAY_ALWAYS_INLINE const char *repay_short_count(const char *at, uint32_t *out)
{
    uint32_t value;
    unsigned count = repay_digits_8(repay_load_8(at), &value);
    if (count == 0 || count == 8 || (*at == '0' && count > 1))
        return NULL;
    if (at[count] == '.' || (at[count] | 0x20) == 'e')
        return NULL;
    *out = value;
    return at + count;
}

static REPAY_ALWAYS_INLINE const char *repay_short_day(const char *at, uint32_t *out)
{
    int32_t day;
    if (at[0] != '"' || at[11] != '"' || !repay_day_decode(at + 1, &day))
        return NULL;
    *out = (uint32_t)day;
    return at + 12;
}

static REPAY_ALWAYS_INLINE const char *repay_short_moment(const char *at, int64_t *packed)
{
    int32_t day;
    uint32_t ms;
    if (at[0] != '"' || !repay_day_decode(at + 1, &day) || at[11] != 'T' ||
        !repay_time_decode(at + 12, &ms))
        return NULL;
    int64_t unix_ms = day * REPAY_DAY_MS + ms;
    if (at[20] == 'Z' && at[21] == '"') {
        *packed = unix_ms * 4 + REPAY_MOMENT_SECONDS;
        return at + 22;
    }
    if (at[20] != '.' || repay_digits_8(repay_load_8(at + 21), &ms) != 3 || at[24] != 'Z' ||
        at[25] != '"')
        return NULL;
    *packed = (unix_ms + ms) * 4 + REPAY_MOMENT_MILLIS;
    return at + 26;
}

static REPAY_ALWAYS_INLINE const char *repay_short_uuid(const char *at, unsigned char *out)
{
    if (at[0] != '"' || at[37] != '"' || !repay_uuid_decode(at + 1, out) ||
        REPAY_UNLIKELY(repay_uuid_is_text(out)))
        return NULL;
    return at + 38;
}

static REPAY_ALWAYS_INLINE const char *repay_short_flag(const char *at, unsigned char *out)
{
    if (memcmp(at, "true", 4) == 0) {
        *out = 1;
        return at + 4;
    }
    if (memcmp(at, "false", 5) == 0) {
        *out = 0;
        return at + 5;
    }
    return NULL;
}

/* A text that this column had lately, once more. It was checked when it came first. */
static REPAY_ALWAYS_INLINE const char *repay_short_text_at(const struct repay_recent_text *recent,
                                                           const char *at, const char *end,
                                                           uint32_t *code)
{
    size_t length = recent->length;
    const char *text = at + recent->quotes;
    if (length >= (size_t)(end - at) || !repay_wide_equal_long(text, recent->data, length))
        return NULL;
    const char *after = text + length;
    *code = recent->code;
    if (recent->quotes)
        return *at == '"' && *after == '"' ? after + 1 : NULL;
    return *after == ',' || *after == '}' ? after : NULL;
}

static REPAY_ALWAYS_INLINE const char *repay_short_text(const struct repay_recent_text *places,
                                                        const char *at, const char *end,
                                                        uint32_t *code)
{
    unsigned chosen = repay_builder_recent(at);
    const char *after = repay_short_text_at(&places[chosen / REPAY_RECENT_MAX], at, end, code);
    return after ? after : repay_short_text_at(&places[chosen % REPAY_RECENT_MAX], at, end, code);
}

/* The value at `at` in its common form; NULL: take the long way. */
static REPAY_ALWAYS_INLINE const char *
repay_short_value(const struct repay_row_pass *pass, const char *at, unsigned index, unsigned type)
{
    const char *after = NULL;
    int64_t wide = 0;
    uint32_t word = 0;
    switch (type) {
    case REPAY_FIELD_AMOUNT:
        after = repay_short_amount(pass->reader, at, &wide);
        break;
    case REPAY_FIELD_MOMENT:
        after = repay_short_moment(at, &wide);
        break;
    case REPAY_FIELD_TEXT:
        after = repay_short_text(pass->builder->recent[index], at, pass->end, &word);
        memcpy(repay_row_pass_place(pass, index, sizeof word), &word, sizeof word);
        return after;
    case REPAY_FIELD_DAY:
        after = repay_short_day(at, &word);
        memcpy(repay_row_pass_place(pass, index, sizeof word), &word, sizeof word);
        return after;
    case REPAY_FIELD_COUNT:
        after = repay_short_count(at, &word);
        memcpy(repay_row_pass_place(pass, index, sizeof word), &word, sizeof word);
        return after;
    case REPAY_FIELD_UUID:
        return repay_short_uuid(at, repay_row_pass_place(pass, index, 16));
    default:
        return repay_short_flag(at, repay_row_pass_place(pass, index, 1));
    }
    memcpy(repay_row_pass_place(pass, index, sizeof wide), &wide, sizeof wide);
    return after;
}

#endif
