/*
 * Owns the proof that a journal is whole: its log and every page by their checksums, every structure by SQLite's
 * own check, every event by the chain, every entry by the seal of its last event, from which all of its
 * events are come past.
 */
#include "sqlite_inner.h"

/* What is asked of an event when it is come past. */
enum passed_column { ENTRY, EARLIER, MOVED_TO, FORM, SEAL };
static const char event_columns[] =
    "SELECT entry,earlier,moved_to,form,seal FROM event WHERE sequence=?1";

static bool broken(struct repay_store *store, struct repay_error *error, const char *what,
                   int64_t number)
{
    return store->core->error_set(error, REPAY_KIND_JOURNAL_CORRUPT, "%s %lld", what,
                                  (long long)number);
}

/* What the log holds moves into the database first, so that there is one file to look at. */
static bool check_pages(struct repay_store *store, int64_t *pages, int64_t *without_sum,
                        struct repay_error *error)
{
    bool has_sum = true;
    int code = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_LOCKED)
        return repay_sqlite_fail(store, code, "cannot move the log into the journal", error);
    *without_sum = 0;
    code = repay_page_count(store->db, pages);
    for (int64_t page = 1; code == SQLITE_OK && page <= *pages; page++) {
        code = repay_page_check(store->db, page, &has_sum);
        *without_sum += has_sum ? 0 : 1;
        if (code == SQLITE_IOERR_DATA || code == SQLITE_IOERR_SHORT_READ)
            return broken(store, error, "the journal's file is damaged in page", page);
    }
    return code == SQLITE_OK || repay_sqlite_fail(store, code, "cannot read the journal", error);
}

/* A pragma that answers one row of "ok", or rows of what is wrong. */
static bool check_structure(struct repay_store *store, const char *pragma, bool wants_ok,
                            struct repay_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, pragma, -1, &statement, NULL);
    bool is_whole = true;

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        is_whole = wants_ok && repay_text_is(repay_sqlite_text(statement, 0), "ok");
    if (code == SQLITE_ROW && !is_whole)
        (void)store->core->error_set(error, REPAY_KIND_JOURNAL_CORRUPT,
                                     "the journal's structure is damaged: %.120s",
                                     (const char *)sqlite3_column_text(statement, 0));
    (void)sqlite3_finalize(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return repay_sqlite_fail(store, code, "cannot check the journal", error);
    return is_whole;
}

static bool check_event(struct repay_store *store, const struct repay_sqlite_event *event,
                        int64_t expected, unsigned char previous[REPAY_DIGEST_SIZE],
                        struct repay_error *error)
{
    unsigned char hash[REPAY_DIGEST_SIZE];

    if (event->sequence != expected || !event->hash)
        return broken(store, error, "the chain of events lacks event", expected);
    repay_sqlite_hash_event(event, previous, hash);
    if (memcmp(hash, event->hash, sizeof hash) != 0)
        return broken(store, error, "the journal's events were changed at or before event",
                      expected);
    memcpy(previous, hash, sizeof hash);
    return true;
}

/* All events in turn; `*of_entries`: how many of them belong to an entry. */
static bool check_chain(struct repay_store *store, int64_t *events, int64_t *of_entries,
                        struct repay_error *error)
{
    char *sql =
        sqlite3_mprintf("SELECT %s FROM event ORDER BY event.sequence", repay_sqlite_event_columns);
    unsigned char previous[REPAY_DIGEST_SIZE] = {0};
    struct repay_sqlite_event event;
    sqlite3_stmt *statement = NULL;
    int code = sql ? sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
    bool is_whole = true;

    sqlite3_free(sql);
    *events = 0;
    *of_entries = 0;
    while (code == SQLITE_OK || (code == SQLITE_ROW && is_whole)) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            repay_sqlite_read_event(statement, &event);
            is_whole = check_event(store, &event, ++*events, previous, error);
            *of_entries += event.event.entry != 0 ? 1 : 0;
        }
    }
    (void)sqlite3_finalize(statement);
    if (!is_whole)
        return false;
    return code == SQLITE_DONE || repay_sqlite_fail(store, code, "cannot check the journal", error);
}

/* The last event of the entry says what its row says. */
static bool check_entry(struct repay_store *store, const struct repay_entry *entry,
                        sqlite3_stmt *last, struct repay_error *error)
{
    unsigned char seal[REPAY_DIGEST_SIZE], digest[REPAY_DIGEST_SIZE];
    struct repay_text sealed = repay_sqlite_text(last, SEAL);

    repay_sqlite_digest_facts(&entry->facts, digest);
    repay_sqlite_seal(entry, sqlite3_column_int64(last, FORM), seal);
    return (memcmp(digest, entry->facts.digest, sizeof digest) == 0 &&
            sealed.length == sizeof seal && memcmp(sealed.data, seal, sizeof seal) == 0 &&
            repay_text_is(repay_sqlite_text(last, MOVED_TO),
                          repay_entry_state_name(entry->now.state))) ||
           broken(store, error, "the journal does not agree with its events on entry",
                  entry->number);
}

/* What going through the entries has come to. */
struct walk {
    struct repay_store *store;
    sqlite3_stmt *rows, *event;
    int64_t entries, passed;
    int code; /* of SQLite: the failure is told when the statements are gone */
};

/*
 * From the last event of the entry back to its first. All entries together must come past every
 * event that is of an entry, so that none is left out and no later one passed over.
 */
static bool walk_back(struct walk *walk, const struct repay_entry *entry, struct repay_error *error)
{
    int64_t at = entry->last_event, before = INT64_MAX;

    while (at != 0) {
        (void)sqlite3_reset(walk->event);
        (void)sqlite3_bind_int64(walk->event, 1, at);
        walk->code = sqlite3_step(walk->event);
        if (walk->code != SQLITE_ROW && walk->code != SQLITE_DONE)
            return false;
        if (walk->code == SQLITE_DONE || at >= before ||
            sqlite3_column_int64(walk->event, ENTRY) != entry->number)
            return broken(walk->store, error, "the journal lacks an event of entry", entry->number);
        if (at == entry->last_event && !check_entry(walk->store, entry, walk->event, error))
            return false;
        before = at;
        at = sqlite3_column_int64(walk->event, EARLIER);
        walk->passed++;
    }
    return entry->last_event != 0 ||
           broken(walk->store, error, "the journal has no event of entry", entry->number);
}

static bool walk_all(struct walk *walk, struct repay_error *error)
{
    struct repay_entry entry;

    while (walk->code == SQLITE_OK || walk->code == SQLITE_ROW) {
        walk->code = sqlite3_step(walk->rows);
        if (walk->code != SQLITE_ROW)
            return walk->code == SQLITE_DONE;
        walk->entries++;
        if (!repay_sqlite_read_entry(walk->rows, &entry))
            return broken(walk->store, error, "the journal cannot be read at entry", walk->entries);
        if (!walk_back(walk, &entry, error))
            return false;
    }
    return false;
}

static bool check_entries(struct repay_store *store, int64_t of_entries, int64_t *entries,
                          struct repay_error *error)
{
    struct walk walk = {.store = store};
    char *sql = sqlite3_mprintf("SELECT %s FROM entry LEFT JOIN plan ON plan.entry=number "
                                "ORDER BY number",
                                repay_sqlite_entry_columns);
    bool is_whole;

    walk.code = sql ? sqlite3_prepare_v2(store->db, sql, -1, &walk.rows, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    if (walk.code == SQLITE_OK)
        walk.code = sqlite3_prepare_v2(store->db, event_columns, -1, &walk.event, NULL);
    is_whole = walk_all(&walk, error);
    (void)sqlite3_finalize(walk.rows);
    (void)sqlite3_finalize(walk.event);
    if (walk.code != SQLITE_ROW && walk.code != SQLITE_DONE)
        return repay_sqlite_fail(store, walk.code, "cannot check the journal", error);
    if (is_whole && walk.passed != of_entries)
        return broken(store, error, "no entry leads to so many events:", of_entries - walk.passed);
    *entries = walk.entries;
    return is_whole;
}

bool repay_store_verify(struct repay_store *store, struct repay_store_verified *out,
                        struct repay_error *error)
{
    struct repay_store_verified verified;
    int64_t of_entries = 0;

    repay_store_rest(store);
    if (!repay_sqlite_check(store, error) || !repay_sqlite_check_used_log(store, true, error) ||
        !check_pages(store, &verified.pages, &verified.pages_without_sum, error))
        return false;
    /* One moment for all of it: another process may be writing. */
    if (!repay_sqlite_run(store, "BEGIN", error))
        return false;
    if (check_structure(store, "PRAGMA integrity_check(1)", true, error) &&
        check_structure(store, "PRAGMA foreign_key_check", false, error) &&
        check_chain(store, &verified.events, &of_entries, error) &&
        check_entries(store, of_entries, &verified.entries, error)) {
        *out = verified;
        return repay_sqlite_run(store, "ROLLBACK", error);
    }
    if (store->db)
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}
