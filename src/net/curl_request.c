/*
 * Owns the copy of a request that libcurl reads: header lines, target, body. The wire is then what
 * the request says and nothing else: headers that libcurl would add by itself are taken away.
 */
#include "curl_slot.h"

/*
 * libcurl's spelling: a name with a colon and nothing behind it takes one of libcurl's own headers
 * away, a name with a semicolon is a header without value.
 */
static void put_line(struct repay_curl_slot *slot, uint32_t index, struct repay_text name,
                     struct repay_text value, bool take_away)
{
    struct repay_curl_buffer *out = &slot->wire;

    slot->lines[index] = (struct curl_slist){out->data + out->length, NULL};
    if (index > 0)
        slot->lines[index - 1].next = &slot->lines[index];
    repay_curl_buffer_put(out, name);
    if (take_away) {
        repay_curl_buffer_put(out, REPAY_TEXT(":"));
    } else if (value.length == 0) {
        repay_curl_buffer_put(out, REPAY_TEXT(";"));
    } else {
        repay_curl_buffer_put(out, REPAY_TEXT(": "));
        repay_curl_buffer_put(out, value);
    }
    repay_curl_buffer_end(out);
}

static bool request_has(const struct repay_curl_slot *slot, const struct repay_request *request,
                        struct repay_text name)
{
    for (uint32_t i = 0; i < request->header_count; i++) {
        if (repay_text_equal_fold(slot->core->request_text(request, request->headers[i].name),
                                  name))
            return true;
    }
    return false;
}

static size_t wire_size(const struct repay_request *request)
{
    size_t size = 64 + (size_t)request->body.length + request->target.length; /* 64: taken away */

    for (uint32_t i = 0; i < request->header_count; i++)
        size += (size_t)request->headers[i].name.length + request->headers[i].value.length + 3;
    return size;
}

bool repay_curl_slot_put_request(struct repay_curl_slot *slot, const struct repay_request *request,
                                 const char **target, const char **body)
{
    static const struct repay_text own_headers[] = {
        {"Accept", 6}, {"Content-Type", 12}, {"Expect", 6}};
    /* The last two libcurl adds to a POST alone, and every line costs each request a little. */
    size_t own_count = request->method == REPAY_METHOD_POST ? 3 : 1;
    const struct repay_core_api *core = slot->core;
    struct repay_curl_buffer *out = &slot->wire;
    uint32_t lines = 0;

    if (!repay_curl_buffer_reserve(slot->allocator, out, wire_size(request)))
        return false;
    for (uint32_t i = 0; i < request->header_count; i++)
        put_line(slot, lines++, core->request_text(request, request->headers[i].name),
                 core->request_text(request, request->headers[i].value), false);
    for (size_t i = 0; i < own_count; i++) {
        if (!request_has(slot, request, own_headers[i]))
            put_line(slot, lines++, own_headers[i], REPAY_NO_TEXT, true);
    }
    *target = out->data + out->length;
    repay_curl_buffer_put(out, core->request_text(request, request->target));
    repay_curl_buffer_end(out);
    *body = out->data + out->length;
    repay_curl_buffer_put(out, core->request_text(request, request->body));
    return true;
}
