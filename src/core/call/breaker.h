/*
 * A breaker for one client: after a run of failures it stops sending for a while.
 *
 * Open means that calls end at once with kind `breaker_open`. When its time is over one read is
 * let through; if that succeeds the breaker closes, else it opens for twice as long. A repayment is
 * never the probe: money is not how we find out whether a provider is alive.
 */
#ifndef REPAY_BREAKER_H
#define REPAY_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define REPAY_BREAKER_RUN         5  /* failures in a row */
#define REPAY_BREAKER_WINDOW      20 /* or half of this many */
#define REPAY_BREAKER_OPEN_MS     30000
#define REPAY_BREAKER_OPEN_MAX_MS 600000

struct repay_breaker {
    uint32_t failures; /* a bit for each of the last attempts, 1 a failure */
    int32_t counted;   /* how many of the bits are real */
    int32_t run;
    bool is_open;
    bool probing;
    int64_t probe_until_ms; /* a probe that was never heard of again does not count for longer */
    int64_t open_until_ms;
    int64_t open_for_ms; /* for how long it opens the next time */
};

enum repay_breaker_answer {
    REPAY_BREAKER_REFUSES,
    REPAY_BREAKER_ALLOWS,
    REPAY_BREAKER_PROBE /* allowed, and its end decides: begin it, and report it as the probe */
};

void repay_breaker_init(struct repay_breaker *breaker);
/*
 * Whether an attempt may go out now. Changes nothing: the attempt may still have to wait its turn.
 */
enum repay_breaker_answer repay_breaker_ask(const struct repay_breaker *breaker, bool is_write,
                                            int64_t now_ms);
/* The attempt that was called a probe goes out now; until it ends nobody else probes. */
void repay_breaker_begin_probe(struct repay_breaker *breaker, int64_t now_ms);
/*
 * How an attempt ended: `failed` for faults of the provider or of the way to it, not for refusals.
 */
void repay_breaker_report(struct repay_breaker *breaker, bool was_probe, bool failed,
                          int64_t now_ms);
/* A probe that ended without telling anything (cancelled): the next read may try. */
void repay_breaker_forget_probe(struct repay_breaker *breaker);

#endif
