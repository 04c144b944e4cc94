/*
 * An answer in pages: where they end, what a page that fails leaves behind, how many are followed.
 */
#include "call_rig.h"

static bool asks_for_page(const struct rig *rig, int page)
{
    char expected[32];
    struct repay_text target = repay_request_text(&rig->call.request, rig->call.request.target);

    (void)snprintf(expected, sizeof expected, "?page=%d&size=50", page);
    return repay_text_contains_fold(target, repay_text_of(expected));
}

static void test_pages(void)
{
    struct rig rig;
    struct repay_schedule *schedule;
    char keys[3][64];

    open_pending(&rig);
    for (int page = 1; page <= 3; page++) {
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        CHECK(asks_for_page(&rig, page));
        copy(keys[page - 1], sizeof keys[0], header(&rig, "x-idempotency-key"));
        reply_page(&rig, page * 50 - 49, page < 3 ? 50 : 7);
    }
    /* A short page is no proof that it was the last: a tenant may give fewer than were asked for. */
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(asks_for_page(&rig, 4));
    reply_page(&rig, 108, 0);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    CHECK(strcmp(keys[0], keys[1]) != 0 && strcmp(keys[1], keys[2]) != 0);
    schedule = rig_take(&rig);
    CHECK_INT(schedule->rows, 107);
    CHECK_INT(repay_schedule_number(schedule, 0), 1);
    CHECK_INT(repay_schedule_number(schedule, 106), 107);
    CHECK_INT(rig.call.attempt_count, 1);
    rig_drop(schedule);
    end(&rig);

    /* An empty page ends it. */
    open_pending(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    reply_page(&rig, 1, 50);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    reply_page(&rig, 51, 0);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    CHECK_INT(repay_call_rows(&rig.call)->rows, 50);
    end(&rig);

    /* A server that ignores the number gives the same page again, of the size asked or larger. */
    for (int size = 50; size <= 120; size += 70) {
        open_pending(&rig);
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        reply_page(&rig, 1, size);
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        CHECK(asks_for_page(&rig, 2));
        reply_page(&rig, 1, size);
        CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
        CHECK_INT(repay_call_rows(&rig.call)->rows, size);
        end(&rig);
    }
}

static void test_failing_pages(void)
{
    struct rig rig;

    /* Page two fails half-way, then comes whole: no row of the failed attempt is left. */
    open_pending(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    reply_page(&rig, 1, 50);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(repay_call_reply_status(&rig.call, 200));
    const char *half = "{\"status\":\"SUCCESS\",\"data\":[{\"installmentNumber\":51},{\"inst";
    CHECK(repay_call_reply_body(&rig.call, half, strlen(half)));
    rig_fail(&rig, REPAY_KIND_CONNECTION_LOST, REPAY_SENT_MAYBE);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(asks_for_page(&rig, 2));
    CHECK_INT(rig.call.attempt_count, 1);
    reply_page(&rig, 51, 2);
    CHECK_INT(rig.call.page, 3);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    reply_page(&rig, 53, 0);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    CHECK_INT(repay_call_rows(&rig.call)->rows, 52);
    CHECK_INT(rig.call.attempt_count, 1);
    end(&rig);

    /* Page two never comes: the call has failed, whatever page one brought. */
    open_pending(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    reply_page(&rig, 1, 50);
    for (int attempt = 0; attempt < 3; attempt++) {
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        rig_reply(&rig, 503, "");
    }
    expect_failed(&rig, REPAY_KIND_UNAVAILABLE, REPAY_OUTCOME_UNKNOWN);
    end(&rig);

    /* The time is that of the whole call. */
    open_pending(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    reply_page(&rig, 1, 50);
    rig.now_ms += 120000;
    expect_failed(&rig, REPAY_KIND_TIMEOUT, REPAY_OUTCOME_UNKNOWN);
    end(&rig);

    /* Cancelled between two pages. */
    open_pending(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    reply_page(&rig, 1, 50);
    repay_call_cancel(&rig.call);
    expect_failed(&rig, REPAY_KIND_CANCELLED, REPAY_OUTCOME_UNKNOWN);
    end(&rig);
}

static void test_endless_pages(void)
{
    struct rig rig;
    int pages = 0;

    open_pending(&rig);
    while (rig_next(&rig) == REPAY_STEP_SEND) {
        reply_page(&rig, pages * 50 + 1, 50);
        pages++;
    }
    CHECK_INT(pages, REPAY_PAGES_MAX);
    expect_failed(&rig, REPAY_KIND_TOO_LARGE, REPAY_OUTCOME_UNKNOWN);
    end(&rig);
}

int main(void)
{
    test_pages();
    test_failing_pages();
    test_endless_pages();
    return CHECK_REPORT();
}
