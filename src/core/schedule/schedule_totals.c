/*
 * Passes over whole columns, chunk by chunk; schedule_totals.h says what the sums mean.
 */
#include "amounts.h"
#include "order.h"
#include "schedule_totals.h"

/* Adds rows of which every amount is plain and every day known; false when some are not. */
static bool add_plain_due(const struct repay_rows *rows, int32_t first, int32_t last,
                          struct repay_due *due)
{
    uint32_t span = (uint32_t)last - (uint32_t)first;
    uint64_t odd = 0, within = 0;
    uint32_t within_rows = 0;
    bool undated = false;

    for (uint32_t i = 0; i < rows->count; i++) {
        int64_t minor = rows->outstanding[i];
        int32_t day = rows->days[i];
        bool counts = (minor > 0) & ((uint32_t)day - (uint32_t)first <= span);

        odd |= repay_amount_oddity(minor);
        undated |= day == REPAY_DAY_ABSENT;
        within += (uint64_t)minor & -(uint64_t)counts;
        within_rows += counts;
    }
    if (odd != 0 || undated || last < first || !repay_money_add(&due->sum.minor, (int64_t)within))
        return false;
    due->sum.known_rows += within_rows;
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
static const int64_t *without_negative(const int64_t *values, uint32_t count, int64_t *room)
{
    int64_t least = 0;

    for (uint32_t i = 0; i < count; i++)
        least = values[i] < least ? values[i] : least;
    if (least == 0)
        return values;
    for (uint32_t i = 0; i < count; i++)
        room[i] = values[i] < 0 && values[i] != REPAY_AMOUNT_ABSENT ? 0 : values[i];
    return room;
}

/*
 * What was paid too much follows from the sums of this chunk where each row is either over or under
 * its total: outstanding - overpaid = total due - paid.
 */
static bool add_overpaid(const struct repay_schedule *schedule, const struct repay_totals *before,
                         struct repay_totals *totals, uint32_t count)
{
    static const enum repay_figure parts[] = {REPAY_FIGURE_PAID, REPAY_FIGURE_OUTSTANDING,
                                              REPAY_FIGURE_TOTAL_DUE};
    uint64_t sums[3]; /* each may be large where the excess is not */

    if (schedule->layout->paid_rule != REPAY_AMOUNT_GIVEN ||
        schedule->layout->outstanding_rule != REPAY_AMOUNT_TOTAL_MINUS_PAID)
        return false;
    for (int i = 0; i < 3; i++) {
        const struct repay_sum *now = &totals->figures[parts[i]];
        const struct repay_sum *then = &before->figures[parts[i]];

        if (now->known_rows - then->known_rows != count)
            return false;
        sums[i] = (uint64_t)now->minor - (uint64_t)then->minor;
    }
    totals->figures[REPAY_FIGURE_OVERPAID].known_rows += count;
    return repay_money_add(&totals->figures[REPAY_FIGURE_OVERPAID].minor,
                           (int64_t)(sums[0] + sums[1] - sums[2]));
}

static bool add_figures(const struct repay_schedule *schedule, const struct repay_rows *rows,
                        struct repay_totals *totals, struct repay_error *error)
{
    const struct repay_totals before = *totals;
    int64_t room[REPAY_MEASURE_ROWS];

    for (int i = 0; i < REPAY_FIGURE_COUNT; i++) {
        enum repay_figure figure = (enum repay_figure)i;
        struct repay_sum *sum = &totals->figures[figure];
        const int64_t *values;

        if (figure == REPAY_FIGURE_TOTAL_DUE && schedule->layout->total_due_reason) {
            sum->missing_rows += rows->count;
            continue;
        }
        /* What is outstanding may be known of some rows all the same: of those that are paid. */
        if (figure != REPAY_FIGURE_OUTSTANDING && !repay_figure_is_told(schedule->layout, figure)) {
            sum->missing_rows += rows->count;
            continue;
        }
        if (figure == REPAY_FIGURE_OVERPAID && add_overpaid(schedule, &before, totals, rows->count))
            continue;
        values = rows->outstanding;
        if (figure != REPAY_FIGURE_OUTSTANDING || schedule->layout->lateness_reason)
            values = repay_schedule_amounts(schedule, figure, rows->row, rows->count, room);
        if (figure == REPAY_FIGURE_OUTSTANDING)
            values = without_negative(values, rows->count, room);
        if (!repay_sum_column(sum, values, rows->count))
            return repay_sum_overflow(repay_figure_name(figure), error);
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
    repay_order(rows, earliest.count, is_earlier, schedule);
    *count = earliest.count;
}
