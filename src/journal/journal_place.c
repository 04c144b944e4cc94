/*
 * Owns what is asked of a journal's place. Refuses links, other people's directories, and file
 * systems on which SQLite's log cannot be shared.
 *
 * The journal's file is opened here only to make it, when nothing in this process can have it open:
 * closing a descriptor of it would drop the locks that SQLite holds for the whole process.
 */
#include "journal_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Wrong by default: every one of them may lie on another machine. */
bool repay_file_system_is_remote(unsigned long type)
{
    static const unsigned long remote[] = {
        0x6969,     /* NFS */
        0x517b,     /* SMB */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB 2 */
        0x5346414f, /* AFS */
        0x73757245, /* Coda */
        0x564c,     /* NCP */
        0x01021997, /* 9P */
        0x00c36400, /* Ceph */
        0x0bd00bd0, /* Lustre */
        0x01161970, /* GFS 2 */
        0x7461636f, /* OCFS 2 */
        0x65735546, /* FUSE: what is behind it is not told */
        0x786f4256, /* VirtualBox shared folders */
        0xaad7aaea, /* PanFS */
        0x47504653, /* GPFS */
    };

    for (size_t i = 0; i < sizeof remote / sizeof *remote; i++) {
        if ((type & 0xffffffff) == remote[i])
            return true;
    }
    return false;
}

/* FAT and its heirs make a file's number up whenever they are mounted. */
static int64_t lasting_number(const struct repay_journal_place *place)
{
    struct statfs system;
    unsigned long type;

    if (statfs(place->directory, &system) != 0)
        return 0;
    type = (unsigned long)system.f_type & 0xffffffff;
    return type == 0x4d44 || type == 0x2011bab0 ? 0 : (int64_t)place->file.inode;
}

static bool refuse(const struct repay_core_api *core, struct repay_error *error, const char *path,
                   const char *why)
{
    return core->error_set(error, REPAY_KIND_CONFIG, "the journal %.150s %s", path, why);
}

static bool fail(const struct repay_core_api *core, struct repay_error *error, const char *path,
                 const char *doing)
{
    return core->error_set(error, REPAY_KIND_JOURNAL, "%s %.120s: %.60s", doing, path,
                           strerror(errno));
}

/* Splits off the last part, and makes the directory where only that is missing. */
static bool take_directory(struct repay_journal_place *place, const struct repay_core_api *core,
                           const char *path, const char **name, struct repay_error *error)
{
    char given[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;

    *name = slash ? slash + 1 : path;
    if (**name == '\0' || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0 ||
        strlen(path) >= PATH_MAX)
        return core->error_set(error, REPAY_KIND_CONFIG, "'%.150s' is no name for a journal", path);
    if (length == 0) {
        (void)snprintf(given, sizeof given, "%s", slash ? "/" : ".");
    } else {
        memcpy(given, path, length);
        given[length] = '\0';
    }
    if (mkdir(given, 0700) != 0 && errno != EEXIST)
        return fail(core, error, given, "cannot make the directory");
    if (!realpath(given, place->directory))
        return fail(core, error, given, "cannot resolve the directory");
    return true;
}

static bool check_directory(const struct repay_journal_place *place,
                            const struct repay_core_api *core, struct repay_error *error)
{
    struct statfs system;
    struct stat status;

    if (stat(place->directory, &status) != 0 || statfs(place->directory, &system) != 0)
        return fail(core, error, place->directory, "cannot look at");
    if (!S_ISDIR(status.st_mode))
        return refuse(core, error, place->path,
                      "has a path through something that is no directory");
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return refuse(core, error, place->path,
                      "is in a directory that others may write to: chmod 700");
    if (repay_file_system_is_remote((unsigned long)system.f_type))
        return core->error_set(error, REPAY_KIND_JOURNAL_ON_NETWORK_FS,
                               "the journal %.150s is on a network file system", place->path);
    return true;
}

static bool make_file(struct repay_journal_place *place, const struct repay_core_api *core,
                      struct repay_error *error)
{
    int descriptor = open(place->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (descriptor < 0)
        return errno == EEXIST || fail(core, error, place->path, "cannot make the journal");
    (void)close(descriptor);
    place->is_new = true;
    return true;
}

static bool check_file(struct repay_journal_place *place, const struct repay_core_api *core,
                       struct repay_error *error)
{
    struct stat status;

    if (lstat(place->path, &status) != 0)
        return fail(core, error, place->path, "cannot look at");
    if (!S_ISREG(status.st_mode))
        return refuse(core, error, place->path, "is no plain file");
    if (status.st_uid != geteuid())
        return refuse(core, error, place->path, "belongs to someone else");
    if (status.st_nlink > 1)
        return refuse(core, error, place->path, "has a second name");
    if ((status.st_mode & 077) != 0)
        return refuse(core, error, place->path, "is open to others: chmod 600");
    place->file = (struct repay_journal_file){status.st_dev, status.st_ino};
    return true;
}

bool repay_journal_place_take(struct repay_journal_place *place, const struct repay_core_api *core,
                              const char *path, struct repay_error *error)
{
    const char *name;
    const char *directory;

    *place = (struct repay_journal_place){.is_new = false};
    if (!take_directory(place, core, path, &name, error))
        return false;
    directory = strcmp(place->directory, "/") == 0 ? "" : place->directory;
    if (strlen(directory) + strlen(name) + REPAY_JOURNAL_SUFFIX_MAX + 2 > PATH_MAX)
        return core->error_set(error, REPAY_KIND_CONFIG, "the journal's path is too long");
    /* They fit: the sum was just checked. */
    (void)snprintf(place->path, sizeof place->path, "%.*s/%s", (int)strlen(directory), directory,
                   name);
    (void)snprintf(place->lock_path, sizeof place->lock_path, "%.*s/%s-lock",
                   (int)strlen(directory), directory, name);
    (void)snprintf(place->log_path, sizeof place->log_path, "%.*s/%s-wal", (int)strlen(directory),
                   directory, name);
    if (!check_directory(place, core, error) || !make_file(place, core, error) ||
        !check_file(place, core, error))
        return false;
    place->number = lasting_number(place);
    return true;
}

/* What identifies a file, and how it is: never more than that, and no times. */
struct look {
    struct repay_journal_file file;
    int64_t size;
    uint64_t names;
};

/*
 * Asks for no times: a kernel that was asked for them gives the next write a time of its own, and
 * the sync after that has an inode more to write, which takes half as long again. Where statx is
 * not to be had, as in older containers, that is the price.
 */
static bool look_at(const char *path, struct look *out)
{
    struct statx wanted;
    struct stat status;

    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_NLINK | STATX_SIZE, &wanted) ==
        0) {
        *out = (struct look){
            {makedev(wanted.stx_dev_major, wanted.stx_dev_minor), (ino_t)wanted.stx_ino},
            (int64_t)wanted.stx_size,
            wanted.stx_nlink};
        return true;
    }
    if ((errno != EPERM && errno != ENOSYS) || lstat(path, &status) != 0)
        return false;
    *out = (struct look){{status.st_dev, status.st_ino}, status.st_size, status.st_nlink};
    return true;
}

static bool is_same(const char *path, struct repay_journal_file *file, int64_t *size)
{
    struct look look;

    *size = 0;
    if (!look_at(path, &look))
        return file->inode == 0;
    *size = look.size;
    if (file->inode == 0)
        *file = look.file;
    return look.file.device == file->device && look.file.inode == file->inode && look.names == 1;
}

bool repay_journal_place_holds(struct repay_journal_place *place)
{
    int64_t size;

    return is_same(place->path, &place->file, &size) &&
           is_same(place->lock_path, &place->lock, &size) &&
           is_same(place->log_path, &place->log, &place->log_size);
}

bool repay_journal_place_is_part(const char *path)
{
    size_t length = strlen(path), ending = strlen(REPAY_JOURNAL_PART);

    return length >= ending && strcmp(path + length - ending, REPAY_JOURNAL_PART) == 0;
}

bool repay_journal_place_sync(const struct repay_journal_place *place)
{
    int descriptor = open(place->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done;

    if (descriptor < 0)
        return false;
    done = fsync(descriptor) == 0;
    (void)close(descriptor);
    return done;
}
