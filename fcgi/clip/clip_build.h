/*
 * clip_build.h - turns a plan into an MP4: a header in memory, followed by byte ranges of the segments.
 *
 * The ranges have the boxes between two frames in them, which players skip, so the kernel can send whole slices. But
 * then each frame needs an offset of its own in the header, and a long header delays players; some, as those of phones,
 * do not start at all if it has tens of megabytes. So a clip of more than CLIP_PACKED_FRAMES is packed: it has the
 * frames only, and each of them begins up to a millisecond late, so that the header has few different durations. That
 * leaves a quarter of the header.
 *
 * Presentation time is wall time counted from the first frame, so the last picture before a gap stays on the screen
 * until the gap is over. If a slice begins before the end of the previous one, because the clock was set back, it is
 * played directly after it. If nothing is missing at either end, a clip lasts exactly as long as the range.
 */
#ifndef FCGI_CLIP_CLIP_BUILD_H
#define FCGI_CLIP_CLIP_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/clip/clip_plan.h"
#include "fcgi/io/virtual_file.h"
#include "shared/base/buffer.h"

#define CLIP_SPANS_MAX     1024u  /* bytes of clip.spans */
#define CLIP_PACKED_FRAMES 36000u /* ten minutes at 60 frames per second */

struct clip {
	struct virtual_file *file; /* owned, until somebody takes it and sets this to NULL */
	char etag[32];             /* including its quotes */
	char source[24];           /* disk, memory, "disk, memory" or transcoded */
	struct buffer spans;       /* `from/to, from/to` in ISO 8601; empty if longer than CLIP_SPANS_MAX */
	size_t span_count;
	int64_t start_us, end_us; /* wall time */
	int64_t first_us;         /* wall time of the first frame (presentation time 0): up to a frame after start_us */
	int64_t duration_us;
	uint64_t frames;
};

/*
 * Builds the clip of a plan that has at least one slice; all slices must have the same codec and picture size. With a
 * `speed` above 1 the clip has key frames only (timelapse.h) and plays that many times faster.
 *
 * Takes over the descriptors of the plan's segments, so the plan can only be freed afterwards. A segment that the plan
 * has released and that was deleted since is left out of the clip. Returns false if memory or descriptors run out, or
 * if an index contradicts itself; *out is then empty.
 */
bool clip_build(struct clip_plan *plan, unsigned speed, struct clip *out);
void clip_free(struct clip *clip);

#endif
