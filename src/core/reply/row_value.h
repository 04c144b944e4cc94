/*
 * A member's value in any form that is allowed, for row_read.c: the way taken when the common form
 * did not match. Nobody else includes this.
 */
#ifndef REPAY_ROW_VALUE_H
#define REPAY_ROW_VALUE_H

#include "row_read.h"

/* At a value: reads it into the row's column, in whatever form it came. */
enum repay_json_end repay_row_value(struct repay_row_reader *reader, struct repay_json_scan *scan,
                                    unsigned index);
/*
 * Keeps a member of the row as received. `name` has its quotes. False: no memory, `error` is set.
 */
bool repay_row_keep_member(struct repay_row_reader *reader, struct repay_text name,
                           struct repay_text value);
/* Writes "absent" into the columns whose bits are set. */
void repay_row_clear(struct repay_row_reader *reader, uint32_t fields);
/* BAD at a byte that was received. */
enum repay_json_end repay_row_refuse(struct repay_row_reader *reader, struct repay_json_scan *scan,
                                     const char *at, const struct repay_field *field,
                                     const char *why);
/* BAD because the builder could not; `error` is set. */
enum repay_json_end repay_row_stop(struct repay_row_reader *reader, struct repay_json_scan *scan,
                                   const char *at);
/*
 * A string's text; with escapes it is decoded into reader->text. False: no memory, `error` is set.
 */
bool repay_row_plain_text(struct repay_row_reader *reader, struct repay_json_value value,
                          struct repay_text *out);
/* Interns a string, a number or a literal that still lies in the body, and remembers it there. */
bool repay_row_intern(struct repay_row_reader *reader, unsigned index,
                      struct repay_json_value value, uint32_t *code);

/* Where the row under way has its value of a column. */
static inline unsigned char *repay_row_place(const struct repay_row_reader *reader, unsigned index,
                                             size_t width)
{
    return reader->builder->columns[index] + width * reader->builder->row;
}

static inline void repay_row_put_8(const struct repay_row_reader *reader, unsigned index,
                                   int64_t value)
{
    memcpy(repay_row_place(reader, index, 8), &value, 8);
}

static inline void repay_row_put_4(const struct repay_row_reader *reader, unsigned index,
                                   uint32_t value)
{
    memcpy(repay_row_place(reader, index, 4), &value, 4);
}

#endif
