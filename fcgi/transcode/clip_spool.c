/* clip_spool.c - copies frames out of the ring before they are encoded. */
#include "fcgi/transcode/clip_spool.h"

#include <stdlib.h>

void spool_init(struct spool *spool, const struct ring_reader *ring, const struct spool_range *ranges,
		size_t range_count, uint64_t bytes_max)
{
	*spool = (struct spool){.ring = ring, .ranges = ranges, .range_count = range_count, .bytes_max = bytes_max};
	spool->last = &spool->first;
	spool->taken_last = &spool->taken;
	spool->next = range_count > 0 ? ranges[0].first_seq : 0;
}

static uint64_t bytes_of(const struct spool_frame *frame)
{
	return sizeof(*frame) + frame->meta.length;
}

void spool_unmark(struct spool *spool)
{
	while (spool->taken) {
		struct spool_frame *frame = spool->taken;
		spool->taken = frame->next;
		spool->bytes -= bytes_of(frame);
		free(frame);
	}
	spool->taken_last = &spool->taken;
	spool->taken_bytes = 0;
	spool->marked = false;
}

void spool_mark(struct spool *spool)
{
	spool_unmark(spool);
	spool->marked = true;
}

bool spool_rewind(struct spool *spool)
{
	if (!spool->marked)
		return false;
	if (spool->taken) {
		*spool->taken_last = spool->first;
		if (!spool->first)
			spool->last = spool->taken_last;
		spool->first = spool->taken;
	}
	spool->taken = NULL;
	spool->taken_last = &spool->taken;
	spool->taken_bytes = 0;
	return true;
}

void spool_drop(struct spool *spool)
{
	struct spool_frame *frame = spool->first;

	spool->first = frame->next;
	if (!spool->first)
		spool->last = &spool->first;
	if (spool->marked && spool->taken_bytes + bytes_of(frame) > spool->bytes_max / 2)
		spool_unmark(spool);
	if (!spool->marked) {
		spool->bytes -= bytes_of(frame);
		free(frame);
		return;
	}
	frame->next = NULL;
	*spool->taken_last = frame;
	spool->taken_last = &frame->next;
	spool->taken_bytes += bytes_of(frame);
}

void spool_free(struct spool *spool)
{
	spool_unmark(spool);
	while (spool->first)
		spool_drop(spool);
}

/* Copies the next frame to *out. */
static enum spool_outcome copy_frame(const struct spool *spool, struct spool_frame **out)
{
	struct ring_frame frame;

	if (!ring_reader_get(spool->ring, spool->next, &frame))
		return SPOOL_OVERWRITTEN;
	struct spool_frame *copy = malloc(sizeof(*copy) + frame.meta.length);
	if (!copy)
		return SPOOL_NO_MEMORY;
	*copy = (struct spool_frame){.range = spool->range, .meta = frame.meta};
	if (!ring_reader_copy(spool->ring, &frame, copy->data)) {
		free(copy);
		return SPOOL_OVERWRITTEN;
	}
	*out = copy;
	return SPOOL_OK;
}

static bool has_room(const struct spool *spool)
{
	return !spool->first || spool->bytes < spool->bytes_max;
}

/* Advances to the next frame, or to the next range if this one is over. */
static void advance(struct spool *spool)
{
	if (spool->next++ < spool->ranges[spool->range].last_seq)
		return;
	spool->range++;
	spool->started = false;
	if (spool->range < spool->range_count)
		spool->next = spool->ranges[spool->range].first_seq;
}

/* Adds the next frame, or skips it if it may be missing. Returns false if neither is possible. */
static bool add_next(struct spool *spool, enum spool_outcome *outcome)
{
	struct spool_frame *frame;

	*outcome = copy_frame(spool, &frame);
	if (*outcome == SPOOL_OK) {
		*spool->last = frame;
		spool->last = &frame->next;
		spool->bytes += bytes_of(frame);
		spool->started = true;
	} else if (*outcome == SPOOL_NO_MEMORY || spool->started ||
		   spool->next == spool->ranges[spool->range].last_seq) {
		return false;
	}
	advance(spool);
	return true;
}

/* Returns why it stopped: SPOOL_OK if there is no more room, or no more frames. */
static enum spool_outcome fill(struct spool *spool)
{
	enum spool_outcome outcome;

	while (spool->range < spool->range_count && has_room(spool))
		if (!add_next(spool, &outcome))
			return outcome;
	return SPOOL_OK;
}

void spool_fill(struct spool *spool)
{
	fill(spool);
}

enum spool_outcome spool_peek(struct spool *spool, size_t range, const struct spool_frame **out)
{
	enum spool_outcome outcome = fill(spool);

	if (spool->first && spool->first->range == range) {
		*out = spool->first;
		return SPOOL_OK;
	}
	return spool->range > range || outcome == SPOOL_OK ? SPOOL_RANGE_END : outcome;
}
