/*
 * One unit of the envelope (a name, a colon, a value, a comma), for body_read.c, which knows the
 * pieces that a body comes in. Nobody else includes this.
 */
#ifndef REPAY_BODY_UNIT_H
#define REPAY_BODY_UNIT_H

#include "body_read.h"

enum repay_body_stage {
    REPAY_STAGE_ROOT,       /* the object begins */
    REPAY_STAGE_FIRST_NAME, /* after '{' */
    REPAY_STAGE_NAME,       /* after ',' */
    REPAY_STAGE_COLON,
    REPAY_STAGE_VALUE,
    REPAY_STAGE_AFTER_VALUE, /* ',' or '}' */
    REPAY_STAGE_FIRST_ROW,   /* after '[' */
    REPAY_STAGE_ROW,         /* after ',' */
    REPAY_STAGE_AFTER_ROW,   /* ',' or ']' */
    REPAY_STAGE_DONE
};

/* What state.member says besides an index of shape->envelope or shape->rows_inside. */
enum { REPAY_MEMBER_IS_ROWS = 0xfe, REPAY_MEMBER_IS_OTHER = 0xff };

/*
 * Outside a list, at a byte that is no blank: reads the next unit and moves state.stage on. A row
 * that stands alone is a unit too; the list of rows is begun here and read by the caller.
 */
enum repay_json_end repay_body_unit(struct repay_body *body, struct repay_json_scan *scan);
/* At the brace that ends an object: after a member, or at once in an object without any. */
void repay_body_close(struct repay_body *body);

#endif
