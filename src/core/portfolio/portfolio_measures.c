/*
 * Passes over day sums and loan records; portfolio_measures.h says what they mean.
 *
 * Additions here are not checked one by one: what a portfolio holds of a currency is bounded when
 * it is added (portfolio.c), and what is outstanding here is a share of that. Total due and paid,
 * which may be below zero, and balances told of whole loans, which no row bounds, are checked.
 */
#include "portfolio_measures.h"

bool repay_selection_has(const struct repay_portfolio *portfolio,
                         const struct repay_selection *selection, const struct repay_cell *cell)
{
    uint32_t tags;

    if (cell->loans == 0 || cell->currency != selection->currency)
        return false;
    if (selection->provider != REPAY_NAME_NONE && cell->provider != selection->provider)
        return false;
    if (selection->tag == REPAY_NAME_NONE)
        return true;
    tags = repay_portfolio_tag_count(portfolio, cell);
    for (uint32_t i = 0; i < tags; i++) {
        if (repay_portfolio_tag(portfolio, cell, i) == selection->tag)
            return true;
    }
    return false;
}

void repay_portfolio_select(const struct repay_portfolio *portfolio,
                            const struct repay_selection *selection, bool *selected)
{
    for (uint32_t i = 0; i < portfolio->cell_count; i++)
        selected[i] = repay_selection_has(portfolio, selection, &portfolio->cells[i]);
}

static void summarize_cell(const struct repay_cell *cell, struct repay_summary *out)
{
    *out = (struct repay_summary){
        .loans = cell->loans, .rows = cell->rows, .total_due = cell->total_due, .paid = cell->paid};
    out->outstanding.known_rows = cell->rows - cell->unknown_rows;
    out->outstanding.missing_rows = cell->unknown_rows;
    out->overdue.missing_rows = cell->unknown_late_rows;
    out->undated.missing_rows = cell->unknown_undated_rows;
    out->principal.missing_rows = cell->unknown_rows;
    out->principal_low.missing_rows = cell->unknown_rows;
    if (cell->unknown_rows > 0)
        out->reason = repay_lateness_reason(cell->layout);
    if (cell->total_due.missing_rows > 0)
        out->total_due_reason = repay_figure_reason(cell->layout, REPAY_FIGURE_TOTAL_DUE);
    if (cell->paid.missing_rows > 0)
        out->paid_reason = repay_figure_reason(cell->layout, REPAY_FIGURE_PAID);
}

static void add_day(struct repay_sum *sum, const struct repay_day_sum *day)
{
    sum->minor += day->outstanding;
    sum->known_rows += day->rows;
}

static void summarize_day(const struct repay_day_sum *sum, int32_t as_of, struct repay_summary *out)
{
    if (sum->day == REPAY_DAY_ABSENT)
        add_day(&out->undated, sum);
    else if (sum->day < as_of)
        add_day(&out->overdue, sum);
    out->outstanding.minor += sum->outstanding;
    out->principal.minor += sum->principal_high;
    out->principal.known_rows += sum->rows - sum->no_principal_rows;
    out->principal.missing_rows += sum->no_principal_rows;
    out->principal_low.minor += sum->principal_low;
    out->principal_low.known_rows += sum->rows - sum->no_low_rows;
    out->principal_low.missing_rows += sum->no_low_rows;
}

static const char told_balances[] = "the balances of loans with unknown rows";

static bool summarize_loan(const struct repay_portfolio_loan *loan, struct repay_summary *out)
{
    bool unknown = (loan->flags & REPAY_LOAN_HAS_UNKNOWN) != 0;

    if (loan->oldest_late_day != REPAY_DAY_ABSENT)
        out->late_loans++;
    else
        out->undecided_loans += (loan->flags & REPAY_LOAN_OVERDUE_UNKNOWN) != 0;
    out->paid_loans += !unknown && loan->outstanding == 0;
    out->unknown_loans += unknown;
    return !unknown || (repay_money_add(&out->unknown_balance, loan->outstanding) &&
                        repay_money_in_range(out->unknown_balance));
}

bool repay_portfolio_summarize(const struct repay_portfolio *portfolio,
                               struct repay_summary *by_cell, struct repay_error *error)
{
    for (uint32_t i = 0; i < portfolio->cell_count; i++)
        summarize_cell(&portfolio->cells[i], &by_cell[i]);
    for (uint32_t i = 0; i < portfolio->day_count; i++) {
        const struct repay_day_sum *sum = &portfolio->days[i];

        summarize_day(sum, portfolio->as_of, &by_cell[sum->cell]);
    }
    for (uint32_t i = 0; i < portfolio->loan_count; i++) {
        const struct repay_portfolio_loan *loan = repay_portfolio_loan(portfolio, i);

        if (!summarize_loan(loan, &by_cell[loan->cell]))
            return repay_sum_overflow(told_balances, error);
    }
    return true;
}

static bool merge_cell(const struct repay_summary *cell, struct repay_summary *out)
{
    out->loans += cell->loans;
    out->rows += cell->rows;
    out->late_loans += cell->late_loans;
    out->undecided_loans += cell->undecided_loans;
    out->paid_loans += cell->paid_loans;
    out->unknown_loans += cell->unknown_loans;
    out->reason = repay_reason_join(out->reason, cell->reason);
    out->total_due_reason = repay_reason_join(out->total_due_reason, cell->total_due_reason);
    out->paid_reason = repay_reason_join(out->paid_reason, cell->paid_reason);
    return repay_money_add(&out->unknown_balance, cell->unknown_balance) &&
           repay_sum_add(&out->total_due, &cell->total_due) &&
           repay_sum_add(&out->paid, &cell->paid) &&
           repay_sum_add(&out->outstanding, &cell->outstanding) &&
           repay_sum_add(&out->overdue, &cell->overdue) &&
           repay_sum_add(&out->undated, &cell->undated) &&
           repay_sum_add(&out->principal, &cell->principal) &&
           repay_sum_add(&out->principal_low, &cell->principal_low);
}

bool repay_summary_merge(const struct repay_portfolio *portfolio,
                         const struct repay_summary *by_cell,
                         const struct repay_selection *selection, struct repay_summary *out,
                         struct repay_error *error)
{
    struct repay_summary sum = {.loans = 0};

    for (uint32_t i = 0; i < portfolio->cell_count; i++) {
        if (repay_selection_has(portfolio, selection, &portfolio->cells[i]) &&
            !merge_cell(&by_cell[i], &sum))
            return repay_sum_overflow("the portfolio's amounts", error);
    }
    if (!repay_sum_check(sum.total_due.minor, "total_due_minor", error) ||
        !repay_sum_check(sum.paid.minor, "paid_minor", error) ||
        !repay_sum_check(sum.unknown_balance, told_balances, error))
        return false;
    *out = sum;
    return true;
}

/*
 * Whether the loan has the data: its outstanding principal, and whether one of its rows is more
 * than `days` days late. An undated row may be, unless another one is for certain.
 */
static bool has_risk_data(const struct repay_portfolio_loan *loan, bool is_at_risk)
{
    if ((loan->flags & (REPAY_LOAN_HAS_UNKNOWN | REPAY_LOAN_NO_PRINCIPAL)) != 0)
        return false;
    return is_at_risk || (loan->flags & REPAY_LOAN_HAS_UNDATED) == 0;
}

static bool add_risk(struct repay_cell_risk *risk, const struct repay_portfolio_loan *loan,
                     bool is_at_risk)
{
    if (!has_risk_data(loan, is_at_risk)) {
        risk->missing_loans++;
        return repay_money_add(&risk->missing_balance, loan->outstanding) &&
               repay_money_in_range(risk->missing_balance);
    }
    risk->loans++;
    risk->principal += loan->principal_high;
    risk->principal_low += loan->principal_low;
    risk->no_low_loans += (loan->flags & REPAY_LOAN_NO_LOW) != 0;
    if (is_at_risk) {
        risk->loans_at_risk++;
        risk->at_risk += loan->principal_high;
        risk->at_risk_low += loan->principal_low;
    }
    return true;
}

bool repay_portfolio_risk(const struct repay_portfolio *portfolio, int32_t days,
                          struct repay_cell_risk *by_cell, struct repay_error *error)
{
    memset(by_cell, 0, portfolio->cell_count * sizeof *by_cell);
    for (uint32_t i = 0; i < portfolio->loan_count; i++) {
        const struct repay_portfolio_loan *loan = repay_portfolio_loan(portfolio, i);
        bool is_at_risk = loan->oldest_late_day != REPAY_DAY_ABSENT &&
                          portfolio->as_of - loan->oldest_late_day > days;

        if (!add_risk(&by_cell[loan->cell], loan, is_at_risk))
            return repay_sum_overflow(told_balances, error);
    }
    return true;
}

bool repay_risk_merge(const struct repay_portfolio *portfolio,
                      const struct repay_cell_risk *by_cell,
                      const struct repay_selection *selection, struct repay_cell_risk *out,
                      struct repay_error *error)
{
    struct repay_cell_risk sum = {.loans = 0};

    for (uint32_t i = 0; i < portfolio->cell_count; i++) {
        const struct repay_cell_risk *risk = &by_cell[i];

        if (!repay_selection_has(portfolio, selection, &portfolio->cells[i]))
            continue;
        if (!repay_money_add(&sum.missing_balance, risk->missing_balance))
            return repay_sum_overflow(told_balances, error);
        sum.principal += risk->principal;
        sum.principal_low += risk->principal_low;
        sum.at_risk += risk->at_risk;
        sum.at_risk_low += risk->at_risk_low;
        sum.loans += risk->loans;
        sum.loans_at_risk += risk->loans_at_risk;
        sum.missing_loans += risk->missing_loans;
        sum.no_low_loans += risk->no_low_loans;
    }
    if (!repay_sum_check(sum.missing_balance, told_balances, error))
        return false;
    *out = sum;
    return true;
}
