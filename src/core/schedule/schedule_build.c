/*
 * Filling columns. See schedule_build.h; schedule_intern.c keeps the texts, schedule_pack.c makes
 * the result.
 */
#include "schedule_build.h"

#include "array.h"
#include "schedule_build_inner.h"
#include "schedule_store.h"

#define FIRST_ROOM ((size_t)2 * REPAY_FIRST_SIZE)

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

void repay_builder_free(struct repay_builder *builder)
{
    if (!builder->blocks)
        return;
    const struct repay_allocator *allocator = repay_blocks_allocator(builder->blocks);
    give_segments(builder, 0);
    repay_builder_free_texts(builder);
    repay_release(allocator, builder->segments, builder->segment_room * sizeof *builder->segments);
    repay_release(allocator, builder->extras, builder->extra_room * sizeof *builder->extras);
    repay_release(allocator, builder->first, FIRST_ROOM);
    repay_blocks_drop(builder->blocks);
    *builder = (struct repay_builder){0};
}

void repay_builder_reset(struct repay_builder *builder, const struct repay_layout *layout)
{
    give_segments(builder, 0);
    builder->extra_count = 0;
    builder->rows = 0;
    use_layout(builder, layout);
    use_whole_blocks(builder);
    /* No segment counts as a full one, so the first row makes the first. */
    builder->row = 0;
    builder->row_end = 0;
    repay_builder_forget_texts(builder);
}

bool repay_builder_no_memory(struct repay_error *error)
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

bool repay_builder_has_first(struct repay_builder *builder)
{
    if (!builder->first)
        builder->first = repay_allocate(repay_blocks_allocator(builder->blocks), FIRST_ROOM);
    return builder->first != NULL;
}

void repay_builder_drop_first(struct repay_builder *builder)
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
    repay_builder_drop_first(builder);
}

bool repay_builder_grow(struct repay_builder *builder, struct repay_error *error)
{
    const struct repay_allocator *allocator = repay_blocks_allocator(builder->blocks);
    if (builder->rows >= builder->rows_max)
        return repay_error_set(error, REPAY_KIND_TOO_LARGE, "more than %lu rows",
                               (unsigned long)builder->rows_max);
    if (!repay_array_make_room(allocator, &builder->segments, sizeof *builder->segments,
                               builder->segment_count, &builder->segment_room))
        return repay_builder_no_memory(error);
    if (builder->segment_count == 0 && builder->first_rows > 0 &&
        repay_builder_has_first(builder)) {
        builder->rows_in_first = true;
        builder->rows_per_segment = builder->first_rows;
        builder->segments[builder->segment_count++] = builder->first;
        point_columns(builder);
        return true;
    }
    unsigned char *segment = repay_blocks_take(builder->blocks);
    if (!segment)
        return repay_builder_no_memory(error);
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

static uint32_t extra_code(const struct repay_builder *builder, uint32_t row)
{
    return repay_extra_code(builder->extras, builder->extra_count, row);
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
    if (!repay_array_make_room(allocator, &builder->extras, sizeof *builder->extras,
                               builder->extra_count, &builder->extra_room))
        return repay_builder_no_memory(error);
    builder->extras[builder->extra_count++] = (struct repay_extra){builder->rows, code};
    return true;
}
