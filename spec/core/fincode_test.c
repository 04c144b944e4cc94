/*
 * Fincode: golden requests of its four operations, the seven documented scenarios and seven
 * platform codes, what counts as proof of a recorded repayment, and rows of three lists. Bodies and
 * where they come from: spec/fixtures/fincode.
 */
#include "call_support.h"

#define CUSTOMER "123e4567-e89b-12d3-a456-426614174000"
#define NOT_SENT REPAY_OUTCOME_NOT_SENT
#define REFUSED  REPAY_OUTCOME_REFUSED
#define UNKNOWN  REPAY_OUTCOME_UNKNOWN

static void open_client(struct rig *rig)
{
    rig_init(rig, "fincode");
    rig->options.policy.attempts = 1;
    CHECK(rig_open(rig));
}

static void send_read(struct rig *rig, const char *operation)
{
    open_client(rig);
    CHECK(rig_begin(rig, operation));
    CHECK(rig_text(rig, strcmp(operation, "schedule") == 0 ? "customer_id" : "user_id", CUSTOMER));
    CHECK(rig_prepare(rig));
    CHECK_INT(rig_next(rig), REPAY_STEP_SEND);
}

static void fill_repayment(struct rig *rig)
{
    CHECK(rig_begin(rig, "repay"));
    CHECK(rig_text(rig, "customer_id", CUSTOMER));
    CHECK(rig_text(rig, "account_id", "223e4567-e89b-12d3-a456-426614174001"));
    CHECK(rig_text(rig, "bank_account_id", "323e4567-e89b-12d3-a456-426614174002"));
    CHECK(rig_amount(rig, 5000000));
}

static void send_repayment(struct rig *rig)
{
    open_client(rig);
    fill_repayment(rig);
    CHECK(rig_text(rig, "reference", "REF-2024-01-15-001"));
    CHECK(rig_text(rig, "payment_date", "2024-01-15T10:00:00Z"));
    CHECK(rig_text(rig, "narration", "Monthly installment payment"));
    CHECK(rig_text(rig, "idempotency_key", "unique-key-12345"));
    CHECK(rig_prepare(rig));
    CHECK_INT(rig_next(rig), REPAY_STEP_SEND);
}

static void end(struct rig *rig)
{
    rig_end_call(rig);
    rig_close(rig);
}

static void test_read_requests(void)
{
    static const char *const operations[] = {"schedule", "pending", "repaid"};
    static const char *const files[] = {"schedule.request", "pending.request", "repaid.request"};

    for (int i = 0; i < 3; i++) {
        struct rig rig;
        send_read(&rig, operations[i]);
        rig_check_request(&rig, "fincode", files[i]);
        CHECK(!rig.call.operation->is_write);
        end(&rig);
    }
}

static void test_repay_requests(void)
{
    struct rig rig;

    send_repayment(&rig);
    rig_check_request(&rig, "fincode", "repay.request");
    CHECK_TEXT(rig.call.idempotency_key, "unique-key-12345");
    CHECK_TEXT(repay_call_subject(&rig.call), "223e4567-e89b-12d3-a456-426614174001");
    end(&rig);

    rig_init(&rig, "fincode");
    rig_set(&rig, "tenant", "acme");
    CHECK(rig_open(&rig));
    CHECK(rig_begin(&rig, "repay"));
    CHECK(rig_text(&rig, "user_id", "user-9"));
    CHECK(rig_text(&rig, "customer_id", CUSTOMER));
    CHECK(rig_text(&rig, "account_id", "223e4567-e89b-12d3-a456-426614174001"));
    CHECK(rig_text(&rig, "bank_account_id", "323e4567-e89b-12d3-a456-426614174002"));
    CHECK(rig_amount(&rig, 5000050));
    CHECK(rig_prepare(&rig));
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_check_request(&rig, "fincode", "repay_least.request");
    end(&rig);
}

/* Escapes in the body, and the length that counts them. */
static void test_odd_text_in_body(void)
{
    struct rig rig;
    struct repay_text body;

    open_client(&rig);
    fill_repayment(&rig);
    CHECK(rig_text(&rig, "narration",
                   "\"quoted\"\\ \n \xe2\x82\xa6"
                   "5"));
    CHECK(rig_prepare(&rig));
    body = repay_request_text(&rig.call.request, rig.call.request.body);
    CHECK(repay_text_contains_fold(
        body, REPAY_TEXT("\"paymentNarration\":\"\\\"quoted\\\"\\\\ \\n \xe2\x82\xa6"
                         "5\"}")));
    end(&rig);
}

static void expect_invalid(struct rig *rig, bool done, const char *field, const char *message)
{
    CHECK_CASE(message);
    CHECK(!done);
    CHECK_INT(rig->error.kind, REPAY_KIND_INVALID_ARGUMENT);
    CHECK_INT(rig->error.outcome, NOT_SENT);
    CHECK_TEXT(rig->error.field, field);
    CHECK_TEXT(rig->error.message, message);
    CHECK_CASE(NULL);
}

static void test_arguments(void)
{
    struct rig rig;

    open_client(&rig);
    CHECK(rig_begin(&rig, "repay"));
    expect_invalid(&rig, rig_prepare(&rig), "customer_id", "customer_id is required");
    CHECK(rig_text(&rig, "customer_id", CUSTOMER));
    expect_invalid(&rig, rig_prepare(&rig), "account_id", "account_id is required");
    CHECK(rig_text(&rig, "account_id", "a"));
    expect_invalid(&rig, rig_prepare(&rig), "bank_account_id", "bank_account_id is required");
    CHECK(rig_text(&rig, "bank_account_id", "b"));
    expect_invalid(&rig, rig_prepare(&rig), "amount", "amount is required");
    expect_invalid(&rig, rig_amount(&rig, 0), "amount", "amount must be greater than zero");
    expect_invalid(&rig, rig_amount(&rig, -1), "amount", "amount must be greater than zero");
    expect_invalid(&rig, rig_amount(&rig, REPAY_AMOUNT_MAX + 1), "amount", "amount is too large");
    expect_invalid(&rig, rig_text(&rig, "amount", "5"), "amount", "amount is an amount");
    CHECK(rig_amount(&rig, 1));
    expect_invalid(&rig, rig_text(&rig, "idempotency_key", "two words"), "idempotency_key",
                   "idempotency_key may hold visible ASCII only");
    expect_invalid(&rig,
                   rig_text(&rig, "idempotency_key",
                            "01234567890123456789012345678901234567890123456789012345678901234"),
                   "idempotency_key", "idempotency_key is longer than 64 bytes");
    expect_invalid(&rig, rig_text(&rig, "reference", ""), "reference", "reference is empty");
    expect_invalid(&rig, rig_text(&rig, "narration", "\xc3"), "narration",
                   "narration is not UTF-8");
    static const char *const wrong_dates[] = {"15/01/2024", "2024-01-15 10:00:00", "2024-02-30"};
    for (size_t i = 0; i < sizeof wrong_dates / sizeof wrong_dates[0]; i++) {
        CHECK(rig_text(&rig, "payment_date", wrong_dates[i]));
        expect_invalid(&rig, rig_prepare(&rig), "payment_date",
                       "payment_date is no ISO 8601 date or moment, like \"2024-01-15\" or "
                       "\"2024-01-15T10:00:00Z\"");
    }
    CHECK(rig_text(&rig, "payment_date", "2024-01-15"));
    CHECK(rig_text(&rig, "customer_id", ".."));
    CHECK(!rig_prepare(&rig));
    CHECK_INT(rig.error.kind, REPAY_KIND_INVALID_ARGUMENT);
    CHECK_TEXT(rig.error.field, "customer_id");
    CHECK(rig_text(&rig, "customer_id", CUSTOMER));
    CHECK(rig_prepare(&rig));
    CHECK(!rig_prepare(&rig));
    CHECK_TEXT(rig.error.message, "the call was prepared before");
    end(&rig);
}

/* A transport may bring its own clock, and that clock may be wrong. */
static void test_wall_clock(void)
{
    static const int64_t never[] = {INT64_MIN, INT64_MAX, INT64_C(253402300800000)};
    struct rig rig;

    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        rig_init(&rig, "fincode");
        CHECK(rig_open(&rig));
        CHECK(rig_begin(&rig, "schedule"));
        CHECK(rig_text(&rig, "customer_id", CUSTOMER));
        rig.unix_ms = never[i];
        CHECK(!rig_prepare(&rig));
        CHECK_INT(rig.error.kind, REPAY_KIND_CONFIG);
        CHECK_TEXT(rig.error.message, "the wall clock shows a time outside the years 1 to 9999");
        end(&rig);
    }
    rig_init(&rig, "fincode");
    CHECK(rig_open(&rig));
    fill_repayment(&rig);
    CHECK(rig_prepare(&rig));
    rig.unix_ms = INT64_MAX;
    CHECK_INT(rig_next(&rig), REPAY_STEP_FAILED);
    CHECK_INT(rig.call.error->kind, REPAY_KIND_CONFIG);
    CHECK_INT(rig.call.error->outcome, NOT_SENT);
    end(&rig);
}

/* Bodies of any operation; the status is the fixture's. */
static const struct expectation of_both[] = {
    {"loan_not_found.404.json", REPAY_KIND_NOT_FOUND, REFUSED, "Loan Not Found (HTTP 404)",
     "Loan Not Found"},
    {"loan_not_found.200.json", REPAY_KIND_NOT_FOUND, REFUSED, NULL,
     "No active loan found for the provided customer ID"},
    {"loan_closed.422.json", REPAY_KIND_LOAN_CLOSED, REFUSED, NULL, "Loan Closed"},
    {"loan_closed.200.json", REPAY_KIND_LOAN_CLOSED, REFUSED, NULL,
     "The loan is already closed and cannot be repaid"},
    {"unauthorized.403.json", REPAY_KIND_FORBIDDEN, REFUSED, NULL, "Unauthorized"},
    {"unauthorized.200.json", REPAY_KIND_FORBIDDEN, REFUSED, NULL,
     "The customer ID does not match the authenticated user"},
    {"manual_repayment.422.json", REPAY_KIND_MANUAL_REPAYMENT_NOT_ALLOWED, REFUSED, NULL,
     "Manual Repayment Not Allowed"},
    {"manual_repayment.200.json", REPAY_KIND_MANUAL_REPAYMENT_NOT_ALLOWED, REFUSED, NULL, NULL},
    {"invalid_amount.422.json", REPAY_KIND_AMOUNT_INVALID, REFUSED, NULL, "Invalid Amount"},
    {"invalid_amount.200.json", REPAY_KIND_AMOUNT_INVALID, REFUSED, NULL, NULL},
    {"bank_account_mismatch.422.json", REPAY_KIND_BANK_ACCOUNT_MISMATCH, REFUSED, NULL,
     "Bank Account Mismatch"},
    {"bank_account_mismatch.200.json", REPAY_KIND_BANK_ACCOUNT_MISMATCH, REFUSED, NULL, NULL},
    {"missing_loan_application.422.json", REPAY_KIND_LOAN_APPLICATION_MISSING, REFUSED, NULL,
     "Missing Loan Application"},
    {"missing_loan_application.200.json", REPAY_KIND_LOAN_APPLICATION_MISSING, REFUSED, NULL, NULL},
    {"auth_required.401.json", REPAY_KIND_AUTH, NOT_SENT, "Token missing or invalid (HTTP 401)",
     "Token missing or invalid"},
    {"forbidden.403.json", REPAY_KIND_FORBIDDEN, REFUSED, NULL, "Not permitted"},
    {"not_found.404.json", REPAY_KIND_NOT_FOUND, REFUSED, NULL, "No such resource"},
    {"validation_error.422.json", REPAY_KIND_VALIDATION, REFUSED, NULL,
     "Request failed validation"},
    {"server_error.500.json", REPAY_KIND_UNAVAILABLE, UNKNOWN, NULL, "Internal error"},
    {"service_unavailable.503.json", REPAY_KIND_UNAVAILABLE, UNKNOWN, NULL,
     "Temporarily unavailable"},
    {"key_reused.422.json", REPAY_KIND_KEY_REUSED, REFUSED, NULL, NULL},
    {"conflict.409.json", REPAY_KIND_CONFLICT, UNKNOWN, NULL, NULL},
    {"unmapped.422.json", REPAY_KIND_PROVIDER_ERROR, REFUSED, NULL,
     "The ledger is being closed for the day"},
    {"unmapped.200.json", REPAY_KIND_PROVIDER_ERROR, REFUSED, NULL,
     "The ledger is being closed for the day"},
    {"failed_no_words.422.json", REPAY_KIND_VALIDATION, REFUSED,
     "the request was not accepted (HTTP 422)", ""},
    {"bare_message.422.json", REPAY_KIND_VALIDATION, UNKNOWN, NULL, "Unprocessable Entity"},
    {"bare_message.403.json", REPAY_KIND_FORBIDDEN, UNKNOWN, NULL, "Forbidden"},
    {"contradiction.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, NULL},
    {"odd_status.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN,
     "the reply's status is \"PROCESSING\", neither SUCCESS nor FAILED", NULL},
    {"success.422.json", REPAY_KIND_VALIDATION, UNKNOWN, NULL, NULL},
    {"success.500.json", REPAY_KIND_UNAVAILABLE, UNKNOWN, NULL, NULL},
    {"error_text.422.json", REPAY_KIND_VALIDATION, REFUSED, "amount is odd (HTTP 422)",
     "amount is odd"},
    {"code_beside.404.json", REPAY_KIND_NOT_FOUND, REFUSED, NULL, ""},
    {"error_code_beside.403.json", REPAY_KIND_FORBIDDEN, REFUSED, NULL, "no"},
    {"html.200.html", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, ""},
    {"html.404.html", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, ""},
    {"html.422.html", REPAY_KIND_VALIDATION, UNKNOWN, NULL, ""},
    {"html.502.html", REPAY_KIND_UNAVAILABLE, UNKNOWN, NULL, ""},
    {"empty.200.txt", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, ""},
};

static const struct expectation of_repay[] = {
    {"repay.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"repay.201.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"repay_verified.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"repay_other_word.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"repay_top_message.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"repay_amount_text.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"repay_no_id.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"repay_other_envelope.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"repay_rejected.200.json", REPAY_KIND_REJECTED, REFUSED, "Repayment rejected (HTTP 200)",
     "Repayment rejected"},
    {"repay_other_amount.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN,
     "the reply echoes another amount than was sent", NULL},
    {"repay_rejected_other_amount.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, NULL},
    {"repay_no_amount.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN,
     "the reply does not echo the amount", NULL},
    {"repay_null_amount.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, NULL},
    {"repay_bool_amount.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, NULL},
    {"repay_two_amounts.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, NULL},
    {"repay_two_statuses.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN,
     "the reply holds two verification statuses", NULL},
    {"repay_long_amount.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, NULL},
    {"repay_no_data.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN,
     "the reply says success and holds no repayment", NULL},
    {"repay_list.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, NULL},
    {"repay_no_status.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN,
     "the reply does not say whether it is a success", NULL},
    {"list_no_data.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, NULL},
    /* At most once: a limit before the work cannot be told from one after it. */
    {"rate_limit_exceeded.429.json", REPAY_KIND_RATE_LIMITED, UNKNOWN, NULL, "Too many requests"},
};

static const struct expectation of_list[] = {
    {"list.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"list_empty.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"list_null.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"list_no_data.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"list_inside.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"list_no_status.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"list_strings.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"list_paid.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"list_exact.200.json", REPAY_KIND_NONE, NOT_SENT, NULL, NULL},
    {"list_skeleton.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN,
     "the reply's status is \"<string>\", neither SUCCESS nor FAILED", NULL},
    {"list_no_status_empty.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN,
     "the reply does not say whether it is a success", NULL},
    {"list_misplaced.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN,
     "the reply says success and holds no list", NULL},
    {"list_failed.200.json", REPAY_KIND_NOT_FOUND, REFUSED, NULL, "Loan Not Found"},
    {"list_wrong_type.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, ""},
    {"list_fraction.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, ""},
    {"list_huge.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, ""},
    {"list_duplicate_member.200.json", REPAY_KIND_BAD_RESPONSE, UNKNOWN, NULL, ""},
    {"rate_limit_exceeded.429.json", REPAY_KIND_RATE_LIMITED, NOT_SENT, NULL, "Too many requests"},
};

static void expect_all(const struct expectation *list, size_t count, bool of_write)
{
    static const size_t pieces[] = {0, 1, 9};

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < sizeof pieces / sizeof pieces[0]; j++) {
            struct rig rig;
            if (of_write)
                send_repayment(&rig);
            else
                send_read(&rig, "schedule");
            rig_expect(&rig, "fincode", &list[i], fixture_status(list[i].fixture), pieces[j]);
            end(&rig);
        }
    }
}

static void test_replies(void)
{
    expect_all(of_both, sizeof of_both / sizeof of_both[0], true);
    expect_all(of_both, sizeof of_both / sizeof of_both[0], false);
    expect_all(of_repay, sizeof of_repay / sizeof of_repay[0], true);
    expect_all(of_list, sizeof of_list / sizeof of_list[0], false);
}

/* Each documented refusal under every status that may carry one, and under those that may not. */
static void test_refusals_under_other_statuses(void)
{
    static const char *const refusals[] = {"loan_not_found.404.json",
                                           "loan_closed.422.json",
                                           "unauthorized.403.json",
                                           "manual_repayment.422.json",
                                           "invalid_amount.422.json",
                                           "bank_account_mismatch.422.json",
                                           "missing_loan_application.422.json"};
    static const enum repay_kind kinds[] = {REPAY_KIND_NOT_FOUND,
                                            REPAY_KIND_LOAN_CLOSED,
                                            REPAY_KIND_FORBIDDEN,
                                            REPAY_KIND_MANUAL_REPAYMENT_NOT_ALLOWED,
                                            REPAY_KIND_AMOUNT_INVALID,
                                            REPAY_KIND_BANK_ACCOUNT_MISMATCH,
                                            REPAY_KIND_LOAN_APPLICATION_MISSING};
    static const int statuses[] = {200, 202, 400, 403, 404, 422};

    for (size_t i = 0; i < 7; i++) {
        struct expectation expected = {refusals[i], kinds[i], REFUSED, NULL, NULL};
        struct rig rig;
        for (size_t j = 0; j < sizeof statuses / sizeof statuses[0]; j++) {
            send_repayment(&rig);
            rig_expect(&rig, "fincode", &expected, statuses[j], 0);
            end(&rig);
        }
        expected.kind = REPAY_KIND_UNAVAILABLE;
        expected.outcome = UNKNOWN;
        send_repayment(&rig);
        rig_expect(&rig, "fincode", &expected, 500, 0);
        end(&rig);
        expected.kind = REPAY_KIND_AUTH;
        expected.outcome = NOT_SENT;
        send_repayment(&rig);
        rig_expect(&rig, "fincode", &expected, 401, 0);
        end(&rig);
    }
}

static void test_rate_limit_with_honoured_keys(void)
{
    const struct expectation expected = {"rate_limit_exceeded.429.json", REPAY_KIND_RATE_LIMITED,
                                         NOT_SENT, NULL, NULL};
    struct rig rig;

    rig_init(&rig, "fincode");
    rig.options.keys = REPAY_TEXT("honoured");
    CHECK(rig_open(&rig));
    fill_repayment(&rig);
    CHECK(rig_prepare(&rig));
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_expect(&rig, "fincode", &expected, 429, 0);
    CHECK_INT(rig.call.attempt_count, 1);
    end(&rig);
}

static void test_receipt(void)
{
    struct rig rig;

    send_repayment(&rig);
    rig_reply_in(&rig, 200, fixture_read("fincode", "repay.200.json"), 0);
    CHECK_INT(rig_next(&rig), REPAY_STEP_DONE);
    CHECK_TEXT(rig.call.receipt->id, "9b2d6f0e-6a55-4f0c-9d3a-0c7a3f6f1a01");
    CHECK_INT(rig.call.receipt->amount_minor, 5000000);
    CHECK_TEXT(rig.call.receipt->reference, "REF-2024-01-15-001");
    CHECK_TEXT(rig.call.receipt->verification_status, "PENDING_VERIFICATION");
    CHECK_TEXT(rig.call.receipt->provider_message, "Repayment submitted and awaiting verification");
    CHECK(!repay_call_has_rows(&rig.call));
    end(&rig);
    send_repayment(&rig);
    rig_reply_in(&rig, 200, fixture_read("fincode", "repay_no_id.200.json"), 0);
    CHECK_TEXT(rig.call.receipt->id, "");
    CHECK_INT(rig.call.receipt->amount_minor, 5000000);
    end(&rig);
    /* Nothing of a doubtful answer looks like a receipt. */
    send_repayment(&rig);
    rig_reply_in(&rig, 200, fixture_read("fincode", "repay_other_amount.200.json"), 0);
    CHECK_TEXT(rig.call.receipt->id, "");
    CHECK_INT(rig.call.receipt->amount_minor, REPAY_AMOUNT_ABSENT);
    CHECK(strstr(rig.call.error->hint, "look before it is sent again") != NULL);
    end(&rig);
    send_repayment(&rig);
    rig_reply_in(&rig, 401, fixture_read("fincode", "auth_required.401.json"), 0);
    CHECK_TEXT(rig.call.error->provider_code, "AUTH_REQUIRED");
    end(&rig);
}

static struct repay_schedule *rows_of(struct rig *rig, const char *operation, const char *fixture)
{
    send_read(rig, operation);
    rig_reply_in(rig, 200, fixture_read("fincode", fixture), 0);
    if (strcmp(operation, "pending") == 0) {
        /* One row on a page of fifty is no proof that it was the last. */
        CHECK_INT(rig_next(rig), REPAY_STEP_SEND);
        rig_reply(rig, 200, "{\"status\":\"SUCCESS\",\"data\":[]}");
    }
    CHECK_INT(rig_next(rig), REPAY_STEP_DONE);
    return rig_take(rig);
}

static void test_listed_rows(void)
{
    static const char *const fields[][2] = {
        {"id", "9b2d6f0e-6a55-4f0c-9d3a-0c7a3f6f1a01"},
        {"repayment_method", "External Bank Transfer"},
        {"account_product_name", "Personal Loan Account"},
        {"customer_name", "Ada Example"},
        {"email", "ada@example.com"},
        {"repayment_amount_minor", "5000000"},
        {"loan_product_name", "Salary Advance"},
        {"principal_balance_minor", "40000000"},
        {"total_balance_minor", "45000050"},
        {"is_loan_paid", "0"},
        {"creation_date", "2024-01-15T10:30:00Z"},
        {"due_date", "2024-02-15"},
        {"number", "3"},
        {"account_id", "223e4567-e89b-12d3-a456-426614174001"},
        {"loan_id", "423e4567-e89b-12d3-a456-426614174003"},
        {"total_due_minor", "7500000"},
    };
    struct rig rig;
    struct repay_schedule *schedule = rows_of(&rig, "schedule", "list.200.json");

    CHECK_INT(schedule->rows, 1);
    CHECK_INT(schedule->layout->field_count, sizeof fields / sizeof fields[0]);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        CHECK_CASE(fields[i][0]);
        CHECK_TEXT(row_text(schedule, 0, fields[i][0]), fields[i][1]);
    }
    CHECK_CASE(NULL);
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_PAID, 0), REPAY_AMOUNT_ABSENT);
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_OUTSTANDING, 0), REPAY_AMOUNT_ABSENT);
    CHECK_INT(repay_schedule_status(schedule, 0), REPAY_STATUS_UNKNOWN);
    CHECK(!schedule->zone_known);
    CHECK_TEXT(schedule->layout->unknown_reason, "fincode_list_tells_no_paid_amount");
    rig_drop(schedule);
    end(&rig);

    schedule = rows_of(&rig, "schedule", "list_paid.200.json");
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_OUTSTANDING, 0), 0);
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_PAID, 0), REPAY_AMOUNT_ABSENT);
    CHECK_INT(repay_schedule_status(schedule, 0), REPAY_STATUS_PAID);
    rig_drop(schedule);
    end(&rig);

    schedule = rows_of(&rig, "schedule", "list_strings.200.json");
    CHECK_TEXT(row_text(schedule, 0, "repayment_amount_minor"), "5000000");
    CHECK_TEXT(row_text(schedule, 0, "number"), "3");
    CHECK_TEXT(row_text(schedule, 0, "is_loan_paid"), "1");
    rig_drop(schedule);
    end(&rig);

    schedule = rows_of(&rig, "schedule", "list_exact.200.json");
    CHECK_TEXT(row_text(schedule, 0, "total_due_minor"), "9007199254740991");
    CHECK_TEXT(row_text(schedule, 0, "repayment_amount_minor"), "10");
    CHECK_TEXT(row_text(schedule, 0, "loan_id"), "absent");
    rig_drop(schedule);
    end(&rig);
}

static void test_pending_and_repaid_rows(void)
{
    struct rig rig;
    struct repay_schedule *schedule = rows_of(&rig, "pending", "pending.200.json");

    CHECK_INT(schedule->rows, 1);
    CHECK_TEXT(row_text(schedule, 0, "loan_id"), "423e4567-e89b-12d3-a456-426614174003");
    CHECK_TEXT(row_text(schedule, 0, "number"), "4");
    CHECK_TEXT(row_text(schedule, 0, "due_date"), "2024-03-15");
    CHECK_TEXT(row_text(schedule, 0, "outstanding_minor"), "7500000");
    CHECK_TEXT(row_text(schedule, 0, "principal_minor"), "6000000");
    CHECK_TEXT(row_text(schedule, 0, "interest_minor"), "1500000");
    CHECK_TEXT(row_text(schedule, 0, "provider_status"), "OVERDUE");
    CHECK_TEXT(row_text(schedule, 0, "days_overdue"), "12");
    CHECK_INT(repay_schedule_status(schedule, 0), REPAY_STATUS_OVERDUE);
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_OUTSTANDING, 0), 7500000);
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_TOTAL_DUE, 0), REPAY_AMOUNT_ABSENT);
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_PAID, 0), REPAY_AMOUNT_ABSENT);
    rig_drop(schedule);
    end(&rig);

    schedule = rows_of(&rig, "repaid", "repaid.200.json");
    CHECK_INT(schedule->rows, 1);
    CHECK_TEXT(row_text(schedule, 0, "repayment_id"), "9b2d6f0e-6a55-4f0c-9d3a-0c7a3f6f1a01");
    CHECK_TEXT(row_text(schedule, 0, "loan_id"), "423e4567-e89b-12d3-a456-426614174003");
    CHECK_TEXT(row_text(schedule, 0, "repayment_amount_minor"), "5000000");
    CHECK_TEXT(row_text(schedule, 0, "payment_date"), "2024-01-15T10:00:00Z");
    CHECK_TEXT(row_text(schedule, 0, "payment_method"), "BANK_TRANSFER");
    CHECK_TEXT(row_text(schedule, 0, "provider_status"), "VERIFIED");
    CHECK_INT(repay_schedule_status(schedule, 0), REPAY_STATUS_PAID);
    rig_drop(schedule);
    end(&rig);
}

int main(void)
{
    test_read_requests();
    test_repay_requests();
    test_odd_text_in_body();
    test_arguments();
    test_wall_clock();
    test_replies();
    test_refusals_under_other_statuses();
    test_rate_limit_with_honoured_keys();
    test_receipt();
    test_listed_rows();
    test_pending_and_repaid_rows();
    return CHECK_REPORT();
}
