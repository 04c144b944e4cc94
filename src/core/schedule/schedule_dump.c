/*
 * Writing a dump; schedule_dump.h says what one is, schedule_load.c reads it.
 *
 * Columns are written into a buffer of their own first, because the texts that they name stand
 * before them.
 */
#include "schedule_dump.h"

#include "dump_format.h"
#include "number_map.h"
#include "schedule_column.h"
#include "varint.h"

uint64_t repay_checksum(uint64_t before, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t sum = before;

    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    return sum;
}

uint64_t repay_layout_fingerprint(const struct repay_layout *layout)
{
    uint64_t sum = REPAY_CHECKSUM_BEGIN;

    for (unsigned i = 0; i < layout->field_count; i++) {
        const struct repay_field *field = &layout->fields[i];

        sum = repay_checksum(sum, field->name, strlen(field->name) + 1);
        sum = repay_checksum(sum, &field->type, sizeof field->type);
    }
    return sum;
}

/* Values that wait to be written as one run: all different, or all the same. */
struct run {
    struct repay_bytes *out;
    bool is_wide; /* values of 16 bytes as they are; else one number */
    uint32_t literal_count;
    uint32_t repeat_count;
    uint64_t literals[REPAY_RUN_MAX][2];
    uint64_t repeated[2];
};

struct dump {
    const struct repay_schedule *schedule;
    const uint32_t *rows; /* NULL: all */
    uint32_t count;
    bool with_names;
    struct repay_bytes texts;   /* each: length and bytes */
    struct repay_bytes columns; /* each: length and runs */
    struct repay_bytes column;
    struct repay_bytes extras;
    struct repay_number_map number_of; /* a text's code of the schedule → its number here */
    uint32_t text_count;
    uint32_t extra_count;
    bool no_memory;
};

static void put_text(struct repay_bytes *out, struct repay_text text)
{
    repay_varint_append(out, text.length);
    (void)repay_bytes_append_text(out, text);
}

static void put_value(const struct run *run, const uint64_t value[2])
{
    if (run->is_wide)
        (void)repay_bytes_append(run->out, value, 2 * sizeof *value);
    else
        repay_varint_append(run->out, value[0]);
}

static void flush_literals(struct run *run)
{
    if (run->literal_count == 0)
        return;
    repay_varint_append(run->out, (uint64_t)run->literal_count << 1);
    for (uint32_t i = 0; i < run->literal_count; i++)
        put_value(run, run->literals[i]);
    run->literal_count = 0;
}

static void flush_repeat(struct run *run)
{
    if (run->repeat_count == 1 || run->repeat_count == 2) {
        for (; run->repeat_count > 0; run->repeat_count--) {
            memcpy(run->literals[run->literal_count++], run->repeated, sizeof run->repeated);
            if (run->literal_count == REPAY_RUN_MAX)
                flush_literals(run);
        }
    } else if (run->repeat_count > 2) {
        flush_literals(run);
        repay_varint_append(run->out, (uint64_t)run->repeat_count << 1 | 1);
        put_value(run, run->repeated);
        run->repeat_count = 0;
    }
}

static void add_value(struct run *run, uint64_t low, uint64_t high)
{
    if (run->repeat_count > 0 && run->repeat_count < REPAY_RUN_MAX && run->repeated[0] == low &&
        run->repeated[1] == high) {
        run->repeat_count++;
        return;
    }
    flush_repeat(run);
    run->repeated[0] = low;
    run->repeated[1] = high;
    run->repeat_count = 1;
}

/* The text's number in this dump, from 1; 0 for no text. */
static uint32_t number_of_text(struct dump *dump, uint32_t code)
{
    uint32_t number;

    if (code == 0)
        return 0;
    number = repay_number_map_enter(&dump->number_of, code, dump->text_count + 1);
    if (number == REPAY_NUMBER_MAP_NONE) {
        dump->no_memory = true;
        return 0;
    }
    if (number > dump->text_count) {
        put_text(&dump->texts, repay_schedule_text(dump->schedule, code));
        dump->text_count++;
    }
    return number;
}

/* Absent is 0, so that it costs one byte. */
static uint64_t token_of(struct dump *dump, enum repay_field_type type, const unsigned char *at,
                         int64_t *last)
{
    int64_t value;

    switch (type) {
    case REPAY_FIELD_AMOUNT:
        value = repay_column_64(at);
        return value == REPAY_AMOUNT_ABSENT ? 0 : repay_fold(value) + 1;
    case REPAY_FIELD_MOMENT:
        value = repay_column_64(at);
        if (value == REPAY_MOMENT_ABSENT)
            return 0;
        if (repay_moment_form_of(value) == REPAY_MOMENT_TEXT)
            value = (int64_t)number_of_text(dump, (uint32_t)(value >> 2)) << 2 | REPAY_MOMENT_TEXT;
        return repay_fold(value) + 1;
    case REPAY_FIELD_DAY:
    case REPAY_FIELD_COUNT:
        value = (int32_t)repay_column_32(at);
        if (value == REPAY_COUNT_ABSENT)
            return 0;
        value -= *last;
        *last += value;
        return repay_fold(value) + 1;
    case REPAY_FIELD_TEXT:
        return number_of_text(dump, repay_column_32(at));
    default:
        return *at;
    }
}

static void add_uuid(struct dump *dump, struct run *run, const unsigned char *at)
{
    unsigned char bytes[16];
    uint64_t halves[2];

    memcpy(bytes, at, sizeof bytes);
    if (repay_uuid_is_text(at)) {
        uint32_t number = number_of_text(dump, repay_column_32(at + REPAY_UUID_TEXT_MARK));

        for (unsigned i = 0; i < 4; i++)
            bytes[REPAY_UUID_TEXT_MARK + i] = (unsigned char)(number >> (8 * i));
    }
    memcpy(halves, bytes, sizeof halves);
    add_value(run, halves[0], halves[1]);
}

static void add_values(struct dump *dump, const struct repay_field *field, struct run *run)
{
    struct repay_column column = {.rows = 0};
    int64_t last = 0;
    uint32_t first = 0; /* the row that `column` begins with */

    for (uint32_t i = 0; i < dump->count; i++) {
        uint32_t row = dump->rows ? dump->rows[i] : i;
        const unsigned char *at;

        if (row < first || row - first >= column.rows) {
            repay_schedule_column(dump->schedule, field, row, &column);
            first = row;
        }
        at = column.at + column.stride * (row - first);
        if (run->is_wide)
            add_uuid(dump, run, at);
        else
            add_value(run, token_of(dump, (enum repay_field_type)field->type, at, &last), 0);
    }
}

static void add_absent(const struct dump *dump, struct run *run)
{
    for (uint32_t i = 0; i < dump->count; i++)
        add_value(run, 0, 0);
}

static void dump_column(struct dump *dump, const struct repay_field *field)
{
    struct run run = {.out = &dump->column, .is_wide = field->type == REPAY_FIELD_UUID};

    repay_bytes_clear(&dump->column);
    if (dump->with_names || !repay_field_is_personal(field))
        add_values(dump, field, &run);
    else
        add_absent(dump, &run);
    flush_repeat(&run);
    flush_literals(&run);
    put_text(&dump->columns, repay_bytes_text(&dump->column));
    if (dump->column.failed)
        dump->columns.failed = true;
}

static void dump_extras(struct dump *dump)
{
    uint32_t next = 0;

    for (uint32_t i = 0; dump->schedule->extra_count > 0 && i < dump->count; i++) {
        uint32_t row = dump->rows ? dump->rows[i] : i;
        struct repay_text text = repay_schedule_extra(dump->schedule, row);

        if (text.length == 0)
            continue;
        repay_varint_append(&dump->extras, i - next);
        put_text(&dump->extras, text);
        next = i + 1;
        dump->extra_count++;
    }
}

static void put_facts(const struct repay_schedule *schedule, struct repay_bytes *out)
{
    struct repay_schedule_facts facts;

    repay_schedule_facts_of(schedule, &facts);
    put_text(out, repay_text_of(schedule->layout->provider));
    put_text(out, repay_text_of(schedule->layout->name));
    repay_dump_put_64(out, repay_layout_fingerprint(schedule->layout));
    repay_varint_append(out, repay_fold(facts.fetched_at_unix_ms));
    put_text(out, repay_text_of(facts.currency));
    (void)repay_bytes_append_byte(out, (char)facts.decimals);
    (void)repay_bytes_append_byte(out, facts.zone_known ? 1 : 0);
    repay_varint_append(out, repay_fold(facts.zone_minutes));
    put_text(out, facts.subject);
    put_text(out, facts.environment);
    put_text(out, facts.label);
}

static void put_body(const struct dump *dump, struct repay_bytes *out)
{
    put_facts(dump->schedule, out);
    repay_varint_append(out, dump->count);
    repay_varint_append(out, dump->text_count);
    (void)repay_bytes_append_text(out, repay_bytes_text(&dump->texts));
    (void)repay_bytes_append_text(out, repay_bytes_text(&dump->columns));
    repay_varint_append(out, dump->extra_count);
    (void)repay_bytes_append_text(out, repay_bytes_text(&dump->extras));
}

/* The head goes first with a checksum of nothing, which is written over when the rest stands. */
static void put_all(const struct dump *dump, struct repay_bytes *out)
{
    size_t begin = out->length;

    (void)repay_bytes_append(out, REPAY_DUMP_MAGIC, REPAY_DUMP_MAGIC_SIZE);
    repay_dump_put_64(out, 0);
    put_body(dump, out);
    if (out->failed)
        return;
    repay_dump_seal(out, begin);
}

void repay_dump_seal(struct repay_bytes *out, size_t begin)
{
    size_t head = begin + REPAY_DUMP_HEAD_SIZE;
    uint64_t sum = repay_checksum(REPAY_CHECKSUM_BEGIN, out->data + head, out->length - head);

    for (unsigned i = 0; i < 8; i++)
        out->data[begin + REPAY_DUMP_MAGIC_SIZE + i] = (char)(unsigned char)(sum >> (8 * i));
}

bool repay_schedule_checksum(const struct repay_schedule *schedule,
                             const struct repay_allocator *allocator, uint64_t *out,
                             struct repay_error *error)
{
    struct repay_bytes dump;
    bool done;

    repay_bytes_init(&dump, allocator, REPAY_DUMP_MAX);
    done = repay_schedule_dump(schedule, true, &dump, error);
    if (done)
        *out = repay_dump_get_64(dump.data + REPAY_DUMP_MAGIC_SIZE);
    repay_bytes_free(&dump);
    return done;
}

static bool make_dump(struct dump *dump, struct repay_bytes *out, struct repay_error *error)
{
    const struct repay_layout *layout = dump->schedule->layout;
    struct repay_bytes *parts[] = {&dump->texts, &dump->columns, &dump->column, &dump->extras};

    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        repay_bytes_init(parts[i], out->allocator, REPAY_DUMP_MAX);
    repay_number_map_init(&dump->number_of, out->allocator);
    for (unsigned i = 0; i < layout->field_count; i++)
        dump_column(dump, &layout->fields[i]);
    dump_extras(dump);
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        dump->no_memory = dump->no_memory || parts[i]->failed;
    if (!dump->no_memory)
        put_all(dump, out);
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        repay_bytes_free(parts[i]);
    repay_number_map_free(&dump->number_of);
    if (dump->no_memory || out->failed)
        return repay_error_set(error, REPAY_KIND_MEMORY, "no memory for a dump of %lu rows",
                               (unsigned long)dump->count);
    return true;
}

bool repay_schedule_dump(const struct repay_schedule *schedule, bool with_names,
                         struct repay_bytes *out, struct repay_error *error)
{
    struct dump dump = {.schedule = schedule, .count = schedule->rows, .with_names = with_names};

    return make_dump(&dump, out, error);
}

bool repay_schedule_dump_rows(const struct repay_schedule *schedule, const uint32_t *rows,
                              uint32_t count, struct repay_bytes *out, struct repay_error *error)
{
    struct dump dump = {.schedule = schedule, .rows = rows, .count = count, .with_names = true};

    return make_dump(&dump, out, error);
}
