/*
 * The rules of an entry: which moves are legal, what an attempt's end means, what is to be done
 * next. Pure decisions: every fact is a parameter, the clock too. No SQL, no lock, no I/O.
 */
#ifndef REPAY_ENTRY_RULES_H
#define REPAY_ENTRY_RULES_H

#include "entry.h"
#include "error.h"

/* Whether an entry of this mode may ever go from one state to the other. */
bool repay_entry_move_is_legal(enum repay_entry_mode mode, enum repay_entry_state from,
                               enum repay_entry_state to);
/* Nothing can leave these. */
bool repay_entry_is_final(enum repay_entry_state state);
/* Final, and the provider has no record of it: a replacement may stand for it. */
bool repay_entry_is_replaceable(enum repay_entry_state state);

struct repay_moment_facts {
    int64_t now_ms;        /* no earlier than the last event, unless the clock went back */
    bool clock_went_back;  /* against the last event, by more than REPAY_JOURNAL_BACKWARD_MAX_MS */
    int64_t boot, boot_ms; /* as in struct repay_entry_standing */
};

/*
 * How far the wall clock was set forward since the first send, as far as the steady clock tells:
 * what it says has passed has not. 0 after another start of the machine.
 */
int64_t repay_clock_gained(struct repay_moment_facts moment,
                           const struct repay_entry_standing *standing);

/*
 * The wall clock was found to have gone back, so nobody knows any more how long ago the entry was
 * sent: where it may have arrived, its window is closed for good, whatever the clock says later.
 * False where there is nothing to close.
 */
bool repay_entry_lose_time(struct repay_entry_standing *standing, int64_t now_ms);
/* As far as is known, that happened to it; its moments then prove nothing about a record. */
bool repay_entry_has_lost_time(const struct repay_entry_standing *standing);
/* Its key is trusted no more. For good: a window only shrinks. */
void repay_entry_close_window(struct repay_entry_standing *standing);

/*
 * May the entry be sent now, by an owner of its lock? REPAY_CLAIM_OK changes `standing` into what
 * has to be on disk before the first byte leaves; any other answer leaves it alone.
 */
enum repay_claim {
    REPAY_CLAIM_OK,
    REPAY_CLAIM_WRONG_STATE,
    REPAY_CLAIM_NOT_KEYED,     /* an attempt may have arrived, and the key protects nothing */
    REPAY_CLAIM_WINDOW_OVER,   /* the provider may have forgotten the key */
    REPAY_CLAIM_ATTEMPTS_USED, /* enough: the list or a person decides */
    REPAY_CLAIM_CLOCK          /* the wall clock went back: no window can be trusted */
};

enum repay_claim repay_entry_claim(const struct repay_journal_policy *policy,
                                   enum repay_entry_mode mode, struct repay_moment_facts moment,
                                   int64_t timeout_ms, struct repay_entry_standing *standing);
/* A fixed word and a sentence for people. */
const char *repay_claim_word(enum repay_claim claim);
const char *repay_claim_text(enum repay_claim claim);

enum repay_attempt_outcome {
    REPAY_ATTEMPT_ACCEPTED,
    REPAY_ATTEMPT_NOT_SENT,
    REPAY_ATTEMPT_REFUSED,
    REPAY_ATTEMPT_UNKNOWN
};

struct repay_attempt_end {
    enum repay_attempt_outcome outcome;
    enum repay_kind kind;     /* REPAY_KIND_NONE when it was accepted */
    int64_t retry_after_ms;   /* the provider's wish, -1: none */
    uint64_t random;          /* for the jitter of the wait */
    bool receipt_is_anothers; /* accepted, with an id that another entry's receipt has already */
};

struct repay_settlement {
    bool again; /* the same entry may be claimed again after wait_ms, the lock kept */
    bool stops; /* nothing more of this batch should be sent */
    int64_t wait_ms;
    const char *why; /* a fixed word, for the event */
};

/* Changes `standing`, which is `sending`, by the end of its attempt. */
struct repay_settlement repay_entry_settle(const struct repay_journal_policy *policy,
                                           enum repay_entry_mode mode,
                                           struct repay_moment_facts moment,
                                           const struct repay_attempt_end *end,
                                           struct repay_entry_standing *standing);

/* What is to be done with an entry. The words are Lua's. */
#define REPAY_ACTIONS(X)                                                                           \
    X(NONE, "none")                                                                                \
    X(APPROVE, "approve")                                                                          \
    X(SEND, "send")                                                                                \
    X(HELD, "held") /* a living process has it under way */                                        \
    X(RESEND, "resend")                                                                            \
    X(WAIT, "wait") /* until due_ms: what may be under way can still arrive or be listed */        \
    X(RECONCILE, "reconcile")                                                                      \
    X(ASK, "ask") /* the list was read and cannot decide: resolve */                               \
    X(VERIFY, "verify")                                                                            \
    X(STALE, "stale") /* accepted long ago and never verified */

enum repay_action {
#define X(name, text) REPAY_ACTION_##name,
    REPAY_ACTIONS(X)
#undef X
        REPAY_ACTION_COUNT
};

struct repay_next {
    enum repay_action action;
    int64_t due_ms;  /* of WAIT */
    const char *why; /* a fixed word */
};

/*
 * `is_owned` says that its lock is held. For `sending` without an owner that may not be sent again,
 * the answer moves it: `standing` becomes `unknown`, and the caller writes that. The answer is that
 * of the entry as it is then.
 */
struct repay_next repay_entry_next(const struct repay_journal_policy *policy,
                                   enum repay_entry_mode mode, struct repay_moment_facts moment,
                                   bool is_owned, struct repay_entry_standing *standing);
const char *repay_action_name(enum repay_action action);

#endif
