/*
 * UTF-8, one character at a time: what is well-formed and where it ends.
 *
 * Well-formed as RFC 3629 says: no overlong form, no surrogate, nothing above U+10FFFF. For short
 * texts (arguments, messages); the JSON reader checks bodies itself, in wider steps.
 */
#ifndef REPAY_UTF8_H
#define REPAY_UTF8_H

#include <stdint.h>

#include "text.h"

/*
 * The length of the character that begins at `at`, 1 to 4, and its code point. 0 when the bytes
 * there are not one whole character; *code_point is untouched then.
 */
size_t repay_utf8_character(struct repay_text text, size_t at, uint32_t *code_point);
/* Whether a text is well-formed UTF-8. The empty text is. */
bool repay_utf8_is_valid(struct repay_text text);

#endif
