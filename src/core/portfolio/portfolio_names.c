/*
 * Blocks of texts, and numbers for the short list of names among them; portfolio_names.h.
 */
#include "portfolio_names.h"

#include "array.h"
#include "text_hash.h"

#define HEAD 2u /* bytes of a text's length, low byte first */

void repay_names_init(struct repay_names *names, const struct repay_allocator *allocator)
{
    *names = (struct repay_names){.allocator = allocator};
    repay_number_map_init(&names->by_hash, allocator);
}

void repay_names_free(struct repay_names *names)
{
    const struct repay_allocator *allocator = names->allocator;

    repay_number_map_free(&names->by_hash);
    for (uint32_t i = 0; i < names->block_count; i++)
        repay_release(allocator, names->blocks[i], REPAY_NAMES_BLOCK);
    repay_release(allocator, names->blocks, names->block_room * sizeof *names->blocks);
    repay_release(allocator, names->names, names->name_room * sizeof *names->names);
    repay_names_init(names, allocator);
}

size_t repay_names_memory(const struct repay_names *names)
{
    return names->by_hash.capacity * sizeof *names->by_hash.slots +
           names->block_room * sizeof *names->blocks + names->name_room * sizeof *names->names +
           (size_t)names->block_count * REPAY_NAMES_BLOCK;
}

static bool add_block(struct repay_names *names)
{
    unsigned char *block;

    if (!repay_array_make_room(names->allocator, &names->blocks, sizeof *names->blocks,
                               names->block_count, &names->block_room))
        return false;
    if (names->block_count == UINT32_MAX / REPAY_NAMES_BLOCK)
        return false;
    block = repay_allocate(names->allocator, REPAY_NAMES_BLOCK);
    if (!block)
        return false;
    names->blocks[names->block_count++] = block;
    names->used = 0;
    return true;
}

uint32_t repay_names_keep(struct repay_names *names, struct repay_text text)
{
    uint32_t size = (uint32_t)text.length + HEAD;
    unsigned char *at;

    if (text.length > REPAY_NAME_MAX)
        return REPAY_NAME_NONE;
    if ((names->block_count == 0 || names->used + size > REPAY_NAMES_BLOCK) && !add_block(names))
        return REPAY_NAME_NONE;
    at = names->blocks[names->block_count - 1] + names->used;
    at[0] = (unsigned char)(text.length & 0xff);
    at[1] = (unsigned char)(text.length >> 8);
    if (text.length > 0)
        memcpy(at + HEAD, text.data, text.length);
    names->used += size;
    return (names->block_count - 1) * REPAY_NAMES_BLOCK + names->used - size;
}

struct repay_text repay_names_at(const struct repay_names *names, uint32_t place)
{
    const unsigned char *at = names->blocks[place / REPAY_NAMES_BLOCK] + place % REPAY_NAMES_BLOCK;

    return (struct repay_text){(const char *)at + HEAD, at[0] | (size_t)at[1] << 8};
}

struct repay_text repay_names_text(const struct repay_names *names, uint32_t number)
{
    return number == 0 ? REPAY_TEXT("") : repay_names_at(names, names->names[number].place);
}

static uint64_t hash_of(const struct repay_names *names, struct repay_text text)
{
    return repay_text_hash((uintptr_t)names, (uintptr_t)names->allocator, text);
}

/* Walks the names of one hash; *last gets the last of them. */
static uint32_t find_in_chain(const struct repay_names *names, uint32_t first,
                              struct repay_text text, uint32_t *last)
{
    for (uint32_t number = first; number != REPAY_NAME_NONE; number = names->names[number].next) {
        *last = number;
        if (repay_text_equal(repay_names_text(names, number), text))
            return number;
    }
    return REPAY_NAME_NONE;
}

uint32_t repay_names_find(const struct repay_names *names, struct repay_text text)
{
    uint32_t last;

    if (text.length == 0)
        return 0;
    /* REPAY_NUMBER_MAP_NONE and REPAY_NAME_NONE are the same number. */
    return find_in_chain(names, repay_number_map_find(&names->by_hash, hash_of(names, text)), text,
                         &last);
}

static bool make_room(struct repay_names *names)
{
    if (!repay_array_make_room(names->allocator, &names->names, sizeof *names->names,
                               names->name_count, &names->name_room))
        return false;
    if (names->name_count == 0)
        names->names[names->name_count++] = (struct repay_name){0, REPAY_NAME_NONE};
    return true;
}

uint32_t repay_names_enter(struct repay_names *names, struct repay_text text)
{
    uint32_t last = REPAY_NAME_NONE;
    uint32_t number, place, first;

    if (text.length == 0)
        return 0;
    number = repay_names_find(names, text);
    if (number != REPAY_NAME_NONE)
        return number;
    if (names->name_count > REPAY_NAMES_MAX || !make_room(names))
        return REPAY_NAME_NONE;
    place = repay_names_keep(names, text);
    if (place == REPAY_NAME_NONE)
        return REPAY_NAME_NONE;
    number = names->name_count;
    first = repay_number_map_enter(&names->by_hash, hash_of(names, text), number);
    if (first == REPAY_NUMBER_MAP_NONE)
        return REPAY_NAME_NONE; /* the kept bytes stay unused: memory is short, order is not */
    names->names[names->name_count++] = (struct repay_name){place, REPAY_NAME_NONE};
    if (first != number) {
        (void)find_in_chain(names, first, text, &last);
        names->names[last].next = number;
    }
    return number;
}
