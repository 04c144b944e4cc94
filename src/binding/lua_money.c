/*
 * Amounts as texts and back, for Lua: exact, because neither VM's number formatting is.
 */
#include "lua_money.h"

#include "currency.h"
#include "lua_arguments.h"
#include "lua_error.h"
#include "money.h"

static bool find_currency(lua_State *L, int index, int *decimals, struct repay_error *error)
{
    struct repay_text code;

    luaL_checktype(L, index, LUA_TSTRING);
    code.data = lua_tolstring(L, index, &code.length);
    *decimals = repay_currency_decimals(code);
    if (*decimals >= 0)
        return true;
    return repay_error_set_field(error, REPAY_KIND_INVALID_ARGUMENT, "currency",
                                 "no currency has this code; ISO 4217 writes three capitals");
}

int repay_lua_money_format(lua_State *L)
{
    char text[REPAY_MONEY_TEXT_MAX];
    struct repay_error error;
    int64_t minor = repay_lua_check_integer(L, 1);
    int decimals;

    if (!find_currency(L, 2, &decimals, &error))
        return repay_lua_push_failure(L, &error, &(struct repay_lua_scene){0});
    lua_pushlstring(L, text, repay_money_write_fixed(minor, decimals, text));
    return 1;
}

typedef enum repay_money_fault reader(struct repay_text text, int decimals, int64_t *minor,
                                      size_t *fault_at);

static int parse(lua_State *L, reader *read)
{
    struct repay_error error;
    enum repay_money_fault fault;
    struct repay_text text;
    int64_t minor = 0;
    size_t fault_at = 0;
    int decimals;

    luaL_checktype(L, 1, LUA_TSTRING);
    text.data = lua_tolstring(L, 1, &text.length);
    if (!find_currency(L, 2, &decimals, &error))
        return repay_lua_push_failure(L, &error, &(struct repay_lua_scene){0});
    fault = read(text, decimals, &minor, &fault_at);
    if (fault == REPAY_MONEY_OK) {
        lua_pushinteger(L, (lua_Integer)minor);
        return 1;
    }
    (void)repay_error_set_field(&error, REPAY_KIND_INVALID_ARGUMENT, "amount", "%s",
                                repay_money_fault_text(fault));
    error.offset = (int64_t)fault_at;
    return repay_lua_push_failure(L, &error, &(struct repay_lua_scene){0});
}

int repay_lua_money_parse(lua_State *L)
{
    return parse(L, repay_money_read);
}

int repay_lua_money_parse_typed(lua_State *L)
{
    return parse(L, repay_money_read_typed);
}
