/*
 * Owns the locks that say who has an entry under way. Refuses to wait for one, and to follow a
 * link where the lock file should be.
 */
#include "owner_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Everyone must lock the same file, so it is never removed. */
#define LOCK_FILE_MODE 0600

int repay_owner_lock_open(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_FILE_MODE);
}

static struct flock byte_of(int64_t number, short type)
{
    return (struct flock){
        .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)number, .l_len = 1};
}

enum repay_lock_answer repay_owner_lock_take(struct repay_owner_lock *lock, const char *path,
                                             int64_t number)
{
    struct flock byte = byte_of(number, F_WRLCK);
    int descriptor = repay_owner_lock_open(path);
    int why;

    if (descriptor < 0)
        return REPAY_LOCK_FAILED;
    if (fcntl(descriptor, F_OFD_SETLK, &byte) == 0) {
        *lock = (struct repay_owner_lock){descriptor, getpid()};
        return REPAY_LOCK_TAKEN;
    }
    why = errno;
    (void)close(descriptor);
    errno = why;
    return why == EAGAIN || why == EACCES ? REPAY_LOCK_HELD : REPAY_LOCK_FAILED;
}

/*
 * A child's copy is the same open file, so unlocking it would take the parent's lock away; closing
 * it does not. The parent unlocks, because a child may still have a copy.
 */
void repay_owner_lock_drop(struct repay_owner_lock *lock)
{
    struct flock byte = byte_of(0, F_UNLCK);

    if (lock->descriptor < 0)
        return;
    byte.l_len = 0; /* to the end of the file: all that this descriptor holds */
    if (lock->pid == getpid())
        (void)fcntl(lock->descriptor, F_OFD_SETLK, &byte);
    (void)close(lock->descriptor);
    *lock = REPAY_OWNER_LOCK_NONE;
}

static enum repay_lock_answer ask(int descriptor, struct flock bytes)
{
    if (fcntl(descriptor, F_OFD_GETLK, &bytes) != 0)
        return REPAY_LOCK_FAILED;
    return bytes.l_type == F_UNLCK ? REPAY_LOCK_TAKEN : REPAY_LOCK_HELD;
}

enum repay_lock_answer repay_owner_lock_ask(int descriptor, int64_t number)
{
    return ask(descriptor, byte_of(number, F_WRLCK));
}

enum repay_lock_answer repay_owner_lock_ask_all(int descriptor)
{
    struct flock bytes = byte_of(REPAY_OWNER_LOCK_OPENING + 1, F_WRLCK);

    bytes.l_len = 0; /* to the end of the file */
    return ask(descriptor, bytes);
}
