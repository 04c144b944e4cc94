/*
 * One place for one transfer: an easy handle that is made once and kept, what it was last told, and
 * what is known about the attempt under way.
 *
 * libcurl never sees memory of a call: header lines, body and target are copied here, so a call may
 * be closed at any moment, and are wiped when the attempt ends, because header lines are
 * credentials.
 */
#ifndef REPAY_CURL_SLOT_H
#define REPAY_CURL_SLOT_H

#include <curl/curl.h>

#include "ca_paths.h"
#include "core_api.h"
#include "curl_buffer.h"
#include "curl_engine.h"
#include "curl_gather.h"

/* Ours, and those that tell libcurl not to add one of its own. */
#define REPAY_CURL_LINES_MAX (REPAY_HEADERS_MAX + 3)

enum repay_curl_slot_state {
    REPAY_CURL_FREE,
    REPAY_CURL_ASKING,  /* the call has to be asked what to do next */
    REPAY_CURL_WAITING, /* until wake_ms, as the call wished */
    REPAY_CURL_FLYING,  /* libcurl has it */
    REPAY_CURL_ENDED    /* the call is done or failed and not handed out yet */
};

/* Why the hook or a callback stopped a transfer. libcurl's codes 23 and 42 do not tell. */
enum repay_curl_stop {
    REPAY_CURL_STOP_NONE,
    REPAY_CURL_STOP_BY_CALL, /* the call wants no more of this reply */
    REPAY_CURL_STOP_CANCELLED,
    REPAY_CURL_STOP_LATE,         /* the hook found the deadline passed */
    REPAY_CURL_STOP_SECOND_START, /* libcurl was about to send the request again */
    REPAY_CURL_STOP_NOT_LOOPBACK, /* http to somewhere else */
    REPAY_CURL_STOP_HEAD_TOO_LARGE,
    REPAY_CURL_STOP_BAD_HEAD,
    REPAY_CURL_STOP_COUNT
};

/* The reply's head, as far as the rules about framing need it. */
struct repay_curl_head {
    int status;
    uint32_t size; /* of all heads of this reply, the interim ones included */
    uint32_t fields;
    int64_t content_length; /* -1: not given */
    bool chunked;
    bool complete; /* the blank line of the final head has passed */
};

struct repay_curl_slot {
    enum repay_curl_slot_state state;
    uint32_t index;
    bool has_neighbours; /* the engine has more than this slot */
    int64_t wake_ms;     /* WAITING and FLYING: when the engine must look at it */
    struct repay_call *call;
    struct repay_curl_slot *next; /* in the engine's queue it is in */
    int64_t *nearest_ms;          /* the engine's earliest wake-up, lowered by the hook */
    const struct repay_core_api *core;
    const struct repay_allocator *allocator;
    const struct repay_curl_hooks *hooks;
    struct repay_curl_gather *gather;
    /* What the handle was last told. */
    CURL *easy; /* NULL: made at the next start */
    CURLU *url;
    uint64_t aimed_at;                 /* the session that it was aimed at; 0: none that is known */
    struct repay_curl_buffer endpoint; /* length 0: nothing valid */
    struct repay_curl_buffer scratch;  /* the next call's endpoint, to compare */
    struct curl_slist connect_to;
    unsigned mode;                       /* is it a write, a POST, may it share; 0: not told yet */
    long timeout_ms, connect_timeout_ms; /* 0: not told yet */
    /* The attempt under way. */
    enum repay_curl_stop stop;
    bool tls;
    bool hook_ran;        /* from here on the request may have left */
    bool reply_began;     /* at least a status line */
    curl_socket_t socket; /* the last that libcurl made for it */
    int local_port;       /* of the connection that the request left on */
    struct repay_curl_head head;
    struct repay_curl_buffer wire; /* header lines, then the body */
    struct curl_slist lines[REPAY_CURL_LINES_MAX];
    char text[CURL_ERROR_SIZE]; /* libcurl's own words */
};

/* A failure to start: `kind` NONE is none. The detail is a constant or lies in the slot. */
struct repay_curl_fault {
    enum repay_kind kind;
    const char *detail;
};

/* All but the pointers to the engine's things and the index is zero before. */
void repay_curl_slot_free(struct repay_curl_slot *slot);
/* False once the call was cancelled or closed, or its client closed, while it is in flight. */
bool repay_curl_slot_is_wanted(const struct repay_curl_slot *slot);
/* Hands the call's request to libcurl. */
struct repay_curl_fault repay_curl_slot_start(struct repay_curl_slot *slot, CURLM *multi,
                                              const struct repay_ca_paths *ca, int64_t now_ms);
/* The transfer is over: takes the handle out of the multi handle and wipes what was sent. */
void repay_curl_slot_stop(struct repay_curl_slot *slot, CURLM *multi);
/* Its transfer has ended: if it opened a connection that many share, that one is gathered on. */
void repay_curl_slot_note_connection(const struct repay_curl_slot *slot,
                                     enum repay_connection connection);
/* Forgets the easy handle, so that the next attempt starts with a new one. */
void repay_curl_slot_drop_handle(struct repay_curl_slot *slot);

/* What the files of a slot share. */
extern const struct repay_curl_fault repay_curl_no_fault;
extern const struct repay_curl_fault repay_curl_no_memory;
struct repay_curl_fault repay_curl_fault_of(CURLcode code);

/*
 * curl_endpoint.c: tells the handle about the client, unless it was told the same last time.
 * Serials and contents are compared, not addresses: a new client may lie where a closed one was.
 */
struct repay_curl_fault repay_curl_slot_aim(struct repay_curl_slot *slot,
                                            const struct repay_ca_paths *ca);

/* curl_request.c: copies the request; target and body lie in the copy. False without memory. */
bool repay_curl_slot_put_request(struct repay_curl_slot *slot, const struct repay_request *request,
                                 const char **target, const char **body);

/* curl_judge.c: what the end of a transfer means. The details borrow from the slot. */
struct repay_end repay_curl_slot_judge(const struct repay_curl_slot *slot, CURLcode code);
/* The same where not libcurl ends it but we do. */
struct repay_end repay_curl_slot_end(const struct repay_curl_slot *slot, enum repay_kind kind,
                                     const char *detail);

/* curl_reply.c: what libcurl calls while a transfer is under way. */
int repay_curl_on_request(void *slot, char *remote_ip, char *local_ip, int remote_port,
                          int local_port);
size_t repay_curl_on_header(char *data, size_t size, size_t count, void *slot);
size_t repay_curl_on_body(char *data, size_t size, size_t count, void *slot);
int repay_curl_on_socket(void *slot, curl_socket_t socket, curlsocktype purpose);
int repay_curl_on_close(void *gather, curl_socket_t socket);

#endif
