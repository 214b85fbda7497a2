/*
 * capture_frames.c - a frame on its way into the ring: its wall time, its stretch, its place. Copied once, by
 * ring_writer_put.
 */
#include "recorderd/capture/capture_internal.h"

#include "shared/base/log.h"

#define DAMAGE_LOG_INTERVAL_US (10 * US_PER_S)

static void begin_epoch(struct capture *capture, enum gap_cause cause)
{
	capture->epoch++;
	capture->next_cause = cause;
	capture->stretch_open = true;
}

/* A frame belongs to the open stretch, or begins the next one. */
static void choose_epoch(struct capture *capture, const struct source_frame *frame)
{
	bool stepped = clock_map_update(&capture->clock, clock_offset_us());

	if (!capture->stretch_open) {
		begin_epoch(capture, capture->next_cause);
	} else if (stepped) {
		log_warn("camera", "the clock was set, or the machine slept: a new run begins");
		begin_epoch(capture, GAP_CLOCK);
	} else if (frame->width != capture->width || frame->height != capture->height) {
		begin_epoch(capture, GAP_FORMAT);
	}
	capture->status.width = capture->width = frame->width; /* whatever was agreed */
	capture->status.height = capture->height = frame->height;
}

static void count_damaged(void *context, const char *what)
{
	struct capture *capture = context;
	mono_t now = mono_now();

	capture->status.damaged++;
	if (now.us < capture->damage_log_due.us)
		return;
	capture->damage_log_due.us = now.us + DAMAGE_LOG_INTERVAL_US;
	log_warn("camera", "a frame was refused: %s (%llu so far)", what, (unsigned long long)capture->status.damaged);
}

static void take_frame(void *context, const struct source_frame *frame)
{
	struct capture *capture = context;
	struct ring_meta meta;

	choose_epoch(capture, frame);
	meta = (struct ring_meta){
		.wall_us = wall_from_mono(frame->captured, capture->clock.offset_us).us,
		.mono_us = frame->captured.us,
		.epoch = capture->epoch,
		.gap_cause = capture->next_cause,
		.source = capture->source->info.kind,
		.width = frame->width,
		.height = frame->height,
		.flags = capture->recording ? 0 : RING_FRAME_RECORDING_OFF,
	};
	if (!ring_writer_put(capture->parts.ring, &meta, frame->parts, frame->count)) {
		count_damaged(capture, "too large for the memory that it would stand in");
		return;
	}
	capture->last_frame = mono_now();
	capture->status.frames++;
	frame_rate_add(&capture->rate, frame->captured);
	if (capture->phase != PHASE_STREAMING)
		capture->happen(capture, EVENT_FRAME);
	capture->parts.frame(capture->parts.context);
}

static void count_lost(void *context, uint32_t frames)
{
	struct capture *capture = context;

	capture->status.lost += frames;
}

struct source_sink capture_sink(struct capture *capture)
{
	return (struct source_sink){take_frame, count_lost, count_damaged, capture};
}
