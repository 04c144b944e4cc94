/*
 * Which certificate authorities a connection trusts when the user names none.
 *
 * Exactly one source is chosen: with a file and a directory both set, as Debian compiles libcurl,
 * every new connection parses all authorities again (16 ms of CPU instead of half of one).
 */
#ifndef REPAY_CA_PATHS_H
#define REPAY_CA_PATHS_H

#include <stdbool.h>

struct repay_ca_paths {
    const char *file;      /* NULL: not used */
    const char *directory; /* NULL: not used */
};

/* The first usable place of a fixed list, libcurl's own first. Both NULL when there is none. */
struct repay_ca_paths repay_ca_paths_find(void);
/* Whether a directory holds at least one link of the form that OpenSSL looks up: <hash>.0 */
bool repay_ca_directory_is_hashed(const char *path);

#endif
