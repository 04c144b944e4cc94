/*
 * Portfolio measures by day: ageing, cash flow, and the list of who is late. See
 * portfolio_measures.h; sums are shares of what portfolio.c bounded.
 */
#include "portfolio_measures.h"

#include "order.h"

#define WEEK 7

uint64_t repay_portfolio_unknown_rows(const struct repay_portfolio *portfolio, const bool *selected)
{
    uint64_t rows = 0;

    for (uint32_t i = 0; i < portfolio->cell_count; i++)
        rows += selected[i] ? portfolio->cells[i].unknown_rows : 0;
    return rows;
}

const char *repay_portfolio_unknown_reason(const struct repay_portfolio *portfolio,
                                           const bool *selected)
{
    const char *reason = NULL;

    for (uint32_t i = 0; i < portfolio->cell_count; i++) {
        if (selected[i] && portfolio->cells[i].unknown_rows > 0)
            reason = repay_reason_join(reason, repay_lateness_reason(portfolio->cells[i].layout));
    }
    return reason ? reason : REPAY_REASON_UNKNOWN_ROWS;
}

static void add_to_bucket(struct repay_ageing *ageing, uint32_t bucket, int64_t outstanding,
                          uint64_t count)
{
    ageing->buckets[bucket].outstanding += outstanding;
    ageing->buckets[bucket].count += count;
    ageing->sum.minor += outstanding;
    ageing->sum.known_rows += count;
}

void repay_portfolio_ageing_rows(const struct repay_portfolio *portfolio, const bool *selected,
                                 const struct repay_ages *ages, struct repay_ageing *out)
{
    memset(out, 0, sizeof *out);
    out->sum.missing_rows = repay_portfolio_unknown_rows(portfolio, selected);
    for (uint32_t i = 0; i < portfolio->day_count; i++) {
        const struct repay_day_sum *sum = &portfolio->days[i];

        if (selected[sum->cell])
            add_to_bucket(out, repay_ages_bucket(ages, portfolio->as_of, sum->day),
                          sum->outstanding, sum->rows);
    }
}

void repay_portfolio_ageing_loans(const struct repay_portfolio *portfolio, const bool *selected,
                                  const struct repay_ages *ages, struct repay_ageing *out)
{
    memset(out, 0, sizeof *out);
    out->sum.missing_rows = repay_portfolio_unknown_rows(portfolio, selected);
    for (uint32_t i = 0; i < portfolio->loan_count; i++) {
        const struct repay_portfolio_loan *loan = repay_portfolio_loan(portfolio, i);
        uint32_t bucket = 0;

        if (!selected[loan->cell] || loan->outstanding == 0 ||
            (loan->flags & REPAY_LOAN_BALANCE_TOLD) != 0)
            continue;
        if (loan->oldest_late_day != REPAY_DAY_ABSENT)
            bucket = repay_ages_bucket(ages, portfolio->as_of, loan->oldest_late_day);
        else if ((loan->flags & REPAY_LOAN_HAS_UNDATED) != 0)
            bucket = repay_ages_undated(ages);
        add_to_bucket(out, bucket, loan->outstanding, 1);
    }
}

static int32_t month_of(int32_t day)
{
    struct repay_civil civil = repay_civil_from_day(day);

    return civil.year * 12 + civil.month - 1;
}

static int32_t first_of_month(int32_t month)
{
    return repay_day_from_civil(
        (struct repay_civil){.year = month / 12, .month = month % 12 + 1, .day = 1});
}

void repay_period_span(int32_t as_of, enum repay_period period, uint32_t i, int32_t *first,
                       int32_t *last)
{
    int32_t ahead = (int32_t)i;
    int32_t monday, month;

    switch (period) {
    case REPAY_PERIOD_DAY:
        *first = as_of + ahead;
        *last = *first;
        break;
    case REPAY_PERIOD_WEEK:
        monday = as_of - repay_day_weekday(as_of) + ahead * WEEK;
        *first = monday > as_of ? monday : as_of;
        *last = monday + WEEK - 1;
        break;
    case REPAY_PERIOD_MONTH:
        month = month_of(as_of) + ahead;
        *first = ahead > 0 ? first_of_month(month) : as_of;
        *last = first_of_month(month + 1) - 1;
        break;
    }
}

/* Which period a day from as_of on is in; as many as there are, or more. */
static uint32_t period_of(int32_t as_of, enum repay_period period, int32_t day)
{
    switch (period) {
    case REPAY_PERIOD_DAY:
        return (uint32_t)(day - as_of);
    case REPAY_PERIOD_WEEK:
        return (uint32_t)(day - as_of + repay_day_weekday(as_of)) / WEEK;
    case REPAY_PERIOD_MONTH:
        break;
    }
    return (uint32_t)(month_of(day) - month_of(as_of));
}

void repay_portfolio_cash_flow(const struct repay_portfolio *portfolio, const bool *selected,
                               enum repay_period period, uint32_t periods, struct repay_flow *flows)
{
    memset(flows, 0, (periods + 3) * sizeof *flows);
    for (uint32_t i = 0; i < portfolio->day_count; i++) {
        const struct repay_day_sum *sum = &portfolio->days[i];
        struct repay_flow *flow = &flows[0];

        if (!selected[sum->cell])
            continue;
        if (sum->day == REPAY_DAY_ABSENT) {
            flow = &flows[periods + 2];
        } else if (sum->day >= portfolio->as_of) {
            uint32_t at = period_of(portfolio->as_of, period, sum->day);

            flow = &flows[1 + (at < periods ? at : periods)];
        }
        flow->outstanding += sum->outstanding;
        flow->principal_high += sum->principal_high;
        flow->principal_low += sum->principal_low;
        flow->rows += sum->rows;
        flow->no_principal_rows += sum->no_principal_rows;
        flow->no_low_rows += sum->no_low_rows;
    }
}

/* Where two accounts have a loan of the same id, the account added first comes first. */
static bool is_worse(const void *context, uint32_t a, uint32_t b)
{
    const struct repay_portfolio *portfolio = context;
    const struct repay_portfolio_loan *loans[2] = {repay_portfolio_loan(portfolio, a),
                                                   repay_portfolio_loan(portfolio, b)};
    char rooms[2][40];
    int order;

    if (loans[0]->oldest_late_day != loans[1]->oldest_late_day)
        return loans[0]->oldest_late_day < loans[1]->oldest_late_day;
    if (loans[0]->overdue != loans[1]->overdue)
        return loans[0]->overdue > loans[1]->overdue;
    order = repay_text_compare(repay_portfolio_loan_id(portfolio, loans[0], rooms[0]),
                               repay_portfolio_loan_id(portfolio, loans[1], rooms[1]));
    return order != 0 ? order < 0 : a < b;
}

void repay_portfolio_delinquents(const struct repay_portfolio *portfolio, const bool *selected,
                                 uint32_t *places, uint32_t room, uint32_t *count)
{
    struct repay_first worst = {
        .items = places, .room = room, .before = is_worse, .context = portfolio};

    for (uint32_t i = 0; i < portfolio->loan_count; i++) {
        const struct repay_portfolio_loan *loan = repay_portfolio_loan(portfolio, i);

        if (selected[loan->cell] && loan->oldest_late_day != REPAY_DAY_ABSENT)
            repay_first_offer(&worst, i);
    }
    repay_order(places, worst.count, is_worse, portfolio);
    *count = worst.count;
}
