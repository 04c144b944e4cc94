/*
 * An open provider: where it is, how to speak to it, and the credentials.
 *
 * Secrets live here and nowhere else in the core: in wiping buffers, reachable only for the
 * provider's own functions and for requests, starred out of every text that came from outside. What
 * calls share (pacing, breaker, retry budget, counters) is here too, and changes only inside call
 * steps.
 */
#ifndef REPAY_SESSION_H
#define REPAY_SESSION_H

#include "breaker.h"
#include "bytes.h"
#include "error.h"
#include "pace.h"
#include "request.h"
#include "retry_budget.h"
#include "stats.h"
#include "url.h"

#define REPAY_SETTINGS_MAX 8

struct repay_provider;

/* Numbers a user may set; every one has a default and a bound in session.c. */
struct repay_policy {
    int64_t timeout_ms;            /* the whole call, waits included */
    int64_t attempt_timeout_ms;    /* one attempt */
    int64_t connect_timeout_ms;    /* name, TCP and TLS of one attempt */
    int64_t first_byte_timeout_ms; /* from the request's last byte to the reply's first */
    int64_t retry_base_ms;
    int64_t retry_cap_ms;
    int64_t body_size_max;
    int64_t rate;  /* calls a second; 0: as many as there are, until the provider answers 429 */
    int64_t burst; /* how many may go out at once after a pause */
    int32_t attempts;
};

struct repay_session_options {
    const struct repay_provider *provider;
    struct repay_text environment; /* empty: not given */
    struct repay_text base_url;    /* empty: from the environment */
    struct repay_text currency;
    struct repay_text zone;
    struct repay_text amounts_in; /* "major" or "minor", empty: the provider's */
    struct repay_text keys;       /* "honoured" or "unproven", empty: unproven */
    struct repay_text label;
    struct repay_text connect_host; /* connect here, keep the URL's name for TLS and Host */
    uint16_t connect_port;
    struct repay_text ca_file, client_cert, client_key, proxy;
    bool has_transport; /* a base URL is then not required: the sandbox host stands in */
    struct repay_text settings[REPAY_SETTINGS_MAX]; /* parallel to provider->settings */
    struct repay_policy policy;                     /* from repay_policy_default, then changed */
};

struct repay_session {
    const struct repay_allocator *allocator;
    const struct repay_provider *provider; /* NULL: closed */
    struct repay_bytes secrets;            /* every setting's value, wiped */
    struct repay_span settings[REPAY_SETTINGS_MAX];
    struct repay_request head; /* the headers that all its requests have, and nothing else */
    struct repay_bytes texts;  /* base URL, file names, label: nothing secret */
    struct repay_url base;     /* slices of `texts` */
    struct repay_text environment, label, connect_host, ca_file, client_cert, client_key, proxy;
    struct repay_policy policy;
    uint16_t connect_port;
    char currency[4];
    uint8_t currency_decimals; /* of the currency itself */
    uint8_t wire_decimals;     /* of amounts in this provider's JSON: 0 when it sends minor units */
    int16_t zone_minutes;
    bool zone_known;
    bool keys_honoured;
    /* From its owner: no other session that a driver may ever meet has it. 0: none was given. */
    uint64_t serial;
    /* What all calls share. Changed by a call's next and end alone. */
    struct repay_pace pace;
    struct repay_breaker breaker;
    struct repay_retry_budget retry_budget;
    struct repay_stats stats;
};

struct repay_policy repay_policy_default(void);
void repay_session_init(struct repay_session *session, const struct repay_allocator *allocator);
/* Copies every text of the options. On failure the session stays closed. */
bool repay_session_open(struct repay_session *session, const struct repay_session_options *options,
                        struct repay_error *error);
/* Wipes and frees. Safe twice. */
void repay_session_close(struct repay_session *session);
/* For the provider's functions only. Borrows; empty when the setting was not given. */
struct repay_text repay_session_setting(const struct repay_session *session, unsigned index);
/* While it is opened, once its texts are settled: in session_head.c. */
bool repay_session_write_head(struct repay_session *session, const struct repay_provider *provider,
                              struct repay_error *error);
/*
 * Stars every occurrence of a secret in `text`, in place: plain, percent-encoded, in base64, or cut
 * off at the text's end. Secrets under 4 bytes are not searched.
 */
void repay_session_redact(const struct repay_session *session, char *text, size_t length);

#endif
