/*
 * A provider's JSON body, read in one pass as its bytes arrive: the envelope's documented members
 * are kept as text, the rows go straight into a builder's columns.
 *
 * The reader carries over only the unit that is not whole yet: one row or one envelope value, at
 * most REPAY_UNIT_MAX bytes. A unit that did not fit is tried again only when the carried bytes
 * have doubled or the body has ended, so no way of cutting a body makes the work grow faster than
 * its length.
 *
 * Tolerances are the provider pages': numbers and flags may be strings, null is absent, unknown
 * members are kept with their row. A documented member twice in one object is an error.
 */
#ifndef REPAY_BODY_READ_H
#define REPAY_BODY_READ_H

#include "body_head.h"
#include "row_read.h"

#define REPAY_COLLECT_MAX (64u << 10) /* replies that do not stream are kept up to here */

struct repay_shape {
    const struct repay_layout *layout; /* NULL: the answer has no rows */
    const char *const *envelope;    /* top-level members to keep, "status", …; ends with NULL */
    const char *rows_member;        /* top-level member with the rows: "data" */
    const char *const *rows_inside; /* where it is an object: names of the list in it, or NULL */
    bool rows_member_is_list;       /* `rows_member` may be the list itself */
    bool object_is_row;             /* an object is one row; only where `rows_inside` is NULL */
};

struct repay_body {
    const struct repay_shape *shape;
    /* NULL: `rows_member` is skipped, or kept when it is in `envelope`. */
    struct repay_builder *builder;
    struct repay_row_reader rows;
    struct repay_bytes carry; /* the unfinished unit, with padding */
    struct repay_bytes kept;  /* envelope values */
    struct repay_envelope envelope;
    struct repay_error *error;
    uint64_t consumed;    /* bytes of the body before the carry, or before the piece under way */
    size_t retry_at;      /* carried bytes before the next try */
    uint32_t rows_before; /* of the pages before */
    struct repay_body_state state;
    struct repay_body_head head; /* of the body before, or of this one */
    bool ended;                  /* no byte follows what is carried */
    bool failed;
};

void repay_body_init(struct repay_body *body, const struct repay_allocator *allocator);
void repay_body_free(struct repay_body *body);
/* Borrows all of it. `builder` was reset, or holds the pages before. */
void repay_body_begin(struct repay_body *body, const struct repay_shape *shape,
                      struct repay_builder *builder, int decimals, int zone_minutes,
                      struct repay_error *error);
/* False once the body is wrong; the error names the first wrong byte. */
bool repay_body_feed(struct repay_body *body, const char *data, size_t length);
/*
 * The body has ended: false when it is cut or wrong, the error says so and is the same however
 * often this is asked. Fills in the envelope either way: of a body that is no JSON, or that is
 * broken, the members that came before are there and `is_json` is false. Whether that is fatal is
 * for the caller to say: an error reply that is HTML is still judged by its HTTP status.
 */
bool repay_body_end(struct repay_body *body);

#endif
