/*
 * The bytes of an HTTP/1.1 reply, as they arrive: head, then body, with hard limits.
 *
 * Parses and refuses; never buffers a body. Limits and refusals: head at most 32 KiB and 100
 * fields, skipped 1xx heads and trailers counted in; length and chunked together, differing
 * lengths, folded lines, transfer codings other than chunked, 101, signs or blanks in sizes are all
 * bad; 1xx is skipped; 204, 304 have no body; a body that ends with the connection is allowed and
 * makes the connection not reusable; trailers are read and dropped; bytes after the end make the
 * connection not reusable. HTTP/1.0 is read, but its connections are not reused. A head's line may
 * end in LF alone, as RFC 9112 allows a reader; the lines of the chunked coding may not.
 *
 * What is found depends on the bytes alone and not on how they were cut into pieces.
 */
#ifndef REPAY_HTTP_REPLY_H
#define REPAY_HTTP_REPLY_H

#include <stdint.h>

#include "bytes.h"
#include "error.h"

#define REPAY_HTTP_HEAD_MAX       (32u << 10) /* an endless line cost another reader 948 MB */
#define REPAY_HTTP_FIELDS_MAX     100
#define REPAY_HTTP_CHUNK_LINE_MAX 1024 /* a size has 16 digits; the rest is room for extensions */

/*
 * What the parser hands out: the status, then each field with blanks cut from its value, then the
 * body in pieces of no certain size and never empty. Nothing of a 1xx reply, no trailer. What was
 * handed out counts only when the end is DONE. Each may refuse (false): the parser then stops for
 * good.
 */
struct repay_http_sink {
    bool (*head)(void *context, int status);
    bool (*field)(void *context, struct repay_text name, struct repay_text value);
    bool (*body)(void *context, const char *data, size_t length);
    void *context;
};

enum repay_http_state {
    REPAY_HTTP_MORE,   /* feed on */
    REPAY_HTTP_DONE,   /* the reply is whole */
    REPAY_HTTP_BAD,    /* not HTTP, or over a limit: `error` says so */
    REPAY_HTTP_STOPPED /* the sink refused */
};

/* The statuses that say a request was done. */
static inline bool repay_is_2xx(int http_status)
{
    return http_status >= 200 && http_status <= 299;
}

struct repay_http_reply {
    const struct repay_http_sink *sink;
    struct repay_bytes line; /* the line that has not ended yet */
    int stage;               /* private to http_reply.c */
    int status;              /* 0 until a status line was read; 1xx while one is being skipped */
    int64_t body_left;       /* of the length or of the chunk; -1 until the connection ends */
    int64_t length;          /* Content-Length, -1 for none */
    size_t head_size;        /* bytes of whole lines, of every head and of the trailers */
    uint32_t fields;
    bool chunked;
    bool keeps_alive;
};

void repay_http_reply_init(struct repay_http_reply *reply, const struct repay_allocator *allocator,
                           const struct repay_http_sink *sink);
void repay_http_reply_free(struct repay_http_reply *reply);
/* Nothing has come yet; the memory is kept. */
void repay_http_reply_reset(struct repay_http_reply *reply);
/*
 * Takes bytes as they come, in pieces of any size. BAD sets a kind of bad_response, too_large or
 * memory. After BAD or STOPPED the same comes again and `error` is left alone.
 */
enum repay_http_state repay_http_reply_feed(struct repay_http_reply *reply, const char *data,
                                            size_t length, struct repay_error *error);
/*
 * The connection ended. DONE if the reply is allowed to end so, else BAD with a kind of
 * connection_lost: what came was right as far as it went.
 */
enum repay_http_state repay_http_reply_end(struct repay_http_reply *reply,
                                           struct repay_error *error);
/* Whether the reply is whole and another request may use the connection. */
bool repay_http_reply_reusable(const struct repay_http_reply *reply);

#endif
