/*
 * clip_gaps.c - takes the spans off the claims: see clip_gaps.h.
 *
 * All ends of spans and claims, sorted, cut the time into pieces. The spans paint their pieces first, then the claims
 * from the one that weighs most to the one that weighs least, and what is painted once stays so. From a painted piece a
 * link leads to the next piece that may still be free, so that each piece is painted once, whatever overlaps.
 */
#include "fcgi/clip/clip_gaps.h"

#include <stdlib.h>

#define FREE    SIZE_MAX
#define COVERED (SIZE_MAX - 1) /* by a span */

struct canvas {
	int64_t *ends_us; /* sorted; piece i lies between ends i and i + 1 */
	size_t *owners;   /* of a piece: FREE, COVERED or the number of a claim */
	size_t *links;    /* from a piece to one at or behind it; every free piece that is behind it is reached so */
	size_t pieces;
};

static int wall_order(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

static bool canvas_make(struct canvas *canvas, const struct wall_range *spans, size_t span_count,
			const struct gap_candidate *claims, size_t claim_count)
{
	size_t ends = 2 * (span_count + claim_count), next = 0;

	canvas->ends_us = calloc(ends, sizeof(*canvas->ends_us));
	canvas->owners = calloc(ends, sizeof(*canvas->owners));
	canvas->links = calloc(ends, sizeof(*canvas->links));
	if (!canvas->ends_us || !canvas->owners || !canvas->links)
		return false;
	for (size_t i = 0; i < span_count; i++) {
		canvas->ends_us[next++] = spans[i].from_us;
		canvas->ends_us[next++] = spans[i].to_us;
	}
	for (size_t i = 0; i < claim_count; i++) {
		canvas->ends_us[next++] = claims[i].range.from_us;
		canvas->ends_us[next++] = claims[i].range.to_us;
	}
	qsort(canvas->ends_us, ends, sizeof(*canvas->ends_us), wall_order);
	canvas->pieces = ends - 1;
	for (size_t i = 0; i < ends; i++) {
		canvas->owners[i] = FREE;
		canvas->links[i] = i;
	}
	return true;
}

static void canvas_free(struct canvas *canvas)
{
	free(canvas->ends_us);
	free(canvas->owners);
	free(canvas->links);
}

/* The first piece at or behind `piece` that is free; canvas->pieces where there is none. Shortens the way to it. */
static size_t free_from(struct canvas *canvas, size_t piece)
{
	size_t found = piece;

	while (canvas->links[found] != found)
		found = canvas->links[found];
	while (canvas->links[piece] != found) {
		size_t next = canvas->links[piece];
		canvas->links[piece] = found;
		piece = next;
	}
	return found;
}

/* The first piece that begins at wall_us, which is one of the ends. */
static size_t piece_at(const struct canvas *canvas, int64_t wall_us)
{
	size_t low = 0, high = canvas->pieces;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (canvas->ends_us[middle] < wall_us)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void paint(struct canvas *canvas, const struct wall_range *range, size_t owner)
{
	size_t piece = free_from(canvas, piece_at(canvas, range->from_us));

	while (piece < canvas->pieces && canvas->ends_us[piece] < range->to_us) {
		canvas->owners[piece] = owner;
		canvas->links[piece] = piece + 1;
		piece = free_from(canvas, piece);
	}
}

static void paint_claims(struct canvas *canvas, const struct gap_candidate *claims, size_t count, bool weak)
{
	for (size_t i = count; i-- > 0;)
		if (claims[i].weak == weak)
			paint(canvas, &claims[i].range, i);
}

static int gap_order(const void *a, const void *b)
{
	const struct gap_candidate *left = a, *right = b;

	if (left->place != right->place)
		return left->place < right->place ? -1 : 1;
	return wall_order(&left->range.from_us, &right->range.from_us);
}

/* Neighbouring pieces of one claim are one gap. */
static size_t collect(const struct canvas *canvas, const struct gap_candidate *claims, struct gap_candidate *out)
{
	size_t count = 0, last = FREE;

	for (size_t i = 0; i < canvas->pieces; i++) {
		size_t owner = canvas->owners[i];
		if (canvas->ends_us[i] == canvas->ends_us[i + 1])
			continue;
		if (owner < COVERED && owner == last) {
			out[count - 1].range.to_us = canvas->ends_us[i + 1];
		} else if (owner < COVERED) {
			out[count] = claims[owner];
			out[count++].range = (struct wall_range){canvas->ends_us[i], canvas->ends_us[i + 1]};
		}
		last = owner;
	}
	return count;
}

bool clip_gaps_find(const struct wall_range *spans, size_t span_count, const struct gap_candidate *claims,
		    size_t claim_count, struct gap_candidate **out, size_t *count)
{
	struct canvas canvas = {0};
	bool good = true;

	*out = NULL;
	*count = 0;
	if (claim_count == 0)
		return true;
	good = canvas_make(&canvas, spans, span_count, claims, claim_count);
	if (good) {
		*out = calloc(canvas.pieces, sizeof(**out));
		good = *out;
	}
	if (good) {
		for (size_t i = 0; i < span_count; i++)
			paint(&canvas, &spans[i], COVERED);
		paint_claims(&canvas, claims, claim_count, false);
		paint_claims(&canvas, claims, claim_count, true);
		*count = collect(&canvas, claims, *out);
		qsort(*out, *count, sizeof(**out), gap_order);
	}
	canvas_free(&canvas);
	return good;
}
