/*
 * Owns the life of a journal and what its steps share: moments, ids, and the one way in which an
 * entry moves.
 */
#include "journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "text_hash.h"

#define WINDOW_MAX_MS (366 * REPAY_JOURNAL_DAY_MS)

struct bound {
    const char *name;
    int64_t value, least, most;
};

bool repay_journal_policy_check(const struct repay_core_api *core,
                                const struct repay_journal_policy *policy,
                                struct repay_error *error)
{
    const struct bound bounds[] = {
        {"window_ms", policy->window_ms, 0, WINDOW_MAX_MS},
        {"settle_ms", policy->settle_ms, 0, WINDOW_MAX_MS},
        {"skew_ms", policy->skew_ms, 0, REPAY_JOURNAL_DAY_MS},
        {"margin_ms", policy->margin_ms, 0, WINDOW_MAX_MS},
        {"stale_after_ms", policy->stale_after_ms, 0, WINDOW_MAX_MS},
        {"retry_base_ms", policy->retry_base_ms, 0, REPAY_JOURNAL_DAY_MS},
        {"retry_cap_ms", policy->retry_cap_ms, 0, REPAY_JOURNAL_DAY_MS},
        {"attempts_max", policy->attempts_max, 1, REPAY_JOURNAL_ATTEMPTS_MAX},
    };

    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        if (bounds[i].value < bounds[i].least || bounds[i].value > bounds[i].most)
            return core->error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                                   "%s must be from %lld to %lld", bounds[i].name,
                                   (long long)bounds[i].least, (long long)bounds[i].most);
    }
    return true;
}

bool repay_journal_open(struct repay_journal *journal, const struct repay_store_options *options,
                        const struct repay_journal_policy *policy, struct repay_error *error)
{
    unsigned char chance[REPAY_NONCE_TEXT / 2];

    *journal = (struct repay_journal){
        .core = options->core, .allocator = options->allocator, .policy = *policy};
    if (!repay_journal_policy_check(options->core, policy, error))
        return false;
    if (!options->core->random(chance, sizeof chance))
        return options->core->error_set(error, REPAY_KIND_CONFIG,
                                        "the system has no random bytes to give");
    for (size_t i = 0; i < sizeof chance; i++)
        (void)snprintf(journal->nonce + 2 * i, 3, "%02x", chance[i]);
    journal->store = repay_store_open(options, error);
    return journal->store != NULL;
}

/* Any fixed key will do: numbers of one machine's starts are compared, and nothing else. */
#define BOOT_KEY 0x72657061792d626fu

/* Where the system does not tell one start from the next, the wall clock is on its own. */
void repay_journal_use_steady_clock(struct repay_journal *journal)
{
    char text[REPAY_UUID_TEXT];
    int descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t length = descriptor < 0 ? 0 : read(descriptor, text, sizeof text);

    if (descriptor >= 0)
        (void)close(descriptor);
    if (length == (ssize_t)sizeof text)
        journal->boot =
            (int64_t)(repay_text_hash(BOOT_KEY, 0, (struct repay_text){text, sizeof text}) >> 2) |
            1;
}

void repay_journal_close(struct repay_journal *journal)
{
    repay_store_close(journal->store);
    journal->store = NULL;
}

bool repay_journal_new_id(struct repay_journal *journal, int64_t unix_ms,
                          char out[REPAY_UUID_TEXT + 1], struct repay_error *error)
{
    unsigned char chance[10];

    if (!journal->core->random(chance, sizeof chance))
        return journal->core->error_set(error, REPAY_KIND_CONFIG,
                                        "the system has no random bytes to give");
    repay_uuid_v7(&journal->ids, unix_ms, chance, out);
    return true;
}

/* `waited_ms`: how long ago the wall clock was read. */
static bool read_moment(struct repay_journal *journal, int64_t unix_ms, int64_t waited_ms,
                        struct repay_moment_facts *out, struct repay_error *error)
{
    int64_t last_ms = 0;

    if (!repay_store_last_moment(journal->store, &last_ms, error))
        return false;
    *out = (struct repay_moment_facts){.now_ms = unix_ms,
                                       .clock_went_back = unix_ms + waited_ms <
                                                          last_ms - REPAY_JOURNAL_BACKWARD_MAX_MS};
    if (!out->clock_went_back && unix_ms < last_ms)
        out->now_ms = last_ms;
    if (journal->boot != 0) {
        out->boot = journal->boot;
        out->boot_ms = journal->core->now_ms();
    }
    return true;
}

bool repay_journal_moment(struct repay_journal *journal, int64_t unix_ms,
                          struct repay_moment_facts *out, struct repay_error *error)
{
    return read_moment(journal, unix_ms, 0, out, error);
}

bool repay_journal_begin(struct repay_journal *journal, const struct repay_act *act,
                         struct repay_act *now, struct repay_error *error)
{
    int64_t asked_ms = journal->core->now_ms();
    struct repay_moment_facts moment;

    if (!repay_store_begin(journal->store, error))
        return false;
    if (read_moment(journal, act->unix_ms, journal->core->now_ms() - asked_ms, &moment, error) &&
        (!moment.clock_went_back ||
         repay_store_lose_time(journal->store, moment.now_ms, act->by, error))) {
        *now = *act;
        now->unix_ms = moment.now_ms;
        return true;
    }
    repay_store_rollback(journal->store);
    return false;
}

struct repay_event repay_journal_event(const struct repay_entry *entry, enum repay_entry_state from,
                                       const struct repay_act *act, const char *why,
                                       const char *evidence)
{
    return (struct repay_event){
        .entry = entry->number,
        .from = repay_text_of(repay_entry_state_name(from)),
        .to = repay_text_of(repay_entry_state_name(entry->now.state)),
        .why = repay_text_of(why),
        .evidence = repay_text_of(evidence),
        .who = act->by,
        .at_ms = act->unix_ms,
    };
}

bool repay_journal_move(struct repay_journal *journal, struct repay_entry *entry,
                        enum repay_entry_state from, const struct repay_act *act, const char *why,
                        const char *evidence, struct repay_error *error)
{
    struct repay_event event = repay_journal_event(entry, from, act, why, evidence);

    return repay_store_update(journal->store, entry, &event, error);
}
