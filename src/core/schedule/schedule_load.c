/*
 * Reading a dump, which may be anything: every length, count, number and text is checked before it
 * is used, and what a provider's body could never hold is refused here too.
 */
#include "currency.h"
#include "dump_format.h"
#include "json_read.h"
#include "schedule_column.h"
#include "schedule_dump.h"
#include "utf8.h"
#include "varint.h"

#define ZONE_MAX  (24 * 60 - 1)
#define UUID_SIZE 16u

static bool is_damaged(struct repay_error *error)
{
    return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                           "not a dump of a schedule, or a damaged one");
}

struct cursor {
    const unsigned char *at;
    const unsigned char *end;
};

static bool take_count(struct cursor *cursor, uint64_t most, uint32_t *out)
{
    uint64_t value;

    if (!repay_varint_read(&cursor->at, cursor->end, &value) || value > most)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool take_bytes(struct cursor *cursor, size_t length, struct repay_text *out)
{
    if ((size_t)(cursor->end - cursor->at) < length)
        return false;
    *out = (struct repay_text){(const char *)cursor->at, length};
    cursor->at += length;
    return true;
}

static bool take_text(struct cursor *cursor, size_t longest, struct repay_text *out)
{
    uint32_t length;

    return take_count(cursor, longest, &length) && take_bytes(cursor, length, out) &&
           repay_utf8_is_valid(*out);
}

static bool take_signed(struct cursor *cursor, int64_t most, int64_t *out)
{
    uint64_t folded;

    if (!repay_varint_read(&cursor->at, cursor->end, &folded))
        return false;
    *out = repay_unfold(folded);
    return *out >= -most && *out <= most;
}

static bool take_byte(struct cursor *cursor, unsigned most, unsigned *out)
{
    if (cursor->at == cursor->end || *cursor->at > most)
        return false;
    *out = *cursor->at++;
    return true;
}

/* The layout by its two names, if it is still the one that was dumped. */
static bool take_layout(struct cursor *cursor, repay_layout_finder *find,
                        const struct repay_layout **out, struct repay_error *error)
{
    struct repay_text provider, name, fingerprint;
    const struct repay_layout *layout;

    if (!take_text(cursor, REPAY_LABEL_MAX, &provider) ||
        !take_text(cursor, REPAY_LABEL_MAX, &name) || !take_bytes(cursor, 8, &fingerprint))
        return is_damaged(error);
    layout = find(provider, name);
    if (!layout)
        return repay_error_set(error, REPAY_KIND_UNSUPPORTED,
                               "a dump of %.*s %.*s, which is not known here", (int)provider.length,
                               provider.data, (int)name.length, name.data);
    if (repay_dump_get_64(fingerprint.data) != repay_layout_fingerprint(layout))
        return repay_error_set(error, REPAY_KIND_UNSUPPORTED,
                               "a dump of %s %s by a version with other fields", layout->provider,
                               layout->name);
    *out = layout;
    return true;
}

static bool take_facts(struct cursor *cursor, struct repay_schedule_facts *out)
{
    struct repay_text currency;
    unsigned decimals, zone_known;
    int64_t zone_minutes;

    memset(out, 0, sizeof *out);
    if (!take_signed(cursor, REPAY_MOMENT_MAX_MS, &out->fetched_at_unix_ms) ||
        !take_text(cursor, sizeof out->currency - 1, &currency) ||
        !take_byte(cursor, REPAY_DECIMALS_MAX, &decimals) || !take_byte(cursor, 1, &zone_known) ||
        !take_signed(cursor, ZONE_MAX, &zone_minutes) ||
        !take_text(cursor, REPAY_SUBJECT_MAX, &out->subject) ||
        !take_text(cursor, REPAY_LABEL_MAX, &out->environment) ||
        !take_text(cursor, REPAY_LABEL_MAX, &out->label))
        return false;
    if (repay_currency_decimals(currency) != (int)decimals)
        return false;
    memcpy(out->currency, currency.data, currency.length);
    out->decimals = (uint8_t)decimals;
    out->zone_known = zone_known == 1;
    out->zone_minutes = (int16_t)zone_minutes;
    return true;
}

static bool intern_texts(struct repay_dump_reader *reader, struct cursor *cursor,
                         struct repay_error *error)
{
    /* A text takes a byte at least, so this many bytes are no surprise. */
    size_t size = (reader->text_count + (size_t)1) * sizeof *reader->codes;

    reader->codes = repay_allocate(reader->allocator, size);
    if (!reader->codes)
        return repay_error_set(error, REPAY_KIND_MEMORY, "no memory to load a schedule");
    reader->codes[0] = 0;
    for (uint32_t i = 1; i <= reader->text_count; i++) {
        struct repay_text text;

        if (!take_text(cursor, REPAY_BLOCK_SIZE, &text) || text.length == 0)
            return is_damaged(error);
        if (!repay_builder_intern(reader->builder, text, &reader->codes[i], error))
            return false;
    }
    return true;
}

static bool take_columns(struct repay_dump_reader *reader, struct cursor *cursor)
{
    for (unsigned i = 0; i < reader->layout->field_count; i++) {
        struct repay_text runs;
        uint32_t length;

        if (!take_count(cursor, UINT32_MAX, &length) || !take_bytes(cursor, length, &runs))
            return false;
        reader->columns[i] =
            (struct repay_dump_column){.at = cursor->at - length, .end = cursor->at};
    }
    return true;
}

/* Moves on to the next extra; false when it is none. */
static bool next_extra(struct repay_dump_reader *reader, uint32_t from)
{
    struct cursor cursor = {reader->extras, reader->extras_end};
    uint32_t skip;

    reader->next_extra = UINT32_MAX;
    if (reader->extra_count == 0)
        return cursor.at == cursor.end;
    if (from >= reader->rows || !take_count(&cursor, reader->rows - from - 1, &skip) ||
        !take_text(&cursor, REPAY_BLOCK_SIZE, &reader->next_members) ||
        reader->next_members.length == 0)
        return false;
    reader->next_extra = from + skip;
    reader->extra_count--;
    reader->extras = cursor.at;
    return true;
}

static bool check_head(struct repay_text bytes, struct cursor *cursor, struct repay_error *error)
{
    const unsigned char *data = (const unsigned char *)bytes.data;

    if (bytes.length < REPAY_DUMP_HEAD_SIZE ||
        memcmp(data, REPAY_DUMP_MAGIC, REPAY_DUMP_MAGIC_SIZE - 1) != 0)
        return is_damaged(error);
    if (data[REPAY_DUMP_MAGIC_SIZE - 1] !=
        (unsigned char)REPAY_DUMP_MAGIC[REPAY_DUMP_MAGIC_SIZE - 1])
        return repay_error_set(error, REPAY_KIND_UNSUPPORTED,
                               "a dump in version %d of the format, which is not known here",
                               data[REPAY_DUMP_MAGIC_SIZE - 1]);
    *cursor = (struct cursor){data + REPAY_DUMP_HEAD_SIZE, data + bytes.length};
    if (repay_checksum(REPAY_CHECKSUM_BEGIN, cursor->at, bytes.length - REPAY_DUMP_HEAD_SIZE) !=
        repay_dump_get_64(data + REPAY_DUMP_MAGIC_SIZE))
        return is_damaged(error);
    return true;
}

static bool read_head(struct repay_dump_reader *reader, struct repay_text bytes,
                      repay_layout_finder *find, struct repay_error *error)
{
    struct cursor cursor;
    uint32_t rows, texts, extras;

    if (!check_head(bytes, &cursor, error) || !take_layout(&cursor, find, &reader->layout, error))
        return false;
    if (!take_facts(&cursor, &reader->facts) ||
        !take_count(&cursor, REPAY_SCHEDULE_ROWS_MAX, &rows) ||
        !take_count(&cursor, (uint64_t)(cursor.end - cursor.at), &texts))
        return is_damaged(error);
    reader->rows = rows;
    reader->text_count = texts;
    repay_builder_reset(reader->builder, reader->layout);
    if (!intern_texts(reader, &cursor, error))
        return false;
    if (!take_columns(reader, &cursor) || !take_count(&cursor, rows, &extras))
        return is_damaged(error);
    reader->extra_count = extras;
    reader->extras = cursor.at;
    reader->extras_end = cursor.end;
    return next_extra(reader, 0) || is_damaged(error);
}

bool repay_dump_open(struct repay_dump_reader *reader, struct repay_text bytes,
                     repay_layout_finder *find, struct repay_builder *builder,
                     struct repay_error *error)
{
    memset(reader, 0, sizeof *reader);
    reader->allocator = repay_blocks_allocator(builder->blocks);
    reader->builder = builder;
    repay_bytes_init(&reader->scratch, reader->allocator,
                     REPAY_BLOCK_SIZE + REPAY_JSON_PADDING + 2);
    if (read_head(reader, bytes, find, error))
        return true;
    repay_dump_close(reader);
    return false;
}

void repay_dump_close(struct repay_dump_reader *reader)
{
    repay_release(reader->allocator, reader->codes,
                  (reader->text_count + (size_t)1) * sizeof *reader->codes);
    reader->codes = NULL;
    repay_bytes_free(&reader->scratch);
}

/* The next value of a column: a number, or 16 bytes as they are. */
static bool next_value(struct repay_dump_column *column, bool is_wide)
{
    uint64_t head;

    if (column->left == 0) {
        if (!repay_varint_read(&column->at, column->end, &head) || head >> 1 == 0 ||
            head >> 1 > REPAY_RUN_MAX)
            return false;
        column->left = (uint32_t)(head >> 1);
        column->repeats = (head & 1) != 0;
    } else if (column->repeats) {
        column->left--;
        return true;
    }
    column->left--;
    if (!is_wide)
        return repay_varint_read(&column->at, column->end, &column->value[0]);
    if (column->end - column->at < (ptrdiff_t)UUID_SIZE)
        return false;
    memcpy(column->value, column->at, UUID_SIZE);
    column->at += UUID_SIZE;
    return true;
}

static bool put_text(const struct repay_dump_reader *reader, uint64_t number, unsigned char *out)
{
    if (number > reader->text_count)
        return false;
    memcpy(out, &reader->codes[number], sizeof *reader->codes);
    return true;
}

static bool put_moment(const struct repay_dump_reader *reader, uint64_t token, unsigned char *out)
{
    int64_t packed = token == 0 ? REPAY_MOMENT_ABSENT : repay_unfold(token - 1);

    if (token != 0 && repay_moment_form_of(packed) == REPAY_MOMENT_TEXT) {
        uint64_t number = (uint64_t)packed >> 2;

        if (packed < 0 || number == 0 || number > reader->text_count)
            return false;
        packed = (int64_t)((uint64_t)reader->codes[number] << 2) | REPAY_MOMENT_TEXT;
    } else if (token != 0) {
        char room[REPAY_MOMENT_TEXT_MAX];
        int64_t again;

        /* A moment is what renders back to itself. */
        if (!repay_moment_pack((struct repay_text){room, repay_moment_unpack(packed, room)},
                               &again) ||
            again != packed)
            return false;
    }
    memcpy(out, &packed, sizeof packed);
    return true;
}

/* A difference to the value before, of days or counts. */
static bool put_word(struct repay_dump_column *column, uint64_t token, bool is_day,
                     unsigned char *out)
{
    int32_t word = REPAY_COUNT_ABSENT;
    int64_t value;

    if (token != 0) {
        value = repay_unfold(token - 1);
        if (__builtin_add_overflow(column->last, value, &value) || value <= INT32_MIN ||
            value > INT32_MAX)
            return false;
        if (is_day && (value < REPAY_DAY_MIN || value > REPAY_DAY_MAX))
            return false;
        column->last = value;
        word = (int32_t)value;
    }
    memcpy(out, &word, sizeof word);
    return true;
}

static bool put_amount(uint64_t token, unsigned char *out)
{
    int64_t minor = token == 0 ? REPAY_AMOUNT_ABSENT : repay_unfold(token - 1);

    if (token != 0 && !repay_money_in_range(minor))
        return false;
    memcpy(out, &minor, sizeof minor);
    return true;
}

static bool put_uuid(const struct repay_dump_reader *reader, const uint64_t value[2],
                     unsigned char *out)
{
    unsigned char bytes[UUID_SIZE];
    uint32_t number = 0;

    memcpy(bytes, value, sizeof bytes);
    memcpy(out, bytes, sizeof bytes);
    if (!repay_uuid_is_text(bytes))
        return true;
    for (unsigned i = 0; i < 4; i++)
        number |= (uint32_t)bytes[REPAY_UUID_TEXT_MARK + i] << (8 * i);
    return put_text(reader, number, out + REPAY_UUID_TEXT_MARK);
}

static bool put_value(struct repay_dump_reader *reader, unsigned field, unsigned char *out)
{
    enum repay_field_type type = (enum repay_field_type)reader->layout->fields[field].type;
    struct repay_dump_column *column = &reader->columns[field];
    uint64_t token;

    if (!next_value(column, type == REPAY_FIELD_UUID))
        return false;
    token = column->value[0];
    switch (type) {
    case REPAY_FIELD_UUID:
        return put_uuid(reader, column->value, out);
    case REPAY_FIELD_AMOUNT:
        return put_amount(token, out);
    case REPAY_FIELD_MOMENT:
        return put_moment(reader, token, out);
    case REPAY_FIELD_DAY:
    case REPAY_FIELD_COUNT:
        return put_word(column, token, type == REPAY_FIELD_DAY, out);
    case REPAY_FIELD_TEXT:
        return put_text(reader, token, out);
    case REPAY_FIELD_FLAG:
        break;
    }
    if (token > REPAY_FLAG_ABSENT)
        return false;
    *out = (unsigned char)token;
    return true;
}

/* Members kept as received must still be members: whoever decodes them trusts that. */
static bool are_members(struct repay_dump_reader *reader, struct repay_text members)
{
    static const char padding[REPAY_JSON_PADDING];
    struct repay_bytes *scratch = &reader->scratch;
    struct repay_json_value value;
    struct repay_json_scan scan;

    repay_bytes_clear(scratch);
    (void)repay_bytes_append_byte(scratch, '{');
    (void)repay_bytes_append_text(scratch, members);
    (void)repay_bytes_append_byte(scratch, '}');
    if (!repay_bytes_append(scratch, padding, sizeof padding))
        return false;
    scan = (struct repay_json_scan){.at = scratch->data,
                                    .end = scratch->data + scratch->length - sizeof padding};
    return repay_json_value(&scan, &value) == REPAY_JSON_OK && scan.at == scan.end &&
           value.type == REPAY_JSON_OBJECT;
}

static bool add_extra(struct repay_dump_reader *reader, struct repay_error *error)
{
    if (!are_members(reader, reader->next_members))
        return reader->scratch.failed && !reader->scratch.too_large
                   ? repay_error_set(error, REPAY_KIND_MEMORY, "no memory to load a schedule")
                   : is_damaged(error);
    return repay_builder_add_extra(reader->builder, reader->next_members, error) &&
           (next_extra(reader, reader->read + 1) || is_damaged(error));
}

static bool read_row(struct repay_dump_reader *reader, struct repay_error *error)
{
    struct repay_builder *builder = reader->builder;

    if (!repay_builder_begin_row(builder, error))
        return false;
    for (unsigned i = 0; i < reader->layout->field_count; i++) {
        size_t width = repay_field_width(reader->layout->fields[i].type);

        if (!put_value(reader, i, builder->columns[i] + builder->row * width))
            return is_damaged(error);
    }
    if (reader->next_extra == reader->read && !add_extra(reader, error))
        return false;
    repay_builder_keep_row(builder);
    reader->read++;
    return true;
}

/* Nothing may be left over once every row was read. */
static bool is_used_up(const struct repay_dump_reader *reader)
{
    for (unsigned i = 0; i < reader->layout->field_count; i++) {
        if (reader->columns[i].left != 0 || reader->columns[i].at != reader->columns[i].end)
            return false;
    }
    return reader->next_extra == UINT32_MAX;
}

bool repay_dump_read(struct repay_dump_reader *reader, uint32_t count, struct repay_error *error)
{
    if (count > reader->rows - reader->read)
        return is_damaged(error);
    for (uint32_t i = 0; i < count; i++) {
        if (!read_row(reader, error))
            return false;
    }
    return reader->read < reader->rows || is_used_up(reader) || is_damaged(error);
}

bool repay_schedule_load(struct repay_text bytes, repay_layout_finder *find,
                         struct repay_builder *builder, struct repay_schedule_facts *facts,
                         struct repay_error *error)
{
    struct repay_dump_reader reader;
    bool done;

    if (!repay_dump_open(&reader, bytes, find, builder, error))
        return false;
    done = repay_dump_read(&reader, reader.rows, error);
    if (done)
        *facts = reader.facts;
    else
        repay_builder_reset(builder, reader.layout);
    repay_dump_close(&reader);
    return done;
}
