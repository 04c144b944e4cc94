/*
 * What it takes to make a newer schedule from an older one, in the newer's order and with the
 * newer's facts, byte for byte.
 *
 * A patch is runs of rows, which are as before (then where they begin in the older schedule) or are
 * taken from the dump behind; that holds the rows that are new or changed, with the newer facts.
 */
#ifndef REPAY_SCHEDULE_PATCH_H
#define REPAY_SCHEDULE_PATCH_H

#include "schedule_dump.h"

/* `old_rows` has for each row of `newer` its equal in `older`; REPAY_NO_ROW: the patch has it. */
bool repay_schedule_write_patch(const struct repay_schedule *newer,
                                const struct repay_schedule *older, const uint32_t *old_rows,
                                const struct repay_allocator *allocator, struct repay_bytes *out,
                                struct repay_error *error);

/*
 * Makes the newer schedule's rows in the builder. Fails for a patch that was not made from `older`,
 * and for bytes that are no patch; they may be anything.
 */
bool repay_schedule_apply(const struct repay_schedule *older, struct repay_text patch,
                          repay_layout_finder *find, struct repay_builder *builder,
                          struct repay_schedule_facts *facts, struct repay_error *error);

#endif
