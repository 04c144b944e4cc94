/*
 * A server that does as little as a server can, so that what is measured is the client.
 *
 *     serve FIRST OTHERS
 *
 * Answers the first request with the file FIRST and every later one with the file OTHERS, one
 * connection after the other, each closed after its answer. Prints its port and its process id, and
 * ends by itself when nobody has asked for a while.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define IDLE_MS  120000 /* longer than a peer that shares the machine takes for its million rows */
#define HEAD_MAX 32768

static int listen_here(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (server < 0 || bind(server, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server, 16) != 0 || getsockname(server, (struct sockaddr *)&address, &length) != 0)
        return -1;
    *port = ntohs(address.sin_port);
    return server;
}

static bool read_head(int client)
{
    char head[HEAD_MAX + 1];
    size_t used = 0;

    while (used < HEAD_MAX) {
        ssize_t count = read(client, head + used, HEAD_MAX - used);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        used += (size_t)count;
        head[used] = '\0';
        if (strstr(head, "\r\n\r\n"))
            return true;
    }
    return false;
}

static bool write_all(int client, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t count = write(client, data, length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        data += count;
        length -= (size_t)count;
    }
    return true;
}

static bool write_file(int client, const char *path)
{
    struct stat facts;
    char head[256];
    off_t offset = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0)
        return false;
    bool good = fstat(file, &facts) == 0;
    if (good) {
        int length = snprintf(head, sizeof head,
                              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                              "Content-Length: %lld\r\nConnection: close\r\n\r\n",
                              (long long)facts.st_size);
        good = length > 0 && write_all(client, head, (size_t)length);
    }
    while (good && offset < facts.st_size) {
        ssize_t count = sendfile(client, file, &offset, (size_t)(facts.st_size - offset));
        good = count > 0 || (count < 0 && errno == EINTR);
    }
    (void)close(file);
    return good;
}

int main(int argc, char **argv)
{
    uint16_t port = 0;
    int server = argc == 3 ? listen_here(&port) : -1;
    bool first = true;

    if (server < 0) {
        fprintf(stderr, "serve FIRST OTHERS\n");
        return 1;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    printf("%u %ld\n", (unsigned)port, (long)getpid());
    (void)fflush(stdout);
    for (;;) {
        struct pollfd waiting = {.fd = server, .events = POLLIN};
        if (poll(&waiting, 1, IDLE_MS) <= 0)
            return 0;
        int client = accept4(server, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0)
            continue;
        if (read_head(client)) {
            (void)write_file(client, first ? argv[1] : argv[2]);
            first = false;
        }
        (void)close(client);
    }
}
