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

#define AGAIN_MAX         3           /* a frame that came back once does so as the first one too */
#define HOLE_US           US_PER_S    /* from which on the timeline shows one */
#define READ_AHEAD_BYTES  (64u << 10) /* FFmpeg has read them, and may not have looked at them yet */
#define FRUITLESS_LAST_US (320 * US_PER_S)

bool encoder_began_late(struct encoder *encoder, const struct in_flight_frame *frame)
{
	if (encoder->gave_any || frame->seq == encoder->first_seq || encoder->parts.config->record.codec != CODEC_H264)
		return false;
	if (encoder->begun_again == AGAIN_MAX) {
		log_warn("encoder",
			 "FFmpeg leaves out the first frames of each run: key frames stand beside the seconds");
		return false;
	}
	encoder->again = frame->seq;
	return true;
}

void encoder_begin_again(struct encoder *encoder)
{
	log_info("encoder", "FFmpeg made no picture of the first %llu frames: the run begins again behind them",
		 (unsigned long long)(encoder->again - encoder->first_seq));
	encoder->next_cause = encoder->cause == GAP_NONE ? GAP_ENCODER : encoder->cause;
	encoder_forget_child(encoder);
	encoder->in_flight.count = 0;
	encoder->feed.next = encoder->again;
	encoder->again = 0;
	encoder->begun_again++;
	encoder->state = ENCODER_IDLE;
}

uint32_t encoder_cut_at_hole(struct encoder *encoder, const struct in_flight_frame *frame, uint32_t duration_us)
{
	if (!frame->until_next_us || duration_us - frame->until_next_us < HOLE_US)
		return duration_us;
	encoder->ends_at_hole = true;
	return (uint32_t)frame->until_next_us;
}

/* The next frame that comes back is the first of its second: a key frame, with which a segment can begin. */
void encoder_pass_hole(struct encoder *encoder)
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
		subprocess_close(&encoder->child.in);
}

static bool has_output(const struct encoder *encoder)
{
	return encoder_is_held_by_disk(encoder) || bytes_in_pipe(encoder->child.out) > 0;
}

static void say_fruitless(struct encoder *encoder)
{
	const char *line = encoder->error_line;

	if (!encoder->status.fruitless)
		log_error("encoder", "FFmpeg makes no picture of what the camera sends%s%s", line[0] ? ": " : "", line);
	snprintf(encoder->status.last_error, sizeof(encoder->status.last_error), "%s",
		 line[0] ? line : "FFmpeg does not say why.");
	encoder->status.fruitless = encoder->status.failing = true;
}

bool encoder_is_fruitless(struct encoder *encoder, int64_t now_us)
{
	size_t taken = in_flight_taken(&encoder->in_flight, unread_bytes(encoder) + READ_AHEAD_BYTES);
	int64_t patience_us = in_flight_is_full(&encoder->in_flight) ? FRUITLESS_FIRST_US : encoder->fruitless_us;

	if (has_output(encoder))
		encoder->gave_at.us = now_us;
	if (encoder->feed.writing || taken <= ENCODER_KEEPS_FRAMES || now_us - encoder->gave_at.us < patience_us)
		return false;
	say_fruitless(encoder);
	encoder->fruitless_us *= encoder->fruitless_us < FRUITLESS_LAST_US ? 2 : 1;
	encoder->fruitless_run = true;
	return true;
}

/* What is still in flight is nothing that FFmpeg can decode. */
static void lose_in_flight(struct encoder *encoder)
{
	if (!encoder->status.fruitless)
		log_warn("encoder", "FFmpeg made no picture of %zu frames at the end of a run",
			 encoder->in_flight.count);
	encoder->feed.lost += encoder->in_flight.count;
	encoder->in_flight.count = 0;
	encoder->swallowed_last = true;
	encoder->status.failing = encoder->status.fruitless;
	encoder->deaths = 0;
}

/* A child that read everything and failed over nothing but its frames fails again. */
static bool has_failed_often(const struct encoder *encoder)
{
	uint64_t first = encoder->in_flight.frames[encoder->in_flight.first].seq;

	return encoder->fruitless_run || (first == encoder->died_on && encoder->deaths + 1 >= ENCODER_POISON_DEATHS);
}

enum subprocess_end encoder_judge_end(struct encoder *encoder)
{
	bool has_read = encoder->child.in < 0;
	enum subprocess_end end = subprocess_reap(&encoder->child);

	if (end == SUBPROCESS_ENDED_WELL && !has_read)
		return SUBPROCESS_FAILED;
	if (end == SUBPROCESS_ENDED_WELL || (end == SUBPROCESS_FAILED && has_read && has_failed_often(encoder))) {
		lose_in_flight(encoder);
		return SUBPROCESS_ENDED_WELL;
	}
	return end;
}
