/*
 * Reading tables that Lua hands over: raw access only, strict types, nothing coerced.
 *
 * lua/repay/options.lua has checked names and types before, at the caller's line and with
 * suggestions; what is refused here is refused because C must not trust anyone.
 */
#ifndef REPAY_LUA_ARGUMENTS_H
#define REPAY_LUA_ARGUMENTS_H

#include "lua_compat.h"
#include "text.h"

/*
 * The text of a field, empty when it is nil. The table keeps the string alive; the caller keeps the
 * table on its stack. Raises for any other type.
 */
struct repay_text repay_lua_text_field(lua_State *L, int table, const char *name);
/* False when it is nil; raises for anything that is not a whole number. */
bool repay_lua_integer_field(lua_State *L, int table, const char *name, int64_t *out);
/* An argument that must be a whole number. */
int64_t repay_lua_check_integer(lua_State *L, int index);
/* Raw field of a table, pushed: no metamethod runs, so no Lua function runs inside C. */
void repay_lua_raw_field(lua_State *L, int table, const char *name);

#endif
