/*
 * The class `repay.schedule`: its life, its facts, and the table of its methods.
 */
#include "lua_schedule.h"

#include <limits.h>

#include "lua_columns.h"
#include "lua_figures.h"
#include "lua_row.h"

struct box {
    struct repay_lua_object object;
    struct repay_schedule schedule; /* last: its columns may follow it */
};

static struct box *get_box(lua_State *L, int index)
{
    return repay_lua_class_check(L, index, REPAY_LUA_SLOT_SCHEDULE, REPAY_LUA_SCHEDULE);
}

struct repay_schedule *repay_lua_get_schedule(lua_State *L, int index)
{
    return &get_box(L, index)->schedule;
}

struct repay_schedule *repay_lua_check_schedule(lua_State *L, int index)
{
    struct repay_schedule *schedule = repay_lua_get_schedule(L, index);

    if (!schedule->layout)
        (void)luaL_error(L, "repay.schedule is closed");
    return schedule;
}

/* With room for so many bytes: all that a small one needs, or the core's struct alone. */
static struct repay_schedule *new_schedule(lua_State *L, struct repay_lua_state *state, size_t size,
                                           enum repay_lua_slot metatable)
{
    struct box *box = repay_lua_new_userdata(L, offsetof(struct box, schedule) + size);

    repay_schedule_init(&box->schedule);
    repay_lua_class_stamp(&box->object, REPAY_LUA_SLOT_SCHEDULE, state);
    repay_lua_class_set(L, metatable);
    return &box->schedule;
}

/*
 * A schedule that was made but never filled has no layout, and counts as closed: so an error
 * between making and filling it leaves nothing to count down.
 */
bool repay_lua_push_schedule(lua_State *L, struct repay_lua_state *state,
                             struct repay_builder *rows, const struct repay_schedule_facts *facts,
                             struct repay_error *error)
{
    struct repay_packing packing = repay_builder_measure(rows, facts);
    struct repay_schedule *schedule;
    size_t size;

    if (packing.size <= REPAY_SCHEDULE_INLINE_MAX) {
        schedule = new_schedule(L, state, packing.size, REPAY_LUA_SLOT_SMALL_SCHEDULE);
        repay_builder_pack(rows, facts, &packing, schedule);
        return true;
    }
    schedule = new_schedule(L, state, sizeof *schedule, REPAY_LUA_SLOT_SCHEDULE);
    if (!repay_builder_move(rows, facts, schedule, error))
        return false;
    state->live++;
    size = repay_schedule_memory(schedule);
    (void)lua_gc(L, LUA_GCSTEP, (int)(size >> 10 < INT_MAX ? size >> 10 : INT_MAX));
    return true;
}

static int close_schedule(lua_State *L)
{
    struct box *box = get_box(L, 1);

    /* A small one owns nothing and was never counted. */
    if (box->schedule.store)
        box->object.state->live--;
    repay_schedule_free(&box->schedule);
    lua_pushboolean(L, 1);
    return 1;
}

static int count_rows(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)repay_lua_check_schedule(L, 1)->rows);
    return 1;
}

static int memory_of_schedule(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)repay_schedule_memory(repay_lua_check_schedule(L, 1)));
    return 1;
}

/*
 * reason(name): the fixed word that says why the figure is nil in these rows, or nil when the
 * provider tells it or it can be computed. `lateness` asks for everything that compares due dates.
 */
static int reason_of_figure(lua_State *L)
{
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);
    struct repay_text name = REPAY_NO_TEXT;
    const char *reason;

    luaL_checktype(L, 2, LUA_TSTRING);
    name.data = lua_tolstring(L, 2, &name.length);
    if (repay_text_is(name, "lateness"))
        reason = schedule->layout->lateness_reason;
    else
        reason = repay_lua_column_reason(L, schedule->layout, name);
    if (reason)
        lua_pushstring(L, reason);
    else
        lua_pushnil(L);
    return 1;
}

static const char *const facts[] = {
    "provider", "operation", "subject", "environment",        "label",
    "currency", "decimals",  "zone",    "fetched_at_unix_ms", NULL,
};

static void push_fact(lua_State *L, const struct repay_schedule *schedule, const char *name)
{
    struct repay_schedule_facts of;
    char zone[REPAY_ZONE_TEXT_MAX];

    repay_schedule_facts_of(schedule, &of);
    if (strcmp(name, "provider") == 0) {
        lua_pushstring(L, schedule->layout->provider);
    } else if (strcmp(name, "operation") == 0) {
        lua_pushstring(L, schedule->layout->name);
    } else if (strcmp(name, "subject") == 0) {
        repay_lua_push_text(L, of.subject);
    } else if (strcmp(name, "environment") == 0) {
        repay_lua_push_text(L, of.environment);
    } else if (strcmp(name, "label") == 0) {
        repay_lua_push_text(L, of.label);
    } else if (strcmp(name, "currency") == 0) {
        repay_lua_push_text(L, repay_text_of(of.currency));
    } else if (strcmp(name, "decimals") == 0) {
        lua_pushinteger(L, of.decimals);
    } else if (strcmp(name, "fetched_at_unix_ms") == 0) {
        lua_pushinteger(L, (lua_Integer)of.fetched_at_unix_ms);
    } else if (of.zone_known) {
        repay_zone_write(of.zone_minutes, zone);
        lua_pushlstring(L, zone, sizeof zone);
    } else {
        lua_pushnil(L);
    }
}

static int schedule_index(lua_State *L);

static const luaL_Reg methods[] = {
    {"close", close_schedule},
    {"memory", memory_of_schedule},
    {"reason", reason_of_figure},
    {NULL, NULL},
};

/* Every table of methods; a file that computes something more adds its own here. */
static const luaL_Reg *const method_tables[] = {
    repay_lua_row_methods,      repay_lua_each_methods,   repay_lua_figure_methods,
    repay_lua_check_methods,    repay_lua_filter_methods, repay_lua_allocate_methods,
    repay_lua_snapshot_methods, repay_lua_diff_methods,   NULL,
};

static const luaL_Reg metamethods[] = {
    {"__index", schedule_index},
    {"__len", count_rows},
    {"__gc", close_schedule},
    {"__close", close_schedule},
    {"__tostring", repay_lua_schedule_text},
    {NULL, NULL},
};

static const struct repay_lua_class class = {REPAY_LUA_SLOT_SCHEDULE, REPAY_LUA_SCHEDULE, methods,
                                             metamethods, facts};

static int schedule_index(lua_State *L)
{
    const char *fact;
    int64_t position;

    if (lua_type(L, 2) == LUA_TNUMBER) {
        const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);

        if (repay_lua_to_integer(L, 2, &position) && position >= 1 && position <= schedule->rows)
            repay_lua_push_row(L, schedule, (uint32_t)(position - 1));
        else
            lua_pushnil(L);
        return 1;
    }
    fact = repay_lua_class_find(L, &class, 2);
    if (!fact)
        return 1;
    push_fact(L, repay_lua_check_schedule(L, 1), fact);
    return 1;
}

void repay_lua_schedule_register(lua_State *L)
{
    repay_lua_class_register(L, &class);
    repay_lua_class_register_light(L, &class, REPAY_LUA_SLOT_SMALL_SCHEDULE);
    for (const luaL_Reg *const *table = method_tables; *table; table++)
        luaL_setfuncs(L, *table, 0);
    repay_lua_each_register(L);
}
