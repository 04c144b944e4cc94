/*
 * Owns the chain of events: each holds the hash of the one before and a seal over the whole row of
 * its entry. Refuses nothing; it is read by those who do.
 */
#include "sqlite_inner.h"

#include "sha256.h"

/* The forms of what is hashed below. */
#define EVENT_FORM REPAY_TEXT("repay event 1")
#define FACTS_FORM REPAY_TEXT("repay facts 1")
#define SEAL_FORM  REPAY_TEXT("repay entry 1")

static void add_text(struct repay_sha256 *hash, struct repay_text text)
{
    if (text.length > 0)
        repay_sha256_add_text(hash, text);
    else
        repay_sha256_add_absent(hash);
}

static void add_digest(struct repay_sha256 *hash, const void *digest)
{
    add_text(hash, (struct repay_text){digest, digest ? REPAY_DIGEST_SIZE : 0});
}

void repay_sqlite_digest_facts(const struct repay_entry_facts *facts,
                               unsigned char out[REPAY_DIGEST_SIZE])
{
    const struct repay_natural *natural = &facts->natural;
    const struct repay_text texts[] = {
        facts->id,        natural->provider,    natural->environment,  facts->label,
        facts->key,       facts->key_from,      facts->method,         facts->target,
        facts->body,      natural->currency,    natural->customer,     natural->account,
        facts->loan,      natural->installment, natural->payment_date, natural->reference,
        facts->arguments, facts->hold,          facts->because,
    };
    const int64_t numbers[] = {facts->batch,          facts->row,       (int64_t)facts->mode,
                               natural->amount_minor, natural->ordinal, facts->replaces,
                               facts->planned_ms};

    struct repay_sha256 hash;

    repay_sha256_init(&hash);
    repay_sha256_add_text(&hash, FACTS_FORM);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        add_text(&hash, texts[i]);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        repay_sha256_add_integer(&hash, numbers[i]);
    add_digest(&hash, facts->natural_key);
    repay_sha256_end(&hash, out);
}

void repay_sqlite_seal(const struct repay_entry *entry, unsigned char out[REPAY_DIGEST_SIZE])
{
    const struct repay_entry_standing *now = &entry->now;
    const int64_t numbers[] = {
        entry->number,        now->attempts,      now->doubtful,    now->tries,
        now->before_list,     now->first_sent_ms, now->deadline_ms, now->resend_until_ms,
        now->settle_until_ms, now->unseen_ms,     now->approved_ms, now->changed_ms,
    };
    struct repay_sha256 hash;

    repay_sha256_init(&hash);
    repay_sha256_add_text(&hash, SEAL_FORM);
    add_digest(&hash, entry->facts.digest);
    add_text(&hash, repay_text_of(repay_entry_state_name(now->state)));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        repay_sha256_add_integer(&hash, numbers[i]);
    /* Schema 1 had neither, and its seals stay good. */
    if (now->boot != 0) {
        repay_sha256_add_integer(&hash, now->boot);
        repay_sha256_add_integer(&hash, now->boot_ms);
    }
    add_text(&hash, now->receipt_id);
    add_text(&hash, now->record_id);
    add_text(&hash, now->provider_status);
    add_text(&hash, now->reason);
    repay_sha256_end(&hash, out);
}

void repay_sqlite_hash_event(const struct repay_sqlite_event *event,
                             unsigned char out[REPAY_DIGEST_SIZE])
{
    const struct repay_event *what = &event->event;
    struct repay_sha256 hash;

    repay_sha256_init(&hash);
    repay_sha256_add_text(&hash, EVENT_FORM);
    repay_sha256_add_integer(&hash, event->sequence);
    repay_sha256_add_integer(&hash, what->entry);
    add_text(&hash, what->id);
    add_text(&hash, what->from);
    add_text(&hash, what->to);
    add_text(&hash, what->why);
    add_text(&hash, what->evidence);
    add_text(&hash, what->who);
    repay_sha256_add_integer(&hash, what->at_ms);
    add_digest(&hash, event->seal);
    add_digest(&hash, event->previous);
    repay_sha256_end(&hash, out);
}

static const void *digest(sqlite3_stmt *row, int at)
{
    struct repay_text bytes = repay_sqlite_text(row, at);

    return bytes.length == REPAY_DIGEST_SIZE ? bytes.data : NULL;
}

void repay_sqlite_read_event(sqlite3_stmt *row, struct repay_sqlite_event *out)
{
    *out = (struct repay_sqlite_event){
        .sequence = sqlite3_column_int64(row, 0),
        .event =
            {
                .entry = sqlite3_column_int64(row, 1),
                .id = repay_sqlite_text(row, 2),
                .from = repay_sqlite_text(row, 3),
                .to = repay_sqlite_text(row, 4),
                .why = repay_sqlite_text(row, 5),
                .evidence = repay_sqlite_text(row, 6),
                .who = repay_sqlite_text(row, 7),
                .at_ms = sqlite3_column_int64(row, 8),
            },
        .seal = digest(row, 9),
        .previous = digest(row, 10),
        .hash = digest(row, 11),
    };
}

bool repay_sqlite_load_chain(struct repay_store *store, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_LAST_EVENT, error);
    struct repay_sqlite_event last;
    enum repay_found found;

    if (!statement)
        return false;
    found = repay_sqlite_step(store, statement, "cannot read the journal's events", error);
    if (found == REPAY_FIND_FAILED)
        return false;
    store->last_sequence = 0;
    memset(store->last_hash, 0, sizeof store->last_hash);
    if (found == REPAY_FOUND) {
        repay_sqlite_read_event(statement, &last);
        store->last_sequence = last.sequence;
        if (last.hash)
            memcpy(store->last_hash, last.hash, sizeof store->last_hash);
    }
    (void)sqlite3_reset(statement);
    return true;
}

bool repay_sqlite_append_event(struct repay_store *store, const struct repay_event *event,
                               const struct repay_entry *entry, struct repay_error *error)
{
    unsigned char seal[REPAY_DIGEST_SIZE];

    if (entry)
        repay_sqlite_seal(entry, seal);
    return repay_sqlite_append_sealed(store, event, entry ? seal : NULL, error);
}

bool repay_sqlite_append_sealed(struct repay_store *store, const struct repay_event *event,
                                const unsigned char *seal, struct repay_error *error)
{
    unsigned char hash[REPAY_DIGEST_SIZE];
    struct repay_sqlite_event whole = {.sequence = store->last_sequence + 1,
                                       .event = *event,
                                       .seal = seal,
                                       .previous = store->last_hash};
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_INSERT_EVENT, error);

    if (!statement)
        return false;
    repay_sqlite_hash_event(&whole, hash);
    (void)sqlite3_bind_int64(statement, 1, whole.sequence);
    repay_sqlite_bind_moment(statement, 2, event->entry);
    repay_sqlite_bind_text(statement, 3, event->id);
    repay_sqlite_bind_text(statement, 4, event->from);
    repay_sqlite_bind_text(statement, 5, event->to);
    repay_sqlite_bind_text(statement, 6, event->why);
    repay_sqlite_bind_text(statement, 7, event->evidence);
    repay_sqlite_bind_text(statement, 8, event->who);
    (void)sqlite3_bind_int64(statement, 9, event->at_ms);
    if (seal)
        repay_sqlite_bind_blob(statement, 10, seal, REPAY_DIGEST_SIZE);
    repay_sqlite_bind_blob(statement, 11, store->last_hash, sizeof store->last_hash);
    repay_sqlite_bind_blob(statement, 12, hash, sizeof hash);
    if (!repay_sqlite_finish(store, statement, "cannot write an event", error))
        return false;
    store->last_sequence = whole.sequence;
    memcpy(store->last_hash, hash, sizeof hash);
    return true;
}

bool repay_store_last_moment(struct repay_store *store, int64_t *out, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_LAST_EVENT, error);
    enum repay_found found;

    if (!statement)
        return false;
    found = repay_sqlite_step(store, statement, "cannot read the journal's events", error);
    if (found == REPAY_FIND_FAILED)
        return false;
    *out = found == REPAY_FOUND ? sqlite3_column_int64(statement, 8) : 0;
    (void)sqlite3_reset(statement);
    return true;
}

enum repay_found repay_store_next_event(struct repay_store *store, int64_t entry, int64_t *sequence,
                                        struct repay_event *out, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_NEXT_EVENT, error);
    struct repay_sqlite_event whole;
    enum repay_found found;

    if (!statement)
        return REPAY_FIND_FAILED;
    (void)sqlite3_bind_int64(statement, 1, entry);
    (void)sqlite3_bind_int64(statement, 2, *sequence);
    found = repay_sqlite_step(store, statement, "cannot read the journal's events", error);
    if (found == REPAY_FOUND) {
        repay_sqlite_read_event(statement, &whole);
        *sequence = whole.sequence;
        *out = whole.event;
    }
    return found;
}
