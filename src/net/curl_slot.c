/*
 * Owns one easy handle through its attempts: made once, told what differs, put into the multi
 * handle, taken out, wiped.
 */
#include "curl_slot.h"

#include <limits.h>
#include <string.h>

#include "crash_points.h"
#include "curl_setopt.h"

/* libcurl's own timers stand this far behind ours, so that ours speak first. */
#define SECOND_LINE_MS 1000

enum mode { MODE_TOLD = 1, MODE_WRITE = 2, MODE_POST = 4, MODE_SHARED = 8 };

const struct repay_curl_fault repay_curl_no_fault = {REPAY_KIND_NONE, NULL};
const struct repay_curl_fault repay_curl_no_memory = {REPAY_KIND_MEMORY, "not enough memory"};

struct repay_curl_fault repay_curl_fault_of(CURLcode code)
{
    if (code == CURLE_OK)
        return repay_curl_no_fault;
    if (code == CURLE_OUT_OF_MEMORY)
        return repay_curl_no_memory;
    return (struct repay_curl_fault){REPAY_KIND_CONFIG, curl_easy_strerror(code)};
}

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
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, repay_curl_on_socket);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, slot);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, repay_curl_on_close);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, slot->gather);
    /* The list's first node is always the same; what follows it changes with every attempt. */
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, slot->lines);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_CURLU, slot->url);
    return code;
}

static struct repay_curl_fault make_handle(struct repay_curl_slot *slot)
{
    struct repay_curl_fault fault;
    CURLcode code;

    slot->url = curl_url();
    slot->easy = slot->url ? curl_easy_init() : NULL;
    if (!slot->easy) {
        repay_curl_slot_drop_handle(slot);
        return repay_curl_no_memory;
    }
    code = repay_curl_set_fixed(slot->easy);
    if (code == CURLE_OK)
        code = set_callbacks(slot);
    fault = repay_curl_fault_of(code);
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
    repay_curl_buffer_wipe(&slot->endpoint);
    slot->aimed_at = 0;
    slot->mode = 0;
    slot->timeout_ms = 0;
    slot->connect_timeout_ms = 0;
}

/*
 * What differs between reading and writing, GET and POST, and whether a connection may be shared.
 * HTTP/2 is asked for where calls share: for one call at a time it costs half as much again as
 * HTTP/1.1 and brings nothing.
 */
static CURLcode set_mode(struct repay_curl_slot *slot, unsigned mode)
{
    bool is_write = (mode & MODE_WRITE) != 0;
    bool may_multiplex = (mode & MODE_SHARED) != 0;
    struct repay_curl_long_option options[] = {
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
    code = REPAY_CURL_SET_LONGS(slot->easy, options);
    if (code == CURLE_OK)
        slot->mode = mode;
    return code;
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
    long timeout_ms = second_line(call->attempt_deadline_ms, now_ms);
    long connect_timeout_ms = second_line(call->connect_deadline_ms, now_ms);
    struct repay_curl_long_option options[] = {{CURLOPT_TIMEOUT_MS, timeout_ms},
                                               {CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms}};
    CURLcode code = CURLE_OK;

    /* The first attempts of a client's calls have the same time, one as the other. */
    if (slot->timeout_ms != timeout_ms || slot->connect_timeout_ms != connect_timeout_ms)
        code = REPAY_CURL_SET_LONGS(slot->easy, options);
    slot->timeout_ms = timeout_ms;
    slot->connect_timeout_ms = connect_timeout_ms;

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
    slot->socket = CURL_SOCKET_BAD;
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
    bool is_write = slot->call->operation->is_write;
    bool is_post = request->method == REPAY_METHOD_POST;
    unsigned mode = (unsigned)MODE_TOLD | (is_write ? MODE_WRITE : 0u) |
                    (is_post ? MODE_POST : 0u) |
                    (slot->tls && slot->has_neighbours && !is_write ? MODE_SHARED : 0u);
    struct repay_curl_fault fault = slot->easy ? repay_curl_no_fault : make_handle(slot);
    const char *target, *body;

    if (fault.kind == REPAY_KIND_NONE)
        fault = repay_curl_slot_aim(slot, ca);
    if (fault.kind == REPAY_KIND_NONE)
        fault = repay_curl_fault_of(set_mode(slot, mode));
    if (fault.kind != REPAY_KIND_NONE)
        return fault;
    if (!repay_curl_slot_put_request(slot, request, &target, &body))
        return repay_curl_no_memory;
    return repay_curl_fault_of(set_attempt(slot, request, target, body, now_ms));
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
        REPAY_CRASH_POINT_OF_WRITE("C09", slot->call);
        if (code == CURLM_OK)
            return repay_curl_no_fault;
        fault = code == CURLM_OUT_OF_MEMORY
                    ? repay_curl_no_memory
                    : (struct repay_curl_fault){REPAY_KIND_CONFIG, curl_multi_strerror(code)};
    }
    /* A handle that was told half of what it needs is not used again. */
    repay_curl_buffer_wipe(&slot->wire);
    repay_curl_slot_drop_handle(slot);
    return fault;
}

void repay_curl_slot_stop(struct repay_curl_slot *slot, CURLM *multi)
{
    /* It fails only for a handle that is not in there, which would be a mistake of ours. */
    (void)curl_multi_remove_handle(multi, slot->easy);
    repay_curl_buffer_wipe(&slot->wire);
}

/* libcurl tells no socket of a connection that others use by now, so its port has to fit. */
void repay_curl_slot_note_connection(const struct repay_curl_slot *slot,
                                     enum repay_connection connection)
{
    long version = 0;

    if (connection == REPAY_CONNECTION_OPENED && slot->tls &&
        curl_easy_getinfo(slot->easy, CURLINFO_HTTP_VERSION, &version) == CURLE_OK &&
        version == CURL_HTTP_VERSION_2_0)
        repay_curl_gather_add(slot->gather, slot->socket, slot->local_port);
}

void repay_curl_slot_free(struct repay_curl_slot *slot)
{
    repay_curl_slot_drop_handle(slot);
    repay_curl_buffer_free(slot->allocator, &slot->endpoint);
    repay_curl_buffer_free(slot->allocator, &slot->scratch);
    repay_curl_buffer_free(slot->allocator, &slot->wire);
}
