/*
 * What the core lends to compiled modules that do not link it.
 *
 * repay/native/core.so alone contains the core; curl.so and the others find this struct through the
 * Lua registry and refuse another ABI number or other struct sizes. Structs are shared through the
 * headers.
 */
#ifndef REPAY_CORE_API_H
#define REPAY_CORE_API_H

#include "call.h"

#define REPAY_CORE_ABI 5u

struct repay_core_api {
    uint32_t abi;
    uint32_t call_size;
    uint32_t session_size;
    enum repay_step (*call_next)(struct repay_call *call, int64_t now_ms, int64_t unix_ms);
    const struct repay_request *(*call_request)(const struct repay_call *call);
    bool (*reply_status)(struct repay_call *call, int http_status);
    bool (*reply_field)(struct repay_call *call, struct repay_text name, struct repay_text value);
    bool (*reply_body)(struct repay_call *call, const char *data, size_t length);
    void (*call_end)(struct repay_call *call, const struct repay_end *end, int64_t now_ms,
                     int64_t unix_ms);
    void (*call_cancel)(struct repay_call *call);
    struct repay_text (*request_text)(const struct repay_request *request, struct repay_span span);
    int64_t (*now_ms)(void);  /* boot time: counts suspend, never steps */
    int64_t (*unix_ms)(void); /* wall time */
    /* Fills `out` from the system's generator; false when it has none to give. */
    bool (*random)(void *out, size_t size);
    bool (*error_set)(struct repay_error *error, enum repay_kind kind, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
    const char *(*kind_name)(enum repay_kind kind);
    enum repay_kind (*kind_from_name)(struct repay_text name);
    void (*error_copy)(char *out, size_t out_size, struct repay_text text);
    bool (*day_read)(struct repay_text text, int32_t *day);
    bool (*moment_pack)(struct repay_text text, int64_t *packed);
};

#endif
