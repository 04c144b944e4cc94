/*
 * Owns how an older journal becomes one of today's schema: in place, in one transaction, with every
 * event as it was. Refuses a journal whose attempts and events do not tell the same, because then
 * nobody knows which of them is right; and says where one is damaged, or how much room it needs.
 */
#include "sqlite_inner.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * What was measured: up to 1.9 times its size is written to the log, and the journal itself grows by
 * up to 0.9 times its size, because the tables that it had are given up last.
 */
#define ROOM_TIMES 3
#define MEGABYTE   1000000

/* Schema 0 had no holds and learnt nothing about providers. */
static const char from_0[] =
    "ALTER TABLE entry ADD COLUMN hold TEXT;"
    "CREATE TABLE fact(provider TEXT NOT NULL,environment TEXT NOT NULL,label TEXT NOT NULL,"
    "name TEXT NOT NULL,value INTEGER NOT NULL,entry INTEGER REFERENCES entry(number),"
    "at_ms INTEGER NOT NULL,PRIMARY KEY(provider,environment,label,name))STRICT,WITHOUT ROWID;";

/* Schema 1 trusted the wall clock alone, and took every copy of itself for itself. */
static const char from_1[] = "ALTER TABLE entry ADD COLUMN boot INTEGER;"
                             "ALTER TABLE entry ADD COLUMN boot_ms INTEGER;";

/*
 * Schema 2 kept an entry in one row, and attempts beside the events that told of them. What refers
 * to a table goes on referring to it under its new name, so all that do are made anew, too. Their
 * indexes and triggers go with the old tables; until then the index of events by entry is needed.
 */
static const char move_away_2[] = "ALTER TABLE fact RENAME TO old_fact;"
                                  "ALTER TABLE attempt RENAME TO old_attempt;"
                                  "ALTER TABLE event RENAME TO old_event;"
                                  "ALTER TABLE entry RENAME TO old_entry;";

static const char copy_entries_2[] =
    "INSERT INTO entry(number,id,mode,digest,state,live,open,last_event,attempts,doubtful,tries,"
    "before_list,first_sent_ms,boot,boot_ms,deadline_ms,resend_until_ms,settle_until_ms,"
    "unseen_ms,approved_ms,changed_ms,receipt_id,record_id,provider_status,reason,"
    "provider,environment,label,natural_key)"
    "SELECT number,id,mode,digest,state,live,live=1 AND state<>'verified',"
    "coalesce((SELECT max(sequence) FROM old_event WHERE old_event.entry=old_entry.number),0),"
    "attempts,doubtful,tries,"
    "before_list,first_sent_ms,boot,boot_ms,deadline_ms,resend_until_ms,settle_until_ms,"
    "unseen_ms,approved_ms,changed_ms,receipt_id,record_id,provider_status,reason,"
    "provider,environment,label,natural_key FROM old_entry ORDER BY number;"

    "INSERT INTO plan(entry,key,key_from,batch,row,amount_minor,currency,customer,account,loan,"
    "installment,payment_date,reference,ordinal,method,target,body,arguments,hold,replaces,"
    "because,planned_ms)"
    "SELECT number,key,key_from,batch,row,amount_minor,currency,customer,account,loan,"
    "installment,payment_date,reference,ordinal,method,target,body,arguments,hold,replaces,"
    "because,planned_ms FROM old_entry ORDER BY number;"

    "INSERT INTO fact SELECT * FROM old_fact;";

/* An event that tells of an attempt says its number and is of its moment. */
static const char copy_events_2[] =
    "INSERT INTO event(sequence,form,entry,earlier,moved_from,moved_to,why,evidence,who,at_ms,"
    "attempt,owner,deadline_ms,outcome,kind,http_status,interaction_id,message,seal,hash)"
    "SELECT event.sequence,1,event.entry,(SELECT max(earlier.sequence) FROM old_event AS earlier "
    "WHERE earlier.entry=event.entry AND earlier.sequence<event.sequence),"
    "event.moved_from,event.moved_to,event.why,event.evidence,event.who,event.at_ms,"
    "coalesce(begun.number,ended.number),begun.owner,begun.deadline_ms,ended.outcome,ended.kind,"
    "ended.http_status,ended.interaction_id,ended.message,event.seal,event.hash "
    "FROM old_event AS event "
    "LEFT JOIN old_attempt AS begun ON event.why='claimed' AND begun.entry=event.entry AND "
    "begun.started_ms=event.at_ms AND "
    "event.evidence LIKE 'attempt '||begun.number||', by %' "
    "LEFT JOIN old_attempt AS ended ON event.moved_from='sending' AND ended.entry=event.entry AND "
    "ended.ended_ms=event.at_ms AND event.evidence LIKE 'attempt '||ended.number||': %' "
    "ORDER BY event.sequence;";

static const char untold_count_2[] = "SELECT(SELECT count(*)+count(ended_ms) FROM old_attempt)-"
                                     "(SELECT count(deadline_ms)+count(outcome) FROM event)";

/* The first attempt whose beginning or end no event tells. */
static const char untold_attempt_2[] =
    "SELECT entry,number FROM(SELECT entry,number FROM old_attempt EXCEPT "
    "SELECT entry,attempt FROM event WHERE deadline_ms IS NOT NULL)UNION ALL "
    "SELECT entry,number FROM(SELECT entry,number FROM old_attempt WHERE ended_ms IS NOT NULL "
    "EXCEPT SELECT entry,attempt FROM event WHERE outcome IS NOT NULL)LIMIT 1";

static const char drop_2[] = "DROP TABLE old_fact;"
                             "DROP TABLE old_attempt;"
                             "DROP TABLE old_event;"
                             "DROP TABLE old_entry;"
                             "DROP TRIGGER before_id_stays;"
                             "DROP TRIGGER before_id_is_kept;";

/* False where a row cannot be read; `*rows`: how many could. */
static bool read_through(sqlite3 *db, const char *table, int64_t *rows)
{
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", table);
    int code = sql ? sqlite3_prepare_v2(db, sql, -1, &statement, NULL) : SQLITE_NOMEM;

    sqlite3_free(sql);
    *rows = -1;
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        ++*rows;
    }
    (void)sqlite3_finalize(statement);
    return code == SQLITE_DONE;
}

void repay_sqlite_find_damage(sqlite3 *db, char out[REPAY_SQLITE_WHERE_MAX])
{
    sqlite3_stmt *tables = NULL;
    int64_t rows = 0;
    bool is_found = false;
    int code;

    (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    code = sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type='table'", -1, &tables,
                              NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(tables);
    while (code == SQLITE_ROW && !is_found) {
        const char *table = (const char *)sqlite3_column_text(tables, 0);

        is_found = !read_through(db, table, &rows);
        if (is_found)
            (void)snprintf(out, REPAY_SQLITE_WHERE_MAX,
                           "its table '%.20s' is damaged, and %" PRId64 " rows of it can be read",
                           table, rows);
        else
            code = sqlite3_step(tables);
    }
    if (!is_found)
        (void)snprintf(out, REPAY_SQLITE_WHERE_MAX, "%s is damaged",
                       code == SQLITE_DONE ? "an index" : "its list of tables");
    (void)sqlite3_finalize(tables);
}

/* `what` says what cannot be done. A row that today's rules refuse is none that was written so. */
static bool take_over(struct repay_store *store, const char *sql, const char *what,
                      struct repay_error *error)
{
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

    if (code == SQLITE_OK)
        return true;
    (void)repay_sqlite_fail(store, code, what, error);
    if ((code & 0xff) == SQLITE_CONSTRAINT)
        error->kind = REPAY_KIND_JOURNAL_CORRUPT;
    return false;
}

static bool check_attempts_2(struct repay_store *store, struct repay_error *error)
{
    sqlite3_stmt *statement = NULL;
    char which[REPAY_SQLITE_WHERE_MAX] = "the attempts";
    int64_t untold = 0;

    if (!repay_sqlite_number(store, untold_count_2, &untold, error))
        return false;
    if (untold == 0)
        return true;
    if (sqlite3_prepare_v2(store->db, untold_attempt_2, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        (void)snprintf(which, sizeof which, "attempt %lld of entry %lld",
                       sqlite3_column_int64(statement, 1), sqlite3_column_int64(statement, 0));
    (void)sqlite3_finalize(statement);
    return store->core->error_set(error, REPAY_KIND_JOURNAL_CORRUPT,
                                  "its events do not tell what its table 'attempt' does of %s",
                                  which);
}

/*
 * What an event repeated, the hash of the one before and the id of its entry, is not copied: its
 * hash is over what they are, so verify still finds whatever was not as it should be.
 */
static bool migrate_from_2(struct repay_store *store, struct repay_error *error)
{
    static const char tables[] = "its tables cannot be made anew";

    return take_over(store, move_away_2, tables, error) &&
           take_over(store, repay_sqlite_entry_tables, tables, error) &&
           take_over(store, copy_entries_2, "its table 'entry' cannot be taken over", error) &&
           take_over(store, copy_events_2, "its table 'event' cannot be taken over", error) &&
           check_attempts_2(store, error) && take_over(store, drop_2, tables, error) &&
           take_over(store, repay_sqlite_indexes, tables, error) &&
           take_over(store, repay_sqlite_triggers, tables, error);
}

bool repay_sqlite_migrate(struct repay_store *store, int64_t version, int64_t unix_ms,
                          struct repay_error *error)
{
    static const char columns[] = "its tables cannot be added to";
    char why[] = "migrated_from_schema_0";
    int64_t places = 0;

    if (version == 0 && !take_over(store, from_0, columns, error))
        return false;
    if (version <= 1 && (!take_over(store, from_1, columns, error) ||
                         !take_over(store, repay_sqlite_place_table, columns, error)))
        return false;
    if (version <= 2 && !migrate_from_2(store, error))
        return false;
    for (; version < REPAY_STORE_SCHEMA; version++) {
        why[sizeof why - 2] = (char)('0' + version);
        if (!repay_sqlite_append_own(store, why, unix_ms, error))
            return false;
    }
    /* What is read next is read now, while there is a way back. */
    return repay_sqlite_look_back(store, unix_ms, error) &&
           repay_sqlite_number(store, "SELECT count(stamp) FROM place", &places, error);
}

bool repay_sqlite_leave_old(const struct repay_store *store, int64_t version, int64_t size,
                            struct repay_error *error)
{
    struct repay_error why = *error;

    if ((store->failed & 0xff) == SQLITE_FULL)
        (void)store->core->error_set(&why, error->kind,
                                     "its disk has no room: up to %" PRId64 " MB more are needed",
                                     size * ROOM_TIMES / MEGABYTE + 1);
    return store->core->error_set(error, why.kind,
                                  "the journal has schema %" PRId64 " and is left as it is: %s",
                                  version, why.message);
}
