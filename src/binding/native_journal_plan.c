/*
 * Methods of `repay.journal` for what comes before and after sending: plan, approve, cancel,
 * expire, resolve, replacement.
 */
#include <limits.h>
#include <stdint.h>

#include "lua_arguments.h"
#include "native_journal.h"

#define ROWS_MAX 1000000 /* a file of 200 MB */

static enum repay_entry_mode read_mode(lua_State *L, int table)
{
    struct repay_text mode = repay_lua_text_field(L, table, "mode");

    if (repay_text_is(mode, "keyed"))
        return REPAY_MODE_KEYED;
    if (!repay_text_is(mode, "at_most_once"))
        (void)luaL_error(L, "option 'mode' must be 'keyed' or 'at_most_once'");
    return REPAY_MODE_AT_MOST_ONCE;
}

/* The row lies on top of the stack; the packed arguments are kept in the table at `anchors`. */
static void read_row(lua_State *L, size_t at, int anchors, struct repay_entry_facts *out,
                     struct repay_text *replaces)
{
    int row = lua_gettop(L);

    *out = (struct repay_entry_facts){
        .label = repay_lua_text_field(L, row, "label"),
        .loan = repay_lua_text_field(L, row, "loan"),
        .key = repay_lua_text_field(L, row, "key"),
        .key_from = repay_lua_text_field(L, row, "key_from"),
        .method = repay_lua_text_field(L, row, "method"),
        .target = repay_lua_text_field(L, row, "target"),
        .body = repay_lua_text_field(L, row, "body"),
        .hold = repay_lua_text_field(L, row, "hold"),
        .because = repay_lua_text_field(L, row, "because"),
        .mode = read_mode(L, row),
    };
    repay_lua_read_natural(L, row, &out->natural);
    (void)repay_lua_integer_field(L, row, "row", &out->row);
    *replaces = repay_lua_text_field(L, row, "replaces");
    repay_lua_raw_field(L, row, "arguments");
    out->arguments = repay_lua_pack_arguments(L, -1);
    lua_rawseti(L, anchors, (int)at + 1);
    lua_settop(L, row);
}

static size_t check_count(lua_State *L, int index)
{
    size_t count;

    luaL_checktype(L, index, LUA_TTABLE);
    count = lua_rawlen(L, index);
    if (count > ROWS_MAX)
        (void)luaL_error(L, "more than %d at once", ROWS_MAX);
    return count;
}

static void push_planned(lua_State *L, const struct repay_plan *plan,
                         const struct repay_planned *results, int64_t batch)
{
    lua_createtable(L, 0, 2);
    repay_lua_set_moment(L, "batch", batch);
    lua_createtable(L, (int)plan->count, 0);
    for (size_t i = 0; i < plan->count; i++) {
        lua_createtable(L, 0, 4);
        repay_lua_set_text(L, "id", repay_text_of(results[i].id));
        repay_lua_set_text(L, "state", repay_text_of(repay_entry_state_name(results[i].state)));
        lua_pushboolean(L, results[i].exists);
        lua_setfield(L, -2, "existing");
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "entries");
}

static int push_plan_failure(lua_State *L, const struct repay_error *error, size_t bad_row,
                             size_t other_row)
{
    int results = repay_lua_journal_failure(L, error, NULL);

    if (bad_row != SIZE_MAX) {
        lua_createtable(L, 2, 0);
        if (other_row != SIZE_MAX) {
            lua_pushinteger(L, (lua_Integer)other_row + 1);
            lua_rawseti(L, -2, 1);
        }
        lua_pushinteger(L, (lua_Integer)bad_row + 1);
        lua_rawseti(L, -2, other_row != SIZE_MAX ? 2 : 1);
        lua_setfield(L, -2, "rows");
    }
    return results;
}

int repay_lua_journal_plan(lua_State *L)
{
    struct repay_lua_journal *self = repay_lua_check_journal(L, 1);
    size_t count = check_count(L, 2), bad_row, other_row;
    struct repay_act act = repay_lua_read_act(L, 3);
    struct repay_plan plan = {.count = count};
    struct repay_planned *results;
    struct repay_text *replaces;
    struct repay_error error;
    int64_t batch = 0;

    lua_settop(L, 3);
    repay_lua_raw_field(L, 3, "batch");
    if (lua_istable(L, 4)) {
        plan.batch_name = repay_lua_text_field(L, 4, "name");
        plan.file_sha256 = repay_lua_text_field(L, 4, "file_sha256");
    }
    lua_createtable(L, (int)count, 0);
    plan.rows = lua_newuserdata(L, (count + 1) * sizeof *plan.rows);
    replaces = lua_newuserdata(L, (count + 1) * sizeof *replaces);
    results = lua_newuserdata(L, (count + 1) * sizeof *results);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 2, (int)i + 1);
        luaL_checktype(L, -1, LUA_TTABLE);
        read_row(L, i, 5, &plan.rows[i], &replaces[i]);
        lua_pop(L, 1);
    }
    plan.replaces = replaces;
    if (!repay_journal_plan(&self->journal, &plan, &act, results, &batch, &bad_row, &other_row,
                            &error))
        return push_plan_failure(L, &error, bad_row, other_row);
    push_planned(L, &plan, results, batch);
    return 1;
}

static void read_limits(lua_State *L, int table, struct repay_limits *out)
{
    (void)repay_lua_integer_field(L, table, "day_from_ms", &out->day_from_ms);
    repay_lua_raw_field(L, table, "limits");
    if (lua_istable(L, -1)) {
        int limits = lua_gettop(L);

        (void)repay_lua_integer_field(L, limits, "per_run_minor", &out->per_run_minor);
        (void)repay_lua_integer_field(L, limits, "per_account_minor", &out->per_account_minor);
        (void)repay_lua_integer_field(L, limits, "per_day_minor", &out->per_day_minor);
    }
    lua_pop(L, 1);
}

int repay_lua_journal_approve(lua_State *L)
{
    struct repay_lua_journal *self = repay_lua_check_journal(L, 1);
    struct repay_act act = repay_lua_read_act(L, 2);
    struct repay_approval approval = {.is_automatic = repay_lua_flag_field(L, 2, "automatic")};
    struct repay_text *ids;
    struct repay_error error;
    int64_t count = 0;

    lua_settop(L, 2);
    read_limits(L, 2, &approval.limits);
    repay_lua_raw_field(L, 2, "ids");
    if (lua_istable(L, 3)) {
        approval.id_count = check_count(L, 3);
        ids = lua_newuserdata(L, (approval.id_count + 1) * sizeof *ids);
        for (size_t i = 0; i < approval.id_count; i++) {
            lua_rawgeti(L, 3, (int)i + 1);
            luaL_checktype(L, -1, LUA_TSTRING);
            ids[i].data = lua_tolstring(L, -1, &ids[i].length);
            lua_pop(L, 1);
        }
        approval.ids = ids;
    } else if (!repay_lua_integer_field(L, 2, "batch", &approval.batch) || approval.batch < 1) {
        return luaL_error(L, "option 'ids' or 'batch' is missing");
    }
    if (!repay_journal_approve(&self->journal, &approval, &act, &count, &error))
        return repay_lua_journal_failure(L, &error, NULL);
    lua_pushinteger(L, (lua_Integer)count);
    return 1;
}

static struct repay_text check_text(lua_State *L, int index)
{
    struct repay_text text;

    luaL_checktype(L, index, LUA_TSTRING);
    text.data = lua_tolstring(L, index, &text.length);
    return text;
}

/* The entry as it is now, or the failure. */
static int push_changed(lua_State *L, struct repay_journal *journal, struct repay_text id,
                        bool done, struct repay_error *error)
{
    struct repay_entry entry;

    if (!done || repay_store_find_id(journal->store, id, &entry, error) != REPAY_FOUND)
        return repay_lua_journal_failure(L, error, id.data);
    repay_lua_push_entry(L, &entry);
    return 1;
}

int repay_lua_journal_cancel(lua_State *L)
{
    struct repay_journal *journal = &repay_lua_check_journal(L, 1)->journal;
    struct repay_text id = check_text(L, 2);
    struct repay_act act = repay_lua_read_act(L, 3);
    struct repay_error error;

    return push_changed(L, journal, id, repay_journal_cancel(journal, id, &act, &error), &error);
}

int repay_lua_journal_expire(lua_State *L)
{
    struct repay_journal *journal = &repay_lua_check_journal(L, 1)->journal;
    struct repay_act act = repay_lua_read_act(L, 2);
    int64_t older_than_ms = 0, count = 0;
    struct repay_error error;

    if (!repay_lua_integer_field(L, 2, "older_than_ms", &older_than_ms))
        return luaL_error(L, "option 'older_than_ms' is missing");
    if (!repay_journal_expire(journal, older_than_ms, &act, &count, &error))
        return repay_lua_journal_failure(L, &error, NULL);
    lua_pushinteger(L, (lua_Integer)count);
    return 1;
}

int repay_lua_journal_resolve(lua_State *L)
{
    struct repay_journal *journal = &repay_lua_check_journal(L, 1)->journal;
    struct repay_text id = check_text(L, 2), as;
    struct repay_act act = repay_lua_read_act(L, 3);
    struct repay_error error;
    enum repay_entry_state state;
    bool done;

    as = repay_lua_text_field(L, 3, "as");
    state = repay_entry_state_from_name(as);
    if (state != REPAY_ENTRY_ACCEPTED && state != REPAY_ENTRY_ABSENT)
        return luaL_error(L, "option 'as' must be 'accepted' or 'absent'");
    if (act.because.length == 0)
        return luaL_error(L, "option 'because' is missing");
    done = repay_journal_resolve(journal, id, state, repay_lua_text_field(L, 3, "record_id"), &act,
                                 &error);
    return push_changed(L, journal, id, done, &error);
}

/* The facts that a plan wants again. Method, target and body are those of a new call. */
static void push_replacement(lua_State *L, const struct repay_entry *entry, const char *key,
                             struct repay_text because)
{
    static const char *const dropped[] = {
        "number",
        "attempts",
        "doubtful",
        "tries",
        "first_sent_ms",
        "deadline_ms",
        "resend_until_ms",
        "settle_until_ms",
        "unseen_ms",
        "approved_ms",
        "changed_ms",
        "receipt_id",
        "record_id",
        "provider_status",
        "reason",
        "state",
        "planned_ms",
        "batch",
        "hold",
        "method",
        "target",
        "body",
    };

    repay_lua_push_entry(L, entry);
    for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++) {
        lua_pushnil(L);
        lua_setfield(L, -2, dropped[i]);
    }
    repay_lua_set_text(L, "replaces", entry->facts.id);
    lua_pushnil(L);
    lua_setfield(L, -2, "id");
    repay_lua_set_number(L, "ordinal", entry->facts.natural.ordinal + 1);
    repay_lua_set_text(L, "key", repay_text_of(key));
    repay_lua_set_text(L, "key_from", REPAY_TEXT("derived"));
    repay_lua_set_text(L, "because", because);
}

int repay_lua_journal_replacement(lua_State *L)
{
    struct repay_journal *journal = &repay_lua_check_journal(L, 1)->journal;
    struct repay_text id = check_text(L, 2);
    struct repay_act act = repay_lua_read_act(L, 3);
    unsigned char natural_key[REPAY_DIGEST_SIZE];
    char key[REPAY_UUID_TEXT + 1];
    struct repay_natural natural;
    struct repay_entry entry;
    struct repay_error error;
    enum repay_found found;

    if (act.because.length == 0)
        return luaL_error(L, "option 'because' is missing");
    found = repay_store_find_id(journal->store, id, &entry, &error);
    if (found == REPAY_NOT_FOUND)
        (void)journal->core->error_set(&error, REPAY_KIND_NOT_FOUND,
                                       "the journal has no entry %.40s", id.data);
    if (found != REPAY_FOUND)
        return repay_lua_journal_failure(L, &error, NULL);
    if (!repay_entry_is_replaceable(entry.now.state)) {
        (void)journal->core->error_set(&error, REPAY_KIND_INVALID_ARGUMENT,
                                       "an entry that is %s cannot be replaced",
                                       repay_entry_state_name(entry.now.state));
        return repay_lua_journal_failure(L, &error, id.data);
    }
    natural = entry.facts.natural;
    natural.ordinal++;
    repay_payment_key(&natural, natural_key, key);
    push_replacement(L, &entry, key, act.because);
    return 1;
}
