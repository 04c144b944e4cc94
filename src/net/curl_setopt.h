/*
 * Options as tables: set in order, up to the first that libcurl refuses.
 */
#ifndef REPAY_CURL_SETOPT_H
#define REPAY_CURL_SETOPT_H

#include <curl/curl.h>
#include <stddef.h>

struct repay_curl_long_option {
    CURLoption option;
    long value;
};

struct repay_curl_text_option {
    CURLoption option;
    const char *value;
};

CURLcode repay_curl_set_longs(CURL *easy, const struct repay_curl_long_option *options,
                              size_t count);
CURLcode repay_curl_set_texts(CURL *easy, const struct repay_curl_text_option *options,
                              size_t count);

#define REPAY_CURL_SET_LONGS(easy, options)                                                        \
    repay_curl_set_longs((easy), (options), sizeof(options) / sizeof((options)[0]))
#define REPAY_CURL_SET_TEXTS(easy, options)                                                        \
    repay_curl_set_texts((easy), (options), sizeof(options) / sizeof((options)[0]))

/* What every handle of ours is told, whoever the client is. */
CURLcode repay_curl_set_fixed(CURL *easy);

#endif
