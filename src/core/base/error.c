/*
 * What went wrong, as a value. See error.h.
 *
 * Owns the names of kinds and outcomes, and the one way text gets into an error. Refuses to
 * allocate, and refuses to hold a text that could move a terminal's cursor or split a log line.
 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

#include "utf8.h"

/* A control character of two bytes shrinks to one '?', so twice the message always fills it. */
#define FORMATTED_MAX (2 * REPAY_ERROR_MESSAGE_MAX + 4)

static const char *const kind_names[REPAY_KIND_COUNT] = {
#define X(name, text) text,
    REPAY_KINDS(X)
#undef X
};

void repay_error_clear(struct repay_error *error)
{
    error->kind = REPAY_KIND_NONE;
    error->outcome = REPAY_OUTCOME_NOT_SENT;
    error->http_status = 0;
    error->offset = -1;
    error->retry_after_ms = -1;
    error->message[0] = '\0';
    error->provider_message[0] = '\0';
    error->provider_code[0] = '\0';
    error->field[0] = '\0';
    error->hint[0] = '\0';
}

/* Whether a character may stand in one line of a terminal or a log without acting on it. */
static bool is_showable(uint32_t code_point)
{
    if (code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f))
        return false;
    /* Line and paragraph separators, and marks that make text read in another order. */
    if (code_point >= 0x2028 && code_point <= 0x202e)
        return false;
    return code_point < 0x2066 || code_point > 0x2069;
}

void repay_error_copy(char *out, size_t out_size, struct repay_text text)
{
    size_t written = 0;

    if (out_size == 0)
        return;
    for (size_t at = 0; at < text.length;) {
        uint32_t code_point = 0;
        size_t length = repay_utf8_character(text, at, &code_point);
        bool shown = length > 0 && is_showable(code_point);
        size_t needed = shown ? length : 1;
        if (needed > out_size - 1 - written)
            break;
        if (shown)
            memcpy(out + written, text.data + at, length);
        else
            out[written] = '?';
        written += needed;
        at += length > 0 ? length : 1;
    }
    out[written] = '\0';
}

static void set_message(struct repay_error *error, enum repay_kind kind, int64_t offset,
                        const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

static void set_message(struct repay_error *error, enum repay_kind kind, int64_t offset,
                        const char *format, va_list arguments)
{
    char formatted[FORMATTED_MAX];
    int length = vsnprintf(formatted, sizeof formatted, format, arguments);

    /* Only a broken format makes this negative; the kind still tells what happened. */
    if (length < 0)
        formatted[0] = '\0';
    repay_error_clear(error);
    error->kind = kind;
    error->offset = offset;
    repay_error_copy(error->message, sizeof error->message, repay_text_of(formatted));
}

bool repay_error_set(struct repay_error *error, enum repay_kind kind, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_message(error, kind, -1, format, arguments);
    va_end(arguments);
    return false;
}

bool repay_error_set_at(struct repay_error *error, enum repay_kind kind, int64_t offset,
                        const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_message(error, kind, offset, format, arguments);
    va_end(arguments);
    return false;
}

bool repay_error_set_field(struct repay_error *error, enum repay_kind kind, const char *field,
                           const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_message(error, kind, -1, format, arguments);
    va_end(arguments);
    repay_error_copy(error->field, sizeof error->field, repay_text_of(field));
    return false;
}

const char *repay_kind_name(enum repay_kind kind)
{
    return kind_names[kind];
}

enum repay_kind repay_kind_from_name(struct repay_text name)
{
    for (int kind = 0; kind < REPAY_KIND_COUNT; kind++) {
        if (repay_text_is(name, kind_names[kind]))
            return (enum repay_kind)kind;
    }
    return REPAY_KIND_NONE;
}

const char *repay_outcome_name(enum repay_outcome outcome)
{
    switch (outcome) {
    case REPAY_OUTCOME_NOT_SENT:
        return "not_sent";
    case REPAY_OUTCOME_REFUSED:
        return "refused";
    case REPAY_OUTCOME_UNKNOWN:
        break;
    }
    return "unknown";
}
