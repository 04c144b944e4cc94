/*
 * A journal on a disk that fails: the power goes at every write and every sync, every operation
 * fails once, or from then on, and the disk is full from each of them on.
 *
 * What was reported as done is there afterwards; what was sent was claimed on disk before; and the
 * journal is whole, whatever the disk has kept of the rest. Here a claim that holds counts as sent:
 * that nothing leaves after one that fails is journal_full_spec.lua's.
 */
#include "journal_setup.h"
#include "sim_disk.h"

#define PAYMENTS 3
#define SEEDS    2

/* What the caller was told, and what went out. */
struct told {
    bool planned[PAYMENTS], approved[PAYMENTS], sent[PAYMENTS], accepted[PAYMENTS];
    char ids[PAYMENTS][REPAY_UUID_TEXT + 1];
};

static struct repay_journal journal;
static struct repay_error error;

static bool open_on_disk(void)
{
    struct repay_store_options options = options_of(journal_path);
    struct repay_journal_policy policy = repay_journal_policy_default();

    options.vfs = "sim";
    return repay_journal_open(&journal, &options, &policy, &error);
}

static void pay(struct told *told, int number)
{
    static const char *const references[PAYMENTS] = {"a", "b", "c"};
    struct repay_entry_facts facts = payment_of(REPAY_MODE_KEYED, references[number]);
    struct repay_owner owner = {.lock = REPAY_OWNER_LOCK_NONE};
    struct repay_settled settled;
    struct repay_planned planned;
    bool claimed;

    told->planned[number] = plan_one(&journal, &facts, T0, &planned, &error);
    if (!told->planned[number])
        return;
    memcpy(told->ids[number], planned.id, sizeof planned.id);
    told->approved[number] = approve_one(&journal, planned.id, T0, &error);
    if (!told->approved[number])
        return;
    receipt_id = references[number];
    claimed = repay_journal_own(&journal, repay_text_of(planned.id), &owner, &error) &&
              claim_one(&journal, &owner, &facts, T0 + number, &error);
    told->sent[number] = claimed;
    if (claimed)
        told->accepted[number] = settle_one(&journal, &owner, REPAY_ATTEMPT_ACCEPTED,
                                            REPAY_KIND_NONE, T0 + number, &settled, &error);
    repay_owner_close(&owner);
}

static void work(struct told *told)
{
    memset(told, 0, sizeof *told);
    if (!open_on_disk())
        return;
    for (int i = 0; i < PAYMENTS; i++)
        pay(told, i);
    repay_journal_close(&journal);
}

static bool is_after(enum repay_entry_state state, enum repay_entry_state least)
{
    if (least == REPAY_ENTRY_PLANNED)
        return state != REPAY_ENTRY_STATE_COUNT;
    if (least == REPAY_ENTRY_APPROVED)
        return state != REPAY_ENTRY_STATE_COUNT && state != REPAY_ENTRY_PLANNED;
    if (least == REPAY_ENTRY_SENDING)
        return state == REPAY_ENTRY_SENDING || state == REPAY_ENTRY_ACCEPTED;
    return state == least;
}

/* How many promises are broken on the disk as it is now. */
static int broken_promises(const struct told *told)
{
    struct repay_store_verified verified;
    int broken = 0;

    if (!open_on_disk()) {
        fprintf(stderr, "does not open: %s\n", error.message);
        return 1;
    }
    if (!repay_store_verify(journal.store, &verified, &error)) {
        fprintf(stderr, "not whole: %s\n", error.message);
        broken++;
    }
    for (int i = 0; i < PAYMENTS; i++) {
        enum repay_entry_state state = state_of(&journal, told->ids[i]);

        broken += told->planned[i] && !is_after(state, REPAY_ENTRY_PLANNED) ? 1 : 0;
        broken += told->approved[i] && !is_after(state, REPAY_ENTRY_APPROVED) ? 1 : 0;
        broken += told->sent[i] && !is_after(state, REPAY_ENTRY_SENDING) ? 1 : 0;
        broken += told->accepted[i] && !is_after(state, REPAY_ENTRY_ACCEPTED) ? 1 : 0;
    }
    repay_journal_close(&journal);
    return broken;
}

static int images, broken_images;

static void cuts_the_power_everywhere(void)
{
    struct told told;
    unsigned long writes;

    remove_files();
    sim_begin(1);
    work(&told);
    CHECK(told.accepted[PAYMENTS - 1]);
    writes = sim.writes;
    CHECK(writes > 100);
    for (unsigned long cut = 1; cut <= writes; cut++) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            remove_files();
            sim_begin(seed + cut);
            sim.cut_at = cut;
            work(&told);
            sim_power_on();
            images++;
            broken_images += broken_promises(&told) > 0 ? 1 : 0;
        }
    }
    CHECK(images >= 500);
    CHECK_INT(broken_images, 0);
}

/* The same work goes on from whatever the power cut has left, and ends where it should. */
static void goes_on_after_a_cut(void)
{
    struct told told;
    int unfinished = 0;
    unsigned long writes;

    remove_files();
    sim_begin(1);
    work(&told);
    writes = sim.writes;
    for (unsigned long cut = 5; cut <= writes; cut += 7) {
        struct repay_entry entry;

        remove_files();
        sim_begin(cut);
        sim.cut_at = cut;
        work(&told);
        sim_power_on();
        work(&told);
        if (!open_on_disk()) {
            unfinished++;
            continue;
        }
        /* What was sent before the cut waits for recovery; all the rest went through. */
        for (int number = 1; number <= PAYMENTS; number++) {
            if (repay_store_find_number(journal.store, number, &entry, &error) != REPAY_FOUND ||
                !is_after(entry.now.state, REPAY_ENTRY_SENDING))
                unfinished++;
        }
        repay_journal_close(&journal);
    }
    CHECK_INT(unfinished, 0);
}

static void fails_every_operation(bool for_ever)
{
    struct told told;
    int broken = 0, told_all = 0;
    unsigned long operations;

    remove_files();
    sim_begin(1);
    work(&told);
    operations = sim.operations;
    for (unsigned long at = 1; at <= operations; at++) {
        remove_files();
        sim_begin(at);
        sim.fail_at = at;
        sim.fails_for_ever = for_ever;
        work(&told);
        /* The process ends; the disk keeps what it has, synced or not, as the kernel would. */
        sim_repair();
        broken += broken_promises(&told) > 0 ? 1 : 0;
        told_all += told.accepted[PAYMENTS - 1] ? 1 : 0;
    }
    CHECK_INT(broken, 0);
    /* A test in which nothing fails would prove nothing. */
    CHECK(operations - (unsigned long)told_all > operations / 3);
}

/* Somebody makes room afterwards, and the same work goes on from what is there. */
static void fills_up_at_every_operation(void)
{
    struct told told;
    int broken = 0, told_all = 0, unfinished = 0;
    unsigned long operations;

    remove_files();
    sim_begin(1);
    work(&told);
    operations = sim.operations;
    for (unsigned long at = 1; at <= operations; at++) {
        remove_files();
        sim_begin(at);
        sim.full_from = at;
        work(&told);
        sim_repair();
        broken += broken_promises(&told) > 0 ? 1 : 0;
        told_all += told.accepted[PAYMENTS - 1] ? 1 : 0;
        work(&told);
        unfinished += told.planned[PAYMENTS - 1] ? 0 : 1;
    }
    CHECK_INT(broken, 0);
    CHECK_INT(unfinished, 0);
    CHECK(operations - (unsigned long)told_all > operations / 3);
}

int main(void)
{
    begin_tests();
    if (sqlite3_vfs_register(&sim_vfs, 0) != SQLITE_OK)
        abort();
    cuts_the_power_everywhere();
    goes_on_after_a_cut();
    fails_every_operation(false);
    fails_every_operation(true);
    fills_up_at_every_operation();
    printf("%d power cuts\n", images);
    sim_begin(1);
    end_tests();
    return CHECK_REPORT();
}
