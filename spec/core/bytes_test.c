/*
 * The growing buffer: what it holds, where it stops, what it leaves behind in memory.
 */
#include "bytes.h"
#include "check.h"
#include "test_allocator.h"

static void holds_what_is_appended(void)
{
    struct test_allocator test;
    struct repay_bytes bytes;

    test_allocator_init(&test);
    repay_bytes_init(&bytes, &test.allocator, 1000);
    CHECK(repay_bytes_append(&bytes, NULL, 0));
    CHECK_INT(test.live_bytes, 0);
    CHECK(repay_bytes_append(&bytes, "ab", 2));
    CHECK(repay_bytes_append_text(&bytes, REPAY_TEXT("cd")));
    CHECK(repay_bytes_append_text(&bytes, REPAY_NO_TEXT));
    CHECK(repay_bytes_append_string(&bytes, "ef"));
    CHECK(repay_bytes_append_byte(&bytes, '\0'));
    CHECK_BYTES(repay_bytes_text(&bytes), ((struct repay_text){"abcdef", 7}));
    CHECK_INT(bytes.capacity, REPAY_BYTES_FIRST);
    repay_bytes_clear(&bytes);
    CHECK_INT(bytes.length, 0);
    CHECK_INT(test.live_bytes, REPAY_BYTES_FIRST);
    repay_bytes_free(&bytes);
    repay_bytes_free(&bytes);
    CHECK(repay_bytes_append_byte(&bytes, 'x'));
    CHECK_TEXT_IS(repay_bytes_text(&bytes), "x");
    repay_bytes_free(&bytes);
    test_allocator_end(&test);
}

static void makes_room_for_its_owner(void)
{
    struct test_allocator test;
    struct repay_bytes bytes;

    test_allocator_init(&test);
    repay_bytes_init(&bytes, &test.allocator, 200);
    CHECK(repay_bytes_append(&bytes, "ab", 2));
    CHECK(repay_bytes_reserve(&bytes, 198));
    CHECK_INT(bytes.length, 2);
    CHECK_INT(bytes.capacity, 200);
    memset(bytes.data + 2, 'x', 198);
    CHECK(!repay_bytes_reserve(&bytes, 199));
    CHECK(bytes.failed && bytes.too_large);
    CHECK_TEXT_IS(repay_bytes_text(&bytes), "ab");
    repay_bytes_free(&bytes);
    test_allocator_end(&test);
}

static void writes_integers(void)
{
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {7, "7"},
        {-1, "-1"},
        {10, "10"},
        {1234567890, "1234567890"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };
    struct test_allocator test;
    struct repay_bytes bytes;

    test_allocator_init(&test);
    repay_bytes_init(&bytes, &test.allocator, 100);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        repay_bytes_clear(&bytes);
        CHECK(repay_bytes_append_integer(&bytes, cases[i].value));
        CHECK_TEXT_IS(repay_bytes_text(&bytes), cases[i].text);
    }
    repay_bytes_free(&bytes);
    test_allocator_end(&test);
}

static void stops_at_the_ceiling(void)
{
    struct test_allocator test;
    struct repay_bytes bytes;
    struct repay_error error;

    test_allocator_init(&test);
    for (size_t ceiling = 0; ceiling < 300; ceiling++) {
        repay_bytes_init(&bytes, &test.allocator, ceiling);
        for (size_t i = 0; i < ceiling; i++)
            CHECK(repay_bytes_append_byte(&bytes, 'x'));
        CHECK(!bytes.failed);
        CHECK(bytes.capacity <= ceiling);
        CHECK(!repay_bytes_append_byte(&bytes, 'y'));
        CHECK(bytes.failed && bytes.too_large);
        CHECK_INT(bytes.length, ceiling);
        /* A later append that would fit must not make a text with a hole. */
        CHECK(!repay_bytes_append(&bytes, "", 0));
        repay_bytes_clear(&bytes);
        CHECK(!bytes.failed && !bytes.too_large);
        repay_bytes_free(&bytes);
    }
    repay_bytes_init(&bytes, &test.allocator, 10);
    CHECK(!repay_bytes_append(&bytes, "12345678901", 11));
    CHECK_INT(bytes.length, 0);
    CHECK(!repay_bytes_error(&bytes, "the thing", &error));
    CHECK_INT(error.kind, REPAY_KIND_INVALID_ARGUMENT);
    CHECK_TEXT(error.message, "the thing is larger than 10 bytes");
    repay_bytes_free(&bytes);
    repay_bytes_init(&bytes, &test.allocator, SIZE_MAX);
    CHECK(repay_bytes_append(&bytes, "a", 1));
    test_allocator_fail(&test, 1, true);
    CHECK(!repay_bytes_append(&bytes, "never read", SIZE_MAX - 1));
    CHECK(bytes.failed && !bytes.too_large);
    repay_bytes_free(&bytes);
    test_allocator_end(&test);
}

static void grows_by_doubling(void)
{
    struct test_allocator test;
    struct repay_bytes bytes;

    test_allocator_init(&test);
    repay_bytes_init(&bytes, &test.allocator, 1u << 20);
    for (size_t i = 0; i < 1u << 20; i++)
        repay_bytes_append_byte(&bytes, (char)i);
    CHECK_INT(bytes.length, 1u << 20);
    CHECK_INT(test.requests, 15); /* 64 bytes to 1 MiB */
    bool right = true;
    for (size_t i = 0; i < bytes.length; i++)
        right = right && bytes.data[i] == (char)i;
    CHECK(right);
    repay_bytes_free(&bytes);
    test_allocator_end(&test);
}

static void survives_every_failed_allocation(void)
{
    struct test_allocator test;
    struct repay_bytes bytes;
    struct repay_error error;

    test_allocator_init(&test);
    for (int wipes = 0; wipes < 2; wipes++) {
        for (unsigned long nth = 1; nth <= 5; nth++) {
            if (wipes)
                repay_bytes_init_wiping(&bytes, &test.allocator, 10000);
            else
                repay_bytes_init(&bytes, &test.allocator, 10000);
            test_allocator_fail(&test, nth, false);
            size_t length = 0;
            while (repay_bytes_append_byte(&bytes, 'x'))
                length++;
            CHECK_INT(test.failures, 1);
            CHECK(bytes.failed && !bytes.too_large);
            CHECK_INT(bytes.length, length);
            /* The next allocation would succeed, but the text would have a hole. */
            CHECK(!repay_bytes_append_byte(&bytes, 'x'));
            CHECK(!repay_bytes_error(&bytes, "it", &error));
            CHECK_INT(error.kind, REPAY_KIND_MEMORY);
            CHECK_TEXT(error.message, "out of memory while writing it");
            repay_bytes_free(&bytes);
        }
    }
    test_allocator_end(&test);
}

static bool is_wiped(void *context, const void *memory, size_t size)
{
    const char *bytes = memory;
    unsigned *seen = context;

    (*seen)++;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static void wiping_buffer_leaves_nothing(void)
{
    struct test_allocator test;
    struct repay_bytes bytes;
    unsigned seen = 0;

    test_allocator_init(&test);
    test.watch = is_wiped;
    test.watch_context = &seen;
    repay_bytes_init_wiping(&bytes, &test.allocator, 100000);
    for (int i = 0; i < 1000; i++)
        CHECK(repay_bytes_append_string(&bytes, "secret "));
    CHECK_TEXT_IS(((struct repay_text){bytes.data, 14}), "secret secret ");
    CHECK_INT(seen, 7); /* 64 to 8192 */
    bytes.length = 3;   /* an owner may shorten; the rest must go all the same */
    repay_bytes_clear(&bytes);
    unsigned cleared = 0;
    CHECK(is_wiped(&cleared, bytes.data, bytes.capacity));
    CHECK(repay_bytes_append_string(&bytes, "secret"));
    repay_bytes_free(&bytes);
    CHECK_INT(seen, 8);
    test_allocator_end(&test);
}

static void wipes_memory(void)
{
    char memory[8] = "abcdefg";

    repay_wipe(memory + 1, 3);
    CHECK_BYTES(((struct repay_text){memory, 8}), ((struct repay_text){"a\0\0\0efg", 8}));
    repay_wipe(memory, 0);
    CHECK_INT(memory[0], 'a');
}

int main(void)
{
    holds_what_is_appended();
    makes_room_for_its_owner();
    writes_integers();
    stops_at_the_ceiling();
    grows_by_doubling();
    survives_every_failed_allocation();
    wiping_buffer_leaves_nothing();
    wipes_memory();
    return CHECK_REPORT();
}
