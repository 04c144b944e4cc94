/*
 * Base URLs, honest and hostile; loopback; segments and queries.
 */
#include "url.h"
#include "check.h"
#include "test_allocator.h"

static struct test_allocator test;

static void reads_base_urls(void)
{
    static const struct {
        const char *text, *host, *path;
        uint16_t port;
        bool tls, ipv6, port_given;
    } cases[] = {
        {"https://a.example", "a.example", "", 443, true, false, false},
        {"https://a.example/", "a.example", "", 443, true, false, false},
        {"https://a.example/baas/api", "a.example", "/baas/api", 443, true, false, false},
        {"https://a.example/baas/api///", "a.example", "/baas/api", 443, true, false, false},
        {"https://a.example///", "a.example", "", 443, true, false, false},
        {"HTTPS://A.Example/X", "A.Example", "/X", 443, true, false, false},
        {"hTTp://LocalHost", "LocalHost", "", 80, false, false, false},
        {"https://a.example:8443/v1", "a.example", "/v1", 8443, true, false, true},
        {"https://a.example:443", "a.example", "", 443, true, false, true},
        {"https://a.example:1", "a.example", "", 1, true, false, true},
        {"https://a.example:65535", "a.example", "", 65535, true, false, true},
        {"http://localhost:8080/api", "localhost", "/api", 8080, false, false, true},
        {"http://127.0.0.1:8080", "127.0.0.1", "", 8080, false, false, true},
        {"http://127.255.255.254", "127.255.255.254", "", 80, false, false, false},
        {"http://[::1]:9000/x", "::1", "/x", 9000, false, true, true},
        {"http://[0:0:0:0:0:0:0:1]", "0:0:0:0:0:0:0:1", "", 80, false, true, false},
        {"https://[2001:db8::7]/", "2001:db8::7", "", 443, true, true, false},
        {"https://[::ffff:10.0.0.1]", "::ffff:10.0.0.1", "", 443, true, true, false},
        {"https://10.0.0.1", "10.0.0.1", "", 443, true, false, false},
        {"https://intranet", "intranet", "", 443, true, false, false},
        {"https://my_host.internal", "my_host.internal", "", 443, true, false, false},
        {"https://1a.2b", "1a.2b", "", 443, true, false, false},
        {"https://1.2.3.4.example", "1.2.3.4.example", "", 443, true, false, false},
        {"https://a-b.xn--mnchen-3ya.example", "a-b.xn--mnchen-3ya.example", "", 443, true, false,
         false},
        {"https://a.example/%41b/c;v=1,2/(x)/~u/a:b@c/$&'*+!", "a.example",
         "/%41b/c;v=1,2/(x)/~u/a:b@c/$&'*+!", 443, true, false, false},
        {"https://a.example/.../.hidden/a..b", "a.example", "/.../.hidden/a..b", 443, true, false,
         false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct repay_url url;
        struct repay_error error;
        CHECK_CASE(cases[i].text);
        if (!CHECK(repay_url_read(repay_text_of(cases[i].text), &url, &error))) {
            fprintf(stderr, "%s\n", error.message);
            continue;
        }
        CHECK_INT(url.tls, cases[i].tls);
        CHECK_INT(url.host_is_ipv6, cases[i].ipv6);
        CHECK_TEXT_IS(url.host, cases[i].host);
        CHECK_INT(url.port, cases[i].port);
        CHECK_INT(url.port_given, cases[i].port_given);
        CHECK_TEXT_IS(url.path, cases[i].path);
    }
    CHECK_CASE(NULL);
}

static void refuses_other_urls(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "it is empty"},
        {"a.example", "it must begin with https://"},
        {"//a.example", "it must begin with https://"},
        {"https:", "it must begin with https://"},
        {"https:/a.example", "it must begin with https://"},
        {"https:a.example", "it must begin with https://"},
        {"ftp://a.example", "it must begin with https://"},
        {"file:///etc/passwd", "it must begin with https://"},
        {"javascript://a.example", "it must begin with https://"},
        {"httpss://a.example", "it must begin with https://"},
        {"://a.example", "it must begin with https://"},
        {"a.example:443", "it must begin with https://"},
        {" https://a.example", "it may hold visible ASCII only, without blanks and control bytes"},
        {"https://a.example ", "it may hold visible ASCII only, without blanks and control bytes"},
        {"https://a.ex\tample", "it may hold visible ASCII only, without blanks and control bytes"},
        {"https://a.example\r\nX: y",
         "it may hold visible ASCII only, without blanks and control bytes"},
        {"https://a.example/\x7f",
         "it may hold visible ASCII only, without blanks and control bytes"},
        {"https://m\xc3\xbcnchen.example",
         "it may hold visible ASCII only, without blanks and control bytes"},
        {"https:\\\\a.example", "it holds a backslash, which some readers take for a slash"},
        {"https://a.example\\@evil.example",
         "it holds a backslash, which some readers take for a slash"},
        {"https://a.example?x=y", "it has a query; a base URL ends with the path"},
        {"https://a.example/v1?", "it has a query; a base URL ends with the path"},
        {"https://a.example#x", "it has a fragment; a base URL ends with the path"},
        {"https://a.example/v1#", "it has a fragment; a base URL ends with the path"},
        {"https://user@a.example",
         "it holds user information; credentials have options of their own"},
        {"https://user:hunter2@a.example",
         "it holds user information; credentials have options of their own"},
        {"https://@a.example", "it holds user information; credentials have options of their own"},
        {"https://a.example:x@evil.example/",
         "it holds user information; credentials have options of their own"},
        {"https://", "the host is missing"},
        {"https:///path", "the host is missing"},
        {"https://:443", "the host is missing"},
        {"https://localhost.", "the host begins or ends with a dot, or has two in a row"},
        {"https://a.example.", "the host begins or ends with a dot, or has two in a row"},
        {"https://.example", "the host begins or ends with a dot, or has two in a row"},
        {"https://a..example", "the host begins or ends with a dot, or has two in a row"},
        {"https://-a.example", "a part of the host begins or ends with a hyphen"},
        {"https://a-.example", "a part of the host begins or ends with a hyphen"},
        {"https://a%2eexample",
         "the host may hold letters, digits, hyphens, underscores and dots only"},
        {"https://a*.example",
         "the host may hold letters, digits, hyphens, underscores and dots only"},
        {"https://{tenant}.example",
         "the host may hold letters, digits, hyphens, underscores and dots only"},
        {"https://a,b.example",
         "the host may hold letters, digits, hyphens, underscores and dots only"},
        {"https://::1", "the host is missing"},
        {"https://127.1", "a host that ends in a number must be four numbers from 0 to 255"},
        {"https://2130706433", "a host that ends in a number must be four numbers from 0 to 255"},
        {"https://0x7f.0.0.1", "a host that ends in a number must be four numbers from 0 to 255"},
        {"https://0x7f000001", "a host that ends in a number must be four numbers from 0 to 255"},
        {"https://1.2.3.0X4", "a host that ends in a number must be four numbers from 0 to 255"},
        {"https://0177.0.0.1", "a host that ends in a number must be four numbers from 0 to 255"},
        {"https://127.0.0.01", "a host that ends in a number must be four numbers from 0 to 255"},
        {"https://1.2.3.256", "a host that ends in a number must be four numbers from 0 to 255"},
        {"https://1.2.3.4.5", "a host that ends in a number must be four numbers from 0 to 255"},
        {"https://a.example.1", "a host that ends in a number must be four numbers from 0 to 255"},
        {"https://a.example:", "the port must be a number from 1 to 65535"},
        {"https://a.example:/x", "the port must be a number from 1 to 65535"},
        {"https://a.example:0", "the port must be a number from 1 to 65535"},
        {"https://a.example:65536", "the port must be a number from 1 to 65535"},
        {"https://a.example:99999", "the port must be a number from 1 to 65535"},
        {"https://a.example:123456", "the port must be a number from 1 to 65535"},
        {"https://a.example:080", "the port must be a number from 1 to 65535"},
        {"https://a.example:+80", "the port must be a number from 1 to 65535"},
        {"https://a.example:8o", "the port must be a number from 1 to 65535"},
        {"https://a.example:80:80", "the port must be a number from 1 to 65535"},
        {"https://[::1", "the bracket around the host is not closed"},
        {"https://[::1]x", "the port must be a number from 1 to 65535"},
        {"https://[::1]:", "the port must be a number from 1 to 65535"},
        {"https://[]", "what stands in brackets is not an IPv6 address"},
        {"https://[127.0.0.1]", "what stands in brackets is not an IPv6 address"},
        {"https://[localhost]", "what stands in brackets is not an IPv6 address"},
        {"https://[fe80::1%25eth0]", "what stands in brackets is not an IPv6 address"},
        {"https://[::1", "the bracket around the host is not closed"},
        {"https://a.example]",
         "the host may hold letters, digits, hyphens, underscores and dots only"},
        {"https://a.example//v1", "the path has two slashes in a row"},
        {"https://a.example/v1//x", "the path has two slashes in a row"},
        {"https://a.example/.", "the path has a segment \".\" or \"..\""},
        {"https://a.example/v1/../x", "the path has a segment \".\" or \"..\""},
        {"https://a.example/v1/%2e%2E/x", "the path has a segment \".\" or \"..\""},
        {"https://a.example/v1/.%2e", "the path has a segment \".\" or \"..\""},
        {"https://a.example/%",
         "a percent sign in the path is not followed by two hexadecimal digits"},
        {"https://a.example/%4",
         "a percent sign in the path is not followed by two hexadecimal digits"},
        {"https://a.example/%4/1",
         "a percent sign in the path is not followed by two hexadecimal digits"},
        {"https://a.example/%zz",
         "a percent sign in the path is not followed by two hexadecimal digits"},
        {"https://a.example/%0d%0aX", "the path holds an encoded control byte"},
        {"https://a.example/%00", "the path holds an encoded control byte"},
        {"https://a.example/\"", "the path holds a byte that must be percent-encoded"},
        {"https://a.example/{id}", "the path holds a byte that must be percent-encoded"},
        {"https://a.example/a|b", "the path holds a byte that must be percent-encoded"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct repay_url url = {.port = 777};
        struct repay_error error;
        char message[200];
        CHECK_CASE(cases[i].text);
        snprintf(message, sizeof message, "base_url: %s", cases[i].message);
        CHECK(!repay_url_read(repay_text_of(cases[i].text), &url, &error));
        CHECK_INT(error.kind, REPAY_KIND_CONFIG);
        CHECK_TEXT(error.message, message);
        CHECK_TEXT(error.field, "base_url");
        CHECK_INT(url.port, 777);
    }
    CHECK_CASE(NULL);
}

static void http_is_for_loopback_only(void)
{
    static const char *const texts[] = {
        "http://a.example",
        "http://127.0.0.1.evil.com",
        "http://localhost.evil.com",
        "http://notlocalhost",
        "http://128.0.0.1",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://[::2]",
        "http://[::ffff:127.0.0.1]",
        "http://[1::1]",
        "HTTP://A.EXAMPLE:8080/x",
        "http://localhost_",
        "http://ip6-localhost",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct repay_url url;
        struct repay_error error;
        CHECK_CASE(texts[i]);
        CHECK(!repay_url_read(repay_text_of(texts[i]), &url, &error));
        CHECK_INT(error.kind, REPAY_KIND_CONFIG);
        CHECK_TEXT(error.message, "base_url: http is for loopback only, because it shows "
                                  "credentials to every machine on the way; use https");
    }
    CHECK_CASE(NULL);
}

static void long_urls(void)
{
    char text[REPAY_URL_MAX + 2];
    struct repay_url url;
    struct repay_error error;

    memset(text, 'a', sizeof text);
    snprintf(text, sizeof text, "https://h/");
    text[10] = 'a'; /* where the terminator is */
    CHECK(repay_url_read((struct repay_text){text, REPAY_URL_MAX}, &url, &error));
    CHECK_INT(url.path.length, REPAY_URL_MAX - 9);
    CHECK(!repay_url_read((struct repay_text){text, REPAY_URL_MAX + 1}, &url, &error));
    CHECK_TEXT(error.message, "base_url: it is longer than 2048 bytes");
    text[9] = 'h';
    CHECK(!repay_url_read((struct repay_text){text, 8 + REPAY_HOST_LABEL_MAX + 1}, &url, &error));
    CHECK_TEXT(error.message, "base_url: a part of the host is longer than 63 bytes");
    CHECK(repay_url_read((struct repay_text){text, 8 + REPAY_HOST_LABEL_MAX}, &url, &error));
    for (size_t i = 9; i < sizeof text; i += 2)
        text[i] = '.';
    CHECK(repay_url_read((struct repay_text){text, 8 + REPAY_HOST_MAX}, &url, &error));
    CHECK(!repay_url_read((struct repay_text){text, 8 + REPAY_HOST_MAX + 2}, &url, &error));
    CHECK_TEXT(error.message, "base_url: the host is longer than 253 bytes");
    /* A NUL is a control byte like any other, not an end. */
    CHECK(!repay_url_read((struct repay_text){"https://a\0.b", 12}, &url, &error));
    CHECK_TEXT(error.message,
               "base_url: it may hold visible ASCII only, without blanks and control bytes");
}

static void knows_loopback(void)
{
    static const char *const loopback[] = {
        "localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1", "0::1", "0000:0:0:0::0.0.0.1"};
    static const char *const others[] = {
        "",          "localhost.", "localhos", "127.0.0.1.", "127.1", "127.0.0.256",
        "126.0.0.1", "::",         "::2",      "1::",        "[::1]", ":1",
        "::1::",     "1",          "::1%lo",   "::0.0.0.2",
    };

    for (size_t i = 0; i < sizeof loopback / sizeof loopback[0]; i++) {
        CHECK_CASE(loopback[i]);
        CHECK(repay_host_is_loopback(repay_text_of(loopback[i])));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        CHECK_CASE(others[i]);
        CHECK(!repay_host_is_loopback(repay_text_of(others[i])));
    }
    CHECK_CASE(NULL);
}

static void reads_ipv6_forms(void)
{
    static const char *const good[] = {
        "::",
        "1::",
        "::1",
        "1::8",
        "1:2:3:4:5:6:7:8",
        "::2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "1:2:3::7:8",
        "ABCD:ef01::",
        "1:2:3:4:5:6:1.2.3.4",
        "::1.2.3.4",
        "1::1.2.3.4",
    };
    static const char *const bad[] = {
        ":",
        ":::",
        "1",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1::2::3",
        "12345::",
        "g::",
        "1:",
        ":1",
        "1:2:3:4:5:6:7:",
        "1.2.3.4",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::1.2.3",
        "::1.2.3.4:5",
        "::1.2.3.04",
        "::256.1.1.1",
        "1:::2",
        "::1 ",
        "::-1",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct repay_url url;
        struct repay_error error;
        char text[80];
        CHECK_CASE(good[i]);
        int length = snprintf(text, sizeof text, "https://[%s]", good[i]);
        CHECK(repay_url_read((struct repay_text){text, (size_t)length}, &url, &error));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct repay_url url;
        struct repay_error error;
        char text[80];
        CHECK_CASE(bad[i]);
        int length = snprintf(text, sizeof text, "https://[%s]", bad[i]);
        CHECK(!repay_url_read((struct repay_text){text, (size_t)length}, &url, &error));
    }
    CHECK_CASE(NULL);
}

static void encodes_segments(void)
{
    static const struct {
        const char *segment, *encoded;
    } cases[] = {
        {"LOAN_ABC123", "LOAN_ABC123"},
        {"a-b.c_d~e", "a-b.c_d~e"},
        {"...", "..."},
        {".a", ".a"},
        {"a/b", "a%2Fb"},
        {"../x", "..%2Fx"},
        {"a b", "a%20b"},
        {"100%", "100%25"},
        {"%2e%2e", "%252e%252e"},
        {"?x=y&z#w", "%3Fx%3Dy%26z%23w"},
        {"a:b@c;d,e+f", "a%3Ab%40c%3Bd%2Ce%2Bf"},
        {"caf\xc3\xa9", "caf%C3%A9"},
        {"\xff\\", "%FF%5C"},
    };
    struct repay_bytes bytes;
    struct repay_error error;

    repay_bytes_init(&bytes, &test.allocator, 1000);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        repay_bytes_clear(&bytes);
        CHECK(repay_url_append_segment(&bytes, repay_text_of(cases[i].segment), "loan_id", &error));
        CHECK_TEXT_IS(repay_bytes_text(&bytes), cases[i].encoded);
    }
    repay_bytes_free(&bytes);
}

static void refuses_segments(void)
{
    static const struct {
        struct repay_text segment;
        const char *message;
    } cases[] = {
        {{"", 0}, "loan_id is empty"},
        {{NULL, 0}, "loan_id is empty"},
        {{".", 1}, "loan_id is \".\" or \"..\", which would leave the route"},
        {{"..", 2}, "loan_id is \".\" or \"..\", which would leave the route"},
        {{"a\0b", 3}, "loan_id holds a control byte"},
        {{"a\r\nb", 4}, "loan_id holds a control byte"},
        {{"a\x7f", 2}, "loan_id holds a control byte"},
    };
    struct repay_bytes bytes;
    struct repay_error error;

    repay_bytes_init(&bytes, &test.allocator, 1000);
    repay_bytes_append_string(&bytes, "/v1/");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK(!repay_url_append_segment(&bytes, cases[i].segment, "loan_id", &error));
        CHECK_INT(error.kind, REPAY_KIND_INVALID_ARGUMENT);
        CHECK_TEXT(error.message, cases[i].message);
        CHECK_TEXT(error.field, "loan_id");
        CHECK_TEXT_IS(repay_bytes_text(&bytes), "/v1/");
    }
    repay_bytes_free(&bytes);
    repay_bytes_init(&bytes, &test.allocator, 10);
    CHECK(!repay_url_append_segment(&bytes, REPAY_TEXT("12345678901"), "loan_id", &error));
    CHECK_INT(error.kind, REPAY_KIND_INVALID_ARGUMENT);
    CHECK_TEXT(error.message, "the request is larger than 10 bytes");
    repay_bytes_free(&bytes);
    test_allocator_fail(&test, 1, false);
    CHECK(!repay_url_append_segment(&bytes, REPAY_TEXT("1"), "loan_id", &error));
    CHECK_INT(error.kind, REPAY_KIND_MEMORY);
    repay_bytes_free(&bytes);
}

static void encodes_queries(void)
{
    struct repay_bytes bytes;

    repay_bytes_init(&bytes, &test.allocator, 60);
    CHECK(repay_url_append_query(&bytes, "channel", REPAY_TEXT("a b&c"), true));
    CHECK(repay_url_append_query(&bytes, "merchant_id", REPAY_TEXT("x=1/\xc3\xa9"), false));
    CHECK(repay_url_append_query(&bytes, "e", REPAY_NO_TEXT, false));
    CHECK_TEXT_IS(repay_bytes_text(&bytes), "?channel=a%20b%26c&merchant_id=x%3D1%2F%C3%A9&e=");
    CHECK(!repay_url_append_query(&bytes, "name", REPAY_TEXT("\xff\xff\xff\xff\xff"), false));
    CHECK(bytes.failed);
    repay_bytes_free(&bytes);
}

int main(void)
{
    test_allocator_init(&test);
    reads_base_urls();
    refuses_other_urls();
    http_is_for_loopback_only();
    long_urls();
    knows_loopback();
    reads_ipv6_forms();
    encodes_segments();
    refuses_segments();
    encodes_queries();
    test_allocator_end(&test);
    return CHECK_REPORT();
}
