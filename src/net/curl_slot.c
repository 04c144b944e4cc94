/*
 * Owns one easy handle: what is fixed in it, what belongs to a client, what belongs to an attempt.
 *
 * Every option that a promise rests on is set, even to libcurl's default: defaults differ between
 * builds. There is no option here, and none anywhere above, that would switch verification off.
 */
#include "curl_slot.h"

#include <limits.h>
#include <string.h>

/* A base URL, a host, a proxy and three paths; more is somebody's mistake. */
#define ENDPOINT_MAX (32u << 10)

/* libcurl's own timers stand this far behind ours, so that ours speak first. */
#define SECOND_LINE_MS 1000

enum mode { MODE_TOLD = 1, MODE_WRITE = 2, MODE_POST = 4, MODE_TLS = 8 };

struct long_option {
    CURLoption option;
    long value;
};

struct text_option {
    CURLoption option;
    const char *value;
};

static const struct long_option fixed_longs[] = {
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
    {CURLOPT_MAXFILESIZE,
     0}, /* the call counts the bytes it gets, which holds without lengths too */
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

static const struct text_option fixed_texts[] = {
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

static const struct repay_curl_fault no_fault = {REPAY_KIND_NONE, NULL};
static const struct repay_curl_fault no_memory = {REPAY_KIND_MEMORY, "not enough memory"};

static struct repay_curl_fault fault_of(CURLcode code)
{
    if (code == CURLE_OK)
        return no_fault;
    if (code == CURLE_OUT_OF_MEMORY)
        return no_memory;
    return (struct repay_curl_fault){REPAY_KIND_CONFIG, curl_easy_strerror(code)};
}

static CURLcode set_longs(CURL *easy, const struct long_option *options, size_t count)
{
    CURLcode code = CURLE_OK;

    for (size_t i = 0; code == CURLE_OK && i < count; i++)
        code = curl_easy_setopt(easy, options[i].option, options[i].value);
    return code;
}

static CURLcode set_texts(CURL *easy, const struct text_option *options, size_t count)
{
    CURLcode code = CURLE_OK;

    for (size_t i = 0; code == CURLE_OK && i < count; i++)
        code = curl_easy_setopt(easy, options[i].option, options[i].value);
    return code;
}

#define SET_LONGS(easy, options)                                                                   \
    set_longs((easy), (options), sizeof(options) / sizeof((options)[0]))
#define SET_TEXTS(easy, options)                                                                   \
    set_texts((easy), (options), sizeof(options) / sizeof((options)[0]))

static CURLcode set_callbacks(struct repay_curl_slot *slot)
{
    CURL *easy = slot->easy;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->text);

    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, repay_curl_on_request);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PREREQDATA, slot);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, repay_curl_on_header);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, repay_curl_on_body);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    /* The list's first node is always the same; what follows it changes with every attempt. */
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, slot->lines);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_CURLU, slot->url);
    return code;
}

static void buffer_wipe(struct repay_curl_buffer *buffer)
{
    if (buffer->length > 0)
        explicit_bzero(buffer->data, buffer->length);
    buffer->length = 0;
}

static struct repay_curl_fault make_handle(struct repay_curl_slot *slot)
{
    struct repay_curl_fault fault;
    CURLcode code;

    slot->url = curl_url();
    slot->easy = slot->url ? curl_easy_init() : NULL;
    if (!slot->easy) {
        repay_curl_slot_drop_handle(slot);
        return no_memory;
    }
    code = SET_LONGS(slot->easy, fixed_longs);
    if (code == CURLE_OK)
        code = SET_TEXTS(slot->easy, fixed_texts);
    if (code == CURLE_OK)
        code = set_callbacks(slot);
    fault = fault_of(code);
    if (fault.kind != REPAY_KIND_NONE)
        repay_curl_slot_drop_handle(slot);
    return fault;
}

void repay_curl_slot_drop_handle(struct repay_curl_slot *slot)
{
    curl_easy_cleanup(slot->easy);
    curl_url_cleanup(slot->url);
    slot->easy = NULL;
    slot->url = NULL;
    buffer_wipe(&slot->endpoint);
    slot->mode = 0;
}

static void buffer_free(const struct repay_allocator *allocator, struct repay_curl_buffer *buffer)
{
    buffer_wipe(buffer);
    repay_release(allocator, buffer->data, buffer->capacity);
    *buffer = (struct repay_curl_buffer){NULL, 0, 0};
}

/* Empties it and makes room; what was in it is wiped and gone. */
static bool buffer_reserve(const struct repay_allocator *allocator,
                           struct repay_curl_buffer *buffer, size_t size)
{
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : 512;
    char *data;

    buffer_wipe(buffer);
    if (size <= buffer->capacity)
        return true;
    while (capacity < size)
        capacity *= 2;
    data = repay_allocate(allocator, capacity);
    if (!data)
        return false;
    repay_release(allocator, buffer->data, buffer->capacity);
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

static void put(struct repay_curl_buffer *buffer, struct repay_text text)
{
    if (text.length > 0)
        memcpy(buffer->data + buffer->length, text.data, text.length);
    buffer->length += text.length;
}

static void put_end(struct repay_curl_buffer *buffer)
{
    buffer->data[buffer->length++] = '\0';
}

static void put_port(struct repay_curl_buffer *buffer, uint16_t port)
{
    char digits[6];
    size_t at = sizeof(digits);
    unsigned left = port;

    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    digits[--at] = ':';
    put(buffer, (struct repay_text){digits + at, sizeof(digits) - at});
}

static void put_host(struct repay_curl_buffer *buffer, struct repay_text host)
{
    bool is_ipv6 = host.length > 0 && host.data[0] != '[' && memchr(host.data, ':', host.length);

    if (is_ipv6)
        put(buffer, REPAY_TEXT("["));
    put(buffer, host);
    if (is_ipv6)
        put(buffer, REPAY_TEXT("]"));
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
    if (!buffer_reserve(slot->allocator, out, size))
        return no_memory;
    put(out, session->base.tls ? REPAY_TEXT("https://") : REPAY_TEXT("http://"));
    put_host(out, session->base.host);
    put_port(out, session->base.port);
    put(out, REPAY_TEXT("/"));
    put_end(out);
    if (session->connect_host.length > 0) {
        put(out, REPAY_TEXT("::")); /* any host, any port: this handle only ever asks for one */
        put_host(out, session->connect_host);
        put_port(out, session->connect_port > 0 ? session->connect_port : session->base.port);
    }
    put_end(out);
    for (size_t i = 2; i < sizeof(texts) / sizeof(texts[0]); i++) {
        put(out, texts[i]);
        put_end(out);
    }
    return no_fault;
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
    struct text_option options[] = {{CURLOPT_CAINFO, file},
                                    {CURLOPT_CAPATH, directory},
                                    {CURLOPT_PROXY_CAINFO, file},
                                    {CURLOPT_PROXY_CAPATH, directory}};

    return SET_TEXTS(easy, options);
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
    struct text_option options[] = {
        {CURLOPT_PROXY, parts[PART_PROXY]}, /* "" bars the environment */
        {CURLOPT_SSLCERT, or_null(parts[PART_CERT])},
        {CURLOPT_SSLKEY, or_null(parts[PART_KEY])}};

    code = set_url(slot, parts[PART_URL]);
    if (code == CURLE_OK)
        code = SET_TEXTS(slot->easy, options);
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

/*
 * Tells the handle about the client, unless it was told the same last time. Contents are
 * compared, not addresses: a new client may lie where a closed one was.
 */
static struct repay_curl_fault aim(struct repay_curl_slot *slot, const struct repay_ca_paths *ca)
{
    struct repay_curl_fault fault = render_endpoint(slot);
    struct repay_curl_buffer before = slot->endpoint;

    if (fault.kind != REPAY_KIND_NONE)
        return fault;
    if (before.length > 0 && buffers_equal(&before, &slot->scratch))
        return no_fault;
    slot->endpoint = slot->scratch;
    slot->scratch = before;
    return fault_of(set_endpoint(slot, ca));
}

/* What differs between reading and writing, GET and POST, TLS and not. */
static CURLcode set_mode(struct repay_curl_slot *slot, unsigned mode)
{
    bool is_write = (mode & MODE_WRITE) != 0;
    bool may_multiplex = !is_write && (mode & MODE_TLS) != 0;
    struct long_option options[] = {
        {(mode & MODE_POST) != 0 ? CURLOPT_POST : CURLOPT_HTTPGET, 1},
        {CURLOPT_HTTP_VERSION,
         may_multiplex ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1},
        {CURLOPT_PIPEWAIT, may_multiplex ? 1 : 0},
        /* A kept connection that turns out dead makes libcurl send again: never for a write. */
        {CURLOPT_FRESH_CONNECT, is_write ? 1 : 0},
        {CURLOPT_FORBID_REUSE, is_write ? 1 : 0}};
    CURLcode code = CURLE_OK;

    if (slot->mode == mode)
        return CURLE_OK;
    slot->mode = 0;
    code = SET_LONGS(slot->easy, options);
    if (code == CURLE_OK)
        slot->mode = mode;
    return code;
}

struct wire_line {
    struct repay_text name;
    struct repay_text value;
};

/*
 * libcurl's spelling: a name with a colon and nothing behind it takes one of libcurl's own headers
 * away, a name with a semicolon is a header without value.
 */
static void put_line(struct repay_curl_slot *slot, uint32_t index, struct repay_text name,
                     struct repay_text value, bool take_away)
{
    struct repay_curl_buffer *out = &slot->wire;

    slot->lines[index] = (struct curl_slist){out->data + out->length, NULL};
    if (index > 0)
        slot->lines[index - 1].next = &slot->lines[index];
    put(out, name);
    if (take_away) {
        put(out, REPAY_TEXT(":"));
    } else if (value.length == 0) {
        put(out, REPAY_TEXT(";"));
    } else {
        put(out, REPAY_TEXT(": "));
        put(out, value);
    }
    put_end(out);
}

static bool request_has(const struct repay_curl_slot *slot, const struct repay_request *request,
                        struct repay_text name)
{
    for (uint32_t i = 0; i < request->header_count; i++) {
        if (repay_text_equal_fold(slot->core->request_text(request, request->headers[i].name),
                                  name))
            return true;
    }
    return false;
}

static size_t wire_size(const struct repay_request *request)
{
    size_t size = 64 + (size_t)request->body.length + request->target.length; /* 64: taken away */

    for (uint32_t i = 0; i < request->header_count; i++)
        size += (size_t)request->headers[i].name.length + request->headers[i].value.length + 3;
    return size;
}

/* Copies header lines, target and body. The wire is then what the request says and nothing else. */
static bool put_request(struct repay_curl_slot *slot, const struct repay_request *request,
                        const char **target, const char **body)
{
    static const struct repay_text own_headers[] = {
        {"Accept", 6}, {"Content-Type", 12}, {"Expect", 6}};
    const struct repay_core_api *core = slot->core;
    struct repay_curl_buffer *out = &slot->wire;
    uint32_t lines = 0;

    if (!buffer_reserve(slot->allocator, out, wire_size(request)))
        return false;
    for (uint32_t i = 0; i < request->header_count; i++)
        put_line(slot, lines++, core->request_text(request, request->headers[i].name),
                 core->request_text(request, request->headers[i].value), false);
    for (size_t i = 0; i < sizeof(own_headers) / sizeof(own_headers[0]); i++) {
        if (!request_has(slot, request, own_headers[i]))
            put_line(slot, lines++, own_headers[i], REPAY_NO_TEXT, true);
    }
    *target = out->data + out->length;
    put(out, core->request_text(request, request->target));
    put_end(out);
    *body = out->data + out->length;
    put(out, core->request_text(request, request->body));
    return true;
}

static long second_line(int64_t deadline_ms, int64_t now_ms)
{
    int64_t left_ms = deadline_ms - now_ms;

    /* libcurl wants an int's worth of milliseconds. */
    if (left_ms > INT_MAX - SECOND_LINE_MS)
        return INT_MAX;
    return (long)(left_ms < 0 ? SECOND_LINE_MS : left_ms + SECOND_LINE_MS);
}

static CURLcode set_attempt(struct repay_curl_slot *slot, const struct repay_request *request,
                            const char *target, const char *body, int64_t now_ms)
{
    const struct repay_call *call = slot->call;
    int64_t last_ms = call->attempt_deadline_ms < call->deadline_ms ? call->attempt_deadline_ms
                                                                    : call->deadline_ms;
    struct long_option options[] = {
        {CURLOPT_TIMEOUT_MS, second_line(last_ms, now_ms)},
        {CURLOPT_CONNECTTIMEOUT_MS, second_line(call->connect_deadline_ms, now_ms)}};
    CURLcode code = SET_LONGS(slot->easy, options);

    /*
     * The URL stays the same for all calls of a client and is parsed once; the target goes out as
     * the core wrote it. A URL handle's own path setter would lower the case of percent-escapes.
     */
    if (code == CURLE_OK)
        code = curl_easy_setopt(slot->easy, CURLOPT_REQUEST_TARGET, target);
    if (code == CURLE_OK && request->method == REPAY_METHOD_POST)
        code = curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE, (long)request->body.length);
    if (code == CURLE_OK && request->method == REPAY_METHOD_POST)
        code = curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, body);
    return code;
}

static void begin_attempt(struct repay_curl_slot *slot)
{
    slot->stop = REPAY_CURL_STOP_NONE;
    slot->tls = slot->call->session->base.tls;
    slot->hook_ran = false;
    slot->reply_began = false;
    slot->head = (struct repay_curl_head){.content_length = -1};
    slot->text[0] = '\0';
}

bool repay_curl_slot_is_wanted(const struct repay_curl_slot *slot)
{
    const struct repay_call *call = slot->call;

    /* A closed call is not sending any more, and only an open one may be asked for its client. */
    return call->stage == REPAY_CALL_SENDING && !call->cancelled && call->session->provider;
}

static struct repay_curl_fault prepare(struct repay_curl_slot *slot,
                                       const struct repay_ca_paths *ca, int64_t now_ms)
{
    const struct repay_request *request = slot->core->call_request(slot->call);
    bool is_post = request->method == REPAY_METHOD_POST;
    unsigned mode = (unsigned)MODE_TOLD | (slot->call->operation->is_write ? MODE_WRITE : 0u) |
                    (is_post ? MODE_POST : 0u) | (slot->tls ? MODE_TLS : 0u);
    struct repay_curl_fault fault = slot->easy ? no_fault : make_handle(slot);
    const char *target, *body;

    if (fault.kind == REPAY_KIND_NONE)
        fault = aim(slot, ca);
    if (fault.kind == REPAY_KIND_NONE)
        fault = fault_of(set_mode(slot, mode));
    if (fault.kind != REPAY_KIND_NONE)
        return fault;
    if (!put_request(slot, request, &target, &body))
        return no_memory;
    return fault_of(set_attempt(slot, request, target, body, now_ms));
}

struct repay_curl_fault repay_curl_slot_start(struct repay_curl_slot *slot, CURLM *multi,
                                              const struct repay_ca_paths *ca, int64_t now_ms)
{
    struct repay_curl_fault fault;
    CURLMcode code;

    begin_attempt(slot);
    fault = prepare(slot, ca, now_ms);
    if (fault.kind == REPAY_KIND_NONE) {
        code = curl_multi_add_handle(multi, slot->easy);
        if (code == CURLM_OK)
            return no_fault;
        fault = code == CURLM_OUT_OF_MEMORY
                    ? no_memory
                    : (struct repay_curl_fault){REPAY_KIND_CONFIG, curl_multi_strerror(code)};
    }
    /* A handle that was told half of what it needs is not used again. */
    buffer_wipe(&slot->wire);
    repay_curl_slot_drop_handle(slot);
    return fault;
}

void repay_curl_slot_stop(struct repay_curl_slot *slot, CURLM *multi)
{
    /* It fails only for a handle that is not in there, which would be a mistake of ours. */
    (void)curl_multi_remove_handle(multi, slot->easy);
    buffer_wipe(&slot->wire);
}

void repay_curl_slot_free(struct repay_curl_slot *slot)
{
    repay_curl_slot_drop_handle(slot);
    buffer_free(slot->allocator, &slot->endpoint);
    buffer_free(slot->allocator, &slot->scratch);
    buffer_free(slot->allocator, &slot->wire);
}
