/*
 * Bodies that somebody wrote to do harm: members that stand twice wherever they are put, names that
 * mean something elsewhere, numbers in every spelling, ceilings met at every edge, and shapes that
 * would make a careless reader take time squared.
 */
#include <time.h>

#include "body_read.h"

#include "body_support.h"
#include "check.h"
#include "money.h"
#include "test_allocator.h"

static struct test_allocator test;
static struct reading reading;

/*
 * A documented member twice
 */

enum spelling { PLAIN, FIRST_ESCAPED, LAST_ESCAPED, ALL_ESCAPED, SPELLINGS };

/* The member's name in its quotes, as one of the spellings that mean the same. */
static char *put_name(char *out, const char *name, enum spelling spelling)
{
    size_t length = strlen(name);
    *out++ = '"';
    for (size_t i = 0; i < length; i++) {
        bool escaped = spelling == ALL_ESCAPED || (spelling == FIRST_ESCAPED && i == 0) ||
                       (spelling == LAST_ESCAPED && i + 1 == length);
        if (escaped)
            out += snprintf(out, 8, i % 2 == 0 ? "\\u%04x" : "\\u%04X", (unsigned)name[i]);
        else
            *out++ = name[i];
    }
    *out++ = '"';
    return out;
}

/*
 * A row of all members, with member `again` once more in front of place `at`. `offset` gets where
 * the second of the two names begins.
 */
static size_t put_twice(char *out, const struct repay_layout *layout, unsigned again, unsigned at,
                        enum spelling spelling, size_t *offset)
{
    char *end = stpcpy(out, "{\"data\":[{},");
    for (unsigned place = 0; place <= layout->field_count; place++) {
        unsigned field = place < at ? place : place == at ? again : place - 1;
        *end++ = place == 0 ? '{' : ',';
        if (place == at ? again < at : field == again && again >= at)
            *offset = (size_t)(end - out);
        end = put_name(end, layout->fields[field].json_name, place == at ? spelling : PLAIN);
        end = stpcpy(end, ":null");
    }
    return (size_t)(stpcpy(end, "}]}") - out);
}

static void check_twice(const struct repay_shape *shape)
{
    char body[2048], expected[128];
    unsigned count = shape->layout->field_count;
    for (unsigned again = 0; again < count; again++) {
        for (unsigned at = 0; at <= count; at++) {
            for (int spelling = PLAIN; spelling < SPELLINGS; spelling++) {
                size_t offset = 0;
                struct repay_text text = {body, put_twice(body, shape->layout, again, at,
                                                          (enum spelling)spelling, &offset)};
                (void)snprintf(expected, sizeof expected, "%s stands twice in one row, at byte %zu",
                               shape->layout->fields[again].json_name, offset);
                CHECK_CASE(body);
                CHECK(!reading_pieces(&reading, shape, text, 0));
                CHECK_TEXT(reading.error.message, expected);
                CHECK_INT(reading.error.offset, offset);
                CHECK(!reading_pieces(&reading, shape, text, 1 + (again + at) % 7));
                CHECK_TEXT(reading.error.message, expected);
            }
        }
    }
    CHECK_CASE(NULL);
}

static void refuses_members_that_stand_twice(void)
{
    check_twice(&sample_wide);
    check_twice(&sample_flat);
    check_twice(&sample_inner);
}

/* In the envelope likewise; members that are not documented may stand there as often as they like.
 */
static void refuses_envelope_members_that_stand_twice(void)
{
    static const char *const between[] = {"", "\"x\":1,", "\"x\":{\"status\":1},\"x\":[2],"};
    const char *const *names = sample_inner.envelope;
    for (unsigned i = 0; names[i]; i++) {
        for (int spelling = PLAIN; spelling < SPELLINGS; spelling++) {
            for (size_t j = 0; j < SAMPLE_COUNT(between); j++) {
                char body[256];
                char *end = put_name(stpcpy(body, "{"), names[i], ALL_ESCAPED);
                end = stpcpy(stpcpy(end, ":null,"), between[j]);
                int64_t offset = end - body;
                end = put_name(end, names[i], (enum spelling)spelling);
                end = stpcpy(end, ":null}");
                CHECK_CASE(body);
                CHECK(!reading_pieces(&reading, &sample_inner,
                                      (struct repay_text){body, (size_t)(end - body)}, 0));
                CHECK_INT(reading.error.offset, offset);
            }
        }
    }
    CHECK_CASE(NULL);
}

/*
 * Names that mean something elsewhere
 */

static void check_shown(const struct repay_shape *shape, const char *body, const char *expected)
{
    CHECK_CASE(body);
    for (size_t piece = 0; piece < 9; piece++) {
        CHECK(reading_pieces(&reading, shape, repay_text_of(body), piece));
        CHECK_TEXT(reading_show(&reading, true), expected);
    }
    CHECK_CASE(NULL);
}

static void takes_a_name_where_it_stands(void)
{
    /* The envelope's names within a row, the row's names within the envelope. */
    check_shown(&sample_inner,
                "{\"dueDate\":1,\"totalDue\":true,\"totalDue\":[{}],\"schedule\":[{\"status\":1}],"
                "\"status\":\"success\",\"data\":{\"status\":\"failed\",\"data\":[{}],"
                "\"message\":{\"schedule\":[7]},\"schedule\":[{\"data\":{\"schedule\":[{}]},"
                "\"message\":\"m\",\"errors\":[1],\"paidAmount\":5,\"schedule\":null}],"
                "\"status\":2}}",
                "none -1 \n"
                "status=\"success\" message= errors= data= list json 1\n"
                "principal=nil interest=nil total_due=nil paid=500 due_date=nil "
                "provider_status=nil extra=\"data\":{\"schedule\":[{}]},\"message\":\"m\","
                "\"errors\":[1],\"schedule\":null\n");
    /* A member of a value within a row is no member of the row. */
    check_shown(&sample_flat,
                "{\"data\":[{\"x\":{\"balance\":1,\"data\":[{}]},\"balance\":2,"
                "\"y\":[{\"balance\":3,\"balance\":4}]}],\"balance\":5}",
                "none -1 \n"
                "status= response_code= error= message= list json 1\n"
                "principal=nil interest=nil penalty=nil penalty_paid=nil total_due=nil "
                "total_outstanding=nil balance=200 loan_id=nil due_date=nil number=nil "
                "provider_status=nil extra=\"x\":{\"balance\":1,\"data\":[{}]},"
                "\"y\":[{\"balance\":3,\"balance\":4}]\n");
    /* A name that goes on behind an escaped zero is another one. */
    check_shown(&sample_inner,
                "{\"status\\u0000\":1,\"status\":2,\"data\":{\"schedule\\u0000\":[{}],"
                "\"schedule\":[{\"totalDue\\u0000\":1,\"totalDue\":2,\"\\u0000totalDue\":3}]}}",
                "none -1 \n"
                "status=2 message= errors= data= list json 1\n"
                "principal=nil interest=nil total_due=200 paid=nil due_date=nil "
                "provider_status=nil extra=\"totalDue\\u0000\":1,\"\\u0000totalDue\":3\n");
}

/*
 * Numbers in every spelling
 */

/* JSON's grammar, letter by letter. */
static bool is_number(const char *at)
{
    at += *at == '-';
    if (*at < '0' || *at > '9')
        return false;
    if (*at == '0')
        at++;
    else
        at += strspn(at, "0123456789");
    if (*at == '.') {
        size_t digits = strspn(at + 1, "0123456789");
        if (digits == 0)
            return false;
        at += 1 + digits;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        size_t digits = strspn(at, "0123456789");
        if (digits == 0)
            return false;
        at += digits;
    }
    return *at == '\0';
}

static void check_amount(const char *number, bool as_text)
{
    char body[128];
    int64_t expected = REPAY_AMOUNT_ABSENT;
    size_t fault_at;
    /* The first row teaches the reader what comes, so that the second is read the short way. */
    const char *quote = as_text ? "\"" : "";
    (void)snprintf(body, sizeof body, "{\"data\":[{\"balance\":0},{\"balance\":%s%s%s}]}", quote,
                   number, quote);
    bool good = is_number(number) &&
                repay_money_read(repay_text_of(number), 2, &expected, &fault_at) == REPAY_MONEY_OK;
    bool fed = reading_pieces(&reading, &sample_flat, repay_text_of(body), 0);
    if (fed != good) {
        CHECK_CASE(body);
        CHECK_INT(fed, good);
        CHECK_CASE(NULL);
    }
    if (!fed || !good)
        return;
    int64_t balance;
    memcpy(&balance, reading.builder.columns[6] + sizeof balance, sizeof balance);
    if (balance != expected) {
        CHECK_CASE(body);
        CHECK_INT(balance, expected);
        CHECK_CASE(NULL);
    }
}

/* Every text of up to five of the letters that numbers are made of. */
static void reads_every_short_number(void)
{
    static const char letters[] = "0159.-+eE";
    const size_t count = sizeof letters - 1;
    unsigned long good = 0;
    for (size_t length = 1; length <= 5; length++) {
        size_t texts = 1;
        for (size_t i = 0; i < length; i++)
            texts *= count;
        for (size_t text = 0; text < texts; text++) {
            char number[8] = {0};
            size_t rest = text;
            for (size_t i = 0; i < length; i++, rest /= count)
                number[i] = letters[rest % count];
            check_amount(number, text % 2 == 0);
            good += is_number(number);
        }
    }
    CHECK(good > 1000);
}

static void reads_long_numbers(void)
{
    static const char *const numbers[] = {
        "-0",
        "-0.00",
        "1E+2",
        "0.10e1",
        "1e-0",
        "1e+0002",
        "100e-2",
        "1000e-3",
        "0.000001e6",
        "0e999999999",
        "-0E-999999999",
        "0.0000000000000000000000000000000000000000",
        "10000000000000000000000000000000e-30",
        "0.00000000000000000000000000000001e32",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "90071992547409.91",
        "90071992547409.92",
        "9007199254740991e-2",
        "9007199254740992e-2",
        "-90071992547409.91",
        "-90071992547409.92",
        "99999999",
        "99999999.99",
        "100000000",
        "123456781234567",
        "1234567812345678",
        "12345678123456.78",
        "12345678.123",
        "12345678.12e0",
        "1234567812345e1",
        "00000000",
        "123456780.",
        "12345678.",
        "1234567812345678123456781234567812345678",
        "0.3333333333333333333333333333333333333333",
    };
    for (size_t i = 0; i < SAMPLE_COUNT(numbers); i++) {
        check_amount(numbers[i], false);
        check_amount(numbers[i], true);
    }
    CHECK(SAMPLE_COUNT(numbers) > 0);
}

/*
 * Ceilings, at every edge
 */

static size_t put_rows(char *out, size_t rows, const char *row)
{
    char *end = stpcpy(out, "{\"data\":[");
    for (size_t i = 0; i < rows; i++)
        end = stpcpy(stpcpy(end, i > 0 ? "," : ""), row);
    return (size_t)(stpcpy(end, "]}") - out);
}

/* The ceiling and the rows around the ends of segments, whole and cut. */
static void meets_the_ceiling_of_rows_anywhere(void)
{
    const uint32_t per_segment = REPAY_BLOCK_SIZE / sample_inner_layout.row_width;
    const uint32_t maxima[] = {
        1, per_segment - 1, per_segment, per_segment + 1, 2 * per_segment, 2 * per_segment + 1};
    char *body = malloc((size_t)16 * per_segment);
    if (!body)
        abort();
    for (size_t i = 0; i < SAMPLE_COUNT(maxima); i++) {
        uint32_t max = maxima[i];
        for (uint32_t rows = max - 1; rows <= max + 2; rows++) {
            struct repay_text text = {body, put_rows(body, rows, "{}")};
            for (size_t piece = 0; piece <= 3000; piece += 1000) {
                reading.builder.rows_max = max;
                bool fits = rows <= max;
                CHECK_INT(reading_pieces(&reading, &sample_inner, text, piece), fits);
                CHECK_INT(reading.builder.rows, fits ? rows : max);
                if (!fits) {
                    CHECK_INT(reading.error.kind, REPAY_KIND_TOO_LARGE);
                    CHECK_INT(reading.error.offset, 9 + 3 * (int64_t)max);
                }
            }
        }
    }
    reading.builder.rows_max = REPAY_SCHEDULE_ROWS_MAX;
    free(body);
}

/* Texts that are all different fill one block after the other; the one that has no room is named.
 */
static void meets_the_ceiling_of_text_anywhere(void)
{
    enum { TEXT = 1000, ROW = TEXT + 13 };
    const size_t rows = 400;
    char *body = malloc(rows * (ROW + 1) + 64);
    if (!body)
        abort();
    char *end = stpcpy(body, "{\"data\":[");
    for (size_t i = 0; i < rows; i++)
        end += snprintf(end, ROW + 2, "%s{\"status\":\"%0*zu\"}", i > 0 ? "," : "", TEXT, i);
    struct repay_text text = {body, (size_t)(stpcpy(end, "]}") - body)};
    const size_t a_block = (REPAY_BLOCK_SIZE - 17) / (TEXT + 2);
    for (uint32_t blocks = 1; blocks <= 3; blocks++) {
        for (size_t piece = 0; piece <= 5000; piece += 2500) {
            reading.builder.text_blocks_max = blocks;
            CHECK(!reading_pieces(&reading, &sample_inner, text, piece));
            CHECK_INT(reading.error.kind, REPAY_KIND_TOO_LARGE);
            CHECK_INT(reading.builder.rows, a_block * blocks);
            /* The first row has no comma before it. */
            CHECK_INT(reading.error.offset, 9 + a_block * blocks * (ROW + 1) + 10);
        }
    }
    reading.builder.text_blocks_max = 7;
    CHECK(reading_pieces(&reading, &sample_inner, text, 0));
    reading.builder.text_blocks_max = REPAY_SCHEDULE_TEXT_MAX / REPAY_BLOCK_SIZE;
    free(body);
}

/*
 * Time
 */

/* Each writes one row of the wide shape that is costly in its own way; `i` counts the rows. */
struct hostile {
    const char *name;
    char *(*put)(char *at, size_t i);
};

#define ROW_ROOM ((size_t)64 << 10)

static char *put_run(char *at, const char *piece, size_t count)
{
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, piece);
    return at;
}

static char *put_plain(char *at, size_t i)
{
    return at + snprintf(at, ROW_ROOM,
                         "{\"repaymentAmount\":%zu.5,\"paymentDueDate\":\"2024-02-15\","
                         "\"installmentCount\":%zu,\"email\":\"ada@example.com\"}",
                         i, i % 12);
}

static char *put_empty(char *at, size_t i)
{
    (void)i;
    return stpcpy(at, "{}");
}

static char *put_any_order(char *at, size_t i)
{
    const unsigned count = sample_wide_layout.field_count;
    *at++ = '{';
    for (unsigned j = 0; j < count; j++) {
        size_t field = (i * 5 + j * (i % 2 == 0 ? 3 : 7)) % count;
        at = put_name(at, sample_wide_fields[field].json_name, j % 4 == 0 ? LAST_ESCAPED : PLAIN);
        at = stpcpy(at, j + 1 < count ? ":null," : ":null}");
    }
    return at;
}

static char *put_new_texts(char *at, size_t i)
{
    return at + snprintf(at, ROW_ROOM,
                         "{\"email\":\"%zu\",\"customerName\":\"c%zu\",\"accountId\":%zu,"
                         "\"id\":\"i%zu\",\"creationDate\":\"d%zu\",\"x\":\"x%zu\"}",
                         i, i, i, i, i, i);
}

static char *put_similar_texts(char *at, size_t i)
{
    at = put_run(stpcpy(at, "{\"email\":\""), "0123456789abcdef", 1000);
    return at + snprintf(at, 32, "%zu\"}", i % 2);
}

static char *put_long_text(char *at, size_t i)
{
    (void)i;
    return stpcpy(put_run(stpcpy(at, "{\"x\":\""), "\xe1\xbb\x8c.\\u00e9", 6000), "\"}");
}

static char *put_many_members(char *at, size_t i)
{
    (void)i;
    return stpcpy(put_run(stpcpy(at, "{"), "\"x\":0,", 10000), "\"id\":1}");
}

static char *put_deep(char *at, size_t i)
{
    (void)i;
    at = put_run(stpcpy(at, "{\"x\":["), "0,[", 60);
    return stpcpy(put_run(stpcpy(at, "0"), "]", 60), "]}");
}

static char *put_blanks(char *at, size_t i)
{
    (void)i;
    at = put_run(stpcpy(at, "{"), "\n ", 1000);
    return stpcpy(put_run(stpcpy(at, "\"id\""), "\t \r", 1000), ":1}");
}

static char *put_long_number(char *at, size_t i)
{
    (void)i;
    at = put_run(stpcpy(at, "{\"repaymentAmount\":0."), "0", 60000);
    return stpcpy(put_run(at, "e1", 1), "}");
}

static const struct hostile hostiles[] = {
    {"plain rows", put_plain},
    {"empty rows", put_empty},
    {"another order in every row", put_any_order},
    {"texts that are all different", put_new_texts},
    {"long texts that end differently", put_similar_texts},
    {"rows of one long text", put_long_text},
    {"rows of many small members", put_many_members},
    {"deep nesting", put_deep},
    {"runs of blanks", put_blanks},
    {"long numbers", put_long_number},
};

/* About `size` bytes of such rows, in a list or as members of the envelope. */
static size_t make_hostile(const struct hostile *hostile, bool in_list, size_t size, char *body)
{
    char *at = stpcpy(body, in_list ? "{\"data\":[" : "{\"x\":1");
    for (size_t i = 0; (size_t)(at - body) < size; i++) {
        if (!in_list)
            at += snprintf(at, 32, ",\"x%zu\":", i);
        else if (i > 0)
            *at++ = ',';
        at = hostile->put(at, i);
    }
    return (size_t)(stpcpy(at, in_list ? "]}" : "}") - body);
}

static double seconds_of(struct repay_text body, size_t piece)
{
    clock_t start = clock();
    CHECK(reading_pieces(&reading, &sample_wide, body, piece));
    CHECK_TEXT(reading.error.message, "");
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/*
 * Whether reading `body` takes at most `factor` times as long as `base`, besides a millisecond that
 * the clock may be off. The machine may be busy with something else just then, so a third try
 * counts.
 */
static bool is_within(double factor, struct repay_text body, struct repay_text base, size_t piece)
{
    double best = 0, took = 0;
    for (unsigned tries = 0; tries < 3; tries++) {
        best = seconds_of(base, piece);
        took = seconds_of(body, piece);
        if (took <= factor * best + 0.001)
            return true;
    }
    fprintf(stderr, "%zu bytes took %.6f s, %zu took %.6f s, in pieces of %zu\n", body.length, took,
            base.length, best, piece);
    return false;
}

/*
 * Eight times the bytes take about eight times as long, where squared would be 64. And however the
 * body is cut, no row costs more than some plain ones of the same length: a long row that was tried
 * again with every byte that comes would cost hundreds of times as much.
 */
static void takes_time_by_the_byte(void)
{
    static const size_t pieces[] = {0, 1, 100, 5000};
    const size_t size = (size_t)128 << 10;
    char *rooms[3];
    for (size_t i = 0; i < SAMPLE_COUNT(rooms); i++) {
        rooms[i] = malloc(8 * size + ROW_ROOM + 64);
        if (!rooms[i])
            abort();
    }
    struct repay_text plain = {rooms[0], make_hostile(&hostiles[0], true, size, rooms[0])};
    for (size_t i = 0; i < SAMPLE_COUNT(hostiles); i++) {
        for (int in_list = 0; in_list < 2; in_list++) {
            struct repay_text body = {rooms[1],
                                      make_hostile(&hostiles[i], in_list, size, rooms[1])};
            struct repay_text longer = {rooms[2],
                                        make_hostile(&hostiles[i], in_list, 8 * size, rooms[2])};
            CHECK_CASE(hostiles[i].name);
            CHECK(is_within(24, longer, body, 0));
            for (size_t j = 0; j < SAMPLE_COUNT(pieces); j++)
                CHECK(is_within(200, body, plain, pieces[j]));
        }
    }
    CHECK_CASE(NULL);
    for (size_t i = 0; i < SAMPLE_COUNT(rooms); i++)
        free(rooms[i]);
}

int main(void)
{
    test_allocator_init(&test);
    CHECK(reading_init(&reading, &test.allocator));
    refuses_members_that_stand_twice();
    refuses_envelope_members_that_stand_twice();
    takes_a_name_where_it_stands();
    reads_every_short_number();
    reads_long_numbers();
    meets_the_ceiling_of_rows_anywhere();
    meets_the_ceiling_of_text_anywhere();
    takes_time_by_the_byte();
    reading_free(&reading);
    test_allocator_end(&test);
    return CHECK_REPORT();
}
