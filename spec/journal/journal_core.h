/*
 * The core as the tests of the journal lend it: the real functions, chance that repeats itself, and
 * a steady clock that a test moves.
 */
#ifndef REPAY_TEST_JOURNAL_CORE_H
#define REPAY_TEST_JOURNAL_CORE_H

#include "core_api.h"
#include "date.h"
#include "text_hash.h"

/* A forked child draws other numbers once it has set its own. */
static uint64_t journal_seed = 3;

static inline bool journal_chance(void *out, size_t size)
{
    static uint64_t drawn;
    unsigned char *bytes = out;

    for (size_t i = 0; i < size; i++) {
        struct repay_text seed = {(const char *)&drawn, sizeof drawn};

        bytes[i] = (unsigned char)repay_text_hash(journal_seed, i, seed);
    }
    drawn++;
    return true;
}

static int64_t journal_steady_ms;
static int64_t journal_step_ms; /* that passes whenever it is asked */

static inline int64_t journal_now(void)
{
    journal_steady_ms += journal_step_ms;
    return journal_steady_ms;
}

static const struct repay_core_api journal_core = {
    .abi = REPAY_CORE_ABI,
    .random = journal_chance,
    .now_ms = journal_now,
    .error_set = repay_error_set,
    .kind_name = repay_kind_name,
    .kind_from_name = repay_kind_from_name,
    .error_copy = repay_error_copy,
    .day_read = repay_day_read,
    .moment_pack = repay_moment_pack,
};

#endif
