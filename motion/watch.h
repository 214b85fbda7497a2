/* watch.h - looks at the pictures of a ring and writes a record of each second. */
#ifndef MOTION_WATCH_H
#define MOTION_WATCH_H

#include <stdbool.h>

#include "shared/ring/ring_reader.h"

struct watch;

enum watch_outcome {
	WATCH_CLOSED,    /* the ring */
	WATCH_NO_READER, /* of the records, see errno */
	WATCH_UNUSABLE,  /* no picture could be decoded for some seconds; the log says why */
};

/*
 * `fps`: how many pictures per second to look at, 1 to SAMPLER_FPS_MAX. Returns NULL if memory is short. Afterwards
 * only libjpeg allocates memory. `ring` must outlive it.
 */
struct watch *watch_create(const struct ring_reader *ring, int fps);
void watch_destroy(struct watch *watch);

/*
 * Writes records to `out`, a pipe or socket, until one of the outcomes. Seconds that are already over have no record.
 *
 * A record is written when the first frame of a later second comes, or 300 ms after its second has ended.
 */
enum watch_outcome watch_run(struct watch *watch, int out);

#endif
