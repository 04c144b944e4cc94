/*
 * Owns what open() makes: checked options, the base URL, the policy, and every credential. Refuses
 * to give a secret to anything that formats. Which host it is, session_host.c decides.
 */
#include "session.h"

#include "currency.h"
#include "money.h"
#include "provider.h"
#include "retry.h"
#include "session_inner.h"
#include "utf8.h"

/* A JWT has under 2 KiB, and servers refuse longer header fields. */
#define SETTING_MAX   ((size_t)8 << 10)
#define SECRETS_MAX   ((size_t)64 << 10) /* REPAY_SETTINGS_MAX settings of that size */
#define TEXTS_MAX     ((size_t)64 << 10)
#define FILE_NAME_MAX ((size_t)4 << 10) /* a file name; Linux's own limit */
#define SHOWN_MAX     60                /* of a user's text in a message */

#define TEN_MINUTES_MS 600000
#define MINUTE_MS      60000
#define BODY_SIZE_MIN  1024
#define BODY_SIZE_MAX  ((int64_t)2 << 30)

/* One text of the options, kept in session->texts. */
struct kept {
    struct repay_text given;
    struct repay_text *out;
    const char *name;
    size_t length_max;
};

bool repay_session_fault(struct repay_error *error, const char *field, const char *message)
{
    return repay_error_set_field(error, REPAY_KIND_CONFIG, field, "%s", message);
}

bool repay_session_option_fault(struct repay_error *error, const char *field, const char *message)
{
    return repay_error_set_field(error, REPAY_KIND_CONFIG, field, "%s %s", field, message);
}

static int shown_length(struct repay_text text)
{
    return text.length > SHOWN_MAX ? SHOWN_MAX : (int)text.length;
}

bool repay_session_value_fault(struct repay_error *error, const char *field,
                               struct repay_text value, const char *message)
{
    return repay_error_set_field(error, REPAY_KIND_CONFIG, field, "%s \"%.*s\" %s", field,
                                 shown_length(value), value.data, message);
}

bool repay_session_memory_fault(struct repay_error *error)
{
    return repay_error_set(error, REPAY_KIND_MEMORY, "out of memory");
}

struct repay_policy repay_policy_default(void)
{
    return (struct repay_policy){
        .timeout_ms = 2 * MINUTE_MS,
        .attempt_timeout_ms = MINUTE_MS,
        .connect_timeout_ms = 10000,
        .first_byte_timeout_ms = 30000,
        .retry_base_ms = REPAY_RETRY_BASE_MS,
        .retry_cap_ms = REPAY_RETRY_CAP_MS,
        .body_size_max = (int64_t)8 << 20,
        .rate = 0,
        .burst = 1,
        .attempts = REPAY_ATTEMPTS_DEFAULT,
    };
}

static bool check_bound(const char *name, int64_t value, int64_t least, int64_t most,
                        struct repay_error *error)
{
    if (value >= least && value <= most)
        return true;
    return repay_error_set_field(error, REPAY_KIND_CONFIG, name, "%s must be between %lld and %lld",
                                 name, (long long)least, (long long)most);
}

static bool check_policy(const struct repay_policy *policy, struct repay_error *error)
{
    return check_bound("timeout_ms", policy->timeout_ms, 1, TEN_MINUTES_MS, error) &&
           check_bound("attempt_timeout_ms", policy->attempt_timeout_ms, 1, TEN_MINUTES_MS,
                       error) &&
           check_bound("connect_timeout_ms", policy->connect_timeout_ms, 1, TEN_MINUTES_MS,
                       error) &&
           check_bound("first_byte_timeout_ms", policy->first_byte_timeout_ms, 1, TEN_MINUTES_MS,
                       error) &&
           check_bound("retry_base_ms", policy->retry_base_ms, 0, MINUTE_MS, error) &&
           check_bound("retry_cap_ms", policy->retry_cap_ms, 0, MINUTE_MS, error) &&
           check_bound("body_size_max", policy->body_size_max, BODY_SIZE_MIN, BODY_SIZE_MAX,
                       error) &&
           check_bound("rate", policy->rate, 0, REPAY_PACE_RATE_MAX, error) &&
           check_bound("burst", policy->burst, 1, REPAY_PACE_BURST_MAX, error) &&
           check_bound("attempts", policy->attempts, 1, REPAY_ATTEMPTS_MAX, error);
}

static bool is_header_value(struct repay_text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e)
            return false;
    }
    return text.length > 0 && text.data[0] != ' ' && text.data[text.length - 1] != ' ';
}

static bool is_listed(const char *const *choices, struct repay_text word)
{
    for (; *choices; choices++) {
        if (repay_text_is(word, *choices))
            return true;
    }
    return false;
}

/* The messages never show the value: it may be a credential with a line break at its end. */
static bool check_setting(const struct repay_setting *setting, struct repay_text value,
                          struct repay_error *error)
{
    if (value.length > SETTING_MAX)
        return repay_session_option_fault(error, setting->name, "is too long");
    if (setting->is_header_value && !is_header_value(value)) {
        return repay_session_option_fault(
            error, setting->name,
            "may hold visible ASCII only, with blanks only inside; look for a line "
            "break at its end");
    }
    if (!repay_utf8_is_valid(value) || memchr(value.data, '\0', value.length))
        return repay_session_option_fault(error, setting->name, "must be UTF-8 without NUL bytes");
    if (setting->choices && !is_listed(setting->choices, value))
        return repay_session_option_fault(error, setting->name, "is none of the words it may be");
    return true;
}

static bool keep_settings(struct repay_session *session,
                          const struct repay_session_options *options, struct repay_error *error)
{
    const struct repay_setting *settings = options->provider->settings;

    for (unsigned i = 0; settings[i].name; i++) {
        struct repay_text value = options->settings[i];
        if (value.length == 0 && settings[i].preset)
            value = repay_text_of(settings[i].preset);
        if (value.length == 0) {
            if (settings[i].required)
                return repay_session_option_fault(error, settings[i].name, "is required");
            continue;
        }
        if (!check_setting(&settings[i], value, error))
            return false;
        session->settings[i].offset = (uint16_t)session->secrets.length;
        session->settings[i].length = (uint16_t)value.length;
        if (!repay_bytes_append_text(&session->secrets, value))
            return repay_session_memory_fault(error);
    }
    return true;
}

static bool settle_currency(struct repay_session *session,
                            const struct repay_session_options *options, struct repay_error *error)
{
    struct repay_text code = options->currency;
    bool is_minor = options->provider->sends_minor_units;
    int decimals;

    if (code.length == 0)
        code = repay_text_of(options->provider->currency);
    if (code.length == 0)
        return repay_session_fault(error, "currency",
                                   "currency is required: this provider's answers name none");
    decimals = repay_currency_decimals(code);
    if (decimals < 0)
        return repay_session_value_fault(error, "currency", code,
                                         "is no code of ISO 4217, like \"KES\"");
    if (repay_text_is(options->amounts_in, "minor"))
        is_minor = true;
    else if (repay_text_is(options->amounts_in, "major"))
        is_minor = false;
    else if (options->amounts_in.length > 0)
        return repay_session_value_fault(error, "amounts_in", options->amounts_in,
                                         "is neither \"major\" nor \"minor\"");
    memcpy(session->currency, code.data, REPAY_CURRENCY_LENGTH);
    session->currency[REPAY_CURRENCY_LENGTH] = '\0';
    session->currency_decimals = (uint8_t)decimals;
    session->wire_decimals = is_minor ? 0 : (uint8_t)decimals;
    return true;
}

static bool settle_zone(struct repay_session *session, const struct repay_session_options *options,
                        struct repay_error *error)
{
    struct repay_text zone = options->zone;
    int minutes;

    if (zone.length == 0)
        zone = repay_text_of(options->provider->zone);
    if (zone.length == 0)
        return true;
    if (!repay_zone_read(zone, &minutes))
        return repay_session_value_fault(error, "zone", zone, "is no offset like \"+01:00\"");
    session->zone_minutes = (int16_t)minutes;
    session->zone_known = true;
    return true;
}

static bool settle_keys(struct repay_session *session, const struct repay_session_options *options,
                        struct repay_error *error)
{
    session->keys_honoured = repay_text_is(options->keys, "honoured");
    if (session->keys_honoured || options->keys.length == 0 ||
        repay_text_is(options->keys, "unproven"))
        return true;
    return repay_session_value_fault(error, "keys", options->keys,
                                     "is neither \"honoured\" nor \"unproven\"");
}

static bool check_kept(const struct kept *kept, struct repay_error *error)
{
    if (kept->given.length > kept->length_max)
        return repay_session_option_fault(error, kept->name, "is too long");
    if (!repay_utf8_is_valid(kept->given))
        return repay_session_option_fault(error, kept->name, "must be UTF-8");
    for (size_t i = 0; i < kept->given.length; i++) {
        if ((unsigned char)kept->given.data[i] < 0x20 || kept->given.data[i] == 0x7f)
            return repay_session_option_fault(error, kept->name, "may hold no control bytes");
    }
    return true;
}

/* Copies the texts; pointers are set only when the buffer has stopped moving. */
static bool keep_texts(struct repay_session *session, const struct repay_session_options *options,
                       struct repay_error *error)
{
    const struct kept list[] = {
        {options->label, &session->label, "label", REPAY_LABEL_MAX},
        {options->connect_host, &session->connect_host, "connect", REPAY_URL_MAX},
        {options->ca_file, &session->ca_file, "ca_file", FILE_NAME_MAX},
        {options->client_cert, &session->client_cert, "client_cert", FILE_NAME_MAX},
        {options->client_key, &session->client_key, "client_key", FILE_NAME_MAX},
        {options->proxy, &session->proxy, "proxy", REPAY_URL_MAX},
    };
    const size_t count = sizeof list / sizeof list[0];
    size_t base_length, at;

    if (!repay_session_append_base(session, options, error))
        return false;
    base_length = session->texts.length;
    for (size_t i = 0; i < count; i++) {
        if (!check_kept(&list[i], error))
            return false;
        if (!repay_bytes_append_text(&session->texts, list[i].given))
            return repay_session_memory_fault(error);
    }
    at = base_length;
    for (size_t i = 0; i < count; i++) {
        *list[i].out = (struct repay_text){session->texts.data + at, list[i].given.length};
        at += list[i].given.length;
    }
    return repay_url_read((struct repay_text){session->texts.data, base_length}, &session->base,
                          error);
}

static bool check_way(const struct repay_session_options *options, struct repay_error *error)
{
    if ((options->client_cert.length > 0) != (options->client_key.length > 0))
        return repay_session_fault(error,
                                   options->client_cert.length > 0 ? "client_key" : "client_cert",
                                   "client_cert and client_key belong together");
    if (options->connect_host.length > 0 && options->connect_port == 0)
        return repay_session_option_fault(error, "connect", "needs a host and a port");
    /* A credential in the proxy's address would be shown wherever that address is. */
    if (options->proxy.length > 0 && memchr(options->proxy.data, '@', options->proxy.length))
        return repay_session_option_fault(error, "proxy", "may hold no user name or password");
    return true;
}

void repay_session_init(struct repay_session *session, const struct repay_allocator *allocator)
{
    memset(session, 0, sizeof *session);
    session->allocator = allocator;
    repay_bytes_init_wiping(&session->secrets, allocator, SECRETS_MAX);
    repay_request_init(&session->head, allocator);
    repay_bytes_init(&session->texts, allocator, TEXTS_MAX);
}

static bool open_session(struct repay_session *session, const struct repay_session_options *options,
                         struct repay_error *error)
{
    session->policy = options->policy;
    repay_pace_init(&session->pace, options->policy.rate, options->policy.burst);
    repay_breaker_init(&session->breaker);
    repay_retry_budget_init(&session->retry_budget);
    repay_stats_init(&session->stats);
    session->connect_port = options->connect_port;
    return check_policy(&options->policy, error) &&
           repay_session_check_environment(options->environment, error) &&
           check_way(options, error) && keep_settings(session, options, error) &&
           keep_texts(session, options, error) &&
           repay_session_settle_environment(session, options, error) &&
           settle_currency(session, options, error) && settle_zone(session, options, error) &&
           settle_keys(session, options, error) &&
           repay_session_write_head(session, options->provider, error);
}

bool repay_session_open(struct repay_session *session, const struct repay_session_options *options,
                        struct repay_error *error)
{
    repay_session_close(session);
    if (!open_session(session, options, error)) {
        repay_session_close(session);
        return false;
    }
    session->provider = options->provider;
    return true;
}

void repay_session_close(struct repay_session *session)
{
    const struct repay_allocator *allocator = session->allocator;

    repay_bytes_free(&session->secrets);
    repay_request_free(&session->head);
    repay_bytes_free(&session->texts);
    repay_session_init(session, allocator);
}

struct repay_text repay_session_setting(const struct repay_session *session, unsigned index)
{
    struct repay_span span = session->settings[index];

    if (span.length == 0)
        return REPAY_NO_TEXT;
    return (struct repay_text){session->secrets.data + span.offset, span.length};
}
