/*
 * What the methods that compute figures share: their options and their results.
 *
 * How every result looks. A plain table; amounts are integers in minor units and end in `_minor`,
 * days are YYYY-MM-DD. A figure that cannot be known is nil. For each figure that is nil, and for
 * no other:
 *
 *   result.reasons[name]   the fixed word that says why
 *   result.known[name]     { known_minor, known_rows, missing_rows }: what is known all the same;
 *                          of a count { known, missing }
 *
 * Both tables are always there. Results as of a day also have
 *
 *   as_of, fetched_on      days; balances are those of the fetch, whatever as_of is
 *   balances               "balances as fetched on 2026-11-20"
 *   warnings               a list of { word, message }, empty when there is nothing to warn of
 *   currency, decimals     of every amount in the result
 *
 * Misuse (an unknown option, a wrong type, a day that is none, a closed object) raises at the
 * caller's line; sums that cannot be held exactly and lack of memory are nil and an error.
 */
#ifndef REPAY_LUA_FIGURES_H
#define REPAY_LUA_FIGURES_H

#include "lua_fields.h"
#include "schedule_ageing.h"

/*
 * Checks that the value at `index` is nothing or a table with no other names than these, and makes
 * it a table. `where` is "schedule:totals".
 */
void repay_lua_check_options(lua_State *L, int index, const char *where, const char *const *names);
/* The day in an option; false when it is not given. Raises for what is no day. */
bool repay_lua_day_option(lua_State *L, int table, const char *where, const char *name,
                          int32_t *day);
/* A whole number in an option, from `least` to `most`; `preset` when it is not given. */
int64_t repay_lua_count_option(lua_State *L, int table, const char *where, const char *name,
                               int64_t least, int64_t most, int64_t preset);
/* An option that is true or false; false when it is not given. */
bool repay_lua_flag_option(lua_State *L, int table, const char *where, const char *name);
/* The text of an option, data NULL when it is not given. */
struct repay_text repay_lua_word_option(lua_State *L, int table, const char *where,
                                        const char *name);
/* The day of option as_of, else today in the schedule's zone; raises when there is neither. */
int32_t repay_lua_as_of(lua_State *L, int table, const char *where,
                        const struct repay_schedule *schedule);
/* The ends in option `buckets`, else 30, 60, 90, 180. Raises for what are no ends. */
void repay_lua_ages_option(lua_State *L, int table, const char *where, struct repay_ages *ages);

/* Pushes a result with reasons, known and what is true of the schedule as of the day. */
void repay_lua_push_figures(lua_State *L, const struct repay_schedule *schedule, int32_t as_of);

/* Fields of the table on top of the stack, which was pushed like that. */
void repay_lua_set_reason(lua_State *L, const char *name, const char *reason);
/* The figure where the sum is complete; else its reason, and what is known of it. */
void repay_lua_set_sum(lua_State *L, const char *name, const struct repay_sum *sum,
                       const char *reason);
/* The count where nothing is missing; else its reason, and known[name] = { known, missing }. */
void repay_lua_set_known_count(lua_State *L, const char *name, uint64_t known, uint64_t missing,
                               const char *reason);
/* Adds { word, message } to the list `warnings`. */
void repay_lua_add_warning(lua_State *L, const char *word, const char *message);

/* Option `by` of ageing: whether it says "loan". */
bool repay_lua_by_loan_option(lua_State *L, int table, const char *where);
/* Fields `buckets` and `outstanding_minor`, as lua_schedule_figures.c describes them. */
void repay_lua_set_ageing(lua_State *L, const struct repay_ages *ages,
                          const struct repay_ageing *ageing, const char *reason);

/* nil and the error of a question about the schedule, with a reason where there is one. */
int repay_lua_figures_failure(lua_State *L, const struct repay_schedule *schedule,
                              const char *method, const struct repay_error *error,
                              const char *reason);

extern const luaL_Reg repay_lua_figure_methods[];   /* lua_schedule_figures.c */
extern const luaL_Reg repay_lua_check_methods[];    /* lua_schedule_check.c */
extern const luaL_Reg repay_lua_filter_methods[];   /* lua_schedule_filter.c */
extern const luaL_Reg repay_lua_allocate_methods[]; /* lua_schedule_allocate.c */
extern const luaL_Reg repay_lua_snapshot_methods[]; /* lua_schedule_snapshot.c: dump, load, apply */
extern const luaL_Reg repay_lua_diff_methods[];     /* lua_schedule_diff.c */

/* repay.load(bytes) and repay.apply(older, diff), in lua_schedule_snapshot.c. */
int repay_lua_schedule_load(lua_State *L);
int repay_lua_schedule_apply(lua_State *L);

#endif
