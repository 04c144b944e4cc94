/*
 * Owns what is written when the wall clock went back. The moments of the events never fall but at
 * an event that says so, so that no later event hides it: what was sent before it is marked there
 * and then, and nobody has to look back.
 */
#include "sqlite_inner.h"

#include <stdio.h>

#define WENT_BACK "clock_went_back"

static enum repay_found lose(void *context, struct repay_entry *entry, struct repay_error *error)
{
    const int64_t *now_ms = context;

    (void)error;
    return repay_entry_lose_time(&entry->now, *now_ms) ? REPAY_FOUND : REPAY_NOT_FOUND;
}

/* A living owner goes on with its attempt, which was claimed, and can claim no other. */
static bool lose_in_state(struct repay_store *store, enum repay_entry_state state, int64_t now_ms,
                          struct repay_text who, struct repay_error *error)
{
    struct repay_store_sweep sweep = {
        .states = 1u << state,
        .from = state,
        .to = state,
        .event = {.evidence = REPAY_TEXT("it is not known how long ago it was sent"),
                  .who = who,
                  .at_ms = now_ms},
        .decide = lose,
        .context = &now_ms,
    };
    int64_t count;

    return repay_store_sweep(store, &sweep, &count, error);
}

bool repay_store_lose_time(struct repay_store *store, int64_t now_ms, struct repay_text who,
                           struct repay_error *error)
{
    struct repay_event event = {.why = REPAY_TEXT(WENT_BACK), .who = who, .at_ms = now_ms};
    char evidence[80];

    (void)snprintf(evidence, sizeof evidence, "from %lld", (long long)store->last_ms);
    event.evidence = repay_text_of(evidence);
    return repay_sqlite_append(store, &event, 0, NULL, error) &&
           lose_in_state(store, REPAY_ENTRY_SENDING, now_ms, who, error) &&
           lose_in_state(store, REPAY_ENTRY_UNKNOWN, now_ms, who, error);
}

bool repay_sqlite_look_back(struct repay_store *store, int64_t unix_ms, struct repay_error *error)
{
    char sql[200];
    int64_t fell = 0;

    (void)snprintf(sql, sizeof sql,
                   "SELECT EXISTS(SELECT 1 FROM event AS later JOIN event AS earlier ON "
                   "earlier.sequence=later.sequence-1 WHERE later.at_ms<earlier.at_ms-%lld)",
                   (long long)REPAY_JOURNAL_BACKWARD_MAX_MS);
    if (!repay_sqlite_number(store, sql, &fell, error) || !repay_sqlite_load_chain(store, error))
        return false;
    if (unix_ms < store->last_ms)
        unix_ms = store->last_ms;
    return fell == 0 || repay_store_lose_time(store, unix_ms, REPAY_NO_TEXT, error);
}
