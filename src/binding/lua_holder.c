/*
 * Memory that is given back whatever happens. See lua_holder.h.
 */
#include "lua_holder.h"

#include <string.h>

#define HOLDER_CLASS "repay.holder"

/* A userdata of LuaJIT is aligned to 8 bytes and no further: max_align_t would ask for 16. */
union holder_content {
    void *pointer;
    int64_t integer;
};

struct holder {
    void (*release)(void *content);
    union holder_content content[];
};

static void release(struct holder *holder)
{
    void (*function)(void *) = holder->release;

    holder->release = NULL;
    if (function)
        function(holder->content);
}

static int holder_gc(lua_State *L)
{
    release(lua_touserdata(L, 1));
    return 0;
}

void *repay_lua_hold(lua_State *L, size_t size, void (*function)(void *content))
{
    struct holder *holder = repay_lua_new_userdata(L, sizeof *holder + size);

    memset(holder, 0, sizeof *holder + size);
    if (luaL_newmetatable(L, HOLDER_CLASS)) {
        lua_pushcfunction(L, holder_gc);
        lua_setfield(L, -2, "__gc");
        lua_pushliteral(L, HOLDER_CLASS);
        lua_setfield(L, -2, "__metatable");
    }
    (void)lua_setmetatable(L, -2);
    holder->release = function;
    return holder->content;
}

void repay_lua_holder_end(lua_State *L, int index)
{
    release(lua_touserdata(L, index));
}
