/*
 * Passes over whole columns, for chunks in which every amount is plain: known, and within 2^52
 * either way, as nearly all there are.
 *
 * Whether all are is asked of a chunk at once and without a branch, so that what follows needs no
 * question per row; a chunk that is not plain goes the careful way. Sums of a chunk and differences
 * of two plain amounts cannot leave their range. Two values a step with SSE2, one elsewhere; both
 * give the same.
 */
#ifndef REPAY_AMOUNTS_H
#define REPAY_AMOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__SSE2__) && !defined(REPAY_NO_SSE2)
#define REPAY_AMOUNTS_SSE2 1
#include <emmintrin.h>
#else
#define REPAY_AMOUNTS_SSE2 0
#endif

#define REPAY_AMOUNTS_AHEAD 2048 /* bytes; tried from 512 to 6144 */

/* 0 for a plain amount only; REPAY_AMOUNT_ABSENT is not one. */
static inline uint64_t repay_amount_oddity(int64_t value)
{
    return ((uint64_t)value + (UINT64_C(1) << 52)) >> 53;
}

#if REPAY_AMOUNTS_SSE2

static inline __m128i repay_amounts_pair(const int64_t *values)
{
    return _mm_loadu_si128((const __m128i *)(const void *)values);
}

/*
 * A chunk of a column is a page or less, and no hardware reads ahead into the next page. The rows
 * that come next lie right behind; asking for an address that is nobody's does nothing.
 */
static inline void repay_amounts_ahead(const void *values)
{
    _mm_prefetch((const char *)((uintptr_t)values + REPAY_AMOUNTS_AHEAD), _MM_HINT_T0);
}

static inline __m128i repay_amounts_oddity(__m128i pair)
{
    return _mm_srli_epi64(_mm_add_epi64(pair, _mm_set1_epi64x(INT64_C(1) << 52)), 53);
}

static inline uint64_t repay_amounts_either(__m128i pair)
{
    return (uint64_t)_mm_cvtsi128_si64(_mm_or_si128(pair, _mm_unpackhi_epi64(pair, pair)));
}

#endif

/* The sum, and whether all are plain: else it means nothing. At most 512 values. */
static inline bool repay_amounts_sum(const int64_t *values, uint32_t count, int64_t *sum)
{
    uint64_t odd = 0, total = 0;
    uint32_t i = 0;

#if REPAY_AMOUNTS_SSE2
    __m128i odds = _mm_setzero_si128(), sums[2] = {odds, odds};

    for (; i + 4 <= count; i += 4) {
        __m128i low = repay_amounts_pair(values + i), high = repay_amounts_pair(values + i + 2);

        repay_amounts_ahead(values + i);
        sums[0] = _mm_add_epi64(sums[0], low);
        sums[1] = _mm_add_epi64(sums[1], high);
        odds = _mm_or_si128(odds, repay_amounts_oddity(low));
        odds = _mm_or_si128(odds, repay_amounts_oddity(high));
    }
    sums[0] = _mm_add_epi64(sums[0], sums[1]);
    total =
        (uint64_t)_mm_cvtsi128_si64(_mm_add_epi64(sums[0], _mm_unpackhi_epi64(sums[0], sums[0])));
    odd = repay_amounts_either(odds);
#endif
    for (; i < count; i++) {
        total += (uint64_t)values[i];
        odd |= repay_amount_oddity(values[i]);
    }
    *sum = (int64_t)total;
    return odd == 0;
}

static inline bool repay_amounts_are_plain(const int64_t *values, uint32_t count)
{
    uint64_t odd = 0;
    uint32_t i = 0;

#if REPAY_AMOUNTS_SSE2
    __m128i odds = _mm_setzero_si128();

    for (; i + 4 <= count; i += 4) {
        odds = _mm_or_si128(odds, repay_amounts_oddity(repay_amounts_pair(values + i)));
        odds = _mm_or_si128(odds, repay_amounts_oddity(repay_amounts_pair(values + i + 2)));
    }
    odd = repay_amounts_either(odds);
#endif
    for (; i < count; i++)
        odd |= repay_amount_oddity(values[i]);
    return odd == 0;
}

/*
 * a - b, and `below` where that is less than zero. Whether all of both are plain: else what is in
 * `out` means nothing. `out` is neither of them.
 */
static inline bool repay_amounts_subtract(const int64_t *a, const int64_t *b, uint32_t count,
                                          int64_t below, int64_t *out)
{
    uint64_t odd = 0;
    uint32_t i = 0;

#if REPAY_AMOUNTS_SSE2
    __m128i odds = _mm_setzero_si128(), other = _mm_set1_epi64x(below);

    for (; i + 2 <= count; i += 2) {
        __m128i x = repay_amounts_pair(a + i), y = repay_amounts_pair(b + i);
        __m128i left = _mm_sub_epi64(x, y);
        __m128i negative = _mm_shuffle_epi32(_mm_srai_epi32(left, 31), _MM_SHUFFLE(3, 3, 1, 1));

        repay_amounts_ahead(a + i);
        repay_amounts_ahead(b + i);
        odds = _mm_or_si128(odds, repay_amounts_oddity(x));
        odds = _mm_or_si128(odds, repay_amounts_oddity(y));
        left = _mm_or_si128(_mm_andnot_si128(negative, left), _mm_and_si128(negative, other));
        _mm_storeu_si128((__m128i *)(void *)(out + i), left);
    }
    odd = repay_amounts_either(odds);
#endif
    for (; i < count; i++) {
        int64_t left = (int64_t)((uint64_t)a[i] - (uint64_t)b[i]);

        odd |= repay_amount_oddity(a[i]) | repay_amount_oddity(b[i]);
        out[i] = left < 0 ? below : left;
    }
    return odd == 0;
}

/* All bits that are set in any of the values. */
static inline uint64_t repay_amounts_bits(const int64_t *values, uint32_t count)
{
    uint64_t bits = 0;
    uint32_t i = 0;

#if REPAY_AMOUNTS_SSE2
    __m128i pairs = _mm_setzero_si128();

    for (; i + 2 <= count; i += 2) {
        pairs = _mm_or_si128(pairs, repay_amounts_pair(values + i));
        repay_amounts_ahead(values + i);
    }
    bits = repay_amounts_either(pairs);
#endif
    for (; i < count; i++)
        bits |= (uint64_t)values[i];
    return bits;
}

/* All bits that are set in any of the days' distances from `first`. */
static inline uint32_t repay_days_bits(const int32_t *days, uint32_t count, int32_t first)
{
    uint32_t bits = 0, i = 0;

#if REPAY_AMOUNTS_SSE2
    __m128i four = _mm_setzero_si128(), from = _mm_set1_epi32(first);
    uint64_t either;

    for (; i + 4 <= count; i += 4) {
        repay_amounts_ahead(days + i);
        four = _mm_or_si128(
            four, _mm_sub_epi32(_mm_loadu_si128((const __m128i *)(const void *)(days + i)), from));
    }
    either = repay_amounts_either(four);
    bits = (uint32_t)(either | either >> 32);
#endif
    for (; i < count; i++)
        bits |= (uint32_t)days[i] - (uint32_t)first;
    return bits;
}

#endif
