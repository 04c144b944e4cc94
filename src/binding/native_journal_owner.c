/*
 * The class `repay.owner`: the lock of one entry, and the two commits around each of its sends.
 *
 * It keeps its journal alive. Closing it, collecting it and the end of its process all give the
 * lock back, and nothing else does.
 */
#include "crash_points.h"
#include "lua_arguments.h"
#include "lua_suggest.h"
#include "native_journal.h"

static struct repay_lua_owner *get_owner(lua_State *L)
{
    return luaL_checkudata(L, 1, REPAY_LUA_OWNER);
}

static struct repay_lua_owner *check_owner(lua_State *L)
{
    struct repay_lua_owner *owner = get_owner(L);

    if (!owner->is_open)
        (void)luaL_error(L, REPAY_LUA_OWNER " is closed");
    return owner;
}

/* The journal that the owner at index 1 keeps alive; raises when that is closed. */
static struct repay_lua_journal *journal_of(lua_State *L)
{
    struct repay_lua_journal *journal;

    repay_lua_push_anchored(L, 1);
    journal = repay_lua_check_journal(L, -1);
    lua_pop(L, 1);
    return journal;
}

int repay_lua_journal_own(lua_State *L)
{
    struct repay_lua_journal *self = repay_lua_check_journal(L, 1);
    struct repay_lua_owner *owner;
    struct repay_error error;
    struct repay_text id;

    luaL_checktype(L, 2, LUA_TSTRING);
    lua_settop(L, 2);
    id.data = lua_tolstring(L, 2, &id.length);
    owner = repay_lua_new_anchoring(L, sizeof *owner);
    *owner = (struct repay_lua_owner){.owner = {.lock = REPAY_OWNER_LOCK_NONE}};
    repay_lua_anchor(L, 3, 1);
    luaL_getmetatable(L, REPAY_LUA_OWNER);
    (void)lua_setmetatable(L, 3);
    if (!repay_journal_own(&self->journal, id, &owner->owner, &error))
        return repay_lua_journal_failure(L, &error, id.data);
    owner->is_open = true;
    return 1;
}

struct repay_sending repay_lua_sending_of(const struct repay_native_api *api,
                                          const struct repay_call *call)
{
    const struct repay_request *request = api->core.call_request(call);
    bool is_post = request->method == REPAY_METHOD_POST;

    return (struct repay_sending){
        .method = is_post ? REPAY_TEXT("POST") : REPAY_TEXT("GET"),
        .target = api->core.request_text(request, request->target),
        .body = api->core.request_text(request, request->body),
        .key = repay_text_of(call->idempotency_key),
        .timeout_ms = call->session->policy.timeout_ms,
        .keys_honoured = call->session->keys_honoured,
    };
}

/* The table of journal:before at `index`; its records and views are left on the stack. */
static void read_before(lua_State *L, const struct repay_allocator *allocator, int index,
                        struct repay_before *out)
{
    struct repay_record *records;
    bool every_row_has_an_id;
    int table;

    *out =
        (struct repay_before){.list = {.provider = repay_lua_text_field(L, index, "provider"),
                                       .environment = repay_lua_text_field(L, index, "environment"),
                                       .label = repay_lua_text_field(L, index, "label"),
                                       .customer = repay_lua_text_field(L, index, "customer")}};
    (void)repay_lua_integer_field(L, index, "taken_ms", &out->list.taken_ms);
    (void)repay_lua_integer_field(L, index, "number", &out->list.number);
    repay_lua_raw_field(L, index, "records");
    table = lua_gettop(L);
    records = repay_lua_read_records(L, table, &out->record_count);
    if (!repay_records_mark(allocator, records, out->record_count, &every_row_has_an_id) ||
        !every_row_has_an_id)
        (void)luaL_error(L, "option 'before' must be what journal:before gave");
    out->records = records;
    out->views = repay_lua_view_accounts(L, table, records, out->record_count, &out->view_count);
}

static void push_claimed(lua_State *L, const struct repay_claimed *claimed, int64_t timeout_ms)
{
    lua_createtable(L, 0, 4);
    repay_lua_set_number(L, "attempt", claimed->attempt);
    repay_lua_set_number(L, "deadline_ms", claimed->deadline_ms);
    repay_lua_set_number(L, "timeout_ms", timeout_ms);
    repay_lua_set_text(L, "state", REPAY_TEXT("sending"));
}

/* Whether a claim without a word about what was before would be the first. */
static bool needs_before(lua_State *L, struct repay_journal *journal, int64_t number)
{
    struct repay_entry entry;
    struct repay_error error;

    if (!lua_isnil(L, 4))
        return false;
    return repay_store_find_number(journal->store, number, &entry, &error) == REPAY_FOUND &&
           entry.now.state == REPAY_ENTRY_APPROVED;
}

static int claim(lua_State *L)
{
    struct repay_lua_owner *owner = check_owner(L);
    struct repay_lua_journal *self = journal_of(L);
    struct repay_sending sending = repay_lua_sending_of(&self->api, self->api.check_call(L, 2));
    struct repay_act act = repay_lua_read_act(L, 3);
    struct repay_before before;
    struct repay_claimed claimed;
    struct repay_error error;
    bool has_before, done;

    lua_settop(L, 3);
    repay_lua_raw_field(L, 3, "before");
    has_before = lua_istable(L, 4);
    if (has_before)
        read_before(L, &self->allocator, 4, &before);
    if (needs_before(L, &self->journal, owner->owner.number))
        return luaL_error(L, "option 'before' is missing: no list, no send");
    done = repay_journal_claim(&self->journal, &owner->owner, &sending, has_before ? &before : NULL,
                               &act, &claimed, &error);
    if (!done)
        return repay_lua_journal_failure(L, &error, owner->owner.id);
    if (has_before && before.list.number != 0) {
        lua_pushliteral(L, "number");
        lua_pushinteger(L, (lua_Integer)before.list.number);
        lua_rawset(L, 4);
    }
    push_claimed(L, &claimed, sending.timeout_ms);
    return 1;
}

static enum repay_attempt_outcome read_outcome(lua_State *L, int table)
{
    static const char *const words[] = {"accepted", "not_sent", "refused", "unknown"};
    struct repay_text word = repay_lua_text_field(L, table, "outcome");

    for (int i = 0; i < 4; i++) {
        if (repay_text_is(word, words[i]))
            return (enum repay_attempt_outcome)i;
    }
    (void)luaL_error(L, "option 'outcome' must be accepted, not_sent, refused or unknown");
    return REPAY_ATTEMPT_UNKNOWN;
}

static void read_ended(lua_State *L, const struct repay_core_api *core, int table,
                       struct repay_ended *out)
{
    *out = (struct repay_ended){
        .end =
            {.outcome = read_outcome(L, table),
             /* A word that is no kind of ours counts as none: it never makes an outcome better. */
             .kind = core->kind_from_name(repay_lua_text_field(L, table, "kind")),
             .retry_after_ms = -1},
        .receipt_id = repay_lua_text_field(L, table, "receipt_id"),
        .provider_status = repay_lua_text_field(L, table, "verification_status"),
        .message = repay_lua_text_field(L, table, "message"),
        .interaction_id = repay_lua_text_field(L, table, "interaction_id"),
    };
    (void)repay_lua_integer_field(L, table, "http_status", &out->http_status);
    (void)repay_lua_integer_field(L, table, "retry_after_ms", &out->end.retry_after_ms);
    /* Chance is for the wait before another attempt. */
    if (out->end.outcome == REPAY_ATTEMPT_ACCEPTED ||
        !core->random(&out->end.random, sizeof out->end.random))
        out->end.random = 0;
}

static int settle(lua_State *L)
{
    struct repay_lua_owner *owner = check_owner(L);
    struct repay_lua_journal *self = journal_of(L);
    struct repay_act act = repay_lua_read_act(L, 2);
    struct repay_ended ended;
    struct repay_settled settled;
    struct repay_error error;

    read_ended(L, &self->api.core, 2, &ended);
    if (!repay_journal_settle(&self->journal, &owner->owner, &ended, &act, &settled, &error))
        return repay_lua_journal_failure(L, &error, owner->owner.id);
    lua_createtable(L, 0, 5);
    repay_lua_set_text(L, "state", repay_text_of(repay_entry_state_name(settled.state)));
    repay_lua_set_text(L, "why", repay_text_of(settled.settlement.why));
    repay_lua_set_number(L, "wait_ms", settled.settlement.wait_ms);
    lua_pushboolean(L, settled.settlement.again);
    lua_setfield(L, -2, "again");
    lua_pushboolean(L, settled.settlement.stops);
    lua_setfield(L, -2, "stop");
    return 1;
}

static int close_owner(lua_State *L)
{
    struct repay_lua_owner *owner = get_owner(L);

    if (owner->is_open) {
        owner->is_open = false;
        repay_owner_close(&owner->owner);
        REPAY_CRASH_POINT("C22");
    }
    lua_pushboolean(L, 1);
    return 1;
}

static int owner_to_string(lua_State *L)
{
    const struct repay_lua_owner *owner = get_owner(L);

    if (!owner->is_open)
        lua_pushliteral(L, REPAY_LUA_OWNER " (closed)");
    else
        lua_pushfstring(L, REPAY_LUA_OWNER ": %s", owner->owner.id);
    return 1;
}

/* The table of methods is upvalue 1. */
static int owner_index(lua_State *L)
{
    struct repay_lua_guess guess;
    size_t length;
    const char *word;

    if (lua_type(L, 2) != LUA_TSTRING) {
        lua_pushnil(L);
        return 1;
    }
    word = lua_tolstring(L, 2, &length);
    if (strcmp(word, "id") == 0) {
        lua_pushstring(L, check_owner(L)->owner.id);
        return 1;
    }
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    if (!lua_isnil(L, -1))
        return 1;
    repay_lua_guess_begin(&guess, word, length);
    repay_lua_guess_keys(&guess, L, lua_upvalueindex(1));
    return repay_lua_guess_raise(&guess, L, REPAY_LUA_OWNER, "has no field or method");
}

static const luaL_Reg methods[] = {
    {"claim", claim},
    {"close", close_owner},
    {"settle", settle},
    {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
    {"__index", owner_index},        {"__gc", close_owner}, {"__close", close_owner},
    {"__tostring", owner_to_string}, {NULL, NULL},
};

void repay_lua_owner_register(lua_State *L)
{
    repay_lua_journal_class(L, REPAY_LUA_OWNER, methods, metamethods);
}
