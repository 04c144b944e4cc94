/*
 * The engine alone, against a real socket and a core that does what it is told: what leaves, which
 * connections are used again, many calls at once, waits, cancelling, closing, forking.
 */
#include "engine_setup.h"

#include <sys/wait.h>

static void serve_small(struct tcp_server *server, int socket, int connection)
{
    (void)connection;
    while (tcp_read_request(server, socket))
        (void)tcp_write(socket, SMALL_REPLY);
}

static void requests_leave_byte_for_byte(void)
{
    static const char read_golden[] = "GET /v1/loans/A%2Fb%c3%A9/./x/..?q=1%20%3D HTTP/1.1\r\n"
                                      "Accept: application/json\r\nAccept-Encoding: identity\r\n"
                                      "Host: provider.test\r\nx-key: canary-1\r\n\r\n";
    static const char write_golden[] =
        "POST /pay/1 HTTP/1.1\r\n"
        "Host: provider.test\r\nx-key: canary-1\r\n"
        "Accept: application/json\r\nAccept-Encoding: identity\r\n"
        "Content-Type: application/json\r\nContent-Length: 17\r\n\r\n"
        "{\"amount\":500.05}";
    struct tcp_server server;
    struct repay_curl_engine *engine = make_engine(1);
    struct fake_call fake;

    CHECK(tcp_start(&server, false, serve_small));
    fake_prepare(&fake, server.port, "/v1/loans/A%2Fb%c3%A9/./x/..?q=1%20%3D");
    CHECK(run(engine, &fake));
    CHECK_TEXT(server.last, read_golden);
    CHECK_INT(last_end(&fake).kind, REPAY_KIND_NONE);
    CHECK_INT(last_end(&fake).sent, REPAY_SENT_MAYBE);
    CHECK_INT(fake.status, 200);
    CHECK_BYTES(fields_of(&fake), REPAY_TEXT("Content-Type=application/json;Content-Length=2;"));
    CHECK_BYTES(body_of(&fake), REPAY_TEXT("{}"));
    fake_close(&fake);

    fake_prepare_write(&fake, server.port, "/pay/1", "{\"amount\":500.05}");
    CHECK(run(engine, &fake));
    CHECK_TEXT(server.last, write_golden);
    fake_close(&fake);

    /* Where the core says nothing, libcurl adds nothing of its own. */
    fake_prepare_write(&fake, server.port, "/", "");
    fake.call.request.header_count = 0;
    fake_header(&fake, "Host", "a.test");
    fake_header(&fake, "Content-Length", "0");
    CHECK(run(engine, &fake));
    CHECK_TEXT(server.last, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n");
    fake_close(&fake);

    fake_prepare(&fake, server.port, "/");
    fake.call.request.header_count = 0;
    fake_header(&fake, "Host", "a.test");
    fake_header(&fake, "x-key", "Host: b.test");
    CHECK(run(engine, &fake));
    CHECK_TEXT(server.last, "GET / HTTP/1.1\r\nHost: a.test\r\nx-key: Host: b.test\r\n\r\n");
    fake_close(&fake);
    repay_curl_engine_destroy(engine);
    tcp_stop(&server);
}

static void reads_share_a_connection_and_writes_never_do(void)
{
    struct tcp_server server;
    struct repay_curl_engine *engine = make_engine(1);
    struct fake_call fake;

    CHECK(tcp_start(&server, false, serve_small));
    for (int i = 0; i < 3; i++) {
        fake_prepare(&fake, server.port, "/read");
        CHECK(run(engine, &fake));
        CHECK_INT(last_end(&fake).kind, REPAY_KIND_NONE);
        CHECK_INT(last_end(&fake).connection,
                  i == 0 ? REPAY_CONNECTION_OPENED : REPAY_CONNECTION_REUSED);
        fake_close(&fake);
    }
    CHECK_INT(atomic_load(&server.connections), 1);
    for (int i = 0; i < 2; i++) {
        fake_prepare_write(&fake, server.port, "/write", "{}");
        CHECK(run(engine, &fake));
        CHECK_INT(last_end(&fake).kind, REPAY_KIND_NONE);
        fake_close(&fake);
        CHECK_INT(atomic_load(&server.connections), 2 + i);
    }
    /* The reads' connection is still there; a write's own was closed behind it. */
    fake_prepare(&fake, server.port, "/read");
    CHECK(run(engine, &fake));
    fake_close(&fake);
    CHECK_INT(atomic_load(&server.connections), 3);
    CHECK_INT(atomic_load(&server.requests), 6);
    repay_curl_engine_destroy(engine);
    tcp_stop(&server);
}

static void a_writes_connection_is_not_kept(void)
{
    struct tcp_server server;
    struct repay_curl_engine *engine = make_engine(1);
    struct fake_call fake;

    CHECK(tcp_start(&server, false, serve_small));
    fake_prepare_write(&fake, server.port, "/write", "{}");
    CHECK(run(engine, &fake));
    fake_close(&fake);
    fake_prepare(&fake, server.port, "/read");
    CHECK(run(engine, &fake));
    fake_close(&fake);
    CHECK_INT(atomic_load(&server.connections), 2);
    repay_curl_engine_destroy(engine);
    tcp_stop(&server);
}

/* Answers the first request of each connection and dies after having read the second. */
static void serve_once(struct tcp_server *server, int socket, int connection)
{
    (void)connection;
    if (!tcp_read_request(server, socket))
        return;
    (void)tcp_write(socket, SMALL_REPLY);
    (void)tcp_read_request(server, socket);
}

static void a_read_whose_kept_connection_died_is_reported_and_not_repeated(void)
{
    struct tcp_server server;
    struct repay_curl_engine *engine = make_engine(1);
    struct fake_call fake;

    CHECK(tcp_start(&server, false, serve_once));
    fake_prepare(&fake, server.port, "/first");
    CHECK(run(engine, &fake));
    fake_close(&fake);
    fake_prepare(&fake, server.port, "/second");
    CHECK(run(engine, &fake));
    CHECK_INT(last_end(&fake).kind, REPAY_KIND_CONNECTION_LOST);
    CHECK_INT(last_end(&fake).sent, REPAY_SENT_MAYBE);
    CHECK(last_end(&fake).connection_was_reused);
    CHECK_INT(last_end(&fake).connection, REPAY_CONNECTION_REUSED);
    fake_close(&fake);
    CHECK_INT(atomic_load(&server.requests), 2);

    /* A core that forgives it once gets its answer over a new connection. */
    fake_prepare(&fake, server.port, "/first");
    CHECK(run(engine, &fake));
    fake_close(&fake);
    fake_prepare(&fake, server.port, "/second");
    fake.forgives_reused = true;
    CHECK(run(engine, &fake));
    CHECK_INT(fake.end_count, 2);
    CHECK_INT(fake.ends[0].kind, REPAY_KIND_CONNECTION_LOST);
    CHECK_INT(fake.ends[1].kind, REPAY_KIND_NONE);
    fake_close(&fake);
    CHECK_INT(atomic_load(&server.requests), 5);
    repay_curl_engine_destroy(engine);
    tcp_stop(&server);
}

/* Reads are answered; a write is read whole and the connection dies. */
static void serve_no_write(struct tcp_server *server, int socket, int connection)
{
    (void)connection;
    while (tcp_read_request(server, socket)) {
        bool is_write;

        pthread_mutex_lock(&server->lock);
        is_write = strncmp(server->last, "POST", 4) == 0;
        pthread_mutex_unlock(&server->lock);
        if (is_write)
            return;
        (void)tcp_write(socket, SMALL_REPLY);
    }
}

static void a_write_is_on_the_wire_once_whatever_the_connection_does(void)
{
    struct tcp_server server;
    struct repay_curl_engine *engine = make_engine(1);
    struct fake_call fake;

    CHECK(tcp_start(&server, false, serve_no_write));
    fake_prepare(&fake, server.port, "/read");
    CHECK(run(engine, &fake));
    fake_close(&fake);
    fake_prepare_write(&fake, server.port, "/pay", "{\"amount\":1}");
    CHECK(run(engine, &fake));
    CHECK_INT(last_end(&fake).kind, REPAY_KIND_CONNECTION_LOST);
    CHECK_INT(last_end(&fake).sent, REPAY_SENT_MAYBE);
    CHECK(!last_end(&fake).connection_was_reused);
    fake_close(&fake);
    CHECK_INT(atomic_load(&server.requests), 2);
    repay_curl_engine_destroy(engine);
    tcp_stop(&server);
}

static void one_slot_serves_different_hosts_in_turn(void)
{
    struct tcp_server one, two, six;
    struct repay_curl_engine *engine = make_engine(1);
    struct fake_call fake;
    bool has_ipv6;

    CHECK(tcp_start(&one, false, serve_small));
    CHECK(tcp_start(&two, false, serve_small));
    has_ipv6 = tcp_start(&six, true, serve_small);
    for (int i = 0; i < 3; i++) {
        fake_prepare(&fake, one.port, "/");
        CHECK(run(engine, &fake));
        fake_close(&fake);
        fake_prepare(&fake, two.port, "/");
        CHECK(run(engine, &fake));
        fake_close(&fake);
        /* A name that no resolver knows, and a place to connect to. */
        fake_prepare(&fake, 80, "/");
        fake.session.base.host = REPAY_TEXT("provider.test");
        fake.session.connect_host = REPAY_TEXT("127.0.0.1");
        fake.session.connect_port = two.port;
        CHECK(run(engine, &fake));
        CHECK_INT(last_end(&fake).kind, REPAY_KIND_NONE);
        fake_close(&fake);
        if (!has_ipv6)
            continue;
        fake_prepare(&fake, six.port, "/");
        fake.session.base.host = REPAY_TEXT("::1");
        fake.session.base.host_is_ipv6 = true;
        CHECK(run(engine, &fake));
        CHECK_INT(last_end(&fake).kind, REPAY_KIND_NONE);
        fake_close(&fake);
        fake_prepare(&fake, 80, "/");
        fake.session.base.host = REPAY_TEXT("localhost");
        fake.session.connect_host = REPAY_TEXT("::1");
        fake.session.connect_port = six.port;
        CHECK(run(engine, &fake));
        CHECK_INT(last_end(&fake).kind, REPAY_KIND_NONE);
        fake_close(&fake);
    }
    CHECK_INT(atomic_load(&one.requests), 3);
    CHECK_INT(atomic_load(&two.requests), 6);
    if (has_ipv6) {
        CHECK_INT(atomic_load(&six.requests), 6);
        tcp_stop(&six);
    }
    repay_curl_engine_destroy(engine);
    tcp_stop(&two);
    tcp_stop(&one);
}

static void the_environment_names_no_proxy(void)
{
    struct tcp_server server;
    struct repay_curl_engine *engine;
    struct fake_call fake;
    char proxy[64];

    (void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", tcp_dead_port());
    CHECK_INT(setenv("http_proxy", proxy, 1), 0);
    CHECK_INT(setenv("all_proxy", proxy, 1), 0);
    CHECK(tcp_start(&server, false, serve_small));
    engine = make_engine(1);
    fake_prepare(&fake, server.port, "/");
    CHECK(run(engine, &fake));
    CHECK_INT(last_end(&fake).kind, REPAY_KIND_NONE);
    fake_close(&fake);
    /* One that is asked for is used, also where no_proxy would except the host. */
    CHECK_INT(setenv("no_proxy", "*", 1), 0);
    fake_prepare(&fake, server.port, "/");
    fake.session.proxy = repay_text_of(proxy);
    CHECK(run(engine, &fake));
    CHECK_INT(last_end(&fake).kind, REPAY_KIND_CONNECT);
    CHECK_INT(last_end(&fake).sent, REPAY_SENT_NO);
    fake_close(&fake);
    CHECK_INT(unsetenv("http_proxy") + unsetenv("all_proxy") + unsetenv("no_proxy"), 0);
    repay_curl_engine_destroy(engine);
    tcp_stop(&server);
}

#define MANY       600
#define MANY_SLOTS 32

static void many_calls_share_few_slots(void)
{
    struct tcp_server server;
    struct repay_curl_engine *engine = make_engine(MANY_SLOTS);
    struct fake_call *fakes = calloc(MANY, sizeof(*fakes));
    struct repay_error error;
    const struct repay_call *by_slot[MANY_SLOTS] = {NULL};
    int started = 0, ended = 0, good = 0;

    CHECK(fakes != NULL);
    CHECK(tcp_start(&server, false, serve_small));
    while (fakes && ended < MANY) {
        const struct repay_call *call;
        uint32_t slot = 0;

        while (started < MANY && repay_curl_engine_count(engine) < MANY_SLOTS) {
            fake_prepare(&fakes[started], server.port, "/many");
            CHECK(repay_curl_engine_add(engine, &fakes[started].call, &slot, &error));
            CHECK(slot < MANY_SLOTS && by_slot[slot] == NULL);
            by_slot[slot] = &fakes[started].call;
            started++;
        }
        call = repay_curl_engine_step(engine, 5000, &slot);
        if (!CHECK(call != NULL && by_slot[slot] == call))
            break;
        by_slot[slot] = NULL;
        ended++;
        good += last_end(fake_of(call)).kind == REPAY_KIND_NONE;
    }
    CHECK_INT(good, MANY);
    CHECK_INT(atomic_load(&server.requests), MANY);
    CHECK(atomic_load(&server.connections) <= MANY_SLOTS);
    CHECK(repay_curl_engine_step(engine, 1000, &(uint32_t){0}) == NULL);
    for (int i = 0; i < started; i++)
        fake_close(&fakes[i]);
    free(fakes);
    repay_curl_engine_destroy(engine);
    tcp_stop(&server);
}

static void a_full_engine_and_a_call_that_has_begun_are_refused(void)
{
    struct repay_curl_engine *engine = make_engine(1);
    struct fake_call fake, other;
    struct repay_error error;
    uint32_t slot = 7;

    fake_prepare(&fake, 1, "/");
    fake_prepare(&other, 1, "/");
    fake.call.stage = REPAY_CALL_ENDED_WELL;
    CHECK(!repay_curl_engine_add(engine, &fake.call, &slot, &error));
    CHECK_INT(error.kind, REPAY_KIND_INVALID_ARGUMENT);
    CHECK_TEXT(error.message, "a call runs once, and this one has begun");
    fake.call.stage = REPAY_CALL_READY;
    CHECK(repay_curl_engine_add(engine, &fake.call, &slot, &error));
    CHECK(!repay_curl_engine_add(engine, &other.call, &slot, &error));
    CHECK_TEXT(error.message, "as many calls as fit are under way");
    CHECK_INT(repay_curl_engine_slots(engine), 1);
    CHECK_INT(slot, 0);
    CHECK(repay_curl_engine_remove(engine, 0) == &fake.call);
    CHECK_INT(fake.call.stage, REPAY_CALL_ENDED_BADLY);
    CHECK_INT(fake.end_count, 0); /* it was never sent, so no attempt ended */
    CHECK(repay_curl_engine_remove(engine, 0) == NULL);
    CHECK(repay_curl_engine_remove(engine, 1) == NULL);
    CHECK_INT(repay_curl_engine_count(engine), 0);
    fake_close(&fake);
    fake_close(&other);
    repay_curl_engine_destroy(engine);
}

static int64_t moved_ms;

static int64_t moved_now(void *context)
{
    (void)context;
    return fake_now_ms() + moved_ms;
}

static int64_t moved_unix(void *context)
{
    (void)context;
    return fake_unix_ms() + moved_ms;
}

static void moved_wait(void *context, int64_t wait_ms)
{
    (void)context;
    moved_ms += wait_ms;
}

static void waits_between_attempts_run_on_the_given_clock(void)
{
    struct repay_curl_hooks hooks = {moved_now, moved_unix, moved_wait, NULL};
    struct repay_curl_options options = {&fake_core, &heap.allocator, &hooks, 1};
    struct repay_error error;
    struct repay_curl_engine *engine = repay_curl_engine_create(&options, &error);
    int64_t begun_ms = fake_now_ms();
    struct fake_call fake;

    CHECK(engine != NULL);
    fake_prepare(&fake, tcp_dead_port(), "/");
    fake.attempts = 3;
    fake.wait_ms = 4000;
    fake.session.policy.timeout_ms = 60000;
    CHECK(run(engine, &fake));
    CHECK_INT(fake.end_count, 3);
    CHECK(moved_ms >= 8000 && moved_ms < 9000);
    CHECK(fake_now_ms() - begun_ms < 2000);
    fake_close(&fake);
    repay_curl_engine_destroy(engine);
}

static void serve_stall(struct tcp_server *server, int socket, int connection)
{
    (void)connection;
    if (tcp_read_request(server, socket))
        tcp_stall(server, 20000);
}

/* Brings a call to the point where the server has read it and says nothing. */
static bool reach_server(struct repay_curl_engine *engine, const struct tcp_server *server,
                         int requests)
{
    uint32_t slot;

    for (int i = 0; i < 500 && atomic_load(&server->requests) < requests; i++) {
        if (repay_curl_engine_step(engine, 10, &slot))
            return false;
    }
    return atomic_load(&server->requests) == requests;
}

static void calls_in_flight_can_be_cancelled_removed_closed_and_left(void)
{
    struct tcp_server server;
    struct repay_curl_engine *engine = make_engine(4);
    struct repay_error error;
    struct fake_call cancelled, removed, closed, left, waiting;
    uint32_t slot = 0, removed_slot = 0;

    CHECK(tcp_start(&server, false, serve_stall));
    fake_prepare_write(&cancelled, server.port, "/", "{}");
    fake_prepare_write(&removed, server.port, "/", "{}");
    fake_prepare_write(&closed, server.port, "/", "{}");
    fake_prepare(&left, server.port, "/");
    CHECK(repay_curl_engine_add(engine, &cancelled.call, &slot, &error));
    CHECK(repay_curl_engine_add(engine, &removed.call, &removed_slot, &error));
    CHECK(repay_curl_engine_add(engine, &closed.call, &slot, &error));
    CHECK(repay_curl_engine_add(engine, &left.call, &slot, &error));
    CHECK(reach_server(engine, &server, 4));

    cancelled.call.cancelled = true;
    CHECK(repay_curl_engine_step(engine, 1000, &slot) == &cancelled.call);
    CHECK_INT(last_end(&cancelled).kind, REPAY_KIND_CANCELLED);
    CHECK_INT(last_end(&cancelled).sent, REPAY_SENT_MAYBE);

    CHECK(repay_curl_engine_remove(engine, removed_slot) == &removed.call);
    CHECK_INT(last_end(&removed).kind, REPAY_KIND_CANCELLED);
    CHECK_INT(last_end(&removed).sent, REPAY_SENT_MAYBE);
    CHECK_INT(removed.call.stage, REPAY_CALL_ENDED_BADLY);

    fake_close(&closed);
    CHECK(repay_curl_engine_step(engine, 1000, &slot) == &closed.call);
    CHECK_INT(closed.end_count, 0); /* nothing of a closed call is touched */

    /* A call that waits between attempts is cancelled at once as well. */
    fake_prepare(&waiting, tcp_dead_port(), "/");
    waiting.attempts = 2;
    waiting.wait_ms = 9000;
    CHECK(repay_curl_engine_add(engine, &waiting.call, &slot, &error));
    CHECK(repay_curl_engine_step(engine, 200, &slot) == NULL);
    CHECK_INT(waiting.call.stage, REPAY_CALL_WAITING);
    waiting.call.cancelled = true;
    CHECK(repay_curl_engine_step(engine, 1000, &slot) == &waiting.call);
    CHECK_INT(waiting.end_count, 1);

    CHECK_INT(repay_curl_engine_count(engine), 1);
    repay_curl_engine_destroy(engine);
    CHECK_INT(last_end(&left).kind, REPAY_KIND_CANCELLED);
    fake_close(&cancelled);
    fake_close(&removed);
    fake_close(&left);
    fake_close(&waiting);
    tcp_stop(&server);
}

/* What the child finds; it must leave without running anybody's exit code. */
static int in_child(struct repay_curl_engine *inherited, uint16_t port)
{
    struct fake_call fake;
    struct repay_error error;
    struct repay_curl_engine *own;
    uint32_t slot = 0;
    int wrong = 0;

    fake_prepare(&fake, port, "/child");
    wrong += !repay_curl_engine_is_inherited(inherited);
    wrong += repay_curl_engine_add(inherited, &fake.call, &slot, &error);
    wrong += repay_curl_engine_step(inherited, 10, &slot) != NULL;
    wrong += strcmp(error.message, "the engine was made in another process") != 0;
    repay_curl_engine_destroy(inherited);
    own = make_engine(1);
    wrong += !run(own, &fake);
    wrong += last_end(&fake).kind != REPAY_KIND_NONE;
    repay_curl_engine_destroy(own);
    return wrong;
}

static void a_forked_child_leaves_the_parents_connections_alone(void)
{
    struct tcp_server server;
    struct repay_curl_engine *engine = make_engine(1);
    struct fake_call fake;
    int status = -1;
    pid_t child;

    CHECK(tcp_start(&server, false, serve_small));
    fake_prepare(&fake, server.port, "/parent");
    CHECK(run(engine, &fake));
    fake_close(&fake);
    child = fork();
    if (child == 0)
        _exit(in_child(engine, server.port));
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
    CHECK(!repay_curl_engine_is_inherited(engine));
    fake_prepare(&fake, server.port, "/parent");
    CHECK(run(engine, &fake));
    CHECK_INT(last_end(&fake).kind, REPAY_KIND_NONE);
    fake_close(&fake);
    CHECK_INT(atomic_load(&server.connections), 2); /* the parent's one and the child's own */
    repay_curl_engine_destroy(engine);
    tcp_stop(&server);
}

/* No block goes back to the heap with a header value in it. */
static bool block_has_no_secret(void *context, const void *memory, size_t size)
{
    (void)context;
    return memmem(memory, size, "canary-1", 8) == NULL;
}

int main(void)
{
    test_allocator_init(&heap);
    heap.watch = block_has_no_secret;
    requests_leave_byte_for_byte();
    reads_share_a_connection_and_writes_never_do();
    a_writes_connection_is_not_kept();
    a_read_whose_kept_connection_died_is_reported_and_not_repeated();
    a_write_is_on_the_wire_once_whatever_the_connection_does();
    one_slot_serves_different_hosts_in_turn();
    the_environment_names_no_proxy();
    many_calls_share_few_slots();
    a_full_engine_and_a_call_that_has_begun_are_refused();
    waits_between_attempts_run_on_the_given_clock();
    calls_in_flight_can_be_cancelled_removed_closed_and_left();
    a_forked_child_leaves_the_parents_connections_alone();
    CHECK_INT(heap.live_blocks, 0);
    CHECK_INT(heap.live_bytes, 0);
    return CHECK_REPORT();
}
