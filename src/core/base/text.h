/*
 * A borrowed run of bytes: pointer and length, no terminator, nothing owned.
 */
#ifndef REPAY_TEXT_H
#define REPAY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct repay_text {
    const char *data;
    size_t length;
};

#define REPAY_TEXT(literal) ((struct repay_text){(literal), sizeof(literal) - 1})
#define REPAY_NO_TEXT       ((struct repay_text){NULL, 0})

static inline struct repay_text repay_text_of(const char *terminated)
{
    return (struct repay_text){terminated, terminated ? strlen(terminated) : 0};
}

static inline bool repay_text_equal(struct repay_text a, struct repay_text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static inline bool repay_text_is(struct repay_text text, const char *terminated)
{
    return repay_text_equal(text, repay_text_of(terminated));
}

/* Below zero, zero or above, as `a` stands before, at or behind `b` in the order of bytes. */
static inline int repay_text_compare(struct repay_text a, struct repay_text b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter > 0 ? memcmp(a.data, b.data, shorter) : 0;

    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

/* Letters A to Z count as a to z; no other byte is folded, whatever the locale says. */
static inline char repay_text_lower(char byte)
{
    return (byte >= 'A' && byte <= 'Z') ? (char)(byte + ('a' - 'A')) : byte;
}

#define REPAY_DIGITS_MAX 20 /* of 64 bits */

/* A number in decimal digits, which lie at the end of `room`. */
static inline struct repay_text repay_text_of_number(uint64_t number, char room[REPAY_DIGITS_MAX])
{
    size_t first = REPAY_DIGITS_MAX;

    do {
        room[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return (struct repay_text){room + first, REPAY_DIGITS_MAX - first};
}

static inline bool repay_is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

#define REPAY_HEX_DIGITS "0123456789abcdef"

/* What a hexadecimal digit of either case stands for, else -1. */
static inline int repay_hex_value(char byte)
{
    char lower = repay_text_lower(byte);

    if (repay_is_digit(byte))
        return byte - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static inline bool repay_text_equal_fold(struct repay_text a, struct repay_text b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++) {
        if (repay_text_lower(a.data[i]) != repay_text_lower(b.data[i]))
            return false;
    }
    return true;
}

static inline bool repay_text_contains_fold(struct repay_text text, struct repay_text part)
{
    for (size_t i = 0; part.length <= text.length && i <= text.length - part.length; i++) {
        if (repay_text_equal_fold((struct repay_text){text.data + i, part.length}, part))
            return true;
    }
    return false;
}

#endif
