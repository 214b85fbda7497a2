/*
 * moving_parts.h - only=motion: the seconds of a range in which something moved, as parts of a clip or a playlist.
 *
 * area=, not= and strength= say what counts (motion_question.h). before= and after= add whole seconds on either side of
 * each row of moving seconds, within the range. Seconds that are unknown are no part. The answer says which they are,
 * because something may have moved in them.
 */
#ifndef FCGI_FOOTAGE_MOVING_PARTS_H
#define FCGI_FOOTAGE_MOVING_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/clip/clip_plan.h"
#include "fcgi/motion/motion_query.h"
#include "fcgi/server/server.h"
#include "shared/base/buffer.h"
#include "shared/base/reason.h"

#define MOVING_PARTS_BEFORE_MAX_S 600
#define MOVING_PARTS_DAYS_MAX     31

/* A zeroed one is not wanted. */
struct moving_parts {
	bool wanted; /* only=motion */
	struct motion_question question;
	int64_t before_s, after_s;
	struct motion_found found; /* `moving` is widened by before_s and after_s */
	struct clip_part *parts;   /* owned; `found.moving` within the range */
	size_t count;
	int64_t length_us; /* of all parts together */
};

/*
 * Reads only= and the parameters that belong to it, which are refused without it. Returns false and sets *why, which
 * names the parameter.
 */
bool moving_parts_read(const char *query, struct moving_parts *out, struct reason *why);

/*
 * Finds the parts of [from_us, to_us), a second after now at the latest. `folder` is that of the recordings. Replaces
 * what was found before. Returns false with errno: EOVERFLOW if the range is longer than MOVING_PARTS_DAYS_MAX.
 */
bool moving_parts_find(struct moving_parts *moving, int folder, int64_t from_us, int64_t to_us);
void moving_parts_free(struct moving_parts *moving);

/*
 * Finds the seconds of the range that have footage but are not known: *unknown is theirs, and the caller's. Returns
 * false with errno.
 */
bool moving_parts_unknown(const struct moving_parts *moving, int folder, struct motion_spans *unknown);

/* Appends `&area=…&not=…&strength=…`; with `all` also only=, before= and after=. */
void moving_parts_append_query(const char *query, bool all, struct buffer *out);

#endif
