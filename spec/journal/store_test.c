/*
 * The store by itself: where it may lie, how it is set, what the database refuses whoever asks,
 * copies, and every byte that can change.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "journal_setup.h"
#include "sqlite_inner.h"

static struct repay_journal journal;
static struct repay_error error;

static bool opens(void)
{
    return open_journal(&journal, &error);
}

static void start(void)
{
    remove_files();
    if (!CHECK(opens()))
        fprintf(stderr, "%s\n", error.message);
}

static mode_t mode_of(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? status.st_mode & 0777 : 0;
}

static void makes_files_for_its_owner_alone(void)
{
    char path[96];

    (void)umask(0);
    start();
    CHECK_INT(mode_of(journal_path), 0600);
    CHECK_INT(mode_of(repay_store_lock_path(journal.store)), 0600);
    (void)snprintf(path, sizeof path, "%s-wal", journal_path);
    CHECK_INT(mode_of(path), 0600);
    repay_journal_close(&journal);
    /* A directory that is not there yet is made, for its owner alone. */
    (void)snprintf(path, sizeof path, "%s/new/b.journal", directory);
    struct repay_store_options options = options_of(path);
    struct repay_store *store = repay_store_open(&options, &error);
    CHECK(store != NULL);
    repay_store_close(store);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/new/b.journal-lock", directory);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/new", directory);
    CHECK_INT(mode_of(path), 0700);
    (void)rmdir(path);
    (void)umask(022);
}

static bool refuses(enum repay_kind kind, const char *words)
{
    bool refused = !opens();

    CHECK(refused);
    CHECK_INT(error.kind, kind);
    if (!refused)
        repay_journal_close(&journal);
    return refused && strstr(error.message, words) != NULL;
}

static void refuses_places_that_are_not_fit(void)
{
    char other[80];

    start();
    repay_journal_close(&journal);
    CHECK_INT(chmod(journal_path, 0640), 0);
    CHECK(refuses(REPAY_KIND_CONFIG, "open to others"));
    CHECK_INT(chmod(journal_path, 0600), 0);
    (void)snprintf(other, sizeof other, "%s/other", directory);
    CHECK_INT(link(journal_path, other), 0);
    CHECK(refuses(REPAY_KIND_CONFIG, "second name"));
    (void)unlink(other);
    CHECK_INT(rename(journal_path, other), 0);
    CHECK_INT(symlink(other, journal_path), 0);
    CHECK(refuses(REPAY_KIND_CONFIG, "no plain file"));
    (void)unlink(journal_path);
    CHECK_INT(mkdir(journal_path, 0700), 0);
    CHECK(refuses(REPAY_KIND_CONFIG, "no plain file"));
    (void)rmdir(journal_path);
    CHECK_INT(chmod(directory, 0770), 0);
    CHECK(refuses(REPAY_KIND_CONFIG, "others may write"));
    CHECK_INT(chmod(directory, 0700), 0);
    struct repay_store_options options = options_of("/nowhere/at/all/a.journal");
    CHECK(repay_store_open(&options, &error) == NULL);
    CHECK_INT(error.kind, REPAY_KIND_JOURNAL);
    options.path = "/tmp/";
    CHECK(repay_store_open(&options, &error) == NULL);
    CHECK_INT(error.kind, REPAY_KIND_CONFIG);
}

/*
 * Another process makes the journal between the questions of one that found none: the answers must
 * be of one moment, or a half-made file looks like somebody else's.
 */
static struct {
    struct repay_journal journal;
    struct repay_error error;
    bool is_watching;
    bool is_opened;
} maker;

static int make_the_journal(unsigned what, void *context, void *statement, void *sql)
{
    const char *text = sql;

    (void)what;
    (void)context;
    (void)statement;
    if (!maker.is_watching || !strstr(text, "sqlite_schema"))
        return 0;
    maker.is_watching = false;
    maker.is_opened = open_journal(&maker.journal, &maker.error);
    return 0;
}

static int watch_its_statements(sqlite3 *db, char **message, const void *routines)
{
    (void)message;
    (void)routines;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, make_the_journal, NULL);
}

static void opens_beside_another_that_makes_the_journal(void)
{
    void (*extension)(void) = (void (*)(void))watch_its_statements;
    bool is_opened;

    remove_files();
    maker.is_watching = true;
    CHECK_INT(sqlite3_auto_extension(extension), SQLITE_OK);
    is_opened = opens();
    sqlite3_reset_auto_extension();
    if (!CHECK(is_opened))
        fprintf(stderr, "%s\n", error.message);
    if (!CHECK(maker.is_opened))
        fprintf(stderr, "%s\n", maker.error.message);
    if (is_opened)
        repay_journal_close(&journal);
    if (maker.is_opened)
        repay_journal_close(&maker.journal);
}

/* As older containers do it. */
static bool forbid_statx(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_statx, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof rules / sizeof *rules, rules};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void knows_its_files_where_statx_is_forbidden(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "a");
    struct repay_planned planned;
    int status = 0;
    pid_t child;

    remove_files();
    child = fork();
    if (child == 0)
        _exit(!forbid_statx() || !opens() || !plan_one(&journal, &facts, T0, &planned, &error));
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void knows_file_systems_that_are_elsewhere(void)
{
    CHECK(repay_file_system_is_remote(0x6969));
    CHECK(repay_file_system_is_remote(0xff534d42));
    CHECK(repay_file_system_is_remote(0xffffffffff534d42u));
    CHECK(repay_file_system_is_remote(0x65735546));
    CHECK(!repay_file_system_is_remote(0xef53));
    CHECK(!repay_file_system_is_remote(0x01021994));
    CHECK(!repay_file_system_is_remote(0x9123683e));
}

static void refuses_files_of_others(void)
{
    char path[80];
    int descriptor;
    sqlite3 *db = NULL;

    remove_files();
    descriptor = open(journal_path, O_RDWR | O_CREAT, 0600);
    CHECK_INT(write(descriptor, "amount,account\n1,2\n", 19), 19);
    (void)close(descriptor);
    CHECK(!opens());
    CHECK_INT(error.kind, REPAY_KIND_JOURNAL_CORRUPT);
    remove_files();
    (void)snprintf(path, sizeof path, "%s/a.journal", directory);
    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, "CREATE TABLE theirs(x)", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
    (void)chmod(path, 0600);
    CHECK(!opens());
}

static int64_t setting(const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;

    if (sqlite3_prepare_v2(journal.store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return value;
}

static void is_set_as_it_must_be(void)
{
    int defensive = 0, trusted = 1;

    start();
    CHECK_INT(setting("PRAGMA synchronous"), 2);
    CHECK_INT(setting("PRAGMA foreign_keys"), 1);
    CHECK_INT(setting("PRAGMA application_id"), REPAY_SQLITE_APPLICATION);
    CHECK_INT(setting("PRAGMA user_version"), REPAY_STORE_SCHEMA);
    CHECK_INT(setting("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode='wal'"), 1);
    CHECK_INT(setting("SELECT count(*) FROM pragma_table_list WHERE schema='main' AND "
                      "type='table' AND strict=0 AND name NOT LIKE 'sqlite%'"),
              0);
    (void)sqlite3_db_config(journal.store->db, SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive);
    (void)sqlite3_db_config(journal.store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, -1, &trusted);
    CHECK_INT(defensive, 1);
    CHECK_INT(trusted, 0);
    repay_journal_close(&journal);
}

/* What the database answers when someone writes past all of our code. */
static bool database_refuses(const char *sql)
{
    return sqlite3_exec(journal.store->db, sql, NULL, NULL, NULL) != SQLITE_OK;
}

/* Because of a rule, and not because the question makes no sense. */
static bool rules_refuse(const char *sql)
{
    return (sqlite3_exec(journal.store->db, sql, NULL, NULL, NULL) & 0xff) == SQLITE_CONSTRAINT;
}

/* All of a claim but the number of its try. */
#define CLAIM                                                                                      \
    "UPDATE entry SET state='sending',attempts=1,doubtful=1,first_sent_ms=1,deadline_ms=1,"        \
    "resend_until_ms=1,settle_until_ms=1,"

/* An event that ends the last attempt of the entry whose number follows. */
#define END_OF_ATTEMPT                                                                             \
    "INSERT INTO event(sequence,form,entry,earlier,moved_from,moved_to,why,at_ms,attempt,"         \
    "outcome,seal,hash)SELECT 99,2,number,last_event,'sending','refused','x',1,tries,'refused',"   \
    "zeroblob(32),zeroblob(32)FROM entry WHERE number="

/* One entry in each state that can be reached by SQL that is legal. */
static void fill(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "a");
    struct repay_settled settled;
    struct repay_planned planned;
    struct repay_owner owner = {.lock = REPAY_OWNER_LOCK_NONE};

    CHECK(plan_one(&journal, &facts, T0, &planned, &error));
    CHECK(approve_one(&journal, planned.id, T0, &error));
    CHECK(repay_journal_own(&journal, repay_text_of(planned.id), &owner, &error));
    CHECK(claim_one(&journal, &owner, &facts, T0, &error));
    CHECK(settle_one(&journal, &owner, REPAY_ATTEMPT_ACCEPTED, REPAY_KIND_NONE, T0, &settled,
                     &error));
    repay_owner_close(&owner);
    facts = payment_of(REPAY_MODE_AT_MOST_ONCE, "b");
    CHECK(plan_one(&journal, &facts, T0, &planned, &error));
    CHECK(approve_one(&journal, planned.id, T0, &error));
    repay_store_rest(journal.store);
}

static void lets_the_database_refuse(void)
{
    static const char *const facts[] = {
        "plan SET amount_minor=1",
        "plan SET currency='USD'",
        "plan SET account='x'",
        "plan SET payment_date='x'",
        "plan SET key='x'",
        "plan SET body=x'00'",
        "plan SET planned_ms=1",
        "plan SET hold='x'",
        "entry SET mode='keyed'",
        "entry SET natural_key=zeroblob(32)",
        "entry SET id='x'",
        "entry SET provider='x'",
        "entry SET digest=zeroblob(32)",
    };
    static const char *const others[] = {
        /* moves */
        "UPDATE entry SET state='planned' WHERE number=2",
        "UPDATE entry SET state='accepted' WHERE number=2",
        "UPDATE entry SET state='unknown' WHERE number=1",
        "UPDATE entry SET state='sending' WHERE number=1",
        "UPDATE entry SET state='nonsense' WHERE number=2",
        /* a claim without its moments, a second attempt without keys */
        "UPDATE entry SET state='sending' WHERE number=2",
        CLAIM "tries=0 WHERE number=2",
        CLAIM "tries=2 WHERE number=2",
        "UPDATE entry SET attempts=2 WHERE number=2",
        "UPDATE entry SET doubtful=1 WHERE number=2",
        /* ids of the provider */
        "UPDATE entry SET receipt_id='x' WHERE number=1",
        "UPDATE entry SET resend_until_ms=resend_until_ms+1 WHERE number=1",
        /* history */
        "DELETE FROM entry WHERE number=2",
        "DELETE FROM event",
        "UPDATE event SET why='x'",
        "UPDATE event SET hash=zeroblob(32) WHERE sequence=1",
        "UPDATE event SET outcome='refused'",
        "UPDATE event SET earlier=NULL WHERE sequence=4",
        END_OF_ATTEMPT "1", /* which has ended */
        END_OF_ATTEMPT "2", /* which has not begun */
        "DELETE FROM plan",
        "DELETE FROM before_id",
        "UPDATE before_id SET id='x'",
        /* types, references and doubles */
        "UPDATE entry SET attempts='two' WHERE number=2",
        "INSERT INTO before_id VALUES(77,'x')",
        "INSERT INTO entry SELECT * FROM entry WHERE number=2",
    };
    char sql[160];

    start();
    fill();
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        (void)snprintf(sql, sizeof sql, "UPDATE %s WHERE rowid=2", facts[i]);
        CHECK_CASE(sql);
        CHECK(rules_refuse(sql));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK_CASE(others[i]);
        CHECK(rules_refuse(others[i]));
    }
    CHECK_CASE(NULL);
    CHECK(database_refuses("PRAGMA writable_schema=1;DELETE FROM sqlite_schema"));
    /* And what is as it must be is let through. */
    CHECK(!database_refuses(CLAIM "tries=1 WHERE number=2"));
    repay_journal_close(&journal);
}

static void finds_what_was_written_past_it(void)
{
    static const struct {
        const char *sql, *words;
    } writes[] = {
        /* Legal for the database, and no event says so. */
        {"UPDATE entry SET changed_ms=changed_ms+1 WHERE number=2", "on entry 2"},
        {"UPDATE entry SET last_event=4 WHERE number=2", "an event of entry 2"},
        {"UPDATE entry SET last_event=8 WHERE number=2", "an event of entry 2"},
        {"UPDATE entry SET last_event=6 WHERE number=2", "on entry 2"},
        {"UPDATE entry SET last_event=0 WHERE number=2", "no event of entry 2"},
        {"INSERT INTO event(sequence,form,entry,why,at_ms,hash)VALUES(8,2,2,'x',1,zeroblob(32))",
         "event 8"},
        /* Its rules are gone. */
        {"DROP TRIGGER plan_stays;UPDATE plan SET amount_minor=1 WHERE entry=2", "on entry 2"},
        {"DROP TRIGGER plan_is_kept;DELETE FROM plan WHERE entry=2", "on entry 2"},
        {"DROP TRIGGER event_is_written_once;UPDATE event SET earlier=3 WHERE sequence=5",
         "event 5"},
        {"DROP TRIGGER event_is_written_once;UPDATE event SET message='x' WHERE sequence=5",
         "event 5"},
        {"DROP TRIGGER event_is_written_once;UPDATE event SET form=1 WHERE sequence=5", "event 5"},
        {"DROP TRIGGER event_is_kept;DELETE FROM event WHERE sequence=5", "event 5"},
    };
    struct repay_store_verified verified;

    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        CHECK_CASE(writes[i].sql);
        start();
        fill();
        CHECK(repay_store_verify(journal.store, &verified, &error));
        CHECK_INT(verified.entries, 2);
        CHECK_INT(verified.events, 7);
        CHECK_INT(verified.pages_without_sum, 0);
        CHECK(!database_refuses(writes[i].sql));
        CHECK(!repay_store_verify(journal.store, &verified, &error));
        CHECK_INT(error.kind, REPAY_KIND_JOURNAL_CORRUPT);
        if (!CHECK(strstr(error.message, writes[i].words) != NULL))
            fprintf(stderr, "%s\n", error.message);
        repay_journal_close(&journal);
    }
    CHECK_CASE(NULL);
}

/* How many events lead back from the entry's last; -1 where they do not lead to a first. */
static int events_of(int64_t number)
{
    enum repay_found found = REPAY_FOUND;
    struct repay_entry entry;
    struct repay_event event;
    int64_t sequence;
    int count = -1;

    CHECK_INT(repay_store_find_standing(journal.store, number, &entry, &error), REPAY_FOUND);
    sequence = entry.last_event;
    for (; found == REPAY_FOUND; count++)
        found = repay_store_earlier_event(journal.store, number, &sequence, &event, &error);
    return found == REPAY_NOT_FOUND ? count : -1;
}

/* Nor goes round for ever, and never are some of its events taken for all. */
static void tells_no_history_that_lacks_an_event(void)
{
    static const char *const damages[] = {
        "UPDATE event SET earlier=sequence WHERE sequence=5",
        "UPDATE event SET earlier=sequence+1 WHERE sequence=5",
        "UPDATE event SET earlier=99 WHERE sequence=5",
        "UPDATE event SET earlier=1 WHERE sequence=5",
        "UPDATE event SET entry=NULL WHERE sequence=5",
        "DROP TRIGGER event_is_kept;DELETE FROM event WHERE sequence=5",
    };
    char sql[160];

    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        CHECK_CASE(damages[i]);
        start();
        fill();
        CHECK_INT(events_of(1) + events_of(2), 6);
        repay_store_rest(journal.store);
        (void)snprintf(sql, sizeof sql, "DROP TRIGGER event_is_written_once;%s", damages[i]);
        CHECK(!database_refuses(sql));
        CHECK_INT(events_of(1), -1);
        CHECK_INT(error.kind, REPAY_KIND_JOURNAL_CORRUPT);
        CHECK_TEXT(error.message, "the journal lacks an event of entry 1");
        repay_journal_close(&journal);
    }
    CHECK_CASE(NULL);
}

static void sends_nothing_when_the_chain_is_broken(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "a");
    struct repay_owner owner = {.lock = REPAY_OWNER_LOCK_NONE};
    struct repay_planned planned;
    struct repay_entry entry;

    start();
    CHECK(plan_one(&journal, &facts, T0, &planned, &error));
    repay_store_rest(journal.store);
    CHECK(!database_refuses("DROP TRIGGER event_is_written_once;"
                            "UPDATE event SET why='x' WHERE sequence=2"));
    repay_journal_close(&journal);
    CHECK(opens());
    CHECK(repay_store_is_broken(journal.store));
    CHECK_INT(repay_store_find_id(journal.store, repay_text_of(planned.id), &entry, &error),
              REPAY_FOUND);
    CHECK(!repay_journal_own(&journal, repay_text_of(planned.id), &owner, &error));
    CHECK_INT(error.kind, REPAY_KIND_JOURNAL_CORRUPT);
    repay_journal_close(&journal);
}

static bool copy_file(const char *from, const char *to)
{
    static char bytes[1 << 20];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t size = in >= 0 ? read(in, bytes, sizeof bytes) : -1;
    bool done = size > 0 && out >= 0 && write(out, bytes, (size_t)size) == size;

    (void)close(in);
    (void)close(out);
    return done;
}

/*
 * The log is longer than what is in it, and whoever has only the files of a process that died finds
 * its end all the same.
 */
static void finds_the_end_of_a_log_with_room(void)
{
    struct repay_store_verified verified = {.entries = 0};
    struct repay_store_options options;
    struct repay_store *store;
    char log[80], copy[80], copied_log[88];
    struct stat status;

    start();
    fill();
    (void)snprintf(log, sizeof log, "%s-wal", journal_path);
    CHECK_INT(stat(log, &status), 0);
    CHECK(status.st_size > 64 * REPAY_PAGE_SIZE && status.st_size < 256 * REPAY_PAGE_SIZE);
    (void)snprintf(copy, sizeof copy, "%s/left", directory);
    (void)snprintf(copied_log, sizeof copied_log, "%s-wal", copy);
    CHECK(copy_file(journal_path, copy));
    CHECK(copy_file(log, copied_log));
    repay_journal_close(&journal);
    options = options_of(copy);
    store = repay_store_open(&options, &error);
    CHECK(store && repay_store_verify(store, &verified, &error));
    CHECK_INT(verified.entries, 2);
    CHECK_INT(verified.events, 7);
    repay_store_close(store);
}

/* Whatever the pages had before. */
static void copies_with_checksums(void)
{
    struct repay_store_verified verified = {.pages_without_sum = -1};
    struct repay_store_options options;
    struct repay_store *store;
    char copy[80];

    (void)snprintf(copy, sizeof copy, "%s/with", directory);
    CHECK(repay_store_backup(journal.store, copy, &error));
    options = options_of(copy);
    store = repay_store_open(&options, &error);
    CHECK(store && repay_store_verify(store, &verified, &error));
    CHECK_INT(verified.pages_without_sum, 0);
    repay_store_close(store);
}

/*
 * After a kill the log is left, and whoever is the last to close the journal moves it into the
 * database: a person's own tool for SQLite, too, that was only asked to read.
 */
static void stays_whole_when_another_program_looks(void)
{
    struct repay_store_verified verified = {.entries = 0};
    char log[80], left[80], left_log[88];
    sqlite3 *db = NULL;

    start();
    fill();
    (void)snprintf(log, sizeof log, "%s-wal", journal_path);
    (void)snprintf(left, sizeof left, "%s/left", directory);
    (void)snprintf(left_log, sizeof left_log, "%s-wal", left);
    CHECK(copy_file(journal_path, left));
    CHECK(copy_file(log, left_log));
    repay_journal_close(&journal);
    CHECK_INT(sqlite3_open(left, &db), SQLITE_OK);
    /* Whether it is let read or refused, the journal must outlive it. */
    (void)sqlite3_exec(db, "SELECT count(*) FROM event", NULL, NULL, NULL);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
    CHECK_INT(rename(left, journal_path), 0);
    (void)rename(left_log, log);
    if (!CHECK(opens())) {
        fprintf(stderr, "%s\n", error.message);
        return;
    }
    CHECK(repay_store_verify(journal.store, &verified, &error));
    CHECK_INT(verified.events, 7);
    CHECK(verified.pages_without_sum > 10);
    copies_with_checksums();
    repay_journal_close(&journal);
}

#define FILE_LIMIT (256 * 1024)

/* In a process that may write no longer files; true when all of it was written. */
static bool plans_within_a_limit(void)
{
    struct rlimit limit = {FILE_LIMIT, FILE_LIMIT};
    int state = 0;
    pid_t child = fork();

    if (child == 0) {
        struct repay_planned planned;
        struct repay_entry_facts facts;
        bool done = setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0 && opens() &&
                    setrlimit(RLIMIT_FSIZE, &limit) == 0;

        for (int64_t i = 0; done && i < 2; i++) {
            char reference[16];

            (void)snprintf(reference, sizeof reference, "limited %d", (int)i);
            facts = payment_of(REPAY_MODE_KEYED, reference);
            done = plan_one(&journal, &facts, T0 + i, &planned, &error);
        }
        _exit(done ? 0 : 1);
    }
    CHECK_INT(waitpid(child, &state, 0), child);
    return WIFEXITED(state) && WEXITSTATUS(state) == 0;
}

/* What is not needed yet must not end a process that has room for what is. */
/* As on a disk that has no room for the log's index, which is made when a journal is opened. */
static void says_that_there_is_no_room_to_open(void)
{
    struct rlimit limit = {8192, 8192};
    int state = 0;
    pid_t child;

    start();
    repay_journal_close(&journal);
    child = fork();
    if (child == 0) {
        bool is_told = signal(SIGXFSZ, SIG_IGN) != SIG_ERR &&
                       setrlimit(RLIMIT_FSIZE, &limit) == 0 && !opens() &&
                       error.kind == REPAY_KIND_JOURNAL &&
                       strstr(error.message, "the disk has no room for the index of its log");

        _exit(is_told ? 0 : 1);
    }
    CHECK_INT(waitpid(child, &state, 0), child);
    CHECK_INT(state, 0);
}

static void lengthens_no_log_past_a_limit(void)
{
    struct stat status;

    remove_files();
    CHECK(plans_within_a_limit());
    CHECK_INT(stat(journal_path, &status), 0);
    CHECK(status.st_size < FILE_LIMIT);
}

static void copies_itself(void)
{
    struct repay_store_verified verified;
    char copy[80], part[88];

    start();
    fill();
    (void)snprintf(copy, sizeof copy, "%s/copy", directory);
    (void)snprintf(part, sizeof part, "%s-part", copy);
    /* What a copy that was killed has left is no obstacle. */
    CHECK(copy_file(journal_path, part));
    CHECK(repay_store_backup(journal.store, copy, &error));
    CHECK(access(part, F_OK) != 0);
    CHECK_INT(mode_of(copy), 0600);
    CHECK(!repay_store_backup(journal.store, copy, &error));
    CHECK_INT(error.kind, REPAY_KIND_CONFIG);
    repay_journal_close(&journal);
    struct repay_store_options options = options_of(copy);
    struct repay_store *store = repay_store_open(&options, &error);
    CHECK(store != NULL);
    CHECK(store && repay_store_verify(store, &verified, &error));
    CHECK_INT(verified.entries, 2);
    repay_store_close(store);
}

static const char *const part_endings[] = {"", "-journal", "-wal", "-shm", "-lock"};

static void make_beside(const char *path, const char *ending)
{
    char beside[120];
    int descriptor;

    (void)snprintf(beside, sizeof beside, "%s%s", path, ending);
    descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK_INT(write(descriptor, "left", 4), 4);
    (void)close(descriptor);
}

static bool is_beside(const char *path, const char *ending)
{
    char beside[120];

    (void)snprintf(beside, sizeof beside, "%s%s", path, ending);
    return access(beside, F_OK) == 0;
}

/* All that a process can leave which was killed while it copied. */
static void copies_itself_after_a_copy_was_killed(void)
{
    char copy[80], part[88];

    start();
    fill();
    (void)snprintf(copy, sizeof copy, "%s/copy", directory);
    (void)snprintf(part, sizeof part, "%s-part", copy);
    for (size_t i = 0; i < sizeof part_endings / sizeof *part_endings; i++)
        make_beside(part, part_endings[i]);
    CHECK(repay_store_backup(journal.store, copy, &error));
    for (size_t i = 0; i < sizeof part_endings / sizeof *part_endings; i++)
        CHECK(!is_beside(part, part_endings[i]));
    CHECK(!is_beside(copy, "-journal") && !is_beside(copy, "-wal"));
    repay_journal_close(&journal);
}

/* SQLite would empty it and call it a new journal. */
static void opens_no_copy_that_was_killed(void)
{
    struct repay_store_options options;
    char part[88];

    start();
    fill();
    repay_journal_close(&journal);
    (void)snprintf(part, sizeof part, "%s/copy-part", directory);
    CHECK(copy_file(journal_path, part));
    make_beside(part, "-journal");
    options = options_of(part);
    options.is_moved = true;
    CHECK(repay_store_open(&options, &error) == NULL);
    CHECK_INT(error.kind, REPAY_KIND_CONFIG);
    CHECK(is_beside(part, "") && is_beside(part, "-journal"));
    CHECK(opens());
    CHECK(!repay_store_backup(journal.store, part, &error));
    CHECK_INT(error.kind, REPAY_KIND_CONFIG);
    repay_journal_close(&journal);
}

/* A log that was left there would be put into the copy when that is opened. */
static void copies_itself_beside_no_log(void)
{
    static const char *const endings[] = {"-wal", "-journal"};
    char copy[80];

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        start();
        fill();
        (void)snprintf(copy, sizeof copy, "%s/copy", directory);
        make_beside(copy, endings[i]);
        CHECK(!repay_store_backup(journal.store, copy, &error));
        CHECK_INT(error.kind, REPAY_KIND_CONFIG);
        CHECK(strstr(error.message, endings[i]) != NULL);
        CHECK(!is_beside(copy, "") && is_beside(copy, endings[i]));
        repay_journal_close(&journal);
    }
}

/* True when opening or verifying says that something is wrong. */
static bool notices(void)
{
    struct repay_store_verified verified;
    bool noticed = true;

    if (opens()) {
        noticed = !repay_store_verify(journal.store, &verified, &error);
        repay_journal_close(&journal);
    }
    return noticed;
}

/*
 * One byte of every page in turn, at places that wander through the page, and every byte of the
 * first page's head. A file has too many bytes to try them all here; the places change with the
 * page.
 */
static void finds_any_flipped_byte(void)
{
    static unsigned char bytes[1 << 20];
    int descriptor, missed = 0, tried = 0;
    ssize_t size;

    start();
    fill();
    repay_journal_close(&journal);
    descriptor = open(journal_path, O_RDONLY);
    size = read(descriptor, bytes, sizeof bytes);
    (void)close(descriptor);
    CHECK(size > 10 * REPAY_PAGE_SIZE);
    for (ssize_t at = 0; at < size; at += at < 100 ? 1 : 487) {
        unsigned char flipped = (unsigned char)(bytes[at] ^ (1u << (at % 8)));

        descriptor = open(journal_path, O_WRONLY);
        CHECK_INT(pwrite(descriptor, &flipped, 1, at), 1);
        (void)close(descriptor);
        tried++;
        missed += notices() ? 0 : 1;
        remove_files();
        descriptor = open(journal_path, O_WRONLY | O_CREAT, 0600);
        CHECK_INT(write(descriptor, bytes, (size_t)size), size);
        (void)close(descriptor);
    }
    CHECK(tried > 250);
    CHECK_INT(missed, 0);
    CHECK(!notices());
}

int main(void)
{
    begin_tests();
    makes_files_for_its_owner_alone();
    refuses_places_that_are_not_fit();
    opens_beside_another_that_makes_the_journal();
    knows_its_files_where_statx_is_forbidden();
    knows_file_systems_that_are_elsewhere();
    refuses_files_of_others();
    is_set_as_it_must_be();
    lets_the_database_refuse();
    finds_what_was_written_past_it();
    tells_no_history_that_lacks_an_event();
    sends_nothing_when_the_chain_is_broken();
    finds_the_end_of_a_log_with_room();
    lengthens_no_log_past_a_limit();
    stays_whole_when_another_program_looks();
    says_that_there_is_no_room_to_open();
    copies_itself();
    copies_itself_after_a_copy_was_killed();
    opens_no_copy_that_was_killed();
    copies_itself_beside_no_log();
    finds_any_flipped_byte();
    end_tests();
    return CHECK_REPORT();
}
