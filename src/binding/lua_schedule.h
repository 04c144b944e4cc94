/*
 * The class `repay.schedule`: rows that one answer gave, immutable.
 *
 * The core's struct lies in the userdata; a small schedule lies in it whole. Methods live in several
 * files, each with its own table; lua_schedule.c puts them together.
 */
#ifndef REPAY_LUA_SCHEDULE_H
#define REPAY_LUA_SCHEDULE_H

#include "lua_class.h"
#include "schedule.h"

#define REPAY_LUA_SCHEDULE "repay.schedule"

/* Leaves the table of methods on the stack. */
void repay_lua_schedule_register(lua_State *L);
/* Raises unless the value is a schedule; closed ones pass. */
struct repay_schedule *repay_lua_get_schedule(lua_State *L, int index);
/* Closed ones raise too. */
struct repay_schedule *repay_lua_check_schedule(lua_State *L, int index);
/*
 * Pushes an empty schedule with room for so many bytes: all that a small one needs, which then owns
 * nothing, or the core's struct alone. Raises for lack of memory.
 */
struct repay_schedule *repay_lua_new_small_schedule(lua_State *L, struct repay_lua_state *state,
                                                    size_t size);
struct repay_schedule *repay_lua_new_schedule(lua_State *L, struct repay_lua_state *state);

/* __tostring, in lua_schedule_text.c. */
int repay_lua_schedule_text(lua_State *L);

#endif
