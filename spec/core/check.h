/*
 * What a C test of the core needs: checks that count, name the line and go on, and a report.
 *
 * A test program is one file with one main that ends in `return CHECK_REPORT();`. A failed check
 * prints where and what and lets the rest run, because one run should show every fault. Nothing
 * here allocates, so a program that tests running out of memory can use it too.
 */
#ifndef REPAY_TEST_CHECK_H
#define REPAY_TEST_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

/* A broken loop would print a screenful per round; the count in the report stays exact. */
#define CHECK_PRINTED_MAX 50ul

#define CHECK_LINES_MAX 8192

/*
 * What the report counts: the lines of the test's own file that checked something. A check in a
 * loop is one check, however often it runs, so that the number means something.
 */
static unsigned long check_count;
static unsigned long check_failed;
static unsigned char check_lines[CHECK_LINES_MAX];
/* What the surrounding loop is at, printed with a failure: set it with CHECK_CASE. */
static const char *check_case;

static inline bool check_fails(void)
{
    check_failed++;
    return check_failed <= CHECK_PRINTED_MAX;
}

static inline void check_counts(const char *file, int line)
{
    /* Checks inside a shared header are part of the line that led there. */
    if (line >= CHECK_LINES_MAX || strcmp(file, __BASE_FILE__) != 0 || check_lines[line])
        return;
    check_lines[line] = 1;
    check_count++;
}

static inline void check_where(const char *file, int line)
{
    fprintf(stderr, "%s:%d: ", file, line);
    if (check_case)
        fprintf(stderr, "[%s] ", check_case);
}

static inline struct repay_text check_same_text(struct repay_text text)
{
    return text;
}

static inline struct repay_text check_terminated_text(const char *terminated)
{
    return repay_text_of(terminated);
}

static inline bool check_true(bool holds, const char *expression, const char *file, int line)
{
    check_counts(file, line);
    if (holds)
        return true;
    if (check_fails()) {
        check_where(file, line);
        fprintf(stderr, "does not hold: %s\n", expression);
    }
    return false;
}

static inline bool check_int(int64_t found, int64_t expected, const char *expression,
                             const char *file, int line)
{
    check_counts(file, line);
    if (found == expected)
        return true;
    if (check_fails()) {
        check_where(file, line);
        fprintf(stderr, "%s is %" PRId64 ", expected %" PRId64 "\n", expression, found, expected);
    }
    return false;
}

static inline bool check_text(struct repay_text found, struct repay_text expected,
                              const char *expression, const char *file, int line)
{
    check_counts(file, line);
    if (repay_text_equal(found, expected))
        return true;
    if (check_fails()) {
        check_where(file, line);
        fprintf(stderr, "%s is (%zu bytes) \"%.*s\", expected (%zu bytes) \"%.*s\"\n", expression,
                found.length, (int)found.length, found.data ? found.data : "", expected.length,
                (int)expected.length, expected.data ? expected.data : "");
    }
    return false;
}

static inline int check_report(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    const char *dot = strrchr(name, '.');
    int length = dot ? (int)(dot - name) : (int)strlen(name);

    if (check_failed > 0)
        printf("%.*s: %lu checks, %lu failures\n", length, name, check_count, check_failed);
    else
        printf("%.*s: %lu checks\n", length, name, check_count);
    /* A program in which no check ran has tested nothing and must not pass. */
    return check_failed > 0 || check_count == 0 ? 1 : 0;
}

/* Each gives true when it held, so that a test can leave a hopeless case. */
#define CHECK(condition) check_true((condition), #condition, __FILE__, __LINE__)
#define CHECK_INT(found, expected)                                                                 \
    check_int((int64_t)(found), (int64_t)(expected), #found, __FILE__, __LINE__)
/* Both are struct repay_text. */
#define CHECK_BYTES(found, expected) check_text((found), (expected), #found, __FILE__, __LINE__)
/* Either is a terminated string or a struct repay_text; NULL counts as "". */
#define CHECK_TEXT(found, expected)                                                                \
    check_text(CHECK_AS_TEXT(found), CHECK_AS_TEXT(expected), #found, __FILE__, __LINE__)
#define CHECK_AS_TEXT(value)                                                                       \
    _Generic((value), struct repay_text : check_same_text, default : check_terminated_text)(value)
/* A text of the core against a terminated string. */
#define CHECK_TEXT_IS(found, expected)                                                             \
    check_text((found), repay_text_of(expected), #found, __FILE__, __LINE__)
#define CHECK_CASE(terminated) ((void)(check_case = (terminated)))
#define CHECK_REPORT()         check_report(__FILE__)

#endif
