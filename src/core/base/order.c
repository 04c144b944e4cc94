/*
 * Heaps over row numbers; see order.h for why there is one at all.
 */
#include "order.h"

/* Lets the item at `at` sink until none of its children comes after it. */
static void sink(uint32_t *items, uint32_t count, uint32_t at, repay_before_function *before,
                 const void *context)
{
    uint32_t item = items[at];

    for (;;) {
        uint64_t child = (uint64_t)at * 2 + 1;

        if (child >= count)
            break;
        if (child + 1 < count && before(context, items[child], items[child + 1]))
            child++;
        if (!before(context, item, items[child]))
            break;
        items[at] = items[child];
        at = (uint32_t)child;
    }
    items[at] = item;
}

void repay_order(uint32_t *items, uint32_t count, repay_before_function *before,
                 const void *context)
{
    for (uint32_t at = count / 2; at > 0; at--)
        sink(items, count, at - 1, before, context);
    for (uint32_t left = count; left > 1; left--) {
        uint32_t last = items[0];

        items[0] = items[left - 1];
        items[left - 1] = last;
        sink(items, left - 1, 0, before, context);
    }
}

void repay_first_offer(struct repay_first *first, uint32_t item)
{
    if (first->room == 0)
        return;
    if (first->count == first->room) {
        if (!first->before(first->context, item, first->items[0]))
            return;
        first->items[0] = item;
        sink(first->items, first->count, 0, first->before, first->context);
        return;
    }
    uint32_t at = first->count++;
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;

        if (!first->before(first->context, first->items[parent], item))
            break;
        first->items[at] = first->items[parent];
        at = parent;
    }
    first->items[at] = item;
}
