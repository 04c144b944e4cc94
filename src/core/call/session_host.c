/*
 * Which host a client speaks to: the base URL that was given, or the one that a provider's pages
 * print for an environment, where "{name}" stands for a setting. Refuses a host that is known to
 * belong to the other environment.
 */
#include "provider.h"
#include "session_inner.h"

static const char *const environment_names[] = {
    [REPAY_ENVIRONMENT_SANDBOX] = "sandbox",
    [REPAY_ENVIRONMENT_LIVE] = "live",
};

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
        return repay_bytes_append_text(&session->texts, pattern) ||
               repay_session_memory_fault(error);
    index = setting_index(provider, name);
    if (index < 0)
        return repay_session_option_fault(error, "base_url", "is required");
    value = repay_session_setting(session, (unsigned)index);
    if (!is_host_label(value))
        return repay_session_option_fault(error, provider->settings[index].name,
                                          "must be one label of a host");
    (void)repay_bytes_append_text(&session->texts, before);
    (void)repay_bytes_append_text(&session->texts, value);
    return repay_bytes_append_text(&session->texts, after) || repay_session_memory_fault(error);
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
            return repay_session_option_fault(
                error, options->provider->settings[index].name,
                "and base_url both choose the host: give one of them");
    }
    return true;
}

bool repay_session_append_base(struct repay_session *session,
                               const struct repay_session_options *options,
                               struct repay_error *error)
{
    const struct repay_host *hosts = options->provider->hosts;
    struct repay_text environment = options->environment;

    if (options->base_url.length > 0) {
        if (options->base_url.length > REPAY_URL_MAX)
            return repay_session_option_fault(error, "base_url", "is too long");
        return check_unused_placeholder(options, error) &&
               (repay_bytes_append_text(&session->texts, options->base_url) ||
                repay_session_memory_fault(error));
    }
    if (environment.length == 0 && options->has_transport)
        environment = REPAY_TEXT("sandbox");
    if (environment.length == 0)
        return repay_session_fault(error, "environment",
                                   "environment (\"sandbox\" or \"live\") or base_url is required");
    for (unsigned i = 0; hosts[i].base_url; i++) {
        if (hosts[i].is_preset &&
            repay_text_is(environment, environment_names[hosts[i].environment]))
            return append_preset(session, options->provider, hosts[i].base_url, error);
    }
    return repay_session_fault(
        error, "base_url",
        "base_url is required: the provider's pages print no host for this environment");
}

bool repay_session_check_environment(struct repay_text environment, struct repay_error *error)
{
    if (environment.length == 0 || repay_text_is(environment, "sandbox") ||
        repay_text_is(environment, "live"))
        return true;
    return repay_session_value_fault(error, "environment", environment,
                                     "is neither \"sandbox\" nor \"live\"");
}

bool repay_session_settle_environment(struct repay_session *session,
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
