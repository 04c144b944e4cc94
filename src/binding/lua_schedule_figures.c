/*
 * The schedule's figures as of a day: totals, overdue, next_due, upcoming, ageing, loans.
 *
 * lua_figures.h says what every result has. Beside that:
 *
 *   s:totals{ as_of }
 *     rows, late_rows
 *     principal_minor, interest_minor, penalty_minor, total_due_minor, paid_minor, overpaid_minor
 *                                     sums over all rows
 *     outstanding_minor               over those above zero
 *     overdue_minor                   of these, over those due before as_of
 *     undated_minor                   and over those without a due date
 *   s:overdue{ as_of, limit }
 *     overdue_minor, rows             what is late, and how many rows
 *     oldest_due_date, days_late      of the oldest
 *     undated_minor
 *   s:next_due{ as_of }
 *     due_date                        the earliest day from as_of on; nil: nothing is due any more
 *     next_due_minor, rows            all of that day
 *   s:upcoming{ days, as_of, limit }
 *     first_day, last_day             as_of, and `days` days later
 *     upcoming_minor, rows            due from the first to the last, both within
 *   s:ageing{ by, buckets, as_of }
 *     by                              "installment": each row at its own age; "loan": all of a loan
 *                                     at its oldest late row
 *     buckets                         a list of { label, from_days, to_days, outstanding_minor,
 *                                     count }
 *     outstanding_minor               over all of them
 *   s:loans{ as_of }
 *     a list of                       loan_id, rows, late_rows, outstanding_minor, overdue_minor
 *                                     (what brings it current), days_late, oldest_due_date,
 *                                     next_due_date, next_due_minor, outstanding_principal_minor,
 *                                     outstanding_principal_low_minor, state, reasons, known
 *
 * With `limit`, overdue and upcoming also have `list`: so many rows, earliest due first, each with
 * position, loan_id, number, due_date, days_late and outstanding_minor.
 */
#include "lua_class.h"
#include "lua_figures.h"
#include "lua_holder.h"
#include "lua_schedule.h"
#include "schedule_loans.h"
#include "schedule_totals.h"

#define LIST_MAX 10000 /* rows that a person or a page may ask for at once */

/* A sum of due rows, how many they are, and what has no due date beside them. */
static void set_due(lua_State *L, const struct repay_schedule *schedule, const char *name,
                    const char *rows_name, const struct repay_due *due)
{
    const char *reason = repay_lateness_reason(schedule->layout);

    repay_lua_set_sum(L, name, &due->sum, reason);
    repay_lua_set_known_count(L, rows_name, due->sum.known_rows, due->sum.missing_rows, reason);
    repay_lua_set_sum(L, "undated_minor", &due->undated, reason);
}

static int totals(lua_State *L)
{
    static const char *const names[] = {"as_of", NULL};
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);
    struct repay_totals sums;
    struct repay_error error;
    int32_t as_of;

    repay_lua_check_options(L, 2, "schedule:totals", names);
    as_of = repay_lua_as_of(L, 2, "schedule:totals", schedule);
    if (!repay_schedule_totals(schedule, as_of, &sums, &error))
        return repay_lua_figures_failure(L, schedule, "totals", &error, NULL);
    repay_lua_push_figures(L, schedule, as_of);
    repay_lua_set_count(L, "rows", sums.rows);
    for (int i = 0; i < REPAY_FIGURE_COUNT; i++) {
        enum repay_figure figure = (enum repay_figure)i;

        repay_lua_set_sum(L, repay_figure_name(figure), &sums.figures[i],
                          repay_figure_reason(schedule->layout, figure));
    }
    set_due(L, schedule, "overdue_minor", "late_rows", &sums.overdue);
    return 1;
}

static void push_due_row(lua_State *L, const struct repay_schedule *schedule, uint32_t row,
                         int32_t as_of)
{
    int32_t number = repay_schedule_number(schedule, row);
    int32_t day = repay_schedule_day(schedule, row);

    lua_createtable(L, 0, 6);
    repay_lua_set_count(L, "position", (uint64_t)row + 1);
    repay_lua_set_text(L, "loan_id", repay_schedule_loan_id(schedule, row));
    if (number != REPAY_COUNT_ABSENT)
        repay_lua_set_integer(L, "number", number);
    repay_lua_set_day(L, "due_date", day);
    repay_lua_set_integer(L, "days_late", day < as_of ? as_of - day : 0);
    repay_lua_set_integer(L, "outstanding_minor",
                          repay_schedule_figure(schedule, REPAY_FIGURE_OUTSTANDING, row));
}

/* Option `limit` as a list of rows in the result on top of the stack; not asked for, no list. */
static void set_list(lua_State *L, const struct repay_schedule *schedule, const char *where,
                     int32_t as_of, int32_t first, int32_t last)
{
    int64_t limit = repay_lua_count_option(L, 2, where, "limit", 0, LIST_MAX, -1);
    uint32_t *rows, count;

    if (limit < 0)
        return;
    rows = repay_lua_new_userdata(L, ((size_t)limit + 1) * sizeof *rows);
    repay_schedule_due_rows(schedule, first, last, rows, (uint32_t)limit, &count);
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 0; i < count; i++) {
        push_due_row(L, schedule, rows[i], as_of);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -3, "list");
    lua_pop(L, 1);
}

static int overdue(lua_State *L)
{
    static const char *const names[] = {"as_of", "limit", NULL};
    static const char where[] = "schedule:overdue";
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);
    struct repay_due due;
    struct repay_error error;
    int32_t as_of, oldest;

    repay_lua_check_options(L, 2, where, names);
    as_of = repay_lua_as_of(L, 2, where, schedule);
    if (!repay_schedule_due(schedule, REPAY_DAY_ABSENT + 1, as_of - 1, &due, &error))
        return repay_lua_figures_failure(L, schedule, "overdue", &error, NULL);
    repay_lua_push_figures(L, schedule, as_of);
    set_due(L, schedule, "overdue_minor", "rows", &due);
    oldest = repay_schedule_earliest(schedule, REPAY_DAY_ABSENT + 1, as_of - 1);
    if (oldest != REPAY_DAY_ABSENT) {
        repay_lua_set_day(L, "oldest_due_date", oldest);
        repay_lua_set_integer(L, "days_late", as_of - oldest);
    }
    set_list(L, schedule, where, as_of, REPAY_DAY_ABSENT + 1, as_of - 1);
    return 1;
}

static int next_due(lua_State *L)
{
    static const char *const names[] = {"as_of", NULL};
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);
    struct repay_next_due next;
    struct repay_error error;
    const char *reason;
    int32_t as_of;

    repay_lua_check_options(L, 2, "schedule:next_due", names);
    as_of = repay_lua_as_of(L, 2, "schedule:next_due", schedule);
    if (!repay_schedule_next_due(schedule, as_of, &next, &error))
        return repay_lua_figures_failure(L, schedule, "next_due", &error, NULL);
    reason = repay_lateness_reason(schedule->layout);
    repay_lua_push_figures(L, schedule, as_of);
    set_due(L, schedule, "next_due_minor", "rows", &next.due);
    if (repay_sum_is_known(&next.due.sum))
        repay_lua_set_day(L, "due_date", next.day);
    else
        repay_lua_set_reason(L, "due_date", reason);
    return 1;
}

static int upcoming(lua_State *L)
{
    static const char *const names[] = {"days", "as_of", "limit", NULL};
    static const char where[] = "schedule:upcoming";
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);
    struct repay_due due;
    struct repay_error error;
    int32_t as_of, last;

    repay_lua_check_options(L, 2, where, names);
    as_of = repay_lua_as_of(L, 2, where, schedule);
    last = as_of + (int32_t)repay_lua_count_option(L, 2, where, "days", 0, REPAY_DAYS_AHEAD_MAX, 7);
    if (last > REPAY_DAY_MAX)
        last = REPAY_DAY_MAX;
    if (!repay_schedule_due(schedule, as_of, last, &due, &error))
        return repay_lua_figures_failure(L, schedule, "upcoming", &error, NULL);
    repay_lua_push_figures(L, schedule, as_of);
    set_due(L, schedule, "upcoming_minor", "rows", &due);
    repay_lua_set_day(L, "first_day", as_of);
    repay_lua_set_day(L, "last_day", last);
    set_list(L, schedule, where, as_of, as_of, last);
    return 1;
}

static void release_loans(void *content)
{
    struct repay_loans *loans = content;

    if (loans->allocator)
        repay_loans_free(loans);
}

static struct repay_loans *hold_loans(lua_State *L)
{
    struct repay_loans *loans = repay_lua_hold(L, sizeof *loans, release_loans);

    repay_loans_init(loans, &repay_lua_state_of(L)->allocator);
    return loans;
}

/* "1-30": what a bucket is called; its ends beside it. */
static void set_bucket_ends(lua_State *L, const struct repay_ages *ages, uint32_t bucket)
{
    int from = bucket > 1 ? (int)ages->ends[bucket - 2] + 1 : 1;

    if (bucket == 0) {
        repay_lua_set_word(L, "label", "not late");
    } else if (bucket == repay_ages_undated(ages)) {
        repay_lua_set_word(L, "label", "undated");
    } else if (bucket <= ages->end_count) {
        repay_lua_set_integer(L, "from_days", from);
        repay_lua_set_integer(L, "to_days", ages->ends[bucket - 1]);
        if (from == (int)ages->ends[bucket - 1])
            (void)lua_pushfstring(L, "%d", from);
        else
            (void)lua_pushfstring(L, "%d-%d", from, (int)ages->ends[bucket - 1]);
        lua_setfield(L, -2, "label");
    } else {
        repay_lua_set_integer(L, "from_days", from);
        (void)lua_pushfstring(L, "%d+", from);
        lua_setfield(L, -2, "label");
    }
}

/* Fields `buckets` and `outstanding_minor` of the result on top of the stack. */
void repay_lua_set_ageing(lua_State *L, const struct repay_ages *ages,
                          const struct repay_ageing *ageing, const char *reason)
{
    repay_lua_set_sum(L, "outstanding_minor", &ageing->sum, reason);
    if (!repay_sum_is_known(&ageing->sum) && ageing->sum.known_rows == 0) {
        repay_lua_set_reason(L, "buckets", reason);
        return;
    }
    lua_createtable(L, (int)repay_ages_bucket_count(ages), 0);
    for (uint32_t i = 0; i < repay_ages_bucket_count(ages); i++) {
        lua_createtable(L, 0, 5);
        set_bucket_ends(L, ages, i);
        repay_lua_set_integer(L, "outstanding_minor", ageing->buckets[i].outstanding);
        repay_lua_set_count(L, "count", ageing->buckets[i].count);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "buckets");
}

bool repay_lua_by_loan_option(lua_State *L, int table, const char *where)
{
    struct repay_text by = repay_lua_word_option(L, table, where, "by");

    if (!by.data || repay_text_is(by, "installment"))
        return false;
    if (!repay_text_is(by, "loan"))
        (void)luaL_error(L, "%s: option 'by' must be \"installment\" or \"loan\"", where);
    return true;
}

static bool age_loans(lua_State *L, const struct repay_schedule *schedule, int32_t as_of,
                      const struct repay_ages *ages, struct repay_ageing *out,
                      struct repay_error *error)
{
    struct repay_loans *loans = hold_loans(L);
    bool done = repay_loans_gather(loans, schedule, as_of, NULL, error) &&
                repay_loans_ageing(loans, as_of, ages, out, error);

    repay_lua_holder_end(L, -1);
    lua_pop(L, 1);
    return done;
}

static int ageing(lua_State *L)
{
    static const char *const names[] = {"by", "buckets", "as_of", NULL};
    static const char where[] = "schedule:ageing";
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);
    struct repay_ages ages;
    struct repay_ageing sums;
    struct repay_error error;
    int32_t as_of;
    bool by_loan, done;

    repay_lua_check_options(L, 2, where, names);
    as_of = repay_lua_as_of(L, 2, where, schedule);
    by_loan = repay_lua_by_loan_option(L, 2, where);
    repay_lua_ages_option(L, 2, where, &ages);
    done = by_loan ? age_loans(L, schedule, as_of, &ages, &sums, &error)
                   : repay_schedule_ageing(schedule, as_of, &ages, &sums, &error);
    if (!done)
        return repay_lua_figures_failure(L, schedule, "ageing", &error, NULL);
    repay_lua_push_figures(L, schedule, as_of);
    repay_lua_set_word(L, "by", by_loan ? "loan" : "installment");
    repay_lua_set_ageing(L, &ages, &sums, repay_lateness_reason(schedule->layout));
    return 1;
}

static void set_loan_sum(lua_State *L, const char *name, int64_t minor,
                         const struct repay_loan *loan, uint32_t missing, const char *reason)
{
    struct repay_sum sum = {
        .minor = minor, .known_rows = loan->rows - loan->unknown_rows, .missing_rows = missing};

    repay_lua_set_sum(L, name, &sum, reason);
}

/* How late: known where no row of unknown amount or day can be later than what is known. */
static void set_days_late(lua_State *L, const struct repay_loan *loan, int32_t as_of,
                          const char *reason)
{
    bool late = loan->late_rows > 0;
    int64_t days = late ? as_of - loan->oldest_late_day : 0;

    repay_lua_set_day(L, "oldest_due_date", loan->oldest_late_day);
    if (loan->unknown_late_rows == 0 && (late || loan->undated_rows == 0)) {
        repay_lua_set_integer(L, "days_late", days);
        return;
    }
    repay_lua_set_reason(L, "days_late",
                         loan->unknown_late_rows > 0 ? reason : REPAY_REASON_NO_DATE);
    lua_getfield(L, -1, "known");
    lua_createtable(L, 0, 2);
    repay_lua_set_integer(L, "days_late", days);
    repay_lua_set_count(L, "missing_rows", loan->unknown_late_rows + loan->undated_rows);
    lua_setfield(L, -2, "days_late");
    lua_pop(L, 1);
}

static void set_next(lua_State *L, const struct repay_loan *loan, const char *reason)
{
    bool known = repay_loan_next_is_known(loan);

    set_loan_sum(L, "next_due_minor", loan->next_due, loan, known ? 0 : loan->unknown_rows, reason);
    if (known)
        repay_lua_set_day(L, "next_due_date", loan->next_due_day);
    else
        repay_lua_set_reason(L, "next_due_date", reason);
}

static void push_loan(lua_State *L, const struct repay_schedule *schedule,
                      const struct repay_loan *loan, int32_t as_of)
{
    const char *reason = repay_lateness_reason(schedule->layout);
    uint32_t unknown = loan->unknown_rows;

    lua_createtable(L, 0, 18);
    lua_createtable(L, 0, 0);
    lua_setfield(L, -2, "reasons");
    lua_createtable(L, 0, 0);
    lua_setfield(L, -2, "known");
    repay_lua_set_text(L, "loan_id", repay_schedule_text(schedule, loan->code));
    repay_lua_set_count(L, "rows", loan->rows);
    repay_lua_set_known_count(L, "late_rows", loan->late_rows, loan->unknown_late_rows, reason);
    repay_lua_set_word(L, "state", repay_loan_state_name(repay_loan_state(loan)));
    set_loan_sum(L, "outstanding_minor", loan->outstanding, loan, unknown, reason);
    set_loan_sum(L, "overdue_minor", loan->overdue, loan, loan->unknown_late_rows, reason);
    set_loan_sum(L, "outstanding_principal_minor", loan->principal_high, loan,
                 unknown + loan->no_principal_rows,
                 unknown > 0 ? reason
                             : repay_figure_reason(schedule->layout, REPAY_FIGURE_PRINCIPAL));
    set_loan_sum(L, "outstanding_principal_low_minor", loan->principal_low, loan,
                 unknown + loan->no_low_rows, unknown > 0 ? reason : REPAY_REASON_UNKNOWN_ROWS);
    set_days_late(L, loan, as_of, reason);
    set_next(L, loan, reason);
    if (loan->told_principal != REPAY_AMOUNT_ABSENT)
        repay_lua_set_integer(L, "principal_balance_minor", loan->told_principal);
    if (loan->told_balance != REPAY_AMOUNT_ABSENT)
        repay_lua_set_integer(L, "total_balance_minor", loan->told_balance);
}

static int loans_of_schedule(lua_State *L)
{
    static const char *const names[] = {"as_of", NULL};
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);
    struct repay_loans *loans;
    struct repay_error error;
    int32_t as_of;

    repay_lua_check_options(L, 2, "schedule:loans", names);
    as_of = repay_lua_as_of(L, 2, "schedule:loans", schedule);
    loans = hold_loans(L);
    if (!repay_loans_gather(loans, schedule, as_of, NULL, &error)) {
        repay_lua_holder_end(L, 3);
        return repay_lua_figures_failure(L, schedule, "loans", &error, NULL);
    }
    repay_lua_push_figures(L, schedule, as_of);
    for (uint32_t i = 0; i < loans->count; i++) {
        push_loan(L, schedule, &loans->items[i], as_of);
        lua_rawseti(L, -2, (int)i + 1);
    }
    repay_lua_holder_end(L, 3);
    return 1;
}

const luaL_Reg repay_lua_figure_methods[] = {
    {"ageing", ageing}, {"loans", loans_of_schedule}, {"next_due", next_due}, {"overdue", overdue},
    {"totals", totals}, {"upcoming", upcoming},       {NULL, NULL},
};
