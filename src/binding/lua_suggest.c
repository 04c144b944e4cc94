/*
 * The nearest of some names: edit distance with neighbours swapped counting once.
 */
#include "lua_suggest.h"

#include <string.h>

#include "text.h"

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Both at most REPAY_LUA_WORD_MAX bytes, so three rows of the table are all the memory it takes. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][REPAY_LUA_WORD_MAX + 1];

    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *two_above = rows[(i + 1) % 3];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            char x = repay_text_lower(a[i - 1]);
            char y = repay_text_lower(b[j - 1]);

            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == repay_text_lower(b[j - 2]) &&
                y == repay_text_lower(a[i - 2]))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

void repay_lua_guess_begin(struct repay_lua_guess *guess, const char *word, size_t length)
{
    guess->word = word;
    guess->length = length;
    guess->best = NULL;
    /* One edit for short words, up to three for long ones; one more than that is "none yet". */
    guess->distance = (length < 5 ? 1 : length < 9 ? 2 : 3) + 1;
}

/* `total_due` for `total_due_minor`: what is missing is whole words at the end. */
static bool is_beginning(const struct repay_lua_guess *guess, const char *candidate, size_t length)
{
    return guess->length >= 3 && length > guess->length && candidate[guess->length] == '_' &&
           memcmp(candidate, guess->word, guess->length) == 0;
}

void repay_lua_guess_try(struct repay_lua_guess *guess, const char *candidate)
{
    size_t length = strlen(candidate);
    unsigned found;

    if (guess->length > REPAY_LUA_WORD_MAX || length > REPAY_LUA_WORD_MAX)
        return;
    found = is_beginning(guess, candidate, length)
                ? 1
                : distance(guess->word, guess->length, candidate, length);
    /* Equal distances are settled by the alphabet, because a table's order is no order. */
    if (found < guess->distance ||
        (found == guess->distance && guess->best && strcmp(candidate, guess->best) < 0)) {
        guess->distance = found;
        guess->best = candidate;
    }
}

void repay_lua_guess_keys(struct repay_lua_guess *guess, lua_State *L, int table)
{
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING)
            repay_lua_guess_try(guess, lua_tostring(L, -1));
    }
}

/* Names come from the caller's own source; still, a message is one line and of bounded length. */
static void copy_word(char *out, size_t room, const char *word, size_t length)
{
    size_t count = length < room - 1 ? length : room - 1;

    for (size_t i = 0; i < count; i++)
        out[i] = word[i] >= ' ' && word[i] <= '~' ? word[i] : '?';
    out[count] = '\0';
}

int repay_lua_guess_raise(const struct repay_lua_guess *guess, lua_State *L, const char *subject,
                          const char *complaint)
{
    char word[REPAY_LUA_WORD_MAX + 1];

    copy_word(word, sizeof word, guess->word, guess->length);
    if (guess->best)
        return luaL_error(L, "%s %s '%s' (did you mean '%s'?)", subject, complaint, word,
                          guess->best);
    return luaL_error(L, "%s %s '%s'", subject, complaint, word);
}

int repay_lua_suggest(lua_State *L)
{
    struct repay_lua_guess guess;
    size_t length;
    const char *word = luaL_checklstring(L, 1, &length);

    luaL_checktype(L, 2, LUA_TTABLE);
    repay_lua_guess_begin(&guess, word, length);
    for (int i = 1; i <= (int)lua_rawlen(L, 2); i++) {
        lua_rawgeti(L, 2, i);
        /* The list keeps the string alive after the pop. */
        if (lua_type(L, -1) == LUA_TSTRING)
            repay_lua_guess_try(&guess, lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    if (guess.best)
        lua_pushstring(L, guess.best);
    else
        lua_pushnil(L);
    return 1;
}
