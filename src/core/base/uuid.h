/*
 * UUIDs as text: whether one stands there, and writing one down. Rows have a reader of their own,
 * in wide_bytes.h, which takes lower case alone.
 *
 * Nothing here draws: whoever makes a UUID brings its bytes.
 */
#ifndef REPAY_UUID_H
#define REPAY_UUID_H

#include "text.h"

#define REPAY_UUID_TEXT 36 /* 8-4-4-4-12 digits, no terminator */

static inline bool repay_uuid_has_hyphen_at(size_t index)
{
    return index == 8 || index == 13 || index == 18 || index == 23;
}

/* Digits of either case, of any version. */
static inline bool repay_uuid_is(struct repay_text text)
{
    if (text.length != REPAY_UUID_TEXT)
        return false;
    for (size_t i = 0; i < REPAY_UUID_TEXT; i++) {
        bool fits =
            repay_uuid_has_hyphen_at(i) ? text.data[i] == '-' : repay_hex_value(text.data[i]) >= 0;
        if (!fits)
            return false;
    }
    return true;
}

/* In lower case, without a terminator. */
static inline void repay_uuid_write(const unsigned char bytes[16], char out[REPAY_UUID_TEXT])
{
    size_t at = 0;

    for (unsigned i = 0; i < 16; i++) {
        if (repay_uuid_has_hyphen_at(at))
            out[at++] = '-';
        out[at++] = REPAY_HEX_DIGITS[bytes[i] >> 4];
        out[at++] = REPAY_HEX_DIGITS[bytes[i] & 0x0fu];
    }
}

/* Makes 16 bytes a UUID of that version of RFC 9562, and writes it with a terminator. */
static inline void repay_uuid_write_version(unsigned char bytes[16], unsigned version,
                                            char out[REPAY_UUID_TEXT + 1])
{
    bytes[6] = (unsigned char)((bytes[6] & 0x0fu) | version << 4);
    bytes[8] = (unsigned char)((bytes[8] & 0x3fu) | 0x80u);
    repay_uuid_write(bytes, out);
    out[REPAY_UUID_TEXT] = '\0';
}

#endif
