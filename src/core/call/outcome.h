/*
 * What is known about the money when an attempt has ended, or when none begins: the table of the
 * project's semantics, in two pure functions. Nothing else in the project decides an outcome.
 */
#ifndef REPAY_OUTCOME_H
#define REPAY_OUTCOME_H

#include "provider.h"

/* How the moving of bytes ended, as a driver reports it. */
enum repay_sent { REPAY_SENT_NO, REPAY_SENT_MAYBE };

/* What a driver may tell of the connection it used; counted, and nothing else. */
enum repay_connection { REPAY_CONNECTION_UNTOLD, REPAY_CONNECTION_OPENED, REPAY_CONNECTION_REUSED };

struct repay_end {
    enum repay_kind kind;       /* REPAY_KIND_NONE: the reply arrived whole */
    enum repay_sent sent;       /* REPAY_SENT_NO is a proof, not a guess */
    bool connection_was_reused; /* and died before any reply byte */
    struct repay_text detail;   /* for the message; copied, redacted */
    enum repay_connection connection;
};

struct repay_outcome_facts {
    bool is_write;
    bool keys_honoured;
    bool reply_is_whole;
    enum repay_sent sent;
    int http_status;
    enum repay_judgement judgement;
};

/* What lies behind a call that ends with no attempt under way. */
struct repay_outcome_past {
    bool is_write;
    bool was_sent;           /* an attempt or a page before has ended */
    bool has_failed;         /* the last one did */
    enum repay_outcome last; /* then: with this */
};

enum repay_outcome repay_outcome_decide(const struct repay_outcome_facts *facts);
enum repay_outcome repay_outcome_without_attempt(const struct repay_outcome_past *past);
/* The kind that an HTTP status alone tells: 401 auth, 403 forbidden, 404 not_found, … */
enum repay_kind repay_kind_of_status(int http_status);

#endif
