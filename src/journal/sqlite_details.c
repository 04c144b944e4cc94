/*
 * Owns the rows beside the entries: batches, what was known before, what was learnt.
 */
#include "sqlite_inner.h"

bool repay_store_insert_batch(struct repay_store *store, struct repay_store_batch *batch,
                              struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_INSERT_BATCH, error);

    if (!statement)
        return false;
    repay_sqlite_bind_text(statement, 1, batch->name);
    repay_sqlite_bind_text(statement, 2, batch->file_sha256);
    (void)sqlite3_bind_int64(statement, 3, batch->row_count);
    (void)sqlite3_bind_int64(statement, 4, batch->planned_ms);
    repay_sqlite_bind_text(statement, 5, batch->planned_by);
    if (!repay_sqlite_finish(store, statement, "cannot plan", error))
        return false;
    batch->number = sqlite3_last_insert_rowid(store->db);
    return true;
}

enum repay_found repay_store_next_batch(struct repay_store *store, int64_t after,
                                        struct repay_store_batch *out, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_NEXT_BATCH, error);
    enum repay_found found;

    if (!statement)
        return REPAY_FIND_FAILED;
    (void)sqlite3_bind_int64(statement, 1, after);
    found = repay_sqlite_step(store, statement, "cannot read the journal", error);
    if (found == REPAY_FOUND)
        *out = (struct repay_store_batch){
            .number = sqlite3_column_int64(statement, 0),
            .name = repay_sqlite_text(statement, 1),
            .file_sha256 = repay_sqlite_text(statement, 2),
            .row_count = sqlite3_column_int64(statement, 3),
            .planned_ms = sqlite3_column_int64(statement, 4),
            .planned_by = repay_sqlite_text(statement, 5),
        };
    return found;
}

bool repay_store_insert_before(struct repay_store *store, struct repay_store_before *before,
                               struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_INSERT_BEFORE, error);

    if (!statement)
        return false;
    repay_sqlite_bind_text(statement, 1, before->provider);
    repay_sqlite_bind_text(statement, 2, before->environment);
    repay_sqlite_bind_text(statement, 3, before->label);
    repay_sqlite_bind_text(statement, 4, before->customer);
    (void)sqlite3_bind_int64(statement, 5, before->taken_ms);
    (void)sqlite3_bind_int64(statement, 6, before->id_count);
    if (!repay_sqlite_finish(store, statement, "cannot write what was known before", error))
        return false;
    before->number = sqlite3_last_insert_rowid(store->db);
    return true;
}

bool repay_store_insert_before_id(struct repay_store *store, int64_t list, struct repay_text id,
                                  struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_INSERT_BEFORE_ID, error);

    if (!statement)
        return false;
    (void)sqlite3_bind_int64(statement, 1, list);
    repay_sqlite_bind_text(statement, 2, id);
    return repay_sqlite_finish(store, statement, "cannot write what was known before", error);
}

bool repay_store_insert_before_account(struct repay_store *store, int64_t list,
                                       struct repay_text account, int64_t balance_minor, int paid,
                                       struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_INSERT_BEFORE_ACCOUNT, error);

    if (!statement)
        return false;
    (void)sqlite3_bind_int64(statement, 1, list);
    repay_sqlite_bind_text(statement, 2, account);
    if (balance_minor != REPAY_AMOUNT_ABSENT)
        (void)sqlite3_bind_int64(statement, 3, balance_minor);
    if (paid >= 0)
        (void)sqlite3_bind_int64(statement, 4, paid);
    return repay_sqlite_finish(store, statement, "cannot write what was known before", error);
}

enum repay_found repay_store_find_before(struct repay_store *store, int64_t list,
                                         struct repay_store_before *out, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_FIND_BEFORE, error);
    enum repay_found found;

    if (!statement)
        return REPAY_FIND_FAILED;
    (void)sqlite3_bind_int64(statement, 1, list);
    found = repay_sqlite_step(store, statement, "cannot read the journal", error);
    if (found == REPAY_FOUND)
        *out = (struct repay_store_before){
            .number = list,
            .provider = repay_sqlite_text(statement, 1),
            .environment = repay_sqlite_text(statement, 2),
            .label = repay_sqlite_text(statement, 3),
            .customer = repay_sqlite_text(statement, 4),
            .taken_ms = sqlite3_column_int64(statement, 5),
            .id_count = sqlite3_column_int64(statement, 6),
        };
    return found;
}

enum repay_found repay_store_find_before_id(struct repay_store *store, int64_t list,
                                            struct repay_text id, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_FIND_BEFORE_ID, error);

    if (!statement)
        return REPAY_FIND_FAILED;
    (void)sqlite3_bind_int64(statement, 1, list);
    repay_sqlite_bind_text(statement, 2, id);
    return repay_sqlite_step(store, statement, "cannot read the journal", error);
}

enum repay_found repay_store_find_before_account(struct repay_store *store, int64_t list,
                                                 struct repay_text account, int64_t *balance_minor,
                                                 int *paid, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_FIND_BEFORE_ACCOUNT, error);
    enum repay_found found;

    if (!statement)
        return REPAY_FIND_FAILED;
    (void)sqlite3_bind_int64(statement, 1, list);
    repay_sqlite_bind_text(statement, 2, account);
    found = repay_sqlite_step(store, statement, "cannot read the journal", error);
    if (found == REPAY_FOUND) {
        bool has_balance = sqlite3_column_type(statement, 0) != SQLITE_NULL;
        bool has_paid = sqlite3_column_type(statement, 1) != SQLITE_NULL;

        *balance_minor = has_balance ? sqlite3_column_int64(statement, 0) : REPAY_AMOUNT_ABSENT;
        *paid = has_paid ? sqlite3_column_int(statement, 1) : -1;
    }
    return found;
}

/* Provider, environment and label: a tenant, as parameters 1 to 3. */
static void bind_scope(sqlite3_stmt *statement, const struct repay_entry_facts *scope)
{
    repay_sqlite_bind_text(statement, 1, scope->natural.provider);
    repay_sqlite_bind_text(statement, 2, scope->natural.environment);
    repay_sqlite_bind_text(statement, 3, scope->label);
}

enum repay_found repay_store_find_record(struct repay_store *store,
                                         const struct repay_entry_facts *scope,
                                         struct repay_text record_id, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_FIND_RECORD, error);

    if (!statement)
        return REPAY_FIND_FAILED;
    bind_scope(statement, scope);
    repay_sqlite_bind_text(statement, 4, record_id);
    return repay_sqlite_step(store, statement, "cannot read the journal", error);
}

enum repay_found repay_store_find_receipt(struct repay_store *store, struct repay_text receipt_id,
                                          int64_t number, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_FIND_RECEIPT, error);

    if (!statement)
        return REPAY_FIND_FAILED;
    repay_sqlite_bind_text(statement, 1, receipt_id);
    (void)sqlite3_bind_int64(statement, 2, number);
    return repay_sqlite_step(store, statement, "cannot read the journal", error);
}

bool repay_store_learn(struct repay_store *store, const struct repay_entry_facts *scope,
                       const char *name, bool value, int64_t entry, int64_t at_ms,
                       struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_LEARN, error);

    if (!statement)
        return false;
    bind_scope(statement, scope);
    repay_sqlite_bind_text(statement, 4, repay_text_of(name));
    (void)sqlite3_bind_int(statement, 5, value);
    repay_sqlite_bind_moment(statement, 6, entry);
    (void)sqlite3_bind_int64(statement, 7, at_ms);
    return repay_sqlite_finish(store, statement, "cannot write what was learnt", error);
}

enum repay_found repay_store_known(struct repay_store *store, const struct repay_entry_facts *scope,
                                   const char *name, bool *value, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_KNOWN, error);
    enum repay_found found;

    if (!statement)
        return REPAY_FIND_FAILED;
    bind_scope(statement, scope);
    repay_sqlite_bind_text(statement, 4, repay_text_of(name));
    found = repay_sqlite_step(store, statement, "cannot read the journal", error);
    if (found == REPAY_FOUND)
        *value = sqlite3_column_int(statement, 0) != 0;
    return found;
}

bool repay_store_largest_sum(struct repay_store *store, const struct repay_store_sums *what,
                             int64_t *minor, struct repay_error *error)
{
    sqlite3_stmt *statement = repay_sqlite_use(store, REPAY_SQL_LARGEST_SUM, error);
    enum repay_found found;

    if (!statement)
        return false;
    (void)sqlite3_bind_int64(statement, 1, what->approved_from_ms);
    (void)sqlite3_bind_int64(statement, 2, what->approved_to_ms);
    (void)sqlite3_bind_int64(statement, 3, what->since);
    (void)sqlite3_bind_int(statement, 4, what->by_account);
    found = repay_sqlite_step(store, statement, "cannot sum", error);
    if (found == REPAY_FOUND)
        *minor = sqlite3_column_int64(statement, 0);
    return found == REPAY_FOUND;
}
