/*
 * What a call costs and what it does without memory: its size while it waits, answers that go
 * round, errors that cannot be kept, and every allocation failing in turn.
 */
#include "call_rig.h"

/* A call waits for its reply far longer than it is read, so this is what many of them cost. */
static void test_what_waits_is_small(void)
{
    struct rig rig;
    size_t before;

    open_read(&rig);
    before = rig.memory.live_bytes;
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    CHECK(sizeof rig.call <= 1536);
    /* The request and the texts of its arguments; the session holds the rest. */
    CHECK_INT(rig.memory.live_bytes, before);
    CHECK(rig.call.request.bytes.capacity + rig.call.texts.capacity <= 640);
    CHECK(rig.call.answer == NULL && rig.call.fault == NULL && rig.call.receipt == NULL);
    end(&rig);
}

/* Of calls that are answered one after the other, the second makes nothing anew. */
static void test_answers_go_round(void)
{
    struct rig rig;
    size_t blocks = 0;

    open_read(&rig);
    for (int i = 0; i < 3; i++) {
        unsigned long requests = rig.memory.requests;
        struct repay_schedule *schedule;

        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        rig_reply(&rig, 200, CARBON_OK);
        CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
        schedule = rig_take(&rig);
        CHECK_INT(schedule->rows, 1);
        rig_drop(schedule);
        repay_call_drop_answer(&rig.call);
        CHECK(repay_call_rows(&rig.call) == NULL);
        if (i == 0)
            blocks = rig.memory.live_blocks;
        else
            CHECK_INT(rig.memory.requests, requests);
        CHECK_INT(rig.memory.live_blocks, blocks);
        repay_call_clear(&rig.call);
        repay_call_begin(&rig.call, &rig.session,
                         repay_operation_find(rig.session.provider, REPAY_TEXT("schedule")));
        CHECK(rig_text(&rig, "loan_id", "LOAN_1"));
        CHECK(rig_prepare(&rig));
    }
    end(&rig);
}

/* Answers that were taken at once are all kept for the next, up to a ceiling. */
static void test_spare_answers(void)
{
    enum { MANY = REPAY_ANSWERS_SPARE_MAX + 3 };
    struct repay_answer *taken[MANY];
    struct rig rig;
    size_t held;

    open_read(&rig);
    for (int i = 0; i < MANY; i++)
        taken[i] = repay_answers_take(rig.answers, NULL);
    held = rig.memory.live_blocks;
    for (int i = 0; i < MANY; i++)
        repay_answers_give(rig.answers, taken[i]);
    repay_answers_give(rig.answers, NULL);
    CHECK_INT(rig.memory.live_blocks, held - 3);
    CHECK(repay_answers_take(rig.answers, NULL) == taken[REPAY_ANSWERS_SPARE_MAX - 1]);
    repay_answers_give(rig.answers, taken[REPAY_ANSWERS_SPARE_MAX - 1]);
    end(&rig);
}

/* Without memory for a reply, the driver is told to stop and the error says why. */
static void test_no_memory_for_a_reply(void)
{
    struct repay_end whole = {.kind = REPAY_KIND_NONE, .sent = REPAY_SENT_MAYBE};

    for (int fed = 0; fed < 2; fed++) {
        struct rig rig;

        open_read(&rig);
        CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
        test_allocator_fail(&rig.memory, 1, true);
        if (fed)
            CHECK_INT(repay_call_feed(&rig.call, "HTTP/1.1 200 OK", 15), REPAY_HTTP_STOPPED);
        else
            CHECK(!repay_call_reply_status(&rig.call, 200));
        CHECK(!repay_call_reply_field(&rig.call, REPAY_TEXT("retry-after"), REPAY_TEXT("1")));
        CHECK(!repay_call_reply_body(&rig.call, "{}", 2));
        repay_call_end(&rig.call, &whole, rig.now_ms, rig.unix_ms);
        expect_failed(&rig, REPAY_KIND_MEMORY, REPAY_OUTCOME_UNKNOWN);
        CHECK_TEXT(rig.call.error->message, "out of memory");
        CHECK_INT(rig.call.error->offset, -1);
        CHECK_INT(rig.call.error->retry_after_ms, -1);
        end(&rig);
    }
}

/* What a repayment ended with is told whole even then: its room was made before it was sent. */
static void test_no_memory_for_an_error(void)
{
    struct rig rig;

    open_write(&rig);
    CHECK(rig.call.receipt != NULL && rig.call.fault != NULL);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    test_allocator_fail(&rig.memory, 1, true);
    rig_fail(&rig, REPAY_KIND_TIMEOUT, REPAY_SENT_MAYBE);
    expect_failed(&rig, REPAY_KIND_TIMEOUT, REPAY_OUTCOME_UNKNOWN);
    CHECK(strstr(rig.call.error->hint, "look before it is sent again") != NULL);
    end(&rig);

    open_read(&rig);
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    test_allocator_fail(&rig.memory, 1, true);
    rig_fail(&rig, REPAY_KIND_TLS, REPAY_SENT_NO);
    expect_failed(&rig, REPAY_KIND_MEMORY, REPAY_OUTCOME_NOT_SENT);
    end(&rig);
}

/* One whole run; false when it ended for lack of memory. */
static bool run_with_little_memory(struct rig *rig, const char *provider, const char *operation)
{
    bool is_write = strcmp(operation, "repay") == 0;
    bool began = rig_open(rig) && rig_begin(rig, operation);
    enum repay_step step = REPAY_STEP_FAILED;

    if (!began) {
        CHECK_INT(rig->error.kind, rig->answers ? REPAY_KIND_MEMORY : REPAY_KIND_NONE);
        rig_close(rig);
        return false;
    }
    if (is_write)
        began = rig_text(rig, "customer_id", CUSTOMER) && rig_text(rig, "account_id", "a") &&
                rig_text(rig, "bank_account_id", "b") && rig_amount(rig, 5000000);
    else
        began = rig_text(rig, strcmp(provider, "carbon") == 0 ? "loan_id" : "user_id", CUSTOMER);
    if (began && rig_prepare(rig)) {
        rig->error.kind = REPAY_KIND_MEMORY;
        for (step = rig_next(rig); step == REPAY_STEP_SEND; step = rig_next(rig)) {
            if (rig->call.page == 1 && rig->call.attempt_count == 0 && !is_write)
                rig_reply(rig, 503, "{\"status\":\"FAILED\",\"message\":\"later\"}");
            else if (is_write)
                rig_reply_in(rig, 200, repay_text_of(REPAY_OK), 3);
            else if (strcmp(provider, "carbon") == 0)
                rig_reply_in(rig, 200, fixture_read("carbon", "unknown_members.200.json"), 11);
            else
                reply_page(rig, rig->call.page * 50,
                           rig->call.page < 3    ? 50
                           : rig->call.page == 3 ? 3
                                                 : 0);
        }
        if (step == REPAY_STEP_FAILED) {
            CHECK_INT(rig->call.error->kind, REPAY_KIND_MEMORY);
            /* What was sent and could not be read for lack of memory is not called refused. */
            CHECK(rig->call.error->outcome != REPAY_OUTCOME_REFUSED);
        }
    } else {
        CHECK_INT(rig->error.kind, REPAY_KIND_MEMORY);
    }
    rig_end_call(rig);
    rig_close(rig);
    return step == REPAY_STEP_DONE;
}

static void test_memory(const char *provider, const char *operation)
{
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        for (unsigned long nth = 1; nth < 1000; nth++) {
            struct rig rig;
            bool finished;
            rig_init(&rig, provider);
            rig.options.policy.retry_base_ms = 0;
            test_allocator_fail(&rig.memory, nth, for_ever);
            finished = run_with_little_memory(&rig, provider, operation);
            if (rig.memory.failures == 0) {
                CHECK(finished);
                CHECK(nth > 5);
                break;
            }
            CHECK(!finished || !for_ever);
        }
    }
}

int main(void)
{
    test_what_waits_is_small();
    test_answers_go_round();
    test_spare_answers();
    test_no_memory_for_a_reply();
    test_no_memory_for_an_error();
    test_memory("carbon", "schedule");
    test_memory("fincode", "pending");
    test_memory("fincode", "repay");
    return CHECK_REPORT();
}
