/*
 * Time and chance, asked of the system: the only file of the project that does.
 *
 * Everything else is told the time and given its random bytes. A build with REPAY_TEST_HOOKS lets a
 * spec set both, so that requests come out byte for byte; a shipped build has no such door.
 */
#ifndef REPAY_CLOCK_H
#define REPAY_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Milliseconds since boot: counts suspend, never steps back. */
int64_t repay_clock_now_ms(void);
/*
 * Milliseconds of Unix time, as the system last wrote them down: at most a tick ago, mostly 4 ms.
 */
int64_t repay_clock_unix_ms(void);
/* Fills `out` from the system's generator. False when the system has none to give. */
bool repay_clock_random(void *out, size_t size);
/*
 * The next number of a sequence that begins with 0, for spreading waits; nobody may rest a promise
 * on it. It is begun with the time in nanoseconds, so that two processes have two of them; children
 * of a fork go on with their parent's. Asking the system each time would be a tenth of a prepared
 * call, and asking the clock still more than all the rest of this.
 */
uint64_t repay_clock_jitter(uint64_t *sequence);

#ifdef REPAY_TEST_HOOKS
/* From now on the clocks stand still at these; negative lets them go again. */
void repay_clock_test_set(int64_t now_ms, int64_t unix_ms);
/* From now on every draw repeats these bytes; size 0 ends it. At most 64 are kept. */
void repay_clock_test_chance(const void *bytes, size_t size);
#endif

#endif
