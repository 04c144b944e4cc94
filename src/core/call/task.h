/*
 * What every provider's build function does alike: base path first, and the headers that all
 * requests of the client carry.
 */
#ifndef REPAY_TASK_H
#define REPAY_TASK_H

#include "provider.h"

/* Starts the target with the session's base path; the caller appends its own path and query. */
void repay_task_begin_target(const struct repay_task *task, enum repay_method method,
                             struct repay_request *out);
/* Appends one argument as a path segment. */
bool repay_task_append_argument(const struct repay_task *task, unsigned parameter,
                                struct repay_request *out, struct repay_error *error);
/* Ends the target and adds the headers that all requests of the client have. */
bool repay_task_end_target(const struct repay_task *task, struct repay_request *out,
                           struct repay_error *error);

#endif
