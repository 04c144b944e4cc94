/*
 * repay.native.journal: the journal of src/journal as two classes, for lua/repay/journal.lua.
 *
 * Every rule is on this side; Lua drives the sends, which may yield, and reports how they ended. It
 * links no core object: what it needs of the core comes through repay.native.core. Moments are
 * milliseconds of Unix time and always passed in. A failure is nil and an error object; misuse
 * raises. Tables are read raw; unknown members are ignored here, because Lua has checked names.
 *
 *     native.sqlite                       the library's version
 *     native.schema                       2
 *     native.classes.journal, .owner      the tables of methods, to be extended
 *     native.derive_key{provider, environment, customer, account, installment, amount_minor,
 *         currency, payment_date, reference, ordinal}       -> key
 *     native.random_key(unix_ms)          -> key (UUIDv7)
 *     native.sent_by(call)                -> {method, target, body, key}: what an entry keeps
 *     native.find_similar(records, {account, amount_minor, payment_date})
 *         -> id of a record of equal account and amount created on or after that day, or nil. A
 *            record whose day cannot be read counts.
 *     native.sha256(bytes)                -> 64 hexadecimal digits: what a batch knows its file by
 *     native.crash_point(name)            in the crash build only
 *     native.open(path, {unix_ms, window_ms, settle_ms, skew_ms, margin_ms, stale_after_ms,
 *         retry_base_ms, retry_cap_ms, attempts_max, busy_ms, moved, steady})  -> journal
 *         `moved`: no other of this journal is in use. `steady`: unix_ms is the system's clock.
 *
 * journal (repay.journal); `o` is always a table with unix_ms, and may have `by`, who did it:
 *     journal.path, .policy               policy: a table of the settings above
 *     journal:plan(rows, o)               -> {batch, entries = {{id, state, key, existing}, …}}
 *         One commit for all rows, or nothing. A row: {provider, environment, label, mode = "keyed"
 *         or "at_most_once", key, key_from = "derived" | "random" | "given", customer, account,
 * loan, installment, amount_minor, currency, payment_date, reference, ordinal, method, target,
 *         body, arguments = {name = text or whole number, …}, row, hold, replaces, because}.
 *         o.batch = {name, file_sha256} makes a batch. A row whose key or natural key has an entry
 *         adds nothing and is reported as that entry, `existing`; a key whose entry has another
 *         body, amount or account is an error of kind key_reused. Two rows of one call with one key
 *         are duplicate_payment; the error's `rows` names both.
 *     journal:approve(o)                  -> count. o.ids = {…} or o.batch; o.because;
 *         o.automatic, with o.limits = {per_run_minor, per_account_minor, per_day_minor} and
 *         o.day_from_ms (the start of the day): over a limit is limit_exceeded, an entry with a
 *         hold is approval_required, and nothing is approved. Not automatic: no limits; an entry
 *         with a hold needs its id in o.ids and o.because. Entries that are approved already pass.
 *     journal:cancel(id, o)               -> entry. From planned and approved. o.because
 *     journal:expire(o)                   -> count of planned entries older than o.older_than_ms
 *     journal:own(id)                     -> owner; journal_busy while someone else has it
 *     journal:recover(o)                  -> list of {id, state, action, due_ms, why}
 *         for every entry that is not final. Moves what a dead process left: `sending` that may not
 *         be sent again becomes `unknown`. Actions: approve, send, held, resend, wait (until
 *         due_ms), reconcile, ask, verify, stale. A second time it changes nothing.
 *     journal:before(o)                   -> list. The ids known now, for claims of this customer
 * in this run: o.provider, environment, label, customer, records = {{id, account, balance_minor,
 *         is_paid}, …}, complete = true. Nothing is written until the first claim uses it. An
 *         incomplete list is an error of kind bad_response.
 *     journal:decide(o)                   -> list of {id, from, state, why, evidence, action,
 * due_ms} o.provider, environment, label, customer; o.records = {{id, account, amount_minor,
 *         created (text as received), balance_minor, is_paid}, …}, o.complete; o.repaid = {{id,
 *         status}, …} or nil. Decides every open entry of that customer, and writes what it decided
 *         with its evidence.
 *     journal:resolve(id, o)              -> entry. o.as = "accepted" | "absent", o.record_id,
 *         o.because; from unknown only
 *     journal:replacement(id, o)          -> a row for plan with the next ordinal and its key, all
 * of the first one's facts, replaces and because (o.because); Lua adds method, target, body
 *     journal:entries(filter)             -> list of entries; filter: state (a word or a list),
 * batch, provider, environment, label, customer, account, after (number), limit journal:entry(id)
 * -> entry, or not_found. Also by idempotency key journal:explain(id, o)              -> {entry,
 * attempts, events, action, due_ms, why} journal:batches()                   -> list of {number,
 * name, file_sha256, row_count, …} journal:fact(o, name)               -> true, false or nil.
 * "list_shows_records", "receipt_id_is_record_id" of o.provider, environment, label
 *     journal:find_recent(o)              -> id of an entry of equal o.account, amount_minor,
 * currency, provider, environment planned after o.since_ms and not known to be without effect, or
 * nil journal:verify()                    -> {pages, pages_without_checksum, entries,
 * events}, or journal_corrupt
 *     journal:backup(path)                -> true
 *     journal:close()
 *
 * entry: a plain table of everything: number, id, state, mode, key, key_from, provider,
 * environment, label, customer, account, loan, installment, amount_minor, currency, payment_date,
 * reference, ordinal, arguments, method, target, body, batch, row, hold, replaces (a number),
 * because, attempts, doubtful, tries, first_sent_ms, deadline_ms, resend_until_ms, settle_until_ms,
 *     unseen_ms, planned_ms, approved_ms, changed_ms, receipt_id, record_id, provider_status,
 * reason.
 *
 * owner (repay.owner): the lock of one entry, until it is closed, collected, or its process dies
 *     owner.id
 *     owner:claim(call, o)                -> {attempt, deadline_ms, timeout_ms, state = "sending"}
 *         On disk before it returns; then send, within timeout_ms of the moment before this call by
 *         the clock that drives it: a process may sleep in between. The call must be the entry's
 *         own: its key, method, target and body are compared byte for byte. o.before = what
 *         journal:before gave, or false where the provider has no list; needed when nothing may
 *         have been sent yet.
 *         Another claim of the same owner is the next attempt.
 *     owner:settle(o)                     -> {state, again, wait_ms, stop, why}
 *         o.outcome = "accepted" | "not_sent" | "refused" | "unknown"; o.kind, http_status,
 *         receipt_id, verification_status, message, interaction_id, retry_after_ms. `again`: claim
 *         once more after wait_ms, keeping the owner. `stop`: send nothing more of the batch. Call
 *         it before anyone hears how the attempt ended.
 *     owner:close()
 */
#include "native_journal.h"

#include <stdio.h>

#include "lua_arguments.h"
#include "reconcile.h"
#include "sha256.h"

#ifdef REPAY_CRASH_POINTS
#include "crash_points.h"
#endif

__attribute__((visibility("default"))) int luaopen_repay_native_journal(lua_State *L);

/* derive_key{…}: the key of a payment, and nothing of this machine. */
static int derive_key(lua_State *L)
{
    unsigned char natural_key[REPAY_DIGEST_SIZE];
    char key[REPAY_UUID_TEXT + 1];
    struct repay_natural natural;

    luaL_checktype(L, 1, LUA_TTABLE);
    repay_lua_read_natural(L, 1, &natural);
    repay_payment_key(&natural, natural_key, key);
    lua_pushstring(L, key);
    return 1;
}

/* random_key(unix_ms): a new one; two of the same millisecond differ by chance. */
static int random_key(lua_State *L)
{
    const struct repay_native_api *api = repay_lua_journal_api(L);
    struct repay_uuid_clock clock = {.ms = 0};
    unsigned char chance[10];
    char key[REPAY_UUID_TEXT + 1];

    if (!api->core.random(chance, sizeof chance))
        return luaL_error(L, "the system has no random bytes to give");
    repay_uuid_v7(&clock, repay_lua_check_integer(L, 1), chance, key);
    lua_pushstring(L, key);
    return 1;
}

static void set_field(lua_State *L, const char *name, struct repay_text text)
{
    lua_pushlstring(L, text.length > 0 ? text.data : "", text.length);
    lua_setfield(L, -2, name);
}

/* sent_by(call): what an entry keeps of the call's request. */
static int sent_by(lua_State *L)
{
    const struct repay_native_api *api = repay_lua_journal_api(L);
    struct repay_sending sending = repay_lua_sending_of(api, api->check_call(L, 1));

    lua_createtable(L, 0, 4);
    set_field(L, "method", sending.method);
    set_field(L, "target", sending.target);
    set_field(L, "body", sending.body);
    set_field(L, "key", sending.key);
    return 1;
}

/* find_similar(records, {…}): the id of a record that may be this payment, or nil. */
static int find_similar(lua_State *L)
{
    const struct repay_native_api *api = repay_lua_journal_api(L);
    struct repay_text account, date;
    int64_t amount_minor = 0;
    size_t count;

    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    account = repay_lua_text_field(L, 2, "account");
    date = repay_lua_text_field(L, 2, "payment_date");
    (void)repay_lua_integer_field(L, 2, "amount_minor", &amount_minor);
    count = lua_rawlen(L, 1);
    for (size_t i = 1; i <= count; i++) {
        struct repay_record record;

        lua_rawgeti(L, 1, (int)i);
        luaL_checktype(L, -1, LUA_TTABLE);
        repay_lua_read_record(L, lua_gettop(L), &record);
        if (record.amount_minor == amount_minor && repay_text_equal(record.account, account) &&
            repay_record_may_follow(&api->core, record.created, date)) {
            lua_pushlstring(L, record.id.length > 0 ? record.id.data : "", record.id.length);
            return 1;
        }
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    return 1;
}

/* sha256(bytes): in hexadecimal digits. */
static int sha256(lua_State *L)
{
    unsigned char digest[REPAY_DIGEST_SIZE];
    char text[2 * REPAY_DIGEST_SIZE + 1];
    struct repay_sha256 hash;
    size_t size;
    const char *bytes = luaL_checklstring(L, 1, &size);

    repay_sha256_init(&hash);
    repay_sha256_add(&hash, bytes, size);
    repay_sha256_end(&hash, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
    lua_pushlstring(L, text, sizeof text - 1);
    return 1;
}

#ifdef REPAY_CRASH_POINTS
static int crash_point(lua_State *L)
{
    REPAY_CRASH_POINT(luaL_checkstring(L, 1));
    return 0;
}
#endif

static const luaL_Reg functions[] = {
    {"derive_key", derive_key},
    {"find_similar", find_similar},
    {"open", repay_lua_journal_open},
    {"random_key", random_key},
    {"sent_by", sent_by},
    {"sha256", sha256},
#ifdef REPAY_CRASH_POINTS
    {"crash_point", crash_point},
#endif
    {NULL, NULL},
};

int luaopen_repay_native_journal(lua_State *L)
{
    (void)repay_lua_journal_api(L);
    lua_createtable(L, 0, 12);
    luaL_setfuncs(L, functions, 0);
    lua_pushstring(L, repay_store_library_version());
    lua_setfield(L, -2, "sqlite");
    lua_pushinteger(L, REPAY_STORE_SCHEMA);
    lua_setfield(L, -2, "schema");
    lua_createtable(L, 0, 2);
    repay_lua_journal_register(L);
    lua_setfield(L, -2, "journal");
    repay_lua_owner_register(L);
    lua_setfield(L, -2, "owner");
    lua_setfield(L, -2, "classes");
    return 1;
}
