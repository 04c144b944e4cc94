/*
 * Owns how many entries are moved at once: read and decided in parts, each part written by one
 * statement. One statement for each entry would take its whole row apart and put it together again
 * with memory of its own, and cost twice as much.
 */
#include "sqlite_inner.h"

/* A part is 50 KB of memory; larger ones are not faster. */
#define PART_MAX 512

enum question { IS_SWEPT, REASON, RESEND_UNTIL_MS, LAST_EVENT };

/* They are asked for in the order in which they were read. */
static const struct repay_swept *find(struct repay_store *store, int64_t number)
{
    for (size_t tried = 0; tried < store->swept_count; tried++) {
        if (store->swept_at == store->swept_count)
            store->swept_at = 0;
        if (store->swept[store->swept_at].number == number)
            return &store->swept[store->swept_at];
        store->swept_at++;
    }
    return NULL;
}

/* repay_swept(number, question) */
static void answer(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct repay_store *store = sqlite3_user_data(context);
    const struct repay_swept *swept = find(store, sqlite3_value_int64(values[0]));
    int question = sqlite3_value_int(values[1]);

    (void)count;
    if (question == IS_SWEPT)
        sqlite3_result_int(context, swept != NULL);
    else if (swept && question == REASON)
        sqlite3_result_text64(context, swept->reason.data, swept->reason.length, SQLITE_STATIC,
                              SQLITE_UTF8);
    else if (swept && question == LAST_EVENT)
        sqlite3_result_int64(context, store->last_sequence + 1 + (swept - store->swept));
    else if (swept && swept->resend_until_ms != 0)
        sqlite3_result_int64(context, swept->resend_until_ms);
    else
        sqlite3_result_null(context);
}

bool repay_sqlite_prepare_sweep(struct repay_store *store, struct repay_error *error)
{
    int code =
        sqlite3_create_function_v2(store->db, "repay_swept", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                   store, answer, NULL, NULL, NULL);

    return code == SQLITE_OK || repay_sqlite_fail(store, code, "the journal", error);
}

static void note(struct repay_store *store, const struct repay_entry *entry)
{
    struct repay_swept *swept = &store->swept[store->swept_count++];

    *swept = (struct repay_swept){.number = entry->number,
                                  .last_event = entry->last_event,
                                  .resend_until_ms = entry->now.resend_until_ms,
                                  .reason = entry->now.reason};
    repay_sqlite_seal(entry, REPAY_EVENT_FORM_2, swept->seal);
}

/* Decides about the next entries after `*last`, until a part is full. */
static enum repay_found decide_part(struct repay_store *store,
                                    const struct repay_store_sweep *sweep, int64_t *last,
                                    struct repay_error *error)
{
    struct repay_store_filter filter = {.states = sweep->states, .after = *last, .is_brief = true};
    enum repay_found found = REPAY_FOUND;
    struct repay_entry entry;

    store->swept_count = 0;
    if (!repay_store_select(store, &filter, error))
        return REPAY_FIND_FAILED;
    while (found == REPAY_FOUND && store->swept_count < PART_MAX) {
        enum repay_found moved = REPAY_NOT_FOUND;

        found = repay_store_next(store, &entry, error);
        if (found == REPAY_FOUND) {
            *last = entry.number;
            moved = sweep->decide(sweep->context, &entry, error);
        }
        if (moved == REPAY_FOUND)
            note(store, &entry);
        else if (moved == REPAY_FIND_FAILED)
            found = REPAY_FIND_FAILED;
    }
    repay_store_end_select(store);
    return found;
}

static bool write_entries(struct repay_store *store, const struct repay_store_sweep *sweep,
                          struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_SWEEP, error);

    if (!statement)
        return false;
    repay_sqlite_bind_text(statement, 1, repay_text_of(repay_entry_state_name(sweep->to)));
    (void)sqlite3_bind_int64(statement, 2, sweep->event.at_ms);
    repay_sqlite_bind_text(statement, 3, repay_text_of(repay_entry_state_name(sweep->from)));
    (void)sqlite3_bind_int64(statement, 4, store->swept[0].number - 1);
    (void)sqlite3_bind_int64(statement, 5, store->swept[store->swept_count - 1].number);
    store->swept_at = 0;
    if (!repay_sqlite_finish(store, statement, "cannot move entries", error))
        return false;
    return (size_t)sqlite3_changes(store->db) == store->swept_count ||
           store->core->error_set(error, REPAY_KIND_JOURNAL_CORRUPT,
                                  "the journal's index of states misses an entry");
}

static bool write_part(struct repay_store *store, const struct repay_store_sweep *sweep,
                       struct repay_error *error)
{
    if (store->swept_count > 0 && !write_entries(store, sweep, error))
        return false;
    for (size_t i = 0; i < store->swept_count; i++) {
        const struct repay_swept *swept = &store->swept[i];
        struct repay_event event = sweep->event;

        event.entry = swept->number;
        event.from = repay_text_of(repay_entry_state_name(sweep->from));
        event.to = repay_text_of(repay_entry_state_name(sweep->to));
        event.why = swept->reason;
        if (!repay_sqlite_append(store, &event, swept->last_event, swept->seal, error))
            return false;
    }
    return true;
}

bool repay_store_sweep(struct repay_store *store, const struct repay_store_sweep *sweep,
                       int64_t *count, struct repay_error *error)
{
    enum repay_found found = REPAY_FOUND;
    int64_t last = 0, moved = 0;

    store->swept = repay_allocate(store->allocator, PART_MAX * sizeof *store->swept);
    if (!store->swept)
        return store->core->error_set(error, REPAY_KIND_MEMORY,
                                      "not enough memory to go through the journal");
    while (found == REPAY_FOUND) {
        found = decide_part(store, sweep, &last, error);
        if (found != REPAY_FIND_FAILED && !write_part(store, sweep, error))
            found = REPAY_FIND_FAILED;
        moved += (int64_t)store->swept_count;
    }
    repay_release(store->allocator, store->swept, PART_MAX * sizeof *store->swept);
    store->swept = NULL;
    store->swept_count = 0;
    if (found == REPAY_NOT_FOUND)
        *count = moved;
    return found == REPAY_NOT_FOUND;
}
