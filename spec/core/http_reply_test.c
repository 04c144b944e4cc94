/*
 * Replies as bytes: every case is fed whole, byte by byte and cut at every place, and must tell the
 * same story each time.
 */
#include "http_reply.h"
#include "check.h"
#include "test_allocator.h"

#include <stdlib.h>

static struct test_allocator test;

#define STORY_MAX (1u << 20)

/* What the sink was told, in one text: "200;name=value;…|body". */
struct story {
    char *text; /* STORY_MAX bytes */
    size_t length;
    bool in_body;
    int calls_left; /* the sink refuses when this is 0; negative: never */
    enum repay_http_state state;
    struct repay_error error;
    bool reusable;
};

static void tell(struct story *story, const char *data, size_t length)
{
    if (length > STORY_MAX - story->length)
        length = STORY_MAX - story->length;
    memcpy(story->text + story->length, data, length);
    story->length += length;
}

static bool goes_on(struct story *story)
{
    if (story->calls_left > 0)
        story->calls_left--;
    return story->calls_left != 0;
}

static bool on_head(void *context, int status)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%d;", status);

    tell(context, text, (size_t)length);
    return goes_on(context);
}

static bool on_field(void *context, struct repay_text name, struct repay_text value)
{
    tell(context, name.data, name.length);
    tell(context, "=", 1);
    tell(context, value.data, value.length);
    tell(context, ";", 1);
    return goes_on(context);
}

static bool on_body(void *context, const char *data, size_t length)
{
    struct story *story = context;

    CHECK(length > 0);
    if (!story->in_body)
        tell(story, "|", 1);
    story->in_body = true;
    tell(story, data, length);
    return goes_on(story);
}

/* Feeds `text` in pieces: up to `cut`, then the rest; cut 0 feeds byte by byte. */
static void run(struct repay_text text, size_t cut, bool ends, struct story *story)
{
    const struct repay_http_sink sink = {on_head, on_field, on_body, story};
    struct repay_http_reply reply;
    enum repay_http_state state = REPAY_HTTP_MORE;

    repay_error_clear(&story->error);
    story->length = 0;
    story->in_body = false;
    repay_http_reply_init(&reply, &test.allocator, &sink);
    for (size_t at = 0; at < text.length;) {
        size_t size = cut == 0 ? 1 : at < cut && cut < text.length ? cut - at : text.length - at;
        /* A piece of its own exact size, so that a sanitizer sees every byte read past it. */
        char *piece = malloc(size);
        memcpy(piece, text.data + at, size);
        state = repay_http_reply_feed(&reply, piece, size, &story->error);
        free(piece);
        at += size;
    }
    if (ends)
        state = repay_http_reply_end(&reply, &story->error);
    story->state = state;
    story->reusable = repay_http_reply_reusable(&reply);
    repay_http_reply_free(&reply);
    repay_http_reply_free(&reply);
}

static bool same_story(const struct story *a, const struct story *b)
{
    return a->state == b->state && a->reusable == b->reusable && a->length == b->length &&
           memcmp(a->text, b->text, a->length) == 0 && a->error.kind == b->error.kind &&
           a->error.http_status == b->error.http_status &&
           strcmp(a->error.message, b->error.message) == 0;
}

/* The whole reply's story, after holding that no way of cutting it tells another. */
static struct story *story_of(struct repay_text text, bool ends)
{
    static struct story whole, pieces;

    if (!whole.text) {
        whole.text = malloc(STORY_MAX);
        pieces.text = malloc(STORY_MAX);
    }
    whole.calls_left = -1;
    pieces.calls_left = -1;
    run(text, text.length, ends, &whole);
    run(text, 0, ends, &pieces);
    CHECK(same_story(&whole, &pieces));
    for (size_t cut = 1; cut < text.length && text.length < 2000; cut++) {
        run(text, cut, ends, &pieces);
        if (!CHECK(same_story(&whole, &pieces)))
            break;
    }
    return &whole;
}

struct good_case {
    const char *reply, *story;
    bool reusable;
};

static void reads_replies(void)
{
    static const struct good_case cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200;Content-Length=5;|hello", true},
        {"HTTP/1.1 200 \r\ncontent-length:5\r\n\r\nhello", "200;content-length=5;|hello", true},
        {"HTTP/1.1 200\r\nCONTENT-LENGTH:\t 5 \t\r\n\r\nhello", "200;CONTENT-LENGTH=5;|hello",
         true},
        {"HTTP/1.1 404 Not Found \xe2\x80\x94 really\r\nContent-Length: 0\r\n\r\n",
         "404;Content-Length=0;", true},
        {"HTTP/1.1 500 a\tb\r\nContent-Length: 0\r\n\r\n", "500;Content-Length=0;", true},
        {"HTTP/1.1 599 x\r\nContent-Length: 0\r\n\r\n", "599;Content-Length=0;", true},
        {"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n", "200;Content-Length=0;", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
         "200;Content-Length=2;Content-Length=2;|ab", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0002\r\nContent-Length: 2\r\n\r\nab",
         "200;Content-Length=0002;Content-Length=2;|ab", true},
        {"HTTP/1.1 200 OK\nContent-Length: 2\n\nab", "200;Content-Length=2;|ab", true},
        /* field values */
        {"HTTP/1.1 204 x\r\nRetry-After: 5\r\nX: a b\tc\r\nEmpty:\r\nBlank: \t \r\nHigh: "
         "\xff\xe9\r\n"
         "Colon: a:b\r\n\r\n",
         "204;Retry-After=5;X=a b\tc;Empty=;Blank=;High=\xff\xe9;Colon=a:b;", true},
        {"HTTP/1.1 204 x\r\n!#$%&'*+-.^_`|~0aZ: v\r\n\r\n", "204;!#$%&'*+-.^_`|~0aZ=v;", true},
        /* no body, whatever the length says */
        {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "204;Content-Length=5;", true},
        {"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
         "304;Transfer-Encoding=chunked;", true},
        /* skipped heads */
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
         "200;Content-Length=1;|a", true},
        {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 77\r\nTransfer-Encoding: "
         "gzip\r\n"
         "Connection: close\r\n\r\nHTTP/1.1 102 x\r\n\r\nHTTP/1.1 204 x\r\n\r\n",
         "204;", true},
        /* connection */
        {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
         "200;Connection=close;Content-Length=1;|a", false},
        {"HTTP/1.1 204 x\r\nConnection: keep-alive, CLOSE\r\n\r\n",
         "204;Connection=keep-alive, CLOSE;", false},
        {"HTTP/1.1 204 x\r\nConnection: ,close ,\r\n\r\n", "204;Connection=,close ,;", false},
        {"HTTP/1.1 204 x\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n",
         "204;Connection=close;Connection=keep-alive;", false},
        {"HTTP/1.1 204 x\r\nConnection: closed, x-close\r\n\r\n", "204;Connection=closed, x-close;",
         true},
        {"HTTP/1.1 204 x\r\nConnection:\r\n\r\n", "204;Connection=;", true},
        {"HTTP/1.0 204 x\r\n\r\n", "204;", false},
        {"HTTP/1.0 204 x\r\nConnection: keep-alive\r\n\r\n", "204;Connection=keep-alive;", false},
        /* chunked */
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
         "200;Transfer-Encoding=chunked;|hello", true},
        {"HTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n",
         "200;transfer-encoding=CHUNKED;", true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00a;x=\"y\";z\r\n0123456789\r\n"
         "F\r\nabcdefghijklmno\r\n1\r\n\n\r\n000;last\r\n\r\n",
         "200;Transfer-Encoding=chunked;|0123456789abcdefghijklmno\n", true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n"
         "Content-Length: 9\r\nConnection: close\r\n\r\n",
         "200;Transfer-Encoding=chunked;|a", true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_CASE(cases[i].reply);
        struct story *story = story_of(repay_text_of(cases[i].reply), false);
        CHECK_INT(story->state, REPAY_HTTP_DONE);
        CHECK_TEXT_IS(((struct repay_text){story->text, story->length}), cases[i].story);
        CHECK_INT(story->reusable, cases[i].reusable);
        CHECK_INT(story->error.kind, REPAY_KIND_NONE);
        /* The connection may end after it, and is of no use then. */
        story = story_of(repay_text_of(cases[i].reply), true);
        CHECK_INT(story->state, REPAY_HTTP_DONE);
        CHECK(!story->reusable);
    }
    CHECK_CASE(NULL);
}

/* Every reply above, cut anywhere before its end, is one that wants more or one that was lost. */
static void waits_for_the_rest(void)
{
    static const struct {
        const char *reply;
        const char *message;
    } cases[] = {
        {"", "the connection ended: before the reply began"},
        {"H", "the connection ended: inside the reply's head"},
        {"HTTP/1.1 200", "the connection ended: inside the reply's head"},
        {"HTTP/1.1 200 OK\r\n", "the connection ended: inside the reply's head"},
        {"HTTP/1.1 200 OK\r\nContent-Len", "the connection ended: inside the reply's head"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r",
         "the connection ended: inside the reply's head"},
        {"HTTP/1.1 100 x\r\n\r\n", "the connection ended: inside the reply's head"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
         "the connection ended: before the reply's body was whole"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
         "the connection ended: before the reply's body was whole"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nhell",
         "the connection ended: before the reply's body was whole"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
         "the connection ended: before the reply's body was whole"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5",
         "the connection ended: before the reply's body was whole"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\nx",
         "the connection ended: before the reply's body was whole"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello",
         "the connection ended: before the reply's body was whole"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
         "the connection ended: before the reply's body was whole"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
         "the connection ended: before the reply's body was whole"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n",
         "the connection ended: before the reply's body was whole"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_CASE(cases[i].reply);
        struct story *story = story_of(repay_text_of(cases[i].reply), false);
        CHECK_INT(story->state, REPAY_HTTP_MORE);
        CHECK(!story->reusable);
        story = story_of(repay_text_of(cases[i].reply), true);
        CHECK_INT(story->state, REPAY_HTTP_BAD);
        CHECK_INT(story->error.kind, REPAY_KIND_CONNECTION_LOST);
        CHECK_TEXT(story->error.message, cases[i].message);
        CHECK(!story->reusable);
    }
    CHECK_CASE(NULL);
}

static void a_body_may_end_with_the_connection(void)
{
    struct repay_text text = REPAY_TEXT("HTTP/1.1 200 OK\r\nX: y\r\n\r\n{\"a\":\r\n1}");
    struct story *story = story_of(text, false);

    CHECK_INT(story->state, REPAY_HTTP_MORE);
    story = story_of(text, true);
    CHECK_INT(story->state, REPAY_HTTP_DONE);
    CHECK_TEXT_IS(((struct repay_text){story->text, story->length}), "200;X=y;|{\"a\":\r\n1}");
    CHECK(!story->reusable);
    story = story_of(REPAY_TEXT("HTTP/1.0 200 OK\r\n\r\n"), true);
    CHECK_INT(story->state, REPAY_HTTP_DONE);
    CHECK_TEXT_IS(((struct repay_text){story->text, story->length}), "200;");
}

static void bytes_after_the_end_spoil_the_connection(void)
{
    static const char *const replies[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 204 x\r\n\r\n\n",
        "HTTP/1.1 204 x\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n0\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        CHECK_CASE(replies[i]);
        struct story *story = story_of(repay_text_of(replies[i]), false);
        CHECK_INT(story->state, REPAY_HTTP_DONE);
        CHECK(!story->reusable);
        CHECK_INT(story->error.kind, REPAY_KIND_NONE);
    }
    CHECK_CASE(NULL);
}

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define CHUNKS  OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"

static void refuses_what_is_not_http(void)
{
    static const struct {
        const char *reply, *why;
        int status;
    } cases[] = {
        {"\r\nHTTP/1.1 200 OK\r\n\r\n", "the status line", 0},
        {"HTTP/2 200\r\n\r\n", "the status line", 0},
        {"HTTP/2.0 200 OK\r\n\r\n", "the status line", 0},
        {"HTTP/0.9 200 OK\r\n\r\n", "the status line", 0},
        {"HTTP/1.x 200 OK\r\n\r\n", "the status line", 0},
        {"HTTP/1.11 200 OK\r\n\r\n", "the status line", 0},
        {"http/1.1 200 OK\r\n\r\n", "the status line", 0},
        {"ICY 200 OK\r\n\r\n", "the status line", 0},
        {"<html>", "the status line", 0},
        {"\x16\x03\x01", "the status line", 0},
        {"HTTP/1.1\r\n\r\n", "the status line", 0},
        {"HTTP/1.1 \r\n\r\n", "the status line", 0},
        {"HTTP/1.1 20\r\n\r\n", "the status line", 0},
        {"HTTP/1.1 2000\r\n\r\n", "the status line", 0},
        {"HTTP/1.1  200 OK\r\n\r\n", "the status line", 0},
        {"HTTP/1.1\t200 OK\r\n\r\n", "the status line", 0},
        {"HTTP/1.1 200OK\r\n\r\n", "the status line", 0},
        {"HTTP/1.1 +20 OK\r\n\r\n", "the status line", 0},
        {"HTTP/1.1 -20 OK\r\n\r\n", "the status line", 0},
        {"HTTP/1.1 2e2 OK\r\n\r\n", "the status line", 0},
        {"HTTP/1.1 200 O\x01K\r\n\r\n", "the status line", 0},
        {"HTTP/1.1 200 OK\r\r\n\r\n", "the status line", 0},
        {"HTTP/1.1 200 O\rK\r\n\r\n", "the status line", 0},
        {"HTTP/1.1 000 x\r\n\r\n", "a status outside 100 to 599", 0},
        {"HTTP/1.1 099 x\r\n\r\n", "a status outside 100 to 599", 0},
        {"HTTP/1.1 600 x\r\n\r\n", "a status outside 100 to 599", 0},
        {"HTTP/1.1 999 x\r\n\r\n", "a status outside 100 to 599", 0},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
         "a change of protocol that was not asked for", 0},
        {"HTTP/1.1 100 x\r\n\r\nnonsense", "the status line", 0},
        {"HTTP/1.1 100 x\r\nbad name: y\r\n\r\n", "a header name", 0},
        {OK_HEAD "X: a\r\n folded\r\n\r\n", "a folded header line", 200},
        {OK_HEAD "X: a\r\n\tfolded\r\n\r\n", "a folded header line", 200},
        {OK_HEAD " X: a\r\n\r\n", "a folded header line", 200},
        {OK_HEAD "no colon\r\n\r\n", "a header name", 200},
        {OK_HEAD "nocolon\r\n\r\n", "a header name", 200},
        {OK_HEAD ": v\r\n\r\n", "a header name", 200},
        {OK_HEAD "X : v\r\n\r\n", "a header name", 200},
        {OK_HEAD "X\t: v\r\n\r\n", "a header name", 200},
        {OK_HEAD "X Y: v\r\n\r\n", "a header name", 200},
        {OK_HEAD "X\xe9: v\r\n\r\n", "a header name", 200},
        {OK_HEAD "(X): v\r\n\r\n", "a header name", 200},
        {OK_HEAD "\r: v\r\n\r\n", "a header name", 200},
        {OK_HEAD "X: a\rb\r\n\r\n", "a control byte in a header value", 200},
        {OK_HEAD "X: a\r\r\n\r\n", "a control byte in a header value", 200},
        {OK_HEAD "X: a\x0b\r\n\r\n", "a control byte in a header value", 200},
        {OK_HEAD "X: a\x7f\r\n\r\n", "a control byte in a header value", 200},
        {OK_HEAD "Content-Length:\r\n\r\n", "an empty Content-Length", 200},
        {OK_HEAD "Content-Length: +5\r\n\r\nhello", "a Content-Length that is not digits alone",
         200},
        {OK_HEAD "Content-Length: -5\r\n\r\nhello", "a Content-Length that is not digits alone",
         200},
        {OK_HEAD "Content-Length: 5 5\r\n\r\nhello", "a Content-Length that is not digits alone",
         200},
        {OK_HEAD "Content-Length: 5, 5\r\n\r\nhello", "a Content-Length that is not digits alone",
         200},
        {OK_HEAD "Content-Length: 0x5\r\n\r\nhello", "a Content-Length that is not digits alone",
         200},
        {OK_HEAD "Content-Length: 5.0\r\n\r\nhello", "a Content-Length that is not digits alone",
         200},
        {OK_HEAD "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
         "two different Content-Length fields", 200},
        {OK_HEAD "Content-Length: 0\r\nContent-Length: 6\r\n\r\nhello",
         "two different Content-Length fields", 200},
        {OK_HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "Content-Length and Transfer-Encoding together", 200},
        {OK_HEAD "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
         "Content-Length and Transfer-Encoding together", 200},
        {OK_HEAD "Transfer-Encoding: gzip\r\n\r\n", "a Transfer-Encoding other than chunked", 200},
        {OK_HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n",
         "a Transfer-Encoding other than chunked", 200},
        {OK_HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n",
         "a Transfer-Encoding other than chunked", 200},
        {OK_HEAD "Transfer-Encoding: chunked;x\r\n\r\n", "a Transfer-Encoding other than chunked",
         200},
        {OK_HEAD "Transfer-Encoding: identity\r\n\r\n", "a Transfer-Encoding other than chunked",
         200},
        {OK_HEAD "Transfer-Encoding:\r\n\r\n", "a Transfer-Encoding other than chunked", 200},
        {OK_HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
         "two Transfer-Encoding fields", 200},
        {CHUNKS "\r\n", "a chunk size", 200},
        {CHUNKS "x\r\n", "a chunk size", 200},
        {CHUNKS "+5\r\nhello\r\n", "a chunk size", 200},
        {CHUNKS "-5\r\nhello\r\n", "a chunk size", 200},
        {CHUNKS " 5\r\nhello\r\n", "a chunk size", 200},
        {CHUNKS "5 \r\nhello\r\n", "a chunk size", 200},
        {CHUNKS "5 ;x\r\nhello\r\n", "a chunk size", 200},
        {CHUNKS "0x5\r\nhello\r\n", "a chunk size", 200},
        {CHUNKS "5;x\x01\r\nhello\r\n", "a chunk size", 200},
        {CHUNKS "5;a\rb\r\nhello\r\n", "a chunk size", 200},
        {CHUNKS "5\nhello\r\n", "a line of the chunked coding that does not end in CRLF", 200},
        {CHUNKS "5\r\nhello\n0\r\n\r\n", "a line of the chunked coding that does not end in CRLF",
         200},
        {CHUNKS "5\r\nhello!\r\n", "a chunk that is longer than its size", 200},
        {CHUNKS "5\r\nhello!!!", "a chunk that is longer than its size", 200},
        {CHUNKS "5\r\nhello 0\r\n\r\n", "a chunk that is longer than its size", 200},
        {CHUNKS "0\r\nno colon\r\n\r\n", "a header name", 200},
        {CHUNKS "0\r\n folded: x\r\n\r\n", "a folded header line", 200},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char message[200];
        CHECK_CASE(cases[i].reply);
        snprintf(message, sizeof message, "the reply is malformed: %s", cases[i].why);
        struct story *story = story_of(repay_text_of(cases[i].reply), false);
        CHECK_INT(story->state, REPAY_HTTP_BAD);
        CHECK_INT(story->error.kind, REPAY_KIND_BAD_RESPONSE);
        CHECK_TEXT(story->error.message, message);
        CHECK_INT(story->error.http_status, cases[i].status);
        CHECK(!story->reusable);
        /* The end of the connection adds nothing to that. */
        story = story_of(repay_text_of(cases[i].reply), true);
        CHECK_INT(story->state, REPAY_HTTP_BAD);
        CHECK_TEXT(story->error.message, message);
    }
    CHECK_CASE(NULL);
    struct story *story = story_of(REPAY_TEXT(OK_HEAD "X: a\0b\r\n\r\n"), false);
    CHECK_TEXT(story->error.message, "the reply is malformed: a control byte in a header value");
    story = story_of(REPAY_TEXT(OK_HEAD "X\0: a\r\n\r\n"), false);
    CHECK_TEXT(story->error.message, "the reply is malformed: a header name");
}

static void check_too_large(struct repay_text text, const char *why)
{
    char message[200];
    struct story *story = story_of(text, false);

    snprintf(message, sizeof message, "the reply is too large: %s", why);
    CHECK_INT(story->state, REPAY_HTTP_BAD);
    CHECK_INT(story->error.kind, REPAY_KIND_TOO_LARGE);
    CHECK_TEXT(story->error.message, message);
}

/* `count` times the same bytes between a beginning and an end. Owned by the caller. */
static char *repeated(const char *begin, const char *middle, size_t count, const char *end)
{
    size_t length = strlen(begin) + strlen(middle) * count + strlen(end);
    char *text = malloc(length + 1);
    char *at = text;

    memcpy(at, begin, strlen(begin));
    at += strlen(begin);
    for (size_t i = 0; i < count; i++, at += strlen(middle))
        memcpy(at, middle, strlen(middle));
    memcpy(at, end, strlen(end) + 1);
    return text;
}

static void check_repeated(const char *begin, const char *middle, size_t count, const char *end,
                           const char *why)
{
    char *text = repeated(begin, middle, count, end);

    if (why) {
        check_too_large(repay_text_of(text), why);
    } else {
        struct story *story = story_of(repay_text_of(text), false);
        CHECK_INT(story->state, REPAY_HTTP_DONE);
        CHECK_TEXT(story->error.message, "");
    }
    free(text);
}

static void holds_its_limits(void)
{
    static const char head[] = "a head over 32 KiB";
    static const char count[] = "more than 100 header fields";
    /* 17 bytes before the value and 4 after it make a head of exactly 32 KiB. */
    const char *status = "HTTP/1.1 204\r\n";

    check_repeated("HTTP/1.1 204\r\nX: ", "a", REPAY_HTTP_HEAD_MAX - 17 - 4, "\r\n\r\n", NULL);
    check_repeated("HTTP/1.1 204\r\nX: ", "a", REPAY_HTTP_HEAD_MAX - 17 - 3, "\r\n\r\n", head);
    check_repeated("HTTP/1.1 204\r\nX: ", "a", REPAY_HTTP_HEAD_MAX * 2, "\r\n\r\n", head);
    check_repeated("HTTP/1.1 204\r\nX: ", "a", REPAY_HTTP_HEAD_MAX * 2, "", head);
    check_repeated("HTTP/1.1 204 ", "a", REPAY_HTTP_HEAD_MAX, "", head);
    check_repeated("HTTP/1.1 204 ", "a", REPAY_HTTP_HEAD_MAX, "\r\n\r\n", head);
    check_repeated("HTTP/1.1", "x", REPAY_HTTP_HEAD_MAX, "", head);
    check_repeated(status, "a: b\r\n", REPAY_HTTP_FIELDS_MAX, "\r\n", NULL);
    check_repeated(status, "a: b\r\n", REPAY_HTTP_FIELDS_MAX + 1, "\r\n", count);
    /* Skipped heads and trailers count too, or they would be without end. */
    check_repeated("", "HTTP/1.1 100 x\r\n\r\n", 2000, "HTTP/1.1 204 x\r\n\r\n", head);
    check_repeated("", "HTTP/1.1 100 x\r\n\r\n", 1000, "HTTP/1.1 204 x\r\n\r\n", NULL);
    check_repeated("", "HTTP/1.1 100 x\r\na: b\r\n\r\n", 101, "HTTP/1.1 204 x\r\n\r\n", count);
    check_repeated(CHUNKS "0\r\n", "a: b\r\n", REPAY_HTTP_FIELDS_MAX - 1, "\r\n", NULL);
    check_repeated(CHUNKS "0\r\n", "a: b\r\n", REPAY_HTTP_FIELDS_MAX, "\r\n", count);
    check_repeated(CHUNKS "0\r\nX: ", "a", REPAY_HTTP_HEAD_MAX, "\r\n\r\n", head);
    check_repeated(CHUNKS "0;", "x", REPAY_HTTP_CHUNK_LINE_MAX - 4, "\r\n\r\n", NULL);
    check_repeated(CHUNKS "0;", "x", REPAY_HTTP_CHUNK_LINE_MAX - 3, "\r\n\r\n",
                   "a chunk size line over 1024 bytes");
    check_repeated(CHUNKS "", "0", REPAY_HTTP_CHUNK_LINE_MAX * 3, "",
                   "a chunk size line over 1024 bytes");
    check_repeated(CHUNKS "", "0", 1000, "\r\n\r\n", NULL);
    check_repeated(CHUNKS "1", "0", 15, "\r\n", "a chunk size beyond 60 bits");
    check_repeated(OK_HEAD "Content-Length: ", "9", 19, "\r\n\r\n",
                   "a Content-Length beyond 64 bits");
    check_repeated(OK_HEAD "Content-Length: ", "9", 300, "\r\n\r\n",
                   "a Content-Length beyond 64 bits");
    check_repeated(OK_HEAD "Content-Length: ", "0", 300, "\r\n\r\n", NULL);
    check_repeated(CHUNKS, "1\r\nx\r\n", 20000, "0\r\n\r\n", NULL);
    /* Garbage is told from its first byte, not after 32 KiB of it. */
    char *garbage = repeated("", "x", REPAY_HTTP_HEAD_MAX * 2, "\n");
    struct story *story = story_of(repay_text_of(garbage), false);
    CHECK_INT(story->error.kind, REPAY_KIND_BAD_RESPONSE);
    CHECK_TEXT(story->error.message, "the reply is malformed: the status line");
    free(garbage);
}

static void an_endless_line_costs_32_kib(void)
{
    static const struct repay_http_sink sink = {NULL, NULL, NULL, NULL};
    struct repay_http_reply reply;
    struct repay_error error;
    char piece[1000];
    enum repay_http_state state = REPAY_HTTP_MORE;

    memset(piece, 'x', sizeof piece);
    repay_http_reply_init(&reply, &test.allocator, &sink);
    repay_http_reply_feed(&reply, "HTTP/1.1 100 ", 13, &error);
    test.peak_bytes = 0;
    for (int i = 0; i < 10000; i++)
        state = repay_http_reply_feed(&reply, piece, sizeof piece, &error);
    CHECK_INT(state, REPAY_HTTP_BAD);
    CHECK_INT(error.kind, REPAY_KIND_TOO_LARGE);
    CHECK(test.peak_bytes <= 2 * REPAY_HTTP_HEAD_MAX); /* old and new place while it moves */
    CHECK(test.live_bytes <= REPAY_HTTP_HEAD_MAX);
    repay_http_reply_free(&reply);
}

static void the_sink_may_stop_it(void)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "1\r\nx\r\n1\r\ny\r\n0\r\n\r\n";
    static const char *const told[] = {
        "200;",
        "200;A=1;",
        "200;A=1;Transfer-Encoding=chunked;",
        "200;A=1;Transfer-Encoding=chunked;|x",
        "200;A=1;Transfer-Encoding=chunked;|xy",
    };
    struct story story = {.text = malloc(STORY_MAX)};

    for (int calls = 1; calls <= 5; calls++) {
        for (size_t cut = 0; cut < sizeof text; cut++) {
            story.calls_left = calls;
            run(REPAY_TEXT(text), cut, cut % 2 == 0, &story);
            CHECK_INT(story.state, REPAY_HTTP_STOPPED);
            CHECK_TEXT_IS(((struct repay_text){story.text, story.length}), told[calls - 1]);
            CHECK_INT(story.error.kind, REPAY_KIND_NONE);
            CHECK(!story.reusable);
        }
    }
    story.calls_left = 6;
    run(REPAY_TEXT(text), 0, false, &story);
    CHECK_INT(story.state, REPAY_HTTP_DONE);
    CHECK(story.reusable);
    free(story.text);
}

static void a_refusal_stands(void)
{
    struct story story = {.text = malloc(STORY_MAX), .calls_left = -1};
    const struct repay_http_sink sink = {on_head, on_field, on_body, &story};
    struct repay_http_reply reply;
    struct repay_error error;

    repay_http_reply_init(&reply, &test.allocator, &sink);
    CHECK_INT(repay_http_reply_feed(&reply, NULL, 0, &error), REPAY_HTTP_MORE);
    CHECK_INT(repay_http_reply_feed(&reply, "x", 1, &error), REPAY_HTTP_BAD);
    repay_error_clear(&error);
    CHECK_INT(repay_http_reply_feed(&reply, "HTTP/1.1 204 x\r\n\r\n", 18, &error), REPAY_HTTP_BAD);
    CHECK_INT(repay_http_reply_end(&reply, &error), REPAY_HTTP_BAD);
    CHECK_INT(error.kind, REPAY_KIND_NONE);
    CHECK_INT(story.length, 0);
    repay_http_reply_free(&reply);
    free(story.text);
}

static void survives_every_failed_allocation(void)
{
    struct story story = {.text = malloc(STORY_MAX)};
    char *text = repeated(OK_HEAD "X: ", "a", 5000, "\r\nContent-Length: 1\r\n\r\nb");
    unsigned long nth = 0;

    do {
        story.calls_left = -1;
        test_allocator_fail(&test, ++nth, false);
        run(repay_text_of(text), 0, true, &story);
        if (test.failures == 0)
            break;
        CHECK_INT(story.state, REPAY_HTTP_BAD);
        CHECK_INT(story.error.kind, REPAY_KIND_MEMORY);
        CHECK_TEXT(story.error.message, "out of memory: while reading a reply");
    } while (nth < 100);
    CHECK_INT(story.state, REPAY_HTTP_DONE);
    CHECK_INT(nth, 9); /* 64 bytes to 8 KiB, then one run that needs no more */
    test_allocator_fail(&test, 0, false);
    /* A reply that comes in one piece is read where it lies. */
    unsigned long before = test.requests;
    run(repay_text_of(text), strlen(text), true, &story);
    CHECK_INT(test.requests - before, 0);
    CHECK_INT(story.state, REPAY_HTTP_DONE);
    free(text);
    free(story.text);
}

/* Values are looked at eight bytes at a time: every byte at every place of some of each length. */
static void refuses_control_bytes_wherever_they_are(void)
{
    struct story story = {.text = malloc(STORY_MAX), .calls_left = -1};
    unsigned wrong = 0;

    for (unsigned length = 1; length <= 26; length++) {
        for (unsigned place = 0; place < length; place++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                char reply[128];
                char *at = stpcpy(reply, OK_HEAD "X: ");
                bool is_control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
                /* These would end the line. */
                if (byte == '\n' || (byte == '\r' && place + 1 == length))
                    continue;
                memset(at, 'v', length);
                at[place] = (char)byte;
                at = stpcpy(at + length, "\r\nContent-Length: 0\r\n\r\n");
                size_t size = (size_t)(at - reply);
                run((struct repay_text){reply, size}, size, false, &story);
                wrong += story.state != (is_control ? REPAY_HTTP_BAD : REPAY_HTTP_DONE);
            }
        }
    }
    CHECK_INT(wrong, 0);
    free(story.text);
}

/* With a length of nothing such a reply is whole; with the length unread it waits for a body. */
static bool ends_with_its_head(const char *name)
{
    struct story story = {.text = malloc(STORY_MAX), .calls_left = -1};
    char reply[128];

    (void)snprintf(reply, sizeof reply, OK_HEAD "%s: 0\r\n\r\n", name);
    run(repay_text_of(reply), strlen(reply), false, &story);
    free(story.text);
    return story.state == REPAY_HTTP_DONE;
}

static void knows_a_name_in_any_case_and_no_other(void)
{
    static const char length[] = "content-length";
    char name[sizeof length];

    for (unsigned capitals = 0; capitals < 1u << (sizeof length - 1); capitals += 7) {
        for (size_t i = 0; i < sizeof length; i++) {
            bool is_letter = length[i] >= 'a' && length[i] <= 'z';
            name[i] = (char)(is_letter && (capitals >> i & 1) != 0 ? length[i] - 0x20 : length[i]);
        }
        CHECK(ends_with_its_head(name));
    }
    for (size_t i = 0; i + 1 < sizeof length; i++) {
        for (int bit = 0; bit < 8; bit++) {
            memcpy(name, length, sizeof name);
            name[i] = (char)(name[i] ^ 1 << bit);
            CHECK(ends_with_its_head(name) == (1 << bit == 0x20 && name[i] != '\r'));
        }
    }
    CHECK(!ends_with_its_head("content-lengt"));
    CHECK(!ends_with_its_head("content-lengthy"));
}

int main(void)
{
    test_allocator_init(&test);
    reads_replies();
    waits_for_the_rest();
    a_body_may_end_with_the_connection();
    bytes_after_the_end_spoil_the_connection();
    refuses_what_is_not_http();
    holds_its_limits();
    an_endless_line_costs_32_kib();
    the_sink_may_stop_it();
    a_refusal_stands();
    survives_every_failed_allocation();
    refuses_control_bytes_wherever_they_are();
    knows_a_name_in_any_case_and_no_other();
    test_allocator_end(&test);
    return CHECK_REPORT();
}
