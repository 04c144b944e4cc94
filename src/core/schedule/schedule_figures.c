/*
 * The canonical figures of a schedule, by its layout's rules. See schedule.h.
 *
 * Owns the meaning of "paid", "outstanding" and "status" where a provider does not print them, as
 * the project's semantics say. Refuses to guess: a part that is not known makes the result absent.
 */
#include "amounts.h"
#include "schedule_column.h"

static void fill_absent(int64_t *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        out[i] = REPAY_AMOUNT_ABSENT;
}

/* Copies values of a column, `width` bytes each; for each width a function of its own is made. */
static REPAY_ALWAYS_INLINE void copy_values(const struct repay_schedule *schedule,
                                            const struct repay_field *field, uint32_t row,
                                            uint32_t count, size_t width, void *out)
{
    unsigned char *to = out;
    struct repay_column column;
    for (uint32_t left = count; left > 0; left -= column.rows) {
        repay_schedule_column(schedule, field, row + count - left, &column);
        if (column.rows > left)
            column.rows = left;
        if (column.stride != 0)
            memcpy(to, column.at, column.rows * width);
        for (uint32_t i = 0; column.stride == 0 && i < column.rows; i++)
            memcpy(to + i * width, column.at, width);
        to += column.rows * width;
    }
}

void repay_schedule_fill_amounts(const struct repay_schedule *schedule,
                                 const struct repay_field *field, uint32_t row, uint32_t count,
                                 int64_t *out)
{
    copy_values(schedule, field, row, count, sizeof *out, out);
}

void repay_schedule_fill_words(const struct repay_schedule *schedule,
                               const struct repay_field *field, uint32_t row, uint32_t count,
                               uint32_t *out)
{
    copy_values(schedule, field, row, count, sizeof *out, out);
}

static void fill_role(const struct repay_schedule *schedule, enum repay_role role, uint32_t row,
                      uint32_t count, int64_t *out)
{
    const struct repay_field *field = repay_layout_role(schedule->layout, role);
    if (field)
        repay_schedule_fill_amounts(schedule, field, row, count, out);
    else
        fill_absent(out, count);
}

/* Both within 2^53, so the sum cannot leave int64, but it can leave what Lua holds. */
static int64_t sum_known(int64_t a, int64_t b)
{
    if (a == REPAY_AMOUNT_ABSENT || b == REPAY_AMOUNT_ABSENT || !repay_money_in_range(a + b))
        return REPAY_AMOUNT_ABSENT;
    return a + b;
}

static int64_t difference_known(int64_t a, int64_t b)
{
    return b == REPAY_AMOUNT_ABSENT ? REPAY_AMOUNT_ABSENT : sum_known(a, -b);
}

static void fill_total_due(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                           int64_t *out)
{
    fill_role(schedule, REPAY_ROLE_TOTAL_DUE, row, count, out);
    if (schedule->layout->total_due_rule != REPAY_AMOUNT_PRINCIPAL_PLUS_INTEREST ||
        repay_amounts_are_plain(out, count))
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (out[i] == REPAY_AMOUNT_ABSENT)
            out[i] = sum_known(repay_schedule_given(schedule, REPAY_ROLE_PRINCIPAL, row + i),
                               repay_schedule_given(schedule, REPAY_ROLE_INTEREST, row + i));
    }
}

/* The difference of two figures, the larger first, and `below` where that is less than zero. */
static void fill_difference(const struct repay_schedule *schedule, enum repay_figure larger,
                            enum repay_figure smaller, uint32_t row, uint32_t count, int64_t below,
                            int64_t *out)
{
    int64_t rooms[2][REPAY_FILL_MAX];
    const int64_t *a = repay_schedule_told(schedule, larger, row, count);
    const int64_t *b = repay_schedule_told(schedule, smaller, row, count);
    bool some_below;
    if (a && b && repay_amounts_subtract(a, b, count, out, &some_below) &&
        (below == 0 || !some_below))
        return;
    a = repay_schedule_amounts(schedule, larger, row, count, rooms[0]);
    b = repay_schedule_amounts(schedule, smaller, row, count, rooms[1]);
    for (uint32_t i = 0; i < count; i++) {
        int64_t left = difference_known(a[i], b[i]);
        out[i] = left < 0 && left != REPAY_AMOUNT_ABSENT ? below : left;
    }
}

static void fill_paid(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                      int64_t *out)
{
    switch ((enum repay_amount_rule)schedule->layout->paid_rule) {
    case REPAY_AMOUNT_GIVEN:
        fill_role(schedule, REPAY_ROLE_PAID, row, count, out);
        return;
    case REPAY_AMOUNT_TOTAL_MINUS_OUTSTANDING:
        fill_difference(schedule, REPAY_FIGURE_TOTAL_DUE, REPAY_FIGURE_OUTSTANDING, row, count,
                        REPAY_AMOUNT_ABSENT, out);
        return;
    default:
        fill_absent(out, count);
        return;
    }
}

static void fill_zero_if_paid(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                              int64_t *out)
{
    const struct repay_field *flag = repay_layout_role(schedule->layout, REPAY_ROLE_IS_PAID);
    fill_absent(out, count);
    if (!flag)
        return;
    struct repay_column column;
    for (uint32_t done = 0; done < count; done += column.rows) {
        repay_schedule_column(schedule, flag, row + done, &column);
        if (column.rows > count - done)
            column.rows = count - done;
        for (uint32_t i = 0; i < column.rows; i++) {
            if (column.at[column.stride * i] == 1)
                out[done + i] = 0;
        }
    }
}

static void fill_outstanding(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                             int64_t *out)
{
    switch ((enum repay_amount_rule)schedule->layout->outstanding_rule) {
    case REPAY_AMOUNT_GIVEN:
        fill_role(schedule, REPAY_ROLE_OUTSTANDING, row, count, out);
        return;
    case REPAY_AMOUNT_TOTAL_MINUS_PAID:
        fill_difference(schedule, REPAY_FIGURE_TOTAL_DUE, REPAY_FIGURE_PAID, row, count, 0, out);
        return;
    case REPAY_AMOUNT_ZERO_IF_PAID:
        fill_zero_if_paid(schedule, row, count, out);
        return;
    default:
        fill_absent(out, count);
        return;
    }
}

/* Only a provider that tells what was paid can show an excess. */
static void fill_overpaid(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                          int64_t *out)
{
    if (schedule->layout->paid_rule != REPAY_AMOUNT_GIVEN) {
        fill_absent(out, count);
        return;
    }
    fill_difference(schedule, REPAY_FIGURE_PAID, REPAY_FIGURE_TOTAL_DUE, row, count, 0, out);
}

void repay_schedule_fill(const struct repay_schedule *schedule, enum repay_figure figure,
                         uint32_t row, uint32_t count, int64_t *out)
{
    switch (figure) {
    case REPAY_FIGURE_PRINCIPAL:
        fill_role(schedule, REPAY_ROLE_PRINCIPAL, row, count, out);
        return;
    case REPAY_FIGURE_INTEREST:
        fill_role(schedule, REPAY_ROLE_INTEREST, row, count, out);
        return;
    case REPAY_FIGURE_PENALTY:
        fill_role(schedule, REPAY_ROLE_PENALTY, row, count, out);
        return;
    case REPAY_FIGURE_TOTAL_DUE:
        fill_total_due(schedule, row, count, out);
        return;
    case REPAY_FIGURE_PAID:
        fill_paid(schedule, row, count, out);
        return;
    case REPAY_FIGURE_OUTSTANDING:
        fill_outstanding(schedule, row, count, out);
        return;
    case REPAY_FIGURE_OVERPAID:
        fill_overpaid(schedule, row, count, out);
        return;
    case REPAY_FIGURE_COUNT:
        break;
    }
    fill_absent(out, count);
}

/* The column that the figure is, where it is one; NULL where it has to be computed. */
static const struct repay_field *column_of(const struct repay_layout *layout,
                                           enum repay_figure figure)
{
    switch (figure) {
    case REPAY_FIGURE_PRINCIPAL:
        return repay_layout_role(layout, REPAY_ROLE_PRINCIPAL);
    case REPAY_FIGURE_INTEREST:
        return repay_layout_role(layout, REPAY_ROLE_INTEREST);
    case REPAY_FIGURE_PENALTY:
        return repay_layout_role(layout, REPAY_ROLE_PENALTY);
    case REPAY_FIGURE_TOTAL_DUE:
        return repay_layout_role(layout, REPAY_ROLE_TOTAL_DUE);
    case REPAY_FIGURE_PAID:
        return layout->paid_rule == REPAY_AMOUNT_GIVEN ? repay_layout_role(layout, REPAY_ROLE_PAID)
                                                       : NULL;
    case REPAY_FIGURE_OUTSTANDING:
        return layout->outstanding_rule == REPAY_AMOUNT_GIVEN
                   ? repay_layout_role(layout, REPAY_ROLE_OUTSTANDING)
                   : NULL;
    case REPAY_FIGURE_OVERPAID:
    case REPAY_FIGURE_COUNT:
        break;
    }
    return NULL;
}

/*
 * Whoever asks for the end of a segment will ask for the next one, which lies elsewhere: what the
 * passes of amounts.h would have asked for ahead, had the column gone on.
 */
static void expect_next(const struct repay_schedule *schedule, const struct repay_field *field,
                        uint32_t row, size_t width)
{
    struct repay_column column;
    if (row >= schedule->rows)
        return;
    repay_schedule_column(schedule, field, row, &column);
    for (size_t i = 0; i < REPAY_AMOUNTS_AHEAD && i < column.rows * width; i += REPAY_AMOUNTS_LINE)
        repay_expect(column.at + i);
}

/* Where so many values of the field lie one after the other, aligned as `width`; else NULL. */
static const void *in_place(const struct repay_schedule *schedule, const struct repay_field *field,
                            uint32_t row, uint32_t count, size_t width)
{
    struct repay_column column;
    if (!field || count == 0)
        return NULL;
    repay_schedule_column(schedule, field, row, &column);
    if (column.stride != width || column.rows < count || (uintptr_t)column.at % width != 0)
        return NULL;
    if (column.rows == count)
        expect_next(schedule, field, row + count, width);
    return column.at;
}

const int64_t *repay_schedule_told(const struct repay_schedule *schedule, enum repay_figure figure,
                                   uint32_t row, uint32_t count)
{
    return in_place(schedule, column_of(schedule->layout, figure), row, count, sizeof(int64_t));
}

const int64_t *repay_schedule_amounts(const struct repay_schedule *schedule,
                                      enum repay_figure figure, uint32_t row, uint32_t count,
                                      int64_t *room)
{
    const struct repay_layout *layout = schedule->layout;
    const int64_t *values = repay_schedule_told(schedule, figure, row, count);
    /* A total that is not told may follow from the parts. */
    bool may_follow = figure == REPAY_FIGURE_TOTAL_DUE &&
                      layout->total_due_rule == REPAY_AMOUNT_PRINCIPAL_PLUS_INTEREST;
    if (values && (!may_follow || repay_amounts_are_plain(values, count)))
        return values;
    repay_schedule_fill(schedule, figure, row, count, room);
    return room;
}

const int32_t *repay_schedule_days(const struct repay_schedule *schedule, uint32_t row,
                                   uint32_t count, int32_t *room)
{
    const struct repay_field *field = repay_layout_role(schedule->layout, REPAY_ROLE_DUE_DATE);
    const int32_t *days = in_place(schedule, field, row, count, sizeof *days);
    if (days)
        return days;
    repay_schedule_fill_days(schedule, row, count, room);
    return room;
}

int64_t repay_schedule_figure(const struct repay_schedule *schedule, enum repay_figure figure,
                              uint32_t row)
{
    int64_t value;
    repay_schedule_fill(schedule, figure, row, 1, &value);
    return value;
}

void repay_schedule_fill_days(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                              int32_t *out)
{
    const struct repay_field *field = repay_layout_role(schedule->layout, REPAY_ROLE_DUE_DATE);
    uint32_t words[REPAY_FILL_MAX];
    if (field)
        repay_schedule_fill_words(schedule, field, row, count, words);
    for (uint32_t i = 0; i < count; i++)
        out[i] = field ? (int32_t)words[i] : REPAY_DAY_ABSENT;
}

int32_t repay_schedule_day(const struct repay_schedule *schedule, uint32_t row)
{
    int32_t day;
    repay_schedule_fill_days(schedule, row, 1, &day);
    return day;
}

void repay_schedule_fill_loans(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                               uint32_t *out)
{
    const struct repay_field *field = repay_layout_role(schedule->layout, REPAY_ROLE_LOAN_ID);
    if (field && field->type == REPAY_FIELD_TEXT) {
        repay_schedule_fill_words(schedule, field, row, count, out);
        return;
    }
    uint32_t code = schedule->layout->loan_id_is_subject ? schedule->subject : 0;
    for (uint32_t i = 0; i < count; i++)
        out[i] = code;
}

struct repay_text repay_schedule_loan_id(const struct repay_schedule *schedule, uint32_t row)
{
    uint32_t code;
    repay_schedule_fill_loans(schedule, row, 1, &code);
    return repay_schedule_text(schedule, code);
}

int64_t repay_schedule_given(const struct repay_schedule *schedule, enum repay_role role,
                             uint32_t row)
{
    int64_t minor;
    fill_role(schedule, role, row, 1, &minor);
    return minor;
}

int32_t repay_schedule_number(const struct repay_schedule *schedule, uint32_t row)
{
    const struct repay_field *field = repay_layout_role(schedule->layout, REPAY_ROLE_NUMBER);
    uint32_t word;
    if (schedule->layout->number_is_position)
        return (int32_t)(row + 1);
    if (!field)
        return REPAY_COUNT_ABSENT;
    repay_schedule_fill_words(schedule, field, row, 1, &word);
    return (int32_t)word;
}

/* PENDING where the amounts do not decide. */
static enum repay_status status_of_amounts(int64_t paid, int64_t total)
{
    if (paid == REPAY_AMOUNT_ABSENT || total == REPAY_AMOUNT_ABSENT)
        return REPAY_STATUS_PENDING;
    if (total > 0 && paid >= total)
        return REPAY_STATUS_PAID;
    return paid > 0 && paid < total ? REPAY_STATUS_PARTIAL : REPAY_STATUS_PENDING;
}

static void fill_status_words(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                              uint8_t *out)
{
    const struct repay_field *field = repay_layout_role(schedule->layout, REPAY_ROLE_STATUS);
    uint32_t codes[REPAY_FILL_MAX];
    uint32_t last_code = 0;
    uint8_t last = REPAY_STATUS_UNKNOWN;
    if (field)
        repay_schedule_fill_words(schedule, field, row, count, codes);
    for (uint32_t i = 0; i < count; i++) {
        if (field && codes[i] != last_code) {
            last_code = codes[i];
            last = (uint8_t)repay_layout_status(schedule->layout,
                                                repay_schedule_text(schedule, last_code));
        }
        out[i] = last;
    }
}

void repay_schedule_fill_statuses(const struct repay_schedule *schedule, uint32_t row,
                                  uint32_t count, uint8_t *out)
{
    int64_t paid[REPAY_FILL_MAX], total[REPAY_FILL_MAX];
    if (schedule->layout->paid_flag_is_status) {
        fill_zero_if_paid(schedule, row, count, paid);
        for (uint32_t i = 0; i < count; i++)
            out[i] = paid[i] == 0 ? REPAY_STATUS_PAID : REPAY_STATUS_UNKNOWN;
        return;
    }
    fill_status_words(schedule, row, count, out);
    if (!schedule->layout->amounts_beat_words)
        return;
    fill_paid(schedule, row, count, paid);
    fill_total_due(schedule, row, count, total);
    for (uint32_t i = 0; i < count; i++) {
        enum repay_status status = status_of_amounts(paid[i], total[i]);
        if (status != REPAY_STATUS_PENDING)
            out[i] = (uint8_t)status;
    }
}

enum repay_status repay_schedule_status(const struct repay_schedule *schedule, uint32_t row)
{
    uint8_t status;
    repay_schedule_fill_statuses(schedule, row, 1, &status);
    return (enum repay_status)status;
}
