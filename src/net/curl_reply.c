/*
 * Owns what happens while libcurl moves a transfer: the hook before a request leaves, the way of
 * the reply's bytes into the call, and the news that a connection is closed.
 *
 * Refuses a second start of the same transfer, a start after the deadline, http to another machine,
 * and heads whose framing can be read in two ways. Nothing is kept here: what the call does not
 * take, is gone.
 */
#include "crash_points.h"
#include "curl_slot.h"

#include <string.h>
#include <unistd.h>

static int refuse(struct repay_curl_slot *slot, enum repay_curl_stop why)
{
    slot->stop = why;
    return CURL_PREREQFUNC_ABORT;
}

static bool ip_is_loopback(const char *ip)
{
    return ip && (strncmp(ip, "127.", 4) == 0 || strcmp(ip, "::1") == 0 ||
                  strncmp(ip, "::ffff:127.", 11) == 0);
}

static void wake_at(struct repay_curl_slot *slot, int64_t wake_ms)
{
    slot->wake_ms = wake_ms;
    if (wake_ms < *slot->nearest_ms)
        *slot->nearest_ms = wake_ms;
}

/*
 * The connection stands and the request is about to leave. What is refused here has not been
 * sent, what passes may have been: this is the only place that knows.
 */
// NOLINTNEXTLINE(readability-non-const-parameter): the signature is libcurl's
int repay_curl_on_request(void *context, char *remote_ip, char *local_ip, int remote_port,
                          int local_port)
{
    struct repay_curl_slot *slot = context;
    int64_t now_ms, last_ms, first_byte_ms;

    (void)local_ip;
    (void)remote_port;
    if (slot->hook_ran)
        return refuse(slot, REPAY_CURL_STOP_SECOND_START);
    if (!repay_curl_slot_is_wanted(slot))
        return refuse(slot, REPAY_CURL_STOP_CANCELLED);
    if (!slot->tls && !ip_is_loopback(remote_ip))
        return refuse(slot, REPAY_CURL_STOP_NOT_LOOPBACK);
    now_ms = slot->hooks->now_ms(slot->hooks->context);
    last_ms = slot->call->attempt_deadline_ms;
    if (now_ms >= last_ms)
        return refuse(slot, REPAY_CURL_STOP_LATE);
    slot->hook_ran = true;
    slot->local_port = local_port;
    first_byte_ms = slot->call->session->policy.first_byte_timeout_ms;
    /* Subtracting cannot overflow where adding could. */
    wake_at(slot, first_byte_ms < last_ms - now_ms ? now_ms + first_byte_ms : last_ms);
    REPAY_CRASH_POINT_OF_WRITE("C11", slot->call);
    return CURL_PREREQFUNC_OK;
}

static bool stop(struct repay_curl_slot *slot, enum repay_curl_stop why)
{
    slot->stop = why;
    return false;
}

static struct repay_text trimmed(const char *data, size_t length)
{
    while (length > 0 && (data[0] == ' ' || data[0] == '\t')) {
        data++;
        length--;
    }
    while (length > 0 && (data[length - 1] == ' ' || data[length - 1] == '\t'))
        length--;
    return (struct repay_text){data, length};
}

/* -1 for anything but digits that fit. */
static int64_t read_length(struct repay_text text)
{
    int64_t value = 0;

    if (text.length == 0 || text.length > 18)
        return -1;
    for (size_t i = 0; i < text.length; i++) {
        if (!repay_is_digit(text.data[i]))
            return -1;
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}

/*
 * Where the body ends must have one reading only; libcurl takes the last of several lengths and
 * undoes compressed transfer codings that nobody asked for.
 */
static bool framing_is_clear(struct repay_curl_head *head, struct repay_text name,
                             struct repay_text value)
{
    if (repay_text_equal_fold(name, REPAY_TEXT("transfer-encoding"))) {
        if (head->chunked || head->content_length >= 0)
            return false;
        head->chunked = true;
        return repay_text_equal_fold(value, REPAY_TEXT("chunked"));
    }
    if (repay_text_equal_fold(name, REPAY_TEXT("content-length"))) {
        int64_t length = read_length(value);

        if (length < 0 || head->chunked)
            return false;
        if (head->content_length >= 0 && head->content_length != length)
            return false;
        head->content_length = length;
    }
    return true;
}

static bool take_field(struct repay_curl_slot *slot, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    struct repay_text name, value;

    /* A line that begins with a blank continues the one before it in an old reading of HTTP. */
    if (!colon || colon == line || line[0] == ' ' || line[0] == '\t')
        return stop(slot, REPAY_CURL_STOP_BAD_HEAD);
    name = (struct repay_text){line, (size_t)(colon - line)};
    value = trimmed(colon + 1, length - name.length - 1);
    if (name.data[name.length - 1] == ' ' || name.data[name.length - 1] == '\t' ||
        memchr(line, '\0', length))
        return stop(slot, REPAY_CURL_STOP_BAD_HEAD);
    slot->head.fields++;
    if (slot->head.fields > REPAY_HTTP_FIELDS_MAX)
        return stop(slot, REPAY_CURL_STOP_HEAD_TOO_LARGE);
    /* An interim head frames nothing and tells the call nothing. */
    if (slot->head.status < 200)
        return true;
    if (!framing_is_clear(&slot->head, name, value))
        return stop(slot, REPAY_CURL_STOP_BAD_HEAD);
    if (!slot->core->reply_field(slot->call, name, value))
        return stop(slot, repay_curl_slot_is_wanted(slot) ? REPAY_CURL_STOP_BY_CALL
                                                          : REPAY_CURL_STOP_CANCELLED);
    return true;
}

/* 0 unless the line is HTTP/x followed by a blank and three digits. */
static int read_status(const char *line, size_t length)
{
    const char *blank = memchr(line, ' ', length);
    size_t left = blank ? length - (size_t)(blank - line) : 0;
    int status = 0;

    if (left < 4 || (left > 4 && blank[4] != ' '))
        return 0;
    for (size_t i = 1; i <= 3; i++) {
        if (!repay_is_digit(blank[i]))
            return 0;
        status = status * 10 + (blank[i] - '0');
    }
    return status;
}

static bool take_status(struct repay_curl_slot *slot, const char *line, size_t length)
{
    int status = read_status(line, length);

    slot->reply_began = true;
    slot->wake_ms = slot->call->attempt_deadline_ms;
    /* 101 would leave HTTP, which nobody asked for. */
    if (status < 100 || status == 101)
        return stop(slot, REPAY_CURL_STOP_BAD_HEAD);
    slot->head.status = status;
    slot->head.fields = 0;
    if (status >= 200 && !slot->core->reply_status(slot->call, status))
        return stop(slot, REPAY_CURL_STOP_BY_CALL);
    REPAY_CRASH_POINT_OF_WRITE("C16", slot->call);
    return true;
}

static bool take_line(struct repay_curl_slot *slot, const char *line, size_t length)
{
    struct repay_curl_head *head = &slot->head;

    /* Trailers follow the body; they are dropped, as they could only contradict the head. */
    if (head->complete)
        return true;
    if (length > REPAY_HTTP_HEAD_MAX - head->size)
        return stop(slot, REPAY_CURL_STOP_HEAD_TOO_LARGE);
    head->size += (uint32_t)length;
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        length--;
    if (length == 0) {
        head->complete = head->status >= 200;
        head->status = head->complete ? head->status : 0;
        return true;
    }
    if (head->status == 0)
        return take_status(slot, line, length);
    return take_field(slot, line, length);
}

/* 0 makes libcurl stop with code 23; the slot has noted why. */
size_t repay_curl_on_header(char *data, size_t size, size_t count, void *context)
{
    struct repay_curl_slot *slot = context;
    size_t length = size * count;

    /* Nobody cancels between two lines that came together, so not every one asks. */
    if (slot->head.status == 0 && !repay_curl_slot_is_wanted(slot)) {
        (void)stop(slot, REPAY_CURL_STOP_CANCELLED);
        return 0;
    }
    return take_line(slot, data, length) ? length : 0;
}

size_t repay_curl_on_body(char *data, size_t size, size_t count, void *context)
{
    struct repay_curl_slot *slot = context;
    size_t length = size * count;

    if (!repay_curl_slot_is_wanted(slot)) {
        (void)stop(slot, REPAY_CURL_STOP_CANCELLED);
        return 0;
    }
    if (length > 0 && !slot->core->reply_body(slot->call, data, length)) {
        (void)stop(slot, REPAY_CURL_STOP_BY_CALL);
        return 0;
    }
    REPAY_CRASH_POINT_OF_WRITE("C17", slot->call);
    return length;
}

int repay_curl_on_socket(void *context, curl_socket_t socket, curlsocktype purpose)
{
    struct repay_curl_slot *slot = context;

    (void)purpose;
    slot->socket = socket;
    return CURL_SOCKOPT_OK;
}

/* Called for every connection of a multi handle, also long after the transfer that opened it. */
int repay_curl_on_close(void *context, curl_socket_t socket)
{
    repay_curl_gather_forget(context, socket);
    return close(socket);
}
