/*
 * Any bytes as a dump, and as a patch: refused, or a schedule that every measure can be taken of
 * and that dumps and loads again to the same bytes.
 *
 * The checksum would stop nearly all of what an engine tries, so this target writes the right one
 * over it; that wrong ones are refused is a test of its own.
 */
#include "must.h"
#include "portfolio_measures.h"
#include "provider.h"
#include "schedule_allocate.h"
#include "schedule_check.h"
#include "schedule_diff.h"
#include "schedule_patch.h"
#include "schedule_totals.h"

#define INPUT_MAX  4096
#define MAGIC_SIZE 5
#define HEAD_SIZE  13

static bool take(struct repay_builder *builder, const struct repay_schedule_facts *facts,
                 struct repay_schedule *out)
{
    struct repay_error error;

    repay_schedule_init(out);
    return repay_builder_move(builder, facts, out, &error);
}

static void loads_to_the_same(struct repay_builder *builder, const struct repay_schedule *schedule)
{
    struct repay_schedule_facts facts;
    struct repay_schedule again;
    struct repay_bytes first, second;
    struct repay_error error;

    repay_bytes_init(&first, &must_allocator, REPAY_DUMP_MAX);
    repay_bytes_init(&second, &must_allocator, REPAY_DUMP_MAX);
    MUST(repay_schedule_dump(schedule, true, &first, &error));
    MUST(repay_schedule_load(repay_bytes_text(&first), repay_layout_find, builder, &facts, &error));
    MUST(take(builder, &facts, &again));
    MUST(repay_schedule_dump(&again, true, &second, &error));
    MUST(repay_text_equal(repay_bytes_text(&first), repay_bytes_text(&second)));
    repay_schedule_free(&again);
    repay_bytes_free(&first);
    repay_bytes_free(&second);
}

static void can_be_measured(const struct repay_schedule *schedule)
{
    static const int32_t ends[] = {30, 60, 90, 180};
    struct repay_allocate_options options = {
        .amount = 1000000,
        .order = {REPAY_PART_PENALTY, REPAY_PART_INTEREST, REPAY_PART_PRINCIPAL}};
    struct repay_allocation allocation;
    struct repay_portfolio portfolio;
    struct repay_totals totals;
    struct repay_next_due next;
    struct repay_ageing ageing;
    struct repay_check check;
    struct repay_ages ages;
    struct repay_error error;

    MUST(repay_ages_set(&ages, ends, 4, &error));
    (void)repay_schedule_next_due(schedule, 20000, &next, &error);
    if (repay_schedule_totals(schedule, 20000, &totals, &error) &&
        repay_schedule_ageing(schedule, 20000, &ages, &ageing, &error))
        MUST(ageing.sum.minor == totals.figures[REPAY_FIGURE_OUTSTANDING].minor ||
             schedule->layout->lateness_reason);
    repay_check_init(&check, &must_allocator, REPAY_FINDINGS_MAX);
    MUST(repay_check_run(&check, schedule, &error));
    repay_check_free(&check);
    repay_allocation_init(&allocation, &must_allocator);
    if (repay_schedule_allocate(schedule, &options, &allocation, &error))
        MUST(allocation.settled + allocation.left_over == options.amount);
    repay_allocation_free(&allocation);
    repay_portfolio_init(&portfolio, &must_allocator, 20000);
    if (repay_portfolio_add(&portfolio, schedule, NULL, 0, &error) && portfolio.loan_count > 0) {
        MUST(!repay_portfolio_add(&portfolio, schedule, NULL, 0, &error));
        MUST(error.kind == REPAY_KIND_DUPLICATE_LOAN || error.kind == REPAY_KIND_TOO_LARGE);
    }
    repay_portfolio_free(&portfolio);
}

static void is_no_difference_from_itself(const struct repay_schedule *schedule)
{
    struct repay_diff diff;
    struct repay_error error;

    repay_diff_init(&diff, &must_allocator);
    MUST(repay_schedule_diff(schedule, schedule, &diff, &error));
    MUST(diff.count == 0 && diff.unchanged == schedule->rows);
    repay_diff_free(&diff);
}

static void seal(char *data, size_t size)
{
    uint64_t sum = repay_checksum(REPAY_CHECKSUM_BEGIN, data + HEAD_SIZE, size - HEAD_SIZE);

    for (unsigned i = 0; i < 8; i++)
        data[MAGIC_SIZE + i] = (char)(unsigned char)(sum >> (8 * i));
}

static void load_one(struct repay_builder *builder, struct repay_text bytes)
{
    struct repay_schedule_facts facts;
    struct repay_schedule schedule;
    struct repay_error error = {.kind = REPAY_KIND_NONE};

    if (!repay_schedule_load(bytes, repay_layout_find, builder, &facts, &error)) {
        MUST(error.kind != REPAY_KIND_NONE && error.kind != REPAY_KIND_MEMORY);
        return;
    }
    MUST(take(builder, &facts, &schedule));
    loads_to_the_same(builder, &schedule);
    can_be_measured(&schedule);
    is_no_difference_from_itself(&schedule);
    /* A dump is no patch. */
    MUST(!repay_schedule_apply(&schedule, bytes, repay_layout_find, builder, &facts, &error));
    repay_schedule_free(&schedule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char input[INPUT_MAX];
    struct repay_blocks *blocks;
    struct repay_builder builder;

    if (size < HEAD_SIZE || size > INPUT_MAX)
        return 0;
    memcpy(input, data, size);
    seal(input, size);
    blocks = repay_blocks_create(&must_allocator);
    MUST(blocks != NULL);
    repay_builder_init(&builder, blocks);
    load_one(&builder, (struct repay_text){input, size});
    repay_builder_free(&builder);
    repay_blocks_drop(blocks);
    return 0;
}
