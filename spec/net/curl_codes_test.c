/*
 * Every failure code that this libcurl can give has a meaning, written down on purpose.
 */
#include <curl/curl.h>

#include "check.h"
#include "curl_codes.h"

static void every_code_is_listed(void)
{
    char text[24];

    for (int code = 1; code < CURL_LAST; code++) {
        struct repay_curl_meaning meaning = repay_curl_meaning_of(code);

        (void)snprintf(text, sizeof(text), "code %d", code);
        CHECK_CASE(text);
        CHECK(meaning.listed);
        CHECK(meaning.before != REPAY_KIND_NONE);
        CHECK(meaning.after != REPAY_KIND_NONE);
        /* A kind that only a provider's reply can tell is never made up from a code. */
        CHECK(meaning.before != REPAY_KIND_AUTH && meaning.after != REPAY_KIND_AUTH);
    }
    CHECK_CASE(NULL);
    CHECK(CURL_LAST >= 100);
}

static void codes_mean_what_they_say(void)
{
    static const struct {
        CURLcode code;
        enum repay_kind before, after;
    } rows[] = {
        {CURLE_COULDNT_RESOLVE_HOST, REPAY_KIND_DNS, REPAY_KIND_DNS},
        {CURLE_COULDNT_CONNECT, REPAY_KIND_CONNECT, REPAY_KIND_CONNECT},
        {CURLE_PEER_FAILED_VERIFICATION, REPAY_KIND_TLS, REPAY_KIND_TLS},
        {CURLE_SSL_CACERT_BADFILE, REPAY_KIND_TLS, REPAY_KIND_TLS},
        {CURLE_OPERATION_TIMEDOUT, REPAY_KIND_TIMEOUT, REPAY_KIND_TIMEOUT},
        {CURLE_GOT_NOTHING, REPAY_KIND_CONNECT, REPAY_KIND_CONNECTION_LOST},
        {CURLE_RECV_ERROR, REPAY_KIND_CONNECT, REPAY_KIND_CONNECTION_LOST},
        {CURLE_PARTIAL_FILE, REPAY_KIND_CONNECTION_LOST, REPAY_KIND_CONNECTION_LOST},
        {CURLE_UNSUPPORTED_PROTOCOL, REPAY_KIND_CONFIG, REPAY_KIND_BAD_RESPONSE},
        {CURLE_OUT_OF_MEMORY, REPAY_KIND_MEMORY, REPAY_KIND_MEMORY},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct repay_curl_meaning meaning = repay_curl_meaning_of((int)rows[i].code);

        CHECK_INT(meaning.before, rows[i].before);
        CHECK_INT(meaning.after, rows[i].after);
        CHECK(!meaning.impossible);
    }
    CHECK(repay_curl_meaning_of(CURLE_FTP_ACCEPT_FAILED).impossible);
    CHECK(repay_curl_meaning_of(CURLE_TOO_MANY_REDIRECTS).impossible);
}

static void numbers_out_of_range_are_a_lost_connection(void)
{
    static const int codes[] = {0, -1, 102, 1000, 99999};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct repay_curl_meaning meaning = repay_curl_meaning_of(codes[i]);

        CHECK(!meaning.listed);
        CHECK_INT(meaning.after, REPAY_KIND_CONNECTION_LOST);
    }
}

int main(void)
{
    every_code_is_listed();
    codes_mean_what_they_say();
    numbers_out_of_range_are_a_lost_connection();
    return CHECK_REPORT();
}
