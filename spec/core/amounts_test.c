/*
 * Passes over whole columns against one value at a time, for every length up to a few steps, with
 * an odd value at each place in turn. Lengths below a step take only the way of machines without
 * SSE2.
 */
#include "amounts.h"
#include "check.h"
#include "measure.h"

#define LENGTH  41u /* five whole steps and a rest */
#define FIRST   20000
#define LAST    20009
#define SHIFTED 12

static const int64_t odd_amounts[] = {
    REPAY_AMOUNT_ABSENT, -1, -REPAY_AMOUNT_MAX, INT64_C(1) << 52, REPAY_AMOUNT_MAX,
};
static const int32_t edge_days[] = {
    REPAY_DAY_ABSENT, INT32_MIN + 1, FIRST - 1, FIRST, LAST, LAST + 1, INT32_MAX,
};
#define ODD_AMOUNTS (sizeof odd_amounts / sizeof *odd_amounts)
#define EDGE_DAYS   (sizeof edge_days / sizeof *edge_days)

struct columns {
    int64_t a[LENGTH], b[LENGTH];
    int32_t days[LENGTH];
};

static uint32_t seed = 20261120;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

/* Plain amounts up to the last that is, zeros among them, and days in the span and around it. */
static void draw_columns(struct columns *columns)
{
    for (uint32_t i = 0; i < LENGTH; i++) {
        columns->a[i] = draw(3) == 0 ? 0 : (int64_t)draw(1u << 24) << draw(28);
        columns->b[i] = draw(3) == 0 ? columns->a[i] : (int64_t)draw(1u << 24) << draw(28);
        columns->days[i] = FIRST - 5 + (int32_t)draw(20);
    }
    columns->a[draw(LENGTH)] = (INT64_C(1) << 52) - 1;
    columns->b[draw(LENGTH)] = (INT64_C(1) << 52) - 1;
}

static bool is_plain(int64_t value)
{
    return value >= 0 && value < INT64_C(1) << 52;
}

static void checks_sums(const struct columns *columns, uint32_t count)
{
    int64_t expected = 0, sum;
    bool plain = true, covered = true;

    for (uint32_t i = 0; i < count; i++) {
        plain = plain && is_plain(columns->a[i]);
        covered = covered && is_plain(columns->a[i]) && is_plain(columns->b[i]) &&
                  columns->a[i] >= columns->b[i];
        expected = plain ? expected + columns->a[i] : 0;
    }
    CHECK_INT(repay_amounts_sum(columns->a, count, &sum), plain);
    CHECK(!plain || sum == expected);
    CHECK_INT(repay_amounts_are_plain(columns->a, count), plain);
    CHECK_INT(repay_amounts_cover(columns->a, columns->b, count), covered);
}

static void checks_differences(const struct columns *columns, uint32_t count)
{
    int64_t out[LENGTH];
    bool plain = true, below = false, some_below;

    for (uint32_t i = 0; i < count; i++) {
        plain = plain && is_plain(columns->a[i]) && is_plain(columns->b[i]);
        below = below || (plain && columns->a[i] < columns->b[i]);
    }
    CHECK_INT(repay_amounts_subtract(columns->a, columns->b, count, out, &some_below), plain);
    CHECK(!plain || some_below == below);
    for (uint32_t i = 0; plain && i < count; i++)
        CHECK_INT(out[i], columns->a[i] > columns->b[i] ? columns->a[i] - columns->b[i] : 0);
}

static void checks_days(const struct columns *columns, uint32_t count, int32_t first, int32_t last)
{
    struct repay_amounts_within within;
    uint32_t places[LENGTH], bits = 0, rows = 0;
    int64_t sum = 0;
    bool plain = true, any = false;

    for (uint32_t i = 0; i < count; i++) {
        bool inside = columns->days[i] >= first && columns->days[i] <= last;

        plain = plain && is_plain(columns->a[i]) && columns->days[i] != REPAY_DAY_ABSENT;
        any = any || inside;
        sum += plain && inside ? columns->a[i] : 0;
        rows += plain && inside && columns->a[i] > 0;
    }
    CHECK_INT(repay_amounts_within(columns->a, columns->days, count, first, last, &within), plain);
    CHECK(!plain || (within.sum == sum && within.rows == rows));
    CHECK_INT(repay_days_any_within(columns->days, count, first, last), any);
    CHECK(count > 0 || repay_days_from(columns->days, count, first, places) == 0);
    for (uint32_t i = 0; i < count; i++)
        bits |= (uint32_t)columns->days[i] - (uint32_t)first;
    CHECK_INT(repay_days_from(columns->days, count, first, places), bits);
    for (uint32_t i = 0; i < count; i++)
        CHECK_INT(places[i], (uint32_t)columns->days[i] - (uint32_t)first);
}

static void checks_counted(const struct columns *columns, uint32_t count)
{
    uint64_t counted[LENGTH], bits = 0;

    for (uint32_t i = 0; i < count; i++)
        bits |= (uint64_t)columns->a[i];
    CHECK(repay_amounts_counted(columns->a, count, SHIFTED, counted) == bits);
    for (uint32_t i = 0; i < count && bits >> (64 - SHIFTED) == 0; i++) {
        CHECK(counted[i] >> SHIFTED == (uint64_t)columns->a[i]);
        CHECK_INT(counted[i] & ((1u << SHIFTED) - 1), columns->a[i] > 0);
    }
}

static void checks_bounds(const struct columns *columns, uint32_t count)
{
    int64_t high[LENGTH], low[LENGTH], quarter[LENGTH];
    bool plain = true;

    for (uint32_t i = 0; i < count; i++) {
        quarter[i] = columns->b[i] / 4;
        plain = plain && is_plain(columns->a[i]) && is_plain(columns->b[i]) && is_plain(quarter[i]);
    }
    CHECK_INT(repay_amounts_principal(&(struct repay_amounts_parts){columns->a, columns->b, quarter,
                                                                    quarter, high, low},
                                      count),
              plain);
    for (uint32_t i = 0; plain && i < count; i++) {
        struct repay_principal bounds =
            repay_principal_of(columns->a[i], columns->b[i], quarter[i], quarter[i]);

        CHECK_INT(high[i], bounds.high);
        CHECK_INT(low[i], bounds.low);
    }
}

static void checks_all(const struct columns *columns, uint32_t count)
{
    checks_sums(columns, count);
    checks_differences(columns, count);
    checks_counted(columns, count);
    checks_bounds(columns, count);
    checks_days(columns, count, FIRST, LAST);
    checks_days(columns, count, FIRST, FIRST);
    checks_days(columns, count, REPAY_DAY_ABSENT + 1, FIRST);
    checks_days(columns, count, FIRST, INT32_MAX);
}

int main(void)
{
    struct columns columns;

    for (uint32_t count = 0; count <= LENGTH; count++) {
        draw_columns(&columns);
        checks_all(&columns, count);
        for (uint32_t at = 0; at < count; at++) {
            struct columns odd = columns;

            odd.a[at] = odd_amounts[draw(ODD_AMOUNTS)];
            checks_all(&odd, count);
            odd = columns;
            odd.b[at] = odd_amounts[draw(ODD_AMOUNTS)];
            checks_all(&odd, count);
            odd = columns;
            odd.days[at] = edge_days[draw(EDGE_DAYS)];
            checks_all(&odd, count);
        }
    }
    return CHECK_REPORT();
}
