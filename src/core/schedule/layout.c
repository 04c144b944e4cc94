/*
 * Looking things up in a layout. Tables are short, so a walk is the fastest index.
 */
#include "layout.h"

#define STATUS_WORD_MAX 64 /* the longest listed word has 18 bytes; a longer one is not listed */

const struct repay_field *repay_layout_role(const struct repay_layout *layout, enum repay_role role)
{
    for (unsigned i = 0; i < layout->field_count; i++) {
        if (layout->fields[i].role == role)
            return &layout->fields[i];
    }
    return NULL;
}

const struct repay_field *repay_layout_field(const struct repay_layout *layout,
                                             struct repay_text name)
{
    for (unsigned i = 0; i < layout->field_count; i++) {
        if (repay_text_is(name, layout->fields[i].name))
            return &layout->fields[i];
    }
    return NULL;
}

static bool is_word_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '-' || byte == '_';
}

/* False when the folded word is longer than any listed one can be. */
static bool fold_word(struct repay_text word, char out[STATUS_WORD_MAX], size_t *length)
{
    size_t used = 0;
    bool blank_due = false;
    for (size_t i = 0; i < word.length; i++) {
        if (is_word_blank(word.data[i])) {
            blank_due = used > 0;
            continue;
        }
        if (used + 2 > STATUS_WORD_MAX)
            return false;
        if (blank_due)
            out[used++] = ' ';
        blank_due = false;
        out[used++] = repay_text_lower(word.data[i]);
    }
    *length = used;
    return true;
}

enum repay_status repay_layout_status(const struct repay_layout *layout, struct repay_text word)
{
    char folded[STATUS_WORD_MAX];
    size_t length;
    if (!layout->status_words || !fold_word(word, folded, &length))
        return REPAY_STATUS_UNKNOWN;
    for (const struct repay_status_word *listed = layout->status_words; listed->word; listed++) {
        if (repay_text_is((struct repay_text){folded, length}, listed->word))
            return listed->status;
    }
    return REPAY_STATUS_UNKNOWN;
}

const char *repay_status_name(enum repay_status status)
{
    static const char *const names[] = {
        [REPAY_STATUS_PENDING] = "pending", [REPAY_STATUS_PARTIAL] = "partial",
        [REPAY_STATUS_PAID] = "paid",       [REPAY_STATUS_OVERDUE] = "overdue",
        [REPAY_STATUS_UNKNOWN] = "unknown",
    };
    return names[status];
}
