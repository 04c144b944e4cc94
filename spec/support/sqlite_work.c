/*
 * How much SQLite does, for specs that say that work grows no faster than what it is done on: the
 * instructions of its machine, on every connection that was opened since watch(). Wall times would
 * say how busy the machine is.
 *
 *   sqlite_work.watch()      before the journal is opened
 *   sqlite_work.steps()      so far
 *   sqlite_work.rest()       connections that are opened from here on are not watched
 */
#include <lauxlib.h>
#include <lua.h>
#include <sqlite3.h>

__attribute__((visibility("default"))) int luaopen_spec_support_sqlite_work(lua_State *L);

static sqlite3_int64 steps_done;

/* Told when a statement is done with, or is given up. */
static int count_steps(unsigned what, void *context, void *statement, void *unused)
{
    (void)what;
    (void)context;
    (void)unused;
    steps_done += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    return 0;
}

static int watch_connection(sqlite3 *db, char **message, const void *routines)
{
    (void)message;
    (void)routines;
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, count_steps, NULL);
}

static int watch(lua_State *L)
{
    if (sqlite3_auto_extension((void (*)(void))watch_connection) != SQLITE_OK)
        return luaL_error(L, "SQLite has no memory for a watch");
    return 0;
}

static int rest(lua_State *L)
{
    (void)L;
    (void)sqlite3_cancel_auto_extension((void (*)(void))watch_connection);
    return 0;
}

static int steps(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)steps_done);
    return 1;
}

static const luaL_Reg functions[] = {
    {"watch", watch},
    {"rest", rest},
    {"steps", steps},
    {NULL, NULL},
};

int luaopen_spec_support_sqlite_work(lua_State *L)
{
    lua_createtable(L, 0, 3);
    for (const luaL_Reg *entry = functions; entry->name; entry++) {
        lua_pushcfunction(L, entry->func);
        lua_setfield(L, -2, entry->name);
    }
    return 1;
}
