/* moving_headers.c - the response headers of clips of the seconds in which something moved. */
#include "fcgi/footage/moving_headers.h"

#include <inttypes.h>

#include "fcgi/footage/moving_parts.h"
#include "fcgi/http/query.h"
#include "shared/text/time_text.h"

/*
 * Appends `events?…`: the address, relative to this one, that answers when something moved in the same range. If the
 * areas are so long that web servers might refuse the header, only `events`.
 */
static void append_events_address(const struct api_request *request, struct buffer *out)
{
	const char *query = request->fcgi->query;
	size_t before = out->length;
	struct query_span span;
	struct reason why;

	buffer_printf(out, "events");
	if (!query_span(query, wall_now(), false, &span, &why))
		return;
	buffer_printf(out, "?from=%" PRId64, span.from_us / US_PER_S);
	if (!span.open_end)
		buffer_printf(out, "&to=%" PRId64 ".%06" PRId64, span.to_us / US_PER_S, span.to_us % US_PER_S);
	moving_parts_append_query(query, false, out);
	if (request->camera_named)
		buffer_printf(out, "&camera=%s", request->camera->config->camera.name);
	if (out->length > before + CLIP_SPANS_MAX)
		out->length = before + sizeof("events") - 1;
}

static void append_count(const struct api_request *request, size_t count, struct buffer *out)
{
	buffer_printf(out, "%zu; see ", count);
	append_events_address(request, out);
	buffer_printf(out, "\r\n");
}

void moving_headers_append_spans(const struct api_request *request, const struct clip *clip, struct buffer *out)
{
	buffer_printf(out, "X-Clip-Spans: ");
	if (clip->spans.length > 0)
		buffer_printf(out, "%.*s\r\n", (int)clip->spans.length, (const char *)clip->spans.data);
	else
		append_count(request, clip->span_count, out);
}

void moving_headers_append_unknown(const struct api_request *request, const struct motion_spans *unknown,
				   struct buffer *out)
{
	char from[TIME_ISO_BYTES], to[TIME_ISO_BYTES];
	struct buffer list = {0};

	if (unknown->count == 0)
		return;
	for (size_t i = 0; i < unknown->count && list.length <= CLIP_SPANS_MAX; i++) {
		time_format_iso((wall_t){unknown->items[i].from_second * US_PER_S}, from);
		time_format_iso((wall_t){unknown->items[i].to_second * US_PER_S}, to);
		buffer_printf(&list, "%s%s/%s", i > 0 ? ", " : "", from, to);
	}
	buffer_printf(out, "X-Clip-Unknown: ");
	if (list.failed || list.length > CLIP_SPANS_MAX)
		append_count(request, unknown->count, out);
	else
		buffer_printf(out, "%.*s\r\n", (int)list.length, (const char *)list.data);
	buffer_free(&list);
}
