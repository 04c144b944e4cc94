/*
 * What a provider offers, as data for the Lua layer. All are lua_CFunctions.
 */
#ifndef REPAY_LUA_PROVIDER_H
#define REPAY_LUA_PROVIDER_H

#include "lua_compat.h"

/* providers(): the names, in the order of provider_list.c. */
int repay_lua_providers(lua_State *L);
/* operations(): every operation's name that any provider has, each once. */
int repay_lua_operations(lua_State *L);
/*
 * provider(name): nil, or { name, currency, zone, settings = {…}, operations = { [name] = { name,
 * is_write, parameters = {…} } } }. Made anew on every call; options.lua keeps it.
 */
int repay_lua_provider(lua_State *L);

#endif
