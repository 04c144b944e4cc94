/*
 * The sums of a whole schedule, in one pass over its columns, and what is due within a span of
 * days.
 *
 * Owns which rows count: those with something outstanding, by their due day. Refuses to guess: a
 * row whose outstanding amount is not known is counted as missing wherever it could belong.
 */
#ifndef REPAY_SCHEDULE_TOTALS_H
#define REPAY_SCHEDULE_TOTALS_H

#include "measure.h"

/* What is outstanding on rows due within a span of days. */
struct repay_due {
    struct repay_sum sum;     /* missing rows: unknown amounts due then, or on no known day */
    struct repay_sum undated; /* outstanding on rows without a due day: in no known span */
};

struct repay_totals {
    uint32_t rows;
    struct repay_sum figures[REPAY_FIGURE_COUNT]; /* outstanding: rows above zero only */
    struct repay_due overdue;                     /* due before as_of */
};

bool repay_schedule_totals(const struct repay_schedule *schedule, int32_t as_of,
                           struct repay_totals *out, struct repay_error *error);

/* From `first` to `last`, both within. */
bool repay_schedule_due(const struct repay_schedule *schedule, int32_t first, int32_t last,
                        struct repay_due *out, struct repay_error *error);

/* The earliest day from `first` to `last` on which something is due, or REPAY_DAY_ABSENT. */
int32_t repay_schedule_earliest(const struct repay_schedule *schedule, int32_t first, int32_t last);

/* The earliest due day from as_of on, and all of that day. */
struct repay_next_due {
    int32_t day;          /* REPAY_DAY_ABSENT: nothing known is due from as_of on */
    struct repay_due due; /* missing rows: they might be due then, or earlier */
};
bool repay_schedule_next_due(const struct repay_schedule *schedule, int32_t as_of,
                             struct repay_next_due *out, struct repay_error *error);

/*
 * The first `room` rows (ordered by due day, number, position) with something outstanding that are
 * due within the span; `rows` is the caller's, *count gets how many there are of them.
 */
void repay_schedule_due_rows(const struct repay_schedule *schedule, int32_t first, int32_t last,
                             uint32_t *rows, uint32_t room, uint32_t *count);

#endif
