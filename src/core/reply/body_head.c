/*
 * The beginning of a body, once more. See body_head.h.
 */
#include "body_head.h"

#include "body_read.h"

bool repay_body_head_repeat(struct repay_body *body, struct repay_text bytes, size_t *length)
{
    const struct repay_body_head *head = &body->head;
    if (head->shape != body->shape || !body->builder || head->length > bytes.length ||
        memcmp(head->bytes, bytes.data, head->length) != 0)
        return false;
    if (!repay_bytes_append(&body->kept, head->kept, head->kept_length)) {
        repay_bytes_clear(&body->kept);
        return false;
    }
    body->state = head->state;
    body->envelope = head->envelope;
    *length = head->length;
    return true;
}

void repay_body_head_note(struct repay_body *body, struct repay_text bytes)
{
    struct repay_body_head *head = &body->head;
    head->shape = NULL;
    /* Values are parts of what was read, so that they are no longer. */
    if (bytes.length > REPAY_BODY_HEAD_MAX)
        return;
    head->shape = body->shape;
    head->length = (uint32_t)bytes.length;
    head->kept_length = (uint32_t)body->kept.length;
    head->state = body->state;
    head->envelope = body->envelope;
    memcpy(head->bytes, bytes.data, bytes.length);
    if (body->kept.length > 0)
        memcpy(head->kept, body->kept.data, body->kept.length);
}
