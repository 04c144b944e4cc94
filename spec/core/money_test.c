/*
 * Amounts: the grammar, what comes out whole, where a fault is, and the way back to text.
 */
#include "money.h"
#include "check.h"

/* A fixed sequence, so that a failure can be run again. */
static uint64_t random_next(uint64_t *state)
{
    uint64_t value = *state += 0x9e3779b97f4a7c15u;

    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

struct read_case {
    const char *text;
    int decimals;
    int64_t minor;
};

static void reads_amounts(void)
{
    static const struct read_case cases[] = {
        {"0", 2, 0},
        {"-0", 2, 0},
        {"-0.00", 2, 0},
        {"0e0", 2, 0},
        {"0e999999999", 2, 0},
        {"0.000e-999999999999999999999", 0, 0},
        {"0e+99999999999999999999999999", 4, 0},
        {"1", 0, 1},
        {"1", 2, 100},
        {"-1", 2, -100},
        {"50000", 2, 5000000},
        {"50000.00", 2, 5000000},
        {"50000.5", 2, 5000050},
        {"5e4", 2, 5000000},
        {"5E4", 2, 5000000},
        {"5e+4", 2, 5000000},
        {"5e0004", 2, 5000000},
        {"0.5e1", 0, 5},
        {"1.50e0", 2, 150},
        {"1.5e-1", 2, 15},
        {"150e-4", 4, 150},
        {"100e-4", 2, 1},
        {"1.0050e0", 3, 1005},
        {"1.00000000000000000000000000000000", 0, 1},
        {"0.01", 2, 1},
        {"0.0001", 4, 1},
        {"-0.0001", 4, -1},
        {"0.1", 2, 10},
        {"0.30000000000000000", 2, 30},
        {"90071992547409.91", 2, REPAY_AMOUNT_MAX},
        {"-90071992547409.91", 2, -REPAY_AMOUNT_MAX},
        {"9007199254740991", 0, REPAY_AMOUNT_MAX},
        {"9007199254740.991", 3, REPAY_AMOUNT_MAX},
        {"900719925474.0991", 4, REPAY_AMOUNT_MAX},
        {"900719925474.0991e4", 0, REPAY_AMOUNT_MAX},
        {"9.007199254740991e15", 0, REPAY_AMOUNT_MAX},
        {"0.00000000000000000001e20", 0, 1},
        {"100000000000000000000e-20", 2, 100},
        {"0.00000000000000000000000000000000000000001e41", 2, 100},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t minor = INT64_MIN;
        size_t fault_at = 12345;
        CHECK_CASE(cases[i].text);
        CHECK_INT(
            repay_money_read(repay_text_of(cases[i].text), cases[i].decimals, &minor, &fault_at),
            REPAY_MONEY_OK);
        CHECK_INT(minor, cases[i].minor);
        CHECK_INT(fault_at, 12345);
    }
    CHECK_CASE(NULL);
}

struct fault_case {
    const char *text;
    int decimals;
    enum repay_money_fault fault;
    size_t at;
};

static void check_faults(const struct fault_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t minor = 777;
        size_t fault_at = 12345;
        CHECK_CASE(cases[i].text);
        CHECK_INT(
            repay_money_read(repay_text_of(cases[i].text), cases[i].decimals, &minor, &fault_at),
            cases[i].fault);
        CHECK_INT(minor, 777);
        CHECK_INT(fault_at, cases[i].at);
    }
    CHECK_CASE(NULL);
}

static void refuses_what_is_no_number(void)
{
    static const struct fault_case cases[] = {
        {"", 2, REPAY_MONEY_NOT_A_NUMBER, 0},
        {"-", 2, REPAY_MONEY_NOT_A_NUMBER, 1},
        {"+1", 2, REPAY_MONEY_NOT_A_NUMBER, 0},
        {" 1", 2, REPAY_MONEY_NOT_A_NUMBER, 0},
        {"1 ", 2, REPAY_MONEY_NOT_A_NUMBER, 1},
        {"01", 2, REPAY_MONEY_NOT_A_NUMBER, 1},
        {"-01", 2, REPAY_MONEY_NOT_A_NUMBER, 2},
        {"00", 2, REPAY_MONEY_NOT_A_NUMBER, 1},
        {".5", 2, REPAY_MONEY_NOT_A_NUMBER, 0},
        {"1.", 2, REPAY_MONEY_NOT_A_NUMBER, 2},
        {"1.e5", 2, REPAY_MONEY_NOT_A_NUMBER, 2},
        {"1e", 2, REPAY_MONEY_NOT_A_NUMBER, 2},
        {"1e+", 2, REPAY_MONEY_NOT_A_NUMBER, 3},
        {"1e-", 2, REPAY_MONEY_NOT_A_NUMBER, 3},
        {"1e5.0", 2, REPAY_MONEY_NOT_A_NUMBER, 3},
        {"1.2.3", 2, REPAY_MONEY_NOT_A_NUMBER, 3},
        {"1,5", 2, REPAY_MONEY_NOT_A_NUMBER, 1},
        {"1,000.00", 2, REPAY_MONEY_NOT_A_NUMBER, 1},
        {"--1", 2, REPAY_MONEY_NOT_A_NUMBER, 1},
        {"0x10", 2, REPAY_MONEY_NOT_A_NUMBER, 1},
        {"NaN", 2, REPAY_MONEY_NOT_A_NUMBER, 0},
        {"Infinity", 2, REPAY_MONEY_NOT_A_NUMBER, 0},
        {"-Infinity", 2, REPAY_MONEY_NOT_A_NUMBER, 1},
        {"1e5e5", 2, REPAY_MONEY_NOT_A_NUMBER, 3},
        {"\xe2\x82\xa6"
         "5",
         2, REPAY_MONEY_NOT_A_NUMBER, 0},
        /* A wrong byte is told before a wrong size. */
        {"1.005x", 2, REPAY_MONEY_NOT_A_NUMBER, 5},
        {"99999999999999999999x", 2, REPAY_MONEY_NOT_A_NUMBER, 20},
    };
    int64_t minor = 777;
    size_t fault_at = 0;

    check_faults(cases, sizeof cases / sizeof cases[0]);
    CHECK_INT(repay_money_read(REPAY_NO_TEXT, 2, &minor, &fault_at), REPAY_MONEY_NOT_A_NUMBER);
    CHECK_INT(repay_money_read((struct repay_text){"1\0", 2}, 2, &minor, &fault_at),
              REPAY_MONEY_NOT_A_NUMBER);
    CHECK_INT(fault_at, 1);
}

static void never_rounds(void)
{
    static const struct fault_case cases[] = {
        {"1.005", 2, REPAY_MONEY_TOO_MANY_DECIMALS, 4},
        {"-1.005", 2, REPAY_MONEY_TOO_MANY_DECIMALS, 5},
        {"1.00500", 2, REPAY_MONEY_TOO_MANY_DECIMALS, 4},
        {"1.5", 0, REPAY_MONEY_TOO_MANY_DECIMALS, 2},
        {"1.0000000001", 4, REPAY_MONEY_TOO_MANY_DECIMALS, 11},
        {"0.30000000000000004", 2, REPAY_MONEY_TOO_MANY_DECIMALS, 18},
        {"5e-3", 2, REPAY_MONEY_TOO_MANY_DECIMALS, 0},
        {"15e-3", 2, REPAY_MONEY_TOO_MANY_DECIMALS, 1},
        {"1234e-4", 2, REPAY_MONEY_TOO_MANY_DECIMALS, 2},
        {"12.34e-1", 2, REPAY_MONEY_TOO_MANY_DECIMALS, 4},
        {"12.34e-3", 2, REPAY_MONEY_TOO_MANY_DECIMALS, 1},
        {"1e-999999999999", 2, REPAY_MONEY_TOO_MANY_DECIMALS, 0},
        {"1e-99999999999999999999999999999999", 2, REPAY_MONEY_TOO_MANY_DECIMALS, 0},
        {"90071992547409.911", 2, REPAY_MONEY_TOO_MANY_DECIMALS, 17},
    };

    check_faults(cases, sizeof cases / sizeof cases[0]);
}

static void refuses_what_is_too_large(void)
{
    static const struct fault_case cases[] = {
        {"90071992547409.92", 2, REPAY_MONEY_OUT_OF_RANGE, 0},
        {"-90071992547409.92", 2, REPAY_MONEY_OUT_OF_RANGE, 0},
        {"9007199254740992", 0, REPAY_MONEY_OUT_OF_RANGE, 0},
        {"9007199254740991", 2, REPAY_MONEY_OUT_OF_RANGE, 0},
        {"99999999999999999999", 2, REPAY_MONEY_OUT_OF_RANGE, 0},
        {"18446744073709551616", 0, REPAY_MONEY_OUT_OF_RANGE, 0},
        {"1e400", 2, REPAY_MONEY_OUT_OF_RANGE, 0},
        {"-1e400", 2, REPAY_MONEY_OUT_OF_RANGE, 0},
        {"1e14", 2, REPAY_MONEY_OUT_OF_RANGE, 0},
        {"1e999999999999999999999999", 0, REPAY_MONEY_OUT_OF_RANGE, 0},
        {"0.0000001e999999999999", 0, REPAY_MONEY_OUT_OF_RANGE, 0},
        {"99999999999999999999.001", 2, REPAY_MONEY_OUT_OF_RANGE, 0},
    };

    check_faults(cases, sizeof cases / sizeof cases[0]);
}

static void long_texts_are_exact(void)
{
    static char text[70000];
    int64_t minor = 0;
    size_t fault_at = 0;

    /* 0.000…01e65000 is 0.1 written at length. */
    memset(text, '0', sizeof text);
    text[1] = '.';
    text[65002] = '1';
    snprintf(text + 65003, 7, "e65000");
    CHECK_INT(repay_money_read((struct repay_text){text, 65009}, 2, &minor, &fault_at),
              REPAY_MONEY_OK);
    CHECK_INT(minor, 10);
    text[65003] = '0';
    snprintf(text + 65004, 7, "e64998");
    CHECK_INT(repay_money_read((struct repay_text){text, 65010}, 2, &minor, &fault_at),
              REPAY_MONEY_TOO_MANY_DECIMALS);
    CHECK_INT(fault_at, 65002);
}

static void writes_both_forms(void)
{
    static const struct {
        int64_t minor;
        int decimals;
        const char *plain, *fixed;
    } cases[] = {
        {0, 0, "0", "0"},
        {0, 2, "0", "0.00"},
        {5, 2, "0.05", "0.05"},
        {50, 2, "0.5", "0.50"},
        {-50, 2, "-0.5", "-0.50"},
        {5000000, 2, "50000", "50000.00"},
        {5000050, 2, "50000.5", "50000.50"},
        {-5000055, 2, "-50000.55", "-50000.55"},
        {1000, 0, "1000", "1000"},
        {1000, 3, "1", "1.000"},
        {1, 4, "0.0001", "0.0001"},
        {10, 4, "0.001", "0.0010"},
        {REPAY_AMOUNT_MAX, 2, "90071992547409.91", "90071992547409.91"},
        {INT64_MAX, 2, "92233720368547758.07", "92233720368547758.07"},
        {INT64_MIN, 4, "-922337203685477.5808", "-922337203685477.5808"},
        {INT64_MIN, 0, "-9223372036854775808", "-9223372036854775808"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[REPAY_MONEY_TEXT_MAX];
        size_t length = repay_money_write(cases[i].minor, cases[i].decimals, text);
        CHECK_TEXT_IS(((struct repay_text){text, length}), cases[i].plain);
        length = repay_money_write_fixed(cases[i].minor, cases[i].decimals, text);
        CHECK_TEXT_IS(((struct repay_text){text, length}), cases[i].fixed);
    }
}

static bool comes_back(int64_t minor, int decimals)
{
    char text[REPAY_MONEY_TEXT_MAX];
    int64_t plain = minor + 1;
    int64_t fixed = minor + 1;
    size_t fault_at;
    size_t length = repay_money_write(minor, decimals, text);

    if (repay_money_read((struct repay_text){text, length}, decimals, &plain, &fault_at) !=
        REPAY_MONEY_OK)
        return false;
    length = repay_money_write_fixed(minor, decimals, text);
    return repay_money_read((struct repay_text){text, length}, decimals, &fixed, &fault_at) ==
               REPAY_MONEY_OK &&
           plain == minor && fixed == minor;
}

static void what_is_written_is_read_back(void)
{
    uint64_t state = 1;
    unsigned long wrong = 0;

    for (int decimals = 0; decimals <= REPAY_DECIMALS_MAX; decimals++) {
        for (int64_t near = 0; near < 20000; near++) {
            wrong += !comes_back(near, decimals);
            wrong += !comes_back(-near, decimals);
            wrong += !comes_back(REPAY_AMOUNT_MAX - near, decimals);
            wrong += !comes_back(near - REPAY_AMOUNT_MAX, decimals);
        }
        for (int i = 0; i < 100000; i++) {
            uint64_t bits = random_next(&state);
            int64_t size = (int64_t)(bits >> 11) >> (bits & 31);
            wrong += !comes_back(bits & 32 ? -size : size, decimals);
        }
    }
    CHECK_INT(wrong, 0);
}

/* The same amount in many spellings: a shifted point with the exponent that shifts it back. */
static void spellings_agree(void)
{
    uint64_t state = 2;
    unsigned long wrong = 0;

    for (int i = 0; i < 100000; i++) {
        uint64_t bits = random_next(&state);
        int64_t minor = (int64_t)(bits >> 11) >> (bits & 31);
        int decimals = (int)(bits >> 5 & 3);
        unsigned shift = (unsigned)(bits >> 7 & 15);
        char text[96];
        int64_t read = -1;
        size_t fault_at;
        int length = snprintf(text, sizeof text, "%" PRId64 "%.*se-%u", minor, (int)shift,
                              "0000000000000000", shift + (unsigned)decimals);
        wrong += repay_money_read((struct repay_text){text, (size_t)length}, decimals, &read,
                                  &fault_at) != REPAY_MONEY_OK ||
                 read != minor;
        length = snprintf(text, sizeof text, "0.%.*s%" PRId64 "e%u", (int)shift, "0000000000000000",
                          minor, shift + (unsigned)snprintf(NULL, 0, "%" PRId64, minor));
        wrong += repay_money_read((struct repay_text){text, (size_t)length}, 0, &read, &fault_at) !=
                     REPAY_MONEY_OK ||
                 read != minor;
    }
    CHECK_INT(wrong, 0);
}

static void sums_are_checked(void)
{
    int64_t total = 10;

    CHECK(repay_money_add(&total, 20));
    CHECK_INT(total, 30);
    CHECK(!repay_money_add(&total, INT64_MAX));
    CHECK_INT(total, 30);
    CHECK(repay_money_add(&total, -40));
    CHECK_INT(total, -10);
    CHECK(!repay_money_add(&total, INT64_MIN));
    CHECK_INT(total, -10);
    CHECK(repay_money_in_range(REPAY_AMOUNT_MAX));
    CHECK(repay_money_in_range(-REPAY_AMOUNT_MAX));
    CHECK(!repay_money_in_range(REPAY_AMOUNT_MAX + 1));
    CHECK(!repay_money_in_range(-REPAY_AMOUNT_MAX - 1));
    CHECK(!repay_money_in_range(REPAY_AMOUNT_ABSENT));
}

static void faults_have_texts(void)
{
    CHECK_TEXT(repay_money_fault_text(REPAY_MONEY_OK), "an amount");
    CHECK_TEXT(repay_money_fault_text(REPAY_MONEY_NOT_A_NUMBER), "not a number");
    CHECK_TEXT(repay_money_fault_text(REPAY_MONEY_TOO_MANY_DECIMALS),
               "more decimals than the currency has");
    CHECK_TEXT(repay_money_fault_text(REPAY_MONEY_OUT_OF_RANGE),
               "larger than 9007199254740991 minor units");
}

static void refuses_an_exponent_where_a_person_typed(void)
{
    int64_t minor = INT64_MIN;
    size_t fault_at = 12345;

    CHECK_INT(repay_money_read_typed(repay_text_of("50000.25"), 2, &minor, &fault_at),
              REPAY_MONEY_OK);
    CHECK_INT(minor, 5000025);
    CHECK_INT(fault_at, 12345);
    minor = 7;
    CHECK_INT(repay_money_read_typed(repay_text_of("1.23457E+05"), 2, &minor, &fault_at),
              REPAY_MONEY_HAS_EXPONENT);
    CHECK_INT(fault_at, 7);
    CHECK_INT(repay_money_read_typed(repay_text_of("5e"), 2, &minor, &fault_at),
              REPAY_MONEY_NOT_A_NUMBER);
    CHECK_INT(fault_at, 2);
    CHECK_INT(repay_money_read_typed(repay_text_of("1.005"), 2, &minor, &fault_at),
              REPAY_MONEY_TOO_MANY_DECIMALS);
    CHECK_INT(minor, 7);
}

int main(void)
{
    reads_amounts();
    refuses_what_is_no_number();
    never_rounds();
    refuses_what_is_too_large();
    long_texts_are_exact();
    writes_both_forms();
    what_is_written_is_read_back();
    spellings_agree();
    sums_are_checked();
    faults_have_texts();
    refuses_an_exponent_where_a_person_typed();
    return CHECK_REPORT();
}
