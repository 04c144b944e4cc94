/*
 * Owns the decision whether another attempt follows, how long to wait before it, and the random
 * sequence that waits are drawn from. Refuses to repeat a write that may have arrived.
 */
#include "retry.h"

#include "date.h"

static struct repay_retry_decision stop(const char *reason)
{
    return (struct repay_retry_decision){false, 0, reason};
}

static struct repay_retry_decision again(int64_t wait_ms, const char *reason)
{
    return (struct repay_retry_decision){true, wait_ms, reason};
}

/*
 * Faults that pass by themselves. A TLS fault is not among them: a certificate that is wrong now is
 * wrong in half a second, and trying again hides it behind waits.
 */
static bool is_passing(enum repay_kind kind)
{
    switch (kind) {
    case REPAY_KIND_DNS:
    case REPAY_KIND_CONNECT:
    case REPAY_KIND_TIMEOUT:
    case REPAY_KIND_CONNECTION_LOST:
    case REPAY_KIND_UNAVAILABLE:
    case REPAY_KIND_RATE_LIMITED:
        return true;
    default:
        return false;
    }
}

/*
 * The highest wait before the attempt that follows number `attempt`: base, doubled, up to the cap.
 */
static int64_t wait_ceiling(const struct repay_retry_facts *facts)
{
    int64_t ceiling = facts->base_ms;

    for (int32_t i = 1; i < facts->attempt && ceiling < facts->cap_ms; i++)
        ceiling *= 2;
    if (ceiling > facts->cap_ms)
        ceiling = facts->cap_ms;
    return ceiling > 0 ? ceiling : 0;
}

static int64_t wait_before_next(const struct repay_retry_facts *facts)
{
    if (facts->retry_after_ms >= 0) {
        if (facts->retry_after_ms > REPAY_RETRY_AFTER_MAX_MS)
            return REPAY_RETRY_AFTER_MAX_MS;
        return facts->retry_after_ms;
    }
    return (int64_t)(facts->random % ((uint64_t)wait_ceiling(facts) + 1));
}

struct repay_retry_decision repay_retry_decide(const struct repay_retry_facts *facts)
{
    int64_t wait_ms;

    if (facts->is_write) {
        if (facts->http_status != 0)
            return stop("write_was_answered");
        if (!facts->never_sent)
            return stop("write_may_have_arrived");
    } else if (facts->connection_was_reused && !facts->reused_before) {
        /* The server had closed an idle connection: no fault of this request, so no wait. */
        return facts->left_ms > 0 ? again(0, "reused_connection_died") : stop("no_time_left");
    }
    if (!is_passing(facts->kind))
        return stop("lasting_fault");
    if (facts->attempt >= facts->attempts_max)
        return stop("attempts_used");
    wait_ms = wait_before_next(facts);
    if (wait_ms >= facts->left_ms)
        return stop("no_time_left");
    return again(wait_ms, facts->retry_after_ms >= 0 ? "provider_asked" : "passing_fault");
}

int64_t repay_retry_after_ms(struct repay_text value, int64_t unix_ms)
{
    const int64_t seconds_max = REPAY_RETRY_AFTER_MAX_MS / 1000;
    int64_t seconds = 0;
    int64_t moment;
    size_t i = 0;

    while (i < value.length && repay_is_digit(value.data[i])) {
        if (seconds <= seconds_max)
            seconds = seconds * 10 + (value.data[i] - '0');
        i++;
    }
    if (i > 0 && i == value.length)
        return seconds < seconds_max ? seconds * 1000 : REPAY_RETRY_AFTER_MAX_MS;
    if (!repay_http_date_read(value, &moment))
        return -1;
    if (moment <= unix_ms)
        return 0;
    if (unix_ms < moment - REPAY_RETRY_AFTER_MAX_MS)
        return REPAY_RETRY_AFTER_MAX_MS;
    return moment - unix_ms;
}

uint64_t repay_random_next(uint64_t *state)
{
    uint64_t mixed;

    *state += 0x9e3779b97f4a7c15u;
    mixed = *state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}
