/*
 * What changed from an older answer to a newer one about the same subject.
 *
 * Owns which rows are the same row (the layout says by what), and what a change is called. A row
 * that is gone is gone: it is never called paid. The patch holds what it takes to make the newer
 * schedule from the older, in the newer's order and with the newer's facts, byte for byte.
 */
#ifndef REPAY_SCHEDULE_DIFF_H
#define REPAY_SCHEDULE_DIFF_H

#include "schedule_dump.h"

/* The kind, its name in Lua. */
#define REPAY_CHANGES(X)                                                                           \
    X(NEW, "new")                                                                                  \
    X(GONE, "gone")                                                                                \
    X(PAID, "paid")                                                                                \
    X(PARTLY_PAID, "partly_paid")                                                                  \
    X(RESCHEDULED, "rescheduled")                                                                  \
    X(REPRICED, "repriced")                                                                        \
    X(PENALTY_ADDED, "penalty_added")                                                              \
    X(STATUS_CHANGED, "status_changed")                                                            \
    X(CHANGED, "changed") /* some other field */

enum repay_change_kind {
#define X(name, text) REPAY_CHANGE_##name,
    REPAY_CHANGES(X)
#undef X
        REPAY_CHANGE_KIND_COUNT
};
const char *repay_change_name(enum repay_change_kind kind);

#define REPAY_DIFF_NO_ROW UINT32_MAX

struct repay_change {
    uint32_t kinds;     /* one bit a kind */
    uint32_t fields;    /* one bit a field of the layout whose value changed */
    uint32_t old_row;   /* from 0; NO_ROW for a new one */
    uint32_t new_row;   /* NO_ROW for one that is gone */
    bool extra_changed; /* members that are not documented */
};

struct repay_diff {
    const struct repay_allocator *allocator;
    struct repay_change *changes; /* in the newer order, then what is gone in the older */
    uint32_t count;
    uint32_t room;
    uint32_t counts[REPAY_CHANGE_KIND_COUNT];
    uint32_t unchanged;
    bool by_date;   /* rows were matched by due date, because their number changed */
    bool reordered; /* rows that both have stand in another order */
    struct repay_bytes patch;
};

void repay_diff_init(struct repay_diff *diff, const struct repay_allocator *allocator);
/* Safe twice. */
void repay_diff_free(struct repay_diff *diff);
/* Fails when the two are not answers to one question, or the older is not older. */
bool repay_schedule_diff(const struct repay_schedule *newer, const struct repay_schedule *older,
                         struct repay_diff *out, struct repay_error *error);

/*
 * Makes the newer schedule's rows in the builder. Fails for a patch that was not made from `older`,
 * and for bytes that are no patch.
 */
bool repay_schedule_apply(const struct repay_schedule *older, struct repay_text patch,
                          repay_layout_finder *find, struct repay_builder *builder,
                          struct repay_schedule_facts *facts, struct repay_error *error);

#endif
