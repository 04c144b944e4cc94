/*
 * Owns what a call is asked to do: its arguments, its idempotency key, the request of each attempt.
 * Refuses, before anything is sent, every argument that would be wrong on the wire.
 */
#include "call_inner.h"

#include "utf8.h"

#define TEXTS_MAX   ((size_t)64 << 10) /* the arguments of one call: a request holds no more */
#define UUID_LENGTH 36

static bool argument_fault(struct repay_error *error, const char *field, const char *message)
{
    (void)repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT, "%s %s", field, message);
    repay_error_copy(error->field, sizeof error->field, repay_text_of(field));
    return false;
}

static void write_uuid(unsigned char bytes[16], unsigned version, char out[UUID_LENGTH + 1])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;

    bytes[6] = (unsigned char)((bytes[6] & 0x0fu) | version << 4);
    bytes[8] = (unsigned char)((bytes[8] & 0x3fu) | 0x80u);
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = digits[bytes[i] >> 4];
        out[at++] = digits[bytes[i] & 0x0fu];
    }
    out[at] = '\0';
}

/* A version 4 UUID from the call's own sequence. */
static void draw_uuid(struct repay_call *call, char out[UUID_LENGTH + 1])
{
    unsigned char bytes[16];
    uint64_t halves[2] = {repay_random_next(&call->random), 0};

    halves[1] = repay_random_next(&call->random);
    for (unsigned i = 0; i < 16; i++)
        bytes[i] = (unsigned char)(halves[i / 8] >> (8 * (7 - i % 8)));
    write_uuid(bytes, 4, out);
}

/* Version 7: time first, so that keys sort by when they were made; the rest is drawn. */
static void make_key(struct repay_call *call, const unsigned char chance[16], int64_t unix_ms)
{
    unsigned char bytes[16];

    memcpy(bytes, chance, sizeof bytes);
    for (unsigned i = 0; i < 6; i++)
        bytes[i] = (unsigned char)((uint64_t)unix_ms >> (8 * (5 - i)));
    write_uuid(bytes, 7, call->idempotency_key);
}

void repay_call_begin(struct repay_call *call, struct repay_session *session,
                      const struct repay_operation *operation)
{
    call->session = session;
    call->operation = operation;
}

static size_t length_max(const struct repay_parameter *parameter)
{
    if (parameter->length_max > 0)
        return parameter->length_max;
    return parameter->type == REPAY_PARAMETER_KEY ? REPAY_KEY_MAX : REPAY_SUBJECT_MAX;
}

static bool is_visible_ascii(struct repay_text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < 0x21 || text.data[i] > 0x7e)
            return false;
    }
    return true;
}

static bool check_text(const struct repay_parameter *parameter, struct repay_text value,
                       struct repay_error *error)
{
    if (value.length == 0)
        return argument_fault(error, parameter->name, "is empty");
    if (value.length > length_max(parameter)) {
        (void)repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT, "%s is longer than %zu bytes",
                              parameter->name, length_max(parameter));
        repay_error_copy(error->field, sizeof error->field, repay_text_of(parameter->name));
        return false;
    }
    if (parameter->type == REPAY_PARAMETER_KEY && !is_visible_ascii(value))
        return argument_fault(error, parameter->name, "may hold visible ASCII only");
    if (!repay_utf8_is_valid(value))
        return argument_fault(error, parameter->name, "is not UTF-8");
    if (memchr(value.data, '\0', value.length))
        return argument_fault(error, parameter->name, "holds a NUL byte");
    return true;
}

/* The buffer moves when it grows, and the texts in it with it. */
static void point_arguments(struct repay_call *call)
{
    for (unsigned i = 0; i < REPAY_PARAMETERS_MAX; i++) {
        struct repay_span span = call->argument_spans[i];
        if (span.length > 0)
            call->arguments[i].text =
                (struct repay_text){call->texts.data + span.offset, span.length};
    }
}

bool repay_call_set_text(struct repay_call *call, unsigned parameter, struct repay_text value,
                         struct repay_error *error)
{
    const struct repay_parameter *described = &call->operation->parameters[parameter];
    uint32_t offset = (uint32_t)call->texts.length;

    if (described->type == REPAY_PARAMETER_AMOUNT)
        return argument_fault(error, described->name, "is an amount");
    if (!check_text(described, value, error))
        return false;
    if (!repay_bytes_append_text(&call->texts, value))
        return repay_bytes_error(&call->texts, "the call", error);
    call->argument_spans[parameter] = (struct repay_span){offset, (uint32_t)value.length};
    call->arguments[parameter].given = true;
    point_arguments(call);
    return true;
}

bool repay_call_set_amount(struct repay_call *call, unsigned parameter, int64_t minor,
                           struct repay_error *error)
{
    const struct repay_parameter *described = &call->operation->parameters[parameter];

    if (described->type != REPAY_PARAMETER_AMOUNT)
        return argument_fault(error, described->name, "is no amount");
    if (minor <= 0)
        return argument_fault(error, described->name, "must be greater than zero");
    if (!repay_money_in_range(minor))
        return argument_fault(error, described->name, "is too large");
    call->arguments[parameter].given = true;
    call->arguments[parameter].minor = minor;
    return true;
}

static bool check_required(const struct repay_call *call, struct repay_error *error)
{
    const struct repay_parameter *parameters = call->operation->parameters;

    for (unsigned i = 0; parameters[i].name; i++) {
        if (parameters[i].required && !call->arguments[i].given)
            return argument_fault(error, parameters[i].name, "is required");
    }
    return true;
}

/* The caller's key, or one made now: it is the same for every attempt at a write. */
static void settle_key(struct repay_call *call, const struct repay_chance *chance, int64_t unix_ms)
{
    const struct repay_parameter *parameters = call->operation->parameters;

    if (!call->operation->carries_key || !call->operation->is_write)
        return;
    for (unsigned i = 0; parameters[i].name; i++) {
        struct repay_text given = call->arguments[i].text;
        if (parameters[i].type != REPAY_PARAMETER_KEY || !call->arguments[i].given)
            continue;
        memcpy(call->idempotency_key, given.data, given.length);
        call->idempotency_key[given.length] = '\0';
        return;
    }
    make_key(call, chance->key, unix_ms);
}

void repay_call_task(const struct repay_call *call, struct repay_task *out)
{
    *out = (struct repay_task){
        .session = call->session,
        .operation = call->operation,
        .arguments = call->arguments,
        .idempotency_key = repay_text_of(call->idempotency_key),
        .interaction_id = repay_text_of(call->interaction_id),
        .unix_ms = call->unix_ms,
        .page = call->page,
    };
}

bool repay_call_build(struct repay_call *call, int64_t unix_ms, struct repay_error *error)
{
    const struct repay_operation *operation = call->operation;
    struct repay_task task;

    call->unix_ms = unix_ms;
    if (call->built_page == call->page && !operation->carries_interaction_id &&
        !operation->carries_key && !operation->carries_moment)
        return true;
    call->built_page = 0;
    if (operation->carries_interaction_id)
        draw_uuid(call, call->interaction_id);
    /* A read that demands a key must not repeat one: its next page is another request. */
    if (operation->carries_key && !operation->is_write)
        draw_uuid(call, call->idempotency_key);
    repay_call_task(call, &task);
    repay_request_clear(&call->request);
    if (!operation->build(&task, &call->request, error))
        return false;
    if (call->request.bytes.failed)
        return repay_bytes_error(&call->request.bytes, "the request", error);
    call->built_page = call->page;
    return true;
}

bool repay_call_prepare(struct repay_call *call, const struct repay_chance *chance, int64_t unix_ms,
                        struct repay_error *error)
{
    uint64_t seed = chance->seed;

    if (!call->session || !call->session->provider)
        return repay_error_set(error, REPAY_KIND_CONFIG, "the client is closed");
    if (call->stage != REPAY_CALL_NEW)
        return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT, "the call was prepared before");
    if (!check_required(call, error))
        return false;
    call->random = seed;
    call->page = 1;
    settle_key(call, chance, unix_ms);
    if (!repay_call_build(call, unix_ms, error))
        return false;
    /* The preview and the first attempt are the same draw. */
    call->random = seed;
    call->stage = REPAY_CALL_READY;
    return true;
}
