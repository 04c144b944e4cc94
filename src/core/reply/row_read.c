/*
 * The pass over a row. See row_read.h.
 *
 * This is where the time of a large schedule goes, so each type has a short way for the form that
 * every provider really sends; what does not fit it goes to row_value.c, which knows all forms.
 * Each step begins with a check against `end` and then reads at most REPAY_JSON_PADDING bytes.
 */
#include "row_read.h"

#include "date_fast.h"
#include "wide_bytes.h"
#include "row_value.h"
#include "schedule_column.h"

#define WHY_COMMA     "a comma or a closing bracket is expected here"
#define WHY_NAME      "a member's name is expected here"
#define WHY_COLON     "a colon is expected here"
#define WHY_DUPLICATE "stands twice in one row"

static const uint32_t powers_of_10[] = {1,      10,      100,      1000,     10000,
                                        100000, 1000000, 10000000, 100000000};

void repay_row_reader_init(struct repay_row_reader *reader, const struct repay_allocator *allocator)
{
    *reader = (struct repay_row_reader){0};
    /* A row has no more than this, so what is taken from it fits. */
    repay_bytes_init(&reader->extra, allocator, REPAY_UNIT_MAX);
    repay_bytes_init(&reader->text, allocator, REPAY_UNIT_MAX);
}

void repay_row_reader_free(struct repay_row_reader *reader)
{
    repay_bytes_free(&reader->extra);
    repay_bytes_free(&reader->text);
}

/* As the layout has the members, until a body tells another order. */
static void forget_order(struct repay_row_reader *reader, const struct repay_layout *layout)
{
    unsigned count = layout->field_count;
    for (unsigned i = 0; i < count; i++)
        reader->next_field[i] = (uint8_t)(i + 1 < count ? i + 1 : 0);
    reader->next_field[REPAY_FIELDS_MAX] = 0;
    reader->layout = layout;
}

void repay_row_reader_begin(struct repay_row_reader *reader, struct repay_builder *builder,
                            int decimals, int zone_minutes, struct repay_error *error)
{
    reader->builder = builder;
    reader->error = error;
    reader->field = NULL;
    reader->error_is_set = false;
    reader->decimals = (uint8_t)decimals;
    reader->zone_minutes = (int16_t)zone_minutes;
    reader->whole_max = REPAY_AMOUNT_MAX / powers_of_10[decimals];
    if (reader->layout != builder->layout)
        forget_order(reader, builder->layout);
    repay_bytes_clear(&reader->extra);
    repay_bytes_clear(&reader->text);
}

/*
 * The short ways. Each gives the byte after the value, or NULL when the value is not in its common
 * form; then nothing has happened.
 */

/* Up to 15 digits without a sign, and up to as many decimals as the currency has. */
static REPAY_ALWAYS_INLINE const char *amount_short(const struct repay_row_reader *reader,
                                                    const char *at, int64_t *minor)
{
    uint32_t part;
    unsigned decimals = reader->decimals;
    unsigned count = repay_digits_8(repay_load_8(at), &part);
    int64_t whole = part;
    if (REPAY_UNLIKELY(count == 0 || (*at == '0' && count > 1)))
        return NULL;
    at += count;
    if (REPAY_UNLIKELY(count == 8)) {
        count = repay_digits_8(repay_load_8(at), &part);
        whole = whole * powers_of_10[count] + part;
        if (count == 8 || whole >= reader->whole_max)
            return NULL;
        at += count;
    }
    whole *= powers_of_10[decimals];
    if (*at == '.') {
        count = repay_digits_8(repay_load_8(at + 1), &part);
        if (REPAY_UNLIKELY(count == 0 || count > decimals))
            return NULL;
        whole += (int64_t)part * powers_of_10[decimals - count];
        at += count + 1;
    }
    if (REPAY_UNLIKELY((*at | 0x20) == 'e'))
        return NULL;
    *minor = whole;
    return at;
}

/* One to seven digits. */
static REPAY_ALWAYS_INLINE const char *count_short(const char *at, uint32_t *out)
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

static REPAY_ALWAYS_INLINE const char *day_short(const char *at, uint32_t *out)
{
    int32_t day;
    if (at[0] != '"' || at[11] != '"' || !repay_day_decode(at + 1, &day))
        return NULL;
    *out = (uint32_t)day;
    return at + 12;
}

static REPAY_ALWAYS_INLINE const char *moment_short(const char *at, int64_t *packed)
{
    int32_t day;
    uint32_t ms;
    if (at[0] != '"' || !repay_day_decode(at + 1, &day) || at[11] != 'T' ||
        !repay_time_decode(at + 12, &ms))
        return NULL;
    int64_t unix_ms = (int64_t)day * 86400000 + ms;
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

static REPAY_ALWAYS_INLINE const char *uuid_short(const char *at, unsigned char *out)
{
    if (at[0] != '"' || at[37] != '"' || !repay_uuid_decode(at + 1, out) ||
        REPAY_UNLIKELY(repay_uuid_is_text(out)))
        return NULL;
    return at + 38;
}

static REPAY_ALWAYS_INLINE const char *flag_short(const char *at, unsigned char *out)
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
static REPAY_ALWAYS_INLINE const char *text_at_place(const struct repay_recent_text *recent,
                                                     const char *at, const char *end,
                                                     uint32_t *code)
{
    size_t length = recent->length;
    const char *text = at + recent->quotes;
    if (length >= (size_t)(end - at) || !repay_blocks_equal(text, recent->data, length))
        return NULL;
    const char *after = text + length;
    *code = recent->code;
    if (recent->quotes)
        return *at == '"' && *after == '"' ? after + 1 : NULL;
    return *after == ',' || *after == '}' ? after : NULL;
}

static REPAY_ALWAYS_INLINE const char *text_short(const struct repay_recent_text *places,
                                                  const char *at, const char *end, uint32_t *code)
{
    unsigned chosen = repay_builder_recent(at);
    const char *after = text_at_place(&places[chosen / REPAY_RECENT_MAX], at, end, code);
    return after ? after : text_at_place(&places[chosen % REPAY_RECENT_MAX], at, end, code);
}

/* Another text than last time, or one that needs a closer look. */
static enum repay_json_end text_changed(struct repay_row_reader *reader,
                                        struct repay_json_scan *scan, unsigned index)
{
    struct repay_json_value value;
    uint32_t code;
    if (*scan->at != '"')
        return repay_row_value(reader, scan, index);
    enum repay_json_end end_of = repay_json_string(scan, &value);
    if (end_of != REPAY_JSON_OK)
        return end_of;
    if (!repay_row_intern(reader, index, value, &code))
        return repay_row_stop(reader, scan, value.raw.data);
    repay_row_put_4(reader, index, code);
    return REPAY_JSON_OK;
}

/* What stays in registers while a row is read. */
struct pass {
    struct repay_row_reader *reader;
    struct repay_builder *builder;
    const struct repay_field *fields;
    const char *end;
    const char *start; /* the row's '{' */
    uint32_t row;      /* its place in the segment */
    uint32_t all;      /* a bit for every field */
};

static inline unsigned char *place_of(const struct pass *pass, unsigned index, size_t width)
{
    return pass->builder->columns[index] + width * pass->row;
}

/* The value at `at` in its common form; NULL: take the long way. */
static REPAY_ALWAYS_INLINE const char *value_short(const struct pass *pass, const char *at,
                                                   unsigned index, unsigned type)
{
    const char *after = NULL;
    int64_t wide = 0;
    uint32_t word = 0;
    switch (type) {
    case REPAY_FIELD_AMOUNT:
        after = amount_short(pass->reader, at, &wide);
        break;
    case REPAY_FIELD_MOMENT:
        after = moment_short(at, &wide);
        break;
    case REPAY_FIELD_TEXT:
        after = text_short(pass->builder->recent[index], at, pass->end, &word);
        memcpy(place_of(pass, index, sizeof word), &word, sizeof word);
        return after;
    case REPAY_FIELD_DAY:
        after = day_short(at, &word);
        memcpy(place_of(pass, index, sizeof word), &word, sizeof word);
        return after;
    case REPAY_FIELD_COUNT:
        after = count_short(at, &word);
        memcpy(place_of(pass, index, sizeof word), &word, sizeof word);
        return after;
    case REPAY_FIELD_UUID:
        return uuid_short(at, place_of(pass, index, 16));
    default:
        return flag_short(at, place_of(pass, index, 1));
    }
    memcpy(place_of(pass, index, sizeof wide), &wide, sizeof wide);
    return after;
}

/* The documented member with this name, or field_count. */
static unsigned find_field(struct repay_row_reader *reader, struct repay_text name)
{
    const struct repay_layout *layout = reader->builder->layout;
    unsigned index = 0;
    for (; index < layout->field_count; index++) {
        const struct repay_field *field = &layout->fields[index];
        if (name.length == field->json_length &&
            memcmp(name.data, field->json_name, name.length) == 0)
            break;
    }
    return index;
}

/*
 * At a name that is not the expected one. Sets the field's index, field_count for a member that is
 * not documented; its name is left in `name`. Stops after the colon.
 */
static enum repay_json_end read_name(struct repay_row_reader *reader, struct repay_json_scan *scan,
                                     struct repay_json_value *name, unsigned *index)
{
    struct repay_text text;
    if (*scan->at != '"')
        return repay_json_fail(scan, scan->at, WHY_NAME);
    enum repay_json_end end_of = repay_json_string(scan, name);
    if (end_of != REPAY_JSON_OK)
        return end_of;
    text = repay_json_inner(*name);
    if (name->escaped) {
        repay_bytes_clear(&reader->text);
        if (!repay_bytes_append_text(&reader->text, name->raw)) {
            repay_error_set(reader->error, REPAY_KIND_MEMORY, "out of memory while reading a row");
            return repay_row_stop(reader, scan, name->raw.data);
        }
        text =
            (struct repay_text){reader->text.data, repay_json_unescape(*name, reader->text.data)};
    }
    *index = find_field(reader, text);
    repay_json_skip_blanks(scan);
    if (*scan->at != ':')
        return repay_json_fail(scan, scan->at, WHY_COLON);
    scan->at++;
    return REPAY_JSON_OK;
}

static enum repay_json_end read_unknown(struct repay_row_reader *reader,
                                        struct repay_json_scan *scan, struct repay_text name)
{
    struct repay_json_value value;
    repay_json_skip_blanks(scan);
    enum repay_json_end end_of = repay_json_value(scan, &value);
    if (end_of == REPAY_JSON_OK && !repay_row_keep_member(reader, name, value.raw))
        return repay_row_stop(reader, scan, name.data);
    return end_of;
}

/* A row that lacks members, has others, or is too long. */
static enum repay_json_end finish_odd(const struct pass *pass, struct repay_json_scan *scan,
                                      const char *at, uint32_t seen)
{
    struct repay_row_reader *reader = pass->reader;
    if (at - pass->start > (ptrdiff_t)REPAY_UNIT_MAX)
        return REPAY_JSON_SHORT;
    repay_row_clear(reader, pass->all & ~seen);
    if (reader->extra.length > 0 &&
        !repay_builder_add_extra(pass->builder, repay_bytes_text(&reader->extra), reader->error))
        return repay_row_stop(reader, scan, pass->start);
    return REPAY_JSON_OK;
}

/* Past the closing brace. */
static REPAY_ALWAYS_INLINE enum repay_json_end
finish_row(const struct pass *pass, struct repay_json_scan *scan, const char *at, uint32_t seen)
{
    bool odd = seen != pass->all || pass->reader->extra.length > 0 ||
               at - pass->start > (ptrdiff_t)REPAY_UNIT_MAX;
    if (REPAY_UNLIKELY(odd)) {
        enum repay_json_end end_of = finish_odd(pass, scan, at, seen);
        if (end_of != REPAY_JSON_OK)
            return end_of;
    }
    repay_builder_keep_row(pass->builder);
    scan->at = at;
    return REPAY_JSON_OK;
}

/* The value at scan->at of a documented member, its blanks skipped. */
static REPAY_ALWAYS_INLINE enum repay_json_end
read_value(const struct pass *pass, struct repay_json_scan *scan, unsigned index)
{
    const char *at = scan->at;
    unsigned type = pass->fields[index].type;
    if (REPAY_UNLIKELY(at >= pass->end))
        return REPAY_JSON_SHORT;
    const char *after = value_short(pass, at, index, type);
    if (REPAY_LIKELY(after != NULL)) {
        scan->at = after;
        return REPAY_JSON_OK;
    }
    if (type == REPAY_FIELD_TEXT)
        return text_changed(pass->reader, scan, index);
    return repay_row_value(pass->reader, scan, index);
}

/* What is known of the members before. */
struct members {
    unsigned previous; /* index of the last documented one */
    uint32_t seen;     /* a bit for each */
};

/*
 * At the name of a member that is not the one expected: learns that it follows the previous one,
 * and reads it; or keeps it as received when it is not documented.
 */
static enum repay_json_end read_unexpected(const struct pass *pass, struct repay_json_scan *scan,
                                           struct members *members)
{
    struct repay_row_reader *reader = pass->reader;
    struct repay_json_value name;
    unsigned index = 0;
    enum repay_json_end end_of = read_name(reader, scan, &name, &index);
    if (end_of != REPAY_JSON_OK)
        return end_of;
    if (index == pass->builder->layout->field_count)
        return read_unknown(reader, scan, name.raw);
    if ((members->seen >> index & 1) != 0)
        return repay_row_refuse(reader, scan, name.raw.data, &pass->fields[index], WHY_DUPLICATE);
    reader->next_field[members->previous] = (uint8_t)index;
    members->previous = index;
    members->seen |= (uint32_t)1 << index;
    repay_json_skip_blanks(scan);
    return repay_row_value(reader, scan, index);
}

/* Past a member: the byte that separates it from what follows. */
static inline const char *find_separator(const char *at, const char *end)
{
    return REPAY_LIKELY(*at == ',') ? at : repay_skip_blanks(at, end);
}

/* At '{' of a row that has room: reads its members up to and with the closing brace. */
static REPAY_ALWAYS_INLINE enum repay_json_end read_members(const struct pass *pass,
                                                            struct repay_json_scan *scan)
{
    const char *end = pass->end;
    const char *at = repay_skip_blanks(scan->at + 1, end);
    unsigned previous = REPAY_FIELDS_MAX;
    uint32_t seen = 0;
    if (REPAY_UNLIKELY(*at == '}'))
        return finish_row(pass, scan, at + 1, seen);
    for (;;) {
        enum repay_json_end end_of;
        unsigned index = pass->reader->next_field[previous];
        const struct repay_field *field = &pass->fields[index];
        bool fresh = (seen >> index & 1) == 0;
        scan->at = at;
        if (REPAY_UNLIKELY(at >= end))
            return REPAY_JSON_SHORT;
        if (REPAY_LIKELY(repay_block_equal(at, field->key, field->json_length + 3u) && fresh)) {
            seen |= (uint32_t)1 << index;
            previous = index;
            scan->at = repay_skip_blanks(at + field->json_length + 3u, end);
            end_of = read_value(pass, scan, index);
        } else {
            struct members members = {previous, seen};
            end_of = read_unexpected(pass, scan, &members);
            previous = members.previous;
            seen = members.seen;
        }
        if (REPAY_UNLIKELY(end_of != REPAY_JSON_OK))
            return end_of;
        at = find_separator(scan->at, end);
        if (*at == '}')
            return finish_row(pass, scan, at + 1, seen);
        if (REPAY_UNLIKELY(*at != ','))
            return repay_json_fail(scan, at, WHY_COMMA);
        at = repay_skip_blanks(at + 1, end);
    }
}

/* At '{'. */
static REPAY_ALWAYS_INLINE enum repay_json_end read_row(struct pass *pass,
                                                        struct repay_json_scan *scan)
{
    struct repay_row_reader *reader = pass->reader;
    if (REPAY_UNLIKELY(reader->extra.length > 0))
        repay_bytes_clear(&reader->extra);
    if (!repay_builder_begin_row(pass->builder, reader->error))
        return repay_row_stop(reader, scan, scan->at);
    pass->start = scan->at;
    pass->row = pass->builder->row;
    return read_members(pass, scan);
}

/* The next row, where only a comma and blanks lie before it; NULL where anything else does. */
static inline const char *next_row(const char *at, const char *end)
{
    at = repay_skip_blanks(at, end);
    if (*at != ',')
        return NULL;
    at = repay_skip_blanks(at + 1, end);
    return *at == '{' && at < end ? at : NULL;
}

enum repay_json_end repay_row_read(struct repay_row_reader *reader, struct repay_json_scan *scan,
                                   bool many)
{
    struct repay_builder *builder = reader->builder;
    struct pass pass = {
        .reader = reader,
        .builder = builder,
        .fields = builder->layout->fields,
        .end = scan->end,
        .all = ((uint32_t)1 << builder->layout->field_count) - 1,
    };
    const char *whole_to = NULL;
    const char *start = scan->at;
    enum repay_json_end end_of = REPAY_JSON_OK;
    scan->depth++;
    for (const char *at = start; at && end_of == REPAY_JSON_OK;) {
        scan->at = at;
        end_of = read_row(&pass, scan);
        if (end_of == REPAY_JSON_OK) {
            whole_to = scan->at;
            at = many ? next_row(whole_to, pass.end) : NULL;
        }
    }
    scan->depth--;
    if (end_of == REPAY_JSON_SHORT) {
        scan->at = whole_to ? whole_to : start;
        return whole_to ? REPAY_JSON_OK : REPAY_JSON_SHORT;
    }
    return end_of;
}
