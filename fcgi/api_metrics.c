/*
 * api_metrics.c - GET /metrics: Prometheus' text format 0.0.4, all cameras.
 */
#include <inttypes.h>
#include <stddef.h>

#include "fcgi/api_answer.h"
#include "fcgi/api_route.h"

enum metric_unit { UNIT_U64, UNIT_MILLI_U32, UNIT_US };

struct metric {
	const char *name, *type, *help;
	size_t offset; /* in struct recorder_state */
	enum metric_unit unit;
};

#define FIELD(field) offsetof(struct recorder_state, field)

static const struct metric metrics[] = {
	{"recorder_frames_total", "counter", "Frames from the camera.", FIELD(frames), UNIT_U64},
	{"recorder_frames_lost_total", "counter", "Frames missing by the driver's numbers.", FIELD(lost), UNIT_U64},
	{"recorder_frames_damaged_total", "counter", "Frames refused as damaged.", FIELD(damaged), UNIT_U64},
	{"recorder_frames_encoded_total", "counter", "Frames written to segments.", FIELD(encoded), UNIT_U64},
	{"recorder_frames_thinned_total", "counter", "Frames left out by a slow encoder.", FIELD(thinned), UNIT_U64},
	{"recorder_frames_per_second", "gauge", "Measured frame rate.", FIELD(measured_fps_milli), UNIT_MILLI_U32},
	{"recorder_encoder_behind_seconds", "gauge", "Age of the next frame to be encoded.", FIELD(encoder_behind_us),
	 UNIT_US},
	{"recorder_disk_free_bytes", "gauge", "Free space where recordings are.", FIELD(disk_free_bytes), UNIT_U64},
	{"recorder_recordings_bytes", "gauge", "Size of all recordings.", FIELD(recordings_bytes), UNIT_U64},
	{"recorder_segments", "gauge", "Number of recordings.", FIELD(segments), UNIT_U64},
	{"recorder_queue_bytes", "gauge", "Media waiting for the disk.", FIELD(queue_bytes), UNIT_U64},
};

#define METRIC_COUNT (sizeof(metrics) / sizeof(metrics[0]))

static void append_value(struct buffer *out, const struct metric *metric, const struct recorder_state *state)
{
	const void *field = (const char *)state + metric->offset;

	switch (metric->unit) {
	case UNIT_U64:
		buffer_printf(out, "%" PRIu64 "\n", *(const uint64_t *)field);
		break;
	case UNIT_MILLI_U32:
		buffer_printf(out, "%.3f\n", (double)*(const uint32_t *)field / 1e3);
		break;
	case UNIT_US:
		buffer_printf(out, "%.6f\n", (double)*(const int64_t *)field / 1e6);
		break;
	}
}

static void append_metric(struct api_request *request, const struct metric *metric, struct buffer *out)
{
	struct recorder_state state;

	buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name, metric->type);
	for (size_t i = 0; i < request->camera_count; i++) {
		if (!camera_state(&request->cameras[i], &state))
			continue;
		buffer_printf(out, "%s{camera=\"%s\"} ", metric->name, request->cameras[i].config->camera.name);
		append_value(out, metric, &state);
	}
}

static void append_up(struct api_request *request, struct buffer *out)
{
	struct recorder_state state;

	buffer_printf(out, "# HELP recorder_up Whether the recorder runs.\n# TYPE recorder_up gauge\n");
	for (size_t i = 0; i < request->camera_count; i++)
		buffer_printf(out, "recorder_up{camera=\"%s\"} %d\n", request->cameras[i].config->camera.name,
			      camera_state(&request->cameras[i], &state));
	buffer_printf(out, "# HELP recorder_streaming Whether frames come.\n# TYPE recorder_streaming gauge\n");
	for (size_t i = 0; i < request->camera_count; i++)
		buffer_printf(out, "recorder_streaming{camera=\"%s\"} %d\n", request->cameras[i].config->camera.name,
			      camera_state(&request->cameras[i], &state) && state.camera_state == CAMERA_STREAMING);
}

static void append_workers(const struct api_slots *slots, struct buffer *out)
{
	buffer_printf(out, "# TYPE recorder_api_requests_total counter\nrecorder_api_requests_total %" PRIu64 "\n",
		      api_slots_requests(slots));
	buffer_printf(out, "# TYPE recorder_api_downloads gauge\nrecorder_api_downloads %" PRIu32 "\n",
		      api_slots_sum(slots, API_DOWNLOAD));
	buffer_printf(out, "# TYPE recorder_api_transcodes gauge\nrecorder_api_transcodes %" PRIu32 "\n",
		      api_slots_sum(slots, API_TRANSCODE));
	buffer_printf(out,
		      "# TYPE recorder_api_workers_died_total counter\nrecorder_api_workers_died_total %" PRIu64 "\n",
		      (uint64_t)atomic_load(&slots->workers_died));
}

void handle_metrics(struct api_request *request)
{
	struct buffer out = {0};

	append_up(request, &out);
	for (size_t i = 0; i < METRIC_COUNT; i++)
		append_metric(request, &metrics[i], &out);
	append_workers(api_shared(request), &out);
	if (out.failed)
		answer_failure(request, "memory");
	else
		answer_bytes(request, 200, "text/plain; version=0.0.4; charset=utf-8", NULL, out.data, out.length);
	buffer_finish(&out);
}
