/*
 * Base URLs taken apart, and paths and queries put together.
 *
 * Only what we need of RFC 3986: scheme, host, port, a path prefix. User information, query and
 * fragment in a base URL are refused, because they would be credentials or mistakes. http is
 * allowed for loopback only.
 */
#ifndef REPAY_URL_H
#define REPAY_URL_H

#include "bytes.h"
#include "error.h"

#define REPAY_URL_MAX        2048 /* a base URL; longest known one has 53 bytes */
#define REPAY_HOST_MAX       253  /* the longest name that DNS can hold */
#define REPAY_HOST_LABEL_MAX 63

struct repay_url {
    bool tls;
    bool host_is_ipv6; /* written in brackets; `host` is without them */
    struct repay_text host;
    uint16_t port; /* filled in from the scheme when absent */
    bool port_given;
    struct repay_text path; /* "" or "/baas/api", never with a slash at its end */
};

/*
 * Borrows `text`. The host is checked, not resolved; letters are left as they are. A host has one
 * spelling but for those: no dot at its end, no number forms other than four decimal ones, because
 * a second spelling would slip past the check that a host belongs to the environment. No error text
 * quotes the URL: what was put in it by mistake may be a password.
 */
bool repay_url_read(struct repay_text text, struct repay_url *out, struct repay_error *error);
/* localhost, 127.0.0.0/8 written as four numbers, ::1 in any spelling, without brackets. */
bool repay_host_is_loopback(struct repay_text host);
/*
 * Appends one path segment without a slash, percent-encoded but for RFC 3986's unreserved bytes. An
 * empty segment, "." and ".." are refused: encoding does not touch dots, and a server would leave
 * the route. So are control bytes, which no id holds. `field` names the option in the error. A
 * buffer that could not grow may hold a part of the segment; other refusals leave it as it was.
 */
bool repay_url_append_segment(struct repay_bytes *out, struct repay_text segment, const char *field,
                              struct repay_error *error);
/*
 * Appends "?name=value" or "&name=value" with the value percent-encoded; the name is ours and needs
 * none. False when the buffer cannot hold it.
 */
bool repay_url_append_query(struct repay_bytes *out, const char *name, struct repay_text value,
                            bool first);

#endif
