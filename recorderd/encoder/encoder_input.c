/* encoder_input.c - feeds FFmpeg the ring's frames, run by run. */
#include <stdlib.h>
#include <sys/epoll.h>

#include "recorderd/encoder/encoder_internal.h"
#include "recorderd/ffmpeg/encoder_args.h"

#define DRAIN_US (60 * US_PER_S) /* at most, even if frames still come back one by one */

static void input_ready(void *context, uint32_t events)
{
	(void)events;
	encoder_pump(context);
}

/* The cause of the gap before the run that begins with this frame. */
static enum gap_cause run_cause(const struct encoder *encoder, const struct ring_meta *meta)
{
	if (encoder->next_cause != GAP_NONE)
		return encoder->next_cause;
	if (meta->epoch == encoder->last_epoch)
		return encoder->lost_end ? GAP_ENCODER : GAP_NONE;
	return meta->gap_cause < GAP_CAUSES ? (enum gap_cause)meta->gap_cause : GAP_ENCODER;
}

static bool start_run(struct encoder *encoder)
{
	const struct ring_meta *meta = &encoder->feed.frame.meta;
	struct ffmpeg_command command;
	struct reason why = {"epoll refused FFmpeg's pipes"};

	encoder->cause = run_cause(encoder, meta);
	encoder->errors = (struct ffmpeg_errors){0};
	if (!encoder_choice_begin_run(encoder, &why)) {
		encoder_fail(encoder, why.text);
		return false;
	}
	encoder_args_build(&command, &(struct encoder_args){
					     .record = &encoder->parts.config->record,
					     .encoder = encoder->choice.of_run,
					     .preset = encoder->preset,
					     .first = meta,
					     .fps = encoder->fps,
					     .stamp = encoder->stamps,
				     });
	struct subprocess_setup setup = subprocess_piped(command.argv);
	setup.prepare = sandbox_enter_child;
	setup.context = encoder->sandbox;
	if (!subprocess_start(&encoder->child, &setup, &why) || !encoder_watch_output(encoder)) {
		encoder_fail(encoder, why.text);
		return false;
	}
	encoder->in = (struct loop_watch){.fd = encoder->child.in, .ready = input_ready, .context = encoder};
	encoder->next_cause = GAP_NONE;
	encoder->had_run = true;
	encoder->first = *meta;
	encoder->first_seq = encoder->feed.frame.seq;
	encoder->has_given_frame = encoder->ends_at_gap = encoder->lost_end = false;
	encoder->last_epoch = meta->epoch;
	encoder->last_duration_us = (uint32_t)(US_PER_S / encoder->fps);
	encoder->missing_key_frames = 0;
	encoder->progress_at = encoder->output_at = mono_now();
	encoder->state = ENCODER_RUNNING;
	return true;
}

void encoder_close_input(struct encoder *encoder)
{
	loop_watch_set(encoder->parts.loop, &encoder->in, 0);
	encoder->progress_at = mono_now();
	encoder->drain_deadline.us = encoder->progress_at.us + DRAIN_US;
	encoder->state = ENCODER_DRAINING;
	encoder_wake(encoder); /* the input is closed once the child has read all of it */
}

static void begin_frame(struct encoder *encoder)
{
	const struct ring_frame *frame = &encoder->feed.frame;
	struct in_flight_frame given = {
		.seq = frame->seq,
		.pts_us = frame->meta.wall_us - encoder->first.wall_us,
		.wall_us = frame->meta.wall_us,
		.mono_us = frame->meta.mono_us,
		.bytes = IVF_FRAME_BYTES + frame->meta.length,
	};

	ring_feed_begin(&encoder->feed, given.pts_us, !encoder->fed_first);
	encoder->fed_first = true;
	in_flight_push(&encoder->in_flight, &given);
}

/* Whether the run ends before this frame. */
static bool is_past_end(const struct encoder *encoder, uint64_t seq)
{
	return seq > encoder->end_after;
}

/* Whether the frame was captured while recording was off. */
static bool is_recording_off(const struct ring_frame *frame)
{
	return (frame->meta.flags & RING_FRAME_RECORDING_OFF) != 0;
}

enum next { NEXT_FRAME, NEXT_NOTHING, NEXT_RUN_OVER };

static enum next find_next(struct encoder *encoder)
{
	switch (ring_feed_peek(&encoder->feed)) {
	case RING_FEED_EMPTY:
		if (encoder->state == ENCODER_RUNNING && (encoder->drained || is_past_end(encoder, encoder->feed.next)))
			return NEXT_RUN_OVER;
		return NEXT_NOTHING;
	case RING_FEED_OVERRUN:
		/* Before the first run, the frames were waiting for the archive. */
		encoder->next_cause = encoder->had_run ? GAP_ENCODER : GAP_DISK;
		return NEXT_RUN_OVER;
	case RING_FEED_FRAME:
		break;
	}
	if (is_past_end(encoder, encoder->feed.frame.seq) || is_recording_off(&encoder->feed.frame))
		return NEXT_RUN_OVER;
	if (encoder->state == ENCODER_RUNNING && encoder->feed.frame.meta.epoch != encoder->first.epoch)
		return NEXT_RUN_OVER;
	return NEXT_FRAME;
}

static void end_run(struct encoder *encoder)
{
	if (encoder->state == ENCODER_RUNNING)
		encoder_close_input(encoder);
}

/* Feeds frames until the pipe is full, the ring has no more, or the run is over. */
static void feed_child(struct encoder *encoder)
{
	while (encoder->state == ENCODER_RUNNING) {
		if (!encoder->feed.writing) {
			enum next next = in_flight_is_full(&encoder->in_flight) ? NEXT_NOTHING : find_next(encoder);

			if (next == NEXT_RUN_OVER)
				end_run(encoder);
			if (next != NEXT_FRAME)
				break;
			begin_frame(encoder);
		}
		switch (ring_feed_write(&encoder->feed, encoder->child.in)) {
		case RING_FEED_WRITTEN:
			encoder->progress_at = mono_now();
			continue;
		case RING_FEED_FULL:
			loop_watch_set(encoder->parts.loop, &encoder->in, EPOLLOUT);
			return;
		case RING_FEED_BROKEN:
			encoder_fail(encoder, "FFmpeg closed its input");
			return;
		case RING_FEED_OVERWRITTEN:
			encoder_fail(encoder, "FFmpeg was so slow to read a frame that it was overwritten in memory");
			return;
		}
	}
	if (encoder->child.in >= 0)
		loop_watch_set(encoder->parts.loop, &encoder->in, 0);
}

/* Recording continues after the newest frame on disk, if the ring has it; otherwise with the first new frame. */
static bool find_start(struct encoder *encoder)
{
	const struct ring_reader *ring = encoder->parts.ring;
	struct archive_resume_point start = archive_get_resume_point(encoder->parts.archive);
	uint64_t next = encoder->parts.adopted + 1;
	struct ring_frame frame;

	if (!start.recovered)
		return false;
	while (start.last_mono_us >= 0 && next > 1 && ring_reader_get(ring, next - 1, &frame) &&
	       frame.meta.mono_us > start.last_mono_us)
		next--;
	if (next <= encoder->parts.adopted && ring_reader_get(ring, next - 1, &frame) &&
	    frame.meta.mono_us == start.last_mono_us)
		encoder->last_epoch = frame.meta.epoch;
	else if (next <= encoder->parts.adopted)
		encoder->next_cause = GAP_RECORDER_DOWN;
	ring_feed_init(&encoder->feed, ring, next);
	encoder->positioned = true;
	return true;
}

/*
 * Skips frames that were captured while recording was off. Enters ENCODER_OFF if it still is, and no others are left.
 */
static void skip_off_frames(struct encoder *encoder)
{
	struct ring_frame frame;

	while (ring_reader_get(encoder->parts.ring, encoder->feed.next, &frame) && is_recording_off(&frame)) {
		encoder->feed.next++;
		encoder->next_cause = frame.meta.flags & RING_FRAME_SCHEDULE ? GAP_SCHEDULE : GAP_OFF;
	}
	if (!encoder->recording && encoder->feed.next > ring_reader_head(encoder->parts.ring))
		encoder->state = ENCODER_OFF;
}

void encoder_resume(struct encoder *encoder)
{
	uint64_t head = ring_reader_head(encoder->parts.ring);

	encoder->state = ENCODER_IDLE;
	if ((encoder->positioned || find_start(encoder)) && encoder->feed.next <= head) {
		encoder->feed.next = head + 1;
		encoder->next_cause = encoder->off_cause;
	}
}

/* Begins the next run if there is a frame for it. Returns false if there is nothing more to do for now. */
static bool leave_idle(struct encoder *encoder)
{
	skip_off_frames(encoder);
	if (encoder->state == ENCODER_OFF)
		return false;
	if (is_past_end(encoder, encoder->feed.next))
		encoder->end_after = UINT64_MAX; /* reached */
	switch (find_next(encoder)) {
	case NEXT_RUN_OVER:
		end_run(encoder);
		return true;
	case NEXT_NOTHING:
		if (encoder->drained)
			encoder->state = ENCODER_OFF; /* it was told to stop, and nothing is left */
		return false;
	case NEXT_FRAME:
		break;
	}
	return start_run(encoder);
}

void encoder_pump(struct encoder *encoder)
{
	encoder_store_the_rest(encoder);
	if (encoder->state == ENCODER_OFF || (!encoder->positioned && !find_start(encoder)))
		return;
	if (encoder->out.events == 0 && encoder->child.out >= 0 && !storage_is_full(encoder->parts.storage)) {
		encoder->progress_at = mono_now();
		loop_watch_set(encoder->parts.loop, &encoder->out, EPOLLIN);
	}
	if (encoder->state == ENCODER_BACKOFF && mono_now().us >= encoder->retry_at.us)
		encoder->state = ENCODER_IDLE;
	while (encoder->state == ENCODER_IDLE && leave_idle(encoder))
		;
	feed_child(encoder);
}
