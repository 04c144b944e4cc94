/*
 * Filling columns and interning texts. See schedule_build.h; schedule_pack.c makes the result.
 */
#include "schedule_build.h"

#include "schedule_store.h"
#include "text_hash.h"

#define SLOTS_FIRST 64
/* A larger table is freed at a reset: clearing it would cost each answer. */
#define SLOTS_KEPT  4096

/* 16 bytes more, because texts are compared in steps of that. */
#define ESCAPED_STEP (REPAY_RECENT_ROOM + 16)
#define ESCAPED_SIZE ((size_t)ESCAPED_STEP * REPAY_FIELDS_MAX)

#define FIRST_ROOM ((size_t)2 * REPAY_FIRST_SIZE)

struct repay_text_slot {
    uint32_t code; /* 0: free */
    uint32_t hash;
};

static void forget_recent(struct repay_builder *builder)
{
    unsigned count = builder->layout ? builder->layout->field_count : 0;
    for (unsigned i = 0; i < count; i++) {
        bool used = builder->layout->fields[i].type == REPAY_FIELD_TEXT;
        for (unsigned j = 0; used && j < REPAY_RECENT_MAX; j++)
            builder->recent[i][j].length = UINT32_MAX;
    }
}

void repay_builder_init(struct repay_builder *builder, struct repay_blocks *blocks)
{
    *builder = (struct repay_builder){
        .blocks = blocks,
        .rows_max = REPAY_SCHEDULE_ROWS_MAX,
        .text_blocks_max = REPAY_SCHEDULE_TEXT_MAX / REPAY_BLOCK_SIZE,
    };
    repay_blocks_retain(blocks);
}

static void use_whole_blocks(struct repay_builder *builder)
{
    builder->rows_in_first = false;
    builder->rows_per_segment = builder->layout ? builder->block_rows : 0;
}

/* Divides only where the layout is not the one of the answer before. */
static void use_layout(struct repay_builder *builder, const struct repay_layout *layout)
{
    builder->layout = layout;
    if (!layout || layout == builder->sized_for)
        return;
    builder->sized_for = layout;
    builder->block_rows = REPAY_BLOCK_SIZE / layout->row_width;
    builder->first_rows = REPAY_FIRST_SIZE / layout->row_width;
}

static void give_segments(struct repay_builder *builder, uint32_t keep)
{
    while (builder->segment_count > keep) {
        builder->segment_count--;
        if (!builder->rows_in_first)
            repay_blocks_give(builder->blocks, builder->segments[builder->segment_count]);
    }
    if (keep == 0)
        use_whole_blocks(builder);
}

static void give_blocks(struct repay_builder *builder)
{
    give_segments(builder, 0);
    for (uint32_t i = 0; i < builder->text_count && !builder->texts_in_first; i++)
        repay_blocks_give(builder->blocks, builder->texts[i]);
    builder->text_count = 0;
    builder->texts_in_first = false;
}

static void free_slots(struct repay_builder *builder)
{
    const struct repay_allocator *allocator = repay_blocks_allocator(builder->blocks);
    repay_release(allocator, builder->slots, builder->slot_count * sizeof *builder->slots);
    builder->slots = NULL;
    builder->slot_count = 0;
    builder->slots_used = 0;
}

void repay_builder_free(struct repay_builder *builder)
{
    if (!builder->blocks)
        return;
    const struct repay_allocator *allocator = repay_blocks_allocator(builder->blocks);
    give_blocks(builder);
    free_slots(builder);
    repay_release(allocator, builder->segments, builder->segment_room * sizeof *builder->segments);
    repay_release(allocator, builder->texts, builder->text_room * sizeof *builder->texts);
    repay_release(allocator, builder->extras, builder->extra_room * sizeof *builder->extras);
    repay_release(allocator, builder->escaped, ESCAPED_SIZE);
    repay_release(allocator, builder->first, FIRST_ROOM);
    repay_blocks_drop(builder->blocks);
    *builder = (struct repay_builder){0};
}

void repay_builder_reset(struct repay_builder *builder, const struct repay_layout *layout)
{
    give_blocks(builder);
    if (builder->slot_count > SLOTS_KEPT)
        free_slots(builder);
    if (builder->slots_used > 0)
        memset(builder->slots, 0, builder->slot_count * sizeof *builder->slots);
    builder->slots_used = 0;
    builder->extra_count = 0;
    builder->text_used = 0;
    builder->rows = 0;
    use_layout(builder, layout);
    use_whole_blocks(builder);
    /* No segment counts as a full one, so the first row makes the first. */
    builder->row = 0;
    builder->row_end = 0;
    forget_recent(builder);
}

/* Room for one more entry of an array that doubles. False when there is no memory. */
static bool grow_array(const struct repay_allocator *allocator, void *array_of, size_t entry_size,
                       uint32_t count, uint32_t *room)
{
    if (count < *room)
        return true;
    void *array;
    memcpy(&array, array_of, sizeof array);
    uint32_t grown = *room < 8 ? 8 : *room * 2;
    array = repay_resize(allocator, array, *room * entry_size, grown * entry_size);
    if (!array)
        return false;
    memcpy(array_of, &array, sizeof array);
    *room = grown;
    return true;
}

static bool no_memory(struct repay_error *error)
{
    return repay_error_set(error, REPAY_KIND_MEMORY, "out of memory while reading rows");
}

/* Makes the last segment the one that rows go into. */
static void point_columns(struct repay_builder *builder)
{
    unsigned char *segment = builder->segments[builder->segment_count - 1];
    for (unsigned i = 0; i < builder->layout->field_count; i++) {
        size_t at = builder->layout->fields[i].at;
        builder->columns[i] = segment + at * builder->rows_per_segment;
    }
    uint32_t before = (builder->segment_count - 1) * builder->rows_per_segment;
    uint32_t left = builder->rows_max - before;
    builder->row = builder->rows - before;
    builder->row_end = left < builder->rows_per_segment ? left : builder->rows_per_segment;
}

/* Without memory for it there are still blocks. */
static bool has_first(struct repay_builder *builder)
{
    if (!builder->first)
        builder->first = repay_allocate(repay_blocks_allocator(builder->blocks), FIRST_ROOM);
    return builder->first != NULL;
}

/* An answer that outgrew it does not keep it beside the blocks. */
static void drop_first(struct repay_builder *builder)
{
    if (builder->rows_in_first || builder->texts_in_first)
        return;
    repay_release(repay_blocks_allocator(builder->blocks), builder->first, FIRST_ROOM);
    builder->first = NULL;
}

/* Moves the rows that lie in `first` to a block, which has room for sixteen times as many. */
static void widen_rows(struct repay_builder *builder, unsigned char *block)
{
    unsigned char *columns[REPAY_FIELDS_MAX];
    memcpy(columns, builder->columns, sizeof columns);
    builder->segments[0] = block;
    use_whole_blocks(builder);
    uint32_t rows = builder->row;
    point_columns(builder);
    for (unsigned i = 0; i < builder->layout->field_count; i++)
        memcpy(builder->columns[i], columns[i],
               rows * repay_field_width(builder->layout->fields[i].type));
    drop_first(builder);
}

bool repay_builder_grow(struct repay_builder *builder, struct repay_error *error)
{
    const struct repay_allocator *allocator = repay_blocks_allocator(builder->blocks);
    if (builder->rows >= builder->rows_max)
        return repay_error_set(error, REPAY_KIND_TOO_LARGE, "more than %lu rows",
                               (unsigned long)builder->rows_max);
    if (!grow_array(allocator, &builder->segments, sizeof *builder->segments,
                    builder->segment_count, &builder->segment_room))
        return no_memory(error);
    if (builder->segment_count == 0 && builder->first_rows > 0 && has_first(builder)) {
        builder->rows_in_first = true;
        builder->rows_per_segment = builder->first_rows;
        builder->segments[builder->segment_count++] = builder->first;
        point_columns(builder);
        return true;
    }
    unsigned char *segment = repay_blocks_take(builder->blocks);
    if (!segment)
        return no_memory(error);
    if (builder->rows_in_first) {
        widen_rows(builder, segment);
        return true;
    }
    builder->segments[builder->segment_count++] = segment;
    point_columns(builder);
    return true;
}

void repay_builder_cut(struct repay_builder *builder, uint32_t rows)
{
    if (rows >= builder->rows)
        return;
    uint32_t per_segment = builder->rows_per_segment;
    uint32_t segments = rows / per_segment + (rows % per_segment != 0);
    give_segments(builder, segments);
    while (builder->extra_count > 0 && builder->extras[builder->extra_count - 1].row >= rows)
        builder->extra_count--;
    builder->rows = rows;
    builder->row = 0;
    builder->row_end = 0;
    if (segments > 0)
        point_columns(builder);
}

static const unsigned char *value_at(const struct repay_builder *builder, unsigned field,
                                     uint32_t row)
{
    const struct repay_field *column = &builder->layout->fields[field];
    const unsigned char *segment = builder->segments[row / builder->rows_per_segment];
    size_t width = repay_field_width(column->type);
    return segment + (size_t)column->at * builder->rows_per_segment +
           width * (row % builder->rows_per_segment);
}

/* The first extra of a row not before `row`. */
static uint32_t find_extra(const struct repay_builder *builder, uint32_t row)
{
    uint32_t low = 0, high = builder->extra_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (builder->extras[middle].row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint32_t extra_code(const struct repay_builder *builder, uint32_t row)
{
    uint32_t i = find_extra(builder, row);
    return i < builder->extra_count && builder->extras[i].row == row ? builder->extras[i].code : 0;
}

bool repay_builder_repeats(const struct repay_builder *builder, uint32_t count)
{
    if (count == 0 || builder->rows / 2 < count)
        return false;
    for (uint32_t row = builder->rows - count; row < builder->rows; row++) {
        /* Equal texts have equal codes, so equal bytes are equal values. */
        for (unsigned field = 0; field < builder->layout->field_count; field++) {
            size_t width = repay_field_width(builder->layout->fields[field].type);
            if (memcmp(value_at(builder, field, row), value_at(builder, field, row - count),
                       width) != 0)
                return false;
        }
        if (extra_code(builder, row) != extra_code(builder, row - count))
            return false;
    }
    return true;
}

bool repay_builder_add_extra(struct repay_builder *builder, struct repay_text members,
                             struct repay_error *error)
{
    const struct repay_allocator *allocator = repay_blocks_allocator(builder->blocks);
    uint32_t code;
    if (!repay_builder_intern(builder, members, &code, error))
        return false;
    if (!grow_array(allocator, &builder->extras, sizeof *builder->extras, builder->extra_count,
                    &builder->extra_room))
        return no_memory(error);
    builder->extras[builder->extra_count++] = (struct repay_extra){builder->rows, code};
    return true;
}

struct repay_text repay_builder_text(const struct repay_builder *builder, uint32_t code)
{
    return repay_text_at(builder->texts[code / REPAY_BLOCK_SIZE] + code % REPAY_BLOCK_SIZE);
}

/* Whoever chooses the texts must not be able to choose the slots: see text_hash.h. */
static uint32_t hash_of(const struct repay_builder *builder, struct repay_text text)
{
    return (uint32_t)repay_text_hash((uintptr_t)builder, (uintptr_t)builder->blocks, text);
}

static bool grow_slots(struct repay_builder *builder)
{
    const struct repay_allocator *allocator = repay_blocks_allocator(builder->blocks);
    uint32_t count = builder->slot_count == 0 ? SLOTS_FIRST : builder->slot_count * 2;
    struct repay_text_slot *slots = repay_allocate(allocator, count * sizeof *slots);
    if (!slots)
        return false;
    memset(slots, 0, count * sizeof *slots);
    for (uint32_t i = 0; i < builder->slot_count; i++) {
        struct repay_text_slot slot = builder->slots[i];
        if (slot.code == 0)
            continue;
        uint32_t place = slot.hash & (count - 1);
        while (slots[place].code != 0)
            place = (place + 1) & (count - 1);
        slots[place] = slot;
    }
    uint32_t used = builder->slots_used;
    free_slots(builder);
    builder->slots = slots;
    builder->slot_count = count;
    builder->slots_used = used;
    return true;
}

/* Moves the texts that lie in `first` to a block. Their codes stay; what points to them follows. */
static bool widen_texts(struct repay_builder *builder, struct repay_error *error)
{
    unsigned char *block = repay_blocks_take(builder->blocks);
    if (!block)
        return no_memory(error);
    const char *from = (const char *)builder->texts[0];
    memcpy(block, from, builder->text_used);
    for (unsigned i = 0; i < REPAY_FIELDS_MAX; i++) {
        for (unsigned j = 0; j < REPAY_RECENT_MAX; j++) {
            struct repay_recent_text *recent = &builder->recent[i][j];
            uintptr_t at = (uintptr_t)recent->data - (uintptr_t)from;
            if (at < REPAY_FIRST_SIZE)
                recent->data = (const char *)block + at;
        }
    }
    builder->texts[0] = block;
    builder->texts_in_first = false;
    drop_first(builder);
    return true;
}

static bool add_text_block(struct repay_builder *builder, struct repay_error *error)
{
    if (builder->texts_in_first)
        return widen_texts(builder, error);
    const struct repay_allocator *allocator = repay_blocks_allocator(builder->blocks);
    if (builder->text_count >= builder->text_blocks_max)
        return repay_error_set(error, REPAY_KIND_TOO_LARGE, "more than %lu KiB of text",
                               (unsigned long)builder->text_blocks_max * (REPAY_BLOCK_SIZE >> 10));
    if (!grow_array(allocator, &builder->texts, sizeof *builder->texts, builder->text_count,
                    &builder->text_room))
        return no_memory(error);
    /* Texts follow rows: beside a block of rows they get one too. */
    builder->texts_in_first = builder->text_count == 0 &&
                              (builder->segment_count == 0 || builder->rows_in_first) &&
                              has_first(builder);
    unsigned char *block = builder->texts_in_first ? builder->first + REPAY_FIRST_SIZE
                                                   : repay_blocks_take(builder->blocks);
    if (!block)
        return no_memory(error);
    /* The place that stands for "no text"; later blocks give it up too, to be alike. */
    block[0] = 0;
    builder->text_used = 1;
    builder->texts[builder->text_count++] = block;
    return true;
}

static size_t text_block_room(const struct repay_builder *builder)
{
    return builder->texts_in_first ? REPAY_FIRST_SIZE - 16 : REPAY_TEXT_BLOCK_ROOM;
}

static bool store_text(struct repay_builder *builder, struct repay_text text, uint32_t *code,
                       struct repay_error *error)
{
    size_t size = repay_text_head_size(text.length) + text.length;
    if (size > REPAY_TEXT_BLOCK_ROOM - 1)
        return repay_error_set(error, REPAY_KIND_TOO_LARGE, "a text of more than %u bytes",
                               REPAY_TEXT_BLOCK_ROOM - 1 - REPAY_TEXT_HEAD_MAX);
    while (builder->text_count == 0 || size > text_block_room(builder) - builder->text_used) {
        if (!add_text_block(builder, error))
            return false;
    }
    uint32_t block = builder->text_count - 1;
    unsigned char *place = builder->texts[block] + builder->text_used;
    size_t head = repay_text_head_write(place, text.length);
    if (text.length > 0)
        memcpy(place + head, text.data, text.length);
    *code = block * REPAY_BLOCK_SIZE + builder->text_used;
    builder->text_used += (uint32_t)size;
    return true;
}

bool repay_builder_intern(struct repay_builder *builder, struct repay_text text, uint32_t *code,
                          struct repay_error *error)
{
    /* Three quarters full is where probing begins to cost more than memory does. */
    if (builder->slots_used >= builder->slot_count / 4 * 3 && !grow_slots(builder))
        return no_memory(error);
    uint32_t mask = builder->slot_count - 1;
    uint32_t hash = hash_of(builder, text);
    uint32_t place = hash & mask;
    for (; builder->slots[place].code != 0; place = (place + 1) & mask) {
        struct repay_text_slot slot = builder->slots[place];
        if (slot.hash == hash && repay_text_equal(repay_builder_text(builder, slot.code), text)) {
            *code = slot.code;
            return true;
        }
    }
    uint32_t stored = 0;
    if (!store_text(builder, text, &stored, error))
        return false;
    builder->slots[place] = (struct repay_text_slot){stored, hash};
    builder->slots_used++;
    *code = stored;
    return true;
}

/* Copies a text with escapes to the column's place and forgets the one that was there. */
static const char *remember_escaped(struct repay_builder *builder, unsigned column,
                                    struct repay_text inner)
{
    if (inner.length > REPAY_RECENT_ROOM)
        return NULL;
    if (!builder->escaped)
        builder->escaped = repay_allocate(repay_blocks_allocator(builder->blocks), ESCAPED_SIZE);
    if (!builder->escaped)
        return NULL;
    char *place = builder->escaped + (size_t)ESCAPED_STEP * column;
    for (unsigned i = 0; i < REPAY_RECENT_MAX; i++) {
        if (builder->recent[column][i].data == place)
            builder->recent[column][i].length = UINT32_MAX;
    }
    memcpy(place, inner.data, inner.length);
    memset(place + inner.length, 0, ESCAPED_STEP - inner.length);
    return place;
}

void repay_builder_remember(struct repay_builder *builder, unsigned column, struct repay_text raw,
                            bool escaped, uint32_t code)
{
    struct repay_recent_text *places = builder->recent[column];
    unsigned chosen = repay_builder_recent(raw.data);
    unsigned place = chosen / REPAY_RECENT_MAX;
    uint32_t quotes = raw.data[0] == '"' ? 1 : 0;
    struct repay_text inner = {raw.data + quotes, raw.length - 2 * (size_t)quotes};
    const char *data =
        escaped ? remember_escaped(builder, column, inner) : repay_builder_text(builder, code).data;
    if (!data)
        return;
    /* The second place only while it is free: what is in the first will mostly not come again. */
    if (places[place].length != UINT32_MAX &&
        places[chosen % REPAY_RECENT_MAX].length == UINT32_MAX)
        place = chosen % REPAY_RECENT_MAX;
    places[place] = (struct repay_recent_text){data, (uint32_t)inner.length, code, quotes};
}
