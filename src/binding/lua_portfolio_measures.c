/*
 * What can be asked of a portfolio. Every measure is given by currency, and no two are ever added.
 *
 * Each result has as_of, fetched_first and fetched_last (days between which the balances were
 * fetched), balances (a sentence that says so), warnings (a list of { word, message }), definition
 * (what was computed, in words), codes (the currencies, in order) and currencies: code → a group. A
 * group has currency, decimals, reasons and known (lua_figures.h), and:
 *
 *   p:summary()
 *     loans, late_loans, paid_loans, rows, total_due_minor, paid_minor, outstanding_minor,
 *     overdue_minor, undated_minor, outstanding_principal_minor (and …_low_minor), collection_ppm
 *     (always nil from schedules), missing = { loans, rows, known_balance_minor }; by_provider and
 *     by_tag: name → the same; providers and tags: the names in order
 *   p:at_risk{ days }
 *     definition, numerator_minor, denominator_minor, ratio_ppm, the same three with _low, loans,
 *     loans_at_risk, missing = { loans, known_balance_minor }; by_provider, by_tag, providers and
 *     tags as above
 *   p:ageing{ by, buckets, provider, tag }
 *     buckets and outstanding_minor, as schedule:ageing
 *   p:cash_flow{ by, periods, provider, tag }
 *     overdue, periods (a list), later, undated: each { outstanding_minor,
 *     outstanding_principal_minor (and …_low_minor), rows, reasons, known }, periods and later also
 *     first_day, periods also last_day; outstanding_minor: all of them together
 *   p:delinquents{ limit, provider, tag }
 *     a list, worst first, of { loan_id, provider, environment, label, tags, days_late,
 *     oldest_due_date, overdue_minor, outstanding_minor, outstanding_principal_minor (and
 *     …_low_minor), next_due_date, next_due_minor, reasons, known }
 */
#include "lua_class.h"
#include "lua_error.h"
#include "lua_figures.h"
#include "lua_portfolio.h"
#include "order.h"
#include "portfolio_measures.h"

#define DELINQUENTS_MAX 100000 /* a list for people, and for files that people read */

static int failure(lua_State *L, const char *operation, const struct repay_error *error)
{
    struct repay_lua_scene scene = {.operation = operation};

    return repay_lua_push_failure(L, error, &scene);
}

static void set_fetches(lua_State *L, const struct repay_portfolio *portfolio)
{
    char first[REPAY_DAY_TEXT_MAX + 1] = "", last[REPAY_DAY_TEXT_MAX + 1] = "";
    char as_of[REPAY_DAY_TEXT_MAX + 1] = "";
    char message[100];

    repay_day_write(portfolio->as_of, as_of);
    repay_lua_set_word(L, "as_of", as_of);
    if (portfolio->schedules == 0) {
        repay_lua_set_word(L, "balances", "no schedule was added");
        return;
    }
    repay_day_write(portfolio->fetched_first, first);
    repay_day_write(portfolio->fetched_last, last);
    repay_lua_set_word(L, "fetched_first", first);
    repay_lua_set_word(L, "fetched_last", last);
    if (portfolio->fetched_first == portfolio->fetched_last)
        (void)snprintf(message, sizeof message, "balances as fetched on %s", first);
    else
        (void)snprintf(message, sizeof message, "balances as fetched on %s to %s", first, last);
    repay_lua_set_word(L, "balances", message);
    if (portfolio->fetched_first != portfolio->as_of ||
        portfolio->fetched_last != portfolio->as_of) {
        size_t length = strlen(message);

        (void)snprintf(message + length, sizeof message - length, ", not on %s", as_of);
        repay_lua_add_warning(L, "fetched_on_another_day", message);
    }
    if (portfolio->fetched_last - portfolio->fetched_first > 1) {
        (void)snprintf(message, sizeof message, "balances were fetched %d days apart, %s to %s",
                       (int)(portfolio->fetched_last - portfolio->fetched_first), first, last);
        repay_lua_add_warning(L, "fetched_days_apart", message);
    }
}

/* A table with reasons and known, to set figures in. */
static void push_group(lua_State *L)
{
    lua_createtable(L, 0, 24);
    lua_createtable(L, 0, 0);
    lua_setfield(L, -2, "reasons");
    lua_createtable(L, 0, 0);
    lua_setfield(L, -2, "known");
}

/* Pushes the result, then `codes` and `currencies` behind it. */
static void push_result(lua_State *L, const struct repay_portfolio *portfolio,
                        const char *definition)
{
    lua_createtable(L, 0, 10);
    lua_createtable(L, 0, 0);
    lua_setfield(L, -2, "warnings");
    set_fetches(L, portfolio);
    repay_lua_set_word(L, "definition", definition);
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 0);
}

/* Ends what push_result began: the two tables are on top of the stack. */
static void end_result(lua_State *L)
{
    lua_setfield(L, -3, "currencies");
    lua_setfield(L, -2, "codes");
}

struct by_text {
    const struct repay_portfolio *portfolio;
};

static bool is_name_before(const void *context, uint32_t a, uint32_t b)
{
    const struct by_text *by = context;
    struct repay_text x = repay_names_text(&by->portfolio->names, a);
    struct repay_text y = repay_names_text(&by->portfolio->names, b);
    size_t shorter = x.length < y.length ? x.length : y.length;
    int order = shorter > 0 ? memcmp(x.data, y.data, shorter) : 0;

    return order != 0 ? order < 0 : x.length < y.length;
}

static void add_name(uint32_t *names, uint32_t *count, uint32_t name)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (names[i] == name)
            return;
    }
    names[(*count)++] = name;
}

enum grouping { BY_CURRENCY, BY_PROVIDER, BY_TAG };

/* The names of the grouping among the cells of the selection, in order. Pushes what holds them. */
static const uint32_t *push_names(lua_State *L, const struct repay_portfolio *portfolio,
                                  enum grouping grouping, const struct repay_selection *selection,
                                  uint32_t *count)
{
    struct by_text by = {portfolio};
    uint32_t *names =
        repay_lua_new_userdata(L, (portfolio->names.name_count + (size_t)1) * sizeof *names);

    *count = 0;
    for (uint32_t i = 0; i < portfolio->cell_count; i++) {
        const struct repay_cell *cell = &portfolio->cells[i];

        if (cell->loans == 0 || (selection && !repay_selection_has(portfolio, selection, cell)))
            continue;
        if (grouping == BY_CURRENCY)
            add_name(names, count, cell->currency);
        else if (grouping == BY_PROVIDER)
            add_name(names, count, cell->provider);
        for (uint32_t tag = 0;
             grouping == BY_TAG && tag < repay_portfolio_tag_count(portfolio, cell); tag++)
            add_name(names, count, repay_portfolio_tag(portfolio, cell, tag));
    }
    repay_order(names, *count, is_name_before, &by);
    return names;
}

static uint8_t decimals_of(const struct repay_portfolio *portfolio, uint32_t currency)
{
    uint32_t i = 0;

    while (portfolio->cells[i].currency != currency)
        i++;
    return portfolio->cells[i].decimals;
}

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
                       const struct repay_selection *selection, enum grouping grouping,
                       struct repay_error *error)
{
    const struct repay_names *texts = &grouped->portfolio->names;
    uint32_t count;
    const uint32_t *names = push_names(L, grouped->portfolio, grouping, selection, &count);

    lua_createtable(L, (int)count, 0);
    lua_createtable(L, 0, (int)count);
    for (uint32_t i = 0; i < count; i++) {
        struct repay_selection within = *selection;
        struct repay_text text = repay_names_text(texts, names[i]);

        if (grouping == BY_PROVIDER)
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
    lua_setfield(L, -4, grouping == BY_PROVIDER ? "by_provider" : "by_tag");
    lua_setfield(L, -3, grouping == BY_PROVIDER ? "providers" : "tags");
    lua_pop(L, 1);
    return true;
}

/* Sets a group for each currency, and by provider and by tag in each. */
static bool set_currencies(lua_State *L, const struct grouped *grouped, struct repay_error *error)
{
    const struct repay_portfolio *portfolio = grouped->portfolio;
    uint32_t count;
    const uint32_t *codes = push_names(L, portfolio, BY_CURRENCY, NULL, &count);

    lua_insert(L, -3); /* below codes and currencies */
    for (uint32_t i = 0; i < count; i++) {
        struct repay_selection all = {codes[i], REPAY_NAME_NONE, REPAY_NAME_NONE};
        struct repay_text code = repay_names_text(&portfolio->names, codes[i]);

        lua_pushlstring(L, code.data, code.length);
        lua_rawseti(L, -3, (int)i + 1);
        lua_pushlstring(L, code.data, code.length);
        if (!grouped->push(L, grouped, &all, error) ||
            !set_groups(L, grouped, &all, BY_PROVIDER, error) ||
            !set_groups(L, grouped, &all, BY_TAG, error))
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
    push_group(L);
    repay_lua_set_text(L, "currency", repay_names_text(&portfolio->names, selection->currency));
    repay_lua_set_integer(L, "decimals", decimals_of(portfolio, selection->currency));
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
        return failure(L, "summary", &error);
    push_result(L, portfolio, definition);
    if (!set_currencies(L, &(struct grouped){portfolio, by_cell, definition, push_summary}, &error))
        return failure(L, "summary", &error);
    end_result(L);
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
        const char *other = repay_lateness_reason(portfolio->cells[i].layout);

        if (!repay_selection_has(portfolio, selection, &portfolio->cells[i]))
            continue;
        if (reason && strcmp(reason, other) != 0)
            return REPAY_REASON_UNKNOWN_ROWS;
        reason = other;
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
    push_group(L);
    repay_lua_set_text(L, "currency", repay_names_text(&portfolio->names, selection->currency));
    repay_lua_set_integer(L, "decimals", decimals_of(portfolio, selection->currency));
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
        return failure(L, "at_risk", &error);
    (void)snprintf(definition, sizeof definition,
                   "outstanding principal of loans with any installment more than %d days late, "
                   "divided by outstanding principal; in parts per million, half up; loans without "
                   "the data are in neither",
                   (int)days);
    push_result(L, portfolio, definition);
    if (!set_currencies(L, &(struct grouped){portfolio, by_cell, definition, push_risk}, &error))
        return failure(L, "at_risk", &error);
    end_result(L);
    repay_lua_set_integer(L, "days", days);
    return 1;
}

/*
 * Measures by day, over one currency and what the options `provider` and `tag` leave of it
 */

struct question {
    const struct repay_portfolio *portfolio;
    struct repay_selection selection;
    bool *selected; /* by cell */
    const uint32_t *codes;
    uint32_t code_count;
};

/* A name that the portfolio never saw selects nothing. */
static uint32_t name_option(lua_State *L, const struct repay_portfolio *portfolio,
                            const char *where, const char *name)
{
    struct repay_text text = repay_lua_word_option(L, 2, where, name);
    uint32_t number;

    if (!text.data)
        return REPAY_NAME_NONE;
    number = repay_names_find(&portfolio->names, text);
    return number == REPAY_NAME_NONE ? REPAY_NAMES_MAX + 1 : number;
}

/* Reads the options and pushes what the question holds on to. */
static void ask(lua_State *L, const struct repay_portfolio *portfolio, const char *where,
                struct question *out)
{
    out->portfolio = portfolio;
    out->selection.provider = name_option(L, portfolio, where, "provider");
    out->selection.tag = name_option(L, portfolio, where, "tag");
    out->selected =
        repay_lua_new_userdata(L, (portfolio->cell_count + (size_t)1) * sizeof *out->selected);
    out->codes = push_names(L, portfolio, BY_CURRENCY, NULL, &out->code_count);
}

/* Selects the cells of the i-th currency; false when there are none. */
static bool select_currency(struct question *question, uint32_t i)
{
    bool any = false;

    question->selection.currency = question->codes[i];
    repay_portfolio_select(question->portfolio, &question->selection, question->selected);
    for (uint32_t cell = 0; cell < question->portfolio->cell_count; cell++)
        any = any || question->selected[cell];
    return any;
}

/* Adds the code to `codes` and pushes it: codes and currencies are on top of the stack. */
static void push_code(lua_State *L, const struct question *question)
{
    struct repay_text code =
        repay_names_text(&question->portfolio->names, question->selection.currency);

    lua_pushlstring(L, code.data, code.length);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -4, (int)lua_rawlen(L, -4) + 1);
}

static void push_question_group(lua_State *L, const struct question *question)
{
    const struct repay_portfolio *portfolio = question->portfolio;
    uint32_t currency = question->selection.currency;

    push_group(L);
    repay_lua_set_text(L, "currency", repay_names_text(&portfolio->names, currency));
    repay_lua_set_integer(L, "decimals", decimals_of(portfolio, currency));
}

static int ageing(lua_State *L)
{
    static const char *const names[] = {"by", "buckets", "provider", "tag", NULL};
    static const char where[] = "portfolio:ageing";
    const struct repay_portfolio *portfolio = repay_lua_check_portfolio(L, 1);
    struct question question;
    struct repay_ages ages;
    bool by_loan;

    repay_lua_check_options(L, 2, where, names);
    by_loan = repay_lua_by_loan_option(L, 2, where);
    repay_lua_ages_option(L, 2, where, &ages);
    ask(L, portfolio, where, &question);
    push_result(L, portfolio,
                by_loan ? "all that a loan has outstanding, at its oldest late installment"
                        : "what is left of each installment, at its own age");
    for (uint32_t i = 0; i < question.code_count; i++) {
        struct repay_ageing sums;

        if (!select_currency(&question, i))
            continue;
        if (by_loan)
            repay_portfolio_ageing_loans(portfolio, question.selected, &ages, &sums);
        else
            repay_portfolio_ageing_rows(portfolio, question.selected, &ages, &sums);
        push_code(L, &question);
        push_question_group(L, &question);
        repay_lua_set_ageing(L, &ages, &sums,
                             repay_portfolio_unknown_reason(portfolio, question.selected));
        lua_rawset(L, -3);
    }
    end_result(L);
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

    push_group(L);
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

static void set_flows(lua_State *L, const struct question *question, const struct repay_flow *flows,
                      enum repay_period period, uint32_t periods)
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
    static const struct repay_civil end_of_days = {9999, 12, 31};
    uint32_t periods =
        (uint32_t)repay_lua_count_option(L, 2, where, "periods", 1, REPAY_PERIODS_MAX, 12);
    int32_t first, last;

    repay_period_span(as_of, period, periods - 1, &first, &last);
    if (last >= repay_day_from_civil(end_of_days))
        (void)luaL_error(L, "%s: option 'periods' reaches beyond the year 9999", where);
    return periods;
}

static int cash_flow(lua_State *L)
{
    static const char *const names[] = {"by", "periods", "provider", "tag", NULL};
    static const char *const words[] = {"day", "week", "month"};
    static const char where[] = "portfolio:cash_flow";
    const struct repay_portfolio *portfolio = repay_lua_check_portfolio(L, 1);
    struct question question;
    struct repay_flow *flows;
    enum repay_period period;
    uint32_t periods;

    repay_lua_check_options(L, 2, where, names);
    period = period_option(L, where);
    periods = periods_option(L, where, portfolio->as_of, period);
    ask(L, portfolio, where, &question);
    flows = repay_lua_new_userdata(L, (periods + (size_t)3) * sizeof *flows);
    push_result(L, portfolio,
                "what is left of each installment, by due date: overdue apart, calendar periods of "
                "which the first begins on as_of, then later, then without a due date");
    for (uint32_t i = 0; i < question.code_count; i++) {
        if (!select_currency(&question, i))
            continue;
        repay_portfolio_cash_flow(portfolio, question.selected, period, periods, flows);
        push_code(L, &question);
        push_question_group(L, &question);
        set_flows(L, &question, flows, period, periods);
        lua_rawset(L, -3);
    }
    end_result(L);
    repay_lua_set_word(L, "by", words[period]);
    return 1;
}

static void set_tags(lua_State *L, const struct repay_portfolio *portfolio,
                     const struct repay_cell *cell)
{
    uint32_t names[REPAY_PORTFOLIO_TAGS_MAX];
    uint32_t count = repay_portfolio_tag_count(portfolio, cell);
    struct by_text by = {portfolio};

    for (uint32_t i = 0; i < count; i++)
        names[i] = repay_portfolio_tag(portfolio, cell, i);
    repay_order(names, count, is_name_before, &by);
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

    push_group(L);
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
    struct question question;
    uint32_t *places, count;
    uint32_t limit;

    repay_lua_check_options(L, 2, where, names);
    limit = (uint32_t)repay_lua_count_option(L, 2, where, "limit", 1, DELINQUENTS_MAX, 50);
    ask(L, portfolio, where, &question);
    places = repay_lua_new_userdata(L, limit * sizeof *places);
    push_result(L, portfolio,
                "loans with something due before as_of: most days late first, then the greatest "
                "overdue amount, then by loan id");
    for (uint32_t i = 0; i < question.code_count; i++) {
        if (!select_currency(&question, i))
            continue;
        repay_portfolio_delinquents(portfolio, question.selected, places, limit, &count);
        push_code(L, &question);
        push_question_group(L, &question);
        for (uint32_t at = 0; at < count; at++) {
            push_delinquent(L, portfolio, repay_portfolio_loan(portfolio, places[at]));
            lua_rawseti(L, -2, (int)at + 1);
        }
        lua_rawset(L, -3);
    }
    end_result(L);
    return 1;
}

const luaL_Reg repay_lua_measure_methods[] = {
    {"ageing", ageing},           {"at_risk", at_risk}, {"cash_flow", cash_flow},
    {"delinquents", delinquents}, {"summary", summary}, {NULL, NULL},
};
