/*
 * Passes over whole columns, chunk by chunk; schedule_totals.h says what the sums mean.
 */
#include "schedule_totals.h"

#include "amounts.h"
#include "order.h"

/* Adds rows of which every amount is plain and every day known; false when some are not. */
static bool add_plain_due(const struct repay_rows *rows, int32_t first, int32_t last,
                          struct repay_due *due)
{
    struct repay_amounts_within within;

    if (last < first ||
        !repay_amounts_within(rows->outstanding, rows->days, rows->count, first, last, &within) ||
        !repay_money_add(&due->sum.minor, within.sum))
        return false;
    due->sum.known_rows += within.rows;
    return true;
}

static bool add_due(const struct repay_rows *rows, int32_t first, int32_t last,
                    struct repay_due *due)
{
    int64_t within = 0, undated = 0;
    uint32_t within_rows = 0, undated_rows = 0, missing = 0, missing_undated = 0;

    if (add_plain_due(rows, first, last, due))
        return true;
    for (uint32_t i = 0; i < rows->count; i++) {
        int64_t minor = rows->outstanding[i];
        int32_t day = rows->days[i];
        bool counts = minor > 0;
        bool dated = day != REPAY_DAY_ABSENT;
        bool in_span = dated & (day >= first) & (day <= last);

        within += (counts & in_span) ? minor : 0;
        within_rows += counts & in_span;
        undated += (counts & !dated) ? minor : 0;
        undated_rows += counts & !dated;
        missing += (minor == REPAY_AMOUNT_ABSENT) & in_span;
        missing_undated += (minor == REPAY_AMOUNT_ABSENT) & !dated;
    }
    due->sum.known_rows += within_rows;
    due->sum.missing_rows += missing + missing_undated;
    due->undated.known_rows += undated_rows;
    due->undated.missing_rows += missing_undated;
    return repay_money_add(&due->sum.minor, within) &&
           repay_money_add(&due->undated.minor, undated);
}

static bool check_due(const struct repay_due *due, const char *what, struct repay_error *error)
{
    return repay_sum_check(due->sum.minor, what, error) &&
           repay_sum_check(due->undated.minor, "what is outstanding without a due date", error);
}

bool repay_schedule_due(const struct repay_schedule *schedule, int32_t first, int32_t last,
                        struct repay_due *out, struct repay_error *error)
{
    static const char what[] = "what is outstanding in a span of days";
    struct repay_rows rows = {.row = 0};
    struct repay_due due = {.sum = {0}};

    while (repay_rows_next(schedule, &rows)) {
        if (!add_due(&rows, first, last, &due))
            return repay_sum_overflow(what, error);
    }
    if (!check_due(&due, what, error))
        return false;
    *out = due;
    return true;
}

/* Rows with nothing left do not count, and neither does a balance below zero. */
static bool add_outstanding(const int64_t *values, uint32_t count, struct repay_sum *sum)
{
    int64_t room[REPAY_MEASURE_ROWS];
    int64_t part;

    if (repay_amounts_sum(values, count, &part)) {
        sum->known_rows += count;
        return repay_money_add(&sum->minor, part);
    }
    for (uint32_t i = 0; i < count; i++)
        room[i] = values[i] < 0 && values[i] != REPAY_AMOUNT_ABSENT ? 0 : values[i];
    return repay_sum_column(sum, room, count);
}

/* The sums of one chunk while they are made: `before` is what stood there without it. */
struct chunk {
    const struct repay_schedule *schedule;
    const struct repay_rows *rows;
    const struct repay_totals *before;
    struct repay_totals *totals;
};

/* What this chunk added to a figure; false where some row of it is not known. */
static bool added(const struct chunk *chunk, enum repay_figure figure, uint64_t *minor)
{
    const struct repay_sum *now = &chunk->totals->figures[figure];
    const struct repay_sum *then = &chunk->before->figures[figure];

    *minor = (uint64_t)now->minor - (uint64_t)then->minor;
    return now->known_rows - then->known_rows == chunk->rows->count;
}

/* Whether no row of the chunk has more outstanding than was due, nor anything that is odd. */
static bool is_covered(const struct chunk *chunk)
{
    uint32_t row = chunk->rows->row, count = chunk->rows->count;
    const int64_t *total = repay_schedule_told(chunk->schedule, REPAY_FIGURE_TOTAL_DUE, row, count);
    const int64_t *left =
        repay_schedule_told(chunk->schedule, REPAY_FIGURE_OUTSTANDING, row, count);

    return total && left && repay_amounts_cover(total, left, count);
}

/*
 * Where each row is either over or under its total, the sums of a chunk do what those of each row
 * do: paid - overpaid = total due - outstanding. So the one of the two that is computed needs no
 * pass of its own. False when it does; `figure` is added after the others.
 */
static bool add_by_balance(const struct chunk *chunk, enum repay_figure figure)
{
    const struct repay_layout *layout = chunk->schedule->layout;
    struct repay_sum *sum = &chunk->totals->figures[figure];
    uint64_t total, left, paid = 0;

    if (!added(chunk, REPAY_FIGURE_TOTAL_DUE, &total) ||
        !added(chunk, REPAY_FIGURE_OUTSTANDING, &left))
        return false;
    if (figure == REPAY_FIGURE_PAID) {
        if (layout->paid_rule != REPAY_AMOUNT_TOTAL_MINUS_OUTSTANDING || !is_covered(chunk))
            return false;
    } else if (layout->outstanding_rule != REPAY_AMOUNT_TOTAL_MINUS_PAID ||
               !added(chunk, REPAY_FIGURE_PAID, &paid)) {
        return false;
    }
    sum->known_rows += chunk->rows->count;
    return repay_money_add(&sum->minor, figure == REPAY_FIGURE_PAID
                                            ? (int64_t)(total - left)
                                            : (int64_t)(paid + left - total));
}

static bool add_figure(const struct chunk *chunk, enum repay_figure figure)
{
    const struct repay_schedule *schedule = chunk->schedule;
    const struct repay_rows *rows = chunk->rows;
    struct repay_sum *sum = &chunk->totals->figures[figure];

    /* What is outstanding may be known of some rows all the same: of those that are paid. */
    bool told =
        figure == REPAY_FIGURE_OUTSTANDING || repay_figure_is_told(schedule->layout, figure);

    if (!told || (figure == REPAY_FIGURE_TOTAL_DUE && schedule->layout->total_due_reason)) {
        sum->missing_rows += rows->count;
        return true;
    }
    if (figure == REPAY_FIGURE_OUTSTANDING && !schedule->layout->lateness_reason)
        return add_outstanding(rows->outstanding, rows->count, sum);
    if (figure == REPAY_FIGURE_OUTSTANDING) {
        int64_t room[REPAY_MEASURE_ROWS];

        return add_outstanding(
            repay_schedule_amounts(schedule, figure, rows->row, rows->count, room), rows->count,
            sum);
    }
    if ((figure == REPAY_FIGURE_PAID || figure == REPAY_FIGURE_OVERPAID) &&
        add_by_balance(chunk, figure))
        return true;
    return repay_sum_figure(sum, schedule, figure, rows->row, rows->count);
}

static bool add_figures(const struct repay_schedule *schedule, const struct repay_rows *rows,
                        struct repay_totals *totals, struct repay_error *error)
{
    /* What follows from others comes after them. */
    static const enum repay_figure order[REPAY_FIGURE_COUNT] = {
        REPAY_FIGURE_PRINCIPAL, REPAY_FIGURE_INTEREST,    REPAY_FIGURE_PENALTY,
        REPAY_FIGURE_TOTAL_DUE, REPAY_FIGURE_OUTSTANDING, REPAY_FIGURE_PAID,
        REPAY_FIGURE_OVERPAID,
    };
    const struct repay_totals before = *totals;
    const struct chunk chunk = {schedule, rows, &before, totals};

    for (int i = 0; i < REPAY_FIGURE_COUNT; i++) {
        if (!add_figure(&chunk, order[i]))
            return repay_sum_overflow(repay_figure_name(order[i]), error);
    }
    return true;
}

bool repay_schedule_totals(const struct repay_schedule *schedule, int32_t as_of,
                           struct repay_totals *out, struct repay_error *error)
{
    struct repay_rows rows = {.row = 0};
    struct repay_totals totals = {.rows = schedule->rows};

    while (repay_rows_next(schedule, &rows)) {
        if (!add_figures(schedule, &rows, &totals, error))
            return false;
        if (!add_due(&rows, REPAY_DAY_ABSENT + 1, as_of - 1, &totals.overdue))
            return repay_sum_overflow("what is overdue", error);
    }
    for (int figure = 0; figure < REPAY_FIGURE_COUNT; figure++) {
        if (!repay_sum_check(totals.figures[figure].minor,
                             repay_figure_name((enum repay_figure)figure), error))
            return false;
    }
    if (!check_due(&totals.overdue, "what is overdue", error))
        return false;
    *out = totals;
    return true;
}

int32_t repay_schedule_earliest(const struct repay_schedule *schedule, int32_t first, int32_t last)
{
    struct repay_rows rows = {.row = 0};
    int32_t earliest = REPAY_DAY_ABSENT;

    while (first <= last && repay_rows_next_days(schedule, &rows)) {
        /* Soon no chunk has an earlier day, and its amounts are not looked at. */
        if (!repay_days_any_within(rows.days, rows.count, first, last))
            continue;
        repay_rows_take_outstanding(schedule, &rows);
        for (uint32_t i = 0; i < rows.count; i++) {
            if (rows.outstanding[i] <= 0 || rows.days[i] < first || rows.days[i] > last)
                continue;
            earliest = rows.days[i];
            last = earliest - 1;
        }
    }
    return earliest;
}

bool repay_schedule_next_due(const struct repay_schedule *schedule, int32_t as_of,
                             struct repay_next_due *out, struct repay_error *error)
{
    struct repay_next_due next = {.day = repay_schedule_earliest(schedule, as_of, INT32_MAX)};

    /* All that is known to be due from as_of to that day is due on that day. */
    if (!repay_schedule_due(schedule, as_of, next.day == REPAY_DAY_ABSENT ? INT32_MAX : next.day,
                            &next.due, error))
        return false;
    *out = next;
    return true;
}

void repay_schedule_due_rows(const struct repay_schedule *schedule, int32_t first, int32_t last,
                             uint32_t *rows, uint32_t room, uint32_t *count)
{
    struct repay_rows chunk = {.row = 0};
    struct repay_first earliest = {
        .items = rows, .room = room, .before = repay_is_due_before, .context = schedule};

    /* Once the room is full, no row later than the latest in it is even offered. */
    while (room > 0 && repay_rows_next(schedule, &chunk)) {
        for (uint32_t i = 0; i < chunk.count; i++) {
            int32_t day = chunk.days[i];

            if (day > last || day < first || day == REPAY_DAY_ABSENT || chunk.outstanding[i] <= 0)
                continue;
            repay_first_offer(&earliest, chunk.row + i);
            if (earliest.count == room)
                last = repay_schedule_day(schedule, rows[0]);
        }
    }
    repay_order(rows, earliest.count, repay_is_due_before, schedule);
    *count = earliest.count;
}
