/*
 * Owns the part of a request that does not depend on the provider. Refuses to know any path or
 * header of one.
 */
#include "task.h"

/* Brackets, a colon and five digits around the longest name. */
#define HOST_ROOM (REPAY_HOST_MAX + 8)

/* "host", "[::1]" or "host:8080", as RFC 9110 wants the Host header. */
static struct repay_text write_host(const struct repay_url *base, char room[HOST_ROOM])
{
    uint16_t usual_port = base->tls ? 443 : 80;
    unsigned left = base->port;
    char digits[5];
    size_t first = sizeof digits;
    size_t used = 0;

    if (base->host_is_ipv6)
        room[used++] = '[';
    memcpy(room + used, base->host.data, base->host.length);
    used += base->host.length;
    if (base->host_is_ipv6)
        room[used++] = ']';
    if (base->port != usual_port) {
        room[used++] = ':';
        do {
            digits[--first] = (char)('0' + left % 10);
            left /= 10;
        } while (left > 0);
        memcpy(room + used, digits + first, sizeof digits - first);
        used += sizeof digits - first;
    }
    return (struct repay_text){room, used};
}

static bool add_host(const struct repay_task *task, struct repay_request *out,
                     struct repay_error *error)
{
    char room[HOST_ROOM];

    return repay_request_add_header(out, "Host", write_host(&task->session->base, room), false,
                                    error);
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
