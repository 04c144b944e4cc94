/*
 * What a call ended with, as Lua gets it: a schedule, a receipt, or nil and an error.
 *
 * A receipt or an error can be asked for again, because running out of memory while its table is
 * made must not lose the news that money was recorded. Rows are handed out once.
 */
#include "lua_call.h"

#include <limits.h>

#include "lua_client.h"
#include "lua_schedule.h"

static void set_text(lua_State *L, const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static int push_receipt(lua_State *L, const struct repay_lua_call *call)
{
    const struct repay_receipt *receipt = call->call.receipt;

    lua_createtable(L, 0, 10);
    set_text(L, "id", receipt->id);
    if (receipt->amount_minor != REPAY_AMOUNT_ABSENT) {
        lua_pushinteger(L, (lua_Integer)receipt->amount_minor);
        lua_setfield(L, -2, "amount_minor");
    }
    set_text(L, "currency", call->currency);
    set_text(L, "reference", receipt->reference);
    set_text(L, "verification_status", receipt->verification_status);
    set_text(L, "provider_message", receipt->provider_message);
    if (call->call.operation->carries_key)
        set_text(L, "idempotency_key", call->call.idempotency_key);
    if (call->call.operation->carries_interaction_id)
        set_text(L, "interaction_id", call->call.interaction_id);
    repay_lua_set_attempts(L, &call->call);
    return 1;
}

/*
 * Up to a ceiling one userdata holds everything, so that Lua's collector sees its size. Above, the
 * rows stay where they are and change hands, and the collector is told to work for them.
 */
static int push_schedule(lua_State *L, struct repay_lua_call *call)
{
    struct repay_lua_state *state = call->state;
    struct repay_builder *rows = repay_call_rows(&call->call);
    struct repay_schedule_facts facts;
    struct repay_schedule *schedule;
    struct repay_packing packing;
    struct repay_error error;
    size_t size;

    repay_call_facts(&call->call, &facts);
    packing = repay_builder_measure(rows, &facts);
    size = packing.size;
    if (size <= REPAY_SCHEDULE_INLINE_MAX) {
        schedule = repay_lua_new_small_schedule(L, state, size);
        repay_builder_pack(rows, &facts, &packing, schedule);
    } else {
        schedule = repay_lua_new_schedule(L, state);
        if (!repay_builder_move(rows, &facts, schedule, &error)) {
            struct repay_lua_scene scene = repay_lua_call_scene(call);

            return repay_lua_push_failure(L, &error, &scene);
        }
        state->live++;
        size = repay_schedule_memory(schedule);
    }
    call->is_taken = true;
    repay_call_drop_answer(&call->call);
    if (size > REPAY_SCHEDULE_INLINE_MAX)
        (void)lua_gc(L, LUA_GCSTEP, (int)(size >> 10 < INT_MAX ? size >> 10 : INT_MAX));
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
