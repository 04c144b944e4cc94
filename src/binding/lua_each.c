/*
 * Iteration by column: the index and bare values, without a table for each row.
 *
 * What a loop needs stands in a cursor, a userdata that keeps the schedule alive. Names are
 * resolved once, when the loop begins. A chunk of rows is made ready at a time: numbers as they
 * will be pushed, days and texts as places in a table of strings, because looking a string up costs
 * a tenth of making it. What is left for each row is hardly more than Lua's own price of calling C.
 */
#include "lua_columns.h"
#include "lua_row.h"
#include "lua_schedule.h"

#define CURSOR_CLASS "repay.cursor"
#define COLUMNS_MAX  16 /* values a loop may ask for; no documented row has more members */
#define CHUNK_FIRST  8u /* rows made ready at first: a loop may break off soon; then always twice */
#define CHUNK_ROWS   128u  /* as many: four columns of them are 4 KiB and stay in the first cache */
#define DAY_SLOTS    1024u /* days seen lately: almost three years of them */
#define CODE_SLOTS   64u   /* texts seen lately in one column: the words of a status, loans' ids */
#define ABSENT       INT64_MIN

/* The place of the schedule in the table of kept values; those of the words for statuses follow. */
#define KEPT_SCHEDULE 1
#define KEPT_STATUSES 2
#define KEPT_COLUMNS  (KEPT_STATUSES + REPAY_STATUS_COUNT)

/* How a value is pushed. */
enum form {
    FORM_NUMBER, /* ABSENT: nil */
    FORM_KEPT,   /* the value is a place in the table of kept strings, 0: nil */
    FORM_FLAG,   /* ABSENT: nil */
    FORM_TEXT,   /* read from the schedule: an id that differs from row to row */
    FORM_NIL
};

/* Where a kept string comes from. */
enum source { SOURCE_NONE, SOURCE_STATUS, SOURCE_DAY, SOURCE_CODE };

/* What the string at a place was made from. */
struct slot {
    uint32_t key;   /* a day, or the code of a text */
    uint32_t chunk; /* the last that used it, counted from 1; 0: it is empty */
};

/*
 * Strings of a column have a place for each slot, and one more for each row of a chunk: for those
 * whose slot another row of the same chunk needs.
 */
struct column {
    enum form form;
    enum source source;
    struct repay_lua_column of;
    uint32_t slot_count; /* a power of two */
    int first_place;
    struct slot *slots;
};

struct cursor {
    const struct repay_schedule *schedule; /* kept alive by the loop's value */
    int64_t *chunk;                        /* row by row, one value for each column */
    const int64_t *values;                 /* of row `next`, if it is ready */
    uint32_t next;                         /* the row that follows the one given last */
    uint32_t first;                        /* rows of the chunk that is ready */
    uint32_t ready;
    uint32_t chunk_rows; /* room for so many */
    uint32_t chunks;     /* made ready so far */
    unsigned count;
    bool keeps;              /* some column's values are kept strings */
    struct column columns[]; /* then the slots of each, then the chunk */
};

static enum form form_of(const struct repay_lua_column *column)
{
    switch (column->kind) {
    case REPAY_COLUMN_LOAN_ID:
    case REPAY_COLUMN_STATUS:
        return FORM_KEPT;
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
    case REPAY_FIELD_TEXT:
        return FORM_KEPT;
    case REPAY_FIELD_UUID:
    case REPAY_FIELD_MOMENT:
        break;
    }
    return FORM_TEXT;
}

static enum source source_of(const struct repay_lua_column *column)
{
    if (form_of(column) != FORM_KEPT)
        return SOURCE_NONE;
    if (column->kind == REPAY_COLUMN_STATUS)
        return SOURCE_STATUS;
    return column->kind == REPAY_COLUMN_FIELD && column->field->type == REPAY_FIELD_DAY
               ? SOURCE_DAY
               : SOURCE_CODE;
}

/*
 * Making a chunk ready
 */

/* Pushes the string of a day, or of a text's code. */
static void push_string(lua_State *L, const struct cursor *cursor, enum source source, uint32_t key)
{
    char day[REPAY_DAY_TEXT_MAX];
    struct repay_text text = {day, sizeof day};

    if (source == SOURCE_DAY)
        repay_day_write((int32_t)key, day);
    else
        text = repay_schedule_text(cursor->schedule, key);
    lua_pushlstring(L, text.data, text.length);
}

/* The place of the string in the table of kept ones, made where it is not there yet. */
static int place_of(lua_State *L, const struct cursor *cursor, struct column *column, uint32_t key,
                    uint32_t row)
{
    /* Days follow each other, codes are places of texts and mostly some bytes apart. */
    uint32_t hash = column->source == SOURCE_DAY ? key : key ^ key >> 5 ^ key >> 10;
    uint32_t at = hash & (column->slot_count - 1);
    struct slot *slot = &column->slots[at];

    if (slot->chunk != 0 && slot->key == key) {
        slot->chunk = cursor->chunks;
        return column->first_place + (int)at;
    }
    push_string(L, cursor, column->source, key);
    if (slot->chunk == cursor->chunks)
        at = column->slot_count + row;
    else
        *slot = (struct slot){key, 0};
    lua_rawseti(L, REPAY_LUA_LOOP_KEPT, column->first_place + (int)at);
    if (at < column->slot_count)
        slot->chunk = cursor->chunks;
    return column->first_place + (int)at;
}

/* Days or codes from `row` on as the numbers that they are, in `room` or where they lie. */
static const uint32_t *read_keys(const struct repay_schedule *schedule, const struct column *column,
                                 uint32_t row, uint32_t count, uint32_t *room)
{
    if (column->of.kind == REPAY_COLUMN_LOAN_ID) {
        repay_schedule_fill_loans(schedule, row, count, room);
    } else if (column->source == SOURCE_DAY && column->of.field->role == REPAY_ROLE_DUE_DATE) {
        /* A day is pushed by the bits that it has. */
        return (const uint32_t *)repay_schedule_days(schedule, row, count, (int32_t *)room);
    } else {
        repay_schedule_fill_words(schedule, column->of.field, row, count, room);
    }
    return room;
}

static void load_kept(lua_State *L, struct cursor *cursor, unsigned i, uint32_t row, uint32_t count)
{
    struct column *column = &cursor->columns[i];
    uint32_t none = column->source == SOURCE_DAY ? (uint32_t)REPAY_DAY_ABSENT : 0;
    int64_t *out = cursor->chunk + i;
    uint32_t room[CHUNK_ROWS];
    const uint32_t *keys;
    uint8_t statuses[CHUNK_ROWS];

    if (column->source == SOURCE_STATUS) {
        repay_schedule_fill_statuses(cursor->schedule, row, count, statuses);
        for (uint32_t at = 0; at < count; at++, out += cursor->count)
            *out = KEPT_STATUSES + statuses[at];
        return;
    }
    keys = read_keys(cursor->schedule, column, row, count, room);
    for (uint32_t at = 0; at < count; at++, out += cursor->count)
        *out = keys[at] == none ? 0 : place_of(L, cursor, column, keys[at], at);
}

/* The column's values from `row` on, in `room` or where they lie. */
static const int64_t *read_numbers(const struct repay_schedule *schedule,
                                   const struct repay_lua_column *of, uint32_t row, uint32_t count,
                                   int64_t *room)
{
    struct repay_value value;

    if (of->kind == REPAY_COLUMN_FIGURE)
        return repay_schedule_amounts(schedule, of->figure, row, count, room);
    if (of->kind == REPAY_COLUMN_FIELD && of->field->type == REPAY_FIELD_AMOUNT) {
        repay_schedule_fill_amounts(schedule, of->field, row, count, room);
        return room;
    }
    for (uint32_t at = 0; at < count; at++) {
        if (of->kind == REPAY_COLUMN_NUMBER) {
            int32_t number = repay_schedule_number(schedule, row + at);

            room[at] = number == REPAY_COUNT_ABSENT ? ABSENT : number;
        } else {
            repay_schedule_value(schedule, row + at, of->field, &value);
            room[at] = value.present ? value.integer : ABSENT;
        }
    }
    return room;
}

static void load_numbers(const struct cursor *cursor, unsigned i, uint32_t row, uint32_t count)
{
    int64_t *out = cursor->chunk + i;
    int64_t room[CHUNK_ROWS];
    const int64_t *values =
        read_numbers(cursor->schedule, &cursor->columns[i].of, row, count, room);

    for (uint32_t at = 0; at < count; at++, out += cursor->count)
        *out = values[at];
}

/* May raise for lack of memory: then no row is ready. */
static void load(lua_State *L, struct cursor *cursor, uint32_t row)
{
    uint32_t left = cursor->schedule->rows - row;
    uint32_t count = cursor->ready == 0 ? CHUNK_FIRST : cursor->ready * 2;

    if (count > cursor->chunk_rows)
        count = cursor->chunk_rows;
    if (count > left)
        count = left;
    cursor->ready = 0;
    cursor->chunks++;
    for (unsigned i = 0; i < cursor->count; i++) {
        if (cursor->columns[i].form == FORM_KEPT)
            load_kept(L, cursor, i, row, count);
        else if (cursor->columns[i].form == FORM_NUMBER || cursor->columns[i].form == FORM_FLAG)
            load_numbers(cursor, i, row, count);
    }
    cursor->first = row;
    cursor->ready = count;
}

/*
 * Pushing
 */

/* What is rare, kept apart from what is not: FORM_TEXT, FORM_FLAG, and values that are nil. */
__attribute__((noinline)) static void push_rare(lua_State *L, const struct cursor *cursor,
                                                const struct column *column, int64_t number)
{
    struct repay_value value;

    if (column->form == FORM_TEXT) {
        repay_schedule_value(cursor->schedule, cursor->next, column->of.field, &value);
        repay_lua_push_value(L, column->of.field, &value);
    } else if (column->form == FORM_FLAG && number != ABSENT) {
        lua_pushboolean(L, number != 0);
    } else {
        lua_pushnil(L);
    }
}

static inline void push_value(lua_State *L, const struct cursor *cursor, unsigned i, int64_t value)
{
    enum form form = cursor->columns[i].form;

    if (form == FORM_NUMBER && value != ABSENT)
        lua_pushinteger(L, (lua_Integer)value);
    else if (form == FORM_KEPT && value != 0)
        lua_rawgeti(L, REPAY_LUA_LOOP_KEPT, (int)value);
    else
        push_rare(L, cursor, &cursor->columns[i], value);
}

/*
 * Makes the row ready that the control value asks for; false past the last. Apart, so that the rows
 * which are ready do not pay for the room that this one takes.
 */
__attribute__((noinline)) static bool find_row(lua_State *L, struct cursor *cursor)
{
    int64_t index = 0;

    if (!repay_lua_loop_is_given_state(L, cursor))
        (void)luaL_argerror(L, 1, "what schedule:each returned expected");
    luaL_argcheck(L, repay_lua_to_integer(L, 2, &index) && index >= 0, 2, "row number expected");
    if (index >= cursor->schedule->rows)
        return false;
    cursor->next = (uint32_t)index;
    if (cursor->next - cursor->first >= cursor->ready)
        load(L, cursor, cursor->next);
    cursor->values = cursor->chunk + (size_t)(cursor->next - cursor->first) * cursor->count;
    return true;
}

/*
 * The iterator: (cursor, index) → index + 1, values. In a loop the row asked for is the one that
 * follows the row before, and nothing else is looked at while the chunk lasts.
 */
static int each_next(lua_State *L)
{
    struct cursor *cursor = repay_lua_loop_state(L);
    unsigned count;

    if (!cursor)
        return luaL_argerror(L, 1, "what schedule:each returned expected");
    if (!cursor->schedule || !cursor->schedule->layout)
        return luaL_error(L, "repay.schedule is closed");
    count = cursor->count;
    if (cursor->keeps)
        repay_lua_loop_bring_kept(L);
    /* A number that is none is 0, and the first row is always found the long way. */
    if ((cursor->next == 0 || lua_tointeger(L, 2) != (lua_Integer)cursor->next ||
         cursor->next - cursor->first >= cursor->ready) &&
        !find_row(L, cursor)) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, (lua_Integer)cursor->next + 1);
    for (unsigned i = 0; i < count; i++)
        push_value(L, cursor, i, cursor->values[i]);
    cursor->values += count;
    cursor->next++;
    return (int)count + 1;
}

/*
 * Beginning a loop
 */

/* What a loop needs room for. No loop over few rows pays for room that it cannot use. */
struct room {
    uint32_t rows;
    uint32_t slots; /* of all columns */
    int places;     /* in the table of kept values */
    bool has_statuses;
};

static uint32_t slots_for(const struct repay_schedule *schedule,
                          const struct repay_lua_column *column)
{
    enum source source = source_of(column);
    uint32_t most = source == SOURCE_DAY ? DAY_SLOTS : CODE_SLOTS, slots = 8;

    if (source != SOURCE_DAY && source != SOURCE_CODE)
        return 0;
    while (slots < most && slots < schedule->rows)
        slots *= 2;
    return slots;
}

static struct room room_for(const struct repay_schedule *schedule,
                            const struct repay_lua_column *columns, int count)
{
    struct room room = {.rows = CHUNK_ROWS, .places = KEPT_COLUMNS};

    if (schedule->rows < CHUNK_ROWS)
        room.rows = schedule->rows;
    for (int i = 0; i < count; i++) {
        uint32_t slots = slots_for(schedule, &columns[i]);

        room.has_statuses = room.has_statuses || source_of(&columns[i]) == SOURCE_STATUS;
        room.slots += slots;
        room.places += slots > 0 ? (int)(slots + room.rows) : 0;
    }
    return room;
}

/*
 * The table of what a loop over strings keeps: the schedule, at index 1 of the stack, and strings.
 */
static void push_kept(lua_State *L, const struct room *room)
{
    lua_createtable(L, room->places - 1, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, KEPT_SCHEDULE);
    for (int status = 0; room->has_statuses && status < REPAY_STATUS_COUNT; status++) {
        lua_pushstring(L, repay_status_name((enum repay_status)status));
        lua_rawseti(L, -2, KEPT_STATUSES + status);
    }
}

static void open_cursor(struct cursor *cursor, const struct repay_schedule *schedule,
                        const struct repay_lua_column *columns, unsigned count,
                        const struct room *room)
{
    /* The chunk first: its values are the widest. */
    struct slot *slots;
    int place = KEPT_COLUMNS;

    *cursor = (struct cursor){.chunk_rows = room->rows, .count = count};
    cursor->chunk = (int64_t *)(void *)(cursor->columns + count);
    slots = (struct slot *)(void *)(cursor->chunk + (size_t)count * room->rows);
    memset(slots, 0, room->slots * sizeof *slots);
    for (unsigned i = 0; i < count; i++) {
        uint32_t slot_count = slots_for(schedule, &columns[i]);

        cursor->columns[i] = (struct column){.form = form_of(&columns[i]),
                                             .source = source_of(&columns[i]),
                                             .of = columns[i],
                                             .slot_count = slot_count,
                                             .first_place = place,
                                             .slots = slots};
        cursor->keeps = cursor->keeps || cursor->columns[i].form == FORM_KEPT;
        slots += slot_count;
        place += slot_count > 0 ? (int)(slot_count + room->rows) : 0;
    }
    cursor->schedule = schedule;
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
    room = room_for(schedule, columns, count);
    cursor = repay_lua_new_anchoring(L, sizeof *cursor + (size_t)count * sizeof *cursor->columns +
                                            (size_t)count * room.rows * sizeof *cursor->chunk +
                                            room.slots * sizeof(struct slot));
    open_cursor(cursor, schedule, columns, (unsigned)count, &room);
    /* A loop over numbers alone keeps the schedule and needs no table. */
    if (cursor->keeps)
        push_kept(L, &room);
    else
        lua_pushvalue(L, 1);
    repay_lua_push_loop(L, REPAY_LUA_SLOT_CURSOR, each_next);
    lua_pushinteger(L, 0);
    return 3;
}

/* Cursors own nothing but memory of Lua's, so their class has no finalizer. */
void repay_lua_each_register(lua_State *L)
{
    repay_lua_register_loop(L, CURSOR_CLASS, REPAY_LUA_SLOT_CURSOR, each_next);
}

const luaL_Reg repay_lua_each_methods[] = {
    {"each", each},
    {NULL, NULL},
};
