/*
 * From builder to schedule: the small form by copying, the large one by handing over.
 *
 * Owns the decision of what a small schedule leaves out: a column whose value is the same in every
 * row is stored once. Loans of a few rows repeat their id, their status and the penalty that nobody
 * owes, so that halves many of them.
 */
#include <assert.h>

#include "schedule_build.h"
#include "schedule_store.h"

/* A last block that is nearly full is kept as it is: freeing it would gain less than a row. */
#define TRIM_WORTH (REPAY_BLOCK_SIZE / 8)

static size_t text_entry_size(struct repay_text text)
{
    return text.length == 0 ? 0 : repay_text_head_size(text.length) + text.length;
}

static bool is_constant(const unsigned char *values, size_t width, uint32_t rows)
{
    /* Most columns change from the first row to the second, and often in their low bytes. */
    if (width >= 4 && repay_load_4(values) != repay_load_4(values + width))
        return false;
    /* Every value equals its neighbour exactly when the column equals itself moved by one. */
    return memcmp(values, values + width, (rows - 1) * width) == 0;
}

/* Bytes of all columns, and one bit a field whose column is stored once. */
static size_t measure_columns(const struct repay_builder *builder, uint32_t *constant)
{
    const struct repay_layout *layout = builder->layout;
    size_t size = 0;
    *constant = 0;
    for (unsigned i = 0; i < layout->field_count; i++) {
        size_t width = repay_field_width(layout->fields[i].type);
        bool once = builder->rows >= 2 && is_constant(builder->columns[i], width, builder->rows);
        *constant |= once ? (uint32_t)1 << i : 0;
        size += once ? width : width * builder->rows;
    }
    return repay_row_store_aligned(size);
}

/* Without texts there is still the place that means "no text". */
static size_t stored_text_size(const struct repay_builder *builder)
{
    return builder->text_count == 0 ? 1 : builder->text_used;
}

static size_t facts_size(const struct repay_schedule_facts *facts)
{
    return text_entry_size(facts->subject) + text_entry_size(facts->environment) +
           text_entry_size(facts->label);
}

struct repay_packing repay_builder_measure(const struct repay_builder *builder,
                                           const struct repay_schedule_facts *facts)
{
    struct repay_packing packing = {.size = (size_t)REPAY_SCHEDULE_INLINE_MAX + 1};
    if (builder->segment_count > 1 || builder->text_count > 1)
        return packing;
    packing.columns_size = measure_columns(builder, &packing.constant_columns);
    packing.size = sizeof(struct repay_schedule) + packing.columns_size +
                   builder->extra_count * sizeof(struct repay_extra) + stored_text_size(builder) +
                   facts_size(facts);
    return packing;
}

static void set_facts(struct repay_schedule *schedule, const struct repay_builder *builder,
                      const struct repay_schedule_facts *facts)
{
    repay_schedule_init(schedule);
    schedule->layout = builder->layout;
    schedule->rows = builder->rows;
    schedule->extra_count = builder->extra_count;
    schedule->fetched_at_unix_ms = facts->fetched_at_unix_ms;
    schedule->zone_minutes = facts->zone_minutes;
    schedule->zone_known = facts->zone_known;
    schedule->decimals = facts->decimals;
    memcpy(schedule->currency, facts->currency, sizeof schedule->currency);
}

static void copy_columns(const struct repay_builder *builder, uint32_t constant, unsigned char *out)
{
    if (builder->rows == 0)
        return;
    for (unsigned i = 0; i < builder->layout->field_count; i++) {
        size_t size = repay_field_width(builder->layout->fields[i].type);
        if ((constant >> i & 1) == 0)
            size *= builder->rows;
        memcpy(out, builder->columns[i], size);
        out += size;
    }
}

/* Appends a text and gives back its code, 0 for the empty text. */
static uint32_t append_text(unsigned char *texts, size_t *used, struct repay_text text)
{
    if (text.length == 0)
        return 0;
    uint32_t code = (uint32_t)*used;
    *used += repay_text_head_write(texts + *used, text.length);
    memcpy(texts + *used, text.data, text.length);
    *used += text.length;
    return code;
}

void repay_builder_pack(const struct repay_builder *builder,
                        const struct repay_schedule_facts *facts,
                        const struct repay_packing *packing, void *memory)
{
    struct repay_schedule *schedule = memory;
    unsigned char *columns = (unsigned char *)(schedule + 1);
    size_t extras_size = builder->extra_count * sizeof *builder->extras;
    assert(builder->segment_count <= 1 && builder->text_count <= 1);

    set_facts(schedule, builder, facts);
    schedule->constant_columns = packing->constant_columns;
    copy_columns(builder, packing->constant_columns, columns);
    unsigned char *extras = columns + packing->columns_size;
    if (extras_size > 0)
        memcpy(extras, builder->extras, extras_size);
    unsigned char *texts = extras + extras_size;
    size_t used = stored_text_size(builder);
    texts[0] = 0;
    if (builder->text_count > 0)
        memcpy(texts, builder->texts[0], used);
    schedule->subject = append_text(texts, &used, facts->subject);
    schedule->environment = append_text(texts, &used, facts->environment);
    schedule->label = append_text(texts, &used, facts->label);
    schedule->text_size = (uint32_t)used;
}

/* What a move allocates before it changes anything, so that it can fail without a trace. */
struct handover {
    struct repay_row_store *store;
    unsigned char *segment; /* NULL: the last one stays a block */
    unsigned char *text;    /* likewise */
    size_t segment_size;
    size_t text_size;
    uint32_t subject, environment, label;
};

static bool intern_fact(struct repay_builder *builder, struct repay_text text, uint32_t *code,
                        struct repay_error *error)
{
    *code = 0;
    return text.length == 0 || repay_builder_intern(builder, text, code, error);
}

/* NULL with size REPAY_BLOCK_SIZE where trimming is not worth it; false when there is no memory. */
static bool allocate_trimmed(const struct repay_allocator *allocator, size_t used,
                             unsigned char **memory, size_t *size)
{
    *memory = NULL;
    *size = REPAY_BLOCK_SIZE;
    if (used == 0 || used + TRIM_WORTH > REPAY_BLOCK_SIZE)
        return true;
    *memory = repay_allocate(allocator, used);
    *size = used;
    return *memory != NULL;
}

static bool allocate_handover(struct repay_builder *builder, struct handover *handover)
{
    const struct repay_allocator *allocator = repay_blocks_allocator(builder->blocks);
    size_t last_rows = builder->segment_count == 0 ? 0 : builder->row;
    size_t text_used = builder->text_count == 0 ? 0 : builder->text_used;
    handover->store = repay_allocate(allocator, sizeof *handover->store);
    if (!handover->store)
        return false;
    if (!allocate_trimmed(allocator, last_rows * builder->layout->row_width, &handover->segment,
                          &handover->segment_size)) {
        repay_release(allocator, handover->store, sizeof *handover->store);
        return false;
    }
    if (!allocate_trimmed(allocator, text_used, &handover->text, &handover->text_size)) {
        repay_release(allocator, handover->segment, handover->segment_size);
        repay_release(allocator, handover->store, sizeof *handover->store);
        return false;
    }
    return true;
}

static void trim_last(struct repay_builder *builder, const struct handover *handover)
{
    if (handover->segment) {
        unsigned char **last = &builder->segments[builder->segment_count - 1];
        unsigned char *out = handover->segment;
        for (unsigned i = 0; i < builder->layout->field_count; i++) {
            size_t size = repay_field_width(builder->layout->fields[i].type) * builder->row;
            memcpy(out, builder->columns[i], size);
            out += size;
        }
        if (!builder->rows_in_first)
            repay_blocks_give(builder->blocks, *last);
        *last = handover->segment;
    }
    if (handover->text) {
        unsigned char **last = &builder->texts[builder->text_count - 1];
        memcpy(handover->text, *last, handover->text_size);
        if (!builder->texts_in_first)
            repay_blocks_give(builder->blocks, *last);
        *last = handover->text;
    }
}

/* An array in which half the room is unused is cut to what it holds; a refusal changes nothing. */
static void *shrink_array(const struct repay_allocator *allocator, void *array, size_t entry_size,
                          uint32_t count, uint32_t *room)
{
    if (count == 0) {
        repay_release(allocator, array, *room * entry_size);
        *room = 0;
        return NULL;
    }
    if (count == *room)
        return array;
    void *shrunk = repay_resize(allocator, array, *room * entry_size, count * entry_size);
    if (!shrunk)
        return array;
    *room = count;
    return shrunk;
}

static void shrink_arrays(struct repay_row_store *store)
{
    const struct repay_allocator *allocator = repay_blocks_allocator(store->blocks);
    store->segments = shrink_array(allocator, store->segments, sizeof *store->segments,
                                   store->segment_count, &store->segment_room);
    store->texts = shrink_array(allocator, store->texts, sizeof *store->texts, store->text_count,
                                &store->text_room);
    store->extras = shrink_array(allocator, store->extras, sizeof *store->extras,
                                 store->extra_count, &store->extra_room);
}

static void fill_store(struct repay_row_store *store, const struct repay_builder *builder,
                       const struct handover *handover)
{
    *store = (struct repay_row_store){
        .blocks = builder->blocks,
        .segments = builder->segments,
        .texts = builder->texts,
        .extras = builder->extras,
        .segment_count = builder->segment_count,
        .segment_room = builder->segment_room,
        .text_count = builder->text_count,
        .text_room = builder->text_room,
        .extra_count = builder->extra_count,
        .extra_room = builder->extra_room,
        .rows_per_segment = builder->rows_per_segment,
        .last_rows = handover->segment ? builder->row : builder->rows_per_segment,
        .last_segment_size = handover->segment_size,
        .last_text_size = handover->text_size,
    };
    repay_blocks_retain(store->blocks);
    shrink_arrays(store);
}

bool repay_builder_move(struct repay_builder *builder, const struct repay_schedule_facts *facts,
                        struct repay_schedule *out, struct repay_error *error)
{
    struct handover handover = {0};
    /* A segment of no rows would not be copied, and `first` cannot change hands. */
    if (builder->rows_in_first && builder->row == 0)
        builder->segment_count = 0;
    if (!intern_fact(builder, facts->subject, &handover.subject, error) ||
        !intern_fact(builder, facts->environment, &handover.environment, error) ||
        !intern_fact(builder, facts->label, &handover.label, error))
        return false;
    if (!allocate_handover(builder, &handover))
        return repay_error_set(error, REPAY_KIND_MEMORY, "out of memory while keeping rows");

    set_facts(out, builder, facts);
    out->subject = handover.subject;
    out->environment = handover.environment;
    out->label = handover.label;
    trim_last(builder, &handover);
    fill_store(handover.store, builder, &handover);
    out->store = handover.store;

    builder->segments = NULL;
    builder->texts = NULL;
    builder->extras = NULL;
    builder->segment_count = builder->segment_room = 0;
    builder->text_count = builder->text_room = 0;
    builder->extra_count = builder->extra_room = 0;
    repay_builder_reset(builder, builder->layout);
    return true;
}
