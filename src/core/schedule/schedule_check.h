/*
 * Whether a schedule's figures agree with each other: every rule, how many rows it was tried on,
 * and each place where it does not hold with both figures.
 *
 * Nothing is repaired and nobody is blamed: a provider may be right where a rule is not. A finding
 * is a note where the provider's documents leave the reading open, and an error where no reading
 * makes the figures agree.
 */
#ifndef REPAY_SCHEDULE_CHECK_H
#define REPAY_SCHEDULE_CHECK_H

#include "allocator.h"
#include "error.h"
#include "schedule.h"

/* The rule, its name in Lua, and what its two figures are. */
#define REPAY_RULES(X)                                                                             \
    X(PARTS_MAKE_TOTAL, "parts_make_total", AMOUNT)                                                \
    X(AMOUNTS_NOT_NEGATIVE, "amounts_not_negative", AMOUNT)                                        \
    X(PAID_WITHIN_TOTAL, "paid_within_total", AMOUNT)                                              \
    X(OUTSTANDING_WITHIN_TOTAL, "outstanding_within_total", AMOUNT)                                \
    X(PENALTY_PAID_WITHIN_PENALTY, "penalty_paid_within_penalty", AMOUNT)                          \
    X(STATUS_WORD_IS_KNOWN, "status_word_is_known", NOTHING)                                       \
    X(STATUS_FITS_AMOUNTS, "status_fits_amounts", STATUS)                                          \
    X(DUE_DATE_IS_READABLE, "due_date_is_readable", NOTHING)                                       \
    X(NUMBERS_ARE_UNIQUE, "numbers_are_unique", COUNT)                                             \
    X(DUE_DATES_ASCEND, "due_dates_ascend", DAY)                                                   \
    X(DUE_DATES_DIFFER, "due_dates_differ", DAY)                                                   \
    X(REMAINING_RUNS_DOWN, "remaining_runs_down", AMOUNT)                                          \
    X(REMAINING_FITS_OUTSTANDING, "remaining_fits_outstanding", AMOUNT)                            \
    X(LOAN_BALANCES_AGREE, "loan_balances_agree", AMOUNT)

enum repay_rule {
#define X(name, text, unit) REPAY_RULE_##name,
    REPAY_RULES(X)
#undef X
        REPAY_RULE_COUNT
};

enum repay_rule_unit {
    REPAY_RULE_UNIT_NOTHING, /* no figures */
    REPAY_RULE_UNIT_AMOUNT,
    REPAY_RULE_UNIT_DAY,
    REPAY_RULE_UNIT_COUNT,
    REPAY_RULE_UNIT_STATUS
};

const char *repay_rule_name(enum repay_rule rule);
enum repay_rule_unit repay_rule_unit(enum repay_rule rule);

struct repay_finding {
    enum repay_rule rule;
    bool is_error;
    uint32_t row;                    /* from 0 */
    uint32_t with_row;               /* the row it disagrees with, or REPAY_NO_ROW */
    const struct repay_field *field; /* the column that is meant, or NULL: the rule says it */
    int64_t expected;
    int64_t found;
};

#define REPAY_FINDINGS_MAX 1000 /* listed by default: nobody reads more, all are counted */

struct repay_rule_count {
    uint64_t checked; /* rows, or pairs of rows, that it could be tried on */
    uint64_t errors;
    uint64_t notes;
};

struct repay_check {
    const struct repay_allocator *allocator;
    struct repay_finding *findings; /* by rule pass, then by row */
    uint32_t count;
    uint32_t room;
    uint32_t limit;
    struct repay_rule_count rules[REPAY_RULE_COUNT];
    bool no_memory;
};

/* `limit` findings are listed; counting goes on. */
void repay_check_init(struct repay_check *check, const struct repay_allocator *allocator,
                      uint32_t limit);
/* Safe twice. */
void repay_check_free(struct repay_check *check);
bool repay_check_run(struct repay_check *check, const struct repay_schedule *schedule,
                     struct repay_error *error);

#endif
