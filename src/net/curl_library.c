/*
 * Owns the start of libcurl in a process, the knowledge of which process that is, and the making of
 * multi handles. Refuses a libcurl that lacks what the engine's promises rest on.
 */
#include "curl_library.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "curl_engine.h"
#include "curl_heap.h"

/* QUICK_EXIT, the cache of parsed authorities and sends that raise no SIGPIPE begin here. */
#define LIBCURL_MIN 0x075700

bool repay_curl_fail(struct repay_error *error, enum repay_kind kind, const char *message)
{
    size_t length = strlen(message);

    /* The core is not linked here, so the fields are set by hand. */
    memset(error, 0, sizeof(*error));
    error->kind = kind;
    error->outcome = REPAY_OUTCOME_NOT_SENT;
    error->offset = -1;
    error->retry_after_ms = -1;
    if (length > REPAY_ERROR_MESSAGE_MAX)
        length = REPAY_ERROR_MESSAGE_MAX;
    memcpy(error->message, message, length);
    return false;
}

static pthread_once_t global_once = PTHREAD_ONCE_INIT;
static CURLcode global_code;

/* Holds a process id in that process alone: a child, however it was forked, finds 0. */
static _Atomic pid_t *process_mark;

static void make_process_mark(void)
{
#ifdef MADV_WIPEONFORK
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return;
    if (madvise(page, size, MADV_WIPEONFORK) == 0)
        process_mark = page;
    else
        (void)munmap(page, size);
#endif
}

pid_t repay_curl_library_process(void)
{
    pid_t pid = getpid();

    if (process_mark)
        *process_mark = pid;
    return pid;
}

bool repay_curl_library_is_same_process(pid_t pid)
{
    return (process_mark && *process_mark == pid) || getpid() == pid;
}

static void global_init(void)
{
    make_process_mark();
    global_code = repay_curl_heap_start_library();
}

/* Never undone: other users of libcurl in this process may rely on it by then. */
bool repay_curl_library_start(struct repay_error *error)
{
    if (pthread_once(&global_once, global_init) != 0 || global_code != CURLE_OK)
        return repay_curl_fail(error, REPAY_KIND_CONFIG, "libcurl cannot be started");
    if (curl_version_info(CURLVERSION_NOW)->version_num < LIBCURL_MIN)
        return repay_curl_fail(error, REPAY_KIND_CONFIG, "libcurl 7.87.0 or newer is needed");
    return true;
}

const char *repay_curl_library_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}

CURLM *repay_curl_library_multi(uint32_t transfers, struct repay_error *error)
{
    CURLM *multi = curl_multi_init();
    CURLMcode code;

    if (!multi) {
        (void)repay_curl_fail(error, REPAY_KIND_MEMORY, "not enough memory");
        return NULL;
    }
    code = curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    /* Fewer kept connections than transfers would reconnect silently; twice serves two hosts. */
    if (code == CURLM_OK)
        code = curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                                 (long)(transfers < 8 ? 16 : transfers * 2));
    /* Limits of libcurl's would make calls wait where no deadline of ours is looked at. */
    if (code == CURLM_OK)
        code = curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, 0L);
    if (code == CURLM_OK)
        code = curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, 0L);
    if (code == CURLM_OK)
        return multi;
    (void)repay_curl_fail(error, REPAY_KIND_CONFIG, curl_multi_strerror(code));
    (void)curl_multi_cleanup(multi);
    return NULL;
}
