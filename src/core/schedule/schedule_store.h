/*
 * How a schedule's memory lies: segments of rows, blocks of texts, members kept as received.
 *
 * schedule_build.c fills it, schedule_pack.c hands it over, schedule.c reads and frees it; nobody
 * else knows of it.
 */
#ifndef REPAY_SCHEDULE_STORE_H
#define REPAY_SCHEDULE_STORE_H

#include "blocks.h"
#include "schedule.h"

/*
 * A text's place: its length in one, two or three bytes of seven bits each, low bits first, then
 * its bytes. Place 0 of the first block is never used, so that code 0 can mean "no text".
 */
#define REPAY_TEXT_HEAD_MAX   3
/* A block's last bytes stay empty, so that a text may be compared in steps of 16 bytes. */
#define REPAY_TEXT_BLOCK_ROOM (REPAY_BLOCK_SIZE - 16)

struct repay_extra {
    uint32_t row;  /* from 0, ascending */
    uint32_t code; /* text: `"name":value,"name":value` as received */
};

struct repay_row_store {
    struct repay_blocks *blocks;
    unsigned char **segments; /* all but the last are blocks of the store */
    unsigned char **texts;    /* likewise */
    struct repay_extra *extras;
    uint32_t segment_count, segment_room;
    uint32_t text_count, text_room;
    uint32_t extra_count, extra_room;
    uint32_t rows_per_segment;
    uint32_t last_rows; /* the last segment has room for exactly these */
    size_t last_segment_size;
    size_t last_text_size;
};

/* What follows columns of odd widths must be aligned for 32-bit members. */
static inline size_t repay_row_store_aligned(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

/* The text of the row's extra among so many, by row; 0 where it has none. */
uint32_t repay_extra_code(const struct repay_extra *extras, uint32_t count, uint32_t row);

/* Gives back everything, the store itself included. */
void repay_row_store_free(struct repay_row_store *store);

static inline size_t repay_text_head_write(unsigned char *out, size_t length)
{
    size_t written = 0;
    while (length >= 0x80) {
        out[written++] = (unsigned char)(0x80 | (length & 0x7f));
        length >>= 7;
    }
    out[written++] = (unsigned char)length;
    return written;
}

static inline size_t repay_text_head_size(size_t length)
{
    return length < 0x80 ? 1 : length < 0x4000 ? 2 : 3;
}

static inline struct repay_text repay_text_at(const unsigned char *place)
{
    size_t length = place[0] & 0x7f;
    size_t head = 1;
    for (; (place[head - 1] & 0x80) != 0; head++)
        length |= (size_t)(place[head] & 0x7f) << (7 * head);
    return (struct repay_text){(const char *)place + head, length};
}

#endif
