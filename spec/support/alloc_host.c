/*
 * Runs a script's scenarios with every allocation failing in turn, and nothing else.
 *
 * Each run has a Lua state of its own over an allocator that refuses one request (the n-th), or
 * every request from the n-th on; n goes up until a run meets no refusal. The scenario may end in
 * any way but a crash. Afterwards the script checks what it knows must hold, and when the state is
 * closed every byte must have come back, each with the size it was asked for with.
 *
 *   alloc_host script.lua [scenario]
 *
 * The script returns a list of names and a function; the function, given a name, returns two more:
 * the scenario, and the check that gets whether the scenario ended without raising.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 200000 /* a scenario that never ends without a refusal is a failure */

struct tally {
    size_t bytes;     /* handed out and not given back */
    long until;       /* requests until one is refused; -1: none is */
    bool refuses_all; /* and every one after it */
    bool refused;
    long wrong_sizes;
};

/* Keeps blocks aligned as malloc does. */
union head {
    size_t size;
    max_align_t aligned;
};

static long checks;
static long failures;

static bool refuse(struct tally *tally)
{
    if (tally->until < 0)
        return false;
    if (tally->until > 0) {
        tally->until--;
        return false;
    }
    if (!tally->refuses_all)
        tally->until = -1;
    tally->refused = true;
    return true;
}

/* Shrinking never fails: Lua counts on that, and so may the core. */
static void *resize(void *context, void *memory, size_t old_size, size_t new_size)
{
    struct tally *tally = context;
    union head *head = memory ? (union head *)memory - 1 : NULL;

    if (head && head->size != old_size)
        tally->wrong_sizes++;
    old_size = head ? head->size : 0;
    if (new_size == 0) {
        free(head);
        tally->bytes -= old_size;
        return NULL;
    }
    if (new_size > old_size && refuse(tally))
        return NULL;
    head = realloc(head, sizeof *head + new_size);
    if (!head)
        abort();
    head->size = new_size;
    tally->bytes += new_size - old_size;
    return head + 1;
}

static void check(bool holds, const char *scenario, long n, const char *what)
{
    checks++;
    if (holds)
        return;
    failures++;
    printf("%s, allocation %ld: %s\n", scenario, n, what);
}

static void give_up(lua_State *L, const char *doing)
{
    printf("%s: %s\n", doing, lua_tostring(L, -1));
    exit(2);
}

static lua_State *open_script(struct tally *tally, const char *path)
{
    lua_State *L = lua_newstate(resize, tally);

    if (!L) {
        puts("no Lua state over an allocator of one's own");
        exit(2);
    }
    luaL_openlibs(L);
    if (luaL_loadfile(L, path) != 0 || lua_pcall(L, 0, 2, 0) != 0)
        give_up(L, path);
    return L;
}

/* One run. Returns whether something was refused. */
static bool run(const char *path, const char *scenario, long n, bool refuses_all)
{
    struct tally tally = {.until = -1, .refuses_all = refuses_all};
    lua_State *L = open_script(&tally, path);
    bool ended_well;

    lua_pushstring(L, scenario);
    if (lua_pcall(L, 1, 2, 0) != 0)
        give_up(L, scenario);
    lua_pushvalue(L, -2);
    (void)lua_gc(L, LUA_GCCOLLECT, 0);
    tally.until = n;
    ended_well = lua_pcall(L, 0, 0, 0) == 0;
    tally.until = -1;
    if (!ended_well)
        lua_pop(L, 1);
    lua_remove(L, -2); /* the scenario itself, and what it holds */
    (void)lua_gc(L, LUA_GCCOLLECT, 0);
    (void)lua_gc(L, LUA_GCCOLLECT, 0);
    lua_pushboolean(L, ended_well);
    if (lua_pcall(L, 1, 0, 0) != 0)
        check(false, scenario, n, lua_tostring(L, -1));
    else
        check(true, scenario, n, "");
    check(ended_well || tally.refused, scenario, n, "it raised though nothing was refused");
    lua_close(L);
    check(tally.bytes == 0, scenario, n, "memory was not given back");
#if LUA_VERSION_NUM >= 502
    /* LuaJIT itself does so, for a function whose upvalues it could not make. */
    check(tally.wrong_sizes == 0, scenario, n, "memory was given back with another size");
#endif
    return tally.refused;
}

static void run_all(const char *path, const char *scenario)
{
    for (int mode = 0; mode < 2; mode++) {
        long n = 0;

        while (n < RUNS_MAX && failures < 20 && run(path, scenario, n, mode == 1))
            n++;
        check(n < RUNS_MAX, scenario, n, "it never ended without a refusal");
        fprintf(stderr, "%s: %ld allocations %s\n", scenario, n,
                mode == 1 ? "and all that follow" : "one at a time");
    }
}

int main(int count, char **arguments)
{
    struct tally tally = {.until = -1};
    lua_State *L;
    size_t scenarios;

    if (count < 2) {
        puts("usage: alloc_host script.lua [scenario]");
        return 2;
    }
    L = open_script(&tally, arguments[1]);
#if LUA_VERSION_NUM >= 502
    scenarios = lua_rawlen(L, -2);
#else
    scenarios = lua_objlen(L, -2);
#endif
    for (size_t i = 1; i <= scenarios; i++) {
        lua_rawgeti(L, -2, (int)i);
        if (count < 3 || strcmp(arguments[2], lua_tostring(L, -1)) == 0)
            run_all(arguments[1], lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_close(L);
    if (failures > 0)
        printf("alloc_host: %ld checks, %ld failures\n", checks, failures);
    else
        printf("alloc_host: %ld checks\n", checks);
    return failures > 0;
}
