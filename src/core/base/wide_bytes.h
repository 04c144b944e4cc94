/*
 * Looking at many bytes at once: where a string of JSON stops being plain, where blanks end,
 * whether a known member's name stands here, what eight digits are worth, what a UUID's bytes are.
 *
 * With SSE2 in steps of 16 bytes, elsewhere (or with REPAY_NO_SSE2) in words of 8; both give the
 * same answers, and all tests of the core run over either. Nothing here checks a bound: every
 * function says how many bytes it reads, and the caller knows that they are readable
 * (REPAY_JSON_PADDING).
 */
#ifndef REPAY_WIDE_BYTES_H
#define REPAY_WIDE_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(REPAY_NO_SSE2)
#define REPAY_SSE2 1
#include <emmintrin.h>
#else
#define REPAY_SSE2 0
#endif

#define REPAY_LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define REPAY_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
/* For the steps of a hot loop: a call among them would cost every row what is in registers. */
#define REPAY_ALWAYS_INLINE       inline __attribute__((always_inline))

#define REPAY_EACH_BYTE(byte) (0x0101010101010101u * (uint64_t)(byte))

/* Memory that will be looked at soon. Asking for an address that is nobody's does nothing. */
static inline void repay_expect(const void *address)
{
    __builtin_prefetch(address);
}

/* Reads 8 bytes; the first is the lowest, whatever the machine's order. */
static inline uint64_t repay_load_8(const void *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline uint32_t repay_load_4(const void *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return word;
}

/* The same of fewer than 8 bytes, with zeros above; reads no others. */
static inline uint64_t repay_load_few(const void *at, size_t count)
{
    const unsigned char *bytes = at;
    if (count >= 4)
        return repay_load_4(bytes) | (uint64_t)repay_load_4(bytes + count - 4) << 8 * (count - 4);
    if (count == 0)
        return 0;
    return bytes[0] | (uint64_t)bytes[count / 2] << 8 * (count / 2) |
           (uint64_t)bytes[count - 1] << 8 * (count - 1);
}

/* The first `count` bytes of a word, 0 to 8. */
static inline uint64_t repay_low_bytes(unsigned count)
{
    return count >= 8 ? ~(uint64_t)0 : ((uint64_t)1 << (8 * count)) - 1;
}

#if REPAY_SSE2

#define REPAY_WIDE_STEP 16u

/*
 * How many bytes from `at` on are plain: printable ASCII, neither quote nor backslash. Reads
 * REPAY_WIDE_STEP, which is also the answer when all of them are plain.
 */
static inline unsigned repay_wide_plain(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const void *)at);
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    /* Compared as signed: bytes with the high bit are below the blank too. */
    __m128i other = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));
    __m128i special = _mm_or_si128(_mm_or_si128(quote, backslash), other);
    unsigned mask = (unsigned)_mm_movemask_epi8(special);
    return (unsigned)__builtin_ctz(mask | 1u << REPAY_WIDE_STEP);
}

/* How many of the REPAY_WIDE_STEP from `at` on are spaces, up to the first that is not. */
static inline unsigned repay_wide_spaces(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const void *)at);
    unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')));
    return (unsigned)__builtin_ctz(~mask | 1u << REPAY_WIDE_STEP);
}

/* Whether the first `length` bytes, at most 32, are equal. Reads 32 bytes of both. */
static inline bool repay_wide_equal(const char *a, const char *b, unsigned length)
{
    __m128i a0 = _mm_loadu_si128((const void *)a);
    __m128i b0 = _mm_loadu_si128((const void *)b);
    __m128i a1 = _mm_loadu_si128((const void *)(a + 16));
    __m128i b1 = _mm_loadu_si128((const void *)(b + 16));
    uint32_t same = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a0, b0)) |
                    (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a1, b1)) << 16;
    return ((uint64_t)~same & (((uint64_t)1 << length) - 1) & UINT32_MAX) == 0;
}

/*
 * The same with the mask at hand: a bit for each of the 32 bytes that does not count. Half of them
 * are not looked at where that is enough.
 */
static REPAY_ALWAYS_INLINE bool repay_wide_matches(const char *a, const char *b, unsigned length,
                                                   uint32_t beyond)
{
    __m128i same0 =
        _mm_cmpeq_epi8(_mm_loadu_si128((const void *)a), _mm_loadu_si128((const void *)b));
    if ((uint16_t)((uint32_t)_mm_movemask_epi8(same0) | beyond) != UINT16_MAX)
        return false;
    if (length <= 16)
        return true;
    __m128i same1 = _mm_cmpeq_epi8(_mm_loadu_si128((const void *)(a + 16)),
                                   _mm_loadu_si128((const void *)(b + 16)));
    return (uint16_t)((uint32_t)_mm_movemask_epi8(same1) | beyond >> 16) == UINT16_MAX;
}

/* Whether `length` bytes are equal. Reads both up to the next multiple of 16. */
static inline bool repay_wide_equal_long(const char *a, const char *b, size_t length)
{
    size_t i = 0;
    for (; i + 16 <= length; i += 16) {
        __m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const void *)(a + i)),
                                      _mm_loadu_si128((const void *)(b + i)));
        if (_mm_movemask_epi8(same) != 0xffff)
            return false;
    }
    __m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const void *)(a + i)),
                                  _mm_loadu_si128((const void *)(b + i)));
    return (~(unsigned)_mm_movemask_epi8(same) & ((1u << (length - i)) - 1)) == 0;
}

/* Sixteen characters to their nibbles, in place; false when one is no lower-case digit. */
static inline bool repay_hex_nibbles(__m128i *characters)
{
    __m128i c = *characters;
    __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(c, _mm_set1_epi8('0' - 1)),
                                  _mm_cmplt_epi8(c, _mm_set1_epi8('9' + 1)));
    __m128i letter = _mm_and_si128(_mm_cmpgt_epi8(c, _mm_set1_epi8('a' - 1)),
                                   _mm_cmplt_epi8(c, _mm_set1_epi8('f' + 1)));
    __m128i nine = _mm_and_si128(letter, _mm_set1_epi8(9));
    *characters = _mm_add_epi8(_mm_and_si128(c, _mm_set1_epi8(0x0f)), nine);
    return _mm_movemask_epi8(_mm_or_si128(digit, letter)) == 0xffff;
}

/* Sixteen nibbles to eight bytes, each in the low half of a 16-bit lane. */
static inline __m128i repay_hex_bytes(__m128i nibbles)
{
    __m128i high = _mm_slli_epi16(nibbles, 4);
    __m128i low = _mm_srli_epi16(nibbles, 8);
    return _mm_and_si128(_mm_or_si128(high, low), _mm_set1_epi16(0x00ff));
}

/* 36 characters of a lower-case UUID to its 16 bytes; false when it is none. Reads 36 bytes. */
static inline bool repay_uuid_decode(const char *at, unsigned char out[16])
{
    if (at[8] != '-' || at[13] != '-' || at[18] != '-' || at[23] != '-')
        return false;
    uint64_t second = repay_load_4(at + 9) | (uint64_t)repay_load_4(at + 14) << 32;
    uint64_t third = repay_load_4(at + 19) | (uint64_t)repay_load_4(at + 24) << 32;
    __m128i head = _mm_set_epi64x((long long)second, (long long)repay_load_8(at));
    __m128i tail = _mm_set_epi64x((long long)repay_load_8(at + 28), (long long)third);
    if (!repay_hex_nibbles(&head) || !repay_hex_nibbles(&tail))
        return false;
    _mm_storeu_si128((void *)out, _mm_packus_epi16(repay_hex_bytes(head), repay_hex_bytes(tail)));
    return true;
}

#else

#define REPAY_WIDE_STEP 8u

/* The high bit of every byte that is zero; bytes above the first such byte may be wrong. */
static inline uint64_t repay_zero_bytes(uint64_t word)
{
    return (word - REPAY_EACH_BYTE(0x01)) & ~word & REPAY_EACH_BYTE(0x80);
}

static inline unsigned repay_first_byte(uint64_t high_bits)
{
    return high_bits ? (unsigned)__builtin_ctzll(high_bits) / 8 : 8;
}

static inline unsigned repay_wide_plain(const char *at)
{
    uint64_t word = repay_load_8(at);
    uint64_t quote = repay_zero_bytes(word ^ REPAY_EACH_BYTE('"'));
    uint64_t backslash = repay_zero_bytes(word ^ REPAY_EACH_BYTE('\\'));
    uint64_t control = (word - REPAY_EACH_BYTE(0x20)) & ~word & REPAY_EACH_BYTE(0x80);
    uint64_t high = word & REPAY_EACH_BYTE(0x80);
    return repay_first_byte(quote | backslash | control | high);
}

static inline unsigned repay_wide_spaces(const char *at)
{
    uint64_t other = repay_load_8(at) ^ REPAY_EACH_BYTE(' ');
    return other ? (unsigned)__builtin_ctzll(other) / 8 : 8;
}

static inline bool repay_wide_equal_long(const char *a, const char *b, size_t length)
{
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        if (repay_load_8(a + i) != repay_load_8(b + i))
            return false;
    }
    uint64_t differing = repay_load_8(a + i) ^ repay_load_8(b + i);
    return (differing & repay_low_bytes((unsigned)(length - i))) == 0;
}

static inline bool repay_wide_equal(const char *a, const char *b, unsigned length)
{
    return repay_wide_equal_long(a, b, length);
}

static inline bool repay_wide_matches(const char *a, const char *b, unsigned length,
                                      uint32_t beyond)
{
    (void)beyond;
    return repay_wide_equal_long(a, b, length);
}

/* Eight lower-case hex digits to four bytes, the first byte lowest. */
static inline bool repay_hex_word(uint64_t word, uint32_t *bytes)
{
    /* Per byte: bit 7 of `x + y` says x >= 128 - y, as long as x has seven bits. */
    uint64_t from_0 = word + REPAY_EACH_BYTE(0x80 - '0');
    uint64_t past_9 = word + REPAY_EACH_BYTE(0x80 - ('9' + 1));
    uint64_t from_a = word + REPAY_EACH_BYTE(0x80 - 'a');
    uint64_t past_f = word + REPAY_EACH_BYTE(0x80 - ('f' + 1));
    uint64_t valid = (from_0 & ~past_9) | (from_a & ~past_f);
    if ((word & REPAY_EACH_BYTE(0x80)) != 0 ||
        (valid & REPAY_EACH_BYTE(0x80)) != REPAY_EACH_BYTE(0x80))
        return false;
    uint64_t letters = (from_a & REPAY_EACH_BYTE(0x80)) >> 7;
    uint64_t nibbles = (word & REPAY_EACH_BYTE(0x0f)) + 9 * letters;
    uint64_t pairs = ((nibbles << 4) | (nibbles >> 8)) & 0x00ff00ff00ff00ffu;
    pairs = (pairs | pairs >> 8) & 0x0000ffff0000ffffu;
    *bytes = (uint32_t)(pairs | pairs >> 16);
    return true;
}

static inline bool repay_uuid_decode(const char *at, unsigned char out[16])
{
    if (at[8] != '-' || at[13] != '-' || at[18] != '-' || at[23] != '-')
        return false;
    const uint64_t words[4] = {
        repay_load_8(at),
        repay_load_4(at + 9) | (uint64_t)repay_load_4(at + 14) << 32,
        repay_load_4(at + 19) | (uint64_t)repay_load_4(at + 24) << 32,
        repay_load_8(at + 28),
    };
    uint32_t parts[4];
    for (unsigned i = 0; i < 4; i++) {
        if (!repay_hex_word(words[i], &parts[i]))
            return false;
    }
    for (unsigned i = 0; i < 16; i++)
        out[i] = (unsigned char)(parts[i / 4] >> (8 * (i % 4)));
    return true;
}

#endif

static inline bool repay_is_blank(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/*
 * Past the blanks of JSON, but not past a block behind `end`. Blanks are mostly none, one space, or
 * a line's end and its indentation.
 */
static inline const char *repay_skip_blanks(const char *at, const char *end)
{
    /* Nothing else below the space is good JSON, and whoever comes next will say so. */
    while ((unsigned char)*at <= ' ' && at < end && repay_is_blank(*at)) {
        at++;
        at += repay_wide_spaces(at);
    }
    return at;
}

/* Eight digits, as their values, the first of them lowest. */
static inline uint32_t repay_digits_value(uint64_t digits)
{
    digits = digits * 10 + (digits >> 8);
    digits = (digits & 0x000000ff000000ffu) * (100 + ((uint64_t)1000000 << 32)) +
             (digits >> 16 & 0x000000ff000000ffu) * (1 + ((uint64_t)10000 << 32));
    return (uint32_t)(digits >> 32);
}

/*
 * The digits that a word of eight characters begins with: their number, 0 to 8, and their value.
 * Fewer than eight are moved up so that the characters in front count as leading zeros.
 */
static inline unsigned repay_digits_8(uint64_t word, uint32_t *value)
{
    uint64_t digits = word ^ REPAY_EACH_BYTE('0');
    /*
     * A byte of 10 or more gets its high bit. One that was far above may carry and spoil the bytes
     * after it, which is no harm: the digits have ended before.
     */
    uint64_t stops = ((digits + REPAY_EACH_BYTE(0x76)) | digits) & REPAY_EACH_BYTE(0x80);
    if (stops == 0) {
        *value = repay_digits_value(digits);
        return 8;
    }
    unsigned bits = (unsigned)__builtin_ctzll(stops) & 0x38;
    *value = bits == 0 ? 0 : repay_digits_value(digits << (64 - bits));
    return bits / 8;
}

#endif
