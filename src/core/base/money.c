/*
 * Amounts: number text to int64 minor units and back. See money.h.
 *
 * Owns the arithmetic of digits and exponents. A number is taken apart by JSON's grammar first and
 * only then counted, so that a wrong byte is always told before a wrong size. Refuses to round, and
 * does work in proportion to the text, whatever the exponent says.
 */
#include "money.h"

#include <assert.h>

/*
 * Where exponents stop being counted. No text is long enough for its digits to balance an exponent
 * of this size, so a larger one changes nothing but the risk of overflow.
 */
#define EXPONENT_BOUND ((int64_t)1000000000000000)

struct number_parts {
    bool negative;
    struct repay_text whole;    /* digits before the point */
    struct repay_text fraction; /* digits after it */
    int64_t exponent;
};

static bool is_digit(struct repay_text text, size_t at)
{
    return at < text.length && repay_is_digit(text.data[at]);
}

static struct repay_text take_digits(struct repay_text text, size_t *at)
{
    size_t first = *at;

    while (is_digit(text, *at))
        (*at)++;
    return (struct repay_text){text.data + first, *at - first};
}

/* The exponent's sign and digits. False at the byte that is wrong. */
static bool take_exponent(struct repay_text text, size_t *at, int64_t *exponent)
{
    bool negative = false;
    int64_t size = 0;

    if (*at < text.length && (text.data[*at] == '+' || text.data[*at] == '-')) {
        negative = text.data[*at] == '-';
        (*at)++;
    }
    if (!is_digit(text, *at))
        return false;
    for (; is_digit(text, *at); (*at)++) {
        if (size < EXPONENT_BOUND)
            size = size * 10 + (text.data[*at] - '0');
    }
    *exponent = negative ? -size : size;
    return true;
}

/* RFC 8259's number. False with `at` on the first byte that no number could have there. */
static bool take_number(struct repay_text text, struct number_parts *parts, size_t *at)
{
    *parts = (struct number_parts){0};
    *at = 0;
    if (text.length > 0 && text.data[0] == '-') {
        parts->negative = true;
        *at = 1;
    }
    if (!is_digit(text, *at))
        return false;
    if (text.data[*at] == '0') {
        parts->whole = (struct repay_text){text.data + *at, 1};
        (*at)++;
    } else {
        parts->whole = take_digits(text, at);
    }
    if (*at < text.length && text.data[*at] == '.') {
        (*at)++;
        parts->fraction = take_digits(text, at);
        if (parts->fraction.length == 0)
            return false;
    }
    if (*at < text.length && (text.data[*at] == 'e' || text.data[*at] == 'E')) {
        (*at)++;
        if (!take_exponent(text, at, &parts->exponent))
            return false;
    }
    return *at == text.length;
}

/*
 * Lays a run of digits after those already in *size. Only the first `room` of all digits are minor
 * units; what follows must be zeros.
 */
static enum repay_money_fault add_digits(struct repay_text digits, int64_t *room, int64_t *size,
                                         const char **lost)
{
    for (size_t i = 0; i < digits.length; i++) {
        int digit = digits.data[i] - '0';
        if (*room > 0) {
            *size = *size * 10 + digit;
            if (*size > REPAY_AMOUNT_MAX)
                return REPAY_MONEY_OUT_OF_RANGE;
            (*room)--;
        } else if (digit != 0) {
            *lost = digits.data + i;
            return REPAY_MONEY_TOO_MANY_DECIMALS;
        }
    }
    return REPAY_MONEY_OK;
}

enum repay_money_fault repay_money_read(struct repay_text text, int decimals, int64_t *minor,
                                        size_t *fault_at)
{
    struct number_parts parts;
    const char *lost = NULL;
    int64_t size = 0;
    size_t at;

    assert(decimals >= 0 && decimals <= REPAY_DECIMALS_MAX);
    if (!take_number(text, &parts, &at)) {
        *fault_at = at;
        return REPAY_MONEY_NOT_A_NUMBER;
    }
    /* How many of the digits, from the first, stand for whole minor units; it may be negative. */
    int64_t room = (int64_t)parts.whole.length + parts.exponent + decimals;
    enum repay_money_fault fault = add_digits(parts.whole, &room, &size, &lost);
    if (fault == REPAY_MONEY_OK)
        fault = add_digits(parts.fraction, &room, &size, &lost);
    /* Room that is left stands for zeros. Zero stays zero however many follow. */
    while (fault == REPAY_MONEY_OK && room > 0 && size > 0) {
        size *= 10;
        room--;
        if (size > REPAY_AMOUNT_MAX)
            fault = REPAY_MONEY_OUT_OF_RANGE;
    }
    if (fault != REPAY_MONEY_OK) {
        *fault_at = lost ? (size_t)(lost - text.data) : 0;
        return fault;
    }
    *minor = parts.negative ? -size : size;
    return REPAY_MONEY_OK;
}

enum repay_money_fault repay_money_read_typed(struct repay_text text, int decimals, int64_t *minor,
                                              size_t *fault_at)
{
    int64_t read = 0;
    enum repay_money_fault fault = repay_money_read(text, decimals, &read, fault_at);

    if (fault != REPAY_MONEY_OK)
        return fault;
    for (size_t at = 0; at < text.length; at++) {
        if (text.data[at] == 'e' || text.data[at] == 'E') {
            *fault_at = at;
            return REPAY_MONEY_HAS_EXPONENT;
        }
    }
    *minor = read;
    return REPAY_MONEY_OK;
}

/* Digits from the right, so that the point's place is counted from the last one. */
static size_t write_scaled(int64_t minor, int decimals, bool trims, char out[REPAY_MONEY_TEXT_MAX])
{
    char text[REPAY_MONEY_TEXT_MAX];
    size_t first = sizeof text;
    uint64_t left = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;

    assert(decimals >= 0 && decimals <= REPAY_DECIMALS_MAX);
    for (int i = 0; i < decimals; i++) {
        char digit = (char)('0' + left % 10);
        left /= 10;
        if (trims && digit == '0' && first == sizeof text)
            continue;
        text[--first] = digit;
    }
    if (first < sizeof text)
        text[--first] = '.';
    do {
        text[--first] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (minor < 0)
        text[--first] = '-';
    memcpy(out, text + first, sizeof text - first);
    return sizeof text - first;
}

size_t repay_money_write(int64_t minor, int decimals, char out[REPAY_MONEY_TEXT_MAX])
{
    return write_scaled(minor, decimals, true, out);
}

size_t repay_money_write_fixed(int64_t minor, int decimals, char out[REPAY_MONEY_TEXT_MAX])
{
    return write_scaled(minor, decimals, false, out);
}

const char *repay_money_fault_text(enum repay_money_fault fault)
{
    switch (fault) {
    case REPAY_MONEY_OK:
        return "an amount";
    case REPAY_MONEY_NOT_A_NUMBER:
        return "not a number";
    case REPAY_MONEY_TOO_MANY_DECIMALS:
        return "more decimals than the currency has";
    case REPAY_MONEY_HAS_EXPONENT:
        return "write all digits, and no exponent";
    case REPAY_MONEY_OUT_OF_RANGE:
        break;
    }
    return "larger than 9007199254740991 minor units";
}
