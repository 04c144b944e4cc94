/*
 * A hash of a text under a key: SipHash with one round a word and three at the end.
 *
 * Texts come from outside. Under a hash that an outsider can compute, a body of a few megabytes can
 * be written whose texts all fall into one slot, and reading it takes time squared. With the key
 * unknown that cannot be done. The core draws no randomness, so callers give addresses as the key:
 * only the order of probing depends on it, never a result.
 */
#ifndef REPAY_TEXT_HASH_H
#define REPAY_TEXT_HASH_H

#include "text.h"
#include "wide_bytes.h"

struct repay_hash_state {
    uint64_t a, b, c, d;
};

static inline uint64_t repay_rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void repay_hash_round(struct repay_hash_state *state)
{
    state->a += state->b;
    state->c += state->d;
    state->b = repay_rotate(state->b, 13) ^ state->a;
    state->d = repay_rotate(state->d, 16) ^ state->c;
    state->a = repay_rotate(state->a, 32);
    state->c += state->b;
    state->a += state->d;
    state->b = repay_rotate(state->b, 17) ^ state->c;
    state->d = repay_rotate(state->d, 21) ^ state->a;
    state->c = repay_rotate(state->c, 32);
}

/* The constants are the algorithm's own: the words "somepseudorandomlygeneratedbytes". */
static inline struct repay_hash_state repay_hash_begin(uint64_t key0, uint64_t key1)
{
    return (struct repay_hash_state){
        key0 ^ 0x736f6d6570736575u,
        key1 ^ 0x646f72616e646f6du,
        key0 ^ 0x6c7967656e657261u,
        key1 ^ 0x7465646279746573u,
    };
}

static inline void repay_hash_word(struct repay_hash_state *state, uint64_t word)
{
    state->d ^= word;
    repay_hash_round(state);
    state->a ^= word;
}

static inline uint64_t repay_text_hash(uint64_t key0, uint64_t key1, struct repay_text text)
{
    struct repay_hash_state state = repay_hash_begin(key0, key1);
    size_t i = 0;
    for (; i + 8 <= text.length; i += 8)
        repay_hash_word(&state, repay_load_8(text.data + i));
    uint64_t rest = i < text.length ? repay_load_few(text.data + i, text.length - i) : 0;
    repay_hash_word(&state, rest | (uint64_t)text.length << 56);
    state.c ^= 0xff;
    for (unsigned round = 0; round < 3; round++)
        repay_hash_round(&state);
    return state.a ^ state.b ^ state.c ^ state.d;
}

#endif
