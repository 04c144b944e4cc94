/*
 * Growing arrays; see array.h. Owns the one place that asks for their memory.
 */
#include "array.h"

#include <string.h>

bool repay_array_resize(const struct repay_allocator *allocator, void *array_of, size_t item_size,
                        uint32_t *room, uint32_t wanted)
{
    void *array;

    memcpy(&array, array_of, sizeof array);
    array = repay_resize(allocator, array, *room * item_size, wanted * item_size);
    if (!array)
        return false;
    memcpy(array_of, &array, sizeof array);
    *room = wanted;
    return true;
}
