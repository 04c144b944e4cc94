/*
 * What is held back on a connection that is gathered on, and what is not: two ends of one TCP
 * connection on this machine, and no libcurl.
 */
#include "check.h"
#include "curl_gather.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

struct ends {
    int near, far;
    int port; /* of the near end */
};

static int port_of(int socket)
{
    struct sockaddr_in address;
    socklen_t length = sizeof(address);

    if (getsockname(socket, (struct sockaddr *)&address, &length) != 0)
        return 0;
    return ntohs(address.sin_port);
}

static bool join(struct ends *out)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    *out = (struct ends){-1, -1, 0};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (const struct sockaddr *)&address, length) != 0 ||
        listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        return false;
    out->near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (out->near < 0 ||
        connect(out->near, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return false;
    out->far = accept(listener, NULL, NULL);
    (void)close(listener);
    out->port = port_of(out->near);
    /* As libcurl has it; else the kernel would gather by itself. */
    return out->far >= 0 && setsockopt(out->near, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
}

static void part(const struct ends *ends)
{
    (void)close(ends->near);
    (void)close(ends->far);
}

static void say(const struct ends *ends, const char *word)
{
    CHECK_INT(send(ends->near, word, strlen(word), MSG_NOSIGNAL), (ssize_t)strlen(word));
}

/* What has arrived, after at most so long. */
static const char *heard(const struct ends *ends, int wait_ms)
{
    static char bytes[64];
    struct pollfd waiting = {.fd = ends->far, .events = POLLIN};
    ssize_t count = poll(&waiting, 1, wait_ms) > 0 ? recv(ends->far, bytes, 63, 0) : 0;

    bytes[count > 0 ? count : 0] = '\0';
    return bytes;
}

static void what_is_sent_between_arrives_as_one(void)
{
    struct repay_curl_gather gather = {.count = 0};
    struct ends ends;

    CHECK(join(&ends));
    repay_curl_gather_add(&gather, ends.near, ends.port);
    CHECK_INT(gather.count, 1);
    for (int i = 0; i < 3; i++) {
        repay_curl_gather_hold(&gather);
        say(&ends, "one ");
        say(&ends, "two ");
        CHECK_TEXT(heard(&ends, 0), "");
        say(&ends, "three");
        repay_curl_gather_release(&gather);
        CHECK_TEXT(heard(&ends, 2000), "one two three");
    }
    say(&ends, "alone");
    CHECK_TEXT(heard(&ends, 2000), "alone");
    part(&ends);
}

static void a_forgotten_connection_is_left_alone(void)
{
    struct repay_curl_gather gather = {.count = 0};
    struct ends first, second;

    CHECK(join(&first) && join(&second));
    repay_curl_gather_add(&gather, first.near, first.port);
    repay_curl_gather_add(&gather, second.near, second.port);
    repay_curl_gather_add(&gather, second.near, second.port);
    CHECK_INT(gather.count, 2);
    repay_curl_gather_forget(&gather, first.near);
    repay_curl_gather_forget(&gather, first.near);
    CHECK_INT(gather.count, 1);
    repay_curl_gather_hold(&gather);
    say(&first, "free");
    say(&second, "held");
    CHECK_TEXT(heard(&first, 2000), "free");
    CHECK_TEXT(heard(&second, 0), "");
    repay_curl_gather_release(&gather);
    CHECK_TEXT(heard(&second, 2000), "held");
    part(&first);
    part(&second);
}

static void a_number_that_is_somebody_elses_is_not_taken(void)
{
    struct repay_curl_gather gather = {.count = 0};
    struct ends ends;
    int pipes[2];

    CHECK(join(&ends) && pipe(pipes) == 0);
    repay_curl_gather_add(&gather, ends.near, ends.port == 1 ? 2 : ends.port - 1);
    repay_curl_gather_add(&gather, pipes[0], ends.port);
    repay_curl_gather_add(&gather, -1, 0);
    CHECK_INT(gather.count, 0);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    part(&ends);
}

static void so_many_are_gathered_on_and_no_more(void)
{
    struct repay_curl_gather gather = {.count = 0};
    struct ends ends[REPAY_CURL_GATHER_MAX + 1];

    for (unsigned i = 0; i <= REPAY_CURL_GATHER_MAX; i++) {
        CHECK(join(&ends[i]));
        repay_curl_gather_add(&gather, ends[i].near, ends[i].port);
    }
    CHECK_INT(gather.count, REPAY_CURL_GATHER_MAX);
    for (unsigned i = 0; i <= REPAY_CURL_GATHER_MAX; i++) {
        repay_curl_gather_forget(&gather, ends[i].near);
        part(&ends[i]);
    }
    CHECK_INT(gather.count, 0);
}

int main(void)
{
    what_is_sent_between_arrives_as_one();
    a_forgotten_connection_is_left_alone();
    a_number_that_is_somebody_elses_is_not_taken();
    so_many_are_gathered_on_and_no_more();
    return CHECK_REPORT();
}
