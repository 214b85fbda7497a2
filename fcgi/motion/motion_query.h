/*
 * motion_query.h - when did something move, and what is known of that: answers from the records of an archive.
 *
 * The lists of the days come first, so that few .motion files have to be read: those of which the list says that
 * something moved inside the mask, those of which it does not know every second, and those that no list has yet, such
 * as the open segment's. A list that is missing or damaged makes an answer slower, and changes nothing in it.
 *
 * A second without a record is unknown, and so is one whose record cannot say what moved (motion_is_known()). Unknown
 * seconds are in no `covered` span; they must never be taken for seconds in which nothing moved.
 */
#ifndef FCGI_MOTION_MOTION_QUERY_H
#define FCGI_MOTION_MOTION_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/motion/motion_spans.h"
#include "shared/motion/motion_event.h"

struct motion_question {
	int64_t from_second, to_second; /* [from, to) */
	struct motion_mask mask;
	enum motion_strength least;
};

struct motion_found {
	struct motion_spans moving;  /* seconds with a cell inside the mask of at least that strength */
	struct motion_spans covered; /* seconds that are known */
	bool settled; /* nothing still to be recorded or written can change this answer (motion_walk.h) */
};

/*
 * `folder` is the folder of recordings. Returns false with errno if records may exist that cannot be read now, or if
 * memory ran out; *out is then empty. An archive without records is no error: nothing is covered.
 */
bool motion_query(int folder, const struct motion_question *question, struct motion_found *out);
void motion_found_free(struct motion_found *found);

#endif
