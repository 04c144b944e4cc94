/*
 * Owns what judges share in reading an envelope's values. Refuses to interpret: what a word means
 * is in the provider's file.
 */
#include "envelope.h"

#include "money.h"

/* \ud8 to \udb, of a checked string. */
static bool is_high_surrogate(const char *escape)
{
    int digit = repay_hex_value(escape[3]);

    return repay_text_lower(escape[2]) == 'd' && digit >= 8 && digit <= 11;
}

/* How many bytes of a checked string one character takes at `at`, as received. */
static size_t unit_length(struct repay_text inner, size_t at)
{
    if (inner.data[at] != '\\' || at + 1 >= inner.length)
        return 1;
    if (inner.data[at + 1] != 'u' || inner.length - at < 6)
        return 2;
    if (is_high_surrogate(inner.data + at) && inner.length - at >= 12)
        return 12;
    return 6;
}

/* The longest beginning of a string that fits `room` bytes as received and splits no escape. */
static struct repay_json_value cut_string(struct repay_json_value value, size_t room)
{
    struct repay_text inner = repay_json_inner(value);
    size_t at = 0;

    while (at < inner.length) {
        size_t length = unit_length(inner, at);
        if (length > room - at)
            break;
        at += length;
    }
    value.raw.length = at + 2;
    return value;
}

/* Decodes at most REPAY_ENVELOPE_TEXT_MAX bytes into `room`. */
static struct repay_text decode(struct repay_json_value value, char *room)
{
    struct repay_json_value cut = cut_string(value, REPAY_ENVELOPE_TEXT_MAX - 2);

    if (!cut.escaped)
        return repay_json_inner(cut);
    return (struct repay_text){room, repay_json_unescape(cut, room)};
}

void repay_envelope_copy_text(struct repay_json_value value, char *out, size_t out_size)
{
    char room[REPAY_ENVELOPE_TEXT_MAX];

    if (value.type == REPAY_JSON_STRING)
        repay_error_copy(out, out_size, decode(value, room));
    else if (value.type == REPAY_JSON_NUMBER)
        repay_error_copy(out, out_size, value.raw);
    else if (out_size > 0)
        out[0] = '\0';
}

bool repay_envelope_is_word(struct repay_json_value value, const char *word)
{
    char room[REPAY_ENVELOPE_TEXT_MAX];

    return value.type == REPAY_JSON_STRING &&
           repay_text_equal_fold(decode(value, room), repay_text_of(word));
}

bool repay_envelope_read_integer(struct repay_json_value value, int64_t *out)
{
    char room[REPAY_ENVELOPE_TEXT_MAX];
    struct repay_text text = value.raw;
    int64_t number;
    size_t fault_at;

    if (value.type == REPAY_JSON_STRING)
        text = decode(value, room);
    else if (value.type != REPAY_JSON_NUMBER)
        return false;
    if (repay_money_read(text, 0, &number, &fault_at) != REPAY_MONEY_OK)
        return false;
    *out = number;
    return true;
}

enum repay_envelope_flag repay_envelope_read_flag(struct repay_json_value value)
{
    char room[REPAY_ENVELOPE_TEXT_MAX];
    struct repay_text text;

    switch (value.type) {
    case REPAY_JSON_NULL:
        return REPAY_ENVELOPE_FLAG_ABSENT;
    case REPAY_JSON_FALSE:
        return REPAY_ENVELOPE_FLAG_FALSE;
    case REPAY_JSON_TRUE:
        return REPAY_ENVELOPE_FLAG_TRUE;
    case REPAY_JSON_NUMBER:
        text = value.raw;
        break;
    case REPAY_JSON_STRING:
        text = decode(value, room);
        break;
    default:
        return REPAY_ENVELOPE_FLAG_ODD;
    }
    if (repay_text_is(text, "0") || repay_text_equal_fold(text, REPAY_TEXT("false")))
        return REPAY_ENVELOPE_FLAG_FALSE;
    if (repay_text_is(text, "1") || repay_text_equal_fold(text, REPAY_TEXT("true")))
        return REPAY_ENVELOPE_FLAG_TRUE;
    return REPAY_ENVELOPE_FLAG_ODD;
}

enum repay_member repay_envelope_member_once(struct repay_json_value object, const char *name,
                                             struct repay_json_value *out)
{
    struct repay_json_cursor cursor = {0};
    struct repay_json_value member_name, member;
    enum repay_member found = REPAY_MEMBER_ABSENT;

    if (object.type != REPAY_JSON_OBJECT)
        return REPAY_MEMBER_ABSENT;
    while (repay_json_next(object, &cursor, &member_name, &member)) {
        if (!repay_json_name_is(member_name, repay_text_of(name)) || member.type == REPAY_JSON_NULL)
            continue;
        if (found != REPAY_MEMBER_ABSENT)
            return REPAY_MEMBER_TWICE;
        found = REPAY_MEMBER_ONCE;
        *out = member;
    }
    return found;
}

void repay_envelope_first_words(struct repay_json_value value, char *out, size_t out_size)
{
    size_t used = 0;

    if (out_size == 0)
        return;
    out[0] = '\0';
    /* Each round goes one level down; the reader's depth limit ends it. */
    while (value.type == REPAY_JSON_OBJECT || value.type == REPAY_JSON_ARRAY) {
        struct repay_json_cursor cursor = {0};
        struct repay_json_value name, member;

        if (!repay_json_next(value, &cursor, &name, &member))
            break;
        if (value.type == REPAY_JSON_OBJECT && out_size - used > 3) {
            repay_envelope_copy_text(name, out + used, out_size - used - 2);
            used += strlen(out + used);
            memcpy(out + used, ": ", 3);
            used += 2;
        }
        value = member;
    }
    if (value.type == REPAY_JSON_STRING || value.type == REPAY_JSON_NUMBER)
        repay_envelope_copy_text(value, out + used, out_size - used);
    else
        out[0] = '\0';
}

enum repay_kind repay_kind_of_words(const struct repay_kind_word *list, const char *text)
{
    struct repay_text words = repay_text_of(text);

    for (const struct repay_kind_word *entry = list; entry->part; entry++) {
        if (!repay_text_contains_fold(words, repay_text_of(entry->part)))
            continue;
        if (!entry->also || repay_text_contains_fold(words, repay_text_of(entry->also)))
            return entry->kind;
    }
    return REPAY_KIND_NONE;
}
