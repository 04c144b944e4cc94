/*
 * Owns reconciliation: reads which entries of a customer are open, puts each with its equals before
 * the provider's list, and writes what was decided with its evidence. Refuses to send anything.
 */
#include "crash_points.h"
#include "journal.h"

#include <stdio.h>
#include <string.h>

#include "money.h"
#include "text_hash.h"

#define ID_TEXT_MAX 128 /* the receipt's own bound */

#define OPEN_STATES                                                                                \
    (1u << REPAY_ENTRY_SENDING | 1u << REPAY_ENTRY_UNKNOWN | 1u << REPAY_ENTRY_ACCEPTED)

/* An entry that takes part, as far as it must be known before its equals are. */
struct open_entry {
    int64_t number;
    int64_t amount_minor;
    uint64_t account; /* hash: entries of one tuple are compared again by text */
    bool is_done;
};

/* Which rows of the list were known before, for one list of ids. */
struct known_before {
    int64_t list;
    int64_t taken_ms;
    bool *was_before; /* parallel to the records */
    bool is_whole;
};

struct deciding {
    struct repay_journal *journal;
    const struct repay_lists *lists;
    const struct repay_act *act;
    struct repay_moment_facts moment;
    struct open_entry *open;
    size_t open_count;
    struct known_before *known; /* one for each list of ids there is */
    size_t known_count;
    bool every_row_has_an_id;
    bool shows_records, same_id;
    struct repay_decided *results;
    size_t room, count;
};

/* One entry of a tuple with the texts that must outlive the row it was read from. */
struct equal_entry {
    struct repay_entry entry;
    enum repay_entry_state from;
    char id[REPAY_UUID_TEXT + 1];
    char account[ID_TEXT_MAX + 1];
    char receipt_id[ID_TEXT_MAX + 1];
};

struct group {
    struct equal_entry entries[REPAY_MATCH_MAX];
    struct repay_claimant claimants[REPAY_MATCH_MAX];
    size_t count;
    bool is_too_large;
};

static struct repay_text keep(char *room, struct repay_text text)
{
    size_t length = text.length <= ID_TEXT_MAX ? text.length : ID_TEXT_MAX;

    memcpy(room, text.data ? text.data : "", length);
    room[length] = '\0';
    return (struct repay_text){room, length};
}

static uint64_t hash_of(const struct deciding *state, struct repay_text account)
{
    /* An address as the key: see text_hash.h. */
    return repay_text_hash((uint64_t)(uintptr_t)state, 0, account);
}

static struct repay_store_filter filter_of(const struct repay_entry_facts *scope)
{
    return (struct repay_store_filter){.provider = scope->natural.provider,
                                       .environment = scope->natural.environment,
                                       .label = scope->label,
                                       .customer = scope->natural.customer,
                                       .states = OPEN_STATES | 1u << REPAY_ENTRY_VERIFIED};
}

/* A verified entry competes for records while it has none of its own; an accepted one is always
 * open.
 */
static bool takes_part(const struct repay_entry *entry)
{
    return entry->now.state != REPAY_ENTRY_VERIFIED || entry->now.record_id.length == 0;
}

static enum repay_found next_open(struct repay_journal *journal, struct repay_entry *entry,
                                  struct repay_error *error)
{
    enum repay_found found;

    do {
        found = repay_store_next(journal->store, entry, error);
    } while (found == REPAY_FOUND && !takes_part(entry));
    return found;
}

bool repay_journal_count_open(struct repay_journal *journal, const struct repay_entry_facts *scope,
                              size_t *out, struct repay_error *error)
{
    struct repay_store_filter filter = filter_of(scope);
    struct repay_entry entry;
    enum repay_found found;
    size_t count = 0;

    if (!repay_store_select(journal->store, &filter, error))
        return false;
    do {
        found = next_open(journal, &entry, error);
        count += found == REPAY_FOUND ? 1 : 0;
    } while (found == REPAY_FOUND);
    repay_store_end_select(journal->store);
    if (found == REPAY_FIND_FAILED)
        return false;
    *out = count;
    return true;
}

static bool collect_open(struct deciding *state, struct repay_error *error)
{
    struct repay_store_filter filter = filter_of(&state->lists->scope);
    struct repay_store *store = state->journal->store;
    struct repay_entry entry;
    enum repay_found found = REPAY_FOUND;

    if (!repay_store_select(store, &filter, error))
        return false;
    while (found == REPAY_FOUND && state->open_count < state->room) {
        found = next_open(state->journal, &entry, error);
        if (found == REPAY_FOUND)
            state->open[state->open_count++] =
                (struct open_entry){.number = entry.number,
                                    .amount_minor = entry.facts.natural.amount_minor,
                                    .account = hash_of(state, entry.facts.natural.account)};
    }
    repay_store_end_select(store);
    return found != REPAY_FIND_FAILED;
}

static bool know(struct repay_journal *journal, const struct repay_entry_facts *scope,
                 const char *name, bool *out, struct repay_error *error)
{
    *out = false;
    return repay_store_known(journal->store, scope, name, out, error) != REPAY_FIND_FAILED;
}

/* Looks every row of the list up among the ids of one earlier list. */
static bool fill_known(struct deciding *state, struct known_before *known,
                       struct repay_error *error)
{
    struct repay_store *store = state->journal->store;
    struct repay_store_before before = {.id_count = 0};
    int64_t seen = 0;

    if (known->list != 0) {
        enum repay_found found = repay_store_find_before(store, known->list, &before, error);

        if (found == REPAY_FIND_FAILED)
            return false;
        known->taken_ms = before.taken_ms;
    }
    for (size_t i = 0; i < state->lists->record_count; i++) {
        const struct repay_record *record = &state->lists->records[i];
        enum repay_found found = REPAY_NOT_FOUND;

        if (known->list != 0 && record->id.length > 0)
            found = repay_store_find_before_id(store, known->list, record->id, error);
        if (found == REPAY_FIND_FAILED)
            return false;
        known->was_before[i] = found == REPAY_FOUND;
        seen += found == REPAY_FOUND && !record->is_repeated ? 1 : 0;
    }
    /* Where no list was read before the send, nothing can be told from one that was read after. */
    known->is_whole = known->list != 0 && seen == before.id_count;
    return true;
}

static const struct known_before *known_of(struct deciding *state, int64_t list,
                                           struct repay_error *error)
{
    const struct repay_allocator *allocator = state->journal->allocator;
    struct known_before *known = &state->known[state->known_count];

    for (size_t i = 0; i < state->known_count; i++) {
        if (state->known[i].list == list)
            return &state->known[i];
    }
    *known = (struct known_before){.list = list};
    known->was_before = repay_allocate(allocator, state->lists->record_count + 1);
    if (!known->was_before) {
        (void)state->journal->core->error_set(error, REPAY_KIND_MEMORY,
                                              "not enough memory to compare lists");
        return NULL;
    }
    state->known_count++;
    return fill_known(state, known, error) ? known : NULL;
}

static const struct repay_account_view *view_of(const struct repay_lists *lists,
                                                struct repay_text account)
{
    for (size_t i = 0; i < lists->view_count; i++) {
        if (repay_text_equal(lists->views[i].account, account))
            return &lists->views[i];
    }
    return NULL;
}

/* What cannot be compared has moved, as far as we can tell. */
static bool has_moved(struct deciding *state, int64_t list, struct repay_text account, bool *out,
                      struct repay_error *error)
{
    const struct repay_account_view *view = view_of(state->lists, account);
    int64_t balance_minor = 0;
    int paid = 0;
    enum repay_found found = repay_store_find_before_account(state->journal->store, list, account,
                                                             &balance_minor, &paid, error);

    if (found == REPAY_FIND_FAILED)
        return false;
    if (found == REPAY_NOT_FOUND || !view) {
        *out = found == REPAY_FOUND || view != NULL;
        return true;
    }
    *out = balance_minor == REPAY_AMOUNT_ABSENT || paid < 0 ||
           balance_minor != view->balance_minor || paid != view->paid;
    return true;
}

static bool add_claimant(struct deciding *state, struct group *group,
                         const struct repay_entry *found, struct repay_error *error)
{
    struct equal_entry *equal = &group->entries[group->count];
    struct repay_claimant *claimant = &group->claimants[group->count];
    const struct known_before *known = known_of(state, found->now.before_list, error);
    enum repay_found owned;

    if (!known)
        return false;
    owned = repay_store_is_owned(state->journal->store, found->number, error);
    if (owned == REPAY_FIND_FAILED)
        return false;
    equal->entry.number = found->number;
    equal->from = found->now.state;
    memcpy(equal->id, found->facts.id.data, REPAY_UUID_TEXT);
    equal->id[REPAY_UUID_TEXT] = '\0';
    (void)keep(equal->account, found->facts.natural.account);
    *claimant = (struct repay_claimant){.now = found->now,
                                        .before_ms = known->taken_ms,
                                        .was_before = known->was_before,
                                        .before_is_whole = known->is_whole,
                                        .is_owned = owned == REPAY_FOUND};
    claimant->now.receipt_id = keep(equal->receipt_id, found->now.receipt_id);
    group->count++;
    return has_moved(state, found->now.before_list,
                     (struct repay_text){equal->account, strlen(equal->account)},
                     &claimant->account_moved, error);
}

/* All open entries of the amount and account of open[first], without those that have their record.
 */
static bool gather(struct deciding *state, size_t first, struct group *group,
                   struct repay_error *error)
{
    struct repay_entry entry;

    group->count = 0;
    group->is_too_large = false;
    for (size_t i = first; i < state->open_count; i++) {
        struct open_entry *open = &state->open[i];

        if (open->is_done || open->amount_minor != state->open[first].amount_minor ||
            open->account != state->open[first].account)
            continue;
        if (repay_store_find_number(state->journal->store, open->number, &entry, error) !=
            REPAY_FOUND)
            return false;
        if (group->count > 0 &&
            !repay_text_is(entry.facts.natural.account, group->entries[0].account))
            continue;
        open->is_done = true;
        if (entry.now.record_id.length > 0)
            continue;
        group->is_too_large = group->count == REPAY_MATCH_MAX;
        if (group->is_too_large)
            return true;
        if (!add_claimant(state, group, &entry, error))
            return false;
    }
    return true;
}

static bool mark_bound(struct deciding *state, const struct group *group, int64_t amount_minor,
                       struct repay_error *error)
{
    for (size_t i = 0; i < state->lists->record_count; i++) {
        struct repay_record *record = &state->lists->records[i];
        enum repay_found found;

        if (record->amount_minor != amount_minor || record->id.length == 0 ||
            !repay_text_is(record->account, group->entries[0].account))
            continue;
        found =
            repay_store_find_record(state->journal->store, &state->lists->scope, record->id, error);
        if (found == REPAY_FIND_FAILED)
            return false;
        record->is_bound = found == REPAY_FOUND;
    }
    return true;
}

/* What a match teaches about the tenant: it lists what it accepts, and under which id. */
static bool learn(struct deciding *state, const struct repay_entry *entry,
                  struct repay_text record_id, struct repay_error *error)
{
    struct repay_store *store = state->journal->store;
    bool is_same = repay_text_equal(entry->now.receipt_id, record_id);

    if (!repay_store_learn(store, &state->lists->scope, REPAY_FACT_LISTS_RECORDS, true,
                           entry->number, state->act->unix_ms, error))
        return false;
    if (entry->now.receipt_id.length == 0)
        return true;
    return repay_store_learn(store, &state->lists->scope, REPAY_FACT_SAME_ID, is_same,
                             entry->number, state->act->unix_ms, error);
}

static void write_evidence(const struct deciding *state, const struct repay_claimant *claimant,
                           char out[REPAY_EVIDENCE_MAX + 1])
{
    const struct repay_lists *lists = state->lists;
    bool has_record =
        claimant->decision == REPAY_DECISION_ACCEPT || claimant->decision == REPAY_DECISION_BIND;
    char id[49] = "";

    if (has_record)
        state->journal->core->error_copy(id, sizeof id, lists->records[claimant->record].id);
    (void)snprintf(out, REPAY_EVIDENCE_MAX + 1, "a %s list of %zu rows at %lld%s%s%s",
                   lists->is_complete && state->every_row_has_an_id ? "whole" : "cut",
                   lists->record_count, (long long)state->act->unix_ms,
                   has_record ? "; record " : "", id,
                   claimant->account_moved ? "; the balance moved or is not told" : "");
}

/* Puts the decision into the entry; false when nothing changes. */
static bool apply(const struct deciding *state, const struct repay_claimant *claimant,
                  struct repay_entry *entry)
{
    struct repay_entry_standing *now = &entry->now;

    switch (claimant->decision) {
    case REPAY_DECISION_BIND:
        now->record_id = state->lists->records[claimant->record].id;
        return true;
    case REPAY_DECISION_ACCEPT:
        now->record_id = state->lists->records[claimant->record].id;
        now->state = REPAY_ENTRY_ACCEPTED;
        break;
    case REPAY_DECISION_ABSENT:
        now->state = REPAY_ENTRY_ABSENT;
        break;
    case REPAY_DECISION_UNSEEN:
        now->unseen_ms = state->moment.now_ms;
        break;
    case REPAY_DECISION_ASK:
    case REPAY_DECISION_STAY:
        /* What was not seen once may have been hidden by the reason that shows now. */
        if (now->state != REPAY_ENTRY_UNKNOWN || repay_text_is(now->reason, claimant->why))
            return false;
        now->unseen_ms = 0;
        break;
    case REPAY_DECISION_WAIT:
        return false;
    }
    now->reason = repay_text_of(claimant->why);
    now->changed_ms = state->moment.now_ms;
    return true;
}

static bool write_decision(struct deciding *state, const struct equal_entry *equal,
                           const struct repay_claimant *claimant, struct repay_error *error)
{
    struct repay_decided *result = &state->results[state->count];
    struct repay_entry entry;

    if (repay_store_find_number(state->journal->store, equal->entry.number, &entry, error) !=
        REPAY_FOUND)
        return false;
    *result = (struct repay_decided){.from = equal->from,
                                     .decision = claimant->decision,
                                     .why = claimant->why,
                                     .due_ms = claimant->due_ms};
    memcpy(result->id, equal->id, sizeof result->id);
    write_evidence(state, claimant, result->evidence);
    if (apply(state, claimant, &entry)) {
        if (claimant->decision == REPAY_DECISION_BIND &&
            !learn(state, &entry, state->lists->records[claimant->record].id, error))
            return false;
        if (!repay_journal_move(state->journal, &entry, equal->from, state->act, claimant->why,
                                result->evidence, error))
            return false;
    }
    result->to = entry.now.state;
    state->count++;
    return true;
}

/* Delays that must have passed really: a clock that was set forward has not made them pass. */
static struct repay_moment_facts moment_of(const struct deciding *state, const struct group *group)
{
    struct repay_moment_facts moment = state->moment;
    int64_t gained_ms = 0;

    for (size_t i = 0; i < group->count; i++) {
        int64_t own_ms = repay_clock_gained(state->moment, &group->claimants[i].now);

        gained_ms = own_ms > gained_ms ? own_ms : gained_ms;
    }
    moment.now_ms -= gained_ms;
    return moment;
}

static bool decide_group(struct deciding *state, struct group *group, int64_t amount_minor,
                         struct repay_error *error)
{
    struct repay_tuple tuple = {.records = state->lists->records,
                                .record_count = state->lists->record_count,
                                .list_is_whole =
                                    state->lists->is_complete && state->every_row_has_an_id,
                                .list_shows_records = state->shows_records,
                                .receipt_is_record = state->same_id,
                                .account = repay_text_of(group->entries[0].account),
                                .amount_minor = amount_minor,
                                .moment = moment_of(state, group)};

    if (!mark_bound(state, group, amount_minor, error))
        return false;
    repay_reconcile(state->journal->core, &state->journal->policy, &tuple, group->claimants,
                    group->count);
    for (size_t i = 0; i < group->count; i++) {
        struct repay_claimant *claimant = &group->claimants[i];

        if (group->is_too_large && claimant->decision != REPAY_DECISION_BIND) {
            claimant->decision = REPAY_DECISION_ASK;
            claimant->why = "too_many_alike";
        }
        if (!write_decision(state, &group->entries[i], claimant, error))
            return false;
    }
    return true;
}

static const struct repay_repaid *repaid_of(const struct repay_lists *lists, struct repay_text id)
{
    for (size_t i = 0; id.length > 0 && i < lists->repaid_count; i++) {
        if (repay_text_equal(lists->repaid[i].id, id) &&
            repay_status_is_verified(lists->repaid[i].status))
            return &lists->repaid[i];
    }
    return NULL;
}

static bool verify_entry(struct deciding *state, struct repay_entry *entry,
                         struct repay_error *error)
{
    const struct repay_repaid *repaid = repaid_of(state->lists, entry->now.receipt_id);
    struct repay_decided *result = &state->results[state->count];

    if (!repaid)
        repaid = repaid_of(state->lists, entry->now.record_id);
    if (!repaid || state->count == state->room)
        return true;
    *result = (struct repay_decided){.from = REPAY_ENTRY_ACCEPTED,
                                     .to = REPAY_ENTRY_VERIFIED,
                                     .decision = REPAY_DECISION_ACCEPT,
                                     .why = "repaid_list"};
    memcpy(result->id, entry->facts.id.data, REPAY_UUID_TEXT);
    (void)snprintf(result->evidence, sizeof result->evidence, "the repaid list says %.*s",
                   (int)(repaid->status.length < 40 ? repaid->status.length : 40),
                   repaid->status.data);
    entry->now.state = REPAY_ENTRY_VERIFIED;
    entry->now.provider_status = repaid->status;
    entry->now.changed_ms = state->moment.now_ms;
    entry->now.reason = REPAY_TEXT("repaid_list");
    state->count++;
    return repay_journal_move(state->journal, entry, REPAY_ENTRY_ACCEPTED, state->act,
                              "repaid_list", result->evidence, error);
}

static bool verify_all(struct deciding *state, struct repay_error *error)
{
    struct repay_entry entry;

    for (size_t i = 0; state->lists->repaid_count > 0 && i < state->open_count; i++) {
        if (repay_store_find_number(state->journal->store, state->open[i].number, &entry, error) !=
            REPAY_FOUND)
            return false;
        if (entry.now.state == REPAY_ENTRY_ACCEPTED && !verify_entry(state, &entry, error))
            return false;
    }
    return true;
}

static bool decide_within(struct deciding *state, struct group *group, struct repay_error *error)
{
    struct repay_journal *journal = state->journal;
    const struct repay_entry_facts *scope = &state->lists->scope;

    if (!repay_journal_moment(journal, state->act->unix_ms, &state->moment, error) ||
        !know(journal, scope, REPAY_FACT_LISTS_RECORDS, &state->shows_records, error) ||
        !know(journal, scope, REPAY_FACT_SAME_ID, &state->same_id, error) ||
        !collect_open(state, error))
        return false;
    for (size_t i = 0; i < state->open_count; i++) {
        if (state->open[i].is_done)
            continue;
        if (!gather(state, i, group, error))
            return false;
        if (group->count > 0 && !decide_group(state, group, state->open[i].amount_minor, error))
            return false;
    }
    return verify_all(state, error);
}

static void forget(struct deciding *state, struct group *group)
{
    const struct repay_allocator *allocator = state->journal->allocator;

    for (size_t i = 0; i < state->known_count; i++)
        repay_release(allocator, state->known[i].was_before, state->lists->record_count + 1);
    repay_release(allocator, state->known, (state->room + 1) * sizeof *state->known);
    repay_release(allocator, state->open, (state->room + 1) * sizeof *state->open);
    repay_release(allocator, group, sizeof *group);
}

bool repay_journal_decide(struct repay_journal *journal, const struct repay_lists *lists,
                          const struct repay_act *act, struct repay_decided *results, size_t room,
                          size_t *count, struct repay_error *error)
{
    const struct repay_allocator *allocator = journal->allocator;
    struct repay_act now;
    struct deciding state = {
        .journal = journal, .lists = lists, .act = &now, .results = results, .room = room};
    struct group *group = repay_allocate(allocator, sizeof *group);
    bool done = false;

    state.open = repay_allocate(allocator, (room + 1) * sizeof *state.open);
    state.known = repay_allocate(allocator, (room + 1) * sizeof *state.known);
    if (!group || !state.open || !state.known ||
        !repay_records_mark(allocator, lists->records, lists->record_count,
                            &state.every_row_has_an_id))
        (void)journal->core->error_set(error, REPAY_KIND_MEMORY,
                                       "not enough memory to compare lists");
    else
        done = repay_journal_begin(journal, act, &now, error);
    if (done) {
        done = decide_within(&state, group, error);
        REPAY_CRASH_POINT("C29");
        if (done)
            done = repay_store_commit(journal->store, error);
        else
            repay_store_rollback(journal->store);
    }
    forget(&state, group);
    if (!done)
        return false;
    REPAY_CRASH_POINT("C30");
    *count = state.count;
    return true;
}
