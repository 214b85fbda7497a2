/* segment_cases.h - for tests of segments: two streams, walks, and finishing in place. */
#ifndef TESTS_UNIT_SUPPORT_SEGMENT_CASES_H
#define TESTS_UNIT_SUPPORT_SEGMENT_CASES_H

#include "tests/unit/support/media_cases.h"

#define SEGMENT_NO 41u
#define SMALL      6u /* frames of segments that are cut at every byte */

/* The result of a walk. */
struct walked {
	struct index_record records[MEDIA_FRAMES];
	size_t count, stop_at;
	uint64_t good_end;
	enum segment_outcome outcome;
};

/* Set by make_streams(), until drop_streams(). */
extern struct streams {
	struct stream h264, mjpeg;
} streams;

/* Setup of a program: make_folder() and both streams. */
int make_streams(void **state);

/* Its teardown. */
int drop_streams(void **state);

/* For segment_walk(), with a struct walked as the context. */
bool take_record(const struct index_record *record, void *context);

/* Reads the layout of a file and walks it; segment_layout_free() frees the layout. */
enum segment_outcome examine(int fd, struct segment_layout *layout, struct walked *walked);

/* The same with bytes in memory. */
enum segment_outcome examine_bytes(const void *data, size_t length, struct segment_layout *layout,
				   struct walked *walked);

/* The moov that finishes a segment, built through an index file; the caller frees it. */
struct buffer final_moov(const struct segment_layout *layout, const struct walked *walked);

/* Overwrites the free box with the header of an mdat up to `end`. */
void hide_fragments(struct buffer *segment, const struct segment_layout *layout, size_t end);

/* Turns the segment into the complete form; returns where its media ends. */
size_t complete_segment(struct buffer *segment);

/* Fails unless FFmpeg decodes exactly `count` frames of the stream from `first` on, at their times. */
void assert_decodes(const struct buffer *segment, const struct stream *stream, size_t first, size_t count,
		    int64_t tolerance_us);

#endif
