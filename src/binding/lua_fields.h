/*
 * Values that become fields of the table on top of the stack. What is not known is not set, so that
 * a field is either a fact or not there.
 */
#ifndef REPAY_LUA_FIELDS_H
#define REPAY_LUA_FIELDS_H

#include "lua_compat.h"
#include "text.h"

void repay_lua_set_integer(lua_State *L, const char *name, int64_t value);
void repay_lua_set_count(lua_State *L, const char *name, uint64_t value);
void repay_lua_set_flag(lua_State *L, const char *name, bool value);
void repay_lua_set_word(lua_State *L, const char *name, const char *word);
void repay_lua_set_text(lua_State *L, const char *name, struct repay_text text); /* empty: not */
void repay_lua_set_day(lua_State *L, const char *name, int32_t day);             /* absent: not */

/* Pushes the text, nil for an empty one. */
void repay_lua_push_text(lua_State *L, struct repay_text text);

#endif
