/* watch.c - looks at the pictures of a ring and writes a record of each second. */
#include "motion/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "motion/picture.h"
#include "motion/pictures.h"
#include "motion/second.h"
#include "shared/base/log.h"

#define LATE_US     (300 * US_PER_MS) /* how long to wait for a frame of a later second */
#define UNUSABLE_US (5 * US_PER_S)
#define IDLE_US     US_PER_S /* how often a ring without new frames is checked for having been closed */

struct watch {
	const struct ring_reader *ring;
	int fps;
	struct pictures pictures;
	struct picture_decoder *decoder;
	struct detector *detector;
	struct ring_frame last; /* seq 0: none yet */
	mono_t last_seen;       /* when it came */
	mono_t started;         /* seconds that were over by then are only learnt from */
	struct second second;
	bool open;        /* `second` has no record yet */
	mono_t usable_at; /* when the last picture that could be decoded was taken, or the first one */
	float luma[PLANE_PIXELS_MAX];
};

struct watch *watch_create(const struct ring_reader *ring, int fps)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->ring = ring;
	watch->fps = fps;
	watch->decoder = picture_decoder_create();
	watch->detector = detector_create();
	if (pictures_init(&watch->pictures, ring, fps) && watch->decoder && watch->detector)
		return watch;
	watch_destroy(watch);
	return NULL;
}

void watch_destroy(struct watch *watch)
{
	if (!watch)
		return;
	pictures_finish(&watch->pictures);
	picture_decoder_destroy(watch->decoder);
	detector_destroy(watch->detector);
	free(watch);
}

/* False with errno if nobody reads it. A pipe takes a whole record at once. */
static bool send_record(int out, const struct motion_record *record)
{
	const uint8_t *data = (const uint8_t *)record;
	size_t sent = 0;

	while (sent < sizeof(*record)) {
		ssize_t count = write(out, data + sent, sizeof(*record) - sent);

		if (count < 0 && errno != EINTR)
			return false;
		sent += count > 0 ? (size_t)count : 0;
	}
	return true;
}

/* The end of the current second, by the clocks of its last frame. */
static mono_t second_end(const struct watch *watch)
{
	int64_t offset_us = watch->last.meta.wall_us - watch->last.meta.mono_us;

	return (mono_t){(watch->second.second + 1) * US_PER_S - offset_us};
}

static bool end_second(struct watch *watch, int out)
{
	struct motion_record record;

	if (!watch->open)
		return true;
	watch->open = false;
	if (watch->second.pictures == 0 || second_end(watch).us <= watch->started.us)
		return true;
	second_finish(&watch->second, watch->fps, &record);
	return send_record(out, &record);
}

/* False if no picture could be decoded for some seconds. A single damaged one is passed over. */
static bool look(struct watch *watch, const struct ring_frame *frame)
{
	const struct ring_meta *meta = &frame->meta;
	struct plane_size size = {0};
	struct detection detection;
	enum picture_outcome outcome = picture_decode(watch->decoder, watch->pictures.jpeg, meta->length, meta->width,
						      meta->height, watch->luma, &size);

	if (outcome == PICTURE_OK) {
		watch->usable_at.us = meta->mono_us;
		detector_look(watch->detector, size, watch->luma, (mono_t){meta->mono_us}, &detection);
		second_add(&watch->second, &detection, meta->length);
	} else if (meta->mono_us - watch->usable_at.us > UNUSABLE_US) {
		log_error("motion", "%s", picture_problem(outcome));
		return false;
	}
	return true;
}

/* Whether the frame shows something else than the one before: another camera, or the test pattern. */
static bool is_other_view(const struct ring_meta *before, const struct ring_meta *now)
{
	return before->source != now->source || before->width != now->width || before->height != now->height;
}

/* Handles a frame that was read. A frame of a second that already has its record came too late. */
static bool take_frame(struct watch *watch, const struct ring_frame *frame, int out)
{
	int64_t number = frame->meta.wall_us / US_PER_S;
	bool first = watch->last.seq == 0;

	if (first)
		watch->usable_at.us = frame->meta.mono_us;
	else if (is_other_view(&watch->last.meta, &frame->meta))
		detector_reset(watch->detector);
	if (first || number != watch->second.second) {
		if (!end_second(watch, out))
			return false;
		second_begin(&watch->second, number);
		watch->open = true;
	}
	watch->last = *frame;
	watch->last_seen = mono_now();
	return true;
}

/* Takes all frames that are there. False with *outcome if that is the end. */
static bool take_frames(struct watch *watch, int out, enum watch_outcome *outcome)
{
	struct ring_frame frame;
	enum pictures_outcome next;

	while ((next = pictures_next(&watch->pictures, &frame)) != PICTURES_NONE) {
		*outcome = WATCH_NO_READER;
		if (frame.seq > 0 && !take_frame(watch, &frame, out))
			return false;
		*outcome = WATCH_UNUSABLE;
		if (next == PICTURES_TAKEN && !look(watch, &frame))
			return false;
	}
	return true;
}

/* When the second is over even if no frame comes. A program that was stopped looks for frames first. */
static mono_t late_at(const struct watch *watch)
{
	int64_t end_us = second_end(watch).us;

	return (mono_t){(end_us > watch->last_seen.us ? end_us : watch->last_seen.us) + LATE_US};
}

enum watch_outcome watch_run(struct watch *watch, int out)
{
	enum watch_outcome outcome;

	watch->started = mono_now();
	for (;;) {
		bool closed = ring_reader_is_closed(watch->ring);

		if (!take_frames(watch, out, &outcome))
			return outcome;
		if (closed)
			return end_second(watch, out) ? WATCH_CLOSED : WATCH_NO_READER;
		mono_t now = mono_now(), late = late_at(watch);
		if (watch->open && now.us >= late.us && !end_second(watch, out))
			return WATCH_NO_READER;
		bool late_is_first = watch->open && late.us < now.us + IDLE_US;
		pictures_wait(&watch->pictures, &watch->last, late_is_first ? late : (mono_t){now.us + IDLE_US});
	}
}
