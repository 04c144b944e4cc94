/*
 * Drives calls over libcurl: one call or a thousand at once, on one multi handle.
 *
 * Asks every call what to do, moves its bytes, tells it how that ended, and hands calls out one by
 * one when they are done or failed. Every deadline is the engine's own; libcurl's timers stand
 * behind it. It never repeats, follows or gives up on anything by itself: that is the call's
 * decision.
 *
 * Nothing here is safe to use from two threads, nor in a process that was forked off later: there
 * the engine counts as inherited, moves nothing and gives nothing back to libcurl.
 */
#ifndef REPAY_CURL_ENGINE_H
#define REPAY_CURL_ENGINE_H

#include "core_api.h"

/* As many as one thread polls well; beyond, more processes are the answer. */
#define REPAY_CURL_SLOTS_MAX 1024

struct repay_curl_hooks {
    int64_t (*now_ms)(void *context);
    int64_t (*unix_ms)(void *context);
    /* Lets time pass while nothing is on the wire; NULL: sleep. Tests move their clock here. */
    void (*wait)(void *context, int64_t wait_ms);
    void *context;
};

struct repay_curl_options {
    const struct repay_core_api *core;       /* borrowed for the engine's life */
    const struct repay_allocator *allocator; /* likewise */
    const struct repay_curl_hooks *hooks;    /* copied; NULL: the core's clocks */
    uint32_t slots;                          /* calls at once, 1 … REPAY_CURL_SLOTS_MAX */
};

struct repay_curl_engine;

/* Starts libcurl once in a process, whichever thread comes first. Returns owned, or NULL. */
struct repay_curl_engine *repay_curl_engine_create(const struct repay_curl_options *options,
                                                   struct repay_error *error);
/* Ends what is under way like repay_curl_engine_remove. An inherited engine is left as it is. */
void repay_curl_engine_destroy(struct repay_curl_engine *engine);
/* Made in another process. Every function below then does nothing. */
bool repay_curl_engine_is_inherited(const struct repay_curl_engine *engine);

/*
 * Takes a prepared call in. It is borrowed until step() hands it out or remove() takes it back.
 * `slot` is a number below `slots` that nothing else has meanwhile. False when all slots are
 * taken, without memory, and for a call that has begun already.
 */
bool repay_curl_engine_add(struct repay_curl_engine *engine, struct repay_call *call,
                           uint32_t *slot, struct repay_error *error);
/*
 * Moves everything on, for at most `wait_ms`, until a call is done or failed: that one is returned,
 * its slot is free. NULL when the time is over, or when nothing is left to do.
 */
struct repay_call *repay_curl_engine_step(struct repay_curl_engine *engine, int64_t wait_ms,
                                          uint32_t *slot);
/* Cancels the call in a slot and takes it out: it has ended afterwards. NULL for an empty slot. */
struct repay_call *repay_curl_engine_remove(struct repay_curl_engine *engine, uint32_t slot);

/*
 * A write that may have left, and whose fate is not told yet: to drop it would be to lose the news
 * of a repayment.
 */
bool repay_curl_engine_is_committed(const struct repay_curl_engine *engine, uint32_t slot);

/* Calls inside, those included that have ended and were not handed out yet. */
uint32_t repay_curl_engine_count(const struct repay_curl_engine *engine);
uint32_t repay_curl_engine_slots(const struct repay_curl_engine *engine);

/* The version of the libcurl that was loaded, "7.88.1". */
const char *repay_curl_library_version(void);

#endif
