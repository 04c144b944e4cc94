/*
 * Owns the choice of the trusted authorities. It reads directory names only: whether a certificate
 * is good is OpenSSL's business, and there is no way here to trust nothing or everything.
 */
#include "ca_paths.h"

#include <curl/curl.h>
#include <dirent.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* Where distributions keep them, for a libcurl that was compiled without a place of its own. */
static const char *const known_directories[] = {"/etc/ssl/certs", "/etc/pki/tls/certs"};
static const char *const known_files[] = {"/etc/ssl/certs/ca-certificates.crt",
                                          "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
                                          "/etc/ssl/ca-bundle.pem"};

static bool name_is_hash_link(const char *name)
{
    return strlen(name) == 10 && strspn(name, "0123456789abcdef") == 8 &&
           strcmp(name + 8, ".0") == 0;
}

bool repay_ca_directory_is_hashed(const char *path)
{
    DIR *directory = path ? opendir(path) : NULL;
    bool found = false;

    if (!directory)
        return false;
    while (!found) {
        const struct dirent *entry = readdir(directory);

        if (!entry)
            break;
        found = name_is_hash_link(entry->d_name);
    }
    (void)closedir(directory);
    return found;
}

static bool file_is_readable(const char *path)
{
    return path && access(path, R_OK) == 0;
}

struct repay_ca_paths repay_ca_paths_find(void)
{
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    struct repay_ca_paths none = {NULL, NULL};

    if (repay_ca_directory_is_hashed(version->capath))
        return (struct repay_ca_paths){NULL, version->capath};
    if (file_is_readable(version->cainfo))
        return (struct repay_ca_paths){version->cainfo, NULL};
    for (size_t i = 0; i < sizeof(known_directories) / sizeof(known_directories[0]); i++) {
        if (repay_ca_directory_is_hashed(known_directories[i]))
            return (struct repay_ca_paths){NULL, known_directories[i]};
    }
    for (size_t i = 0; i < sizeof(known_files) / sizeof(known_files[0]); i++) {
        if (file_is_readable(known_files[i]))
            return (struct repay_ca_paths){known_files[i], NULL};
    }
    return none;
}
