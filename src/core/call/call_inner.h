/*
 * What the four files of a call share, and nobody else may use: call_prepare.c turns arguments into
 * a request, call_reply.c turns a reply into a judgement, call_shared.c knows what the client's
 * other calls mean for this one, call.c is the machine between them.
 */
#ifndef REPAY_CALL_INNER_H
#define REPAY_CALL_INNER_H

#include "call.h"

/* How an attempt ended, before anybody asks whether another follows. */
struct repay_verdict {
    bool accepted;
    bool never_sent; /* proven */
    bool connection_was_reused;
};

/*
 * Builds call->request for the page under way, with a fresh moment and fresh ids. One that carries
 * neither stays as it is from one attempt to the next.
 */
bool repay_call_build(struct repay_call *call, int64_t unix_ms, struct repay_error *error);
void repay_call_task(const struct repay_call *call, struct repay_task *out);

/* An error that cannot be kept for lack of memory becomes one of kind `memory` with its outcome. */
void repay_call_keep_error(struct repay_call *call, const struct repay_error *error);
void repay_call_clear_error(struct repay_call *call);

/* Forgets the reply of the attempt before; rows of its page are dropped. */
void repay_call_reply_reset(struct repay_call *call);
/* Judges what arrived. Where it is not accepted, call->error says why. */
struct repay_verdict repay_call_reply_judge(struct repay_call *call, const struct repay_end *end);

enum repay_call_permit {
    REPAY_CALL_MAY_SEND,
    REPAY_CALL_MAY_WAIT,    /* for call->wait_ms, then ask again */
    REPAY_CALL_MAY_NOT_SEND /* call->error says why */
};

/* `outcome` is that of a call which ends without another attempt. */
enum repay_call_permit repay_call_ask_breaker(struct repay_call *call, enum repay_outcome outcome);
/* Books a turn, or uses the one that was booked. */
enum repay_call_permit repay_call_take_turn(struct repay_call *call, enum repay_outcome outcome);
void repay_call_note_begun(struct repay_call *call);
/* A request is handed out now. */
void repay_call_note_attempt(struct repay_call *call);
/* Once call->error is complete. Nothing when the client has been closed. */
void repay_call_note_attempt_end(struct repay_call *call, const struct repay_end *end,
                                 const struct repay_verdict *verdict);
/* Why no call of this client may try again now, or NULL: then the budget has been charged. */
const char *repay_call_bars_retry(struct repay_call *call);
void repay_call_note_retry(struct repay_call *call);
/* Safe to say twice. */
void repay_call_note_end(struct repay_call *call, bool well);

#endif
