/* metrics.c - GET /metrics: all cameras in Prometheus' text format. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "fcgi/api/prometheus.h"
#include "fcgi/api/route.h"
#include "fcgi/server/request_pass.h"
#include "fcgi/server/response.h"
#include "shared/notify/notification.h"
#include "shared/ring/live_stats.h"

/* What is known of a camera at the time of the request. */
struct camera_metrics {
	char label[64];             /* camera="NAME" */
	bool alive, counted, ships; /* ships: its footage goes to a store */
	bool has_hooks;
	struct recorder_state state; /* valid if alive */
	struct live_stats counters;  /* valid if counted */
	uint64_t memory_bytes, memory_frames;
	int64_t memory_us;
	int64_t hangs_us; /* for how long its archive has not responded */
};

enum metric_unit { UNIT_COUNT, UNIT_COUNT_U32, UNIT_MILLI_U32, UNIT_US };

struct metric {
	const char *name, *type, *help;
	size_t offset; /* in struct camera_metrics */
	enum metric_unit unit;
};

#define STATE(field)   offsetof(struct camera_metrics, state.field)
#define COUNTER(field) offsetof(struct camera_metrics, counters.field)
#define OWN(field)     offsetof(struct camera_metrics, field)

static const struct metric of_recorder[] = {
	{"recorder_frames_total", "counter", "Frames from the camera.", STATE(frames), UNIT_COUNT},
	{"recorder_frames_lost_total", "counter", "Frames missing according to the driver's sequence numbers.",
	 STATE(lost), UNIT_COUNT},
	{"recorder_frames_damaged_total", "counter", "Frames dropped as damaged.", STATE(damaged), UNIT_COUNT},
	{"recorder_frames_encoded_total", "counter", "Frames written to segments.", STATE(encoded), UNIT_COUNT},
	{"recorder_frames_thinned_total", "counter", "Frames dropped because the encoder was slow.", STATE(thinned),
	 UNIT_COUNT},
	{"recorder_frames_unrecorded_total", "counter", "Frames lost at the encoder or the disk.", STATE(encoder_lost),
	 UNIT_COUNT},
	{"recorder_frames_per_second", "gauge", "Measured frame rate.", STATE(measured_fps_milli), UNIT_MILLI_U32},
	{"recorder_encoder_restarts_total", "counter", "Encoders that had to be replaced.", STATE(encoder_restarts),
	 UNIT_COUNT_U32},
	{"recorder_encoder_behind_seconds", "gauge", "Age of the next frame to be encoded.", STATE(encoder_behind_us),
	 UNIT_US},
	{"recorder_memory_bytes", "gauge", "Memory for frames.", OWN(memory_bytes), UNIT_COUNT},
	{"recorder_memory_frames", "gauge", "Frames in memory.", OWN(memory_frames), UNIT_COUNT},
	{"recorder_memory_seconds", "gauge", "Age of the oldest frame in memory.", OWN(memory_us), UNIT_US},
	{"recorder_disk_free_bytes", "gauge", "Free space where recordings are.", STATE(disk_free_bytes), UNIT_COUNT},
	{"recorder_disk_size_bytes", "gauge", "Size of the disk where recordings are.", STATE(disk_total_bytes),
	 UNIT_COUNT},
	{"recorder_disk_queue_bytes", "gauge", "Media waiting to be written to the disk.", STATE(queue_bytes),
	 UNIT_COUNT},
	{"recorder_recordings_bytes", "gauge", "Size of all recordings.", STATE(recordings_bytes), UNIT_COUNT},
	{"recorder_segments", "gauge", "Number of recordings.", STATE(segments), UNIT_COUNT},
	{"recorder_oldest_timestamp_seconds", "gauge", "Start of the oldest recording, in seconds since 1970.",
	 STATE(oldest_wall_us), UNIT_US},
	{"recorder_retention_segments_total", "counter", "Recordings deleted by retention.", STATE(deleted_segments),
	 UNIT_COUNT},
	{"recorder_retention_bytes_total", "counter", "Size of the recordings deleted by retention.",
	 STATE(deleted_bytes), UNIT_COUNT},
	{"recorder_motion_records_total", "counter", "Seconds of which recorder-motion has told what moved.",
	 STATE(motion_records), UNIT_COUNT},
	{"recorder_motion_restarts_total", "counter", "Times that recorder-motion had to be started again.",
	 STATE(motion_restarts), UNIT_COUNT_U32},
	{"recorder_motion_timestamp_seconds", "gauge", "End of the newest of these seconds, in seconds since 1970.",
	 STATE(motion_second_wall_us), UNIT_US},
};

static const struct metric of_store[] = {
	{"recorder_store_waiting_segments", "gauge", "Finished recordings that are not in the store.",
	 STATE(store_waiting_segments), UNIT_COUNT},
	{"recorder_store_waiting_bytes", "gauge", "Size of these recordings.", STATE(store_waiting_bytes), UNIT_COUNT},
	{"recorder_store_timestamp_seconds", "gauge", "End of the newest footage in the store, in seconds since 1970.",
	 STATE(store_shipped_wall_us), UNIT_US},
	{"recorder_store_objects_total", "counter", "Objects put into the store.", STATE(store_objects), UNIT_COUNT},
	{"recorder_store_bytes_total", "counter", "Size of these objects.", STATE(store_bytes), UNIT_COUNT},
	{"recorder_store_failures_total", "counter", "Requests to the store that failed.", STATE(store_failures),
	 UNIT_COUNT},
	{"recorder_deleted_unshipped_total", "counter", "Recordings deleted before they were in the store.",
	 STATE(deleted_unshipped), UNIT_COUNT},
};

static const struct metric of_hooks[] = {
	{"recorder_hooks", "gauge", "Hooks in the configuration.", STATE(hooks), UNIT_COUNT_U32},
	{"recorder_hooks_lost_total", "counter", "Notifications that recorder-hooks was too slow to take.",
	 STATE(hooks_lost), UNIT_COUNT},
	{"recorder_hooks_lost_motion_total", "counter",
	 "Seconds of which recorder-hooks was too slow to take what moved.", STATE(hooks_lost_motion), UNIT_COUNT},
};

static const struct metric of_live[] = {
	{"recorder_live_viewers_total", "counter", "Live viewers so far.", COUNTER(viewers_total), UNIT_COUNT},
	{"recorder_live_refused_total", "counter", "Live viewers refused because of a limit.", COUNTER(refused),
	 UNIT_COUNT},
	{"recorder_live_frames_total", "counter", "Frames sent to live viewers.", COUNTER(frames), UNIT_COUNT},
	{"recorder_live_bytes_total", "counter", "Bytes sent to live viewers.", COUNTER(bytes), UNIT_COUNT},
	{"recorder_live_skipped_total", "counter", "Frames skipped for slow viewers.", COUNTER(skipped), UNIT_COUNT},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct metrics {
	struct buffer *out;
	const struct camera_metrics *cameras;
	size_t count;
};

static void append_value(struct buffer *out, const struct metric *metric, const struct camera_metrics *camera)
{
	const void *field = (const char *)camera + metric->offset;

	switch (metric->unit) {
	case UNIT_COUNT:
		metric_count(out, metric->name, camera->label, *(const uint64_t *)field);
		break;
	case UNIT_COUNT_U32:
		metric_count(out, metric->name, camera->label, *(const uint32_t *)field);
		break;
	case UNIT_MILLI_U32:
		metric_number(out, metric->name, camera->label, (double)*(const uint32_t *)field / 1e3);
		break;
	case UNIT_US:
		metric_number(out, metric->name, camera->label, (double)*(const int64_t *)field / 1e6);
		break;
	}
}

/*
 * Appends the metrics of a table, each with a sample per camera. `has` is the offset of the flag that they are
 * known.
 */
static void append_table(const struct metrics *metrics, const struct metric *table, size_t rows, size_t has)
{
	for (size_t row = 0; row < rows; row++) {
		metric_begin(metrics->out, table[row].name, table[row].type, table[row].help);
		for (size_t i = 0; i < metrics->count; i++)
			if (*(const bool *)((const char *)&metrics->cameras[i] + has))
				append_value(metrics->out, &table[row], &metrics->cameras[i]);
	}
}

static void append_states(const struct metrics *metrics)
{
	metric_begin(metrics->out, "recorder_up", "gauge", "Whether the recorder is running.");
	for (size_t i = 0; i < metrics->count; i++)
		metric_count(metrics->out, "recorder_up", metrics->cameras[i].label, metrics->cameras[i].alive);
	metric_begin(metrics->out, "recorder_streaming", "gauge", "Whether the camera delivers frames.");
	for (size_t i = 0; i < metrics->count; i++)
		metric_count(metrics->out, "recorder_streaming", metrics->cameras[i].label,
			     metrics->cameras[i].alive && metrics->cameras[i].state.camera_state == CAMERA_STREAMING);
	metric_begin(metrics->out, "recorder_recording", "gauge", "Whether frames are being recorded.");
	for (size_t i = 0; i < metrics->count; i++)
		metric_count(metrics->out, "recorder_recording", metrics->cameras[i].label,
			     metrics->cameras[i].alive && metrics->cameras[i].state.recording_state == RECORDING_ON);
}

static void append_archives(const struct metrics *metrics)
{
	metric_begin(metrics->out, "recorder_archive_hangs_seconds", "gauge",
		     "How long the archive has not been responding to reads; 0 while it responds.");
	for (size_t i = 0; i < metrics->count; i++)
		metric_number(metrics->out, "recorder_archive_hangs_seconds", metrics->cameras[i].label,
			      (double)metrics->cameras[i].hangs_us / 1e6);
}

static void append_gaps(const struct metrics *metrics)
{
	metric_begin(metrics->out, "recorder_gaps_total", "counter", "Gaps in the recording, by cause.");
	for (size_t i = 0; i < metrics->count; i++) {
		const struct camera_metrics *camera = &metrics->cameras[i];

		for (uint32_t cause = GAP_NONE + 1; camera->alive && cause < GAP_CAUSES; cause++) {
			char labels[128];

			snprintf(labels, sizeof(labels), "%s,cause=\"%s\"", camera->label, gap_cause_text(cause));
			metric_count(metrics->out, "recorder_gaps_total", labels, camera->state.gaps[cause]);
		}
	}
}

static void append_notifications(const struct metrics *metrics)
{
	metric_begin(metrics->out, "recorder_notifications_total", "counter",
		     "What was told as it happened, by event.");
	for (size_t i = 0; i < metrics->count; i++) {
		const struct camera_metrics *camera = &metrics->cameras[i];

		for (int kind = 0; camera->alive && kind < NOTIFICATION_KINDS; kind++) {
			char labels[128];

			snprintf(labels, sizeof(labels), "%s,event=\"%s\"", camera->label,
				 notification_kind_text((enum notification_kind)kind));
			metric_count(metrics->out, "recorder_notifications_total", labels,
				     camera->state.notifications[kind]);
		}
	}
}

static void append_tampering(const struct metrics *metrics)
{
	metric_begin(metrics->out, "recorder_tampering", "gauge", "Whether something was done to the camera, by kind.");
	for (size_t i = 0; i < metrics->count; i++) {
		const struct recorder_state *state = &metrics->cameras[i].state;
		const struct {
			const char *kind;
			int64_t since_us;
		} kinds[] = {{"covered", state->covered_wall_us},
			     {"view changed", state->view_changed_wall_us},
			     {"blurred", state->blurred_wall_us}};

		for (size_t k = 0; metrics->cameras[i].alive && k < COUNT_OF(kinds); k++) {
			char labels[128];

			snprintf(labels, sizeof(labels), "%s,kind=\"%s\"", metrics->cameras[i].label, kinds[k].kind);
			metric_count(metrics->out, "recorder_tampering", labels, kinds[k].since_us != 0);
		}
	}
}

/* Without a store there are no samples. */
static void append_store(const struct metrics *metrics)
{
	append_table(metrics, of_store, COUNT_OF(of_store), offsetof(struct camera_metrics, ships));
	metric_begin(metrics->out, "recorder_store_up", "gauge", "Whether the last requests to the store succeeded.");
	for (size_t i = 0; i < metrics->count; i++)
		if (metrics->cameras[i].ships)
			metric_count(metrics->out, "recorder_store_up", metrics->cameras[i].label,
				     metrics->cameras[i].state.store_state == STORE_SHIPPING);
}

/* Without hooks there are no samples. */
static void append_hooks(const struct metrics *metrics)
{
	append_table(metrics, of_hooks, COUNT_OF(of_hooks), offsetof(struct camera_metrics, has_hooks));
	metric_begin(metrics->out, "recorder_hooks_up", "gauge", "Whether recorder-hooks is connected.");
	for (size_t i = 0; i < metrics->count; i++)
		if (metrics->cameras[i].has_hooks)
			metric_count(metrics->out, "recorder_hooks_up", metrics->cameras[i].label,
				     metrics->cameras[i].state.hook_clients > 0);
}

static void append_live(const struct metrics *metrics)
{
	append_table(metrics, of_live, COUNT_OF(of_live), offsetof(struct camera_metrics, counted));
	metric_begin(metrics->out, "recorder_live_viewers", "gauge", "Live viewers now.");
	for (size_t i = 0; i < metrics->count; i++)
		metric_count(metrics->out, "recorder_live_viewers", metrics->cameras[i].label,
			     metrics->cameras[i].counted ? live_stats_viewers(&metrics->cameras[i].counters) : 0);
	metric_begin(metrics->out, "recorder_live_frame_age_seconds", "histogram",
		     "Age of a frame when its last byte is passed to the web server.");
	for (size_t i = 0; i < metrics->count; i++)
		if (metrics->cameras[i].counted)
			metric_histogram(metrics->out, "recorder_live_frame_age_seconds", metrics->cameras[i].label,
					 &metrics->cameras[i].counters.age);
}

static void append_answers(const struct worker_slots *slots, struct buffer *out)
{
	metric_begin(out, "recorder_api_answers_total", "counter", "Responses of the API, by class of status.");
	for (int class = 2; class <= 5; class ++) {
		char label[32];

		snprintf(label, sizeof(label), "code=\"%dxx\"", class);
		metric_count(out, "recorder_api_answers_total", label, atomic_load(&slots->responses[class]));
	}
	metric_begin(out, "recorder_clip_first_byte_seconds", "histogram",
		     "From the request for a clip to the first byte of its response.");
	metric_histogram(out, "recorder_clip_first_byte_seconds", NULL, &slots->clip_delay);
}

static void append_workers(const struct worker_slots *slots, struct buffer *out)
{
	metric_begin(out, "recorder_api_requests_total", "counter", "Requests to the API.");
	metric_count(out, "recorder_api_requests_total", NULL, worker_slots_requests(slots));
	metric_begin(out, "recorder_api_downloads", "gauge", "Downloads in progress.");
	metric_count(out, "recorder_api_downloads", NULL, worker_slots_permits_used(slots, API_PERMIT_DOWNLOAD));
	metric_begin(out, "recorder_api_transcodes", "gauge", "Clips being encoded.");
	metric_count(out, "recorder_api_transcodes", NULL, worker_slots_permits_used(slots, API_PERMIT_TRANSCODE));
	metric_begin(out, "recorder_api_workers_died_total", "counter", "Workers that ended unexpectedly.");
	metric_count(out, "recorder_api_workers_died_total", NULL, atomic_load(&slots->workers_died));
}

static void read_ring(struct camera_metrics *out, const struct ring_reader *ring)
{
	struct ring_frame oldest, newest;
	uint64_t head = ring_reader_head(ring), tail = ring_reader_tail(ring);

	out->memory_bytes = ring_reader_data_bytes(ring);
	if (head == 0 || !ring_reader_get(ring, head, &newest) || !ring_reader_get(ring, tail, &oldest))
		return;
	out->memory_frames = head - tail + 1;
	out->memory_us = newest.meta.mono_us - oldest.meta.mono_us;
}

static void read_camera(struct api_camera *camera, struct camera_metrics *out)
{
	snprintf(out->label, sizeof(out->label), "camera=\"%s\"", camera->config->camera.name);
	out->counted = live_stats_read(camera->config, &out->counters);
	out->alive = camera_state(camera, &out->state);
	out->ships = out->alive && out->state.store_state != STORE_OFF;
	out->has_hooks = out->alive && out->state.hooks > 0;
	const struct ring_reader *ring = out->alive ? camera_ring(camera) : NULL;
	if (ring)
		read_ring(out, ring);
}

/* Cameras of the store. */
static void append_remote(const struct api_request *request, struct buffer *out)
{
	struct fetch_status status;
	char label[64];

	metric_begin(out, "recorder_remote_timestamp_seconds", "gauge",
		     "End of the newest footage that the store is known to have, in seconds since 1970.");
	for (size_t i = 0; i < request->camera_count; i++) {
		const struct config *camera = request->cameras[i].config;
		if (!camera->remote || !api_may_see_camera(request, i) ||
		    !remote_board_find(&api_shared(request)->remote, camera->camera.name, &status))
			continue;
		snprintf(label, sizeof(label), "camera=\"%s\"", camera->camera.name);
		metric_number(out, "recorder_remote_timestamp_seconds", label, (double)status.newest_wall_us / 1e6);
	}
}

void handle_metrics(struct api_request *request)
{
	struct camera_metrics *cameras = calloc(request->camera_count, sizeof(*cameras));
	struct buffer out = {0};
	struct metrics metrics = {&out, cameras, 0};

	if (!cameras) {
		respond_failure(request, "collect the metrics", ENOMEM);
		return;
	}
	for (size_t i = 0; i < request->camera_count; i++) {
		if (!api_may_see_camera(request, i) || camera_has_no_recorder(&request->cameras[i]))
			continue;
		struct camera_metrics *camera = &cameras[metrics.count++];
		read_camera(&request->cameras[i], camera);
		camera->hangs_us = api_archive_hangs_us(request, &request->cameras[i]);
	}
	append_states(&metrics);
	append_table(&metrics, of_recorder, COUNT_OF(of_recorder), offsetof(struct camera_metrics, alive));
	append_store(&metrics);
	append_hooks(&metrics);
	append_archives(&metrics);
	append_gaps(&metrics);
	append_notifications(&metrics);
	append_tampering(&metrics);
	append_live(&metrics);
	append_remote(request, &out);
	append_answers(api_shared(request), &out);
	append_workers(api_shared(request), &out);
	if (out.failed)
		respond_failure(request, "collect the metrics", ENOMEM);
	else
		respond_bytes(request, 200, "text/plain; version=0.0.4; charset=utf-8", NULL, out.data, out.length);
	buffer_free(&out);
	free(cameras);
}
