/*
 * The SQLite store from the inside: what its files share and nobody else sees.
 */
#ifndef REPAY_SQLITE_INNER_H
#define REPAY_SQLITE_INNER_H

#include <sqlite3.h>

#include "journal_place.h"
#include "log_format.h"
#include "sqlite_pages.h"
#include "store.h"

#define REPAY_SQLITE_APPLICATION 0x52504a31 /* "RPJ1": what `file` and we know a journal by */
/*
 * So long a log, 4 MB, is moved into the database and then written over. A log four times as long
 * is moved less often, but it is four times as long until commits find room in it (sqlite_log.c).
 */
#define REPAY_SQLITE_LOG_PAGES   1000

enum repay_statement {
    REPAY_SQL_BEGIN,
    REPAY_SQL_COMMIT,
    REPAY_SQL_ROLLBACK,
    REPAY_SQL_COUNT_OPEN,
    REPAY_SQL_NUMBER_OF,
    REPAY_SQL_FIND_ID,
    REPAY_SQL_FIND_NUMBER,
    REPAY_SQL_FIND_STANDING,
    REPAY_SQL_FIND_KEY,
    REPAY_SQL_FIND_NATURAL,
    REPAY_SQL_FIND_LIKE,
    REPAY_SQL_INSERT,
    REPAY_SQL_INSERT_PLAN,
    REPAY_SQL_MOVE,
    REPAY_SQL_MOVE_LIST,
    REPAY_SQL_MOVE_APPROVED,
    REPAY_SQL_MOVE_IDS,
    REPAY_SQL_MOVE_ALL,
    REPAY_SQL_SWEEP,
    REPAY_SQL_INSERT_EVENT,
    REPAY_SQL_LAST_EVENT,
    REPAY_SQL_FIND_EVENT,
    REPAY_SQL_INSERT_BATCH,
    REPAY_SQL_NEXT_BATCH,
    REPAY_SQL_INSERT_BEFORE,
    REPAY_SQL_INSERT_BEFORE_ID,
    REPAY_SQL_INSERT_BEFORE_ACCOUNT,
    REPAY_SQL_FIND_BEFORE,
    REPAY_SQL_FIND_BEFORE_ID,
    REPAY_SQL_FIND_BEFORE_ACCOUNT,
    REPAY_SQL_FIND_RECORD,
    REPAY_SQL_FIND_RECEIPT,
    REPAY_SQL_LEARN,
    REPAY_SQL_KNOWN,
    REPAY_SQL_LARGEST_SUM,
    REPAY_SQL_COUNT
};

_Static_assert(REPAY_SQL_COUNT <= 64, "a statement has a bit in store->used");

/* Entries of one part of a sweep that were moved and are yet to be written. */
struct repay_swept {
    int64_t number, last_event;
    int64_t resend_until_ms;
    struct repay_text reason;
    unsigned char seal[REPAY_DIGEST_SIZE];
};

struct repay_store {
    const struct repay_core_api *core;
    const struct repay_allocator *allocator;
    sqlite3 *db; /* NULL: lost */
    sqlite3_stmt *statements[REPAY_SQL_COUNT];
    uint64_t used; /* statements since the last rest, bits by number: they may hold a row */
    sqlite3_stmt *selection;
    bool selection_is_brief;
    bool nobody_owns;          /* any entry, when the brief selection began */
    struct repay_swept *swept; /* for the SQL function repay_swept */
    size_t swept_count, swept_at;
    struct repay_page_vfs pages;
    struct repay_journal_place place;
    int64_t busy_ms;
    int64_t last_sequence, last_ms; /* of the chain, when the transaction began, and since */
    unsigned char last_hash[REPAY_DIGEST_SIZE];
    int failed;                        /* what closed it: a code of SQLite */
    int lock_descriptor;               /* to ask who holds an entry */
    int log_frames;                    /* after the last commit */
    int log_stuck;                     /* so long when it was moved, and could not be in whole */
    struct repay_log_index log_before; /* the last transaction */
    pid_t pid;
    bool is_writing; /* between begin and commit */
    bool is_old;     /* while it is brought up: what fails says where it is damaged */
    bool is_broken;
    bool is_at_home; /* the file that it was, in the place where it was */
};

/* The columns of an entry and of its plan, in the order that repay_sqlite_read_entry wants. */
extern const char repay_sqlite_entry_columns[];
/* The first of them: where it stands, and what a brief entry has. */
extern const char repay_sqlite_brief_columns[];
/* The columns of an event and the id of its entry, in the order of repay_sqlite_read_event. */
extern const char repay_sqlite_event_columns[];

/* sqlite_log_check.c */
/*
 * Before SQLite reads anything of a journal that it has opened: refuses a damaged log that a process
 * has left. One at a time, of all processes, may be between this and the end of set_up.
 */
bool repay_sqlite_check_left_log(struct repay_store *store, struct repay_error *error);
/* When a transaction has begun: what of the log is not of it. */
void repay_sqlite_note_log(struct repay_store *store);
/*
 * Before what is in the log is moved, and outside of transactions. A damaged log stays where it is:
 * the store is lost. Not `is_all`: without what the last transaction of this store has written, for
 * that was in memory just now.
 */
bool repay_sqlite_check_used_log(struct repay_store *store, bool is_all, struct repay_error *error);

/* sqlite_schema.c */
/* Sets the settings of the connection, which has the log open after that. */
bool repay_sqlite_set_up(struct repay_store *store, struct repay_error *error);
/* Makes or migrates the tables. */
bool repay_sqlite_prepare(struct repay_store *store, int64_t unix_ms, struct repay_error *error);
/* The one number that a query answers. */
bool repay_sqlite_number(struct repay_store *store, const char *sql, int64_t *out,
                         struct repay_error *error);
extern const char repay_sqlite_place_table[];
extern const char repay_sqlite_entry_tables[]; /* of entries and of all that refers to them */
extern const char repay_sqlite_indexes[];      /* on them */
extern const char repay_sqlite_triggers[];     /* on every table that has any */

/* sqlite_migrate.c */
/* Within the transaction that marks the file as today's. */
bool repay_sqlite_migrate(struct repay_store *store, int64_t version, int64_t unix_ms,
                          struct repay_error *error);
/*
 * Says which table cannot be read, and how far it can. Gives up what is being written: SQLite has
 * what is in a transaction beside what was there before.
 */
#define REPAY_SQLITE_WHERE_MAX 100
void repay_sqlite_find_damage(sqlite3 *db, char out[REPAY_SQLITE_WHERE_MAX]);
/* Has the error of one that failed say what a person needs. `size`: of the journal, in bytes. */
bool repay_sqlite_leave_old(const struct repay_store *store, int64_t version, int64_t size,
                            struct repay_error *error);

/* sqlite_place.c */
/* Looks whether this is the journal itself or another of it. `is_moved`: a person says it is. */
bool repay_sqlite_come_home(struct repay_store *store, bool is_moved, int64_t unix_ms,
                            struct repay_error *error);

/* sqlite_statements.c */
/* Says what failed, with the library's words; loses the store when the disk is the reason. */
bool repay_sqlite_fail(struct repay_store *store, int code, const char *doing,
                       struct repay_error *error);
/* Closes the database for good. */
void repay_sqlite_lose(struct repay_store *store);
bool repay_sqlite_check(struct repay_store *store, struct repay_error *error);
bool repay_sqlite_run(struct repay_store *store, const char *sql, struct repay_error *error);
/* A statement that is reset and has nothing bound, or NULL with the error set. */
sqlite3_stmt *repay_sqlite_use(struct repay_store *store, enum repay_statement which,
                               struct repay_error *error);
/* Runs to the end and resets. */
bool repay_sqlite_finish(struct repay_store *store, sqlite3_stmt *statement, const char *doing,
                         struct repay_error *error);
/* One step: a row, none, or a failure. The row stays until the statement is used again. */
enum repay_found repay_sqlite_step(struct repay_store *store, sqlite3_stmt *statement,
                                   const char *doing, struct repay_error *error);
/* An empty text is NULL in the database, and the other way around. Borrows until the run. */
void repay_sqlite_bind_text(sqlite3_stmt *statement, int at, struct repay_text text);
void repay_sqlite_bind_blob(sqlite3_stmt *statement, int at, const void *data, size_t size);
/* 0 is NULL. */
void repay_sqlite_bind_moment(sqlite3_stmt *statement, int at, int64_t value);
struct repay_text repay_sqlite_text(sqlite3_stmt *statement, int at);

/* sqlite_log.c */
/* Learns from each commit how long the log is. */
void repay_sqlite_watch_log(struct repay_store *store);
/* Before anything is written in a transaction that has begun. */
void repay_sqlite_lengthen_log(struct repay_store *store);
/* After a commit: moves a log that is long into the database. */
void repay_sqlite_move_log(struct repay_store *store);

/* sqlite_entries.c */
bool repay_sqlite_read_entry(sqlite3_stmt *statement, struct repay_entry *out);
/* The next row of a statement that looks entries up. */
enum repay_found repay_sqlite_take_row(struct repay_store *store, sqlite3_stmt *statement,
                                       bool is_brief, struct repay_entry *out,
                                       struct repay_error *error);

/* sqlite_sweep.c */
/* Makes the function that the statement of a sweep asks. */
bool repay_sqlite_prepare_sweep(struct repay_store *store, struct repay_error *error);

/* sqlite_clock.c */
/*
 * Once, for a journal of an older schema, which did not say when the clock went back: if it ever
 * did, nothing is known of the time of what is in doubt today.
 */
bool repay_sqlite_look_back(struct repay_store *store, int64_t unix_ms, struct repay_error *error);

/* sqlite_events.c */
/* Of what was planned; the number of the entry is not in it, because it is not known before. */
void repay_sqlite_digest_facts(const struct repay_entry_facts *facts,
                               unsigned char out[REPAY_DIGEST_SIZE]);
/*
 * How seals and hashes are made: FORM_1 by schemas before 3, which wrote numbers as digits and left
 * attempts out.
 */
enum repay_event_form { REPAY_EVENT_FORM_1 = 1, REPAY_EVENT_FORM_2 = 2 };
/* What an event says about the whole row: the digest of its facts, and where it stands. */
void repay_sqlite_seal(const struct repay_entry *entry, int64_t form,
                       unsigned char out[REPAY_DIGEST_SIZE]);
struct repay_sqlite_event {
    int64_t sequence, form;
    int64_t earlier; /* sequence of the event before it of the same entry, 0: its first */
    struct repay_event event;
    struct repay_text id;    /* of the entry */
    const void *seal, *hash; /* REPAY_DIGEST_SIZE each; NULL when they are not */
};
void repay_sqlite_read_event(sqlite3_stmt *statement, struct repay_sqlite_event *out);
/* `previous`: the hash of the event before it in the chain. */
void repay_sqlite_hash_event(const struct repay_sqlite_event *event,
                             const unsigned char previous[REPAY_DIGEST_SIZE],
                             unsigned char out[REPAY_DIGEST_SIZE]);
/* Whether the last event is the one that its hash says. All of the chain is verify's. */
bool repay_sqlite_check_end(struct repay_store *store, bool *is_whole, struct repay_error *error);
/* Takes up the end of the chain, as another process may have left it. */
bool repay_sqlite_load_chain(struct repay_store *store, struct repay_error *error);
/* Of an entry: `earlier` is its event before this one, and `seal` that of the entry as it is then. */
bool repay_sqlite_append(struct repay_store *store, const struct repay_event *event,
                         int64_t earlier, const unsigned char *seal, struct repay_error *error);
/* Of the journal itself, taking up the end of the chain first. */
bool repay_sqlite_append_own(struct repay_store *store, const char *why, int64_t unix_ms,
                             struct repay_error *error);

#endif
