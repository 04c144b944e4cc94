/*
 * Values of an envelope: texts with escapes, cut where the room ends; words, numbers and flags in
 * all their disguises; members that stand twice.
 */
#include "envelope.h"

#include "check.h"

/* Checks the text as JSON and gives its value; the text must live as long as the value. */
static struct repay_json_value value_of(const char *json)
{
    static char room[16][8192];
    static unsigned turn;
    char *bytes = room[turn++ % 16];
    struct repay_json_scan scan;
    struct repay_json_value value = {0};
    size_t length = strlen(json);

    memset(bytes, 0, sizeof room[0]);
    memcpy(bytes, json, length + 1);
    /* A blank behind it, so that a number does not touch the end. */
    bytes[length] = ' ';
    scan = (struct repay_json_scan){.at = bytes, .end = bytes + length + 1};
    CHECK_CASE(json);
    CHECK_INT(repay_json_value(&scan, &value), REPAY_JSON_OK);
    CHECK_CASE(NULL);
    return value;
}

static void expect_text(const char *json, size_t size, const char *text)
{
    char out[600];

    memset(out, 'x', sizeof out);
    repay_envelope_copy_text(value_of(json), out, size);
    CHECK_CASE(json);
    CHECK_TEXT(out, text);
    CHECK_CASE(NULL);
}

static void test_texts(void)
{
    expect_text("\"plain\"", 600, "plain");
    expect_text("\"\"", 600, "");
    expect_text("\"plain\"", 4, "pla");
    expect_text("\"a\\u0041\\n\\\"\\/\"", 600, "aA?\"/");
    expect_text("\"\\u20a6\\u20a6\"", 5, "\xe2\x82\xa6");
    expect_text("\"\\ud83d\\ude00!\"", 600, "\xf0\x9f\x98\x80!");
    expect_text("\"\\ud83d\\ude00!\"", 4, "");
    expect_text("12.50", 600, "12.50");
    expect_text("true", 600, "");
    expect_text("null", 600, "");
    expect_text("{\"a\":\"b\"}", 600, "");
    expect_text("[\"b\"]", 600, "");
    repay_envelope_copy_text(value_of("\"a\""), NULL, 0);
    repay_envelope_copy_text(value_of("true"), NULL, 0);
}

/* Longer than what is decoded, and cut inside no escape wherever the edge falls. */
static void test_long_texts(void)
{
    static const char *const units[] = {"\\u00e9", "\\ud83d\\ude00", "\\\\", "a", "\xc3\xa9"};
    char json[8000], out[501];

    for (size_t unit = 0; unit < sizeof units / sizeof units[0]; unit++) {
        for (size_t lead = 0; lead < 13; lead++) {
            size_t at = 0;
            json[at++] = '"';
            while (at <= lead)
                json[at++] = 'x';
            while (at < 4000) {
                memcpy(json + at, units[unit], strlen(units[unit]));
                at += strlen(units[unit]);
            }
            memcpy(json + at, "\"", 2);
            repay_envelope_copy_text(value_of(json), out, sizeof out);
            CHECK(strlen(out) >= 497);
            CHECK(strchr(out, '?') == NULL);
        }
    }
}

static void test_words(void)
{
    CHECK(repay_envelope_is_word(value_of("\"SUCCESS\""), "success"));
    CHECK(repay_envelope_is_word(value_of("\"suc\\u0063ess\""), "SUCCESS"));
    CHECK(!repay_envelope_is_word(value_of("\"success \""), "success"));
    CHECK(!repay_envelope_is_word(value_of("\"successes\""), "success"));
    CHECK(!repay_envelope_is_word(value_of("\"\""), "success"));
    CHECK(!repay_envelope_is_word(value_of("true"), "true"));
    CHECK(!repay_envelope_is_word(value_of("1"), "1"));
}

static void expect_integer(const char *json, bool is_integer, int64_t expected)
{
    int64_t number = -77;

    CHECK_CASE(json);
    CHECK_INT(repay_envelope_read_integer(value_of(json), &number), is_integer);
    CHECK_INT(number, is_integer ? expected : -77);
    CHECK_CASE(NULL);
}

static void test_integers(void)
{
    expect_integer("200", true, 200);
    expect_integer("\"404\"", true, 404);
    expect_integer("2e2", true, 200);
    expect_integer("200.0", true, 200);
    expect_integer("-1", true, -1);
    expect_integer("200.5", false, 0);
    expect_integer("\"fine\"", false, 0);
    expect_integer("\"\"", false, 0);
    expect_integer("true", false, 0);
    expect_integer("null", false, 0);
    expect_integer("[200]", false, 0);
    expect_integer("99999999999999999999", false, 0);
}

static void test_flags(void)
{
    static const struct {
        const char *json;
        enum repay_envelope_flag flag;
    } cases[] = {
        {"null", REPAY_ENVELOPE_FLAG_ABSENT},     {"true", REPAY_ENVELOPE_FLAG_TRUE},
        {"false", REPAY_ENVELOPE_FLAG_FALSE},     {"1", REPAY_ENVELOPE_FLAG_TRUE},
        {"0", REPAY_ENVELOPE_FLAG_FALSE},         {"\"true\"", REPAY_ENVELOPE_FLAG_TRUE},
        {"\"FALSE\"", REPAY_ENVELOPE_FLAG_FALSE}, {"\"1\"", REPAY_ENVELOPE_FLAG_TRUE},
        {"\"0\"", REPAY_ENVELOPE_FLAG_FALSE},     {"\"tr\\u0075e\"", REPAY_ENVELOPE_FLAG_TRUE},
        {"2", REPAY_ENVELOPE_FLAG_ODD},           {"\"yes\"", REPAY_ENVELOPE_FLAG_ODD},
        {"\"\"", REPAY_ENVELOPE_FLAG_ODD},        {"[true]", REPAY_ENVELOPE_FLAG_ODD},
        {"{}", REPAY_ENVELOPE_FLAG_ODD},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_CASE(cases[i].json);
        CHECK_INT(repay_envelope_read_flag(value_of(cases[i].json)), cases[i].flag);
    }
    CHECK_CASE(NULL);
}

static void expect_member(const char *json, enum repay_member found, const char *raw)
{
    struct repay_json_value value = {.raw = REPAY_TEXT("untouched")};
    enum repay_member member = repay_envelope_member_once(value_of(json), "amount", &value);

    CHECK_CASE(json);
    CHECK_INT(member, found);
    if (found == REPAY_MEMBER_ONCE)
        CHECK_TEXT(value.raw, raw);
    CHECK_CASE(NULL);
}

static void test_members(void)
{
    char long_name[600];

    expect_member("{\"amount\":5}", REPAY_MEMBER_ONCE, "5");
    expect_member("{\"a\":1,\"amount\":{\"amount\":2},\"b\":3}", REPAY_MEMBER_ONCE,
                  "{\"amount\":2}");
    expect_member("{\"\\u0061mount\":5}", REPAY_MEMBER_ONCE, "5");
    expect_member("{\"amount\":5,\"amount\":5}", REPAY_MEMBER_TWICE, NULL);
    expect_member("{\"amount\":5,\"am\\u006funt\":6}", REPAY_MEMBER_TWICE, NULL);
    expect_member("{\"amount\":null,\"amount\":6}", REPAY_MEMBER_ONCE, "6");
    expect_member("{\"amount\":null}", REPAY_MEMBER_ABSENT, NULL);
    expect_member("{\"Amount\":5}", REPAY_MEMBER_ABSENT, NULL);
    expect_member("{}", REPAY_MEMBER_ABSENT, NULL);
    expect_member("[5]", REPAY_MEMBER_ABSENT, NULL);
    expect_member("\"amount\"", REPAY_MEMBER_ABSENT, NULL);
    (void)snprintf(long_name, sizeof long_name, "{\"\\u0061%0500d\":5}", 0);
    expect_member(long_name, REPAY_MEMBER_ABSENT, NULL);
}

static void expect_words(const char *json, size_t size, const char *text)
{
    char out[600];

    repay_envelope_first_words(value_of(json), out, size);
    CHECK_CASE(json);
    CHECK_TEXT(out, text);
    CHECK_CASE(NULL);
}

static void test_first_words(void)
{
    expect_words("\"plain\"", 600, "plain");
    expect_words("422", 600, "422");
    expect_words("{\"a\":[\"first\",\"second\"],\"b\":[\"third\"]}", 600, "a: first");
    expect_words("{\"a\":{\"b\":\"c\"}}", 600, "a: b: c");
    expect_words("[[\"x\"]]", 600, "x");
    expect_words("[]", 600, "");
    expect_words("{}", 600, "");
    expect_words("{\"a\":[]}", 600, "");
    expect_words("{\"a\":true}", 600, "");
    expect_words("null", 600, "");
    expect_words("{\"name\":\"text\"}", 6, "nam: ");
    expect_words("{\"name\":\"text\"}", 9, "name: te");
    expect_words("{\"name\":\"text\"}", 3, "te");
    expect_words("{\"name\":\"text\"}", 1, "");
    repay_envelope_first_words(value_of("\"x\""), NULL, 0);
}

static void test_kinds_of_words(void)
{
    static const struct repay_kind_word list[] = {
        {"loan", "closed", REPAY_KIND_LOAN_CLOSED},
        {"loan", NULL, REPAY_KIND_NOT_FOUND},
        {NULL, NULL, REPAY_KIND_NONE},
    };

    CHECK_INT(repay_kind_of_words(list, "The LOAN is Closed"), REPAY_KIND_LOAN_CLOSED);
    CHECK_INT(repay_kind_of_words(list, "closed loan"), REPAY_KIND_LOAN_CLOSED);
    CHECK_INT(repay_kind_of_words(list, "no loan"), REPAY_KIND_NOT_FOUND);
    CHECK_INT(repay_kind_of_words(list, "closed"), REPAY_KIND_NONE);
    CHECK_INT(repay_kind_of_words(list, ""), REPAY_KIND_NONE);
}

int main(void)
{
    test_texts();
    test_long_texts();
    test_words();
    test_integers();
    test_flags();
    test_members();
    test_first_words();
    test_kinds_of_words();
    return CHECK_REPORT();
}
