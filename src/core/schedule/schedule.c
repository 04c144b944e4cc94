/*
 * Reading a schedule. See schedule.h; schedule_store.h says how the memory lies.
 *
 * Owns the way from (row, field) to a value, and the life of a large schedule's store.
 * schedule_figures.c has the rules on top.
 */
#include "schedule.h"

#include "schedule_column.h"
#include "schedule_store.h"
#include "uuid.h"

void repay_schedule_init(struct repay_schedule *schedule)
{
    *schedule = (struct repay_schedule){0};
}

static void free_last(struct repay_row_store *store, unsigned char *memory, size_t size)
{
    if (size == REPAY_BLOCK_SIZE)
        repay_blocks_give(store->blocks, memory);
    else
        repay_release(repay_blocks_allocator(store->blocks), memory, size);
}

void repay_row_store_free(struct repay_row_store *store)
{
    struct repay_blocks *blocks = store->blocks;
    const struct repay_allocator *allocator = repay_blocks_allocator(blocks);
    for (uint32_t i = 0; i < store->segment_count; i++) {
        bool last = i + 1 == store->segment_count;
        free_last(store, store->segments[i], last ? store->last_segment_size : REPAY_BLOCK_SIZE);
    }
    for (uint32_t i = 0; i < store->text_count; i++) {
        bool last = i + 1 == store->text_count;
        free_last(store, store->texts[i], last ? store->last_text_size : REPAY_BLOCK_SIZE);
    }
    repay_release(allocator, store->segments, store->segment_room * sizeof *store->segments);
    repay_release(allocator, store->texts, store->text_room * sizeof *store->texts);
    repay_release(allocator, store->extras, store->extra_room * sizeof *store->extras);
    repay_release(allocator, store, sizeof *store);
    repay_blocks_drop(blocks);
}

void repay_schedule_free(struct repay_schedule *schedule)
{
    struct repay_row_store *store = schedule->store;
    repay_schedule_init(schedule);
    if (store)
        repay_row_store_free(store);
}

void repay_schedule_facts_of(const struct repay_schedule *schedule,
                             struct repay_schedule_facts *out)
{
    *out = (struct repay_schedule_facts){
        .subject = repay_schedule_text(schedule, schedule->subject),
        .environment = repay_schedule_text(schedule, schedule->environment),
        .label = repay_schedule_text(schedule, schedule->label),
        .fetched_at_unix_ms = schedule->fetched_at_unix_ms,
        .decimals = schedule->decimals,
        .zone_minutes = schedule->zone_minutes,
        .zone_known = schedule->zone_known,
    };
    memcpy(out->currency, schedule->currency, sizeof out->currency);
}

/* Where the columns of the small form begin. */
static const unsigned char *small_columns(const struct repay_schedule *schedule)
{
    return (const unsigned char *)(schedule + 1);
}

/* Bytes of the small form's columns before the field at `index`. */
static size_t small_offset(const struct repay_schedule *schedule, unsigned index)
{
    const struct repay_layout *layout = schedule->layout;
    size_t at = index < layout->field_count ? layout->fields[index].at : layout->row_width;
    size_t offset = at * schedule->rows;
    uint32_t before = schedule->constant_columns & (((uint32_t)1 << index) - 1);
    for (; before != 0; before &= before - 1) {
        unsigned constant = (unsigned)__builtin_ctz(before);
        offset -= repay_field_width(layout->fields[constant].type) * (schedule->rows - 1);
    }
    return offset;
}

static const struct repay_extra *extras_of(const struct repay_schedule *schedule)
{
    if (schedule->store)
        return schedule->store->extras;
    const unsigned char *columns = small_columns(schedule);
    size_t size = repay_row_store_aligned(small_offset(schedule, schedule->layout->field_count));
    return (const void *)(columns + size);
}

static const unsigned char *small_texts(const struct repay_schedule *schedule)
{
    return (const unsigned char *)(extras_of(schedule) + schedule->extra_count);
}

size_t repay_schedule_memory(const struct repay_schedule *schedule)
{
    const struct repay_row_store *store = schedule->store;
    if (!schedule->layout)
        return sizeof *schedule;
    if (!store) {
        const unsigned char *end = small_texts(schedule) + schedule->text_size;
        return (size_t)(end - (const unsigned char *)schedule);
    }
    size_t size = sizeof *schedule + sizeof *store;
    size += store->segment_room * sizeof *store->segments + store->text_room * sizeof *store->texts;
    size += store->extra_room * sizeof *store->extras;
    if (store->segment_count > 0)
        size += (store->segment_count - 1) * (size_t)REPAY_BLOCK_SIZE + store->last_segment_size;
    if (store->text_count > 0)
        size += (store->text_count - 1) * (size_t)REPAY_BLOCK_SIZE + store->last_text_size;
    return size;
}

void repay_schedule_column(const struct repay_schedule *schedule, const struct repay_field *field,
                           uint32_t row, struct repay_column *out)
{
    unsigned index = (unsigned)(field - schedule->layout->fields);
    size_t width = repay_field_width(field->type);
    const struct repay_row_store *store = schedule->store;
    if (!store) {
        bool constant = (schedule->constant_columns >> index & 1) != 0;
        out->stride = constant ? 0 : width;
        out->at = small_columns(schedule) + small_offset(schedule, index) + out->stride * row;
        out->rows = schedule->rows - row;
        return;
    }
    uint32_t segment = row / store->rows_per_segment;
    uint32_t place = row % store->rows_per_segment;
    bool last = segment + 1 == store->segment_count;
    uint32_t room = last ? store->last_rows : store->rows_per_segment;
    uint32_t left = schedule->rows - row;
    out->stride = width;
    out->at = store->segments[segment] + (size_t)field->at * room + width * place;
    out->rows = room - place < left ? room - place : left;
}

uint32_t repay_schedule_run(const struct repay_schedule *schedule, uint32_t row)
{
    const struct repay_row_store *store = schedule->store;
    uint32_t left = schedule->rows - row;
    uint32_t run = store ? store->rows_per_segment - row % store->rows_per_segment : left;
    return run < left ? run : left;
}

struct repay_text repay_schedule_text(const struct repay_schedule *schedule, uint32_t code)
{
    if (code == 0 || !schedule->layout)
        return REPAY_TEXT("");
    const struct repay_row_store *store = schedule->store;
    if (!store)
        return repay_text_at(small_texts(schedule) + code);
    return repay_text_at(store->texts[code / REPAY_BLOCK_SIZE] + code % REPAY_BLOCK_SIZE);
}

uint32_t repay_extra_code(const struct repay_extra *extras, uint32_t count, uint32_t row)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (extras[middle].row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && extras[low].row == row ? extras[low].code : 0;
}

struct repay_text repay_schedule_extra(const struct repay_schedule *schedule, uint32_t row)
{
    uint32_t count = schedule->extra_count;
    return repay_schedule_text(schedule,
                               count ? repay_extra_code(extras_of(schedule), count, row) : 0);
}

static void render_uuid(const unsigned char bytes[16], struct repay_value *out)
{
    repay_uuid_write(bytes, out->room);
    out->text = (struct repay_text){out->room, REPAY_UUID_TEXT};
    out->present = true;
}

static void take_text(const struct repay_schedule *schedule, uint32_t code, struct repay_value *out)
{
    out->present = code != 0;
    out->text = repay_schedule_text(schedule, code);
}

static void take_uuid(const struct repay_schedule *schedule, const unsigned char *at,
                      struct repay_value *out)
{
    if (repay_uuid_is_text(at))
        take_text(schedule, repay_column_32(at + REPAY_UUID_TEXT_MARK), out);
    else
        render_uuid(at, out);
}

static void take_moment(const struct repay_schedule *schedule, int64_t packed,
                        struct repay_value *out)
{
    out->integer = packed;
    out->present = packed != REPAY_MOMENT_ABSENT;
    if (!out->present)
        return;
    if (repay_moment_form_of(packed) == REPAY_MOMENT_TEXT)
        take_text(schedule, (uint32_t)(packed >> 2), out);
    else
        out->text = (struct repay_text){out->room, repay_moment_unpack(packed, out->room)};
}

void repay_schedule_value(const struct repay_schedule *schedule, uint32_t row,
                          const struct repay_field *field, struct repay_value *out)
{
    struct repay_column column;
    repay_schedule_column(schedule, field, row, &column);
    out->integer = 0;
    out->text = REPAY_TEXT("");
    switch ((enum repay_field_type)field->type) {
    case REPAY_FIELD_UUID:
        take_uuid(schedule, column.at, out);
        return;
    case REPAY_FIELD_AMOUNT:
        out->integer = repay_column_64(column.at);
        out->present = out->integer != REPAY_AMOUNT_ABSENT;
        return;
    case REPAY_FIELD_MOMENT:
        take_moment(schedule, repay_column_64(column.at), out);
        return;
    case REPAY_FIELD_DAY:
    case REPAY_FIELD_COUNT:
        /* REPAY_DAY_ABSENT and REPAY_COUNT_ABSENT are the same number. */
        out->integer = (int32_t)repay_column_32(column.at);
        out->present = out->integer != REPAY_COUNT_ABSENT;
        return;
    case REPAY_FIELD_TEXT:
        take_text(schedule, repay_column_32(column.at), out);
        return;
    case REPAY_FIELD_FLAG:
        out->integer = *column.at;
        out->present = *column.at != REPAY_FLAG_ABSENT;
        return;
    }
}
