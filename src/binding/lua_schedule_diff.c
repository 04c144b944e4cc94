/*
 * s:diff(older): what changed from an earlier answer to the same question.
 *
 *   counts                     how many rows of each kind
 *   unchanged                  how many are as before
 *   by_date                    rows were matched by due date, because their number changed
 *   reordered                  rows that both have stand in another order
 *   older, newer               { fetched_on, fetched_at_unix_ms, rows }
 *   entries                    a list, one for each row that is not as before
 *   patch                      bytes for repay.apply, which carry what the newer rows hold
 *
 * An entry has
 *
 *   kinds                      a list of new, gone, paid, partly_paid, rescheduled, repriced,
 *                              penalty_added, status_changed, changed
 *   position, old_position, loan_id, number, due_date, by_date
 *   before, after              every value that differs, by the names of a row; all of them for
 *                              rows that are new or gone
 *
 * Another provider, account, subject or currency, or a later fetch, is nil and an error.
 */
#include "schedule_diff.h"

#include "lua_class.h"
#include "lua_columns.h"
#include "lua_figures.h"
#include "lua_holder.h"
#include "lua_row.h"
#include "lua_schedule.h"
#include "measure.h"

struct comparison {
    const struct repay_schedule *newer;
    const struct repay_schedule *older;
    const struct repay_diff *diff;
    unsigned column_count;
    struct repay_lua_column columns[REPAY_LUA_NAMES_MAX];
};

static void push_kinds(lua_State *L, uint32_t kinds)
{
    int count = 0;

    lua_createtable(L, 2, 0);
    for (int kind = 0; kind < REPAY_CHANGE_KIND_COUNT; kind++) {
        if ((kinds >> kind & 1) == 0)
            continue;
        lua_pushstring(L, repay_change_name((enum repay_change_kind)kind));
        lua_rawseti(L, -2, ++count);
    }
}

static void set_extra(lua_State *L, const struct repay_schedule *schedule, uint32_t row)
{
    struct repay_text extra = repay_schedule_extra(schedule, row);

    if (extra.length == 0)
        return;
    repay_lua_push_members(L, extra);
    lua_setfield(L, -2, "extra");
}

/* Every value of a row that is new or gone. */
static void push_whole(lua_State *L, const struct comparison *comparison,
                       const struct repay_schedule *schedule, uint32_t row)
{
    lua_createtable(L, 0, (int)comparison->column_count);
    for (unsigned i = 0; i < comparison->column_count; i++) {
        repay_lua_push_column(L, schedule, &comparison->columns[i], row);
        lua_setfield(L, -2, comparison->columns[i].name);
    }
    set_extra(L, schedule, row);
}

/* Pushes two tables: the values before and after, where they differ. */
static void push_both(lua_State *L, const struct comparison *comparison,
                      const struct repay_change *change)
{
    int before, after;

    lua_createtable(L, 0, 4);
    lua_createtable(L, 0, 4);
    after = lua_gettop(L);
    before = after - 1;
    for (unsigned i = 0; i < comparison->column_count; i++) {
        const struct repay_lua_column *column = &comparison->columns[i];

        repay_lua_push_column(L, comparison->older, column, change->old_row);
        repay_lua_push_column(L, comparison->newer, column, change->new_row);
        if (lua_rawequal(L, -1, -2)) {
            lua_pop(L, 2);
            continue;
        }
        lua_setfield(L, after, column->name);
        lua_setfield(L, before, column->name);
    }
    if (change->extra_changed) {
        set_extra(L, comparison->newer, change->new_row);
        lua_pushvalue(L, before);
        set_extra(L, comparison->older, change->old_row);
        lua_pop(L, 1);
    }
}

static void push_entry(lua_State *L, const struct comparison *comparison,
                       const struct repay_change *change)
{
    bool is_new = change->old_row == REPAY_NO_ROW;
    bool is_gone = change->new_row == REPAY_NO_ROW;
    const struct repay_schedule *schedule = is_gone ? comparison->older : comparison->newer;
    uint32_t row = is_gone ? change->old_row : change->new_row;
    int32_t number = repay_schedule_number(schedule, row);

    lua_createtable(L, 0, 9);
    push_kinds(L, change->kinds);
    lua_setfield(L, -2, "kinds");
    repay_lua_set_text(L, "loan_id", repay_schedule_loan_id(schedule, row));
    if (number != REPAY_COUNT_ABSENT)
        repay_lua_set_integer(L, "number", number);
    repay_lua_set_day(L, "due_date", repay_schedule_day(schedule, row));
    if (!is_gone)
        repay_lua_set_count(L, "position", (uint64_t)change->new_row + 1);
    if (!is_new)
        repay_lua_set_count(L, "old_position", (uint64_t)change->old_row + 1);
    repay_lua_set_flag(L, "by_date", comparison->diff->by_date);
    if (is_new || is_gone) {
        push_whole(L, comparison, schedule, row);
        lua_setfield(L, -2, is_new ? "after" : "before");
        return;
    }
    push_both(L, comparison, change);
    lua_setfield(L, -3, "after");
    lua_setfield(L, -2, "before");
}

static void set_side(lua_State *L, const char *name, const struct repay_schedule *schedule)
{
    lua_createtable(L, 0, 3);
    repay_lua_set_day(L, "fetched_on", repay_schedule_fetched_day(schedule));
    repay_lua_set_integer(L, "fetched_at_unix_ms", schedule->fetched_at_unix_ms);
    repay_lua_set_count(L, "rows", schedule->rows);
    lua_setfield(L, -2, name);
}

static void push_diff(lua_State *L, const struct comparison *comparison)
{
    const struct repay_diff *diff = comparison->diff;

    lua_createtable(L, 0, 9);
    repay_lua_set_word(L, "currency", comparison->newer->currency);
    repay_lua_set_count(L, "unchanged", diff->unchanged);
    repay_lua_set_flag(L, "by_date", diff->by_date);
    repay_lua_set_flag(L, "reordered", diff->reordered);
    set_side(L, "older", comparison->older);
    set_side(L, "newer", comparison->newer);
    lua_createtable(L, 0, REPAY_CHANGE_KIND_COUNT);
    for (int kind = 0; kind < REPAY_CHANGE_KIND_COUNT; kind++)
        repay_lua_set_count(L, repay_change_name((enum repay_change_kind)kind), diff->counts[kind]);
    lua_setfield(L, -2, "counts");
    lua_createtable(L, (int)diff->count, 0);
    for (uint32_t i = 0; i < diff->count; i++) {
        push_entry(L, comparison, &diff->changes[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "entries");
    lua_pushlstring(L, diff->patch.data, diff->patch.length);
    lua_setfield(L, -2, "patch");
}

static void release_diff(void *content)
{
    struct repay_diff *diff = content;

    if (diff->allocator)
        repay_diff_free(diff);
}

static int diff_schedules(lua_State *L)
{
    struct comparison comparison = {.newer = repay_lua_check_schedule(L, 1),
                                    .older = repay_lua_check_schedule(L, 2)};
    struct repay_diff *diff;
    struct repay_error error;

    lua_settop(L, 2);
    diff = repay_lua_hold(L, sizeof *diff, release_diff);
    repay_diff_init(diff, &repay_lua_state_of(L)->allocator);
    if (!repay_schedule_diff(comparison.newer, comparison.older, diff, &error)) {
        repay_lua_holder_end(L, 3);
        return repay_lua_figures_failure(L, comparison.newer, "diff", &error, NULL);
    }
    comparison.diff = diff;
    comparison.column_count = repay_lua_columns(comparison.newer->layout, comparison.columns);
    push_diff(L, &comparison);
    repay_lua_holder_end(L, 3);
    return 1;
}

const luaL_Reg repay_lua_diff_methods[] = {
    {"diff", diff_schedules},
    {NULL, NULL},
};
