/*
 * Owns the search for a session's secrets in text that came from outside: as they are,
 * percent-encoded, and in base64. Refuses to let through a secret that was cut off at the end of
 * the text. No way of writing is decoded into memory: each is compared byte by byte where it
 * stands.
 */
#include "provider.h"

#define SECRET_MIN     4 /* anything shorter is found everywhere by chance */
#define BASE64_MIN     8 /* characters: six bytes of a secret */
#define CUT_SECRET_MIN 8 /* a beginning of a secret: a text may have been cut within it */

/*
 * How many bytes of `text` the secret takes there, each of its bytes plain or as %XX. 0 when it
 * is not there. A long enough beginning counts as far as it goes, at the end of a text and within
 * it: a message may have been put together from a part that was cut.
 */
static size_t match_plain(struct repay_text text, struct repay_text secret)
{
    size_t at = 0;
    size_t i;

    for (i = 0; i < secret.length && at < text.length; i++) {
        if (text.data[at] == secret.data[i]) {
            at++;
            continue;
        }
        if (text.data[at] != '%')
            break;
        if (text.length - at < 3)
            return i >= CUT_SECRET_MIN ? text.length : 0;
        int high = repay_hex_value(text.data[at + 1]);
        int low = repay_hex_value(text.data[at + 2]);
        if (high < 0 || low < 0 || high * 16 + low != (unsigned char)secret.data[i])
            break;
        at += 3;
    }
    return i == secret.length || i >= CUT_SECRET_MIN ? at : 0;
}

/* Bit `index` of `offset` unknown bytes followed by the secret. */
static unsigned bit_of(struct repay_text secret, size_t offset, size_t index)
{
    unsigned char byte = (unsigned char)secret.data[index / 8 - offset];

    return (unsigned)byte >> (7 - index % 8) & 1u;
}

static bool is_base64_of(char byte, unsigned six_bits)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    return byte == alphabet[six_bits] || (six_bits == 62 && byte == '-') ||
           (six_bits == 63 && byte == '_');
}

/*
 * The same for base64 in both alphabets, the secret beginning `offset` bytes into a group of three.
 */
static size_t match_base64(struct repay_text text, struct repay_text secret, size_t offset)
{
    /* The first character that holds bits of the secret alone. */
    size_t first = (offset * 8 + 5) / 6;
    size_t end = (offset + secret.length) * 8 / 6;
    size_t at = 0;

    for (size_t character = first; character < end; character++, at++) {
        unsigned six_bits = 0;
        if (at == text.length)
            break;
        for (size_t bit = 0; bit < 6; bit++)
            six_bits = six_bits << 1 | bit_of(secret, offset, character * 6 + bit);
        if (!is_base64_of(text.data[at], six_bits))
            return 0;
    }
    return at >= BASE64_MIN ? at : 0;
}

static size_t match_secret(struct repay_text text, struct repay_text secret)
{
    size_t longest = match_plain(text, secret);

    for (size_t offset = 0; offset < 3; offset++) {
        size_t length = match_base64(text, secret, offset);
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* "Bearer T" is a word and a token: the token alone is the secret as well. */
static struct repay_text last_word(struct repay_text secret)
{
    size_t at = secret.length;

    while (at > 0 && secret.data[at - 1] != ' ')
        at--;
    return (struct repay_text){secret.data + at, secret.length - at};
}

static void star_secret(struct repay_text secret, char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t matched = match_secret((struct repay_text){text + at, length - at}, secret);
        if (matched == 0) {
            at++;
            continue;
        }
        memset(text + at, '*', matched);
        at += matched;
    }
}

void repay_session_redact(const struct repay_session *session, char *text, size_t length)
{
    if (!session->provider)
        return;
    for (unsigned i = 0; session->provider->settings[i].name; i++) {
        struct repay_text secret = repay_session_setting(session, i);
        struct repay_text word = last_word(secret);
        if (!session->provider->settings[i].secret || secret.length < SECRET_MIN)
            continue;
        star_secret(secret, text, length);
        if (word.length < secret.length && word.length >= SECRET_MIN)
            star_secret(word, text, length);
    }
}
