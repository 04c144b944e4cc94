/*
 * Owns the multi handle, the slots and all waiting. Decides only when something is looked at; what
 * happens next is each call's decision, what an end means is curl_judge.c's.
 *
 * A slot is in one place at a time: free, in the queue of those to be asked, waiting or flying
 * (both have a wake-up), or in the queue of the ended. `nearest_ms` is never later than the
 * earliest wake-up, so a round looks at all slots only when one of them may be due.
 */
#include "curl_engine.h"

#include <poll.h>
#include <string.h>

#include "crash_points.h"
#include "curl_heap.h"
#include "curl_library.h"
#include "curl_slot.h"

/* How long a cancelled or closed call may go unnoticed while others keep the engine busy. */
#define LOOK_EVERY_MS 10

/* curl_multi_poll takes an int; an hour is forever for anybody who waits here. */
#define POLL_MAX_MS 3600000

struct queue {
    struct repay_curl_slot *first;
    struct repay_curl_slot *last;
};

struct repay_curl_engine {
    const struct repay_core_api *core;
    const struct repay_allocator *allocator;
    struct repay_curl_hooks hooks;
    struct repay_ca_paths ca;
    pid_t pid;
    CURLM *multi;
    struct repay_curl_slot **slots; /* made as they are needed, kept until the end */
    uint32_t slots_max;
    uint32_t slots_made;
    uint32_t busy;
    uint32_t flying;
    uint32_t begun; /* requests handed to libcurl since it last moved */
    struct repay_curl_gather gather;
    struct repay_curl_heap heap;
    int64_t now_ms;        /* read once for all that is done together */
    int64_t unix_ahead_ms; /* of it; looked up once a step */
    int64_t nearest_ms;
    int64_t look_ms; /* when all slots were last looked at */
    bool unlooked;   /* others had their turn since: calls may have been cancelled or closed */
    struct queue free, asking, ended;
};

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void queue_put(struct queue *queue, struct repay_curl_slot *slot)
{
    slot->next = NULL;
    if (queue->last)
        queue->last->next = slot;
    else
        queue->first = slot;
    queue->last = slot;
}

static struct repay_curl_slot *queue_take(struct queue *queue)
{
    struct repay_curl_slot *slot = queue->first;

    if (!slot)
        return NULL;
    queue->first = slot->next;
    if (!queue->first)
        queue->last = NULL;
    slot->next = NULL;
    return slot;
}

static void queue_remove(struct queue *queue, const struct repay_curl_slot *slot)
{
    struct queue rest = {NULL, NULL};

    for (;;) {
        struct repay_curl_slot *each = queue_take(queue);

        if (!each)
            break;
        if (each != slot)
            queue_put(&rest, each);
    }
    *queue = rest;
}

static int64_t own_now_ms(void *context)
{
    const struct repay_curl_engine *engine = context;

    return engine->core->now_ms();
}

static int64_t own_unix_ms(void *context)
{
    const struct repay_curl_engine *engine = context;

    return engine->core->unix_ms();
}

static void tick(struct repay_curl_engine *engine)
{
    engine->now_ms = engine->hooks.now_ms(engine->hooks.context);
}

static void set_clock(struct repay_curl_engine *engine)
{
    tick(engine);
    engine->unix_ahead_ms = engine->hooks.unix_ms(engine->hooks.context) - engine->now_ms;
}

static int64_t unix_ms(const struct repay_curl_engine *engine)
{
    return engine->now_ms + engine->unix_ahead_ms;
}

static uint32_t clamped_slots(uint32_t slots)
{
    if (slots < 1)
        return 1;
    return slots > REPAY_CURL_SLOTS_MAX ? REPAY_CURL_SLOTS_MAX : slots;
}

struct repay_curl_engine *repay_curl_engine_create(const struct repay_curl_options *options,
                                                   struct repay_error *error)
{
    const struct repay_allocator *allocator = options->allocator;
    struct repay_curl_engine *engine = NULL;

    if (!repay_curl_library_start(error))
        return NULL;
    engine = repay_allocate(allocator, sizeof(*engine));
    if (!engine) {
        (void)repay_curl_fail(error, REPAY_KIND_MEMORY, "not enough memory");
        return NULL;
    }
    memset(engine, 0, sizeof(*engine));
    engine->core = options->core;
    engine->allocator = allocator;
    engine->hooks = (struct repay_curl_hooks){own_now_ms, own_unix_ms, NULL, engine};
    if (options->hooks)
        engine->hooks = *options->hooks;
    engine->pid = repay_curl_library_process();
    engine->nearest_ms = INT64_MAX;
    engine->slots_max = clamped_slots(options->slots);
    engine->ca = repay_ca_paths_find();
    engine->slots = repay_allocate(allocator, engine->slots_max * sizeof(struct repay_curl_slot *));
    if (!engine->slots)
        (void)repay_curl_fail(error, REPAY_KIND_MEMORY, "not enough memory");
    else
        engine->multi = repay_curl_library_multi(engine->slots_max, error);
    if (!engine->multi) {
        repay_curl_engine_destroy(engine);
        return NULL;
    }
    return engine;
}

bool repay_curl_engine_is_inherited(const struct repay_curl_engine *engine)
{
    return !repay_curl_library_is_same_process(engine->pid);
}

uint32_t repay_curl_engine_count(const struct repay_curl_engine *engine)
{
    return engine->busy;
}

uint32_t repay_curl_engine_slots(const struct repay_curl_engine *engine)
{
    return engine->slots_max;
}

static struct repay_curl_slot *make_slot(struct repay_curl_engine *engine)
{
    struct repay_curl_slot *slot = repay_allocate(engine->allocator, sizeof(*slot));

    if (!slot)
        return NULL;
    memset(slot, 0, sizeof(*slot));
    slot->core = engine->core;
    slot->allocator = engine->allocator;
    slot->hooks = &engine->hooks;
    slot->gather = &engine->gather;
    slot->nearest_ms = &engine->nearest_ms;
    slot->index = engine->slots_made;
    slot->has_neighbours = engine->slots_max > 1;
    engine->slots[engine->slots_made++] = slot;
    return slot;
}

static void enqueue(struct queue *queue, struct repay_curl_slot *slot,
                    enum repay_curl_slot_state state)
{
    slot->state = state;
    queue_put(queue, slot);
}

bool repay_curl_engine_add(struct repay_curl_engine *engine, struct repay_call *call,
                           uint32_t *slot, struct repay_error *error)
{
    struct repay_curl_slot *taken = NULL;

    if (repay_curl_engine_is_inherited(engine))
        return repay_curl_fail(error, REPAY_KIND_CONFIG, "the engine was made in another process");
    if (call->stage != REPAY_CALL_READY)
        return repay_curl_fail(error, REPAY_KIND_INVALID_ARGUMENT,
                               "a call runs once, and this one has begun");
    if (engine->busy == engine->slots_max)
        return repay_curl_fail(error, REPAY_KIND_INVALID_ARGUMENT,
                               "as many calls as fit are under way");
    taken = queue_take(&engine->free);
    if (!taken)
        taken = make_slot(engine);
    if (!taken)
        return repay_curl_fail(error, REPAY_KIND_MEMORY, "not enough memory");
    taken->call = call;
    engine->busy++;
    enqueue(&engine->asking, taken, REPAY_CURL_ASKING);
    *slot = taken->index;
    return true;
}

/* Takes the call out of its slot. It is in no queue any more. */
static struct repay_call *release(struct repay_curl_engine *engine, struct repay_curl_slot *slot)
{
    struct repay_call *call = slot->call;

    slot->call = NULL;
    engine->busy--;
    enqueue(&engine->free, slot, REPAY_CURL_FREE);
    return call;
}

static void wake_at(struct repay_curl_engine *engine, struct repay_curl_slot *slot, int64_t wake_ms)
{
    slot->wake_ms = wake_ms;
    engine->nearest_ms = lesser(engine->nearest_ms, wake_ms);
}

/* Tells the call how its attempt ended. What comes next is asked in the next round. */
static void settle(struct repay_curl_engine *engine, struct repay_curl_slot *slot,
                   const struct repay_end *end)
{
    engine->core->call_end(slot->call, end, engine->now_ms, unix_ms(engine));
    enqueue(&engine->asking, slot, REPAY_CURL_ASKING);
}

/* Takes a transfer off libcurl, whether it is over or not. */
static void land(struct repay_curl_engine *engine, struct repay_curl_slot *slot)
{
    repay_curl_slot_stop(slot, engine->multi);
    engine->flying--;
}

static void abort_transfer(struct repay_curl_engine *engine, struct repay_curl_slot *slot,
                           enum repay_kind kind, const char *detail)
{
    struct repay_end end = repay_curl_slot_end(slot, kind, detail);

    land(engine, slot);
    settle(engine, slot, &end);
}

static void send_request(struct repay_curl_engine *engine, struct repay_curl_slot *slot)
{
    struct repay_curl_fault fault =
        repay_curl_slot_start(slot, engine->multi, &engine->ca, engine->now_ms);

    if (fault.kind != REPAY_KIND_NONE) {
        struct repay_end end = repay_curl_slot_end(slot, fault.kind, fault.detail);

        settle(engine, slot, &end);
        return;
    }
    slot->state = REPAY_CURL_FLYING;
    engine->flying++;
    engine->begun++;
    wake_at(engine, slot, slot->call->connect_deadline_ms);
}

static void ask(struct repay_curl_engine *engine, struct repay_curl_slot *slot)
{
    switch (engine->core->call_next(slot->call, engine->now_ms, unix_ms(engine))) {
    case REPAY_STEP_SEND:
        send_request(engine, slot);
        break;
    case REPAY_STEP_WAIT:
        slot->state = REPAY_CURL_WAITING;
        wake_at(engine, slot, engine->now_ms + slot->call->wait_ms);
        break;
    case REPAY_STEP_DONE:
    case REPAY_STEP_FAILED:
        enqueue(&engine->ended, slot, REPAY_CURL_ENDED);
        break;
    }
}

static void ask_all(struct repay_curl_engine *engine)
{
    for (;;) {
        struct repay_curl_slot *slot = queue_take(&engine->asking);

        if (!slot)
            return;
        ask(engine, slot);
    }
}

static void abort_all(struct repay_curl_engine *engine, CURLMcode code)
{
    enum repay_kind kind =
        code == CURLM_OUT_OF_MEMORY ? REPAY_KIND_MEMORY : REPAY_KIND_CONNECTION_LOST;

    for (uint32_t i = 0; i < engine->slots_made; i++) {
        if (engine->slots[i]->state == REPAY_CURL_FLYING)
            abort_transfer(engine, engine->slots[i], kind, curl_multi_strerror(code));
    }
}

static void collect_one(struct repay_curl_engine *engine, CURL *easy, CURLcode code)
{
    struct repay_curl_slot *slot = NULL;
    struct repay_end end;

    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot) != CURLE_OK || !slot)
        return;
    REPAY_CRASH_POINT_OF_WRITE("C18", slot->call);
    end = repay_curl_slot_judge(slot, code);
    repay_curl_slot_note_connection(slot, end.connection);
    land(engine, slot);
    settle(engine, slot, &end);
    /* After trouble of its own a handle is not trusted with the next attempt. */
    if (end.kind == REPAY_KIND_MEMORY || end.kind == REPAY_KIND_CONFIG)
        repay_curl_slot_drop_handle(slot);
}

/* Requests that begin together leave together. One alone would only pay for the switch. */
static CURLMcode perform(struct repay_curl_engine *engine)
{
    bool gathers = engine->begun > 1 && engine->gather.count > 0;
    CURLMcode code;
    int running = 0;

    if (gathers)
        repay_curl_gather_hold(&engine->gather);
    code = curl_multi_perform(engine->multi, &running);
    if (gathers)
        repay_curl_gather_release(&engine->gather);
    engine->begun = 0;
    return code;
}

/* Lets libcurl move what can be moved, and takes in what has ended. */
static void move(struct repay_curl_engine *engine)
{
    CURLMcode code = perform(engine);
    int left = 0;

    tick(engine);
    for (;;) {
        const CURLMsg *message = curl_multi_info_read(engine->multi, &left);

        if (!message)
            break;
        if (message->msg == CURLMSG_DONE)
            collect_one(engine, message->easy_handle, message->data.result);
    }
    if (code != CURLM_OK)
        abort_all(engine, code);
}

static const char *late_detail(const struct repay_curl_slot *slot)
{
    if (!slot->hook_ran)
        return "no connection in time";
    return slot->reply_began ? "the reply did not end in time" : "no reply in time";
}

/* A call that waits has to be asked: its time has come, it was cancelled, or closed. */
static bool wait_is_over(const struct repay_curl_slot *slot, int64_t now_ms)
{
    const struct repay_call *call = slot->call;

    return slot->wake_ms <= now_ms || call->cancelled || call->stage != REPAY_CALL_WAITING ||
           !call->session->provider;
}

static void look_at(struct repay_curl_engine *engine, struct repay_curl_slot *slot)
{
    int64_t now_ms = engine->now_ms;

    if (slot->state == REPAY_CURL_FLYING && !repay_curl_slot_is_wanted(slot))
        abort_transfer(engine, slot, REPAY_KIND_CANCELLED, "cancelled");
    else if (slot->state == REPAY_CURL_FLYING && slot->wake_ms <= now_ms)
        abort_transfer(engine, slot, REPAY_KIND_TIMEOUT, late_detail(slot));
    else if (slot->state == REPAY_CURL_WAITING && wait_is_over(slot, now_ms))
        enqueue(&engine->asking, slot, REPAY_CURL_ASKING);
    else if (slot->state == REPAY_CURL_FLYING || slot->state == REPAY_CURL_WAITING)
        engine->nearest_ms = lesser(engine->nearest_ms, slot->wake_ms);
}

/* Ends what is due, and what was cancelled or closed from outside. */
static void look(struct repay_curl_engine *engine)
{
    int64_t since_ms = engine->now_ms - engine->look_ms;

    if (engine->now_ms < engine->nearest_ms && !(engine->unlooked && since_ms >= LOOK_EVERY_MS))
        return;
    engine->look_ms = engine->now_ms;
    engine->unlooked = false;
    engine->nearest_ms = INT64_MAX;
    for (uint32_t i = 0; i < engine->slots_made; i++)
        look_at(engine, engine->slots[i]);
}

/*
 * Lets time pass until something can be moved. Returns how much did, at least a little: a test's
 * clock may stand, and what never rests must not keep a step for ever.
 */
static int64_t rest(struct repay_curl_engine *engine, int64_t wait_ms)
{
    int64_t begun_ms = engine->now_ms;
    CURLMcode code = CURLM_OK;
    int moved = 0;

    if (engine->flying == 0 && engine->hooks.wait)
        engine->hooks.wait(engine->hooks.context, wait_ms);
    else if (engine->flying == 0)
        moved = poll(NULL, 0, (int)wait_ms); /* -1: interrupted, which is as good */
    else
        code = curl_multi_poll(engine->multi, NULL, 0, (int)wait_ms, &moved);
    tick(engine);
    if (code != CURLM_OK)
        abort_all(engine, code);
    if (moved == 0)
        return wait_ms;
    return engine->now_ms > begun_ms ? engine->now_ms - begun_ms : 1;
}

/* How long to rest: not beyond the next wake-up, the step's end, or an overdue look. */
static int64_t rest_time(const struct repay_curl_engine *engine, int64_t left_ms)
{
    int64_t wait_ms = lesser(engine->nearest_ms - engine->now_ms, lesser(left_ms, POLL_MAX_MS));

    return engine->unlooked ? lesser(wait_ms, LOOK_EVERY_MS) : wait_ms;
}

/* One round: asks, moves, ends what is due. False when there is nothing to do but to wait. */
static bool go_round(struct repay_curl_engine *engine)
{
    ask_all(engine);
    if (engine->flying > 0)
        move(engine);
    look(engine);
    return engine->asking.first || engine->ended.first;
}

struct repay_call *repay_curl_engine_step(struct repay_curl_engine *engine, int64_t wait_ms,
                                          uint32_t *slot)
{
    int64_t left_ms = wait_ms;

    if (repay_curl_engine_is_inherited(engine))
        return NULL;
    engine->unlooked = true;
    if (!engine->ended.first)
        set_clock(engine);
    repay_curl_heap_enter(&engine->heap);
    while (!engine->ended.first) {
        if (go_round(engine))
            continue;
        if (engine->busy == 0 || left_ms <= 0)
            break;
        left_ms -= rest(engine, rest_time(engine, left_ms));
    }
    repay_curl_heap_leave();
    if (!engine->ended.first)
        return NULL;
    *slot = engine->ended.first->index;
    return release(engine, queue_take(&engine->ended));
}

/* Afterwards the slot is in no queue, and its call has ended. A closed call is not touched. */
static void withdraw(struct repay_curl_engine *engine, struct repay_curl_slot *slot)
{
    if (slot->state == REPAY_CURL_ENDED) {
        queue_remove(&engine->ended, slot);
        return;
    }
    set_clock(engine);
    engine->core->call_cancel(slot->call);
    if (slot->state == REPAY_CURL_FLYING)
        abort_transfer(engine, slot, REPAY_KIND_CANCELLED, "cancelled");
    if (slot->state == REPAY_CURL_ASKING)
        queue_remove(&engine->asking, slot);
    (void)engine->core->call_next(slot->call, engine->now_ms, unix_ms(engine));
}

struct repay_call *repay_curl_engine_remove(struct repay_curl_engine *engine, uint32_t slot)
{
    if (repay_curl_engine_is_inherited(engine) || slot >= engine->slots_made ||
        engine->slots[slot]->state == REPAY_CURL_FREE)
        return NULL;
    withdraw(engine, engine->slots[slot]);
    return release(engine, engine->slots[slot]);
}

bool repay_curl_engine_is_committed(const struct repay_curl_engine *engine, uint32_t slot)
{
    const struct repay_curl_slot *found = slot < engine->slots_made ? engine->slots[slot] : NULL;

    if (!found || !found->call || !found->call->operation->is_write)
        return false;
    if (found->state == REPAY_CURL_ENDED)
        return true;
    return found->state == REPAY_CURL_FLYING && found->hook_ran && repay_curl_slot_is_wanted(found);
}

void repay_curl_engine_destroy(struct repay_curl_engine *engine)
{
    const struct repay_allocator *allocator;

    /* Closing an inherited connection would say goodbye on the parent's behalf. */
    if (!engine || repay_curl_engine_is_inherited(engine))
        return;
    allocator = engine->allocator;
    for (uint32_t i = 0; engine->slots && i < engine->slots_made; i++) {
        if (engine->slots[i]->state != REPAY_CURL_FREE)
            withdraw(engine, engine->slots[i]);
        repay_curl_slot_free(engine->slots[i]);
        repay_release(allocator, engine->slots[i], sizeof(struct repay_curl_slot));
    }
    (void)curl_multi_cleanup(engine->multi);
    repay_curl_heap_free(&engine->heap);
    repay_release(allocator, engine->slots, engine->slots_max * sizeof(struct repay_curl_slot *));
    repay_release(allocator, engine, sizeof(*engine));
}
