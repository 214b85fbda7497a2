/*
 * timeline_walk.h - what is there of a range of wall time, and why the rest is not.
 */
#ifndef FCGI_CLIP_TIMELINE_WALK_H
#define FCGI_CLIP_TIMELINE_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/ring/state.h"

enum timeline_kind { TIMELINE_SPAN, TIMELINE_GAP };

struct timeline_item {
	enum timeline_kind kind;
	int64_t from_us, to_us;
	uint32_t source; /* of a span: enum frame_source */
	uint32_t cause;  /* of a gap: enum gap_cause */
};

/*
 * Gives spans and gaps of [from, to) in the order of recording; spans of segments that continue each other are one. A
 * hole inside of a segment (a frame that stood for more than a second, and five times the usual) is a gap too, and so
 * is a segment that somebody deleted between two others (GAP_DELETED), or what the disk lost of one (GAP_DISK): its
 * beginning, its end, or frames in the middle.
 *
 * Wall time that was recorded twice, since the clock was set back, lies in two spans. A gap is only time that no
 * recording covers, so that a gap overlaps neither a span nor another gap; where several causes come into question, the
 * one that was recorded last counts (clip_gaps.h). Between the earliest recording and the newest indexed frame each
 * instant is in a span or in a gap; where only a clock that was set back passed it, the cause is GAP_CLOCK. What is
 * said of an instant does not depend on the range that was asked for. Nothing is said of what lies before the earliest
 * recording and behind the latest one.
 *
 * A segment that cannot be read now (EIO, EACCES, …) is the span that the list of segments knows. False with errno
 * where there may be recordings that nobody knows of: the list cannot be read, or memory or descriptors are short; then
 * nothing was given.
 */
typedef void timeline_callback(const struct timeline_item *item, void *context);
bool timeline_walk(int folder, int64_t from_us, int64_t to_us, timeline_callback *each, void *context);

#endif
