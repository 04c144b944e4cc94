/*
 * What tests of a journal on disk share: a directory of their own, a journal in it, payments to
 * plan, and short forms of the steps with facts that suit most tests.
 */
#ifndef REPAY_TEST_JOURNAL_SETUP_H
#define REPAY_TEST_JOURNAL_SETUP_H

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "journal.h"
#include "journal_core.h"
#include "test_allocator.h"

#define T0      ((int64_t)1700000000000)
#define TIMEOUT 30000

static struct test_allocator heap;
static char directory[40];
static char journal_path[64];

static inline void remove_files(void)
{
    DIR *listing = opendir(directory);
    char path[400];

    for (const struct dirent *file = listing ? readdir(listing) : NULL; file;
         file = readdir(listing)) {
        (void)snprintf(path, sizeof path, "%s/%s", directory, file->d_name);
        if (file->d_name[0] != '.')
            (void)unlink(path);
    }
    if (listing)
        (void)closedir(listing);
}

static inline void begin_tests(void)
{
    static const char *const places[] = {"/dev/shm/repay-journal-XXXXXX",
                                         "/tmp/repay-journal-XXXXXX"};
    bool is_made = false;

    test_allocator_init(&heap);
    /* In memory where there is such a place: these tests sync a thousand times. */
    for (int i = 0; i < 2 && !is_made; i++) {
        (void)snprintf(directory, sizeof directory, "%s", places[i]);
        is_made = mkdtemp(directory) != NULL;
    }
    if (!is_made)
        abort();
    (void)snprintf(journal_path, sizeof journal_path, "%s/a.journal", directory);
}

static inline void end_tests(void)
{
    remove_files();
    (void)rmdir(directory);
    CHECK_INT(heap.live_blocks, 0);
}

static inline struct repay_act act_at(int64_t unix_ms)
{
    return (struct repay_act){
        .unix_ms = unix_ms, .by = REPAY_TEXT("tester"), .because = REPAY_TEXT("a test")};
}

static inline struct repay_store_options options_of(const char *path)
{
    return (struct repay_store_options){.core = &journal_core,
                                        .allocator = &heap.allocator,
                                        .path = path,
                                        .unix_ms = T0,
                                        .busy_ms = 5000};
}

static inline bool open_journal(struct repay_journal *journal, struct repay_error *error)
{
    struct repay_store_options options = options_of(journal_path);
    struct repay_journal_policy policy = repay_journal_policy_default();

    return repay_journal_open(journal, &options, &policy, error);
}

static inline struct repay_entry_facts payment_of(enum repay_entry_mode mode, const char *reference)
{
    static char keys[64][REPAY_UUID_TEXT + 1];
    static unsigned next;
    unsigned char digest[REPAY_DIGEST_SIZE];
    char *key = keys[next++ % 64];
    struct repay_entry_facts facts = {.natural = {.provider = REPAY_TEXT("lender"),
                                                  .environment = REPAY_TEXT("sandbox"),
                                                  .customer = REPAY_TEXT("customer"),
                                                  .account = REPAY_TEXT("account"),
                                                  .currency = REPAY_TEXT("NGN"),
                                                  .payment_date = REPAY_TEXT("2023-11-14"),
                                                  .reference = repay_text_of(reference),
                                                  .amount_minor = 5000,
                                                  .ordinal = 1},
                                      .key_from = REPAY_TEXT("derived"),
                                      .method = REPAY_TEXT("POST"),
                                      .target = REPAY_TEXT("/repay"),
                                      .body = REPAY_TEXT("{\"amount\":50}"),
                                      .arguments = REPAY_TEXT("packed"),
                                      .mode = mode};

    repay_payment_key(&facts.natural, digest, key);
    facts.key = repay_text_of(key);
    return facts;
}

static inline bool plan_one(struct repay_journal *journal, struct repay_entry_facts *facts,
                            int64_t unix_ms, struct repay_planned *out, struct repay_error *error)
{
    struct repay_text none = REPAY_NO_TEXT;
    struct repay_plan plan = {.rows = facts, .replaces = &none, .count = 1};
    struct repay_act act = act_at(unix_ms);
    size_t bad_row, other_row;
    int64_t batch;

    return repay_journal_plan(journal, &plan, &act, out, &batch, &bad_row, &other_row, error);
}

static inline bool approve_one(struct repay_journal *journal, const char *id, int64_t unix_ms,
                               struct repay_error *error)
{
    struct repay_text ids = repay_text_of(id);
    struct repay_approval approval = {.ids = &ids, .id_count = 1};
    struct repay_act act = act_at(unix_ms);
    int64_t count;

    return repay_journal_approve(journal, &approval, &act, &count, error);
}

static inline struct repay_sending sending_of(const struct repay_entry_facts *facts)
{
    return (struct repay_sending){.method = facts->method,
                                  .target = facts->target,
                                  .body = facts->body,
                                  .key = facts->key,
                                  .timeout_ms = TIMEOUT,
                                  .keys_honoured = facts->mode == REPAY_MODE_KEYED};
}

/* With the ids "old-1" and "old-2" known before, and a balance of 900. */
static inline bool claim_one(struct repay_journal *journal, struct repay_owner *owner,
                             const struct repay_entry_facts *facts, int64_t unix_ms,
                             struct repay_error *error)
{
    static const struct repay_record known[] = {{.id = {"old-1", 5}, .account = {"account", 7}},
                                                {.id = {"old-2", 5}, .account = {"account", 7}}};
    static const struct repay_account_view view = {{"account", 7}, 900, 0};
    struct repay_before before = {.list = {.provider = facts->natural.provider,
                                           .environment = facts->natural.environment,
                                           .customer = facts->natural.customer,
                                           .taken_ms = unix_ms - 1},
                                  .records = known,
                                  .record_count = 2,
                                  .views = &view,
                                  .view_count = 1};
    struct repay_sending sending = sending_of(facts);
    struct repay_act act = act_at(unix_ms);
    struct repay_claimed claimed;

    return repay_journal_claim(journal, owner, &sending, &before, &act, &claimed, error);
}

/* The id of every receipt, until a test sets another. */
static const char *receipt_id = "rec-1";

static inline bool settle_one(struct repay_journal *journal, struct repay_owner *owner,
                              enum repay_attempt_outcome outcome, enum repay_kind kind,
                              int64_t unix_ms, struct repay_settled *out, struct repay_error *error)
{
    struct repay_ended ended = {
        .end = {.outcome = outcome, .kind = kind, .retry_after_ms = -1},
        .http_status = outcome == REPAY_ATTEMPT_ACCEPTED ? 200 : 0,
        .receipt_id = outcome == REPAY_ATTEMPT_ACCEPTED ? repay_text_of(receipt_id) : REPAY_NO_TEXT,
        .message = REPAY_TEXT("words of the provider"),
    };
    struct repay_act act = act_at(unix_ms);

    return repay_journal_settle(journal, owner, &ended, &act, out, error);
}

static inline enum repay_entry_state state_of(struct repay_journal *journal, const char *id)
{
    struct repay_entry entry;
    struct repay_error error;

    repay_store_rest(journal->store);
    if (repay_store_find_id(journal->store, repay_text_of(id), &entry, &error) != REPAY_FOUND)
        return REPAY_ENTRY_STATE_COUNT;
    return entry.now.state;
}

#endif
