/*
 * What the three files of a call share, and nobody else may use: call_prepare.c turns arguments
 * into a request, call_reply.c turns a reply into a judgement, call.c is the machine between them.
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

/* Builds call->request for the page under way, with a fresh moment and fresh ids. */
bool repay_call_build(struct repay_call *call, int64_t unix_ms, struct repay_error *error);
void repay_call_task(const struct repay_call *call, struct repay_task *out);

/* Forgets the reply of the attempt before; rows of its page are dropped. */
void repay_call_reply_reset(struct repay_call *call);
/* Judges what arrived. Where it is not accepted, call->error is complete but for `field` kinds. */
struct repay_verdict repay_call_reply_judge(struct repay_call *call, const struct repay_end *end);

#endif
