/*
 * clip_feed.h - the frames of a part on their way to FFmpeg, in a child: JPEGs with their times as IVF (time base 1
 * us), or fragments of H.264 as they stand in their segment.
 */
#ifndef FCGI_CLIP_FEED_H
#define FCGI_CLIP_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/api_child.h"
#include "fcgi/clip_encode.h"

enum feed_form { FEED_IVF, FEED_FRAGMENTS };

struct feed {
	const struct encode_part *part;
	const struct ring_reader *ring;
	enum feed_form form;
	int64_t first_wall_us; /* of the first frame that FFmpeg will get */
	uint64_t next_seq;     /* of the ring */
	uint8_t *frame;        /* owned */
	size_t frame_room;
};

/* False where there is nothing to feed any more. feed_close() is due in either case. */
bool feed_open(struct feed *feed, const struct encode_part *part, const struct ring_reader *ring);
void feed_close(struct feed *feed);
bool feed_run(struct feed *feed, const struct child_program *ffmpeg);

/* ftyp, moov and the fragments of records [first, end) of a segment. */
bool feed_fragments(const struct clip_segment *segment, uint64_t first, uint64_t end,
		    const struct child_program *ffmpeg);

/* Where the fragment of record `number` begins in its segment: behind the frame before it. */
bool feed_fragment_at(const struct clip_segment *segment, uint64_t number, uint64_t *at);

/* True for frames that are JPEGs each. */
bool feed_is_jpeg(uint32_t codec);

#endif
