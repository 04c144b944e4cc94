/*
 * repay.portfolio{ as_of = "YYYY-MM-DD" }, and its life.
 *
 *   p:add(schedule, { tags = { "lagos", "sme" } })
 *                   how many loans were added; nil and an error of kind duplicate_loan, and nothing
 *                   changed, when one of them is held already
 *   p:memory()      bytes in use for it
 *   p:close()       gives them back at once; so does collecting it
 *   p.as_of, p.loans, p.schedules: the day, and how many it holds
 *
 * A portfolio keeps sums and a short record a loan; schedules may be closed as soon as they are
 * added.
 */
#include "lua_portfolio.h"

#include "lua_arguments.h"
#include "lua_figures.h"
#include "lua_schedule.h"

static struct repay_lua_portfolio *get_portfolio(lua_State *L, int index)
{
    return repay_lua_class_check(L, index, REPAY_LUA_SLOT_PORTFOLIO, REPAY_LUA_PORTFOLIO);
}

struct repay_portfolio *repay_lua_check_portfolio(lua_State *L, int index)
{
    struct repay_lua_portfolio *portfolio = get_portfolio(L, index);

    if (!portfolio->is_open)
        (void)luaL_error(L, "repay.portfolio is closed");
    return &portfolio->portfolio;
}

int repay_lua_portfolio_new(lua_State *L)
{
    static const char *const names[] = {"as_of", NULL};
    static const char where[] = "repay.portfolio";
    struct repay_lua_portfolio *portfolio;
    struct repay_lua_state *state = repay_lua_state_of(L);
    int32_t as_of;

    repay_lua_check_options(L, 1, where, names);
    if (!repay_lua_day_option(L, 1, where, "as_of", &as_of))
        return luaL_error(L, "%s: option 'as_of' is required: a day like \"2026-01-31\"", where);
    portfolio = repay_lua_new_userdata(L, sizeof *portfolio);
    portfolio->is_open = false;
    repay_lua_class_stamp(&portfolio->object, REPAY_LUA_SLOT_PORTFOLIO, state);
    repay_lua_class_set(L, REPAY_LUA_SLOT_PORTFOLIO);
    repay_portfolio_init(&portfolio->portfolio, &state->allocator, as_of);
    portfolio->is_open = true;
    state->live++;
    return 1;
}

static int close_portfolio(lua_State *L)
{
    struct repay_lua_portfolio *portfolio = get_portfolio(L, 1);

    if (portfolio->is_open) {
        portfolio->is_open = false;
        repay_portfolio_free(&portfolio->portfolio);
        portfolio->object.state->live--;
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* Texts of the list in option `tags`, kept alive by it. */
static uint32_t take_tags(lua_State *L, struct repay_text tags[REPAY_PORTFOLIO_TAGS_MAX])
{
    static const char where[] = "portfolio:add";
    uint32_t count = 0;

    repay_lua_raw_field(L, 3, "tags");
    if (!lua_isnil(L, -1) && !lua_istable(L, -1))
        (void)luaL_error(L, "%s: option 'tags' must be a list of strings, got a %s", where,
                         luaL_typename(L, -1));
    if (lua_istable(L, -1) && lua_rawlen(L, -1) > REPAY_PORTFOLIO_TAGS_MAX)
        (void)luaL_error(L, "%s: option 'tags' takes at most %d", where, REPAY_PORTFOLIO_TAGS_MAX);
    while (lua_istable(L, -1) && count < lua_rawlen(L, -1)) {
        lua_rawgeti(L, -1, (int)count + 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            (void)luaL_error(L, "%s: option 'tags' must be a list of strings", where);
        tags[count].data = lua_tolstring(L, -1, &tags[count].length);
        if (tags[count].length == 0 || tags[count].length > REPAY_PORTFOLIO_TAG_MAX)
            (void)luaL_error(L, "%s: a tag has 1 to %d bytes", where, REPAY_PORTFOLIO_TAG_MAX);
        lua_pop(L, 1);
        count++;
    }
    lua_pop(L, 1);
    return count;
}

static int add(lua_State *L)
{
    static const char *const names[] = {"tags", NULL};
    struct repay_portfolio *portfolio = repay_lua_check_portfolio(L, 1);
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 2);
    struct repay_text tags[REPAY_PORTFOLIO_TAGS_MAX];
    struct repay_error error;
    uint32_t count = 0, before = portfolio->loan_count;

    if (!lua_isnoneornil(L, 3)) {
        repay_lua_check_options(L, 3, "portfolio:add", names);
        count = take_tags(L, tags);
    }
    if (!repay_portfolio_add(portfolio, schedule, tags, count, &error))
        return repay_lua_figures_failure(L, schedule, "add", &error, NULL);
    lua_pushinteger(L, (lua_Integer)(portfolio->loan_count - before));
    return 1;
}

static int memory_of_portfolio(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)repay_portfolio_memory(repay_lua_check_portfolio(L, 1)));
    return 1;
}

static int portfolio_text(lua_State *L)
{
    const struct repay_lua_portfolio *portfolio = get_portfolio(L, 1);
    char day[REPAY_DAY_TEXT_MAX + 1] = "";

    if (!portfolio->is_open) {
        lua_pushliteral(L, "repay.portfolio (closed)");
        return 1;
    }
    repay_day_write(portfolio->portfolio.as_of, day);
    (void)lua_pushfstring(L, "repay.portfolio as of %s: %d loans from %d schedules", day,
                          (int)portfolio->portfolio.loan_count,
                          (int)portfolio->portfolio.schedules);
    return 1;
}

static const char *const facts[] = {"as_of", "loans", "schedules", NULL};

static int portfolio_index(lua_State *L);

static const luaL_Reg methods[] = {
    {"add", add},
    {"close", close_portfolio},
    {"memory", memory_of_portfolio},
    {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
    {"__index", portfolio_index},
    {"__gc", close_portfolio},
    {"__close", close_portfolio},
    {"__tostring", portfolio_text},
    {NULL, NULL},
};

static const struct repay_lua_class class = {REPAY_LUA_SLOT_PORTFOLIO, REPAY_LUA_PORTFOLIO, methods,
                                             metamethods, facts};

static int portfolio_index(lua_State *L)
{
    const char *fact = repay_lua_class_find(L, &class, 2);
    const struct repay_portfolio *portfolio;
    char day[REPAY_DAY_TEXT_MAX];

    if (!fact)
        return 1;
    portfolio = repay_lua_check_portfolio(L, 1);
    if (strcmp(fact, "as_of") == 0) {
        repay_day_write(portfolio->as_of, day);
        lua_pushlstring(L, day, sizeof day);
    } else if (strcmp(fact, "loans") == 0) {
        lua_pushinteger(L, (lua_Integer)portfolio->loan_count);
    } else {
        lua_pushinteger(L, (lua_Integer)portfolio->schedules);
    }
    return 1;
}

void repay_lua_portfolio_register(lua_State *L)
{
    repay_lua_class_register(L, &class);
    luaL_setfuncs(L, repay_lua_group_methods, 0);
    luaL_setfuncs(L, repay_lua_flow_methods, 0);
    luaL_setfuncs(L, repay_lua_delinquent_methods, 0);
}
