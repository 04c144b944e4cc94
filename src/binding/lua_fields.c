/*
 * Fields of tables. See lua_fields.h.
 */
#include "lua_fields.h"

#include "date.h"

void repay_lua_set_integer(lua_State *L, const char *name, int64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, name);
}

void repay_lua_set_count(lua_State *L, const char *name, uint64_t value)
{
    /* No count of rows or loans comes near what a Lua number holds exactly. */
    repay_lua_set_integer(L, name, (int64_t)value);
}

void repay_lua_set_flag(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

void repay_lua_set_word(lua_State *L, const char *name, const char *word)
{
    lua_pushstring(L, word);
    lua_setfield(L, -2, name);
}

void repay_lua_set_text(lua_State *L, const char *name, struct repay_text text)
{
    if (text.length == 0)
        return;
    lua_pushlstring(L, text.data, text.length);
    lua_setfield(L, -2, name);
}

void repay_lua_set_day(lua_State *L, const char *name, int32_t day)
{
    char text[REPAY_DAY_TEXT_MAX];

    if (day == REPAY_DAY_ABSENT)
        return;
    repay_day_write(day, text);
    lua_pushlstring(L, text, sizeof text);
    lua_setfield(L, -2, name);
}

void repay_lua_push_text(lua_State *L, struct repay_text text)
{
    if (text.length > 0)
        lua_pushlstring(L, text.data, text.length);
    else
        lua_pushnil(L);
}
