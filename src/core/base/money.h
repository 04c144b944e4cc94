/*
 * Amounts: number text to int64 minor units and back, and checked sums.
 *
 * No double exists here. An amount is a whole number of minor units whose size is at most 2^53 - 1,
 * because that is what both Lua VMs can hold; a text that does not come out whole is refused, never
 * rounded. Which text is legal JSON is json_read's business; this file takes JSON's number grammar.
 */
#ifndef REPAY_MONEY_H
#define REPAY_MONEY_H

#include <stdint.h>

#include "text.h"

#define REPAY_AMOUNT_MAX     ((int64_t)9007199254740991) /* 2^53 - 1: exact in LuaJIT too */
#define REPAY_AMOUNT_ABSENT  INT64_MIN                   /* in columns: the provider did not tell */
#define REPAY_DECIMALS_MAX   4                           /* ISO 4217 knows 0 to 4 */
/* Longest text repay_money_write makes: sign, 16 digits, point, a leading zero. */
#define REPAY_MONEY_TEXT_MAX 24

enum repay_money_fault {
    REPAY_MONEY_OK,
    REPAY_MONEY_NOT_A_NUMBER,      /* the text is not a JSON number */
    REPAY_MONEY_TOO_MANY_DECIMALS, /* it would have to be rounded */
    REPAY_MONEY_OUT_OF_RANGE,      /* beyond REPAY_AMOUNT_MAX */
    REPAY_MONEY_HAS_EXPONENT       /* where none may be */
};

/*
 * JSON number text (sign, digits, fraction, exponent) to minor units of a currency with `decimals`.
 * "5e4" and "50000.00" are the same amount; "1.005" with two decimals is TOO_MANY_DECIMALS. The
 * text is all of it: a byte too many is NOT_A_NUMBER. `fault_at` gets the byte within the text: the
 * first that no number could have there (the length, when it ends too early), the first digit that
 * would be lost, or 0 when the number as a whole is too large. On success it is untouched.
 */
enum repay_money_fault repay_money_read(struct repay_text text, int decimals, int64_t *minor,
                                        size_t *fault_at);
/*
 * The same for what a person or a spreadsheet wrote: an exponent is refused, from its letter on. A
 * reply may have one; a cell that shows one has often lost digits.
 */
enum repay_money_fault repay_money_read_typed(struct repay_text text, int decimals, int64_t *minor,
                                              size_t *fault_at);
/* The one form in request bodies: no exponent, no trailing zeros, no point when whole. */
size_t repay_money_write(int64_t minor, int decimals, char out[REPAY_MONEY_TEXT_MAX]);
/* The form for people and files: always `decimals` digits after the point ("50000.00"). */
size_t repay_money_write_fixed(int64_t minor, int decimals, char out[REPAY_MONEY_TEXT_MAX]);
/* A fixed text for the fault, without the amount. */
const char *repay_money_fault_text(enum repay_money_fault fault);

/*
 * False when the sum leaves int64; *total is untouched then. Range for Lua is the caller's check.
 */
static inline bool repay_money_add(int64_t *total, int64_t minor)
{
    int64_t sum;
    if (__builtin_add_overflow(*total, minor, &sum))
        return false;
    *total = sum;
    return true;
}

static inline bool repay_money_in_range(int64_t minor)
{
    return minor >= -REPAY_AMOUNT_MAX && minor <= REPAY_AMOUNT_MAX;
}

#endif
