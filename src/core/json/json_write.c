/*
 * Writing JSON into bytes. See json_write.h.
 *
 * Owns commas and escapes. Refuses text that is not UTF-8: a receiver would guess what was meant,
 * and guesses about a repayment's narration or reference are not ours to cause.
 */
#include "json_write.h"

#include <assert.h>

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
    static const char digits[] = "0123456789abcdef";
    char escape[6] = {'\\', byte, '0', '0', 0, 0};
    size_t length = 2;

    switch (byte) {
    case '"':
    case '\\':
        break;
    case '\b':
        escape[1] = 'b';
        break;
    case '\f':
        escape[1] = 'f';
        break;
    case '\n':
        escape[1] = 'n';
        break;
    case '\r':
        escape[1] = 'r';
        break;
    case '\t':
        escape[1] = 't';
        break;
    default:
        escape[1] = 'u';
        escape[4] = digits[(unsigned char)byte >> 4];
        escape[5] = digits[(unsigned char)byte & 15];
        length = 6;
    }
    repay_bytes_append(out, escape, length);
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
