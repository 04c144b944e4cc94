/*
 * The yardstick of repay.each: libcurl's multi interface as its documentation shows it, in plain C.
 *
 *     multi BASE COUNT AT_ONCE [CA_FILE]
 *
 * Makes the requests of bench/calls.lua, byte for byte but for the order of the headers, over
 * HTTP/1.1 and so many at once; counts the bytes of the bodies and drops them. One easy handle for
 * each place, told a new URL for each call. Prints calls a second and CPU seconds.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define AT_ONCE_MAX 1024

struct run {
    const char *base;
    const char *ca_file; /* NULL: none is given */
    long count;
    long begun;
    long ended;
    long good;
    size_t bytes;
    CURLM *multi;
    struct curl_slist *headers;
};

static size_t drop(char *data, size_t size, size_t count, void *context)
{
    struct run *run = context;

    (void)data;
    run->bytes += size * count;
    return size * count;
}

static double seconds(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
    struct rusage used;

    (void)getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static CURL *make_handle(struct run *run)
{
    CURL *easy = curl_easy_init();

    if (!easy)
        return NULL;
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, run->headers);
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, run);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 60000L);
    if (run->ca_file) {
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, run->ca_file);
        (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    return easy;
}

static void begin(struct run *run, CURL *easy)
{
    char url[512];

    run->begun++;
    (void)snprintf(url, sizeof url, "%s/v1/loans/LOAN_%ld/repayments", run->base, run->begun);
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_multi_add_handle(run->multi, easy);
}

static void take(struct run *run)
{
    int left = 0;

    for (;;) {
        const CURLMsg *message = curl_multi_info_read(run->multi, &left);
        long status = 0;

        if (!message)
            return;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *easy = message->easy_handle;
        bool worked = message->data.result == CURLE_OK;
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_multi_remove_handle(run->multi, easy);
        run->ended++;
        if (worked && status == 200)
            run->good++;
        if (run->begun < run->count)
            begin(run, easy);
    }
}

static bool fetch_all(struct run *run, CURL **handles, long at_once)
{
    for (long i = 0; i < at_once; i++) {
        handles[i] = make_handle(run);
        if (!handles[i])
            return false;
    }
    for (long i = 0; i < at_once && run->begun < run->count; i++)
        begin(run, handles[i]);
    while (run->ended < run->count) {
        int running = 0;

        if (curl_multi_perform(run->multi, &running) != CURLM_OK)
            return false;
        take(run);
        if (run->ended < run->count && curl_multi_poll(run->multi, NULL, 0, 1000, NULL) != CURLM_OK)
            return false;
    }
    return run->good == run->count;
}

int main(int argc, char **argv)
{
    static const char *const headers[] = {"Accept: application/json", "Accept-Encoding: identity",
                                          "apikey: key", "x-carbon-key: key"};
    static CURL *handles[AT_ONCE_MAX];
    struct run run = {0};
    long at_once = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
    double began, cpu;

    if (at_once < 1 || at_once > AT_ONCE_MAX) {
        fprintf(stderr, "multi BASE COUNT AT_ONCE [CA_FILE]\n");
        return 1;
    }
    run.base = argv[1];
    run.count = strtol(argv[2], NULL, 10);
    run.ca_file = argc > 4 ? argv[4] : NULL;
    (void)curl_global_init(CURL_GLOBAL_ALL);
    run.multi = curl_multi_init();
    (void)curl_multi_setopt(run.multi, CURLMOPT_MAXCONNECTS, at_once * 2);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        run.headers = curl_slist_append(run.headers, headers[i]);
    began = seconds();
    cpu = cpu_seconds();
    if (!fetch_all(&run, handles, at_once)) {
        fprintf(stderr, "%ld of %ld calls brought a 200\n", run.good, run.count);
        return 1;
    }
    printf("rate %.1f\ncpu %.4f\nbytes %zu\n", (double)run.count / (seconds() - began),
           cpu_seconds() - cpu, run.bytes);
    for (long i = 0; i < at_once; i++)
        curl_easy_cleanup(handles[i]);
    (void)curl_multi_cleanup(run.multi);
    curl_slist_free_all(run.headers);
    return 0;
}
