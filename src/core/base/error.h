/*
 * What went wrong, as a value.
 *
 * A kind to branch on, an outcome that says what is known about the money, and facts. Texts are
 * fixed or cut to the buffers below; reporting an error never allocates, so being out of memory can
 * be reported too. No member ever holds a credential: texts that come from outside pass
 * repay_session_redact before they get here.
 */
#ifndef REPAY_ERROR_H
#define REPAY_ERROR_H

#include <stdint.h>

#include "text.h"

/* Name in C, name in Lua. Nothing keeps their order, so that it may change. */
#define REPAY_KINDS(X)                                                                             \
    X(NONE, "none")                                                                                \
    X(INVALID_ARGUMENT, "invalid_argument")                                                        \
    X(CONFIG, "config")                                                                            \
    X(AUTH, "auth")                                                                                \
    X(FORBIDDEN, "forbidden")                                                                      \
    X(NOT_FOUND, "not_found")                                                                      \
    X(VALIDATION, "validation")                                                                    \
    X(LOAN_CLOSED, "loan_closed")                                                                  \
    X(AMOUNT_INVALID, "amount_invalid")                                                            \
    X(MANUAL_REPAYMENT_NOT_ALLOWED, "manual_repayment_not_allowed")                                \
    X(BANK_ACCOUNT_MISMATCH, "bank_account_mismatch")                                              \
    X(LOAN_APPLICATION_MISSING, "loan_application_missing")                                        \
    X(LOAN_NOT_REGISTERED, "loan_not_registered")                                                  \
    X(CONFLICT, "conflict")                                                                        \
    X(KEY_REUSED, "key_reused")                                                                    \
    X(RATE_LIMITED, "rate_limited")                                                                \
    X(UNAVAILABLE, "unavailable")                                                                  \
    X(PROVIDER_ERROR, "provider_error")                                                            \
    X(REJECTED, "rejected")                                                                        \
    X(BAD_RESPONSE, "bad_response")                                                                \
    X(TOO_LARGE, "too_large")                                                                      \
    X(DNS, "dns")                                                                                  \
    X(CONNECT, "connect")                                                                          \
    X(TLS, "tls")                                                                                  \
    X(TIMEOUT, "timeout")                                                                          \
    X(CONNECTION_LOST, "connection_lost")                                                          \
    X(CANCELLED, "cancelled")                                                                      \
    X(BREAKER_OPEN, "breaker_open")                                                                \
    X(DUPLICATE_LOAN, "duplicate_loan")                                                            \
    X(UNSUPPORTED, "unsupported")                                                                  \
    X(UNSUPPORTED_PHASE, "unsupported_phase")                                                      \
    X(DUPLICATE_PAYMENT, "duplicate_payment")                                                      \
    X(APPROVAL_REQUIRED, "approval_required")                                                      \
    X(LIMIT_EXCEEDED, "limit_exceeded")                                                            \
    X(JOURNAL, "journal")                                                                          \
    X(JOURNAL_BUSY, "journal_busy")                                                                \
    X(JOURNAL_CORRUPT, "journal_corrupt")                                                          \
    X(JOURNAL_ON_NETWORK_FS, "journal_on_network_fs")                                              \
    X(MEMORY, "memory")

enum repay_kind {
#define X(name, text) REPAY_KIND_##name,
    REPAY_KINDS(X)
#undef X
        REPAY_KIND_COUNT
};

enum repay_outcome {
    REPAY_OUTCOME_NOT_SENT, /* nothing of the request can have reached the provider */
    REPAY_OUTCOME_REFUSED,  /* the provider said no */
    REPAY_OUTCOME_UNKNOWN   /* it may have happened */
};

#define REPAY_ERROR_MESSAGE_MAX          240 /* one terminal line, with room for a subject */
#define REPAY_ERROR_PROVIDER_MESSAGE_MAX 500 /* the longest documented one has under 100 */
#define REPAY_ERROR_FIELD_MAX            48  /* option names of ours are under 30 */

struct repay_error {
    enum repay_kind kind;
    enum repay_outcome outcome;
    int http_status;        /* 0: no reply was understood that far */
    int64_t offset;         /* byte of the body the message speaks of, -1 for none */
    int64_t retry_after_ms; /* the provider's wish, -1 for none */
    char message[REPAY_ERROR_MESSAGE_MAX + 1];
    char provider_message[REPAY_ERROR_PROVIDER_MESSAGE_MAX + 1]; /* "" for none */
    char provider_code[REPAY_ERROR_FIELD_MAX + 1];               /* "" for none */
    char field[REPAY_ERROR_FIELD_MAX + 1];  /* the option or member it is about, "" for none */
    char hint[REPAY_ERROR_MESSAGE_MAX + 1]; /* what to try, "" for none */
};

void repay_error_clear(struct repay_error *error);
/*
 * Sets kind and message, clears the rest, outcome NOT_SENT. Always returns false, so that a failing
 * function can end in `return repay_error_set(…)`. The format knows %s %d %zu %lld and %.*s; an
 * argument may be a text of the error that is being set.
 */
bool repay_error_set(struct repay_error *error, enum repay_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for a fault at a byte of a body. */
bool repay_error_set_at(struct repay_error *error, enum repay_kind kind, int64_t offset,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same for an option or a member whose name is `field`. */
bool repay_error_set_field(struct repay_error *error, enum repay_kind kind, const char *field,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));
/*
 * Copies text as one line that is safe to print: cut at the buffer's end on a UTF-8 boundary;
 * control characters, line separators, the marks that turn writing direction, and bytes that are
 * not UTF-8 are each shown as '?'. Messages pass through here too. The two must not overlap.
 */
void repay_error_copy(char *out, size_t out_size, struct repay_text text);

const char *repay_kind_name(enum repay_kind kind);
/* REPAY_KIND_NONE for a word that is no kind. */
enum repay_kind repay_kind_from_name(struct repay_text name);
const char *repay_outcome_name(enum repay_outcome outcome);

#endif
