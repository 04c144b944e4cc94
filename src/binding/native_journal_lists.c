/*
 * Methods of `repay.journal` that take a provider's list: what was known before a send, and what is
 * decided after it. Texts are borrowed from the tables, which stay on the stack meanwhile.
 */
#include "lua_arguments.h"
#include "money.h"
#include "native_journal.h"

void repay_lua_read_record(lua_State *L, int table, struct repay_record *out)
{
    int64_t amount_minor = REPAY_AMOUNT_ABSENT;

    (void)repay_lua_integer_field(L, table, "amount_minor", &amount_minor);
    *out = (struct repay_record){
        .id = repay_lua_text_field(L, table, "id"),
        .account = repay_lua_text_field(L, table, "account"),
        .created = repay_lua_text_field(L, table, "created"),
        .amount_minor = amount_minor,
    };
}

struct repay_record *repay_lua_read_records(lua_State *L, int index, size_t *count)
{
    struct repay_record *records;

    luaL_checktype(L, index, LUA_TTABLE);
    *count = lua_rawlen(L, index);
    records = lua_newuserdata(L, (*count + 1) * sizeof *records);
    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, index, (int)i + 1);
        luaL_checktype(L, -1, LUA_TTABLE);
        repay_lua_read_record(L, lua_gettop(L), &records[i]);
        lua_pop(L, 1);
    }
    return records;
}

/* What one row says; rows of one account that disagree tell nothing. */
static void see(struct repay_account_view *view, bool is_first, int64_t balance_minor, int paid)
{
    if (is_first) {
        view->balance_minor = balance_minor;
        view->paid = paid;
        return;
    }
    if (view->balance_minor != balance_minor)
        view->balance_minor = REPAY_AMOUNT_ABSENT;
    if (view->paid != paid)
        view->paid = -1;
}

static int read_paid(lua_State *L, int row)
{
    int paid;

    repay_lua_raw_field(L, row, "is_paid");
    paid = lua_isnil(L, -1) ? -1 : lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return paid;
}

struct repay_account_view *repay_lua_view_accounts(lua_State *L, int index,
                                                   const struct repay_record *records, size_t count,
                                                   size_t *views)
{
    struct repay_account_view *seen = lua_newuserdata(L, (count + 1) * sizeof *seen);

    *views = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t balance_minor = REPAY_AMOUNT_ABSENT;
        size_t at = 0;
        int paid;

        if (records[i].account.length == 0)
            continue;
        lua_rawgeti(L, index, (int)i + 1);
        (void)repay_lua_integer_field(L, lua_gettop(L), "balance_minor", &balance_minor);
        paid = read_paid(L, lua_gettop(L));
        lua_pop(L, 1);
        while (at < *views && !repay_text_equal(seen[at].account, records[i].account))
            at++;
        seen[at].account = records[i].account;
        see(&seen[at], at == *views, balance_minor, paid);
        *views += at == *views ? 1 : 0;
    }
    return seen;
}

/* The list of ids as a table of its own, so that a claim can write its number into it. */
int repay_lua_journal_before(lua_State *L)
{
    struct repay_lua_journal *self = repay_lua_check_journal(L, 1);
    struct repay_act act = repay_lua_read_act(L, 2);
    static const char *const kept[] = {"provider", "environment", "label", "customer"};
    struct repay_record *records;
    struct repay_error error;
    bool every_row_has_an_id = false;
    size_t count;

    lua_settop(L, 2);
    repay_lua_raw_field(L, 2, "records");
    records = repay_lua_read_records(L, 3, &count);
    if (!repay_records_mark(&self->allocator, records, count, &every_row_has_an_id)) {
        (void)self->api.core.error_set(&error, REPAY_KIND_MEMORY, "not enough memory for a list");
        return repay_lua_journal_failure(L, &error, NULL);
    }
    if (!every_row_has_an_id || !repay_lua_flag_field(L, 2, "complete")) {
        (void)self->api.core.error_set(&error, REPAY_KIND_BAD_RESPONSE,
                                       "the provider's list is not whole: nothing is sent on it");
        return repay_lua_journal_failure(L, &error, NULL);
    }
    lua_createtable(L, 0, 8);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        repay_lua_set_text(L, kept[i], repay_lua_text_field(L, 2, kept[i]));
    lua_pushvalue(L, 3);
    lua_setfield(L, -2, "records");
    repay_lua_set_number(L, "taken_ms", act.unix_ms);
    return 1;
}

static struct repay_repaid *read_repaid(lua_State *L, int index, size_t *count)
{
    struct repay_repaid *repaid;

    *count = lua_istable(L, index) ? lua_rawlen(L, index) : 0;
    repaid = lua_newuserdata(L, (*count + 1) * sizeof *repaid);
    for (size_t i = 0; i < *count; i++) {
        int row;

        lua_rawgeti(L, index, (int)i + 1);
        luaL_checktype(L, -1, LUA_TTABLE);
        row = lua_gettop(L);
        repaid[i].id = repay_lua_text_field(L, row, "id");
        repaid[i].status = repay_lua_text_field(L, row, "status");
        lua_pop(L, 1);
    }
    return repaid;
}

static void push_decisions(lua_State *L, const struct repay_decided *results, size_t count)
{
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        const struct repay_decided *result = &results[i];

        lua_createtable(L, 0, 7);
        repay_lua_set_text(L, "id", repay_text_of(result->id));
        repay_lua_set_text(L, "from", repay_text_of(repay_entry_state_name(result->from)));
        repay_lua_set_text(L, "state", repay_text_of(repay_entry_state_name(result->to)));
        repay_lua_set_text(L, "why", repay_text_of(result->why));
        repay_lua_set_text(L, "evidence", repay_text_of(result->evidence));
        repay_lua_set_text(L, "action", repay_text_of(repay_decision_action(result->decision)));
        repay_lua_set_moment(L, "due_ms", result->due_ms);
        lua_rawseti(L, -2, (int)i + 1);
    }
}

int repay_lua_journal_decide(lua_State *L)
{
    struct repay_journal *journal = &repay_lua_check_journal(L, 1)->journal;
    struct repay_act act = repay_lua_read_act(L, 2);
    struct repay_lists lists = {.is_complete = repay_lua_flag_field(L, 2, "complete")};
    struct repay_decided *results;
    struct repay_error error;
    size_t room = 0, count = 0;

    lua_settop(L, 2);
    lists.scope.natural.provider = repay_lua_text_field(L, 2, "provider");
    lists.scope.natural.environment = repay_lua_text_field(L, 2, "environment");
    lists.scope.natural.customer = repay_lua_text_field(L, 2, "customer");
    lists.scope.label = repay_lua_text_field(L, 2, "label");
    repay_lua_raw_field(L, 2, "records");
    lists.records = repay_lua_read_records(L, 3, &lists.record_count);
    lists.views =
        repay_lua_view_accounts(L, 3, lists.records, lists.record_count, &lists.view_count);
    repay_lua_raw_field(L, 2, "repaid");
    lists.repaid = read_repaid(L, 6, &lists.repaid_count);
    if (!repay_journal_count_open(journal, &lists.scope, &room, &error))
        return repay_lua_journal_failure(L, &error, NULL);
    /* Twice: one that is bound to its record may be verified at once. */
    room = 2 * room + 16;
    results = lua_newuserdata(L, room * sizeof *results);
    if (!repay_journal_decide(journal, &lists, &act, results, room, &count, &error))
        return repay_lua_journal_failure(L, &error, NULL);
    push_decisions(L, results, count);
    return 1;
}
