/*
 * Carbon: golden requests, every documented reply in every documented envelope, and hostile ones.
 * Bodies and where they come from: spec/fixtures/carbon.
 */
#include "call_support.h"

static const struct expectation expectations[] = {
    {"schedule.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},
    {"data_list.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},
    {"empty_schedule.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},
    {"strings.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},
    {"nulls.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},
    {"unknown_members.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},
    {"part_paid.200.json", REPAY_KIND_NONE, REPAY_OUTCOME_NOT_SENT, NULL, NULL},

    {"loan_not_found.400.json", REPAY_KIND_NOT_FOUND, REPAY_OUTCOME_REFUSED,
     "Loan not found (HTTP 400)", "Loan not found"},
    {"loan_not_found_a.400.json", REPAY_KIND_NOT_FOUND, REPAY_OUTCOME_REFUSED,
     "Loan not found (HTTP 400)", "Loan not found"},
    {"loan_not_found_c.400.json", REPAY_KIND_NOT_FOUND, REPAY_OUTCOME_REFUSED,
     "Loan not found (HTTP 400)", "Loan not found"},
    {"loan_not_found.404.json", REPAY_KIND_NOT_FOUND, REPAY_OUTCOME_REFUSED,
     "Loan not found (HTTP 404)", "Loan not found"},
    {"not_registered.422.json", REPAY_KIND_LOAN_NOT_REGISTERED, REPAY_OUTCOME_REFUSED,
     "No SME loan ID on record (HTTP 422)", "No SME loan ID on record"},
    {"not_registered_a.422.json", REPAY_KIND_LOAN_NOT_REGISTERED, REPAY_OUTCOME_REFUSED,
     "No SME loan ID on record (HTTP 422)", "No SME loan ID on record"},
    {"not_registered_c.422.json", REPAY_KIND_LOAN_NOT_REGISTERED, REPAY_OUTCOME_REFUSED,
     "No SME loan ID on record (HTTP 422)", "No SME loan ID on record"},
    {"unauthorized.401.json", REPAY_KIND_AUTH, REPAY_OUTCOME_NOT_SENT,
     "Unauthorized access (HTTP 401)", "Unauthorized access"},
    {"authorization_code.400.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED,
     "invalid authorization code (HTTP 400)", "invalid authorization code"},
    {"authorization_code.422.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED,
     "invalid authorization code (HTTP 422)", "invalid authorization code"},
    {"field_validation.400.json", REPAY_KIND_VALIDATION, REPAY_OUTCOME_REFUSED,
     "BVN must be 11 numbers long (HTTP 400)", "BVN must be 11 numbers long"},
    {"forbidden.403.json", REPAY_KIND_FORBIDDEN, REPAY_OUTCOME_REFUSED,
     "Your key lacks permission for lending (HTTP 403)", "Your key lacks permission for lending"},
    {"payment_required.402.json", REPAY_KIND_REJECTED, REPAY_OUTCOME_UNKNOWN,
     "Request failed (HTTP 402)", "Request failed"},
    {"limited.429.json", REPAY_KIND_RATE_LIMITED, REPAY_OUTCOME_NOT_SENT,
     "API rate limit exceeded (HTTP 429)", "API rate limit exceeded"},
    {"down.503.json", REPAY_KIND_UNAVAILABLE, REPAY_OUTCOME_UNKNOWN,
     "Scheduled maintenance (HTTP 503)", "Scheduled maintenance"},
    {"html.502.html", REPAY_KIND_UNAVAILABLE, REPAY_OUTCOME_UNKNOWN,
     "the provider is not available (HTTP 502)", ""},
    {"html.404.html", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN,
     "the reply is not the provider's (HTTP 404)", ""},
    {"no_route.404.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN,
     "no Route matched with those values (HTTP 404)", "no Route matched with those values"},

    {"details_only.400.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED, NULL,
     "The lending flag is off"},
    {"errors_without_msg.422.json", REPAY_KIND_VALIDATION, REPAY_OUTCOME_REFUSED, NULL, "odd"},
    {"errors_empty.400.json", REPAY_KIND_VALIDATION, REPAY_OUTCOME_REFUSED, NULL, "odd"},
    {"failed.200.json", REPAY_KIND_NOT_FOUND, REPAY_OUTCOME_REFUSED, "Loan not found (HTTP 200)",
     "Loan not found"},
    {"failed_unknown.200.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED,
     "the lending engine is asleep (HTTP 200)", "the lending engine is asleep"},
    {"failed_with_rows.200.json", REPAY_KIND_PROVIDER_ERROR, REPAY_OUTCOME_REFUSED, NULL, NULL},
    {"key.200.json", REPAY_KIND_AUTH, REPAY_OUTCOME_REFUSED, "Unauthorized access (HTTP 200)",
     "Unauthorized access"},
    {"no_data.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN,
     "the reply says success and holds no schedule", ""},
    {"null_data.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN,
     "the reply says success and holds no schedule", ""},
    {"no_schedule.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN,
     "the reply says success and holds no schedule", ""},
    {"null_schedule.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN,
     "the reply says success and holds no schedule", ""},
    {"schedule_object.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"no_status.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN,
     "the reply has no status", ""},
    {"odd_status.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN,
     "the reply's status is \"pending\", neither success nor failure", ""},
    {"status_number.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN,
     "the reply's status is \"200\", neither success nor failure", ""},
    {"html.200.html", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"empty.200.txt", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"blank.200.txt", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"text.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"list.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"fraction.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"wrong_type.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"row_is_text.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"duplicate_member.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"duplicate_status.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"cut.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
    {"trailing.200.json", REPAY_KIND_BAD_RESPONSE, REPAY_OUTCOME_UNKNOWN, NULL, ""},
};

static void begin(struct rig *rig, const char *loan_id)
{
    rig_init(rig, "carbon");
    rig->options.policy.attempts = 1;
    CHECK(rig_open(rig));
    CHECK(rig_begin(rig, "schedule"));
    CHECK(rig_text(rig, "loan_id", loan_id));
    CHECK(rig_prepare(rig));
    CHECK_INT(rig_next(rig), REPAY_STEP_SEND);
}

static void end(struct rig *rig)
{
    rig_end_call(rig);
    rig_close(rig);
}

static void test_requests(void)
{
    struct rig rig;

    begin(&rig, "LOAN_ABC123");
    rig_check_request(&rig, "carbon", "schedule.request");
    CHECK(rig.call.request.headers[3].secret && rig.call.request.headers[4].secret);
    CHECK(!rig.call.request.headers[0].secret);
    end(&rig);
    rig_init(&rig, "carbon");
    rig.options.environment = REPAY_TEXT("live");
    CHECK(rig_open(&rig));
    CHECK(rig_begin(&rig, "schedule"));
    CHECK(rig_text(&rig, "loan_id", "a/b \xc3\xa9?..."));
    CHECK(rig_prepare(&rig));
    CHECK_INT(rig_next(&rig), REPAY_STEP_SEND);
    rig_check_request(&rig, "carbon", "schedule_live.request");
    end(&rig);
}

static void test_arguments(void)
{
    static const char *const bad[] = {".", ".."};
    struct rig rig;

    rig_init(&rig, "carbon");
    CHECK(rig_open(&rig));
    CHECK(rig_begin(&rig, "schedule"));
    CHECK(!rig_prepare(&rig));
    CHECK_INT(rig.error.kind, REPAY_KIND_INVALID_ARGUMENT);
    CHECK_TEXT(rig.error.message, "loan_id is required");
    CHECK(!rig_text(&rig, "loan_id", ""));
    CHECK_TEXT(rig.error.message, "loan_id is empty");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(rig_text(&rig, "loan_id", bad[i]));
        CHECK(!rig_prepare(&rig));
        CHECK_INT(rig.error.kind, REPAY_KIND_INVALID_ARGUMENT);
        CHECK_TEXT(rig.error.field, "loan_id");
    }
    end(&rig);
    CHECK(repay_operation_find(rig.options.provider, REPAY_TEXT("repay")) == NULL);
}

static void judge_fixture(const struct expectation *expected, size_t piece)
{
    struct rig rig;

    begin(&rig, "LOAN_ABC123");
    rig_expect(&rig, "carbon", expected, fixture_status(expected->fixture), piece);
    end(&rig);
}

static void test_replies(void)
{
    for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
        judge_fixture(&expectations[i], 0);
        judge_fixture(&expectations[i], 1);
        judge_fixture(&expectations[i], 7);
    }
}

static void test_details(void)
{
    struct rig rig;

    begin(&rig, "LOAN_ABC123");
    rig_reply_in(&rig, 401, fixture_read("carbon", "unauthorized.401.json"), 0);
    CHECK_TEXT(rig.call.error->provider_code, "INVALID_API_KEY");
    end(&rig);
    begin(&rig, "LOAN_ABC123");
    rig_reply_in(&rig, 400, fixture_read("carbon", "field_validation.400.json"), 0);
    CHECK_TEXT(rig.call.error->field, "bvn");
    CHECK_TEXT(rig.call.error->hint, "");
    end(&rig);
    /* An id that looks like an application's gets a hint, another does not. */
    begin(&rig, "aaaabbbb-cccc-dddd-eeee-ffffffffffff");
    rig_reply_in(&rig, 400, fixture_read("carbon", "loan_not_found.400.json"), 0);
    CHECK(strstr(rig.call.error->hint, "application id") != NULL);
    end(&rig);
    begin(&rig, "LOAN_ABC123");
    rig_reply_in(&rig, 400, fixture_read("carbon", "loan_not_found.400.json"), 0);
    CHECK_TEXT(rig.call.error->hint, "");
    end(&rig);
    /* Faults in the body name the byte. */
    begin(&rig, "LOAN_ABC123");
    rig_reply_in(&rig, 200, fixture_read("carbon", "fraction.200.json"), 0);
    CHECK_INT(rig.call.error->offset, 127);
    end(&rig);
    begin(&rig, "LOAN_ABC123");
    rig_reply_in(&rig, 200, fixture_read("carbon", "html.200.html"), 0);
    CHECK_INT(rig.call.error->offset, 0);
    end(&rig);
}

static void test_rows(void)
{
    struct rig rig;
    struct repay_schedule *schedule;

    begin(&rig, "LOAN_ABC123");
    rig_reply_in(&rig, 200, fixture_read("carbon", "schedule.200.json"), 0);
    schedule = rig_take(&rig);
    CHECK_INT(schedule->rows, 2);
    CHECK_TEXT(row_text(schedule, 0, "due_date"), "2025-02-15");
    CHECK_TEXT(row_text(schedule, 0, "principal_minor"), "6666666");
    CHECK_TEXT(row_text(schedule, 0, "interest_minor"), "533333");
    CHECK_TEXT(row_text(schedule, 0, "total_due_minor"), "7199999");
    CHECK_TEXT(row_text(schedule, 0, "paid_minor"), "0");
    CHECK_TEXT(row_text(schedule, 0, "provider_status"), "UNPAID");
    CHECK_TEXT(row_text(schedule, 1, "due_date"), "2025-03-15");
    CHECK_TEXT(row_text(schedule, 1, "interest_minor"), "480000");
    CHECK_TEXT(row_text(schedule, 1, "total_due_minor"), "7146666");
    CHECK_TEXT(repay_schedule_loan_id(schedule, 1), "LOAN_ABC123");
    CHECK_INT(repay_schedule_number(schedule, 0), 1);
    CHECK_INT(repay_schedule_number(schedule, 1), 2);
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_OUTSTANDING, 0), 7199999);
    CHECK_INT(repay_schedule_status(schedule, 0), REPAY_STATUS_PENDING);
    CHECK_TEXT(schedule->currency, "NGN");
    CHECK_INT(schedule->decimals, 2);
    CHECK_INT(schedule->fetched_at_unix_ms, RIG_UNIX_MS);
    rig_drop(schedule);
    end(&rig);

    begin(&rig, "LOAN_ABC123");
    rig_reply_in(&rig, 200, fixture_read("carbon", "part_paid.200.json"), 0);
    schedule = rig_take(&rig);
    CHECK_INT(repay_schedule_status(schedule, 0), REPAY_STATUS_PAID);
    CHECK_INT(repay_schedule_status(schedule, 1), REPAY_STATUS_PARTIAL);
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_OUTSTANDING, 1), 7199998);
    rig_drop(schedule);
    end(&rig);

    begin(&rig, "LOAN_ABC123");
    rig_reply_in(&rig, 200, fixture_read("carbon", "nulls.200.json"), 0);
    schedule = rig_take(&rig);
    CHECK_TEXT(row_text(schedule, 0, "paid_minor"), "absent");
    CHECK_TEXT(row_text(schedule, 0, "total_due_minor"), "absent");
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_TOTAL_DUE, 0), 7199999);
    CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_OUTSTANDING, 0), REPAY_AMOUNT_ABSENT);
    rig_drop(schedule);
    end(&rig);
}

/* The documented words and those the wire page lists, and some that only look like them. */
static void test_status_words(void)
{
    static const struct {
        const char *word;
        enum repay_status status;
    } words[] = {
        {"UNPAID", REPAY_STATUS_PENDING},
        {"pending", REPAY_STATUS_PENDING},
        {"Due", REPAY_STATUS_PENDING},
        {"PAID", REPAY_STATUS_PAID},
        {"settled", REPAY_STATUS_PAID},
        {"PARTIAL", REPAY_STATUS_PARTIAL},
        {"PARTIALLY_PAID", REPAY_STATUS_PARTIAL},
        {"PARTIALLY-PAID", REPAY_STATUS_PARTIAL},
        {"overdue", REPAY_STATUS_OVERDUE},
        {"LATE", REPAY_STATUS_OVERDUE},
        {"IN_ARREARS", REPAY_STATUS_OVERDUE},
        {"NOT PAID", REPAY_STATUS_UNKNOWN},
        {"prepaid", REPAY_STATUS_UNKNOWN},
        {"", REPAY_STATUS_UNKNOWN},
    };
    const struct repay_layout *layout =
        repay_layout_find(REPAY_TEXT("carbon"), REPAY_TEXT("schedule"));

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        CHECK_CASE(words[i].word);
        CHECK_INT(repay_layout_status(layout, repay_text_of(words[i].word)), words[i].status);
    }
    CHECK_CASE(NULL);
}

int main(void)
{
    test_requests();
    test_arguments();
    test_replies();
    test_details();
    test_rows();
    test_status_words();
    return CHECK_REPORT();
}
