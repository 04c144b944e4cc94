/*
 * Amounts as texts and back, for Lua. All are lua_CFunctions.
 */
#ifndef REPAY_LUA_MONEY_H
#define REPAY_LUA_MONEY_H

#include "lua_compat.h"

/* format(minor, currency): "50000.00", or nil and an error for a code that no currency has. */
int repay_lua_money_format(lua_State *L);
/* parse(text, currency): minor units, or nil and an error whose offset is the byte at fault. */
int repay_lua_money_parse(lua_State *L);
/* The same for what a person or a spreadsheet wrote: without an exponent. */
int repay_lua_money_parse_typed(lua_State *L);

#endif
