/*
 * Arrays that grow while items come: one rule for all of them.
 *
 * The array's pointer is given by its address, as a void pointer, because C has no pointer to
 * pointers of any type; it is read and written as bytes.
 */
#ifndef REPAY_ARRAY_H
#define REPAY_ARRAY_H

#include <stdbool.h>
#include <stdint.h>

#include "allocator.h"

/* Room for so many items. False, and nothing changed, when there is no memory. */
bool repay_array_resize(const struct repay_allocator *allocator, void *array_of, size_t item_size,
                        uint32_t *room, uint32_t wanted);

/* Room for one item behind `count` of them: it doubles from 8 on. Otherwise the same. */
static inline bool repay_array_make_room(const struct repay_allocator *allocator, void *array_of,
                                         size_t item_size, uint32_t count, uint32_t *room)
{
    return count < *room ||
           repay_array_resize(allocator, array_of, item_size, room, *room < 8 ? 8 : *room * 2);
}

#endif
