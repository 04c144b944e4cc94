/*
 * How a call is driven from Lua: the next step, the request in the form a driver wants, what came
 * back, and how the attempt ended.
 *
 * Two forms, one machine. A message transport takes `message` and gives a whole answer; a byte
 * driver takes `wire` and feeds raw bytes. Nothing a transport answers can raise here: a malformed
 * answer is a reply like any other, and the call decides what it means.
 */
#include "lua_message.h"

#include "clock.h"
#include "lua_arguments.h"
#include "lua_fields.h"

static struct repay_lua_call *check_sending(lua_State *L, int index)
{
    struct repay_lua_call *call = repay_lua_check_call(L, index);

    if (call->call.stage != REPAY_CALL_SENDING)
        (void)luaL_error(L, "repay.call has no request under way");
    return call;
}

static int64_t clock_argument(lua_State *L, int index, int64_t (*clock)(void))
{
    return lua_isnoneornil(L, index) ? clock() : repay_lua_check_integer(L, index);
}

/* next([now_ms, unix_ms]): "send" | "wait", ms | "done" | "failed" */
static int next_step(lua_State *L)
{
    struct repay_lua_call *call = repay_lua_check_call(L, 1);
    int64_t now_ms = clock_argument(L, 2, repay_clock_now_ms);
    int64_t unix_ms = clock_argument(L, 3, repay_clock_unix_ms);

    call->is_claimed = true;
    switch (repay_call_next(&call->call, now_ms, unix_ms)) {
    case REPAY_STEP_SEND:
        call->was_fed = false;
        call->is_handed = false;
        lua_pushliteral(L, "send");
        return 1;
    case REPAY_STEP_WAIT:
        lua_pushliteral(L, "wait");
        lua_pushinteger(L, (lua_Integer)call->call.wait_ms);
        return 2;
    case REPAY_STEP_DONE:
        lua_pushliteral(L, "done");
        return 1;
    case REPAY_STEP_FAILED:
        break;
    }
    lua_pushliteral(L, "failed");
    return 1;
}

void repay_lua_push_wire(lua_State *L, const struct repay_lua_call *call)
{
    struct repay_text bytes = repay_request_wire(repay_call_request(&call->call));

    lua_pushlstring(L, bytes.data, bytes.length);
}

/* wire(): the request as a byte driver takes it. */
static int wire(lua_State *L)
{
    struct repay_lua_call *call = check_sending(L, 1);
    const struct repay_session *session = call->call.session;
    bool elsewhere = session->connect_host.length > 0;
    struct repay_text host = elsewhere ? session->connect_host : session->base.host;
    int64_t connect_ms = call->call.connect_deadline_ms - call->call.now_ms;

    lua_createtable(L, 0, 12);
    repay_lua_set_text(L, "host", host);
    repay_lua_set_integer(L, "port", elsewhere ? session->connect_port : session->base.port);
    repay_lua_set_flag(L, "tls", session->base.tls);
    repay_lua_set_text(L, "server_name", session->base.host);
    repay_lua_push_wire(L, call);
    call->is_handed = true;
    lua_setfield(L, -2, "bytes");
    repay_lua_set_flag(L, "fresh", call->call.operation->is_write);
    repay_lua_set_integer(L, "connect_timeout_ms", connect_ms > 0 ? connect_ms : 0);
    repay_lua_set_integer(L, "first_byte_timeout_ms", session->policy.first_byte_timeout_ms);
    repay_lua_set_text(L, "client_cert", session->client_cert);
    repay_lua_set_text(L, "client_key", session->client_key);
    repay_lua_set_attempt(L, &call->call, call->call.now_ms);
    return 1;
}

/* feed(bytes) or feed(nil) at the end of the stream: "more" | "done", reusable | "stop" */
static int feed(lua_State *L)
{
    struct repay_lua_call *call = check_sending(L, 1);
    struct repay_text bytes = REPAY_NO_TEXT;
    enum repay_http_state state;

    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TSTRING);
        bytes.data = lua_tolstring(L, 2, &bytes.length);
        /* No bytes are no end of the stream; only nil is. */
        if (bytes.length == 0) {
            lua_pushliteral(L, "more");
            return 1;
        }
    }
    call->was_fed = true;
    state = repay_call_feed(&call->call, bytes.data, bytes.length);
    if (state == REPAY_HTTP_MORE) {
        lua_pushliteral(L, "more");
        return 1;
    }
    if (state == REPAY_HTTP_DONE) {
        lua_pushliteral(L, "done");
        lua_pushboolean(L, repay_call_may_reuse(&call->call));
        return 2;
    }
    lua_pushliteral(L, "stop");
    return 1;
}

/* One header value: a text, a number, or a list of either. False for anything else. */
static bool give_value(lua_State *L, struct repay_call *call, struct repay_text name, int depth)
{
    struct repay_text value;
    bool good = true;

    if (lua_type(L, -1) == LUA_TTABLE && depth == 0) {
        int count = (int)lua_rawlen(L, -1);

        for (int i = 1; i <= count && good; i++) {
            lua_rawgeti(L, -1, i);
            good = give_value(L, call, name, depth + 1);
            lua_pop(L, 1);
        }
        return good;
    }
    if (!lua_isstring(L, -1))
        return false;
    /* A number is turned into text in place, which lua_next would not survive. */
    lua_pushvalue(L, -1);
    value.data = lua_tolstring(L, -1, &value.length);
    (void)repay_call_reply_field(call, name, value);
    lua_pop(L, 1);
    return true;
}

/* An element of a list of headers: { name, value }. */
static bool give_pair(lua_State *L, struct repay_call *call)
{
    struct repay_text name;
    bool good;

    if (lua_type(L, -1) != LUA_TTABLE)
        return false;
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    good = lua_type(L, -2) == LUA_TSTRING;
    if (good) {
        name.data = lua_tolstring(L, -2, &name.length);
        good = give_value(L, call, name, 1);
    }
    lua_pop(L, 2);
    return good;
}

/* The headers on top of the stack: a table by name, a list of pairs, or nil. */
static bool give_headers(lua_State *L, struct repay_call *call)
{
    bool good = true;

    if (lua_isnil(L, -1))
        return true;
    if (lua_type(L, -1) != LUA_TTABLE)
        return false;
    lua_pushnil(L);
    while (good && lua_next(L, -2)) {
        if (lua_type(L, -2) == LUA_TSTRING) {
            struct repay_text name;

            name.data = lua_tolstring(L, -2, &name.length);
            good = give_value(L, call, name, 0);
        } else {
            good = give_pair(L, call);
        }
        lua_pop(L, 1);
    }
    if (!good)
        lua_pop(L, 1);
    return good;
}

/* Why the answer at `index` is none, or NULL after it was given to the call. */
static const char *give_answer(lua_State *L, struct repay_call *call, int index)
{
    struct repay_text body = REPAY_NO_TEXT;
    int64_t status = 0;
    bool good;

    if (lua_type(L, index) != LUA_TTABLE)
        return "the transport's answer is no table";
    repay_lua_raw_field(L, index, "status");
    good = repay_lua_to_integer(L, -1, &status) && status >= 100 && status <= 599;
    lua_pop(L, 1);
    if (!good)
        return "the transport's answer has no HTTP status";
    repay_lua_raw_field(L, index, "body");
    if (lua_type(L, -1) == LUA_TSTRING)
        body.data = lua_tolstring(L, -1, &body.length);
    else if (!lua_isnil(L, -1))
        return "the transport's answer has a body that is no string";
    if (!repay_call_reply_status(call, (int)status))
        return NULL;
    repay_lua_raw_field(L, index, "headers");
    if (!give_headers(L, call))
        return "the transport's answer has headers that are none";
    if (body.length > 0)
        (void)repay_call_reply_body(call, body.data, body.length);
    return NULL;
}

/* The words a transport may use; any other becomes connection_lost. */
static enum repay_kind failure_kind(struct repay_text word)
{
    static const enum repay_kind known[] = {
        REPAY_KIND_DNS,       REPAY_KIND_CONNECT,      REPAY_KIND_TLS,
        REPAY_KIND_TIMEOUT,   REPAY_KIND_TOO_LARGE,    REPAY_KIND_CONNECTION_LOST,
        REPAY_KIND_CANCELLED, REPAY_KIND_BAD_RESPONSE,
    };
    enum repay_kind kind = repay_kind_from_name(word);

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i] == kind)
            return kind;
    }
    return REPAY_KIND_CONNECTION_LOST;
}

/* A raw field that is a string, else empty. The table keeps it alive. */
static struct repay_text text_of_failure(lua_State *L, int index, const char *name)
{
    struct repay_text text = REPAY_NO_TEXT;

    repay_lua_raw_field(L, index, name);
    if (lua_type(L, -1) == LUA_TSTRING)
        text.data = lua_tolstring(L, -1, &text.length);
    lua_pop(L, 1);
    return text;
}

static void read_failure(lua_State *L, int index, struct repay_end *end)
{
    end->kind = REPAY_KIND_CONNECTION_LOST;
    if (lua_type(L, index) == LUA_TSTRING) {
        end->detail.data = lua_tolstring(L, index, &end->detail.length);
        end->kind = failure_kind(end->detail);
    } else if (lua_type(L, index) == LUA_TTABLE) {
        end->kind = failure_kind(text_of_failure(L, index, "kind"));
        if (repay_text_is(text_of_failure(L, index, "sent"), "no"))
            end->sent = REPAY_SENT_NO;
        end->detail = text_of_failure(L, index, "message");
        repay_lua_raw_field(L, index, "reused");
        end->connection_was_reused = lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
}

static enum repay_connection connection_of(lua_State *L, int index)
{
    struct repay_text word = REPAY_NO_TEXT;

    if (lua_type(L, index) == LUA_TSTRING)
        word.data = lua_tolstring(L, index, &word.length);
    return repay_text_is(word, "opened")   ? REPAY_CONNECTION_OPENED
           : repay_text_is(word, "reused") ? REPAY_CONNECTION_REUSED
                                           : REPAY_CONNECTION_UNTOLD;
}

/*
 * answer(now_ms, unix_ms, response): a whole reply
 * answer(now_ms, unix_ms, nil, failure): none, and why: { kind, sent, message, reused } or a word
 * answer(now_ms, unix_ms): after feed said "done" or "stop"
 * A fifth argument tells of the connection: "opened" or "reused".
 */
static int answer(lua_State *L)
{
    struct repay_lua_call *call = check_sending(L, 1);
    int64_t now_ms = clock_argument(L, 2, repay_clock_now_ms);
    int64_t unix_ms = clock_argument(L, 3, repay_clock_unix_ms);
    struct repay_end end = {.kind = REPAY_KIND_NONE, .sent = REPAY_SENT_MAYBE};

    lua_settop(L, 6);
    end.connection = connection_of(L, 6);
    if (!lua_isnil(L, 5) && lua_isnil(L, 4)) {
        read_failure(L, 5, &end);
    } else if (!call->was_fed) {
        const char *fault = give_answer(L, &call->call, 4);

        if (fault) {
            end.kind = REPAY_KIND_BAD_RESPONSE;
            end.detail = repay_text_of(fault);
        }
    }
    repay_call_end(&call->call, &end, now_ms, unix_ms);
    return 0;
}

const luaL_Reg repay_lua_drive_methods[] = {
    {"answer", answer},  {"feed", feed}, {"message", repay_lua_message},
    {"next", next_step}, {"wire", wire}, {NULL, NULL},
};
