/* encoder_output.c - reads FFmpeg's output: matches each fragment to its frame and passes it on. */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "recorderd/encoder/encoder_internal.h"
#include "shared/base/big_endian.h"
#include "shared/base/log.h"

#define READ_BYTES             (256u << 10)
#define MISSING_KEY_FRAMES_MAX 3 /* seconds in a row: then the encoder does not place key frames as it is told */
#define ENDED_EARLY            "FFmpeg exited before it had encoded every frame"

/*
 * FFmpeg gives the last frame of a run a duration of 1 us, because no frame follows it. It gets the duration of the
 * frame before it. A frame before a hole lasts as long as if there were no hole.
 */
static void fix_duration(struct encoder *encoder, uint8_t *moof, const struct in_flight_frame *frame,
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

/*
 * Hardware encoders may ignore -force_key_frames and -g. Everything works all the same, but clips begin with the key
 * frame before the time that was asked for.
 */
static void check_key_frame(struct encoder *encoder, const struct in_flight_frame *frame, bool key)
{
	int64_t second = frame->wall_us / US_PER_S;
	bool expected = second != encoder->last_second;

	encoder->last_second = second;
	if (!expected || encoder->parts.config->record.codec != CODEC_H264)
		return;
	encoder->missing_key_frames = key ? 0 : encoder->missing_key_frames + 1;
	if (encoder->missing_key_frames < MISSING_KEY_FRAMES_MAX || encoder->key_frames_logged)
		return;
	log_warn(
		"encoder",
		"%s ignores -force_key_frames: key frames are not at full seconds, so clips and snapshots begin at the "
		"preceding key frame",
		encoder->choice.of_run);
	encoder->key_frames_logged = true;
}

static void note_progress(struct encoder *encoder)
{
	encoder->output_at = encoder->progress_at;
	encoder->has_given_frame = true;
	ffmpeg_errors_outdated(&encoder->errors);
	encoder->run_restarts = 0;
	backoff_reset(&encoder->backoff);
	if (encoder->undecodable_run) /* these are frames that it held back until its end */
		return;
	if (encoder->status.failing)
		log_info("encoder", "encoding again");
	encoder->status.failing = encoder->status.undecodable = false;
	backoff_reset(&encoder->undecodable_backoff);
}

/* For live video, which must not wait for a disk. `media` is what storage gets. */
static void show_live(struct encoder *encoder, const struct media *media)
{
	const struct media_frame *frame = &media->frame;
	const struct video_fragment fragment = {
		.wall_us = frame->wall.us,
		.mono_us = frame->mono.us,
		.run_mono_us = encoder->first.mono_us,
		.width = encoder->parser.track.width,
		.height = encoder->parser.track.height,
		.key = frame->fragment.key,
		.init = encoder->parser.init.data,
		.init_bytes = encoder->parser.init.length,
		.data = media->data,
		.moof_bytes = frame->moof_bytes,
		.total_bytes = media->bytes,
	};

	video_writer_put(encoder->parts.video, &fragment);
}

static void take_fragment(void *context, uint8_t *data, size_t moof_bytes, size_t total_bytes,
			  const struct mp4_fragment *fragment)
{
	struct encoder *encoder = context;
	struct in_flight_frame frame;
	uint64_t skipped = 0;

	if (encoder->restart_seq)
		return;
	bool found = in_flight_take(&encoder->in_flight, (int64_t)fragment->decode_time, &frame, &skipped);
	encoder->feed.lost += skipped;
	if (!found) {
		log_warn("encoder", "FFmpeg returned a frame with an unknown timestamp; dropped");
		return;
	}
	if (encoder_lost_first_frame(encoder, &frame))
		return;
	note_progress(encoder);
	check_key_frame(encoder, &frame, fragment->key);

	struct media *media = media_create(MEDIA_FRAME, data, total_bytes);

	if (!media) {
		encoder->feed.lost++;
		return;
	}
	media->frame = (struct media_frame){
		.wall = {frame.wall_us},
		.mono = {frame.mono_us},
		.fragment = *fragment,
		.moof_bytes = (uint32_t)moof_bytes,
	};
	fix_duration(encoder, media->data, &frame, &media->frame.fragment);
	show_live(encoder, media);
	encoder_store(encoder, media, frame.seq);
	encoder_split_at_gap(encoder);
}

/* The child has exited well, and all its output has been read. */
static void finish_run(struct encoder *encoder)
{
	encoder_close_child(encoder);
	encoder_end_segment(encoder);
	encoder->state = ENCODER_IDLE;
}

void encoder_finish_drain(struct encoder *encoder)
{
	switch (encoder->in_flight.count ? encoder_classify_exit(encoder) : SUBPROCESS_SUCCEEDED) {
	case SUBPROCESS_RUNNING: /* looks again soon */
		encoder->output_closed = true;
		loop_watch_set(encoder->parts.loop, &encoder->out, 0);
		subprocess_close_fd(&encoder->child.out);
		encoder_wake(encoder);
		break;
	case SUBPROCESS_SUCCEEDED:
		finish_run(encoder);
		break;
	case SUBPROCESS_FAILED:
	case SUBPROCESS_KILLED:
		encoder_fail(encoder, ENDED_EARLY);
		break;
	}
}

static void output_ended(struct encoder *encoder)
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
	uint8_t *room = fragment_parser_reserve(&encoder->parser, READ_BYTES);
	ssize_t got = room ? read(encoder->child.out, room, READ_BYTES) : -1;

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		output_ended(encoder);
		return;
	}
	encoder->progress_at = mono_now(); /* even if it is only a part of a frame */

	struct reason why;

	if (!fragment_parser_push(&encoder->parser, (size_t)got, take_fragment, encoder, &why)) {
		encoder_fail(encoder, why.text);
		return;
	}
	if (encoder->restart_seq) {
		encoder_restart_run(encoder);
		encoder_wake(encoder);
		return;
	}
	if (encoder_must_wait_for_disk(encoder)) /* encoder_pump() reads on when storage has room */
		loop_watch_set(encoder->parts.loop, &encoder->out, 0);
}

static void error_ready(void *context, uint32_t events)
{
	(void)events;
	encoder_read_errors(context);
}

bool encoder_watch_output(struct encoder *encoder)
{
	encoder->out = (struct loop_watch){.fd = encoder->child.out, .ready = output_ready, .context = encoder};
	encoder->err = (struct loop_watch){.fd = encoder->child.err, .ready = error_ready, .context = encoder};
	return loop_watch_set(encoder->parts.loop, &encoder->out, EPOLLIN) &&
	       loop_watch_set(encoder->parts.loop, &encoder->err, EPOLLIN);
}
