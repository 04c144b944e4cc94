/*
 * Whole numbers in as few bytes as they need: seven bits a byte, low bits first, the highest bit
 * says that another byte follows. Signed ones are folded so that small negative numbers stay short.
 */
#ifndef REPAY_VARINT_H
#define REPAY_VARINT_H

#include "bytes.h"

#define REPAY_VARINT_MAX 10 /* bytes of 64 bits */

static inline uint64_t repay_fold(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t repay_unfold(uint64_t folded)
{
    return (int64_t)(folded >> 1 ^ ((folded & 1) != 0 ? UINT64_MAX : 0));
}

static inline void repay_varint_append(struct repay_bytes *out, uint64_t value)
{
    unsigned char bytes[REPAY_VARINT_MAX];
    size_t length = 0;

    while (value >= 0x80) {
        bytes[length++] = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    bytes[length++] = (unsigned char)value;
    (void)repay_bytes_append(out, bytes, length);
}

/* False when the bytes end within the number, or it is longer than it need be or than 64 bits. */
static inline bool repay_varint_read(const unsigned char **at, const unsigned char *end,
                                     uint64_t *value)
{
    uint64_t result = 0;
    const unsigned char *next = *at;

    for (unsigned shift = 0; next < end && shift < 64; shift += 7) {
        unsigned char byte = *next++;

        if (shift == 63 && byte > 1)
            return false;
        result |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) != 0)
            continue;
        if (byte == 0 && shift > 0)
            return false;
        *at = next;
        *value = result;
        return true;
    }
    return false;
}

#endif
