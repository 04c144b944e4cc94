/*
 * What a client has done so far, in plain counters that cost an addition each.
 *
 * Latencies go into a histogram of powers of two split in eight, from 1 ms to over an hour: a
 * percentile is exact to an eighth of its size, and the whole costs 640 bytes a client.
 */
#ifndef REPAY_STATS_H
#define REPAY_STATS_H

#include "error.h"

#define REPAY_STATS_STEPS   8 /* buckets in each doubling */
#define REPAY_STATS_BUCKETS (REPAY_STATS_STEPS * 20)

struct repay_stats {
    uint64_t calls;                     /* begun */
    uint64_t done;                      /* ended with a result */
    uint64_t failed;                    /* ended with an error */
    uint64_t attempts;                  /* requests handed to a driver */
    uint64_t retries[REPAY_KIND_COUNT]; /* by the kind that another attempt followed */
    uint64_t bytes_received;            /* of bodies, decoded */
    uint64_t connections_opened;
    uint64_t connections_reused;
    uint32_t latency[REPAY_STATS_BUCKETS]; /* whole calls, waits included */
};

void repay_stats_init(struct repay_stats *stats);
void repay_stats_latency(struct repay_stats *stats, int64_t ms);
/* The latency that `percent` of the calls stayed at or below, in ms; -1 before the first call. */
int64_t repay_stats_percentile(const struct repay_stats *stats, int percent);

#endif
