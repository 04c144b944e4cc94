/*
 * The places at which a test build may be killed, to show that nothing is lost or doubled there.
 *
 * In every other build a point is nothing at all. A crash build defines REPAY_CRASH_POINTS and
 * brings repay_crash_here(name) itself (spec/support/crash_kill.h): the process ends by SIGKILL
 * when the environment names the point and this is the hit it names. The comment after a point says
 * what is on disk then.
 */
#ifndef REPAY_CRASH_POINTS_H
#define REPAY_CRASH_POINTS_H

/* The second form is for places that reads pass as well. */
#ifdef REPAY_CRASH_POINTS
#define REPAY_CRASH_POINT(name) repay_crash_here(name)
#define REPAY_CRASH_POINT_OF_WRITE(name, call)                                                     \
    ((call)->operation->is_write ? repay_crash_here(name) : (void)0)
#else
#define REPAY_CRASH_POINT(name)                ((void)0)
#define REPAY_CRASH_POINT_OF_WRITE(name, call) ((void)(call))
#endif

/* name, where it stands: C in src, L in lua, S in the sandbox server */
#define REPAY_CRASH_POINT_LIST(X)                                                                  \
    X("C01", C) /* plan: before the transaction */                                                 \
    X("C02", C) /* plan: inside it */                                                              \
    X("C03", C) /* plan: committed, caller not told */                                             \
    X("C04", C) /* approval: written, not committed */                                             \
    X("C05", C) /* approval: committed */                                                          \
    X("C06", C) /* claim: before it */                                                             \
    X("C07", C) /* claim: written, not committed */                                                \
    X("C08", C) /* claim: committed, nothing sent */                                               \
    X("C09", C) /* network: name and TCP */                                                        \
    X("C10", S) /* network: TLS */                                                                 \
    X("C11", C) /* network: in the pre-request hook */                                             \
    X("C12", L) /* network: part of the headers */                                                 \
    X("C13", L) /* network: part of the body */                                                    \
    X("C14", S) /* network: all sent, not processed */                                             \
    X("C15", S) /* network: processed, no reply */                                                 \
    X("C16", C) /* network: status line only */                                                    \
    X("C17", C) /* network: body cut */                                                            \
    X("C18", C) /* network: whole reply in memory */                                               \
    X("C19", C) /* outcome: parsed, not written */                                                 \
    X("C20", C) /* outcome: written, not committed */                                              \
    X("C21", C) /* outcome: committed, lock held */                                                \
    X("C22", C) /* outcome: lock free, caller not told */                                          \
    X("C23", L) /* outcome: told, summary half written */                                          \
    X("C24", L) /* retry: in backoff */                                                            \
    X("C25", C) /* retry: after a 401, before the entry is put back */                             \
    X("C26", C) /* retry: claiming attempt n+1 */                                                  \
    X("C27", C) /* recovery: while taking over */                                                  \
    X("C28", L) /* recovery: while listing */                                                      \
    X("C29", C) /* recovery: decision written, not committed */                                    \
    X("C30", C) /* recovery: decision committed */                                                 \
    X("C31", C) /* upkeep: moving the log into the database */                                     \
    X("C32", C) /* upkeep: migration */                                                            \
    X("C33", C) /* upkeep: backup */                                                               \
    X("C34", C) /* upkeep: first creation of the file */

#endif
