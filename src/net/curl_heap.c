/*
 * Owns what is kept between two transfers, and which engine's turn it is in a thread. Refuses to
 * keep what it cannot tell the size of: then, and outside of an engine's turn, this is malloc.
 */
#include "curl_heap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <malloc.h>
#endif

/* CURLOPT_BUFFERSIZE as libcurl has it by itself, and a little that versions add. */
#define BUFFER_MIN ((size_t)16 << 10)
#define BUFFER_MAX (BUFFER_MIN + 64)

/* A freed piece that a sanitizer cannot tell from a used one would hide faults from it. */
#if defined(__SANITIZE_ADDRESS__) || !defined(__linux__)
#define KEEPS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS 0
#endif
#endif
#ifndef KEEPS
#define KEEPS 1
#endif

/* It is read eighty times for a call; glibc keeps room for it where no function has to be asked. */
#ifdef __GLIBC__
__attribute__((tls_model("initial-exec")))
#endif
static _Thread_local struct repay_curl_heap *current;

/* How much a piece of malloc's has room for; 0 where that is not told. */
static size_t usable_size(void *piece)
{
#ifdef __linux__
    return malloc_usable_size(piece);
#else
    (void)piece;
    return 0;
#endif
}

static void *take_from(struct repay_curl_heap *heap, void **list, size_t size)
{
    void *piece = *list;

    memcpy(list, piece, sizeof(*list));
    heap->size -= size;
    return piece;
}

/* The list that pieces for so many bytes are in, or NULL; and how large those are at least. */
static void **list_for(struct repay_curl_heap *heap, size_t size, size_t *room)
{
    size_t class = (size + REPAY_CURL_HEAP_STEP - 1) / REPAY_CURL_HEAP_STEP;

    if (class >= 1 && class <= REPAY_CURL_HEAP_CLASSES) {
        *room = class * REPAY_CURL_HEAP_STEP;
        return &heap->kept[class];
    }
    *room = BUFFER_MAX;
    return size >= BUFFER_MIN && size <= BUFFER_MAX ? &heap->buffers : NULL;
}

static void *get(size_t size)
{
    size_t room = 0;
    void **list = current ? list_for(current, size, &room) : NULL;

    if (!list)
        return malloc(size > 0 ? size : 1);
    return *list ? take_from(current, list, room) : malloc(room);
}

/* By what the piece has room for, which is never less than what it was asked for. */
static void **list_of(struct repay_curl_heap *heap, size_t usable, size_t *room)
{
    size_t class = usable / REPAY_CURL_HEAP_STEP;

    if (class >= 1 && class <= REPAY_CURL_HEAP_CLASSES) {
        *room = class * REPAY_CURL_HEAP_STEP;
        return &heap->kept[class];
    }
    *room = BUFFER_MAX;
    return usable >= BUFFER_MAX && usable < BUFFER_MAX + 64 ? &heap->buffers : NULL;
}

static void put(void *piece)
{
    size_t room = 0;
    void **list;

    /* More than half of what libcurl frees is nothing. */
    if (!piece)
        return;
    list = current ? list_of(current, usable_size(piece), &room) : NULL;
    if (!list || current->size + room > REPAY_CURL_HEAP_MAX) {
        free(piece);
        return;
    }
    memcpy(piece, list, sizeof(*list));
    *list = piece;
    current->size += room;
}

static void *get_zeroed(size_t count, size_t size)
{
    void *piece;

    if (!current || (size > 0 && count > SIZE_MAX / size))
        return calloc(count, size);
    piece = get(count * size);
    return piece ? memset(piece, 0, count * size) : NULL;
}

static void *get_more(void *piece, size_t size)
{
    size_t room = piece && current ? usable_size(piece) : 0;
    void *larger;

    if (room == 0)
        return piece ? realloc(piece, size) : get(size);
    if (size > 0 && size <= room)
        return piece;
    larger = get(size);
    if (!larger)
        return NULL;
    memcpy(larger, piece, room < size ? room : size);
    put(piece);
    return larger;
}

static char *get_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = get(size);

    return copy ? memcpy(copy, text, size) : NULL;
}

CURLcode repay_curl_heap_start_library(void)
{
    if (!KEEPS)
        return curl_global_init(CURL_GLOBAL_ALL);
    return curl_global_init_mem(CURL_GLOBAL_ALL, get, put, get_more, get_copy, get_zeroed);
}

void repay_curl_heap_enter(struct repay_curl_heap *heap)
{
    current = heap;
}

void repay_curl_heap_leave(void)
{
    current = NULL;
}

static void free_list(void **list)
{
    while (*list) {
        void *piece = *list;

        memcpy(list, piece, sizeof(*list));
        free(piece);
    }
}

void repay_curl_heap_free(struct repay_curl_heap *heap)
{
    for (size_t i = 0; i <= REPAY_CURL_HEAP_CLASSES; i++)
        free_list(&heap->kept[i]);
    free_list(&heap->buffers);
    heap->size = 0;
}
