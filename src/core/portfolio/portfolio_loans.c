/*
 * The loan records of a portfolio: their identity, the table that finds them, their memory.
 *
 * A loan is one by provider, environment, account label and loan id. Records lie in blocks that
 * never move, so growing costs no copy and leaves no slack behind.
 */
#include "wide_bytes.h"
#include "portfolio_inner.h"
#include "text_hash.h"
#include "uuid.h"

#define LOANS_PER_BLOCK 256u
#define SLOTS_FIRST     64u
#define ID_SHORT_MAX    16u
#define ID_IS_UUID      17u
#define ID_IS_LONG      18u

static uint32_t block_count(const struct repay_portfolio *portfolio)
{
    uint32_t blocks = 0;

    while (blocks < portfolio->loan_block_room && portfolio->loan_blocks[blocks])
        blocks++;
    return blocks;
}

void repay_portfolio_free_loans(struct repay_portfolio *portfolio)
{
    const struct repay_allocator *allocator = portfolio->allocator;
    uint32_t blocks = block_count(portfolio);

    for (uint32_t i = 0; i < blocks; i++)
        repay_release(allocator, portfolio->loan_blocks[i],
                      LOANS_PER_BLOCK * sizeof **portfolio->loan_blocks);
    repay_release(allocator, portfolio->loan_blocks,
                  portfolio->loan_block_room * sizeof *portfolio->loan_blocks);
    repay_release(allocator, portfolio->loan_slots,
                  portfolio->loan_slot_count * sizeof *portfolio->loan_slots);
}

size_t repay_portfolio_loans_memory(const struct repay_portfolio *portfolio)
{
    return portfolio->loan_slot_count * sizeof *portfolio->loan_slots +
           portfolio->loan_block_room * sizeof *portfolio->loan_blocks +
           block_count(portfolio) * LOANS_PER_BLOCK * sizeof **portfolio->loan_blocks;
}

struct loan_key {
    unsigned char id[ID_SHORT_MAX];
    uint8_t form;
    struct repay_text text;
    uint64_t hash;
    uint32_t group;
};

static struct loan_key key_of(const struct repay_portfolio *portfolio, uint32_t group,
                              struct repay_text id)
{
    struct loan_key key = {.form = ID_IS_LONG, .text = id, .group = group};

    if (id.length <= ID_SHORT_MAX) {
        key.form = (uint8_t)id.length;
        if (id.length > 0)
            memcpy(key.id, id.data, id.length);
    } else if (id.length == REPAY_UUID_TEXT && repay_uuid_decode(id.data, key.id)) {
        key.form = ID_IS_UUID;
    }
    key.hash = repay_text_hash((uintptr_t)portfolio, group, id);
    return key;
}

static struct repay_portfolio_loan *loan_at(const struct repay_portfolio *portfolio, uint32_t place)
{
    return &portfolio->loan_blocks[place / LOANS_PER_BLOCK][place % LOANS_PER_BLOCK];
}

const struct repay_portfolio_loan *repay_portfolio_loan(const struct repay_portfolio *portfolio,
                                                        uint32_t place)
{
    return loan_at(portfolio, place);
}

static struct repay_text long_id(const struct repay_portfolio *portfolio,
                                 const struct repay_portfolio_loan *loan)
{
    uint32_t place;

    memcpy(&place, loan->id, sizeof place);
    return repay_names_at(&portfolio->names, place);
}

struct repay_text repay_portfolio_loan_id(const struct repay_portfolio *portfolio,
                                          const struct repay_portfolio_loan *loan, char room[40])
{
    if (loan->id_form == ID_IS_LONG)
        return long_id(portfolio, loan);
    if (loan->id_form <= ID_SHORT_MAX)
        return (struct repay_text){(const char *)loan->id, loan->id_form};
    repay_uuid_write(loan->id, room);
    return (struct repay_text){room, REPAY_UUID_TEXT};
}

static bool is_same_loan(const struct repay_portfolio *portfolio,
                         const struct repay_portfolio_loan *loan, const struct loan_key *key)
{
    if (loan->id_form != key->form || portfolio->cells[loan->cell].group != key->group)
        return false;
    if (key->form == ID_IS_LONG)
        return repay_text_equal(long_id(portfolio, loan), key->text);
    return memcmp(loan->id, key->id, sizeof key->id) == 0;
}

/* The slot of the loan, or the free one where it belongs. There must be a table. */
static uint32_t *seek(const struct repay_portfolio *portfolio, const struct loan_key *key)
{
    uint32_t mask = portfolio->loan_slot_count - 1;
    uint32_t at = (uint32_t)key->hash & mask;

    while (portfolio->loan_slots[at] != 0 &&
           !is_same_loan(portfolio, loan_at(portfolio, portfolio->loan_slots[at] - 1), key))
        at = (at + 1) & mask;
    return &portfolio->loan_slots[at];
}

static struct loan_key key_of_loan(const struct repay_portfolio *portfolio,
                                   const struct repay_portfolio_loan *loan, char room[40])
{
    return key_of(portfolio, portfolio->cells[loan->cell].group,
                  repay_portfolio_loan_id(portfolio, loan, room));
}

/* A table that is at most half full with so many loans: each one passed is far away in memory. */
static bool reserve_slots(struct repay_portfolio *portfolio, uint32_t loans)
{
    uint32_t count = portfolio->loan_slot_count > 0 ? portfolio->loan_slot_count : SLOTS_FIRST;
    uint32_t *old = portfolio->loan_slots;
    uint32_t old_count = portfolio->loan_slot_count;
    uint32_t *slots;

    while ((uint64_t)loans * 2 > count)
        count *= 2;
    if (count == old_count)
        return true;
    slots = repay_allocate(portfolio->allocator, count * sizeof *slots);
    if (!slots)
        return false;
    memset(slots, 0, count * sizeof *slots);
    portfolio->loan_slots = slots;
    portfolio->loan_slot_count = count;
    for (uint32_t i = 0; i < portfolio->loan_count; i++) {
        char room[40];
        struct loan_key key = key_of_loan(portfolio, loan_at(portfolio, i), room);
        uint32_t at = (uint32_t)key.hash & (count - 1);

        /* The loans differ from each other, so only free slots are looked for. */
        while (slots[at] != 0)
            at = (at + 1) & (count - 1);
        slots[at] = i + 1;
    }
    repay_release(portfolio->allocator, old, old_count * sizeof *old);
    return true;
}

static bool reserve_blocks(struct repay_portfolio *portfolio, uint32_t loans)
{
    uint32_t needed = (loans + LOANS_PER_BLOCK - 1) / LOANS_PER_BLOCK;
    uint32_t room = portfolio->loan_block_room > 0 ? portfolio->loan_block_room : 4;
    struct repay_portfolio_loan **blocks;

    while (room < needed)
        room *= 2;
    if (room > portfolio->loan_block_room) {
        blocks = repay_resize(portfolio->allocator, portfolio->loan_blocks,
                              portfolio->loan_block_room * sizeof *blocks, room * sizeof *blocks);
        if (!blocks)
            return false;
        memset(blocks + portfolio->loan_block_room, 0,
               (room - portfolio->loan_block_room) * sizeof *blocks);
        portfolio->loan_blocks = blocks;
        portfolio->loan_block_room = room;
    }
    for (uint32_t i = portfolio->loan_count / LOANS_PER_BLOCK; i < needed; i++) {
        if (portfolio->loan_blocks[i])
            continue;
        portfolio->loan_blocks[i] =
            repay_allocate(portfolio->allocator, LOANS_PER_BLOCK * sizeof **portfolio->loan_blocks);
        if (!portfolio->loan_blocks[i])
            return false;
    }
    return true;
}

static bool reserve_loans(struct repay_portfolio *portfolio, uint32_t more,
                          struct repay_error *error)
{
    if (more > REPAY_PORTFOLIO_LOANS_MAX - portfolio->loan_count)
        return repay_error_set(error, REPAY_KIND_TOO_LARGE, "more than %lu loans in one portfolio",
                               (unsigned long)REPAY_PORTFOLIO_LOANS_MAX);
    if (!reserve_slots(portfolio, portfolio->loan_count + more) ||
        !reserve_blocks(portfolio, portfolio->loan_count + more))
        return repay_error_set(error, REPAY_KIND_MEMORY, "no memory for the portfolio's loans");
    return true;
}

static uint8_t flags_of(const struct repay_loan *loan)
{
    unsigned flags = 0;

    flags |= loan->unknown_rows > 0 ? REPAY_LOAN_HAS_UNKNOWN : 0u;
    flags |= loan->undated_rows > 0 ? REPAY_LOAN_HAS_UNDATED : 0u;
    flags |= loan->no_principal_rows > 0 ? REPAY_LOAN_NO_PRINCIPAL : 0u;
    flags |= loan->no_low_rows > 0 ? REPAY_LOAN_NO_LOW : 0u;
    flags |= repay_loan_next_is_known(loan) ? 0u : REPAY_LOAN_NEXT_UNKNOWN;
    flags |= loan->unknown_late_rows > 0 ? REPAY_LOAN_OVERDUE_UNKNOWN : 0u;
    if (loan->unknown_rows > 0 && loan->told_balance != REPAY_AMOUNT_ABSENT)
        flags |= REPAY_LOAN_BALANCE_TOLD;
    return (uint8_t)flags;
}

/* Writes a record that nothing finds yet. False when a long id could not be kept. */
static bool write_record(struct repay_portfolio *portfolio, const struct repay_loan *loan,
                         const struct loan_key *key, uint32_t cell,
                         struct repay_portfolio_loan *out)
{
    bool told = (flags_of(loan) & REPAY_LOAN_BALANCE_TOLD) != 0;

    *out = (struct repay_portfolio_loan){
        .outstanding = told ? loan->told_balance : loan->outstanding,
        .overdue = loan->overdue,
        .next_due = loan->next_due,
        .principal_high = loan->principal_high,
        .principal_low = loan->principal_low,
        .oldest_late_day = loan->oldest_late_day,
        .next_due_day = loan->next_due_day,
        .cell = cell,
        .id_form = key->form,
        .flags = flags_of(loan),
    };
    memcpy(out->id, key->id, sizeof out->id);
    if (key->form == ID_IS_LONG) {
        uint32_t place = repay_names_keep(&portfolio->names, key->text);

        if (place == REPAY_NAME_NONE)
            return false;
        memcpy(out->id, &place, sizeof place);
    }
    return true;
}

static bool stage_loan(struct repay_portfolio *portfolio, const struct repay_schedule *schedule,
                       uint32_t cell, uint32_t i, struct repay_error *error)
{
    struct repay_loan *loan = &portfolio->scratch.items[i];
    struct repay_text id = repay_schedule_text(schedule, loan->code);
    struct loan_key key;

    if (id.length > REPAY_NAME_MAX)
        return repay_error_set(error, REPAY_KIND_TOO_LARGE, "a loan id of more than %d bytes",
                               REPAY_NAME_MAX);
    key = key_of(portfolio, portfolio->cells[cell].group, id);
    loan->hash = key.hash;
    if (*seek(portfolio, &key) != 0)
        return repay_error_set(error, REPAY_KIND_DUPLICATE_LOAN,
                               "the portfolio already holds %s loan %.*s",
                               schedule->layout->provider, (int)id.length, id.data);
    if (!write_record(portfolio, loan, &key, cell, loan_at(portfolio, portfolio->loan_count + i)))
        return repay_error_set(error, REPAY_KIND_MEMORY, "no memory for the portfolio's loans");
    return true;
}

bool repay_portfolio_stage_loans(struct repay_portfolio *portfolio,
                                 const struct repay_schedule *schedule, uint32_t cell,
                                 struct repay_error *error)
{
    if (!reserve_loans(portfolio, portfolio->scratch.count, error))
        return false;
    for (uint32_t i = 0; i < portfolio->scratch.count; i++) {
        if (!stage_loan(portfolio, schedule, cell, i, error))
            return false;
    }
    return true;
}

void repay_portfolio_keep_loans(struct repay_portfolio *portfolio)
{
    for (uint32_t i = 0; i < portfolio->scratch.count; i++) {
        uint32_t mask = portfolio->loan_slot_count - 1;
        uint32_t at = (uint32_t)portfolio->scratch.items[i].hash & mask;

        /* No loan that is held already was staged, so only free slots are looked for. */
        while (portfolio->loan_slots[at] != 0)
            at = (at + 1) & mask;
        portfolio->loan_slots[at] = ++portfolio->loan_count;
    }
}
