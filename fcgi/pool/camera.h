/*
 * camera.h - one camera as a worker sees it: its configuration, its ring, its folders.
 */
#ifndef FCGI_POOL_CAMERA_H
#define FCGI_POOL_CAMERA_H

#include <stdbool.h>

#include "fcgi/motion/motion_summary.h"
#include "shared/config/config.h"
#include "shared/ring/ring_reader.h"
#include "shared/segment/catalogue.h"
#include "shared/timeline/timeline_cache.h"

struct api_camera {
	const struct config *config; /* not owned */
	char ring_name[64];
	struct ring_reader *ring;        /* the one last used, or NULL; owned */
	struct timeline_cache *timeline; /* NULL: nothing is remembered yet; owned */
	struct motion_summaries *motion; /* the same */
};

void camera_init(struct api_camera *camera, const struct config *config);
void camera_free(struct api_camera *camera);

/* True if no recorder of this machine has the camera: it is in the store (remote_cameras.h), or only stands in. */
static inline bool camera_has_no_recorder(const struct api_camera *camera)
{
	return camera->config->remote || camera->config->viewer;
}

/* The camera's current ring, or NULL. Valid until the next call. */
const struct ring_reader *camera_ring(struct api_camera *camera);

/*
 * Reads the state that the recorder publishes. False if no recorder is running: *out is then the last state of the
 * previous one, or zeroed.
 */
bool camera_state(struct api_camera *camera, struct recorder_state *out);

/*
 * Opens the folder of recordings, or of clips. The caller closes the descriptor. -1 with errno: ENODEV if the disk
 * is not mounted (require_mount), ENOLINK if the folder is a dangling link, EXDEV if it has no list of recordings
 * although the recorder must have written one.
 */
int camera_open_recordings(const struct api_camera *camera);
int camera_open_clips(const struct api_camera *camera);

/* For the errno of such an open: true if there is no folder or file, false if there may be one that is out of reach. */
bool camera_folder_is_missing(int error);

/* Opens the folder of clips, and makes it if it is missing. -1 with errno. */
int camera_make_clips(const struct api_camera *camera);

/*
 * The time that the archive covers, in microseconds since 1970: the start of its first segment to the end of its
 * newest. False if it is empty (errno 0) or cannot be read (errno).
 */
bool camera_archive_span(const struct api_camera *camera, int64_t *from_us, int64_t *to_us);

#endif
