/*
 * clip_spool.h - frames of the ring on their way to FFmpeg, taken out ahead of it: the ring goes on being written over
 * while a clip is encoded, however long that takes.
 *
 * The spool holds the frames of all rows of ring frames of a request, in the order in which they are encoded, as far as
 * its room goes; what leaves it at one end makes room at the other. So a clip that fits into it can be encoded at any
 * speed, and of a longer one the encoder may be late by what fits. One frame always fits.
 *
 * Where the encoder may have to begin a row again, the spool keeps what has left it (spool_mark) until that is settled,
 * in the same room.
 *
 * Of the first frames of a row some may be gone before they are taken: then the row begins later. One that is gone
 * behind them is a hole, and the spool gives no frame any more.
 */
#ifndef FCGI_TRANSCODE_CLIP_SPOOL_H
#define FCGI_TRANSCODE_CLIP_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/ring/ring_reader.h"

/* Of all requests that are encoded at a time. */
#define SPOOL_BYTES_MAX (UINT64_C(256) << 20)

/* A row of the ring's frames. */
struct spool_range {
	uint64_t first_seq, last_seq;
};

struct spool_frame {
	struct spool_frame *next;
	size_t row;
	struct ring_meta meta;
	uint8_t data[]; /* meta.length bytes */
};

struct spool {
	const struct ring_reader *ring;
	const struct spool_range *rows; /* not owned */
	size_t row_count;
	uint64_t bytes_max; /* no frame is taken out while it holds as many */

	size_t row;    /* that is being taken out */
	uint64_t next; /* seq of the frame that is taken out next */
	bool begun;    /* the row has given a frame */
	struct spool_frame *first, **last;
	uint64_t bytes; /* of all that it holds */

	bool keeps;
	struct spool_frame *used, **used_last; /* what left it since spool_mark() */
	uint64_t used_bytes;
};

void spool_init(struct spool *spool, const struct ring_reader *ring, const struct spool_range *rows, size_t row_count,
		uint64_t bytes_max);
void spool_free(struct spool *spool);

enum spool_outcome {
	SPOOL_OK,
	SPOOL_RANGE_END,   /* the row has no more frames */
	SPOOL_OVERWRITTEN, /* the ring was written over what is wanted next */
	SPOOL_NO_MEMORY,   /* not even for one frame */
};

/* Takes out as many frames as there is room for. */
void spool_fill(struct spool *spool);

/* The next frame of that row, *out, which stays the spool's until spool_drop(). Fills the spool first. */
enum spool_outcome spool_peek(struct spool *spool, size_t row, const struct spool_frame **out);
void spool_drop(struct spool *spool);

/*
 * From here on frames that leave the spool are kept, so that spool_rewind() puts them back; until spool_unmark(), or
 * until they take half of its room. spool_rewind() is false where they are gone.
 */
void spool_mark(struct spool *spool);
bool spool_rewind(struct spool *spool);
void spool_unmark(struct spool *spool);

#endif
