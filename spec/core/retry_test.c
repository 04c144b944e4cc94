/*
 * The retry decision: what is tried again, what never is, how long the waits are.
 */
#include "retry.h"

#include "check.h"

static struct repay_retry_facts read_facts(enum repay_kind kind)
{
    return (struct repay_retry_facts){
        .kind = kind,
        .retry_after_ms = -1,
        .attempt = 1,
        .attempts_max = 3,
        .base_ms = 500,
        .cap_ms = 8000,
        .left_ms = 60000,
        .random = 0,
    };
}

static void test_kinds_of_reads(void)
{
    for (int i = 0; i < REPAY_KIND_COUNT; i++) {
        enum repay_kind kind = (enum repay_kind)i;
        struct repay_retry_facts facts = read_facts(kind);
        bool passes = kind == REPAY_KIND_DNS || kind == REPAY_KIND_CONNECT ||
                      kind == REPAY_KIND_TIMEOUT || kind == REPAY_KIND_CONNECTION_LOST ||
                      kind == REPAY_KIND_UNAVAILABLE || kind == REPAY_KIND_RATE_LIMITED;
        CHECK_CASE(repay_kind_name(kind));
        CHECK_INT(repay_retry_decide(&facts).again, passes);
        CHECK_TEXT(repay_retry_decide(&facts).reason, passes ? "passing_fault" : "lasting_fault");
    }
    CHECK_CASE(NULL);
}

static void test_writes(void)
{
    for (int i = 0; i < REPAY_KIND_COUNT; i++) {
        struct repay_retry_facts facts = read_facts((enum repay_kind)i);
        facts.is_write = true;
        CHECK_CASE(repay_kind_name((enum repay_kind)i));
        /* It may have arrived, so nothing makes it go again. */
        CHECK(!repay_retry_decide(&facts).again);
        CHECK_TEXT(repay_retry_decide(&facts).reason, "write_may_have_arrived");
        facts.connection_was_reused = true;
        CHECK(!repay_retry_decide(&facts).again);
        /* An answer is an answer, whatever the driver believes about the sending. */
        facts.never_sent = true;
        facts.http_status = 429;
        CHECK(!repay_retry_decide(&facts).again);
        CHECK_TEXT(repay_retry_decide(&facts).reason, "write_was_answered");
    }
    CHECK_CASE(NULL);
    struct repay_retry_facts facts = read_facts(REPAY_KIND_CONNECT);
    facts.is_write = true;
    facts.never_sent = true;
    CHECK(repay_retry_decide(&facts).again);
    facts.kind = REPAY_KIND_TLS;
    CHECK(!repay_retry_decide(&facts).again);
    facts.kind = REPAY_KIND_CANCELLED;
    CHECK(!repay_retry_decide(&facts).again);
}

static void test_attempts_and_time(void)
{
    struct repay_retry_facts facts = read_facts(REPAY_KIND_TIMEOUT);

    facts.attempt = 2;
    CHECK(repay_retry_decide(&facts).again);
    facts.attempt = 3;
    CHECK(!repay_retry_decide(&facts).again);
    CHECK_TEXT(repay_retry_decide(&facts).reason, "attempts_used");
    facts.attempt = 1;
    facts.left_ms = 0;
    CHECK(!repay_retry_decide(&facts).again);
    CHECK_TEXT(repay_retry_decide(&facts).reason, "no_time_left");
    facts.left_ms = -5;
    CHECK(!repay_retry_decide(&facts).again);
    facts.left_ms = 1;
    CHECK(repay_retry_decide(&facts).again);
    facts.random = 1;
    CHECK(!repay_retry_decide(&facts).again);
}

static void test_full_jitter(void)
{
    static const int64_t ceilings[] = {500, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000};
    struct repay_retry_facts facts = read_facts(REPAY_KIND_UNAVAILABLE);

    facts.attempts_max = 10;
    for (int32_t attempt = 1; attempt <= 9; attempt++) {
        uint64_t ceiling = (uint64_t)ceilings[attempt - 1];
        facts.attempt = attempt;
        facts.random = ceiling;
        CHECK_INT(repay_retry_decide(&facts).wait_ms, ceiling);
        facts.random = ceiling + 1;
        CHECK_INT(repay_retry_decide(&facts).wait_ms, 0);
        facts.random = UINT64_MAX;
        CHECK(repay_retry_decide(&facts).wait_ms <= ceilings[attempt - 1]);
    }
    facts.base_ms = 0;
    CHECK_INT(repay_retry_decide(&facts).wait_ms, 0);
    facts.base_ms = 9000;
    facts.attempt = 1;
    facts.random = 8000;
    CHECK_INT(repay_retry_decide(&facts).wait_ms, 8000);
}

static void test_provider_asks(void)
{
    struct repay_retry_facts facts = read_facts(REPAY_KIND_RATE_LIMITED);

    facts.http_status = 429;
    facts.retry_after_ms = 5000;
    facts.random = 77;
    CHECK(repay_retry_decide(&facts).again);
    CHECK_INT(repay_retry_decide(&facts).wait_ms, 5000);
    CHECK_TEXT(repay_retry_decide(&facts).reason, "provider_asked");
    facts.retry_after_ms = 0;
    CHECK_INT(repay_retry_decide(&facts).wait_ms, 0);
    facts.left_ms = 100000;
    facts.retry_after_ms = 3600000;
    CHECK_INT(repay_retry_decide(&facts).wait_ms, REPAY_RETRY_AFTER_MAX_MS);
    /* A wait that ends with the call's time is not begun. */
    facts.left_ms = 60000;
    CHECK_TEXT(repay_retry_decide(&facts).reason, "no_time_left");
}

static void test_reused_connection(void)
{
    struct repay_retry_facts facts = read_facts(REPAY_KIND_CONNECTION_LOST);

    facts.connection_was_reused = true;
    facts.attempt = 3;
    facts.random = 400;
    CHECK(repay_retry_decide(&facts).again);
    CHECK_INT(repay_retry_decide(&facts).wait_ms, 0);
    CHECK_TEXT(repay_retry_decide(&facts).reason, "reused_connection_died");
    facts.reused_before = true;
    CHECK(!repay_retry_decide(&facts).again);
    facts.reused_before = false;
    facts.left_ms = 0;
    CHECK(!repay_retry_decide(&facts).again);
}

static void test_retry_after(void)
{
    /* 1445412480 is Wed, 21 Oct 2015 07:28:00 GMT. */
    const int64_t moment = INT64_C(1445412480000);
    const struct repay_text date = REPAY_TEXT("Wed, 21 Oct 2015 07:28:00 GMT");

    CHECK_INT(repay_retry_after_ms(REPAY_TEXT("5"), 0), 5000);
    CHECK_INT(repay_retry_after_ms(REPAY_TEXT("0"), 0), 0);
    CHECK_INT(repay_retry_after_ms(REPAY_TEXT("007"), 0), 7000);
    CHECK_INT(repay_retry_after_ms(REPAY_TEXT("60"), 0), 60000);
    CHECK_INT(repay_retry_after_ms(REPAY_TEXT("61"), 0), 60000);
    CHECK_INT(repay_retry_after_ms(REPAY_TEXT("99999999999999999999999999"), 0), 60000);
    CHECK_INT(repay_retry_after_ms(REPAY_TEXT(""), 0), -1);
    CHECK_INT(repay_retry_after_ms(REPAY_TEXT("-1"), 0), -1);
    CHECK_INT(repay_retry_after_ms(REPAY_TEXT("1.5"), 0), -1);
    CHECK_INT(repay_retry_after_ms(REPAY_TEXT("soon"), 0), -1);
    CHECK_INT(repay_retry_after_ms(date, moment - 7000), 7000);
    CHECK_INT(repay_retry_after_ms(date, moment), 0);
    CHECK_INT(repay_retry_after_ms(date, moment + 1), 0);
    CHECK_INT(repay_retry_after_ms(date, 0), 60000);
    CHECK_INT(repay_retry_after_ms(date, INT64_MIN), 60000);
    CHECK_INT(repay_retry_after_ms(date, INT64_MAX), 0);
}

static void test_random(void)
{
    /* The first numbers of splitmix64 from 1234567, as its author's reference program prints them.
     */
    uint64_t state = 1234567;

    CHECK(repay_random_next(&state) == UINT64_C(6457827717110365317));
    CHECK(repay_random_next(&state) == UINT64_C(3203168211198807973));
    CHECK(repay_random_next(&state) == UINT64_C(9817491932198370423));
}

int main(void)
{
    test_kinds_of_reads();
    test_writes();
    test_attempts_and_time();
    test_full_jitter();
    test_provider_asks();
    test_reused_connection();
    test_retry_after();
    test_random();
    return CHECK_REPORT();
}
