/* The token bucket of pace.h. */
#include "pace.h"

#define TOKEN ((int64_t)1000000)

void repay_pace_init(struct repay_pace *pace, int64_t rate, int64_t burst)
{
    *pace = (struct repay_pace){0};
    pace->configured = rate * 1000;
    pace->rate = pace->configured;
    pace->burst = burst < 1 ? 1 : burst;
    pace->tokens = pace->burst * TOKEN;
}

static void begin(struct repay_pace *pace, int64_t now_ms)
{
    if (pace->begun)
        return;
    pace->begun = true;
    pace->filled_at_ms = now_ms;
    pace->raised_at_ms = now_ms;
    pace->window_began_ms = now_ms;
    pace->halved_at_ms = now_ms - REPAY_PACE_HALVINGS_GAP_MS;
}

/* What was sent lately, in thousandths a second: the last whole second, or the one under way. */
static int64_t sent_lately(const struct repay_pace *pace, int64_t now_ms)
{
    int64_t age_ms = now_ms - pace->window_began_ms;
    int64_t current = pace->window_calls * 1000 * 1000 / (age_ms < 1000 ? 1000 : age_ms);

    return current > pace->last_window_rate ? current : pace->last_window_rate;
}

static void count_call(struct repay_pace *pace, int64_t now_ms)
{
    int64_t age_ms = now_ms - pace->window_began_ms;

    if (age_ms >= 1000) {
        pace->last_window_rate = pace->window_calls * 1000 * 1000 / age_ms;
        pace->window_began_ms = now_ms;
        pace->window_calls = 0;
    }
    pace->window_calls++;
}

/* Gives a sixteenth back for every second that passed without a 429. */
static void recover(struct repay_pace *pace, int64_t now_ms)
{
    while (pace->rate != pace->configured &&
           now_ms - pace->raised_at_ms >= REPAY_PACE_RECOVERY_MS) {
        pace->raised_at_ms += REPAY_PACE_RECOVERY_MS;
        pace->rate += pace->rate / 16 + 1;
        if (pace->configured > 0 && pace->rate > pace->configured)
            pace->rate = pace->configured;
        if (pace->configured == 0 && pace->rate > REPAY_PACE_RATE_MAX * 1000)
            pace->rate = 0;
    }
    if (pace->rate == pace->configured)
        pace->raised_at_ms = now_ms;
}

static void fill(struct repay_pace *pace, int64_t now_ms)
{
    int64_t passed_ms = now_ms - pace->filled_at_ms;
    int64_t full = pace->burst * TOKEN;

    pace->filled_at_ms = now_ms;
    if (passed_ms <= 0)
        return;
    /* rate/1000 calls a second are exactly `rate` millionths a millisecond. */
    if (passed_ms > (full - pace->tokens) / pace->rate)
        pace->tokens = full;
    else
        pace->tokens += passed_ms * pace->rate;
}

int64_t repay_pace_take(struct repay_pace *pace, int64_t now_ms, int64_t patience_ms)
{
    int64_t wait_ms = 0;

    begin(pace, now_ms);
    recover(pace, now_ms);
    if (pace->rate > 0) {
        fill(pace, now_ms);
        if (pace->tokens < TOKEN)
            wait_ms = (TOKEN - pace->tokens + pace->rate - 1) / pace->rate;
        if (wait_ms > 0 && wait_ms >= patience_ms)
            return wait_ms;
        pace->tokens -= TOKEN;
    }
    count_call(pace, now_ms);
    return wait_ms;
}

void repay_pace_slow_down(struct repay_pace *pace, int64_t now_ms)
{
    int64_t base;

    begin(pace, now_ms);
    pace->raised_at_ms = now_ms;
    if (now_ms - pace->halved_at_ms < REPAY_PACE_HALVINGS_GAP_MS)
        return;
    pace->halved_at_ms = now_ms;
    base = pace->rate > 0 ? pace->rate : sent_lately(pace, now_ms);
    pace->rate = base / 2;
    if (pace->rate < REPAY_PACE_RATE_FLOOR)
        pace->rate = REPAY_PACE_RATE_FLOOR;
    /*
     * What was saved up for a burst is not spent on a provider that just asked for less, and turns
     * that were booked at the old rate are booked anew.
     */
    pace->tokens = 0;
    pace->halvings++;
    pace->filled_at_ms = now_ms;
}
