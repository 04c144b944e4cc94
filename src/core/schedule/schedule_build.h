/*
 * A schedule being filled, row by row, and turned into an immutable one.
 *
 * Belongs to a call. A row is begun, its values are written at the current place of each column,
 * and then it is kept; what is not kept is written over by the next row, so no row that was not
 * read to its end is ever visible. Interning needs a hash table that the finished schedule does not
 * keep.
 */
#ifndef REPAY_SCHEDULE_BUILD_H
#define REPAY_SCHEDULE_BUILD_H

#include "blocks.h"
#include "error.h"
#include "schedule.h"
#include "wide_bytes.h"

struct repay_extra;
struct repay_text_slot;

/*
 * Texts a column had lately, as they stood in the body: runs and alternations of a few words are
 * the rule, and finding one here costs neither a scan nor a hash. A text has two places, chosen by
 * its first bytes.
 */
#define REPAY_RECENT_MAX  8
#define REPAY_RECENT_ROOM 112 /* longest text with escapes that is remembered as it stood */

/* Up to so many texts are looked through; with the next one all of them get a hash table. */
#define REPAY_FEW_TEXTS 4

/*
 * Rows and texts of an answer that stays small lie here and not in blocks: two blocks for each of
 * sixty calls under way are 8 MB of fresh pages for 50 KB of rows, and every place of them falls on
 * the same lines of the cache.
 */
#define REPAY_FIRST_SIZE 4096

struct repay_recent_text {
    const char *data; /* 16 bytes past its end may be read */
    uint32_t length;  /* UINT32_MAX: none */
    uint32_t code;
    uint32_t quotes; /* 1: it stands between quotes; 0: a number or a literal */
};

struct repay_builder {
    struct repay_blocks *blocks;
    const struct repay_layout *layout;
    unsigned char **segments;
    unsigned char **texts;
    struct repay_extra *extras;
    struct repay_text_slot *slots; /* hash table of the interned texts, unless they are few */
    uint32_t few[REPAY_FEW_TEXTS]; /* their codes, as long as they are */
    uint32_t few_count;
    uint32_t segment_count, segment_room;
    uint32_t text_count, text_room;
    uint32_t extra_count, extra_room;
    uint32_t slot_count, slots_used;
    uint32_t rows, rows_per_segment;
    const struct repay_layout *sized_for; /* the layout that the two numbers after it are of */
    uint32_t block_rows, first_rows;      /* rows that a block holds, or `first` */
    uint32_t row;                         /* the current row's place in the last segment */
    uint32_t row_end;                     /* places of the last segment that may be used */
    uint32_t text_used;                   /* bytes of the last text block */
    uint32_t rows_max;                    /* REPAY_SCHEDULE_ROWS_MAX; lower in tests */
    uint32_t text_blocks_max;             /* REPAY_SCHEDULE_TEXT_MAX in blocks; lower in tests */
    unsigned char *columns[REPAY_FIELDS_MAX]; /* of the last segment */
    struct repay_recent_text recent[REPAY_FIELDS_MAX][REPAY_RECENT_MAX];
    char *escaped; /* a place per column for a text with escapes, made when the first one comes */
    /* REPAY_FIRST_SIZE for rows and again for texts; made with the first row. */
    unsigned char *first;
    bool rows_in_first;  /* the only segment is that */
    bool texts_in_first; /* likewise the only text block */
};

/* Borrows a reference's worth of `blocks` for its life. */
void repay_builder_init(struct repay_builder *builder, struct repay_blocks *blocks);
void repay_builder_free(struct repay_builder *builder);
/* Empties it for a new answer and gives the blocks back. */
void repay_builder_reset(struct repay_builder *builder, const struct repay_layout *layout);
/* Drops every row from `rows` on: a page that failed or repeated another. */
void repay_builder_cut(struct repay_builder *builder, uint32_t rows);
/* Whether the last `count` rows equal the `count` before them, value by value. */
bool repay_builder_repeats(const struct repay_builder *builder, uint32_t count);

/* Makes a segment for the row to come. False: no memory, or REPAY_SCHEDULE_ROWS_MAX rows. */
bool repay_builder_grow(struct repay_builder *builder, struct repay_error *error);

/* Makes room for one more row. Its values belong at columns[i] + row * width, for every i. */
static inline bool repay_builder_begin_row(struct repay_builder *builder, struct repay_error *error)
{
    return builder->row < builder->row_end || repay_builder_grow(builder, error);
}

/* Adds members as received to the row under way, which must be kept next. */
bool repay_builder_add_extra(struct repay_builder *builder, struct repay_text members,
                             struct repay_error *error);

static inline void repay_builder_keep_row(struct repay_builder *builder)
{
    builder->rows++;
    builder->row++;
}

/*
 * Interns a text that holds no escapes. False: no memory, or over REPAY_SCHEDULE_TEXT_MAX; `error`
 * says which.
 */
bool repay_builder_intern(struct repay_builder *builder, struct repay_text text, uint32_t *code,
                          struct repay_error *error);
/*
 * Remembers that a value which stands at `raw` in the body, quotes included, has the code. Not done
 * when there is no memory for it: then the next one like it is looked up again.
 */
void repay_builder_remember(struct repay_builder *builder, unsigned column, struct repay_text raw,
                            bool escaped, uint32_t code);

/*
 * Two places of the text whose value begins at `at`, three bits each. Reads 9 bytes. The multiplier
 * is one of several that mix well; this one keeps the words that providers document apart.
 */
static inline unsigned repay_builder_recent(const char *at)
{
    uint64_t mixed = repay_load_8(at + 1) * 0xd6e8feb86659fd93u;
    return (unsigned)(mixed >> 58);
}

/* Borrowed until the next reset; 16 bytes past its end may be read. */
struct repay_text repay_builder_text(const struct repay_builder *builder, uint32_t code);

/* What the small form of the rows there are will take. */
struct repay_packing {
    size_t size; /* facts included; above REPAY_SCHEDULE_INLINE_MAX when it has to be moved */
    size_t columns_size;
    uint32_t constant_columns; /* one bit a field that is stored once */
};
struct repay_packing repay_builder_measure(const struct repay_builder *builder,
                                           const struct repay_schedule_facts *facts);
/*
 * Copies everything, as it was measured, into `memory` of that size, aligned to 8, whose first
 * bytes are the schedule.
 */
void repay_builder_pack(const struct repay_builder *builder,
                        const struct repay_schedule_facts *facts,
                        const struct repay_packing *packing, void *memory);
/*
 * Moves the segments into an empty schedule; only what is left of the last ones is copied, into
 * memory of the exact size. The builder is empty afterwards, or unchanged on failure.
 */
bool repay_builder_move(struct repay_builder *builder, const struct repay_schedule_facts *facts,
                        struct repay_schedule *out, struct repay_error *error);

#endif
