/*
 * still.h - one picture as a JPEG. A short-lived FFmpeg decodes a key frame of a segment, or scales a JPEG.
 */
#ifndef FCGI_TRANSCODE_STILL_H
#define FCGI_TRANSCODE_STILL_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/buffer.h"
#include "shared/ring/ring_reader.h"
#include "shared/segment/segment_reader.h"

struct still {
	struct buffer jpeg;                 /* the picture; before FFmpeg has run, the one to scale */
	struct segment_reader segment;      /* owned; open if the picture has to be decoded */
	uint64_t record;                    /* its key frame */
	int64_t wall_us;                    /* of the picture */
	bool newest;                        /* nothing after it exists yet, so a nearer frame may still arrive */
	unsigned width;                     /* to scale to; 0 for the original size */
	int memory_fd;                      /* FFmpeg's output; owned */
	char need_file[SEGMENT_FILE_BYTES]; /* bytes that have to be fetched first: still_from_archive() */
	uint64_t need_from, need_to;
};

void still_init(struct still *still);
void still_free(struct still *still);

/*
 * Takes the last frame of the ring at or before wall_us (INT64_MAX: the newest), at most a second older. Returns false
 * if the ring has none.
 */
bool still_from_ring(struct still *still, const struct ring_reader *ring, int64_t wall_us);

/*
 * Takes the key frame of that second or, from a segment of JPEGs, the last frame at or before wall_us. Returns false if
 * nothing is recorded there (errno 0) or it cannot be read (errno): ENODATA if the bytes that still->need_file says have to
 * be fetched first (shared/segment/block_map.h).
 */
bool still_from_archive(struct still *still, int folder, int64_t wall_us);

/* Exit status of still_run() if FFmpeg works but makes no picture of the camera's JPEG. */
#define STILL_NO_PICTURE 2

/* Whether the picture needs FFmpeg: then still_run() in a child process, and still_adopt() afterwards. */
bool still_needs_ffmpeg(const struct still *still);
int still_run(void *still);
bool still_adopt(struct still *still);

#endif
