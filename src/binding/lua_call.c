/*
 * The class `repay.call`: one operation on its way.
 *
 * A call keeps its client alive, and with it the session that the core borrows. It is prepared here
 * and driven from lua_drive.c or by another compiled module; it never moves a byte itself.
 */
#include "lua_call.h"

#include "clock.h"
#include "lua_arguments.h"
#include "lua_client.h"
#include "lua_fields.h"

/* Where result_of_call is kept: to push it anew would need memory just when there is none. */
#define RESULT_KEY "repay.call.result"

/* As many as a wide run has in flight, so that it makes none anew. */
#define SPARE_MAX 256

struct handle {
    struct repay_lua_object object;
    struct repay_lua_call *call; /* NULL: closed */
};

static struct handle *get_handle(lua_State *L, int index)
{
    return repay_lua_class_check(L, index, REPAY_LUA_SLOT_CALL, REPAY_LUA_CALL);
}

struct repay_lua_call *repay_lua_get_call(lua_State *L, int index)
{
    return get_handle(L, index)->call;
}

struct repay_lua_call *repay_lua_call_of(const void *object)
{
    const struct handle *handle = object;

    return repay_lua_class_is(&handle->object, REPAY_LUA_SLOT_CALL) ? handle->call : NULL;
}

struct repay_lua_call *repay_lua_check_call(lua_State *L, int index)
{
    struct repay_lua_call *call = repay_lua_get_call(L, index);

    if (!call)
        (void)luaL_error(L, "repay.call is closed");
    return call;
}

static bool has_answers(lua_State *L, struct repay_lua_state *state)
{
    if (!state->answers && repay_lua_blocks(L))
        state->answers = repay_answers_create(state->blocks);
    return state->answers != NULL;
}

/* A spare one, or a new one; NULL when there is no memory. */
static struct repay_lua_call *take_call(lua_State *L, struct repay_lua_state *state)
{
    struct repay_lua_call *call = state->spare_calls;

    if (call) {
        state->spare_calls = call->next;
        state->spare_count--;
        return call;
    }
    if (!has_answers(L, state))
        return NULL;
    call = repay_allocate(&state->allocator, sizeof *call);
    if (!call)
        return NULL;
    memset(call, 0, sizeof *call);
    call->state = state;
    repay_call_init(&call->call, &state->allocator, state->answers);
    return call;
}

/* Nobody holds it any more. */
static void give_back(struct repay_lua_call *call)
{
    struct repay_lua_state *state = call->state;

    if (call->is_freed || state->is_ending || state->spare_count >= SPARE_MAX) {
        if (!call->is_freed)
            repay_call_free(&call->call);
        repay_release(&state->allocator, call, sizeof *call);
        return;
    }
    repay_call_clear(&call->call);
    call->next = state->spare_calls;
    state->spare_calls = call;
    state->spare_count++;
}

void repay_lua_free_spare_calls(struct repay_lua_state *state)
{
    while (state->spare_calls) {
        struct repay_lua_call *call = state->spare_calls;

        state->spare_calls = call->next;
        repay_call_free(&call->call);
        repay_release(&state->allocator, call, sizeof *call);
    }
    state->spare_count = 0;
}

void repay_lua_hold_call(struct repay_call *call)
{
    struct repay_lua_call *held = (struct repay_lua_call *)call;

    held->holders++;
    held->is_claimed = true;
}

static void drop(struct repay_lua_call *call)
{
    call->holders--;
    if (call->holders == 0)
        give_back(call);
}

void repay_lua_drop_call(struct repay_call *call)
{
    drop((struct repay_lua_call *)call);
}

/* The driver that holds it, if any, finds a call that has ended. */
static void close_handle(struct handle *handle)
{
    struct repay_lua_call *call = handle->call;

    if (!call)
        return;
    handle->call = NULL;
    handle->object.state->live--;
    if (call->holders > 1) {
        repay_call_free(&call->call);
        call->is_freed = true;
    }
    drop(call);
}

struct repay_lua_scene repay_lua_call_scene(const struct repay_lua_call *call)
{
    return (struct repay_lua_scene){call->provider->name, call->call.operation->name, &call->call};
}

static bool amount_fault(const char *name, size_t at, const char *why, struct repay_error *error)
{
    (void)repay_error_set_field(error, REPAY_KIND_INVALID_ARGUMENT, name, "%s: %s", name, why);
    error->offset = (int64_t)at;
    return false;
}

/* `amount_minor`, or `amount` as text; options.lua has refused both at once. */
static bool set_amount(lua_State *L, struct repay_lua_call *call, unsigned index,
                       struct repay_error *error)
{
    const struct repay_parameter *parameter = &call->call.operation->parameters[index];
    enum repay_money_fault fault;
    struct repay_text text;
    int64_t minor = 0;
    size_t fault_at = 0;

    lua_pushfstring(L, "%s_minor", parameter->name);
    if (repay_lua_integer_field(L, 3, lua_tostring(L, -1), &minor)) {
        lua_pop(L, 1);
        return repay_call_set_amount(&call->call, index, minor, error);
    }
    lua_pop(L, 1);
    text = repay_lua_text_field(L, 3, parameter->name);
    if (!text.data)
        return true;
    fault = repay_money_read_typed(text, call->call.session->currency_decimals, &minor, &fault_at);
    if (fault != REPAY_MONEY_OK)
        return amount_fault(parameter->name, fault_at, repay_money_fault_text(fault), error);
    return repay_call_set_amount(&call->call, index, minor, error);
}

static bool set_arguments(lua_State *L, struct repay_lua_call *call, const struct repay_text *texts,
                          struct repay_error *error)
{
    const struct repay_parameter *parameters = call->call.operation->parameters;

    for (unsigned i = 0; parameters[i].name; i++) {
        struct repay_text text;

        if (parameters[i].type == REPAY_PARAMETER_AMOUNT) {
            if (!set_amount(L, call, i, error))
                return false;
            continue;
        }
        text = texts ? texts[i] : repay_lua_text_field(L, 3, parameters[i].name);
        if (text.data && !repay_call_set_text(&call->call, i, text, error))
            return false;
    }
    return true;
}

/* A text alone is the id that the call is about. */
static bool set_subject(lua_State *L, struct repay_lua_call *call, struct repay_error *error)
{
    const struct repay_parameter *parameters = call->call.operation->parameters;
    struct repay_text text = REPAY_NO_TEXT;
    unsigned i = 0;

    while (parameters[i].name && !parameters[i].is_subject)
        i++;
    if (!parameters[i].name)
        return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                               "the call is about no id, so it wants a table");
    text.data = lua_tolstring(L, 3, &text.length);
    return repay_call_set_text(&call->call, i, text, error);
}

static bool draw_chance(struct repay_lua_call *call, struct repay_chance *chance)
{
    const struct repay_operation *operation = call->call.operation;

    if (operation->carries_key || operation->carries_interaction_id)
        return repay_clock_random(chance, sizeof *chance);
    memset(chance, 0, sizeof *chance);
    chance->seed = repay_clock_jitter(&call->state->jitter);
    return true;
}

static bool prepare(lua_State *L, struct repay_lua_call *call, int64_t unix_ms,
                    const struct repay_text *texts, struct repay_error *error)
{
    struct repay_chance chance;
    bool is_set = lua_type(L, 3) == LUA_TSTRING ? set_subject(L, call, error)
                                                : set_arguments(L, call, texts, error);

    if (!is_set)
        return false;
    if (!draw_chance(call, &chance))
        return repay_error_set(error, REPAY_KIND_CONFIG, "the system has no random bytes to give");
    return repay_call_prepare(&call->call, &chance, unix_ms, error);
}

/* Born closed, with its client anchored; opened when nothing is left that may raise. */
static struct handle *new_handle(lua_State *L, struct repay_lua_state *state, int client)
{
    struct handle *handle = repay_lua_new_anchoring(L, sizeof *handle);

    handle->call = NULL;
    repay_lua_anchor_to_anchoring(L, -1, client);
    repay_lua_class_stamp(&handle->object, REPAY_LUA_SLOT_CALL, state);
    repay_lua_class_set(L, REPAY_LUA_SLOT_CALL);
    return handle;
}

/* A closed one that start was given back, with its client anchored; or a new one. */
static struct handle *take_handle(lua_State *L, struct repay_lua_state *state, int client,
                                  int retired)
{
    struct handle *handle = retired ? repay_lua_class_test(L, retired, REPAY_LUA_SLOT_CALL) : NULL;

    if (!handle || handle->call)
        return new_handle(L, state, client);
    lua_pushvalue(L, retired);
    repay_lua_anchor_to_anchoring(L, -1, client);
    return handle;
}

static void open_call(struct repay_lua_state *state, struct handle *handle,
                      struct repay_lua_call *call, struct repay_session *session,
                      const struct repay_operation *operation)
{
    call->next = NULL;
    call->holders = 1;
    call->provider = session->provider;
    memcpy(call->currency, session->currency, sizeof call->currency);
    call->is_claimed = false;
    call->is_taken = false;
    call->is_handed = false;
    call->was_fed = false;
    handle->call = call;
    state->live++;
    repay_call_begin(&call->call, session, operation);
}

/*
 * What a new call brings is not Lua's memory, so its collector is told to work for it; else a loop
 * that drops calls without closing them would grow far beyond what the collector sees.
 */
static void pay_for_call(lua_State *L, const struct repay_lua_state *state)
{
    if (!state->spare_calls)
        (void)lua_gc(L, LUA_GCSTEP, (int)(sizeof(struct repay_lua_call) >> 10));
}

struct repay_lua_call *repay_lua_make_call(lua_State *L, struct repay_lua_client *client,
                                           const struct repay_operation *operation, int64_t unix_ms,
                                           int retired, const struct repay_text *texts)
{
    struct repay_session *session = &client->session;
    struct repay_lua_scene scene = {session->provider->name, operation->name, NULL};
    struct repay_lua_state *state = client->object.state;
    struct repay_lua_call *call;
    struct handle *handle;
    struct repay_error error;

    pay_for_call(L, state);
    handle = take_handle(L, state, 1, retired);
    call = take_call(L, state);
    if (!call) {
        (void)repay_error_set(&error, REPAY_KIND_MEMORY, "not enough memory for a call");
        (void)repay_lua_push_failure(L, &error, &scene);
        return NULL;
    }
    open_call(state, handle, call, session, operation);
    if (prepare(L, call, unix_ms, texts, &error))
        return call;
    scene = repay_lua_call_scene(call);
    (void)repay_lua_push_failure(L, &error, &scene);
    close_handle(handle);
    return NULL;
}

int repay_lua_call_prepare(lua_State *L)
{
    struct repay_lua_client *client = repay_lua_check_client(L, 1);
    const struct repay_session *session = &client->session;
    const struct repay_operation *operation;
    struct repay_text name = REPAY_NO_TEXT;
    int64_t unix_ms;

    luaL_checktype(L, 2, LUA_TSTRING);
    if (lua_type(L, 3) != LUA_TSTRING)
        luaL_checktype(L, 3, LUA_TTABLE);
    unix_ms = lua_isnoneornil(L, 4) ? repay_clock_unix_ms() : repay_lua_check_integer(L, 4);
    lua_settop(L, 3);
    name.data = lua_tolstring(L, 2, &name.length);
    operation = repay_operation_find(session->provider, name);
    if (!operation) {
        struct repay_lua_scene scene = {session->provider->name, name.data, NULL};
        struct repay_error error;

        (void)repay_error_set(&error, REPAY_KIND_UNSUPPORTED, "%s has no operation '%.32s'",
                              session->provider->name, name.data);
        return repay_lua_push_failure(L, &error, &scene);
    }
    return repay_lua_make_call(L, client, operation, unix_ms, 0, NULL) ? 1 : 2;
}

int repay_lua_call_preview(lua_State *L)
{
    repay_lua_push_request(L, repay_lua_check_call(L, 1), false);
    return 1;
}

static bool is_free_call(const struct repay_lua_call *call)
{
    return call && !call->is_claimed && !repay_call_has_ended(&call->call);
}

struct repay_call *repay_lua_free_call(lua_State *L, int index)
{
    const struct handle *handle = repay_lua_class_test(L, index, REPAY_LUA_SLOT_CALL);
    bool has_transport;

    if (!handle || !is_free_call(handle->call))
        return NULL;
    repay_lua_push_anchored(L, index);
    repay_lua_push_anchored(L, -1);
    has_transport = lua_toboolean(L, -1);
    lua_pop(L, 2);
    return has_transport ? NULL : &handle->call->call;
}

int repay_lua_call_claim(lua_State *L)
{
    const struct handle *handle = repay_lua_class_test(L, 1, REPAY_LUA_SLOT_CALL);
    struct repay_lua_call *call = handle ? handle->call : NULL;
    bool is_free = is_free_call(call);

    if (!handle) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushboolean(L, is_free);
    if (!is_free)
        return 1;
    call->is_claimed = true;
    repay_lua_push_anchored(L, 1);
    repay_lua_push_anchored(L, -1);
    lua_remove(L, -2);
    return 2;
}

int repay_lua_call_limit(lua_State *L)
{
    struct repay_lua_call *call = repay_lua_check_call(L, 1);
    int64_t begin_ms = lua_toboolean(L, 2) ? repay_lua_check_integer(L, 2) : INT64_MIN;
    int64_t limit_ms = lua_toboolean(L, 3) ? repay_lua_check_integer(L, 3) : INT64_MAX;

    repay_call_limit(&call->call, begin_ms, limit_ms);
    return 0;
}

int repay_lua_call_host(lua_State *L)
{
    const struct handle *handle = repay_lua_class_test(L, 1, REPAY_LUA_SLOT_CALL);
    const struct repay_session *session =
        handle && handle->call ? handle->call->call.session : NULL;

    if (!session || !session->provider) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushlstring(L, session->base.host.data, session->base.host.length);
    lua_pushfstring(L, ":%d", (int)session->base.port);
    lua_concat(L, 2);
    return 1;
}

int repay_lua_call_transport(lua_State *L)
{
    if (repay_lua_class_test(L, 1, REPAY_LUA_SLOT_CLIENT)) {
        repay_lua_push_anchored(L, 1);
        return 1;
    }
    (void)repay_lua_check_call(L, 1);
    repay_lua_push_anchored(L, 1);
    repay_lua_push_anchored(L, -1);
    return 1;
}

static int close_call(lua_State *L)
{
    close_handle(get_handle(L, 1));
    lua_pushboolean(L, 1);
    return 1;
}

static int cancel_call(lua_State *L)
{
    struct repay_lua_call *call = repay_lua_check_call(L, 1);

    if (!repay_call_has_ended(&call->call))
        repay_call_cancel(&call->call);
    lua_pushboolean(L, 1);
    return 1;
}

static int result_of_call(lua_State *L)
{
    return repay_lua_push_result_of(L, repay_lua_check_call(L, 1));
}

static int push_closed(lua_State *L)
{
    struct repay_lua_scene scene = {NULL, NULL, NULL};
    struct repay_error error;

    (void)repay_error_set(&error, REPAY_KIND_CANCELLED, "the call was closed before it ended");
    return repay_lua_push_failure(L, &error, &scene);
}

/* Of the call at an index, which is NULL where its handle was closed. */
static int push_result(lua_State *L, int index, struct repay_lua_call *call)
{
    if (!call)
        return push_closed(L);
    if (!call->call.operation->is_write)
        return repay_lua_push_result_of(L, call);
    lua_getfield(L, LUA_REGISTRYINDEX, RESULT_KEY);
    lua_pushvalue(L, index);
    if (lua_pcall(L, 1, 2, 0) == 0)
        return 2;
    lua_pop(L, 1);
    (void)lua_gc(L, LUA_GCCOLLECT, 0);
    return repay_lua_push_result_of(L, call);
}

int repay_lua_push_result(lua_State *L, int index)
{
    return push_result(L, index, repay_lua_get_call(L, index));
}

int repay_lua_call_result(lua_State *L)
{
    lua_settop(L, 1);
    return repay_lua_push_result(L, 1);
}

int repay_lua_call_finish(lua_State *L)
{
    struct handle *handle = get_handle(L, 1);
    int count;

    lua_settop(L, 1);
    count = push_result(L, 1, handle->call);
    close_handle(handle);
    repay_lua_let_go(L, 1);
    return count;
}

static int call_to_string(lua_State *L)
{
    struct repay_lua_call *call = repay_lua_get_call(L, 1);
    char subject[REPAY_SUBJECT_MAX + 1];

    if (!call) {
        lua_pushliteral(L, "repay.call (closed)");
        return 1;
    }
    repay_error_copy(subject, sizeof subject, repay_call_subject(&call->call));
    lua_pushfstring(L, "repay.call: %s %s%s%s", call->provider->name, call->call.operation->name,
                    subject[0] != '\0' ? " " : "", subject);
    return 1;
}

static int call_index(lua_State *L);

static const luaL_Reg methods[] = {
    {"cancel", cancel_call},
    {"close", close_call},
    {"result", result_of_call},
    {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
    {"__index", call_index},        {"__gc", close_call}, {"__close", close_call},
    {"__tostring", call_to_string}, {NULL, NULL},
};

static const char *const facts[] = {"provider", "operation",       "subject",
                                    "is_write", "idempotency_key", NULL};

static const struct repay_lua_class class = {REPAY_LUA_SLOT_CALL, REPAY_LUA_CALL, methods,
                                             metamethods, facts};

static int call_index(lua_State *L)
{
    const char *fact = repay_lua_class_find(L, &class, 2);
    struct repay_lua_call *call;
    struct repay_text text;

    if (!fact)
        return 1;
    call = repay_lua_check_call(L, 1);
    if (strcmp(fact, "is_write") == 0) {
        lua_pushboolean(L, call->call.operation->is_write);
        return 1;
    }
    text = repay_text_of(strcmp(fact, "provider") == 0       ? call->provider->name
                         : strcmp(fact, "operation") == 0    ? call->call.operation->name
                         : call->call.operation->carries_key ? call->call.idempotency_key
                                                             : "");
    if (strcmp(fact, "subject") == 0)
        text = repay_call_subject(&call->call);
    repay_lua_push_text(L, text);
    return 1;
}

void repay_lua_call_register(lua_State *L)
{
    lua_pushcfunction(L, result_of_call);
    lua_setfield(L, LUA_REGISTRYINDEX, RESULT_KEY);
    repay_lua_class_register(L, &class);
    luaL_setfuncs(L, repay_lua_drive_methods, 0);
}
