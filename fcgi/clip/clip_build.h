/*
 * clip_build.h - a plan becomes an MP4: a header in memory, and behind it byte ranges of the segments.
 *
 * Presentation time is wall time counted from the first frame: in a gap the last picture stands. Where the wall time of
 * a stretch lies before the end of the one before it (the clock was set back), it follows that end directly. When
 * nothing is missing at either end, a clip is exactly as long as what was asked for.
 */
#ifndef FCGI_CLIP_CLIP_BUILD_H
#define FCGI_CLIP_CLIP_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/clip/clip_plan.h"
#include "fcgi/io/virtual_file.h"
#include "shared/base/buffer.h"

#define CLIP_SPANS_MAX 1024u /* bytes of the text */

struct clip {
	struct virtual_file *file; /* owned until taken */
	char etag[32];             /* with its quotes */
	char source[24];           /* disk, memory, "disk, memory", transcoded */
	struct buffer spans; /* `from/to` in ISO 8601, comma between; empty where they are longer than CLIP_SPANS_MAX */
	size_t span_count;
	int64_t start_us, end_us; /* wall time */
	int64_t first_us;         /* of the first frame, which is presentation time 0: up to a frame behind start_us */
	int64_t duration_us;
	uint64_t frames;
};

/*
 * Builds the clip of a plan with at least one stretch, all of one codec and size. `speed` above 1 takes key
 * frames only (timelapse.h) and plays them that much faster. Takes the descriptors of the segments: the plan can only
 * be finished afterwards. A segment that the plan has released, and that is gone meanwhile, is left out. False where
 * memory or descriptors are short or an index contradicts itself.
 */
bool clip_build(struct clip_plan *plan, unsigned speed, struct clip *out);
void clip_free(struct clip *clip);

#endif
