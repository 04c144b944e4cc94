/*
 * What the tests of calls and providers share: a rig of allocator, blocks, session and call,
 * replies from fixture files, and golden requests. Everything is given (clock, chance, memory), so
 * no test waits.
 */
#ifndef REPAY_TEST_CALL_SUPPORT_H
#define REPAY_TEST_CALL_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>

#include "call.h"
#include "check.h"
#include "test_allocator.h"

#define RIG_SEED    42
#define RIG_UNIX_MS INT64_C(1705314600000) /* 2024-01-15T10:30:00Z */
#define RIG_NOW_MS  1000
#define FIXTURE_MAX ((size_t)256 << 10)

struct rig {
    struct test_allocator memory;
    struct repay_blocks *blocks;
    struct repay_answers *answers;
    struct repay_session session;
    struct repay_call call;
    struct repay_session_options options;
    struct repay_error error;
    int64_t now_ms, unix_ms;
};

static const struct repay_chance rig_chance = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, RIG_SEED};

/* Sets the value of a provider's own option by its name. */
static inline void rig_set(struct rig *rig, const char *name, const char *value)
{
    for (unsigned i = 0; rig->options.provider->settings[i].name; i++) {
        if (strcmp(rig->options.provider->settings[i].name, name) == 0) {
            rig->options.settings[i] = repay_text_of(value);
            return;
        }
    }
    fprintf(stderr, "no setting is called %s\n", name);
    abort();
}

/* Options that open; a test changes what it is about. */
static inline void rig_init(struct rig *rig, const char *provider)
{
    memset(rig, 0, sizeof *rig);
    test_allocator_init(&rig->memory);
    rig->options.provider = repay_provider_find(repay_text_of(provider));
    rig->options.environment = REPAY_TEXT("sandbox");
    rig->options.policy = repay_policy_default();
    rig->now_ms = RIG_NOW_MS;
    rig->unix_ms = RIG_UNIX_MS;
    repay_error_clear(&rig->error);
    if (!CHECK(rig->options.provider != NULL))
        abort();
    if (strcmp(provider, "carbon") == 0) {
        rig_set(rig, "api_key", "CARBON-API-KEY");
        rig_set(rig, "carbon_key", "CARBON-MERCHANT-KEY");
    } else if (strcmp(provider, "pezesha") == 0) {
        rig_set(rig, "token", "PEZESHA-TOKEN");
        rig_set(rig, "channel", "Partner Name");
        rig->options.currency = REPAY_TEXT("KES");
    } else {
        rig_set(rig, "token", "FINCODE-TOKEN");
        rig_set(rig, "customer_ip", "192.168.1.1");
        rig->options.currency = REPAY_TEXT("NGN");
    }
}

static inline bool rig_open(struct rig *rig)
{
    rig->blocks = repay_blocks_create(&rig->memory.allocator);
    repay_session_init(&rig->session, &rig->memory.allocator);
    rig->answers = rig->blocks ? repay_answers_create(rig->blocks) : NULL;
    return rig->answers && repay_session_open(&rig->session, &rig->options, &rig->error);
}

static inline bool rig_begin(struct rig *rig, const char *operation)
{
    const struct repay_operation *found =
        repay_operation_find(rig->session.provider, repay_text_of(operation));

    if (!CHECK(found != NULL))
        abort();
    repay_call_init(&rig->call, &rig->memory.allocator, rig->answers);
    repay_call_begin(&rig->call, &rig->session, found);
    return true;
}

static inline unsigned rig_parameter(const struct rig *rig, const char *name)
{
    const struct repay_parameter *parameters = rig->call.operation->parameters;
    unsigned i = 0;

    while (parameters[i].name && strcmp(parameters[i].name, name) != 0)
        i++;
    if (!CHECK(parameters[i].name != NULL))
        abort();
    return i;
}

static inline bool rig_text(struct rig *rig, const char *name, const char *value)
{
    return repay_call_set_text(&rig->call, rig_parameter(rig, name), repay_text_of(value),
                               &rig->error);
}

static inline bool rig_amount(struct rig *rig, int64_t minor)
{
    return repay_call_set_amount(&rig->call, rig_parameter(rig, "amount"), minor, &rig->error);
}

static inline bool rig_prepare(struct rig *rig)
{
    return repay_call_prepare(&rig->call, &rig_chance, rig->unix_ms, &rig->error);
}

static inline void rig_end_call(struct rig *rig)
{
    repay_call_free(&rig->call);
    repay_call_free(&rig->call);
}

static inline void rig_close(struct rig *rig)
{
    repay_session_close(&rig->session);
    repay_session_close(&rig->session);
    repay_answers_drop(rig->answers);
    repay_blocks_drop(rig->blocks);
    test_allocator_end(&rig->memory);
}

static inline enum repay_step rig_next(struct rig *rig)
{
    return repay_call_next(&rig->call, rig->now_ms, rig->unix_ms);
}

/* Reports an end without a reply. */
static inline void rig_fail(struct rig *rig, enum repay_kind kind, enum repay_sent sent)
{
    struct repay_end end = {.kind = kind, .sent = sent};

    repay_call_end(&rig->call, &end, rig->now_ms, rig->unix_ms);
}

/* Gives a whole reply in pieces of `piece` bytes, 0: in one. */
static inline void rig_reply_in(struct rig *rig, int status, struct repay_text body, size_t piece)
{
    struct repay_end end = {.kind = REPAY_KIND_NONE, .sent = REPAY_SENT_MAYBE};
    bool goes_on = repay_call_reply_status(&rig->call, status);

    for (size_t at = 0; goes_on && at < body.length;) {
        size_t length = piece > 0 && piece < body.length - at ? piece : body.length - at;
        /* A copy of the exact size shows a sanitizer every byte read past it. */
        char *copy = malloc(length);
        if (!copy)
            abort();
        memcpy(copy, body.data + at, length);
        goes_on = repay_call_reply_body(&rig->call, copy, length);
        memset(copy, 0xee, length);
        free(copy);
        at += length;
    }
    repay_call_end(&rig->call, &end, rig->now_ms, rig->unix_ms);
}

static inline void rig_reply(struct rig *rig, int status, const char *body)
{
    rig_reply_in(rig, status, repay_text_of(body), 0);
}

static inline struct repay_text fixture_read(const char *provider, const char *name)
{
    static char room[FIXTURE_MAX];
    char path[256];
    FILE *file;
    size_t length;

    (void)snprintf(path, sizeof path, "spec/fixtures/%s/%s", provider, name);
    file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s cannot be opened (tests run from the project's directory)\n", path);
        CHECK(file != NULL);
        return REPAY_NO_TEXT;
    }
    length = fread(room, 1, sizeof room, file);
    CHECK(length < sizeof room);
    (void)fclose(file);
    return (struct repay_text){room, length};
}

/* The status in a fixture's name: "schedule.200.json". */
static inline int fixture_status(const char *name)
{
    const char *dot = strchr(name, '.');

    return dot ? (int)strtol(dot + 1, NULL, 10) : 0;
}

struct expectation {
    const char *fixture;
    enum repay_kind kind; /* NONE: accepted */
    enum repay_outcome outcome;
    const char *message;          /* of the error, NULL: not looked at */
    const char *provider_message; /* likewise */
};

/* Answers the attempt under way from a fixture, whose call makes one attempt, and looks at the end.
 */
static inline void rig_expect(struct rig *rig, const char *provider,
                              const struct expectation *expected, int status, size_t piece)
{
    const struct repay_error *error;

    CHECK_CASE(expected->fixture);
    rig_reply_in(rig, status, fixture_read(provider, expected->fixture), piece);
    if (expected->kind == REPAY_KIND_NONE) {
        CHECK_INT(rig_next(rig), REPAY_STEP_DONE);
        CHECK_TEXT(rig->call.error->message, "");
    } else {
        CHECK_INT(rig_next(rig), REPAY_STEP_FAILED);
        error = rig->call.error;
        CHECK_TEXT(repay_kind_name(error->kind), repay_kind_name(expected->kind));
        CHECK_TEXT(repay_outcome_name(error->outcome), repay_outcome_name(expected->outcome));
        CHECK(error->message[0] != '\0');
        CHECK_INT(error->http_status, status);
        if (expected->message)
            CHECK_TEXT(error->message, expected->message);
        if (expected->provider_message)
            CHECK_TEXT(error->provider_message, expected->provider_message);
    }
    CHECK_CASE(NULL);
}

/* Compares the request under way with a golden file, byte for byte. */
static inline void rig_check_request(struct rig *rig, const char *provider, const char *name)
{
    struct repay_text golden = fixture_read(provider, name);

    CHECK_CASE(name);
    CHECK_BYTES(repay_request_wire(repay_call_request(&rig->call)), golden);
    CHECK_CASE(NULL);
}

/* The rows a call ended with, as a schedule; NULL when there is no memory. Frees with rig_drop. */
static inline struct repay_schedule *rig_take(struct rig *rig)
{
    struct repay_schedule_facts facts;
    struct repay_packing packing;
    void *memory;

    repay_call_facts(&rig->call, &facts);
    packing = repay_builder_measure(repay_call_rows(&rig->call), &facts);
    memory = malloc(packing.size);
    if (!memory)
        abort();
    repay_builder_pack(repay_call_rows(&rig->call), &facts, &packing, memory);
    return memory;
}

static inline void rig_drop(struct repay_schedule *schedule)
{
    repay_schedule_free(schedule);
    free(schedule);
}

/* A value of a row by its Lua name, as the text a person would write. */
static inline const char *row_text(const struct repay_schedule *schedule, uint32_t row,
                                   const char *name)
{
    static char room[8][128];
    static unsigned turn;
    char *out = room[turn++ % 8];
    const struct repay_field *field = repay_layout_field(schedule->layout, repay_text_of(name));
    struct repay_value value;

    if (!field)
        return "no such field";
    repay_schedule_value(schedule, row, field, &value);
    if (!value.present)
        return "absent";
    if (field->type == REPAY_FIELD_DAY) {
        repay_day_write((int32_t)value.integer, out);
        out[REPAY_DAY_TEXT_MAX] = '\0';
    } else if (field->type == REPAY_FIELD_TEXT || field->type == REPAY_FIELD_UUID ||
               field->type == REPAY_FIELD_MOMENT) {
        (void)snprintf(out, sizeof room[0], "%.*s", (int)value.text.length, value.text.data);
    } else {
        (void)snprintf(out, sizeof room[0], "%lld", (long long)value.integer);
    }
    return out;
}

#endif
