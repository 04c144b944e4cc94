/*
 * The driver inside nginx and its call. See lua_cosocket.h.
 *
 * Decides nothing: it puts together what lua_drive.c offers one by one. Clocks are read here, where
 * the call needs them. A call that someone closed meanwhile has ended and is no fault.
 */
#include "lua_cosocket.h"

#include "clock.h"
#include "lua_client.h"

static bool has_ended(const struct repay_call *call)
{
    return call->stage == REPAY_CALL_ENDED_WELL || call->stage == REPAY_CALL_ENDED_BADLY;
}

static void check_sending(lua_State *L, const struct repay_lua_call *call)
{
    if (call->call.stage != REPAY_CALL_SENDING)
        (void)luaL_error(L, "repay.call has no request under way");
}

static void push_ms(lua_State *L, int64_t ms)
{
    lua_pushinteger(L, (lua_Integer)(ms > 0 ? ms : 0));
}

/*
 * Made when it is wanted and kept by nobody: what lies in the call or in a variable of Lua's waits
 * for the reply together with the call.
 */
int repay_lua_cosocket_request(lua_State *L)
{
    struct repay_lua_call *call = repay_lua_check_call(L, 1);

    check_sending(L, call);
    repay_lua_push_wire(L, call);
    repay_call_drop_request(&call->call);
    call->is_handed = true;
    return 1;
}

static int push_send(lua_State *L, struct repay_lua_call *call)
{
    const struct repay_call *core = &call->call;

    call->was_fed = false;
    call->is_handed = false;
    repay_lua_push_anchored(L, 1);
    lua_pushinteger(L, (lua_Integer)core->now_ms);
    push_ms(L, core->attempt_deadline_ms - core->now_ms);
    push_ms(L, core->connect_deadline_ms - core->now_ms);
    lua_pushboolean(L, core->operation->is_write);
    lua_pushinteger(L, (lua_Integer)core->unix_ms);
    return 6;
}

int repay_lua_cosocket_go_on(lua_State *L)
{
    struct repay_lua_call *call = repay_lua_get_call(L, 1);
    enum repay_step step;

    lua_settop(L, 1);
    if (!call)
        return 0;
    call->is_claimed = true;
    step = repay_call_next(&call->call, repay_clock_now_ms(), repay_clock_unix_ms());
    if (step == REPAY_STEP_SEND)
        return push_send(L, call);
    if (step != REPAY_STEP_WAIT)
        return 0;
    lua_pushnil(L);
    lua_pushinteger(L, (lua_Integer)call->call.wait_ms);
    return 2;
}

/* True when no more of the reply is wanted. No bytes are no end of the stream; only nil is. */
static bool feed(lua_State *L, struct repay_lua_call *call)
{
    struct repay_text bytes = REPAY_NO_TEXT;

    if (!lua_isnil(L, 2)) {
        bytes.data = luaL_checklstring(L, 2, &bytes.length);
        if (bytes.length == 0)
            return false;
    }
    call->was_fed = true;
    return repay_call_feed(&call->call, bytes.data, bytes.length) != REPAY_HTTP_MORE;
}

int repay_lua_cosocket_take(lua_State *L)
{
    struct repay_lua_call *call = repay_lua_get_call(L, 1);
    struct repay_end end = {.kind = REPAY_KIND_NONE, .sent = REPAY_SENT_MAYBE};
    bool reusable;

    lua_settop(L, 3);
    if (!call) {
        lua_pushboolean(L, 0);
        lua_pushboolean(L, 1);
        return 2;
    }
    check_sending(L, call);
    if (!feed(L, call))
        return 0;
    reusable = repay_call_may_reuse(&call->call);
    end.connection = lua_toboolean(L, 3) ? REPAY_CONNECTION_REUSED : REPAY_CONNECTION_OPENED;
    repay_call_end(&call->call, &end, repay_clock_now_ms(), repay_clock_unix_ms());
    lua_pushboolean(L, reusable);
    lua_pushboolean(L, has_ended(&call->call));
    return 2;
}

int repay_lua_call_is_unsent(lua_State *L)
{
    const struct repay_lua_call *call = repay_lua_get_call(L, 1);

    lua_pushboolean(L, !call || call->call.stage != REPAY_CALL_SENDING || !call->is_handed);
    return 1;
}

static void push_given(lua_State *L, struct repay_text text)
{
    if (text.length > 0)
        lua_pushlstring(L, text.data, text.length);
    else
        lua_pushnil(L);
}

int repay_lua_cosocket_place(lua_State *L)
{
    const struct repay_session *session = &repay_lua_check_client(L, 1)->session;
    bool elsewhere = session->connect_host.length > 0;

    push_given(L, elsewhere ? session->connect_host : session->base.host);
    lua_pushinteger(L, elsewhere ? session->connect_port : session->base.port);
    push_given(L, session->base.tls ? session->base.host : REPAY_NO_TEXT);
    push_given(L, session->client_cert);
    push_given(L, session->client_key);
    push_ms(L, session->policy.first_byte_timeout_ms);
    return 6;
}
