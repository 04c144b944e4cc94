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

/* A canonical column as this layout has it. */
static struct repay_lua_column in_layout(struct repay_lua_column column,
                                         const struct repay_layout *layout)
{
    if (column.kind == REPAY_COLUMN_FIELD) {
        column.field = repay_layout_field(layout, repay_text_of(column.name));
        if (!column.field)
            column.kind = REPAY_COLUMN_NEVER;
    }
    return column;
}

unsigned repay_lua_columns(const struct repay_layout *layout,
                           struct repay_lua_column out[REPAY_LUA_NAMES_MAX])
{
    unsigned count = 0;

    for (size_t i = 0; i < CANONICAL_COUNT; i++)
        out[count++] = in_layout(canonical[i], layout);
    for (unsigned i = 0; i < layout->field_count; i++) {
        const struct repay_field *field = &layout->fields[i];

        if (!is_canonical(field->name))
            out[count++] = (struct repay_lua_column){field->name, REPAY_COLUMN_FIELD, 0, field};
    }
    return count;
}

/* Raises: measuring how near names are costs more than a small schedule's whole fetch. */
static void raise_unknown(lua_State *L, const struct repay_layout *layout, struct repay_text name)
{
    struct repay_lua_column columns[REPAY_LUA_NAMES_MAX];
    unsigned count = repay_lua_columns(layout, columns);
    struct repay_lua_guess guess;

    repay_lua_guess_begin(&guess, name.data, name.length);
    for (unsigned i = 0; i < count; i++)
        repay_lua_guess_try(&guess, columns[i].name);
    (void)repay_lua_guess_raise(&guess, L, "rows of this schedule", "have no column");
}

struct repay_lua_column repay_lua_check_column(lua_State *L, const struct repay_layout *layout,
                                               struct repay_text name)
{
    const struct repay_field *field;

    for (size_t i = 0; i < CANONICAL_COUNT; i++) {
        if (repay_text_is(name, canonical[i].name))
            return in_layout(canonical[i], layout);
    }
    field = repay_layout_field(layout, name);
    if (!field)
        raise_unknown(L, layout, name);
    return (struct repay_lua_column){field ? field->name : NULL, REPAY_COLUMN_FIELD, 0, field};
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
