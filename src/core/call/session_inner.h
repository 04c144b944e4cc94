/*
 * What the files of open() share: session.c, and session_host.c, which chooses the host.
 */
#ifndef REPAY_SESSION_INNER_H
#define REPAY_SESSION_INNER_H

#include "session.h"

/* All of them are false. */
bool repay_session_fault(struct repay_error *error, const char *field, const char *message);
/* "<field> <message>", because open() may have been given ten options. */
bool repay_session_option_fault(struct repay_error *error, const char *field, const char *message);
/* "<field> "<value>" <message>" */
bool repay_session_value_fault(struct repay_error *error, const char *field,
                               struct repay_text value, const char *message);
bool repay_session_memory_fault(struct repay_error *error);

bool repay_session_check_environment(struct repay_text environment, struct repay_error *error);
/* Appends the base URL to the session's texts. */
bool repay_session_append_base(struct repay_session *session,
                               const struct repay_session_options *options,
                               struct repay_error *error);
/* Settles which environment it is, for a session whose base URL is read. */
bool repay_session_settle_environment(struct repay_session *session,
                                      const struct repay_session_options *options,
                                      struct repay_error *error);

#endif
