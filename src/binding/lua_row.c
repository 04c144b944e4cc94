/*
 * Rows as plain tables.
 *
 * A row's table holds what the provider told or the layout's rules compute; what is not known is
 * not there. The rows of one layout share a metatable. A row that came with undocumented members
 * gets a metatable of its own, which keeps them as the text that was received until someone asks.
 */
#include "lua_row.h"

#include "json_read.h"
#include "lua_columns.h"
#include "lua_schedule.h"
#include "provider.h"

#define METATABLES_KEY "repay.rows"
#define COLUMNS_KEY    "repay.columns"

/* What the names of a layout's rows mean, found out once in a Lua state. */
struct columns {
    unsigned count;
    struct repay_lua_column of[REPAY_LUA_NAMES_MAX];
};

/*
 * Layouts are counted along the list of providers, from 1; one that two operations share has the
 * first place. NULL past the last.
 */
static const struct repay_layout *layout_at(int64_t wanted)
{
    int64_t index = 0;

    for (const struct repay_provider *const *at = repay_providers; *at; at++) {
        for (const struct repay_operation *op = (*at)->operations; op->name; op++) {
            if (op->shape->layout && ++index == wanted)
                return op->shape->layout;
        }
    }
    return NULL;
}

static int layout_index(const struct repay_layout *layout)
{
    const struct repay_layout *found;

    for (int index = 1;; index++) {
        found = layout_at(index);
        if (!found || found == layout)
            return index;
    }
}

static void push_metatable(lua_State *L, int index)
{
    lua_createtable(L, 0, 4);
    lua_pushliteral(L, "repay.row");
    lua_setfield(L, -2, "__name");
    lua_pushinteger(L, index);
    lua_setfield(L, -2, "layout");
}

/*
 * The metatables are within everyone's reach, through getmetatable; the columns, which C must be
 * able to trust, are kept apart.
 */
void repay_lua_row_register(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, METATABLES_KEY);
    if (lua_istable(L, -1))
        return;
    lua_pop(L, 1);
    lua_createtable(L, 8, 0);
    lua_createtable(L, 8, 0);
    for (int index = 1; layout_at(index); index++) {
        struct columns *columns = repay_lua_new_userdata(L, sizeof *columns);

        columns->count = repay_lua_columns(layout_at(index), columns->of);
        lua_rawseti(L, -2, index);
        push_metatable(L, index);
        lua_rawseti(L, -3, index);
    }
    lua_setfield(L, LUA_REGISTRYINDEX, COLUMNS_KEY);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, METATABLES_KEY);
}

void repay_lua_push_value(lua_State *L, const struct repay_field *field,
                          const struct repay_value *value)
{
    char day[REPAY_DAY_TEXT_MAX];

    if (!value->present) {
        lua_pushnil(L);
        return;
    }
    switch ((enum repay_field_type)field->type) {
    case REPAY_FIELD_UUID:
    case REPAY_FIELD_MOMENT:
    case REPAY_FIELD_TEXT:
        lua_pushlstring(L, value->text.data, value->text.length);
        return;
    case REPAY_FIELD_DAY:
        repay_day_write((int32_t)value->integer, day);
        lua_pushlstring(L, day, sizeof day);
        return;
    case REPAY_FIELD_FLAG:
        lua_pushboolean(L, value->integer != 0);
        return;
    case REPAY_FIELD_AMOUNT:
    case REPAY_FIELD_COUNT:
        break;
    }
    lua_pushinteger(L, (lua_Integer)value->integer);
}

static void push_figure(lua_State *L, const struct repay_schedule *schedule,
                        enum repay_figure figure, uint32_t row)
{
    int64_t amount = repay_schedule_figure(schedule, figure, row);

    if (amount == REPAY_AMOUNT_ABSENT)
        lua_pushnil(L);
    else
        lua_pushinteger(L, (lua_Integer)amount);
}

void repay_lua_push_column(lua_State *L, const struct repay_schedule *schedule,
                           const struct repay_lua_column *column, uint32_t row)
{
    struct repay_value value;
    struct repay_text loan;
    int32_t number;

    switch (column->kind) {
    case REPAY_COLUMN_LOAN_ID:
        loan = repay_schedule_loan_id(schedule, row);
        if (loan.length > 0)
            lua_pushlstring(L, loan.data, loan.length);
        else
            lua_pushnil(L);
        return;
    case REPAY_COLUMN_NUMBER:
        number = repay_schedule_number(schedule, row);
        if (number != REPAY_COUNT_ABSENT)
            lua_pushinteger(L, number);
        else
            lua_pushnil(L);
        return;
    case REPAY_COLUMN_STATUS:
        lua_pushstring(L, repay_status_name(repay_schedule_status(schedule, row)));
        return;
    case REPAY_COLUMN_FIGURE:
        push_figure(L, schedule, column->figure, row);
        return;
    case REPAY_COLUMN_FIELD:
        repay_schedule_value(schedule, row, column->field, &value);
        repay_lua_push_value(L, column->field, &value);
        return;
    case REPAY_COLUMN_NEVER:
        break;
    }
    lua_pushnil(L);
}

void repay_lua_push_members(lua_State *L, struct repay_text members)
{
    lua_pushliteral(L, "{");
    lua_pushlstring(L, members.data, members.length);
    lua_pushliteral(L, "}");
    lua_concat(L, 3);
}

/* Replaces the shared metatable on top of the stack by one that keeps the row's own text. */
static void keep_extra(lua_State *L, struct repay_text extra)
{
    lua_createtable(L, 0, 4);
    lua_getfield(L, -2, "__index");
    lua_setfield(L, -2, "__index");
    lua_getfield(L, -2, "__name");
    lua_setfield(L, -2, "__name");
    lua_getfield(L, -2, "layout");
    lua_setfield(L, -2, "layout");
    repay_lua_push_members(L, extra);
    lua_setfield(L, -2, "extra");
    lua_remove(L, -2);
}

void repay_lua_push_row(lua_State *L, const struct repay_schedule *schedule, uint32_t row)
{
    struct repay_text extra = repay_schedule_extra(schedule, row);
    int index = layout_index(schedule->layout);
    const struct columns *columns;

    lua_getfield(L, LUA_REGISTRYINDEX, COLUMNS_KEY);
    lua_rawgeti(L, -1, index);
    columns = lua_touserdata(L, -1);
    lua_pop(L, 2);
    lua_createtable(L, 0, (int)columns->count);
    for (unsigned i = 0; i < columns->count; i++) {
        repay_lua_push_column(L, schedule, &columns->of[i], row);
        if (lua_isnil(L, -1))
            lua_pop(L, 1);
        else
            lua_setfield(L, -2, columns->of[i].name);
    }
    lua_getfield(L, LUA_REGISTRYINDEX, METATABLES_KEY);
    lua_rawgeti(L, -1, index);
    lua_remove(L, -2);
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    if (extra.length > 0)
        keep_extra(L, extra);
    (void)lua_setmetatable(L, -2);
}

int repay_lua_row_names(lua_State *L)
{
    struct repay_lua_column columns[REPAY_LUA_NAMES_MAX];
    const struct repay_layout *layout;
    int64_t index = 0;
    unsigned count;

    luaL_argcheck(L, repay_lua_to_integer(L, 1, &index), 1, "whole number expected");
    layout = layout_at(index);
    luaL_argcheck(L, layout != NULL, 1, "no layout has this index");
    count = repay_lua_columns(layout, columns);
    lua_createtable(L, (int)count + 1, 0);
    for (unsigned i = 0; i < count; i++) {
        lua_pushstring(L, columns[i].name);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_pushliteral(L, "extra");
    lua_rawseti(L, -2, (int)count + 1);
    return 1;
}

/* Pushes the name of a member, its escapes decoded. */
static void push_member_name(lua_State *L, struct repay_json_value name)
{
    struct repay_text inner = repay_json_inner(name);
    char *room;

    if (!name.escaped) {
        lua_pushlstring(L, inner.data, inner.length);
        return;
    }
    room = repay_lua_new_userdata(L, name.raw.length);
    lua_pushlstring(L, room, repay_json_unescape(name, room));
    lua_remove(L, -2);
}

/*
 * Copies the text behind the row's metatable to where blocks may be loaded, and checks it again:
 * anyone may have written it there since. The copy stays on the stack while the value is read.
 */
static bool read_kept_object(lua_State *L, struct repay_json_value *object)
{
    struct repay_json_scan scan;
    struct repay_text text;
    char *copy;

    if (!lua_getmetatable(L, 1))
        return false;
    lua_pushliteral(L, "extra");
    lua_rawget(L, -2);
    if (lua_type(L, -1) != LUA_TSTRING)
        return false;
    text.data = lua_tolstring(L, -1, &text.length);
    copy = repay_lua_new_userdata(L, text.length + REPAY_JSON_PADDING);
    memcpy(copy, text.data, text.length);
    memset(copy + text.length, 0, REPAY_JSON_PADDING);
    scan = (struct repay_json_scan){.at = copy, .end = copy + text.length};
    return repay_json_value(&scan, object) == REPAY_JSON_OK && object->type == REPAY_JSON_OBJECT &&
           scan.at == scan.end;
}

int repay_lua_row_extra(lua_State *L)
{
    struct repay_json_value object, name, member;
    struct repay_json_cursor cursor = {0};

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_createtable(L, 0, 4);
    if (read_kept_object(L, &object)) {
        while (repay_json_next(object, &cursor, &name, &member)) {
            push_member_name(L, name);
            lua_pushlstring(L, member.raw.data, member.raw.length);
            lua_rawset(L, 2);
        }
    }
    lua_settop(L, 2);
    return 1;
}

static int next_row(lua_State *L)
{
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);
    int64_t index = 0;

    luaL_argcheck(L, repay_lua_to_integer(L, 2, &index) && index >= 0, 2, "row number expected");
    if (index >= schedule->rows) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, (lua_Integer)index + 1);
    repay_lua_push_row(L, schedule, (uint32_t)index);
    return 2;
}

/* rows(): for i, row in schedule:rows() do */
static int iterate_rows(lua_State *L)
{
    (void)repay_lua_check_schedule(L, 1);
    lua_pushcfunction(L, next_row);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

const luaL_Reg repay_lua_row_methods[] = {
    {"rows", iterate_rows},
    {NULL, NULL},
};
