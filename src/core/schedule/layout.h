/*
 * What a provider's row looks like, as data: which JSON member becomes which column, and by which
 * rule the figures that the provider does not print follow from those it does.
 *
 * Providers fill in constants of these types; the reader, the schedule, the aggregates and the
 * binding only look things up here. That is why no file outside src/providers needs a provider's
 * name.
 */
#ifndef REPAY_LAYOUT_H
#define REPAY_LAYOUT_H

#include <stdint.h>

#include "text.h"

#define REPAY_FIELDS_MAX 24 /* the widest documented row has 16 members */

/* What a column holds, and its width in bytes. */
enum repay_field_type {
    /*
     * 16: canonical lower-case UUID, else a text code behind 12 bytes of 0xff; for ids that differ
     * from row to row: one that repeats is smaller as TEXT.
     */
    REPAY_FIELD_UUID,
    REPAY_FIELD_AMOUNT, /* 8: int64 minor units, REPAY_AMOUNT_ABSENT */
    REPAY_FIELD_MOMENT, /* 8: packed as in date.h, REPAY_MOMENT_ABSENT */
    REPAY_FIELD_DAY,    /* 4: int32 day, REPAY_DAY_ABSENT */
    REPAY_FIELD_COUNT,  /* 4: int32, REPAY_COUNT_ABSENT */
    REPAY_FIELD_TEXT,   /* 4: code of an interned text, 0 absent; numbers are taken as their text */
    REPAY_FIELD_FLAG    /* 1: 0 false, 1 true, REPAY_FLAG_ABSENT */
};

static inline size_t repay_field_width(unsigned type)
{
    static const unsigned char widths[] = {16, 8, 8, 4, 4, 4, 1};
    return widths[type];
}

#define REPAY_COUNT_ABSENT INT32_MIN
#define REPAY_FLAG_ABSENT  2

/* What a column means to every provider; at most one column each. */
enum repay_role {
    REPAY_ROLE_NONE,
    REPAY_ROLE_ID,      /* identity of the row itself */
    REPAY_ROLE_LOAN_ID, /* a TEXT column: loans are told apart by its codes */
    REPAY_ROLE_NUMBER,
    REPAY_ROLE_DUE_DATE,
    REPAY_ROLE_PRINCIPAL,
    REPAY_ROLE_INTEREST,
    REPAY_ROLE_PENALTY,
    REPAY_ROLE_PENALTY_PAID,
    REPAY_ROLE_TOTAL_DUE,
    REPAY_ROLE_PAID,
    REPAY_ROLE_OUTSTANDING,
    REPAY_ROLE_STATUS,    /* the provider's word */
    REPAY_ROLE_IS_PAID,   /* a flag that says the loan is fully paid */
    REPAY_ROLE_REMAINING, /* what the loan still owes after this row, run down by the provider */
    REPAY_ROLE_LOAN_PRINCIPAL, /* principal the whole loan owes, printed on each of its rows */
    REPAY_ROLE_LOAN_BALANCE,   /* all that the whole loan owes, printed on each of its rows */
    REPAY_ROLE_CREATED,        /* moment of the row: the latest wins where those two disagree */
    REPAY_ROLE_PERSON,         /* somebody's name, a TEXT column */
    REPAY_ROLE_EMAIL           /* likewise an e-mail address */
};

#define REPAY_FIELD_KEY_ROOM 32 /* a member's name in its quotes, with the colon */

struct repay_field {
    const char *json_name;
    uint8_t json_length;
    uint8_t type; /* enum repay_field_type */
    uint8_t role; /* enum repay_role */
    uint16_t at;  /* bytes of wider columns before it: column base = segment + at * capacity */
    /* In Lua: canonical for a role ("due_date"), else the provider's, in snake_case. */
    const char *name;
    /*
     * `"name":` as a minified body holds it, padded with zeros: the reader compares 32 bytes at
     * once with the member it expects. Without it a member is still found, by the slow way.
     */
    char key[REPAY_FIELD_KEY_ROOM];
};

/* One line of a field table. A name too long for the key's room does not compile. */
#define REPAY_FIELD(json, type, role, at, name)                                                    \
    {                                                                                              \
        json,                                                                                      \
            sizeof(json) - 1 + 0 * sizeof(char[sizeof(json) + 2 < REPAY_FIELD_KEY_ROOM ? 1 : -1]), \
            type, role, at, name, "\"" json "\":"                                                  \
    }

enum repay_amount_rule {
    REPAY_AMOUNT_NOT_TOLD,                /* nil, with the layout's reason */
    REPAY_AMOUNT_GIVEN,                   /* the column with the role */
    REPAY_AMOUNT_TOTAL_MINUS_PAID,        /* max(0, total due - paid) */
    REPAY_AMOUNT_TOTAL_MINUS_OUTSTANDING, /* nil where the outstanding is above total due */
    REPAY_AMOUNT_PRINCIPAL_PLUS_INTEREST, /* used where the total itself is absent */
    REPAY_AMOUNT_ZERO_IF_PAID             /* 0 where the flag says paid, else nil */
};

enum repay_status {
    REPAY_STATUS_PENDING,
    REPAY_STATUS_PARTIAL,
    REPAY_STATUS_PAID,
    REPAY_STATUS_OVERDUE,
    REPAY_STATUS_UNKNOWN,
    REPAY_STATUS_COUNT
};

struct repay_status_word {
    const char *word; /* lower case, with one blank for any run of blanks, '-' and '_' */
    enum repay_status status;
};

/* Which rows are the same row: semantics of the project, section 1. */
enum repay_diff_identity {
    REPAY_IDENTITY_ROW_ID,      /* row id, else loan, number, occurrence */
    REPAY_IDENTITY_LOAN_NUMBER, /* loan, number, occurrence */
    REPAY_IDENTITY_POSITION     /* loan and position; by due date where the count changed */
};

struct repay_layout {
    const char *provider;             /* with `name`: how a dump finds its layout again */
    const char *name;                 /* "schedule", "pending", … */
    const struct repay_field *fields; /* widest types first, so that every column is aligned */
    uint8_t field_count;
    uint16_t row_width;       /* sum of the widths */
    bool loan_id_is_subject;  /* rows carry no loan id: it is the one that was asked for */
    bool number_is_position;  /* rows carry no number: it is the place in the answer, from 1 */
    bool amounts_beat_words;  /* status from paid and total first, from the word otherwise */
    bool paid_flag_is_status; /* status is `paid` where the flag says so, else `unknown` */
    uint8_t total_due_rule; /* GIVEN, or PRINCIPAL_PLUS_INTEREST: as fallback where none is given */
    uint8_t paid_rule;
    uint8_t outstanding_rule;
    uint8_t identity;      /* enum repay_diff_identity */
    bool penalty_in_total; /* whether principal + interest + penalty must equal total due */
    const struct repay_status_word *status_words; /* ends with word NULL; NULL: there are none */
    const char *unknown_reason;   /* why paid or outstanding are nil, NULL when they are told */
    const char *lateness_reason;  /* why nothing that reads due dates can be computed, or NULL */
    const char *total_due_reason; /* why total due is not summed over rows, or NULL: it is */
};

/* Whether it says who somebody is: such a field is written down only where that is asked for. */
static inline bool repay_field_is_personal(const struct repay_field *field)
{
    return field->role == REPAY_ROLE_PERSON || field->role == REPAY_ROLE_EMAIL;
}

/* The field with the role, or NULL. */
const struct repay_field *repay_layout_role(const struct repay_layout *layout,
                                            enum repay_role role);
/* The field with the Lua name, or NULL. */
const struct repay_field *repay_layout_field(const struct repay_layout *layout,
                                             struct repay_text name);
/* Folds case, blanks, '-' and '_', trims, and looks the word up. UNKNOWN when it is not listed. */
enum repay_status repay_layout_status(const struct repay_layout *layout, struct repay_text word);
const char *repay_status_name(enum repay_status status);

#endif
