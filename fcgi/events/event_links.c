/* event_links.c - where the footage of an event is. */
#include "fcgi/events/event_links.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fcgi/io/fastcgi.h"
#include "shared/text/time_text.h"

#define BEFORE_S 2
#define AFTER_S  3

/* True if a segment that is listed has frames of [from, to). */
static bool has_footage(struct footage_finder *footage, int64_t from_second, int64_t to_second)
{
	int64_t from_us = from_second * US_PER_S, to_us = to_second * US_PER_S;
	struct catalogue_entry entry;
	uint64_t first, end;

	if (from_second < footage->to_second && to_second > footage->from_second)
		return true;
	if (!footage->catalogue || !catalogue_range(footage->catalogue, from_us, to_us, &first, &end))
		return false;
	for (uint64_t number = first; number < end; number++) {
		if (catalogue_read(footage->catalogue, number, 1, &entry) != 1)
			return false;
		int64_t end_us = entry.state == CATALOGUE_RECORDING ? CLOCK_MAX_US : entry.end_wall_us;
		if (entry.start_wall_us >= to_us || end_us <= from_us)
			continue;
		footage->from_second = entry.start_wall_us / US_PER_S;
		footage->to_second = (end_us + US_PER_S - 1) / US_PER_S;
		return true;
	}
	return false;
}

/* Whoever sent the request wrote it; it ends up in a command that somebody may run. */
static const char *host_of(const struct api_request *request)
{
	const char *host = fastcgi_param(request->fcgi, "HTTP_HOST");
	size_t length = strlen(host);

	if (length == 0 || length > 128 ||
	    strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") != length)
		return "localhost";
	return host;
}

static const char *scheme_of(const struct api_request *request)
{
	bool secure = strcmp(fastcgi_param(request->fcgi, "REQUEST_SCHEME"), "https") == 0 ||
		      strcmp(fastcgi_param(request->fcgi, "HTTPS"), "on") == 0;

	return secure ? "https" : "http";
}

void event_links_make(const struct api_request *request, struct footage_finder *footage,
		      const struct found_event *found, struct event_links *out)
{
	const struct motion_event *event = &found->event;
	int64_t middle = found->type == EVENT_MOTION ? event->peak_second : (event->from_second + event->to_second) / 2;
	const char *camera = request->camera_named ? request->camera->config->camera.name : "";
	char name[TIME_COMPACT_BYTES];

	*out = (struct event_links){0};
	if (has_footage(footage, middle, middle + 1))
		snprintf(out->snapshot, sizeof(out->snapshot), "snapshot?at=%" PRId64 ".5%s%s", middle,
			 *camera ? "&camera=" : "", camera);
	if (!has_footage(footage, event->from_second, event->to_second))
		return;
	snprintf(out->footage, sizeof(out->footage), "footage?from=%" PRId64 "&to=%" PRId64 "%s%s",
		 event->from_second - BEFORE_S, event->to_second + AFTER_S, *camera ? "&camera=" : "", camera);
	time_format_compact((wall_t){event->from_second * US_PER_S}, name);
	snprintf(out->curl, sizeof(out->curl), "curl -fo %s_%s.mp4 '%s://%s/%s'", event_type_text(found->type), name,
		 scheme_of(request), host_of(request), out->footage);
}
