/*
 * One operation on its way: a step machine that does no I/O, reads no clock and draws no chance.
 *
 * A driver asks `next`, obeys (send this, wait so long), reports what happened, and asks again,
 * until the answer is done or failed. Attempts, waits, deadlines, pages and the idempotency key are
 * decided here and are therefore the same over libcurl, cosockets, the sandbox and a user's own
 * transport.
 *
 *     driver: next → SEND → move the bytes of repay_call_request
 *                           reply arrives: reply_status, reply_field…, reply_body…
 *                                      or: feed (raw HTTP/1.1 bytes)
 *                           end (how it ended)
 *             next → WAIT → wait call->wait_ms; next …
 *             next → DONE → take the schedule or the receipt;  FAILED → read call->error
 */
#ifndef REPAY_CALL_H
#define REPAY_CALL_H

#include "answer.h"
#include "outcome.h"
#include "provider.h"
#include "retry.h"
#include "uuid.h"

#define REPAY_PAGES_MAX 1000 /* 50,000 installments of one customer */

enum repay_step { REPAY_STEP_SEND, REPAY_STEP_WAIT, REPAY_STEP_DONE, REPAY_STEP_FAILED };

/* Randomness, drawn by the binding when the call is prepared. */
struct repay_chance {
    unsigned char key[16];
    uint64_t seed;
};

/* Its members are as narrow as their values: a call has room for eleven. */
struct repay_attempt {
    const char *reason; /* why it was or was not followed by another */
    int32_t wait_ms;
    int16_t http_status;
    uint8_t kind; /* enum repay_kind; NONE: it brought an accepted reply */
};

enum repay_call_stage {
    REPAY_CALL_NEW, /* arguments may be set */
    REPAY_CALL_READY,
    REPAY_CALL_SENDING, /* a driver has the request */
    REPAY_CALL_WAITING,
    REPAY_CALL_ENDED_WELL,
    REPAY_CALL_ENDED_BADLY
};

/*
 * What a call under way costs is what a thousand of them cost, so here is only what it needs while
 * it waits. What a reply needs is in `answer`, what went wrong behind `error`.
 */
struct repay_call {
    const struct repay_allocator *allocator;
    struct repay_answers *answers; /* where `answer` comes from; holds a reference */
    struct repay_session *session; /* borrowed: the binding anchors the client */
    const struct repay_operation *operation;
    enum repay_call_stage stage;
    struct repay_argument arguments[REPAY_PARAMETERS_MAX]; /* their texts lie in `texts` */
    /*
     * What the last attempt ended with, of kind NONE while nothing is wrong; never NULL. It lies in
     * `fault`, or says that there was no memory for that.
     */
    const struct repay_error *error;
    struct repay_error *fault; /* NULL until it is needed; a write has it from the beginning */
    /* Of a call that brings no rows, from the beginning: see receipt.h. Else NULL. */
    struct repay_receipt *receipt;
    struct repay_answer *answer; /* NULL while there is no reply */
    /* Of the page under way; one more than the policy allows, for a forgiven reused connection. */
    struct repay_attempt attempts[REPAY_ATTEMPTS_MAX + 1];
    char idempotency_key[REPAY_KEY_MAX + 1];
    char interaction_id[REPAY_UUID_TEXT + 1];
    uint64_t random;
    int32_t attempt_count;
    int32_t page_attempts; /* those of them that count against the policy */
    int32_t page;
    int32_t built_page; /* the one that `request` asks for; 0: none */
    uint32_t rows_before_page;
    bool reused_forgiven;
    bool cancelled;
    bool is_counted; /* it has begun, and its end is yet to be counted */
    bool was_sent;   /* at least one request was handed out */
    bool is_probe;   /* the attempt under way decides whether the breaker closes */
    bool has_turn;   /* it waits for a turn that is booked */
    uint32_t turn_halvings;
    /* Set by next() for the driver; on the clock that is passed to next(). */
    int64_t wait_ms;
    int64_t deadline_ms;         /* the call's; INT64_MAX before the first next() */
    int64_t attempt_deadline_ms; /* no later than the call's */
    int64_t connect_deadline_ms; /* no later than the attempt's, like the next one */
    /*
     * At the latest; a driver that sees the request's last byte leave may be stricter and allow
     * policy.first_byte_timeout_ms from then on.
     */
    int64_t first_byte_deadline_ms;
    int64_t wait_until_ms; /* private: when a wait is over */
    int64_t limit_ms;      /* a whole run's; INT64_MAX: none */
    int64_t begin_ms;      /* not before; from the first next() on, when its time began */
    int64_t now_ms, unix_ms;
    int64_t fetched_at_unix_ms; /* when the last accepted page ended */
    /* The reply under way. */
    int http_status;
    enum repay_http_state fed; /* how far feed() got; DONE when a driver parses HTTP itself */
    bool is_fed;               /* raw bytes of it came */
    bool is_starved;           /* there was no memory for an answer */
    bool streams;              /* rows go into the builder as they arrive */
    bool reply_began;
    bool body_is_cut;   /* the reply is longer than what is collected: its status alone counts */
    bool body_is_alien; /* encoded in a way nobody asked for: likewise */
    uint64_t body_size;
    int64_t retry_after_ms;
    /* What keeps memory from one use of the struct to the next. `texts` is the first of it. */
    struct repay_bytes texts;
    struct repay_request request;
};

void repay_call_init(struct repay_call *call, const struct repay_allocator *allocator,
                     struct repay_answers *answers);
/* Wipes and frees all but the struct. Safe twice. */
void repay_call_free(struct repay_call *call);
/* As after init, but the memory of its buffers is kept, wiped where it held credentials. */
void repay_call_clear(struct repay_call *call);

/* Binds the call to a session and operation; arguments are copied. */
void repay_call_begin(struct repay_call *call, struct repay_session *session,
                      const struct repay_operation *operation);
bool repay_call_set_text(struct repay_call *call, unsigned parameter, struct repay_text value,
                         struct repay_error *error);
bool repay_call_set_amount(struct repay_call *call, unsigned parameter, int64_t minor,
                           struct repay_error *error);
/*
 * Checks the arguments and builds the first request, so that mistakes show before anything is sent.
 * The request that leaves has the same bytes but for the moment and the interaction id.
 */
bool repay_call_prepare(struct repay_call *call, const struct repay_chance *chance, int64_t unix_ms,
                        struct repay_error *error);
/*
 * It sends nothing before begin_ms, from where on its own time counts, and ends by limit_ms at the
 * latest; INT64_MIN and INT64_MAX are none. Before the first next().
 */
void repay_call_limit(struct repay_call *call, int64_t begin_ms, int64_t limit_ms);

/*
 * Asking again while an attempt is under way ends the call badly, as if its connection had been
 * lost: a request is handed out once.
 */
enum repay_step repay_call_next(struct repay_call *call, int64_t now_ms, int64_t unix_ms);
/* Borrowed; valid until the next call of next(), drop_request() or free(). */
const struct repay_request *repay_call_request(const struct repay_call *call);
/*
 * For a driver that has taken all of the request: wipes it and gives it back, since the call may
 * wait long for its reply. Another attempt builds it again.
 */
void repay_call_drop_request(struct repay_call *call);

/* The reply, by whoever parses HTTP. False: stop moving bytes, the rest will not be read. */
bool repay_call_reply_status(struct repay_call *call, int http_status);
bool repay_call_reply_field(struct repay_call *call, struct repay_text name,
                            struct repay_text value);
bool repay_call_reply_body(struct repay_call *call, const char *data, size_t length);
/* The same from raw bytes; length 0 with data NULL is the end of the stream. */
enum repay_http_state repay_call_feed(struct repay_call *call, const char *data, size_t length);
/* After feed said DONE: whether another request may use the connection. Never after a write. */
bool repay_call_may_reuse(const struct repay_call *call);
/* The attempt is over. Ask next() afterwards. */
void repay_call_end(struct repay_call *call, const struct repay_end *end, int64_t now_ms,
                    int64_t unix_ms);
/*
 * Ends it at the next next(): not_sent before a request was handed out, else unknown for a write.
 * A reply that proves success before that still counts: a receipt is never thrown away.
 */
void repay_call_cancel(struct repay_call *call);

static inline bool repay_call_has_ended(const struct repay_call *call)
{
    return call->stage >= REPAY_CALL_ENDED_WELL;
}

/* After DONE. */
static inline bool repay_call_has_rows(const struct repay_call *call)
{
    return call->operation->shape->layout != NULL;
}
/* Where they are; NULL before a reply began and after they were dropped. */
static inline struct repay_builder *repay_call_rows(const struct repay_call *call)
{
    return call->answer ? &call->answer->builder : NULL;
}
/* The rows were taken: what is left of the answer may serve another call. */
void repay_call_drop_answer(struct repay_call *call);
void repay_call_facts(const struct repay_call *call, struct repay_schedule_facts *out);
/* The argument marked is_subject, or empty. */
struct repay_text repay_call_subject(const struct repay_call *call);

#endif
