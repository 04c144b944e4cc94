/*
 * The two forms of date that nearly every body uses, decoded a word at a time: YYYY-MM-DD and
 * hh:mm:ss. Same answers as date.h where these say yes; a no means only "not in this form". For the
 * reader of rows, where a date stands in every row.
 *
 * A byte that is above nine after the subtraction gets its high bit from the addition, or had it
 * already. Only one that had it can carry into the next, and it is seen itself.
 */
#ifndef REPAY_DATE_FAST_H
#define REPAY_DATE_FAST_H

#include "date.h"
#include "wide_bytes.h"

/* The days before a year from 1 on, counted from 1970; whether it is a leap year. */
static inline int32_t repay_year_begin(uint32_t year, uint32_t *leap)
{
    uint32_t before = year - 1;
    *leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 1 : 0;
    return (int32_t)(before * 365 + before / 4 - before / 100 + before / 400) + REPAY_DAY_MIN;
}

/* Ten characters to a day that exists. Reads just these. */
static REPAY_ALWAYS_INLINE bool repay_day_decode(const char *at, int32_t *day)
{
    static const struct {
        uint16_t before, length;
    } months[2][13] = {
        {{0, 0},
         {0, 31},
         {31, 28},
         {59, 31},
         {90, 30},
         {120, 31},
         {151, 30},
         {181, 31},
         {212, 31},
         {243, 30},
         {273, 31},
         {304, 30},
         {334, 31}},
        {{0, 0},
         {0, 31},
         {31, 29},
         {60, 31},
         {91, 30},
         {121, 31},
         {152, 30},
         {182, 31},
         {213, 31},
         {244, 30},
         {274, 31},
         {305, 30},
         {335, 31}},
    };
    /* Of "yy-mm-dd" hyphens become zeros, digits their values, and anything else is above nine. */
    uint64_t word = repay_load_8(at + 2) ^ 0x30302d30302d3030u;
    uint64_t over = (word + 0x76767f76767f7676u) | word;
    if ((over & REPAY_EACH_BYTE(0x80)) != 0)
        return false;
    uint64_t pairs = word * 10 + (word >> 8);
    uint32_t year = (uint32_t)(pairs & 0xff);
    uint32_t month = (uint32_t)(pairs >> 24 & 0xff);
    uint32_t date = (uint32_t)(pairs >> 48 & 0xff);
    uint32_t leap = year % 4 == 0 ? 1 : 0;
    /* Of this century every fourth year from 2000 on is a leap year; 10957 days lie before it. */
    int32_t begin = 10957 + (int32_t)((year * 1461 + 3) / 4);
    if (REPAY_UNLIKELY(at[0] != '2' || at[1] != '0')) {
        if (!repay_is_digit(at[0]) || !repay_is_digit(at[1]))
            return false;
        year += (uint32_t)(at[0] - '0') * 1000 + (uint32_t)(at[1] - '0') * 100;
        if (year == 0)
            return false;
        begin = repay_year_begin(year, &leap);
    }
    if (month > 12 || date - 1 >= months[leap][month].length)
        return false;
    *day = begin + months[leap][month].before + (int32_t)date - 1;
    return true;
}

/* Eight characters, hh:mm:ss below 24:00:00, to milliseconds of the day. */
static inline bool repay_time_decode(const char *at, uint32_t *ms)
{
    uint64_t word = repay_load_8(at) ^ 0x30303a30303a3030u;
    uint64_t over = (word + 0x76767f76767f7676u) | word;
    if ((over & REPAY_EACH_BYTE(0x80)) != 0)
        return false;
    uint64_t pairs = word * 10 + (word >> 8);
    uint32_t hours = (uint32_t)(pairs & 0xff);
    uint32_t minutes = (uint32_t)(pairs >> 24 & 0xff);
    uint32_t seconds = (uint32_t)(pairs >> 48 & 0xff);
    if (hours > 23 || minutes > 59 || seconds > 59)
        return false;
    *ms = ((hours * 60 + minutes) * 60 + seconds) * 1000;
    return true;
}

#endif
