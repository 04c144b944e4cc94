/*
 * How the engine names what goes wrong on the wire, whether it says "not sent" only where that is
 * proven, and that no stall holds a call beyond its deadline.
 */
#include "curl_slot.h"
#include "engine_setup.h"

#include <dlfcn.h>
#include <netdb.h>

#define STALLED_LOOKUP_MS 1500

/* The promise to callers. */
#define DEADLINE_SLACK_MS 50

static struct tcp_server server;

static atomic_int stalled_lookups; /* under way */

/* Visible, or libcurl would find the C library's in its place. */
__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **found);

/* Every look-up of this process comes here; that of one name hangs, as with a dead name server. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

    if (!symbol)
        return EAI_SYSTEM;
    memcpy(&real, &symbol, sizeof(real));
    if (!node || strcmp(node, "stalled.invalid") != 0)
        return real(node, service, hints, found);
    atomic_fetch_add(&stalled_lookups, 1);
    (void)poll(NULL, 0, STALLED_LOOKUP_MS);
    atomic_fetch_sub(&stalled_lookups, 1);
    return EAI_NONAME;
}

/* One way of answering a request, by its number in the target: "/3" is reply 3. */
struct fault {
    const char *what;
    const char *reply;
    const char *filler; /* repeated after the reply */
    int fillings;
    bool resets;
    int stall_ms; /* after it, before the connection is closed */
    enum repay_kind kind;
    const char *detail; /* part of it */
};

static const struct fault faults[] = {
    {.what = "a plain reply", .reply = SMALL_REPLY, .kind = REPAY_KIND_NONE},
    {.what = "a body that ends with the connection",
     .reply = "HTTP/1.1 200 OK\r\n\r\n{}",
     .kind = REPAY_KIND_NONE},
    {.what = "interim heads before the reply",
     .reply =
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" SMALL_REPLY,
     .kind = REPAY_KIND_NONE},
    {.what = "a chunked body with a trailer",
     .reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
              "1\r\n{\r\n1\r\n}\r\n0\r\nContent-Length: 99\r\n\r\n",
     .kind = REPAY_KIND_NONE},
    {.what = "one length twice",
     .reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
     .kind = REPAY_KIND_NONE},
    {.what = "nothing at all", .reply = "", .kind = REPAY_KIND_CONNECTION_LOST},
    {.what = "a reset", .reply = "", .resets = true, .kind = REPAY_KIND_CONNECTION_LOST},
    {.what = "a cut head",
     .reply = "HTTP/1.1 200 OK\r\nContent-Le",
     .kind = REPAY_KIND_CONNECTION_LOST},
    {.what = "a cut body",
     .reply = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":1",
     .kind = REPAY_KIND_CONNECTION_LOST},
    {.what = "a cut chunk",
     .reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
     .kind = REPAY_KIND_CONNECTION_LOST},
    {.what = "a body reset in the middle",
     .reply = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":1",
     .resets = true,
     .kind = REPAY_KIND_CONNECTION_LOST},
    {.what = "not HTTP", .reply = "SSH-2.0-nothing\r\n", .kind = REPAY_KIND_BAD_RESPONSE},
    {.what = "leaving HTTP",
     .reply = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
     .kind = REPAY_KIND_BAD_RESPONSE,
     .detail = "not proper HTTP"},
    {.what = "two lengths",
     .reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
     .kind = REPAY_KIND_BAD_RESPONSE},
    {.what = "length and chunks",
     .reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
              "2\r\n{}\r\n0\r\n\r\n",
     .kind = REPAY_KIND_BAD_RESPONSE,
     .detail = "not proper HTTP"},
    {.what = "chunks and length",
     .reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n"
              "2\r\n{}\r\n0\r\n\r\n",
     .kind = REPAY_KIND_BAD_RESPONSE},
    {.what = "a compressed transfer coding",
     .reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
     .kind = REPAY_KIND_BAD_RESPONSE},
    {.what = "a signed length",
     .reply = "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
     .kind = REPAY_KIND_BAD_RESPONSE},
    {.what = "a folded line",
     .reply = "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\n{}",
     .kind = REPAY_KIND_BAD_RESPONSE},
    {.what = "a line without colon",
     .reply = "HTTP/1.1 200 OK\r\nnothing\r\nContent-Length: 2\r\n\r\n{}",
     .kind = REPAY_KIND_BAD_RESPONSE},
    {.what = "a blank before the colon",
     .reply = "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}",
     .kind = REPAY_KIND_BAD_RESPONSE},
    {.what = "a head line without end",
     .reply = "HTTP/1.1 200 OK\r\nA: ",
     .filler = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     .fillings = 100000,
     .kind = REPAY_KIND_TOO_LARGE},
    {.what = "a head without end",
     .reply = "HTTP/1.1 200 OK\r\n",
     .filler = "A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
     .fillings = 100000,
     .kind = REPAY_KIND_TOO_LARGE},
    {.what = "101 fields",
     .reply = "HTTP/1.1 200 OK\r\n",
     .filler = "A: b\r\n",
     .fillings = 101,
     .kind = REPAY_KIND_TOO_LARGE},
    {.what = "interim heads without end",
     .reply = "",
     .filler = "HTTP/1.1 102 Processing\r\n\r\n",
     .fillings = 100000,
     .kind = REPAY_KIND_TOO_LARGE},
    {.what = "a body beyond what the call takes",
     .reply = "HTTP/1.1 200 OK\r\n\r\n",
     .filler = "0123456789",
     .fillings = 200000,
     .kind = REPAY_KIND_BAD_RESPONSE,
     .detail = "not read to its end"},
    {.what = "a stall before the reply",
     .reply = "",
     .stall_ms = 20000,
     .kind = REPAY_KIND_TIMEOUT,
     .detail = "no reply in time"},
    {.what = "a stall in the head",
     .reply = "HTTP/1.1 20",
     .stall_ms = 20000,
     .kind = REPAY_KIND_TIMEOUT,
     .detail = "no reply in time"},
    {.what = "a stall in the body",
     .reply = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
     .stall_ms = 20000,
     .kind = REPAY_KIND_TIMEOUT,
     .detail = "did not end in time"},
};

#define FAULTS (sizeof(faults) / sizeof(faults[0]))

static void serve_fault(struct tcp_server *self, int socket, int connection)
{
    const struct fault *fault;
    const char *number;

    (void)connection;
    if (!tcp_read_request(self, socket))
        return;
    pthread_mutex_lock(&self->lock);
    number = strchr(self->last, '/');
    fault = &faults[(size_t)strtoul(number + 1, NULL, 10) % FAULTS];
    pthread_mutex_unlock(&self->lock);
    (void)tcp_write(socket, fault->reply);
    for (int i = 0; i < fault->fillings; i++) {
        if (!tcp_write(socket, fault->filler))
            break;
    }
    tcp_stall(self, fault->stall_ms);
    if (fault->resets)
        tcp_reset(socket);
}

static void run_fault(struct repay_curl_engine *engine, size_t number, bool is_write)
{
    const struct fault *fault = &faults[number];
    struct fake_call fake;
    char target[16];

    (void)snprintf(target, sizeof(target), "/%zu", number);
    if (is_write)
        fake_prepare_write(&fake, server.port, target, "{}");
    else
        fake_prepare(&fake, server.port, target);
    fake.session.policy.first_byte_timeout_ms = fault->stall_ms > 0 ? 150 : 5000;
    fake.session.policy.attempt_timeout_ms = fault->stall_ms > 0 ? 300 : 5000;
    CHECK(run(engine, &fake));
    CHECK_INT(fake.end_count, 1);
    CHECK_INT(last_end(&fake).kind, fault->kind);
    CHECK_INT(last_end(&fake).sent, REPAY_SENT_MAYBE);
    CHECK(!last_end(&fake).connection_was_reused || !is_write);
    if (fault->detail)
        CHECK(strstr(fake.details[0], fault->detail) != NULL);
    if (fault->kind == REPAY_KIND_NONE)
        CHECK_BYTES(body_of(&fake), REPAY_TEXT("{}"));
    else
        CHECK(fake.details[0][0] != '\0');
    fake_close(&fake);
}

static void each_fault_has_its_kind_for_reads_and_writes(void)
{
    int requests = 0;

    CHECK(tcp_start(&server, false, serve_fault));
    for (size_t i = 0; i < FAULTS; i++) {
        /*
         * The server ends each connection after its reply, whatever the reply says of it. An engine
         * that kept the one before might use it just before it hears of that.
         */
        struct repay_curl_engine *engine = make_engine(1);
        CHECK_CASE(faults[i].what);
        run_fault(engine, i, false);
        run_fault(engine, i, true);
        repay_curl_engine_destroy(engine);
        requests += 2;
        /* Whatever happened, each was on the wire once. */
        CHECK_INT(atomic_load(&server.requests), requests);
    }
    CHECK_CASE(NULL);
    tcp_stop(&server);
}

static void nobody_listening_is_not_sent(void)
{
    struct repay_curl_engine *engine = make_engine(1);
    struct fake_call fake;

    fake_prepare_write(&fake, tcp_dead_port(), "/pay", "{}");
    CHECK(run(engine, &fake));
    CHECK_INT(last_end(&fake).kind, REPAY_KIND_CONNECT);
    CHECK_INT(last_end(&fake).sent, REPAY_SENT_NO);
    CHECK_INT(last_end(&fake).connection, REPAY_CONNECTION_UNTOLD);
    fake_close(&fake);
    /* A name that cannot exist: its top level is reserved for that. */
    fake_prepare_write(&fake, 80, "/pay", "{}");
    fake.session.base.host = REPAY_TEXT("repay.invalid");
    CHECK(run(engine, &fake));
    CHECK_INT(last_end(&fake).kind, REPAY_KIND_DNS);
    CHECK_INT(last_end(&fake).sent, REPAY_SENT_NO);
    fake_close(&fake);
    repay_curl_engine_destroy(engine);
}

static void settings_that_cannot_work_are_not_sent(void)
{
    static const char nul[] = {'a', '\0', 'b'};
    struct repay_curl_engine *engine = make_engine(1);
    struct fake_call fake;

    CHECK(tcp_start(&server, false, serve_fault));
    fake_prepare_write(&fake, server.port, "/0", "{}");
    fake.session.ca_file = (struct repay_text){nul, sizeof(nul)};
    CHECK(run(engine, &fake));
    CHECK_INT(last_end(&fake).kind, REPAY_KIND_CONFIG);
    CHECK_INT(last_end(&fake).sent, REPAY_SENT_NO);
    fake_close(&fake);
    fake_prepare_write(&fake, server.port, "/0", "{}");
    fake.session.base.host = REPAY_TEXT("a b");
    CHECK(run(engine, &fake));
    CHECK_INT(last_end(&fake).kind, REPAY_KIND_CONFIG);
    CHECK_INT(last_end(&fake).sent, REPAY_SENT_NO);
    fake_close(&fake);
    fake_prepare_write(&fake, server.port, "/0", "{}");
    fake.session.base.tls = true;
    fake.session.ca_file = REPAY_TEXT("/nonexistent/ca.pem");
    CHECK(run(engine, &fake));
    CHECK_INT(last_end(&fake).kind, REPAY_KIND_TLS);
    CHECK_INT(last_end(&fake).sent, REPAY_SENT_NO);
    fake_close(&fake);
    /* The same slot serves a sound client afterwards. */
    fake_prepare(&fake, server.port, "/0");
    CHECK(run(engine, &fake));
    CHECK_INT(last_end(&fake).kind, REPAY_KIND_NONE);
    fake_close(&fake);
    CHECK_INT(atomic_load(&server.requests), 1);
    repay_curl_engine_destroy(engine);
    tcp_stop(&server);
}

static void serve_silence(struct tcp_server *self, int socket, int connection)
{
    (void)connection;
    (void)socket;
    tcp_stall(self, 20000);
}

static void serve_drip(struct tcp_server *self, int socket, int connection)
{
    (void)connection;
    if (!tcp_read_request(self, socket))
        return;
    (void)tcp_write(socket, "HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 4000 && tcp_write(socket, "x"); i++)
        tcp_stall(self, 5);
}

/* A busy machine may wake us late once or twice; an engine that is late is late every time. */
static void check_deadline(struct repay_curl_engine *engine, struct fake_call *fake,
                           int64_t deadline_ms)
{
    int64_t took_ms = INT64_MAX;

    for (int i = 0; i < 5 && took_ms > deadline_ms + DEADLINE_SLACK_MS; i++) {
        int64_t begun_ms = fake_now_ms();

        fake_again(fake);
        CHECK(run(engine, fake));
        took_ms = fake_now_ms() - begun_ms;
        CHECK_INT(last_end(fake).kind, REPAY_KIND_TIMEOUT);
        CHECK(took_ms >= deadline_ms);
    }
    CHECK(took_ms <= deadline_ms + DEADLINE_SLACK_MS);
    fake_close(fake);
}

static void deadlines_hold_within_50_ms(void)
{
    struct repay_curl_engine *engine = make_engine(1);
    struct repay_error error;
    struct tcp_server drip;
    struct fake_call fake;
    int64_t begun_ms;
    uint32_t slot;

    CHECK(tcp_start(&server, false, serve_silence));
    CHECK(tcp_start(&drip, false, serve_drip));
    CHECK_CASE("a TLS handshake that is never answered");
    fake_prepare_write(&fake, server.port, "/", "{}");
    fake.session.base.tls = true;
    fake.session.policy.connect_timeout_ms = 200;
    check_deadline(engine, &fake, 200);
    CHECK_INT(fake.ends[0].sent, REPAY_SENT_NO);
    CHECK_TEXT(fake.details[0], "no connection in time");
    CHECK_CASE("a name look-up that hangs");
    fake_prepare_write(&fake, 80, "/", "{}");
    fake.session.base.host = REPAY_TEXT("stalled.invalid");
    fake.session.policy.connect_timeout_ms = 200;
    check_deadline(engine, &fake, 200);
    CHECK_INT(fake.ends[0].sent, REPAY_SENT_NO);
    CHECK(atomic_load(&stalled_lookups) >= 1);
    CHECK_CASE("no reply, by the first byte's limit");
    fake_prepare_write(&fake, server.port, "/", "{}");
    fake.session.policy.first_byte_timeout_ms = 200;
    check_deadline(engine, &fake, 200);
    CHECK_INT(fake.ends[0].sent, REPAY_SENT_MAYBE);
    CHECK_CASE("no reply, by the attempt's limit");
    fake_prepare_write(&fake, server.port, "/", "{}");
    fake.session.policy.attempt_timeout_ms = 200;
    check_deadline(engine, &fake, 200);
    CHECK_CASE("no reply, by the call's limit");
    fake_prepare(&fake, server.port, "/");
    fake.session.policy.timeout_ms = 200;
    check_deadline(engine, &fake, 200);
    CHECK_CASE("a reply that drips");
    fake_prepare(&fake, drip.port, "/");
    fake.session.policy.attempt_timeout_ms = 300;
    check_deadline(engine, &fake, 300);
    CHECK_CASE("the end of an engine while a look-up hangs");
    fake_prepare(&fake, 80, "/");
    fake.session.base.host = REPAY_TEXT("stalled.invalid");
    CHECK(repay_curl_engine_add(engine, &fake.call, &slot, &error));
    CHECK(repay_curl_engine_step(engine, 50, &slot) == NULL);
    begun_ms = fake_now_ms();
    repay_curl_engine_destroy(engine);
    CHECK(fake_now_ms() - begun_ms < STALLED_LOOKUP_MS / 2);
    CHECK_INT(last_end(&fake).kind, REPAY_KIND_CANCELLED);
    CHECK_INT(last_end(&fake).sent, REPAY_SENT_NO);
    fake_close(&fake);
    CHECK_CASE(NULL);
    tcp_stop(&drip);
    tcp_stop(&server);
}

static int64_t standing_ms;

static int64_t standing_now(void *context)
{
    (void)context;
    return standing_ms;
}

/* The hook by itself, as the situations that make it refuse are hard to bring about. */
static void the_hook_refuses(void)
{
    struct repay_curl_hooks hooks = {standing_now, standing_now, NULL, NULL};
    char here[] = "127.0.0.1", here_too[] = "::1", mapped[] = "::ffff:127.0.0.1";
    char elsewhere[] = "10.1.2.3", looks_like_here[] = "1270.0.0.1", six[] = "2001:db8::1";
    int64_t nearest_ms = INT64_MAX;
    struct fake_call fake;
    struct repay_curl_slot slot = {.core = &fake_core, .hooks = &hooks, .nearest_ms = &nearest_ms};

    fake_prepare(&fake, 80, "/");
    fake.call.stage = REPAY_CALL_SENDING;
    fake.call.deadline_ms = 1000;
    fake.call.attempt_deadline_ms = 500;
    slot.call = &fake.call;

    CHECK_INT(repay_curl_on_request(&slot, elsewhere, here, 80, 1), CURL_PREREQFUNC_ABORT);
    CHECK_INT(slot.stop, REPAY_CURL_STOP_NOT_LOOPBACK);
    CHECK_INT(repay_curl_on_request(&slot, six, here, 80, 1), CURL_PREREQFUNC_ABORT);
    CHECK_INT(repay_curl_on_request(&slot, looks_like_here, here, 80, 1), CURL_PREREQFUNC_ABORT);
    CHECK_INT(repay_curl_on_request(&slot, NULL, here, 80, 1), CURL_PREREQFUNC_ABORT);
    CHECK(!slot.hook_ran);
    CHECK_INT(repay_curl_slot_judge(&slot, CURLE_ABORTED_BY_CALLBACK).kind, REPAY_KIND_CONFIG);
    CHECK_INT(repay_curl_slot_judge(&slot, CURLE_ABORTED_BY_CALLBACK).sent, REPAY_SENT_NO);

    standing_ms = 500;
    CHECK_INT(repay_curl_on_request(&slot, here, here, 80, 1), CURL_PREREQFUNC_ABORT);
    CHECK_INT(slot.stop, REPAY_CURL_STOP_LATE);
    CHECK_INT(repay_curl_slot_judge(&slot, CURLE_ABORTED_BY_CALLBACK).kind, REPAY_KIND_TIMEOUT);
    CHECK_INT(repay_curl_slot_judge(&slot, CURLE_ABORTED_BY_CALLBACK).sent, REPAY_SENT_NO);

    standing_ms = 499;
    fake.call.cancelled = true;
    CHECK_INT(repay_curl_on_request(&slot, here, here, 80, 1), CURL_PREREQFUNC_ABORT);
    CHECK_INT(slot.stop, REPAY_CURL_STOP_CANCELLED);
    fake.call.cancelled = false;
    fake.session.provider = NULL;
    CHECK_INT(repay_curl_on_request(&slot, here, here, 80, 1), CURL_PREREQFUNC_ABORT);
    CHECK_INT(repay_curl_slot_judge(&slot, CURLE_ABORTED_BY_CALLBACK).kind, REPAY_KIND_CANCELLED);
    fake_prepare(&fake, 80, "/");
    fake.call.stage = REPAY_CALL_SENDING;
    fake.call.deadline_ms = 1000;
    fake.call.attempt_deadline_ms = 500;

    slot.stop = REPAY_CURL_STOP_NONE;
    CHECK_INT(repay_curl_on_request(&slot, here, here, 80, 1), CURL_PREREQFUNC_OK);
    CHECK(slot.hook_ran);
    CHECK_INT(slot.wake_ms, 500);
    CHECK_INT(nearest_ms, 500);
    CHECK_INT(repay_curl_on_request(&slot, here, here, 80, 1), CURL_PREREQFUNC_ABORT);
    CHECK_INT(slot.stop, REPAY_CURL_STOP_SECOND_START);
    CHECK_INT(repay_curl_slot_judge(&slot, CURLE_ABORTED_BY_CALLBACK).kind,
              REPAY_KIND_CONNECTION_LOST);
    CHECK_INT(repay_curl_slot_judge(&slot, CURLE_ABORTED_BY_CALLBACK).sent, REPAY_SENT_MAYBE);
    CHECK(repay_curl_slot_judge(&slot, CURLE_ABORTED_BY_CALLBACK).connection_was_reused);

    slot.hook_ran = false;
    CHECK_INT(repay_curl_on_request(&slot, here_too, here, 80, 1), CURL_PREREQFUNC_OK);
    slot.hook_ran = false;
    CHECK_INT(repay_curl_on_request(&slot, mapped, here, 80, 1), CURL_PREREQFUNC_OK);
    slot.hook_ran = false;
    slot.tls = true;
    CHECK_INT(repay_curl_on_request(&slot, elsewhere, here, 443, 1), CURL_PREREQFUNC_OK);
}

static void trust_has_one_source(void)
{
    struct repay_ca_paths paths = repay_ca_paths_find();

    CHECK(!paths.file || !paths.directory);
    CHECK(!repay_ca_directory_is_hashed("/nonexistent"));
    CHECK(!repay_ca_directory_is_hashed(NULL));
    CHECK(!repay_ca_directory_is_hashed("/"));
    if (paths.directory)
        CHECK(repay_ca_directory_is_hashed(paths.directory));
}

int main(void)
{
    test_allocator_init(&heap);
    the_hook_refuses();
    each_fault_has_its_kind_for_reads_and_writes();
    nobody_listening_is_not_sent();
    settings_that_cannot_work_are_not_sent();
    deadlines_hold_within_50_ms();
    trust_has_one_source();
    test_allocator_end(&heap);
    /* libcurl's threads free what is theirs when the look-ups come back at last. */
    while (atomic_load(&stalled_lookups) > 0)
        (void)poll(NULL, 0, 10);
    (void)poll(NULL, 0, 50);
    return CHECK_REPORT();
}
