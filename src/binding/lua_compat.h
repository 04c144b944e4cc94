/*
 * The only file that knows which Lua this is: 5.4, or the C interface of 5.1 as LuaJIT has it.
 *
 * Refuses every other version. It adds the few names that one of the two lacks and hides how a
 * userdata keeps another value alive; a number's value is asked for here as well, because LuaJIT's
 * own checks turn 1.5 into 1 and NaN into the smallest integer.
 */
#ifndef REPAY_LUA_COMPAT_H
#define REPAY_LUA_COMPAT_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#if LUA_VERSION_NUM >= 504

static inline void *repay_lua_new_userdata(lua_State *L, size_t size)
{
    return lua_newuserdatauv(L, size, 0);
}

/* A userdata that can keep one value alive; until it is given one it keeps nil. */
static inline void *repay_lua_new_anchoring(lua_State *L, size_t size)
{
    return lua_newuserdatauv(L, size, 1);
}

/* The value at `kept` lives as long as the userdata at `owner`. May raise for lack of memory. */
static inline void repay_lua_anchor(lua_State *L, int owner, int kept)
{
    owner = lua_absindex(L, owner);
    lua_pushvalue(L, kept);
    lua_setiuservalue(L, owner, 1);
}

/* Pushes what the userdata keeps alive. */
static inline void repay_lua_push_anchored(lua_State *L, int owner)
{
    (void)lua_getiuservalue(L, owner, 1);
}

#elif LUA_VERSION_NUM == 501

#define lua_rawlen(L, index) lua_objlen(L, index)

static inline int lua_absindex(lua_State *L, int index)
{
    return index > 0 || index <= LUA_REGISTRYINDEX ? index : lua_gettop(L) + index + 1;
}

static inline void *repay_lua_new_userdata(lua_State *L, size_t size)
{
    return lua_newuserdata(L, size);
}

static inline void *repay_lua_new_anchoring(lua_State *L, size_t size)
{
    return lua_newuserdata(L, size);
}

/* 5.1 keeps one table for a userdata, its environment; the value is that table's first element. */
static inline void repay_lua_anchor(lua_State *L, int owner, int kept)
{
    owner = lua_absindex(L, owner);
    kept = lua_absindex(L, kept);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, kept);
    lua_rawseti(L, -2, 1);
    (void)lua_setfenv(L, owner);
}

static inline void repay_lua_push_anchored(lua_State *L, int owner)
{
    lua_getfenv(L, owner);
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
}

#else
#error "repay needs Lua 5.4 or LuaJIT 2.1"
#endif

#define REPAY_LUA_INTEGER_MAX ((int64_t)9007199254740991) /* 2^53 - 1: exact on both VMs */

/*
 * A number that is finite, whole and at most 2^53 - 1 in size; strings are not numbers. The same on
 * both VMs, also where Lua 5.4 alone could hold more.
 */
static inline bool repay_lua_to_integer(lua_State *L, int index, int64_t *out)
{
    lua_Number number;

#if LUA_VERSION_NUM >= 504
    /* Asked first because it is the rule, and a loop by column asks for every row. */
    if (lua_isinteger(L, index)) {
        lua_Integer integer = lua_tointeger(L, index);

        if (integer < -REPAY_LUA_INTEGER_MAX || integer > REPAY_LUA_INTEGER_MAX)
            return false;
        *out = integer;
        return true;
    }
#endif
    if (lua_type(L, index) != LUA_TNUMBER)
        return false;
    number = lua_tonumber(L, index);
    /* Written so that NaN, which compares false with everything, is refused. */
    if (!(number >= (lua_Number)-REPAY_LUA_INTEGER_MAX &&
          number <= (lua_Number)REPAY_LUA_INTEGER_MAX))
        return false;
    if ((lua_Number)(int64_t)number < number || (lua_Number)(int64_t)number > number)
        return false;
    *out = (int64_t)number;
    return true;
}

#endif
