/*
 * Ageing by installment; by loan it is made from loan figures (schedule_loans.h). Ages are looked
 * up in a table instead of compared with each end: one row costs the same with four ends or
 * sixteen.
 */
#include "schedule_ageing.h"

#include "amounts.h"

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

/*
 * The quick way, for chunks in which every amount is from 0 to 2^44 and every day near as_of: the
 * bucket of each day stands in a table, and a row is added to its bucket's sum and count at once,
 * the count in the last ten bits. Rows that follow each other take turns at several sums, so that
 * none waits for the one before.
 */
#define TURNS       4u
#define COUNT_BITS  10u
#define AMOUNT_BITS 44u
#define NEAR_BITS   13u
#define NEAR        (1u << NEAR_BITS) /* days in the table: eleven years before and after */

struct near {
    int32_t first; /* day */
    uint8_t bucket_of[NEAR];
};

/* A chunk of rows cannot overflow a sum, nor its count. */
_Static_assert(REPAY_MEASURE_ROWS < (1u << COUNT_BITS), "a chunk has too many rows to count");
_Static_assert(REPAY_MEASURE_ROWS <= (1u << (64 - COUNT_BITS - AMOUNT_BITS)), "sums do not fit");

static void make_near(struct near *near, int32_t as_of, const struct repay_ages *ages)
{
    near->first = as_of - (int32_t)(NEAR / 2);
    for (uint32_t i = 0; i < NEAR; i++)
        near->bucket_of[i] = (uint8_t)repay_ages_bucket(ages, as_of, near->first + (int32_t)i);
}

static bool put_near(const struct repay_rows *rows, const struct near *near,
                     struct repay_ageing *chunk)
{
    uint64_t sums[TURNS][REPAY_AGE_BUCKETS_MAX] = {{0}};

    if (repay_amounts_bits(rows->outstanding, rows->count) >> AMOUNT_BITS != 0 ||
        repay_days_bits(rows->days, rows->count, near->first) >> NEAR_BITS != 0)
        return false;
    for (uint32_t i = 0; i < rows->count; i++) {
        uint64_t minor = (uint64_t)rows->outstanding[i];
        uint8_t bucket = near->bucket_of[rows->days[i] - near->first];

        sums[i % TURNS][bucket] += (minor << COUNT_BITS) + (minor > 0);
    }
    for (uint32_t i = 0; i < REPAY_AGE_BUCKETS_MAX; i++) {
        for (uint32_t turn = 0; turn < TURNS; turn++) {
            chunk->buckets[i].outstanding += (int64_t)(sums[turn][i] >> COUNT_BITS);
            chunk->buckets[i].count += sums[turn][i] & ((1u << COUNT_BITS) - 1);
        }
    }
    return true;
}

static void put_any(const struct repay_rows *rows, int32_t as_of, const struct repay_ages *ages,
                    struct repay_ageing *chunk)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        int64_t minor = rows->outstanding[i];
        uint32_t bucket = repay_ages_bucket(ages, as_of, rows->days[i]);

        chunk->sum.missing_rows += minor == REPAY_AMOUNT_ABSENT;
        chunk->buckets[bucket].outstanding += minor > 0 ? minor : 0;
        chunk->buckets[bucket].count += minor > 0;
    }
}

/* No sum of a chunk leaves int64. */
static bool add_chunk(const struct repay_ageing *chunk, uint32_t buckets,
                      struct repay_ageing *ageing)
{
    ageing->sum.missing_rows += chunk->sum.missing_rows;
    for (uint32_t i = 0; i < buckets; i++) {
        ageing->buckets[i].count += chunk->buckets[i].count;
        if (!repay_money_add(&ageing->buckets[i].outstanding, chunk->buckets[i].outstanding) ||
            !repay_money_add(&ageing->sum.minor, chunk->buckets[i].outstanding))
            return false;
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
    struct near near;
    /* Making the table costs as much as some thousand rows. */
    bool has_near = schedule->rows > NEAR;

    near.first = as_of;
    if (has_near)
        make_near(&near, as_of, ages);
    while (repay_rows_next(schedule, &rows)) {
        struct repay_ageing chunk = {.sum = {0}};

        if (!has_near || !put_near(&rows, &near, &chunk))
            put_any(&rows, as_of, ages, &chunk);
        if (!add_chunk(&chunk, repay_ages_bucket_count(ages), &ageing))
            return repay_sum_overflow(what, error);
    }
    for (uint32_t i = 0; i < repay_ages_bucket_count(ages); i++)
        ageing.sum.known_rows += ageing.buckets[i].count;
    /* No bucket is below zero, so none is above their sum. */
    if (!repay_sum_check(ageing.sum.minor, what, error))
        return false;
    *out = ageing;
    return true;
}
