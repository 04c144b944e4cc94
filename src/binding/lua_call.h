/*
 * The class `repay.call`: one operation on its way, and what drivers need of it.
 *
 * The userdata is a handle of one pointer; what a call needs lies behind it and goes round. It is
 * 2 KB with its request: as a userdata each, a million calls would be 2 GB for Lua's collector to
 * count and free. A driver of another module holds what it moves, so that closing the handle takes
 * nothing from under it.
 */
#ifndef REPAY_LUA_CALL_H
#define REPAY_LUA_CALL_H

#include "call.h"
#include "lua_class.h"
#include "lua_error.h"

#define REPAY_LUA_CALL "repay.call"

struct repay_lua_client;

struct repay_lua_call {
    struct repay_call call; /* first: drivers know the call alone */
    struct repay_lua_state *state;
    struct repay_lua_call *next; /* among the spare ones */
    uint32_t holders;            /* the handle, until it is closed, and the driver under way */
    const struct repay_provider *provider; /* the session forgets its own when it is closed */
    char currency[4];
    bool is_freed;   /* the handle was closed while a driver held this: nothing is left inside */
    bool is_claimed; /* a driver took it: a call runs once */
    bool is_taken;   /* its schedule was handed out */
    bool is_handed;  /* its driver took the request of the attempt under way */
    bool was_fed;    /* raw bytes of this attempt's reply came through feed */
};

/* Leaves the table of methods on the stack. */
void repay_lua_call_register(lua_State *L);
/* NULL for a closed one. */
struct repay_lua_call *repay_lua_get_call(lua_State *L, int index);
/* The same from the userdata's memory, for those that know no Lua state. */
struct repay_lua_call *repay_lua_call_of(const void *object);
/* Raises for closed calls. One whose client is closed passes: its next step ends it. */
struct repay_lua_call *repay_lua_check_call(lua_State *L, int index);
/* See native_api.h, also for the next two. */
struct repay_call *repay_lua_free_call(lua_State *L, int index);
void repay_lua_hold_call(struct repay_call *call);
void repay_lua_drop_call(struct repay_call *call);
void repay_lua_free_spare_calls(struct repay_lua_state *state);
struct repay_lua_scene repay_lua_call_scene(const struct repay_lua_call *call);

/*
 * A call of the open client at 1 with the arguments, or the id, at 3: pushes it, or nil and an
 * error and is NULL. `retired`: where a handle lies that may be used again, or 0. `texts`: what the
 * arguments were found to be, by parameter, or NULL.
 */
struct repay_lua_call *repay_lua_make_call(lua_State *L, struct repay_lua_client *client,
                                           const struct repay_operation *operation, int64_t unix_ms,
                                           int retired, const struct repay_text *texts);
/* prepare(client, operation, arguments or id[, unix_ms]): a call, or nil and an error. */
int repay_lua_call_prepare(lua_State *L);
/* limit(call, begin_ms, limit_ms): see repay_call_limit; false or nil for none. */
int repay_lua_call_limit(lua_State *L);
/* host(call): "name:port" of where it goes; nil for what is no open call. */
int repay_lua_call_host(lua_State *L);
/*
 * result(call): what it ended with. Running out of memory on the way would lose the news of a
 * repayment, so for a write it is tried twice. A closed call gives an error, it does not raise.
 */
int repay_lua_call_result(lua_State *L);
/*
 * finish(call): the same of one that nobody but the caller has seen; closes it and lets go of its
 * client. What is left is a handle for start(): it costs Lua's collector a finalizer, so it is
 * better used again.
 */
int repay_lua_call_finish(lua_State *L);
/* preview(call): the first request as a table, credentials starred. */
int repay_lua_call_preview(lua_State *L);
/*
 * claim(call): true and its client's transport, if any; from now on it counts as run. False for one
 * that has run or is closed, nil for what is no call.
 */
int repay_lua_call_claim(lua_State *L);
/* transport(call or client): what the client was given, or nil. */
int repay_lua_call_transport(lua_State *L);

/* Methods of drivers, in lua_drive.c. */
extern const luaL_Reg repay_lua_drive_methods[];
/* Pushes the bytes of HTTP/1.1; raises for lack of memory. */
void repay_lua_push_wire(lua_State *L, const struct repay_lua_call *call);
/* Pushes { method, url, headers, body } of the request that was built. */
void repay_lua_push_request(lua_State *L, const struct repay_lua_call *call, bool show_secrets);

/* The same as result(call) for the call at a stack index, which is positive; see native_api.h. */
int repay_lua_push_result(lua_State *L, int index);

/*
 * In lua_result.c. After DONE or FAILED: pushes the schedule or receipt and returns 1, or nil and
 * the error object and returns 2. May raise for lack of memory; a write's news are still there
 * then.
 */
int repay_lua_push_result_of(lua_State *L, struct repay_lua_call *call);

#endif
