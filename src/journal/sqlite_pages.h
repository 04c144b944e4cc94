/*
 * Pages that carry a checksum of their own in the last eight bytes, so that no byte of the
 * journal's file can change unnoticed: SQLite checks what its structures say, not what they hold.
 *
 * SQLite itself sees zeros there, so that is what its log has. Where another program moves the log
 * into the database, its pages are without a checksum, and are taken as they are until they are
 * written again.
 */
#ifndef REPAY_SQLITE_PAGES_H
#define REPAY_SQLITE_PAGES_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#define REPAY_PAGE_SIZE     4096
#define REPAY_PAGE_RESERVED 8

/* A layer over another VFS. It must outlive every connection that was opened through it. */
struct repay_page_vfs {
    sqlite3_vfs vfs; /* first: SQLite hands this back */
    sqlite3_vfs *below;
    char name[40]; /* of this one layer, so that nothing is shared between handles */
    /* SQLite's page, to be written with the checksum set; one thread at a time uses a layer. */
    unsigned char page[REPAY_PAGE_SIZE];
};

/* False when there is no VFS of that name (NULL: the default). Registered until _hide. */
bool repay_page_vfs_show(struct repay_page_vfs *layer, const char *below);
/* SQLite keeps using the layer for the connections it has; new ones do not find it. */
void repay_page_vfs_hide(struct repay_page_vfs *layer);
/*
 * Reads page `number` (from 1) of the main database past every cache: SQLITE_OK or what is wrong.
 * `*has_sum` is false for one that another program has written: a byte that changes in it may go
 * unseen.
 */
int repay_page_check(sqlite3 *db, int64_t number, bool *has_sum);
/* The number of pages that the file has; a last part counts as one. */
int repay_page_count(sqlite3 *db, int64_t *out);

#endif
