/*
 * Every allocation fails in turn, the engine's own and libcurl's, once and from then on: a call
 * always ends, "not sent" stays true, nothing leaks, and the engine can be used again.
 */
#include "engine_setup.h"

#include <curl/curl.h>

#define ALLOCATIONS_MAX 4000 /* far more than one call makes; reaching it fails the test */

static struct tcp_server server;

/* libcurl's heap: counts what lives, and fails as it is told. One thread uses it at a time. */
static atomic_long curl_live;
static long curl_fail_at; /* the n-th from now on; 0: never */
static bool curl_fails_for_ever;
static bool curl_failed;

static bool curl_must_fail(void)
{
    if (curl_fail_at == 0)
        return false;
    if (curl_fail_at > 1) {
        curl_fail_at--;
        return false;
    }
    if (!curl_fails_for_ever)
        curl_fail_at = 0;
    curl_failed = true;
    return true;
}

static void *counted(void *memory)
{
    if (memory)
        atomic_fetch_add(&curl_live, 1);
    return memory;
}

static void *curl_test_malloc(size_t size)
{
    return curl_must_fail() ? NULL : counted(malloc(size));
}

static void *curl_test_calloc(size_t count, size_t size)
{
    return curl_must_fail() ? NULL : counted(calloc(count, size));
}

static void curl_test_free(void *memory)
{
    if (memory)
        atomic_fetch_sub(&curl_live, 1);
    free(memory);
}

static void *curl_test_realloc(void *memory, size_t size)
{
    void *moved = curl_must_fail() ? NULL : realloc(memory, size);

    return memory ? moved : counted(moved);
}

static char *curl_test_strdup(const char *text)
{
    return curl_must_fail() ? NULL : counted(strdup(text));
}

static void serve_small(struct tcp_server *self, int socket, int connection)
{
    (void)connection;
    while (tcp_read_request(self, socket)) {
        if (!tcp_write(socket, SMALL_REPLY))
            return;
    }
}

static void prepare(struct fake_call *fake, bool is_write)
{
    if (is_write)
        fake_prepare_write(fake, server.port, "/pay", "{}");
    else
        fake_prepare(fake, server.port, "/read");
    fake->session.policy.attempt_timeout_ms = 2000;
}

/* The call ended, and what it says of having been sent agrees with the server. */
static void check_end(const struct fake_call *fake, int requests)
{
    bool arrived = atomic_load(&server.requests) > requests;

    CHECK(fake->end_count == 1);
    CHECK(!arrived || last_end(fake).sent == REPAY_SENT_MAYBE);
    CHECK(arrived || last_end(fake).kind != REPAY_KIND_NONE);
    CHECK(atomic_load(&server.requests) <= requests + 1);
    if (last_end(fake).kind == REPAY_KIND_NONE)
        CHECK_BYTES(body_of(fake), REPAY_TEXT("{}"));
}

/* An engine, one call with memory failing on the way, one call with memory again. */
static void run_short_of_memory(bool is_write)
{
    struct repay_curl_options options = {&fake_core, &heap.allocator, NULL, 1};
    struct repay_error error;
    struct repay_curl_engine *engine = repay_curl_engine_create(&options, &error);
    int requests = atomic_load(&server.requests);
    struct fake_call fake;
    uint32_t slot = 0;

    if (!engine) {
        CHECK_INT(error.kind, REPAY_KIND_MEMORY);
        return;
    }
    prepare(&fake, is_write);
    if (repay_curl_engine_add(engine, &fake.call, &slot, &error)) {
        CHECK(run_added(engine, &fake, slot));
        check_end(&fake, requests);
    } else {
        CHECK_INT(error.kind, REPAY_KIND_MEMORY);
        CHECK_INT(repay_curl_engine_count(engine), 0);
    }
    fake_close(&fake);
    curl_fail_at = 0;
    heap.fail_at = 0;
    prepare(&fake, is_write);
    CHECK(run(engine, &fake));
    CHECK_INT(last_end(&fake).kind, REPAY_KIND_NONE);
    fake_close(&fake);
    repay_curl_engine_destroy(engine);
}

static void the_engine_survives_its_own_heap(bool is_write, bool for_ever)
{
    char text[48];
    unsigned long n = 1;

    for (; n < ALLOCATIONS_MAX; n++) {
        (void)snprintf(text, sizeof(text), "engine's allocation %lu", n);
        CHECK_CASE(text);
        test_allocator_fail(&heap, n, for_ever);
        run_short_of_memory(is_write);
        CHECK_INT(heap.live_blocks, 0);
        if (heap.failures == 0)
            break;
    }
    CHECK_CASE(NULL);
    CHECK(n > 4 && n < ALLOCATIONS_MAX);
}

static void the_engine_survives_libcurls_heap(bool is_write, bool for_ever)
{
    long live = atomic_load(&curl_live);
    char text[48];
    long n = 1;

    for (; n < ALLOCATIONS_MAX; n++) {
        (void)snprintf(text, sizeof(text), "libcurl's allocation %ld", n);
        CHECK_CASE(text);
        curl_failed = false;
        curl_fails_for_ever = for_ever;
        curl_fail_at = n;
        run_short_of_memory(is_write);
        CHECK_INT(atomic_load(&curl_live), live);
        CHECK_INT(heap.live_blocks, 0);
        if (!curl_failed)
            break;
    }
    curl_fail_at = 0;
    CHECK_CASE(NULL);
    CHECK(n > 50 && n < ALLOCATIONS_MAX);
}

int main(void)
{
    test_allocator_init(&heap);
    /* The first initialisation decides whose heap libcurl uses; the engine's own is the second. */
    CHECK_INT(curl_global_init_mem(CURL_GLOBAL_ALL, curl_test_malloc, curl_test_free,
                                   curl_test_realloc, curl_test_strdup, curl_test_calloc),
              CURLE_OK);
    CHECK(tcp_start(&server, false, serve_small));
    run_short_of_memory(false); /* what is made once in a process is made here */
    for (int i = 0; i < 4; i++) {
        the_engine_survives_its_own_heap((i & 1) != 0, (i & 2) != 0);
        the_engine_survives_libcurls_heap((i & 1) != 0, (i & 2) != 0);
    }
    tcp_stop(&server);
    test_allocator_end(&heap);
    return CHECK_REPORT();
}
