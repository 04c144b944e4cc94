/*
 * The same as authorities.lua with libcurl as it was built: nothing is said about authorities.
 *
 *     authorities URL COUNT
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static size_t drop(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

int main(int argc, char **argv)
{
    long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    CURL *easy = NULL;
    clock_t began = 0;

    if (count < 1 || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        return 1;
    easy = curl_easy_init();
    if (!easy)
        return 1;
    (void)curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    for (long i = 0; i <= count; i++) {
        CURLcode code = curl_easy_perform(easy);

        if (code != CURLE_PEER_FAILED_VERIFICATION) {
            fprintf(stderr, "%s\n", curl_easy_strerror(code));
            return 1;
        }
        /* The first one is not a further one. */
        if (i == 0)
            began = clock();
    }
    printf("cpu_us %.1f\n", (double)(clock() - began) / CLOCKS_PER_SEC / (double)count * 1e6);
    curl_easy_cleanup(easy);
    return 0;
}
