/*
 * The class `repay.journal`: an open journal. Its methods are those of native_journal_*.c and,
 * added by lua/repay/journal.lua, those that send.
 */
#include "lua_arguments.h"
#include "lua_suggest.h"
#include "native_journal.h"

static struct repay_lua_journal *get_journal(lua_State *L, int index)
{
    return luaL_checkudata(L, index, REPAY_LUA_JOURNAL);
}

struct repay_lua_journal *repay_lua_check_journal(lua_State *L, int index)
{
    struct repay_lua_journal *self = get_journal(L, index);

    if (!self->journal.store)
        (void)luaL_error(L, REPAY_LUA_JOURNAL " is closed");
    repay_store_rest(self->journal.store);
    return self;
}

static void *resize(void *context, void *memory, size_t old_size, size_t new_size)
{
    const struct repay_lua_journal *self = context;

    return self->allocate(self->allocate_context, memory, memory ? old_size : 0, new_size);
}

static const struct policy_option {
    const char *name;
    size_t at;
} policy_options[] = {
#define OPTION(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct repay_journal_policy, name)                                         \
    }
    OPTION(window_ms),      OPTION(settle_ms),     OPTION(skew_ms),      OPTION(margin_ms),
    OPTION(stale_after_ms), OPTION(retry_base_ms), OPTION(retry_cap_ms), OPTION(attempts_max),
#undef OPTION
};

#define POLICY_OPTIONS (sizeof policy_options / sizeof *policy_options)

static struct repay_journal_policy read_policy(lua_State *L, int table)
{
    struct repay_journal_policy policy = repay_journal_policy_default();
    int64_t value;

    for (size_t i = 0; i < POLICY_OPTIONS; i++) {
        if (repay_lua_integer_field(L, table, policy_options[i].name, &value))
            memcpy((char *)&policy + policy_options[i].at, &value, sizeof value);
    }
    return policy;
}

/* open(path, options): a journal, or nil and an error. */
int repay_lua_journal_open(lua_State *L)
{
    const struct repay_native_api *api = repay_lua_journal_api(L);
    const char *path = luaL_checkstring(L, 1);
    struct repay_act act = repay_lua_read_act(L, 2);
    struct repay_journal_policy policy = read_policy(L, 2);
    struct repay_store_options options = {
        .path = path, .unix_ms = act.unix_ms, .busy_ms = REPAY_STORE_BUSY_MS};
    struct repay_lua_journal *self;
    struct repay_error error;
    bool is_steady;

    repay_lua_raw_field(L, 2, "moved");
    options.is_moved = lua_toboolean(L, -1);
    repay_lua_raw_field(L, 2, "steady");
    is_steady = lua_toboolean(L, -1);
    (void)repay_lua_integer_field(L, 2, "busy_ms", &options.busy_ms);
    if (options.busy_ms < 0 || options.busy_ms > INT32_MAX)
        return luaL_error(L, "option 'busy_ms' must be from 0 to %d", INT32_MAX);
    lua_settop(L, 2);
    self = repay_lua_new_userdata(L, sizeof *self);
    *self = (struct repay_lua_journal){.api = *api};
    self->allocate = lua_getallocf(L, &self->allocate_context);
    self->allocator = (struct repay_allocator){resize, self};
    luaL_getmetatable(L, REPAY_LUA_JOURNAL);
    (void)lua_setmetatable(L, 3);
    options.core = &self->api.core;
    options.allocator = &self->allocator;
    if (!repay_journal_open(&self->journal, &options, &policy, &error))
        return repay_lua_journal_failure(L, &error, NULL);
    if (is_steady)
        repay_journal_use_steady_clock(&self->journal);
    return 1;
}

static int close_journal(lua_State *L)
{
    repay_journal_close(&get_journal(L, 1)->journal);
    lua_pushboolean(L, 1);
    return 1;
}

static int journal_to_string(lua_State *L)
{
    const struct repay_lua_journal *self = get_journal(L, 1);

    if (!self->journal.store)
        lua_pushliteral(L, REPAY_LUA_JOURNAL " (closed)");
    else
        lua_pushfstring(L, REPAY_LUA_JOURNAL ": %s", repay_store_path(self->journal.store));
    return 1;
}

static void push_policy(lua_State *L, const struct repay_journal_policy *policy)
{
    int64_t value;

    lua_createtable(L, 0, (int)POLICY_OPTIONS);
    for (size_t i = 0; i < POLICY_OPTIONS; i++) {
        memcpy(&value, (const char *)policy + policy_options[i].at, sizeof value);
        repay_lua_set_number(L, policy_options[i].name, value);
    }
}

/* The table of methods is upvalue 1. */
static int journal_index(lua_State *L)
{
    struct repay_lua_guess guess;
    const char *word;
    size_t length;

    if (lua_type(L, 2) != LUA_TSTRING) {
        lua_pushnil(L);
        return 1;
    }
    word = lua_tolstring(L, 2, &length);
    if (strcmp(word, "path") == 0) {
        lua_pushstring(L, repay_store_path(repay_lua_check_journal(L, 1)->journal.store));
        return 1;
    }
    if (strcmp(word, "policy") == 0) {
        push_policy(L, &repay_lua_check_journal(L, 1)->journal.policy);
        return 1;
    }
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    if (!lua_isnil(L, -1))
        return 1;
    repay_lua_guess_begin(&guess, word, length);
    repay_lua_guess_try(&guess, "path");
    repay_lua_guess_try(&guess, "policy");
    repay_lua_guess_keys(&guess, L, lua_upvalueindex(1));
    return repay_lua_guess_raise(&guess, L, REPAY_LUA_JOURNAL, "has no field or method");
}

void repay_lua_journal_class(lua_State *L, const char *name, const luaL_Reg *methods,
                             const luaL_Reg *metamethods)
{
    int metatable, table;

    (void)luaL_newmetatable(L, name);
    metatable = lua_gettop(L);
    lua_getfield(L, metatable, "methods");
    if (lua_istable(L, -1)) {
        lua_remove(L, metatable);
        return;
    }
    lua_pop(L, 1);
    lua_createtable(L, 0, 24);
    table = lua_gettop(L);
    luaL_setfuncs(L, methods, 0);
    for (const luaL_Reg *entry = metamethods; entry->name; entry++) {
        lua_pushvalue(L, table);
        lua_pushcclosure(L, entry->func, 1);
        lua_setfield(L, metatable, entry->name);
    }
    lua_pushstring(L, name);
    lua_setfield(L, metatable, "__name");
    lua_pushstring(L, name);
    lua_setfield(L, metatable, "__metatable");
    lua_pushvalue(L, table);
    lua_setfield(L, metatable, "methods");
    lua_remove(L, metatable);
}

static const luaL_Reg methods[] = {
    {"approve", repay_lua_journal_approve},
    {"backup", repay_lua_journal_backup},
    {"batches", repay_lua_journal_batches},
    {"before", repay_lua_journal_before},
    {"cancel", repay_lua_journal_cancel},
    {"close", close_journal},
    {"decide", repay_lua_journal_decide},
    {"entries", repay_lua_journal_entries},
    {"entry", repay_lua_journal_entry},
    {"expire", repay_lua_journal_expire},
    {"explain", repay_lua_journal_explain},
    {"fact", repay_lua_journal_fact},
    {"find_recent", repay_lua_journal_find_recent},
    {"own", repay_lua_journal_own},
    {"plan", repay_lua_journal_plan},
    {"recover", repay_lua_journal_recover},
    {"replacement", repay_lua_journal_replacement},
    {"resolve", repay_lua_journal_resolve},
    {"verify", repay_lua_journal_verify},
    {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
    {"__index", journal_index},
    {"__gc", close_journal},
    {"__close", close_journal},
    {"__tostring", journal_to_string},
    {NULL, NULL},
};

void repay_lua_journal_register(lua_State *L)
{
    repay_lua_journal_class(L, REPAY_LUA_JOURNAL, methods, metamethods);
}
