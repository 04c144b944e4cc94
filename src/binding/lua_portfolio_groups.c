/*
 * Measures of a portfolio that are given by provider and by tag as well: summary and at_risk.
 */
#include "lua_portfolio_measures.h"

#include "lua_figures.h"

/*
 * Groups within groups: pushes one for the selection, as `push` makes it; false when a sum was too
 * large, with nothing pushed.
 */
struct grouped {
    const struct repay_portfolio *portfolio;
    const void *by_cell;
    const char *definition;
    bool (*push)(lua_State *L, const struct grouped *grouped,
                 const struct repay_selection *selection, struct repay_error *error);
};

static bool set_groups(lua_State *L, const struct grouped *grouped,
                       const struct repay_selection *selection, enum repay_lua_grouping grouping,
                       struct repay_error *error)
{
    const struct repay_names *texts = &grouped->portfolio->names;
    uint32_t count;
    const uint32_t *names =
        repay_lua_push_measure_names(L, grouped->portfolio, grouping, selection, &count);

    lua_createtable(L, (int)count, 0);
    lua_createtable(L, 0, (int)count);
    for (uint32_t i = 0; i < count; i++) {
        struct repay_selection within = *selection;
        struct repay_text text = repay_names_text(texts, names[i]);

        if (grouping == REPAY_LUA_BY_PROVIDER)
            within.provider = names[i];
        else
            within.tag = names[i];
        lua_pushlstring(L, text.data, text.length);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -4, (int)i + 1);
        if (!grouped->push(L, grouped, &within, error)) {
            lua_pop(L, 4);
            return false;
        }
        lua_rawset(L, -3);
    }
    lua_setfield(L, -4, grouping == REPAY_LUA_BY_PROVIDER ? "by_provider" : "by_tag");
    lua_setfield(L, -3, grouping == REPAY_LUA_BY_PROVIDER ? "providers" : "tags");
    lua_pop(L, 1);
    return true;
}

/* Sets a group for each currency, and by provider and by tag in each. */
static bool set_currencies(lua_State *L, const struct grouped *grouped, struct repay_error *error)
{
    const struct repay_portfolio *portfolio = grouped->portfolio;
    uint32_t count;
    const uint32_t *codes =
        repay_lua_push_measure_names(L, portfolio, REPAY_LUA_BY_CURRENCY, NULL, &count);

    lua_insert(L, -3); /* below codes and currencies */
    for (uint32_t i = 0; i < count; i++) {
        struct repay_selection all = {codes[i], REPAY_NAME_NONE, REPAY_NAME_NONE};
        struct repay_text code = repay_names_text(&portfolio->names, codes[i]);

        lua_pushlstring(L, code.data, code.length);
        lua_rawseti(L, -3, (int)i + 1);
        lua_pushlstring(L, code.data, code.length);
        if (!grouped->push(L, grouped, &all, error) ||
            !set_groups(L, grouped, &all, REPAY_LUA_BY_PROVIDER, error) ||
            !set_groups(L, grouped, &all, REPAY_LUA_BY_TAG, error))
            return false;
        lua_rawset(L, -3);
    }
    lua_remove(L, -3);
    return true;
}

static bool push_summary(lua_State *L, const struct grouped *grouped,
                         const struct repay_selection *selection, struct repay_error *error)
{
    const struct repay_portfolio *portfolio = grouped->portfolio;
    const char *principal_reason = REPAY_REASON_UNKNOWN_ROWS;
    struct repay_summary sum;

    if (!repay_summary_merge(portfolio, grouped->by_cell, selection, &sum, error))
        return false;
    if (sum.reason)
        principal_reason = sum.reason;
    repay_lua_push_measure_group(L);
    repay_lua_set_text(L, "currency", repay_names_text(&portfolio->names, selection->currency));
    repay_lua_set_integer(L, "decimals",
                          repay_lua_currency_decimals(portfolio, selection->currency));
    repay_lua_set_count(L, "loans", sum.loans);
    repay_lua_set_known_count(L, "late_loans", sum.late_loans, sum.undecided_loans, sum.reason);
    repay_lua_set_known_count(L, "paid_loans", sum.paid_loans, sum.unknown_loans, sum.reason);
    repay_lua_set_count(L, "rows", sum.rows);
    repay_lua_set_sum(L, "total_due_minor", &sum.total_due, sum.total_due_reason);
    repay_lua_set_sum(L, "paid_minor", &sum.paid, sum.paid_reason);
    repay_lua_set_sum(L, "outstanding_minor", &sum.outstanding, sum.reason);
    repay_lua_set_sum(L, "overdue_minor", &sum.overdue, sum.reason);
    repay_lua_set_sum(L, "undated_minor", &sum.undated, sum.reason);
    repay_lua_set_sum(L, "outstanding_principal_minor", &sum.principal, principal_reason);
    repay_lua_set_sum(L, "outstanding_principal_low_minor", &sum.principal_low, principal_reason);
    repay_lua_set_reason(L, "collection_ppm", REPAY_REASON_NO_PAYMENTS);
    lua_createtable(L, 0, 3);
    repay_lua_set_count(L, "loans", sum.unknown_loans);
    repay_lua_set_count(L, "rows", sum.outstanding.missing_rows);
    repay_lua_set_integer(L, "known_balance_minor", sum.unknown_balance);
    lua_setfield(L, -2, "missing");
    return true;
}

static int summary(lua_State *L)
{
    static const char *const names[] = {NULL};
    static const char definition[] =
        "outstanding: what is left of each installment; overdue: of those due before as_of; "
        "outstanding principal: of each installment the smaller of its principal and what is left "
        "(computed), low: what is left less interest and penalty";
    const struct repay_portfolio *portfolio = repay_lua_check_portfolio(L, 1);
    struct repay_summary *by_cell;
    struct repay_error error;

    repay_lua_check_options(L, 2, "portfolio:summary", names);
    by_cell = repay_lua_new_userdata(L, (portfolio->cell_count + (size_t)1) * sizeof *by_cell);
    if (!repay_portfolio_summarize(portfolio, by_cell, &error))
        return repay_lua_measure_failure(L, "summary", &error);
    repay_lua_push_measure(L, portfolio, definition);
    if (!set_currencies(L, &(struct grouped){portfolio, by_cell, definition, push_summary}, &error))
        return repay_lua_measure_failure(L, "summary", &error);
    repay_lua_end_measure(L);
    return 1;
}

static void set_ratio(lua_State *L, const char *name, int64_t numerator, int64_t denominator)
{
    if (denominator == 0)
        repay_lua_set_reason(L, name, REPAY_REASON_ZERO);
    else
        repay_lua_set_integer(L, name, repay_ratio_ppm(numerator, denominator));
}

/* The lower bounds are both complete or both unknown. */
static void set_low_ratio(lua_State *L, const struct repay_cell_risk *risk)
{
    static const char *const names[] = {"numerator_low_minor", "denominator_low_minor",
                                        "ratio_low_ppm"};

    if (risk->no_low_loans == 0) {
        repay_lua_set_integer(L, names[0], risk->at_risk_low);
        repay_lua_set_integer(L, names[1], risk->principal_low);
        set_ratio(L, names[2], risk->at_risk_low, risk->principal_low);
        return;
    }
    for (int i = 0; i < 3; i++)
        repay_lua_set_reason(L, names[i], REPAY_REASON_UNKNOWN_ROWS);
}

/* Why loans of the selection miss data, where that is one thing; a general word where it is not. */
static const char *missing_reason(const struct repay_portfolio *portfolio,
                                  const struct repay_selection *selection)
{
    const char *reason = NULL;

    for (uint32_t i = 0; i < portfolio->cell_count; i++) {
        if (repay_selection_has(portfolio, selection, &portfolio->cells[i]))
            reason = repay_reason_join(reason, repay_lateness_reason(portfolio->cells[i].layout));
    }
    return reason ? reason : REPAY_REASON_UNKNOWN_ROWS;
}

/* Of loans none of which has the data nothing can be said, and 0 of 0 would say something. */
static void set_unknown_risk(lua_State *L, const char *reason)
{
    static const char *const names[] = {
        "numerator_minor",       "denominator_minor", "ratio_ppm",    "numerator_low_minor",
        "denominator_low_minor", "ratio_low_ppm",     "loans_at_risk"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        repay_lua_set_reason(L, names[i], reason);
}

static void set_risk(lua_State *L, const struct repay_cell_risk *risk)
{
    repay_lua_set_count(L, "loans_at_risk", risk->loans_at_risk);
    repay_lua_set_integer(L, "numerator_minor", risk->at_risk);
    repay_lua_set_integer(L, "denominator_minor", risk->principal);
    set_ratio(L, "ratio_ppm", risk->at_risk, risk->principal);
    set_low_ratio(L, risk);
}

static bool push_risk(lua_State *L, const struct grouped *grouped,
                      const struct repay_selection *selection, struct repay_error *error)
{
    const struct repay_portfolio *portfolio = grouped->portfolio;
    struct repay_cell_risk risk;

    if (!repay_risk_merge(portfolio, grouped->by_cell, selection, &risk, error))
        return false;
    repay_lua_push_measure_group(L);
    repay_lua_set_text(L, "currency", repay_names_text(&portfolio->names, selection->currency));
    repay_lua_set_integer(L, "decimals",
                          repay_lua_currency_decimals(portfolio, selection->currency));
    repay_lua_set_word(L, "definition", grouped->definition);
    repay_lua_set_count(L, "loans", risk.loans);
    if (risk.loans == 0 && risk.missing_loans > 0)
        set_unknown_risk(L, missing_reason(portfolio, selection));
    else
        set_risk(L, &risk);
    lua_createtable(L, 0, 2);
    repay_lua_set_count(L, "loans", risk.missing_loans);
    repay_lua_set_integer(L, "known_balance_minor", risk.missing_balance);
    lua_setfield(L, -2, "missing");
    return true;
}

static int at_risk(lua_State *L)
{
    static const char *const names[] = {"days", NULL};
    const struct repay_portfolio *portfolio = repay_lua_check_portfolio(L, 1);
    struct repay_cell_risk *by_cell;
    struct repay_error error;
    char definition[220];
    int32_t days;

    repay_lua_check_options(L, 2, "portfolio:at_risk", names);
    days = (int32_t)repay_lua_count_option(L, 2, "portfolio:at_risk", "days", 0,
                                           REPAY_DAYS_AHEAD_MAX, 30);
    by_cell = repay_lua_new_userdata(L, (portfolio->cell_count + (size_t)1) * sizeof *by_cell);
    if (!repay_portfolio_risk(portfolio, days, by_cell, &error))
        return repay_lua_measure_failure(L, "at_risk", &error);
    (void)snprintf(definition, sizeof definition,
                   "outstanding principal of loans with any installment more than %d days late, "
                   "divided by outstanding principal; in parts per million, half up; loans without "
                   "the data are in neither",
                   (int)days);
    repay_lua_push_measure(L, portfolio, definition);
    if (!set_currencies(L, &(struct grouped){portfolio, by_cell, definition, push_risk}, &error))
        return repay_lua_measure_failure(L, "at_risk", &error);
    repay_lua_end_measure(L);
    repay_lua_set_integer(L, "days", days);
    return 1;
}

const luaL_Reg repay_lua_group_methods[] = {
    {"at_risk", at_risk},
    {"summary", summary},
    {NULL, NULL},
};
