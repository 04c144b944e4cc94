/*
 * Any text as a base URL, as a path segment and as a query value: what is taken apart goes together
 * again, what is encoded decodes to itself and can mean nothing else on the way.
 */
#include "must.h"
#include "request.h"
#include "url.h"

static int lies_within(struct repay_text whole, struct repay_text part)
{
    return part.length == 0 ||
           (part.data >= whole.data && part.data + part.length <= whole.data + whole.length);
}

static void join(const struct repay_url *url, struct repay_bytes *out)
{
    repay_bytes_append_string(out, url->tls ? "https://" : "http://");
    if (url->host_is_ipv6)
        repay_bytes_append_byte(out, '[');
    repay_bytes_append_text(out, url->host);
    if (url->host_is_ipv6)
        repay_bytes_append_byte(out, ']');
    repay_bytes_append_byte(out, ':');
    repay_bytes_append_integer(out, url->port);
    repay_bytes_append_text(out, url->path);
}

static void check_url(struct repay_text text)
{
    struct repay_url url = {.port = 77};
    struct repay_url again;
    struct repay_error error;
    struct repay_bytes joined;

    if (!repay_url_read(text, &url, &error)) {
        MUST(error.kind == REPAY_KIND_CONFIG && error.message[0] != '\0' && url.port == 77);
        return;
    }
    MUST(url.host.length > 0 && url.port > 0);
    MUST(lies_within(text, url.host) && lies_within(text, url.path));
    MUST(url.tls || repay_host_is_loopback(url.host));
    MUST(url.path.length == 0 ||
         (url.path.data[0] == '/' && url.path.data[url.path.length - 1] != '/'));
    /* Host and path go into the request as they are, so they must be fit for it. */
    MUST(!repay_header_value_fault(url.host));
    MUST(url.path.length == 0 || !repay_header_value_fault(url.path));
    repay_bytes_init(&joined, &must_allocator, REPAY_URL_MAX);
    join(&url, &joined);
    if (!joined.failed) {
        MUST(repay_url_read(repay_bytes_text(&joined), &again, &error));
        MUST(again.tls == url.tls && again.port == url.port && again.port_given);
        MUST(again.host_is_ipv6 == url.host_is_ipv6);
        MUST(repay_text_equal(again.host, url.host) && repay_text_equal(again.path, url.path));
    }
    repay_bytes_free(&joined);
}

static int hex_value(char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *found = byte ? strchr(digits, byte) : NULL;

    MUST(found != NULL);
    return (int)(found - digits);
}

/* The encoded text must hold unreserved bytes and escapes only, and say the plain one. */
static void must_decode(struct repay_text encoded, struct repay_text plain)
{
    size_t at = 0;

    for (size_t i = 0; i < plain.length; i++) {
        char byte = plain.data[i];
        MUST(at < encoded.length);
        if (encoded.data[at] != '%') {
            MUST(encoded.data[at] == byte);
            MUST((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                 (byte >= '0' && byte <= '9') || (byte && strchr("-._~", byte)));
            at++;
            continue;
        }
        MUST(encoded.length - at >= 3);
        int value = hex_value(encoded.data[at + 1]) * 16 + hex_value(encoded.data[at + 2]);
        MUST(value == (unsigned char)byte);
        at += 3;
    }
    MUST(at == encoded.length);
}

static void check_encoding(struct repay_text text)
{
    struct repay_bytes out;
    struct repay_error error;

    repay_bytes_init(&out, &must_allocator, 3 * text.length + 3);
    if (repay_url_append_segment(&out, text, "id", &error)) {
        must_decode(repay_bytes_text(&out), text);
        MUST(!repay_text_is(text, ".") && !repay_text_is(text, ".."));
    } else {
        MUST(error.kind == REPAY_KIND_INVALID_ARGUMENT && out.length == 0);
    }
    repay_bytes_clear(&out);
    MUST(repay_url_append_query(&out, "q", text, false));
    must_decode((struct repay_text){out.data + 3, out.length - 3}, text);
    repay_bytes_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct repay_text text = {(const char *)data, size};

    check_url(text);
    check_encoding(text);
    /* Any answer will do, if it is one. */
    (void)repay_host_is_loopback(text);
    return 0;
}
