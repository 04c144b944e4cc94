/*
 * Writing JSON into bytes: strings with the escapes that are needed, integers, amounts.
 *
 * Structure (brackets, commas) is written by a small writer that knows whether a comma is due. It
 * does not check that brackets match: the few bodies we write are read back by specs. Faults show
 * once, at the end, in the buffer's `failed`.
 */
#ifndef REPAY_JSON_WRITE_H
#define REPAY_JSON_WRITE_H

#include "bytes.h"

struct repay_json_writer {
    struct repay_bytes *out;
    bool comma_due;
};

void repay_json_begin(struct repay_json_writer *writer, char bracket); /* '{' or '[' */
void repay_json_close(struct repay_json_writer *writer, char bracket); /* '}' or ']' */
void repay_json_name(struct repay_json_writer *writer, const char *name);
/* The text must be UTF-8; one that is not makes `out` failed with not_text, and writes nothing. */
void repay_json_write_text(struct repay_json_writer *writer, struct repay_text text);
/* A JSON number from minor units, in the one form of repay_money_write. */
void repay_json_write_amount(struct repay_json_writer *writer, int64_t minor, int decimals);

#endif
