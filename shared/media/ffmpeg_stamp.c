/* ffmpeg_stamp.c - the time of each frame, drawn into the picture. */
#include "shared/media/ffmpeg_stamp.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SMALLEST_FONT 10 /* pixels */

/* Where the systems on which the recorder runs have the font. NULL: FFmpeg finds one by itself, if it can. */
static const char *find_font(void)
{
	static const char *const fonts[] = {
		FFMPEG_STAMP_FONTS "/truetype/dejavu/DejaVuSansMono.ttf",
		FFMPEG_STAMP_FONTS "/truetype/dejavu/DejaVuSans.ttf",
		FFMPEG_STAMP_FONTS "/dejavu-sans-mono-fonts/DejaVuSansMono.ttf",
		FFMPEG_STAMP_FONTS "/dejavu/DejaVuSansMono.ttf",
		FFMPEG_STAMP_FONTS "/TTF/DejaVuSansMono.ttf",
	};

	for (size_t i = 0; i < sizeof(fonts) / sizeof(fonts[0]); i++)
		if (access(fonts[i], R_OK) == 0)
			return fonts[i];
	return NULL;
}

/* Copies a text, with a backslash before each of the special characters. What does not fit is cut. */
static void escape(const char *text, const char *special, char *out, size_t bytes)
{
	size_t length = 0;

	for (; *text && length + 2 < bytes; text++) {
		if (strchr(special, *text))
			out[length++] = '\\';
		out[length++] = *text;
	}
	out[length] = '\0';
}

/* Times are rounded down to the second in binary fractions, so a frame at a full second needs a little more than that. */
static void write_text(const struct ffmpeg_stamp *stamp, wall_t first, char *out, size_t bytes)
{
	char format[2 * STAMP_FORMAT_BYTES];
	int64_t base_us = first.us + 1;

	escape(stamp->format, "\\':}", format, sizeof(format));
	snprintf(out, bytes, "%%{pts:localtime:%" PRId64 ".%06" PRId64 ":%s}", base_us / US_PER_S, base_us % US_PER_S,
		 format);
}

void ffmpeg_stamp_filter(const struct ffmpeg_stamp *stamp, wall_t first, unsigned height,
			 char out[FFMPEG_STAMP_FILTER_BYTES])
{
	static const char *const positions[] = {
		[CORNER_TOP_LEFT] = "x=%u:y=%u",
		[CORNER_TOP_RIGHT] = "x=w-tw-%u:y=%u",
		[CORNER_BOTTOM_LEFT] = "x=%u:y=h-th-%u",
		[CORNER_BOTTOM_RIGHT] = "x=w-tw-%u:y=h-th-%u",
	};
	unsigned size = height / 30 > SMALLEST_FONT ? height / 30 : SMALLEST_FONT;
	char text[256], escaped[512], position[48], options[FFMPEG_STAMP_FILTER_BYTES];
	const char *font = find_font();

	write_text(stamp, first, text, sizeof(text));
	escape(text, "\\':", escaped, sizeof(escaped));
	snprintf(position, sizeof(position), positions[stamp->corner], size / 2, size / 2);
	snprintf(options, sizeof(options),
		 "drawtext=%s%s%sfontsize=%u:fontcolor=white:box=1:boxcolor=black@0.5:boxborderw=%u:%s:text=%s",
		 font ? "fontfile=" : "", font ? font : "", font ? ":" : "", size, size / 4, position, escaped);
	escape(options, "\\'[],;", out, FFMPEG_STAMP_FILTER_BYTES);
}
