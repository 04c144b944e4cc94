/*
 * Owns how SQLite's log is read by somebody else than SQLite: heads, frames, their checksums, and
 * which byte of them must have changed. Reads no file and refuses nothing but what is not valid.
 */
#include "log_format.h"

#include <string.h>

#define MAGIC         0x377f0682u /* the last bit says that checksums take words big-endian */
#define VERSION       3007000u
#define HEAD_BODY     24 /* of the log's head: what its checksum is over */
#define FRAME_BODY    8  /* of a frame's head: what its checksum is over, beside the page */
#define INDEX_HALF    (REPAY_LOG_INDEX_SIZE / 2)
#define INDEX_BODY    40
#define BYTE_VALUES   256u
#define INVERSE_STEPS 4

static uint32_t big(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t little(const unsigned char *bytes)
{
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

/* The index is never moved to another machine and is written as this one writes numbers. */
static uint32_t native(const unsigned char *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return value;
}

static bool is_native_big(void)
{
    static const unsigned char bytes[4] = {0, 0, 0, 1};

    return native(bytes) == 1;
}

/* `size` is a multiple of eight. */
static struct repay_log_sum sum_on(struct repay_log_sum sum, bool is_big,
                                   const unsigned char *bytes, size_t size)
{
    const unsigned char *end = bytes + size;

    if (is_big) {
        for (; bytes < end; bytes += 8) {
            sum.a += big(bytes) + sum.b;
            sum.b += big(bytes + 4) + sum.a;
        }
    } else {
        for (; bytes < end; bytes += 8) {
            sum.a += little(bytes) + sum.b;
            sum.b += little(bytes + 4) + sum.a;
        }
    }
    return sum;
}

bool repay_log_same_sum(struct repay_log_sum one, struct repay_log_sum other)
{
    return one.a == other.a && one.b == other.b;
}

bool repay_log_read_head(const unsigned char bytes[REPAY_LOG_HEAD_SIZE], struct repay_log_head *out)
{
    struct repay_log_head head = {.is_big_endian = (bytes[3] & 1) != 0};
    struct repay_log_sum stored = {big(bytes + HEAD_BODY), big(bytes + HEAD_BODY + 4)};

    if ((big(bytes) | 1u) != (MAGIC | 1u) || big(bytes + 4) != VERSION ||
        big(bytes + 8) != REPAY_PAGE_SIZE)
        return false;
    head.sum = sum_on(head.sum, head.is_big_endian, bytes, HEAD_BODY);
    if (!repay_log_same_sum(head.sum, stored))
        return false;
    memcpy(head.salts, bytes + 16, sizeof head.salts);
    *out = head;
    return true;
}

bool repay_log_mend_head(const unsigned char bytes[REPAY_LOG_HEAD_SIZE],
                         const unsigned char salts[REPAY_LOG_SALTS_SIZE],
                         struct repay_log_head *out)
{
    unsigned char tried[REPAY_LOG_HEAD_SIZE];
    struct repay_log_head head;

    memcpy(tried, bytes, sizeof tried);
    for (size_t at = 0; at < sizeof tried; at++) {
        for (unsigned change = 1; change < BYTE_VALUES; change++) {
            tried[at] = (unsigned char)(bytes[at] ^ change);
            if (repay_log_read_head(tried, &head) &&
                memcmp(head.salts, salts, sizeof head.salts) == 0) {
                *out = head;
                return true;
            }
        }
        tried[at] = bytes[at];
    }
    return false;
}

void repay_log_read_frame(const unsigned char *bytes, struct repay_log_frame *out)
{
    out->page = big(bytes);
    out->size = big(bytes + 4);
    memcpy(out->salts, bytes + 8, sizeof out->salts);
    out->sum = (struct repay_log_sum){big(bytes + 16), big(bytes + 20)};
}

struct repay_log_sum repay_log_sum_frame(const struct repay_log_head *head,
                                         struct repay_log_sum before,
                                         const unsigned char bytes[REPAY_LOG_FRAME_SIZE])
{
    before = sum_on(before, head->is_big_endian, bytes, FRAME_BODY);
    return sum_on(before, head->is_big_endian, bytes + REPAY_LOG_FRAME_HEAD, REPAY_PAGE_SIZE);
}

/* What times `odd` is one, without what does not fit: each step doubles the bits that are right. */
static uint32_t inverse_of(uint32_t odd)
{
    uint32_t inverse = odd;

    for (int i = 0; i < INVERSE_STEPS; i++)
        inverse *= 2 - odd * inverse;
    return inverse;
}

/* How much the two halves of a checksum differ for each one that a word differs. */
struct weight {
    uint32_t a, b;
};

/* The word that would have been: true when it differs from `word` in one byte or none. */
static bool mend_word(uint32_t word, struct weight weight, struct repay_log_sum missing,
                      uint32_t *out)
{
    /* Of two neighbours in Fibonacci's row one is odd. */
    uint32_t change =
        (weight.a & 1) != 0 ? missing.a * inverse_of(weight.a) : missing.b * inverse_of(weight.b);
    uint32_t changed = word ^ (word + change);

    *out = word + change;
    return change * weight.a == missing.a && change * weight.b == missing.b &&
           ((changed & ~0xffu) == 0 || (changed & ~0xff00u) == 0 || (changed & ~0xff0000u) == 0 ||
            (changed & ~0xff000000u) == 0);
}

static uint32_t word(const struct repay_log_head *head, const unsigned char *bytes)
{
    return head->is_big_endian ? big(bytes) : little(bytes);
}

/* The number in a frame's head whose word under the checksum is this: there it is big-endian. */
static uint32_t as_stored(const struct repay_log_head *head, uint32_t value)
{
    if (head->is_big_endian)
        return value;
    return value << 24 | (value & 0xff00u) << 8 | (value >> 8 & 0xff00u) | value >> 24;
}

/*
 * The checksum is linear in the words, so what is missing to it tells how much each of them would
 * have to differ, and one byte's worth it is in chance's one case of 2^40 at most. Salts are not
 * under the checksum: nothing is missing to it when a byte of them is the one.
 */
bool repay_log_mend_frame(const struct repay_log_head *head, struct repay_log_sum before,
                          const unsigned char bytes[REPAY_LOG_FRAME_SIZE],
                          struct repay_log_frame *out)
{
    struct repay_log_sum is = repay_log_sum_frame(head, before, bytes);
    struct weight first = {1, 1}, second = {0, 1};
    struct repay_log_frame frame;
    struct repay_log_sum missing;
    uint32_t mended;

    repay_log_read_frame(bytes, &frame);
    missing = (struct repay_log_sum){frame.sum.a - is.a, frame.sum.b - is.b};
    for (size_t at = REPAY_LOG_FRAME_SIZE; at > 0; at -= 8) {
        const unsigned char *pair = bytes + at - 8;

        if (at > FRAME_BODY && at <= REPAY_LOG_FRAME_HEAD)
            continue;
        if (mend_word(word(head, pair + 4), second, missing, &mended)) {
            if (at == FRAME_BODY)
                frame.size = as_stored(head, mended);
            *out = frame;
            return true;
        }
        if (mend_word(word(head, pair), first, missing, &mended)) {
            if (at == FRAME_BODY)
                frame.page = as_stored(head, mended);
            *out = frame;
            return true;
        }
        first = (struct weight){first.a + first.b, first.a + 2 * first.b};
        second = (struct weight){second.a + second.b, second.a + 2 * second.b};
    }
    return false;
}

/* One of two equal ones: each is written after what it tells of was synced, the second first. */
static bool read_half(const unsigned char *bytes, struct repay_log_index *out)
{
    struct repay_log_sum sum = {0, 0};
    struct repay_log_sum stored = {native(bytes + 40), native(bytes + 44)};

    sum = sum_on(sum, is_native_big(), bytes, INDEX_BODY);
    if (native(bytes) != VERSION || bytes[12] == 0 || !repay_log_same_sum(sum, stored))
        return false;
    out->frames = native(bytes + 16);
    out->sum = (struct repay_log_sum){native(bytes + 24), native(bytes + 28)};
    memcpy(out->salts, bytes + 32, sizeof out->salts);
    return true;
}

bool repay_log_read_index(const unsigned char bytes[REPAY_LOG_INDEX_SIZE],
                          struct repay_log_index *out)
{
    return read_half(bytes + INDEX_HALF, out) || read_half(bytes, out);
}
