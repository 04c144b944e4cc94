/*
 * The driver inside nginx and its call. See lua_cosocket.h.
 *
 * Decides nothing: it puts together what lua_drive.c offers one by one. Clocks are read here, where
 * the call needs them. A call that someone closed meanwhile has ended and is no fault.
 */
#include "lua_cosocket.h"

#include "clock.h"
#include "lua_client.h"
#include "lua_fields.h"

/* What go_on tells; lua/repay/ngx/steps.lua declares it too. Doubles, as all Lua numbers are. */
struct times {
    double now_ms;
    double attempt_ms;
    double connect_ms;
    double wait_ms;
    double unix_ms;
    int32_t is_write;
};

enum step { STEP_OVER, STEP_SEND, STEP_WAIT };

/* What take tells, one bit each; none: more of the reply is to come. */
enum { TAKEN_OVER = 1, TAKEN_CLEAN = 2, TAKEN_ENDED = 4 };

static double left_ms(int64_t until_ms, int64_t now_ms)
{
    return until_ms > now_ms ? (double)(until_ms - now_ms) : 0;
}

/* The next step. A call that someone closed is over. */
static int32_t go_on(void *object, struct times *out)
{
    struct repay_lua_call *call = repay_lua_call_of(object);
    struct repay_call *core;

    if (!call)
        return STEP_OVER;
    core = &call->call;
    call->is_claimed = true;
    switch (repay_call_next(core, repay_clock_now_ms(), repay_clock_unix_ms())) {
    case REPAY_STEP_SEND:
        break;
    case REPAY_STEP_WAIT:
        out->wait_ms = (double)core->wait_ms;
        return STEP_WAIT;
    default:
        return STEP_OVER;
    }
    call->was_fed = false;
    call->is_handed = false;
    out->now_ms = (double)core->now_ms;
    out->attempt_ms = left_ms(core->attempt_deadline_ms, core->now_ms);
    out->connect_ms = left_ms(core->connect_deadline_ms, core->now_ms);
    out->unix_ms = (double)core->unix_ms;
    out->is_write = core->operation->is_write;
    return STEP_SEND;
}

/* The bytes to send, or NULL where there are none. They stay until `sent`. */
static const char *request(void *object, size_t *size)
{
    const struct repay_lua_call *call = repay_lua_call_of(object);
    struct repay_text bytes;

    if (!call || call->call.stage != REPAY_CALL_SENDING)
        return NULL;
    bytes = repay_request_wire(repay_call_request(&call->call));
    *size = bytes.length;
    return bytes.data;
}

/*
 * From now on the provider may have the request, and nobody keeps it: what lies in the call or in a
 * variable of Lua's waits for the reply together with the call.
 */
static void sent(void *object)
{
    struct repay_lua_call *call = repay_lua_call_of(object);

    if (!call)
        return;
    repay_call_drop_request(&call->call);
    call->is_handed = true;
}

/*
 * Bytes of the reply, NULL where the stream ended. No bytes are no end; only NULL is. Less than 0
 * where no request is under way.
 */
static int32_t take(void *object, const char *bytes, size_t length, int32_t was_used)
{
    struct repay_lua_call *call = repay_lua_call_of(object);
    struct repay_end end = {.kind = REPAY_KIND_NONE, .sent = REPAY_SENT_MAYBE};
    int32_t taken = TAKEN_OVER;

    if (!call)
        return TAKEN_OVER | TAKEN_ENDED;
    if (call->call.stage != REPAY_CALL_SENDING)
        return -1;
    if (bytes && length == 0)
        return 0;
    call->was_fed = true;
    if (repay_call_feed(&call->call, bytes, length) == REPAY_HTTP_MORE)
        return 0;
    if (repay_call_may_reuse(&call->call))
        taken |= TAKEN_CLEAN;
    end.connection = was_used ? REPAY_CONNECTION_REUSED : REPAY_CONNECTION_OPENED;
    repay_call_end(&call->call, &end, repay_clock_now_ms(), repay_clock_unix_ms());
    return repay_call_has_ended(&call->call) ? taken | TAKEN_ENDED : taken;
}

static void push_address(lua_State *L, uintptr_t address)
{
    lua_pushnumber(L, (lua_Number)address);
}

int repay_lua_cosocket_entries(lua_State *L)
{
    push_address(L, (uintptr_t)go_on);
    push_address(L, (uintptr_t)request);
    push_address(L, (uintptr_t)sent);
    push_address(L, (uintptr_t)take);
    lua_pushinteger(L, (lua_Integer)sizeof(struct times));
    return 5;
}

int repay_lua_call_client(lua_State *L)
{
    if (repay_lua_class_test(L, 1, REPAY_LUA_SLOT_CALL) && repay_lua_get_call(L, 1))
        repay_lua_push_anchored(L, 1);
    else
        lua_pushnil(L);
    return 1;
}

int repay_lua_call_is_unsent(lua_State *L)
{
    const struct repay_lua_call *call = repay_lua_get_call(L, 1);

    lua_pushboolean(L, !call || call->call.stage != REPAY_CALL_SENDING || !call->is_handed);
    return 1;
}

static void push_ms(lua_State *L, int64_t ms)
{
    lua_pushinteger(L, (lua_Integer)(ms > 0 ? ms : 0));
}

int repay_lua_cosocket_place(lua_State *L)
{
    const struct repay_session *session = &repay_lua_check_client(L, 1)->session;
    bool elsewhere = session->connect_host.length > 0;

    repay_lua_push_text(L, elsewhere ? session->connect_host : session->base.host);
    lua_pushinteger(L, elsewhere ? session->connect_port : session->base.port);
    repay_lua_push_text(L, session->base.tls ? session->base.host : REPAY_NO_TEXT);
    repay_lua_push_text(L, session->client_cert);
    repay_lua_push_text(L, session->client_key);
    push_ms(L, session->policy.first_byte_timeout_ms);
    return 6;
}
