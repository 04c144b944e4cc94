/*
 * What the files of the check share: the rules of rows, in schedule_check.c, and those of loans, in
 * schedule_check_loans.c.
 */
#ifndef REPAY_SCHEDULE_CHECK_INNER_H
#define REPAY_SCHEDULE_CHECK_INNER_H

#include "schedule_check.h"

void repay_check_tried(struct repay_check *check, enum repay_rule rule);
void repay_check_add(struct repay_check *check, const struct repay_finding *finding);
bool repay_check_loans(struct repay_check *check, const struct repay_schedule *schedule,
                       struct repay_error *error);

#endif
