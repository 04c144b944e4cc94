/*
 * Owns the table that a message transport is handed, made anew for every request: a transport may
 * change it as it likes. See lua_message.h.
 */
#include "lua_message.h"

#include "clock.h"
#include "lua_arguments.h"

/* Scheme, host and port are far shorter; a target that leaves no room goes the long way. */
#define URL_ROOM 512

static void append(char *room, size_t *used, struct repay_text text)
{
    if (text.length > 0)
        memcpy(room + *used, text.data, text.length);
    *used += text.length;
}

static void push_url(lua_State *L, const struct repay_url *base, struct repay_text target)
{
    char room[URL_ROOM];
    char digits[REPAY_DIGITS_MAX];
    size_t used = 0;

    /* A host has at most REPAY_HOST_MAX bytes, so all but the target fits. */
    append(room, &used, base->tls ? REPAY_TEXT("https://") : REPAY_TEXT("http://"));
    if (base->host_is_ipv6)
        room[used++] = '[';
    append(room, &used, base->host);
    if (base->host_is_ipv6)
        room[used++] = ']';
    if (base->port_given) {
        room[used++] = ':';
        append(room, &used, repay_text_of_number(base->port, digits));
    }
    if (target.length <= sizeof room - used) {
        append(room, &used, target);
        lua_pushlstring(L, room, used);
        return;
    }
    lua_pushlstring(L, room, used);
    lua_pushlstring(L, target.data, target.length);
    lua_concat(L, 2);
}

static void push_headers(lua_State *L, const struct repay_request *request, bool show_secrets)
{
    lua_createtable(L, (int)request->header_count, 0);
    for (uint32_t i = 0; i < request->header_count; i++) {
        const struct repay_request_header *header = &request->headers[i];
        struct repay_text name = repay_request_text(request, header->name);
        struct repay_text value = repay_request_text(request, header->value);

        lua_createtable(L, 2, 0);
        lua_pushlstring(L, name.data, name.length);
        lua_rawseti(L, -2, 1);
        if (header->secret && !show_secrets)
            lua_pushliteral(L, "***");
        else
            lua_pushlstring(L, value.data, value.length);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, (int)i + 1);
    }
}

void repay_lua_push_request(lua_State *L, const struct repay_lua_call *call, bool show_secrets)
{
    const struct repay_request *request = repay_call_request(&call->call);

    lua_createtable(L, 0, 6);
    lua_pushstring(L, repay_method_name(request->method));
    lua_setfield(L, -2, "method");
    push_url(L, &call->call.session->base, repay_request_text(request, request->target));
    lua_setfield(L, -2, "url");
    push_headers(L, request, show_secrets);
    lua_setfield(L, -2, "headers");
    if (request->body.length > 0) {
        struct repay_text body = repay_request_text(request, request->body);

        lua_pushlstring(L, body.data, body.length);
        lua_setfield(L, -2, "body");
    }
}

void repay_lua_set_attempt(lua_State *L, const struct repay_call *call, int64_t now_ms)
{
    int64_t left_ms = call->attempt_deadline_ms - now_ms;

    lua_pushinteger(L, (lua_Integer)(left_ms > 0 ? left_ms : 0));
    lua_setfield(L, -2, "timeout_ms");
    lua_pushboolean(L, call->operation->is_write);
    lua_setfield(L, -2, "is_write");
}

int repay_lua_message(lua_State *L)
{
    struct repay_lua_call *call = repay_lua_check_call(L, 1);

    if (call->call.stage != REPAY_CALL_SENDING)
        return luaL_error(L, "repay.call has no request under way");
    repay_lua_push_request(L, call, true);
    call->is_handed = true;
    repay_lua_set_attempt(L, &call->call, call->call.now_ms);
    return 1;
}

int repay_lua_message_go_on(lua_State *L)
{
    struct repay_lua_call *call = repay_lua_check_call(L, 1);
    bool is_ours = lua_isnoneornil(L, 2);
    enum repay_step step;
    int64_t now_ms, unix_ms;

    call->is_claimed = true;
    /* Reading two clocks costs more than the rest, and would change nothing. */
    if (repay_call_has_ended(&call->call))
        return 0;
    now_ms = is_ours ? repay_clock_now_ms() : repay_lua_check_integer(L, 2);
    unix_ms = lua_isnoneornil(L, 3) ? repay_clock_unix_ms() : repay_lua_check_integer(L, 3);
    step = repay_call_next(&call->call, now_ms, unix_ms);
    if (step == REPAY_STEP_SEND) {
        call->was_fed = false;
        call->is_handed = true;
        repay_lua_push_request(L, call, true);
        /* The process may have been stopped meanwhile: what is left is what is left now. */
        repay_lua_set_attempt(L, &call->call, is_ours ? repay_clock_now_ms() : now_ms);
        return 1;
    }
    if (step != REPAY_STEP_WAIT)
        return 0;
    lua_pushnil(L);
    lua_pushinteger(L, (lua_Integer)call->call.wait_ms);
    return 2;
}
