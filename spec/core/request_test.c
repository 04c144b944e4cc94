/*
 * One request: the bytes that come out, what a header may hold, and that nothing of it stays.
 */
#include "request.h"
#include "check.h"
#include "test_allocator.h"

static struct test_allocator test;

static bool build_post(struct repay_request *request, struct repay_error *error)
{
    repay_request_begin_target(request, REPAY_METHOD_POST);
    repay_bytes_append_string(&request->bytes, "/user/repay-loan/7?x=1");
    repay_request_end_target(request);
    if (!repay_request_add_header(request, "Host", REPAY_TEXT("a.example"), false, error) ||
        !repay_request_add_header(request, "X-Auth-Token", REPAY_TEXT("s3cret token"), true, error))
        return false;
    repay_request_begin_body(request);
    repay_bytes_append_string(&request->bytes, "{\"amount\":50000}");
    return repay_request_end_body(request, error) && repay_request_end(request, error);
}

static const char post_text[] = "POST /user/repay-loan/7?x=1 HTTP/1.1\r\n"
                                "Host: a.example\r\n"
                                "X-Auth-Token: s3cret token\r\n"
                                "Content-Type: application/json\r\n"
                                "Content-Length: 16\r\n"
                                "\r\n"
                                "{\"amount\":50000}";

static void writes_a_write(void)
{
    struct repay_request request;
    struct repay_error error;

    repay_request_init(&request, &test.allocator);
    CHECK(build_post(&request, &error));
    CHECK_TEXT_IS(repay_request_text(&request, request.target), "/user/repay-loan/7?x=1");
    CHECK_TEXT_IS(repay_request_text(&request, request.body), "{\"amount\":50000}");
    CHECK_INT(request.header_count, 4);
    CHECK_TEXT_IS(repay_request_text(&request, request.headers[1].name), "X-Auth-Token");
    CHECK_TEXT_IS(repay_request_text(&request, request.headers[1].value), "s3cret token");
    CHECK_TEXT_IS(repay_request_text(&request, request.headers[3].name), "Content-Length");
    CHECK_TEXT_IS(repay_request_text(&request, request.headers[3].value), "16");
    CHECK(!request.headers[0].secret);
    CHECK(request.headers[1].secret);
    CHECK(!request.headers[2].secret);
    CHECK_TEXT_IS(repay_request_wire(&request), post_text);
    /* The same struct serves the next attempt. */
    CHECK(build_post(&request, &error));
    CHECK_TEXT_IS(repay_request_wire(&request), post_text);
    repay_request_free(&request);
    repay_request_free(&request);
}

static void writes_a_read(void)
{
    struct repay_request request;
    struct repay_error error;

    repay_request_init(&request, &test.allocator);
    repay_request_begin_target(&request, REPAY_METHOD_GET);
    repay_bytes_append_string(&request.bytes, "/v1/loans/L1/repayments");
    repay_request_end_target(&request);
    CHECK(repay_request_add_header(&request, "Accept", REPAY_TEXT("application/json"), false,
                                   &error));
    CHECK(repay_request_end(&request, &error));
    CHECK_TEXT_IS(repay_request_wire(&request),
                  "GET /v1/loans/L1/repayments HTTP/1.1\r\nAccept: application/json\r\n\r\n");
    CHECK_INT(request.body.length, 0);
    CHECK_INT(repay_request_text(&request, request.body).length, 0);
    repay_request_clear(&request);
    CHECK_INT(request.header_count, 0);
    CHECK_INT(request.target.length, 0);
    CHECK_INT(request.bytes.length, 0);
    repay_request_free(&request);
    CHECK_TEXT(repay_method_name(REPAY_METHOD_GET), "GET");
    CHECK_TEXT(repay_method_name(REPAY_METHOD_POST), "POST");
}

/* Bodies whose length has one digit, two, and so on up to five. */
static void tells_every_length(void)
{
    static const size_t lengths[] = {1, 9, 10, 99, 100, 999, 1000, 9999, 10000, 60000};
    static char body[60000];
    struct repay_request request;
    struct repay_error error;
    char expected[120];

    memset(body, 'x', sizeof body);
    repay_request_init(&request, &test.allocator);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct repay_text wire;
        size_t head = (size_t)snprintf(expected, sizeof expected,
                                       "POST /x HTTP/1.1\r\nContent-Type: application/json\r\n"
                                       "Content-Length: %zu\r\n\r\n",
                                       lengths[i]);
        repay_request_begin_target(&request, REPAY_METHOD_POST);
        repay_bytes_append_string(&request.bytes, "/x");
        repay_request_end_target(&request);
        repay_request_begin_body(&request);
        repay_bytes_append(&request.bytes, body, lengths[i]);
        CHECK(repay_request_end_body(&request, &error));
        CHECK(repay_request_end(&request, &error));
        wire = repay_request_wire(&request);
        CHECK_INT(wire.length, head + lengths[i]);
        CHECK(memcmp(wire.data, expected, head) == 0);
        CHECK(memcmp(wire.data + head, body, lengths[i]) == 0);
        CHECK_INT(request.body.offset, head);
        CHECK_INT(request.body.length, lengths[i]);
    }
    repay_request_free(&request);
}

static void takes_over_common_headers(void)
{
    struct repay_request common, request;
    struct repay_error error;

    repay_request_init(&common, &test.allocator);
    repay_request_init(&request, &test.allocator);
    CHECK(repay_request_add_header(&common, "Host", REPAY_TEXT("a.example"), false, &error));
    CHECK(repay_request_add_header(&common, "apikey", REPAY_TEXT("s3cret"), true, &error));
    repay_request_begin_target(&request, REPAY_METHOD_GET);
    repay_bytes_append_string(&request.bytes, "/x");
    repay_request_end_target(&request);
    CHECK(repay_request_add_headers(&request, &common, &error));
    CHECK(repay_request_add_header(&request, "X", REPAY_TEXT("y"), false, &error));
    CHECK(repay_request_end(&request, &error));
    CHECK_TEXT_IS(repay_request_wire(&request),
                  "GET /x HTTP/1.1\r\nHost: a.example\r\napikey: s3cret\r\nX: y\r\n\r\n");
    CHECK_INT(request.header_count, 3);
    CHECK_TEXT_IS(repay_request_text(&request, request.headers[0].value), "a.example");
    CHECK_TEXT_IS(repay_request_text(&request, request.headers[1].name), "apikey");
    CHECK_TEXT_IS(repay_request_text(&request, request.headers[1].value), "s3cret");
    CHECK(!request.headers[0].secret);
    CHECK(request.headers[1].secret);
    for (int i = 3; i < REPAY_HEADERS_MAX - 1; i++)
        CHECK(repay_request_add_header(&request, "X", REPAY_TEXT("y"), false, &error));
    CHECK(!repay_request_add_headers(&request, &common, &error));
    CHECK_TEXT(error.message, "the request has more than 12 headers");
    CHECK_INT(request.header_count, REPAY_HEADERS_MAX - 1);
    repay_request_free(&common);
    repay_request_free(&request);
}

static void refuses_header_values(void)
{
    static const char *const unprintable = "holds a byte that is not visible ASCII, blank or tab";
    static const char *const blanks = "begins or ends with a blank";
    const struct {
        struct repay_text value;
        const char *fault;
    } cases[] = {
        {REPAY_TEXT("a"), NULL},
        {REPAY_TEXT("a b\tc ~!\"#"), NULL},
        {REPAY_TEXT("Bearer abc.def-ghi=="), NULL},
        {REPAY_TEXT(""), "is empty"},
        {REPAY_NO_TEXT, "is empty"},
        {REPAY_TEXT(" a"), blanks},
        {REPAY_TEXT("a "), blanks},
        {REPAY_TEXT("\ta"), blanks},
        {REPAY_TEXT("a\t"), blanks},
        {REPAY_TEXT(" "), blanks},
        {REPAY_TEXT("a\r\nX-Evil: 1"), unprintable},
        {REPAY_TEXT("a\n"), unprintable},
        {REPAY_TEXT("a\r"), unprintable},
        {REPAY_TEXT("a\0b"), unprintable},
        {REPAY_TEXT("a\x1b[0m"), unprintable},
        {REPAY_TEXT("a\x7f"), unprintable},
        {REPAY_TEXT("caf\xc3\xa9"), unprintable},
        {REPAY_TEXT("\x80"), unprintable},
    };
    struct repay_request request;
    struct repay_error error;

    repay_request_init(&request, &test.allocator);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        repay_request_clear(&request);
        CHECK_TEXT(repay_header_value_fault(cases[i].value), cases[i].fault);
        bool added = repay_request_add_header(&request, "X-Key", cases[i].value, true, &error);
        CHECK_INT(added, !cases[i].fault);
        CHECK_INT(request.header_count, added);
        if (added)
            continue;
        char message[120];
        snprintf(message, sizeof message, "the value of the header X-Key %s", cases[i].fault);
        CHECK_INT(error.kind, REPAY_KIND_INVALID_ARGUMENT);
        CHECK_TEXT(error.message, message);
        CHECK_INT(request.bytes.length, 0);
    }
    repay_request_free(&request);
}

static void every_byte_of_a_value_is_judged(void)
{
    for (int byte = 0; byte < 256; byte++) {
        char value[3] = {'a', (char)byte, 'b'};
        bool legal = byte == '\t' || (byte >= ' ' && byte < 0x7f);
        CHECK_INT(repay_header_value_fault((struct repay_text){value, 3}) == NULL, legal);
    }
}

static void headers_have_a_ceiling(void)
{
    struct repay_request request;
    struct repay_error error;

    repay_request_init(&request, &test.allocator);
    for (int i = 0; i < REPAY_HEADERS_MAX; i++)
        CHECK(repay_request_add_header(&request, "X", REPAY_TEXT("y"), false, &error));
    CHECK(!repay_request_add_header(&request, "X", REPAY_TEXT("y"), false, &error));
    CHECK_INT(error.kind, REPAY_KIND_INVALID_ARGUMENT);
    CHECK_TEXT(error.message, "the request has more than 12 headers");
    CHECK_INT(request.header_count, REPAY_HEADERS_MAX);
    repay_request_free(&request);
}

static void begin_post(struct repay_request *request)
{
    repay_request_begin_target(request, REPAY_METHOD_POST);
    repay_bytes_append_string(&request->bytes, "/x");
    repay_request_end_target(request);
    repay_request_begin_body(request);
}

static void a_request_has_a_ceiling(void)
{
    static char large[REPAY_REQUEST_SIZE_MAX + 1];
    static const char *const too_large = "the request is larger than 65535 bytes";
    struct repay_request request, common;
    struct repay_error error;

    memset(large, 'x', sizeof large);
    repay_request_init(&request, &test.allocator);
    repay_request_init(&common, &test.allocator);
    CHECK(repay_request_add_header(&common, "Host", REPAY_TEXT("a"), false, &error));
    repay_request_begin_target(&request, REPAY_METHOD_GET);
    repay_bytes_append(&request.bytes, large, sizeof large);
    repay_request_end_target(&request);
    CHECK(!repay_request_add_header(&request, "Host", REPAY_TEXT("a"), false, &error));
    CHECK_INT(error.kind, REPAY_KIND_INVALID_ARGUMENT);
    CHECK_TEXT(error.message, too_large);
    CHECK(!repay_request_add_headers(&request, &common, &error));
    CHECK_TEXT(error.message, too_large);
    CHECK_INT(request.header_count, 0);
    CHECK(!repay_request_end(&request, &error));
    CHECK_TEXT(error.message, too_large);
    begin_post(&request);
    repay_bytes_append(&request.bytes, large, sizeof large);
    CHECK(!repay_request_end_body(&request, &error));
    CHECK_TEXT(error.message, too_large);
    CHECK_INT(request.body.length, 0);
    /* The longest there can be. */
    begin_post(&request);
    repay_bytes_append(&request.bytes, large, REPAY_REQUEST_SIZE_MAX - request.bytes.length);
    CHECK(repay_request_end_body(&request, &error));
    CHECK(repay_request_end(&request, &error));
    CHECK_INT(repay_request_wire(&request).length, REPAY_REQUEST_SIZE_MAX);
    repay_request_free(&request);
    repay_request_free(&common);
}

static void survives_every_failed_allocation(void)
{
    unsigned long nth = 0;
    bool done = false;

    while (!done) {
        struct repay_request request;
        struct repay_error error;
        repay_request_init(&request, &test.allocator);
        test_allocator_fail(&test, ++nth, false);
        bool built = build_post(&request, &error);
        if (!built)
            CHECK_INT(error.kind, REPAY_KIND_MEMORY);
        done = built && test.failures == 0;
        if (done)
            CHECK_TEXT_IS(repay_request_wire(&request), post_text);
        test_allocator_fail(&test, 0, false);
        repay_request_free(&request);
    }
    CHECK(nth > 2);
}

static bool is_wiped(void *context, const void *memory, size_t size)
{
    const char *bytes = memory;

    (void)context;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

int main(void)
{
    test_allocator_init(&test);
    writes_a_read();
    tells_every_length();
    takes_over_common_headers();
    headers_have_a_ceiling();
    refuses_header_values();
    every_byte_of_a_value_is_judged();
    a_request_has_a_ceiling();
    /* Every buffer wipes, so no block may come back with a byte in it. */
    test.watch = is_wiped;
    writes_a_write();
    survives_every_failed_allocation();
    test_allocator_end(&test);
    return CHECK_REPORT();
}
