/*
 * Between portfolio.c and portfolio_loans.c; nobody else includes this.
 */
#ifndef REPAY_PORTFOLIO_INNER_H
#define REPAY_PORTFOLIO_INNER_H

#include "portfolio.h"

/*
 * Writes records for the loans in scratch behind the last one, where nothing finds them yet. False:
 * one of them is held already, or memory ran out.
 */
bool repay_portfolio_stage_loans(struct repay_portfolio *portfolio,
                                 const struct repay_schedule *schedule, uint32_t cell,
                                 struct repay_error *error);
/* Makes the staged records part of the portfolio. Cannot fail. */
void repay_portfolio_keep_loans(struct repay_portfolio *portfolio);
void repay_portfolio_free_loans(struct repay_portfolio *portfolio);
size_t repay_portfolio_loans_memory(const struct repay_portfolio *portfolio);

#endif
