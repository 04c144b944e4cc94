/*
 * repay.native.curl: the engine of src/net as one small class, for lua/repay/curl.lua alone.
 *
 * It links nothing of the core: calls are checked and driven through the functions that
 * repay.native.core lends, and a core of another build is refused. A step never lasts longer than
 * STEP_MAX_MS, so that Lua's hooks, and with them Ctrl-C, get their turn.
 */
#include <lauxlib.h>

#include "curl_engine.h"
#include "lua_compat.h"
#include "native_api.h"

#define MODULE      "repay.native.curl"
#define ENGINE      "repay.curl_engine"
#define STEP_MAX_MS 100

__attribute__((visibility("default"))) int luaopen_repay_native_curl(lua_State *L);

struct lua_engine {
    struct repay_curl_engine *engine; /* NULL: closed */
    struct repay_native_api api;      /* a copy: another core may be loaded later */
    struct repay_allocator allocator; /* Lua's own, so that its limits hold for us */
    lua_Alloc allocate;
    void *allocate_context;
};

static void *resize(void *context, void *memory, size_t old_size, size_t new_size)
{
    const struct lua_engine *self = context;

    return self->allocate(self->allocate_context, memory, memory ? old_size : 0, new_size);
}

/* Every function below has the engines' metatable as its upvalue: two of them run for each call. */
static struct lua_engine *get_engine(lua_State *L)
{
    bool is_engine = lua_getmetatable(L, 1) && lua_rawequal(L, -1, lua_upvalueindex(1));

    if (!is_engine)
        (void)luaL_argerror(L, 1, ENGINE " expected");
    lua_pop(L, 1);
    return lua_touserdata(L, 1);
}

static struct lua_engine *check_engine(lua_State *L)
{
    struct lua_engine *self = get_engine(L);

    if (!self->engine)
        (void)luaL_error(L, ENGINE " is closed");
    return self;
}

/* After the engine has done nothing: raises if that is because a parent process made it. */
static void check_own(lua_State *L, const struct lua_engine *self)
{
    if (repay_curl_engine_is_inherited(self->engine))
        (void)luaL_error(L, ENGINE " was begun in another process");
}

/* Pushes nil, the error's kind and its message. */
static int push_fault(lua_State *L, enum repay_kind kind, const char *message)
{
    static const char *const names[REPAY_KIND_COUNT] = {
#define X(name, text) [REPAY_KIND_##name] = (text),
        REPAY_KINDS(X)
#undef X
    };

    lua_pushnil(L);
    lua_pushstring(L, names[kind]);
    lua_pushstring(L, message);
    return 3;
}

/* The calls inside, by slot, so that none is collected: full size from the start, never grown. */
static void anchor_calls(lua_State *L, int engine, uint32_t slots)
{
    lua_createtable(L, (int)slots, 0);
    repay_lua_anchor(L, engine, -1);
    lua_pop(L, 1);
}

static uint32_t check_slots(lua_State *L, int index)
{
    int64_t slots = 0;

    if (!repay_lua_to_integer(L, index, &slots) || slots < 1 || slots > REPAY_CURL_SLOTS_MAX)
        (void)luaL_argerror(L, index, "a number of slots from 1 to 1024 expected");
    return (uint32_t)slots;
}

/* engine(slots): an engine for so many calls at once, or nil, kind, message. */
static int new_engine(lua_State *L)
{
    const struct repay_native_api *api = repay_native_api_of(L, MODULE);
    uint32_t slots = check_slots(L, 1);
    struct repay_curl_options options = {.slots = slots};
    struct repay_error error;
    struct lua_engine *self;

    lua_settop(L, 1);
    self = repay_lua_new_anchoring(L, sizeof *self);
    self->engine = NULL;
    self->api = *api;
    self->allocate = lua_getallocf(L, &self->allocate_context);
    self->allocator = (struct repay_allocator){resize, self};
    luaL_getmetatable(L, ENGINE);
    (void)lua_setmetatable(L, 2);
    anchor_calls(L, 2, slots);
    options.core = &self->api.core;
    options.allocator = &self->allocator;
    self->engine = repay_curl_engine_create(&options, &error);
    if (!self->engine)
        return push_fault(L, error.kind, error.message);
    return 1;
}

/* Puts the call, which is the userdata at index 2, into the engine. */
static bool put_call(lua_State *L, struct lua_engine *self, struct repay_call *call,
                     struct repay_error *error)
{
    uint32_t slot;

    lua_settop(L, 2);
    repay_lua_push_anchored(L, 1);
    if (!repay_curl_engine_add(self->engine, call, &slot, error)) {
        check_own(L, self);
        return false;
    }
    self->api.hold_call(call);
    lua_pushvalue(L, 2);
    lua_rawseti(L, 3, (int)slot + 1);
    return true;
}

/* engine:add(call): true, or nil, kind, message. */
static int add_call(lua_State *L)
{
    struct lua_engine *self = check_engine(L);
    struct repay_call *call = self->api.check_call(L, 2);
    struct repay_error error;

    if (!put_call(L, self, call, &error))
        return push_fault(L, error.kind, error.message);
    lua_pushboolean(L, 1);
    return 1;
}

/*
 * engine:begin(call): claims the call and adds it. False where that is not all there is to it, as
 * for what is no call or has run: nothing has happened then.
 */
static int begin_call(lua_State *L)
{
    struct lua_engine *self = check_engine(L);
    struct repay_call *call = self->api.free_call(L, 2);
    struct repay_error error;

    lua_pushboolean(L, call && put_call(L, self, call, &error));
    return 1;
}

/* Leaves the call that has ended within so long at index 3, or nil. */
static bool take_ended(lua_State *L, const struct lua_engine *self)
{
    struct repay_call *call;
    int64_t wait_ms = 0;
    uint32_t slot;

    if (!repay_lua_to_integer(L, 2, &wait_ms) || wait_ms < 0)
        (void)luaL_argerror(L, 2, "a number of milliseconds expected");
    if (wait_ms > STEP_MAX_MS)
        wait_ms = STEP_MAX_MS;
    lua_settop(L, 1);
    repay_lua_push_anchored(L, 1);
    call = repay_curl_engine_step(self->engine, wait_ms, &slot);
    if (!call) {
        check_own(L, self);
        lua_pushnil(L);
        return false;
    }
    self->api.drop_call(call);
    lua_rawgeti(L, 2, (int)slot + 1);
    lua_pushnil(L);
    lua_rawseti(L, 2, (int)slot + 1);
    return true;
}

/* engine:step(wait_ms): a call that has ended, or nil after at most that time. */
static int step(lua_State *L)
{
    (void)take_ended(L, check_engine(L));
    return 1;
}

/* engine:take(wait_ms): the same, and behind the call what it ended with. */
static int take(lua_State *L)
{
    const struct lua_engine *self = check_engine(L);

    if (!take_ended(L, self))
        return 1;
    return 1 + self->api.push_result(L, 3);
}

/* The slot that holds the userdata at index 2, by the calls at index 3; -1 when none does. */
static int find_slot(lua_State *L, uint32_t slots)
{
    for (uint32_t i = 0; i < slots; i++) {
        bool is_it;

        lua_rawgeti(L, 3, (int)i + 1);
        is_it = lua_rawequal(L, -1, 2) != 0;
        lua_pop(L, 1);
        if (is_it)
            return (int)i;
    }
    return -1;
}

/* Ends what is in the slot as cancelled. The calls are at index `calls`. */
static void empty_slot(lua_State *L, const struct lua_engine *self, int calls, uint32_t slot)
{
    struct repay_call *call = repay_curl_engine_remove(self->engine, slot);

    if (call)
        self->api.drop_call(call);
    lua_pushnil(L);
    lua_rawseti(L, calls, (int)slot + 1);
}

/* engine:remove(call): ends it as cancelled; says whether it was in here. Closed calls as well. */
static int remove_call(lua_State *L)
{
    struct lua_engine *self = check_engine(L);
    int slot;

    check_own(L, self);
    luaL_checktype(L, 2, LUA_TUSERDATA);
    lua_settop(L, 2);
    repay_lua_push_anchored(L, 1);
    slot = find_slot(L, repay_curl_engine_slots(self->engine));
    if (slot >= 0)
        empty_slot(L, self, 3, (uint32_t)slot);
    lua_pushboolean(L, slot >= 0);
    return 1;
}

/*
 * engine:withdraw(): ends every call as cancelled, but for writes that may have left: they stay, to
 * be stepped to their end. Returns how many did.
 */
static int withdraw(lua_State *L)
{
    const struct lua_engine *self = check_engine(L);
    uint32_t slots = repay_curl_engine_slots(self->engine);

    check_own(L, self);
    lua_settop(L, 1);
    repay_lua_push_anchored(L, 1);
    for (uint32_t i = 0; i < slots; i++) {
        if (!repay_curl_engine_is_committed(self->engine, i))
            empty_slot(L, self, 2, i);
    }
    lua_pushinteger(L, (lua_Integer)repay_curl_engine_count(self->engine));
    return 1;
}

/* engine:count(): calls inside. */
static int count(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)repay_curl_engine_count(check_engine(L)->engine));
    return 1;
}

/* engine:slots(): how many calls fit. */
static int slots_of_engine(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)repay_curl_engine_slots(check_engine(L)->engine));
    return 1;
}

/* engine:is_inherited(): made by a parent process; such an engine is dropped, not used. */
static int is_inherited(lua_State *L)
{
    lua_pushboolean(L, repay_curl_engine_is_inherited(check_engine(L)->engine));
    return 1;
}

/* Not by the table of calls: a finalizer may find it gone. */
static void end_all(const struct lua_engine *self)
{
    uint32_t slots = repay_curl_engine_slots(self->engine);

    for (uint32_t i = 0; i < slots; i++) {
        struct repay_call *call = repay_curl_engine_remove(self->engine, i);

        if (call)
            self->api.drop_call(call);
    }
}

/* Calls still inside end as cancelled. What a parent made is left alone and its memory given up. */
static int close_engine(lua_State *L)
{
    struct lua_engine *self = get_engine(L);

    if (self->engine && !repay_curl_engine_is_inherited(self->engine))
        end_all(self);
    repay_curl_engine_destroy(self->engine);
    self->engine = NULL;
    lua_pushboolean(L, 1);
    return 1;
}

static int engine_to_string(lua_State *L)
{
    const struct lua_engine *self = get_engine(L);

    if (!self->engine)
        lua_pushliteral(L, ENGINE " (closed)");
    else
        lua_pushfstring(L, ENGINE ": %d of %d calls", (int)repay_curl_engine_count(self->engine),
                        (int)repay_curl_engine_slots(self->engine));
    return 1;
}

static const luaL_Reg functions[] = {
    {"engine", new_engine},
    {NULL, NULL},
};

static const luaL_Reg methods[] = {
    {"add", add_call},
    {"begin", begin_call},
    {"close", close_engine},
    {"count", count},
    {"remove", remove_call},
    {"is_inherited", is_inherited},
    {"slots", slots_of_engine},
    {"step", step},
    {"take", take},
    {"withdraw", withdraw},
    {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
    {"__gc", close_engine},
    {"__close", close_engine},
    {"__tostring", engine_to_string},
    {NULL, NULL},
};

int luaopen_repay_native_curl(lua_State *L)
{
    (void)repay_native_api_of(L, MODULE);
    (void)luaL_newmetatable(L, ENGINE);
    lua_pushvalue(L, -1);
    luaL_setfuncs(L, metamethods, 1);
    lua_createtable(L, 0, 11);
    lua_pushvalue(L, -2);
    luaL_setfuncs(L, methods, 1);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, ENGINE);
    lua_setfield(L, -2, "__name");
    lua_pushliteral(L, ENGINE);
    lua_setfield(L, -2, "__metatable");
    lua_createtable(L, 0, 2);
    luaL_setfuncs(L, functions, 0);
    lua_pushstring(L, repay_curl_library_version());
    lua_setfield(L, -2, "libcurl");
    return 1;
}
