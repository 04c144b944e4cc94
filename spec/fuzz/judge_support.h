/*
 * What the fuzz targets of the providers share: a body under a status, given to one operation whole
 * and in pieces. The judgement must not depend on the pieces, a success needs a 2xx, and no text of
 * an error holds a credential or a byte that acts on a terminal.
 *
 * The first byte of an input chooses operation and status, the second the size of the pieces.
 */
#ifndef REPAY_FUZZ_JUDGE_SUPPORT_H
#define REPAY_FUZZ_JUDGE_SUPPORT_H

#include "call.h"
#include "must.h"

#define JUDGE_SECRET "SECRET-VALUE"
#define JUDGE_AMOUNT 5000000

struct judged {
    enum repay_step step;
    struct repay_error error;
    struct repay_receipt receipt;
    uint32_t rows;
};

static inline void judge_open(struct repay_session *session, const char *provider)
{
    struct repay_session_options options = {.environment = REPAY_TEXT("sandbox"),
                                            .currency = REPAY_TEXT("NGN")};
    struct repay_error error;

    options.provider = repay_provider_find(repay_text_of(provider));
    MUST(options.provider != NULL);
    options.policy = repay_policy_default();
    options.policy.attempts = 1;
    for (unsigned i = 0; options.provider->settings[i].name; i++) {
        if (options.provider->settings[i].required)
            options.settings[i] = REPAY_TEXT(JUDGE_SECRET);
    }
    repay_session_init(session, &must_allocator);
    MUST(repay_session_open(session, &options, &error));
}

static inline void judge_prepare(struct repay_call *call, struct repay_session *session,
                                 const struct repay_operation *operation,
                                 struct repay_answers *answers)
{
    struct repay_chance chance = {.seed = 1};
    struct repay_error error;

    repay_call_init(call, &must_allocator, answers);
    repay_call_begin(call, session, operation);
    for (unsigned i = 0; operation->parameters[i].name; i++) {
        if (operation->parameters[i].type == REPAY_PARAMETER_AMOUNT)
            MUST(repay_call_set_amount(call, i, JUDGE_AMOUNT, &error));
        else if (operation->parameters[i].required)
            MUST(repay_call_set_text(call, i, REPAY_TEXT("subject"), &error));
    }
    MUST(repay_call_prepare(call, &chance, 0, &error));
}

/* Works on a copy of the session: what its calls share (breaker, pace) must not reach the next
 * input. */
static inline void judge_once(struct judged *out, const struct repay_session *opened,
                              const struct repay_operation *operation,
                              struct repay_answers *answers, int status, struct repay_text body,
                              size_t piece)
{
    struct repay_end whole = {.kind = REPAY_KIND_NONE, .sent = REPAY_SENT_MAYBE};
    struct repay_session session = *opened;
    struct repay_call call;
    bool goes_on;

    judge_prepare(&call, &session, operation, answers);
    MUST(repay_call_next(&call, 0, 0) == REPAY_STEP_SEND);
    goes_on = repay_call_reply_status(&call, status);
    for (size_t at = 0; goes_on && at < body.length;) {
        size_t length = piece < body.length - at ? piece : body.length - at;
        goes_on = repay_call_reply_body(&call, body.data + at, length);
        at += length;
    }
    repay_call_end(&call, &whole, 0, 0);
    out->step = repay_call_next(&call, 0, 0);
    out->error = *call.error;
    repay_receipt_clear(&out->receipt);
    if (call.receipt)
        out->receipt = *call.receipt;
    out->rows = repay_call_rows(&call) ? repay_call_rows(&call)->rows : 0;
    repay_call_free(&call);
}

static inline void judge_check_text(const char *text)
{
    MUST(strstr(text, JUDGE_SECRET) == NULL);
    for (; *text; text++)
        MUST((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static inline void judge_check(const struct judged *judged, const struct repay_operation *operation,
                               int status)
{
    if (judged->step != REPAY_STEP_FAILED) {
        /* A full page is followed by the next one. */
        MUST(judged->step == REPAY_STEP_DONE ||
             (judged->step == REPAY_STEP_SEND && operation->page_size > 0));
        MUST(status >= 200 && status <= 299);
        MUST(!operation->is_write || judged->receipt.amount_minor == JUDGE_AMOUNT);
        MUST(judged->error.kind == REPAY_KIND_NONE);
    } else {
        MUST(judged->error.kind != REPAY_KIND_NONE && judged->error.kind != REPAY_KIND_MEMORY);
        MUST(judged->error.message[0] != '\0');
        MUST(judged->error.http_status == status);
        MUST(judged->receipt.amount_minor == REPAY_AMOUNT_ABSENT);
        MUST(status != 401 || judged->error.outcome == REPAY_OUTCOME_NOT_SENT);
        MUST(status < 500 || judged->error.outcome == REPAY_OUTCOME_UNKNOWN);
    }
    judge_check_text(judged->error.message);
    judge_check_text(judged->error.provider_message);
    judge_check_text(judged->error.provider_code);
    judge_check_text(judged->error.field);
    judge_check_text(judged->receipt.id);
    judge_check_text(judged->receipt.reference);
    judge_check_text(judged->receipt.verification_status);
    judge_check_text(judged->receipt.provider_message);
}

static inline int judge_input(const char *provider, const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 200, 400, 422, 404, 403, 401, 429, 500, 202};
    static struct repay_answers *answers;
    static struct repay_session session;
    const struct repay_operation *operations;
    struct repay_text body = {(const char *)data + 2, size - 2};
    struct judged whole, pieces;
    unsigned count = 0;
    int status;

    if (size < 2)
        return 0;
    if (!answers) {
        answers = repay_answers_create(repay_blocks_create(&must_allocator));
        MUST(answers != NULL);
        judge_open(&session, provider);
    }
    operations = session.provider->operations;
    while (operations[count].name)
        count++;
    MUST(count > 0);
    status = statuses[data[0] / 16 % 10];
    operations += data[0] % 16 % count;
    judge_once(&whole, &session, operations, answers, status, body, size);
    judge_once(&pieces, &session, operations, answers, status, body, (size_t)data[1] + 1);
    judge_check(&whole, operations, status);
    MUST(whole.step == pieces.step && whole.rows == pieces.rows);
    MUST(whole.error.kind == pieces.error.kind && whole.error.outcome == pieces.error.outcome);
    MUST(strcmp(whole.error.message, pieces.error.message) == 0);
    MUST(whole.error.offset == pieces.error.offset);
    return 0;
}

#endif
