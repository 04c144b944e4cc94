/*
 * Writing JSON: commas, escapes, amounts, and what cannot be written.
 */
#include "json_write.h"
#include "check.h"
#include "test_allocator.h"

static struct test_allocator test;

static void writes_a_body(void)
{
    struct repay_bytes bytes;
    struct repay_json_writer writer = {.out = &bytes};

    repay_bytes_init(&bytes, &test.allocator, 1000);
    repay_json_begin(&writer, '{');
    repay_json_name(&writer, "account");
    repay_json_write_text(&writer, REPAY_TEXT("12\"3"));
    repay_json_name(&writer, "amount");
    repay_json_write_amount(&writer, 5000050, 2);
    repay_json_name(&writer, "empty");
    repay_json_begin(&writer, '{');
    repay_json_close(&writer, '}');
    repay_json_name(&writer, "list");
    repay_json_begin(&writer, '[');
    repay_json_begin(&writer, '[');
    repay_json_close(&writer, ']');
    repay_json_write_amount(&writer, -1, 0);
    repay_json_write_amount(&writer, 5000000, 2);
    repay_json_write_text(&writer, REPAY_NO_TEXT);
    repay_json_begin(&writer, '{');
    repay_json_name(&writer, "a");
    repay_json_write_amount(&writer, 0, 0);
    repay_json_close(&writer, '}');
    repay_json_close(&writer, ']');
    repay_json_name(&writer, "last");
    repay_json_write_text(&writer, REPAY_TEXT("x"));
    repay_json_close(&writer, '}');
    CHECK(!bytes.failed);
    CHECK_TEXT_IS(repay_bytes_text(&bytes),
                  "{\"account\":\"12\\\"3\",\"amount\":50000.5,\"empty\":{},"
                  "\"list\":[[],-1,50000,\"\",{\"a\":0}],\"last\":\"x\"}");
    repay_bytes_free(&bytes);
}

static void check_string(struct repay_text text, const char *written)
{
    struct repay_bytes bytes;
    struct repay_json_writer writer = {.out = &bytes};

    repay_bytes_init(&bytes, &test.allocator, 1000);
    repay_json_write_text(&writer, text);
    CHECK(!bytes.failed);
    CHECK_TEXT_IS(repay_bytes_text(&bytes), written);
    repay_bytes_free(&bytes);
}

static void escapes_what_must_be(void)
{
    check_string(REPAY_TEXT("plain"), "\"plain\"");
    check_string(REPAY_TEXT("\"\\/"), "\"\\\"\\\\/\"");
    check_string(REPAY_TEXT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    check_string((struct repay_text){"\0\x01\x1f", 3}, "\"\\u0000\\u0001\\u001f\"");
    check_string(REPAY_TEXT("\x7f"), "\"\x7f\"");
    check_string(REPAY_TEXT("\xe2\x82\xa6 \xf0\x9f\x92\xb8"), "\"\xe2\x82\xa6 \xf0\x9f\x92\xb8\"");
    check_string(REPAY_TEXT("a\nb\nc"), "\"a\\nb\\nc\"");
    check_string(REPAY_TEXT("\n"), "\"\\n\"");
}

static void refuses_what_is_not_text(void)
{
    static const char *const texts[] = {"\xff", "\xc3", "a\xc0\xaf", "\xed\xa0\x80",
                                        "\xf5\x80\x80\x80"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct repay_bytes bytes;
        struct repay_json_writer writer = {.out = &bytes};
        struct repay_error error;
        repay_bytes_init(&bytes, &test.allocator, 1000);
        repay_json_begin(&writer, '[');
        repay_json_write_text(&writer, repay_text_of(texts[i]));
        repay_json_close(&writer, ']');
        CHECK(bytes.failed && bytes.not_text && !bytes.too_large);
        CHECK_TEXT_IS(repay_bytes_text(&bytes), "[");
        CHECK(!repay_bytes_error(&bytes, "the request", &error));
        CHECK_INT(error.kind, REPAY_KIND_INVALID_ARGUMENT);
        CHECK_TEXT(error.message, "the request would hold bytes that are not UTF-8");
        repay_bytes_free(&bytes);
        CHECK(!bytes.not_text);
    }
}

static void keeps_the_first_reason(void)
{
    struct repay_bytes bytes;
    struct repay_json_writer writer = {.out = &bytes};

    repay_bytes_init(&bytes, &test.allocator, 4);
    repay_json_write_text(&writer, REPAY_TEXT("too long"));
    repay_json_write_text(&writer, REPAY_TEXT("\xff"));
    CHECK(bytes.failed && bytes.too_large && !bytes.not_text);
    repay_bytes_free(&bytes);
}

/* At every ceiling short of the whole, the writer fails and no byte lies past the ceiling. */
static void never_writes_past_a_ceiling(void)
{
    for (size_t ceiling = 0; ceiling <= 25; ceiling++) {
        struct repay_bytes bytes;
        struct repay_json_writer writer = {.out = &bytes};
        repay_bytes_init(&bytes, &test.allocator, ceiling);
        repay_json_begin(&writer, '{');
        repay_json_name(&writer, "na\"me");
        repay_json_write_text(&writer, REPAY_TEXT("a\x01\"b"));
        repay_json_close(&writer, '}');
        CHECK(bytes.length <= ceiling);
        CHECK_INT(bytes.failed, ceiling < 23);
        repay_bytes_free(&bytes);
    }
}

int main(void)
{
    test_allocator_init(&test);
    writes_a_body();
    escapes_what_must_be();
    refuses_what_is_not_text();
    keeps_the_first_reason();
    never_writes_past_a_ceiling();
    test_allocator_end(&test);
    return CHECK_REPORT();
}
