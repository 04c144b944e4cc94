/*
 * The table of outcomes, whole: every status from 0 to 599, every judgement, reads and writes, keys
 * honoured and not, with a reply and without one.
 */
#include "outcome.h"

#include "check.h"

static bool may_refuse(int status)
{
    return (status >= 200 && status < 300) || status == 400 || status == 403 || status == 404 ||
           status == 422;
}

/* The same table written the other way round: by row of the page. */
static enum repay_outcome expected(const struct repay_outcome_facts *facts)
{
    if (!facts->reply_is_whole && facts->sent == REPAY_SENT_NO)
        return REPAY_OUTCOME_NOT_SENT;
    if (facts->reply_is_whole && facts->http_status == 401)
        return REPAY_OUTCOME_NOT_SENT;
    if (facts->reply_is_whole && facts->http_status == 429 &&
        (facts->keys_honoured || !facts->is_write))
        return REPAY_OUTCOME_NOT_SENT;
    if (facts->reply_is_whole && facts->http_status != 429 && may_refuse(facts->http_status) &&
        facts->judgement == REPAY_JUDGED_REFUSED)
        return REPAY_OUTCOME_REFUSED;
    return REPAY_OUTCOME_UNKNOWN;
}

static void test_table(void)
{
    for (int bits = 0; bits < 16; bits++) {
        for (int judgement = REPAY_JUDGED_REFUSED; judgement <= REPAY_JUDGED_UNCLEAR; judgement++) {
            for (int status = 0; status < 600; status++) {
                struct repay_outcome_facts facts = {
                    .is_write = bits & 1,
                    .keys_honoured = bits & 2,
                    .reply_is_whole = bits & 4,
                    .sent = bits & 8 ? REPAY_SENT_MAYBE : REPAY_SENT_NO,
                    .http_status = status,
                    .judgement = (enum repay_judgement)judgement,
                };
                CHECK_INT(repay_outcome_decide(&facts), expected(&facts));
            }
        }
    }
}

/* The rows of the page, one by one, so that the loop above cannot agree with a shared mistake. */
static void test_rows(void)
{
    struct repay_outcome_facts write = {.is_write = true, .judgement = REPAY_JUDGED_UNCLEAR};

    CHECK_INT(repay_outcome_decide(&write), REPAY_OUTCOME_NOT_SENT);
    write.sent = REPAY_SENT_MAYBE;
    CHECK_INT(repay_outcome_decide(&write), REPAY_OUTCOME_UNKNOWN);
    write.reply_is_whole = true;
    write.http_status = 401;
    CHECK_INT(repay_outcome_decide(&write), REPAY_OUTCOME_NOT_SENT);
    write.http_status = 429;
    CHECK_INT(repay_outcome_decide(&write), REPAY_OUTCOME_UNKNOWN);
    write.keys_honoured = true;
    CHECK_INT(repay_outcome_decide(&write), REPAY_OUTCOME_NOT_SENT);
    write.judgement = REPAY_JUDGED_REFUSED;
    write.http_status = 422;
    CHECK_INT(repay_outcome_decide(&write), REPAY_OUTCOME_REFUSED);
    write.http_status = 200;
    CHECK_INT(repay_outcome_decide(&write), REPAY_OUTCOME_REFUSED);
    /* A refusal under a status that may come after the work is not believed. */
    write.http_status = 500;
    CHECK_INT(repay_outcome_decide(&write), REPAY_OUTCOME_UNKNOWN);
    write.http_status = 409;
    CHECK_INT(repay_outcome_decide(&write), REPAY_OUTCOME_UNKNOWN);
    write.http_status = 402;
    CHECK_INT(repay_outcome_decide(&write), REPAY_OUTCOME_UNKNOWN);
    /* A 4xx without the provider's envelope. */
    write.judgement = REPAY_JUDGED_UNCLEAR;
    write.http_status = 422;
    CHECK_INT(repay_outcome_decide(&write), REPAY_OUTCOME_UNKNOWN);
    write.http_status = 302;
    CHECK_INT(repay_outcome_decide(&write), REPAY_OUTCOME_UNKNOWN);
    /* Half a refusal is none. */
    write.reply_is_whole = false;
    write.judgement = REPAY_JUDGED_REFUSED;
    CHECK_INT(repay_outcome_decide(&write), REPAY_OUTCOME_UNKNOWN);
}

/* No attempt begins, or none may follow. */
static void test_without_attempt(void)
{
    struct repay_outcome_past past = {.last = REPAY_OUTCOME_UNKNOWN};

    for (int is_write = 0; is_write < 2; is_write++) {
        past = (struct repay_outcome_past){.is_write = is_write};
        CHECK_INT(repay_outcome_without_attempt(&past), REPAY_OUTCOME_NOT_SENT);
        /* A fault that is older than the first attempt says nothing of one. */
        past.has_failed = true;
        past.last = REPAY_OUTCOME_UNKNOWN;
        CHECK_INT(repay_outcome_without_attempt(&past), REPAY_OUTCOME_NOT_SENT);
        past.was_sent = true;
        for (int last = REPAY_OUTCOME_NOT_SENT; last <= REPAY_OUTCOME_UNKNOWN; last++) {
            past.last = (enum repay_outcome)last;
            CHECK_INT(repay_outcome_without_attempt(&past), last);
        }
        past.has_failed = false;
        CHECK_INT(repay_outcome_without_attempt(&past),
                  is_write ? REPAY_OUTCOME_NOT_SENT : REPAY_OUTCOME_UNKNOWN);
    }
}

static void test_kinds(void)
{
    CHECK_INT(repay_kind_of_status(400), REPAY_KIND_VALIDATION);
    CHECK_INT(repay_kind_of_status(401), REPAY_KIND_AUTH);
    CHECK_INT(repay_kind_of_status(402), REPAY_KIND_REJECTED);
    CHECK_INT(repay_kind_of_status(403), REPAY_KIND_FORBIDDEN);
    CHECK_INT(repay_kind_of_status(404), REPAY_KIND_NOT_FOUND);
    CHECK_INT(repay_kind_of_status(405), REPAY_KIND_PROVIDER_ERROR);
    CHECK_INT(repay_kind_of_status(408), REPAY_KIND_UNAVAILABLE);
    CHECK_INT(repay_kind_of_status(409), REPAY_KIND_CONFLICT);
    CHECK_INT(repay_kind_of_status(418), REPAY_KIND_PROVIDER_ERROR);
    CHECK_INT(repay_kind_of_status(422), REPAY_KIND_VALIDATION);
    CHECK_INT(repay_kind_of_status(425), REPAY_KIND_UNAVAILABLE);
    CHECK_INT(repay_kind_of_status(429), REPAY_KIND_RATE_LIMITED);
    CHECK_INT(repay_kind_of_status(499), REPAY_KIND_PROVIDER_ERROR);
    CHECK_INT(repay_kind_of_status(500), REPAY_KIND_UNAVAILABLE);
    CHECK_INT(repay_kind_of_status(503), REPAY_KIND_UNAVAILABLE);
    CHECK_INT(repay_kind_of_status(599), REPAY_KIND_UNAVAILABLE);
    CHECK_INT(repay_kind_of_status(301), REPAY_KIND_BAD_RESPONSE);
    CHECK_INT(repay_kind_of_status(200), REPAY_KIND_BAD_RESPONSE);
    CHECK_INT(repay_kind_of_status(600), REPAY_KIND_BAD_RESPONSE);
    CHECK_INT(repay_kind_of_status(0), REPAY_KIND_BAD_RESPONSE);
    CHECK_INT(repay_kind_of_status(-1), REPAY_KIND_BAD_RESPONSE);
}

int main(void)
{
    test_table();
    test_rows();
    test_without_attempt();
    test_kinds();
    return CHECK_REPORT();
}
