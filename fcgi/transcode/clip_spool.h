/*
 * clip_spool.h - copies frames out of the ring ahead of FFmpeg.
 *
 * The ring keeps being overwritten while a clip is encoded, however long that takes.
 *
 * The spool holds the frames of all ring ranges of a request, in the order in which they are encoded, up to a limit in
 * bytes; whatever is dropped at the front makes room at the back. A clip that fits can be encoded at any speed; for a
 * longer one, the encoder may fall behind by what fits. One frame always fits.
 *
 * If the encoder may have to start a range again, spool_mark() makes the spool keep what has been dropped, within the
 * same limit, until that is settled.
 *
 * If the first frames of a range are overwritten before they are copied, the range begins later. A frame that is
 * overwritten after them leaves a hole, and the spool returns no further frames.
 */
#ifndef FCGI_TRANSCODE_CLIP_SPOOL_H
#define FCGI_TRANSCODE_CLIP_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/ring/ring_reader.h"

/* For all requests that are being encoded at the same time. */
#define SPOOL_BYTES_MAX (UINT64_C(256) << 20)

/* Consecutive frames of the ring, both ends included. */
struct spool_range {
	uint64_t first_seq, last_seq;
};

struct spool_frame {
	struct spool_frame *next;
	size_t range; /* index */
	struct ring_meta meta;
	uint8_t data[]; /* meta.length bytes */
};

struct spool {
	const struct ring_reader *ring;   /* not owned */
	const struct spool_range *ranges; /* not owned */
	size_t range_count;
	uint64_t bytes_max; /* nothing more is copied while it holds this much */

	size_t range;  /* index of the range that is being copied */
	uint64_t next; /* seq of the next frame to copy */
	bool started;  /* a frame of the range has been copied */
	struct spool_frame *first, **last;
	uint64_t bytes; /* of all frames that it holds */

	bool marked;
	struct spool_frame *taken, **taken_last; /* dropped since spool_mark() */
	uint64_t taken_bytes;
};

void spool_init(struct spool *spool, const struct ring_reader *ring, const struct spool_range *ranges,
		size_t range_count, uint64_t bytes_max);
void spool_free(struct spool *spool);

enum spool_outcome {
	SPOOL_OK,
	SPOOL_RANGE_END,   /* the range has no more frames */
	SPOOL_OVERWRITTEN, /* the ring has overwritten the next frame */
	SPOOL_NO_MEMORY,   /* not even for one frame */
};

/* Copies as many frames as fit. */
void spool_fill(struct spool *spool);

/* Fills the spool, and points *out at the next frame of that range, valid until spool_drop(). */
enum spool_outcome spool_peek(struct spool *spool, size_t range, const struct spool_frame **out);
void spool_drop(struct spool *spool);

/*
 * spool_mark() makes the spool keep dropped frames, so that spool_rewind() can bring them back, until spool_unmark() or
 * until they take half of the room. spool_rewind() returns false if they are gone.
 */
void spool_mark(struct spool *spool);
bool spool_rewind(struct spool *spool);
void spool_unmark(struct spool *spool);

#endif
