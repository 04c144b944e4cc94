/*
 * The class `repay.client`: an open provider.
 *
 * Owns the session and with it the credentials; they are wiped on close. The transport a client was
 * given is kept alive beside it and never called from here. The methods that send are Lua's
 * (lua/repay/client.lua), because a transport may yield.
 */
#include "lua_client.h"

#include "lua_arguments.h"
#include "lua_error.h"
#include "lua_fields.h"
#include "provider.h"

struct repay_lua_client *repay_lua_get_client(lua_State *L, int index)
{
    return repay_lua_class_check(L, index, REPAY_LUA_SLOT_CLIENT, REPAY_LUA_CLIENT);
}

struct repay_lua_client *repay_lua_test_client(lua_State *L, int index)
{
    return repay_lua_class_test(L, index, REPAY_LUA_SLOT_CLIENT);
}

struct repay_lua_client *repay_lua_check_client(lua_State *L, int index)
{
    struct repay_lua_client *client = repay_lua_get_client(L, index);

    if (!client->session.provider)
        (void)luaL_error(L, "repay.client is closed");
    return client;
}

/* Names of the options that are plain texts, and where each goes. */
static const struct text_option {
    const char *name;
    size_t at;
} text_options[] = {
#define OPTION(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct repay_session_options, name)                                        \
    }
    OPTION(environment), OPTION(base_url),    OPTION(currency),   OPTION(zone),
    OPTION(amounts_in),  OPTION(keys),        OPTION(label),      OPTION(connect_host),
    OPTION(ca_file),     OPTION(client_cert), OPTION(client_key), OPTION(proxy),
#undef OPTION
};

static const struct number_option {
    const char *name;
    size_t at;
} number_options[] = {
#define OPTION(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct repay_policy, name)                                                 \
    }
    OPTION(timeout_ms),
    OPTION(attempt_timeout_ms),
    OPTION(connect_timeout_ms),
    OPTION(retry_base_ms),
    OPTION(retry_cap_ms),
    OPTION(first_byte_timeout_ms),
    OPTION(body_size_max),
    OPTION(rate),
    OPTION(burst),
#undef OPTION
};

static void read_policy(lua_State *L, int table, struct repay_policy *policy)
{
    int64_t value;

    for (size_t i = 0; i < sizeof number_options / sizeof *number_options; i++) {
        if (repay_lua_integer_field(L, table, number_options[i].name, &value))
            memcpy((char *)policy + number_options[i].at, &value, sizeof value);
    }
    if (repay_lua_integer_field(L, table, "attempts", &value)) {
        /* Held within int32 here; whether the number is allowed is the session's question. */
        policy->attempts = (int32_t)(value > INT32_MAX   ? INT32_MAX
                                     : value < INT32_MIN ? INT32_MIN
                                                         : value);
    }
}

static void read_options(lua_State *L, int table, struct repay_session_options *options)
{
    const struct repay_provider *provider = options->provider;
    int64_t port = 0;

    for (size_t i = 0; i < sizeof text_options / sizeof *text_options; i++) {
        struct repay_text text = repay_lua_text_field(L, table, text_options[i].name);

        memcpy((char *)options + text_options[i].at, &text, sizeof text);
    }
    for (unsigned i = 0; provider->settings[i].name; i++)
        options->settings[i] = repay_lua_text_field(L, table, provider->settings[i].name);
    if (repay_lua_integer_field(L, table, "connect_port", &port)) {
        if (port < 1 || port > UINT16_MAX)
            (void)luaL_error(L, "option 'connect_port' must be from 1 to 65535");
        options->connect_port = (uint16_t)port;
    }
    read_policy(L, table, &options->policy);
    repay_lua_raw_field(L, table, "transport");
    options->has_transport = !lua_isnil(L, -1);
    lua_pop(L, 1);
}

int repay_lua_client_open(lua_State *L)
{
    struct repay_session_options options = {0};
    struct repay_text name = REPAY_NO_TEXT;
    struct repay_lua_scene scene = {0};
    struct repay_lua_client *client;
    struct repay_lua_state *state;
    struct repay_error error;

    luaL_checktype(L, 1, LUA_TSTRING);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    name.data = lua_tolstring(L, 1, &name.length);
    options.provider = repay_provider_find(name);
    if (!options.provider)
        return luaL_error(L, "no provider has this name");
    options.policy = repay_policy_default();
    read_options(L, 2, &options);
    state = repay_lua_state_of(L);

    client = repay_lua_new_anchoring(L, sizeof *client);
    repay_session_init(&client->session, &state->allocator);
    client->has_transport = options.has_transport;
    repay_lua_raw_field(L, 2, "transport");
    repay_lua_anchor(L, 3, 4);
    lua_pop(L, 1);
    repay_lua_class_stamp(&client->object, REPAY_LUA_SLOT_CLIENT, state);
    repay_lua_class_set(L, REPAY_LUA_SLOT_CLIENT);
    if (repay_session_open(&client->session, &options, &error)) {
        client->session.serial = ++state->sessions;
        state->live++;
        return 1;
    }
    scene.provider = options.provider->name;
    scene.operation = "open";
    return repay_lua_push_failure(L, &error, &scene);
}

static int close_client(lua_State *L)
{
    struct repay_lua_client *client = repay_lua_get_client(L, 1);

    if (client->session.provider) {
        repay_session_close(&client->session);
        client->object.state->live--;
    }
    lua_pushboolean(L, 1);
    return 1;
}

static const char *const facts[] = {"provider", "environment", "label", "currency",
                                    "zone",     "keys",        NULL};

static void push_fact(lua_State *L, const struct repay_session *session, const char *name)
{
    char zone[REPAY_ZONE_TEXT_MAX];

    if (strcmp(name, "provider") == 0) {
        lua_pushstring(L, session->provider->name);
    } else if (strcmp(name, "environment") == 0) {
        repay_lua_push_text(L, session->environment);
    } else if (strcmp(name, "label") == 0) {
        repay_lua_push_text(L, session->label);
    } else if (strcmp(name, "currency") == 0) {
        repay_lua_push_text(L, repay_text_of(session->currency));
    } else if (strcmp(name, "keys") == 0) {
        lua_pushstring(L, session->keys_honoured ? "honoured" : "unproven");
    } else if (session->zone_known) {
        repay_zone_write(session->zone_minutes, zone);
        lua_pushlstring(L, zone, sizeof zone);
    } else {
        lua_pushnil(L);
    }
}

static void set_retries(lua_State *L, const struct repay_stats *stats)
{
    lua_createtable(L, 0, 4);
    for (int kind = REPAY_KIND_NONE + 1; kind < REPAY_KIND_COUNT; kind++) {
        if (stats->retries[kind] > 0)
            repay_lua_set_count(L, repay_kind_name((enum repay_kind)kind), stats->retries[kind]);
    }
    lua_setfield(L, -2, "retries");
}

static void set_latency(lua_State *L, const struct repay_stats *stats)
{
    static const struct {
        const char *name;
        int percent;
    } points[] = {{"latency_p50_ms", 50}, {"latency_p90_ms", 90}, {"latency_p99_ms", 99}};

    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        int64_t ms = repay_stats_percentile(stats, points[i].percent);

        if (ms >= 0)
            repay_lua_set_count(L, points[i].name, (uint64_t)ms);
    }
}

/* stats(): what the client has done so far, as a plain table. */
static int stats_of_client(lua_State *L)
{
    const struct repay_session *session = &repay_lua_check_client(L, 1)->session;
    const struct repay_stats *stats = &session->stats;

    lua_createtable(L, 0, 12);
    repay_lua_set_count(L, "calls", stats->calls);
    repay_lua_set_count(L, "done", stats->done);
    repay_lua_set_count(L, "failed", stats->failed);
    repay_lua_set_count(L, "attempts", stats->attempts);
    repay_lua_set_count(L, "bytes_received", stats->bytes_received);
    repay_lua_set_count(L, "connections_opened", stats->connections_opened);
    repay_lua_set_count(L, "connections_reused", stats->connections_reused);
    repay_lua_set_count(L, "retry_budget", (uint64_t)session->retry_budget.left);
    set_retries(L, stats);
    set_latency(L, stats);
    repay_lua_set_flag(L, "breaker_open", session->breaker.is_open);
    return 1;
}

static int client_to_string(lua_State *L)
{
    struct repay_lua_client *client = repay_lua_get_client(L, 1);
    const struct repay_session *session = &client->session;

    if (!session->provider) {
        lua_pushliteral(L, "repay.client (closed)");
        return 1;
    }
    lua_pushfstring(L, "repay.client: %s", session->provider->name);
    if (session->environment.length > 0) {
        lua_pushliteral(L, " ");
        repay_lua_push_text(L, session->environment);
        lua_concat(L, 3);
    }
    if (session->label.length > 0) {
        lua_pushliteral(L, ", ");
        repay_lua_push_text(L, session->label);
        lua_concat(L, 3);
    }
    return 1;
}

static int client_index(lua_State *L);

static const luaL_Reg methods[] = {
    {"close", close_client},
    {"stats", stats_of_client},
    {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
    {"__index", client_index},        {"__gc", close_client}, {"__close", close_client},
    {"__tostring", client_to_string}, {NULL, NULL},
};

static const struct repay_lua_class class = {REPAY_LUA_SLOT_CLIENT, REPAY_LUA_CLIENT, methods,
                                             metamethods, facts};

static int client_index(lua_State *L)
{
    const char *fact = repay_lua_class_find(L, &class, 2);

    if (!fact)
        return 1;
    push_fact(L, &repay_lua_check_client(L, 1)->session, fact);
    return 1;
}

void repay_lua_client_register(lua_State *L)
{
    repay_lua_class_register(L, &class);
}
