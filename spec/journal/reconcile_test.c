/*
 * What a provider's list decides, case by case: matches, strangers, lags, cut lists and absence.
 */
#include "reconcile.h"

#include "check.h"
#include "journal_core.h"

#define T0   ((int64_t)1700000000000) /* 2023-11-14T22:13:20Z */
#define DUE  (T0 + 30000 + 600000)
#define LATE (DUE + 1000)
#define ROOM 80

static struct repay_journal_policy policy;
static struct repay_record records[ROOM];
static struct repay_claimant claimants[ROOM];
static bool before[ROOM][ROOM];
static struct repay_tuple tuple;
static size_t claimant_count;

static void begin(void)
{
    memset(records, 0, sizeof records);
    memset(claimants, 0, sizeof claimants);
    memset(before, 0, sizeof before);
    claimant_count = 0;
    policy = repay_journal_policy_default();
    tuple = (struct repay_tuple){.records = records,
                                 .list_is_whole = true,
                                 .list_shows_records = true,
                                 .account = REPAY_TEXT("acc"),
                                 .amount_minor = 500,
                                 .moment = {.now_ms = LATE}};
}

static struct repay_record *record(const char *id)
{
    struct repay_record *added = &records[tuple.record_count++];

    *added = (struct repay_record){
        .id = repay_text_of(id), .account = REPAY_TEXT("acc"), .amount_minor = 500};
    return added;
}

static struct repay_claimant *claimant(enum repay_entry_state state, int64_t sent_ms)
{
    struct repay_claimant *added = &claimants[claimant_count];

    *added = (struct repay_claimant){.now = {.state = state,
                                             .first_sent_ms = sent_ms,
                                             .deadline_ms = sent_ms + 30000,
                                             .settle_until_ms = sent_ms + 630000},
                                     .before_ms = sent_ms - 1000,
                                     .was_before = before[claimant_count],
                                     .before_is_whole = true};
    claimant_count++;
    return added;
}

static void decide(void)
{
    repay_reconcile(&journal_core, &policy, &tuple, claimants, claimant_count);
}

static void accepts_the_one_new_record(void)
{
    begin();
    (void)record("old");
    (void)record("new");
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    before[0][0] = true;
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_ACCEPT);
    CHECK_INT(claimants[0].record, 1);
}

static void skips_what_is_not_it(void)
{
    begin();
    record("other amount")->amount_minor = 501;
    record("other account")->account = REPAY_TEXT("bcc");
    record("settles another")->is_bound = true;
    record("again")->is_repeated = true;
    record("no amount")->amount_minor = INT64_MIN;
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_UNSEEN);
}

static void waits_until_it_must_have_arrived(void)
{
    begin();
    (void)record("new");
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    tuple.moment.now_ms = DUE - 1;
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_WAIT);
    CHECK_INT(claimants[0].due_ms, DUE);
    /* An equal one that is being sent could own any new record. */
    begin();
    (void)record("new");
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    claimant(REPAY_ENTRY_SENDING, T0)->is_owned = true;
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_WAIT);
    CHECK_TEXT(claimants[0].why, "under_way");
}

static void believes_no_cut_list(void)
{
    begin();
    (void)record("new");
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    tuple.list_is_whole = false;
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_STAY);
    CHECK_TEXT(claimants[0].why, "list_incomplete");
    begin();
    claimant(REPAY_ENTRY_UNKNOWN, T0)->before_is_whole = false;
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_STAY);
}

static void needs_two_lists_for_absence(void)
{
    begin();
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_UNSEEN);
    CHECK_INT(claimants[0].due_ms, LATE + policy.settle_ms);
    claimants[0].now.unseen_ms = LATE;
    tuple.moment.now_ms = LATE + policy.settle_ms - 1;
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_WAIT);
    tuple.moment.now_ms = LATE + policy.settle_ms;
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_ABSENT);
}

static void concludes_no_absence_without_proof(void)
{
    begin();
    claimant(REPAY_ENTRY_UNKNOWN, T0)->now.unseen_ms = 1;
    tuple.list_shows_records = false;
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_ASK);
    CHECK_TEXT(claimants[0].why, "list_cannot_show");
    begin();
    claimant(REPAY_ENTRY_UNKNOWN, T0)->now.unseen_ms = 1;
    claimants[0].account_moved = true;
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_ASK);
    CHECK_TEXT(claimants[0].why, "account_moved");
    /* The list does not show yet what was accepted: nothing else in it is missing for sure. */
    begin();
    claimant(REPAY_ENTRY_UNKNOWN, T0)->now.unseen_ms = 1;
    (void)claimant(REPAY_ENTRY_ACCEPTED, T0);
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_STAY);
    CHECK_TEXT(claimants[0].why, "list_lags");
}

static void takes_no_installment_for_a_record(void)
{
    begin();
    (void)record("next installment");
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    tuple.list_shows_records = false;
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_ASK);
    CHECK_TEXT(claimants[0].why, "ambiguous");
    /* Made in our window, it is one. */
    records[0].created = REPAY_TEXT("2023-11-14T22:13:25Z");
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_ACCEPT);
}

static void asks_when_there_is_one_too_many(void)
{
    begin();
    (void)record("a");
    (void)record("b");
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_ASK);
    CHECK_TEXT(claimants[0].why, "ambiguous");
    begin();
    for (int i = 0; i < REPAY_MATCH_MAX + 1; i++)
        (void)record("many");
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    decide();
    CHECK_TEXT(claimants[0].why, "too_many_alike");
}

static void assigns_equal_ones_in_time_order(void)
{
    begin();
    (void)record("r1");
    (void)record("r2");
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0 + 500);
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    decide();
    CHECK_INT(claimants[1].decision, REPAY_DECISION_ACCEPT);
    CHECK_INT(claimants[0].decision, REPAY_DECISION_ACCEPT);
    CHECK(claimants[0].record != claimants[1].record);
    /* One record for two: the earlier one has it, the other is unseen. */
    begin();
    (void)record("r1");
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0 + 500);
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    decide();
    CHECK_INT(claimants[1].decision, REPAY_DECISION_ACCEPT);
    CHECK_INT(claimants[0].decision, REPAY_DECISION_UNSEEN);
}

/* The first takes r1, and must give it up for r2, because the second can have r1 alone. */
static void moves_a_match_to_suit_another(void)
{
    begin();
    (void)record("r1");
    (void)record("r2");
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0 + 500);
    before[1][1] = true;
    decide();
    CHECK_INT(claimants[0].record, 1);
    CHECK_INT(claimants[1].record, 0);
}

static void leaves_to_the_accepted_what_is_theirs(void)
{
    begin();
    (void)record("r1");
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    (void)claimant(REPAY_ENTRY_ACCEPTED, T0 + 500);
    decide();
    CHECK_INT(claimants[1].decision, REPAY_DECISION_BIND);
    CHECK_INT(claimants[0].decision, REPAY_DECISION_UNSEEN);
    /* By the receipt's id, wherever it stands. */
    begin();
    (void)record("r1");
    (void)record("r2");
    claimant(REPAY_ENTRY_ACCEPTED, T0)->now.receipt_id = REPAY_TEXT("r2");
    claimant(REPAY_ENTRY_ACCEPTED, T0)->now.receipt_id = REPAY_TEXT("r1");
    decide();
    CHECK_INT(claimants[0].record, 1);
    CHECK_INT(claimants[1].record, 0);
    CHECK_TEXT(claimants[0].why, "equal_id");
    /* Where receipts bear the record's id, no other record is this one's. */
    begin();
    (void)record("r1");
    claimant(REPAY_ENTRY_ACCEPTED, T0)->now.receipt_id = REPAY_TEXT("r9");
    tuple.receipt_is_record = true;
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_STAY);
}

/* Last year's equal payment, whose record the list no longer shows, takes nothing from today's. */
static void drops_what_was_settled_long_ago(void)
{
    begin();
    (void)record("new");
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    (void)claimant(REPAY_ENTRY_VERIFIED, T0 - 300 * REPAY_JOURNAL_DAY_MS);
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_ACCEPT);
    CHECK_INT(claimants[1].decision, REPAY_DECISION_STAY);
}

static bool is_excluded(const char *created)
{
    return repay_record_is_excluded(&journal_core, repay_text_of(created), T0, T0 + 10000);
}

static void excludes_by_dates_it_can_read(void)
{
    CHECK(!is_excluded("2023-11-14T22:13:20Z"));
    CHECK(!is_excluded("2023-11-14T23:13:25+01:00"));
    CHECK(!is_excluded("2023-11-14T21:13:25.5-01:00"));
    CHECK(is_excluded("2023-11-14T22:13:25+01:00"));
    CHECK(is_excluded("2023-11-14T22:13:31Z"));
    CHECK(is_excluded("2023-11-14T22:13:18.999Z"));
    /* A bare day reaches one day to either side. */
    CHECK(!is_excluded("2023-11-13"));
    CHECK(!is_excluded("2023-11-15"));
    CHECK(is_excluded("2023-11-12"));
    CHECK(is_excluded("2023-11-17"));
    /* Anything else excludes nothing. */
    CHECK(!is_excluded("2020-01-01T10:00:00"));
    CHECK(!is_excluded("yesterday"));
    CHECK(!is_excluded(""));
    CHECK(!is_excluded("2020-01-01T10:00:00+0x:00"));
    begin();
    record("old")->created = REPAY_TEXT("2023-11-01");
    (void)claimant(REPAY_ENTRY_UNKNOWN, T0);
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_UNSEEN);
}

/*
 * Its moments were those of a clock that was wrong then, or is now: a record is not ruled out by
 * them, and is not proven either.
 */
static void rules_nothing_out_by_a_clock_that_went_back(void)
{
    begin();
    record("two hours earlier")->created = REPAY_TEXT("2023-11-14T20:13:20Z");
    claimant(REPAY_ENTRY_UNKNOWN, T0)->now.resend_until_ms = T0;
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_ASK);
    CHECK_TEXT(claimants[0].why, "ambiguous");
    begin();
    record("as it says")->created = REPAY_TEXT("2023-11-14T22:13:25Z");
    claimant(REPAY_ENTRY_UNKNOWN, T0)->now.resend_until_ms = T0;
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_ACCEPT);
    /* The record of one whose time is known stays its own. */
    begin();
    record("of the second")->created = REPAY_TEXT("2023-11-14T22:13:25Z");
    claimant(REPAY_ENTRY_UNKNOWN, T0 - 7200000)->now.resend_until_ms = T0 - 7200000;
    claimant(REPAY_ENTRY_UNKNOWN, T0)->now.resend_until_ms = T0 + 7200000;
    decide();
    CHECK_INT(claimants[0].decision, REPAY_DECISION_UNSEEN);
    CHECK_INT(claimants[1].decision, REPAY_DECISION_ACCEPT);
}

static void sees_what_may_be_a_payment_of_a_day(void)
{
    struct repay_text day = REPAY_TEXT("2023-11-14");

    CHECK(repay_record_may_follow(&journal_core, REPAY_TEXT("2023-11-14T01:00:00Z"), day));
    CHECK(repay_record_may_follow(&journal_core, REPAY_TEXT("2023-12-24"), day));
    CHECK(!repay_record_may_follow(&journal_core, REPAY_TEXT("2023-11-10T01:00:00Z"), day));
    CHECK(repay_record_may_follow(&journal_core, REPAY_TEXT("soon"), day));
    CHECK(repay_status_is_verified(REPAY_TEXT("VERIFIED")));
    CHECK(repay_status_is_verified(REPAY_TEXT("paid")));
    CHECK(!repay_status_is_verified(REPAY_TEXT("PENDING")));
}

int main(void)
{
    accepts_the_one_new_record();
    skips_what_is_not_it();
    waits_until_it_must_have_arrived();
    believes_no_cut_list();
    needs_two_lists_for_absence();
    concludes_no_absence_without_proof();
    takes_no_installment_for_a_record();
    asks_when_there_is_one_too_many();
    assigns_equal_ones_in_time_order();
    moves_a_match_to_suit_another();
    leaves_to_the_accepted_what_is_theirs();
    drops_what_was_settled_long_ago();
    excludes_by_dates_it_can_read();
    rules_nothing_out_by_a_clock_that_went_back();
    sees_what_may_be_a_payment_of_a_day();
    return CHECK_REPORT();
}
