/*
 * Any body, whole and cut: rows, envelope, error, offset and message are the same, packed or moved,
 * and no byte behind a piece is read.
 *
 * The first byte of an input chooses the shape, the second how the body is cut. Blanks are put in
 * front, because what arrives in small pieces is gathered before it is read: behind them even a
 * short body is read in place when it comes whole.
 */
#include <string.h>

#include "../core/body_support.h"
#include "must.h"

#define BLANKS ((size_t)2040)

static const struct repay_shape *const shapes[] = {&sample_wide, &sample_flat, &sample_inner};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct repay_shape *shape = shapes[data[0] % SAMPLE_COUNT(shapes)];
    size_t piece = data[1] < 128 ? (size_t)data[1] + 1 : (size_t)(data[1] - 127) * 64;
    struct reading reading;
    struct repay_text body = {NULL, BLANKS + size - 2};
    char *text = malloc(body.length);
    MUST(text != NULL);
    memset(text, ' ', BLANKS);
    memcpy(text + BLANKS, data + 2, size - 2);
    body.data = text;
    MUST(reading_init(&reading, &must_allocator));

    bool ok = reading_pieces(&reading, shape, body, 0);
    MUST(ok == (reading.error.kind == REPAY_KIND_NONE));
    MUST(ok || (reading.error.offset >= 0 && (size_t)reading.error.offset <= body.length));
    struct repay_text shown = reading_show(&reading, true);
    char *whole = malloc(shown.length + 1);
    MUST(whole != NULL);
    memcpy(whole, shown.data, shown.length);
    shown.data = whole;

    MUST(reading_pieces(&reading, shape, body, piece) == ok);
    MUST(repay_text_equal(reading_show(&reading, false), shown));
    free(whole);
    free(text);
    reading_free(&reading);
    return 0;
}
