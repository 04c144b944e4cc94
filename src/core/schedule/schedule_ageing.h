/*
 * How late what is outstanding is, in buckets of days.
 *
 * Bucket 0 is what is not late, then one for each inclusive upper end, then what is later than all
 * of them, last what has no due day. Each row or loan with something outstanding is in exactly one.
 */
#ifndef REPAY_SCHEDULE_AGEING_H
#define REPAY_SCHEDULE_AGEING_H

#include "measure.h"

#define REPAY_AGE_ENDS_MAX    16   /* a report has 4 or 5; 16 fill a terminal line */
#define REPAY_AGE_MAX         4095 /* eleven years: what is later shares one bucket */
#define REPAY_AGE_BUCKETS_MAX (REPAY_AGE_ENDS_MAX + 3)

struct repay_ages {
    uint32_t end_count;
    int32_t ends[REPAY_AGE_ENDS_MAX];     /* ascending, from 1 */
    uint8_t bucket_of[REPAY_AGE_MAX + 2]; /* by days late; the last for all beyond */
};
/* False when there are too many ends, or they are not ascending days from 1 to REPAY_AGE_MAX. */
bool repay_ages_set(struct repay_ages *ages, const int32_t *ends, uint32_t count,
                    struct repay_error *error);

static inline uint32_t repay_ages_bucket_count(const struct repay_ages *ages)
{
    return ages->end_count + 3;
}

static inline uint32_t repay_ages_undated(const struct repay_ages *ages)
{
    return ages->end_count + 2;
}

/* The bucket of something due on `day`. */
static inline uint32_t repay_ages_bucket(const struct repay_ages *ages, int32_t as_of, int32_t day)
{
    int64_t late = (int64_t)as_of - day;

    if (late <= 0)
        return 0;
    if (day == REPAY_DAY_ABSENT)
        return repay_ages_undated(ages);
    return ages->bucket_of[late <= REPAY_AGE_MAX ? late : REPAY_AGE_MAX + 1];
}

struct repay_bucket {
    int64_t outstanding;
    uint64_t count; /* rows, or loans */
};

struct repay_ageing {
    struct repay_bucket buckets[REPAY_AGE_BUCKETS_MAX];
    struct repay_sum sum; /* over all buckets; what is missing is in none */
};

/* Each row at its own age. */
bool repay_schedule_ageing(const struct repay_schedule *schedule, int32_t as_of,
                           const struct repay_ages *ages, struct repay_ageing *out,
                           struct repay_error *error);

#endif
