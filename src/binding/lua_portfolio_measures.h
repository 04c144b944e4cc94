/*
 * What can be asked of a portfolio. Every measure is given by currency, and no two are ever added.
 *
 * Each result has
 *
 *   as_of
 *   fetched_first, fetched_last   days between which the balances were fetched
 *   balances                      a sentence that says so
 *   warnings                      a list of { word, message }
 *   definition                    what was computed, in words
 *   codes                         the currencies, in order
 *   currencies                    code → a group
 *
 * A group has currency, decimals, reasons and known (lua_figures.h), and
 *
 *   p:summary()
 *     loans, late_loans, paid_loans, rows
 *     total_due_minor, paid_minor, outstanding_minor, overdue_minor, undated_minor
 *     outstanding_principal_minor, outstanding_principal_low_minor
 *     collection_ppm              always nil from schedules
 *     missing                     { loans, rows, known_balance_minor }
 *     by_provider, by_tag         name → the same
 *     providers, tags             the names in order
 *   p:at_risk{ days }
 *     definition, loans, loans_at_risk
 *     numerator_minor, denominator_minor, ratio_ppm, and the same three with _low
 *     missing                     { loans, known_balance_minor }
 *     by_provider, by_tag, providers, tags as above
 *   p:ageing{ by, buckets, provider, tag }
 *     buckets, outstanding_minor  as schedule:ageing has them
 *   p:cash_flow{ by, periods, provider, tag }
 *     overdue, later, undated     each a flow
 *     periods                     a list of flows
 *     outstanding_minor           all of them together
 *     a flow                      outstanding_minor, outstanding_principal_minor,
 *                                 outstanding_principal_low_minor, rows, reasons, known; periods
 *                                 and later also first_day, periods also last_day
 *   p:delinquents{ limit, provider, tag }
 *     a list, worst first, of     loan_id, provider, environment, label, tags, days_late,
 *                                 oldest_due_date, overdue_minor, outstanding_minor,
 *                                 outstanding_principal_minor, outstanding_principal_low_minor,
 *                                 next_due_date, next_due_minor, reasons, known
 *
 * lua_portfolio_groups.c has the measures by provider and tag, lua_portfolio_flows.c those by day,
 * lua_portfolio_delinquents.c the list, lua_portfolio_measures.c what they share.
 */
#ifndef REPAY_LUA_PORTFOLIO_MEASURES_H
#define REPAY_LUA_PORTFOLIO_MEASURES_H

#include "lua_portfolio.h"
#include "portfolio_measures.h"

/* nil and the error of a question about a portfolio. */
int repay_lua_measure_failure(lua_State *L, const char *operation, const struct repay_error *error);

/* Pushes the result, then `codes` and `currencies` behind it. */
void repay_lua_push_measure(lua_State *L, const struct repay_portfolio *portfolio,
                            const char *definition);
/* Ends what that began: the two tables are on top of the stack. */
void repay_lua_end_measure(lua_State *L);
/* A table with reasons and known, to set figures in. */
void repay_lua_push_measure_group(lua_State *L);

/* Puts numbers of names in the order of their texts. */
void repay_lua_order_names(const struct repay_portfolio *portfolio, uint32_t *names,
                           uint32_t count);

enum repay_lua_grouping { REPAY_LUA_BY_CURRENCY, REPAY_LUA_BY_PROVIDER, REPAY_LUA_BY_TAG };

/*
 * The names of the grouping among the cells of the selection (NULL: all), in order. Pushes what
 * holds them.
 */
const uint32_t *repay_lua_push_measure_names(lua_State *L, const struct repay_portfolio *portfolio,
                                             enum repay_lua_grouping grouping,
                                             const struct repay_selection *selection,
                                             uint32_t *count);
/* Decimals of a currency that some cell has. */
uint8_t repay_lua_currency_decimals(const struct repay_portfolio *portfolio, uint32_t currency);

/* One currency, and what the options `provider` and `tag` leave of it. */
struct repay_lua_question {
    const struct repay_portfolio *portfolio;
    struct repay_selection selection;
    bool *selected; /* by cell */
    const uint32_t *codes;
    uint32_t code_count;
};

/* Reads the options, at index 2 of the stack, and pushes what the question holds on to. */
void repay_lua_ask(lua_State *L, const struct repay_portfolio *portfolio, const char *where,
                   struct repay_lua_question *out);
/* Selects the cells of the i-th currency; false when there are none. */
bool repay_lua_select_currency(struct repay_lua_question *question, uint32_t i);
/* Adds the code to `codes` and pushes it: codes and currencies are on top of the stack. */
void repay_lua_push_code(lua_State *L, const struct repay_lua_question *question);
/* A group for the currency that is selected. */
void repay_lua_push_question_group(lua_State *L, const struct repay_lua_question *question);

#endif
