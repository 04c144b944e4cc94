/*
 * Whether an attempt is followed by another, after how long, and why. A pure decision.
 *
 * Reads may be tried again when the fault passes by itself. A write is tried again only when
 * nothing of it can have left this machine; re-sending what may have arrived belongs to the
 * journal.
 */
#ifndef REPAY_RETRY_H
#define REPAY_RETRY_H

#include "error.h"

#define REPAY_ATTEMPTS_MAX       10
#define REPAY_ATTEMPTS_DEFAULT   3
#define REPAY_RETRY_BASE_MS      500
#define REPAY_RETRY_CAP_MS       8000
#define REPAY_RETRY_AFTER_MAX_MS 60000

struct repay_retry_facts {
    bool is_write;
    bool never_sent; /* proven: the pre-request hook never ran, no byte was handed to the kernel */
    bool connection_was_reused; /* a kept connection died before any reply byte */
    bool reused_before;         /* that was already forgiven once in this call */
    enum repay_kind kind;
    int http_status;
    int64_t retry_after_ms; /* -1: not given */
    int32_t attempt;        /* the one that just ended, from 1 */
    int32_t attempts_max;
    int64_t base_ms, cap_ms;
    int64_t left_ms; /* until the call's deadline */
    uint64_t random; /* for full jitter */
};

struct repay_retry_decision {
    bool again;
    int64_t wait_ms;
    const char *reason; /* a fixed word: "passing_fault", "write_may_have_arrived", … */
};

struct repay_retry_decision repay_retry_decide(const struct repay_retry_facts *facts);
/* Retry-After in seconds or as an HTTP date against `unix_ms`; -1 when it is neither. Capped. */
int64_t repay_retry_after_ms(struct repay_text value, int64_t unix_ms);
/* The next number of a call's sequence (splitmix64). */
uint64_t repay_random_next(uint64_t *state);

#endif
