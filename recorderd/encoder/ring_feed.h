/*
 * ring_feed.h - reads the ring for the encoder and writes its frames, as IVF, to FFmpeg's pipe without ever blocking.
 *
 * Frames that wait do so in the ring. If the encoder is too slow for good, frames are dropped evenly (frame_drop.h).
 * The time base of the IVF (ivf.h) is a microsecond, so that each frame keeps its exact time.
 */
#ifndef RECORDERD_ENCODER_RING_FEED_H
#define RECORDERD_ENCODER_RING_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "recorderd/encoder/frame_drop.h"
#include "shared/base/buffer.h"
#include "shared/media/ivf.h"
#include "shared/ring/ring_reader.h"

struct ring_feed {
	const struct ring_reader *ring;
	uint64_t next; /* seq of the next frame to feed */

	/* The frame that is being written */
	bool writing;
	struct ring_frame frame;
	uint8_t head[IVF_HEADER_BYTES + IVF_FRAME_BYTES];
	size_t head_bytes, written; /* written: of head and data together */
	struct buffer copy;         /* of its data, if it was about to be overwritten */
	bool copied;

	struct frame_drop drop;
	uint64_t accepted; /* seq of the frame that frame_drop has accepted */
	uint64_t dropped, lost;
	uint64_t backlog_end; /* seq of the newest frame when it last went back */
};

void ring_feed_init(struct ring_feed *feed, const struct ring_reader *ring, uint64_t next);
void ring_feed_free(struct ring_feed *feed);

/*
 * Continues with frame `next`, which was fed before. The lag says nothing about how fast the encoder is, so until those
 * frames are fed, none is dropped for it, unless it is longer than half the ring.
 */
void ring_feed_go_back(struct ring_feed *feed, uint64_t next);

enum ring_feed_step {
	RING_FEED_FRAME,   /* feed->frame is the next one */
	RING_FEED_EMPTY,   /* no frame is waiting */
	RING_FEED_OVERRUN, /* frames were overwritten before they were fed; feed->next is the oldest one left */
};

/* Finds the next frame to feed, skipping those to be dropped. Does not begin to write it. */
enum ring_feed_step ring_feed_peek(struct ring_feed *feed);

/*
 * Begins to write the frame that ring_feed_peek() found, with that timestamp. `first`: it is preceded by the file
 * header.
 */
void ring_feed_begin(struct ring_feed *feed, int64_t pts_us, bool first);

enum ring_feed_result {
	RING_FEED_WRITTEN, /* the whole frame is in the pipe */
	RING_FEED_FULL,    /* the pipe is full: continue when it is writable */

	/* After these the encoder must be restarted */
	RING_FEED_BROKEN,      /* nobody reads the pipe any more */
	RING_FEED_OVERWRITTEN, /* the frame was overwritten while it was being written */
};

enum ring_feed_result ring_feed_write(struct ring_feed *feed, int fd);

/* How much older than the newest frame the one is that is being written, or else the next one; 0 if none is waiting. */
int64_t ring_feed_lag_us(const struct ring_feed *feed);

/* Gives up the frame that is being written. */
void ring_feed_abort(struct ring_feed *feed);

#endif
