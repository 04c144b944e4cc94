/*
 * The bytes of an HTTP/1.1 reply. See http_reply.h.
 *
 * Owns the framing: where the head ends, how long the body is, whether the connection is clean
 * after it. Refuses every reply whose length two readers could see differently, because the next
 * reply on the connection would then be somebody's guess. Each byte is looked at a fixed number of
 * times: lines are read where they lie, and copied only when a piece ends inside one.
 */
#include "http_reply.h"

#include "wide_bytes.h"

#define STATUS_PREFIX   "HTTP/1."
#define HEX_DIGITS_MAX  15 /* the sizes that fit int64 whatever the digits are */
#define EMPTY_LINE_SIZE 2

enum stage {
    STAGE_STATUS,
    STAGE_FIELD,
    STAGE_BODY, /* body_left bytes, or all until the connection ends */
    STAGE_CHUNK_SIZE,
    STAGE_CHUNK,
    STAGE_CHUNK_END, /* the empty line after a chunk's bytes */
    STAGE_TRAILER,
    STAGE_DONE,
    STAGE_BAD,
    STAGE_STOPPED
};

void repay_http_reply_init(struct repay_http_reply *reply, const struct repay_allocator *allocator,
                           const struct repay_http_sink *sink)
{
    memset(reply, 0, sizeof *reply);
    reply->sink = sink;
    repay_bytes_init(&reply->line, allocator, REPAY_HTTP_HEAD_MAX);
    repay_http_reply_reset(reply);
}

void repay_http_reply_reset(struct repay_http_reply *reply)
{
    repay_bytes_clear(&reply->line);
    reply->stage = STAGE_STATUS;
    reply->status = 0;
    reply->body_left = 0;
    reply->length = -1;
    reply->head_size = 0;
    reply->fields = 0;
    reply->chunked = false;
    reply->keeps_alive = false;
}

void repay_http_reply_free(struct repay_http_reply *reply)
{
    repay_bytes_free(&reply->line);
}

static bool refuse(struct repay_http_reply *reply, enum repay_kind kind, const char *what,
                   const char *why, struct repay_error *error)
{
    reply->stage = STAGE_BAD;
    repay_error_set(error, kind, "%s: %s", what, why);
    error->http_status = reply->status >= 200 ? reply->status : 0;
    return false;
}

static bool bad(struct repay_http_reply *reply, const char *why, struct repay_error *error)
{
    return refuse(reply, REPAY_KIND_BAD_RESPONSE, "the reply is malformed", why, error);
}

static bool too_large(struct repay_http_reply *reply, const char *why, struct repay_error *error)
{
    return refuse(reply, REPAY_KIND_TOO_LARGE, "the reply is too large", why, error);
}

static bool stop(struct repay_http_reply *reply)
{
    reply->stage = STAGE_STOPPED;
    return false;
}

/*
 * What each byte of a head is: 1 a token character of RFC 9110, which names are made of, 2 a
 * control byte, which no line may hold. The upper half may stand in values alone.
 */
static const unsigned char classes[256] = {
    /* clang-format off */
    2, 2, 2, 2, 2, 2, 2, 2, 2, 0, 2, 2, 2, 2, 2, 2, /* 0x00 */
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, /* 0x10 */
    0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0, /* 0x20 */
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, /* 0x30 */
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* 0x40 */
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, /* 0x50 */
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* 0x60 */
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 2, /* 0x70 */
    /* clang-format on */
};

static bool is_token_byte(char byte)
{
    return classes[(unsigned char)byte] == 1;
}

/* Eight bytes of which one may be a control byte, a tab included; never no where there is one. */
static bool may_hold_control_byte(uint64_t word)
{
    uint64_t del = word ^ REPAY_EACH_BYTE(0x7f);
    uint64_t below = (word - REPAY_EACH_BYTE(0x20)) & ~word;

    return ((below | ((del - REPAY_EACH_BYTE(0x01)) & ~del)) & REPAY_EACH_BYTE(0x80)) != 0;
}

static bool has_control_byte(struct repay_text text)
{
    unsigned char found = 0;
    size_t i = 0;

    while (text.length - i >= 8 && !may_hold_control_byte(repay_load_8(text.data + i)))
        i += 8;
    /* What is left of eight or more bytes, with some before it once more. */
    if (i > 0 && text.length - i < 8 &&
        !may_hold_control_byte(repay_load_8(text.data + text.length - 8)))
        return false;
    for (; i < text.length; i++)
        found |= classes[(unsigned char)text.data[i]];
    return found & 2;
}

/*
 * Whether a name, or a value without control bytes, is this word of eight or more lower-case
 * letters and hyphens. Of the other bytes only a control byte becomes one of these with the bit
 * that tells small letters from capitals.
 */
static bool is_word(struct repay_text text, struct repay_text word)
{
    size_t last = word.length - 8;

    if (text.length != word.length)
        return false;
    for (size_t i = 0; i < last; i += 8) {
        if ((repay_load_8(text.data + i) | REPAY_EACH_BYTE(0x20)) != repay_load_8(word.data + i))
            return false;
    }
    return (repay_load_8(text.data + last) | REPAY_EACH_BYTE(0x20)) ==
           repay_load_8(word.data + last);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static struct repay_text trim(struct repay_text text)
{
    while (text.length > 0 && is_blank(text.data[0])) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.data[text.length - 1]))
        text.length--;
    return text;
}

/* HTTP/1.x, a blank, three digits; then the end, or a blank and a reason that nobody reads. */
static bool read_status(struct repay_http_reply *reply, struct repay_text line,
                        struct repay_error *error)
{
    const char *at = line.data;

    if (line.length < 12 || memcmp(at, STATUS_PREFIX, 7) != 0 || !repay_is_digit(at[7]) ||
        at[8] != ' ' || !repay_is_digit(at[9]) || !repay_is_digit(at[10]) ||
        !repay_is_digit(at[11]) || (line.length > 12 && at[12] != ' ') || has_control_byte(line))
        return bad(reply, "the status line", error);
    int status = (at[9] - '0') * 100 + (at[10] - '0') * 10 + (at[11] - '0');
    if (status < 100 || status > 599)
        return bad(reply, "a status outside 100 to 599", error);
    reply->status = status;
    if (status == 101)
        return bad(reply, "a change of protocol that was not asked for", error);
    reply->keeps_alive = at[7] != '0';
    reply->stage = STAGE_FIELD;
    if (status >= 200 && !reply->sink->head(reply->sink->context, status))
        return stop(reply);
    return true;
}

static bool read_length(struct repay_http_reply *reply, struct repay_text value,
                        struct repay_error *error)
{
    int64_t length = 0;

    if (value.length == 0)
        return bad(reply, "an empty Content-Length", error);
    for (size_t i = 0; i < value.length; i++) {
        if (!repay_is_digit(value.data[i]))
            return bad(reply, "a Content-Length that is not digits alone", error);
        if (__builtin_mul_overflow(length, 10, &length) ||
            __builtin_add_overflow(length, value.data[i] - '0', &length))
            return too_large(reply, "a Content-Length beyond 64 bits", error);
    }
    if (reply->length >= 0 && reply->length != length)
        return bad(reply, "two different Content-Length fields", error);
    reply->length = length;
    return true;
}

static bool read_coding(struct repay_http_reply *reply, struct repay_text value,
                        struct repay_error *error)
{
    if (!repay_text_equal_fold(value, REPAY_TEXT("chunked")))
        return bad(reply, "a Transfer-Encoding other than chunked", error);
    if (reply->chunked)
        return bad(reply, "two Transfer-Encoding fields", error);
    reply->chunked = true;
    return true;
}

/* Connection is a list of words; only "close" matters to us. */
static void read_connection(struct repay_http_reply *reply, struct repay_text value)
{
    size_t first = 0;

    if (is_word(value, REPAY_TEXT("keep-alive")))
        return;
    for (size_t i = 0; i <= value.length; i++) {
        if (i < value.length && value.data[i] != ',')
            continue;
        struct repay_text word = trim((struct repay_text){value.data + first, i - first});
        if (repay_text_equal_fold(word, REPAY_TEXT("close")))
            reply->keeps_alive = false;
        first = i + 1;
    }
}

/* Takes a field line apart; heads and trailers obey the same grammar and the same count. */
static bool split_field(struct repay_http_reply *reply, struct repay_text line,
                        struct repay_text *name, struct repay_text *value,
                        struct repay_error *error)
{
    size_t colon = 0;

    if (is_blank(line.data[0]))
        return bad(reply, "a folded header line", error);
    while (colon < line.length && is_token_byte(line.data[colon]))
        colon++;
    if (colon == 0 || colon == line.length || line.data[colon] != ':')
        return bad(reply, "a header name", error);
    *name = (struct repay_text){line.data, colon};
    *value = trim((struct repay_text){line.data + colon + 1, line.length - colon - 1});
    if (has_control_byte(*value))
        return bad(reply, "a control byte in a header value", error);
    if (reply->fields == REPAY_HTTP_FIELDS_MAX)
        return too_large(reply, "more than 100 header fields", error);
    reply->fields++;
    return true;
}

static bool read_field(struct repay_http_reply *reply, struct repay_text line,
                       struct repay_error *error)
{
    struct repay_text name = REPAY_NO_TEXT;
    struct repay_text value = REPAY_NO_TEXT;

    if (!split_field(reply, line, &name, &value, error))
        return false;
    if (reply->status < 200)
        return true;
    if (is_word(name, REPAY_TEXT("content-length"))) {
        if (!read_length(reply, value, error))
            return false;
    } else if (is_word(name, REPAY_TEXT("transfer-encoding"))) {
        if (!read_coding(reply, value, error))
            return false;
    } else if (is_word(name, REPAY_TEXT("connection"))) {
        read_connection(reply, value);
    }
    if (!reply->sink->field(reply->sink->context, name, value))
        return stop(reply);
    return true;
}

/* The empty line after the fields: what follows is decided by all of them together. */
static bool end_head(struct repay_http_reply *reply, struct repay_error *error)
{
    if (reply->status < 200) {
        reply->stage = STAGE_STATUS;
        return true;
    }
    if (reply->chunked && reply->length >= 0)
        return bad(reply, "Content-Length and Transfer-Encoding together", error);
    bool has_body = reply->status != 204 && reply->status != 304 && reply->length != 0;
    if (!has_body) {
        reply->stage = STAGE_DONE;
    } else if (reply->chunked) {
        reply->stage = STAGE_CHUNK_SIZE;
    } else {
        reply->stage = STAGE_BODY;
        reply->body_left = reply->length;
        if (reply->length < 0)
            reply->keeps_alive = false;
    }
    return true;
}

/* Hexadecimal digits; then the end, or a semicolon and extensions that nobody reads. */
static bool read_chunk_size(struct repay_http_reply *reply, struct repay_text line,
                            struct repay_error *error)
{
    int64_t size = 0;
    size_t at = 0;
    size_t significant = 0;

    for (; at < line.length && repay_hex_value(line.data[at]) >= 0; at++) {
        if (size > 0 || line.data[at] != '0')
            significant++;
        if (significant > HEX_DIGITS_MAX)
            return too_large(reply, "a chunk size beyond 60 bits", error);
        size = size * 16 + repay_hex_value(line.data[at]);
    }
    if (at == 0 || (at < line.length && line.data[at] != ';') || has_control_byte(line))
        return bad(reply, "a chunk size", error);
    reply->body_left = size;
    reply->stage = size == 0 ? STAGE_TRAILER : STAGE_CHUNK;
    return true;
}

static bool is_chunk_framing(const struct repay_http_reply *reply)
{
    return reply->stage == STAGE_CHUNK_SIZE || reply->stage == STAGE_CHUNK_END;
}

/* How many bytes the line under way may have, its end included. */
static size_t line_limit(const struct repay_http_reply *reply)
{
    if (reply->stage == STAGE_CHUNK_SIZE)
        return REPAY_HTTP_CHUNK_LINE_MAX;
    if (reply->stage == STAGE_CHUNK_END)
        return EMPTY_LINE_SIZE;
    return REPAY_HTTP_HEAD_MAX - reply->head_size;
}

static bool refuse_long_line(struct repay_http_reply *reply, struct repay_error *error)
{
    if (reply->stage == STAGE_CHUNK_SIZE)
        return too_large(reply, "a chunk size line over 1024 bytes", error);
    if (reply->stage == STAGE_CHUNK_END)
        return bad(reply, "a chunk that is longer than its size", error);
    return too_large(reply, "a head over 32 KiB", error);
}

/* Whether what came of the status line could still become one. */
static bool may_be_status(struct repay_text begun)
{
    size_t length = sizeof STATUS_PREFIX - 1;

    if (begun.length < length)
        length = begun.length;
    return memcmp(begun.data, STATUS_PREFIX, length) == 0;
}

/* One whole line, its LF included. */
static bool read_line(struct repay_http_reply *reply, struct repay_text line,
                      struct repay_error *error)
{
    struct repay_text name = REPAY_NO_TEXT;
    struct repay_text value = REPAY_NO_TEXT;

    if (reply->stage == STAGE_STATUS && !may_be_status(line))
        return bad(reply, "the status line", error);
    if (line.length > line_limit(reply))
        return refuse_long_line(reply, error);
    if (!is_chunk_framing(reply))
        reply->head_size += line.length;
    line.length--;
    if (line.length > 0 && line.data[line.length - 1] == '\r')
        line.length--;
    else if (is_chunk_framing(reply))
        return bad(reply, "a line of the chunked coding that does not end in CRLF", error);
    switch ((enum stage)reply->stage) {
    case STAGE_STATUS:
        return read_status(reply, line, error);
    case STAGE_FIELD:
        return line.length == 0 ? end_head(reply, error) : read_field(reply, line, error);
    case STAGE_CHUNK_SIZE:
        return read_chunk_size(reply, line, error);
    case STAGE_CHUNK_END: /* two bytes at most, and they end in CRLF: it is empty */
        reply->stage = STAGE_CHUNK_SIZE;
        return true;
    case STAGE_TRAILER:
        if (line.length > 0)
            return split_field(reply, line, &name, &value, error);
        reply->stage = STAGE_DONE;
        return true;
    case STAGE_BODY:
    case STAGE_CHUNK:
    case STAGE_DONE:
    case STAGE_BAD:
    case STAGE_STOPPED:
        break;
    }
    return true;
}

/*
 * Keeps the beginning of a line until the rest comes. What cannot become a status line is told
 * before what is too long, here as in read_line, so that both say the same of the same bytes.
 */
static bool keep_line(struct repay_http_reply *reply, struct repay_text piece,
                      struct repay_error *error)
{
    size_t room = line_limit(reply) - reply->line.length;
    size_t taken = piece.length < room ? piece.length : room;

    if (!repay_bytes_append(&reply->line, piece.data, taken))
        return refuse(reply, REPAY_KIND_MEMORY, "out of memory", "while reading a reply", error);
    if (reply->stage == STAGE_STATUS && !may_be_status(repay_bytes_text(&reply->line)))
        return bad(reply, "the status line", error);
    if (piece.length > room)
        return refuse_long_line(reply, error);
    return true;
}

/* Takes bytes up to the end of the line under way. Returns how many it took. */
static size_t take_line(struct repay_http_reply *reply, const char *data, size_t length,
                        struct repay_error *error)
{
    const char *end = memchr(data, '\n', length);
    struct repay_text piece = {data, end ? (size_t)(end - data) + 1 : length};

    if (end && reply->line.length == 0) {
        read_line(reply, piece, error);
    } else if (keep_line(reply, piece, error) && end) {
        read_line(reply, repay_bytes_text(&reply->line), error);
        repay_bytes_clear(&reply->line);
    }
    return piece.length;
}

/* Hands out bytes of the body up to its end or the chunk's. Returns how many it took. */
static size_t take_body(struct repay_http_reply *reply, const char *data, size_t length)
{
    if (reply->body_left >= 0 && (uint64_t)length > (uint64_t)reply->body_left)
        length = (size_t)reply->body_left;
    if (reply->body_left >= 0)
        reply->body_left -= (int64_t)length;
    if (!reply->sink->body(reply->sink->context, data, length))
        stop(reply);
    else if (reply->body_left == 0)
        reply->stage = reply->stage == STAGE_CHUNK ? STAGE_CHUNK_END : STAGE_DONE;
    return length;
}

static enum repay_http_state state_of(const struct repay_http_reply *reply)
{
    if (reply->stage == STAGE_DONE)
        return REPAY_HTTP_DONE;
    if (reply->stage == STAGE_BAD)
        return REPAY_HTTP_BAD;
    return reply->stage == STAGE_STOPPED ? REPAY_HTTP_STOPPED : REPAY_HTTP_MORE;
}

enum repay_http_state repay_http_reply_feed(struct repay_http_reply *reply, const char *data,
                                            size_t length, struct repay_error *error)
{
    while (length > 0 && state_of(reply) == REPAY_HTTP_MORE) {
        bool in_body = reply->stage == STAGE_BODY || reply->stage == STAGE_CHUNK;
        size_t taken =
            in_body ? take_body(reply, data, length) : take_line(reply, data, length, error);
        data += taken;
        length -= taken;
    }
    /* Bytes that nobody asked for would be read as the beginning of the next reply. */
    if (length > 0)
        reply->keeps_alive = false;
    return state_of(reply);
}

enum repay_http_state repay_http_reply_end(struct repay_http_reply *reply,
                                           struct repay_error *error)
{
    const char *where = "before the reply's body was whole";

    reply->keeps_alive = false;
    if (reply->stage == STAGE_BODY && reply->body_left < 0)
        reply->stage = STAGE_DONE;
    if (state_of(reply) != REPAY_HTTP_MORE)
        return state_of(reply);
    if (reply->stage == STAGE_FIELD || reply->stage == STAGE_STATUS)
        where = reply->head_size + reply->line.length > 0 ? "inside the reply's head"
                                                          : "before the reply began";
    refuse(reply, REPAY_KIND_CONNECTION_LOST, "the connection ended", where, error);
    return REPAY_HTTP_BAD;
}

bool repay_http_reply_reusable(const struct repay_http_reply *reply)
{
    return reply->stage == STAGE_DONE && reply->keeps_alive;
}
