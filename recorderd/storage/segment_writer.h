/*
 * segment_writer.h - creates a segment and its index, appends frames, and closes both.
 *
 * Formats: shared/segment/segment.h, shared/segment/index.h. The keeper finishes the segment as a plain MP4 later
 * (segment_repair.h).
 */
#ifndef RECORDERD_STORAGE_SEGMENT_WRITER_H
#define RECORDERD_STORAGE_SEGMENT_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "recorderd/storage/storage_media.h"
#include "shared/base/reason.h"
#include "shared/segment/segment.h"

struct segment_writer {
	int media, index; /* descriptors */
	struct segment_info info;
	char file[SEGMENT_FILE_BYTES];
	uint64_t media_at;  /* segment_layout.media_at */
	uint64_t end;       /* of the last whole fragment */
	uint64_t index_end; /* of the last whole record */
	uint64_t frames;
	int64_t end_wall_us; /* of the last frame */
	uint64_t head_bytes;
	uint64_t system_limit_bytes; /* largest size of a file on this file system */
	uint64_t limit_bytes;        /* largest size of the finished segment */
	bool too_large;              /* a write failed with EFBIG */
};

#define SEGMENT_WRITER_NONE ((struct segment_writer){.media = -1, .index = -1})

/*
 * Creates the two files in `folder`, named after info->first_wall_us (with _2, _3, … if the name is taken), and writes
 * `init` (FFmpeg's ftyp + moov) with the uuid box in between. Returns false and sets *why on failure; no file is left
 * then.
 */
bool segment_writer_open(struct segment_writer *writer, int folder, const struct segment_info *info,
			 const uint8_t *init, size_t init_bytes, struct reason *why);

/*
 * Appends one frame, whose moof is rewritten in place: media first, then index. On failure this returns false and sets
 * *why, and both files end where they ended before.
 */
bool segment_writer_append(struct segment_writer *writer, struct media *frame, struct reason *why);

/* How many bytes still fit into the segment as `frames` more frames, such that it can be finished after them. */
uint64_t segment_writer_room(const struct segment_writer *writer, uint64_t frames);

/* Updates limit_bytes, which is at most `most_bytes`: the limit of the process may have changed. */
void segment_writer_limit(struct segment_writer *writer, uint64_t most_bytes);

/* Closes the descriptors; safe on SEGMENT_WRITER_NONE. */
void segment_writer_close(struct segment_writer *writer);

#endif
