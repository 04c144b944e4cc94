/*
 * The rules of check: each one broken once, each one kept, and the two documented samples' shapes.
 */
#include "rows_support.h"
#include "schedule_check.h"

/* The first finding of a rule, or NULL. */
static const struct repay_finding *first_of(const struct repay_check *check, enum repay_rule rule)
{
    for (uint32_t i = 0; i < check->count; i++) {
        if (check->findings[i].rule == rule)
            return &check->findings[i];
    }
    return NULL;
}

static void run(struct test_rows *rows, const struct repay_layout *layout,
                const struct test_row *list, size_t count, struct repay_check *check)
{
    struct repay_schedule schedule;
    struct repay_error error;

    test_make(rows, layout, list, count, &schedule);
    CHECK(repay_check_run(check, &schedule, &error));
    repay_schedule_free(&schedule);
}

static void finds_nothing_in_sound_rows(struct test_rows *rows, struct repay_check *check)
{
    static const struct test_row list[] = {
        {"L", 1, "2025-02-15", 6666666, 533333, 0, 7199999, 0, NONE, NONE, "UNPAID", NULL, NULL,
         NULL, 0},
        {"L", 2, "2025-03-15", 6666666, 480000, 0, 7146666, 0, NONE, NONE, "UNPAID", NULL, NULL,
         NULL, 0},
    };

    run(rows, &test_position, list, TEST_COUNT(list), check);
    CHECK_INT(check->count, 0);
    CHECK_INT(check->rules[REPAY_RULE_PARTS_MAKE_TOTAL].checked, 2);
    CHECK_INT(check->rules[REPAY_RULE_DUE_DATES_ASCEND].checked, 1);
    CHECK_INT(check->rules[REPAY_RULE_STATUS_FITS_AMOUNTS].checked, 2);
    CHECK_INT(check->rules[REPAY_RULE_REMAINING_RUNS_DOWN].checked, 0);
    CHECK_INT(check->rules[REPAY_RULE_NUMBERS_ARE_UNIQUE].checked, 0);
}

/* 1000, 500, 0 remain after rows of 500 each: they agree; two rows share a day, which is a note. */
static void accepts_balances_that_run_down(struct test_rows *rows, struct repay_check *check)
{
    static struct test_row list[] = {
        {"1", 1, "2020-07-03", 500, 0, 0, 500, 0, 500, 1000, "UNPAID", NULL, NULL, NULL, 0},
        {"1", 2, "2020-07-03", 500, 0, 0, 500, 0, 500, 500, "UNPAID", NULL, NULL, NULL, 0},
        {"1", 3, "2020-07-04", 500, 0, 0, 500, 0, 500, 0, "UNPAID", NULL, NULL, NULL, 0},
    };
    const struct repay_finding *finding;

    run(rows, &test_balance, list, TEST_COUNT(list), check);
    CHECK_INT(check->count, 1);
    finding = first_of(check, REPAY_RULE_DUE_DATES_DIFFER);
    CHECK(finding && !finding->is_error && finding->row == 1 && finding->with_row == 0);
    CHECK_INT(check->rules[REPAY_RULE_REMAINING_RUNS_DOWN].checked, 2);
    CHECK_INT(check->rules[REPAY_RULE_REMAINING_FITS_OUTSTANDING].checked, 1);

    list[1].remaining = 400;
    list[2].remaining = 700;
    list[2].outstanding = 450;
    run(rows, &test_balance, list, TEST_COUNT(list), check);
    finding = first_of(check, REPAY_RULE_REMAINING_RUNS_DOWN);
    CHECK(finding && !finding->is_error && finding->row == 1);
    CHECK(finding && finding->expected == 500 && finding->found == 400);
    CHECK_INT(check->rules[REPAY_RULE_REMAINING_RUNS_DOWN].errors, 1); /* 700 is more than 400 */
    CHECK_INT(check->rules[REPAY_RULE_REMAINING_RUNS_DOWN].notes, 1);
    finding = first_of(check, REPAY_RULE_REMAINING_FITS_OUTSTANDING);
    CHECK(finding && finding->expected == 1500 && finding->found == 1450);
}

static void finds_each_thing_that_is_wrong(struct test_rows *rows, struct repay_check *check)
{
    static const struct test_row list[] = {
        {"A", 1, "2026-01-01", 100, 10, 5, 200, 9, 300, NONE, "PAID", NULL, NULL, NULL, 0},
        {"A", 2, "2025-12-31", 100, 10, 5, 110, 0, 0, NONE, "LATE", NULL, NULL, NULL, 0},
        {"A", 2, NULL, -1, 1, 0, 0, 0, 0, NONE, "WHO KNOWS", NULL, NULL, NULL, 0},
    };
    const struct repay_finding *finding;

    run(rows, &test_balance, list, TEST_COUNT(list), check);
    finding = first_of(check, REPAY_RULE_PARTS_MAKE_TOTAL);
    CHECK(finding && finding->is_error && finding->row == 0);
    CHECK(finding && finding->expected == 115 && finding->found == 200);
    /* Row 2 leaves its penalty out of the total, which is a note. */
    CHECK_INT(check->rules[REPAY_RULE_PARTS_MAKE_TOTAL].errors, 1);
    CHECK_INT(check->rules[REPAY_RULE_PARTS_MAKE_TOTAL].notes, 1);
    finding = first_of(check, REPAY_RULE_OUTSTANDING_WITHIN_TOTAL);
    CHECK(finding && finding->expected == 200 && finding->found == 300);
    finding = first_of(check, REPAY_RULE_PENALTY_PAID_WITHIN_PENALTY);
    CHECK(finding && finding->expected == 5 && finding->found == 9);
    finding = first_of(check, REPAY_RULE_AMOUNTS_NOT_NEGATIVE);
    CHECK(finding && finding->row == 2 && finding->found == -1);
    CHECK_TEXT(finding->field->name, "principal_minor");
    finding = first_of(check, REPAY_RULE_STATUS_FITS_AMOUNTS);
    CHECK(finding && finding->row == 0 && finding->found == REPAY_STATUS_PAID);
    CHECK_INT(check->rules[REPAY_RULE_STATUS_FITS_AMOUNTS].errors, 2);
    finding = first_of(check, REPAY_RULE_STATUS_WORD_IS_KNOWN);
    CHECK(finding && !finding->is_error && finding->row == 2);
    finding = first_of(check, REPAY_RULE_DUE_DATE_IS_READABLE);
    CHECK(finding && finding->is_error && finding->row == 2);
    finding = first_of(check, REPAY_RULE_NUMBERS_ARE_UNIQUE);
    CHECK(finding && finding->row == 2 && finding->with_row == 1 && finding->found == 2);
    finding = first_of(check, REPAY_RULE_DUE_DATES_ASCEND);
    CHECK(finding && finding->row == 1 && finding->found == test_day("2025-12-31"));
    CHECK_INT(finding->expected, test_day("2026-01-01"));
}

static void finds_an_overpaid_row(struct test_rows *rows, struct repay_check *check)
{
    static const struct test_row list[] = {
        {"A", 1, "2026-01-01", 100, 10, 0, 110, 120, NONE, NONE, "PAID", NULL, NULL, NULL, 0},
        {"A", 2, "2026-01-02", 100, 10, 0, 110, 40, NONE, NONE, "PAID", NULL, NULL, NULL, 0},
        {"A", 3, "2026-01-03", 100, 10, 0, 110, 0, NONE, NONE, "PARTIAL", NULL, NULL, NULL, 0},
    };
    const struct repay_finding *finding;

    run(rows, &test_paid, list, TEST_COUNT(list), check);
    finding = first_of(check, REPAY_RULE_PAID_WITHIN_TOTAL);
    CHECK(finding && finding->expected == 110 && finding->found == 120);
    finding = first_of(check, REPAY_RULE_STATUS_FITS_AMOUNTS);
    CHECK(finding && finding->row == 1 && finding->expected == REPAY_STATUS_PARTIAL);
    CHECK_INT(check->rules[REPAY_RULE_STATUS_FITS_AMOUNTS].errors, 2);
}

/* Rows of a list come in any order and may be payments: what differs there is a note. */
static void is_lenient_with_lists(struct test_rows *rows, struct repay_check *check)
{
    static const struct test_row list[] = {
        {"A", 2, "2026-02-01", 90, 0, 0, 1, 0, 95, 0, NULL, NULL, "x", NULL, 0},
        {"B", 1, "2026-01-01", 7, 0, 0, 1, 0, 7, 0, NULL, NULL, "y", NULL, 0},
        {"A", 1, "2026-01-01", 80, 0, 0, 1, 0, 95, 0, NULL, NULL, "z", NULL, 0},
        {"A", 2, NULL, 90, 0, 0, 1, 0, 95, 0, NULL, NULL, "q", NULL, 0},
    };
    const struct repay_finding *finding;

    run(rows, &test_list, list, TEST_COUNT(list), check);
    for (uint32_t i = 0; i < check->count; i++)
        CHECK(!check->findings[i].is_error);
    finding = first_of(check, REPAY_RULE_LOAN_BALANCES_AGREE);
    CHECK(finding && finding->expected == 80 && finding->found == 90);
    CHECK_TEXT(finding->field->name, "principal_balance_minor");
    CHECK(first_of(check, REPAY_RULE_NUMBERS_ARE_UNIQUE) != NULL);
    CHECK(first_of(check, REPAY_RULE_DUE_DATES_ASCEND) == NULL);
}

static void lists_no_more_than_asked(struct test_rows *rows)
{
    static struct test_row list[50];
    struct repay_schedule schedule;
    struct repay_check check;
    struct repay_error error;
    bool done = false;

    for (int i = 0; i < 50; i++)
        list[i] = (struct test_row){"A",  i,    "2026-01-01", 1,    1,    0,    5, 0,
                                    NONE, NONE, NULL,         NULL, NULL, NULL, 0};
    test_make(rows, &test_paid, list, 50, &schedule);
    repay_check_init(&check, &rows->memory.allocator, 10);
    CHECK(repay_check_run(&check, &schedule, &error));
    CHECK_INT(check.count, 10);
    CHECK_INT(check.rules[REPAY_RULE_PARTS_MAKE_TOTAL].errors, 50);
    CHECK_INT(check.rules[REPAY_RULE_DUE_DATES_DIFFER].notes, 49);
    for (unsigned long nth = 1; !done; nth++) {
        test_allocator_fail(&rows->memory, nth, false);
        done = repay_check_run(&check, &schedule, &error);
        CHECK(done || error.kind == REPAY_KIND_MEMORY);
    }
    test_allocator_fail(&rows->memory, 0, false);
    repay_check_free(&check);
    repay_schedule_free(&schedule);
}

int main(void)
{
    struct test_rows rows;
    struct repay_check check;

    test_rows_init(&rows);
    repay_check_init(&check, &rows.memory.allocator, REPAY_FINDINGS_MAX);
    finds_nothing_in_sound_rows(&rows, &check);
    accepts_balances_that_run_down(&rows, &check);
    finds_each_thing_that_is_wrong(&rows, &check);
    finds_an_overpaid_row(&rows, &check);
    is_lenient_with_lists(&rows, &check);
    lists_no_more_than_asked(&rows);
    repay_check_free(&check);
    for (int rule = 0; rule < REPAY_RULE_COUNT; rule++)
        CHECK(strlen(repay_rule_name((enum repay_rule)rule)) > 0);
    CHECK_INT(repay_rule_unit(REPAY_RULE_DUE_DATES_ASCEND), REPAY_RULE_UNIT_DAY);
    test_rows_end(&rows);
    return CHECK_REPORT();
}
