/*
 * s:filter{ … }: the rows that meet every condition, as a list of plain rows.
 *
 *   s:filter{ status = "pending" }
 *   s:filter{ due_date = { min = "2026-01-01", below = "2026-02-01" } }
 *   s:filter{ outstanding_minor = { above = 0 }, penalty_minor = { given = false } }
 *   s:filter{ state = "overdue", as_of = "2026-11-20", limit = 20 }
 *
 * Names are those of a row, and `state` and `days_late`, which are as of a day. A condition is a
 * value, or a table of comparisons: is, is_not, min, max (both within), above, below, given
 * (whether it is known). What is not known meets no comparison. `limit` bounds the list; `as_of` is
 * as everywhere.
 */
#include "lua_columns.h"
#include "lua_figures.h"
#include "lua_row.h"
#include "lua_schedule.h"
#include "lua_suggest.h"
#include "schedule_filter.h"

static const char where[] = "schedule:filter";

struct filter {
    const struct repay_schedule *schedule;
    struct repay_condition conditions[REPAY_CONDITIONS_MAX];
    uint32_t count;
    bool reads_state; /* some condition needs as_of */
};

static const char *const comparisons[] = {
    [REPAY_COMPARE_IS] = "is",       [REPAY_COMPARE_IS_NOT] = "is_not",
    [REPAY_COMPARE_MIN] = "min",     [REPAY_COMPARE_MAX] = "max",
    [REPAY_COMPARE_ABOVE] = "above", [REPAY_COMPARE_BELOW] = "below",
    [REPAY_COMPARE_GIVEN] = "given",
};
#define COMPARISON_COUNT (sizeof comparisons / sizeof *comparisons)

/* The comparison named at the top of the stack. */
static enum repay_comparison comparison_of(lua_State *L, const char *name)
{
    struct repay_lua_guess guess;
    size_t length;
    const char *word;

    if (lua_type(L, -1) != LUA_TSTRING)
        (void)luaL_error(L, "%s: comparisons of '%s' are named, got a %s", where, name,
                         luaL_typename(L, -1));
    word = lua_tolstring(L, -1, &length);
    for (size_t i = 0; i < COMPARISON_COUNT; i++) {
        if (strcmp(comparisons[i], word) == 0)
            return (enum repay_comparison)i;
    }
    repay_lua_guess_begin(&guess, word, length);
    for (size_t i = 0; i < COMPARISON_COUNT; i++)
        repay_lua_guess_try(&guess, comparisons[i]);
    (void)repay_lua_guess_raise(&guess, L, "schedule:filter:", "unknown comparison");
    return REPAY_COMPARE_IS;
}

static int wrong_value(lua_State *L, const char *name, const char *expected)
{
    return luaL_error(L, "%s: '%s' is compared with %s, got a %s", where, name, expected,
                      luaL_typename(L, -1));
}

static bool is_day(const struct repay_condition *condition)
{
    return condition->of == REPAY_CONDITION_FIELD && condition->field->type == REPAY_FIELD_DAY;
}

static bool is_flag(const struct repay_condition *condition)
{
    return condition->of == REPAY_CONDITION_FIELD && condition->field->type == REPAY_FIELD_FLAG;
}

static void take_day(lua_State *L, const char *name, struct repay_condition *condition)
{
    struct repay_text text;
    int32_t day;

    text.data = lua_tolstring(L, -1, &text.length);
    if (lua_type(L, -1) != LUA_TSTRING || !repay_day_read(text, &day))
        (void)wrong_value(L, name, "a day like \"2026-01-31\"");
    else
        condition->integer = day;
}

/* A word that no row can have would find nothing and look like an answer. */
static void check_word(lua_State *L, const char *name, const struct repay_condition *condition)
{
    bool known = true;

    if (condition->of == REPAY_CONDITION_STATE) {
        known = repay_state_from_name(condition->text) < REPAY_STATE_COUNT;
    } else if (condition->of == REPAY_CONDITION_STATUS) {
        known = false;
        for (int status = 0; status < REPAY_STATUS_COUNT; status++)
            known = known ||
                    repay_text_is(condition->text, repay_status_name((enum repay_status)status));
    }
    if (!known)
        (void)luaL_error(L, "%s: no row has the %s \"%s\"", where, name, lua_tostring(L, -1));
}

/* The value at the top of the stack, by what it is compared with. */
static void take_operand(lua_State *L, const char *name, struct repay_condition *condition)
{
    if (condition->comparison == REPAY_COMPARE_GIVEN || is_flag(condition)) {
        if (lua_type(L, -1) != LUA_TBOOLEAN)
            (void)wrong_value(L, name, "true or false");
        condition->integer = lua_toboolean(L, -1);
    } else if (is_day(condition)) {
        take_day(L, name, condition);
    } else if (repay_condition_wants_text(condition)) {
        if (lua_type(L, -1) != LUA_TSTRING)
            (void)wrong_value(L, name, "a string");
        condition->is_text = true;
        condition->text.data = lua_tolstring(L, -1, &condition->text.length);
        check_word(L, name, condition);
    } else if (!repay_lua_to_integer(L, -1, &condition->integer)) {
        (void)wrong_value(L, name, "a whole number");
    }
}

static void add_condition(lua_State *L, struct filter *filter, const char *name,
                          struct repay_condition *condition)
{
    if (filter->count == REPAY_CONDITIONS_MAX)
        (void)luaL_error(L, "%s: more than %d conditions", where, REPAY_CONDITIONS_MAX);
    take_operand(L, name, condition);
    filter->conditions[filter->count++] = *condition;
}

/* What the name of a condition means; unknown names raise. */
static struct repay_condition condition_of(lua_State *L, struct filter *filter,
                                           struct repay_text name)
{
    struct repay_condition condition = {.of = REPAY_CONDITION_FIELD};
    struct repay_lua_column column;

    if (repay_text_is(name, "state") || repay_text_is(name, "days_late")) {
        condition.of =
            repay_text_is(name, "state") ? REPAY_CONDITION_STATE : REPAY_CONDITION_DAYS_LATE;
        filter->reads_state = true;
        return condition;
    }
    column = repay_lua_check_column(L, filter->schedule->layout, name);
    condition.field = column.field;
    condition.figure = column.figure;
    switch (column.kind) {
    case REPAY_COLUMN_LOAN_ID:
        condition.of = REPAY_CONDITION_LOAN_ID;
        break;
    case REPAY_COLUMN_NUMBER:
        condition.of = REPAY_CONDITION_NUMBER;
        break;
    case REPAY_COLUMN_STATUS:
        condition.of = REPAY_CONDITION_STATUS;
        break;
    case REPAY_COLUMN_FIGURE:
        condition.of = REPAY_CONDITION_FIGURE;
        break;
    case REPAY_COLUMN_FIELD:
        break;
    case REPAY_COLUMN_NEVER:
        (void)luaL_error(L, "%s: rows of this schedule never have '%s'", where, name.data);
        break;
    }
    return condition;
}

/* Name and condition are the two values on top of the stack. */
static void read_condition(lua_State *L, struct filter *filter)
{
    struct repay_condition condition;
    struct repay_text name;

    name.data = lua_tolstring(L, -2, &name.length);
    condition = condition_of(L, filter, name);
    if (!lua_istable(L, -1)) {
        add_condition(L, filter, name.data, &condition);
        return;
    }
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        struct repay_condition one = condition;

        lua_pushvalue(L, -2);
        one.comparison = comparison_of(L, name.data);
        lua_pop(L, 1);
        add_condition(L, filter, name.data, &one);
        lua_pop(L, 1);
    }
}

static void read_conditions(lua_State *L, struct filter *filter)
{
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            (void)luaL_error(L, "%s: names of conditions are strings, got a %s", where,
                             luaL_typename(L, -2));
        if (strcmp(lua_tostring(L, -2), "as_of") != 0 && strcmp(lua_tostring(L, -2), "limit") != 0)
            read_condition(L, filter);
        lua_pop(L, 1);
    }
}

static int filter_schedule(lua_State *L)
{
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);
    struct filter filter = {.schedule = schedule};
    int32_t as_of = REPAY_DAY_ABSENT;
    int64_t limit;
    int found = 0;

    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    read_conditions(L, &filter);
    if (filter.reads_state)
        as_of = repay_lua_as_of(L, 2, where, schedule);
    else
        (void)repay_lua_day_option(L, 2, where, "as_of", &as_of);
    limit = repay_lua_count_option(L, 2, where, "limit", 0, REPAY_SCHEDULE_ROWS_MAX,
                                   REPAY_SCHEDULE_ROWS_MAX);
    lua_createtable(L, 0, 0);
    for (uint32_t row = 0; row < schedule->rows && found < limit; row++) {
        if (!repay_schedule_meets(schedule, row, as_of, filter.conditions, filter.count))
            continue;
        repay_lua_push_row(L, schedule, row);
        lua_rawseti(L, -2, ++found);
    }
    return 1;
}

const luaL_Reg repay_lua_filter_methods[] = {
    {"filter", filter_schedule},
    {NULL, NULL},
};
