/*
 * The names under which a row's values are known in Lua.
 */
#include "lua_columns.h"

#include "lua_suggest.h"
#include "measure.h"

static const struct repay_lua_column canonical[] = {
    {"loan_id", REPAY_COLUMN_LOAN_ID, 0, NULL},
    {"number", REPAY_COLUMN_NUMBER, 0, NULL},
    {"due_date", REPAY_COLUMN_FIELD, 0, NULL},
    {"principal_minor", REPAY_COLUMN_FIGURE, REPAY_FIGURE_PRINCIPAL, NULL},
    {"interest_minor", REPAY_COLUMN_FIGURE, REPAY_FIGURE_INTEREST, NULL},
    {"penalty_minor", REPAY_COLUMN_FIGURE, REPAY_FIGURE_PENALTY, NULL},
    {"total_due_minor", REPAY_COLUMN_FIGURE, REPAY_FIGURE_TOTAL_DUE, NULL},
    {"paid_minor", REPAY_COLUMN_FIGURE, REPAY_FIGURE_PAID, NULL},
    {"outstanding_minor", REPAY_COLUMN_FIGURE, REPAY_FIGURE_OUTSTANDING, NULL},
    {"overpaid_minor", REPAY_COLUMN_FIGURE, REPAY_FIGURE_OVERPAID, NULL},
    {"status", REPAY_COLUMN_STATUS, 0, NULL},
    {"provider_status", REPAY_COLUMN_FIELD, 0, NULL},
};

#define CANONICAL_COUNT (sizeof canonical / sizeof *canonical)

static bool is_canonical(const char *name)
{
    for (size_t i = 0; i < CANONICAL_COUNT; i++) {
        if (strcmp(canonical[i].name, name) == 0)
            return true;
    }
    return false;
}

unsigned repay_lua_columns(const struct repay_layout *layout,
                           struct repay_lua_column out[REPAY_LUA_NAMES_MAX])
{
    unsigned count = 0;

    for (size_t i = 0; i < CANONICAL_COUNT; i++) {
        struct repay_lua_column column = canonical[i];

        if (column.kind == REPAY_COLUMN_FIELD) {
            column.field = repay_layout_field(layout, repay_text_of(column.name));
            if (!column.field)
                column.kind = REPAY_COLUMN_NEVER;
        }
        out[count++] = column;
    }
    for (unsigned i = 0; i < layout->field_count; i++) {
        const struct repay_field *field = &layout->fields[i];

        if (!is_canonical(field->name))
            out[count++] = (struct repay_lua_column){field->name, REPAY_COLUMN_FIELD, 0, field};
    }
    return count;
}

struct repay_lua_column repay_lua_check_column(lua_State *L, const struct repay_layout *layout,
                                               struct repay_text name)
{
    struct repay_lua_column columns[REPAY_LUA_NAMES_MAX];
    unsigned count = repay_lua_columns(layout, columns);
    struct repay_lua_guess guess;

    for (unsigned i = 0; i < count; i++) {
        if (repay_text_is(name, columns[i].name))
            return columns[i];
    }
    /* Only now: measuring how near names are costs more than a small schedule's whole fetch. */
    repay_lua_guess_begin(&guess, name.data, name.length);
    for (unsigned i = 0; i < count; i++)
        repay_lua_guess_try(&guess, columns[i].name);
    (void)repay_lua_guess_raise(&guess, L, "rows of this schedule", "have no column");
    return columns[0];
}

const char *repay_lua_column_reason(lua_State *L, const struct repay_layout *layout,
                                    struct repay_text name)
{
    struct repay_lua_column column = repay_lua_check_column(L, layout, name);

    if (column.kind == REPAY_COLUMN_NEVER)
        return REPAY_REASON_NOT_TOLD;
    if (column.kind == REPAY_COLUMN_LOAN_ID)
        return layout->loan_id_is_subject || repay_layout_role(layout, REPAY_ROLE_LOAN_ID)
                   ? NULL
                   : REPAY_REASON_NOT_TOLD;
    if (column.kind == REPAY_COLUMN_NUMBER)
        return layout->number_is_position || repay_layout_role(layout, REPAY_ROLE_NUMBER)
                   ? NULL
                   : REPAY_REASON_NOT_TOLD;
    if (column.kind != REPAY_COLUMN_FIGURE)
        return NULL;
    if (repay_figure_is_told(layout, column.figure))
        return NULL;
    return repay_figure_reason(layout, column.figure);
}
