/* The token bucket: open, configured, slowed down by 429, recovering. */
#include "pace.h"

#include "check.h"

static void open_until_429(void)
{
    struct repay_pace pace;

    repay_pace_init(&pace, 0, 1);
    for (int64_t i = 0; i < 10000; i++)
        CHECK_INT(repay_pace_take(&pace, 5), 0);
}

static void holds_rate_and_burst(void)
{
    struct repay_pace pace;
    int64_t now_ms = 1000, sent = 0;

    repay_pace_init(&pace, 5, 3);
    for (int i = 0; i < 3; i++)
        CHECK_INT(repay_pace_take(&pace, now_ms), 0);
    CHECK_INT(repay_pace_take(&pace, now_ms), 200);
    CHECK_INT(repay_pace_take(&pace, now_ms + 199), 1);
    CHECK_INT(repay_pace_take(&pace, now_ms + 200), 0);
    /* Ten seconds of asking as often as it says: five a second and the burst, not one more. */
    repay_pace_init(&pace, 5, 3);
    while (now_ms < 11000) {
        int64_t wait_ms = repay_pace_take(&pace, now_ms);

        CHECK(wait_ms >= 0 && wait_ms <= 200);
        if (wait_ms == 0)
            sent++;
        now_ms += wait_ms;
    }
    CHECK_INT(sent, 3 + 50 - 1);
}

static void halves_once_a_storm_and_recovers(void)
{
    struct repay_pace pace;
    int64_t now_ms = 0;

    repay_pace_init(&pace, 100, 1);
    CHECK_INT(repay_pace_take(&pace, now_ms), 0);
    for (int i = 0; i < 64; i++)
        repay_pace_slow_down(&pace, now_ms + i);
    CHECK_INT(pace.rate, 50000);
    repay_pace_slow_down(&pace, now_ms + 1000);
    CHECK_INT(pace.rate, 25000);
    (void)repay_pace_take(&pace, now_ms + 2000);
    CHECK(pace.rate > 25000 && pace.rate < 28000);
    (void)repay_pace_take(&pace, now_ms + 60000);
    CHECK_INT(pace.rate, 100000);
}

static void an_open_bucket_halves_what_was_sent(void)
{
    struct repay_pace pace;
    int64_t now_ms = 0;

    repay_pace_init(&pace, 0, 1);
    for (int i = 0; i < 2000; i++)
        CHECK_INT(repay_pace_take(&pace, now_ms + i / 2), 0);
    repay_pace_slow_down(&pace, now_ms + 1000);
    CHECK_INT(pace.rate, 1000 * 1000);
    CHECK(repay_pace_take(&pace, now_ms + 1000) > 0);
    for (int i = 0; i < 100; i++)
        repay_pace_slow_down(&pace, now_ms + 1000 + 1000 * i);
    CHECK_INT(pace.rate, REPAY_PACE_RATE_FLOOR);
    CHECK_INT(repay_pace_take(&pace, now_ms + 100001), 4999);
    (void)repay_pace_take(&pace, now_ms + 1000000);
    CHECK_INT(pace.rate, 0);
}

static void a_clock_that_stands_or_steps_back_gives_no_tokens(void)
{
    struct repay_pace pace;

    repay_pace_init(&pace, 10, 1);
    CHECK_INT(repay_pace_take(&pace, 5000), 0);
    CHECK_INT(repay_pace_take(&pace, 5000), 100);
    CHECK(repay_pace_take(&pace, 4000) > 0);
}

int main(void)
{
    open_until_429();
    holds_rate_and_burst();
    halves_once_a_storm_and_recovers();
    an_open_bucket_halves_what_was_sent();
    a_clock_that_stands_or_steps_back_gives_no_tokens();
    return CHECK_REPORT();
}
