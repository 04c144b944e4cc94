/*
 * Passes over whole columns, for chunks in which every amount is plain: known, not below zero and
 * below 2^52, as nearly all there are.
 *
 * Whether all are is asked of a chunk at once and without a branch, so that what follows needs no
 * question per row; a chunk that is not plain goes the careful way. Sums of a chunk and differences
 * of two plain amounts cannot leave their range. Two values a step with SSE2, one elsewhere; both
 * give the same.
 */
#ifndef REPAY_AMOUNTS_H
#define REPAY_AMOUNTS_H

#include "date.h"
#include "wide_bytes.h"

#define REPAY_AMOUNT_PLAIN_BITS 52
#define REPAY_AMOUNTS_AHEAD     2048 /* bytes, a chunk of a column; tried from 512 to 8192 */
#define REPAY_AMOUNTS_LINE      64   /* bytes that one asking brings */

#if REPAY_SSE2

static inline __m128i repay_amounts_load(const void *values)
{
    return _mm_loadu_si128((const __m128i *)values);
}

/*
 * A chunk of a column is a page or less, and no hardware reads ahead into the next page. The rows
 * that come next lie right behind. Once in REPAY_AMOUNTS_LINE is enough.
 */
static inline void repay_amounts_ahead(const void *values)
{
    repay_expect((const char *)((uintptr_t)values + REPAY_AMOUNTS_AHEAD));
}

/* All bits of a lane like the sign of its upper half, which is that of the whole. */
static inline __m128i repay_amounts_sign(__m128i pair)
{
    return _mm_shuffle_epi32(_mm_srai_epi32(pair, 31), _MM_SHUFFLE(3, 3, 1, 1));
}

static inline __m128i repay_amounts_least(__m128i a, __m128i b)
{
    __m128i difference = _mm_sub_epi64(a, b);

    return _mm_add_epi64(b, _mm_and_si128(difference, repay_amounts_sign(difference)));
}

static inline uint64_t repay_amounts_either(__m128i pair)
{
    return (uint64_t)_mm_cvtsi128_si64(_mm_or_si128(pair, _mm_unpackhi_epi64(pair, pair)));
}

static inline int64_t repay_amounts_both(__m128i pair)
{
    return _mm_cvtsi128_si64(_mm_add_epi64(pair, _mm_unpackhi_epi64(pair, pair)));
}

#endif

/* Of the bits that are set in any value: REPAY_AMOUNT_ABSENT and all below zero have the last. */
static inline bool repay_amounts_bits_are_plain(uint64_t bits)
{
    return bits >> REPAY_AMOUNT_PLAIN_BITS == 0;
}

/* The sum, and whether all are plain: else it means nothing. At most REPAY_FILL_MAX values. */
static inline bool repay_amounts_sum(const int64_t *values, size_t count, int64_t *sum)
{
    uint64_t bits = 0, total = 0;
    size_t i = 0;

#if REPAY_SSE2
    __m128i any = _mm_setzero_si128(), low = any, high = any;

    for (size_t end = count & ~(size_t)7; i < end; i += 8) {
        __m128i a = repay_amounts_load(values + i), b = repay_amounts_load(values + i + 2);
        __m128i c = repay_amounts_load(values + i + 4), d = repay_amounts_load(values + i + 6);

        repay_amounts_ahead(values + i);
        any = _mm_or_si128(any, _mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d)));
        low = _mm_add_epi64(low, _mm_add_epi64(a, b));
        high = _mm_add_epi64(high, _mm_add_epi64(c, d));
    }
    total = (uint64_t)repay_amounts_both(_mm_add_epi64(low, high));
    bits = repay_amounts_either(any);
#endif
    for (; i < count; i++) {
        total += (uint64_t)values[i];
        bits |= (uint64_t)values[i];
    }
    *sum = (int64_t)total;
    return repay_amounts_bits_are_plain(bits);
}

static inline bool repay_amounts_are_plain(const int64_t *values, size_t count)
{
    int64_t sum;

    return repay_amounts_sum(values, count, &sum);
}

#if REPAY_SSE2

/* `seen` gets the bits that are set in any value, and those that are in any difference. */
static inline void repay_amounts_subtract_pair(const int64_t *a, const int64_t *b, int64_t *out,
                                               __m128i seen[2])
{
    __m128i x = repay_amounts_load(a), y = repay_amounts_load(b), left = _mm_sub_epi64(x, y);

    seen[0] = _mm_or_si128(seen[0], _mm_or_si128(x, y));
    seen[1] = _mm_or_si128(seen[1], left);
    _mm_storeu_si128((__m128i *)(void *)out, _mm_andnot_si128(repay_amounts_sign(left), left));
}

#endif

/*
 * a - b, or zero where that is less. Whether all of both are plain: else what is in `out` means
 * nothing. *below tells whether some were less than zero. `out` is neither of them.
 */
static inline bool repay_amounts_subtract(const int64_t *a, const int64_t *b, size_t count,
                                          int64_t *out, bool *below)
{
    uint64_t bits = 0, differences = 0;
    size_t i = 0;

#if REPAY_SSE2
    __m128i seen[2] = {_mm_setzero_si128(), _mm_setzero_si128()};

    for (size_t end = count & ~(size_t)7; i < end; i += 8) {
        repay_amounts_ahead(a + i);
        repay_amounts_ahead(b + i);
        repay_amounts_subtract_pair(a + i, b + i, out + i, seen);
        repay_amounts_subtract_pair(a + i + 2, b + i + 2, out + i + 2, seen);
        repay_amounts_subtract_pair(a + i + 4, b + i + 4, out + i + 4, seen);
        repay_amounts_subtract_pair(a + i + 6, b + i + 6, out + i + 6, seen);
    }
    bits = repay_amounts_either(seen[0]);
    differences = repay_amounts_either(seen[1]);
#endif
    for (; i < count; i++) {
        uint64_t left = (uint64_t)a[i] - (uint64_t)b[i];

        bits |= (uint64_t)a[i] | (uint64_t)b[i];
        differences |= left;
        out[i] = left >> 63 != 0 ? 0 : (int64_t)left;
    }
    *below = differences >> 63 != 0;
    return repay_amounts_bits_are_plain(bits);
}

/* Whether all of both are plain and no a is less than its b. */
static inline bool repay_amounts_cover(const int64_t *a, const int64_t *b, size_t count)
{
    uint64_t bits = 0;
    size_t i = 0;

#if REPAY_SSE2
    __m128i any = _mm_setzero_si128();

    for (size_t end = count & ~(size_t)3; i < end; i += 4) {
        __m128i x = repay_amounts_load(a + i), y = repay_amounts_load(b + i);
        __m128i z = repay_amounts_load(a + i + 2), w = repay_amounts_load(b + i + 2);

        any = _mm_or_si128(any, _mm_or_si128(_mm_or_si128(x, y), _mm_sub_epi64(x, y)));
        any = _mm_or_si128(any, _mm_or_si128(_mm_or_si128(z, w), _mm_sub_epi64(z, w)));
    }
    bits = repay_amounts_either(any);
#endif
    for (; i < count; i++)
        bits |= (uint64_t)a[i] | (uint64_t)b[i] | ((uint64_t)a[i] - (uint64_t)b[i]);
    return repay_amounts_bits_are_plain(bits);
}

/* A plain amount and this carry into the next bit exactly when the amount is above zero. */
#define REPAY_AMOUNT_CARRY ((INT64_C(1) << REPAY_AMOUNT_PLAIN_BITS) - 1)

struct repay_amounts_within {
    int64_t sum;
    uint32_t rows; /* of these, those above zero */
};

#if REPAY_SSE2

/* What four rows are compared with, and what is made of them. */
struct repay_amounts_span {
    __m128i from, end; /* distances from the first day compare as signed numbers from the least */
    __m128i any, undated, sums, rows;
};

static inline void repay_amounts_within_four(const int64_t *values, const int32_t *days,
                                             struct repay_amounts_span *span)
{
    __m128i carry = _mm_set1_epi64x(REPAY_AMOUNT_CARRY);
    __m128i day = repay_amounts_load(days);
    __m128i beyond = _mm_cmpgt_epi32(_mm_add_epi32(day, span->from), span->end);
    __m128i a = repay_amounts_load(values), b = repay_amounts_load(values + 2);

    span->undated =
        _mm_or_si128(span->undated, _mm_cmpeq_epi32(day, _mm_set1_epi32(REPAY_DAY_ABSENT)));
    span->any = _mm_or_si128(span->any, _mm_or_si128(a, b));
    a = _mm_andnot_si128(_mm_unpacklo_epi32(beyond, beyond), a);
    b = _mm_andnot_si128(_mm_unpackhi_epi32(beyond, beyond), b);
    span->sums = _mm_add_epi64(span->sums, _mm_add_epi64(a, b));
    a = _mm_srli_epi64(_mm_add_epi64(a, carry), REPAY_AMOUNT_PLAIN_BITS);
    b = _mm_srli_epi64(_mm_add_epi64(b, carry), REPAY_AMOUNT_PLAIN_BITS);
    span->rows = _mm_add_epi64(span->rows, _mm_add_epi64(a, b));
}

#endif

/*
 * The amounts whose day is from `first` to `last`, both within and `first` not after `last`.
 * Whether all amounts are plain and all days known: else it means nothing.
 */
static inline bool repay_amounts_within(const int64_t *values, const int32_t *days, size_t count,
                                        int32_t first, int32_t last,
                                        struct repay_amounts_within *out)
{
    uint32_t length = (uint32_t)last - (uint32_t)first;
    uint64_t bits = 0, sum = 0, rows = 0, undated = 0;
    size_t i = 0;

#if REPAY_SSE2
    __m128i zero = _mm_setzero_si128();
    struct repay_amounts_span span = {
        _mm_set1_epi32((int32_t)((uint32_t)INT32_MIN - (uint32_t)first)),
        _mm_set1_epi32((int32_t)(length ^ (uint32_t)INT32_MIN)),
        zero,
        zero,
        zero,
        zero,
    };

    for (size_t end = count & ~(size_t)7; i < end; i += 8) {
        repay_amounts_ahead(values + i);
        repay_amounts_ahead(days + i);
        repay_amounts_within_four(values + i, days + i, &span);
        repay_amounts_within_four(values + i + 4, days + i + 4, &span);
    }
    bits = repay_amounts_either(span.any);
    undated = repay_amounts_either(span.undated);
    sum = (uint64_t)repay_amounts_both(span.sums);
    rows = (uint64_t)repay_amounts_both(span.rows);
#endif
    for (; i < count; i++) {
        uint64_t inside = (uint32_t)days[i] - (uint32_t)first <= length;
        uint64_t value = (uint64_t)values[i] & -inside;

        undated |= days[i] == REPAY_DAY_ABSENT;
        bits |= (uint64_t)values[i];
        sum += value;
        rows += (value + REPAY_AMOUNT_CARRY) >> REPAY_AMOUNT_PLAIN_BITS;
    }
    *out = (struct repay_amounts_within){(int64_t)sum, (uint32_t)rows};
    return undated == 0 && repay_amounts_bits_are_plain(bits);
}

/* The amounts that bound principal, and where the bounds go. */
struct repay_amounts_parts {
    const int64_t *outstanding, *principal, *interest, *penalty;
    int64_t *high, *low;
};

#if REPAY_SSE2

/* Returns the bits that are set in any amount. */
static inline __m128i repay_amounts_principal_pair(const struct repay_amounts_parts *parts,
                                                   size_t i)
{
    __m128i all = repay_amounts_load(parts->outstanding + i);
    __m128i part = repay_amounts_load(parts->principal + i);
    __m128i first = repay_amounts_load(parts->interest + i);
    __m128i second = repay_amounts_load(parts->penalty + i);
    __m128i most = repay_amounts_least(part, all);
    __m128i rest = _mm_sub_epi64(_mm_sub_epi64(all, first), second);

    rest = repay_amounts_least(_mm_andnot_si128(repay_amounts_sign(rest), rest), most);
    _mm_storeu_si128((__m128i *)(void *)(parts->high + i), most);
    _mm_storeu_si128((__m128i *)(void *)(parts->low + i), rest);
    return _mm_or_si128(_mm_or_si128(all, part), _mm_or_si128(first, second));
}

#endif

/*
 * Bounds of outstanding principal, as repay_principal_of has them: high is the lesser of principal
 * and outstanding, low what interest and penalty leave of outstanding, from zero to high. Whether
 * all amounts are plain: else the bounds mean nothing.
 */
static inline bool repay_amounts_principal(const struct repay_amounts_parts *parts, size_t count)
{
    uint64_t bits = 0;
    size_t i = 0;

#if REPAY_SSE2
    __m128i any = _mm_setzero_si128();

    for (size_t end = count & ~(size_t)7; i < end; i += 8) {
        repay_amounts_ahead(parts->principal + i);
        repay_amounts_ahead(parts->interest + i);
        repay_amounts_ahead(parts->penalty + i);
        for (size_t pair = i; pair < i + 8; pair += 2)
            any = _mm_or_si128(any, repay_amounts_principal_pair(parts, pair));
    }
    bits = repay_amounts_either(any);
#endif
    for (; i < count; i++) {
        int64_t all = parts->outstanding[i], part = parts->principal[i];
        uint64_t first = (uint64_t)parts->interest[i], second = (uint64_t)parts->penalty[i];
        int64_t rest = (int64_t)((uint64_t)all - first - second);

        bits |= (uint64_t)all | (uint64_t)part | first | second;
        rest = rest < 0 ? 0 : rest;
        parts->high[i] = part < all ? part : all;
        parts->low[i] = rest < parts->high[i] ? rest : parts->high[i];
    }
    return repay_amounts_bits_are_plain(bits);
}

#if REPAY_SSE2

static inline __m128i repay_amounts_counted_pair(const int64_t *values, int shift, uint64_t *out)
{
    __m128i value = repay_amounts_load(values);
    __m128i one = _mm_srli_epi64(_mm_add_epi64(value, _mm_set1_epi64x(REPAY_AMOUNT_CARRY)),
                                 REPAY_AMOUNT_PLAIN_BITS);

    _mm_storeu_si128((__m128i *)(void *)out, _mm_or_si128(_mm_slli_epi64(value, shift), one));
    return value;
}

#endif

/*
 * Each amount moved up by `shift` bits, and 1 below where it is above zero, so that one addition
 * adds and counts. Returns all bits that are set in any amount.
 */
static inline uint64_t repay_amounts_counted(const int64_t *values, size_t count, int shift,
                                             uint64_t *out)
{
    uint64_t bits = 0;
    size_t i = 0;

#if REPAY_SSE2
    __m128i any = _mm_setzero_si128();

    for (size_t end = count & ~(size_t)7; i < end; i += 8) {
        __m128i a = repay_amounts_counted_pair(values + i, shift, out + i);
        __m128i b = repay_amounts_counted_pair(values + i + 2, shift, out + i + 2);
        __m128i c = repay_amounts_counted_pair(values + i + 4, shift, out + i + 4);
        __m128i d = repay_amounts_counted_pair(values + i + 6, shift, out + i + 6);

        repay_amounts_ahead(values + i);
        any = _mm_or_si128(any, _mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d)));
    }
    bits = repay_amounts_either(any);
#endif
    for (; i < count; i++) {
        uint64_t value = (uint64_t)values[i];

        bits |= value;
        out[i] = value << shift | (value + REPAY_AMOUNT_CARRY) >> REPAY_AMOUNT_PLAIN_BITS;
    }
    return bits;
}

/* Distances of days from `first`, and all bits that are set in any of them. */
static inline uint32_t repay_days_from(const int32_t *days, size_t count, int32_t first,
                                       uint32_t *out)
{
    uint32_t bits = 0;
    size_t i = 0;

#if REPAY_SSE2
    __m128i any = _mm_setzero_si128(), from = _mm_set1_epi32(first);
    uint64_t either;

    for (size_t end = count & ~(size_t)7; i < end; i += 8) {
        __m128i a = _mm_sub_epi32(repay_amounts_load(days + i), from);
        __m128i b = _mm_sub_epi32(repay_amounts_load(days + i + 4), from);

        repay_amounts_ahead(days + i);
        any = _mm_or_si128(any, _mm_or_si128(a, b));
        _mm_storeu_si128((__m128i *)(void *)(out + i), a);
        _mm_storeu_si128((__m128i *)(void *)(out + i + 4), b);
    }
    either = repay_amounts_either(any);
    bits = (uint32_t)(either | either >> 32);
#endif
    for (; i < count; i++) {
        out[i] = (uint32_t)days[i] - (uint32_t)first;
        bits |= out[i];
    }
    return bits;
}

/* Whether some day is from `first` to `last`, both within; `first` is not after `last`. */
static inline bool repay_days_any_within(const int32_t *days, size_t count, int32_t first,
                                         int32_t last)
{
    uint32_t length = (uint32_t)last - (uint32_t)first;
    bool found = false;
    size_t i = 0;

#if REPAY_SSE2
    __m128i from = _mm_set1_epi32((int32_t)((uint32_t)INT32_MIN - (uint32_t)first));
    __m128i end_of = _mm_set1_epi32((int32_t)(length ^ (uint32_t)INT32_MIN));
    __m128i beyond = _mm_set1_epi32(-1);

    for (size_t end = count & ~(size_t)7; i < end; i += 8) {
        __m128i a = _mm_add_epi32(repay_amounts_load(days + i), from);
        __m128i b = _mm_add_epi32(repay_amounts_load(days + i + 4), from);

        repay_amounts_ahead(days + i);
        beyond = _mm_and_si128(
            beyond, _mm_and_si128(_mm_cmpgt_epi32(a, end_of), _mm_cmpgt_epi32(b, end_of)));
    }
    found = _mm_movemask_epi8(beyond) != 0xffff;
#endif
    for (; i < count; i++)
        found = found || (uint32_t)days[i] - (uint32_t)first <= length;
    return found;
}

#endif
