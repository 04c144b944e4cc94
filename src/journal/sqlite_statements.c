/*
 * Owns the SQL of the store, how a statement is prepared once and used often, and what a failure of
 * SQLite means. Refuses to go on after the disk failed: the kernel may have dropped what it could
 * not write, so only opening again tells what is there.
 */
#include "sqlite_inner.h"

#define BRIEF_COLUMNS                                                                              \
    "number,id,mode,digest,state,last_event,attempts,doubtful,tries,before_list,first_sent_ms,"    \
    "deadline_ms,resend_until_ms,settle_until_ms,unseen_ms,approved_ms,changed_ms,boot,boot_ms,"   \
    "receipt_id,record_id,provider_status,reason"
#define ENTRY_COLUMNS                                                                              \
    BRIEF_COLUMNS ",provider,environment,label,natural_key,key,key_from,batch,row,amount_minor,"   \
                  "currency,customer,account,loan,installment,payment_date,reference,ordinal,"     \
                  "method,target,body,arguments,hold,replaces,because,planned_ms"
#define ENTRY "SELECT " ENTRY_COLUMNS " FROM entry JOIN plan ON plan.entry=number WHERE "

const char repay_sqlite_entry_columns[] = ENTRY_COLUMNS;
const char repay_sqlite_brief_columns[] = BRIEF_COLUMNS;

#define EVENT_COLUMNS                                                                              \
    "event.sequence,event.form,event.entry,event.earlier,event.moved_from,event.moved_to,"         \
    "event.why,event.evidence,event.who,event.at_ms,event.attempt,event.owner,event.deadline_ms,"  \
    "event.outcome,event.kind,event.http_status,event.interaction_id,event.message,event.seal,"    \
    "event.hash,(SELECT id FROM entry WHERE number=event.entry)"

const char repay_sqlite_event_columns[] = EVENT_COLUMNS;

/* What every move may change. No index is touched by it. */
#define MOVE                                                                                       \
    "UPDATE OR FAIL entry SET "                                                                    \
    "state=?2,attempts=?3,doubtful=?4,tries=?5,first_sent_ms=?6,deadline_ms=?7,"                   \
    "resend_until_ms=?8,settle_until_ms=?9,unseen_ms=?10,changed_ms=?11,provider_status=?12,"      \
    "reason=?13,last_event=?14"

#define IS_LIVE                                                                                    \
    "(?2<>'cancelled' AND ?2<>'expired' AND ?2<>'refused' AND ?2<>'rejected' AND ?2<>'absent')"

static const char *const texts[REPAY_SQL_COUNT] = {
    [REPAY_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [REPAY_SQL_COMMIT] = "COMMIT",
    [REPAY_SQL_ROLLBACK] = "ROLLBACK",
    [REPAY_SQL_COUNT_OPEN] = "SELECT count(*) FROM entry WHERE open=1",
    [REPAY_SQL_NUMBER_OF] = "SELECT number FROM entry WHERE id=?1",
    [REPAY_SQL_FIND_ID] = ENTRY "id=?1",
    [REPAY_SQL_FIND_NUMBER] = ENTRY "number=?1",
    [REPAY_SQL_FIND_STANDING] = "SELECT " BRIEF_COLUMNS " FROM entry WHERE number=?1",
    [REPAY_SQL_FIND_KEY] = ENTRY "key=?1",
    [REPAY_SQL_FIND_NATURAL] = ENTRY "natural_key=?1 AND live=1",
    /* The account's few plans come first, whatever else the database would try. */
    [REPAY_SQL_FIND_LIKE] =
        "SELECT id FROM plan CROSS JOIN entry ON number=plan.entry WHERE account=?1 AND "
        "amount_minor=?2 AND currency=?3 AND planned_ms>=?4 AND live=1 AND "
        "(?5 IS NULL OR provider=?5)AND(?6 IS NULL OR environment=?6)AND"
        "(?7 IS NULL OR label=?7)ORDER BY plan.entry LIMIT 1",
    [REPAY_SQL_INSERT] = "INSERT INTO entry(id,mode,digest,state,last_event,changed_ms,provider,"
                         "environment,label,natural_key)VALUES(?1,?2,?3,'planned',?4,?5,?6,"
                         "coalesce(?7,''),coalesce(?8,''),?9)",
    [REPAY_SQL_INSERT_PLAN] =
        "INSERT INTO plan(entry,key,key_from,batch,row,amount_minor,currency,customer,account,"
        "loan,installment,payment_date,reference,ordinal,method,target,body,arguments,hold,"
        "replaces,because,planned_ms)VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,"
        "?17,?18,?19,?20,?21,?22)",
    [REPAY_SQL_MOVE] = MOVE " WHERE number=?1",
    [REPAY_SQL_MOVE_LIST] = MOVE ",before_list=?15,boot=?16,boot_ms=?17 WHERE number=?1",
    [REPAY_SQL_MOVE_APPROVED] = MOVE ",approved_ms=?15 WHERE number=?1",
    [REPAY_SQL_MOVE_IDS] = MOVE ",receipt_id=?15,record_id=?16 WHERE number=?1",
    [REPAY_SQL_MOVE_ALL] =
        MOVE ",live=" IS_LIVE ",open=(" IS_LIVE " AND ?2<>'verified'),"
             "before_list=?15,approved_ms=?16,receipt_id=?17,record_id=?18 WHERE number=?1",
    [REPAY_SQL_SWEEP] =
        "UPDATE OR FAIL entry SET state=?1,changed_ms=?2,reason=repay_swept(number,1),"
        "resend_until_ms=repay_swept(number,2),last_event=repay_swept(number,3) WHERE open=1 AND "
        "state=?3 AND number>?4 AND number<=?5 AND repay_swept(number,0)",
    [REPAY_SQL_INSERT_EVENT] =
        "INSERT INTO event(sequence,form,entry,earlier,moved_from,moved_to,why,evidence,who,at_ms,"
        "attempt,owner,deadline_ms,outcome,kind,http_status,interaction_id,message,seal,hash)"
        "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)",
    [REPAY_SQL_LAST_EVENT] = "SELECT sequence,at_ms,hash FROM event ORDER BY sequence DESC LIMIT 1",
    [REPAY_SQL_FIND_EVENT] = "SELECT " EVENT_COLUMNS " FROM event WHERE event.sequence=?1",
    [REPAY_SQL_INSERT_BATCH] =
        "INSERT INTO batch(name,file_sha256,row_count,planned_ms,planned_by)VALUES(?1,?2,?3,?4,?5)",
    [REPAY_SQL_NEXT_BATCH] = "SELECT number,name,file_sha256,row_count,planned_ms,planned_by "
                             "FROM batch WHERE number>?1 ORDER BY number LIMIT 1",
    [REPAY_SQL_INSERT_BEFORE] =
        "INSERT INTO before_list(provider,environment,label,customer,taken_ms,id_count)"
        "VALUES(?1,?2,?3,?4,?5,?6)",
    [REPAY_SQL_INSERT_BEFORE_ID] = "INSERT INTO before_id(list,id)VALUES(?1,?2)",
    [REPAY_SQL_INSERT_BEFORE_ACCOUNT] =
        "INSERT INTO before_account(list,account,balance_minor,paid)VALUES(?1,?2,?3,?4)",
    [REPAY_SQL_FIND_BEFORE] = "SELECT number,provider,environment,label,customer,taken_ms,id_count "
                              "FROM before_list WHERE number=?1",
    [REPAY_SQL_FIND_BEFORE_ID] = "SELECT 1 FROM before_id WHERE list=?1 AND id=?2",
    [REPAY_SQL_FIND_BEFORE_ACCOUNT] =
        "SELECT balance_minor,paid FROM before_account WHERE list=?1 AND account=?2",
    [REPAY_SQL_FIND_RECORD] = "SELECT 1 FROM entry WHERE provider=?1 AND "
                              "environment=coalesce(?2,'') AND label=coalesce(?3,'') AND "
                              "record_id=?4 AND record_id IS NOT NULL",
    [REPAY_SQL_FIND_RECEIPT] =
        "SELECT 1 FROM entry AS other JOIN entry AS own ON own.number=?2 AND "
        "own.provider=other.provider AND own.environment=other.environment AND "
        "own.label=other.label WHERE other.receipt_id=?1 AND other.receipt_id IS NOT NULL AND "
        "other.number<>?2",
    [REPAY_SQL_LEARN] = "INSERT INTO fact(provider,environment,label,name,value,entry,at_ms)"
                        "VALUES(?1,coalesce(?2,''),coalesce(?3,''),?4,?5,?6,?7) ON "
                        "CONFLICT(provider,environment,label,name) DO "
                        "UPDATE SET value=excluded.value,entry=excluded.entry,at_ms=excluded.at_ms",
    [REPAY_SQL_KNOWN] =
        "SELECT value FROM fact WHERE provider=?1 AND environment=coalesce(?2,'') AND "
        "label=coalesce(?3,'') AND name=?4",
    [REPAY_SQL_LARGEST_SUM] =
        "SELECT coalesce(max(minor),0)FROM(SELECT sum(amount_minor)AS minor "
        "FROM entry JOIN plan ON plan.entry=number WHERE approved_ms>=?1 AND approved_ms<?2 AND "
        "(state='approved' OR state='sending' OR state='accepted' OR state='verified' OR "
        "state='unknown')"
        "GROUP BY provider,environment,label,currency,CASE WHEN ?4 THEN account END "
        "HAVING max(last_event)>=?3)",
};

void repay_sqlite_lose(struct repay_store *store)
{
    for (int i = 0; i < REPAY_SQL_COUNT; i++) {
        (void)sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
    (void)sqlite3_finalize(store->selection);
    store->selection = NULL;
    store->nobody_owns = false;
    store->used = 0;
    (void)sqlite3_close(store->db);
    store->db = NULL;
    store->is_writing = false;
}

/* Faults after which the connection may be used on: nothing of the disk is in doubt. */
static bool is_harmless(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CONSTRAINT:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
    case SQLITE_TOOBIG:
        return true;
    default:
        return false;
    }
}

static enum repay_kind kind_of(int code)
{
    if (code == SQLITE_IOERR_DATA)
        return REPAY_KIND_JOURNAL_CORRUPT;
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return REPAY_KIND_JOURNAL_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return REPAY_KIND_JOURNAL_CORRUPT;
    case SQLITE_NOMEM:
        return REPAY_KIND_MEMORY;
    default:
        return REPAY_KIND_JOURNAL;
    }
}

bool repay_sqlite_fail(struct repay_store *store, int code, const char *doing,
                       struct repay_error *error)
{
    /* Not sqlite3_errmsg for faults of the disk: it may quote a statement with what it holds. */
    const char *words = (code & 0xff) == SQLITE_CONSTRAINT ? sqlite3_errmsg(store->db)
                                                           : sqlite3_errstr(code & 0xff);
    char where[REPAY_SQLITE_WHERE_MAX];

    if (store->is_old && kind_of(code) == REPAY_KIND_JOURNAL_CORRUPT) {
        store->is_old = false;
        repay_sqlite_find_damage(store->db, where);
        doing = where;
    }
    if (code == SQLITE_IOERR_DATA)
        words = "a page does not match its checksum";
    else if (code == SQLITE_IOERR_SHMSIZE)
        words = "the disk has no room for the index of its log";
    (void)store->core->error_set(error, kind_of(code), "%s: %.120s (%d)", doing, words, code);
    if (!is_harmless(code)) {
        store->failed = code;
        repay_sqlite_lose(store);
    }
    return false;
}

void repay_store_rest(struct repay_store *store)
{
    bool is_at_rest = store->used == 0 && !store->selection;

    if (!store->db || is_at_rest || repay_store_is_inherited(store))
        return;
    for (int i = 0; store->used != 0; i++) {
        uint64_t bit = (uint64_t)1 << i;

        if ((store->used & bit) == 0)
            continue;
        (void)sqlite3_reset(store->statements[i]);
        store->used &= ~bit;
    }
    repay_store_end_select(store);
}

bool repay_sqlite_check(struct repay_store *store, struct repay_error *error)
{
    if (repay_store_is_inherited(store))
        return store->core->error_set(error, REPAY_KIND_JOURNAL,
                                      "the journal was opened in another process");
    if (!store->db)
        return store->core->error_set(
            error, REPAY_KIND_JOURNAL,
            "the journal was closed by a failure of its disk and must be opened again");
    return true;
}

bool repay_sqlite_run(struct repay_store *store, const char *sql, struct repay_error *error)
{
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK || repay_sqlite_fail(store, code, "the journal", error);
}

sqlite3_stmt *repay_sqlite_use(struct repay_store *store, enum repay_statement which,
                               struct repay_error *error)
{
    sqlite3_stmt **statement = &store->statements[which];
    int code;

    /* Begin has looked at the process, and no transaction outlives a call of ours. */
    if (!(store->is_writing && store->db) && !repay_sqlite_check(store, error))
        return NULL;
    store->used |= (uint64_t)1 << which;
    if (*statement) {
        (void)sqlite3_reset(*statement);
        (void)sqlite3_clear_bindings(*statement);
        return *statement;
    }
    code =
        sqlite3_prepare_v3(store->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
    if (code != SQLITE_OK)
        (void)repay_sqlite_fail(store, code, "the journal", error);
    return store->db ? store->statements[which] : NULL;
}

bool repay_sqlite_finish(struct repay_store *store, sqlite3_stmt *statement, const char *doing,
                         struct repay_error *error)
{
    int code = sqlite3_step(statement);

    (void)sqlite3_reset(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW ||
           repay_sqlite_fail(store, code, doing, error);
}

enum repay_found repay_sqlite_step(struct repay_store *store, sqlite3_stmt *statement,
                                   const char *doing, struct repay_error *error)
{
    int code = sqlite3_step(statement);

    if (code == SQLITE_ROW)
        return REPAY_FOUND;
    (void)sqlite3_reset(statement);
    if (code == SQLITE_DONE)
        return REPAY_NOT_FOUND;
    (void)repay_sqlite_fail(store, code, doing, error);
    return REPAY_FIND_FAILED;
}

void repay_sqlite_bind_text(sqlite3_stmt *statement, int at, struct repay_text text)
{
    if (text.length > 0)
        (void)sqlite3_bind_text64(statement, at, text.data, text.length, SQLITE_STATIC,
                                  SQLITE_UTF8);
}

void repay_sqlite_bind_blob(sqlite3_stmt *statement, int at, const void *data, size_t size)
{
    /* An empty body is one, and no absent one. */
    (void)sqlite3_bind_blob64(statement, at, size > 0 ? data : "", size, SQLITE_STATIC);
}

void repay_sqlite_bind_moment(sqlite3_stmt *statement, int at, int64_t value)
{
    if (value != 0)
        (void)sqlite3_bind_int64(statement, at, value);
}

struct repay_text repay_sqlite_text(sqlite3_stmt *statement, int at)
{
    const void *data = sqlite3_column_blob(statement, at);

    return (struct repay_text){data, data ? (size_t)sqlite3_column_bytes(statement, at) : 0};
}
