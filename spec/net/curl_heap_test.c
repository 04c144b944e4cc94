/*
 * What an engine's heap keeps and gives out again, through libcurl's own ways to ask for memory.
 */
#include "check.h"
#include "curl_heap.h"

#include <pthread.h>
#include <stdlib.h>

/* A list of so many entries: two pieces each, of libcurl's own making and freeing. */
static struct curl_slist *list_of(unsigned count)
{
    struct curl_slist *list = NULL;

    for (unsigned i = 0; i < count; i++) {
        struct curl_slist *longer = curl_slist_append(list, "a line of no special length");

        if (!longer)
            abort();
        list = longer;
    }
    return list;
}

static bool keeps_anything(void)
{
    struct repay_curl_heap heap = {.size = 0};
    bool keeps;

    repay_curl_heap_enter(&heap);
    curl_slist_free_all(list_of(1));
    repay_curl_heap_leave();
    keeps = heap.size > 0;
    repay_curl_heap_free(&heap);
    return keeps;
}

static void what_is_freed_in_its_turn_is_given_out_again(void)
{
    struct repay_curl_heap heap = {.size = 0};
    struct curl_slist *list;
    size_t kept;

    repay_curl_heap_enter(&heap);
    list = list_of(100);
    CHECK_INT(heap.size, 0);
    curl_slist_free_all(list);
    kept = heap.size;
    CHECK(kept >= 100 * (sizeof(struct curl_slist) + sizeof("a line of no special length")));
    list = list_of(100);
    /* Not all: the C library gave a little more for some than was asked for. */
    CHECK(heap.size < kept / 2);
    CHECK_TEXT(list->data, "a line of no special length");
    curl_slist_free_all(list);
    CHECK(heap.size >= kept);
    repay_curl_heap_leave();
    repay_curl_heap_free(&heap);
    CHECK_INT(heap.size, 0);
    repay_curl_heap_free(&heap);
}

static void outside_of_a_turn_nothing_is_kept(void)
{
    struct repay_curl_heap heap = {.size = 0};
    struct curl_slist *list;

    repay_curl_heap_enter(&heap);
    list = list_of(10);
    repay_curl_heap_leave();
    curl_slist_free_all(list);
    CHECK_INT(heap.size, 0);
    list = list_of(10);
    repay_curl_heap_enter(&heap);
    curl_slist_free_all(list);
    repay_curl_heap_leave();
    CHECK(heap.size > 0);
    repay_curl_heap_free(&heap);
}

static void *free_elsewhere(void *list)
{
    curl_slist_free_all(list);
    return NULL;
}

static void another_thread_has_no_turn(void)
{
    struct repay_curl_heap heap = {.size = 0};
    pthread_t thread;

    repay_curl_heap_enter(&heap);
    CHECK_INT(pthread_create(&thread, NULL, free_elsewhere, list_of(10)), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(heap.size, 0);
    repay_curl_heap_leave();
    repay_curl_heap_free(&heap);
}

static void more_than_the_ceiling_is_given_back(void)
{
    struct repay_curl_heap heap = {.size = REPAY_CURL_HEAP_MAX - 8 * REPAY_CURL_HEAP_STEP};

    repay_curl_heap_enter(&heap);
    curl_slist_free_all(list_of(50));
    repay_curl_heap_leave();
    CHECK(heap.size <= REPAY_CURL_HEAP_MAX);
    CHECK(heap.size > REPAY_CURL_HEAP_MAX - 8 * REPAY_CURL_HEAP_STEP);
    repay_curl_heap_free(&heap);
}

/* A text that grows in libcurl's hands comes out whole, whatever pieces were kept before. */
static void a_piece_that_grows_keeps_what_is_in_it(void)
{
    struct repay_curl_heap heap = {.size = 0};
    char name[3000], *text = NULL;

    memset(name, ' ', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    repay_curl_heap_enter(&heap);
    for (int length = 1; length < 3000; length += 97) {
        text = curl_easy_escape(NULL, name, length);
        CHECK(text && strlen(text) == 3 * (size_t)length);
        for (int i = 0; text && i < length; i++)
            CHECK(memcmp(text + (size_t)i * 3, "%20", 3) == 0);
        curl_free(text);
    }
    repay_curl_heap_leave();
    repay_curl_heap_free(&heap);
}

int main(void)
{
    CHECK_INT(repay_curl_heap_start_library(), CURLE_OK);
    /* Under a sanitizer nothing is kept, so that it sees every piece freed. */
    if (keeps_anything()) {
        what_is_freed_in_its_turn_is_given_out_again();
        outside_of_a_turn_nothing_is_kept();
        more_than_the_ceiling_is_given_back();
    }
    another_thread_has_no_turn();
    a_piece_that_grows_keeps_what_is_in_it();
    return CHECK_REPORT();
}
