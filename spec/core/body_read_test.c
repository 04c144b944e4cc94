/*
 * Bodies as providers send them, as they might, and as they must not: what becomes of each, at
 * which byte it goes wrong, and that none of it depends on how the body was cut.
 */
#include "body_read.h"

#include "body_support.h"
#include "check.h"
#include "guarded.h"
#include "test_allocator.h"

#define ROW_INNER                                                                                  \
    "{\"dueDate\":\"2025-02-15\",\"principalDue\":6666666,\"interestDue\":533333,"                 \
    "\"totalDue\":7199999,\"paidAmount\":0,\"status\":\"UNPAID\"}"
#define INNER(rows)                                                                                \
    "{\"status\":\"success\",\"message\":\"fetched\",\"data\":{\"schedule\":[" rows "]}}"
#define FLAT(rows) "{\"status\":200,\"error\":false,\"data\":[" rows "]}"
#define WIDE(rows) "{\"status\":\"SUCCESS\",\"data\":[" rows "]}"

static struct test_allocator test;
static struct reading reading;

static struct repay_text read_whole(const struct repay_shape *shape, const char *body)
{
    (void)reading_pieces(&reading, shape, repay_text_of(body), 0);
    return reading_show(&reading, true);
}

/* The same body in pieces of every size gives the same, to the last byte of the message. */
static void check_cuts(const struct repay_shape *shape, struct repay_text body, size_t step)
{
    char *whole;
    struct repay_text shown;
    (void)reading_pieces(&reading, shape, body, 0);
    shown = reading_show(&reading, true);
    whole = malloc(shown.length + 1);
    if (!whole)
        abort();
    memcpy(whole, shown.data, shown.length);
    for (size_t piece = 1; piece < body.length; piece += step) {
        (void)reading_pieces(&reading, shape, body, piece);
        if (!CHECK_BYTES(reading_show(&reading, piece % 2 == 0),
                         ((struct repay_text){whole, shown.length})))
            break;
    }
    free(whole);
}

static void check_reading(const struct repay_shape *shape, const char *body, const char *expected)
{
    CHECK_CASE(body);
    CHECK_TEXT(read_whole(shape, body), expected);
    check_cuts(shape, repay_text_of(body), 1);
    CHECK_CASE(NULL);
}

static void reads_a_list_inside_an_object(void)
{
    check_reading(
        &sample_inner,
        INNER(ROW_INNER ",{\"dueDate\":\"2025-03-15\",\"principalDue\":\"6666666\","
                        "\"interestDue\":4800.00,\"totalDue\":7146666.5,\"paidAmount\":1e2,"
                        "\"status\":\"PARTIALLY_PAID\"}"),
        "none -1 \n"
        "status=\"success\" message=\"fetched\" errors= data= list json 2\n"
        "principal=666666600 interest=53333300 total_due=719999900 paid=0 due_date=20134 "
        "provider_status=UNPAID extra=\n"
        "principal=666666600 interest=480000 total_due=714666650 paid=10000 due_date=20162 "
        "provider_status=PARTIALLY_PAID extra=\n");
}

static void reads_a_flat_list(void)
{
    check_reading(
        &sample_flat,
        "{\n  \"status\": 200,\n  \"response_code\": 0,\n  \"error\": false,\n"
        "  \"message\": \"Loans Repayment Schedule\",\n  \"data\": [\n"
        "    { \"loan_id\": 10101, \"repayment_date\": \"2020-07-03\", \"month\": 1,\n"
        "      \"principal_amount\": 500, \"interest_amount\": 0, \"penalty_amount\": 0,\n"
        "      \"penalty_paid\": 0, \"total_due\": 500, \"total_outstanding\": 1000,\n"
        "      \"balance\": 500, \"status\": \"Active on Schedule\" }\n  ]\n}\n",
        "none -1 \n"
        "status=200 response_code=0 error=false message=\"Loans Repayment Schedule\" list "
        "json 1\n"
        "principal=50000 interest=0 penalty=0 penalty_paid=0 total_due=50000 "
        "total_outstanding=100000 balance=50000 loan_id=10101 due_date=18446 number=1 "
        "provider_status=Active on Schedule extra=\n");
}

static void reads_a_wide_row(void)
{
    check_reading(
        &sample_wide,
        WIDE("{\"id\":\"9b2d6f0e-6a55-4f0c-9d3a-0c7a3f6f1a01\","
             "\"loanRepaymentMethodEnum\":\"External Bank Transfer\","
             "\"accountProductName\":\"Personal Loan Account\",\"customerName\":\"Ad\\u00e9 "
             "\\\"E\\\" "
             "\xe1\xbb\x8c\",\"email\":\"ada@example.com\",\"repaymentAmount\":50000,"
             "\"loanProductName\":\"Salary Advance\",\"principalBalance\":400000,"
             "\"totalBalance\":450000.5,\"loanAmountPaid\":false,"
             "\"creationDate\":\"2024-01-15T10:30:00Z\",\"paymentDueDate\":\"2024-02-15\","
             "\"installmentCount\":3,\"accountId\":\"223e4567-e89b-12d3-a456-426614174001\","
             "\"loanApplicationId\":\"423e4567-e89b-12d3-a456-426614174003\","
             "\"totalPayable\":75000}"),
        "none -1 \n"
        "status=\"SUCCESS\" message= list json 1\n"
        "id=9b2d6f0e-6a55-4f0c-9d3a-0c7a3f6f1a01 repayment_amount=5000000 "
        "principal_balance=40000000 total_balance=45000050 total_due=7500000 "
        "creation_date=2024-01-15T10:30:00Z method=External Bank Transfer "
        "account_product=Personal Loan Account customer_name=Ad\xc3\xa9 \"E\" \xe1\xbb\x8c "
        "email=ada@example.com loan_product=Salary Advance due_date=19768 number=3 "
        "loan_id=223e4567-e89b-12d3-a456-426614174001 "
        "loan_application_id=423e4567-e89b-12d3-a456-426614174003 is_loan_paid=0 extra=\n");
}

struct case_of {
    const char *member; /* of a wide row */
    const char *shown;
};

/* One member in a row of its own: what is stored, and what is kept as received. */
static const struct case_of tolerances[] = {
    {"\"repaymentAmount\":0", "repayment_amount=0"},
    {"\"repaymentAmount\":-0", "repayment_amount=0"},
    {"\"repaymentAmount\":-12.5", "repayment_amount=-1250"},
    {"\"repaymentAmount\":0.01", "repayment_amount=1"},
    {"\"repaymentAmount\":5e4", "repayment_amount=5000000"},
    {"\"repaymentAmount\":1234567", "repayment_amount=123456700"},
    {"\"repaymentAmount\":12345678", "repayment_amount=1234567800"},
    {"\"repaymentAmount\":12345678.9", "repayment_amount=1234567890"},
    {"\"repaymentAmount\":90071992547409.91", "repayment_amount=9007199254740991"},
    {"\"repaymentAmount\":90071992547409", "repayment_amount=9007199254740900"},
    {"\"repaymentAmount\":90071992547408.99", "repayment_amount=9007199254740899"},
    {"\"repaymentAmount\":-90071992547409.91", "repayment_amount=-9007199254740991"},
    {"\"repaymentAmount\":1.500000", "repayment_amount=150"},
    {"\"repaymentAmount\":\"50000.00\"", "repayment_amount=5000000"},
    {"\"repaymentAmount\":\"\\u0035e1\"", "repayment_amount=5000"},
    {"\"repaymentAmount\":null", ""},
    {"\"installmentCount\":12", "number=12"},
    {"\"installmentCount\":\"12\"", "number=12"},
    {"\"installmentCount\":3.0", "number=3"},
    {"\"installmentCount\":3e0", "number=3"},
    {"\"installmentCount\":12345678", "number=12345678"},
    {"\"installmentCount\":2147483647", "number=2147483647"},
    {"\"installmentCount\":-2147483647", "number=-2147483647"},
    {"\"installmentCount\":null", ""},
    {"\"paymentDueDate\":\"2024-02-29\"", "due_date=19782"},
    {"\"paymentDueDate\":\"2024-02-2\\u0039\"", "due_date=19782"},
    {"\"paymentDueDate\":\"2024/02/29\"", "extra=\"paymentDueDate\":\"2024/02/29\""},
    {"\"paymentDueDate\":\"2024-02-290\"", "extra=\"paymentDueDate\":\"2024-02-290\""},
    {"\"paymentDueDate\":\"2024-13-01\"", "extra=\"paymentDueDate\":\"2024-13-01\""},
    {"\"paymentDueDate\":\"2024-04-31\"", "extra=\"paymentDueDate\":\"2024-04-31\""},
    {"\"paymentDueDate\":\"0000-01-01\"", "extra=\"paymentDueDate\":\"0000-01-01\""},
    {"\"paymentDueDate\":\"2024-02-28T23:30:00Z\"",
     "due_date=19782 extra=\"paymentDueDate\":\"2024-02-28T23:30:00Z\""},
    {"\"paymentDueDate\":\"2023-02-29\"", "extra=\"paymentDueDate\":\"2023-02-29\""},
    {"\"paymentDueDate\":\"soon\"", "extra=\"paymentDueDate\":\"soon\""},
    {"\"paymentDueDate\":\"\"", "extra=\"paymentDueDate\":\"\""},
    {"\"paymentDueDate\":1709164800000", "due_date=19782 extra=\"paymentDueDate\":1709164800000"},
    {"\"paymentDueDate\":1e300", "extra=\"paymentDueDate\":1e300"},
    {"\"paymentDueDate\":{ \"a\" : [] }", "extra=\"paymentDueDate\":{ \"a\" : [] }"},
    {"\"paymentDueDate\":null", ""},
    {"\"creationDate\":\"2024-01-15T10:30:00.000Z\"", "creation_date=2024-01-15T10:30:00.000Z"},
    {"\"creationDate\":\"2024-01-15T10:30:00Z\"", "creation_date=2024-01-15T10:30:00Z"},
    {"\"creationDate\":\"2024-01-15T10:30:00.120Z\"", "creation_date=2024-01-15T10:30:00.120Z"},
    {"\"creationDate\":\"2024-01-15 10:30:00Z\"", "creation_date=2024-01-15 10:30:00Z"},
    {"\"creationDate\":\"2024-01-15T10:30:00z\"", "creation_date=2024-01-15T10:30:00z"},
    {"\"creationDate\":\"2024-01-15T10:30:00,120Z\"", "creation_date=2024-01-15T10:30:00,120Z"},
    {"\"creationDate\":\"2024-01-15T10:60:00Z\"", "creation_date=2024-01-15T10:60:00Z"},
    {"\"creationDate\":\"2024-01-15T10:30:60Z\"", "creation_date=2024-01-15T10:30:60Z"},
    {"\"creationDate\":\"2024-02-30T10:30:00Z\"", "creation_date=2024-02-30T10:30:00Z"},
    {"\"creationDate\":\"2024-01-15\"", "creation_date=2024-01-15"},
    {"\"creationDate\":\"1969-12-31T23:59:59Z\"", "creation_date=1969-12-31T23:59:59Z"},
    {"\"creationDate\":\"1969-12-31T23:59:59.999Z\"", "creation_date=1969-12-31T23:59:59.999Z"},
    {"\"creationDate\":\"2024-01-15T10:30:00.00Z\"", "creation_date=2024-01-15T10:30:00.00Z"},
    {"\"creationDate\":\"2024-01-15T24:00:00Z\"", "creation_date=2024-01-15T24:00:00Z"},
    {"\"creationDate\":\"2024-01-15T10:30:00+01:00\"", "creation_date=2024-01-15T10:30:00+01:00"},
    {"\"creationDate\":\"yesterday \\u263a\"", "creation_date=yesterday \xe2\x98\xba"},
    {"\"creationDate\":1705314600000",
     "creation_date=2024-01-15T10:30:00.000Z extra=\"creationDate\":1705314600000"},
    {"\"creationDate\":true", "extra=\"creationDate\":true"},
    {"\"creationDate\":null", ""},
    {"\"loanAmountPaid\":true", "is_loan_paid=1"},
    {"\"loanAmountPaid\":false", "is_loan_paid=0"},
    {"\"loanAmountPaid\":\"TRUE\"", "is_loan_paid=1"},
    {"\"loanAmountPaid\":\"f\\u0061lse\"", "is_loan_paid=0"},
    {"\"loanAmountPaid\":1", "extra=\"loanAmountPaid\":1"},
    {"\"loanAmountPaid\":\"yes\"", "extra=\"loanAmountPaid\":\"yes\""},
    {"\"loanAmountPaid\":[true]", "extra=\"loanAmountPaid\":[true]"},
    {"\"loanAmountPaid\":null", ""},
    {"\"email\":\"\"", "email="},
    {"\"email\":12.50", "email=12.50"},
    {"\"email\":true", "email=true"},
    {"\"email\":null", ""},
    {"\"email\":{\"a\":1}", "extra=\"email\":{\"a\":1}"},
    {"\"email\":\"\\ud83d\\ude00\\n\"", "email=\xf0\x9f\x98\x80\n"},
    {"\"id\":\"9B2D6F0E-6A55-4F0C-9D3A-0C7A3F6F1A01\"", "id=9B2D6F0E-6A55-4F0C-9D3A-0C7A3F6F1A01"},
    {"\"id\":\"9b2d6f0e-6a55-4f0c-9d3a-0c7a3f6f1a0\"", "id=9b2d6f0e-6a55-4f0c-9d3a-0c7a3f6f1a0"},
    {"\"id\":\"9b2d6f0e06a5504f0c09d3a00c7a3f6f1a01\"", "id=9b2d6f0e06a5504f0c09d3a00c7a3f6f1a01"},
    {"\"id\":\"ffffffff-ffff-ffff-ffff-ffff00000000\"", "id=ffffffff-ffff-ffff-ffff-ffff00000000"},
    {"\"id\":\"ffffffff-ffff-ffff-ffff-ff00ffffffff\"", "id=ffffffff-ffff-ffff-ffff-ff00ffffffff"},
    {"\"id\":\"\\u0039b2d6f0e-6a55-4f0c-9d3a-0c7a3f6f1a01\"",
     "id=9b2d6f0e-6a55-4f0c-9d3a-0c7a3f6f1a01"},
    {"\"id\":42", "id=42"},
    {"\"id\":\"\"", "id="},
    {"\"id\":[42]", "extra=\"id\":[42]"},
    {"\"id\":null", ""},
    {"\"currency\":\"NGN\"", "extra=\"currency\":\"NGN\""},
    {"\"currency\" : \"NGN\" , \"fees\":[ 1, 2 ]", "extra=\"currency\":\"NGN\",\"fees\":[ 1, 2 ]"},
    {"\"\\u0061\":1,\"a\":2,\"a\":2", "extra=\"\\u0061\":1,\"a\":2,\"a\":2"},
    {"\"Email\":\"x\"", "extra=\"Email\":\"x\""},
    {"\"emai\":\"x\"", "extra=\"emai\":\"x\""},
    {"\"emails\":\"x\"", "extra=\"emails\":\"x\""},
    {"\"\":0", "extra=\"\":0"},
    {"\"em\\u0061il\":\"x\"", "email=x"},
    {"\"email\" \n : \t \"x\"", "email=x"},
};

/* Only what is present, in the order of the layout. */
static void add_present(struct repay_bytes *out, const struct repay_schedule *schedule,
                        uint32_t row)
{
    bool any = false;
    repay_bytes_clear(out);
    for (unsigned i = 0; i < schedule->layout->field_count; i++) {
        struct repay_value value;
        const struct repay_field *field = &schedule->layout->fields[i];
        repay_schedule_value(schedule, row, field, &value);
        if (!value.present)
            continue;
        if (any)
            repay_bytes_append_byte(out, ' ');
        any = true;
        repay_bytes_append_string(out, field->name);
        repay_bytes_append_byte(out, '=');
        if (value.text.length > 0)
            repay_bytes_append_text(out, value.text);
        else if (field->type != REPAY_FIELD_TEXT && field->type != REPAY_FIELD_UUID)
            repay_bytes_append_integer(out, value.integer);
    }
    struct repay_text extra = repay_schedule_extra(schedule, row);
    if (extra.length > 0) {
        repay_bytes_append_string(out, any ? " extra=" : "extra=");
        repay_bytes_append_text(out, extra);
    }
}

static void takes_values_in_many_forms(void)
{
    for (size_t i = 0; i < SAMPLE_COUNT(tolerances); i++) {
        char body[512];
        void *memory;
        size_t size;
        struct repay_schedule large;
        CHECK_CASE(tolerances[i].member);
        /* Twice: the first row teaches the reader which member comes, the second is expected. */
        (void)snprintf(body, sizeof body, WIDE("{%s},{%s}"), tolerances[i].member,
                       tolerances[i].member);
        CHECK(reading_pieces(&reading, &sample_wide, repay_text_of(body), 0));
        CHECK_TEXT(reading.error.message, "");
        const struct repay_schedule *schedule =
            reading_schedule(&reading, true, &memory, &size, &large);
        if (!CHECK(schedule && schedule->rows == 2))
            continue;
        for (uint32_t row = 0; row < 2; row++) {
            add_present(&reading.shown, schedule, row);
            CHECK_TEXT(repay_bytes_text(&reading.shown), tolerances[i].shown);
        }
        free(memory);
        check_cuts(&sample_wide, repay_text_of(body), 1);
    }
    CHECK_CASE(NULL);
}

/* Sixteen bytes and no text, however the id was spelled; a text that is no UUID is kept as one. */
static void packs_ids(void)
{
    static const char *const ids[] = {
        "{\"id\":\"9b2d6f0e-6a55-4f0c-9d3a-0c7a3f6f1a01\"}",
        "{\"id\":\"\\u0039b2d6f0e-6a55-4f0c-9d3a-0c7a3f6f1a01\"}",
        "{\"i\\u0064\":\"9b2d6f0e-6a55-4f0c-9d3a-0c7a3f6f1a01\"}",
        "{\"id\":\"9B2D6F0E-6A55-4F0C-9D3A-0C7A3F6F1A01\"}",
    };
    static const unsigned char packed[16] = {0x9b, 0x2d, 0x6f, 0x0e, 0x6a, 0x55, 0x4f, 0x0c,
                                             0x9d, 0x3a, 0x0c, 0x7a, 0x3f, 0x6f, 0x1a, 0x01};
    for (size_t i = 0; i < SAMPLE_COUNT(ids); i++) {
        char body[256];
        bool is_uuid = i + 1 < SAMPLE_COUNT(ids);
        CHECK_CASE(ids[i]);
        (void)snprintf(body, sizeof body, WIDE("%s,%s"), ids[i], ids[i]);
        CHECK(reading_pieces(&reading, &sample_wide, repay_text_of(body), 0));
        for (size_t row = 0; row < 2; row++) {
            const unsigned char *place = reading.builder.columns[0] + 16 * row;
            CHECK_INT(memcmp(place, packed, sizeof packed) == 0, is_uuid);
        }
        CHECK_INT(reading.builder.text_count, is_uuid ? 0 : 1);
    }
    CHECK_CASE(NULL);
}

struct fault {
    const char *body;
    int64_t offset;
    const char *message;
};

static const struct fault faults[] = {
    {"", 0, "the body is empty"},
    {" \n ", 0, "the body is empty"},
    {"<html>", 0, "the body is not JSON, at byte 0"},
    {"\n<html>", 1, "the body is not JSON, at byte 1"},
    {"\xef\xbb\xbf{}", 0, "the body is not JSON, at byte 0"},
    {"[]", 0, "the body is not a JSON object, at byte 0"},
    {"null", 0, "the body is not a JSON object, at byte 0"},
    {"\"a\"", 0, "the body is not a JSON object, at byte 0"},
    {"-1", 0, "the body is not a JSON object, at byte 0"},
    {"{", 1, "the body is cut off after 1 bytes"},
    {"{\"status\":\"suc", 14, "the body is cut off after 14 bytes"},
    {"{\"status\":1} x", 13, "bytes after the end of the document, at byte 13"},
    {"{}{}", 2, "bytes after the end of the document, at byte 2"},
    {"{} ,", 3, "bytes after the end of the document, at byte 3"},
    {"{,}", 1, "a member's name is expected here, at byte 1"},
    {"{\"a\":1,}", 7, "a member's name is expected here, at byte 7"},
    {"{\"a\" 1}", 5, "a colon is expected here, at byte 5"},
    {"{\"a\":1 \"b\":2}", 7, "a comma or a closing bracket is expected here, at byte 7"},
    {"{\"a\":tru}", 8, "no JSON value here, at byte 8"},
    {"{\"a\":\"\xff\"}", 6, "bytes that are not UTF-8, at byte 6"},
    {"{\"\xff\":1}", 2, "bytes that are not UTF-8, at byte 2"},
    {"{\"status\":1,\"status\":1}", 12,
     "a documented member stands twice in one object, at byte 12"},
    {"{\"status\":null,\"st\\u0061tus\":1}", 15,
     "a documented member stands twice in one object, at byte 15"},
    {"{\"data\":[],\"data\":[]}", 11, "a documented member stands twice in one object, at byte 11"},
    {"{\"data\":[1]}", 9, "a row must be an object, at byte 9"},
    {"{\"data\":[null]}", 9, "a row must be an object, at byte 9"},
    {"{\"data\":[[]]}", 9, "a row must be an object, at byte 9"},
    {"{\"data\":[{},]}", 12, "a row must be an object, at byte 12"},
    {"{\"data\":[{} {}]}", 12, "a comma or a closing bracket is expected here, at byte 12"},
    {"{\"data\":[{}}", 11, "a comma or a closing bracket is expected here, at byte 11"},
    {"{\"data\":[,{}]}", 9, "a row must be an object, at byte 9"},
    {"{\"data\":[{}]", 12, "the body is cut off after 12 bytes"},
    {"{\"data\":[{\"id\":1", 16, "the body is cut off after 16 bytes"},
    {"{\"data\":[{,}]}", 10, "a member's name is expected here, at byte 10"},
    {"{\"data\":[{\"id\":1,}]}", 17, "a member's name is expected here, at byte 17"},
    {"{\"data\":[{\"id\" 1}]}", 15, "a colon is expected here, at byte 15"},
    {"{\"data\":[{\"id\":}]}", 15, "no JSON value here, at byte 15"},
    {"{\"data\":[{\"id\":1;}]}", 16, "a comma or a closing bracket is expected here, at byte 16"},
    {"{\"data\":[{\"x\":{\"y\":01}}]}", 20, "a number that JSON does not allow, at byte 20"},
    {"{\"data\":[{\"email\":\"a\",\"email\":\"a\"}]}", 22,
     "email stands twice in one row, at byte 22"},
    {"{\"data\":[{\"email\":null,\"id\":1,\"emai\\u006c\":null}]}", 30,
     "email stands twice in one row, at byte 30"},
    {"{\"data\":[{\"repaymentAmount\":true}]}", 28, "repaymentAmount must be a number, at byte 28"},
    {"{\"data\":[{\"repaymentAmount\":\"\"}]}", 28, "repaymentAmount must be a number, at byte 28"},
    {"{\"data\":[{\"repaymentAmount\":\"12 \"}]}", 28,
     "repaymentAmount must be a number, at byte 28"},
    {"{\"data\":[{\"repaymentAmount\":\"1,200\"}]}", 28,
     "repaymentAmount must be a number, at byte 28"},
    {"{\"data\":[{\"repaymentAmount\":[1]}]}", 28, "repaymentAmount must be a number, at byte 28"},
    {"{\"data\":[{\"repaymentAmount\":{}}]}", 28, "repaymentAmount must be a number, at byte 28"},
    {"{\"data\":[{\"repaymentAmount\":1.005}]}", 32,
     "repaymentAmount has more decimals than its currency, at byte 32"},
    {"{\"data\":[{\"repaymentAmount\":\"1.005\"}]}", 33,
     "repaymentAmount has more decimals than its currency, at byte 33"},
    {"{\"data\":[{\"repaymentAmount\":1e400}]}", 28, "repaymentAmount is too large, at byte 28"},
    {"{\"data\":[{\"repaymentAmount\":99999999999999999999}]}", 28,
     "repaymentAmount is too large, at byte 28"},
    {"{\"data\":[{\"repaymentAmount\":123456789012345}]}", 28,
     "repaymentAmount is too large, at byte 28"},
    {"{\"data\":[{\"repaymentAmount\":90071992547409.92}]}", 28,
     "repaymentAmount is too large, at byte 28"},
    {"{\"data\":[{\"repaymentAmount\":01}]}", 29, "a number that JSON does not allow, at byte 29"},
    {"{\"data\":[{\"repaymentAmount\":00000000001}]}", 29,
     "a number that JSON does not allow, at byte 29"},
    {"{\"data\":[{\"repaymentAmount\":1.}]}", 30, "a number that JSON does not allow, at byte 30"},
    {"{\"data\":[{\"repaymentAmount\":1.5.5}]}", 31,
     "a comma or a closing bracket is expected here, at byte 31"},
    {"{\"data\":[{\"installmentCount\":1.5}]}", 31,
     "installmentCount must be a whole number, at byte 31"},
    {"{\"data\":[{\"installmentCount\":2147483648}]}", 29,
     "installmentCount is too large, at byte 29"},
    {"{\"data\":[{\"installmentCount\":-2147483648}]}", 29,
     "installmentCount is too large, at byte 29"},
    {"{\"data\":[{\"installmentCount\":\"third\"}]}", 29,
     "installmentCount must be a number, at byte 29"},
    {"{\"data\":[{\"installmentCount\":false}]}", 29,
     "installmentCount must be a number, at byte 29"},
    {"{\"data\":[{\"installmentCount\":012}]}", 30,
     "a number that JSON does not allow, at byte 30"},
    {"{\"data\":[{\"loanAmountPaid\":trux}]}", 30, "no JSON value here, at byte 30"},
    {"{\"data\":[{\"loanAmountPaid\":falsx}]}", 31, "no JSON value here, at byte 31"},
    {"{\"data\":[{\"loanAmountPaid\":truex}]}", 31,
     "a comma or a closing bracket is expected here, at byte 31"},
    {"{\"data\":[{\"paymentDueDate\":\"2024-02-15\"\"}]}", 39,
     "a comma or a closing bracket is expected here, at byte 39"},
    {"{\"data\":[{\"email\":\"a\nb\"}]}", 20, "a control character inside a string, at byte 20"},
    {"{\"data\":[{\"email\":\"\\ud800\"}]}", 25, "half of a surrogate pair, at byte 25"},
    {"{\"data\":[{\"id\":tru}]}", 18, "no JSON value here, at byte 18"},
    {"{\"data\":{\"content\":[{}],\"items\":[]}}", 32, "a second list of rows, at byte 32"},
    {"{\"data\":{\"items\":1,\"items\":[]}}", 19,
     "a documented member stands twice in one object, at byte 19"},
    {"{\"data\":{\"items\":[{}]]}", 21,
     "a comma or a closing bracket is expected here, at byte 21"},
};

static void names_the_first_wrong_byte(void)
{
    for (size_t i = 0; i < SAMPLE_COUNT(faults); i++) {
        const struct fault *fault = &faults[i];
        CHECK_CASE(fault->body);
        CHECK(!reading_pieces(&reading, &sample_wide, repay_text_of(fault->body), 0));
        CHECK_INT(reading.error.kind, REPAY_KIND_BAD_RESPONSE);
        CHECK_INT(reading.error.offset, fault->offset);
        CHECK_TEXT(reading.error.message, fault->message);
        CHECK(!reading.body.envelope.is_json);
        CHECK(!repay_body_feed(&reading.body, "}", 1));
        CHECK(!repay_body_end(&reading.body));
        CHECK_TEXT(reading.error.message, fault->message);
        check_cuts(&sample_wide, repay_text_of(fault->body), 1);
    }
    CHECK_CASE(NULL);
}

/* The same faults in a member that is expected, because the row before has taught the reader so. */
static void names_the_wrong_byte_of_an_expected_member(void)
{
    static const char head[] = "{\"data\":[{\"";
    const size_t list = sizeof "{\"data\":[" - 1;
    unsigned tried = 0;
    for (size_t i = 0; i < SAMPLE_COUNT(faults); i++) {
        const struct fault *fault = &faults[i];
        char body[512], expected[128];
        if (strncmp(fault->body, head, sizeof head - 1) != 0)
            continue;
        size_t name = strcspn(fault->body + sizeof head - 1, "\"") + 2;
        int more = snprintf(body, sizeof body, "%.*s{%.*s:null},", (int)list, fault->body,
                            (int)name, fault->body + list + 1) -
                   (int)list;
        (void)snprintf(body + list + more, sizeof body - list - (size_t)more, "%s",
                       fault->body + list);
        int without = (int)(strrchr(fault->message, ' ') - fault->message);
        bool is_cut = strstr(fault->message, "cut off") != NULL;
        if (is_cut)
            (void)snprintf(expected, sizeof expected, "the body is cut off after %zu bytes",
                           strlen(body));
        else
            (void)snprintf(expected, sizeof expected, "%.*s %lld", without, fault->message,
                           (long long)fault->offset + more);
        CHECK_CASE(body);
        CHECK(!reading_pieces(&reading, &sample_wide, repay_text_of(body), 0));
        CHECK_INT(reading.error.offset, fault->offset + more);
        CHECK_TEXT(reading.error.message, expected);
        check_cuts(&sample_wide, repay_text_of(body), 1);
        tried++;
    }
    CHECK_CASE(NULL);
    CHECK(tried > 20);
}

static void names_the_member_at_fault(void)
{
    (void)read_whole(&sample_wide, WIDE("{\"totalPayable\":\"abc\"}"));
    CHECK_TEXT(reading.error.field, "totalPayable");
    (void)read_whole(&sample_wide, WIDE("{\"email\":\"abc}"));
    CHECK_TEXT(reading.error.field, "");
}

/* So many arrays in one another are allowed behind `head`, and not one more. */
static void check_depth(const struct repay_shape *shape, const char *head, const char *tail,
                        unsigned allowed)
{
    CHECK_CASE(head);
    for (unsigned depth = allowed; depth <= allowed + 1; depth++) {
        char body[512];
        bool fits = depth == allowed;
        char *at = stpcpy(body, head);
        memset(at, '[', depth);
        memset(at + depth, ']', depth);
        (void)snprintf(at + 2 * (size_t)depth, 8, "%s", tail);
        CHECK_INT(reading_pieces(&reading, shape, repay_text_of(body), 0), fits);
        CHECK_INT(reading.error.kind, fits ? REPAY_KIND_NONE : REPAY_KIND_BAD_RESPONSE);
        CHECK_INT(reading.error.offset, fits ? -1 : (int64_t)(strlen(head) + allowed));
    }
    CHECK_CASE(NULL);
}

/* The document, the object around the list, the list and the row are levels like any other. */
static void counts_depth_from_the_document(void)
{
    check_depth(&sample_wide, "{\"message\":", "}", 63);
    check_depth(&sample_wide, "{\"other\":", "}", 63);
    check_depth(&sample_wide, "{\"data\":[{\"x\":", "}]}", 61);
    check_depth(&sample_wide, "{\"data\":[{},{\"email\":", "}]}", 61);
    check_depth(&sample_inner, "{\"data\":{\"x\":", "}}", 62);
    check_depth(&sample_inner, "{\"data\":{\"schedule\":[{\"x\":", "}]}}", 60);
    check_depth(&sample_inner, "{\"data\":{\"schedule\":[]},\"x\":", "}", 63);
    check_depth(&sample_flat, "{\"data\":{\"x\":", "}}", 62);
}

struct place {
    const char *body;
    const char *shown; /* of the line about the envelope, from the word for the rows on */
};

static void check_places(const struct repay_shape *shape, const struct place *places)
{
    for (; places->body; places++) {
        char expected[128];
        const struct repay_envelope *envelope = &reading.body.envelope;
        static const char *const found[] = {"absent", "null", "list", "one", "misplaced"};
        CHECK_CASE(places->body);
        CHECK(reading_pieces(&reading, shape, repay_text_of(places->body), 0));
        (void)snprintf(expected, sizeof expected, "%s %u", found[envelope->rows_found],
                       envelope->rows);
        CHECK_TEXT(expected, places->shown);
        check_cuts(shape, repay_text_of(places->body), 1);
    }
    CHECK_CASE(NULL);
}

static void finds_the_rows(void)
{
    static const struct place wide[] = {
        {"{}", "absent 0"},
        {"{\"data\":null}", "null 0"},
        {"{\"data\":[]}", "list 0"},
        {"{\"data\":[ { } , { } ]}", "list 2"},
        {"{\"d\\u0061ta\":[{}]}", "list 1"},
        {"{\"data\":{\"content\":[{}]}}", "list 1"},
        {"{\"data\":{\"page\":{\"items\":[1]},\"data\":[{},{}],\"total\":2},\"x\":[]}", "list 2"},
        {"{\"data\":{\"content\":null,\"items\":[{}]}}", "list 1"},
        {"{\"data\":{}}", "misplaced 0"},
        {"{\"data\":{\"other\":[{}]}}", "misplaced 0"},
        {"{\"data\":{\"content\":{}}}", "misplaced 0"},
        {"{\"data\":\"none\"}", "misplaced 0"},
        {"{\"data\":0}", "misplaced 0"},
        {"{\"list\":[{}]}", "absent 0"},
        {NULL, NULL},
    };
    static const struct place inner[] = {
        {"{\"data\":{\"schedule\":[{},{}]}}", "list 2"},
        {"{\"data\":{\"schedule\":[],\"x\":1}}", "list 0"},
        {"{\"data\":[{}]}", "list 1"},
        {"{\"data\":{\"schedule\":null}}", "misplaced 0"},
        {"{\"data\":{}}", "misplaced 0"},
        {"{\"data\":null}", "null 0"},
        {"{\"schedule\":[{}]}", "absent 0"},
        {NULL, NULL},
    };
    static const struct place flat[] = {
        {"{\"data\":[{}]}", "list 1"},
        {"{\"data\":{\"loan_id\":1,\"balance\":\"3.50\"}}", "one 1"},
        {"{\"data\":{}}", "one 1"},
        {"{\"data\":true}", "misplaced 0"},
        {NULL, NULL},
    };
    check_places(&sample_wide, wide);
    check_places(&sample_inner, inner);
    check_places(&sample_flat, flat);
}

static void keeps_envelope_values(void)
{
    static const char body[] =
        "{ \"message\" : { \"a\" : [ 1 , \"}\" ] } , \"skipped\":[{}],\"errors\": [ 1, 2 ],"
        "\"status\":\"fail\\u0065d\",\"data\":null }";
    check_reading(&sample_inner, body,
                  "none -1 \n"
                  "status=\"fail\\u0065d\" message={ \"a\" : [ 1 , \"}\" ] } errors=[ 1, 2 ] data= "
                  "null json 0\n");
    (void)read_whole(&sample_inner, body);
    struct repay_json_value member;
    const struct repay_envelope *envelope = &reading.body.envelope;
    CHECK(repay_json_member(envelope->values[1], REPAY_TEXT("a"), &member));
    CHECK_TEXT_IS(member.raw, "[ 1 , \"}\" ]");
    CHECK(envelope->values[0].escaped);
}

/* Without a builder the member with the rows is one like any other. */
static void keeps_the_rows_member_of_an_error(void)
{
    static const char body[] =
        "{\"status\":\"error\",\"data\":{\"schedule\":[1],\"error_code\":\"X\"}}";
    struct repay_json_value member;
    repay_error_clear(&reading.error);
    repay_body_begin(&reading.body, &sample_inner, NULL, 2, 60, &reading.error);
    CHECK(repay_body_feed(&reading.body, body, sizeof body - 1));
    CHECK(repay_body_end(&reading.body));
    const struct repay_envelope *envelope = &reading.body.envelope;
    CHECK(envelope->is_json);
    CHECK_INT(envelope->rows_found, REPAY_ROWS_ABSENT);
    CHECK(envelope->present[3]);
    CHECK(repay_json_member(envelope->values[3], REPAY_TEXT("error_code"), &member));
    CHECK_TEXT_IS(member.raw, "\"X\"");
    repay_body_begin(&reading.body, &sample_inner, NULL, 2, 60, &reading.error);
    CHECK(repay_body_feed(&reading.body, "{\"data\":1,\"data\":2}", 19));
    CHECK(!repay_body_end(&reading.body));
    CHECK_INT(reading.error.offset, 10);
}

/* What came before the fault is there for whoever judges by it; the rest is not made up. */
static void shows_the_envelope_of_a_broken_body(void)
{
    (void)read_whole(&sample_inner, "{\"status\":\"failed\",\"message\":\"no\",\"errors\":[1,");
    const struct repay_envelope *envelope = &reading.body.envelope;
    CHECK(!envelope->is_json);
    CHECK_TEXT_IS(envelope->values[0].raw, "\"failed\"");
    CHECK_TEXT_IS(envelope->values[1].raw, "\"no\"");
    CHECK(!envelope->present[2]);
}

/* Whatever the order of the members, the row is the same. */
static void learns_any_order(void)
{
    static const char *const members[] = {
        "\"dueDate\":\"2025-02-15\"",
        "\"principalDue\":1",
        "\"interestDue\":2",
        "\"totalDue\":3",
        "\"paidAmount\":4",
        "\"status\":\"PAID\"",
        "\"x\":[1]",
        "\"note\":\"as it is\"",
    };
    char body[4096];
    char *at = stpcpy(body, "{\"data\":[");
    uint32_t random = 12345;
    unsigned order[SAMPLE_COUNT(members)] = {0, 1, 2, 3, 4, 5, 6, 7};
    for (unsigned row = 0; row < 24; row++) {
        /* Each order three times, so that it is met unknown and known. */
        for (unsigned i = SAMPLE_COUNT(members) - 1; row % 3 == 0 && i > 0; i--) {
            random = random * 1664525 + 1013904223;
            unsigned other = (random >> 16) % (i + 1);
            unsigned moved = order[i];
            order[i] = order[other];
            order[other] = moved;
        }
        *at++ = row == 0 ? '{' : ',';
        if (row > 0)
            *at++ = '{';
        for (unsigned i = 0; i < SAMPLE_COUNT(members); i++) {
            at = stpcpy(at, members[order[i]]);
            *at++ = i + 1 < SAMPLE_COUNT(members) ? ',' : '}';
        }
    }
    (void)stpcpy(at, "]}");
    CHECK(reading_pieces(&reading, &sample_inner, repay_text_of(body), 0));
    void *memory;
    size_t size;
    struct repay_schedule large;
    const struct repay_schedule *schedule =
        reading_schedule(&reading, true, &memory, &size, &large);
    CHECK_INT(schedule->rows, 24);
    for (uint32_t row = 0; row < schedule->rows; row++) {
        CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_PRINCIPAL, row), 100);
        CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_INTEREST, row), 200);
        CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_TOTAL_DUE, row), 300);
        CHECK_INT(repay_schedule_figure(schedule, REPAY_FIGURE_PAID, row), 400);
        CHECK_INT(repay_schedule_day(schedule, row), 20134);
        CHECK_INT(repay_schedule_status(schedule, row), REPAY_STATUS_PAID);
        CHECK_INT(repay_schedule_extra(schedule, row).length,
                  strlen("\"x\":[1],\"note\":\"as it is\""));
    }
    free(memory);
    check_cuts(&sample_inner, repay_text_of(body), 7);
}

/* The text that was last in a column must not be taken for another that begins or ends like it. */
static void tells_similar_texts_apart(void)
{
    static const char *const texts[] = {
        "PAID",
        "PAID",
        "PAI",
        "PAIDX",
        "PA\\\"ID",
        "PA\\\"ID",
        "PA",
        "",
        "",
        "PAID\\u0000",
        "PAID",
        "a text of exactly 32 characters!",
        "a text of exactly 32 characters!",
        "a text of exactly 32 characters?",
        "a text of exactly 32 characters",
        "\\\\",
        "\\\\",
        "a\\\\",
        "a\\\"",
        "a",
    };
    char body[2048];
    char *at = stpcpy(body, "{\"data\":[");
    for (size_t i = 0; i < SAMPLE_COUNT(texts); i++)
        at += snprintf(at, 128, "%s{\"status\":\"%s\"}", i > 0 ? "," : "", texts[i]);
    (void)stpcpy(at, "]}");
    CHECK(reading_pieces(&reading, &sample_inner, repay_text_of(body), 0));
    void *memory;
    size_t size;
    struct repay_schedule large;
    const struct repay_schedule *schedule =
        reading_schedule(&reading, true, &memory, &size, &large);
    for (uint32_t row = 0; row < schedule->rows; row++) {
        struct repay_value value;
        char json[64], expected[64];
        (void)snprintf(json, sizeof json, "\"%s\"", texts[row]);
        struct repay_json_value string = {.raw = repay_text_of(json)};
        repay_schedule_value(schedule, row, &sample_inner_fields[5], &value);
        CHECK(value.present);
        CHECK_BYTES(value.text,
                    ((struct repay_text){expected, repay_json_unescape(string, expected)}));
    }
    free(memory);
    check_cuts(&sample_inner, repay_text_of(body), 11);
    /* A raw quote after an escaped one is the end of the string, not part of the text before. */
    (void)read_whole(&sample_inner, "{\"data\":[{\"status\":\"a\\\"b\"},{\"status\":\"a\"b\"}]}");
    CHECK_INT(reading.error.offset, 40);
    (void)read_whole(&sample_inner, "{\"data\":[{\"status\":12},{\"status\":12x}]}");
    CHECK_INT(reading.error.offset, 35);
    (void)read_whole(&sample_inner, "{\"data\":[{\"status\":12},{\"status\":\"12\"}]}");
    CHECK_INT(reading.builder.rows, 2);
}

/* A row of `length` bytes, in a body that has it at its end. */
static size_t long_row(char *out, size_t length, const char *member)
{
    char *at = stpcpy(out, "{\"data\":[{},");
    char *row = at;
    at = stpcpy(at, "{\"x\":\"");
    size_t tail = strlen("\",") + strlen(member) + 1;
    size_t fill = length - (size_t)(at - row) - tail;
    memset(at, 'y', fill);
    at += fill;
    at = stpcpy(stpcpy(stpcpy(at, "\","), member), "}]}");
    return (size_t)(at - out);
}

static void bounds_one_row(void)
{
    char *body = malloc(REPAY_UNIT_MAX + 4096);
    if (!body)
        abort();
    for (int more = -2; more <= 130; more += more < 4 ? 1 : 21) {
        size_t length = long_row(body, (size_t)((int)REPAY_UNIT_MAX + more), "\"totalDue\":1");
        bool fits = more <= 0;
        CHECK_INT(reading_pieces(&reading, &sample_inner, (struct repay_text){body, length}, 0),
                  fits);
        CHECK_INT(reading.error.kind, fits ? REPAY_KIND_NONE : REPAY_KIND_TOO_LARGE);
        CHECK_INT(reading.error.offset, fits ? -1 : 12);
        check_cuts(&sample_inner, (struct repay_text){body, length}, 4999);
        /* What is carried is tried again at twice its length: here that is about the ceiling. */
        for (size_t piece = REPAY_UNIT_MAX / 2 - 8; piece < REPAY_UNIT_MAX / 2 + 40; piece += 5) {
            CHECK_INT(reading_pieces(&reading, &sample_inner, (struct repay_text){body, length},
                                     piece + 12),
                      fits);
            CHECK_INT(reading.error.offset, fits ? -1 : 12);
        }
        /* Where a long row is also wrong, the same of the two faults is told every time. */
        length = long_row(body, (size_t)((int)REPAY_UNIT_MAX + more), "\"totalDue\":x");
        check_cuts(&sample_inner, (struct repay_text){body, length}, 4999);
        length = long_row(body, (size_t)((int)REPAY_UNIT_MAX + more), "\"totalDue\":[]");
        check_cuts(&sample_inner, (struct repay_text){body, length}, 4999);
    }
    free(body);
}

static void bounds_one_value(void)
{
    char *body = malloc(REPAY_UNIT_MAX + 4096);
    if (!body)
        abort();
    static const char *const heads[] = {"{\"message\":\"", "{\"other\":\"", "{\""};
    for (int more = -2; more <= 70; more += more < 3 ? 1 : 30) {
        for (size_t i = 0; i < SAMPLE_COUNT(heads); i++) {
            char *at = stpcpy(body, heads[i]);
            size_t begin = (size_t)(at - body) - 1;
            memset(at, 'z', (size_t)((int)REPAY_UNIT_MAX + more) - 2);
            at += (int)REPAY_UNIT_MAX + more - 2;
            at = stpcpy(at, i == 2 ? "\":1}" : i == 1 ? "\",\"x\":0}" : "\"}");
            struct repay_text text = {body, (size_t)(at - body)};
            bool fits = more <= 0;
            CHECK_INT(reading_pieces(&reading, &sample_inner, text, 0), fits);
            CHECK_INT(reading.error.kind, fits ? REPAY_KIND_NONE : REPAY_KIND_TOO_LARGE);
            CHECK_INT(reading.error.offset, fits ? -1 : (int64_t)begin);
            check_cuts(&sample_inner, text, 7001);
        }
    }
    free(body);
}

/* Blanks belong to no unit and may be many; bytes after them are still found. */
static void passes_long_runs_of_blanks(void)
{
    size_t blanks = (size_t)200 << 10;
    char *body = malloc(blanks + 64);
    if (!body)
        abort();
    char *at = stpcpy(body, "{\"data\":[");
    memset(at, ' ', blanks);
    at = stpcpy(at + blanks, "{}]}");
    CHECK(
        reading_pieces(&reading, &sample_inner, (struct repay_text){body, (size_t)(at - body)}, 0));
    CHECK_INT(reading.body.envelope.rows, 1);
    check_cuts(&sample_inner, (struct repay_text){body, (size_t)(at - body)}, 9973);
    at[-3] = '?';
    check_cuts(&sample_inner, (struct repay_text){body, (size_t)(at - body)}, 9973);
    CHECK_INT(reading.error.offset, at - 3 - body);
    free(body);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Rows of all kinds of content, without two that are alike. */
static struct repay_text make_rows(unsigned rows, char *out, size_t room)
{
    uint32_t random = rows;
    int used = snprintf(out, room, "{\"status\":\"SUCCESS\",\"data\":[");
    for (unsigned i = 0; i < rows; i++) {
        unsigned number = next_random(&random);
        used += snprintf(
            out + used, room - (size_t)used,
            "%s{\"id\":\"%08x-0000-4000-8000-%012x\",\"email\":\"%c%u@example.com\","
            "\"repaymentAmount\":%u.%u,\"totalBalance\":\"%u\",\"customerName\":\"%s\","
            "\"creationDate\":\"2024-%02u-15T10:30:%02uZ\",\"paymentDueDate\":\"20%02u-02-15\","
            "\"installmentCount\":%u,\"accountId\":\"loan %u\"%s}",
            i > 0 ? "," : "", number, i, 'a' + (int)(number % 26), number % 50, number % 99991,
            number % 10, number % 777, number % 3 == 0 ? "Ad\\u00e9" : "\xe1\xbb\x8c ba",
            number % 12 + 1, number % 60, number % 90 + 10, i % 12 + 1, i / 12,
            number % 7 == 0 ? ",\"fee\" : { \"a\":[1,2] }" : "");
    }
    used += snprintf(out + used, room - (size_t)used, "]}\n");
    return (struct repay_text){out, (size_t)used};
}

static void long_bodies_do_not_depend_on_cuts(void)
{
    static const size_t pieces[] = {1,    2,    63,   64,   65,   400,   512,  1000,
                                    2047, 2048, 2049, 4096, 5000, 16384, 65536};
    size_t room = (size_t)2 << 20;
    char *body = malloc(room);
    char *whole = malloc(room);
    if (!body || !whole)
        abort();
    struct repay_text text = make_rows(3000, body, room);
    CHECK(reading_pieces(&reading, &sample_wide, text, 0));
    struct repay_text shown = reading_show(&reading, true);
    memcpy(whole, shown.data, shown.length);
    shown.data = whole;
    for (size_t i = 0; i < SAMPLE_COUNT(pieces); i++) {
        CHECK(reading_pieces(&reading, &sample_wide, text, pieces[i]));
        CHECK(repay_text_equal(reading_show(&reading, true), shown));
    }
    free(body);
    free(whole);
}

/* Pieces that end at an unreadable page: nothing behind a piece is ever read. */
static void reads_nothing_behind_a_piece(void)
{
    struct guarded room;
    size_t size = (size_t)64 << 10;
    char *body = malloc(size);
    if (!body)
        abort();
    struct repay_text text = make_rows(100, body, size);
    guarded_init(&room, size);
    for (size_t piece = 1; piece <= text.length; piece += piece < 2040 ? 97 : 3) {
        bool fed = true;
        reading_begin(&reading, &sample_wide);
        for (size_t at = 0; fed && at < text.length; at += piece) {
            size_t length = text.length - at < piece ? text.length - at : piece;
            fed =
                repay_body_feed(&reading.body, guarded_put(&room, text.data + at, length), length);
        }
        CHECK(fed && repay_body_end(&reading.body));
        CHECK_INT(reading.body.envelope.rows, 100);
    }
    guarded_free(&room);
    free(body);
}

/* One byte changed, everywhere: cut or whole, the answer is the same one. */
static void damaged_bodies_do_not_depend_on_cuts(void)
{
    static const char changes[] = {0, '"', '\\', '}', ']', ',', ':', '0', ' ', (char)0x80};
    static const size_t pieces[] = {1, 61, 700};
    size_t room = 4096;
    char body[4096], whole[8192];
    struct repay_text text = make_rows(3, body, room);
    for (size_t at = 0; at < text.length; at++) {
        for (size_t i = 0; i < sizeof changes; i++) {
            char before = body[at];
            body[at] = changes[i];
            (void)reading_pieces(&reading, &sample_wide, text, 0);
            struct repay_text shown = reading_show(&reading, true);
            memcpy(whole, shown.data, shown.length);
            shown.data = whole;
            for (size_t j = 0; j < SAMPLE_COUNT(pieces); j++) {
                (void)reading_pieces(&reading, &sample_wide, text, pieces[j]);
                CHECK_BYTES(reading_show(&reading, true), shown);
            }
            body[at] = before;
        }
    }
}

/* An answer in pages: rows are added, a page that failed is cut away, a repeated one is noticed. */
static void reads_pages(void)
{
    static const char page[] = "{\"data\":[{\"balance\":1,\"x\":1},{\"balance\":2}]}";
    static const char other[] = "{\"data\":[{\"balance\":1,\"x\":2},{\"balance\":2}]}";
    struct repay_body *body = &reading.body;
    reading_begin(&reading, &sample_flat);
    CHECK(repay_body_feed(body, page, sizeof page - 1) && repay_body_end(body));
    CHECK_INT(body->envelope.rows, 2);
    repay_body_begin(body, &sample_flat, &reading.builder, 2, 60, &reading.error);
    CHECK(repay_body_feed(body, page, sizeof page - 1) && repay_body_end(body));
    CHECK_INT(body->envelope.rows, 2);
    CHECK_INT(reading.builder.rows, 4);
    CHECK(repay_builder_repeats(&reading.builder, 2));
    repay_builder_cut(&reading.builder, 2);
    repay_body_begin(body, &sample_flat, &reading.builder, 2, 60, &reading.error);
    CHECK(repay_body_feed(body, "{\"data\":[{\"balance\":3},{\"bal", 28));
    CHECK(!repay_body_end(body));
    CHECK_INT(reading.builder.rows, 3);
    repay_builder_cut(&reading.builder, 2);
    repay_body_begin(body, &sample_flat, &reading.builder, 2, 60, &reading.error);
    CHECK(repay_body_feed(body, other, sizeof other - 1) && repay_body_end(body));
    CHECK(!repay_builder_repeats(&reading.builder, 2));
    repay_error_clear(&reading.error);
    CHECK_TEXT(reading_show(&reading, true),
               "none -1 \n"
               "status= response_code= error= message= list json 2\n"
               "principal=nil interest=nil penalty=nil penalty_paid=nil total_due=nil "
               "total_outstanding=nil balance=100 loan_id=nil due_date=nil number=nil "
               "provider_status=nil extra=\"x\":1\n"
               "principal=nil interest=nil penalty=nil penalty_paid=nil total_due=nil "
               "total_outstanding=nil balance=200 loan_id=nil due_date=nil number=nil "
               "provider_status=nil extra=\n"
               "principal=nil interest=nil penalty=nil penalty_paid=nil total_due=nil "
               "total_outstanding=nil balance=100 loan_id=nil due_date=nil number=nil "
               "provider_status=nil extra=\"x\":2\n"
               "principal=nil interest=nil penalty=nil penalty_paid=nil total_due=nil "
               "total_outstanding=nil balance=200 loan_id=nil due_date=nil number=nil "
               "provider_status=nil extra=\n");
}

static void takes_amounts_to_the_currency_s_decimals(void)
{
    static const char body[] = "{\"data\":[{\"balance\":12,\"total_due\":3.0}]}";
    static const int64_t expected[] = {12, 120, 1200, 12000, 120000};
    for (int decimals = 0; decimals <= REPAY_DECIMALS_MAX; decimals++) {
        repay_builder_reset(&reading.builder, &sample_flat_layout);
        repay_body_begin(&reading.body, &sample_flat, &reading.builder, decimals, 0,
                         &reading.error);
        CHECK(repay_body_feed(&reading.body, body, sizeof body - 1));
        CHECK(repay_body_end(&reading.body));
        int64_t balance, total;
        memcpy(&balance, reading.builder.columns[6], sizeof balance);
        memcpy(&total, reading.builder.columns[4], sizeof total);
        CHECK_INT(balance, expected[decimals]);
        CHECK_INT(total, expected[decimals] / 4);
    }
}

static void stops_at_the_ceiling_of_rows(void)
{
    static const char body[] = "{\"data\":[{},{},{},{}]}";
    for (uint32_t max = 1; max <= 4; max++) {
        reading_begin(&reading, &sample_flat);
        reading.builder.rows_max = max;
        bool fits = max == 4;
        CHECK(repay_body_feed(&reading.body, body, sizeof body - 1));
        CHECK_INT(repay_body_end(&reading.body), fits);
        if (!fits) {
            CHECK_INT(reading.error.kind, REPAY_KIND_TOO_LARGE);
            CHECK_INT(reading.error.offset, 9 + 3 * (int64_t)max);
            CHECK_INT(reading.body.envelope.rows, max);
        }
        reading.builder.rows_max = REPAY_SCHEDULE_ROWS_MAX;
    }
}

static void stops_at_the_ceiling_of_text(void)
{
    char body[4096];
    struct repay_text text = make_rows(10, body, sizeof body);
    reading_begin(&reading, &sample_wide);
    reading.builder.text_blocks_max = 0;
    (void)repay_body_feed(&reading.body, text.data, text.length);
    CHECK(!repay_body_end(&reading.body));
    CHECK_INT(reading.error.kind, REPAY_KIND_TOO_LARGE);
    CHECK(text.data[reading.error.offset] == '"');
    reading.builder.text_blocks_max = REPAY_SCHEDULE_TEXT_MAX / REPAY_BLOCK_SIZE;
}

/* Reads with the nth allocation failing; false when fewer were asked for. */
static bool fails_at(struct repay_text body, size_t piece, unsigned long nth, uint32_t rows)
{
    struct test_allocator failing;
    struct reading own;
    test_allocator_init(&failing);
    test_allocator_fail(&failing, nth, false);
    bool made = reading_init(&own, &failing.allocator);
    bool ok = made && reading_pieces(&own, &sample_wide, body, piece);
    if (ok) {
        struct repay_schedule large;
        void *memory;
        size_t size;
        const struct repay_schedule *schedule =
            reading_schedule(&own, false, &memory, &size, &large);
        ok = schedule != NULL;
        if (ok)
            CHECK_INT(schedule->rows, rows);
        repay_schedule_free(&large);
        repay_schedule_free(&large);
    }
    bool failed = failing.failures > 0;
    if (made && !ok)
        CHECK_INT(own.error.kind, REPAY_KIND_MEMORY);
    if (!failed)
        CHECK(ok);
    reading_free(&own);
    test_allocator_end(&failing);
    return failed;
}

static void check_lack_of_memory(struct repay_text body, size_t piece, uint32_t rows)
{
    unsigned long nth = 1;
    while (nth < 200 && fails_at(body, piece, nth, rows))
        nth++;
    CHECK(nth > 4 && nth < 200);
}

/* Every allocation fails in turn: an error of kind memory, and nothing is left behind. */
static void survives_lack_of_memory(void)
{
    size_t room = (size_t)64 << 10;
    char *body = malloc(room);
    if (!body)
        abort();
    check_lack_of_memory(make_rows(150, body, room), 1000, 150);
    /* Each form of a value asks for memory at a place of its own. */
    for (size_t i = 0; i < SAMPLE_COUNT(tolerances); i++) {
        CHECK_CASE(tolerances[i].member);
        (void)snprintf(body, room, WIDE("{%s}"), tolerances[i].member);
        check_lack_of_memory(repay_text_of(body), 0, 1);
    }
    CHECK_CASE(NULL);
    free(body);
}

/* A million bytes in pieces of one: what is carried stays small, whatever came before. */
static void carries_little(void)
{
    struct test_allocator counted;
    struct reading own;
    size_t room = (size_t)2 << 20;
    char *body = malloc(room);
    if (!body)
        abort();
    struct repay_text text = make_rows(3000, body, room);
    test_allocator_init(&counted);
    CHECK(reading_init(&own, &counted.allocator));
    CHECK(reading_pieces(&own, &sample_wide, text, 1));
    CHECK(own.body.carry.capacity <= 8192);
    size_t kept = (own.builder.segment_count + own.builder.text_count) * (size_t)REPAY_BLOCK_SIZE;
    CHECK(counted.peak_bytes <= kept + ((size_t)48 << 10));
    reading_free(&own);
    test_allocator_end(&counted);
    free(body);
}

int main(void)
{
    test_allocator_init(&test);
    CHECK(reading_init(&reading, &test.allocator));
    reads_a_list_inside_an_object();
    reads_a_flat_list();
    reads_a_wide_row();
    takes_values_in_many_forms();
    packs_ids();
    names_the_first_wrong_byte();
    names_the_wrong_byte_of_an_expected_member();
    names_the_member_at_fault();
    counts_depth_from_the_document();
    finds_the_rows();
    keeps_envelope_values();
    keeps_the_rows_member_of_an_error();
    shows_the_envelope_of_a_broken_body();
    learns_any_order();
    tells_similar_texts_apart();
    bounds_one_row();
    bounds_one_value();
    passes_long_runs_of_blanks();
    long_bodies_do_not_depend_on_cuts();
    reads_nothing_behind_a_piece();
    damaged_bodies_do_not_depend_on_cuts();
    reads_pages();
    takes_amounts_to_the_currency_s_decimals();
    stops_at_the_ceiling_of_rows();
    stops_at_the_ceiling_of_text();
    survives_lack_of_memory();
    carries_little();
    reading_free(&reading);
    test_allocator_end(&test);
    return CHECK_REPORT();
}
