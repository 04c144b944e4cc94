/*
 * Going through JSON that was checked before: its escapes decoded, its members one by one. See
 * json_read.h.
 *
 * The bytes are known to be good, so only structure is looked at, and nothing behind a value is
 * read. Refuses nothing.
 */
#include "json_read.h"

#include "wide_bytes.h"

static size_t write_utf8(uint32_t code_point, char *out)
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    size_t more = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
    for (size_t i = more; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(leads[more] | code_point);
    return more + 1;
}

static uint32_t read_hex(const char *at)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++)
        value = value << 4 | (uint32_t)repay_hex_value(at[i]);
    return value;
}

/* At a checked escape: writes what it stands for, gives back where the text goes on. */
static const char *decode_escape(const char *at, char *out, size_t *written)
{
    static const char letters[] = "bfnrt";
    static const char meanings[] = "\b\f\n\r\t";
    if (at[1] != 'u') {
        const char *letter = memchr(letters, at[1], sizeof letters - 1);
        *out = letter ? meanings[letter - letters] : at[1];
        *written = 1;
        return at + 2;
    }
    uint32_t code_point = read_hex(at + 2);
    at += 6;
    if (code_point >= 0xd800 && code_point <= 0xdbff) {
        code_point = 0x10000 + ((code_point - 0xd800) << 10) + (read_hex(at + 2) - 0xdc00);
        at += 6;
    }
    *written = write_utf8(code_point, out);
    return at;
}

size_t repay_json_unescape(struct repay_json_value value, char *out)
{
    struct repay_text inner = repay_json_inner(value);
    const char *at = inner.data;
    const char *end = inner.data + inner.length;
    size_t length = 0;
    while (at < end) {
        if (*at != '\\') {
            out[length++] = *at++;
            continue;
        }
        size_t written;
        at = decode_escape(at, out + length, &written);
        length += written;
    }
    return length;
}

static size_t pass_blanks(struct repay_text text, size_t offset)
{
    while (repay_is_blank(text.data[offset]))
        offset++;
    return offset;
}

static size_t pass_string(struct repay_text text, size_t offset, bool *escaped)
{
    *escaped = false;
    for (offset++; text.data[offset] != '"'; offset++) {
        if (text.data[offset] == '\\') {
            *escaped = true;
            offset++;
        }
    }
    return offset + 1;
}

static size_t pass_nested(struct repay_text text, size_t offset)
{
    unsigned depth = 0;
    bool escaped;
    do {
        char byte = text.data[offset];
        if (byte == '"') {
            offset = pass_string(text, offset, &escaped);
            continue;
        }
        if (byte == '{' || byte == '[')
            depth++;
        else if (byte == '}' || byte == ']')
            depth--;
        offset++;
    } while (depth > 0);
    return offset;
}

static enum repay_json_type type_at(char byte)
{
    switch (byte) {
    case '"':
        return REPAY_JSON_STRING;
    case '{':
        return REPAY_JSON_OBJECT;
    case '[':
        return REPAY_JSON_ARRAY;
    case 't':
        return REPAY_JSON_TRUE;
    case 'f':
        return REPAY_JSON_FALSE;
    case 'n':
        return REPAY_JSON_NULL;
    default:
        return REPAY_JSON_NUMBER;
    }
}

static size_t pass_value(struct repay_text text, size_t offset, struct repay_json_value *out)
{
    size_t start = offset;
    out->type = type_at(text.data[start]);
    out->escaped = false;
    if (out->type == REPAY_JSON_STRING) {
        offset = pass_string(text, offset, &out->escaped);
    } else if (out->type == REPAY_JSON_OBJECT || out->type == REPAY_JSON_ARRAY) {
        offset = pass_nested(text, offset);
    } else {
        while (!repay_is_blank(text.data[offset]) && !strchr(",]}", text.data[offset]))
            offset++;
    }
    out->raw = (struct repay_text){text.data + start, offset - start};
    return offset;
}

bool repay_json_next(struct repay_json_value value, struct repay_json_cursor *cursor,
                     struct repay_json_value *name, struct repay_json_value *member)
{
    struct repay_text text = value.raw;
    bool in_object = value.type == REPAY_JSON_OBJECT;
    if (!in_object && value.type != REPAY_JSON_ARRAY)
        return false;
    size_t offset = pass_blanks(text, cursor->begun ? cursor->offset : 1);
    if (text.data[offset] == '}' || text.data[offset] == ']')
        return false;
    if (text.data[offset] == ',')
        offset = pass_blanks(text, offset + 1);
    *name = (struct repay_json_value){.type = REPAY_JSON_STRING, .raw = REPAY_TEXT("\"\"")};
    if (in_object) {
        offset = pass_value(text, offset, name);
        offset = pass_blanks(text, offset);
        offset = pass_blanks(text, offset + 1);
    }
    cursor->offset = pass_value(text, offset, member);
    cursor->begun = true;
    return true;
}

/* Decoded piece by piece, so that a long name needs no room. */
bool repay_json_name_is(struct repay_json_value name, struct repay_text wanted)
{
    struct repay_text inner = repay_json_inner(name);
    if (!name.escaped)
        return repay_text_equal(inner, wanted);
    const char *at = inner.data;
    const char *end = inner.data + inner.length;
    size_t matched = 0;
    while (at < end) {
        char decoded[4] = {*at};
        size_t length = 1;
        if (*at == '\\')
            at = decode_escape(at, decoded, &length);
        else
            at++;
        if (length > wanted.length - matched || memcmp(wanted.data + matched, decoded, length) != 0)
            return false;
        matched += length;
    }
    return matched == wanted.length;
}

bool repay_json_member(struct repay_json_value object, struct repay_text name,
                       struct repay_json_value *member)
{
    struct repay_json_cursor cursor = {0};
    struct repay_json_value found_name, found;
    if (object.type != REPAY_JSON_OBJECT)
        return false;
    while (repay_json_next(object, &cursor, &found_name, &found)) {
        if (repay_json_name_is(found_name, name)) {
            *member = found;
            return true;
        }
    }
    return false;
}
