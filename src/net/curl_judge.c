/*
 * Owns the translation of a transfer's end into what the call is told. Pure: it looks at the slot's
 * record and at libcurl's code, in this order, and changes nothing.
 */
#include "curl_codes.h"
#include "curl_slot.h"

#include <string.h>

struct stop_meaning {
    enum repay_kind kind;
    const char *detail;
};

static const struct stop_meaning stop_meanings[REPAY_CURL_STOP_COUNT] = {
    [REPAY_CURL_STOP_BY_CALL] = {REPAY_KIND_BAD_RESPONSE, "the reply was not read to its end"},
    [REPAY_CURL_STOP_CANCELLED] = {REPAY_KIND_CANCELLED, "cancelled"},
    [REPAY_CURL_STOP_LATE] = {REPAY_KIND_TIMEOUT, "the time was over before the request left"},
    [REPAY_CURL_STOP_SECOND_START] = {REPAY_KIND_CONNECTION_LOST,
                                      "the connection ended before a reply came"},
    [REPAY_CURL_STOP_NOT_LOOPBACK] = {REPAY_KIND_CONFIG,
                                      "http is for this machine only, the host is elsewhere"},
    [REPAY_CURL_STOP_HEAD_TOO_LARGE] = {REPAY_KIND_TOO_LARGE, "the reply's head is too large"},
    [REPAY_CURL_STOP_BAD_HEAD] = {REPAY_KIND_BAD_RESPONSE, "the reply's head is not proper HTTP"},
};

/* Code 27 is also what libcurl says of a head line beyond its own 100 KiB. */
static const struct stop_meaning head_or_memory = {
    REPAY_KIND_TOO_LARGE, "the reply's head is too large, or memory ran out while reading it"};

/* A connection that ends inside the head counts as success with libcurl. */
static const struct stop_meaning head_cut = {REPAY_KIND_CONNECTION_LOST,
                                             "the connection ended inside the reply's head"};

static struct stop_meaning meaning_of(const struct repay_curl_slot *slot, CURLcode code)
{
    struct repay_curl_meaning meaning;

    if (slot->stop != REPAY_CURL_STOP_NONE)
        return stop_meanings[slot->stop];
    if (code == CURLE_OK && !slot->head.complete)
        return head_cut;
    if (code == CURLE_OK)
        return (struct stop_meaning){REPAY_KIND_NONE, NULL};
    if (code == CURLE_OUT_OF_MEMORY && slot->hook_ran && !slot->head.complete)
        return head_or_memory;
    meaning = repay_curl_meaning_of((int)code);
    return (struct stop_meaning){slot->hook_ran ? meaning.after : meaning.before,
                                 slot->text[0] != '\0' ? slot->text : curl_easy_strerror(code)};
}

/*
 * A kept connection that was dead already: nothing was wrong with this request. libcurl starts
 * again only then, and the hook has refused that.
 */
static bool kept_connection_died(const struct repay_curl_slot *slot)
{
    return slot->stop == REPAY_CURL_STOP_SECOND_START && !slot->reply_began;
}

/* Told once the request could leave: before, there may be no connection to speak of. */
static enum repay_connection connection_of(const struct repay_curl_slot *slot)
{
    long opened = 0;

    if (!slot->hook_ran)
        return REPAY_CONNECTION_UNTOLD;
    if (kept_connection_died(slot))
        return REPAY_CONNECTION_REUSED;
    if (curl_easy_getinfo(slot->easy, CURLINFO_NUM_CONNECTS, &opened) != CURLE_OK)
        return REPAY_CONNECTION_UNTOLD;
    return opened > 0 ? REPAY_CONNECTION_OPENED : REPAY_CONNECTION_REUSED;
}

struct repay_end repay_curl_slot_end(const struct repay_curl_slot *slot, enum repay_kind kind,
                                     const char *detail)
{
    return (struct repay_end){.kind = kind,
                              .sent = slot->hook_ran ? REPAY_SENT_MAYBE : REPAY_SENT_NO,
                              .connection_was_reused = kept_connection_died(slot),
                              .connection = connection_of(slot),
                              .detail = repay_text_of(detail)};
}

struct repay_end repay_curl_slot_judge(const struct repay_curl_slot *slot, CURLcode code)
{
    struct stop_meaning meaning = meaning_of(slot, code);

    return repay_curl_slot_end(slot, meaning.kind, meaning.detail);
}
