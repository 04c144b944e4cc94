/*
 * What a call makes of a reply: in pieces and as raw bytes, too large, encoded, wrong in two
 * places, with words that need care.
 */
#include "call_rig.h"

#define HEAD_OK "HTTP/1.1 200 OK\r\nContent-Length: "

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
    CHECK_INT(repay_call_rows(&rig.call)->rows, 1);
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
        CHECK_TEXT(rig.call.error->message, "the reply is larger than 1024 bytes");
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
    CHECK_TEXT(rig.call.error->message, "the reply is larger than 65536 bytes and was not read");
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
    CHECK_TEXT(rig.call.error->message,
               "the reply is encoded as \"gzip\", which was not asked for");
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
    CHECK_INT(rig.call.error->offset, 0);
    CHECK_INT(rig.call.error->http_status, 200);
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
        CHECK(repay_call_may_reuse(&rig.call));
        repay_call_end(&rig.call, &whole, rig.now_ms, rig.unix_ms);
        CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
        CHECK_INT(repay_call_rows(&rig.call)->rows, 1);
        end(&rig);
    }

    /* Cut: the end of the stream comes before the end of the reply. */
    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK_INT(feed_all(&rig, HEAD_OK "500\r\n\r\n{\"status\":", 9), REPAY_HTTP_MORE);
    CHECK_INT(repay_call_feed(&rig.call, NULL, 0), REPAY_HTTP_BAD);
    repay_call_end(&rig.call, &whole, rig.now_ms, rig.unix_ms);
    CHECK_INT(rig.call.error->kind, REPAY_KIND_CONNECTION_LOST);
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
    CHECK_TEXT(rig.call.error->message,
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
    CHECK_TEXT(rig.call.error->message, message);
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
    CHECK_TEXT(rig.call.error->hint, "");
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
    CHECK_INT(strlen(rig.call.error->provider_message), 499);
    CHECK(strstr(rig.call.error->provider_message, "?") == NULL);
    CHECK(strstr(rig.call.error->message, "(HTTP 400)") != NULL);
    end(&rig);
}

int main(void)
{
    test_failed_attempt_leaves_no_rows();
    test_sizes();
    test_encodings();
    test_first_fault_wins();
    test_status_twice();
    test_feeding();
    test_details();
    test_messages();
    test_words_of_kinds();
    test_no_hint();
    test_long_words();
    return CHECK_REPORT();
}
