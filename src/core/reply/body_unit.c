/*
 * The envelope around the rows, unit by unit. See body_unit.h.
 *
 * Owns which members are kept, where the list of rows may stand, and that no documented member
 * stands twice: of two statuses neither would be certain. What is not documented is checked to be
 * JSON and passed over.
 */
#include "body_unit.h"

#define SEEN_ROWS ((uint32_t)1 << 31)

#define WHY_NOT_JSON   "the body is not JSON"
#define WHY_NOT_OBJECT "the body is not a JSON object"
#define WHY_TRAILING   "bytes after the end of the document"
#define WHY_TWICE      "a documented member stands twice in one object"
#define WHY_TWO_LISTS  "a second list of rows"

/* The place of a name in a list that ends with NULL, or REPAY_MEMBER_IS_OTHER. */
static uint8_t place_in(const char *const *names, struct repay_json_value name)
{
    char first = name.raw.data[1];
    for (uint8_t i = 0; names && names[i]; i++) {
        bool may_be = first == names[i][0] || first == '\\';
        if (may_be && repay_json_name_is(name, repay_text_of(names[i])))
            return i;
    }
    return REPAY_MEMBER_IS_OTHER;
}

static bool is_rows_member(const struct repay_body *body, struct repay_json_value name)
{
    return body->builder && !body->state.inside && body->shape->rows_member &&
           repay_json_name_is(name, repay_text_of(body->shape->rows_member));
}

static enum repay_json_end begin_member(struct repay_body *body, struct repay_json_scan *scan,
                                        struct repay_json_value name)
{
    const struct repay_shape *shape = body->shape;
    uint32_t *seen = body->state.inside ? &body->state.seen_inside : &body->state.seen;
    uint32_t bit = 0;
    body->state.member = REPAY_MEMBER_IS_OTHER;
    if (is_rows_member(body, name)) {
        body->state.member = REPAY_MEMBER_IS_ROWS;
        bit = SEEN_ROWS;
    } else {
        body->state.member =
            place_in(body->state.inside ? shape->rows_inside : shape->envelope, name);
        if (body->state.member != REPAY_MEMBER_IS_OTHER)
            bit = (uint32_t)1 << body->state.member;
    }
    if ((*seen & bit) != 0) {
        scan->at = name.raw.data;
        scan->why = WHY_TWICE;
        return REPAY_JSON_BAD;
    }
    *seen |= bit;
    body->state.stage = REPAY_STAGE_COLON;
    return REPAY_JSON_OK;
}

static enum repay_json_end read_name(struct repay_body *body, struct repay_json_scan *scan)
{
    struct repay_json_value name;
    if (*scan->at != '"')
        return repay_json_fail(scan, scan->at, REPAY_JSON_WHY_NAME);
    enum repay_json_end end_of = repay_json_string(scan, &name);
    return end_of == REPAY_JSON_OK ? begin_member(body, scan, name) : end_of;
}

static bool keep_value(struct repay_body *body, struct repay_json_value value)
{
    struct repay_envelope *envelope = &body->envelope;
    unsigned index = body->state.member;
    uint32_t kept_at = (uint32_t)body->kept.length;
    if (!repay_bytes_append_text(&body->kept, value.raw))
        return repay_error_set(body->error, REPAY_KIND_MEMORY,
                               "out of memory while reading a reply");
    body->state.kept_at[index] = kept_at;
    envelope->values[index] = value;
    envelope->present[index] = value.type != REPAY_JSON_NULL;
    return true;
}

static enum repay_json_end read_plain_value(struct repay_body *body, struct repay_json_scan *scan)
{
    struct repay_json_value value;
    enum repay_json_end end_of = repay_json_value(scan, &value);
    if (end_of != REPAY_JSON_OK)
        return end_of;
    if (body->state.member == REPAY_MEMBER_IS_ROWS) {
        bool is_null = value.type == REPAY_JSON_NULL;
        body->envelope.rows_found = is_null ? REPAY_ROWS_NULL : REPAY_ROWS_MISPLACED;
    } else if (body->state.member != REPAY_MEMBER_IS_OTHER && !body->state.inside &&
               !keep_value(body, value)) {
        body->rows.error_is_set = true;
        scan->at = value.raw.data;
        return REPAY_JSON_BAD;
    }
    body->state.stage = REPAY_STAGE_AFTER_VALUE;
    return REPAY_JSON_OK;
}

static enum repay_json_end begin_list(struct repay_body *body, struct repay_json_scan *scan)
{
    struct repay_envelope *envelope = &body->envelope;
    if (envelope->rows_found == REPAY_ROWS_LIST) {
        scan->why = WHY_TWO_LISTS;
        return REPAY_JSON_BAD;
    }
    envelope->rows_found = REPAY_ROWS_LIST;
    body->state.stage = REPAY_STAGE_FIRST_ROW;
    scan->at++;
    return REPAY_JSON_OK;
}

static enum repay_json_end read_one_row(struct repay_body *body, struct repay_json_scan *scan)
{
    enum repay_json_end end_of = repay_row_read(&body->rows, scan, false);
    if (end_of == REPAY_JSON_OK) {
        body->envelope.rows_found = REPAY_ROWS_ONE;
        body->state.stage = REPAY_STAGE_AFTER_VALUE;
    }
    return end_of;
}

static enum repay_json_end read_value(struct repay_body *body, struct repay_json_scan *scan)
{
    const struct repay_shape *shape = body->shape;
    bool is_rows = body->state.member == REPAY_MEMBER_IS_ROWS;
    if (*scan->at == '[') {
        if (body->state.inside ? body->state.member != REPAY_MEMBER_IS_OTHER
                               : is_rows && shape->rows_member_is_list)
            return begin_list(body, scan);
    } else if (*scan->at == '{' && is_rows) {
        if (shape->rows_inside) {
            body->state.inside = true;
            body->envelope.rows_found = REPAY_ROWS_MISPLACED; /* until a list is found in it */
            body->state.stage = REPAY_STAGE_FIRST_NAME;
            scan->at++;
            return REPAY_JSON_OK;
        }
        if (shape->object_is_row)
            return read_one_row(body, scan);
    }
    return read_plain_value(body, scan);
}

void repay_body_close(struct repay_body *body)
{
    body->state.stage = body->state.inside ? REPAY_STAGE_AFTER_VALUE : REPAY_STAGE_DONE;
    body->state.inside = false;
}

static bool begins_value(char byte)
{
    return memchr("[\"-0123456789tfn", byte, sizeof "[\"-0123456789tfn" - 1) != NULL;
}

enum repay_json_end repay_body_unit(struct repay_body *body, struct repay_json_scan *scan)
{
    char byte = *scan->at;
    switch ((enum repay_body_stage)body->state.stage) {
    case REPAY_STAGE_ROOT:
        if (byte != '{')
            return repay_json_fail(scan, scan->at,
                                   begins_value(byte) ? WHY_NOT_OBJECT : WHY_NOT_JSON);
        body->state.stage = REPAY_STAGE_FIRST_NAME;
        break;
    case REPAY_STAGE_FIRST_NAME:
        if (byte != '}')
            return read_name(body, scan);
        repay_body_close(body);
        break;
    case REPAY_STAGE_NAME:
        return read_name(body, scan);
    case REPAY_STAGE_COLON:
        if (byte != ':')
            return repay_json_fail(scan, scan->at, REPAY_JSON_WHY_COLON);
        body->state.stage = REPAY_STAGE_VALUE;
        break;
    case REPAY_STAGE_VALUE:
        return read_value(body, scan);
    case REPAY_STAGE_AFTER_VALUE:
        if (byte != ',' && byte != '}')
            return repay_json_fail(scan, scan->at, REPAY_JSON_WHY_COMMA);
        if (byte == ',')
            body->state.stage = REPAY_STAGE_NAME;
        else
            repay_body_close(body);
        break;
    default:
        return repay_json_fail(scan, scan->at, WHY_TRAILING);
    }
    scan->at++;
    return REPAY_JSON_OK;
}
