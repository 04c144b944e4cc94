/*
 * Owns the list of sockets whose packets are gathered, and the switch. It neither opens nor closes
 * a socket, and a kernel without the switch, or one that refuses it, loses speed and nothing else.
 */
#include "curl_gather.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

static uint32_t place_of(const struct repay_curl_gather *gather, int socket)
{
    uint32_t place = 0;

    while (place < gather->count && gather->sockets[place] != socket)
        place++;
    return place;
}

static bool is_at(int socket, int local_port)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (getsockname(socket, (struct sockaddr *)&address, &length) != 0)
        return false;
    if (address.ss_family == AF_INET) {
        memcpy(&v4, &address, sizeof(v4));
        return ntohs(v4.sin_port) == local_port;
    }
    if (address.ss_family != AF_INET6)
        return false;
    memcpy(&v6, &address, sizeof(v6));
    return ntohs(v6.sin6_port) == local_port;
}

void repay_curl_gather_add(struct repay_curl_gather *gather, int socket, int local_port)
{
    if (gather->count < REPAY_CURL_GATHER_MAX && place_of(gather, socket) == gather->count &&
        is_at(socket, local_port))
        gather->sockets[gather->count++] = socket;
}

void repay_curl_gather_forget(struct repay_curl_gather *gather, int socket)
{
    uint32_t place = place_of(gather, socket);

    if (place < gather->count)
        gather->sockets[place] = gather->sockets[--gather->count];
}

static void turn(const struct repay_curl_gather *gather, int hold)
{
#ifdef TCP_CORK
    for (uint32_t i = 0; i < gather->count; i++)
        (void)setsockopt(gather->sockets[i], IPPROTO_TCP, TCP_CORK, &hold, sizeof(hold));
#else
    (void)gather;
    (void)hold;
#endif
}

void repay_curl_gather_hold(const struct repay_curl_gather *gather)
{
    turn(gather, 1);
}

void repay_curl_gather_release(const struct repay_curl_gather *gather)
{
    turn(gather, 0);
}
