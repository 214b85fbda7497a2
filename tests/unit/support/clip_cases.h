/*
 * clip_cases.h - an archive made of FFmpeg's own frames, clips of it, and what a clip shows when FFmpeg decodes it, for
 * the tests of clips.
 */
#ifndef TESTS_UNIT_SUPPORT_CLIP_CASES_H
#define TESTS_UNIT_SUPPORT_CLIP_CASES_H

#include "fcgi/clip/clip_build.h"
#include "tests/unit/support/segment_cases.h"

#define RUN_US (MEDIA_WALL_US / 1000000 * 1000000)

struct part {
	const struct stream *stream;
	size_t first, count;
	uint32_t gap_cause;
	bool complete;
};

extern int clip_folder; /* media_folder, opened by clip_folder_make() */

/* The first key frame at or after a frame. */
size_t next_key(size_t frame);

/* The wall time of a frame of the streams, in microseconds. */
int64_t media_wall_us(size_t frame);

/* Writes the index of a segment from the records of a walk through it. */
void write_segment_index(const struct walked *walked, const char *media_name, uint64_t segment_no);

/* Makes an archive with a segment for each part. All but the second have an index; the second has to be scanned. */
void archive_of_parts(const struct part *parts, size_t count);

/* Writes the whole clip to a file in media_folder, and returns its path. */
void write_clip(const struct clip *clip, char path[PATH_BYTES]);

/* The duration of a file according to FFmpeg, in microseconds. */
int64_t clip_length_us(const char *path);

/* Builds the clip of [from_us, to_us), which must not be empty; the caller frees it with clip_free(). */
struct clip clip_of_range(int64_t from_us, int64_t to_us, unsigned speed);

/* The clip shows exactly these frames of the stream, each at its time from the first. */
void assert_shows(const char *path, const struct stream *stream, size_t first, size_t count);

/* Setup of a program: make_streams(), and media_folder opened. */
int clip_folder_make(void **state);

#endif
