/* capture.c - starts, stops and asks the capture of a camera. */
#include <stdlib.h>
#include <sys/epoll.h>

#include "recorderd/capture/capture_internal.h"
#include "shared/base/log.h"

#define HANG_TIMEOUT_US (60 * US_PER_S) /* for one job of the device worker; a slow camera takes some seconds */

static void deadline_due(void *context)
{
	capture_handle_event(context, EVENT_DEADLINE);
}

static void devices_changed(void *context)
{
	capture_handle_event(context, EVENT_DEVICES_CHANGED);
}

struct capture *capture_create(const struct capture_parts *parts)
{
	struct capture *capture = calloc(1, sizeof(*capture));

	if (!capture)
		return NULL;
	capture->parts = *parts;
	capture->handle_event = capture_handle_event;
	capture->epoch = parts->last_epoch;
	capture->next_cause = GAP_RECORDER_DOWN;
	capture->flags = parts->config->record.enabled ? 0 : RING_FRAME_RECORDING_OFF;
	capture->retry = BACKOFF(RETRY_MIN_US, RETRY_MAX_US);
	capture->preferred_retry = BACKOFF(PREFERRED_RETRY_MIN_US, PREFERRED_RETRY_MAX_US);
	frame_timeout_init(&capture->frame_timeout);
	capture->deadline = (struct loop_timer){.due = deadline_due, .context = capture};
	capture->preferred_timer = (struct loop_timer){.due = capture_check_preferred, .context = capture};
	capture->state.since_wall_us = wall_now().us;
	capture->worker = device_worker_create(parts->config, parts->others);
	if (!capture->worker) {
		free(capture);
		return NULL;
	}
	capture->worker_results = (struct loop_watch){
		.fd = device_worker_fd(capture->worker), .ready = capture_results_ready, .context = capture};
	loop_watch_set(parts->loop, &capture->worker_results, EPOLLIN);
	device_watch_start(&capture->device_watch, parts->loop, devices_changed, capture);
	capture_start_opening(capture);
	return capture;
}

void capture_stop(struct capture *capture)
{
	if (capture->stopping)
		return;
	capture->stopping = true;
	capture_drop_source(capture, GAP_RECORDER_DOWN);
	loop_timer_clear(capture->parts.loop, &capture->deadline);
	loop_timer_clear(capture->parts.loop, &capture->preferred_timer);
	loop_watch_set(capture->parts.loop, &capture->worker_results, 0);
	device_watch_stop(&capture->device_watch);
	device_worker_stop(capture->worker);
}

bool capture_destroy(struct capture *capture, int64_t timeout_us)
{
	if (!capture)
		return true;
	capture_stop(capture);
	if (!device_worker_destroy(capture->worker, timeout_us))
		return false;
	free(capture);
	return true;
}

bool capture_set_control(struct capture *capture, uint32_t ticket, const char *name, const char *value,
			 struct reason *why)
{
	if (!capture->source || capture->source->info.kind != SOURCE_CAMERA)
		return reason_set(why, "no camera is open, so its controls cannot be set");
	if (capture->source->info.is_external)
		return reason_set(why, "%s is an external source and has no controls", capture->source->info.device);
	device_worker_set_control(capture->worker, ticket, name, value);
	return true;
}

void capture_set_controls(struct capture *capture, const struct config *config)
{
	device_worker_set_controls(capture->worker, config);
}

void capture_set_camera(struct capture *capture, bool on)
{
	if (capture->off == !on)
		return;
	capture->off = !on;
	log_info("camera", "switched %s", on ? "on" : "off");
	capture_handle_event(capture, on ? EVENT_SWITCHED_ON : EVENT_SWITCHED_OFF);
}

void capture_set_flags(struct capture *capture, uint32_t flags)
{
	capture->flags = flags;
}

bool capture_is_alive(const struct capture *capture)
{
	mono_t since = device_worker_busy_since(capture->worker);

	return !since.us || mono_now().us - since.us < HANG_TIMEOUT_US;
}

enum gap_cause capture_gap_cause(const struct capture *capture)
{
	return capture->epoch_open ? GAP_NONE : capture->next_cause;
}

void capture_get_state(const struct capture *capture, struct recorder_state *out)
{
	*out = capture->state;
	out->damaged_milli = damage_share_milli(&capture->damage);
	out->damaged_kind = damage_share_kind(&capture->damage);
	out->measured_fps_milli = capture->source ? frame_rate_milli(&capture->rate, mono_now()) : 0;
}
