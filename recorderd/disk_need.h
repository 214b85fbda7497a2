/*
 * disk_need.h - how much of the disk the recordings of retention.hours take, and how much there is for them.
 *
 * From an hour of recordings on, that follows from what they took. Before that it is estimated from the picture's size
 * and rate, with the figures of docs/operating.md, which are for a picture in which everything moves.
 */
#ifndef RECORDERD_DISK_NEED_H
#define RECORDERD_DISK_NEED_H

#include "recorderd/archive/archive.h"
#include "shared/config/config.h"
#include "shared/ring/state.h"

/*
 * Fills in the fields disk_… of `state`, whose width, height and fps_milli are used if the camera has told them.
 * `cameras` (at least 1) share what is free. Leaves zeros, which mean unknown, while the disk has not answered.
 */
void disk_need_fill(const struct config *config, const struct archive_summary *summary, size_t cameras,
		    struct recorder_state *state);

#endif
