/*
 * Fingerprints: the algorithm's published answers, and what two sessions must share to be one.
 */
#include "call_support.h"
#include "fingerprint.h"

static const unsigned char key[REPAY_FINGERPRINT_KEY_SIZE] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                              8, 9, 10, 11, 12, 13, 14, 15};

static void test_known_answers(void)
{
    /* The first two and the sixteenth of the authors' table. */
    static const struct {
        size_t length;
        unsigned char answer[16];
    } known[] = {
        {0,
         {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02,
          0x93}},
        {1,
         {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc,
          0x45}},
        {15,
         {0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11, 0x7e, 0x08, 0xec, 0x0f, 0x97, 0xcf, 0xc3,
          0xd9}},
    };
    unsigned char input[16], out[16];

    for (size_t i = 0; i < sizeof input; i++)
        input[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct repay_fingerprint fingerprint;

        repay_fingerprint_init(&fingerprint, key);
        repay_fingerprint_add(&fingerprint, input, known[i].length / 2);
        repay_fingerprint_add(&fingerprint, input + known[i].length / 2,
                              known[i].length - known[i].length / 2);
        repay_fingerprint_end(&fingerprint, out);
        CHECK(memcmp(out, known[i].answer, sizeof out) == 0);
        CHECK_INT(fingerprint.state.a, 0);
        CHECK_INT(fingerprint.word, 0);
    }
}

struct change {
    const char *name;
    void (*make)(struct repay_session_options *options);
};

static void no_change(struct repay_session_options *options)
{
    (void)options;
}

static void environment(struct repay_session_options *options)
{
    options->environment = REPAY_TEXT("live");
}

static void base_url(struct repay_session_options *options)
{
    options->base_url = REPAY_TEXT("https://elsewhere.test/x");
}

static void other_path(struct repay_session_options *options)
{
    options->base_url = REPAY_TEXT("https://elsewhere.test/y");
}

static void currency(struct repay_session_options *options)
{
    options->currency = REPAY_TEXT("USD");
}

static void zone(struct repay_session_options *options)
{
    options->zone = REPAY_TEXT("UTC");
}

static void amounts_in(struct repay_session_options *options)
{
    options->amounts_in = REPAY_TEXT("major");
}

static void label(struct repay_session_options *options)
{
    options->label = REPAY_TEXT("second account");
}

static void connect_to(struct repay_session_options *options)
{
    options->connect_host = REPAY_TEXT("10.0.0.1");
    options->connect_port = 443;
}

static void first_secret(struct repay_session_options *options)
{
    options->settings[0] = REPAY_TEXT("another key");
}

/* The same letters as before in another division: the lengths tell them apart. */
static void moved_border(struct repay_session_options *options)
{
    options->settings[0] = REPAY_TEXT("ab");
    options->settings[1] = REPAY_TEXT("cdef");
}

static void other_border(struct repay_session_options *options)
{
    options->settings[0] = REPAY_TEXT("abcd");
    options->settings[1] = REPAY_TEXT("ef");
}

static void take(const struct change *change, const unsigned char *with_key,
                 struct repay_text subject, unsigned char out[16])
{
    struct rig rig;

    rig_init(&rig, "carbon");
    change->make(&rig.options);
    CHECK(rig_open(&rig));
    repay_session_fingerprint(&rig.session, with_key, subject, out);
    rig_close(&rig);
}

static void test_sessions(void)
{
    static const struct change changes[] = {
        {"none", no_change},          {"environment", environment},
        {"base_url", base_url},       {"path", other_path},
        {"currency", currency},       {"zone", zone},
        {"amounts_in", amounts_in},   {"label", label},
        {"connect", connect_to},      {"a secret", first_secret},
        {"one border", moved_border}, {"another", other_border},
    };
    enum { COUNT = sizeof changes / sizeof *changes };
    static const unsigned char other_key[REPAY_FINGERPRINT_KEY_SIZE] = {1};
    unsigned char seen[COUNT][16], again[16];

    for (size_t i = 0; i < COUNT; i++) {
        CHECK_CASE(changes[i].name);
        take(&changes[i], key, REPAY_TEXT("schedule"), seen[i]);
        take(&changes[i], key, REPAY_TEXT("schedule"), again);
        CHECK(memcmp(seen[i], again, 16) == 0);
        take(&changes[i], key, REPAY_TEXT("schedule "), again);
        CHECK(memcmp(seen[i], again, 16) != 0);
        take(&changes[i], other_key, REPAY_TEXT("schedule"), again);
        CHECK(memcmp(seen[i], again, 16) != 0);
        for (size_t j = 0; j < i; j++)
            CHECK(memcmp(seen[i], seen[j], 16) != 0);
    }
    CHECK_CASE(NULL);
}

int main(void)
{
    test_known_answers();
    test_sessions();
    return CHECK_REPORT();
}
