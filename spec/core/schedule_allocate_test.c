/*
 * Allocation: order of rows and parts, what was paid before, what is left over, and every minor
 * unit kept, over many random schedules.
 */
#include "rows_support.h"
#include "schedule_allocate.h"

static const enum repay_part usual[REPAY_PART_COUNT] = {REPAY_PART_PENALTY, REPAY_PART_INTEREST,
                                                        REPAY_PART_PRINCIPAL};

/*
 * Row 2 is older than row 1 by due date. Row 1: penalty 30 of which 10 is paid, interest 20,
 * principal 100: total 150, 40 paid, so 30 of it went to interest (20) and principal (10).
 */
static const struct test_row list[] = {
    {"A", 1, "2026-02-01", 100, 20, 30, 150, 10, 110, NONE, NULL, NULL, NULL, NULL, 0},
    {"A", 2, "2026-01-01", 100, 20, 0, 120, 0, 120, NONE, NULL, NULL, NULL, NULL, 0},
    {"A", 3, "2026-03-01", NONE, NONE, 0, 50, 0, 50, NONE, NULL, NULL, NULL, NULL, 0},
    {"A", 4, "2026-04-01", 100, 20, 0, 120, 0, 0, NONE, NULL, NULL, NULL, NULL, 0},
    {"A", 5, NULL, 10, 0, 0, 10, 0, 10, NONE, NULL, NULL, NULL, NULL, 0},
};

static void settles_the_oldest_first(struct test_rows *rows)
{
    struct repay_allocate_options options = {.amount = 1000};
    struct repay_schedule schedule;
    struct repay_allocation out;
    struct repay_error error;

    memcpy(options.order, usual, sizeof usual);
    repay_allocation_init(&out, &rows->memory.allocator);
    test_make(rows, &test_balance, list, TEST_COUNT(list), &schedule);
    CHECK(repay_schedule_allocate(&schedule, &options, &out, &error));
    CHECK_INT(out.count, 4);
    CHECK_INT(out.rows[0].row, 1);
    CHECK_INT(out.rows[0].parts[REPAY_PART_INTEREST], 20);
    CHECK_INT(out.rows[0].parts[REPAY_PART_PRINCIPAL], 100);
    CHECK_INT(out.rows[1].row, 0);
    CHECK_INT(out.rows[1].settled, 110);
    CHECK_INT(out.rows[1].parts[REPAY_PART_PENALTY], 20);
    CHECK_INT(out.rows[1].parts[REPAY_PART_INTEREST], 0);
    CHECK_INT(out.rows[1].parts[REPAY_PART_PRINCIPAL], 90);
    CHECK_INT(out.rows[1].unsplit, 0);
    CHECK_INT(out.rows[2].row, 2);
    CHECK_INT(out.rows[2].unsplit, 50);
    CHECK_INT(out.rows[3].row, 4); /* undated comes last */
    CHECK_INT(out.settled, 290);
    CHECK_INT(out.left_over, 710);
    CHECK_INT(out.parts[REPAY_PART_PENALTY] + out.parts[REPAY_PART_INTEREST] +
                  out.parts[REPAY_PART_PRINCIPAL] + out.unsplit,
              out.settled);

    options.amount = 125;
    options.order[0] = REPAY_PART_PRINCIPAL;
    options.order[2] = REPAY_PART_PENALTY;
    CHECK(repay_schedule_allocate(&schedule, &options, &out, &error));
    CHECK_INT(out.count, 2);
    CHECK_INT(out.rows[1].settled, 5);
    /* Principal first: the 30 that were paid beside the penalty went to principal, 70 are left. */
    CHECK_INT(out.rows[1].parts[REPAY_PART_PRINCIPAL], 5);
    CHECK_INT(out.left_over, 0);
    repay_allocation_free(&out);
    repay_schedule_free(&schedule);
}

static void says_why_it_cannot(struct test_rows *rows)
{
    static const struct test_row two[] = {
        {"A", 1, "2026-02-01", 100, 0, 0, 100, 0, 100, NONE, NULL, NULL, NULL, NULL, 0},
        {"B", 1, "2026-02-01", 100, 0, 0, 100, 0, NONE, NONE, NULL, NULL, NULL, NULL, 0},
    };
    struct repay_allocate_options options = {.amount = 70};
    struct repay_schedule schedule;
    struct repay_allocation out;
    struct repay_error error;

    memcpy(options.order, usual, sizeof usual);
    repay_allocation_init(&out, &rows->memory.allocator);
    test_make(rows, &test_balance, two, TEST_COUNT(two), &schedule);
    CHECK(!repay_schedule_allocate(&schedule, &options, &out, &error));
    CHECK_INT(error.kind, REPAY_KIND_INVALID_ARGUMENT);
    options.loan_id = REPAY_TEXT("C");
    CHECK(!repay_schedule_allocate(&schedule, &options, &out, &error));
    CHECK_INT(error.kind, REPAY_KIND_NOT_FOUND);
    options.loan_id = REPAY_TEXT("B");
    CHECK(!repay_schedule_allocate(&schedule, &options, &out, &error));
    CHECK_INT(error.kind, REPAY_KIND_UNSUPPORTED);
    CHECK_TEXT(out.reason, "rows_with_unknown_amount");
    options.loan_id = REPAY_TEXT("A");
    CHECK(repay_schedule_allocate(&schedule, &options, &out, &error));
    CHECK_INT(out.settled, 70);
    repay_allocation_free(&out);
    repay_schedule_free(&schedule);
    test_make(rows, &test_balance, NULL, 0, &schedule);
    options.loan_id = REPAY_NO_TEXT;
    CHECK(repay_schedule_allocate(&schedule, &options, &out, &error));
    CHECK_INT(out.left_over, 70);
    repay_allocation_free(&out);
    repay_schedule_free(&schedule);
}

static uint32_t seed = 20261120;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static void keeps_every_unit(struct test_rows *rows)
{
    struct repay_allocation out;
    struct repay_error error;

    repay_allocation_init(&out, &rows->memory.allocator);
    for (int round = 0; round < 2000; round++) {
        struct repay_allocate_options options = {.amount = 1 + draw(3000)};
        struct repay_schedule schedule;
        struct test_row random[12];
        uint32_t count = draw(13);
        int64_t owed = 0;

        memcpy(options.order, usual, sizeof usual);
        options.order[0] = usual[round % 3];
        options.order[round % 3] = usual[0];
        for (uint32_t i = 0; i < count; i++) {
            static const char *const days[] = {"2026-01-31", "2026-02-28", "2024-02-29", NULL};
            int64_t total = draw(400);

            random[i] = (struct test_row){"A",
                                          (int32_t)draw(5),
                                          days[draw(4)],
                                          draw(200),
                                          draw(9) == 0 ? NONE : draw(50),
                                          draw(40),
                                          total,
                                          draw(30),
                                          (int64_t)draw(400) - 50,
                                          NONE,
                                          NULL,
                                          NULL,
                                          NULL,
                                          NULL,
                                          0};
            owed += random[i].outstanding > 0 ? random[i].outstanding : 0;
        }
        test_make(rows, &test_balance, random, count, &schedule);
        CHECK(repay_schedule_allocate(&schedule, &options, &out, &error));
        CHECK_INT(out.settled + out.left_over, options.amount);
        CHECK_INT(out.settled, options.amount < owed ? options.amount : owed);
        for (uint32_t i = 0; i < out.count; i++) {
            const struct repay_allocated_row *row = &out.rows[i];

            CHECK(row->settled > 0 && row->settled <= row->outstanding);
            CHECK(row->parts[0] >= 0 && row->parts[1] >= 0 && row->parts[2] >= 0);
            CHECK_INT(row->parts[0] + row->parts[1] + row->parts[2] + row->unsplit, row->settled);
            CHECK(i + 1 == out.count || row->settled == row->outstanding);
        }
        repay_schedule_free(&schedule);
    }
    repay_allocation_free(&out);
}

static void survives_lack_of_memory(struct test_rows *rows)
{
    struct repay_allocate_options options = {.amount = 1000};
    struct repay_schedule schedule;
    struct repay_allocation out;
    struct repay_error error;
    bool done = false;

    memcpy(options.order, usual, sizeof usual);
    repay_allocation_init(&out, &rows->memory.allocator);
    test_make(rows, &test_balance, list, TEST_COUNT(list), &schedule);
    for (unsigned long nth = 1; !done; nth++) {
        test_allocator_fail(&rows->memory, nth, false);
        done = repay_schedule_allocate(&schedule, &options, &out, &error);
        CHECK(done || (error.kind == REPAY_KIND_MEMORY && out.count == 0));
    }
    test_allocator_fail(&rows->memory, 0, false);
    repay_allocation_free(&out);
    repay_schedule_free(&schedule);
}

int main(void)
{
    struct test_rows rows;

    test_rows_init(&rows);
    CHECK_INT(repay_part_from_name(REPAY_TEXT("interest")), REPAY_PART_INTEREST);
    CHECK_INT(repay_part_from_name(REPAY_TEXT("fees")), REPAY_PART_COUNT);
    CHECK_TEXT(repay_part_name(REPAY_PART_PENALTY), "penalty");
    settles_the_oldest_first(&rows);
    says_why_it_cannot(&rows);
    keeps_every_unit(&rows);
    survives_lack_of_memory(&rows);
    test_rows_end(&rows);
    return CHECK_REPORT();
}
