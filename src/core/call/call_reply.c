/*
 * Owns the reply of one attempt: what of it is read as rows, what is collected, when it is too
 * much, and what the provider's judge makes of it. Refuses to let a fault in the bytes be
 * overlooked: the first one stands, whatever a driver reports afterwards.
 */
#include "call_inner.h"

#define WORDS_MAX 160 /* of the provider's text in a message; the rest is in provider_message */

/*
 * A client that was closed takes its policy and secrets with it: nothing of a reply can be judged.
 */
static bool takes_reply(const struct repay_call *call)
{
    return call->stage == REPAY_CALL_SENDING && call->session->provider;
}

void repay_call_reply_reset(struct repay_call *call)
{
    /* Only the rows of the pages before are worth keeping. */
    if (call->page == 1) {
        repay_call_drop_answer(call);
    } else if (call->answer) {
        repay_answer_begin(call->answer);
        repay_builder_cut(&call->answer->builder, call->rows_before_page);
    }
    if (call->receipt)
        repay_receipt_clear(call->receipt);
    call->is_fed = false;
    call->is_starved = false;
    call->fed = REPAY_HTTP_DONE;
    call->http_status = 0;
    call->streams = false;
    call->reply_began = false;
    call->body_is_cut = false;
    call->body_is_alien = false;
    call->body_size = 0;
    call->retry_after_ms = -1;
}

/* The first byte of a reply: from now on there is something to keep. False: no memory. */
static bool has_answer(struct repay_call *call)
{
    if (!call->answer)
        call->answer = repay_answers_take(call->answers, call->operation->shape->layout);
    call->is_starved = !call->answer;
    return !call->is_starved;
}

/* The first fault in the reply's bytes; of kind NONE while there is none. */
static enum repay_kind fault_of(const struct repay_call *call)
{
    if (call->answer)
        return call->answer->fault.kind;
    return call->is_starved ? REPAY_KIND_MEMORY : REPAY_KIND_NONE;
}

bool repay_call_reply_status(struct repay_call *call, int http_status)
{
    const struct repay_shape *shape = call->operation->shape;
    const struct repay_session *session = call->session;

    if (!takes_reply(call) || call->body_size > 0)
        return false;
    call->http_status = http_status;
    call->reply_began = true;
    if (!has_answer(call))
        return false;
    call->streams = shape->layout && !call->operation->is_write && repay_is_2xx(http_status);
    if (call->streams)
        repay_body_begin(&call->answer->body, shape, &call->answer->builder, session->wire_decimals,
                         session->zone_minutes, &call->answer->fault);
    return true;
}

static bool is_identity(struct repay_text value)
{
    return value.length == 0 || repay_text_equal_fold(value, REPAY_TEXT("identity"));
}

bool repay_call_reply_field(struct repay_call *call, struct repay_text name,
                            struct repay_text value)
{
    if (!takes_reply(call) || !call->reply_began || call->is_starved)
        return false;
    if (repay_text_equal_fold(name, REPAY_TEXT("retry-after"))) {
        call->retry_after_ms = repay_retry_after_ms(value, call->unix_ms);
        return true;
    }
    if (!repay_text_equal_fold(name, REPAY_TEXT("content-encoding")) || is_identity(value))
        return true;
    /* Outside 2xx the status still tells, so only the body is given up. */
    call->body_is_alien = true;
    if (!repay_is_2xx(call->http_status) || fault_of(call) != REPAY_KIND_NONE)
        return true;
    return repay_error_set(&call->answer->fault, REPAY_KIND_BAD_RESPONSE,
                           "the reply is encoded as \"%.*s\", which was not asked for",
                           value.length > 40 ? 40 : (int)value.length, value.data);
}

static bool collect(struct repay_call *call, const char *data, size_t length)
{
    struct repay_answer *answer = call->answer;
    size_t room = REPAY_COLLECT_MAX - answer->collected.length;

    if (call->body_is_alien)
        return true;
    if (length > room) {
        call->body_is_cut = true;
        length = room;
    }
    if (length == 0 || repay_bytes_append(&answer->collected, data, length))
        return true;
    return repay_error_set(&answer->fault, REPAY_KIND_MEMORY, "out of memory");
}

bool repay_call_reply_body(struct repay_call *call, const char *data, size_t length)
{
    if (!takes_reply(call) || !call->reply_began || fault_of(call) != REPAY_KIND_NONE)
        return false;
    if (length > (uint64_t)call->session->policy.body_size_max - call->body_size)
        return repay_error_set(&call->answer->fault, REPAY_KIND_TOO_LARGE,
                               "the reply is larger than %lld bytes",
                               (long long)call->session->policy.body_size_max);
    call->body_size += length;
    if (call->streams)
        return repay_body_feed(&call->answer->body, data, length);
    return collect(call, data, length);
}

static bool sink_head(void *context, int status)
{
    return repay_call_reply_status(context, status);
}

static bool sink_field(void *context, struct repay_text name, struct repay_text value)
{
    return repay_call_reply_field(context, name, value);
}

static bool sink_body(void *context, const char *data, size_t length)
{
    return repay_call_reply_body(context, data, length);
}

enum repay_http_state repay_call_feed(struct repay_call *call, const char *data, size_t length)
{
    struct repay_answer *answer;
    struct repay_error fault;

    if (!takes_reply(call))
        return REPAY_HTTP_STOPPED;
    call->fed = REPAY_HTTP_STOPPED;
    if (!has_answer(call))
        return call->fed;
    answer = call->answer;
    call->is_fed = true;
    answer->sink = (struct repay_http_sink){sink_head, sink_field, sink_body, call};
    repay_error_clear(&fault);
    if (length > 0)
        call->fed = repay_http_reply_feed(&answer->http, data, length, &fault);
    else
        call->fed = repay_http_reply_end(&answer->http, &fault);
    if (call->fed == REPAY_HTTP_BAD && answer->fault.kind == REPAY_KIND_NONE &&
        fault.kind != REPAY_KIND_NONE)
        answer->fault = fault;
    return call->fed;
}

bool repay_call_may_reuse(const struct repay_call *call)
{
    return call->is_fed && call->answer && !call->operation->is_write &&
           repay_http_reply_reusable(&call->answer->http);
}

/* Reads a collected reply as a whole. False: there is nothing that can be read, and why. */
static bool read_collected(struct repay_call *call, struct repay_error *fault)
{
    struct repay_body *body = &call->answer->body;
    const struct repay_bytes *collected = &call->answer->collected;

    if (call->body_is_cut)
        return repay_error_set(fault, REPAY_KIND_BAD_RESPONSE,
                               "the reply is larger than %u bytes and was not read",
                               REPAY_COLLECT_MAX);
    repay_body_begin(body, call->operation->shape, NULL, call->session->wire_decimals,
                     call->session->zone_minutes, fault);
    if (collected->length > 0 && !repay_body_feed(body, collected->data, collected->length))
        return false;
    return repay_body_end(body);
}

/*
 * Has the provider's judge look at a whole reply. A 2xx that cannot be read is the reader's fault
 * report; any other status is judged without a body then.
 */
static enum repay_judgement judge(struct repay_call *call, struct repay_error *error)
{
    static const struct repay_envelope nothing;
    struct repay_task task;
    struct repay_reply reply = {.http_status = call->http_status, .task = &task};
    struct repay_error fault;

    repay_error_clear(&fault);
    repay_call_task(call, &task);
    reply.envelope = &call->answer->body.envelope;
    if (call->streams) {
        if (!repay_body_end(&call->answer->body)) {
            *error = call->answer->fault;
            return REPAY_JUDGED_UNCLEAR;
        }
    } else if (!read_collected(call, &fault)) {
        if (repay_is_2xx(call->http_status) || fault.kind == REPAY_KIND_MEMORY) {
            *error = fault;
            return REPAY_JUDGED_UNCLEAR;
        }
        reply.envelope = &nothing;
    }
    return call->operation->judge(&reply, call->receipt, error);
}

static const char *words_of_kind(enum repay_kind kind)
{
    switch (kind) {
    case REPAY_KIND_DNS:
        return "the host's name could not be looked up";
    case REPAY_KIND_CONNECT:
        return "no connection could be made";
    case REPAY_KIND_TLS:
        return "no secure connection could be made";
    case REPAY_KIND_TIMEOUT:
        return "no answer came in time";
    case REPAY_KIND_CONNECTION_LOST:
        return "the connection was lost";
    case REPAY_KIND_TOO_LARGE:
        return "the reply is too large";
    case REPAY_KIND_CANCELLED:
        return "the call was cancelled";
    case REPAY_KIND_MEMORY:
        return "out of memory";
    case REPAY_KIND_AUTH:
        return "the credentials were not accepted";
    case REPAY_KIND_RATE_LIMITED:
        return "too many requests";
    case REPAY_KIND_REJECTED:
        return "the repayment was rejected";
    case REPAY_KIND_UNAVAILABLE:
        return "the provider is not available";
    case REPAY_KIND_BAD_RESPONSE:
        return "the reply is not the provider's";
    default:
        return "the request was not accepted";
    }
}

/* Sets the message only: repay_error_set would clear the facts that are there already. */
static void set_message(struct repay_error *error, const char *words, int http_status)
{
    struct repay_error composed;

    (void)repay_error_set(&composed, error->kind, "%s (HTTP %d)", words, http_status);
    memcpy(error->message, composed.message, sizeof error->message);
}

static void redact_text(const struct repay_call *call, char *text)
{
    if (text[0] == '\0')
        return;
    repay_session_redact(call->session, text, strlen(text));
}

/* From here on no text of the error can hold a credential. */
static void redact_error(const struct repay_call *call, struct repay_error *error)
{
    redact_text(call, error->message);
    redact_text(call, error->provider_message);
    redact_text(call, error->provider_code);
    redact_text(call, error->field);
}

static void redact_receipt(const struct repay_call *call, struct repay_receipt *receipt)
{
    if (!receipt)
        return;
    redact_text(call, receipt->id);
    redact_text(call, receipt->reference);
    redact_text(call, receipt->verification_status);
    redact_text(call, receipt->provider_message);
}

static void set_hint(const struct repay_call *call, struct repay_error *error)
{
    const char *hint = NULL;

    if (!call->session->provider)
        return;
    if (error->kind == REPAY_KIND_NOT_FOUND && repay_uuid_is(repay_call_subject(call)))
        hint = call->session->provider->not_found_hint;
    else if (error->http_status >= 300 && error->http_status <= 399)
        hint = "redirects are never followed; look at base_url";
    else if (error->http_status == 404 && error->kind == REPAY_KIND_BAD_RESPONSE)
        hint = "look at base_url: the provider itself does not answer like this";
    else if (call->operation->is_write && error->outcome == REPAY_OUTCOME_UNKNOWN)
        hint = "the repayment may have been recorded: look before it is sent again";
    if (hint)
        repay_error_copy(error->hint, sizeof error->hint, repay_text_of(hint));
}

/*
 * Kind and message where the judge left them open. A 404 that is not in the provider's own words
 * says nothing about a loan: more often the path before it is wrong.
 */
static void complete_judged(const struct repay_call *call, enum repay_judgement judgement,
                            struct repay_error *error)
{
    char words[WORDS_MAX + 1];

    if (error->kind == REPAY_KIND_NONE) {
        error->kind = repay_kind_of_status(call->http_status);
        if (judgement == REPAY_JUDGED_UNCLEAR && error->kind == REPAY_KIND_NOT_FOUND)
            error->kind = REPAY_KIND_BAD_RESPONSE;
    }
    redact_error(call, error);
    if (error->message[0] != '\0')
        return;
    if (error->provider_message[0] == '\0') {
        set_message(error, words_of_kind(error->kind), call->http_status);
        return;
    }
    repay_error_copy(words, sizeof words, repay_text_of(error->provider_message));
    set_message(error, words, call->http_status);
}

/* A driver's "Connection reset by peer" wants a beginning; its "no reply in time" says it all. */
static bool detail_needs_words(enum repay_kind kind)
{
    return kind == REPAY_KIND_DNS || kind == REPAY_KIND_CONNECT || kind == REPAY_KIND_TLS ||
           kind == REPAY_KIND_CONNECTION_LOST;
}

/*
 * The error of an attempt that brought no whole reply: by the bytes if they were wrong, else by the
 * end.
 */
static void complete_broken(const struct repay_call *call, const struct repay_end *end,
                            struct repay_error *error)
{
    char detail[REPAY_ERROR_MESSAGE_MAX + 1];
    enum repay_kind kind;

    if (!call->session->provider) {
        (void)repay_error_set(error, REPAY_KIND_CANCELLED, "the client was closed");
        return;
    }
    if (call->is_starved) {
        (void)repay_error_set(error, REPAY_KIND_MEMORY, "out of memory");
        return;
    }
    if (fault_of(call) != REPAY_KIND_NONE) {
        *error = call->answer->fault;
        redact_error(call, error);
        return;
    }
    kind = end->kind != REPAY_KIND_NONE ? end->kind : REPAY_KIND_CONNECTION_LOST;
    repay_error_copy(detail, sizeof detail, end->detail);
    if (detail[0] == '\0' || kind == REPAY_KIND_CANCELLED)
        (void)repay_error_set(error, kind, "%s", words_of_kind(kind));
    else if (detail_needs_words(kind))
        (void)repay_error_set(error, kind, "%s: %s", words_of_kind(kind), detail);
    else
        (void)repay_error_set(error, kind, "%s", detail);
    redact_error(call, error);
}

struct repay_verdict repay_call_reply_judge(struct repay_call *call, const struct repay_end *end)
{
    bool is_whole = call->session->provider && end->kind == REPAY_KIND_NONE && call->reply_began &&
                    call->fed == REPAY_HTTP_DONE && fault_of(call) == REPAY_KIND_NONE;
    /* A driver that contradicts itself has proven nothing. */
    bool is_proven_unsent =
        !call->reply_began && end->kind != REPAY_KIND_NONE && end->sent == REPAY_SENT_NO;
    struct repay_outcome_facts facts = {
        .is_write = call->operation->is_write,
        .keys_honoured = call->session->keys_honoured,
        .reply_is_whole = is_whole,
        .sent = is_proven_unsent ? REPAY_SENT_NO : REPAY_SENT_MAYBE,
        .http_status = call->http_status,
        .judgement = REPAY_JUDGED_UNCLEAR,
    };
    struct repay_verdict verdict = {
        .never_sent = is_proven_unsent,
        .connection_was_reused = !call->reply_began && end->connection_was_reused,
    };

    struct repay_error error;

    repay_error_clear(&error);
    if (is_whole) {
        facts.judgement = judge(call, &error);
        if (facts.judgement == REPAY_JUDGED_ACCEPTED) {
            redact_receipt(call, call->receipt);
            verdict.accepted = true;
            return verdict;
        }
        complete_judged(call, facts.judgement, &error);
    } else {
        complete_broken(call, end, &error);
    }
    if (call->receipt)
        repay_receipt_clear(call->receipt);
    error.http_status = call->http_status;
    error.retry_after_ms = call->retry_after_ms;
    error.outcome = repay_outcome_decide(&facts);
    set_hint(call, &error);
    repay_call_keep_error(call, &error);
    return verdict;
}
