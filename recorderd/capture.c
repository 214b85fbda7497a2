/*
 * capture.c - a table of phases and events, one deadline, and a thread (opener.h) for the calls that block.
 *
 * Between the driver's buffer and the ring a frame is copied once, by ring_writer_put.
 */
#include "recorderd/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "recorderd/clock_map.h"
#include "recorderd/opener.h"
#include "recorderd/rate.h"
#include "recorderd/source.h"
#include "shared/log.h"

#define FIRST_FRAME_US	 (5 * US_PER_S)
#define RETRY_FIRST_US	 (US_PER_S / 5)
#define RETRY_LAST_US	 (2 * US_PER_S)
#define DEVICE_SETTLE_US (US_PER_S / 20) /* between a node's appearance and its being usable */
#define BETTER_FIRST_US	 (2 * US_PER_S)	 /* while a stand-in serves: look for the configured camera */
#define BETTER_LAST_US	 (60 * US_PER_S)
#define DAMAGE_LOG_US	 (10 * US_PER_S)

enum phase { PHASE_WAITING, PHASE_OPENING, PHASE_FIRST, PHASE_STREAMING, PHASES };

enum event {
	EVENT_OPENED,
	EVENT_REFUSED, /* it could not be opened */
	EVENT_FRAME,
	EVENT_GONE,   /* unplugged */
	EVENT_BROKEN, /* an error that opening again may heal */
	EVENT_RESIZED,
	EVENT_DUE,     /* the deadline */
	EVENT_DEVICES, /* something came or went in /dev */
	EVENT_BETTER,  /* the configured camera is back while a stand-in serves */
	EVENTS,
};

struct capture {
	struct capture_parts parts;
	enum phase phase;
	struct opener *opener;
	struct loop_watch opened, device, devices;
	struct loop_timer deadline, better;
	struct source *source;
	struct reason said; /* by the last attempt to open */
	int64_t retry_us, better_us;
	bool stands_in; /* not the camera that the configuration means */
	bool stopping;

	/* The stretch */
	struct clock_map clock;
	uint32_t stretch;
	enum gap_cause next_cause;
	bool stretch_open;
	uint16_t width, height;
	mono_t last_frame;

	struct rate rate;
	struct recorder_state status;
	mono_t damage_logged;
	bool refusal_logged;
};

static void happen(struct capture *capture, enum event event);

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
	snprintf(capture->status.last_error, sizeof capture->status.last_error, "%.255s", text);
	capture->status.last_error_wall_us = wall_now().us;
}

/* Frames
 * ------------------------------------------------------------------------------------------------------------------ */

static void begin_stretch(struct capture *capture, enum gap_cause cause)
{
	capture->stretch++;
	capture->next_cause = cause;
	capture->stretch_open = true;
}

/* A frame belongs to the open stretch, or begins the next one. */
static void choose_stretch(struct capture *capture, const struct source_frame *frame)
{
	bool stepped = clock_map_follow(&capture->clock, clock_offset_us());

	if (!capture->stretch_open) {
		begin_stretch(capture, capture->next_cause);
	} else if (stepped) {
		log_warn("camera", "the clock was set, or the machine slept: a new run begins");
		begin_stretch(capture, GAP_CLOCK);
	} else if (frame->width != capture->width || frame->height != capture->height) {
		begin_stretch(capture, GAP_FORMAT);
	}
	capture->width = frame->width;
	capture->height = frame->height;
}

static void take_frame(void *context, const struct source_frame *frame)
{
	struct capture *capture = context;
	struct ring_meta meta;

	choose_stretch(capture, frame);
	meta = (struct ring_meta){
	    .wall_us = wall_of_mono(frame->captured, capture->clock.offset_us).us,
	    .mono_us = frame->captured.us,
	    .stretch = capture->stretch,
	    .gap_cause = capture->next_cause,
	    .source = capture->source->info.kind,
	    .width = frame->width,
	    .height = frame->height,
	};
	if (!ring_writer_put(capture->parts.ring, &meta, frame->parts, frame->count)) {
		capture->status.damaged++;
		return;
	}
	capture->last_frame = mono_now();
	capture->status.frames++;
	rate_add(&capture->rate, frame->captured);
	if (capture->phase != PHASE_STREAMING)
		happen(capture, EVENT_FRAME);
	capture->parts.frame(capture->parts.context);
}

static void count_lost(void *context, uint32_t frames)
{
	struct capture *capture = context;

	capture->status.lost += frames;
}

static void count_damaged(void *context, const char *what)
{
	struct capture *capture = context;
	mono_t now = mono_now();

	capture->status.damaged++;
	if (now.us - capture->damage_logged.us < DAMAGE_LOG_US)
		return;
	capture->damage_logged = now;
	log_warn("camera", "a frame was refused: %s (%llu so far)", what, (unsigned long long)capture->status.damaged);
}

static void source_ready(void *context, uint32_t events)
{
	struct capture *capture = context;
	const struct source_sink sink = {take_frame, count_lost, count_damaged, capture};
	struct reason why = {""};
	enum source_outcome outcome = source_read(capture->source, &sink, &why);

	(void)events;
	if (outcome == SOURCE_FINE)
		return;
	log_warn("camera", "%s", why.text);
	note_error(capture, why.text);
	happen(capture, outcome == SOURCE_GONE ? EVENT_GONE : outcome == SOURCE_RESIZED ? EVENT_RESIZED : EVENT_BROKEN);
}

/* Opening and closing
 * ------------------------------------------------------------------------------------------------------ */

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
	snprintf(status->device, sizeof status->device, "%s", info->device);
	snprintf(status->model, sizeof status->model, "%s", info->model);
	snprintf(status->driver, sizeof status->driver, "%s", info->driver);
	snprintf(status->bus, sizeof status->bus, "%s", info->bus);
	snprintf(status->format, sizeof status->format, "%s", info->format);
	status->width = info->width;
	status->height = info->height;
	status->fps_milli = info->fps_milli;
	status->configured[0] = '\0';
	if (capture->stands_in)
		snprintf(status->configured, sizeof status->configured, "%.127s", capture->parts.config->camera.device);
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

static void look_for_better(void *context);
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
	if (capture->said.text[0])
		log_warn("camera", "%s", capture->said.text);
	if (capture->stands_in)
		loop_timer_set(capture->parts.loop, &capture->better, (mono_t){mono_now().us + capture->better_us});
	else
		capture->better_us = BETTER_FIRST_US;
	describe_source(capture);
	capture->phase = PHASE_FIRST;
	capture->last_frame = mono_now();
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
	note_error(capture, capture->said.text);
	if (capture->next_cause == GAP_STALLED)
		capture->next_cause = GAP_UNPLUGGED; /* it did not only fall silent: it is not to be had */
	set_state(capture, CAMERA_WAITING);
	wait_and_retry(capture);
}

static void on_first_frame(struct capture *capture)
{
	capture->phase = PHASE_STREAMING;
	capture->retry_us = RETRY_FIRST_US;
	set_state(capture, CAMERA_STREAMING);
	set_deadline(capture, capture->source->info.frame_limit_us);
}

static void on_gone(struct capture *capture)
{
	reopen(capture, GAP_UNPLUGGED, CAMERA_WAITING);
}

static void on_broken(struct capture *capture)
{
	drop_source(capture, GAP_STALLED);
	set_state(capture, CAMERA_WAITING);
	wait_and_retry(capture); /* not at once: an error that comes back would spin */
}

static void on_resized(struct capture *capture)
{
	reopen(capture, GAP_FORMAT, CAMERA_OPENING);
}

/* A stand-in is looked past less and less often, where the camera that is there again cannot be opened. */
static void look_for_better(void *context)
{
	struct capture *capture = context;

	if (!capture->stands_in || !capture->source)
		return;
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
	snprintf(text, sizeof text, "no frame for %.1f s: the camera is closed and opened again",
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

/* What the loop calls
 * ---------------------------------------------------------------------------------------------------------- */

static void deadline_due(void *context)
{
	happen(context, EVENT_DUE);
}

static void take_list(struct capture *capture, struct opener_result *result)
{
	struct recorder_state *status = &capture->status;
	const char *wanted = capture->parts.config->camera.device;
	bool better = false;

	status->camera_count = 0;
	for (size_t i = 0; i < result->device_count; i++) {
		status->camera_ids[status->camera_count++] = result->devices[i].number;
		better |= strcmp(wanted, "auto") == 0 || device_same(result->devices[i].path, wanted);
	}
	if (result->devices_json)
		ring_writer_devices(capture->parts.ring, result->devices_json);
	free(result->devices_json);
	if (better && capture->stands_in && !result->opened_asked)
		happen(capture, EVENT_BETTER);
}

static void opener_ready(void *context, uint32_t events)
{
	struct capture *capture = context;
	struct opener_result result;

	(void)events;
	while (opener_take_result(capture->opener, &result)) {
		take_list(capture, &result);
		if (!result.opened_asked)
			continue;
		capture->said = result.why;
		capture->source = result.source;
		happen(capture, result.outcome == SOURCE_OPENED ? EVENT_OPENED : EVENT_REFUSED);
	}
}

static void devices_changed(void *context, uint32_t events)
{
	struct capture *capture = context;
	char block[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t got = read(capture->devices.fd, block, sizeof block);
	bool video = false;

	(void)events;
	for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= got;) {
		const struct inotify_event *event = (const struct inotify_event *)(block + at);

		video |= event->len && strncmp(event->name, "video", 5) == 0;
		at += (ssize_t)(sizeof *event + event->len);
	}
	if (video)
		happen(capture, EVENT_DEVICES);
}

static void watch_devices(struct capture *capture)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	capture->devices = (struct loop_watch){.fd = fd, .ready = devices_changed, .context = capture};
	if (fd < 0)
		return;
	if (inotify_add_watch(fd, "/dev", IN_CREATE | IN_DELETE | IN_ATTRIB) < 0 ||
	    !loop_watch_set(capture->parts.loop, &capture->devices, EPOLLIN))
		log_warn("camera", "changes in /dev are not seen at once; cameras are looked for every 2 s");
}

struct capture *capture_create(const struct capture_parts *parts)
{
	struct capture *capture = calloc(1, sizeof *capture);

	if (!capture)
		return NULL;
	capture->parts = *parts;
	capture->stretch = parts->first_stretch;
	capture->next_cause = GAP_RECORDER_DOWN;
	capture->retry_us = RETRY_FIRST_US;
	capture->better_us = BETTER_FIRST_US;
	capture->deadline = (struct loop_timer){.due = deadline_due, .context = capture};
	capture->better = (struct loop_timer){.due = look_for_better, .context = capture};
	capture->status.since_wall_us = wall_now().us;
	capture->opener = opener_create(parts->config, parts->excluded);
	if (!capture->opener) {
		free(capture);
		return NULL;
	}
	capture->opened =
	    (struct loop_watch){.fd = opener_fd(capture->opener), .ready = opener_ready, .context = capture};
	loop_watch_set(parts->loop, &capture->opened, EPOLLIN);
	watch_devices(capture);
	order_open(capture);
	return capture;
}

void capture_destroy(struct capture *capture)
{
	if (!capture)
		return;
	capture->stopping = true;
	drop_source(capture, GAP_RECORDER_DOWN);
	loop_timer_clear(capture->parts.loop, &capture->deadline);
	loop_timer_clear(capture->parts.loop, &capture->better);
	loop_watch_set(capture->parts.loop, &capture->opened, 0);
	if (capture->devices.fd >= 0) {
		loop_watch_set(capture->parts.loop, &capture->devices, 0);
		close(capture->devices.fd);
	}
	opener_destroy(capture->opener);
	free(capture);
}

void capture_status(const struct capture *capture, struct recorder_state *out)
{
	*out = capture->status;
	out->measured_fps_milli = capture->source ? rate_milli(&capture->rate, mono_now()) : 0;
}
