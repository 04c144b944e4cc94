/*
 * Any text as an amount: what is read is the same number as the text, digit for digit, and what is
 * refused could not have been an amount. The first byte chooses the decimals.
 *
 * The judge here shares nothing with the reader: it brings texts into one form, digits without
 * zeros at either end and a power of ten, and compares those.
 */
#include "money.h"
#include "must.h"

#define DIGITS_MAX 4096
#define POWER_MAX  ((int64_t)1 << 50)

struct decimal {
    char digits[DIGITS_MAX]; /* the first is not 0, the last is not 0 */
    size_t count;
    int64_t power; /* of the last digit */
    int negative;
};

/* Takes JSON number text that has been checked. */
static void decimal_of(const char *text, size_t length, struct decimal *out)
{
    int64_t power = 0;
    int64_t exponent = 0;
    int after_point = 0;
    int exponent_negative = 0;
    size_t i = 0;

    out->count = 0;
    out->negative = length > 0 && text[0] == '-';
    for (; i < length && text[i] != 'e' && text[i] != 'E'; i++) {
        if (text[i] == '.')
            after_point = 1;
        if (text[i] < '0' || text[i] > '9')
            continue;
        power -= after_point;
        if (text[i] != '0' || out->count > 0)
            out->digits[out->count++] = text[i];
    }
    for (i++; i < length; i++) {
        if (text[i] == '-')
            exponent_negative = 1;
        if (text[i] >= '0' && text[i] <= '9' && exponent < POWER_MAX)
            exponent = exponent * 10 + (text[i] - '0');
    }
    out->power = power + (exponent_negative ? -exponent : exponent);
    while (out->count > 0 && out->digits[out->count - 1] == '0') {
        out->count--;
        out->power++;
    }
    if (out->count == 0) {
        out->power = 0;
        out->negative = 0;
    }
}

static void must_be_same(const struct decimal *a, const char *text, size_t length)
{
    static struct decimal b;

    decimal_of(text, length, &b);
    MUST(a->count == b.count && a->power == b.power && a->negative == b.negative);
    MUST(memcmp(a->digits, b.digits, a->count) == 0);
}

static void read_back(const char *text, size_t length, int decimals, int64_t minor)
{
    int64_t again = minor + 1;
    size_t fault_at;

    MUST(repay_money_read((struct repay_text){text, length}, decimals, &again, &fault_at) ==
         REPAY_MONEY_OK);
    MUST(again == minor);
}

static void check_accepted(const struct decimal *number, int decimals, int64_t minor)
{
    char text[REPAY_MONEY_TEXT_MAX];

    MUST(repay_money_in_range(minor));
    MUST(number->count == 0 || number->power + decimals >= 0);
    size_t length = repay_money_write(minor, decimals, text);
    must_be_same(number, text, length);
    read_back(text, length, decimals, minor);
    MUST(!memchr(text, '.', length) || text[length - 1] != '0');
    length = repay_money_write_fixed(minor, decimals, text);
    must_be_same(number, text, length);
    read_back(text, length, decimals, minor);
    MUST(decimals == 0 || text[length - 1 - (size_t)decimals] == '.');
}

/* What a person typed is read alike, or refused for the exponent alone. */
static void check_typed(struct repay_text text, int decimals, enum repay_money_fault fault,
                        int64_t minor)
{
    int64_t typed = 777;
    size_t fault_at = SIZE_MAX;
    bool has_exponent = memchr(text.data, 'e', text.length) || memchr(text.data, 'E', text.length);
    enum repay_money_fault expected =
        fault == REPAY_MONEY_OK && has_exponent ? REPAY_MONEY_HAS_EXPONENT : fault;

    MUST(repay_money_read_typed(text, decimals, &typed, &fault_at) == expected);
    MUST(typed == (expected == REPAY_MONEY_OK ? minor : 777));
    if (expected == REPAY_MONEY_HAS_EXPONENT)
        MUST(text.data[fault_at] == 'e' || text.data[fault_at] == 'E');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct decimal number;
    int64_t minor = 777;
    size_t fault_at = SIZE_MAX;

    if (size == 0 || size > DIGITS_MAX)
        return 0;
    int decimals = data[0] % (REPAY_DECIMALS_MAX + 1);
    struct repay_text text = {(const char *)data + 1, size - 1};
    enum repay_money_fault fault = repay_money_read(text, decimals, &minor, &fault_at);
    if (fault != REPAY_MONEY_OK)
        MUST(minor == 777 && fault_at <= text.length);
    check_typed(text, decimals, fault, minor);
    if (fault == REPAY_MONEY_NOT_A_NUMBER)
        return 0;
    decimal_of(text.data, text.length, &number);
    /* How many digits the amount has before its point, counted in minor units. */
    int64_t whole_digits = (int64_t)number.count + number.power + decimals;
    switch (fault) {
    case REPAY_MONEY_OK:
        check_accepted(&number, decimals, minor);
        break;
    case REPAY_MONEY_TOO_MANY_DECIMALS:
        MUST(number.power + decimals < 0);
        MUST(text.data[fault_at] >= '1' && text.data[fault_at] <= '9');
        break;
    case REPAY_MONEY_OUT_OF_RANGE:
        MUST(whole_digits >= 16 && fault_at == 0);
        break;
    case REPAY_MONEY_HAS_EXPONENT:
        MUST(fault != REPAY_MONEY_HAS_EXPONENT); /* a reply may have one */
        break;
    case REPAY_MONEY_NOT_A_NUMBER:
        break;
    }
    return 0;
}
