/*
 * One pass that keeps a running record per loan. Rows of one loan mostly follow each other, so the
 * loan of the row before is tried before the table is asked.
 */
#include "loan_balances.h"
#include "schedule_loans.h"

#define ROOM_FIRST 16u

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

static bool make_room(struct repay_loans *loans)
{
    uint32_t room = loans->room > 0 ? loans->room * 2 : ROOM_FIRST;
    struct repay_loan *items;

    if (loans->count < loans->room)
        return true;
    items = repay_resize(loans->allocator, loans->items, loans->room * sizeof *items,
                         room * sizeof *items);
    if (!items)
        return false;
    loans->items = items;
    loans->room = room;
    return true;
}

/* The record of the loan; NULL when there is no memory. */
static struct repay_loan *record_of(struct repay_loans *loans, uint32_t code)
{
    uint32_t place;

    if (!make_room(loans))
        return NULL;
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
    if (loan->next_due_day == REPAY_DAY_ABSENT || day < loan->next_due_day) {
        loan->next_due_day = day;
        loan->next_due = 0;
    }
    return day > loan->next_due_day || repay_money_add(&loan->next_due, minor);
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
    repay_schedule_fill_loans(schedule, rows->row, rows->count, parts->loans);
    parts->principal = repay_schedule_amounts(schedule, REPAY_FIGURE_PRINCIPAL, rows->row,
                                              rows->count, parts->rooms[0]);
    parts->interest = repay_schedule_amounts(schedule, REPAY_FIGURE_INTEREST, rows->row,
                                             rows->count, parts->rooms[1]);
    parts->penalty = repay_penalties(schedule, rows->row, rows->count, parts->rooms[2]);
}

static bool add_rows(struct repay_loans *loans, const struct repay_rows *rows,
                     const struct repay_row_parts *parts, int32_t as_of, struct repay_error *error)
{
    struct repay_loan *loan = NULL;

    for (uint32_t i = 0; i < rows->count; i++) {
        int64_t minor = rows->outstanding[i];

        if (!loan || loan->code != parts->loans[i])
            loan = record_of(loans, parts->loans[i]);
        if (!loan)
            return repay_error_set(error, REPAY_KIND_MEMORY, "no memory to sum up the loans");
        loan->rows++;
        if (minor == REPAY_AMOUNT_ABSENT)
            add_unknown(loan, as_of, rows->days[i]);
        if (minor <= 0)
            continue;
        if (!repay_money_add(&loan->outstanding, minor) ||
            !add_day(loan, as_of, rows->days[i], minor) ||
            !add_principal(loan, repay_principal_of(minor, parts->principal[i], parts->interest[i],
                                                    parts->penalty[i])))
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
