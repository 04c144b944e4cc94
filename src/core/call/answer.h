/*
 * What a reply needs while it is read: the parser of its bytes, the reader of its body, the rows,
 * and the first fault.
 *
 * A call has one from the first byte of a reply until its rows are taken, and none while it waits:
 * of a thousand calls under way few are being answered at one moment, and their memory is then the
 * same few pages again and again. So answers go round in a store, like the blocks that they fill.
 */
#ifndef REPAY_ANSWER_H
#define REPAY_ANSWER_H

#include "body_read.h"
#include "http_reply.h"

/* An idle answer keeps its first buffers, about 20 KiB; this many are half of what blocks may. */
#define REPAY_ANSWERS_SPARE_MAX 64

struct repay_answer {
    struct repay_answer *next; /* among the spare ones */
    struct repay_error fault;  /* the first one in the bytes of this attempt's reply */
    struct repay_http_reply http;
    struct repay_http_sink sink;
    struct repay_body body;
    struct repay_builder builder;
    struct repay_bytes collected; /* a reply that does not stream, up to REPAY_COLLECT_MAX */
};

struct repay_answers;

/* Returns owned, with one reference, and a reference to `blocks`; NULL when there is no memory. */
struct repay_answers *repay_answers_create(struct repay_blocks *blocks);
void repay_answers_retain(struct repay_answers *answers);
/* The last one frees the store and what is spare in it. */
void repay_answers_drop(struct repay_answers *answers);
/* Returns owned: rows of that layout may be added, NULL: none. NULL when there is no memory. */
struct repay_answer *repay_answers_take(struct repay_answers *answers,
                                        const struct repay_layout *layout);
/* Takes it back, rows and all. */
void repay_answers_give(struct repay_answers *answers, struct repay_answer *answer);
/*
 * The memory of one request, wiped, from a call that has sent its own to the next that writes one:
 * mostly they take turns. What there is no room for is freed.
 */
void repay_answers_give_request(struct repay_answers *answers, struct repay_bytes *request);
void repay_answers_take_request(struct repay_answers *answers, struct repay_bytes *request);
/* Forgets the reply but not the rows: what the next page or attempt begins with. */
void repay_answer_begin(struct repay_answer *answer);

#endif
