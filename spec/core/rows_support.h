/*
 * Schedules for tests, from rows as C values: three layouts in the manner of what providers print.
 *
 * `test_paid` tells paid amounts, `test_balance` what is left of each row and what remains after
 * it, `test_list` neither, but balances of the whole loan. Absent values are NONE.
 */
#ifndef REPAY_TEST_ROWS_H
#define REPAY_TEST_ROWS_H

#include "schedule_build.h"
#include "test_allocator.h"

#define NONE                     REPAY_AMOUNT_ABSENT
#define TEST_FIELD_COUNT(fields) (uint8_t)(sizeof(fields) / sizeof(fields)[0])

struct test_row {
    const char *loan;
    int32_t number;
    const char *due; /* NULL: none */
    int64_t principal, interest, penalty, total, paid, outstanding, remaining;
    const char *status; /* NULL: none */
    const char *extra;  /* NULL: none */
    const char *id;
    const char *created;
    int flag; /* REPAY_FLAG_ABSENT, 0 or 1 */
};

static const struct repay_status_word test_words[] = {
    {"unpaid", REPAY_STATUS_PENDING},  {"paid", REPAY_STATUS_PAID},
    {"partial", REPAY_STATUS_PARTIAL}, {"late", REPAY_STATUS_OVERDUE},
    {NULL, REPAY_STATUS_UNKNOWN},
};

static const struct repay_field test_paid_fields[] = {
    REPAY_FIELD("p", REPAY_FIELD_AMOUNT, REPAY_ROLE_PRINCIPAL, 0, "principal_minor"),
    REPAY_FIELD("i", REPAY_FIELD_AMOUNT, REPAY_ROLE_INTEREST, 8, "interest_minor"),
    REPAY_FIELD("t", REPAY_FIELD_AMOUNT, REPAY_ROLE_TOTAL_DUE, 16, "total_due_minor"),
    REPAY_FIELD("a", REPAY_FIELD_AMOUNT, REPAY_ROLE_PAID, 24, "paid_minor"),
    REPAY_FIELD("d", REPAY_FIELD_DAY, REPAY_ROLE_DUE_DATE, 32, "due_date"),
    REPAY_FIELD("n", REPAY_FIELD_COUNT, REPAY_ROLE_NUMBER, 36, "number"),
    REPAY_FIELD("l", REPAY_FIELD_TEXT, REPAY_ROLE_LOAN_ID, 40, "loan_id"),
    REPAY_FIELD("s", REPAY_FIELD_TEXT, REPAY_ROLE_STATUS, 44, "provider_status"),
};
static const struct repay_layout test_paid = {
    .provider = "testpaid",
    .name = "schedule",
    .fields = test_paid_fields,
    .field_count = TEST_FIELD_COUNT(test_paid_fields),
    .row_width = 48,
    .amounts_beat_words = true,
    .total_due_rule = REPAY_AMOUNT_PRINCIPAL_PLUS_INTEREST,
    .paid_rule = REPAY_AMOUNT_GIVEN,
    .outstanding_rule = REPAY_AMOUNT_TOTAL_MINUS_PAID,
    .identity = REPAY_IDENTITY_LOAN_NUMBER,
    .penalty_in_total = true,
    .status_words = test_words,
};
/* The same without numbers: rows are their places. */
static const struct repay_layout test_position = {
    .provider = "testpaid",
    .name = "position",
    .fields = test_paid_fields,
    .field_count = TEST_FIELD_COUNT(test_paid_fields),
    .row_width = 48,
    .loan_id_is_subject = true,
    .number_is_position = true,
    .amounts_beat_words = true,
    .total_due_rule = REPAY_AMOUNT_PRINCIPAL_PLUS_INTEREST,
    .paid_rule = REPAY_AMOUNT_GIVEN,
    .outstanding_rule = REPAY_AMOUNT_TOTAL_MINUS_PAID,
    .identity = REPAY_IDENTITY_POSITION,
    .penalty_in_total = true,
    .status_words = test_words,
};

static const struct repay_field test_balance_fields[] = {
    REPAY_FIELD("p", REPAY_FIELD_AMOUNT, REPAY_ROLE_PRINCIPAL, 0, "principal_minor"),
    REPAY_FIELD("i", REPAY_FIELD_AMOUNT, REPAY_ROLE_INTEREST, 8, "interest_minor"),
    REPAY_FIELD("e", REPAY_FIELD_AMOUNT, REPAY_ROLE_PENALTY, 16, "penalty_minor"),
    REPAY_FIELD("t", REPAY_FIELD_AMOUNT, REPAY_ROLE_TOTAL_DUE, 24, "total_due_minor"),
    REPAY_FIELD("a", REPAY_FIELD_AMOUNT, REPAY_ROLE_PENALTY_PAID, 32, "penalty_paid_minor"),
    REPAY_FIELD("b", REPAY_FIELD_AMOUNT, REPAY_ROLE_OUTSTANDING, 40, "outstanding_minor"),
    REPAY_FIELD("r", REPAY_FIELD_AMOUNT, REPAY_ROLE_REMAINING, 48, "total_outstanding_minor"),
    REPAY_FIELD("d", REPAY_FIELD_DAY, REPAY_ROLE_DUE_DATE, 56, "due_date"),
    REPAY_FIELD("n", REPAY_FIELD_COUNT, REPAY_ROLE_NUMBER, 60, "number"),
    REPAY_FIELD("l", REPAY_FIELD_TEXT, REPAY_ROLE_LOAN_ID, 64, "loan_id"),
    REPAY_FIELD("s", REPAY_FIELD_TEXT, REPAY_ROLE_STATUS, 68, "provider_status"),
};
static const struct repay_layout test_balance = {
    .provider = "testbalance",
    .name = "schedule",
    .fields = test_balance_fields,
    .field_count = TEST_FIELD_COUNT(test_balance_fields),
    .row_width = 72,
    .total_due_rule = REPAY_AMOUNT_GIVEN,
    .paid_rule = REPAY_AMOUNT_TOTAL_MINUS_OUTSTANDING,
    .outstanding_rule = REPAY_AMOUNT_GIVEN,
    .identity = REPAY_IDENTITY_LOAN_NUMBER,
    .status_words = test_words,
};

static const struct repay_field test_list_fields[] = {
    REPAY_FIELD("id", REPAY_FIELD_UUID, REPAY_ROLE_ID, 0, "id"),
    REPAY_FIELD("q", REPAY_FIELD_AMOUNT, REPAY_ROLE_LOAN_PRINCIPAL, 16, "principal_balance_minor"),
    REPAY_FIELD("r", REPAY_FIELD_AMOUNT, REPAY_ROLE_LOAN_BALANCE, 24, "total_balance_minor"),
    REPAY_FIELD("t", REPAY_FIELD_AMOUNT, REPAY_ROLE_TOTAL_DUE, 32, "total_due_minor"),
    REPAY_FIELD("c", REPAY_FIELD_MOMENT, REPAY_ROLE_CREATED, 40, "creation_date"),
    REPAY_FIELD("d", REPAY_FIELD_DAY, REPAY_ROLE_DUE_DATE, 48, "due_date"),
    REPAY_FIELD("n", REPAY_FIELD_COUNT, REPAY_ROLE_NUMBER, 52, "number"),
    REPAY_FIELD("l", REPAY_FIELD_TEXT, REPAY_ROLE_LOAN_ID, 56, "loan_id"),
    REPAY_FIELD("f", REPAY_FIELD_FLAG, REPAY_ROLE_IS_PAID, 60, "is_loan_paid"),
};
static const struct repay_layout test_list = {
    .provider = "testlist",
    .name = "schedule",
    .fields = test_list_fields,
    .field_count = TEST_FIELD_COUNT(test_list_fields),
    .row_width = 61,
    .paid_flag_is_status = true,
    .total_due_rule = REPAY_AMOUNT_GIVEN,
    .paid_rule = REPAY_AMOUNT_NOT_TOLD,
    .outstanding_rule = REPAY_AMOUNT_ZERO_IF_PAID,
    .identity = REPAY_IDENTITY_ROW_ID,
    .status_words = test_words,
    .unknown_reason = "list_tells_nothing",
    .lateness_reason = "list_tells_nothing",
    .total_due_reason = "list_tells_nothing",
};

static inline const struct repay_layout *test_find_layout(struct repay_text provider,
                                                          struct repay_text layout)
{
    static const struct repay_layout *const all[] = {&test_paid, &test_position, &test_balance,
                                                     &test_list};

    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (repay_text_is(provider, all[i]->provider) && repay_text_is(layout, all[i]->name))
            return all[i];
    }
    return NULL;
}

/* One row, every column at its place. */
static inline int64_t test_amount(const struct test_row *row, enum repay_role role)
{
    switch (role) {
    case REPAY_ROLE_PRINCIPAL:
    case REPAY_ROLE_LOAN_PRINCIPAL:
        return row->principal;
    case REPAY_ROLE_INTEREST:
        return row->interest;
    case REPAY_ROLE_PENALTY:
        return row->penalty;
    case REPAY_ROLE_TOTAL_DUE:
        return row->total;
    case REPAY_ROLE_PAID:
    case REPAY_ROLE_PENALTY_PAID:
        return row->paid;
    case REPAY_ROLE_OUTSTANDING:
    case REPAY_ROLE_LOAN_BALANCE:
        return row->outstanding;
    default:
        return row->remaining;
    }
}

static inline bool test_put_text(struct repay_builder *builder, const char *text,
                                 unsigned char *out, struct repay_error *error)
{
    uint32_t code = 0;

    if (text && !repay_builder_intern(builder, repay_text_of(text), &code, error))
        return false;
    memcpy(out, &code, sizeof code);
    return true;
}

static inline bool test_put_value(struct repay_builder *builder, const struct test_row *row,
                                  const struct repay_field *field, unsigned char *out,
                                  struct repay_error *error)
{
    int64_t wide = REPAY_MOMENT_ABSENT;
    int32_t word = REPAY_COUNT_ABSENT;

    switch ((enum repay_field_type)field->type) {
    case REPAY_FIELD_UUID:
        memset(out, 0xff, 12);
        return test_put_text(builder, row->id, out + 12, error);
    case REPAY_FIELD_AMOUNT:
        wide = test_amount(row, (enum repay_role)field->role);
        break;
    case REPAY_FIELD_MOMENT:
        if (row->created)
            CHECK(repay_moment_pack(repay_text_of(row->created), &wide));
        break;
    case REPAY_FIELD_DAY:
        if (row->due)
            CHECK(repay_day_read(repay_text_of(row->due), &word));
        memcpy(out, &word, sizeof word);
        return true;
    case REPAY_FIELD_COUNT:
        memcpy(out, &row->number, sizeof row->number);
        return true;
    case REPAY_FIELD_TEXT:
        return test_put_text(builder, field->role == REPAY_ROLE_LOAN_ID ? row->loan : row->status,
                             out, error);
    case REPAY_FIELD_FLAG:
        *out = (unsigned char)row->flag;
        return true;
    }
    memcpy(out, &wide, sizeof wide);
    return true;
}

static inline bool test_put_row(struct repay_builder *builder, const struct test_row *row,
                                struct repay_error *error)
{
    if (!repay_builder_begin_row(builder, error))
        return false;
    for (unsigned i = 0; i < builder->layout->field_count; i++) {
        const struct repay_field *field = &builder->layout->fields[i];
        size_t width = repay_field_width((enum repay_field_type)field->type);

        if (!test_put_value(builder, row, field, builder->columns[i] + builder->row * width, error))
            return false;
    }
    if (row->extra && !repay_builder_add_extra(builder, repay_text_of(row->extra), error))
        return false;
    repay_builder_keep_row(builder);
    return true;
}

/* Where schedules of a test come from and go to. */
struct test_rows {
    struct test_allocator memory;
    struct repay_blocks *blocks;
    struct repay_builder builder;
    struct repay_schedule_facts facts;
};

static inline void test_rows_init(struct test_rows *rows)
{
    memset(rows, 0, sizeof *rows);
    test_allocator_init(&rows->memory);
    rows->blocks = repay_blocks_create(&rows->memory.allocator);
    repay_builder_init(&rows->builder, rows->blocks);
    rows->facts = (struct repay_schedule_facts){.subject = REPAY_TEXT("LOAN_1"),
                                                .environment = REPAY_TEXT("sandbox"),
                                                .label = REPAY_TEXT(""),
                                                .fetched_at_unix_ms = INT64_C(1700000000000),
                                                .currency = "NGN",
                                                .decimals = 2,
                                                .zone_minutes = 60,
                                                .zone_known = true};
}

static inline void test_rows_end(struct test_rows *rows)
{
    repay_builder_free(&rows->builder);
    repay_blocks_drop(rows->blocks);
    test_allocator_end(&rows->memory);
}

/* Moves what the builder holds into *out, to be freed with repay_schedule_free. */
static inline void test_take(struct test_rows *rows, struct repay_schedule *out)
{
    struct repay_error error;

    repay_schedule_init(out);
    CHECK(repay_builder_move(&rows->builder, &rows->facts, out, &error));
}

static inline void test_make(struct test_rows *rows, const struct repay_layout *layout,
                             const struct test_row *list, size_t count, struct repay_schedule *out)
{
    struct repay_error error;

    repay_builder_reset(&rows->builder, layout);
    for (size_t i = 0; i < count; i++)
        CHECK(test_put_row(&rows->builder, &list[i], &error));
    test_take(rows, out);
}

static inline int32_t test_day(const char *text)
{
    int32_t day = REPAY_DAY_ABSENT;

    CHECK(repay_day_read(repay_text_of(text), &day));
    return day;
}

#define TEST_COUNT(list) (sizeof(list) / sizeof(list)[0])

#endif
