/*
 * What the driver inside nginx (lua/repay/ngx.lua) asks of a call, in few crossings.
 *
 * The methods of lua_drive.c say the same in small steps, for programs that drive calls themselves.
 * Driven with those a call crossed from Lua into C thirty times, and that was a third of its CPU.
 */
#ifndef REPAY_LUA_COSOCKET_H
#define REPAY_LUA_COSOCKET_H

#include "lua_call.h"

/*
 * go_on(call): the next step.
 *   client, now_ms, attempt_ms, connect_ms, is_write, unix_ms   send its request
 *   nil, ms                                                     wait
 *   nothing                                                     it has ended, or is closed
 */
int repay_lua_cosocket_go_on(lua_State *L);
/* request(call): the bytes to send. */
int repay_lua_cosocket_request(lua_State *L);
/*
 * take(call, bytes, reused), bytes nil where the stream ended: nil while more of the reply is to
 * come. Else the attempt is over, and the call knows: whether the connection may be kept, and
 * whether the call has ended.
 */
int repay_lua_cosocket_take(lua_State *L);
/* is_unsent(call): nothing of the attempt under way can have left, over whatever driver. */
int repay_lua_call_is_unsent(lua_State *L);
/*
 * place(client): host, port, server name or nil for http, files of a certificate and of its key or
 * nil, and how long an answer may let wait for itself. The same in all the life of a client.
 */
int repay_lua_cosocket_place(lua_State *L);

#endif
