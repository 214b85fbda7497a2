/* timeline.c - GET /timeline?from=&to=: the recorded spans, and the gaps between them with their causes. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <unistd.h>

#include "fcgi/api/route.h"
#include "fcgi/http/query.h"
#include "fcgi/server/response.h"
#include "shared/text/json_value.h"
#include "shared/timeline/timeline_sum.h"

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
static int walk(struct api_camera *camera, const struct query_span *span, struct timeline *timeline,
		struct timeline_sum *sum)
{
	struct recorder_state state;
	bool alive = camera_state(camera, &state);
	int folder = camera_open_recordings(camera);

	*sum = (struct timeline_sum){0};

	if (folder < 0)
		return camera_folder_is_missing(errno) ? 0 : errno;
	if (!camera->timeline)
		camera->timeline = timeline_cache_create(); /* slower without */
	int error = timeline_sum(camera->timeline, folder, span->from_us, span->to_us, alive ? &state : NULL,
				 wall_now().us, add_item, timeline, sum)
			    ? 0
			    : errno;
	close(folder);
	return error;
}

static struct json_object *causes_json(const struct timeline_sum *sum)
{
	struct json_object *array = json_object_new_array();

	for (uint32_t cause = 0; cause < GAP_CAUSES_TOLD; cause++) {
		if (sum->causes[cause].gaps == 0)
			continue;
		struct json_object *json = json_object_new_object();
		json_object_object_add(json, "cause", json_object_new_string(gap_cause_text(cause)));
		json_object_object_add(json, "gaps", json_object_new_int64(sum->causes[cause].gaps));
		json_object_object_add(json, "duration", json_seconds(sum->causes[cause].us));
		json_object_array_add(array, json);
	}
	return array;
}

static struct json_object *ongoing_json(const struct timeline_sum *sum)
{
	const struct timeline_item *gap = &sum->ongoing;

	if (!sum->is_ongoing)
		return NULL;
	struct json_object *json = json_object_new_object();
	json_object_object_add(json, "from", json_time(gap->from_us));
	json_object_object_add(json, "to", json_time(gap->to_us));
	json_object_object_add(json, "duration", json_seconds(gap->to_us - gap->from_us));
	json_object_object_add(json, "cause", json_object_new_string(gap_cause_text(gap->cause)));
	return json;
}

/* With six decimals; unknown if there is nothing to have a share of. */
static struct json_object *share_json(const struct timeline_sum *sum)
{
	char text[16];

	if (sum->to_us <= sum->from_us)
		return NULL;
	snprintf(text, sizeof(text), "%u.%06u", timeline_sum_share(sum) / 1000000, timeline_sum_share(sum) % 1000000);
	return json_object_new_double_s(timeline_sum_share(sum) / 1e6, text);
}

static struct json_object *summary_json(const struct timeline_sum *sum)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "from", json_time(sum->from_us));
	json_object_object_add(json, "to", json_time(sum->to_us));
	json_object_object_add(json, "recorded", json_seconds(timeline_sum_recorded_us(sum)));
	json_object_object_add(json, "missing", json_seconds(sum->missing_us));
	json_object_object_add(json, "share", share_json(sum));
	json_object_object_add(json, "gaps", json_object_new_int64(sum->gaps));
	json_object_object_add(json, "causes", causes_json(sum));
	return json;
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
	struct timeline_sum sum;
	int error = walk(request->camera, &span, &timeline, &sum);
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
	json_object_object_add(json, "ongoing", ongoing_json(&sum));
	json_object_object_add(json, "summary", summary_json(&sum));
	respond_json(request, 200, NULL, json);
}
