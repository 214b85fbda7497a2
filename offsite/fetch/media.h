/* media.h - gets the files of a closed segment into the cache: its .idx, its .motion, and blocks of its .mp4. */
#ifndef OFFSITE_FETCH_MEDIA_H
#define OFFSITE_FETCH_MEDIA_H

#include "offsite/cache/in_flight.h"
#include "offsite/remote/fetcher.h"

/* What is wanted of a segment. */
struct media_item {
	const struct remote_camera *camera;
	const struct remote_segment *segment;
	enum object_kind kind; /* OBJECT_MEDIA, OBJECT_INDEX or OBJECT_MOTION */
	uint64_t block;        /* of OBJECT_MEDIA */
	bool gone;             /* out: the store does not have the object */
};

/* Whether it is in the cache. Counts as a use of it. */
bool media_is_there(struct fetcher *fetcher, const struct media_item *item);

/*
 * Gets it if it is not there. Returns GET_MISSING if the store has no such object, and lists none. Sets *why unless
 * GET_DONE.
 */
enum get_outcome media_get(struct fetcher *fetcher, struct in_flight *in_flight, struct store_reader *reader,
			   const struct media_item *item, struct reason *why);

#endif
