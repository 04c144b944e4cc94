/*
 * What each of libcurl's failure codes means to a call: one pure table.
 *
 * A code never tells whether the request left; only the pre-request hook knows that. So every
 * code has two kinds: one for before the hook and one for after it.
 */
#ifndef REPAY_CURL_CODES_H
#define REPAY_CURL_CODES_H

#include "error.h"

struct repay_curl_meaning {
    enum repay_kind before; /* the request was never started */
    enum repay_kind after;  /* it was, so this is about the reply or the connection */
    bool listed;            /* false: a code younger than this table */
    bool impossible;        /* belongs to a protocol or an option that the engine never uses */
};

/* Any number is answered; what is not listed is a lost connection. */
struct repay_curl_meaning repay_curl_meaning_of(int code);

#endif
