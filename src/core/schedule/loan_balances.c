/*
 * Reads one such column at a time, so that the record per loan stays small; loan_balances.h.
 */
#include "loan_balances.h"

struct reading {
    int64_t first;     /* the first amount that was printed */
    int64_t last_made; /* the amount on the row made last */
    int64_t made_at;   /* when that was, REPAY_MOMENT_ABSENT while there is none */
    bool disagrees;    /* with `first`, on some row; or not printed on some */
    bool has_first;
    bool cannot_order; /* some row's moment cannot be compared */
    bool made_twice;   /* two rows share made_at and differ */
};

/* Milliseconds of the row's moment; REPAY_MOMENT_ABSENT when it says none. */
static int64_t moment_of(const struct repay_schedule *schedule, uint32_t row,
                         const struct repay_field *created)
{
    struct repay_value value;

    if (!created)
        return REPAY_MOMENT_ABSENT;
    repay_schedule_value(schedule, row, created, &value);
    if (!value.present || repay_moment_form_of(value.integer) == REPAY_MOMENT_TEXT)
        return REPAY_MOMENT_ABSENT;
    return value.integer >> 2;
}

static void read_row(struct reading *reading, int64_t minor, int64_t moment)
{
    if (!reading->has_first) {
        reading->has_first = true;
        reading->first = minor;
    } else if (minor != reading->first) {
        reading->disagrees = true;
    }
    if (moment == REPAY_MOMENT_ABSENT) {
        reading->cannot_order = true;
    } else if (reading->made_at == REPAY_MOMENT_ABSENT || moment > reading->made_at) {
        reading->made_at = moment;
        reading->last_made = minor;
        reading->made_twice = false;
    } else if (moment == reading->made_at && minor != reading->last_made) {
        reading->made_twice = true;
    }
}

static int64_t taken(const struct reading *reading)
{
    if (!reading->disagrees)
        return reading->has_first ? reading->first : REPAY_AMOUNT_ABSENT;
    if (reading->cannot_order || reading->made_twice)
        return REPAY_AMOUNT_ABSENT;
    return reading->last_made;
}

static void read_column(const struct repay_loans *loans, const struct repay_schedule *schedule,
                        const struct repay_field *field, struct reading *readings)
{
    const struct repay_field *created = repay_layout_role(schedule->layout, REPAY_ROLE_CREATED);
    const struct repay_loan *loan = NULL;

    for (uint32_t i = 0; i < loans->count; i++)
        readings[i] = (struct reading){.made_at = REPAY_MOMENT_ABSENT};
    for (uint32_t row = 0; row < schedule->rows; row++) {
        struct repay_value value;
        uint32_t code;

        repay_schedule_fill_loans(schedule, row, 1, &code);
        if (!loan || loan->code != code)
            loan = repay_loans_find(loans, code);
        repay_schedule_value(schedule, row, field, &value);
        read_row(&readings[loan - loans->items],
                 value.present ? value.integer : REPAY_AMOUNT_ABSENT,
                 moment_of(schedule, row, created));
    }
}

bool repay_loans_read_balances(struct repay_loans *loans, const struct repay_schedule *schedule,
                               struct repay_error *error)
{
    const struct repay_field *principal =
        repay_layout_role(schedule->layout, REPAY_ROLE_LOAN_PRINCIPAL);
    const struct repay_field *balance =
        repay_layout_role(schedule->layout, REPAY_ROLE_LOAN_BALANCE);
    size_t size = loans->count * sizeof(struct reading);
    struct reading *readings;

    if (size == 0 || (!principal && !balance))
        return true;
    readings = repay_allocate(loans->allocator, size);
    if (!readings)
        return repay_error_set(error, REPAY_KIND_MEMORY, "no memory to read the loans' balances");
    if (principal) {
        read_column(loans, schedule, principal, readings);
        for (uint32_t i = 0; i < loans->count; i++)
            loans->items[i].told_principal = taken(&readings[i]);
    }
    if (balance) {
        read_column(loans, schedule, balance, readings);
        for (uint32_t i = 0; i < loans->count; i++)
            loans->items[i].told_balance = taken(&readings[i]);
    }
    repay_release(loans->allocator, readings, size);
    return true;
}
