/*
 * Owns Carbon: the schedule of one loan, the words of its refusals, its two keys.
 *
 * Amounts are whole kobo. The body names no loan, no installment and no currency, so a row is its
 * place in the list. Refuses a success without a list of rows: a loan whose schedule is missing is
 * not a loan that owes nothing.
 */
#include "envelope.h"
#include "outcome.h"
#include "task.h"

static const struct repay_field schedule_fields[] = {
    REPAY_FIELD("principalDue", REPAY_FIELD_AMOUNT, REPAY_ROLE_PRINCIPAL, 0, "principal_minor"),
    REPAY_FIELD("interestDue", REPAY_FIELD_AMOUNT, REPAY_ROLE_INTEREST, 8, "interest_minor"),
    REPAY_FIELD("totalDue", REPAY_FIELD_AMOUNT, REPAY_ROLE_TOTAL_DUE, 16, "total_due_minor"),
    REPAY_FIELD("paidAmount", REPAY_FIELD_AMOUNT, REPAY_ROLE_PAID, 24, "paid_minor"),
    REPAY_FIELD("dueDate", REPAY_FIELD_DAY, REPAY_ROLE_DUE_DATE, 32, "due_date"),
    REPAY_FIELD("status", REPAY_FIELD_TEXT, REPAY_ROLE_STATUS, 36, "provider_status"),
};

/* UNPAID is documented; the others are what a reader of Carbon's other pages would expect. */
static const struct repay_status_word schedule_words[] = {
    {"unpaid", REPAY_STATUS_PENDING},
    {"pending", REPAY_STATUS_PENDING},
    {"due", REPAY_STATUS_PENDING},
    {"paid", REPAY_STATUS_PAID},
    {"settled", REPAY_STATUS_PAID},
    {"partial", REPAY_STATUS_PARTIAL},
    {"partially paid", REPAY_STATUS_PARTIAL},
    {"overdue", REPAY_STATUS_OVERDUE},
    {"late", REPAY_STATUS_OVERDUE},
    {"in arrears", REPAY_STATUS_OVERDUE},
    {NULL, REPAY_STATUS_UNKNOWN},
};

static const struct repay_layout schedule_layout = {
    .provider = "carbon",
    .name = "schedule",
    .fields = schedule_fields,
    .field_count = sizeof schedule_fields / sizeof schedule_fields[0],
    .row_width = 40,
    .loan_id_is_subject = true,
    .number_is_position = true,
    .amounts_beat_words = true,
    .total_due_rule = REPAY_AMOUNT_PRINCIPAL_PLUS_INTEREST,
    .paid_rule = REPAY_AMOUNT_GIVEN,
    .outstanding_rule = REPAY_AMOUNT_TOTAL_MINUS_PAID,
    .identity = REPAY_IDENTITY_POSITION,
    .penalty_in_total = true,
    .status_words = schedule_words,
};

enum { ENVELOPE_STATUS, ENVELOPE_MESSAGE, ENVELOPE_DATA, ENVELOPE_ERRORS };
static const char *const envelope_members[] = {"status", "message", "data", "errors", NULL};
static const char *const rows_inside[] = {"schedule", NULL};

static const struct repay_shape schedule_shape = {
    .layout = &schedule_layout,
    .envelope = envelope_members,
    .rows_member = "data",
    .rows_inside = rows_inside,
    .rows_member_is_list = true,
};

enum { SETTING_API_KEY, SETTING_CARBON_KEY };
static const struct repay_setting settings[] = {
    [SETTING_API_KEY] = {.name = "api_key",
                         .required = true,
                         .secret = true,
                         .is_header_value = true},
    [SETTING_CARBON_KEY] = {.name = "carbon_key",
                            .required = true,
                            .secret = true,
                            .is_header_value = true},
    {.name = NULL},
};

enum { PARAMETER_LOAN_ID };
static const struct repay_parameter schedule_parameters[] = {
    [PARAMETER_LOAN_ID] = {.name = "loan_id",
                           .type = REPAY_PARAMETER_TEXT,
                           .required = true,
                           .is_subject = true},
    {.name = NULL},
};

static bool add_headers(const struct repay_session *session, struct repay_request *out,
                        struct repay_error *error)
{
    return repay_request_add_header(out, "apikey", repay_session_setting(session, SETTING_API_KEY),
                                    true, error) &&
           repay_request_add_header(out, "x-carbon-key",
                                    repay_session_setting(session, SETTING_CARBON_KEY), true,
                                    error);
}

static bool build_schedule(const struct repay_task *task, struct repay_request *out,
                           struct repay_error *error)
{
    repay_task_begin_target(task, REPAY_METHOD_GET, out);
    (void)repay_bytes_append_string(&out->bytes, "/v1/loans/");
    if (!repay_task_append_argument(task, PARAMETER_LOAN_ID, out, error))
        return false;
    (void)repay_bytes_append_string(&out->bytes, "/repayments");
    return repay_task_end_target(task, out, error);
}

/* An unknown loan is a 400 here, so texts tell more than statuses do. */
static const struct repay_kind_word refusal_words[] = {
    {"no sme loan id", NULL, REPAY_KIND_LOAN_NOT_REGISTERED},
    {"no loan id", NULL, REPAY_KIND_LOAN_NOT_REGISTERED},
    {"loan not found", NULL, REPAY_KIND_NOT_FOUND},
    {"application not found", NULL, REPAY_KIND_NOT_FOUND},
    {"customer not found", NULL, REPAY_KIND_NOT_FOUND},
    {"invalid_api_key", NULL, REPAY_KIND_AUTH},
    {"unauthorized access", NULL, REPAY_KIND_AUTH},
    {"bad request", NULL, REPAY_KIND_VALIDATION},
    {"is required", NULL, REPAY_KIND_VALIDATION},
    {"must be", NULL, REPAY_KIND_VALIDATION},
    {NULL, NULL, REPAY_KIND_NONE},
};

static bool is_refusal(const struct repay_envelope *envelope)
{
    struct repay_json_value status = envelope->values[ENVELOPE_STATUS];

    return envelope->present[ENVELOPE_STATUS] &&
           (repay_envelope_is_word(status, "failed") || repay_envelope_is_word(status, "error") ||
            repay_envelope_is_word(status, "fail"));
}

/* The first entry of `errors`: what is wrong, and with which field. */
static bool read_field_error(struct repay_json_value errors, struct repay_error *error)
{
    struct repay_json_cursor cursor = {0};
    struct repay_json_value unnamed, entry, value;

    if (errors.type != REPAY_JSON_ARRAY || !repay_json_next(errors, &cursor, &unnamed, &entry))
        return false;
    if (repay_envelope_member_once(entry, "msg", &value) != REPAY_MEMBER_ONCE)
        return false;
    repay_envelope_copy_text(value, error->provider_message, sizeof error->provider_message);
    if (repay_envelope_member_once(entry, "param", &value) == REPAY_MEMBER_ONCE)
        repay_envelope_copy_text(value, error->field, sizeof error->field);
    return error->provider_message[0] != '\0';
}

static void read_words(const struct repay_envelope *envelope, struct repay_error *error)
{
    struct repay_json_value data = envelope->values[ENVELOPE_DATA];
    struct repay_json_value value;

    if (envelope->present[ENVELOPE_DATA] &&
        repay_envelope_member_once(data, "error_code", &value) == REPAY_MEMBER_ONCE)
        repay_envelope_copy_text(value, error->provider_code, sizeof error->provider_code);
    if (envelope->present[ENVELOPE_ERRORS] &&
        read_field_error(envelope->values[ENVELOPE_ERRORS], error))
        return;
    if (envelope->present[ENVELOPE_MESSAGE])
        repay_envelope_first_words(envelope->values[ENVELOPE_MESSAGE], error->provider_message,
                                   sizeof error->provider_message);
    if (error->provider_message[0] == '\0' && envelope->present[ENVELOPE_DATA] &&
        repay_envelope_member_once(data, "details", &value) == REPAY_MEMBER_ONCE)
        repay_envelope_copy_text(value, error->provider_message, sizeof error->provider_message);
}

static enum repay_kind kind_of_refusal(const struct repay_reply *reply,
                                       const struct repay_error *error)
{
    enum repay_kind kind = repay_kind_of_words(refusal_words, error->provider_message);

    if (kind == REPAY_KIND_NONE)
        kind = repay_kind_of_words(refusal_words, error->provider_code);
    if (kind == REPAY_KIND_NONE && reply->envelope->present[ENVELOPE_ERRORS])
        kind = REPAY_KIND_VALIDATION;
    switch (reply->http_status) {
    case 400:
    case 422:
        return kind != REPAY_KIND_NONE ? kind : REPAY_KIND_PROVIDER_ERROR;
    case 404:
        return kind != REPAY_KIND_NONE ? kind : REPAY_KIND_NOT_FOUND;
    default:
        break;
    }
    if (repay_is_2xx(reply->http_status))
        return kind != REPAY_KIND_NONE ? kind : REPAY_KIND_PROVIDER_ERROR;
    return repay_kind_of_status(reply->http_status);
}

static enum repay_judgement judge_success(const struct repay_envelope *envelope, bool says_success,
                                          struct repay_error *error)
{
    char status[REPAY_ERROR_FIELD_MAX + 1] = "";

    if (!envelope->present[ENVELOPE_STATUS]) {
        (void)repay_error_set(error, REPAY_KIND_BAD_RESPONSE, "the reply has no status");
        return REPAY_JUDGED_UNCLEAR;
    }
    if (!says_success) {
        repay_envelope_copy_text(envelope->values[ENVELOPE_STATUS], status, sizeof status);
        (void)repay_error_set(error, REPAY_KIND_BAD_RESPONSE,
                              "the reply's status is \"%s\", neither success nor failure", status);
        return REPAY_JUDGED_UNCLEAR;
    }
    if (envelope->rows_found != REPAY_ROWS_LIST) {
        (void)repay_error_set(error, REPAY_KIND_BAD_RESPONSE,
                              "the reply says success and holds no schedule");
        return REPAY_JUDGED_UNCLEAR;
    }
    return REPAY_JUDGED_ACCEPTED;
}

static enum repay_judgement judge_schedule(const struct repay_reply *reply,
                                           struct repay_receipt *receipt, struct repay_error *error)
{
    const struct repay_envelope *envelope = reply->envelope;
    bool is_2xx = repay_is_2xx(reply->http_status);
    bool says_success = envelope->is_json && envelope->present[ENVELOPE_STATUS] &&
                        repay_envelope_is_word(envelope->values[ENVELOPE_STATUS], "success");

    (void)receipt;
    if (envelope->is_json && !says_success && is_refusal(envelope)) {
        read_words(envelope, error);
        error->kind = kind_of_refusal(reply, error);
        return REPAY_JUDGED_REFUSED;
    }
    if (is_2xx && envelope->is_json)
        return judge_success(envelope, says_success, error);
    if (envelope->is_json)
        read_words(envelope, error);
    return REPAY_JUDGED_UNCLEAR;
}

static const struct repay_operation operations[] = {
    {
        .name = "schedule",
        .parameters = schedule_parameters,
        .shape = &schedule_shape,
        .build = build_schedule,
        .judge = judge_schedule,
    },
    {.name = NULL},
};

extern const struct repay_provider repay_provider_carbon;
const struct repay_provider repay_provider_carbon = {
    .name = "carbon",
    .currency = "NGN",
    .sends_minor_units = true,
    .zone = "+01:00",
    .hosts =
        {
            {REPAY_ENVIRONMENT_SANDBOX, "https://carbonapistagingsecure.getcarbon.co/baas/api",
             true},
            {REPAY_ENVIRONMENT_LIVE, "https://carbonapisecure.getcarbon.co/baas/api", true},
            {REPAY_ENVIRONMENT_SANDBOX, NULL, false},
        },
    .settings = settings,
    .operations = operations,
    .add_headers = add_headers,
    .not_found_hint = "this looks like an application id; the schedule wants the loan_id that the "
                      "application gets after disbursement",
};
