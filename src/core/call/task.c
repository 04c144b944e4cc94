/*
 * Owns the part of a request that does not depend on the provider. Refuses to know any path or
 * header of one.
 */
#include "task.h"

/* "host", "[::1]" or "host:8080", as RFC 9110 wants the Host header. */
static bool append_host(struct repay_bytes *out, const struct repay_url *base)
{
    uint16_t usual_port = base->tls ? 443 : 80;

    if (base->host_is_ipv6)
        (void)repay_bytes_append_byte(out, '[');
    (void)repay_bytes_append_text(out, base->host);
    if (base->host_is_ipv6)
        (void)repay_bytes_append_byte(out, ']');
    if (base->port != usual_port) {
        (void)repay_bytes_append_byte(out, ':');
        (void)repay_bytes_append_integer(out, base->port);
    }
    return !out->failed;
}

static bool add_host(const struct repay_task *task, struct repay_request *out,
                     struct repay_error *error)
{
    struct repay_bytes host;
    bool is_added;

    repay_bytes_init(&host, out->bytes.allocator, REPAY_URL_MAX);
    if (append_host(&host, &task->session->base))
        is_added = repay_request_add_header(out, "Host", repay_bytes_text(&host), false, error);
    else
        is_added = repay_error_set(error, REPAY_KIND_MEMORY, "out of memory");
    repay_bytes_free(&host);
    return is_added;
}

void repay_task_begin_target(const struct repay_task *task, enum repay_method method,
                             struct repay_request *out)
{
    repay_request_begin_target(out, method);
    (void)repay_bytes_append_text(&out->bytes, task->session->base.path);
}

bool repay_task_append_argument(const struct repay_task *task, unsigned parameter,
                                struct repay_request *out, struct repay_error *error)
{
    return repay_url_append_segment(&out->bytes, task->arguments[parameter].text,
                                    task->operation->parameters[parameter].name, error);
}

bool repay_task_end_target(const struct repay_task *task, struct repay_request *out,
                           struct repay_error *error)
{
    repay_request_end_target(out);
    return add_host(task, out, error) &&
           repay_request_add_header(out, "Accept", REPAY_TEXT("application/json"), false, error) &&
           repay_request_add_header(out, "Accept-Encoding", REPAY_TEXT("identity"), false, error);
}

bool repay_task_add_setting(const struct repay_task *task, unsigned setting, const char *name,
                            struct repay_request *out, struct repay_error *error)
{
    return repay_request_add_header(out, name, repay_session_setting(task->session, setting),
                                    task->session->provider->settings[setting].secret, error);
}
