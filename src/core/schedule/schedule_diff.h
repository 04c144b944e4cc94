/*
 * What changed from an older answer to a newer one about the same subject.
 *
 * Owns which rows are the same row; the layout says by what. A row that is gone is gone: it is
 * never called paid.
 */
#ifndef REPAY_SCHEDULE_DIFF_H
#define REPAY_SCHEDULE_DIFF_H

#include "bytes.h"
#include "schedule_change.h"

struct repay_change {
    uint32_t kinds;     /* one bit a kind */
    uint32_t fields;    /* one bit a field of the layout whose value changed */
    uint32_t old_row;   /* from 0; REPAY_NO_ROW for a new one */
    uint32_t new_row;   /* REPAY_NO_ROW for one that is gone */
    bool extra_changed; /* members that are not documented */
};

struct repay_diff {
    const struct repay_allocator *allocator;
    struct repay_change *changes; /* in the newer order, then what is gone in the older */
    uint32_t count;
    uint32_t room;
    uint32_t counts[REPAY_CHANGE_KIND_COUNT];
    uint32_t unchanged;
    bool by_date;             /* rows were matched by due date, because their number changed */
    bool reordered;           /* rows that both have stand in another order */
    struct repay_bytes patch; /* schedule_patch.h */
};

void repay_diff_init(struct repay_diff *diff, const struct repay_allocator *allocator);
/* Safe twice. */
void repay_diff_free(struct repay_diff *diff);
/* Fails when the two are not answers to one question, or the older is not older. */
bool repay_schedule_diff(const struct repay_schedule *newer, const struct repay_schedule *older,
                         struct repay_diff *out, struct repay_error *error);

#endif
