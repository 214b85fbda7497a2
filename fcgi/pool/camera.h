/*
 * camera.h - one camera as a worker sees it: its configuration, its ring, its folders.
 */
#ifndef FCGI_POOL_CAMERA_H
#define FCGI_POOL_CAMERA_H

#include <stdbool.h>

#include "shared/config/config.h"
#include "shared/ring/ring_reader.h"
#include "shared/segment/catalogue.h"

struct api_camera {
	const struct config *config; /* not owned */
	char ring_name[64];
	struct ring_reader *ring; /* as of the last look; owned */
};

void camera_init(struct api_camera *camera, const struct config *config);
void camera_finish(struct api_camera *camera);

/* The ring that the camera's name stands for now, or NULL. Valid until the next call. */
const struct ring_reader *camera_ring(struct api_camera *camera);

/* The state that a living recorder published. False where there is none: *out is what one that is gone left, or zeroed.
 */
bool camera_state(struct api_camera *camera, struct recorder_state *out);

/* The folder of recordings, or of kept clips: a descriptor that the caller closes, -1 with errno; ENODEV where its disk
 * is not mounted (require_mount), ENOLINK where it is a link that leads nowhere, EXDEV where it has no list of
 * recordings and the recorder must have one. */
int camera_open_recordings(const struct api_camera *camera);
int camera_open_clips(const struct api_camera *camera);

/* Of errno where such a folder, or a file in it, could not be opened: there is none, rather than one out of reach. */
bool camera_folder_is_missing(int error);

/* The folder of clips, made where it is missing. */
int camera_make_clips(const struct api_camera *camera);

/*
 * What the archive reaches over: start of its first segment to the end of the newest. False where it is empty (errno
 * 0), or cannot be read (errno).
 */
bool camera_archive_span(const struct api_camera *camera, int64_t *from_us, int64_t *to_us);

#endif
