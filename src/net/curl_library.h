/*
 * libcurl as a whole: started once in a process, and never stopped, because others in the process
 * may use it by then.
 */
#ifndef REPAY_CURL_LIBRARY_H
#define REPAY_CURL_LIBRARY_H

#include <curl/curl.h>
#include <sys/types.h>

#include "error.h"

/* Thread-safe, and cheap after the first time. */
bool repay_curl_library_start(struct repay_error *error);
/* Returns owned, or NULL and the error: a multi handle for so many transfers at once. */
CURLM *repay_curl_library_multi(uint32_t transfers, struct repay_error *error);
/*
 * Whether this process, whose id `pid` was then, has not been forked off since. Without a system
 * call where the system wipes a page for children: it is asked several times for each call.
 */
bool repay_curl_library_is_same_process(pid_t pid);
/* This process's id, and from now on the one that is compared with. */
pid_t repay_curl_library_process(void);
/* Sets kind and message, for the core's own function is not linked here. Always false. */
bool repay_curl_fail(struct repay_error *error, enum repay_kind kind, const char *message);

#endif
