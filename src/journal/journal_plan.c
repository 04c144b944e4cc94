/*
 * Owns what happens to an entry before it is sent and after a person looked: plan, approve, cancel,
 * expire, resolve. Refuses a second entry for one payment.
 */
#include "crash_points.h"
#include "journal.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The entries that a limit counts are summed up to here; no bank moves as much. */
#define SUM_MAX ((int64_t)1 << 60)

static bool is_same_payment(const struct repay_entry_facts *planned,
                            const struct repay_entry_facts *row)
{
    return planned->natural.amount_minor == row->natural.amount_minor &&
           repay_text_equal(planned->natural.currency, row->natural.currency) &&
           repay_text_equal(planned->natural.account, row->natural.account) &&
           repay_text_equal(planned->natural.customer, row->natural.customer) &&
           repay_text_equal(planned->body, row->body);
}

static void report(const struct repay_entry *entry, bool exists, struct repay_planned *out)
{
    *out = (struct repay_planned){
        .number = entry->number, .state = entry->now.state, .exists = exists};
    memcpy(out->id, entry->facts.id.data,
           entry->facts.id.length < sizeof out->id ? entry->facts.id.length : REPAY_UUID_TEXT);
}

static enum repay_found find_replaced(struct repay_journal *journal, struct repay_text id,
                                      struct repay_entry_facts *row, struct repay_error *error)
{
    struct repay_entry replaced;
    enum repay_found found = repay_store_find_id(journal->store, id, &replaced, error);

    if (found == REPAY_NOT_FOUND) {
        (void)journal->core->error_set(error, REPAY_KIND_NOT_FOUND,
                                       "the journal has no entry %.40s", id.data);
        return REPAY_FIND_FAILED;
    }
    if (found == REPAY_FOUND && !repay_entry_is_replaceable(replaced.now.state)) {
        (void)journal->core->error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                                       "an entry that is %s cannot be replaced",
                                       repay_entry_state_name(replaced.now.state));
        return REPAY_FIND_FAILED;
    }
    row->replaces = replaced.number;
    return found;
}

/* The entry that a row is already, by its key or by what makes it the same payment. */
static enum repay_found find_existing(struct repay_journal *journal,
                                      const struct repay_entry_facts *row, struct repay_entry *out,
                                      struct repay_error *error)
{
    enum repay_found found = repay_store_find_key(journal->store, row->key, out, error);

    if (found != REPAY_FOUND)
        return found == REPAY_NOT_FOUND
                   ? repay_store_find_natural(journal->store, row->natural_key, out, error)
                   : found;
    /* A derived key says by itself which payment it is; the rest of its body may have changed. */
    if (!repay_text_is(row->key_from, "derived") && !is_same_payment(&out->facts, row)) {
        (void)journal->core->error_set(error, REPAY_KIND_KEY_REUSED,
                                       "the key %.40s belongs to another payment in the journal",
                                       row->key.data);
        return REPAY_FIND_FAILED;
    }
    return REPAY_FOUND;
}

static bool insert(struct repay_journal *journal, struct repay_entry_facts *row,
                   const struct repay_act *act, struct repay_planned *out,
                   struct repay_error *error)
{
    struct repay_entry entry = {.facts = *row};
    struct repay_event event = {.to = REPAY_TEXT("planned"),
                                .why = REPAY_TEXT("planned"),
                                .who = act->by,
                                .at_ms = act->unix_ms};
    char id[REPAY_UUID_TEXT + 1];

    if (!repay_journal_new_id(journal, act->unix_ms, id, error))
        return false;
    entry.facts.id = (struct repay_text){id, REPAY_UUID_TEXT};
    entry.facts.planned_ms = act->unix_ms;
    event.evidence = row->because;
    if (!repay_store_insert(journal->store, &entry, &event, error))
        return false;
    report(&entry, false, out);
    return true;
}

static bool check_row(struct repay_journal *journal, const struct repay_entry_facts *row,
                      const char *derived, struct repay_error *error)
{
    const struct repay_core_api *core = journal->core;

    if (row->natural.amount_minor <= 0)
        return core->error_set(error, REPAY_KIND_AMOUNT_INVALID, "an amount must be above zero");
    if (row->natural.ordinal < 1)
        return core->error_set(error, REPAY_KIND_INVALID_ARGUMENT, "an ordinal must be from 1");
    if (row->key.length == 0 || row->key.length > REPAY_KEY_MAX)
        return core->error_set(error, REPAY_KIND_INVALID_ARGUMENT, "a key has 1 to %d bytes",
                               REPAY_KEY_MAX);
    if (repay_text_is(row->key_from, "derived") && !repay_text_is(row->key, derived))
        return core->error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                               "the key is not the one that is derived from the row");
    return true;
}

static bool plan_row(struct repay_journal *journal, const struct repay_plan *plan, size_t at,
                     const struct repay_act *act, struct repay_planned *out,
                     struct repay_error *error)
{
    struct repay_entry_facts *row = &plan->rows[at];
    char derived[REPAY_UUID_TEXT + 1];
    struct repay_entry existing;
    enum repay_found found;

    repay_payment_key(&row->natural, row->natural_key, derived);
    if (!check_row(journal, row, derived, error))
        return false;
    found = find_existing(journal, row, &existing, error);
    if (found == REPAY_FOUND) {
        report(&existing, true, out);
        return true;
    }
    if (found == REPAY_NOT_FOUND && plan->replaces[at].length > 0)
        found = find_replaced(journal, plan->replaces[at], row, error);
    return found != REPAY_FIND_FAILED && insert(journal, row, act, out, error);
}

/* A row that found what an earlier row of the same plan has made is that row's double. */
static bool is_double(const struct repay_planned *results, size_t at, size_t *other)
{
    for (size_t i = 0; i < at; i++) {
        if (results[i].number == results[at].number) {
            *other = i;
            return true;
        }
    }
    return false;
}

static bool plan_rows(struct repay_journal *journal, const struct repay_plan *plan,
                      const struct repay_act *act, struct repay_planned *results, size_t *bad_row,
                      size_t *other_row, struct repay_error *error)
{
    for (size_t i = 0; i < plan->count; i++) {
        *bad_row = i;
        if (!plan_row(journal, plan, i, act, &results[i], error))
            return false;
        REPAY_CRASH_POINT("C02");
        if (results[i].exists && is_double(results, i, other_row))
            return journal->core->error_set(error, REPAY_KIND_DUPLICATE_PAYMENT,
                                            "rows %zu and %zu are one payment", *other_row + 1,
                                            i + 1);
    }
    *bad_row = SIZE_MAX;
    return true;
}

bool repay_journal_plan(struct repay_journal *journal, const struct repay_plan *plan,
                        const struct repay_act *act, struct repay_planned *results, int64_t *batch,
                        size_t *bad_row, size_t *other_row, struct repay_error *error)
{
    struct repay_store_batch made = {.name = plan->batch_name,
                                     .file_sha256 = plan->file_sha256,
                                     .planned_by = act->by,
                                     .row_count = (int64_t)plan->count};
    struct repay_act now;
    bool done = true;

    *bad_row = SIZE_MAX;
    *other_row = SIZE_MAX;
    REPAY_CRASH_POINT("C01");
    if (!repay_journal_begin(journal, act, &now, error))
        return false;
    made.planned_ms = now.unix_ms;
    if (plan->batch_name.length > 0)
        done = repay_store_insert_batch(journal->store, &made, error);
    for (size_t i = 0; done && i < plan->count; i++)
        plan->rows[i].batch = made.number;
    done = done && plan_rows(journal, plan, &now, results, bad_row, other_row, error);
    if (!done) {
        repay_store_rollback(journal->store);
        return false;
    }
    if (!repay_store_commit(journal->store, error))
        return false;
    *batch = made.number;
    REPAY_CRASH_POINT("C03");
    return true;
}

/* What an approval has taken in so far. */
struct approving {
    struct repay_journal *journal;
    const struct repay_approval *approval;
    const struct repay_act *act;
    int64_t count;
    int64_t run_minor;
    int64_t first_event; /* of its own */
};

static bool is_within(const struct repay_core_api *core, const char *limit, int64_t sum,
                      int64_t most, struct repay_error *error)
{
    if (most == 0 || sum <= most)
        return true;
    return core->error_set(error, REPAY_KIND_LIMIT_EXCEEDED,
                           "%s is %lld, and this would make it %lld minor units", limit,
                           (long long)most, (long long)sum);
}

static bool has_limits(const struct repay_approval *approval)
{
    return approval->is_automatic &&
           (approval->limits.per_run_minor > 0 || approval->limits.per_account_minor > 0 ||
            approval->limits.per_day_minor > 0);
}

/* Of all currencies together: where there are several, that is the stricter limit. */
static bool add_to_run(struct approving *state, const struct repay_entry *entry,
                       struct repay_error *error)
{
    const struct repay_core_api *core = state->journal->core;
    int64_t amount_minor = entry->facts.natural.amount_minor;

    if (amount_minor > SUM_MAX - state->run_minor)
        return core->error_set(error, REPAY_KIND_LIMIT_EXCEEDED,
                               "a run adds up to %lld minor units at most", (long long)SUM_MAX);
    state->run_minor += amount_minor;
    return is_within(core, "the limit of a run", state->run_minor,
                     state->approval->limits.per_run_minor, error);
}

/*
 * When the day of the approval began. The caller's day may be over: another process has written
 * past midnight meanwhile, or the caller was slow, or it has named none and means days of UTC.
 */
static int64_t begin_of_day(int64_t now_ms, int64_t day_from_ms)
{
    int64_t into_ms =
        (now_ms % REPAY_JOURNAL_DAY_MS - day_from_ms % REPAY_JOURNAL_DAY_MS) % REPAY_JOURNAL_DAY_MS;

    return now_ms - (into_ms < 0 ? into_ms + REPAY_JOURNAL_DAY_MS : into_ms);
}

/*
 * Of the day and of each account, once all are approved: amounts only add up, so that nothing is
 * within a limit then that was not before. To add up a day for each entry of it takes the square.
 */
static bool check_sums(const struct approving *state, struct repay_error *error)
{
    const struct repay_limits *limits = &state->approval->limits;
    const struct repay_core_api *core = state->journal->core;
    int64_t from_ms = begin_of_day(state->act->unix_ms, limits->day_from_ms);
    struct repay_store_sums what = {.approved_from_ms = from_ms,
                                    .approved_to_ms = from_ms + REPAY_JOURNAL_DAY_MS,
                                    .since = state->first_event};
    int64_t day_minor = 0, account_minor = 0;

    if (!repay_store_largest_sum(state->journal->store, &what, &day_minor, error) ||
        !is_within(core, "the limit of a day", day_minor, limits->per_day_minor, error))
        return false;
    what.by_account = true;
    return repay_store_largest_sum(state->journal->store, &what, &account_minor, error) &&
           is_within(core, "the limit of an account", account_minor, limits->per_account_minor,
                     error);
}

static bool approve_entry(struct approving *state, struct repay_entry *entry,
                          struct repay_error *error)
{
    const struct repay_core_api *core = state->journal->core;
    const struct repay_act *act = state->act;
    char hold[161];

    if (entry->now.state == REPAY_ENTRY_APPROVED)
        return true;
    if (entry->now.state != REPAY_ENTRY_PLANNED)
        return core->error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                               "entry %.40s is %s and cannot be approved", entry->facts.id.data,
                               repay_entry_state_name(entry->now.state));
    if (entry->facts.hold.length > 0 &&
        (state->approval->is_automatic || !state->approval->ids || act->because.length == 0)) {
        core->error_copy(hold, sizeof hold, entry->facts.hold);
        return core->error_set(
            error, REPAY_KIND_APPROVAL_REQUIRED,
            "entry %.40s needs a person's approval by its id and a reason: %.120s",
            entry->facts.id.data, hold);
    }
    entry->now.state = REPAY_ENTRY_APPROVED;
    entry->now.approved_ms = act->unix_ms;
    entry->now.changed_ms = act->unix_ms;
    entry->now.reason =
        state->approval->is_automatic ? REPAY_TEXT("within_limits") : REPAY_TEXT("approved");
    state->count++;
    core->error_copy(hold, sizeof hold, act->because);
    if (!repay_journal_move(state->journal, entry, REPAY_ENTRY_PLANNED, act, "approved", hold,
                            error))
        return false;
    if (state->first_event == 0)
        state->first_event = entry->last_event;
    return !has_limits(state->approval) || add_to_run(state, entry, error);
}

static bool approve_ids(struct approving *state, struct repay_error *error)
{
    const struct repay_approval *approval = state->approval;
    struct repay_entry entry;

    for (size_t i = 0; i < approval->id_count; i++) {
        enum repay_found found =
            repay_store_find_id(state->journal->store, approval->ids[i], &entry, error);

        if (found == REPAY_NOT_FOUND)
            return state->journal->core->error_set(error, REPAY_KIND_NOT_FOUND,
                                                   "the journal has no entry %.40s",
                                                   approval->ids[i].data);
        if (found == REPAY_FIND_FAILED || !approve_entry(state, &entry, error))
            return false;
    }
    return true;
}

static bool approve_batch(struct approving *state, struct repay_error *error)
{
    struct repay_store_filter filter = {.batch = state->approval->batch,
                                        .states = 1u << REPAY_ENTRY_PLANNED};
    struct repay_entry entry;
    enum repay_found found = REPAY_FIND_FAILED;

    if (!repay_store_select(state->journal->store, &filter, error))
        return false;
    do {
        found = repay_store_next(state->journal->store, &entry, error);
    } while (found == REPAY_FOUND && approve_entry(state, &entry, error));
    if (state->journal->store)
        repay_store_end_select(state->journal->store);
    return found == REPAY_NOT_FOUND;
}

bool repay_journal_approve(struct repay_journal *journal, const struct repay_approval *approval,
                           const struct repay_act *act, int64_t *count, struct repay_error *error)
{
    struct repay_act now;
    struct approving state = {.journal = journal, .approval = approval, .act = &now};
    bool done;

    if (!repay_journal_begin(journal, act, &now, error))
        return false;
    done = approval->ids ? approve_ids(&state, error) : approve_batch(&state, error);
    if (done && state.count > 0 && has_limits(approval))
        done = check_sums(&state, error);
    REPAY_CRASH_POINT("C04");
    if (!done) {
        repay_store_rollback(journal->store);
        return false;
    }
    if (!repay_store_commit(journal->store, error))
        return false;
    REPAY_CRASH_POINT("C05");
    *count = state.count;
    return true;
}

/* Begins to write and reads the entry, or leaves nothing begun. */
static bool begin_with(struct repay_journal *journal, struct repay_text id,
                       const struct repay_act *act, struct repay_act *now,
                       struct repay_entry *entry, struct repay_error *error)
{
    enum repay_found found;

    if (!repay_journal_begin(journal, act, now, error))
        return false;
    found = repay_store_find_id(journal->store, id, entry, error);
    if (found == REPAY_FOUND)
        return true;
    if (found == REPAY_NOT_FOUND)
        (void)journal->core->error_set(error, REPAY_KIND_NOT_FOUND,
                                       "the journal has no entry %.40s", id.data);
    repay_store_rollback(journal->store);
    return false;
}

static bool end_with(struct repay_journal *journal, bool done, struct repay_error *error)
{
    if (done)
        return repay_store_commit(journal->store, error);
    repay_store_rollback(journal->store);
    return false;
}

bool repay_journal_cancel(struct repay_journal *journal, struct repay_text id,
                          const struct repay_act *act, struct repay_error *error)
{
    char because[REPAY_EVIDENCE_MAX + 1];
    enum repay_entry_state from;
    struct repay_entry entry;
    struct repay_act now;

    if (!begin_with(journal, id, act, &now, &entry, error))
        return false;
    from = entry.now.state;
    if (!repay_entry_move_is_legal(entry.facts.mode, from, REPAY_ENTRY_CANCELLED)) {
        (void)journal->core->error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                                       "an entry that is %s cannot be cancelled",
                                       repay_entry_state_name(from));
        return end_with(journal, false, error);
    }
    entry.now.state = REPAY_ENTRY_CANCELLED;
    entry.now.changed_ms = now.unix_ms;
    entry.now.reason = REPAY_TEXT("cancelled");
    journal->core->error_copy(because, sizeof because, act->because);
    return end_with(journal,
                    repay_journal_move(journal, &entry, from, &now, "cancelled", because, error),
                    error);
}

bool repay_journal_expire(struct repay_journal *journal, int64_t older_than_ms,
                          const struct repay_act *act, int64_t *count, struct repay_error *error)
{
    struct repay_store_filter filter = {.states = 1u << REPAY_ENTRY_PLANNED};
    enum repay_found found = REPAY_FOUND;
    struct repay_entry entry;
    struct repay_act now;
    int64_t expired = 0;

    if (!repay_journal_begin(journal, act, &now, error))
        return false;
    if (!repay_store_select(journal->store, &filter, error))
        return end_with(journal, false, error);
    while (found == REPAY_FOUND) {
        found = repay_store_next(journal->store, &entry, error);
        if (found != REPAY_FOUND || entry.facts.planned_ms > now.unix_ms - older_than_ms)
            continue;
        entry.now.state = REPAY_ENTRY_EXPIRED;
        entry.now.changed_ms = now.unix_ms;
        entry.now.reason = REPAY_TEXT("expired");
        expired++;
        if (!repay_journal_move(journal, &entry, REPAY_ENTRY_PLANNED, &now, "expired", "", error))
            found = REPAY_FIND_FAILED;
    }
    repay_store_end_select(journal->store);
    if (!end_with(journal, found == REPAY_NOT_FOUND, error))
        return false;
    *count = expired;
    return true;
}

/* An id can settle one entry only, whoever says so. */
static bool is_free(struct repay_journal *journal, const struct repay_entry *entry,
                    struct repay_text record_id, struct repay_error *error)
{
    enum repay_found found;

    if (record_id.length == 0)
        return true;
    found = repay_store_find_record(journal->store, &entry->facts, record_id, error);
    if (found == REPAY_FOUND)
        (void)journal->core->error_set(error, REPAY_KIND_DUPLICATE_PAYMENT,
                                       "this record settles another entry already");
    return found == REPAY_NOT_FOUND;
}

bool repay_journal_resolve(struct repay_journal *journal, struct repay_text id,
                           enum repay_entry_state as, struct repay_text record_id,
                           const struct repay_act *act, struct repay_error *error)
{
    char because[REPAY_EVIDENCE_MAX + 1];
    struct repay_entry entry;
    struct repay_act now;
    bool done;

    if (!begin_with(journal, id, act, &now, &entry, error))
        return false;
    if (entry.now.state != REPAY_ENTRY_UNKNOWN) {
        (void)journal->core->error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                                       "an entry that is %s cannot be resolved",
                                       repay_entry_state_name(entry.now.state));
        return end_with(journal, false, error);
    }
    if (!is_free(journal, &entry, record_id, error))
        return end_with(journal, false, error);
    entry.now.state = as;
    entry.now.changed_ms = now.unix_ms;
    entry.now.reason = REPAY_TEXT("resolved_by_a_person");
    if (record_id.length > 0)
        entry.now.record_id = record_id;
    journal->core->error_copy(because, sizeof because, act->because);
    done =
        repay_journal_move(journal, &entry, REPAY_ENTRY_UNKNOWN, &now, "resolved", because, error);
    return end_with(journal, done, error);
}
