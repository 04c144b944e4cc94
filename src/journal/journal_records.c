/*
 * Owns what is asked of a provider's list as such, before any entry is looked at: which of its rows
 * repeat an id, whether one lacks it, and what a decision on it asks for next.
 */
#include "journal.h"

#include <stdlib.h>
#include <string.h>

static int compare_rows(const void *left, const void *right)
{
    const struct repay_record *a = *(struct repay_record *const *)left;
    const struct repay_record *b = *(struct repay_record *const *)right;
    size_t shorter = a->id.length < b->id.length ? a->id.length : b->id.length;
    int order = shorter > 0 ? memcmp(a->id.data, b->id.data, shorter) : 0;

    if (order != 0)
        return order;
    if (a->id.length != b->id.length)
        return a->id.length < b->id.length ? -1 : 1;
    /* Equal ids stay in the order of the list, so that the first is the one that counts. */
    return a < b ? -1 : 1;
}

bool repay_records_mark(const struct repay_allocator *allocator, struct repay_record *records,
                        size_t count, bool *every_row_has_an_id)
{
    size_t size = count * sizeof(struct repay_record *);
    struct repay_record **rows;

    *every_row_has_an_id = true;
    if (count == 0)
        return true;
    rows = repay_allocate(allocator, size);
    if (!rows)
        return false;
    for (size_t i = 0; i < count; i++) {
        rows[i] = &records[i];
        records[i].is_repeated = false;
        if (records[i].id.length == 0)
            *every_row_has_an_id = false;
    }
    qsort(rows, count, sizeof *rows, compare_rows);
    for (size_t i = 1; i < count; i++)
        rows[i]->is_repeated = repay_text_equal(rows[i]->id, rows[i - 1]->id);
    repay_release(allocator, rows, size);
    return true;
}

const char *repay_decision_action(enum repay_decision decision)
{
    switch (decision) {
    case REPAY_DECISION_WAIT:
    case REPAY_DECISION_UNSEEN:
        return "wait";
    case REPAY_DECISION_ASK:
        return "ask";
    case REPAY_DECISION_STAY:
        return "reconcile";
    default:
        return "none";
    }
}
