/*
 * Texts of the rows under way, each of them once. See schedule_build.h.
 *
 * Owns what a text's code is, and how one that came before is found again: among a few by looking
 * at each, among many by a hash table, and where a column had it lately by its bytes in the body.
 */
#include "schedule_build.h"

#include "array.h"
#include "schedule_build_inner.h"
#include "schedule_store.h"
#include "text_hash.h"

#define SLOTS_FIRST 64
/* A larger table is freed when the texts are forgotten: clearing it would cost each answer. */
#define SLOTS_KEPT  4096

/* 16 bytes more, because texts are compared in steps of that. */
#define ESCAPED_STEP (REPAY_RECENT_ROOM + 16)
#define ESCAPED_SIZE ((size_t)ESCAPED_STEP * REPAY_FIELDS_MAX)

struct repay_text_slot {
    uint32_t code; /* 0: free */
    uint32_t hash;
};

static void forget_recent(struct repay_builder *builder)
{
    unsigned count = builder->layout ? builder->layout->field_count : 0;
    for (unsigned i = 0; i < count; i++) {
        bool used = builder->layout->fields[i].type == REPAY_FIELD_TEXT;
        for (unsigned j = 0; used && j < REPAY_RECENT_MAX; j++)
            builder->recent[i][j].length = UINT32_MAX;
    }
}

static void free_slots(struct repay_builder *builder)
{
    const struct repay_allocator *allocator = repay_blocks_allocator(builder->blocks);
    repay_release(allocator, builder->slots, builder->slot_count * sizeof *builder->slots);
    builder->slots = NULL;
    builder->slot_count = 0;
    builder->slots_used = 0;
}

static void give_text_blocks(struct repay_builder *builder)
{
    for (uint32_t i = 0; i < builder->text_count && !builder->texts_in_first; i++)
        repay_blocks_give(builder->blocks, builder->texts[i]);
    builder->text_count = 0;
    builder->text_used = 0;
    builder->texts_in_first = false;
}

void repay_builder_forget_texts(struct repay_builder *builder)
{
    give_text_blocks(builder);
    if (builder->slot_count > SLOTS_KEPT)
        free_slots(builder);
    if (builder->slots_used > 0)
        memset(builder->slots, 0, builder->slot_count * sizeof *builder->slots);
    builder->slots_used = 0;
    builder->few_count = 0;
    forget_recent(builder);
}

void repay_builder_free_texts(struct repay_builder *builder)
{
    const struct repay_allocator *allocator = repay_blocks_allocator(builder->blocks);
    give_text_blocks(builder);
    free_slots(builder);
    repay_release(allocator, builder->texts, builder->text_room * sizeof *builder->texts);
    repay_release(allocator, builder->escaped, ESCAPED_SIZE);
}

struct repay_text repay_builder_text(const struct repay_builder *builder, uint32_t code)
{
    return repay_text_at(builder->texts[code / REPAY_BLOCK_SIZE] + code % REPAY_BLOCK_SIZE);
}

/* Whoever chooses the texts must not be able to choose the slots: see text_hash.h. */
static uint32_t hash_of(const struct repay_builder *builder, struct repay_text text)
{
    return (uint32_t)repay_text_hash((uintptr_t)builder, (uintptr_t)builder->blocks, text);
}

static bool grow_slots(struct repay_builder *builder)
{
    const struct repay_allocator *allocator = repay_blocks_allocator(builder->blocks);
    uint32_t count = builder->slot_count == 0 ? SLOTS_FIRST : builder->slot_count * 2;
    struct repay_text_slot *slots = repay_allocate(allocator, count * sizeof *slots);
    if (!slots)
        return false;
    memset(slots, 0, count * sizeof *slots);
    for (uint32_t i = 0; i < builder->slot_count; i++) {
        struct repay_text_slot slot = builder->slots[i];
        if (slot.code == 0)
            continue;
        uint32_t place = slot.hash & (count - 1);
        while (slots[place].code != 0)
            place = (place + 1) & (count - 1);
        slots[place] = slot;
    }
    uint32_t used = builder->slots_used;
    free_slots(builder);
    builder->slots = slots;
    builder->slot_count = count;
    builder->slots_used = used;
    return true;
}

/* Moves the texts that lie in `first` to a block. Their codes stay; what points to them follows. */
static bool widen_texts(struct repay_builder *builder, struct repay_error *error)
{
    unsigned char *block = repay_blocks_take(builder->blocks);
    if (!block)
        return repay_builder_no_memory(error);
    const char *from = (const char *)builder->texts[0];
    memcpy(block, from, builder->text_used);
    for (unsigned i = 0; i < REPAY_FIELDS_MAX; i++) {
        for (unsigned j = 0; j < REPAY_RECENT_MAX; j++) {
            struct repay_recent_text *recent = &builder->recent[i][j];
            uintptr_t at = (uintptr_t)recent->data - (uintptr_t)from;
            if (at < REPAY_FIRST_SIZE)
                recent->data = (const char *)block + at;
        }
    }
    builder->texts[0] = block;
    builder->texts_in_first = false;
    repay_builder_drop_first(builder);
    return true;
}

static bool add_text_block(struct repay_builder *builder, struct repay_error *error)
{
    if (builder->texts_in_first)
        return widen_texts(builder, error);
    const struct repay_allocator *allocator = repay_blocks_allocator(builder->blocks);
    if (builder->text_count >= builder->text_blocks_max)
        return repay_error_set(error, REPAY_KIND_TOO_LARGE, "more than %lu KiB of text",
                               (unsigned long)builder->text_blocks_max * (REPAY_BLOCK_SIZE >> 10));
    if (!repay_array_make_room(allocator, &builder->texts, sizeof *builder->texts,
                               builder->text_count, &builder->text_room))
        return repay_builder_no_memory(error);
    /* Texts follow rows: beside a block of rows they get one too. */
    builder->texts_in_first = builder->text_count == 0 &&
                              (builder->segment_count == 0 || builder->rows_in_first) &&
                              repay_builder_has_first(builder);
    unsigned char *block = builder->texts_in_first ? builder->first + REPAY_FIRST_SIZE
                                                   : repay_blocks_take(builder->blocks);
    if (!block)
        return repay_builder_no_memory(error);
    /* The place that stands for "no text"; later blocks give it up too, to be alike. */
    block[0] = 0;
    builder->text_used = 1;
    builder->texts[builder->text_count++] = block;
    return true;
}

static size_t text_block_room(const struct repay_builder *builder)
{
    return builder->texts_in_first ? REPAY_FIRST_SIZE - 16 : REPAY_TEXT_BLOCK_ROOM;
}

static bool store_text(struct repay_builder *builder, struct repay_text text, uint32_t *code,
                       struct repay_error *error)
{
    size_t size = repay_text_head_size(text.length) + text.length;
    if (size > REPAY_TEXT_BLOCK_ROOM - 1)
        return repay_error_set(error, REPAY_KIND_TOO_LARGE, "a text of more than %u bytes",
                               REPAY_TEXT_BLOCK_ROOM - 1 - REPAY_TEXT_HEAD_MAX);
    while (builder->text_count == 0 || size > text_block_room(builder) - builder->text_used) {
        if (!add_text_block(builder, error))
            return false;
    }
    uint32_t block = builder->text_count - 1;
    unsigned char *place = builder->texts[block] + builder->text_used;
    size_t head = repay_text_head_write(place, text.length);
    if (text.length > 0)
        memcpy(place + head, text.data, text.length);
    *code = block * REPAY_BLOCK_SIZE + builder->text_used;
    builder->text_used += (uint32_t)size;
    return true;
}

/* A free slot for a text that has none yet, or the one that it has. */
static struct repay_text_slot *find_slot(const struct repay_builder *builder,
                                         struct repay_text text, uint32_t hash)
{
    uint32_t mask = builder->slot_count - 1;
    uint32_t place = hash & mask;
    for (; builder->slots[place].code != 0; place = (place + 1) & mask) {
        struct repay_text_slot slot = builder->slots[place];
        if (slot.hash == hash && repay_text_equal(repay_builder_text(builder, slot.code), text))
            break;
    }
    return &builder->slots[place];
}

/* Gives the few texts their slots. False: no memory, and they are still few. */
static bool hash_few(struct repay_builder *builder)
{
    if (builder->slot_count == 0 && !grow_slots(builder))
        return false;
    for (uint32_t i = 0; i < builder->few_count; i++) {
        struct repay_text text = repay_builder_text(builder, builder->few[i]);
        uint32_t hash = hash_of(builder, text);
        *find_slot(builder, text, hash) = (struct repay_text_slot){builder->few[i], hash};
    }
    builder->slots_used = builder->few_count;
    builder->few_count = 0;
    return true;
}

static bool find_few(const struct repay_builder *builder, struct repay_text text, uint32_t *code)
{
    for (uint32_t i = 0; i < builder->few_count; i++) {
        if (repay_text_equal(repay_builder_text(builder, builder->few[i]), text)) {
            *code = builder->few[i];
            return true;
        }
    }
    return false;
}

static bool intern_hashed(struct repay_builder *builder, struct repay_text text, uint32_t *code,
                          struct repay_error *error)
{
    /* Three quarters full is where probing begins to cost more than memory does. */
    if (builder->slots_used >= builder->slot_count / 4 * 3 && !grow_slots(builder))
        return repay_builder_no_memory(error);
    uint32_t hash = hash_of(builder, text);
    struct repay_text_slot *slot = find_slot(builder, text, hash);
    if (slot->code == 0) {
        uint32_t stored = 0;
        if (!store_text(builder, text, &stored, error))
            return false;
        *slot = (struct repay_text_slot){stored, hash};
        builder->slots_used++;
    }
    *code = slot->code;
    return true;
}

bool repay_builder_intern(struct repay_builder *builder, struct repay_text text, uint32_t *code,
                          struct repay_error *error)
{
    if (builder->slots_used > 0)
        return intern_hashed(builder, text, code, error);
    if (find_few(builder, text, code))
        return true;
    if (builder->few_count < REPAY_FEW_TEXTS) {
        uint32_t stored = 0;
        if (!store_text(builder, text, &stored, error))
            return false;
        builder->few[builder->few_count++] = stored;
        *code = stored;
        return true;
    }
    return hash_few(builder) ? intern_hashed(builder, text, code, error)
                             : repay_builder_no_memory(error);
}

/* Copies a text with escapes to the column's place and forgets the one that was there. */
static const char *remember_escaped(struct repay_builder *builder, unsigned column,
                                    struct repay_text inner)
{
    if (inner.length > REPAY_RECENT_ROOM)
        return NULL;
    if (!builder->escaped)
        builder->escaped = repay_allocate(repay_blocks_allocator(builder->blocks), ESCAPED_SIZE);
    if (!builder->escaped)
        return NULL;
    char *place = builder->escaped + (size_t)ESCAPED_STEP * column;
    for (unsigned i = 0; i < REPAY_RECENT_MAX; i++) {
        if (builder->recent[column][i].data == place)
            builder->recent[column][i].length = UINT32_MAX;
    }
    memcpy(place, inner.data, inner.length);
    memset(place + inner.length, 0, ESCAPED_STEP - inner.length);
    return place;
}

void repay_builder_remember(struct repay_builder *builder, unsigned column, struct repay_text raw,
                            bool escaped, uint32_t code)
{
    struct repay_recent_text *places = builder->recent[column];
    unsigned chosen = repay_builder_recent(raw.data);
    unsigned place = chosen / REPAY_RECENT_MAX;
    uint32_t quotes = raw.data[0] == '"' ? 1 : 0;
    struct repay_text inner = {raw.data + quotes, raw.length - 2 * (size_t)quotes};
    const char *data =
        escaped ? remember_escaped(builder, column, inner) : repay_builder_text(builder, code).data;
    if (!data)
        return;
    /* The second place only while it is free: what is in the first will mostly not come again. */
    if (places[place].length != UINT32_MAX &&
        places[chosen % REPAY_RECENT_MAX].length == UINT32_MAX)
        place = chosen % REPAY_RECENT_MAX;
    places[place] = (struct repay_recent_text){data, (uint32_t)inner.length, code, quotes};
}
