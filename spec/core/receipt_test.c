/*
 * The empty receipt: it must not look like one that says something.
 */
#include "receipt.h"
#include "check.h"

int main(void)
{
    struct repay_receipt receipt;

    memset(&receipt, 'x', sizeof receipt);
    repay_receipt_clear(&receipt);
    CHECK_INT(receipt.amount_minor, REPAY_AMOUNT_ABSENT);
    CHECK_TEXT(receipt.id, "");
    CHECK_TEXT(receipt.reference, "");
    CHECK_TEXT(receipt.verification_status, "");
    CHECK_TEXT(receipt.provider_message, "");
    return CHECK_REPORT();
}
