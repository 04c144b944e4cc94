/*
 * One request, ready to be moved by whoever moves bytes: method, target, headers, body.
 *
 * Everything lies in one wiping buffer, because header values hold credentials; members are
 * offsets into it, so the buffer may grow while the request is built. Values with CR, LF, NUL or
 * bytes that no header may hold are refused here, before anything is built from them.
 */
#ifndef REPAY_REQUEST_H
#define REPAY_REQUEST_H

#include "bytes.h"
#include "error.h"

#define REPAY_HEADERS_MAX      16
#define REPAY_REQUEST_SIZE_MAX (64u << 10) /* a repayment's body has under 1 KiB */

enum repay_method { REPAY_METHOD_GET, REPAY_METHOD_POST };

struct repay_span {
    uint32_t offset;
    uint32_t length;
};

struct repay_request_header {
    struct repay_span name;
    struct repay_span value;
    bool secret; /* shown as *** by every preview */
};

struct repay_request {
    struct repay_bytes bytes;
    enum repay_method method;
    struct repay_span target; /* path and query, as in the request line */
    struct repay_request_header headers[REPAY_HEADERS_MAX];
    uint32_t header_count;
    struct repay_span body; /* length 0: no body */
};

void repay_request_init(struct repay_request *request, const struct repay_allocator *allocator);
void repay_request_free(struct repay_request *request);
void repay_request_clear(struct repay_request *request);

/* The target is written between begin and end, straight into request->bytes. */
void repay_request_begin_target(struct repay_request *request, enum repay_method method);
void repay_request_end_target(struct repay_request *request);
bool repay_request_add_header(struct repay_request *request, const char *name,
                              struct repay_text value, bool secret, struct repay_error *error);
/* The body likewise. Adds Content-Type and Content-Length. */
void repay_request_begin_body(struct repay_request *request);
bool repay_request_end_body(struct repay_request *request, struct repay_error *error);

struct repay_text repay_request_text(const struct repay_request *request, struct repay_span span);
const char *repay_method_name(enum repay_method method);
/* Appends the bytes of HTTP/1.1: request line, headers, blank line, body. */
bool repay_request_render(const struct repay_request *request, struct repay_bytes *out);

#endif
