/*
 * ffmpeg_errors.h - the lines that FFmpeg writes to stderr. Pure.
 *
 * When FFmpeg refuses to work, its first line names the cause ("width not divisible by 2"), and the later ones only
 * what followed from it ("Conversion failed!"). While it works it also reports frames that it cannot decode; once it
 * has given another frame, those lines explain nothing any more.
 */
#ifndef RECORDERD_FFMPEG_FFMPEG_ERRORS_H
#define RECORDERD_FFMPEG_FFMPEG_ERRORS_H

#include <stddef.h>

#define FFMPEG_ERROR_BYTES 200

/* Zero-initialised it is ready to use. */
struct ffmpeg_errors {
	char line[512]; /* the one being read */
	size_t length;
	char first[FFMPEG_ERROR_BYTES]; /* since ffmpeg_errors_outdated() */
	char last[FFMPEG_ERROR_BYTES];
};

/* Takes what was read from FFmpeg's stderr, in pieces of any size. Whole lines are also logged, for debugging. */
void ffmpeg_errors_push(struct ffmpeg_errors *errors, const char *text, size_t bytes);

/* FFmpeg works: the lines so far are not the cause of a failure to come. */
void ffmpeg_errors_outdated(struct ffmpeg_errors *errors);

/* The line that explains a failure, without addresses of FFmpeg's memory; empty if it has written none. */
const char *ffmpeg_errors_reason(const struct ffmpeg_errors *errors);

#endif
