/*
 * The class `repay.client`: an open provider.
 */
#ifndef REPAY_LUA_CLIENT_H
#define REPAY_LUA_CLIENT_H

#include "lua_class.h"
#include "session.h"

#define REPAY_LUA_CLIENT "repay.client"

struct repay_lua_client {
    struct repay_lua_object object;
    struct repay_session session; /* closed while its provider is NULL */
    bool has_transport;           /* it keeps one alive */
};

/* Leaves the table of methods on the stack. */
void repay_lua_client_register(lua_State *L);
/* Raises unless the value is a client; closed ones pass. */
struct repay_lua_client *repay_lua_get_client(lua_State *L, int index);
/* NULL for what is no client. */
struct repay_lua_client *repay_lua_test_client(lua_State *L, int index);
/* Closed ones raise too. */
struct repay_lua_client *repay_lua_check_client(lua_State *L, int index);
/* open(provider, options): a client, or nil and an error. Raises for what options.lua let by. */
int repay_lua_client_open(lua_State *L);

#endif
