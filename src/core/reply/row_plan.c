/*
 * Noting how a row looks. See row_plan.h; row_repeat.h reads by what is noted here.
 */
#include "row_plan.h"

#include "wide_bytes.h"

void repay_row_plan_forget(struct repay_row_plan *plan)
{
    repay_row_plan_cut(plan, 0);
}

void repay_row_plan_forget_texts(struct repay_row_plan *plan)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].type == REPAY_FIELD_TEXT)
            plan->steps[i].value = 0;
    }
}

void repay_row_plan_cut(struct repay_row_plan *plan, uint32_t count)
{
    plan->count = count;
    plan->seen = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (plan->steps[i].type != REPAY_STEP_UNKNOWN)
            plan->seen |= (uint32_t)1 << plan->steps[i].field;
    }
}

bool repay_row_plan_add(struct repay_row_plan *plan, struct repay_text lexeme, unsigned field,
                        unsigned type)
{
    /* A statement that holds of any body: a zero before a comma and these bytes is zero. */
    static const char zero[16] = "0,";
    if (plan->count == REPAY_ROW_STEPS_MAX || lexeme.length > REPAY_LEXEME_MAX)
        return false;
    struct repay_row_step *step = &plan->steps[plan->count++];
    *step = (struct repay_row_step){
        .text = {repay_load_8(zero), repay_load_8(zero + 8)},
        .beyond = ~(uint32_t)(((uint64_t)1 << lexeme.length) - 1),
        .length = (uint8_t)lexeme.length,
        .value_length = 1,
        .field = (uint8_t)field,
        .type = (uint8_t)type,
    };
    memcpy(step->lexeme, lexeme.data, lexeme.length);
    if (type != REPAY_STEP_UNKNOWN)
        plan->seen |= (uint32_t)1 << field;
    return true;
}

struct repay_text repay_row_step_name(const struct repay_row_step *step)
{
    struct repay_text name = {step->lexeme, step->length};
    /* Before the name are a comma or a brace and blanks, behind it a colon and blanks. */
    while (*name.data != '"') {
        name.data++;
        name.length--;
    }
    while (name.data[name.length - 1] != '"')
        name.length--;
    return name;
}
