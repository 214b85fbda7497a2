/* capture_phases.c - the camera's state machine: phases, events, and one deadline. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "recorderd/capture/capture_internal.h"
#include "shared/base/log.h"

#define STABLE_US        US_PER_S        /* a camera that ran for so long is opened again at once */
#define DEVICE_SETTLE_US (US_PER_S / 20) /* from a node's appearance until it can be used */

static void set_deadline(struct capture *capture, int64_t in_us)
{
	loop_timer_set(capture->parts.loop, &capture->deadline, (mono_t){mono_now().us + in_us});
}

static void set_state(struct capture *capture, enum camera_state state)
{
	if (capture->state.camera_state == state)
		return;
	capture->state.camera_state = state;
	capture->state.since_wall_us = wall_now().us;
}

static void note_error(struct capture *capture, const char *text)
{
	snprintf(capture->state.last_error, sizeof(capture->state.last_error), "%.255s", text);
	capture->state.last_error_wall_us = wall_now().us;
}

static enum event event_of(enum source_outcome outcome)
{
	switch (outcome) {
	case SOURCE_GONE:
		return EVENT_UNPLUGGED;
	case SOURCE_RESIZED:
		return EVENT_RESIZED;
	default:
		return EVENT_FAILED;
	}
}

static void source_ready(void *context, uint32_t events)
{
	struct capture *capture = context;
	const struct source_sink sink = capture_sink(capture);
	struct reason why = {""};
	enum source_outcome outcome = source_read(capture->source, &sink, &why);

	(void)events;
	if (outcome == SOURCE_OK && capture->torn)
		capture_handle_event(capture, EVENT_TORN);
	if (outcome == SOURCE_OK)
		return;
	/* Logged once, not at each attempt, if the camera never gets as far as a frame. */
	if (capture->phase == PHASE_STREAMING || strcmp(capture->state.last_error, why.text) != 0)
		log_warn("camera", "%s", why.text);
	note_error(capture, why.text);
	capture_handle_event(capture, event_of(outcome));
}

/* Opening and closing */

void capture_start_opening(struct capture *capture)
{
	capture->phase = PHASE_OPENING;
	loop_timer_clear(capture->parts.loop, &capture->deadline);
	device_worker_open(capture->worker, capture->bandwidth.steps_down);
}

void capture_drop_source(struct capture *capture, enum gap_cause cause)
{
	if (!capture->source)
		return;
	loop_watch_set(capture->parts.loop, &capture->device, 0);
	if (capture->rewriter)
		frame_rewriter_forget(capture->rewriter);
	device_worker_close(capture->worker, capture->source);
	capture->source = NULL;
	capture->torn = false;
	capture->clock.valid = false;
	if (capture->epoch_open) {
		capture->epoch_open = false;
		capture->next_cause = cause;
		capture->parts.epoch_ended(capture->parts.context);
	}
}

static void reopen(struct capture *capture, enum gap_cause cause, enum camera_state state)
{
	capture_drop_source(capture, cause);
	set_state(capture, state);
	capture_start_opening(capture);
}

static void describe_source(struct capture *capture)
{
	struct recorder_state *state = &capture->state;
	const struct source_info *info = &capture->source->info;

	state->source = info->kind;
	state->is_external = info->is_external;
	snprintf(state->device, sizeof(state->device), "%s", info->device);
	snprintf(state->model, sizeof(state->model), "%s", info->model);
	snprintf(state->driver, sizeof(state->driver), "%s", info->driver);
	snprintf(state->bus, sizeof(state->bus), "%s", info->bus);
	snprintf(state->format, sizeof(state->format), "%s", info->format);
	state->width = info->width;
	state->height = info->height;
	state->fps_milli = info->fps_milli;
	state->configured[0] = '\0';
	state->camera_notes[CAMERA_NOTE_FALLBACK][0] = '\0';
	if (capture->on_fallback && capture->open_error.text[0])
		snprintf(state->camera_notes[CAMERA_NOTE_FALLBACK], STATE_CAMERA_NOTE_SIZE, "%s.",
			 capture->open_error.text);
	if (capture->on_fallback)
		snprintf(state->configured, sizeof(state->configured), "%.127s", capture->parts.config->camera.device);
}

/* True if the open source is not the configured one. */
static bool is_fallback(const struct capture *capture)
{
	const char *wanted = capture->parts.config->camera.device;
	const struct source_info *info = &capture->source->info;

	if (strcmp(wanted, "test") == 0 || info->is_external)
		return false;
	if (info->kind == SOURCE_TEST)
		return true;
	return strcmp(wanted, "auto") != 0 && !device_is_same(info->device, wanted);
}

/* How long the open source may be silent. */
static int64_t frame_limit_us(const struct capture *capture)
{
	return frame_timeout_limit_us(&capture->frame_timeout, capture->source->info.stall_timeout_us);
}

/* What was learned of the camera does not hold for the next one, which may be another. */
static void forget_camera(struct capture *capture)
{
	bandwidth_reset(&capture->bandwidth);
	frame_timeout_init(&capture->frame_timeout);
	capture->damage = (struct damage_share){0};
	capture->slow_logged = false;
	capture->state.camera_notes[CAMERA_NOTE_SLOW][0] = '\0';
	capture->state.camera_notes[CAMERA_NOTE_CONTROLS][0] = '\0';
	capture->state.camera_notes[CAMERA_NOTE_BANDWIDTH][0] = '\0';
}

static void wait_and_retry(struct capture *capture)
{
	capture->phase = PHASE_WAITING;
	set_deadline(capture, backoff_next(&capture->retry));
}

static void set_preferred_timer(struct capture *capture)
{
	loop_timer_set(capture->parts.loop, &capture->preferred_timer,
		       (mono_t){mono_now().us + capture->preferred_retry.wait_us});
}

void capture_go_off(struct capture *capture)
{
	capture->phase = PHASE_OFF;
	capture->next_cause = capture->off_cause;
	capture->no_frames = capture->open_error_logged = false;
	loop_timer_clear(capture->parts.loop, &capture->deadline);
	loop_timer_clear(capture->parts.loop, &capture->preferred_timer);
	set_state(capture, CAMERA_OFF);
}

static void on_switched_off(struct capture *capture)
{
	capture_drop_source(capture, capture->off_cause);
	capture_go_off(capture);
}

/* The device worker is opening it, and will say when it is done. */
static void on_switched_while_opening(struct capture *capture)
{
	set_state(capture, capture->off_cause ? CAMERA_OFF : CAMERA_OPENING);
}

static void on_switched_on(struct capture *capture)
{
	backoff_reset(&capture->retry);
	set_state(capture, CAMERA_OPENING);
	capture_start_opening(capture);
}

static void on_opened(struct capture *capture)
{
	if (capture->off_cause) {
		capture_drop_source(capture, capture->off_cause);
		capture_go_off(capture);
		return;
	}
	capture->device =
		(struct loop_watch){.fd = source_fd(capture->source), .ready = source_ready, .context = capture};
	if (!loop_watch_set(capture->parts.loop, &capture->device, EPOLLIN)) {
		log_error("camera", "cannot watch the camera for frames: %s", strerror(errno));
		capture_drop_source(capture, GAP_STALLED);
		wait_and_retry(capture);
		return;
	}
	capture->on_fallback = is_fallback(capture);
	capture->open_error_logged = false;
	capture->rate = (struct frame_rate){0};
	if (capture->on_fallback && capture->open_error.text[0])
		log_warn("camera", "%s", capture->open_error.text);
	if (capture->on_fallback)
		set_preferred_timer(capture);
	else
		backoff_reset(&capture->preferred_retry);
	describe_source(capture);
	capture_note_bandwidth(capture);
	capture->phase = PHASE_FIRST_FRAME;
	capture->opened_at = mono_now();
	frame_timeout_opened(&capture->frame_timeout, capture->opened_at);
	if (!capture->no_frames)
		set_state(capture, CAMERA_OPENING);
	set_deadline(capture, frame_limit_us(capture));
	capture->parts.opened(capture->parts.context, (capture->state.fps_milli + 500) / 1000);
}

static void on_open_failed(struct capture *capture)
{
	if (capture->off_cause) {
		capture_go_off(capture);
		return;
	}
	forget_camera(capture);
	if (!capture->open_error_logged)
		log_warn("camera", "%s; trying again until it opens", capture->open_error.text);
	capture->open_error_logged = true;
	capture->no_frames = false;
	note_error(capture, capture->open_error.text);
	/* The camera did not only fall silent: it cannot be opened. */
	if (capture->next_cause == GAP_STALLED)
		capture->next_cause = GAP_UNPLUGGED;
	set_state(capture, CAMERA_WAITING);
	wait_and_retry(capture);
}

static void on_first_frame(struct capture *capture)
{
	capture->phase = PHASE_STREAMING;
	capture->no_frames = false;
	backoff_reset(&capture->retry);
	set_state(capture, CAMERA_STREAMING);
	set_deadline(capture, frame_limit_us(capture));
}

/* Does not open it again at once: an error that comes back each time would spin. */
static void close_and_retry(struct capture *capture, enum gap_cause cause)
{
	capture->no_frames = capture->phase == PHASE_FIRST_FRAME;
	capture_drop_source(capture, cause);
	set_state(capture, CAMERA_WAITING);
	wait_and_retry(capture);
}

static bool was_stable(const struct capture *capture)
{
	return capture->phase == PHASE_STREAMING && mono_now().us - capture->opened_at.us >= STABLE_US;
}

static void on_unplugged(struct capture *capture)
{
	forget_camera(capture);
	if (was_stable(capture))
		reopen(capture, GAP_UNPLUGGED, CAMERA_WAITING);
	else
		close_and_retry(capture, GAP_UNPLUGGED);
}

static void on_failed(struct capture *capture)
{
	close_and_retry(capture, GAP_STALLED);
}

static void on_resized(struct capture *capture)
{
	if (was_stable(capture))
		reopen(capture, GAP_FORMAT, CAMERA_OPENING);
	else
		close_and_retry(capture, GAP_FORMAT);
}

static void on_torn(struct capture *capture)
{
	log_warn("camera", "most frames of the last seconds were torn; opening the camera again");
	note_error(capture, "most frames of the last seconds were torn");
	bandwidth_failed(&capture->bandwidth, &capture->source->info, false);
	reopen(capture, GAP_STALLED, CAMERA_OPENING);
}

static void on_bus_free(struct capture *capture)
{
	log_info("camera", "no other camera is on the USB bus any more; trying the requested mode");
	bandwidth_reset(&capture->bandwidth);
	reopen(capture, GAP_FORMAT, CAMERA_OPENING);
}

void capture_check_preferred(void *context)
{
	struct capture *capture = context;

	if (!capture->on_fallback || !capture->source)
		return;
	device_worker_check_configured(capture->worker);
	set_preferred_timer(capture);
}

/* The deadline is not moved by each frame. When it is reached, it is set again for what is left since the last one. */
static void on_deadline(struct capture *capture)
{
	int64_t limit_us = frame_limit_us(capture);
	int64_t silent_us = mono_now().us - capture->frame_timeout.last.us;
	char text[96];

	if (silent_us < limit_us) {
		set_deadline(capture, limit_us - silent_us);
		return;
	}
	snprintf(text, sizeof(text), "no frame for %.1f s; opening the camera again", (double)silent_us / 1e6);
	log_warn("camera", "%s", text);
	note_error(capture, text);
	if (capture->phase == PHASE_FIRST_FRAME)
		bandwidth_failed(&capture->bandwidth, &capture->source->info,
				 frame_timeout_is_at_max(&capture->frame_timeout));
	frame_timeout_grow(&capture->frame_timeout, capture->source->info.stall_timeout_us);
	if (capture->source->info.is_external)
		frame_timeout_limit_first(&capture->frame_timeout);
	capture_drop_source(capture, GAP_STALLED);
	set_state(capture, CAMERA_STALLED);
	wait_and_retry(capture);
}

static void on_devices_while_waiting(struct capture *capture)
{
	set_deadline(capture, DEVICE_SETTLE_US);
}

static void on_devices(struct capture *capture)
{
	device_worker_list(capture->worker);
	if (capture->on_fallback)
		device_worker_check_configured(capture->worker);
}

static void on_preferred_back(struct capture *capture)
{
	const char *device = capture->parts.config->camera.device;

	/* A camera that seems free and then fails to open makes the fallback be left less and less often. */
	backoff_next(&capture->preferred_retry);
	log_info("camera", "%s can be used now; switching to it", strcmp(device, "auto") == 0 ? "a camera" : device);
	reopen(capture, GAP_FORMAT, CAMERA_OPENING);
}

typedef void action(struct capture *capture);

static action *const actions[PHASES][EVENTS] = {
	[PHASE_WAITING] = {[EVENT_DEADLINE] = capture_start_opening,
			   [EVENT_DEVICES_CHANGED] = on_devices_while_waiting,
			   [EVENT_SWITCHED_OFF] = on_switched_off},
	[PHASE_OPENING] = {[EVENT_OPENED] = on_opened,
			   [EVENT_OPEN_FAILED] = on_open_failed,
			   [EVENT_SWITCHED_OFF] = on_switched_while_opening,
			   [EVENT_SWITCHED_ON] = on_switched_while_opening},
	[PHASE_OFF] = {[EVENT_SWITCHED_ON] = on_switched_on},
	[PHASE_FIRST_FRAME] = {[EVENT_FRAME] = on_first_frame,
			       [EVENT_UNPLUGGED] = on_unplugged,
			       [EVENT_FAILED] = on_failed,
			       [EVENT_RESIZED] = on_resized,
			       [EVENT_TORN] = on_torn,
			       [EVENT_BUS_FREE] = on_bus_free,
			       [EVENT_DEADLINE] = on_deadline,
			       [EVENT_DEVICES_CHANGED] = on_devices,
			       [EVENT_PREFERRED_BACK] = on_preferred_back,
			       [EVENT_SWITCHED_OFF] = on_switched_off},
	[PHASE_STREAMING] = {[EVENT_UNPLUGGED] = on_unplugged,
			     [EVENT_FAILED] = on_failed,
			     [EVENT_RESIZED] = on_resized,
			     [EVENT_TORN] = on_torn,
			     [EVENT_BUS_FREE] = on_bus_free,
			     [EVENT_DEADLINE] = on_deadline,
			     [EVENT_DEVICES_CHANGED] = on_devices,
			     [EVENT_PREFERRED_BACK] = on_preferred_back,
			     [EVENT_SWITCHED_OFF] = on_switched_off},
};

void capture_handle_event(struct capture *capture, enum event event)
{
	action *act = actions[capture->phase][event];

	if (act && !capture->stopping)
		act(capture);
}
