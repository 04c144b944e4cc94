/*
 * Options in, results out, for every method that computes figures; lua_figures.h says how they
 * look.
 */
#include "lua_figures.h"

#include "clock.h"
#include "lua_arguments.h"
#include "lua_error.h"
#include "lua_suggest.h"
#include "schedule_ageing.h"

static int unknown_option(lua_State *L, const char *where, const char *const *names)
{
    char subject[64];
    struct repay_lua_guess guess;
    const char *word;
    size_t length;

    word = lua_tolstring(L, -1, &length);
    repay_lua_guess_begin(&guess, word, length);
    for (; *names; names++)
        repay_lua_guess_try(&guess, *names);
    repay_error_copy(subject, sizeof subject - 1, repay_text_of(where));
    memcpy(subject + strlen(subject), ":", 2);
    return repay_lua_guess_raise(&guess, L, subject, "unknown option");
}

void repay_lua_check_options(lua_State *L, int index, const char *where, const char *const *names)
{
    if (lua_isnoneornil(L, index)) {
        lua_settop(L, index - 1);
        lua_createtable(L, 0, 0);
        return;
    }
    if (!lua_istable(L, index))
        (void)luaL_error(L, "%s: options must be a table, got a %s", where,
                         luaL_typename(L, index));
    lua_settop(L, index);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        const char *const *name = names;

        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            (void)luaL_error(L, "%s: option names are strings, got a %s", where,
                             luaL_typename(L, -1));
        while (*name && strcmp(*name, lua_tostring(L, -1)) != 0)
            name++;
        if (!*name)
            (void)unknown_option(L, where, names);
    }
}

static int wrong_type(lua_State *L, const char *where, const char *name, const char *expected)
{
    const char *got = luaL_typename(L, -1);

    if (lua_type(L, -1) == LUA_TNUMBER)
        return luaL_error(L, "%s: option '%s' must be %s, got the number %s", where, name, expected,
                          lua_tostring(L, -1));
    return luaL_error(L, "%s: option '%s' must be %s, got a %s", where, name, expected, got);
}

struct repay_text repay_lua_word_option(lua_State *L, int table, const char *where,
                                        const char *name)
{
    struct repay_text text = REPAY_NO_TEXT;

    repay_lua_raw_field(L, table, name);
    if (lua_type(L, -1) == LUA_TSTRING)
        text.data = lua_tolstring(L, -1, &text.length);
    else if (!lua_isnil(L, -1))
        (void)wrong_type(L, where, name, "a string");
    lua_pop(L, 1); /* the table keeps the string alive */
    return text;
}

bool repay_lua_flag_option(lua_State *L, int table, const char *where, const char *name)
{
    bool flag;

    repay_lua_raw_field(L, table, name);
    if (!lua_isnil(L, -1) && !lua_isboolean(L, -1))
        (void)wrong_type(L, where, name, "true or false");
    flag = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return flag;
}

bool repay_lua_day_option(lua_State *L, int table, const char *where, const char *name,
                          int32_t *day)
{
    struct repay_text text;

    repay_lua_raw_field(L, table, name);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return false;
    }
    if (lua_type(L, -1) != LUA_TSTRING)
        (void)wrong_type(L, where, name, "a day like \"2026-01-31\"");
    text.data = lua_tolstring(L, -1, &text.length);
    if (!repay_day_read(text, day)) {
        char shown[24];

        repay_error_copy(shown, sizeof shown, text);
        (void)luaL_error(L, "%s: option '%s' must be a day like \"2026-01-31\", got \"%s\"", where,
                         name, shown);
    }
    lua_pop(L, 1);
    return true;
}

int64_t repay_lua_count_option(lua_State *L, int table, const char *where, const char *name,
                               int64_t least, int64_t most, int64_t preset)
{
    int64_t value = preset;

    repay_lua_raw_field(L, table, name);
    if (!lua_isnil(L, -1) &&
        (!repay_lua_to_integer(L, -1, &value) || value < least || value > most)) {
        char expected[80];
        char digits[2][REPAY_MONEY_TEXT_MAX + 1];

        digits[0][repay_money_write(least, 0, digits[0])] = '\0';
        digits[1][repay_money_write(most, 0, digits[1])] = '\0';
        (void)snprintf(expected, sizeof expected, "a whole number from %s to %s", digits[0],
                       digits[1]);
        (void)wrong_type(L, where, name, expected);
    }
    lua_pop(L, 1);
    return value;
}

int32_t repay_lua_as_of(lua_State *L, int table, const char *where,
                        const struct repay_schedule *schedule)
{
    int32_t day;

    if (repay_lua_day_option(L, table, where, "as_of", &day))
        return day;
    if (!schedule->zone_known)
        (void)luaL_error(L,
                         "%s: option 'as_of' is required, because the client was opened without "
                         "a zone to tell what day it is",
                         where);
    return repay_day_of_moment(repay_clock_unix_ms(), schedule->zone_minutes);
}

void repay_lua_ages_option(lua_State *L, int table, const char *where, struct repay_ages *ages)
{
    static const int32_t usual[] = {30, 60, 90, 180};
    int32_t ends[REPAY_AGE_ENDS_MAX];
    struct repay_error error;
    uint32_t count = 0;

    repay_lua_raw_field(L, table, "buckets");
    if (lua_isnil(L, -1)) {
        (void)repay_ages_set(ages, usual, sizeof usual / sizeof *usual, &error);
        lua_pop(L, 1);
        return;
    }
    if (!lua_istable(L, -1))
        (void)wrong_type(L, where, "buckets", "a list of days");
    for (; count < REPAY_AGE_ENDS_MAX; count++) {
        int64_t end = 0;

        lua_rawgeti(L, -1, (int)count + 1);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            break;
        }
        if (!repay_lua_to_integer(L, -1, &end))
            (void)wrong_type(L, where, "buckets", "a list of whole numbers");
        ends[count] = end >= 0 && end <= REPAY_AGE_MAX ? (int32_t)end : -1;
        lua_pop(L, 1);
    }
    if (lua_rawlen(L, -1) > count)
        count = REPAY_AGE_ENDS_MAX + 1; /* more than are taken: the core has the words for it */
    if (!repay_ages_set(ages, ends, count, &error))
        (void)luaL_error(L, "%s: option %s", where, error.message);
    lua_pop(L, 1);
}

/*
 * Results
 */

void repay_lua_set_reason(lua_State *L, const char *name, const char *reason)
{
    lua_getfield(L, -1, "reasons");
    lua_pushstring(L, reason);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

void repay_lua_set_sum(lua_State *L, const char *name, const struct repay_sum *sum,
                       const char *reason)
{
    if (repay_sum_is_known(sum)) {
        repay_lua_set_integer(L, name, sum->minor);
        return;
    }
    repay_lua_set_reason(L, name, reason);
    lua_getfield(L, -1, "known");
    lua_createtable(L, 0, 3);
    repay_lua_set_integer(L, "known_minor", sum->minor);
    repay_lua_set_count(L, "known_rows", sum->known_rows);
    repay_lua_set_count(L, "missing_rows", sum->missing_rows);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

void repay_lua_set_known_count(lua_State *L, const char *name, uint64_t known, uint64_t missing,
                               const char *reason)
{
    if (missing == 0) {
        repay_lua_set_count(L, name, known);
        return;
    }
    repay_lua_set_reason(L, name, reason);
    lua_getfield(L, -1, "known");
    lua_createtable(L, 0, 2);
    repay_lua_set_count(L, "known", known);
    repay_lua_set_count(L, "missing", missing);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

void repay_lua_add_warning(lua_State *L, const char *word, const char *message)
{
    lua_getfield(L, -1, "warnings");
    lua_createtable(L, 0, 2);
    repay_lua_set_word(L, "word", word);
    repay_lua_set_word(L, "message", message);
    lua_rawseti(L, -2, (int)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}

/* "balances as fetched on 2026-11-20", and where a second day is given ", not on 2026-11-21". */
static void push_balances(lua_State *L, const char *fetched, const char *as_of)
{
    static const char begin[] = "balances as fetched on ";
    static const char between[] = ", not on ";
    char text[sizeof begin + sizeof between + (size_t)2 * REPAY_DAY_TEXT_MAX];
    size_t length = sizeof begin - 1;

    memcpy(text, begin, length);
    memcpy(text + length, fetched, REPAY_DAY_TEXT_MAX);
    length += REPAY_DAY_TEXT_MAX;
    if (as_of) {
        memcpy(text + length, between, sizeof between - 1);
        length += sizeof between - 1;
        memcpy(text + length, as_of, REPAY_DAY_TEXT_MAX);
        length += REPAY_DAY_TEXT_MAX;
    }
    lua_pushlstring(L, text, length);
}

void repay_lua_push_figures(lua_State *L, const struct repay_schedule *schedule, int32_t as_of)
{
    int32_t fetched = repay_schedule_fetched_day(schedule);
    char days[2][REPAY_DAY_TEXT_MAX + 1] = {"", ""};

    repay_day_write(fetched, days[0]);
    repay_day_write(as_of, days[1]);
    lua_createtable(L, 0, 20);
    lua_createtable(L, 0, 0);
    lua_setfield(L, -2, "reasons");
    lua_createtable(L, 0, 0);
    lua_setfield(L, -2, "known");
    lua_createtable(L, 0, 0);
    lua_setfield(L, -2, "warnings");
    repay_lua_set_word(L, "as_of", days[1]);
    repay_lua_set_word(L, "fetched_on", days[0]);
    push_balances(L, days[0], NULL);
    lua_setfield(L, -2, "balances");
    repay_lua_set_word(L, "currency", schedule->currency);
    repay_lua_set_integer(L, "decimals", schedule->decimals);
    if (fetched != as_of) {
        lua_getfield(L, -1, "warnings");
        lua_createtable(L, 0, 2);
        repay_lua_set_word(L, "word", "fetched_on_another_day");
        push_balances(L, days[0], days[1]);
        lua_setfield(L, -2, "message");
        lua_rawseti(L, -2, 1);
        lua_pop(L, 1);
    }
}

int repay_lua_figures_failure(lua_State *L, const struct repay_schedule *schedule,
                              const char *method, const struct repay_error *error,
                              const char *reason)
{
    struct repay_lua_scene scene = {.provider = schedule->layout->provider, .operation = method};

    (void)repay_lua_push_failure(L, error, &scene);
    if (reason)
        repay_lua_set_word(L, "reason", reason);
    return 2;
}
