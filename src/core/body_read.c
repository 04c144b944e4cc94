/*
 * The envelope around the rows, and the cutting of a body into pieces. See body_read.h.
 *
 * A piece is read in place up to its last REPAY_JSON_PADDING bytes; what is left over is carried to
 * the next piece. The envelope is a row of small units (a name, a colon, a value, a comma), the
 * list one of rows, so that hardly anything is ever read twice.
 */
#include "body_read.h"

#include "json_blocks.h"

/* Below this a piece is not worth reading in place; it joins the carry. */
#define PIECE_MIN 2048u
/* One unit that is too long by a byte, and real bytes after it: enough to refuse it. */
#define CARRY_MAX (REPAY_UNIT_MAX + 1 + REPAY_JSON_PADDING)

enum stage {
    STAGE_ROOT,       /* the object begins */
    STAGE_FIRST_NAME, /* after '{' */
    STAGE_NAME,       /* after ',' */
    STAGE_COLON,
    STAGE_VALUE,
    STAGE_AFTER_VALUE, /* ',' or '}' */
    STAGE_FIRST_ROW,   /* after '[' */
    STAGE_ROW,         /* after ',' */
    STAGE_AFTER_ROW,   /* ',' or ']' */
    STAGE_DONE
};

enum { /* what body->member says besides an index of shape->envelope or shape->rows_inside */
       MEMBER_ROWS = 0xfe,
       MEMBER_OTHER = 0xff
};

#define SEEN_ROWS ((uint32_t)1 << 31)

#define WHY_NOT_JSON   "the body is not JSON"
#define WHY_NOT_OBJECT "the body is not a JSON object"
#define WHY_NAME       "a member's name is expected here"
#define WHY_COLON      "a colon is expected here"
#define WHY_COMMA      "a comma or a closing bracket is expected here"
#define WHY_ROW        "a row must be an object"
#define WHY_TRAILING   "bytes after the end of the document"
#define WHY_TWO_LISTS  "a second list of rows"

void repay_body_init(struct repay_body *body, const struct repay_allocator *allocator)
{
    *body = (struct repay_body){0};
    repay_bytes_init(&body->carry, allocator, CARRY_MAX + REPAY_JSON_PADDING);
    repay_bytes_init(&body->kept, allocator, REPAY_ENVELOPE_MAX * (size_t)REPAY_UNIT_MAX);
    repay_row_reader_init(&body->rows, allocator);
}

void repay_body_free(struct repay_body *body)
{
    repay_bytes_free(&body->carry);
    repay_bytes_free(&body->kept);
    repay_row_reader_free(&body->rows);
}

void repay_body_begin(struct repay_body *body, const struct repay_shape *shape,
                      struct repay_builder *builder, int decimals, int zone_minutes,
                      struct repay_error *error)
{
    body->shape = shape;
    body->builder = shape->layout ? builder : NULL;
    body->error = error;
    body->envelope = (struct repay_envelope){0};
    body->consumed = 0;
    body->retry_at = PIECE_MIN;
    body->rows_before = body->builder ? builder->rows : 0;
    body->seen = 0;
    body->seen_inside = 0;
    body->stage = STAGE_ROOT;
    body->member = MEMBER_OTHER;
    body->inside = false;
    body->ended = false;
    body->failed = false;
    body->rows.error_is_set = false;
    body->rows.field = NULL;
    repay_bytes_clear(&body->carry);
    repay_bytes_clear(&body->kept);
    if (body->builder)
        repay_row_reader_begin(&body->rows, builder, decimals, zone_minutes, error);
}

static bool is_row_stage(uint8_t stage)
{
    return stage >= STAGE_FIRST_ROW && stage <= STAGE_AFTER_ROW;
}

/* How many arrays and objects are open around the unit to come. */
static unsigned depth_of(const struct repay_body *body)
{
    unsigned depth = body->stage == STAGE_ROOT || body->stage == STAGE_DONE ? 0 : 1;
    if (body->inside)
        depth++;
    if (is_row_stage(body->stage))
        depth++;
    return depth;
}

/* The place of a name in a list that ends with NULL, or MEMBER_OTHER. */
static uint8_t place_in(const char *const *names, struct repay_json_value name)
{
    char first = name.raw.data[1];
    for (uint8_t i = 0; names && names[i]; i++) {
        bool may_be = first == names[i][0] || first == '\\';
        if (may_be && repay_json_name_is(name, repay_text_of(names[i])))
            return i;
    }
    return MEMBER_OTHER;
}

static bool is_rows_member(const struct repay_body *body, struct repay_json_value name)
{
    return body->builder && !body->inside && body->shape->rows_member &&
           repay_json_name_is(name, repay_text_of(body->shape->rows_member));
}

static enum repay_json_end begin_member(struct repay_body *body, struct repay_json_scan *scan,
                                        struct repay_json_value name)
{
    const struct repay_shape *shape = body->shape;
    uint32_t *seen = body->inside ? &body->seen_inside : &body->seen;
    uint32_t bit = 0;
    body->member = MEMBER_OTHER;
    if (is_rows_member(body, name)) {
        body->member = MEMBER_ROWS;
        bit = SEEN_ROWS;
    } else {
        body->member = place_in(body->inside ? shape->rows_inside : shape->envelope, name);
        if (body->member != MEMBER_OTHER)
            bit = (uint32_t)1 << body->member;
    }
    if ((*seen & bit) != 0) {
        scan->at = name.raw.data;
        scan->why = "a documented member stands twice in one object";
        return REPAY_JSON_BAD;
    }
    *seen |= bit;
    body->stage = STAGE_COLON;
    return REPAY_JSON_OK;
}

static enum repay_json_end read_name(struct repay_body *body, struct repay_json_scan *scan)
{
    struct repay_json_value name;
    if (*scan->at != '"')
        return repay_json_fail(scan, scan->at, WHY_NAME);
    enum repay_json_end end_of = repay_json_string(scan, &name);
    return end_of == REPAY_JSON_OK ? begin_member(body, scan, name) : end_of;
}

static bool keep_value(struct repay_body *body, struct repay_json_value value)
{
    struct repay_envelope *envelope = &body->envelope;
    unsigned index = body->member;
    uint32_t kept_at = (uint32_t)body->kept.length;
    if (!repay_bytes_append_text(&body->kept, value.raw))
        return repay_error_set(body->error, REPAY_KIND_MEMORY,
                               "out of memory while reading a reply");
    body->kept_at[index] = kept_at;
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
    if (body->member == MEMBER_ROWS) {
        bool is_null = value.type == REPAY_JSON_NULL;
        body->envelope.rows_found = is_null ? REPAY_ROWS_NULL : REPAY_ROWS_MISPLACED;
    } else if (body->member != MEMBER_OTHER && !body->inside && !keep_value(body, value)) {
        body->rows.error_is_set = true;
        scan->at = value.raw.data;
        return REPAY_JSON_BAD;
    }
    body->stage = STAGE_AFTER_VALUE;
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
    envelope->rows_elsewhere = body->inside != body->shape->rows_inside_documented;
    body->stage = STAGE_FIRST_ROW;
    scan->at++;
    return REPAY_JSON_OK;
}

static enum repay_json_end read_one_row(struct repay_body *body, struct repay_json_scan *scan)
{
    enum repay_json_end end_of = repay_row_read(&body->rows, scan, false);
    if (end_of == REPAY_JSON_OK) {
        body->envelope.rows_found = REPAY_ROWS_ONE;
        body->stage = STAGE_AFTER_VALUE;
    }
    return end_of;
}

static enum repay_json_end read_value(struct repay_body *body, struct repay_json_scan *scan)
{
    const struct repay_shape *shape = body->shape;
    bool is_rows = body->member == MEMBER_ROWS;
    if (*scan->at == '[') {
        if (body->inside ? body->member != MEMBER_OTHER : is_rows && shape->rows_member_is_list)
            return begin_list(body, scan);
    } else if (*scan->at == '{' && is_rows) {
        if (shape->rows_inside) {
            body->inside = true;
            body->envelope.rows_found = REPAY_ROWS_MISPLACED; /* until a list is found in it */
            body->stage = STAGE_FIRST_NAME;
            scan->at++;
            return REPAY_JSON_OK;
        }
        if (shape->object_is_row)
            return read_one_row(body, scan);
    }
    return read_plain_value(body, scan);
}

/* After a member, or at once in an object without any. */
static void close_object(struct repay_body *body)
{
    body->stage = body->inside ? STAGE_AFTER_VALUE : STAGE_DONE;
    body->inside = false;
}

/* A stretch of the body that lies in memory. */
struct stretch {
    struct repay_json_scan scan;
    const char *start;   /* where body->consumed is */
    const char *stop_at; /* units that begin from here on are left alone; at most scan.end */
    bool whole;          /* REPAY_JSON_PADDING more bytes of the body follow, or it has ended */
};

/* Puts the end of what a unit may see at its ceiling. False: more bytes must come before that. */
static bool limit_unit(struct stretch *stretch, const char *end)
{
    size_t available = (size_t)(end - stretch->scan.at);
    if (available <= REPAY_UNIT_MAX)
        return true;
    /*
     * A unit that is too long must fail in the same way however the body was cut, so it is looked
     * at only with the same bytes behind its ceiling.
     */
    if (!stretch->whole && available < CARRY_MAX)
        return false;
    stretch->scan.end = stretch->scan.at + REPAY_UNIT_MAX + 1;
    return true;
}

static enum repay_json_end refuse_unit(struct repay_body *body, struct stretch *stretch,
                                       const char *at)
{
    stretch->scan.at = at;
    body->rows.error_is_set = true;
    repay_error_set(body->error, REPAY_KIND_TOO_LARGE, "a row or value of more than %u bytes",
                    (unsigned)REPAY_UNIT_MAX);
    return REPAY_JSON_BAD;
}

/* After a unit was tried: `end` is the stretch's own. */
static enum repay_json_end unlimit_unit(struct repay_body *body, struct stretch *stretch,
                                        const char *start, const char *end,
                                        enum repay_json_end end_of)
{
    bool was_limited = stretch->scan.end != end;
    stretch->scan.end = end;
    if (end_of == REPAY_JSON_SHORT && was_limited)
        return refuse_unit(body, stretch, start);
    if (end_of == REPAY_JSON_OK && stretch->scan.at - start > (ptrdiff_t)REPAY_UNIT_MAX)
        return refuse_unit(body, stretch, start);
    return end_of;
}

/* Within a list, at a byte that is no blank: reads rows until it ends or the stretch does. */
static enum repay_json_end read_rows(struct repay_body *body, struct stretch *stretch)
{
    struct repay_json_scan *scan = &stretch->scan;
    const char *end = scan->end;
    while (scan->at < stretch->stop_at) {
        const char *start = scan->at;
        if (body->stage == STAGE_AFTER_ROW && *start == ',') {
            body->stage = STAGE_ROW;
            scan->at++;
        } else if (body->stage != STAGE_ROW && *start == ']') {
            body->stage = STAGE_AFTER_VALUE;
            scan->at++;
            return REPAY_JSON_OK;
        } else if (body->stage == STAGE_AFTER_ROW) {
            return repay_json_fail(scan, start, WHY_COMMA);
        } else if (*start != '{') {
            return repay_json_fail(scan, start, WHY_ROW);
        } else {
            if (!limit_unit(stretch, end))
                return REPAY_JSON_SHORT;
            enum repay_json_end end_of = repay_row_read(&body->rows, scan, true);
            bool was_limited = scan->end != end;
            scan->end = end;
            if (end_of == REPAY_JSON_SHORT && was_limited)
                return refuse_unit(body, stretch, start);
            if (end_of != REPAY_JSON_OK)
                return end_of;
            body->stage = STAGE_AFTER_ROW;
        }
        repay_json_skip_blanks(scan);
    }
    return REPAY_JSON_OK;
}

static bool begins_value(char byte)
{
    return memchr("[\"-0123456789tfn", byte, sizeof "[\"-0123456789tfn" - 1) != NULL;
}

/* Outside a list, at a byte that is no blank: reads the next unit. */
static enum repay_json_end read_unit(struct repay_body *body, struct repay_json_scan *scan)
{
    char byte = *scan->at;
    switch ((enum stage)body->stage) {
    case STAGE_ROOT:
        if (byte != '{')
            return repay_json_fail(scan, scan->at,
                                   begins_value(byte) ? WHY_NOT_OBJECT : WHY_NOT_JSON);
        body->stage = STAGE_FIRST_NAME;
        break;
    case STAGE_FIRST_NAME:
        if (byte != '}')
            return read_name(body, scan);
        close_object(body);
        break;
    case STAGE_NAME:
        return read_name(body, scan);
    case STAGE_COLON:
        if (byte != ':')
            return repay_json_fail(scan, scan->at, WHY_COLON);
        body->stage = STAGE_VALUE;
        break;
    case STAGE_VALUE:
        return read_value(body, scan);
    case STAGE_AFTER_VALUE:
        if (byte != ',' && byte != '}')
            return repay_json_fail(scan, scan->at, WHY_COMMA);
        if (byte == ',')
            body->stage = STAGE_NAME;
        else
            close_object(body);
        break;
    default:
        return repay_json_fail(scan, scan->at, WHY_TRAILING);
    }
    scan->at++;
    return REPAY_JSON_OK;
}

/* In a minified body the next unit is one known byte, which saves a turn. */
static void pass_byte(struct repay_body *body, struct repay_json_scan *scan)
{
    if (scan->at >= scan->end)
        return;
    if (body->stage == STAGE_COLON && *scan->at == ':')
        body->stage = STAGE_VALUE;
    else if (body->stage == STAGE_AFTER_VALUE && *scan->at == ',')
        body->stage = STAGE_NAME;
    else
        return;
    scan->at++;
}

/* Reads units until the stretch ends (SHORT) or something is wrong (BAD). */
static enum repay_json_end read_stretch(struct repay_body *body, struct stretch *stretch)
{
    struct repay_json_scan *scan = &stretch->scan;
    const char *end = scan->end;
    for (;;) {
        repay_json_skip_blanks(scan);
        const char *start = scan->at;
        if (start >= stretch->stop_at || !limit_unit(stretch, end))
            return REPAY_JSON_SHORT;
        enum repay_json_end end_of;
        scan->depth = depth_of(body);
        if (is_row_stage(body->stage)) {
            scan->end = end;
            end_of = read_rows(body, stretch);
        } else {
            end_of = read_unit(body, scan);
            end_of = unlimit_unit(body, stretch, start, end, end_of);
        }
        if (end_of != REPAY_JSON_OK)
            return end_of;
        pass_byte(body, scan);
    }
}

/* Sets the error for the byte where the stretch stopped. Always false. */
static bool fail(struct repay_body *body, const struct stretch *stretch)
{
    struct repay_error *error = body->error;
    int64_t offset = (int64_t)body->consumed + (stretch->scan.at - stretch->start);
    body->failed = true;
    if (body->rows.error_is_set) {
        error->offset = offset;
        return false;
    }
    if (!body->rows.field)
        return repay_error_set_at(error, REPAY_KIND_BAD_RESPONSE, offset, "%s, at byte %lld",
                                  stretch->scan.why, (long long)offset);
    repay_error_set_at(error, REPAY_KIND_BAD_RESPONSE, offset, "%s %s, at byte %lld",
                       body->rows.field, stretch->scan.why, (long long)offset);
    repay_error_copy(error->field, sizeof error->field, repay_text_of(body->rows.field));
    return false;
}

static bool no_memory(struct repay_body *body)
{
    body->failed = true;
    return repay_error_set_at(body->error, REPAY_KIND_MEMORY, (int64_t)body->consumed,
                              "out of memory while reading a reply");
}

/* Appends to the carry, and keeps zeros behind it. */
static bool carry_on(struct repay_body *body, const char *data, size_t length)
{
    static const char padding[REPAY_JSON_PADDING];
    if (!repay_bytes_append(&body->carry, data, length) ||
        !repay_bytes_append(&body->carry, padding, sizeof padding))
        return no_memory(body);
    body->carry.length -= sizeof padding;
    return true;
}

static void set_retry(struct repay_body *body)
{
    size_t doubled = body->carry.length * 2;
    size_t wanted = doubled < PIECE_MIN ? PIECE_MIN : doubled;
    body->retry_at = wanted < CARRY_MAX ? wanted : CARRY_MAX;
}

/*
 * Reads from the carry, whose bytes from `old` on are also the caller's. Gives the number of bytes
 * that were read; those that were not stay, unless the reading got past `old`.
 */
static bool read_carry(struct repay_body *body, size_t old, size_t *read)
{
    struct repay_bytes *carry = &body->carry;
    struct stretch stretch = {
        .scan = {.at = carry->data, .end = carry->data + carry->length},
        .start = carry->data,
        .stop_at = carry->data + old,
        .whole = body->ended,
    };
    if (read_stretch(body, &stretch) == REPAY_JSON_BAD)
        return fail(body, &stretch);
    *read = (size_t)(stretch.scan.at - carry->data);
    body->consumed += *read;
    carry->length -= *read;
    /* The zeros behind the carry move with it. */
    memmove(carry->data, stretch.scan.at, carry->length + REPAY_JSON_PADDING);
    set_retry(body);
    return true;
}

/* Feeds the carry until it is read up, or the piece is. Moves `piece` on. */
static bool feed_carry(struct repay_body *body, struct repay_text *piece)
{
    while (body->carry.length > 0 && piece->length > 0) {
        size_t old = body->carry.length;
        size_t wanted = body->retry_at - old;
        size_t taken = wanted < piece->length ? wanted : piece->length;
        size_t read;
        if (!carry_on(body, piece->data, taken))
            return false;
        piece->data += taken;
        piece->length -= taken;
        if (body->carry.length < body->retry_at)
            return true;
        if (!read_carry(body, old, &read))
            return false;
        if (read >= old) {
            /* What is left of the carry lies in the piece as well, and is read there. */
            piece->data -= body->carry.length;
            piece->length += body->carry.length;
            repay_bytes_clear(&body->carry);
        }
    }
    return true;
}

static bool feed_in_place(struct repay_body *body, struct repay_text *piece)
{
    const char *end = piece->data + piece->length - REPAY_JSON_PADDING;
    struct stretch stretch = {
        .scan = {.at = piece->data, .end = end},
        .start = piece->data,
        .stop_at = end,
        .whole = true,
    };
    if (read_stretch(body, &stretch) == REPAY_JSON_BAD)
        return fail(body, &stretch);
    size_t read = (size_t)(stretch.scan.at - piece->data);
    body->consumed += read;
    piece->data += read;
    piece->length -= read;
    return true;
}

bool repay_body_feed(struct repay_body *body, const char *data, size_t length)
{
    struct repay_text piece = {data, length};
    if (body->failed || !feed_carry(body, &piece))
        return false;
    if (piece.length == 0)
        return true;
    if (piece.length >= PIECE_MIN && !feed_in_place(body, &piece))
        return false;
    if (!carry_on(body, piece.data, piece.length))
        return false;
    set_retry(body);
    return true;
}

static bool refuse_end(struct repay_body *body)
{
    int64_t offset = (int64_t)(body->consumed + body->carry.length);
    body->failed = true;
    if (body->stage == STAGE_ROOT)
        return repay_error_set_at(body->error, REPAY_KIND_BAD_RESPONSE, 0, "the body is empty");
    return repay_error_set_at(body->error, REPAY_KIND_BAD_RESPONSE, offset,
                              "the body is cut off after %lld bytes", (long long)offset);
}

/* Points the envelope's values at the bytes that were kept: they may have moved while they grew. */
static void settle_envelope(struct repay_body *body)
{
    const char *const *names = body->shape->envelope;
    for (unsigned i = 0; names && names[i]; i++) {
        if ((body->seen >> i & 1) != 0 && body->envelope.values[i].raw.length > 0)
            body->envelope.values[i].raw.data = body->kept.data + body->kept_at[i];
    }
    if (body->builder)
        body->envelope.rows = body->builder->rows - body->rows_before;
}

bool repay_body_end(struct repay_body *body)
{
    size_t read = 0;
    if (!body->failed && !body->ended) {
        body->ended = true;
        if (carry_on(body, NULL, 0) && read_carry(body, body->carry.length, &read)) {
            if (body->stage != STAGE_DONE || body->carry.length > 0)
                refuse_end(body);
        }
    }
    settle_envelope(body);
    body->envelope.is_json = !body->failed;
    return !body->failed;
}
