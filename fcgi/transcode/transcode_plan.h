/*
 * transcode_plan.h - what of a plan has to be encoded: gaps that the ring can fill, and slices that do not fit the
 * others.
 */
#ifndef FCGI_TRANSCODE_TRANSCODE_PLAN_H
#define FCGI_TRANSCODE_TRANSCODE_PLAN_H

#include "fcgi/clip/clip_plan.h"
#include "fcgi/transcode/transcode.h"
#include "shared/ring/ring_reader.h"

/*
 * Adds a part for each row of ring frames that lies in the plan's range and that no stretch has: before, between and,
 * where `after_last`, behind them; but none in a gap that the encoder left, which found no picture there. Rows break
 * where the ring's own slices do. `ring` may be NULL. False where there are more of them than one request may have
 * encoded, or memory is short.
 */
bool transcode_plan_add_missing(const struct clip_plan *plan, const struct ring_reader *ring, bool after_last,
				struct transcode *encode);

/*
 * Adds a part for each stretch that is not H.264 of the common picture size, which is the largest of all slices and
 * rows of ring frames, and sets that size. False where there are too many, likewise.
 */
bool transcode_plan_add_mismatched(const struct clip_plan *plan, struct transcode *encode);

#endif
