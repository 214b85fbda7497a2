/*
 * timeline_walk.h - lists what is recorded of a range of wall time, and why the rest is not.
 */
#ifndef SHARED_TIMELINE_TIMELINE_WALK_H
#define SHARED_TIMELINE_TIMELINE_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/ring/state.h"
#include "shared/timeline/timeline_cache.h"

enum timeline_kind { TIMELINE_SPAN, TIMELINE_GAP };

struct timeline_item {
	enum timeline_kind kind;
	int64_t from_us, to_us;
	uint32_t source; /* of a span: enum frame_source */
	uint32_t cause;  /* of a gap: enum gap_cause */
};

typedef void timeline_callback(const struct timeline_item *item, void *context);

/*
 * Calls `callback` for each span and gap of [from_us, to_us), in the order of recording. Segments that continue
 * each other form one span. Gaps are also:
 *
 *   - a frame inside a segment that lasted more than a second, and more than five times the usual;
 *   - a segment that somebody deleted between two others (GAP_DELETED);
 *   - a segment that is listed but that the store no longer has (GAP_EXPIRED);
 *   - what the disk lost of a segment: its beginning, its end, or frames in the middle (GAP_DISK).
 *
 * Wall time that was recorded twice, because the clock was set back, is in two spans. A gap is only time that no
 * recording covers, so it overlaps neither a span nor another gap. If several causes apply, the one that was
 * recorded last counts (timeline_gaps.h). Between the earliest recording and the newest indexed frame every instant is
 * in a span or in a gap; the cause is GAP_CLOCK if only a clock that was set back passed through it. What is
 * reported about an instant does not depend on the range that was asked for. Time before the earliest recording, or
 * after the latest, is not reported.
 *
 * A segment that cannot be read now (EIO, EACCES, ...) is reported as the span that the list of segments has.
 * Returns false with errno if there may be recordings that nobody knows of: the list cannot be read, or memory or
 * descriptors ran out. `callback` is then not called at all.
 *
 * `cache` is what this process remembers of that folder; NULL: nothing.
 */
bool timeline_walk(struct timeline_cache *cache, int folder, int64_t from_us, int64_t to_us,
		   timeline_callback *callback, void *context);

#endif
