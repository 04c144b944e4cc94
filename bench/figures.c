/*
 * Totals and ageing of a schedule next to plain loops over plain arrays, in turns.
 *
 *     figures DUMP ROUNDS AS_OF
 *
 * The dump is one that schedule:dump() made. The loop for totals adds what ours adds: each figure
 * that the provider tells, known rows and missing ones apart, and of what is left the part that is
 * late and the part without a due day, each with its rows. The one for ageing adds the columns that
 * ageing reads, likewise with rows known, missing and undated, but puts nothing in buckets. Figures
 * that are computed lie ready in arrays of their own, so that no loop pays for computing them;
 * neither checks for an overflow, which ours does.
 *
 * Beside them the same loops as they are written where every value is known to be there: bare sums,
 * and no rows counted. Those of ageing add the columns as they were told.
 *
 * Prints the medians of the rounds' ratios, ours to the loop, and nanoseconds a row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provider.h"
#include "schedule_ageing.h"
#include "schedule_build.h"
#include "schedule_dump.h"
#include "schedule_totals.h"

#define ROUNDS_MAX  100
#define COLUMNS_MAX 8

static void *resize(void *context, void *memory, size_t old_size, size_t new_size)
{
    (void)context;
    (void)old_size;
    if (new_size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, new_size);
}

static const struct repay_allocator allocator = {resize, NULL};

static int fail(const char *what)
{
    (void)fprintf(stderr, "figures: %s\n", what);
    return 1;
}

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    long end;

    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) > 0 && fseek(file, 0, SEEK_SET) == 0) {
        *size = (size_t)end;
        bytes = malloc(*size);
        if (bytes && fread(bytes, 1, *size, file) != *size) {
            free(bytes);
            bytes = NULL;
        }
    }
    (void)fclose(file);
    return bytes;
}

/* The same columns as arrays, one value a row. */
struct plain {
    uint32_t rows;
    unsigned column_count;
    int64_t *columns[COLUMNS_MAX];
    int64_t *outstanding;
    int64_t *total, *paid; /* NULL where what is left is told */
    int32_t *days;
};

static int64_t *column_of(const struct repay_schedule *schedule, enum repay_figure figure)
{
    int64_t *values = malloc(schedule->rows * sizeof *values);

    for (uint32_t row = 0; values && row < schedule->rows; row += REPAY_FILL_MAX) {
        uint32_t left = schedule->rows - row;

        repay_schedule_fill(schedule, figure, row, left < REPAY_FILL_MAX ? left : REPAY_FILL_MAX,
                            values + row);
    }
    return values;
}

static int unpack(const struct repay_schedule *schedule, struct plain *plain)
{
    plain->rows = schedule->rows;
    for (int i = 0; i < REPAY_FIGURE_COUNT; i++) {
        enum repay_figure figure = (enum repay_figure)i;
        int64_t *values = column_of(schedule, figure);

        if (!values)
            return 0;
        if (figure == REPAY_FIGURE_TOTAL_DUE)
            plain->total = values;
        if (figure == REPAY_FIGURE_PAID)
            plain->paid = values;
        if (figure == REPAY_FIGURE_OUTSTANDING)
            plain->outstanding = values;
        else if (values[0] != REPAY_AMOUNT_ABSENT)
            plain->columns[plain->column_count++] = values;
        else
            free(values);
    }
    if (schedule->layout->outstanding_rule == REPAY_AMOUNT_GIVEN)
        plain->paid = NULL;
    plain->days = malloc(plain->rows * sizeof *plain->days);
    for (uint32_t row = 0; plain->days && row < plain->rows; row += REPAY_FILL_MAX) {
        uint32_t left = plain->rows - row;

        repay_schedule_fill_days(schedule, row, left < REPAY_FILL_MAX ? left : REPAY_FILL_MAX,
                                 plain->days + row);
    }
    return plain->days != NULL;
}

struct sum {
    int64_t minor;
    uint32_t known, missing;
};

struct sums {
    struct sum columns[COLUMNS_MAX];
    struct sum outstanding, overdue, undated;
    int64_t paid, days; /* of the bare loops */
};

static struct sum add_column(const int64_t *values, uint32_t rows)
{
    struct sum sum = {0, 0, 0};

    for (uint32_t row = 0; row < rows; row++) {
        bool absent = values[row] == REPAY_AMOUNT_ABSENT;

        sum.minor += absent ? 0 : values[row];
        sum.missing += absent;
    }
    sum.known = rows - sum.missing;
    return sum;
}

static void add_columns(const struct plain *plain, int32_t as_of, struct sums *sums)
{
    struct sum outstanding = {0, 0, 0}, overdue = {0, 0, 0}, undated = {0, 0, 0};

    memset(sums, 0, sizeof *sums);
    for (unsigned column = 0; column < plain->column_count; column++)
        sums->columns[column] = add_column(plain->columns[column], plain->rows);
    for (uint32_t row = 0; row < plain->rows; row++) {
        int64_t left = plain->outstanding[row];
        bool dated = plain->days[row] != REPAY_DAY_ABSENT;
        bool late = dated && plain->days[row] < as_of;

        outstanding.missing += left == REPAY_AMOUNT_ABSENT;
        left = left > 0 ? left : 0;
        outstanding.minor += left;
        overdue.minor += late ? left : 0;
        overdue.known += late && left > 0;
        undated.minor += dated ? 0 : left;
        undated.known += !dated && left > 0;
    }
    outstanding.known = plain->rows - outstanding.missing;
    sums->outstanding = outstanding;
    sums->overdue = overdue;
    sums->undated = undated;
}

static void add_bare_columns(const struct plain *plain, int32_t as_of, struct sums *sums)
{
    memset(sums, 0, sizeof *sums);
    for (unsigned column = 0; column < plain->column_count; column++) {
        const int64_t *values = plain->columns[column];
        int64_t sum = 0;

        for (uint32_t row = 0; row < plain->rows; row++)
            sum += values[row];
        sums->columns[column].minor = sum;
    }
    for (uint32_t row = 0; row < plain->rows; row++) {
        sums->outstanding.minor += plain->outstanding[row];
        sums->overdue.minor += plain->days[row] < as_of ? plain->outstanding[row] : 0;
    }
}

static void add_days(const struct plain *plain, int32_t as_of, struct sums *sums)
{
    struct sum outstanding = {0, 0, 0}, undated = {0, 0, 0};

    (void)as_of;
    memset(sums, 0, sizeof *sums);
    for (uint32_t row = 0; row < plain->rows; row++) {
        int64_t left = plain->outstanding[row];
        bool dated = plain->days[row] != REPAY_DAY_ABSENT;

        outstanding.missing += left == REPAY_AMOUNT_ABSENT;
        left = left > 0 ? left : 0;
        outstanding.minor += left;
        outstanding.known += left > 0;
        undated.minor += dated ? 0 : left;
        undated.known += !dated && left > 0;
    }
    sums->outstanding = outstanding;
    sums->undated = undated;
}

static void add_bare_days(const struct plain *plain, int32_t as_of, struct sums *sums)
{
    (void)as_of;
    memset(sums, 0, sizeof *sums);
    for (uint32_t row = 0; plain->paid && row < plain->rows; row++) {
        sums->outstanding.minor += plain->total[row];
        sums->paid += plain->paid[row];
        sums->days += plain->days[row];
    }
    for (uint32_t row = 0; !plain->paid && row < plain->rows; row++) {
        sums->outstanding.minor += plain->outstanding[row];
        sums->days += plain->days[row];
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

struct times {
    double ratio[ROUNDS_MAX], bare_ratio[ROUNDS_MAX], ours[ROUNDS_MAX], loop[ROUNDS_MAX];
};

static int64_t time_of(void (*loop)(const struct plain *, int32_t, struct sums *),
                       const struct plain *plain, int32_t as_of, struct sums *sums)
{
    int64_t start = now_ns();

    loop(plain, as_of, sums);
    return now_ns() - start;
}

/* The first round is not counted: it finds no page at hand. */
static void note(struct times *times, int round, int64_t ours, uint32_t rows, int64_t loop,
                 int64_t bare)
{
    if (round < 0)
        return;
    times->ratio[round] = (double)ours / (double)loop;
    times->bare_ratio[round] = (double)ours / (double)bare;
    times->ours[round] = (double)ours / rows;
    times->loop[round] = (double)loop / rows;
}

static bool is_sum(const struct repay_sum *sum, const struct sum *loop)
{
    return sum->minor == loop->minor && sum->known_rows == loop->known &&
           sum->missing_rows == loop->missing;
}

static void say(const char *name, struct times *times, int rounds)
{
    printf("%s_ratio %.4g\n", name, median(times->ratio, rounds));
    printf("%s_bare_ratio %.4g\n", name, median(times->bare_ratio, rounds));
    printf("%s_ns %.4g\n", name, median(times->ours, rounds));
    printf("%s_loop_ns %.4g\n", name, median(times->loop, rounds));
}

/* Both must come to the same figures, or there is nothing to compare. */
static int measure(const struct repay_schedule *schedule, const struct plain *plain, int rounds,
                   int32_t as_of)
{
    static const int32_t ends[] = {30, 60, 90, 180};
    static struct times totals_times, ageing_times;
    struct repay_totals totals;
    struct repay_ageing ageing;
    struct repay_ages ages;
    struct repay_error error;
    struct sums sums, bare;

    if (!repay_ages_set(&ages, ends, 4, &error))
        return fail("ages");
    for (int round = -1; round < rounds; round++) {
        int64_t ours = now_ns();

        if (!repay_schedule_totals(schedule, as_of, &totals, &error))
            return fail(error.message);
        ours = now_ns() - ours;
        note(&totals_times, round, ours, plain->rows, time_of(add_columns, plain, as_of, &sums),
             time_of(add_bare_columns, plain, as_of, &bare));
        if (!is_sum(&totals.figures[REPAY_FIGURE_OUTSTANDING], &sums.outstanding) ||
            !is_sum(&totals.figures[REPAY_FIGURE_PRINCIPAL], &sums.columns[0]) ||
            totals.overdue.sum.minor != sums.overdue.minor ||
            totals.overdue.sum.known_rows != sums.overdue.known ||
            totals.overdue.undated.minor != sums.undated.minor ||
            bare.overdue.minor != sums.overdue.minor)
            return fail("the sums differ");
        ours = now_ns();
        if (!repay_schedule_ageing(schedule, as_of, &ages, &ageing, &error))
            return fail(error.message);
        ours = now_ns() - ours;
        note(&ageing_times, round, ours, plain->rows, time_of(add_days, plain, as_of, &sums),
             time_of(add_bare_days, plain, as_of, &bare));
        if (!is_sum(&ageing.sum, &sums.outstanding) ||
            ageing.sum.minor != bare.outstanding.minor - bare.paid)
            return fail("the ages differ");
    }
    printf("rows %lu\n", (unsigned long)plain->rows);
    say("totals", &totals_times, rounds);
    say("ageing", &ageing_times, rounds);
    return 0;
}

int main(int argc, char **argv)
{
    struct repay_schedule_facts facts;
    struct repay_schedule schedule;
    struct repay_builder builder;
    struct repay_error error;
    struct plain plain = {0};
    struct repay_blocks *blocks = repay_blocks_create(&allocator);
    int32_t as_of;
    size_t size = 0;
    long rounds = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
    char *bytes = argc == 4 ? read_file(argv[1], &size) : NULL;
    int status;

    if (!blocks || !bytes || rounds < 1 || rounds > ROUNDS_MAX ||
        !repay_day_read(repay_text_of(argv[3]), &as_of))
        return fail("usage: figures DUMP ROUNDS AS_OF");
    repay_builder_init(&builder, blocks);
    repay_schedule_init(&schedule);
    if (!repay_schedule_load((struct repay_text){bytes, size}, repay_layout_find, &builder, &facts,
                             &error) ||
        !repay_builder_move(&builder, &facts, &schedule, &error))
        return fail(error.message);
    status = unpack(&schedule, &plain) ? measure(&schedule, &plain, (int)rounds, as_of)
                                       : fail("no memory");
    repay_schedule_free(&schedule);
    repay_builder_free(&builder);
    repay_blocks_drop(blocks);
    free(bytes);
    return status;
}
