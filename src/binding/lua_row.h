/*
 * Rows as plain tables, and the schedule's methods that make them.
 */
#ifndef REPAY_LUA_ROW_H
#define REPAY_LUA_ROW_H

#include "lua_columns.h"
#include "schedule.h"

/*
 * Makes one metatable for the rows of each layout and leaves { [index] = metatable } on the stack.
 * Each holds its index; lua/repay/row.lua completes them.
 */
void repay_lua_row_register(lua_State *L);
/* Pushes the row as a table that outlives the schedule; rows count from 0. */
void repay_lua_push_row(lua_State *L, const struct repay_schedule *schedule, uint32_t row);
/* row_names(index): the names that a row of the layout may have, as a list. */
int repay_lua_row_names(lua_State *L);
/* row_extra(row): name → JSON text of the members that were kept as received. */
int repay_lua_row_extra(lua_State *L);

extern const luaL_Reg repay_lua_row_methods[];

/* In lua_each.c: each(name, …). */
extern const luaL_Reg repay_lua_each_methods[];
/* Makes the class of its cursors. Leaves the stack as it was. */
void repay_lua_each_register(lua_State *L);

/* Pushes members as a row keeps them, `"name":value,…`, as the JSON object that they were of. */
void repay_lua_push_members(lua_State *L, struct repay_text members);
/* Pushes one value of a row; nil when it is not known. */
void repay_lua_push_column(lua_State *L, const struct repay_schedule *schedule,
                           const struct repay_lua_column *column, uint32_t row);
/* Pushes a value read by repay_schedule_value; nil when it is absent. */
void repay_lua_push_value(lua_State *L, const struct repay_field *field,
                          const struct repay_value *value);

#endif
