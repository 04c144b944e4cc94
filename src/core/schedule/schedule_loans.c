/*
 * One pass that keeps a running record per loan. Rows of one loan mostly follow each other and are
 * added as a run. Codes ascend where ids come up for the first time, so that a code above all
 * before is a new loan; a table is made only when rows come back to a loan that others followed.
 */
#include "schedule_loans.h"

#include "amounts.h"
#include "array.h"
#include "loan_balances.h"

void repay_loans_init(struct repay_loans *loans, const struct repay_allocator *allocator)
{
    *loans = (struct repay_loans){.allocator = allocator};
    repay_number_map_init(&loans->by_code, allocator);
}

void repay_loans_free(struct repay_loans *loans)
{
    repay_number_map_free(&loans->by_code);
    repay_release(loans->allocator, loans->items, loans->room * sizeof *loans->items);
    repay_loans_init(loans, loans->allocator);
}

static bool are_ascending(const struct repay_loans *loans)
{
    return loans->by_code.used == 0;
}

/* Gives up the order: from now on the table says where a loan is. */
static bool make_table(struct repay_loans *loans)
{
    if (!repay_number_map_reserve(&loans->by_code, loans->count + 1))
        return false;
    for (uint32_t i = 0; i < loans->count; i++) {
        if (repay_number_map_enter(&loans->by_code, loans->items[i].code, i) ==
            REPAY_NUMBER_MAP_NONE)
            return false;
    }
    return true;
}

/* The record of the loan; NULL when there is no memory. */
static struct repay_loan *record_of(struct repay_loans *loans, uint32_t code)
{
    bool is_next = loans->count == 0 || loans->items[loans->count - 1].code < code;
    uint32_t place = loans->count;

    if (!repay_array_make_room(loans->allocator, &loans->items, sizeof *loans->items, loans->count,
                               &loans->room))
        return NULL;
    if (are_ascending(loans) && !is_next && !make_table(loans))
        return NULL;
    if (!are_ascending(loans))
        place = repay_number_map_enter(&loans->by_code, code, loans->count);
    if (place == REPAY_NUMBER_MAP_NONE)
        return NULL;
    if (place == loans->count) {
        loans->items[loans->count++] = (struct repay_loan){.code = code,
                                                           .oldest_late_day = REPAY_DAY_ABSENT,
                                                           .next_due_day = REPAY_DAY_ABSENT,
                                                           .unknown_next_day = REPAY_DAY_ABSENT,
                                                           .told_principal = REPAY_AMOUNT_ABSENT,
                                                           .told_balance = REPAY_AMOUNT_ABSENT};
    }
    return &loans->items[place];
}

const struct repay_loan *repay_loans_find(const struct repay_loans *loans, uint32_t code)
{
    uint32_t low = 0, high = loans->count;

    if (!are_ascending(loans))
        return &loans->items[repay_number_map_find(&loans->by_code, code)];
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (loans->items[middle].code <= code)
            low = middle;
        else
            high = middle;
    }
    return &loans->items[low];
}

static void add_unknown(struct repay_loan *loan, int32_t as_of, int32_t day)
{
    loan->unknown_rows++;
    if (day == REPAY_DAY_ABSENT)
        loan->unknown_undated_rows++;
    if (day < as_of)
        loan->unknown_late_rows++;
    else if (loan->unknown_next_day == REPAY_DAY_ABSENT || day < loan->unknown_next_day)
        loan->unknown_next_day = day;
}

/* The earliest day with something outstanding, and the sum of that day. */
static bool add_next(struct repay_loan *loan, int32_t day, int64_t minor)
{
    if (loan->next_due_day == REPAY_DAY_ABSENT || day < loan->next_due_day) {
        loan->next_due_day = day;
        loan->next_due = 0;
    }
    return day > loan->next_due_day || repay_money_add(&loan->next_due, minor);
}

/* By due day, of a row with something outstanding; false when a sum leaves int64. */
static bool add_day(struct repay_loan *loan, int32_t as_of, int32_t day, int64_t minor)
{
    if (day == REPAY_DAY_ABSENT) {
        loan->undated_rows++;
        return true;
    }
    if (day < as_of) {
        loan->late_rows++;
        if (loan->oldest_late_day == REPAY_DAY_ABSENT || day < loan->oldest_late_day)
            loan->oldest_late_day = day;
        return repay_money_add(&loan->overdue, minor);
    }
    return add_next(loan, day, minor);
}

static bool add_principal(struct repay_loan *loan, struct repay_principal principal)
{
    bool fits = true;

    if (principal.high == REPAY_AMOUNT_ABSENT)
        loan->no_principal_rows++;
    else
        fits = repay_money_add(&loan->principal_high, principal.high);
    if (principal.low == REPAY_AMOUNT_ABSENT)
        loan->no_low_rows++;
    else
        fits = fits && repay_money_add(&loan->principal_low, principal.low);
    return fits;
}

static void fill_parts(const struct repay_schedule *schedule, const struct repay_rows *rows,
                       struct repay_row_parts *parts)
{
    int64_t rooms[3][REPAY_MEASURE_ROWS];
    const int64_t *principal =
        repay_schedule_amounts(schedule, REPAY_FIGURE_PRINCIPAL, rows->row, rows->count, rooms[0]);
    const int64_t *interest =
        repay_schedule_amounts(schedule, REPAY_FIGURE_INTEREST, rows->row, rows->count, rooms[1]);
    const int64_t *penalty = repay_penalties(schedule, rows->row, rows->count, rooms[2]);

    repay_schedule_fill_loans(schedule, rows->row, rows->count, parts->loans);
    parts->is_plain =
        repay_amounts_principal(&(struct repay_amounts_parts){rows->outstanding, principal,
                                                              interest, penalty, parts->high,
                                                              parts->low},
                                rows->count) &&
        !repay_days_any_within(rows->days, rows->count, REPAY_DAY_ABSENT, REPAY_DAY_ABSENT);
    for (uint32_t i = 0; !parts->is_plain && i < rows->count; i++) {
        struct repay_principal bounds = {REPAY_AMOUNT_ABSENT, REPAY_AMOUNT_ABSENT};

        if (rows->outstanding[i] > 0)
            bounds =
                repay_principal_of(rows->outstanding[i], principal[i], interest[i], penalty[i]);
        parts->high[i] = bounds.high;
        parts->low[i] = bounds.low;
    }
}

/* Rows of one loan that follow each other, from `first` to before `end`. */
struct run {
    const struct repay_rows *rows;
    const struct repay_row_parts *parts;
    uint32_t first, end;
};

/* `day` where all bits of the mask are set; where none is, the type's last, which is no day. */
static int32_t day_if(int32_t mask, int32_t day)
{
    return (day & mask) | (INT32_MAX & ~mask);
}

/*
 * Rows of a plain chunk, whose sums cannot leave int64 before they are added to the loan's. Masks
 * instead of branches: which rows are paid off already nobody can guess, and guessing wrong costs
 * more than all the rest.
 */
static bool add_plain_run(struct repay_loan *loan, const struct run *run, int32_t as_of)
{
    int64_t outstanding = 0, high = 0, low = 0, overdue = 0, next = 0;
    int32_t oldest = INT32_MAX, next_day = INT32_MAX;
    uint32_t late_rows = 0;

    for (uint32_t i = run->first; i < run->end; i++) {
        int64_t minor = run->rows->outstanding[i];
        int32_t day = run->rows->days[i];
        int32_t owing = -(int32_t)(minor > 0);
        int32_t late = -(int32_t)(day < as_of) & owing;
        int32_t late_day = day_if(late, day), other_day = day_if(owing & ~late, day);

        outstanding += minor;
        high += run->parts->high[i];
        low += run->parts->low[i];
        overdue += minor & late;
        late_rows += (uint32_t)late & 1;
        oldest = late_day < oldest ? late_day : oldest;
        next &= -(int64_t)(other_day >= next_day);
        next_day = other_day < next_day ? other_day : next_day;
        next += minor & -(int64_t)(other_day == next_day);
    }
    loan->late_rows += late_rows;
    if (late_rows > 0 &&
        (loan->oldest_late_day == REPAY_DAY_ABSENT || oldest < loan->oldest_late_day))
        loan->oldest_late_day = oldest;
    if (next_day != INT32_MAX && !add_next(loan, next_day, next))
        return false;
    return repay_money_add(&loan->outstanding, outstanding) &&
           repay_money_add(&loan->overdue, overdue) &&
           repay_money_add(&loan->principal_high, high) &&
           repay_money_add(&loan->principal_low, low);
}

static bool add_any_run(struct repay_loan *loan, const struct run *run, int32_t as_of)
{
    for (uint32_t i = run->first; i < run->end; i++) {
        int64_t minor = run->rows->outstanding[i];
        struct repay_principal bounds = {run->parts->high[i], run->parts->low[i]};

        if (minor == REPAY_AMOUNT_ABSENT)
            add_unknown(loan, as_of, run->rows->days[i]);
        if (minor > 0 &&
            (!repay_money_add(&loan->outstanding, minor) ||
             !add_day(loan, as_of, run->rows->days[i], minor) || !add_principal(loan, bounds)))
            return false;
    }
    return true;
}

static bool add_rows(struct repay_loans *loans, const struct repay_rows *rows,
                     const struct repay_row_parts *parts, int32_t as_of, struct repay_error *error)
{
    struct run run = {rows, parts, 0, 0};

    for (; run.first < rows->count; run.first = run.end) {
        uint32_t code = parts->loans[run.first];
        struct repay_loan *loan;

        for (run.end = run.first + 1; run.end < rows->count; run.end++) {
            if (parts->loans[run.end] != code)
                break;
        }
        loan = loans->count > 0 && loans->items[loans->count - 1].code == code
                   ? &loans->items[loans->count - 1]
                   : record_of(loans, code);
        if (!loan)
            return repay_error_set(error, REPAY_KIND_MEMORY, "no memory to sum up the loans");
        loan->rows += run.end - run.first;
        if (!(parts->is_plain ? add_plain_run : add_any_run)(loan, &run, as_of))
            return repay_sum_overflow("what a loan has outstanding", error);
    }
    return true;
}

bool repay_loans_gather(struct repay_loans *loans, const struct repay_schedule *schedule,
                        int32_t as_of, const struct repay_loans_visitor *visitor,
                        struct repay_error *error)
{
    struct repay_rows rows = {.row = 0};
    struct repay_row_parts parts;
    bool done = true;

    repay_number_map_clear(&loans->by_code);
    loans->count = 0;
    while (done && repay_rows_next(schedule, &rows)) {
        fill_parts(schedule, &rows, &parts);
        done = add_rows(loans, &rows, &parts, as_of, error) &&
               (!visitor || visitor->visit(visitor->context, &rows, &parts, error));
    }
    /* Nothing else of a loan is above what it has outstanding. */
    for (uint32_t i = 0; done && i < loans->count; i++)
        done = repay_sum_check(loans->items[i].outstanding, "what a loan has outstanding", error);
    done = done && repay_loans_read_balances(loans, schedule, error);
    if (!done) {
        repay_number_map_clear(&loans->by_code);
        loans->count = 0;
    }
    return done;
}

enum repay_loan_state repay_loan_state(const struct repay_loan *loan)
{
    if (loan->late_rows > 0)
        return REPAY_LOAN_OVERDUE;
    if (loan->unknown_rows > 0 || loan->undated_rows > 0)
        return REPAY_LOAN_UNKNOWN;
    return loan->outstanding > 0 ? REPAY_LOAN_DUE : REPAY_LOAN_PAID;
}

const char *repay_loan_state_name(enum repay_loan_state state)
{
    static const char *const names[] = {[REPAY_LOAN_PAID] = "paid",
                                        [REPAY_LOAN_DUE] = "due",
                                        [REPAY_LOAN_OVERDUE] = "overdue",
                                        [REPAY_LOAN_UNKNOWN] = "unknown"};

    return names[state];
}

bool repay_loans_ageing(const struct repay_loans *loans, int32_t as_of,
                        const struct repay_ages *ages, struct repay_ageing *out,
                        struct repay_error *error)
{
    struct repay_ageing ageing = {.sum = {0}};

    for (uint32_t i = 0; i < loans->count; i++) {
        const struct repay_loan *loan = &loans->items[i];
        uint32_t bucket = 0;

        ageing.sum.missing_rows += loan->unknown_rows;
        if (loan->outstanding == 0)
            continue;
        if (loan->late_rows > 0)
            bucket = repay_ages_bucket(ages, as_of, loan->oldest_late_day);
        else if (loan->undated_rows > 0)
            bucket = repay_ages_undated(ages);
        ageing.buckets[bucket].count++;
        if (!repay_money_add(&ageing.buckets[bucket].outstanding, loan->outstanding) ||
            !repay_money_add(&ageing.sum.minor, loan->outstanding))
            return repay_sum_overflow("what is outstanding", error);
        ageing.sum.known_rows += loan->rows - loan->unknown_rows;
    }
    if (!repay_sum_check(ageing.sum.minor, "what is outstanding", error))
        return false;
    *out = ageing;
    return true;
}
