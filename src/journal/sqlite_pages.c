/*
 * Owns the layer between SQLite and the disk that writes a checksum into every page of the main
 * database and looks at it whenever a page is read. Passes all else through. The log needs none of
 * it: its frames have checksums of SQLite's.
 */
#include "sqlite_pages.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "text_hash.h"

#define BODY_SIZE (REPAY_PAGE_SIZE - REPAY_PAGE_RESERVED)
/* Any fixed key will do: this is against decay and mishap, not against an attacker. */
#define HASH_KEY  0x72657061792d7061u

/* Small, because SQLite makes room for several of them with every temporary table. */
struct page_file {
    sqlite3_file file;            /* first: SQLite hands this back */
    sqlite3_file *below;          /* in the memory that follows this struct */
    struct repay_page_vfs *layer; /* has room for the page that is written */
};

static struct repay_page_vfs *layer_of(sqlite3_vfs *vfs)
{
    return (struct repay_page_vfs *)vfs;
}

static sqlite3_file *below(sqlite3_file *file)
{
    return ((struct page_file *)file)->below;
}

static void checksum_of(const unsigned char *page, sqlite3_int64 offset,
                        unsigned char out[REPAY_PAGE_RESERVED])
{
    struct repay_text body = {(const char *)page, BODY_SIZE};
    uint64_t sum = repay_text_hash(HASH_KEY, (uint64_t)(offset / REPAY_PAGE_SIZE), body);

    for (unsigned i = 0; i < REPAY_PAGE_RESERVED; i++)
        out[i] = (unsigned char)(sum >> (8 * i));
}

/*
 * From the log by another program, or never written, when the file grew past it. No byte that
 * changes makes a page look so: its checksum would have to have seven zeros of its own.
 */
static bool is_bare(const unsigned char *page)
{
    static const unsigned char zeros[REPAY_PAGE_RESERVED] = {0};

    return memcmp(page + BODY_SIZE, zeros, sizeof zeros) == 0;
}

static bool is_sound(const unsigned char *page, sqlite3_int64 offset)
{
    unsigned char sum[REPAY_PAGE_RESERVED];

    checksum_of(page, offset, sum);
    return memcmp(sum, page + BODY_SIZE, sizeof sum) == 0 || is_bare(page);
}

static int close_file(sqlite3_file *file)
{
    return below(file)->pMethods->xClose(below(file));
}

/* Parts of the first page are read while a file is opened; what matters in them is read again. */
static int read_file(sqlite3_file *file, void *out, int size, sqlite3_int64 offset)
{
    int code = below(file)->pMethods->xRead(below(file), out, size, offset);

    if (code != SQLITE_OK || size != REPAY_PAGE_SIZE)
        return code;
    if (!is_sound(out, offset))
        return SQLITE_IOERR_DATA;
    memset((unsigned char *)out + BODY_SIZE, 0, REPAY_PAGE_RESERVED);
    return SQLITE_OK;
}

static int write_file(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    struct page_file *self = (struct page_file *)file;

    if (size != REPAY_PAGE_SIZE || offset % REPAY_PAGE_SIZE != 0)
        return self->below->pMethods->xWrite(self->below, data, size, offset);
    memcpy(self->layer->page, data, BODY_SIZE);
    checksum_of(self->layer->page, offset, self->layer->page + BODY_SIZE);
    return self->below->pMethods->xWrite(self->below, self->layer->page, size, offset);
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    return below(file)->pMethods->xTruncate(below(file), size);
}

static int sync_file(sqlite3_file *file, int flags)
{
    return below(file)->pMethods->xSync(below(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out)
{
    return below(file)->pMethods->xFileSize(below(file), out);
}

static int lock_file(sqlite3_file *file, int level)
{
    return below(file)->pMethods->xLock(below(file), level);
}

static int unlock_file(sqlite3_file *file, int level)
{
    return below(file)->pMethods->xUnlock(below(file), level);
}

static int check_reserved_lock(sqlite3_file *file, int *out)
{
    return below(file)->pMethods->xCheckReservedLock(below(file), out);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    return below(file)->pMethods->xFileControl(below(file), operation, argument);
}

static int sector_size(sqlite3_file *file)
{
    return below(file)->pMethods->xSectorSize(below(file));
}

static int device_characteristics(sqlite3_file *file)
{
    return below(file)->pMethods->xDeviceCharacteristics(below(file));
}

static int shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    return below(file)->pMethods->xShmMap(below(file), region, size, extend, out);
}

static int shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return below(file)->pMethods->xShmLock(below(file), offset, count, flags);
}

static void shm_barrier(sqlite3_file *file)
{
    below(file)->pMethods->xShmBarrier(below(file));
}

static int shm_unmap(sqlite3_file *file, int is_deleted)
{
    return below(file)->pMethods->xShmUnmap(below(file), is_deleted);
}

/* Version 2: the log's shared memory, and no mapped pages, which would be read past this layer. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* SQLite aligns what it allocates for a file to eight bytes; so must what is put behind ours. */
#define FILE_SIZE ((sizeof(struct page_file) + 7) & ~(size_t)7)

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    sqlite3_vfs *lower = layer_of(vfs)->below;
    struct page_file *self = (struct page_file *)file;
    int code;

    if ((flags & SQLITE_OPEN_MAIN_DB) == 0)
        return lower->xOpen(lower, name, file, flags, out_flags);
    memset(self, 0, sizeof *self);
    self->below = (sqlite3_file *)(void *)((char *)file + FILE_SIZE);
    self->layer = layer_of(vfs);
    code = lower->xOpen(lower, name, self->below, flags, out_flags);
    if (code == SQLITE_OK)
        self->file.pMethods = &methods;
    return code;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    return layer_of(vfs)->below->xDelete(layer_of(vfs)->below, name, sync_directory);
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    return layer_of(vfs)->below->xAccess(layer_of(vfs)->below, name, flags, out);
}

static int full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    return layer_of(vfs)->below->xFullPathname(layer_of(vfs)->below, name, size, out);
}

static int randomness(sqlite3_vfs *vfs, int size, char *out)
{
    return layer_of(vfs)->below->xRandomness(layer_of(vfs)->below, size, out);
}

static int wait_for(sqlite3_vfs *vfs, int microseconds)
{
    return layer_of(vfs)->below->xSleep(layer_of(vfs)->below, microseconds);
}

static int last_error(sqlite3_vfs *vfs, int size, char *out)
{
    return layer_of(vfs)->below->xGetLastError(layer_of(vfs)->below, size, out);
}

static int current_time(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    return layer_of(vfs)->below->xCurrentTimeInt64(layer_of(vfs)->below, out);
}

bool repay_page_vfs_show(struct repay_page_vfs *layer, const char *below_name)
{
    sqlite3_vfs *lower = sqlite3_vfs_find(below_name);

    if (!lower || lower->iVersion < 2)
        return false;
    *layer = (struct repay_page_vfs){.below = lower};
    (void)snprintf(layer->name, sizeof layer->name, "repay-pages-%p", (void *)layer);
    layer->vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)FILE_SIZE + lower->szOsFile,
        .mxPathname = lower->mxPathname,
        .zName = layer->name,
        .xOpen = open_file,
        .xDelete = delete_file,
        .xAccess = access_file,
        .xFullPathname = full_path,
        .xRandomness = randomness,
        .xSleep = wait_for,
        .xGetLastError = last_error,
        .xCurrentTimeInt64 = current_time,
    };
    return sqlite3_vfs_register(&layer->vfs, 0) == SQLITE_OK;
}

void repay_page_vfs_hide(struct repay_page_vfs *layer)
{
    (void)sqlite3_vfs_unregister(&layer->vfs);
}

static sqlite3_file *main_file(sqlite3 *db)
{
    sqlite3_file *file = NULL;

    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK)
        return NULL;
    return file;
}

int repay_page_count(sqlite3 *db, int64_t *out)
{
    sqlite3_file *file = main_file(db);
    sqlite3_int64 size = 0;
    int code;

    if (!file)
        return SQLITE_MISUSE;
    code = file->pMethods->xFileSize(file, &size);
    if (code == SQLITE_OK)
        *out = (size + REPAY_PAGE_SIZE - 1) / REPAY_PAGE_SIZE;
    return code;
}

int repay_page_check(sqlite3 *db, int64_t number, bool *has_sum)
{
    sqlite3_int64 offset = (number - 1) * REPAY_PAGE_SIZE;
    unsigned char page[REPAY_PAGE_SIZE];
    sqlite3_file *file = main_file(db);
    int code;

    if (!file)
        return SQLITE_MISUSE;
    code = below(file)->pMethods->xRead(below(file), page, REPAY_PAGE_SIZE, offset);
    if (code != SQLITE_OK)
        return code;
    *has_sum = !is_bare(page);
    return is_sound(page, offset) ? SQLITE_OK : SQLITE_IOERR_DATA;
}
