/*
 * What a crash point does in a crash build: the process ends there by SIGKILL, when REPAY_CRASH_AT
 * names the point, as in "C07" for its first hit or "C07:3" for its third.
 *
 * Forced into every file of that build by the Makefile, so that no source includes it. A point
 * stands in one file, which therefore counts its hits.
 */
#ifndef REPAY_TEST_CRASH_KILL_H
#define REPAY_TEST_CRASH_KILL_H

#include <signal.h>
#include <stdlib.h>
#include <string.h>

__attribute__((unused)) static void repay_crash_here(const char *name)
{
    static long hits;
    const char *at = getenv("REPAY_CRASH_AT");
    size_t length = strlen(name);
    long wanted;

    if (!at || strncmp(at, name, length) != 0 || (at[length] != '\0' && at[length] != ':'))
        return;
    wanted = at[length] == ':' ? strtol(at + length + 1, NULL, 10) : 1;
    if (++hits == wanted)
        (void)raise(SIGKILL);
}

#endif
