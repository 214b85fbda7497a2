/*
 * transcode_input.h - writes the frames of a part to FFmpeg, in a child process.
 *
 * JPEGs go as IVF with their times (time base 1 us), from the spool (clip_spool.h) or from a segment. H.264 goes as the
 * fragments of its segment, unchanged.
 */
#ifndef FCGI_TRANSCODE_TRANSCODE_INPUT_H
#define FCGI_TRANSCODE_TRANSCODE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/clip/clip_plan.h"
#include "fcgi/io/job.h"
#include "fcgi/transcode/clip_spool.h"

/* One run of FFmpeg, over a range of ring frames or over a slice. */
struct transcode_part {
	size_t position;          /* in the plan: inserted before this slice, or replaces it */
	struct clip_slice *slice; /* to encode; NULL for ring frames */
	uint64_t first_seq, last_seq;
	int64_t first_wall_us;    /* of the first ring frame */
	int64_t last_duration_us; /* of the last frame */
	uint16_t width, height;   /* of the input */
	int memory_fd;            /* owned until adopted */
};

enum transcode_input_format { TRANSCODE_INPUT_IVF, TRANSCODE_INPUT_FRAGMENTS };

enum transcode_input_outcome {
	TRANSCODE_INPUT_OK,
	TRANSCODE_INPUT_OVERWRITTEN, /* ring frames are gone in the middle: what was written ends at a hole */
	TRANSCODE_INPUT_WRONG_START, /* TRANSCODE_START_WRONG: FFmpeg got no more frames */
	TRANSCODE_INPUT_FAILED,      /* no memory, an unreadable segment, or FFmpeg stopped reading */
};

/* Whether FFmpeg's first picture is the frame that it was told to expect. */
enum transcode_start { TRANSCODE_START_UNKNOWN, TRANSCODE_START_CONFIRMED, TRANSCODE_START_WRONG };

typedef enum transcode_start transcode_start_check(void *context);

struct transcode_input {
	const struct transcode_part *part; /* not owned */
	struct spool *spool;               /* not owned; NULL if the part is a slice */
	size_t range;                      /* index of the part's range in the spool */
	enum transcode_input_format format;
	int64_t first_wall_us;        /* of the first frame that FFmpeg gets */
	uint64_t frames;              /* written so far */
	uint8_t *frame;               /* owned */
	size_t frame_bytes;           /* size of `frame` */
	transcode_start_check *check; /* NULL if nobody asks, or the start is confirmed */
	void *check_context;
};

/* transcode_input_close() is needed in any case. */
enum transcode_input_outcome transcode_input_open(struct transcode_input *input, const struct transcode_part *part,
						  struct spool *spool, size_t range);
void transcode_input_close(struct transcode_input *input);

/*
 * Has `check` called after each ring frame. Once it confirms the start, the spool need not keep frames for another try.
 */
void transcode_input_check_start(struct transcode_input *input, transcode_start_check *check, void *context);

enum transcode_input_outcome transcode_input_run(struct transcode_input *input, const struct subprocess *ffmpeg);

/* Writes ftyp, moov and the fragments of records [first, end) of a segment. */
bool transcode_input_write_fragments(const struct segment_reader *segment, uint64_t first, uint64_t end,
				     const struct subprocess *ffmpeg);

/* Finds the offset of a record's fragment in its segment: the end of the frame before it. */
bool transcode_input_fragment_offset(const struct segment_reader *segment, uint64_t number, uint64_t *offset);

/* Whether each frame of that codec is a JPEG. */
bool transcode_input_is_jpeg(uint32_t codec);

#endif
