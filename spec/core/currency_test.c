/*
 * ISO 4217: the counts of decimals that are not two, the order of the table, what is not a code.
 */
#include "currency.h"
#include "check.h"

static void check_group(const char *codes, int decimals)
{
    for (; *codes; codes += 4)
        CHECK_INT(repay_currency_decimals((struct repay_text){codes, 3}), decimals);
}

static void knows_the_decimals(void)
{
    check_group("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF ", 0);
    check_group("BHD IQD JOD KWD LYD OMR TND ", 3);
    check_group("CLF UYW ", 4);
    check_group("NGN KES GBP USD EUR ZAR GHS TZS XAD XCG SLE ZWG AED MRU MGA ", 2);
}

/*
 * Every word of three capitals is asked. That finds each code of the table exactly once, and a
 * table that is out of order would lose some to the search.
 */
static void finds_every_code(void)
{
    int counts[5] = {0};
    int others = 0;
    char code[3];

    for (code[0] = 'A'; code[0] <= 'Z'; code[0]++) {
        for (code[1] = 'A'; code[1] <= 'Z'; code[1]++) {
            for (code[2] = 'A'; code[2] <= 'Z'; code[2]++) {
                int decimals = repay_currency_decimals((struct repay_text){code, 3});
                if (decimals < 0)
                    others++;
                else
                    counts[decimals]++;
            }
        }
    }
    CHECK_INT(counts[0], 17);
    CHECK_INT(counts[1], 0);
    CHECK_INT(counts[2], 139);
    CHECK_INT(counts[3], 7);
    CHECK_INT(counts[4], 2);
    CHECK_INT(others, 26 * 26 * 26 - 165);
}

static void refuses_what_is_no_currency(void)
{
    static const char *const texts[] = {
        "",
        "N",
        "NG",
        "NGNN",
        "ngn",
        "Ngn",
        "AAA",
        "ZZZ",
        "   ",
        "N N",
        "\xc3\xa9N",
        /* withdrawn */ "ANG",
        "BGN",
        "CUC",
        "HRK",
        "SLL",
        "ZWL",
        "DEM",
        /* no minor unit */ "XAU",
        "XAG",
        "XDR",
        "XTS",
        "XXX",
        "XSU",
        "XUA",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CHECK_CASE(texts[i]);
        CHECK_INT(repay_currency_decimals(repay_text_of(texts[i])), -1);
    }
    CHECK_CASE(NULL);
    CHECK_INT(repay_currency_decimals(REPAY_NO_TEXT), -1);
    CHECK_INT(repay_currency_decimals((struct repay_text){"\0\0\0", 3}), -1);
    CHECK_INT(repay_currency_decimals((struct repay_text){"NGN\0", 4}), -1);
}

int main(void)
{
    knows_the_decimals();
    finds_every_code();
    refuses_what_is_no_currency();
    return CHECK_REPORT();
}
