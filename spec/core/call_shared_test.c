/*
 * What calls of one client owe each other: turns at a rate, a breaker, a budget of retries, counts.
 * One session, several calls on it, a clock that the test moves.
 */
#include "call_support.h"

#define OK_BODY                                                                                    \
    "{\"status\":\"success\",\"data\":{\"schedule\":[{\"dueDate\":\"2025-02-15\",\"totalDue\":5,"  \
    "\"paidAmount\":0}]}}"

static void open_session(struct rig *rig, int64_t rate, int64_t burst)
{
    rig_init(rig, "carbon");
    rig->options.policy.rate = rate;
    rig->options.policy.burst = burst;
    CHECK(rig_open(rig));
}

static void begin(struct rig *rig)
{
    CHECK(rig_begin(rig, "schedule"));
    CHECK(rig_text(rig, "loan_id", "LOAN_1"));
    CHECK(rig_prepare(rig));
}

static void fetch(struct rig *rig)
{
    begin(rig);
    CHECK_INT(rig_next(rig), REPAY_STEP_SEND);
    rig_reply(rig, 200, OK_BODY);
    CHECK_INT(rig_next(rig), REPAY_STEP_DONE);
    rig_end_call(rig);
}

/* One attempt that fails, and no more. */
static void fail_once(struct rig *rig)
{
    begin(rig);
    CHECK_INT(rig_next(rig), REPAY_STEP_SEND);
    rig_fail(rig, REPAY_KIND_CONNECT, REPAY_SENT_NO);
    repay_call_cancel(&rig->call);
    CHECK_INT(rig_next(rig), REPAY_STEP_FAILED);
    rig_end_call(rig);
}

static void turns_come_in_order(void)
{
    struct rig rig;
    struct repay_call first, second;

    open_session(&rig, 10, 1);
    fetch(&rig);
    begin(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_WAIT);
    CHECK_INT(rig.call.wait_ms, 100);
    first = rig.call;
    begin(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_WAIT);
    CHECK_INT(rig.call.wait_ms, 200);
    second = rig.call;
    rig.now_ms += 200;
    /* Asked out of order, each has the turn that it booked. */
    CHECK_INT(repay_call_next(&second, rig.now_ms, rig.unix_ms), REPAY_STEP_SEND);
    CHECK_INT(repay_call_next(&first, rig.now_ms, rig.unix_ms), REPAY_STEP_SEND);
    CHECK_INT(rig.session.stats.attempts, 3);
    repay_call_free(&first);
    repay_call_free(&second);
    rig_close(&rig);
}

static void a_429_makes_waiting_calls_book_anew(void)
{
    struct rig rig;
    struct repay_call waiting;

    open_session(&rig, 10, 1);
    begin(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    waiting = rig.call;
    begin(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_WAIT);
    {
        struct repay_call sending = waiting;

        waiting = rig.call;
        rig.call = sending;
    }
    rig_reply(&rig, 429, "");
    rig_end_call(&rig);
    rig.call = waiting;
    rig.now_ms += 100;
    CHECK_INT(rig_next(&rig), REPAY_STEP_WAIT);
    CHECK_INT(rig.call.wait_ms, 100);
    rig.now_ms += 100;
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_end_call(&rig);
    rig_close(&rig);
}

static void a_turn_that_comes_too_late_is_refused(void)
{
    struct rig rig;

    open_session(&rig, 1, 1);
    rig.session.policy.timeout_ms = 900;
    fetch(&rig);
    begin(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_FAILED);
    CHECK_INT(rig.call.error->kind, REPAY_KIND_TIMEOUT);
    CHECK_INT(rig.call.error->outcome, REPAY_OUTCOME_NOT_SENT);
    CHECK_INT(rig.call.error->retry_after_ms, 1000);
    CHECK_TEXT(rig.call.error->message, "at this rate its turn comes after the call's time");
    rig_end_call(&rig);
    /* It booked nothing. */
    rig.now_ms += 1000;
    fetch(&rig);
    rig_close(&rig);
}

static void an_open_breaker_ends_calls_at_once(void)
{
    struct rig rig;

    open_session(&rig, 0, 1);
    for (int i = 0; i < REPAY_BREAKER_RUN; i++)
        fail_once(&rig);
    begin(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_FAILED);
    CHECK_INT(rig.call.error->kind, REPAY_KIND_BREAKER_OPEN);
    CHECK_INT(rig.call.error->outcome, REPAY_OUTCOME_NOT_SENT);
    CHECK_INT(rig.call.error->retry_after_ms, REPAY_BREAKER_OPEN_MS);
    CHECK_INT(rig.call.attempt_count, 0);
    rig_end_call(&rig);
    CHECK_INT(rig.session.stats.attempts, REPAY_BREAKER_RUN);
    CHECK_INT(rig.session.stats.failed, REPAY_BREAKER_RUN + 1);
    rig.now_ms += REPAY_BREAKER_OPEN_MS;
    fetch(&rig);
    CHECK(!rig.session.breaker.is_open);
    rig_close(&rig);
}

static void a_cancelled_probe_lets_the_next_one_try(void)
{
    struct rig rig;
    struct repay_end cancelled = {.kind = REPAY_KIND_CANCELLED, .sent = REPAY_SENT_MAYBE};

    open_session(&rig, 0, 1);
    for (int i = 0; i < REPAY_BREAKER_RUN; i++)
        fail_once(&rig);
    rig.now_ms += REPAY_BREAKER_OPEN_MS;
    begin(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(rig.call.is_probe);
    repay_call_cancel(&rig.call);
    repay_call_end(&rig.call, &cancelled, rig.now_ms, rig.unix_ms);
    CHECK_INT(rig_next(&rig), REPAY_STEP_FAILED);
    rig_end_call(&rig);
    CHECK(rig.session.breaker.is_open);
    fetch(&rig);
    rig_close(&rig);
}

static void an_opening_breaker_ends_the_call_with_its_own_error(void)
{
    struct rig rig;

    open_session(&rig, 0, 1);
    for (int i = 1; i < REPAY_BREAKER_RUN; i++)
        fail_once(&rig);
    begin(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_fail(&rig, REPAY_KIND_CONNECT, REPAY_SENT_NO);
    CHECK_INT(rig_next(&rig), REPAY_STEP_FAILED);
    CHECK_INT(rig.call.error->kind, REPAY_KIND_CONNECT);
    CHECK_TEXT(rig.call.attempts[0].reason, "breaker_open");
    rig_end_call(&rig);
    rig_close(&rig);
}

static void a_breaker_that_opens_meanwhile_is_told_by_the_attempt(void)
{
    struct rig rig;
    struct repay_call waiting;

    open_session(&rig, 0, 1);
    begin(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_fail(&rig, REPAY_KIND_CONNECT, REPAY_SENT_NO);
    CHECK_INT(rig_next(&rig), REPAY_STEP_WAIT);
    waiting = rig.call;
    for (int i = 0; i < REPAY_BREAKER_RUN; i++) {
        if (!rig.session.breaker.is_open)
            fail_once(&rig);
    }
    rig.now_ms += 1000;
    CHECK_INT(repay_call_next(&waiting, rig.now_ms, rig.unix_ms), REPAY_STEP_FAILED);
    CHECK_INT(waiting.error->kind, REPAY_KIND_CONNECT);
    CHECK_INT(waiting.error->outcome, REPAY_OUTCOME_NOT_SENT);
    CHECK_INT(waiting.attempt_count, 1);
    CHECK_TEXT(waiting.attempts[0].reason, "breaker_open");
    repay_call_free(&waiting);
    rig_close(&rig);
}

static void a_run_limits_begin_and_end(void)
{
    struct rig rig;

    open_session(&rig, 0, 1);
    begin(&rig);
    repay_call_limit(&rig.call, rig.now_ms + 300, rig.now_ms + 500);
    CHECK_INT(rig_next(&rig), REPAY_STEP_WAIT);
    CHECK_INT(rig.call.wait_ms, 300);
    rig.now_ms += 300;
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK_INT(rig.call.deadline_ms, rig.now_ms + 200);
    CHECK_INT(rig.call.attempt_deadline_ms, rig.now_ms + 200);
    rig_fail(&rig, REPAY_KIND_TIMEOUT, REPAY_SENT_MAYBE);
    rig_end_call(&rig);

    begin(&rig);
    repay_call_limit(&rig.call, INT64_MIN, rig.now_ms);
    CHECK_INT(rig_next(&rig), REPAY_STEP_FAILED);
    CHECK_TEXT(rig.call.error->message, "the time for the whole run is over");
    CHECK_INT(rig.call.error->outcome, REPAY_OUTCOME_NOT_SENT);
    rig_end_call(&rig);
    rig_close(&rig);
}

static void counts_add_up(void)
{
    struct rig rig;
    const struct repay_stats *stats = &rig.session.stats;

    open_session(&rig, 0, 1);
    fetch(&rig);
    fetch(&rig);
    fail_once(&rig);
    begin(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply(&rig, 503, "");
    CHECK_INT(rig_next(&rig), REPAY_STEP_WAIT);
    rig.now_ms += 40000;
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply(&rig, 200, OK_BODY);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    rig_end_call(&rig);
    CHECK_INT(stats->calls, 4);
    CHECK_INT(stats->done, 3);
    CHECK_INT(stats->failed, 1);
    CHECK_INT(stats->attempts, 5);
    CHECK_INT(stats->retries[REPAY_KIND_UNAVAILABLE], 1);
    CHECK_INT(stats->bytes_received, 3 * (sizeof OK_BODY - 1));
    CHECK_INT(rig.session.retry_budget.left,
              REPAY_RETRY_BUDGET_FULL - 2 * REPAY_RETRY_BUDGET_COST + 1);
    CHECK(repay_stats_percentile(stats, 99) >= 40000);
    /* A call that is freed before it began was never one. */
    begin(&rig);
    rig_end_call(&rig);
    CHECK_INT(stats->calls, 4);
    rig_close(&rig);
}

static void a_cleared_call_is_a_new_one(void)
{
    struct rig rig;
    char key[sizeof rig.call.idempotency_key];

    rig_init(&rig, "fincode");
    CHECK(rig_open(&rig));
    CHECK(rig_begin(&rig, "repay"));
    CHECK(rig_text(&rig, "customer_id", "123e4567-e89b-12d3-a456-426614174000"));
    CHECK(rig_text(&rig, "account_id", "account-1"));
    CHECK(rig_text(&rig, "bank_account_id", "bank-1"));
    CHECK(rig_amount(&rig, 5000000));
    CHECK(rig_prepare(&rig));
    memcpy(key, rig.call.idempotency_key, sizeof key);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply(&rig, 503, "{\"status\":\"FAILED\"}");
    CHECK_INT(rig_next(&rig), REPAY_STEP_FAILED);
    repay_call_clear(&rig.call);
    CHECK_TEXT(rig.call.idempotency_key, "");
    CHECK_INT(rig.call.stage, REPAY_CALL_NEW);
    CHECK_INT(rig.call.error->kind, REPAY_KIND_NONE);
    CHECK_INT(rig.call.attempt_count, 0);
    repay_call_begin(&rig.call, &rig.session,
                     repay_operation_find(rig.session.provider, REPAY_TEXT("schedule")));
    CHECK(!rig_prepare(&rig));
    CHECK(rig_text(&rig, "customer_id", "123e4567-e89b-12d3-a456-426614174000"));
    CHECK(rig_prepare(&rig));
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK_INT(repay_call_request(&rig.call)->method, REPAY_METHOD_GET);
    rig_end_call(&rig);
    rig_close(&rig);
}

int main(void)
{
    turns_come_in_order();
    a_429_makes_waiting_calls_book_anew();
    a_turn_that_comes_too_late_is_refused();
    an_open_breaker_ends_calls_at_once();
    a_cancelled_probe_lets_the_next_one_try();
    an_opening_breaker_ends_the_call_with_its_own_error();
    a_breaker_that_opens_meanwhile_is_told_by_the_attempt();
    a_run_limits_begin_and_end();
    counts_add_up();
    a_cleared_call_is_a_new_one();
    return CHECK_REPORT();
}
