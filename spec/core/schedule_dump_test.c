/*
 * Dump and load: the same rows and the same bytes again, every cut and every changed byte refused,
 * memory that runs out anywhere.
 */
#include "random_rows.h"
#include "schedule_dump.h"
#include "varint.h"

static const struct repay_layout *const layouts[] = {&test_paid, &test_position, &test_balance,
                                                     &test_list};

static void dump(struct test_rows *rows, const struct repay_schedule *schedule,
                 struct repay_bytes *out)
{
    struct repay_error error;

    repay_bytes_init(out, &rows->memory.allocator, REPAY_DUMP_MAX);
    CHECK(repay_schedule_dump(schedule, true, out, &error));
}

static bool load(struct test_rows *rows, struct repay_text bytes, struct repay_schedule *out,
                 struct repay_error *error)
{
    struct repay_schedule_facts facts;

    if (!repay_schedule_load(bytes, test_find_layout, &rows->builder, &facts, error))
        return false;
    repay_schedule_init(out);
    CHECK(repay_builder_move(&rows->builder, &facts, out, error));
    return true;
}

static void are_same_rows(const struct repay_schedule *a, const struct repay_schedule *b)
{
    CHECK_INT(a->rows, b->rows);
    CHECK_INT(a->zone_known, b->zone_known);
    CHECK_INT(a->fetched_at_unix_ms, b->fetched_at_unix_ms);
    CHECK_TEXT(a->currency, b->currency);
    CHECK_BYTES(repay_schedule_text(a, a->subject), repay_schedule_text(b, b->subject));
    for (uint32_t row = 0; row < a->rows; row++) {
        for (unsigned i = 0; i < a->layout->field_count; i++) {
            struct repay_value x, y;

            repay_schedule_value(a, row, &a->layout->fields[i], &x);
            repay_schedule_value(b, row, &b->layout->fields[i], &y);
            CHECK_INT(x.present, y.present);
            if (x.present && a->layout->fields[i].type == REPAY_FIELD_AMOUNT)
                CHECK_INT(x.integer, y.integer);
            if (x.present)
                CHECK_BYTES(x.text, y.text);
        }
        CHECK_BYTES(repay_schedule_extra(a, row), repay_schedule_extra(b, row));
    }
}

static void gives_back_what_it_got(struct test_rows *rows)
{
    static struct test_row list[600];
    static const size_t counts[] = {0, 1, 2, 3, 127, 128, 129, 600};

    for (size_t round = 0; round < 80; round++) {
        const struct repay_layout *layout = layouts[round % TEST_COUNT(layouts)];
        size_t count = counts[round / TEST_COUNT(layouts) % TEST_COUNT(counts)];
        struct repay_schedule schedule, again;
        struct repay_bytes first, second;
        struct repay_error error;

        for (size_t i = 0; i < count; i++) {
            if (i > 0 && draw(3) > 0)
                list[i] = list[i - 1];
            else
                draw_row(&list[i]);
        }
        test_make(rows, layout, list, count, &schedule);
        dump(rows, &schedule, &first);
        CHECK(load(rows, repay_bytes_text(&first), &again, &error));
        are_same_rows(&schedule, &again);
        dump(rows, &again, &second);
        CHECK_BYTES(repay_bytes_text(&first), repay_bytes_text(&second));
        repay_bytes_free(&first);
        repay_bytes_free(&second);
        repay_schedule_free(&schedule);
        repay_schedule_free(&again);
    }
}

static void refuses_cut_and_changed_bytes(struct test_rows *rows)
{
    struct test_row list[9];
    struct repay_schedule schedule, again;
    struct repay_bytes bytes;
    struct repay_error error;

    for (size_t i = 0; i < TEST_COUNT(list); i++)
        draw_row(&list[i]);
    test_make(rows, &test_list, list, TEST_COUNT(list), &schedule);
    dump(rows, &schedule, &bytes);
    for (size_t length = 0; length < bytes.length; length++) {
        CHECK(!load(rows, (struct repay_text){bytes.data, length}, &again, &error));
        CHECK_INT(error.kind, REPAY_KIND_INVALID_ARGUMENT);
    }
    for (size_t at = 0; at < bytes.length; at++) {
        for (int bit = 0; bit < 8; bit++) {
            bytes.data[at] = (char)(bytes.data[at] ^ 1 << bit);
            CHECK(!load(rows, repay_bytes_text(&bytes), &again, &error));
            bytes.data[at] = (char)(bytes.data[at] ^ 1 << bit);
        }
    }
    CHECK(repay_bytes_append_byte(&bytes, 0));
    CHECK(!load(rows, repay_bytes_text(&bytes), &again, &error));
    bytes.length--;
    bytes.data[4] = 2;
    CHECK(!load(rows, repay_bytes_text(&bytes), &again, &error));
    CHECK_INT(error.kind, REPAY_KIND_UNSUPPORTED);
    repay_bytes_free(&bytes);
    repay_schedule_free(&schedule);
}

static const struct repay_layout *find_nothing(struct repay_text provider, struct repay_text layout)
{
    (void)provider;
    (void)layout;
    return NULL;
}

static const struct repay_layout *find_another(struct repay_text provider, struct repay_text layout)
{
    (void)provider;
    (void)layout;
    return &test_balance;
}

static void loads_only_layouts_it_knows(struct test_rows *rows)
{
    struct repay_schedule_facts facts;
    struct repay_schedule schedule;
    struct repay_bytes bytes;
    struct repay_error error;

    test_make(rows, &test_paid, NULL, 0, &schedule);
    dump(rows, &schedule, &bytes);
    CHECK(!repay_schedule_load(repay_bytes_text(&bytes), find_nothing, &rows->builder, &facts,
                               &error));
    CHECK_INT(error.kind, REPAY_KIND_UNSUPPORTED);
    CHECK(!repay_schedule_load(repay_bytes_text(&bytes), find_another, &rows->builder, &facts,
                               &error));
    CHECK_INT(error.kind, REPAY_KIND_UNSUPPORTED);
    repay_bytes_free(&bytes);
    repay_schedule_free(&schedule);
}

static void survives_lack_of_memory(struct test_rows *rows)
{
    struct test_row list[20];
    struct repay_schedule schedule;
    struct repay_schedule_facts facts;
    struct repay_bytes bytes;
    struct repay_error error;
    bool done = false;

    for (size_t i = 0; i < TEST_COUNT(list); i++)
        draw_row(&list[i]);
    test_make(rows, &test_list, list, TEST_COUNT(list), &schedule);
    for (unsigned long nth = 1; !done; nth++) {
        repay_bytes_init(&bytes, &rows->memory.allocator, REPAY_DUMP_MAX);
        test_allocator_fail(&rows->memory, nth, false);
        done = repay_schedule_dump(&schedule, true, &bytes, &error);
        CHECK(done || error.kind == REPAY_KIND_MEMORY);
        if (!done)
            repay_bytes_free(&bytes);
    }
    done = false;
    for (unsigned long nth = 1; !done; nth++) {
        test_allocator_fail(&rows->memory, nth, false);
        done = repay_schedule_load(repay_bytes_text(&bytes), test_find_layout, &rows->builder,
                                   &facts, &error);
        CHECK(done || error.kind == REPAY_KIND_MEMORY);
        test_allocator_fail(&rows->memory, 0, false);
        repay_builder_reset(&rows->builder, NULL);
    }
    repay_bytes_free(&bytes);
    repay_schedule_free(&schedule);
}

static void is_compact(struct test_rows *rows)
{
    static struct test_row list[600];
    struct repay_schedule schedule;
    struct repay_bytes bytes;

    for (int i = 0; i < 600; i++)
        list[i] =
            (struct test_row){"LOAN_ABC123", i + 1, "2026-01-31", 6666666, 533333, 0,    7199999, 0,
                              NONE,          NONE,  "UNPAID",     NULL,    NULL,   NULL, 0};
    test_make(rows, &test_paid, list, 600, &schedule);
    dump(rows, &schedule, &bytes);
    CHECK(bytes.length < 400);
    repay_bytes_free(&bytes);
    repay_schedule_free(&schedule);
}

static void reads_numbers_in_one_form(void)
{
    static const unsigned char longer[] = {0x80, 0x00};
    static const unsigned char greatest[] = {0xff, 0xff, 0xff, 0xff, 0xff,
                                             0xff, 0xff, 0xff, 0xff, 0x01};
    static const unsigned char beyond[] = {0xff, 0xff, 0xff, 0xff, 0xff,
                                           0xff, 0xff, 0xff, 0xff, 0x02};
    const unsigned char *at = longer;
    uint64_t value;

    CHECK(!repay_varint_read(&at, longer + 2, &value));
    at = greatest;
    CHECK(repay_varint_read(&at, greatest + 10, &value) && value == UINT64_MAX);
    at = greatest;
    CHECK(!repay_varint_read(&at, greatest + 9, &value));
    at = beyond;
    CHECK(!repay_varint_read(&at, beyond + 10, &value));
    CHECK_INT(repay_unfold(repay_fold(INT64_MIN)), INT64_MIN);
    CHECK_INT(repay_unfold(repay_fold(INT64_MAX)), INT64_MAX);
    CHECK_INT(repay_fold(-1), 1);
}

int main(void)
{
    struct test_rows rows;

    test_rows_init(&rows);
    gives_back_what_it_got(&rows);
    refuses_cut_and_changed_bytes(&rows);
    loads_only_layouts_it_knows(&rows);
    survives_lack_of_memory(&rows);
    is_compact(&rows);
    reads_numbers_in_one_form();
    test_rows_end(&rows);
    return CHECK_REPORT();
}
