/*
 * Sums, ratios and reasons that every measure shares; measure.h says what they mean.
 */
#include "measure.h"

#include "amounts.h"

bool repay_sum_column(struct repay_sum *sum, const int64_t *values, uint32_t count)
{
    int64_t part = 0;
    uint32_t missing = 0;

    if (repay_amounts_sum(values, count, &part)) {
        sum->known_rows += count;
        return repay_money_add(&sum->minor, part);
    }
    part = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool absent = values[i] == REPAY_AMOUNT_ABSENT;

        part += absent ? 0 : values[i];
        missing += absent;
    }
    if (!repay_money_add(&sum->minor, part))
        return false;
    sum->known_rows += count - missing;
    sum->missing_rows += missing;
    return true;
}

bool repay_sum_figure(struct repay_sum *sum, const struct repay_schedule *schedule,
                      enum repay_figure figure, uint32_t row, uint32_t count)
{
    const int64_t *told = repay_schedule_told(schedule, figure, row, count);
    int64_t room[REPAY_MEASURE_ROWS];
    int64_t part;

    /* Asked first, because a total that may follow from the parts is looked through twice else. */
    if (told && repay_amounts_sum(told, count, &part)) {
        sum->known_rows += count;
        return repay_money_add(&sum->minor, part);
    }
    return repay_sum_column(sum, repay_schedule_amounts(schedule, figure, row, count, room), count);
}

bool repay_sum_add(struct repay_sum *sum, const struct repay_sum *other)
{
    if (!repay_money_add(&sum->minor, other->minor))
        return false;
    sum->known_rows += other->known_rows;
    sum->missing_rows += other->missing_rows;
    return true;
}

bool repay_sum_overflow(const char *what, struct repay_error *error)
{
    return repay_error_set(
        error, REPAY_KIND_TOO_LARGE,
        "the sum of %s is beyond 2^53 - 1 minor units and cannot be given exactly", what);
}

bool repay_sum_check(int64_t minor, const char *what, struct repay_error *error)
{
    return repay_money_in_range(minor) || repay_sum_overflow(what, error);
}

const char *repay_figure_name(enum repay_figure figure)
{
    static const char *const names[REPAY_FIGURE_COUNT] = {
        [REPAY_FIGURE_PRINCIPAL] = "principal_minor",
        [REPAY_FIGURE_INTEREST] = "interest_minor",
        [REPAY_FIGURE_PENALTY] = "penalty_minor",
        [REPAY_FIGURE_TOTAL_DUE] = "total_due_minor",
        [REPAY_FIGURE_PAID] = "paid_minor",
        [REPAY_FIGURE_OUTSTANDING] = "outstanding_minor",
        [REPAY_FIGURE_OVERPAID] = "overpaid_minor",
    };

    return names[figure];
}

bool repay_figure_is_told(const struct repay_layout *layout, enum repay_figure figure)
{
    switch (figure) {
    case REPAY_FIGURE_PRINCIPAL:
        return repay_layout_role(layout, REPAY_ROLE_PRINCIPAL) != NULL;
    case REPAY_FIGURE_INTEREST:
        return repay_layout_role(layout, REPAY_ROLE_INTEREST) != NULL;
    case REPAY_FIGURE_PENALTY:
        return repay_layout_role(layout, REPAY_ROLE_PENALTY) != NULL;
    case REPAY_FIGURE_TOTAL_DUE:
        return layout->total_due_rule != REPAY_AMOUNT_NOT_TOLD;
    case REPAY_FIGURE_PAID:
        return layout->paid_rule != REPAY_AMOUNT_NOT_TOLD;
    case REPAY_FIGURE_OUTSTANDING:
        return layout->outstanding_rule == REPAY_AMOUNT_GIVEN ||
               layout->outstanding_rule == REPAY_AMOUNT_TOTAL_MINUS_PAID;
    case REPAY_FIGURE_OVERPAID:
    case REPAY_FIGURE_COUNT:
        break;
    }
    /* A paid amount that we compute ourselves is never above what was due. */
    return layout->paid_rule == REPAY_AMOUNT_GIVEN;
}

const char *repay_figure_reason(const struct repay_layout *layout, enum repay_figure figure)
{
    const char *reason = NULL;

    /* Rows may tell a total due that is none of the row's own, so that adding them up is wrong. */
    if (figure == REPAY_FIGURE_TOTAL_DUE && layout->total_due_reason)
        return layout->total_due_reason;
    if (repay_figure_is_told(layout, figure))
        return REPAY_REASON_UNKNOWN_ROWS;
    if (figure == REPAY_FIGURE_PAID || figure == REPAY_FIGURE_OUTSTANDING ||
        figure == REPAY_FIGURE_OVERPAID)
        reason = layout->unknown_reason;
    return reason ? reason : REPAY_REASON_NOT_TOLD;
}

const char *repay_lateness_reason(const struct repay_layout *layout)
{
    if (layout->lateness_reason)
        return layout->lateness_reason;
    return repay_figure_reason(layout, REPAY_FIGURE_OUTSTANDING);
}

const char *repay_reason_join(const char *a, const char *b)
{
    if (!a || !b)
        return a ? a : b;
    return strcmp(a, b) == 0 ? a : REPAY_REASON_UNKNOWN_ROWS;
}

bool repay_rows_next_days(const struct repay_schedule *schedule, struct repay_rows *rows)
{
    uint32_t run, chunks;

    rows->row += rows->count;
    if (rows->row >= schedule->rows)
        return false;
    /*
     * Chunks of a run are alike: a last one of a few rows would cost as much as a full one. Eight
     * rows are what the passes of amounts.h take in a step.
     */
    run = repay_schedule_run(schedule, rows->row);
    chunks = (run - 1) / REPAY_MEASURE_ROWS + 1;
    rows->count = ((run - 1) / chunks + 8) & ~UINT32_C(7);
    if (rows->count > run)
        rows->count = run;
    if (!schedule->layout->lateness_reason) {
        rows->days = repay_schedule_days(schedule, rows->row, rows->count, rows->days_room);
        return true;
    }
    for (uint32_t i = 0; i < rows->count; i++)
        rows->days_room[i] = REPAY_DAY_ABSENT;
    rows->days = rows->days_room;
    return true;
}

void repay_rows_take_outstanding(const struct repay_schedule *schedule, struct repay_rows *rows)
{
    rows->outstanding = repay_schedule_amounts(schedule, REPAY_FIGURE_OUTSTANDING, rows->row,
                                               rows->count, rows->outstanding_room);
    if (!schedule->layout->lateness_reason)
        return;
    /* Only that nothing is outstanding may be concluded from such rows. */
    for (uint32_t i = 0; i < rows->count; i++) {
        int64_t minor = rows->outstanding[i];

        rows->outstanding_room[i] = minor > 0 ? REPAY_AMOUNT_ABSENT : minor;
    }
    rows->outstanding = rows->outstanding_room;
}

bool repay_rows_next(const struct repay_schedule *schedule, struct repay_rows *rows)
{
    if (!repay_rows_next_days(schedule, rows))
        return false;
    repay_rows_take_outstanding(schedule, rows);
    return true;
}

const int64_t *repay_penalties(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                               int64_t *room)
{
    if (repay_layout_role(schedule->layout, REPAY_ROLE_PENALTY))
        return repay_schedule_amounts(schedule, REPAY_FIGURE_PENALTY, row, count, room);
    memset(room, 0, count * sizeof *room);
    return room;
}

bool repay_is_due_before(const void *context, uint32_t a, uint32_t b)
{
    const struct repay_schedule *schedule = context;
    int32_t days[2] = {repay_schedule_day(schedule, a), repay_schedule_day(schedule, b)};
    int32_t numbers[2];

    if (days[0] != days[1])
        return days[1] == REPAY_DAY_ABSENT || (days[0] != REPAY_DAY_ABSENT && days[0] < days[1]);
    numbers[0] = repay_schedule_number(schedule, a);
    numbers[1] = repay_schedule_number(schedule, b);
    return numbers[0] != numbers[1] ? numbers[0] < numbers[1] : a < b;
}

int64_t repay_ratio_ppm(int64_t numerator, int64_t denominator)
{
    int64_t ppm = numerator / denominator;
    int64_t rest = numerator % denominator;

    /* Digit by digit, as on paper: numerator * 10^6 would leave int64. */
    for (int digit = 0; digit < 6; digit++) {
        rest *= 10;
        ppm = ppm * 10 + rest / denominator;
        rest %= denominator;
    }
    return ppm + (rest * 2 >= denominator ? 1 : 0);
}

int32_t repay_schedule_fetched_day(const struct repay_schedule *schedule)
{
    return repay_day_of_moment(schedule->fetched_at_unix_ms,
                               schedule->zone_known ? schedule->zone_minutes : 0);
}
