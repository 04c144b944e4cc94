/*
 * A schedule as a string of bytes, and back: for snapshot files and for memory that processes
 * share.
 *
 * Owns the format: a version, a length, a checksum, the names of provider and layout, the facts,
 * each text once, and each column in runs. The same rows always give the same bytes. Bytes that
 * were cut, changed or made up are an error and never more; a run covers at most 128 rows, so bytes
 * cannot unpack to memory out of all proportion to their number. The checksum finds accidents; it
 * keeps no secret and proves nobody's word.
 */
#ifndef REPAY_SCHEDULE_DUMP_H
#define REPAY_SCHEDULE_DUMP_H

#include "bytes.h"
#include "error.h"
#include "schedule_build.h"

#define REPAY_DUMP_MAX ((size_t)1 << 31) /* 16 million rows of 128 bytes */

/*
 * Appends the dump to `out`. Names and e-mail addresses of persons are absent in it unless
 * `with_names` asks for them. False when memory ran out, `out` is to be thrown away then.
 */
bool repay_schedule_dump(const struct repay_schedule *schedule, bool with_names,
                         struct repay_bytes *out, struct repay_error *error);
/* The same of these rows, in their order and with all that they hold: for a patch. */
bool repay_schedule_dump_rows(const struct repay_schedule *schedule, const uint32_t *rows,
                              uint32_t count, struct repay_bytes *out, struct repay_error *error);

/* Finds a layout by provider and name; repay_layout_find of the provider list, or a test's own. */
typedef const struct repay_layout *repay_layout_finder(struct repay_text provider,
                                                       struct repay_text layout);

#define REPAY_RUN_MAX 128

/* One column of a dump being read. */
struct repay_dump_column {
    const unsigned char *at;
    const unsigned char *end;
    uint32_t left;     /* values of the run under way */
    bool repeats;      /* one value for all of them */
    uint64_t value[2]; /* the value of a repeating run */
    int64_t last;      /* what the next difference counts from */
};

struct repay_dump_reader {
    const struct repay_allocator *allocator;
    struct repay_builder *builder;
    const struct repay_layout *layout;
    struct repay_schedule_facts facts; /* texts borrowed from the dump */
    uint32_t rows;                     /* in the dump */
    uint32_t read;
    uint32_t text_count;
    uint32_t *codes;             /* the builder's codes of the dump's texts; 0 is "no text" */
    const unsigned char *extras; /* rows to skip, length, members; for each */
    const unsigned char *extras_end;
    uint32_t extra_count; /* not yet read */
    uint32_t next_extra;  /* row of the next one, UINT32_MAX: there is none */
    struct repay_text next_members;
    struct repay_bytes scratch; /* a row's members in braces, to be checked as JSON */
    struct repay_dump_column columns[REPAY_FIELDS_MAX];
};

/*
 * Checks the head, resets the builder for the layout and interns the texts. Borrows `bytes` and the
 * builder until close. On failure nothing has to be closed.
 */
bool repay_dump_open(struct repay_dump_reader *reader, struct repay_text bytes,
                     repay_layout_finder *find, struct repay_builder *builder,
                     struct repay_error *error);
/* Adds the next rows to the builder. */
bool repay_dump_read(struct repay_dump_reader *reader, uint32_t count, struct repay_error *error);
/* Safe twice. */
void repay_dump_close(struct repay_dump_reader *reader);

/* All rows into the builder. Texts of *facts are borrowed from `bytes`. */
bool repay_schedule_load(struct repay_text bytes, repay_layout_finder *find,
                         struct repay_builder *builder, struct repay_schedule_facts *facts,
                         struct repay_error *error);

/* The checksum that a dump of the schedule with names carries: equal rows and facts, equal sums. */
bool repay_schedule_checksum(const struct repay_schedule *schedule,
                             const struct repay_allocator *allocator, uint64_t *out,
                             struct repay_error *error);

/* FNV-1a of 64 bits: every single changed byte changes it. */
uint64_t repay_checksum(uint64_t before, const void *data, size_t size);
#define REPAY_CHECKSUM_BEGIN UINT64_C(0xcbf29ce484222325)

#endif
