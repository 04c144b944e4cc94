/*
 * ISO 4217: which codes exist and how many decimals each has. A table, nothing else.
 */
#ifndef REPAY_CURRENCY_H
#define REPAY_CURRENCY_H

#include "text.h"

#define REPAY_CURRENCY_LENGTH 3

/* Decimals of a code in capitals ("NGN" 2, "UGX" 0), or -1 when ISO 4217 has no such code. */
int repay_currency_decimals(struct repay_text code);

#endif
