/*
 * Owns the table of the project's semantics that says what is known about the money after an
 * attempt. Refuses to guess: what is neither proof of success, nor the provider's own refusal, nor
 * proof that nothing left, is unknown.
 */
#include "outcome.h"

/* The statuses under which the provider's own refusal counts as one. */
static bool status_may_refuse(int status)
{
    return repay_is_2xx(status) || status == 400 || status == 403 || status == 404 || status == 422;
}

enum repay_outcome repay_outcome_decide(const struct repay_outcome_facts *facts)
{
    if (!facts->reply_is_whole) {
        return facts->sent == REPAY_SENT_NO ? REPAY_OUTCOME_NOT_SENT : REPAY_OUTCOME_UNKNOWN;
    }
    if (facts->http_status == 401)
        return REPAY_OUTCOME_NOT_SENT;
    if (facts->http_status == 429) {
        /* Without a proven key nobody can tell a limit before the work from one after it. */
        bool is_doubtful = facts->is_write && !facts->keys_honoured;
        return is_doubtful ? REPAY_OUTCOME_UNKNOWN : REPAY_OUTCOME_NOT_SENT;
    }
    if (facts->judgement == REPAY_JUDGED_REFUSED && status_may_refuse(facts->http_status))
        return REPAY_OUTCOME_REFUSED;
    return REPAY_OUTCOME_UNKNOWN;
}

/*
 * A read that was sent has been answered in part, and nobody knows what the rest would have said. A
 * write stands as its last attempt left it: only a failure that may be repeated comes here again.
 */
enum repay_outcome repay_outcome_without_attempt(const struct repay_outcome_past *past)
{
    if (past->was_sent && past->has_failed)
        return past->last;
    return past->was_sent && !past->is_write ? REPAY_OUTCOME_UNKNOWN : REPAY_OUTCOME_NOT_SENT;
}

enum repay_kind repay_kind_of_status(int http_status)
{
    switch (http_status) {
    case 400:
    case 422:
        return REPAY_KIND_VALIDATION;
    case 401:
        return REPAY_KIND_AUTH;
    case 402:
        return REPAY_KIND_REJECTED;
    case 403:
        return REPAY_KIND_FORBIDDEN;
    case 404:
        return REPAY_KIND_NOT_FOUND;
    case 408:
    case 425:
        return REPAY_KIND_UNAVAILABLE;
    case 409:
        return REPAY_KIND_CONFLICT;
    case 429:
        return REPAY_KIND_RATE_LIMITED;
    default:
        break;
    }
    if (http_status >= 500 && http_status <= 599)
        return REPAY_KIND_UNAVAILABLE;
    if (http_status >= 405 && http_status <= 499)
        return REPAY_KIND_PROVIDER_ERROR;
    return REPAY_KIND_BAD_RESPONSE;
}
