/*
 * Totals, what is due when, ageing and loan figures, against sums worked by hand in the comments.
 */
#include "rows_support.h"
#include "schedule_loans.h"
#include "schedule_state.h"
#include "schedule_totals.h"

/*
 * as_of 2026-03-01. Outstanding = total - paid:
 *   A 1  2026-01-31  1100 - 1100 =    0   paid
 *   A 2  2026-02-28  1100 -  100 = 1000   1 day late
 *   A 3  2026-03-01  1100        = 1100   due on as_of: not late
 *   B 1  2025-12-01   500        =  500   90 days late (31 + 31 + 28)
 *   B 2  2026-03-31   500        =  500
 *   B 3  -            300        =  300   undated
 */
static const struct test_row six[] = {
    {"A", 1, "2026-01-31", 1000, 100, 0, 1100, 1100, NONE, NONE, "PAID", NULL, NULL, NULL, 0},
    {"A", 2, "2026-02-28", 1000, 100, 0, 1100, 100, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
    {"A", 3, "2026-03-01", 1000, 100, 0, NONE, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
    {"B", 1, "2025-12-01", 450, 50, 0, 500, 0, NONE, NONE, "LATE", NULL, NULL, NULL, 0},
    {"B", 2, "2026-03-31", 450, 50, 0, 500, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
    {"B", 3, NULL, 300, 0, 0, 300, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
};

static void sums_up_six_rows(struct test_rows *rows)
{
    struct repay_schedule schedule;
    struct repay_totals totals;
    struct repay_next_due next;
    struct repay_due due;
    struct repay_error error;
    int32_t as_of = test_day("2026-03-01");
    uint32_t list[2], count;

    test_make(rows, &test_paid, six, TEST_COUNT(six), &schedule);
    CHECK(repay_schedule_totals(&schedule, as_of, &totals, &error));
    CHECK_INT(totals.rows, 6);
    CHECK_INT(totals.figures[REPAY_FIGURE_PRINCIPAL].minor, 4200);
    CHECK_INT(totals.figures[REPAY_FIGURE_INTEREST].minor, 400);
    CHECK_INT(totals.figures[REPAY_FIGURE_TOTAL_DUE].minor, 4600);
    CHECK_INT(totals.figures[REPAY_FIGURE_PAID].minor, 1200);
    CHECK_INT(totals.figures[REPAY_FIGURE_OUTSTANDING].minor, 3400);
    CHECK_INT(totals.figures[REPAY_FIGURE_OUTSTANDING].known_rows, 6);
    CHECK_INT(totals.figures[REPAY_FIGURE_PENALTY].missing_rows, 6);
    CHECK_TEXT(repay_figure_reason(&test_paid, REPAY_FIGURE_PENALTY), "provider_does_not_tell");
    CHECK_INT(totals.overdue.sum.minor, 1500);
    CHECK_INT(totals.overdue.sum.known_rows, 2);
    CHECK_INT(totals.overdue.undated.minor, 300);

    CHECK(repay_schedule_next_due(&schedule, as_of, &next, &error));
    CHECK_INT(next.day, as_of);
    CHECK_INT(next.due.sum.minor, 1100);
    CHECK(repay_schedule_next_due(&schedule, as_of + 1, &next, &error));
    CHECK_INT(next.day, test_day("2026-03-31"));
    CHECK_INT(next.due.sum.minor, 500);
    CHECK(repay_schedule_next_due(&schedule, test_day("2026-04-01"), &next, &error));
    CHECK_INT(next.day, REPAY_DAY_ABSENT);
    CHECK_INT(next.due.sum.minor, 0);

    CHECK(repay_schedule_due(&schedule, as_of, as_of + 30, &due, &error));
    CHECK_INT(due.sum.minor, 1600);
    CHECK(repay_schedule_due(&schedule, as_of, as_of + 29, &due, &error));
    CHECK_INT(due.sum.minor, 1100);
    repay_schedule_due_rows(&schedule, REPAY_DAY_ABSENT + 1, as_of + 30, list, 2, &count);
    CHECK_INT(count, 2);
    CHECK_INT(list[0], 3);
    CHECK_INT(list[1], 1);
    repay_schedule_free(&schedule);
}

/* Rows may come back to a loan after others: B is met again behind A and C, A behind D. */
static void make_scattered(struct test_rows *rows, struct repay_schedule *schedule)
{
    static const char order[] = "BBACBDAACEB";
    static const char *const ids[] = {"A", "B", "C", "D", "E"};
    struct test_row scattered[sizeof order - 1];

    for (size_t i = 0; i < TEST_COUNT(scattered); i++) {
        scattered[i] = six[2];
        scattered[i].loan = ids[order[i] - 'A'];
        scattered[i].number = (int)i + 1;
        scattered[i].total = (int64_t)1 << i;
    }
    test_make(rows, &test_paid, scattered, TEST_COUNT(scattered), schedule);
}

static void puts_scattered_rows_together(struct test_rows *rows)
{
    struct repay_schedule schedule;
    struct repay_loans loans;
    struct repay_error error;

    make_scattered(rows, &schedule);
    repay_loans_init(&loans, &rows->memory.allocator);
    for (int32_t later = 0; later < 2; later++) {
        CHECK(repay_loans_gather(&loans, &schedule, test_day("2026-03-01") + later, NULL, &error));
        CHECK_INT(loans.count, 5);
        CHECK_TEXT(repay_schedule_text(&schedule, loans.items[0].code), "B");
        CHECK_INT(loans.items[0].outstanding, 1 + 2 + 16 + 1024);
        CHECK_INT(loans.items[0].rows, 4);
        CHECK_INT(loans.items[0].late_rows, later * 4);
        CHECK_INT(loans.items[1].outstanding, 4 + 64 + 128);
        CHECK_INT(loans.items[2].outstanding, 8 + 256);
        CHECK_INT(loans.items[2].next_due, later == 0 ? 8 + 256 : 0);
        CHECK_INT(loans.items[4].overdue, later * 512);
        for (uint32_t i = 0; i < loans.count; i++)
            CHECK(repay_loans_find(&loans, loans.items[i].code) == &loans.items[i]);
    }
    repay_loans_free(&loans);
    repay_schedule_free(&schedule);
}

static void puts_rows_and_loans_in_buckets(struct test_rows *rows)
{
    static const int32_t ends[] = {30, 60, 90, 180};
    static const int32_t wrong[] = {30, 30};
    struct repay_schedule schedule;
    struct repay_ages ages;
    struct repay_ageing ageing;
    struct repay_loans loans;
    struct repay_error error;
    int32_t as_of = test_day("2026-03-01");

    test_make(rows, &test_paid, six, TEST_COUNT(six), &schedule);
    CHECK(!repay_ages_set(&ages, wrong, 2, &error));
    CHECK_INT(error.kind, REPAY_KIND_INVALID_ARGUMENT);
    CHECK(!repay_ages_set(&ages, wrong, 0, &error));
    CHECK(repay_ages_set(&ages, ends, 4, &error));
    CHECK(repay_schedule_ageing(&schedule, as_of, &ages, &ageing, &error));
    CHECK_INT(ageing.buckets[0].outstanding, 1600); /* 1100 due that day, 500 later */
    CHECK_INT(ageing.buckets[1].outstanding, 1000); /* 1 day */
    CHECK_INT(ageing.buckets[2].outstanding, 0);
    CHECK_INT(ageing.buckets[3].outstanding, 500); /* 90 days: the end is within */
    CHECK_INT(ageing.buckets[5].outstanding, 0);
    CHECK_INT(ageing.buckets[6].outstanding, 300); /* undated */
    CHECK_INT(ageing.sum.minor, 3400);
    CHECK_INT(ageing.sum.known_rows, 5);
    CHECK(repay_schedule_ageing(&schedule, as_of + 1, &ages, &ageing, &error));
    CHECK_INT(ageing.buckets[3].outstanding, 0);
    CHECK_INT(ageing.buckets[4].outstanding, 500); /* 91 days */

    repay_loans_init(&loans, &rows->memory.allocator);
    CHECK(repay_loans_gather(&loans, &schedule, as_of, NULL, &error));
    CHECK(repay_loans_ageing(&loans, as_of, &ages, &ageing, &error));
    CHECK_INT(ageing.buckets[1].outstanding, 2100); /* all of A */
    CHECK_INT(ageing.buckets[3].outstanding, 1300); /* all of B, undated rows too */
    CHECK_INT(ageing.sum.minor, 3400);
    repay_loans_free(&loans);
    repay_schedule_free(&schedule);
}

static void tells_each_loan(struct test_rows *rows)
{
    struct repay_schedule schedule;
    struct repay_loans loans;
    struct repay_error error;
    const struct repay_loan *loan;

    test_make(rows, &test_paid, six, TEST_COUNT(six), &schedule);
    repay_loans_init(&loans, &rows->memory.allocator);
    CHECK(repay_loans_gather(&loans, &schedule, test_day("2026-03-01"), NULL, &error));
    CHECK_INT(loans.count, 2);
    loan = &loans.items[0];
    CHECK_TEXT(repay_schedule_text(&schedule, loan->code), "A");
    CHECK_INT(loan->outstanding, 2100);
    CHECK_INT(loan->overdue, 1000);
    CHECK_INT(loan->oldest_late_day, test_day("2026-02-28"));
    CHECK_INT(loan->next_due_day, test_day("2026-03-01"));
    CHECK_INT(loan->next_due, 1100);
    /* Row 2: high min(1000, 1000), low 1000 - 100; row 3: high 1000, low 1100 - 100. */
    CHECK_INT(loan->principal_high, 2000);
    CHECK_INT(loan->principal_low, 1900);
    CHECK_INT(repay_loan_state(loan), REPAY_LOAN_OVERDUE);
    loan = &loans.items[1];
    CHECK_INT(loan->undated_rows, 1);
    CHECK_INT(loan->principal_high, 1200);
    CHECK_INT(loan->principal_low, 450 + 450 + 300);
    CHECK(repay_loans_gather(&loans, &schedule, test_day("2020-01-01"), NULL, &error));
    CHECK_INT(repay_loan_state(&loans.items[0]), REPAY_LOAN_DUE);
    /* Nothing is known to be late, and one row of B may be. */
    CHECK_INT(repay_loan_state(&loans.items[1]), REPAY_LOAN_UNKNOWN);
    CHECK_INT(repay_schedule_state(&schedule, 0, test_day("2026-03-01")), REPAY_STATE_PAID);
    CHECK_INT(repay_schedule_state(&schedule, 1, test_day("2026-03-01")),
              REPAY_STATE_PARTIAL_OVERDUE);
    CHECK_INT(repay_schedule_state(&schedule, 2, test_day("2026-03-01")), REPAY_STATE_DUE);
    CHECK_INT(repay_schedule_state(&schedule, 3, test_day("2026-03-01")), REPAY_STATE_OVERDUE);
    CHECK_INT(repay_schedule_state(&schedule, 5, test_day("2026-03-01")), REPAY_STATE_UNKNOWN);
    CHECK_INT(repay_state_from_name(REPAY_TEXT("overdue")), REPAY_STATE_OVERDUE);
    CHECK_INT(repay_state_from_name(REPAY_TEXT("late")), REPAY_STATE_COUNT);
    repay_loans_free(&loans);
    repay_schedule_free(&schedule);
}

/* Amounts that are not known make a sum nil where they could belong, and nowhere else. */
static void counts_what_is_missing(struct test_rows *rows)
{
    static const struct test_row list[] = {
        {"A", 1, "2026-01-01", 100, 0, NONE, 100, NONE, NONE, NONE, NULL, NULL, NULL, NULL, 0},
        {"A", 2, "2026-04-01", 100, 0, NONE, 100, 0, NONE, NONE, NULL, NULL, NULL, NULL, 0},
        {"A", 3, "2026-05-01", 100, 0, NONE, 100, NONE, NONE, NONE, NULL, NULL, NULL, NULL, 0},
    };
    struct repay_schedule schedule;
    struct repay_totals totals;
    struct repay_next_due next;
    struct repay_loans loans;
    struct repay_due due;
    struct repay_error error;
    int32_t as_of = test_day("2026-03-01");

    test_make(rows, &test_paid, list, TEST_COUNT(list), &schedule);
    CHECK(repay_schedule_totals(&schedule, as_of, &totals, &error));
    CHECK_INT(totals.figures[REPAY_FIGURE_OUTSTANDING].minor, 100);
    CHECK_INT(totals.figures[REPAY_FIGURE_OUTSTANDING].known_rows, 1);
    CHECK_INT(totals.figures[REPAY_FIGURE_OUTSTANDING].missing_rows, 2);
    CHECK_INT(totals.overdue.sum.missing_rows, 1);
    CHECK_INT(totals.overdue.sum.minor, 0);
    CHECK(repay_schedule_next_due(&schedule, as_of, &next, &error));
    CHECK_INT(next.day, test_day("2026-04-01"));
    CHECK_INT(next.due.sum.missing_rows, 0);
    CHECK(repay_schedule_next_due(&schedule, test_day("2026-04-02"), &next, &error));
    CHECK_INT(next.day, REPAY_DAY_ABSENT);
    CHECK_INT(next.due.sum.missing_rows, 1);
    CHECK(repay_schedule_due(&schedule, as_of, test_day("2026-04-30"), &due, &error));
    CHECK_INT(due.sum.missing_rows, 0);
    repay_loans_init(&loans, &rows->memory.allocator);
    CHECK(repay_loans_gather(&loans, &schedule, as_of, NULL, &error));
    CHECK_INT(loans.items[0].unknown_rows, 2);
    CHECK_INT(loans.items[0].unknown_late_rows, 1);
    CHECK(repay_loan_next_is_known(&loans.items[0]));
    CHECK(repay_loans_gather(&loans, &schedule, test_day("2026-04-02"), NULL, &error));
    CHECK(!repay_loan_next_is_known(&loans.items[0]));
    repay_loans_free(&loans);
    repay_schedule_free(&schedule);
}

static void takes_the_balance_made_last(struct test_rows *rows)
{
    static const struct test_row list[] = {
        {"A", 1, "2026-01-01", 900, 0, 0, 1000, 0, 950, 0, NULL, NULL, "a", "2026-01-02", 0},
        {"A", 2, "2026-02-01", 800, 0, 0, 1000, 0, 850, 0, NULL, NULL, "b", "2026-02-02", 0},
        {"B", 1, "2026-01-01", 70, 0, 0, 100, 0, 75, 0, NULL, NULL, "c", "2026-01-02", 0},
        {"B", 2, "2026-01-01", 60, 0, 0, 100, 0, 75, 0, NULL, NULL, "d", "2026-01-02", 0},
        {"C", 1, "2026-01-01", 5, 0, 0, 9, 0, 5, 0, NULL, NULL, "e", NULL, 1},
    };
    struct repay_schedule schedule;
    struct repay_totals totals;
    struct repay_loans loans;
    struct repay_error error;

    test_make(rows, &test_list, list, TEST_COUNT(list), &schedule);
    repay_loans_init(&loans, &rows->memory.allocator);
    CHECK(repay_loans_gather(&loans, &schedule, test_day("2026-03-01"), NULL, &error));
    CHECK_INT(loans.items[0].told_principal, 800);
    CHECK_INT(loans.items[0].told_balance, 850);
    CHECK_INT(loans.items[1].told_principal, NONE); /* two rows made at one moment disagree */
    CHECK_INT(loans.items[1].told_balance, 75);
    CHECK_INT(loans.items[2].told_principal, 5);
    CHECK_INT(repay_loan_state(&loans.items[0]), REPAY_LOAN_UNKNOWN);
    CHECK_INT(repay_loan_state(&loans.items[2]), REPAY_LOAN_PAID);
    /* Due dates of such a list tell nothing, except that nothing of a paid loan is late. */
    CHECK(repay_schedule_totals(&schedule, test_day("2026-03-01"), &totals, &error));
    CHECK_INT(totals.overdue.sum.missing_rows, 4);
    CHECK_INT(totals.figures[REPAY_FIGURE_TOTAL_DUE].missing_rows, 5);
    CHECK_TEXT(repay_figure_reason(&test_list, REPAY_FIGURE_TOTAL_DUE), "list_tells_nothing");
    CHECK_INT(totals.figures[REPAY_FIGURE_OUTSTANDING].known_rows, 1);
    repay_loans_free(&loans);
    repay_schedule_free(&schedule);
}

/* Sums may reach 2^53 - 1 and not one more. */
static void refuses_what_lua_cannot_hold(struct test_rows *rows)
{
    static struct test_row list[] = {
        {"A", 1, "2026-01-01", REPAY_AMOUNT_MAX, 0, 0, REPAY_AMOUNT_MAX, 0, NONE, NONE, NULL, NULL,
         NULL, NULL, 0},
        {"A", 2, "2026-02-01", 0, 0, 0, 0, 0, NONE, NONE, NULL, NULL, NULL, NULL, 0},
    };
    static const int32_t ends[] = {30};
    struct repay_schedule schedule;
    struct repay_totals totals = {.rows = 99};
    struct repay_ageing ageing;
    struct repay_loans loans;
    struct repay_ages ages;
    struct repay_error error;
    int32_t as_of = test_day("2026-03-01");

    repay_loans_init(&loans, &rows->memory.allocator);
    CHECK(repay_ages_set(&ages, ends, 1, &error));
    test_make(rows, &test_paid, list, 2, &schedule);
    CHECK(repay_schedule_totals(&schedule, as_of, &totals, &error));
    CHECK_INT(totals.overdue.sum.minor, REPAY_AMOUNT_MAX);
    CHECK(repay_schedule_ageing(&schedule, as_of, &ages, &ageing, &error));
    CHECK(repay_loans_gather(&loans, &schedule, as_of, NULL, &error));
    repay_schedule_free(&schedule);

    list[1].total = 1;
    test_make(rows, &test_paid, list, 2, &schedule);
    totals.rows = 99;
    CHECK(!repay_schedule_totals(&schedule, as_of, &totals, &error));
    CHECK_INT(error.kind, REPAY_KIND_TOO_LARGE);
    CHECK_INT(totals.rows, 99);
    CHECK(!repay_schedule_ageing(&schedule, as_of, &ages, &ageing, &error));
    CHECK_INT(error.kind, REPAY_KIND_TOO_LARGE);
    CHECK(!repay_loans_gather(&loans, &schedule, as_of, NULL, &error));
    CHECK_INT(error.kind, REPAY_KIND_TOO_LARGE);
    CHECK_INT(loans.count, 0);
    repay_schedule_free(&schedule);
    repay_loans_free(&loans);
}

static void sums_an_empty_schedule_to_zero(struct test_rows *rows)
{
    struct repay_schedule schedule;
    struct repay_totals totals;
    struct repay_next_due next;
    struct repay_error error;

    test_make(rows, &test_list, NULL, 0, &schedule);
    CHECK(repay_schedule_totals(&schedule, 0, &totals, &error));
    for (int figure = 0; figure < REPAY_FIGURE_COUNT; figure++) {
        CHECK(repay_sum_is_known(&totals.figures[figure]));
        CHECK_INT(totals.figures[figure].minor, 0);
    }
    CHECK(repay_schedule_next_due(&schedule, 0, &next, &error));
    CHECK_INT(next.day, REPAY_DAY_ABSENT);
    CHECK_INT(next.due.sum.missing_rows, 0);
    repay_schedule_free(&schedule);
}

static void gives_ratios_and_bounds(void)
{
    struct repay_principal bounds;

    CHECK_INT(repay_ratio_ppm(0, 1), 0);
    CHECK_INT(repay_ratio_ppm(1, 3), 333333);
    CHECK_INT(repay_ratio_ppm(2, 3), 666667);
    CHECK_INT(repay_ratio_ppm(1, 2000000), 1);
    CHECK_INT(repay_ratio_ppm(499, 1000000000), 0);
    CHECK_INT(repay_ratio_ppm(REPAY_AMOUNT_MAX, REPAY_AMOUNT_MAX), 1000000);
    CHECK_INT(repay_ratio_ppm(REPAY_AMOUNT_MAX - 1, REPAY_AMOUNT_MAX), 1000000);
    bounds = repay_principal_of(100, 80, 30, 0);
    CHECK_INT(bounds.high, 80);
    CHECK_INT(bounds.low, 70);
    bounds = repay_principal_of(100, 80, 10, 0);
    CHECK_INT(bounds.high, 80);
    CHECK_INT(bounds.low, 80);
    bounds = repay_principal_of(20, 80, 30, 0);
    CHECK_INT(bounds.high, 20);
    CHECK_INT(bounds.low, 0);
    bounds = repay_principal_of(20, 80, NONE, 0);
    CHECK_INT(bounds.high, 20);
    CHECK_INT(bounds.low, NONE);
    bounds = repay_principal_of(20, NONE, 0, 0);
    CHECK_INT(bounds.high, NONE);
}

static void survives_lack_of_memory(struct test_rows *rows)
{
    struct repay_schedule schedule;
    struct repay_loans loans;
    struct repay_error error;
    bool done = false;

    test_make(rows, &test_list, NULL, 0, &schedule);
    repay_schedule_free(&schedule);
    make_scattered(rows, &schedule);
    repay_loans_init(&loans, &rows->memory.allocator);
    for (unsigned long nth = 1; !done; nth++) {
        test_allocator_fail(&rows->memory, nth, false);
        done = repay_loans_gather(&loans, &schedule, 0, NULL, &error);
        CHECK(done || error.kind == REPAY_KIND_MEMORY);
        CHECK(done || loans.count == 0);
        repay_loans_free(&loans);
    }
    test_allocator_fail(&rows->memory, 0, false);
    repay_schedule_free(&schedule);
}

int main(void)
{
    struct test_rows rows;

    test_rows_init(&rows);
    sums_up_six_rows(&rows);
    puts_rows_and_loans_in_buckets(&rows);
    puts_scattered_rows_together(&rows);
    tells_each_loan(&rows);
    counts_what_is_missing(&rows);
    takes_the_balance_made_last(&rows);
    refuses_what_lua_cannot_hold(&rows);
    sums_an_empty_schedule_to_zero(&rows);
    gives_ratios_and_bounds();
    survives_lack_of_memory(&rows);
    test_rows_end(&rows);
    return CHECK_REPORT();
}
