/*
 * Owns the hash behind cache keys and the list of what tells two sessions apart. Each text goes in
 * with its length before it, so that no two lists of texts look alike.
 */
#include "fingerprint.h"

#include "provider.h"

static void rounds(struct repay_hash_state *state, int count)
{
    for (int i = 0; i < count; i++)
        repay_hash_round(state);
}

static void write_word(unsigned char *bytes, uint64_t word)
{
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(word >> 8 * i);
}

static void take_word(struct repay_fingerprint *fingerprint, uint64_t word)
{
    fingerprint->state.d ^= word;
    rounds(&fingerprint->state, 2);
    fingerprint->state.a ^= word;
}

void repay_fingerprint_init(struct repay_fingerprint *fingerprint,
                            const unsigned char key[REPAY_FINGERPRINT_KEY_SIZE])
{
    fingerprint->state = repay_hash_begin(repay_load_8(key), repay_load_8(key + 8));
    fingerprint->state.b ^= 0xee; /* for 128 bits of output */
    fingerprint->word = 0;
    fingerprint->length = 0;
}

void repay_fingerprint_add(struct repay_fingerprint *fingerprint, const void *data, size_t length)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < length; i++) {
        fingerprint->word |= (uint64_t)bytes[i] << 8 * (fingerprint->length % 8);
        fingerprint->length++;
        if (fingerprint->length % 8 == 0) {
            take_word(fingerprint, fingerprint->word);
            fingerprint->word = 0;
        }
    }
}

void repay_fingerprint_end(struct repay_fingerprint *fingerprint,
                           unsigned char out[REPAY_FINGERPRINT_SIZE])
{
    struct repay_hash_state *state = &fingerprint->state;

    take_word(fingerprint, fingerprint->word | fingerprint->length << 56);
    state->c ^= 0xee;
    rounds(state, 4);
    write_word(out, state->a ^ state->b ^ state->c ^ state->d);
    state->b ^= 0xdd;
    rounds(state, 4);
    write_word(out + 8, state->a ^ state->b ^ state->c ^ state->d);
    repay_wipe(fingerprint, sizeof *fingerprint);
}

static void add_number(struct repay_fingerprint *fingerprint, uint64_t number)
{
    unsigned char bytes[8];

    write_word(bytes, number);
    repay_fingerprint_add(fingerprint, bytes, sizeof bytes);
}

static void add_text(struct repay_fingerprint *fingerprint, struct repay_text text)
{
    add_number(fingerprint, text.length);
    repay_fingerprint_add(fingerprint, text.data, text.length);
}

static void add_place(struct repay_fingerprint *fingerprint, const struct repay_session *session)
{
    add_text(fingerprint, repay_text_of(session->provider->name));
    add_text(fingerprint, session->environment);
    add_text(fingerprint, session->label);
    add_number(fingerprint, session->base.tls);
    add_text(fingerprint, session->base.host);
    add_number(fingerprint, session->base.port);
    add_text(fingerprint, session->base.path);
    add_text(fingerprint, session->connect_host);
    add_number(fingerprint, session->connect_port);
    add_text(fingerprint, session->proxy);
    add_text(fingerprint, session->ca_file);
    add_text(fingerprint, session->client_cert);
    add_text(fingerprint, session->client_key);
}

/* What decides how an answer is read. */
static void add_reading(struct repay_fingerprint *fingerprint, const struct repay_session *session)
{
    add_text(fingerprint, repay_text_of(session->currency));
    add_number(fingerprint, session->currency_decimals);
    add_number(fingerprint, session->wire_decimals);
    add_number(fingerprint, session->zone_known);
    add_number(fingerprint, (uint64_t)(int64_t)session->zone_minutes);
}

void repay_session_fingerprint(const struct repay_session *session,
                               const unsigned char key[REPAY_FINGERPRINT_KEY_SIZE],
                               struct repay_text subject, unsigned char out[REPAY_FINGERPRINT_SIZE])
{
    struct repay_fingerprint fingerprint;

    repay_fingerprint_init(&fingerprint, key);
    add_place(&fingerprint, session);
    add_reading(&fingerprint, session);
    for (unsigned i = 0; session->provider->settings[i].name; i++)
        add_text(&fingerprint, repay_session_setting(session, i));
    add_text(&fingerprint, subject);
    repay_fingerprint_end(&fingerprint, out);
}
