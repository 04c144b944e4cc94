/*
 * The loans of a portfolio that are late, worst first.
 */
#include "lua_portfolio_measures.h"

#include "lua_figures.h"

#define DELINQUENTS_MAX 100000 /* a list for people, and for files that people read */

static void set_tags(lua_State *L, const struct repay_portfolio *portfolio,
                     const struct repay_cell *cell)
{
    uint32_t names[REPAY_PORTFOLIO_TAGS_MAX];
    uint32_t count = repay_portfolio_tag_count(portfolio, cell);

    for (uint32_t i = 0; i < count; i++)
        names[i] = repay_portfolio_tag(portfolio, cell, i);
    repay_lua_order_names(portfolio, names, count);
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 0; i < count; i++) {
        struct repay_text text = repay_names_text(&portfolio->names, names[i]);

        lua_pushlstring(L, text.data, text.length);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "tags");
}

/* The figure, unless the flag says that it is not complete. */
static void set_flagged(lua_State *L, const char *name, const struct repay_portfolio_loan *loan,
                        unsigned flag, int64_t minor, const char *reason)
{
    if ((loan->flags & flag) == 0) {
        repay_lua_set_integer(L, name, minor);
        return;
    }
    repay_lua_set_reason(L, name, reason);
    lua_getfield(L, -1, "known");
    lua_createtable(L, 0, 1);
    repay_lua_set_integer(L, "known_minor", minor);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

/* Nil where a row of unknown amount may be later than the latest that is known. */
static void set_days_late(lua_State *L, const struct repay_portfolio_loan *loan, int32_t as_of,
                          const char *reason)
{
    int64_t days = as_of - loan->oldest_late_day;

    if ((loan->flags & REPAY_LOAN_OVERDUE_UNKNOWN) == 0) {
        repay_lua_set_integer(L, "days_late", days);
        return;
    }
    repay_lua_set_reason(L, "days_late", reason);
    lua_getfield(L, -1, "known");
    lua_createtable(L, 0, 1);
    repay_lua_set_integer(L, "days_late", days);
    lua_setfield(L, -2, "days_late");
    lua_pop(L, 1);
}

static void push_delinquent(lua_State *L, const struct repay_portfolio *portfolio,
                            const struct repay_portfolio_loan *loan)
{
    const struct repay_cell *cell = &portfolio->cells[loan->cell];
    const struct repay_names *names = &portfolio->names;
    const char *reason = repay_lateness_reason(cell->layout);
    char room[40];

    repay_lua_push_measure_group(L);
    repay_lua_set_text(L, "loan_id", repay_portfolio_loan_id(portfolio, loan, room));
    repay_lua_set_text(L, "provider", repay_names_text(names, cell->provider));
    repay_lua_set_text(L, "environment", repay_names_text(names, cell->environment));
    repay_lua_set_text(L, "label", repay_names_text(names, cell->label));
    set_tags(L, portfolio, cell);
    set_days_late(L, loan, portfolio->as_of, reason);
    repay_lua_set_day(L, "oldest_due_date", loan->oldest_late_day);
    set_flagged(L, "overdue_minor", loan, REPAY_LOAN_OVERDUE_UNKNOWN, loan->overdue, reason);
    set_flagged(L, "outstanding_minor", loan, REPAY_LOAN_HAS_UNKNOWN, loan->outstanding, reason);
    set_flagged(L, "outstanding_principal_minor", loan,
                REPAY_LOAN_HAS_UNKNOWN | REPAY_LOAN_NO_PRINCIPAL, loan->principal_high,
                REPAY_REASON_UNKNOWN_ROWS);
    set_flagged(L, "outstanding_principal_low_minor", loan,
                REPAY_LOAN_HAS_UNKNOWN | REPAY_LOAN_NO_LOW, loan->principal_low,
                REPAY_REASON_UNKNOWN_ROWS);
    set_flagged(L, "next_due_minor", loan, REPAY_LOAN_NEXT_UNKNOWN, loan->next_due, reason);
    if ((loan->flags & REPAY_LOAN_NEXT_UNKNOWN) == 0)
        repay_lua_set_day(L, "next_due_date", loan->next_due_day);
    else
        repay_lua_set_reason(L, "next_due_date", reason);
}

static int delinquents(lua_State *L)
{
    static const char *const names[] = {"limit", "provider", "tag", NULL};
    static const char where[] = "portfolio:delinquents";
    const struct repay_portfolio *portfolio = repay_lua_check_portfolio(L, 1);
    struct repay_lua_question question;
    uint32_t *places, count;
    uint32_t limit;

    repay_lua_check_options(L, 2, where, names);
    limit = (uint32_t)repay_lua_count_option(L, 2, where, "limit", 1, DELINQUENTS_MAX, 50);
    repay_lua_ask(L, portfolio, where, &question);
    places = repay_lua_new_userdata(L, limit * sizeof *places);
    repay_lua_push_measure(
        L, portfolio,
        "loans with something due before as_of: most days late first, then the greatest "
        "overdue amount, then by loan id");
    for (uint32_t i = 0; i < question.code_count; i++) {
        if (!repay_lua_select_currency(&question, i))
            continue;
        repay_portfolio_delinquents(portfolio, question.selected, places, limit, &count);
        repay_lua_push_code(L, &question);
        repay_lua_push_question_group(L, &question);
        for (uint32_t at = 0; at < count; at++) {
            push_delinquent(L, portfolio, repay_portfolio_loan(portfolio, places[at]));
            lua_rawseti(L, -2, (int)at + 1);
        }
        lua_rawset(L, -3);
    }
    repay_lua_end_measure(L);
    return 1;
}

const luaL_Reg repay_lua_delinquent_methods[] = {
    {"delinquents", delinquents},
    {NULL, NULL},
};
