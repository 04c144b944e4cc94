/*
 * The class `repay.call`: one operation on its way, and what drivers need of it.
 */
#ifndef REPAY_LUA_CALL_H
#define REPAY_LUA_CALL_H

#include "call.h"
#include "lua_class.h"
#include "lua_error.h"

#define REPAY_LUA_CALL "repay.call"

struct repay_lua_call {
    struct repay_call call;
    const struct repay_provider *provider; /* the session forgets its own when it is closed */
    struct repay_bytes wire; /* the request's raw bytes, wiped when the call is closed */
    char currency[4];
    bool is_open;    /* the members above are initialised and not freed */
    bool is_claimed; /* a driver took it: a call runs once */
    bool is_taken;   /* its schedule was handed out */
    bool was_fed;    /* raw bytes of this attempt's reply came through feed */
};

/* Leaves the table of methods on the stack. */
void repay_lua_call_register(lua_State *L);
struct repay_lua_call *repay_lua_get_call(lua_State *L, int index);
/* Raises for closed calls. One whose client is closed passes: its next step ends it. */
struct repay_lua_call *repay_lua_check_call(lua_State *L, int index);
void repay_lua_call_free(lua_State *L, struct repay_lua_call *call);
struct repay_lua_scene repay_lua_call_scene(const struct repay_lua_call *call);

/* prepare(client, operation, arguments[, unix_ms]): a call, or nil and an error. */
int repay_lua_call_prepare(lua_State *L);
/* preview(call): the first request as a table, credentials starred. */
int repay_lua_call_preview(lua_State *L);
/* claim(call): whether the call had not been performed before; now it has. */
int repay_lua_call_claim(lua_State *L);
/* transport(call or client): what the client was given, or nil. */
int repay_lua_call_transport(lua_State *L);

/* Methods of drivers, in lua_drive.c. */
extern const luaL_Reg repay_lua_drive_methods[];
/* Pushes { method, url, headers, body } of the request that was built. */
void repay_lua_push_request(lua_State *L, const struct repay_lua_call *call, bool show_secrets);

/* In lua_result.c: see native_api.h. */
int repay_lua_push_result(lua_State *L, int index);

#endif
