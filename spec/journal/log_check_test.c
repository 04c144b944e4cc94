/*
 * What a process that died has left of its log, and the log of one that lives: a byte that changed
 * in it is found, and nothing that a death, a power cut or another process may leave is taken for
 * damage.
 */
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>

#include "journal_setup.h"
#include "log_format.h"
#include "sqlite_inner.h"

#define FILE_SIZE_MAX (4 << 20)
#define SECTOR        512

static struct repay_journal journal;
static struct repay_error error;
static char left_path[80]; /* the files as they were left; names as SQLite gives them */

/* A file of what was left. */
struct part {
    const char *suffix;
    ssize_t size; /* -1: there is none */
    unsigned char bytes[FILE_SIZE_MAX];
};

struct left {
    struct part file, log, index;
};

static struct left left = {{"", -1, {0}}, {"-wal", -1, {0}}, {"-shm", -1, {0}}};
static struct left other = {{"", -1, {0}}, {"-wal", -1, {0}}, {"-shm", -1, {0}}};

static ssize_t read_part(const char *path, const char *suffix, unsigned char *out)
{
    char name[96];
    ssize_t size;
    int descriptor;

    (void)snprintf(name, sizeof name, "%s%s", path, suffix);
    descriptor = open(name, O_RDONLY);
    if (descriptor < 0)
        return -1;
    size = read(descriptor, out, FILE_SIZE_MAX);
    (void)close(descriptor);
    CHECK(size < FILE_SIZE_MAX);
    return size;
}

static void write_part(const struct part *part)
{
    char name[96];
    int descriptor;

    (void)snprintf(name, sizeof name, "%s%s", left_path, part->suffix);
    (void)unlink(name);
    if (part->size < 0)
        return;
    descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    CHECK(write(descriptor, part->bytes, (size_t)part->size) == part->size);
    (void)close(descriptor);
}

/*
 * By the same open file that SQLite has: another one could not be closed without its locks. So it
 * is another process that reads them, as whoever finds them would.
 */
static void take_left(struct left *out)
{
    struct part *parts[] = {&out->file, &out->log, &out->index};

    for (size_t i = 0; i < 3; i++) {
        int ends[2], status = 0;
        pid_t child;
        size_t size = 0;
        ssize_t got = 1;

        if (!CHECK(pipe(ends) == 0))
            return;
        child = fork();
        if (child == 0) {
            ssize_t there = read_part(journal_path, parts[i]->suffix, parts[i]->bytes);

            for (ssize_t at = 0; at < there;) {
                ssize_t sent = write(ends[1], parts[i]->bytes + at, (size_t)(there - at));

                if (sent <= 0)
                    _exit(2);
                at += sent;
            }
            _exit(there < 0 ? 1 : 0);
        }
        (void)close(ends[1]);
        while (got > 0) {
            got = read(ends[0], parts[i]->bytes + size, FILE_SIZE_MAX - size);
            size += got > 0 ? (size_t)got : 0;
        }
        (void)close(ends[0]);
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) < 2);
        parts[i]->size = WEXITSTATUS(status) == 0 ? (ssize_t)size : -1;
    }
}

static void put_left(const struct left *from, bool with_index)
{
    static const struct part none = {"-shm", -1, {0}};

    write_part(&from->file);
    write_part(&from->log);
    write_part(with_index ? &from->index : &none);
}

static bool is_as_left(const struct part *part)
{
    static unsigned char bytes[FILE_SIZE_MAX];

    return read_part(left_path, part->suffix, bytes) == part->size &&
           (part->size <= 0 || memcmp(bytes, part->bytes, (size_t)part->size) == 0);
}

/* What of the journal counts when it is opened as it was left. */
struct found {
    bool is_opened, is_refused, is_whole;
    int64_t entries, events;
};

static struct found look(void)
{
    struct repay_store_options options = options_of(left_path);
    struct repay_store *store = repay_store_open(&options, &error);
    struct repay_store_verified verified = {.entries = 0};
    struct found found = {.is_opened = store != NULL};

    found.is_refused = !store && error.kind == REPAY_KIND_JOURNAL_CORRUPT;
    if (!store)
        return found;
    found.is_whole = repay_store_verify(store, &verified, &error);
    found.entries = verified.entries;
    found.events = verified.events;
    repay_store_close(store);
    return found;
}

static void start(void)
{
    remove_files();
    if (!CHECK(open_journal(&journal, &error)))
        fprintf(stderr, "%s\n", error.message);
}

/* In an entry of its own, from its plan to its receipt: four commits, with eight events. */
static void pay(const char *reference)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_AT_MOST_ONCE, reference);
    struct repay_owner owner = {.lock = REPAY_OWNER_LOCK_NONE};
    struct repay_settled settled;
    struct repay_planned planned;

    receipt_id = reference;
    CHECK(plan_one(&journal, &facts, T0, &planned, &error));
    CHECK(approve_one(&journal, planned.id, T0, &error));
    CHECK(repay_journal_own(&journal, repay_text_of(planned.id), &owner, &error));
    CHECK(claim_one(&journal, &owner, &facts, T0, &error));
    CHECK(settle_one(&journal, &owner, REPAY_ATTEMPT_ACCEPTED, REPAY_KIND_NONE, T0, &settled,
                     &error));
    repay_owner_close(&owner);
    repay_store_rest(journal.store);
}

static int64_t events_now(void)
{
    int64_t count = 0;

    CHECK(repay_sqlite_number(journal.store, "SELECT count(*) FROM event", &count, &error));
    return count;
}

static unsigned char *frame_at(struct left *of, int64_t number)
{
    return of->log.bytes + REPAY_LOG_HEAD_SIZE + (number - 1) * REPAY_LOG_FRAME_SIZE;
}

/* How many frames count; `*before_last`: how many of them are of all commits but the last. */
static int64_t count_frames(struct left *of, int64_t *before_last)
{
    struct repay_log_head head;
    struct repay_log_frame frame;
    static const unsigned char zeros[REPAY_PAGE_RESERVED] = {0};
    struct repay_log_sum sum;
    int64_t at = 0, whole = 0;

    *before_last = 0;
    if (!CHECK(repay_log_read_head(of->log.bytes, &head)))
        return 0;
    sum = head.sum;
    for (at = 1; frame_at(of, at + 1) <= of->log.bytes + of->log.size; at++) {
        repay_log_read_frame(frame_at(of, at), &frame);
        sum = repay_log_sum_frame(&head, sum, frame_at(of, at));
        if (memcmp(frame.salts, head.salts, sizeof head.salts) != 0 ||
            !repay_log_same_sum(sum, frame.sum))
            break;
        /* Where another program moves the log, a page must not carry what was its checksum before. */
        CHECK(memcmp(frame_at(of, at + 1) - REPAY_PAGE_RESERVED, zeros, sizeof zeros) == 0);
        if (frame.size != 0) {
            *before_last = whole;
            whole = at;
        }
    }
    return whole;
}

/* Flips a byte of the log, opens, and mends it. False: what is left is not what it was before. */
static bool try_flip(size_t at, bool with_index, struct found *out)
{
    bool is_as_it_was;

    left.log.bytes[at] ^= (unsigned char)(1u << at % 8);
    write_part(&left.log);
    *out = look();
    is_as_it_was = out->is_opened || (is_as_left(&left.file) && is_as_left(&left.log) &&
                                      (!with_index || is_as_left(&left.index)));
    left.log.bytes[at] ^= (unsigned char)(1u << at % 8);
    if (out->is_opened)
        put_left(&left, with_index);
    return is_as_it_was;
}

/* Every byte of heads, and of pages some that wander: all of them take a quarter of an hour. */
static size_t next_place(size_t at)
{
    size_t in_frame =
        at < REPAY_LOG_HEAD_SIZE ? 0 : (at - REPAY_LOG_HEAD_SIZE) % REPAY_LOG_FRAME_SIZE;
    size_t step = 211;

    if (at < REPAY_LOG_HEAD_SIZE || in_frame < REPAY_LOG_FRAME_HEAD ||
        getenv("REPAY_TEST_EVERY_BYTE"))
        return at + 1;
    return in_frame + step > REPAY_LOG_FRAME_SIZE ? at - in_frame + REPAY_LOG_FRAME_SIZE
                                                  : at + step;
}

static void finds_any_flipped_byte(bool with_index)
{
    int64_t before_last, frames, events;
    size_t must_end, tried = 0, refused = 0, missed = 0, lost = 0, changed = 0;
    struct found found;

    start();
    pay("a");
    pay("b");
    events = events_now();
    take_left(&left);
    repay_journal_close(&journal);
    frames = count_frames(&left, &before_last);
    CHECK(frames > 20 && before_last > 15 && before_last < frames);
    must_end = (size_t)(frame_at(&left, (with_index ? frames : before_last) + 1) - left.log.bytes);
    put_left(&left, with_index);
    found = look();
    CHECK(found.is_whole);
    CHECK_INT(found.events, events);
    put_left(&left, with_index);
    for (size_t at = 0; at < must_end + 3 * REPAY_LOG_FRAME_SIZE; at = next_place(at)) {
        changed += try_flip(at, with_index, &found) ? 0 : 1;
        tried++;
        refused += found.is_refused ? 1 : 0;
        missed += at < must_end && !found.is_refused ? 1 : 0;
        /* The end of a log without an index may be torn: nobody was told of it. */
        lost += with_index && !found.is_refused && (!found.is_whole || found.events != events);
    }
    CHECK(tried > 700 && refused > 500);
    CHECK_INT(missed, 0);
    CHECK_INT(lost, 0);
    CHECK_INT(changed, 0);
}

/* Nothing is lost with the index: SQLite makes it again. */
static void takes_no_changed_index_for_a_changed_log(void)
{
    int64_t events;
    int worse = 0;

    start();
    pay("a");
    events = events_now();
    take_left(&left);
    repay_journal_close(&journal);
    for (size_t at = 0; at < 140; at++) {
        struct found found;

        left.index.bytes[at] ^= (unsigned char)(1u << at % 8);
        put_left(&left, true);
        found = look();
        worse += found.is_whole && found.events == events ? 0 : 1;
        left.index.bytes[at] ^= (unsigned char)(1u << at % 8);
    }
    CHECK_INT(worse, 0);
}

static void says_what_is_damaged(void)
{
    struct found found;

    start();
    pay("a");
    take_left(&left);
    repay_journal_close(&journal);
    frame_at(&left, 1)[100] ^= 4;
    put_left(&left, true);
    found = look();
    CHECK(found.is_refused);
    CHECK(strstr(error.message, "-wal is damaged after 0 whole commits") != NULL);
    CHECK(strstr(error.message, "take the last good backup") != NULL);
}

/* Opens what was left, with its index and without, and finds all of `events` each time. */
static void opens_as_left(int64_t events)
{
    for (int with_index = 0; with_index < 2; with_index++) {
        struct found found;

        put_left(&left, with_index);
        found = look();
        if (!CHECK(found.is_whole))
            fprintf(stderr, "%s\n", error.message);
        CHECK_INT(found.events, events);
    }
}

static void run(const char *sql)
{
    if (!CHECK_INT(sqlite3_exec(journal.store->db, sql, NULL, NULL, NULL), SQLITE_OK))
        fprintf(stderr, "%s\n", sqlite3_errmsg(journal.store->db));
}

static void opens_what_was_restarted_and_shortened(void)
{
    char reference[16];

    start();
    for (int i = 0; i < 12; i++) {
        (void)snprintf(reference, sizeof reference, "r%d", i);
        pay(reference);
        take_left(&left);
        opens_as_left(events_now());
        if (i % 4 == 1)
            run("PRAGMA wal_checkpoint(RESTART)");
        if (i % 4 == 3)
            run("PRAGMA wal_checkpoint(TRUNCATE)");
        take_left(&left);
        opens_as_left(events_now());
    }
    repay_journal_close(&journal);
}

#define MANY_BATCHES                                                                               \
    "INSERT INTO batch(name,row_count,planned_ms)WITH RECURSIVE n(i)AS("                           \
    "SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<4000)SELECT hex(randomblob(60)),1,1 FROM n"

static void opens_what_was_rolled_back(void)
{
    int64_t events;

    start();
    pay("a");
    run("PRAGMA cache_size=8;BEGIN;" MANY_BATCHES);
    /* More than fits has gone to the log, and in part a second time. */
    run("UPDATE batch SET row_count=2 WHERE number%7=0");
    take_left(&left);
    CHECK(left.log.size > 100 * REPAY_LOG_FRAME_SIZE);
    events = events_now();
    opens_as_left(events);
    run("ROLLBACK");
    take_left(&left);
    opens_as_left(events);
    pay("b");
    events = events_now();
    take_left(&left);
    repay_journal_close(&journal);
    opens_as_left(events);
}

/*
 * A writer that was killed before it could sync has left a whole transaction, and another process,
 * which lives on, has written a shorter one over its beginning.
 */
static void opens_what_was_written_over(bool is_one_commit)
{
    int64_t before_last, frames, events;
    struct found found;

    start();
    pay("a");
    take_left(&left);
    run("BEGIN;" MANY_BATCHES);
    if (!is_one_commit)
        run("COMMIT;BEGIN;UPDATE batch SET row_count=3 WHERE number<200");
    run("COMMIT");
    take_left(&other);
    repay_journal_close(&journal);
    remove_files();
    (void)snprintf(left_path, sizeof left_path, "%s", journal_path);
    put_left(&left, true);
    (void)snprintf(left_path, sizeof left_path, "%s/left", directory);
    CHECK(open_journal(&journal, &error));
    run("UPDATE place SET stamp='x'");
    events = events_now();
    take_left(&left);
    repay_journal_close(&journal);
    frames = count_frames(&left, &before_last);
    /* The same filling of the log, up to where the two part. */
    CHECK(memcmp(left.log.bytes, other.log.bytes, REPAY_LOG_HEAD_SIZE) == 0);
    CHECK(memcmp(frame_at(&left, 1), frame_at(&other, 1),
                 (size_t)before_last * REPAY_LOG_FRAME_SIZE) == 0);
    CHECK(other.log.size > left.log.size);
    memcpy(frame_at(&other, 1), frame_at(&left, 1), (size_t)frames * REPAY_LOG_FRAME_SIZE);
    memcpy(left.log.bytes, other.log.bytes, (size_t)other.log.size);
    left.log.size = other.log.size;
    if (is_one_commit) {
        opens_as_left(events);
        return;
    }
    /* With a second commit behind it, the first had been synced, and is lost. */
    put_left(&left, false);
    found = look();
    CHECK(found.is_refused);
}

/* The end of a log that nobody had synced, cut off and torn at every sector. */
static void opens_a_torn_end(void)
{
    int64_t before_last, frames, events, after;
    size_t begin, end, refused = 0, opened = 0;
    static unsigned char whole[FILE_SIZE_MAX];

    start();
    pay("a");
    events = events_now();
    run("BEGIN;INSERT INTO batch(name,row_count,planned_ms)VALUES(hex(zeroblob(9000)),1,1)");
    run("COMMIT");
    after = events_now();
    take_left(&left);
    repay_journal_close(&journal);
    frames = count_frames(&left, &before_last);
    begin = (size_t)(frame_at(&left, before_last + 1) - left.log.bytes);
    end = (size_t)(frame_at(&left, frames + 1) - left.log.bytes);
    CHECK(frames - before_last > 4);
    memcpy(whole, left.log.bytes, end);
    for (size_t at = begin / 512 * 512; at < end; at += 512) {
        size_t from = at < begin ? begin : at;

        for (int how = 0; how < 2; how++) {
            struct found found;

            memset(left.log.bytes + from, 0, how == 0 ? end - from : at + 512 - from);
            put_left(&left, false);
            found = look();
            refused += found.is_refused ? 1 : 0;
            opened += found.is_whole && (found.events == events || found.events == after) ? 1 : 0;
            memcpy(left.log.bytes, whole, end);
        }
    }
    CHECK_INT(refused, 0);
    CHECK_INT(opened, 2 * ((end - begin / 512 * 512 + 511) / 512));
}

/*
 * That a log was shortened is on disk only when something in it was synced. A power cut before that
 * may leave the log as long as it was, with sectors in it of what was written since.
 */
static void opens_a_log_that_was_shortened_in_vain(void)
{
    struct repay_act act = act_at(T0), now;
    struct repay_store_verified verified;
    int64_t events;

    start();
    pay("a");
    events = events_now();
    take_left(&other);
    CHECK(repay_store_verify(journal.store, &verified, &error));
    CHECK(repay_journal_begin(&journal, &act, &now, &error));
    take_left(&left);
    repay_journal_close(&journal);
    CHECK(other.log.size > 20 * REPAY_LOG_FRAME_SIZE);
    /* All of them would be a log with nothing in it. */
    for (ssize_t at = 17 * SECTOR; at < 25 * SECTOR && at < left.log.size; at++)
        other.log.bytes[at] = left.log.bytes[at];
    memcpy(left.log.bytes, other.log.bytes, (size_t)other.log.size);
    left.log.size = other.log.size;
    opens_as_left(events);
}

static void opens_a_log_without_anything(void)
{
    int64_t events;

    start();
    pay("a");
    run("PRAGMA wal_checkpoint(TRUNCATE)");
    events = events_now();
    take_left(&left);
    repay_journal_close(&journal);
    for (ssize_t size = 0; size < 3 * REPAY_LOG_FRAME_SIZE; size += size < 40 ? 7 : 999) {
        memset(left.log.bytes, 0, (size_t)size);
        left.log.size = size;
        opens_as_left(events);
    }
}

/* As the kernel answers another process: who closes the index in between loses this lock. */
static bool index_is_locked(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 128, .l_len = 1};
    char name[96];
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        int descriptor;

        (void)snprintf(name, sizeof name, "%s-shm", journal_path);
        descriptor = open(name, O_RDWR);
        _exit(descriptor >= 0 && fcntl(descriptor, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK
                  ? 0
                  : 1);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void keeps_the_locks_of_its_own_process(void)
{
    struct repay_journal second;

    start();
    pay("a");
    CHECK(index_is_locked());
    for (int i = 0; i < 3; i++) {
        if (!CHECK(open_journal(&second, &error)))
            continue;
        CHECK(index_is_locked());
        repay_journal_close(&second);
        CHECK(index_is_locked());
    }
    repay_journal_close(&journal);
}

/* Not what another process has under way, which is checked by who opened it first. */
static void leaves_a_log_that_is_used_alone(void)
{
    struct repay_journal second;
    char name[96];
    int descriptor;
    unsigned char byte = 0;

    start();
    pay("a");
    (void)snprintf(name, sizeof name, "%s-wal", journal_path);
    descriptor = open(name, O_RDWR);
    CHECK_INT(pread(descriptor, &byte, 1, 500), 1);
    byte ^= 1;
    CHECK_INT(pwrite(descriptor, &byte, 1, 500), 1);
    if (CHECK(open_journal(&second, &error)))
        repay_journal_close(&second);
    byte ^= 1;
    CHECK_INT(pwrite(descriptor, &byte, 1, 500), 1);
    (void)close(descriptor);
    repay_journal_close(&journal);
}

/* By a descriptor of its own: nobody has a lock on the log. */
static void flip_used(size_t at)
{
    unsigned char byte = 0;
    char name[96];
    int descriptor;

    (void)snprintf(name, sizeof name, "%s-wal", journal_path);
    descriptor = open(name, O_RDWR);
    CHECK_INT(pread(descriptor, &byte, 1, (off_t)at), 1);
    byte ^= (unsigned char)(1u << at % 8);
    CHECK_INT(pwrite(descriptor, &byte, 1, (off_t)at), 1);
    (void)close(descriptor);
}

/* In the log of a journal that is open: verify says so, and what is damaged is not moved. */
static void verifies_a_log_that_is_used(void)
{
    struct repay_store_verified verified;
    size_t missed = 0, moved = 0, end;
    int64_t before_last;

    start();
    pay("a");
    take_left(&left);
    end = (size_t)(frame_at(&left, count_frames(&left, &before_last) + 1) - left.log.bytes);
    for (size_t at = 0; at < end; at = next_place(at)) {
        flip_used(at);
        missed += repay_store_verify(journal.store, &verified, &error) ||
                          error.kind != REPAY_KIND_JOURNAL_CORRUPT
                      ? 1
                      : 0;
        repay_journal_close(&journal);
        flip_used(at);
        other.log.size = read_part(journal_path, "-wal", other.log.bytes);
        moved += other.log.size != left.log.size ||
                         memcmp(other.log.bytes, left.log.bytes, (size_t)left.log.size) != 0
                     ? 1
                     : 0;
        if (!CHECK(open_journal(&journal, &error)))
            return;
    }
    CHECK_INT(missed, 0);
    CHECK_INT(moved, 0);
    CHECK(repay_store_verify(journal.store, &verified, &error));
    repay_journal_close(&journal);
}

/* Closed without having been verified, the log stays; whoever opens it finds what is wrong. */
static void does_not_move_a_damaged_log_when_closed(void)
{
    size_t at = REPAY_LOG_HEAD_SIZE + REPAY_LOG_FRAME_HEAD + 1000;

    start();
    pay("a");
    flip_used(at);
    repay_journal_close(&journal);
    CHECK(!open_journal(&journal, &error));
    CHECK_INT(error.kind, REPAY_KIND_JOURNAL_CORRUPT);
    flip_used(at);
    CHECK(open_journal(&journal, &error));
    repay_journal_close(&journal);
}

/* A log that is long is moved when something is committed. */
static void does_not_move_a_damaged_log_that_is_long(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_AT_MOST_ONCE, "z");
    struct repay_planned planned;
    char reference[16];

    start();
    for (int i = 0; journal.store->log_frames < REPAY_SQLITE_LOG_PAGES - 16; i++) {
        (void)snprintf(reference, sizeof reference, "p%d", i);
        pay(reference);
    }
    flip_used(REPAY_LOG_HEAD_SIZE + REPAY_LOG_FRAME_HEAD + 1000);
    for (int i = 0; i < 100 && plan_one(&journal, &facts, T0, &planned, &error); i++) {
        (void)snprintf(reference, sizeof reference, "q%d", i);
        facts = payment_of(REPAY_MODE_AT_MOST_ONCE, reference);
    }
    CHECK(!repay_store_is_usable(journal.store));
    repay_journal_close(&journal);
    CHECK(!open_journal(&journal, &error));
    CHECK_INT(error.kind, REPAY_KIND_JOURNAL_CORRUPT);
}

/* What this process has read from files so far. */
static int64_t bytes_read(void)
{
    FILE *file = fopen("/proc/self/io", "r");
    char line[80];
    int64_t count = 0;

    if (CHECK(file != NULL) && CHECK(fgets(line, sizeof line, file) != NULL))
        count = strtoll(line + strlen("rchar: "), NULL, 10);
    if (file)
        (void)fclose(file);
    return count;
}

static void append_events(int count)
{
    struct repay_act act = act_at(T0), at;

    for (int i = 0; i < count; i++) {
        if (!CHECK(repay_journal_begin(&journal, &act, &at, &error)) ||
            !CHECK(repay_sqlite_append_own(journal.store, "event", T0, &error)) ||
            !CHECK(repay_store_commit(journal.store, &error)))
            return;
    }
}

/* What could not be written down afterwards is not sent. */
static void claims_nothing_by_a_log_that_is_found_damaged(void)
{
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, "z");
    struct repay_owner owner = {.lock = REPAY_OWNER_LOCK_NONE};
    struct repay_planned planned;

    start();
    CHECK(plan_one(&journal, &facts, T0, &planned, &error));
    CHECK(approve_one(&journal, planned.id, T0, &error));
    CHECK(repay_journal_own(&journal, repay_text_of(planned.id), &owner, &error));
    while (journal.store->log_frames < REPAY_SQLITE_LOG_PAGES - 1)
        append_events(1);
    flip_used(REPAY_LOG_HEAD_SIZE + REPAY_LOG_FRAME_HEAD + 1000);
    CHECK(!claim_one(&journal, &owner, &facts, T0, &error));
    CHECK_INT(error.kind, REPAY_KIND_JOURNAL);
    CHECK(!repay_store_is_usable(journal.store));
    repay_owner_close(&owner);
    repay_journal_close(&journal);
}

/* While somebody reads what is older, the log grows. A commit must not read all of it each time. */
static void looks_seldom_at_a_log_that_cannot_be_moved(void)
{
    int64_t size = (int64_t)REPAY_SQLITE_LOG_PAGES * REPAY_LOG_FRAME_SIZE, before;
    sqlite3 *reader = NULL;

    start();
    pay("a");
    CHECK_INT(sqlite3_open(journal_path, &reader), SQLITE_OK);
    CHECK_INT(sqlite3_exec(reader, "BEGIN;SELECT * FROM entry", NULL, NULL, NULL), SQLITE_OK);
    before = bytes_read();
    while (journal.store->log_stuck == 0)
        append_events(100);
    append_events(100);
    CHECK(journal.store->log_frames > REPAY_SQLITE_LOG_PAGES);
    CHECK(bytes_read() - before < 2 * size);
    append_events(1000);
    CHECK(journal.store->log_stuck >= 2 * REPAY_SQLITE_LOG_PAGES);
    CHECK(bytes_read() - before < 6 * size);
    CHECK_INT(sqlite3_close(reader), SQLITE_OK);
    append_events(1000);
    CHECK_INT(journal.store->log_stuck, 0);
    CHECK(journal.store->log_frames < REPAY_SQLITE_LOG_PAGES);
    repay_journal_close(&journal);
}

static sqlite3_vfs *whole_vfs;

static int fails_to_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    (void)file, (void)region, (void)size, (void)extend, (void)out;
    return SQLITE_IOERR_SHMMAP;
}

/* Who asks whether a journal is open opens it to read. */
static int open_to_fail(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    static sqlite3_io_methods methods;
    int code = whole_vfs->xOpen(whole_vfs, name, file, flags, out);

    (void)vfs;
    if (code == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) != 0 &&
        (flags & SQLITE_OPEN_READONLY) != 0) {
        methods = *file->pMethods;
        methods.xShmMap = fails_to_map;
        file->pMethods = &methods;
    }
    return code;
}

static void takes_no_fault_of_the_disk_for_somebody_else(void)
{
    struct repay_store_options options = options_of(left_path);
    struct repay_store *store;
    sqlite3_vfs vfs;

    start();
    pay("a");
    take_left(&left);
    repay_journal_close(&journal);
    whole_vfs = sqlite3_vfs_find(NULL);
    vfs = *whole_vfs;
    vfs.zName = "no-map";
    vfs.xOpen = open_to_fail;
    options.vfs = vfs.zName;
    CHECK_INT(sqlite3_vfs_register(&vfs, 0), SQLITE_OK);
    for (int i = 0; i < 2; i++) {
        put_left(&left, true);
        store = repay_store_open(&options, &error);
        CHECK(!store);
        CHECK_INT(error.kind, REPAY_KIND_JOURNAL);
        CHECK(is_as_left(&left.file) && is_as_left(&left.log) && is_as_left(&left.index));
        repay_store_close(store);
        frame_at(&left, 1)[100] ^= 4;
    }
    CHECK_INT(sqlite3_vfs_unregister(&vfs), SQLITE_OK);
}

#define WORKERS   4
#define WORK_MS   1500
#define LIVES_MIN 20

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 0: ended; 1: the journal was refused; 2: something else did not go. */
static int open_write_and_end(unsigned seed)
{
    struct repay_entry_facts facts;
    struct repay_planned planned;
    char reference[32];

    journal_seed = seed;
    for (unsigned round = 0; round < 3; round++) {
        if (!open_journal(&journal, &error))
            return error.kind == REPAY_KIND_JOURNAL_CORRUPT ? 1 : 2;
        for (unsigned i = 0; i < 3; i++) {
            (void)snprintf(reference, sizeof reference, "%u-%u-%u", seed, round, i);
            facts = payment_of(REPAY_MODE_KEYED, reference);
            if (!plan_one(&journal, &facts, T0, &planned, &error))
                return error.kind == REPAY_KIND_JOURNAL_CORRUPT ? 1 : 2;
        }
        /* Without closing: what it holds is let go of as by a kill. */
        if ((seed + round) % 3 == 0)
            return 0;
        repay_journal_close(&journal);
    }
    return 0;
}

static void opens_while_others_come_and_go(void)
{
    struct repay_store_verified verified;
    pid_t workers[WORKERS] = {0};
    int64_t end_ms = now_ms() + WORK_MS;
    unsigned seed = 100;
    int ends[4] = {0}, alive = 0, status;

    remove_files();
    while (alive > 0 || now_ms() < end_ms || ends[0] < LIVES_MIN) {
        bool goes_on = now_ms() < end_ms || ends[0] < LIVES_MIN;
        pid_t ended;

        for (int i = 0; i < WORKERS && goes_on; i++) {
            if (workers[i] != 0)
                continue;
            seed++;
            workers[i] = fork();
            if (workers[i] == 0)
                _exit(open_write_and_end(seed));
            alive++;
            /* Every few at an instant of chance's, if it has not ended by then. */
            if (seed % 5 == 0) {
                (void)usleep(seed * 37 % 4000);
                (void)kill(workers[i], SIGKILL);
            }
        }
        ended = wait(&status);
        alive--;
        for (int i = 0; i < WORKERS; i++) {
            if (workers[i] == ended)
                workers[i] = 0;
        }
        ends[WIFEXITED(status) ? WEXITSTATUS(status) & 3 : 3]++;
    }
    CHECK_INT(ends[1], 0);
    CHECK_INT(ends[2], 0);
    CHECK(ends[0] >= LIVES_MIN);
    if (CHECK(open_journal(&journal, &error))) {
        CHECK(repay_store_verify(journal.store, &verified, &error));
        repay_journal_close(&journal);
    }
}

int main(void)
{
    begin_tests();
    (void)snprintf(left_path, sizeof left_path, "%s/left", directory);
    finds_any_flipped_byte(true);
    finds_any_flipped_byte(false);
    takes_no_changed_index_for_a_changed_log();
    says_what_is_damaged();
    opens_what_was_restarted_and_shortened();
    opens_what_was_rolled_back();
    opens_what_was_written_over(true);
    opens_what_was_written_over(false);
    opens_a_torn_end();
    opens_a_log_that_was_shortened_in_vain();
    opens_a_log_without_anything();
    keeps_the_locks_of_its_own_process();
    leaves_a_log_that_is_used_alone();
    verifies_a_log_that_is_used();
    does_not_move_a_damaged_log_when_closed();
    does_not_move_a_damaged_log_that_is_long();
    takes_no_fault_of_the_disk_for_somebody_else();
    claims_nothing_by_a_log_that_is_found_damaged();
    looks_seldom_at_a_log_that_cannot_be_moved();
    opens_while_others_come_and_go();
    end_tests();
    return CHECK_REPORT();
}
