/*
 * What the measures of a portfolio share: their results, the names that they go by, and what a
 * question selects. lua_portfolio_measures.h says how results look.
 */
#include "lua_portfolio_measures.h"

#include "lua_error.h"
#include "lua_figures.h"
#include "order.h"

int repay_lua_measure_failure(lua_State *L, const char *operation, const struct repay_error *error)
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

void repay_lua_push_measure_group(lua_State *L)
{
    lua_createtable(L, 0, 24);
    lua_createtable(L, 0, 0);
    lua_setfield(L, -2, "reasons");
    lua_createtable(L, 0, 0);
    lua_setfield(L, -2, "known");
}

void repay_lua_push_measure(lua_State *L, const struct repay_portfolio *portfolio,
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

void repay_lua_end_measure(lua_State *L)
{
    lua_setfield(L, -3, "currencies");
    lua_setfield(L, -2, "codes");
}

static bool is_name_before(const void *context, uint32_t a, uint32_t b)
{
    const struct repay_names *names = context;

    return repay_text_compare(repay_names_text(names, a), repay_names_text(names, b)) < 0;
}

void repay_lua_order_names(const struct repay_portfolio *portfolio, uint32_t *names, uint32_t count)
{
    repay_order(names, count, is_name_before, &portfolio->names);
}

static void add_name(uint32_t *names, uint32_t *count, uint32_t name)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (names[i] == name)
            return;
    }
    names[(*count)++] = name;
}

const uint32_t *repay_lua_push_measure_names(lua_State *L, const struct repay_portfolio *portfolio,
                                             enum repay_lua_grouping grouping,
                                             const struct repay_selection *selection,
                                             uint32_t *count)
{
    uint32_t *names =
        repay_lua_new_userdata(L, (portfolio->names.name_count + (size_t)1) * sizeof *names);

    *count = 0;
    for (uint32_t i = 0; i < portfolio->cell_count; i++) {
        const struct repay_cell *cell = &portfolio->cells[i];

        if (cell->loans == 0 || (selection && !repay_selection_has(portfolio, selection, cell)))
            continue;
        if (grouping == REPAY_LUA_BY_CURRENCY)
            add_name(names, count, cell->currency);
        else if (grouping == REPAY_LUA_BY_PROVIDER)
            add_name(names, count, cell->provider);
        for (uint32_t tag = 0;
             grouping == REPAY_LUA_BY_TAG && tag < repay_portfolio_tag_count(portfolio, cell);
             tag++)
            add_name(names, count, repay_portfolio_tag(portfolio, cell, tag));
    }
    repay_lua_order_names(portfolio, names, *count);
    return names;
}

uint8_t repay_lua_currency_decimals(const struct repay_portfolio *portfolio, uint32_t currency)
{
    uint32_t i = 0;

    while (portfolio->cells[i].currency != currency)
        i++;
    return portfolio->cells[i].decimals;
}

/*
 * Questions
 */

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

void repay_lua_ask(lua_State *L, const struct repay_portfolio *portfolio, const char *where,
                   struct repay_lua_question *out)
{
    out->portfolio = portfolio;
    out->selection.provider = name_option(L, portfolio, where, "provider");
    out->selection.tag = name_option(L, portfolio, where, "tag");
    out->selected =
        repay_lua_new_userdata(L, (portfolio->cell_count + (size_t)1) * sizeof *out->selected);
    out->codes =
        repay_lua_push_measure_names(L, portfolio, REPAY_LUA_BY_CURRENCY, NULL, &out->code_count);
}

bool repay_lua_select_currency(struct repay_lua_question *question, uint32_t i)
{
    bool any = false;

    question->selection.currency = question->codes[i];
    repay_portfolio_select(question->portfolio, &question->selection, question->selected);
    for (uint32_t cell = 0; cell < question->portfolio->cell_count; cell++)
        any = any || question->selected[cell];
    return any;
}

void repay_lua_push_code(lua_State *L, const struct repay_lua_question *question)
{
    struct repay_text code =
        repay_names_text(&question->portfolio->names, question->selection.currency);

    lua_pushlstring(L, code.data, code.length);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -4, (int)lua_rawlen(L, -4) + 1);
}

void repay_lua_push_question_group(lua_State *L, const struct repay_lua_question *question)
{
    const struct repay_portfolio *portfolio = question->portfolio;
    uint32_t currency = question->selection.currency;

    repay_lua_push_measure_group(L);
    repay_lua_set_text(L, "currency", repay_names_text(&portfolio->names, currency));
    repay_lua_set_integer(L, "decimals", repay_lua_currency_decimals(portfolio, currency));
}
