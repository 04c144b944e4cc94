/*
 * Owns the proof that a journal is whole: every page by its checksum, every structure by SQLite's
 * own check, every event by the chain, every entry by the seal of its last event.
 */
#include "sqlite_inner.h"

static bool broken(struct repay_store *store, struct repay_error *error, const char *what,
                   int64_t number)
{
    return store->core->error_set(error, REPAY_KIND_JOURNAL_CORRUPT, "%s %lld", what,
                                  (long long)number);
}

/* What the log holds moves into the database first, so that there is one file to look at. */
static bool check_pages(struct repay_store *store, int64_t *pages, struct repay_error *error)
{
    int code = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_LOCKED)
        return repay_sqlite_fail(store, code, "cannot move the log into the journal", error);
    code = repay_page_count(store->db, pages);
    for (int64_t page = 1; code == SQLITE_OK && page <= *pages; page++) {
        code = repay_page_check(store->db, page);
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

    if (event->sequence != expected)
        return broken(store, error, "the chain of events lacks event", expected);
    if (!event->previous || !event->hash ||
        memcmp(event->previous, previous, REPAY_DIGEST_SIZE) != 0)
        return broken(store, error, "the chain of events is broken before event", expected);
    repay_sqlite_hash_event(event, hash);
    if (memcmp(hash, event->hash, sizeof hash) != 0)
        return broken(store, error, "the journal's events were changed at event", expected);
    memcpy(previous, hash, sizeof hash);
    return true;
}

static bool check_chain(struct repay_store *store, int64_t *events, struct repay_error *error)
{
    static const char sql[] =
        "SELECT sequence,entry,id,moved_from,moved_to,why,evidence,who,at_ms,seal,previous,hash "
        "FROM event ORDER BY sequence";
    unsigned char previous[REPAY_DIGEST_SIZE] = {0};
    struct repay_sqlite_event event;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    bool is_whole = true;

    *events = 0;
    while (code == SQLITE_OK || (code == SQLITE_ROW && is_whole)) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            repay_sqlite_read_event(statement, &event);
            is_whole = check_event(store, &event, ++*events, previous, error);
        }
    }
    (void)sqlite3_finalize(statement);
    if (!is_whole)
        return false;
    return code == SQLITE_DONE || repay_sqlite_fail(store, code, "cannot check the journal", error);
}

/* The columns of an entry and then its last event's seal and word. */
static bool check_entry(struct repay_store *store, sqlite3_stmt *row, int64_t number,
                        struct repay_error *error)
{
    unsigned char seal[REPAY_DIGEST_SIZE], digest[REPAY_DIGEST_SIZE];
    struct repay_entry entry;
    struct repay_text sealed, word;
    int count = sqlite3_column_count(row);

    if (!repay_sqlite_read_entry(row, &entry))
        return broken(store, error, "the journal cannot be read at entry", number);
    sealed = repay_sqlite_text(row, count - 2);
    word = repay_sqlite_text(row, count - 1);
    repay_sqlite_digest_facts(&entry.facts, digest);
    repay_sqlite_seal(&entry, seal);
    if (memcmp(digest, entry.facts.digest, sizeof digest) != 0 || sealed.length != sizeof seal ||
        memcmp(sealed.data, seal, sizeof seal) != 0 ||
        !repay_text_is(word, repay_entry_state_name(entry.now.state)))
        return broken(store, error, "the journal does not agree with its events on entry",
                      entry.number);
    return true;
}

static bool check_entries(struct repay_store *store, int64_t *entries, struct repay_error *error)
{
    static const char order[] =
        ",(SELECT seal FROM event WHERE event.entry=entry.number ORDER BY sequence DESC LIMIT 1),"
        "(SELECT moved_to FROM event WHERE event.entry=entry.number ORDER BY sequence DESC LIMIT 1)"
        " FROM entry ORDER BY number";
    char *sql = sqlite3_mprintf("SELECT %s%s", repay_sqlite_entry_columns, order);
    sqlite3_stmt *statement = NULL;
    int code = sql ? sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
    bool is_whole = true;

    sqlite3_free(sql);
    *entries = 0;
    while (code == SQLITE_OK || (code == SQLITE_ROW && is_whole)) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
            is_whole = check_entry(store, statement, ++*entries, error);
    }
    (void)sqlite3_finalize(statement);
    if (!is_whole)
        return false;
    return code == SQLITE_DONE || repay_sqlite_fail(store, code, "cannot check the journal", error);
}

bool repay_store_verify(struct repay_store *store, struct repay_store_verified *out,
                        struct repay_error *error)
{
    struct repay_store_verified verified;

    repay_store_rest(store);
    if (!repay_sqlite_check(store, error) || !check_pages(store, &verified.pages, error))
        return false;
    /* One moment for all of it: another process may be writing. */
    if (!repay_sqlite_run(store, "BEGIN", error))
        return false;
    if (check_structure(store, "PRAGMA integrity_check(1)", true, error) &&
        check_structure(store, "PRAGMA foreign_key_check", false, error) &&
        check_chain(store, &verified.events, error) &&
        check_entries(store, &verified.entries, error)) {
        *out = verified;
        return repay_sqlite_run(store, "ROLLBACK", error);
    }
    if (store->db)
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}
