/*
 * The smallest interpreter: runs one script with its arguments and closes its state.
 *
 * The sanitizers' runtimes have to be in the program itself. Loading them into the system's
 * interpreter from outside would work too, but every curl, server and shell that a spec starts
 * would get them as well, and some of those hang. Refuses everything else that an interpreter can
 * do.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

static int traceback(lua_State *L)
{
    const char *message = lua_tostring(L, 1);

    luaL_traceback(L, L, message ? message : "(an error that is no text)", 1);
    return 1;
}

/* The global `arg`, as the real interpreters make it: the script is number 0. */
static void push_arguments(lua_State *L, int argc, char **argv)
{
    lua_createtable(L, argc, 2);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - 1);
    }
    lua_setglobal(L, "arg");
}

static int run(lua_State *L, int argc, char **argv)
{
    int status;

    luaL_openlibs(L);
    push_arguments(L, argc, argv);
    lua_pushcfunction(L, traceback);
    status = luaL_loadfile(L, argv[1]);
    for (int i = 2; i < argc && status == 0; i++)
        lua_pushstring(L, argv[i]);
    if (status == 0)
        status = lua_pcall(L, argc - 2, 0, 1);
    if (status != 0)
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
    return status == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    lua_State *L;
    int status;

    if (argc < 2) {
        fprintf(stderr, "lua_host SCRIPT [ARGUMENT…]\n");
        return 2;
    }
    L = luaL_newstate();
    if (!L) {
        fprintf(stderr, "lua_host: not enough memory\n");
        return 1;
    }
    status = run(L, argc, argv);
    lua_close(L);
    return status;
}
