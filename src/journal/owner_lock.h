/*
 * Who has an entry under way: a byte of a lock file, locked for as long as its process lives.
 *
 * Open-file-description locks, a descriptor for each claim: they exclude two coroutines of one
 * process as well as two processes, and the kernel drops them when the holder dies. The file lies
 * beside the journal; the journal's own file is never locked or opened here, because closing any
 * descriptor of it would drop SQLite's locks.
 */
#ifndef REPAY_OWNER_LOCK_H
#define REPAY_OWNER_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct repay_owner_lock {
    int descriptor; /* -1: none */
    pid_t pid;      /* who took it: a forked child lets its copy go without unlocking */
};

enum repay_lock_answer { REPAY_LOCK_TAKEN, REPAY_LOCK_HELD, REPAY_LOCK_FAILED };

#define REPAY_OWNER_LOCK_NONE    ((struct repay_owner_lock){-1, 0})
/* No entry has this number: who has its byte is opening the journal. */
#define REPAY_OWNER_LOCK_OPENING 0

/* Without waiting. After FAILED errno says why. */
enum repay_lock_answer repay_owner_lock_take(struct repay_owner_lock *lock, const char *path,
                                             int64_t number);
/* Safe twice, and on one that was never taken. */
void repay_owner_lock_drop(struct repay_owner_lock *lock);
/* Whether someone holds the byte, asked through a descriptor of the file that holds no lock. */
enum repay_lock_answer repay_owner_lock_ask(int descriptor, int64_t number);
/* The same of all entries at once: TAKEN when nobody holds any. */
enum repay_lock_answer repay_owner_lock_ask_all(int descriptor);
/* A descriptor for asking, close-on-exec, or -1. */
int repay_owner_lock_open(const char *path);

#endif
