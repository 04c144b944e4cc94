/*
 * Owns Fincode: three lists, the recording of a repayment, and what its documented words mean.
 *
 * Nobody knows whether a row of the customer's list is an installment or a recorded repayment, so
 * that layout tells neither a paid nor an outstanding amount. Recording a repayment moves no money:
 * a success is a submission. Refuses as proof of one everything but the success word with our
 * amount echoed.
 */
#include "date.h"
#include "envelope.h"
#include "json_write.h"
#include "outcome.h"
#include "task.h"

#define PAGE_SIZE         50 /* the most that the provider's page recommends */
/*
 * A page with one row may have another after it, however many were asked for: a tenant may give
 * fewer, and nothing in an answer tells how many there are in all. It costs one request more than
 * to believe the first short page, and loses no debt.
 */
#define PAGE_ROWS_LEAST   1
#define NARRATION_MAX     4096 /* free text without a documented limit; a bank's field holds 140 */
#define AMOUNT_TEXT_MAX   64 /* an amount echoed as a string; a longer one is not the one we sent */
#define LIST_TELLS_NOT    "fincode_list_tells_no_paid_amount"
#define PENDING_TELLS_NOT "fincode_pending_tells_no_total"
#define REPAID_TELLS_NOT  "fincode_repaid_lists_payments"

static const struct repay_field list_fields[] = {
    REPAY_FIELD("id", REPAY_FIELD_UUID, REPAY_ROLE_ID, 0, "id"),
    REPAY_FIELD("repaymentAmount", REPAY_FIELD_AMOUNT, REPAY_ROLE_NONE, 16,
                "repayment_amount_minor"),
    REPAY_FIELD("principalBalance", REPAY_FIELD_AMOUNT, REPAY_ROLE_LOAN_PRINCIPAL, 24,
                "principal_balance_minor"),
    REPAY_FIELD("totalBalance", REPAY_FIELD_AMOUNT, REPAY_ROLE_LOAN_BALANCE, 32,
                "total_balance_minor"),
    REPAY_FIELD("totalPayable", REPAY_FIELD_AMOUNT, REPAY_ROLE_TOTAL_DUE, 40, "total_due_minor"),
    REPAY_FIELD("creationDate", REPAY_FIELD_MOMENT, REPAY_ROLE_CREATED, 48, "creation_date"),
    REPAY_FIELD("paymentDueDate", REPAY_FIELD_DAY, REPAY_ROLE_DUE_DATE, 56, "due_date"),
    REPAY_FIELD("installmentCount", REPAY_FIELD_COUNT, REPAY_ROLE_NUMBER, 60, "number"),
    REPAY_FIELD("loanRepaymentMethodEnum", REPAY_FIELD_TEXT, REPAY_ROLE_NONE, 64,
                "repayment_method"),
    REPAY_FIELD("accountProductName", REPAY_FIELD_TEXT, REPAY_ROLE_NONE, 68,
                "account_product_name"),
    REPAY_FIELD("customerName", REPAY_FIELD_TEXT, REPAY_ROLE_PERSON, 72, "customer_name"),
    REPAY_FIELD("email", REPAY_FIELD_TEXT, REPAY_ROLE_EMAIL, 76, "email"),
    REPAY_FIELD("loanProductName", REPAY_FIELD_TEXT, REPAY_ROLE_NONE, 80, "loan_product_name"),
    REPAY_FIELD("accountId", REPAY_FIELD_TEXT, REPAY_ROLE_NONE, 84, "account_id"),
    REPAY_FIELD("loanApplicationId", REPAY_FIELD_TEXT, REPAY_ROLE_LOAN_ID, 88, "loan_id"),
    REPAY_FIELD("loanAmountPaid", REPAY_FIELD_FLAG, REPAY_ROLE_IS_PAID, 92, "is_loan_paid"),
};

static const struct repay_field pending_fields[] = {
    REPAY_FIELD("amountDue", REPAY_FIELD_AMOUNT, REPAY_ROLE_OUTSTANDING, 0, "outstanding_minor"),
    REPAY_FIELD("principalAmount", REPAY_FIELD_AMOUNT, REPAY_ROLE_PRINCIPAL, 8, "principal_minor"),
    REPAY_FIELD("interestAmount", REPAY_FIELD_AMOUNT, REPAY_ROLE_INTEREST, 16, "interest_minor"),
    REPAY_FIELD("dueDate", REPAY_FIELD_DAY, REPAY_ROLE_DUE_DATE, 24, "due_date"),
    REPAY_FIELD("installmentNumber", REPAY_FIELD_COUNT, REPAY_ROLE_NUMBER, 28, "number"),
    REPAY_FIELD("daysOverdue", REPAY_FIELD_COUNT, REPAY_ROLE_NONE, 32, "days_overdue"),
    REPAY_FIELD("loanApplicationId", REPAY_FIELD_TEXT, REPAY_ROLE_LOAN_ID, 36, "loan_id"),
    REPAY_FIELD("status", REPAY_FIELD_TEXT, REPAY_ROLE_STATUS, 40, "provider_status"),
};

static const struct repay_field repaid_fields[] = {
    REPAY_FIELD("repaymentId", REPAY_FIELD_UUID, REPAY_ROLE_ID, 0, "repayment_id"),
    REPAY_FIELD("repaymentAmount", REPAY_FIELD_AMOUNT, REPAY_ROLE_NONE, 16,
                "repayment_amount_minor"),
    REPAY_FIELD("paymentDate", REPAY_FIELD_MOMENT, REPAY_ROLE_NONE, 24, "payment_date"),
    REPAY_FIELD("loanApplicationId", REPAY_FIELD_TEXT, REPAY_ROLE_LOAN_ID, 32, "loan_id"),
    REPAY_FIELD("paymentMethod", REPAY_FIELD_TEXT, REPAY_ROLE_NONE, 36, "payment_method"),
    REPAY_FIELD("status", REPAY_FIELD_TEXT, REPAY_ROLE_STATUS, 40, "provider_status"),
};

static const struct repay_status_word pending_words[] = {
    {"pending", REPAY_STATUS_PENDING},
    {"overdue", REPAY_STATUS_OVERDUE},
    {NULL, REPAY_STATUS_UNKNOWN},
};
static const struct repay_status_word repaid_words[] = {
    {"verified", REPAY_STATUS_PAID},
    {"paid", REPAY_STATUS_PAID},
    {NULL, REPAY_STATUS_UNKNOWN},
};

static const struct repay_layout list_layout = {
    .provider = "fincode",
    .name = "schedule",
    .fields = list_fields,
    .field_count = sizeof list_fields / sizeof list_fields[0],
    .row_width = 93,
    .paid_flag_is_status = true,
    .total_due_rule = REPAY_AMOUNT_GIVEN,
    .paid_rule = REPAY_AMOUNT_NOT_TOLD,
    .outstanding_rule = REPAY_AMOUNT_ZERO_IF_PAID,
    .identity = REPAY_IDENTITY_ROW_ID,
    .unknown_reason = LIST_TELLS_NOT,
    .lateness_reason = LIST_TELLS_NOT,
    .total_due_reason = LIST_TELLS_NOT,
};

/*
 * What is due here is what is still due: the whole installment and what was paid of it are not
 * told, and the parts may be those of the whole or of the rest.
 */
static const struct repay_layout pending_layout = {
    .provider = "fincode",
    .name = "pending",
    .fields = pending_fields,
    .field_count = sizeof pending_fields / sizeof pending_fields[0],
    .row_width = 44,
    .total_due_rule = REPAY_AMOUNT_NOT_TOLD,
    .paid_rule = REPAY_AMOUNT_NOT_TOLD,
    .outstanding_rule = REPAY_AMOUNT_GIVEN,
    .identity = REPAY_IDENTITY_LOAN_NUMBER,
    .status_words = pending_words,
    .unknown_reason = PENDING_TELLS_NOT,
    .total_due_reason = PENDING_TELLS_NOT,
};

static const struct repay_layout repaid_layout = {
    .provider = "fincode",
    .name = "repaid",
    .fields = repaid_fields,
    .field_count = sizeof repaid_fields / sizeof repaid_fields[0],
    .row_width = 44,
    .total_due_rule = REPAY_AMOUNT_NOT_TOLD,
    .paid_rule = REPAY_AMOUNT_NOT_TOLD,
    .outstanding_rule = REPAY_AMOUNT_NOT_TOLD,
    .identity = REPAY_IDENTITY_ROW_ID,
    .status_words = repaid_words,
    .unknown_reason = REPAID_TELLS_NOT,
    .lateness_reason = REPAID_TELLS_NOT,
    .total_due_reason = REPAID_TELLS_NOT,
};

enum {
    ENVELOPE_STATUS,
    ENVELOPE_SUCCESS,
    ENVELOPE_MESSAGE,
    ENVELOPE_ERROR,
    ENVELOPE_CODE,
    ENVELOPE_ERROR_CODE,
    ENVELOPE_DATA
};
static const char *const envelope_members[] = {"status", "success",   "message", "error",
                                               "code",   "errorCode", "data",    NULL};
static const char *const rows_inside[] = {"content", "items", "list", "records", "data", NULL};

static const struct repay_shape list_shape = {
    .layout = &list_layout,
    .envelope = envelope_members,
    .rows_member = "data",
    .rows_inside = rows_inside,
    .rows_member_is_list = true,
};
static const struct repay_shape pending_shape = {
    .layout = &pending_layout,
    .envelope = envelope_members,
    .rows_member = "data",
    .rows_inside = rows_inside,
    .rows_member_is_list = true,
};
static const struct repay_shape repaid_shape = {
    .layout = &repaid_layout,
    .envelope = envelope_members,
    .rows_member = "data",
    .rows_inside = rows_inside,
    .rows_member_is_list = true,
};
static const struct repay_shape receipt_shape = {
    .envelope = envelope_members,
    .rows_member = "data",
};

enum { SETTING_TOKEN, SETTING_CUSTOMER_IP, SETTING_TENANT };
static const struct repay_setting settings[] = {
    [SETTING_TOKEN] = {.name = "token", .required = true, .secret = true, .is_header_value = true},
    [SETTING_CUSTOMER_IP] = {.name = "customer_ip", .required = true, .is_header_value = true},
    [SETTING_TENANT] = {.name = "tenant", .preset = "finlend"},
    {.name = NULL},
};

enum { PARAMETER_OF_LIST };
static const struct repay_parameter list_parameters[] = {
    [PARAMETER_OF_LIST] = {.name = "customer_id",
                           .type = REPAY_PARAMETER_TEXT,
                           .required = true,
                           .is_subject = true},
    {.name = NULL},
};
static const struct repay_parameter user_parameters[] = {
    [PARAMETER_OF_LIST] = {.name = "user_id",
                           .type = REPAY_PARAMETER_TEXT,
                           .required = true,
                           .is_subject = true},
    {.name = NULL},
};

enum {
    PARAMETER_USER_ID,
    PARAMETER_CUSTOMER_ID,
    PARAMETER_ACCOUNT_ID,
    PARAMETER_BANK_ACCOUNT_ID,
    PARAMETER_AMOUNT,
    PARAMETER_REFERENCE,
    PARAMETER_PAYMENT_DATE,
    PARAMETER_NARRATION,
    PARAMETER_KEY
};
static const struct repay_parameter repay_parameters[] = {
    [PARAMETER_USER_ID] = {.name = "user_id", .type = REPAY_PARAMETER_TEXT},
    [PARAMETER_CUSTOMER_ID] = {.name = "customer_id",
                               .type = REPAY_PARAMETER_TEXT,
                               .required = true},
    [PARAMETER_ACCOUNT_ID] = {.name = "account_id",
                              .type = REPAY_PARAMETER_TEXT,
                              .required = true,
                              .is_subject = true},
    [PARAMETER_BANK_ACCOUNT_ID] = {.name = "bank_account_id",
                                   .type = REPAY_PARAMETER_TEXT,
                                   .required = true},
    [PARAMETER_AMOUNT] = {.name = "amount", .type = REPAY_PARAMETER_AMOUNT, .required = true},
    [PARAMETER_REFERENCE] = {.name = "reference", .type = REPAY_PARAMETER_TEXT},
    [PARAMETER_PAYMENT_DATE] = {.name = "payment_date", .type = REPAY_PARAMETER_TEXT},
    [PARAMETER_NARRATION] = {.name = "narration",
                             .type = REPAY_PARAMETER_TEXT,
                             .length_max = NARRATION_MAX},
    [PARAMETER_KEY] = {.name = "idempotency_key",
                       .type = REPAY_PARAMETER_KEY,
                       .length_max = REPAY_KEY_MAX},
    {.name = NULL},
};

static bool add_headers(const struct repay_session *session, struct repay_request *out,
                        struct repay_error *error)
{
    return repay_request_add_header(out, "X-Auth-Token",
                                    repay_session_setting(session, SETTING_TOKEN), true, error) &&
           repay_request_add_header(out, "x-fapi-customer-ip-address",
                                    repay_session_setting(session, SETTING_CUSTOMER_IP), false,
                                    error);
}

/* The two headers that every call has anew, and a third where its page demands a key. */
static bool add_own_headers(const struct repay_task *task, struct repay_request *out,
                            struct repay_error *error)
{
    char moment[REPAY_MOMENT_TEXT_MAX];
    size_t length = repay_moment_write(task->unix_ms, moment);

    if (length == 0)
        return repay_error_set(error, REPAY_KIND_CONFIG,
                               "the wall clock shows a time outside the years 1 to 9999");
    if (!repay_request_add_header(out, "x-fapi-auth-date", (struct repay_text){moment, length},
                                  false, error) ||
        !repay_request_add_header(out, "x-fapi-interaction-id", task->interaction_id, false, error))
        return false;
    if (!task->operation->carries_key)
        return true;
    return repay_request_add_header(out, "x-idempotency-key", task->idempotency_key, false, error);
}

static bool build_read(const struct repay_task *task, const char *path, struct repay_request *out,
                       struct repay_error *error)
{
    repay_task_begin_target(task, REPAY_METHOD_GET, out);
    (void)repay_bytes_append_string(&out->bytes, path);
    if (!repay_task_append_argument(task, PARAMETER_OF_LIST, out, error))
        return false;
    if (task->operation->page_size > 0) {
        (void)repay_bytes_append_string(&out->bytes, "?page=");
        (void)repay_bytes_append_integer(&out->bytes, task->page);
        (void)repay_bytes_append_string(&out->bytes, "&size=");
        (void)repay_bytes_append_integer(&out->bytes, PAGE_SIZE);
    }
    return repay_task_end_target(task, out, error) && add_own_headers(task, out, error);
}

static bool build_list(const struct repay_task *task, struct repay_request *out,
                       struct repay_error *error)
{
    return build_read(task, "/user/list-customer-repayments/", out, error);
}

static bool build_pending(const struct repay_task *task, struct repay_request *out,
                          struct repay_error *error)
{
    return build_read(task, "/user/pending-repayments/", out, error);
}

static bool build_repaid(const struct repay_task *task, struct repay_request *out,
                         struct repay_error *error)
{
    return build_read(task, "/user/repaid-transactions/", out, error);
}

static void write_text(struct repay_json_writer *writer, const char *name,
                       const struct repay_argument *argument)
{
    if (!argument->given)
        return;
    repay_json_name(writer, name);
    repay_json_write_text(writer, argument->text);
}

static void write_repayment(const struct repay_task *task, struct repay_bytes *out)
{
    const struct repay_argument *arguments = task->arguments;
    struct repay_json_writer writer = {.out = out};

    repay_json_begin(&writer, '{');
    repay_json_name(&writer, "repaymentAmount");
    repay_json_write_amount(&writer, arguments[PARAMETER_AMOUNT].minor,
                            task->session->wire_decimals);
    write_text(&writer, "customerId", &arguments[PARAMETER_CUSTOMER_ID]);
    write_text(&writer, "accountId", &arguments[PARAMETER_ACCOUNT_ID]);
    write_text(&writer, "bankAccountId", &arguments[PARAMETER_BANK_ACCOUNT_ID]);
    write_text(&writer, "repaymentReference", &arguments[PARAMETER_REFERENCE]);
    write_text(&writer, "paymentDate", &arguments[PARAMETER_PAYMENT_DATE]);
    write_text(&writer, "paymentNarration", &arguments[PARAMETER_NARRATION]);
    repay_json_close(&writer, '}');
}

/* Stricter than what is read: ISO 8601 has a T and no blank between a day and its time. */
static bool check_payment_date(const struct repay_argument *date, struct repay_error *error)
{
    int32_t day;

    if (!date->given)
        return true;
    if (repay_day_of_text(date->text, 0, &day) && !memchr(date->text.data, ' ', date->text.length))
        return true;
    return repay_error_set_field(error, REPAY_KIND_INVALID_ARGUMENT, "payment_date",
                                 "payment_date is no ISO 8601 date or moment, like \"2024-01-15\" "
                                 "or \"2024-01-15T10:00:00Z\"");
}

static bool build_repay(const struct repay_task *task, struct repay_request *out,
                        struct repay_error *error)
{
    unsigned user =
        task->arguments[PARAMETER_USER_ID].given ? PARAMETER_USER_ID : PARAMETER_CUSTOMER_ID;

    if (!check_payment_date(&task->arguments[PARAMETER_PAYMENT_DATE], error))
        return false;
    repay_task_begin_target(task, REPAY_METHOD_POST, out);
    (void)repay_bytes_append_string(&out->bytes, "/user/repay-loan/");
    if (!repay_task_append_argument(task, user, out, error) ||
        !repay_task_end_target(task, out, error) || !add_own_headers(task, out, error))
        return false;
    repay_request_begin_body(out);
    write_repayment(task, &out->bytes);
    return repay_request_end_body(out, error);
}

/*
 * The seven documented scenarios and the seven platform codes. The page prints titles and not the
 * texts, so distinctive parts are looked for; the more particular ones come first. "Unauthorized"
 * is a question of ownership here, not of the token.
 */
static const struct repay_kind_word refusal_words[] = {
    {"idempotency", "reus", REPAY_KIND_KEY_REUSED},
    {"idempotency", "already", REPAY_KIND_KEY_REUSED},
    {"idempotency", "different", REPAY_KIND_KEY_REUSED},
    {"in progress", NULL, REPAY_KIND_CONFLICT},
    {"still running", NULL, REPAY_KIND_CONFLICT},
    {"being processed", NULL, REPAY_KIND_CONFLICT},
    {"manual repayment", NULL, REPAY_KIND_MANUAL_REPAYMENT_NOT_ALLOWED},
    {"third-party collection", NULL, REPAY_KIND_MANUAL_REPAYMENT_NOT_ALLOWED},
    {"bank account mismatch", NULL, REPAY_KIND_BANK_ACCOUNT_MISMATCH},
    {"bank account", "belong", REPAY_KIND_BANK_ACCOUNT_MISMATCH},
    {"missing loan application", NULL, REPAY_KIND_LOAN_APPLICATION_MISSING},
    {"loan application id", "missing", REPAY_KIND_LOAN_APPLICATION_MISSING},
    {"loan closed", NULL, REPAY_KIND_LOAN_CLOSED},
    {"loan", "closed", REPAY_KIND_LOAN_CLOSED},
    {"invalid amount", NULL, REPAY_KIND_AMOUNT_INVALID},
    {"exceeds total payable", NULL, REPAY_KIND_AMOUNT_INVALID},
    {"amount is zero", NULL, REPAY_KIND_AMOUNT_INVALID},
    {"loan not found", NULL, REPAY_KIND_NOT_FOUND},
    {"no active loan", NULL, REPAY_KIND_NOT_FOUND},
    {"does not match the authenticated", NULL, REPAY_KIND_FORBIDDEN},
    {"unauthorized", NULL, REPAY_KIND_FORBIDDEN},
    {"auth_required", NULL, REPAY_KIND_AUTH},
    {"rate_limit_exceeded", NULL, REPAY_KIND_RATE_LIMITED},
    {"service_unavailable", NULL, REPAY_KIND_UNAVAILABLE},
    {"server_error", NULL, REPAY_KIND_UNAVAILABLE},
    {"validation_error", NULL, REPAY_KIND_VALIDATION},
    {"not_found", NULL, REPAY_KIND_NOT_FOUND},
    {"forbidden", NULL, REPAY_KIND_FORBIDDEN},
    {NULL, NULL, REPAY_KIND_NONE},
};

enum verdict { VERDICT_NONE, VERDICT_SUCCESS, VERDICT_FAILURE, VERDICT_CONTRADICTION, VERDICT_ODD };

/* What the two flags of the two envelopes say together. */
static enum verdict read_verdict(const struct repay_envelope *envelope)
{
    struct repay_json_value status = envelope->values[ENVELOPE_STATUS];
    enum repay_envelope_flag flag = REPAY_ENVELOPE_FLAG_ABSENT;
    bool succeeded =
        envelope->present[ENVELOPE_STATUS] && repay_envelope_is_word(status, "SUCCESS");
    bool failed = envelope->present[ENVELOPE_STATUS] && repay_envelope_is_word(status, "FAILED");

    if (envelope->present[ENVELOPE_SUCCESS])
        flag = repay_envelope_read_flag(envelope->values[ENVELOPE_SUCCESS]);
    if (flag == REPAY_ENVELOPE_FLAG_ODD ||
        (envelope->present[ENVELOPE_STATUS] && !succeeded && !failed))
        return VERDICT_ODD;
    if ((succeeded && flag == REPAY_ENVELOPE_FLAG_FALSE) ||
        (failed && flag == REPAY_ENVELOPE_FLAG_TRUE))
        return VERDICT_CONTRADICTION;
    if (failed || flag == REPAY_ENVELOPE_FLAG_FALSE)
        return VERDICT_FAILURE;
    return succeeded || flag == REPAY_ENVELOPE_FLAG_TRUE ? VERDICT_SUCCESS : VERDICT_NONE;
}

static void copy_member(struct repay_json_value object, const char *name, char *out,
                        size_t out_size)
{
    struct repay_json_value value;

    if (out[0] == '\0' && repay_envelope_member_once(object, name, &value) == REPAY_MEMBER_ONCE)
        repay_envelope_copy_text(value, out, out_size);
}

/* Text: message, error.message, error, data.message. Code: error.code, code, errorCode. */
static void read_words(const struct repay_envelope *envelope, struct repay_error *error)
{
    char *text = error->provider_message;
    char *code = error->provider_code;
    const size_t text_size = sizeof error->provider_message;
    const size_t code_size = sizeof error->provider_code;

    if (envelope->present[ENVELOPE_MESSAGE])
        repay_envelope_copy_text(envelope->values[ENVELOPE_MESSAGE], text, text_size);
    if (envelope->present[ENVELOPE_ERROR]) {
        struct repay_json_value value = envelope->values[ENVELOPE_ERROR];
        copy_member(value, "message", text, text_size);
        copy_member(value, "code", code, code_size);
        if (text[0] == '\0')
            repay_envelope_copy_text(value, text, text_size);
    }
    if (envelope->present[ENVELOPE_DATA])
        copy_member(envelope->values[ENVELOPE_DATA], "message", text, text_size);
    if (envelope->present[ENVELOPE_CODE] && code[0] == '\0')
        repay_envelope_copy_text(envelope->values[ENVELOPE_CODE], code, code_size);
    if (envelope->present[ENVELOPE_ERROR_CODE] && code[0] == '\0')
        repay_envelope_copy_text(envelope->values[ENVELOPE_ERROR_CODE], code, code_size);
}

static enum repay_kind kind_of_refusal(int http_status, const struct repay_error *error)
{
    enum repay_kind kind = repay_kind_of_words(refusal_words, error->provider_message);
    bool has_words = error->provider_message[0] != '\0' || error->provider_code[0] != '\0';

    if (kind == REPAY_KIND_NONE)
        kind = repay_kind_of_words(refusal_words, error->provider_code);
    if (http_status == 403 || http_status == 404)
        return kind != REPAY_KIND_NONE ? kind : repay_kind_of_status(http_status);
    if (http_status == 400 || http_status == 422) {
        if (kind != REPAY_KIND_NONE)
            return kind;
        return has_words ? REPAY_KIND_PROVIDER_ERROR : REPAY_KIND_VALIDATION;
    }
    if (repay_is_2xx(http_status))
        return kind != REPAY_KIND_NONE ? kind : REPAY_KIND_PROVIDER_ERROR;
    return repay_kind_of_status(http_status);
}

static enum repay_judgement unclear(struct repay_error *error, const char *message)
{
    (void)repay_error_set(error, REPAY_KIND_BAD_RESPONSE, "%s", message);
    return REPAY_JUDGED_UNCLEAR;
}

static enum repay_judgement unclear_verdict(const struct repay_envelope *envelope,
                                            enum verdict verdict, struct repay_error *error)
{
    char word[REPAY_ERROR_FIELD_MAX + 1] = "";

    if (verdict == VERDICT_CONTRADICTION)
        return unclear(error, "the reply says both success and failure");
    if (verdict == VERDICT_NONE)
        return unclear(error, "the reply does not say whether it is a success");
    if (envelope->present[ENVELOPE_STATUS])
        repay_envelope_copy_text(envelope->values[ENVELOPE_STATUS], word, sizeof word);
    (void)repay_error_set(error, REPAY_KIND_BAD_RESPONSE,
                          "the reply's status is \"%s\", neither SUCCESS nor FAILED", word);
    return REPAY_JUDGED_UNCLEAR;
}

/* What holds for reads and writes alike; ACCEPTED means that the rest is left to judge. */
static enum repay_judgement judge_verdict(const struct repay_reply *reply, enum verdict verdict,
                                          struct repay_error *error)
{
    bool is_2xx = repay_is_2xx(reply->http_status);

    if (!reply->envelope->is_json)
        return REPAY_JUDGED_UNCLEAR;
    if (verdict == VERDICT_FAILURE) {
        read_words(reply->envelope, error);
        error->kind = kind_of_refusal(reply->http_status, error);
        return REPAY_JUDGED_REFUSED;
    }
    if (is_2xx)
        return REPAY_JUDGED_ACCEPTED;
    read_words(reply->envelope, error);
    return REPAY_JUDGED_UNCLEAR;
}

/*
 * Under the success word a missing or null list is an empty one. Without the word, rows prove
 * themselves; emptiness does not.
 */
static enum repay_judgement judge_rows(const struct repay_reply *reply,
                                       struct repay_receipt *receipt, struct repay_error *error)
{
    const struct repay_envelope *envelope = reply->envelope;
    enum verdict verdict = read_verdict(envelope);
    enum repay_judgement judgement = judge_verdict(reply, verdict, error);

    (void)receipt;
    if (judgement != REPAY_JUDGED_ACCEPTED)
        return judgement;
    if (verdict == VERDICT_NONE && envelope->rows_found == REPAY_ROWS_LIST && envelope->rows > 0)
        return REPAY_JUDGED_ACCEPTED;
    if (verdict != VERDICT_SUCCESS)
        return unclear_verdict(envelope, verdict, error);
    if (envelope->rows_found == REPAY_ROWS_MISPLACED || envelope->rows_found == REPAY_ROWS_ONE)
        return unclear(error, "the reply says success and holds no list");
    return REPAY_JUDGED_ACCEPTED;
}

enum echo { ECHO_OURS, ECHO_ABSENT, ECHO_DIFFERS };

static enum echo read_echo(struct repay_json_value data, const struct repay_task *task)
{
    struct repay_json_value value;
    char room[AMOUNT_TEXT_MAX + 1];
    struct repay_text text;
    int64_t minor;
    size_t fault_at;

    switch (repay_envelope_member_once(data, "repaymentAmount", &value)) {
    case REPAY_MEMBER_ABSENT:
        return ECHO_ABSENT;
    case REPAY_MEMBER_TWICE:
        return ECHO_DIFFERS;
    case REPAY_MEMBER_ONCE:
        break;
    }
    text = value.raw;
    if (value.type == REPAY_JSON_STRING) {
        if (text.length > AMOUNT_TEXT_MAX)
            return ECHO_DIFFERS;
        repay_envelope_copy_text(value, room, sizeof room);
        text = repay_text_of(room);
    }
    if (repay_money_read(text, task->session->wire_decimals, &minor, &fault_at) != REPAY_MONEY_OK)
        return ECHO_DIFFERS;
    return minor == task->arguments[PARAMETER_AMOUNT].minor ? ECHO_OURS : ECHO_DIFFERS;
}

static void read_receipt(struct repay_json_value data, int64_t minor, struct repay_receipt *receipt)
{
    receipt->amount_minor = minor;
    copy_member(data, "id", receipt->id, sizeof receipt->id);
    copy_member(data, "repaymentReference", receipt->reference, sizeof receipt->reference);
    copy_member(data, "verificationStatus", receipt->verification_status,
                sizeof receipt->verification_status);
    copy_member(data, "message", receipt->provider_message, sizeof receipt->provider_message);
}

/*
 * Whether a failure in the provider's own words is a no. That the first request still runs, that
 * the provider broke down or that there were too many requests says nothing about the money, under
 * whichever status it comes.
 */
static bool is_refusal(enum repay_kind kind)
{
    return kind != REPAY_KIND_CONFLICT && kind != REPAY_KIND_UNAVAILABLE &&
           kind != REPAY_KIND_RATE_LIMITED;
}

static enum repay_judgement judge_repay(const struct repay_reply *reply,
                                        struct repay_receipt *receipt, struct repay_error *error)
{
    const struct repay_envelope *envelope = reply->envelope;
    enum verdict verdict = read_verdict(envelope);
    enum repay_judgement judgement = judge_verdict(reply, verdict, error);
    struct repay_json_value data = envelope->values[ENVELOPE_DATA];
    struct repay_json_value status;
    enum repay_member status_found;
    enum echo echo;

    if (judgement == REPAY_JUDGED_REFUSED && !is_refusal(error->kind))
        return REPAY_JUDGED_UNCLEAR;
    if (judgement != REPAY_JUDGED_ACCEPTED)
        return judgement;
    if (verdict != VERDICT_SUCCESS)
        return unclear_verdict(envelope, verdict, error);
    if (!envelope->present[ENVELOPE_DATA] || data.type != REPAY_JSON_OBJECT)
        return unclear(error, "the reply says success and holds no repayment");
    echo = read_echo(data, reply->task);
    if (echo == ECHO_DIFFERS)
        return unclear(error, "the reply echoes another amount than was sent");
    status_found = repay_envelope_member_once(data, "verificationStatus", &status);
    if (status_found == REPAY_MEMBER_TWICE)
        return unclear(error, "the reply holds two verification statuses");
    if (status_found == REPAY_MEMBER_ONCE && repay_envelope_is_word(status, "REJECTED")) {
        read_words(envelope, error);
        error->kind = REPAY_KIND_REJECTED;
        return REPAY_JUDGED_REFUSED;
    }
    if (echo == ECHO_ABSENT)
        return unclear(error, "the reply does not echo the amount");
    read_receipt(data, reply->task->arguments[PARAMETER_AMOUNT].minor, receipt);
    return REPAY_JUDGED_ACCEPTED;
}

static const struct repay_operation operations[] = {
    {
        .name = "schedule",
        .carries_interaction_id = true,
        .carries_moment = true,
        .parameters = list_parameters,
        .shape = &list_shape,
        .build = build_list,
        .judge = judge_rows,
    },
    {
        .name = "pending",
        .carries_key = true,
        .carries_interaction_id = true,
        .carries_moment = true,
        .page_size = PAGE_ROWS_LEAST,
        .parameters = user_parameters,
        .shape = &pending_shape,
        .build = build_pending,
        .judge = judge_rows,
    },
    {
        .name = "repaid",
        .carries_key = true,
        .carries_interaction_id = true,
        .carries_moment = true,
        .parameters = user_parameters,
        .shape = &repaid_shape,
        .build = build_repaid,
        .judge = judge_rows,
    },
    {
        .name = "repay",
        .is_write = true,
        .carries_key = true,
        .carries_interaction_id = true,
        .carries_moment = true,
        .parameters = repay_parameters,
        .shape = &receipt_shape,
        .build = build_repay,
        .judge = judge_repay,
    },
    {.name = NULL},
};

extern const struct repay_provider repay_provider_fincode;
const struct repay_provider repay_provider_fincode = {
    .name = "fincode",
    .hosts =
        {
            {REPAY_ENVIRONMENT_SANDBOX, "https://{tenant}.fincode.software/api/v1/services", true},
            {REPAY_ENVIRONMENT_LIVE, "https://{tenant}.fincode.tech/api/v1/services", false},
            {REPAY_ENVIRONMENT_SANDBOX, NULL, false},
        },
    .settings = settings,
    .operations = operations,
    .add_headers = add_headers,
};
