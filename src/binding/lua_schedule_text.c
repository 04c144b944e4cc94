/*
 * A schedule as a table that a person can read: a line of facts, then the rows in columns.
 *
 * Amounts stand to the right with all their decimals; a column that no shown row has a value for is
 * left out. Two passes over the rows, one for the widths and one for the text, and no memory but
 * Lua's own.
 */
#include "lua_schedule.h"

#define ROWS_SHOWN_MAX 60 /* a screen or two; s:rows() is for the rest */
#define CELL_MAX       40 /* a UUID has 36 bytes; longer texts are cut and marked */

enum { LOAN, NUMBER, DUE, PRINCIPAL, INTEREST, PENALTY, TOTAL, PAID, OUTSTANDING, STATUS, CELLS };

static const char *const titles[CELLS] = {
    [LOAN] = "loan",           [NUMBER] = "#",          [DUE] = "due",
    [PRINCIPAL] = "principal", [INTEREST] = "interest", [PENALTY] = "penalty",
    [TOTAL] = "total due",     [PAID] = "paid",         [OUTSTANDING] = "outstanding",
    [STATUS] = "status",
};

static const enum repay_figure figures[CELLS] = {
    [PRINCIPAL] = REPAY_FIGURE_PRINCIPAL, [INTEREST] = REPAY_FIGURE_INTEREST,
    [PENALTY] = REPAY_FIGURE_PENALTY,     [TOTAL] = REPAY_FIGURE_TOTAL_DUE,
    [PAID] = REPAY_FIGURE_PAID,           [OUTSTANDING] = REPAY_FIGURE_OUTSTANDING,
};

/* One byte a column: a text's bytes that begin a character. */
static size_t columns_of(const char *text, size_t length)
{
    size_t columns = 0;

    for (size_t i = 0; i < length; i++)
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

static size_t copy_cell(struct repay_text text, char cell[CELL_MAX + 1])
{
    size_t length;

    if (text.length <= CELL_MAX) {
        repay_error_copy(cell, CELL_MAX + 1, text);
        return strlen(cell);
    }
    repay_error_copy(cell, CELL_MAX, text);
    length = strlen(cell);
    cell[length] = '~';
    cell[length + 1] = '\0';
    return length + 1;
}

static size_t write_number(const struct repay_schedule *schedule, uint32_t row,
                           char cell[CELL_MAX + 1])
{
    int32_t number = repay_schedule_number(schedule, row);

    return number == REPAY_COUNT_ABSENT ? 0 : repay_money_write(number, 0, cell);
}

static size_t write_cell(const struct repay_schedule *schedule, uint32_t row, int column,
                         char cell[CELL_MAX + 1])
{
    int64_t amount;
    int32_t day;

    switch (column) {
    case LOAN:
        return schedule->layout->loan_id_is_subject
                   ? 0
                   : copy_cell(repay_schedule_loan_id(schedule, row), cell);
    case NUMBER:
        return write_number(schedule, row, cell);
    case DUE:
        day = repay_schedule_day(schedule, row);
        if (day == REPAY_DAY_ABSENT)
            return 0;
        repay_day_write(day, cell);
        return REPAY_DAY_TEXT_MAX;
    case STATUS:
        return copy_cell(repay_text_of(repay_status_name(repay_schedule_status(schedule, row))),
                         cell);
    default:
        break;
    }
    amount = repay_schedule_figure(schedule, figures[column], row);
    return amount == REPAY_AMOUNT_ABSENT
               ? 0
               : repay_money_write_fixed(amount, schedule->decimals, cell);
}

static bool stands_right(int column)
{
    return column == NUMBER || (column >= PRINCIPAL && column <= OUTSTANDING);
}

static void measure(const struct repay_schedule *schedule, uint32_t shown, size_t widths[CELLS])
{
    char cell[CELL_MAX + 1];

    for (int column = 0; column < CELLS; column++) {
        widths[column] = 0;
        for (uint32_t row = 0; row < shown; row++) {
            size_t width = columns_of(cell, write_cell(schedule, row, column, cell));

            if (width > widths[column])
                widths[column] = width;
        }
        if (widths[column] > 0 && widths[column] < strlen(titles[column]))
            widths[column] = strlen(titles[column]);
    }
}

static void add_blanks(luaL_Buffer *buffer, size_t count)
{
    while (count-- > 0)
        luaL_addchar(buffer, ' ');
}

/* The last column gets no blanks behind it. */
static void add_cell(luaL_Buffer *buffer, const char *text, size_t length, size_t width, int column)
{
    size_t blanks = width - columns_of(text, length);

    luaL_addlstring(buffer, "  ", 2);
    if (stands_right(column))
        add_blanks(buffer, blanks);
    luaL_addlstring(buffer, text, length);
    if (!stands_right(column) && column != STATUS)
        add_blanks(buffer, blanks);
}

static void add_table(luaL_Buffer *buffer, const struct repay_schedule *schedule, uint32_t shown)
{
    char cell[CELL_MAX + 1];
    size_t widths[CELLS];

    measure(schedule, shown, widths);
    luaL_addchar(buffer, '\n');
    for (int column = 0; column < CELLS; column++) {
        if (widths[column] > 0)
            add_cell(buffer, titles[column], strlen(titles[column]), widths[column], column);
    }
    for (uint32_t row = 0; row < shown; row++) {
        luaL_addchar(buffer, '\n');
        for (int column = 0; column < CELLS; column++) {
            if (widths[column] > 0)
                add_cell(buffer, cell, write_cell(schedule, row, column, cell), widths[column],
                         column);
        }
    }
}

static void add_word(luaL_Buffer *buffer, const char *before, struct repay_text text)
{
    if (text.length == 0)
        return;
    luaL_addstring(buffer, before);
    luaL_addlstring(buffer, text.data, text.length);
}

static void add_count(luaL_Buffer *buffer, uint32_t count, const char *one, const char *many)
{
    char digits[REPAY_MONEY_TEXT_MAX];

    luaL_addlstring(buffer, digits, repay_money_write(count, 0, digits));
    luaL_addstring(buffer, count == 1 ? one : many);
}

static void add_head(luaL_Buffer *buffer, const struct repay_schedule *schedule)
{
    char subject[REPAY_SUBJECT_MAX + 1];
    char moment[REPAY_MOMENT_TEXT_MAX];
    struct repay_schedule_facts facts;

    repay_schedule_facts_of(schedule, &facts);
    luaL_addstring(buffer, schedule->layout->provider);
    add_word(buffer, " ", repay_text_of(schedule->layout->name));
    repay_error_copy(subject, sizeof subject, facts.subject);
    add_word(buffer, " ", repay_text_of(subject));
    luaL_addstring(buffer, ": ");
    add_count(buffer, schedule->rows, " row", " rows");
    add_word(buffer, ", ", repay_text_of(facts.currency));
    add_word(buffer, ", ", facts.environment);
    add_word(buffer, ", ", facts.label);
    luaL_addstring(buffer, ", as fetched ");
    luaL_addlstring(buffer, moment, repay_moment_write(facts.fetched_at_unix_ms, moment));
}

int repay_lua_schedule_text(lua_State *L)
{
    const struct repay_schedule *schedule = repay_lua_get_schedule(L, 1);
    uint32_t shown;
    luaL_Buffer buffer;

    if (!schedule->layout) {
        lua_pushliteral(L, "repay.schedule (closed)");
        return 1;
    }
    shown = schedule->rows < ROWS_SHOWN_MAX ? schedule->rows : ROWS_SHOWN_MAX;
    luaL_buffinit(L, &buffer);
    add_head(&buffer, schedule);
    if (shown > 0)
        add_table(&buffer, schedule, shown);
    if (schedule->rows > shown) {
        luaL_addstring(&buffer, "\n  and ");
        add_count(&buffer, schedule->rows - shown, " more row", " more rows");
    }
    luaL_pushresult(&buffer);
    return 1;
}
