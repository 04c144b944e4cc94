/*
 * Balances that a provider prints for the whole loan on each row of it.
 *
 * Owns which of them is taken when the rows disagree: that of the one row made last. Two rows made
 * at the same moment, or a moment that cannot be read, leave it unknown.
 */
#ifndef REPAY_LOAN_BALANCES_H
#define REPAY_LOAN_BALANCES_H

#include "schedule_loans.h"

/* Sets told_principal and told_balance where the layout has such columns. */
bool repay_loans_read_balances(struct repay_loans *loans, const struct repay_schedule *schedule,
                               struct repay_error *error);

#endif
