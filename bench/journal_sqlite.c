/*
 * The plain way, next to the journal: SQLite through its C interface with the journal's settings,
 * one table, no rules. Measures durable commits of one inserted row each, and reading and updating
 * many rows in one transaction.
 *
 *   bench-journal_sqlite commits|update FILE COUNT
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY                                                                                       \
    "{\"repaymentAmount\":5000,\"customerId\":\"123e4567-e89b-12d3-a456-426614174010\","           \
    "\"accountId\":\"223e4567-e89b-12d3-a456-426614174011\",\"bankAccountId\":"                    \
    "\"323e4567-e89b-12d3-a456-426614174012\",\"repaymentReference\":\"REF\"}"

static double seconds(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Of this process, so that a busy machine does not count. */
static double cpu_seconds(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(sqlite3 *db, int code)
{
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW)
        return;
    (void)fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static void run(sqlite3 *db, const char *sql)
{
    must(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static void step(sqlite3 *db, sqlite3_stmt *statement)
{
    must(db, sqlite3_step(statement));
    must(db, sqlite3_reset(statement));
}

static sqlite3 *open_table(const char *path)
{
    sqlite3 *db = NULL;

    must(db, sqlite3_open(path, &db));
    run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
            "PRAGMA trusted_schema=OFF;"
            "CREATE TABLE payment (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
            " state TEXT NOT NULL, account TEXT NOT NULL, amount_minor INTEGER NOT NULL,"
            " body TEXT NOT NULL, attempts INTEGER NOT NULL, changed_ms INTEGER NOT NULL) STRICT");
    return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    must(db, sqlite3_prepare_v2(db, sql, -1, &statement, NULL));
    return statement;
}

static void insert(sqlite3 *db, sqlite3_stmt *statement, long number)
{
    char key[48];

    (void)snprintf(key, sizeof key, "019482b9-c400-7212-b964-%012ld", number);
    must(db, sqlite3_bind_text(statement, 1, key, -1, SQLITE_TRANSIENT));
    must(db, sqlite3_bind_int64(statement, 2, number));
    step(db, statement);
}

static sqlite3_stmt *prepare_insert(sqlite3 *db)
{
    return prepare(db, "INSERT INTO payment (key, state, account, amount_minor, body, attempts,"
                       " changed_ms) VALUES (?1, 'sending', '223e4567-e89b-12d3-a456-426614174011',"
                       " ?2, '" BODY "', 1, 1737360000000)");
}

static void measure_commits(sqlite3 *db, long count)
{
    sqlite3_stmt *begin = prepare(db, "BEGIN IMMEDIATE"), *commit = prepare(db, "COMMIT");
    sqlite3_stmt *statement = prepare_insert(db);
    double began = seconds();

    for (long i = 0; i < count; i++) {
        step(db, begin);
        insert(db, statement, i);
        step(db, commit);
    }
    (void)printf("commits_s %.1f\n", (double)count / (seconds() - began));
    (void)sqlite3_finalize(statement);
    (void)sqlite3_finalize(begin);
    (void)sqlite3_finalize(commit);
}

static void measure_update(sqlite3 *db, long count)
{
    sqlite3_stmt *statement = prepare_insert(db), *read, *update;
    size_t bytes = 0;
    double began;

    run(db, "BEGIN IMMEDIATE");
    for (long i = 0; i < count; i++)
        insert(db, statement, i);
    run(db, "COMMIT");
    read = prepare(db, "SELECT number, key, state, account, amount_minor, body, attempts,"
                       " changed_ms FROM payment WHERE state = 'sending' ORDER BY number");
    update = prepare(db, "UPDATE payment SET state = 'unknown', changed_ms = ?2, attempts ="
                         " attempts + 1 WHERE number = ?1");
    began = cpu_seconds();
    run(db, "BEGIN IMMEDIATE");
    while (sqlite3_step(read) == SQLITE_ROW) {
        for (int column = 0; column < 8; column++) {
            (void)sqlite3_column_text(read, column);
            bytes += (size_t)sqlite3_column_bytes(read, column);
        }
        must(db, sqlite3_bind_int64(update, 1, sqlite3_column_int64(read, 0)));
        must(db, sqlite3_bind_int64(update, 2, 1737360000001));
        step(db, update);
    }
    run(db, "COMMIT");
    (void)printf("update_s %.6f\nread_bytes %zu\n", cpu_seconds() - began, bytes);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_finalize(read);
    (void)sqlite3_finalize(update);
}

int main(int count, char **words)
{
    sqlite3 *db;
    long rows;

    if (count != 4) {
        (void)fprintf(stderr, "usage: bench-journal_sqlite commits|update FILE COUNT\n");
        return 64;
    }
    rows = strtol(words[3], NULL, 10);
    db = open_table(words[2]);
    if (strcmp(words[1], "commits") == 0)
        measure_commits(db, rows);
    else
        measure_update(db, rows);
    return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}
