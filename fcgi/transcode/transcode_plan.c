/* transcode_plan.c - finds what a plan needs encoded. */
#include "fcgi/transcode/transcode_plan.h"

#include <stdlib.h>

#include "fcgi/transcode/transcode_input.h"
#include "shared/media/ffmpeg_args.h"
#include "shared/segment/retention.h"

#define GAP_MIN_US       INT64_C(100000) /* less counts as nothing missing: clip_slack_us() */
#define FRAME_DEFAULT_US INT64_C(16667)
#define FRAME_LONGEST_US (2 * US_PER_S)

/* Wall time without frames: low < wall < high. */
struct gap {
	size_t position; /* in the plan: before this slice */
	int64_t low_us, high_us;
};

struct search {
	const struct clip_plan *plan;
	struct gap *gaps; /* at most one before each slice, and one after the last */
	size_t gap_count;
	struct transcode *transcode;
	double hours; /* retention.hours: older frames are no longer shown */
	int64_t now_us;
	bool too_many;
	/* The range that is being collected. */
	const struct gap *gap;
	struct ring_meta last;
};

static void add_gap(struct search *search, size_t position, int64_t low_us, int64_t high_us)
{
	if (high_us - low_us > GAP_MIN_US)
		search->gaps[search->gap_count++] = (struct gap){position, low_us, high_us};
}

/*
 * Whether the recorder's encoder got all frames between the previous segment, which ended by end_us, and this one, but
 * made no picture of them (recorderd/encoder/encoder_pictures.c). Another FFmpeg would not either.
 */
static bool is_undecodable(const struct clip_slice *slice, int64_t end_us)
{
	const struct catalogue_entry *entry = &slice->segment.entry;

	return entry->gap_cause == GAP_ENCODER && slice->first == 0 && !entry->holes && entry->last_wall_us != 0 &&
	       entry->last_wall_us <= end_us;
}

static void find_gaps(struct search *search, bool after_last)
{
	const struct clip_plan *plan = search->plan;
	int64_t low_us = plan->from_us - 1, end_us = plan->from_us;

	for (size_t i = 0; i < plan->count; i++) {
		const struct clip_slice *slice = &plan->slices[i];
		if (!slice->follows && !is_undecodable(slice, end_us))
			add_gap(search, i, low_us, slice->head.wall_us);
		/* The last frame covers its own duration; half of that may pass before the next one is missing. */
		low_us = slice->tail.wall_us + (int64_t)slice->tail.duration_us / 2;
		end_us = clip_slice_end_us(slice) + GAP_MIN_US;
	}
	if (after_last)
		add_gap(search, plan->count, low_us, plan->to_us);
}

/* After the clock was set back, one slice may have what is missing next to another. */
static bool is_recorded(const struct clip_plan *plan, int64_t wall_us)
{
	for (size_t i = 0; i < plan->count; i++)
		if (wall_us >= plan->slices[i].head.wall_us && wall_us <= plan->slices[i].tail.wall_us)
			return true;
	return false;
}

static const struct gap *gap_of(const struct search *search, int64_t wall_us)
{
	for (size_t i = 0; i < search->gap_count; i++)
		if (wall_us > search->gaps[i].low_us && wall_us < search->gaps[i].high_us)
			return is_recorded(search->plan, wall_us) ? NULL : &search->gaps[i];
	return NULL;
}

static void extend_range(struct search *search, const struct ring_frame *frame)
{
	struct transcode_part *part = &search->transcode->parts[search->transcode->count - 1];
	int64_t step_us = frame->meta.wall_us - search->last.wall_us;

	if (step_us > 0 && step_us < FRAME_LONGEST_US)
		part->last_duration_us = step_us;
	part->last_seq = frame->seq;
	search->last = frame->meta;
}

static void begin_range(struct search *search, const struct ring_frame *frame, const struct gap *gap)
{
	struct transcode *transcode = search->transcode;

	search->gap = gap;
	search->last = frame->meta;
	search->too_many |= transcode->count == TRANSCODE_PARTS_MAX;
	if (search->too_many)
		return;
	transcode->parts[transcode->count++] = (struct transcode_part){
		.position = gap->position,
		.first_seq = frame->seq,
		.last_seq = frame->seq,
		.first_wall_us = frame->meta.wall_us,
		.last_duration_us = FRAME_DEFAULT_US,
		.width = frame->meta.width,
		.height = frame->meta.height,
		.memory_fd = -1,
	};
}

static void take_frame(struct search *search, const struct ring_frame *frame)
{
	const struct gap *gap = gap_of(search, frame->meta.wall_us);

	if (gap && gap == search->gap && frame->meta.epoch == search->last.epoch &&
	    frame->meta.wall_us > search->last.wall_us)
		extend_range(search, frame);
	else if (gap)
		begin_range(search, frame, gap);
	else
		search->gap = NULL;
}

static int part_order(const void *a, const void *b)
{
	const struct transcode_part *left = a, *right = b;

	if (left->position != right->position)
		return left->position < right->position ? -1 : 1;
	return left->first_seq < right->first_seq ? -1 : left->first_seq > right->first_seq;
}

/* Takes the ring's frames, the oldest first, until there are more ranges than are allowed. */
static void take_frames(struct search *search, const struct ring_reader *ring)
{
	struct ring_frame frame;
	uint64_t head = ring_reader_head(ring);

	for (uint64_t seq = ring_reader_tail(ring); seq <= head && seq > 0 && !search->too_many; seq++)
		if (ring_reader_get(ring, seq, &frame) &&
		    !retention_is_expired(search->hours, frame.meta.wall_us, search->now_us))
			take_frame(search, &frame);
}

bool transcode_plan_add_missing(const struct clip_plan *plan, const struct ring_reader *ring, bool after_last,
				struct transcode *transcode)
{
	struct search search = {
		.plan = plan,
		.transcode = transcode,
		.hours = transcode->config ? transcode->config->retention.hours : 0,
		.now_us = wall_now().us,
	};

	if (!ring)
		return true;
	search.gaps = calloc(plan->count + 1, sizeof(*search.gaps));
	if (!search.gaps)
		return false;
	find_gaps(&search, after_last);
	if (search.gap_count > 0) {
		take_frames(&search, ring);
		transcode->ring = ring;
		qsort(transcode->parts, transcode->count, sizeof(transcode->parts[0]), part_order);
	}
	free(search.gaps);
	return !search.too_many;
}

/* Video has even sizes, but frames of the ring and JPEGs of a segment may not. */
static void grow_size(struct transcode *transcode, uint16_t width, uint16_t height)
{
	width = ffmpeg_even_size(width);
	height = ffmpeg_even_size(height);
	if ((uint32_t)width * height <= (uint32_t)transcode->width * transcode->height)
		return;
	transcode->width = width;
	transcode->height = height;
}

/* Chooses the largest size, so that nothing becomes smaller than it was recorded. */
static void find_size(const struct clip_plan *plan, struct transcode *transcode)
{
	for (size_t i = 0; i < plan->count; i++)
		grow_size(transcode, plan->slices[i].segment.entry.width, plan->slices[i].segment.entry.height);
	for (size_t i = 0; i < transcode->count; i++)
		grow_size(transcode, transcode->parts[i].width, transcode->parts[i].height);
}

bool transcode_plan_add_mismatched(const struct clip_plan *plan, struct transcode *transcode)
{
	find_size(plan, transcode);
	for (size_t i = 0; i < plan->count; i++) {
		struct clip_slice *slice = &plan->slices[i];
		const struct catalogue_entry *entry = &slice->segment.entry;
		if (!transcode_input_is_jpeg(entry->codec) && entry->width == transcode->width &&
		    entry->height == transcode->height)
			continue;
		if (transcode->count == TRANSCODE_PARTS_MAX)
			return false;
		transcode->parts[transcode->count++] = (struct transcode_part){
			.position = i,
			.slice = slice,
			.last_duration_us = slice->tail.duration_us,
			.width = entry->width,
			.height = entry->height,
			.memory_fd = -1,
		};
	}
	qsort(transcode->parts, transcode->count, sizeof(transcode->parts[0]), part_order);
	return true;
}
