/*
 * UTF-8, one character at a time: what is well-formed and where it ends.
 *
 * Well-formed as RFC 3629 says: no overlong form, no surrogate, nothing above U+10FFFF. For short
 * texts (arguments, messages); the JSON reader goes through bodies itself, in wider steps.
 */
#ifndef REPAY_UTF8_H
#define REPAY_UTF8_H

#include <stdint.h>

#include "text.h"

/*
 * How many bytes a lead byte of two or more begins, and the range its second byte must lie in;
 * further ones lie from 0x80 to 0xbf. 0 for a byte that leads nothing.
 */
size_t repay_utf8_lead(unsigned char lead, unsigned char *low, unsigned char *high);
/*
 * The length of the character that begins at `at`, 1 to 4, and its code point. 0 when the bytes
 * there are not one whole character; *code_point is untouched then.
 */
size_t repay_utf8_character(struct repay_text text, size_t at, uint32_t *code_point);
/* Whether a text is well-formed UTF-8. The empty text is. */
bool repay_utf8_is_valid(struct repay_text text);

#endif
