/*
 * Adding schedules to a portfolio, all or nothing; portfolio.h says what is kept.
 *
 * The order of an addition: the cell, then one pass over the rows that makes loan figures and day
 * sums at once, then what can still refuse (a loan that is held, memory for the loans), and only
 * then the loans. What a refusal finds already added to day sums is taken out again.
 */
#include "portfolio.h"

#include "amounts.h"
#include "array.h"
#include "portfolio_inner.h"

#define SCRATCH_KEPT 1024u /* loan figures kept from one addition to the next */
#define RECENT_DAYS  1024u /* the due days of most schedules, so that each is looked up once */

void repay_portfolio_init(struct repay_portfolio *portfolio,
                          const struct repay_allocator *allocator, int32_t as_of)
{
    *portfolio = (struct repay_portfolio){.allocator = allocator,
                                          .as_of = as_of,
                                          .fetched_first = REPAY_DAY_ABSENT,
                                          .fetched_last = REPAY_DAY_ABSENT};
    repay_names_init(&portfolio->names, allocator);
    repay_number_map_init(&portfolio->cell_of, allocator);
    repay_number_map_init(&portfolio->group_of, allocator);
    repay_number_map_init(&portfolio->day_of, allocator);
    repay_loans_init(&portfolio->scratch, allocator);
}

void repay_portfolio_free(struct repay_portfolio *portfolio)
{
    const struct repay_allocator *allocator = portfolio->allocator;

    repay_portfolio_free_loans(portfolio);
    repay_release(allocator, portfolio->cells, portfolio->cell_room * sizeof *portfolio->cells);
    repay_release(allocator, portfolio->days, portfolio->day_room * sizeof *portfolio->days);
    repay_release(allocator, portfolio->currencies,
                  portfolio->currency_room * sizeof *portfolio->currencies);
    repay_names_free(&portfolio->names);
    repay_number_map_free(&portfolio->cell_of);
    repay_number_map_free(&portfolio->group_of);
    repay_number_map_free(&portfolio->day_of);
    repay_loans_free(&portfolio->scratch);
    repay_portfolio_init(portfolio, allocator, portfolio->as_of);
}

static size_t map_memory(const struct repay_number_map *map)
{
    return map->capacity * sizeof *map->slots;
}

size_t repay_portfolio_memory(const struct repay_portfolio *portfolio)
{
    size_t size = sizeof *portfolio + repay_names_memory(&portfolio->names);

    size += map_memory(&portfolio->cell_of) + map_memory(&portfolio->group_of);
    size += map_memory(&portfolio->day_of) + map_memory(&portfolio->scratch.by_code);
    size += portfolio->scratch.room * sizeof *portfolio->scratch.items;
    size += portfolio->cell_room * sizeof *portfolio->cells;
    size += portfolio->day_room * sizeof *portfolio->days;
    size += portfolio->currency_room * sizeof *portfolio->currencies;
    return size + repay_portfolio_loans_memory(portfolio);
}

static bool no_memory(struct repay_error *error)
{
    return repay_error_set(error, REPAY_KIND_MEMORY, "no memory for the portfolio");
}

/* Room for one more item of an array that grows by half: what it has too much is kept for long. */
static bool make_room(const struct repay_allocator *allocator, void *array_of, size_t item_size,
                      uint32_t count, uint32_t *room)
{
    return count < *room || repay_array_resize(allocator, array_of, item_size, room,
                                               *room > 0 ? *room + *room / 2 : 4);
}

/*
 * Cells
 */

/* A set of tags is the text of its sorted names, two bytes each. */
static uint32_t enter_tags(struct repay_portfolio *portfolio, const struct repay_text *tags,
                           uint32_t count)
{
    uint32_t names[REPAY_PORTFOLIO_TAGS_MAX];
    unsigned char set[REPAY_PORTFOLIO_TAGS_MAX * 2];
    uint32_t used = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t name = repay_names_enter(&portfolio->names, tags[i]);
        uint32_t at = used;

        if (name == REPAY_NAME_NONE)
            return name;
        while (at > 0 && names[at - 1] > name)
            at--;
        if (at > 0 && names[at - 1] == name)
            continue;
        memmove(&names[at + 1], &names[at], (used - at) * sizeof *names);
        names[at] = name;
        used++;
    }
    for (uint32_t i = 0; i < used; i++) {
        set[i * 2] = (unsigned char)(names[i] & 0xff);
        set[i * 2 + 1] = (unsigned char)(names[i] >> 8);
    }
    return repay_names_enter(&portfolio->names,
                             (struct repay_text){(const char *)set, (size_t)used * 2});
}

uint32_t repay_portfolio_tag_count(const struct repay_portfolio *portfolio,
                                   const struct repay_cell *cell)
{
    return (uint32_t)(repay_names_text(&portfolio->names, cell->tags).length / 2);
}

uint32_t repay_portfolio_tag(const struct repay_portfolio *portfolio, const struct repay_cell *cell,
                             uint32_t i)
{
    struct repay_text set = repay_names_text(&portfolio->names, cell->tags);
    unsigned char low = (unsigned char)set.data[i * 2];
    unsigned char high = (unsigned char)set.data[i * 2 + 1];

    return low | (uint32_t)high << 8;
}

/* The place of the currency's sum, or REPAY_NAME_NONE. */
static uint32_t enter_currency(struct repay_portfolio *portfolio, uint32_t currency)
{
    for (uint32_t i = 0; i < portfolio->currency_count; i++) {
        if (portfolio->currencies[i].currency == currency)
            return i;
    }
    if (!make_room(portfolio->allocator, &portfolio->currencies, sizeof *portfolio->currencies,
                   portfolio->currency_count, &portfolio->currency_room))
        return REPAY_NAME_NONE;
    portfolio->currencies[portfolio->currency_count] =
        (struct repay_currency_sum){.currency = currency};
    return portfolio->currency_count++;
}

/* Numbers of the texts that a cell is made of; false when one could not be entered. */
static bool enter_names(struct repay_portfolio *portfolio, const struct repay_schedule *schedule,
                        const struct repay_text *tags, uint32_t tag_count, struct repay_cell *cell,
                        uint32_t *layout)
{
    struct repay_names *names = &portfolio->names;
    struct repay_schedule_facts facts;

    repay_schedule_facts_of(schedule, &facts);
    cell->layout = schedule->layout;
    cell->decimals = facts.decimals;
    cell->provider = repay_names_enter(names, repay_text_of(schedule->layout->provider));
    cell->environment = repay_names_enter(names, facts.environment);
    cell->label = repay_names_enter(names, facts.label);
    cell->currency = repay_names_enter(names, repay_text_of(facts.currency));
    cell->tags = enter_tags(portfolio, tags, tag_count);
    *layout = repay_names_enter(names, repay_text_of(schedule->layout->name));
    return cell->provider != REPAY_NAME_NONE && cell->environment != REPAY_NAME_NONE &&
           cell->label != REPAY_NAME_NONE && cell->currency != REPAY_NAME_NONE &&
           cell->tags != REPAY_NAME_NONE && *layout != REPAY_NAME_NONE;
}

static bool too_many_cells(struct repay_error *error)
{
    return repay_error_set(error, REPAY_KIND_TOO_LARGE,
                           "more than %d accounts and sets of tags in one portfolio",
                           REPAY_PORTFOLIO_CELLS_MAX);
}

static bool enter_cell(struct repay_portfolio *portfolio, const struct repay_schedule *schedule,
                       const struct repay_text *tags, uint32_t tag_count, uint32_t *place,
                       struct repay_error *error)
{
    struct repay_cell cell = {.rows = 0};
    uint32_t layout;
    uint64_t key;

    if (!enter_names(portfolio, schedule, tags, tag_count, &cell, &layout)) {
        if (portfolio->names.name_count > REPAY_NAMES_MAX)
            return repay_error_set(error, REPAY_KIND_TOO_LARGE,
                                   "more than %d different tags, labels and other names",
                                   REPAY_NAMES_MAX);
        return no_memory(error);
    }
    key = (uint64_t)cell.provider << 32 | (uint64_t)cell.environment << 16 | cell.label;
    cell.group = repay_number_map_enter(&portfolio->group_of, key, portfolio->group_of.used);
    cell.currency_place = enter_currency(portfolio, cell.currency);
    if (cell.group != REPAY_NUMBER_MAP_NONE && cell.group >= REPAY_PORTFOLIO_CELLS_MAX)
        return too_many_cells(error);
    if (cell.group == REPAY_NUMBER_MAP_NONE || cell.currency_place == REPAY_NAME_NONE)
        return no_memory(error);
    key = (uint64_t)cell.group << 48 | (uint64_t)cell.currency << 32 | (uint64_t)layout << 16 |
          cell.tags;
    *place = repay_number_map_find(&portfolio->cell_of, key);
    if (*place != REPAY_NUMBER_MAP_NONE)
        return true;
    if (portfolio->cell_count >= REPAY_PORTFOLIO_CELLS_MAX)
        return too_many_cells(error);
    if (!make_room(portfolio->allocator, &portfolio->cells, sizeof *portfolio->cells,
                   portfolio->cell_count, &portfolio->cell_room) ||
        repay_number_map_enter(&portfolio->cell_of, key, portfolio->cell_count) ==
            REPAY_NUMBER_MAP_NONE)
        return no_memory(error);
    *place = portfolio->cell_count++;
    portfolio->cells[*place] = cell;
    return true;
}

/*
 * Adding
 */

/* Of the days before, by the last bits of each: which day it is, and the place of its sum. */
struct recent_days {
    uint32_t mask;
    int32_t days[RECENT_DAYS];
    uint32_t places[RECENT_DAYS];
};

struct addition {
    struct repay_portfolio *portfolio;
    uint32_t cell;
    int64_t room; /* what may still be added in the currency */
    struct repay_sum total_due;
    struct repay_sum paid;
    uint64_t unknown_rows;
    uint64_t unknown_late_rows;
    uint64_t unknown_undated_rows;
    uint32_t rows; /* laid on day sums so far: what a refusal has to take out */
    struct recent_days *recent;
};

static uint64_t day_key(uint32_t cell, int32_t day)
{
    return (uint64_t)cell << 32 | (uint32_t)day;
}

/* The sum of the cell's day; NULL when there is no memory. */
static struct repay_day_sum *day_sum(struct repay_portfolio *portfolio, uint32_t cell, int32_t day)
{
    uint32_t place;

    if (!make_room(portfolio->allocator, &portfolio->days, sizeof *portfolio->days,
                   portfolio->day_count, &portfolio->day_room))
        return NULL;
    place = repay_number_map_enter(&portfolio->day_of, day_key(cell, day), portfolio->day_count);
    if (place == REPAY_NUMBER_MAP_NONE)
        return NULL;
    if (place == portfolio->day_count)
        portfolio->days[portfolio->day_count++] = (struct repay_day_sum){.cell = cell, .day = day};
    return &portfolio->days[place];
}

/* A schedule of few rows has few days, and is not to pay for room that it does not use. */
static void begin_recent_days(struct recent_days *recent, uint32_t rows)
{
    uint32_t count = 16;

    while (count < rows && count < RECENT_DAYS)
        count *= 2;
    recent->mask = count - 1;
    for (uint32_t i = 0; i < count; i++)
        recent->days[i] = REPAY_DAY_ABSENT;
}

/* Likewise; the days of the rows before are at hand. */
static struct repay_day_sum *recent_day_sum(struct addition *addition, int32_t day)
{
    struct repay_portfolio *portfolio = addition->portfolio;
    struct recent_days *recent = addition->recent;
    uint32_t at = (uint32_t)day & recent->mask;
    struct repay_day_sum *sum;

    if (recent->days[at] == day && day != REPAY_DAY_ABSENT)
        return &portfolio->days[recent->places[at]];
    sum = day_sum(portfolio, addition->cell, day);
    if (sum) {
        recent->days[at] = day;
        recent->places[at] = (uint32_t)(sum - portfolio->days);
    }
    return sum;
}

/* `sign` 1 lays a row on its day, -1 takes it out again. No sum can leave int64: see check_room. */
static void move_row(struct repay_day_sum *sum, int64_t minor, struct repay_principal principal,
                     int sign)
{
    sum->outstanding += sign * minor;
    sum->rows += (uint64_t)(int64_t)sign;
    if (principal.high == REPAY_AMOUNT_ABSENT)
        sum->no_principal_rows += (uint64_t)(int64_t)sign;
    else
        sum->principal_high += sign * principal.high;
    if (principal.low == REPAY_AMOUNT_ABSENT)
        sum->no_low_rows += (uint64_t)(int64_t)sign;
    else
        sum->principal_low += sign * principal.low;
}

/* Nothing that is summed of a currency exceeds what it has outstanding: this one check is all. */
static bool check_room(struct addition *addition, const struct repay_rows *rows,
                       struct repay_error *error)
{
    int64_t sum = 0;

    if (!repay_amounts_sum(rows->outstanding, rows->count, &sum)) {
        sum = 0;
        for (uint32_t i = 0; i < rows->count; i++)
            sum += rows->outstanding[i] > 0 ? rows->outstanding[i] : 0;
    }
    if (sum > addition->room)
        return repay_sum_overflow("what the portfolio has outstanding", error);
    addition->room -= sum;
    return true;
}

static void count_unknown(struct addition *addition, const struct repay_rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        int32_t day = rows->days[i];

        if (rows->outstanding[i] != REPAY_AMOUNT_ABSENT)
            continue;
        addition->unknown_rows++;
        /* An undated row compares as earlier than every day. */
        addition->unknown_late_rows += day < addition->portfolio->as_of;
        addition->unknown_undated_rows += day == REPAY_DAY_ABSENT;
    }
}

/* The rows with something outstanding, found without a branch that must be guessed. */
static uint32_t find_owing(const struct repay_rows *rows, uint16_t places[REPAY_MEASURE_ROWS])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < rows->count; i++) {
        places[count] = (uint16_t)i;
        count += rows->outstanding[i] > 0;
    }
    return count;
}

static bool add_days(struct addition *addition, const struct repay_rows *rows,
                     const struct repay_row_parts *parts, struct repay_error *error)
{
    uint16_t places[REPAY_MEASURE_ROWS];
    uint32_t count = find_owing(rows, places);

    if (!parts->is_plain)
        count_unknown(addition, rows);
    for (uint32_t owing = 0; owing < count; owing++) {
        uint32_t i = places[owing];
        struct repay_day_sum *sum = recent_day_sum(addition, rows->days[i]);

        if (!sum) {
            addition->rows = rows->row + i;
            return no_memory(error);
        }
        move_row(sum, rows->outstanding[i], (struct repay_principal){parts->high[i], parts->low[i]},
                 1);
    }
    addition->rows = rows->row + rows->count;
    return true;
}

static bool add_sums(struct addition *addition, const struct repay_schedule *schedule,
                     const struct repay_rows *rows, struct repay_error *error)
{
    if (!repay_sum_figure(&addition->paid, schedule, REPAY_FIGURE_PAID, rows->row, rows->count))
        return repay_sum_overflow("paid_minor", error);
    if (schedule->layout->total_due_reason) {
        addition->total_due.missing_rows += rows->count;
        return true;
    }
    if (!repay_sum_figure(&addition->total_due, schedule, REPAY_FIGURE_TOTAL_DUE, rows->row,
                          rows->count))
        return repay_sum_overflow("total_due_minor", error);
    return true;
}

struct visit {
    struct addition *addition;
    const struct repay_schedule *schedule;
};

static bool visit_rows(void *context, const struct repay_rows *rows,
                       const struct repay_row_parts *parts, struct repay_error *error)
{
    struct visit *visit = context;

    return check_room(visit->addition, rows, error) &&
           add_sums(visit->addition, visit->schedule, rows, error) &&
           add_days(visit->addition, rows, parts, error);
}

/* Takes the first rows of the schedule out of the day sums again. */
static void take_out(struct addition *addition, const struct repay_schedule *schedule)
{
    struct repay_portfolio *portfolio = addition->portfolio;
    struct repay_rows rows = {.row = 0};

    while (rows.row < addition->rows && repay_rows_next(schedule, &rows)) {
        for (uint32_t i = 0; i < rows.count && rows.row + i < addition->rows; i++) {
            uint32_t row = rows.row + i;
            uint32_t place =
                repay_number_map_find(&portfolio->day_of, day_key(addition->cell, rows.days[i]));
            int64_t penalty;

            if (rows.outstanding[i] <= 0)
                continue;
            move_row(
                &portfolio->days[place], rows.outstanding[i],
                repay_principal_of(rows.outstanding[i],
                                   repay_schedule_figure(schedule, REPAY_FIGURE_PRINCIPAL, row),
                                   repay_schedule_figure(schedule, REPAY_FIGURE_INTEREST, row),
                                   *repay_penalties(schedule, row, 1, &penalty)),
                -1);
        }
    }
}

/* The cell's own sums with the addition's, if Lua can hold them; *cell is changed only then. */
static bool add_to_cell(const struct addition *addition, uint32_t loans, struct repay_cell *cell,
                        struct repay_error *error)
{
    struct repay_cell sum = *cell;

    if (!repay_sum_add(&sum.total_due, &addition->total_due) ||
        !repay_money_in_range(sum.total_due.minor))
        return repay_sum_overflow("total_due_minor", error);
    if (!repay_sum_add(&sum.paid, &addition->paid) || !repay_money_in_range(sum.paid.minor))
        return repay_sum_overflow("paid_minor", error);
    sum.rows += addition->rows;
    sum.loans += loans;
    sum.unknown_rows += addition->unknown_rows;
    sum.unknown_late_rows += addition->unknown_late_rows;
    sum.unknown_undated_rows += addition->unknown_undated_rows;
    *cell = sum;
    return true;
}

static void note_fetch(struct repay_portfolio *portfolio, const struct repay_schedule *schedule)
{
    int32_t day = repay_schedule_fetched_day(schedule);

    if (portfolio->schedules == 0 || day < portfolio->fetched_first)
        portfolio->fetched_first = day;
    if (portfolio->schedules == 0 || day > portfolio->fetched_last)
        portfolio->fetched_last = day;
    portfolio->schedules++;
}

bool repay_portfolio_add(struct repay_portfolio *portfolio, const struct repay_schedule *schedule,
                         const struct repay_text *tags, uint32_t tag_count,
                         struct repay_error *error)
{
    struct recent_days recent;
    struct addition addition = {.portfolio = portfolio, .recent = &recent};
    struct visit visit = {&addition, schedule};
    struct repay_loans_visitor visitor = {visit_rows, &visit};
    struct repay_currency_sum *currency;
    bool added;

    if (!enter_cell(portfolio, schedule, tags, tag_count, &addition.cell, error))
        return false;
    begin_recent_days(&recent, schedule->rows);
    currency = &portfolio->currencies[portfolio->cells[addition.cell].currency_place];
    addition.room = REPAY_AMOUNT_MAX - currency->outstanding;
    added =
        repay_loans_gather(&portfolio->scratch, schedule, portfolio->as_of, &visitor, error) &&
        repay_portfolio_stage_loans(portfolio, schedule, addition.cell, error) &&
        add_to_cell(&addition, portfolio->scratch.count, &portfolio->cells[addition.cell], error);
    if (added) {
        repay_portfolio_keep_loans(portfolio);
        currency->outstanding = REPAY_AMOUNT_MAX - addition.room;
        note_fetch(portfolio, schedule);
    } else {
        take_out(&addition, schedule);
    }
    if (portfolio->scratch.room > SCRATCH_KEPT)
        repay_loans_free(&portfolio->scratch);
    return added;
}
