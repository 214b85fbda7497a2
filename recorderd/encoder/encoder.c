/* encoder.c - the encoder's interface, and the supervision of its child. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorderd/encoder/encoder_internal.h"
#include "recorderd/ffmpeg/encoder_sandbox.h"
#include "shared/base/log.h"
#include "shared/media/ffmpeg_args.h"

#define TICK_US     (US_PER_S / 4)
#define END_TICK_US (US_PER_S / 100) /* while a child is about to exit */
#define HANG_US     (10 * US_PER_S)  /* a child that takes and gives nothing for so long hangs */
#define START_US    (30 * US_PER_S)  /* until its first output: a busy machine starts programs slowly */

#define BACKOFF_MIN_US     (US_PER_S / 4)
#define BACKOFF_MAX_US     (5 * US_PER_S)
#define UNDECODABLE_MIN_US (5 * US_PER_S)
#define UNDECODABLE_MAX_US (320 * US_PER_S)

/* The child has taken and given nothing for longer than a working one does. */
static bool is_idle(const struct encoder *encoder, int64_t now_us)
{
	int64_t patience_us = encoder->parser.started ? HANG_US : START_US;

	return !encoder_is_blocked_by_disk(encoder) && now_us - encoder->progress_at.us > patience_us;
}

static bool owes_frames(const struct encoder *encoder)
{
	return encoder->feed.writing || encoder->in_flight.count > ENCODER_DELAY_FRAMES_MAX;
}

static bool can_change_preset(const struct encoder *encoder)
{
	return strcmp(encoder->preset, FFMPEG_PRESET_AUTO) == 0 &&
	       strcmp(encoder->choice.of_run, FFMPEG_ENCODER_SOFTWARE) == 0;
}

/*
 * Logs once that this machine is too slow. With record.preset = auto it then gets the fastest preset: the run ends
 * after the frame that is being fed, and the next one continues it.
 */
static void check_speed(struct encoder *encoder)
{
	double encoded_fps = encoder->feed.drop.throughput * encoder->fps;

	if (encoder->feed.drop.ratio >= 1 || encoder->end_after != UINT64_MAX)
		return;
	if (can_change_preset(encoder)) {
		log_warn("encoder", "this machine encodes %.0f of %u fps with %s: changing to %s", encoded_fps,
			 encoder->fps, FFMPEG_PRESET_AUTO_DEFAULT, FFMPEG_PRESET_AUTO_FASTEST);
		encoder->preset = FFMPEG_PRESET_AUTO_FASTEST;
		encoder->feed.drop = FRAME_DROP_NONE;
		encoder->end_after = encoder->feed.next;
	} else if (!encoder->slow_logged) {
		log_warn("encoder",
			 "this machine encodes %.0f of %u fps: the rest are dropped evenly; recorderd --probe "
			 "shows what helps",
			 encoded_fps, encoder->fps);
		encoder->slow_logged = true;
	}
}

static void supervise(struct encoder *encoder)
{
	int64_t now_us = mono_now().us;

	if (encoder->state == ENCODER_RUNNING && owes_frames(encoder) && is_idle(encoder, now_us))
		encoder_fail(encoder, "FFmpeg hangs: it reads and writes nothing");
	if (encoder->state == ENCODER_RUNNING && encoder_cannot_decode(encoder, now_us)) {
		encoder_choice_note_failure(encoder);
		encoder_close_input(encoder);
	}
	if (encoder->state == ENCODER_RUNNING)
		check_speed(encoder);
	encoder_choice_update(encoder);
	bool too_long = !encoder_is_blocked_by_disk(encoder) && now_us > encoder->drain_deadline.us;
	if (encoder->state == ENCODER_DRAINING && (too_long || is_idle(encoder, now_us)))
		encoder_fail(encoder, "FFmpeg did not exit");
	if (encoder->state == ENCODER_DRAINING)
		encoder_close_input_when_read(encoder);
	if (encoder->output_closed)
		encoder_finish_drain(encoder);
	encoder_pump(encoder);
}

static int64_t next_tick_us(const struct encoder *encoder)
{
	bool is_ending = encoder->state == ENCODER_DRAINING && (encoder->child.in >= 0 || encoder->output_closed);

	return is_ending ? END_TICK_US : TICK_US;
}

static void report_drained(struct encoder *encoder)
{
	void (*drained_call)(void *context) = encoder->drained;

	encoder->drained = NULL;
	drained_call(encoder->drained_context);
}

static void tick(void *context)
{
	struct encoder *encoder = context;

	subprocess_reap_detached();
	encoder_sandbox_update(encoder->sandbox, &encoder->status.sandbox);
	supervise(encoder);
	if (encoder->drained && encoder->state == ENCODER_OFF && !encoder->unstored.from)
		report_drained(encoder);
	else
		loop_timer_set(encoder->parts.loop, &encoder->tick, (mono_t){mono_now().us + next_tick_us(encoder)});
}

struct encoder *encoder_create(const struct encoder_parts *parts)
{
	struct encoder *encoder = calloc(1, sizeof(*encoder));

	if (!encoder)
		return NULL;
	encoder->parts = *parts;
	if (!encoder_choice_open(encoder)) {
		free(encoder);
		return NULL;
	}
	encoder->child = SUBPROCESS_NONE;
	encoder->recording = parts->config->record.enabled;
	encoder->off_cause = GAP_OFF;
	encoder->stamps = parts->config->record.stamp && parts->config->record.codec == CODEC_H264;
	if (parts->config->record.stamp && !encoder->stamps)
		snprintf(encoder->status.stamp_error, sizeof(encoder->status.stamp_error),
			 "record.codec = mjpeg keeps the pictures of the camera as they are");
	encoder->state = encoder->recording ? ENCODER_IDLE : ENCODER_OFF;
	encoder->end_after = UINT64_MAX;
	encoder->backoff = BACKOFF(BACKOFF_MIN_US, BACKOFF_MAX_US);
	encoder->undecodable_backoff = BACKOFF(UNDECODABLE_MIN_US, UNDECODABLE_MAX_US);
	encoder->fps = (unsigned)parts->config->camera.fps;
	encoder->preset = parts->config->record.preset;
	encoder->tick = (struct loop_timer){.due = tick, .context = encoder};
	encoder_wake(encoder);
	return encoder;
}

void encoder_destroy(struct encoder *encoder)
{
	if (!encoder)
		return;
	loop_timer_clear(encoder->parts.loop, &encoder->tick);
	encoder_close_child(encoder);
	encoder_choice_close(encoder);
	ring_feed_free(&encoder->feed);
	free(encoder);
}

void encoder_set_fps(struct encoder *encoder, unsigned fps)
{
	encoder->fps = fps ? fps : 1;
}

void encoder_set_recording(struct encoder *encoder, bool on, enum gap_cause off_cause)
{
	if (!on)
		encoder->off_cause = off_cause;
	if (encoder->recording == on)
		return;
	encoder->recording = on;
	log_info("encoder", "recording switched %s%s", on ? "on" : "off",
		 !on && off_cause == GAP_SCHEDULE ? ", outside of record.hours" : "");
	if (!on)
		encoder->end_after = ring_reader_head(encoder->parts.ring);
	else if (encoder->state == ENCODER_OFF && !encoder->drained)
		encoder_resume(encoder);
	encoder_pump(encoder);
}

void encoder_end_run(struct encoder *encoder)
{
	encoder->end_after = ring_reader_head(encoder->parts.ring);
	encoder_pump(encoder);
}

void encoder_stop(struct encoder *encoder, void (*drained_call)(void *context), void *context)
{
	encoder->drained = drained_call;
	encoder->drained_context = context;
	encoder->retry_at = mono_now(); /* tries once more if it was failing */
	encoder_end_run(encoder);
	if (!encoder->positioned)
		encoder->state = ENCODER_OFF;
	loop_timer_set(encoder->parts.loop, &encoder->tick, (mono_t){mono_now().us + US_PER_S / 50});
}

void encoder_status(const struct encoder *encoder, struct encoder_status *out)
{
	*out = encoder->status;
	out->encoder = encoder->choice.of_run;
	out->off = !encoder->recording;
	out->running = encoder->state == ENCODER_RUNNING && !encoder->status.failing;
	out->dropped = encoder->feed.dropped;
	out->lost = encoder->feed.lost;
	out->in_flight = encoder->in_flight.count;
	out->lag_us = encoder->positioned && encoder->state != ENCODER_OFF ? ring_feed_lag_us(&encoder->feed) : 0;
	out->ratio_milli = (uint32_t)(encoder->feed.drop.ratio * 1000);
}
