/*
 * What the two files of a builder share, and nobody else may use: schedule_build.c has its rows,
 * schedule_intern.c its texts.
 */
#ifndef REPAY_SCHEDULE_BUILD_INNER_H
#define REPAY_SCHEDULE_BUILD_INNER_H

#include "schedule_build.h"

/* Always false. */
bool repay_builder_no_memory(struct repay_error *error);

/* Whether there is `first`. Without memory for it there are still blocks. */
bool repay_builder_has_first(struct repay_builder *builder);
/* An answer that outgrew it does not keep it beside the blocks. */
void repay_builder_drop_first(struct repay_builder *builder);

/* Empties the builder of texts, and gives their blocks back. */
void repay_builder_forget_texts(struct repay_builder *builder);
/* Gives back all memory that is for texts, but for `first`. */
void repay_builder_free_texts(struct repay_builder *builder);

#endif
