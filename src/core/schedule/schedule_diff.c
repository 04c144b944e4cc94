/*
 * Which row of a newer schedule is which of an older one, and which of their fields differ;
 * schedule_diff.h.
 */
#include "schedule_diff.h"

#include "array.h"
#include "number_map.h"
#include "schedule_patch.h"
#include "text_hash.h"

void repay_diff_init(struct repay_diff *diff, const struct repay_allocator *allocator)
{
    *diff = (struct repay_diff){.allocator = allocator};
    repay_bytes_init(&diff->patch, allocator, REPAY_DUMP_MAX);
}

void repay_diff_free(struct repay_diff *diff)
{
    repay_release(diff->allocator, diff->changes, diff->room * sizeof *diff->changes);
    repay_bytes_free(&diff->patch);
    repay_diff_init(diff, diff->allocator);
}

static bool no_memory(struct repay_error *error)
{
    return repay_error_set(error, REPAY_KIND_MEMORY, "no memory to compare two schedules");
}

/*
 * Identity
 */

enum identity_kind { BY_ID, BY_NUMBER, BY_POSITION, BY_DAY };

/* Rows with equal identities are the same row; of several, the first with the first. */
struct identity {
    enum identity_kind kind;
    struct repay_text text; /* row id or loan id */
    int64_t number;
    struct repay_value value; /* what `text` may be borrowed from */
};

struct matching {
    const struct repay_schedule *newer;
    const struct repay_schedule *older;
    const struct repay_allocator *allocator;
    bool by_date;
    struct repay_number_map first_of; /* hash of an identity → first older row with it */
    uint32_t *next;                   /* older row → next with the same hash, NO_ROW at the end */
    uint32_t *partner;                /* older row → its newer row, NO_ROW: none */
    uint32_t *old_row;                /* newer row → its older row, NO_ROW: none */
};

static void identify(const struct matching *matching, const struct repay_schedule *schedule,
                     uint32_t row, struct identity *out)
{
    const struct repay_layout *layout = schedule->layout;
    const struct repay_field *id = repay_layout_role(layout, REPAY_ROLE_ID);

    out->number = 0;
    if (layout->identity == REPAY_IDENTITY_ROW_ID && id) {
        repay_schedule_value(schedule, row, id, &out->value);
        out->kind = BY_ID;
        out->text = out->value.text;
        if (out->value.present)
            return;
    }
    out->text = repay_schedule_loan_id(schedule, row);
    if (layout->identity != REPAY_IDENTITY_POSITION) {
        out->kind = BY_NUMBER;
        out->number = repay_schedule_number(schedule, row);
    } else if (matching->by_date) {
        out->kind = BY_DAY;
        out->number = repay_schedule_day(schedule, row);
    } else {
        out->kind = BY_POSITION;
        out->number = row;
    }
}

static bool is_same(const struct identity *a, const struct identity *b)
{
    return a->kind == b->kind && a->number == b->number && repay_text_equal(a->text, b->text);
}

static uint64_t hash_of(const struct matching *matching, const struct identity *identity)
{
    return repay_text_hash((uintptr_t)matching->next,
                           (uint64_t)identity->number << 2 | (uint64_t)identity->kind,
                           identity->text);
}

static void match_free(struct matching *matching)
{
    const struct repay_allocator *allocator = matching->allocator;

    repay_number_map_free(&matching->first_of);
    repay_release(allocator, matching->next, matching->older->rows * sizeof *matching->next);
    repay_release(allocator, matching->partner, matching->older->rows * sizeof *matching->partner);
    repay_release(allocator, matching->old_row, matching->newer->rows * sizeof *matching->old_row);
}

static bool match_init(struct matching *matching, const struct repay_allocator *allocator)
{
    uint32_t older = matching->older->rows, newer = matching->newer->rows;

    matching->allocator = allocator;
    matching->by_date =
        matching->newer->layout->identity == REPAY_IDENTITY_POSITION && older != newer;
    repay_number_map_init(&matching->first_of, allocator);
    if (older > 0) {
        matching->next = repay_allocate(allocator, older * sizeof *matching->next);
        matching->partner = repay_allocate(allocator, older * sizeof *matching->partner);
    }
    if (newer > 0)
        matching->old_row = repay_allocate(allocator, newer * sizeof *matching->old_row);
    return (older == 0 || (matching->next && matching->partner)) &&
           (newer == 0 || matching->old_row);
}

/* From the last row to the first, so that each list begins with its first row. */
static bool enter_older(struct matching *matching)
{
    for (uint32_t row = matching->older->rows; row-- > 0;) {
        struct identity identity;
        uint64_t hash;
        uint32_t first;

        identify(matching, matching->older, row, &identity);
        hash = hash_of(matching, &identity);
        first = repay_number_map_enter(&matching->first_of, hash, row);
        if (first == REPAY_NUMBER_MAP_NONE)
            return false;
        matching->next[row] = first == row ? REPAY_NO_ROW : first;
        matching->partner[row] = REPAY_NO_ROW;
        repay_number_map_move(&matching->first_of, hash, row);
    }
    return true;
}

/*
 * Takes the first row of the list that is the same and leaves the rest. Two identities under one
 * hash of 64 bits and an unknown key do not happen in any number of rows; if they did, the rows
 * would count as gone and new.
 */
static void match_newer(struct matching *matching)
{
    for (uint32_t row = 0; row < matching->newer->rows; row++) {
        struct identity identity, other;
        uint64_t hash;
        uint32_t first;

        identify(matching, matching->newer, row, &identity);
        hash = hash_of(matching, &identity);
        matching->old_row[row] = REPAY_NO_ROW;
        first = repay_number_map_find(&matching->first_of, hash);
        if (first == REPAY_NUMBER_MAP_NONE || matching->partner[first] != REPAY_NO_ROW)
            continue;
        identify(matching, matching->older, first, &other);
        if (!is_same(&identity, &other))
            continue;
        matching->old_row[row] = first;
        matching->partner[first] = row;
        /* The last of a list stays in the table, taken, so that nothing matches it twice. */
        if (matching->next[first] != REPAY_NO_ROW)
            repay_number_map_move(&matching->first_of, hash, matching->next[first]);
    }
}

/*
 * Comparing
 */

static bool is_same_value(const struct repay_value *a, const struct repay_value *b,
                          enum repay_field_type type)
{
    if (a->present != b->present || !a->present)
        return a->present == b->present;
    if (type == REPAY_FIELD_TEXT || type == REPAY_FIELD_UUID || type == REPAY_FIELD_MOMENT)
        return repay_text_equal(a->text, b->text);
    return a->integer == b->integer;
}

/*
 * One bit a field that differs. A name that only one side carries says nothing of the loan: the
 * other was kept without names. Such a field is not among those returned, but *carried is true.
 */
static uint32_t changed_fields(const struct matching *matching, uint32_t old_row, uint32_t new_row,
                               bool *carried)
{
    const struct repay_layout *layout = matching->newer->layout;
    uint32_t fields = 0;

    *carried = false;
    for (unsigned i = 0; i < layout->field_count; i++) {
        const struct repay_field *field = &layout->fields[i];
        struct repay_value before, after;

        repay_schedule_value(matching->older, old_row, field, &before);
        repay_schedule_value(matching->newer, new_row, field, &after);
        if (is_same_value(&before, &after, (enum repay_field_type)field->type))
            continue;
        if (repay_field_is_personal(field) && before.present != after.present)
            *carried = true;
        else
            fields |= UINT32_C(1) << i;
    }
    return fields;
}

static bool add_change(struct repay_diff *diff, const struct repay_change *change)
{
    if (!repay_array_make_room(diff->allocator, &diff->changes, sizeof *diff->changes, diff->count,
                               &diff->room))
        return false;
    diff->changes[diff->count++] = *change;
    for (unsigned kind = 0; kind < REPAY_CHANGE_KIND_COUNT; kind++)
        diff->counts[kind] += change->kinds >> kind & 1;
    return true;
}

/* Where a newer row comes from: its older row where nothing changed, else NO_ROW. */
static bool compare_row(struct matching *matching, uint32_t row, struct repay_diff *diff)
{
    struct repay_change change = {.old_row = matching->old_row[row], .new_row = row};
    bool carried;

    if (change.old_row == REPAY_NO_ROW) {
        change.kinds = UINT32_C(1) << REPAY_CHANGE_NEW;
        return add_change(diff, &change);
    }
    change.fields = changed_fields(matching, change.old_row, row, &carried);
    change.extra_changed = !repay_text_equal(repay_schedule_extra(matching->older, change.old_row),
                                             repay_schedule_extra(matching->newer, row));
    /* The patch is exact also where nothing is told as a change. */
    if (change.fields != 0 || change.extra_changed || carried)
        matching->old_row[row] = REPAY_NO_ROW;
    if (change.fields == 0 && !change.extra_changed) {
        diff->unchanged++;
        return true;
    }
    change.kinds =
        repay_change_kinds(matching->older, change.old_row, matching->newer, row, change.fields);
    return add_change(diff, &change);
}

static bool compare_rows(struct matching *matching, struct repay_diff *diff)
{
    uint32_t last = 0;

    for (uint32_t row = 0; row < matching->newer->rows; row++) {
        uint32_t old_row = matching->old_row[row];

        if (old_row != REPAY_NO_ROW) {
            diff->reordered = diff->reordered || old_row < last;
            last = old_row;
        }
        if (!compare_row(matching, row, diff))
            return false;
    }
    for (uint32_t row = 0; row < matching->older->rows; row++) {
        struct repay_change change = {
            .kinds = UINT32_C(1) << REPAY_CHANGE_GONE, .old_row = row, .new_row = REPAY_NO_ROW};

        if (matching->partner[row] == REPAY_NO_ROW && !add_change(diff, &change))
            return false;
    }
    return true;
}

static bool is_one_question(const struct repay_schedule *newer, const struct repay_schedule *older,
                            struct repay_error *error)
{
    struct repay_schedule_facts a, b;

    repay_schedule_facts_of(newer, &a);
    repay_schedule_facts_of(older, &b);
    if (newer->layout != older->layout || !repay_text_equal(a.subject, b.subject) ||
        !repay_text_equal(a.environment, b.environment) || !repay_text_equal(a.label, b.label) ||
        memcmp(a.currency, b.currency, sizeof a.currency) != 0)
        return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                               "the two schedules are not of the same provider, account, subject "
                               "and currency");
    if (a.fetched_at_unix_ms < b.fetched_at_unix_ms)
        return repay_error_set(error, REPAY_KIND_INVALID_ARGUMENT,
                               "the schedule to compare with was fetched later than this one");
    return true;
}

bool repay_schedule_diff(const struct repay_schedule *newer, const struct repay_schedule *older,
                         struct repay_diff *out, struct repay_error *error)
{
    struct matching matching = {.newer = newer, .older = older};
    bool done;

    repay_diff_free(out);
    if (!is_one_question(newer, older, error))
        return false;
    done = match_init(&matching, out->allocator) && enter_older(&matching);
    if (done) {
        match_newer(&matching);
        out->by_date = matching.by_date;
        done = compare_rows(&matching, out);
    }
    if (!done)
        (void)no_memory(error);
    done = done && repay_schedule_write_patch(newer, older, matching.old_row, out->allocator,
                                              &out->patch, error);
    match_free(&matching);
    if (!done)
        repay_diff_free(out);
    return done;
}
