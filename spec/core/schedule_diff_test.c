/*
 * What a change is called, which rows are the same row, and that applying a difference to the older
 * schedule gives the newer one, byte for byte.
 */
#include "random_rows.h"
#include "schedule_diff.h"
#include "schedule_patch.h"

static bool is_kind(const struct repay_change *change, enum repay_change_kind kind)
{
    return (change->kinds >> kind & 1) != 0;
}

/* Makes the newer from the older and the patch, and compares all of it. */
static void applies(struct test_rows *rows, const struct repay_schedule *older,
                    const struct repay_schedule *newer, const struct repay_diff *diff)
{
    struct repay_schedule_facts facts;
    struct repay_schedule made;
    struct repay_bytes wanted, found;
    struct repay_error error;

    repay_bytes_init(&wanted, &rows->memory.allocator, REPAY_DUMP_MAX);
    repay_bytes_init(&found, &rows->memory.allocator, REPAY_DUMP_MAX);
    if (CHECK(repay_schedule_apply(older, repay_bytes_text(&diff->patch), test_find_layout,
                                   &rows->builder, &facts, &error))) {
        repay_schedule_init(&made);
        CHECK(repay_builder_move(&rows->builder, &facts, &made, &error));
        CHECK(repay_schedule_dump(newer, true, &wanted, &error));
        CHECK(repay_schedule_dump(&made, true, &found, &error));
        CHECK_BYTES(repay_bytes_text(&found), repay_bytes_text(&wanted));
        repay_schedule_free(&made);
    }
    repay_bytes_free(&wanted);
    repay_bytes_free(&found);
}

static void names_what_changed(struct test_rows *rows)
{
    static const struct test_row before[] = {
        {"A", 1, "2026-01-01", 100, 10, NONE, 110, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
        {"A", 2, "2026-02-01", 100, 10, NONE, 110, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
        {"A", 3, "2026-03-01", 100, 10, NONE, 110, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
        {"A", 4, "2026-04-01", 100, 10, NONE, 110, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
        {"A", 5, "2026-05-01", 100, 10, NONE, 110, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
        {"A", 6, "2026-06-01", 100, 10, NONE, 110, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
    };
    static const struct test_row after[] = {
        {"A", 1, "2026-01-01", 100, 10, NONE, 110, 110, NONE, NONE, "PAID", NULL, NULL, NULL, 0},
        {"A", 2, "2026-02-01", 100, 10, NONE, 110, 40, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
        {"A", 3, "2026-03-15", 100, 12, NONE, 112, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
        {"A", 4, "2026-04-01", 100, 10, NONE, 110, 0, NONE, NONE, "UNPAID", "\"x\":1", NULL, NULL,
         0},
        {"A", 6, "2026-06-01", 100, 10, NONE, 110, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
        {"A", 7, "2026-07-01", 100, 10, NONE, 110, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
    };
    struct repay_schedule older, newer;
    struct repay_diff diff;
    struct repay_error error;

    repay_diff_init(&diff, &rows->memory.allocator);
    test_make(rows, &test_paid, before, TEST_COUNT(before), &older);
    test_make(rows, &test_paid, after, TEST_COUNT(after), &newer);
    CHECK(repay_schedule_diff(&newer, &older, &diff, &error));
    CHECK_INT(diff.count, 6);
    CHECK_INT(diff.unchanged, 1);
    CHECK(is_kind(&diff.changes[0], REPAY_CHANGE_PAID));
    CHECK(is_kind(&diff.changes[0], REPAY_CHANGE_STATUS_CHANGED));
    CHECK_INT(diff.changes[1].kinds,
              1 << REPAY_CHANGE_PARTLY_PAID | 1 << REPAY_CHANGE_STATUS_CHANGED);
    CHECK_INT(diff.changes[2].kinds, 1 << REPAY_CHANGE_RESCHEDULED | 1 << REPAY_CHANGE_REPRICED);
    CHECK_INT(diff.changes[3].kinds, 1 << REPAY_CHANGE_CHANGED);
    CHECK(diff.changes[3].extra_changed && diff.changes[3].fields == 0);
    CHECK_INT(diff.changes[4].kinds, 1 << REPAY_CHANGE_NEW);
    CHECK_INT(diff.changes[5].kinds, 1 << REPAY_CHANGE_GONE);
    CHECK_INT(diff.changes[5].old_row, 4);
    CHECK_INT(diff.counts[REPAY_CHANGE_PAID], 1);
    CHECK(!diff.by_date && !diff.reordered);
    applies(rows, &older, &newer, &diff);

    CHECK(repay_schedule_diff(&older, &older, &diff, &error));
    CHECK_INT(diff.count, 0);
    applies(rows, &older, &older, &diff);
    repay_diff_free(&diff);
    repay_schedule_free(&older);
    repay_schedule_free(&newer);
}

static void names_penalties_and_lists(struct test_rows *rows)
{
    static struct test_row row[] = {
        {"A", 1, "2026-01-01", 100, 10, 0, 110, 0, 110, NONE, "UNPAID", NULL, "a", NULL, 0}};
    struct repay_schedule older, newer;
    struct repay_diff diff;
    struct repay_error error;

    repay_diff_init(&diff, &rows->memory.allocator);
    test_make(rows, &test_balance, row, 1, &older);
    row[0].penalty = 5;
    row[0].total = 115;
    row[0].outstanding = 115;
    test_make(rows, &test_balance, row, 1, &newer);
    CHECK(repay_schedule_diff(&newer, &older, &diff, &error));
    CHECK_INT(diff.changes[0].kinds, 1 << REPAY_CHANGE_PENALTY_ADDED);
    repay_schedule_free(&older);
    repay_schedule_free(&newer);

    /* What is outstanding became known to be nothing: the flag says the loan is paid. */
    row[0].flag = 0;
    test_make(rows, &test_list, row, 1, &older);
    row[0].flag = 1;
    test_make(rows, &test_list, row, 1, &newer);
    CHECK(repay_schedule_diff(&newer, &older, &diff, &error));
    CHECK(is_kind(&diff.changes[0], REPAY_CHANGE_PAID));
    repay_schedule_free(&older);
    repay_schedule_free(&newer);

    /* A total that was lowered to what is paid settles the row, but nobody paid. */
    row[0].paid = 40;
    test_make(rows, &test_paid, row, 1, &older);
    row[0].total = 40;
    test_make(rows, &test_paid, row, 1, &newer);
    CHECK(repay_schedule_diff(&newer, &older, &diff, &error));
    CHECK(!is_kind(&diff.changes[0], REPAY_CHANGE_PAID));
    CHECK(is_kind(&diff.changes[0], REPAY_CHANGE_REPRICED));
    repay_schedule_free(&older);
    repay_schedule_free(&newer);
    repay_diff_free(&diff);
}

static void matches_positions_by_date_when_the_count_changed(struct test_rows *rows)
{
    static const struct test_row list[] = {
        {"L", 0, "2026-01-01", 100, 10, 0, 110, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
        {"L", 0, "2026-02-01", 200, 20, 0, 220, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
        {"L", 0, "2026-02-01", 300, 30, 0, 330, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
        {"L", 0, "2026-03-01", 400, 40, 0, 440, 0, NONE, NONE, "UNPAID", NULL, NULL, NULL, 0},
    };
    struct repay_schedule older, newer;
    struct repay_diff diff;
    struct repay_error error;

    repay_diff_init(&diff, &rows->memory.allocator);
    test_make(rows, &test_position, list, 4, &older);
    test_make(rows, &test_position, list + 1, 3, &newer);
    CHECK(repay_schedule_diff(&newer, &older, &diff, &error));
    CHECK(diff.by_date);
    CHECK_INT(diff.count, 1);
    CHECK_INT(diff.changes[0].kinds, 1 << REPAY_CHANGE_GONE);
    CHECK_INT(diff.changes[0].old_row, 0);
    applies(rows, &older, &newer, &diff);
    repay_diff_free(&diff);
    repay_schedule_free(&older);
    repay_schedule_free(&newer);
}

static void refuses_what_cannot_be_compared(struct test_rows *rows)
{
    struct repay_schedule older, newer, other;
    struct repay_diff diff;
    struct repay_schedule_facts facts;
    struct repay_error error;

    repay_diff_init(&diff, &rows->memory.allocator);
    test_make(rows, &test_paid, NULL, 0, &older);
    rows->facts.fetched_at_unix_ms++;
    test_make(rows, &test_paid, NULL, 0, &newer);
    CHECK(!repay_schedule_diff(&older, &newer, &diff, &error));
    CHECK_INT(error.kind, REPAY_KIND_INVALID_ARGUMENT);
    rows->facts.subject = REPAY_TEXT("LOAN_2");
    test_make(rows, &test_paid, NULL, 0, &other);
    CHECK(!repay_schedule_diff(&other, &older, &diff, &error));
    CHECK(repay_schedule_diff(&newer, &older, &diff, &error));
    CHECK(!repay_schedule_apply(&other, repay_bytes_text(&diff.patch), test_find_layout,
                                &rows->builder, &facts, &error));
    CHECK_INT(error.kind, REPAY_KIND_INVALID_ARGUMENT);
    for (size_t length = 0; length < diff.patch.length; length++)
        CHECK(!repay_schedule_apply(&older, (struct repay_text){diff.patch.data, length},
                                    test_find_layout, &rows->builder, &facts, &error));
    rows->facts.subject = REPAY_TEXT("LOAN_1");
    repay_diff_free(&diff);
    repay_schedule_free(&older);
    repay_schedule_free(&newer);
    repay_schedule_free(&other);
}

/* Changes some rows, drops some, adds some, moves some. */
static size_t mutate(const struct test_row *before, size_t count, struct test_row *after)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        struct test_row row = before[i];

        switch (draw(8)) {
        case 0:
            continue;
        case 1:
            draw_row(&row);
            break;
        case 2:
            row.paid = draw_amount();
            row.flag = (int)draw(3);
            break;
        case 3:
            row.extra = row.extra ? NULL : "\"new\":true";
            break;
        default:
            break;
        }
        after[kept++] = row;
        if (draw(10) == 0)
            draw_row(&after[kept++]);
    }
    for (size_t i = 1; i < kept; i++) {
        if (draw(6) == 0) {
            struct test_row row = after[i];

            after[i] = after[i - 1];
            after[i - 1] = row;
        }
    }
    return kept;
}

static void applies_every_difference(struct test_rows *rows)
{
    static const struct repay_layout *const layouts[] = {&test_paid, &test_position, &test_balance,
                                                         &test_list};
    static struct test_row before[40], after[80];
    struct repay_diff diff;
    struct repay_error error;

    repay_diff_init(&diff, &rows->memory.allocator);
    for (int round = 0; round < 1500; round++) {
        const struct repay_layout *layout = layouts[draw(4)];
        struct repay_schedule older, newer;
        size_t count = draw(40), other;
        uint32_t fresh, gone;

        for (size_t i = 0; i < count; i++)
            draw_row(&before[i]);
        other = mutate(before, count, after);
        test_make(rows, layout, before, count, &older);
        test_make(rows, layout, after, other, &newer);
        CHECK(repay_schedule_diff(&newer, &older, &diff, &error));
        fresh = diff.counts[REPAY_CHANGE_NEW];
        gone = diff.counts[REPAY_CHANGE_GONE];
        CHECK_INT((int64_t)older.rows - gone, (int64_t)newer.rows - fresh);
        CHECK_INT(diff.unchanged + diff.count - gone, newer.rows);
        applies(rows, &older, &newer, &diff);
        repay_schedule_free(&older);
        repay_schedule_free(&newer);
    }
    repay_diff_free(&diff);
}

static void survives_lack_of_memory(struct test_rows *rows)
{
    struct test_row before[12], after[24];
    struct repay_schedule older, newer;
    struct repay_schedule_facts facts;
    struct repay_diff diff;
    struct repay_error error;
    bool done = false;
    size_t other;

    for (size_t i = 0; i < TEST_COUNT(before); i++)
        draw_row(&before[i]);
    other = mutate(before, TEST_COUNT(before), after);
    repay_diff_init(&diff, &rows->memory.allocator);
    test_make(rows, &test_list, before, TEST_COUNT(before), &older);
    test_make(rows, &test_list, after, other, &newer);
    for (unsigned long nth = 1; !done; nth++) {
        test_allocator_fail(&rows->memory, nth, false);
        done = repay_schedule_diff(&newer, &older, &diff, &error);
        CHECK(done || (error.kind == REPAY_KIND_MEMORY && diff.count == 0));
    }
    done = false;
    for (unsigned long nth = 1; !done; nth++) {
        test_allocator_fail(&rows->memory, nth, false);
        done = repay_schedule_apply(&older, repay_bytes_text(&diff.patch), test_find_layout,
                                    &rows->builder, &facts, &error);
        CHECK(done || error.kind == REPAY_KIND_MEMORY);
        test_allocator_fail(&rows->memory, 0, false);
        repay_builder_reset(&rows->builder, NULL);
    }
    repay_diff_free(&diff);
    repay_schedule_free(&older);
    repay_schedule_free(&newer);
}

int main(void)
{
    struct test_rows rows;

    test_rows_init(&rows);
    names_what_changed(&rows);
    names_penalties_and_lists(&rows);
    matches_positions_by_date_when_the_count_changed(&rows);
    refuses_what_cannot_be_compared(&rows);
    applies_every_difference(&rows);
    survives_lack_of_memory(&rows);
    CHECK_TEXT(repay_change_name(REPAY_CHANGE_GONE), "gone");
    test_rows_end(&rows);
    return CHECK_REPORT();
}
