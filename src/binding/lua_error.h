/*
 * Failures as Lua sees them: nil and a table of facts.
 *
 * One function makes every such table from the core's error value. The table's metatable is
 * completed by lua/repay/error.lua; nothing here formats a line for people.
 */
#ifndef REPAY_LUA_ERROR_H
#define REPAY_LUA_ERROR_H

#include "call.h"
#include "lua_compat.h"

#define REPAY_LUA_ERROR "repay.error"

/* Where it happened. Everything may be NULL or empty; all is borrowed. */
struct repay_lua_scene {
    const char *provider;
    const char *operation;
    const struct repay_call *call; /* gives subject, attempts, key and interaction id */
};

/* Makes the metatable of errors, once in a Lua state, and leaves it on the stack. */
void repay_lua_error_register(lua_State *L);
/* Gives the table on top of the stack its `attempts`: a list, empty without a call. */
void repay_lua_set_attempts(lua_State *L, const struct repay_call *call);
/* Pushes nil and the error, returns 2. May raise for lack of memory. */
int repay_lua_push_failure(lua_State *L, const struct repay_error *error,
                           const struct repay_lua_scene *scene);

#endif
