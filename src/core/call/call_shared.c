/*
 * Owns what a call and the other calls of its client do to each other: whose turn it is, whether
 * anybody may send at all, who may still try again, and what is counted. Refuses to send through an
 * open breaker, ahead of a turn, or again on an empty budget.
 *
 * All of it is in the session and changes here alone, within one step of one call.
 */
#include "call_inner.h"

/*
 * Why nothing is sent. After an attempt its error says more, and the attempt's entry why none
 * followed.
 */
static enum repay_call_permit forbid(struct repay_call *call, enum repay_kind kind,
                                     enum repay_outcome outcome, const char *message,
                                     const char *reason, int64_t wait_ms)
{
    struct repay_error error;

    if (call->attempt_count > 0 && call->error->kind != REPAY_KIND_NONE) {
        call->attempts[call->attempt_count - 1].reason = reason;
        return REPAY_CALL_MAY_NOT_SEND;
    }
    (void)repay_error_set(&error, kind, "%s", message);
    error.outcome = outcome;
    error.retry_after_ms = wait_ms > 0 ? wait_ms : 0;
    repay_call_keep_error(call, &error);
    return REPAY_CALL_MAY_NOT_SEND;
}

enum repay_call_permit repay_call_ask_breaker(struct repay_call *call, enum repay_outcome outcome)
{
    const struct repay_breaker *breaker = &call->session->breaker;

    if (repay_breaker_ask(breaker, call->operation->is_write, call->now_ms) !=
        REPAY_BREAKER_REFUSES)
        return REPAY_CALL_MAY_SEND;
    return forbid(call, REPAY_KIND_BREAKER_OPEN, outcome,
                  "the last calls failed, so none is sent for a while", "breaker_open",
                  breaker->open_until_ms - call->now_ms);
}

enum repay_call_permit repay_call_take_turn(struct repay_call *call, enum repay_outcome outcome)
{
    struct repay_pace *pace = &call->session->pace;
    int64_t left_ms = call->deadline_ms - call->now_ms;
    int64_t wait_ms;

    if (call->has_turn && call->turn_halvings == pace->halvings) {
        call->has_turn = false;
        return REPAY_CALL_MAY_SEND;
    }
    wait_ms = repay_pace_take(pace, call->now_ms, left_ms);
    if (wait_ms == 0)
        return REPAY_CALL_MAY_SEND;
    if (wait_ms >= left_ms)
        return forbid(call, REPAY_KIND_TIMEOUT, outcome,
                      "at this rate its turn comes after the call's time", "no_time_left", wait_ms);
    call->has_turn = true;
    call->turn_halvings = pace->halvings;
    call->wait_ms = wait_ms;
    return REPAY_CALL_MAY_WAIT;
}

void repay_call_note_begun(struct repay_call *call)
{
    call->is_counted = true;
    call->session->stats.calls++;
}

void repay_call_note_attempt(struct repay_call *call)
{
    struct repay_session *session = call->session;

    if (session->breaker.is_open) {
        repay_breaker_begin_probe(&session->breaker, call->now_ms);
        call->is_probe = true;
    }
    call->was_sent = true;
    session->stats.attempts++;
}

enum health { HEALTH_GOOD, HEALTH_BAD, HEALTH_UNTOLD };

/*
 * What an attempt says about the provider and the way to it. A refusal, whatever its kind, comes
 * from a provider that is well; what this machine did to itself says nothing.
 */
static enum health health_of(const struct repay_call *call, const struct repay_verdict *verdict)
{
    if (verdict->accepted)
        return HEALTH_GOOD;
    if (verdict->connection_was_reused)
        return HEALTH_UNTOLD;
    switch (call->error->kind) {
    case REPAY_KIND_DNS:
    case REPAY_KIND_CONNECT:
    case REPAY_KIND_TLS:
    case REPAY_KIND_TIMEOUT:
    case REPAY_KIND_CONNECTION_LOST:
    case REPAY_KIND_UNAVAILABLE:
    case REPAY_KIND_BAD_RESPONSE:
        return HEALTH_BAD;
    case REPAY_KIND_CANCELLED:
    case REPAY_KIND_MEMORY:
    case REPAY_KIND_CONFIG:
    case REPAY_KIND_INVALID_ARGUMENT:
        return HEALTH_UNTOLD;
    default:
        return HEALTH_GOOD;
    }
}

static void report_health(struct repay_call *call, enum health health)
{
    struct repay_breaker *breaker = &call->session->breaker;

    if (health != HEALTH_UNTOLD)
        repay_breaker_report(breaker, call->is_probe, health == HEALTH_BAD, call->now_ms);
    else if (call->is_probe)
        repay_breaker_forget_probe(breaker);
    call->is_probe = false;
}

void repay_call_note_attempt_end(struct repay_call *call, const struct repay_end *end,
                                 const struct repay_verdict *verdict)
{
    struct repay_session *session = call->session;

    if (!session->provider)
        return;
    session->stats.bytes_received += call->body_size;
    session->stats.connections_opened += end->connection == REPAY_CONNECTION_OPENED;
    session->stats.connections_reused += end->connection == REPAY_CONNECTION_REUSED;
    report_health(call, health_of(call, verdict));
    if (verdict->accepted)
        repay_retry_budget_refund(&session->retry_budget);
    else if (call->error->kind == REPAY_KIND_RATE_LIMITED)
        repay_pace_slow_down(&session->pace, call->now_ms);
}

const char *repay_call_bars_retry(struct repay_call *call)
{
    struct repay_session *session = call->session;

    if (session->breaker.is_open)
        return "breaker_open";
    if (!repay_retry_budget_spend(&session->retry_budget, call->error->kind == REPAY_KIND_TIMEOUT))
        return "budget_used";
    return NULL;
}

void repay_call_note_retry(struct repay_call *call)
{
    call->session->stats.retries[call->error->kind]++;
}

void repay_call_note_end(struct repay_call *call, bool well)
{
    struct repay_session *session = call->session;

    if (!session || !session->provider)
        return;
    if (call->is_probe)
        repay_breaker_forget_probe(&session->breaker);
    call->is_probe = false;
    if (!call->is_counted)
        return;
    call->is_counted = false;
    if (well)
        session->stats.done++;
    else
        session->stats.failed++;
    /* A call that was never sent would tell how fast we refuse, not how fast the provider is. */
    if (call->was_sent)
        repay_stats_latency(&session->stats, call->now_ms - call->begin_ms);
}
