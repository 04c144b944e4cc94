/*
 * What can be said of a portfolio: sums, ageing, loans at risk, cash flow, who is late.
 *
 * Every measure is over a selection: one currency, and within it one provider or one tag where
 * asked. No measure ever adds two currencies. What the providers' data cannot support is counted as
 * missing beside each figure; loans without the data leave both sides of a ratio.
 */
#ifndef REPAY_PORTFOLIO_MEASURES_H
#define REPAY_PORTFOLIO_MEASURES_H

#include "portfolio.h"

#define REPAY_PERIODS_MAX 3660 /* ten years of days */

/* Names of the portfolio; REPAY_NAME_NONE: any. The currency is never any. */
struct repay_selection {
    uint32_t currency;
    uint32_t provider;
    uint32_t tag;
};
bool repay_selection_has(const struct repay_portfolio *portfolio,
                         const struct repay_selection *selection, const struct repay_cell *cell);

struct repay_summary {
    uint64_t loans;
    uint64_t rows;
    uint64_t late_loans;
    uint64_t undecided_loans; /* not late as far as is known, but a row of unknown amount may be */
    uint64_t paid_loans;
    uint64_t unknown_loans;  /* some row's amount is not known */
    int64_t unknown_balance; /* what is known of those loans, or told of them as a whole */
    struct repay_sum total_due;
    struct repay_sum paid;
    struct repay_sum outstanding;
    struct repay_sum overdue;   /* missing rows: unknown amounts, and due before as_of or undated */
    struct repay_sum undated;   /* missing rows: unknown amounts without a due day */
    struct repay_sum principal; /* high; missing rows: no principal, and rows of unknown amount */
    struct repay_sum principal_low;
    const char *reason;           /* why rows of unknown amount are so; NULL: there are none */
    const char *total_due_reason; /* likewise of rows without total due */
    const char *paid_reason;
};

/*
 * A measure by cell, so that any grouping is a sum of cells: made once, in one pass over the loans
 * and one over the days, then merged for each selection.
 */
struct repay_cell_risk {
    int64_t principal, principal_low; /* of all loans that have the data */
    int64_t at_risk, at_risk_low;     /* of those with a row more than n days late */
    int64_t missing_balance;
    uint64_t loans, loans_at_risk, missing_loans, no_low_loans;
};

/* Arrays of one item a cell, the caller's, of portfolio->cell_count. */
bool repay_portfolio_summarize(const struct repay_portfolio *portfolio,
                               struct repay_summary *by_cell, struct repay_error *error);
bool repay_summary_merge(const struct repay_portfolio *portfolio,
                         const struct repay_summary *by_cell,
                         const struct repay_selection *selection, struct repay_summary *out,
                         struct repay_error *error);
bool repay_portfolio_risk(const struct repay_portfolio *portfolio, int32_t days,
                          struct repay_cell_risk *by_cell, struct repay_error *error);
bool repay_risk_merge(const struct repay_portfolio *portfolio,
                      const struct repay_cell_risk *by_cell,
                      const struct repay_selection *selection, struct repay_cell_risk *out,
                      struct repay_error *error);

/* `selected` gets true for the cells of the selection; an array of one item a cell. */
void repay_portfolio_select(const struct repay_portfolio *portfolio,
                            const struct repay_selection *selection, bool *selected);

void repay_portfolio_ageing_rows(const struct repay_portfolio *portfolio, const bool *selected,
                                 const struct repay_ages *ages, struct repay_ageing *out);
void repay_portfolio_ageing_loans(const struct repay_portfolio *portfolio, const bool *selected,
                                  const struct repay_ages *ages, struct repay_ageing *out);

enum repay_period { REPAY_PERIOD_DAY, REPAY_PERIOD_WEEK, REPAY_PERIOD_MONTH };

struct repay_flow {
    int64_t outstanding;
    int64_t principal_high;
    int64_t principal_low;
    uint64_t rows;
    uint64_t no_principal_rows;
    uint64_t no_low_rows;
};

/* First and last day of the i-th period; the first begins on as_of. */
void repay_period_span(int32_t as_of, enum repay_period period, uint32_t i, int32_t *first,
                       int32_t *last);
/* flows[0] overdue, then `periods` of them, then later, then undated: periods + 3 in all. */
void repay_portfolio_cash_flow(const struct repay_portfolio *portfolio, const bool *selected,
                               enum repay_period period, uint32_t periods,
                               struct repay_flow *flows);
/* Rows of the selection whose amount is not known: they are in no bucket and no period. */
uint64_t repay_portfolio_unknown_rows(const struct repay_portfolio *portfolio,
                                      const bool *selected);
/* Why they are so: the layout's word, or a general one where layouts differ. */
const char *repay_portfolio_unknown_reason(const struct repay_portfolio *portfolio,
                                           const bool *selected);

/*
 * The worst late loans of the selection: days late, then overdue amount, then loan id, then
 * account. `places` is the caller's, with `room`; *count gets how many there are of them.
 */
void repay_portfolio_delinquents(const struct repay_portfolio *portfolio, const bool *selected,
                                 uint32_t *places, uint32_t room, uint32_t *count);

#endif
