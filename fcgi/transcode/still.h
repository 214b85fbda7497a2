/*
 * still.h - one picture as a JPEG: a key frame of a segment decoded, or a JPEG scaled, by an FFmpeg that lives for
 * it.
 */
#ifndef FCGI_TRANSCODE_STILL_H
#define FCGI_TRANSCODE_STILL_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/clip/clip_segment.h"
#include "shared/base/buffer.h"
#include "shared/ring/ring_reader.h"

struct still {
	struct buffer jpeg;          /* what is there already, or to be scaled */
	struct clip_segment segment; /* owned; where the picture has to be decoded */
	uint64_t record;             /* its key frame */
	int64_t wall_us;             /* of the picture */
	bool newest;    /* nothing behind it is there yet: another frame may come to be nearer to the instant */
	unsigned width; /* wanted; 0: as it is */
	int memory_fd;  /* FFmpeg's output; owned */
};

void still_init(struct still *still);
void still_free(struct still *still);

/* The frame nearest at or before wall_us (INT64_MAX: the newest), at most a second older. False where the ring has
 * none. */
bool still_from_ring(struct still *still, const struct ring_reader *ring, int64_t wall_us);

/* The key frame of that second, or a JPEG segment's frame nearest at or before. False where nothing is recorded there
 * (errno 0), or where that cannot be read (errno). */
bool still_from_archive(struct still *still, int folder, int64_t wall_us);

/* What still_run() ends with where FFmpeg works, and makes no picture of the camera's JPEG. */
#define STILL_NO_PICTURE 2

/* True where FFmpeg has to work on it: still_run() in a child, then still_adopt(). */
bool still_needs_ffmpeg(const struct still *still);
int still_run(void *still);
bool still_adopt(struct still *still);

#endif
