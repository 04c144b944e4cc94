/*
 * Portfolios: what is held of each loan, all or nothing when one is added, and that every measure
 * adds up to what schedules said, over random loans.
 */
#include "portfolio_measures.h"
#include "random_rows.h"

#define CELLS_MAX 64

static void add(struct test_rows *rows, struct repay_portfolio *portfolio,
                const struct repay_layout *layout, const struct test_row *list, size_t count,
                const char *tag)
{
    struct repay_schedule schedule;
    struct repay_text tags[] = {repay_text_of(tag)};
    struct repay_error error = {.kind = REPAY_KIND_NONE};

    test_make(rows, layout, list, count, &schedule);
    if (!CHECK(repay_portfolio_add(portfolio, &schedule, tags, tag ? 1 : 0, &error)))
        fprintf(stderr, "%s\n", error.message);
    repay_schedule_free(&schedule);
}

static struct repay_selection all_of(const struct repay_portfolio *portfolio, const char *currency)
{
    return (struct repay_selection){
        .currency = repay_names_find(&portfolio->names, repay_text_of(currency)),
        .provider = REPAY_NAME_NONE,
        .tag = REPAY_NAME_NONE};
}

/*
 * as_of 2026-03-01.
 *   A: 1000 of 1000 due 2026-01-29 (31 days late), 1100 due 2026-04-01; principal 900 + 1000
 *   B: 500 due 2026-02-28 (1 day late); principal 450
 *   C: nothing outstanding
 */
static const struct test_row a[] = {
    {"A", 1, "2026-01-29", 900, 100, 0, 1000, 0, NONE, NONE, NULL, NULL, NULL, NULL, 0},
    {"A", 2, "2026-04-01", 1000, 100, 0, 1100, 0, NONE, NONE, NULL, NULL, NULL, NULL, 0},
};
static const struct test_row b[] = {
    {"B", 1, "2026-02-28", 450, 50, 0, 500, 0, NONE, NONE, NULL, NULL, NULL, NULL, 0},
};
static const struct test_row c[] = {
    {"C", 1, "2026-02-01", 450, 50, 0, 500, 500, NONE, NONE, NULL, NULL, NULL, NULL, 0},
};

static void sums_up_three_loans(struct test_rows *rows)
{
    struct repay_summary by_cell[CELLS_MAX], summary;
    struct repay_cell_risk risks[CELLS_MAX], risk;
    struct repay_portfolio portfolio;
    struct repay_selection selection;
    struct repay_error error;

    repay_portfolio_init(&portfolio, &rows->memory.allocator, test_day("2026-03-01"));
    add(rows, &portfolio, &test_paid, a, TEST_COUNT(a), "lagos");
    add(rows, &portfolio, &test_paid, b, TEST_COUNT(b), NULL);
    add(rows, &portfolio, &test_paid, c, TEST_COUNT(c), "lagos");
    selection = all_of(&portfolio, "NGN");
    CHECK(repay_portfolio_summarize(&portfolio, by_cell, &error));
    CHECK(repay_summary_merge(&portfolio, by_cell, &selection, &summary, &error));
    CHECK_INT(summary.loans, 3);
    CHECK_INT(summary.rows, 4);
    CHECK_INT(summary.late_loans, 2);
    CHECK_INT(summary.paid_loans, 1);
    CHECK_INT(summary.total_due.minor, 3100);
    CHECK_INT(summary.paid.minor, 500);
    CHECK_INT(summary.outstanding.minor, 2600);
    CHECK_INT(summary.overdue.minor, 1500);
    CHECK_INT(summary.principal.minor, 2350);
    CHECK_INT(summary.principal_low.minor, 2350);
    CHECK(summary.reason == NULL);

    CHECK(repay_portfolio_risk(&portfolio, 30, risks, &error));
    CHECK(repay_risk_merge(&portfolio, risks, &selection, &risk, &error));
    CHECK_INT(risk.at_risk, 1900); /* all of A, its row that is not late too */
    CHECK_INT(risk.principal, 2350);
    CHECK_INT(repay_ratio_ppm(risk.at_risk, risk.principal), 808511); /* 0.80851063… */
    CHECK(repay_portfolio_risk(&portfolio, 31, risks, &error));
    CHECK(repay_risk_merge(&portfolio, risks, &selection, &risk, &error));
    CHECK_INT(risk.at_risk, 0); /* 31 days late is not more than 31 */
    selection.tag = repay_names_find(&portfolio.names, REPAY_TEXT("lagos"));
    CHECK(repay_summary_merge(&portfolio, by_cell, &selection, &summary, &error));
    CHECK_INT(summary.loans, 2);
    CHECK_INT(summary.outstanding.minor, 2100);
    repay_portfolio_free(&portfolio);
    repay_portfolio_free(&portfolio);
}

static void orders_the_late_and_lays_out_cash(struct test_rows *rows)
{
    static const int32_t ends[] = {30, 60, 90, 180};
    struct repay_portfolio portfolio;
    struct repay_selection selection;
    struct repay_flow flows[15];
    struct repay_ageing ageing;
    struct repay_ages ages;
    struct repay_error error;
    bool selected[CELLS_MAX];
    uint32_t places[3], count;
    int32_t first, last;
    char room[40];

    repay_portfolio_init(&portfolio, &rows->memory.allocator, test_day("2026-03-01"));
    add(rows, &portfolio, &test_paid, b, TEST_COUNT(b), NULL);
    add(rows, &portfolio, &test_paid, a, TEST_COUNT(a), NULL);
    selection = all_of(&portfolio, "NGN");
    repay_portfolio_select(&portfolio, &selection, selected);
    repay_portfolio_delinquents(&portfolio, selected, places, 3, &count);
    CHECK_INT(count, 2);
    CHECK_TEXT(
        repay_portfolio_loan_id(&portfolio, repay_portfolio_loan(&portfolio, places[0]), room),
        "A");
    CHECK(repay_ages_set(&ages, ends, 4, &error));
    repay_portfolio_ageing_rows(&portfolio, selected, &ages, &ageing);
    CHECK_INT(ageing.buckets[0].outstanding, 1100);
    CHECK_INT(ageing.buckets[1].outstanding, 500);
    CHECK_INT(ageing.buckets[2].outstanding, 1000);
    repay_portfolio_ageing_loans(&portfolio, selected, &ages, &ageing);
    CHECK_INT(ageing.buckets[0].outstanding, 0);
    CHECK_INT(ageing.buckets[2].outstanding, 2100);
    CHECK_INT(ageing.buckets[2].count, 1);

    /* 2026-03-01 is a Sunday: the first week is that one day. */
    repay_period_span(portfolio.as_of, REPAY_PERIOD_WEEK, 0, &first, &last);
    CHECK_INT(first, test_day("2026-03-01"));
    CHECK_INT(last, test_day("2026-03-01"));
    repay_period_span(portfolio.as_of, REPAY_PERIOD_WEEK, 4, &first, &last);
    CHECK_INT(first, test_day("2026-03-23"));
    CHECK_INT(last, test_day("2026-03-29"));
    repay_portfolio_cash_flow(&portfolio, selected, REPAY_PERIOD_WEEK, 12, flows);
    CHECK_INT(flows[0].outstanding, 1500);
    CHECK_INT(flows[1 + 5].outstanding, 1100); /* 2026-03-30 to 2026-04-05 */
    repay_period_span(portfolio.as_of, REPAY_PERIOD_MONTH, 11, &first, &last);
    CHECK_INT(first, test_day("2027-02-01"));
    CHECK_INT(last, test_day("2027-02-28"));
    repay_portfolio_cash_flow(&portfolio, selected, REPAY_PERIOD_MONTH, 1, flows);
    CHECK_INT(flows[1].outstanding, 0);
    CHECK_INT(flows[2].outstanding, 1100); /* later */
    repay_portfolio_cash_flow(&portfolio, selected, REPAY_PERIOD_DAY, 12, flows);
    CHECK_INT(flows[13].outstanding, 1100);
    repay_period_span(portfolio.as_of, REPAY_PERIOD_DAY, 3, &first, &last);
    CHECK_INT(first, test_day("2026-03-04"));
    CHECK_INT(last, first);
    repay_portfolio_free(&portfolio);
}

static void refuses_a_loan_twice_and_changes_nothing(struct test_rows *rows)
{
    static const struct test_row both[] = {
        {"D", 1, "2026-05-01", 5, 0, 0, 5, 0, NONE, NONE, NULL, NULL, NULL, NULL, 0},
        {"B", 1, "2026-05-01", 7, 0, 0, 7, 0, NONE, NONE, NULL, NULL, NULL, NULL, 0},
    };
    struct repay_summary by_cell[CELLS_MAX], before, after;
    struct repay_portfolio portfolio;
    struct repay_selection selection;
    struct repay_schedule schedule;
    struct repay_flow flows[4];
    struct repay_error error;
    bool selected[CELLS_MAX];

    repay_portfolio_init(&portfolio, &rows->memory.allocator, test_day("2026-03-01"));
    add(rows, &portfolio, &test_paid, b, TEST_COUNT(b), NULL);
    selection = all_of(&portfolio, "NGN");
    CHECK(repay_portfolio_summarize(&portfolio, by_cell, &error));
    CHECK(repay_summary_merge(&portfolio, by_cell, &selection, &before, &error));
    test_make(rows, &test_paid, both, TEST_COUNT(both), &schedule);
    CHECK(!repay_portfolio_add(&portfolio, &schedule, NULL, 0, &error));
    CHECK_INT(error.kind, REPAY_KIND_DUPLICATE_LOAN);
    CHECK_INT(portfolio.loan_count, 1);
    CHECK_INT(portfolio.schedules, 1);
    CHECK(repay_portfolio_summarize(&portfolio, by_cell, &error));
    CHECK(repay_summary_merge(&portfolio, by_cell, &selection, &after, &error));
    CHECK_INT(memcmp(&before, &after, sizeof before), 0);
    repay_portfolio_select(&portfolio, &selection, selected);
    repay_portfolio_cash_flow(&portfolio, selected, REPAY_PERIOD_MONTH, 1, flows);
    CHECK_INT(flows[0].outstanding + flows[1].outstanding + flows[2].outstanding, 500);
    CHECK_INT(flows[2].rows, 0);
    repay_schedule_free(&schedule);
    /* The same id in another account is another loan; so is it in another environment. */
    rows->facts.label = REPAY_TEXT("second");
    add(rows, &portfolio, &test_paid, b, TEST_COUNT(b), NULL);
    rows->facts.label = REPAY_TEXT("");
    rows->facts.environment = REPAY_TEXT("live");
    add(rows, &portfolio, &test_paid, b, TEST_COUNT(b), NULL);
    rows->facts.environment = REPAY_TEXT("sandbox");
    CHECK_INT(portfolio.loan_count, 3);
    repay_portfolio_free(&portfolio);
}

static void never_adds_two_currencies(struct test_rows *rows)
{
    struct repay_summary by_cell[CELLS_MAX], naira, shilling;
    struct repay_portfolio portfolio;
    struct repay_selection selection;
    struct repay_error error;

    repay_portfolio_init(&portfolio, &rows->memory.allocator, test_day("2026-03-01"));
    add(rows, &portfolio, &test_paid, a, TEST_COUNT(a), NULL);
    memcpy(rows->facts.currency, "KES", 4);
    add(rows, &portfolio, &test_paid, b, TEST_COUNT(b), NULL);
    memcpy(rows->facts.currency, "NGN", 4);
    CHECK(repay_portfolio_summarize(&portfolio, by_cell, &error));
    selection = all_of(&portfolio, "NGN");
    CHECK(repay_summary_merge(&portfolio, by_cell, &selection, &naira, &error));
    selection = all_of(&portfolio, "KES");
    CHECK(repay_summary_merge(&portfolio, by_cell, &selection, &shilling, &error));
    CHECK_INT(naira.outstanding.minor, 2100);
    CHECK_INT(shilling.outstanding.minor, 500);
    repay_portfolio_free(&portfolio);
}

static void leaves_loans_without_data_out_of_the_ratio(struct test_rows *rows)
{
    static const struct test_row listed[] = {
        {"X", 1, "2026-01-01", 800, 0, 0, 1, 0, 900, 0, NULL, NULL, "r", NULL, 0}};
    static const struct test_row undated[] = {
        {"Y", 1, NULL, 100, 0, 0, 100, 0, NONE, NONE, NULL, NULL, NULL, NULL, 0}};
    static const struct test_row no_parts[] = {
        {"Z", 1, "2026-01-01", NONE, NONE, 0, 100, 0, NONE, NONE, NULL, NULL, NULL, NULL, 0}};
    struct repay_summary by_cell[CELLS_MAX], summary;
    struct repay_cell_risk risks[CELLS_MAX], risk;
    struct repay_portfolio portfolio;
    struct repay_selection selection;
    struct repay_error error;

    repay_portfolio_init(&portfolio, &rows->memory.allocator, test_day("2026-03-01"));
    add(rows, &portfolio, &test_paid, a, TEST_COUNT(a), NULL);
    add(rows, &portfolio, &test_list, listed, 1, NULL);
    add(rows, &portfolio, &test_paid, undated, 1, NULL);
    add(rows, &portfolio, &test_paid, no_parts, 1, NULL);
    selection = all_of(&portfolio, "NGN");
    CHECK(repay_portfolio_risk(&portfolio, 30, risks, &error));
    CHECK(repay_risk_merge(&portfolio, risks, &selection, &risk, &error));
    CHECK_INT(risk.loans, 1);
    CHECK_INT(risk.principal, 1900);
    CHECK_INT(risk.at_risk, 1900);
    CHECK_INT(risk.missing_loans, 3);
    CHECK_INT(risk.missing_balance, 900 + 100 + 100);
    CHECK(repay_portfolio_summarize(&portfolio, by_cell, &error));
    CHECK(repay_summary_merge(&portfolio, by_cell, &selection, &summary, &error));
    CHECK_TEXT(summary.reason, "list_tells_nothing");
    CHECK_INT(summary.outstanding.missing_rows, 1);
    CHECK_INT(summary.outstanding.minor, 2300);
    CHECK_INT(summary.unknown_balance, 900);
    CHECK_INT(summary.principal.missing_rows, 2);
    CHECK_INT(summary.undated.minor, 100);
    repay_portfolio_free(&portfolio);
}

static void refuses_what_lua_cannot_hold(struct test_rows *rows)
{
    static struct test_row most[] = {{"M", 1, "2026-01-01", 1, 0, 0, REPAY_AMOUNT_MAX, 0, NONE,
                                      NONE, NULL, NULL, NULL, NULL, 0}};
    static struct test_row one[] = {
        {"N", 1, "2027-01-01", 1, 0, 0, 1, 0, NONE, NONE, NULL, NULL, NULL, NULL, 0}};
    struct repay_portfolio portfolio;
    struct repay_schedule schedule;
    struct repay_error error;

    repay_portfolio_init(&portfolio, &rows->memory.allocator, test_day("2026-03-01"));
    add(rows, &portfolio, &test_paid, most, 1, NULL);
    test_make(rows, &test_paid, one, 1, &schedule);
    CHECK(!repay_portfolio_add(&portfolio, &schedule, NULL, 0, &error));
    CHECK_INT(error.kind, REPAY_KIND_TOO_LARGE);
    CHECK_INT(portfolio.loan_count, 1);
    repay_schedule_free(&schedule);
    one[0].paid = 1; /* nothing outstanding; but total due would be one too many */
    test_make(rows, &test_paid, one, 1, &schedule);
    CHECK(!repay_portfolio_add(&portfolio, &schedule, NULL, 0, &error));
    CHECK_INT(error.kind, REPAY_KIND_TOO_LARGE);
    CHECK_INT(portfolio.loan_count, 1);
    repay_schedule_free(&schedule);
    memcpy(rows->facts.currency, "KES", 4);
    one[0].paid = 0;
    add(rows, &portfolio, &test_paid, one, 1, NULL);
    memcpy(rows->facts.currency, "NGN", 4);
    repay_portfolio_free(&portfolio);
}

static void keeps_ids_of_every_length(struct test_rows *rows)
{
    static const char *const ids[] = {"",
                                      "1",
                                      "sixteen-bytes-id",
                                      "seventeen-byte-id",
                                      "423e4567-e89b-12d3-a456-426614174003",
                                      "423E4567-E89B-12D3-A456-426614174003",
                                      "a rather long id that is not a UUID at all, no"};
    struct repay_portfolio portfolio;
    struct repay_schedule schedule;
    struct repay_error error;
    char room[40];

    repay_portfolio_init(&portfolio, &rows->memory.allocator, test_day("2026-03-01"));
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < TEST_COUNT(ids); i++) {
            struct test_row row = b[0];

            row.loan = ids[i][0] ? ids[i] : NULL;
            test_make(rows, &test_paid, &row, 1, &schedule);
            CHECK_INT(repay_portfolio_add(&portfolio, &schedule, NULL, 0, &error), round == 0);
            CHECK(round == 0 || error.kind == REPAY_KIND_DUPLICATE_LOAN);
            repay_schedule_free(&schedule);
        }
    }
    for (uint32_t i = 0; i < TEST_COUNT(ids); i++)
        CHECK_TEXT(repay_portfolio_loan_id(&portfolio, repay_portfolio_loan(&portfolio, i), room),
                   ids[i]);
    repay_portfolio_free(&portfolio);
}

static void sorts_and_joins_tags(struct test_rows *rows)
{
    struct repay_text tags[] = {REPAY_TEXT("b"), REPAY_TEXT("a"), REPAY_TEXT("b")};
    struct repay_text again[] = {REPAY_TEXT("a"), REPAY_TEXT("b")};
    struct repay_portfolio portfolio;
    struct repay_schedule schedule;
    struct repay_error error;

    repay_portfolio_init(&portfolio, &rows->memory.allocator, test_day("2026-03-01"));
    test_make(rows, &test_paid, b, 1, &schedule);
    CHECK(repay_portfolio_add(&portfolio, &schedule, tags, 3, &error));
    repay_schedule_free(&schedule);
    test_make(rows, &test_paid, c, 1, &schedule);
    CHECK(repay_portfolio_add(&portfolio, &schedule, again, 2, &error));
    repay_schedule_free(&schedule);
    CHECK_INT(portfolio.cell_count, 1);
    CHECK_INT(repay_portfolio_tag_count(&portfolio, &portfolio.cells[0]), 2);
    CHECK_TEXT(
        repay_names_text(&portfolio.names, repay_portfolio_tag(&portfolio, &portfolio.cells[0], 0)),
        "b");
    repay_portfolio_free(&portfolio);
}

/* Every measure against sums over the rows themselves. */
static void adds_up(struct test_rows *rows)
{
    static const int32_t ends[] = {30, 60, 90, 180};
    struct repay_portfolio portfolio;
    struct repay_summary by_cell[CELLS_MAX], summary;
    struct repay_selection selection;
    struct repay_ageing by_row, by_loan;
    struct repay_flow flows[40];
    struct repay_ages ages;
    struct repay_error error;
    bool selected[CELLS_MAX];
    int64_t outstanding = 0, overdue = 0, sum;

    CHECK(repay_ages_set(&ages, ends, 4, &error));
    repay_portfolio_init(&portfolio, &rows->memory.allocator, test_day("2026-02-10"));
    for (int loan = 0; loan < 3000; loan++) {
        static const char *const days[] = {"2024-02-29", "2026-01-31", "2026-02-28", NULL,
                                           "2025-12-31", "2026-02-09", "2026-02-10"};
        struct test_row list[6];
        uint32_t count = 1 + draw(6);
        char id[24];

        snprintf(id, sizeof id, "loan-%d", loan);
        for (uint32_t i = 0; i < count; i++) {
            draw_row(&list[i]);
            list[i].loan = id;
            list[i].due = PICK(days);
            list[i].principal = draw(2000);
            list[i].total = draw(2000);
            list[i].paid = draw(20) == 0 ? NONE : (int64_t)draw(1500);
            sum = list[i].paid == NONE ? 0 : list[i].total - list[i].paid;
            sum = sum > 0 ? sum : 0;
            outstanding += sum;
            if (list[i].due && test_day(list[i].due) < portfolio.as_of)
                overdue += sum;
        }
        add(rows, &portfolio, &test_paid, list, count, loan % 3 == 0 ? "third" : NULL);
    }
    CHECK_INT(portfolio.loan_count, 3000);
    selection = all_of(&portfolio, "NGN");
    CHECK(repay_portfolio_summarize(&portfolio, by_cell, &error));
    CHECK(repay_summary_merge(&portfolio, by_cell, &selection, &summary, &error));
    CHECK_INT(summary.outstanding.minor, outstanding);
    CHECK_INT(summary.overdue.minor, overdue);
    CHECK(summary.principal.minor <= outstanding);
    CHECK(summary.principal_low.minor <= summary.principal.minor);
    repay_portfolio_select(&portfolio, &selection, selected);
    repay_portfolio_ageing_rows(&portfolio, selected, &ages, &by_row);
    repay_portfolio_ageing_loans(&portfolio, selected, &ages, &by_loan);
    CHECK_INT(by_row.sum.minor, outstanding);
    CHECK_INT(by_loan.sum.minor, outstanding);
    CHECK_INT(by_row.buckets[6].outstanding, summary.undated.minor);
    for (int period = REPAY_PERIOD_DAY; period <= REPAY_PERIOD_MONTH; period++) {
        repay_portfolio_cash_flow(&portfolio, selected, (enum repay_period)period, 37, flows);
        sum = 0;
        for (int i = 0; i < 40; i++)
            sum += flows[i].outstanding;
        CHECK_INT(sum, outstanding);
        CHECK_INT(flows[0].outstanding, overdue);
        CHECK_INT(flows[39].outstanding, summary.undated.minor);
    }
    repay_portfolio_free(&portfolio);
}

static void keeps_few_bytes_a_loan(struct test_rows *rows)
{
    struct repay_portfolio portfolio;
    struct test_row row = b[0];
    char id[40];

    repay_portfolio_init(&portfolio, &rows->memory.allocator, test_day("2026-03-01"));
    for (unsigned loan = 0; loan < 30000; loan++) {
        snprintf(id, sizeof id, "%08x-e89b-12d3-a456-426614174003", loan);
        row.loan = id;
        add(rows, &portfolio, &test_paid, &row, 1, NULL);
    }
    CHECK(repay_portfolio_memory(&portfolio) <= 96 * (size_t)portfolio.loan_count);
    CHECK(repay_portfolio_memory(&portfolio) >= 72 * (size_t)portfolio.loan_count);
    repay_portfolio_free(&portfolio);
}

/* Whatever fails, a portfolio is as it was, and the same addition succeeds afterwards. */
static void survives_lack_of_memory(struct test_rows *rows)
{
    struct repay_portfolio portfolio;
    struct repay_schedule schedule;
    struct repay_summary by_cell[CELLS_MAX], summary;
    struct repay_selection selection;
    struct repay_error error;
    struct test_row list[40];
    struct repay_text tags[] = {REPAY_TEXT("one"), REPAY_TEXT("two")};
    bool done = false;

    for (size_t i = 0; i < TEST_COUNT(list); i++) {
        static const char *const ids[] = {"423e4567-e89b-12d3-a456-426614174003",
                                          "an id that is longer than sixteen bytes", "A1", "A2"};

        draw_row(&list[i]);
        list[i].loan = PICK(ids);
        list[i].total = 100;
        list[i].paid = draw(100);
    }
    repay_portfolio_init(&portfolio, &rows->memory.allocator, test_day("2026-03-01"));
    add(rows, &portfolio, &test_paid, b, TEST_COUNT(b), NULL);
    selection = all_of(&portfolio, "NGN");
    test_make(rows, &test_paid, list, TEST_COUNT(list), &schedule);
    for (unsigned long nth = 1; !done; nth++) {
        test_allocator_fail(&rows->memory, nth, false);
        done = repay_portfolio_add(&portfolio, &schedule, tags, 2, &error);
        CHECK(done || error.kind == REPAY_KIND_MEMORY);
        test_allocator_fail(&rows->memory, 0, false);
        CHECK(repay_portfolio_summarize(&portfolio, by_cell, &error));
        CHECK(repay_summary_merge(&portfolio, by_cell, &selection, &summary, &error));
        CHECK(done || (summary.outstanding.minor == 500 && summary.loans == 1));
        CHECK(done || portfolio.loan_count == 1);
    }
    CHECK(portfolio.loan_count > 1);
    repay_schedule_free(&schedule);
    repay_portfolio_free(&portfolio);
}

/* The table of loans grows several times; every loan that is held is found in it, and no other. */
static void finds_each_of_many_loans(struct test_rows *rows)
{
    enum { MANY = 3000 };
    static char ids[MANY][24];
    static struct test_row list[MANY];
    struct repay_portfolio portfolio;
    struct repay_schedule schedule;
    struct repay_error error;
    uint32_t held = 0;

    for (uint32_t i = 0; i < MANY; i++) {
        /* Some are longer than a record has room for. */
        (void)snprintf(ids[i], sizeof ids[i], i % 7 == 0 ? "a-loan-of-long-id-%u" : "L%u", i);
        list[i] = b[0];
        list[i].loan = ids[i];
    }
    repay_portfolio_init(&portfolio, &rows->memory.allocator, test_day("2026-03-01"));
    for (uint32_t part = 1; held < MANY; part = part * 3 / 2 + 1) {
        uint32_t count = part < MANY - held ? part : MANY - held;

        add(rows, &portfolio, &test_paid, list + held, count, NULL);
        held += count;
        CHECK_INT(portfolio.loan_count, held);
        CHECK(portfolio.loan_slot_count >= held + held / 4);
        for (uint32_t i = 0; i < held; i += 1 + held / 50) {
            test_make(rows, &test_paid, list + i, 1, &schedule);
            CHECK(!repay_portfolio_add(&portfolio, &schedule, NULL, 0, &error));
            CHECK_INT(error.kind, REPAY_KIND_DUPLICATE_LOAN);
            repay_schedule_free(&schedule);
        }
    }
    CHECK_INT(portfolio.loan_count, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        char room[40];

        CHECK_TEXT(repay_portfolio_loan_id(&portfolio, repay_portfolio_loan(&portfolio, i), room),
                   ids[i]);
    }
    repay_portfolio_free(&portfolio);
}

int main(void)
{
    struct test_rows rows;

    test_rows_init(&rows);
    sums_up_three_loans(&rows);
    orders_the_late_and_lays_out_cash(&rows);
    refuses_a_loan_twice_and_changes_nothing(&rows);
    never_adds_two_currencies(&rows);
    leaves_loans_without_data_out_of_the_ratio(&rows);
    refuses_what_lua_cannot_hold(&rows);
    keeps_ids_of_every_length(&rows);
    sorts_and_joins_tags(&rows);
    adds_up(&rows);
    keeps_few_bytes_a_loan(&rows);
    survives_lack_of_memory(&rows);
    finds_each_of_many_loans(&rows);
    test_rows_end(&rows);
    return CHECK_REPORT();
}
