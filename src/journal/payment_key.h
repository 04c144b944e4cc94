/*
 * Keys and ids: which bytes make two payments the same, and the UUIDs made of them.
 *
 * A derived key is a UUIDv8 over SHA-256 of the natural fields, in a canonical form: a version tag,
 * then every field in fixed order with its length before it, so that no two lists of fields have
 * the same bytes. Only what was given enters: an absent field has a mark of its own. Random keys
 * and the ids of entries are UUIDv7 and grow even where the clock steps back.
 */
#ifndef REPAY_PAYMENT_KEY_H
#define REPAY_PAYMENT_KEY_H

#include "entry.h"

/*
 * Cuts blanks from both ends of every text; an empty one counts as absent. UUIDs become lower case
 * while they are hashed. `key` gets REPAY_UUID_TEXT bytes and a terminator.
 */
void repay_payment_key(const struct repay_natural *natural,
                       unsigned char natural_key[REPAY_DIGEST_SIZE], char key[REPAY_UUID_TEXT + 1]);
/* Blanks, tabs and line ends cut from both ends. */
struct repay_text repay_text_trimmed(struct repay_text text);

/* The last moment and counter of one maker of UUIDv7; zero at the start. */
struct repay_uuid_clock {
    int64_t ms;
    uint32_t counter; /* 12 bits in use */
};

/* `chance`: ten bytes from the system. Later ones of the same clock compare greater. */
void repay_uuid_v7(struct repay_uuid_clock *clock, int64_t unix_ms, const unsigned char chance[10],
                   char out[REPAY_UUID_TEXT + 1]);

#endif
