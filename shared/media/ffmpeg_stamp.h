/*
 * ffmpeg_stamp.h - the time of each frame, drawn into the picture by FFmpeg's filter drawtext.
 *
 * The text is a format of strftime(3), in local time. It comes from recorder.ini, so it is escaped for the three parsers
 * that read it: of the filter graph, of a filter's options, and of drawtext's own functions.
 */
#ifndef SHARED_MEDIA_FFMPEG_STAMP_H
#define SHARED_MEDIA_FFMPEG_STAMP_H

#include "shared/base/clock.h"
#include "shared/text/stamp_format.h"

#define FFMPEG_STAMP_FILTER_BYTES 1024
#define FFMPEG_STAMP_FONTS        "/usr/share/fonts" /* what FFmpeg has to be able to read */

struct ffmpeg_stamp {
	const char *format; /* one that stamp_format_valid() accepts */
	enum stamp_corner corner;
};

/*
 * Writes the filter. `first` is when the frame was taken at which FFmpeg's times begin, and `height` is that of the
 * picture, in pixels.
 */
void ffmpeg_stamp_filter(const struct ffmpeg_stamp *stamp, wall_t first, unsigned height,
			 char out[FFMPEG_STAMP_FILTER_BYTES]);

#endif
