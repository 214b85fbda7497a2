/*
 * clip_spool.c - takes frames out of the ring ahead of their encoding: see clip_spool.h.
 */
#include "fcgi/transcode/clip_spool.h"

#include <stdlib.h>

void spool_init(struct spool *spool, const struct ring_reader *ring, const struct spool_range *rows, size_t row_count,
		uint64_t bytes_max)
{
	*spool = (struct spool){.ring = ring, .rows = rows, .row_count = row_count, .bytes_max = bytes_max};
	spool->last = &spool->first;
	spool->used_last = &spool->used;
	spool->next = row_count > 0 ? rows[0].first_seq : 0;
}

static uint64_t bytes_of(const struct spool_frame *frame)
{
	return sizeof(*frame) + frame->meta.length;
}

void spool_unmark(struct spool *spool)
{
	while (spool->used) {
		struct spool_frame *frame = spool->used;
		spool->used = frame->next;
		spool->bytes -= bytes_of(frame);
		free(frame);
	}
	spool->used_last = &spool->used;
	spool->used_bytes = 0;
	spool->keeps = false;
}

void spool_mark(struct spool *spool)
{
	spool_unmark(spool);
	spool->keeps = true;
}

bool spool_rewind(struct spool *spool)
{
	if (!spool->keeps)
		return false;
	if (spool->used) {
		*spool->used_last = spool->first;
		if (!spool->first)
			spool->last = spool->used_last;
		spool->first = spool->used;
	}
	spool->used = NULL;
	spool->used_last = &spool->used;
	spool->used_bytes = 0;
	return true;
}

void spool_drop(struct spool *spool)
{
	struct spool_frame *frame = spool->first;

	spool->first = frame->next;
	if (!spool->first)
		spool->last = &spool->first;
	if (spool->keeps && spool->used_bytes + bytes_of(frame) > spool->bytes_max / 2)
		spool_unmark(spool);
	if (!spool->keeps) {
		spool->bytes -= bytes_of(frame);
		free(frame);
		return;
	}
	frame->next = NULL;
	*spool->used_last = frame;
	spool->used_last = &frame->next;
	spool->used_bytes += bytes_of(frame);
}

void spool_free(struct spool *spool)
{
	spool_unmark(spool);
	while (spool->first)
		spool_drop(spool);
}

/* A copy of the frame, SPOOL_OK; or why there is none. */
static enum spool_outcome take_out(const struct spool *spool, struct spool_frame **out)
{
	struct ring_frame frame;

	if (!ring_reader_get(spool->ring, spool->next, &frame))
		return SPOOL_OVERWRITTEN;
	struct spool_frame *copy = malloc(sizeof(*copy) + frame.meta.length);
	if (!copy)
		return SPOOL_NO_MEMORY;
	*copy = (struct spool_frame){.row = spool->row, .meta = frame.meta};
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

/* To the first frame of the next row, where this one is over. */
static void go_on(struct spool *spool)
{
	if (spool->next++ < spool->rows[spool->row].last_seq)
		return;
	spool->row++;
	spool->begun = false;
	if (spool->row < spool->row_count)
		spool->next = spool->rows[spool->row].first_seq;
}

/* Takes out the next frame. False where that cannot be. */
static bool take_next(struct spool *spool, enum spool_outcome *outcome)
{
	struct spool_frame *frame;

	*outcome = take_out(spool, &frame);
	if (*outcome == SPOOL_OK) {
		*spool->last = frame;
		spool->last = &frame->next;
		spool->bytes += bytes_of(frame);
		spool->begun = true;
	} else if (*outcome == SPOOL_NO_MEMORY || spool->begun || spool->next == spool->rows[spool->row].last_seq) {
		return false;
	}
	go_on(spool);
	return true;
}

/* Why no more was taken out: SPOOL_OK where there is no room, or nothing to be taken out. */
static enum spool_outcome fill(struct spool *spool)
{
	enum spool_outcome outcome;

	while (spool->row < spool->row_count && has_room(spool))
		if (!take_next(spool, &outcome))
			return outcome;
	return SPOOL_OK;
}

void spool_fill(struct spool *spool)
{
	fill(spool);
}

enum spool_outcome spool_peek(struct spool *spool, size_t row, const struct spool_frame **out)
{
	enum spool_outcome outcome = fill(spool);

	if (spool->first && spool->first->row == row) {
		*out = spool->first;
		return SPOOL_OK;
	}
	return spool->row > row || outcome == SPOOL_OK ? SPOOL_RANGE_END : outcome;
}
