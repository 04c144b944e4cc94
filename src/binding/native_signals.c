/*
 * repay.native.signals: Ctrl-C, a polite kill and a closed terminal as something that is asked
 * about, for a command that has to see a repayment to its end first.
 *
 *     native.catch()     from now on SIGINT, SIGTERM and SIGHUP are noted and interrupt nothing
 *     native.caught()    the name of the one that came, or nil
 *     native.release()   as it was before
 *
 * Lua's own interpreters raise an error at Ctrl-C wherever the program is just then, which may be
 * between the answer of a provider and its entry in the journal. Each signal is noted once; when it
 * comes again the process ends at once, as it would have without this. What was ignored stays
 * ignored. The handlers belong to the process: one caller at a time, the last one to release wins.
 */
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "lua_compat.h"

__attribute__((visibility("default"))) int luaopen_repay_native_signals(lua_State *L);

static const struct {
    int number;
    const char *name;
} signals[] = {{SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"}};

#define SIGNAL_COUNT (sizeof signals / sizeof *signals)

static volatile sig_atomic_t last_caught;
static struct sigaction before[SIGNAL_COUNT];
static bool is_catching;

static void note(int number)
{
    last_caught = number;
}

static int release(lua_State *L)
{
    (void)L;
    for (size_t i = 0; is_catching && i < SIGNAL_COUNT; i++)
        (void)sigaction(signals[i].number, &before[i], NULL);
    is_catching = false;
    return 0;
}

static int begin(lua_State *L)
{
    struct sigaction action = {.sa_flags = SA_RESTART | (int)SA_RESETHAND};

    if (is_catching)
        return luaL_error(L, "signals are caught already");
    (void)sigemptyset(&action.sa_mask);
    action.sa_handler = note;
    last_caught = 0;
    is_catching = true;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        (void)sigaction(signals[i].number, NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            (void)sigaction(signals[i].number, &action, NULL);
    }
    return 0;
}

static int caught(lua_State *L)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if (signals[i].number == last_caught) {
            lua_pushstring(L, signals[i].name);
            return 1;
        }
    }
    lua_pushnil(L);
    return 1;
}

static const luaL_Reg functions[] = {
    {"catch", begin},
    {"caught", caught},
    {"release", release},
    {NULL, NULL},
};

int luaopen_repay_native_signals(lua_State *L)
{
    lua_createtable(L, 0, 3);
    luaL_setfuncs(L, functions, 0);
    return 1;
}
