/*
 * repay.native.files: what Lua's own library cannot do with files and snapshots need.
 *
 *     native.make_directory(path)     for its owner alone: true; nil and a message. One that is
 *                                     there already is an error, so that nobody's files are mixed
 *     native.write(path, bytes)       the whole file or nothing: written beside it, for its owner
 *                                     alone, then put in its place; on disk when this returns
 *     native.may_replace(path)        whether a file may be put there: true; nil and a message
 *     native.list(path)               the names in a directory, in order of their bytes, without
 *                                     those that begin with a dot; nil and a message
 *
 * It follows no rule about what is written, and deletes nothing but its own unfinished file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lua_compat.h"

__attribute__((visibility("default"))) int luaopen_repay_native_files(lua_State *L);

#define PATH_MAX_BYTES 4000
#define NAMES_MAX      1000000 /* a directory with more was not made here */

/* A path without zero bytes; the C library would read another one. */
static const char *check_path(lua_State *L)
{
    size_t length;
    const char *path = luaL_checklstring(L, 1, &length);

    if (length == 0 || length > PATH_MAX_BYTES || memchr(path, '\0', length))
        (void)luaL_error(L, "a path has 1 to %d bytes, none of them zero", PATH_MAX_BYTES);
    return path;
}

static int push_system_error(lua_State *L, int number)
{
    lua_pushnil(L);
    lua_pushstring(L, strerror(number));
    return 2;
}

static int push_done(lua_State *L)
{
    lua_pushboolean(L, 1);
    return 1;
}

static int make_directory(lua_State *L)
{
    if (mkdir(check_path(L), 0700) != 0)
        return push_system_error(L, errno);
    return push_done(L);
}

static bool write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, bytes, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

/* The new name is on disk only when the directory is. */
static bool sync_directory_of(const char *path)
{
    char directory[PATH_MAX_BYTES + 1];
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    bool done;
    int file;

    if (length > 0)
        memcpy(directory, path, length);
    else
        directory[length++] = slash ? '/' : '.';
    directory[length] = '\0';
    file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return false;
    done = fsync(file) == 0;
    (void)close(file);
    return done;
}

/*
 * A file that is moved to where a device, a pipe or a link is takes it away from everybody who uses
 * it: root's `--out /dev/null` would. What is there may be replaced only if it is a file too.
 */
static const char *refusal_of(const char *path)
{
    struct stat there;

    if (lstat(path, &there) != 0 || S_ISREG(there.st_mode))
        return NULL;
    return S_ISDIR(there.st_mode) ? strerror(EISDIR) : "it is no regular file";
}

static int may_replace(lua_State *L)
{
    const char *refusal = refusal_of(check_path(L));

    if (!refusal)
        return push_done(L);
    lua_pushnil(L);
    lua_pushstring(L, refusal);
    return 2;
}

static int write_file(lua_State *L)
{
    const char *path = check_path(L);
    char beside[PATH_MAX_BYTES + 16];
    size_t length;
    const char *bytes = luaL_checklstring(L, 2, &length);
    int file, problem = 0;

    if (refusal_of(path))
        return may_replace(L);
    (void)snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    file = mkostemp(beside, O_CLOEXEC); /* 0600 */
    if (file < 0)
        return push_system_error(L, errno);
    if (!write_all(file, bytes, length) || fsync(file) != 0)
        problem = errno;
    if (close(file) != 0 && problem == 0)
        problem = errno;
    if (problem == 0 && rename(beside, path) != 0)
        problem = errno;
    if (problem != 0) {
        (void)unlink(beside);
        return push_system_error(L, problem);
    }
    if (!sync_directory_of(path))
        return push_system_error(L, errno);
    return push_done(L);
}

/* The names of one directory, freed whatever Lua raises: a userdata holds them. */
struct names {
    char **list;
    int count;
};

#define NAMES_CLASS "repay.files.names"

static int free_names(lua_State *L)
{
    struct names *names = lua_touserdata(L, 1);

    for (int i = 0; i < names->count; i++)
        free(names->list[i]);
    free(names->list);
    names->list = NULL;
    names->count = 0;
    return 0;
}

static bool keep_name(struct names *names, int *room, const char *name)
{
    char *copy;

    if (names->count == *room) {
        int wanted = *room > 0 ? *room * 2 : 64;
        char **larger = realloc(names->list, (size_t)wanted * sizeof *larger);

        if (!larger)
            return false;
        names->list = larger;
        *room = wanted;
    }
    copy = strdup(name);
    if (!copy)
        return false;
    names->list[names->count++] = copy;
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* 0, or what went wrong. */
static int read_names(const char *path, struct names *names)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    int room = 0, problem = 0;

    if (!directory)
        return errno;
    errno = 0;
    for (entry = readdir(directory); entry && problem == 0; entry = readdir(directory)) {
        if (entry->d_name[0] != '.' &&
            (names->count == NAMES_MAX || !keep_name(names, &room, entry->d_name)))
            problem = ENOMEM;
        errno = problem;
    }
    if (problem == 0)
        problem = errno;
    (void)closedir(directory);
    return problem;
}

static int list(lua_State *L)
{
    const char *path = check_path(L);
    struct names *names;
    int problem;

    lua_settop(L, 1);
    names = repay_lua_new_userdata(L, sizeof *names);
    names->list = NULL;
    names->count = 0;
    luaL_getmetatable(L, NAMES_CLASS);
    lua_setmetatable(L, -2);
    problem = read_names(path, names);
    if (problem != 0)
        return push_system_error(L, problem);
    if (names->count > 0)
        qsort(names->list, (size_t)names->count, sizeof *names->list, by_bytes);
    lua_createtable(L, names->count, 0);
    for (int i = 0; i < names->count; i++) {
        lua_pushstring(L, names->list[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static const luaL_Reg functions[] = {
    {"list", list},
    {"make_directory", make_directory},
    {"may_replace", may_replace},
    {"write", write_file},
    {NULL, NULL},
};

int luaopen_repay_native_files(lua_State *L)
{
    (void)luaL_newmetatable(L, NAMES_CLASS);
    lua_pushcfunction(L, free_names);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    lua_createtable(L, 0, 4);
    luaL_setfuncs(L, functions, 0);
    return 1;
}
