/*
 * Owns the one cursor of a store: which entries it gives, and by which index the database finds them.
 */
#include "sqlite_inner.h"

#include <stdio.h>

#include "owner_lock.h"

struct clauses {
    char sql[2048]; /* the columns and every clause there is take 1,100 */
    size_t length;
};

static void add(struct clauses *clauses, const char *text)
{
    int added =
        snprintf(clauses->sql + clauses->length, sizeof clauses->sql - clauses->length, "%s", text);

    if (added > 0)
        clauses->length += (size_t)added;
}

#define FINAL_STATES                                                                               \
    (1u << REPAY_ENTRY_VERIFIED | 1u << REPAY_ENTRY_REJECTED | 1u << REPAY_ENTRY_REFUSED |         \
     1u << REPAY_ENTRY_ABSENT | 1u << REPAY_ENTRY_CANCELLED | 1u << REPAY_ENTRY_EXPIRED)

/*
 * Says to the database by which index states are found. Not where a customer, an account or a batch
 * is asked for: their indexes find fewer.
 */
static void add_states(struct clauses *clauses, uint32_t states, bool is_narrow)
{
    bool is_first = true;

    if (states == 0)
        return;
    if (!is_narrow && (states & FINAL_STATES) == 0)
        add(clauses, " AND open=1");
    else if (!is_narrow && (states & ~FINAL_STATES) == 0)
        add(clauses, " AND open=0");
    for (int state = 0; state < REPAY_ENTRY_STATE_COUNT; state++) {
        if ((states & 1u << state) == 0)
            continue;
        add(clauses, is_first ? " AND state IN('" : "','");
        add(clauses, repay_entry_state_name((enum repay_entry_state)state));
        is_first = false;
    }
    add(clauses, "')");
}

/* Words of ours only; every value from outside is bound. */
static void write_selection(struct clauses *clauses, const struct repay_store_filter *filter)
{
    bool is_narrow =
        filter->customer.length > 0 || filter->account.length > 0 || filter->batch != 0;

    add(clauses, "SELECT ");
    add(clauses, filter->is_brief ? repay_sqlite_brief_columns : repay_sqlite_entry_columns);
    add(clauses, " FROM entry");
    if (is_narrow || !filter->is_brief)
        add(clauses, " JOIN plan ON plan.entry=number");
    add(clauses, " WHERE number>?1");
    if (filter->provider.length > 0)
        add(clauses, " AND provider=?2");
    if (filter->environment.length > 0)
        add(clauses, " AND environment=?3");
    if (filter->label.length > 0)
        add(clauses, " AND label=?4");
    if (filter->customer.length > 0)
        add(clauses, " AND customer=?5");
    if (filter->account.length > 0)
        add(clauses, " AND account=?6");
    if (filter->batch != 0)
        add(clauses, " AND batch=?7");
    if (filter->is_unbound)
        add(clauses, " AND record_id IS NULL");
    add_states(clauses, filter->states, is_narrow);
    /* The same number; this way the indexes of plans give them in order. */
    add(clauses, is_narrow ? " ORDER BY plan.entry" : " ORDER BY number");
}

bool repay_store_count_open(struct repay_store *store, int64_t *out, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_COUNT_OPEN, error);

    if (!statement ||
        repay_sqlite_step(store, statement, "cannot read the journal", error) != REPAY_FOUND)
        return false;
    *out = sqlite3_column_int64(statement, 0);
    (void)sqlite3_reset(statement);
    return true;
}

bool repay_store_select(struct repay_store *store, const struct repay_store_filter *filter,
                        struct repay_error *error)
{
    struct clauses clauses = {.length = 0};
    int code;

    if (!repay_sqlite_check(store, error))
        return false;
    repay_store_end_select(store);
    write_selection(&clauses, filter);
    store->selection_is_brief = filter->is_brief;
    code = sqlite3_prepare_v2(store->db, clauses.sql, -1, &store->selection, NULL);
    if (code != SQLITE_OK)
        return repay_sqlite_fail(store, code, "cannot read the journal", error);
    store->nobody_owns =
        filter->is_brief && repay_owner_lock_ask_all(store->lock_descriptor) == REPAY_LOCK_TAKEN;
    (void)sqlite3_bind_int64(store->selection, 1, filter->after);
    repay_sqlite_bind_text(store->selection, 2, filter->provider);
    repay_sqlite_bind_text(store->selection, 3, filter->environment);
    repay_sqlite_bind_text(store->selection, 4, filter->label);
    repay_sqlite_bind_text(store->selection, 5, filter->customer);
    repay_sqlite_bind_text(store->selection, 6, filter->account);
    (void)sqlite3_bind_int64(store->selection, 7, filter->batch);
    return true;
}

enum repay_found repay_store_next(struct repay_store *store, struct repay_entry *out,
                                  struct repay_error *error)
{
    /* It was begun in this process: nobody steps through a selection over several calls. */
    if (!store->selection)
        return repay_sqlite_check(store, error) ? REPAY_NOT_FOUND : REPAY_FIND_FAILED;
    return repay_sqlite_take_row(store, store->selection, store->selection_is_brief, out, error);
}

void repay_store_end_select(struct repay_store *store)
{
    if (!store->selection || repay_store_is_inherited(store))
        return;
    (void)sqlite3_finalize(store->selection);
    store->selection = NULL;
    store->nobody_owns = false;
}
