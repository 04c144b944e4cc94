/*
 * The step machine: what it says to a driver, when it tries again and when never, pages, deadlines,
 * cancelling, replies in pieces and as raw bytes, limits, and every allocation failing in turn.
 */
#include "call_support.h"

#define CUSTOMER "123e4567-e89b-12d3-a456-426614174000"
#define CARBON_OK                                                                                  \
    "{\"status\":\"success\",\"data\":{\"schedule\":[{\"dueDate\":\"2025-02-15\",\"totalDue\":5,"  \
    "\"paidAmount\":0}]}}"
#define REPAY_OK "{\"status\":\"SUCCESS\",\"data\":{\"id\":\"r-1\",\"repaymentAmount\":50000}}"
#define HEAD_OK  "HTTP/1.1 200 OK\r\nContent-Length: "

static void open_read(struct rig *rig)
{
    rig_init(rig, "carbon");
    CHECK(rig_open(rig));
    CHECK(rig_begin(rig, "schedule"));
    CHECK(rig_text(rig, "loan_id", "LOAN_1"));
    CHECK(rig_prepare(rig));
}

static void open_write(struct rig *rig)
{
    rig_init(rig, "fincode");
    CHECK(rig_open(rig));
    CHECK(rig_begin(rig, "repay"));
    CHECK(rig_text(rig, "customer_id", CUSTOMER));
    CHECK(rig_text(rig, "account_id", "account-1"));
    CHECK(rig_text(rig, "bank_account_id", "bank-1"));
    CHECK(rig_amount(rig, 5000000));
    CHECK(rig_prepare(rig));
}

static void end(struct rig *rig)
{
    rig_end_call(rig);
    rig_close(rig);
}

static struct repay_text header(const struct rig *rig, const char *name)
{
    const struct repay_request *request = repay_call_request(&rig->call);

    for (uint32_t i = 0; i < request->header_count; i++) {
        if (repay_text_is(repay_request_text(request, request->headers[i].name), name))
            return repay_request_text(request, request->headers[i].value);
    }
    return REPAY_NO_TEXT;
}

static void copy(char *out, size_t size, struct repay_text text)
{
    (void)snprintf(out, size, "%.*s", (int)text.length, text.data ? text.data : "");
}

static void expect_failed(struct rig *rig, enum repay_kind kind, enum repay_outcome outcome)
{
    CHECK_INT(rig_next(rig), REPAY_STEP_FAILED);
    CHECK_TEXT(repay_kind_name(rig->call.error.kind), repay_kind_name(kind));
    CHECK_TEXT(repay_outcome_name(rig->call.error.outcome), repay_outcome_name(outcome));
    CHECK(rig->call.error.message[0] != '\0');
    CHECK_INT(rig->call.stage, REPAY_CALL_ENDED_BADLY);
    CHECK_INT(repay_call_request(&rig->call)->header_count, 0);
}

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
    CHECK_INT(rig.call.builder.rows, 1);
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
    CHECK_TEXT(rig.call.error.message, "");
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
        CHECK_INT(rig.call.error.http_status, statuses[i]);
        end(&rig);
    }
    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply(&rig, 302, "");
    CHECK_TEXT(rig.call.error.hint, "redirects are never followed; look at base_url");
    CHECK_INT(rig.call.error.kind, REPAY_KIND_BAD_RESPONSE);
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
    CHECK_INT(rig.call.error.retry_after_ms, 5000);
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
        CHECK(strstr(rig.call.error.hint, "look before it is sent again") != NULL);
        end(&rig);
    }
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        open_write(&rig);
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        rig_reply(&rig, statuses[i], "");
        CHECK_INT(rig_next(&rig), REPAY_STEP_FAILED);
        CHECK_INT(rig.call.error.outcome, REPAY_OUTCOME_UNKNOWN);
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
    CHECK_TEXT(rig.call.receipt.id, "r-1");
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
    CHECK_TEXT(rig.call.error.message, "the client was closed");
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

static void open_pending(struct rig *rig)
{
    rig_init(rig, "fincode");
    rig->options.policy.retry_base_ms = 0;
    CHECK(rig_open(rig));
    CHECK(rig_begin(rig, "pending"));
    CHECK(rig_text(rig, "user_id", CUSTOMER));
    CHECK(rig_prepare(rig));
}

/* Answers with rows numbered from `first`. */
static void reply_page(struct rig *rig, int first, int count)
{
    static char room[32 << 10];
    size_t at = 0;

    at += (size_t)snprintf(room, sizeof room, "{\"status\":\"SUCCESS\",\"data\":[");
    for (int i = 0; i < count; i++)
        at += (size_t)snprintf(room + at, sizeof room - at,
                               "%s{\"loanApplicationId\":\"a-1\",\"installmentNumber\":%d,"
                               "\"dueDate\":\"2024-03-15\",\"amountDue\":%d}",
                               i > 0 ? "," : "", first + i, 100 + i);
    (void)snprintf(room + at, sizeof room - at, "]}");
    rig_reply(rig, 200, room);
}

static bool asks_for_page(const struct rig *rig, int page)
{
    char expected[32];
    struct repay_text target = repay_request_text(&rig->call.request, rig->call.request.target);

    (void)snprintf(expected, sizeof expected, "?page=%d&size=50", page);
    return repay_text_contains_fold(target, repay_text_of(expected));
}

static void test_pages(void)
{
    struct rig rig;
    struct repay_schedule *schedule;
    char keys[3][64];

    open_pending(&rig);
    for (int page = 1; page <= 3; page++) {
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        CHECK(asks_for_page(&rig, page));
        copy(keys[page - 1], sizeof keys[0], header(&rig, "x-idempotency-key"));
        reply_page(&rig, page * 50 - 49, page < 3 ? 50 : 7);
    }
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    CHECK(strcmp(keys[0], keys[1]) != 0 && strcmp(keys[1], keys[2]) != 0);
    schedule = rig_take(&rig);
    CHECK_INT(schedule->rows, 107);
    CHECK_INT(repay_schedule_number(schedule, 0), 1);
    CHECK_INT(repay_schedule_number(schedule, 106), 107);
    CHECK_INT(rig.call.attempt_count, 1);
    rig_drop(schedule);
    end(&rig);

    /* An empty page ends it. */
    open_pending(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    reply_page(&rig, 1, 50);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    reply_page(&rig, 51, 0);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    CHECK_INT(rig.call.builder.rows, 50);
    end(&rig);

    /* A server that ignores the number gives the same page again, of the size asked or larger. */
    for (int size = 50; size <= 120; size += 70) {
        open_pending(&rig);
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        reply_page(&rig, 1, size);
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        CHECK(asks_for_page(&rig, 2));
        reply_page(&rig, 1, size);
        CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
        CHECK_INT(rig.call.builder.rows, size);
        end(&rig);
    }
}

static void test_failing_pages(void)
{
    struct rig rig;

    /* Page two fails half-way, then comes whole: no row of the failed attempt is left. */
    open_pending(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    reply_page(&rig, 1, 50);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(repay_call_reply_status(&rig.call, 200));
    const char *half = "{\"status\":\"SUCCESS\",\"data\":[{\"installmentNumber\":51},{\"inst";
    CHECK(repay_call_reply_body(&rig.call, half, strlen(half)));
    rig_fail(&rig, REPAY_KIND_CONNECTION_LOST, REPAY_SENT_MAYBE);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(asks_for_page(&rig, 2));
    CHECK_INT(rig.call.attempt_count, 1);
    reply_page(&rig, 51, 2);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    CHECK_INT(rig.call.builder.rows, 52);
    CHECK_INT(rig.call.attempt_count, 2);
    end(&rig);

    /* Page two never comes: the call has failed, whatever page one brought. */
    open_pending(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    reply_page(&rig, 1, 50);
    for (int attempt = 0; attempt < 3; attempt++) {
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        rig_reply(&rig, 503, "");
    }
    expect_failed(&rig, REPAY_KIND_UNAVAILABLE, REPAY_OUTCOME_UNKNOWN);
    end(&rig);

    /* The time is that of the whole call. */
    open_pending(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    reply_page(&rig, 1, 50);
    rig.now_ms += 120000;
    expect_failed(&rig, REPAY_KIND_TIMEOUT, REPAY_OUTCOME_UNKNOWN);
    end(&rig);

    /* Cancelled between two pages. */
    open_pending(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    reply_page(&rig, 1, 50);
    repay_call_cancel(&rig.call);
    expect_failed(&rig, REPAY_KIND_CANCELLED, REPAY_OUTCOME_UNKNOWN);
    end(&rig);
}

static void test_endless_pages(void)
{
    struct rig rig;
    int pages = 0;

    open_pending(&rig);
    while (rig_next(&rig) == REPAY_STEP_SEND) {
        reply_page(&rig, pages * 50 + 1, 50);
        pages++;
    }
    CHECK_INT(pages, REPAY_PAGES_MAX);
    expect_failed(&rig, REPAY_KIND_TOO_LARGE, REPAY_OUTCOME_UNKNOWN);
    end(&rig);
}

static void test_failed_attempt_leaves_no_rows(void)
{
    struct rig rig;
    const char *rows =
        "{\"status\":\"success\",\"data\":{\"schedule\":[{\"totalDue\":1},{\"totalDue\":2},";

    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(repay_call_reply_status(&rig.call, 200));
    CHECK(repay_call_reply_body(&rig.call, rows, strlen(rows)));
    rig_fail(&rig, REPAY_KIND_CONNECTION_LOST, REPAY_SENT_MAYBE);
    rig.now_ms = rig.call.wait_until_ms;
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply(&rig, 200, CARBON_OK);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    CHECK_INT(rig.call.builder.rows, 1);
    end(&rig);
}

static void test_sizes(void)
{
    static char big[80 << 10];
    struct rig rig;

    memset(big, ' ', sizeof big);
    /* The ceiling holds for what streams and for what is collected. */
    for (int status = 200; status <= 503; status += 303) {
        rig_init(&rig, "carbon");
        rig.options.policy.body_size_max = 1024;
        rig.options.policy.attempts = 1;
        CHECK(rig_open(&rig));
        CHECK(rig_begin(&rig, "schedule"));
        CHECK(rig_text(&rig, "loan_id", "LOAN_1"));
        CHECK(rig_prepare(&rig));
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        CHECK(repay_call_reply_status(&rig.call, status));
        CHECK(repay_call_reply_body(&rig.call, big, 1024));
        CHECK(!repay_call_reply_body(&rig.call, big, 1));
        CHECK(!repay_call_reply_body(&rig.call, big, 1));
        rig_fail(&rig, REPAY_KIND_CONNECTION_LOST, REPAY_SENT_MAYBE);
        expect_failed(&rig, REPAY_KIND_TOO_LARGE, REPAY_OUTCOME_UNKNOWN);
        CHECK_TEXT(rig.call.error.message, "the reply is larger than 1024 bytes");
        end(&rig);
    }
    /* An error page beyond what is collected still has its status. */
    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply_in(&rig, 403, (struct repay_text){big, sizeof big}, 1000);
    expect_failed(&rig, REPAY_KIND_FORBIDDEN, REPAY_OUTCOME_UNKNOWN);
    end(&rig);
    /* A receipt beyond it is none. */
    memcpy(big, REPAY_OK, sizeof REPAY_OK - 1);
    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply_in(&rig, 200, (struct repay_text){big, sizeof big}, 0);
    expect_failed(&rig, REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN);
    CHECK_TEXT(rig.call.error.message, "the reply is larger than 65536 bytes and was not read");
    end(&rig);
    /* At exactly that size it is read. */
    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply_in(&rig, 200, (struct repay_text){big, 64 << 10}, 100);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    end(&rig);
}

static void test_encodings(void)
{
    struct repay_end whole = {.kind = REPAY_KIND_NONE, .sent = REPAY_SENT_MAYBE};
    struct rig rig;

    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(repay_call_reply_status(&rig.call, 200));
    CHECK(
        repay_call_reply_field(&rig.call, REPAY_TEXT("content-encoding"), REPAY_TEXT("Identity")));
    CHECK(!repay_call_reply_field(&rig.call, REPAY_TEXT("Content-Encoding"), REPAY_TEXT("gzip")));
    CHECK(!repay_call_reply_body(&rig.call, "\x1f\x8b", 2));
    repay_call_end(&rig.call, &whole, rig.now_ms, rig.unix_ms);
    expect_failed(&rig, REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN);
    CHECK_TEXT(rig.call.error.message, "the reply is encoded as \"gzip\", which was not asked for");
    end(&rig);
    /* The status of an error stands without its body. */
    rig_init(&rig, "carbon");
    rig.options.policy.attempts = 1;
    CHECK(rig_open(&rig));
    CHECK(rig_begin(&rig, "schedule"));
    CHECK(rig_text(&rig, "loan_id", "LOAN_1"));
    CHECK(rig_prepare(&rig));
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(repay_call_reply_status(&rig.call, 503));
    CHECK(repay_call_reply_field(&rig.call, REPAY_TEXT("content-encoding"), REPAY_TEXT("br")));
    CHECK(repay_call_reply_body(&rig.call, "\x1f\x8b", 2));
    repay_call_end(&rig.call, &whole, rig.now_ms, rig.unix_ms);
    expect_failed(&rig, REPAY_KIND_UNAVAILABLE, REPAY_OUTCOME_UNKNOWN);
    end(&rig);
}

/* The bytes decide, whatever the driver says about how they ended. */
static void test_first_fault_wins(void)
{
    char page[4096]; /* the reader looks at a few bytes only when more follow, or at the end */
    struct rig rig;

    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(repay_call_reply_status(&rig.call, 200));
    memset(page, '<', sizeof page);
    CHECK(!repay_call_reply_body(&rig.call, page, sizeof page));
    rig_fail(&rig, REPAY_KIND_TIMEOUT, REPAY_SENT_MAYBE);
    expect_failed(&rig, REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN);
    CHECK_INT(rig.call.error.offset, 0);
    CHECK_INT(rig.call.error.http_status, 200);
    CHECK_INT(rig.call.attempt_count, 1);
    end(&rig);
}

/* A driver that sees a 1xx reports the status again. */
static void test_status_twice(void)
{
    struct rig rig;

    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(repay_call_reply_status(&rig.call, 100));
    rig_reply(&rig, 200, CARBON_OK);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    end(&rig);
}

static enum repay_http_state feed_all(struct rig *rig, const char *bytes, size_t piece)
{
    size_t length = strlen(bytes);
    enum repay_http_state state = REPAY_HTTP_MORE;

    for (size_t at = 0; at < length && state == REPAY_HTTP_MORE;) {
        size_t part = piece < length - at ? piece : length - at;
        state = repay_call_feed(&rig->call, bytes + at, part);
        at += part;
    }
    return state;
}

static void test_feeding(void)
{
    static char reply[1024];
    char wrong[4200];
    struct repay_end whole = {.kind = REPAY_KIND_NONE, .sent = REPAY_SENT_MAYBE};
    struct rig rig;

    (void)snprintf(reply, sizeof reply, "HTTP/1.1 100 Continue\r\n\r\n" HEAD_OK "%zu\r\n\r\n%s",
                   sizeof CARBON_OK - 1, CARBON_OK);
    for (size_t piece = 1; piece < strlen(reply); piece++) {
        open_read(&rig);
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        CHECK_INT(feed_all(&rig, reply, piece), REPAY_HTTP_DONE);
        CHECK(repay_http_reply_reusable(&rig.call.http));
        repay_call_end(&rig.call, &whole, rig.now_ms, rig.unix_ms);
        CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
        CHECK_INT(rig.call.builder.rows, 1);
        end(&rig);
    }

    /* Cut: the end of the stream comes before the end of the reply. */
    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK_INT(feed_all(&rig, HEAD_OK "500\r\n\r\n{\"status\":", 9), REPAY_HTTP_MORE);
    CHECK_INT(repay_call_feed(&rig.call, NULL, 0), REPAY_HTTP_BAD);
    repay_call_end(&rig.call, &whole, rig.now_ms, rig.unix_ms);
    CHECK_INT(rig.call.error.kind, REPAY_KIND_CONNECTION_LOST);
    CHECK_INT(rig.call.stage, REPAY_CALL_WAITING); /* which passes */
    CHECK_INT(repay_call_feed(&rig.call, "x", 1), REPAY_HTTP_STOPPED);
    end(&rig);

    /* Not HTTP. */
    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK_INT(feed_all(&rig, "SSH-2.0-OpenSSH_9.2\r\n", 30), REPAY_HTTP_BAD);
    rig_fail(&rig, REPAY_KIND_CONNECTION_LOST, REPAY_SENT_MAYBE);
    expect_failed(&rig, REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN);
    end(&rig);

    /* The driver says whole, the bytes say otherwise. */
    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK_INT(feed_all(&rig, HEAD_OK "5000\r\n\r\n" REPAY_OK, 50), REPAY_HTTP_MORE);
    repay_call_end(&rig.call, &whole, rig.now_ms, rig.unix_ms);
    expect_failed(&rig, REPAY_KIND_CONNECTION_LOST, REPAY_OUTCOME_UNKNOWN);
    end(&rig);

    /* The body is wrong half-way: stop, and the rest is not read. */
    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    (void)snprintf(wrong, sizeof wrong, HEAD_OK "5000\r\n\r\n{]%4000s", "");
    CHECK_INT(feed_all(&rig, wrong, sizeof wrong), REPAY_HTTP_STOPPED);
    CHECK_INT(repay_call_feed(&rig.call, "x", 1), REPAY_HTTP_STOPPED);
    rig_fail(&rig, REPAY_KIND_BAD_RESPONSE, REPAY_SENT_MAYBE);
    expect_failed(&rig, REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN);
    end(&rig);

    /* A later attempt begins with a new reply. */
    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK_INT(feed_all(&rig, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 2\r\n\r\n", 4),
              REPAY_HTTP_DONE);
    repay_call_end(&rig.call, &whole, rig.now_ms, rig.unix_ms);
    CHECK_INT(rig_next(&rig), REPAY_STEP_WAIT);
    CHECK_INT(rig.call.wait_ms, 2000);
    rig.now_ms += 2000;
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK_INT(feed_all(&rig, reply, 1000), REPAY_HTTP_DONE);
    repay_call_end(&rig.call, &whole, rig.now_ms, rig.unix_ms);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    end(&rig);
}

static void test_details(void)
{
    struct repay_end failure = {.kind = REPAY_KIND_TLS,
                                .sent = REPAY_SENT_NO,
                                .detail = REPAY_TEXT("certificate\nof CARBON-API-KEY expired")};
    struct rig rig;

    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    repay_call_end(&rig.call, &failure, rig.now_ms, rig.unix_ms);
    expect_failed(&rig, REPAY_KIND_TLS, REPAY_OUTCOME_NOT_SENT);
    CHECK_TEXT(rig.call.error.message,
               "no secure connection could be made: certificate?of ************** expired");
    end(&rig);
}

static void expect_message(enum repay_kind kind, const char *detail, const char *message)
{
    struct repay_end failure = {
        .kind = kind, .sent = REPAY_SENT_NO, .detail = repay_text_of(detail)};
    struct rig rig;

    open_write(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    repay_call_end(&rig.call, &failure, rig.now_ms, rig.unix_ms);
    CHECK_TEXT(rig.call.error.message, message);
    end(&rig);
}

static void test_messages(void)
{
    expect_message(REPAY_KIND_TIMEOUT, NULL, "no answer came in time");
    expect_message(REPAY_KIND_TIMEOUT, "no connection in time", "no connection in time");
    expect_message(REPAY_KIND_CANCELLED, "cancelled", "the call was cancelled");
    expect_message(REPAY_KIND_DNS, "no such host",
                   "the host's name could not be looked up: no such host");
    expect_message(REPAY_KIND_CONNECT, NULL, "no connection could be made");
    expect_message(REPAY_KIND_CONNECTION_LOST, "reset by peer",
                   "the connection was lost: reset by peer");
    expect_message(REPAY_KIND_TOO_LARGE, NULL, "the reply is too large");
    expect_message(REPAY_KIND_MEMORY, NULL, "out of memory");
    expect_message(REPAY_KIND_CONFIG, "no such file: ca.pem", "no such file: ca.pem");
}

/* Every kind a driver may report has words of its own or the general ones, never none. */
static void test_words_of_kinds(void)
{
    for (int kind = 1; kind < REPAY_KIND_COUNT; kind++) {
        struct rig rig;
        open_write(&rig);
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        rig_fail(&rig, (enum repay_kind)kind, REPAY_SENT_MAYBE);
        expect_failed(&rig, (enum repay_kind)kind, REPAY_OUTCOME_UNKNOWN);
        end(&rig);
    }
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

/* 36 bytes that are no UUID get no hint. */
static void test_no_hint(void)
{
    struct rig rig;

    rig_init(&rig, "carbon");
    CHECK(rig_open(&rig));
    CHECK(rig_begin(&rig, "schedule"));
    CHECK(rig_text(&rig, "loan_id", "LOAN-ABC-123-456-789-0123456789-0000"));
    CHECK(rig_prepare(&rig));
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply(&rig, 400, "{\"status\":\"failed\",\"message\":\"Loan not found\"}");
    expect_failed(&rig, REPAY_KIND_NOT_FOUND, REPAY_OUTCOME_REFUSED);
    CHECK_TEXT(rig.call.error.hint, "");
    end(&rig);
}

/* An answer that is as long as the buffers: cut where the buffers end, on a character's boundary.
 */
static void test_long_words(void)
{
    static char reply[4096];
    struct rig rig;
    size_t at;

    at = (size_t)snprintf(reply, sizeof reply, "{\"status\":\"failed\",\"message\":\"x");
    while (at < 2000)
        at += (size_t)snprintf(reply + at, sizeof reply - at, "\xe2\x82\xa6\\u20a6");
    (void)snprintf(reply + at, sizeof reply - at, "\"}");
    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_reply(&rig, 400, reply);
    expect_failed(&rig, REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED);
    CHECK_INT(strlen(rig.call.error.provider_message), 499);
    CHECK(strstr(rig.call.error.provider_message, "?") == NULL);
    CHECK(strstr(rig.call.error.message, "(HTTP 400)") != NULL);
    end(&rig);
}

/* One whole run; false when it ended for lack of memory. */
static bool run_with_little_memory(struct rig *rig, const char *provider, const char *operation)
{
    bool is_write = strcmp(operation, "repay") == 0;
    bool began = rig_open(rig) && rig_begin(rig, operation);
    enum repay_step step = REPAY_STEP_FAILED;

    if (!began) {
        CHECK_INT(rig->error.kind, rig->blocks ? REPAY_KIND_MEMORY : REPAY_KIND_NONE);
        rig_close(rig);
        return false;
    }
    if (is_write)
        began = rig_text(rig, "customer_id", CUSTOMER) && rig_text(rig, "account_id", "a") &&
                rig_text(rig, "bank_account_id", "b") && rig_amount(rig, 5000000);
    else
        began = rig_text(rig, strcmp(provider, "carbon") == 0 ? "loan_id" : "user_id", CUSTOMER);
    if (began && rig_prepare(rig)) {
        rig->error.kind = REPAY_KIND_MEMORY;
        for (step = rig_next(rig); step == REPAY_STEP_SEND; step = rig_next(rig)) {
            if (rig->call.page == 1 && rig->call.attempt_count == 0 && !is_write)
                rig_reply(rig, 503, "{\"status\":\"FAILED\",\"message\":\"later\"}");
            else if (is_write)
                rig_reply_in(rig, 200, repay_text_of(REPAY_OK), 3);
            else if (strcmp(provider, "carbon") == 0)
                rig_reply_in(rig, 200, fixture_read("carbon", "unknown_members.200.json"), 11);
            else
                reply_page(rig, rig->call.page * 50, rig->call.page < 3 ? 50 : 3);
        }
        if (step == REPAY_STEP_FAILED) {
            CHECK_INT(rig->call.error.kind, REPAY_KIND_MEMORY);
            /* What was sent and could not be read for lack of memory is not called refused. */
            CHECK(rig->call.error.outcome != REPAY_OUTCOME_REFUSED);
        }
    } else {
        CHECK_INT(rig->error.kind, REPAY_KIND_MEMORY);
    }
    rig_end_call(rig);
    rig_close(rig);
    return step == REPAY_STEP_DONE;
}

static void test_memory(const char *provider, const char *operation)
{
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        for (unsigned long nth = 1; nth < 1000; nth++) {
            struct rig rig;
            bool finished;
            rig_init(&rig, provider);
            rig.options.policy.retry_base_ms = 0;
            test_allocator_fail(&rig.memory, nth, for_ever);
            finished = run_with_little_memory(&rig, provider, operation);
            if (rig.memory.failures == 0) {
                CHECK(finished);
                CHECK(nth > 5);
                break;
            }
            CHECK(!finished || !for_ever);
        }
    }
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
    test_pages();
    test_failing_pages();
    test_endless_pages();
    test_failed_attempt_leaves_no_rows();
    test_sizes();
    test_encodings();
    test_first_fault_wins();
    test_status_twice();
    test_feeding();
    test_details();
    test_messages();
    test_words_of_kinds();
    test_arguments_move();
    test_wrong_types_of_arguments();
    test_no_hint();
    test_long_words();
    test_memory("carbon", "schedule");
    test_memory("fincode", "pending");
    test_memory("fincode", "repay");
    return CHECK_REPORT();
}
