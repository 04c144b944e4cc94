/*
 * Reading tables that Lua hands over.
 */
#include "lua_arguments.h"

void repay_lua_raw_field(lua_State *L, int table, const char *name)
{
    table = lua_absindex(L, table);
    lua_pushstring(L, name);
    lua_rawget(L, table);
}

static int wrong_type(lua_State *L, const char *name, const char *expected, int index)
{
    return luaL_error(L, "option '%s' must be %s, got %s", name, expected, luaL_typename(L, index));
}

struct repay_text repay_lua_text_field(lua_State *L, int table, const char *name)
{
    struct repay_text text = REPAY_NO_TEXT;

    repay_lua_raw_field(L, table, name);
    if (lua_type(L, -1) == LUA_TSTRING)
        text.data = lua_tolstring(L, -1, &text.length);
    else if (!lua_isnil(L, -1))
        (void)wrong_type(L, name, "a string", -1);
    lua_pop(L, 1);
    return text;
}

bool repay_lua_integer_field(lua_State *L, int table, const char *name, int64_t *out)
{
    bool given;

    repay_lua_raw_field(L, table, name);
    given = !lua_isnil(L, -1);
    if (given && !repay_lua_to_integer(L, -1, out))
        (void)wrong_type(L, name, "a whole number", -1);
    lua_pop(L, 1);
    return given;
}

int64_t repay_lua_check_integer(lua_State *L, int index)
{
    int64_t value = 0;

    if (!repay_lua_to_integer(L, index, &value)) {
        const char *got = lua_type(L, index) == LUA_TNUMBER
                              ? "a number that is not whole or too large"
                              : luaL_typename(L, index);

        (void)luaL_argerror(L, index, lua_pushfstring(L, "whole number expected, got %s", got));
    }
    return value;
}
