/*
 * The class `repay.schedule`: rows that one answer gave, immutable.
 *
 * The core's struct lies in the userdata; a small schedule lies in it whole. Methods live in
 * several files, each with its own table; lua_schedule.c puts them together.
 */
#ifndef REPAY_LUA_SCHEDULE_H
#define REPAY_LUA_SCHEDULE_H

#include "lua_class.h"
#include "schedule_build.h"

#define REPAY_LUA_SCHEDULE "repay.schedule"

/* Leaves the table of methods on the stack. */
void repay_lua_schedule_register(lua_State *L);
/* Raises unless the value is a schedule; closed ones pass. */
struct repay_schedule *repay_lua_get_schedule(lua_State *L, int index);
/* Closed ones raise too. */
struct repay_schedule *repay_lua_check_schedule(lua_State *L, int index);
/*
 * Pushes the rows that were built as a schedule. Up to a ceiling one userdata holds everything, so
 * that Lua's collector sees its size. Above, the rows stay where they are and change hands, and the
 * collector is told to work for them. False, with `error` set, when there is no memory for that;
 * raises where Lua has none.
 */
bool repay_lua_push_schedule(lua_State *L, struct repay_lua_state *state,
                             struct repay_builder *rows, const struct repay_schedule_facts *facts,
                             struct repay_error *error);

/* __tostring, in lua_schedule_text.c. */
int repay_lua_schedule_text(lua_State *L);

#endif
