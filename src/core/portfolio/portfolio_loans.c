/*
 * The loan records of a portfolio: their identity, the table that finds them, their memory.
 *
 * A loan is one by provider, environment, account label and loan id. Records lie in blocks that
 * never move, so growing costs no copy and leaves no slack behind.
 */
#include "array.h"
#include "portfolio_inner.h"
#include "text_hash.h"
#include "uuid.h"
#include "wide_bytes.h"

#define LOANS_PER_BLOCK 256u
#define SLOTS_FIRST     64u
#define BATCH           32u /* loans that are asked for together, far as they are in memory */
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
    uint32_t hash;
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
    key.hash = (uint32_t)repay_text_hash((uintptr_t)portfolio, group, id);
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

/* Where the search for a hash begins: places stand in the order of hashes, however many. */
static uint32_t slot_of(uint32_t hash, uint32_t slot_count)
{
    return (uint32_t)((uint64_t)hash * slot_count >> 32);
}

static uint32_t next_slot(uint32_t at, uint32_t slot_count)
{
    return at + 1 < slot_count ? at + 1 : 0;
}

/* Whether the portfolio holds the loan. There must be a table. */
static bool is_held(const struct repay_portfolio *portfolio, const struct loan_key *key)
{
    uint32_t count = portfolio->loan_slot_count;
    uint32_t at = slot_of(key->hash, count);

    for (; portfolio->loan_slots[at].place != 0; at = next_slot(at, count)) {
        struct repay_loan_slot slot = portfolio->loan_slots[at];

        if (slot.hash == key->hash &&
            is_same_loan(portfolio, loan_at(portfolio, slot.place - 1), key))
            return true;
    }
    return false;
}

/* Where a loan belongs that the table does not hold: only free slots are looked for. */
static void put_slot(struct repay_loan_slot *slots, uint32_t count, struct repay_loan_slot slot)
{
    uint32_t at = slot_of(slot.hash, count);

    while (slots[at].place != 0)
        at = next_slot(at, count);
    slots[at] = slot;
}

/*
 * A table that is at most four fifths full with so many loans. Slots that follow each other lie on
 * one line of the cache mostly, and a loan is looked at only where its hash is the one sought.
 */
static bool reserve_slots(struct repay_portfolio *portfolio, uint32_t loans)
{
    struct repay_loan_slot *old = portfolio->loan_slots;
    uint32_t old_count = portfolio->loan_slot_count;
    uint32_t count = loans + loans / 4 + 1;
    struct repay_loan_slot *slots;

    if (count <= old_count)
        return true;
    if (count < old_count + old_count / 4)
        count = old_count + old_count / 4;
    if (count < SLOTS_FIRST)
        count = SLOTS_FIRST;
    slots = repay_allocate(portfolio->allocator, count * sizeof *slots);
    if (!slots)
        return false;
    memset(slots, 0, count * sizeof *slots);
    /* The order stays, so both tables are gone through from one end to the other. */
    for (uint32_t i = 0; i < old_count; i++) {
        if (old[i].place != 0)
            put_slot(slots, count, old[i]);
    }
    portfolio->loan_slots = slots;
    portfolio->loan_slot_count = count;
    repay_release(portfolio->allocator, old, old_count * sizeof *old);
    return true;
}

/* A slot that will be looked at soon. */
static void expect_slot(const struct repay_portfolio *portfolio, uint32_t hash)
{
    repay_expect(&portfolio->loan_slots[slot_of(hash, portfolio->loan_slot_count)]);
}

static bool reserve_blocks(struct repay_portfolio *portfolio, uint32_t loans)
{
    uint32_t needed = (loans + LOANS_PER_BLOCK - 1) / LOANS_PER_BLOCK;
    uint32_t before = portfolio->loan_block_room;
    uint32_t room = before > 0 ? before : 4;

    while (room < needed)
        room *= 2;
    if (room > before) {
        if (!repay_array_resize(portfolio->allocator, &portfolio->loan_blocks,
                                sizeof *portfolio->loan_blocks, &portfolio->loan_block_room, room))
            return false;
        memset(portfolio->loan_blocks + before, 0,
               (room - before) * sizeof *portfolio->loan_blocks);
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
                       uint32_t cell, uint32_t i, const struct loan_key *key,
                       struct repay_error *error)
{
    struct repay_portfolio_loan *record = loan_at(portfolio, portfolio->loan_count + i);

    if (is_held(portfolio, key))
        return repay_error_set(error, REPAY_KIND_DUPLICATE_LOAN,
                               "the portfolio already holds %s loan %.*s",
                               schedule->layout->provider, (int)key->text.length, key->text.data);
    if (!write_record(portfolio, &portfolio->scratch.items[i], key, cell, record))
        return repay_error_set(error, REPAY_KIND_MEMORY, "no memory for the portfolio's loans");
    return true;
}

/* So many loans from `first` on, whose slots are asked for before the first of them is needed. */
static bool stage_batch(struct repay_portfolio *portfolio, const struct repay_schedule *schedule,
                        uint32_t cell, uint32_t first, uint32_t count, struct repay_error *error)
{
    struct loan_key keys[BATCH];

    for (uint32_t i = 0; i < count; i++) {
        struct repay_loan *loan = &portfolio->scratch.items[first + i];
        struct repay_text id = repay_schedule_text(schedule, loan->code);

        if (id.length > REPAY_NAME_MAX)
            return repay_error_set(error, REPAY_KIND_TOO_LARGE, "a loan id of more than %d bytes",
                                   REPAY_NAME_MAX);
        keys[i] = key_of(portfolio, portfolio->cells[cell].group, id);
        loan->hash = keys[i].hash;
        expect_slot(portfolio, keys[i].hash);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!stage_loan(portfolio, schedule, cell, first + i, &keys[i], error))
            return false;
    }
    return true;
}

bool repay_portfolio_stage_loans(struct repay_portfolio *portfolio,
                                 const struct repay_schedule *schedule, uint32_t cell,
                                 struct repay_error *error)
{
    uint32_t loans = portfolio->scratch.count;

    if (!reserve_loans(portfolio, loans, error))
        return false;
    for (uint32_t first = 0; first < loans; first += BATCH) {
        uint32_t left = loans - first;

        if (!stage_batch(portfolio, schedule, cell, first, left < BATCH ? left : BATCH, error))
            return false;
    }
    return true;
}

void repay_portfolio_keep_loans(struct repay_portfolio *portfolio)
{
    const struct repay_loan *loans = portfolio->scratch.items;
    uint32_t count = portfolio->scratch.count;

    for (uint32_t i = 0; i < count; i++) {
        if (i + BATCH < count)
            expect_slot(portfolio, loans[i + BATCH].hash);
        /* No loan that is held already was staged. */
        put_slot(portfolio->loan_slots, portfolio->loan_slot_count,
                 (struct repay_loan_slot){++portfolio->loan_count, loans[i].hash});
    }
}
