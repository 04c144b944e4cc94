/*
 * Owns the tables: what the database by itself allows and refuses. Facts never change, moves follow
 * the states, events are only added, whoever is writing and whatever they believe.
 */
#include "sqlite_inner.h"

#include <stdio.h>

#include "crash_points.h"

#define LOG_WAIT_MS 5

/* Conditions are written out: an IN of three words makes a temporary table each time it is asked.
 */
static const char lists[] =
    "CREATE TABLE batch(number INTEGER PRIMARY KEY,name TEXT NOT NULL,file_sha256 TEXT,"
    "row_count INTEGER NOT NULL,planned_ms INTEGER NOT NULL,planned_by TEXT)STRICT;"

    "CREATE TABLE before_list(number INTEGER PRIMARY KEY,provider TEXT NOT NULL,"
    "environment TEXT,label TEXT,customer TEXT,taken_ms INTEGER NOT NULL,"
    "id_count INTEGER NOT NULL)STRICT;"
    "CREATE TABLE before_id(list INTEGER NOT NULL REFERENCES before_list(number),"
    "id TEXT NOT NULL,PRIMARY KEY(list,id))STRICT,WITHOUT ROWID;"
    "CREATE TABLE before_account(list INTEGER NOT NULL REFERENCES before_list(number),"
    "account TEXT NOT NULL,balance_minor INTEGER,paid INTEGER,"
    "PRIMARY KEY(list,account))STRICT,WITHOUT ROWID;";

/* Which file in which place this journal is. */
const char repay_sqlite_place_table[] =
    "CREATE TABLE place(one INTEGER PRIMARY KEY CHECK(one=1),stamp TEXT NOT NULL,"
    "inode INTEGER NOT NULL)STRICT;";

const char repay_sqlite_entry_tables[] =
    /*
     * Where an entry stands, and of what was planned only what tells it from others: a move writes
     * one small row. It stays below 32 columns, beyond which the triggers of a move would have the
     * whole row taken apart for them.
     */
    "CREATE TABLE entry(number INTEGER PRIMARY KEY AUTOINCREMENT,"
    "id TEXT NOT NULL UNIQUE CHECK(length(id)=36),"
    "mode TEXT NOT NULL CHECK((mode='keyed' OR mode='at_most_once')),"
    "digest BLOB NOT NULL CHECK(length(digest)=32),"
    "state TEXT NOT NULL,"
    /*
     * Beside the state, so that a move which leaves one of them alone leaves its indexes alone: most
     * moves do, and each index that is touched is one more page to be synced.
     */
    "live INTEGER NOT NULL DEFAULT 1 "
    "CHECK(live=((state<>'cancelled' AND state<>'expired' AND state<>'refused' AND "
    "state<>'rejected' AND state<>'absent'))),"
    "open INTEGER NOT NULL DEFAULT 1 CHECK(open=(live=1 AND state<>'verified')),"
    "last_event INTEGER NOT NULL,"
    "attempts INTEGER NOT NULL DEFAULT 0 CHECK(attempts>=0),"
    "doubtful INTEGER NOT NULL DEFAULT 0 CHECK(doubtful>=0),"
    "tries INTEGER NOT NULL DEFAULT 0,"
    "before_list INTEGER REFERENCES before_list(number),"
    "first_sent_ms INTEGER,boot INTEGER,boot_ms INTEGER,deadline_ms INTEGER,"
    "resend_until_ms INTEGER,settle_until_ms INTEGER,"
    "unseen_ms INTEGER,approved_ms INTEGER,changed_ms INTEGER NOT NULL,"
    "receipt_id TEXT,record_id TEXT,provider_status TEXT,reason TEXT,"
    "provider TEXT NOT NULL,environment TEXT NOT NULL,label TEXT NOT NULL,"
    "natural_key BLOB NOT NULL CHECK(length(natural_key)=32),"
    "CHECK(mode='keyed' OR attempts<=1),"
    "CHECK((state<>'planned' AND state<>'approved' AND state<>'refused' AND state<>'rejected' "
    "AND state<>'cancelled' AND state<>'expired') "
    "OR doubtful=0),"
    "CHECK(state<>'sending' OR(doubtful>0 AND first_sent_ms>0 AND deadline_ms>0 AND "
    "settle_until_ms>0)))STRICT;"

    /* The rest of what was planned: read before each send, and never written again. */
    "CREATE TABLE plan(entry INTEGER PRIMARY KEY REFERENCES entry(number),"
    "key TEXT NOT NULL UNIQUE,"
    "key_from TEXT NOT NULL CHECK((key_from='derived' OR key_from='random' OR key_from='given')),"
    "batch INTEGER REFERENCES batch(number),row INTEGER,"
    "amount_minor INTEGER NOT NULL CHECK(amount_minor>0),"
    "currency TEXT NOT NULL CHECK(length(currency)=3),"
    "customer TEXT,account TEXT,loan TEXT,installment TEXT,payment_date TEXT,reference TEXT,"
    "ordinal INTEGER NOT NULL CHECK(ordinal>0),"
    "method TEXT NOT NULL,target TEXT NOT NULL,body BLOB NOT NULL,arguments BLOB NOT NULL,"
    "hold TEXT,replaces INTEGER UNIQUE REFERENCES entry(number),because TEXT,"
    "planned_ms INTEGER NOT NULL)STRICT;"

    /*
     * Each event names the one before it of the same entry, and the entry its last, so that no index
     * by entry is needed. Attempts are told by the events that began and ended them. `form` says
     * how the seal and the hash were made: schemas before 3 left attempts out of the hash.
     */
    "CREATE TABLE event(sequence INTEGER PRIMARY KEY,form INTEGER NOT NULL,"
    "entry INTEGER REFERENCES entry(number),earlier INTEGER,moved_from TEXT,moved_to TEXT,"
    "why TEXT NOT NULL,evidence TEXT,who TEXT,at_ms INTEGER NOT NULL,"
    "attempt INTEGER,owner TEXT,deadline_ms INTEGER,outcome TEXT,kind TEXT,http_status INTEGER,"
    "interaction_id TEXT,message TEXT,"
    "seal BLOB CHECK(length(seal)=32),hash BLOB NOT NULL CHECK(length(hash)=32))STRICT;"

    "CREATE TABLE fact(provider TEXT NOT NULL,environment TEXT NOT NULL,label TEXT NOT NULL,"
    "name TEXT NOT NULL,value INTEGER NOT NULL,entry INTEGER REFERENCES entry(number),"
    "at_ms INTEGER NOT NULL,PRIMARY KEY(provider,environment,label,name))STRICT,WITHOUT ROWID;";

const char repay_sqlite_indexes[] =
    "CREATE UNIQUE INDEX entry_natural ON entry(natural_key) WHERE live=1;"
    "CREATE UNIQUE INDEX entry_record ON entry(provider,environment,label,record_id) "
    "WHERE record_id IS NOT NULL;"
    "CREATE INDEX entry_receipt ON entry(receipt_id) WHERE receipt_id IS NOT NULL;"
    "CREATE INDEX entry_open ON entry(open) WHERE open=1;"
    "CREATE INDEX entry_final ON entry(state) WHERE open=0;"
    "CREATE INDEX entry_approved ON entry(approved_ms) WHERE approved_ms IS NOT NULL;"
    "CREATE INDEX plan_account ON plan(account);"
    "CREATE INDEX plan_customer ON plan(customer);"
    "CREATE INDEX plan_batch ON plan(batch) WHERE batch IS NOT NULL;";

const char repay_sqlite_triggers[] =
    "CREATE TRIGGER entry_is_planned_first BEFORE INSERT ON entry WHEN NEW.state<>'planned' OR "
    "NEW.attempts<>0 OR NEW.doubtful<>0 BEGIN "
    "SELECT RAISE(FAIL,'an entry begins as planned');END;"

    "CREATE TRIGGER entry_facts_stay BEFORE UPDATE OF "
    "number,id,mode,digest,provider,environment,label,natural_key ON entry BEGIN "
    "SELECT RAISE(FAIL,'what was planned never changes');END;"
    "CREATE TRIGGER plan_stays BEFORE UPDATE ON plan BEGIN "
    "SELECT RAISE(FAIL,'what was planned never changes');END;"

    "CREATE TRIGGER entry_is_kept BEFORE DELETE ON entry BEGIN "
    "SELECT RAISE(FAIL,'an entry is never removed');END;"
    "CREATE TRIGGER plan_is_kept BEFORE DELETE ON plan BEGIN "
    "SELECT RAISE(FAIL,'an entry is never removed');END;"

    /* One trigger for two rules: each trigger that runs costs as much as the update itself. */
    "CREATE TRIGGER entry_moves AFTER UPDATE OF state,resend_until_ms ON entry BEGIN "
    "SELECT RAISE(ROLLBACK,'this move is not legal')WHERE NOT("
    /* The most usual first. A claim is the next try, and nothing else is. */
    "(OLD.state='sending' AND (NEW.state='accepted' OR NEW.state='unknown' OR "
    "NEW.state='approved' OR NEW.state='rejected' OR NEW.state='refused'))OR"
    "(OLD.state='approved' AND (NEW.state='sending' AND NEW.tries=OLD.tries+1 OR "
    "NEW.state='cancelled'))OR"
    "(OLD.state='planned' AND (NEW.state='approved' OR NEW.state='cancelled' OR "
    "NEW.state='expired'))OR"
    "(OLD.state='sending' AND NEW.state='sending' AND(OLD.tries=NEW.tries OR "
    "OLD.mode='keyed' AND NEW.tries=OLD.tries+1))OR"
    "(OLD.state='unknown' AND (NEW.state='unknown' OR NEW.state='accepted' OR "
    "NEW.state='absent'))OR"
    "(OLD.state='unknown' AND NEW.state='sending' AND OLD.mode='keyed' AND "
    "NEW.tries=OLD.tries+1)OR"
    "(OLD.state='accepted' AND NEW.state='verified')OR"
    /* What is accepted may still learn the id of its record, or a word of the provider. */
    "((OLD.state='accepted' OR OLD.state='verified') AND NEW.state=OLD.state AND "
    "OLD.attempts=NEW.attempts));"
    "SELECT RAISE(ROLLBACK,'the window of a key never grows')WHERE "
    "OLD.resend_until_ms IS NOT NULL AND NEW.state<>'approved' AND "
    "(NEW.resend_until_ms IS NULL OR NEW.resend_until_ms>OLD.resend_until_ms);END;"

    "CREATE TRIGGER entry_ids_stay AFTER UPDATE OF receipt_id,record_id ON entry WHEN "
    "(OLD.receipt_id IS NOT NULL AND OLD.receipt_id IS NOT NEW.receipt_id)OR"
    "(OLD.record_id IS NOT NULL AND OLD.record_id IS NOT NEW.record_id)BEGIN "
    "SELECT RAISE(ROLLBACK,'an id of the provider never changes');END;"

    "CREATE TRIGGER event_is_kept BEFORE DELETE ON event BEGIN "
    "SELECT RAISE(FAIL,'an event is never removed');END;"
    "CREATE TRIGGER event_is_written_once BEFORE UPDATE ON event BEGIN "
    "SELECT RAISE(FAIL,'an event never changes');END;"
    /* The event before it is the claim, or one that left the entry where the claim had brought it. */
    "CREATE TRIGGER attempt_ends_once BEFORE INSERT ON event WHEN NEW.outcome IS NOT NULL AND("
    "(SELECT moved_to FROM event WHERE sequence=NEW.earlier)IS NOT 'sending' OR "
    "(SELECT tries FROM entry WHERE number=NEW.entry)IS NOT NEW.attempt)BEGIN "
    "SELECT RAISE(FAIL,'an attempt ends once');END;"

    "CREATE TRIGGER before_id_stays BEFORE UPDATE ON before_id BEGIN "
    "SELECT RAISE(FAIL,'what was known before never changes');END;"
    "CREATE TRIGGER before_id_is_kept BEFORE DELETE ON before_id BEGIN "
    "SELECT RAISE(FAIL,'what was known before never changes');END;";

bool repay_sqlite_number(struct repay_store *store, const char *sql, int64_t *out,
                         struct repay_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return code == SQLITE_ROW || repay_sqlite_fail(store, code, "cannot read the journal", error);
}

/*
 * SQLite waits by itself for everything but this: of several who open a new file at once, one turns
 * it into a file with a log, and the others are told at once that it is busy.
 */
static bool want_log(struct repay_store *store, struct repay_error *error)
{
    static const char sql[] = "PRAGMA journal_mode=WAL";
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

    for (int64_t waited_ms = 0; (code & 0xff) == SQLITE_BUSY && waited_ms < store->busy_ms;
         waited_ms += LOG_WAIT_MS) {
        (void)sqlite3_sleep(LOG_WAIT_MS);
        code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    }
    return code == SQLITE_OK || repay_sqlite_fail(store, code, "the journal", error);
}

/* What every connection needs; none of it is kept in the file but the log's mode. */
bool repay_sqlite_set_up(struct repay_store *store, struct repay_error *error)
{
    sqlite3 *db = store->db;
    int reserved = REPAY_PAGE_RESERVED;
    int64_t is_log = 0;

    (void)sqlite3_extended_result_codes(db, 1);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    if (!repay_sqlite_run(
            store,
            "PRAGMA page_size=4096;PRAGMA mmap_size=0;PRAGMA cell_size_check=1;"
            "PRAGMA temp_store=memory;PRAGMA cache_size=-16384;PRAGMA synchronous=FULL",
            error) ||
        !want_log(store, error))
        return false;
    if (!repay_sqlite_number(store,
                             "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode='wal'",
                             &is_log, error))
        return false;
    return is_log == 1 ||
           store->core->error_set(error, REPAY_KIND_JOURNAL, "the journal cannot have a log here");
}

static bool mark(struct repay_store *store, struct repay_error *error)
{
    char sql[80];

    (void)snprintf(sql, sizeof sql, "PRAGMA application_id=%d;PRAGMA user_version=%d",
                   REPAY_SQLITE_APPLICATION, REPAY_STORE_SCHEMA);
    return repay_sqlite_run(store, sql, error);
}

static bool create(struct repay_store *store, int64_t unix_ms, struct repay_error *error)
{
    return repay_sqlite_run(store, lists, error) &&
           repay_sqlite_run(store, repay_sqlite_place_table, error) &&
           repay_sqlite_run(store, repay_sqlite_entry_tables, error) &&
           repay_sqlite_run(store, repay_sqlite_indexes, error) &&
           repay_sqlite_run(store, repay_sqlite_triggers, error) && mark(store, error) &&
           repay_sqlite_append_own(store, "created", unix_ms, error);
}

struct marks {
    int64_t application;
    int64_t version;
    int64_t tables;
};

static bool read_marks(struct repay_store *store, struct marks *out, struct repay_error *error)
{
    return repay_sqlite_number(store, "SELECT application_id FROM pragma_application_id",
                               &out->application, error) &&
           repay_sqlite_number(store, "SELECT user_version FROM pragma_user_version", &out->version,
                               error) &&
           repay_sqlite_number(store, "SELECT count(*) FROM sqlite_schema", &out->tables, error);
}

/* All of one moment: another process may be making the journal between two questions. */
static bool read_marks_at_once(struct repay_store *store, struct marks *out,
                               struct repay_error *error)
{
    struct repay_error ignored;
    bool is_read;

    if (!repay_sqlite_run(store, "BEGIN", error))
        return false;
    is_read = read_marks(store, out, error);
    return repay_sqlite_run(store, "ROLLBACK", is_read ? error : &ignored) && is_read;
}

static bool check_marks(struct repay_store *store, const struct marks *marks,
                        struct repay_error *error)
{
    if (marks->application == 0 && marks->tables == 0)
        return true;
    if (marks->application != REPAY_SQLITE_APPLICATION)
        return store->core->error_set(error, REPAY_KIND_CONFIG, "%.150s is no journal of repay",
                                      store->place.path);
    if (marks->version > REPAY_STORE_SCHEMA)
        return store->core->error_set(
            error, REPAY_KIND_CONFIG,
            "the journal has schema %d, and this repay knows schemas up to %d", (int)marks->version,
            REPAY_STORE_SCHEMA);
    return true;
}

static bool finish(struct repay_store *store, bool is_done, struct repay_error *error)
{
    if (is_done)
        return repay_store_commit(store, error);
    repay_store_rollback(store);
    return false;
}

/* One that is old is brought up or left as it is, and then the error says why. */
static bool migrate(struct repay_store *store, int64_t version, int64_t unix_ms,
                    struct repay_error *error)
{
    static const char how_large[] =
        "SELECT page_count*page_size FROM pragma_page_count,pragma_page_size";
    int64_t size = 0;
    bool is_done;

    store->is_old = true;
    is_done = repay_sqlite_number(store, how_large, &size, error) &&
              repay_sqlite_migrate(store, version, unix_ms, error) && mark(store, error);
    REPAY_CRASH_POINT("C32");
    is_done = finish(store, is_done, error);
    store->is_old = false;
    return is_done || repay_sqlite_leave_old(store, version, size, error);
}

/* Under the right to write, so that of two who find it old only one makes it new. */
static bool bring_up(struct repay_store *store, int64_t unix_ms, struct repay_error *error)
{
    struct marks marks;
    bool is_done;

    if (!repay_sqlite_run(store, "BEGIN IMMEDIATE", error))
        return false;
    store->is_writing = true;
    is_done = read_marks(store, &marks, error) && check_marks(store, &marks, error);
    if (is_done && marks.tables > 0 && marks.version < REPAY_STORE_SCHEMA)
        return migrate(store, marks.version, unix_ms, error);
    if (is_done && marks.tables == 0) {
        is_done = create(store, unix_ms, error);
        REPAY_CRASH_POINT("C34");
    }
    return finish(store, is_done, error);
}

bool repay_sqlite_prepare(struct repay_store *store, int64_t unix_ms, struct repay_error *error)
{
    struct marks marks;

    if (!read_marks_at_once(store, &marks, error) || !check_marks(store, &marks, error))
        return false;
    if (marks.tables > 0 && marks.version == REPAY_STORE_SCHEMA)
        return true;
    return bring_up(store, unix_ms, error);
}
