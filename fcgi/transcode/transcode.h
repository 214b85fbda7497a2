/*
 * transcode.h - encodes what no segment has as H.264 yet: JPEGs of the ring, segments of JPEGs, and segments of another
 * picture size. The output goes into memory (a memfd), because the disk may be what is broken.
 *
 * As in the recorder, each frame keeps its microsecond, and the first frame of each wall second is a key frame.
 *
 * The ring does not wait, so its frames are copied ahead of FFmpeg (clip_spool.h). If some are lost nevertheless, the
 * clip is refused (TRANSCODE_OVERWRITTEN) or marked (`frames_missing`).
 */
#ifndef FCGI_TRANSCODE_TRANSCODE_H
#define FCGI_TRANSCODE_TRANSCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/clip/clip_plan.h"
#include "fcgi/transcode/transcode_input.h"
#include "shared/config/config.h"
#include "shared/ring/ring_reader.h"

#define TRANSCODE_PARTS_MAX 32
#define TRANSCODE_BYTES_MAX (UINT64_C(512) << 20) /* of all parts of a clip together: they are in memory */

struct transcode {
	const struct config *config;    /* not owned */
	const struct ring_reader *ring; /* not owned; NULL if no part needs it */
	uint16_t width, height;         /* of the output */
	struct transcode_part parts[TRANSCODE_PARTS_MAX];
	size_t count;
	uint64_t bytes_max;       /* 0: TRANSCODE_BYTES_MAX */
	uint64_t spool_bytes_max; /* 0: this request's share of SPOOL_BYTES_MAX */
	bool stamp;               /* draws the time into pictures of the ring */
	bool frames_missing;      /* the adopted parts lack frames that were to be encoded */
};

/*
 * Creates the memory of the parts. transcode_free() closes what is left of it, whether this has succeeded or not; it is
 * safe on a zeroed struct.
 */
bool transcode_prepare(struct transcode *transcode);
void transcode_free(struct transcode *transcode);

#define TRANSCODE_TOO_LARGE   3
#define TRANSCODE_OVERWRITTEN 4

/*
 * Encodes all parts, in a child process (api_job_start). Returns 0 if every part was made, TRANSCODE_TOO_LARGE if they
 * take too much memory, TRANSCODE_OVERWRITTEN if the ring has overwritten frames that were still to be encoded, and
 * EXIT_FAILURE otherwise.
 */
int transcode_run(void *transcode);

/* In the parent, afterwards: puts the parts into the plan, except those of which nothing could be decoded. */
bool transcode_adopt(struct transcode *transcode, struct clip_plan *plan);

#endif
