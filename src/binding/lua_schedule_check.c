/*
 * s:check{ limit }: whether the schedule's figures agree with each other.
 *
 *   rows, errors, notes      how many rows, and how many findings of each level
 *   findings                 a list of { rule, level, position, with_position, loan_id, number,
 *                            field, expected…, found…, message }: at most `limit` (1,000) of them
 *   rules                    a list of { rule, meaning, checked, errors, notes }: a rule that was
 *                            checked and found nothing is what is consistent; one that was never
 *                            checked is what this provider does not tell
 *
 * The two figures are expected_minor and found_minor, or expected and found: days, numbers or
 * statuses. An unreadable due date gives found: the JSON text as received.
 */
#include "json_read.h"
#include "lua_class.h"
#include "lua_figures.h"
#include "lua_holder.h"
#include "lua_row.h"
#include "lua_schedule.h"
#include "schedule_check.h"

static const char *const meanings[REPAY_RULE_COUNT] = {
    [REPAY_RULE_PARTS_MAKE_TOTAL] = "principal, interest and penalty make the total due",
    [REPAY_RULE_AMOUNTS_NOT_NEGATIVE] = "no amount is below zero",
    [REPAY_RULE_PAID_WITHIN_TOTAL] = "no more is paid than is due",
    [REPAY_RULE_OUTSTANDING_WITHIN_TOTAL] = "no more is outstanding than is due",
    [REPAY_RULE_PENALTY_PAID_WITHIN_PENALTY] = "no more penalty is paid than was charged",
    [REPAY_RULE_STATUS_WORD_IS_KNOWN] = "the provider's status is a word we know",
    [REPAY_RULE_STATUS_FITS_AMOUNTS] = "the provider's status says what the amounts say",
    [REPAY_RULE_DUE_DATE_IS_READABLE] = "the due date is a day",
    [REPAY_RULE_NUMBERS_ARE_UNIQUE] = "no two installments of a loan have one number",
    [REPAY_RULE_DUE_DATES_ASCEND] = "a later installment is not due before an earlier one",
    [REPAY_RULE_DUE_DATES_DIFFER] = "no two installments of a loan are due on one day",
    [REPAY_RULE_REMAINING_RUNS_DOWN] = "what remains after an installment is what remained before, "
                                       "less the installment",
    [REPAY_RULE_REMAINING_FITS_OUTSTANDING] =
        "the first installment and what remains after it make "
        "what is outstanding",
    [REPAY_RULE_LOAN_BALANCES_AGREE] = "the balance of a loan is the same on each of its rows",
};

static void set_side(lua_State *L, enum repay_rule_unit unit, const char *name,
                     const char *name_minor, int64_t value)
{
    switch (unit) {
    case REPAY_RULE_UNIT_AMOUNT:
        repay_lua_set_integer(L, name_minor, value);
        return;
    case REPAY_RULE_UNIT_DAY:
        repay_lua_set_day(L, name, (int32_t)value);
        return;
    case REPAY_RULE_UNIT_COUNT:
        repay_lua_set_integer(L, name, value);
        return;
    case REPAY_RULE_UNIT_STATUS:
        repay_lua_set_word(L, name, repay_status_name((enum repay_status)value));
        return;
    case REPAY_RULE_UNIT_NOTHING:
        return;
    }
}

/* A figure as a person reads it; at most `room` bytes with the terminator. */
static void write_side(const struct repay_schedule *schedule, enum repay_rule_unit unit,
                       int64_t value, char *out, size_t room)
{
    char text[REPAY_MONEY_TEXT_MAX];

    out[0] = '\0';
    if (unit == REPAY_RULE_UNIT_STATUS)
        repay_error_copy(out, room, repay_text_of(repay_status_name((enum repay_status)value)));
    else if (unit == REPAY_RULE_UNIT_AMOUNT)
        repay_error_copy(
            out, room,
            (struct repay_text){text, repay_money_write_fixed(value, schedule->decimals, text)});
    else if (unit == REPAY_RULE_UNIT_COUNT)
        repay_error_copy(out, room, (struct repay_text){text, repay_money_write(value, 0, text)});
    else if (unit == REPAY_RULE_UNIT_DAY) {
        repay_day_write((int32_t)value, text);
        repay_error_copy(out, room, (struct repay_text){text, REPAY_DAY_TEXT_MAX});
    }
}

static void set_message(lua_State *L, const struct repay_schedule *schedule,
                        const struct repay_finding *finding)
{
    enum repay_rule_unit unit = repay_rule_unit(finding->rule);
    char expected[REPAY_MONEY_TEXT_MAX + 1], found[REPAY_MONEY_TEXT_MAX + 1];

    write_side(schedule, unit, finding->expected, expected, sizeof expected);
    write_side(schedule, unit, finding->found, found, sizeof found);
    (void)lua_pushfstring(L, "row %d: not so: %s", (int)finding->row + 1, meanings[finding->rule]);
    if (finding->with_row != REPAY_NO_ROW && finding->expected == finding->found) {
        (void)lua_pushfstring(L, " (%s, as in row %d)", found, (int)finding->with_row + 1);
        lua_concat(L, 2);
    } else if (unit != REPAY_RULE_UNIT_NOTHING) {
        (void)lua_pushfstring(L, " (expected %s, found %s%s%s)", expected, found,
                              finding->field ? " in " : "",
                              finding->field ? finding->field->name : "");
        lua_concat(L, 2);
    }
    lua_setfield(L, -2, "message");
}

/* What the provider wrote where a due date should be; the row kept it, as it fits no column. */
static void set_due_text(lua_State *L, const struct repay_schedule *schedule, uint32_t row)
{
    const struct repay_field *field = repay_layout_role(schedule->layout, REPAY_ROLE_DUE_DATE);
    struct repay_text extra = repay_schedule_extra(schedule, row);
    struct repay_json_value object = {.type = REPAY_JSON_OBJECT}, member;

    if (extra.length == 0)
        return;
    repay_lua_push_members(L, extra);
    object.raw.data = lua_tolstring(L, -1, &object.raw.length);
    lua_insert(L, -2);
    if (repay_json_member(object, repay_text_of(field->json_name), &member))
        repay_lua_set_text(L, "found", member.raw);
    lua_remove(L, -2);
}

static void push_finding(lua_State *L, const struct repay_schedule *schedule,
                         const struct repay_finding *finding)
{
    enum repay_rule_unit unit = repay_rule_unit(finding->rule);
    int32_t number = repay_schedule_number(schedule, finding->row);

    lua_createtable(L, 0, 10);
    repay_lua_set_word(L, "rule", repay_rule_name(finding->rule));
    repay_lua_set_word(L, "level", finding->is_error ? "error" : "note");
    repay_lua_set_count(L, "position", (uint64_t)finding->row + 1);
    if (finding->with_row != REPAY_NO_ROW)
        repay_lua_set_count(L, "with_position", (uint64_t)finding->with_row + 1);
    repay_lua_set_text(L, "loan_id", repay_schedule_loan_id(schedule, finding->row));
    if (number != REPAY_COUNT_ABSENT)
        repay_lua_set_integer(L, "number", number);
    if (finding->field)
        repay_lua_set_word(L, "field", finding->field->name);
    set_side(L, unit, "expected", "expected_minor", finding->expected);
    set_side(L, unit, "found", "found_minor", finding->found);
    if (finding->rule == REPAY_RULE_DUE_DATE_IS_READABLE)
        set_due_text(L, schedule, finding->row);
    set_message(L, schedule, finding);
}

static void push_rules(lua_State *L, const struct repay_check *check)
{
    lua_createtable(L, REPAY_RULE_COUNT, 0);
    for (int rule = 0; rule < REPAY_RULE_COUNT; rule++) {
        lua_createtable(L, 0, 5);
        repay_lua_set_word(L, "rule", repay_rule_name((enum repay_rule)rule));
        repay_lua_set_word(L, "meaning", meanings[rule]);
        repay_lua_set_count(L, "checked", check->rules[rule].checked);
        repay_lua_set_count(L, "errors", check->rules[rule].errors);
        repay_lua_set_count(L, "notes", check->rules[rule].notes);
        lua_rawseti(L, -2, rule + 1);
    }
}

static void push_check(lua_State *L, const struct repay_schedule *schedule,
                       const struct repay_check *check)
{
    uint64_t errors = 0, notes = 0;

    for (int rule = 0; rule < REPAY_RULE_COUNT; rule++) {
        errors += check->rules[rule].errors;
        notes += check->rules[rule].notes;
    }
    lua_createtable(L, 0, 5);
    repay_lua_set_count(L, "rows", schedule->rows);
    repay_lua_set_count(L, "errors", errors);
    repay_lua_set_count(L, "notes", notes);
    push_rules(L, check);
    lua_setfield(L, -2, "rules");
    lua_createtable(L, (int)check->count, 0);
    for (uint32_t i = 0; i < check->count; i++) {
        push_finding(L, schedule, &check->findings[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "findings");
}

static void release_check(void *content)
{
    struct repay_check *check = content;

    if (check->allocator)
        repay_check_free(check);
}

static int check_schedule(lua_State *L)
{
    static const char *const names[] = {"limit", NULL};
    static const char where[] = "schedule:check";
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);
    struct repay_check *check;
    struct repay_error error;
    int64_t limit;

    repay_lua_check_options(L, 2, where, names);
    limit = repay_lua_count_option(L, 2, where, "limit", 0, REPAY_SCHEDULE_ROWS_MAX,
                                   REPAY_FINDINGS_MAX);
    check = repay_lua_hold(L, sizeof *check, release_check);
    repay_check_init(check, &repay_lua_state_of(L)->allocator, (uint32_t)limit);
    if (!repay_check_run(check, schedule, &error)) {
        repay_lua_holder_end(L, 3);
        return repay_lua_figures_failure(L, schedule, "check", &error, NULL);
    }
    push_check(L, schedule, check);
    repay_lua_holder_end(L, 3);
    return 1;
}

const luaL_Reg repay_lua_check_methods[] = {
    {"check", check_schedule},
    {NULL, NULL},
};
