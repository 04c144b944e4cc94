/*
 * Reads a body as a call does and shows what came of it as text, so that two readings of the same
 * body can be compared by one comparison of texts. For tests and fuzz targets.
 */
#ifndef REPAY_TEST_BODY_SUPPORT_H
#define REPAY_TEST_BODY_SUPPORT_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "body_read.h"
#include "sample_shapes.h"

#define READING_TEXT_MAX ((size_t)64 << 20)

struct reading {
    const struct repay_allocator *allocator;
    struct repay_blocks *blocks;
    struct repay_builder builder;
    struct repay_body body;
    struct repay_error error;
    struct repay_bytes shown; /* by reading_show */
};

static const struct repay_schedule_facts reading_facts = {
    .subject = {"LOAN_ABC123", 11},
    .environment = {"sandbox", 7},
    .label = {"", 0},
    .fetched_at_unix_ms = 1700000000123,
    .currency = "NGN",
    .decimals = 2,
    .zone_minutes = 60,
    .zone_known = true,
};

static inline bool reading_init(struct reading *reading, const struct repay_allocator *allocator)
{
    memset(reading, 0, sizeof *reading);
    reading->allocator = allocator;
    reading->blocks = repay_blocks_create(allocator);
    if (!reading->blocks)
        return false;
    repay_builder_init(&reading->builder, reading->blocks);
    repay_body_init(&reading->body, allocator);
    repay_bytes_init(&reading->shown, allocator, READING_TEXT_MAX);
    repay_error_clear(&reading->error);
    return true;
}

static inline void reading_free(struct reading *reading)
{
    if (!reading->blocks)
        return;
    repay_bytes_free(&reading->shown);
    repay_body_free(&reading->body);
    repay_builder_free(&reading->builder);
    repay_blocks_drop(reading->blocks);
}

static inline void reading_begin(struct reading *reading, const struct repay_shape *shape)
{
    repay_error_clear(&reading->error);
    repay_builder_reset(&reading->builder, shape->layout);
    repay_body_begin(&reading->body, shape, &reading->builder, 2, 60, &reading->error);
}

/* In pieces of `piece` bytes, 0 for one piece. Each piece is a copy with nothing behind it. */
static inline bool reading_pieces(struct reading *reading, const struct repay_shape *shape,
                                  struct repay_text body, size_t piece)
{
    bool fed = true;
    reading_begin(reading, shape);
    for (size_t at = 0; fed && at < body.length;) {
        size_t length = body.length - at;
        if (piece != 0 && length > piece)
            length = piece;
        char *copy = malloc(length);
        if (!copy)
            abort();
        memcpy(copy, body.data + at, length);
        fed = repay_body_feed(&reading->body, copy, length);
        free(copy);
        at += length;
    }
    /* Asked also after a failure: it must then say the same. */
    bool ended = repay_body_end(&reading->body);
    if (ended && !fed)
        abort();
    return ended;
}

static inline void reading_add(struct reading *reading, const char *text)
{
    repay_bytes_append_string(&reading->shown, text);
}

static inline void reading_add_value(struct reading *reading, const struct repay_field *field,
                                     const struct repay_value *value)
{
    reading_add(reading, field->name);
    if (!value->present) {
        reading_add(reading, "=nil ");
        return;
    }
    reading_add(reading, "=");
    if (field->type == REPAY_FIELD_TEXT || field->type == REPAY_FIELD_UUID ||
        field->type == REPAY_FIELD_MOMENT)
        repay_bytes_append_text(&reading->shown, value->text);
    else
        repay_bytes_append_integer(&reading->shown, value->integer);
    reading_add(reading, " ");
}

static inline void reading_add_rows(struct reading *reading, const struct repay_schedule *schedule)
{
    for (uint32_t row = 0; row < schedule->rows; row++) {
        for (unsigned i = 0; i < schedule->layout->field_count; i++) {
            struct repay_value value;
            repay_schedule_value(schedule, row, &schedule->layout->fields[i], &value);
            reading_add_value(reading, &schedule->layout->fields[i], &value);
        }
        reading_add(reading, "extra=");
        repay_bytes_append_text(&reading->shown, repay_schedule_extra(schedule, row));
        reading_add(reading, "\n");
    }
}

static inline void reading_add_envelope(struct reading *reading)
{
    static const char *const found[] = {"absent", "null", "list", "one", "misplaced"};
    const struct repay_envelope *envelope = &reading->body.envelope;
    const char *const *names = reading->body.shape->envelope;
    for (unsigned i = 0; names && names[i]; i++) {
        reading_add(reading, names[i]);
        reading_add(reading, "=");
        if (envelope->present[i])
            repay_bytes_append_text(&reading->shown, envelope->values[i].raw);
        reading_add(reading, " ");
    }
    reading_add(reading, found[envelope->rows_found]);
    reading_add(reading, " ");
    reading_add(reading, envelope->is_json ? "json " : "no_json ");
    repay_bytes_append_integer(&reading->shown, envelope->rows);
    reading_add(reading, "\n");
}

/* The schedule in `memory` of the size that was asked for, or moved into `large`. */
static inline const struct repay_schedule *reading_schedule(struct reading *reading, bool packed,
                                                            void **memory, size_t *size,
                                                            struct repay_schedule *large)
{
    repay_schedule_init(large);
    *memory = NULL;
    struct repay_packing packing = repay_builder_measure(&reading->builder, &reading_facts);
    *size = packing.size;
    if (packed && *size <= REPAY_SCHEDULE_INLINE_MAX) {
        *memory = malloc(*size);
        if (!*memory)
            abort();
        repay_builder_pack(&reading->builder, &reading_facts, &packing, *memory);
        return *memory;
    }
    if (!repay_builder_move(&reading->builder, &reading_facts, large, &reading->error))
        return NULL;
    return large;
}

/* Everything that can be seen of the reading, errors included; borrowed until the next show. */
static inline struct repay_text reading_show(struct reading *reading, bool packed)
{
    const struct repay_error *error = &reading->error;
    repay_bytes_clear(&reading->shown);
    reading_add(reading, repay_kind_name(error->kind));
    reading_add(reading, " ");
    repay_bytes_append_integer(&reading->shown, error->offset);
    reading_add(reading, " ");
    reading_add(reading, error->message);
    reading_add(reading, "\n");
    reading_add_envelope(reading);
    if (error->kind == REPAY_KIND_NONE) {
        void *memory;
        size_t size;
        struct repay_schedule large;
        const struct repay_schedule *schedule =
            reading_schedule(reading, packed, &memory, &size, &large);
        if (schedule)
            reading_add_rows(reading, schedule);
        free(memory);
        repay_schedule_free(&large);
    }
    return repay_bytes_text(&reading->shown);
}

#endif
