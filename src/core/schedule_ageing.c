/*
 * Ageing by installment; by loan it is made from loan figures (schedule_loans.h). Ages are looked
 * up in a table instead of compared with each end: one row costs the same with four ends or
 * sixteen.
 */
#include "schedule_ageing.h"

bool repay_ages_set(struct repay_ages *ages, const int32_t *ends, uint32_t count,
                    struct repay_error *error)
{
    uint32_t bucket = 1;

    if (count == 0 || count > REPAY_AGE_ENDS_MAX)
        return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                               "buckets takes 1 to %d upper ends", REPAY_AGE_ENDS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        if (ends[i] < 1 || ends[i] > REPAY_AGE_MAX || (i > 0 && ends[i] <= ends[i - 1]))
            return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                                   "buckets takes ascending numbers of days from 1 to %d",
                                   REPAY_AGE_MAX);
    }
    ages->end_count = count;
    memcpy(ages->ends, ends, count * sizeof *ends);
    ages->bucket_of[0] = 0;
    for (int32_t late = 1; late <= REPAY_AGE_MAX + 1; late++) {
        while (bucket <= count && late > ends[bucket - 1])
            bucket++;
        ages->bucket_of[late] = (uint8_t)bucket;
    }
    return true;
}

bool repay_schedule_ageing(const struct repay_schedule *schedule, int32_t as_of,
                           const struct repay_ages *ages, struct repay_ageing *out,
                           struct repay_error *error)
{
    static const char what[] = "what is outstanding";
    struct repay_rows rows = {.row = 0};
    struct repay_ageing ageing = {.sum = {0}};

    while (repay_rows_next(schedule, &rows)) {
        int64_t part[REPAY_AGE_BUCKETS_MAX] = {0};

        for (uint32_t i = 0; i < rows.count; i++) {
            int64_t minor = rows.outstanding[i];
            uint32_t bucket = repay_ages_bucket(ages, as_of, rows.days[i]);

            ageing.sum.missing_rows += minor == REPAY_AMOUNT_ABSENT;
            part[bucket] += minor > 0 ? minor : 0;
            ageing.buckets[bucket].count += minor > 0;
        }
        for (uint32_t i = 0; i < repay_ages_bucket_count(ages); i++) {
            if (!repay_money_add(&ageing.buckets[i].outstanding, part[i]) ||
                !repay_money_add(&ageing.sum.minor, part[i]))
                return repay_sum_overflow(what, error);
        }
    }
    for (uint32_t i = 0; i < repay_ages_bucket_count(ages); i++)
        ageing.sum.known_rows += ageing.buckets[i].count;
    /* No bucket is below zero, so none is above their sum. */
    if (!repay_sum_check(ageing.sum.minor, what, error))
        return false;
    *out = ageing;
    return true;
}
