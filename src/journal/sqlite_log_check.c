/*
 * Owns the look at the log, for commits in it that are damaged. SQLite notices none of them.
 *
 * In a log that a process which died has left, SQLite takes the first frame that does not match its
 * checksum for the end and forgets all that follows, so that what was sent would be sent again. It
 * is looked at before SQLite gets at it. In a log that is in use it looks at no checksum at all, and
 * what was moved into the database has one of its own there. It is looked at before that.
 *
 * The end of a log that was left may be torn, for nobody was promised a commit before it was synced.
 * So damage is told from that by proofs that a commit had been:
 *
 * - The index says up to which frame the log counts, and that is written after the log was synced.
 *   It outlives a process that was killed. After a power cut it is gone, or of some earlier moment,
 *   which is less but no less true.
 * - Behind a frame that is not valid there is a commit with another frame behind it, linked one to
 *   the other. A process writes on only when the commit before was synced. The remains of one that
 *   was killed before that end with its commit, and what was rolled back has none. Only the same
 *   frame may follow twice: SQLite fills a sector up with it where the disk wants that.
 * - A head is one byte away from the head that the frames behind it had. A head is much smaller
 *   than what a disk writes at once, so a power cut leaves it as it was or as it should be.
 *
 * What SQLite then takes for the log is synced, so that it stays what the index will say.
 */
#include "sqlite_inner.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log_format.h"

#if SQLITE_VERSION_NUMBER < 3040000
typedef char *sqlite3_filename; /* what it returned before it had a name */
#endif

#define INDEX_REGION 32768 /* as SQLite maps it */
/* Frames have 32-bit numbers. One at a time is in memory. */
#define FRAMES_MAX   INT32_MAX
/* Somebody else may come and change the log while it is looked at, but not each time. */
#define LOOKS        2

struct seen_log {
    sqlite3_file *file;
    int64_t frames; /* that the file has room for */
    struct repay_log_head head;
    bool is_indexed;
    struct repay_log_index index;
    int64_t valid, commits; /* from its beginning on */
    bool is_damaged;
};

/* Going through the frames: what is known of the one before. */
struct walk {
    struct seen_log *log;
    struct repay_log_sum sum;   /* as it says it */
    uint32_t page, commit_size; /* not 0: it is proven to be the last frame of a commit */
    bool is_behind;             /* of a frame that is not valid */
    bool is_next;               /* of that one itself: perhaps its checksum is what changed */
    struct repay_log_sum other_sum;
    uint32_t other_size;
};

static void turn_behind(struct walk *walk, struct repay_log_frame *frame, struct repay_log_sum sum,
                        const unsigned char *bytes)
{
    struct repay_log_frame mended;

    walk->is_behind = true;
    walk->is_next = true;
    walk->other_sum = sum;
    walk->other_size = frame->size;
    walk->commit_size = 0;
    if (repay_log_mend_frame(&walk->log->head, walk->sum, bytes, &mended)) {
        frame->page = mended.page;
        walk->commit_size = mended.size;
    }
}

static void pass_behind(struct walk *walk, const struct repay_log_frame *frame, bool is_linked,
                        const unsigned char *bytes)
{
    bool is_same;

    if (!is_linked && walk->is_next &&
        repay_log_same_sum(repay_log_sum_frame(&walk->log->head, walk->other_sum, bytes),
                           frame->sum)) {
        is_linked = true;
        walk->commit_size = walk->other_size;
    }
    is_same = frame->page == walk->page && frame->size == walk->commit_size;
    if (is_linked && walk->commit_size != 0 && !is_same)
        walk->log->is_damaged = true;
    walk->commit_size = is_linked ? frame->size : 0;
    walk->is_next = false;
}

static void pass(struct walk *walk, const unsigned char bytes[REPAY_LOG_FRAME_SIZE])
{
    struct seen_log *log = walk->log;
    struct repay_log_frame frame;
    struct repay_log_sum sum = {0, 0};
    bool is_ours, is_linked;

    repay_log_read_frame(bytes, &frame);
    is_ours = memcmp(frame.salts, log->head.salts, sizeof frame.salts) == 0;
    if (is_ours || !walk->is_behind)
        sum = repay_log_sum_frame(&log->head, walk->sum, bytes);
    is_linked = is_ours && frame.page != 0 && repay_log_same_sum(sum, frame.sum);
    if (walk->is_behind && is_ours) {
        pass_behind(walk, &frame, is_linked, bytes);
    } else if (walk->is_behind) {
        walk->commit_size = 0;
        walk->is_next = false;
    } else if (is_linked) {
        log->valid++;
        log->commits += frame.size != 0 ? 1 : 0;
    } else {
        turn_behind(walk, &frame, sum, bytes);
    }
    walk->sum = frame.sum;
    walk->page = frame.page;
}

static int64_t offset_of(int64_t frame)
{
    return REPAY_LOG_HEAD_SIZE + (frame - 1) * REPAY_LOG_FRAME_SIZE;
}

static int read_log(const struct seen_log *log, void *out, int size, int64_t offset)
{
    return log->file->pMethods->xRead(log->file, out, size, offset);
}

static int walk_frames(struct seen_log *log)
{
    unsigned char bytes[REPAY_LOG_FRAME_SIZE];
    struct walk walk = {.log = log, .sum = log->head.sum};
    int code = SQLITE_OK;

    for (int64_t at = 1; code == SQLITE_OK && !log->is_damaged && at <= log->frames; at++) {
        code = read_log(log, bytes, sizeof bytes, offset_of(at));
        if (code == SQLITE_OK)
            pass(&walk, bytes);
    }
    return code;
}

static int read_frame(const struct seen_log *log, int64_t number, struct repay_log_frame *out)
{
    unsigned char bytes[REPAY_LOG_FRAME_HEAD];
    int code = read_log(log, bytes, sizeof bytes, offset_of(number));

    if (code == SQLITE_OK)
        repay_log_read_frame(bytes, out);
    return code;
}

/* The head is not valid: the last frame of the index may know it, or those that follow it. */
static int look_past_head(struct seen_log *log, const unsigned char *head)
{
    struct repay_log_frame frame;
    int code;

    if (log->is_indexed && log->index.frames <= log->frames) {
        code = read_frame(log, log->index.frames, &frame);
        if (code != SQLITE_OK)
            return code;
        log->is_damaged = memcmp(frame.salts, log->index.salts, sizeof frame.salts) == 0 &&
                          repay_log_same_sum(frame.sum, log->index.sum);
    }
    if (log->is_damaged || log->frames == 0)
        return SQLITE_OK;
    code = read_frame(log, 1, &frame);
    if (code != SQLITE_OK || !repay_log_mend_head(head, frame.salts, &log->head))
        return code;
    code = walk_frames(log);
    log->is_damaged = log->is_damaged || log->commits > 0;
    log->valid = log->commits = 0;
    return code;
}

/* At `most` so many of its frames. */
static int look_at_file(struct seen_log *log, int64_t most)
{
    unsigned char head[REPAY_LOG_HEAD_SIZE];
    sqlite3_int64 size = 0;
    int code = log->file->pMethods->xFileSize(log->file, &size);

    if (code != SQLITE_OK || size < REPAY_LOG_HEAD_SIZE)
        return code;
    log->frames = (size - REPAY_LOG_HEAD_SIZE) / REPAY_LOG_FRAME_SIZE;
    if (log->frames > most)
        log->frames = most;
    code = read_log(log, head, sizeof head, 0);
    if (code != SQLITE_OK)
        return code;
    if (!repay_log_read_head(head, &log->head))
        return look_past_head(log, head);
    code = walk_frames(log);
    if (log->is_indexed && log->index.frames > log->valid && most > log->valid &&
        memcmp(log->index.salts, log->head.salts, sizeof log->head.salts) == 0)
        log->is_damaged = true;
    return code;
}

/*
 * Only while nobody has the journal open: closing the descriptor drops every lock that this process
 * has on the index.
 */
static void look_at_index(const struct repay_store *store, struct seen_log *log)
{
    unsigned char bytes[REPAY_LOG_INDEX_SIZE];
    char path[PATH_MAX + REPAY_JOURNAL_SUFFIX_MAX];
    int descriptor;

    (void)snprintf(path, sizeof path, "%s-shm", store->place.path);
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0)
        return;
    log->is_indexed = pread(descriptor, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes &&
                      repay_log_read_index(bytes, &log->index) && log->index.frames > 0;
    (void)close(descriptor);
}

/* With room for a file of the VFS, which is opened and closed here. A log that is gone is empty. */
static int look_with(const struct repay_store *store, sqlite3_file *file, struct seen_log *out)
{
    sqlite3_vfs *vfs = store->pages.below;
    int is_there = 0;
    int code = vfs->xAccess(vfs, store->place.log_path, SQLITE_ACCESS_EXISTS, &is_there);

    *out = (struct seen_log){.file = file};
    if (code != SQLITE_OK || !is_there)
        return code;
    look_at_index(store, out);
    memset(file, 0, (size_t)vfs->szOsFile);
    code =
        vfs->xOpen(vfs, store->place.log_path, file, SQLITE_OPEN_WAL | SQLITE_OPEN_READONLY, NULL);
    if (code == SQLITE_OK)
        code = look_at_file(out, FRAMES_MAX);
    else if (vfs->xAccess(vfs, store->place.log_path, SQLITE_ACCESS_EXISTS, &is_there) ==
                 SQLITE_OK &&
             !is_there)
        code = SQLITE_OK; /* somebody has closed the journal meanwhile */
    if (code == SQLITE_OK && !out->is_damaged && out->valid > 0)
        code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    if (file->pMethods)
        (void)file->pMethods->xClose(file);
    return code;
}

/*
 * Whether anybody has the journal open, in this process, too, whose own locks no question to the
 * kernel would show. SQLite knows: asked for an index that it may only read, it answers that it
 * cannot begin one exactly when nobody keeps it.
 */
static int ask_if_open(const struct repay_store *store, sqlite3_file *file, bool *is_open)
{
    static const char *parameters[] = {"readonly_shm", "1"};
    sqlite3_vfs *vfs = store->pages.below;
    sqlite3_filename name = sqlite3_create_filename(store->place.path, "", "", 1, parameters);
    void volatile *region = NULL;
    int code;

    if (!name)
        return SQLITE_NOMEM;
    memset(file, 0, (size_t)vfs->szOsFile);
    code = vfs->xOpen(vfs, name, file, SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY, NULL);
    if (code == SQLITE_OK) {
        int answer = file->pMethods->xShmMap(file, 0, INDEX_REGION, 0, &region);

        /* Where there is no index nobody can have it. */
        *is_open = answer != SQLITE_READONLY_CANTINIT && (answer & 0xff) != SQLITE_CANTOPEN;
        if ((answer & 0xff) == SQLITE_IOERR || (answer & 0xff) == SQLITE_NOMEM)
            code = answer;
        (void)file->pMethods->xShmUnmap(file, 0);
    }
    if (file->pMethods)
        (void)file->pMethods->xClose(file);
    sqlite3_free_filename(name);
    return code;
}

static int look(const struct repay_store *store, sqlite3_file *file, struct seen_log *out)
{
    bool is_open = false;
    int code = ask_if_open(store, file, &is_open);

    for (int i = 0; code == SQLITE_OK && !is_open && i < LOOKS; i++) {
        code = look_with(store, file, out);
        if (code == SQLITE_OK && !out->is_damaged)
            return SQLITE_OK;
        if (code == SQLITE_OK)
            code = ask_if_open(store, file, &is_open);
    }
    /* Whoever has it open has looked at it, or has left nothing to be seen. */
    if (is_open)
        out->is_damaged = false;
    return code;
}

static bool refuse(const struct repay_store *store, const struct seen_log *log,
                   struct repay_error *error)
{
    return store->core->error_set(
        error, REPAY_KIND_JOURNAL_CORRUPT,
        "%.90s is damaged after %lld whole commits, and those behind are lost with it; "
        "nothing was changed: keep the files, send nothing, take the last good backup",
        store->place.log_path, (long long)log->commits);
}

bool repay_sqlite_check_left_log(struct repay_store *store, struct repay_error *error)
{
    sqlite3_vfs *vfs = store->pages.below;
    struct seen_log found = {.is_damaged = false};
    sqlite3_file *file;
    int is_there = 0;
    int code = vfs->xAccess(vfs, store->place.log_path, SQLITE_ACCESS_EXISTS, &is_there);

    if (code == SQLITE_OK && !is_there)
        return true;
    file = repay_allocate(store->allocator, (size_t)vfs->szOsFile);
    if (!file)
        return store->core->error_set(error, REPAY_KIND_MEMORY, "not enough memory for a journal");
    if (code == SQLITE_OK)
        code = look(store, file, &found);
    repay_release(store->allocator, file, (size_t)vfs->szOsFile);
    if (code != SQLITE_OK)
        return repay_sqlite_fail(store, code, "cannot read the log of the journal", error);
    return !found.is_damaged || refuse(store, &found, error);
}

/* As SQLite has it mapped. */
static bool copy_index(struct repay_store *store, struct repay_log_index *out)
{
    unsigned char bytes[REPAY_LOG_INDEX_SIZE];
    void volatile *region = NULL;
    sqlite3_file *file = NULL;

    if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        file->pMethods->xShmMap(file, 0, INDEX_REGION, 0, &region) != SQLITE_OK || !region)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = ((const volatile unsigned char *)region)[i];
    return repay_log_read_index(bytes, out);
}

void repay_sqlite_note_log(struct repay_store *store)
{
    if (!copy_index(store, &store->log_before))
        store->log_before.frames = 0;
}

/* How many frames the last transaction found, unless it began the log anew. */
static uint32_t frames_before(const struct repay_store *store, const struct repay_log_index *now)
{
    const struct repay_log_index *before = &store->log_before;
    bool is_same = memcmp(before->salts, now->salts, sizeof now->salts) == 0;

    return is_same && before->frames <= now->frames ? before->frames : 0;
}

/* Nobody else may write meanwhile. */
static int look_at_used(struct repay_store *store, bool is_all, struct seen_log *out)
{
    uint32_t wanted = 0;
    int code = SQLITE_OK;

    out->is_indexed = copy_index(store, &out->index);
    if (out->is_indexed)
        wanted = is_all ? out->index.frames : frames_before(store, &out->index);
    if (wanted > 0)
        code = sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &out->file);
    if (wanted > 0 && code == SQLITE_OK)
        code = look_at_file(out, wanted);
    if (code == SQLITE_OK && out->valid < wanted)
        out->is_damaged = true;
    return code;
}

bool repay_sqlite_check_used_log(struct repay_store *store, bool is_all, struct repay_error *error)
{
    struct seen_log log = {.is_damaged = false};
    int code;

    if (!repay_sqlite_run(store, "BEGIN IMMEDIATE", error))
        return false;
    code = look_at_used(store, is_all, &log);
    if (code != SQLITE_OK)
        return repay_sqlite_fail(store, code, "cannot read the log of the journal", error);
    if (!log.is_damaged)
        return repay_sqlite_run(store, "ROLLBACK", error);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    repay_sqlite_lose(store);
    return refuse(store, &log, error);
}
