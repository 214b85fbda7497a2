/*
 * encoder_child.c - how a child ends: it is let go, what it made is closed, and where it failed the next one waits.
 * What feeds the child and what takes from it call this; it calls neither.
 */
#include <stdio.h>

#include "recorderd/encoder/encoder_internal.h"
#include "shared/base/log.h"

#define BACKOFF_LAST_US (5 * US_PER_S)

void encoder_close_child(struct encoder *encoder)
{
	loop_watch_set(encoder->parts.loop, &encoder->in, 0);
	loop_watch_set(encoder->parts.loop, &encoder->out, 0);
	loop_watch_set(encoder->parts.loop, &encoder->err, 0);
	subprocess_kill(&encoder->child);
	fragment_parser_free(&encoder->stream);
	ring_feed_abort(&encoder->feed);
	encoder->fed = encoder->output_over = encoder->undecodable_run = false;
}

void encoder_end_segment(struct encoder *encoder)
{
	struct media *end;

	if (!encoder->announced)
		return;
	encoder->announced = false;
	end = media_create(MEDIA_END, NULL, 0);
	if (end)
		storage_push(encoder->parts.storage, end);
}

static void back_off(struct encoder *encoder)
{
	encoder->retry_at = (mono_t){mono_now().us + encoder->backoff_us};
	encoder->backoff_us = encoder->backoff_us * 2 < BACKOFF_LAST_US ? encoder->backoff_us * 2 : BACKOFF_LAST_US;
	encoder->state = encoder->drained ? ENCODER_OFF : ENCODER_BACKOFF;
}

/* Each death counts against the frame that feeding begins with anew; a child that never got a frame died of another
 * cause. */
static void blame_frame(struct encoder *encoder)
{
	uint64_t frame = encoder->feed.next;

	encoder->deaths = frame == encoder->died_on ? encoder->deaths + 1 : 1;
	encoder->died_on = frame;
	if (encoder->deaths < ENCODER_FRAME_CRASHES_MAX || frame > ring_reader_head(encoder->parts.ring))
		return;
	log_warn("encoder", "leaving out a frame on which it died %u times", encoder->deaths);
	encoder->deaths = 0;
	encoder->feed.lost++;
	encoder->feed.next++;
	if (encoder->next_cause == GAP_NONE)
		encoder->next_cause = GAP_ENCODER;
}

static void note_failure(struct encoder *encoder, const char *what)
{
	const char *line = encoder->error_line;

	if (!encoder->status.failing)
		log_error("encoder", "%s%s%s; starting it again from where its output ended", what, line[0] ? ": " : "",
			  line);
	snprintf(encoder->status.last_error, sizeof(encoder->status.last_error), "%.120s%s%.120s", what,
		 line[0] ? ": " : "", line);
	encoder->status.undecodable = false;
}

void encoder_fail(struct encoder *encoder, const char *what)
{
	uint64_t again =
		encoder->in_flight.count ? encoder->in_flight.frames[encoder->in_flight.first].seq : encoder->feed.next;
	bool had_frames = encoder->fed;
	struct reason refused;

	if (subprocess_exec_failed(&encoder->child, "ffmpeg", &refused)) {
		what = refused.text;
		had_frames = false; /* it never saw them */
	}
	if (!encoder->announced)
		encoder->next_cause = encoder->cause; /* nothing came of this run: the next is the same again */
	encoder_close_child(encoder);
	encoder_end_segment(encoder);
	encoder->in_flight.count = 0;
	note_failure(encoder, what);
	encoder->feed.next = again;
	if (had_frames)
		blame_frame(encoder);
	encoder->status.failing = true;
	encoder->status.restarts++;
	back_off(encoder);
}

void encoder_wake(struct encoder *encoder)
{
	loop_timer_set(encoder->parts.loop, &encoder->tick, mono_now());
}
