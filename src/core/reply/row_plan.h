/*
 * How the last row looked, member by member: the bytes from the end of one value to the beginning
 * of the next, and which column that value went to.
 *
 * The rows of a body are alike to the byte but for their values. So the reader of rows notes what
 * it had to find out (blanks, the name, the colon, which member that is) as the bytes it found, and
 * at the next row asks only whether the same bytes stand there again. What they mean is never
 * decided here: they meant it to the reader, at the same place of a row that it accepted.
 */
#ifndef REPAY_ROW_PLAN_H
#define REPAY_ROW_PLAN_H

#include <stdint.h>

#include "layout.h"

/* From a value's end to the next value: a comma, blanks, the longest documented name, a colon. */
#define REPAY_LEXEME_MAX    32
/* A member that is not documented is a step too. Rows with more are read beyond by the slow way. */
#define REPAY_ROW_STEPS_MAX REPAY_FIELDS_MAX

#define REPAY_STEP_UNKNOWN 7 /* beside enum repay_field_type: a member to be kept as received */

/* One cache line. */
struct repay_row_step {
    char lexeme[REPAY_LEXEME_MAX];
    /*
     * The value that stood here last, where it and the byte behind it are within 16 bytes: those
     * bytes, and what they are worth. Amounts of zero and equal installments are read by this.
     */
    uint64_t text[2];
    int64_t value;   /* minor units, or the code of a text; of a text 0: none was noted */
    uint32_t beyond; /* a bit for each byte of `lexeme` that does not count */
    uint8_t length;
    uint8_t value_length;
    uint8_t field;
    uint8_t type;
};

struct repay_row_plan {
    uint32_t count;
    uint32_t seen; /* a bit for each documented member of all steps */
    struct repay_row_step steps[REPAY_ROW_STEPS_MAX];
};

/* Of a member that is not documented: its name as it was received, with its quotes. */
struct repay_text repay_row_step_name(const struct repay_row_step *step);

/* Nothing is known of rows any more. */
void repay_row_plan_forget(struct repay_row_plan *plan);
/* Another body: the codes of texts are those of the one before. */
void repay_row_plan_forget_texts(struct repay_row_plan *plan);
/* Keeps the first `count` steps. */
void repay_row_plan_cut(struct repay_row_plan *plan, uint32_t count);
/*
 * Notes the member that follows the steps there are. False: it cannot be noted, and so nothing
 * behind it can.
 */
bool repay_row_plan_add(struct repay_row_plan *plan, struct repay_text lexeme, unsigned field,
                        unsigned type);

#endif
