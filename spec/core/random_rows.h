/*
 * Schedules drawn from a seed, for the tests that want many: every kind of value, absent ones and
 * extras, few enough different ones that rows repeat.
 */
#ifndef REPAY_TEST_RANDOM_ROWS_H
#define REPAY_TEST_RANDOM_ROWS_H

#include "rows_support.h"

static uint32_t random_seed = 20261120;

static inline uint32_t draw(uint32_t below)
{
    random_seed = random_seed * 1664525 + 1013904223;
    return (random_seed >> 8) % below;
}

#define PICK(list) (list)[draw((uint32_t)TEST_COUNT(list))]

static inline int64_t draw_amount(void)
{
    static const int64_t edges[] = {NONE, 0, 1, -1, REPAY_AMOUNT_MAX, -REPAY_AMOUNT_MAX, 1000};

    return draw(8) == 0 ? PICK(edges) : (int64_t)draw(50) * 100;
}

static inline void draw_row(struct test_row *row)
{
    static const char *const loans[] = {"A", "B", NULL, "LOAN_ABC123",
                                        "423e4567-e89b-12d3-a456-426614174003"};
    static const char *const days[] = {"2024-02-29", "2026-01-31", "2026-02-28",
                                       NULL,         "0001-01-01", "9999-12-31"};
    static const char *const words[] = {"PAID", "UNPAID", NULL,
                                        "Zahlung \xc3\xbc"
                                        "berf\xc3\xa4llig"};
    static const char *const extras[] = {"\"note\":\"a\"", "\"a\":1,\"b\":[{\"c\":null}]"};
    static const char *const ids[] = {"x1", "x2", NULL, "row-3", "row-4", "row-5"};
    static const char *const made[] = {"2026-01-02", "2026-01-02T10:00:00Z", NULL,
                                       "2026-01-02T10:00:00.125Z"};

    *row = (struct test_row){.loan = PICK(loans),
                             .number = draw(9) == 0 ? REPAY_COUNT_ABSENT : (int32_t)draw(12),
                             .due = PICK(days),
                             .principal = draw_amount(),
                             .interest = draw_amount(),
                             .penalty = draw_amount(),
                             .total = draw_amount(),
                             .paid = draw_amount(),
                             .outstanding = draw_amount(),
                             .remaining = draw_amount(),
                             .status = PICK(words),
                             .extra = draw(6) == 0 ? PICK(extras) : NULL,
                             .id = PICK(ids),
                             .created = PICK(made),
                             .flag = (int)draw(3)};
}

#endif
