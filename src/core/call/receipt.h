/*
 * What came back for a repayment that the provider took: proof of submission, never of payment.
 *
 * Fixed room, no allocation: a receipt must survive being out of memory, because it says that money
 * was recorded.
 */
#ifndef REPAY_RECEIPT_H
#define REPAY_RECEIPT_H

#include "error.h"
#include "money.h"

#define REPAY_RECEIPT_TEXT_MAX 128 /* ids and references; the longest known has 36 bytes */
#define REPAY_KEY_MAX          64  /* idempotency keys; ours have 36 */

struct repay_receipt {
    int64_t amount_minor;
    char id[REPAY_RECEIPT_TEXT_MAX + 1];
    char reference[REPAY_RECEIPT_TEXT_MAX + 1];
    char verification_status[REPAY_RECEIPT_TEXT_MAX + 1];
    char provider_message[REPAY_ERROR_PROVIDER_MESSAGE_MAX + 1];
};

/* Every text empty, the amount REPAY_AMOUNT_ABSENT: a zero would be an amount. */
void repay_receipt_clear(struct repay_receipt *receipt);

#endif
