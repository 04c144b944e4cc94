/*
 * Journals of older schemas: each becomes what a new one is, tells what it told before, and goes on
 * from there; wherever the power goes meanwhile, it is the old one or the new one.
 *
 * schema_2.journal was written by the repay that had that schema: entry 1 was accepted, 2 accepted
 * by its second attempt, 3 rejected, 4 claimed twice and left, 5 left and resolved as absent, 6
 * left and unknown, 7 cancelled, 8 not sent and approved again, 9 planned in place of 3.
 *
 * schema_3.journal, likewise: entries 1 and 3 were claimed and left, 2 is unknown, and of 1 and 2
 * the keys are trusted; 4 was planned ten hours later, and 5 two hours later, so that the clock had
 * gone back by eight.
 */
#include "journal_setup.h"
#include "sim_disk.h"
#include "sqlite_inner.h"

#define SCHEMA_0 "spec/journal/schema_0.journal"
#define SCHEMA_2 "spec/journal/schema_2.journal"
#define SCHEMA_3 "spec/journal/schema_3.journal"
#define EVENTS_2 35
/* Each schema that a journal comes past is one event more. */
#define PASSED_2 (REPAY_STORE_SCHEMA - 2)
#define EVENTS_3 15
#define PASSED_3 (REPAY_STORE_SCHEMA - 3)
#define HOUR     ((int64_t)3600000)
#define LOST_3   4 /* that the clock had gone back, and for each entry in doubt */

/* Schema 1 was schema 2 without two columns and a table. */
static const char to_schema_1[] = "DROP TABLE place;ALTER TABLE entry DROP COLUMN boot;"
                                  "ALTER TABLE entry DROP COLUMN boot_ms;PRAGMA user_version=1";

static struct repay_journal journal;
static struct repay_error error;
static unsigned char bytes[1 << 18];

static bool opens(void)
{
    struct repay_store_options options = options_of(journal_path);
    struct repay_journal_policy policy = repay_journal_policy_default();

    options.is_moved = true;
    return repay_journal_open(&journal, &options, &policy, &error);
}

static ssize_t read_file(const char *path)
{
    int descriptor = open(path, O_RDONLY);
    ssize_t size = descriptor >= 0 ? read(descriptor, bytes, sizeof bytes) : -1;

    (void)close(descriptor);
    CHECK(size > 0 && (size_t)size < sizeof bytes);
    return size;
}

static void put(ssize_t size)
{
    int descriptor;

    remove_files();
    descriptor = open(journal_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK_INT(write(descriptor, bytes, (size_t)size), size);
    (void)close(descriptor);
}

static void take(const char *path)
{
    put(read_file(path));
}

/* On the file itself, as no journal is opened that old. */
static sqlite3 *open_plainly(void)
{
    static struct repay_page_vfs layer;
    sqlite3 *db = NULL;

    CHECK(repay_page_vfs_show(&layer, NULL));
    CHECK_INT(sqlite3_open_v2(journal_path, &db, SQLITE_OPEN_READWRITE, layer.name), SQLITE_OK);
    repay_page_vfs_hide(&layer);
    return db;
}

static void change(const char *sql)
{
    sqlite3 *db = open_plainly();

    CHECK_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return value;
}

/* Every table, index and trigger, as it is written down in the file. */
static void describe(char *out, size_t size)
{
    static const char sql[] = "SELECT group_concat(name||': '||sql,char(10))FROM"
                              "(SELECT*FROM sqlite_schema WHERE sql NOT NULL ORDER BY name)";
    sqlite3_stmt *statement = NULL;

    CHECK_INT(sqlite3_prepare_v2(journal.store->db, sql, -1, &statement, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_step(statement), SQLITE_ROW);
    (void)snprintf(out, size, "%s", (const char *)sqlite3_column_text(statement, 0));
    (void)sqlite3_finalize(statement);
}

static void is_whole(int64_t entries, int64_t events)
{
    struct repay_store_verified verified = {.entries = 0};

    if (!CHECK(repay_store_verify(journal.store, &verified, &error)))
        fprintf(stderr, "%s\n", error.message);
    CHECK_INT(verified.entries, entries);
    CHECK_INT(verified.events, events);
}

static void becomes_what_a_new_journal_is(void)
{
    static char made[1 << 14], brought_up[1 << 14];
    static const struct {
        const char *path, *sql;
        int64_t entries, events, version;
    } olds[] = {
        {SCHEMA_3, NULL, 5, EVENTS_3 + LOST_3, 3},
        {SCHEMA_0, NULL, 2, 7, 0},
        {SCHEMA_2, to_schema_1, 9, EVENTS_2, 1},
        {SCHEMA_2, NULL, 9, EVENTS_2, 2},
    };

    remove_files();
    CHECK(opens());
    describe(made, sizeof made);
    CHECK(strstr(made, "CREATE TRIGGER entry_moves") != NULL);
    repay_journal_close(&journal);
    for (size_t i = 0; i < sizeof olds / sizeof *olds; i++) {
        /* Each schema that it comes past is one event more, and taking its place another. */
        int64_t moved = olds[i].version >= 2 ? 1 : 0;
        int64_t events = olds[i].events + REPAY_STORE_SCHEMA - olds[i].version + moved;

        CHECK_CASE(olds[i].sql ? olds[i].sql : olds[i].path);
        take(olds[i].path);
        if (olds[i].sql)
            change(olds[i].sql);
        if (!CHECK(opens())) {
            fprintf(stderr, "%s\n", error.message);
            continue;
        }
        CHECK_INT(ask(journal.store->db, "PRAGMA user_version"), REPAY_STORE_SCHEMA);
        describe(brought_up, sizeof brought_up);
        CHECK(strcmp(brought_up, made) == 0);
        is_whole(olds[i].entries, events);
        repay_journal_close(&journal);
        /* And only once. */
        CHECK(opens());
        is_whole(olds[i].entries, events);
        repay_journal_close(&journal);
    }
    CHECK_CASE(NULL);
}

static void tells_what_it_told(void)
{
    static const enum repay_entry_state states[] = {
        REPAY_ENTRY_ACCEPTED,  REPAY_ENTRY_ACCEPTED, REPAY_ENTRY_REJECTED,
        REPAY_ENTRY_SENDING,   REPAY_ENTRY_ABSENT,   REPAY_ENTRY_UNKNOWN,
        REPAY_ENTRY_CANCELLED, REPAY_ENTRY_APPROVED, REPAY_ENTRY_PLANNED,
    };
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "eight");
    struct repay_entry entry;
    bool value = false;

    take(SCHEMA_2);
    CHECK(opens());
    for (int i = 0; i < 9; i++) {
        CHECK_INT(repay_store_find_number(journal.store, i + 1, &entry, &error), REPAY_FOUND);
        CHECK_INT(entry.now.state, states[i]);
        CHECK(repay_text_is(entry.facts.method, "POST"));
        CHECK(repay_text_is(entry.facts.body, "{\"amount\":50}"));
    }
    CHECK(repay_text_is(entry.facts.hold, "looks wrong"));
    CHECK_INT(entry.facts.replaces, 3);
    CHECK_INT(entry.facts.batch, 1);
    CHECK_INT(repay_store_find_key(journal.store, facts.key, &entry, &error), REPAY_FOUND);
    CHECK_INT(entry.number, 8);
    CHECK_INT(repay_store_known(journal.store, &facts, REPAY_FACT_LISTS_RECORDS, &value, &error),
              REPAY_FOUND);
    CHECK(value);
    repay_journal_close(&journal);
}

/* An attempt as the two events tell it that began and ended it. */
struct told {
    int64_t started_ms, deadline_ms, ended_ms;
    char owner[40], outcome[20], kind[20], message[40];
    int attempts, events; /* of the entry */
};

static void keep(char *out, size_t size, struct repay_text text)
{
    (void)snprintf(out, size, "%.*s", (int)text.length, text.data ? text.data : "");
}

static void take_in(struct told *told, const struct repay_event *event)
{
    const struct repay_event_attempt *attempt = &event->attempt;

    if (attempt->outcome.length == 0) {
        told->started_ms = event->at_ms;
        told->deadline_ms = attempt->deadline_ms;
        keep(told->owner, sizeof told->owner, attempt->owner);
        return;
    }
    told->ended_ms = event->at_ms;
    keep(told->outcome, sizeof told->outcome, attempt->outcome);
    keep(told->kind, sizeof told->kind, attempt->kind);
    keep(told->message, sizeof told->message, attempt->message);
}

static struct told tell(int64_t number, int64_t attempt)
{
    struct told told = {.events = 0};
    struct repay_event event;
    struct repay_entry entry;
    int64_t sequence;

    CHECK_INT(repay_store_find_number(journal.store, number, &entry, &error), REPAY_FOUND);
    sequence = entry.last_event;
    while (repay_store_earlier_event(journal.store, number, &sequence, &event, &error) ==
           REPAY_FOUND) {
        CHECK_INT(event.entry, number);
        told.events++;
        told.attempts += event.attempt.number != 0 && event.attempt.outcome.length == 0 ? 1 : 0;
        if (event.attempt.number != 0 && event.attempt.number == attempt)
            take_in(&told, &event);
    }
    CHECK_INT(sequence, 0);
    return told;
}

static void keeps_every_attempt(void)
{
    static const struct {
        int64_t entry, number, started, ended;
        const char *outcome, *kind;
    } attempts[] = {
        {1, 1, 100, 101, "accepted", ""},
        {2, 1, 110, 111, "unknown", "timeout"},
        {2, 2, 112, 113, "accepted", ""},
        {3, 1, 120, 121, "refused", "rejected"},
        {4, 1, 130, 0, "", ""},
        {4, 2, 140, 0, "", ""},
        {5, 1, 150, 0, "", ""},
        {6, 1, 150, 0, "", ""},
        {8, 1, 185, 186, "not_sent", "connect"},
    };
    static const int counts[] = {1, 2, 1, 2, 1, 1, 0, 1, 0};

    take(SCHEMA_2);
    CHECK(opens());
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        int64_t ended_ms = attempts[i].ended == 0 ? 0 : T0 + attempts[i].ended;
        struct told told = tell(attempts[i].entry, attempts[i].number);

        CHECK_INT(told.started_ms, T0 + attempts[i].started);
        CHECK_INT(told.ended_ms, ended_ms);
        CHECK(told.deadline_ms >= told.started_ms + TIMEOUT);
        CHECK_INT((int64_t)strlen(told.owner), REPAY_NONCE_TEXT);
        CHECK_TEXT(told.outcome, attempts[i].outcome);
        CHECK_TEXT(told.kind, attempts[i].kind);
        CHECK_TEXT(told.message, ended_ms != 0 ? "words of the provider" : "");
    }
    for (int i = 0; i < 9; i++)
        CHECK_INT(tell(i + 1, 0).attempts, counts[i]);
    repay_journal_close(&journal);
}

/* What was left by a process of the older repay is taken over by one of today's. */
static void goes_on(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "four");
    struct repay_owner owner = {.lock = REPAY_OWNER_LOCK_NONE};
    struct repay_settled settled;
    struct repay_entry entry;
    struct told told;

    take(SCHEMA_2);
    CHECK(opens());
    CHECK_INT(repay_store_find_number(journal.store, 4, &entry, &error), REPAY_FOUND);
    char id[REPAY_UUID_TEXT + 1] = "";
    memcpy(id, entry.facts.id.data, REPAY_UUID_TEXT);
    repay_store_rest(journal.store);
    CHECK(repay_journal_own(&journal, repay_text_of(id), &owner, &error));
    CHECK(claim_one(&journal, &owner, &facts, T0 + 1000, &error));
    receipt_id = "rec-4";
    CHECK(settle_one(&journal, &owner, REPAY_ATTEMPT_ACCEPTED, REPAY_KIND_NONE, T0 + 1001, &settled,
                     &error));
    repay_owner_close(&owner);
    CHECK_INT(settled.state, REPAY_ENTRY_ACCEPTED);
    told = tell(4, 3);
    CHECK_INT(told.attempts, 3);
    CHECK_INT(told.events, 6);
    CHECK_INT(told.started_ms, T0 + 1000);
    CHECK_TEXT(told.outcome, "accepted");
    repay_store_rest(journal.store);
    is_whole(9, EVENTS_2 + PASSED_2 + 3);
    repay_journal_close(&journal);
}

/*
 * The event that tells of the migration, and the one of a new place, are written by the clock of who
 * opens. They must not hide that this clock went back: no key's window is open by it.
 */
static void sees_that_the_clock_went_back(void)
{
    struct repay_store_options options = options_of(journal_path);
    struct repay_journal_policy policy = repay_journal_policy_default();
    struct repay_moment_facts moment = {.now_ms = 0};

    options.is_moved = true;
    options.unix_ms = T0 - 20000;
    take(SCHEMA_2);
    CHECK(repay_journal_open(&journal, &options, &policy, &error));
    CHECK(repay_journal_moment(&journal, options.unix_ms, &moment, &error));
    CHECK(moment.clock_went_back);
    is_whole(9, EVENTS_2 + PASSED_2 + 1);
    repay_journal_close(&journal);
}

/*
 * A journal of schema 3 did not say that the clock went back: what came later hid it. What is in
 * doubt there is not sent again by its key, and what is sent from now on may be.
 */
static void takes_no_key_from_before_the_clock_went_back(void)
{
    static const enum repay_entry_state states[] = {REPAY_ENTRY_SENDING, REPAY_ENTRY_UNKNOWN,
                                                    REPAY_ENTRY_SENDING};
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "later");
    struct repay_recovery recovery = {.room = 0};
    struct repay_act act = act_at(T0 + 11 * HOUR);
    struct repay_owner owner = {.lock = REPAY_OWNER_LOCK_NONE};
    char id[REPAY_UUID_TEXT + 1] = "";
    struct repay_entry entry;

    take(SCHEMA_3);
    CHECK(opens());
    for (int i = 0; i < 3; i++) {
        CHECK_INT(repay_store_find_number(journal.store, i + 1, &entry, &error), REPAY_FOUND);
        CHECK_INT(entry.now.state, states[i]);
        CHECK_INT(entry.now.resend_until_ms, entry.now.first_sent_ms);
        CHECK_TEXT(entry.now.reason, "clock_went_back");
    }
    CHECK_INT(repay_store_find_number(journal.store, 4, &entry, &error), REPAY_FOUND);
    memcpy(id, entry.facts.id.data, REPAY_UUID_TEXT);
    repay_store_rest(journal.store);
    CHECK(approve_one(&journal, id, T0 + 11 * HOUR, &error));
    CHECK(repay_journal_own(&journal, repay_text_of(id), &owner, &error));
    CHECK(claim_one(&journal, &owner, &facts, T0 + 11 * HOUR, &error));
    repay_owner_close(&owner);
    CHECK(repay_journal_recover(&journal, &act, &recovery, &error));
    CHECK_INT(recovery.moved, 2);
    CHECK_INT(state_of(&journal, id), REPAY_ENTRY_SENDING);
    repay_journal_close(&journal);
}

/* Nobody knows which of the two is right, so neither is thrown away. */
static void refuses_attempts_without_events(void)
{
    sqlite3 *db;

    take(SCHEMA_2);
    change("INSERT INTO attempt(entry,number,started_ms,deadline_ms)VALUES(8,2,1,2)");
    CHECK(!opens());
    CHECK_INT(error.kind, REPAY_KIND_JOURNAL_CORRUPT);
    CHECK_TEXT(error.message,
               "the journal has schema 2 and is left as it is: its events do not tell what its "
               "table 'attempt' does of attempt 2 of entry 8");
    db = open_plainly();
    CHECK_INT(ask(db, "PRAGMA user_version"), 2);
    CHECK_INT(ask(db, "SELECT count(*) FROM attempt"), 10);
    CHECK_INT(ask(db, "SELECT count(*) FROM event"), EVENTS_2);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

/* Whether the journal's file is what `bytes` holds. */
static bool is_untouched(ssize_t size)
{
    static unsigned char found[sizeof bytes];
    int descriptor = open(journal_path, O_RDONLY);
    bool is_same =
        read(descriptor, found, sizeof found) == size && memcmp(found, bytes, (size_t)size) == 0;

    (void)close(descriptor);
    return is_same;
}

/* Damage that is met is told by its table, and no byte of the file is another one then. */
static void says_where_it_is_damaged(void)
{
    static const char left[] = "the journal has schema 2 and is left as it is: ";
    static const struct {
        int page;
        const char *words;
    } known[] = {
        {6, "its table 'entry' is damaged, and 0 rows of it can be read: "},
        {7, "an index is damaged: "},
        {11, "its table 'attempt' is damaged, and 0 rows of it can be read: "},
        {14, "its table 'place' is damaged, and 0 rows of it can be read: "},
        {27, "its table 'event' is damaged, and 20 rows of it can be read: "},
    };
    ssize_t size = read_file(SCHEMA_2);
    int pages = (int)(size / REPAY_PAGE_SIZE), refused = 0, told = 0;
    size_t next = 0;

    for (int page = 1; page <= pages; page++) {
        bool is_opened;

        (void)read_file(SCHEMA_2);
        bytes[page * REPAY_PAGE_SIZE - 2000] ^= 1;
        put(size);
        is_opened = opens();
        if (is_opened)
            repay_journal_close(&journal);
        refused += !is_opened && error.kind == REPAY_KIND_JOURNAL_CORRUPT && is_untouched(size);
        told += !is_opened && strstr(error.message, left) == error.message;
        if (next < sizeof known / sizeof *known && page == known[next].page)
            CHECK(strstr(error.message, known[next++].words) == error.message + sizeof left - 1);
    }
    /* Two hold only what stays where it is, and without three nobody knows the schema. */
    CHECK_INT(refused, pages - 2);
    CHECK_INT(told, refused - 3);
}

/* A row that no repay wrote is damage, too. */
static void refuses_rows_that_nobody_wrote(void)
{
    take(SCHEMA_2);
    change("PRAGMA ignore_check_constraints=1;DROP TRIGGER event_is_written_once;"
           "UPDATE event SET hash=zeroblob(31) WHERE sequence=3");
    CHECK(!opens());
    CHECK_INT(error.kind, REPAY_KIND_JOURNAL_CORRUPT);
    CHECK_TEXT(error.message,
               "the journal has schema 2 and is left as it is: its table 'event' cannot be taken "
               "over: CHECK constraint failed: length(hash)=32 (275)");
}

/* An event that was changed before is found as it was before. */
static void hides_no_damage(void)
{
    static const char *const damages[] = {
        "UPDATE event SET why='x' WHERE sequence=7",
        "UPDATE event SET at_ms=at_ms+1 WHERE sequence=20",
        "UPDATE event SET previous=zeroblob(32),hash=zeroblob(32) WHERE sequence=12",
        "UPDATE event SET entry=2 WHERE sequence=5",
        "UPDATE event SET hash=zeroblob(32) WHERE sequence=35",
        "DROP TRIGGER entry_facts_stay;UPDATE entry SET amount_minor=1 WHERE number=3",
        "UPDATE entry SET changed_ms=changed_ms+1 WHERE number=8",
        "DROP TRIGGER event_stays;DELETE FROM event WHERE sequence=22",
    };
    struct repay_store_verified verified;
    char sql[160];

    error.kind = REPAY_KIND_NONE;
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        CHECK_CASE(damages[i]);
        take(SCHEMA_2);
        (void)snprintf(sql, sizeof sql, "DROP TRIGGER event_is_written_once;%s", damages[i]);
        change(sql);
        /* An event that tells of an attempt is missed at once. */
        if (opens()) {
            CHECK(!repay_store_verify(journal.store, &verified, &error));
            repay_journal_close(&journal);
        }
        CHECK_INT(error.kind, REPAY_KIND_JOURNAL_CORRUPT);
    }
    CHECK_CASE(NULL);
}

static void leaves_what_is_newer_alone(void)
{
    remove_files();
    CHECK(opens());
    CHECK_INT(sqlite3_exec(journal.store->db, "PRAGMA user_version=5", NULL, NULL, NULL),
              SQLITE_OK);
    CHECK_INT(REPAY_STORE_SCHEMA, 4);
    repay_journal_close(&journal);
    CHECK(!opens());
    CHECK_INT(error.kind, REPAY_KIND_CONFIG);
}

/* The old file on a disk that does not fail yet. */
static void put_on_disk(uint64_t seed, ssize_t size)
{
    struct sim_content *content;

    remove_files();
    sim_begin(seed);
    content = sim_find(journal_path, true);
    memcpy(content->now, bytes, (size_t)size);
    memcpy(content->synced, bytes, (size_t)size);
    content->size = content->synced_size = size;
}

static bool opens_on_disk(void)
{
    struct repay_store_options options = options_of(journal_path);
    struct repay_journal_policy policy = repay_journal_policy_default();

    options.vfs = "sim";
    return repay_journal_open(&journal, &options, &policy, &error);
}

/* What a file becomes. */
struct brought_up {
    const char *path;
    int64_t entries, events;
};

static bool is_new_and_whole(const struct brought_up *wanted)
{
    struct repay_store_verified verified = {.entries = 0};
    bool is_good;

    if (!opens_on_disk()) {
        fprintf(stderr, "does not open: %s\n", error.message);
        return false;
    }
    is_good = repay_store_verify(journal.store, &verified, &error) &&
              verified.entries == wanted->entries && verified.events == wanted->events;
    repay_journal_close(&journal);
    return is_good;
}

static void is_old_or_new_after_every_cut(const struct brought_up *wanted)
{
    ssize_t size = read_file(wanted->path);
    unsigned long writes, operations;
    int broken = 0;

    CHECK_CASE(wanted->path);
    put_on_disk(1, size);
    CHECK(opens_on_disk());
    repay_journal_close(&journal);
    writes = sim.writes;
    operations = sim.operations;
    CHECK(writes > 20);
    for (unsigned long cut = 1; cut <= writes; cut++) {
        put_on_disk(cut, size);
        sim.cut_at = cut;
        if (opens_on_disk())
            repay_journal_close(&journal);
        sim_power_on();
        broken += is_new_and_whole(wanted) ? 0 : 1;
    }
    CHECK_INT(broken, 0);
    for (unsigned long at = 1; at <= operations; at++) {
        put_on_disk(at, size);
        sim.fail_at = at;
        if (opens_on_disk())
            repay_journal_close(&journal);
        sim_repair();
        broken += is_new_and_whole(wanted) ? 0 : 1;
    }
    CHECK_INT(broken, 0);
    CHECK_CASE(NULL);
}

/*
 * Whenever the disk is full it is said how much room is wanted, and the old journal is there as it
 * was; with room it is brought up. So much room is enough.
 */
static void says_how_much_room_it_needs(const struct brought_up *wanted)
{
    ssize_t size = read_file(wanted->path);
    unsigned long operations;
    int64_t grown = -size;
    int told = 0, untouched = 0, refused = 0, broken = 0;

    CHECK_CASE(wanted->path);
    put_on_disk(1, size);
    CHECK(opens_on_disk());
    for (int i = 0; i < SIM_FILES; i++)
        grown += sim.files[i].exists ? sim.files[i].size : 0;
    repay_journal_close(&journal);
    operations = sim.operations;
    CHECK(grown > 0 && grown < 3 * size);
    for (unsigned long at = 1; at <= operations; at++) {
        put_on_disk(at, size);
        sim.full_from = at;
        if (opens_on_disk()) {
            repay_journal_close(&journal);
        } else {
            refused++;
            told += strstr(error.message, " and is left as it is: its disk has no room: up to 1 MB "
                                          "more are needed") != NULL;
            untouched += memcmp(sim_find(journal_path, true)->now, bytes, (size_t)size) == 0;
        }
        sim_repair();
        broken += is_new_and_whole(wanted) ? 0 : 1;
    }
    CHECK(refused > 20);
    CHECK_INT(told, refused);
    CHECK_INT(untouched, refused);
    CHECK_INT(broken, 0);
    CHECK_CASE(NULL);
}

int main(void)
{
    static const struct brought_up files[] = {{SCHEMA_2, 9, EVENTS_2 + PASSED_2},
                                              {SCHEMA_3, 5, EVENTS_3 + PASSED_3 + LOST_3}};

    begin_tests();
    if (sqlite3_vfs_register(&sim_vfs, 0) != SQLITE_OK)
        abort();
    becomes_what_a_new_journal_is();
    tells_what_it_told();
    keeps_every_attempt();
    goes_on();
    sees_that_the_clock_went_back();
    refuses_attempts_without_events();
    says_where_it_is_damaged();
    refuses_rows_that_nobody_wrote();
    hides_no_damage();
    leaves_what_is_newer_alone();
    takes_no_key_from_before_the_clock_went_back();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        is_old_or_new_after_every_cut(&files[i]);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        says_how_much_room_it_needs(&files[i]);
    sim_begin(1);
    end_tests();
    return CHECK_REPORT();
}
