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

/* False if frames have to be rewritten and cannot be: then there must be no frames. */
static bool start_rewriter(struct capture *capture)
{
	struct frame_rewriter_setup setup = {.orientation = orientation_of(capture->parts.config)};
	struct reason why;

	if (!privacy_mask_read(capture->parts.config, &setup.mask, &why))
		goto fail;
	if (setup.mask.count == 0 && orientation_is_upright(setup.orientation))
		return true;
	capture->rewriter = frame_rewriter_create(&setup, &why);
	if (!capture->rewriter)
		goto fail;
	capture->rewritten = (struct loop_watch){
		.fd = frame_rewriter_fd(capture->rewriter), .ready = capture_frame_rewritten, .context = capture};
	if (loop_watch_set(capture->parts.loop, &capture->rewritten, EPOLLIN))
		return true;
	reason_errno(&why, "cannot watch for rewritten frames");
fail:
	log_error("camera", "%s", why.text);
	return false;
}

static void free_capture(struct capture *capture)
{
	if (capture->rewriter)
		loop_watch_set(capture->parts.loop, &capture->rewritten, 0);
	frame_rewriter_destroy(capture->rewriter);
	free(capture);
}

struct capture *capture_create(const struct capture_parts *parts)
{
	struct capture *capture = calloc(1, sizeof(*capture));

	if (!capture)
		return NULL;
	capture->parts = *parts;
	capture->handle_event = capture_handle_event;
	capture->epoch = parts->last_epoch;
	capture->off_cause = parts->off_cause;
	capture->next_cause = parts->first_cause ? parts->first_cause : GAP_RECORDER_DOWN;
	capture->flags = parts->config->record.enabled ? 0 : RING_FRAME_RECORDING_OFF;
	capture->retry = BACKOFF(RETRY_MIN_US, RETRY_MAX_US);
	capture->preferred_retry = BACKOFF(PREFERRED_RETRY_MIN_US, PREFERRED_RETRY_MAX_US);
	frame_timeout_init(&capture->frame_timeout);
	capture->deadline = (struct loop_timer){.due = deadline_due, .context = capture};
	capture->preferred_timer = (struct loop_timer){.due = capture_check_preferred, .context = capture};
	capture->state.since_wall_us = wall_now().us;
	if (!start_rewriter(capture)) {
		free_capture(capture);
		return NULL;
	}
	capture->worker = device_worker_create(parts->config, parts->others);
	if (!capture->worker) {
		free_capture(capture);
		return NULL;
	}
	capture->worker_results = (struct loop_watch){
		.fd = device_worker_fd(capture->worker), .ready = capture_results_ready, .context = capture};
	loop_watch_set(parts->loop, &capture->worker_results, EPOLLIN);
	device_watch_start(&capture->device_watch, parts->loop, devices_changed, capture);
	if (capture->off_cause)
		capture_go_off(capture);
	else
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
	free_capture(capture);
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

void capture_set_off(struct capture *capture, enum gap_cause cause)
{
	bool was_off = capture->off_cause != GAP_NONE, off = cause != GAP_NONE;

	capture->off_cause = cause;
	if (was_off == off)
		return;
	log_info("camera", "switched %s%s", off ? "off" : "on",
		 cause == GAP_SCHEDULE ? ", outside of record.hours" : "");
	capture_handle_event(capture, off ? EVENT_SWITCHED_OFF : EVENT_SWITCHED_ON);
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
	out->camera_off_cause = out->camera_state == CAMERA_OFF ? capture->off_cause : GAP_NONE;
	out->damaged_milli = damage_share_milli(&capture->damage);
	out->damaged_kind = damage_share_kind(&capture->damage);
	out->measured_fps_milli = capture->source ? frame_rate_milli(&capture->rate, mono_now()) : 0;
}
