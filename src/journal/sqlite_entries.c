/*
 * Owns how an entry is written to a row and read back. Refuses a row whose words it does not know:
 * that is a broken journal, and no default is better than another.
 */
#include "sqlite_inner.h"

/* The order of repay_sqlite_entry_columns; a brief entry ends before PROVIDER. */
enum column {
    NUMBER,
    ID,
    MODE,
    DIGEST,
    STATE,
    LAST_EVENT,
    ATTEMPTS,
    DOUBTFUL,
    TRIES,
    BEFORE_LIST,
    FIRST_SENT_MS,
    DEADLINE_MS,
    RESEND_UNTIL_MS,
    SETTLE_UNTIL_MS,
    UNSEEN_MS,
    APPROVED_MS,
    CHANGED_MS,
    BOOT,
    BOOT_MS,
    RECEIPT_ID,
    RECORD_ID,
    PROVIDER_STATUS,
    REASON,
    PROVIDER,
    ENVIRONMENT,
    LABEL,
    NATURAL_KEY,
    KEY,
    KEY_FROM,
    BATCH,
    ROW,
    AMOUNT_MINOR,
    CURRENCY,
    CUSTOMER,
    ACCOUNT,
    LOAN,
    INSTALLMENT,
    PAYMENT_DATE,
    REFERENCE,
    ORDINAL,
    METHOD,
    TARGET,
    BODY,
    ARGUMENTS,
    HOLD,
    REPLACES,
    BECAUSE,
    PLANNED_MS
};

static void read_standing(sqlite3_stmt *row, struct repay_entry_standing *out)
{
    *out = (struct repay_entry_standing){
        .attempts = sqlite3_column_int64(row, ATTEMPTS),
        .doubtful = sqlite3_column_int64(row, DOUBTFUL),
        .tries = sqlite3_column_int64(row, TRIES),
        .before_list = sqlite3_column_int64(row, BEFORE_LIST),
        .first_sent_ms = sqlite3_column_int64(row, FIRST_SENT_MS),
        .boot = sqlite3_column_int64(row, BOOT),
        .boot_ms = sqlite3_column_int64(row, BOOT_MS),
        .deadline_ms = sqlite3_column_int64(row, DEADLINE_MS),
        .resend_until_ms = sqlite3_column_int64(row, RESEND_UNTIL_MS),
        .settle_until_ms = sqlite3_column_int64(row, SETTLE_UNTIL_MS),
        .unseen_ms = sqlite3_column_int64(row, UNSEEN_MS),
        .approved_ms = sqlite3_column_int64(row, APPROVED_MS),
        .changed_ms = sqlite3_column_int64(row, CHANGED_MS),
        .receipt_id = repay_sqlite_text(row, RECEIPT_ID),
        .record_id = repay_sqlite_text(row, RECORD_ID),
        .provider_status = repay_sqlite_text(row, PROVIDER_STATUS),
        .reason = repay_sqlite_text(row, REASON),
    };
}

static enum repay_entry_mode mode_of(struct repay_text word)
{
    return repay_text_is(word, "keyed") ? REPAY_MODE_KEYED : REPAY_MODE_AT_MOST_ONCE;
}

/* Most of an entry is what was planned, and who goes through many of them needs none of it. */
static bool read_brief(sqlite3_stmt *row, struct repay_entry *out)
{
    struct repay_text digest = repay_sqlite_text(row, DIGEST);
    enum repay_entry_state state = repay_entry_state_from_name(repay_sqlite_text(row, STATE));

    if (state == REPAY_ENTRY_STATE_COUNT || digest.length != REPAY_DIGEST_SIZE)
        return false;
    *out = (struct repay_entry){.number = sqlite3_column_int64(row, NUMBER),
                                .last_event = sqlite3_column_int64(row, LAST_EVENT)};
    read_standing(row, &out->now);
    out->now.state = state;
    out->facts.id = repay_sqlite_text(row, ID);
    out->facts.mode = mode_of(repay_sqlite_text(row, MODE));
    memcpy(out->facts.digest, digest.data, sizeof out->facts.digest);
    return true;
}

bool repay_sqlite_read_entry(sqlite3_stmt *row, struct repay_entry *out)
{
    struct repay_text natural_key = repay_sqlite_text(row, NATURAL_KEY);
    struct repay_entry_facts *facts = &out->facts;
    struct repay_natural *natural = &facts->natural;

    if (natural_key.length != REPAY_DIGEST_SIZE || !read_brief(row, out))
        return false;
    memcpy(facts->natural_key, natural_key.data, sizeof facts->natural_key);
    natural->provider = repay_sqlite_text(row, PROVIDER);
    natural->environment = repay_sqlite_text(row, ENVIRONMENT);
    natural->customer = repay_sqlite_text(row, CUSTOMER);
    natural->account = repay_sqlite_text(row, ACCOUNT);
    natural->installment = repay_sqlite_text(row, INSTALLMENT);
    natural->currency = repay_sqlite_text(row, CURRENCY);
    natural->payment_date = repay_sqlite_text(row, PAYMENT_DATE);
    natural->reference = repay_sqlite_text(row, REFERENCE);
    natural->amount_minor = sqlite3_column_int64(row, AMOUNT_MINOR);
    natural->ordinal = sqlite3_column_int64(row, ORDINAL);
    facts->batch = sqlite3_column_int64(row, BATCH);
    facts->row = sqlite3_column_int64(row, ROW);
    facts->label = repay_sqlite_text(row, LABEL);
    facts->loan = repay_sqlite_text(row, LOAN);
    facts->key = repay_sqlite_text(row, KEY);
    facts->key_from = repay_sqlite_text(row, KEY_FROM);
    facts->method = repay_sqlite_text(row, METHOD);
    facts->target = repay_sqlite_text(row, TARGET);
    facts->body = repay_sqlite_text(row, BODY);
    facts->arguments = repay_sqlite_text(row, ARGUMENTS);
    facts->hold = repay_sqlite_text(row, HOLD);
    facts->replaces = sqlite3_column_int64(row, REPLACES);
    facts->because = repay_sqlite_text(row, BECAUSE);
    facts->planned_ms = sqlite3_column_int64(row, PLANNED_MS);
    return true;
}

enum repay_found repay_sqlite_take_row(struct repay_store *store, sqlite3_stmt *statement,
                                       bool is_brief, struct repay_entry *out,
                                       struct repay_error *error)
{
    enum repay_found found = repay_sqlite_step(store, statement, "cannot read the journal", error);

    if (found != REPAY_FOUND)
        return found;
    if (is_brief ? read_brief(statement, out) : repay_sqlite_read_entry(statement, out))
        return found;
    (void)store->core->error_set(error, REPAY_KIND_JOURNAL_CORRUPT,
                                 "an entry of the journal has a state that does not exist");
    return REPAY_FIND_FAILED;
}

static enum repay_found find_by_text(struct repay_store *store, enum repay_statement which,
                                     struct repay_text text, struct repay_entry *out,
                                     struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, which, error);

    if (!statement)
        return REPAY_FIND_FAILED;
    repay_sqlite_bind_text(statement, 1, text);
    return repay_sqlite_take_row(store, statement, false, out, error);
}

enum repay_found repay_store_find_id(struct repay_store *store, struct repay_text id,
                                     struct repay_entry *out, struct repay_error *error)
{
    return find_by_text(store, REPAY_SQL_FIND_ID, id, out, error);
}

enum repay_found repay_store_number_of(struct repay_store *store, struct repay_text id,
                                       int64_t *out, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_NUMBER_OF, error);
    enum repay_found found;

    if (!statement)
        return REPAY_FIND_FAILED;
    repay_sqlite_bind_text(statement, 1, id);
    found = repay_sqlite_step(store, statement, "cannot read the journal", error);
    if (found == REPAY_FOUND) {
        *out = sqlite3_column_int64(statement, 0);
        (void)sqlite3_reset(statement);
    }
    return found;
}

enum repay_found repay_store_find_key(struct repay_store *store, struct repay_text key,
                                      struct repay_entry *out, struct repay_error *error)
{
    return find_by_text(store, REPAY_SQL_FIND_KEY, key, out, error);
}

static enum repay_found find_by_number(struct repay_store *store, enum repay_statement which,
                                       int64_t number, struct repay_entry *out,
                                       struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, which, error);

    if (!statement)
        return REPAY_FIND_FAILED;
    (void)sqlite3_bind_int64(statement, 1, number);
    return repay_sqlite_take_row(store, statement, which == REPAY_SQL_FIND_STANDING, out, error);
}

enum repay_found repay_store_find_number(struct repay_store *store, int64_t number,
                                         struct repay_entry *out, struct repay_error *error)
{
    return find_by_number(store, REPAY_SQL_FIND_NUMBER, number, out, error);
}

enum repay_found repay_store_find_standing(struct repay_store *store, int64_t number,
                                           struct repay_entry *out, struct repay_error *error)
{
    return find_by_number(store, REPAY_SQL_FIND_STANDING, number, out, error);
}

enum repay_found repay_store_find_natural(struct repay_store *store,
                                          const unsigned char natural_key[REPAY_DIGEST_SIZE],
                                          struct repay_entry *out, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_FIND_NATURAL, error);

    if (!statement)
        return REPAY_FIND_FAILED;
    repay_sqlite_bind_blob(statement, 1, natural_key, REPAY_DIGEST_SIZE);
    return repay_sqlite_take_row(store, statement, false, out, error);
}

enum repay_found repay_store_find_like(struct repay_store *store,
                                       const struct repay_entry_facts *like, struct repay_text *id,
                                       struct repay_error *error)
{
    const struct repay_natural *natural = &like->natural;
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_FIND_LIKE, error);
    enum repay_found found;

    if (!statement)
        return REPAY_FIND_FAILED;
    repay_sqlite_bind_text(statement, 1, natural->account);
    (void)sqlite3_bind_int64(statement, 2, natural->amount_minor);
    repay_sqlite_bind_text(statement, 3, natural->currency);
    (void)sqlite3_bind_int64(statement, 4, like->planned_ms);
    repay_sqlite_bind_text(statement, 5, natural->provider);
    repay_sqlite_bind_text(statement, 6, natural->environment);
    repay_sqlite_bind_text(statement, 7, like->label);
    found = repay_sqlite_step(store, statement, "cannot read the journal", error);
    if (found == REPAY_FOUND)
        *id = repay_sqlite_text(statement, 0);
    return found;
}

static bool insert_entry(struct repay_store *store, const struct repay_entry *entry,
                         struct repay_error *error)
{
    const struct repay_entry_facts *facts = &entry->facts;
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_INSERT, error);

    if (!statement)
        return false;
    repay_sqlite_bind_text(statement, 1, facts->id);
    repay_sqlite_bind_text(statement, 2, repay_text_of(repay_entry_mode_name(facts->mode)));
    repay_sqlite_bind_blob(statement, 3, facts->digest, REPAY_DIGEST_SIZE);
    (void)sqlite3_bind_int64(statement, 4, entry->last_event);
    (void)sqlite3_bind_int64(statement, 5, entry->now.changed_ms);
    repay_sqlite_bind_text(statement, 6, facts->natural.provider);
    repay_sqlite_bind_text(statement, 7, facts->natural.environment);
    repay_sqlite_bind_text(statement, 8, facts->label);
    repay_sqlite_bind_blob(statement, 9, facts->natural_key, REPAY_DIGEST_SIZE);
    return repay_sqlite_finish(store, statement, "cannot plan", error);
}

static bool insert_plan(struct repay_store *store, const struct repay_entry *entry,
                        struct repay_error *error)
{
    const struct repay_entry_facts *facts = &entry->facts;
    const struct repay_natural *natural = &facts->natural;
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_INSERT_PLAN, error);

    if (!statement)
        return false;
    (void)sqlite3_bind_int64(statement, 1, entry->number);
    repay_sqlite_bind_text(statement, 2, facts->key);
    repay_sqlite_bind_text(statement, 3, facts->key_from);
    repay_sqlite_bind_moment(statement, 4, facts->batch);
    repay_sqlite_bind_moment(statement, 5, facts->row);
    (void)sqlite3_bind_int64(statement, 6, natural->amount_minor);
    repay_sqlite_bind_text(statement, 7, natural->currency);
    repay_sqlite_bind_text(statement, 8, natural->customer);
    repay_sqlite_bind_text(statement, 9, natural->account);
    repay_sqlite_bind_text(statement, 10, facts->loan);
    repay_sqlite_bind_text(statement, 11, natural->installment);
    repay_sqlite_bind_text(statement, 12, natural->payment_date);
    repay_sqlite_bind_text(statement, 13, natural->reference);
    (void)sqlite3_bind_int64(statement, 14, natural->ordinal);
    repay_sqlite_bind_text(statement, 15, facts->method);
    repay_sqlite_bind_text(statement, 16, facts->target);
    repay_sqlite_bind_blob(statement, 17, facts->body.data, facts->body.length);
    repay_sqlite_bind_blob(statement, 18, facts->arguments.data, facts->arguments.length);
    repay_sqlite_bind_text(statement, 19, facts->hold);
    repay_sqlite_bind_moment(statement, 20, facts->replaces);
    repay_sqlite_bind_text(statement, 21, facts->because);
    (void)sqlite3_bind_int64(statement, 22, facts->planned_ms);
    return repay_sqlite_finish(store, statement, "cannot plan", error);
}

bool repay_store_insert(struct repay_store *store, struct repay_entry *entry,
                        const struct repay_event *event, struct repay_error *error)
{
    unsigned char seal[REPAY_DIGEST_SIZE];
    struct repay_event numbered = *event;

    repay_sqlite_digest_facts(&entry->facts, entry->facts.digest);
    entry->now = (struct repay_entry_standing){.changed_ms = entry->facts.planned_ms};
    entry->last_event = store->last_sequence + 1;
    if (!insert_entry(store, entry, error))
        return false;
    entry->number = sqlite3_last_insert_rowid(store->db);
    numbered.entry = entry->number;
    repay_sqlite_seal(entry, REPAY_EVENT_FORM_2, seal);
    return insert_plan(store, entry, error) &&
           repay_sqlite_append(store, &numbered, 0, seal, error);
}

static bool is_in_doubt(struct repay_text state)
{
    return repay_text_is(state, "sending") || repay_text_is(state, "unknown");
}

/*
 * The statement that sets what a move between these states can change and no more: a column that
 * is set costs a page of each of its indexes, also when its value stays.
 */
static enum repay_statement statement_of(struct repay_text from, struct repay_text to)
{
    bool was_approved = repay_text_is(from, "approved"),
         is_approved = repay_text_is(to, "approved");

    if (is_in_doubt(from) && is_in_doubt(to))
        return REPAY_SQL_MOVE;
    if ((was_approved && is_in_doubt(to)) || (is_in_doubt(from) && is_approved))
        return REPAY_SQL_MOVE_LIST;
    if (is_approved)
        return REPAY_SQL_MOVE_APPROVED;
    if (repay_text_is(to, "accepted"))
        return REPAY_SQL_MOVE_IDS;
    return REPAY_SQL_MOVE_ALL;
}

static void bind_standing(sqlite3_stmt *statement, const struct repay_entry_standing *now)
{
    repay_sqlite_bind_text(statement, 2, repay_text_of(repay_entry_state_name(now->state)));
    (void)sqlite3_bind_int64(statement, 3, now->attempts);
    (void)sqlite3_bind_int64(statement, 4, now->doubtful);
    (void)sqlite3_bind_int64(statement, 5, now->tries);
    repay_sqlite_bind_moment(statement, 6, now->first_sent_ms);
    repay_sqlite_bind_moment(statement, 7, now->deadline_ms);
    repay_sqlite_bind_moment(statement, 8, now->resend_until_ms);
    repay_sqlite_bind_moment(statement, 9, now->settle_until_ms);
    repay_sqlite_bind_moment(statement, 10, now->unseen_ms);
    (void)sqlite3_bind_int64(statement, 11, now->changed_ms);
    repay_sqlite_bind_text(statement, 12, now->provider_status);
    repay_sqlite_bind_text(statement, 13, now->reason);
}

static void bind_rest(sqlite3_stmt *statement, enum repay_statement which,
                      const struct repay_entry_standing *now)
{
    switch (which) {
    case REPAY_SQL_MOVE_LIST:
        repay_sqlite_bind_moment(statement, 15, now->before_list);
        repay_sqlite_bind_moment(statement, 16, now->boot);
        repay_sqlite_bind_moment(statement, 17, now->boot_ms);
        break;
    case REPAY_SQL_MOVE_APPROVED:
        repay_sqlite_bind_moment(statement, 15, now->approved_ms);
        break;
    case REPAY_SQL_MOVE_IDS:
        repay_sqlite_bind_text(statement, 15, now->receipt_id);
        repay_sqlite_bind_text(statement, 16, now->record_id);
        break;
    case REPAY_SQL_MOVE_ALL:
        repay_sqlite_bind_moment(statement, 15, now->before_list);
        repay_sqlite_bind_moment(statement, 16, now->approved_ms);
        repay_sqlite_bind_text(statement, 17, now->receipt_id);
        repay_sqlite_bind_text(statement, 18, now->record_id);
        break;
    default:
        break;
    }
}

bool repay_store_update(struct repay_store *store, struct repay_entry *entry,
                        const struct repay_event *event, struct repay_error *error)
{
    enum repay_statement which = statement_of(event->from, event->to);
    sqlite3_stmt *statement = repay_sqlite_use(store, which, error);
    unsigned char seal[REPAY_DIGEST_SIZE];

    if (!statement)
        return false;
    (void)sqlite3_bind_int64(statement, 1, entry->number);
    bind_standing(statement, &entry->now);
    (void)sqlite3_bind_int64(statement, 14, store->last_sequence + 1);
    bind_rest(statement, which, &entry->now);
    repay_sqlite_seal(entry, REPAY_EVENT_FORM_2, seal);
    if (!repay_sqlite_finish(store, statement, "cannot move an entry", error) ||
        !repay_sqlite_append(store, event, entry->last_event, seal, error))
        return false;
    entry->last_event = store->last_sequence;
    return true;
}
