/*
 * A buffer that is filled once its size is known, and wiped before it is filled again: what lies in
 * it are credentials.
 */
#ifndef REPAY_CURL_BUFFER_H
#define REPAY_CURL_BUFFER_H

#include "allocator.h"
#include "text.h"

struct repay_curl_buffer {
    char *data;
    size_t length;
    size_t capacity;
};

void repay_curl_buffer_wipe(struct repay_curl_buffer *buffer);
/* Wipes and frees. Safe twice. */
void repay_curl_buffer_free(const struct repay_allocator *allocator,
                            struct repay_curl_buffer *buffer);
/* Empties it and makes room; what was in it is wiped and gone. False without memory. */
bool repay_curl_buffer_reserve(const struct repay_allocator *allocator,
                               struct repay_curl_buffer *buffer, size_t size);
/* Both need room that was reserved. */
void repay_curl_buffer_put(struct repay_curl_buffer *buffer, struct repay_text text);
void repay_curl_buffer_end(struct repay_curl_buffer *buffer); /* a terminating NUL */

#endif
