/*
 * Which rows of a schedule meet some conditions: comparisons of one value each, all of which must
 * hold.
 *
 * A value that is not known meets no comparison, not even "is not": only a condition that asks
 * whether it is known finds it. Texts are compared byte by byte, so that moments written in one
 * form and days stand in their order.
 */
#ifndef REPAY_SCHEDULE_FILTER_H
#define REPAY_SCHEDULE_FILTER_H

#include "schedule_state.h"

#define REPAY_CONDITIONS_MAX 64 /* of one filter */

enum repay_condition_of {
    REPAY_CONDITION_FIGURE,
    REPAY_CONDITION_FIELD,
    REPAY_CONDITION_LOAN_ID,
    REPAY_CONDITION_NUMBER,
    REPAY_CONDITION_STATUS,   /* as text */
    REPAY_CONDITION_STATE,    /* likewise, as of a day */
    REPAY_CONDITION_DAYS_LATE /* of a row with something outstanding; known for those alone */
};

enum repay_comparison {
    REPAY_COMPARE_IS,
    REPAY_COMPARE_IS_NOT,
    REPAY_COMPARE_MIN,   /* at least */
    REPAY_COMPARE_MAX,   /* at most */
    REPAY_COMPARE_ABOVE, /* more than */
    REPAY_COMPARE_BELOW, /* less than */
    REPAY_COMPARE_GIVEN  /* `integer` says whether it must be known */
};

struct repay_condition {
    enum repay_condition_of of;
    enum repay_comparison comparison;
    enum repay_figure figure;
    const struct repay_field *field;
    bool is_text; /* compared with `text`, else with `integer` */
    int64_t integer;
    struct repay_text text; /* borrowed */
};

/* Whether the value is a text, and so has to be compared with one. */
bool repay_condition_wants_text(const struct repay_condition *condition);

bool repay_schedule_meets(const struct repay_schedule *schedule, uint32_t row, int32_t as_of,
                          const struct repay_condition *conditions, uint32_t count);

#endif
