/*
 * The steps of a journal on a real disk: what each leaves there, what it refuses, and what two
 * processes, or one that died, can do to each other.
 */
#include "journal_setup.h"

#include "sqlite_inner.h"

#include <signal.h>
#include <sys/wait.h>

static struct repay_journal journal;
static struct repay_error error;

static void start(void)
{
    remove_files();
    if (!CHECK(open_journal(&journal, &error)))
        fprintf(stderr, "%s\n", error.message);
}

static void stop(void)
{
    struct repay_store_verified verified;

    if (journal.store && repay_store_is_usable(journal.store)) {
        if (!CHECK(repay_store_verify(journal.store, &verified, &error)))
            fprintf(stderr, "%s\n", error.message);
    }
    repay_journal_close(&journal);
}

/* Planned and approved. */
static struct repay_planned approved(struct repay_entry_facts *facts)
{
    struct repay_planned planned = {.number = 0};

    CHECK(plan_one(&journal, facts, T0, &planned, &error));
    CHECK(approve_one(&journal, planned.id, T0, &error));
    return planned;
}

static struct repay_owner owner_of(const char *id)
{
    struct repay_owner owner = {.lock = REPAY_OWNER_LOCK_NONE};

    if (!CHECK(repay_journal_own(&journal, repay_text_of(id), &owner, &error)))
        fprintf(stderr, "%s\n", error.message);
    return owner;
}

static void keeps_one_payment_through_to_the_end(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "one");
    struct repay_settled settled;
    struct repay_planned planned;
    struct repay_owner owner;
    struct repay_entry entry;

    start();
    planned = approved(&facts);
    owner = owner_of(planned.id);
    CHECK(claim_one(&journal, &owner, &facts, T0 + 1, &error));
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_SENDING);
    CHECK(settle_one(&journal, &owner, REPAY_ATTEMPT_ACCEPTED, REPAY_KIND_NONE, T0 + 2, &settled,
                     &error));
    CHECK_INT(settled.state, REPAY_ENTRY_ACCEPTED);
    repay_owner_close(&owner);
    repay_journal_close(&journal);
    CHECK(open_journal(&journal, &error));
    CHECK_INT(repay_store_find_id(journal.store, repay_text_of(planned.id), &entry, &error),
              REPAY_FOUND);
    CHECK_INT(entry.now.state, REPAY_ENTRY_ACCEPTED);
    CHECK_TEXT(entry.now.receipt_id, "rec-1");
    CHECK_TEXT(entry.facts.body, "{\"amount\":50}");
    CHECK_INT(entry.facts.natural.amount_minor, 5000);
    stop();
}

static void plans_a_payment_once(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "one");
    struct repay_planned first, second;

    start();
    CHECK(plan_one(&journal, &facts, T0, &first, &error));
    CHECK(!first.exists);
    CHECK(plan_one(&journal, &facts, T0 + 1, &second, &error));
    CHECK(second.exists);
    CHECK_TEXT(second.id, first.id);
    /* The same payment under another key is the same payment. */
    facts.key = REPAY_TEXT("mine");
    facts.key_from = REPAY_TEXT("given");
    CHECK(plan_one(&journal, &facts, T0 + 2, &second, &error));
    CHECK(second.exists);
    CHECK_TEXT(second.id, first.id);
    stop();
}

static void refuses_a_key_of_another_payment(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "one");
    struct repay_planned planned;

    start();
    facts.key = REPAY_TEXT("mine");
    facts.key_from = REPAY_TEXT("given");
    CHECK(plan_one(&journal, &facts, T0, &planned, &error));
    facts.natural.amount_minor++;
    CHECK(!plan_one(&journal, &facts, T0, &planned, &error));
    CHECK_INT(error.kind, REPAY_KIND_KEY_REUSED);
    facts.natural.amount_minor--;
    facts.body = REPAY_TEXT("{}");
    CHECK(!plan_one(&journal, &facts, T0, &planned, &error));
    CHECK_INT(error.kind, REPAY_KIND_KEY_REUSED);
    stop();
}

static void plans_all_rows_or_none(void)
{
    struct repay_entry_facts rows[3] = {payment_of(REPAY_MODE_KEYED, "a"),
                                        payment_of(REPAY_MODE_KEYED, "b"),
                                        payment_of(REPAY_MODE_KEYED, "a")};
    struct repay_text replaces[3] = {REPAY_NO_TEXT, REPAY_NO_TEXT, REPAY_NO_TEXT};
    struct repay_plan plan = {
        .rows = rows, .replaces = replaces, .count = 3, .batch_name = REPAY_TEXT("file.csv")};
    struct repay_act act = act_at(T0);
    struct repay_planned results[3];
    struct repay_store_batch batch_found;
    size_t bad_row, other_row;
    int64_t batch = 0;

    start();
    CHECK(
        !repay_journal_plan(&journal, &plan, &act, results, &batch, &bad_row, &other_row, &error));
    CHECK_INT(error.kind, REPAY_KIND_DUPLICATE_PAYMENT);
    CHECK_INT(bad_row, 2);
    CHECK_INT(other_row, 0);
    CHECK_INT(repay_store_next_batch(journal.store, 0, &batch_found, &error), REPAY_NOT_FOUND);
    rows[2] = payment_of(REPAY_MODE_KEYED, "c");
    rows[2].natural.amount_minor = 0;
    CHECK(
        !repay_journal_plan(&journal, &plan, &act, results, &batch, &bad_row, &other_row, &error));
    CHECK_INT(error.kind, REPAY_KIND_AMOUNT_INVALID);
    CHECK_INT(bad_row, 2);
    rows[2] = payment_of(REPAY_MODE_KEYED, "c");
    CHECK(repay_journal_plan(&journal, &plan, &act, results, &batch, &bad_row, &other_row, &error));
    CHECK_INT(batch, 1);
    CHECK_INT(repay_store_next_batch(journal.store, 0, &batch_found, &error), REPAY_FOUND);
    CHECK_INT(batch_found.row_count, 3);
    stop();
}

static void refuses_a_derived_key_that_is_not(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "one");
    struct repay_planned planned;

    start();
    facts.natural.amount_minor = 1;
    CHECK(!plan_one(&journal, &facts, T0, &planned, &error));
    CHECK_INT(error.kind, REPAY_KIND_INVALID_ARGUMENT);
    stop();
}

static bool approve_with(const struct repay_approval *approval, struct repay_text because)
{
    struct repay_act act = {.unix_ms = T0, .because = because};
    int64_t count = 0;

    return repay_journal_approve(&journal, approval, &act, &count, &error);
}

static void holds_limits(void)
{
    struct repay_entry_facts rows[2] = {payment_of(REPAY_MODE_KEYED, "a"),
                                        payment_of(REPAY_MODE_KEYED, "b")};
    struct repay_planned planned[2];
    struct repay_text ids[2];
    struct repay_approval approval = {.ids = ids, .id_count = 2, .is_automatic = true};

    start();
    for (int i = 0; i < 2; i++) {
        CHECK(plan_one(&journal, &rows[i], T0, &planned[i], &error));
        ids[i] = repay_text_of(planned[i].id);
    }
    approval.limits = (struct repay_limits){.per_run_minor = 9999, .day_from_ms = T0 - 1};
    CHECK(!approve_with(&approval, REPAY_NO_TEXT));
    CHECK_INT(error.kind, REPAY_KIND_LIMIT_EXCEEDED);
    CHECK_INT(state_of(&journal, planned[0].id), REPAY_ENTRY_PLANNED);
    approval.limits = (struct repay_limits){.per_account_minor = 9999, .day_from_ms = T0 - 1};
    CHECK(!approve_with(&approval, REPAY_NO_TEXT));
    approval.limits = (struct repay_limits){.per_day_minor = 9999, .day_from_ms = T0 - 1};
    CHECK(!approve_with(&approval, REPAY_NO_TEXT));
    /* Each on a run of its own: the second still meets the day's limit. */
    approval.id_count = 1;
    CHECK(approve_with(&approval, REPAY_NO_TEXT));
    approval.ids = &ids[1];
    CHECK(!approve_with(&approval, REPAY_NO_TEXT));
    CHECK_INT(error.kind, REPAY_KIND_LIMIT_EXCEEDED);
    /* A person may. */
    approval.is_automatic = false;
    CHECK(approve_with(&approval, REPAY_NO_TEXT));
    stop();
}

/* Sums are of one tenant, one currency and, an account's, of that account. */
static void counts_each_sum_by_itself(void)
{
    static const char *const references[] = {"a", "b", "c", "d", "e"};
    struct repay_entry_facts rows[5];
    struct repay_planned planned[5];
    struct repay_text ids[5];
    struct repay_approval approval = {.ids = ids, .id_count = 1, .is_automatic = true};

    start();
    for (int i = 0; i < 5; i++) {
        rows[i] = payment_of(REPAY_MODE_KEYED, references[i]);
        if (i == 1)
            rows[i].natural.account = REPAY_TEXT("other");
        if (i == 2)
            rows[i].natural.currency = REPAY_TEXT("KES");
        if (i == 3)
            rows[i].label = REPAY_TEXT("north");
        if (i == 4)
            rows[i].natural.amount_minor = ((int64_t)1 << 60) + 1;
        rows[i].key_from = REPAY_TEXT("given");
        CHECK(plan_one(&journal, &rows[i], T0, &planned[i], &error));
        ids[i] = repay_text_of(planned[i].id);
    }
    /* What a person approved counts, and is no hindrance to others. */
    approval.is_automatic = false;
    CHECK(approve_with(&approval, REPAY_NO_TEXT));
    approval.is_automatic = true;
    approval.limits = (struct repay_limits){
        .per_account_minor = 5000, .per_day_minor = 9999, .day_from_ms = T0 - 1};
    for (int i = 2; i < 4; i++) {
        approval.ids = &ids[i];
        CHECK(approve_with(&approval, REPAY_NO_TEXT));
    }
    approval.ids = &ids[1];
    CHECK(!approve_with(&approval, REPAY_NO_TEXT));
    CHECK_TEXT(error.message,
               "the limit of a day is 9999, and this would make it 10000 minor units");
    approval.limits.per_day_minor = 10000;
    CHECK(approve_with(&approval, REPAY_NO_TEXT));
    approval.ids = &ids[4];
    CHECK(!approve_with(&approval, REPAY_NO_TEXT));
    CHECK_TEXT(error.message, "a run adds up to 1152921504606846976 minor units at most");
    stop();
}

/* The limits of a day count whatever day the caller took it for, and where it named none. */
static void holds_limits_past_midnight(void)
{
    static const int64_t days[] = {T0 - REPAY_JOURNAL_DAY_MS, T0 + 1, 0, INT64_MIN, INT64_MAX};
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "a");
    struct repay_planned planned;
    struct repay_text id;
    struct repay_approval approval = {.ids = &id, .id_count = 1, .is_automatic = true};

    start();
    CHECK(plan_one(&journal, &facts, T0, &planned, &error));
    id = repay_text_of(planned.id);
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        approval.limits = (struct repay_limits){.per_day_minor = 4999, .day_from_ms = days[i]};
        CHECK(!approve_with(&approval, REPAY_NO_TEXT));
        approval.limits = (struct repay_limits){.per_account_minor = 4999, .day_from_ms = days[i]};
        CHECK(!approve_with(&approval, REPAY_NO_TEXT));
        CHECK_INT(error.kind, REPAY_KIND_LIMIT_EXCEEDED);
    }
    stop();
}

static void holds_what_a_person_must_see(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "a");
    struct repay_planned planned;
    struct repay_text id;
    struct repay_approval approval = {.ids = &id, .id_count = 1, .is_automatic = true};

    start();
    facts.hold = REPAY_TEXT("the list has an equal record");
    CHECK(plan_one(&journal, &facts, T0, &planned, &error));
    id = repay_text_of(planned.id);
    CHECK(!approve_with(&approval, REPAY_TEXT("because")));
    CHECK_INT(error.kind, REPAY_KIND_APPROVAL_REQUIRED);
    approval.is_automatic = false;
    CHECK(!approve_with(&approval, REPAY_NO_TEXT));
    CHECK(approve_with(&approval, REPAY_TEXT("it is a second one")));
    stop();
}

static void sends_nothing_but_what_was_planned(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "a"), other;
    struct repay_planned planned;
    struct repay_owner owner;

    start();
    planned = approved(&facts);
    owner = owner_of(planned.id);
    other = facts;
    other.body = REPAY_TEXT("{\"amount\":51}");
    CHECK(!claim_one(&journal, &owner, &other, T0 + 1, &error));
    CHECK_INT(error.kind, REPAY_KIND_CONFIG);
    other = facts;
    other.target = REPAY_TEXT("/repay2");
    CHECK(!claim_one(&journal, &owner, &other, T0 + 1, &error));
    other = facts;
    other.key = REPAY_TEXT("another");
    CHECK(!claim_one(&journal, &owner, &other, T0 + 1, &error));
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_APPROVED);
    repay_owner_close(&owner);
    stop();
}

static void has_one_owner(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "a");
    struct repay_owner owner, second = {.lock = REPAY_OWNER_LOCK_NONE};
    struct repay_planned planned;
    struct repay_error ignored;
    int status = 0;
    pid_t child;

    start();
    planned = approved(&facts);
    owner = owner_of(planned.id);
    CHECK(!repay_journal_own(&journal, repay_text_of(planned.id), &second, &error));
    CHECK_INT(error.kind, REPAY_KIND_JOURNAL_BUSY);
    CHECK_INT(repay_store_is_owned(journal.store, owner.number, &error), REPAY_FOUND);
    CHECK_INT(repay_store_is_owned(journal.store, owner.number + 1, &error), REPAY_NOT_FOUND);
    /* A child that drops its copy takes nothing from us. */
    child = fork();
    if (child == 0) {
        repay_owner_close(&owner);
        _exit(repay_journal_own(&journal, repay_text_of(planned.id), &second, &ignored) ? 1 : 0);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK_INT(repay_store_is_owned(journal.store, owner.number, &error), REPAY_FOUND);
    repay_owner_close(&owner);
    CHECK_INT(repay_store_is_owned(journal.store, owner.number, &error), REPAY_NOT_FOUND);
    repay_owner_close(&owner);
    stop();
}

static void settles_only_its_own_attempt(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "a");
    struct repay_settled settled;
    struct repay_planned planned;
    struct repay_owner owner;

    start();
    planned = approved(&facts);
    owner = owner_of(planned.id);
    CHECK(!settle_one(&journal, &owner, REPAY_ATTEMPT_ACCEPTED, REPAY_KIND_NONE, T0, &settled,
                      &error));
    CHECK(claim_one(&journal, &owner, &facts, T0 + 1, &error));
    CHECK(settle_one(&journal, &owner, REPAY_ATTEMPT_UNKNOWN, REPAY_KIND_TIMEOUT, T0 + 2, &settled,
                     &error));
    CHECK(settled.settlement.again);
    CHECK(claim_one(&journal, &owner, &facts, T0 + 3, &error));
    CHECK(settle_one(&journal, &owner, REPAY_ATTEMPT_ACCEPTED, REPAY_KIND_NONE, T0 + 4, &settled,
                     &error));
    CHECK(!settle_one(&journal, &owner, REPAY_ATTEMPT_REFUSED, REPAY_KIND_LOAN_CLOSED, T0 + 5,
                      &settled, &error));
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_ACCEPTED);
    repay_owner_close(&owner);
    stop();
}

/* How many were moved, -1 when that failed. */
static int64_t recovered(const struct repay_act *act)
{
    struct repay_recovery recovery = {.room = 0};

    return repay_journal_recover(&journal, act, &recovery, &error) ? recovery.moved : -1;
}

static void recovers_what_the_dead_left(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_AT_MOST_ONCE, "a");
    struct repay_act act = act_at(T0 + 10);
    struct repay_planned planned;
    struct repay_error ignored;
    struct repay_owner owner;
    pid_t child;

    start();
    planned = approved(&facts);
    child = fork();
    if (child == 0) {
        /* Another process has a journal of its own, dies with the claim, and says nothing. */
        struct repay_journal own;
        struct repay_owner claimed = {.lock = REPAY_OWNER_LOCK_NONE};

        if (!open_journal(&own, &ignored) ||
            !repay_journal_own(&own, repay_text_of(planned.id), &claimed, &ignored) ||
            !claim_one(&own, &claimed, &facts, T0 + 1, &ignored))
            _exit(1);
        (void)raise(SIGKILL);
    }
    CHECK_INT(waitpid(child, NULL, 0), child);
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_SENDING);
    CHECK_INT(recovered(&act), 1);
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_UNKNOWN);
    CHECK_INT(recovered(&act), 0);
    owner = owner_of(planned.id);
    CHECK(!claim_one(&journal, &owner, &facts, T0 + 20, &error));
    repay_owner_close(&owner);
    stop();
}

#define MANY 1200 /* more than two parts of a sweep */
#define HELD 700

/* The 700th has a living owner, and all others are taken over around it. */
static void recovers_many_and_leaves_the_living(void)
{
    static char ids[MANY][REPAY_UUID_TEXT + 1];
    struct repay_store_verified verified;
    struct repay_act act = act_at(T0 + 20);
    struct repay_owner living = {.lock = REPAY_OWNER_LOCK_NONE};

    start();
    for (int i = 0; i < MANY; i++) {
        char reference[16];
        struct repay_entry_facts facts;
        struct repay_owner owner;

        (void)snprintf(reference, sizeof reference, "many %d", i);
        facts = payment_of(REPAY_MODE_AT_MOST_ONCE, reference);
        memcpy(ids[i], approved(&facts).id, sizeof ids[i]);
        owner = owner_of(ids[i]);
        CHECK(claim_one(&journal, &owner, &facts, T0 + 10, &error));
        if (i == HELD)
            living = owner;
        else
            repay_owner_close(&owner);
    }
    CHECK_INT(recovered(&act), MANY - 1);
    for (int i = 0; i < MANY; i++)
        CHECK(state_of(&journal, ids[i]) ==
              (i == HELD ? REPAY_ENTRY_SENDING : REPAY_ENTRY_UNKNOWN));
    repay_owner_close(&living);
    CHECK_INT(recovered(&act), 1);
    CHECK_INT(recovered(&act), 0);
    CHECK(repay_store_verify(journal.store, &verified, &error));
    CHECK_INT(verified.entries, MANY);
    stop();
}

/* All that is not final is told, moved or not, and no more than there is room for. */
static void tells_what_is_unfinished(void)
{
    struct repay_entry_facts facts[3] = {payment_of(REPAY_MODE_AT_MOST_ONCE, "a"),
                                         payment_of(REPAY_MODE_KEYED, "b"),
                                         payment_of(REPAY_MODE_AT_MOST_ONCE, "c")};
    struct repay_unfinished entries[4] = {{.number = 0}};
    struct repay_recovery recovery = {.entries = entries, .room = 2};
    struct repay_act act = act_at(T0 + 20);
    struct repay_planned planned[3];
    struct repay_owner owner;
    size_t count = 0;

    start();
    for (int i = 0; i < 3; i++)
        planned[i] = approved(&facts[i]);
    for (int i = 0; i < 2; i++) {
        owner = owner_of(planned[i].id);
        CHECK(claim_one(&journal, &owner, &facts[i], T0 + 10, &error));
        repay_owner_close(&owner);
    }
    CHECK(repay_journal_count_unfinished(&journal, &count, &error));
    CHECK_INT((int64_t)count, 3);
    CHECK(repay_journal_recover(&journal, &act, &recovery, &error));
    CHECK_INT(recovery.moved, 1);
    CHECK_INT((int64_t)recovery.count, 3);
    CHECK_INT(entries[2].number, 0);
    recovery.room = 4;
    CHECK(repay_journal_recover(&journal, &act, &recovery, &error));
    CHECK_INT(recovery.moved, 0);
    CHECK_INT((int64_t)recovery.count, 3);
    CHECK_INT(entries[0].state, REPAY_ENTRY_UNKNOWN);
    CHECK_INT(entries[0].action, REPAY_ACTION_WAIT);
    CHECK_INT(entries[0].due_ms, T0 + 10 + TIMEOUT + journal.policy.settle_ms);
    CHECK_TEXT(entries[0].why, "may_arrive");
    CHECK_INT(entries[1].action, REPAY_ACTION_RESEND);
    CHECK_INT(entries[2].action, REPAY_ACTION_SEND);
    CHECK_TEXT(entries[2].id, planned[2].id);
    stop();
}

/* What others paid since the list was read would be taken for ours. */
static void sends_nothing_by_an_old_list(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "a");
    struct repay_before before = {.list = {.provider = facts.natural.provider,
                                           .environment = facts.natural.environment,
                                           .customer = facts.natural.customer,
                                           .taken_ms = T0 + 1}};
    struct repay_sending sending = sending_of(&facts);
    struct repay_claimed claimed;
    struct repay_planned planned;
    struct repay_owner owner;
    struct repay_act act = act_at(T0 + 2 + REPAY_JOURNAL_BEFORE_MAX_MS);

    start();
    planned = approved(&facts);
    owner = owner_of(planned.id);
    CHECK(!repay_journal_claim(&journal, &owner, &sending, &before, &act, &claimed, &error));
    CHECK_INT(error.kind, REPAY_KIND_TIMEOUT);
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_APPROVED);
    act.unix_ms--;
    CHECK(repay_journal_claim(&journal, &owner, &sending, &before, &act, &claimed, &error));
    repay_owner_close(&owner);
    stop();
}

static void leaves_the_living_alone(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_AT_MOST_ONCE, "a");
    struct repay_act act = act_at(T0 + 10);
    struct repay_planned planned;
    struct repay_owner owner;

    start();
    planned = approved(&facts);
    owner = owner_of(planned.id);
    CHECK(claim_one(&journal, &owner, &facts, T0 + 1, &error));
    CHECK_INT(recovered(&act), 0);
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_SENDING);
    repay_owner_close(&owner);
    CHECK_INT(recovered(&act), 1);
    stop();
}

/* An entry that may have arrived and whose process is gone. */
static struct repay_planned unknown_one(struct repay_entry_facts *facts, int64_t unix_ms)
{
    struct repay_settled settled;
    struct repay_planned planned = approved(facts);
    struct repay_owner owner = owner_of(planned.id);

    CHECK(claim_one(&journal, &owner, facts, unix_ms, &error));
    CHECK(settle_one(&journal, &owner, REPAY_ATTEMPT_UNKNOWN, REPAY_KIND_TIMEOUT, unix_ms + 1,
                     &settled, &error));
    CHECK_INT(settled.state, REPAY_ENTRY_UNKNOWN);
    repay_owner_close(&owner);
    return planned;
}

#define HOUR ((int64_t)3600000)

/*
 * The clock stood at ten hours, and the machine started again with it at two. What is written then
 * is no proof that the eight hours between never were.
 */
static void remembers_that_the_clock_went_back(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "left"),
                             later = payment_of(REPAY_MODE_KEYED, "later"),
                             earlier = payment_of(REPAY_MODE_KEYED, "earlier");
    struct repay_act act = act_at(T0 + 2 * HOUR + 1);
    struct repay_planned planned, other;
    struct repay_owner owner;

    start();
    planned = approved(&facts);
    owner = owner_of(planned.id);
    CHECK(claim_one(&journal, &owner, &facts, T0 + 1, &error));
    repay_owner_close(&owner);
    CHECK(plan_one(&journal, &later, T0 + 10 * HOUR, &other, &error));
    CHECK(plan_one(&journal, &earlier, T0 + 2 * HOUR, &other, &error));
    CHECK_INT(recovered(&act), 1);
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_UNKNOWN);
    stop();
}

/* The same of an entry whose doubt was known before, by what recovery itself writes. */
static void says_twice_that_the_clock_went_back(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "doubt"),
                             left = payment_of(REPAY_MODE_KEYED, "left");
    struct repay_act act = act_at(T0 + 2 * HOUR);
    struct repay_settled settled;
    struct repay_planned planned, dead;
    struct repay_owner owner;

    start();
    planned = approved(&facts);
    owner = owner_of(planned.id);
    CHECK(claim_one(&journal, &owner, &facts, T0 + 1, &error));
    CHECK(settle_one(&journal, &owner, REPAY_ATTEMPT_UNKNOWN, REPAY_KIND_TIMEOUT, T0 + 2, &settled,
                     &error));
    CHECK(claim_one(&journal, &owner, &facts, T0 + 3, &error));
    CHECK(settle_one(&journal, &owner, REPAY_ATTEMPT_NOT_SENT, REPAY_KIND_AUTH, T0 + 4, &settled,
                     &error));
    CHECK_INT(settled.state, REPAY_ENTRY_UNKNOWN);
    repay_owner_close(&owner);
    dead = approved(&left);
    owner = owner_of(dead.id);
    CHECK(claim_one(&journal, &owner, &left, T0 + 10 * HOUR, &error));
    repay_owner_close(&owner);
    CHECK_INT(recovered(&act), 1);
    CHECK_INT(recovered(&act), 0);
    owner = owner_of(planned.id);
    CHECK(!claim_one(&journal, &owner, &facts, T0 + 2 * HOUR + 1, &error));
    repay_owner_close(&owner);
    stop();
}

/* Approved, claimed and left by a process that is gone. */
static struct repay_planned left_one(struct repay_entry_facts *facts, int64_t unix_ms)
{
    struct repay_planned planned = {.number = 0};
    struct repay_owner owner;

    CHECK(plan_one(&journal, facts, unix_ms, &planned, &error));
    CHECK(approve_one(&journal, planned.id, unix_ms, &error));
    owner = owner_of(planned.id);
    CHECK(claim_one(&journal, &owner, facts, unix_ms, &error));
    repay_owner_close(&owner);
    return planned;
}

/* Something that writes an event and concerns nobody else. */
static void plan_at(const char *reference, int64_t unix_ms)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, reference);
    struct repay_planned planned;

    CHECK(plan_one(&journal, &facts, unix_ms, &planned, &error));
}

/* How often the events say that the clock went back; they fall nowhere else. */
static int falls(void)
{
    sqlite3_stmt *statement = NULL;
    int64_t last_ms = 0;
    int count = 0;

    repay_store_rest(journal.store);
    CHECK_INT(sqlite3_prepare_v2(journal.store->db,
                                 "SELECT at_ms,why='clock_went_back' AND entry IS NULL FROM event "
                                 "ORDER BY sequence",
                                 -1, &statement, NULL),
              SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        bool says_so = sqlite3_column_int(statement, 1) != 0;

        CHECK(says_so == (sqlite3_column_int64(statement, 0) < last_ms));
        last_ms = sqlite3_column_int64(statement, 0);
        count += says_so ? 1 : 0;
    }
    (void)sqlite3_finalize(statement);
    return count;
}

/* A clock that was ten years ahead once holds up nothing that is sent after it was set right. */
static void trusts_what_is_sent_after_the_clock_went_back(void)
{
    struct repay_entry_facts before = payment_of(REPAY_MODE_KEYED, "before"),
                             ahead = payment_of(REPAY_MODE_KEYED, "ahead"),
                             after = payment_of(REPAY_MODE_KEYED, "after");
    struct repay_planned planned[3];
    struct repay_act act = act_at(T0 + 3 * HOUR);

    start();
    planned[0] = left_one(&before, T0 + 1);
    planned[1] = left_one(&ahead, T0 + 10 * 365 * REPAY_JOURNAL_DAY_MS);
    planned[2] = left_one(&after, T0 + 2 * HOUR);
    CHECK_INT(falls(), 1);
    CHECK_INT(recovered(&act), 2);
    CHECK_INT(state_of(&journal, planned[0].id), REPAY_ENTRY_UNKNOWN);
    CHECK_INT(state_of(&journal, planned[1].id), REPAY_ENTRY_UNKNOWN);
    CHECK_INT(state_of(&journal, planned[2].id), REPAY_ENTRY_SENDING);
    CHECK_INT(falls(), 1);
    stop();
}

/* The battery of its clock is dead: it is 1970 until the network has told the time. */
static void trusts_nothing_after_a_start_in_1970(void)
{
    struct repay_entry_facts before = payment_of(REPAY_MODE_KEYED, "before"),
                             during = payment_of(REPAY_MODE_KEYED, "during"),
                             after = payment_of(REPAY_MODE_KEYED, "after");
    struct repay_planned planned[3];
    struct repay_act act = act_at(T0 + 3 * HOUR);

    start();
    planned[0] = left_one(&before, T0 + 1);
    planned[1] = left_one(&during, 5 * HOUR);
    planned[2] = left_one(&after, T0 + 2 * HOUR);
    CHECK_INT(recovered(&act), 2);
    CHECK_INT(state_of(&journal, planned[0].id), REPAY_ENTRY_UNKNOWN);
    CHECK_INT(state_of(&journal, planned[1].id), REPAY_ENTRY_UNKNOWN);
    CHECK_INT(state_of(&journal, planned[2].id), REPAY_ENTRY_SENDING);
    CHECK_INT(falls(), 1);
    stop();
}

/* Clocks that are read by ticks of a few milliseconds, and a second that is smeared over a day. */
static void takes_a_small_step_for_none(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "left");
    struct repay_act act = act_at(T0 + HOUR - 4);
    struct repay_planned planned;

    start();
    planned = left_one(&facts, T0 + HOUR);
    for (int i = 0; i < 100; i++) {
        char reference[16];

        (void)snprintf(reference, sizeof reference, "step %d", i);
        plan_at(reference, T0 + HOUR + 10 * i - (i % 2 == 0 ? 0 : 14));
    }
    CHECK_INT(recovered(&act), 0);
    act.unix_ms = T0 + HOUR + 990 - REPAY_JOURNAL_BACKWARD_MAX_MS;
    CHECK_INT(recovered(&act), 0);
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_SENDING);
    CHECK_INT(falls(), 0);
    stop();
}

/* Each is small, and they are compared with the latest moment there was. */
static void adds_small_steps_up(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "left");
    struct repay_act act = act_at(T0 + HOUR - 8000);
    struct repay_planned planned;

    start();
    planned = left_one(&facts, T0 + HOUR);
    plan_at("one", T0 + HOUR - 4000);
    CHECK_INT(falls(), 0);
    CHECK_INT(recovered(&act), 1);
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_UNKNOWN);
    CHECK_INT(falls(), 1);
    stop();
}

/* What was the time before it waited is not the time any more. */
static void takes_no_wait_for_a_clock_that_went_back(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "left");
    struct repay_act act = act_at(T0 + HOUR - 9000);
    struct repay_planned planned;

    start();
    planned = left_one(&facts, T0 + HOUR);
    journal_step_ms = 8000;
    CHECK_INT(recovered(&act), 0);
    journal_step_ms = 0;
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_SENDING);
    CHECK_INT(falls(), 0);
    stop();
}

/* One process has the journal open while another one writes by a clock that went back. */
static void sees_that_the_clock_of_another_went_back(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "left");
    struct repay_owner owner = {.lock = REPAY_OWNER_LOCK_NONE};
    struct repay_planned planned;
    struct repay_journal other;

    start();
    planned = left_one(&facts, T0 + HOUR);
    CHECK(open_journal(&other, &error));
    CHECK(repay_journal_own(&other, repay_text_of(planned.id), &owner, &error));
    plan_at("one", T0 + 10 * HOUR);
    plan_at("two", T0 + 2 * HOUR);
    CHECK(!claim_one(&other, &owner, &facts, T0 + 2 * HOUR + 1, &error));
    CHECK(strstr(error.message, "the wall clock went back") != NULL);
    repay_owner_close(&owner);
    repay_journal_close(&other);
    stop();
}

/* Its attempt goes on, and is the last. */
static void lets_the_living_end_what_they_began(void)
{
    struct repay_entry_facts facts[2] = {payment_of(REPAY_MODE_KEYED, "a"),
                                         payment_of(REPAY_MODE_KEYED, "b")};
    struct repay_settled settled;
    struct repay_planned planned;
    struct repay_owner owner;

    start();
    for (int i = 0; i < 2; i++) {
        planned = approved(&facts[i]);
        owner = owner_of(planned.id);
        CHECK(claim_one(&journal, &owner, &facts[i], T0 + HOUR + 1, &error));
        plan_at(i == 0 ? "back" : "back again", T0 + 1);
        CHECK_INT(falls(), i + 1);
        CHECK(settle_one(&journal, &owner, i == 0 ? REPAY_ATTEMPT_ACCEPTED : REPAY_ATTEMPT_UNKNOWN,
                         i == 0 ? REPAY_KIND_NONE : REPAY_KIND_TIMEOUT, T0 + 2, &settled, &error));
        CHECK_INT(settled.state, i == 0 ? REPAY_ENTRY_ACCEPTED : REPAY_ENTRY_UNKNOWN);
        CHECK(!settled.settlement.again);
        repay_owner_close(&owner);
    }
    CHECK_TEXT(settled.settlement.why, "clock_went_back");
    stop();
}

static bool is_same_next(const struct repay_next *one, const struct repay_unfinished *other)
{
    return one->action == other->action && one->due_ms == other->due_ms &&
           strcmp(one->why, other->why) == 0;
}

static struct repay_next next_at(int64_t number, int64_t unix_ms)
{
    struct repay_next next = {REPAY_ACTION_NONE, 0, ""};
    struct repay_moment_facts moment;
    struct repay_entry entry;

    repay_store_rest(journal.store);
    CHECK_INT(repay_store_find_number(journal.store, number, &entry, &error), REPAY_FOUND);
    CHECK(repay_journal_moment(&journal, unix_ms, &moment, &error));
    CHECK(repay_journal_next(&journal, &entry, moment, &next, &error));
    return next;
}

#define ASKED 4

/* Before it was written, when it is written, and ever after. */
static void says_the_same_of_an_entry_to_all(int64_t unix_ms)
{
    struct repay_entry_facts facts[ASKED] = {
        payment_of(REPAY_MODE_KEYED, "keyed"), payment_of(REPAY_MODE_AT_MOST_ONCE, "once"),
        payment_of(REPAY_MODE_AT_MOST_ONCE, "unknown"), payment_of(REPAY_MODE_KEYED, "seen")};
    struct repay_unfinished entries[ASKED + 1] = {{.number = 0}};
    struct repay_recovery recovery = {.entries = entries, .room = ASKED + 1};
    struct repay_act act = act_at(unix_ms);
    struct repay_next asked[ASKED];
    struct repay_settled settled;
    struct repay_owner owner;

    start();
    left_one(&facts[0], T0 + 10);
    left_one(&facts[1], T0 + 10);
    unknown_one(&facts[2], T0 + 10);
    owner = owner_of(approved(&facts[3]).id);
    CHECK(claim_one(&journal, &owner, &facts[3], T0 + 10, &error));
    CHECK(settle_one(&journal, &owner, REPAY_ATTEMPT_REFUSED, REPAY_KIND_KEY_REUSED, T0 + 11,
                     &settled, &error));
    repay_owner_close(&owner);
    plan_at("later", T0 + 20 * HOUR);
    for (int i = 0; i < ASKED; i++)
        asked[i] = next_at(i + 1, unix_ms);
    for (int again = 0; again < 2; again++) {
        CHECK(repay_journal_recover(&journal, &act, &recovery, &error));
        CHECK_INT((int64_t)recovery.count, ASKED + 1);
        for (int i = 0; i < ASKED; i++) {
            struct repay_next now = next_at(i + 1, unix_ms);

            CHECK_INT(entries[i].number, i + 1);
            CHECK(is_same_next(&asked[i], &entries[i]));
            CHECK(is_same_next(&now, &entries[i]));
        }
    }
    stop();
}

static struct repay_record listed[4];
static struct repay_decided decided[16];
static size_t decided_count;

static void decide_at(int64_t unix_ms, size_t count, int64_t balance_minor)
{
    struct repay_account_view view = {REPAY_TEXT("account"), balance_minor, 0};
    struct repay_lists lists = {.scope = payment_of(REPAY_MODE_KEYED, ""),
                                .records = listed,
                                .record_count = count,
                                .is_complete = true,
                                .views = &view,
                                .view_count = 1};
    struct repay_act act = act_at(unix_ms);

    listed[0] = (struct repay_record){.id = REPAY_TEXT("old-1"), .account = REPAY_TEXT("account")};
    listed[1] = (struct repay_record){.id = REPAY_TEXT("old-2"), .account = REPAY_TEXT("account")};
    decided_count = 0;
    if (!CHECK(repay_journal_decide(&journal, &lists, &act, decided, 16, &decided_count, &error)))
        fprintf(stderr, "%s\n", error.message);
}

static struct repay_record new_record(const char *id)
{
    return (struct repay_record){.id = repay_text_of(id),
                                 .account = REPAY_TEXT("account"),
                                 .created = REPAY_TEXT("2023-11-14T22:13:25Z"),
                                 .amount_minor = 5000};
}

static void finds_a_payment_in_the_list(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_AT_MOST_ONCE, "a");
    struct repay_planned planned;
    struct repay_entry entry;

    start();
    planned = unknown_one(&facts, T0 + 1000);
    listed[2] = new_record("new-1");
    decide_at(T0 + 2000, 3, 900);
    CHECK_INT(decided[0].decision, REPAY_DECISION_WAIT);
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_UNKNOWN);
    decide_at(T0 + 10000000, 3, 900);
    CHECK_INT(decided_count, 1);
    CHECK_INT(decided[0].to, REPAY_ENTRY_ACCEPTED);
    CHECK(strstr(decided[0].evidence, "new-1") != NULL);
    CHECK_INT(repay_store_find_id(journal.store, repay_text_of(planned.id), &entry, &error),
              REPAY_FOUND);
    CHECK_TEXT(entry.now.record_id, "new-1");
    /* A second time there is nothing left to decide, and nothing is written. */
    decide_at(T0 + 10000001, 3, 900);
    CHECK_INT(decided_count, 0);
    stop();
}

/* The tenant once listed what it accepted: the fact that absence needs. */
static void teach(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_AT_MOST_ONCE, "teacher");
    struct repay_settled settled;
    struct repay_planned planned = approved(&facts);
    struct repay_owner owner = owner_of(planned.id);

    CHECK(claim_one(&journal, &owner, &facts, T0 + 1, &error));
    CHECK(settle_one(&journal, &owner, REPAY_ATTEMPT_ACCEPTED, REPAY_KIND_NONE, T0 + 2, &settled,
                     &error));
    repay_owner_close(&owner);
    listed[2] = new_record("rec-1");
    decide_at(T0 + 3, 3, 900);
    CHECK_INT(decided[0].decision, REPAY_DECISION_BIND);
}

static void proves_absence_only_as_it_must(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_AT_MOST_ONCE, "a");
    struct repay_planned planned;
    bool known = false;

    start();
    planned = unknown_one(&facts, T0 + 1000);
    decide_at(T0 + 10000000, 2, 900);
    CHECK_TEXT(decided[0].why, "list_cannot_show");
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_UNKNOWN);
    stop();
    start();
    teach();
    CHECK_INT(repay_store_known(journal.store, &facts, REPAY_FACT_LISTS_RECORDS, &known, &error),
              REPAY_FOUND);
    CHECK(known);
    planned = unknown_one(&facts, T0 + 1000);
    decide_at(T0 + 10000000, 3, 900);
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_UNKNOWN);
    decide_at(T0 + 10000001, 3, 900);
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_UNKNOWN);
    decide_at(T0 + 10000000 + journal.policy.settle_ms, 3, 901);
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_UNKNOWN);
    decide_at(T0 + 20000000, 3, 900);
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_UNKNOWN);
    decide_at(T0 + 20000000 + journal.policy.settle_ms, 3, 900);
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_ABSENT);
    stop();
}

static void verifies_by_an_equal_id(void)
{
    struct repay_repaid repaid[] = {{REPAY_TEXT("rec-9"), REPAY_TEXT("VERIFIED")},
                                    {REPAY_TEXT("rec-1"), REPAY_TEXT("PENDING")}};
    struct repay_lists lists = {.scope = payment_of(REPAY_MODE_KEYED, ""),
                                .is_complete = true,
                                .repaid = repaid,
                                .repaid_count = 2};
    struct repay_act act = act_at(T0 + 50);
    struct repay_entry entry;

    start();
    teach();
    CHECK(repay_journal_decide(&journal, &lists, &act, decided, 16, &decided_count, &error));
    CHECK_INT(decided_count, 0);
    repaid[1].status = REPAY_TEXT("Paid");
    CHECK(repay_journal_decide(&journal, &lists, &act, decided, 16, &decided_count, &error));
    CHECK_INT(decided_count, 1);
    CHECK_INT(decided[0].to, REPAY_ENTRY_VERIFIED);
    CHECK_INT(repay_store_find_number(journal.store, 1, &entry, &error), REPAY_FOUND);
    CHECK_TEXT(entry.now.provider_status, "Paid");
    stop();
}

static void lets_a_person_decide(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_AT_MOST_ONCE, "a"), again;
    struct repay_act act = act_at(T0 + 5000);
    struct repay_planned planned, second;
    struct repay_text replaces;
    struct repay_plan plan = {.rows = &again, .replaces = &replaces, .count = 1};
    size_t bad_row, other_row;
    int64_t batch;

    start();
    planned = unknown_one(&facts, T0 + 1000);
    CHECK(repay_journal_resolve(&journal, repay_text_of(planned.id), REPAY_ENTRY_ABSENT,
                                REPAY_NO_TEXT, &act, &error));
    CHECK(!repay_journal_resolve(&journal, repay_text_of(planned.id), REPAY_ENTRY_ACCEPTED,
                                 REPAY_NO_TEXT, &act, &error));
    /* The same row again reports what became of it; only a replacement is new. */
    CHECK(plan_one(&journal, &facts, T0 + 6000, &second, &error));
    CHECK(second.exists);
    CHECK_INT(second.state, REPAY_ENTRY_ABSENT);
    again = facts;
    again.natural.ordinal = 2;
    again.key = REPAY_TEXT("second");
    again.key_from = REPAY_TEXT("given");
    replaces = repay_text_of(planned.id);
    CHECK(repay_journal_plan(&journal, &plan, &act, &second, &batch, &bad_row, &other_row, &error));
    CHECK(!second.exists);
    again.natural.ordinal = 3;
    again.key = REPAY_TEXT("third");
    CHECK(
        !repay_journal_plan(&journal, &plan, &act, &second, &batch, &bad_row, &other_row, &error));
    stop();
}

static void gives_one_record_to_one_entry(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_AT_MOST_ONCE, "a");
    struct repay_act act = act_at(T0 + 5000);
    struct repay_planned planned;

    start();
    teach();
    planned = unknown_one(&facts, T0 + 1000);
    CHECK(!repay_journal_resolve(&journal, repay_text_of(planned.id), REPAY_ENTRY_ACCEPTED,
                                 REPAY_TEXT("rec-1"), &act, &error));
    CHECK_INT(error.kind, REPAY_KIND_DUPLICATE_PAYMENT);
    CHECK(repay_journal_resolve(&journal, repay_text_of(planned.id), REPAY_ENTRY_ACCEPTED,
                                REPAY_TEXT("rec-2"), &act, &error));
    stop();
}

static void believes_no_receipt_twice(void)
{
    struct repay_entry_facts a = payment_of(REPAY_MODE_KEYED, "a");
    struct repay_entry_facts b = payment_of(REPAY_MODE_KEYED, "b");
    struct repay_settled settled;
    struct repay_planned planned;
    struct repay_owner owner;

    start();
    planned = approved(&a);
    owner = owner_of(planned.id);
    CHECK(claim_one(&journal, &owner, &a, T0, &error));
    CHECK(settle_one(&journal, &owner, REPAY_ATTEMPT_ACCEPTED, REPAY_KIND_NONE, T0, &settled,
                     &error));
    repay_owner_close(&owner);
    planned = approved(&b);
    owner = owner_of(planned.id);
    CHECK(claim_one(&journal, &owner, &b, T0, &error));
    CHECK(settle_one(&journal, &owner, REPAY_ATTEMPT_ACCEPTED, REPAY_KIND_NONE, T0, &settled,
                     &error));
    CHECK_INT(settled.state, REPAY_ENTRY_UNKNOWN);
    CHECK(!settled.settlement.again);
    CHECK_TEXT(settled.settlement.why, "receipt_of_another");
    repay_owner_close(&owner);
    stop();
}

static void cancels_and_expires_what_was_not_sent(void)
{
    struct repay_entry_facts a = payment_of(REPAY_MODE_KEYED, "a");
    struct repay_entry_facts b = payment_of(REPAY_MODE_KEYED, "b");
    struct repay_act act = act_at(T0 + 5000);
    struct repay_planned planned;
    struct repay_owner owner;
    int64_t count = 0;

    start();
    CHECK(plan_one(&journal, &b, T0, &planned, &error));
    CHECK(repay_journal_expire(&journal, 5001, &act, &count, &error));
    CHECK_INT(count, 0);
    CHECK(repay_journal_expire(&journal, 5000, &act, &count, &error));
    CHECK_INT(count, 1);
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_EXPIRED);
    planned = approved(&a);
    owner = owner_of(planned.id);
    CHECK(claim_one(&journal, &owner, &a, T0 + 5001, &error));
    CHECK(!repay_journal_cancel(&journal, repay_text_of(planned.id), &act, &error));
    repay_owner_close(&owner);
    a = payment_of(REPAY_MODE_KEYED, "c");
    planned = approved(&a);
    CHECK(repay_journal_cancel(&journal, repay_text_of(planned.id), &act, &error));
    CHECK_INT(state_of(&journal, planned.id), REPAY_ENTRY_CANCELLED);
    CHECK(!repay_journal_cancel(&journal, REPAY_TEXT("nobody"), &act, &error));
    CHECK_INT(error.kind, REPAY_KIND_NOT_FOUND);
    stop();
}

static void is_of_no_use_after_a_fork(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "a");
    struct repay_planned planned;
    struct repay_error ignored;
    int status = -1;
    pid_t child;

    start();
    child = fork();
    if (child == 0) {
        bool done = plan_one(&journal, &facts, T0, &planned, &ignored);

        repay_journal_close(&journal);
        _exit(!done && strstr(ignored.message, "another process") ? 0 : 1);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK(plan_one(&journal, &facts, T0, &planned, &error));
    stop();
}

static void notices_that_its_file_is_gone(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "a");
    struct repay_planned planned;
    struct repay_owner owner;
    char moved[80];

    start();
    planned = approved(&facts);
    owner = owner_of(planned.id);
    (void)snprintf(moved, sizeof moved, "%s.moved", journal_path);
    CHECK_INT(rename(journal_path, moved), 0);
    CHECK(!claim_one(&journal, &owner, &facts, T0 + 1, &error));
    CHECK_INT(error.kind, REPAY_KIND_JOURNAL);
    /* And stays closed, also when something lies there again. */
    CHECK_INT(rename(moved, journal_path), 0);
    CHECK(!claim_one(&journal, &owner, &facts, T0 + 1, &error));
    repay_owner_close(&owner);
    stop();
}

/*
 * What is written to a log without a name is lost with the process, and beside a second lock file
 * two may own an entry.
 */
static void notices_that_a_file_beside_it_is_gone(void)
{
    static const char *const endings[] = {"-wal", "-lock"};
    char path[80];

    for (int i = 0; i < 2; i++) {
        struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "a");
        struct repay_planned planned;
        struct repay_owner owner;
        int file;

        start();
        planned = approved(&facts);
        owner = owner_of(planned.id);
        (void)snprintf(path, sizeof path, "%s%s", journal_path, endings[i]);
        CHECK_INT(unlink(path), 0);
        CHECK(!claim_one(&journal, &owner, &facts, T0 + 1, &error));
        CHECK_INT(error.kind, REPAY_KIND_JOURNAL);
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        CHECK(file >= 0 && close(file) == 0);
        CHECK(!claim_one(&journal, &owner, &facts, T0 + 1, &error));
        repay_owner_close(&owner);
        stop();
    }
}

/* Many processes plan the same rows and make the file between them. */
static void shares_a_journal_between_processes(void)
{
    enum { PROCESSES = 8, ROWS = 20 };
    struct repay_store_filter filter = {.after = 0};
    struct repay_entry entry;
    int count = 0, failed = 0;

    remove_files();
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            struct repay_journal own;
            struct repay_planned planned;
            struct repay_error ignored;
            bool done;

            journal_seed = (uint64_t)getpid();
            done = open_journal(&own, &ignored);

            for (int row = 0; done && row < ROWS; row++) {
                char reference[16];
                struct repay_entry_facts facts;

                (void)snprintf(reference, sizeof reference, "%d", row);
                facts = payment_of(REPAY_MODE_KEYED, reference);
                done = plan_one(&own, &facts, T0, &planned, &ignored);
            }
            if (!done)
                fprintf(stderr, "%s\n", ignored.message);
            _exit(done ? 0 : 1);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;

        (void)wait(&status);
        failed += status != 0 ? 1 : 0;
    }
    CHECK_INT(failed, 0);
    CHECK(open_journal(&journal, &error));
    CHECK(repay_store_select(journal.store, &filter, &error));
    while (repay_store_next(journal.store, &entry, &error) == REPAY_FOUND)
        count++;
    CHECK_INT(count, ROWS);
    stop();
}

/* Every allocation of ours fails once, in turn. */
static void survives_running_out_of_memory(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_AT_MOST_ONCE, "a");
    int opened = 0, decided_well = 0;

    start();
    (void)unknown_one(&facts, T0 + 1000);
    repay_journal_close(&journal);
    for (unsigned long nth = 1; nth <= 12; nth++) {
        struct repay_lists lists = {
            .scope = facts, .records = listed, .record_count = 1, .is_complete = true};
        struct repay_act act = act_at(T0 + 5000);
        bool done;

        listed[0] = new_record("r");
        test_allocator_fail(&heap, nth, false);
        done = open_journal(&journal, &error);
        opened += done ? 1 : 0;
        CHECK(done || error.kind == REPAY_KIND_MEMORY);
        if (!done)
            continue;
        done = repay_journal_decide(&journal, &lists, &act, decided, 16, &decided_count, &error);
        decided_well += done ? 1 : 0;
        CHECK(done || error.kind == REPAY_KIND_MEMORY);
        repay_journal_close(&journal);
    }
    test_allocator_fail(&heap, 0, false);
    CHECK(opened > 0 && opened < 12);
    CHECK(decided_well > 0 && decided_well < opened);
    CHECK_INT(heap.live_blocks, 0);
    start();
    stop();
}

static void checks_its_settings(void)
{
    struct repay_journal_policy policy = repay_journal_policy_default();

    CHECK(repay_journal_policy_check(&journal_core, &policy, &error));
    policy.attempts_max = 0;
    CHECK(!repay_journal_policy_check(&journal_core, &policy, &error));
    CHECK(strstr(error.message, "attempts_max") != NULL);
    policy = repay_journal_policy_default();
    policy.settle_ms = -1;
    CHECK(!repay_journal_policy_check(&journal_core, &policy, &error));
}

int main(void)
{
    begin_tests();
    keeps_one_payment_through_to_the_end();
    plans_a_payment_once();
    refuses_a_key_of_another_payment();
    plans_all_rows_or_none();
    refuses_a_derived_key_that_is_not();
    holds_limits();
    counts_each_sum_by_itself();
    holds_limits_past_midnight();
    holds_what_a_person_must_see();
    sends_nothing_but_what_was_planned();
    has_one_owner();
    settles_only_its_own_attempt();
    recovers_what_the_dead_left();
    recovers_many_and_leaves_the_living();
    tells_what_is_unfinished();
    sends_nothing_by_an_old_list();
    leaves_the_living_alone();
    remembers_that_the_clock_went_back();
    says_twice_that_the_clock_went_back();
    trusts_what_is_sent_after_the_clock_went_back();
    trusts_nothing_after_a_start_in_1970();
    takes_a_small_step_for_none();
    adds_small_steps_up();
    takes_no_wait_for_a_clock_that_went_back();
    sees_that_the_clock_of_another_went_back();
    lets_the_living_end_what_they_began();
    /* Back, and not yet settled or long settled; not back, with the window open and over. */
    says_the_same_of_an_entry_to_all(T0 + 1000);
    says_the_same_of_an_entry_to_all(T0 + 2 * HOUR);
    says_the_same_of_an_entry_to_all(T0 + 20 * HOUR);
    says_the_same_of_an_entry_to_all(T0 + 30 * HOUR);
    finds_a_payment_in_the_list();
    proves_absence_only_as_it_must();
    verifies_by_an_equal_id();
    lets_a_person_decide();
    gives_one_record_to_one_entry();
    believes_no_receipt_twice();
    cancels_and_expires_what_was_not_sent();
    is_of_no_use_after_a_fork();
    notices_that_its_file_is_gone();
    notices_that_a_file_beside_it_is_gone();
    shares_a_journal_between_processes();
    survives_running_out_of_memory();
    checks_its_settings();
    end_tests();
    return CHECK_REPORT();
}
