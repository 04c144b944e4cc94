/*
 * What the provider's list says about entries whose fate is not known: a pure decision.
 *
 * Only ids that were not there before can match; one record settles one entry; absence needs two
 * complete lists, a provider that was seen to list what it accepted, and a balance that did not
 * move. What that cannot decide stays undecided, with a word that says why.
 */
#ifndef REPAY_RECONCILE_H
#define REPAY_RECONCILE_H

#include "core_api.h"
#include "entry_rules.h"

/* More repayments of one amount to one account that hang at once are a matter for a person. */
#define REPAY_MATCH_MAX 64

/* A row of the provider's list. */
struct repay_record {
    struct repay_text id; /* empty: the list is incomplete */
    struct repay_text account;
    struct repay_text created; /* as received */
    int64_t amount_minor;      /* REPAY_AMOUNT_ABSENT: not told */
    bool is_bound;             /* it settles an entry already */
    bool is_repeated;          /* the id stands in an earlier row: not counted twice */
};

/* A row of the list of repaid transactions. */
struct repay_repaid {
    struct repay_text id;
    struct repay_text status;
};

/* What an account looked like. Absent members are not told, and then prove nothing. */
struct repay_account_view {
    struct repay_text account;
    int64_t balance_minor; /* REPAY_AMOUNT_ABSENT: not told, or rows of one list disagree */
    int paid;              /* 1, 0, -1: not told or rows disagree */
};

enum repay_decision {
    REPAY_DECISION_STAY,   /* as it was; `why` says what would decide it */
    REPAY_DECISION_WAIT,   /* until due_ms */
    REPAY_DECISION_UNSEEN, /* a complete list without it: the second such may prove absence */
    REPAY_DECISION_ACCEPT, /* record `record` is it */
    REPAY_DECISION_BIND,   /* accepted before; record `record` is it */
    REPAY_DECISION_ABSENT,
    REPAY_DECISION_ASK /* a person has to say */
};

/* One entry of the tuple (account, amount), in and out. */
struct repay_claimant {
    struct repay_entry_standing now; /* in; texts borrowed */
    int64_t before_ms;               /* when what was before was read */
    bool is_owned;                   /* a living process has it under way */
    const bool *was_before;          /* parallel to the records: known before its first send */
    bool before_is_whole;            /* every id known before is in this list again */
    bool account_moved;              /* or could not be compared */
    enum repay_decision decision;    /* out */
    size_t record;                   /* out, of ACCEPT and BIND */
    int64_t due_ms;                  /* out, of WAIT */
    const char *why;                 /* out, a fixed word */
};

struct repay_tuple {
    const struct repay_record *records;
    size_t record_count;
    bool list_is_whole;      /* the call succeeded and every row has an id */
    bool list_shows_records; /* an accepted repayment was once seen as a new id */
    bool receipt_is_record;  /* and the receipt's id was that id */
    struct repay_text account;
    int64_t amount_minor;
    struct repay_moment_facts moment;
};

/*
 * Decides for all entries of one account and amount at once, oldest first: states `unknown`,
 * `sending`, and `accepted` or `verified` without a record id. At most REPAY_MATCH_MAX claimants.
 */
void repay_reconcile(const struct repay_core_api *core, const struct repay_journal_policy *policy,
                     const struct repay_tuple *tuple, struct repay_claimant *claimants,
                     size_t count);
/*
 * Whether a record's moment of creation rules it out for an entry: a moment with a zone by the
 * window, a bare day by one day on either side, anything else never.
 */
bool repay_record_is_excluded(const struct repay_core_api *core, struct repay_text created,
                              int64_t from_ms, int64_t to_ms);
/* Whether that moment can be read. */
bool repay_record_is_dated(const struct repay_core_api *core, struct repay_text created);
/* Whether a record can be of a payment of this day (YYYY-MM-DD): not if it was made before. */
bool repay_record_may_follow(const struct repay_core_api *core, struct repay_text created,
                             struct repay_text payment_date);
/* Whether the repaid list's word means that the repayment is final. */
bool repay_status_is_verified(struct repay_text status);

#endif
