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
    request->open = REPAY_PART_NONE;
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
    request->open = REPAY_PART_TARGET;
    request->target.offset = next_offset(request);
}

void repay_request_end_target(struct repay_request *request)
{
    assert(request->open == REPAY_PART_TARGET);
    request->open = REPAY_PART_NONE;
    request->target = span_from(request, request->target.offset);
    if (request->bytes.failed)
        return;
    struct repay_text target = repay_request_text(request, request->target);
    assert(target.length > 0 && target.data[0] == '/');
    for (size_t i = 0; i < target.length; i++)
        assert(target.data[i] > ' ' && target.data[i] <= '~');
    (void)target;
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

static bool append_span(struct repay_request *request, struct repay_text text,
                        struct repay_span *span)
{
    span->offset = next_offset(request);
    if (!repay_bytes_append_text(&request->bytes, text))
        return false;
    *span = span_from(request, span->offset);
    return true;
}

bool repay_request_add_header(struct repay_request *request, const char *name,
                              struct repay_text value, bool secret, struct repay_error *error)
{
    struct repay_request_header header = {.secret = secret};

    assert(request->open == REPAY_PART_NONE);
    assert(is_header_name(name));
    (void)is_header_name;
    const char *fault = repay_header_value_fault(value);
    if (fault)
        return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT, "the value of the header %s %s",
                               name, fault);
    if (request->header_count == REPAY_HEADERS_MAX)
        return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                               "the request has more than %d headers", REPAY_HEADERS_MAX);
    if (!append_span(request, repay_text_of(name), &header.name) ||
        !append_span(request, value, &header.value))
        return repay_bytes_error(&request->bytes, "the request", error);
    request->headers[request->header_count++] = header;
    return true;
}

void repay_request_begin_body(struct repay_request *request)
{
    assert(request->open == REPAY_PART_NONE);
    request->open = REPAY_PART_BODY;
    request->body.offset = next_offset(request);
}

bool repay_request_end_body(struct repay_request *request, struct repay_error *error)
{
    char digits[20];
    size_t first = sizeof digits;

    assert(request->open == REPAY_PART_BODY);
    request->open = REPAY_PART_NONE;
    if (request->bytes.failed) {
        request->body = (struct repay_span){0};
        return repay_bytes_error(&request->bytes, "the request", error);
    }
    request->body = span_from(request, request->body.offset);
    unsigned left = request->body.length;
    do {
        digits[--first] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    return repay_request_add_header(request, "Content-Type", REPAY_TEXT("application/json"), false,
                                    error) &&
           repay_request_add_header(request, "Content-Length",
                                    (struct repay_text){digits + first, sizeof digits - first},
                                    false, error);
}

bool repay_request_render(const struct repay_request *request, struct repay_bytes *out)
{
    assert(request->open == REPAY_PART_NONE && out != &request->bytes);
    if (request->bytes.failed)
        return false;
    repay_bytes_append_string(out, repay_method_name(request->method));
    repay_bytes_append_byte(out, ' ');
    repay_bytes_append_text(out, repay_request_text(request, request->target));
    repay_bytes_append_string(out, " HTTP/1.1\r\n");
    for (uint32_t i = 0; i < request->header_count; i++) {
        repay_bytes_append_text(out, repay_request_text(request, request->headers[i].name));
        repay_bytes_append_string(out, ": ");
        repay_bytes_append_text(out, repay_request_text(request, request->headers[i].value));
        repay_bytes_append_string(out, "\r\n");
    }
    repay_bytes_append_string(out, "\r\n");
    repay_bytes_append_text(out, repay_request_text(request, request->body));
    return !out->failed;
}
