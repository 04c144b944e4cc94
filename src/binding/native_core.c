/*
 * repay.native.core: registers the classes, lends the core to other compiled modules, and gives the
 * Lua layer its functions. Nothing else is decided here.
 */
#include <lauxlib.h>

#include "clock.h"
#include "lua_arguments.h"
#include "lua_call.h"
#include "lua_client.h"
#include "lua_cosocket.h"
#include "lua_figures.h"
#include "lua_fingerprint.h"
#include "lua_message.h"
#include "lua_money.h"
#include "lua_plain.h"
#include "lua_portfolio.h"
#include "lua_provider.h"
#include "lua_row.h"
#include "lua_schedule.h"
#include "lua_suggest.h"
#include "native_api.h"

__attribute__((visibility("default"))) int luaopen_repay_native_core(lua_State *L);

static struct repay_call *check_call(lua_State *L, int index)
{
    return &repay_lua_check_call(L, index)->call;
}

static void publish_api(lua_State *L)
{
    struct repay_native_api *api = repay_lua_new_userdata(L, sizeof *api);

    *api = (struct repay_native_api){
        .core =
            {
                .abi = REPAY_CORE_ABI,
                .call_size = (uint32_t)sizeof(struct repay_call),
                .session_size = (uint32_t)sizeof(struct repay_session),
                .call_next = repay_call_next,
                .call_request = repay_call_request,
                .reply_status = repay_call_reply_status,
                .reply_field = repay_call_reply_field,
                .reply_body = repay_call_reply_body,
                .call_end = repay_call_end,
                .call_cancel = repay_call_cancel,
                .request_text = repay_request_text,
                .now_ms = repay_clock_now_ms,
                .unix_ms = repay_clock_unix_ms,
                .random = repay_clock_random,
                .error_set = repay_error_set,
                .kind_name = repay_kind_name,
                .kind_from_name = repay_kind_from_name,
                .error_copy = repay_error_copy,
                .day_read = repay_day_read,
                .moment_pack = repay_moment_pack,
            },
        .check_call = check_call,
        .push_result = repay_lua_push_result,
        .free_call = repay_lua_free_call,
        .hold_call = repay_lua_hold_call,
        .drop_call = repay_lua_drop_call,
    };
    lua_setfield(L, LUA_REGISTRYINDEX, REPAY_NATIVE_API_KEY);
}

/* live(): objects that hold something and were not closed; specs want 0 in the end. */
static int live(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)repay_lua_state_of(L)->live);
    return 1;
}

static int now_ms(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)repay_clock_now_ms());
    return 1;
}

static int unix_ms(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)repay_clock_unix_ms());
    return 1;
}

/* kinds(): the kinds of errors, as a list. */
static int kinds(lua_State *L)
{
    lua_createtable(L, REPAY_KIND_COUNT, 0);
    for (int kind = REPAY_KIND_NONE + 1; kind < REPAY_KIND_COUNT; kind++) {
        lua_pushstring(L, repay_kind_name((enum repay_kind)kind));
        lua_rawseti(L, -2, kind);
    }
    return 1;
}

/* integer(value): the number, or nil for what is not whole or not exact on both VMs. */
static int integer(lua_State *L)
{
    int64_t value;

    if (repay_lua_to_integer(L, 1, &value))
        lua_pushinteger(L, (lua_Integer)value);
    else
        lua_pushnil(L);
    return 1;
}

/* is_open(value, class): true, false when it is closed, nil when it is something else. */
static int is_open(lua_State *L)
{
    const char *class = luaL_checkstring(L, 2);
    const void *object;
    bool open;

    if (strcmp(class, REPAY_LUA_CLIENT) == 0) {
        object = repay_lua_class_test(L, 1, REPAY_LUA_SLOT_CLIENT);
        open = object && repay_lua_get_client(L, 1)->session.provider;
    } else if (strcmp(class, REPAY_LUA_CALL) == 0) {
        object = repay_lua_class_test(L, 1, REPAY_LUA_SLOT_CALL);
        open = object && repay_lua_get_call(L, 1);
    } else if (strcmp(class, REPAY_LUA_PORTFOLIO) == 0) {
        object = repay_lua_class_test(L, 1, REPAY_LUA_SLOT_PORTFOLIO);
        open = object && ((const struct repay_lua_portfolio *)object)->is_open;
    } else {
        object = repay_lua_class_test(L, 1, REPAY_LUA_SLOT_SCHEDULE);
        open = object && repay_lua_get_schedule(L, 1)->layout;
    }
    if (object)
        lua_pushboolean(L, open);
    else
        lua_pushnil(L);
    return 1;
}

#ifdef REPAY_TEST_HOOKS
static int test_clock(lua_State *L)
{
    repay_clock_test_set(repay_lua_check_integer(L, 1), repay_lua_check_integer(L, 2));
    return 0;
}

static int test_seed(lua_State *L)
{
    size_t size;
    const char *bytes = luaL_checklstring(L, 1, &size);

    repay_clock_test_chance(bytes, size);
    return 0;
}
#endif

/* The metatables of each class, by its name in native.classes. */
static const struct class_slot {
    const char *name;
    enum repay_lua_slot slot;
} class_slots[] = {
    {"client", REPAY_LUA_SLOT_CLIENT},       {"call", REPAY_LUA_SLOT_CALL},
    {"schedule", REPAY_LUA_SLOT_SCHEDULE},   {"schedule", REPAY_LUA_SLOT_SMALL_SCHEDULE},
    {"portfolio", REPAY_LUA_SLOT_PORTFOLIO},
};

/*
 * index(class[, function]): the function that finds methods and facts of the class's objects. If
 * one is given it is asked in the place of that one from now on.
 */
static int class_index(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);

    lua_settop(L, 2);
    for (size_t i = 0; i < sizeof class_slots / sizeof *class_slots; i++) {
        if (strcmp(class_slots[i].name, name) != 0)
            continue;
        lua_rawgeti(L, LUA_REGISTRYINDEX, (int)class_slots[i].slot);
        if (lua_isnil(L, 2)) {
            lua_getfield(L, -1, "find");
            return 1;
        }
        lua_pushvalue(L, 2);
        lua_setfield(L, -2, "__index");
        lua_pop(L, 1);
    }
    return 0;
}

static const luaL_Reg functions[] = {
    {"apply", repay_lua_schedule_apply},
    {"chance", repay_lua_chance},
    {"claim", repay_lua_call_claim},
    {"client_of", repay_lua_call_client},
    {"cosocket_entries", repay_lua_cosocket_entries},
    {"cosocket_place", repay_lua_cosocket_place},
    {"fingerprint", repay_lua_fingerprint},
    {"finish", repay_lua_call_finish},
    {"host", repay_lua_call_host},
    {"index", class_index},
    {"integer", integer},
    {"is_open", is_open},
    {"is_unsent", repay_lua_call_is_unsent},
    {"kinds", kinds},
    {"limit", repay_lua_call_limit},
    {"live", live},
    {"load", repay_lua_schedule_load},
    {"message_go_on", repay_lua_message_go_on},
    {"money_format", repay_lua_money_format},
    {"money_parse", repay_lua_money_parse},
    {"money_parse_typed", repay_lua_money_parse_typed},
    {"now_ms", now_ms},
    {"open", repay_lua_client_open},
    {"operations", repay_lua_operations},
    {"portfolio", repay_lua_portfolio_new},
    {"prepare", repay_lua_call_prepare},
    {"preview", repay_lua_call_preview},
    {"provider", repay_lua_provider},
    {"providers", repay_lua_providers},
    {"result", repay_lua_call_result},
    {"row_extra", repay_lua_row_extra},
    {"row_names", repay_lua_row_names},
    {"start", repay_lua_call_start},
    {"suggest", repay_lua_suggest},
    {"transport", repay_lua_call_transport},
    {"unix_ms", unix_ms},
#ifdef REPAY_TEST_HOOKS
    {"test_clock", test_clock},
    {"test_seed", test_seed},
#endif
    {NULL, NULL},
};

int luaopen_repay_native_core(lua_State *L)
{
    repay_lua_state_open(L);
    lua_createtable(L, 0, (int)(sizeof functions / sizeof *functions));
    luaL_setfuncs(L, functions, 0);
    lua_createtable(L, 0, 4);
    repay_lua_client_register(L);
    lua_setfield(L, -2, "client");
    repay_lua_call_register(L);
    lua_setfield(L, -2, "call");
    repay_lua_schedule_register(L);
    lua_setfield(L, -2, "schedule");
    repay_lua_portfolio_register(L);
    lua_setfield(L, -2, "portfolio");
    lua_setfield(L, -2, "classes");
    repay_lua_row_register(L);
    lua_setfield(L, -2, "rows");
    repay_lua_error_register(L);
    lua_setfield(L, -2, "error");
    publish_api(L);
    return 1;
}
