/*
 * Owns the part of a request that does not depend on the provider. Refuses to know any path of one.
 */
#include "task.h"

/*
 * A request line with a path of ours and an id. Not more, because a call that waits for its
 * connection has a request; what needs more grows.
 */
#define USUAL_ROOM 80

void repay_task_begin_target(const struct repay_task *task, enum repay_method method,
                             struct repay_request *out)
{
    const struct repay_session *session = task->session;

    (void)repay_bytes_reserve(&out->bytes,
                              USUAL_ROOM + session->base.path.length + session->head.bytes.length);
    repay_request_begin_target(out, method);
    (void)repay_bytes_append_text(&out->bytes, session->base.path);
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
    return repay_request_add_headers(out, &task->session->head, error);
}
