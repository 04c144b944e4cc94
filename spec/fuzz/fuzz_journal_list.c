/*
 * Any list before any entries: no record settles two, nothing is absent without every proof, and
 * nothing is decided from a cut list or too early.
 */
#include "journal_core.h"
#include "must.h"
#include "reconcile.h"

#define RECORDS   12
#define CLAIMANTS 6
#define T0        ((int64_t)1700000000000)

struct reader {
    const uint8_t *data;
    size_t left;
};

static uint8_t take(struct reader *reader)
{
    if (reader->left == 0)
        return 0;
    reader->left--;
    return *reader->data++;
}

static void read_record(struct reader *reader, struct repay_record *record)
{
    static const char *const ids[] = {"", "r1", "r2", "r3", "r4", "r5", "r6", "r7"};
    static const char *const created[] = {"",           "2023-11-14T22:13:25Z",      "2023-11-01",
                                          "2023-11-14", "2023-11-14T23:13:25+01:00", "x"};
    uint8_t byte = take(reader), more = take(reader);

    *record = (struct repay_record){.id = repay_text_of(ids[byte & 7]),
                                    .account = byte & 8 ? REPAY_TEXT("b") : REPAY_TEXT("a"),
                                    .created = repay_text_of(created[more % 6]),
                                    .amount_minor = byte & 16 ? 1 : 2,
                                    .is_bound = (byte & 96) == 96};
}

static void read_claimant(struct reader *reader, const bool *before,
                          struct repay_claimant *claimant)
{
    static const enum repay_entry_state states[] = {REPAY_ENTRY_UNKNOWN, REPAY_ENTRY_UNKNOWN,
                                                    REPAY_ENTRY_ACCEPTED, REPAY_ENTRY_SENDING};
    static const char *const receipts[] = {"", "r1", "r2", "other"};
    uint8_t byte = take(reader), more = take(reader);
    int64_t sent_ms = T0 + (more & 3) * 1000;

    *claimant = (struct repay_claimant){.now = {.state = states[byte & 3],
                                                .first_sent_ms = sent_ms,
                                                .settle_until_ms = sent_ms + 630000,
                                                .receipt_id = repay_text_of(receipts[more >> 6])},
                                        .before_ms = sent_ms - (more & 4 ? 1 : 100000000),
                                        .was_before = before,
                                        .before_is_whole = (byte & 4) == 0,
                                        .is_owned = (byte & 24) == 24,
                                        .account_moved = (byte & 32) != 0};
    /* The clock may have gone back since. */
    claimant->now.resend_until_ms = sent_ms + (byte & 128 ? 0 : 86400000);
    if (byte & 64)
        claimant->now.unseen_ms = T0 + 1000000;
}

static void check(const struct repay_tuple *tuple, const struct repay_claimant *claimants,
                  size_t count, const struct repay_journal_policy *policy)
{
    bool is_taken[RECORDS] = {false};

    for (size_t i = 0; i < count; i++) {
        const struct repay_claimant *one = &claimants[i];
        bool settled = tuple->moment.now_ms >= one->now.settle_until_ms;

        MUST(one->why != NULL);
        if (one->decision == REPAY_DECISION_ACCEPT || one->decision == REPAY_DECISION_BIND) {
            const struct repay_record *record = &tuple->records[one->record];

            MUST(one->record < tuple->record_count && !is_taken[one->record]);
            is_taken[one->record] = true;
            MUST(!record->is_bound && !record->is_repeated && !one->was_before[one->record]);
            MUST(record->amount_minor == tuple->amount_minor);
            MUST(repay_text_equal(record->account, tuple->account));
        }
        if (one->decision == REPAY_DECISION_ACCEPT || one->decision == REPAY_DECISION_ABSENT)
            MUST(one->now.state == REPAY_ENTRY_UNKNOWN && settled && tuple->list_is_whole &&
                 one->before_is_whole && !one->is_owned);
        if (one->decision == REPAY_DECISION_ABSENT)
            MUST(tuple->list_shows_records && !one->account_moved && one->now.unseen_ms > 0 &&
                 tuple->moment.now_ms >= one->now.unseen_ms + policy->settle_ms);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct repay_journal_policy policy = repay_journal_policy_default();
    struct reader reader = {data, size};
    struct repay_record records[RECORDS];
    struct repay_claimant claimants[CLAIMANTS];
    bool before[CLAIMANTS][RECORDS];
    uint8_t counts = take(&reader), flags = take(&reader);
    size_t claimant_count = 1 + (counts >> 4) % CLAIMANTS;
    struct repay_tuple tuple = {.records = records,
                                .record_count = (counts & 15u) % (RECORDS + 1),
                                .list_is_whole = (flags & 1) == 0,
                                .list_shows_records = (flags & 2) != 0,
                                .receipt_is_record = (flags & 4) != 0,
                                .account = REPAY_TEXT("a"),
                                .amount_minor = 1,
                                .moment = {.now_ms = T0 + (int64_t)(flags >> 4) * 200000}};

    for (size_t i = 0; i < tuple.record_count; i++) {
        read_record(&reader, &records[i]);
        for (size_t at = 0; at < i; at++) {
            if (repay_text_equal(records[at].id, records[i].id))
                records[i].is_repeated = true;
        }
    }
    for (size_t i = 0; i < claimant_count; i++) {
        uint16_t bits = (uint16_t)(take(&reader) | take(&reader) << 8);

        for (size_t at = 0; at < RECORDS; at++)
            before[i][at] = (bits >> at & 1) != 0;
        read_claimant(&reader, before[i], &claimants[i]);
    }
    repay_reconcile(&journal_core, &policy, &tuple, claimants, claimant_count);
    check(&tuple, claimants, claimant_count, &policy);
    return 0;
}
