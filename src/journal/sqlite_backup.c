/*
 * Owns copies of a journal. Refuses to write over anything, and to leave a copy beside a log that is
 * another's: the copy is made under a name that no journal has, and one that is not whole is
 * removed, by the next copy at the latest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crash_points.h"
#include "sqlite_inner.h"

#define STEP_PAGES 256 /* a megabyte between two looks at whether it goes on */

static int copy_pages(struct repay_store *store, sqlite3 *copy)
{
    sqlite3_backup *backup = sqlite3_backup_init(copy, "main", store->db, "main");
    int code;

    if (!backup)
        return sqlite3_extended_errcode(copy);
    do {
        code = sqlite3_backup_step(backup, STEP_PAGES);
        REPAY_CRASH_POINT("C33");
    } while (code == SQLITE_OK);
    (void)sqlite3_backup_finish(backup);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static bool write_copy(struct repay_store *store, const char *path, struct repay_error *error)
{
    int reserved = REPAY_PAGE_RESERVED;
    struct repay_page_vfs pages;
    sqlite3 *copy = NULL;
    int code;

    if (!repay_page_vfs_show(&pages, store->pages.below->zName))
        return store->core->error_set(error, REPAY_KIND_JOURNAL, "SQLite has no files here");
    code = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, pages.name);
    repay_page_vfs_hide(&pages);
    if (code == SQLITE_OK) {
        (void)sqlite3_extended_result_codes(copy, 1);
        (void)sqlite3_file_control(copy, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
        code =
            sqlite3_exec(copy, "PRAGMA page_size=4096;PRAGMA synchronous=FULL", NULL, NULL, NULL);
    }
    if (code == SQLITE_OK)
        code = copy_pages(store, copy);
    /* It is known for a copy wherever it is put, also over the journal that it was made of. */
    if (code == SQLITE_OK)
        code = sqlite3_exec(copy, "UPDATE place SET stamp='a copy'", NULL, NULL, NULL);
    (void)sqlite3_close(copy);
    if (code == SQLITE_OK)
        return true;
    /* The copy's disk failed, or ours: only ours is the store's concern, and it will show. */
    return store->core->error_set(error, REPAY_KIND_JOURNAL, "cannot copy the journal: %.80s (%d)",
                                  sqlite3_errstr(code & 0xff), code);
}

/* The copy is whole before it gets its name, so that no name ever stands for half a journal. */
static bool name_copy(struct repay_store *store, const struct repay_journal_place *part,
                      const char *path, struct repay_error *error)
{
    if (repay_journal_place_sync(part) &&
        renameat2(AT_FDCWD, part->path, AT_FDCWD, path, RENAME_NOREPLACE) == 0 &&
        repay_journal_place_sync(part))
        return true;
    if (errno == EEXIST)
        return store->core->error_set(error, REPAY_KIND_CONFIG, "%.150s exists already", path);
    return store->core->error_set(error, REPAY_KIND_JOURNAL, "cannot keep the copy %.120s: %.60s",
                                  path, strerror(errno));
}

/* SQLite's own files as well: it would put the log of one copy into the next. */
static void remove_part(const char *part_path)
{
    static const char *const endings[] = {"", "-journal", "-wal", "-shm", "-lock"};
    char path[PATH_MAX + REPAY_JOURNAL_SUFFIX_MAX];

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        (void)snprintf(path, sizeof path, "%s%s", part_path, endings[i]);
        (void)unlink(path);
    }
}

/* A log without its database is what was left of another journal, and would become this one's. */
static bool check_name(struct repay_store *store, const char *given, struct repay_error *error)
{
    static const char *const endings[] = {"", "-journal", "-wal"};
    char path[PATH_MAX + REPAY_JOURNAL_SUFFIX_MAX];
    struct stat status;

    if (repay_journal_place_is_part(given))
        return store->core->error_set(error, REPAY_KIND_CONFIG,
                                      "a name that ends in -part is for copies that are not whole");
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        (void)snprintf(path, sizeof path, "%s%s", given, endings[i]);
        if (lstat(path, &status) == 0)
            return store->core->error_set(error, REPAY_KIND_CONFIG, "%.150s exists already", path);
    }
    return true;
}

bool repay_store_backup(struct repay_store *store, const char *path, struct repay_error *error)
{
    struct repay_journal_place part;
    char part_path[PATH_MAX];
    int length = snprintf(part_path, sizeof part_path, "%s" REPAY_JOURNAL_PART, path);

    if (!repay_sqlite_check(store, error))
        return false;
    if (length < 0 || (size_t)length >= sizeof part_path)
        return store->core->error_set(error, REPAY_KIND_CONFIG, "the copy's path is too long");
    if (!check_name(store, path, error))
        return false;
    /* What a copy that was killed has left. */
    remove_part(part_path);
    if (!repay_journal_place_take(&part, store->core, part_path, error))
        return false;
    if (write_copy(store, part.path, error) && name_copy(store, &part, path, error))
        return true;
    remove_part(part.path);
    return false;
}
