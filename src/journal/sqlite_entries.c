/*
 * Owns how an entry is written to a row and read back. Refuses a row whose words it does not know:
 * that is a broken journal, and no default is better than another.
 */
#include "sqlite_inner.h"

#include <stdio.h>

#include "owner_lock.h"

/* The order of repay_sqlite_entry_columns. */
enum column {
    NUMBER,
    ID,
    BATCH,
    ROW,
    PROVIDER,
    ENVIRONMENT,
    LABEL,
    MODE,
    NATURAL_KEY,
    KEY,
    KEY_FROM,
    METHOD,
    TARGET,
    BODY,
    AMOUNT_MINOR,
    CURRENCY,
    CUSTOMER,
    ACCOUNT,
    LOAN,
    INSTALLMENT,
    PAYMENT_DATE,
    REFERENCE,
    ORDINAL,
    ARGUMENTS,
    HOLD,
    REPLACES,
    BECAUSE,
    PLANNED_MS,
    STATE,
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
    DIGEST
};

#define DIGEST_PARAMETER (PLANNED_MS + 1) /* it stands last among the columns */

static void read_facts(sqlite3_stmt *row, struct repay_entry_facts *out)
{
    struct repay_natural *natural = &out->natural;

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
    out->id = repay_sqlite_text(row, ID);
    out->batch = sqlite3_column_int64(row, BATCH);
    out->row = sqlite3_column_int64(row, ROW);
    out->label = repay_sqlite_text(row, LABEL);
    out->loan = repay_sqlite_text(row, LOAN);
    out->key = repay_sqlite_text(row, KEY);
    out->key_from = repay_sqlite_text(row, KEY_FROM);
    out->method = repay_sqlite_text(row, METHOD);
    out->target = repay_sqlite_text(row, TARGET);
    out->body = repay_sqlite_text(row, BODY);
    out->arguments = repay_sqlite_text(row, ARGUMENTS);
    out->hold = repay_sqlite_text(row, HOLD);
    out->replaces = sqlite3_column_int64(row, REPLACES);
    out->because = repay_sqlite_text(row, BECAUSE);
    out->planned_ms = sqlite3_column_int64(row, PLANNED_MS);
}

/* `at` is where the column of attempts stands; all others follow it. */
static void read_standing(sqlite3_stmt *row, int at, struct repay_entry_standing *out)
{
    int64_t *const numbers[] = {
        &out->attempts,      &out->doubtful,    &out->tries,           &out->before_list,
        &out->first_sent_ms, &out->deadline_ms, &out->resend_until_ms, &out->settle_until_ms,
        &out->unseen_ms,     &out->approved_ms, &out->changed_ms,      &out->boot,
        &out->boot_ms,
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i] = sqlite3_column_int64(row, at++);
    out->receipt_id = repay_sqlite_text(row, at++);
    out->record_id = repay_sqlite_text(row, at++);
    out->provider_status = repay_sqlite_text(row, at++);
    out->reason = repay_sqlite_text(row, at);
}

static enum repay_entry_mode mode_of(struct repay_text word)
{
    return repay_text_is(word, "keyed") ? REPAY_MODE_KEYED : REPAY_MODE_AT_MOST_ONCE;
}

bool repay_sqlite_read_entry(sqlite3_stmt *row, struct repay_entry *out)
{
    struct repay_text natural_key = repay_sqlite_text(row, NATURAL_KEY);
    struct repay_text digest = repay_sqlite_text(row, DIGEST);
    enum repay_entry_state state = repay_entry_state_from_name(repay_sqlite_text(row, STATE));

    if (state == REPAY_ENTRY_STATE_COUNT || natural_key.length != REPAY_DIGEST_SIZE ||
        digest.length != REPAY_DIGEST_SIZE)
        return false;
    *out = (struct repay_entry){.number = sqlite3_column_int64(row, NUMBER)};
    read_facts(row, &out->facts);
    read_standing(row, ATTEMPTS, &out->now);
    out->facts.mode = mode_of(repay_sqlite_text(row, MODE));
    memcpy(out->facts.natural_key, natural_key.data, sizeof out->facts.natural_key);
    memcpy(out->facts.digest, digest.data, sizeof out->facts.digest);
    out->now.state = state;
    return true;
}

/* Most of an entry is what was planned, and who goes through many of them needs none of it. */
static const char brief_columns[] =
    "number,id,mode,digest,state,attempts,doubtful,tries,before_list,first_sent_ms,deadline_ms,"
    "resend_until_ms,settle_until_ms,unseen_ms,approved_ms,changed_ms,boot,boot_ms,receipt_id,"
    "record_id,"
    "provider_status,reason";

static bool read_brief(sqlite3_stmt *row, struct repay_entry *out)
{
    struct repay_text digest = repay_sqlite_text(row, 3);
    enum repay_entry_state state = repay_entry_state_from_name(repay_sqlite_text(row, 4));

    if (state == REPAY_ENTRY_STATE_COUNT || digest.length != REPAY_DIGEST_SIZE)
        return false;
    *out = (struct repay_entry){.number = sqlite3_column_int64(row, 0)};
    out->facts.id = repay_sqlite_text(row, 1);
    out->facts.mode = mode_of(repay_sqlite_text(row, 2));
    memcpy(out->facts.digest, digest.data, sizeof out->facts.digest);
    read_standing(row, 5, &out->now);
    out->now.state = state;
    return true;
}

/* The row of a statement that looks entries up. */
static enum repay_found take_row(struct repay_store *store, sqlite3_stmt *statement, bool is_brief,
                                 struct repay_entry *out, struct repay_error *error)
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
    return take_row(store, statement, false, out, error);
}

enum repay_found repay_store_find_id(struct repay_store *store, struct repay_text id,
                                     struct repay_entry *out, struct repay_error *error)
{
    return find_by_text(store, REPAY_SQL_FIND_ID, id, out, error);
}

enum repay_found repay_store_find_key(struct repay_store *store, struct repay_text key,
                                      struct repay_entry *out, struct repay_error *error)
{
    return find_by_text(store, REPAY_SQL_FIND_KEY, key, out, error);
}

enum repay_found repay_store_find_number(struct repay_store *store, int64_t number,
                                         struct repay_entry *out, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_FIND_NUMBER, error);

    if (!statement)
        return REPAY_FIND_FAILED;
    (void)sqlite3_bind_int64(statement, 1, number);
    return take_row(store, statement, false, out, error);
}

enum repay_found repay_store_find_natural(struct repay_store *store,
                                          const unsigned char natural_key[REPAY_DIGEST_SIZE],
                                          struct repay_entry *out, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_FIND_NATURAL, error);

    if (!statement)
        return REPAY_FIND_FAILED;
    repay_sqlite_bind_blob(statement, 1, natural_key, REPAY_DIGEST_SIZE);
    return take_row(store, statement, false, out, error);
}

/* Parameters are the columns after the number, counted from one. */
static void bind_facts(sqlite3_stmt *statement, const struct repay_entry_facts *facts)
{
    const struct repay_natural *natural = &facts->natural;

    repay_sqlite_bind_text(statement, ID, facts->id);
    repay_sqlite_bind_moment(statement, BATCH, facts->batch);
    repay_sqlite_bind_moment(statement, ROW, facts->row);
    repay_sqlite_bind_text(statement, PROVIDER, natural->provider);
    repay_sqlite_bind_text(statement, ENVIRONMENT, natural->environment);
    repay_sqlite_bind_text(statement, LABEL, facts->label);
    repay_sqlite_bind_text(statement, MODE, repay_text_of(repay_entry_mode_name(facts->mode)));
    repay_sqlite_bind_blob(statement, NATURAL_KEY, facts->natural_key, REPAY_DIGEST_SIZE);
    repay_sqlite_bind_text(statement, KEY, facts->key);
    repay_sqlite_bind_text(statement, KEY_FROM, facts->key_from);
    repay_sqlite_bind_text(statement, METHOD, facts->method);
    repay_sqlite_bind_text(statement, TARGET, facts->target);
    repay_sqlite_bind_blob(statement, BODY, facts->body.data, facts->body.length);
    (void)sqlite3_bind_int64(statement, AMOUNT_MINOR, natural->amount_minor);
    repay_sqlite_bind_text(statement, CURRENCY, natural->currency);
    repay_sqlite_bind_text(statement, CUSTOMER, natural->customer);
    repay_sqlite_bind_text(statement, ACCOUNT, natural->account);
    repay_sqlite_bind_text(statement, LOAN, facts->loan);
    repay_sqlite_bind_text(statement, INSTALLMENT, natural->installment);
    repay_sqlite_bind_text(statement, PAYMENT_DATE, natural->payment_date);
    repay_sqlite_bind_text(statement, REFERENCE, natural->reference);
    (void)sqlite3_bind_int64(statement, ORDINAL, natural->ordinal);
    repay_sqlite_bind_blob(statement, ARGUMENTS, facts->arguments.data, facts->arguments.length);
    repay_sqlite_bind_text(statement, HOLD, facts->hold);
    repay_sqlite_bind_moment(statement, REPLACES, facts->replaces);
    repay_sqlite_bind_text(statement, BECAUSE, facts->because);
    (void)sqlite3_bind_int64(statement, PLANNED_MS, facts->planned_ms);
    repay_sqlite_bind_blob(statement, DIGEST_PARAMETER, facts->digest, REPAY_DIGEST_SIZE);
}

bool repay_store_insert(struct repay_store *store, struct repay_entry *entry,
                        const struct repay_event *event, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_INSERT, error);
    struct repay_event numbered = *event;

    if (!statement)
        return false;
    repay_sqlite_digest_facts(&entry->facts, entry->facts.digest);
    bind_facts(statement, &entry->facts);
    if (!repay_sqlite_finish(store, statement, "cannot plan", error))
        return false;
    entry->number = sqlite3_last_insert_rowid(store->db);
    entry->now = (struct repay_entry_standing){.changed_ms = entry->facts.planned_ms};
    numbered.entry = entry->number;
    return repay_sqlite_append_event(store, &numbered, entry, error);
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
    if (repay_text_is(to, "accepted") || repay_text_is(to, "verified"))
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
        repay_sqlite_bind_moment(statement, 14, now->before_list);
        repay_sqlite_bind_moment(statement, 15, now->boot);
        repay_sqlite_bind_moment(statement, 16, now->boot_ms);
        break;
    case REPAY_SQL_MOVE_APPROVED:
        repay_sqlite_bind_moment(statement, 14, now->approved_ms);
        break;
    case REPAY_SQL_MOVE_IDS:
        repay_sqlite_bind_text(statement, 14, now->receipt_id);
        repay_sqlite_bind_text(statement, 15, now->record_id);
        break;
    case REPAY_SQL_MOVE_ALL:
        repay_sqlite_bind_moment(statement, 14, now->before_list);
        repay_sqlite_bind_moment(statement, 15, now->approved_ms);
        repay_sqlite_bind_text(statement, 16, now->receipt_id);
        repay_sqlite_bind_text(statement, 17, now->record_id);
        break;
    default:
        break;
    }
}

bool repay_store_update(struct repay_store *store, const struct repay_entry *entry,
                        const struct repay_event *event, struct repay_error *error)
{
    enum repay_statement which = statement_of(event->from, event->to);
    sqlite3_stmt *statement = repay_sqlite_use(store, which, error);

    if (!statement)
        return false;
    (void)sqlite3_bind_int64(statement, 1, entry->number);
    bind_standing(statement, &entry->now);
    bind_rest(statement, which, &entry->now);
    return repay_sqlite_finish(store, statement, "cannot move an entry", error) &&
           repay_sqlite_append_event(store, event, entry, error);
}

struct clauses {
    char sql[2048]; /* the columns and every clause there is take 1,100 */
    size_t length;
};

static void add(struct clauses *clauses, const char *text)
{
    int added =
        snprintf(clauses->sql + clauses->length, sizeof clauses->sql - clauses->length, "%s", text);

    if (added > 0)
        clauses->length += (size_t)added;
}

/* Words of ours only; every value from outside is bound. */
static void write_selection(struct clauses *clauses, const struct repay_store_filter *filter)
{
    bool is_first = true;

    add(clauses, "SELECT ");
    add(clauses, filter->is_brief ? brief_columns : repay_sqlite_entry_columns);
    add(clauses, " FROM entry WHERE number>?1");
    if (filter->provider.length > 0)
        add(clauses, " AND provider=?2");
    if (filter->environment.length > 0)
        add(clauses, " AND environment=?3");
    if (filter->label.length > 0)
        add(clauses, " AND label=?4");
    if (filter->customer.length > 0)
        add(clauses, " AND customer=?5");
    if (filter->account.length > 0)
        add(clauses, " AND account=?6");
    if (filter->batch != 0)
        add(clauses, " AND batch=?7");
    if (filter->is_unbound)
        add(clauses, " AND record_id IS NULL");
    for (int state = 0; filter->states != 0 && state < REPAY_ENTRY_STATE_COUNT; state++) {
        if ((filter->states & 1u << state) == 0)
            continue;
        add(clauses, is_first ? " AND state IN('" : "','");
        add(clauses, repay_entry_state_name((enum repay_entry_state)state));
        is_first = false;
    }
    add(clauses, is_first ? " ORDER BY number" : "') ORDER BY number");
}

bool repay_store_select(struct repay_store *store, const struct repay_store_filter *filter,
                        struct repay_error *error)
{
    struct clauses clauses = {.length = 0};
    int code;

    if (!repay_sqlite_check(store, error))
        return false;
    repay_store_end_select(store);
    write_selection(&clauses, filter);
    store->selection_is_brief = filter->is_brief;
    store->nobody_owns =
        filter->is_brief && repay_owner_lock_ask_all(store->lock_descriptor) == REPAY_LOCK_TAKEN;
    code = sqlite3_prepare_v2(store->db, clauses.sql, -1, &store->selection, NULL);
    if (code != SQLITE_OK)
        return repay_sqlite_fail(store, code, "cannot read the journal", error);
    (void)sqlite3_bind_int64(store->selection, 1, filter->after);
    repay_sqlite_bind_text(store->selection, 2, filter->provider);
    repay_sqlite_bind_text(store->selection, 3, filter->environment);
    repay_sqlite_bind_text(store->selection, 4, filter->label);
    repay_sqlite_bind_text(store->selection, 5, filter->customer);
    repay_sqlite_bind_text(store->selection, 6, filter->account);
    (void)sqlite3_bind_int64(store->selection, 7, filter->batch);
    return true;
}

enum repay_found repay_store_next(struct repay_store *store, struct repay_entry *out,
                                  struct repay_error *error)
{
    /* It was begun in this process: nobody steps through a selection over several calls. */
    if (!store->selection)
        return repay_sqlite_check(store, error) ? REPAY_NOT_FOUND : REPAY_FIND_FAILED;
    return take_row(store, store->selection, store->selection_is_brief, out, error);
}

void repay_store_end_select(struct repay_store *store)
{
    if (repay_store_is_inherited(store))
        return;
    (void)sqlite3_finalize(store->selection);
    store->selection = NULL;
    store->nobody_owns = false;
}
