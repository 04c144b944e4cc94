/*
 * Collects findings, and judges each row by itself; rows against each other are in
 * schedule_check_loans.c.
 */
#include "schedule_check.h"

#include "array.h"
#include "measure.h"
#include "schedule_check_inner.h"

const char *repay_rule_name(enum repay_rule rule)
{
    static const char *const names[] = {
#define X(name, text, unit) text,
        REPAY_RULES(X)
#undef X
    };

    return names[rule];
}

enum repay_rule_unit repay_rule_unit(enum repay_rule rule)
{
    static const enum repay_rule_unit units[] = {
#define X(name, text, unit) REPAY_RULE_UNIT_##unit,
        REPAY_RULES(X)
#undef X
    };

    return units[rule];
}

void repay_check_init(struct repay_check *check, const struct repay_allocator *allocator,
                      uint32_t limit)
{
    *check = (struct repay_check){.allocator = allocator, .limit = limit};
}

void repay_check_free(struct repay_check *check)
{
    repay_release(check->allocator, check->findings, check->room * sizeof *check->findings);
    repay_check_init(check, check->allocator, check->limit);
}

void repay_check_tried(struct repay_check *check, enum repay_rule rule)
{
    check->rules[rule].checked++;
}

void repay_check_add(struct repay_check *check, const struct repay_finding *finding)
{
    struct repay_rule_count *counted = &check->rules[finding->rule];

    if (finding->is_error)
        counted->errors++;
    else
        counted->notes++;
    if (check->count == check->limit || check->no_memory)
        return;
    check->no_memory = !repay_array_make_room(check->allocator, &check->findings,
                                              sizeof *check->findings, check->count, &check->room);
    if (!check->no_memory)
        check->findings[check->count++] = *finding;
}

/* One row with what the rules read of it. */
struct judged {
    struct repay_check *check;
    const struct repay_schedule *schedule;
    const struct repay_layout *layout;
    uint32_t row;
    int64_t figures[REPAY_FIGURE_COUNT];
};

static void find_in(const struct judged *judged, enum repay_rule rule, bool is_error,
                    const struct repay_field *field, int64_t expected, int64_t found)
{
    struct repay_finding finding = {.rule = rule,
                                    .is_error = is_error,
                                    .row = judged->row,
                                    .with_row = REPAY_NO_ROW,
                                    .field = field,
                                    .expected = expected,
                                    .found = found};

    repay_check_add(judged->check, &finding);
}

/* Of a figure that the rule names. */
static void find(const struct judged *judged, enum repay_rule rule, bool is_error, int64_t expected,
                 int64_t found)
{
    find_in(judged, rule, is_error, NULL, expected, found);
}

static bool is_known(int64_t minor)
{
    return minor != REPAY_AMOUNT_ABSENT;
}

/*
 * Where it is not known whether the penalty is part of the total, either sum will do, and a total
 * that leaves a penalty out is worth a note.
 */
static void judge_parts(const struct judged *judged)
{
    int64_t total = judged->figures[REPAY_FIGURE_TOTAL_DUE];
    int64_t sum = judged->figures[REPAY_FIGURE_PRINCIPAL];
    int64_t penalty;

    penalty = *repay_penalties(judged->schedule, judged->row, 1, &penalty);
    if (!is_known(total) || !is_known(sum) || !is_known(penalty) ||
        !is_known(judged->figures[REPAY_FIGURE_INTEREST]))
        return;
    repay_check_tried(judged->check, REPAY_RULE_PARTS_MAKE_TOTAL);
    sum += judged->figures[REPAY_FIGURE_INTEREST];
    if (total == sum + penalty)
        return;
    find(judged, REPAY_RULE_PARTS_MAKE_TOTAL, judged->layout->penalty_in_total || total != sum,
         sum + penalty, total);
}

static void judge_signs(const struct judged *judged)
{
    for (unsigned i = 0; i < judged->layout->field_count; i++) {
        const struct repay_field *field = &judged->layout->fields[i];
        int64_t minor;

        if (field->type != REPAY_FIELD_AMOUNT)
            continue;
        repay_schedule_fill_amounts(judged->schedule, field, judged->row, 1, &minor);
        if (!is_known(minor))
            continue;
        repay_check_tried(judged->check, REPAY_RULE_AMOUNTS_NOT_NEGATIVE);
        if (minor < 0)
            find_in(judged, REPAY_RULE_AMOUNTS_NOT_NEGATIVE, true, field, 0, minor);
    }
}

/* `rule` says that the first is at most the second. */
static void judge_bound(const struct judged *judged, enum repay_rule rule, int64_t minor,
                        int64_t bound)
{
    if (!is_known(minor) || !is_known(bound))
        return;
    repay_check_tried(judged->check, rule);
    if (minor > bound)
        find(judged, rule, true, bound, minor);
}

static int64_t given(const struct judged *judged, enum repay_role role)
{
    return repay_schedule_given(judged->schedule, role, judged->row);
}

/* What the amounts say of a row that owes something. UNKNOWN: they do not contradict any word. */
static enum repay_status status_of_amounts(const struct judged *judged, enum repay_status word)
{
    int64_t outstanding = judged->figures[REPAY_FIGURE_OUTSTANDING];
    int64_t paid = judged->figures[REPAY_FIGURE_PAID];

    if (word != REPAY_STATUS_PAID && outstanding == 0)
        return REPAY_STATUS_PAID;
    if (word == REPAY_STATUS_PAID && outstanding > 0)
        return paid > 0 ? REPAY_STATUS_PARTIAL : REPAY_STATUS_PENDING;
    if (word == REPAY_STATUS_PARTIAL && outstanding > 0 && paid == 0)
        return REPAY_STATUS_PENDING;
    return REPAY_STATUS_UNKNOWN;
}

static void judge_status(const struct judged *judged)
{
    const struct repay_field *field = repay_layout_role(judged->layout, REPAY_ROLE_STATUS);
    struct repay_value value;
    enum repay_status word, amounts;

    if (!field || judged->layout->paid_flag_is_status)
        return;
    repay_schedule_value(judged->schedule, judged->row, field, &value);
    if (!value.present)
        return;
    repay_check_tried(judged->check, REPAY_RULE_STATUS_WORD_IS_KNOWN);
    word = repay_layout_status(judged->layout, value.text);
    if (word == REPAY_STATUS_UNKNOWN) {
        find(judged, REPAY_RULE_STATUS_WORD_IS_KNOWN, false, 0, 0);
        return;
    }
    if (!is_known(judged->figures[REPAY_FIGURE_OUTSTANDING]) ||
        judged->figures[REPAY_FIGURE_TOTAL_DUE] <= 0)
        return;
    repay_check_tried(judged->check, REPAY_RULE_STATUS_FITS_AMOUNTS);
    amounts = status_of_amounts(judged, word);
    if (amounts != REPAY_STATUS_UNKNOWN)
        find(judged, REPAY_RULE_STATUS_FITS_AMOUNTS, true, amounts, word);
}

static void judge_due_date(const struct judged *judged)
{
    if (!repay_layout_role(judged->layout, REPAY_ROLE_DUE_DATE))
        return;
    repay_check_tried(judged->check, REPAY_RULE_DUE_DATE_IS_READABLE);
    if (repay_schedule_day(judged->schedule, judged->row) == REPAY_DAY_ABSENT)
        find(judged, REPAY_RULE_DUE_DATE_IS_READABLE, !judged->layout->lateness_reason, 0, 0);
}

static void judge_row(struct judged *judged)
{
    for (int figure = 0; figure < REPAY_FIGURE_COUNT; figure++) {
        judged->figures[figure] =
            repay_schedule_figure(judged->schedule, (enum repay_figure)figure, judged->row);
    }
    judge_parts(judged);
    judge_signs(judged);
    judge_bound(judged, REPAY_RULE_PAID_WITHIN_TOTAL, given(judged, REPAY_ROLE_PAID),
                judged->figures[REPAY_FIGURE_TOTAL_DUE]);
    judge_bound(judged, REPAY_RULE_OUTSTANDING_WITHIN_TOTAL, given(judged, REPAY_ROLE_OUTSTANDING),
                judged->figures[REPAY_FIGURE_TOTAL_DUE]);
    judge_bound(judged, REPAY_RULE_PENALTY_PAID_WITHIN_PENALTY,
                given(judged, REPAY_ROLE_PENALTY_PAID), judged->figures[REPAY_FIGURE_PENALTY]);
    judge_status(judged);
    judge_due_date(judged);
}

static void judge_rows(struct repay_check *check, const struct repay_schedule *schedule)
{
    struct judged judged = {
        .check = check, .schedule = schedule, .layout = schedule->layout, .row = 0};

    while (judged.row < schedule->rows) {
        judge_row(&judged);
        judged.row++;
    }
}

bool repay_check_run(struct repay_check *check, const struct repay_schedule *schedule,
                     struct repay_error *error)
{
    repay_check_free(check);
    judge_rows(check, schedule);
    if (!repay_check_loans(check, schedule, error))
        return false;
    if (check->no_memory)
        return repay_error_set(error, REPAY_KIND_MEMORY, "no memory to list what does not agree");
    return true;
}
