/*
 * Methods of `repay.journal` that show what is there, and what is to be done about it.
 */
#include "lua_arguments.h"
#include "native_journal.h"

#define LIMIT_MAX INT64_MAX

static void add_state(lua_State *L, struct repay_text word, uint32_t *states)
{
    enum repay_entry_state state = repay_entry_state_from_name(word);

    if (state == REPAY_ENTRY_STATE_COUNT)
        (void)luaL_error(L, "'%s' is no state of an entry", word.data ? word.data : "");
    *states |= 1u << state;
}

/* A word or a list of words. */
static uint32_t read_states(lua_State *L, int table)
{
    struct repay_text word;
    uint32_t states = 0;

    repay_lua_raw_field(L, table, "state");
    if (lua_type(L, -1) == LUA_TSTRING) {
        word.data = lua_tolstring(L, -1, &word.length);
        add_state(L, word, &states);
    } else if (lua_istable(L, -1)) {
        size_t count = lua_rawlen(L, -1);

        for (size_t i = 1; i <= count; i++) {
            lua_rawgeti(L, -1, (int)i);
            luaL_checktype(L, -1, LUA_TSTRING);
            word.data = lua_tolstring(L, -1, &word.length);
            add_state(L, word, &states);
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
    return states;
}

static void read_filter(lua_State *L, int table, struct repay_store_filter *out)
{
    *out = (struct repay_store_filter){
        .provider = repay_lua_text_field(L, table, "provider"),
        .environment = repay_lua_text_field(L, table, "environment"),
        .label = repay_lua_text_field(L, table, "label"),
        .customer = repay_lua_text_field(L, table, "customer"),
        .account = repay_lua_text_field(L, table, "account"),
        .states = read_states(L, table),
    };
    (void)repay_lua_integer_field(L, table, "batch", &out->batch);
    (void)repay_lua_integer_field(L, table, "after", &out->after);
}

int repay_lua_journal_entries(lua_State *L)
{
    struct repay_journal *journal = &repay_lua_check_journal(L, 1)->journal;
    struct repay_store_filter filter = {.after = 0};
    int64_t limit = LIMIT_MAX;
    enum repay_found found = REPAY_FOUND;
    struct repay_entry entry;
    struct repay_error error;

    lua_settop(L, 2);
    if (!lua_isnil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        read_filter(L, 2, &filter);
        (void)repay_lua_integer_field(L, 2, "limit", &limit);
    }
    if (!repay_store_select(journal->store, &filter, &error))
        return repay_lua_journal_failure(L, &error, NULL);
    lua_createtable(L, 16, 0);
    for (int64_t i = 1; i <= limit && found == REPAY_FOUND; i++) {
        found = repay_store_next(journal->store, &entry, &error);
        if (found == REPAY_FOUND) {
            repay_lua_push_entry(L, &entry);
            lua_rawseti(L, 3, (int)i);
        }
    }
    repay_store_end_select(journal->store);
    return found == REPAY_FIND_FAILED ? repay_lua_journal_failure(L, &error, NULL) : 1;
}

/* By id, or by idempotency key. */
static bool find_entry(struct repay_journal *journal, struct repay_text id, struct repay_entry *out,
                       struct repay_error *error)
{
    enum repay_found found = repay_store_find_id(journal->store, id, out, error);

    if (found == REPAY_NOT_FOUND)
        found = repay_store_find_key(journal->store, id, out, error);
    if (found == REPAY_NOT_FOUND)
        (void)journal->core->error_set(error, REPAY_KIND_NOT_FOUND,
                                       "the journal has no entry %.40s", id.data);
    return found == REPAY_FOUND;
}

static struct repay_text check_id(lua_State *L, int index)
{
    struct repay_text id;

    luaL_checktype(L, index, LUA_TSTRING);
    id.data = lua_tolstring(L, index, &id.length);
    return id;
}

int repay_lua_journal_entry(lua_State *L)
{
    struct repay_journal *journal = &repay_lua_check_journal(L, 1)->journal;
    struct repay_text id = check_id(L, 2);
    struct repay_entry entry;
    struct repay_error error;

    if (!find_entry(journal, id, &entry, &error))
        return repay_lua_journal_failure(L, &error, NULL);
    repay_lua_push_entry(L, &entry);
    return 1;
}

static void set_next(lua_State *L, const struct repay_next *next)
{
    repay_lua_set_text(L, "action", repay_text_of(repay_action_name(next->action)));
    repay_lua_set_text(L, "why", repay_text_of(next->why));
    repay_lua_set_moment(L, "due_ms", next->due_ms);
}

/* Of the two lists that an entry's events tell, while they are read: the last come first. */
struct telling {
    int attempts_at, events_at; /* on the stack */
    int attempts, events;
    int64_t attempt; /* number of the one that was told last */
};

/* An attempt is told by the event that ended it, if it has ended, and by the one that began it. */
static void tell_attempt(lua_State *L, struct telling *telling, const struct repay_event *event)
{
    const struct repay_event_attempt *attempt = &event->attempt;

    if (attempt->number != telling->attempt) {
        telling->attempt = attempt->number;
        lua_createtable(L, 0, 10);
        lua_pushvalue(L, -1);
        lua_rawseti(L, telling->attempts_at, ++telling->attempts);
    } else {
        lua_rawgeti(L, telling->attempts_at, telling->attempts);
    }
    repay_lua_set_number(L, "number", attempt->number);
    if (attempt->outcome.length == 0) {
        repay_lua_set_text(L, "owner", attempt->owner);
        repay_lua_set_number(L, "started_ms", event->at_ms);
        repay_lua_set_number(L, "deadline_ms", attempt->deadline_ms);
    } else {
        repay_lua_set_number(L, "ended_ms", event->at_ms);
        repay_lua_set_text(L, "outcome", attempt->outcome);
        repay_lua_set_text(L, "kind", attempt->kind);
        repay_lua_set_moment(L, "http_status", attempt->http_status);
        repay_lua_set_text(L, "interaction_id", attempt->interaction_id);
        repay_lua_set_text(L, "message", attempt->message);
    }
    lua_pop(L, 1);
}

static void tell_event(lua_State *L, struct telling *telling, int64_t sequence,
                       const struct repay_event *event)
{
    lua_createtable(L, 0, 7);
    repay_lua_set_number(L, "sequence", sequence);
    repay_lua_set_text(L, "from", event->from);
    repay_lua_set_text(L, "to", event->to);
    repay_lua_set_text(L, "why", event->why);
    repay_lua_set_text(L, "evidence", event->evidence);
    repay_lua_set_text(L, "who", event->who);
    repay_lua_set_number(L, "at_ms", event->at_ms);
    lua_rawseti(L, telling->events_at, ++telling->events);
}

static void turn_round(lua_State *L, int table, int count)
{
    for (int low = 1, high = count; low < high; low++, high--) {
        lua_rawgeti(L, table, low);
        lua_rawgeti(L, table, high);
        lua_rawseti(L, table, low);
        lua_rawseti(L, table, high);
    }
}

/* Pushes the attempts of an entry and its events. */
static bool push_told(lua_State *L, struct repay_journal *journal, const struct repay_entry *entry,
                      struct repay_error *error)
{
    struct telling telling = {.attempts_at = lua_gettop(L) + 1, .events_at = lua_gettop(L) + 2};
    enum repay_found found = REPAY_FOUND;
    int64_t next = entry->last_event;
    struct repay_event event;

    lua_createtable(L, 4, 0);
    lua_createtable(L, 8, 0);
    while (found == REPAY_FOUND) {
        int64_t sequence = next;

        found = repay_store_earlier_event(journal->store, entry->number, &next, &event, error);
        if (found != REPAY_FOUND)
            continue;
        tell_event(L, &telling, sequence, &event);
        if (event.attempt.number != 0)
            tell_attempt(L, &telling, &event);
    }
    turn_round(L, telling.attempts_at, telling.attempts);
    turn_round(L, telling.events_at, telling.events);
    return found == REPAY_NOT_FOUND;
}

int repay_lua_journal_explain(lua_State *L)
{
    struct repay_journal *journal = &repay_lua_check_journal(L, 1)->journal;
    struct repay_text id = check_id(L, 2);
    struct repay_act act = repay_lua_read_act(L, 3);
    struct repay_moment_facts moment;
    struct repay_entry entry;
    struct repay_next next;
    struct repay_error error;

    if (!find_entry(journal, id, &entry, &error) ||
        !repay_journal_moment(journal, act.unix_ms, &moment, &error) ||
        !repay_journal_next(journal, &entry, moment, &next, &error))
        return repay_lua_journal_failure(L, &error, NULL);
    lua_createtable(L, 0, 6);
    repay_lua_push_entry(L, &entry);
    lua_setfield(L, -2, "entry");
    set_next(L, &next);
    if (!push_told(L, journal, &entry, &error))
        return repay_lua_journal_failure(L, &error, NULL);
    lua_setfield(L, -3, "events");
    lua_setfield(L, -2, "attempts");
    repay_store_rest(journal->store);
    return 1;
}

#define NOT_FINAL                                                                                  \
    (1u << REPAY_ENTRY_PLANNED | 1u << REPAY_ENTRY_APPROVED | 1u << REPAY_ENTRY_SENDING |          \
     1u << REPAY_ENTRY_UNKNOWN | 1u << REPAY_ENTRY_ACCEPTED)

/*
 * Recovers, and leaves on the stack what holds the entries. Where another process has added some
 * since they were counted it is done again: a second time it moves nothing.
 */
static bool recover(lua_State *L, struct repay_journal *journal, const struct repay_act *act,
                    struct repay_recovery *out, struct repay_error *error)
{
    *out = (struct repay_recovery){.count = 0};
    do {
        if (!repay_journal_count_unfinished(journal, &out->room, error))
            return false;
        out->entries = lua_newuserdata(L, (out->room + 1) * sizeof *out->entries);
        if (!repay_journal_recover(journal, act, out, error))
            return false;
        if (out->count > out->room)
            lua_pop(L, 1);
    } while (out->count > out->room);
    return true;
}

/* What was recovered is written before a table is made, so that running out of memory loses
 * nothing. */
int repay_lua_journal_recover(lua_State *L)
{
    struct repay_journal *journal = &repay_lua_check_journal(L, 1)->journal;
    struct repay_act act = repay_lua_read_act(L, 2);
    struct repay_recovery recovery;
    struct repay_error error;

    if (!recover(L, journal, &act, &recovery, &error))
        return repay_lua_journal_failure(L, &error, NULL);
    lua_createtable(L, (int)recovery.count, 0);
    for (size_t i = 0; i < recovery.count; i++) {
        const struct repay_unfinished *entry = &recovery.entries[i];

        lua_createtable(L, 0, 5);
        repay_lua_set_text(L, "id", repay_text_of(entry->id));
        repay_lua_set_text(L, "state", repay_text_of(repay_entry_state_name(entry->state)));
        set_next(L, &(struct repay_next){entry->action, entry->due_ms, entry->why});
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

int repay_lua_journal_batches(lua_State *L)
{
    struct repay_journal *journal = &repay_lua_check_journal(L, 1)->journal;
    struct repay_store_batch batch = {.number = 0};
    enum repay_found found = REPAY_FOUND;
    struct repay_error error;

    lua_createtable(L, 4, 0);
    for (int i = 1; found == REPAY_FOUND; i++) {
        found = repay_store_next_batch(journal->store, batch.number, &batch, &error);
        if (found != REPAY_FOUND)
            continue;
        lua_createtable(L, 0, 6);
        repay_lua_set_number(L, "number", batch.number);
        repay_lua_set_text(L, "name", batch.name);
        repay_lua_set_text(L, "file_sha256", batch.file_sha256);
        repay_lua_set_number(L, "row_count", batch.row_count);
        repay_lua_set_number(L, "planned_ms", batch.planned_ms);
        repay_lua_set_text(L, "planned_by", batch.planned_by);
        lua_rawseti(L, -2, i);
    }
    return found == REPAY_FIND_FAILED ? repay_lua_journal_failure(L, &error, NULL) : 1;
}

int repay_lua_journal_fact(lua_State *L)
{
    struct repay_journal *journal = &repay_lua_check_journal(L, 1)->journal;
    struct repay_entry_facts scope = {.row = 0};
    const char *name = luaL_checkstring(L, 3);
    struct repay_error error;
    enum repay_found found;
    bool value = false;

    luaL_checktype(L, 2, LUA_TTABLE);
    scope.natural.provider = repay_lua_text_field(L, 2, "provider");
    scope.natural.environment = repay_lua_text_field(L, 2, "environment");
    scope.label = repay_lua_text_field(L, 2, "label");
    found = repay_store_known(journal->store, &scope, name, &value, &error);
    if (found == REPAY_FIND_FAILED)
        return repay_lua_journal_failure(L, &error, NULL);
    if (found == REPAY_FOUND)
        lua_pushboolean(L, value);
    else
        lua_pushnil(L);
    return 1;
}

int repay_lua_journal_find_recent(lua_State *L)
{
    struct repay_journal *journal = &repay_lua_check_journal(L, 1)->journal;
    struct repay_entry_facts like = {.row = 0};
    struct repay_error error;
    enum repay_found found;
    struct repay_text id;

    luaL_checktype(L, 2, LUA_TTABLE);
    repay_lua_read_natural(L, 2, &like.natural);
    like.label = repay_lua_text_field(L, 2, "label");
    (void)repay_lua_integer_field(L, 2, "since_ms", &like.planned_ms);
    if (like.natural.account.length == 0)
        return luaL_error(L, "option 'account' is missing");
    found = repay_store_find_like(journal->store, &like, &id, &error);
    if (found == REPAY_FIND_FAILED)
        return repay_lua_journal_failure(L, &error, NULL);
    if (found == REPAY_FOUND)
        lua_pushlstring(L, id.data, id.length);
    else
        lua_pushnil(L);
    return 1;
}

int repay_lua_journal_verify(lua_State *L)
{
    struct repay_journal *journal = &repay_lua_check_journal(L, 1)->journal;
    struct repay_store_verified verified;
    struct repay_error error;

    if (!repay_store_verify(journal->store, &verified, &error))
        return repay_lua_journal_failure(L, &error, NULL);
    lua_createtable(L, 0, 4);
    repay_lua_set_number(L, "pages", verified.pages);
    repay_lua_set_number(L, "pages_without_checksum", verified.pages_without_sum);
    repay_lua_set_number(L, "entries", verified.entries);
    repay_lua_set_number(L, "events", verified.events);
    return 1;
}

int repay_lua_journal_backup(lua_State *L)
{
    struct repay_journal *journal = &repay_lua_check_journal(L, 1)->journal;
    const char *path = luaL_checkstring(L, 2);
    struct repay_error error;

    if (!repay_store_backup(journal->store, path, &error))
        return repay_lua_journal_failure(L, &error, NULL);
    lua_pushboolean(L, 1);
    return 1;
}
