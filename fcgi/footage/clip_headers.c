/* clip_headers.c - the response headers of a clip, and its name. */
#include "fcgi/footage/clip_headers.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fcgi/footage/moving_headers.h"
#include "shared/text/json_value.h"
#include "shared/text/time_text.h"

#define LOCATION_MAX    2048
#define ZONE_BYTES      16
#define NAME_TIME_BYTES (TIME_COMPACT_BYTES + ZONE_BYTES)

/* How far on either side a change of the offset is looked for: none repeats more than a few hours. */
#define CHANGE_NEAR_S (24 * 3600)

/* True if another instant has the same local date and time, because the clocks were set back there. */
static bool is_repeated(time_t seconds, const struct tm *local)
{
	for (int side = -1; side <= 1; side += 2) {
		struct tm other, twin;
		time_t near = seconds + side * CHANGE_NEAR_S;
		if (!localtime_r(&near, &other) || other.tm_gmtoff == local->tm_gmtoff)
			continue;
		time_t same = seconds + local->tm_gmtoff - other.tm_gmtoff;
		if (localtime_r(&same, &twin) && twin.tm_gmtoff == other.tm_gmtoff)
			return true;
	}
	return false;
}

/* The compact time; with its zone, in the characters that kept_clips.h allows, if it is repeated. */
static void format_name_time(int64_t wall_us, char out[NAME_TIME_BYTES])
{
	time_t seconds = (time_t)(wall_us / US_PER_S);
	struct tm local;

	time_format_compact((wall_t){wall_us}, out);
	if (!localtime_r(&seconds, &local) || !is_repeated(seconds, &local))
		return;
	size_t length = strlen(out), end = length + ZONE_BYTES - 1;
	for (const char *at = local.tm_zone; *at && length < end; at++)
		if (isalnum((unsigned char)*at) || *at == '-')
			out[length++] = *at;
	out[length] = '\0';
}

void clip_headers_name(const struct api_request *request, const struct clip *clip, char out[CLIP_NAME_BYTES])
{
	char from[NAME_TIME_BYTES], to[NAME_TIME_BYTES];

	format_name_time(clip->start_us, from);
	format_name_time(clip->end_us, to);
	snprintf(out, CLIP_NAME_BYTES, "%s_%s_%s", request->camera->config->camera.name, from, to);
}

/* The compact time with its offset from UTC: 20260517_102300+0200. */
static void append_file_time(struct buffer *out, int64_t wall_us)
{
	char text[TIME_COMPACT_BYTES];
	int minutes = time_utc_offset_s((wall_t){wall_us}) / 60;

	time_format_compact((wall_t){wall_us}, text);
	buffer_printf(out, "_%s%c%02d%02d", text, minutes < 0 ? '-' : '+', abs(minutes) / 60, abs(minutes) % 60);
}

void clip_headers_append_file_name(const char *file, const char *label, struct buffer *out)
{
	buffer_printf(out, "Content-Disposition: inline; filename=\"%s\"", file);
	if (*label && json_text_is_utf8(label)) { /* RFC 8187 allows nothing else */
		buffer_printf(out, "; filename*=UTF-8''");
		for (const char *at = label; *at; at++) {
			bool plain = isalnum((unsigned char)*at) || strchr("-._", *at);
			buffer_printf(out, plain ? "%c" : "%%%02X", (unsigned char)*at);
		}
		buffer_printf(out, ".mp4");
	}
	buffer_printf(out, "\r\n");
}

/* Appends an ISO 8601 time to the microsecond. The plus sign of its offset is escaped: in a query it means a space. */
static void append_url_time(struct buffer *out, int64_t wall_us)
{
	char text[TIME_ISO_BYTES];

	time_format_iso_us((wall_t){wall_us}, text);
	for (const char *at = text; *at; at++)
		buffer_printf(out, *at == '+' ? "%%2B" : "%c", *at);
}

/* Left out if it is very long: web servers refuse long headers, and clients get by without it. */
static void append_location(const struct api_request *request, const struct clip_request *wanted, struct buffer *out)
{
	size_t before = out->length;

	buffer_printf(out, "Content-Location: footage?from=");
	append_url_time(out, wanted->plan.from_us);
	buffer_printf(out, "&to=");
	append_url_time(out, wanted->plan.to_us);
	if (wanted->speed != 1)
		buffer_printf(out, "&speed=%u", wanted->speed);
	if (wanted->moving.wanted)
		moving_parts_append_query(request->fcgi->query, true, out);
	if (request->camera_named)
		buffer_printf(out, "&camera=%s", request->camera->config->camera.name);
	buffer_printf(out, "\r\n");
	if (out->length > before + LOCATION_MAX)
		out->length = before;
}

static void append_spans(const struct clip *clip, struct buffer *out)
{
	if (clip->spans.length > 0)
		buffer_printf(out, "X-Clip-Spans: %.*s\r\n", (int)clip->spans.length, (const char *)clip->spans.data);
	else
		buffer_printf(out, "X-Clip-Spans: %zu; see /timeline\r\n", clip->span_count);
}

static void append_source(const struct clip *clip, struct buffer *out)
{
	buffer_printf(out, "X-Clip-Source: %s\r\nX-Clip-Start: %" PRId64 ".%06" PRId64 "\r\n", clip->source,
		      clip->first_us / US_PER_S, clip->first_us % US_PER_S);
}

void clip_headers_append_content(const struct clip *clip, struct buffer *out)
{
	append_source(clip, out);
	append_spans(clip, out);
}

void clip_headers_append(const struct api_request *request, const struct clip_request *wanted, const struct clip *clip,
			 struct buffer *out)
{
	int64_t took_us = mono_now().us - request->arrived.us;

	buffer_printf(out, "Content-Disposition: inline; filename=\"%s", request->camera->config->camera.name);
	append_file_time(out, clip->start_us);
	append_file_time(out, clip->end_us);
	buffer_printf(out, ".mp4\"\r\n");
	append_source(clip, out);
	if (wanted->moving.wanted) {
		moving_headers_append_spans(request, clip, out);
		moving_headers_append_unknown(request, &wanted->unknown, out);
	} else {
		append_spans(clip, out);
	}
	buffer_printf(out, "Server-Timing: clip;dur=%" PRId64 ".%03" PRId64 "\r\n", took_us / 1000, took_us % 1000);
	if (wanted->span.moving)
		append_location(request, wanted, out);
}
