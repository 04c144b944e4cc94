/*
 * Connections on which many requests leave at once: what is sent in one go shall leave in few
 * packets.
 *
 * libcurl hands every request of an HTTP/2 connection to the kernel on its own, and every one was a
 * packet, a wake-up of the server and a reply of its own: a third of a call's time. Between hold
 * and release the kernel only gathers, and nothing is kept back beyond a release.
 */
#ifndef REPAY_CURL_GATHER_H
#define REPAY_CURL_GATHER_H

#include <stdint.h>

/* HTTP/2 has one connection a host, and no user has accounts with so many providers. */
#define REPAY_CURL_GATHER_MAX 32

struct repay_curl_gather {
    int sockets[REPAY_CURL_GATHER_MAX];
    uint32_t count;
};

/*
 * A socket that is not at this port of ours is another one by now and not taken. Where one is not,
 * or beyond the maximum, a connection is left as it is, which is slower and nothing else.
 */
void repay_curl_gather_add(struct repay_curl_gather *gather, int socket, int local_port);
/* Before the socket is closed: its number may be somebody else's afterwards. */
void repay_curl_gather_forget(struct repay_curl_gather *gather, int socket);
void repay_curl_gather_hold(const struct repay_curl_gather *gather);
void repay_curl_gather_release(const struct repay_curl_gather *gather);

#endif
