/*
 * Failures as Lua sees them.
 *
 * An empty text and an absent number are nil in the table, so that a field is either a fact or not
 * there. The core has starred secrets out of every text before it gets here.
 */
#include "lua_error.h"

#include "lua_fields.h"

/* So far off that no deadline cuts the question "would another attempt make sense?" short. */
#define ENOUGH_MS ((int64_t)1 << 40)

void repay_lua_error_register(lua_State *L)
{
    if (luaL_newmetatable(L, REPAY_LUA_ERROR)) {
        lua_pushliteral(L, REPAY_LUA_ERROR);
        lua_setfield(L, -2, "__name");
    }
}

/*
 * The retry rules answer, asked as if this had been the first of two attempts and time no matter: a
 * write may be tried again only if nothing of it can have left this machine, so a reply rules it
 * out.
 */
static bool is_retryable(const struct repay_error *error, const struct repay_lua_scene *scene)
{
    const struct repay_call *call = scene->call;
    struct repay_retry_facts facts = {0};

    if (!call || call->attempt_count == 0 || call->cancelled)
        return false;
    facts.is_write = call->operation->is_write;
    facts.never_sent = error->outcome == REPAY_OUTCOME_NOT_SENT && error->http_status == 0;
    facts.kind = error->kind;
    facts.http_status = error->http_status;
    facts.retry_after_ms = -1;
    facts.attempt = 1;
    facts.attempts_max = 2;
    facts.base_ms = 1;
    facts.cap_ms = 1;
    facts.left_ms = ENOUGH_MS;
    return repay_retry_decide(&facts).again;
}

void repay_lua_set_attempts(lua_State *L, const struct repay_call *call)
{
    int32_t count = call ? call->attempt_count : 0;

    lua_createtable(L, count, 0);
    for (int32_t i = 0; i < count; i++) {
        const struct repay_attempt *attempt = &call->attempts[i];

        lua_createtable(L, 0, 4);
        /* The attempt that was accepted met no fault, so it has no kind. */
        if (attempt->kind != REPAY_KIND_NONE)
            repay_lua_set_text(L, "kind", repay_text_of(repay_kind_name(attempt->kind)));
        if (attempt->http_status != 0)
            repay_lua_set_integer(L, "http_status", attempt->http_status);
        repay_lua_set_text(L, "reason", repay_text_of(attempt->reason));
        repay_lua_set_integer(L, "wait_ms", attempt->wait_ms);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "attempts");
}

static void set_call_facts(lua_State *L, const struct repay_call *call)
{
    repay_lua_set_text(L, "subject", repay_call_subject(call));
    if (call->operation->carries_key)
        repay_lua_set_text(L, "idempotency_key", repay_text_of(call->idempotency_key));
    if (call->operation->carries_interaction_id)
        repay_lua_set_text(L, "interaction_id", repay_text_of(call->interaction_id));
}

int repay_lua_push_failure(lua_State *L, const struct repay_error *error,
                           const struct repay_lua_scene *scene)
{
    lua_pushnil(L);
    lua_createtable(L, 0, 16);
    repay_lua_set_text(L, "kind", repay_text_of(repay_kind_name(error->kind)));
    repay_lua_set_text(L, "outcome", repay_text_of(repay_outcome_name(error->outcome)));
    repay_lua_set_word(L, "message", error->message);
    repay_lua_set_text(L, "provider", repay_text_of(scene->provider));
    repay_lua_set_text(L, "operation", repay_text_of(scene->operation));
    repay_lua_set_text(L, "provider_message", repay_text_of(error->provider_message));
    repay_lua_set_text(L, "provider_code", repay_text_of(error->provider_code));
    repay_lua_set_text(L, "field", repay_text_of(error->field));
    repay_lua_set_text(L, "hint", repay_text_of(error->hint));
    if (error->http_status != 0)
        repay_lua_set_integer(L, "http_status", error->http_status);
    if (error->offset >= 0)
        repay_lua_set_integer(L, "offset", error->offset);
    if (error->retry_after_ms >= 0)
        repay_lua_set_integer(L, "retry_after_ms", error->retry_after_ms);
    repay_lua_set_flag(L, "retryable", is_retryable(error, scene));
    if (scene->call)
        set_call_facts(L, scene->call);
    repay_lua_set_attempts(L, scene->call);
    luaL_getmetatable(L, REPAY_LUA_ERROR);
    (void)lua_setmetatable(L, -2);
    return 2;
}
