/*
 * Rows and bodies that are like the ones before them, nearly like them, and not at all: what was
 * learned from one must never show in what is read of another.
 *
 * A row's reading is compared with that of a reader that has seen no row before, of which it reads
 * the same row first. So each row is read once by what was learned and once without.
 */
#include "body_read.h"

#include "body_support.h"
#include "check.h"
#include "guarded.h"
#include "test_allocator.h"

#define ROWS_MAX    6
#define BODY_MAX    ((size_t)32 << 10)
#define MEMBERS_MAX 40
#define ROUNDS      6000

static struct test_allocator test;
static struct reading warm;
static uint32_t seed = 20261120;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

#define PICK(list) (list)[draw((uint32_t)SAMPLE_COUNT(list))]

/*
 * Bodies
 */

struct body {
    char text[BODY_MAX];
    size_t length;
    size_t head;             /* where the first row begins */
    size_t starts[ROWS_MAX]; /* of each row */
    unsigned rows;
};

static void put(struct body *body, const char *text)
{
    size_t length = strlen(text);
    if (length > BODY_MAX - body->length)
        abort();
    memcpy(body->text + body->length, text, length);
    body->length += length;
}

static const char *const amounts[] = {
    "0",
    "0",
    "1",
    "100",
    "6666666",
    "12345678",
    "123456789",
    "0.5",
    "1250.75",
    "7.00",
    "90071992547409.91",
    "9007199254740991",
    "9007199254740992",
    "123456789012345",
    "1234567890123456",
    "-1",
    "-0",
    "00",
    "01",
    "1.",
    "1.005",
    "1e2",
    "1E-1",
    "\"12.50\"",
    "\"x\"",
    "null",
    "true",
    "{}",
    "0 ",
    "15 ,",
    "1\t",
};
static const char *const days[] = {
    "\"2025-02-15\"", "\"2025-03-15\"", "\"2024-02-29\"",
    "\"2023-02-29\"", "\"1999-12-31\"", "\"2025-13-01\"",
    "\"2025-01-00\"", "\"2O25-01-01\"", "\"2025-02-15T00:00:00Z\"",
    "null",           "1739577600000",  "\"\"",
    "\"2025-02-15",   "20250215",
};
static const char *const moments[] = {
    "\"2024-01-15T10:30:00Z\"",
    "\"2024-01-15T10:30:00.125Z\"",
    "\"2024-01-15T25:30:00Z\"",
    "\"2024-01-15\"",
    "null",
    "\"now\"",
    "1705314600000",
};
static const char *const texts[] = {
    "\"PAID\"",
    "\"UNPAID\"",
    "\"UNPAID \"",
    "\"a\"",
    "\"\"",
    "\"fourteen bytes\"",
    "\"fifteen bytes..\"",
    "\"sixteen bytes...\"",
    "\"a text of more than thirty-two bytes in all\"",
    "\"A\\u00e9\\\"x\\\"\"",
    "\"\xc3\xa9t\xc3\xa9\"",
    "\"\xc3\"",
    "\"tab\there\"",
    "10101",
    "10102",
    "1010",
    "null",
    "true",
    "[1,\"x\"]",
    "\"PAID",
    "\"UNPAID\\u0020\"",
};
static const char *const ids[] = {
    "\"123e4567-e89b-12d3-a456-426614174000\"",
    "\"123e4567-e89b-12d3-a456-426614174001\"",
    "\"123E4567-e89b-12d3-a456-426614174000\"",
    "\"short\"",
    "null",
    "17",
    "\"ffffffff-ffff-ffff-ffff-ffff00000001\"",
};
static const char *const counts[] = {"1", "12", "0", "01", "1.5", "\"3\"", "null", "2147483648"};
static const char *const flags[] = {"true", "false", "\"true\"", "null", "1", "truE"};

/* The first of each list fits its column; most rows hold nothing else. */
static const char *draw_value(unsigned type)
{
    bool usual = draw(12) != 0;
    switch (type) {
    case REPAY_FIELD_AMOUNT:
        return usual ? amounts[draw(10)] : PICK(amounts);
    case REPAY_FIELD_DAY:
        return usual ? days[draw(3)] : PICK(days);
    case REPAY_FIELD_MOMENT:
        return usual ? moments[draw(2)] : PICK(moments);
    case REPAY_FIELD_TEXT:
        return usual ? texts[draw(11)] : PICK(texts);
    case REPAY_FIELD_UUID:
        return usual ? ids[draw(2)] : PICK(ids);
    case REPAY_FIELD_COUNT:
        return usual ? counts[draw(3)] : PICK(counts);
    default:
        return usual ? flags[draw(2)] : PICK(flags);
    }
}

static const char *draw_blanks(void)
{
    static const char *const blanks[] = {" ", "\n", "  ", "\r\n\t",
                                         "                                "};
    return PICK(blanks);
}

/* How rows of one body are written. */
struct style {
    const char *before_name, *before_colon, *before_value, *after_value;
    unsigned order[MEMBERS_MAX]; /* fields; from field_count on members that nobody documented */
    unsigned members;
    unsigned lacking; /* a member that the later rows lack */
    bool is_odd;      /* a row of it is changed now and then */
};

static void draw_style(struct style *style, const struct repay_layout *layout)
{
    bool minified = draw(3) != 0;
    *style = (struct style){
        .before_name = minified ? "" : draw_blanks(),
        .before_colon = draw(8) != 0 ? "" : draw_blanks(),
        .before_value = minified ? "" : " ",
        .after_value = draw(8) != 0 ? "" : draw_blanks(),
        .members = layout->field_count + (draw(3) == 0 ? draw(10) : 0),
        .is_odd = draw(2) == 0,
    };
    style->lacking = draw(2) == 0 ? draw(style->members) : MEMBERS_MAX;
    for (unsigned i = 0; i < style->members; i++)
        style->order[i] = i;
    for (unsigned i = style->members - 1; draw(3) != 0 && i > 0; i--) {
        unsigned other = draw(i + 1);
        unsigned moved = style->order[i];
        style->order[i] = style->order[other];
        style->order[other] = moved;
    }
}

static void put_member(struct body *body, const struct style *style,
                       const struct repay_layout *layout, unsigned member)
{
    char name[64];
    bool known = member < layout->field_count;
    if (known)
        (void)snprintf(name, sizeof name, "%s", layout->fields[member].json_name);
    else
        (void)snprintf(name, sizeof name, "unknown%u", member);
    put(body, style->before_name);
    put(body, "\"");
    if (style->is_odd && draw(40) == 0) {
        char escaped[8];
        (void)snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)name[0]);
        put(body, escaped);
        put(body, name + 1);
    } else {
        put(body, name);
    }
    put(body, "\"");
    put(body, style->before_colon);
    put(body, ":");
    put(body, style->is_odd && draw(40) == 0 ? draw_blanks() : style->before_value);
    put(body, known ? draw_value(layout->fields[member].type) : PICK(texts));
    put(body, style->after_value);
}

static void put_row(struct body *body, const struct style *style, const struct repay_layout *layout)
{
    unsigned dropped = body->rows >= 2 ? style->lacking : MEMBERS_MAX;
    unsigned doubled = style->is_odd && draw(20) == 0 ? draw(style->members) : MEMBERS_MAX;
    unsigned moved = style->is_odd && draw(6) == 0 ? draw(style->members) : 0;
    if (style->is_odd && draw(6) == 0)
        dropped = draw(style->members);
    bool begun = false;
    body->starts[body->rows++] = body->length;
    put(body, "{");
    for (unsigned i = 0; i < style->members; i++) {
        unsigned at = (i + moved) % style->members;
        for (unsigned times = at == dropped ? 0 : at == doubled ? 2 : 1; times > 0; times--) {
            if (begun)
                put(body, ",");
            put_member(body, style, layout, style->order[at]);
            begun = true;
        }
    }
    put(body, "}");
}

static void draw_body(struct body *body, const struct repay_shape *shape)
{
    static const char *const heads[] = {"{\"data\":[", "{\"status\":\"success\",\"data\":[",
                                        "{ \"status\" : \"ok\", \"data\" : [ "};
    static const char changes[] = {'"', '\\', '}', ']', ',', ':', '0', ' ', '{', (char)0x80, 0};
    struct style style;
    unsigned rows = 2 + draw(ROWS_MAX - 1);
    *body = (struct body){0};
    put(body, PICK(heads));
    body->head = body->length;
    draw_style(&style, shape->layout);
    for (unsigned i = 0; i < rows; i++) {
        if (i > 0)
            put(body, draw(10) == 0 ? " , " : ",");
        put_row(body, &style, shape->layout);
    }
    put(body, "],\"message\":\"m\"}");
    if (style.is_odd && draw(2) == 0) {
        /* Not its brace: a list may end before its first row, and not behind a comma. */
        size_t last = body->starts[rows - 1] + 1;
        body->text[last + draw((uint32_t)(body->length - last))] = PICK(changes);
    }
}

/*
 * Readings
 */

/* The rows that were kept, also of a body that is wrong further on. */
static struct repay_text rows_of(struct reading *reading)
{
    void *memory;
    size_t size;
    struct repay_schedule large;
    repay_bytes_clear(&reading->shown);
    reading_add_rows(reading, reading_schedule(reading, true, &memory, &size, &large));
    free(memory);
    repay_schedule_free(&large);
    return repay_bytes_text(&reading->shown);
}

static struct repay_text take_line(struct repay_text *text)
{
    const char *end = memchr(text->data, '\n', text->length);
    struct repay_text line = {text->data, end ? (size_t)(end - text->data) + 1 : text->length};
    text->data += line.length;
    text->length -= line.length;
    return line;
}

/* Without the numbers of bytes, which tell where the row stood. */
static void copy_words(char *out, const char *message)
{
    for (; *message; message++) {
        if (!repay_is_digit(*message))
            *out++ = *message;
    }
    *out = '\0';
}

static void check_same_fault(const struct repay_error *joined, const struct repay_error *alone,
                             size_t moved)
{
    char words[2][REPAY_ERROR_MESSAGE_MAX + 1];
    copy_words(words[0], joined->message);
    copy_words(words[1], alone->message);
    CHECK_TEXT(words[0], words[1]);
    CHECK_TEXT(joined->field, alone->field);
    CHECK_INT(joined->kind, alone->kind);
    CHECK_INT(joined->offset, alone->offset + (int64_t)moved);
}

/* The body from row `first` on, by a reader that has read nothing yet. */
static void read_cold(struct reading *cold, const struct repay_shape *shape,
                      const struct body *body, unsigned first)
{
    static struct body part;
    part = (struct body){0};
    memcpy(part.text, body->text, body->head);
    memcpy(part.text + body->head, body->text + body->starts[first],
           body->length - body->starts[first]);
    part.length = body->head + body->length - body->starts[first];
    if (!reading_init(cold, &test.allocator))
        abort();
    (void)reading_pieces(cold, shape, (struct repay_text){part.text, part.length}, 0);
}

static void check_rows(const struct repay_shape *shape, const struct body *body)
{
    (void)reading_pieces(&warm, shape, (struct repay_text){body->text, body->length}, 0);
    unsigned kept = warm.builder.rows;
    struct repay_error error = warm.error;
    struct repay_text rows = rows_of(&warm);
    for (unsigned i = 0; i < body->rows && i <= kept; i++) {
        struct reading cold;
        read_cold(&cold, shape, body, i);
        if (i < kept) {
            struct repay_text alone = rows_of(&cold);
            CHECK_BYTES(take_line(&rows), take_line(&alone));
        } else {
            CHECK_INT(cold.builder.rows, 0);
            check_same_fault(&error, &cold.error, body->starts[i] - body->head);
        }
        reading_free(&cold);
    }
}

static void check_cuts(const struct repay_shape *shape, const struct body *body)
{
    static char whole[4 * BODY_MAX];
    struct repay_text text = {body->text, body->length};
    const size_t pieces[] = {1, 2 + draw(60), 64 + draw(500)};
    (void)reading_pieces(&warm, shape, text, 0);
    struct repay_text shown = reading_show(&warm, true);
    if (shown.length > sizeof whole)
        abort();
    memcpy(whole, shown.data, shown.length);
    shown.data = whole;
    for (size_t i = 0; i < SAMPLE_COUNT(pieces); i++) {
        (void)reading_pieces(&warm, shape, text, pieces[i]);
        CHECK_BYTES(reading_show(&warm, true), shown);
    }
}

static void reads_each_row_as_if_it_were_the_first(void)
{
    static const struct repay_shape *const shapes[] = {&sample_wide, &sample_flat, &sample_inner};
    static struct body body;
    unsigned whole = 0, broken = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const struct repay_shape *shape = shapes[round / 8 % SAMPLE_COUNT(shapes)];
        draw_body(&body, shape);
        check_rows(shape, &body);
        *(warm.error.kind == REPAY_KIND_NONE ? &whole : &broken) += 1;
        check_cuts(shape, &body);
    }
    /* Enough of both were met. */
    CHECK(whole > ROUNDS / 5);
    CHECK(broken > ROUNDS / 5);
}

/* An amount is noted with what it was worth, and that depends on the currency's decimals. */
static void forgets_amounts_with_the_currency(void)
{
    static const char text[] = "{\"data\":[{\"principalDue\":5}]}";
    int64_t minor = 5, found;
    for (int decimals = 0; decimals <= 4; decimals++, minor *= 10) {
        for (unsigned times = 0; times < 3; times++) {
            repay_builder_reset(&warm.builder, &sample_inner_layout);
            repay_body_begin(&warm.body, &sample_inner, &warm.builder, decimals, 60, &warm.error);
            CHECK(repay_body_feed(&warm.body, text, sizeof text - 1));
            CHECK(repay_body_end(&warm.body));
            memcpy(&found, warm.builder.columns[0], sizeof found);
            CHECK_INT(found, minor);
        }
    }
}

/* The same 16 bytes are two amounts when more digits may follow them. */
static void takes_no_long_number_for_its_beginning(void)
{
    static const char text[] = "{\"data\":["
                               "{\"principalDue\":1234567890123.25},"
                               "{\"principalDue\":1234567890123.2},"
                               "{\"principalDue\":1234567890123.25},"
                               "{\"principalDue\":12345678901234.5},"
                               "{\"principalDue\":12345678901234.57},"
                               "{\"principalDue\":1234567},{\"principalDue\":12345678},"
                               "{\"principalDue\":1234567},{\"principalDue\":1234567.5},"
                               "{\"principalDue\":0},{\"principalDue\":0.5},{\"principalDue\":0}]}";
    static const int64_t expected[] = {
        123456789012325,
        123456789012320,
        123456789012325,
        1234567890123450,
        1234567890123457,
        123456700,
        1234567800,
        123456700,
        123456750,
        0,
        50,
        0,
    };
    CHECK(reading_pieces(&warm, &sample_inner, (struct repay_text){text, sizeof text - 1}, 0));
    CHECK_INT(warm.builder.rows, SAMPLE_COUNT(expected));
    for (size_t row = 0; row < SAMPLE_COUNT(expected); row++) {
        int64_t found;
        memcpy(&found, warm.builder.columns[0] + row * sizeof found, sizeof found);
        CHECK_INT(found, expected[row]);
    }
}

/* Wherever a piece ends, also behind the longest value and before the longest name. */
static void reads_nothing_behind_a_piece(void)
{
    static const char row[] = "{\"id\":\"123e4567-e89b-12d3-a456-426614174000\","
                              "\"loanRepaymentMethodEnum\":\"x\",\"repaymentAmount\":1234567.5},";
    char text[4096];
    struct guarded room;
    char *at = stpcpy(text, "{\"data\":[");
    while (at - text < 3000)
        at = stpcpy(at, row);
    (void)stpcpy(at - 1, "]}");
    struct repay_text body = repay_text_of(text);
    guarded_init(&room, body.length);
    for (size_t piece = 2048; piece < body.length; piece++) {
        reading_begin(&warm, &sample_wide);
        CHECK(repay_body_feed(&warm.body, guarded_put(&room, body.data, piece), piece));
        size_t rest = body.length - piece;
        CHECK(repay_body_feed(&warm.body, guarded_put(&room, body.data + piece, rest), rest));
        CHECK(repay_body_end(&warm.body));
    }
    guarded_free(&room);
}

/*
 * How a body begins
 */

static void check_as_if_first(const struct repay_shape *shape, struct repay_text text)
{
    static char expected[4096];
    struct reading cold;
    if (!reading_init(&cold, &test.allocator))
        abort();
    (void)reading_pieces(&cold, shape, text, 0);
    struct repay_text shown = reading_show(&cold, true);
    if (shown.length > sizeof expected)
        abort();
    memcpy(expected, shown.data, shown.length);
    shown.data = expected;
    reading_free(&cold);
    for (size_t piece = 0; piece < 3; piece++) {
        (void)reading_pieces(&warm, shape, text, piece);
        CHECK_BYTES(reading_show(&warm, true), shown);
    }
}

/* One byte changed or cut away, everywhere, after a body that began as this one should have. */
static void reads_a_body_as_if_it_were_the_first(void)
{
    static const char body[] = "{\"status\":\"success\",\"message\":\"Found\",\"errors\":[\"e\"],"
                               "\"data\":{\"schedule\":[{\"status\":\"PAID\"}],\"errors\":2},"
                               "\"x\":1}";
    static const char changes[] = {0, '"', '\\', '}', ']', '[', ',', ':', '0', ' ', (char)0x80};
    struct repay_text whole = {body, sizeof body - 1};
    char changed[sizeof body];
    for (size_t at = 0; at < whole.length; at++) {
        check_as_if_first(&sample_inner, whole);
        check_as_if_first(&sample_inner, (struct repay_text){body, at});
        for (size_t i = 0; i < sizeof changes; i++) {
            memcpy(changed, body, sizeof body);
            changed[at] = changes[i];
            check_as_if_first(&sample_inner, whole);
            check_as_if_first(&sample_inner, (struct repay_text){changed, whole.length});
        }
    }
    /* The same bytes under another shape mean something else. */
    check_as_if_first(&sample_inner, REPAY_TEXT("{\"data\":[]}"));
    check_as_if_first(&sample_wide, REPAY_TEXT("{\"data\":[]}"));
    check_as_if_first(&sample_wide, REPAY_TEXT("{\"message\":\"m\",\"data\":{\"items\":[]}}"));
    check_as_if_first(&sample_flat, REPAY_TEXT("{\"message\":\"m\",\"data\":{\"items\":[]}}"));
}

/* What is read of a beginning that came in parts is no beginning. */
static void keeps_no_part_of_a_beginning(void)
{
    char text[4096];
    size_t blanks = 2100; /* 2,048 bytes are gathered before anything is read */
    text[0] = '{';
    memset(text + 1, ' ', blanks);
    (void)stpcpy(text + 1 + blanks, "\"data\":[{\"status\":\"PAID\"}]}");
    for (size_t at = blanks - 100; at <= blanks; at++) {
        CHECK(reading_pieces(&warm, &sample_inner, repay_text_of(text), 1));
        check_as_if_first(&sample_inner, repay_text_of(text + at));
        check_as_if_first(&sample_inner, repay_text_of(text));
    }
}

/* Without a builder the same bytes are no rows. */
static void begins_anew_where_rows_are_not_read(void)
{
    static const char text[] = "{\"status\":\"x\",\"data\":[]}";
    struct repay_text body = {text, sizeof text - 1};
    CHECK(reading_pieces(&warm, &sample_inner, body, 0));
    CHECK_INT(warm.body.envelope.rows_found, REPAY_ROWS_LIST);
    repay_body_begin(&warm.body, &sample_inner, NULL, 2, 60, &warm.error);
    CHECK(repay_body_feed(&warm.body, body.data, body.length));
    CHECK(repay_body_end(&warm.body));
    CHECK_INT(warm.body.envelope.rows_found, REPAY_ROWS_ABSENT);
    CHECK_TEXT_IS(warm.body.envelope.values[3].raw, "[]");
}

static void reads_beginnings_of_any_length(void)
{
    char text[2 * REPAY_BODY_HEAD_MAX + 64];
    for (size_t length = 0; length <= (size_t)2 * REPAY_BODY_HEAD_MAX; length++) {
        char *at = stpcpy(text, "{\"message\":\"");
        memset(at, 'm', length);
        (void)stpcpy(at + length, "\",\"data\":[{\"status\":\"PAID\"}]}");
        for (unsigned times = 0; times < 2; times++) {
            CHECK(reading_pieces(&warm, &sample_inner, repay_text_of(text), 0));
            CHECK_INT(warm.body.envelope.values[1].raw.length, length + 2);
            CHECK(memcmp(warm.body.envelope.values[1].raw.data, at - 1, length + 2) == 0);
            CHECK_INT(warm.body.envelope.rows, 1);
        }
    }
}

int main(void)
{
    test_allocator_init(&test);
    if (!reading_init(&warm, &test.allocator))
        abort();
    reads_each_row_as_if_it_were_the_first();
    forgets_amounts_with_the_currency();
    takes_no_long_number_for_its_beginning();
    reads_nothing_behind_a_piece();
    reads_a_body_as_if_it_were_the_first();
    keeps_no_part_of_a_beginning();
    begins_anew_where_rows_are_not_read();
    reads_beginnings_of_any_length();
    reading_free(&warm);
    test_allocator_end(&test);
    return CHECK_REPORT();
}
