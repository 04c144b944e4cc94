/*
 * Rows in columns, as one answer gave them, and the facts of that answer. Immutable.
 *
 * A segment is one piece of memory with all columns of some rows, one column after the other. A
 * small schedule is one segment that lies behind this struct in the same memory (so Lua's collector
 * sees its size), and there a column whose value never changes is stored once. A large one owns
 * a store: many segments, each a block, so that nothing was ever copied to grow. Texts are
 * interned: a column holds a code, the code is the place of a length and its bytes. What did not
 * fit its compact form, and every member that is not documented, is kept per row as received
 * ("extra").
 *
 * Readers of whole columns go through repay_schedule_fill, which also applies the layout's rules;
 * nobody outside schedule*.c knows how segments lie.
 */
#ifndef REPAY_SCHEDULE_H
#define REPAY_SCHEDULE_H

#include "date.h"
#include "layout.h"
#include "money.h"

/* Packed size up to which one userdata holds it all. */
#define REPAY_SCHEDULE_INLINE_MAX (16u << 10)
#define REPAY_NO_ROW              UINT32_MAX /* where a row may be told and is not */
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

struct repay_row_store; /* of a large schedule; private to schedule*.c */

struct repay_schedule {
    const struct repay_layout *layout; /* NULL: empty, or freed */
    struct repay_row_store *store;     /* NULL when everything lies behind this struct */
    int64_t fetched_at_unix_ms;
    uint32_t rows;
    uint32_t extra_count;
    uint32_t text_size;        /* small form: bytes of text behind the columns and extras */
    uint32_t constant_columns; /* small form: one bit a field that is stored once for all rows */
    uint32_t subject;          /* text codes */
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
/* Texts of `out` are borrowed from the schedule. */
void repay_schedule_facts_of(const struct repay_schedule *schedule,
                             struct repay_schedule_facts *out);
/* Bytes in use for it: the struct, what lies behind it, and all that was allocated for it. */
size_t repay_schedule_memory(const struct repay_schedule *schedule);

/* One value of one column. */
struct repay_value {
    bool present;
    int64_t integer;        /* AMOUNT, MOMENT (packed), DAY, COUNT, FLAG */
    struct repay_text text; /* TEXT, UUID, MOMENT rendered; borrowed from the schedule or `room` */
    char room[40];
};
/* `field` is one of the schedule's own layout. */
void repay_schedule_value(const struct repay_schedule *schedule, uint32_t row,
                          const struct repay_field *field, struct repay_value *out);
/* The text with the code; code 0 is the empty text. */
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
    REPAY_FIGURE_OVERPAID,
    REPAY_FIGURE_COUNT /* how many there are, and none of them */
};
#define REPAY_FILL_MAX 256 /* rows a caller's stack chunk holds; fill takes no more at once */

/* Fills out[0 … count-1] from `row` on; REPAY_AMOUNT_ABSENT where it cannot be known. */
void repay_schedule_fill(const struct repay_schedule *schedule, enum repay_figure figure,
                         uint32_t row, uint32_t count, int64_t *out);
/* An AMOUNT column as it is, likewise. */
void repay_schedule_fill_amounts(const struct repay_schedule *schedule,
                                 const struct repay_field *field, uint32_t row, uint32_t count,
                                 int64_t *out);
/* Due days likewise, REPAY_DAY_ABSENT where there is none. */
void repay_schedule_fill_days(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                              int32_t *out);
/* Loans likewise: equal codes are equal loans within this schedule; 0 is "no id". */
void repay_schedule_fill_loans(const struct repay_schedule *schedule, uint32_t row, uint32_t count,
                               uint32_t *out);
/*
 * A column of 32-bit values as it is, likewise: codes of a TEXT column are 0 where there is none.
 */
void repay_schedule_fill_words(const struct repay_schedule *schedule,
                               const struct repay_field *field, uint32_t row, uint32_t count,
                               uint32_t *out);
/* Statuses likewise, one enum repay_status a byte. */
void repay_schedule_fill_statuses(const struct repay_schedule *schedule, uint32_t row,
                                  uint32_t count, uint8_t *out);
/*
 * Likewise without a copy where that can be: the values as they lie in memory, else in `room`. A
 * chunk that ends where a run does is never copied for crossing into the next.
 */
const int64_t *repay_schedule_amounts(const struct repay_schedule *schedule,
                                      enum repay_figure figure, uint32_t row, uint32_t count,
                                      int64_t *room);
/*
 * The column that tells the figure, where it lies in memory as asked; else NULL. A value that is
 * absent in it may still follow from other columns: that is repay_schedule_amounts' to say.
 */
const int64_t *repay_schedule_told(const struct repay_schedule *schedule, enum repay_figure figure,
                                   uint32_t row, uint32_t count);
const int32_t *repay_schedule_days(const struct repay_schedule *schedule, uint32_t row,
                                   uint32_t count, int32_t *room);
/* How many rows from `row` on lie one after the other; at least 1 where the row exists. */
uint32_t repay_schedule_run(const struct repay_schedule *schedule, uint32_t row);
int64_t repay_schedule_figure(const struct repay_schedule *schedule, enum repay_figure figure,
                              uint32_t row);
/* What the provider printed, REPAY_AMOUNT_ABSENT where it did not. An AMOUNT column's role. */
int64_t repay_schedule_given(const struct repay_schedule *schedule, enum repay_role role,
                             uint32_t row);
int32_t repay_schedule_day(const struct repay_schedule *schedule, uint32_t row);
struct repay_text repay_schedule_loan_id(const struct repay_schedule *schedule, uint32_t row);
/* REPAY_COUNT_ABSENT when there is none. */
int32_t repay_schedule_number(const struct repay_schedule *schedule, uint32_t row);
enum repay_status repay_schedule_status(const struct repay_schedule *schedule, uint32_t row);

#endif
