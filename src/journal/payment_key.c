/*
 * Owns the canonical form of a payment and the UUIDs of the journal. Refuses defaults: what the
 * caller did not give is marked as absent, so that a later default cannot change a key.
 */
#include "payment_key.h"

#include "sha256.h"

/* The form of the fields below. Another order or another field is another version. */
#define KEY_FORM REPAY_TEXT("repay payment key 1")

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

struct repay_text repay_text_trimmed(struct repay_text text)
{
    while (text.length > 0 && is_blank(text.data[0])) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.data[text.length - 1]))
        text.length--;
    return text;
}

static void add_field(struct repay_sha256 *hash, struct repay_text field)
{
    char lower[REPAY_UUID_TEXT];

    field = repay_text_trimmed(field);
    if (field.length == 0) {
        repay_sha256_add_absent(hash);
        return;
    }
    if (repay_uuid_is(field)) {
        for (size_t i = 0; i < sizeof lower; i++)
            lower[i] = repay_text_lower(field.data[i]);
        field = (struct repay_text){lower, sizeof lower};
    }
    repay_sha256_add_text(hash, field);
}

void repay_payment_key(const struct repay_natural *natural,
                       unsigned char natural_key[REPAY_DIGEST_SIZE], char key[REPAY_UUID_TEXT + 1])
{
    unsigned char digest[REPAY_DIGEST_SIZE];
    struct repay_sha256 hash;

    repay_sha256_init(&hash);
    repay_sha256_add_text(&hash, KEY_FORM);
    add_field(&hash, natural->provider);
    add_field(&hash, natural->environment);
    add_field(&hash, natural->customer);
    add_field(&hash, natural->account);
    add_field(&hash, natural->installment);
    repay_sha256_add_integer(&hash, natural->amount_minor);
    add_field(&hash, natural->currency);
    add_field(&hash, natural->payment_date);
    add_field(&hash, natural->reference);
    repay_sha256_add_integer(&hash, natural->ordinal);
    repay_sha256_end(&hash, digest);
    memcpy(natural_key, digest, sizeof digest);
    repay_uuid_write_version(digest, 8, key);
}

/*
 * The clock of a maker never goes back: while the system's does, the last moment stays and the
 * counter grows, and when that is full the moment does. A new moment starts its counter at chance,
 * in the lower half, so that two makers rarely meet.
 */
static void advance(struct repay_uuid_clock *clock, int64_t unix_ms, const unsigned char *chance)
{
    if (unix_ms > clock->ms) {
        clock->ms = unix_ms;
        clock->counter = ((uint32_t)chance[0] << 8 | chance[1]) & 0x7ff;
        return;
    }
    clock->counter++;
    if (clock->counter > 0xfff) {
        clock->ms++;
        clock->counter = 0;
    }
}

void repay_uuid_v7(struct repay_uuid_clock *clock, int64_t unix_ms, const unsigned char chance[10],
                   char out[REPAY_UUID_TEXT + 1])
{
    unsigned char bytes[16];

    advance(clock, unix_ms, chance);
    for (unsigned i = 0; i < 6; i++)
        bytes[i] = (unsigned char)((uint64_t)clock->ms >> (40 - 8 * i));
    bytes[6] = (unsigned char)(clock->counter >> 8);
    bytes[7] = (unsigned char)clock->counter;
    memcpy(bytes + 8, chance + 2, 8);
    repay_uuid_write_version(bytes, 7, out);
}
