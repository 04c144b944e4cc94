/*
 * Time and chance, asked of the system.
 *
 * CLOCK_BOOTTIME and not CLOCK_MONOTONIC, because a laptop that slept an hour has used up its
 * deadlines. Wall time is the coarse one: it goes into dates, where a tick is nothing, and where
 * the machine is a virtual one reading the other costs five times as much. getrandom and not a
 * file, because it needs no descriptor and fails only where there is no kernel support at all.
 */
#include "clock.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "retry.h"

#ifdef REPAY_TEST_HOOKS
static int64_t test_now_ms = -1;
static int64_t test_unix_ms = -1;
static unsigned char test_chance[64];
static size_t test_chance_size;

void repay_clock_test_set(int64_t now_ms, int64_t unix_ms)
{
    test_now_ms = now_ms;
    test_unix_ms = unix_ms;
}

void repay_clock_test_chance(const void *bytes, size_t size)
{
    test_chance_size = size < sizeof test_chance ? size : sizeof test_chance;
    if (test_chance_size > 0)
        memcpy(test_chance, bytes, test_chance_size);
}
#endif

static int64_t milliseconds_of(clockid_t clock)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t repay_clock_now_ms(void)
{
#ifdef REPAY_TEST_HOOKS
    if (test_now_ms >= 0)
        return test_now_ms;
#endif
    return milliseconds_of(CLOCK_BOOTTIME);
}

int64_t repay_clock_unix_ms(void)
{
#ifdef REPAY_TEST_HOOKS
    if (test_unix_ms >= 0)
        return test_unix_ms;
#endif
    return milliseconds_of(CLOCK_REALTIME_COARSE);
}

bool repay_clock_random(void *out, size_t size)
{
    unsigned char *bytes = out;
    size_t filled = 0;

#ifdef REPAY_TEST_HOOKS
    if (test_chance_size > 0) {
        for (size_t i = 0; i < size; i++)
            bytes[i] = test_chance[i % test_chance_size];
        return true;
    }
#endif
    while (filled < size) {
        ssize_t count = getrandom(bytes + filled, size - filled, 0);

        if (count < 0 && errno != EINTR)
            return false;
        if (count > 0)
            filled += (size_t)count;
    }
    return true;
}

uint64_t repay_clock_jitter(uint64_t *sequence)
{
#ifdef REPAY_TEST_HOOKS
    if (test_chance_size > 0) {
        uint64_t seed = 0;

        for (size_t i = 0; i < sizeof seed; i++)
            seed = seed << 8 | test_chance[(15 + sizeof seed - i) % test_chance_size];
        return seed;
    }
#endif
    if (*sequence == 0) {
        struct timespec now = {0, 0};

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        *sequence = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
    }
    return repay_random_next(sequence);
}
