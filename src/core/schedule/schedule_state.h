/*
 * Where a row stands as of a day.
 *
 * The state comes from amounts and due day alone; a provider's word for a row is its status and
 * never gets here.
 */
#ifndef REPAY_SCHEDULE_STATE_H
#define REPAY_SCHEDULE_STATE_H

#include "schedule.h"

enum repay_state {
    REPAY_STATE_PAID, /* nothing is outstanding */
    REPAY_STATE_DUE,  /* due on as_of or later */
    REPAY_STATE_OVERDUE,
    REPAY_STATE_PARTIAL_OVERDUE, /* overdue, and something was paid */
    REPAY_STATE_UNKNOWN,         /* the amount or the due day is not known */
    REPAY_STATE_COUNT
};

enum repay_state repay_schedule_state(const struct repay_schedule *schedule, uint32_t row,
                                      int32_t as_of);
const char *repay_state_name(enum repay_state state);
/* REPAY_STATE_COUNT for a word that is no state. */
enum repay_state repay_state_from_name(struct repay_text name);

#endif
