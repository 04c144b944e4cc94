/*
 * ISO 4217: which codes exist and how many decimals each has. A table, nothing else.
 *
 * It holds the codes in force with amendment 180 (1 January 2026). Withdrawn codes are not in it,
 * nor the codes to which ISO gives no minor unit (metals, drawing rights, tests, "no currency"):
 * an amount in them has no whole number of minor units.
 */
#ifndef REPAY_CURRENCY_H
#define REPAY_CURRENCY_H

#include "text.h"

#define REPAY_CURRENCY_LENGTH 3

/* Decimals of a code in capitals ("NGN" 2, "UGX" 0), or -1 for a code that is not in the table. */
int repay_currency_decimals(struct repay_text code);

#endif
