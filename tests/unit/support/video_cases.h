/* video_cases.h - live video for tests: a recorder that puts made fragments into the video ring. */
#ifndef TESTS_UNIT_SUPPORT_VIDEO_CASES_H
#define TESTS_UNIT_SUPPORT_VIDEO_CASES_H

#include <stdint.h>

#include "recorderd/ring/video_writer.h"
#include "shared/base/buffer.h"

/* Appends an ftyp and a moov of one track of H.264 of that size, which counts in microseconds. */
void video_make_init(struct buffer *out, uint16_t width, uint16_t height);

/* Appends a moof and an mdat of `bytes` bytes, which begins with `number`. Returns the size of the moof. */
size_t video_make_fragment(struct buffer *out, uint32_t number, size_t bytes, bool key);

/* One FFmpeg run that puts frames; each 30th from its start is a key frame. */
struct video_run {
	struct video_writer *writer;
	int64_t run_mono_us;
	uint32_t put; /* frames of this run */
	uint16_t width;
};

/* Puts frame `number`, captured now, with `bytes` of media. */
void video_put(struct video_run *run, uint32_t number, size_t bytes);

#endif
