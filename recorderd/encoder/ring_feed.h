/*
 * ring_feed.h - the encoder's way through the ring: the next frame, as IVF, into the pipe, without ever waiting; what
 * is waiting, waits in the ring. Where the encoder is too slow for good, frames are left out evenly.
 *
 * IVF (ivf.h) has a time base of a microsecond, so that each frame keeps its own.
 */
#ifndef RECORDERD_ENCODER_RING_FEED_H
#define RECORDERD_ENCODER_RING_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "recorderd/encoder/frame_drop.h"
#include "shared/base/buffer.h"
#include "shared/media/ivf.h"
#include "shared/ring/ring_reader.h"

struct feed {
	const struct ring_reader *ring;
	uint64_t next; /* seq of the next frame to be fed */

	/* The frame that is being written */
	bool writing;
	struct ring_frame frame;
	uint8_t head[IVF_HEADER_BYTES + IVF_FRAME_BYTES];
	size_t head_bytes, written; /* of head and data together */
	struct buffer copy;         /* its data, where it was about to be overwritten */
	bool copied;

	struct frame_drop thinning;
	uint64_t chosen; /* seq of the frame that was found to be kept */
	uint64_t thinned, lost;
};

void ring_feed_init(struct feed *feed, const struct ring_reader *ring, uint64_t next);
void ring_feed_free(struct feed *feed);

enum ring_feed_step {
	RING_FEED_FRAME,   /* feed->frame is the next one */
	RING_FEED_EMPTY,   /* caught up */
	RING_FEED_OVERRUN, /* the ring went over frames that were not fed: feed->next is the oldest that is left */
};

/* Finds the next frame (thinned); does not begin to write it. */
enum ring_feed_step ring_feed_peek(struct feed *feed);

/* Begins to write the frame that ring_feed_peek found, with that time stamp; the stream's first also gets the file header.
 */
void ring_feed_begin(struct feed *feed, int64_t pts_us, bool first);

enum ring_feed_write {
	RING_FEED_WRITTEN, /* the whole frame is in the pipe */
	RING_FEED_FULL,    /* the pipe is full: go on when it is writable */
	/* The encoder must be started anew */
	RING_FEED_BROKEN,            /* nobody reads */
	TRANSCODE_INPUT_OVERWRITTEN, /* the frame was, under our hands */
};

enum ring_feed_write ring_feed_write(struct feed *feed, int fd);

/* Age of the next frame, or of the one that is being written, against the newest; 0 where none waits. */
int64_t ring_feed_lag_us(const struct feed *feed);

/* Gives up the frame that is being written. */
void ring_feed_abort(struct feed *feed);

#endif
