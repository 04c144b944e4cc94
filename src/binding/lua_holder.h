/*
 * Memory of the core's that is given back whatever happens: at once where all went well, by Lua's
 * collector where an error was raised in between.
 */
#ifndef REPAY_LUA_HOLDER_H
#define REPAY_LUA_HOLDER_H

#include "lua_compat.h"

/* Pushes a holder of `size` bytes, zeroed; `release` must accept them in that state. */
void *repay_lua_hold(lua_State *L, size_t size, void (*release)(void *content));
/* Releases what the holder at the index has. */
void repay_lua_holder_end(lua_State *L, int index);

#endif
