/*
 * Owns the store of answers. Refuses to keep a buffer that one unusual reply has made large.
 */
#include "answer.h"

#define KEPT_MAX ((size_t)16 << 10) /* of one buffer: a usual reply needs a tenth of it */

struct repay_answers {
    struct repay_blocks *blocks;
    struct repay_answer *spare;
    struct repay_bytes request; /* empty */
    uint32_t spare_count;
    uint32_t references;
};

struct repay_answers *repay_answers_create(struct repay_blocks *blocks)
{
    struct repay_answers *answers = repay_allocate(repay_blocks_allocator(blocks), sizeof *answers);

    if (!answers)
        return NULL;
    *answers = (struct repay_answers){.blocks = blocks, .references = 1};
    repay_blocks_retain(blocks);
    return answers;
}

void repay_answers_retain(struct repay_answers *answers)
{
    answers->references++;
}

static struct repay_answer *make(struct repay_answers *answers)
{
    const struct repay_allocator *allocator = repay_blocks_allocator(answers->blocks);
    struct repay_answer *answer = repay_allocate(allocator, sizeof *answer);

    if (!answer)
        return NULL;
    answer->next = NULL;
    repay_http_reply_init(&answer->http, allocator, &answer->sink);
    repay_bytes_init(&answer->collected, allocator, REPAY_COLLECT_MAX);
    repay_body_init(&answer->body, allocator);
    repay_builder_init(&answer->builder, answers->blocks);
    return answer;
}

static void destroy(struct repay_answers *answers, struct repay_answer *answer)
{
    repay_http_reply_free(&answer->http);
    repay_bytes_free(&answer->collected);
    repay_body_free(&answer->body);
    repay_builder_free(&answer->builder);
    repay_release(repay_blocks_allocator(answers->blocks), answer, sizeof *answer);
}

void repay_answers_drop(struct repay_answers *answers)
{
    if (!answers)
        return;
    answers->references--;
    if (answers->references > 0)
        return;
    while (answers->spare) {
        struct repay_answer *answer = answers->spare;

        answers->spare = answer->next;
        destroy(answers, answer);
    }
    repay_bytes_free(&answers->request);
    /* The allocator lies in the blocks, so they go last. */
    struct repay_blocks *blocks = answers->blocks;
    repay_release(repay_blocks_allocator(blocks), answers, sizeof *answers);
    repay_blocks_drop(blocks);
}

struct repay_answer *repay_answers_take(struct repay_answers *answers,
                                        const struct repay_layout *layout)
{
    struct repay_answer *answer = answers->spare;

    if (answer) {
        answers->spare = answer->next;
        answers->spare_count--;
    } else {
        answer = make(answers);
    }
    if (!answer)
        return NULL;
    repay_builder_reset(&answer->builder, layout);
    repay_answer_begin(answer);
    return answer;
}

static void trim(struct repay_bytes *bytes)
{
    if (bytes->capacity > KEPT_MAX)
        repay_bytes_free(bytes);
}

void repay_answers_give(struct repay_answers *answers, struct repay_answer *answer)
{
    if (!answer)
        return;
    if (answers->spare_count >= REPAY_ANSWERS_SPARE_MAX) {
        destroy(answers, answer);
        return;
    }
    repay_builder_reset(&answer->builder, NULL);
    trim(&answer->http.line);
    trim(&answer->collected);
    trim(&answer->body.carry);
    trim(&answer->body.kept);
    trim(&answer->body.rows.extra);
    trim(&answer->body.rows.text);
    answer->next = answers->spare;
    answers->spare = answer;
    answers->spare_count++;
}

void repay_answers_give_request(struct repay_answers *answers, struct repay_bytes *request)
{
    repay_bytes_clear(request);
    if (answers->request.data || request->capacity > KEPT_MAX) {
        repay_bytes_free(request);
        return;
    }
    answers->request = *request;
    request->data = NULL;
    request->capacity = 0;
}

void repay_answers_take_request(struct repay_answers *answers, struct repay_bytes *request)
{
    if (request->data || !answers->request.data)
        return;
    request->data = answers->request.data;
    request->capacity = answers->request.capacity;
    answers->request.data = NULL;
    answers->request.capacity = 0;
}

void repay_answer_begin(struct repay_answer *answer)
{
    repay_error_clear(&answer->fault);
    repay_http_reply_reset(&answer->http);
    repay_bytes_clear(&answer->collected);
}
