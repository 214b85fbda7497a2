/* encoder_pictures.c - frames that FFmpeg does not give back because it cannot decode them. */
#include <stdio.h>
#include <sys/ioctl.h>

#include "recorderd/encoder/encoder_internal.h"
#include "shared/base/log.h"

/*
 * These are JPEGs that are whole, so that the recorder accepted them. FFmpeg skips them without saying which, so they
 * are recognised by what comes back:
 *
 *     the run's first frame does not   FFmpeg counts seconds from a later frame, so its key frames are in the wrong
 *                                      places: the run is restarted with the frame that came back first
 *     none does for GAP_MIN_US         a gap like any other: a segment ends before it, and another begins after it
 *     none does until the child exits  if it exited well they are lost; if it failed, other children try first
 *     none does, though many were fed  the child is ended properly, so that frames that it holds back are not lost, and
 *                                      replaced by another, less and less often
 *
 * All of them are counted as lost.
 */

#define RUN_RESTARTS_MAX 3           /* a frame that came back once should come back as the first one, too */
#define GAP_MIN_US       US_PER_S    /* the timeline shows gaps from this length on */
#define READ_AHEAD_BYTES (64u << 10) /* FFmpeg has read them, but may not have decoded them yet */

bool encoder_lost_first_frame(struct encoder *encoder, const struct in_flight_frame *frame)
{
	if (encoder->has_given_frame || frame->seq == encoder->first_seq ||
	    encoder->parts.config->record.codec != CODEC_H264)
		return false;
	if (encoder->run_restarts == RUN_RESTARTS_MAX) {
		log_warn("encoder", "FFmpeg skips the first frames of each run: key frames are not at full seconds");
		return false;
	}
	encoder->restart_seq = frame->seq;
	return true;
}

void encoder_restart_run(struct encoder *encoder)
{
	log_info("encoder", "FFmpeg could not decode the first %llu frames; restarting after them",
		 (unsigned long long)(encoder->restart_seq - encoder->first_seq));
	encoder->next_cause = encoder->cause == GAP_NONE ? GAP_ENCODER : encoder->cause;
	encoder_close_child(encoder);
	encoder->in_flight.count = 0;
	ring_feed_go_back(&encoder->feed, encoder->restart_seq);
	encoder->restart_seq = 0;
	encoder->run_restarts++;
	encoder->state = ENCODER_IDLE;
}

uint32_t encoder_cut_at_gap(struct encoder *encoder, const struct in_flight_frame *frame, uint32_t duration_us)
{
	if (!frame->next_after_us || duration_us - frame->next_after_us < GAP_MIN_US)
		return duration_us;
	encoder->ends_at_gap = true;
	return (uint32_t)frame->next_after_us;
}

/* The next frame to come back is the first one of its second, and so a key frame, with which a segment can begin. */
void encoder_split_at_gap(struct encoder *encoder)
{
	if (!encoder->ends_at_gap)
		return;
	encoder->ends_at_gap = false;
	encoder_end_segment(encoder);
	encoder->cause = GAP_ENCODER;
}

static uint64_t bytes_in_pipe(int fd)
{
	int bytes;

	return fd >= 0 && ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? (uint64_t)bytes : 0;
}

/* How much of the frames in flight FFmpeg has not read yet. */
static uint64_t unread_bytes(const struct encoder *encoder)
{
	const struct ring_feed *feed = &encoder->feed;
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

static void note_undecodable(struct encoder *encoder)
{
	const char *line = ffmpeg_errors_reason(&encoder->errors);

	if (!encoder->status.undecodable)
		log_error("encoder", "FFmpeg cannot decode the camera's frames%s%s", line[0] ? ": " : "", line);
	snprintf(encoder->status.last_error, sizeof(encoder->status.last_error), "%s",
		 line[0] ? line : "FFmpeg printed no error.");
	encoder->status.undecodable = encoder->status.failing = true;
}

bool encoder_cannot_decode(struct encoder *encoder, int64_t now_us)
{
	const struct backoff *backoff = &encoder->undecodable_backoff;
	size_t read = in_flight_read(&encoder->in_flight, unread_bytes(encoder) + READ_AHEAD_BYTES);
	int64_t patience_us = in_flight_is_full(&encoder->in_flight) ? backoff->min_us : backoff->wait_us;

	if (has_output(encoder))
		encoder->output_at.us = now_us;
	if (encoder->feed.writing || read <= ENCODER_DELAY_FRAMES_MAX || now_us - encoder->output_at.us < patience_us)
		return false;
	note_undecodable(encoder);
	backoff_next(&encoder->undecodable_backoff);
	encoder->undecodable_run = true;
	return true;
}

/* FFmpeg cannot decode the frames that are still in flight. */
static void lose_in_flight(struct encoder *encoder)
{
	if (!encoder->status.undecodable)
		log_warn("encoder", "FFmpeg could not decode the last %zu frames of a run", encoder->in_flight.count);
	encoder->feed.lost += encoder->in_flight.count;
	encoder->in_flight.count = 0;
	encoder->lost_end = true;
	encoder->status.failing = encoder->status.undecodable;
	encoder->crashes = 0;
}

/* Whether another child, which reads the same frames, would only fail again. */
static bool has_failed_often(const struct encoder *encoder)
{
	uint64_t first = encoder->in_flight.frames[encoder->in_flight.first].seq;

	return encoder->undecodable_run ||
	       (first == encoder->crashed_on && encoder->crashes + 1 >= ENCODER_FRAME_CRASHES_MAX);
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
