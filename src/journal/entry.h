/*
 * A repayment in the journal: its facts, which never change, and where it stands.
 *
 * Plain values only. Texts are borrowed from whoever made the struct: the store's statement, or
 * the caller's strings. Moments are milliseconds of Unix time; 0 stands for "not yet".
 */
#ifndef REPAY_ENTRY_H
#define REPAY_ENTRY_H

#include <stdint.h>

#include "text.h"
#include "uuid.h"

/* name in C, the word that the database and Lua know it by */
#define REPAY_ENTRY_STATES(X)                                                                      \
    X(PLANNED, "planned")                                                                          \
    X(APPROVED, "approved")                                                                        \
    X(SENDING, "sending")                                                                          \
    X(ACCEPTED, "accepted")                                                                        \
    X(VERIFIED, "verified")                                                                        \
    X(REJECTED, "rejected")                                                                        \
    X(REFUSED, "refused")                                                                          \
    X(UNKNOWN, "unknown")                                                                          \
    X(ABSENT, "absent")                                                                            \
    X(CANCELLED, "cancelled")                                                                      \
    X(EXPIRED, "expired")

enum repay_entry_state {
#define X(name, text) REPAY_ENTRY_##name,
    REPAY_ENTRY_STATES(X)
#undef X
        REPAY_ENTRY_STATE_COUNT
};

/*
 * Keyed: the provider is trusted to know a key again, so an attempt that may have arrived may be
 * repeated inside its window. At most once: it may not, whatever happens.
 */
enum repay_entry_mode { REPAY_MODE_AT_MOST_ONCE, REPAY_MODE_KEYED };

#define REPAY_DIGEST_SIZE 32 /* SHA-256 */

/* What is the same about a payment for a person: the fields that a derived key is made of. */
struct repay_natural {
    struct repay_text provider, environment, customer, account, installment;
    struct repay_text currency, payment_date, reference;
    int64_t amount_minor;
    int64_t ordinal; /* from 1 */
};

/* What was planned. No member of it is ever written again. */
struct repay_entry_facts {
    struct repay_natural natural;
    struct repay_text id; /* UUIDv7 */
    struct repay_text label, loan, key;
    struct repay_text key_from; /* "derived", "random" or "given" */
    struct repay_text method, target, body;
    struct repay_text arguments; /* packed by the binding; the store does not look inside */
    struct repay_text hold;      /* why a person has to approve it by its id; empty: no reason */
    struct repay_text because;   /* of a replacement */
    int64_t replaces;            /* number of the entry it stands for, 0: none */
    int64_t batch, row;          /* 0: none */
    int64_t planned_ms;
    enum repay_entry_mode mode;
    unsigned char natural_key[REPAY_DIGEST_SIZE];
    unsigned char digest[REPAY_DIGEST_SIZE]; /* of all the above: the store's */
};

/* Where it stands. */
struct repay_entry_standing {
    enum repay_entry_state state;
    int64_t attempts;    /* that were not proven unsent */
    int64_t doubtful;    /* those of them that may have arrived and brought no proof */
    int64_t tries;       /* all claims there ever were: the number of the last attempt */
    int64_t before_list; /* the ids known before the first send, 0: none needed */
    int64_t first_sent_ms;
    int64_t boot;        /* which start of the machine that was in, 0: not known */
    int64_t boot_ms;     /* and its steady clock then, which nobody sets */
    int64_t deadline_ms; /* the last attempt's: its request cannot leave later */
    int64_t resend_until_ms;
    int64_t settle_until_ms;
    int64_t unseen_ms; /* when a complete list first did not have it */
    int64_t approved_ms;
    int64_t changed_ms;
    struct repay_text receipt_id;      /* from the provider's answer */
    struct repay_text record_id;       /* in the provider's list: settles this entry alone */
    struct repay_text provider_status; /* the provider's last word on it */
    struct repay_text reason;          /* a fixed word: why it stands where it does */
};

struct repay_entry {
    int64_t number;     /* the store's own, from 1: also the byte of the lock file */
    int64_t last_event; /* the store's, too */
    struct repay_entry_facts facts;
    struct repay_entry_standing now;
};

/* Settings of a journal. All in milliseconds but `attempts_max`. */
struct repay_journal_policy {
    int64_t window_ms;      /* how long the provider is trusted to know a key */
    int64_t settle_ms;      /* from the last possible arrival until the provider's list shows it */
    int64_t skew_ms;        /* how far its clock and ours may be apart */
    int64_t margin_ms;      /* kept free at the end of the window, beside settle and skew */
    int64_t stale_after_ms; /* accepted for so long and still not verified */
    int64_t retry_base_ms, retry_cap_ms;
    int64_t attempts_max; /* of one entry, that were not proven unsent */
};

#define REPAY_JOURNAL_DAY_MS          ((int64_t)86400000)
#define REPAY_JOURNAL_ATTEMPTS_MAX    100
#define REPAY_JOURNAL_BACKWARD_MAX_MS 5000 /* a clock that is set by the network moves less */
/* The list before a first send: what others paid since it was read would be taken for ours. */
#define REPAY_JOURNAL_BEFORE_MAX_MS   ((int64_t)600000)

static inline struct repay_journal_policy repay_journal_policy_default(void)
{
    return (struct repay_journal_policy){
        .window_ms = REPAY_JOURNAL_DAY_MS,
        .settle_ms = 600000,
        .skew_ms = 300000,
        .margin_ms = 60000,
        .stale_after_ms = 3 * REPAY_JOURNAL_DAY_MS,
        .retry_base_ms = 500,
        .retry_cap_ms = 8000,
        .attempts_max = 5,
    };
}

static inline const char *repay_entry_state_name(enum repay_entry_state state)
{
    static const char *const names[REPAY_ENTRY_STATE_COUNT] = {
#define X(name, text) text,
        REPAY_ENTRY_STATES(X)
#undef X
    };

    return names[state];
}

/* REPAY_ENTRY_STATE_COUNT for a word that is no state. */
static inline enum repay_entry_state repay_entry_state_from_name(struct repay_text name)
{
    int state = 0;

    while (state < REPAY_ENTRY_STATE_COUNT &&
           !repay_text_is(name, repay_entry_state_name((enum repay_entry_state)state)))
        state++;
    return (enum repay_entry_state)state;
}

static inline const char *repay_entry_mode_name(enum repay_entry_mode mode)
{
    return mode == REPAY_MODE_KEYED ? "keyed" : "at_most_once";
}

#endif
