/*
 * capture.c - a table of phases and events, one deadline, and a thread (device_worker.h) for the calls that block.
 */
#include "recorderd/capture/capture_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "shared/base/log.h"

#define FIRST_FRAME_US   (5 * US_PER_S)
#define RETRY_FIRST_US   (US_PER_S / 5)
#define RETRY_LAST_US    (2 * US_PER_S)
#define SERVED_WELL_US   US_PER_S        /* after so long an error is met by opening again at once */
#define DEVICE_SETTLE_US (US_PER_S / 20) /* between a node's appearance and its being usable */
#define BETTER_FIRST_US  (2 * US_PER_S)  /* while a stand-in serves: look for the configured camera */
#define BETTER_LAST_US   (60 * US_PER_S)
#define HANGS_US         (60 * US_PER_S) /* one call for a camera; a slow one takes some seconds */

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
	if (outcome == SOURCE_FINE)
		return;
	if (capture->phase == PHASE_STREAMING || strcmp(capture->status.last_error, why.text) != 0)
		log_warn("camera", "%s", why.text); /* once, where it says so at each attempt */
	note_error(capture, why.text);
	capture->happen(capture, outcome == SOURCE_GONE      ? EVENT_GONE
				 : outcome == SOURCE_RESIZED ? EVENT_RESIZED
							     : EVENT_BROKEN);
}

/* Opening and closing */

static void order_open(struct capture *capture)
{
	capture->phase = PHASE_OPENING;
	loop_timer_clear(capture->parts.loop, &capture->deadline);
	opener_order_open(capture->opener);
}

static void drop_source(struct capture *capture, enum gap_cause cause)
{
	if (!capture->source)
		return;
	loop_watch_set(capture->parts.loop, &capture->device, 0);
	opener_order_close(capture->opener, capture->source);
	capture->source = NULL;
	capture->clock.valid = false;
	if (capture->stretch_open) {
		capture->stretch_open = false;
		capture->next_cause = cause;
		capture->parts.stretch_over(capture->parts.context);
	}
}

static void reopen(struct capture *capture, enum gap_cause cause, enum camera_state state)
{
	drop_source(capture, cause);
	set_state(capture, state);
	order_open(capture);
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
	if (capture->stands_in)
		snprintf(status->configured, sizeof(status->configured), "%.127s",
			 capture->parts.config->camera.device);
}

/* True where another source serves than the configuration asks for. */
static bool is_stand_in(const struct capture *capture)
{
	const char *wanted = capture->parts.config->camera.device;
	const struct source_info *info = &capture->source->info;

	if (strcmp(wanted, "test") == 0)
		return false;
	if (info->kind == SOURCE_TEST)
		return true;
	return strcmp(wanted, "auto") != 0 && !device_same(info->device, wanted);
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
	capture->stands_in = is_stand_in(capture);
	capture->refusal_logged = false;
	capture->rate = (struct rate){0};
	if (capture->stands_in && capture->said.text[0])
		log_warn("camera", "%s", capture->said.text);
	if (capture->stands_in)
		loop_timer_set(capture->parts.loop, &capture->better, (mono_t){mono_now().us + capture->better_us});
	else
		capture->better_us = BETTER_FIRST_US;
	describe_source(capture);
	capture->phase = PHASE_FIRST;
	capture->opened_at = capture->last_frame = mono_now();
	if (!capture->barren)
		set_state(capture, CAMERA_OPENING);
	set_deadline(capture, FIRST_FRAME_US);
	capture->parts.opened(capture->parts.context, (capture->status.fps_milli + 500) / 1000);
}

static void wait_and_retry(struct capture *capture)
{
	capture->phase = PHASE_WAITING;
	set_deadline(capture, capture->retry_us);
	capture->retry_us = capture->retry_us * 2 < RETRY_LAST_US ? capture->retry_us * 2 : RETRY_LAST_US;
}

static void on_refused(struct capture *capture)
{
	if (!capture->refusal_logged)
		log_warn("camera", "%s; looking for it", capture->said.text);
	capture->refusal_logged = true;
	capture->barren = false;
	note_error(capture, capture->said.text);
	if (capture->next_cause == GAP_STALLED)
		capture->next_cause = GAP_UNPLUGGED; /* it did not only fall silent: it is not to be had */
	set_state(capture, CAMERA_WAITING);
	wait_and_retry(capture);
}

static void on_first_frame(struct capture *capture)
{
	capture->phase = PHASE_STREAMING;
	capture->barren = false;
	capture->retry_us = RETRY_FIRST_US;
	set_state(capture, CAMERA_STREAMING);
	set_deadline(capture, capture->source->info.frame_limit_us);
}

/* Not opened again at once: an error that comes back would spin. */
static void give_up_for_now(struct capture *capture, enum gap_cause cause)
{
	capture->barren = capture->phase == PHASE_FIRST;
	drop_source(capture, cause);
	set_state(capture, CAMERA_WAITING);
	wait_and_retry(capture);
}

static bool served_well(const struct capture *capture)
{
	return capture->phase == PHASE_STREAMING && mono_now().us - capture->opened_at.us >= SERVED_WELL_US;
}

static void on_gone(struct capture *capture)
{
	if (served_well(capture))
		reopen(capture, GAP_UNPLUGGED, CAMERA_WAITING);
	else
		give_up_for_now(capture, GAP_UNPLUGGED);
}

static void on_broken(struct capture *capture)
{
	give_up_for_now(capture, GAP_STALLED);
}

static void on_resized(struct capture *capture)
{
	if (served_well(capture))
		reopen(capture, GAP_FORMAT, CAMERA_OPENING);
	else
		give_up_for_now(capture, GAP_FORMAT);
}

/* A stand-in is looked past less and less often, where the camera that is there again cannot be opened. */
static void look_for_better(void *context)
{
	struct capture *capture = context;

	if (!capture->stands_in || !capture->source)
		return;
	capture->looking = true;
	opener_order_list(capture->opener);
	capture->better_us = capture->better_us * 2 < BETTER_LAST_US ? capture->better_us * 2 : BETTER_LAST_US;
	loop_timer_set(capture->parts.loop, &capture->better, (mono_t){mono_now().us + capture->better_us});
}

/* The deadline does not move with each frame: when it is reached, what is left since the last one is waited for. */
static void on_silence(struct capture *capture)
{
	int64_t limit_us = capture->phase == PHASE_FIRST ? FIRST_FRAME_US : capture->source->info.frame_limit_us;
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
	opener_order_list(capture->opener);
}

static void on_better(struct capture *capture)
{
	log_info("camera", "%s is there again and takes over", capture->parts.config->camera.device);
	reopen(capture, GAP_FORMAT, CAMERA_OPENING);
}

typedef void action(struct capture *capture);

static action *const actions[PHASES][EVENTS] = {
	[PHASE_WAITING] = {[EVENT_DUE] = order_open, [EVENT_DEVICES] = on_devices_waiting},
	[PHASE_OPENING] = {[EVENT_OPENED] = on_opened, [EVENT_REFUSED] = on_refused},
	[PHASE_FIRST] = {[EVENT_FRAME] = on_first_frame,
			 [EVENT_GONE] = on_gone,
			 [EVENT_BROKEN] = on_broken,
			 [EVENT_RESIZED] = on_resized,
			 [EVENT_DUE] = on_silence,
			 [EVENT_DEVICES] = on_devices,
			 [EVENT_BETTER] = on_better},
	[PHASE_STREAMING] = {[EVENT_GONE] = on_gone,
			     [EVENT_BROKEN] = on_broken,
			     [EVENT_RESIZED] = on_resized,
			     [EVENT_DUE] = on_silence,
			     [EVENT_DEVICES] = on_devices,
			     [EVENT_BETTER] = on_better},
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
	happen(context, EVENT_DUE);
}

static void devices_changed(void *context)
{
	happen(context, EVENT_DEVICES);
}

struct capture *capture_create(const struct capture_parts *parts)
{
	struct capture *capture = calloc(1, sizeof(*capture));

	if (!capture)
		return NULL;
	capture->parts = *parts;
	capture->happen = happen;
	capture->stretch = parts->last_stretch;
	capture->next_cause = GAP_RECORDER_DOWN;
	capture->recording = parts->config->record.enabled;
	capture->retry_us = RETRY_FIRST_US;
	capture->better_us = BETTER_FIRST_US;
	capture->deadline = (struct loop_timer){.due = deadline_due, .context = capture};
	capture->better = (struct loop_timer){.due = look_for_better, .context = capture};
	capture->status.since_wall_us = wall_now().us;
	capture->opener = opener_create(parts->config, parts->others);
	if (!capture->opener) {
		free(capture);
		return NULL;
	}
	capture->opened =
		(struct loop_watch){.fd = opener_fd(capture->opener), .ready = capture_answered, .context = capture};
	loop_watch_set(parts->loop, &capture->opened, EPOLLIN);
	device_watch_start(&capture->devices, parts->loop, devices_changed, capture);
	order_open(capture);
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
	opener_stop(capture->opener);
}

bool capture_destroy(struct capture *capture, int64_t timeout_us)
{
	if (!capture)
		return true;
	capture_stop(capture);
	if (!opener_destroy(capture->opener, timeout_us))
		return false;
	free(capture);
	return true;
}

bool capture_set_control(struct capture *capture, uint32_t ticket, const char *name, const char *value,
			 struct reason *why)
{
	if (!capture->source || capture->source->info.kind != SOURCE_CAMERA)
		return reason_set(why, "there is no camera now whose controls could be set");
	opener_order_control(capture->opener, ticket, name, value);
	return true;
}

void capture_set_controls(struct capture *capture, const struct config *config)
{
	opener_order_settings(capture->opener, config);
}

void capture_set_recording(struct capture *capture, bool on)
{
	capture->recording = on;
}

bool capture_alive(const struct capture *capture)
{
	mono_t since = opener_busy_since(capture->opener);

	return !since.us || mono_now().us - since.us < HANGS_US;
}

void capture_status(const struct capture *capture, struct recorder_state *out)
{
	*out = capture->status;
	out->measured_fps_milli = capture->source ? rate_milli(&capture->rate, mono_now()) : 0;
}
