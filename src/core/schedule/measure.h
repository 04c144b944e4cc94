/*
 * What every measure is made of: sums that know what they lack, bounds of outstanding principal,
 * ratios in parts per million, and the fixed words that say why a figure is nil.
 *
 * The rules are section 4 of the project's semantics. Amounts are int64 minor units throughout; a
 * sum that both Lua VMs could not hold exactly is an error, never a rounded figure.
 */
#ifndef REPAY_MEASURE_H
#define REPAY_MEASURE_H

#include "error.h"
#include "layout.h"
#include "money.h"
#include "schedule.h"

/*
 * Rows summed between two checks for overflow: as many as fill takes at once. No figure of a row
 * leaves 2^53, so 256 of them stay below 2^61.
 */
#define REPAY_MEASURE_ROWS REPAY_FILL_MAX

/* Due days a question may reach ahead, ages it may tell apart: a hundred years of days. */
#define REPAY_DAYS_AHEAD_MAX 36525

/* Fixed words: why a figure is nil. A layout has words of its own. */
#define REPAY_REASON_NOT_TOLD     "provider_does_not_tell"
#define REPAY_REASON_UNKNOWN_ROWS "rows_with_unknown_amount"
#define REPAY_REASON_NO_DATE      "rows_without_due_date"
#define REPAY_REASON_ZERO         "denominator_is_zero"
#define REPAY_REASON_NO_PAYMENTS  "schedules_tell_no_payment_dates"

struct repay_sum {
    int64_t minor;       /* of the known rows */
    uint64_t known_rows; /* that went into it */
    /* That would belong to it, as far as anyone can tell, and are not known. */
    uint64_t missing_rows;
};

/* The sum is complete: the figure may be given. */
static inline bool repay_sum_is_known(const struct repay_sum *sum)
{
    return sum->missing_rows == 0;
}

/* Adds a column; REPAY_AMOUNT_ABSENT counts as missing. At most REPAY_MEASURE_ROWS values. */
bool repay_sum_column(struct repay_sum *sum, const int64_t *values, uint32_t count);
/* Adds a figure of so many rows, likewise. `row` and `count` are of one chunk: repay_rows_next. */
bool repay_sum_figure(struct repay_sum *sum, const struct repay_schedule *schedule,
                      enum repay_figure figure, uint32_t row, uint32_t count);
/* Adds one sum to another; false when it leaves int64. */
bool repay_sum_add(struct repay_sum *sum, const struct repay_sum *other);
/* False, with an error of kind too_large, when Lua could not hold the sum exactly. */
bool repay_sum_check(int64_t minor, const char *what, struct repay_error *error);
bool repay_sum_overflow(const char *what, struct repay_error *error);

/* Whether the layout gives the figure in any row, or in any that is not paid off. */
bool repay_figure_is_told(const struct repay_layout *layout, enum repay_figure figure);
/* Why a figure of this layout can be nil. Never NULL. */
const char *repay_figure_reason(const struct repay_layout *layout, enum repay_figure figure);
/* The name of a figure in Lua, "outstanding_minor". */
const char *repay_figure_name(enum repay_figure figure);
/* The one reason of several, each NULL where there is none; a general word where they differ. */
const char *repay_reason_join(const char *a, const char *b);
/* Why lateness cannot be told from rows of this layout that are not known to be paid. */
const char *repay_lateness_reason(const struct repay_layout *layout);

/*
 * Outstanding principal of a row with something outstanding: it lies between `low` and `high`.
 * REPAY_AMOUNT_ABSENT where a part that it takes is not known. `low` is never above `high`, also
 * where the parts of a row do not add up.
 */
struct repay_principal {
    int64_t high; /* min(principal, outstanding) */
    int64_t low;  /* max(0, outstanding - interest - penalty) */
};
static inline struct repay_principal repay_principal_of(int64_t outstanding, int64_t principal,
                                                        int64_t interest, int64_t penalty)
{
    struct repay_principal bounds = {REPAY_AMOUNT_ABSENT, REPAY_AMOUNT_ABSENT};

    if (principal == REPAY_AMOUNT_ABSENT)
        return bounds;
    bounds.high = principal < outstanding ? principal : outstanding;
    if (bounds.high < 0)
        bounds.high = 0;
    if (interest == REPAY_AMOUNT_ABSENT || penalty == REPAY_AMOUNT_ABSENT)
        return bounds;
    bounds.low = outstanding - interest - penalty;
    if (bounds.low < 0)
        bounds.low = 0;
    if (bounds.low > bounds.high)
        bounds.low = bounds.high;
    return bounds;
}

/* The columns that a measure by due day reads, one chunk of rows. */
struct repay_rows {
    uint32_t row; /* the first */
    uint32_t count;
    const int64_t *outstanding; /* in the schedule itself, or in the room behind */
    const int32_t *days;
    int64_t outstanding_room[REPAY_MEASURE_ROWS];
    int32_t days_room[REPAY_MEASURE_ROWS];
};
/* The next chunk; begin with row and count 0. False at the end. */
bool repay_rows_next(const struct repay_schedule *schedule, struct repay_rows *rows);
/*
 * The same in two steps, for one who looks at the days before asking for amounts: the days alone,
 * then, if wanted, what is outstanding.
 */
bool repay_rows_next_days(const struct repay_schedule *schedule, struct repay_rows *rows);
void repay_rows_take_outstanding(const struct repay_schedule *schedule, struct repay_rows *rows);
/* Penalties, all zero where the provider has none at all. */
const int64_t *repay_penalties(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                               int64_t *room);

/*
 * The order of a schedule's rows (the context) by due day, then number, then position. Undated ones
 * come last: nobody can say that they are due before another.
 */
bool repay_is_due_before(const void *schedule, uint32_t a, uint32_t b);

/* Parts per million, half up. Needs 0 <= numerator <= denominator > 0. */
int64_t repay_ratio_ppm(int64_t numerator, int64_t denominator);

/* The day the balances are of: the fetch, in the schedule's zone (UTC where none is known). */
int32_t repay_schedule_fetched_day(const struct repay_schedule *schedule);

#endif
