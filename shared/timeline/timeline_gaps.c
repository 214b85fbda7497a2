/* timeline_gaps.c - subtracts the spans from the gap candidates. */
#include "shared/timeline/timeline_gaps.h"

#include <stdlib.h>

/*
 * The ends of all spans and candidates, sorted, divide the time into pieces. Each piece goes to the first that asks for
 * it: the spans first, then the candidates by descending weight. Pieces that are taken are skipped by following `next`,
 * so each piece is assigned once, however many overlap it.
 */
#define UNASSIGNED SIZE_MAX
#define COVERED    (SIZE_MAX - 1) /* by a span */

struct partition {
	int64_t *ends_us; /* sorted; piece i lies between ends i and i + 1 */
	size_t *owners;   /* of each piece: UNASSIGNED, COVERED or the index of a candidate */
	size_t *next;     /* of each piece: itself if unassigned, else a later piece, with none unassigned in between */
	size_t pieces;
};

static int wall_order(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

static bool partition_make(struct partition *partition, const struct wall_range *spans, size_t span_count,
			   const struct gap_candidate *candidates, size_t candidate_count)
{
	size_t ends = 2 * (span_count + candidate_count), next = 0;

	partition->ends_us = calloc(ends, sizeof(*partition->ends_us));
	partition->owners = calloc(ends, sizeof(*partition->owners));
	partition->next = calloc(ends, sizeof(*partition->next));
	if (!partition->ends_us || !partition->owners || !partition->next)
		return false;
	for (size_t i = 0; i < span_count; i++) {
		partition->ends_us[next++] = spans[i].from_us;
		partition->ends_us[next++] = spans[i].to_us;
	}
	for (size_t i = 0; i < candidate_count; i++) {
		partition->ends_us[next++] = candidates[i].range.from_us;
		partition->ends_us[next++] = candidates[i].range.to_us;
	}
	qsort(partition->ends_us, ends, sizeof(*partition->ends_us), wall_order);
	partition->pieces = ends - 1;
	for (size_t i = 0; i < ends; i++) {
		partition->owners[i] = UNASSIGNED;
		partition->next[i] = i;
	}
	return true;
}

static void partition_free(struct partition *partition)
{
	free(partition->ends_us);
	free(partition->owners);
	free(partition->next);
}

/* The first unassigned piece at or after `piece`; partition->pieces if there is none. Shortens the path to it. */
static size_t next_unassigned(struct partition *partition, size_t piece)
{
	size_t found = piece;

	while (partition->next[found] != found)
		found = partition->next[found];
	while (partition->next[piece] != found) {
		size_t after = partition->next[piece];
		partition->next[piece] = found;
		piece = after;
	}
	return found;
}

/* The first piece that begins at wall_us, which is one of the ends. */
static size_t piece_at(const struct partition *partition, int64_t wall_us)
{
	size_t low = 0, high = partition->pieces;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (partition->ends_us[middle] < wall_us)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void assign(struct partition *partition, const struct wall_range *range, size_t owner)
{
	size_t piece = next_unassigned(partition, piece_at(partition, range->from_us));

	while (piece < partition->pieces && partition->ends_us[piece] < range->to_us) {
		partition->owners[piece] = owner;
		partition->next[piece] = piece + 1;
		piece = next_unassigned(partition, piece);
	}
}

static void assign_candidates(struct partition *partition, const struct gap_candidate *candidates, size_t count,
			      bool weak)
{
	for (size_t i = count; i-- > 0;)
		if (candidates[i].weak == weak)
			assign(partition, &candidates[i].range, i);
}

static int gap_order(const void *a, const void *b)
{
	const struct gap_candidate *left = a, *right = b;

	if (left->spans_before != right->spans_before)
		return left->spans_before < right->spans_before ? -1 : 1;
	return wall_order(&left->range.from_us, &right->range.from_us);
}

/* Adjacent pieces of the same candidate form one gap. */
static size_t collect(const struct partition *partition, const struct gap_candidate *candidates,
		      struct gap_candidate *out)
{
	size_t count = 0, last = UNASSIGNED;

	for (size_t i = 0; i < partition->pieces; i++) {
		size_t owner = partition->owners[i];
		if (partition->ends_us[i] == partition->ends_us[i + 1])
			continue;
		if (owner < COVERED && owner == last) {
			out[count - 1].range.to_us = partition->ends_us[i + 1];
		} else if (owner < COVERED) {
			out[count] = candidates[owner];
			out[count++].range = (struct wall_range){partition->ends_us[i], partition->ends_us[i + 1]};
		}
		last = owner;
	}
	return count;
}

bool timeline_gaps_find(const struct wall_range *spans, size_t span_count, const struct gap_candidate *candidates,
			size_t candidate_count, struct gap_candidate **out, size_t *count)
{
	struct partition partition = {0};
	bool good = true;

	*out = NULL;
	*count = 0;
	if (candidate_count == 0)
		return true;
	good = partition_make(&partition, spans, span_count, candidates, candidate_count);
	if (good) {
		*out = calloc(partition.pieces, sizeof(**out));
		good = *out;
	}
	if (good) {
		for (size_t i = 0; i < span_count; i++)
			assign(&partition, &spans[i], COVERED);
		assign_candidates(&partition, candidates, candidate_count, false);
		assign_candidates(&partition, candidates, candidate_count, true);
		*count = collect(&partition, candidates, *out);
		qsort(*out, *count, sizeof(**out), gap_order);
	}
	partition_free(&partition);
	return good;
}
