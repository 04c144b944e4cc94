/*
 * Measures of a portfolio by day: ageing and cash_flow.
 */
#include "lua_portfolio_measures.h"

#include "lua_figures.h"

static int ageing(lua_State *L)
{
    static const char *const names[] = {"by", "buckets", "provider", "tag", NULL};
    static const char where[] = "portfolio:ageing";
    const struct repay_portfolio *portfolio = repay_lua_check_portfolio(L, 1);
    struct repay_lua_question question;
    struct repay_ages ages;
    bool by_loan;

    repay_lua_check_options(L, 2, where, names);
    by_loan = repay_lua_by_loan_option(L, 2, where);
    repay_lua_ages_option(L, 2, where, &ages);
    repay_lua_ask(L, portfolio, where, &question);
    repay_lua_push_measure(L, portfolio,
                           by_loan
                               ? "all that a loan has outstanding, at its oldest late installment"
                               : "what is left of each installment, at its own age");
    for (uint32_t i = 0; i < question.code_count; i++) {
        struct repay_ageing sums;

        if (!repay_lua_select_currency(&question, i))
            continue;
        if (by_loan)
            repay_portfolio_ageing_loans(portfolio, question.selected, &ages, &sums);
        else
            repay_portfolio_ageing_rows(portfolio, question.selected, &ages, &sums);
        repay_lua_push_code(L, &question);
        repay_lua_push_question_group(L, &question);
        repay_lua_set_ageing(L, &ages, &sums,
                             repay_portfolio_unknown_reason(portfolio, question.selected));
        lua_rawset(L, -3);
    }
    repay_lua_end_measure(L);
    repay_lua_set_word(L, "by", by_loan ? "loan" : "installment");
    return 1;
}

static enum repay_period period_option(lua_State *L, const char *where)
{
    struct repay_text by = repay_lua_word_option(L, 2, where, "by");

    if (!by.data || repay_text_is(by, "week"))
        return REPAY_PERIOD_WEEK;
    if (repay_text_is(by, "day"))
        return REPAY_PERIOD_DAY;
    if (!repay_text_is(by, "month"))
        (void)luaL_error(L, "%s: option 'by' must be \"day\", \"week\" or \"month\"", where);
    return REPAY_PERIOD_MONTH;
}

static void push_flow(lua_State *L, const struct repay_flow *flow)
{
    struct repay_sum high = {flow->principal_high, flow->rows - flow->no_principal_rows,
                             flow->no_principal_rows};
    struct repay_sum low = {flow->principal_low, flow->rows - flow->no_low_rows, flow->no_low_rows};

    repay_lua_push_measure_group(L);
    repay_lua_set_integer(L, "outstanding_minor", flow->outstanding);
    repay_lua_set_count(L, "rows", flow->rows);
    repay_lua_set_sum(L, "outstanding_principal_minor", &high, REPAY_REASON_UNKNOWN_ROWS);
    repay_lua_set_sum(L, "outstanding_principal_low_minor", &low, REPAY_REASON_UNKNOWN_ROWS);
}

/* Nothing is known to be outstanding, and something may be: no period can be said to be empty. */
static void set_unknown_flows(lua_State *L, const char *reason)
{
    repay_lua_set_reason(L, "overdue", reason);
    repay_lua_set_reason(L, "periods", reason);
    repay_lua_set_reason(L, "later", reason);
    repay_lua_set_reason(L, "undated", reason);
}

static void set_flows(lua_State *L, const struct repay_lua_question *question,
                      const struct repay_flow *flows, enum repay_period period, uint32_t periods)
{
    struct repay_sum sum = {
        .missing_rows = repay_portfolio_unknown_rows(question->portfolio, question->selected)};
    const char *reason = repay_portfolio_unknown_reason(question->portfolio, question->selected);
    int32_t first, last = 0;

    for (uint32_t i = 0; i < periods + 3; i++) {
        sum.minor += flows[i].outstanding;
        sum.known_rows += flows[i].rows;
    }
    repay_lua_set_sum(L, "outstanding_minor", &sum, reason);
    if (sum.known_rows == 0 && sum.missing_rows > 0) {
        set_unknown_flows(L, reason);
        return;
    }
    push_flow(L, &flows[0]);
    lua_setfield(L, -2, "overdue");
    lua_createtable(L, (int)periods, 0);
    for (uint32_t i = 0; i < periods; i++) {
        push_flow(L, &flows[1 + i]);
        repay_period_span(question->portfolio->as_of, period, i, &first, &last);
        repay_lua_set_day(L, "first_day", first);
        repay_lua_set_day(L, "last_day", last);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "periods");
    push_flow(L, &flows[1 + periods]);
    repay_lua_set_day(L, "first_day", last + 1);
    lua_setfield(L, -2, "later");
    push_flow(L, &flows[2 + periods]);
    lua_setfield(L, -2, "undated");
}

/* Periods that would end behind the last day there is are misuse. */
static uint32_t periods_option(lua_State *L, const char *where, int32_t as_of,
                               enum repay_period period)
{
    uint32_t periods =
        (uint32_t)repay_lua_count_option(L, 2, where, "periods", 1, REPAY_PERIODS_MAX, 12);
    int32_t first, last;

    repay_period_span(as_of, period, periods - 1, &first, &last);
    if (last >= REPAY_DAY_MAX)
        (void)luaL_error(L, "%s: option 'periods' reaches beyond the year 9999", where);
    return periods;
}

static int cash_flow(lua_State *L)
{
    static const char *const names[] = {"by", "periods", "provider", "tag", NULL};
    static const char *const words[] = {"day", "week", "month"};
    static const char where[] = "portfolio:cash_flow";
    const struct repay_portfolio *portfolio = repay_lua_check_portfolio(L, 1);
    struct repay_lua_question question;
    struct repay_flow *flows;
    enum repay_period period;
    uint32_t periods;

    repay_lua_check_options(L, 2, where, names);
    period = period_option(L, where);
    periods = periods_option(L, where, portfolio->as_of, period);
    repay_lua_ask(L, portfolio, where, &question);
    flows = repay_lua_new_userdata(L, (periods + (size_t)3) * sizeof *flows);
    repay_lua_push_measure(
        L, portfolio,
        "what is left of each installment, by due date: overdue apart, calendar periods of "
        "which the first begins on as_of, then later, then without a due date");
    for (uint32_t i = 0; i < question.code_count; i++) {
        if (!repay_lua_select_currency(&question, i))
            continue;
        repay_portfolio_cash_flow(portfolio, question.selected, period, periods, flows);
        repay_lua_push_code(L, &question);
        repay_lua_push_question_group(L, &question);
        set_flows(L, &question, flows, period, periods);
        lua_rawset(L, -3);
    }
    repay_lua_end_measure(L);
    repay_lua_set_word(L, "by", words[period]);
    return 1;
}

const luaL_Reg repay_lua_flow_methods[] = {
    {"ageing", ageing},
    {"cash_flow", cash_flow},
    {NULL, NULL},
};
