/*
 * What the driver inside nginx (lua/repay/ngx.lua) asks of a call, in few and cheap crossings.
 *
 * The methods of lua_drive.c say the same in small steps, for programs that drive calls themselves.
 * Driven with those a call crossed from Lua into C thirty times, and that was a third of its CPU.
 * What is asked between two waits is asked through LuaJIT's FFI, by plain functions that know no
 * Lua state: compiled code calls them as they are, and has to be left for a function of Lua's.
 */
#ifndef REPAY_LUA_COSOCKET_H
#define REPAY_LUA_COSOCKET_H

#include "lua_call.h"

/*
 * entries(): the addresses of the functions in lua_cosocket.c that lua/repay/ngx/steps.lua calls,
 * in its order, and the size of the struct that they share.
 */
int repay_lua_cosocket_entries(lua_State *L);
/* client_of(call): the client of an open call; nil for anything else. */
int repay_lua_call_client(lua_State *L);
/* is_unsent(call): nothing of the attempt under way can have left, over whatever driver. */
int repay_lua_call_is_unsent(lua_State *L);
/*
 * place(client): host, port, server name or nil for http, files of a certificate and of its key or
 * nil, and how long an answer may let wait for itself. The same in all the life of a client.
 */
int repay_lua_cosocket_place(lua_State *L);

#endif
