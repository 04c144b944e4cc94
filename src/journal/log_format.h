/*
 * The bytes of SQLite's log, as its page on the file format gives them, and of the part of its
 * index that says how much of the log counts.
 *
 * A log is a head and then frames: a page each, with a head of its own. Both have the salts of this
 * filling of the log; a frame has a checksum over all that comes before it, too, so one frame after
 * another is linked to the one before. The last frame of a commit has a size.
 */
#ifndef REPAY_LOG_FORMAT_H
#define REPAY_LOG_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "sqlite_pages.h"

#define REPAY_LOG_HEAD_SIZE  32
#define REPAY_LOG_FRAME_HEAD 24
#define REPAY_LOG_FRAME_SIZE (REPAY_LOG_FRAME_HEAD + REPAY_PAGE_SIZE)
#define REPAY_LOG_SALTS_SIZE 8
#define REPAY_LOG_INDEX_SIZE 96 /* its two heads */

struct repay_log_sum {
    uint32_t a, b;
};

struct repay_log_head {
    unsigned char salts[REPAY_LOG_SALTS_SIZE];
    struct repay_log_sum sum; /* of the head itself */
    bool is_big_endian;       /* how checksums take words */
};

/* What a frame says of itself. */
struct repay_log_frame {
    unsigned char salts[REPAY_LOG_SALTS_SIZE];
    struct repay_log_sum sum;
    uint32_t page;
    uint32_t size; /* of the database in pages, after the commit that ends here; 0: none does */
};

/* What was published last: that the log counts up to a frame. */
struct repay_log_index {
    unsigned char salts[REPAY_LOG_SALTS_SIZE];
    struct repay_log_sum sum; /* of the last frame that counts */
    uint32_t frames;
};

/* False for one that SQLite would not take for the head of a journal's log. */
bool repay_log_read_head(const unsigned char bytes[REPAY_LOG_HEAD_SIZE],
                         struct repay_log_head *out);
/*
 * Of one that is not valid: finds the byte that has to be another for it to be a head of these salts.
 * They are asked for, because a byte of them may make up for one of the checksum.
 */
bool repay_log_mend_head(const unsigned char bytes[REPAY_LOG_HEAD_SIZE],
                         const unsigned char salts[REPAY_LOG_SALTS_SIZE],
                         struct repay_log_head *out);
/* Of the first REPAY_LOG_FRAME_HEAD bytes of a frame. */
void repay_log_read_frame(const unsigned char *bytes, struct repay_log_frame *out);
/* What the checksum of the frame should be where that of the one before is `before`. */
struct repay_log_sum repay_log_sum_frame(const struct repay_log_head *head,
                                         struct repay_log_sum before,
                                         const unsigned char bytes[REPAY_LOG_FRAME_SIZE]);
bool repay_log_same_sum(struct repay_log_sum one, struct repay_log_sum other);
/*
 * Of a frame that does not match its checksum: whether one byte that changed is the reason, and
 * then what the frame said before of its page and size.
 */
bool repay_log_mend_frame(const struct repay_log_head *head, struct repay_log_sum before,
                          const unsigned char bytes[REPAY_LOG_FRAME_SIZE],
                          struct repay_log_frame *out);
/* False when neither of the index's heads is one that was written whole. */
bool repay_log_read_index(const unsigned char bytes[REPAY_LOG_INDEX_SIZE],
                          struct repay_log_index *out);

#endif
