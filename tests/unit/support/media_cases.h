/*
 * media_cases.h - what the tests of the file formats share: a stream as FFmpeg really makes it, with irregular time
 * stamps, segments built out of it by the format's rules, and FFmpeg's own opinion of them.
 */
#ifndef TESTS_UNIT_SUPPORT_MEDIA_CASES_H
#define TESTS_UNIT_SUPPORT_MEDIA_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/base/buffer.h"
#include "shared/segment/segment.h"

#define MEDIA_FRAMES  40u
#define MEDIA_WALL_US INT64_C(1800000000437000)
#define MEDIA_FREE                                                                                                     \
	"\0\0\0\x10"                                                                                                   \
	"free\0\0\0\0\0\0\0\0"
#define PATH_BYTES 256

struct piece {
	size_t at, bytes;
};

/* A fragmented MP4 and where its parts are. */
struct stream {
	struct buffer data;
	struct piece ftyp, moov;
	struct piece fragments[MEDIA_FRAMES]; /* moof and mdat */
	size_t count;
};

/* A frame as FFmpeg decodes it. */
struct decoded {
	int64_t time_us;
	char hash[33];
};

extern char media_folder[PATH_BYTES / 2]; /* of make_folder() */

/* The next number of a seed that is not 0 (xorshift). */
uint32_t next_random(uint32_t *seed);

/* Path of a file of media_folder; returns `out`. */
const char *path_of(const char *name, char out[PATH_BYTES]);

/* Setup of a program: media_folder. */
int make_folder(void **state);

/* Runs a shell command that must succeed; its output, with a NUL after it, is the caller's. */
struct buffer output_of(const char *format, ...);

/* Its teardown. */
int remove_folder(void **state);

/* What is in a file; the caller's to finish. */
struct buffer file_read(const char *path);

/* Makes the file, or overwrites it. */
void file_write(const char *path, const void *data, size_t length);

/* Whether media_folder has it; a link counts, wherever it leads. */
bool file_is_there(const char *name);

/* A file in memory with that content; the caller closes it. */
int file_of(const void *data, size_t length);

/* Capture time of a frame from the first: bursts, one of a single microsecond, and pauses. */
int64_t media_time_us(size_t frame);

/* Frame 0, and the first frame of every wall-clock second. */
bool media_key(size_t frame);

/* The recorder's own FFmpeg command, on a moving test picture of 96x64; codec is "h264" or "mjpeg". The caller finishes
 * out->data. */
void stream_make(struct stream *out, const char *codec);

/* Length of the moof that a fragment begins with. */
size_t moof_bytes(const uint8_t *fragment);

/* The open form of a segment with `count` frames of the stream from `first` on; the caller's to finish. */
struct buffer segment_of(const struct stream *stream, size_t first, size_t count, uint64_t segment_no);

/* Decodes a file; returns how many frames. FFmpeg must report no error. */
size_t decode(const char *path, struct decoded out[MEDIA_FRAMES * 2]);

#endif
