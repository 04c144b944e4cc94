/*
 * The pass over a row. See row_read.h.
 *
 * Owns what a row may look like: which members there are, what stands between them, that none of
 * them stands twice. This is where the time of a large schedule goes, so a row that looks like the
 * one before it takes the way of row_repeat.h, and each value the short way of its type, while it
 * has the form that every provider really sends; row_value.c knows all forms. Each step begins with
 * a check against `end` and then reads at most REPAY_JSON_PADDING bytes.
 */
#include "row_read.h"

#include "row_repeat.h"
#include "row_value.h"

#define WHY_DUPLICATE "stands twice in one row"

void repay_row_reader_init(struct repay_row_reader *reader, const struct repay_allocator *allocator)
{
    *reader = (struct repay_row_reader){0};
    /* A row has no more than this, so what is taken from it fits. */
    repay_bytes_init(&reader->extra, allocator, REPAY_UNIT_MAX);
    repay_bytes_init(&reader->text, allocator, REPAY_UNIT_MAX);
}

void repay_row_reader_free(struct repay_row_reader *reader)
{
    repay_bytes_free(&reader->extra);
    repay_bytes_free(&reader->text);
}

/* Of other rows nothing is known: members stand as the layout has them until a body tells. */
static void forget_rows(struct repay_row_reader *reader, const struct repay_layout *layout,
                        int decimals)
{
    unsigned count = layout->field_count;
    repay_row_plan_forget(&reader->plan);
    for (unsigned i = 0; i < count; i++)
        reader->next_field[i] = (uint8_t)(i + 1 < count ? i + 1 : 0);
    reader->next_field[REPAY_FIELDS_MAX] = 0;
    reader->layout = layout;
    reader->decimals = (uint8_t)decimals;
    reader->scale = repay_powers_of_10[decimals];
    reader->whole_max = REPAY_AMOUNT_MAX / reader->scale;
}

void repay_row_reader_begin(struct repay_row_reader *reader, struct repay_builder *builder,
                            int decimals, int zone_minutes, struct repay_error *error)
{
    reader->builder = builder;
    reader->error = error;
    reader->field = NULL;
    reader->error_is_set = false;
    reader->zone_minutes = (int16_t)zone_minutes;
    /* What amounts are worth is part of what is known of rows. */
    if (reader->layout != builder->layout || reader->decimals != decimals)
        forget_rows(reader, builder->layout, decimals);
    repay_row_plan_forget_texts(&reader->plan);
    repay_bytes_clear(&reader->extra);
    repay_bytes_clear(&reader->text);
}

/* A string of one block that is plain to its end. */
static bool scan_short(struct repay_json_scan *scan, struct repay_json_value *out)
{
    const char *at = scan->at;
    if (*at != '"' || at + 1 >= scan->end)
        return false;
    unsigned plain = repay_wide_plain(at + 1);
    if (plain == REPAY_WIDE_STEP || at[plain + 1] != '"')
        return false;
    *out = (struct repay_json_value){.type = REPAY_JSON_STRING, .raw = {at, plain + 2}};
    scan->at = at + plain + 2;
    return true;
}

/* Another text than last time, or one that needs a closer look. */
static enum repay_json_end text_changed(struct repay_row_reader *reader,
                                        struct repay_json_scan *scan, unsigned index)
{
    struct repay_json_value value;
    uint32_t code;
    if (!scan_short(scan, &value)) {
        if (*scan->at != '"')
            return repay_row_value(reader, scan, index);
        enum repay_json_end end_of = repay_json_string(scan, &value);
        if (end_of != REPAY_JSON_OK)
            return end_of;
    }
    if (!repay_row_intern(reader, index, value, &code))
        return repay_row_stop(reader, scan, value.raw.data);
    repay_row_put_4(reader, index, code);
    return REPAY_JSON_OK;
}

/* The documented member with this name, or field_count. */
static unsigned find_field(struct repay_row_reader *reader, struct repay_text name)
{
    const struct repay_layout *layout = reader->builder->layout;
    unsigned index = 0;
    for (; index < layout->field_count; index++) {
        const struct repay_field *field = &layout->fields[index];
        if (name.length == field->json_length &&
            memcmp(name.data, field->json_name, name.length) == 0)
            break;
    }
    return index;
}

/*
 * At a name that is not the expected one. Sets the field's index, field_count for a member that is
 * not documented; its name is left in `name`. Stops after the colon.
 */
static enum repay_json_end read_name(struct repay_row_reader *reader, struct repay_json_scan *scan,
                                     struct repay_json_value *name, unsigned *index)
{
    struct repay_text text;
    if (*scan->at != '"')
        return repay_json_fail(scan, scan->at, REPAY_JSON_WHY_NAME);
    enum repay_json_end end_of = repay_json_string(scan, name);
    if (end_of != REPAY_JSON_OK)
        return end_of;
    if (!repay_row_plain_text(reader, *name, &text))
        return repay_row_stop(reader, scan, name->raw.data);
    *index = find_field(reader, text);
    repay_json_skip_blanks(scan);
    if (*scan->at != ':')
        return repay_json_fail(scan, scan->at, REPAY_JSON_WHY_COLON);
    scan->at++;
    return REPAY_JSON_OK;
}

static enum repay_json_end read_unknown(struct repay_row_reader *reader,
                                        struct repay_json_scan *scan, struct repay_text name)
{
    struct repay_json_value value;
    repay_json_skip_blanks(scan);
    enum repay_json_end end_of = repay_json_value(scan, &value);
    if (end_of == REPAY_JSON_OK && !repay_row_keep_member(reader, name, value.raw))
        return repay_row_stop(reader, scan, name.data);
    return end_of;
}

enum repay_json_end repay_row_repeat_slowly(struct repay_row_reader *reader,
                                            struct repay_json_scan *scan,
                                            const struct repay_row_step *step)
{
    /* There may be blanks that were not there last time. */
    repay_json_skip_blanks(scan);
    if (step->type == REPAY_STEP_UNKNOWN)
        return read_unknown(reader, scan, repay_row_step_name(step));
    if (step->type == REPAY_FIELD_TEXT)
        return text_changed(reader, scan, step->field);
    return repay_row_value(reader, scan, step->field);
}

/* A row that lacks members, has others, or is too long. */
static enum repay_json_end finish_odd(const struct repay_row_pass *pass,
                                      struct repay_json_scan *scan, const char *at, uint32_t seen)
{
    struct repay_row_reader *reader = pass->reader;
    if (at - pass->start > (ptrdiff_t)REPAY_UNIT_MAX)
        return REPAY_JSON_SHORT;
    repay_row_clear(reader, pass->all & ~seen);
    if (reader->extra.length > 0 &&
        !repay_builder_add_extra(pass->builder, repay_bytes_text(&reader->extra), reader->error))
        return repay_row_stop(reader, scan, pass->start);
    return REPAY_JSON_OK;
}

/* Past the closing brace. */
static REPAY_ALWAYS_INLINE enum repay_json_end finish_row(const struct repay_row_pass *pass,
                                                          struct repay_json_scan *scan,
                                                          const char *at, uint32_t seen)
{
    bool odd = seen != pass->all || pass->reader->extra.length > 0 ||
               at - pass->start > (ptrdiff_t)REPAY_UNIT_MAX;
    if (REPAY_UNLIKELY(odd)) {
        const struct repay_row_pass copy = *pass;
        enum repay_json_end end_of = finish_odd(&copy, scan, at, seen);
        if (end_of != REPAY_JSON_OK)
            return end_of;
    }
    repay_builder_keep_row(pass->builder);
    scan->at = at;
    return REPAY_JSON_OK;
}

/* The value at scan->at of a documented member, its blanks skipped. */
static enum repay_json_end read_value(const struct repay_row_pass *pass,
                                      struct repay_json_scan *scan, unsigned index)
{
    const char *at = scan->at;
    unsigned type = pass->fields[index].type;
    if (REPAY_UNLIKELY(at >= pass->end))
        return REPAY_JSON_SHORT;
    const char *after = repay_short_value(pass, at, index, type);
    if (REPAY_LIKELY(after != NULL)) {
        scan->at = after;
        return REPAY_JSON_OK;
    }
    if (type == REPAY_FIELD_TEXT)
        return text_changed(pass->reader, scan, index);
    return repay_row_value(pass->reader, scan, index);
}

/* What is known of a row's members, and of the one that was read last. */
struct members {
    uint32_t seen;     /* a bit for each documented one */
    uint32_t steps;    /* how many are as the plan has them */
    unsigned previous; /* index of the last documented one */
    unsigned type;     /* enum repay_field_type, or REPAY_STEP_UNKNOWN */
    const char *value; /* where the value begins */
    bool goes_on;      /* not the first one of the row */
    bool is_noted;     /* and so are all before it */
};

/*
 * At the name of a member that is not the one expected: learns that it follows the previous one,
 * and reads it; or keeps it as received when it is not documented.
 */
static enum repay_json_end read_unexpected(const struct repay_row_pass *pass,
                                           struct repay_json_scan *scan, struct members *members)
{
    struct repay_row_reader *reader = pass->reader;
    struct repay_json_value name;
    unsigned index = 0;
    enum repay_json_end end_of = read_name(reader, scan, &name, &index);
    if (end_of != REPAY_JSON_OK)
        return end_of;
    repay_json_skip_blanks(scan);
    members->value = scan->at;
    if (index == pass->builder->layout->field_count) {
        members->type = REPAY_STEP_UNKNOWN;
        return read_unknown(reader, scan, name.raw);
    }
    if ((members->seen >> index & 1) != 0)
        return repay_row_refuse(reader, scan, name.raw.data, &pass->fields[index], WHY_DUPLICATE);
    reader->next_field[members->previous] = (uint8_t)index;
    members->previous = index;
    members->seen |= (uint32_t)1 << index;
    members->type = pass->fields[index].type;
    return repay_row_value(reader, scan, index);
}

/* At a member's name. */
static enum repay_json_end read_member(const struct repay_row_pass *pass,
                                       struct repay_json_scan *scan, struct members *members)
{
    const char *at = scan->at;
    unsigned index = pass->reader->next_field[members->previous];
    const struct repay_field *field = &pass->fields[index];
    unsigned length = field->json_length + 3u;
    if (!repay_wide_equal(at, field->key, length) || (members->seen >> index & 1) != 0)
        return read_unexpected(pass, scan, members);
    members->seen |= (uint32_t)1 << index;
    members->previous = index;
    members->type = field->type;
    scan->at = repay_skip_blanks(at + length, pass->end);
    members->value = scan->at;
    return read_value(pass, scan, index);
}

/* Notes the member that was read last, whose lexeme begins at `start`, for the next row. */
static void note_member(const struct repay_row_pass *pass, struct members *members,
                        const char *start)
{
    struct repay_row_plan *plan = &pass->reader->plan;
    struct repay_text lexeme = {start, (size_t)(members->value - start)};
    if (!members->is_noted)
        return;
    if (plan->count > members->steps)
        repay_row_plan_cut(plan, members->steps);
    members->is_noted = repay_row_plan_add(plan, lexeme, members->previous, members->type);
    members->steps = plan->count;
}

/* Past a member, or at '{': stops at the next one's name, or at the closing brace. */
static enum repay_json_end find_member(struct repay_json_scan *scan, bool goes_on)
{
    if (goes_on) {
        scan->at = repay_skip_blanks(scan->at, scan->end);
        if (*scan->at == '}')
            return REPAY_JSON_OK;
        if (*scan->at != ',')
            return repay_json_fail(scan, scan->at, REPAY_JSON_WHY_COMMA);
    }
    scan->at = repay_skip_blanks(scan->at + 1, scan->end);
    if (goes_on && *scan->at != '"')
        return repay_json_fail(scan, scan->at, REPAY_JSON_WHY_NAME);
    return scan->at >= scan->end ? REPAY_JSON_SHORT : REPAY_JSON_OK;
}

/* Reads what follows the members that are known already, up to and with the closing brace. */
static enum repay_json_end read_members(const struct repay_row_pass *pass,
                                        struct repay_json_scan *scan, struct members *members)
{
    for (;;) {
        const char *start = scan->at;
        enum repay_json_end end_of = find_member(scan, members->goes_on);
        if (end_of != REPAY_JSON_OK)
            return end_of;
        if (*scan->at == '}')
            break;
        end_of = read_member(pass, scan, members);
        if (end_of != REPAY_JSON_OK)
            return end_of;
        note_member(pass, members, start);
        members->goes_on = true;
    }
    if (members->is_noted)
        repay_row_plan_cut(&pass->reader->plan, members->steps);
    return finish_row(pass, scan, scan->at + 1, members->seen);
}

/* The row's members from the first on that is not as the plan has it. */
static enum repay_json_end read_rest(const struct repay_row_pass *pass,
                                     struct repay_json_scan *scan, uint32_t steps)
{
    const struct repay_row_plan *plan = &pass->reader->plan;
    struct members members = {
        .steps = steps,
        .previous = REPAY_FIELDS_MAX,
        .goes_on = steps > 0,
        .is_noted = true,
    };
    for (uint32_t i = 0; i < steps; i++) {
        if (plan->steps[i].type == REPAY_STEP_UNKNOWN)
            continue;
        members.previous = plan->steps[i].field;
        members.seen |= (uint32_t)1 << members.previous;
    }
    return read_members(pass, scan, &members);
}

/*
 * At '{'. The pass has no address outside of what is inlined here, so that it stays in registers;
 * whoever else wants it gets a copy.
 */
static REPAY_ALWAYS_INLINE enum repay_json_end
read_row(struct repay_row_pass *pass, struct repay_json_scan *scan, const char *at)
{
    struct repay_row_reader *reader = pass->reader;
    uint32_t steps = 0;
    if (REPAY_UNLIKELY(reader->extra.length > 0))
        repay_bytes_clear(&reader->extra);
    scan->at = at;
    if (!repay_builder_begin_row(pass->builder, reader->error))
        return repay_row_stop(reader, scan, at);
    pass->start = at;
    pass->row = pass->builder->row;
    enum repay_json_end end_of = repay_row_repeat(pass, scan, &at, &steps);
    if (REPAY_UNLIKELY(end_of != REPAY_JSON_OK))
        return end_of;
    /* Before the first member there is no closing brace. */
    if (REPAY_LIKELY(*at == '}' && steps == reader->plan.count))
        return finish_row(pass, scan, at + 1, reader->plan.seen);
    const struct repay_row_pass copy = *pass;
    scan->at = at;
    return read_rest(&copy, scan, steps);
}

/* The next row, where only a comma and blanks lie before it; NULL where anything else does. */
static inline const char *next_row(const char *at, const char *end)
{
    if (REPAY_LIKELY(at[0] == ',' && at[1] == '{')) {
        at++;
    } else {
        at = repay_skip_blanks(at, end);
        if (*at != ',')
            return NULL;
        at = repay_skip_blanks(at + 1, end);
        if (*at != '{')
            return NULL;
    }
    return at < end ? at : NULL;
}

enum repay_json_end repay_row_read(struct repay_row_reader *reader, struct repay_json_scan *scan,
                                   bool many)
{
    struct repay_builder *builder = reader->builder;
    struct repay_row_pass pass = {
        .reader = reader,
        .builder = builder,
        .fields = builder->layout->fields,
        .end = scan->end,
        .all = ((uint32_t)1 << builder->layout->field_count) - 1,
    };
    const char *whole_to = NULL;
    const char *start = scan->at;
    enum repay_json_end end_of = REPAY_JSON_OK;
    scan->depth++;
    for (const char *at = start; at && end_of == REPAY_JSON_OK;) {
        end_of = read_row(&pass, scan, at);
        if (end_of == REPAY_JSON_OK) {
            whole_to = scan->at;
            at = many ? next_row(whole_to, pass.end) : NULL;
        }
    }
    scan->depth--;
    if (end_of == REPAY_JSON_SHORT) {
        scan->at = whole_to ? whole_to : start;
        return whole_to ? REPAY_JSON_OK : REPAY_JSON_SHORT;
    }
    return end_of;
}
