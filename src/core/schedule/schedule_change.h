/*
 * What a change of a row is called: a payment, another day, another price.
 */
#ifndef REPAY_SCHEDULE_CHANGE_H
#define REPAY_SCHEDULE_CHANGE_H

#include "schedule.h"

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

/*
 * One bit for each kind that the two rows, of which `fields` differ (one bit a field of the
 * layout), make a change; never none.
 */
uint32_t repay_change_kinds(const struct repay_schedule *older, uint32_t old_row,
                            const struct repay_schedule *newer, uint32_t new_row, uint32_t fields);

#endif
