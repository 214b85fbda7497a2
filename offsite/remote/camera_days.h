/*
 * camera_days.h - which cameras and days the store has, and the lists of those days.
 *
 * The store is asked for the names of all day lists of a camera, with their ETags, so that it is known which have
 * changed. The lists themselves are loaded for the days that somebody asks about, and those around them.
 */
#ifndef OFFSITE_REMOTE_CAMERA_DAYS_H
#define OFFSITE_REMOTE_CAMERA_DAYS_H

#include "offsite/remote/fetcher.h"

/*
 * Lists the cameras, and makes the folder of each, unless that was done less than 60 s ago. Sets *why unless
 * GET_DONE.
 */
enum get_outcome cameras_list(struct fetcher *fetcher, struct store_reader *reader, struct reason *why);

/* Lists the days of a camera. The caller holds camera->asking. */
enum get_outcome camera_days_list(struct fetcher *fetcher, struct store_reader *reader, struct remote_camera *camera,
				  struct reason *why);

/*
 * Whether all lists are loaded that [from_us, to_us) needs: of its days and the day before, the nearest before and
 * after these, and the first and the last of each archive. The caller holds the lock.
 */
bool camera_days_loaded(const struct remote_camera *camera, int64_t from_us, int64_t to_us);

/* Loads these. *changed: some were loaded. The caller holds camera->asking. */
enum get_outcome camera_days_load(struct fetcher *fetcher, struct store_reader *reader, struct remote_camera *camera,
				  int64_t from_us, int64_t to_us, bool *changed, struct reason *why);

#endif
