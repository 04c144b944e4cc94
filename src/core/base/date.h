/*
 * Civil days and moments. A day is an int32 count since 1970-01-01 in the proleptic Gregorian
 * calendar; a moment is milliseconds of Unix time. Zones are fixed offsets in minutes, because the
 * places we serve have no summer time. No clock is read here.
 */
#ifndef REPAY_DATE_H
#define REPAY_DATE_H

#include <stdint.h>

#include "text.h"

#define REPAY_DAY_ABSENT      INT32_MIN
#define REPAY_DAY_MIN         (-719162) /* 0001-01-01: the first day that YYYY-MM-DD can say */
#define REPAY_DAY_MAX         2932896   /* 9999-12-31 */
#define REPAY_DAY_MS          ((int64_t)86400000)
/* The moments of those days, which is all that the text of one can say. */
#define REPAY_MOMENT_MIN_MS   (REPAY_DAY_MIN * REPAY_DAY_MS)
#define REPAY_MOMENT_MAX_MS   ((REPAY_DAY_MAX + 1) * REPAY_DAY_MS - 1)
#define REPAY_MOMENT_ABSENT   INT64_MIN
#define REPAY_DAY_TEXT_MAX    10 /* 2026-01-31 */
#define REPAY_MOMENT_TEXT_MAX 24 /* 2026-01-31T10:30:00.123Z */
#define REPAY_ZONE_TEXT_MAX   6  /* +01:00 */

struct repay_civil {
    int32_t year; /* 1 to 9999 */
    int32_t month;
    int32_t day;
};

/* The civil day must exist; the other way any day from REPAY_DAY_MIN to REPAY_DAY_MAX. */
int32_t repay_day_from_civil(struct repay_civil civil);
struct repay_civil repay_civil_from_day(int32_t day);
/* Exactly YYYY-MM-DD and a day that exists. */
bool repay_day_read(struct repay_text text, int32_t *day);
/* The day lies between REPAY_DAY_MIN and REPAY_DAY_MAX. Writes ten bytes, no terminator. */
void repay_day_write(int32_t day, char out[REPAY_DAY_TEXT_MAX]);
/* 0 Monday to 6 Sunday. */
int repay_day_weekday(int32_t day);

/*
 * What a provider's date text says about the day, in a zone: YYYY-MM-DD is that day; a date-time
 * with a zone is the day of that moment in `zone_minutes`; one without is its own date part.
 * Accepts 'T' or one blank between date and time, hh:mm or hh:mm:ss, then an optional fraction,
 * 'Z', +hh:mm, +hhmm or +hh. An offset beyond 14 hours is no place on earth and makes the text no
 * date.
 */
bool repay_day_of_text(struct repay_text text, int zone_minutes, int32_t *day);
/* REPAY_DAY_ABSENT for a moment outside the years 1 to 9999. */
int32_t repay_day_of_moment(int64_t unix_ms, int zone_minutes);

/*
 * A moment packed with the form it was written in, so that it renders back byte for byte:
 * milliseconds * 4 + form. Texts that do not render back are refused, and kept as text by the
 * caller.
 */
enum repay_moment_form {
    REPAY_MOMENT_SECONDS, /* 2024-01-15T10:30:00Z */
    REPAY_MOMENT_MILLIS,  /* 2024-01-15T10:30:00.000Z */
    REPAY_MOMENT_DAY,     /* 2024-01-15 */
    REPAY_MOMENT_TEXT     /* not a moment: the rest is a text code of the schedule */
};
bool repay_moment_pack(struct repay_text text, int64_t *packed);
/* The text's length; 0 for a number that repay_moment_pack makes of no text. */
size_t repay_moment_unpack(int64_t packed, char out[REPAY_MOMENT_TEXT_MAX]);
static inline enum repay_moment_form repay_moment_form_of(int64_t packed)
{
    return (enum repay_moment_form)(packed & 3);
}

/*
 * ISO 8601 in UTC with seconds, as request headers want it. Returns the length, 0 for a moment
 * outside the years 1 to 9999.
 */
size_t repay_moment_write(int64_t unix_ms, char out[REPAY_MOMENT_TEXT_MAX]);
/*
 * The three date forms of RFC 9110 (Retry-After, Date). No clock is asked, so a year of two digits
 * is 1970 to 2069. The name of the weekday must be one, and need not be the right one.
 */
bool repay_http_date_read(struct repay_text text, int64_t *unix_ms);
/* "+01:00", "-03:30", "Z", "UTC", "Africa/Lagos", "Africa/Nairobi"; at most 14 hours. */
bool repay_zone_read(struct repay_text text, int *minutes);
/* "+01:00", for UTC "+00:00". Six bytes, no terminator. */
void repay_zone_write(int minutes, char out[REPAY_ZONE_TEXT_MAX]);

#endif
