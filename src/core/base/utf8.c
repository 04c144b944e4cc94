/*
 * UTF-8, one character at a time. See utf8.h.
 *
 * Owns the one table of which lead byte allows which second byte; overlong forms, surrogates and
 * numbers above U+10FFFF all show in that second byte.
 */
#include "utf8.h"

#include "wide_bytes.h"

size_t repay_utf8_lead(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (lead < 0xc2)
        return 0;
    if (lead < 0xe0)
        return 2;
    if (lead < 0xf0) {
        if (lead == 0xe0)
            *low = 0xa0;
        if (lead == 0xed)
            *high = 0x9f;
        return 3;
    }
    if (lead > 0xf4)
        return 0;
    if (lead == 0xf0)
        *low = 0x90;
    if (lead == 0xf4)
        *high = 0x8f;
    return 4;
}

size_t repay_utf8_character(struct repay_text text, size_t at, uint32_t *code_point)
{
    if (at >= text.length)
        return 0;
    unsigned char lead = (unsigned char)text.data[at];
    if (lead < 0x80) {
        *code_point = lead;
        return 1;
    }
    unsigned char low, high;
    size_t length = repay_utf8_lead(lead, &low, &high);
    if (length == 0 || length > text.length - at)
        return 0;
    uint32_t value = lead & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        unsigned char byte = (unsigned char)text.data[at + i];
        if (byte < low || byte > high)
            return 0;
        value = value << 6 | (byte & 0x3fu);
        low = 0x80;
        high = 0xbf;
    }
    *code_point = value;
    return length;
}

/* How much of the text, in whole words, is ASCII: mostly all of it but a few bytes. */
static size_t ascii_words(struct repay_text text)
{
    size_t at = 0;

    while (text.length - at >= 8 && (repay_load_8(text.data + at) & REPAY_EACH_BYTE(0x80)) == 0)
        at += 8;
    return at;
}

bool repay_utf8_is_valid(struct repay_text text)
{
    uint32_t code_point;

    for (size_t at = ascii_words(text); at < text.length;) {
        if ((unsigned char)text.data[at] < 0x80) {
            at++;
            continue;
        }
        size_t length = repay_utf8_character(text, at, &code_point);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}
