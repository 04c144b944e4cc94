/*
 * Many schedules as of a day: exact sums by due day, and one short record a loan.
 *
 * Schedules are not kept. Rows go into one sum per cell and due day (a cell is one account of one
 * provider, currency and set of tags), loans into records of 72 bytes, so that buckets, periods
 * and groupings can be chosen afterwards and a million loans fit in memory. Currencies are never
 * added together. Measures over it are in portfolio_measures.h.
 */
#ifndef REPAY_PORTFOLIO_H
#define REPAY_PORTFOLIO_H

#include "measure.h"
#include "portfolio_names.h"
#include "schedule_loans.h"

#define REPAY_PORTFOLIO_TAG_MAX   64 /* bytes of one tag */
#define REPAY_PORTFOLIO_TAGS_MAX  8  /* of one loan */
#define REPAY_PORTFOLIO_CELLS_MAX 65536
#define REPAY_PORTFOLIO_LOANS_MAX (UINT32_C(1) << 30)

enum repay_loan_flag {
    REPAY_LOAN_HAS_UNKNOWN = 1,   /* what some row has outstanding is not known */
    REPAY_LOAN_HAS_UNDATED = 2,   /* something is outstanding without a due day */
    REPAY_LOAN_NO_PRINCIPAL = 4,  /* the principal of what is outstanding is not known */
    REPAY_LOAN_NO_LOW = 8,        /* nor its lower bound */
    REPAY_LOAN_NEXT_UNKNOWN = 16, /* a row of unknown amount may be due before, or with, the next */
    REPAY_LOAN_OVERDUE_UNKNOWN = 32, /* a row of unknown amount may be late */
    REPAY_LOAN_BALANCE_TOLD = 64     /* `outstanding` is the provider's balance of the whole loan */
};

struct repay_portfolio_loan {
    unsigned char id[16]; /* the id, or the bytes of a UUID, or the place of a longer id */
    int64_t outstanding;
    int64_t overdue;
    int64_t next_due;
    int64_t principal_high;
    int64_t principal_low;
    int32_t oldest_late_day; /* REPAY_DAY_ABSENT: not late */
    int32_t next_due_day;
    uint32_t cell;
    uint8_t id_form; /* private: 0 to 16 is the length of a short id */
    uint8_t flags;   /* enum repay_loan_flag */
};

struct repay_day_sum {
    uint32_t cell;
    int32_t day; /* REPAY_DAY_ABSENT: undated */
    int64_t outstanding;
    int64_t principal_high;
    int64_t principal_low;
    uint64_t rows;
    uint64_t no_principal_rows;
    uint64_t no_low_rows;
};

struct repay_cell {
    const struct repay_layout *layout;
    uint32_t provider, environment, label, currency, tags; /* names */
    uint32_t group;
    uint32_t currency_place; /* in the portfolio's list of currencies */
    uint8_t decimals;
    uint64_t rows;
    uint64_t loans;
    uint64_t unknown_rows;
    uint64_t unknown_late_rows; /* of these, those that may be late */
    uint64_t unknown_undated_rows;
    struct repay_sum total_due;
    struct repay_sum paid;
};

/* All that is known to be outstanding in a currency: no measure over it can be more. */
struct repay_currency_sum {
    uint32_t currency; /* name */
    int64_t outstanding;
};

struct repay_loan_slot {
    uint32_t place; /* of the loan, from 1; 0: free */
    uint32_t hash;  /* of its identity: nearly always tells it from another without a look at it */
};

struct repay_portfolio {
    const struct repay_allocator *allocator;
    int32_t as_of;
    int32_t fetched_first; /* REPAY_DAY_ABSENT while no schedule was added */
    int32_t fetched_last;
    uint64_t schedules;
    struct repay_names names;
    struct repay_cell *cells;
    uint32_t cell_count, cell_room;
    struct repay_number_map cell_of; /* group, currency, layout and tags, 16 bits each */
    /* Provider, environment and label: what makes a loan id unique. */
    struct repay_number_map group_of;
    struct repay_currency_sum *currencies;
    uint32_t currency_count, currency_room;
    struct repay_day_sum *days;
    uint32_t day_count, day_room;
    struct repay_number_map day_of; /* cell and day */
    struct repay_portfolio_loan **loan_blocks;
    uint32_t loan_count, loan_block_room;
    struct repay_loan_slot *loan_slots; /* hash table of loans */
    uint32_t loan_slot_count;
    struct repay_loans scratch; /* of the schedule being added */
};

void repay_portfolio_init(struct repay_portfolio *portfolio,
                          const struct repay_allocator *allocator, int32_t as_of);
/* Safe twice. */
void repay_portfolio_free(struct repay_portfolio *portfolio);
/* Bytes in use for it, this struct included. */
size_t repay_portfolio_memory(const struct repay_portfolio *portfolio);

/*
 * Adds every loan of the schedule, or nothing: kind duplicate_loan when one of them is held
 * already, too_large when a sum could not be given exactly any more.
 */
bool repay_portfolio_add(struct repay_portfolio *portfolio, const struct repay_schedule *schedule,
                         const struct repay_text *tags, uint32_t tag_count,
                         struct repay_error *error);

const struct repay_portfolio_loan *repay_portfolio_loan(const struct repay_portfolio *portfolio,
                                                        uint32_t place);
/* Borrowed from `room` or the portfolio. */
struct repay_text repay_portfolio_loan_id(const struct repay_portfolio *portfolio,
                                          const struct repay_portfolio_loan *loan, char room[40]);
/* Tags of a cell: how many, and the name of the i-th. */
uint32_t repay_portfolio_tag_count(const struct repay_portfolio *portfolio,
                                   const struct repay_cell *cell);
uint32_t repay_portfolio_tag(const struct repay_portfolio *portfolio, const struct repay_cell *cell,
                             uint32_t i);

#endif
