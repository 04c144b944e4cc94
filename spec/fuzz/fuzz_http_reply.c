/*
 * Any bytes as a reply: fed whole, byte by byte and in uneven pieces they tell the same story.
 *
 * The first byte chooses the pieces and whether the connection ends; the second the call at which
 * the sink refuses, and the allocation that fails.
 */
#include "http_reply.h"
#include "must.h"

struct story {
    uint64_t hash; /* of all that was handed out, in order */
    uint64_t bytes;
    int heads, fields;
    int in_body;
    unsigned calls;
    unsigned calls_max; /* the sink refuses the last; bodies count by bytes, which no cut changes */
    enum repay_http_state state;
    struct repay_error error;
    bool reusable;
};

static void tell(struct story *story, const char *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        story->hash = (story->hash ^ (unsigned char)data[i]) * 0x100000001b3u;
}

static bool goes_on(struct story *story)
{
    return ++story->calls < story->calls_max;
}

static bool on_head(void *context, int status)
{
    struct story *story = context;

    MUST(story->heads == 0 && status >= 200 && status <= 599);
    story->heads++;
    tell(story, (const char *)&status, sizeof status);
    return goes_on(story);
}

static bool on_field(void *context, struct repay_text name, struct repay_text value)
{
    struct story *story = context;

    MUST(story->heads == 1 && !story->in_body && name.length > 0);
    MUST(++story->fields <= REPAY_HTTP_FIELDS_MAX);
    MUST(name.length + value.length < REPAY_HTTP_HEAD_MAX);
    MUST(!memchr(name.data, ':', name.length));
    MUST(value.length == 0 ||
         (!memchr(value.data, '\n', value.length) && !memchr(value.data, '\r', value.length) &&
          !memchr(value.data, '\0', value.length)));
    tell(story, name.data, name.length);
    tell(story, ":", 1);
    tell(story, value.data, value.length);
    tell(story, "\n", 1);
    return goes_on(story);
}

static bool on_body(void *context, const char *data, size_t length)
{
    struct story *story = context;

    MUST(story->heads == 1 && length > 0);
    story->in_body = 1;
    story->bytes += length;
    tell(story, data, length);
    return true;
}

/* Memory that runs out at the n-th request; 0 is never. */
struct short_memory {
    unsigned fail_at;
    unsigned requests;
};

static void *short_resize(void *context, void *memory, size_t old_size, size_t new_size)
{
    struct short_memory *left = context;

    if (new_size > 0 && ++left->requests == left->fail_at)
        return NULL;
    return must_resize(NULL, memory, old_size, new_size);
}

/* Pieces of `step` bytes, and twice as many every other time; 0 is all at once. */
static void run(struct repay_text text, size_t step, bool ends, unsigned calls_max,
                unsigned fail_at, struct story *story)
{
    struct short_memory left = {fail_at, 0};
    const struct repay_allocator allocator = {short_resize, &left};
    const struct repay_http_sink sink = {on_head, on_field, on_body, story};
    struct repay_http_reply reply;
    bool twice = false;

    memset(story, 0, sizeof *story);
    story->calls_max = calls_max;
    story->hash = 0xcbf29ce484222325u;
    repay_error_clear(&story->error);
    repay_http_reply_init(&reply, &allocator, &sink);
    for (size_t at = 0; at < text.length; twice = !twice) {
        size_t size = step == 0 ? text.length : twice && step > 1 ? 2 * step : step;
        if (size > text.length - at)
            size = text.length - at;
        story->state = repay_http_reply_feed(&reply, text.data + at, size, &story->error);
        at += size;
    }
    if (ends)
        story->state = repay_http_reply_end(&reply, &story->error);
    story->reusable = repay_http_reply_reusable(&reply);
    repay_http_reply_free(&reply);
    MUST((story->state == REPAY_HTTP_BAD) == (story->error.kind != REPAY_KIND_NONE));
    MUST(!story->reusable || (story->state == REPAY_HTTP_DONE && !ends));
    MUST(!ends || story->state != REPAY_HTTP_MORE);
    MUST(story->state != REPAY_HTTP_DONE || story->heads == 1);
}

static void must_agree(const struct story *a, const struct story *b)
{
    MUST(a->state == b->state && a->reusable == b->reusable);
    MUST(a->hash == b->hash && a->bytes == b->bytes && a->calls == b->calls);
    MUST(a->error.kind == b->error.kind && a->error.http_status == b->error.http_status);
    MUST(strcmp(a->error.message, b->error.message) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct story whole, bytes, pieces;

    if (size < 2)
        return 0;
    struct repay_text text = {(const char *)data + 2, size - 2};
    size_t step = 2 + data[0] / 2;
    bool ends = data[0] % 2 == 1;
    unsigned calls_max = data[1] / 16 ? 200 : 1 + data[1] % 16;
    run(text, 0, ends, calls_max, 0, &whole);
    run(text, 1, ends, calls_max, 0, &bytes);
    run(text, step, ends, calls_max, 0, &pieces);
    must_agree(&whole, &bytes);
    must_agree(&whole, &pieces);
    run(text, 1, ends, calls_max, 1 + data[1] % 8, &pieces);
    if (pieces.error.kind != REPAY_KIND_MEMORY)
        must_agree(&whole, &pieces);
    return 0;
}
