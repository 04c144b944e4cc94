/*
 * What keeps entries on disk, as the journal sees it: transactions, rows and cursors, no rules.
 *
 * sqlite_*.c is the one store there is. Another one is another compiled module that defines the
 * same functions, so nothing here is a pointer. A store refuses illegal moves by itself, too: it is
 * the last one that can.
 *
 * Every function that fails sets `error`. After a failed commit the store is lost: it closes itself
 * and answers every later call with an error, because what is on disk is not known until it is
 * opened again.
 */
#ifndef REPAY_STORE_H
#define REPAY_STORE_H

#include "core_api.h"
#include "entry.h"
#include "entry_rules.h"

struct repay_store;

struct repay_store_options {
    const struct repay_core_api *core;
    const struct repay_allocator *allocator;
    const char *path;
    const char *vfs; /* NULL: the system's files */
    int64_t unix_ms; /* for the events of a new file or a migration */
    int64_t busy_ms; /* how long a write waits for another process */
    bool is_moved;   /* a person says that no other of this journal is in use */
};

#define REPAY_STORE_SCHEMA  4
#define REPAY_STORE_BUSY_MS 10000

/* Returns owned, or NULL. */
struct repay_store *repay_store_open(const struct repay_store_options *options,
                                     struct repay_error *error);
/* Safe with NULL. One that a parent process made is given up without a system call. */
void repay_store_close(struct repay_store *store);
/*
 * Lets go of every row that was borrowed, and with them of the moment that reads see: a row that
 * stays borrowed keeps showing the journal as it was. Begin, commit and rollback do the same.
 */
void repay_store_rest(struct repay_store *store);
bool repay_store_is_inherited(const struct repay_store *store);
/* False once a failure has closed it. */
bool repay_store_is_usable(const struct repay_store *store);
/* The end of the chain of events was broken when it was opened: reading works, sending does not. */
bool repay_store_is_broken(const struct repay_store *store);
/* False for a copy of a journal, or one that was moved: reading works, sending does not. */
bool repay_store_is_at_home(const struct repay_store *store);
const char *repay_store_library_version(void);
/* Both absolute; the second is the file of owner_lock.h. */
const char *repay_store_path(const struct repay_store *store);
const char *repay_store_lock_path(const struct repay_store *store);

/* Takes the only right to write, waiting busy_ms; fails if the file was replaced or removed. */
bool repay_store_begin(struct repay_store *store, struct repay_error *error);
bool repay_store_commit(struct repay_store *store, struct repay_error *error);
/* Safe outside of a transaction. */
void repay_store_rollback(struct repay_store *store);

enum repay_found { REPAY_FOUND, REPAY_NOT_FOUND, REPAY_FIND_FAILED };

enum repay_found repay_store_number_of(struct repay_store *store, struct repay_text id,
                                       int64_t *out, struct repay_error *error);
/* Each borrows its texts until the next find of the same function. */
enum repay_found repay_store_find_id(struct repay_store *store, struct repay_text id,
                                     struct repay_entry *out, struct repay_error *error);
enum repay_found repay_store_find_number(struct repay_store *store, int64_t number,
                                         struct repay_entry *out, struct repay_error *error);
/* A brief one: see the filter below. */
enum repay_found repay_store_find_standing(struct repay_store *store, int64_t number,
                                           struct repay_entry *out, struct repay_error *error);
enum repay_found repay_store_find_key(struct repay_store *store, struct repay_text key,
                                      struct repay_entry *out, struct repay_error *error);
/*
 * The first that may have had an effect, or may yet, of the amount to the account that `like` names,
 * planned at its planned_ms or later. What else it lacks of a tenant selects all.
 */
enum repay_found repay_store_find_like(struct repay_store *store,
                                       const struct repay_entry_facts *like, struct repay_text *id,
                                       struct repay_error *error);
/* One that is neither cancelled, expired, refused, rejected nor absent. */
enum repay_found repay_store_find_natural(struct repay_store *store,
                                          const unsigned char natural_key[REPAY_DIGEST_SIZE],
                                          struct repay_entry *out, struct repay_error *error);

/* Whether someone alive has the entry under way. */
enum repay_found repay_store_is_owned(struct repay_store *store, int64_t number,
                                      struct repay_error *error);

/* Which entries a cursor gives, in the order of their numbers. Empty members select all. */
struct repay_store_filter {
    struct repay_text provider, environment, label, customer, account;
    int64_t batch;
    int64_t after;   /* number: only later ones */
    uint32_t states; /* bits by state, 0: all */
    bool is_unbound; /* without a record id */
    /*
     * Of the facts only the id, the mode and the digest are read, and who owns entries is asked
     * once for all of them.
     */
    bool is_brief;
};

/* One cursor at a time: beginning ends the one before. */
bool repay_store_select(struct repay_store *store, const struct repay_store_filter *filter,
                        struct repay_error *error);
/* Borrows its texts until the next step. NOT_FOUND is the end. */
enum repay_found repay_store_next(struct repay_store *store, struct repay_entry *out,
                                  struct repay_error *error);
void repay_store_end_select(struct repay_store *store);

/* What an event tells of an attempt: that it was claimed, or how it ended. */
struct repay_event_attempt {
    int64_t number;          /* 0: the event is about none */
    struct repay_text owner; /* of a claim: a nonce of the process */
    int64_t deadline_ms;
    struct repay_text outcome, kind, interaction_id, message; /* of an end */
    int64_t http_status;
};

/* Why something happened: goes into the chain of events. Empty texts are absent. */
struct repay_event {
    int64_t entry;              /* number, 0: the journal itself */
    struct repay_text from, to; /* states */
    struct repay_text why, evidence, who;
    int64_t at_ms;
    struct repay_event_attempt attempt;
};

/* Within a transaction, all that follow. The entry gets its number, and the event too. */
bool repay_store_insert(struct repay_store *store, struct repay_entry *entry,
                        const struct repay_event *event, struct repay_error *error);
/* Writes where it stands, and the event of the move. */
bool repay_store_update(struct repay_store *store, struct repay_entry *entry,
                        const struct repay_event *event, struct repay_error *error);
/*
 * Goes through all entries in some states, in the order of their numbers, and writes those that
 * `decide` moves, with an event each. It answers FOUND when it has moved one from `from` to `to`, for
 * a reason that is a fixed word; of the standing it may change nothing else but changed_ms, to that
 * of the event, and resend_until_ms. The entry is a brief one. NOT_FOUND leaves it.
 */
struct repay_store_sweep {
    uint32_t states; /* bits by state */
    enum repay_entry_state from, to;
    struct repay_event event; /* of each: what is not the entry's own */
    enum repay_found (*decide)(void *context, struct repay_entry *entry, struct repay_error *error);
    void *context;
};
bool repay_store_sweep(struct repay_store *store, const struct repay_store_sweep *sweep,
                       int64_t *count, struct repay_error *error);
/*
 * The wall clock went back: says so in an event of the journal itself, and takes from every entry
 * that may have arrived what was known of its time.
 */
bool repay_store_lose_time(struct repay_store *store, int64_t now_ms, struct repay_text who,
                           struct repay_error *error);
/* How many entries are in a state that is not final. */
bool repay_store_count_open(struct repay_store *store, int64_t *out, struct repay_error *error);
/* The moment of the last event, 0 without any. */
bool repay_store_last_moment(struct repay_store *store, int64_t *out, struct repay_error *error);

struct repay_store_batch {
    int64_t number;
    struct repay_text name, file_sha256, planned_by;
    int64_t row_count, planned_ms;
};
bool repay_store_insert_batch(struct repay_store *store, struct repay_store_batch *batch,
                              struct repay_error *error);
/* The first with a greater number than `after`. */
enum repay_found repay_store_next_batch(struct repay_store *store, int64_t after,
                                        struct repay_store_batch *out, struct repay_error *error);

/*
 * The event `*sequence` of an entry; `*sequence` is then that of the one before it. Begun with the
 * entry's last_event it goes back to the first, and NOT_FOUND is the end: each event leads to no
 * other than the one before, and so each is read once. Borrows its texts until the next.
 */
enum repay_found repay_store_earlier_event(struct repay_store *store, int64_t entry,
                                           int64_t *sequence, struct repay_event *out,
                                           struct repay_error *error);

struct repay_store_before {
    int64_t number;
    struct repay_text provider, environment, label, customer;
    int64_t taken_ms;
    int64_t id_count;
};
bool repay_store_insert_before(struct repay_store *store, struct repay_store_before *before,
                               struct repay_error *error);
bool repay_store_insert_before_id(struct repay_store *store, int64_t list, struct repay_text id,
                                  struct repay_error *error);
bool repay_store_insert_before_account(struct repay_store *store, int64_t list,
                                       struct repay_text account, int64_t balance_minor, int paid,
                                       struct repay_error *error);
enum repay_found repay_store_find_before(struct repay_store *store, int64_t list,
                                         struct repay_store_before *out, struct repay_error *error);
enum repay_found repay_store_find_before_id(struct repay_store *store, int64_t list,
                                            struct repay_text id, struct repay_error *error);
enum repay_found repay_store_find_before_account(struct repay_store *store, int64_t list,
                                                 struct repay_text account, int64_t *balance_minor,
                                                 int *paid, struct repay_error *error);
/* Whether a record of the provider's list settles an entry already. */
enum repay_found repay_store_find_record(struct repay_store *store,
                                         const struct repay_entry_facts *scope,
                                         struct repay_text record_id, struct repay_error *error);

/* Whether a receipt's id belongs to an entry of the same tenant other than `number`. */
enum repay_found repay_store_find_receipt(struct repay_store *store, struct repay_text receipt_id,
                                          int64_t number, struct repay_error *error);

/* What was learnt about a provider's tenant: provider, environment and label. */
#define REPAY_FACT_LISTS_RECORDS "list_shows_records"
#define REPAY_FACT_SAME_ID       "receipt_id_is_record_id"
bool repay_store_learn(struct repay_store *store, const struct repay_entry_facts *scope,
                       const char *name, bool value, int64_t entry, int64_t at_ms,
                       struct repay_error *error);
enum repay_found repay_store_known(struct repay_store *store, const struct repay_entry_facts *scope,
                                   const char *name, bool *value, struct repay_error *error);

/*
 * Sums of amounts that may be or were sent (approved, sending, accepted, verified, unknown) of each
 * tenant and currency, or of each account in it.
 */
struct repay_store_sums {
    int64_t approved_from_ms, approved_to_ms; /* half open */
    int64_t since; /* an event: only sums with an entry that it or a later one was about */
    bool by_account;
};
/* The largest of them, 0 where there are none. */
bool repay_store_largest_sum(struct repay_store *store, const struct repay_store_sums *what,
                             int64_t *minor, struct repay_error *error);

struct repay_store_verified {
    int64_t pages, entries, events;
    int64_t pages_without_sum; /* that another program has written, and nothing since */
};
/* Every byte of the file, every event, every entry. False: the first fault, kind journal_corrupt.
 */
bool repay_store_verify(struct repay_store *store, struct repay_store_verified *out,
                        struct repay_error *error);
/* A whole copy in a new file, synced, 0600. Refuses a path that exists. */
bool repay_store_backup(struct repay_store *store, const char *path, struct repay_error *error);

#endif
