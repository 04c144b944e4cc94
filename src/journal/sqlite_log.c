/*
 * Owns the log: how long it gets, that it is long enough before it is written to, and when what is
 * in it moves into the database. The journal is whole with or without any of it.
 */
#include "sqlite_inner.h"

#include <sys/resource.h>

#include "crash_points.h"
#include "log_format.h"

/*
 * A sync that has to note a new length of the file takes half as long again. So the log is made
 * longer a quarter of a megabyte at a time, with zeros, which are written once and read by nobody:
 * SQLite knows the end of a log by its checksums. Reserving the room would not do, for a first
 * write into reserved blocks is noted just like a length.
 */
#define STEP_SIZE  (256 * 1024)
#define CHUNK_SIZE 16384
/* A claim or an outcome takes two or three frames, a first one some more; a plan writes on. */
#define SPARE      16

static int64_t size_of(int64_t frames)
{
    return REPAY_LOG_HEAD_SIZE + frames * REPAY_LOG_FRAME_SIZE;
}

static int count_frames(void *context, sqlite3 *db, const char *schema, int frames)
{
    struct repay_store *store = context;

    (void)db;
    (void)schema;
    store->log_frames = frames;
    /* It was begun anew. */
    if (frames < store->log_stuck)
        store->log_stuck = 0;
    return SQLITE_OK;
}

void repay_sqlite_watch_log(struct repay_store *store)
{
    (void)sqlite3_wal_hook(store->db, count_frames, store);
}

/* Who writes past the limit is sent a signal that ends the process. */
static bool may_reach(sqlite3_int64 end)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
           (limit.rlim_cur == RLIM_INFINITY || (rlim_t)end <= limit.rlim_cur);
}

/* A disk that is full or fails will say so when the log itself is written. */
static void write_zeros(sqlite3_file *log, sqlite3_int64 size)
{
    const unsigned char zeros[CHUNK_SIZE] = {0};
    sqlite3_int64 end = size + STEP_SIZE;
    int code = SQLITE_OK;

    if (!may_reach(end))
        return;
    for (; code == SQLITE_OK && size < end; size += CHUNK_SIZE)
        code = log->pMethods->xWrite(log, zeros, CHUNK_SIZE, size);
}

/*
 * Only who has the right to write may: what lies beyond the end is then nobody's. The size is asked
 * of the path, as that is looked at anyway, and of the file when the path's is too small.
 *
 * Not a log with nothing in it. That one was shortened to nothing is on disk when its new head is,
 * which SQLite syncs before it goes on; zeros before that might come to lie in the log that was.
 */
void repay_sqlite_lengthen_log(struct repay_store *store)
{
    int64_t wanted = size_of(store->log_frames + SPARE);
    sqlite3_file *log = NULL;
    sqlite3_int64 size = 0;

    if (wanted <= store->place.log_size)
        return;
    if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
        log->pMethods && log->pMethods->xFileSize(log, &size) == SQLITE_OK && size > 0 &&
        size < wanted && size < size_of(REPAY_SQLITE_LOG_PAGES))
        write_zeros(log, size);
}

/*
 * A disk that fails here is not to be trusted. Where another process writes, it will find the log as
 * long. A log that somebody still reads cannot begin anew however often it is moved, and all of it
 * is looked at each time: it has to become longer by as much again before the next time.
 */
void repay_sqlite_move_log(struct repay_store *store)
{
    struct repay_error ignored;
    int frames = 0, moved = 0;
    int code;

    if (store->log_frames - store->log_stuck < REPAY_SQLITE_LOG_PAGES ||
        !repay_sqlite_check_used_log(store, false, &ignored))
        return;
    REPAY_CRASH_POINT("C31");
    code = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_PASSIVE, &frames, &moved);
    store->log_frames = 0;
    store->log_stuck = moved < frames ? frames : 0;
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_LOCKED)
        repay_sqlite_lose(store);
}
