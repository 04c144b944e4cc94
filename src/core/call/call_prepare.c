/*
 * Owns what a call is asked to do: its arguments, its idempotency key, the request of each attempt.
 * Refuses, before anything is sent, every argument that would be wrong on the wire.
 */
#include "call_inner.h"

#include "utf8.h"

static bool argument_fault(struct repay_error *error, const char *field, const char *message)
{
    return repay_error_set_field(error, REPAY_KIND_INVALID_ARGUMENT, field, "%s %s", field,
                                 message);
}

/* A version 4 UUID from the call's own sequence. */
static void draw_uuid(struct repay_call *call, char out[REPAY_UUID_TEXT + 1])
{
    unsigned char bytes[16];
    uint64_t halves[2] = {repay_random_next(&call->random), 0};

    halves[1] = repay_random_next(&call->random);
    for (unsigned i = 0; i < 16; i++)
        bytes[i] = (unsigned char)(halves[i / 8] >> (8 * (7 - i % 8)));
    repay_uuid_write_version(bytes, 4, out);
}

/* Version 7: time first, so that keys sort by when they were made; the rest is drawn. */
static void make_key(struct repay_call *call, const unsigned char chance[16], int64_t unix_ms)
{
    unsigned char bytes[16];

    memcpy(bytes, chance, sizeof bytes);
    for (unsigned i = 0; i < 6; i++)
        bytes[i] = (unsigned char)((uint64_t)unix_ms >> (8 * (5 - i)));
    repay_uuid_write_version(bytes, 7, call->idempotency_key);
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
    if (value.length > length_max(parameter))
        return repay_error_set_field(error, REPAY_KIND_INVALID_ARGUMENT, parameter->name,
                                     "%s is longer than %zu bytes", parameter->name,
                                     length_max(parameter));
    if (parameter->type == REPAY_PARAMETER_KEY && !is_visible_ascii(value))
        return argument_fault(error, parameter->name, "may hold visible ASCII only");
    if (!repay_utf8_is_valid(value))
        return argument_fault(error, parameter->name, "is not UTF-8");
    if (memchr(value.data, '\0', value.length))
        return argument_fault(error, parameter->name, "holds a NUL byte");
    return true;
}

/* Appends to the texts. The buffer moves when it grows, and what lies in it with it. */
static bool keep_text(struct repay_call *call, struct repay_text value, struct repay_text *out)
{
    uintptr_t before = (uintptr_t)call->texts.data;
    size_t offset = call->texts.length;

    if (!repay_bytes_append_text(&call->texts, value))
        return false;
    for (unsigned i = 0; i < REPAY_PARAMETERS_MAX && (uintptr_t)call->texts.data != before; i++) {
        struct repay_text *text = &call->arguments[i].text;
        if (text->length > 0)
            text->data = call->texts.data + ((uintptr_t)text->data - before);
    }
    *out = (struct repay_text){call->texts.data + offset, value.length};
    return true;
}

bool repay_call_set_text(struct repay_call *call, unsigned parameter, struct repay_text value,
                         struct repay_error *error)
{
    const struct repay_parameter *described = &call->operation->parameters[parameter];
    struct repay_argument *argument = &call->arguments[parameter];

    if (described->type == REPAY_PARAMETER_AMOUNT)
        return argument_fault(error, described->name, "is an amount");
    if (!check_text(described, value, error))
        return false;
    if (!keep_text(call, value, &argument->text))
        return repay_bytes_error(&call->texts, "the call", error);
    argument->given = true;
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

/*
 * What a call that moves money will need to tell how it ended is there before anything is sent: its
 * news must not be lost for want of memory.
 */
static bool make_rooms(struct repay_call *call, struct repay_error *error)
{
    if (call->operation->shape->layout)
        return true;
    if (!call->receipt)
        call->receipt = repay_allocate(call->allocator, sizeof *call->receipt);
    if (!call->fault)
        call->fault = repay_allocate(call->allocator, sizeof *call->fault);
    if (!call->receipt || !call->fault)
        return repay_error_set(error, REPAY_KIND_MEMORY, "out of memory");
    repay_receipt_clear(call->receipt);
    return true;
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
    repay_answers_take_request(call->answers, &call->request.bytes);
    repay_request_clear(&call->request);
    if (!operation->build(&task, &call->request, error) ||
        !repay_request_end(&call->request, error))
        return false;
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
    if (!check_required(call, error) || !make_rooms(call, error))
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
