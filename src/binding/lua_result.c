/*
 * What a call ended with, as Lua gets it: a schedule, a receipt, or nil and an error.
 *
 * A receipt or an error can be asked for again, because running out of memory while its table is
 * made must not lose the news that money was recorded. Rows are handed out once.
 */
#include "lua_call.h"

#include "lua_fields.h"
#include "lua_schedule.h"

static int push_receipt(lua_State *L, const struct repay_lua_call *call)
{
    const struct repay_receipt *receipt = call->call.receipt;

    lua_createtable(L, 0, 10);
    repay_lua_set_text(L, "id", repay_text_of(receipt->id));
    if (receipt->amount_minor != REPAY_AMOUNT_ABSENT)
        repay_lua_set_integer(L, "amount_minor", receipt->amount_minor);
    repay_lua_set_text(L, "currency", repay_text_of(call->currency));
    repay_lua_set_text(L, "reference", repay_text_of(receipt->reference));
    repay_lua_set_text(L, "verification_status", repay_text_of(receipt->verification_status));
    repay_lua_set_text(L, "provider_message", repay_text_of(receipt->provider_message));
    if (call->call.operation->carries_key)
        repay_lua_set_text(L, "idempotency_key", repay_text_of(call->call.idempotency_key));
    if (call->call.operation->carries_interaction_id)
        repay_lua_set_text(L, "interaction_id", repay_text_of(call->call.interaction_id));
    repay_lua_set_attempts(L, &call->call);
    return 1;
}

static int push_schedule(lua_State *L, struct repay_lua_call *call)
{
    struct repay_schedule_facts facts;
    struct repay_error error;

    repay_call_facts(&call->call, &facts);
    if (!repay_lua_push_schedule(L, call->state, repay_call_rows(&call->call), &facts, &error)) {
        struct repay_lua_scene scene = repay_lua_call_scene(call);

        return repay_lua_push_failure(L, &error, &scene);
    }
    call->is_taken = true;
    repay_call_drop_answer(&call->call);
    return 1;
}

int repay_lua_push_result_of(lua_State *L, struct repay_lua_call *call)
{
    struct repay_lua_scene scene = repay_lua_call_scene(call);

    if (call->call.stage == REPAY_CALL_ENDED_BADLY)
        return repay_lua_push_failure(L, call->call.error, &scene);
    if (call->call.stage != REPAY_CALL_ENDED_WELL)
        return luaL_error(L, "repay.call has not ended");
    if (!repay_call_has_rows(&call->call))
        return push_receipt(L, call);
    if (call->is_taken)
        return luaL_error(L, "repay.call has given its schedule away");
    if (!call->call.session->provider)
        return luaL_error(L, "repay.client is closed");
    return push_schedule(L, call);
}
