/*
 * The step machine: what it says to a driver, when it tries again and when never, deadlines,
 * writes, cancelling, clients that close.
 */
#include "call_rig.h"

static void test_straight(void)
{
    struct rig rig;
    struct repay_schedule_facts facts;

    open_read(&rig);
    CHECK_INT(rig.call.deadline_ms, INT64_MAX);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK_INT(rig.call.deadline_ms, RIG_NOW_MS + 120000);
    CHECK_INT(rig.call.attempt_deadline_ms, RIG_NOW_MS + 60000);
    CHECK_INT(rig.call.connect_deadline_ms, RIG_NOW_MS + 10000);
    CHECK_INT(rig.call.first_byte_deadline_ms, RIG_NOW_MS + 40000);
    rig.unix_ms += 250;
    rig_reply(&rig, 200, CARBON_OK);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    CHECK_INT(repay_call_rows(&rig.call)->rows, 1);
    CHECK_INT(rig.call.attempt_count, 1);
    CHECK_INT(rig.call.attempts[0].kind, REPAY_KIND_NONE);
    CHECK_INT(rig.call.attempts[0].http_status, 200);
    CHECK_TEXT(rig.call.attempts[0].reason, "accepted");
    repay_call_facts(&rig.call, &facts);
    CHECK_TEXT(facts.subject, "LOAN_1");
    CHECK_TEXT(facts.environment, "sandbox");
    CHECK_TEXT(facts.currency, "NGN");
    CHECK_INT(facts.fetched_at_unix_ms, RIG_UNIX_MS + 250);
    CHECK(facts.zone_known);
    CHECK(repay_call_has_rows(&rig.call));
    CHECK_INT(repay_call_request(&rig.call)->header_count, 0);
    end(&rig);
}

static void test_misuse(void)
{
    struct rig rig;
    struct repay_end fault = {.kind = REPAY_KIND_TIMEOUT, .sent = REPAY_SENT_NO};

    rig_init(&rig, "carbon");
    CHECK(rig_open(&rig));
    CHECK(rig_begin(&rig, "schedule"));
    expect_failed(&rig, REPAY_KIND_INVALID_ARGUMENT, REPAY_OUTCOME_NOT_SENT);
    end(&rig);

    /* Nothing that is reported out of turn moves a call. */
    open_read(&rig);
    CHECK(!repay_call_reply_status(&rig.call, 200));
    CHECK(!repay_call_reply_body(&rig.call, "x", 1));
    CHECK(!repay_call_reply_field(&rig.call, REPAY_TEXT("a"), REPAY_TEXT("b")));
    CHECK_INT(repay_call_feed(&rig.call, "HTTP/1.1 ", 9), REPAY_HTTP_STOPPED);
    repay_call_end(&rig.call, &fault, 0, 0);
    CHECK_INT(rig.call.stage, REPAY_CALL_READY);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(!repay_call_reply_body(&rig.call, "x", 1));
    CHECK(!repay_call_reply_field(&rig.call, REPAY_TEXT("a"), REPAY_TEXT("b")));
    rig_reply(&rig, 200, CARBON_OK);
    repay_call_end(&rig.call, &fault, 0, 0);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    CHECK_INT(rig.call.attempt_count, 1);
    end(&rig);

    /* A request is handed out once. */
    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    expect_failed(&rig, REPAY_KIND_CONNECTION_LOST, REPAY_OUTCOME_UNKNOWN);
    end(&rig);
}

static void test_read_retries(void)
{
    struct rig rig;
    char first[64], second[64], key[64];

    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply(&rig, 503, "{\"status\":\"error\",\"message\":\"later\"}");
    CHECK_INT(rig_next(&rig),
              rig.call.wait_until_ms > rig.now_ms ? REPAY_STEP_WAIT : REPAY_STEP_SEND);
    CHECK(rig.call.wait_ms >= 0 && rig.call.wait_ms <= 500);
    rig.now_ms = rig.call.wait_until_ms;
    if (rig.call.stage == REPAY_CALL_WAITING)
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_fail(&rig, REPAY_KIND_CONNECTION_LOST, REPAY_SENT_MAYBE);
    rig.now_ms = rig.call.wait_until_ms;
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply(&rig, 200, CARBON_OK);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    CHECK_INT(rig.call.attempt_count, 3);
    CHECK_INT(rig.call.attempts[0].kind, REPAY_KIND_UNAVAILABLE);
    CHECK_INT(rig.call.attempts[0].http_status, 503);
    CHECK_TEXT(rig.call.attempts[0].reason, "passing_fault");
    CHECK_INT(rig.call.attempts[1].kind, REPAY_KIND_CONNECTION_LOST);
    CHECK_INT(rig.call.attempts[1].http_status, 0);
    CHECK_TEXT(rig.call.error->message, "");
    end(&rig);

    /* Three attempts are all; the last error is the call's. */
    open_read(&rig);
    for (int attempt = 0; attempt < 3; attempt++) {
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        rig_fail(&rig, attempt < 2 ? REPAY_KIND_DNS : REPAY_KIND_TIMEOUT, REPAY_SENT_NO);
        if (attempt < 2)
            rig.now_ms = rig.call.wait_until_ms;
    }
    expect_failed(&rig, REPAY_KIND_TIMEOUT, REPAY_OUTCOME_NOT_SENT);
    CHECK_INT(rig.call.attempt_count, 3);
    CHECK_TEXT(rig.call.attempts[2].reason, "attempts_used");
    end(&rig);

    /* Ids are new for each attempt of a read, its key too. */
    rig_init(&rig, "fincode");
    CHECK(rig_open(&rig));
    CHECK(rig_begin(&rig, "repaid"));
    CHECK(rig_text(&rig, "user_id", CUSTOMER));
    CHECK(rig_prepare(&rig));
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    copy(first, sizeof first, header(&rig, "x-fapi-interaction-id"));
    copy(key, sizeof key, header(&rig, "x-idempotency-key"));
    rig_fail(&rig, REPAY_KIND_CONNECT, REPAY_SENT_NO);
    rig.now_ms = rig.call.wait_until_ms;
    rig.unix_ms += 61000;
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    copy(second, sizeof second, header(&rig, "x-fapi-interaction-id"));
    CHECK(strcmp(first, second) != 0);
    CHECK(!repay_text_is(header(&rig, "x-idempotency-key"), key));
    CHECK_TEXT(header(&rig, "x-fapi-auth-date"), "2024-01-15T10:31:01Z");
    end(&rig);
}

static void test_lasting_faults(void)
{
    static const int statuses[] = {400, 401, 402, 403, 404, 409, 422, 301, 302, 304, 204, 200};
    struct rig rig;

    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        open_read(&rig);
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        rig_reply(&rig, statuses[i], "");
        CHECK_INT(rig_next(&rig), REPAY_STEP_FAILED);
        CHECK_INT(rig.call.attempt_count, 1);
        CHECK_INT(rig.call.error->http_status, statuses[i]);
        end(&rig);
    }
    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply(&rig, 302, "");
    CHECK_TEXT(rig.call.error->hint, "redirects are never followed; look at base_url");
    CHECK_INT(rig.call.error->kind, REPAY_KIND_BAD_RESPONSE);
    end(&rig);
}

static void test_waiting(void)
{
    struct rig rig;

    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(repay_call_reply_status(&rig.call, 429));
    CHECK(repay_call_reply_field(&rig.call, REPAY_TEXT("Retry-After"), REPAY_TEXT("5")));
    struct repay_end whole = {.kind = REPAY_KIND_NONE, .sent = REPAY_SENT_MAYBE};
    repay_call_end(&rig.call, &whole, rig.now_ms, rig.unix_ms);
    CHECK_INT(rig_next(&rig), REPAY_STEP_WAIT);
    CHECK_INT(rig.call.wait_ms, 5000);
    rig.now_ms += 2000;
    CHECK_INT(rig_next(&rig), REPAY_STEP_WAIT);
    CHECK_INT(rig.call.wait_ms, 3000);
    CHECK_INT(rig.call.error->retry_after_ms, 5000);
    CHECK_TEXT(rig.call.attempts[0].reason, "provider_asked");
    CHECK_INT(rig.call.attempts[0].wait_ms, 5000);
    rig.now_ms += 3000;
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply(&rig, 200, CARBON_OK);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    end(&rig);
}

static void test_deadlines(void)
{
    struct rig rig;

    /* The machine slept through the wait and past the call's deadline. */
    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_fail(&rig, REPAY_KIND_CONNECT, REPAY_SENT_NO);
    rig.now_ms += 200000;
    expect_failed(&rig, REPAY_KIND_TIMEOUT, REPAY_OUTCOME_NOT_SENT);
    end(&rig);

    /* An attempt never ends after the call. */
    rig_init(&rig, "carbon");
    rig.options.policy.timeout_ms = 7000;
    rig.options.policy.retry_base_ms = 0;
    CHECK(rig_open(&rig));
    CHECK(rig_begin(&rig, "schedule"));
    CHECK(rig_text(&rig, "loan_id", "LOAN_1"));
    CHECK(rig_prepare(&rig));
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK_INT(rig.call.attempt_deadline_ms, RIG_NOW_MS + 7000);
    CHECK_INT(rig.call.connect_deadline_ms, RIG_NOW_MS + 7000);
    CHECK_INT(rig.call.first_byte_deadline_ms, RIG_NOW_MS + 7000);
    rig.now_ms += 6999;
    rig_fail(&rig, REPAY_KIND_TIMEOUT, REPAY_SENT_MAYBE);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK_INT(rig.call.attempt_deadline_ms, RIG_NOW_MS + 7000);
    rig.now_ms += 1;
    rig_fail(&rig, REPAY_KIND_TIMEOUT, REPAY_SENT_MAYBE);
    expect_failed(&rig, REPAY_KIND_TIMEOUT, REPAY_OUTCOME_UNKNOWN);
    CHECK_TEXT(rig.call.attempts[1].reason, "no_time_left");
    end(&rig);

    /* Clocks at their ends. */
    open_read(&rig);
    rig.now_ms = INT64_MAX - 5;
    rig.unix_ms = INT64_MAX;
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK_INT(rig.call.attempt_deadline_ms, INT64_MAX);
    rig_fail(&rig, REPAY_KIND_CONNECT, REPAY_SENT_NO);
    end(&rig);
}

/* What makes two attempts at one repayment the same: key and body; all else may differ. */
static void test_write_that_never_left(void)
{
    struct rig rig;
    char key[80], body[512], first_id[64];

    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    copy(key, sizeof key, header(&rig, "x-idempotency-key"));
    copy(first_id, sizeof first_id, header(&rig, "x-fapi-interaction-id"));
    copy(body, sizeof body, repay_request_text(&rig.call.request, rig.call.request.body));
    CHECK_TEXT(key, "018d0cab-c440-7607-8809-0a0b0c0d0e0f");
    CHECK_TEXT(rig.call.idempotency_key, key);
    for (int attempt = 2; attempt <= 3; attempt++) {
        rig_fail(&rig, REPAY_KIND_CONNECT, REPAY_SENT_NO);
        rig.now_ms = rig.call.wait_until_ms;
        rig.unix_ms += 1000;
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        CHECK_TEXT(header(&rig, "x-idempotency-key"), key);
        CHECK_TEXT(repay_request_text(&rig.call.request, rig.call.request.body), body);
        CHECK(!repay_text_is(header(&rig, "x-fapi-interaction-id"), first_id));
    }
    rig_fail(&rig, REPAY_KIND_TIMEOUT, REPAY_SENT_NO);
    expect_failed(&rig, REPAY_KIND_TIMEOUT, REPAY_OUTCOME_NOT_SENT);
    CHECK_INT(rig.call.attempt_count, 3);
    CHECK_TEXT(rig.call.idempotency_key, key);
    end(&rig);
}

static void test_write_that_may_have_left(void)
{
    static const enum repay_kind kinds[] = {REPAY_KIND_TIMEOUT, REPAY_KIND_CONNECTION_LOST,
                                            REPAY_KIND_CONNECT, REPAY_KIND_CANCELLED,
                                            REPAY_KIND_TLS,     REPAY_KIND_TOO_LARGE};
    static const int statuses[] = {408, 425, 429, 500, 502, 503, 504, 599, 409, 302};
    struct rig rig;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        open_write(&rig);
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        rig_fail(&rig, kinds[i], REPAY_SENT_MAYBE);
        expect_failed(&rig, kinds[i], REPAY_OUTCOME_UNKNOWN);
        CHECK_INT(rig.call.attempt_count, 1);
        CHECK_TEXT(rig.call.attempts[0].reason, "write_may_have_arrived");
        CHECK(strstr(rig.call.error->hint, "look before it is sent again") != NULL);
        end(&rig);
    }
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        open_write(&rig);
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        rig_reply(&rig, statuses[i], "");
        CHECK_INT(rig_next(&rig), REPAY_STEP_FAILED);
        CHECK_INT(rig.call.error->outcome, REPAY_OUTCOME_UNKNOWN);
        CHECK_INT(rig.call.attempt_count, 1);
        CHECK_TEXT(rig.call.attempts[0].reason, "write_was_answered");
        end(&rig);
    }
    /* Proven not run, and yet not sent again by the call itself. */
    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply(&rig, 401, "");
    expect_failed(&rig, REPAY_KIND_AUTH, REPAY_OUTCOME_NOT_SENT);
    CHECK_INT(rig.call.attempt_count, 1);
    end(&rig);
    /* A driver that says "not sent" after a reply began is not believed. */
    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(repay_call_reply_status(&rig.call, 200));
    rig_fail(&rig, REPAY_KIND_CONNECTION_LOST, REPAY_SENT_NO);
    expect_failed(&rig, REPAY_KIND_CONNECTION_LOST, REPAY_OUTCOME_UNKNOWN);
    end(&rig);
    /* Nor one that says the reply is whole when none began. */
    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_fail(&rig, REPAY_KIND_NONE, REPAY_SENT_NO);
    expect_failed(&rig, REPAY_KIND_CONNECTION_LOST, REPAY_OUTCOME_UNKNOWN);
    CHECK_INT(rig.call.attempt_count, 1);
    end(&rig);
    /* A reused connection excuses nothing for a write. */
    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    struct repay_end reused = {.kind = REPAY_KIND_CONNECTION_LOST,
                               .sent = REPAY_SENT_MAYBE,
                               .connection_was_reused = true};
    repay_call_end(&rig.call, &reused, rig.now_ms, rig.unix_ms);
    expect_failed(&rig, REPAY_KIND_CONNECTION_LOST, REPAY_OUTCOME_UNKNOWN);
    end(&rig);
}

static void test_reused_connection(void)
{
    struct repay_end reused = {.kind = REPAY_KIND_CONNECTION_LOST,
                               .sent = REPAY_SENT_MAYBE,
                               .connection_was_reused = true};
    struct rig rig;

    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    repay_call_end(&rig.call, &reused, rig.now_ms, rig.unix_ms);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND); /* at once */
    for (int attempt = 0; attempt < 3; attempt++) {
        repay_call_end(&rig.call, &reused, rig.now_ms, rig.unix_ms);
        if (attempt < 2) {
            rig.now_ms = rig.call.wait_until_ms;
            CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        }
    }
    expect_failed(&rig, REPAY_KIND_CONNECTION_LOST, REPAY_OUTCOME_UNKNOWN);
    CHECK_INT(rig.call.attempt_count, 4);
    CHECK_TEXT(rig.call.attempts[0].reason, "reused_connection_died");
    CHECK_TEXT(rig.call.attempts[1].reason, "passing_fault");
    CHECK_TEXT(rig.call.attempts[3].reason, "attempts_used");
    end(&rig);
}

static void test_cancelling(void)
{
    struct rig rig;

    open_write(&rig);
    repay_call_cancel(&rig.call);
    expect_failed(&rig, REPAY_KIND_CANCELLED, REPAY_OUTCOME_NOT_SENT);
    end(&rig);

    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    repay_call_cancel(&rig.call);
    expect_failed(&rig, REPAY_KIND_CANCELLED, REPAY_OUTCOME_UNKNOWN);
    end(&rig);

    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_fail(&rig, REPAY_KIND_CONNECT, REPAY_SENT_NO);
    repay_call_cancel(&rig.call);
    expect_failed(&rig, REPAY_KIND_CANCELLED, REPAY_OUTCOME_NOT_SENT);
    end(&rig);

    /* The driver stops and says so. */
    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    repay_call_cancel(&rig.call);
    rig_fail(&rig, REPAY_KIND_CANCELLED, REPAY_SENT_NO);
    expect_failed(&rig, REPAY_KIND_CANCELLED, REPAY_OUTCOME_NOT_SENT);
    end(&rig);

    /* No second attempt after cancel, not even one that would be safe. */
    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    repay_call_cancel(&rig.call);
    rig_fail(&rig, REPAY_KIND_CONNECT, REPAY_SENT_NO);
    expect_failed(&rig, REPAY_KIND_CONNECT, REPAY_OUTCOME_NOT_SENT);
    CHECK_TEXT(rig.call.attempts[0].reason, "cancelled");
    end(&rig);

    /* A proof of success that came first is kept. */
    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    repay_call_cancel(&rig.call);
    rig_reply(&rig, 200, REPAY_OK);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    CHECK_TEXT(rig.call.receipt->id, "r-1");
    end(&rig);

    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply(&rig, 503, "");
    repay_call_cancel(&rig.call);
    expect_failed(&rig, REPAY_KIND_CANCELLED, REPAY_OUTCOME_UNKNOWN);
    end(&rig);
}

/* The client is closed while a request is on its way. */
static void test_closed_client(void)
{
    struct rig rig;

    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    repay_session_close(&rig.session);
    CHECK(!repay_call_reply_status(&rig.call, 200));
    rig_fail(&rig, REPAY_KIND_NONE, REPAY_SENT_MAYBE);
    expect_failed(&rig, REPAY_KIND_CANCELLED, REPAY_OUTCOME_UNKNOWN);
    CHECK_TEXT(rig.call.error->message, "the client was closed");
    end(&rig);

    open_read(&rig);
    repay_session_close(&rig.session);
    expect_failed(&rig, REPAY_KIND_CONFIG, REPAY_OUTCOME_NOT_SENT);
    end(&rig);

    rig_init(&rig, "carbon");
    CHECK(rig_open(&rig));
    CHECK(rig_begin(&rig, "schedule"));
    CHECK(rig_text(&rig, "loan_id", "LOAN_1"));
    repay_session_close(&rig.session);
    CHECK(!rig_prepare(&rig));
    CHECK_TEXT(rig.error.message, "the client is closed");
    end(&rig);
}

static void test_arguments_move(void)
{
    /* Each text grows the buffer that the ones before lie in. */
    struct rig rig;
    char narration[2000];

    memset(narration, 'n', sizeof narration);
    narration[sizeof narration - 1] = '\0';
    rig_init(&rig, "fincode");
    CHECK(rig_open(&rig));
    CHECK(rig_begin(&rig, "repay"));
    CHECK(rig_text(&rig, "customer_id", "customer-1"));
    CHECK(rig_text(&rig, "account_id", "account-1"));
    CHECK(rig_text(&rig, "bank_account_id", "bank-1"));
    CHECK(rig_text(&rig, "narration", narration));
    CHECK(rig_text(&rig, "reference", "second thought"));
    CHECK(rig_text(&rig, "reference", "reference-1"));
    CHECK(rig_amount(&rig, 1));
    CHECK_TEXT(rig.call.arguments[rig_parameter(&rig, "customer_id")].text, "customer-1");
    CHECK_TEXT(rig.call.arguments[rig_parameter(&rig, "account_id")].text, "account-1");
    CHECK_TEXT(rig.call.arguments[rig_parameter(&rig, "reference")].text, "reference-1");
    CHECK(rig_prepare(&rig));
    CHECK(repay_text_contains_fold(
        repay_request_text(&rig.call.request, rig.call.request.body),
        REPAY_TEXT("{\"repaymentAmount\":0.01,\"customerId\":\"customer-1\",\"accountId\":"
                   "\"account-1\",\"bankAccountId\":\"bank-1\",\"repaymentReference\":"
                   "\"reference-1\",")));
    end(&rig);
}

static void test_wrong_types_of_arguments(void)
{
    struct rig rig;

    rig_init(&rig, "fincode");
    CHECK(rig_open(&rig));
    CHECK(rig_begin(&rig, "repay"));
    CHECK(!repay_call_set_amount(&rig.call, rig_parameter(&rig, "reference"), 5, &rig.error));
    CHECK_TEXT(rig.error.message, "reference is no amount");
    CHECK(!repay_call_set_text(&rig.call, rig_parameter(&rig, "reference"),
                               (struct repay_text){"a\0b", 3}, &rig.error));
    CHECK_TEXT(rig.error.message, "reference holds a NUL byte");
    end(&rig);
}

int main(void)
{
    test_straight();
    test_misuse();
    test_read_retries();
    test_lasting_faults();
    test_waiting();
    test_deadlines();
    test_write_that_never_left();
    test_write_that_may_have_left();
    test_reused_connection();
    test_cancelling();
    test_closed_client();
    test_arguments_move();
    test_wrong_types_of_arguments();
    return CHECK_REPORT();
}
