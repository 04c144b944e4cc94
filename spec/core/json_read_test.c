/*
 * The scanner: what JSON is, what it is not and at which byte, wherever the input was cut; and the
 * block helpers against their obvious meaning, one byte at a time.
 *
 * Inputs end at an unreadable page behind the promised padding, so no answer rests on a byte that
 * was not promised.
 */
#include "json_read.h"

#include "check.h"
#include "date.h"
#include "date_fast.h"
#include "guarded.h"
#include "wide_bytes.h"
#include "utf8.h"

#define INPUT_MAX ((size_t)1 << 16)

static struct guarded room;

/* Text, then zeros as padding, then no memory. */
static struct repay_json_scan scan_of(struct repay_text text)
{
    char *place = room.start + room.size - text.length - REPAY_JSON_PADDING;
    memcpy(place, text.data, text.length);
    memset(place + text.length, 0, REPAY_JSON_PADDING);
    return (struct repay_json_scan){.at = place, .end = place + text.length};
}

static enum repay_json_end scan_text(struct repay_text text, struct repay_json_value *value,
                                     size_t *at, const char **why)
{
    struct repay_json_scan scan = scan_of(text);
    const char *start = scan.at;
    enum repay_json_end end_of = repay_json_value(&scan, value);
    *at = (size_t)(scan.at - start);
    *why = scan.why;
    return end_of;
}

struct good {
    const char *text;
    enum repay_json_type type;
};

static const struct good good_values[] = {
    {"null", REPAY_JSON_NULL},
    {"true", REPAY_JSON_TRUE},
    {"false", REPAY_JSON_FALSE},
    {"0", REPAY_JSON_NUMBER},
    {"-0", REPAY_JSON_NUMBER},
    {"10", REPAY_JSON_NUMBER},
    {"-12.50", REPAY_JSON_NUMBER},
    {"0.1", REPAY_JSON_NUMBER},
    {"1e5", REPAY_JSON_NUMBER},
    {"1E+05", REPAY_JSON_NUMBER},
    {"1.25e-400", REPAY_JSON_NUMBER},
    {"123456789012345678901234567890.123456789012345678901234567890", REPAY_JSON_NUMBER},
    {"\"\"", REPAY_JSON_STRING},
    {"\"a\"", REPAY_JSON_STRING},
    {"\"0123456789abcdef0123456789abcdef0\"", REPAY_JSON_STRING},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00e9\\uFFFF\"", REPAY_JSON_STRING},
    {"\"\\ud83d\\ude00\\uD800\\uDC00\\udbff\\udfff\"", REPAY_JSON_STRING},
    {"\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
     REPAY_JSON_STRING},
    {"[]", REPAY_JSON_ARRAY},
    {"[ \t\r\n]", REPAY_JSON_ARRAY},
    {"[1,2 , 3]", REPAY_JSON_ARRAY},
    {"[[],{},[[]],\"]\",null]", REPAY_JSON_ARRAY},
    {"{}", REPAY_JSON_OBJECT},
    {"{ }", REPAY_JSON_OBJECT},
    {"{\"a\":1}", REPAY_JSON_OBJECT},
    {"{ \"a\" : { \"b\" : [ true , false ] } , \"\" : \"}\" }", REPAY_JSON_OBJECT},
    {"{\"a\":1,\"a\":2}", REPAY_JSON_OBJECT},
    {"{\"long\":\"                                                                        \"}",
     REPAY_JSON_OBJECT},
};

static void accepts_json(void)
{
    for (size_t i = 0; i < sizeof good_values / sizeof *good_values; i++) {
        char text[256];
        struct repay_json_value value;
        size_t at;
        const char *why;
        CHECK_CASE(good_values[i].text);
        int length = snprintf(text, sizeof text, "%s,", good_values[i].text);
        CHECK_INT(scan_text((struct repay_text){text, (size_t)length}, &value, &at, &why),
                  REPAY_JSON_OK);
        CHECK_INT(value.type, good_values[i].type);
        CHECK_INT(at, length - 1);
        CHECK_TEXT_IS(value.raw, good_values[i].text);
        CHECK_INT(value.escaped, strchr(good_values[i].text, '\\') != NULL);
    }
    CHECK_CASE(NULL);
}

static void waits_for_the_rest(void)
{
    for (size_t i = 0; i < sizeof good_values / sizeof *good_values; i++) {
        size_t length = strlen(good_values[i].text);
        CHECK_CASE(good_values[i].text);
        /* A whole number is short too: its next digit may be on its way. */
        size_t last = good_values[i].type == REPAY_JSON_NUMBER ? length : length - 1;
        for (size_t cut = 0; cut <= last; cut++) {
            struct repay_json_value value = {.raw = {NULL, 0}};
            size_t at;
            const char *why;
            struct repay_text prefix = {good_values[i].text, cut};
            CHECK_INT(scan_text(prefix, &value, &at, &why), REPAY_JSON_SHORT);
            CHECK_INT(at, 0);
            CHECK(value.raw.data == NULL);
        }
    }
    CHECK_CASE(NULL);
}

/* With the real bytes behind `end` instead of zeros, an early end may only delay the answer. */
static void does_not_depend_on_where_the_end_is(void)
{
    for (size_t i = 0; i < sizeof good_values / sizeof *good_values; i++) {
        size_t length = strlen(good_values[i].text);
        char text[512] = {0};
        CHECK_CASE(good_values[i].text);
        memcpy(text, good_values[i].text, length);
        text[length] = ',';
        for (size_t end = 0; end <= length; end++) {
            struct repay_json_value value;
            struct repay_json_scan scan = scan_of((struct repay_text){text, sizeof text});
            const char *start = scan.at;
            scan.end = scan.at + end;
            enum repay_json_end end_of = repay_json_value(&scan, &value);
            CHECK(end_of == REPAY_JSON_OK || end_of == REPAY_JSON_SHORT);
            CHECK_INT(scan.at - start, end_of == REPAY_JSON_OK ? length : 0);
        }
    }
    CHECK_CASE(NULL);
}

struct bad {
    const char *text;
    size_t at;
};

static const struct bad bad_values[] = {
    {"x", 0},
    {"]", 0},
    {",", 0},
    {"'a'", 0},
    {"//", 0},
    {"+1", 0},
    {".5", 0},
    {"NaN", 0},
    {"Infinity", 0},
    {"nul ", 3},
    {"nuLl", 2},
    {"truE", 3},
    {"fals1", 4},
    {"-", 1},
    {"-a", 1},
    {"-.5", 1},
    {"01", 1},
    {"-00", 2},
    {"1.", 2},
    {"1.e5", 2},
    {"1.x", 2},
    {"1e", 2},
    {"1e+", 3},
    {"1e+x", 3},
    {"\"\n\"", 1},
    {"\"a\x1f\"", 2},
    {"\"\\a\"", 2},
    {"\"\\u12g4\"", 5},
    {"\"\\u123\"", 6},
    {"\"\\ud800\"", 7},
    {"\"\\ud800\\n\"", 8},
    {"\"\\ud800\\ud800\"", 7},
    {"\"\\udc00\"", 1},
    {"\"\x80\"", 1},
    {"\"\xc0\xaf\"", 1},
    {"\"\xc3(\"", 2},
    {"\"\xe0\x9f\xbf\"", 2},
    {"\"\xed\xa0\x80\"", 2},
    {"\"\xf0\x8f\xbf\xbf\"", 2},
    {"\"\xf4\x90\x80\x80\"", 2},
    {"\"\xf5\x80\x80\x80\"", 1},
    {"\"\xe2\x82(\"", 3},
    {"[,]", 1},
    {"[1,]", 3},
    {"[1 2]", 3},
    {"[1}", 2},
    {"{]", 1},
    {"{,}", 1},
    {"{a:1}", 1},
    {"{1:1}", 1},
    {"{\"a\"}", 4},
    {"{\"a\" 1}", 5},
    {"{\"a\":}", 5},
    {"{\"a\":1,}", 7},
    {"{\"a\":1]", 6},
    {"{\"a\":1 \"b\":2}", 7},
    {"[\"a\":1]", 4},
    {"[[[1,[2,{\"a\":tru}]]]]", 16},
    {"[\f1]", 1},
    {"[\xc2\xa0]", 1},
    {"[\xef\xbb\xbf]", 1},
};

static void names_the_wrong_byte(void)
{
    for (size_t i = 0; i < sizeof bad_values / sizeof *bad_values; i++) {
        char text[64];
        struct repay_json_value value;
        size_t at;
        const char *why = NULL;
        CHECK_CASE(bad_values[i].text);
        int length = snprintf(text, sizeof text, "%s ", bad_values[i].text);
        CHECK_INT(scan_text((struct repay_text){text, (size_t)length}, &value, &at, &why),
                  REPAY_JSON_BAD);
        CHECK_INT(at, bad_values[i].at);
        CHECK(why != NULL);
        /* Up to the wrong byte there is nothing to complain of; with it there always is. */
        for (size_t cut = 0; cut <= (size_t)length; cut++) {
            enum repay_json_end end_of =
                scan_text((struct repay_text){text, cut}, &value, &at, &why);
            if (cut <= bad_values[i].at)
                CHECK_INT(end_of, REPAY_JSON_SHORT);
            if (end_of == REPAY_JSON_BAD)
                CHECK_INT(at, bad_values[i].at);
        }
    }
    CHECK_CASE(NULL);
}

static void refuses_nul(void)
{
    struct repay_json_value value;
    size_t at;
    const char *why;
    CHECK_INT(scan_text((struct repay_text){"[\0]", 3}, &value, &at, &why), REPAY_JSON_BAD);
    CHECK_INT(at, 1);
    CHECK_INT(scan_text((struct repay_text){"\"a\0\"", 4}, &value, &at, &why), REPAY_JSON_BAD);
    CHECK_INT(at, 2);
    CHECK_TEXT(why, "a control character inside a string");
}

/* Every pair of first bytes, and of third ones, in a string: the same answer as the plain check. */
static void checks_utf8(void)
{
    static const unsigned char tails[] = {0x00, 0x22, 0x7f, 0x80, 0xbf, 0xc0, 0xff};
    unsigned differing = 0;
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        for (size_t tail = 0; tail < sizeof tails; tail++) {
            char text[8] = {
                '"', (char)(pair >> 8), (char)pair, (char)tails[tail], (char)0x80, '"', ' ', ' '};
            struct repay_json_value value;
            size_t at;
            const char *why;
            struct repay_text inner = {text + 1, 4};
            bool plain = true;
            for (size_t i = 1; i < 5; i++) {
                if ((unsigned char)text[i] < 0x20 || text[i] == '"' || text[i] == '\\')
                    plain = false;
            }
            if (!plain)
                continue;
            bool valid =
                scan_text((struct repay_text){text, 8}, &value, &at, &why) == REPAY_JSON_OK;
            differing += valid != repay_utf8_is_valid(inner);
        }
    }
    CHECK_INT(differing, 0);
}

static char *nested(char *out, unsigned depth, const char *open, const char *inner)
{
    char *at = out;
    for (unsigned i = 0; i < depth; i++)
        at = stpcpy(at, open);
    at = stpcpy(at, inner);
    for (unsigned i = 0; i < depth; i++)
        *at++ = *open == '{' ? '}' : ']';
    *at = '\0';
    return out;
}

static void bounds_the_depth(void)
{
    char text[1024];
    struct repay_json_value value;
    size_t at;
    const char *why = "";
    const unsigned max = REPAY_JSON_DEPTH_MAX;
    CHECK_INT(scan_text(repay_text_of(nested(text, max, "[", "")), &value, &at, &why),
              REPAY_JSON_OK);
    CHECK_INT(at, 2 * max);
    CHECK_INT(scan_text(repay_text_of(nested(text, max, "{\"a\":", "1")), &value, &at, &why),
              REPAY_JSON_OK);
    CHECK_INT(scan_text(repay_text_of(nested(text, max + 1, "[", "")), &value, &at, &why),
              REPAY_JSON_BAD);
    CHECK_INT(at, max);
    CHECK_TEXT(why, "arrays and objects nested too deeply");
    struct repay_json_scan scan = scan_of(repay_text_of(nested(text, max - 2, "[", "")));
    scan.depth = 2;
    CHECK_INT(repay_json_value(&scan, &value), REPAY_JSON_OK);
    scan = scan_of(repay_text_of(nested(text, max - 1, "[", "")));
    scan.depth = 2;
    CHECK_INT(repay_json_value(&scan, &value), REPAY_JSON_BAD);
}

static void check_blanks(size_t count, const char *pattern)
{
    char text[96];
    size_t period = strlen(pattern);
    for (size_t i = 0; i < count; i++)
        text[i] = pattern[i * 7 % period];
    text[count] = 'x';
    struct repay_json_scan scan = scan_of((struct repay_text){text, count + 1});
    const char *start = scan.at;
    repay_json_skip_blanks(&scan);
    CHECK_INT(scan.at - start, count);
    scan = scan_of((struct repay_text){text, count});
    start = scan.at;
    repay_json_skip_blanks(&scan);
    CHECK_INT(scan.at - start, count);
}

static void skips_blanks(void)
{
    for (size_t count = 0; count < 80; count++) {
        check_blanks(count, " ");
        check_blanks(count, " \n\r\t");
        check_blanks(count, "\n                         ");
        check_blanks(count, "\r\n       ");
    }
}

static void check_unescaped(const char *json, struct repay_text expected)
{
    char out[128];
    struct repay_json_value value;
    size_t at;
    const char *why;
    CHECK_CASE(json);
    CHECK_INT(scan_text(repay_text_of(json), &value, &at, &why), REPAY_JSON_OK);
    CHECK_BYTES(((struct repay_text){out, repay_json_unescape(value, out)}), expected);
    CHECK_CASE(NULL);
}

static void decodes_escapes(void)
{
    check_unescaped("\"\"", REPAY_TEXT(""));
    check_unescaped("\"plain \xc3\xa9\"", REPAY_TEXT("plain \xc3\xa9"));
    check_unescaped("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", REPAY_TEXT("\"\\/\b\f\n\r\t"));
    check_unescaped("\"a\\u0000b\"", REPAY_TEXT("a\0b"));
    check_unescaped("\"\\u007f\\u0080\\u07FF\\u0800\\uffff\"",
                    REPAY_TEXT("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"));
    check_unescaped("\"\\ud800\\udc00\\uDBFF\\uDFFF\"",
                    REPAY_TEXT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
}

static void decodes_every_unit(void)
{
    unsigned wrong = 0;
    for (unsigned unit = 0; unit < 0x10000; unit++) {
        char json[16], out[16];
        struct repay_json_value value;
        size_t at;
        const char *why;
        int length = snprintf(json, sizeof json, "\"\\u%04x\"", unit);
        enum repay_json_end end_of =
            scan_text((struct repay_text){json, (size_t)length}, &value, &at, &why);
        if (unit >= 0xd800 && unit <= 0xdfff) {
            wrong += end_of != REPAY_JSON_BAD;
            continue;
        }
        uint32_t code_point = 0;
        struct repay_text text = {out, repay_json_unescape(value, out)};
        wrong += end_of != REPAY_JSON_OK ||
                 repay_utf8_character(text, 0, &code_point) != text.length || code_point != unit;
    }
    CHECK_INT(wrong, 0);
}

static struct repay_json_value value_of(const char *json)
{
    struct repay_json_value value = {.raw = {NULL, 0}};
    size_t at;
    const char *why;
    CHECK_INT(scan_text(repay_text_of(json), &value, &at, &why), REPAY_JSON_OK);
    return value;
}

static void walks_members(void)
{
    static const char *const names[] = {"\"a\"", "\"b\\n\"", "\"\"", "\"d\""};
    static const char *const members[] = {"1", "\"x,}]\\\"\"", "[ {\"a\":[]} , 2 ]", "null"};
    struct repay_json_value object =
        value_of("{ \"a\" : 1 ,\"b\\n\":\"x,}]\\\"\", \"\":[ {\"a\":[]} , 2 ],\"d\":null\n}");
    struct repay_json_cursor cursor = {0};
    struct repay_json_value name, member;
    for (size_t i = 0; i < 4; i++) {
        CHECK(repay_json_next(object, &cursor, &name, &member));
        CHECK_TEXT_IS(name.raw, names[i]);
        CHECK_TEXT_IS(member.raw, members[i]);
        CHECK_INT(name.escaped, i == 1);
    }
    CHECK_INT(member.type, REPAY_JSON_NULL);
    CHECK(!repay_json_next(object, &cursor, &name, &member));
    CHECK(!repay_json_next(object, &cursor, &name, &member));
}

static void walks_elements(void)
{
    static const char *const elements[] = {"true", "-1.5e3", "{}", "\"\"", "[[]]"};
    struct repay_json_value array = value_of("[true,-1.5e3 , {},\"\",[[]] ]");
    struct repay_json_cursor cursor = {0};
    struct repay_json_value name, element;
    for (size_t i = 0; i < 5; i++) {
        CHECK(repay_json_next(array, &cursor, &name, &element));
        CHECK_TEXT_IS(element.raw, elements[i]);
        CHECK_INT(repay_json_inner(name).length, 0);
    }
    CHECK(!repay_json_next(array, &cursor, &name, &element));
    cursor = (struct repay_json_cursor){0};
    CHECK(!repay_json_next(value_of("[ ]"), &cursor, &name, &element));
    CHECK(!repay_json_next(value_of("{}"), &cursor, &name, &element));
    CHECK(!repay_json_next(value_of("\"a\""), &cursor, &name, &element));
}

static void finds_members_by_name(void)
{
    struct repay_json_value object =
        value_of("{\"a\":1,\"n\\u0061me\":2,\"\\ud83d\\ude00\":3,\"a\":4,\"in\":{\"b\":5}}");
    struct repay_json_value found;
    CHECK(repay_json_member(object, REPAY_TEXT("a"), &found));
    CHECK_TEXT_IS(found.raw, "1");
    CHECK(repay_json_member(object, REPAY_TEXT("name"), &found));
    CHECK_TEXT_IS(found.raw, "2");
    CHECK(repay_json_member(object, REPAY_TEXT("\xf0\x9f\x98\x80"), &found));
    CHECK_TEXT_IS(found.raw, "3");
    CHECK(!repay_json_member(object, REPAY_TEXT("nam"), &found));
    CHECK(!repay_json_member(object, REPAY_TEXT("names"), &found));
    CHECK(!repay_json_member(object, REPAY_TEXT("b"), &found));
    CHECK(!repay_json_member(object, REPAY_TEXT(""), &found));
    CHECK(!repay_json_member(value_of("[\"a\"]"), REPAY_TEXT("a"), &found));
}

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

static void block_helpers_mean_what_they_say(void)
{
    unsigned wrong = 0;
    char block[64];
    for (unsigned byte = 0; byte < 256; byte++) {
        for (unsigned place = 0; place <= REPAY_WIDE_STEP; place++) {
            for (unsigned after = 0; after < 256; after += 51) {
                memset(block, (int)after, sizeof block);
                memset(block, 'a', place);
                block[place] = (char)byte;
                unsigned expected = 0;
                while (expected < REPAY_WIDE_STEP && is_plain((unsigned char)block[expected]))
                    expected++;
                wrong += repay_wide_plain(block) != expected;
                memset(block, ' ', place);
                expected = 0;
                while (expected < REPAY_WIDE_STEP && block[expected] == ' ')
                    expected++;
                wrong += repay_wide_spaces(block) != expected;
            }
        }
    }
    CHECK_INT(wrong, 0);
}

static void compares_blocks(void)
{
    char a[96], b[96];
    unsigned wrong = 0;
    for (unsigned length = 0; length <= 64; length++) {
        for (unsigned differing = 0; differing < 80; differing++) {
            memset(a, 'k', sizeof a);
            memset(b, 'k', sizeof b);
            b[differing] = (char)('k' ^ 0x80);
            wrong += repay_wide_equal_long(a, b, length) != (differing >= length);
            if (length > 32)
                continue;
            uint32_t beyond = ~(uint32_t)(((uint64_t)1 << length) - 1);
            wrong += repay_wide_equal(a, b, length) != (differing >= length);
            wrong += repay_wide_matches(a, b, length, beyond) != (differing >= length);
        }
    }
    CHECK_INT(wrong, 0);
}

static void loads_a_few_bytes(void)
{
    static const char text[] = "\xf1\x02\x83\x04\x95\x06\xa7";
    char *copy = malloc(sizeof text);
    if (!copy)
        abort();
    for (size_t count = 0; count < 8; count++) {
        uint64_t expected = 0;
        for (size_t i = count; i > 0; i--)
            expected = expected << 8 | (unsigned char)text[i - 1];
        /* At the end of the memory, so that a sanitizer sees every byte too many. */
        char *at = copy + sizeof text - count;
        memcpy(at, text, count);
        CHECK(repay_load_few(at, count) == expected);
    }
    free(copy);
}

static void counts_digits(void)
{
    static const char stops[] = ",.}/:eE\xb0\xb9\x00 ";
    unsigned wrong = 0;
    uint32_t random = 1;
    for (unsigned round = 0; round < 20000; round++) {
        char text[8];
        unsigned count = round % 9;
        uint32_t value = 0, found = 0;
        for (unsigned i = 0; i < 8; i++) {
            random = random * 1664525 + 1013904223;
            text[i] = (char)(random >> 24);
            if (i < count)
                text[i] = (char)('0' + (random >> 16) % 10);
            if (i == count)
                text[i] = stops[(random >> 16) % (sizeof stops - 1)];
            if (i < count)
                value = value * 10 + (uint32_t)(text[i] - '0');
        }
        wrong += repay_digits_8(repay_load_8(text), &found) != count || found != value;
    }
    CHECK_INT(wrong, 0);
}

static void decodes_uuids(void)
{
    static const char uuid[] = "0123abcd-45ef-6789-fedc-ba9876543210";
    static const unsigned char bytes[16] = {0x01, 0x23, 0xab, 0xcd, 0x45, 0xef, 0x67, 0x89,
                                            0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
    unsigned char out[16];
    CHECK(repay_uuid_decode(uuid, out));
    CHECK(memcmp(out, bytes, sizeof bytes) == 0);
    unsigned wrong = 0;
    for (unsigned place = 0; place < 36; place++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char text[37];
            bool dash = place == 8 || place == 13 || place == 18 || place == 23;
            bool digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
            memcpy(text, uuid, sizeof text);
            text[place] = (char)byte;
            wrong += repay_uuid_decode(text, out) != (dash ? byte == '-' : digit);
        }
    }
    CHECK_INT(wrong, 0);
}

static void fast_days_are_the_calendar_s(void)
{
    unsigned wrong = 0;
    int32_t first, last;
    CHECK(repay_day_read(REPAY_TEXT("0001-01-01"), &first));
    CHECK(repay_day_read(REPAY_TEXT("9999-12-31"), &last));
    for (int32_t day = first; day <= last; day++) {
        char text[16] = {0};
        int32_t found = 0;
        repay_day_write(day, text);
        wrong += !repay_day_decode(text, &found) || found != day;
    }
    CHECK_INT(wrong, 0);
    /* Every month and date that two digits can write, in a leap year and others, and no year. */
    static const char *const years[] = {"0000", "0001", "1900", "2000", "2023", "2024"};
    for (unsigned i = 0; i < sizeof years / sizeof *years * 10000; i++) {
        char text[24];
        int32_t day, found = 0;
        (void)snprintf(text, sizeof text, "%s-%02u-%02u", years[i / 10000], i / 100 % 100, i % 100);
        bool exists = repay_day_read((struct repay_text){text, 10}, &day);
        wrong += repay_day_decode(text, &found) != exists || (exists && found != day);
    }
    CHECK_INT(wrong, 0);
    for (unsigned place = 0; place < 10; place++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char text[16] = "2024-02-29";
            int32_t day, found;
            text[place] = (char)byte;
            wrong += repay_day_decode(text, &found) !=
                     repay_day_read((struct repay_text){text, 10}, &day);
        }
    }
    CHECK_INT(wrong, 0);
}

static void fast_times_are_the_clock_s(void)
{
    unsigned wrong = 0;
    for (unsigned i = 0; i < 1000000; i++) {
        char text[16];
        uint32_t ms = 0;
        unsigned hour = i / 10000, minute = i / 100 % 100, second = i % 100;
        (void)snprintf(text, sizeof text, "%02u:%02u:%02u", hour, minute, second);
        bool exists = hour < 24 && minute < 60 && second < 60;
        wrong += repay_time_decode(text, &ms) != exists ||
                 (exists && ms != ((hour * 60 + minute) * 60 + second) * 1000);
    }
    for (unsigned place = 0; place < 8; place++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char text[16] = "11:11:11";
            uint32_t ms;
            bool colon = place == 2 || place == 5;
            bool digit = byte >= '0' && byte <= (place == 0 ? '1' : place % 3 == 0 ? '5' : '9');
            if (place == 0 && byte == '2')
                digit = true;
            text[place] = (char)byte;
            wrong += repay_time_decode(text, &ms) != (colon ? byte == ':' : digit);
        }
    }
    CHECK_INT(wrong, 0);
}

int main(void)
{
    guarded_init(&room, INPUT_MAX);
    accepts_json();
    waits_for_the_rest();
    does_not_depend_on_where_the_end_is();
    names_the_wrong_byte();
    refuses_nul();
    checks_utf8();
    bounds_the_depth();
    skips_blanks();
    decodes_escapes();
    decodes_every_unit();
    walks_members();
    walks_elements();
    finds_members_by_name();
    block_helpers_mean_what_they_say();
    compares_blocks();
    loads_a_few_bytes();
    counts_digits();
    decodes_uuids();
    fast_days_are_the_calendar_s();
    fast_times_are_the_clock_s();
    guarded_free(&room);
    return CHECK_REPORT();
}
