/*
 * encoder_pictures.c - frames of which FFmpeg makes no picture: whole JPEGs for the recorder, which FFmpeg cannot
 * decode. It leaves them out and does not say which, so they are found by what comes back:
 *
 *     the run's first frame does not     FFmpeg counted the seconds from a later one, and its key frames stand in wrong
 *                                        places: the run begins again with the frame that came back
 *     none comes back for HOLE_US        a gap like any other: a segment ends before it, and another begins behind it
 *     none does before the child ends    they are lost where it ended well; where it failed, others try first
 *     none does at all, though many are  the child is ended well, so that what it still holds is not lost, and another
 *     taken                              takes its place, at longer and longer intervals
 *
 * All of them are counted as lost.
 */
#include "recorderd/encoder/encoder_internal.h"

#include <stdio.h>
#include <sys/ioctl.h>

#include "shared/base/log.h"

#define RETRIES_MAX         3           /* a frame that came back once does so as the first one too */
#define HOLE_US             US_PER_S    /* from which on the timeline shows one */
#define READ_AHEAD_BYTES    (64u << 10) /* FFmpeg has read them, and may not have looked at them yet */
#define UNDECODABLE_LAST_US (320 * US_PER_S)

bool encoder_lost_first_frame(struct encoder *encoder, const struct in_flight_frame *frame)
{
	if (encoder->gave_any || frame->seq == encoder->first_seq || encoder->parts.config->record.codec != CODEC_H264)
		return false;
	if (encoder->run_restarts == RETRIES_MAX) {
		log_warn("encoder",
			 "FFmpeg leaves out the first frames of each run: key frames stand beside the seconds");
		return false;
	}
	encoder->again = frame->seq;
	return true;
}

void encoder_restart_run(struct encoder *encoder)
{
	log_info("encoder", "FFmpeg made no picture of the first %llu frames: the run begins again behind them",
		 (unsigned long long)(encoder->again - encoder->first_seq));
	encoder->next_cause = encoder->cause == GAP_NONE ? GAP_ENCODER : encoder->cause;
	encoder_close_child(encoder);
	encoder->in_flight.count = 0;
	encoder->feed.next = encoder->again;
	encoder->again = 0;
	encoder->run_restarts++;
	encoder->state = ENCODER_IDLE;
}

uint32_t encoder_cut_at_gap(struct encoder *encoder, const struct in_flight_frame *frame, uint32_t duration_us)
{
	if (!frame->next_after_us || duration_us - frame->next_after_us < HOLE_US)
		return duration_us;
	encoder->ends_at_hole = true;
	return (uint32_t)frame->next_after_us;
}

/* The next frame that comes back is the first of its second: a key frame, with which a segment can begin. */
void encoder_split_at_gap(struct encoder *encoder)
{
	if (!encoder->ends_at_hole)
		return;
	encoder->ends_at_hole = false;
	encoder_end_segment(encoder);
	encoder->cause = GAP_ENCODER;
}

static uint64_t bytes_in_pipe(int fd)
{
	int bytes;

	return fd >= 0 && ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? (uint64_t)bytes : 0;
}

/* Of the frames in flight, what FFmpeg has not read. */
static uint64_t unread_bytes(const struct encoder *encoder)
{
	const struct feed *feed = &encoder->feed;
	uint64_t unwritten = feed->writing ? feed->head_bytes + feed->frame.meta.length - feed->written : 0;

	return bytes_in_pipe(encoder->child.in) + unwritten;
}

void encoder_close_input_when_read(struct encoder *encoder)
{
	if (encoder->child.in >= 0 && unread_bytes(encoder) == 0)
		subprocess_close_fd(&encoder->child.in);
}

static bool has_output(const struct encoder *encoder)
{
	return encoder_is_blocked_by_disk(encoder) || bytes_in_pipe(encoder->child.out) > 0;
}

static void say_fruitless(struct encoder *encoder)
{
	const char *line = encoder->error_line;

	if (!encoder->status.undecodable)
		log_error("encoder", "FFmpeg makes no picture of what the camera sends%s%s", line[0] ? ": " : "", line);
	snprintf(encoder->status.last_error, sizeof(encoder->status.last_error), "%s",
		 line[0] ? line : "FFmpeg does not say why.");
	encoder->status.undecodable = encoder->status.failing = true;
}

bool encoder_cannot_decode(struct encoder *encoder, int64_t now_us)
{
	size_t taken = in_flight_read(&encoder->in_flight, unread_bytes(encoder) + READ_AHEAD_BYTES);
	int64_t patience_us =
		in_flight_is_full(&encoder->in_flight) ? UNDECODABLE_FIRST_US : encoder->undecodable_wait_us;

	if (has_output(encoder))
		encoder->gave_at.us = now_us;
	if (encoder->feed.writing || taken <= ENCODER_DELAY_FRAMES_MAX || now_us - encoder->gave_at.us < patience_us)
		return false;
	say_fruitless(encoder);
	encoder->undecodable_wait_us *= encoder->undecodable_wait_us < UNDECODABLE_LAST_US ? 2 : 1;
	encoder->undecodable_run = true;
	return true;
}

/* What is still in flight is nothing that FFmpeg can decode. */
static void lose_in_flight(struct encoder *encoder)
{
	if (!encoder->status.undecodable)
		log_warn("encoder", "FFmpeg made no picture of %zu frames at the end of a run",
			 encoder->in_flight.count);
	encoder->feed.lost += encoder->in_flight.count;
	encoder->in_flight.count = 0;
	encoder->swallowed_last = true;
	encoder->status.failing = encoder->status.undecodable;
	encoder->deaths = 0;
}

/* A child that read everything and failed over nothing but its frames fails again. */
static bool has_failed_often(const struct encoder *encoder)
{
	uint64_t first = encoder->in_flight.frames[encoder->in_flight.first].seq;

	return encoder->undecodable_run ||
	       (first == encoder->died_on && encoder->deaths + 1 >= ENCODER_FRAME_CRASHES_MAX);
}

enum subprocess_exit encoder_classify_exit(struct encoder *encoder)
{
	bool has_read = encoder->child.in < 0;
	enum subprocess_exit end = subprocess_reap(&encoder->child);

	if (end == SUBPROCESS_SUCCEEDED && !has_read)
		return SUBPROCESS_FAILED;
	if (end == SUBPROCESS_SUCCEEDED || (end == SUBPROCESS_FAILED && has_read && has_failed_often(encoder))) {
		lose_in_flight(encoder);
		return SUBPROCESS_SUCCEEDED;
	}
	return end;
}
