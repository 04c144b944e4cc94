/*
 * Pezesha: golden requests with the token under one name or both, every documented shape of reply,
 * and flags that contradict each other. Bodies and where they come from: spec/fixtures/pezesha.
 */
#include "call_support.h"

#define NO_LOAN "Unable to find active loan tied to merchant"

static const struct expectation expectations[] = {
    {"schedule.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},
    {"empty_data.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},
    {"one_row.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},
    {"flags_as_text.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},
    {"strings.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},
    {"nulls.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},
    {"two_loans.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},
    {"overdue.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},

    {"no_active_loan.404.json", REPAY_KIND_NOT_FOUND, REPAY_OUTCOME_REFUSED, NO_LOAN " (HTTP 404)",
     NO_LOAN},
    {"no_active_loan.200.json", REPAY_KIND_NOT_FOUND, REPAY_OUTCOME_REFUSED, NO_LOAN " (HTTP 200)",
     NO_LOAN},
    {"unable_s3.400.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED, NULL,
     "Unable to process request"},
    {"unable_s4.400.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED, NULL,
     "Unable to process request"},
    {"unable_s4.404.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED, NULL,
     "Unable to process request"},
    {"unable_s4.200.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED, NULL,
     "Unable to process request"},
    {"merchant_s5.400.json", REPAY_KIND_NOT_FOUND, REPAY_OUTCOME_REFUSED, NULL,
     "Unable to find merchant"},
    {"refused_s6.200.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED, NULL,
     "Unable to get loan offers at this point"},
    {"refused_s6.202.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED, NULL,
     "Unable to get loan offers at this point"},
    {"green_s7.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN,
     "the reply says success and holds no schedule",
     "Your last loan was paid late. You don't qualify for a loan"},
    {"fields_s8.422.json", REPAY_KIND_VALIDATION, REPAY_OUTCOME_REFUSED, NULL,
     "merchant_id: The merchant id field is required."},
    {"fields_s9.422.json", REPAY_KIND_VALIDATION, REPAY_OUTCOME_REFUSED, NULL,
     "merchant_id: The merchant id field is required."},
    {"client_s10.401.json", REPAY_KIND_AUTH, REPAY_OUTCOME_NOT_SENT, NULL,
     "Client authentication failed"},
    {"unauthenticated_s11.401.json", REPAY_KIND_AUTH, REPAY_OUTCOME_NOT_SENT,
     "Unauthenticated. (HTTP 401)", "Unauthenticated."},
    {"unauthenticated.200.json", REPAY_KIND_AUTH, REPAY_OUTCOME_REFUSED, NULL, "Unauthenticated."},
    {"limited.429.html", REPAY_KIND_RATE_LIMITED, REPAY_OUTCOME_NOT_SENT,
     "too many requests (HTTP 429)", ""},
    {"down.500.json", REPAY_KIND_UNAVAILABLE, REPAY_OUTCOME_UNKNOWN, NULL, "Server Error"},
    {"down.200.json", REPAY_KIND_UNAVAILABLE, REPAY_OUTCOME_REFUSED, NULL, "Service Unavailable"},

    {"html.404.html", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"no_route.404.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL,
     "no Route matched with those values"},
    {"html.200.html", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"empty.200.txt", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"null_data.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN,
     "the reply says success and holds no schedule", NULL},
    {"text_data.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, NULL},
    {"error_text.200.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED, NULL, NULL},
    {"error_one.200.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED, NULL, NULL},
    {"error_word.200.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED, NULL, NULL},
    {"error_with_rows.200.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED, NULL, NULL},
    {"status_odd.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN,
     "the reply's flags are neither success nor failure", NULL},
    {"error_odd.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN,
     "the reply's flags are neither success nor failure", NULL},
    {"no_flags.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN,
     "the reply does not say whether it is a success", NULL},
    {"fraction.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"wrong_type.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"duplicate_member.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"duplicate_error.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
};

static void send(struct rig *rig)
{
    CHECK(rig_open(rig));
    CHECK(rig_begin(rig, "schedule"));
    CHECK(rig_text(rig, "merchant_id", "merchant_jane"));
    CHECK(rig_prepare(rig));
    CHECK_INT(rig_next(rig), REPAY_STEP_SEND);
}

static void begin(struct rig *rig)
{
    rig_init(rig, "pezesha");
    rig->options.policy.attempts = 1;
    send(rig);
}

static void end(struct rig *rig)
{
    rig_end_call(rig);
    rig_close(rig);
}

static void test_requests(void)
{
    struct rig rig;

    begin(&rig);
    rig_check_request(&rig, "pezesha", "schedule.request");
    CHECK(rig.call.request.headers[3].secret && rig.call.request.headers[4].secret);
    end(&rig);
    rig_init(&rig, "pezesha");
    rig.options.environment = REPAY_TEXT("live");
    rig_set(&rig, "token_header", "authorization");
    send(&rig);
    rig_check_request(&rig, "pezesha", "schedule_authorization.request");
    end(&rig);
    rig_init(&rig, "pezesha");
    rig.options.base_url = REPAY_TEXT("http://127.0.0.1:8080");
    rig_set(&rig, "token_header", "authentication");
    send(&rig);
    rig_check_request(&rig, "pezesha", "schedule_authentication.request");
    end(&rig);
}

static void test_replies(void)
{
    static const size_t pieces[] = {0, 1, 5};

    for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
        for (size_t j = 0; j < sizeof pieces / sizeof pieces[0]; j++) {
            struct rig rig;
            begin(&rig);
            rig_expect(&rig, "pezesha", &expectations[i], fixture_status(expectations[i].fixture),
                       pieces[j]);
            end(&rig);
        }
    }
}

static struct repay_schedule *rows_of(struct rig *rig, const char *fixture)
{
    begin(rig);
    rig_reply_in(rig, 200, fixture_read("pezesha", fixture), 0);
    CHECK_INT(rig_next(rig), REPAY_STEP_DONE);
    return rig_take(rig);
}

static void test_documented_rows(void)
{
    static const char *const dates[] = {"2020-07-03", "2020-07-03", "2020-07-04"};
    static const char *const months[] = {"1", "2", "3"};
    static const char *const remaining[] = {"100000", "50000", "0"};
    struct rig rig;
    struct repay_schedule *schedule = rows_of(&rig, "schedule.200.json");

    CHECK_INT(schedule->rows, 3);
    for (uint32_t row = 0; row < 3; row++) {
        CHECK_TEXT(row_text(schedule, row, "loan_id"), "10101");
        CHECK_TEXT(row_text(schedule, row, "due_date"), dates[row]);
        CHECK_TEXT(row_text(schedule, row, "number"), months[row]);
        CHECK_TEXT(row_text(schedule, row, "principal_minor"), "50000");
        CHECK_TEXT(row_text(schedule, row, "interest_minor"), "0");
        CHECK_TEXT(row_text(schedule, row, "penalty_minor"), "0");
        CHECK_TEXT(row_text(schedule, row, "penalty_paid_minor"), "0");
        CHECK_TEXT(row_text(schedule, row, "total_due_minor"), "50000");
        CHECK_TEXT(row_text(schedule, row, "total_outstanding_minor"), remaining[row]);
        CHECK_TEXT(row_text(schedule, row, "outstanding_minor"), "50000");
        CHECK_TEXT(row_text(schedule, row, "provider_status"), "Active on Schedule");
        CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_PAID, row), 0);
        CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_OUTSTANDING, row), 50000);
        CHECK_INT(repay_schedule_status(schedule, row), REPAY_STATUS_PENDING);
    }
    CHECK_TEXT(schedule->currency, "KES");
    CHECK_INT(schedule->zone_minutes, 180);
    rig_drop(schedule);
    end(&rig);
}

static void test_other_rows(void)
{
    struct rig rig;
    struct repay_schedule *schedule = rows_of(&rig, "strings.200.json");

    CHECK_TEXT(row_text(schedule, 0, "loan_id"), "10101");
    CHECK_TEXT(row_text(schedule, 0, "number"), "1");
    CHECK_TEXT(row_text(schedule, 0, "outstanding_minor"), "49999");
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_PAID, 0), 1);
    rig_drop(schedule);
    end(&rig);

    schedule = rows_of(&rig, "nulls.200.json");
    CHECK_TEXT(row_text(schedule, 0, "penalty_minor"), "absent");
    CHECK_TEXT(row_text(schedule, 0, "outstanding_minor"), "absent");
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_PAID, 0), REPAY_AMOUNT_ABSENT);
    CHECK_INT(repay_schedule_status(schedule, 0), REPAY_STATUS_UNKNOWN);
    rig_drop(schedule);
    end(&rig);

    schedule = rows_of(&rig, "overdue.200.json");
    CHECK_INT(repay_schedule_status(schedule, 0), REPAY_STATUS_OVERDUE);
    CHECK_INT(repay_schedule_status(schedule, 1), REPAY_STATUS_PENDING);
    CHECK_INT(repay_schedule_status(schedule, 2), REPAY_STATUS_UNKNOWN);
    CHECK_TEXT(row_text(schedule, 2, "provider_status"), "Settled");
    rig_drop(schedule);
    end(&rig);

    schedule = rows_of(&rig, "two_loans.200.json");
    CHECK_INT(schedule->rows, 3);
    CHECK_TEXT(row_text(schedule, 1, "loan_id"), "10102");
    CHECK_INT(repay_schedule_status(schedule, 2), REPAY_STATUS_PAID);
    rig_drop(schedule);
    end(&rig);

    schedule = rows_of(&rig, "one_row.200.json");
    CHECK_INT(schedule->rows, 1);
    rig_drop(schedule);
    end(&rig);
}

/* The provider echoes the token; nothing of it is kept, in either way of writing. */
static void test_echoed_token(void)
{
    struct rig rig;

    begin(&rig);
    rig_reply(&rig, 401,
              "{\"status\":401,\"error\":true,\"message\":\"Bearer PEZESHA-TOKEN or "
              "PEZESHA%2DTOKEN is bad\"}");
    CHECK_TEXT(rig.call.error->provider_message, "Bearer ************* or *************** is bad");
    CHECK_TEXT(rig.call.error->message,
               "Bearer ************* or *************** is bad (HTTP 401)");
    end(&rig);
    begin(&rig);
    rig_reply(&rig, 200, "{\"status\":\"PEZESHA-TOKEN\",\"error\":\"PEZESHA-TOKEN\"}");
    CHECK_TEXT(rig.call.error->provider_code, "*************");
    CHECK(strstr(rig.call.error->message, "PEZESHA") == NULL);
    end(&rig);
}

static void test_bearer_prefix(void)
{
    struct rig rig;

    rig_init(&rig, "pezesha");
    rig_set(&rig, "token", "Bearer PEZESHA-TOKEN");
    send(&rig);
    rig_check_request(&rig, "pezesha", "schedule.request");
    rig_reply(&rig, 401, "{\"message\":\"bad token PEZESHA-TOKEN\"}");
    CHECK_TEXT(rig.call.error->provider_message, "bad token *************");
    end(&rig);
}

int main(void)
{
    test_requests();
    test_replies();
    test_documented_rows();
    test_other_rows();
    test_echoed_token();
    test_bearer_prefix();
    return CHECK_REPORT();
}
