/*
 * One request, in the form in which HTTP/1.1 wants it: request line, headers, blank line, body.
 *
 * Everything lies in one wiping buffer, because header values hold credentials; members are
 * offsets into it, so the buffer may grow while the request is built. It is written as it leaves,
 * so that who moves bytes has nothing to put together. Values with CR, LF, NUL or bytes that no
 * header may hold are refused here, before anything is built from them.
 */
#ifndef REPAY_REQUEST_H
#define REPAY_REQUEST_H

#include "bytes.h"
#include "error.h"

#define REPAY_HEADERS_MAX      12         /* the most that a documented call wants is 10 */
#define REPAY_REQUEST_SIZE_MAX UINT16_MAX /* a repayment's body has under 1 KiB */

enum repay_method { REPAY_METHOD_GET, REPAY_METHOD_POST };

/* Narrow, because every call under way has dozens of them. */
struct repay_span {
    uint16_t offset;
    uint16_t length;
};

struct repay_request_header {
    struct repay_span name;
    struct repay_span value;
    bool secret; /* shown as *** by every preview */
};

enum repay_request_part {
    REPAY_REQUEST_PART_NONE,
    REPAY_REQUEST_PART_TARGET,
    REPAY_REQUEST_PART_BODY
};

struct repay_request {
    struct repay_bytes bytes;
    enum repay_request_part open; /* what is being written straight into `bytes` */
    enum repay_method method;
    struct repay_span target; /* path and query, as in the request line */
    struct repay_request_header headers[REPAY_HEADERS_MAX];
    uint32_t header_count;
    struct repay_span body; /* length 0: no body */
};

void repay_request_init(struct repay_request *request, const struct repay_allocator *allocator);
/* Wipes and frees. Safe twice. */
void repay_request_free(struct repay_request *request);
/* Wipes and forgets; the memory is kept for the next request. */
void repay_request_clear(struct repay_request *request);

/*
 * The target is written between begin and end, straight into request->bytes; begin clears the whole
 * request. A target that did not fit shows at the next header.
 */
void repay_request_begin_target(struct repay_request *request, enum repay_method method);
void repay_request_end_target(struct repay_request *request);
/*
 * What is wrong with a header value, as a fixed text, or NULL: it must be visible ASCII with blanks
 * and tabs inside, not empty, no blank at either end (a server cuts those, and then has another
 * value).
 */
const char *repay_header_value_fault(struct repay_text value);
/* The name is ours; the value is copied. The error names the header, never its value. */
bool repay_request_add_header(struct repay_request *request, const char *name,
                              struct repay_text value, bool secret, struct repay_error *error);
/*
 * Adds the headers of a request that has nothing else. What all requests of a client have in common
 * is so checked and written once.
 */
bool repay_request_add_headers(struct repay_request *request, const struct repay_request *common,
                               struct repay_error *error);
/*
 * The body is written between begin and end, straight into request->bytes; no header is added after
 * begin, which adds Content-Type and Content-Length. The end is where a text that was not UTF-8 or
 * did not fit becomes an error.
 */
void repay_request_begin_body(struct repay_request *request);
bool repay_request_end_body(struct repay_request *request, struct repay_error *error);
/* All is there. Only now are the bytes what leaves. */
bool repay_request_end(struct repay_request *request, struct repay_error *error);

struct repay_text repay_request_text(const struct repay_request *request, struct repay_span span);
/* The bytes of HTTP/1.1, after the end. They hold credentials. */
struct repay_text repay_request_wire(const struct repay_request *request);
const char *repay_method_name(enum repay_method method);

#endif
