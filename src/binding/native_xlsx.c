/*
 * repay.native.xlsx: a workbook over libxlsxwriter, cell by cell, for lua/repay/report/xlsx.lua.
 *
 * It owns no figure: it is told what to write where. Texts are texts, whatever they look like; a
 * formula is only what our own Lua passes to `sum`. Rows and columns count from 0, as the library
 * counts them. It links no core object and needs none.
 *
 *     native.open(path, title, made_unix_s)   -> book; nil and a message
 *     book:sheet(name, { freeze = rows })     the cells that follow go to this sheet
 *     book:width(column, characters)
 *     book:text(row, column, text, style)     style: "plain", "head", "total", "note"
 *     book:whole(row, column, number, style)
 *     book:amount(row, column, minor, decimals, currency, style)
 *     book:percent(row, column, ppm, style)
 *     book:day(row, column, "YYYY-MM-DD", style)
 *     book:sum(row, column, formula, minor, decimals, currency, style)    with its value
 *     book:chart{ sheet, title, row, column, first, last, categories, values, axis,
 *         late = { … } }                  axis: the number format of its marks
 *     book:close()                    writes the file: true; nil and a message
 *
 * Each of them is true, or nil and a message; closing without `close` writes nothing.
 *
 * A cell of a workbook is a double: the format has nothing else. `cell_of` is the one place where
 * an amount becomes one. It refuses what a double cannot give back digit for digit.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <xlsxwriter.h>

#include "lua_compat.h"

__attribute__((visibility("default"))) int luaopen_repay_native_xlsx(lua_State *L);

#define CLASS "repay.workbook"

#define FORMATS_MAX    64 /* styles times kinds times currencies: a report has about twenty */
#define FORMAT_ROOM    48
#define DECIMALS_MAX   6
#define ROWS_MAX       LXW_ROW_MAX
#define COLUMNS_MAX    64
#define POINTS_MAX     400
#define TEXT_BYTES_MAX 32767 /* the format's own limit of characters */

#define COLOR_BAR  0x1668A8
#define COLOR_LATE 0xB4460C

enum style { STYLE_PLAIN, STYLE_HEAD, STYLE_TOTAL, STYLE_NOTE, STYLE_COUNT };

static const char *const style_names[] = {"plain", "head", "total", "note", NULL};

struct made_format {
    enum style style;
    char number[FORMAT_ROOM];
    lxw_format *format;
};

struct book {
    lxw_workbook *workbook; /* NULL: closed */
    lxw_worksheet *sheet;   /* the one that is written to */
    struct made_format formats[FORMATS_MAX];
    int format_count;
};

static struct book *check_book(lua_State *L)
{
    struct book *book = luaL_checkudata(L, 1, CLASS);

    if (!book->workbook)
        (void)luaL_error(L, "repay.workbook is closed");
    return book;
}

/* One that has a sheet to write to. */
static struct book *check_sheet(lua_State *L)
{
    struct book *book = check_book(L);

    if (!book->sheet)
        (void)luaL_error(L, "repay.workbook has no sheet yet");
    return book;
}

static int64_t check_whole(lua_State *L, int index, int64_t least, int64_t most)
{
    int64_t value = 0;

    if (!repay_lua_to_integer(L, index, &value) || value < least || value > most)
        (void)luaL_error(L, "argument %d must be a whole number within its bounds", index);
    return value;
}

static int push_outcome(lua_State *L, lxw_error error)
{
    if (error == LXW_NO_ERROR) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, lxw_strerror(error));
    return 2;
}

/*
 * The double of `units` times ten to the power of minus `digits`. False when that double, written
 * with so many decimals, is not the same figure: then the cell would show another amount.
 */
static bool cell_of(int64_t units, int digits, double *out)
{
    static const int64_t powers[DECIMALS_MAX + 1] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    int64_t magnitude = units < 0 ? -units : units;
    char exact[40], shown[400];
    double value;

    if (digits < 0 || digits > DECIMALS_MAX || magnitude > REPAY_LUA_INTEGER_MAX)
        return false;
    value = (double)units / (double)powers[digits];
    if (digits == 0)
        (void)snprintf(exact, sizeof exact, "%" PRId64, units);
    else
        (void)snprintf(exact, sizeof exact, "%s%" PRId64 ".%0*" PRId64, units < 0 ? "-" : "",
                       magnitude / powers[digits], digits, magnitude % powers[digits]);
    (void)snprintf(shown, sizeof shown, "%.*f", digits, value);
    if (strcmp(exact, shown) != 0)
        return false;
    *out = value;
    return true;
}

static int does_not_survive(lua_State *L)
{
    lua_pushnil(L);
    lua_pushliteral(L, "an amount is too large for a spreadsheet, which would show another one");
    return 2;
}

static void dress(lxw_format *format, enum style style)
{
    if (style == STYLE_HEAD || style == STYLE_TOTAL)
        format_set_bold(format);
    if (style == STYLE_HEAD) {
        format_set_bottom(format, LXW_BORDER_THIN);
        format_set_bg_color(format, 0xECEFF2);
    }
    if (style == STYLE_TOTAL)
        format_set_top(format, LXW_BORDER_THIN);
    if (style == STYLE_NOTE) {
        format_set_font_color(format, 0x545D68);
        format_set_text_wrap(format);
        format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
    }
}

/* The format of a style and a number format, made when it is first asked for; NULL: too many. */
static lxw_format *format_of(struct book *book, enum style style, const char *number)
{
    struct made_format *made;

    for (int i = 0; i < book->format_count; i++) {
        if (book->formats[i].style == style && strcmp(book->formats[i].number, number) == 0)
            return book->formats[i].format;
    }
    if (book->format_count == FORMATS_MAX)
        return NULL;
    made = &book->formats[book->format_count];
    made->format = workbook_add_format(book->workbook);
    if (!made->format)
        return NULL;
    made->style = style;
    (void)snprintf(made->number, sizeof made->number, "%s", number);
    if (number[0] != '\0')
        format_set_num_format(made->format, number);
    dress(made->format, style);
    book->format_count++;
    return made->format;
}

static enum style style_argument(lua_State *L, int index)
{
    const char *word = luaL_optlstring(L, index, "plain", NULL);

    for (int i = 0; i < STYLE_COUNT; i++) {
        if (strcmp(style_names[i], word) == 0)
            return (enum style)i;
    }
    (void)luaL_error(L, "repay.workbook has no style '%s'", word);
    return STYLE_PLAIN;
}

static lxw_row_t row_argument(lua_State *L)
{
    return (lxw_row_t)check_whole(L, 2, 0, ROWS_MAX - 1);
}

static lxw_col_t column_argument(lua_State *L)
{
    return (lxw_col_t)check_whole(L, 3, 0, COLUMNS_MAX - 1);
}

/* "[$NGN] #,##0.00", or without a currency "#,##0.00". */
static lxw_format *amount_format(lua_State *L, struct book *book, int decimals, int currency_index,
                                 int style_index)
{
    static const char zeros[] = "000000";
    const char *currency = luaL_optlstring(L, currency_index, "", NULL);
    char number[FORMAT_ROOM];

    for (const char *letter = currency; *letter; letter++) {
        if (*letter < 'A' || *letter > 'Z' || letter - currency >= 3)
            (void)luaL_error(L, "a currency is three capitals");
    }
    (void)snprintf(number, sizeof number, "%s%s%s#,##0%s%.*s", currency[0] ? "[$" : "", currency,
                   currency[0] ? "] " : "", decimals > 0 ? "." : "", decimals, zeros);
    return format_of(book, style_argument(L, style_index), number);
}

/*
 * Methods
 */

static int add_sheet(lua_State *L)
{
    struct book *book = check_book(L);
    const char *name = luaL_checkstring(L, 2);
    lxw_error error = workbook_validate_sheet_name(book->workbook, name);
    lxw_worksheet *sheet;
    int64_t frozen = 0;

    if (error != LXW_NO_ERROR)
        return push_outcome(L, error);
    if (lua_istable(L, 3)) {
        lua_pushliteral(L, "freeze");
        lua_rawget(L, 3);
        if (!lua_isnil(L, -1))
            frozen = check_whole(L, -1, 0, 20);
    }
    sheet = workbook_add_worksheet(book->workbook, name);
    if (!sheet)
        return push_outcome(L, LXW_ERROR_MEMORY_MALLOC_FAILED);
    if (frozen > 0) {
        worksheet_freeze_panes(sheet, (lxw_row_t)frozen, 0);
        (void)worksheet_repeat_rows(sheet, (lxw_row_t)(frozen - 1), (lxw_row_t)(frozen - 1));
    }
    worksheet_set_landscape(sheet);
    worksheet_set_paper(sheet, 9); /* A4 */
    worksheet_fit_to_pages(sheet, 1, 0);
    book->sheet = sheet;
    return push_outcome(L, LXW_NO_ERROR);
}

static int set_width(lua_State *L)
{
    struct book *book = check_sheet(L);
    lxw_col_t column = (lxw_col_t)check_whole(L, 2, 0, COLUMNS_MAX - 1);

    return push_outcome(L, worksheet_set_column(book->sheet, column, column,
                                                (double)check_whole(L, 3, 1, 200), NULL));
}

static int put_text(lua_State *L)
{
    struct book *book = check_sheet(L);
    size_t length;
    const char *text = luaL_checklstring(L, 4, &length);
    lxw_format *format = format_of(book, style_argument(L, 5), "");

    if (length > TEXT_BYTES_MAX || memchr(text, '\0', length))
        return push_outcome(L, LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED);
    return push_outcome(
        L, worksheet_write_string(book->sheet, row_argument(L), column_argument(L), text, format));
}

static int put_number(lua_State *L, struct book *book, int64_t units, int digits,
                      lxw_format *format)
{
    double value;

    if (!cell_of(units, digits, &value))
        return does_not_survive(L);
    return push_outcome(
        L, worksheet_write_number(book->sheet, row_argument(L), column_argument(L), value, format));
}

static int put_whole(lua_State *L)
{
    struct book *book = check_sheet(L);
    int64_t units = check_whole(L, 4, -REPAY_LUA_INTEGER_MAX, REPAY_LUA_INTEGER_MAX);

    return put_number(L, book, units, 0, format_of(book, style_argument(L, 5), "#,##0"));
}

static int put_amount(lua_State *L)
{
    struct book *book = check_sheet(L);
    int64_t minor = check_whole(L, 4, -REPAY_LUA_INTEGER_MAX, REPAY_LUA_INTEGER_MAX);
    int decimals = (int)check_whole(L, 5, 0, DECIMALS_MAX);

    return put_number(L, book, minor, decimals, amount_format(L, book, decimals, 6, 7));
}

static int put_percent(lua_State *L)
{
    struct book *book = check_sheet(L);
    int64_t ppm = check_whole(L, 4, -REPAY_LUA_INTEGER_MAX, REPAY_LUA_INTEGER_MAX);

    return put_number(L, book, ppm, 6, format_of(book, style_argument(L, 5), "0.00%"));
}

/* Two or four digits; the caller has looked at their number. */
static int number_of(const char *digits, int count)
{
    int number = 0;

    for (int i = 0; i < count; i++)
        number = number * 10 + (digits[i] - '0');
    return number;
}

static int put_day(lua_State *L)
{
    struct book *book = check_sheet(L);
    size_t length;
    const char *day = luaL_checklstring(L, 4, &length);
    lxw_format *format = format_of(book, style_argument(L, 5), "yyyy-mm-dd");
    lxw_datetime date = {0};

    for (size_t i = 0; i < length; i++) {
        if (length != 10 || (i == 4 || i == 7 ? day[i] != '-' : day[i] < '0' || day[i] > '9'))
            return luaL_error(L, "a day is written YYYY-MM-DD");
    }
    if (length != 10)
        return luaL_error(L, "a day is written YYYY-MM-DD");
    date.year = number_of(day, 4);
    date.month = number_of(day + 5, 2);
    date.day = number_of(day + 8, 2);
    /* The calendar of a workbook begins in 1900, and its first two months are wrong. */
    if (date.year <= 1900)
        return push_outcome(L, worksheet_write_string(book->sheet, row_argument(L),
                                                      column_argument(L), day, format));
    return push_outcome(L, worksheet_write_datetime(book->sheet, row_argument(L),
                                                    column_argument(L), &date, format));
}

static int put_sum(lua_State *L)
{
    struct book *book = check_sheet(L);
    const char *formula = luaL_checkstring(L, 4);
    int64_t minor = check_whole(L, 5, -REPAY_LUA_INTEGER_MAX, REPAY_LUA_INTEGER_MAX);
    int decimals = (int)check_whole(L, 6, 0, DECIMALS_MAX);
    lxw_format *format = amount_format(L, book, decimals, 7, 8);
    double value;

    if (!cell_of(minor, decimals, &value))
        return does_not_survive(L);
    return push_outcome(L, worksheet_write_formula_num(book->sheet, row_argument(L),
                                                       column_argument(L), formula, format, value));
}

static int64_t whole_field(lua_State *L, const char *name, int64_t most)
{
    int64_t value;

    lua_pushstring(L, name);
    lua_rawget(L, 2);
    value = check_whole(L, -1, 0, most);
    lua_pop(L, 1);
    return value;
}

static const char *text_field(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, 2);
    if (lua_type(L, -1) != LUA_TSTRING)
        (void)luaL_error(L, "a chart needs the text '%s'", name);
    return lua_tostring(L, -1); /* stays on the stack */
}

/* Bars of what is late have a colour of their own; `late` says which. The library copies them. */
static lxw_error color_points(lua_State *L, lxw_chart_series *series, int64_t count)
{
    lxw_chart_fill bar = {.color = COLOR_BAR}, late = {.color = COLOR_LATE};
    lxw_chart_point points[POINTS_MAX];
    lxw_chart_point *list[POINTS_MAX + 1];

    memset(points, 0, sizeof points);
    lua_pushliteral(L, "late");
    lua_rawget(L, 2);
    luaL_checktype(L, -1, LUA_TTABLE);
    for (int64_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        points[i].fill = lua_toboolean(L, -1) ? &late : &bar;
        list[i] = &points[i];
        lua_pop(L, 1);
    }
    list[count] = NULL;
    lua_pop(L, 1);
    return chart_series_set_points(series, list);
}

static int add_chart(lua_State *L)
{
    struct book *book = check_sheet(L);
    lxw_chart_options place = {.x_scale = 1.4, .y_scale = 1.1, .object_position = 2};
    lxw_row_t first, last, row;
    lxw_col_t categories, values, column;
    const char *sheet, *title, *axis;
    lxw_chart_series *series;
    lxw_chart *chart;
    lxw_error error;

    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    first = (lxw_row_t)whole_field(L, "first", ROWS_MAX - 1);
    last = (lxw_row_t)whole_field(L, "last", ROWS_MAX - 1);
    row = (lxw_row_t)whole_field(L, "row", ROWS_MAX - 1);
    column = (lxw_col_t)whole_field(L, "column", COLUMNS_MAX - 1);
    categories = (lxw_col_t)whole_field(L, "categories", COLUMNS_MAX - 1);
    values = (lxw_col_t)whole_field(L, "values", COLUMNS_MAX - 1);
    sheet = text_field(L, "sheet");
    title = text_field(L, "title");
    axis = text_field(L, "axis");
    if (last < first || last - first >= POINTS_MAX)
        return luaL_error(L, "a chart has 1 to %d bars", POINTS_MAX);
    chart = workbook_add_chart(book->workbook, LXW_CHART_COLUMN);
    series = chart ? chart_add_series(chart, NULL, NULL) : NULL;
    if (!series)
        return push_outcome(L, LXW_ERROR_MEMORY_MALLOC_FAILED);
    chart_series_set_categories(series, sheet, first, categories, last, categories);
    chart_series_set_values(series, sheet, first, values, last, values);
    error = color_points(L, series, (int64_t)last - first + 1);
    if (error != LXW_NO_ERROR)
        return push_outcome(L, error);
    chart_series_set_name(series, title);
    chart_title_set_name(chart, title);
    chart_axis_set_num_format(chart->y_axis, axis);
    chart_legend_set_position(chart, LXW_CHART_LEGEND_NONE);
    return push_outcome(L, worksheet_insert_chart_opt(book->sheet, row, column, chart, &place));
}

static int finish(lua_State *L)
{
    struct book *book = check_book(L);
    lxw_workbook *workbook = book->workbook;

    book->workbook = NULL;
    book->sheet = NULL;
    return push_outcome(L, workbook_close(workbook));
}

/* Without `close` nothing is written. */
static int drop(lua_State *L)
{
    struct book *book = luaL_checkudata(L, 1, CLASS);

    if (book->workbook)
        lxw_workbook_free(book->workbook);
    book->workbook = NULL;
    book->sheet = NULL;
    return 0;
}

/* The file is made here, for its owner alone: the library would leave that to the umask. */
static int open_book(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1); /* the caller has refused zero bytes */
    const char *title = luaL_checkstring(L, 2);
    int64_t made = check_whole(L, 3, 1, INT32_MAX);
    lxw_doc_properties properties = {.created = (time_t)made};
    struct book *book = repay_lua_new_userdata(L, sizeof *book);
    char copy[256];
    int file;

    memset(book, 0, sizeof *book);
    luaL_getmetatable(L, CLASS);
    lua_setmetatable(L, -2);
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) {
        lua_pushnil(L);
        lua_pushstring(L, strerror(errno));
        return 2;
    }
    (void)close(file);
    book->workbook = workbook_new(path);
    if (!book->workbook)
        return push_outcome(L, LXW_ERROR_MEMORY_MALLOC_FAILED);
    (void)snprintf(copy, sizeof copy, "%s", title);
    properties.title = copy;
    (void)workbook_set_properties(book->workbook, &properties);
    return 1;
}

static const luaL_Reg methods[] = {
    {"amount", put_amount},   {"chart", add_chart}, {"close", finish}, {"day", put_day},
    {"percent", put_percent}, {"sheet", add_sheet}, {"sum", put_sum},  {"text", put_text},
    {"whole", put_whole},     {"width", set_width}, {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
    {"__gc", drop},
    {"__close", drop},
    {NULL, NULL},
};

int luaopen_repay_native_xlsx(lua_State *L)
{
    (void)luaL_newmetatable(L, CLASS);
    luaL_setfuncs(L, metamethods, 0);
    lua_createtable(L, 0, 10);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, open_book);
    lua_setfield(L, -2, "open");
    lua_pushstring(L, lxw_version());
    lua_setfield(L, -2, "libxlsxwriter");
    return 1;
}
