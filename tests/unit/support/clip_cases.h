/*
 * clip_cases.h - what the tests of clips share: an archive made of FFmpeg's own frames, clips of it, and what a clip
 * shows when FFmpeg decodes it.
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

/* The first key frame at or behind a frame. */
size_t next_key(size_t frame);

/* Wall-clock time of a frame of the streams, in microseconds. */
int64_t media_wall_us(size_t frame);

/* Writes the index that belongs to a segment, of what a walk through it gave. */
void write_segment_index(const struct walked *walked, const char *media_name, uint64_t segment_no);

/* Segments of these parts, with an index each but the second: that one has to be walked. */
void archive_of_parts(const struct part *parts, size_t count);

/* Reads the whole clip into a file of media_folder; its path. */
void write_clip(const struct clip *clip, char path[PATH_BYTES]);

/* How long FFmpeg thinks that a file is, in microseconds. */
int64_t clip_length_us(const char *path);

/* The clip of [from_us, to_us), which has to hold something; the caller's: clip_free(). */
struct clip clip_of_range(int64_t from_us, int64_t to_us, unsigned speed);

/* The clip shows those frames of the stream, and each at its time from the first. */
void assert_shows(const char *path, const struct stream *stream, size_t first, size_t count);

/* Setup of a program: make_streams(), and media_folder opened. */
int clip_folder_make(void **state);

#endif
