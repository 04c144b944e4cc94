/*
 * Where a journal may lie: a plain file of our own, 0600, in a directory that nobody else may write
 * to, on a disk of this machine.
 */
#ifndef REPAY_JOURNAL_PLACE_H
#define REPAY_JOURNAL_PLACE_H

#include <limits.h>
#include <sys/types.h>

#include "core_api.h"

#define REPAY_JOURNAL_SUFFIX_MAX 9       /* "-lock", and SQLite's own */
#define REPAY_JOURNAL_PART       "-part" /* of a copy that is being made, or was not ended */

/* Which file a name stood for, to notice that it was removed or replaced. */
struct repay_journal_file {
    dev_t device;
    ino_t inode; /* 0: not looked at yet */
};

struct repay_journal_place {
    char path[PATH_MAX];      /* absolute, no link in it */
    char directory[PATH_MAX]; /* likewise */
    char lock_path[PATH_MAX];
    char log_path[PATH_MAX]; /* of SQLite's log */
    struct repay_journal_file file, lock, log;
    int64_t log_size; /* when it was looked at last */
    int64_t number;   /* by which the file is known after a restart, 0: by none */
    bool is_new;      /* it was made here, empty */
};

/*
 * Makes the directory (0700) and the file (0600) where they are missing. Errors are of kind
 * `config` for a place that is not fit, `journal_on_network_fs`, or `journal`.
 */
bool repay_journal_place_take(struct repay_journal_place *place, const struct repay_core_api *core,
                              const char *path, struct repay_error *error);
/*
 * Whether the paths still lead to the files of `place`. A lock file or a log that was not looked at
 * yet is looked at here, so after opening one call must have found both. What is written to a log
 * without a name is lost with the process, and a second lock file excludes nobody.
 */
bool repay_journal_place_holds(struct repay_journal_place *place);
/*
 * Whether the name is that of a copy that is not whole. SQLite would take it back to what it was
 * before it was begun, which is empty and looks like a new journal.
 */
bool repay_journal_place_is_part(const char *path);
/* Makes new directory entries last. */
bool repay_journal_place_sync(const struct repay_journal_place *place);
/* By the number that statfs gives. */
bool repay_file_system_is_remote(unsigned long type);

#endif
