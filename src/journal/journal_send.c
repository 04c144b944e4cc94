/*
 * Owns the two commits around every send, and what is done about processes that died between them.
 * Refuses to let anything be sent that is not, byte for byte, what was planned, and on disk as
 * sent.
 */
#include "crash_points.h"
#include "journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool repay_journal_own(struct repay_journal *journal, struct repay_text id,
                       struct repay_owner *owner, struct repay_error *error)
{
    const struct repay_core_api *core = journal->core;
    int64_t number = 0;
    enum repay_found found = repay_store_number_of(journal->store, id, &number, error);

    if (found == REPAY_NOT_FOUND)
        return core->error_set(error, REPAY_KIND_NOT_FOUND, "the journal has no entry %.40s",
                               id.data);
    if (found == REPAY_FIND_FAILED)
        return false;
    if (repay_store_is_broken(journal->store))
        return core->error_set(error, REPAY_KIND_JOURNAL_CORRUPT,
                               "the journal's chain of events is broken: nothing is sent from it");
    if (!repay_store_is_at_home(journal->store))
        return core->error_set(error, REPAY_KIND_CONFIG,
                               "this journal is a copy, or was moved or restored, and another may "
                               "have sent what it holds: open it with moved = true when none is "
                               "in use");
    *owner = (struct repay_owner){.lock = REPAY_OWNER_LOCK_NONE, .number = number};
    memcpy(owner->id, id.data, REPAY_UUID_TEXT);
    switch (
        repay_owner_lock_take(&owner->lock, repay_store_lock_path(journal->store), owner->number)) {
    case REPAY_LOCK_TAKEN:
        return true;
    case REPAY_LOCK_HELD:
        return core->error_set(error, REPAY_KIND_JOURNAL_BUSY,
                               "someone else has entry %.40s under way", owner->id);
    case REPAY_LOCK_FAILED:
        break;
    }
    return core->error_set(error, REPAY_KIND_JOURNAL, "cannot lock entry %.40s: %.60s", owner->id,
                           strerror(errno));
}

void repay_owner_close(struct repay_owner *owner)
{
    repay_owner_lock_drop(&owner->lock);
}

static bool is_as_planned(const struct repay_entry_facts *facts,
                          const struct repay_sending *sending)
{
    return repay_text_equal(facts->key, sending->key) &&
           repay_text_equal(facts->method, sending->method) &&
           repay_text_equal(facts->target, sending->target) &&
           repay_text_equal(facts->body, sending->body);
}

/* Writes the list with the first claim that uses it, so that one is on disk without the other
 * never.
 */
static bool store_before(struct repay_journal *journal, struct repay_before *before,
                         struct repay_error *error)
{
    struct repay_store *store = journal->store;
    struct repay_store_before list = before->list;

    if (list.number != 0)
        return true;
    for (size_t i = 0; i < before->record_count; i++)
        list.id_count += before->records[i].is_repeated ? 0 : 1;
    if (!repay_store_insert_before(store, &list, error))
        return false;
    for (size_t i = 0; i < before->record_count; i++) {
        if (!before->records[i].is_repeated &&
            !repay_store_insert_before_id(store, list.number, before->records[i].id, error))
            return false;
    }
    for (size_t i = 0; i < before->view_count; i++) {
        const struct repay_account_view *view = &before->views[i];

        if (!repay_store_insert_before_account(store, list.number, view->account,
                                               view->balance_minor, view->paid, error))
            return false;
    }
    before->list.number = list.number;
    return true;
}

static bool write_claim(struct repay_journal *journal, struct repay_entry *entry,
                        enum repay_entry_state from, const struct repay_act *act,
                        struct repay_error *error)
{
    char evidence[REPAY_EVIDENCE_MAX + 1];
    struct repay_event event;

    (void)snprintf(evidence, sizeof evidence, "attempt %lld, by %s", (long long)entry->now.tries,
                   journal->nonce);
    event = repay_journal_event(entry, from, act, "claimed", evidence);
    event.attempt = (struct repay_event_attempt){.number = entry->now.tries,
                                                 .owner = repay_text_of(journal->nonce),
                                                 .deadline_ms = entry->now.deadline_ms};
    return repay_store_update(journal->store, entry, &event, error);
}

/* What a first claim brings: the list of its customer, and of this moment. */
static bool check_before(struct repay_journal *journal, const struct repay_entry *entry,
                         const struct repay_store_before *list, int64_t now_ms,
                         struct repay_error *error)
{
    const struct repay_core_api *core = journal->core;

    if (!repay_text_equal(list->provider, entry->facts.natural.provider) ||
        !repay_text_equal(list->environment, entry->facts.natural.environment) ||
        !repay_text_equal(list->label, entry->facts.label) ||
        !repay_text_equal(list->customer, entry->facts.natural.customer))
        return core->error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                               "the list before is of another customer");
    if (now_ms - list->taken_ms > REPAY_JOURNAL_BEFORE_MAX_MS ||
        list->taken_ms - now_ms > REPAY_JOURNAL_BEFORE_MAX_MS)
        return core->error_set(error, REPAY_KIND_TIMEOUT,
                               "the customer's list was read too long before entry %.40s was sent",
                               entry->facts.id.data);
    return true;
}

/* Both must trust the provider's keys: who planned it, and who would send it again now. */
static enum repay_entry_mode mode_of(const struct repay_entry *entry,
                                     const struct repay_sending *sending)
{
    return sending->keys_honoured ? entry->facts.mode : REPAY_MODE_AT_MOST_ONCE;
}

static bool refuse_claim(struct repay_journal *journal, const struct repay_entry *entry,
                         enum repay_claim claim, struct repay_error *error)
{
    return journal->core->error_set(error, REPAY_KIND_INVALID_ARGUMENT, "entry %.40s is %s: %s",
                                    entry->facts.id.data, repay_entry_state_name(entry->now.state),
                                    repay_claim_text(claim));
}

/*
 * A person has learnt since it was planned that its key protects nothing, or the client at hand
 * does not say that it does. No window of it opens again, whatever the next client says.
 */
static bool close_window(struct repay_journal *journal, struct repay_entry *entry,
                         const struct repay_act *act, struct repay_error *error)
{
    enum repay_entry_state from = entry->now.state;

    entry->now.state = REPAY_ENTRY_UNKNOWN;
    repay_entry_close_window(&entry->now);
    entry->now.changed_ms = act->unix_ms;
    entry->now.reason = repay_text_of(repay_claim_word(REPAY_CLAIM_NOT_KEYED));
    return repay_journal_move(journal, entry, from, act, repay_claim_word(REPAY_CLAIM_NOT_KEYED),
                              "its client does not say that keys are honoured", error);
}

static bool decide_claim(struct repay_journal *journal, struct repay_entry *entry,
                         const struct repay_sending *sending, const struct repay_before *before,
                         const struct repay_act *act, enum repay_claim *out,
                         struct repay_error *error)
{
    const struct repay_core_api *core = journal->core;
    struct repay_moment_facts moment;

    if (!is_as_planned(&entry->facts, sending))
        return core->error_set(error, REPAY_KIND_CONFIG,
                               "the request for entry %.40s is not the one that was planned",
                               entry->facts.id.data);
    if (entry->now.state == REPAY_ENTRY_APPROVED && before &&
        !check_before(journal, entry, &before->list, act->unix_ms, error))
        return false;
    if (!repay_journal_moment(journal, act->unix_ms, &moment, error))
        return false;
    *out = repay_entry_claim(&journal->policy, mode_of(entry, sending), moment, sending->timeout_ms,
                             &entry->now);
    return true;
}

static bool claim_within(struct repay_journal *journal, struct repay_owner *owner,
                         const struct repay_sending *sending, struct repay_before *before,
                         const struct repay_act *act, struct repay_entry *entry,
                         enum repay_claim *claim, struct repay_error *error)
{
    enum repay_entry_state from;

    if (repay_store_find_number(journal->store, owner->number, entry, error) != REPAY_FOUND)
        return false;
    from = entry->now.state;
    if (!decide_claim(journal, entry, sending, before, act, claim, error))
        return false;
    if (*claim == REPAY_CLAIM_NOT_KEYED && entry->facts.mode == REPAY_MODE_KEYED) {
        if (!close_window(journal, entry, act, error))
            return false;
        /* Told now: the entry's texts are the store's, and do not outlive the transaction. */
        (void)refuse_claim(journal, entry, *claim, error);
        return true;
    }
    if (*claim != REPAY_CLAIM_OK)
        return refuse_claim(journal, entry, *claim, error);
    if (from == REPAY_ENTRY_APPROVED && before) {
        if (!store_before(journal, before, error))
            return false;
        entry->now.before_list = before->list.number;
    }
    if (!write_claim(journal, entry, from, act, error))
        return false;
    if (entry->now.tries > 1)
        REPAY_CRASH_POINT("C26");
    return true;
}

bool repay_journal_claim(struct repay_journal *journal, struct repay_owner *owner,
                         const struct repay_sending *sending, struct repay_before *before,
                         const struct repay_act *act, struct repay_claimed *out,
                         struct repay_error *error)
{
    int64_t list = before ? before->list.number : 0;
    enum repay_claim claim = REPAY_CLAIM_OK;
    struct repay_entry entry;
    struct repay_act now;
    bool done;

    REPAY_CRASH_POINT("C06");
    if (!repay_journal_begin(journal, act, &now, error))
        return false;
    done = claim_within(journal, owner, sending, before, &now, &entry, &claim, error);
    REPAY_CRASH_POINT("C07");
    if (done)
        done = repay_store_commit(journal->store, error);
    else
        repay_store_rollback(journal->store);
    /* It stands, but what becomes of the request could not be written down. */
    if (done && !repay_store_is_usable(journal->store))
        done = journal->core->error_set(error, REPAY_KIND_JOURNAL,
                                        "the journal failed when entry %.40s was about to be sent, "
                                        "and must be opened again",
                                        owner->id);
    if (!done) {
        if (before)
            before->list.number = list;
        return false;
    }
    if (claim != REPAY_CLAIM_OK)
        return false;
    REPAY_CRASH_POINT("C08");
    owner->tries = entry.now.tries;
    *out = (struct repay_claimed){.attempt = entry.now.tries,
                                  .deadline_ms = entry.now.deadline_ms,
                                  .before_list = entry.now.before_list};
    return true;
}

static const char *outcome_name(enum repay_attempt_outcome outcome)
{
    static const char *const names[] = {"accepted", "not_sent", "refused", "unknown"};

    return names[outcome];
}

static bool write_outcome(struct repay_journal *journal, struct repay_entry *entry,
                          const struct repay_ended *ended, const struct repay_act *act,
                          const char *why, struct repay_error *error)
{
    const char *outcome = outcome_name(ended->end.outcome);
    const char *kind =
        ended->end.kind == REPAY_KIND_NONE ? "" : journal->core->kind_name(ended->end.kind);
    char evidence[REPAY_EVIDENCE_MAX + 1];
    struct repay_event event;
    char status[32] = "";

    /* Without a reply there is no status to tell. */
    if (ended->http_status != 0)
        (void)snprintf(status, sizeof status, ", status %lld", (long long)ended->http_status);
    (void)snprintf(evidence, sizeof evidence, "attempt %lld: %s%s%s%s", (long long)entry->now.tries,
                   outcome, *kind ? " " : "", kind, status);
    if (entry->now.state == REPAY_ENTRY_ACCEPTED && ended->receipt_id.length > 0)
        entry->now.receipt_id = ended->receipt_id;
    if (ended->provider_status.length > 0)
        entry->now.provider_status = ended->provider_status;
    event = repay_journal_event(entry, REPAY_ENTRY_SENDING, act, why, evidence);
    event.attempt = (struct repay_event_attempt){.number = entry->now.tries,
                                                 .outcome = repay_text_of(outcome),
                                                 .kind = repay_text_of(kind),
                                                 .http_status = ended->http_status,
                                                 .interaction_id = ended->interaction_id,
                                                 .message = ended->message};
    return repay_store_update(journal->store, entry, &event, error);
}

/* Asks whether the receipt was given to another entry before. */
static bool look_at_receipt(struct repay_journal *journal, int64_t number,
                            struct repay_text receipt_id, struct repay_attempt_end *end,
                            struct repay_error *error)
{
    enum repay_found found;

    if (end->outcome != REPAY_ATTEMPT_ACCEPTED || receipt_id.length == 0)
        return true;
    found = repay_store_find_receipt(journal->store, receipt_id, number, error);
    end->receipt_is_anothers = found == REPAY_FOUND;
    return found != REPAY_FIND_FAILED;
}

static bool settle_within(struct repay_journal *journal, const struct repay_owner *owner,
                          const struct repay_ended *ended, const struct repay_act *act,
                          struct repay_settled *out, struct repay_error *error)
{
    struct repay_attempt_end end = ended->end;
    struct repay_moment_facts moment;
    struct repay_entry entry;

    if (repay_store_find_standing(journal->store, owner->number, &entry, error) != REPAY_FOUND)
        return false;
    if (entry.now.state != REPAY_ENTRY_SENDING || entry.now.tries != owner->tries)
        return journal->core->error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                                        "entry %.40s has no attempt of this owner under way",
                                        owner->id);
    if (!repay_journal_moment(journal, act->unix_ms, &moment, error) ||
        !look_at_receipt(journal, entry.number, ended->receipt_id, &end, error))
        return false;
    out->settlement =
        repay_entry_settle(&journal->policy, entry.facts.mode, moment, &end, &entry.now);
    out->state = entry.now.state;
    return write_outcome(journal, &entry, ended, act, out->settlement.why, error);
}

bool repay_journal_settle(struct repay_journal *journal, struct repay_owner *owner,
                          const struct repay_ended *ended, const struct repay_act *act,
                          struct repay_settled *out, struct repay_error *error)
{
    struct repay_settled settled = {.state = REPAY_ENTRY_SENDING};
    struct repay_act now;

    if (ended->end.outcome == REPAY_ATTEMPT_NOT_SENT && ended->end.kind == REPAY_KIND_AUTH)
        REPAY_CRASH_POINT("C25");
    REPAY_CRASH_POINT("C19");
    if (!repay_journal_begin(journal, act, &now, error))
        return false;
    if (!settle_within(journal, owner, ended, &now, &settled, error)) {
        repay_store_rollback(journal->store);
        return false;
    }
    REPAY_CRASH_POINT("C20");
    if (!repay_store_commit(journal->store, error))
        return false;
    REPAY_CRASH_POINT("C21");
    owner->tries = settled.settlement.again ? owner->tries : 0;
    *out = settled;
    return true;
}

bool repay_journal_next(struct repay_journal *journal, const struct repay_entry *entry,
                        struct repay_moment_facts moment, struct repay_next *out,
                        struct repay_error *error)
{
    struct repay_entry_standing standing = entry->now;
    enum repay_found owned = REPAY_NOT_FOUND;

    if (!repay_entry_is_final(standing.state))
        owned = repay_store_is_owned(journal->store, entry->number, error);
    if (owned == REPAY_FIND_FAILED)
        return false;
    *out = repay_entry_next(&journal->policy, entry->facts.mode, moment, owned == REPAY_FOUND,
                            &standing);
    return true;
}

#define NOT_FINAL                                                                                  \
    (1u << REPAY_ENTRY_PLANNED | 1u << REPAY_ENTRY_APPROVED | 1u << REPAY_ENTRY_SENDING |          \
     1u << REPAY_ENTRY_UNKNOWN | 1u << REPAY_ENTRY_ACCEPTED)

/* What a sweep over entries that are not final needs. */
struct taking_over {
    struct repay_journal *journal;
    struct repay_moment_facts moment;
    struct repay_recovery *recovery;
};

static void note(struct repay_recovery *recovery, const struct repay_entry *entry,
                 const struct repay_next *next)
{
    size_t at = recovery->count++;

    if (!recovery->entries || at >= recovery->room)
        return;
    recovery->entries[at] = (struct repay_unfinished){.number = entry->number,
                                                      .due_ms = next->due_ms,
                                                      .why = next->why,
                                                      .state = entry->now.state,
                                                      .action = next->action};
    memcpy(recovery->entries[at].id, entry->facts.id.data, REPAY_UUID_TEXT);
}

/* One that died while it was sending: `unknown`, unless it may be sent again. */
static enum repay_found take_over(void *context, struct repay_entry *entry,
                                  struct repay_error *error)
{
    const struct taking_over *taking = context;
    const struct repay_journal_policy *policy = &taking->journal->policy;
    enum repay_found owned = repay_store_is_owned(taking->journal->store, entry->number, error);
    bool was_sending = entry->now.state == REPAY_ENTRY_SENDING, is_owned = owned == REPAY_FOUND;
    struct repay_next next;

    if (owned == REPAY_FIND_FAILED)
        return owned;
    next = repay_entry_next(policy, entry->facts.mode, taking->moment, is_owned, &entry->now);
    if (!was_sending || entry->now.state == REPAY_ENTRY_SENDING) {
        note(taking->recovery, entry, &next);
        return REPAY_NOT_FOUND;
    }
    REPAY_CRASH_POINT("C27");
    note(taking->recovery, entry, &next);
    return REPAY_FOUND;
}

bool repay_journal_count_unfinished(struct repay_journal *journal, size_t *out,
                                    struct repay_error *error)
{
    int64_t count;

    if (!repay_store_count_open(journal->store, &count, error))
        return false;
    *out = (size_t)count;
    return true;
}

bool repay_journal_recover(struct repay_journal *journal, const struct repay_act *act,
                           struct repay_recovery *recovery, struct repay_error *error)
{
    struct taking_over taking = {.journal = journal, .recovery = recovery};
    struct repay_store_sweep sweep = {
        .states = NOT_FINAL,
        .from = REPAY_ENTRY_SENDING,
        .to = REPAY_ENTRY_UNKNOWN,
        .event = {.evidence = REPAY_TEXT("its process died before the outcome was written"),
                  .who = act->by},
        .decide = take_over,
        .context = &taking,
    };
    struct repay_act now;
    int64_t moved = 0;

    recovery->count = 0;
    if (!repay_journal_begin(journal, act, &now, error))
        return false;
    sweep.event.at_ms = now.unix_ms;
    if (!repay_journal_moment(journal, now.unix_ms, &taking.moment, error) ||
        !repay_store_sweep(journal->store, &sweep, &moved, error)) {
        repay_store_rollback(journal->store);
        return false;
    }
    if (!repay_store_commit(journal->store, error))
        return false;
    recovery->moved = moved;
    return true;
}
