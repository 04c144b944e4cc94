/*
 * Writing JSON into bytes. See json_write.h.
 *
 * Owns commas and escapes. Refuses text that is not UTF-8: a receiver would guess what was meant,
 * and guesses about a repayment's narration or reference are not ours to cause.
 */
#include "json_write.h"

#include <assert.h>

#include "money.h"
#include "utf8.h"

static void write_comma(struct repay_json_writer *writer)
{
    if (writer->comma_due)
        repay_bytes_append_byte(writer->out, ',');
}

void repay_json_begin(struct repay_json_writer *writer, char bracket)
{
    assert(bracket == '{' || bracket == '[');
    write_comma(writer);
    repay_bytes_append_byte(writer->out, bracket);
    writer->comma_due = false;
}

void repay_json_close(struct repay_json_writer *writer, char bracket)
{
    assert(bracket == '}' || bracket == ']');
    repay_bytes_append_byte(writer->out, bracket);
    writer->comma_due = true;
}

static bool must_be_escaped(char byte)
{
    return (unsigned char)byte < 0x20 || byte == '"' || byte == '\\';
}

static void write_escape(struct repay_bytes *out, char byte)
{
    static const char short_ones[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = memchr(short_ones, byte, sizeof short_ones - 1);
    char escape[6] = {'\\', 'u', '0', '0', 0, 0};

    if (found) {
        escape[1] = letters[found - short_ones];
        repay_bytes_append(out, escape, 2);
        return;
    }
    escape[4] = REPAY_HEX_DIGITS[(unsigned char)byte >> 4];
    escape[5] = REPAY_HEX_DIGITS[(unsigned char)byte & 15];
    repay_bytes_append(out, escape, sizeof escape);
}

static void write_string(struct repay_bytes *out, struct repay_text text)
{
    size_t plain_from = 0;

    repay_bytes_append_byte(out, '"');
    for (size_t at = 0; at < text.length; at++) {
        if (!must_be_escaped(text.data[at]))
            continue;
        repay_bytes_append(out, text.data + plain_from, at - plain_from);
        write_escape(out, text.data[at]);
        plain_from = at + 1;
    }
    if (plain_from < text.length)
        repay_bytes_append(out, text.data + plain_from, text.length - plain_from);
    repay_bytes_append_byte(out, '"');
}

void repay_json_name(struct repay_json_writer *writer, const char *name)
{
    write_comma(writer);
    write_string(writer->out, repay_text_of(name));
    repay_bytes_append_byte(writer->out, ':');
    writer->comma_due = false;
}

void repay_json_write_text(struct repay_json_writer *writer, struct repay_text text)
{
    if (!repay_utf8_is_valid(text)) {
        /* A buffer that failed before keeps its first reason. */
        if (!writer->out->failed)
            writer->out->not_text = true;
        writer->out->failed = true;
        return;
    }
    write_comma(writer);
    write_string(writer->out, text);
    writer->comma_due = true;
}

void repay_json_write_amount(struct repay_json_writer *writer, int64_t minor, int decimals)
{
    char text[REPAY_MONEY_TEXT_MAX];
    size_t length = repay_money_write(minor, decimals, text);

    write_comma(writer);
    repay_bytes_append(writer->out, text, length);
    writer->comma_due = true;
}
