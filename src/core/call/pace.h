/*
 * How fast one client may call: a token bucket that a provider's 429 makes slower.
 *
 * Without a configured rate the bucket is open until the provider first says 429; from then on it
 * holds half of what was being sent. Every further 429 halves it, every second without one gives a
 * sixteenth back, until the configured rate (or openness) is reached again. Integers only: rates
 * are in thousandths of a call a second, tokens in millionths of a call. No clock is read.
 *
 * Who has to wait books a turn: the bucket goes into debt and nobody who asks later comes earlier.
 * Asking again instead would let whoever is asked first win every time, and the last one never.
 */
#ifndef REPAY_PACE_H
#define REPAY_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define REPAY_PACE_RATE_MAX        1000000 /* calls a second; above it a limit means nothing */
#define REPAY_PACE_BURST_MAX       10000
#define REPAY_PACE_RATE_FLOOR      200 /* thousandths: never slower than one call in five seconds */
#define REPAY_PACE_RECOVERY_MS     1000
#define REPAY_PACE_HALVINGS_GAP_MS 250 /* one storm of concurrent 429s is one halving */

struct repay_pace {
    int64_t rate;       /* thousandths of a call a second; 0: open */
    int64_t configured; /* what it recovers to; 0: open */
    int64_t burst;      /* calls */
    int64_t tokens;     /* millionths */
    int64_t filled_at_ms;
    int64_t halved_at_ms;
    int64_t raised_at_ms;
    int64_t window_began_ms; /* the second in which calls are counted, to know what to halve */
    int64_t window_calls;
    int64_t last_window_rate; /* thousandths */
    uint32_t halvings;        /* a turn that was booked before the last one is void */
    bool begun;
};

/* rate in calls a second (0: open), burst in calls. */
void repay_pace_init(struct repay_pace *pace, int64_t rate, int64_t burst);
/*
 * How long to wait until the turn that was booked comes, 0 for now. A wait of `patience_ms` or more
 * books nothing. When a 429 came in between (`halvings` changed), ask again.
 */
int64_t repay_pace_take(struct repay_pace *pace, int64_t now_ms, int64_t patience_ms);
/* The provider answered 429. */
void repay_pace_slow_down(struct repay_pace *pace, int64_t now_ms);

#endif
