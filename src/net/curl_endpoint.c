/*
 * Owns what a handle is told about its client: where it goes, what it trusts, what it shows.
 * Refuses names that cannot be handed on whole.
 */
#include "curl_setopt.h"
#include "curl_slot.h"

#include <string.h>

/* A base URL, a host, a proxy and three paths; more is somebody's mistake. */
#define ENDPOINT_MAX (32u << 10)

static void put_port(struct repay_curl_buffer *buffer, uint16_t port)
{
    char digits[REPAY_DIGITS_MAX];

    repay_curl_buffer_put(buffer, REPAY_TEXT(":"));
    repay_curl_buffer_put(buffer, repay_text_of_number(port, digits));
}

static void put_host(struct repay_curl_buffer *buffer, struct repay_text host)
{
    bool is_ipv6 = host.length > 0 && host.data[0] != '[' && memchr(host.data, ':', host.length);

    if (is_ipv6)
        repay_curl_buffer_put(buffer, REPAY_TEXT("["));
    repay_curl_buffer_put(buffer, host);
    if (is_ipv6)
        repay_curl_buffer_put(buffer, REPAY_TEXT("]"));
}

/* The parts of an endpoint, in the order in which they lie in its buffer, each terminated. */
enum endpoint_part { PART_URL, PART_CONNECT_TO, PART_PROXY, PART_CA, PART_CERT, PART_KEY, PARTS };

static bool text_has_nul(struct repay_text text)
{
    return text.length > 0 && memchr(text.data, '\0', text.length) != NULL;
}

/* Writes where the call goes and whom it trusts into the scratch buffer. */
static struct repay_curl_fault render_endpoint(struct repay_curl_slot *slot)
{
    const struct repay_session *session = slot->call->session;
    const struct repay_text texts[] = {session->base.host,   session->connect_host,
                                       session->proxy,       session->ca_file,
                                       session->client_cert, session->client_key};
    struct repay_curl_buffer *out = &slot->scratch;
    size_t size = 64; /* scheme, brackets, ports, terminators */

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (text_has_nul(texts[i]) || texts[i].length > ENDPOINT_MAX)
            return (struct repay_curl_fault){REPAY_KIND_CONFIG,
                                             "a host or file name is not usable"};
        size += texts[i].length;
    }
    if (!repay_curl_buffer_reserve(slot->allocator, out, size))
        return repay_curl_no_memory;
    repay_curl_buffer_put(out, session->base.tls ? REPAY_TEXT("https://") : REPAY_TEXT("http://"));
    put_host(out, session->base.host);
    put_port(out, session->base.port);
    repay_curl_buffer_put(out, REPAY_TEXT("/"));
    repay_curl_buffer_end(out);
    if (session->connect_host.length > 0) {
        /* Any host, any port: this handle only ever asks for one. */
        repay_curl_buffer_put(out, REPAY_TEXT("::"));
        put_host(out, session->connect_host);
        put_port(out, session->connect_port > 0 ? session->connect_port : session->base.port);
    }
    repay_curl_buffer_end(out);
    for (size_t i = 2; i < sizeof(texts) / sizeof(texts[0]); i++) {
        repay_curl_buffer_put(out, texts[i]);
        repay_curl_buffer_end(out);
    }
    return repay_curl_no_fault;
}

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static CURLcode set_url(struct repay_curl_slot *slot, const char *url)
{
    CURLUcode code = curl_url_set(slot->url, CURLUPART_URL, url, CURLU_PATH_AS_IS);

    if (code == CURLUE_OUT_OF_MEMORY)
        return CURLE_OUT_OF_MEMORY;
    if (code != CURLUE_OK)
        return CURLE_URL_MALFORMAT;
    return curl_easy_setopt(slot->easy, CURLOPT_PROTOCOLS_STR, slot->tls ? "https" : "http");
}

/* One of file and directory, never both: see ca_paths.h. */
static CURLcode set_trust(CURL *easy, const char *ca_file, const struct repay_ca_paths *ca)
{
    const char *file = ca_file ? ca_file : ca->file;
    const char *directory = ca_file ? NULL : ca->directory;
    struct repay_curl_text_option options[] = {{CURLOPT_CAINFO, file},
                                               {CURLOPT_CAPATH, directory},
                                               {CURLOPT_PROXY_CAINFO, file},
                                               {CURLOPT_PROXY_CAPATH, directory}};

    return REPAY_CURL_SET_TEXTS(easy, options);
}

static CURLcode set_endpoint(struct repay_curl_slot *slot, const struct repay_ca_paths *ca)
{
    const char *parts[PARTS];
    char *at = slot->endpoint.data;
    CURLcode code;

    for (unsigned i = 0; i < PARTS; i++) {
        if (i == PART_CONNECT_TO)
            slot->connect_to = (struct curl_slist){at, NULL};
        parts[i] = at;
        at += strlen(at) + 1;
    }
    struct repay_curl_text_option options[] = {
        {CURLOPT_PROXY, parts[PART_PROXY]}, /* "" bars the environment */
        {CURLOPT_SSLCERT, or_null(parts[PART_CERT])},
        {CURLOPT_SSLKEY, or_null(parts[PART_KEY])}};

    code = set_url(slot, parts[PART_URL]);
    if (code == CURLE_OK)
        code = REPAY_CURL_SET_TEXTS(slot->easy, options);
    if (code == CURLE_OK)
        code = set_trust(slot->easy, or_null(parts[PART_CA]), ca);
    if (code == CURLE_OK)
        code = curl_easy_setopt(slot->easy, CURLOPT_CONNECT_TO,
                                parts[PART_CONNECT_TO][0] != '\0' ? &slot->connect_to : NULL);
    return code;
}

static bool buffers_equal(const struct repay_curl_buffer *a, const struct repay_curl_buffer *b)
{
    return a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

/* Tells the handle what it was not told last time. */
static struct repay_curl_fault tell_endpoint(struct repay_curl_slot *slot,
                                             const struct repay_ca_paths *ca)
{
    struct repay_curl_fault fault = render_endpoint(slot);
    struct repay_curl_buffer before = slot->endpoint;

    if (fault.kind != REPAY_KIND_NONE)
        return fault;
    if (before.length > 0 && buffers_equal(&before, &slot->scratch))
        return repay_curl_no_fault;
    slot->endpoint = slot->scratch;
    slot->scratch = before;
    return repay_curl_fault_of(set_endpoint(slot, ca));
}

struct repay_curl_fault repay_curl_slot_aim(struct repay_curl_slot *slot,
                                            const struct repay_ca_paths *ca)
{
    uint64_t serial = slot->call->session->serial;
    struct repay_curl_fault fault;

    if (serial != 0 && slot->aimed_at == serial)
        return repay_curl_no_fault;
    slot->aimed_at = 0;
    fault = tell_endpoint(slot, ca);
    if (fault.kind == REPAY_KIND_NONE)
        slot->aimed_at = serial;
    return fault;
}
