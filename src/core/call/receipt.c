/*
 * What came back for a repayment. See receipt.h.
 *
 * Owns nothing but the empty receipt; providers fill it from a reply they have judged accepted.
 */
#include "receipt.h"

void repay_receipt_clear(struct repay_receipt *receipt)
{
    memset(receipt, 0, sizeof *receipt);
    receipt->amount_minor = REPAY_AMOUNT_ABSENT;
}
