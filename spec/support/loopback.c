/*
 * A TCP server for specs of both VMs, on threads of the spec's own process: it does to each request
 * what the spec has planned, remembers every byte it was sent, and never calls Lua.
 *
 *   local server = loopback.listen("127.0.0.1")            -- or "::1"
 *   server:plan{ { "send", bytes }, { "stall", ms }, … }   -- for the next request; the last plan
 * stays server:port()  server:connections()  server:requests()  server:moments()  server:close()
 *
 * Steps: send bytes · repeat bytes n · stall ms · close · reset · echo json (each @ in it becomes
 * the number in the request's target). After the last step the next request of the connection is
 * read.
 */
#include "../net/tcp_server.h"

#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <time.h>

#define CLASS     "spec.loopback"
#define PLANS_MAX 64
#define STEPS_MAX 8
#define KEPT_MAX  4096 /* requests that are remembered */

__attribute__((visibility("default"))) int luaopen_spec_support_loopback(lua_State *L);

enum step_kind { STEP_SEND, STEP_REPEAT, STEP_STALL, STEP_CLOSE, STEP_RESET, STEP_ECHO };

struct step {
    enum step_kind kind;
    char *bytes; /* owned */
    size_t length;
    int number;
};

struct plan {
    struct step steps[STEPS_MAX];
    int count;
};

/* What a thread works on lies outside Lua's memory and is freed when all threads have ended. */
struct loopback {
    struct tcp_server server; /* first: the server's functions get a pointer to it */
    pthread_mutex_t lock;     /* guards all below */
    struct plan plans[PLANS_MAX];
    int planned;
    int begun; /* plans that requests have taken */
    char *kept[KEPT_MAX];
    double moments_ms[KEPT_MAX]; /* when each was read whole */
    int kept_count;
};

static bool send_bytes(int socket, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = send(socket, bytes, length, MSG_NOSIGNAL);

        if (written <= 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

/* The last run of digits in the request's target, or "0". */
static void number_of(const char *request, char *out, size_t out_size)
{
    const char *at = strchr(request, ' ');
    const char *number = "0";
    size_t length = 1;

    for (at = at ? at + 1 : ""; *at != '\0' && *at != ' '; at++) {
        size_t digits = strspn(at, "0123456789");

        if (digits == 0 || digits >= out_size)
            continue;
        number = at;
        length = digits;
        at += digits - 1;
    }
    memcpy(out, number, length);
    out[length] = '\0';
}

static bool echo(int socket, const struct step *step, const char *request)
{
    char number[20], head[160];
    char *body;
    size_t length = 0, digits;
    bool sent;

    number_of(request, number, sizeof(number));
    digits = strlen(number);
    body = malloc(step->length * sizeof(number) + 1);
    if (!body)
        return false;
    for (size_t i = 0; i < step->length; i++) {
        if (step->bytes[i] == '@') {
            memcpy(body + length, number, digits);
            length += digits;
        } else {
            body[length++] = step->bytes[i];
        }
    }
    (void)snprintf(head, sizeof(head),
                   "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                   "Content-Length: %zu\r\n\r\n",
                   length);
    sent = send_bytes(socket, head, strlen(head)) && send_bytes(socket, body, length);
    free(body);
    return sent;
}

/* False: the connection is over. */
static bool take_step(struct tcp_server *server, int socket, const struct step *step,
                      const char *request)
{
    switch (step->kind) {
    case STEP_SEND:
        return send_bytes(socket, step->bytes, step->length);
    case STEP_REPEAT:
        for (int i = 0; i < step->number && !atomic_load(&server->ends); i++) {
            if (!send_bytes(socket, step->bytes, step->length))
                return false;
        }
        return true;
    case STEP_STALL:
        tcp_stall(server, step->number);
        return true;
    case STEP_ECHO:
        return echo(socket, step, request);
    case STEP_RESET:
        tcp_reset(socket);
        return false;
    case STEP_CLOSE:
        return false;
    }
    return false;
}

static double now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Remembers the request and says which plan is its. */
static const struct plan *next_plan(struct loopback *loopback, const char *request)
{
    const struct plan *plan = NULL;

    pthread_mutex_lock(&loopback->lock);
    if (loopback->kept_count < KEPT_MAX) {
        loopback->moments_ms[loopback->kept_count] = now_ms();
        loopback->kept[loopback->kept_count++] = strdup(request);
    }
    if (loopback->begun < loopback->planned)
        loopback->begun++;
    if (loopback->begun > 0)
        plan = &loopback->plans[loopback->begun - 1];
    pthread_mutex_unlock(&loopback->lock);
    return plan;
}

static void serve(struct tcp_server *server, int socket, int connection)
{
    struct loopback *loopback = (struct loopback *)server;
    char *request = calloc(1, TCP_REQUEST_MAX + 1);
    bool goes_on = request != NULL;

    (void)connection;
    while (goes_on && tcp_read_request_into(server, socket, request)) {
        const struct plan *plan = next_plan(loopback, request);

        goes_on = plan != NULL;
        for (int i = 0; goes_on && i < plan->count; i++)
            goes_on = take_step(server, socket, &plan->steps[i], request);
    }
    free(request);
}

static struct loopback **get_server(lua_State *L)
{
    return luaL_checkudata(L, 1, CLASS);
}

static struct loopback *check_server(lua_State *L)
{
    struct loopback *loopback = *get_server(L);

    if (!loopback)
        (void)luaL_error(L, CLASS " is closed");
    return loopback;
}

static int listen_on(lua_State *L)
{
    const char *host = luaL_optstring(L, 1, "127.0.0.1");
    struct loopback **self = lua_newuserdata(L, sizeof(*self));

    *self = NULL;
    luaL_getmetatable(L, CLASS);
    (void)lua_setmetatable(L, -2);
    *self = calloc(1, sizeof(**self));
    if (!*self)
        return luaL_error(L, "not enough memory");
    pthread_mutex_init(&(*self)->lock, NULL);
    if (!tcp_start(&(*self)->server, strcmp(host, "::1") == 0, serve)) {
        pthread_mutex_destroy(&(*self)->lock);
        free(*self);
        *self = NULL;
        lua_pushnil(L);
        lua_pushstring(L, strerror(errno));
        return 2;
    }
    return 1;
}

static int close_server(lua_State *L)
{
    struct loopback **self = get_server(L);
    struct loopback *loopback = *self;

    if (!loopback)
        return 0;
    *self = NULL;
    tcp_stop(&loopback->server);
    /* One beyond those that count: a plan that was not read to its end. */
    for (int i = 0; i < PLANS_MAX && i <= loopback->planned; i++) {
        for (int j = 0; j < loopback->plans[i].count; j++)
            free(loopback->plans[i].steps[j].bytes);
    }
    for (int i = 0; i < loopback->kept_count; i++)
        free(loopback->kept[i]);
    pthread_mutex_destroy(&loopback->lock);
    free(loopback);
    return 0;
}

static void read_step(lua_State *L, struct step *step)
{
    static const char *const names[] = {"send", "repeat", "stall", "close", "reset", "echo", NULL};
    const char *bytes;

    luaL_checktype(L, -1, LUA_TTABLE);
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    lua_rawgeti(L, -3, 3);
    step->kind = (enum step_kind)luaL_checkoption(L, -3, NULL, names);
    if (step->kind == STEP_STALL)
        step->number = (int)luaL_checkinteger(L, -2);
    if (step->kind == STEP_REPEAT)
        step->number = (int)luaL_checkinteger(L, -1);
    if (step->kind == STEP_SEND || step->kind == STEP_REPEAT || step->kind == STEP_ECHO) {
        bytes = luaL_checklstring(L, -2, &step->length);
        step->bytes = malloc(step->length + 1);
        if (!step->bytes)
            (void)luaL_error(L, "not enough memory");
        else
            memcpy(step->bytes, bytes, step->length);
    }
    lua_pop(L, 3);
}

/* server:plan{ step, … }: one more plan; each request takes the next one, the last one stays. */
static int plan(lua_State *L)
{
    struct loopback *loopback = check_server(L);
    struct plan *next;

    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    if (loopback->planned == PLANS_MAX)
        return luaL_error(L, "too many plans");
    /* No thread looks at it before it is counted, and it is freed from here on. */
    next = &loopback->plans[loopback->planned];
    while (next->count < STEPS_MAX) {
        lua_rawgeti(L, 2, next->count + 1);
        if (lua_isnil(L, -1))
            break;
        read_step(L, &next->steps[next->count++]);
        lua_pop(L, 1);
    }
    pthread_mutex_lock(&loopback->lock);
    loopback->planned++;
    pthread_mutex_unlock(&loopback->lock);
    lua_settop(L, 1);
    return 1;
}

static int port(lua_State *L)
{
    lua_pushinteger(L, check_server(L)->server.port);
    return 1;
}

static int connections(lua_State *L)
{
    lua_pushinteger(L, atomic_load(&check_server(L)->server.connections));
    return 1;
}

/* server:requests(): the bytes of each request, in the order in which they were read whole. */
static int requests(lua_State *L)
{
    struct loopback *loopback = check_server(L);
    int count;

    pthread_mutex_lock(&loopback->lock);
    count = loopback->kept_count;
    pthread_mutex_unlock(&loopback->lock);
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; i++) {
        lua_pushstring(L, loopback->kept[i]); /* written once, before it was counted */
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* server:moments(): when each request was read whole, in milliseconds of a clock that only grows. */
static int moments(lua_State *L)
{
    struct loopback *loopback = check_server(L);

    pthread_mutex_lock(&loopback->lock);
    lua_createtable(L, loopback->kept_count, 0);
    for (int i = 0; i < loopback->kept_count; i++) {
        lua_pushnumber(L, loopback->moments_ms[i]);
        lua_rawseti(L, -2, i + 1);
    }
    pthread_mutex_unlock(&loopback->lock);
    return 1;
}

static const luaL_Reg methods[] = {
    {"close", close_server}, {"connections", connections}, {"moments", moments}, {"plan", plan},
    {"port", port},          {"requests", requests},       {NULL, NULL},
};

static void set_functions(lua_State *L, const luaL_Reg *entry)
{
    for (; entry->name; entry++) {
        lua_pushcfunction(L, entry->func);
        lua_setfield(L, -2, entry->name);
    }
}

/* dead_port(): one on which nobody listens. */
static int dead_port(lua_State *L)
{
    lua_pushinteger(L, tcp_dead_port());
    return 1;
}

int luaopen_spec_support_loopback(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"dead_port", dead_port}, {"listen", listen_on}, {NULL, NULL}};

    (void)luaL_newmetatable(L, CLASS);
    lua_createtable(L, 0, 8);
    set_functions(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, close_server);
    lua_setfield(L, -2, "__gc");
    lua_createtable(L, 0, 2);
    set_functions(L, functions);
    return 1;
}
