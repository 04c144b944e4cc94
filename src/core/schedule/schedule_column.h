/*
 * Columns as they lie in memory.
 *
 * For those who read or write bits instead of values: the rules and the dumps of this floor, and
 * the reader of rows, which marks a UUID that is none. Everyone else asks schedule.h for figures.
 */
#ifndef REPAY_SCHEDULE_COLUMN_H
#define REPAY_SCHEDULE_COLUMN_H

#include "schedule.h"

/* A UUID column's value that is a text: these bytes of 0xff, then the text's code. */
#define REPAY_UUID_TEXT_MARK 12

/* Values of one column that lie one after the other. */
struct repay_column {
    const unsigned char *at;
    size_t stride; /* 0: the one value stands for all rows */
    uint32_t rows; /* how many from there on */
};

/* The run of a field's values that begins with `row`, which must exist. */
void repay_schedule_column(const struct repay_schedule *schedule, const struct repay_field *field,
                           uint32_t row, struct repay_column *out);

static inline int64_t repay_column_64(const unsigned char *at)
{
    int64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint32_t repay_column_32(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline bool repay_uuid_is_text(const unsigned char at[16])
{
    return repay_column_64(at) == -1 && repay_column_32(at + 8) == UINT32_MAX;
}

#endif
