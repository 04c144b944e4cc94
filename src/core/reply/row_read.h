/*
 * One row object of a provider's list, read in one pass into the columns of a builder.
 *
 * Owns what a row's members may look like: numbers and flags may be strings, null is absent, days
 * and moments that are not in their documented form keep their text, and so does every member that
 * is not documented. Refuses what would make an amount uncertain: a documented member twice, an
 * amount that is no number, decimals that would have to be rounded.
 *
 * How a row looks is learned from the one before it (row_plan.h), and a row that looks the same is
 * read by comparing whatever stands between its values at once. A row that does not is read member
 * by member; there each name is compared with the one that followed last time.
 */
#ifndef REPAY_ROW_READ_H
#define REPAY_ROW_READ_H

#include "bytes.h"
#include "json_read.h"
#include "row_plan.h"
#include "schedule_build.h"

/* One row, or one value of an envelope: the longest documented row has under 1,000 bytes. */
#define REPAY_UNIT_MAX ((64u << 10) - REPAY_JSON_PADDING)

struct repay_row_reader {
    struct repay_builder *builder;
    const struct repay_layout *layout; /* of the body before: its order is the best guess */
    struct repay_error *error;         /* set by the reader only for memory and ceilings */
    struct repay_bytes extra;          /* members of the row under way that are kept as received */
    struct repay_bytes text;           /* a string without its escapes */
    const char *field;                 /* on BAD: the documented member it is about, or NULL */
    bool error_is_set;                 /* on BAD: memory or a ceiling; `error` says which */
    uint8_t decimals;
    int16_t zone_minutes;
    int64_t scale;     /* minor units of a major one */
    int64_t whole_max; /* amounts below this many major units fit without a check */
    /* Which member follows which; the last: begins a row. */
    uint8_t next_field[REPAY_FIELDS_MAX + 1];
    struct repay_row_plan plan; /* how the last row looked */
};

void repay_row_reader_init(struct repay_row_reader *reader,
                           const struct repay_allocator *allocator);
void repay_row_reader_free(struct repay_row_reader *reader);
/* Borrows both. The builder has its layout. */
void repay_row_reader_begin(struct repay_row_reader *reader, struct repay_builder *builder,
                            int decimals, int zone_minutes, struct repay_error *error);
/*
 * At '{'. OK: the row is kept and `scan->at` is past it; with `many` also the rows that follow it,
 * as far as they are whole. SHORT: nothing happened; a row longer than REPAY_UNIT_MAX is SHORT even
 * when its end is there. BAD: `scan->at` is the byte that is wrong and `scan->why` says why.
 * `scan->depth` counts what is open around it.
 */
enum repay_json_end repay_row_read(struct repay_row_reader *reader, struct repay_json_scan *scan,
                                   bool many);

#endif
