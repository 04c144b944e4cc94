/*
 * The names under which a row's values are known in Lua, and what stands behind each.
 *
 * The canonical names are the same for every provider; the others are the layout's own. Which value
 * a name means is decided here once, for rows, for iteration by column and for tables in text.
 */
#ifndef REPAY_LUA_COLUMNS_H
#define REPAY_LUA_COLUMNS_H

#include "lua_compat.h"
#include "schedule.h"

#define REPAY_LUA_NAMES_MAX (REPAY_FIELDS_MAX + 16) /* names of one row, `extra` included */

enum repay_lua_column_kind {
    REPAY_COLUMN_LOAN_ID,
    REPAY_COLUMN_NUMBER,
    REPAY_COLUMN_STATUS,
    REPAY_COLUMN_FIGURE, /* by the layout's rules */
    REPAY_COLUMN_FIELD,  /* a column as it is */
    REPAY_COLUMN_NEVER   /* a canonical name that this layout has nothing for */
};

struct repay_lua_column {
    const char *name;
    enum repay_lua_column_kind kind;
    enum repay_figure figure;
    const struct repay_field *field;
};

/* All of them, canonical ones first, NEVER included. Returns how many; at most NAMES_MAX. */
unsigned repay_lua_columns(const struct repay_layout *layout,
                           struct repay_lua_column out[REPAY_LUA_NAMES_MAX]);
/* The column of a name; raises with the nearest name for one that no row of the layout has. */
struct repay_lua_column repay_lua_check_column(lua_State *L, const struct repay_layout *layout,
                                               struct repay_text name);
/* Why the column is nil in rows of this layout, or NULL. Raises for unknown names. */
const char *repay_lua_column_reason(lua_State *L, const struct repay_layout *layout,
                                    struct repay_text name);

#endif
