/* What counts as a UUID in text, and what one looks like when it is written. */
#include "uuid.h"

#include "check.h"

static void test_is(void)
{
    static const char *const good[] = {
        "123e4567-e89b-12d3-a456-426614174000",
        "123E4567-E89B-12D3-A456-426614174ABC",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    };
    static const char *const bad[] = {
        "",
        "123e4567-e89b-12d3-a456-42661417400",
        "123e4567-e89b-12d3-a456-4266141740000",
        "123e4567e89b-12d3-a456-4266141740000",
        "123e4567-e89b-12d3-a456_426614174000",
        "123e4567-e89b-12d3-a456-42661417400g",
        "g23e4567-e89b-12d3-a456-426614174000",
        "-23e4567-e89b-12d3-a456-426614174000",
        "123e4567-e89b-12d3-a456-42661417400 ",
    };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK_CASE(good[i]);
        CHECK(repay_uuid_is(repay_text_of(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_CASE(bad[i]);
        CHECK(!repay_uuid_is(repay_text_of(bad[i])));
    }
    CHECK_CASE(NULL);
}

static void test_write(void)
{
    unsigned char bytes[16];
    char out[REPAY_UUID_TEXT + 1];

    for (unsigned i = 0; i < 16; i++)
        bytes[i] = (unsigned char)(0xf0 + i);
    repay_uuid_write(bytes, out);
    out[REPAY_UUID_TEXT] = '\0';
    CHECK_TEXT(out, "f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff");
    repay_uuid_write_version(bytes, 7, out);
    CHECK_TEXT(out, "f0f1f2f3-f4f5-76f7-b8f9-fafbfcfdfeff");
    CHECK(repay_uuid_is(repay_text_of(out)));
}

int main(void)
{
    test_is();
    test_write();
    return CHECK_REPORT();
}
