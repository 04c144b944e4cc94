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

#define CURSOR_CLASS  "repay.cursor"
#define COLUMNS_MAX   16  /* values a loop may ask for; no documented row has more members */
#define CHUNK_ROWS    128 /* a chunk of one column is 1 KiB: a few of them stay in the first cache */
#define DAY_SLOTS_MIN 16
#define DAY_SLOTS_MAX 1024 /* days seen lately: almost three years of them */
#define CODE_SLOTS    8    /* texts seen lately in one column: the words of a status, a loan's id */
#define ABSENT        INT64_MIN

/* Places in the table of kept strings; 1 is the schedule itself. */
#define FIRST_STATUS 2
#define FIRST_DAY    (FIRST_STATUS + REPAY_STATUS_UNKNOWN + 1) /* then each column's codes */

/* CODE: a text that the schedule keeps once and knows by a code, a loan's id among them. */
enum form { FORM_NUMBER, FORM_FLAG, FORM_STATUS, FORM_DAY, FORM_CODE, FORM_TEXT, FORM_NIL };

struct column {
    enum form form;
    struct repay_lua_column of;
    uint32_t codes[CODE_SLOTS]; /* CODE: what the kept strings were made from */
};

struct cursor {
    const struct repay_schedule *schedule; /* kept alive by the cursor's anchor */
    uint32_t first;                        /* rows of the chunk that is loaded */
    uint32_t loaded;
    unsigned count;
    bool keeps;             /* some column's values are strings */
    struct column *columns; /* behind the struct, then the chunk, then the days */
    uint32_t chunk_rows;
    uint32_t day_slots; /* a power of two; 0: no column of days */
    int64_t *chunk;     /* chunk_rows values for each column */
    int32_t *days;      /* what the kept string of each slot was made from */
};

static enum form form_of(const struct repay_lua_column *column)
{
    switch (column->kind) {
    case REPAY_COLUMN_LOAN_ID:
        return FORM_CODE;
    case REPAY_COLUMN_STATUS:
        return FORM_STATUS;
    case REPAY_COLUMN_NUMBER:
    case REPAY_COLUMN_FIGURE:
        return FORM_NUMBER;
    case REPAY_COLUMN_NEVER:
        return FORM_NIL;
    case REPAY_COLUMN_FIELD:
        break;
    }
    switch ((enum repay_field_type)column->field->type) {
    case REPAY_FIELD_AMOUNT:
    case REPAY_FIELD_COUNT:
        return FORM_NUMBER;
    case REPAY_FIELD_FLAG:
        return FORM_FLAG;
    case REPAY_FIELD_DAY:
        return FORM_DAY;
    case REPAY_FIELD_TEXT:
        return FORM_CODE;
    case REPAY_FIELD_UUID:
    case REPAY_FIELD_MOMENT:
        break;
    }
    return FORM_TEXT;
}

static void load_statuses(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                          int64_t *out)
{
    uint8_t statuses[CHUNK_ROWS];

    repay_schedule_fill_statuses(schedule, row, count, statuses);
    for (uint32_t i = 0; i < count; i++)
        out[i] = statuses[i];
}

static void load_codes(const struct repay_schedule *schedule, const struct repay_lua_column *of,
                       uint32_t row, uint32_t count, int64_t *out)
{
    uint32_t codes[CHUNK_ROWS];

    if (of->kind == REPAY_COLUMN_LOAN_ID)
        repay_schedule_fill_loans(schedule, row, count, codes);
    else
        repay_schedule_fill_codes(schedule, of->field, row, count, codes);
    for (uint32_t i = 0; i < count; i++)
        out[i] = codes[i];
}

static void load_days(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                      int64_t *out)
{
    int32_t days[CHUNK_ROWS];

    repay_schedule_fill_days(schedule, row, count, days);
    for (uint32_t i = 0; i < count; i++)
        out[i] = days[i] == REPAY_DAY_ABSENT ? ABSENT : days[i];
}

static void load_field(const struct repay_schedule *schedule, const struct repay_field *field,
                       uint32_t row, uint32_t count, int64_t *out)
{
    struct repay_value value;

    if (field->type == REPAY_FIELD_AMOUNT) {
        repay_schedule_fill_amounts(schedule, field, row, count, out);
        return;
    }
    if (field->type == REPAY_FIELD_DAY && field->role == REPAY_ROLE_DUE_DATE) {
        load_days(schedule, row, count, out);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        repay_schedule_value(schedule, row + i, field, &value);
        out[i] = value.present ? value.integer : ABSENT;
    }
}

static void load_numbers(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                         int64_t *out)
{
    for (uint32_t i = 0; i < count; i++) {
        int32_t number = repay_schedule_number(schedule, row + i);

        out[i] = number == REPAY_COUNT_ABSENT ? ABSENT : number;
    }
}

static void load(struct cursor *cursor, uint32_t row)
{
    const struct repay_schedule *schedule = cursor->schedule;
    uint32_t left = schedule->rows - row;
    uint32_t count = left < cursor->chunk_rows ? left : cursor->chunk_rows;

    cursor->first = row;
    cursor->loaded = count;
    for (unsigned i = 0; i < cursor->count; i++) {
        const struct column *column = &cursor->columns[i];
        int64_t *out = cursor->chunk + (size_t)i * cursor->chunk_rows;

        if (column->form == FORM_STATUS)
            load_statuses(schedule, row, count, out);
        else if (column->form == FORM_CODE)
            load_codes(schedule, &column->of, row, count, out);
        else if (column->of.kind == REPAY_COLUMN_FIGURE)
            repay_schedule_fill(schedule, column->of.figure, row, count, out);
        else if (column->of.kind == REPAY_COLUMN_NUMBER)
            load_numbers(schedule, row, count, out);
        else if (column->form != FORM_TEXT && column->form != FORM_NIL)
            load_field(schedule, column->of.field, row, count, out);
    }
}

/* Pushes a copy of the string on top of the stack into the table of kept ones. */
static void keep(lua_State *L, int kept, int place)
{
    lua_pushvalue(L, -1);
    lua_rawseti(L, kept, place);
}

static void push_day(lua_State *L, struct cursor *cursor, int32_t day, int kept)
{
    unsigned slot = (uint32_t)day & (cursor->day_slots - 1);
    char text[REPAY_DAY_TEXT_MAX];

    if (cursor->days[slot] == day) {
        lua_rawgeti(L, kept, FIRST_DAY + (int)slot);
        return;
    }
    repay_day_write(day, text);
    lua_pushlstring(L, text, sizeof text);
    keep(L, kept, FIRST_DAY + (int)slot);
    cursor->days[slot] = day;
}

static void push_code(lua_State *L, struct cursor *cursor, unsigned i, uint32_t code, int kept)
{
    unsigned slot = (code ^ code >> 5) % CODE_SLOTS;
    int place = FIRST_DAY + (int)(cursor->day_slots + i * CODE_SLOTS + slot);
    struct repay_text text;

    if (code == 0) {
        lua_pushnil(L);
        return;
    }
    if (cursor->columns[i].codes[slot] == code) {
        lua_rawgeti(L, kept, place);
        return;
    }
    text = repay_schedule_text(cursor->schedule, code);
    lua_pushlstring(L, text.data, text.length);
    keep(L, kept, place);
    cursor->columns[i].codes[slot] = code;
}

static void push_text(lua_State *L, const struct cursor *cursor, unsigned i, uint32_t row)
{
    const struct repay_field *field = cursor->columns[i].of.field;
    struct repay_value value;

    repay_schedule_value(cursor->schedule, row, field, &value);
    repay_lua_push_value(L, field, &value);
}

static void push_value(lua_State *L, struct cursor *cursor, unsigned i, uint32_t row, int kept)
{
    enum form form = cursor->columns[i].form;
    int64_t value;

    if (form == FORM_TEXT) {
        push_text(L, cursor, i, row);
        return;
    }
    if (form == FORM_NIL) {
        lua_pushnil(L);
        return;
    }
    value = cursor->chunk[(size_t)i * cursor->chunk_rows + (row - cursor->first)];
    if (form == FORM_CODE)
        push_code(L, cursor, i, (uint32_t)value, kept);
    else if (form == FORM_STATUS)
        lua_rawgeti(L, kept, FIRST_STATUS + (int)value);
    else if (value == ABSENT)
        lua_pushnil(L);
    else if (form == FORM_DAY)
        push_day(L, cursor, (int32_t)value, kept);
    else if (form == FORM_FLAG)
        lua_pushboolean(L, value != 0);
    else
        lua_pushinteger(L, (lua_Integer)value);
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
    if (cursor->keeps) {
        lua_settop(L, 2);
        repay_lua_push_anchored(L, 1);
    }
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
    cursor->keeps = false;
    for (unsigned i = 0; i < count; i++) {
        enum form form = form_of(&columns[i]);

        cursor->columns[i] = (struct column){form, columns[i], {0}};
        cursor->keeps = cursor->keeps || (form != FORM_NUMBER && form != FORM_FLAG);
    }
    for (uint32_t i = 0; i < cursor->day_slots; i++)
        cursor->days[i] = REPAY_DAY_ABSENT;
    cursor->schedule = schedule;
}

/* What a loop needs room for. No loop over few rows pays for room that it cannot use. */
struct room {
    uint32_t rows;
    uint32_t day_slots;
    uint32_t code_slots; /* of all columns */
    bool keeps_texts;
    bool keeps_statuses;
};

static struct room room_for(const struct repay_schedule *schedule,
                            const struct repay_lua_column *columns, int count)
{
    struct room room = {.rows = CHUNK_ROWS};
    bool has_days = false;

    for (int i = 0; i < count; i++) {
        enum form form = form_of(&columns[i]);

        has_days = has_days || form == FORM_DAY;
        if (form == FORM_CODE)
            room.code_slots = ((uint32_t)i + 1) * CODE_SLOTS;
        room.keeps_statuses = room.keeps_statuses || form == FORM_STATUS;
        room.keeps_texts = room.keeps_texts || (form != FORM_NUMBER && form != FORM_FLAG);
    }
    if (schedule->rows < CHUNK_ROWS)
        room.rows = schedule->rows;
    if (has_days)
        room.day_slots = DAY_SLOTS_MIN;
    while (has_days && room.day_slots < DAY_SLOTS_MAX && room.day_slots < schedule->rows)
        room.day_slots *= 2;
    return room;
}

/* What a cursor of texts keeps alive: its schedule, at index 1 of the stack, and strings to push.
 */
static void push_kept(lua_State *L, const struct room *room)
{
    uint32_t slots = room->day_slots + room->code_slots;

    lua_createtable(L, FIRST_DAY + (int)slots, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    for (int status = 0; room->keeps_statuses && status <= REPAY_STATUS_UNKNOWN; status++) {
        lua_pushstring(L, repay_status_name((enum repay_status)status));
        lua_rawseti(L, -2, FIRST_STATUS + status);
    }
}

/*
 * Pushes a cursor that is not open yet, its metatable below it. One of numbers alone keeps the
 * schedule and needs no table.
 */
static struct cursor *new_cursor(lua_State *L, int count, const struct room *room)
{
    size_t values = (size_t)count * room->rows;
    size_t size = sizeof(struct cursor) + (size_t)count * sizeof(struct column) +
                  values * sizeof(int64_t) + room->day_slots * sizeof(int32_t);
    struct cursor *cursor = repay_lua_new_anchoring(L, size);

    cursor->schedule = NULL;
    cursor->columns = (struct column *)(cursor + 1);
    cursor->chunk = (int64_t *)(cursor->columns + count);
    cursor->days = (int32_t *)(cursor->chunk + values);
    cursor->chunk_rows = room->rows;
    cursor->day_slots = room->day_slots;
    if (!room->keeps_texts) {
        repay_lua_anchor(L, -1, 1);
        return cursor;
    }
    push_kept(L, room);
    repay_lua_anchor(L, -2, -1);
    lua_pop(L, 1);
    return cursor;
}

/* each(name, …): for i, value, … in schedule:each("due_date", …) do */
static int each(lua_State *L)
{
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);
    struct repay_lua_column columns[COLUMNS_MAX];
    int count = lua_gettop(L) - 1;
    struct cursor *cursor;
    struct room room;

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
    room = room_for(schedule, columns, count);
    cursor = new_cursor(L, count, &room);
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
