/*
 * The scanner over any bytes: an answer does not depend on where the end was put, a value that was
 * accepted can be walked to its last member, and its strings decode to good UTF-8.
 */
#include "json_read.h"

#include <string.h>

#include "must.h"
#include "utf8.h"

static enum repay_json_end scan(const char *data, size_t length, struct repay_json_value *value,
                                size_t *at)
{
    struct repay_json_scan state = {.at = data, .end = data + length};
    enum repay_json_end end_of = repay_json_value(&state, value);
    MUST(end_of != REPAY_JSON_BAD || state.why != NULL);
    *at = (size_t)(state.at - data);
    return end_of;
}

static void check_string(struct repay_json_value value)
{
    char *text = malloc(value.raw.length);
    MUST(text != NULL);
    size_t length = repay_json_unescape(value, text);
    MUST(length <= value.raw.length - 2);
    MUST(value.escaped || length == value.raw.length - 2);
    MUST(repay_utf8_is_valid((struct repay_text){text, length}));
    MUST(repay_json_name_is(value, (struct repay_text){text, length}));
    free(text);
}

static void walk(struct repay_json_value value)
{
    struct repay_json_cursor cursor = {0};
    struct repay_json_value name, member;
    if (value.type == REPAY_JSON_STRING)
        check_string(value);
    while (repay_json_next(value, &cursor, &name, &member)) {
        MUST(member.raw.length > 0 && member.raw.data > value.raw.data);
        MUST(member.raw.data + member.raw.length < value.raw.data + value.raw.length);
        if (value.type == REPAY_JSON_OBJECT)
            check_string(name);
        walk(member);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* With its own padding, so that a sanitizer sees a read too far. */
    char *text = calloc(1, size + REPAY_JSON_PADDING);
    struct repay_json_value value, shorter;
    size_t at, early_at;
    MUST(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    enum repay_json_end whole = scan(text, size, &value, &at);
    if (whole == REPAY_JSON_OK)
        walk(value);
    /* The real bytes follow: the answer is the same one, or "not yet". */
    for (size_t end = 0; end <= size; end += 1 + end / 8) {
        enum repay_json_end early = scan(text, end, &shorter, &early_at);
        if (early == REPAY_JSON_SHORT)
            continue;
        MUST(early == whole);
        MUST(early_at == at);
        if (early == REPAY_JSON_OK)
            MUST(shorter.type == value.type && repay_text_equal(shorter.raw, value.raw));
    }
    free(text);
    return 0;
}
