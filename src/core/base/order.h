/*
 * Puts a list of row numbers in order, in place: no memory, no recursion, and never worse than
 * n log n, whatever the rows hold. (The C library's qsort may call malloc, which the core does
 * not.)
 */
#ifndef REPAY_ORDER_H
#define REPAY_ORDER_H

#include <stdbool.h>
#include <stdint.h>

/* Whether `a` comes before `b`. Ties must be broken by the caller, so that the order is one. */
typedef bool repay_before_function(const void *context, uint32_t a, uint32_t b);

void repay_order(uint32_t *items, uint32_t count, repay_before_function *before,
                 const void *context);

/*
 * Keeps the first `room` items of a stream in the order of `before`: a heap whose top is the last
 * of them. Offer every item, then call repay_order on what is kept.
 */
struct repay_first {
    uint32_t *items; /* borrowed, `room` of them */
    uint32_t room;
    uint32_t count;
    repay_before_function *before;
    const void *context;
};
void repay_first_offer(struct repay_first *first, uint32_t item);

#endif
