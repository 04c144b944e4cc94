/*
 * Owns the copy of a request that libcurl reads: header lines, target, body. The wire is then what
 * the request says and nothing else: headers that libcurl would add by itself are taken away.
 */
#include "curl_slot.h"

static void begin_line(struct repay_curl_slot *slot, uint32_t index)
{
    slot->lines[index] = (struct curl_slist){slot->wire.data + slot->wire.length, NULL};
    if (index > 0)
        slot->lines[index - 1].next = &slot->lines[index];
}

static void put_line(struct repay_curl_slot *slot, uint32_t index, struct repay_text name,
                     struct repay_text value)
{
    struct repay_curl_buffer *out = &slot->wire;

    begin_line(slot, index);
    repay_curl_buffer_put(out, name);
    repay_curl_buffer_put(out, REPAY_TEXT(": "));
    repay_curl_buffer_put(out, value);
    repay_curl_buffer_end(out);
}

/* A name with a colon and nothing behind it takes one of libcurl's own headers away. */
static void put_absence(struct repay_curl_slot *slot, uint32_t index, struct repay_text name)
{
    begin_line(slot, index);
    repay_curl_buffer_put(&slot->wire, name);
    repay_curl_buffer_put(&slot->wire, REPAY_TEXT(":"));
    repay_curl_buffer_end(&slot->wire);
}

/* The number of a header, or -1. */
static int find_header(const struct repay_curl_slot *slot, const struct repay_request *request,
                       struct repay_text name)
{
    for (uint32_t i = 0; i < request->header_count; i++) {
        if (repay_text_equal_fold(slot->core->request_text(request, request->headers[i].name),
                                  name))
            return (int)i;
    }
    return -1;
}

static size_t wire_size(const struct repay_request *request)
{
    size_t size = 64 + (size_t)request->body.length + request->target.length; /* 64: taken away */

    for (uint32_t i = 0; i < request->header_count; i++)
        size += (size_t)request->headers[i].name.length + request->headers[i].value.length + 4;
    return size;
}

/* A line for each header, and those that take libcurl's own away. */
static void put_lines(struct repay_curl_slot *slot, const struct repay_request *request)
{
    static const struct repay_text own_headers[] = {
        {"Accept", 6}, {"Content-Type", 12}, {"Expect", 6}};
    /* The last two libcurl adds to a POST alone, and every line costs each request a little. */
    size_t own_count = request->method == REPAY_METHOD_POST ? 3 : 1;
    const struct repay_core_api *core = slot->core;
    uint32_t lines = 0;

    for (uint32_t i = 0; i < request->header_count; i++)
        put_line(slot, lines++, core->request_text(request, request->headers[i].name),
                 core->request_text(request, request->headers[i].value));
    for (size_t i = 0; i < own_count; i++) {
        if (find_header(slot, request, own_headers[i]) < 0)
            put_absence(slot, lines++, own_headers[i]);
    }
}

/* From one header through another, as the core wrote them: "name: value", CR LF in between. */
static struct repay_text lines_of(const struct repay_curl_slot *slot,
                                  const struct repay_request *request, uint32_t first,
                                  uint32_t last)
{
    const struct repay_request_header *begin = &request->headers[first];
    const struct repay_request_header *end = &request->headers[last];
    size_t past = (size_t)end->value.offset + end->value.length;

    return slot->core->request_text(
        request, (struct repay_span){begin->name.offset, (uint16_t)(past - begin->name.offset)});
}

/*
 * All headers as one line of libcurl's. It prints each line on its own, looks through all of them
 * for a dozen names, and prints a Host of the user's twice: with one line that it does not look
 * into, all that is a twentieth of a call less. The line is known to it as the first header's,
 * Accept, which it therefore does not add; its own Host is taken away because ours is in there.
 */
static void put_one_line(struct repay_curl_slot *slot, const struct repay_request *request,
                         uint32_t accept)
{
    begin_line(slot, 0);
    repay_curl_buffer_put(&slot->wire, lines_of(slot, request, accept, request->header_count - 1));
    if (accept > 0) {
        repay_curl_buffer_put(&slot->wire, REPAY_TEXT("\r\n"));
        repay_curl_buffer_put(&slot->wire, lines_of(slot, request, 0, accept - 1));
    }
    repay_curl_buffer_end(&slot->wire);
    put_absence(slot, 1, REPAY_TEXT("Host"));
}

bool repay_curl_slot_put_request(struct repay_curl_slot *slot, const struct repay_request *request,
                                 const char **target, const char **body)
{
    const struct repay_core_api *core = slot->core;
    struct repay_curl_buffer *out = &slot->wire;
    int accept = find_header(slot, request, REPAY_TEXT("Accept"));
    bool has_host = find_header(slot, request, REPAY_TEXT("Host")) >= 0;

    if (!repay_curl_buffer_reserve(slot->allocator, out, wire_size(request)))
        return false;
    /* A POST has headers that libcurl must see, and is too rare to be worth it. */
    if (request->method == REPAY_METHOD_GET && accept >= 0 && has_host)
        put_one_line(slot, request, (uint32_t)accept);
    else
        put_lines(slot, request);
    *target = out->data + out->length;
    repay_curl_buffer_put(out, core->request_text(request, request->target));
    repay_curl_buffer_end(out);
    *body = out->data + out->length;
    repay_curl_buffer_put(out, core->request_text(request, request->body));
    return true;
}
