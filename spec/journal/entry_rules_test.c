/*
 * The rules of an entry, one by one: moves, claims, what an attempt's end means, what comes next.
 */
#include "entry_rules.h"

#include "check.h"

#define T0      ((int64_t)1700000000000)
#define TIMEOUT 30000

static struct repay_journal_policy policy;

static struct repay_moment_facts at(int64_t now_ms)
{
    return (struct repay_moment_facts){.now_ms = now_ms};
}

static struct repay_entry_standing approved(void)
{
    return (struct repay_entry_standing){.state = REPAY_ENTRY_APPROVED};
}

static struct repay_entry_standing claimed(enum repay_entry_mode mode, int64_t now_ms)
{
    struct repay_entry_standing now = approved();

    (void)repay_entry_claim(&policy, mode, at(now_ms), TIMEOUT, &now);
    return now;
}

static struct repay_settlement end_with(enum repay_entry_mode mode, int64_t now_ms,
                                        enum repay_attempt_outcome outcome, enum repay_kind kind,
                                        struct repay_entry_standing *now)
{
    struct repay_attempt_end end = {
        .outcome = outcome, .kind = kind, .retry_after_ms = -1, .random = 12345};

    return repay_entry_settle(&policy, mode, at(now_ms), &end, now);
}

/* The whole table, written out once more: a move that is not here does not exist. */
static void moves_along_the_table(void)
{
    static const char *const legal[] = {
        "planned approved",   "planned cancelled", "planned expired",   "approved sending",
        "approved cancelled", "sending approved",  "sending accepted",  "sending rejected",
        "sending refused",    "sending unknown",   "accepted verified", "unknown accepted",
        "unknown absent",     "k sending sending", "k unknown sending", NULL};
    char move[64];
    int wrong = 0;

    for (int mode = 0; mode < 2; mode++) {
        for (int from = 0; from < REPAY_ENTRY_STATE_COUNT; from++) {
            for (int to = 0; to < REPAY_ENTRY_STATE_COUNT; to++) {
                bool expected = false;

                (void)snprintf(move, sizeof move, "%s %s",
                               repay_entry_state_name((enum repay_entry_state)from),
                               repay_entry_state_name((enum repay_entry_state)to));
                for (int i = 0; legal[i]; i++)
                    expected = expected || strcmp(legal[i], move) == 0 ||
                               (mode == REPAY_MODE_KEYED && legal[i][1] == ' ' &&
                                strcmp(legal[i] + 2, move) == 0);
                wrong += expected != repay_entry_move_is_legal((enum repay_entry_mode)mode,
                                                               (enum repay_entry_state)from,
                                                               (enum repay_entry_state)to)
                             ? 1
                             : 0;
            }
        }
    }
    CHECK_INT(wrong, 0);
    CHECK(repay_entry_is_final(REPAY_ENTRY_VERIFIED));
    CHECK(!repay_entry_is_replaceable(REPAY_ENTRY_VERIFIED));
    CHECK(repay_entry_is_replaceable(REPAY_ENTRY_ABSENT));
    CHECK(!repay_entry_is_replaceable(REPAY_ENTRY_UNKNOWN));
}

static void knows_its_words(void)
{
    CHECK_INT(repay_entry_state_from_name(REPAY_TEXT("unknown")), REPAY_ENTRY_UNKNOWN);
    CHECK_INT(repay_entry_state_from_name(REPAY_TEXT("sent")), REPAY_ENTRY_STATE_COUNT);
    CHECK_TEXT(repay_entry_mode_name(REPAY_MODE_KEYED), "keyed");
    CHECK_TEXT(repay_action_name(REPAY_ACTION_RECONCILE), "reconcile");
    CHECK_TEXT(repay_claim_word(REPAY_CLAIM_WINDOW_OVER), "window_over");
    CHECK_TEXT(repay_claim_text(REPAY_CLAIM_OK), "it may be sent");
}

static void claims_once_without_keys(void)
{
    struct repay_entry_standing now = claimed(REPAY_MODE_AT_MOST_ONCE, T0);

    CHECK_INT(now.state, REPAY_ENTRY_SENDING);
    CHECK_INT(now.doubtful, 1);
    CHECK_INT(now.first_sent_ms, T0);
    CHECK_INT(now.deadline_ms, T0 + TIMEOUT);
    CHECK_INT(now.settle_until_ms, T0 + TIMEOUT + policy.settle_ms);
    CHECK_INT(repay_entry_claim(&policy, REPAY_MODE_AT_MOST_ONCE, at(T0 + 1), TIMEOUT, &now),
              REPAY_CLAIM_NOT_KEYED);
    CHECK_INT(now.attempts, 1);
}

static void claims_again_inside_the_window(void)
{
    struct repay_entry_standing now = claimed(REPAY_MODE_KEYED, T0);
    int64_t until = now.resend_until_ms;

    CHECK_INT(until, T0 + policy.window_ms - TIMEOUT - policy.settle_ms - policy.skew_ms -
                         policy.margin_ms);
    CHECK_INT(repay_entry_claim(&policy, REPAY_MODE_KEYED, at(until - 1), TIMEOUT, &now),
              REPAY_CLAIM_OK);
    CHECK_INT(now.resend_until_ms, until);
    CHECK_INT(now.attempts, 2);
    CHECK_INT(now.settle_until_ms, until - 1 + TIMEOUT + policy.settle_ms);
    CHECK_INT(repay_entry_claim(&policy, REPAY_MODE_KEYED, at(until), TIMEOUT, &now),
              REPAY_CLAIM_WINDOW_OVER);
    now.attempts = policy.attempts_max;
    CHECK_INT(repay_entry_claim(&policy, REPAY_MODE_KEYED, at(T0 + 5), TIMEOUT, &now),
              REPAY_CLAIM_ATTEMPTS_USED);
    now.attempts = 1;
    CHECK_INT(repay_entry_claim(&policy, REPAY_MODE_KEYED, at(T0 - 1), TIMEOUT, &now),
              REPAY_CLAIM_CLOCK);
    CHECK_INT(
        repay_entry_claim(&policy, REPAY_MODE_KEYED,
                          (struct repay_moment_facts){.now_ms = T0 + 5, .clock_went_back = true},
                          TIMEOUT, &now),
        REPAY_CLAIM_CLOCK);
}

static void claims_nothing_else(void)
{
    int wrong = 0;

    for (int state = 0; state < REPAY_ENTRY_STATE_COUNT; state++) {
        struct repay_entry_standing now = {.state = (enum repay_entry_state)state,
                                           .first_sent_ms = T0,
                                           .resend_until_ms = T0 + 100};
        bool may = state == REPAY_ENTRY_APPROVED || state == REPAY_ENTRY_SENDING ||
                   state == REPAY_ENTRY_UNKNOWN;

        wrong += (repay_entry_claim(&policy, REPAY_MODE_KEYED, at(T0 + 1), TIMEOUT, &now) ==
                  REPAY_CLAIM_OK) != may
                     ? 1
                     : 0;
    }
    CHECK_INT(wrong, 0);
}

static void puts_back_what_was_not_sent(void)
{
    for (int mode = 0; mode < 2; mode++) {
        struct repay_entry_standing now = claimed((enum repay_entry_mode)mode, T0);

        (void)end_with((enum repay_entry_mode)mode, T0 + 1, REPAY_ATTEMPT_NOT_SENT,
                       REPAY_KIND_CONNECT, &now);
        CHECK_INT(now.state, REPAY_ENTRY_APPROVED);
        CHECK_INT(now.attempts, 0);
        CHECK_INT(now.doubtful, 0);
        CHECK_INT(now.first_sent_ms, 0);
        CHECK_INT(now.tries, 1);
        /* It does not use up the one attempt. */
        CHECK_INT(
            repay_entry_claim(&policy, (enum repay_entry_mode)mode, at(T0 + 9), TIMEOUT, &now),
            REPAY_CLAIM_OK);
        CHECK_INT(now.first_sent_ms, T0 + 9);
    }
}

static void keeps_an_old_doubt(void)
{
    struct repay_entry_standing now = claimed(REPAY_MODE_KEYED, T0);
    struct repay_settlement settlement =
        end_with(REPAY_MODE_KEYED, T0 + 1, REPAY_ATTEMPT_UNKNOWN, REPAY_KIND_TIMEOUT, &now);

    CHECK(settlement.again);
    CHECK(settlement.wait_ms <= policy.retry_base_ms);
    CHECK_INT(now.state, REPAY_ENTRY_SENDING);
    (void)repay_entry_claim(&policy, REPAY_MODE_KEYED, at(T0 + 2), TIMEOUT, &now);
    (void)end_with(REPAY_MODE_KEYED, T0 + 3, REPAY_ATTEMPT_NOT_SENT, REPAY_KIND_DNS, &now);
    /* The second did not leave, the first may have: not approved, where it could be cancelled. */
    CHECK_INT(now.state, REPAY_ENTRY_SENDING);
    CHECK_INT(now.doubtful, 1);
    CHECK_INT(now.first_sent_ms, T0);
}

static void stops_at_a_refused_credential(void)
{
    struct repay_entry_standing now = claimed(REPAY_MODE_KEYED, T0);
    struct repay_settlement settlement =
        end_with(REPAY_MODE_KEYED, T0 + 1, REPAY_ATTEMPT_NOT_SENT, REPAY_KIND_AUTH, &now);

    CHECK(settlement.stops);
    CHECK(!settlement.again);
    CHECK_INT(now.state, REPAY_ENTRY_APPROVED);
    now = claimed(REPAY_MODE_KEYED, T0);
    (void)end_with(REPAY_MODE_KEYED, T0 + 1, REPAY_ATTEMPT_UNKNOWN, REPAY_KIND_TIMEOUT, &now);
    (void)repay_entry_claim(&policy, REPAY_MODE_KEYED, at(T0 + 2), TIMEOUT, &now);
    settlement = end_with(REPAY_MODE_KEYED, T0 + 3, REPAY_ATTEMPT_NOT_SENT, REPAY_KIND_AUTH, &now);
    CHECK(settlement.stops && !settlement.again);
    CHECK_INT(now.state, REPAY_ENTRY_UNKNOWN);
}

static void believes_a_first_refusal(void)
{
    struct repay_entry_standing now = claimed(REPAY_MODE_KEYED, T0);

    (void)end_with(REPAY_MODE_KEYED, T0 + 1, REPAY_ATTEMPT_REFUSED, REPAY_KIND_LOAN_CLOSED, &now);
    CHECK_INT(now.state, REPAY_ENTRY_REFUSED);
    CHECK_INT(now.doubtful, 0);
    now = claimed(REPAY_MODE_AT_MOST_ONCE, T0);
    (void)end_with(REPAY_MODE_AT_MOST_ONCE, T0 + 1, REPAY_ATTEMPT_REFUSED, REPAY_KIND_REJECTED,
                   &now);
    CHECK_INT(now.state, REPAY_ENTRY_REJECTED);
}

/* Processed, reply lost, key forgotten, loan closed by it. */
static void believes_no_later_refusal(void)
{
    struct repay_entry_standing now = claimed(REPAY_MODE_KEYED, T0);

    (void)end_with(REPAY_MODE_KEYED, T0 + 1, REPAY_ATTEMPT_UNKNOWN, REPAY_KIND_TIMEOUT, &now);
    (void)repay_entry_claim(&policy, REPAY_MODE_KEYED, at(T0 + 2), TIMEOUT, &now);
    (void)end_with(REPAY_MODE_KEYED, T0 + 3, REPAY_ATTEMPT_REFUSED, REPAY_KIND_LOAN_CLOSED, &now);
    CHECK_INT(now.state, REPAY_ENTRY_UNKNOWN);
    CHECK_TEXT(now.reason, "refused_after_doubt");
    /* And it is not sent a third time. */
    CHECK_INT(repay_entry_claim(&policy, REPAY_MODE_KEYED, at(T0 + 4), TIMEOUT, &now),
              REPAY_CLAIM_WINDOW_OVER);
}

static void believes_no_refusal_that_knows_the_key(void)
{
    static const enum repay_kind kinds[] = {REPAY_KIND_KEY_REUSED, REPAY_KIND_CONFLICT};

    for (size_t i = 0; i < 2; i++) {
        struct repay_entry_standing now = claimed(REPAY_MODE_KEYED, T0);
        struct repay_settlement settlement =
            end_with(REPAY_MODE_KEYED, T0 + 1, REPAY_ATTEMPT_REFUSED, kinds[i], &now);

        CHECK_INT(now.state, REPAY_ENTRY_UNKNOWN);
        CHECK_INT(settlement.stops, kinds[i] == REPAY_KIND_KEY_REUSED);
    }
}

static void waits_longer_each_time(void)
{
    struct repay_entry_standing now = claimed(REPAY_MODE_KEYED, T0);
    struct repay_attempt_end end = {.outcome = REPAY_ATTEMPT_UNKNOWN, .retry_after_ms = 7000};
    int64_t ceiling = policy.retry_base_ms;
    int wrong = 0;

    CHECK_INT(repay_entry_settle(&policy, REPAY_MODE_KEYED, at(T0 + 1), &end, &now).wait_ms, 7000);
    end.retry_after_ms = -1;
    end.random = UINT64_MAX;
    policy.attempts_max = 100;
    for (int i = 1; i < 40; i++) {
        int64_t wait_ms =
            repay_entry_settle(&policy, REPAY_MODE_KEYED, at(T0 + 1), &end, &now).wait_ms;

        wrong += wait_ms < 0 || wait_ms > ceiling ? 1 : 0;
        ceiling = ceiling * 2 > policy.retry_cap_ms ? policy.retry_cap_ms : ceiling * 2;
        now.attempts++;
    }
    CHECK_INT(wrong, 0);
    policy = repay_journal_policy_default();
}

static struct repay_next next_of(enum repay_entry_mode mode, int64_t now_ms, bool is_owned,
                                 struct repay_entry_standing *now)
{
    return repay_entry_next(&policy, mode, at(now_ms), is_owned, now);
}

static void says_what_comes_next(void)
{
    struct repay_entry_standing now = {.state = REPAY_ENTRY_PLANNED};

    CHECK_INT(next_of(REPAY_MODE_KEYED, T0, false, &now).action, REPAY_ACTION_APPROVE);
    now = approved();
    CHECK_INT(next_of(REPAY_MODE_KEYED, T0, false, &now).action, REPAY_ACTION_SEND);
    CHECK_INT(next_of(REPAY_MODE_KEYED, T0, true, &now).action, REPAY_ACTION_HELD);
    now = (struct repay_entry_standing){.state = REPAY_ENTRY_ACCEPTED, .changed_ms = T0};
    CHECK_INT(next_of(REPAY_MODE_KEYED, T0 + policy.stale_after_ms - 1, false, &now).action,
              REPAY_ACTION_VERIFY);
    CHECK_INT(next_of(REPAY_MODE_KEYED, T0 + policy.stale_after_ms, false, &now).action,
              REPAY_ACTION_STALE);
    now.state = REPAY_ENTRY_REFUSED;
    CHECK_INT(next_of(REPAY_MODE_KEYED, T0, false, &now).action, REPAY_ACTION_NONE);
}

static void takes_over_from_the_dead(void)
{
    struct repay_entry_standing now = claimed(REPAY_MODE_KEYED, T0);
    struct repay_next next = next_of(REPAY_MODE_KEYED, T0 + 5, true, &now);

    CHECK_INT(next.action, REPAY_ACTION_HELD);
    CHECK_INT(now.state, REPAY_ENTRY_SENDING);
    CHECK_INT(next_of(REPAY_MODE_KEYED, T0 + 5, false, &now).action, REPAY_ACTION_RESEND);
    CHECK_INT(now.state, REPAY_ENTRY_SENDING);
    /* What is said is what will be said of it when the move is written. */
    next = next_of(REPAY_MODE_KEYED, now.resend_until_ms, false, &now);
    CHECK_INT(now.state, REPAY_ENTRY_UNKNOWN);
    CHECK_TEXT(now.reason, "window_over");
    CHECK_INT(next.action, REPAY_ACTION_RECONCILE);
    CHECK_TEXT(next.why, "settled");
    now = claimed(REPAY_MODE_AT_MOST_ONCE, T0);
    next = next_of(REPAY_MODE_AT_MOST_ONCE, T0 + 5, false, &now);
    CHECK_INT(now.state, REPAY_ENTRY_UNKNOWN);
    CHECK_INT(next.action, REPAY_ACTION_WAIT);
    CHECK_INT(next.due_ms, now.settle_until_ms);
    CHECK_INT(next_of(REPAY_MODE_AT_MOST_ONCE, now.settle_until_ms, false, &now).action,
              REPAY_ACTION_RECONCILE);
}

static void closes_windows_when_the_clock_goes_back(void)
{
    struct repay_entry_standing now = claimed(REPAY_MODE_KEYED, T0);
    struct repay_next next = repay_entry_next(
        &policy, REPAY_MODE_KEYED,
        (struct repay_moment_facts){.now_ms = T0 + 5, .clock_went_back = true}, false, &now);

    CHECK_INT(now.state, REPAY_ENTRY_UNKNOWN);
    CHECK_TEXT(next.why, "clock_went_back");
    /* For good, also when it is put forward again. */
    CHECK_INT(repay_entry_claim(&policy, REPAY_MODE_KEYED, at(T0 + 60000), TIMEOUT, &now),
              REPAY_CLAIM_CLOCK);
    next = next_of(REPAY_MODE_KEYED, T0 + 60000, false, &now);
    CHECK_INT(next.action, REPAY_ACTION_WAIT);
    CHECK_TEXT(next.why, "clock_went_back");
    next = next_of(REPAY_MODE_KEYED, now.settle_until_ms, false, &now);
    CHECK_INT(next.action, REPAY_ACTION_RECONCILE);
}

static void loses_time_once(void)
{
    struct repay_entry_standing now = claimed(REPAY_MODE_KEYED, T0), before;
    struct repay_journal_policy none = policy;

    CHECK(repay_entry_lose_time(&now, T0 - 50));
    CHECK_INT(now.state, REPAY_ENTRY_SENDING);
    CHECK_INT(now.resend_until_ms, T0);
    CHECK_INT(now.changed_ms, T0 - 50);
    CHECK_TEXT(now.reason, "clock_went_back");
    CHECK(!repay_entry_lose_time(&now, T0 - 60));
    CHECK_INT(now.changed_ms, T0 - 50);
    for (int state = 0; state < REPAY_ENTRY_STATE_COUNT; state++) {
        now = claimed(REPAY_MODE_KEYED, T0);
        now.state = (enum repay_entry_state)state;
        CHECK_INT(repay_entry_lose_time(&now, T0),
                  state == REPAY_ENTRY_SENDING || state == REPAY_ENTRY_UNKNOWN);
    }
    /* A window that never was is not opened by closing it. */
    none.window_ms = 0;
    now = (struct repay_entry_standing){.state = REPAY_ENTRY_APPROVED};
    CHECK_INT(repay_entry_claim(&none, REPAY_MODE_KEYED, at(T0), TIMEOUT, &now), REPAY_CLAIM_OK);
    before = now;
    CHECK(!repay_entry_lose_time(&now, T0 - 50));
    CHECK_INT(now.resend_until_ms, before.resend_until_ms);
    CHECK_INT(repay_entry_next(&none, REPAY_MODE_KEYED,
                               (struct repay_moment_facts){.now_ms = T0, .clock_went_back = true},
                               false, &now)
                  .action,
              REPAY_ACTION_WAIT);
    CHECK_INT(now.resend_until_ms, before.resend_until_ms);
}

static struct repay_moment_facts steady(int64_t now_ms, int64_t boot, int64_t boot_ms)
{
    return (struct repay_moment_facts){.now_ms = now_ms, .boot = boot, .boot_ms = boot_ms};
}

static enum repay_claim claims(struct repay_moment_facts moment)
{
    struct repay_entry_standing now = {.state = REPAY_ENTRY_APPROVED};

    CHECK_INT(repay_entry_claim(&policy, REPAY_MODE_KEYED, steady(T0, 7, 1000), TIMEOUT, &now),
              REPAY_CLAIM_OK);
    return repay_entry_claim(&policy, REPAY_MODE_KEYED, moment, TIMEOUT, &now);
}

/* Nobody looked while the clock was being set: no event is later than now. */
static void sees_lost_time_on_the_steady_clock(void)
{
    const int64_t hour = 3600000;

    CHECK_INT(claims(steady(T0 + hour, 7, 1000 + hour)), REPAY_CLAIM_OK);
    CHECK_INT(claims(steady(T0 + hour, 7, 1000 + hour + REPAY_JOURNAL_BACKWARD_MAX_MS)),
              REPAY_CLAIM_OK);
    CHECK_INT(claims(steady(T0 + hour, 7, 1001 + hour + REPAY_JOURNAL_BACKWARD_MAX_MS)),
              REPAY_CLAIM_CLOCK);
    CHECK_INT(claims(steady(T0 + hour, 7, 1000 + 2 * hour)), REPAY_CLAIM_CLOCK);
    /* After another start at least its running time has passed. */
    CHECK_INT(claims(steady(T0 + hour, 8, hour)), REPAY_CLAIM_OK);
    CHECK_INT(claims(steady(T0 + hour, 8, 2 * hour)), REPAY_CLAIM_CLOCK);
    /* Nothing is known of it: the wall clock is on its own. */
    CHECK_INT(claims(steady(T0 + hour, 0, 0)), REPAY_CLAIM_OK);
}

static void sees_gained_time_on_the_steady_clock(void)
{
    const struct repay_entry_standing now = {.first_sent_ms = T0, .boot = 7, .boot_ms = 1000};

    CHECK_INT(repay_clock_gained(steady(T0 + 5000, 7, 6000), &now), 0);
    CHECK_INT(repay_clock_gained(steady(T0 + 5000, 7, 2000), &now), 4000);
    CHECK_INT(repay_clock_gained(steady(T0 + 5000, 7, 9000), &now), 0);
    CHECK_INT(repay_clock_gained(steady(T0 + 5000, 8, 2000), &now), 0);
    CHECK_INT(repay_clock_gained(steady(T0 + 5000, 0, 0), &now), 0);
}

static void asks_when_lists_cannot_decide(void)
{
    struct repay_entry_standing now = {.state = REPAY_ENTRY_UNKNOWN,
                                       .reason = REPAY_TEXT("ambiguous")};

    CHECK_INT(next_of(REPAY_MODE_AT_MOST_ONCE, T0, false, &now).action, REPAY_ACTION_ASK);
    now.reason = REPAY_TEXT("not_in_one_list");
    now.unseen_ms = T0;
    CHECK_INT(next_of(REPAY_MODE_AT_MOST_ONCE, T0 + policy.settle_ms - 1, false, &now).action,
              REPAY_ACTION_WAIT);
    CHECK_INT(next_of(REPAY_MODE_AT_MOST_ONCE, T0 + policy.settle_ms, false, &now).action,
              REPAY_ACTION_RECONCILE);
}

int main(void)
{
    policy = repay_journal_policy_default();
    moves_along_the_table();
    knows_its_words();
    claims_once_without_keys();
    claims_again_inside_the_window();
    claims_nothing_else();
    puts_back_what_was_not_sent();
    keeps_an_old_doubt();
    stops_at_a_refused_credential();
    believes_a_first_refusal();
    believes_no_later_refusal();
    believes_no_refusal_that_knows_the_key();
    waits_longer_each_time();
    says_what_comes_next();
    takes_over_from_the_dead();
    closes_windows_when_the_clock_goes_back();
    loses_time_once();
    sees_lost_time_on_the_steady_clock();
    sees_gained_time_on_the_steady_clock();
    asks_when_lists_cannot_decide();
    return CHECK_REPORT();
}
