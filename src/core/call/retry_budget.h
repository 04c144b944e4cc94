/*
 * How many retries one client may spend, so that a dying provider is not hammered.
 *
 * A full purse of 100; a retry costs 5, one after a timeout 10 because it holds a connection that
 * long; every success puts 1 back. An empty purse ends the call with the error it has.
 */
#ifndef REPAY_RETRY_BUDGET_H
#define REPAY_RETRY_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define REPAY_RETRY_BUDGET_FULL         100
#define REPAY_RETRY_BUDGET_COST         5
#define REPAY_RETRY_BUDGET_TIMEOUT_COST 10

struct repay_retry_budget {
    int32_t left;
};

static inline void repay_retry_budget_init(struct repay_retry_budget *budget)
{
    budget->left = REPAY_RETRY_BUDGET_FULL;
}

/* False, and nothing taken, when there is not enough left. */
static inline bool repay_retry_budget_spend(struct repay_retry_budget *budget, bool after_timeout)
{
    int32_t cost = after_timeout ? REPAY_RETRY_BUDGET_TIMEOUT_COST : REPAY_RETRY_BUDGET_COST;

    if (budget->left < cost)
        return false;
    budget->left -= cost;
    return true;
}

static inline void repay_retry_budget_refund(struct repay_retry_budget *budget)
{
    if (budget->left < REPAY_RETRY_BUDGET_FULL)
        budget->left++;
}

#endif
