/* capture_frames.c - a frame on its way into the ring: its wall time and its epoch. */
#include <stdio.h>

#include "recorderd/capture/capture_internal.h"
#include "shared/base/log.h"

#define DAMAGE_LOG_INTERVAL_US (10 * US_PER_S)

static void begin_epoch(struct capture *capture, enum gap_cause cause)
{
	capture->epoch++;
	capture->next_cause = cause;
	capture->epoch_open = true;
}

/*
 * Many cameras are lost when the machine is suspended and come back afterwards. Then the suspend is the cause of the
 * gap, unless the camera was away for longer than that.
 */
static enum gap_cause cause_of_gap(const struct capture *capture, const struct source_frame *frame,
				   int64_t suspended_us)
{
	int64_t slept_us = suspended_us - capture->clock.suspended_us;
	int64_t awake_us = frame->captured.us - capture->last_captured.us;
	bool lost = capture->next_cause == GAP_UNPLUGGED || capture->next_cause == GAP_STALLED;

	return lost && slept_us > awake_us ? GAP_SUSPENDED : capture->next_cause;
}

/* A frame belongs to the open epoch, or begins the next one. */
static void choose_epoch(struct capture *capture, const struct source_frame *frame)
{
	int64_t suspended_us = clock_suspended_us(), slept_us = suspended_us - capture->clock.suspended_us;
	enum gap_cause cause = cause_of_gap(capture, frame, suspended_us);
	enum clock_change change = clock_map_update(&capture->clock, clock_offset_us(), suspended_us);

	if (!capture->epoch_open) {
		begin_epoch(capture, cause);
	} else if (change == CLOCK_SUSPENDED) {
		log_info("camera", "the machine was suspended for %lld s; starting a new run",
			 (long long)(slept_us / US_PER_S));
		begin_epoch(capture, GAP_SUSPENDED);
	} else if (change == CLOCK_SET) {
		log_warn("camera", "the clock was set; starting a new run");
		begin_epoch(capture, GAP_CLOCK);
	} else if (frame->width != capture->width || frame->height != capture->height) {
		begin_epoch(capture, GAP_FORMAT);
	}
	capture->last_captured = frame->captured;
	/* The real size, whatever was negotiated. */
	capture->state.width = capture->width = frame->width;
	capture->state.height = capture->height = frame->height;
}

static void count_damaged(void *context, enum frame_damage damage)
{
	struct capture *capture = context;
	mono_t now = mono_now();

	capture->state.damaged++;
	capture->torn |= bandwidth_count(&capture->bandwidth, &capture->source->info, false, now);
	damage_share_add(&capture->damage, damage);
	if (now.us < capture->damage_log_due.us)
		return;
	capture->damage_log_due.us = now.us + DAMAGE_LOG_INTERVAL_US;
	log_warn("camera", "dropped a frame: %s (%llu dropped so far)", frame_damage_text(damage),
		 (unsigned long long)capture->state.damaged);
}

/* Says so, once, if frames come at intervals that would be a stall with the negotiated rate. */
static void note_slow(struct capture *capture)
{
	char *note = capture->state.camera_notes[CAMERA_NOTE_SLOW];
	int64_t slow_us = frame_timeout_slow_us(&capture->frame_timeout, capture->source->info.stall_timeout_us);

	if (slow_us == 0)
		note[0] = '\0';
	if (slow_us == 0 || note[0])
		return;
	snprintf(note, STATE_CAMERA_NOTE_SIZE,
		 "The camera sends one frame in %.1f s, although %.3g frames per second were negotiated. A long "
		 "exposure may be the reason. Each frame is recorded at its own time.",
		 (double)slow_us / 1e6, capture->source->info.fps_milli / 1000.0);
	if (!capture->slow_logged)
		log_warn("camera", "%s", note);
	capture->slow_logged = true;
}

static void keep_frame(void *context, const struct source_frame *frame)
{
	struct capture *capture = context;

	choose_epoch(capture, frame);
	struct ring_meta meta = {
		.wall_us = wall_from_mono(frame->captured, capture->clock.offset_us).us,
		.mono_us = frame->captured.us,
		.epoch = capture->epoch,
		.gap_cause = capture->next_cause,
		.source = capture->source->info.kind,
		.width = frame->width,
		.height = frame->height,
		.flags = capture->flags,
	};
	if (!ring_writer_put(capture->parts.ring, &meta, frame->parts, frame->count)) {
		count_damaged(capture, DAMAGE_TOO_LARGE);
		return;
	}
	frame_timeout_frame(&capture->frame_timeout, mono_now());
	note_slow(capture);
	capture->state.frames++;
	damage_share_add(&capture->damage, DAMAGE_NONE);
	frame_rate_add(&capture->rate, frame->captured);
	bandwidth_count(&capture->bandwidth, &capture->source->info, true, capture->frame_timeout.last);
	if (capture->phase != PHASE_STREAMING)
		capture->handle_event(capture, EVENT_FRAME);
	capture->parts.frame(capture->parts.context);
}

static void count_lost(void *context, uint32_t frames)
{
	struct capture *capture = context;

	capture->state.lost += frames;
}

/* The only way from a source into the ring. */
static void take_frame(void *context, const struct source_frame *frame)
{
	struct capture *capture = context;

	if (!capture->rewriter || frame->rewritten)
		keep_frame(capture, frame);
	else if (!frame_rewriter_put(capture->rewriter, frame))
		count_lost(capture, 1);
}

void capture_frame_rewritten(void *context, uint32_t events)
{
	struct capture *capture = context;
	const struct source_sink sink = {keep_frame, count_lost, count_damaged, capture};

	(void)events;
	frame_rewriter_take(capture->rewriter, &sink);
}

struct source_sink capture_sink(struct capture *capture)
{
	return (struct source_sink){take_frame, count_lost, count_damaged, capture};
}
