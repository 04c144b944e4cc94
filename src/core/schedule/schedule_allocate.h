/*
 * Which installments and parts a repayment would settle.
 *
 * Our simulation: oldest due first, inside a row by the caller's order of parts. The provider's own
 * rule is not known and is not claimed. Every minor unit of the amount is either laid on a row or
 * left over, and no row gets more than it has outstanding.
 */
#ifndef REPAY_SCHEDULE_ALLOCATE_H
#define REPAY_SCHEDULE_ALLOCATE_H

#include "allocator.h"
#include "error.h"
#include "schedule.h"

enum repay_part { REPAY_PART_PENALTY, REPAY_PART_INTEREST, REPAY_PART_PRINCIPAL };
#define REPAY_PART_COUNT 3

/* REPAY_PART_COUNT for a word that is no part. */
enum repay_part repay_part_from_name(struct repay_text name);
const char *repay_part_name(enum repay_part part);

struct repay_allocate_options {
    int64_t amount;                          /* minor units, above zero */
    enum repay_part order[REPAY_PART_COUNT]; /* each part once */
    struct repay_text loan_id;               /* data NULL: the schedule has one loan */
};

struct repay_allocated_row {
    uint32_t row;        /* from 0 */
    int64_t outstanding; /* before */
    int64_t settled;     /* by this amount: the parts and what is unsplit */
    int64_t parts[REPAY_PART_COUNT];
    int64_t unsplit; /* of a row whose parts are not known or do not reach its outstanding */
};

struct repay_allocation {
    const struct repay_allocator *allocator;
    struct repay_allocated_row *rows; /* only those that get something, in the order they get it */
    uint32_t count;
    uint32_t room;
    int64_t settled;
    int64_t parts[REPAY_PART_COUNT];
    int64_t unsplit;
    int64_t left_over;
    const char *reason; /* after a failure: why what is outstanding is not known, or NULL */
};

void repay_allocation_init(struct repay_allocation *allocation,
                           const struct repay_allocator *allocator);
/* Safe twice. */
void repay_allocation_free(struct repay_allocation *allocation);

/*
 * Fails, and says why, when the loan's rows are not all known, when more than one loan is there and
 * none was named, and when the named one is not there. `out` was initialised; it is empty on
 * failure.
 */
bool repay_schedule_allocate(const struct repay_schedule *schedule,
                             const struct repay_allocate_options *options,
                             struct repay_allocation *out, struct repay_error *error);

#endif
