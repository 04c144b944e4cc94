/*
 * The journal: the rules of entries, applied to a store, one transaction for each step.
 *
 * Whatever is on disk when a function returns true stays there. Every function takes the wall clock
 * as a parameter. Nothing here sends: an owner claims, someone else sends, the owner settles.
 */
#ifndef REPAY_JOURNAL_H
#define REPAY_JOURNAL_H

#include "owner_lock.h"
#include "payment_key.h"
#include "reconcile.h"
#include "store.h"

#define REPAY_EVIDENCE_MAX 200
#define REPAY_NONCE_TEXT   16 /* hexadecimal digits: which process made an attempt */

struct repay_journal {
    struct repay_store *store; /* NULL: closed */
    const struct repay_core_api *core;
    const struct repay_allocator *allocator;
    struct repay_journal_policy policy;
    struct repay_uuid_clock ids;
    int64_t boot; /* of this start of the machine; 0: the wall clock is not the system's */
    char nonce[REPAY_NONCE_TEXT + 1];
};

bool repay_journal_open(struct repay_journal *journal, const struct repay_store_options *options,
                        const struct repay_journal_policy *policy, struct repay_error *error);
/* The moments that it is given are the system's wall clock, so its steady clock can judge them. */
void repay_journal_use_steady_clock(struct repay_journal *journal);
/* Safe twice. */
void repay_journal_close(struct repay_journal *journal);
/* Whether the policy's numbers make sense together; the error names the one that does not. */
bool repay_journal_policy_check(const struct repay_core_api *core,
                                const struct repay_journal_policy *policy,
                                struct repay_error *error);
/* A new UUIDv7 of this journal. */
bool repay_journal_new_id(struct repay_journal *journal, int64_t unix_ms,
                          char out[REPAY_UUID_TEXT + 1], struct repay_error *error);

/* Who does something, when, and why. Texts may be empty. */
struct repay_act {
    int64_t unix_ms;
    struct repay_text by;
    struct repay_text because;
};

/*
 * Takes the only right to write. `now` is the act at the moment that it happens: no earlier than
 * the last event, as a process that waited for another, or whose clock was set right a little, is
 * no reason to go back in time. Where the clock went back further than that, this is written
 * first, and no window that was open before is open after it.
 */
bool repay_journal_begin(struct repay_journal *journal, const struct repay_act *act,
                         struct repay_act *now, struct repay_error *error);

/* journal_plan.c */

/* What became of a row of a plan. */
struct repay_planned {
    char id[REPAY_UUID_TEXT + 1];
    int64_t number;
    enum repay_entry_state state;
    bool exists; /* it was there before; nothing was added */
};

struct repay_plan {
    struct repay_entry_facts *rows;    /* id, natural_key, replaces and planned_ms are set here */
    const struct repay_text *replaces; /* parallel: ids, empty for most */
    size_t count;
    struct repay_text batch_name; /* empty: no batch is made */
    struct repay_text file_sha256;
};

/* All rows or none. `results` has room for all; `*batch` is 0 without one. On failure `*bad_row`
 * and
 * `*other_row` are numbers of rows from 0, or SIZE_MAX. */
bool repay_journal_plan(struct repay_journal *journal, const struct repay_plan *plan,
                        const struct repay_act *act, struct repay_planned *results, int64_t *batch,
                        size_t *bad_row, size_t *other_row, struct repay_error *error);

struct repay_limits {
    int64_t per_run_minor, per_account_minor, per_day_minor; /* 0: none */
    int64_t day_from_ms; /* when some day began: the others begin at the same hour */
};

struct repay_approval {
    const struct repay_text *ids; /* NULL: all planned entries of the batch */
    size_t id_count;
    int64_t batch;
    bool is_automatic; /* nobody looked: limits count, and holds are not passed */
    struct repay_limits limits;
};
/* All or none. Entries that are approved already count as done. */
bool repay_journal_approve(struct repay_journal *journal, const struct repay_approval *approval,
                           const struct repay_act *act, int64_t *count, struct repay_error *error);
bool repay_journal_cancel(struct repay_journal *journal, struct repay_text id,
                          const struct repay_act *act, struct repay_error *error);
bool repay_journal_expire(struct repay_journal *journal, int64_t older_than_ms,
                          const struct repay_act *act, int64_t *count, struct repay_error *error);
/* `record_id` may be empty. Only for `unknown`. */
bool repay_journal_resolve(struct repay_journal *journal, struct repay_text id,
                           enum repay_entry_state as, struct repay_text record_id,
                           const struct repay_act *act, struct repay_error *error);

/* journal_send.c */

struct repay_owner {
    struct repay_owner_lock lock; /* not taken: closed */
    int64_t number;
    int64_t tries; /* the attempt that this owner claimed last, 0: none */
    char id[REPAY_UUID_TEXT + 1];
};

bool repay_journal_own(struct repay_journal *journal, struct repay_text id,
                       struct repay_owner *owner, struct repay_error *error);
/* Safe twice. */
void repay_owner_close(struct repay_owner *owner);

/* What is about to be sent: must be, byte for byte, what was planned. */
struct repay_sending {
    struct repay_text method, target, body, key;
    int64_t timeout_ms;
    bool keys_honoured; /* by whoever sends it: as the client says today, not when it was planned */
};

/* A provider's list before the first send. `number` is 0 until the first claim has stored it. */
struct repay_before {
    struct repay_store_before list;
    const struct repay_record *records;
    size_t record_count;
    const struct repay_account_view *views;
    size_t view_count;
};

struct repay_claimed {
    int64_t attempt;
    int64_t deadline_ms;
    int64_t before_list;
};

/* `before` NULL: the provider has no list. It is needed by a first claim only. */
bool repay_journal_claim(struct repay_journal *journal, struct repay_owner *owner,
                         const struct repay_sending *sending, struct repay_before *before,
                         const struct repay_act *act, struct repay_claimed *out,
                         struct repay_error *error);

/* How the attempt ended. Texts may be empty. */
struct repay_ended {
    struct repay_attempt_end end;
    int64_t http_status;
    struct repay_text receipt_id, provider_status, message, interaction_id;
};

struct repay_settled {
    struct repay_settlement settlement;
    enum repay_entry_state state;
};

bool repay_journal_settle(struct repay_journal *journal, struct repay_owner *owner,
                          const struct repay_ended *ended, const struct repay_act *act,
                          struct repay_settled *out, struct repay_error *error);

/* An entry that is not final, after recovery, and what is to be done about it. */
struct repay_unfinished {
    int64_t number, due_ms;
    const char *why; /* a fixed word */
    enum repay_entry_state state;
    enum repay_action action;
    char id[REPAY_UUID_TEXT + 1];
};
struct repay_recovery {
    struct repay_unfinished *entries; /* has room for `room` of them; NULL: only moves */
    size_t room;
    size_t count;  /* how many there are, also beyond the room */
    int64_t moved; /* how many were `sending` and are `unknown` now */
};
/* How many entries are not final at this moment. */
bool repay_journal_count_unfinished(struct repay_journal *journal, size_t *out,
                                    struct repay_error *error);
/* Moves what dead processes have left. A second time it changes nothing. */
bool repay_journal_recover(struct repay_journal *journal, const struct repay_act *act,
                           struct repay_recovery *recovery, struct repay_error *error);
/* What is to be done with an entry that was read. Changes nothing on disk. */
bool repay_journal_next(struct repay_journal *journal, const struct repay_entry *entry,
                        struct repay_moment_facts moment, struct repay_next *out,
                        struct repay_error *error);
/* As begin would take it. */
bool repay_journal_moment(struct repay_journal *journal, int64_t unix_ms,
                          struct repay_moment_facts *out, struct repay_error *error);

/* journal_decide.c */

/* One customer of one tenant, and the lists as they are now. */
struct repay_lists {
    struct repay_entry_facts scope; /* provider, environment, customer, label */
    struct repay_record *records;   /* is_bound and is_repeated are set here */
    size_t record_count;
    bool is_complete; /* the call succeeded to its last page */
    const struct repay_account_view *views;
    size_t view_count;
    const struct repay_repaid *repaid;
    size_t repaid_count;
};

struct repay_decided {
    char id[REPAY_UUID_TEXT + 1];
    char evidence[REPAY_EVIDENCE_MAX + 1];
    enum repay_entry_state from, to;
    enum repay_decision decision;
    const char *why;
    int64_t due_ms;
};

/* How many results decide() may have, at this moment. */
bool repay_journal_count_open(struct repay_journal *journal, const struct repay_entry_facts *scope,
                              size_t *out, struct repay_error *error);
/* Entries beyond the room are left as they are. */
bool repay_journal_decide(struct repay_journal *journal, const struct repay_lists *lists,
                          const struct repay_act *act, struct repay_decided *results, size_t room,
                          size_t *count, struct repay_error *error);
/* journal_records.c */
/* Marks every row that repeats an earlier id; false when a row lacks its id. Takes memory for a
 * moment. */
bool repay_records_mark(const struct repay_allocator *allocator, struct repay_record *records,
                        size_t count, bool *every_row_has_an_id);
/* The word of what is to be done after it. */
const char *repay_decision_action(enum repay_decision decision);

/* Shared by the files of the journal. */
/* Of a move that was made in `entry`; borrows the evidence. */
struct repay_event repay_journal_event(const struct repay_entry *entry, enum repay_entry_state from,
                                       const struct repay_act *act, const char *why,
                                       const char *evidence);
bool repay_journal_move(struct repay_journal *journal, struct repay_entry *entry,
                        enum repay_entry_state from, const struct repay_act *act, const char *why,
                        const char *evidence, struct repay_error *error);

#endif
