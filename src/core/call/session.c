/*
 * Owns what open() makes: checked options, the base URL, the policy, and every credential. Refuses
 * to give a secret to anything that formats, and to open at a host of the other environment.
 */
#include "session.h"

#include "currency.h"
#include "money.h"
#include "provider.h"
#include "retry.h"
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

static const char *const environment_names[] = {
    [REPAY_ENVIRONMENT_SANDBOX] = "sandbox",
    [REPAY_ENVIRONMENT_LIVE] = "live",
};

static bool fault(struct repay_error *error, const char *field, const char *message)
{
    return repay_error_set_field(error, REPAY_KIND_CONFIG, field, "%s", message);
}

/* "option: message", because open() may have been given ten of them. */
static bool option_fault(struct repay_error *error, const char *field, const char *message)
{
    return repay_error_set_field(error, REPAY_KIND_CONFIG, field, "%s %s", field, message);
}

static int shown_length(struct repay_text text)
{
    return text.length > SHOWN_MAX ? SHOWN_MAX : (int)text.length;
}

static bool value_fault(struct repay_error *error, const char *field, struct repay_text value,
                        const char *message)
{
    return repay_error_set_field(error, REPAY_KIND_CONFIG, field, "%s \"%.*s\" %s", field,
                                 shown_length(value), value.data, message);
}

static bool memory_fault(struct repay_error *error)
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
        return option_fault(error, setting->name, "is too long");
    if (setting->is_header_value && !is_header_value(value)) {
        return option_fault(error, setting->name,
                            "may hold visible ASCII only, with blanks only inside; look for a line "
                            "break at its end");
    }
    if (!repay_utf8_is_valid(value) || memchr(value.data, '\0', value.length))
        return option_fault(error, setting->name, "must be UTF-8 without NUL bytes");
    if (setting->choices && !is_listed(setting->choices, value))
        return option_fault(error, setting->name, "is none of the words it may be");
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
                return option_fault(error, settings[i].name, "is required");
            continue;
        }
        if (!check_setting(&settings[i], value, error))
            return false;
        session->settings[i].offset = (uint16_t)session->secrets.length;
        session->settings[i].length = (uint16_t)value.length;
        if (!repay_bytes_append_text(&session->secrets, value))
            return memory_fault(error);
    }
    return true;
}

/* Where a host pattern has its "{name}"; false when it has none. */
static bool find_placeholder(struct repay_text pattern, struct repay_text *before,
                             struct repay_text *name, struct repay_text *after)
{
    const char *open = memchr(pattern.data, '{', pattern.length);
    const char *close = memchr(pattern.data, '}', pattern.length);

    if (!open || !close)
        return false;
    *before = (struct repay_text){pattern.data, (size_t)(open - pattern.data)};
    *name = (struct repay_text){open + 1, (size_t)(close - open) - 1};
    *after = (struct repay_text){close + 1, pattern.length - (size_t)(close + 1 - pattern.data)};
    return true;
}

static bool is_host_label(struct repay_text text)
{
    if (text.length == 0 || text.length > 63 || text.data[0] == '-' ||
        text.data[text.length - 1] == '-')
        return false;
    for (size_t i = 0; i < text.length; i++) {
        char byte = repay_text_lower(text.data[i]);
        if (!(byte >= 'a' && byte <= 'z') && !repay_is_digit(byte) && byte != '-')
            return false;
    }
    return true;
}

static int setting_index(const struct repay_provider *provider, struct repay_text name)
{
    for (int i = 0; provider->settings[i].name; i++) {
        if (repay_text_is(name, provider->settings[i].name))
            return i;
    }
    return -1;
}

/* Appends a host's base URL with its placeholder replaced. */
static bool append_preset(struct repay_session *session, const struct repay_provider *provider,
                          const char *base_url, struct repay_error *error)
{
    struct repay_text pattern = repay_text_of(base_url);
    struct repay_text before, name, after, value;
    int index;

    if (!find_placeholder(pattern, &before, &name, &after))
        return repay_bytes_append_text(&session->texts, pattern) || memory_fault(error);
    index = setting_index(provider, name);
    if (index < 0)
        return option_fault(error, "base_url", "is required");
    value = repay_session_setting(session, (unsigned)index);
    if (!is_host_label(value))
        return option_fault(error, provider->settings[index].name, "must be one label of a host");
    (void)repay_bytes_append_text(&session->texts, before);
    (void)repay_bytes_append_text(&session->texts, value);
    return repay_bytes_append_text(&session->texts, after) || memory_fault(error);
}

/* The part of a pattern between "//" and the next slash. */
static struct repay_text pattern_host(const char *base_url)
{
    const char *host = strstr(base_url, "//") + 2;

    return (struct repay_text){host, strcspn(host, "/")};
}

static bool host_matches(struct repay_text host, struct repay_text pattern)
{
    struct repay_text before, name, after, middle;

    if (!find_placeholder(pattern, &before, &name, &after))
        return repay_text_equal_fold(host, pattern);
    if (host.length <= before.length + after.length)
        return false;
    middle =
        (struct repay_text){host.data + before.length, host.length - before.length - after.length};
    return repay_text_equal_fold((struct repay_text){host.data, before.length}, before) &&
           repay_text_equal_fold((struct repay_text){middle.data + middle.length, after.length},
                                 after) &&
           is_host_label(middle);
}

/* base_url chooses a tenant's own host, so a setting that is part of preset hosts says nothing. */
static bool check_unused_placeholder(const struct repay_session_options *options,
                                     struct repay_error *error)
{
    const struct repay_host *hosts = options->provider->hosts;
    struct repay_text before, name, after;

    for (unsigned i = 0; hosts[i].base_url; i++) {
        if (!find_placeholder(repay_text_of(hosts[i].base_url), &before, &name, &after))
            continue;
        int index = setting_index(options->provider, name);
        if (index >= 0 && options->settings[index].length > 0)
            return option_fault(error, options->provider->settings[index].name,
                                "and base_url both choose the host: give one of them");
    }
    return true;
}

static bool append_base(struct repay_session *session, const struct repay_session_options *options,
                        struct repay_error *error)
{
    const struct repay_host *hosts = options->provider->hosts;
    struct repay_text environment = options->environment;

    if (options->base_url.length > 0) {
        if (options->base_url.length > REPAY_URL_MAX)
            return option_fault(error, "base_url", "is too long");
        return check_unused_placeholder(options, error) &&
               (repay_bytes_append_text(&session->texts, options->base_url) || memory_fault(error));
    }
    if (environment.length == 0 && options->has_transport)
        environment = REPAY_TEXT("sandbox");
    if (environment.length == 0)
        return fault(error, "environment",
                     "environment (\"sandbox\" or \"live\") or base_url is required");
    for (unsigned i = 0; hosts[i].base_url; i++) {
        if (hosts[i].is_preset &&
            repay_text_is(environment, environment_names[hosts[i].environment]))
            return append_preset(session, options->provider, hosts[i].base_url, error);
    }
    return fault(error, "base_url",
                 "base_url is required: the provider's pages print no host for this environment");
}

static bool check_environment(struct repay_text environment, struct repay_error *error)
{
    if (environment.length == 0 || repay_text_is(environment, "sandbox") ||
        repay_text_is(environment, "live"))
        return true;
    return value_fault(error, "environment", environment, "is neither \"sandbox\" nor \"live\"");
}

/* Settles which environment it is, and refuses a host that is known to belong to the other one. */
static bool settle_environment(struct repay_session *session,
                               const struct repay_session_options *options,
                               struct repay_error *error)
{
    const struct repay_host *hosts = options->provider->hosts;
    const char *known = NULL;

    /* Where patterns of both environments fit, the one that was asked for is right. */
    for (unsigned i = 0; hosts[i].base_url; i++) {
        if (!host_matches(session->base.host, pattern_host(hosts[i].base_url)))
            continue;
        known = environment_names[hosts[i].environment];
        if (repay_text_is(options->environment, known))
            break;
    }
    if (options->environment.length > 0 && known && !repay_text_is(options->environment, known))
        return repay_error_set_field(error, REPAY_KIND_CONFIG, "base_url",
                                     "base_url is a %s host, but environment is \"%.*s\"", known,
                                     (int)options->environment.length, options->environment.data);
    if (options->environment.length > 0)
        known = repay_text_is(options->environment, "live") ? "live" : "sandbox";
    session->environment = repay_text_of(known);
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
        return fault(error, "currency", "currency is required: this provider's answers name none");
    decimals = repay_currency_decimals(code);
    if (decimals < 0)
        return value_fault(error, "currency", code, "is no code of ISO 4217, like \"KES\"");
    if (repay_text_is(options->amounts_in, "minor"))
        is_minor = true;
    else if (repay_text_is(options->amounts_in, "major"))
        is_minor = false;
    else if (options->amounts_in.length > 0)
        return value_fault(error, "amounts_in", options->amounts_in,
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
        return value_fault(error, "zone", zone, "is no offset like \"+01:00\"");
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
    return value_fault(error, "keys", options->keys, "is neither \"honoured\" nor \"unproven\"");
}

static bool check_kept(const struct kept *kept, struct repay_error *error)
{
    if (kept->given.length > kept->length_max)
        return option_fault(error, kept->name, "is too long");
    if (!repay_utf8_is_valid(kept->given))
        return option_fault(error, kept->name, "must be UTF-8");
    for (size_t i = 0; i < kept->given.length; i++) {
        if ((unsigned char)kept->given.data[i] < 0x20 || kept->given.data[i] == 0x7f)
            return option_fault(error, kept->name, "may hold no control bytes");
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

    if (!append_base(session, options, error))
        return false;
    base_length = session->texts.length;
    for (size_t i = 0; i < count; i++) {
        if (!check_kept(&list[i], error))
            return false;
        if (!repay_bytes_append_text(&session->texts, list[i].given))
            return memory_fault(error);
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
        return fault(error, options->client_cert.length > 0 ? "client_key" : "client_cert",
                     "client_cert and client_key belong together");
    if (options->connect_host.length > 0 && options->connect_port == 0)
        return option_fault(error, "connect", "needs a host and a port");
    /* A credential in the proxy's address would be shown wherever that address is. */
    if (options->proxy.length > 0 && memchr(options->proxy.data, '@', options->proxy.length))
        return option_fault(error, "proxy", "may hold no user name or password");
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
           check_environment(options->environment, error) && check_way(options, error) &&
           keep_settings(session, options, error) && keep_texts(session, options, error) &&
           settle_environment(session, options, error) &&
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
