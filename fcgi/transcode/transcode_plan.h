/*
 * transcode_plan.h - finds what a plan needs encoded: gaps that the ring can fill, and slices that do not match the
 * others.
 */
#ifndef FCGI_TRANSCODE_TRANSCODE_PLAN_H
#define FCGI_TRANSCODE_TRANSCODE_PLAN_H

#include "fcgi/clip/clip_plan.h"
#include "fcgi/transcode/transcode.h"
#include "shared/ring/ring_reader.h"

/*
 * Adds a part for each range of ring frames in the plan's range that no slice has: before and between the slices and,
 * with `after_last`, after them. A gap that the encoder left is skipped, because it found no picture there. Ranges end
 * at the ring's epochs. `ring` may be NULL. Returns false if there are more parts than one request may have encoded, or
 * memory runs out.
 */
bool transcode_plan_add_missing(const struct clip_plan *plan, const struct ring_reader *ring, bool after_last,
				struct transcode *transcode);

/*
 * Chooses the common picture size, which is the largest of all slices and parts, and adds a part for each slice that is
 * not H.264 of that size. Returns false if there are too many.
 */
bool transcode_plan_add_mismatched(const struct clip_plan *plan, struct transcode *transcode);

#endif
