/* remote.c - requests for cameras whose footage comes from the store. */
#include "fcgi/api/remote.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fcgi/http/query.h"
#include "fcgi/server/request_fetch.h"
#include "fcgi/server/response.h"
#include "shared/segment/catalogue.h"
#include "shared/text/time_text.h"

/*
 * The list of the range comes first. Then what has to be opened besides: if the range has no footage, the segments next
 * to it, since the answer names the nearest footage.
 */

#define HOUR_US        (3600 * US_PER_S)
#define TIMELINE_US    (72 * HOUR_US) /* longer timelines are made from the list alone */
#define MOTION_US      (31 * 24 * HOUR_US)
#define MOTION_EDGE_US HOUR_US        /* an event may begin before the range, and end after it */
#define LATER_US       (5 * US_PER_S) /* by which `now` has moved when the handler reads the query again */
#define ZONES_US       (26 * HOUR_US) /* all places on earth have the same local time within that */

/* What the request goes through before its handler runs. */
struct remote {
	enum remote_need need;
	api_handler *handler;
	int64_t from_us, to_us;
	struct catalogue_entry beside[2]; /* to be opened besides */
	int beside_count;
};

static struct remote *remote_of(struct api_request *request)
{
	return request->remote;
}

static void fetch_next(struct api_request *request);

/* Runs the handler, or responds with the failure. */
static bool is_fetched(struct api_request *request)
{
	if (api_fetch_answer(request)->outcome == FETCH_OK)
		return true;
	respond_not_fetched(request);
	return false;
}

static void segment_fetched(struct api_request *request)
{
	if (is_fetched(request))
		fetch_next(request);
}

/* Has the next segment beside the range fetched; runs the handler after the last one. */
static void fetch_next(struct api_request *request)
{
	struct remote *remote = remote_of(request);

	if (remote->beside_count == 0) {
		remote->handler(request);
		return;
	}
	const struct catalogue_entry *entry = &remote->beside[--remote->beside_count];
	api_fetch(request,
		  &(struct api_wanted){.kind = FETCH_SPAN,
				       .what = FETCH_INDEXES,
				       .from = entry->start_wall_us,
				       .to = entry->start_wall_us + 1},
		  segment_fetched);
}

static void add_beside(struct remote *remote, const struct catalogue *list, uint64_t number)
{
	struct catalogue_entry *entry = &remote->beside[remote->beside_count];

	if (catalogue_read(list, number, 1, entry) == 1 && !(entry->flags & SEGMENT_EXPIRED))
		remote->beside_count++;
}

static bool overlaps(const struct catalogue *list, uint64_t number, const struct remote *remote)
{
	struct catalogue_entry entry;

	return catalogue_read(list, number, 1, &entry) == 1 && !(entry.flags & SEGMENT_EXPIRED) &&
	       entry.start_wall_us < remote->to_us &&
	       (entry.state == CATALOGUE_RECORDING || entry.end_wall_us > remote->from_us);
}

static void find_neighbours(struct remote *remote, const struct catalogue *list)
{
	uint64_t first, end;

	if (!catalogue_range(list, remote->from_us, remote->to_us, &first, &end))
		return;
	for (uint64_t number = first; number < end; number++)
		if (overlaps(list, number, remote))
			return;
	if (first > 0)
		add_beside(remote, list, first - 1);
	if (end < list->entries)
		add_beside(remote, list, end);
}

static void find_file(struct remote *remote, const struct catalogue *list, const char *tail)
{
	char name[SEGMENT_FILE_BYTES];
	uint64_t number;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(tail, "/"), tail);
	if (catalogue_find(list, name, &number))
		add_beside(remote, list, number);
}

static void list_fetched(struct api_request *request)
{
	struct remote *remote = remote_of(request);
	struct catalogue list;

	if (!is_fetched(request))
		return;
	int folder = camera_open_recordings(request->camera);
	if (folder >= 0 && catalogue_open(folder, &list) == CATALOGUE_OK) {
		if (remote->need == REMOTE_FILE)
			find_file(remote, &list, request->tail);
		else if (remote->need == REMOTE_CLIP)
			find_neighbours(remote, &list);
		catalogue_close(&list);
	}
	if (folder >= 0)
		close(folder);
	fetch_next(request);
}

/* The range of local times of the segment's name: its recorder may be anywhere. Nothing if it is no such name. */
static void range_of_name(struct remote *remote, const char *tail)
{
	char text[SEGMENT_FILE_BYTES];
	struct time_point at;
	size_t length = strcspn(tail, "/");

	snprintf(text, sizeof(text), "%.*s", (int)length, tail);
	if (length >= sizeof(text) || !segment_file_valid(text))
		return;
	const char *when = text + strlen("recording_");
	if (time_parse(when, strlen("YYYYMMDD_HHMMSS"), TIME_FROM, wall_now(), &at) != TIME_OK)
		return;
	remote->from_us = at.at.us - ZONES_US;
	remote->to_us = at.at.us + ZONES_US;
}

static int64_t end_of_range(int64_t to_us)
{
	int64_t now_us = wall_now().us;

	return to_us < now_us ? to_us : now_us;
}

/* What of the segments the handler reads; may change the range. */
static unsigned what_of(struct remote *remote, const char *query)
{
	int64_t end_us = end_of_range(remote->to_us);
	char only[QUERY_VALUE_MAX];

	switch (remote->need) {
	case REMOTE_TIMELINE:
		return end_us - remote->from_us <= TIMELINE_US ? FETCH_INDEXES : 0;
	case REMOTE_CLIP:
		return FETCH_INDEXES | (query_get(query, "only", only, sizeof(only)) == QUERY_FOUND ? FETCH_MOTION : 0);
	case REMOTE_MOTION:
		/* What is earlier is unknown, and the answer says so. */
		if (end_us - remote->from_us > MOTION_US)
			remote->from_us = end_us - MOTION_US;
		remote->from_us -= remote->from_us < MOTION_EDGE_US ? remote->from_us : MOTION_EDGE_US;
		remote->to_us = remote->to_us < INT64_MAX - MOTION_EDGE_US ? remote->to_us + MOTION_EDGE_US : INT64_MAX;
		return FETCH_MOTION;
	default:
		return 0;
	}
}

void remote_run(struct api_request *request, enum remote_need need, api_handler *handler)
{
	struct remote *remote = calloc(1, sizeof(*remote));
	const char *query = request->fcgi->query;
	struct query_span span;
	struct reason why;

	if (!remote) {
		respond_failure(request, "respond", ENOMEM);
		return;
	}
	request->remote = remote;
	remote->need = need;
	remote->handler = handler;
	if (need == REMOTE_FILE) {
		range_of_name(remote, request->tail);
	} else if (need != REMOTE_ITSELF && query_span(query, wall_now(), false, &span, &why)) {
		remote->from_us = span.from_us;
		remote->to_us = span.open_end ? INT64_MAX : span.to_us + (span.moving ? LATER_US : 0);
	}
	if (remote->from_us >= remote->to_us) {
		handler(request); /* which says what is wrong, or asks by itself */
		return;
	}
	unsigned what = what_of(remote, query);
	api_fetch(request,
		  &(struct api_wanted){.kind = FETCH_SPAN, .what = what, .from = remote->from_us, .to = remote->to_us},
		  list_fetched);
}

void respond_remote_refused(struct api_request *request)
{
	respond_problem(request, 404, NULL,
			"The footage of the camera %s comes from the store, and this needs its recorder. /footage, "
			"/timeline, /recordings, /events and /snapshot are the addresses for it here.",
			request->camera->config->camera.name);
}
