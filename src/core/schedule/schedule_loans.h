/*
 * The rows of a schedule put together by loan.
 *
 * Owns what a loan owes, how late it is and what is not known of it. A portfolio adds these
 * figures, ageing by loan and the list of loans show them. Loans stand in the order of their first
 * rows.
 */
#ifndef REPAY_SCHEDULE_LOANS_H
#define REPAY_SCHEDULE_LOANS_H

#include "number_map.h"
#include "schedule_ageing.h"

enum repay_loan_state {
    REPAY_LOAN_PAID, /* nothing is outstanding */
    REPAY_LOAN_DUE,  /* something is outstanding, nothing of it late */
    REPAY_LOAN_OVERDUE,
    REPAY_LOAN_UNKNOWN /* no row is known to be late, and some row's amount or day is not known */
};

struct repay_loan {
    uint32_t code; /* of the schedule */
    uint32_t rows;
    uint32_t late_rows;
    uint32_t unknown_rows;      /* outstanding is not known */
    uint32_t unknown_late_rows; /* of these: due before as_of, or on no known day */
    uint32_t unknown_undated_rows;
    uint32_t undated_rows;      /* something outstanding, and no due day */
    uint32_t no_principal_rows; /* something outstanding, and the principal is not known */
    uint32_t no_low_rows;       /* likewise the lower bound of principal */
    int32_t oldest_late_day;    /* REPAY_DAY_ABSENT: nothing late */
    int32_t next_due_day;       /* REPAY_DAY_ABSENT: nothing known is due from as_of on */
    int32_t unknown_next_day;   /* earliest day from as_of on of a row with unknown amount */
    int64_t outstanding;        /* of the rows that are known */
    int64_t overdue;            /* amount to bring current */
    int64_t next_due;           /* all of next_due_day */
    int64_t principal_high;
    int64_t principal_low;
    uint32_t hash; /* of its id, for a portfolio that it is added to */
    /* What the provider prints for the whole loan; REPAY_AMOUNT_ABSENT when it does not. */
    int64_t told_principal;
    int64_t told_balance;
};

struct repay_loans {
    const struct repay_allocator *allocator;
    struct repay_number_map by_code; /* empty as long as the loans stand by ascending codes */
    struct repay_loan *items;
    uint32_t count;
    uint32_t room;
};

/* What else a measure by loan wants of a chunk of rows. */
struct repay_row_parts {
    bool is_plain; /* every day is known, and every amount known and not below zero */
    uint32_t loans[REPAY_MEASURE_ROWS]; /* codes */
    /* Bounds of principal as in struct repay_principal; where nothing is outstanding, no bounds. */
    int64_t high[REPAY_MEASURE_ROWS];
    int64_t low[REPAY_MEASURE_ROWS];
};

/* Sees each chunk that is gathered, so that a second measure needs no second pass. */
struct repay_loans_visitor {
    bool (*visit)(void *context, const struct repay_rows *rows, const struct repay_row_parts *parts,
                  struct repay_error *error);
    void *context;
};

void repay_loans_init(struct repay_loans *loans, const struct repay_allocator *allocator);
/* Safe twice. */
void repay_loans_free(struct repay_loans *loans);
/*
 * Replaces what is held; memory is used again. On failure nothing is held. `visitor` may be NULL.
 */
bool repay_loans_gather(struct repay_loans *loans, const struct repay_schedule *schedule,
                        int32_t as_of, const struct repay_loans_visitor *visitor,
                        struct repay_error *error);

/* The loan with the code, which is one of the schedule's rows'. */
const struct repay_loan *repay_loans_find(const struct repay_loans *loans, uint32_t code);

enum repay_loan_state repay_loan_state(const struct repay_loan *loan);
const char *repay_loan_state_name(enum repay_loan_state state);

/* Whether no row of unknown amount could be the next payment, or a part of it. */
static inline bool repay_loan_next_is_known(const struct repay_loan *loan)
{
    if (loan->unknown_undated_rows > 0)
        return false;
    return loan->unknown_next_day == REPAY_DAY_ABSENT ||
           (loan->next_due_day != REPAY_DAY_ABSENT && loan->unknown_next_day > loan->next_due_day);
}

/*
 * By loan: all that is outstanding, at its oldest late row. A loan that has no late row but an
 * undated one is undated: that it is not late cannot be said. A loan with rows of unknown amount
 * counts with what is known of it, and its unknown rows are missing.
 */
bool repay_loans_ageing(const struct repay_loans *loans, int32_t as_of,
                        const struct repay_ages *ages, struct repay_ageing *out,
                        struct repay_error *error);

#endif
