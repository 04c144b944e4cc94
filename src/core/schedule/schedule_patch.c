/*
 * Writes patches, and reads them as what they may be: anything; schedule_patch.h.
 */
#include "schedule_patch.h"

#include "dump_format.h"
#include "schedule_column.h"
#include "varint.h"

/*
 * Writing
 */

static bool no_memory(struct repay_error *error)
{
    return repay_error_set(error, REPAY_KIND_MEMORY, "no memory to compare two schedules");
}

static void put_run(struct repay_bytes *out, uint32_t count, uint32_t old_row)
{
    if (count == 0)
        return;
    repay_varint_append(out, (uint64_t)count << 1 | (old_row == REPAY_NO_ROW));
    if (old_row != REPAY_NO_ROW)
        repay_varint_append(out, old_row);
}

/* Writes the runs and lists the taken rows in `taken`; returns how many those are. */
static uint32_t put_runs(const uint32_t *old_rows, uint32_t rows, struct repay_bytes *out,
                         uint32_t *taken)
{
    uint32_t taken_count = 0, count = 0, begin = REPAY_NO_ROW;

    for (uint32_t row = 0; row < rows; row++) {
        uint32_t old_row = old_rows[row];
        bool goes_on = begin == REPAY_NO_ROW ? old_row == REPAY_NO_ROW : old_row == begin + count;

        if (!goes_on) {
            put_run(out, count, begin);
            begin = old_row;
            count = 0;
        }
        count++;
        if (old_row == REPAY_NO_ROW)
            taken[taken_count++] = row;
    }
    put_run(out, count, begin);
    repay_varint_append(out, 0);
    return taken_count;
}

bool repay_schedule_write_patch(const struct repay_schedule *newer,
                                const struct repay_schedule *older, const uint32_t *old_rows,
                                const struct repay_allocator *allocator, struct repay_bytes *out,
                                struct repay_error *error)
{
    size_t size = (newer->rows + (size_t)1) * sizeof(uint32_t);
    uint32_t *taken = repay_allocate(allocator, size);
    uint32_t count;
    uint64_t sum = 0;
    bool done;

    if (!taken)
        return no_memory(error);
    (void)repay_bytes_append(out, REPAY_PATCH_MAGIC, REPAY_DUMP_MAGIC_SIZE);
    repay_dump_put_64(out, 0);
    done = repay_schedule_checksum(older, allocator, &sum, error);
    repay_dump_put_64(out, sum);
    count = put_runs(old_rows, newer->rows, out, taken);
    done = done && repay_schedule_dump_rows(newer, taken, count, out, error);
    repay_release(allocator, taken, size);
    if (done && out->failed)
        return no_memory(error);
    if (done)
        repay_dump_seal(out, 0);
    return done;
}

/*
 * Applying
 */

static bool is_damaged(struct repay_error *error)
{
    return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                           "not a difference between schedules, or a damaged one");
}

struct patch {
    const struct repay_schedule *older;
    const unsigned char *runs;
    struct repay_dump_reader reader;
    uint32_t copied; /* rows of the older schedule so far: no more than it has */
};

static bool copy_text(const struct patch *patch, uint32_t code, unsigned char *out,
                      struct repay_error *error)
{
    uint32_t ours = 0;

    if (code != 0 && !repay_builder_intern(patch->reader.builder,
                                           repay_schedule_text(patch->older, code), &ours, error))
        return false;
    memcpy(out, &ours, sizeof ours);
    return true;
}

static bool copy_moment(const struct patch *patch, const unsigned char *at, unsigned char *out,
                        struct repay_error *error)
{
    int64_t packed = repay_column_64(at);
    uint32_t code;

    memcpy(out, at, sizeof packed);
    if (packed == REPAY_MOMENT_ABSENT || repay_moment_form_of(packed) != REPAY_MOMENT_TEXT)
        return true;
    if (!copy_text(patch, (uint32_t)(packed >> 2), (unsigned char *)&code, error))
        return false;
    packed = (int64_t)((uint64_t)code << 2) | REPAY_MOMENT_TEXT;
    memcpy(out, &packed, sizeof packed);
    return true;
}

static bool copy_value(const struct patch *patch, const struct repay_field *field, uint32_t row,
                       unsigned char *out, struct repay_error *error)
{
    struct repay_column column;

    repay_schedule_column(patch->older, field, row, &column);
    switch ((enum repay_field_type)field->type) {
    case REPAY_FIELD_TEXT:
        return copy_text(patch, repay_column_32(column.at), out, error);
    case REPAY_FIELD_MOMENT:
        return copy_moment(patch, column.at, out, error);
    case REPAY_FIELD_UUID:
        memcpy(out, column.at, 16);
        return !repay_uuid_is_text(column.at) ||
               copy_text(patch, repay_column_32(column.at + REPAY_UUID_TEXT_MARK),
                         out + REPAY_UUID_TEXT_MARK, error);
    default:
        memcpy(out, column.at, repay_field_width(field->type));
        return true;
    }
}

static bool copy_row(const struct patch *patch, uint32_t row, struct repay_error *error)
{
    struct repay_builder *builder = patch->reader.builder;
    struct repay_text extra = repay_schedule_extra(patch->older, row);

    if (!repay_builder_begin_row(builder, error))
        return false;
    for (unsigned i = 0; i < builder->layout->field_count; i++) {
        const struct repay_field *field = &builder->layout->fields[i];
        size_t width = repay_field_width(field->type);

        if (!copy_value(patch, field, row, builder->columns[i] + builder->row * width, error))
            return false;
    }
    if (extra.length > 0 && !repay_builder_add_extra(builder, extra, error))
        return false;
    repay_builder_keep_row(builder);
    return true;
}

/* One run; *more is false behind the last. */
static bool apply_run(struct patch *patch, const unsigned char *end, bool *more,
                      struct repay_error *error)
{
    uint64_t head, row;

    if (!repay_varint_read(&patch->runs, end, &head))
        return is_damaged(error);
    *more = head != 0;
    if (!*more)
        return true;
    if (head >> 1 == 0 || head >> 1 > REPAY_SCHEDULE_ROWS_MAX)
        return is_damaged(error);
    if ((head & 1) != 0)
        return repay_dump_read(&patch->reader, (uint32_t)(head >> 1), error);
    if (!repay_varint_read(&patch->runs, end, &row) || row >= patch->older->rows ||
        head >> 1 > patch->older->rows - row || head >> 1 > patch->older->rows - patch->copied)
        return is_damaged(error);
    patch->copied += (uint32_t)(head >> 1);
    for (uint64_t i = 0; i < head >> 1; i++) {
        if (!copy_row(patch, (uint32_t)(row + i), error))
            return false;
    }
    return true;
}

/* Where the runs end and the dump begins. */
static bool skip_runs(const unsigned char *at, const unsigned char *end, const unsigned char **dump)
{
    uint64_t head, row;

    do {
        if (!repay_varint_read(&at, end, &head) ||
            (head != 0 && (head & 1) == 0 && !repay_varint_read(&at, end, &row)))
            return false;
    } while (head != 0);
    *dump = at;
    return true;
}

static bool check_patch(const struct repay_schedule *older, struct repay_text bytes,
                        const struct repay_allocator *allocator, struct repay_error *error)
{
    const unsigned char *data = (const unsigned char *)bytes.data;
    uint64_t sum;

    if (bytes.length < REPAY_DUMP_HEAD_SIZE + 8 ||
        memcmp(data, REPAY_PATCH_MAGIC, REPAY_DUMP_MAGIC_SIZE) != 0 ||
        repay_checksum(REPAY_CHECKSUM_BEGIN, data + REPAY_DUMP_HEAD_SIZE,
                       bytes.length - REPAY_DUMP_HEAD_SIZE) !=
            repay_dump_get_64(data + REPAY_DUMP_MAGIC_SIZE))
        return is_damaged(error);
    if (!repay_schedule_checksum(older, allocator, &sum, error))
        return false;
    if (sum != repay_dump_get_64(data + REPAY_DUMP_HEAD_SIZE))
        return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                               "the difference was made from another schedule than this one");
    return true;
}

static bool run_patch(struct patch *patch, const unsigned char *dump,
                      struct repay_schedule_facts *facts, struct repay_error *error)
{
    bool more = true;

    if (patch->reader.layout != patch->older->layout)
        return is_damaged(error);
    while (more) {
        if (!apply_run(patch, dump, &more, error))
            return false;
    }
    if (patch->reader.read < patch->reader.rows)
        return is_damaged(error);
    *facts = patch->reader.facts;
    return true;
}

bool repay_schedule_apply(const struct repay_schedule *older, struct repay_text bytes,
                          repay_layout_finder *find, struct repay_builder *builder,
                          struct repay_schedule_facts *facts, struct repay_error *error)
{
    const unsigned char *data = (const unsigned char *)bytes.data;
    struct patch patch = {.older = older, .runs = data + REPAY_DUMP_HEAD_SIZE + 8};
    const unsigned char *dump;
    struct repay_text rest;
    bool done;

    if (!check_patch(older, bytes, repay_blocks_allocator(builder->blocks), error))
        return false;
    if (!skip_runs(patch.runs, data + bytes.length, &dump))
        return is_damaged(error);
    rest = (struct repay_text){(const char *)dump, (size_t)(data + bytes.length - dump)};
    if (!repay_dump_open(&patch.reader, rest, find, builder, error))
        return false;
    done = run_patch(&patch, dump, facts, error);
    if (!done)
        repay_builder_reset(builder, patch.reader.layout);
    repay_dump_close(&patch.reader);
    return done;
}
