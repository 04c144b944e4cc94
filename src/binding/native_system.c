/*
 * repay.native.system: what the command asks of the system and Lua's own library cannot tell.
 *
 *     native.terminal(file)     columns of the terminal behind a file number, 0 where it does
 *                               not tell, nil where there is none
 *     native.file_facts(path)   { kind, is_ours, others_write, others_read }; nil and a message
 *     native.run(argv, limits)  what a program wrote; nil and a message. limits: timeout_ms,
 *                               output_max
 *     native.clock_is_kept()    whether the kernel's clock is synchronised; nil and a message
 *     native.remove_directory(path)
 *                               an empty one: true; nil and a message
 *
 * A program is started by its words and without a shell, so no word is ever read as anything else.
 * It inherits the environment and the error output, and reads nothing. What it wrote may be a
 * secret: the buffer is wiped.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lua_compat.h"

__attribute__((visibility("default"))) int luaopen_repay_native_system(lua_State *L);

extern char **environ;

#define FILES_MAX      65536
#define WORDS_MAX      64    /* of a command line */
#define OUTPUT_DEFAULT 65536 /* a secret is shorter */
#define OUTPUT_MAX     1048576
#define TIMEOUT_MS     60000 /* somebody may have to type a passphrase */
#define STEP_MS        10    /* how often a program that closed its output is looked at */

static int push_failure(lua_State *L, const char *message)
{
    lua_pushnil(L);
    lua_pushstring(L, message);
    return 2;
}

static int push_system_error(lua_State *L, int number)
{
    return push_failure(L, strerror(number));
}

static int terminal(lua_State *L)
{
    int64_t file;
    struct winsize size = {0};

    if (!repay_lua_to_integer(L, 1, &file) || file < 0 || file > FILES_MAX)
        return luaL_error(L, "a file number is expected");
    if (!isatty((int)file)) {
        lua_pushnil(L);
        return 1;
    }
    if (ioctl((int)file, TIOCGWINSZ, &size) != 0)
        size.ws_col = 0;
    lua_pushinteger(L, size.ws_col);
    return 1;
}

static void set_flag(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

static int file_facts(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct stat facts;

    if (stat(path, &facts) != 0)
        return push_system_error(L, errno);
    lua_createtable(L, 0, 4);
    lua_pushstring(L, S_ISREG(facts.st_mode)   ? "file"
                      : S_ISDIR(facts.st_mode) ? "directory"
                                               : "other");
    lua_setfield(L, -2, "kind");
    set_flag(L, "is_ours", facts.st_uid == geteuid() || facts.st_uid == 0);
    set_flag(L, "others_write", (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0);
    set_flag(L, "others_read", (facts.st_mode & (S_IRGRP | S_IROTH)) != 0);
    return 1;
}

static int remove_directory(lua_State *L)
{
    if (rmdir(luaL_checkstring(L, 1)) != 0)
        return push_system_error(L, errno);
    lua_pushboolean(L, 1);
    return 1;
}

/* Asking sets nothing; the kernel knows whether something keeps its clock right. */
static int clock_is_kept(lua_State *L)
{
    struct timex facts = {0};
    int state = adjtimex(&facts);

    if (state < 0)
        return push_system_error(L, errno);
    lua_pushboolean(L, state != TIME_ERROR && (facts.status & STA_UNSYNC) == 0);
    return 1;
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A program under way: its process, the end of the pipe that is ours, until when it may run. */
struct program {
    pid_t process;
    int output;
    int64_t until_ms;
};

static int start(char *const *argv, int *output, pid_t *process)
{
    posix_spawn_file_actions_t actions;
    int ends[2], problem;

    if (!argv[0])
        return EINVAL;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    problem = posix_spawn_file_actions_init(&actions);
    if (problem == 0) {
        problem = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        if (problem == 0)
            problem = posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        if (problem == 0)
            problem = posix_spawnp(process, argv[0], &actions, NULL, argv, environ);
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    (void)close(ends[1]);
    if (problem != 0)
        (void)close(ends[0]);
    else
        *output = ends[0];
    return problem;
}

/* Waits for bytes or the end; false when the time is over. */
static bool wait_for(const struct program *program)
{
    struct pollfd ready = {.fd = program->output, .events = POLLIN};
    int64_t left = program->until_ms - now_ms();
    int count;

    do {
        if (left <= 0)
            return false;
        count = poll(&ready, 1, (int)left);
        left = program->until_ms - now_ms();
    } while (count < 0 && errno == EINTR);
    return count > 0;
}

/* Everything it writes; NULL, or what went wrong. */
static const char *receive(const struct program *program, char *bytes, size_t most, size_t *length)
{
    ssize_t count = 1;

    *length = 0;
    while (count != 0) {
        if (!wait_for(program))
            return "took too long";
        count = read(program->output, bytes + *length, most + 1 - *length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return strerror(errno);
        *length += (size_t)count;
        if (*length > most)
            return "wrote more than a secret has";
    }
    return NULL;
}

/* Its exit status; -1 when it was ended, by a signal or by us. */
static int finish(const struct program *program, bool is_wanted)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    int status = 0;
    pid_t ended = 0;

    while (is_wanted && ended == 0 && now_ms() < program->until_ms) {
        ended = waitpid(program->process, &status, WNOHANG);
        if (ended == 0)
            (void)nanosleep(&step, NULL);
    }
    if (ended == 0) {
        (void)kill(program->process, SIGKILL);
        while (waitpid(program->process, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int64_t limit_of(lua_State *L, const char *name, int64_t standard, int64_t most)
{
    int64_t value = standard;

    if (lua_istable(L, 2)) {
        lua_getfield(L, 2, name);
        if (!lua_isnil(L, -1) && !repay_lua_to_integer(L, -1, &value))
            value = 0;
        lua_pop(L, 1);
    }
    if (value < 1 || value > most)
        (void)luaL_error(L, "%s is out of its range", name);
    return value;
}

static void check_words(lua_State *L, char **argv)
{
    size_t count = lua_istable(L, 1) ? lua_rawlen(L, 1) : 0;

    if (count < 1 || count > WORDS_MAX)
        (void)luaL_error(L, "a program has 1 to %d words", WORDS_MAX);
    for (size_t i = 0; i < count; i++) {
        size_t length;
        const char *word;

        lua_rawgeti(L, 1, (int)i + 1);
        word = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &length) : NULL;
        if (!word || memchr(word, '\0', length))
            (void)luaL_error(L, "word %d of a program is no text", (int)i + 1);
        argv[i] = (char *)(uintptr_t)word; /* the table keeps it; nobody writes to it */
        lua_pop(L, 1);
    }
    argv[count] = NULL;
}

static int run(lua_State *L)
{
    char *argv[WORDS_MAX + 1];
    struct program program;
    size_t most, length = 0;
    int64_t timeout_ms;
    const char *problem;
    char *bytes;
    int number, status;

    check_words(L, argv);
    timeout_ms = limit_of(L, "timeout_ms", TIMEOUT_MS, 3600000);
    most = (size_t)limit_of(L, "output_max", OUTPUT_DEFAULT, OUTPUT_MAX);
    bytes = repay_lua_new_userdata(L, most + 1);
    program.until_ms = now_ms() + timeout_ms;
    number = start(argv, &program.output, &program.process);
    if (number != 0)
        return push_system_error(L, number);
    problem = receive(&program, bytes, most, &length);
    (void)close(program.output);
    status = finish(&program, !problem);
    if (problem || status != 0) {
        explicit_bzero(bytes, most + 1);
        if (!problem && status > 0) {
            lua_pushnil(L);
            lua_pushfstring(L, "ended with status %d", status);
            return 2;
        }
        return push_failure(L, problem ? problem : "was ended before it was done");
    }
    lua_pushlstring(L, bytes, length);
    explicit_bzero(bytes, most + 1);
    return 1;
}

static const luaL_Reg functions[] = {
    {"clock_is_kept", clock_is_kept},
    {"file_facts", file_facts},
    {"remove_directory", remove_directory},
    {"run", run},
    {"terminal", terminal},
    {NULL, NULL},
};

int luaopen_repay_native_system(lua_State *L)
{
    lua_createtable(L, 0, 5);
    luaL_setfuncs(L, functions, 0);
    return 1;
}
