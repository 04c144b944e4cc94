/*
 * What a C test says with: a few macros, a count of the places that were checked, and a report.
 *
 * A place in a loop counts once, however often it runs, so that the number means something; it is a
 * failed place as soon as one of its runs fails. Nothing stops at a failure: the rest is news too.
 * Not for threads.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

/* The first failures tell the story; a loop that fails a million times must not fill a disk. */
#define CHECK_PRINTED_MAX 40

struct check_place {
    bool seen;
    bool failed;
};

static unsigned check_places;
static unsigned check_failed_places;
static unsigned check_printed;
static char check_note_text[160];

/* Records one run of a place. True when its failure should be explained. */
static inline bool check_record(struct check_place *place, bool good, const char *file, int line)
{
    if (!place->seen) {
        place->seen = true;
        check_places++;
    }
    if (good)
        return false;
    if (!place->failed) {
        place->failed = true;
        check_failed_places++;
    }
    if (check_printed >= CHECK_PRINTED_MAX)
        return false;
    check_printed++;
    printf("%s:%d: ", file, line);
    if (check_note_text[0])
        printf("[%s] ", check_note_text);
    return true;
}

static inline struct repay_text check_text_of_c(const char *text)
{
    return repay_text_of(text);
}

static inline struct repay_text check_text_itself(struct repay_text text)
{
    return text;
}

static inline void check_print_text(struct repay_text text)
{
    if (!text.data) {
        printf("(none)");
        return;
    }
    putchar('"');
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte >= ' ' && byte < 0x7f)
            putchar(byte);
        else
            printf("\\x%02x", byte);
    }
    putchar('"');
}

static inline void check_int(struct check_place *place, long long got, long long wanted,
                             const char *what, const char *file, int line)
{
    if (check_record(place, got == wanted, file, line))
        printf("%s is %lld, not %lld\n", what, got, wanted);
}

static inline void check_text(struct check_place *place, struct repay_text got,
                              struct repay_text wanted, const char *what, const char *file,
                              int line)
{
    if (!check_record(place, repay_text_equal(got, wanted), file, line))
        return;
    printf("%s is ", what);
    check_print_text(got);
    printf(", not ");
    check_print_text(wanted);
    putchar('\n');
}

static inline int check_report(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    const char *dot = strrchr(name, '.');
    int length = dot ? (int)(dot - name) : (int)strlen(name);
    printf("%.*s: %u checks", length, name, check_places);
    if (check_failed_places > 0)
        printf(", %u failed", check_failed_places);
    putchar('\n');
    /* A test that checked nothing has not passed. */
    return check_places == 0 || check_failed_places > 0;
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        static struct check_place check_here;                                                      \
        if (check_record(&check_here, (condition), __FILE__, __LINE__))                            \
            printf("not so: %s\n", #condition);                                                    \
    } while (0)

#define CHECK_INT(got, wanted)                                                                     \
    do {                                                                                           \
        static struct check_place check_here;                                                      \
        check_int(&check_here, (long long)(got), (long long)(wanted), #got, __FILE__, __LINE__);   \
    } while (0)

/* Either side is a terminated string or a struct repay_text. */
#define CHECK_TEXT(got, wanted)                                                                    \
    do {                                                                                           \
        static struct check_place check_here;                                                      \
        check_text(&check_here, CHECK_AS_TEXT(got), CHECK_AS_TEXT(wanted), #got, __FILE__,         \
                   __LINE__);                                                                      \
    } while (0)

#define CHECK_AS_TEXT(value)                                                                       \
    _Generic((value),                                                                              \
             char *: check_text_of_c,                                                              \
             const char *: check_text_of_c,                                                        \
             struct repay_text: check_text_itself)(value)

/* Stands before the failures that follow, so that a loop says which of its cases failed. */
#define CHECK_NOTE(...) ((void)snprintf(check_note_text, sizeof check_note_text, __VA_ARGS__))

#define CHECK_REPORT() check_report(__FILE__)

#endif
