/*
 * Names for what a client would answer, for caches that several processes share.
 */
#ifndef REPAY_LUA_FINGERPRINT_H
#define REPAY_LUA_FINGERPRINT_H

#include "lua_compat.h"

/* fingerprint(client, key, subject): 32 hexadecimal digits; the key has 16 bytes. */
int repay_lua_fingerprint(lua_State *L);
/* chance(): 16 random bytes, or nil when the system has none to give. */
int repay_lua_chance(lua_State *L);

#endif
