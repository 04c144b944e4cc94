/*
 * A driver that does anything: the input is a program of replies, pieces of replies, raw bytes,
 * ends of every kind, jumps of the clock and cancels, run against one call of one operation.
 *
 * Whatever it does: the call ends, within its attempts; a repayment is handed out again only when
 * every earlier attempt is proven not to have left; success is claimed only after a whole 2xx
 * reply.
 */
#include "call.h"
#include "must.h"

#define ATTEMPTS  3
#define STEPS_MAX 100000
#define CUSTOMER  "123e4567-e89b-12d3-a456-426614174000"
#define GOOD_CARBON                                                                                \
    "{\"status\":\"success\",\"data\":{\"schedule\":[{\"dueDate\":\"2025-02-15\",\"totalDue\":5}]" \
    "}}"
#define GOOD_PENDING "{\"status\":\"SUCCESS\",\"data\":[{\"installmentNumber\":1,\"amountDue\":5}]}"
#define GOOD_REPAY   "{\"status\":\"SUCCESS\",\"data\":{\"id\":\"r\",\"repaymentAmount\":1.05}}"
#define GOOD_PEZESHA "{\"status\":200,\"error\":false,\"data\":[{\"loan_id\":1,\"balance\":5}]}"

struct target {
    const char *provider;
    const char *operation;
    const char *good;
    bool keys_honoured;
};

static const struct target targets[] = {
    {"carbon", "schedule", GOOD_CARBON, false},   {"fincode", "pending", GOOD_PENDING, false},
    {"fincode", "repay", GOOD_REPAY, false},      {"fincode", "repay", GOOD_REPAY, true},
    {"pezesha", "schedule", GOOD_PEZESHA, false},
};
#define TARGETS (sizeof targets / sizeof targets[0])

struct input {
    const uint8_t *data;
    size_t size;
    size_t at;
};

struct run {
    struct repay_call call;
    const struct target *target;
    int64_t now_ms, unix_ms;
    enum repay_step step;
    unsigned sends; /* of the page under way */
    int32_t page;
    bool may_have_left; /* an earlier attempt is not proven not to have */
    bool has_status;    /* the reply under way */
    int status;
    bool ended_whole_2xx; /* the last attempt ended with a whole 2xx reply, as far as we said */
};

static uint8_t take(struct input *input)
{
    return input->at < input->size ? input->data[input->at++] : 0;
}

static struct repay_text take_text(struct input *input, size_t length)
{
    size_t left = input->size - input->at;
    struct repay_text text = {(const char *)input->data + input->at, length < left ? length : left};

    input->at += text.length;
    return text;
}

static struct repay_text setting_of(const char *name)
{
    if (strcmp(name, "token_header") == 0 || strcmp(name, "tenant") == 0)
        return REPAY_NO_TEXT;
    return REPAY_TEXT("SECRET-VALUE");
}

/* Opened once each and kept: opening has a target of its own, the tests. */
static struct repay_session *session_of(size_t index)
{
    static struct repay_session sessions[TARGETS];
    struct repay_session_options options = {.environment = REPAY_TEXT("sandbox"),
                                            .currency = REPAY_TEXT("NGN")};
    struct repay_error error;

    if (sessions[index].provider)
        return &sessions[index];
    options.provider = repay_provider_find(repay_text_of(targets[index].provider));
    MUST(options.provider != NULL);
    options.policy = repay_policy_default();
    options.policy.attempts = ATTEMPTS;
    options.policy.body_size_max = 4096;
    if (targets[index].keys_honoured)
        options.keys = REPAY_TEXT("honoured");
    for (unsigned i = 0; options.provider->settings[i].name; i++)
        options.settings[i] = setting_of(options.provider->settings[i].name);
    repay_session_init(&sessions[index], &must_allocator);
    MUST(repay_session_open(&sessions[index], &options, &error));
    return &sessions[index];
}

static void prepare(struct run *run, struct repay_session *session, struct repay_answers *answers,
                    uint64_t seed)
{
    const struct repay_operation *operation =
        repay_operation_find(session->provider, repay_text_of(run->target->operation));
    struct repay_chance chance = {.seed = seed};
    struct repay_error error;

    repay_call_init(&run->call, &must_allocator, answers);
    repay_call_begin(&run->call, session, operation);
    for (unsigned i = 0; operation->parameters[i].name; i++) {
        if (operation->parameters[i].type == REPAY_PARAMETER_AMOUNT)
            MUST(repay_call_set_amount(&run->call, i, 105, &error));
        else if (operation->parameters[i].required)
            MUST(repay_call_set_text(&run->call, i, REPAY_TEXT(CUSTOMER), &error));
    }
    MUST(repay_call_prepare(&run->call, &chance, run->unix_ms, &error));
}

static void ask(struct run *run)
{
    enum repay_call_stage before = run->call.stage;

    run->step = repay_call_next(&run->call, run->now_ms, run->unix_ms);
    if (run->step == REPAY_STEP_WAIT)
        MUST(run->call.wait_ms > 0 && run->call.wait_ms <= REPAY_RETRY_AFTER_MAX_MS);
    if (run->step != REPAY_STEP_SEND)
        return;
    MUST(before != REPAY_CALL_SENDING);
    if (run->call.page != run->page) {
        run->page = run->call.page;
        run->sends = 0;
    }
    run->sends++;
    /* One more than the policy: a reused connection that died is forgiven once. */
    MUST(run->sends <= ATTEMPTS + 1);
    MUST(!run->call.operation->is_write || !run->may_have_left);
    MUST(!run->call.operation->is_write || run->sends <= ATTEMPTS);
    MUST(repay_call_request(&run->call)->header_count > 3);
    run->has_status = false;
    run->ended_whole_2xx = false;
}

static void report_end(struct run *run, const struct repay_end *end)
{
    bool attempted = run->call.stage == REPAY_CALL_SENDING;
    bool never_left = end->kind != REPAY_KIND_NONE && end->sent == REPAY_SENT_NO &&
                      !run->has_status && !run->call.reply_began;

    repay_call_end(&run->call, end, run->now_ms, run->unix_ms);
    if (!attempted)
        return;
    run->may_have_left = run->may_have_left || !never_left;
    run->ended_whole_2xx = end->kind == REPAY_KIND_NONE && run->call.http_status >= 200 &&
                           run->call.http_status <= 299;
    ask(run);
}

static void give_status(struct run *run, struct input *input)
{
    static const int statuses[] = {200, 201, 204, 301, 400, 401, 403, 404,
                                   409, 422, 429, 500, 502, 503, 100, 599};

    run->status = statuses[take(input) % 16];
    if (repay_call_reply_status(&run->call, run->status))
        run->has_status = true;
}

static void feed_good(struct run *run)
{
    char reply[512];
    int length = snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                          strlen(run->target->good), run->target->good);

    MUST(length > 0 && (size_t)length < sizeof reply);
    (void)repay_call_feed(&run->call, reply, (size_t)length);
}

static void end_somehow(struct run *run, struct input *input)
{
    uint8_t choice = take(input);
    struct repay_end end = {
        .kind = (enum repay_kind)(take(input) % REPAY_KIND_COUNT),
        .sent = choice & 1 ? REPAY_SENT_MAYBE : REPAY_SENT_NO,
        .connection_was_reused = choice & 2,
        .detail = take_text(input, choice >> 4),
    };

    report_end(run, &end);
}

static void act(struct run *run, struct input *input)
{
    struct repay_end whole = {.kind = REPAY_KIND_NONE, .sent = REPAY_SENT_MAYBE};
    struct repay_text text;
    uint8_t command = take(input);

    switch (command % 12) {
    case 0:
        give_status(run, input);
        break;
    case 1:
        (void)repay_call_reply_field(&run->call, REPAY_TEXT("Retry-After"),
                                     take_text(input, take(input) % 8));
        break;
    case 2:
        (void)repay_call_reply_field(&run->call, REPAY_TEXT("content-encoding"),
                                     take_text(input, take(input) % 8));
        break;
    case 3:
        text = take_text(input, take(input));
        (void)repay_call_reply_body(&run->call, text.data, text.length);
        break;
    case 4:
        (void)repay_call_reply_body(&run->call, run->target->good, strlen(run->target->good));
        break;
    case 5:
        report_end(run, &whole);
        break;
    case 6:
        end_somehow(run, input);
        break;
    case 7:
        run->now_ms += (int64_t)1 << (take(input) % 20);
        ask(run);
        break;
    case 8:
        repay_call_cancel(&run->call);
        break;
    case 9:
        text = take_text(input, take(input));
        (void)repay_call_feed(&run->call, text.data, text.length);
        break;
    case 10:
        (void)repay_call_feed(&run->call, NULL, 0);
        break;
    default:
        feed_good(run);
        break;
    }
}

/* A driver with no more input fails every attempt in a way that may be tried again. */
static void run_out(struct run *run)
{
    struct repay_end end = {.kind = REPAY_KIND_CONNECT, .sent = REPAY_SENT_NO};

    for (int steps = 0; run->step == REPAY_STEP_SEND || run->step == REPAY_STEP_WAIT; steps++) {
        MUST(steps < 4 * ATTEMPTS);
        if (run->step == REPAY_STEP_SEND) {
            report_end(run, &end);
        } else {
            run->now_ms += run->call.wait_ms;
            ask(run);
        }
    }
}

static void check_result(const struct run *run)
{
    const struct repay_call *call = &run->call;

    MUST(call->attempt_count <= ATTEMPTS + 1);
    if (run->step == REPAY_STEP_DONE) {
        MUST(run->ended_whole_2xx);
        MUST(call->error->kind == REPAY_KIND_NONE);
        MUST(!call->operation->is_write || call->receipt->amount_minor == 105);
        return;
    }
    MUST(run->step == REPAY_STEP_FAILED);
    MUST(call->error->kind != REPAY_KIND_NONE && call->error->message[0] != '\0');
    MUST(!call->receipt || call->receipt->amount_minor == REPAY_AMOUNT_ABSENT);
    MUST(strstr(call->error->message, "SECRET-VALUE") == NULL);
    MUST(strstr(call->error->provider_message, "SECRET-VALUE") == NULL);
    if (call->operation->is_write && run->may_have_left &&
        call->error->outcome == REPAY_OUTCOME_NOT_SENT)
        MUST(call->http_status == 401 || (call->http_status == 429 && run->target->keys_honoured));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct repay_answers *answers;
    struct input input = {data, size, 0};
    struct run run = {.now_ms = 1000, .unix_ms = INT64_C(1705314600000)};
    size_t index = take(&input) % TARGETS;
    /* A copy: what a session's calls share (breaker, pace) must not reach the next input. */
    struct repay_session session = *session_of(index);

    if (!answers)
        answers = repay_answers_create(repay_blocks_create(&must_allocator));
    MUST(answers != NULL);
    run.target = &targets[index];
    prepare(&run, &session, answers, take(&input));
    ask(&run);
    MUST(run.step == REPAY_STEP_SEND);
    for (int steps = 0; input.at < input.size && steps < STEPS_MAX; steps++)
        act(&run, &input);
    if (run.step != REPAY_STEP_DONE && run.step != REPAY_STEP_FAILED)
        run_out(&run);
    check_result(&run);
    repay_call_free(&run.call);
    return 0;
}
