/*
 * Civil days and moments. See date.h.
 *
 * Owns the calendar, the forms of date text that providers and HTTP use, and the packed moment.
 * Refuses loose forms: a text that could be read two ways is no date, and its owner keeps the text.
 * No clock, no locale, no time zone database: the C library's own date functions depend on all
 * three.
 */
#include "date.h"

#include <assert.h>

#define MINUTE_MS      ((int64_t)60000)
#define SECOND_MS      ((int64_t)1000)
#define OFFSET_MAX     (14 * 60) /* Kiribati's; no zone is further from UTC */
#define DAYS_IN_400    146097
#define DAYS_TO_EPOCH  719468 /* from 0000-03-01 to 1970-01-01 */
#define SECONDS_LENGTH 20     /* 2024-01-15T10:30:00Z */

/* A text that is read from the left. Each take moves `at` only when it succeeds. */
struct reader {
    struct repay_text text;
    size_t at;
};

static int64_t floor_divide(int64_t value, int64_t by)
{
    int64_t quotient = value / by;

    return value % by < 0 ? quotient - 1 : quotient;
}

/*
 * Years are counted from March here, so that the leap day is the last of its year and the months
 * before it have lengths that one straight line describes: 153 days in every five months.
 */
int32_t repay_day_from_civil(struct repay_civil civil)
{
    bool before_march = civil.month <= 2;
    int32_t year = civil.year - (before_march ? 1 : 0);
    int32_t month = civil.month + (before_march ? 9 : -3);
    int32_t era = (int32_t)floor_divide(year, 400);
    int32_t year_of_era = year - era * 400;
    int32_t day_of_year = (153 * month + 2) / 5 + civil.day - 1;
    int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * DAYS_IN_400 + day_of_era - DAYS_TO_EPOCH;
}

struct repay_civil repay_civil_from_day(int32_t day)
{
    assert(day >= REPAY_DAY_MIN && day <= REPAY_DAY_MAX);
    int32_t shifted = day + DAYS_TO_EPOCH; /* never negative: 0000-03-01 is before year 1 */
    int32_t era = shifted / DAYS_IN_400;
    int32_t day_of_era = shifted % DAYS_IN_400;
    /* Take out the leap days that lie before this day; what is left are years of 365 days. */
    int32_t leap_days = day_of_era / 1460 - day_of_era / 36524 + day_of_era / 146096;
    int32_t year_of_era = (day_of_era - leap_days) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t month = (5 * day_of_year + 2) / 153;
    struct repay_civil civil = {
        .year = era * 400 + year_of_era + (month >= 10 ? 1 : 0),
        .month = month < 10 ? month + 3 : month - 9,
        .day = day_of_year - (153 * month + 2) / 5 + 1,
    };

    return civil;
}

static bool civil_exists(struct repay_civil civil)
{
    static const signed char lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (civil.year < 1 || civil.month < 1 || civil.month > 12 || civil.day < 1)
        return false;
    bool leap = civil.year % 4 == 0 && (civil.year % 100 != 0 || civil.year % 400 == 0);
    int32_t length = lengths[civil.month - 1] + (civil.month == 2 && leap ? 1 : 0);
    return civil.day <= length;
}

int repay_day_weekday(int32_t day)
{
    /* Day 0 was a Thursday. */
    int64_t shifted = (int64_t)day + 3;

    return (int)(shifted - floor_divide(shifted, 7) * 7);
}

static bool take_byte(struct reader *reader, char byte)
{
    if (reader->at >= reader->text.length || reader->text.data[reader->at] != byte)
        return false;
    reader->at++;
    return true;
}

static bool take_word(struct reader *reader, const char *word)
{
    size_t length = strlen(word);

    if (length > reader->text.length - reader->at ||
        memcmp(reader->text.data + reader->at, word, length) != 0)
        return false;
    reader->at += length;
    return true;
}

static bool take_digits(struct reader *reader, size_t count, int32_t *value)
{
    int32_t read = 0;

    if (count > reader->text.length - reader->at)
        return false;
    for (size_t i = 0; i < count; i++) {
        char byte = reader->text.data[reader->at + i];
        if (!repay_is_digit(byte))
            return false;
        read = read * 10 + (byte - '0');
    }
    reader->at += count;
    *value = read;
    return true;
}

static bool at_end(const struct reader *reader)
{
    return reader->at == reader->text.length;
}

static bool take_day(struct reader *reader, int32_t *day)
{
    struct repay_civil civil;

    if (!take_digits(reader, 4, &civil.year) || !take_byte(reader, '-') ||
        !take_digits(reader, 2, &civil.month) || !take_byte(reader, '-') ||
        !take_digits(reader, 2, &civil.day) || !civil_exists(civil))
        return false;
    *day = repay_day_from_civil(civil);
    return true;
}

/* hh:mm, and :ss where it is there or must be, in milliseconds of the day. */
static bool take_clock(struct reader *reader, bool wants_seconds, int64_t *clock_ms)
{
    int32_t hour, minute;
    int32_t second = 0;

    if (!take_digits(reader, 2, &hour) || hour > 23 || !take_byte(reader, ':') ||
        !take_digits(reader, 2, &minute) || minute > 59)
        return false;
    if (take_byte(reader, ':')) {
        if (!take_digits(reader, 2, &second) || second > 60)
            return false;
    } else if (wants_seconds) {
        return false;
    }
    /* Unix time has no leap second; it counts as the one before, which lies on the same day. */
    if (second == 60)
        second = 59;
    *clock_ms = hour * 60 * MINUTE_MS + minute * MINUTE_MS + second * SECOND_MS;
    return true;
}

/* A fraction cannot change the day, so its digits are checked and not counted. */
static bool take_fraction(struct reader *reader)
{
    int32_t digit;

    if (!take_byte(reader, '.'))
        return true;
    if (!take_digits(reader, 1, &digit))
        return false;
    while (take_digits(reader, 1, &digit))
        continue;
    return true;
}

/* A sign, hours, and minutes with or without a colon, or none at all where that is allowed. */
static bool take_offset(struct reader *reader, bool colon_only, int *minutes)
{
    bool west = take_byte(reader, '-');
    int32_t hour;
    int32_t minute = 0;

    if ((!west && !take_byte(reader, '+')) || !take_digits(reader, 2, &hour))
        return false;
    if (take_byte(reader, ':')) {
        if (!take_digits(reader, 2, &minute))
            return false;
    } else if (colon_only || (!at_end(reader) && !take_digits(reader, 2, &minute))) {
        return false;
    }
    if (minute > 59 || hour * 60 + minute > OFFSET_MAX)
        return false;
    *minutes = west ? -(hour * 60 + minute) : hour * 60 + minute;
    return true;
}

bool repay_day_read(struct repay_text text, int32_t *day)
{
    struct reader reader = {text, 0};
    int32_t read;

    if (!take_day(&reader, &read) || !at_end(&reader))
        return false;
    *day = read;
    return true;
}

static void put_digits(char *out, size_t count, int32_t value)
{
    for (size_t i = count; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
}

void repay_day_write(int32_t day, char out[REPAY_DAY_TEXT_MAX])
{
    struct repay_civil civil = repay_civil_from_day(day);

    put_digits(out, 4, civil.year);
    out[4] = '-';
    put_digits(out + 5, 2, civil.month);
    out[7] = '-';
    put_digits(out + 8, 2, civil.day);
}

int32_t repay_day_of_moment(int64_t unix_ms, int zone_minutes)
{
    /* Checked before the zone is added, so that no moment can overflow. */
    if (unix_ms < REPAY_MOMENT_MIN_MS - REPAY_DAY_MS ||
        unix_ms > REPAY_MOMENT_MAX_MS + REPAY_DAY_MS)
        return REPAY_DAY_ABSENT;
    int64_t day = floor_divide(unix_ms + zone_minutes * MINUTE_MS, REPAY_DAY_MS);
    if (day < REPAY_DAY_MIN || day > REPAY_DAY_MAX)
        return REPAY_DAY_ABSENT;
    return (int32_t)day;
}

bool repay_day_of_text(struct repay_text text, int zone_minutes, int32_t *day)
{
    struct reader reader = {text, 0};
    int32_t own_day;
    int64_t clock_ms;
    int offset = 0;

    if (!take_day(&reader, &own_day))
        return false;
    if (at_end(&reader)) {
        *day = own_day;
        return true;
    }
    if (!take_byte(&reader, 'T') && !take_byte(&reader, ' '))
        return false;
    if (!take_clock(&reader, false, &clock_ms) || !take_fraction(&reader))
        return false;
    if (at_end(&reader)) {
        *day = own_day;
        return true;
    }
    if (!take_byte(&reader, 'Z') && !take_offset(&reader, false, &offset))
        return false;
    if (!at_end(&reader))
        return false;
    int32_t there =
        repay_day_of_moment(own_day * REPAY_DAY_MS + clock_ms - offset * MINUTE_MS, zone_minutes);
    if (there == REPAY_DAY_ABSENT)
        return false;
    *day = there;
    return true;
}

/* The moment that a text of one of the three packed forms says, or false for any other text. */
static bool read_packed_form(struct repay_text text, int64_t *unix_ms, enum repay_moment_form *form)
{
    struct reader reader = {text, 0};
    int32_t day;
    int64_t clock_ms = 0;
    int32_t millis = 0;

    if (!take_day(&reader, &day))
        return false;
    *form = REPAY_MOMENT_DAY;
    if (!at_end(&reader)) {
        *form = REPAY_MOMENT_SECONDS;
        if (!take_byte(&reader, 'T') || !take_clock(&reader, true, &clock_ms))
            return false;
        if (take_byte(&reader, '.')) {
            *form = REPAY_MOMENT_MILLIS;
            if (!take_digits(&reader, 3, &millis))
                return false;
        }
        if (!take_byte(&reader, 'Z') || !at_end(&reader))
            return false;
    }
    *unix_ms = day * REPAY_DAY_MS + clock_ms + millis;
    return true;
}

bool repay_moment_pack(struct repay_text text, int64_t *packed)
{
    enum repay_moment_form form;
    char back[REPAY_MOMENT_TEXT_MAX];
    int64_t unix_ms;

    if (text.length > REPAY_MOMENT_TEXT_MAX || !read_packed_form(text, &unix_ms, &form))
        return false;
    int64_t candidate = unix_ms * 4 + form;
    /* Rendering is the test: a leap second, say, reads as a moment and writes another text. */
    size_t length = repay_moment_unpack(candidate, back);
    if (!repay_text_equal(text, (struct repay_text){back, length}))
        return false;
    *packed = candidate;
    return true;
}

/* 2024-01-15T10:30:00 without a zone: 19 bytes. The moment is in range. */
static void write_clock(int64_t unix_ms, char *out)
{
    int64_t day = floor_divide(unix_ms, REPAY_DAY_MS);
    int32_t seconds = (int32_t)((unix_ms - day * REPAY_DAY_MS) / SECOND_MS);

    repay_day_write((int32_t)day, out);
    out[10] = 'T';
    put_digits(out + 11, 2, seconds / 3600);
    out[13] = ':';
    put_digits(out + 14, 2, seconds / 60 % 60);
    out[16] = ':';
    put_digits(out + 17, 2, seconds % 60);
}

size_t repay_moment_unpack(int64_t packed, char out[REPAY_MOMENT_TEXT_MAX])
{
    enum repay_moment_form form = repay_moment_form_of(packed);
    int64_t unix_ms = floor_divide(packed, 4);

    if (unix_ms < REPAY_MOMENT_MIN_MS || unix_ms > REPAY_MOMENT_MAX_MS)
        return 0;
    switch (form) {
    case REPAY_MOMENT_SECONDS:
        return unix_ms % SECOND_MS == 0 ? repay_moment_write(unix_ms, out) : 0;
    case REPAY_MOMENT_MILLIS:
        write_clock(unix_ms, out);
        out[19] = '.';
        put_digits(out + 20, 3, (int32_t)(unix_ms - floor_divide(unix_ms, SECOND_MS) * SECOND_MS));
        out[23] = 'Z';
        return REPAY_MOMENT_TEXT_MAX;
    case REPAY_MOMENT_DAY:
        if (unix_ms % REPAY_DAY_MS != 0)
            return 0;
        repay_day_write((int32_t)(unix_ms / REPAY_DAY_MS), out);
        return REPAY_DAY_TEXT_MAX;
    case REPAY_MOMENT_TEXT:
        break;
    }
    return 0;
}

size_t repay_moment_write(int64_t unix_ms, char out[REPAY_MOMENT_TEXT_MAX])
{
    if (unix_ms < REPAY_MOMENT_MIN_MS || unix_ms > REPAY_MOMENT_MAX_MS)
        return 0;
    write_clock(unix_ms, out);
    out[19] = 'Z';
    return SECONDS_LENGTH;
}

static bool take_name(struct reader *reader, const char *const *names, size_t count, int32_t *index)
{
    for (size_t i = 0; i < count; i++) {
        if (take_word(reader, names[i])) {
            *index = (int32_t)i;
            return true;
        }
    }
    return false;
}

static bool take_month(struct reader *reader, int32_t *month)
{
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int32_t index;

    if (!take_name(reader, names, sizeof names / sizeof names[0], &index))
        return false;
    *month = index + 1;
    return true;
}

/* Sun, 06 Nov 1994 08:49:37 GMT, after "Sun, ". */
static bool take_fixed_date(struct reader *reader, struct repay_civil *civil, int64_t *clock_ms)
{
    return take_digits(reader, 2, &civil->day) && take_byte(reader, ' ') &&
           take_month(reader, &civil->month) && take_byte(reader, ' ') &&
           take_digits(reader, 4, &civil->year) && take_byte(reader, ' ') &&
           take_clock(reader, true, clock_ms) && take_word(reader, " GMT");
}

/* Sunday, 06-Nov-94 08:49:37 GMT, after "Sunday, ". */
static bool take_old_date(struct reader *reader, struct repay_civil *civil, int64_t *clock_ms)
{
    int32_t year;

    if (!take_digits(reader, 2, &civil->day) || !take_byte(reader, '-') ||
        !take_month(reader, &civil->month) || !take_byte(reader, '-') ||
        !take_digits(reader, 2, &year))
        return false;
    civil->year = year < 70 ? 2000 + year : 1900 + year;
    return take_byte(reader, ' ') && take_clock(reader, true, clock_ms) &&
           take_word(reader, " GMT");
}

/* Sun Nov  6 08:49:37 1994, after "Sun ". */
static bool take_asctime_date(struct reader *reader, struct repay_civil *civil, int64_t *clock_ms)
{
    if (!take_month(reader, &civil->month) || !take_byte(reader, ' '))
        return false;
    size_t day_digits = take_byte(reader, ' ') ? 1 : 2;
    return take_digits(reader, day_digits, &civil->day) && take_byte(reader, ' ') &&
           take_clock(reader, true, clock_ms) && take_byte(reader, ' ') &&
           take_digits(reader, 4, &civil->year);
}

bool repay_http_date_read(struct repay_text text, int64_t *unix_ms)
{
    static const char *const long_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                             "Friday", "Saturday", "Sunday"};
    static const char *const short_names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    struct reader reader = {text, 0};
    struct repay_civil civil;
    int64_t clock_ms;
    int32_t weekday;
    bool read;

    if (take_name(&reader, long_names, 7, &weekday))
        read = take_word(&reader, ", ") && take_old_date(&reader, &civil, &clock_ms);
    else if (!take_name(&reader, short_names, 7, &weekday))
        return false;
    else if (take_word(&reader, ", "))
        read = take_fixed_date(&reader, &civil, &clock_ms);
    else
        read = take_byte(&reader, ' ') && take_asctime_date(&reader, &civil, &clock_ms);
    if (!read || !at_end(&reader) || !civil_exists(civil))
        return false;
    *unix_ms = repay_day_from_civil(civil) * REPAY_DAY_MS + clock_ms;
    return true;
}

bool repay_zone_read(struct repay_text text, int *minutes)
{
    static const struct {
        const char *name;
        int minutes;
    } zones[] = {{"Z", 0}, {"UTC", 0}, {"Africa/Lagos", 60}, {"Africa/Nairobi", 180}};
    struct reader reader = {text, 0};
    int offset;

    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        if (repay_text_is(text, zones[i].name)) {
            *minutes = zones[i].minutes;
            return true;
        }
    }
    if (!take_offset(&reader, true, &offset) || !at_end(&reader))
        return false;
    *minutes = offset;
    return true;
}

void repay_zone_write(int minutes, char out[REPAY_ZONE_TEXT_MAX])
{
    int size = minutes < 0 ? -minutes : minutes;

    assert(size <= OFFSET_MAX);
    out[0] = minutes < 0 ? '-' : '+';
    put_digits(out + 1, 2, size / 60);
    out[3] = ':';
    put_digits(out + 4, 2, size % 60);
}
