/*
 * capture.c - a table of phases and events, one deadline, and a thread (device_worker.h) for the calls that block.
 */
#include "recorderd/capture/capture_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "shared/base/log.h"

#define FIRST_FRAME_TIMEOUT_US (5 * US_PER_S)
#define RETRY_MIN_US           (US_PER_S / 5)
#define RETRY_MAX_US           (2 * US_PER_S)
#define STABLE_US              US_PER_S        /* after so long an error is met by opening again at once */
#define DEVICE_SETTLE_US       (US_PER_S / 20) /* between a node's appearance and its being usable */
#define PREFERRED_RETRY_MIN_US (2 * US_PER_S)  /* while a stand-in serves: look for the configured camera */
#define PREFERRED_RETRY_MAX_US (60 * US_PER_S)
#define HANG_TIMEOUT_US        (60 * US_PER_S) /* one call for a camera; a slow one takes some seconds */

static void set_deadline(struct capture *capture, int64_t in_us)
{
	loop_timer_set(capture->parts.loop, &capture->deadline, (mono_t){mono_now().us + in_us});
}

static void set_state(struct capture *capture, enum camera_state state)
{
	if (capture->status.camera_state == state)
		return;
	capture->status.camera_state = state;
	capture->status.since_wall_us = wall_now().us;
}

static void note_error(struct capture *capture, const char *text)
{
	snprintf(capture->status.last_error, sizeof(capture->status.last_error), "%.255s", text);
	capture->status.last_error_wall_us = wall_now().us;
}

static void source_ready(void *context, uint32_t events)
{
	struct capture *capture = context;
	const struct source_sink sink = capture_sink(capture);
	struct reason why = {""};
	enum source_outcome outcome = source_read(capture->source, &sink, &why);

	(void)events;
	if (outcome == SOURCE_OK)
		return;
	if (capture->phase == PHASE_STREAMING || strcmp(capture->status.last_error, why.text) != 0)
		log_warn("camera", "%s", why.text); /* once, where it says so at each attempt */
	note_error(capture, why.text);
	capture->happen(capture, outcome == SOURCE_GONE      ? EVENT_UNPLUGGED
				 : outcome == SOURCE_RESIZED ? EVENT_RESIZED
							     : EVENT_FAILED);
}

/* Opening and closing */

static void start_opening(struct capture *capture)
{
	capture->phase = PHASE_OPENING;
	loop_timer_clear(capture->parts.loop, &capture->deadline);
	device_worker_open(capture->opener);
}

static void drop_source(struct capture *capture, enum gap_cause cause)
{
	if (!capture->source)
		return;
	loop_watch_set(capture->parts.loop, &capture->device, 0);
	device_worker_close(capture->opener, capture->source);
	capture->source = NULL;
	capture->clock.valid = false;
	if (capture->stretch_open) {
		capture->stretch_open = false;
		capture->next_cause = cause;
		capture->parts.epoch_ended(capture->parts.context);
	}
}

static void reopen(struct capture *capture, enum gap_cause cause, enum camera_state state)
{
	drop_source(capture, cause);
	set_state(capture, state);
	start_opening(capture);
}

static void describe_source(struct capture *capture)
{
	struct recorder_state *status = &capture->status;
	const struct source_info *info = &capture->source->info;

	status->source = info->kind;
	snprintf(status->device, sizeof(status->device), "%s", info->device);
	snprintf(status->model, sizeof(status->model), "%s", info->model);
	snprintf(status->driver, sizeof(status->driver), "%s", info->driver);
	snprintf(status->bus, sizeof(status->bus), "%s", info->bus);
	snprintf(status->format, sizeof(status->format), "%s", info->format);
	status->width = info->width;
	status->height = info->height;
	status->fps_milli = info->fps_milli;
	status->configured[0] = '\0';
	if (capture->on_fallback)
		snprintf(status->configured, sizeof(status->configured), "%.127s",
			 capture->parts.config->camera.device);
}

/* True where another source serves than the configuration asks for. */
static bool is_fallback(const struct capture *capture)
{
	const char *wanted = capture->parts.config->camera.device;
	const struct source_info *info = &capture->source->info;

	if (strcmp(wanted, "test") == 0)
		return false;
	if (info->kind == SOURCE_TEST)
		return true;
	return strcmp(wanted, "auto") != 0 && !device_is_same(info->device, wanted);
}

static void wait_and_retry(struct capture *capture);

static void on_opened(struct capture *capture)
{
	capture->device =
		(struct loop_watch){.fd = source_fd(capture->source), .ready = source_ready, .context = capture};
	if (!loop_watch_set(capture->parts.loop, &capture->device, EPOLLIN)) {
		log_error("camera", "the event loop refuses the device");
		drop_source(capture, GAP_STALLED);
		wait_and_retry(capture);
		return;
	}
	capture->on_fallback = is_fallback(capture);
	capture->refusal_logged = false;
	capture->rate = (struct frame_rate){0};
	if (capture->on_fallback && capture->said.text[0])
		log_warn("camera", "%s", capture->said.text);
	if (capture->on_fallback)
		loop_timer_set(capture->parts.loop, &capture->better,
			       (mono_t){mono_now().us + capture->preferred_retry_us});
	else
		capture->preferred_retry_us = PREFERRED_RETRY_MIN_US;
	describe_source(capture);
	capture->phase = PHASE_FIRST_FRAME;
	capture->opened_at = capture->last_frame = mono_now();
	if (!capture->no_frames)
		set_state(capture, CAMERA_OPENING);
	set_deadline(capture, FIRST_FRAME_TIMEOUT_US);
	capture->parts.opened(capture->parts.context, (capture->status.fps_milli + 500) / 1000);
}

static void wait_and_retry(struct capture *capture)
{
	capture->phase = PHASE_WAITING;
	set_deadline(capture, capture->retry_us);
	capture->retry_us = capture->retry_us * 2 < RETRY_MAX_US ? capture->retry_us * 2 : RETRY_MAX_US;
}

static void on_open_failed(struct capture *capture)
{
	if (!capture->refusal_logged)
		log_warn("camera", "%s; looking for it", capture->said.text);
	capture->refusal_logged = true;
	capture->no_frames = false;
	note_error(capture, capture->said.text);
	if (capture->next_cause == GAP_STALLED)
		capture->next_cause = GAP_UNPLUGGED; /* it did not only fall silent: it is not to be had */
	set_state(capture, CAMERA_WAITING);
	wait_and_retry(capture);
}

static void on_first_frame(struct capture *capture)
{
	capture->phase = PHASE_STREAMING;
	capture->no_frames = false;
	capture->retry_us = RETRY_MIN_US;
	set_state(capture, CAMERA_STREAMING);
	set_deadline(capture, capture->source->info.stall_timeout_us);
}

/* Not opened again at once: an error that comes back would spin. */
static void give_up_for_now(struct capture *capture, enum gap_cause cause)
{
	capture->no_frames = capture->phase == PHASE_FIRST_FRAME;
	drop_source(capture, cause);
	set_state(capture, CAMERA_WAITING);
	wait_and_retry(capture);
}

static bool was_stable(const struct capture *capture)
{
	return capture->phase == PHASE_STREAMING && mono_now().us - capture->opened_at.us >= STABLE_US;
}

static void on_unplugged(struct capture *capture)
{
	if (was_stable(capture))
		reopen(capture, GAP_UNPLUGGED, CAMERA_WAITING);
	else
		give_up_for_now(capture, GAP_UNPLUGGED);
}

static void on_failed(struct capture *capture)
{
	give_up_for_now(capture, GAP_STALLED);
}

static void on_resized(struct capture *capture)
{
	if (was_stable(capture))
		reopen(capture, GAP_FORMAT, CAMERA_OPENING);
	else
		give_up_for_now(capture, GAP_FORMAT);
}

/* A stand-in is looked past less and less often, where the camera that is there again cannot be opened. */
static void list_for_preferred(void *context)
{
	struct capture *capture = context;

	if (!capture->on_fallback || !capture->source)
		return;
	capture->looking = true;
	device_worker_list(capture->opener);
	capture->preferred_retry_us = capture->preferred_retry_us * 2 < PREFERRED_RETRY_MAX_US
					      ? capture->preferred_retry_us * 2
					      : PREFERRED_RETRY_MAX_US;
	loop_timer_set(capture->parts.loop, &capture->better, (mono_t){mono_now().us + capture->preferred_retry_us});
}

/* The deadline does not move with each frame: when it is reached, what is left since the last one is waited for. */
static void on_silence(struct capture *capture)
{
	int64_t limit_us =
		capture->phase == PHASE_FIRST_FRAME ? FIRST_FRAME_TIMEOUT_US : capture->source->info.stall_timeout_us;
	int64_t silent_us = mono_now().us - capture->last_frame.us;
	char text[96];

	if (silent_us < limit_us) {
		set_deadline(capture, limit_us - silent_us);
		return;
	}
	snprintf(text, sizeof(text), "no frame for %.1f s: the camera is closed and opened again",
		 (double)silent_us / 1e6);
	log_warn("camera", "%s", text);
	note_error(capture, text);
	drop_source(capture, GAP_STALLED);
	set_state(capture, CAMERA_STALLED);
	wait_and_retry(capture);
}

static void on_devices_waiting(struct capture *capture)
{
	set_deadline(capture, DEVICE_SETTLE_US);
}

static void on_devices(struct capture *capture)
{
	capture->looking = true;
	device_worker_list(capture->opener);
}

static void on_preferred_back(struct capture *capture)
{
	log_info("camera", "%s is there again and takes over", capture->parts.config->camera.device);
	reopen(capture, GAP_FORMAT, CAMERA_OPENING);
}

typedef void action(struct capture *capture);

static action *const actions[PHASES][EVENTS] = {
	[PHASE_WAITING] = {[EVENT_DEADLINE] = start_opening, [EVENT_DEVICES_CHANGED] = on_devices_waiting},
	[PHASE_OPENING] = {[EVENT_OPENED] = on_opened, [EVENT_OPEN_FAILED] = on_open_failed},
	[PHASE_FIRST_FRAME] = {[EVENT_FRAME] = on_first_frame,
			       [EVENT_UNPLUGGED] = on_unplugged,
			       [EVENT_FAILED] = on_failed,
			       [EVENT_RESIZED] = on_resized,
			       [EVENT_DEADLINE] = on_silence,
			       [EVENT_DEVICES_CHANGED] = on_devices,
			       [EVENT_PREFERRED_BACK] = on_preferred_back},
	[PHASE_STREAMING] = {[EVENT_UNPLUGGED] = on_unplugged,
			     [EVENT_FAILED] = on_failed,
			     [EVENT_RESIZED] = on_resized,
			     [EVENT_DEADLINE] = on_silence,
			     [EVENT_DEVICES_CHANGED] = on_devices,
			     [EVENT_PREFERRED_BACK] = on_preferred_back},
};

static void happen(struct capture *capture, enum event event)
{
	action *act = actions[capture->phase][event];

	if (act && !capture->stopping)
		act(capture);
}

/* What the loop calls */

static void deadline_due(void *context)
{
	happen(context, EVENT_DEADLINE);
}

static void devices_changed(void *context)
{
	happen(context, EVENT_DEVICES_CHANGED);
}

struct capture *capture_create(const struct capture_parts *parts)
{
	struct capture *capture = calloc(1, sizeof(*capture));

	if (!capture)
		return NULL;
	capture->parts = *parts;
	capture->happen = happen;
	capture->epoch = parts->last_epoch;
	capture->next_cause = GAP_RECORDER_DOWN;
	capture->recording = parts->config->record.enabled;
	capture->retry_us = RETRY_MIN_US;
	capture->preferred_retry_us = PREFERRED_RETRY_MIN_US;
	capture->deadline = (struct loop_timer){.due = deadline_due, .context = capture};
	capture->better = (struct loop_timer){.due = list_for_preferred, .context = capture};
	capture->status.since_wall_us = wall_now().us;
	capture->opener = device_worker_create(parts->config, parts->others);
	if (!capture->opener) {
		free(capture);
		return NULL;
	}
	capture->opened = (struct loop_watch){
		.fd = device_worker_fd(capture->opener), .ready = capture_results_ready, .context = capture};
	loop_watch_set(parts->loop, &capture->opened, EPOLLIN);
	device_watch_start(&capture->devices, parts->loop, devices_changed, capture);
	start_opening(capture);
	return capture;
}

void capture_stop(struct capture *capture)
{
	if (capture->stopping)
		return;
	capture->stopping = true;
	drop_source(capture, GAP_RECORDER_DOWN);
	loop_timer_clear(capture->parts.loop, &capture->deadline);
	loop_timer_clear(capture->parts.loop, &capture->better);
	loop_watch_set(capture->parts.loop, &capture->opened, 0);
	device_watch_stop(&capture->devices);
	device_worker_stop(capture->opener);
}

bool capture_destroy(struct capture *capture, int64_t timeout_us)
{
	if (!capture)
		return true;
	capture_stop(capture);
	if (!device_worker_destroy(capture->opener, timeout_us))
		return false;
	free(capture);
	return true;
}

bool capture_set_control(struct capture *capture, uint32_t ticket, const char *name, const char *value,
			 struct reason *why)
{
	if (!capture->source || capture->source->info.kind != SOURCE_CAMERA)
		return reason_set(why, "there is no camera now whose controls could be set");
	device_worker_set_control(capture->opener, ticket, name, value);
	return true;
}

void capture_set_controls(struct capture *capture, const struct config *config)
{
	device_worker_set_controls(capture->opener, config);
}

void capture_set_recording(struct capture *capture, bool on)
{
	capture->recording = on;
}

bool capture_is_alive(const struct capture *capture)
{
	mono_t since = device_worker_busy_since(capture->opener);

	return !since.us || mono_now().us - since.us < HANG_TIMEOUT_US;
}

void capture_get_state(const struct capture *capture, struct recorder_state *out)
{
	*out = capture->status;
	out->measured_fps_milli = capture->source ? frame_rate_milli(&capture->rate, mono_now()) : 0;
}
