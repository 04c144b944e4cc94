/*
 * Ordering row numbers, and keeping the first of a stream, against a plain selection.
 */
#include "check.h"
#include "order.h"

#define COUNT 2000u

static bool by_value(const void *context, uint32_t a, uint32_t b)
{
    const uint32_t *values = context;

    return values[a] != values[b] ? values[a] < values[b] : a < b;
}

static void is_in_order(const uint32_t *values, const uint32_t *items, uint32_t count)
{
    bool seen[COUNT] = {false};

    for (uint32_t i = 0; i < count; i++) {
        CHECK(items[i] < COUNT && !seen[items[i]]);
        seen[items[i]] = true;
        CHECK(i == 0 || by_value(values, items[i - 1], items[i]));
    }
}

int main(void)
{
    static uint32_t values[COUNT], items[COUNT], kept[COUNT];
    uint32_t seed = 12345;

    for (uint32_t spread = 1; spread <= 100000; spread *= 10) {
        for (uint32_t i = 0; i < COUNT; i++) {
            seed = seed * 1664525 + 1013904223;
            values[i] = (seed >> 8) % spread;
        }
        for (uint32_t count = 0; count <= COUNT; count += count < 5 ? 1 : 333) {
            struct repay_first first = {.items = kept, .before = by_value, .context = values};

            for (uint32_t i = 0; i < count; i++)
                items[i] = count - 1 - i;
            repay_order(items, count, by_value, values);
            is_in_order(values, items, count);
            for (first.room = 0; first.room <= 40; first.room += 8) {
                first.count = 0;
                for (uint32_t i = 0; i < count; i++)
                    repay_first_offer(&first, i);
                CHECK_INT(first.count, count < first.room ? count : first.room);
                repay_order(kept, first.count, by_value, values);
                CHECK(memcmp(kept, items, first.count * sizeof *kept) == 0);
            }
        }
    }
    return CHECK_REPORT();
}
