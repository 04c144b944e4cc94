/*
 * How the compiled Lua modules find each other.
 *
 * repay.native.core leaves a userdata with this struct in the registry under REPAY_NATIVE_API_KEY;
 * the others link no core object, look it up and refuse another ABI number or other struct sizes.
 */
#ifndef REPAY_NATIVE_API_H
#define REPAY_NATIVE_API_H

#include <lauxlib.h>
#include <lua.h>

#include "core_api.h"

#define REPAY_NATIVE_API_KEY "repay.native.api"

struct repay_native_api {
    struct repay_core_api core; /* first: its `abi` is checked before anything else is read */
    /* The call at a stack index; raises at the caller's line for anything else and closed ones. */
    struct repay_call *(*check_call)(lua_State *L, int index);
    /*
     * What the call at a positive stack index ended with: pushes the schedule or receipt and
     * returns 1, or nil and the error object and returns 2. One that was closed gives an error. May
     * raise for lack of memory, for a write only after a second try.
     */
    int (*push_result)(lua_State *L, int index);
    /*
     * The call at a positive stack index, if it waits to be run over curl: NULL for what is no
     * call, one that was run, is claimed or closed, and one whose client has a transport.
     */
    struct repay_call *(*free_call)(lua_State *L, int index);
    /*
     * While a driver holds a call its memory stays, closed or not, and no other driver runs it.
     * Every hold is dropped once; a finalizer may do it.
     */
    void (*hold_call)(struct repay_call *call);
    void (*drop_call)(struct repay_call *call);
};

/* For the module of that name. Raises unless a core of the same build was loaded in this state. */
static inline const struct repay_native_api *repay_native_api_of(lua_State *L, const char *module)
{
    const struct repay_native_api *api;

    lua_getfield(L, LUA_REGISTRYINDEX, REPAY_NATIVE_API_KEY);
    api = lua_touserdata(L, -1);
    lua_pop(L, 1); /* the registry keeps it */
    if (!api)
        (void)luaL_error(L, "%s needs repay.native.core to be loaded first", module);
    else if (api->core.abi != REPAY_CORE_ABI || api->core.call_size != sizeof(struct repay_call) ||
             api->core.session_size != sizeof(struct repay_session))
        (void)luaL_error(L, "%s and repay.native.core are of different builds", module);
    return api;
}

#endif
