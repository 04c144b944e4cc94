/*
 * How long two commands take from start to end, in turns, so that both meet the same machine.
 *
 *     startup ROUNDS COMMAND… -- COMMAND…
 *
 * Prints the medians in milliseconds and the median of the rounds' ratios, first to second.
 */
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX 1000
#define WARM_UPS   3 /* the first runs read the files from disk */

extern char **environ;

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Nanoseconds, or -1 when the command could not be run or failed. */
static int64_t time_of(char **command)
{
    pid_t child;
    int status;
    int64_t start = now_ns();

    if (posix_spawnp(&child, command[0], NULL, NULL, command, environ) != 0)
        return -1;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return -1;
    return now_ns() - start;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof values[0], compare);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

int main(int argc, char **argv)
{
    static double first[ROUNDS_MAX];
    static double second[ROUNDS_MAX];
    static double ratio[ROUNDS_MAX];
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    char **other = NULL;

    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            argv[i] = NULL;
            other = argv + i + 1;
            break;
        }
    }
    if (rounds < 1 || rounds > ROUNDS_MAX || !other || !other[0] || !argv[2]) {
        fprintf(stderr, "startup ROUNDS COMMAND… -- COMMAND…\n");
        return 1;
    }
    for (long round = -WARM_UPS; round < rounds; round++) {
        int64_t a = time_of(argv + 2);
        int64_t b = time_of(other);
        if (a <= 0 || b <= 0) {
            fprintf(stderr, "startup: a command failed\n");
            return 1;
        }
        if (round < 0)
            continue;
        first[round] = (double)a / 1e6;
        second[round] = (double)b / 1e6;
        ratio[round] = (double)a / (double)b;
    }
    printf("ms %.3f\npeer_ms %.3f\nratio %.3f\n", median(first, (size_t)rounds),
           median(second, (size_t)rounds), median(ratio, (size_t)rounds));
    return 0;
}
