/*
 * Errors as values: names, cutting, what a text from outside may show.
 */
#include "error.h"
#include "check.h"
#include "utf8.h"

static void names_are_found_again(void)
{
    for (int kind = 0; kind < REPAY_KIND_COUNT; kind++) {
        const char *name = repay_kind_name((enum repay_kind)kind);
        CHECK_INT(repay_kind_from_name(repay_text_of(name)), kind);
        for (int other = 0; other < kind; other++)
            CHECK(strcmp(name, repay_kind_name((enum repay_kind)other)) != 0);
    }
    CHECK_INT(repay_kind_from_name(REPAY_TEXT("nonsense")), REPAY_KIND_NONE);
    CHECK_INT(repay_kind_from_name(REPAY_TEXT("Timeout")), REPAY_KIND_NONE);
    CHECK_INT(repay_kind_from_name(REPAY_NO_TEXT), REPAY_KIND_NONE);
    CHECK_TEXT(repay_kind_name(REPAY_KIND_CONNECTION_LOST), "connection_lost");
    CHECK_TEXT(repay_outcome_name(REPAY_OUTCOME_NOT_SENT), "not_sent");
    CHECK_TEXT(repay_outcome_name(REPAY_OUTCOME_REFUSED), "refused");
    CHECK_TEXT(repay_outcome_name(REPAY_OUTCOME_UNKNOWN), "unknown");
}

static void setting_clears_the_rest(void)
{
    struct repay_error error;

    memset(&error, 'x', sizeof error);
    CHECK(!repay_error_set(&error, REPAY_KIND_CONFIG, "%s is %d, not %zu or %lld: %.*s", "it", -1,
                           (size_t)2, 3ll, 2, "abc"));
    CHECK_INT(error.kind, REPAY_KIND_CONFIG);
    CHECK_INT(error.outcome, REPAY_OUTCOME_NOT_SENT);
    CHECK_INT(error.http_status, 0);
    CHECK_INT(error.offset, -1);
    CHECK_INT(error.retry_after_ms, -1);
    CHECK_TEXT(error.message, "it is -1, not 2 or 3: ab");
    CHECK_TEXT(error.provider_message, "");
    CHECK_TEXT(error.provider_code, "");
    CHECK_TEXT(error.field, "");
    CHECK_TEXT(error.hint, "");
    CHECK(!repay_error_set_at(&error, REPAY_KIND_BAD_RESPONSE, 41, "here"));
    CHECK_INT(error.offset, 41);
    CHECK_TEXT(error.message, "here");
    /* An error is often wrapped in its own words. */
    CHECK(!repay_error_set(&error, error.kind, "and %s", error.message));
    CHECK_TEXT(error.message, "and here");
    repay_error_clear(&error);
    CHECK_INT(error.kind, REPAY_KIND_NONE);
    CHECK_TEXT(error.message, "");
}

static void long_messages_are_cut(void)
{
    struct repay_error error;
    char text[3000];

    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[sizeof text - 2] = '\0';
    repay_error_set(&error, REPAY_KIND_CONFIG, "%s", text);
    CHECK_INT(strlen(error.message), REPAY_ERROR_MESSAGE_MAX);
    CHECK(repay_utf8_is_valid(repay_text_of(error.message)));
    repay_error_set(&error, REPAY_KIND_CONFIG, "x%s", text);
    CHECK_INT(strlen(error.message), REPAY_ERROR_MESSAGE_MAX - 1);
    CHECK(repay_utf8_is_valid(repay_text_of(error.message)));
    /* Two bytes of control character shrink to one mark; the message is full all the same. */
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc2\x85", 2);
    repay_error_set(&error, REPAY_KIND_CONFIG, "%s", text);
    CHECK_INT(strlen(error.message), REPAY_ERROR_MESSAGE_MAX);
    CHECK_INT(strspn(error.message, "?"), REPAY_ERROR_MESSAGE_MAX);
}

static void copies_one_printable_line(void)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"", ""},
        {"plain text", "plain text"},
        {"two\nlines\r\n", "two?lines??"},
        {"tab\there", "tab?here"},
        {"\x1b[31mred", "?[31mred"},
        {"del\x7f", "del?"},
        {"nel\xc2\x85"
         "csi\xc2\x9b"
         "31m",
         "nel?csi?31m"},
        {"caf\xc3\xa9 \xe2\x82\xa6 \xf0\x9f\x92\xb8", "caf\xc3\xa9 \xe2\x82\xa6 \xf0\x9f\x92\xb8"},
        {"line\xe2\x80\xa8sep", "line?sep"},
        {"right\xe2\x80\xaeleft", "right?left"},
        {"isolate\xe2\x81\xa6x\xe2\x81\xa9", "isolate?x?"},
        {"joiner\xe2\x80\x8dstays", "joiner\xe2\x80\x8dstays"},
        {"bad\xff\xfe", "bad??"},
        {"lone\x80", "lone?"},
        {"overlong\xc0\xaf", "overlong??"},
        {"overlong\xe0\x80\xaf", "overlong???"},
        {"surrogate\xed\xa0\x80", "surrogate???"},
        {"beyond\xf4\x90\x80\x80", "beyond????"},
        {"cut\xe2\x82", "cut??"},
        {"\xe2\x82next", "??next"},
    };
    char out[64];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        repay_error_copy(out, sizeof out, repay_text_of(cases[i].text));
        CHECK_TEXT(out, cases[i].shown);
    }
    repay_error_copy(out, sizeof out, (struct repay_text){"a\0b", 3});
    CHECK_TEXT(out, "a?b");
    repay_error_copy(out, sizeof out, REPAY_NO_TEXT);
    CHECK_TEXT(out, "");
}

static void cuts_on_a_character(void)
{
    struct repay_text text = REPAY_TEXT("a\xc3\xa9\xe2\x82\xa6\xf0\x9f\x92\xb8z");
    static const size_t kept[] = {0, 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    char out[16];

    for (size_t size = 1; size < sizeof kept / sizeof kept[0]; size++) {
        memset(out, 'x', sizeof out);
        repay_error_copy(out, size, text);
        CHECK_INT(strlen(out), kept[size]);
        CHECK(memcmp(out, text.data, kept[size]) == 0);
        CHECK_INT(out[size], 'x');
    }
    out[0] = 'x';
    repay_error_copy(out, 0, text);
    CHECK_INT(out[0], 'x');
}

/* The reader against the definition: a code point's one encoding is read, and nothing else is. */
static size_t encode(uint32_t code_point, char out[4])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    size_t length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, code_point >>= 6)
        out[i] = (char)(0x80 | (code_point & 0x3f));
    out[0] = (char)((0xf00u >> length & 0xf0) | code_point);
    return length;
}

static void utf8_reads_every_code_point(void)
{
    unsigned long wrong = 0;

    for (uint32_t code_point = 0; code_point < 0x110000; code_point++) {
        char text[4];
        uint32_t read = 0xffffffff;
        size_t length = encode(code_point, text);
        bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
        size_t taken = repay_utf8_character((struct repay_text){text, length}, 0, &read);
        wrong += surrogate ? taken != 0 : taken != length || read != code_point;
        wrong += repay_utf8_character((struct repay_text){text, length - 1}, 0, &read) == length;
    }
    CHECK_INT(wrong, 0);
    /* How many texts of two and of three bytes are one character: all others must be refused. */
    unsigned long two = 0;
    unsigned long three = 0;
    for (uint32_t bytes = 0; bytes < 0x1000000; bytes++) {
        char text[3] = {(char)(bytes >> 16), (char)(bytes >> 8), (char)bytes};
        uint32_t read;
        size_t taken = repay_utf8_character((struct repay_text){text, 3}, 0, &read);
        two += taken == 2 && text[2] == 0;
        three += taken == 3;
    }
    CHECK_INT(two, 0x800 - 0x80);
    CHECK_INT(three, 0x10000 - 0x800 - 0x800);
}

int main(void)
{
    names_are_found_again();
    setting_clears_the_rest();
    long_messages_are_cut();
    copies_one_printable_line();
    cuts_on_a_character();
    utf8_reads_every_code_point();
    return CHECK_REPORT();
}
