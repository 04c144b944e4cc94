/*
 * fork for specs, on both VMs: a child that runs a Lua function and leaves at once, without running
 * anybody's exit code or finalizers, so that it can give nothing back that is its parent's.
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((visibility("default"))) int luaopen_spec_support_fork(lua_State *L);

/* A child that hangs must not hang the suite. */
#define CHILD_SECONDS_MAX 60

/* child(work): the child's process id. Its exit code is what work returns, 255 if it raises. */
static int child(lua_State *L)
{
    pid_t pid;
    int code = 255;

    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    (void)fflush(NULL);
    pid = fork();
    if (pid < 0)
        return luaL_error(L, "the system has no room for a child");
    if (pid > 0) {
        lua_pushinteger(L, (lua_Integer)pid);
        return 1;
    }
    (void)alarm(CHILD_SECONDS_MAX);
    if (lua_pcall(L, 0, 1, 0) != 0)
        (void)fprintf(stderr, "child: %s\n", lua_tostring(L, -1));
    else
        code = (int)lua_tointeger(L, -1);
    (void)fflush(stderr);
    _exit(code & 255);
}

/* wait(pid): its exit code, or nil and the signal that ended it. */
static int wait_for(lua_State *L)
{
    pid_t pid = (pid_t)luaL_checkinteger(L, 1);
    int status = 0;

    if (waitpid(pid, &status, 0) != pid)
        return luaL_error(L, "no such child");
    if (WIFEXITED(status)) {
        lua_pushinteger(L, WEXITSTATUS(status));
        return 1;
    }
    lua_pushnil(L);
    lua_pushinteger(L, WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    return 2;
}

static const luaL_Reg functions[] = {
    {"child", child},
    {"wait", wait_for},
    {NULL, NULL},
};

int luaopen_spec_support_fork(lua_State *L)
{
    lua_createtable(L, 0, 2);
    for (const luaL_Reg *entry = functions; entry->name; entry++) {
        lua_pushcfunction(L, entry->func);
        lua_setfield(L, -2, entry->name);
    }
    return 1;
}
