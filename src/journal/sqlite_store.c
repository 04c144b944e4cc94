/*
 * Owns the life of a store and its transactions. Refuses to write to a file that is no longer the
 * one it opened, and to be used in another process.
 *
 * A commit is durable when it returns: the log is synced each time. The log is moved into the
 * database here and not by SQLite, so that a failure of that is seen for what it is.
 */
#include "sqlite_inner.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "owner_lock.h"

#define TURN_WAIT_MS 2

static bool open_database(struct repay_store *store, const struct repay_store_options *options,
                          struct repay_error *error)
{
    /* One Lua state at a time uses a handle, so it needs no mutex of its own. */
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code;

    if (!repay_page_vfs_show(&store->pages, options->vfs))
        return store->core->error_set(error, REPAY_KIND_JOURNAL, "SQLite has no files here");
    code = sqlite3_open_v2(store->place.path, &store->db, flags, store->pages.name);
    repay_page_vfs_hide(&store->pages);
    if (code != SQLITE_OK)
        return repay_sqlite_fail(store, code, "cannot open the journal", error);
    (void)sqlite3_busy_timeout(store->db, (int)options->busy_ms);
    repay_sqlite_watch_log(store);
    return repay_sqlite_prepare_sweep(store, error);
}

/* Under the lock of owner_lock.h that lets one process at a time open the journal. */
static bool open_in_turn(struct repay_store *store, const struct repay_store_options *options,
                         struct repay_error *error)
{
    struct repay_owner_lock turn = REPAY_OWNER_LOCK_NONE;
    enum repay_lock_answer answer = REPAY_LOCK_HELD;
    bool is_open;

    for (int64_t waited_ms = 0; answer == REPAY_LOCK_HELD && waited_ms <= options->busy_ms;
         waited_ms += TURN_WAIT_MS) {
        if (waited_ms > 0)
            (void)sqlite3_sleep(TURN_WAIT_MS);
        answer = repay_owner_lock_take(&turn, store->place.lock_path, REPAY_OWNER_LOCK_OPENING);
    }
    if (answer == REPAY_LOCK_HELD)
        return repay_sqlite_fail(store, SQLITE_BUSY, "another process opens the journal", error);
    if (answer == REPAY_LOCK_FAILED)
        return store->core->error_set(error, REPAY_KIND_JOURNAL,
                                      "cannot lock the lock file of the journal: %.60s",
                                      strerror(errno));
    is_open = open_database(store, options, error) && repay_sqlite_check_left_log(store, error) &&
              repay_sqlite_set_up(store, error);
    repay_owner_lock_drop(&turn);
    return is_open;
}

static bool open_all(struct repay_store *store, const struct repay_store_options *options,
                     struct repay_error *error)
{
    bool is_whole = false;

    if (repay_journal_place_is_part(options->path))
        return store->core->error_set(error, REPAY_KIND_CONFIG,
                                      "%.150s is a copy that was not ended: make another",
                                      options->path);
    if (!repay_journal_place_take(&store->place, store->core, options->path, error))
        return false;
    store->lock_descriptor = repay_owner_lock_open(store->place.lock_path);
    if (store->lock_descriptor < 0)
        return store->core->error_set(error, REPAY_KIND_JOURNAL,
                                      "cannot open the lock file of the journal: %.60s",
                                      strerror(errno));
    if (!open_in_turn(store, options, error) ||
        !repay_sqlite_prepare(store, options->unix_ms, error))
        return false;
    if (!repay_journal_place_sync(&store->place))
        return store->core->error_set(error, REPAY_KIND_JOURNAL,
                                      "cannot sync the directory of the journal: %.60s",
                                      strerror(errno));
    if (!repay_journal_place_holds(&store->place))
        return store->core->error_set(error, REPAY_KIND_JOURNAL,
                                      "the journal was replaced while it was opened");
    if (!repay_sqlite_come_home(store, options->is_moved, options->unix_ms, error) ||
        !repay_sqlite_check_end(store, &is_whole, error))
        return false;
    store->is_broken = !is_whole;
    return true;
}

static void free_store(struct repay_store *store)
{
    repay_sqlite_lose(store);
    if (store->lock_descriptor >= 0)
        (void)close(store->lock_descriptor);
    repay_release(store->allocator, store, sizeof *store);
}

struct repay_store *repay_store_open(const struct repay_store_options *options,
                                     struct repay_error *error)
{
    struct repay_store *store = repay_allocate(options->allocator, sizeof *store);

    if (!store) {
        (void)options->core->error_set(error, REPAY_KIND_MEMORY, "not enough memory for a journal");
        return NULL;
    }
    memset(store, 0, sizeof *store);
    store->core = options->core;
    store->allocator = options->allocator;
    store->lock_descriptor = -1;
    store->busy_ms = options->busy_ms;
    store->pid = getpid();
    if (open_all(store, options, error))
        return store;
    free_store(store);
    return NULL;
}

/* The last to close moves the log. Who does not get to look is not the last. */
static void check_log(struct repay_store *store)
{
    struct repay_error ignored;

    (void)sqlite3_busy_timeout(store->db, 0);
    (void)repay_sqlite_check_used_log(store, true, &ignored);
}

/*
 * What a parent made stays as it is: closing would checkpoint and remove the log under the parent's
 * feet, and give up its locks. The memory is the child's to lose.
 */
void repay_store_close(struct repay_store *store)
{
    if (!store || repay_store_is_inherited(store))
        return;
    repay_store_rollback(store);
    repay_store_rest(store);
    if (store->db)
        check_log(store);
    free_store(store);
}

bool repay_store_is_inherited(const struct repay_store *store)
{
    return store->pid != getpid();
}

bool repay_store_is_usable(const struct repay_store *store)
{
    return store->db != NULL;
}

bool repay_store_is_broken(const struct repay_store *store)
{
    return store->is_broken;
}

bool repay_store_is_at_home(const struct repay_store *store)
{
    return store->is_at_home;
}

const char *repay_store_library_version(void)
{
    return sqlite3_libversion();
}

const char *repay_store_path(const struct repay_store *store)
{
    return store->place.path;
}

const char *repay_store_lock_path(const struct repay_store *store)
{
    return store->place.lock_path;
}

enum repay_found repay_store_is_owned(struct repay_store *store, int64_t number,
                                      struct repay_error *error)
{
    if (store->nobody_owns)
        return REPAY_NOT_FOUND;
    switch (repay_owner_lock_ask(store->lock_descriptor, number)) {
    case REPAY_LOCK_HELD:
        return REPAY_FOUND;
    case REPAY_LOCK_TAKEN:
        return REPAY_NOT_FOUND;
    case REPAY_LOCK_FAILED:
        break;
    }
    (void)store->core->error_set(error, REPAY_KIND_JOURNAL, "cannot ask for a lock: %.60s",
                                 strerror(errno));
    return REPAY_FIND_FAILED;
}

static bool check_files(struct repay_store *store, struct repay_error *error)
{
    if (repay_journal_place_holds(&store->place))
        return true;
    repay_sqlite_lose(store);
    return store->core->error_set(error, REPAY_KIND_JOURNAL,
                                  "the journal's file, log or lock file was removed or replaced");
}

bool repay_store_begin(struct repay_store *store, struct repay_error *error)
{
    sqlite3_stmt *statement;

    if (!repay_sqlite_check(store, error))
        return false;
    repay_store_rollback(store);
    repay_store_rest(store);
    if (!check_files(store, error))
        return false;
    statement = repay_sqlite_use(store, REPAY_SQL_BEGIN, error);
    if (!statement || !repay_sqlite_finish(store, statement, "cannot write to the journal", error))
        return false;
    store->is_writing = true;
    repay_sqlite_note_log(store);
    repay_sqlite_lengthen_log(store);
    if (repay_sqlite_load_chain(store, error))
        return true;
    repay_store_rollback(store);
    return false;
}

void repay_store_rollback(struct repay_store *store)
{
    struct repay_error ignored;
    sqlite3_stmt *statement;

    if (!store->is_writing || !store->db)
        return;
    store->is_writing = false;
    repay_store_rest(store);
    /* A failure inside may have ended it already. */
    if (sqlite3_get_autocommit(store->db) != 0)
        return;
    statement = repay_sqlite_use(store, REPAY_SQL_ROLLBACK, &ignored);
    if (statement)
        (void)repay_sqlite_finish(store, statement, "cannot roll back", &ignored);
}

bool repay_store_commit(struct repay_store *store, struct repay_error *error)
{
    sqlite3_stmt *statement;
    int code;

    repay_store_rest(store);
    statement = repay_sqlite_use(store, REPAY_SQL_COMMIT, error);
    if (!statement)
        return false;
    code = sqlite3_step(statement);
    (void)sqlite3_reset(statement);
    store->is_writing = false;
    if (code == SQLITE_DONE) {
        /* What was written to a file without a name is not written. */
        if (!check_files(store, error))
            return false;
        repay_sqlite_move_log(store);
        return true;
    }
    (void)repay_sqlite_fail(store, code, "cannot commit to the journal", error);
    /* Whatever the reason was: nobody knows what a commit that failed has left. */
    if (store->db)
        repay_sqlite_lose(store);
    return false;
}
