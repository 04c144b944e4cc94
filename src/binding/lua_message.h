/*
 * A request in the form that a message transport takes, and what the driver over such a transport
 * (lua/repay/driver.lua) asks of a call, in few crossings.
 */
#ifndef REPAY_LUA_MESSAGE_H
#define REPAY_LUA_MESSAGE_H

#include "lua_call.h"

/*
 * message_go_on(call, now_ms, unix_ms): the next step. Without a time it is asked of our clocks.
 *   message             hand this to the transport
 *   nil, ms             wait
 *   nothing             it has ended
 */
int repay_lua_message_go_on(lua_State *L);
/* Sets what a driver must know of the attempt in the table on top of the stack. */
void repay_lua_set_attempt(lua_State *L, const struct repay_call *call, int64_t now_ms);
/* message(): the request under way, credentials and all. A method of calls. */
int repay_lua_message(lua_State *L);

#endif
