/*
 * transcode_input.h - the frames of a part on their way to FFmpeg, in a child: JPEGs with their times as IVF (time base
 * 1 us), from the spool (clip_spool.h) or from a segment, or fragments of H.264 as they stand in their segment.
 */
#ifndef FCGI_TRANSCODE_TRANSCODE_INPUT_H
#define FCGI_TRANSCODE_TRANSCODE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/clip/clip_plan.h"
#include "fcgi/io/job.h"
#include "fcgi/transcode/clip_spool.h"

/* One run of FFmpeg: from a row of ring frames, or from a stretch. */
struct transcode_part {
	size_t place;               /* in the plan: before this stretch, or in place of it */
	struct clip_slice *stretch; /* what is encoded anew; NULL: the ring's frames */
	uint64_t first_seq, last_seq;
	int64_t first_wall_us;    /* of the first frame of the ring */
	int64_t last_duration_us; /* of the last frame */
	uint16_t width, height;   /* of the input */
	int memory_fd;            /* owned until adopted */
};

enum transcode_input_format { TRANSCODE_INPUT_IVF, TRANSCODE_INPUT_FRAGMENTS };

enum transcode_input_outcome {
	TRANSCODE_INPUT_OK,
	TRANSCODE_INPUT_OVERWRITTEN, /* frames of the ring are gone that come behind others: what was fed so far has a hole at its
			      end */
	TRANSCODE_INPUT_WRONG_START, /* the watch says so (transcode_input_check_start): FFmpeg got no more */
	TRANSCODE_INPUT_FAILED,      /* memory, a segment that cannot be read, or an FFmpeg that reads no more */
};

enum transcode_start { TRANSCODE_START_UNKNOWN, TRANSCODE_START_CONFIRMED, TRANSCODE_START_WRONG };

/* Says whether the first picture that FFmpeg made is the one that it was told. */
typedef enum transcode_start transcode_start_check(void *context);

struct feed {
	const struct transcode_part *part;
	struct spool *spool; /* where the part is a row of ring frames */
	size_t row;
	enum transcode_input_format form;
	int64_t first_wall_us; /* of the first frame that FFmpeg gets */
	uint64_t frames;       /* that it was given */
	uint8_t *frame;        /* owned */
	size_t frame_room;
	transcode_start_check *watch; /* NULL: nobody asks, or its first picture is right */
	void *watch_context;
};

/* `row` is that of the part in the spool. transcode_input_close() is due in any case. */
enum transcode_input_outcome transcode_input_open(struct feed *feed, const struct transcode_part *part,
						  struct spool *spool, size_t row);
void transcode_input_close(struct feed *feed);

/*
 * Asks behind each frame of the ring how the output begins: once that is right the spool need not keep frames for
 * another try.
 */
void transcode_input_check_start(struct feed *feed, transcode_start_check *watch, void *context);

enum transcode_input_outcome transcode_input_run(struct feed *feed, const struct subprocess *ffmpeg);

/* ftyp, moov and the fragments of records [first, end) of a segment. */
bool transcode_input_write_fragments(const struct clip_segment *segment, uint64_t first, uint64_t end,
				     const struct subprocess *ffmpeg);

/* Where the fragment of record `number` begins in its segment: behind the frame before it. */
bool transcode_input_fragment_offset(const struct clip_segment *segment, uint64_t number, uint64_t *at);

/* True for frames that are JPEGs each. */
bool transcode_input_is_jpeg(uint32_t codec);

#endif
