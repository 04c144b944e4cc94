/*
 * What a provider is: one constant struct. A provider's file ends with its own.
 *
 * `add_headers`, `build` and `judge` are pure. If a change for one provider seems to want an `if`
 * elsewhere, this struct lacks a member.
 */
#ifndef REPAY_PROVIDER_H
#define REPAY_PROVIDER_H

#include "body_read.h"
#include "http_reply.h"
#include "receipt.h"
#include "request.h"
#include "session.h"

#define REPAY_PARAMETERS_MAX 10
#define REPAY_HOSTS_MAX      3

enum repay_environment { REPAY_ENVIRONMENT_SANDBOX, REPAY_ENVIRONMENT_LIVE };

/* An option of open() that only this provider has. */
struct repay_setting {
    const char *name;
    bool required;
    bool secret;
    bool is_header_value;       /* may hold visible ASCII and blanks only */
    const char *const *choices; /* the words it may be, ends with NULL; NULL: any text */
    const char *preset;         /* NULL: none */
};

enum repay_parameter_type {
    REPAY_PARAMETER_TEXT,
    REPAY_PARAMETER_AMOUNT, /* in Lua: `amount` as decimal text or `amount_minor` */
    REPAY_PARAMETER_KEY     /* the idempotency key: the caller's or the one that was drawn */
};

/* An option of one call. */
struct repay_parameter {
    const char *name;
    enum repay_parameter_type type;
    bool required;
    bool is_subject; /* the id the call is about: named in errors, kept as the schedule's subject */
    uint16_t length_max; /* 0: REPAY_SUBJECT_MAX */
};

struct repay_argument {
    bool given;
    union {
        struct repay_text text;
        int64_t minor; /* of an amount; the text's length is then 0 */
    };
};

/* What build and judge may look at. Everything is borrowed from the call. */
struct repay_task {
    const struct repay_session *session;
    const struct repay_operation *operation;
    const struct repay_argument *arguments; /* parallel to operation->parameters */
    struct repay_text idempotency_key;
    struct repay_text interaction_id; /* new for each attempt */
    int64_t unix_ms;                  /* when this attempt begins */
    int32_t page;                     /* from 1 */
};

struct repay_reply {
    int http_status;
    const struct repay_envelope *envelope;
    const struct repay_task *task;
};

/* Judged by the provider's own words; outcome and retry follow elsewhere (outcome.h, retry.h). */
enum repay_judgement {
    REPAY_JUDGED_ACCEPTED, /* positive proof of success */
    REPAY_JUDGED_REFUSED,  /* the provider's own envelope says no: error->kind is mapped from it */
    REPAY_JUDGED_UNCLEAR   /* neither: error says what is wrong with the reply */
};

struct repay_operation {
    const char *name; /* the client's method: "schedule" */
    bool is_write;
    bool carries_key; /* the wire has an idempotency key, on reads too where a page demands one */
    bool carries_interaction_id; /* the wire has an id of ours, new for each attempt */
    bool carries_moment;         /* the wire says when the attempt was made */
    int32_t page_size; /* 0: one request brings all; else pages until one is short or repeated */
    const struct repay_parameter *parameters; /* ends with name NULL */
    const struct repay_shape *shape;
    bool (*build)(const struct repay_task *task, struct repay_request *out,
                  struct repay_error *error);
    enum repay_judgement (*judge)(const struct repay_reply *reply, struct repay_receipt *receipt,
                                  struct repay_error *error);
};

struct repay_host {
    enum repay_environment environment;
    /*
     * Scheme, host, path prefix. One label of the host may be "{name}": the setting of that name
     * stands there, and any one label matches it when a given base_url is compared.
     */
    const char *base_url;
    bool is_preset; /* what `environment` alone selects; else only known, to catch a mix-up */
};

struct repay_provider {
    const char *name;
    const char *currency; /* NULL: must be given */
    bool sends_minor_units;
    const char *zone; /* NULL: must be given, or as_of with every question about days */
    struct repay_host hosts[REPAY_HOSTS_MAX + 1]; /* ends with base_url NULL */
    const struct repay_setting *settings;         /* ends with name NULL */
    const struct repay_operation *operations;     /* ends with name NULL */
    /* Adds what all its requests carry, besides what those of every provider do; NULL: nothing. */
    bool (*add_headers)(const struct repay_session *session, struct repay_request *out,
                        struct repay_error *error);
    const char *not_found_hint; /* for subjects that look like a UUID, or NULL */
};

/* provider_list.c, the only file that names them all. */
extern const struct repay_provider *const repay_providers[]; /* ends with NULL */
const struct repay_provider *repay_provider_find(struct repay_text name);
const struct repay_operation *repay_operation_find(const struct repay_provider *provider,
                                                   struct repay_text name);
const struct repay_layout *repay_layout_find(struct repay_text provider, struct repay_text layout);

#endif
