/* Counters and the latency histogram of stats.h. */
#include "stats.h"

void repay_stats_init(struct repay_stats *stats)
{
    *stats = (struct repay_stats){0};
}

/* Below 16 ms every millisecond has its own bucket; above, a doubling has eight. */
static unsigned bucket_of(uint64_t ms)
{
    unsigned doubling, index;

    if (ms < 2 * REPAY_STATS_STEPS)
        return (unsigned)ms;
    doubling = 63u - (unsigned)__builtin_clzll(ms);
    index = (doubling - 3) * REPAY_STATS_STEPS +
            (unsigned)((ms >> (doubling - 3)) & (REPAY_STATS_STEPS - 1)) + REPAY_STATS_STEPS;
    return index < REPAY_STATS_BUCKETS ? index : REPAY_STATS_BUCKETS - 1;
}

/* The largest value that falls into the bucket. */
static int64_t top_of(unsigned bucket)
{
    unsigned doubling, step;

    if (bucket < 2 * REPAY_STATS_STEPS)
        return (int64_t)bucket;
    doubling = (bucket - REPAY_STATS_STEPS) / REPAY_STATS_STEPS + 3;
    step = (bucket - REPAY_STATS_STEPS) % REPAY_STATS_STEPS;
    return (int64_t)(((uint64_t)(REPAY_STATS_STEPS + step + 1) << (doubling - 3)) - 1);
}

void repay_stats_latency(struct repay_stats *stats, int64_t ms)
{
    stats->latency[bucket_of(ms < 0 ? 0 : (uint64_t)ms)]++;
}

int64_t repay_stats_percentile(const struct repay_stats *stats, int percent)
{
    uint64_t total = 0, seen = 0, wanted;

    for (unsigned i = 0; i < REPAY_STATS_BUCKETS; i++)
        total += stats->latency[i];
    if (total == 0)
        return -1;
    wanted = (total * (uint64_t)percent + 99) / 100;
    if (wanted == 0)
        wanted = 1;
    for (unsigned i = 0; i < REPAY_STATS_BUCKETS; i++) {
        seen += stats->latency[i];
        if (seen >= wanted)
            return top_of(i);
    }
    return top_of(REPAY_STATS_BUCKETS - 1);
}
