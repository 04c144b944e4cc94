/*
 * A model of two workers, a network and a provider, explored completely with the real rules inside:
 * claim, settle, next and reconcile are the shipped functions. Workers crash anywhere, requests are
 * lost or late, replies are lost, keys are forgotten, and a person replaces what is called absent.
 *
 * With every rule in place no state is bad. With any one of them taken away there is a double; so
 * each rule is needed, and the model would see it go.
 */
#include <stdlib.h>

#include "check.h"
#include "journal_core.h"
#include "reconcile.h"

/* Ticks. A request leaves by its deadline and arrives at most one tick later. */
#define TIMEOUT   1
#define SETTLE    2
#define WINDOW    6
#define LAST_TICK 10
#define BACK      4 /* how far the wall clock goes back, once */
#define WORKERS   2
#define FLIGHTS   2
#define LIVES     2 /* the entry and what replaces it */
#define KEYS      8
#define CRASHES   2
#define ATTEMPTS  3
#define STATES    (1u << 21)

enum rule {
    RULE_NONE,
    RULE_LOCK,
    RULE_KEY_KEPT,
    RULE_WINDOW,
    RULE_MARGIN,
    RULE_SETTLE_DELAY,
    RULE_WHOLE_LIST,
    RULE_STATE_FIRST,
    RULE_DOUBT_OUTLIVES_REFUSAL,
    RULE_ONE_ATTEMPT,
    RULE_DEADLINE,
    RULE_CLOCK,
    RULE_COUNT
};

/* What is the case outside of us. */
struct world {
    const char *name;
    enum repay_entry_mode mode;
    bool keys_honoured;
    bool may_forget; /* a key is forgotten at any time: the provider kept it in memory and restarted
                      */
    bool first_closes_loan; /* a second repayment is refused, because the first one paid all */
    bool may_stop_to_send;  /* a worker sleeps between its look at the clock and its first byte */
    bool clock_goes_back;   /* once, at any time, and an event tells that it did */
    enum rule removed;
};

enum phase { IDLE, OWNS, SENT, REPLIED };

struct worker {
    uint8_t phase, life, outcome, deadline;
    uint8_t flight; /* the place of its request, from 1; 0: none, or nothing of it will come back */
    uint8_t has_claim;
};

struct flight {
    uint8_t is_there, key, life, sent;
};

/* The numbers of an entry's standing. */
struct life {
    uint8_t is_there, state, attempts, doubtful, tries, first, deadline, resend, settle, unseen;
    uint8_t records; /* at the provider */
};

/* Every byte counts in comparing, so there must be no padding: bytes only. */
struct state {
    uint8_t tick, crashes;
    uint8_t behind; /* the wall clock, by ticks */
    struct worker workers[WORKERS];
    struct flight flights[FLIGHTS];
    struct life lives[LIVES];
    uint8_t key_known_at[KEYS]; /* when a key was first processed, 0: never */
};

struct search {
    const struct world *world;
    struct repay_journal_policy policy;
    struct state *states; /* in the order they were found */
    uint32_t *table;      /* numbers from 1, by hash */
    uint32_t count;
    uint32_t doubles, wrongly_absent, lost, two_owners, stuck;
    unsigned attempts_most, crashes_most, flights_most; /* how far the exploration came */
};

static const struct repay_text no_reason = {NULL, 0};

static struct repay_entry_standing standing_of(const struct life *life)
{
    return (struct repay_entry_standing){.state = (enum repay_entry_state)life->state,
                                         .attempts = life->attempts,
                                         .doubtful = life->doubtful,
                                         .tries = life->tries,
                                         .first_sent_ms = life->first,
                                         .deadline_ms = life->deadline,
                                         .resend_until_ms = life->resend,
                                         .settle_until_ms = life->settle,
                                         .unseen_ms = life->unseen,
                                         .reason = no_reason};
}

static void keep(struct life *life, const struct repay_entry_standing *now)
{
    life->state = (uint8_t)now->state;
    life->attempts = (uint8_t)now->attempts;
    life->doubtful = (uint8_t)now->doubtful;
    life->tries = now->tries & 3;
    life->first = (uint8_t)now->first_sent_ms;
    life->deadline = (uint8_t)now->deadline_ms;
    life->resend = (uint8_t)(now->resend_until_ms > 250 ? 250 : now->resend_until_ms);
    life->settle = (uint8_t)now->settle_until_ms;
    life->unseen = (uint8_t)now->unseen_ms;
}

/* What the journal takes for the time. Workers' own deadlines are of the steady clock. */
static uint8_t clock_of(const struct state *state)
{
    return (uint8_t)(state->tick - state->behind);
}

static uint64_t hash_of(const struct state *state)
{
    struct repay_text bytes = {(const char *)state, sizeof *state};

    return repay_text_hash(1, 2, bytes);
}

static bool is_wrongly_absent(const struct life *life)
{
    bool says_no = life->state == REPAY_ENTRY_ABSENT || life->state == REPAY_ENTRY_REFUSED ||
                   life->state == REPAY_ENTRY_CANCELLED;

    return life->is_there && says_no && life->records > 0;
}

static bool is_lost(const struct life *life)
{
    return life->is_there && life->state == REPAY_ENTRY_ACCEPTED && life->records == 0;
}

static unsigned most(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

static void judge(struct search *search, const struct state *state)
{
    unsigned records = 0, flights = 0;

    for (int i = 0; i < LIVES; i++) {
        records += state->lives[i].records;
        search->wrongly_absent += is_wrongly_absent(&state->lives[i]) ? 1 : 0;
        search->lost += is_lost(&state->lives[i]) ? 1 : 0;
        search->attempts_most = most(search->attempts_most, state->lives[i].attempts);
    }
    for (int i = 0; i < FLIGHTS; i++)
        flights += state->flights[i].is_there;
    search->flights_most = most(search->flights_most, flights);
    search->crashes_most = most(search->crashes_most, CRASHES - state->crashes);
    search->doubles += records > 1 ? 1 : 0;
    search->two_owners += state->workers[0].has_claim && state->workers[1].has_claim &&
                                  state->workers[0].life == state->workers[1].life
                              ? 1
                              : 0;
}

static uint32_t bad_states(const struct search *search)
{
    return search->doubles + search->wrongly_absent + search->lost + search->two_owners +
           search->stuck;
}

/*
 * What a removed rule has to cost: a record too many. Where the first repayment closes the loan
 * there is no second record, and what was recorded is called refused. Two owners, or nobody who
 * goes on, would not show that the rule is needed.
 */
static uint32_t harms(const struct search *search)
{
    return search->world->first_closes_loan ? search->wrongly_absent : search->doubles;
}

static bool is_enough(const struct search *search)
{
    return search->world->removed == RULE_NONE ? bad_states(search) > 0 : harms(search) > 0;
}

/* A moment that has passed has the same effect however long ago it was. */
static void forget_past(uint8_t *moment, unsigned tick)
{
    if (*moment <= tick)
        *moment = 0;
}

static struct life plain_life(const struct life *given, unsigned tick)
{
    enum repay_entry_state state = (enum repay_entry_state)given->state;
    struct life life = *given;

    if (!life.is_there || repay_entry_is_final(state) || state == REPAY_ENTRY_ACCEPTED)
        return (struct life){
            .is_there = life.is_there, .state = life.state, .records = life.records};
    if (life.first != 0)
        life.first = 1;
    forget_past(&life.deadline, tick + TIMEOUT);
    forget_past(&life.settle, tick);
    forget_past(&life.resend, tick);
    return life;
}

/* Which worker is which does not matter, nor what nothing depends on any more. */
static struct state plain(const struct state *state)
{
    struct state to = *state;

    for (int i = 0; i < WORKERS; i++) {
        if (to.workers[i].phase != OWNS || !to.workers[i].has_claim)
            to.workers[i].deadline = 0;
    }
    if (memcmp(&to.workers[0], &to.workers[1], sizeof to.workers[0]) > 0) {
        struct worker first = to.workers[0];

        to.workers[0] = to.workers[1];
        to.workers[1] = first;
    }
    for (int i = 0; i < LIVES; i++)
        to.lives[i] = plain_life(&to.lives[i], clock_of(state));
    for (int i = 0; i < KEYS; i++) {
        if (to.key_known_at[i] != 0 && to.key_known_at[i] + WINDOW <= state->tick)
            to.key_known_at[i] = 0;
    }
    return to;
}

static void reach(struct search *search, const struct state *given)
{
    const struct state found = plain(given), *state = &found;
    uint64_t at = hash_of(state) % (2 * STATES);

    while (search->table[at] != 0) {
        if (memcmp(&search->states[search->table[at] - 1], state, sizeof *state) == 0)
            return;
        at = (at + 1) % (2 * STATES);
    }
    if (search->count == STATES) {
        fprintf(stderr, "%s: more than %u states\n", search->world->name, STATES);
        abort();
    }
    search->states[search->count++] = *state;
    search->table[at] = search->count;
    judge(search, state);
}

static bool removed(const struct search *search, enum rule rule)
{
    return search->world->removed == rule;
}

/* The lock of an entry is held by whoever is not idle with it. */
static bool is_owned(const struct search *search, const struct state *state, int life, int except)
{
    if (removed(search, RULE_LOCK))
        return false;
    for (int i = 0; i < WORKERS; i++) {
        if (i != except && state->workers[i].phase != IDLE && state->workers[i].life == life)
            return true;
    }
    return false;
}

static struct repay_moment_facts moment_of(const struct state *state)
{
    return (struct repay_moment_facts){.now_ms = clock_of(state)};
}

/* What the removed rules would have forbidden is allowed by changing what the rules are told. */
static bool claim(const struct search *search, const struct state *state, struct life *life)
{
    struct repay_entry_standing now = standing_of(life);
    enum repay_entry_mode mode = search->world->mode;
    enum repay_claim answer;

    if (removed(search, RULE_ONE_ATTEMPT))
        mode = REPAY_MODE_KEYED;
    answer = repay_entry_claim(&search->policy, mode, moment_of(state), TIMEOUT, &now);
    if (answer != REPAY_CLAIM_OK)
        return false;
    keep(life, &now);
    return true;
}

static void take_up(struct search *search, const struct state *from, int worker, int life)
{
    struct state to = *from;
    bool is_own = from->workers[worker].phase == OWNS;

    if (!from->lives[life].is_there || is_owned(search, from, life, worker))
        return;
    if (removed(search, RULE_STATE_FIRST)) {
        /* Sends first: nothing of it is on disk. */
        if (from->lives[life].state != REPAY_ENTRY_APPROVED && !is_own)
            return;
    } else if (!claim(search, from, &to.lives[life])) {
        return;
    }
    to.workers[worker] = (struct worker){.phase = OWNS,
                                         .life = (uint8_t)life,
                                         .deadline = (uint8_t)(from->tick + TIMEOUT),
                                         .has_claim = 1};
    reach(search, &to);
}

static uint8_t key_of(const struct search *search, const struct state *state, int life)
{
    if (removed(search, RULE_KEY_KEPT))
        return (uint8_t)(life * 4 + state->lives[life].tries % 4);
    return (uint8_t)(life * 4);
}

static void send(struct search *search, const struct state *from, int worker)
{
    struct state to = *from;

    /* The hook looks at the deadline: a worker that slept does not send. */
    if (from->tick > from->workers[worker].deadline && !removed(search, RULE_DEADLINE) &&
        !search->world->may_stop_to_send)
        return;
    for (int i = 0; i < FLIGHTS; i++) {
        if (from->flights[i].is_there)
            continue;
        to.flights[i] = (struct flight){.is_there = 1,
                                        .key = key_of(search, from, from->workers[worker].life),
                                        .life = from->workers[worker].life,
                                        .sent = from->tick};
        to.workers[worker].phase = SENT;
        to.workers[worker].flight = (uint8_t)(i + 1);
        reach(search, &to);
        return;
    }
}

static void end_attempt(struct search *search, const struct state *from, int worker,
                        enum repay_attempt_outcome outcome)
{
    struct state to = *from;

    to.workers[worker].phase = REPLIED;
    to.workers[worker].outcome = (uint8_t)outcome;
    to.workers[worker].flight = 0;
    reach(search, &to);
}

/* The request has gone from its place, with or without effect; the reply arrives or is lost. */
static void reply(struct search *search, const struct state *from, int place,
                  enum repay_attempt_outcome outcome)
{
    struct state to = *from;
    int waiting = -1;

    memset(&to.flights[place], 0, sizeof to.flights[place]);
    for (int i = 0; i < WORKERS; i++) {
        if (to.workers[i].flight == place + 1) {
            to.workers[i].flight = 0;
            waiting = i;
        }
    }
    reach(search, &to);
    if (waiting >= 0)
        end_attempt(search, &to, waiting, outcome);
}

static void process(struct search *search, const struct state *from, int number)
{
    const struct flight *flight = &from->flights[number];
    struct state to = *from;
    uint8_t known_at = from->key_known_at[flight->key];
    unsigned records = 0;

    /* What is lost on the way and what is refused for a reason of its own leave no record. */
    reply(search, from, number, REPAY_ATTEMPT_REFUSED);
    if (search->world->keys_honoured && known_at != 0 && from->tick < known_at + WINDOW) {
        reply(search, from, number, REPAY_ATTEMPT_ACCEPTED);
        if (!search->world->may_forget)
            return;
    }
    for (int i = 0; i < LIVES; i++)
        records += from->lives[i].records;
    if (search->world->first_closes_loan && records > 0)
        return;
    to.lives[flight->life].records++;
    to.key_known_at[flight->key] = from->tick;
    reply(search, &to, number, REPAY_ATTEMPT_ACCEPTED);
}

static void settle(struct search *search, const struct state *from, int worker)
{
    struct state to = *from;
    struct life *life = &to.lives[from->workers[worker].life];
    struct repay_attempt_end end = {.outcome =
                                        (enum repay_attempt_outcome)from->workers[worker].outcome,
                                    .kind = REPAY_KIND_TIMEOUT,
                                    .retry_after_ms = 0};
    struct repay_settlement settlement;
    struct repay_entry_standing now;

    /* The state is written only now, with what came back. */
    if (removed(search, RULE_STATE_FIRST) && !claim(search, from, life)) {
        memset(&to.workers[worker], 0, sizeof to.workers[worker]);
        reach(search, &to);
        return;
    }
    now = standing_of(life);
    if (now.state != REPAY_ENTRY_SENDING) {
        memset(&to.workers[worker], 0, sizeof to.workers[worker]);
        reach(search, &to);
        return;
    }
    if (removed(search, RULE_DOUBT_OUTLIVES_REFUSAL) && end.outcome == REPAY_ATTEMPT_REFUSED)
        now.doubtful = 1;
    settlement = repay_entry_settle(
        &search->policy, removed(search, RULE_ONE_ATTEMPT) ? REPAY_MODE_KEYED : search->world->mode,
        moment_of(from), &end, &now);
    keep(life, &now);
    /* Whoever may go on keeps the lock while it waits, or dies waiting. */
    if (settlement.again)
        to.workers[worker] = (struct worker){.phase = OWNS, .life = from->workers[worker].life};
    else
        memset(&to.workers[worker], 0, sizeof to.workers[worker]);
    reach(search, &to);
}

static void crash(struct search *search, const struct state *from, int worker)
{
    struct state to = *from;

    if (from->crashes == 0 || from->workers[worker].phase == IDLE)
        return;
    to.crashes--;
    memset(&to.workers[worker], 0, sizeof to.workers[worker]);
    reach(search, &to);
}

static bool recover(struct search *search, const struct state *from, int life)
{
    struct state to = *from;
    struct repay_entry_standing now = standing_of(&to.lives[life]);

    if (now.state != REPAY_ENTRY_SENDING)
        return false;
    (void)repay_entry_next(&search->policy, search->world->mode, moment_of(from),
                           is_owned(search, from, life, -1), &now);
    if (now.state == REPAY_ENTRY_SENDING)
        return false;
    keep(&to.lives[life], &now);
    reach(search, &to);
    return true;
}

/* One list, as whole as it is said to be. The records of both lives are in it, each with its life's
 * id; what was there before the life's first send is not new. */
static void read_list(struct search *search, const struct state *from, int life, bool is_cut)
{
    struct state to = *from;
    struct repay_record record = {
        .id = REPAY_TEXT("r"), .account = REPAY_TEXT("a"), .amount_minor = 1};
    bool was_before = false;
    struct repay_claimant claimant = {.now = standing_of(&from->lives[life]),
                                      .was_before = &was_before,
                                      .before_is_whole = true,
                                      .is_owned = is_owned(search, from, life, -1)};
    struct repay_tuple tuple = {.records = &record,
                                .record_count = is_cut ? 0 : from->lives[life].records > 0,
                                .list_is_whole = !is_cut || removed(search, RULE_WHOLE_LIST),
                                .list_shows_records = true,
                                .account = REPAY_TEXT("a"),
                                .amount_minor = 1,
                                .moment = moment_of(from)};

    repay_reconcile(&journal_core, &search->policy, &tuple, &claimant, 1);
    switch (claimant.decision) {
    case REPAY_DECISION_ACCEPT:
        to.lives[life].state = REPAY_ENTRY_ACCEPTED;
        break;
    case REPAY_DECISION_ABSENT:
        to.lives[life].state = REPAY_ENTRY_ABSENT;
        break;
    case REPAY_DECISION_UNSEEN:
        to.lives[life].unseen = clock_of(from);
        break;
    case REPAY_DECISION_STAY:
    case REPAY_DECISION_ASK:
        to.lives[life].unseen = 0;
        break;
    default:
        return;
    }
    reach(search, &to);
}

static void replace(struct search *search, const struct state *from)
{
    struct state to = *from;
    enum repay_entry_state state = (enum repay_entry_state)from->lives[0].state;

    if (from->lives[1].is_there || !repay_entry_is_replaceable(state))
        return;
    to.lives[1] = (struct life){.is_there = 1, .state = REPAY_ENTRY_APPROVED};
    reach(search, &to);
}

static void step_worker(struct search *search, const struct state *from, int worker)
{
    const struct worker *self = &from->workers[worker];

    crash(search, from, worker);
    switch ((enum phase)self->phase) {
    case IDLE:
        for (int life = 0; life < LIVES; life++)
            take_up(search, from, worker, life);
        break;
    case OWNS:
        if (!self->has_claim) {
            take_up(search, from, worker, self->life);
            break;
        }
        send(search, from, worker);
        end_attempt(search, from, worker, REPAY_ATTEMPT_NOT_SENT);
        break;
    case SENT:
        end_attempt(search, from, worker, REPAY_ATTEMPT_UNKNOWN);
        break;
    case REPLIED:
        settle(search, from, worker);
        break;
    }
}

static void go_back(struct search *search, const struct state *from)
{
    struct state to = *from;

    if (!search->world->clock_goes_back || from->behind != 0 || from->tick <= BACK)
        return;
    to.behind = BACK;
    for (int life = 0; life < LIVES && !removed(search, RULE_CLOCK); life++) {
        struct repay_entry_standing now = standing_of(&to.lives[life]);

        if (repay_entry_lose_time(&now, clock_of(&to)))
            keep(&to.lives[life], &now);
    }
    reach(search, &to);
}

static void step(struct search *search, const struct state *from)
{
    struct state to = *from;
    bool can_wait = from->tick < LAST_TICK;

    for (int worker = 0; worker < WORKERS; worker++)
        step_worker(search, from, worker);
    for (int i = 0; i < FLIGHTS; i++) {
        if (!from->flights[i].is_there)
            continue;
        process(search, from, i);
        can_wait = can_wait && from->tick <= from->flights[i].sent;
    }
    for (int life = 0; life < LIVES; life++) {
        if (!from->lives[life].is_there)
            continue;
        (void)recover(search, from, life);
        if (from->lives[life].state == REPAY_ENTRY_UNKNOWN) {
            read_list(search, from, life, false);
            read_list(search, from, life, true);
        }
    }
    replace(search, from);
    go_back(search, from);
    to.tick++;
    if (can_wait)
        reach(search, &to);
}

/* At the end of time nobody is at work, and what is open must have somewhere to go. */
static bool is_stuck(const struct search *search, const struct state *state)
{
    for (int i = 0; i < WORKERS; i++) {
        if (state->workers[i].phase != IDLE)
            return false;
    }
    for (int life = 0; life < LIVES; life++) {
        struct repay_entry_standing now = standing_of(&state->lives[life]);
        struct repay_next next;

        if (!state->lives[life].is_there || repay_entry_is_final(now.state))
            continue;
        next =
            repay_entry_next(&search->policy, search->world->mode, moment_of(state), false, &now);
        if (now.state == REPAY_ENTRY_SENDING && next.action != REPAY_ACTION_RESEND)
            return true;
        if (next.action == REPAY_ACTION_NONE || next.action == REPAY_ACTION_HELD)
            return true;
    }
    return false;
}

static void explore(struct search *search, const struct world *world, struct state *states,
                    uint32_t *table)
{
    struct state first = {
        .tick = 1, .crashes = CRASHES, .lives = {{.is_there = 1, .state = REPAY_ENTRY_APPROVED}}};

    *search = (struct search){.world = world,
                              .policy = {.window_ms = WINDOW,
                                         .settle_ms = SETTLE,
                                         .retry_base_ms = 0,
                                         .attempts_max = ATTEMPTS},
                              .states = states,
                              .table = table};
    if (world->removed == RULE_WINDOW)
        search->policy.window_ms = 100;
    /* The policy's own sums take the margin off again, so that nothing of it is left. */
    if (world->removed == RULE_MARGIN)
        search->policy.window_ms = WINDOW + TIMEOUT + SETTLE;
    if (world->removed == RULE_SETTLE_DELAY) {
        search->policy.window_ms = WINDOW - SETTLE;
        search->policy.settle_ms = 0;
    }
    memset(table, 0, 2 * (size_t)STATES * sizeof *table);
    reach(search, &first);
    /* Where a rule is missing, the first harm is enough; else there is none to stop at. */
    for (uint32_t i = 0; i < search->count && !is_enough(search); i++) {
        struct state from = search->states[i];

        search->stuck += is_stuck(search, &from) ? 1 : 0;
        step(search, &from);
    }
}

int main(void)
{
    static const struct world good[] = {
        {.name = "keyed", .mode = REPAY_MODE_KEYED, .keys_honoured = true},
        {.name = "keyed, keys forgotten, loan closed",
         .mode = REPAY_MODE_KEYED,
         .keys_honoured = true,
         .may_forget = true,
         .first_closes_loan = true},
        {.name = "at most once", .mode = REPAY_MODE_AT_MOST_ONCE},
        {.name = "at most once, loan closed",
         .mode = REPAY_MODE_AT_MOST_ONCE,
         .first_closes_loan = true},
        {.name = "at most once, asleep in mid-send",
         .mode = REPAY_MODE_AT_MOST_ONCE,
         .may_stop_to_send = true},
        {.name = "keyed, the clock goes back",
         .mode = REPAY_MODE_KEYED,
         .keys_honoured = true,
         .clock_goes_back = true},
        {.name = "at most once, the clock goes back",
         .mode = REPAY_MODE_AT_MOST_ONCE,
         .clock_goes_back = true},
    };
    /* Each is a world in which no state is bad, less one rule. */
    static const struct {
        const char *name;
        enum rule removed;
        size_t good;
    } bad[] = {
        {"no lock", RULE_LOCK, 4},
        {"a new key at each attempt", RULE_KEY_KEPT, 0},
        {"no end of the window", RULE_WINDOW, 0},
        {"no margin at its end", RULE_MARGIN, 0},
        {"no settle delay", RULE_SETTLE_DELAY, 2},
        {"a cut list believed", RULE_WHOLE_LIST, 2},
        {"state written after the reply", RULE_STATE_FIRST, 0},
        {"a refusal believed after doubt", RULE_DOUBT_OUTLIVES_REFUSAL, 1},
        {"a second attempt without keys", RULE_ONE_ATTEMPT, 2},
        {"a send after its claim's deadline", RULE_DEADLINE, 0},
        {"a clock that went back forgotten", RULE_CLOCK, 5},
    };
    struct state *states = malloc(STATES * sizeof *states);
    uint32_t *table = malloc(2 * (size_t)STATES * sizeof *table);
    struct search search;
    uint64_t total = 0;

    if (!states || !table)
        abort();
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK_CASE(good[i].name);
        explore(&search, &good[i], states, table);
        total += search.count;
        CHECK_INT(search.doubles, 0);
        CHECK_INT(search.wrongly_absent, 0);
        CHECK_INT(search.lost, 0);
        CHECK_INT(search.two_owners, 0);
        CHECK_INT(search.stuck, 0);
        CHECK_INT(search.attempts_most, good[i].mode == REPAY_MODE_KEYED ? ATTEMPTS : 1);
        CHECK_INT(search.crashes_most, CRASHES);
        CHECK_INT(search.flights_most, good[i].mode == REPAY_MODE_KEYED ? FLIGHTS : 1);
        printf("%-42s %8u states\n", good[i].name, search.count);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct world world = good[bad[i].good];

        CHECK_CASE(bad[i].name);
        world.name = bad[i].name;
        world.removed = bad[i].removed;
        explore(&search, &world, states, table);
        total += search.count;
        CHECK(harms(&search) > 0);
        printf("%-42s %8u states until money is lost\n", bad[i].name, search.count);
    }
    CHECK_CASE(NULL);
    CHECK(total >= 5000);
    free(states);
    free(table);
    return CHECK_REPORT();
}
