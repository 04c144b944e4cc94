/*
 * Filling columns, interning texts, and the two ways from builder to schedule, which must give the
 * same schedule.
 */
#include "schedule_build.h"

#include "body_support.h"
#include "check.h"
#include "test_allocator.h"
#include "text_hash.h"

static struct test_allocator test;
static struct repay_blocks *blocks;

/* A row of the flat layout whose every amount is `number`. */
static void add_row(struct repay_builder *builder, int64_t number, const char *status)
{
    struct repay_error error;
    uint32_t code = 0;
    CHECK(repay_builder_begin_row(builder, &error));
    if (status)
        CHECK(repay_builder_intern(builder, repay_text_of(status), &code, &error));
    for (unsigned i = 0; i < builder->layout->field_count; i++) {
        size_t width = repay_field_width(builder->layout->fields[i].type);
        unsigned char *place = builder->columns[i] + width * builder->row;
        int32_t narrow = (int32_t)number;
        if (builder->layout->fields[i].type == REPAY_FIELD_TEXT)
            memcpy(place, &code, sizeof code);
        else if (width == 8)
            memcpy(place, &number, sizeof number);
        else
            memcpy(place, &narrow, sizeof narrow);
    }
    repay_builder_keep_row(builder);
}

static void interns_equal_texts_once(void)
{
    struct repay_builder builder;
    struct repay_error error;
    char text[32];
    uint32_t first[3000];
    repay_builder_init(&builder, blocks);
    repay_builder_reset(&builder, &sample_flat_layout);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 3000; i++) {
            uint32_t code = 0;
            int length = snprintf(text, sizeof text, "%u-%u", i % 7, i);
            CHECK(repay_builder_intern(&builder, (struct repay_text){text, (size_t)length}, &code,
                                       &error));
            CHECK(code != 0);
            if (round == 0)
                first[i] = code;
            CHECK_INT(code, first[i]);
            CHECK_TEXT_IS(repay_builder_text(&builder, code), text);
        }
    }
    CHECK_INT(builder.slots_used, 3000);
    uint32_t empty = 0, nul = 0;
    CHECK(repay_builder_intern(&builder, REPAY_TEXT(""), &empty, &error));
    CHECK(repay_builder_intern(&builder, REPAY_TEXT("\0"), &nul, &error));
    CHECK(empty != 0 && nul != 0 && empty != nul);
    CHECK_INT(repay_builder_text(&builder, nul).length, 1);
    repay_builder_free(&builder);
    repay_builder_free(&builder);
}

/* From the few that are looked through to the many that are hashed, and back with a reset. */
static void knows_a_text_again_however_many_there_are(void)
{
    enum { MANY = REPAY_FEW_TEXTS + 3 };
    struct repay_builder builder;
    struct repay_error error;
    repay_builder_init(&builder, blocks);
    for (unsigned round = 0; round < 3; round++) {
        uint32_t codes[MANY], code;
        repay_builder_reset(&builder, &sample_flat_layout);
        for (unsigned i = 0; i < MANY; i++) {
            char text[] = {(char)('a' + i), (char)('0' + round)};
            CHECK(repay_builder_intern(&builder, (struct repay_text){text, 2}, &codes[i], &error));
            CHECK_INT(builder.slots_used > 0, i >= REPAY_FEW_TEXTS);
            for (unsigned j = 0; j <= i; j++) {
                text[0] = (char)('a' + j);
                CHECK(repay_builder_intern(&builder, (struct repay_text){text, 2}, &code, &error));
                CHECK_INT(code, codes[j]);
                CHECK(j == i || codes[j] != codes[i]);
            }
        }
    }
    repay_builder_free(&builder);
}

/* The table that the first text too many wants cannot be had: nothing is lost, and it is next. */
static void few_texts_stay_where_no_table_can_be_had(void)
{
    struct test_allocator failing;
    struct repay_builder builder;
    struct repay_error error;
    uint32_t codes[REPAY_FEW_TEXTS + 1], code;
    test_allocator_init(&failing);
    struct repay_blocks *own = repay_blocks_create(&failing.allocator);
    repay_builder_init(&builder, own);
    repay_builder_reset(&builder, &sample_flat_layout);
    for (unsigned i = 0; i <= REPAY_FEW_TEXTS; i++) {
        char text = (char)('a' + i);
        if (i == REPAY_FEW_TEXTS) {
            test_allocator_fail(&failing, 1, true);
            CHECK(!repay_builder_intern(&builder, (struct repay_text){&text, 1}, &code, &error));
            CHECK_INT(error.kind, REPAY_KIND_MEMORY);
            CHECK(repay_builder_intern(&builder, REPAY_TEXT("c"), &code, &error));
            CHECK_INT(code, codes[2]);
            test_allocator_fail(&failing, 0, false);
        }
        CHECK(repay_builder_intern(&builder, (struct repay_text){&text, 1}, &codes[i], &error));
    }
    CHECK(repay_builder_intern(&builder, REPAY_TEXT("c"), &code, &error));
    CHECK_INT(code, codes[2]);
    repay_builder_free(&builder);
    repay_blocks_drop(own);
    test_allocator_end(&failing);
}

/* Lengths around every step of the head's size, and across blocks. */
static void stores_texts_of_any_length(void)
{
    static const size_t lengths[] = {0,     1,     127,   128,   16383, 16384,
                                     30000, 40000, 65000, 65472, 65516};
    struct repay_builder builder;
    struct repay_error error;
    char *text = malloc(70000);
    if (!text)
        abort();
    memset(text, 'x', 70000);
    repay_builder_init(&builder, blocks);
    repay_builder_reset(&builder, &sample_flat_layout);
    uint32_t codes[SAMPLE_COUNT(lengths)];
    for (size_t i = 0; i < SAMPLE_COUNT(lengths); i++) {
        CHECK(repay_builder_intern(&builder, (struct repay_text){text, lengths[i]}, &codes[i],
                                   &error));
    }
    for (size_t i = 0; i < SAMPLE_COUNT(lengths); i++)
        CHECK_BYTES(repay_builder_text(&builder, codes[i]),
                    ((struct repay_text){text, lengths[i]}));
    uint32_t code = 77;
    CHECK(!repay_builder_intern(&builder, (struct repay_text){text, 65517}, &code, &error));
    CHECK_INT(error.kind, REPAY_KIND_TOO_LARGE);
    CHECK_TEXT(error.message, "a text of more than 65516 bytes");
    CHECK_INT(code, 77);
    repay_builder_free(&builder);
    free(text);
}

/* However the store grows, a code means the text that it was given for. */
static void codes_last(void)
{
    enum { TEXTS = 40, LENGTH_MAX = 65000 };
    static const size_t lengths[] = {3,    50,   100,  101,  1000, 2038, 2039,  4076, 4077,
                                     4078, 4079, 4080, 4081, 4096, 9000, 32758, 65000};
    struct repay_builder builder;
    struct repay_error error;
    char *text = malloc(LENGTH_MAX);
    if (!text)
        abort();
    repay_builder_init(&builder, blocks);
    for (size_t i = 0; i < SAMPLE_COUNT(lengths); i++) {
        uint32_t codes[TEXTS];
        repay_builder_reset(&builder, &sample_flat_layout);
        for (unsigned nth = 0; nth < TEXTS; nth++) {
            memset(text, 'a' + (int)nth, lengths[i]);
            CHECK(repay_builder_intern(&builder, (struct repay_text){text, lengths[i]}, &codes[nth],
                                       &error));
            for (unsigned before = 0; before <= nth; before++) {
                struct repay_text kept = repay_builder_text(&builder, codes[before]);
                memset(text, 'a' + (int)before, lengths[i]);
                CHECK_BYTES(kept, ((struct repay_text){text, lengths[i]}));
            }
        }
        for (unsigned nth = 0; nth < TEXTS; nth++) {
            uint32_t again;
            memset(text, 'a' + (int)nth, lengths[i]);
            CHECK(repay_builder_intern(&builder, (struct repay_text){text, lengths[i]}, &again,
                                       &error));
            CHECK_INT(again, codes[nth]);
        }
    }
    repay_builder_free(&builder);
    free(text);
}

static void bounds_rows_and_text(void)
{
    struct repay_builder builder;
    struct repay_error error;
    uint32_t code;
    repay_builder_init(&builder, blocks);
    CHECK_INT(builder.rows_max, 16 << 20);
    CHECK_INT(builder.text_blocks_max, 65536);
    builder.rows_max = 2;
    builder.text_blocks_max = 1;
    repay_builder_reset(&builder, &sample_flat_layout);
    add_row(&builder, 1, NULL);
    add_row(&builder, 2, NULL);
    CHECK(!repay_builder_begin_row(&builder, &error));
    CHECK_INT(error.kind, REPAY_KIND_TOO_LARGE);
    CHECK_TEXT(error.message, "more than 2 rows");
    char *text = calloc(1, 40000);
    if (!text)
        abort();
    CHECK(repay_builder_intern(&builder, (struct repay_text){text, 40000}, &code, &error));
    text[0] = 1;
    CHECK(!repay_builder_intern(&builder, (struct repay_text){text, 40000}, &code, &error));
    CHECK_INT(error.kind, REPAY_KIND_TOO_LARGE);
    CHECK_TEXT(error.message, "more than 64 KiB of text");
    free(text);
    repay_builder_free(&builder);
}

static int64_t first_amount(const struct repay_builder *builder, uint32_t row)
{
    int64_t value;
    uint32_t per_segment = builder->rows_per_segment;
    memcpy(&value, builder->segments[row / per_segment] + row % per_segment * sizeof value,
           sizeof value);
    return value;
}

static void cuts_rows(void)
{
    struct repay_builder builder;
    struct repay_error error;
    repay_builder_init(&builder, blocks);
    repay_builder_reset(&builder, &sample_flat_layout);
    uint32_t per_segment = builder.rows_per_segment;
    CHECK_INT(per_segment, REPAY_BLOCK_SIZE / 72);
    for (int64_t i = 0; i < 2 * (int64_t)per_segment + 10; i++) {
        if (i % 100 == 0) {
            CHECK(repay_builder_begin_row(&builder, &error));
            CHECK(repay_builder_add_extra(&builder, REPAY_TEXT("\"x\":1"), &error));
        }
        add_row(&builder, i, "PAID");
    }
    CHECK_INT(builder.segment_count, 3);
    const uint32_t cuts[] = {
        2 * per_segment + 5, 2 * per_segment, per_segment + 1, per_segment, 101, 1, 0};
    for (size_t i = 0; i < SAMPLE_COUNT(cuts); i++) {
        repay_builder_cut(&builder, cuts[i]);
        CHECK_INT(builder.rows, cuts[i]);
        CHECK_INT(builder.segment_count, (cuts[i] + per_segment - 1) / per_segment);
        CHECK_INT(builder.extra_count, (cuts[i] + 99) / 100);
        add_row(&builder, -7, NULL);
        CHECK_INT(first_amount(&builder, cuts[i]), -7);
        if (cuts[i] > 0)
            CHECK_INT(first_amount(&builder, cuts[i] - 1), cuts[i] - 1);
        repay_builder_cut(&builder, cuts[i]);
    }
    repay_builder_cut(&builder, 5);
    CHECK_INT(builder.rows, 0);
    repay_builder_free(&builder);
}

static void notices_repeated_rows(void)
{
    struct repay_builder builder;
    struct repay_error error;
    repay_builder_init(&builder, blocks);
    repay_builder_reset(&builder, &sample_flat_layout);
    uint32_t per_segment = builder.rows_per_segment;
    CHECK(!repay_builder_repeats(&builder, 0));
    /* Pages that lie across the border of two segments. */
    for (uint32_t i = 0; i < per_segment - 5; i++)
        add_row(&builder, -1 - (int64_t)i, NULL);
    for (unsigned round = 0; round < 2; round++) {
        for (int64_t i = 0; i < 8; i++)
            add_row(&builder, i, i % 2 ? "PAID" : "UNPAID");
    }
    CHECK(repay_builder_repeats(&builder, 8));
    CHECK(!repay_builder_repeats(&builder, 7));
    CHECK(!repay_builder_repeats(&builder, 16));
    CHECK(!repay_builder_repeats(&builder, per_segment));
    CHECK(!repay_builder_repeats(&builder, builder.rows));
    repay_builder_cut(&builder, builder.rows - 1);
    add_row(&builder, 7, "UNPAID");
    CHECK(!repay_builder_repeats(&builder, 8));
    repay_builder_cut(&builder, builder.rows - 1);
    CHECK(repay_builder_begin_row(&builder, &error));
    CHECK(repay_builder_add_extra(&builder, REPAY_TEXT("\"x\":1"), &error));
    add_row(&builder, 7, "PAID");
    CHECK(!repay_builder_repeats(&builder, 8));
    repay_builder_free(&builder);
}

/* Rows with every kind of difference between neighbours. */
static void fill(struct repay_builder *builder, uint32_t rows, unsigned kind)
{
    struct repay_error error;
    repay_builder_reset(builder, &sample_flat_layout);
    for (uint32_t i = 0; i < rows; i++) {
        char status[16];
        (void)snprintf(status, sizeof status, "s%u", kind == 0 ? 0 : i % 5);
        if (kind == 2 && i % 3 == 0) {
            CHECK(repay_builder_begin_row(builder, &error));
            CHECK(repay_builder_add_extra(builder, REPAY_TEXT("\"x\":[1]"), &error));
        }
        add_row(builder, kind == 0 ? 7 : (int64_t)i * 3, kind == 1 && i == 1 ? NULL : status);
    }
}

static void both_forms_are_the_same(void)
{
    static const uint32_t counts[] = {0,   1,   2,   3,   12,  28,  55,  56,   57,
                                      100, 113, 114, 200, 909, 910, 911, 1820, 5000};
    struct reading reading;
    char *packed = NULL;
    CHECK(reading_init(&reading, &test.allocator));
    reading.body.shape = &sample_flat;
    for (size_t i = 0; i < SAMPLE_COUNT(counts); i++) {
        for (unsigned kind = 0; kind < 3; kind++) {
            fill(&reading.builder, counts[i], kind);
            struct repay_text shown = reading_show(&reading, true);
            packed = realloc(packed, shown.length + 1);
            if (!packed)
                abort();
            memcpy(packed, shown.data, shown.length);
            fill(&reading.builder, counts[i], kind);
            CHECK_BYTES(reading_show(&reading, false), ((struct repay_text){packed, shown.length}));
        }
    }
    free(packed);
    reading_free(&reading);
}

static void packs_into_the_size_it_names(void)
{
    struct repay_builder builder;
    repay_builder_init(&builder, blocks);
    for (uint32_t rows = 0; rows <= 240; rows++) {
        fill(&builder, rows, rows % 3);
        struct repay_packing packing = repay_builder_measure(&builder, &reading_facts);
        size_t size = packing.size;
        char *memory = malloc(size + 1);
        if (!memory)
            abort();
        memory[size] = 'e';
        repay_builder_pack(&builder, &reading_facts, &packing, memory);
        const struct repay_schedule *schedule = (const void *)memory;
        CHECK_INT(memory[size], 'e');
        CHECK_INT(schedule->rows, rows);
        CHECK_INT(repay_schedule_memory(schedule), size);
        free(memory);
    }
    /* What does not fit one block is never packed. */
    fill(&builder, builder.rows_per_segment + 1, 1);
    CHECK(repay_builder_measure(&builder, &reading_facts).size > REPAY_SCHEDULE_INLINE_MAX);
    repay_builder_free(&builder);
}

static void moves_without_waste(void)
{
    struct repay_builder builder;
    struct repay_schedule schedule;
    struct repay_error error;
    repay_builder_init(&builder, blocks);
    for (uint32_t rows = 1; rows <= 3000; rows = rows * 2 + 1) {
        size_t before = test.live_bytes;
        fill(&builder, rows, 1);
        repay_schedule_init(&schedule);
        CHECK(repay_builder_move(&builder, &reading_facts, &schedule, &error));
        size_t columns = (size_t)rows * 72;
        /* The last segment is left a block where an eighth of it or less would be gained. */
        CHECK(repay_schedule_memory(&schedule) < columns + 1000 + REPAY_BLOCK_SIZE / 8);
        CHECK_INT(builder.rows, 0);
        CHECK_INT(builder.segment_count, 0);
        repay_schedule_free(&schedule);
        CHECK_INT(schedule.rows, 0);
        CHECK(schedule.layout == NULL);
        CHECK(test.live_bytes <= before + (size_t)REPAY_BLOCKS_FREE_MAX * REPAY_BLOCK_SIZE);
    }
    repay_builder_free(&builder);
}

static void a_failed_move_changes_nothing(void)
{
    struct test_allocator failing;
    bool done = false;
    for (unsigned long nth = 1; !done && nth < 20; nth++) {
        struct repay_builder builder;
        struct repay_schedule schedule;
        struct repay_error error;
        test_allocator_init(&failing);
        struct repay_blocks *own = repay_blocks_create(&failing.allocator);
        repay_builder_init(&builder, own);
        fill(&builder, 1000, 2);
        repay_schedule_init(&schedule);
        test_allocator_fail(&failing, nth, false);
        bool moved = repay_builder_move(&builder, &reading_facts, &schedule, &error);
        done = failing.failures == 0;
        if (!moved) {
            CHECK_INT(error.kind, REPAY_KIND_MEMORY);
            CHECK(schedule.layout == NULL);
            CHECK_INT(builder.rows, 1000);
            test_allocator_fail(&failing, 0, false);
            CHECK(repay_builder_move(&builder, &reading_facts, &schedule, &error));
        }
        CHECK_INT(schedule.rows, 1000);
        CHECK_INT(repay_schedule_figure(&schedule, REPAY_FIGURE_PRINCIPAL, 999), 2997);
        CHECK_TEXT_IS(repay_schedule_extra(&schedule, 999), "\"x\":[1]");
        repay_builder_free(&builder);
        repay_schedule_free(&schedule);
        repay_blocks_drop(own);
        test_allocator_end(&failing);
    }
    CHECK(done);
}

/* A schedule outlives the builder and the store's other owners. */
static void outlives_its_builder(void)
{
    struct test_allocator counted;
    struct repay_builder builder;
    struct repay_schedule schedule;
    struct repay_error error;
    test_allocator_init(&counted);
    struct repay_blocks *own = repay_blocks_create(&counted.allocator);
    repay_builder_init(&builder, own);
    fill(&builder, 2000, 1);
    repay_schedule_init(&schedule);
    CHECK(repay_builder_move(&builder, &reading_facts, &schedule, &error));
    repay_builder_free(&builder);
    repay_blocks_drop(own);
    CHECK_INT(repay_schedule_figure(&schedule, REPAY_FIGURE_INTEREST, 1999), 5997);
    repay_schedule_free(&schedule);
    repay_schedule_free(&schedule);
    test_allocator_end(&counted);
}

/* The published vectors are for another number of rounds, so what is checked is what is relied on.
 */
static void hash_depends_on_every_bit(void)
{
    char text[64] = {0};
    unsigned same = 0;
    for (size_t length = 0; length <= 40; length++) {
        struct repay_text slice = {text, length};
        uint64_t hash = repay_text_hash(1, 2, slice);
        same += hash == repay_text_hash(1, 3, slice);
        same += hash == repay_text_hash(2, 2, slice);
        same += hash == repay_text_hash(1, 2, (struct repay_text){text, length + 1});
        for (size_t bit = 0; bit < length * 8; bit++) {
            text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
            same += hash == repay_text_hash(1, 2, slice);
            text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        }
        CHECK(hash == repay_text_hash(1, 2, slice));
    }
    CHECK_INT(same, 0);
}

int main(void)
{
    test_allocator_init(&test);
    blocks = repay_blocks_create(&test.allocator);
    interns_equal_texts_once();
    knows_a_text_again_however_many_there_are();
    few_texts_stay_where_no_table_can_be_had();
    stores_texts_of_any_length();
    codes_last();
    bounds_rows_and_text();
    cuts_rows();
    notices_repeated_rows();
    both_forms_are_the_same();
    packs_into_the_size_it_names();
    moves_without_waste();
    a_failed_move_changes_nothing();
    outlives_its_builder();
    hash_depends_on_every_bit();
    repay_blocks_drop(blocks);
    test_allocator_end(&test);
    return CHECK_REPORT();
}
