/*
 * transcode_plan.c - finds what has to be encoded: see transcode_plan.h.
 */
#include "fcgi/transcode/transcode_plan.h"

#include <stdlib.h>

#include "fcgi/transcode/transcode_input.h"
#include "shared/segment/retention.h"

#define GAP_MIN_US       INT64_C(100000) /* less counts as nothing missing: clip_slack_us() */
#define FRAME_DEFAULT_US INT64_C(16667)
#define FRAME_LONGEST_US (2 * US_PER_S)

/* Wall time without frames: low < wall < high. */
struct gap {
	size_t place; /* before this stretch of the plan */
	int64_t low_us, high_us;
};

struct search {
	const struct clip_plan *plan;
	struct gap *gaps; /* at most one before each stretch, and one behind the last */
	size_t gap_count;
	struct transcode *encode;
	double hours; /* retention.hours: frames that are older are not shown any more */
	int64_t now_us;
	bool too_many;
	/* The row being collected. */
	const struct gap *gap;
	struct ring_meta last;
};

static void gap_add(struct search *search, size_t place, int64_t low_us, int64_t high_us)
{
	if (high_us - low_us > GAP_MIN_US)
		search->gaps[search->gap_count++] = (struct gap){place, low_us, high_us};
}

/*
 * The encoder had all frames between the segment before, which ended by end_us, and this one, and made no picture of
 * them (recorderd/encoder/encoder_pictures.c), or they are overwritten: another FFmpeg would find nothing in them
 * either.
 */
static bool is_left_out(const struct clip_slice *stretch, int64_t end_us)
{
	const struct catalogue_entry *entry = &stretch->segment.entry;

	return entry->gap_cause == GAP_ENCODER && stretch->first == 0 && !entry->holes && entry->last_wall_us != 0 &&
	       entry->last_wall_us <= end_us;
}

static void find_gaps(struct search *search, bool after_last)
{
	const struct clip_plan *plan = search->plan;
	int64_t low_us = plan->from_us - 1, end_us = plan->from_us;

	for (size_t i = 0; i < plan->count; i++) {
		const struct clip_slice *stretch = &plan->slices[i];
		if (!stretch->follows && !is_left_out(stretch, end_us))
			gap_add(search, i, low_us, stretch->head.wall_us);
		/* The slot of the last frame is its own: half of it may pass before the next one is missing. */
		low_us = stretch->tail.wall_us + (int64_t)stretch->tail.duration_us / 2;
		end_us = clip_slice_end_us(stretch) + GAP_MIN_US;
	}
	if (after_last)
		gap_add(search, plan->count, low_us, plan->to_us);
}

/* Of a time that came twice, since the clock was set back, one stretch may have what is missing beside another. */
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

static void row_extend(struct search *search, const struct ring_frame *frame)
{
	struct transcode_part *part = &search->encode->parts[search->encode->count - 1];
	int64_t step_us = frame->meta.wall_us - search->last.wall_us;

	if (step_us > 0 && step_us < FRAME_LONGEST_US)
		part->last_duration_us = step_us;
	part->last_seq = frame->seq;
	search->last = frame->meta;
}

static void row_begin(struct search *search, const struct ring_frame *frame, const struct gap *gap)
{
	struct transcode *encode = search->encode;

	search->gap = gap;
	search->last = frame->meta;
	search->too_many |= encode->count == TRANSCODE_PARTS_MAX;
	if (search->too_many)
		return;
	encode->parts[encode->count++] = (struct transcode_part){
		.place = gap->place,
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
		row_extend(search, frame);
	else if (gap)
		row_begin(search, frame, gap);
	else
		search->gap = NULL;
}

static int part_order(const void *a, const void *b)
{
	const struct transcode_part *left = a, *right = b;

	if (left->place != right->place)
		return left->place < right->place ? -1 : 1;
	return left->first_seq < right->first_seq ? -1 : left->first_seq > right->first_seq;
}

/* The ring's frames, from the oldest on, until more rows have begun than are allowed. */
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
				struct transcode *encode)
{
	struct search search = {
		.plan = plan,
		.encode = encode,
		.hours = encode->config ? encode->config->retention.hours : 0,
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
		encode->ring = ring;
		qsort(encode->parts, encode->count, sizeof(encode->parts[0]), part_order);
	}
	free(search.gaps);
	return !search.too_many;
}

static void size_grow(struct transcode *encode, uint16_t width, uint16_t height)
{
	if ((uint32_t)width * height <= (uint32_t)encode->width * encode->height)
		return;
	encode->width = width;
	encode->height = height;
}

/* Nothing is made smaller than it was recorded. */
static void find_size(const struct clip_plan *plan, struct transcode *encode)
{
	for (size_t i = 0; i < plan->count; i++)
		size_grow(encode, plan->slices[i].segment.entry.width, plan->slices[i].segment.entry.height);
	for (size_t i = 0; i < encode->count; i++)
		size_grow(encode, encode->parts[i].width, encode->parts[i].height);
}

bool transcode_plan_add_mismatched(const struct clip_plan *plan, struct transcode *encode)
{
	find_size(plan, encode);
	for (size_t i = 0; i < plan->count; i++) {
		struct clip_slice *stretch = &plan->slices[i];
		const struct catalogue_entry *entry = &stretch->segment.entry;
		if (!transcode_input_is_jpeg(entry->codec) && entry->width == encode->width &&
		    entry->height == encode->height)
			continue;
		if (encode->count == TRANSCODE_PARTS_MAX)
			return false;
		encode->parts[encode->count++] = (struct transcode_part){
			.place = i,
			.stretch = stretch,
			.last_duration_us = stretch->tail.duration_us,
			.width = entry->width,
			.height = entry->height,
			.memory_fd = -1,
		};
	}
	qsort(encode->parts, encode->count, sizeof(encode->parts[0]), part_order);
	return true;
}
