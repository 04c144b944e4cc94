/*
 * Values of a row in every form that is allowed. See row_value.h.
 *
 * Owns the tolerances: which types stand for which, what is kept as received because its compact
 * form would not render back, and what is refused.
 */
#include "row_value.h"

#include "date.h"
#include "money.h"
#include "schedule_column.h"
#include "uuid.h"
#include "wide_bytes.h"

#define WHY_NOT_NUMBER "must be a number"
#define WHY_DECIMALS   "has more decimals than its currency"
#define WHY_RANGE      "is too large"
#define WHY_NOT_WHOLE  "must be a whole number"

enum repay_json_end repay_row_refuse(struct repay_row_reader *reader, struct repay_json_scan *scan,
                                     const char *at, const struct repay_field *field,
                                     const char *why)
{
    reader->field = field ? field->json_name : NULL;
    scan->at = at;
    scan->why = why;
    return REPAY_JSON_BAD;
}

enum repay_json_end repay_row_stop(struct repay_row_reader *reader, struct repay_json_scan *scan,
                                   const char *at)
{
    reader->error_is_set = true;
    scan->at = at;
    return REPAY_JSON_BAD;
}

static bool no_memory(struct repay_row_reader *reader)
{
    return repay_error_set(reader->error, REPAY_KIND_MEMORY, "out of memory while reading a row");
}

bool repay_row_keep_member(struct repay_row_reader *reader, struct repay_text name,
                           struct repay_text value)
{
    struct repay_bytes *extra = &reader->extra;
    if (extra->length > 0)
        repay_bytes_append_byte(extra, ',');
    repay_bytes_append_text(extra, name);
    repay_bytes_append_byte(extra, ':');
    repay_bytes_append_text(extra, value);
    return !extra->failed || no_memory(reader);
}

void repay_row_clear(struct repay_row_reader *reader, uint32_t fields)
{
    const struct repay_layout *layout = reader->builder->layout;
    for (; fields != 0; fields &= fields - 1) {
        unsigned index = (unsigned)__builtin_ctz(fields);
        switch ((enum repay_field_type)layout->fields[index].type) {
        case REPAY_FIELD_UUID:
            memset(repay_row_place(reader, index, 16), 0xff, REPAY_UUID_TEXT_MARK);
            memset(repay_row_place(reader, index, 16) + REPAY_UUID_TEXT_MARK, 0,
                   16 - REPAY_UUID_TEXT_MARK);
            break;
        case REPAY_FIELD_AMOUNT:
        case REPAY_FIELD_MOMENT:
            repay_row_put_8(reader, index, REPAY_AMOUNT_ABSENT);
            break;
        case REPAY_FIELD_DAY:
        case REPAY_FIELD_COUNT:
            repay_row_put_4(reader, index, (uint32_t)REPAY_COUNT_ABSENT);
            break;
        case REPAY_FIELD_TEXT:
            repay_row_put_4(reader, index, 0);
            break;
        case REPAY_FIELD_FLAG:
            *repay_row_place(reader, index, 1) = REPAY_FLAG_ABSENT;
            break;
        }
    }
}

bool repay_row_plain_text(struct repay_row_reader *reader, struct repay_json_value value,
                          struct repay_text *out)
{
    if (!value.escaped) {
        *out = repay_json_inner(value);
        return true;
    }
    /* The raw bytes make the room: decoding never makes them longer. */
    repay_bytes_clear(&reader->text);
    if (!repay_bytes_append_text(&reader->text, value.raw))
        return no_memory(reader);
    *out = (struct repay_text){reader->text.data, repay_json_unescape(value, reader->text.data)};
    return true;
}

bool repay_row_intern(struct repay_row_reader *reader, unsigned index,
                      struct repay_json_value value, uint32_t *code)
{
    struct repay_text text = value.type == REPAY_JSON_STRING ? repay_json_inner(value) : value.raw;
    if (value.escaped && !repay_row_plain_text(reader, value, &text))
        return false;
    if (!repay_builder_intern(reader->builder, text, code, reader->error))
        return false;
    repay_builder_remember(reader->builder, index, value.raw, value.escaped, *code);
    return true;
}

static bool is_scalar(struct repay_json_value value)
{
    return value.type == REPAY_JSON_NUMBER || value.type == REPAY_JSON_TRUE ||
           value.type == REPAY_JSON_FALSE;
}

/* What a value that cannot be stored leaves behind: absent, and itself as received. */
static bool keep_aside(struct repay_row_reader *reader, unsigned index,
                       struct repay_json_value value)
{
    const struct repay_field *field = &reader->builder->layout->fields[index];
    char name[UINT8_MAX + 2] = "\"";
    memcpy(name + 1, field->json_name, field->json_length);
    name[field->json_length + 1] = '"';
    return repay_row_keep_member(reader, (struct repay_text){name, (size_t)field->json_length + 2},
                                 value.raw);
}

static bool set_aside(struct repay_row_reader *reader, unsigned index,
                      struct repay_json_value value)
{
    repay_row_clear(reader, (uint32_t)1 << index);
    return keep_aside(reader, index, value);
}

/* A number or a string that holds one, to `decimals`. */
static enum repay_json_end read_number(struct repay_row_reader *reader,
                                       struct repay_json_scan *scan, unsigned index,
                                       struct repay_json_value value, int decimals, int64_t *out)
{
    const struct repay_field *field = &reader->builder->layout->fields[index];
    const char *start = value.raw.data;
    struct repay_text text = value.raw;
    if (value.type == REPAY_JSON_STRING) {
        if (!repay_row_plain_text(reader, value, &text))
            return repay_row_stop(reader, scan, start);
    } else if (value.type != REPAY_JSON_NUMBER) {
        return repay_row_refuse(reader, scan, start, field, WHY_NOT_NUMBER);
    }
    size_t fault_at = 0;
    const char *why = WHY_NOT_NUMBER;
    switch (repay_money_read(text, decimals, out, &fault_at)) {
    case REPAY_MONEY_OK:
        return REPAY_JSON_OK;
    case REPAY_MONEY_NOT_A_NUMBER:
        /* A word where a number belongs is wrong from its first byte. */
        return repay_row_refuse(reader, scan, start, field, WHY_NOT_NUMBER);
    case REPAY_MONEY_TOO_MANY_DECIMALS:
        why = field->type == REPAY_FIELD_AMOUNT ? WHY_DECIMALS : WHY_NOT_WHOLE;
        break;
    case REPAY_MONEY_OUT_OF_RANGE:
        why = WHY_RANGE;
        break;
    case REPAY_MONEY_HAS_EXPONENT: /* a reply may */
        return REPAY_JSON_OK;
    }
    if (value.type == REPAY_JSON_STRING)
        start += value.escaped ? 0 : 1 + fault_at;
    else
        start += fault_at;
    return repay_row_refuse(reader, scan, start, field, why);
}

static enum repay_json_end put_amount(struct repay_row_reader *reader, struct repay_json_scan *scan,
                                      unsigned index, struct repay_json_value value)
{
    int64_t minor = 0;
    enum repay_json_end end_of = read_number(reader, scan, index, value, reader->decimals, &minor);
    if (end_of == REPAY_JSON_OK)
        repay_row_put_8(reader, index, minor);
    return end_of;
}

static enum repay_json_end put_count(struct repay_row_reader *reader, struct repay_json_scan *scan,
                                     unsigned index, struct repay_json_value value)
{
    int64_t count = 0;
    enum repay_json_end end_of = read_number(reader, scan, index, value, 0, &count);
    if (end_of != REPAY_JSON_OK)
        return end_of;
    /* The smallest int32 stands for "absent". */
    if (count > INT32_MAX || count <= INT32_MIN)
        return repay_row_refuse(reader, scan, value.raw.data,
                                &reader->builder->layout->fields[index], WHY_RANGE);
    repay_row_put_4(reader, index, (uint32_t)(int32_t)count);
    return REPAY_JSON_OK;
}

/* A number taken as milliseconds since 1970, as some servers write dates. */
static bool epoch_ms(struct repay_json_value value, int64_t *unix_ms)
{
    int64_t ms;
    size_t fault_at;
    if (value.type != REPAY_JSON_NUMBER ||
        repay_money_read(value.raw, 0, &ms, &fault_at) != REPAY_MONEY_OK ||
        ms < REPAY_MOMENT_MIN_MS || ms > REPAY_MOMENT_MAX_MS)
        return false;
    *unix_ms = ms;
    return true;
}

/* Anything but YYYY-MM-DD is kept as received too, because a day number does not render it back. */
static bool put_day(struct repay_row_reader *reader, unsigned index, struct repay_json_value value)
{
    int32_t day = REPAY_DAY_ABSENT;
    int64_t unix_ms;
    struct repay_text text = REPAY_NO_TEXT;
    bool plain = false;
    if (value.type == REPAY_JSON_STRING) {
        if (!repay_row_plain_text(reader, value, &text))
            return false;
        plain = repay_day_read(text, &day);
        if (!plain && !repay_day_of_text(text, reader->zone_minutes, &day))
            day = REPAY_DAY_ABSENT;
    } else if (epoch_ms(value, &unix_ms)) {
        day = repay_day_of_moment(unix_ms, reader->zone_minutes);
    }
    repay_row_put_4(reader, index, (uint32_t)day);
    return plain || keep_aside(reader, index, value);
}

static bool put_moment(struct repay_row_reader *reader, unsigned index,
                       struct repay_json_value value)
{
    int64_t packed;
    struct repay_text text;
    uint32_t code;
    if (value.type == REPAY_JSON_NUMBER && epoch_ms(value, &packed)) {
        repay_row_put_8(reader, index, packed * 4 + REPAY_MOMENT_MILLIS);
        return keep_aside(reader, index, value);
    }
    if (value.type != REPAY_JSON_STRING)
        return set_aside(reader, index, value);
    if (!repay_row_plain_text(reader, value, &text))
        return false;
    if (!repay_moment_pack(text, &packed)) {
        if (!repay_builder_intern(reader->builder, text, &code, reader->error))
            return false;
        packed = (int64_t)code * 4 + REPAY_MOMENT_TEXT;
    }
    repay_row_put_8(reader, index, packed);
    return true;
}

static bool put_text(struct repay_row_reader *reader, unsigned index, struct repay_json_value value)
{
    uint32_t code;
    if (value.type != REPAY_JSON_STRING && !is_scalar(value))
        return set_aside(reader, index, value);
    if (!repay_row_intern(reader, index, value, &code))
        return false;
    repay_row_put_4(reader, index, code);
    return true;
}

static bool put_uuid(struct repay_row_reader *reader, unsigned index, struct repay_json_value value)
{
    unsigned char *place = repay_row_place(reader, index, 16);
    struct repay_text text = value.raw;
    unsigned char bytes[16];
    uint32_t code;
    if (value.type == REPAY_JSON_STRING) {
        if (!repay_row_plain_text(reader, value, &text))
            return false;
        if (text.length == REPAY_UUID_TEXT && repay_uuid_decode(text.data, bytes) &&
            !repay_uuid_is_text(bytes)) {
            memcpy(place, bytes, sizeof bytes);
            return true;
        }
    } else if (!is_scalar(value)) {
        return set_aside(reader, index, value);
    }
    if (!repay_builder_intern(reader->builder, text, &code, reader->error))
        return false;
    memset(place, 0xff, REPAY_UUID_TEXT_MARK);
    memcpy(place + REPAY_UUID_TEXT_MARK, &code, sizeof code);
    return true;
}

static bool put_flag(struct repay_row_reader *reader, unsigned index, struct repay_json_value value)
{
    struct repay_text text = value.raw;
    if (value.type == REPAY_JSON_STRING && !repay_row_plain_text(reader, value, &text))
        return false;
    /* A number's text is neither word, so a documented flag that came as an amount stays unset. */
    bool is_true = repay_text_equal_fold(text, REPAY_TEXT("true"));
    if (!is_true && !repay_text_equal_fold(text, REPAY_TEXT("false")))
        return set_aside(reader, index, value);
    *repay_row_place(reader, index, 1) = is_true ? 1 : 0;
    return true;
}

static bool put_other(struct repay_row_reader *reader, unsigned index,
                      struct repay_json_value value)
{
    switch ((enum repay_field_type)reader->builder->layout->fields[index].type) {
    case REPAY_FIELD_DAY:
        return put_day(reader, index, value);
    case REPAY_FIELD_MOMENT:
        return put_moment(reader, index, value);
    case REPAY_FIELD_UUID:
        return put_uuid(reader, index, value);
    case REPAY_FIELD_FLAG:
        return put_flag(reader, index, value);
    default:
        return put_text(reader, index, value);
    }
}

enum repay_json_end repay_row_value(struct repay_row_reader *reader, struct repay_json_scan *scan,
                                    unsigned index)
{
    struct repay_json_value value;
    enum repay_json_end end_of = repay_json_value(scan, &value);
    if (end_of != REPAY_JSON_OK)
        return end_of;
    if (value.type == REPAY_JSON_NULL) {
        repay_row_clear(reader, (uint32_t)1 << index);
        return REPAY_JSON_OK;
    }
    switch (reader->builder->layout->fields[index].type) {
    case REPAY_FIELD_AMOUNT:
        return put_amount(reader, scan, index, value);
    case REPAY_FIELD_COUNT:
        return put_count(reader, scan, index, value);
    default:
        if (!put_other(reader, index, value))
            return repay_row_stop(reader, scan, value.raw.data);
        return REPAY_JSON_OK;
    }
}
