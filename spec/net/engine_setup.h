/*
 * What the tests of the engine share: an engine on a counting allocator, and running one call.
 */
#ifndef REPAY_TEST_ENGINE_SETUP_H
#define REPAY_TEST_ENGINE_SETUP_H

#include "check.h"
#include "curl_engine.h"
#include "fake_core.h"
#include "tcp_server.h"
#include "test_allocator.h"

#define SMALL_REPLY                                                                                \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

static struct test_allocator heap;

static inline struct repay_curl_engine *make_engine(uint32_t slots)
{
    struct repay_curl_options options = {&fake_core, &heap.allocator, NULL, slots};
    struct repay_error error;
    struct repay_curl_engine *engine = repay_curl_engine_create(&options, &error);

    if (!engine)
        abort();
    return engine;
}

/* Steps until the one call inside has ended. */
static inline bool run_added(struct repay_curl_engine *engine, const struct fake_call *fake,
                             uint32_t in)
{
    const struct repay_call *ended = NULL;
    uint32_t out = UINT32_MAX;

    for (int i = 0; i < 300 && !ended; i++)
        ended = repay_curl_engine_step(engine, 100, &out);
    return ended == &fake->call && in == out && repay_curl_engine_count(engine) == 0;
}

static inline bool run(struct repay_curl_engine *engine, struct fake_call *fake)
{
    struct repay_error error;
    uint32_t slot = 0;

    return repay_curl_engine_add(engine, &fake->call, &slot, &error) &&
           run_added(engine, fake, slot);
}

static inline struct repay_end last_end(const struct fake_call *fake)
{
    struct repay_end none = {.kind = REPAY_KIND_COUNT};

    return fake->end_count > 0 ? fake->ends[fake->end_count - 1] : none;
}

static inline struct repay_text body_of(const struct fake_call *fake)
{
    return (struct repay_text){fake->body, fake->body_length};
}

static inline struct repay_text fields_of(const struct fake_call *fake)
{
    return (struct repay_text){fake->field_text, fake->field_length};
}

#endif
