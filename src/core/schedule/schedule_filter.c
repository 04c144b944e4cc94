/*
 * One row against one condition; schedule_filter.h.
 */
#include "schedule_filter.h"

bool repay_condition_wants_text(const struct repay_condition *condition)
{
    switch (condition->of) {
    case REPAY_CONDITION_LOAN_ID:
    case REPAY_CONDITION_STATUS:
    case REPAY_CONDITION_STATE:
        return true;
    case REPAY_CONDITION_FIELD:
        return condition->field->type == REPAY_FIELD_TEXT ||
               condition->field->type == REPAY_FIELD_UUID ||
               condition->field->type == REPAY_FIELD_MOMENT;
    default:
        return false;
    }
}

static void take_integer(struct repay_value *out, int64_t value, int64_t absent)
{
    out->present = value != absent;
    out->integer = value;
}

static void take_text(struct repay_value *out, struct repay_text text)
{
    out->present = text.length > 0;
    out->text = text;
}

/* How late a row is: 0 while it is not, nothing where that cannot be said or nothing is owed. */
static void take_days_late(const struct repay_schedule *schedule, uint32_t row, int32_t as_of,
                           struct repay_value *out)
{
    enum repay_state state = repay_schedule_state(schedule, row, as_of);

    out->present = state != REPAY_STATE_UNKNOWN && state != REPAY_STATE_PAID;
    out->integer = 0;
    if (state == REPAY_STATE_OVERDUE || state == REPAY_STATE_PARTIAL_OVERDUE)
        out->integer = as_of - repay_schedule_day(schedule, row);
}

static void take_value(const struct repay_schedule *schedule, uint32_t row, int32_t as_of,
                       const struct repay_condition *condition, struct repay_value *out)
{
    switch (condition->of) {
    case REPAY_CONDITION_FIGURE:
        take_integer(out, repay_schedule_figure(schedule, condition->figure, row),
                     REPAY_AMOUNT_ABSENT);
        return;
    case REPAY_CONDITION_FIELD:
        repay_schedule_value(schedule, row, condition->field, out);
        return;
    case REPAY_CONDITION_LOAN_ID:
        take_text(out, repay_schedule_loan_id(schedule, row));
        return;
    case REPAY_CONDITION_NUMBER:
        take_integer(out, repay_schedule_number(schedule, row), REPAY_COUNT_ABSENT);
        return;
    case REPAY_CONDITION_STATUS:
        take_text(out, repay_text_of(repay_status_name(repay_schedule_status(schedule, row))));
        return;
    case REPAY_CONDITION_STATE:
        take_text(out, repay_text_of(repay_state_name(repay_schedule_state(schedule, row, as_of))));
        return;
    case REPAY_CONDITION_DAYS_LATE:
        take_days_late(schedule, row, as_of, out);
        return;
    }
}

/* Below zero, zero or above, as the value stands before, at or behind what it is compared with. */
static int compare(const struct repay_value *value, const struct repay_condition *condition)
{
    if (condition->is_text)
        return repay_text_compare(value->text, condition->text);
    return (value->integer > condition->integer) - (value->integer < condition->integer);
}

static bool is_met(const struct repay_value *value, const struct repay_condition *condition)
{
    int order;

    if (condition->comparison == REPAY_COMPARE_GIVEN)
        return value->present == (condition->integer != 0);
    if (!value->present)
        return false;
    order = compare(value, condition);
    switch (condition->comparison) {
    case REPAY_COMPARE_IS:
        return order == 0;
    case REPAY_COMPARE_IS_NOT:
        return order != 0;
    case REPAY_COMPARE_MIN:
        return order >= 0;
    case REPAY_COMPARE_MAX:
        return order <= 0;
    case REPAY_COMPARE_ABOVE:
        return order > 0;
    case REPAY_COMPARE_BELOW:
        return order < 0;
    case REPAY_COMPARE_GIVEN:
        break;
    }
    return false;
}

bool repay_schedule_meets(const struct repay_schedule *schedule, uint32_t row, int32_t as_of,
                          const struct repay_condition *conditions, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct repay_value value = {.present = false};

        take_value(schedule, row, as_of, &conditions[i], &value);
        if (!is_met(&value, &conditions[i]))
            return false;
    }
    return true;
}
