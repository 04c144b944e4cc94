/* The breaker: what opens it, what a probe does, and that a write is never the probe. */
#include "breaker.h"

#include "check.h"

static void fail_times(struct repay_breaker *breaker, int times, int64_t now_ms)
{
    for (int i = 0; i < times; i++)
        repay_breaker_report(breaker, false, true, now_ms);
}

static void opens_on_a_run(void)
{
    struct repay_breaker breaker;

    repay_breaker_init(&breaker);
    fail_times(&breaker, REPAY_BREAKER_RUN - 1, 0);
    repay_breaker_report(&breaker, false, false, 0);
    fail_times(&breaker, REPAY_BREAKER_RUN - 1, 0);
    CHECK_INT(repay_breaker_ask(&breaker, false, 0), REPAY_BREAKER_ALLOWS);
    fail_times(&breaker, 1, 0);
    CHECK_INT(repay_breaker_ask(&breaker, false, 0), REPAY_BREAKER_REFUSES);
    CHECK_INT(repay_breaker_ask(&breaker, true, 0), REPAY_BREAKER_REFUSES);
}

static void opens_on_half_of_the_last(void)
{
    struct repay_breaker breaker;

    repay_breaker_init(&breaker);
    for (int i = 0; i < REPAY_BREAKER_WINDOW; i++) {
        CHECK_INT(repay_breaker_ask(&breaker, false, 0), REPAY_BREAKER_ALLOWS);
        repay_breaker_report(&breaker, false, i % 2 == 1, 0);
    }
    CHECK_INT(repay_breaker_ask(&breaker, false, 0), REPAY_BREAKER_REFUSES);
}

static void one_read_probes_and_no_write(void)
{
    struct repay_breaker breaker;
    int64_t later_ms = REPAY_BREAKER_OPEN_MS;

    repay_breaker_init(&breaker);
    fail_times(&breaker, REPAY_BREAKER_RUN, 0);
    CHECK_INT(repay_breaker_ask(&breaker, true, later_ms), REPAY_BREAKER_REFUSES);
    CHECK_INT(repay_breaker_ask(&breaker, false, later_ms - 1), REPAY_BREAKER_REFUSES);
    CHECK_INT(repay_breaker_ask(&breaker, false, later_ms), REPAY_BREAKER_PROBE);
    /* Asking alone takes nothing from the next one who asks. */
    CHECK_INT(repay_breaker_ask(&breaker, false, later_ms), REPAY_BREAKER_PROBE);
    repay_breaker_begin_probe(&breaker, later_ms);
    CHECK_INT(repay_breaker_ask(&breaker, false, later_ms), REPAY_BREAKER_REFUSES);
    /* A call from before the opening ends well: that proves nothing about now. */
    repay_breaker_report(&breaker, false, false, later_ms);
    CHECK(breaker.is_open);
    repay_breaker_report(&breaker, true, false, later_ms);
    CHECK_INT(repay_breaker_ask(&breaker, true, later_ms), REPAY_BREAKER_ALLOWS);
}

static void a_failed_probe_opens_for_longer_up_to_a_ceiling(void)
{
    struct repay_breaker breaker;
    int64_t now_ms = 0, expected_ms = REPAY_BREAKER_OPEN_MS;

    repay_breaker_init(&breaker);
    fail_times(&breaker, REPAY_BREAKER_RUN, now_ms);
    for (int i = 0; i < 8; i++) {
        CHECK_INT(breaker.open_until_ms - now_ms, expected_ms);
        now_ms = breaker.open_until_ms;
        CHECK_INT(repay_breaker_ask(&breaker, false, now_ms), REPAY_BREAKER_PROBE);
        repay_breaker_begin_probe(&breaker, now_ms);
        repay_breaker_report(&breaker, true, true, now_ms);
        expected_ms *= 2;
        if (expected_ms > REPAY_BREAKER_OPEN_MAX_MS)
            expected_ms = REPAY_BREAKER_OPEN_MAX_MS;
    }
}

static void a_probe_that_told_nothing_lets_the_next_read_try(void)
{
    struct repay_breaker breaker;
    int64_t now_ms = REPAY_BREAKER_OPEN_MS;

    repay_breaker_init(&breaker);
    fail_times(&breaker, REPAY_BREAKER_RUN, 0);
    repay_breaker_begin_probe(&breaker, now_ms);
    repay_breaker_forget_probe(&breaker);
    CHECK_INT(repay_breaker_ask(&breaker, false, now_ms), REPAY_BREAKER_PROBE);
    /* One that was never heard of again holds the others off for a while only. */
    repay_breaker_begin_probe(&breaker, now_ms);
    CHECK_INT(repay_breaker_ask(&breaker, false, now_ms + REPAY_BREAKER_OPEN_MS - 1),
              REPAY_BREAKER_REFUSES);
    CHECK_INT(repay_breaker_ask(&breaker, false, now_ms + REPAY_BREAKER_OPEN_MS),
              REPAY_BREAKER_PROBE);
}

int main(void)
{
    opens_on_a_run();
    opens_on_half_of_the_last();
    one_read_probes_and_no_write();
    a_failed_probe_opens_for_longer_up_to_a_ceiling();
    a_probe_that_told_nothing_lets_the_next_read_try();
    return CHECK_REPORT();
}
