/*
 * Tells a change from the figures of the row before and after it; schedule_change.h.
 */
#include "schedule_change.h"

const char *repay_change_name(enum repay_change_kind kind)
{
    static const char *const names[] = {
#define X(name, text) text,
        REPAY_CHANGES(X)
#undef X
    };

    return names[kind];
}

/* The figures of one row, before or after. */
struct side {
    int64_t principal, interest, penalty, total, paid, outstanding;
    int32_t day;
    enum repay_status status;
};

static struct side side_of(const struct repay_schedule *schedule, uint32_t row)
{
    return (struct side){
        .principal = repay_schedule_figure(schedule, REPAY_FIGURE_PRINCIPAL, row),
        .interest = repay_schedule_figure(schedule, REPAY_FIGURE_INTEREST, row),
        .penalty = repay_schedule_figure(schedule, REPAY_FIGURE_PENALTY, row),
        .total = repay_schedule_figure(schedule, REPAY_FIGURE_TOTAL_DUE, row),
        .paid = repay_schedule_figure(schedule, REPAY_FIGURE_PAID, row),
        .outstanding = repay_schedule_figure(schedule, REPAY_FIGURE_OUTSTANDING, row),
        .day = repay_schedule_day(schedule, row),
        .status = repay_schedule_status(schedule, row),
    };
}

static int64_t or_zero(int64_t minor)
{
    return minor == REPAY_AMOUNT_ABSENT ? 0 : minor;
}

/* Whether more is paid than before; where no paid amount is told, whether less is outstanding. */
static bool paid_more(const struct side *before, const struct side *after)
{
    if (before->paid != REPAY_AMOUNT_ABSENT && after->paid != REPAY_AMOUNT_ABSENT)
        return after->paid > before->paid;
    if (after->outstanding == REPAY_AMOUNT_ABSENT)
        return false;
    return before->outstanding == REPAY_AMOUNT_ABSENT ? after->outstanding == 0
                                                      : after->outstanding < before->outstanding;
}

/* A total that only grew by its penalty is not another price. */
static bool is_repriced(const struct side *before, const struct side *after)
{
    int64_t penalty = or_zero(after->penalty) - or_zero(before->penalty);

    if (before->principal != after->principal || before->interest != after->interest)
        return true;
    if (before->total == after->total)
        return false;
    return before->total == REPAY_AMOUNT_ABSENT || after->total == REPAY_AMOUNT_ABSENT ||
           after->total - before->total != penalty;
}

static bool is_word_changed(const struct repay_layout *layout, uint32_t fields)
{
    const struct repay_field *word = repay_layout_role(layout, REPAY_ROLE_STATUS);

    return word && (fields >> (word - layout->fields) & 1) != 0;
}

uint32_t repay_change_kinds(const struct repay_schedule *older, uint32_t old_row,
                            const struct repay_schedule *newer, uint32_t new_row, uint32_t fields)
{
    struct side before = side_of(older, old_row);
    struct side after = side_of(newer, new_row);
    uint32_t kinds = 0;

    if (paid_more(&before, &after))
        kinds |=
            UINT32_C(1) << (after.outstanding == 0 ? REPAY_CHANGE_PAID : REPAY_CHANGE_PARTLY_PAID);
    if (before.day != after.day)
        kinds |= UINT32_C(1) << REPAY_CHANGE_RESCHEDULED;
    if (is_repriced(&before, &after))
        kinds |= UINT32_C(1) << REPAY_CHANGE_REPRICED;
    if (or_zero(after.penalty) > or_zero(before.penalty))
        kinds |= UINT32_C(1) << REPAY_CHANGE_PENALTY_ADDED;
    if (before.status != after.status || is_word_changed(newer->layout, fields))
        kinds |= UINT32_C(1) << REPAY_CHANGE_STATUS_CHANGED;
    return kinds != 0 ? kinds : UINT32_C(1) << REPAY_CHANGE_CHANGED;
}
