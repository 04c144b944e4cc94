/*
 * SHA-256 (FIPS 180-4), because libc has none and one hash is no reason for a library.
 */
#ifndef REPAY_SHA256_H
#define REPAY_SHA256_H

#include "entry.h"

struct repay_sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    unsigned char block[64];
};

void repay_sha256_init(struct repay_sha256 *hash);
void repay_sha256_add(struct repay_sha256 *hash, const void *data, size_t length);
void repay_sha256_end(struct repay_sha256 *hash, unsigned char out[REPAY_DIGEST_SIZE]);

/* One block, in the best way that this processor has, and in the way that every one has. */
void repay_sha256_compress(uint32_t state[8], const unsigned char block[64]);
void repay_sha256_compress_plainly(uint32_t state[8], const unsigned char block[64]);

/* Fields of a canonical form: the length in four bytes, the highest first, then the bytes. */
void repay_sha256_add_text(struct repay_sha256 *hash, struct repay_text text);
void repay_sha256_add_absent(struct repay_sha256 *hash);
/* As decimal digits, with their length. */
void repay_sha256_add_integer(struct repay_sha256 *hash, int64_t value);
/* Each in eight bytes, the highest first. */
void repay_sha256_add_numbers(struct repay_sha256 *hash, const int64_t *values, size_t count);

#endif
