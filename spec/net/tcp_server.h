/*
 * A TCP server for C tests that misbehaves as told: each connection is given to a function of the
 * test, on a thread of its own, with helpers to read one request and to write, stall and cut.
 *
 * It listens on this machine only, on a port that the system chooses, and ends with the test.
 */
#ifndef REPAY_TEST_TCP_SERVER_H
#define REPAY_TEST_TCP_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TCP_REQUEST_MAX 65536

struct tcp_server {
    int listener;
    uint16_t port;
    pthread_t thread;
    atomic_int connections; /* accepted so far */
    atomic_int requests;    /* read whole so far */
    atomic_int alive;       /* connections whose thread has not ended */
    atomic_bool ends;
    void (*serve)(struct tcp_server *server, int socket, int connection);
    pthread_mutex_t lock; /* guards `last` */
    char last[TCP_REQUEST_MAX + 1];
};

struct tcp_connection {
    struct tcp_server *server;
    int socket;
    int number;
};

/* Waits until there is something to read, the server ends, or the time is over. */
static inline bool tcp_wait(struct tcp_server *server, int socket, int wait_ms)
{
    for (int waited = 0; waited < wait_ms && !atomic_load(&server->ends); waited += 5) {
        struct pollfd ready = {socket, POLLIN, 0};

        if (poll(&ready, 1, 5) > 0)
            return true;
    }
    return false;
}

static inline void tcp_stall(struct tcp_server *server, int stall_ms)
{
    for (int waited = 0; waited < stall_ms && !atomic_load(&server->ends); waited += 5)
        (void)poll(NULL, 0, 5);
}

/* False when the other side is gone. */
static inline bool tcp_write(int socket, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t written = send(socket, text, left, MSG_NOSIGNAL);

        if (written <= 0)
            return false;
        text += written;
        left -= (size_t)written;
    }
    return true;
}

/* A close that the other side sees as a reset. */
static inline void tcp_reset(int socket)
{
    struct linger now = {1, 0};

    (void)setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static inline size_t tcp_body_length(const char *head)
{
    const char *field = strstr(head, "Content-Length: ");

    return field ? (size_t)strtoul(field + 16, NULL, 10) : 0;
}

/* Reads one request with its body into TCP_REQUEST_MAX + 1 bytes. False at the connection's end. */
static inline bool tcp_read_request_into(struct tcp_server *server, int socket, char *text)
{
    size_t length = 0;

    while (length < TCP_REQUEST_MAX && tcp_wait(server, socket, 10000)) {
        ssize_t got = recv(socket, text + length, TCP_REQUEST_MAX - length, 0);
        const char *blank;

        if (got <= 0)
            return false;
        length += (size_t)got;
        text[length] = '\0';
        blank = strstr(text, "\r\n\r\n");
        if (blank && length >= (size_t)(blank - text) + 4 + tcp_body_length(text)) {
            atomic_fetch_add(&server->requests, 1);
            return true;
        }
    }
    return false;
}

/* The same, kept as the server's last one. */
static inline bool tcp_read_request(struct tcp_server *server, int socket)
{
    char *text = calloc(1, TCP_REQUEST_MAX + 1);
    bool whole = false;

    if (text)
        whole = tcp_read_request_into(server, socket, text);
    if (whole) {
        pthread_mutex_lock(&server->lock);
        memcpy(server->last, text, TCP_REQUEST_MAX + 1);
        pthread_mutex_unlock(&server->lock);
    }
    free(text);
    return whole;
}

static inline void *tcp_serve(void *context)
{
    struct tcp_connection *connection = context;
    struct tcp_server *server = connection->server;

    server->serve(server, connection->socket, connection->number);
    close(connection->socket);
    free(connection);
    atomic_fetch_sub(&server->alive, 1);
    return NULL;
}

static inline void *tcp_accept(void *context)
{
    struct tcp_server *server = context;

    while (!atomic_load(&server->ends)) {
        struct pollfd ready = {server->listener, POLLIN, 0};
        struct tcp_connection *connection;
        pthread_t thread;

        if (poll(&ready, 1, 5) <= 0)
            continue;
        connection = calloc(1, sizeof(*connection));
        if (!connection)
            abort();
        connection->server = server;
        connection->socket = accept(server->listener, NULL, NULL);
        /* Else a reply in two writes waits 40 ms for an acknowledgement. */
        (void)setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        connection->number = atomic_fetch_add(&server->connections, 1) + 1;
        atomic_fetch_add(&server->alive, 1);
        if (pthread_create(&thread, NULL, tcp_serve, connection) != 0)
            abort();
        pthread_detach(thread);
    }
    return NULL;
}

static inline bool tcp_listen(struct tcp_server *server, bool ipv6)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr *address = ipv6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t size = ipv6 ? sizeof(six) : sizeof(four);

    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listener < 0 || bind(server->listener, address, size) != 0 ||
        listen(server->listener, 256) != 0 || getsockname(server->listener, address, &size) != 0)
        return false;
    server->port = ntohs(ipv6 ? six.sin6_port : four.sin_port);
    return true;
}

static inline bool tcp_start(struct tcp_server *server, bool ipv6,
                             void (*serve)(struct tcp_server *, int, int))
{
    memset(server, 0, sizeof(*server));
    pthread_mutex_init(&server->lock, NULL);
    server->serve = serve;
    return tcp_listen(server, ipv6) &&
           pthread_create(&server->thread, NULL, tcp_accept, server) == 0;
}

static inline void tcp_stop(struct tcp_server *server)
{
    atomic_store(&server->ends, true);
    (void)pthread_join(server->thread, NULL);
    while (atomic_load(&server->alive) > 0)
        (void)poll(NULL, 0, 1);
    close(server->listener);
    pthread_mutex_destroy(&server->lock);
}

/* A port on which nobody listens. */
static inline uint16_t tcp_dead_port(void)
{
    struct tcp_server server = {0};

    if (!tcp_listen(&server, false))
        abort();
    close(server.listener);
    return server.port;
}

#endif
