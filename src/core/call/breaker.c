/* The breaker of breaker.h. */
#include "breaker.h"

#define WINDOW_BITS ((UINT32_C(1) << REPAY_BREAKER_WINDOW) - 1)

void repay_breaker_init(struct repay_breaker *breaker)
{
    *breaker = (struct repay_breaker){.open_for_ms = REPAY_BREAKER_OPEN_MS};
}

enum repay_breaker_answer repay_breaker_ask(const struct repay_breaker *breaker, bool is_write,
                                            int64_t now_ms)
{
    if (!breaker->is_open)
        return REPAY_BREAKER_ALLOWS;
    if (is_write || now_ms < breaker->open_until_ms ||
        (breaker->probing && now_ms < breaker->probe_until_ms))
        return REPAY_BREAKER_REFUSES;
    return REPAY_BREAKER_PROBE;
}

void repay_breaker_begin_probe(struct repay_breaker *breaker, int64_t now_ms)
{
    breaker->probing = true;
    breaker->probe_until_ms = now_ms + REPAY_BREAKER_OPEN_MS;
}

static void open_for_a_while(struct repay_breaker *breaker, int64_t now_ms)
{
    breaker->is_open = true;
    breaker->probing = false;
    breaker->open_until_ms = now_ms + breaker->open_for_ms;
    breaker->open_for_ms *= 2;
    if (breaker->open_for_ms > REPAY_BREAKER_OPEN_MAX_MS)
        breaker->open_for_ms = REPAY_BREAKER_OPEN_MAX_MS;
}

static bool has_failed_enough(const struct repay_breaker *breaker)
{
    if (breaker->run >= REPAY_BREAKER_RUN)
        return true;
    return breaker->counted == REPAY_BREAKER_WINDOW &&
           __builtin_popcount(breaker->failures) * 2 >= REPAY_BREAKER_WINDOW;
}

void repay_breaker_report(struct repay_breaker *breaker, bool was_probe, bool failed,
                          int64_t now_ms)
{
    if (breaker->is_open) {
        /* Attempts that were under way when it opened tell nothing new; only the probe decides. */
        if (was_probe && failed)
            open_for_a_while(breaker, now_ms);
        else if (was_probe)
            repay_breaker_init(breaker);
        return;
    }
    breaker->run = failed ? breaker->run + 1 : 0;
    breaker->failures = ((breaker->failures << 1) | (failed ? 1u : 0u)) & WINDOW_BITS;
    if (breaker->counted < REPAY_BREAKER_WINDOW)
        breaker->counted++;
    if (failed && has_failed_enough(breaker))
        open_for_a_while(breaker, now_ms);
}

void repay_breaker_forget_probe(struct repay_breaker *breaker)
{
    breaker->probing = false;
}
