/*
 * clip_timeline.h - what is there of a range of wall time, and why the rest is not.
 */
#ifndef FCGI_CLIP_TIMELINE_H
#define FCGI_CLIP_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/state.h"

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
 * is a segment that somebody deleted between two others (GAP_DELETED), or an end of one that the disk lost (GAP_DISK).
 * Nothing is said of what lies before the first recording and behind the newest indexed frame. False with errno where
 * there may be recordings that cannot be read.
 */
typedef void timeline_each(const struct timeline_item *item, void *context);
bool timeline_walk(int folder, int64_t from_us, int64_t to_us, timeline_each *each, void *context);

#endif
