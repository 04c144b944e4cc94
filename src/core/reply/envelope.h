/*
 * Reading the values of an envelope the way every judge needs to: words compared without case,
 * flags and numbers also when they come as strings, text decoded, cut and cleaned.
 *
 * Nothing is allocated. Texts are read up to REPAY_ENVELOPE_TEXT_MAX bytes as received; what lies
 * beyond is neither kept nor searched.
 */
#ifndef REPAY_ENVELOPE_H
#define REPAY_ENVELOPE_H

#include "error.h"
#include "json_read.h"

#define REPAY_ENVELOPE_MAX 8 /* documented members of one envelope */

/* 500 bytes are kept of a provider's words; written as \u escapes each may take six. */
#define REPAY_ENVELOPE_TEXT_MAX 3072

enum repay_rows_found {
    REPAY_ROWS_ABSENT, /* no such member */
    REPAY_ROWS_NULL,
    REPAY_ROWS_LIST,
    REPAY_ROWS_ONE,      /* a single object was taken as a row */
    REPAY_ROWS_MISPLACED /* the member is there and holds no list */
};

/* What judge() gets to see of a reply. Values borrow from the reader. */
struct repay_envelope {
    bool is_json; /* the body is one whole JSON object; false until its end was seen */
    struct repay_json_value values[REPAY_ENVELOPE_MAX]; /* parallel to shape->envelope */
    bool present[REPAY_ENVELOPE_MAX];                   /* and not null */
    enum repay_rows_found rows_found;
    uint32_t rows;
};

enum repay_envelope_flag {
    REPAY_ENVELOPE_FLAG_ABSENT,
    REPAY_ENVELOPE_FLAG_FALSE,
    REPAY_ENVELOPE_FLAG_TRUE,
    REPAY_ENVELOPE_FLAG_ODD
};

/* Words of a provider, in lower case, and the kind they mean. A list ends with part NULL. */
struct repay_kind_word {
    const char *part;
    const char *also; /* must be there as well; NULL: nothing more */
    enum repay_kind kind;
};

/*
 * The decoded string or the number's text, cut at the buffer on a UTF-8 boundary, control bytes as
 * '?'. "" for any other type.
 */
void repay_envelope_copy_text(struct repay_json_value value, char *out, size_t out_size);
/* Whether the value is a string equal to `word` but for the case of letters. */
bool repay_envelope_is_word(struct repay_json_value value, const char *word);
/* A whole number, or a string that holds one. False for anything else. */
bool repay_envelope_read_integer(struct repay_json_value value, int64_t *out);
/* true, false, 1, 0 and strings of these; ODD for anything else. */
enum repay_envelope_flag repay_envelope_read_flag(struct repay_json_value value);

enum repay_member { REPAY_MEMBER_ABSENT, REPAY_MEMBER_ONCE, REPAY_MEMBER_TWICE };
/*
 * A member of an object; null is ABSENT. TWICE: two of that name, of which neither can be believed.
 */
enum repay_member repay_envelope_member_once(struct repay_json_value object, const char *name,
                                             struct repay_json_value *out);
/*
 * The first words inside a value of any shape: a string itself, an object's first member as "name:
 * text", an array's first element. "" when there are none.
 */
void repay_envelope_first_words(struct repay_json_value value, char *out, size_t out_size);

/*
 * The first entry of the list that `text` holds, without regard to case; NONE when there is none.
 */
enum repay_kind repay_kind_of_words(const struct repay_kind_word *list, const char *text);

#endif
