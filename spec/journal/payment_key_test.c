/*
 * Keys: the hash against published vectors, and what makes two payments one.
 */
#include "payment_key.h"

#include "check.h"
#include "sha256.h"

static struct repay_text hex_of(const unsigned char digest[REPAY_DIGEST_SIZE])
{
    static char text[2 * REPAY_DIGEST_SIZE + 1];

    for (int i = 0; i < REPAY_DIGEST_SIZE; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return repay_text_of(text);
}

static struct repay_text sha256_of(const char *text)
{
    static unsigned char digest[REPAY_DIGEST_SIZE];
    struct repay_sha256 hash;

    repay_sha256_init(&hash);
    repay_sha256_add(&hash, text, strlen(text));
    repay_sha256_end(&hash, digest);
    return hex_of(digest);
}

/* FIPS 180-4's own examples, and a million bytes in uneven parts. */
static void hashes_as_published(void)
{
    unsigned char digest[REPAY_DIGEST_SIZE];
    struct repay_sha256 hash;
    char as[1000];

    CHECK_TEXT(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK_TEXT(sha256_of("abc"),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK_TEXT(sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    repay_sha256_init(&hash);
    for (size_t left = 1000000, part = 1; left > 0; left -= part, part = part % 997 + 1) {
        if (part > left)
            part = left;
        memset(as, 'a', sizeof as);
        repay_sha256_add(&hash, as, part);
    }
    repay_sha256_end(&hash, digest);
    CHECK_TEXT(hex_of(digest), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Wherever the processor has instructions of its own for it, and where not. */
static void compresses_in_one_way(void)
{
    uint32_t ours[8] = {1, 2, 3, 4, 5, 6, 7, 8}, plain[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    unsigned char block[64] = {0};
    uint32_t chance = 1;

    for (int round = 0; round < 1000; round++) {
        for (size_t i = 0; i < sizeof block; i++) {
            chance = chance * 1664525 + 1013904223;
            block[i] = (unsigned char)(chance >> 24);
        }
        repay_sha256_compress(ours, block);
        repay_sha256_compress_plainly(plain, block);
    }
    CHECK(memcmp(ours, plain, sizeof ours) == 0);
}

static struct repay_natural payment(void)
{
    return (struct repay_natural){.provider = REPAY_TEXT("p"),
                                  .environment = REPAY_TEXT("sandbox"),
                                  .customer = REPAY_TEXT("123e4567-e89b-12d3-a456-426614174000"),
                                  .account = REPAY_TEXT("acc-1"),
                                  .currency = REPAY_TEXT("NGN"),
                                  .payment_date = REPAY_TEXT("2024-01-15"),
                                  .reference = REPAY_TEXT("TRX 1"),
                                  .amount_minor = 5000000,
                                  .ordinal = 1};
}

static struct repay_text key_of(const struct repay_natural *natural)
{
    static char keys[4][REPAY_UUID_TEXT + 1];
    static unsigned next;
    unsigned char digest[REPAY_DIGEST_SIZE];
    char *key = keys[next++ % 4];

    repay_payment_key(natural, digest, key);
    return repay_text_of(key);
}

/*
 * Fixed for ever: another machine, another year and a lost journal must give the same key. Computed
 * once by another program from the form's description.
 */
static void keeps_its_form(void)
{
    struct repay_natural natural = payment();
    struct repay_text key = key_of(&natural);

    CHECK_INT(key.length, REPAY_UUID_TEXT);
    CHECK_TEXT(key, "3abdf8f4-1ae8-8f37-af2f-a2f013fbbdee");
    CHECK_INT(key.data[14], '8');
    CHECK(strchr("89ab", key.data[19]) != NULL);
}

static void folds_what_means_the_same(void)
{
    struct repay_natural natural = payment(), other = payment();

    other.customer = REPAY_TEXT(" \t123E4567-E89B-12D3-A456-426614174000\r\n");
    other.account = REPAY_TEXT("acc-1 ");
    CHECK_TEXT(key_of(&other), key_of(&natural));
    other = natural;
    other.installment = REPAY_TEXT("   ");
    CHECK_TEXT(key_of(&other), key_of(&natural));
    /* Only UUIDs are folded: a reference in another case is another one. */
    other = natural;
    other.reference = REPAY_TEXT("trx 1");
    CHECK(!repay_text_equal(key_of(&other), key_of(&natural)));
}

static void tells_every_field_apart(void)
{
    struct repay_natural natural = payment(), other;
    struct repay_text *texts[] = {&other.provider,     &other.environment, &other.customer,
                                  &other.account,      &other.installment, &other.currency,
                                  &other.payment_date, &other.reference};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        other = natural;
        *texts[i] = REPAY_TEXT("another");
        CHECK(!repay_text_equal(key_of(&other), key_of(&natural)));
    }
    other = natural;
    other.amount_minor++;
    CHECK(!repay_text_equal(key_of(&other), key_of(&natural)));
    other = natural;
    other.ordinal++;
    CHECK(!repay_text_equal(key_of(&other), key_of(&natural)));
}

/* Without lengths "ab" + "c" would be "a" + "bc". */
static void joins_nothing(void)
{
    struct repay_natural a = payment(), b = payment();

    a.account = REPAY_TEXT("ab");
    a.installment = REPAY_TEXT("c");
    b.account = REPAY_TEXT("a");
    b.installment = REPAY_TEXT("bc");
    CHECK(!repay_text_equal(key_of(&a), key_of(&b)));
    b.account = REPAY_TEXT("abc");
    b.installment = REPAY_NO_TEXT;
    CHECK(!repay_text_equal(key_of(&a), key_of(&b)));
    a.account = REPAY_NO_TEXT;
    a.installment = REPAY_TEXT("x");
    b.account = REPAY_TEXT("x");
    b.installment = REPAY_NO_TEXT;
    CHECK(!repay_text_equal(key_of(&a), key_of(&b)));
}

static void makes_growing_ids(void)
{
    unsigned char chance[10] = {0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8};
    struct repay_uuid_clock clock = {.ms = 0};
    char last[REPAY_UUID_TEXT + 1] = "", id[REPAY_UUID_TEXT + 1];
    int wrong = 0;

    repay_uuid_v7(&clock, 0x0123456789ab, chance, id);
    CHECK(strncmp(id, "01234567-89ab-7", 15) == 0);
    /* The same millisecond, then a clock that steps back, then forward. */
    for (int i = 0; i < 20000; i++) {
        int64_t unix_ms = i < 9000 ? 1700000000000 : i < 12000 ? 1600000000000 : 1700000000001 + i;

        memcpy(last, id, sizeof last);
        if (i == 0)
            last[0] = '\0';
        repay_uuid_v7(&clock, unix_ms, chance, id);
        wrong += strcmp(last, id) >= 0 || id[14] != '7' || !strchr("89ab", id[19]) ? 1 : 0;
    }
    CHECK_INT(wrong, 0);
}

int main(void)
{
    hashes_as_published();
    compresses_in_one_way();
    keeps_its_form();
    folds_what_means_the_same();
    tells_every_field_apart();
    joins_nothing();
    makes_growing_ids();
    return CHECK_REPORT();
}
