/*
 * One request, ready to be moved. See request.h.
 *
 * Owns the order of parts in the buffer and what a header may hold. Refuses values that could end a
 * header line early, and headers past the ceiling; names and targets are our own, so a wrong one is
 * an assertion and not an error.
 */
#include "request.h"

#include <assert.h>

void repay_request_init(struct repay_request *request, const struct repay_allocator *allocator)
{
    memset(request, 0, sizeof *request);
    repay_bytes_init_wiping(&request->bytes, allocator, REPAY_REQUEST_SIZE_MAX);
}

static void forget_parts(struct repay_request *request)
{
    request->open = REPAY_REQUEST_PART_NONE;
    request->method = REPAY_METHOD_GET;
    request->target = (struct repay_span){0};
    request->header_count = 0;
    request->body = (struct repay_span){0};
}

void repay_request_free(struct repay_request *request)
{
    repay_bytes_free(&request->bytes);
    forget_parts(request);
}

void repay_request_clear(struct repay_request *request)
{
    repay_bytes_clear(&request->bytes);
    forget_parts(request);
}

struct repay_text repay_request_text(const struct repay_request *request, struct repay_span span)
{
    if (span.length == 0)
        return REPAY_NO_TEXT;
    return (struct repay_text){request->bytes.data + span.offset, span.length};
}

const char *repay_method_name(enum repay_method method)
{
    return method == REPAY_METHOD_POST ? "POST" : "GET";
}

struct repay_text repay_request_wire(const struct repay_request *request)
{
    assert(request->open == REPAY_REQUEST_PART_NONE && !request->bytes.failed);
    return repay_bytes_text(&request->bytes);
}

/* Every offset and length fits: the buffer's ceiling is REPAY_REQUEST_SIZE_MAX. */
static uint16_t next_offset(const struct repay_request *request)
{
    return (uint16_t)request->bytes.length;
}

static struct repay_span span_from(const struct repay_request *request, uint16_t offset)
{
    return (struct repay_span){offset, (uint16_t)(request->bytes.length - offset)};
}

void repay_request_begin_target(struct repay_request *request, enum repay_method method)
{
    repay_request_clear(request);
    request->method = method;
    (void)repay_bytes_append_string(&request->bytes, repay_method_name(method));
    (void)repay_bytes_append_byte(&request->bytes, ' ');
    request->open = REPAY_REQUEST_PART_TARGET;
    request->target.offset = next_offset(request);
}

void repay_request_end_target(struct repay_request *request)
{
    assert(request->open == REPAY_REQUEST_PART_TARGET);
    request->open = REPAY_REQUEST_PART_NONE;
    request->target = span_from(request, request->target.offset);
    if (request->bytes.failed)
        return;
    assert(request->target.length > 0 && request->bytes.data[request->target.offset] == '/');
    (void)repay_bytes_append_text(&request->bytes, REPAY_TEXT(" HTTP/1.1\r\n"));
}

const char *repay_header_value_fault(struct repay_text value)
{
    if (value.length == 0)
        return "is empty";
    for (size_t i = 0; i < value.length; i++) {
        char byte = value.data[i];
        if ((byte < ' ' || byte > '~') && byte != '\t')
            return "holds a byte that is not visible ASCII, blank or tab";
    }
    char first = value.data[0];
    char last = value.data[value.length - 1];
    if (first == ' ' || first == '\t' || last == ' ' || last == '\t')
        return "begins or ends with a blank";
    return NULL;
}

/* RFC 9110's token. */
static bool is_header_name(const char *name)
{
    size_t length = 0;

    for (; name[length]; length++) {
        char byte = repay_text_lower(name[length]);
        bool is_alphanumeric = (byte >= 'a' && byte <= 'z') || repay_is_digit(byte);
        if (!is_alphanumeric && !strchr("!#$%&'*+-.^_`|~", byte))
            return false;
    }
    return length > 0;
}

static struct repay_span put_span(struct repay_request *request, struct repay_text text)
{
    uint16_t offset = next_offset(request);

    (void)repay_bytes_append_text(&request->bytes, text);
    return span_from(request, offset);
}

/* One line, or nothing of it: there is room for all before the first byte is written. */
static bool put_line(struct repay_request *request, struct repay_text name, struct repay_text value,
                     bool secret)
{
    struct repay_request_header *header = &request->headers[request->header_count];

    if (!repay_bytes_reserve(&request->bytes, name.length + value.length + 4))
        return false;
    header->secret = secret;
    header->name = put_span(request, name);
    (void)repay_bytes_append_text(&request->bytes, REPAY_TEXT(": "));
    header->value = put_span(request, value);
    (void)repay_bytes_append_text(&request->bytes, REPAY_TEXT("\r\n"));
    request->header_count++;
    return true;
}

static bool too_many(struct repay_error *error)
{
    return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                           "the request has more than %d headers", REPAY_HEADERS_MAX);
}

bool repay_request_add_header(struct repay_request *request, const char *name,
                              struct repay_text value, bool secret, struct repay_error *error)
{
    assert(request->open == REPAY_REQUEST_PART_NONE);
    assert(is_header_name(name));
    (void)is_header_name;
    const char *fault = repay_header_value_fault(value);
    if (fault)
        return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT, "the value of the header %s %s",
                               name, fault);
    if (request->header_count == REPAY_HEADERS_MAX)
        return too_many(error);
    return put_line(request, repay_text_of(name), value, secret) ||
           repay_bytes_error(&request->bytes, "the request", error);
}

static struct repay_span moved_span(struct repay_span span, uint16_t by)
{
    return (struct repay_span){(uint16_t)(span.offset + by), span.length};
}

bool repay_request_add_headers(struct repay_request *request, const struct repay_request *common,
                               struct repay_error *error)
{
    uint16_t at = next_offset(request);

    assert(request->open == REPAY_REQUEST_PART_NONE && common->target.length == 0);
    if (common->header_count > REPAY_HEADERS_MAX - request->header_count)
        return too_many(error);
    if (!repay_bytes_append_text(&request->bytes, repay_bytes_text(&common->bytes)))
        return repay_bytes_error(&request->bytes, "the request", error);
    for (uint32_t i = 0; i < common->header_count; i++) {
        const struct repay_request_header *header = &common->headers[i];

        request->headers[request->header_count++] = (struct repay_request_header){
            moved_span(header->name, at), moved_span(header->value, at), header->secret};
    }
    return true;
}

/*
 * The length is not known yet: there is room for the longest, five digits, and the body moves up in
 * the end.
 */
void repay_request_begin_body(struct repay_request *request)
{
    assert(request->open == REPAY_REQUEST_PART_NONE &&
           request->header_count <= REPAY_HEADERS_MAX - 2);
    request->open = REPAY_REQUEST_PART_BODY;
    if (put_line(request, REPAY_TEXT("Content-Type"), REPAY_TEXT("application/json"), false) &&
        put_line(request, REPAY_TEXT("Content-Length"), REPAY_TEXT("00000"), false))
        (void)repay_bytes_append_text(&request->bytes, REPAY_TEXT("\r\n"));
    request->body.offset = next_offset(request);
}

/* Writes the length where room was left for it, and closes the gap before the line's end. */
static void settle_length(struct repay_request *request)
{
    struct repay_span *value = &request->headers[request->header_count - 1].value;
    char *room = request->bytes.data + value->offset;
    size_t rest = request->bytes.length - value->offset - value->length;
    char number[REPAY_DIGITS_MAX];
    struct repay_text digits = repay_text_of_number(request->body.length, number);
    size_t gap = value->length - digits.length;

    memcpy(room, digits.data, digits.length);
    memmove(room + digits.length, room + value->length, rest);
    value->length = (uint16_t)digits.length;
    request->body.offset = (uint16_t)(request->body.offset - gap);
    request->bytes.length -= gap;
}

bool repay_request_end_body(struct repay_request *request, struct repay_error *error)
{
    assert(request->open == REPAY_REQUEST_PART_BODY);
    request->open = REPAY_REQUEST_PART_NONE;
    if (request->bytes.failed) {
        request->body = (struct repay_span){0};
        return repay_bytes_error(&request->bytes, "the request", error);
    }
    request->body = span_from(request, request->body.offset);
    settle_length(request);
    return true;
}

bool repay_request_end(struct repay_request *request, struct repay_error *error)
{
    assert(request->open == REPAY_REQUEST_PART_NONE);
    if (request->body.offset == 0)
        (void)repay_bytes_append_text(&request->bytes, REPAY_TEXT("\r\n"));
    return !request->bytes.failed || repay_bytes_error(&request->bytes, "the request", error);
}
