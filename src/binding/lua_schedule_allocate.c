/*
 * s:allocate{ amount | amount_minor, order, loan_id, as_of }: which installments and parts a
 * repayment would settle, oldest first.
 *
 *   simulation              "our own simulation, not the provider's rule"
 *   amount_minor, order
 *   rows                    a list, in the order they are settled, of { position, loan_id, number,
 *                           due_date, days_late, outstanding_minor (before), settled_minor,
 *                           penalty_minor, interest_minor, principal_minor, unsplit_minor,
 *                           left_minor (outstanding afterwards) }
 *   settled_minor, penalty_minor, interest_minor, principal_minor, unsplit_minor: sums of the rows
 *   left_over_minor         of the amount: settled_minor + left_over_minor = amount_minor, always
 *
 * `order` lists penalty, interest and principal, each once; that is also what it is without being
 * given. A row whose parts are not known is settled as unsplit. nil and an error when what is
 * outstanding is not known on some row of the loan (err.reason says why), when there is more than
 * one loan and no loan_id, or none of that id.
 */
#include "lua_class.h"
#include "lua_figures.h"
#include "lua_holder.h"
#include "lua_schedule.h"
#include "schedule_allocate.h"

static const char where[] = "schedule:allocate";

static const char *const part_fields[REPAY_PART_COUNT] = {
    [REPAY_PART_PENALTY] = "penalty_minor",
    [REPAY_PART_INTEREST] = "interest_minor",
    [REPAY_PART_PRINCIPAL] = "principal_minor",
};

static void take_order(lua_State *L, struct repay_allocate_options *options)
{
    static const enum repay_part usual[] = {REPAY_PART_PENALTY, REPAY_PART_INTEREST,
                                            REPAY_PART_PRINCIPAL};
    unsigned seen = 0;

    memcpy(options->order, usual, sizeof options->order);
    lua_getfield(L, 2, "order");
    if (!lua_isnil(L, -1) && !lua_istable(L, -1))
        (void)luaL_error(L, "%s: option 'order' must be a list, got a %s", where,
                         luaL_typename(L, -1));
    for (int i = 0; lua_istable(L, -1) && i < REPAY_PART_COUNT; i++) {
        struct repay_text word = REPAY_NO_TEXT;

        lua_rawgeti(L, -1, i + 1);
        if (lua_type(L, -1) == LUA_TSTRING)
            word.data = lua_tolstring(L, -1, &word.length);
        options->order[i] = repay_part_from_name(word);
        seen |= 1u << options->order[i];
        lua_pop(L, 1);
    }
    if (lua_istable(L, -1) && (seen != 7 || lua_rawlen(L, -1) != REPAY_PART_COUNT))
        (void)luaL_error(L,
                         "%s: option 'order' must list \"penalty\", \"interest\" and "
                         "\"principal\", each once",
                         where);
    lua_pop(L, 1);
}

/* False, with an error, for a text that is no amount, and for amounts that are not above zero. */
static bool take_amount(lua_State *L, const struct repay_schedule *schedule, int64_t *out,
                        struct repay_error *error)
{
    struct repay_text text = repay_lua_word_option(L, 2, where, "amount");
    enum repay_money_fault fault = REPAY_MONEY_OK;
    size_t fault_at = 0;

    *out = repay_lua_count_option(L, 2, where, "amount_minor", -REPAY_AMOUNT_MAX, REPAY_AMOUNT_MAX,
                                  REPAY_AMOUNT_ABSENT);
    if (!text.data == (*out == REPAY_AMOUNT_ABSENT))
        (void)luaL_error(L, "%s: give option 'amount' (a decimal string) or 'amount_minor'%s",
                         where, text.data ? ", not both" : "");
    if (text.data)
        fault = repay_money_read_typed(text, schedule->decimals, out, &fault_at);
    if (fault != REPAY_MONEY_OK) {
        (void)repay_error_set_field(error, REPAY_KIND_INVALID_ARGUMENT, "amount", "amount: %s",
                                    repay_money_fault_text(fault));
        error->offset = (int64_t)fault_at;
        return false;
    }
    return *out > 0 || repay_error_set_field(error, REPAY_KIND_INVALID_ARGUMENT, "amount",
                                             "amount: must be greater than zero");
}

static void set_parts(lua_State *L, const int64_t parts[REPAY_PART_COUNT], int64_t unsplit,
                      int64_t settled)
{
    for (int part = 0; part < REPAY_PART_COUNT; part++)
        repay_lua_set_integer(L, part_fields[part], parts[part]);
    repay_lua_set_integer(L, "unsplit_minor", unsplit);
    repay_lua_set_integer(L, "settled_minor", settled);
}

static void push_row(lua_State *L, const struct repay_schedule *schedule,
                     const struct repay_allocated_row *row, int32_t as_of)
{
    int32_t number = repay_schedule_number(schedule, row->row);
    int32_t day = repay_schedule_day(schedule, row->row);

    lua_createtable(L, 0, 12);
    repay_lua_set_count(L, "position", (uint64_t)row->row + 1);
    repay_lua_set_text(L, "loan_id", repay_schedule_loan_id(schedule, row->row));
    if (number != REPAY_COUNT_ABSENT)
        repay_lua_set_integer(L, "number", number);
    repay_lua_set_day(L, "due_date", day);
    if (day != REPAY_DAY_ABSENT)
        repay_lua_set_integer(L, "days_late", day < as_of ? as_of - day : 0);
    repay_lua_set_integer(L, "outstanding_minor", row->outstanding);
    repay_lua_set_integer(L, "left_minor", row->outstanding - row->settled);
    set_parts(L, row->parts, row->unsplit, row->settled);
}

static void push_allocation(lua_State *L, const struct repay_schedule *schedule,
                            const struct repay_allocate_options *options,
                            const struct repay_allocation *allocation, int32_t as_of)
{
    repay_lua_push_figures(L, schedule, as_of);
    repay_lua_set_word(L, "simulation", "our own simulation, not the provider's rule");
    repay_lua_set_integer(L, "amount_minor", options->amount);
    repay_lua_set_integer(L, "left_over_minor", allocation->left_over);
    set_parts(L, allocation->parts, allocation->unsplit, allocation->settled);
    lua_createtable(L, REPAY_PART_COUNT, 0);
    for (int i = 0; i < REPAY_PART_COUNT; i++) {
        lua_pushstring(L, repay_part_name(options->order[i]));
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "order");
    lua_createtable(L, (int)allocation->count, 0);
    for (uint32_t i = 0; i < allocation->count; i++) {
        push_row(L, schedule, &allocation->rows[i], as_of);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "rows");
}

static void release_allocation(void *content)
{
    struct repay_allocation *allocation = content;

    if (allocation->allocator)
        repay_allocation_free(allocation);
}

static int allocate(lua_State *L)
{
    static const char *const names[] = {"amount",  "amount_minor", "order",
                                        "loan_id", "as_of",        NULL};
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);
    struct repay_allocate_options options = {.amount = 0};
    struct repay_allocation *allocation;
    struct repay_error error;
    int32_t as_of;

    repay_lua_check_options(L, 2, where, names);
    as_of = repay_lua_as_of(L, 2, where, schedule);
    options.loan_id = repay_lua_word_option(L, 2, where, "loan_id");
    take_order(L, &options);
    if (!take_amount(L, schedule, &options.amount, &error))
        return repay_lua_figures_failure(L, schedule, "allocate", &error, NULL);
    allocation = repay_lua_hold(L, sizeof *allocation, release_allocation);
    repay_allocation_init(allocation, &repay_lua_state_of(L)->allocator);
    if (!repay_schedule_allocate(schedule, &options, allocation, &error))
        return repay_lua_figures_failure(L, schedule, "allocate", &error, allocation->reason);
    push_allocation(L, schedule, &options, allocation, as_of);
    repay_lua_holder_end(L, 3);
    return 1;
}

const luaL_Reg repay_lua_allocate_methods[] = {
    {"allocate", allocate},
    {NULL, NULL},
};
