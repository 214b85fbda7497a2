/* live_entry.h - the entry in the list of a segment that is joined from its pieces. */
#ifndef OFFSITE_REMOTE_LIVE_ENTRY_H
#define OFFSITE_REMOTE_LIVE_ENTRY_H

#include "offsite/remote/fetcher.h"

/*
 * Reads the beginning of the segment, which are hostile bytes: what it is called, and so the names of its files in the
 * cache. Returns false and sets *why if they are not the beginning of that segment.
 */
bool live_entry_begin(struct fetcher *fetcher, struct remote_camera *camera, struct live_segment *live,
		      const uint8_t *data, size_t length, struct reason *why);

/* After the files have grown: `records` are the last `bytes` of the .idx. Returns false and sets *why. */
bool live_entry_extend(struct fetcher *fetcher, struct live_segment *live, const uint8_t *records, size_t bytes,
		       struct reason *why);

#endif
