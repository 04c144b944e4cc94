/*
 * The rules that compare rows of one loan with each other: numbers, due dates, running balances.
 *
 * Rows are compared in the order of their numbers, whatever order they came in; rows without a
 * number keep theirs.
 */
#include "schedule_check_inner.h"

#include "order.h"

struct sequence {
    struct repay_check *check;
    const struct repay_schedule *schedule;
    const struct repay_allocator *allocator;
    uint32_t *rows;  /* every row, by loan, then number, then position */
    uint32_t *loans; /* parallel to the schedule's rows */
    int32_t *numbers;
};

static bool is_before(const void *context, uint32_t a, uint32_t b)
{
    const struct sequence *sequence = context;

    if (sequence->loans[a] != sequence->loans[b])
        return sequence->loans[a] < sequence->loans[b];
    if (sequence->numbers[a] != sequence->numbers[b])
        return sequence->numbers[a] < sequence->numbers[b];
    return a < b;
}

static bool is_sorted(const struct sequence *sequence)
{
    for (uint32_t row = 1; row < sequence->schedule->rows; row++) {
        if (is_before(sequence, row, row - 1))
            return false;
    }
    return true;
}

static bool begin(struct sequence *sequence, struct repay_error *error)
{
    uint32_t count = sequence->schedule->rows;

    sequence->rows = repay_allocate(sequence->allocator, count * sizeof *sequence->rows);
    sequence->loans = repay_allocate(sequence->allocator, count * sizeof *sequence->loans);
    sequence->numbers = repay_allocate(sequence->allocator, count * sizeof *sequence->numbers);
    if (!sequence->rows || !sequence->loans || !sequence->numbers)
        return repay_error_set(error, REPAY_KIND_MEMORY, "no memory to compare the rows");
    for (uint32_t row = 0; row < count; row++) {
        sequence->rows[row] = row;
        repay_schedule_fill_loans(sequence->schedule, row, 1, &sequence->loans[row]);
        sequence->numbers[row] = repay_schedule_number(sequence->schedule, row);
    }
    if (!is_sorted(sequence))
        repay_order(sequence->rows, count, is_before, sequence);
    return true;
}

static void end(struct sequence *sequence)
{
    uint32_t count = sequence->schedule->rows;

    repay_release(sequence->allocator, sequence->rows, count * sizeof *sequence->rows);
    repay_release(sequence->allocator, sequence->loans, count * sizeof *sequence->loans);
    repay_release(sequence->allocator, sequence->numbers, count * sizeof *sequence->numbers);
}

static void find(const struct sequence *sequence, struct repay_finding finding, uint32_t row,
                 uint32_t with_row)
{
    finding.row = row;
    finding.with_row = with_row;
    repay_check_add(sequence->check, &finding);
}

/* Where rows may be payments instead of installments, two of one number are no contradiction. */
static void judge_numbers(const struct sequence *sequence, uint32_t before, uint32_t row)
{
    if (sequence->schedule->layout->number_is_position ||
        sequence->numbers[row] == REPAY_COUNT_ABSENT)
        return;
    repay_check_tried(sequence->check, REPAY_RULE_NUMBERS_ARE_UNIQUE);
    if (sequence->numbers[row] == sequence->numbers[before]) {
        find(sequence,
             (struct repay_finding){.rule = REPAY_RULE_NUMBERS_ARE_UNIQUE,
                                    .is_error = !sequence->schedule->layout->lateness_reason,
                                    .expected = sequence->numbers[before],
                                    .found = sequence->numbers[row]},
             row, before);
    }
}

static void judge_days(const struct sequence *sequence, uint32_t before, uint32_t row)
{
    struct repay_finding finding = {.expected = repay_schedule_day(sequence->schedule, before),
                                    .found = repay_schedule_day(sequence->schedule, row)};

    if (finding.expected == REPAY_DAY_ABSENT || finding.found == REPAY_DAY_ABSENT)
        return;
    repay_check_tried(sequence->check, REPAY_RULE_DUE_DATES_ASCEND);
    repay_check_tried(sequence->check, REPAY_RULE_DUE_DATES_DIFFER);
    if (finding.found < finding.expected) {
        finding.rule = REPAY_RULE_DUE_DATES_ASCEND;
        finding.is_error = !sequence->schedule->layout->lateness_reason;
        find(sequence, finding, row, before);
    } else if (finding.found == finding.expected) {
        finding.rule = REPAY_RULE_DUE_DATES_DIFFER;
        find(sequence, finding, row, before);
    }
}

/*
 * What remains after a row is what remained before it less the row. Whether the row counts with its
 * total or with what is still outstanding of it is not documented, so either will do; a balance
 * that grows agrees with nothing.
 */
static void judge_remaining(const struct sequence *sequence, uint32_t before, uint32_t row)
{
    int64_t was = repay_schedule_given(sequence->schedule, REPAY_ROLE_REMAINING, before);
    int64_t is = repay_schedule_given(sequence->schedule, REPAY_ROLE_REMAINING, row);
    int64_t total = repay_schedule_figure(sequence->schedule, REPAY_FIGURE_TOTAL_DUE, row);
    int64_t open = repay_schedule_figure(sequence->schedule, REPAY_FIGURE_OUTSTANDING, row);

    if (was == REPAY_AMOUNT_ABSENT || is == REPAY_AMOUNT_ABSENT || total == REPAY_AMOUNT_ABSENT)
        return;
    repay_check_tried(sequence->check, REPAY_RULE_REMAINING_RUNS_DOWN);
    if (is == was - total || (open != REPAY_AMOUNT_ABSENT && is == was - open))
        return;
    find(sequence,
         (struct repay_finding){.rule = REPAY_RULE_REMAINING_RUNS_DOWN,
                                .is_error = is > was,
                                .expected = was - total,
                                .found = is},
         row, before);
}

/* Of one loan: its first row and what remains after it, against what its rows have outstanding. */
static void judge_whole(const struct sequence *sequence, uint32_t from, uint32_t to)
{
    uint32_t first = sequence->rows[from];
    int64_t remaining = repay_schedule_given(sequence->schedule, REPAY_ROLE_REMAINING, first);
    int64_t total = repay_schedule_figure(sequence->schedule, REPAY_FIGURE_TOTAL_DUE, first);
    int64_t sum = 0;

    if (remaining == REPAY_AMOUNT_ABSENT || total == REPAY_AMOUNT_ABSENT)
        return;
    for (uint32_t i = from; i < to; i++) {
        int64_t open =
            repay_schedule_figure(sequence->schedule, REPAY_FIGURE_OUTSTANDING, sequence->rows[i]);

        if (open == REPAY_AMOUNT_ABSENT || !repay_money_add(&sum, open))
            return;
    }
    repay_check_tried(sequence->check, REPAY_RULE_REMAINING_FITS_OUTSTANDING);
    if (sum != remaining + total) {
        find(sequence,
             (struct repay_finding){.rule = REPAY_RULE_REMAINING_FITS_OUTSTANDING,
                                    .expected = remaining + total,
                                    .found = sum},
             first, REPAY_NO_ROW);
    }
}

static void judge_loan_column(const struct sequence *sequence, enum repay_role role,
                              uint32_t before, uint32_t row)
{
    int64_t was = repay_schedule_given(sequence->schedule, role, before);
    int64_t is = repay_schedule_given(sequence->schedule, role, row);

    if (was == REPAY_AMOUNT_ABSENT || is == REPAY_AMOUNT_ABSENT)
        return;
    repay_check_tried(sequence->check, REPAY_RULE_LOAN_BALANCES_AGREE);
    if (was != is) {
        find(sequence,
             (struct repay_finding){.rule = REPAY_RULE_LOAN_BALANCES_AGREE,
                                    .field = repay_layout_role(sequence->schedule->layout, role),
                                    .expected = was,
                                    .found = is},
             row, before);
    }
}

static void judge_loan(const struct sequence *sequence, uint32_t from, uint32_t to)
{
    for (uint32_t i = from + 1; i < to; i++) {
        uint32_t before = sequence->rows[i - 1];
        uint32_t row = sequence->rows[i];

        judge_numbers(sequence, before, row);
        judge_days(sequence, before, row);
        judge_remaining(sequence, before, row);
        judge_loan_column(sequence, REPAY_ROLE_LOAN_PRINCIPAL, before, row);
        judge_loan_column(sequence, REPAY_ROLE_LOAN_BALANCE, before, row);
    }
    judge_whole(sequence, from, to);
}

bool repay_check_loans(struct repay_check *check, const struct repay_schedule *schedule,
                       struct repay_error *error)
{
    struct sequence sequence = {
        .check = check, .schedule = schedule, .allocator = check->allocator};
    uint32_t from = 0;
    bool begun;

    if (schedule->rows == 0)
        return true;
    begun = begin(&sequence, error);
    for (uint32_t i = 1; begun && i <= schedule->rows; i++) {
        if (i < schedule->rows &&
            sequence.loans[sequence.rows[i]] == sequence.loans[sequence.rows[from]])
            continue;
        judge_loan(&sequence, from, i);
        from = i;
    }
    end(&sequence);
    return begun;
}
