/*
 * "Did you mean …?": the nearest of some names to a misspelt one.
 *
 * Near means few edits for the length of the word: a suggestion that is only vaguely alike would
 * mislead more than none.
 */
#ifndef REPAY_LUA_SUGGEST_H
#define REPAY_LUA_SUGGEST_H

#include "lua_compat.h"

#define REPAY_LUA_WORD_MAX 40 /* the longest name of ours has 27 bytes */

struct repay_lua_guess {
    const char *word;
    size_t length;
    const char *best; /* NULL: nothing near enough yet */
    unsigned distance;
};

/* Borrows the word. */
void repay_lua_guess_begin(struct repay_lua_guess *guess, const char *word, size_t length);
/* Borrows the candidate until the guess is over. */
void repay_lua_guess_try(struct repay_lua_guess *guess, const char *candidate);
/* Tries every string key of a table. Pushes nothing, raises nothing. */
void repay_lua_guess_keys(struct repay_lua_guess *guess, lua_State *L, int table);
/* Raises "<subject> <complaint> '<word>' (did you mean '<best>'?)" at the caller's line. */
int repay_lua_guess_raise(const struct repay_lua_guess *guess, lua_State *L, const char *subject,
                          const char *complaint);
/* suggest(word, names): the nearest of the list, or nil. */
int repay_lua_suggest(lua_State *L);

#endif
