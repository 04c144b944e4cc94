/* The token bucket: open, configured, slowed down by 429, recovering. */
#include "pace.h"

#include "check.h"

#define PATIENT INT64_MAX

static int64_t take(struct repay_pace *pace, int64_t now_ms)
{
    return repay_pace_take(pace, now_ms, PATIENT);
}

static void open_until_429(void)
{
    struct repay_pace pace;

    repay_pace_init(&pace, 0, 1);
    for (int64_t i = 0; i < 10000; i++)
        CHECK_INT(take(&pace, 5), 0);
}

static void turns_are_booked_one_after_the_other(void)
{
    struct repay_pace pace;

    repay_pace_init(&pace, 5, 3);
    for (int i = 0; i < 3; i++)
        CHECK_INT(take(&pace, 1000), 0);
    for (int64_t i = 1; i <= 50; i++)
        CHECK_INT(take(&pace, 1000), 200 * i);
    /* Who comes later stands behind them all. */
    CHECK_INT(take(&pace, 2000), 200 * 51 - 1000);
}

static void a_turn_beyond_the_patience_is_not_booked(void)
{
    struct repay_pace pace;

    repay_pace_init(&pace, 5, 1);
    CHECK_INT(take(&pace, 1000), 0);
    CHECK_INT(repay_pace_take(&pace, 1000, 200), 200);
    CHECK_INT(repay_pace_take(&pace, 1000, 200), 200);
    CHECK_INT(repay_pace_take(&pace, 1000, 201), 200);
    CHECK_INT(repay_pace_take(&pace, 1000, 201), 400);
    /* What goes out at once needs none. */
    CHECK_INT(repay_pace_take(&pace, 9000, 0), 0);
}

static void holds_rate_and_burst(void)
{
    for (int64_t rate = 1; rate <= 1000; rate = rate * 3 + 1) {
        struct repay_pace pace;
        int64_t now_ms = 1000, sent = 0;

        repay_pace_init(&pace, rate, 3);
        while (now_ms < 11000) {
            now_ms += take(&pace, now_ms);
            if (now_ms < 11000)
                sent++;
        }
        /* Ten seconds, whenever asked: never more than the rate and the burst. */
        CHECK(sent <= 3 + rate * 10);
        CHECK(sent >= rate * 10 - rate / 10 - 1);
    }
}

static void a_pause_saves_up_a_burst_and_no_more(void)
{
    struct repay_pace pace;

    repay_pace_init(&pace, 10, 4);
    for (int64_t hour = 1; hour < 5; hour++) {
        for (int i = 0; i < 4; i++)
            CHECK_INT(take(&pace, hour * 3600000), 0);
        CHECK_INT(take(&pace, hour * 3600000), 100);
    }
}

static void halves_once_a_storm_and_recovers(void)
{
    struct repay_pace pace;

    repay_pace_init(&pace, 100, 1);
    CHECK_INT(take(&pace, 0), 0);
    for (int i = 0; i < 64; i++)
        repay_pace_slow_down(&pace, i);
    CHECK_INT(pace.rate, 50000);
    CHECK_INT(pace.halvings, 1);
    repay_pace_slow_down(&pace, 1000);
    CHECK_INT(pace.rate, 25000);
    CHECK_INT(pace.halvings, 2);
    (void)take(&pace, 2000);
    CHECK(pace.rate > 25000 && pace.rate < 28000);
    (void)take(&pace, 60000);
    CHECK_INT(pace.rate, 100000);
}

static void a_halving_voids_what_was_booked(void)
{
    struct repay_pace pace;
    uint32_t before;

    repay_pace_init(&pace, 10, 1);
    CHECK_INT(take(&pace, 0), 0);
    before = pace.halvings;
    for (int64_t i = 1; i <= 20; i++)
        CHECK_INT(take(&pace, 0), 100 * i);
    repay_pace_slow_down(&pace, 50);
    CHECK(pace.halvings != before);
    /* Booked anew at the lower rate, beginning now. */
    for (int64_t i = 1; i <= 20; i++)
        CHECK_INT(take(&pace, 50), 200 * i);
}

static void an_open_bucket_halves_what_was_sent(void)
{
    struct repay_pace pace;

    repay_pace_init(&pace, 0, 1);
    for (int i = 0; i < 2000; i++)
        CHECK_INT(take(&pace, i / 2), 0);
    repay_pace_slow_down(&pace, 1000);
    CHECK_INT(pace.rate, 1000 * 1000);
    CHECK(take(&pace, 1000) > 0);
    for (int i = 0; i < 100; i++)
        repay_pace_slow_down(&pace, 1000 + 1000 * i);
    CHECK_INT(pace.rate, REPAY_PACE_RATE_FLOOR);
    CHECK_INT(take(&pace, 100001), 4999);
    (void)take(&pace, 1000000);
    CHECK_INT(pace.rate, 0);
}

static void a_clock_that_stands_or_steps_back_gives_no_tokens(void)
{
    struct repay_pace pace;

    repay_pace_init(&pace, 10, 1);
    CHECK_INT(take(&pace, 5000), 0);
    CHECK_INT(take(&pace, 5000), 100);
    CHECK_INT(take(&pace, 4000), 200);
}

static void the_largest_numbers_do_not_overflow(void)
{
    struct repay_pace pace;

    repay_pace_init(&pace, REPAY_PACE_RATE_MAX, REPAY_PACE_BURST_MAX);
    CHECK_INT(take(&pace, -(INT64_C(1) << 50)), 0);
    CHECK_INT(take(&pace, INT64_C(1) << 50), 0);
    for (int i = 1; i < REPAY_PACE_BURST_MAX; i++)
        CHECK_INT(take(&pace, INT64_C(1) << 50), 0);
    CHECK_INT(take(&pace, INT64_C(1) << 50), 1);
}

int main(void)
{
    open_until_429();
    turns_are_booked_one_after_the_other();
    a_turn_beyond_the_patience_is_not_booked();
    holds_rate_and_burst();
    a_pause_saves_up_a_burst_and_no_more();
    halves_once_a_storm_and_recovers();
    a_halving_voids_what_was_booked();
    an_open_bucket_halves_what_was_sent();
    a_clock_that_stands_or_steps_back_gives_no_tokens();
    the_largest_numbers_do_not_overflow();
    return CHECK_REPORT();
}
