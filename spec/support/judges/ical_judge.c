/*
 * Reads an iCalendar from its input with libical, a reader that is not ours, and says what it
 * found: "events N errors N" and a line for each event: UID, first day, sequence, summary. A
 * specification compiles it where libical is installed.
 */
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (16 << 20)

int main(void)
{
    char *text = malloc(INPUT_MAX);
    icalcomponent *calendar, *event;
    size_t length;

    if (!text)
        return 1;
    length = fread(text, 1, INPUT_MAX - 1, stdin);
    text[length] = '\0';
    calendar = icalparser_parse_string(text);
    free(text);
    if (!calendar)
        return 1;
    icalrestriction_check(calendar);
    (void)printf("events %d errors %d\n",
                 icalcomponent_count_components(calendar, ICAL_VEVENT_COMPONENT),
                 icalcomponent_count_errors(calendar));
    for (event = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT); event;
         event = icalcomponent_get_next_component(calendar, ICAL_VEVENT_COMPONENT)) {
        struct icaltimetype start = icalcomponent_get_dtstart(event);

        (void)printf("%s\t%d\t%04d-%02d-%02d\t%d\t%s\n", icalcomponent_get_uid(event),
                     start.is_date, start.year, start.month, start.day,
                     icalcomponent_get_sequence(event), icalcomponent_get_summary(event));
    }
    icalcomponent_free(calendar);
    return 0;
}
