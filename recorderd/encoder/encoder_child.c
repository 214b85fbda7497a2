/* encoder_child.c - the end of a child: cleans up after it, and waits before the next one if it failed. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/encoder/encoder_internal.h"
#include "shared/base/log.h"

#define ERROR_READS_MAX 16 /* at a time, so that a child that writes without end does not keep the loop busy */

void encoder_close_child(struct encoder *encoder)
{
	loop_watch_set(encoder->parts.loop, &encoder->in, 0);
	loop_watch_set(encoder->parts.loop, &encoder->out, 0);
	loop_watch_set(encoder->parts.loop, &encoder->err, 0);
	subprocess_kill(&encoder->child);
	fragment_parser_free(&encoder->parser);
	ring_feed_abort(&encoder->feed);
	encoder->fed_first = encoder->output_closed = encoder->undecodable_run = false;
}

void encoder_read_errors(struct encoder *encoder)
{
	char text[1024];
	ssize_t got = 1;

	if (encoder->child.err < 0)
		return;
	for (int i = 0; got > 0 && i < ERROR_READS_MAX; i++) {
		got = read(encoder->child.err, text, sizeof(text));
		if (got > 0)
			ffmpeg_errors_push(&encoder->errors, text, (size_t)got);
	}
	if (got == 0)
		loop_watch_set(encoder->parts.loop, &encoder->err, 0);
}

void encoder_end_segment(struct encoder *encoder)
{
	if (!encoder->announced)
		return;
	encoder->announced = false;

	struct media *end = media_create(MEDIA_END, NULL, 0);

	if (end)
		storage_push(encoder->parts.storage, end);
}

static void back_off(struct encoder *encoder)
{
	encoder->retry_at = (mono_t){mono_now().us + backoff_next(&encoder->backoff)};
	encoder->state = encoder->drained ? ENCODER_OFF : ENCODER_BACKOFF;
}

/*
 * Counts a death against the frame with which feeding restarts, and skips that frame after too many. Not to be called
 * for a child that never got a frame.
 */
static void count_crash(struct encoder *encoder)
{
	uint64_t frame = encoder->feed.next;

	encoder->crashes = frame == encoder->crashed_on ? encoder->crashes + 1 : 1;
	encoder->crashed_on = frame;
	if (encoder->crashes < ENCODER_FRAME_CRASHES_MAX || frame > ring_reader_head(encoder->parts.ring))
		return;
	log_warn("encoder", "FFmpeg died %u times on the same frame; skipping it", encoder->crashes);
	encoder->crashes = 0;
	encoder->feed.lost++;
	encoder->feed.next++;
	if (encoder->next_cause == GAP_NONE)
		encoder->next_cause = GAP_ENCODER;
}

static void note_failure(struct encoder *encoder, const char *what)
{
	const char *line = ffmpeg_errors_reason(&encoder->errors);

	if (!encoder->status.failing)
		log_error("encoder", "%s%s%s; restarting it where its output ended", what, line[0] ? ": " : "", line);
	snprintf(encoder->status.last_error, sizeof(encoder->status.last_error), "%.100s%s%.150s", what,
		 line[0] ? ": " : "", line);
	encoder->status.undecodable = false;
}

/* FFmpeg may lack the filter or the font. Recording comes first, so it goes on without the time in the picture. */
static void check_stamp(struct encoder *encoder)
{
	const char *line = ffmpeg_errors_reason(&encoder->errors);

	if (!encoder->stamps || encoder->announced || !strstr(line, "drawtext"))
		return;
	encoder->stamps = false;
	snprintf(encoder->status.stamp_error, sizeof(encoder->status.stamp_error),
		 "%.150s; install fonts-dejavu-core, or an FFmpeg with drawtext, and restart the recorder", line);
	log_error("encoder", "FFmpeg cannot draw the time into the picture (record.stamp); recording without it: %s",
		  line);
}

void encoder_fail(struct encoder *encoder, const char *what)
{
	uint64_t next =
		encoder->in_flight.count ? encoder->in_flight.frames[encoder->in_flight.first].seq : encoder->feed.next;
	bool had_frames = encoder->fed_first;
	struct reason refused;

	encoder_read_errors(encoder); /* its end may be seen before its last words */
	if (subprocess_exec_failed(&encoder->child, "ffmpeg", &refused)) {
		what = refused.text;
		had_frames = false; /* in the pipe, but nobody read them */
	}
	if (!encoder->announced)
		encoder->next_cause = encoder->cause; /* this run recorded nothing; the next one takes its place */
	encoder_close_child(encoder);
	encoder_end_segment(encoder);
	encoder->in_flight.count = 0;
	note_failure(encoder, what);
	check_stamp(encoder);
	encoder_choice_note_failure(encoder);
	ring_feed_go_back(&encoder->feed, next);
	if (had_frames)
		count_crash(encoder);
	encoder->status.failing = true;
	encoder->status.restarts++;
	back_off(encoder);
}

void encoder_wake(struct encoder *encoder)
{
	loop_timer_set(encoder->parts.loop, &encoder->tick, mono_now());
}
