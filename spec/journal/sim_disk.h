/*
 * A disk for tests, in memory: what was written and not synced is lost at a power cut, or half of
 * it, or the later half without the earlier; and any operation may fail, once or from then on.
 *
 * A VFS of SQLite. One process, one connection at a time, so locks are always free. A file's bytes
 * after a power cut are those of its last sync, plus whatever chance lets through of the writes
 * since, in pieces of a sector.
 */
#ifndef REPAY_TEST_SIM_DISK_H
#define REPAY_TEST_SIM_DISK_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SIM_FILES   8
#define SIM_SIZE    (1 << 20)
#define SIM_WRITES  4096
#define SIM_REGIONS 8
#define SIM_REGION  32768
#define SIM_SECTOR  512

struct sim_write {
    int64_t offset;
    int size; /* -1: a truncation to `offset` */
    unsigned char *data;
};

struct sim_content {
    char name[200];
    bool exists;
    int64_t size, synced_size;
    unsigned char now[SIM_SIZE], synced[SIM_SIZE];
    struct sim_write writes[SIM_WRITES];
    int write_count;
    void *regions[SIM_REGIONS]; /* shared memory: gone with the power */
};

static struct sim_disk {
    struct sim_content files[SIM_FILES];
    unsigned long operations, writes; /* so far */
    unsigned long fail_at;            /* this operation fails; 0: none */
    unsigned long full_from;          /* nothing grows from this operation on; 0: never */
    unsigned long cut_at;             /* the power goes at this write or sync; 0: never */
    bool fails_for_ever, is_off;
    uint64_t chance;
} sim;

struct sim_file {
    sqlite3_file file;
    struct sim_content *content;
    bool only_asks; /* for shared memory that is there */
};

static inline uint64_t sim_chance(void)
{
    sim.chance ^= sim.chance << 13;
    sim.chance ^= sim.chance >> 7;
    sim.chance ^= sim.chance << 17;
    return sim.chance;
}

static inline bool sim_fails(bool is_write)
{
    sim.operations++;
    if (is_write && ++sim.writes == sim.cut_at)
        sim.is_off = true;
    if (sim.is_off)
        return true;
    if (sim.fail_at == 0 || sim.operations < sim.fail_at)
        return false;
    return sim.fails_for_ever || sim.operations == sim.fail_at;
}

static inline struct sim_content *sim_of(sqlite3_file *file)
{
    return ((struct sim_file *)file)->content;
}

static inline struct sim_content *sim_find(const char *name, bool make)
{
    struct sim_content *vacant = NULL;

    for (int i = 0; i < SIM_FILES; i++) {
        if (sim.files[i].exists && strcmp(sim.files[i].name, name) == 0)
            return &sim.files[i];
        if (!sim.files[i].exists && !vacant)
            vacant = &sim.files[i];
    }
    if (!make || !vacant || strlen(name) >= sizeof vacant->name)
        return NULL;
    strcpy(vacant->name, name);
    vacant->exists = true;
    vacant->size = vacant->synced_size = 0;
    vacant->write_count = 0;
    return vacant;
}

static inline void sim_forget_writes(struct sim_content *content)
{
    for (int i = 0; i < content->write_count; i++)
        free(content->writes[i].data);
    content->write_count = 0;
}

static inline void sim_forget_regions(struct sim_content *content)
{
    for (int i = 0; i < SIM_REGIONS; i++) {
        free(content->regions[i]);
        content->regions[i] = NULL;
    }
}

static inline void sim_note(struct sim_content *content, int64_t offset, int size, const void *data)
{
    struct sim_write *write = &content->writes[content->write_count++];

    if (content->write_count == SIM_WRITES)
        abort();
    *write = (struct sim_write){.offset = offset, .size = size};
    if (size > 0) {
        write->data = malloc((size_t)size);
        if (!write->data)
            abort();
        memcpy(write->data, data, (size_t)size);
    }
}

static inline int sim_close(sqlite3_file *file)
{
    (void)file;
    return SQLITE_OK;
}

static inline int sim_read(sqlite3_file *file, void *out, int size, sqlite3_int64 offset)
{
    const struct sim_content *content = sim_of(file);
    int64_t there = content->size - offset;

    if (sim_fails(false))
        return SQLITE_IOERR_READ;
    if (there < 0)
        there = 0;
    if (there > size)
        there = size;
    memcpy(out, content->now + (there > 0 ? offset : 0), (size_t)there);
    memset((char *)out + there, 0, (size_t)(size - there));
    return there == size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static inline int sim_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    struct sim_content *content = sim_of(file);
    bool is_full;

    if (offset + size > SIM_SIZE)
        abort();
    /* What the power interrupts may have happened in part. */
    sim_note(content, offset, size, data);
    if (sim_fails(true))
        return SQLITE_IOERR_WRITE;
    is_full =
        sim.full_from != 0 && sim.operations >= sim.full_from && offset + size > content->size;
    /* A full disk takes what fits. */
    if (is_full)
        size /= 2;
    if (offset > content->size)
        memset(content->now + content->size, 0, (size_t)(offset - content->size));
    memcpy(content->now + offset, data, (size_t)size);
    if (offset + size > content->size)
        content->size = offset + size;
    return is_full ? SQLITE_FULL : SQLITE_OK;
}

static inline int sim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct sim_content *content = sim_of(file);

    if (sim_fails(true))
        return SQLITE_IOERR_TRUNCATE;
    sim_note(content, size, -1, NULL);
    if (size < content->size)
        content->size = size;
    return SQLITE_OK;
}

static inline int sim_sync(sqlite3_file *file, int flags)
{
    struct sim_content *content = sim_of(file);

    (void)flags;
    if (sim_fails(true))
        return SQLITE_IOERR_FSYNC;
    memcpy(content->synced, content->now, (size_t)content->size);
    content->synced_size = content->size;
    sim_forget_writes(content);
    return SQLITE_OK;
}

static inline int sim_size(sqlite3_file *file, sqlite3_int64 *out)
{
    if (sim_fails(false))
        return SQLITE_IOERR_FSTAT;
    *out = sim_of(file)->size;
    return SQLITE_OK;
}

static inline int sim_lock(sqlite3_file *file, int level)
{
    (void)file;
    (void)level;
    return SQLITE_OK;
}

static inline int sim_is_reserved(sqlite3_file *file, int *out)
{
    (void)file;
    *out = 0;
    return SQLITE_OK;
}

static inline int sim_control(sqlite3_file *file, int operation, void *argument)
{
    (void)file;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static inline int sim_sector(sqlite3_file *file)
{
    (void)file;
    return SIM_SECTOR;
}

static inline int sim_characteristics(sqlite3_file *file)
{
    (void)file;
    return 0;
}

static inline int sim_shm_map(sqlite3_file *file, int region, int size, int extend,
                              void volatile **out)
{
    struct sim_content *content = sim_of(file);

    *out = NULL;
    if (region >= SIM_REGIONS || size != SIM_REGION || sim_fails(false))
        return SQLITE_IOERR_SHMMAP;
    if (!content->regions[region] && ((struct sim_file *)file)->only_asks)
        return SQLITE_READONLY_CANTINIT;
    if (!content->regions[region] && extend)
        content->regions[region] = calloc(1, (size_t)size);
    *out = content->regions[region];
    return SQLITE_OK;
}

static inline int sim_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    (void)file;
    (void)offset;
    (void)count;
    (void)flags;
    return SQLITE_OK;
}

static inline void sim_shm_barrier(sqlite3_file *file)
{
    (void)file;
}

static inline int sim_shm_unmap(sqlite3_file *file, int is_deleted)
{
    if (is_deleted)
        sim_forget_regions(sim_of(file));
    return SQLITE_OK;
}

static const sqlite3_io_methods sim_methods = {
    .iVersion = 2,
    .xClose = sim_close,
    .xRead = sim_read,
    .xWrite = sim_write,
    .xTruncate = sim_truncate,
    .xSync = sim_sync,
    .xFileSize = sim_size,
    .xLock = sim_lock,
    .xUnlock = sim_lock,
    .xCheckReservedLock = sim_is_reserved,
    .xFileControl = sim_control,
    .xSectorSize = sim_sector,
    .xDeviceCharacteristics = sim_characteristics,
    .xShmMap = sim_shm_map,
    .xShmLock = sim_shm_lock,
    .xShmBarrier = sim_shm_barrier,
    .xShmUnmap = sim_shm_unmap,
};

static inline int sim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                           int *out_flags)
{
    struct sim_file *self = (struct sim_file *)file;

    (void)vfs;
    self->file.pMethods = NULL;
    if (sim_fails(true))
        return SQLITE_CANTOPEN;
    self->content = sim_find(name ? name : "temporary", true);
    if (!self->content)
        return SQLITE_CANTOPEN;
    self->only_asks =
        (flags & SQLITE_OPEN_MAIN_DB) != 0 && sqlite3_uri_boolean(name, "readonly_shm", 0);
    self->file.pMethods = &sim_methods;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static inline int sim_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    struct sim_content *content = sim_find(name, false);

    (void)vfs;
    (void)sync_directory;
    if (sim_fails(true))
        return SQLITE_IOERR_DELETE;
    if (!content)
        return SQLITE_IOERR_DELETE_NOENT;
    sim_forget_writes(content);
    content->exists = false;
    return SQLITE_OK;
}

static inline int sim_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    (void)flags;
    *out = sim_find(name, false) != NULL;
    return SQLITE_OK;
}

static inline int sim_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    (void)vfs;
    (void)sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
}

static inline int sim_random(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    for (int i = 0; i < size; i++)
        out[i] = (char)sim_chance();
    return size;
}

static inline int sim_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static inline int sim_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    if (size > 0)
        out[0] = '\0';
    return 0;
}

static inline int sim_time(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    (void)vfs;
    *out = 1;
    return SQLITE_OK;
}

static sqlite3_vfs sim_vfs = {
    .iVersion = 2,
    .szOsFile = sizeof(struct sim_file),
    .mxPathname = 180,
    .zName = "sim",
    .xOpen = sim_open,
    .xDelete = sim_delete,
    .xAccess = sim_access,
    .xFullPathname = sim_full_path,
    .xRandomness = sim_random,
    .xSleep = sim_sleep,
    .xGetLastError = sim_error,
    .xCurrentTimeInt64 = sim_time,
};

/* An empty disk that does not fail. */
static inline void sim_begin(uint64_t seed)
{
    for (int i = 0; i < SIM_FILES; i++) {
        sim_forget_writes(&sim.files[i]);
        sim_forget_regions(&sim.files[i]);
        sim.files[i].exists = false;
    }
    sim.operations = sim.writes = sim.fail_at = sim.full_from = sim.cut_at = 0;
    sim.fails_for_ever = sim.is_off = false;
    sim.chance = seed * 2654435761u + 1;
}

/* From here on nothing fails; open files stay as they are. */
static inline void sim_repair(void)
{
    sim.fail_at = sim.full_from = sim.cut_at = 0;
    sim.fails_for_ever = sim.is_off = false;
    for (int i = 0; i < SIM_FILES; i++)
        sim_forget_regions(&sim.files[i]);
}

static inline void sim_let_through(struct sim_content *content, const struct sim_write *write)
{
    bool is_torn = sim_chance() % 3 == 0;

    if (write->size < 0) {
        if (write->offset < content->size)
            content->size = write->offset;
        return;
    }
    for (int at = 0; at < write->size; at += SIM_SECTOR) {
        int size = write->size - at < SIM_SECTOR ? write->size - at : SIM_SECTOR;
        int64_t offset = write->offset + at;

        if (is_torn && sim_chance() % 2 == 0)
            continue;
        if (offset > content->size)
            memset(content->now + content->size, 0, (size_t)(offset - content->size));
        memcpy(content->now + offset, write->data + at, (size_t)size);
        if (offset + size > content->size)
            content->size = offset + size;
    }
}

/* The power comes back: what was synced, and what chance lets through of the rest. */
static inline void sim_power_on(void)
{
    for (int i = 0; i < SIM_FILES; i++) {
        struct sim_content *content = &sim.files[i];

        if (!content->exists)
            continue;
        memcpy(content->now, content->synced, (size_t)content->synced_size);
        content->size = content->synced_size;
        for (int at = 0; at < content->write_count; at++) {
            if (sim_chance() % 2 == 0)
                sim_let_through(content, &content->writes[at]);
        }
        sim_forget_writes(content);
        memcpy(content->synced, content->now, (size_t)content->size);
        content->synced_size = content->size;
    }
    sim_repair();
}

#endif
