/*
 * How the body before began: the bytes up to its list of rows, and what its reader knew behind
 * them. For body_read.c alone.
 *
 * A provider's replies to one operation begin with the same bytes, and on a small schedule reading
 * these took as long as reading three rows. What a reader knows follows from the bytes it has read
 * and from the shape, so where both are the same it need not read them again. A beginning that is
 * different, or longer than is kept here, is read as ever, and kept for the next time.
 */
#ifndef REPAY_BODY_HEAD_H
#define REPAY_BODY_HEAD_H

#include "envelope.h"

#define REPAY_BODY_HEAD_MAX 192 /* the longest documented one has 92 bytes when minified */

struct repay_shape;
struct repay_body;

/* Where a reader of a body is, and what it has met. */
struct repay_body_state {
    uint32_t kept_at[REPAY_ENVELOPE_MAX]; /* where in the kept bytes a value begins */
    uint32_t seen;                        /* members of the envelope that came, one bit each */
    uint32_t seen_inside;                 /* likewise of rows_inside */
    uint8_t stage;                        /* enum repay_body_stage */
    uint8_t member;                       /* what the value under way is */
    bool inside;                          /* within the object that `rows_member` holds */
};

struct repay_body_head {
    const struct repay_shape *shape; /* NULL: nothing is kept */
    uint32_t length;
    uint32_t kept_length;
    struct repay_body_state state;
    struct repay_envelope envelope;
    char bytes[REPAY_BODY_HEAD_MAX];
    char kept[REPAY_BODY_HEAD_MAX]; /* the envelope's values among them */
};

/*
 * Whether a body whose first bytes these are begins as the one before did: then its reader knows
 * what that one knew, and *length bytes are read. No memory for the values: false.
 */
bool repay_body_head_repeat(struct repay_body *body, struct repay_text bytes, size_t *length);
/* Keeps how the body began: its reader has just read these bytes, and its list of rows follows. */
void repay_body_head_note(struct repay_body *body, struct repay_text bytes);

#endif
