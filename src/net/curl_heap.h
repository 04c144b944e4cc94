/*
 * The memory that libcurl lets go of at the end of a transfer and wants again for the next.
 *
 * It takes some forty pieces for each, a receive buffer of 16 KiB among them. With many transfers
 * in a row the C library hands most of those through its slow paths, and gives the heap's end back
 * to the system only to fault it in again: a tenth of a call. An engine keeps them instead.
 *
 * Every piece is one of malloc's own, so whoever frees it may do so with or without an engine, in
 * whatever thread, and a piece that is kept is found by everything that watches a heap.
 */
#ifndef REPAY_CURL_HEAP_H
#define REPAY_CURL_HEAP_H

#include <curl/curl.h>
#include <stddef.h>

#define REPAY_CURL_HEAP_STEP    16
#define REPAY_CURL_HEAP_CLASSES 128 /* up to 2 KiB; libcurl's largest struct of a transfer fits */
/* What one engine keeps at most: the receive buffers of 240 transfers, or less of everything. */
#define REPAY_CURL_HEAP_MAX     ((size_t)4 << 20)

struct repay_curl_heap {
    void *kept[REPAY_CURL_HEAP_CLASSES + 1]; /* by size in steps, each holding the next */
    void *buffers;                           /* the same, of receive buffers */
    size_t size;                             /* of all that is kept */
};

/* Starts libcurl with memory that can be kept; where others have started it, it has theirs. */
CURLcode repay_curl_heap_start_library(void);
/*
 * From here to leave() what libcurl frees in this thread is kept in this heap, and taken out of it
 * first. Not nested. A heap of zeros is empty.
 */
void repay_curl_heap_enter(struct repay_curl_heap *heap);
void repay_curl_heap_leave(void);
/* Gives everything back. Safe twice. */
void repay_curl_heap_free(struct repay_curl_heap *heap);

#endif
