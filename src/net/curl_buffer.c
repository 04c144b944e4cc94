/*
 * Owns nothing but the order of wiping and freeing: no byte that was put in here goes back to the
 * heap.
 */
#include "curl_buffer.h"

#include <string.h>

void repay_curl_buffer_wipe(struct repay_curl_buffer *buffer)
{
    if (buffer->length > 0)
        explicit_bzero(buffer->data, buffer->length);
    buffer->length = 0;
}

void repay_curl_buffer_free(const struct repay_allocator *allocator,
                            struct repay_curl_buffer *buffer)
{
    repay_curl_buffer_wipe(buffer);
    repay_release(allocator, buffer->data, buffer->capacity);
    *buffer = (struct repay_curl_buffer){NULL, 0, 0};
}

bool repay_curl_buffer_reserve(const struct repay_allocator *allocator,
                               struct repay_curl_buffer *buffer, size_t size)
{
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : 512;
    char *data;

    repay_curl_buffer_wipe(buffer);
    if (size <= buffer->capacity)
        return true;
    while (capacity < size)
        capacity *= 2;
    data = repay_allocate(allocator, capacity);
    if (!data)
        return false;
    repay_release(allocator, buffer->data, buffer->capacity);
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void repay_curl_buffer_put(struct repay_curl_buffer *buffer, struct repay_text text)
{
    if (text.length > 0)
        memcpy(buffer->data + buffer->length, text.data, text.length);
    buffer->length += text.length;
}

void repay_curl_buffer_end(struct repay_curl_buffer *buffer)
{
    buffer->data[buffer->length++] = '\0';
}
