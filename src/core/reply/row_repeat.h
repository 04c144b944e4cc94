/*
 * The way through a row that looks like the one before it, for row_read.c alone.
 *
 * Whatever stands between two values is compared with what stood there last, as a whole; each value
 * is read by the short way of its type. At the first byte that is different this gives up, between
 * two members, and row_read.c goes on from there as if it had read the row from its beginning. So
 * nothing is accepted, refused or learned here.
 */
#ifndef REPAY_ROW_REPEAT_H
#define REPAY_ROW_REPEAT_H

#include "row_short.h"

/* A step's value in another form than its short one, or of a member that is not documented. */
enum repay_json_end repay_row_repeat_slowly(struct repay_row_reader *reader,
                                            struct repay_json_scan *scan,
                                            const struct repay_row_step *step);

static REPAY_ALWAYS_INLINE bool repay_step_is_noted(const struct repay_row_step *step,
                                                    const char *at)
{
    return repay_load_8(at) == step->text[0] &&
           (step->value_length < 8 || repay_load_8(at + 8) == step->text[1]);
}

/* The byte behind a value says that it has ended, so it has to be among those that are noted. */
static REPAY_ALWAYS_INLINE void repay_step_note(struct repay_row_step *step, const char *at,
                                                const char *after, int64_t value)
{
    size_t length = (size_t)(after - at);
    if (length >= sizeof step->text)
        return;
    step->text[0] = repay_load_8(at);
    step->text[1] = repay_load_8(at + 8);
    step->value = value;
    step->value_length = (uint8_t)length;
}

static REPAY_ALWAYS_INLINE const char *
repay_repeat_amount(const struct repay_row_pass *pass, struct repay_row_step *step, const char *at)
{
    unsigned char *place = repay_row_pass_place(pass, step->field, sizeof(int64_t));
    int64_t minor;
    if (repay_step_is_noted(step, at)) {
        memcpy(place, &step->value, sizeof minor);
        return at + step->value_length;
    }
    const char *after = repay_short_amount(pass->reader, at, &minor);
    if (REPAY_UNLIKELY(!after))
        return NULL;
    repay_step_note(step, at, after, minor);
    memcpy(place, &minor, sizeof minor);
    return after;
}

static REPAY_ALWAYS_INLINE const char *
repay_repeat_text(const struct repay_row_pass *pass, struct repay_row_step *step, const char *at)
{
    unsigned char *place = repay_row_pass_place(pass, step->field, sizeof(uint32_t));
    uint32_t code = (uint32_t)step->value;
    if (code != 0 && repay_step_is_noted(step, at)) {
        memcpy(place, &code, sizeof code);
        return at + step->value_length;
    }
    const char *after = repay_short_text(pass->builder->recent[step->field], at, pass->end, &code);
    if (REPAY_UNLIKELY(!after))
        return NULL;
    repay_step_note(step, at, after, code);
    memcpy(place, &code, sizeof code);
    return after;
}

/*
 * The type is a constant in each case, so that nothing is asked twice. Most values are amounts:
 * they do not wait for the jump.
 */
static REPAY_ALWAYS_INLINE const char *
repay_repeat_value(const struct repay_row_pass *pass, struct repay_row_step *step, const char *at)
{
    if (step->type == REPAY_FIELD_AMOUNT)
        return repay_repeat_amount(pass, step, at);
    switch (step->type) {
    case REPAY_FIELD_UUID:
        /* The next lexeme is looked at before a bound is, so this one may not end far behind. */
        return pass->end - at < 38 ? NULL
                                   : repay_short_value(pass, at, step->field, REPAY_FIELD_UUID);
    case REPAY_FIELD_MOMENT:
        return repay_short_value(pass, at, step->field, REPAY_FIELD_MOMENT);
    case REPAY_FIELD_DAY:
        return repay_short_value(pass, at, step->field, REPAY_FIELD_DAY);
    case REPAY_FIELD_COUNT:
        return repay_short_value(pass, at, step->field, REPAY_FIELD_COUNT);
    case REPAY_FIELD_TEXT:
        return repay_repeat_text(pass, step, at);
    case REPAY_FIELD_FLAG:
        return repay_short_value(pass, at, step->field, REPAY_FIELD_FLAG);
    default:
        return NULL;
    }
}

/*
 * At '{' of a row that has room, with *at there. OK: *at is past the value of the last of *steps
 * members; at '{' still when there are none. Else the value under way is what repay_row_read has to
 * give back.
 */
static REPAY_ALWAYS_INLINE enum repay_json_end repay_row_repeat(const struct repay_row_pass *pass,
                                                                struct repay_json_scan *scan,
                                                                const char **at, uint32_t *steps)
{
    struct repay_row_plan *plan = &pass->reader->plan;
    struct repay_row_step *step = plan->steps;
    const struct repay_row_step *last = step + plan->count;
    const char *here = *at;
    for (; step < last; step++) {
        const char *value = here + step->length;
        if (!repay_wide_matches(here, step->lexeme, step->length, step->beyond) ||
            value >= pass->end)
            break;
        here = repay_repeat_value(pass, step, value);
        if (REPAY_UNLIKELY(!here)) {
            scan->at = value;
            enum repay_json_end end_of = repay_row_repeat_slowly(pass->reader, scan, step);
            if (end_of != REPAY_JSON_OK)
                return end_of;
            here = scan->at;
        }
    }
    *steps = (uint32_t)(step - plan->steps);
    *at = here;
    return REPAY_JSON_OK;
}

#endif
