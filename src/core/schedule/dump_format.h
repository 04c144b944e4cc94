/*
 * Between the files that write and read dumps and patches; nobody else includes this.
 *
 * A dump: magic with the version, checksum of all that follows, facts, counts, texts, columns,
 * extras. Numbers of a fixed width are written low byte first, on every machine.
 */
#ifndef REPAY_DUMP_FORMAT_H
#define REPAY_DUMP_FORMAT_H

#include "bytes.h"
#include "layout.h"

#define REPAY_DUMP_MAGIC      "rpsd\x01" /* the last byte is the version */
#define REPAY_PATCH_MAGIC     "rpsp\x01"
#define REPAY_DUMP_MAGIC_SIZE 5u
#define REPAY_DUMP_HEAD_SIZE  (REPAY_DUMP_MAGIC_SIZE + 8u)

/* Changes when a field of the layout gets another name, type or place. */
uint64_t repay_layout_fingerprint(const struct repay_layout *layout);

/* Writes the checksum of all that follows the head which stands at `begin`. */
void repay_dump_seal(struct repay_bytes *out, size_t begin);

static inline void repay_dump_put_64(struct repay_bytes *out, uint64_t value)
{
    char bytes[8];

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(unsigned char)(value >> (8 * i));
    (void)repay_bytes_append(out, bytes, sizeof bytes);
}

static inline uint64_t repay_dump_get_64(const void *data)
{
    const unsigned char *bytes = data;
    uint64_t value = 0;

    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

#endif
