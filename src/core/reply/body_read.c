/*
 * A body as it comes, in pieces. See body_read.h; what the pieces mean is in body_unit.c.
 *
 * A piece is read in place up to its last REPAY_JSON_PADDING bytes; what is left over is carried to
 * the next piece. The envelope is a row of small units (a name, a colon, a value, a comma), the
 * list one of rows, so that hardly anything is ever read twice.
 */
#include "body_read.h"

#include "body_unit.h"

/* Below this a piece is not worth reading in place; it joins the carry. */
#define PIECE_MIN 2048u
/* One unit that is too long by a byte, and real bytes after it: enough to refuse it. */
#define CARRY_MAX (REPAY_UNIT_MAX + 1 + REPAY_JSON_PADDING)

#define WHY_ROW "a row must be an object"

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
    body->state = (struct repay_body_state){
        .stage = REPAY_STAGE_ROOT,
        .member = REPAY_MEMBER_IS_OTHER,
    };
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
    return stage >= REPAY_STAGE_FIRST_ROW && stage <= REPAY_STAGE_AFTER_ROW;
}

/* How many arrays and objects are open around the unit to come. */
static unsigned depth_of(const struct repay_body *body)
{
    unsigned depth =
        body->state.stage == REPAY_STAGE_ROOT || body->state.stage == REPAY_STAGE_DONE ? 0 : 1;
    if (body->state.inside)
        depth++;
    if (is_row_stage(body->state.stage))
        depth++;
    return depth;
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
        if (body->state.stage == REPAY_STAGE_AFTER_ROW && *start == ',') {
            body->state.stage = REPAY_STAGE_ROW;
            scan->at++;
        } else if (body->state.stage != REPAY_STAGE_ROW && *start == ']') {
            body->state.stage = REPAY_STAGE_AFTER_VALUE;
            scan->at++;
            return REPAY_JSON_OK;
        } else if (body->state.stage == REPAY_STAGE_AFTER_ROW) {
            return repay_json_fail(scan, start, REPAY_JSON_WHY_COMMA);
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
            body->state.stage = REPAY_STAGE_AFTER_ROW;
        }
        repay_json_skip_blanks(scan);
    }
    return REPAY_JSON_OK;
}

/* In a minified body the next units are known bytes, which saves a turn each. */
static void pass_bytes(struct repay_body *body, struct repay_json_scan *scan)
{
    for (; scan->at < scan->end; scan->at++) {
        if (body->state.stage == REPAY_STAGE_COLON && *scan->at == ':')
            body->state.stage = REPAY_STAGE_VALUE;
        else if (body->state.stage == REPAY_STAGE_AFTER_VALUE && *scan->at == ',')
            body->state.stage = REPAY_STAGE_NAME;
        else if (body->state.stage == REPAY_STAGE_AFTER_VALUE && *scan->at == '}')
            repay_body_close(body);
        else
            return;
    }
}

/* Passes what the body before began with as well. */
static void repeat_head(struct repay_body *body, struct stretch *stretch)
{
    struct repay_json_scan *scan = &stretch->scan;
    size_t length = 0;
    struct repay_text bytes = {scan->at, (size_t)(stretch->stop_at - scan->at)};
    if (body->consumed == 0 && repay_body_head_repeat(body, bytes, &length))
        scan->at += length;
}

/* Keeps what the body began with: its list of rows has just begun. */
static void note_head(struct repay_body *body, const struct stretch *stretch)
{
    struct repay_text bytes = {stretch->start, (size_t)(stretch->scan.at - stretch->start)};
    if (body->consumed == 0)
        repay_body_head_note(body, bytes);
}

/* Reads units until the stretch ends (SHORT) or something is wrong (BAD). */
static enum repay_json_end read_stretch(struct repay_body *body, struct stretch *stretch)
{
    struct repay_json_scan *scan = &stretch->scan;
    const char *end = scan->end;
    if (body->state.stage == REPAY_STAGE_ROOT)
        repeat_head(body, stretch);
    for (;;) {
        repay_json_skip_blanks(scan);
        const char *start = scan->at;
        if (start >= stretch->stop_at || !limit_unit(stretch, end))
            return REPAY_JSON_SHORT;
        enum repay_json_end end_of;
        scan->depth = depth_of(body);
        if (is_row_stage(body->state.stage)) {
            scan->end = end;
            end_of = read_rows(body, stretch);
        } else {
            end_of = repay_body_unit(body, scan);
            end_of = unlimit_unit(body, stretch, start, end, end_of);
            if (body->state.stage == REPAY_STAGE_FIRST_ROW && end_of == REPAY_JSON_OK)
                note_head(body, stretch);
        }
        if (end_of != REPAY_JSON_OK)
            return end_of;
        pass_bytes(body, scan);
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
    struct repay_bytes *carry = &body->carry;
    if (!repay_bytes_reserve(carry, length + REPAY_JSON_PADDING))
        return no_memory(body);
    if (length > 0)
        memcpy(carry->data + carry->length, data, length);
    carry->length += length;
    memset(carry->data + carry->length, 0, REPAY_JSON_PADDING);
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
    if (body->state.stage == REPAY_STAGE_ROOT)
        return repay_error_set_at(body->error, REPAY_KIND_BAD_RESPONSE, 0, "the body is empty");
    return repay_error_set_at(body->error, REPAY_KIND_BAD_RESPONSE, offset,
                              "the body is cut off after %lld bytes", (long long)offset);
}

/* Points the envelope's values at the bytes that were kept: they may have moved while they grew. */
static void settle_envelope(struct repay_body *body)
{
    const char *const *names = body->shape->envelope;
    for (unsigned i = 0; names && names[i]; i++) {
        if ((body->state.seen >> i & 1) != 0 && body->envelope.values[i].raw.length > 0)
            body->envelope.values[i].raw.data = body->kept.data + body->state.kept_at[i];
    }
    if (body->builder)
        body->envelope.rows = body->builder->rows - body->rows_before;
}

bool repay_body_end(struct repay_body *body)
{
    size_t read = 0;
    if (!body->failed && !body->ended) {
        body->ended = true;
        /* Behind a carry there are zeros already. */
        if ((body->carry.length > 0 || carry_on(body, NULL, 0)) &&
            read_carry(body, body->carry.length, &read)) {
            if (body->state.stage != REPAY_STAGE_DONE || body->carry.length > 0)
                refuse_end(body);
        }
    }
    settle_envelope(body);
    body->envelope.is_json = !body->failed;
    return !body->failed;
}
