/*
 * Texts of a portfolio, each kept once and known by a small number: providers, environments,
 * labels, currencies, tags, and sets of tags (which are texts of numbers). Long loan ids are kept
 * here too, without a number.
 */
#ifndef REPAY_PORTFOLIO_NAMES_H
#define REPAY_PORTFOLIO_NAMES_H

#include "number_map.h"
#include "text.h"

#define REPAY_NAMES_BLOCK (8u << 10)
#define REPAY_NAME_MAX    1024  /* a loan id; every other text has a lower ceiling of its own */
#define REPAY_NAMES_MAX   65535 /* a number has 16 bits; place 0 is the empty text */
#define REPAY_NAME_NONE   UINT32_MAX

struct repay_name {
    uint32_t place;
    uint32_t next; /* another name with the same hash, or REPAY_NAME_NONE */
};

struct repay_names {
    const struct repay_allocator *allocator;
    struct repay_number_map by_hash;
    unsigned char **blocks;
    struct repay_name *names;
    uint32_t block_count, block_room;
    uint32_t name_count, name_room;
    uint32_t used; /* bytes of the last block */
};

void repay_names_init(struct repay_names *names, const struct repay_allocator *allocator);
/* Safe twice. */
void repay_names_free(struct repay_names *names);
size_t repay_names_memory(const struct repay_names *names);
/* The text's number; entered where it is new. REPAY_NAME_NONE: no memory, or too many. */
uint32_t repay_names_enter(struct repay_names *names, struct repay_text text);
/* The number of the text, or REPAY_NAME_NONE when it was never entered. */
uint32_t repay_names_find(const struct repay_names *names, struct repay_text text);
struct repay_text repay_names_text(const struct repay_names *names, uint32_t number);

/* Keeps a text of at most REPAY_NAME_MAX bytes. REPAY_NAME_NONE when there is no memory. */
uint32_t repay_names_keep(struct repay_names *names, struct repay_text text);
struct repay_text repay_names_at(const struct repay_names *names, uint32_t place);

#endif
