/*
 * What the tests of a call share beyond the rig: calls that are ready to be sent, and how one looks
 * that has failed.
 */
#ifndef REPAY_TEST_CALL_RIG_H
#define REPAY_TEST_CALL_RIG_H

#include "call_support.h"

#define CUSTOMER "123e4567-e89b-12d3-a456-426614174000"
#define CARBON_OK                                                                                  \
    "{\"status\":\"success\",\"data\":{\"schedule\":[{\"dueDate\":\"2025-02-15\",\"totalDue\":5,"  \
    "\"paidAmount\":0}]}}"
#define REPAY_OK "{\"status\":\"SUCCESS\",\"data\":{\"id\":\"r-1\",\"repaymentAmount\":50000}}"

static inline void open_read(struct rig *rig)
{
    rig_init(rig, "carbon");
    CHECK(rig_open(rig));
    CHECK(rig_begin(rig, "schedule"));
    CHECK(rig_text(rig, "loan_id", "LOAN_1"));
    CHECK(rig_prepare(rig));
}

static inline void open_write(struct rig *rig)
{
    rig_init(rig, "fincode");
    CHECK(rig_open(rig));
    CHECK(rig_begin(rig, "repay"));
    CHECK(rig_text(rig, "customer_id", CUSTOMER));
    CHECK(rig_text(rig, "account_id", "account-1"));
    CHECK(rig_text(rig, "bank_account_id", "bank-1"));
    CHECK(rig_amount(rig, 5000000));
    CHECK(rig_prepare(rig));
}

static inline void open_pending(struct rig *rig)
{
    rig_init(rig, "fincode");
    rig->options.policy.retry_base_ms = 0;
    CHECK(rig_open(rig));
    CHECK(rig_begin(rig, "pending"));
    CHECK(rig_text(rig, "user_id", CUSTOMER));
    CHECK(rig_prepare(rig));
}

/* Answers with rows numbered from `first`. */
static inline void reply_page(struct rig *rig, int first, int count)
{
    static char room[32 << 10];
    size_t at = 0;

    at += (size_t)snprintf(room, sizeof room, "{\"status\":\"SUCCESS\",\"data\":[");
    for (int i = 0; i < count; i++)
        at += (size_t)snprintf(room + at, sizeof room - at,
                               "%s{\"loanApplicationId\":\"a-1\",\"installmentNumber\":%d,"
                               "\"dueDate\":\"2024-03-15\",\"amountDue\":%d}",
                               i > 0 ? "," : "", first + i, 100 + i);
    (void)snprintf(room + at, sizeof room - at, "]}");
    rig_reply(rig, 200, room);
}

static inline void end(struct rig *rig)
{
    rig_end_call(rig);
    rig_close(rig);
}

static inline struct repay_text header(const struct rig *rig, const char *name)
{
    const struct repay_request *request = repay_call_request(&rig->call);

    for (uint32_t i = 0; i < request->header_count; i++) {
        if (repay_text_is(repay_request_text(request, request->headers[i].name), name))
            return repay_request_text(request, request->headers[i].value);
    }
    return REPAY_NO_TEXT;
}

static inline void copy(char *out, size_t size, struct repay_text text)
{
    (void)snprintf(out, size, "%.*s", (int)text.length, text.data ? text.data : "");
}

static inline void expect_failed(struct rig *rig, enum repay_kind kind, enum repay_outcome outcome)
{
    CHECK_INT(rig_next(rig), REPAY_STEP_FAILED);
    CHECK_TEXT(repay_kind_name(rig->call.error->kind), repay_kind_name(kind));
    CHECK_TEXT(repay_outcome_name(rig->call.error->outcome), repay_outcome_name(outcome));
    CHECK(rig->call.error->message[0] != '\0');
    CHECK_INT(rig->call.stage, REPAY_CALL_ENDED_BADLY);
    CHECK_INT(repay_call_request(&rig->call)->header_count, 0);
}

#endif
