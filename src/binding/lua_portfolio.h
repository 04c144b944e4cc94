/*
 * The class `repay.portfolio`: many schedules as of a day.
 *
 * The userdata owns the core's struct. lua_portfolio.c has its life, what goes in and what is kept;
 * lua_portfolio_measures.h says what can be asked, and where that is.
 */
#ifndef REPAY_LUA_PORTFOLIO_H
#define REPAY_LUA_PORTFOLIO_H

#include "lua_class.h"
#include "portfolio.h"

#define REPAY_LUA_PORTFOLIO "repay.portfolio"

struct repay_lua_portfolio {
    struct repay_lua_object object;
    struct repay_portfolio portfolio;
    bool is_open;
};

/* Leaves the table of methods on the stack. */
void repay_lua_portfolio_register(lua_State *L);
/* repay.portfolio{ as_of }: a new one. */
int repay_lua_portfolio_new(lua_State *L);
/* Raises unless the value is an open portfolio. */
struct repay_portfolio *repay_lua_check_portfolio(lua_State *L, int index);

extern const luaL_Reg repay_lua_group_methods[];      /* lua_portfolio_groups.c */
extern const luaL_Reg repay_lua_flow_methods[];       /* lua_portfolio_flows.c */
extern const luaL_Reg repay_lua_delinquent_methods[]; /* lua_portfolio_delinquents.c */

#endif
