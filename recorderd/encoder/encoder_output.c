/* encoder_output.c - what FFmpeg gives: each fragment finds its frame and goes to storage. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "recorderd/encoder/encoder_internal.h"
#include "shared/base/big_endian.h"
#include "shared/base/log.h"

#define READ_BYTES  (256u << 10)
#define ENDED_EARLY "FFmpeg ended before it had given back every frame"

static void announce_run(struct encoder *encoder)
{
	struct media *run;

	if (encoder->announced || !encoder->stream.started)
		return;
	run = media_create(MEDIA_RUN, encoder->stream.init.data, encoder->stream.init.length);
	if (!run)
		return;
	run->run = (struct media_run){
		.gap_cause = encoder->cause,
		.source = encoder->first.source,
		.track = encoder->stream.track,
	};
	run->run.track.entry = NULL;
	storage_push(encoder->parts.storage, run);
	encoder->announced = true;
}

/* FFmpeg gives the last frame of a run 1 µs, for want of a next one: it gets what the frame before it had. A frame
 * before a hole lasts as long as if there were none. */
static void mend_duration(struct encoder *encoder, uint8_t *moof, const struct in_flight_frame *frame,
			  struct mp4_fragment *fragment)
{
	if (fragment->duration <= 1)
		fragment->duration = encoder->last_duration_us;
	else
		fragment->duration = encoder_cut_at_gap(encoder, frame, fragment->duration);
	if (fragment->duration_at)
		be32_put(moof + fragment->duration_at, fragment->duration);
	encoder->last_duration_us = fragment->duration < US_PER_S ? fragment->duration : US_PER_S;
}

static void note_progress(struct encoder *encoder)
{
	encoder->gave_at = encoder->progress_at;
	encoder->gave_any = true;
	encoder->run_restarts = 0;
	encoder->backoff_us = BACKOFF_FIRST_US;
	if (encoder->undecodable_run) /* what it held back until its end */
		return;
	if (encoder->status.failing)
		log_info("encoder", "encoding again");
	encoder->status.failing = encoder->status.undecodable = false;
	encoder->undecodable_wait_us = UNDECODABLE_FIRST_US;
}

static void take_fragment(void *context, uint8_t *data, size_t moof_bytes, size_t total_bytes,
			  const struct mp4_fragment *fragment)
{
	struct encoder *encoder = context;
	struct in_flight_frame frame;
	struct media *media;
	uint64_t skipped = 0;

	if (encoder->again)
		return;
	bool found = in_flight_take(&encoder->in_flight, (int64_t)fragment->decode_time, &frame, &skipped);
	encoder->feed.lost += skipped;
	if (!found) {
		log_warn("encoder", "it gave a frame for a time that it was not given: left out");
		return;
	}
	if (encoder_lost_first_frame(encoder, &frame))
		return;
	note_progress(encoder);
	announce_run(encoder);
	media = media_create(MEDIA_FRAME, data, total_bytes);
	if (!media || !encoder->announced) {
		free(media);
		encoder->feed.lost++;
		return;
	}
	media->frame = (struct media_frame){
		.wall = {frame.wall_us},
		.mono = {frame.mono_us},
		.fragment = *fragment,
		.moof_bytes = (uint32_t)moof_bytes,
	};
	mend_duration(encoder, media->data, &frame, &media->frame.fragment);
	storage_push(encoder->parts.storage, media);
	encoder_split_at_gap(encoder);
}

/* All that the child had to give is taken. */
static void drained(struct encoder *encoder)
{
	encoder_close_child(encoder);
	encoder_end_segment(encoder);
	encoder->state = ENCODER_IDLE;
}

void encoder_finish_drain(struct encoder *encoder)
{
	switch (encoder->in_flight.count ? encoder_classify_exit(encoder) : SUBPROCESS_SUCCEEDED) {
	case SUBPROCESS_RUNNING: /* it is asked again soon */
		encoder->output_over = true;
		loop_watch_set(encoder->parts.loop, &encoder->out, 0);
		subprocess_close_fd(&encoder->child.out);
		encoder_wake(encoder);
		break;
	case SUBPROCESS_SUCCEEDED:
		drained(encoder);
		break;
	case SUBPROCESS_FAILED:
	case SUBPROCESS_KILLED:
		encoder_fail(encoder, ENDED_EARLY);
		break;
	}
}

static void output_over(struct encoder *encoder)
{
	if (encoder->state != ENCODER_DRAINING) {
		encoder_fail(encoder, ENDED_EARLY);
	} else {
		encoder_close_input_when_read(encoder);
		encoder_finish_drain(encoder);
	}
	encoder_wake(encoder);
}

static void output_ready(void *context, uint32_t events)
{
	struct encoder *encoder = context;
	struct reason why;
	uint8_t *room = fragment_parser_reserve(&encoder->stream, READ_BYTES);
	ssize_t got;

	(void)events;
	got = room ? read(encoder->child.out, room, READ_BYTES) : -1;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		output_over(encoder);
		return;
	}
	encoder->progress_at = mono_now(); /* also where these are not yet a whole frame */
	if (!fragment_parser_push(&encoder->stream, (size_t)got, take_fragment, encoder, &why)) {
		encoder_fail(encoder, why.text);
		return;
	}
	if (encoder->again) {
		encoder_restart_run(encoder);
		encoder_wake(encoder);
		return;
	}
	if (storage_is_full(encoder->parts.storage)) /* read on when storage has room: encoder_pump */
		loop_watch_set(encoder->parts.loop, &encoder->out, 0);
}

/* What FFmpeg has to say: the last line is kept for the reason. */
static void error_ready(void *context, uint32_t events)
{
	struct encoder *encoder = context;
	char text[1024];
	ssize_t got = read(encoder->child.err, text, sizeof(text) - 1);
	char *line, *rest = text;

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		loop_watch_set(encoder->parts.loop, &encoder->err, 0);
		return;
	}
	text[got] = '\0';
	while ((line = strsep(&rest, "\r\n"))) {
		if (!*line)
			continue;
		log_debug("ffmpeg", "%s", line);
		snprintf(encoder->error_line, sizeof(encoder->error_line), "%s", line);
	}
}

bool encoder_watch_output(struct encoder *encoder)
{
	encoder->out = (struct loop_watch){.fd = encoder->child.out, .ready = output_ready, .context = encoder};
	encoder->err = (struct loop_watch){.fd = encoder->child.err, .ready = error_ready, .context = encoder};
	return loop_watch_set(encoder->parts.loop, &encoder->out, EPOLLIN) &&
	       loop_watch_set(encoder->parts.loop, &encoder->err, EPOLLIN);
}
