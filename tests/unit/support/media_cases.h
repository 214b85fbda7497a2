/*
 * media_cases.h - a stream as FFmpeg really makes it, with irregular timestamps, segments built from it by the
 * format's rules, and FFmpeg's own opinion of them, for the tests of the file formats.
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

/* The next random number (xorshift); the seed must not be 0. */
uint32_t next_random(uint32_t *seed);

/* Makes the path of a file in media_folder; returns `out`. */
const char *path_of(const char *name, char out[PATH_BYTES]);

/* Setup of a program: media_folder. */
int make_folder(void **state);

/* Runs a shell command that must succeed; its output, with a NUL after it, is the caller's. */
struct buffer output_of(const char *format, ...);

/* Its teardown. */
int remove_folder(void **state);

/* Reads a file; the caller frees the buffer. */
struct buffer file_read(const char *path);

/* Creates or overwrites a file. */
void file_write(const char *path, const void *data, size_t length);

/* Whether media_folder has the file; even a dangling link counts. */
bool file_is_there(const char *name);

/* Makes a file in memory with that content; the caller closes it. */
int file_of(const void *data, size_t length);

/* The capture time of a frame after the first one. There are bursts, one of a single microsecond, and pauses. */
int64_t media_time_us(size_t frame);

/* Whether it is a key frame: frame 0, and the first frame of every wall-clock second. */
bool media_key(size_t frame);

/*
 * Runs the recorder's own FFmpeg command on a moving test picture of 96x64; codec is "h264" or "mjpeg". The caller
 * frees out->data.
 */
void stream_make(struct stream *out, const char *codec);

/* The length of the moof at the beginning of a fragment. */
size_t moof_bytes(const uint8_t *fragment);

/* Makes the open form of a segment with `count` frames of the stream from `first` on; the caller frees it. */
struct buffer segment_of(const struct stream *stream, size_t first, size_t count, uint64_t segment_no);

/* Decodes a file and returns the number of frames. FFmpeg must not report an error. */
size_t decode(const char *path, struct decoded out[MEDIA_FRAMES * 2]);

#endif
