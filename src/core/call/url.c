/*
 * Base URLs taken apart, paths and queries put together. See url.h.
 *
 * Owns what a legal base URL is and what is percent-encoded. Refuses everything that two readers of
 * a URL could see differently: user information, backslashes, blanks, numbers that are addresses to
 * some and names to others, segments that a server would fold away.
 */
#include "url.h"

#define IPV4_BYTES 4
#define IPV6_BYTES 16

static bool refuse(struct repay_error *error, const char *why)
{
    return repay_error_set_field(error, REPAY_KIND_CONFIG, "base_url", "base_url: %s", why);
}

static bool is_letter(char byte)
{
    char lower = repay_text_lower(byte);

    return lower >= 'a' && lower <= 'z';
}

/* RFC 3986's unreserved: what never needs encoding and means the same encoded or not. */
static bool is_unreserved(char byte)
{
    /* A bit for each of the 256 bytes: digits, "-", "."; letters, "_", "~". */
    static const uint64_t unreserved[4] = {UINT64_C(0x03ff600000000000),
                                           UINT64_C(0x47fffffe87fffffe), 0, 0};
    unsigned char at = (unsigned char)byte;

    return (unreserved[at >> 6] >> (at & 63) & 1) != 0;
}

static struct repay_text text_after(struct repay_text text, size_t count)
{
    return (struct repay_text){text.data + count, text.length - count};
}

static struct repay_text text_before(struct repay_text text, size_t count)
{
    return (struct repay_text){text.data, count};
}

/* Where the byte first is, or the length. */
static size_t find_byte(struct repay_text text, char byte)
{
    const char *found = text.length > 0 ? memchr(text.data, byte, text.length) : NULL;

    return found ? (size_t)(found - text.data) : text.length;
}

/* Four decimal numbers without leading zeros, the only form that every reader takes alike. */
static bool read_ipv4(struct repay_text text, unsigned char address[IPV4_BYTES])
{
    size_t at = 0;

    for (size_t i = 0; i < IPV4_BYTES; i++) {
        if (i > 0 && (at >= text.length || text.data[at++] != '.'))
            return false;
        size_t first = at;
        int value = 0;
        while (at < text.length && repay_is_digit(text.data[at]) && at - first < 3)
            value = value * 10 + (text.data[at++] - '0');
        if (at == first || value > 255 || (at - first > 1 && text.data[first] == '0'))
            return false;
        address[i] = (unsigned char)value;
    }
    return at == text.length;
}

/* Up to four hexadecimal digits from `at` on; moves `at` past them. */
static bool read_group(struct repay_text text, size_t *at, unsigned *value)
{
    size_t first = *at;

    *value = 0;
    while (*at < text.length && *at - first < 4 && repay_hex_value(text.data[*at]) >= 0)
        *value = *value << 4 | (unsigned)repay_hex_value(text.data[(*at)++]);
    return *at > first;
}

/*
 * RFC 4291's text forms: eight groups, one run of zero groups as "::", an IPv4 address for the last
 * two. Zone names ("%eth0") are refused: they mean something on one machine only.
 */
static bool read_ipv6(struct repay_text text, unsigned char address[IPV6_BYTES])
{
    unsigned char read[IPV6_BYTES] = {0};
    size_t filled = 0;
    size_t gap = IPV6_BYTES + 1; /* where "::" stood */
    size_t at = 0;

    if (text.length >= 2 && text.data[0] == ':' && text.data[1] == ':') {
        gap = 0;
        at = 2;
    }
    while (at < text.length) {
        unsigned value;
        struct repay_text rest = text_after(text, at);
        if (filled <= IPV6_BYTES - IPV4_BYTES && find_byte(rest, ':') == rest.length &&
            read_ipv4(rest, read + filled)) {
            filled += IPV4_BYTES;
            break;
        }
        if (filled == IPV6_BYTES || !read_group(text, &at, &value))
            return false;
        read[filled++] = (unsigned char)(value >> 8);
        read[filled++] = (unsigned char)value;
        if (at == text.length)
            break;
        if (text.data[at++] != ':' || at == text.length)
            return false;
        if (text.data[at] == ':') {
            if (gap <= IPV6_BYTES)
                return false;
            gap = filled;
            at++;
        }
    }
    bool has_gap = gap <= IPV6_BYTES;
    if (has_gap ? filled >= IPV6_BYTES : filled != IPV6_BYTES)
        return false;
    memset(address, 0, IPV6_BYTES);
    size_t head = has_gap ? gap : filled;
    memcpy(address, read, head);
    memcpy(address + IPV6_BYTES - (filled - head), read + head, filled - head);
    return true;
}

/* Whether a label is what some readers take for a number: digits, or 0x and hexadecimal digits. */
static bool is_numeric_label(struct repay_text label)
{
    bool hex = label.length >= 2 && label.data[0] == '0' && repay_text_lower(label.data[1]) == 'x';

    for (size_t i = hex ? 2 : 0; i < label.length; i++) {
        if (hex ? repay_hex_value(label.data[i]) < 0 : !repay_is_digit(label.data[i]))
            return false;
    }
    return true;
}

static const char *label_fault(struct repay_text label)
{
    if (label.length == 0)
        return "the host begins or ends with a dot, or has two in a row";
    if (label.length > REPAY_HOST_LABEL_MAX)
        return "a part of the host is longer than 63 bytes";
    if (label.data[0] == '-' || label.data[label.length - 1] == '-')
        return "a part of the host begins or ends with a hyphen";
    for (size_t i = 0; i < label.length; i++) {
        char byte = label.data[i];
        if (!is_letter(byte) && !repay_is_digit(byte) && byte != '-' && byte != '_')
            return "the host may hold letters, digits, hyphens, underscores and dots only";
    }
    return NULL;
}

/* What is wrong with a host that is not in brackets, or NULL. */
static const char *name_fault(struct repay_text host)
{
    struct repay_text rest = host;
    struct repay_text label;
    unsigned char address[IPV4_BYTES];

    if (host.length == 0)
        return "the host is missing";
    if (host.length > REPAY_HOST_MAX)
        return "the host is longer than 253 bytes";
    for (;;) {
        size_t dot = find_byte(rest, '.');
        label = text_before(rest, dot);
        const char *fault = label_fault(label);
        if (fault)
            return fault;
        if (dot == rest.length)
            break;
        rest = text_after(rest, dot + 1);
    }
    if (is_numeric_label(label) && !read_ipv4(host, address))
        return "a host that ends in a number must be four numbers from 0 to 255";
    return NULL;
}

bool repay_host_is_loopback(struct repay_text host)
{
    static const unsigned char loopback[IPV6_BYTES] = {[IPV6_BYTES - 1] = 1};
    unsigned char address[IPV6_BYTES];

    if (repay_text_equal_fold(host, REPAY_TEXT("localhost")))
        return true;
    if (read_ipv4(host, address))
        return address[0] == 127;
    return read_ipv6(host, address) && memcmp(address, loopback, IPV6_BYTES) == 0;
}

/* One path segment as written in a base URL: RFC 3986's pchar, and no way out of the route. */
static const char *segment_fault(struct repay_text segment)
{
    size_t dots = 0;
    size_t length = 0;

    for (size_t i = 0; i < segment.length; i++, length++) {
        char byte = segment.data[i];
        if (byte == '%') {
            if (segment.length - i < 3 || repay_hex_value(segment.data[i + 1]) < 0 ||
                repay_hex_value(segment.data[i + 2]) < 0)
                return "a percent sign in the path is not followed by two hexadecimal digits";
            byte = (char)(repay_hex_value(segment.data[i + 1]) * 16 +
                          repay_hex_value(segment.data[i + 2]));
            if ((unsigned char)byte < 0x20 || byte == 0x7f)
                return "the path holds an encoded control byte";
            i += 2;
        } else if (!is_unreserved(byte) && !(byte != '\0' && strchr("!$&'()*+,;=:@", byte))) {
            return "the path holds a byte that must be percent-encoded";
        }
        dots += byte == '.';
    }
    if (length == 0)
        return "the path has two slashes in a row";
    if (dots == length && dots <= 2)
        return "the path has a segment \".\" or \"..\"";
    return NULL;
}

static const char *path_fault(struct repay_text path)
{
    while (path.length > 0) {
        struct repay_text rest = text_after(path, 1); /* every path here begins with a slash */
        size_t slash = find_byte(rest, '/');
        const char *fault = segment_fault(text_before(rest, slash));
        if (fault)
            return fault;
        path = text_after(rest, slash);
    }
    return NULL;
}

static bool read_port(struct repay_text text, uint16_t *port)
{
    unsigned value = 0;

    if (text.length == 0 || text.length > 5 || text.data[0] == '0')
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (!repay_is_digit(text.data[i]))
            return false;
        value = value * 10 + (unsigned)(text.data[i] - '0');
    }
    if (value > UINT16_MAX)
        return false;
    *port = (uint16_t)value;
    return true;
}

/* Host and port, from what stands between "//" and the next slash. */
static const char *read_authority(struct repay_text authority, struct repay_url *url)
{
    struct repay_text after_host;
    unsigned char address[IPV6_BYTES];

    if (authority.length > 0 && authority.data[0] == '[') {
        size_t bracket = find_byte(authority, ']');
        if (bracket == authority.length)
            return "the bracket around the host is not closed";
        url->host = (struct repay_text){authority.data + 1, bracket - 1};
        url->host_is_ipv6 = true;
        if (!read_ipv6(url->host, address))
            return "what stands in brackets is not an IPv6 address";
        after_host = text_after(authority, bracket + 1);
    } else {
        size_t colon = find_byte(authority, ':');
        url->host = text_before(authority, colon);
        const char *fault = name_fault(url->host);
        if (fault)
            return fault;
        after_host = text_after(authority, colon);
    }
    if (after_host.length == 0)
        return NULL;
    if (after_host.data[0] != ':' || !read_port(text_after(after_host, 1), &url->port))
        return "the port must be a number from 1 to 65535";
    url->port_given = true;
    return NULL;
}

/* Bytes that stand nowhere in a base URL, with what they would have meant. */
static const char *bytes_fault(struct repay_text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];
        if (byte <= ' ' || byte > '~')
            return "it may hold visible ASCII only, without blanks and control bytes";
        if (byte == '\\')
            return "it holds a backslash, which some readers take for a slash";
        if (byte == '?')
            return "it has a query; a base URL ends with the path";
        if (byte == '#')
            return "it has a fragment; a base URL ends with the path";
    }
    return NULL;
}

bool repay_url_read(struct repay_text text, struct repay_url *out, struct repay_error *error)
{
    struct repay_url url = {.tls = true, .port = 443};

    if (text.length == 0)
        return refuse(error, "it is empty");
    if (text.length > REPAY_URL_MAX)
        return refuse(error, "it is longer than 2048 bytes");
    const char *fault = bytes_fault(text);
    if (fault)
        return refuse(error, fault);
    size_t scheme = find_byte(text, ':');
    if (text.length - scheme < 3 || text.data[scheme + 1] != '/' || text.data[scheme + 2] != '/')
        return refuse(error, "it must begin with https://");
    if (repay_text_equal_fold(text_before(text, scheme), REPAY_TEXT("http"))) {
        url.tls = false;
        url.port = 80;
    } else if (!repay_text_equal_fold(text_before(text, scheme), REPAY_TEXT("https"))) {
        return refuse(error, "it must begin with https://");
    }
    struct repay_text rest = text_after(text, scheme + 3);
    size_t slash = find_byte(rest, '/');
    if (find_byte(rest, '@') < slash)
        return refuse(error, "it holds user information; credentials have options of their own");
    fault = read_authority(text_before(rest, slash), &url);
    if (fault)
        return refuse(error, fault);
    url.path = text_after(rest, slash);
    while (url.path.length > 0 && url.path.data[url.path.length - 1] == '/')
        url.path.length--;
    fault = path_fault(url.path);
    if (fault)
        return refuse(error, fault);
    if (!url.tls && !repay_host_is_loopback(url.host))
        return refuse(error, "http is for loopback only, because it shows credentials to every "
                             "machine on the way; use https");
    *out = url;
    return true;
}

static bool append_encoded(struct repay_bytes *out, struct repay_text text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t plain_from = 0;

    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (is_unreserved(text.data[i]))
            continue;
        char encoded[3] = {'%', digits[byte >> 4], digits[byte & 15]};
        repay_bytes_append(out, text.data + plain_from, i - plain_from);
        repay_bytes_append(out, encoded, sizeof encoded);
        plain_from = i + 1;
    }
    if (plain_from < text.length)
        repay_bytes_append(out, text.data + plain_from, text.length - plain_from);
    return !out->failed;
}

static bool refuse_segment(struct repay_error *error, const char *field, const char *why)
{
    return repay_error_set_field(error, REPAY_KIND_INVALID_ARGUMENT, field, "%s %s", field, why);
}

bool repay_url_append_segment(struct repay_bytes *out, struct repay_text segment, const char *field,
                              struct repay_error *error)
{
    if (segment.length == 0)
        return refuse_segment(error, field, "is empty");
    if (repay_text_is(segment, ".") || repay_text_is(segment, ".."))
        return refuse_segment(error, field, "is \".\" or \"..\", which would leave the route");
    for (size_t i = 0; i < segment.length; i++) {
        if ((unsigned char)segment.data[i] < 0x20 || segment.data[i] == 0x7f)
            return refuse_segment(error, field, "holds a control byte");
    }
    return append_encoded(out, segment) || repay_bytes_error(out, "the request", error);
}

bool repay_url_append_query(struct repay_bytes *out, const char *name, struct repay_text value,
                            bool first)
{
    repay_bytes_append_byte(out, first ? '?' : '&');
    repay_bytes_append_string(out, name);
    repay_bytes_append_byte(out, '=');
    return append_encoded(out, value);
}
