/* camera_list.h - writes what is known of a camera for workers: its list of segments, and remote.bin. */
#ifndef OFFSITE_REMOTE_CAMERA_LIST_H
#define OFFSITE_REMOTE_CAMERA_LIST_H

#include "offsite/remote/fetcher.h"

/*
 * Makes the list from the day lists that are loaded and the segments in pieces, and writes it if it changed or is not
 * there. The caller holds camera->asking. Returns false and sets *why.
 */
bool camera_list_write(struct fetcher *fetcher, struct remote_camera *camera, struct reason *why);

/*
 * Notes that the store does not have these segments, which are listed. camera_list_write() shows it. False: no
 * memory.
 */
bool camera_list_expire(struct fetcher *fetcher, struct remote_camera *camera, const struct remote_segment *segment);

/* Copies the segment of that file. Returns false if none is known. */
bool camera_list_find(struct fetcher *fetcher, struct remote_camera *camera, const char *file,
		      struct remote_segment *out);

/*
 * Copies the segments that overlap [from_us, to_us) and have not expired, in memory that the caller frees. Returns
 * false without memory. The caller holds the lock.
 */
bool camera_list_span(const struct remote_camera *camera, int64_t from_us, int64_t to_us, struct remote_segment **out,
		      size_t *count);

/* Writes remote.bin. Returns false and sets *why. */
bool camera_status_write(struct fetcher *fetcher, struct remote_camera *camera, struct reason *why);

/* Notes how asking about the camera ended, and writes remote.bin. */
void camera_status_note(struct fetcher *fetcher, struct remote_camera *camera, enum get_outcome outcome,
			const struct reason *why);

#endif
