/*
 * Owns how a journal knows itself: a stamp that stands in it and in its lock file, and the number
 * of its file. A copy, a backup and a journal that was moved to another disk differ in one of them,
 * and so does one whose lock file was removed. Refuses to take such a one for the journal until a
 * person has said that no other of it is in use: two would send what both hold as approved.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sqlite_inner.h"

#define STAMP_SIZE 16
#define STAMP_TEXT 32 /* hexadecimal digits */

static const char sql_read[] = "SELECT stamp,inode FROM place";
static const char sql_write[] = "INSERT OR REPLACE INTO place(one,stamp,inode)VALUES(1,?1,?2)";

/* FOUND: it is this file in this place; NOT_FOUND: it is new, or has not known itself so far. */
static enum repay_found look(struct repay_store *store, bool *is_here, struct repay_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, sql_read, -1, &statement, NULL);
    char stamp[STAMP_TEXT];

    *is_here = false;
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        struct repay_text ours = repay_sqlite_text(statement, 0);

        *is_here = ours.length == sizeof stamp &&
                   pread(store->lock_descriptor, stamp, sizeof stamp, 0) == (ssize_t)sizeof stamp &&
                   memcmp(ours.data, stamp, sizeof stamp) == 0 &&
                   sqlite3_column_int64(statement, 1) == store->place.number;
    }
    (void)sqlite3_finalize(statement);
    if (code == SQLITE_ROW)
        return REPAY_FOUND;
    if (code == SQLITE_DONE)
        return REPAY_NOT_FOUND;
    (void)repay_sqlite_fail(store, code, "cannot read the journal", error);
    return REPAY_FIND_FAILED;
}

static bool make_stamp(struct repay_store *store, char out[STAMP_TEXT + 1],
                       struct repay_error *error)
{
    unsigned char chance[STAMP_SIZE];

    if (!store->core->random(chance, sizeof chance))
        return store->core->error_set(error, REPAY_KIND_CONFIG,
                                      "the system has no random bytes to give");
    for (size_t i = 0; i < sizeof chance; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", chance[i]);
    /* Before it is in the journal, so that a stop in between leaves a journal without one. */
    if (pwrite(store->lock_descriptor, out, STAMP_TEXT, 0) != STAMP_TEXT ||
        fsync(store->lock_descriptor) != 0)
        return store->core->error_set(error, REPAY_KIND_JOURNAL,
                                      "cannot write the lock file of the journal: %.60s",
                                      strerror(errno));
    return true;
}

static bool settle_here(struct repay_store *store, struct repay_error *error)
{
    sqlite3_stmt *statement = NULL;
    char stamp[STAMP_TEXT + 1];
    int code;

    if (!make_stamp(store, stamp, error))
        return false;
    code = sqlite3_prepare_v2(store->db, sql_write, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        (void)sqlite3_bind_text(statement, 1, stamp, STAMP_TEXT, SQLITE_STATIC);
        (void)sqlite3_bind_int64(statement, 2, store->place.number);
        code = sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);
    return code == SQLITE_DONE || repay_sqlite_fail(store, code, "cannot write the journal", error);
}

/* Under the right to write: of two who open a new journal one gives it its stamp. */
static bool decide(struct repay_store *store, bool is_moved, int64_t unix_ms,
                   struct repay_error *error)
{
    enum repay_found found = look(store, &store->is_at_home, error);

    if (found == REPAY_FIND_FAILED)
        return false;
    if (store->is_at_home || (found == REPAY_FOUND && !is_moved))
        return true;
    store->is_at_home = true;
    return settle_here(store, error) &&
           (found == REPAY_NOT_FOUND || repay_sqlite_append_own(store, "moved", unix_ms, error));
}

bool repay_sqlite_come_home(struct repay_store *store, bool is_moved, int64_t unix_ms,
                            struct repay_error *error)
{
    enum repay_found found = look(store, &store->is_at_home, error);

    if (found == REPAY_FIND_FAILED)
        return false;
    if (store->is_at_home || (found == REPAY_FOUND && !is_moved))
        return true;
    if (!repay_sqlite_run(store, "BEGIN IMMEDIATE", error))
        return false;
    store->is_writing = true;
    if (decide(store, is_moved, unix_ms, error))
        return repay_store_commit(store, error);
    repay_store_rollback(store);
    return false;
}
