/*
 * Iteration by column: the index and bare values, without a table for each row.
 *
 * One C function serves every loop; what a loop needs stands in a cursor, a userdata that keeps the
 * schedule alive. Names are resolved once, when the loop begins. Amounts are fetched a chunk at a
 * time, and texts that come again are pushed from the cursor's own copies, because making a Lua
 * string costs more than everything else here.
 */
#include "lua_columns.h"
#include "lua_row.h"
#include "lua_schedule.h"

#define CURSOR_CLASS "repay.cursor"
#define COLUMNS_MAX  16  /* values a loop may ask for; no documented row has more members */
#define CHUNK_ROWS   128 /* a chunk of one column is 1 KiB: a few of them stay in the first cache */
#define DAY_SLOTS    64  /* days seen lately; schedules of many loans repeat the same few */
#define FIRST_TEXT   2   /* places in the table of kept strings: 1 is the schedule itself */
#define FIRST_DAY    (FIRST_TEXT + COLUMNS_MAX)

struct cursor {
    const struct repay_schedule *schedule; /* kept alive by the cursor's anchor */
    uint32_t first;                        /* rows of the chunk that is loaded */
    uint32_t loaded;
    unsigned count;
    struct repay_lua_column columns[COLUMNS_MAX];
    const char *texts[COLUMNS_MAX]; /* what the kept string of each column was made from */
    int32_t days[DAY_SLOTS];        /* what the kept string of each slot was made from */
    int64_t chunk[];                /* CHUNK_ROWS values for each column */
};

static bool is_day(const struct repay_lua_column *column)
{
    return column->kind == REPAY_COLUMN_FIELD && column->field->type == REPAY_FIELD_DAY;
}

static bool is_amount(const struct repay_lua_column *column)
{
    return column->kind == REPAY_COLUMN_FIGURE ||
           (column->kind == REPAY_COLUMN_FIELD && column->field->type == REPAY_FIELD_AMOUNT);
}

static void load_statuses(struct cursor *cursor, uint32_t count, int64_t *out)
{
    uint8_t statuses[CHUNK_ROWS];

    repay_schedule_fill_statuses(cursor->schedule, cursor->first, count, statuses);
    for (uint32_t i = 0; i < count; i++)
        out[i] = statuses[i];
}

static void load(struct cursor *cursor, uint32_t row)
{
    const struct repay_schedule *schedule = cursor->schedule;
    uint32_t left = schedule->rows - row;
    uint32_t count = left < CHUNK_ROWS ? left : CHUNK_ROWS;

    cursor->first = row;
    cursor->loaded = count;
    for (unsigned i = 0; i < cursor->count; i++) {
        const struct repay_lua_column *column = &cursor->columns[i];
        int64_t *out = cursor->chunk + (size_t)i * CHUNK_ROWS;

        if (column->kind == REPAY_COLUMN_FIGURE)
            repay_schedule_fill(schedule, column->figure, row, count, out);
        else if (is_amount(column))
            repay_schedule_fill_amounts(schedule, column->field, row, count, out);
        else if (column->kind == REPAY_COLUMN_STATUS)
            load_statuses(cursor, count, out);
    }
}

/* Pushes the text, from the kept copy when the column had the same bytes last. */
static void push_kept(lua_State *L, struct cursor *cursor, unsigned i, struct repay_text text,
                      int kept)
{
    if (cursor->texts[i] == text.data) {
        lua_rawgeti(L, kept, FIRST_TEXT + (int)i);
        return;
    }
    lua_pushlstring(L, text.data, text.length);
    lua_pushvalue(L, -1);
    lua_rawseti(L, kept, FIRST_TEXT + (int)i);
    cursor->texts[i] = text.data;
}

static void push_day(lua_State *L, struct cursor *cursor, int32_t day, int kept)
{
    unsigned slot = (uint32_t)day % DAY_SLOTS;
    char text[REPAY_DAY_TEXT_MAX];

    if (cursor->days[slot] == day) {
        lua_rawgeti(L, kept, FIRST_DAY + (int)slot);
        return;
    }
    repay_day_write(day, text);
    lua_pushlstring(L, text, sizeof text);
    lua_pushvalue(L, -1);
    lua_rawseti(L, kept, FIRST_DAY + (int)slot);
    cursor->days[slot] = day;
}

static void push_field(lua_State *L, struct cursor *cursor, unsigned i, uint32_t row, int kept)
{
    const struct repay_lua_column *column = &cursor->columns[i];
    struct repay_value value;

    repay_schedule_value(cursor->schedule, row, column->field, &value);
    if (is_day(column) && value.present)
        push_day(L, cursor, (int32_t)value.integer, kept);
    else if (column->field->type == REPAY_FIELD_TEXT && value.present &&
             value.text.data != value.room)
        push_kept(L, cursor, i, value.text, kept);
    else
        repay_lua_push_value(L, column->field, &value);
}

static void push_value(lua_State *L, struct cursor *cursor, unsigned i, uint32_t row, int kept)
{
    const struct repay_lua_column *column = &cursor->columns[i];
    const int64_t *loaded = &cursor->chunk[(size_t)i * CHUNK_ROWS + (row - cursor->first)];
    struct repay_text loan;
    int32_t number;

    if (is_amount(column)) {
        if (*loaded == REPAY_AMOUNT_ABSENT)
            lua_pushnil(L);
        else
            lua_pushinteger(L, (lua_Integer)*loaded);
        return;
    }
    switch (column->kind) {
    case REPAY_COLUMN_STATUS:
        push_kept(L, cursor, i, repay_text_of(repay_status_name((enum repay_status) * loaded)),
                  kept);
        return;
    case REPAY_COLUMN_LOAN_ID:
        loan = repay_schedule_loan_id(cursor->schedule, row);
        if (loan.length > 0)
            push_kept(L, cursor, i, loan, kept);
        else
            lua_pushnil(L);
        return;
    case REPAY_COLUMN_NUMBER:
        number = repay_schedule_number(cursor->schedule, row);
        if (number != REPAY_COUNT_ABSENT)
            lua_pushinteger(L, number);
        else
            lua_pushnil(L);
        return;
    case REPAY_COLUMN_FIELD:
        push_field(L, cursor, i, row, kept);
        return;
    case REPAY_COLUMN_FIGURE:
    case REPAY_COLUMN_NEVER:
        break;
    }
    lua_pushnil(L);
}

/* The iterator: (cursor, index) → index + 1, values. Upvalue 1 is the cursors' metatable. */
static int each_next(lua_State *L)
{
    struct cursor *cursor = lua_touserdata(L, 1);
    int64_t index = 0;
    uint32_t row;

    if (!cursor || !lua_getmetatable(L, 1) || !lua_rawequal(L, -1, lua_upvalueindex(1)))
        return luaL_argerror(L, 1, "what schedule:each returned expected");
    if (!cursor->schedule || !cursor->schedule->layout)
        return luaL_error(L, "repay.schedule is closed");
    luaL_argcheck(L, repay_lua_to_integer(L, 2, &index) && index >= 0, 2, "row number expected");
    if (index >= cursor->schedule->rows) {
        lua_pushnil(L);
        return 1;
    }
    row = (uint32_t)index;
    if (row < cursor->first || row - cursor->first >= cursor->loaded)
        load(cursor, row);
    lua_settop(L, 2);
    repay_lua_push_anchored(L, 1);
    lua_pushinteger(L, (lua_Integer)index + 1);
    for (unsigned i = 0; i < cursor->count; i++)
        push_value(L, cursor, i, row, 3);
    return (int)cursor->count + 1;
}

static void open_cursor(struct cursor *cursor, const struct repay_schedule *schedule,
                        const struct repay_lua_column *columns, unsigned count)
{
    cursor->first = 0;
    cursor->loaded = 0;
    cursor->count = count;
    for (unsigned i = 0; i < count; i++) {
        cursor->columns[i] = columns[i];
        cursor->texts[i] = NULL;
    }
    for (unsigned i = 0; i < DAY_SLOTS; i++)
        cursor->days[i] = REPAY_DAY_ABSENT;
    cursor->schedule = schedule;
}

/* each(name, …): for i, value, … in schedule:each("due_date", …) do */
static int each(lua_State *L)
{
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);
    struct repay_lua_column columns[COLUMNS_MAX];
    int count = lua_gettop(L) - 1;
    struct cursor *cursor;

    luaL_argcheck(L, count >= 1, 2, "names of columns expected");
    luaL_argcheck(L, count <= COLUMNS_MAX, COLUMNS_MAX + 2, "too many columns");
    for (int i = 0; i < count; i++) {
        struct repay_text name = REPAY_NO_TEXT;

        luaL_checktype(L, i + 2, LUA_TSTRING);
        name.data = lua_tolstring(L, i + 2, &name.length);
        columns[i] = repay_lua_check_column(L, schedule->layout, name);
    }
    lua_getfield(L, LUA_REGISTRYINDEX, CURSOR_CLASS);
    lua_getfield(L, -1, "next");
    cursor = repay_lua_new_anchoring(L, sizeof *cursor +
                                            (size_t)count * CHUNK_ROWS * sizeof cursor->chunk[0]);
    cursor->schedule = NULL;
    lua_createtable(L, FIRST_TEXT + COLUMNS_MAX, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    repay_lua_anchor(L, -2, -1);
    lua_pop(L, 1);
    open_cursor(cursor, schedule, columns, (unsigned)count);
    lua_pushvalue(L, -3);
    (void)lua_setmetatable(L, -2);
    lua_pushinteger(L, 0);
    return 3;
}

/* Cursors own nothing but memory of Lua's, so their class has no finalizer. */
void repay_lua_each_register(lua_State *L)
{
    if (luaL_newmetatable(L, CURSOR_CLASS)) {
        lua_pushliteral(L, CURSOR_CLASS);
        lua_setfield(L, -2, "__metatable");
        lua_pushvalue(L, -1);
        lua_pushcclosure(L, each_next, 1);
        lua_setfield(L, -2, "next");
    }
    lua_pop(L, 1);
}

const luaL_Reg repay_lua_each_methods[] = {
    {"each", each},
    {NULL, NULL},
};
