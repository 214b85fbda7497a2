/*
 * segment_writer.h - one open segment and its index (formats: shared/segment/segment.h, shared/segment/index.h): made,
 * appended to, closed. Finishing it as a plain MP4 is the keeper's work (segment_repair.h).
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
	uint64_t system_limit_bytes; /* of the file system */
	uint64_t limit_bytes;        /* that the segment may have when it is finished */
	bool too_large;              /* a write was refused because the file would have become too large */
};

#define SEGMENT_WRITER_NONE ((struct segment_writer){.media = -1, .index = -1})

/*
 * Makes the two files in `folder`, named after info->first_wall_us (a name that is taken gets _2, _3, …), with `init`
 * (FFmpeg's ftyp + moov) and the uuid box in front. On failure nothing is left behind.
 */
bool segment_writer_open(struct segment_writer *writer, int folder, const struct segment_info *info,
			 const uint8_t *init, size_t init_bytes, struct reason *why);

/* Appends one frame (rewrites its moof in place first): media, then index. On failure both end where they ended before.
 */
bool segment_writer_append(struct segment_writer *writer, struct media *frame, struct reason *why);

/* Bytes that fit into the segment, of so many frames more, so that what finishes it fits in behind them. */
uint64_t segment_writer_room(const struct segment_writer *writer, uint64_t frames);

/* Asks again how large the segment may become; most_bytes at most. */
void segment_writer_limit(struct segment_writer *writer, uint64_t most_bytes);

/* Closes the descriptors; safe on SEGMENT_WRITER_NONE. */
void segment_writer_close(struct segment_writer *writer);

#endif
