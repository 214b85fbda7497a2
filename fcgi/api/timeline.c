/* timeline.c - GET /timeline?from=&to=: the recorded spans, and the gaps between them with their causes. */
#include <errno.h>
#include <json-c/json.h>
#include <unistd.h>

#include "fcgi/api/route.h"
#include "fcgi/http/query.h"
#include "fcgi/server/response.h"
#include "fcgi/timeline/timeline_walk.h"
#include "shared/text/json_value.h"

struct timeline {
	struct json_object *spans, *gaps;
};

static void add_item(const struct timeline_item *item, void *context)
{
	struct timeline *timeline = context;
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "from", json_time(item->from_us));
	json_object_object_add(json, "to", json_time(item->to_us));
	json_object_object_add(json, "duration", json_seconds(item->to_us - item->from_us));
	if (item->kind == TIMELINE_SPAN) {
		json_object_object_add(json, "source",
				       json_object_new_string(item->source == SOURCE_TEST ? "test" : "camera"));
		json_object_array_add(timeline->spans, json);
	} else {
		json_object_object_add(json, "cause", json_object_new_string(gap_cause_text(item->cause)));
		json_object_array_add(timeline->gaps, json);
	}
}

/* Returns 0, or errno if there may be recordings that cannot be read. */
static int walk(struct api_camera *camera, const struct query_span *span, struct timeline *timeline)
{
	int folder = camera_open_recordings(camera);

	if (folder < 0)
		return camera_folder_is_missing(errno) ? 0 : errno;
	if (!camera->timeline)
		camera->timeline = timeline_cache_create(); /* slower without */
	int error = timeline_walk(camera->timeline, folder, span->from_us, span->to_us, add_item, timeline) ? 0 : errno;
	close(folder);
	return error;
}

void handle_timeline(struct api_request *request)
{
	struct query_span span;
	struct reason why;
	int64_t first_us = 0, last_us;

	if (!query_span(request->fcgi->query, wall_now(), false, &span, &why)) {
		respond_problem(request, 400, NULL, "%s", why.text);
		return;
	}
	bool found = span.has_from || camera_archive_span(request->camera, &first_us, &last_us);
	if (!found && errno != 0) {
		respond_unreadable(request, errno);
		return;
	}
	if (!span.has_from)
		span.from_us = found ? first_us : 0;
	struct timeline timeline = {json_object_new_array(), json_object_new_array()};
	int error = walk(request->camera, &span, &timeline);
	if (error != 0) {
		json_object_put(timeline.spans);
		json_object_put(timeline.gaps);
		respond_unreadable(request, error);
		return;
	}
	struct json_object *json = json_object_new_object();
	json_object_object_add(json, "from", json_known_time(span.from_us));
	json_object_object_add(json, "to", json_known_time(span.has_to ? span.to_us : wall_now().us));
	json_object_object_add(json, "spans", timeline.spans);
	json_object_object_add(json, "gaps", timeline.gaps);
	respond_json(request, 200, NULL, json);
}
