/*
 * Owns SHA-256 and the length-prefixed fields that digests of ours are made of.
 *
 * Written for clearness. Where the processor has instructions for it they are used: a commit hashes
 * some 500 bytes, which is nothing beside its sync, but recovery hashes for ten thousand entries
 * and syncs once.
 */
#include "sha256.h"

#include <stdatomic.h>

#include <string.h>

#define DIGITS_MAX       20          /* of an int64, with its sign */
#define LENGTH_OF_ABSENT 0xffffffffu /* no text of ours is that long */

/* The first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))

/* Four rounds. The instruction wants the state's words as A B E F and C D G H. */
WITH_SHA static inline void four_rounds(__m128i *abef, __m128i *cdgh, __m128i words, unsigned at)
{
    const __m128i *constants = (const __m128i *)(const void *)(round_constants + at);
    __m128i sums = _mm_add_epi32(words, _mm_loadu_si128(constants));

    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, sums);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(sums, 0x0e));
}

/* The four words that follow sixteen. */
WITH_SHA static inline __m128i next_words(__m128i a, __m128i b, __m128i c, __m128i d)
{
    __m128i sums = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));

    return _mm_sha256msg2_epu32(sums, d);
}

WITH_SHA static inline __m128i load_words(const unsigned char *bytes)
{
    const __m128i order = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);

    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)bytes), order);
}

WITH_SHA static inline void set_state(uint32_t state[8], __m128i abef, __m128i cdgh)
{
    state[0] += (uint32_t)_mm_extract_epi32(abef, 3);
    state[1] += (uint32_t)_mm_extract_epi32(abef, 2);
    state[2] += (uint32_t)_mm_extract_epi32(cdgh, 3);
    state[3] += (uint32_t)_mm_extract_epi32(cdgh, 2);
    state[4] += (uint32_t)_mm_extract_epi32(abef, 1);
    state[5] += (uint32_t)_mm_extract_epi32(abef, 0);
    state[6] += (uint32_t)_mm_extract_epi32(cdgh, 1);
    state[7] += (uint32_t)_mm_extract_epi32(cdgh, 0);
}

WITH_SHA static void compress_with_sha(uint32_t state[8], const unsigned char block[64])
{
    __m128i abef = _mm_set_epi32((int)state[0], (int)state[1], (int)state[4], (int)state[5]);
    __m128i cdgh = _mm_set_epi32((int)state[2], (int)state[3], (int)state[6], (int)state[7]);
    __m128i a = load_words(block), b = load_words(block + 16);
    __m128i c = load_words(block + 32), d = load_words(block + 48);

    four_rounds(&abef, &cdgh, a, 0);
    four_rounds(&abef, &cdgh, b, 4);
    four_rounds(&abef, &cdgh, c, 8);
    four_rounds(&abef, &cdgh, d, 12);
    for (unsigned at = 16; at < 64; at += 16) {
        a = next_words(a, b, c, d);
        four_rounds(&abef, &cdgh, a, at);
        b = next_words(b, c, d, a);
        four_rounds(&abef, &cdgh, b, at + 4);
        c = next_words(c, d, a, b);
        four_rounds(&abef, &cdgh, c, at + 8);
        d = next_words(d, a, b, c);
        four_rounds(&abef, &cdgh, d, at + 12);
    }
    set_state(state, abef, cdgh);
}

static bool ask_processor(void)
{
    unsigned a, b, c, d;

    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_SSSE3) == 0 || (c & bit_SSE4_1) == 0)
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0;
}

#else

static void compress_with_sha(uint32_t state[8], const unsigned char block[64])
{
    (void)state;
    (void)block;
}

static bool ask_processor(void)
{
    return false;
}

#endif

static uint32_t rotate_right(uint32_t word, unsigned bits)
{
    return word >> bits | word << (32 - bits);
}

static uint32_t load(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void store(unsigned char *bytes, uint32_t word)
{
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(word >> (24 - 8 * i));
}

static void expand(const unsigned char block[64], uint32_t words[64])
{
    for (unsigned i = 0; i < 16; i++)
        words[i] = load(block + 4 * i);
    for (unsigned i = 16; i < 64; i++) {
        uint32_t a = words[i - 15], b = words[i - 2];

        words[i] = words[i - 16] + words[i - 7] +
                   (rotate_right(a, 7) ^ rotate_right(a, 18) ^ a >> 3) +
                   (rotate_right(b, 17) ^ rotate_right(b, 19) ^ b >> 10);
    }
}

/*
 * One round, the word with its constant added. The eight words do not move: each round is told
 * which of them it takes for which, and the roles go round, so that after eight rounds every word
 * is back in its place. Inlined, or `turn` would not be a constant and every role a sum.
 */
__attribute__((always_inline)) static inline void round_of(uint32_t v[8], unsigned turn,
                                                           uint32_t word)
{
    uint32_t a = v[(8 - turn) & 7], b = v[(9 - turn) & 7], c = v[(10 - turn) & 7];
    uint32_t e = v[(12 - turn) & 7], f = v[(13 - turn) & 7], g = v[(14 - turn) & 7];
    uint32_t *h = &v[(15 - turn) & 7];
    uint32_t choice = (e & f) ^ (~e & g);
    uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
    uint32_t first =
        *h + choice + word + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25));

    v[(11 - turn) & 7] += first;
    *h = first + majority + (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22));
}

void repay_sha256_compress_plainly(uint32_t state[8], const unsigned char block[64])
{
    uint32_t words[64];
    uint32_t v[8];

    expand(block, words);
    memcpy(v, state, sizeof v);
    for (unsigned i = 0; i < 64; i += 8) {
        round_of(v, 0, words[i] + round_constants[i]);
        round_of(v, 1, words[i + 1] + round_constants[i + 1]);
        round_of(v, 2, words[i + 2] + round_constants[i + 2]);
        round_of(v, 3, words[i + 3] + round_constants[i + 3]);
        round_of(v, 4, words[i + 4] + round_constants[i + 4]);
        round_of(v, 5, words[i + 5] + round_constants[i + 5]);
        round_of(v, 6, words[i + 6] + round_constants[i + 6]);
        round_of(v, 7, words[i + 7] + round_constants[i + 7]);
    }
    for (unsigned i = 0; i < 8; i++)
        state[i] += v[i];
}

/* Asked once: inside a virtual machine the question costs as much as forty blocks. */
static bool processor_has_sha(void)
{
    enum { NOT_ASKED, NO, YES };
    static atomic_int answer = NOT_ASKED;
    int known = atomic_load_explicit(&answer, memory_order_relaxed);

    if (known == NOT_ASKED) {
        known = ask_processor() ? YES : NO;
        atomic_store_explicit(&answer, known, memory_order_relaxed);
    }
    return known == YES;
}

void repay_sha256_compress(uint32_t state[8], const unsigned char block[64])
{
    if (processor_has_sha())
        compress_with_sha(state, block);
    else
        repay_sha256_compress_plainly(state, block);
}

void repay_sha256_init(struct repay_sha256 *hash)
{
    /* The first 32 bits of the fractions of the square roots of the first eight primes. */
    *hash = (struct repay_sha256){
        .state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                  0x1f83d9ab, 0x5be0cd19},
    };
}

void repay_sha256_add(struct repay_sha256 *hash, const void *data, size_t length)
{
    const unsigned char *bytes = data;

    while (length > 0) {
        size_t filled = (size_t)(hash->length % sizeof hash->block);
        size_t taken = sizeof hash->block - filled;

        if (taken > length)
            taken = length;
        memcpy(hash->block + filled, bytes, taken);
        hash->length += taken;
        bytes += taken;
        length -= taken;
        if (filled + taken == sizeof hash->block)
            repay_sha256_compress(hash->state, hash->block);
    }
}

void repay_sha256_end(struct repay_sha256 *hash, unsigned char out[REPAY_DIGEST_SIZE])
{
    static const unsigned char padding[64] = {0x80};
    uint64_t bits = hash->length * 8;
    size_t filled = (size_t)(hash->length % sizeof hash->block);
    unsigned char length[8];

    store(length, (uint32_t)(bits >> 32));
    store(length + 4, (uint32_t)bits);
    repay_sha256_add(hash, padding, filled < 56 ? 56 - filled : 120 - filled);
    repay_sha256_add(hash, length, sizeof length);
    for (unsigned i = 0; i < 8; i++)
        store(out + 4 * i, hash->state[i]);
}

static void add_length(struct repay_sha256 *hash, uint32_t length)
{
    unsigned char bytes[4];

    store(bytes, length);
    repay_sha256_add(hash, bytes, sizeof bytes);
}

void repay_sha256_add_text(struct repay_sha256 *hash, struct repay_text text)
{
    add_length(hash, (uint32_t)text.length);
    repay_sha256_add(hash, text.data, text.length);
}

void repay_sha256_add_absent(struct repay_sha256 *hash)
{
    add_length(hash, LENGTH_OF_ABSENT);
}

void repay_sha256_add_integer(struct repay_sha256 *hash, int64_t value)
{
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char digits[DIGITS_MAX];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0)
        digits[--at] = '-';
    repay_sha256_add_text(hash, (struct repay_text){digits + at, sizeof digits - at});
}

void repay_sha256_add_numbers(struct repay_sha256 *hash, const int64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = (uint64_t)values[i];
        unsigned char bytes[8];

        store(bytes, (uint32_t)(value >> 32));
        store(bytes + 4, (uint32_t)value);
        repay_sha256_add(hash, bytes, sizeof bytes);
    }
}
