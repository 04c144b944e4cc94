/*
 * Owns the options that never change. Every one that a promise rests on is set, even to libcurl's
 * default: defaults differ between builds. There is no option here, and none anywhere above, that
 * would switch verification off.
 */
#include "curl_setopt.h"

static const struct repay_curl_long_option fixed_longs[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_NOPROGRESS, 1},
    {CURLOPT_VERBOSE, 0},
    {CURLOPT_QUICK_EXIT, 1}, /* else a stalled name look-up holds us beyond every deadline */
    {CURLOPT_HEADER, 0},
    {CURLOPT_NOBODY, 0},
    {CURLOPT_FAILONERROR, 0},
    {CURLOPT_FOLLOWLOCATION, 0}, /* a redirect would hand the provider's own headers on */
    {CURLOPT_MAXREDIRS, 0},
    {CURLOPT_POSTREDIR, 0},
    {CURLOPT_AUTOREFERER, 0},
    {CURLOPT_UNRESTRICTED_AUTH, 0},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_HTTPAUTH, 0},
    {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
    {CURLOPT_HTTPPROXYTUNNEL, 1}, /* a proxy never sees a request */
    {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
    {CURLOPT_HEADEROPT, CURLHEADER_SEPARATE},
    {CURLOPT_PROXYAUTH, CURLAUTH_BASIC},
    {CURLOPT_PATH_AS_IS, 1},
    {CURLOPT_HTTP09_ALLOWED, 0},
    {CURLOPT_HTTP_CONTENT_DECODING, 0}, /* nothing is decompressed, so nothing can explode */
    {CURLOPT_HTTP_TRANSFER_DECODING, 1},
    {CURLOPT_TRANSFER_ENCODING, 0},
    {CURLOPT_IGNORE_CONTENT_LENGTH, 0},
    {CURLOPT_MAXFILESIZE, 0}, /* the call counts its bytes, which holds without lengths too */
    {CURLOPT_LOW_SPEED_LIMIT, 0},
    {CURLOPT_LOW_SPEED_TIME, 0},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSL_VERIFYSTATUS, 0},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_SSL_OPTIONS, 0},
    {CURLOPT_SSL_SESSIONID_CACHE, 1},
    {CURLOPT_SSL_ENABLE_ALPN, 1},
    {CURLOPT_PROXY_SSL_VERIFYPEER, 1},
    {CURLOPT_PROXY_SSL_VERIFYHOST, 2},
    {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_PROXY_SSL_OPTIONS, 0},
    {CURLOPT_CA_CACHE_TIMEOUT, 86400}, /* libcurl's default: a day */
    {CURLOPT_TCP_NODELAY, 1},
    {CURLOPT_TCP_KEEPALIVE, 1},
    {CURLOPT_TCP_KEEPIDLE, 30}, /* below the idle limits of common gateways, 60 s and more */
    {CURLOPT_TCP_KEEPINTVL, 10},
    {CURLOPT_IPRESOLVE, CURL_IPRESOLVE_WHATEVER},
    {CURLOPT_DNS_CACHE_TIMEOUT, 60},
    {CURLOPT_MAXAGE_CONN, 60},      /* kept idle longer, a server has often closed it already */
    {CURLOPT_MAXLIFETIME_CONN, 300} /* a certificate was judged when the connection was made */
};

static const struct repay_curl_text_option fixed_texts[] = {
    {CURLOPT_REDIR_PROTOCOLS_STR, "https"}, /* an empty list is refused; none is ever followed */
    {CURLOPT_NOPROXY, ""},                  /* else no_proxy is read from the environment */
    {CURLOPT_USERAGENT, NULL},
    {CURLOPT_REFERER, NULL},
    {CURLOPT_COOKIE, NULL},
    {CURLOPT_COOKIEFILE, NULL},
    {CURLOPT_USERPWD, NULL},
    {CURLOPT_XOAUTH2_BEARER, NULL},
    {CURLOPT_ACCEPT_ENCODING, NULL},
    {CURLOPT_RANGE, NULL},
    {CURLOPT_CUSTOMREQUEST, NULL},
    {CURLOPT_INTERFACE, NULL},
    {CURLOPT_UNIX_SOCKET_PATH, NULL},
    {CURLOPT_DOH_URL, NULL},
    {CURLOPT_SSLCERTTYPE, "PEM"},
    {CURLOPT_SSLKEYTYPE, "PEM"}};

CURLcode repay_curl_set_longs(CURL *easy, const struct repay_curl_long_option *options,
                              size_t count)
{
    CURLcode code = CURLE_OK;

    for (size_t i = 0; code == CURLE_OK && i < count; i++)
        code = curl_easy_setopt(easy, options[i].option, options[i].value);
    return code;
}

CURLcode repay_curl_set_texts(CURL *easy, const struct repay_curl_text_option *options,
                              size_t count)
{
    CURLcode code = CURLE_OK;

    for (size_t i = 0; code == CURLE_OK && i < count; i++)
        code = curl_easy_setopt(easy, options[i].option, options[i].value);
    return code;
}

CURLcode repay_curl_set_fixed(CURL *easy)
{
    CURLcode code = REPAY_CURL_SET_LONGS(easy, fixed_longs);

    return code == CURLE_OK ? REPAY_CURL_SET_TEXTS(easy, fixed_texts) : code;
}
