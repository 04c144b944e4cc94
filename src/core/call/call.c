/*
 * Owns the order of things in a call: attempts, waits, deadlines, pages. Refuses to hand a request
 * out twice, to repeat a write that may have arrived, and to go on after its time.
 */
#include "call.h"

#include "call_inner.h"

#define KEPT_MAX ((size_t)4 << 10) /* of one buffer: a usual request has a tenth of it */

/* What a call's error is while nothing is wrong. */
static const struct repay_error no_error = {.offset = -1, .retry_after_ms = -1};

/* What it is when there was no memory for another. */
#define STARVED(of)                                                                                \
    [of] = {.kind = REPAY_KIND_MEMORY,                                                             \
            .outcome = of,                                                                         \
            .offset = -1,                                                                          \
            .retry_after_ms = -1,                                                                  \
            .message = "out of memory"}
static const struct repay_error starved[] = {
    STARVED(REPAY_OUTCOME_NOT_SENT),
    STARVED(REPAY_OUTCOME_REFUSED),
    STARVED(REPAY_OUTCOME_UNKNOWN),
};
#undef STARVED

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* now_ms comes from a driver; no sum with it may leave int64. */
static int64_t later_by(int64_t now_ms, int64_t duration_ms)
{
    int64_t sum;

    return __builtin_add_overflow(now_ms, duration_ms, &sum) ? INT64_MAX : sum;
}

/* All but the buffers: nothing has happened yet. */
static void forget(struct repay_call *call)
{
    const struct repay_allocator *allocator = call->allocator;
    struct repay_answers *answers = call->answers;

    memset(call, 0, offsetof(struct repay_call, texts));
    call->allocator = allocator;
    call->answers = answers;
    call->error = &no_error;
    call->deadline_ms = INT64_MAX;
    call->begin_ms = INT64_MIN;
    call->limit_ms = INT64_MAX;
    call->retry_after_ms = -1;
    call->fed = REPAY_HTTP_DONE;
}

/* What only some calls have. */
static void free_rooms(struct repay_call *call)
{
    repay_call_drop_answer(call);
    repay_release(call->allocator, call->fault, sizeof *call->fault);
    call->fault = NULL;
    call->error = &no_error;
    repay_release(call->allocator, call->receipt, sizeof *call->receipt);
    call->receipt = NULL;
}

void repay_call_init(struct repay_call *call, const struct repay_allocator *allocator,
                     struct repay_answers *answers)
{
    call->allocator = allocator;
    call->answers = answers;
    repay_answers_retain(answers);
    forget(call);
    repay_bytes_init(&call->texts, allocator, REPAY_REQUEST_SIZE_MAX);
    repay_request_init(&call->request, allocator);
}

void repay_call_free(struct repay_call *call)
{
    repay_bytes_free(&call->texts);
    repay_request_free(&call->request);
    if (call->answers) {
        free_rooms(call);
        repay_answers_drop(call->answers);
    }
    call->answers = NULL;
    if (!repay_call_has_ended(call))
        call->stage = REPAY_CALL_ENDED_BADLY;
}

void repay_call_clear(struct repay_call *call)
{
    free_rooms(call);
    if (call->texts.capacity > KEPT_MAX)
        repay_bytes_free(&call->texts);
    repay_bytes_clear(&call->texts);
    if (call->request.bytes.capacity > KEPT_MAX)
        repay_request_free(&call->request);
    repay_request_clear(&call->request);
    forget(call);
}

void repay_call_drop_answer(struct repay_call *call)
{
    repay_answers_give(call->answers, call->answer);
    call->answer = NULL;
}

void repay_call_keep_error(struct repay_call *call, const struct repay_error *error)
{
    if (!call->fault)
        call->fault = repay_allocate(call->allocator, sizeof *call->fault);
    if (!call->fault) {
        call->error = &starved[error->outcome];
        return;
    }
    *call->fault = *error;
    call->error = call->fault;
}

void repay_call_clear_error(struct repay_call *call)
{
    call->error = &no_error;
}

static enum repay_step fail(struct repay_call *call)
{
    call->stage = REPAY_CALL_ENDED_BADLY;
    repay_call_note_end(call, false);
    repay_request_clear(&call->request);
    repay_call_drop_answer(call);
    return REPAY_STEP_FAILED;
}

static enum repay_step fail_with(struct repay_call *call, enum repay_kind kind,
                                 enum repay_outcome outcome, const char *message)
{
    struct repay_error error;

    (void)repay_error_set(&error, kind, "%s", message);
    error.outcome = outcome;
    repay_call_keep_error(call, &error);
    return fail(call);
}

/* What earlier attempts of this call leave to say about the money when no further one begins. */
static enum repay_outcome outcome_so_far(const struct repay_call *call)
{
    struct repay_outcome_past past = {
        .is_write = call->operation && call->operation->is_write,
        .was_sent = call->attempt_count > 0 || call->page > 1,
        .has_failed = call->error->kind != REPAY_KIND_NONE,
        .last = call->error->outcome,
    };

    return repay_outcome_without_attempt(&past);
}

/* The attempt under way is given up, and its reply will not be read. */
static enum repay_step give_up(struct repay_call *call)
{
    struct repay_outcome_facts facts = {
        .is_write = call->operation->is_write,
        .keys_honoured = call->session->keys_honoured,
        .sent = REPAY_SENT_MAYBE,
        .judgement = REPAY_JUDGED_UNCLEAR,
    };
    enum repay_outcome outcome = repay_outcome_decide(&facts);

    if (call->cancelled)
        return fail_with(call, REPAY_KIND_CANCELLED, outcome, "the call was cancelled");
    return fail_with(call, REPAY_KIND_CONNECTION_LOST, outcome,
                     "the attempt was given up without a report");
}

static enum repay_step begin_attempt(struct repay_call *call)
{
    const struct repay_policy *policy = &call->session->policy;
    int64_t now_ms = call->now_ms;
    struct repay_error fault;

    repay_call_reply_reset(call);
    if (!repay_call_build(call, call->unix_ms, &fault)) {
        fault.outcome = outcome_so_far(call);
        repay_call_keep_error(call, &fault);
        return fail(call);
    }
    repay_call_note_attempt(call);
    call->attempt_deadline_ms =
        earlier(later_by(now_ms, policy->attempt_timeout_ms), call->deadline_ms);
    call->connect_deadline_ms =
        earlier(later_by(now_ms, policy->connect_timeout_ms), call->attempt_deadline_ms);
    call->first_byte_deadline_ms =
        earlier(later_by(call->connect_deadline_ms, policy->first_byte_timeout_ms),
                call->attempt_deadline_ms);
    call->stage = REPAY_CALL_SENDING;
    return REPAY_STEP_SEND;
}

/* Nothing goes out after the call's time, through an open breaker, or ahead of its turn. */
static enum repay_step want_attempt(struct repay_call *call)
{
    enum repay_outcome outcome = outcome_so_far(call);
    enum repay_call_permit permit;

    if (call->now_ms >= call->deadline_ms)
        return fail_with(call, REPAY_KIND_TIMEOUT, outcome,
                         call->deadline_ms == call->limit_ms
                             ? "the time for the whole run is over"
                             : "the time for the whole call is over");
    permit = repay_call_ask_breaker(call, outcome);
    if (permit == REPAY_CALL_MAY_SEND)
        permit = repay_call_take_turn(call, outcome);
    if (permit == REPAY_CALL_MAY_SEND)
        return begin_attempt(call);
    if (permit == REPAY_CALL_MAY_NOT_SEND)
        return fail(call);
    call->stage = REPAY_CALL_WAITING;
    call->wait_until_ms = later_by(call->now_ms, call->wait_ms);
    return REPAY_STEP_WAIT;
}

static enum repay_step go_on_waiting(struct repay_call *call)
{
    if (call->now_ms >= call->wait_until_ms)
        return want_attempt(call);
    call->wait_ms = call->wait_until_ms - call->now_ms;
    return REPAY_STEP_WAIT;
}

/* The first question: the call's time begins, now or when it was told to. */
static void begin(struct repay_call *call)
{
    if (call->begin_ms > call->now_ms) {
        call->stage = REPAY_CALL_WAITING;
        call->wait_until_ms = earlier(call->begin_ms, call->limit_ms);
    } else {
        call->begin_ms = call->now_ms;
    }
    call->deadline_ms =
        earlier(later_by(call->begin_ms, call->session->policy.timeout_ms), call->limit_ms);
    repay_call_note_begun(call);
}

enum repay_step repay_call_next(struct repay_call *call, int64_t now_ms, int64_t unix_ms)
{
    call->now_ms = now_ms;
    call->unix_ms = unix_ms;
    switch (call->stage) {
    case REPAY_CALL_NEW:
        return fail_with(call, REPAY_KIND_INVALID_ARGUMENT, outcome_so_far(call),
                         "the call was not prepared");
    case REPAY_CALL_READY:
    case REPAY_CALL_WAITING:
        break;
    case REPAY_CALL_SENDING:
        return give_up(call);
    case REPAY_CALL_ENDED_WELL:
        return REPAY_STEP_DONE;
    case REPAY_CALL_ENDED_BADLY:
        return REPAY_STEP_FAILED;
    }
    if (!call->session->provider)
        return fail_with(call, REPAY_KIND_CONFIG, outcome_so_far(call), "the client is closed");
    if (call->cancelled)
        return fail_with(call, REPAY_KIND_CANCELLED, outcome_so_far(call),
                         "the call was cancelled");
    if (call->deadline_ms == INT64_MAX)
        begin(call);
    return call->stage == REPAY_CALL_WAITING ? go_on_waiting(call) : want_attempt(call);
}

const struct repay_request *repay_call_request(const struct repay_call *call)
{
    return &call->request;
}

void repay_call_drop_request(struct repay_call *call)
{
    repay_answers_give_request(call->answers, &call->request.bytes);
    repay_request_clear(&call->request);
    call->built_page = 0;
}

static void record_attempt(struct repay_call *call, enum repay_kind kind, const char *reason,
                           int64_t wait_ms)
{
    if (call->attempt_count > REPAY_ATTEMPTS_MAX)
        return;
    call->attempts[call->attempt_count++] = (struct repay_attempt){
        .kind = (uint8_t)kind,
        .http_status = (int16_t)call->http_status,
        .reason = reason,
        /* Every wait is bounded by the policy's, and those are of minutes. */
        .wait_ms = (int32_t)wait_ms,
    };
}

static void decide_again(struct repay_call *call, const struct repay_verdict *verdict)
{
    const struct repay_policy *policy = &call->session->policy;
    struct repay_retry_facts facts = {
        .is_write = call->operation->is_write,
        .never_sent = verdict->never_sent,
        .connection_was_reused = verdict->connection_was_reused,
        .reused_before = call->reused_forgiven,
        .kind = call->error->kind,
        .http_status = call->http_status,
        .retry_after_ms = call->retry_after_ms,
        .attempt = ++call->page_attempts,
        .attempts_max = policy->attempts,
        .base_ms = policy->retry_base_ms,
        .cap_ms = policy->retry_cap_ms,
        .left_ms = call->deadline_ms - call->now_ms,
        .random = repay_random_next(&call->random),
    };
    struct repay_retry_decision decision = repay_retry_decide(&facts);

    bool is_forgiven = verdict->connection_was_reused && !facts.is_write && !facts.reused_before;
    const char *bar = NULL;

    if (decision.again && call->cancelled)
        bar = "cancelled";
    else if (decision.again && !is_forgiven)
        bar = repay_call_bars_retry(call);
    if (bar)
        decision = (struct repay_retry_decision){false, 0, bar};
    if (decision.again && is_forgiven) {
        call->reused_forgiven = true;
        call->page_attempts--;
    }
    record_attempt(call, call->error->kind, decision.reason, decision.wait_ms);
    if (!decision.again) {
        (void)fail(call);
        return;
    }
    repay_call_note_retry(call);
    if (call->page == 1)
        repay_call_drop_answer(call);
    call->stage = REPAY_CALL_WAITING;
    call->wait_until_ms = later_by(call->now_ms, decision.wait_ms);
}

/*
 * A page that is short or empty is the last. One that repeats the page before comes from a server
 * that ignores the page number; its rows are dropped.
 */
static bool is_last_page(struct repay_call *call)
{
    struct repay_builder *builder = repay_call_rows(call);
    uint32_t rows = builder->rows - call->rows_before_page;

    if (call->operation->page_size == 0 || rows < (uint32_t)call->operation->page_size)
        return true;
    if (call->page == 1 || call->rows_before_page < rows || !repay_builder_repeats(builder, rows))
        return false;
    repay_builder_cut(builder, call->rows_before_page);
    return true;
}

static void go_to_next_page(struct repay_call *call)
{
    if (call->page == REPAY_PAGES_MAX) {
        (void)fail_with(call, REPAY_KIND_TOO_LARGE, outcome_so_far(call),
                        "the answer has more pages than are followed");
        return;
    }
    call->page++;
    call->rows_before_page = repay_call_rows(call)->rows;
    call->attempt_count = 0;
    call->page_attempts = 0;
    call->stage = REPAY_CALL_READY;
}

static void accept(struct repay_call *call)
{
    record_attempt(call, REPAY_KIND_NONE, "accepted", 0);
    call->fetched_at_unix_ms = call->unix_ms;
    repay_call_clear_error(call);
    if (!is_last_page(call)) {
        go_to_next_page(call);
        return;
    }
    call->stage = REPAY_CALL_ENDED_WELL;
    repay_call_note_end(call, true);
    repay_request_clear(&call->request);
}

void repay_call_end(struct repay_call *call, const struct repay_end *end, int64_t now_ms,
                    int64_t unix_ms)
{
    struct repay_verdict verdict;

    if (call->stage != REPAY_CALL_SENDING)
        return;
    call->now_ms = now_ms;
    call->unix_ms = unix_ms;
    verdict = repay_call_reply_judge(call, end);
    repay_call_note_attempt_end(call, end, &verdict);
    if (verdict.accepted)
        accept(call);
    else
        decide_again(call, &verdict);
}

void repay_call_limit(struct repay_call *call, int64_t begin_ms, int64_t limit_ms)
{
    call->begin_ms = begin_ms;
    call->limit_ms = limit_ms;
}

void repay_call_cancel(struct repay_call *call)
{
    call->cancelled = true;
}

void repay_call_facts(const struct repay_call *call, struct repay_schedule_facts *out)
{
    const struct repay_session *session = call->session;

    *out = (struct repay_schedule_facts){
        .subject = repay_call_subject(call),
        .environment = session->environment,
        .label = session->label,
        .fetched_at_unix_ms = call->fetched_at_unix_ms,
        .decimals = session->currency_decimals,
        .zone_minutes = session->zone_minutes,
        .zone_known = session->zone_known,
    };
    memcpy(out->currency, session->currency, sizeof out->currency);
}

struct repay_text repay_call_subject(const struct repay_call *call)
{
    const struct repay_parameter *parameters = call->operation->parameters;

    for (unsigned i = 0; parameters[i].name; i++) {
        if (parameters[i].is_subject)
            return call->arguments[i].text;
    }
    return REPAY_NO_TEXT;
}
