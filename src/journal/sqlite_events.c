/*
 * Owns the chain of events: each holds the hash of the one before and a seal over the whole row of
 * its entry. Refuses nothing; it is read by those who do.
 */
#include "sqlite_inner.h"

#include "sha256.h"

/* The forms of what is hashed below. */
#define EVENT_FORM_1 REPAY_TEXT("repay event 1")
#define EVENT_FORM_2 REPAY_TEXT("repay event 2")
#define FACTS_FORM   REPAY_TEXT("repay facts 1")
#define SEAL_FORM_1  REPAY_TEXT("repay entry 1")
#define SEAL_FORM_2  REPAY_TEXT("repay entry 2")

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

static void seal_in_form_1(const struct repay_entry *entry, struct repay_sha256 *hash)
{
    const struct repay_entry_standing *now = &entry->now;
    const int64_t numbers[] = {
        entry->number,        now->attempts,      now->doubtful,    now->tries,
        now->before_list,     now->first_sent_ms, now->deadline_ms, now->resend_until_ms,
        now->settle_until_ms, now->unseen_ms,     now->approved_ms, now->changed_ms,
    };

    repay_sha256_add_text(hash, SEAL_FORM_1);
    add_digest(hash, entry->facts.digest);
    add_text(hash, repay_text_of(repay_entry_state_name(now->state)));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        repay_sha256_add_integer(hash, numbers[i]);
    /* Schema 1 had neither, and its seals stay good. */
    if (now->boot != 0) {
        repay_sha256_add_integer(hash, now->boot);
        repay_sha256_add_integer(hash, now->boot_ms);
    }
}

static void seal_in_form_2(const struct repay_entry *entry, struct repay_sha256 *hash)
{
    const struct repay_entry_standing *now = &entry->now;
    const int64_t numbers[] = {
        entry->number,
        now->attempts,
        now->doubtful,
        now->tries,
        now->before_list,
        now->first_sent_ms,
        now->boot,
        now->boot_ms,
        now->deadline_ms,
        now->resend_until_ms,
        now->settle_until_ms,
        now->unseen_ms,
        now->approved_ms,
        now->changed_ms,
    };

    repay_sha256_add_text(hash, SEAL_FORM_2);
    repay_sha256_add(hash, entry->facts.digest, REPAY_DIGEST_SIZE);
    repay_sha256_add_numbers(hash, numbers, sizeof numbers / sizeof *numbers);
    add_text(hash, repay_text_of(repay_entry_state_name(now->state)));
}

void repay_sqlite_seal(const struct repay_entry *entry, int64_t form,
                       unsigned char out[REPAY_DIGEST_SIZE])
{
    const struct repay_entry_standing *now = &entry->now;
    struct repay_sha256 hash;

    repay_sha256_init(&hash);
    if (form == REPAY_EVENT_FORM_1)
        seal_in_form_1(entry, &hash);
    else
        seal_in_form_2(entry, &hash);
    add_text(&hash, now->receipt_id);
    add_text(&hash, now->record_id);
    add_text(&hash, now->provider_status);
    add_text(&hash, now->reason);
    repay_sha256_end(&hash, out);
}

static void add_moved(struct repay_sha256 *hash, const struct repay_event *event)
{
    add_text(hash, event->from);
    add_text(hash, event->to);
    add_text(hash, event->why);
    add_text(hash, event->evidence);
    add_text(hash, event->who);
}

static void add_in_form_1(struct repay_sha256 *hash, const struct repay_sqlite_event *event)
{
    repay_sha256_add_text(hash, EVENT_FORM_1);
    repay_sha256_add_integer(hash, event->sequence);
    repay_sha256_add_integer(hash, event->event.entry);
    add_text(hash, event->id);
    add_moved(hash, &event->event);
    repay_sha256_add_integer(hash, event->event.at_ms);
}

static void add_in_form_2(struct repay_sha256 *hash, const struct repay_sqlite_event *event)
{
    const struct repay_event_attempt *attempt = &event->event.attempt;
    const int64_t numbers[] = {
        event->sequence, event->event.entry,   event->earlier,       event->event.at_ms,
        attempt->number, attempt->deadline_ms, attempt->http_status,
    };

    repay_sha256_add_text(hash, EVENT_FORM_2);
    repay_sha256_add_numbers(hash, numbers, sizeof numbers / sizeof *numbers);
    add_moved(hash, &event->event);
    if (attempt->number == 0)
        return;
    add_text(hash, attempt->owner);
    add_text(hash, attempt->outcome);
    add_text(hash, attempt->kind);
    add_text(hash, attempt->interaction_id);
    add_text(hash, attempt->message);
}

void repay_sqlite_hash_event(const struct repay_sqlite_event *event,
                             const unsigned char previous[REPAY_DIGEST_SIZE],
                             unsigned char out[REPAY_DIGEST_SIZE])
{
    struct repay_sha256 hash;

    repay_sha256_init(&hash);
    if (event->form == REPAY_EVENT_FORM_1)
        add_in_form_1(&hash, event);
    else
        add_in_form_2(&hash, event);
    add_digest(&hash, event->seal);
    add_digest(&hash, previous);
    repay_sha256_end(&hash, out);
}

static const void *digest(sqlite3_stmt *row, int at)
{
    struct repay_text bytes = repay_sqlite_text(row, at);

    return bytes.length == REPAY_DIGEST_SIZE ? bytes.data : NULL;
}

/* The order of repay_sqlite_event_columns. */
enum column {
    SEQUENCE,
    FORM,
    ENTRY,
    EARLIER,
    MOVED_FROM,
    MOVED_TO,
    WHY,
    EVIDENCE,
    WHO,
    AT_MS,
    ATTEMPT,
    OWNER,
    DEADLINE_MS,
    OUTCOME,
    KIND,
    HTTP_STATUS,
    INTERACTION_ID,
    MESSAGE,
    SEAL,
    HASH,
    ID,
    COLUMN_COUNT
};

void repay_sqlite_read_event(sqlite3_stmt *row, struct repay_sqlite_event *out)
{
    struct repay_event_attempt attempt = {
        .number = sqlite3_column_int64(row, ATTEMPT),
        .owner = repay_sqlite_text(row, OWNER),
        .deadline_ms = sqlite3_column_int64(row, DEADLINE_MS),
        .outcome = repay_sqlite_text(row, OUTCOME),
        .kind = repay_sqlite_text(row, KIND),
        .http_status = sqlite3_column_int64(row, HTTP_STATUS),
        .interaction_id = repay_sqlite_text(row, INTERACTION_ID),
        .message = repay_sqlite_text(row, MESSAGE),
    };
    struct repay_event event = {
        .entry = sqlite3_column_int64(row, ENTRY),
        .from = repay_sqlite_text(row, MOVED_FROM),
        .to = repay_sqlite_text(row, MOVED_TO),
        .why = repay_sqlite_text(row, WHY),
        .evidence = repay_sqlite_text(row, EVIDENCE),
        .who = repay_sqlite_text(row, WHO),
        .at_ms = sqlite3_column_int64(row, AT_MS),
        .attempt = attempt,
    };

    *out = (struct repay_sqlite_event){
        .sequence = sqlite3_column_int64(row, SEQUENCE),
        .form = sqlite3_column_int64(row, FORM),
        .earlier = sqlite3_column_int64(row, EARLIER),
        .event = event,
        .id = repay_sqlite_text(row, ID),
        .seal = digest(row, SEAL),
        .hash = digest(row, HASH),
    };
}

/* The row is the last event with the hash of the one before it behind. */
static bool is_end_whole(sqlite3_stmt *row)
{
    static const unsigned char none[REPAY_DIGEST_SIZE] = {0};
    unsigned char hash[REPAY_DIGEST_SIZE];
    const void *previous = digest(row, COLUMN_COUNT);
    struct repay_sqlite_event last;

    repay_sqlite_read_event(row, &last);
    if (!last.hash || (!previous && last.sequence != 1))
        return false;
    repay_sqlite_hash_event(&last, previous ? previous : none, hash);
    return memcmp(hash, last.hash, sizeof hash) == 0;
}

bool repay_sqlite_check_end(struct repay_store *store, bool *is_whole, struct repay_error *error)
{
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf("SELECT %s,(SELECT hash FROM event AS previous WHERE "
                                "previous.sequence=event.sequence-1)FROM event "
                                "ORDER BY event.sequence DESC LIMIT 1",
                                repay_sqlite_event_columns);
    int code = sql ? sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
    bool is_found;

    sqlite3_free(sql);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    is_found = code == SQLITE_ROW;
    if (is_found || code == SQLITE_DONE)
        *is_whole = is_found && is_end_whole(statement);
    (void)sqlite3_finalize(statement);
    return is_found || code == SQLITE_DONE ||
           repay_sqlite_fail(store, code, "cannot read the journal's events", error);
}

/* The last event's sequence, moment and hash. */
static enum repay_found find_last(struct repay_store *store, sqlite3_stmt **row,
                                  struct repay_error *error)
{
    *row = repay_sqlite_use(store, REPAY_SQL_LAST_EVENT, error);
    if (!*row)
        return REPAY_FIND_FAILED;
    return repay_sqlite_step(store, *row, "cannot read the journal's events", error);
}

bool repay_sqlite_load_chain(struct repay_store *store, struct repay_error *error)
{
    sqlite3_stmt *row;
    enum repay_found found = find_last(store, &row, error);
    const void *hash;

    if (found == REPAY_FIND_FAILED)
        return false;
    store->last_sequence = 0;
    store->last_ms = 0;
    memset(store->last_hash, 0, sizeof store->last_hash);
    if (found == REPAY_NOT_FOUND)
        return true;
    store->last_sequence = sqlite3_column_int64(row, 0);
    store->last_ms = sqlite3_column_int64(row, 1);
    hash = digest(row, 2);
    if (hash)
        memcpy(store->last_hash, hash, sizeof store->last_hash);
    (void)sqlite3_reset(row);
    return true;
}

static void bind_attempt(sqlite3_stmt *statement, const struct repay_event_attempt *attempt)
{
    repay_sqlite_bind_moment(statement, 11, attempt->number);
    repay_sqlite_bind_text(statement, 12, attempt->owner);
    repay_sqlite_bind_moment(statement, 13, attempt->deadline_ms);
    repay_sqlite_bind_text(statement, 14, attempt->outcome);
    repay_sqlite_bind_text(statement, 15, attempt->kind);
    repay_sqlite_bind_moment(statement, 16, attempt->http_status);
    repay_sqlite_bind_text(statement, 17, attempt->interaction_id);
    repay_sqlite_bind_text(statement, 18, attempt->message);
}

bool repay_sqlite_append(struct repay_store *store, const struct repay_event *event,
                         int64_t earlier, const unsigned char *seal, struct repay_error *error)
{
    unsigned char hash[REPAY_DIGEST_SIZE];
    struct repay_sqlite_event whole = {.sequence = store->last_sequence + 1,
                                       .form = REPAY_EVENT_FORM_2,
                                       .earlier = earlier,
                                       .event = *event,
                                       .seal = seal};
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_INSERT_EVENT, error);

    if (!statement)
        return false;
    repay_sqlite_hash_event(&whole, store->last_hash, hash);
    (void)sqlite3_bind_int64(statement, 1, whole.sequence);
    (void)sqlite3_bind_int64(statement, 2, whole.form);
    repay_sqlite_bind_moment(statement, 3, event->entry);
    repay_sqlite_bind_moment(statement, 4, earlier);
    repay_sqlite_bind_text(statement, 5, event->from);
    repay_sqlite_bind_text(statement, 6, event->to);
    repay_sqlite_bind_text(statement, 7, event->why);
    repay_sqlite_bind_text(statement, 8, event->evidence);
    repay_sqlite_bind_text(statement, 9, event->who);
    (void)sqlite3_bind_int64(statement, 10, event->at_ms);
    if (event->attempt.number != 0)
        bind_attempt(statement, &event->attempt);
    if (seal)
        repay_sqlite_bind_blob(statement, 19, seal, REPAY_DIGEST_SIZE);
    repay_sqlite_bind_blob(statement, 20, hash, sizeof hash);
    if (!repay_sqlite_finish(store, statement, "cannot write an event", error))
        return false;
    store->last_sequence = whole.sequence;
    store->last_ms = event->at_ms;
    memcpy(store->last_hash, hash, sizeof hash);
    return true;
}

bool repay_sqlite_append_own(struct repay_store *store, const char *why, int64_t unix_ms,
                             struct repay_error *error)
{
    struct repay_event event = {.why = repay_text_of(why)};

    if (!repay_sqlite_load_chain(store, error))
        return false;
    /* Never before the last: who asks whether the clock went back compares with that. */
    event.at_ms = unix_ms > store->last_ms ? unix_ms : store->last_ms;
    return repay_sqlite_append(store, &event, 0, NULL, error);
}

bool repay_store_last_moment(struct repay_store *store, int64_t *out, struct repay_error *error)
{
    enum repay_found found;
    sqlite3_stmt *row;

    if (store->is_writing && store->db) {
        *out = store->last_ms;
        return true;
    }
    found = find_last(store, &row, error);
    if (found == REPAY_FIND_FAILED)
        return false;
    *out = found == REPAY_FOUND ? sqlite3_column_int64(row, 1) : 0;
    (void)sqlite3_reset(row);
    return true;
}

enum repay_found repay_store_earlier_event(struct repay_store *store, int64_t entry,
                                           int64_t *sequence, struct repay_event *out,
                                           struct repay_error *error)
{
    struct repay_sqlite_event whole;
    sqlite3_stmt *statement;
    enum repay_found found;

    if (*sequence == 0)
        return REPAY_NOT_FOUND;
    statement = repay_sqlite_use(store, REPAY_SQL_FIND_EVENT, error);
    if (!statement)
        return REPAY_FIND_FAILED;
    (void)sqlite3_bind_int64(statement, 1, *sequence);
    found = repay_sqlite_step(store, statement, "cannot read the journal's events", error);
    if (found == REPAY_FIND_FAILED)
        return found;
    if (found == REPAY_FOUND)
        repay_sqlite_read_event(statement, &whole);
    /* One that led forward could go round for ever. */
    if (found == REPAY_NOT_FOUND || whole.event.entry != entry || whole.earlier >= *sequence) {
        (void)store->core->error_set(error, REPAY_KIND_JOURNAL_CORRUPT,
                                     "the journal lacks an event of entry %lld", (long long)entry);
        return REPAY_FIND_FAILED;
    }
    *sequence = whole.earlier;
    *out = whole.event;
    return REPAY_FOUND;
}
