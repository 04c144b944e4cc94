/*
 * The two forms of date that nearly every body uses, decoded a word at a time: YYYY-MM-DD and
 * hh:mm:ss. Same answers as date.h where these say yes; a no means only "not in this form". For the
 * reader of rows, where a date stands in every row.
 */
#ifndef REPAY_DATE_FAST_H
#define REPAY_DATE_FAST_H

#include "wide_bytes.h"

/* Ten characters to a day that exists. Reads 12 bytes. */
static inline bool repay_day_decode(const char *at, int32_t *day)
{
    static const uint16_t days_before[13] = {0,   0,   31,  59,  90,  120, 151,
                                             181, 212, 243, 273, 304, 334};
    static const uint8_t lengths[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    /* "0000-00-" and "00" become zeros, digits their values, and anything else is above nine. */
    uint64_t head = repay_load_8(at) ^ 0x2d30302d30303030u;
    uint32_t tail = (repay_load_4(at + 8) & 0xffff) ^ 0x3030u;
    uint64_t over = ((head & REPAY_EACH_BYTE(0x7f)) + 0x7f76767f76767676u) | head;
    uint32_t over_tail = ((tail & 0x7f7f) + 0x7676u) | tail;
    if (((over & REPAY_EACH_BYTE(0x80)) | (over_tail & 0x8080u)) != 0)
        return false;
    uint64_t pairs = head * 10 + (head >> 8);
    uint32_t year = (uint32_t)(pairs & 0xff) * 100 + (uint32_t)(pairs >> 16 & 0xff);
    uint32_t month = (uint32_t)(pairs >> 40 & 0xff);
    uint32_t date = (tail & 0xff) * 10 + (tail >> 8);
    if (month - 1 > 11 || year == 0)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (date - 1 >= lengths[month] + (leap && month == 2 ? 1u : 0u))
        return false;
    /* Whole years before this one, from year 1; 719162 days lie before 1970. */
    uint32_t years = year - 1;
    uint32_t days = years * 365 + years / 4 - years / 100 + years / 400 + days_before[month] + date;
    *day = (int32_t)days - 719163 + (leap && month > 2 ? 1 : 0);
    return true;
}

/* Eight characters, hh:mm:ss below 24:00:00, to milliseconds of the day. */
static inline bool repay_time_decode(const char *at, uint32_t *ms)
{
    uint64_t word = repay_load_8(at) ^ 0x30303a30303a3030u;
    uint64_t over = ((word & REPAY_EACH_BYTE(0x7f)) + 0x76767f76767f7676u) | word;
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
