/* clip_headers.c - the response headers of a clip, and its name. */
#include "fcgi/api/clip_headers.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/base/time_text.h"

void clip_headers_name(const struct api_request *request, const struct clip *clip, char out[CLIP_NAME_BYTES])
{
	char from[TIME_COMPACT_BYTES], to[TIME_COMPACT_BYTES];

	time_format_compact((wall_t){clip->start_us}, from);
	time_format_compact((wall_t){clip->end_us}, to);
	snprintf(out, CLIP_NAME_BYTES, "%s_%s_%s", request->camera->config->camera.name, from, to);
}

/* Appends an ISO 8601 time to the microsecond. The plus sign of its offset is escaped: in a query it means a space. */
static void append_url_time(struct buffer *out, int64_t wall_us)
{
	char text[TIME_ISO_BYTES];

	time_format_iso_us((wall_t){wall_us}, text);
	for (const char *at = text; *at; at++)
		buffer_printf(out, *at == '+' ? "%%2B" : "%c", *at);
}

static void append_location(const struct api_request *request, const struct clip_request *wanted, struct buffer *out)
{
	buffer_printf(out, "Content-Location: /footage?from=");
	append_url_time(out, wanted->plan.from_us);
	buffer_printf(out, "&to=");
	append_url_time(out, wanted->plan.to_us);
	if (wanted->speed != 1)
		buffer_printf(out, "&speed=%u", wanted->speed);
	if (request->camera_named)
		buffer_printf(out, "&camera=%s", request->camera->config->camera.name);
	buffer_printf(out, "\r\n");
}

void clip_headers_append_content(const struct clip *clip, struct buffer *out)
{
	buffer_printf(out, "X-Clip-Source: %s\r\n", clip->source);
	if (clip->spans.length > 0)
		buffer_printf(out, "X-Clip-Spans: %.*s\r\n", (int)clip->spans.length, (const char *)clip->spans.data);
	else
		buffer_printf(out, "X-Clip-Spans: %zu; see /timeline\r\n", clip->span_count);
	buffer_printf(out, "X-Clip-Start: %" PRId64 ".%06" PRId64 "\r\n", clip->first_us / US_PER_S,
		      clip->first_us % US_PER_S);
}

void clip_headers_append(const struct api_request *request, const struct clip_request *wanted, const struct clip *clip,
			 struct buffer *out)
{
	char name[CLIP_NAME_BYTES];
	int64_t took_us = mono_now().us - request->arrived.us;

	clip_headers_name(request, clip, name);
	buffer_printf(out, "Content-Disposition: inline; filename=\"%s.mp4\"\r\n", name);
	clip_headers_append_content(clip, out);
	buffer_printf(out, "Server-Timing: clip;dur=%" PRId64 ".%03" PRId64 "\r\n", took_us / 1000, took_us % 1000);
	if (wanted->span.moving)
		append_location(request, wanted, out);
}
