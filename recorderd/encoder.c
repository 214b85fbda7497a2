#include "recorderd/encoder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "recorderd/child.h"
#include "recorderd/encoder_command.h"
#include "recorderd/feed.h"
#include "recorderd/fragment_stream.h"
#include "recorderd/in_flight.h"
#include "shared/log.h"

#define READ_BYTES	 (256u << 10)
#define TICK_US		 (US_PER_S / 4)
#define HANG_US		 (10 * US_PER_S) /* swallows nothing, or gives nothing back, for so long: hangs */
#define HANG_FRAMES	 60		 /* given and not come back: more than any encoder keeps */
#define DRAIN_US	 (10 * US_PER_S)
#define BACKOFF_FIRST_US (US_PER_S / 4)
#define BACKOFF_LAST_US	 (5 * US_PER_S)
#define POISON_DEATHS	 3 /* deaths on the same frame, after which that frame is left out */

enum encoder_state {
	ENCODER_OFF,	  /* recording is off, or over */
	ENCODER_IDLE,	  /* no run: waits for a frame */
	ENCODER_RUNNING,  /* the child takes frames */
	ENCODER_DRAINING, /* its input is closed: it gives the rest and ends */
	ENCODER_BACKOFF,  /* waits to start the next child */
};

struct encoder {
	struct encoder_parts parts;
	enum encoder_state state;
	struct child child;
	struct loop_watch in, out, err;
	struct loop_timer tick;
	struct feed feed;
	struct fragment_stream stream;
	struct in_flight in_flight;
	unsigned fps;

	/* The run */
	struct ring_meta first; /* of its first frame */
	enum gap_cause cause;	/* why it began */
	bool fed;		/* its first frame is on the way */
	bool announced;		/* storage knows of it */
	uint32_t last_duration_us;
	uint64_t end_after; /* it ends behind this seq; UINT64_MAX: open */

	/* The next run */
	enum gap_cause next_cause; /* GAP_NONE: as its stretch says */
	uint32_t last_stretch;	   /* a run in this stretch continues the last one; 0: none does */
	bool found_start;

	/* Supervision */
	mono_t progress_at, retry_at, drain_by;
	int64_t backoff_us;
	uint64_t died_on;
	unsigned deaths;
	struct encoder_status status;
	char error_line[200];
	void (*drained)(void *context);
	void *drained_context;
};

/* Trouble and restarts
 * -------------------------------------------------------------------------------------------------- */

static void forget_child(struct encoder *encoder)
{
	loop_watch_set(encoder->parts.loop, &encoder->in, 0);
	loop_watch_set(encoder->parts.loop, &encoder->out, 0);
	loop_watch_set(encoder->parts.loop, &encoder->err, 0);
	child_end(&encoder->child);
	fragment_stream_finish(&encoder->stream);
	feed_abort(&encoder->feed);
	encoder->fed = false;
}

static void end_segment(struct encoder *encoder)
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

/* The child is gone before its time: the next one begins with the first frame that did not come back. */
static void fail(struct encoder *encoder, const char *what)
{
	uint64_t again =
	    encoder->in_flight.count ? encoder->in_flight.frames[encoder->in_flight.first].seq : encoder->feed.next;

	if (!encoder->announced)
		encoder->next_cause = encoder->cause; /* nothing came of this run: the next is the same again */
	forget_child(encoder);
	end_segment(encoder);
	encoder->in_flight.count = 0;
	if (!encoder->status.failing)
		log_error("encoder", "%s%s%s; starting it again from where its output ended", what,
			  encoder->error_line[0] ? ": " : "", encoder->error_line);
	snprintf(encoder->status.last_error, sizeof encoder->status.last_error, "%s%s%s", what,
		 encoder->error_line[0] ? ": " : "", encoder->error_line);
	encoder->deaths = again == encoder->died_on ? encoder->deaths + 1 : 1;
	encoder->died_on = again;
	if (encoder->deaths >= POISON_DEATHS && again <= ring_reader_head(encoder->parts.ring)) {
		log_warn("encoder", "leaving out a frame on which it died %u times", encoder->deaths);
		encoder->deaths = 0;
		encoder->feed.lost++;
		again++;
	}
	encoder->feed.next = again;
	encoder->status.failing = true;
	encoder->status.restarts++;
	back_off(encoder);
}

/* Output
 * ------------------------------------------------------------------------------------------------------------------ */

static void put_be32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

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

/* FFmpeg gives the last frame of a run 1 µs, for want of a next one: it gets what the frame before it had. */
static void mend_duration(struct encoder *encoder, uint8_t *moof, struct mp4_fragment *fragment)
{
	if (fragment->duration <= 1 && fragment->duration_at) {
		fragment->duration = encoder->last_duration_us;
		put_be32(moof + fragment->duration_at, fragment->duration);
	}
	encoder->last_duration_us = fragment->duration < US_PER_S ? fragment->duration : US_PER_S;
}

static void take_fragment(void *context, uint8_t *data, size_t moof_bytes, size_t total_bytes,
			  const struct mp4_fragment *fragment)
{
	struct encoder *encoder = context;
	struct in_flight_frame frame;
	struct media *media;
	uint64_t skipped = 0;
	bool found = in_flight_take(&encoder->in_flight, (int64_t)fragment->decode_time, &frame, &skipped);

	encoder->feed.lost += skipped;
	if (!found) {
		log_warn("encoder", "it gave a frame for a time that it was not given: left out");
		return;
	}
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
	mend_duration(encoder, media->data, &media->frame.fragment);
	storage_push(encoder->parts.storage, media);
	encoder->progress_at = mono_now();
	if (encoder->status.failing) {
		encoder->status.failing = false;
		log_info("encoder", "encoding again");
	}
	encoder->backoff_us = BACKOFF_FIRST_US;
}

/* All that the child had to give is taken. */
static void drained(struct encoder *encoder)
{
	encoder->feed.lost += encoder->in_flight.count;
	encoder->in_flight.count = 0;
	forget_child(encoder);
	end_segment(encoder);
	encoder->state = encoder->drained ? ENCODER_OFF : ENCODER_IDLE;
}

static void output_over(struct encoder *encoder)
{
	if (encoder->state == ENCODER_DRAINING)
		drained(encoder);
	else
		fail(encoder, "FFmpeg ended");
	encoder_pump(encoder);
}

static void output_ready(void *context, uint32_t events)
{
	struct encoder *encoder = context;
	struct reason why;
	uint8_t *room = fragment_stream_room(&encoder->stream, READ_BYTES);
	ssize_t got;

	(void)events;
	got = room ? read(encoder->child.out, room, READ_BYTES) : -1;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		output_over(encoder);
		return;
	}
	if (!fragment_stream_push(&encoder->stream, (size_t)got, take_fragment, encoder, &why)) {
		fail(encoder, why.text);
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
	ssize_t got = read(encoder->child.err, text, sizeof text - 1);
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
		snprintf(encoder->error_line, sizeof encoder->error_line, "%s", line);
	}
}

/* Input
 * -------------------------------------------------------------------------------------------------------------------
 */

static void input_ready(void *context, uint32_t events)
{
	(void)events;
	encoder_pump(context);
}

static bool watch_child(struct encoder *encoder)
{
	encoder->in = (struct loop_watch){.fd = encoder->child.in, .ready = input_ready, .context = encoder};
	encoder->out = (struct loop_watch){.fd = encoder->child.out, .ready = output_ready, .context = encoder};
	encoder->err = (struct loop_watch){.fd = encoder->child.err, .ready = error_ready, .context = encoder};
	return loop_watch_set(encoder->parts.loop, &encoder->out, EPOLLIN) &&
	       loop_watch_set(encoder->parts.loop, &encoder->err, EPOLLIN);
}

/* Why there is a gap before the run that begins with this frame. */
static enum gap_cause run_cause(const struct encoder *encoder, const struct ring_meta *meta)
{
	if (encoder->next_cause != GAP_NONE)
		return encoder->next_cause;
	if (meta->stretch == encoder->last_stretch)
		return GAP_NONE;
	return meta->gap_cause < GAP_CAUSES ? (enum gap_cause)meta->gap_cause : GAP_ENCODER;
}

static bool start_run(struct encoder *encoder)
{
	const struct ring_meta *meta = &encoder->feed.frame.meta;
	struct encoder_command command;
	struct reason why;

	encoder->cause = run_cause(encoder, meta);
	encoder->error_line[0] = '\0';
	encoder_command_build(&command, &encoder->parts.config->record, (wall_t){meta->wall_us}, encoder->fps);
	if (!child_start(&encoder->child, command.argv, &why) || !watch_child(encoder)) {
		fail(encoder, why.text);
		return false;
	}
	encoder->next_cause = GAP_NONE;
	encoder->first = *meta;
	encoder->last_stretch = meta->stretch;
	encoder->last_duration_us = (uint32_t)(US_PER_S / encoder->fps);
	encoder->progress_at = mono_now();
	encoder->state = ENCODER_RUNNING;
	return true;
}

/* The run is over: the child gives what it still has, and ends. */
static void close_input(struct encoder *encoder)
{
	loop_watch_set(encoder->parts.loop, &encoder->in, 0);
	child_close(&encoder->child.in);
	encoder->drain_by = (mono_t){mono_now().us + DRAIN_US};
	encoder->state = ENCODER_DRAINING;
}

static void begin_frame(struct encoder *encoder)
{
	const struct ring_frame *frame = &encoder->feed.frame;
	struct in_flight_frame given = {
	    .seq = frame->seq,
	    .pts_us = frame->meta.wall_us - encoder->first.wall_us,
	    .wall_us = frame->meta.wall_us,
	    .mono_us = frame->meta.mono_us,
	};

	feed_begin(&encoder->feed, given.pts_us, !encoder->fed);
	encoder->fed = true;
	in_flight_push(&encoder->in_flight, &given);
}

enum next { NEXT_FRAME, NEXT_NOTHING, NEXT_RUN_OVER };

static enum next find_next(struct encoder *encoder)
{
	switch (feed_peek(&encoder->feed)) {
	case FEED_NOTHING:
		return encoder->feed.next > encoder->end_after ? NEXT_RUN_OVER : NEXT_NOTHING;
	case FEED_HOLE:
		encoder->next_cause = GAP_ENCODER;
		return NEXT_RUN_OVER;
	case FEED_FRAME:
		break;
	}
	if (encoder->feed.frame.seq > encoder->end_after)
		return NEXT_RUN_OVER;
	if (encoder->state == ENCODER_RUNNING && encoder->feed.frame.meta.stretch != encoder->first.stretch)
		return NEXT_RUN_OVER;
	return NEXT_FRAME;
}

static void run_over(struct encoder *encoder)
{
	encoder->end_after = UINT64_MAX;
	if (encoder->state == ENCODER_RUNNING)
		close_input(encoder);
}

/* Feeds until the pipe is full, the ring has no more, or the run is over. */
static void feed_child(struct encoder *encoder)
{
	while (encoder->state == ENCODER_RUNNING) {
		if (!encoder->feed.writing) {
			enum next next = in_flight_is_full(&encoder->in_flight) ? NEXT_NOTHING : find_next(encoder);

			if (next == NEXT_RUN_OVER)
				run_over(encoder);
			if (next != NEXT_FRAME)
				break;
			begin_frame(encoder);
		}
		switch (feed_write(&encoder->feed, encoder->child.in)) {
		case FEED_WRITTEN:
			encoder->progress_at = mono_now();
			continue;
		case FEED_FULL:
			loop_watch_set(encoder->parts.loop, &encoder->in, EPOLLOUT);
			return;
		case FEED_BROKEN:
			fail(encoder, "FFmpeg does not read any more");
			return;
		}
	}
	if (encoder->child.in >= 0)
		loop_watch_set(encoder->parts.loop, &encoder->in, 0);
}

/* Where recording goes on after a restart of the recorder: behind the newest frame on disk, else with the first new
 * frame. */
static bool find_start(struct encoder *encoder)
{
	const struct ring_reader *ring = encoder->parts.ring;
	struct archive_start start = archive_started(encoder->parts.archive);
	uint64_t next = encoder->parts.adopted + 1;
	struct ring_frame frame;

	if (!start.recovered)
		return false;
	while (start.last_mono_us >= 0 && next > 1 && ring_reader_get(ring, next - 1, &frame) &&
	       frame.meta.mono_us > start.last_mono_us)
		next--;
	if (next <= encoder->parts.adopted && ring_reader_get(ring, next - 1, &frame) &&
	    frame.meta.mono_us == start.last_mono_us)
		encoder->last_stretch = frame.meta.stretch;
	else if (next <= encoder->parts.adopted)
		encoder->next_cause = GAP_RECORDER_DOWN;
	feed_init(&encoder->feed, ring, next);
	encoder->found_start = true;
	return true;
}

void encoder_pump(struct encoder *encoder)
{
	if (encoder->state == ENCODER_OFF || (!encoder->found_start && !find_start(encoder)))
		return;
	if (encoder->out.events == 0 && encoder->child.out >= 0 && !storage_is_full(encoder->parts.storage)) {
		encoder->progress_at = mono_now();
		loop_watch_set(encoder->parts.loop, &encoder->out, EPOLLIN);
	}
	if (encoder->state == ENCODER_BACKOFF && mono_now().us >= encoder->retry_at.us)
		encoder->state = ENCODER_IDLE;
	while (encoder->state == ENCODER_IDLE) {
		enum next next = find_next(encoder);

		if (next == NEXT_NOTHING)
			break;
		if (next == NEXT_RUN_OVER)
			run_over(encoder);
		else if (!start_run(encoder))
			break;
	}
	feed_child(encoder);
}

/* Supervision
 * --------------------------------------------------------------------------------------------------------------- */

static bool is_hanging(const struct encoder *encoder, int64_t now_us)
{
	bool held_by_disk = encoder->out.events == 0;
	bool owes = encoder->feed.writing || encoder->in_flight.count > HANG_FRAMES;

	return !held_by_disk && owes && now_us - encoder->progress_at.us > HANG_US;
}

static void watch_over(struct encoder *encoder)
{
	int64_t now_us = mono_now().us;

	if (encoder->state == ENCODER_RUNNING && is_hanging(encoder, now_us))
		fail(encoder, "FFmpeg took and gave nothing for 10 s");
	if (encoder->state == ENCODER_DRAINING && encoder->out.events && now_us > encoder->drain_by.us)
		fail(encoder, "FFmpeg did not end");
	encoder_pump(encoder);
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

	watch_over(encoder);
	if (encoder->drained && encoder->state == ENCODER_OFF)
		report_drained(encoder);
	else
		loop_timer_set(encoder->parts.loop, &encoder->tick, (mono_t){mono_now().us + TICK_US});
}

struct encoder *encoder_create(const struct encoder_parts *parts)
{
	struct encoder *encoder = calloc(1, sizeof *encoder);

	if (!encoder)
		return NULL;
	encoder->parts = *parts;
	encoder->child = CHILD_NONE;
	encoder->state = parts->config->record.enabled ? ENCODER_IDLE : ENCODER_OFF;
	encoder->end_after = UINT64_MAX;
	encoder->backoff_us = BACKOFF_FIRST_US;
	encoder->fps = (unsigned)parts->config->camera.fps;
	encoder->tick = (struct loop_timer){.due = tick, .context = encoder};
	loop_timer_set(parts->loop, &encoder->tick, mono_now());
	return encoder;
}

void encoder_destroy(struct encoder *encoder)
{
	if (!encoder)
		return;
	loop_timer_clear(encoder->parts.loop, &encoder->tick);
	forget_child(encoder);
	feed_finish(&encoder->feed);
	free(encoder);
}

void encoder_set_fps(struct encoder *encoder, unsigned fps)
{
	encoder->fps = fps ? fps : 1;
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
	encoder_end_run(encoder);
	if (encoder->state == ENCODER_IDLE || encoder->state == ENCODER_BACKOFF)
		encoder->state = ENCODER_OFF;
	loop_timer_set(encoder->parts.loop, &encoder->tick, (mono_t){mono_now().us + US_PER_S / 50});
}

void encoder_status(const struct encoder *encoder, struct encoder_status *out)
{
	*out = encoder->status;
	out->running = encoder->state == ENCODER_RUNNING && !encoder->status.failing;
	out->thinned = encoder->feed.thinned;
	out->lost = encoder->feed.lost;
	out->behind_us = encoder->feed.behind_us;
}
