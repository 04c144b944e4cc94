/*
 * Days, moments, zones: every day there is, every form that is read, and many that look like one.
 */
#include "date.h"
#include "check.h"

static const char *day_text(int32_t day)
{
    static char text[REPAY_DAY_TEXT_MAX + 1];

    repay_day_write(day, text);
    return text;
}

static bool is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* A calendar that only knows how to take the next day, against the one that calculates. */
static void every_day_comes_back(void)
{
    static const int32_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct repay_civil civil = {1, 1, 1};
    int weekday = 0; /* 0001-01-01 was a Monday */
    unsigned long wrong = 0;

    for (int32_t day = REPAY_DAY_MIN; day <= REPAY_DAY_MAX; day++) {
        struct repay_civil back = repay_civil_from_day(day);
        wrong += repay_day_from_civil(civil) != day;
        wrong += back.year != civil.year || back.month != civil.month || back.day != civil.day;
        wrong += repay_day_weekday(day) != weekday;
        if (civil.year >= 1970 && civil.year <= 2100) {
            char expected[40];
            int32_t read = 0;
            snprintf(expected, sizeof expected, "%04d-%02d-%02d", civil.year, civil.month,
                     civil.day);
            wrong += strcmp(day_text(day), expected) != 0;
            wrong += !repay_day_read(repay_text_of(expected), &read) || read != day;
        }
        weekday = (weekday + 1) % 7;
        int32_t length = lengths[civil.month - 1] + (civil.month == 2 && is_leap(civil.year));
        if (++civil.day > length) {
            civil.day = 1;
            if (++civil.month > 12) {
                civil.month = 1;
                civil.year++;
            }
        }
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(civil.year, 10000);
}

static void known_days(void)
{
    int32_t day = -1;

    CHECK_INT(repay_day_from_civil((struct repay_civil){1970, 1, 1}), 0);
    CHECK_INT(repay_day_from_civil((struct repay_civil){2000, 2, 29}), 11016);
    CHECK_INT(repay_day_from_civil((struct repay_civil){1, 1, 1}), REPAY_DAY_MIN);
    CHECK_INT(repay_day_from_civil((struct repay_civil){9999, 12, 31}), REPAY_DAY_MAX);
    CHECK_INT(repay_day_weekday(0), 3);
    CHECK_INT(repay_day_weekday(-1), 2);
    CHECK_INT(repay_day_weekday(INT32_MIN), 1);
    CHECK_INT(repay_day_weekday(INT32_MAX), 4);
    CHECK_TEXT(day_text(REPAY_DAY_MIN), "0001-01-01");
    CHECK_TEXT(day_text(REPAY_DAY_MAX), "9999-12-31");
    CHECK_TEXT(day_text(-1), "1969-12-31");
    CHECK(repay_day_read(REPAY_TEXT("2024-02-29"), &day));
    CHECK_INT(day, 19782);
}

static void refuses_what_is_no_day(void)
{
    static const char *const texts[] = {
        "",
        "2024",
        "2024-01",
        "2024-1-1",
        "2024-01-1",
        "2024-01-001",
        "24-01-01",
        "02024-01-01",
        "2024/01/01",
        "2024-01-00",
        "2024-01-32",
        "2024-00-01",
        "2024-13-01",
        "2023-02-29",
        "2024-02-30",
        "1900-02-29",
        "2100-02-29",
        "2024-04-31",
        "2024-06-31",
        "2024-09-31",
        "2024-11-31",
        "0000-01-01",
        "-001-01-01",
        "+024-01-01",
        "2024-01-01 ",
        " 2024-01-01",
        "2024-01-01T",
        "2024-01-0x",
        "20240101",
        "01-01-2024",
        "2024-01-01Z",
        "2024-01\xe2\x80\x90\x30\x31",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int32_t day = 777;
        CHECK_CASE(texts[i]);
        CHECK(!repay_day_read(repay_text_of(texts[i]), &day));
        CHECK(!repay_day_of_text(repay_text_of(texts[i]), 60, &day));
        CHECK_INT(day, 777);
    }
    CHECK_CASE(NULL);
}

static void days_of_texts(void)
{
    static const struct {
        const char *text;
        int zone;
        const char *day;
    } cases[] = {
        /* a bare day and a time without a zone are what they say, in any zone */
        {"2024-01-15", 60, "2024-01-15"},
        {"2024-01-15", -720, "2024-01-15"},
        {"2024-01-15T00:00:00", 60, "2024-01-15"},
        {"2024-01-15T23:59:59", 840, "2024-01-15"},
        {"2024-01-15 10:30:00", 60, "2024-01-15"},
        {"2024-01-15 10:30", 60, "2024-01-15"},
        {"2024-01-15T10:30:00.123456789", 60, "2024-01-15"},
        /* a moment falls on a day in the zone that is asked */
        {"2024-01-15T22:59:59Z", 60, "2024-01-15"},
        {"2024-01-15T23:00:00Z", 60, "2024-01-16"},
        {"2024-01-15T23:00:00Z", 0, "2024-01-15"},
        {"2024-01-15T00:59:59Z", -60, "2024-01-14"},
        {"2024-01-15T01:00:00Z", -60, "2024-01-15"},
        {"2024-01-15 23:30:00.000Z", 60, "2024-01-16"},
        {"2024-01-15T23:59:59.999999Z", 0, "2024-01-15"},
        {"2024-12-31T23:30:00Z", 180, "2025-01-01"},
        {"2024-02-28T23:30:00Z", 60, "2024-02-29"},
        {"2024-01-15T00:30:00+01:00", 60, "2024-01-15"},
        {"2024-01-15T00:30:00+01:00", 0, "2024-01-14"},
        {"2024-01-15T00:30:00+0100", 0, "2024-01-14"},
        {"2024-01-15T00:30:00+01", 0, "2024-01-14"},
        {"2024-01-15T23:30:00-03:30", 0, "2024-01-16"},
        {"2024-01-15T23:30:00-0330", 0, "2024-01-16"},
        {"2024-01-15T23:30:00-03", 0, "2024-01-16"},
        {"2024-01-15T23:30:00.5-03", 0, "2024-01-16"},
        {"2024-01-15T10:00:00+14:00", 0, "2024-01-14"},
        {"2024-01-15T12:00:00-12:00", 0, "2024-01-16"},
        {"2024-01-15T10:30:00-00:00", 0, "2024-01-15"},
        {"2024-01-15T10:30Z", 0, "2024-01-15"},
        {"2024-01-15T10:30+01:00", 0, "2024-01-15"},
        /* a leap second belongs to the day it ends */
        {"2016-12-31T23:59:60Z", 0, "2016-12-31"},
        {"0001-01-01T00:00:00Z", 0, "0001-01-01"},
        {"9999-12-31T23:59:59Z", 0, "9999-12-31"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t day = 777;
        CHECK_CASE(cases[i].text);
        if (CHECK(repay_day_of_text(repay_text_of(cases[i].text), cases[i].zone, &day)))
            CHECK_TEXT(day_text(day), cases[i].day);
    }
    CHECK_CASE(NULL);
}

static void refuses_what_is_no_date_time(void)
{
    static const char *const texts[] = {
        "2024-01-15T",
        "2024-01-15 ",
        "2024-01-15t10:30:00",
        "2024-01-15T10",
        "2024-01-15T10:3",
        "2024-01-15T1:30:00",
        "2024-01-15T10:30:0",
        "2024-01-15T10:30:00.",
        "2024-01-15T10:30:00.Z",
        "2024-01-15T10:30:00,5Z",
        "2024-01-15T24:00:00Z",
        "2024-01-15T10:60:00Z",
        "2024-01-15T10:30:61Z",
        "2024-01-15T-1:30:00Z",
        "2024-01-15T10:30:00z",
        "2024-01-15T10:30:00ZZ",
        "2024-01-15T10:30:00Z ",
        "2024-01-15T10:30:00 Z",
        "2024-01-15  10:30:00",
        "2024-01-15\t10:30:00",
        "2024-01-15T10:30:00+1",
        "2024-01-15T10:30:00+1:00",
        "2024-01-15T10:30:00+01:0",
        "2024-01-15T10:30:00+01:",
        "2024-01-15T10:30:00+010",
        "2024-01-15T10:30:00+01000",
        "2024-01-15T10:30:00+01:60",
        "2024-01-15T10:30:00+14:01",
        "2024-01-15T10:30:00-15:00",
        "2024-01-15T10:30:00+99:99",
        "2024-01-15T10:30:00UTC",
        "2024-01-15T10:30:00+01:00Z",
        "2023-02-29T10:30:00Z",
        /* the moment lies outside the years that a day can say */
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
        "15 Jan 2024",
        "1705314600",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int32_t day = 777;
        CHECK_CASE(texts[i]);
        CHECK(!repay_day_of_text(repay_text_of(texts[i]), 0, &day));
        CHECK_INT(day, 777);
    }
    CHECK_CASE(NULL);
}

static void days_of_moments(void)
{
    CHECK_INT(repay_day_of_moment(0, 0), 0);
    CHECK_INT(repay_day_of_moment(-1, 0), -1);
    CHECK_INT(repay_day_of_moment(86399999, 0), 0);
    CHECK_INT(repay_day_of_moment(86400000, 0), 1);
    CHECK_INT(repay_day_of_moment(82800000, 60), 1);
    CHECK_INT(repay_day_of_moment(82799999, 60), 0);
    CHECK_INT(repay_day_of_moment(0, -1), -1);
    CHECK_INT(repay_day_of_moment(INT64_MIN, -840), REPAY_DAY_ABSENT);
    CHECK_INT(repay_day_of_moment(INT64_MAX, 840), REPAY_DAY_ABSENT);
    CHECK_INT(repay_day_of_moment(253402300799999, 0), REPAY_DAY_MAX);
    CHECK_INT(repay_day_of_moment(253402300799999, 1), REPAY_DAY_ABSENT);
    CHECK_INT(repay_day_of_moment(253402300800000, -1), REPAY_DAY_MAX);
    CHECK_INT(repay_day_of_moment(-62135596800000, 0), REPAY_DAY_MIN);
    CHECK_INT(repay_day_of_moment(-62135596800000, -1), REPAY_DAY_ABSENT);
}

static void moments_come_back_byte_for_byte(void)
{
    static const struct {
        const char *text;
        int64_t unix_ms;
        enum repay_moment_form form;
    } cases[] = {
        {"2024-01-15T10:30:00Z", 1705314600000, REPAY_MOMENT_SECONDS},
        {"2024-01-15T10:30:00.000Z", 1705314600000, REPAY_MOMENT_MILLIS},
        {"2024-01-15T10:30:00.123Z", 1705314600123, REPAY_MOMENT_MILLIS},
        {"2024-01-15", 1705276800000, REPAY_MOMENT_DAY},
        {"1970-01-01T00:00:00Z", 0, REPAY_MOMENT_SECONDS},
        {"1969-12-31T23:59:59.999Z", -1, REPAY_MOMENT_MILLIS},
        {"1969-12-31T23:59:59Z", -1000, REPAY_MOMENT_SECONDS},
        {"1969-12-31", -86400000, REPAY_MOMENT_DAY},
        {"0001-01-01T00:00:00.000Z", -62135596800000, REPAY_MOMENT_MILLIS},
        {"9999-12-31T23:59:59.999Z", 253402300799999, REPAY_MOMENT_MILLIS},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t packed = 0;
        char text[REPAY_MOMENT_TEXT_MAX];
        CHECK_CASE(cases[i].text);
        CHECK(repay_moment_pack(repay_text_of(cases[i].text), &packed));
        CHECK_INT(packed, cases[i].unix_ms * 4 + cases[i].form);
        CHECK_INT(repay_moment_form_of(packed), cases[i].form);
        size_t length = repay_moment_unpack(packed, text);
        CHECK_TEXT_IS(((struct repay_text){text, length}), cases[i].text);
    }
    CHECK_CASE(NULL);
}

static void other_forms_stay_text(void)
{
    static const char *const texts[] = {
        "",
        "2024-01-15T10:30Z",
        "2024-01-15T10:30:00",
        "2024-01-15 10:30:00Z",
        "2024-01-15T10:30:00.1Z",
        "2024-01-15T10:30:00.12Z",
        "2024-01-15T10:30:00.1234Z",
        "2024-01-15T10:30:00+00:00",
        "2024-01-15T10:30:00+01:00",
        "2016-12-31T23:59:60Z",
        "2016-12-31T23:59:60.000Z",
        "2024-01-15T24:00:00Z",
        "0000-01-01T00:00:00Z",
        "2023-02-29",
        "2024-01-15Z",
        "2024-01-15T10:30:00.000z",
        "2024-01-15T10:30:00.000Z ",
        "not a moment",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t packed = 777;
        CHECK_CASE(texts[i]);
        CHECK(!repay_moment_pack(repay_text_of(texts[i]), &packed));
        CHECK_INT(packed, 777);
    }
    CHECK_CASE(NULL);
}

/* A dump may hold any number; only those that pack makes are a text. */
static void unpack_takes_any_number(void)
{
    static const int64_t numbers[] = {
        INT64_MIN,
        INT64_MAX,
        INT64_MIN + 3,
        REPAY_MOMENT_ABSENT,
        3,
        7,
        -1,
        4,
        1000 * 4 + 2,
        253402300800000 * 4,
        253402300800000 * 4 + 1,
        -62135596800001 * 4 + 1,
        4 * 1001,
    };
    char text[REPAY_MOMENT_TEXT_MAX];

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        CHECK_INT(repay_moment_unpack(numbers[i], text), 0);
}

static void writes_moments(void)
{
    char text[REPAY_MOMENT_TEXT_MAX];

    CHECK_INT(repay_moment_write(1705314600999, text), 20);
    CHECK_TEXT_IS(((struct repay_text){text, 20}), "2024-01-15T10:30:00Z");
    CHECK_INT(repay_moment_write(-1, text), 20);
    CHECK_TEXT_IS(((struct repay_text){text, 20}), "1969-12-31T23:59:59Z");
    CHECK_INT(repay_moment_write(253402300800000, text), 0);
    CHECK_INT(repay_moment_write(-62135596800001, text), 0);
    CHECK_INT(repay_moment_write(INT64_MIN, text), 0);
    CHECK_INT(repay_moment_write(INT64_MAX, text), 0);
}

static void reads_http_dates(void)
{
    static const struct {
        const char *text;
        int64_t unix_s;
    } cases[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Wed Nov 16 08:49:37 1994", 784975777},
        {"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800},
        {"Thursday, 29-Feb-24 00:00:00 GMT", 1709164800},
        {"Thursday, 01-Jan-70 00:00:00 GMT", 0},
        {"Tuesday, 31-Dec-69 23:59:59 GMT", 3155759999},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228799},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
        /* the wrong weekday: the date says enough */
        {"Mon, 06 Nov 1994 08:49:37 GMT", 784111777},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t unix_ms = -1;
        CHECK_CASE(cases[i].text);
        CHECK(repay_http_date_read(repay_text_of(cases[i].text), &unix_ms));
        CHECK_INT(unix_ms, cases[i].unix_s * 1000);
    }
    CHECK_CASE(NULL);
}

static void refuses_what_is_no_http_date(void)
{
    static const char *const texts[] = {
        "",
        "Sun",
        "Sunday",
        "Sun,",
        "Sun, ",
        "120",
        "-1",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:00:61 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 2023 00:00:00 GMT",
        "Sat, 01 Jan 0000 00:00:00 GMT",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sunday Nov  6 08:49:37 1994",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov   6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Someday, 06-Nov-94 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t unix_ms = 777;
        CHECK_CASE(texts[i]);
        CHECK(!repay_http_date_read(repay_text_of(texts[i]), &unix_ms));
        CHECK_INT(unix_ms, 777);
    }
    CHECK_CASE(NULL);
}

static void reads_and_writes_zones(void)
{
    static const struct {
        const char *text;
        int minutes;
    } cases[] = {
        {"+01:00", 60},  {"-03:30", -210},     {"+00:00", 0},           {"-00:00", 0},
        {"+05:45", 345}, {"+14:00", 840},      {"-14:00", -840},        {"Z", 0},
        {"UTC", 0},      {"Africa/Lagos", 60}, {"Africa/Nairobi", 180},
    };
    static const char *const refused[] = {
        "",       "+1",      "+01",    "+0100",        "01:00",         "+1:00",
        "+01:0",  "+01:000", "+01:60", "+14:01",       "-14:30",        "+24:00",
        "z",      "utc",     "GMT",    "WAT",          "+01:00 ",       " +01:00",
        "+01-00", "++1:00",  "+-1:00", "africa/lagos", "Europe/Berlin", "60",
    };
    char text[REPAY_ZONE_TEXT_MAX];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int minutes = 777;
        CHECK_CASE(cases[i].text);
        CHECK(repay_zone_read(repay_text_of(cases[i].text), &minutes));
        CHECK_INT(minutes, cases[i].minutes);
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        int minutes = 777;
        CHECK_CASE(refused[i]);
        CHECK(!repay_zone_read(repay_text_of(refused[i]), &minutes));
        CHECK_INT(minutes, 777);
    }
    CHECK_CASE(NULL);
    for (int minutes = -840; minutes <= 840; minutes++) {
        int read = 777;
        repay_zone_write(minutes, text);
        CHECK(repay_zone_read((struct repay_text){text, sizeof text}, &read));
        CHECK_INT(read, minutes);
    }
    repay_zone_write(0, text);
    CHECK_TEXT_IS(((struct repay_text){text, sizeof text}), "+00:00");
}

int main(void)
{
    every_day_comes_back();
    known_days();
    refuses_what_is_no_day();
    days_of_texts();
    refuses_what_is_no_date_time();
    days_of_moments();
    moments_come_back_byte_for_byte();
    other_forms_stay_text();
    unpack_takes_any_number();
    writes_moments();
    reads_http_dates();
    refuses_what_is_no_http_date();
    reads_and_writes_zones();
    return CHECK_REPORT();
}
