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

/* The same where `kept` is an anchoring userdata itself and has been given its value. */
static inline void repay_lua_anchor_to_anchoring(lua_State *L, int owner, int kept)
{
    repay_lua_anchor(L, owner, kept);
}

/* Keeps nothing alive from now on. */
static inline void repay_lua_let_go(lua_State *L, int owner)
{
    owner = lua_absindex(L, owner);
    lua_pushnil(L);
    lua_setiuservalue(L, owner, 1);
}

/* Pushes what the userdata keeps alive. */
static inline void repay_lua_push_anchored(lua_State *L, int owner)
{
    (void)lua_getiuservalue(L, owner, 1);
}

/*
 * A loop in C: an iterator, the userdata that is its state, and one value, mostly a table, that
 * lives as long as they do.
 *
 * 5.4 makes a closure for each loop, so that the state is known without asking whose it is, and the
 * value is at hand. LuaJIT would try to compile each such closure anew, at seven times the cost of
 * the loop: there one closure serves all, and tells its states by their metatable.
 */
#define REPAY_LUA_LOOP_KEPT lua_upvalueindex(2) /* where the value is, inside the iterator */

/* The states' metatable is in the registry by its name, and by the number `slot` as well. */
static inline void repay_lua_register_loop(lua_State *L, const char *class, int slot,
                                           lua_CFunction next)
{
    (void)next;
    if (luaL_newmetatable(L, class)) {
        lua_pushstring(L, class);
        lua_setfield(L, -2, "__metatable");
    }
    lua_rawseti(L, LUA_REGISTRYINDEX, slot);
}

/* Takes the state and the value from the top of the stack; pushes the iterator and the state. */
static inline void repay_lua_push_loop(lua_State *L, int slot, lua_CFunction next)
{
    lua_pushvalue(L, -2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, slot);
    (void)lua_setmetatable(L, -2);
    lua_insert(L, -2);
    lua_pushcclosure(L, next, 2);
    lua_insert(L, -2);
}

/* Inside an iterator: its state, or NULL where that cannot be told from what was given. */
static inline void *repay_lua_loop_state(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static inline bool repay_lua_loop_is_given_state(lua_State *L, const void *state)
{
    return lua_touserdata(L, 1) == state;
}

/* Puts the value where REPAY_LUA_LOOP_KEPT says; the iterator's two arguments stay below it. */
static inline void repay_lua_loop_bring_kept(lua_State *L)
{
    (void)L;
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

/*
 * The same where `kept` is an anchoring userdata itself and has been given its value. All that keep
 * it share one table, the second element of its own: a table each would be a tenth of a call.
 */
static inline void repay_lua_anchor_to_anchoring(lua_State *L, int owner, int kept)
{
    owner = lua_absindex(L, owner);
    kept = lua_absindex(L, kept);
    lua_getfenv(L, kept);
    lua_rawgeti(L, -1, 2);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_createtable(L, 1, 0);
        lua_pushvalue(L, kept);
        lua_rawseti(L, -2, 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, 2);
    }
    (void)lua_setfenv(L, owner);
    lua_pop(L, 1);
}

/* The table may be shared, so it is left as it is; the globals live anyway. */
static inline void repay_lua_let_go(lua_State *L, int owner)
{
    owner = lua_absindex(L, owner);
    lua_pushvalue(L, LUA_GLOBALSINDEX);
    (void)lua_setfenv(L, owner);
}

static inline void repay_lua_push_anchored(lua_State *L, int owner)
{
    lua_getfenv(L, owner);
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
}

#define REPAY_LUA_LOOP_KEPT 3

static inline void repay_lua_register_loop(lua_State *L, const char *class, int slot,
                                           lua_CFunction next)
{
    if (luaL_newmetatable(L, class)) {
        lua_pushstring(L, class);
        lua_setfield(L, -2, "__metatable");
        lua_pushvalue(L, -1);
        lua_pushcclosure(L, next, 1);
        lua_rawseti(L, -2, 1);
    }
    lua_rawseti(L, LUA_REGISTRYINDEX, slot);
}

static inline void repay_lua_push_loop(lua_State *L, int slot, lua_CFunction next)
{
    (void)next;
    repay_lua_anchor(L, -2, -1);
    lua_pop(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, slot);
    lua_rawgeti(L, -1, 1);
    lua_insert(L, -3);
    (void)lua_setmetatable(L, -2);
}

static inline void *repay_lua_loop_state(lua_State *L)
{
    void *state = lua_touserdata(L, 1);

    if (!state || !lua_getmetatable(L, 1) || !lua_rawequal(L, -1, lua_upvalueindex(1)))
        return NULL;
    return state;
}

static inline bool repay_lua_loop_is_given_state(lua_State *L, const void *state)
{
    return lua_touserdata(L, 1) == state;
}

static inline void repay_lua_loop_bring_kept(lua_State *L)
{
    lua_settop(L, 2);
    repay_lua_push_anchored(L, 1);
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
