/* The latency histogram and the retry budget. */
#include "retry_budget.h"
#include "stats.h"

#include "check.h"

static void percentiles_are_exact_to_an_eighth(void)
{
    struct repay_stats stats;

    repay_stats_init(&stats);
    CHECK_INT(repay_stats_percentile(&stats, 50), -1);
    for (int64_t ms = 0; ms < (int64_t)1 << 21; ms = ms < 64 ? ms + 1 : ms + ms / 7) {
        int64_t told;

        repay_stats_init(&stats);
        repay_stats_latency(&stats, ms);
        told = repay_stats_percentile(&stats, 99);
        CHECK(told >= ms && told <= ms + ms / 8);
    }
}

static void percentiles_order_the_calls(void)
{
    struct repay_stats stats;

    repay_stats_init(&stats);
    for (int64_t ms = 1; ms <= 100; ms++)
        repay_stats_latency(&stats, ms);
    CHECK(repay_stats_percentile(&stats, 50) >= 50 && repay_stats_percentile(&stats, 50) <= 56);
    CHECK(repay_stats_percentile(&stats, 99) >= 99 && repay_stats_percentile(&stats, 99) <= 111);
    repay_stats_latency(&stats, INT64_MAX);
    repay_stats_latency(&stats, -1);
    CHECK_INT(repay_stats_percentile(&stats, 0), 0);
}

static void a_budget_ends_and_comes_back(void)
{
    struct repay_retry_budget budget;
    int spent = 0;

    repay_retry_budget_init(&budget);
    while (repay_retry_budget_spend(&budget, false))
        spent++;
    CHECK_INT(spent, REPAY_RETRY_BUDGET_FULL / REPAY_RETRY_BUDGET_COST);
    for (int i = 0; i < REPAY_RETRY_BUDGET_COST; i++)
        repay_retry_budget_refund(&budget);
    CHECK(!repay_retry_budget_spend(&budget, true));
    CHECK(repay_retry_budget_spend(&budget, false));
    for (int i = 0; i < 1000; i++)
        repay_retry_budget_refund(&budget);
    CHECK_INT(budget.left, REPAY_RETRY_BUDGET_FULL);
}

int main(void)
{
    percentiles_are_exact_to_an_eighth();
    percentiles_order_the_calls();
    a_budget_ends_and_comes_back();
    return CHECK_REPORT();
}
