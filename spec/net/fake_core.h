/*
 * A core for tests of the engine alone: calls that send what they are told, and remember every
 * reply byte and every end. Retries are scripted, so that nothing but the engine is judged.
 */
#ifndef REPAY_TEST_FAKE_CORE_H
#define REPAY_TEST_FAKE_CORE_H

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core_api.h"

#define FAKE_BODY_MAX  (1u << 20)
#define FAKE_ENDS_MAX  16
#define FAKE_FIELD_MAX 8192

struct fake_call {
    struct repay_call call; /* first: the engine's pointer is ours */
    struct repay_session session;
    struct repay_operation operation;
    char bytes[4096]; /* the request */
    size_t length;
    /* How it behaves. */
    int attempts;    /* how often it sends, whatever happened */
    int64_t wait_ms; /* between attempts */
    size_t body_max; /* refuses what comes after; 0: nothing */
    bool refuses_status;
    bool forgives_reused; /* one more attempt at once */
    /* What it saw. */
    int sends, begun, status, fields;
    char field_text[FAKE_FIELD_MAX];
    size_t field_length;
    char *body;
    size_t body_length;
    struct repay_end ends[FAKE_ENDS_MAX];
    char details[FAKE_ENDS_MAX][300];
    int end_count;
    bool waited;
};

static int64_t fake_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t fake_unix_ms(void)
{
    return 1700000000000;
}

static struct fake_call *fake_of(const struct repay_call *call)
{
    return (struct fake_call *)(uintptr_t)call;
}

static int64_t fake_earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum repay_step fake_next(struct repay_call *call, int64_t now_ms, int64_t unix_ms)
{
    struct fake_call *fake = fake_of(call);
    const struct repay_policy *policy = &fake->session.policy;
    bool again =
        fake->forgives_reused && fake->end_count == 1 && fake->ends[0].connection_was_reused;

    (void)unix_ms;
    if (call->stage == REPAY_CALL_ENDED_WELL)
        return REPAY_STEP_DONE;
    if (call->stage == REPAY_CALL_ENDED_BADLY)
        return REPAY_STEP_FAILED;
    if (call->deadline_ms == 0)
        call->deadline_ms = now_ms + policy->timeout_ms;
    if (call->cancelled) {
        call->stage = REPAY_CALL_ENDED_BADLY;
        return REPAY_STEP_FAILED;
    }
    if (fake->sends >= fake->attempts + (again ? 1 : 0)) {
        bool is_good =
            fake->end_count > 0 && fake->ends[fake->end_count - 1].kind == REPAY_KIND_NONE;

        call->stage = is_good ? REPAY_CALL_ENDED_WELL : REPAY_CALL_ENDED_BADLY;
        return is_good ? REPAY_STEP_DONE : REPAY_STEP_FAILED;
    }
    if (fake->sends > 0 && fake->wait_ms > 0 && !fake->waited) {
        fake->waited = true;
        call->stage = REPAY_CALL_WAITING;
        call->wait_ms = fake->wait_ms;
        return REPAY_STEP_WAIT;
    }
    fake->waited = false;
    fake->sends++;
    fake->body_length = 0;
    fake->field_length = 0;
    fake->fields = 0;
    call->stage = REPAY_CALL_SENDING;
    call->attempt_deadline_ms =
        fake_earlier(now_ms + policy->attempt_timeout_ms, call->deadline_ms);
    call->connect_deadline_ms =
        fake_earlier(now_ms + policy->connect_timeout_ms, call->attempt_deadline_ms);
    return REPAY_STEP_SEND;
}

static const struct repay_request *fake_request(const struct repay_call *call)
{
    return &call->request;
}

static bool fake_status(struct repay_call *call, int http_status)
{
    struct fake_call *fake = fake_of(call);

    fake->status = http_status;
    fake->begun++;
    return !fake->refuses_status;
}

static bool fake_field(struct repay_call *call, struct repay_text name, struct repay_text value)
{
    struct fake_call *fake = fake_of(call);
    size_t need = name.length + value.length + 2;

    fake->fields++;
    if (fake->field_length + need <= FAKE_FIELD_MAX) {
        char *at = fake->field_text + fake->field_length;

        memcpy(at, name.data, name.length);
        at[name.length] = '=';
        if (value.length > 0)
            memcpy(at + name.length + 1, value.data, value.length);
        at[need - 1] = ';';
        fake->field_length += need;
    }
    return true;
}

static bool fake_body(struct repay_call *call, const char *data, size_t length)
{
    struct fake_call *fake = fake_of(call);
    size_t limit = fake->body_max > 0 ? fake->body_max : FAKE_BODY_MAX;

    if (!fake->body)
        fake->body = malloc(FAKE_BODY_MAX);
    if (!fake->body || fake->body_length + length > limit)
        return false;
    memcpy(fake->body + fake->body_length, data, length);
    fake->body_length += length;
    return true;
}

static void fake_end(struct repay_call *call, const struct repay_end *end, int64_t now_ms,
                     int64_t unix_ms)
{
    struct fake_call *fake = fake_of(call);

    (void)now_ms;
    (void)unix_ms;
    if (call->stage != REPAY_CALL_SENDING)
        return;
    call->stage = REPAY_CALL_READY;
    if (fake->end_count == FAKE_ENDS_MAX)
        abort();
    fake->ends[fake->end_count] = *end;
    (void)snprintf(fake->details[fake->end_count], sizeof(fake->details[0]), "%.*s",
                   (int)end->detail.length, end->detail.data ? end->detail.data : "");
    fake->end_count++;
}

static void fake_cancel(struct repay_call *call)
{
    call->cancelled = true;
}

static struct repay_text fake_text(const struct repay_request *request, struct repay_span span)
{
    return (struct repay_text){request->bytes.data + span.offset, span.length};
}

static const struct repay_core_api fake_core = {
    .abi = REPAY_CORE_ABI,
    .call_size = sizeof(struct repay_call),
    .session_size = sizeof(struct repay_session),
    .call_next = fake_next,
    .call_request = fake_request,
    .reply_status = fake_status,
    .reply_field = fake_field,
    .reply_body = fake_body,
    .call_end = fake_end,
    .call_cancel = fake_cancel,
    .request_text = fake_text,
    .now_ms = fake_now_ms,
    .unix_ms = fake_unix_ms,
};

static struct repay_span fake_put(struct fake_call *fake, const char *text)
{
    size_t length = strlen(text);
    struct repay_span span = {(uint16_t)fake->length, (uint16_t)length};

    if (fake->length + length > sizeof(fake->bytes))
        abort();
    memcpy(fake->bytes + fake->length, text, length);
    fake->length += length;
    return span;
}

static void fake_header(struct fake_call *fake, const char *name, const char *value)
{
    struct repay_request *request = &fake->call.request;
    struct repay_request_header *header = &request->headers[request->header_count++];

    header->name = fake_put(fake, name);
    (void)fake_put(fake, ": ");
    header->value = fake_put(fake, value);
    (void)fake_put(fake, "\r\n");
}

/* A read of `target` from 127.0.0.1, unless the caller changes what it got. */
static void fake_prepare(struct fake_call *fake, uint16_t port, const char *target)
{
    static const struct repay_provider provider = {.name = "fake"};

    memset(fake, 0, sizeof(*fake));
    fake->session.provider = &provider;
    fake->session.base.host = REPAY_TEXT("127.0.0.1");
    fake->session.base.port = port;
    fake->session.policy = (struct repay_policy){.timeout_ms = 10000,
                                                 .attempt_timeout_ms = 10000,
                                                 .connect_timeout_ms = 10000,
                                                 .first_byte_timeout_ms = 10000,
                                                 .attempts = 1};
    fake->operation.name = "read";
    fake->attempts = 1;
    fake->call.session = &fake->session;
    fake->call.operation = &fake->operation;
    fake->call.stage = REPAY_CALL_READY;
    fake->call.request.method = REPAY_METHOD_GET;
    fake->call.request.bytes.data = fake->bytes;
    fake->call.request.target = fake_put(fake, target);
    fake_header(fake, "Host", "provider.test");
    fake_header(fake, "x-key", "canary-1");
    fake_header(fake, "Accept", "application/json");
    fake_header(fake, "Accept-Encoding", "identity");
}

static void fake_prepare_write(struct fake_call *fake, uint16_t port, const char *target,
                               const char *body)
{
    char length[24];

    fake_prepare(fake, port, target);
    (void)snprintf(length, sizeof(length), "%zu", strlen(body));
    fake->operation.name = "write";
    fake->operation.is_write = true;
    fake->call.request.method = REPAY_METHOD_POST;
    fake_header(fake, "Content-Type", "application/json");
    fake_header(fake, "Content-Length", length);
    fake->call.request.body = fake_put(fake, body);
}

/* Ready to run once more, with the same request and policy. */
static inline void fake_again(struct fake_call *fake)
{
    fake->call.stage = REPAY_CALL_READY;
    fake->call.deadline_ms = 0;
    fake->sends = 0;
    fake->end_count = 0;
    fake->waited = false;
}

/* As repay_call_free leaves it. */
static void fake_close(struct fake_call *fake)
{
    free(fake->body);
    fake->body = NULL;
    fake->call.stage = REPAY_CALL_ENDED_BADLY;
    fake->call.session = NULL;
    fake->call.request.bytes.data = NULL;
    memset(fake->bytes, 'x', sizeof(fake->bytes));
}

#endif
