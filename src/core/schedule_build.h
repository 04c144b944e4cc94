/*
 * A schedule being filled, row by row, and turned into an immutable one.
 *
 * Belongs to a call. A row is begun, its values are set, and then it is kept or dropped: no row
 * that was not parsed to its end is ever visible. Interning needs a hash table that the finished
 * schedule does not keep.
 */
#ifndef REPAY_SCHEDULE_BUILD_H
#define REPAY_SCHEDULE_BUILD_H

#include "error.h"
#include "schedule.h"

struct repay_builder {
    struct repay_blocks *blocks;
    const struct repay_layout *layout;
    unsigned char **segments;
    unsigned char **texts;
    struct repay_extra *extras;
    uint32_t *slots; /* hash table of text codes */
    uint32_t segment_count, segment_room;
    uint32_t text_count, text_room;
    uint32_t extra_count, extra_room;
    uint32_t slot_count, slots_used;
    uint32_t rows, rows_per_segment;
    uint32_t text_used; /* bytes of the last text block */
    uint32_t last[REPAY_FIELDS_MAX]; /* code last interned per column: runs of equal texts are the rule */
};

/* Borrows a reference's worth of `blocks` for its life. */
void repay_builder_init(struct repay_builder *builder, struct repay_blocks *blocks);
void repay_builder_free(struct repay_builder *builder);
/* Empties it for a new answer and gives the blocks back. */
void repay_builder_reset(struct repay_builder *builder, const struct repay_layout *layout);
/* Drops every row from `rows` on: a page that failed or repeated another. */
void repay_builder_cut(struct repay_builder *builder, uint32_t rows);
/* Whether the last `count` rows equal the `count` before them, value by value. */
bool repay_builder_repeats(const struct repay_builder *builder, uint32_t count);

/*
 * Interns a text that holds no escapes; column is an index of the layout or REPAY_FIELDS_MAX.
 * False: no memory, or over REPAY_SCHEDULE_TEXT_MAX; `error` says which.
 */
bool repay_builder_intern(struct repay_builder *builder, unsigned column, struct repay_text text,
                          uint32_t *code, struct repay_error *error);

/* Bytes of the small form (struct, columns, texts), facts included. */
size_t repay_builder_packed_size(const struct repay_builder *builder,
                                 const struct repay_schedule_facts *facts);
/* Copies everything into `memory` of that size, aligned to 8, whose first bytes are the schedule. */
void repay_builder_pack(const struct repay_builder *builder,
                        const struct repay_schedule_facts *facts, void *memory);
/* Moves the segments into an empty schedule without copying; the builder is empty afterwards. */
bool repay_builder_move(struct repay_builder *builder, const struct repay_schedule_facts *facts,
                        struct repay_schedule *out, struct repay_error *error);

#endif
