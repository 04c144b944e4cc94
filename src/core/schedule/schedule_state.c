/*
 * The five states and their names; schedule_state.h says which is which.
 */
#include "schedule_state.h"

static const char *const names[] = {
    [REPAY_STATE_PAID] = "paid",       [REPAY_STATE_DUE] = "due",
    [REPAY_STATE_OVERDUE] = "overdue", [REPAY_STATE_PARTIAL_OVERDUE] = "partial_overdue",
    [REPAY_STATE_UNKNOWN] = "unknown",
};

enum repay_state repay_schedule_state(const struct repay_schedule *schedule, uint32_t row,
                                      int32_t as_of)
{
    int64_t outstanding = repay_schedule_figure(schedule, REPAY_FIGURE_OUTSTANDING, row);
    int32_t day = repay_schedule_day(schedule, row);

    if (outstanding == REPAY_AMOUNT_ABSENT)
        return REPAY_STATE_UNKNOWN;
    if (outstanding <= 0)
        return REPAY_STATE_PAID;
    if (day == REPAY_DAY_ABSENT || schedule->layout->lateness_reason)
        return REPAY_STATE_UNKNOWN;
    if (day >= as_of)
        return REPAY_STATE_DUE;
    /* A paid amount that is not known is REPAY_AMOUNT_ABSENT, which is below zero. */
    return repay_schedule_figure(schedule, REPAY_FIGURE_PAID, row) > 0 ? REPAY_STATE_PARTIAL_OVERDUE
                                                                       : REPAY_STATE_OVERDUE;
}

const char *repay_state_name(enum repay_state state)
{
    return names[state];
}

enum repay_state repay_state_from_name(struct repay_text name)
{
    int state = 0;

    while (state < REPAY_STATE_COUNT && !repay_text_is(name, names[state]))
        state++;
    return (enum repay_state)state;
}
