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
 * The quick way, for chunks in which every amount is from 0 to 2^40 and every day near as_of: the
 * bucket of each day stands in a table, and a row is added to its bucket's sum and count at once,
 * the count in the last bits. Rows that follow each other take turns at several sums, so that none
 * waits for the one before. Many chunks are added before the sums are read.
 */
#define TURNS       8u
#define COUNT_BITS  12
#define AMOUNT_BITS 40
#define ROWS_MAX    (1u << COUNT_BITS) /* of which no sum can overflow, nor its count */
#define NEAR_BITS   13
#define NEAR        (1u << NEAR_BITS) /* days in the table: eleven years before and after */

_Static_assert(COUNT_BITS + COUNT_BITS + AMOUNT_BITS <= 64, "sums do not fit");
_Static_assert(REPAY_MEASURE_ROWS < ROWS_MAX, "a chunk has too many rows");

struct near {
    int32_t first; /* day */
    uint32_t rows; /* that the sums hold */
    uint64_t sums[TURNS][REPAY_AGE_BUCKETS_MAX];
    uint8_t bucket_of[NEAR];
};

static void make_near(struct near *near, int32_t as_of, const struct repay_ages *ages)
{
    near->first = as_of - (int32_t)(NEAR / 2);
    near->rows = 0;
    memset(near->sums, 0, sizeof near->sums);
    for (uint32_t i = 0; i < NEAR; i++)
        near->bucket_of[i] = (uint8_t)repay_ages_bucket(ages, as_of, near->first + (int32_t)i);
}

static inline void put_row(struct near *near, uint32_t turn, uint32_t place, uint64_t counted)
{
    near->sums[turn][near->bucket_of[place]] += counted;
}

/* False, and nothing is put, where the chunk does not suit. */
static bool put_near(const struct repay_rows *rows, struct near *near)
{
    uint32_t count = rows->count, i = 0;
    uint64_t counted[REPAY_MEASURE_ROWS];
    uint32_t places[REPAY_MEASURE_ROWS];

    if (repay_days_from(rows->days, count, near->first, places) >> NEAR_BITS != 0 ||
        repay_amounts_counted(rows->outstanding, count, COUNT_BITS, counted) >> AMOUNT_BITS != 0)
        return false;
    near->rows += count;
    /* Written out, so that each turn has a place of its own in the code too. */
    for (; count - i >= TURNS; i += TURNS) {
        put_row(near, 0, places[i], counted[i]);
        put_row(near, 1, places[i + 1], counted[i + 1]);
        put_row(near, 2, places[i + 2], counted[i + 2]);
        put_row(near, 3, places[i + 3], counted[i + 3]);
        put_row(near, 4, places[i + 4], counted[i + 4]);
        put_row(near, 5, places[i + 5], counted[i + 5]);
        put_row(near, 6, places[i + 6], counted[i + 6]);
        put_row(near, 7, places[i + 7], counted[i + 7]);
    }
    for (; i < count; i++)
        put_row(near, 0, places[i], counted[i]);
    return true;
}

/* No sum of a chunk, nor of ROWS_MAX rows put near, leaves int64. */
static bool add_bucket(struct repay_ageing *ageing, uint32_t bucket, int64_t minor, uint64_t count)
{
    ageing->buckets[bucket].count += count;
    return repay_money_add(&ageing->buckets[bucket].outstanding, minor) &&
           repay_money_add(&ageing->sum.minor, minor);
}

/* Takes out what the sums hold. */
static bool add_near(struct near *near, uint32_t buckets, struct repay_ageing *ageing)
{
    for (uint32_t bucket = 0; bucket < buckets; bucket++) {
        int64_t minor = 0;
        uint64_t count = 0;

        for (uint32_t turn = 0; turn < TURNS; turn++) {
            minor += (int64_t)(near->sums[turn][bucket] >> COUNT_BITS);
            count += near->sums[turn][bucket] & (ROWS_MAX - 1);
            near->sums[turn][bucket] = 0;
        }
        if (!add_bucket(ageing, bucket, minor, count))
            return false;
    }
    near->rows = 0;
    return true;
}

static bool add_any(const struct repay_rows *rows, int32_t as_of, const struct repay_ages *ages,
                    struct repay_ageing *ageing)
{
    struct repay_bucket buckets[REPAY_AGE_BUCKETS_MAX] = {{0}};

    for (uint32_t i = 0; i < rows->count; i++) {
        int64_t minor = rows->outstanding[i];
        uint32_t bucket = repay_ages_bucket(ages, as_of, rows->days[i]);

        ageing->sum.missing_rows += minor == REPAY_AMOUNT_ABSENT;
        buckets[bucket].outstanding += minor > 0 ? minor : 0;
        buckets[bucket].count += minor > 0;
    }
    for (uint32_t i = 0; i < repay_ages_bucket_count(ages); i++) {
        if (!add_bucket(ageing, i, buckets[i].outstanding, buckets[i].count))
            return false;
    }
    return true;
}

bool repay_schedule_ageing(const struct repay_schedule *schedule, int32_t as_of,
                           const struct repay_ages *ages, struct repay_ageing *out,
                           struct repay_error *error)
{
    static const char what[] = "what is outstanding";
    uint32_t buckets = repay_ages_bucket_count(ages);
    struct repay_rows rows = {.row = 0};
    struct repay_ageing ageing = {.sum = {0}};
    struct near near;
    /* Making the table costs as much as some thousand rows. */
    bool has_near = schedule->rows > NEAR;
    bool fits = true;

    near.rows = 0;
    if (has_near)
        make_near(&near, as_of, ages);
    while (fits && repay_rows_next(schedule, &rows)) {
        if (!has_near || !put_near(&rows, &near))
            fits = add_any(&rows, as_of, ages, &ageing);
        if (near.rows + REPAY_MEASURE_ROWS >= ROWS_MAX)
            fits = fits && add_near(&near, buckets, &ageing);
    }
    if (!fits || (has_near && !add_near(&near, buckets, &ageing)))
        return repay_sum_overflow(what, error);
    for (uint32_t i = 0; i < buckets; i++)
        ageing.sum.known_rows += ageing.buckets[i].count;
    /* No bucket is below zero, so none is above their sum. */
    if (!repay_sum_check(ageing.sum.minor, what, error))
        return false;
    *out = ageing;
    return true;
}
