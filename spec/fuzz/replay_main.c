/*
 * Runs a fuzz target over its corpus without a fuzzing engine: each file, and each of its prefixes.
 *
 * Every input ends where readable memory ends, so that one byte read too many is a crash and not
 * luck, with or without a sanitizer. Prefixes are tried only of short files: their number grows
 * with the length, and the time with its square.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX  ((size_t)1 << 20) /* a seed is made by a person: larger ones are a mistake */
#define PREFIX_MAX ((size_t)4096)    /* 8 million bytes in all, a blink */

struct room {
    uint8_t *start;
    size_t size;
};

static int make_room(struct room *room)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (INPUT_MAX + page - 1) / page * page;
    uint8_t *start =
        mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        return -1;
    if (mprotect(start + size, page, PROT_NONE) != 0)
        return -1;
    room->start = start;
    room->size = size;
    return 0;
}

static void run(const struct room *room, const uint8_t *data, size_t size)
{
    uint8_t *place = room->start + room->size - size;
    if (size > 0)
        memcpy(place, data, size);
    (void)LLVMFuzzerTestOneInput(place, size);
}

static int replay(const struct room *room, const char *path)
{
    static uint8_t data[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return -1;
    }
    size_t size = fread(data, 1, sizeof data, file);
    int failed = ferror(file) || getc(file) != EOF;
    (void)fclose(file);
    if (failed) {
        fprintf(stderr, "%s: cannot be read, or is longer than %zu bytes\n", path, INPUT_MAX);
        return -1;
    }
    for (size_t length = 0; size <= PREFIX_MAX && length < size; length++)
        run(room, data, length);
    run(room, data, size);
    return 0;
}

static int replay_directory(const struct room *room, const char *path, unsigned *count)
{
    DIR *directory = opendir(path);
    if (!directory) {
        perror(path);
        return -1;
    }
    int result = 0;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        char name[4096];
        if (entry->d_name[0] == '.')
            continue;
        int length = snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (length < 0 || (size_t)length >= sizeof name || replay(room, name) != 0) {
            result = -1;
            continue;
        }
        *count += 1;
    }
    (void)closedir(directory);
    return result;
}

int main(int argc, char **argv)
{
    struct room room;
    unsigned count = 0;
    int result = 0;

    if (make_room(&room) != 0) {
        perror("mmap");
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        if (replay_directory(&room, argv[i], &count) != 0)
            result = 1;
    }
    printf("replay: %u checks\n", count);
    /* A corpus without a file is a path that is wrong. */
    return count == 0 ? 1 : result;
}
