/*
 * A short name for a session and a text, for keys of caches that several processes share.
 *
 * Two sessions have the same fingerprint only if everything that could change an answer is the same
 * in them, the credentials included; the fingerprint tells nothing about any of it to someone who
 * does not hold the key. It is SipHash-2-4 with 128 bits of output under a random key: 64 lines,
 * and enough where nobody who can choose an input sees the key.
 */
#ifndef REPAY_FINGERPRINT_H
#define REPAY_FINGERPRINT_H

#include "session.h"
#include "text_hash.h"

#define REPAY_FINGERPRINT_KEY_SIZE 16
#define REPAY_FINGERPRINT_SIZE     16

struct repay_fingerprint {
    struct repay_hash_state state;
    uint64_t word; /* bytes that do not fill one yet, the first lowest */
    uint64_t length;
};

void repay_fingerprint_init(struct repay_fingerprint *fingerprint,
                            const unsigned char key[REPAY_FINGERPRINT_KEY_SIZE]);
void repay_fingerprint_add(struct repay_fingerprint *fingerprint, const void *data, size_t length);
/* The struct is wiped: it has seen secrets. */
void repay_fingerprint_end(struct repay_fingerprint *fingerprint,
                           unsigned char out[REPAY_FINGERPRINT_SIZE]);

/* Of an open session and what is asked of it. */
void repay_session_fingerprint(const struct repay_session *session,
                               const unsigned char key[REPAY_FINGERPRINT_KEY_SIZE],
                               struct repay_text subject,
                               unsigned char out[REPAY_FINGERPRINT_SIZE]);

#endif
