/*
 * Owns Pezesha: the schedule of a merchant's active loan, its envelope of flags that may contradict
 * each other, and the token that goes out under two names.
 *
 * Refuses a success without `data`: only a list, even an empty one, says what is owed. The path is
 * spelled "shedules" by the provider.
 */
#include "envelope.h"
#include "outcome.h"
#include "task.h"

static const struct repay_field schedule_fields[] = {
    REPAY_FIELD("principal_amount", REPAY_FIELD_AMOUNT, REPAY_ROLE_PRINCIPAL, 0, "principal_minor"),
    REPAY_FIELD("interest_amount", REPAY_FIELD_AMOUNT, REPAY_ROLE_INTEREST, 8, "interest_minor"),
    REPAY_FIELD("penalty_amount", REPAY_FIELD_AMOUNT, REPAY_ROLE_PENALTY, 16, "penalty_minor"),
    REPAY_FIELD("penalty_paid", REPAY_FIELD_AMOUNT, REPAY_ROLE_PENALTY_PAID, 24,
                "penalty_paid_minor"),
    REPAY_FIELD("total_due", REPAY_FIELD_AMOUNT, REPAY_ROLE_TOTAL_DUE, 32, "total_due_minor"),
    REPAY_FIELD("total_outstanding", REPAY_FIELD_AMOUNT, REPAY_ROLE_REMAINING, 40,
                "total_outstanding_minor"),
    REPAY_FIELD("balance", REPAY_FIELD_AMOUNT, REPAY_ROLE_OUTSTANDING, 48, "outstanding_minor"),
    REPAY_FIELD("repayment_date", REPAY_FIELD_DAY, REPAY_ROLE_DUE_DATE, 56, "due_date"),
    REPAY_FIELD("month", REPAY_FIELD_COUNT, REPAY_ROLE_NUMBER, 60, "number"),
    REPAY_FIELD("loan_id", REPAY_FIELD_TEXT, REPAY_ROLE_LOAN_ID, 64, "loan_id"),
    REPAY_FIELD("status", REPAY_FIELD_TEXT, REPAY_ROLE_STATUS, 68, "provider_status"),
};

static const struct repay_status_word schedule_words[] = {
    {"active on schedule", REPAY_STATUS_PENDING},
    {"paid", REPAY_STATUS_PAID},
    {"overdue", REPAY_STATUS_OVERDUE},
    {NULL, REPAY_STATUS_UNKNOWN},
};

static const struct repay_layout schedule_layout = {
    .provider = "pezesha",
    .name = "schedule",
    .fields = schedule_fields,
    .field_count = sizeof schedule_fields / sizeof schedule_fields[0],
    .row_width = 72,
    .total_due_rule = REPAY_AMOUNT_GIVEN,
    .paid_rule = REPAY_AMOUNT_TOTAL_MINUS_OUTSTANDING,
    .outstanding_rule = REPAY_AMOUNT_GIVEN,
    .identity = REPAY_IDENTITY_LOAN_NUMBER,
    .status_words = schedule_words,
};

enum { ENVELOPE_STATUS, ENVELOPE_ERROR, ENVELOPE_MESSAGE, ENVELOPE_ERRORS, ENVELOPE_DESCRIPTION };
static const char *const envelope_members[] = {
    "status", "error", "message", "errors", "error_description", NULL};

static const struct repay_shape schedule_shape = {
    .layout = &schedule_layout,
    .envelope = envelope_members,
    .rows_member = "data",
    .rows_member_is_list = true,
    .object_is_row = true,
};

enum { SETTING_TOKEN, SETTING_CHANNEL, SETTING_TOKEN_HEADER };
static const char *const token_headers[] = {"both", "authorization", "authentication", NULL};
static const struct repay_setting settings[] = {
    [SETTING_TOKEN] = {.name = "token", .required = true, .secret = true, .is_header_value = true},
    [SETTING_CHANNEL] = {.name = "channel", .required = true},
    [SETTING_TOKEN_HEADER] = {.name = "token_header", .choices = token_headers, .preset = "both"},
    {.name = NULL},
};

enum { PARAMETER_MERCHANT_ID };
static const struct repay_parameter schedule_parameters[] = {
    [PARAMETER_MERCHANT_ID] = {.name = "merchant_id",
                               .type = REPAY_PARAMETER_TEXT,
                               .required = true,
                               .is_subject = true},
    {.name = NULL},
};

/*
 * People paste a token with the word in front of it; sent twice, it is a token that nobody issued.
 */
static bool begins_with_bearer(struct repay_text token)
{
    struct repay_text word = REPAY_TEXT("Bearer ");

    return token.length > word.length &&
           repay_text_equal_fold((struct repay_text){token.data, word.length}, word);
}

/*
 * The provider's pages name two headers for the same token, and the schedule's page names the one
 * that no other source uses; both go out unless the user knows better.
 */
static bool add_headers(const struct repay_session *session, struct repay_request *out,
                        struct repay_error *error)
{
    struct repay_text token = repay_session_setting(session, SETTING_TOKEN);
    struct repay_text choice = repay_session_setting(session, SETTING_TOKEN_HEADER);
    struct repay_bytes value;
    bool is_added = true;

    repay_bytes_init_wiping(&value, out->bytes.allocator, REPAY_REQUEST_SIZE_MAX);
    if (!begins_with_bearer(token))
        (void)repay_bytes_append_string(&value, "Bearer ");
    if (!repay_bytes_append_text(&value, token))
        is_added = repay_bytes_error(&value, "the request", error);
    if (is_added && !repay_text_is(choice, "authentication"))
        is_added =
            repay_request_add_header(out, "Authorization", repay_bytes_text(&value), true, error);
    if (is_added && !repay_text_is(choice, "authorization"))
        is_added =
            repay_request_add_header(out, "Authentication", repay_bytes_text(&value), true, error);
    repay_bytes_free(&value);
    return is_added;
}

static bool build_schedule(const struct repay_task *task, struct repay_request *out,
                           struct repay_error *error)
{
    repay_task_begin_target(task, REPAY_METHOD_GET, out);
    (void)repay_bytes_append_string(&out->bytes, "/mfi/v1/borrowers/repayment-shedules");
    (void)repay_url_append_query(&out->bytes, "channel",
                                 repay_session_setting(task->session, SETTING_CHANNEL), true);
    (void)repay_url_append_query(&out->bytes, "merchant_id",
                                 task->arguments[PARAMETER_MERCHANT_ID].text, false);
    return repay_task_end_target(task, out, error);
}

static const struct repay_kind_word refusal_words[] = {
    {"unauthenticated", NULL, REPAY_KIND_AUTH},
    {"client authentication failed", NULL, REPAY_KIND_AUTH},
    {"invalid_client", NULL, REPAY_KIND_AUTH},
    {"unable to find", NULL, REPAY_KIND_NOT_FOUND},
    {"no active loan", NULL, REPAY_KIND_NOT_FOUND},
    {NULL, NULL, REPAY_KIND_NONE},
};

/* What the body itself says. */
struct flags {
    int64_t status;
    bool says_error;
    bool says_success;
    bool is_odd; /* a flag holds something that is neither */
};

static struct flags read_flags(const struct repay_envelope *envelope)
{
    struct flags flags = {0};
    struct repay_json_value error = envelope->values[ENVELOPE_ERROR];

    if (envelope->present[ENVELOPE_STATUS]) {
        if (!repay_envelope_read_integer(envelope->values[ENVELOPE_STATUS], &flags.status))
            flags.is_odd = true;
        else if (flags.status >= 200 && flags.status <= 299)
            flags.says_success = true;
        else
            flags.says_error = true;
    }
    switch (envelope->present[ENVELOPE_ERROR] ? repay_envelope_read_flag(error)
                                              : REPAY_ENVELOPE_FLAG_ABSENT) {
    case REPAY_ENVELOPE_FLAG_ABSENT:
        break;
    case REPAY_ENVELOPE_FLAG_FALSE:
        flags.says_success = true;
        break;
    case REPAY_ENVELOPE_FLAG_TRUE:
        flags.says_error = true;
        break;
    case REPAY_ENVELOPE_FLAG_ODD:
        /* The token route's errors have a word here; an empty word says nothing. */
        if (error.type == REPAY_JSON_STRING)
            flags.says_error = flags.says_error || error.raw.length > 2;
        else
            flags.is_odd = true;
        break;
    }
    return flags;
}

static void read_words(const struct repay_envelope *envelope, struct repay_error *error)
{
    static const int order[] = {ENVELOPE_ERRORS, ENVELOPE_MESSAGE, ENVELOPE_DESCRIPTION};

    if (envelope->present[ENVELOPE_ERROR] &&
        repay_envelope_read_flag(envelope->values[ENVELOPE_ERROR]) == REPAY_ENVELOPE_FLAG_ODD)
        repay_envelope_copy_text(envelope->values[ENVELOPE_ERROR], error->provider_code,
                                 sizeof error->provider_code);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (envelope->present[order[i]])
            repay_envelope_first_words(envelope->values[order[i]], error->provider_message,
                                       sizeof error->provider_message);
        if (error->provider_message[0] != '\0')
            return;
    }
}

/* The status that counts: the body's where it is an error, else HTTP's. */
static int effective_status(int http_status, const struct flags *flags)
{
    if (flags->status >= 400 && flags->status <= 599)
        return (int)flags->status;
    return http_status;
}

static enum repay_kind kind_of_refusal(int http_status, const struct flags *flags,
                                       const struct repay_error *error)
{
    int status = effective_status(http_status, flags);
    enum repay_kind kind = repay_kind_of_words(refusal_words, error->provider_message);

    if (kind == REPAY_KIND_NONE)
        kind = repay_kind_of_words(refusal_words, error->provider_code);
    if (status == 400 || repay_is_2xx(status))
        return kind != REPAY_KIND_NONE ? kind : REPAY_KIND_PROVIDER_ERROR;
    return repay_kind_of_status(status);
}

static enum repay_judgement judge_success(const struct repay_envelope *envelope,
                                          const struct flags *flags, struct repay_error *error)
{
    const char *fault = NULL;

    if (flags->is_odd)
        fault = "the reply's flags are neither success nor failure";
    else if (!flags->says_success)
        fault = "the reply does not say whether it is a success";
    else if (envelope->rows_found != REPAY_ROWS_LIST && envelope->rows_found != REPAY_ROWS_ONE)
        fault = "the reply says success and holds no schedule";
    if (!fault)
        return REPAY_JUDGED_ACCEPTED;
    (void)repay_error_set(error, REPAY_KIND_BAD_RESPONSE, "%s", fault);
    read_words(envelope, error);
    return REPAY_JUDGED_UNCLEAR;
}

static enum repay_judgement judge_schedule(const struct repay_reply *reply,
                                           struct repay_receipt *receipt, struct repay_error *error)
{
    const struct repay_envelope *envelope = reply->envelope;
    bool is_2xx = repay_is_2xx(reply->http_status);
    struct flags flags;

    (void)receipt;
    if (!envelope->is_json)
        return REPAY_JUDGED_UNCLEAR;
    flags = read_flags(envelope);
    if (flags.says_error) {
        read_words(envelope, error);
        error->kind = kind_of_refusal(reply->http_status, &flags, error);
        return REPAY_JUDGED_REFUSED;
    }
    if (is_2xx)
        return judge_success(envelope, &flags, error);
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

extern const struct repay_provider repay_provider_pezesha;
const struct repay_provider repay_provider_pezesha = {
    .name = "pezesha",
    .zone = "+03:00",
    .hosts =
        {
            {REPAY_ENVIRONMENT_SANDBOX, "https://dev.api.pezesha.com", true},
            {REPAY_ENVIRONMENT_LIVE, "https://api.pezesha.com", true},
            {REPAY_ENVIRONMENT_SANDBOX, "https://staging.api.pezesha.com", false},
            {REPAY_ENVIRONMENT_SANDBOX, NULL, false},
        },
    .settings = settings,
    .operations = operations,
    .add_headers = add_headers,
};
