/* ffmpeg_errors.c - finds the line of FFmpeg's stderr that explains a failure. */
#include "recorderd/ffmpeg/ffmpeg_errors.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/log.h"

/* "[libx264 @ 0x55d0c2a40] text" becomes "libx264: text": the address is different each time. */
static void format_line(const char *line, char out[FFMPEG_ERROR_BYTES])
{
	const char *at = strstr(line, " @ 0x"), *end = at ? strchr(at, ']') : NULL;

	if (line[0] == '[' && end && end[1] == ' ')
		snprintf(out, FFMPEG_ERROR_BYTES, "%.*s: %s", (int)(at - line - 1), line + 1, end + 2);
	else
		snprintf(out, FFMPEG_ERROR_BYTES, "%.199s", line);
}

static void end_line(struct ffmpeg_errors *errors)
{
	errors->line[errors->length] = '\0';
	if (errors->length > 0) {
		log_debug("ffmpeg", "%s", errors->line);
		format_line(errors->line, errors->last);
		if (!errors->first[0])
			memcpy(errors->first, errors->last, sizeof(errors->first));
	}
	errors->length = 0;
}

void ffmpeg_errors_push(struct ffmpeg_errors *errors, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\n' || text[i] == '\r') {
			end_line(errors);
			continue;
		}
		if (errors->length == sizeof(errors->line) - 1)
			end_line(errors);
		errors->line[errors->length++] = text[i] ? text[i] : '?';
	}
}

void ffmpeg_errors_outdated(struct ffmpeg_errors *errors)
{
	errors->first[0] = '\0';
}

const char *ffmpeg_errors_reason(const struct ffmpeg_errors *errors)
{
	return errors->first[0] ? errors->first : errors->last;
}
