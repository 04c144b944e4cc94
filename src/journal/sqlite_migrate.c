/*
 * Owns how an older journal becomes one of today's schema: in place, in one transaction, with every
 * event as it was. Refuses a journal whose attempts and events do not tell the same, because then
 * nobody knows which of them is right.
 */
#include "sqlite_inner.h"

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

static const char untold_attempts_2[] = "SELECT(SELECT count(*)+count(ended_ms) FROM old_attempt)-"
                                        "(SELECT count(deadline_ms)+count(outcome) FROM event)";

static const char drop_2[] = "DROP TABLE old_fact;"
                             "DROP TABLE old_attempt;"
                             "DROP TABLE old_event;"
                             "DROP TABLE old_entry;"
                             "DROP TRIGGER before_id_stays;"
                             "DROP TRIGGER before_id_is_kept;";

static bool check_attempts_2(struct repay_store *store, struct repay_error *error)
{
    int64_t untold = 0;

    if (!repay_sqlite_number(store, untold_attempts_2, &untold, error))
        return false;
    return untold == 0 ||
           store->core->error_set(error, REPAY_KIND_JOURNAL_CORRUPT,
                                  "the journal's attempts do not agree with its events: it is left "
                                  "as it is, with an older schema");
}

/*
 * What an event repeated, the hash of the one before and the id of its entry, is not copied: its
 * hash is over what they are, so verify still finds whatever was not as it should be.
 */
static bool migrate_from_2(struct repay_store *store, struct repay_error *error)
{
    return repay_sqlite_run(store, move_away_2, error) &&
           repay_sqlite_run(store, repay_sqlite_entry_tables, error) &&
           repay_sqlite_run(store, copy_entries_2, error) &&
           repay_sqlite_run(store, copy_events_2, error) && check_attempts_2(store, error) &&
           repay_sqlite_run(store, drop_2, error) &&
           repay_sqlite_run(store, repay_sqlite_indexes, error) &&
           repay_sqlite_run(store, repay_sqlite_triggers, error);
}

bool repay_sqlite_migrate(struct repay_store *store, int64_t version, int64_t unix_ms,
                          struct repay_error *error)
{
    char why[] = "migrated_from_schema_0";

    if (version == 0 && !repay_sqlite_run(store, from_0, error))
        return false;
    if (version <= 1 && (!repay_sqlite_run(store, from_1, error) ||
                         !repay_sqlite_run(store, repay_sqlite_place_table, error)))
        return false;
    if (version <= 2 && !migrate_from_2(store, error))
        return false;
    for (; version < REPAY_STORE_SCHEMA; version++) {
        why[sizeof why - 2] = (char)('0' + version);
        if (!repay_sqlite_append_own(store, why, unix_ms, error))
            return false;
    }
    return repay_sqlite_look_back(store, unix_ms, error);
}
