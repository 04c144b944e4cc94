/*
 * Any text as a date, any number as a packed moment: what is read writes back, and a moment is
 * packed only if it renders byte for byte.
 */
#include "date.h"
#include "must.h"

static void check_day(struct repay_text text)
{
    char back[REPAY_DAY_TEXT_MAX];
    int32_t day = 777;
    int32_t other = 777;

    if (!repay_day_read(text, &day)) {
        MUST(day == 777);
        return;
    }
    MUST(day >= REPAY_DAY_MIN && day <= REPAY_DAY_MAX);
    repay_day_write(day, back);
    MUST(repay_text_equal(text, (struct repay_text){back, sizeof back}));
    MUST(repay_day_from_civil(repay_civil_from_day(day)) == day);
    MUST(repay_day_of_text(text, 777, &other) && other == day);
}

static void check_day_of_text(struct repay_text text)
{
    int32_t here = 777;
    int32_t east = 777;
    int32_t day;
    bool read = repay_day_of_text(text, 0, &here);

    if (!read) {
        MUST(here == 777);
        return;
    }
    MUST(here >= REPAY_DAY_MIN && here <= REPAY_DAY_MAX);
    MUST(text.length >= REPAY_DAY_TEXT_MAX);
    MUST(repay_day_read((struct repay_text){text.data, REPAY_DAY_TEXT_MAX}, &day));
    MUST(here - day >= -1 && here - day <= 1);
    if (repay_day_of_text(text, 14 * 60, &east))
        MUST(east == here || east == here + 1);
    else
        MUST(here == REPAY_DAY_MAX);
}

static void check_moment(struct repay_text text)
{
    char back[REPAY_MOMENT_TEXT_MAX];
    int64_t packed = 777;
    int32_t day;

    if (!repay_moment_pack(text, &packed)) {
        MUST(packed == 777);
        return;
    }
    MUST(repay_moment_form_of(packed) != REPAY_MOMENT_TEXT);
    size_t length = repay_moment_unpack(packed, back);
    MUST(repay_text_equal(text, (struct repay_text){back, length}));
    MUST(repay_day_of_text(text, 0, &day));
    /* Exact: the form lies in the two lowest bits. */
    int64_t unix_ms = (packed - (int64_t)repay_moment_form_of(packed)) / 4;
    MUST(day == repay_day_of_moment(unix_ms, 0));
}

static void check_number(int64_t number)
{
    char text[REPAY_MOMENT_TEXT_MAX];
    int64_t packed = 777;
    int64_t unix_ms;
    size_t length = repay_moment_unpack(number, text);

    MUST(length <= REPAY_MOMENT_TEXT_MAX);
    if (length > 0)
        MUST(repay_moment_pack((struct repay_text){text, length}, &packed) && packed == number);
    length = repay_moment_write(number, text);
    if (length > 0) {
        MUST(repay_moment_pack((struct repay_text){text, length}, &packed));
        unix_ms = packed / 4;
        MUST(unix_ms <= number && number - unix_ms < 1000);
    } else {
        MUST(repay_day_of_moment(number, 0) == REPAY_DAY_ABSENT);
    }
}

static void check_zone(struct repay_text text)
{
    char back[REPAY_ZONE_TEXT_MAX];
    int minutes = 7777;
    int again = 7777;

    if (!repay_zone_read(text, &minutes)) {
        MUST(minutes == 7777);
        return;
    }
    MUST(minutes >= -840 && minutes <= 840);
    repay_zone_write(minutes, back);
    MUST(repay_zone_read((struct repay_text){back, sizeof back}, &again) && again == minutes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct repay_text text = {(const char *)data, size};
    int64_t number = 0;
    int64_t unix_ms = 777;

    check_day(text);
    check_day_of_text(text);
    check_moment(text);
    check_zone(text);
    if (repay_http_date_read(text, &unix_ms))
        MUST(repay_day_of_moment(unix_ms, 0) != REPAY_DAY_ABSENT && unix_ms % 1000 == 0);
    else
        MUST(unix_ms == 777);
    if (size <= sizeof number) {
        memcpy(&number, data, size);
        check_number(number);
    }
    return 0;
}
