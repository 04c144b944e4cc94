/*
 * The short way from a client's method to a call: for arguments as nearly every caller gives them.
 *
 * It knows what options.lua knows of right and wrong and has no words for it: what is not plain is
 * left to options.lua, which says what is wrong at the caller's line or finds nothing.
 */
#ifndef REPAY_LUA_PLAIN_H
#define REPAY_LUA_PLAIN_H

#include "lua_call.h"

/*
 * start(client, operation, arguments[, retired]): a call that is claimed, and the transport of its
 * client if it has one; or nil and an error. Nothing where this is not plain: no open client, an
 * unknown or missing name, a wrong type, a table with a metatable, a transport with a wall clock.
 */
int repay_lua_call_start(lua_State *L);

#endif
