/*
 * Lays an amount on rows; schedule_allocate.h. What a row was paid before is laid on its parts in
 * the same order first (its penalty as the provider says, where it does), so that what remains of
 * each part is known.
 */
#include "schedule_allocate.h"

#include "array.h"
#include "measure.h"
#include "order.h"

static const char *const part_names[REPAY_PART_COUNT] = {
    [REPAY_PART_PENALTY] = "penalty",
    [REPAY_PART_INTEREST] = "interest",
    [REPAY_PART_PRINCIPAL] = "principal",
};

enum repay_part repay_part_from_name(struct repay_text name)
{
    int part = 0;

    while (part < REPAY_PART_COUNT && !repay_text_is(name, part_names[part]))
        part++;
    return (enum repay_part)part;
}

const char *repay_part_name(enum repay_part part)
{
    return part_names[part];
}

void repay_allocation_init(struct repay_allocation *allocation,
                           const struct repay_allocator *allocator)
{
    *allocation = (struct repay_allocation){.allocator = allocator};
}

void repay_allocation_free(struct repay_allocation *allocation)
{
    repay_release(allocation->allocator, allocation->rows,
                  allocation->room * sizeof *allocation->rows);
    repay_allocation_init(allocation, allocation->allocator);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What a row is made of: false when a part is not known, or below zero. */
static bool parts_of(const struct repay_schedule *schedule, uint32_t row,
                     int64_t parts[REPAY_PART_COUNT])
{
    int64_t penalty;

    parts[REPAY_PART_PENALTY] = *repay_penalties(schedule, row, 1, &penalty);
    parts[REPAY_PART_INTEREST] = repay_schedule_figure(schedule, REPAY_FIGURE_INTEREST, row);
    parts[REPAY_PART_PRINCIPAL] = repay_schedule_figure(schedule, REPAY_FIGURE_PRINCIPAL, row);
    /* REPAY_AMOUNT_ABSENT is below zero too. */
    return parts[0] >= 0 && parts[1] >= 0 && parts[2] >= 0;
}

/* Takes what was paid before out of the parts. False when that is not known. */
static bool take_paid(const struct repay_schedule *schedule, uint32_t row, int64_t outstanding,
                      const enum repay_part *order, int64_t parts[REPAY_PART_COUNT])
{
    int64_t paid = repay_schedule_figure(schedule, REPAY_FIGURE_PAID, row);
    int64_t penalty_paid = repay_schedule_given(schedule, REPAY_ROLE_PENALTY_PAID, row);
    bool penalty_told = penalty_paid >= 0;

    /* Where all of the row is outstanding, nothing was paid, told or not. */
    if (paid == REPAY_AMOUNT_ABSENT && parts[0] + parts[1] + parts[2] == outstanding)
        paid = 0;
    if (paid < 0)
        return false;
    if (penalty_told) {
        parts[REPAY_PART_PENALTY] -= smaller(penalty_paid, parts[REPAY_PART_PENALTY]);
        paid -= smaller(penalty_paid, paid);
    }
    for (int i = 0; i < REPAY_PART_COUNT; i++) {
        int64_t taken = smaller(paid, parts[order[i]]);

        if (order[i] == REPAY_PART_PENALTY && penalty_told)
            continue;
        parts[order[i]] -= taken;
        paid -= taken;
    }
    return true;
}

static void settle_row(const struct repay_schedule *schedule,
                       const struct repay_allocate_options *options, uint32_t row, int64_t amount,
                       struct repay_allocated_row *out)
{
    int64_t parts[REPAY_PART_COUNT];
    int64_t left;

    *out = (struct repay_allocated_row){.row = row};
    out->outstanding = repay_schedule_figure(schedule, REPAY_FIGURE_OUTSTANDING, row);
    out->settled = smaller(amount, out->outstanding);
    left = out->settled;
    if (parts_of(schedule, row, parts) &&
        take_paid(schedule, row, out->outstanding, options->order, parts)) {
        for (int i = 0; i < REPAY_PART_COUNT; i++) {
            enum repay_part part = options->order[i];

            out->parts[part] = smaller(left, parts[part]);
            left -= out->parts[part];
        }
    }
    out->unsplit = left;
}

/* The loan that is meant, as a code of the schedule; nothing else is returned in `code`. */
static bool choose_loan(const struct repay_schedule *schedule, struct repay_text loan_id,
                        uint32_t *code, struct repay_error *error)
{
    uint32_t codes[REPAY_MEASURE_ROWS];
    bool found = false;

    for (uint32_t row = 0; row < schedule->rows; row += REPAY_MEASURE_ROWS) {
        uint32_t left = schedule->rows - row;
        uint32_t count = left < REPAY_MEASURE_ROWS ? left : REPAY_MEASURE_ROWS;

        repay_schedule_fill_loans(schedule, row, count, codes);
        for (uint32_t i = 0; i < count; i++) {
            if (found && codes[i] == *code)
                continue;
            if (loan_id.data &&
                !repay_text_equal(repay_schedule_loan_id(schedule, row + i), loan_id))
                continue;
            if (found)
                return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                                       "the schedule has more than one loan: say which in loan_id");
            found = true;
            *code = codes[i];
        }
    }
    if (found || (schedule->rows == 0 && !loan_id.data))
        return true;
    return repay_error_set(error, REPAY_KIND_NOT_FOUND, "the schedule has no loan %.*s",
                           (int)loan_id.length, loan_id.data ? loan_id.data : "");
}

/* Lists the rows of the loan with something outstanding; false when one of its rows is unknown. */
static bool list_rows(const struct repay_schedule *schedule, uint32_t code, uint32_t *list,
                      uint32_t *count, const char **reason, struct repay_error *error)
{
    struct repay_rows rows = {.row = 0};

    while (repay_rows_next(schedule, &rows)) {
        uint32_t codes[REPAY_MEASURE_ROWS];

        repay_schedule_fill_loans(schedule, rows.row, rows.count, codes);
        for (uint32_t i = 0; i < rows.count; i++) {
            if (codes[i] != code)
                continue;
            if (rows.outstanding[i] == REPAY_AMOUNT_ABSENT) {
                *reason = repay_lateness_reason(schedule->layout);
                return repay_error_set(error, REPAY_KIND_UNSUPPORTED,
                                       "row %lld: what is outstanding is not known (%s)",
                                       (long long)rows.row + i + 1, *reason);
            }
            if (rows.outstanding[i] > 0)
                list[(*count)++] = rows.row + i;
        }
    }
    return true;
}

static bool add_row(struct repay_allocation *out, const struct repay_allocated_row *row)
{
    if (!repay_array_make_room(out->allocator, &out->rows, sizeof *out->rows, out->count,
                               &out->room))
        return false;
    out->rows[out->count++] = *row;
    /* Each is a share of the amount, so no sum leaves its range. */
    out->settled += row->settled;
    out->unsplit += row->unsplit;
    for (int part = 0; part < REPAY_PART_COUNT; part++)
        out->parts[part] += row->parts[part];
    return true;
}

static bool settle_rows(const struct repay_schedule *schedule,
                        const struct repay_allocate_options *options, uint32_t *list,
                        uint32_t count, struct repay_allocation *out)
{
    int64_t left = options->amount;

    repay_order(list, count, repay_is_due_before, schedule);
    for (uint32_t i = 0; i < count && left > 0; i++) {
        struct repay_allocated_row row;

        settle_row(schedule, options, list[i], left, &row);
        left -= row.settled;
        if (!add_row(out, &row))
            return false;
    }
    out->left_over = left;
    return true;
}

bool repay_schedule_allocate(const struct repay_schedule *schedule,
                             const struct repay_allocate_options *options,
                             struct repay_allocation *out, struct repay_error *error)
{
    const struct repay_allocator *allocator = out->allocator;
    size_t size = (schedule->rows + (size_t)1) * sizeof(uint32_t);
    uint32_t code = 0, count = 0;
    const char *reason = NULL;
    uint32_t *list;
    bool done;

    repay_allocation_free(out);
    if (!choose_loan(schedule, options->loan_id, &code, error))
        return false;
    list = repay_allocate(allocator, size);
    if (!list)
        return repay_error_set(error, REPAY_KIND_MEMORY, "no memory to order the installments");
    done = list_rows(schedule, code, list, &count, &reason, error);
    if (done && !settle_rows(schedule, options, list, count, out))
        done = repay_error_set(error, REPAY_KIND_MEMORY, "no memory for the allocation");
    if (!done) {
        repay_allocation_free(out);
        out->reason = reason;
    }
    repay_release(allocator, list, size);
    return done;
}
