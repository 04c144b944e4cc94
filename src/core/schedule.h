/*
 * Rows in columns, as one answer gave them, and the facts of that answer. Immutable.
 *
 * A segment is one piece of memory with all columns of some rows, one column after the other; a
 * small schedule has one segment that lies in the same memory as this struct (so Lua's collector
 * sees its size), a large one has many, each a block of the store. Texts are interned: a column
 * holds a code, the code is the place of a length and its bytes in the text blocks. What did not
 * fit its compact form, and every member that is not documented, is kept per row as received ("extra").
 *
 * Readers of whole columns go through repay_schedule_fill, which also applies the layout's rules;
 * nobody outside schedule*.c knows how segments lie.
 */
#ifndef REPAY_SCHEDULE_H
#define REPAY_SCHEDULE_H

#include "blocks.h"
#include "date.h"
#include "layout.h"
#include "money.h"

#define REPAY_SCHEDULE_INLINE_MAX (16u << 10) /* packed size up to which one userdata holds it all */
#define REPAY_SCHEDULE_ROWS_MAX   (16u << 20)
#define REPAY_SCHEDULE_TEXT_MAX   ((uint64_t)4 << 30) /* a text code has 32 bits */
#define REPAY_LABEL_MAX           64
#define REPAY_SUBJECT_MAX         256

/* What is true of the whole answer. Texts are borrowed until a schedule copies them. */
struct repay_schedule_facts {
    struct repay_text subject;     /* the id that was asked for */
    struct repay_text environment; /* "sandbox", "live" or empty */
    struct repay_text label;       /* the client's account label, or empty */
    int64_t fetched_at_unix_ms;
    char currency[4]; /* ISO 4217 with its terminator */
    uint8_t decimals;
    int16_t zone_minutes;
    bool zone_known; /* false: due dates cannot be compared with today unless as_of is given */
};

struct repay_extra {
    uint32_t row; /* from 0, ascending */
    uint32_t code; /* text: `"name":value,"name":value` as received */
};

struct repay_schedule {
    const struct repay_layout *layout;
    struct repay_blocks *blocks; /* NULL when everything lies behind this struct */
    unsigned char **segments;
    unsigned char **texts;
    struct repay_extra *extras;
    unsigned char *own_segment; /* what `segments` points to in the small form */
    unsigned char *own_texts;
    int64_t fetched_at_unix_ms;
    size_t memory; /* everything allocated for it, this struct included */
    uint32_t rows;
    uint32_t rows_per_segment;
    uint32_t segment_count;
    uint32_t text_count;
    uint32_t extra_count;
    uint32_t subject; /* text codes */
    uint32_t environment;
    uint32_t label;
    int16_t zone_minutes;
    bool zone_known;
    uint8_t decimals;
    char currency[4];
};

/* Makes an empty schedule that owns nothing: what a userdata holds until it is filled. */
void repay_schedule_init(struct repay_schedule *schedule);
/* Gives back all that is owned. Safe twice. The struct is empty then. */
void repay_schedule_free(struct repay_schedule *schedule);
void repay_schedule_facts_of(const struct repay_schedule *schedule,
                             struct repay_schedule_facts *out);

/* One value of one column. */
struct repay_value {
    bool present;
    int64_t integer;        /* AMOUNT, MOMENT (packed), DAY, COUNT, FLAG */
    struct repay_text text; /* TEXT, UUID and MOMENT rendered; borrowed from the schedule or `room` */
    char room[40];
};
void repay_schedule_value(const struct repay_schedule *schedule, uint32_t row,
                          const struct repay_field *field, struct repay_value *out);
struct repay_text repay_schedule_text(const struct repay_schedule *schedule, uint32_t code);
/* The members kept as received: `"name":value,…`, empty when there are none. */
struct repay_text repay_schedule_extra(const struct repay_schedule *schedule, uint32_t row);

/* The canonical figures, by the layout's rules. */
enum repay_figure {
    REPAY_FIGURE_PRINCIPAL,
    REPAY_FIGURE_INTEREST,
    REPAY_FIGURE_PENALTY,
    REPAY_FIGURE_TOTAL_DUE,
    REPAY_FIGURE_PAID,
    REPAY_FIGURE_OUTSTANDING,
    REPAY_FIGURE_OVERPAID
};
#define REPAY_FILL_MAX 512 /* rows a caller's stack chunk holds */

/* Fills out[0 … count-1] from `row` on; REPAY_AMOUNT_ABSENT where it cannot be known. */
void repay_schedule_fill(const struct repay_schedule *schedule, enum repay_figure figure,
                         uint32_t row, uint32_t count, int64_t *out);
/* Due days likewise, REPAY_DAY_ABSENT where there is none. */
void repay_schedule_fill_days(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                              int32_t *out);
/* Loans likewise: equal codes are equal loans within this schedule; 0 is "no id". */
void repay_schedule_fill_loans(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                               uint32_t *out);
int64_t repay_schedule_figure(const struct repay_schedule *schedule, enum repay_figure figure,
                              uint32_t row);
struct repay_text repay_schedule_loan_id(const struct repay_schedule *schedule, uint32_t row);
/* REPAY_COUNT_ABSENT when there is none. */
int32_t repay_schedule_number(const struct repay_schedule *schedule, uint32_t row);
enum repay_status repay_schedule_status(const struct repay_schedule *schedule, uint32_t row);

#endif
