/*
 * Any bytes as the fields of a payment: the key is always a UUID of version 8, blanks around a
 * field change nothing, and fields that are cut elsewhere are another payment.
 */
#include "must.h"
#include "payment_key.h"

#define FIELDS 8

static void check_form(const char *key)
{
    MUST(strlen(key) == REPAY_UUID_TEXT);
    MUST(key[14] == '8' && strchr("89ab", key[19]) != NULL);
    for (int i = 0; i < REPAY_UUID_TEXT; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

        MUST(is_dash ? key[i] == '-' : strchr("0123456789abcdef", key[i]) != NULL);
    }
}

static struct repay_natural natural_of(const struct repay_text fields[FIELDS], int64_t amount_minor)
{
    return (struct repay_natural){fields[0], fields[1], fields[2], fields[3],    fields[4],
                                  fields[5], fields[6], fields[7], amount_minor, 1};
}

static void check_blanks(const struct repay_text fields[FIELDS], int64_t amount_minor,
                         const char *key)
{
    struct repay_text padded[FIELDS];
    unsigned char digest[REPAY_DIGEST_SIZE];
    char with_blanks[REPAY_UUID_TEXT + 1];
    struct repay_natural natural;
    char room[512];

    memcpy(padded, fields, sizeof padded);
    if (fields[3].length + 4 > sizeof room)
        return;
    memcpy(room, " \t", 2);
    if (fields[3].length > 0)
        memcpy(room + 2, fields[3].data, fields[3].length);
    memcpy(room + 2 + fields[3].length, "\r\n", 2);
    padded[3] = (struct repay_text){room, fields[3].length + 4};
    natural = natural_of(padded, amount_minor);
    repay_payment_key(&natural, digest, with_blanks);
    MUST(strcmp(with_blanks, key) == 0);
}

/* The last byte of one field becomes the first of the next: the joined bytes are the same. */
static void check_cuts(const struct repay_text fields[FIELDS], int64_t amount_minor,
                       const char *key)
{
    for (int i = 0; i + 1 < FIELDS; i++) {
        struct repay_text moved[FIELDS];
        unsigned char digest[REPAY_DIGEST_SIZE];
        char other[REPAY_UUID_TEXT + 1];
        struct repay_natural natural;

        memcpy(moved, fields, sizeof moved);
        if (moved[i].length == 0)
            continue;
        moved[i].length--;
        moved[i + 1].data = moved[i].data + moved[i].length;
        moved[i + 1].length++;
        /* Blanks are cut and letters of UUIDs folded, so compare what is left of both. */
        if (repay_text_equal_fold(repay_text_trimmed(moved[i]), repay_text_trimmed(fields[i])))
            continue;
        natural = natural_of(moved, amount_minor);
        repay_payment_key(&natural, digest, other);
        MUST(strcmp(other, key) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct repay_text fields[FIELDS] = {REPAY_NO_TEXT};
    const char *bytes = (const char *)data;
    unsigned char digest[REPAY_DIGEST_SIZE];
    char key[REPAY_UUID_TEXT + 1];
    struct repay_natural natural;
    int64_t amount_minor = 0;
    size_t start = 0;
    int field = 0;

    if (size > 2048)
        return 0;
    for (size_t at = 0; at <= size && field < FIELDS; at++) {
        if (at < size && bytes[at] != '|')
            continue;
        fields[field++] = (struct repay_text){bytes + start, at - start};
        start = at + 1;
    }
    if (start + sizeof amount_minor <= size)
        memcpy(&amount_minor, bytes + start, sizeof amount_minor);
    natural = natural_of(fields, amount_minor);
    repay_payment_key(&natural, digest, key);
    check_form(key);
    check_blanks(fields, amount_minor, key);
    check_cuts(fields, amount_minor, key);
    return 0;
}
