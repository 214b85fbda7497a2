/*
 * transcode.h - what no segment has as H.264 yet: FFmpeg makes it, from the ring's JPEGs, from segments of JPEGs, or
 * from segments of another picture size. Into memory (a memfd), since the disk may be what is broken.
 *
 * As in the recorder, each frame keeps its own microsecond and a key frame stands on the first frame of each wall
 * second.
 *
 * The ring does not wait: its frames are taken out ahead of FFmpeg (clip_spool.h). Where some are lost nevertheless,
 * the clip is refused (TRANSCODE_OVERWRITTEN), or `frames_missing` says so.
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
	const struct config *config;
	const struct ring_reader *ring; /* NULL where no part needs it */
	uint16_t width, height;         /* of the output */
	struct transcode_part parts[TRANSCODE_PARTS_MAX];
	size_t count;
	uint64_t bytes_max;       /* 0: TRANSCODE_BYTES_MAX */
	uint64_t spool_bytes_max; /* 0: this request's share of SPOOL_BYTES_MAX */
	bool frames_missing;      /* adopted parts have not all frames that were to be encoded */
};

/* Makes the parts' memory. transcode_free() closes what is left of it; safe on a zeroed one. */
bool transcode_prepare(struct transcode *encode);
void transcode_free(struct transcode *encode);

#define TRANSCODE_TOO_LARGE   3
#define TRANSCODE_OVERWRITTEN 4

/*
 * The whole work, in a child (api_job): 0 where every part was made, TRANSCODE_TOO_LARGE where they take too much memory,
 * TRANSCODE_OVERWRITTEN where the ring was written over what was still to be encoded.
 */
int transcode_run(void *encode);

/* In the parent, afterwards: puts what was made into the plan. A part of which nothing could be decoded is left out. */
bool transcode_adopt(struct transcode *encode, struct clip_plan *plan);

#endif
