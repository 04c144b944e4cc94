/*
 * Reading a schedule: figures by the layout's rules, facts, values, and what it costs to keep.
 */
#include "schedule.h"

#include "body_support.h"
#include "check.h"
#include "test_allocator.h"

static struct test_allocator test;
static struct reading reading;
static void *memory;
static struct repay_schedule large;

static const struct repay_schedule *schedule_of(const struct repay_shape *shape, const char *rows)
{
    char body[4096];
    size_t size;
    free(memory);
    repay_schedule_free(&large);
    (void)snprintf(body, sizeof body, "{\"data\":[%s]}", rows);
    CHECK(reading_pieces(&reading, shape, repay_text_of(body), 0));
    return reading_schedule(&reading, true, &memory, &size, &large);
}

struct figures {
    const char *row;
    int64_t total_due, paid, outstanding, overpaid;
    enum repay_status status;
};

#define NONE REPAY_AMOUNT_ABSENT

static void check_figures(const struct repay_shape *shape, const struct figures *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CHECK_CASE(rows[i].row);
        const struct repay_schedule *schedule = schedule_of(shape, rows[i].row);
        CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_TOTAL_DUE, 0), rows[i].total_due);
        CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_PAID, 0), rows[i].paid);
        CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_OUTSTANDING, 0),
                  rows[i].outstanding);
        CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_OVERPAID, 0), rows[i].overpaid);
        CHECK_INT(repay_schedule_status(schedule, 0), rows[i].status);
    }
    CHECK_CASE(NULL);
}

static void outstanding_is_total_less_paid(void)
{
    static const struct figures rows[] = {
        {"{\"totalDue\":10,\"paidAmount\":0,\"status\":\"UNPAID\"}", 1000, 0, 1000, 0,
         REPAY_STATUS_PENDING},
        {"{\"totalDue\":10,\"paidAmount\":4,\"status\":\"UNPAID\"}", 1000, 400, 600, 0,
         REPAY_STATUS_PARTIAL},
        {"{\"totalDue\":10,\"paidAmount\":10,\"status\":\"UNPAID\"}", 1000, 1000, 0, 0,
         REPAY_STATUS_PAID},
        {"{\"totalDue\":10,\"paidAmount\":12,\"status\":\"OVERDUE\"}", 1000, 1200, 0, 200,
         REPAY_STATUS_PAID},
        {"{\"totalDue\":10,\"paidAmount\":0,\"status\":\"OVERDUE\"}", 1000, 0, 1000, 0,
         REPAY_STATUS_OVERDUE},
        {"{\"totalDue\":0,\"paidAmount\":0,\"status\":\"odd\"}", 0, 0, 0, 0, REPAY_STATUS_UNKNOWN},
        {"{\"totalDue\":0,\"paidAmount\":0}", 0, 0, 0, 0, REPAY_STATUS_UNKNOWN},
        {"{\"principalDue\":7,\"interestDue\":2,\"paidAmount\":1}", 900, 100, 800, 0,
         REPAY_STATUS_PARTIAL},
        {"{\"principalDue\":7,\"paidAmount\":1,\"status\":\"PAID\"}", NONE, 100, NONE, NONE,
         REPAY_STATUS_PAID},
        {"{\"interestDue\":7,\"paidAmount\":1}", NONE, 100, NONE, NONE, REPAY_STATUS_UNKNOWN},
        {"{\"totalDue\":10,\"status\":\"partially-paid\"}", 1000, NONE, NONE, NONE,
         REPAY_STATUS_PARTIAL},
        {"{}", NONE, NONE, NONE, NONE, REPAY_STATUS_UNKNOWN},
        /* A sum that Lua could not hold is not known. */
        {"{\"principalDue\":90071992547409.91,\"interestDue\":0.01,\"paidAmount\":0}", NONE, 0,
         NONE, NONE, REPAY_STATUS_UNKNOWN},
        {"{\"totalDue\":-90071992547409.91,\"paidAmount\":1}", -9007199254740991, 100, NONE, NONE,
         REPAY_STATUS_UNKNOWN},
        {"{\"totalDue\":-5,\"paidAmount\":0}", -500, 0, 0, 500, REPAY_STATUS_UNKNOWN},
    };
    check_figures(&sample_inner, rows, SAMPLE_COUNT(rows));
}

static void paid_is_total_less_balance(void)
{
    static const struct figures rows[] = {
        {"{\"total_due\":10,\"balance\":4,\"status\":\"Active on Schedule\"}", 1000, 600, 400, NONE,
         REPAY_STATUS_PENDING},
        {"{\"total_due\":10,\"balance\":0,\"status\":\"paid\"}", 1000, 1000, 0, NONE,
         REPAY_STATUS_PAID},
        {"{\"total_due\":10,\"balance\":11,\"status\":\"Overdue\"}", 1000, NONE, 1100, NONE,
         REPAY_STATUS_OVERDUE},
        {"{\"principal_amount\":1,\"interest_amount\":1,\"balance\":2}", NONE, NONE, 200, NONE,
         REPAY_STATUS_UNKNOWN},
        {"{\"total_due\":10}", 1000, NONE, NONE, NONE, REPAY_STATUS_UNKNOWN},
    };
    check_figures(&sample_flat, rows, SAMPLE_COUNT(rows));
}

static void a_flag_may_be_all_that_is_told(void)
{
    static const struct figures rows[] = {
        {"{\"totalPayable\":10,\"loanAmountPaid\":true}", 1000, NONE, 0, NONE, REPAY_STATUS_PAID},
        {"{\"totalPayable\":10,\"loanAmountPaid\":false}", 1000, NONE, NONE, NONE,
         REPAY_STATUS_UNKNOWN},
        {"{\"totalPayable\":10}", 1000, NONE, NONE, NONE, REPAY_STATUS_UNKNOWN},
    };
    check_figures(&sample_wide, rows, SAMPLE_COUNT(rows));
}

static void a_layout_without_a_column_tells_nothing(void)
{
    const struct repay_schedule *schedule = schedule_of(&sample_wide, "{\"totalPayable\":1}");
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_PRINCIPAL, 0), NONE);
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_INTEREST, 0), NONE);
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_PENALTY, 0), NONE);
    schedule = schedule_of(&sample_flat, "{\"penalty_amount\":1,\"interest_amount\":2}");
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_PENALTY, 0), 100);
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_INTEREST, 0), 200);
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_PRINCIPAL, 0), NONE);
}

static void tells_loans_and_numbers(void)
{
    uint32_t loans[4];
    const struct repay_schedule *schedule = schedule_of(
        &sample_flat, "{\"loan_id\":7,\"month\":3},{\"loan_id\":\"8\"},{\"loan_id\":\"7\"},{}");
    repay_schedule_fill_loans(schedule, 0, 4, loans);
    CHECK(loans[0] != 0 && loans[1] != 0 && loans[0] != loans[1]);
    CHECK_INT(loans[2], loans[0]);
    CHECK_INT(loans[3], 0);
    CHECK_TEXT_IS(repay_schedule_loan_id(schedule, 1), "8");
    CHECK_TEXT_IS(repay_schedule_loan_id(schedule, 3), "");
    CHECK_INT(repay_schedule_number(schedule, 0), 3);
    CHECK_INT(repay_schedule_number(schedule, 1), REPAY_COUNT_ABSENT);
    CHECK_INT(repay_schedule_day(schedule, 0), REPAY_DAY_ABSENT);
    schedule = schedule_of(&sample_inner, "{},{\"dueDate\":\"1970-01-02\"}");
    CHECK_TEXT_IS(repay_schedule_loan_id(schedule, 1), "LOAN_ABC123");
    CHECK_INT(repay_schedule_number(schedule, 1), 2);
    CHECK_INT(repay_schedule_day(schedule, 1), 1);
    repay_schedule_fill_loans(schedule, 0, 2, loans);
    CHECK(loans[0] != 0 && loans[0] == loans[1]);
}

static void keeps_the_facts(void)
{
    for (unsigned form = 0; form < 2; form++) {
        struct repay_schedule_facts facts;
        size_t size;
        CHECK(reading_pieces(&reading, &sample_inner,
                             REPAY_TEXT("{\"data\":[{\"status\":\"sandbox\"}]}"), 0));
        free(memory);
        const struct repay_schedule *schedule =
            reading_schedule(&reading, form == 0, &memory, &size, &large);
        repay_schedule_facts_of(schedule, &facts);
        CHECK_BYTES(facts.subject, REPAY_TEXT("LOAN_ABC123"));
        CHECK_BYTES(facts.environment, REPAY_TEXT("sandbox"));
        CHECK_BYTES(facts.label, REPAY_TEXT(""));
        CHECK_INT(facts.fetched_at_unix_ms, 1700000000123);
        CHECK_TEXT(facts.currency, "NGN");
        CHECK_INT(facts.decimals, 2);
        CHECK_INT(facts.zone_minutes, 60);
        CHECK(facts.zone_known);
        repay_schedule_free(&large);
    }
}

static void an_empty_one_can_be_asked(void)
{
    struct repay_schedule empty;
    struct repay_schedule_facts facts;
    repay_schedule_init(&empty);
    repay_schedule_facts_of(&empty, &facts);
    CHECK_INT(facts.subject.length, 0);
    CHECK_INT(repay_schedule_memory(&empty), sizeof empty);
    CHECK_INT(repay_schedule_extra(&empty, 0).length, 0);
    repay_schedule_free(&empty);
    const struct repay_schedule *schedule = schedule_of(&sample_wide, "");
    CHECK_INT(schedule->rows, 0);
    repay_schedule_fill(schedule, REPAY_FIGURE_OUTSTANDING, 0, 0, NULL);
    CHECK_TEXT_IS(repay_schedule_text(schedule, schedule->subject), "LOAN_ABC123");
}

/* Chunks of any size from any row give what single rows give, over the borders of segments. */
static void fills_across_segments(void)
{
    size_t room = (size_t)1 << 20;
    char *body = malloc(room);
    if (!body)
        abort();
    int used = snprintf(body, room, "{\"data\":[");
    for (unsigned i = 0; i < 4000; i++)
        used += snprintf(body + used, room - (size_t)used,
                         "%s{\"totalDue\":%u,\"paidAmount\":%u,\"dueDate\":\"2025-01-%02u\","
                         "\"status\":\"%s\"}",
                         i > 0 ? "," : "", i, i % 7 == 0 ? i : 1, i % 28 + 1,
                         i % 3 == 0 ? "OVERDUE" : "UNPAID");
    used += snprintf(body + used, room - (size_t)used, "]}");
    CHECK(reading_pieces(&reading, &sample_inner, (struct repay_text){body, (size_t)used}, 16384));
    free(memory);
    size_t size;
    const struct repay_schedule *schedule =
        reading_schedule(&reading, true, &memory, &size, &large);
    CHECK(schedule->store != NULL);
    unsigned wrong = 0;
    for (uint32_t row = 0; row < 4000; row += 1 + row % 389) {
        uint32_t count = 4000 - row < REPAY_FILL_MAX ? 4000 - row : 1 + row % REPAY_FILL_MAX;
        int64_t amounts[REPAY_FILL_MAX];
        int32_t days[REPAY_FILL_MAX];
        uint8_t statuses[REPAY_FILL_MAX];
        repay_schedule_fill(schedule, REPAY_FIGURE_OUTSTANDING, row, count, amounts);
        repay_schedule_fill_days(schedule, row, count, days);
        repay_schedule_fill_statuses(schedule, row, count, statuses);
        for (uint32_t i = 0; i < count; i++) {
            int64_t number = row + i;
            int64_t paid = number % 7 == 0 ? number : 1;
            wrong += amounts[i] != (number > paid ? number - paid : 0) * 100;
            wrong += days[i] != 20089 + (int32_t)(number % 28);
            wrong += statuses[i] != repay_schedule_status(schedule, row + i);
        }
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(repay_schedule_status(schedule, 0), REPAY_STATUS_OVERDUE);
    CHECK_INT(repay_schedule_status(schedule, 1), REPAY_STATUS_PAID);
    CHECK_INT(repay_schedule_status(schedule, 3999), REPAY_STATUS_PARTIAL);
    repay_schedule_free(&large);
    free(body);
}

static void finds_extras(void)
{
    char rows[4096];
    int used = 0;
    for (unsigned i = 0; i < 60; i++)
        used += snprintf(rows + used, sizeof rows - (size_t)used, "%s{\"balance\":%u%s}",
                         i > 0 ? "," : "", i, i % 4 == 1 ? ",\"note\":\"late\"" : "");
    const struct repay_schedule *schedule = schedule_of(&sample_flat, rows);
    CHECK_INT(schedule->extra_count, 15);
    for (uint32_t i = 0; i < 60; i++)
        CHECK_TEXT_IS(repay_schedule_extra(schedule, i), i % 4 == 1 ? "\"note\":\"late\"" : "");
}

/* Six rows of each shape as they come, against the ceilings of the project less Lua's own header.
 */
static void a_small_loan_costs_little(void)
{
    char rows[8192] = "";
    size_t used = 0;
    for (unsigned i = 0; i < 6; i++)
        used += (size_t)snprintf(
            rows + used, sizeof rows - used,
            "%s{\"dueDate\":\"2025-%02u-15\",\"principalDue\":6666666,\"interestDue\":%u,"
            "\"totalDue\":%u,\"paidAmount\":0,\"status\":\"UNPAID\"}",
            i > 0 ? "," : "", i + 1, 533333 - i, 7199999 - i);
    CHECK(repay_schedule_memory(schedule_of(&sample_inner, rows)) <= 340);
    used = 0;
    for (unsigned i = 0; i < 6; i++)
        used += (size_t)snprintf(
            rows + used, sizeof rows - used,
            "%s{\"loan_id\":10101,\"repayment_date\":\"2020-07-%02u\",\"month\":%u,"
            "\"principal_amount\":500,\"interest_amount\":0,\"penalty_amount\":0,"
            "\"penalty_paid\":0,\"total_due\":500,\"total_outstanding\":%u,\"balance\":500,"
            "\"status\":\"Active on Schedule\"}",
            i > 0 ? "," : "", i + 1, i + 1, 2500 - i * 500);
    CHECK(repay_schedule_memory(schedule_of(&sample_flat, rows)) <= 500);
}

int main(void)
{
    test_allocator_init(&test);
    CHECK(reading_init(&reading, &test.allocator));
    outstanding_is_total_less_paid();
    paid_is_total_less_balance();
    a_flag_may_be_all_that_is_told();
    a_layout_without_a_column_tells_nothing();
    tells_loans_and_numbers();
    keeps_the_facts();
    an_empty_one_can_be_asked();
    fills_across_segments();
    finds_extras();
    a_small_loan_costs_little();
    free(memory);
    repay_schedule_free(&large);
    reading_free(&reading);
    test_allocator_end(&test);
    return CHECK_REPORT();
}
