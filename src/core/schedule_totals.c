/*
 * Passes over whole columns, chunk by chunk; schedule_totals.h says what the sums mean.
 */
#include "order.h"
#include "schedule_totals.h"

/* An undated row compares as earlier than every day, which the callers of this undo. */
static bool add_due(const struct repay_rows *rows, int32_t first, int32_t last,
                    struct repay_due *due)
{
    int64_t within = 0, undated = 0;
    uint32_t within_rows = 0, undated_rows = 0, missing = 0, missing_undated = 0;

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
static void forget_negative(int64_t *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] < 0 && values[i] != REPAY_AMOUNT_ABSENT)
            values[i] = 0;
    }
}

static bool add_figures(const struct repay_schedule *schedule, const struct repay_rows *rows,
                        struct repay_totals *totals, struct repay_error *error)
{
    int64_t values[REPAY_MEASURE_ROWS];

    for (int figure = 0; figure < REPAY_FIGURE_COUNT; figure++) {
        if (figure == REPAY_FIGURE_TOTAL_DUE && schedule->layout->total_due_reason) {
            totals->figures[figure].missing_rows += rows->count;
            continue;
        }
        repay_schedule_fill(schedule, (enum repay_figure)figure, rows->row, rows->count, values);
        if (figure == REPAY_FIGURE_OUTSTANDING)
            forget_negative(values, rows->count);
        if (!repay_sum_column(&totals->figures[figure], values, rows->count))
            return repay_sum_overflow(repay_figure_name((enum repay_figure)figure), error);
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

bool repay_schedule_next_due(const struct repay_schedule *schedule, int32_t as_of,
                             struct repay_next_due *out, struct repay_error *error)
{
    struct repay_rows rows = {.row = 0};
    struct repay_next_due next = {.day = REPAY_DAY_ABSENT};

    while (repay_rows_next(schedule, &rows)) {
        for (uint32_t i = 0; i < rows.count; i++) {
            int32_t day = rows.days[i];

            if (rows.outstanding[i] > 0 && day >= as_of &&
                (next.day == REPAY_DAY_ABSENT || day < next.day))
                next.day = day;
        }
    }
    /* All that is known to be due from as_of to that day is due on that day. */
    if (!repay_schedule_due(schedule, as_of, next.day == REPAY_DAY_ABSENT ? INT32_MAX : next.day,
                            &next.due, error))
        return false;
    *out = next;
    return true;
}

static bool is_earlier(const void *context, uint32_t a, uint32_t b)
{
    const struct repay_schedule *schedule = context;
    int32_t days[2], numbers[2];

    repay_schedule_fill_days(schedule, a, 1, &days[0]);
    repay_schedule_fill_days(schedule, b, 1, &days[1]);
    if (days[0] != days[1])
        return days[0] < days[1];
    numbers[0] = repay_schedule_number(schedule, a);
    numbers[1] = repay_schedule_number(schedule, b);
    return numbers[0] != numbers[1] ? numbers[0] < numbers[1] : a < b;
}

void repay_schedule_due_rows(const struct repay_schedule *schedule, int32_t first, int32_t last,
                             uint32_t *rows, uint32_t room, uint32_t *count)
{
    struct repay_rows chunk = {.row = 0};
    struct repay_first earliest = {
        .items = rows, .room = room, .before = is_earlier, .context = schedule};

    while (repay_rows_next(schedule, &chunk)) {
        for (uint32_t i = 0; i < chunk.count; i++) {
            int32_t day = chunk.days[i];

            if (chunk.outstanding[i] > 0 && day != REPAY_DAY_ABSENT && day >= first && day <= last)
                repay_first_offer(&earliest, chunk.row + i);
        }
    }
    repay_order(rows, earliest.count, is_earlier, schedule);
    *count = earliest.count;
}
