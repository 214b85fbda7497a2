/* camera_span.h - makes the list of a camera hold what the store has of a span, as fresh as the span needs it. */
#ifndef OFFSITE_REMOTE_CAMERA_SPAN_H
#define OFFSITE_REMOTE_CAMERA_SPAN_H

#include "offsite/remote/fetcher.h"

/* Whether the list already is so. The caller holds the lock. */
bool camera_span_is_known(const struct remote_camera *camera, int64_t from_us, int64_t to_us);

/*
 * Whether what was known at most an hour ago answers the span while the store does not: it ends before the newest
 * footage that is known. The caller holds the lock.
 */
bool camera_span_is_known_well_enough(const struct remote_camera *camera, int64_t from_us, int64_t to_us);

/*
 * Asks the store unless the list is as fresh as the span needs it. If the store fails, what is known well enough will
 * do. Sets *why unless it returns GET_DONE.
 */
enum get_outcome camera_span_learn(struct fetcher *fetcher, struct store_reader *reader, struct remote_camera *camera,
				   int64_t from_us, int64_t to_us, struct reason *why);

#endif
