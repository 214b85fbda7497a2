/* timeline_items.c - the spans of a walk, and the candidates for gaps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/timeline/timeline_internal.h"

/* Clamps a range to the one that was asked for; false if nothing of it is left. */
static bool clamp_range(const struct walk *walk, int64_t from_us, int64_t to_us, struct wall_range *out)
{
	*out = (struct wall_range){
		.from_us = from_us > walk->from_us ? from_us : walk->from_us,
		.to_us = to_us < walk->to_us ? to_us : walk->to_us,
	};
	return out->from_us < out->to_us;
}

static bool grow_array(struct walk *walk, void **array, size_t *capacity, size_t count, size_t item_bytes)
{
	if (count < *capacity)
		return true;
	size_t more = *capacity ? *capacity * 2 : 16;
	void *grown = reallocarray(*array, more, item_bytes);

	if (!grown) {
		walk->error = ENOMEM;
		return false;
	}
	*array = grown;
	*capacity = more;
	return true;
}

void walk_add_span(struct walk *walk, int64_t from_us, int64_t to_us, uint32_t source)
{
	struct wall_range range;
	bool there = clamp_range(walk, from_us, to_us, &range);

	if (there && walk->extending) {
		walk->spans[walk->span_count - 1].to_us = range.to_us;
		return;
	}
	there = there &&
		grow_array(walk, (void **)&walk->spans, &walk->span_capacity, walk->span_count, sizeof(*walk->spans));
	if (there)
		walk->spans[walk->span_count++] =
			(struct timeline_item){TIMELINE_SPAN, range.from_us, range.to_us, source, GAP_NONE};
	walk->extending = there;
}

void walk_trim_span(struct walk *walk, int64_t to_us)
{
	struct timeline_item *last = walk->extending ? &walk->spans[walk->span_count - 1] : NULL;

	if (last && last->to_us > to_us)
		last->to_us = to_us;
	walk->span_count -= last && last->to_us <= last->from_us;
	walk->extending = false;
}

void walk_add_candidate(struct walk *walk, int64_t from_us, int64_t to_us, uint32_t cause, bool weak)
{
	struct wall_range range;

	if (!clamp_range(walk, from_us, to_us, &range) ||
	    !grow_array(walk, (void **)&walk->candidates, &walk->candidate_capacity, walk->candidate_count,
			sizeof(*walk->candidates)))
		return;
	walk->candidates[walk->candidate_count++] = (struct gap_candidate){range, cause, weak, walk->span_count};
}

bool walk_clamp(struct walk *walk, int64_t from_us, int64_t to_us)
{
	size_t *spans_before = calloc(walk->span_count + 1, sizeof(*spans_before));
	size_t spans = 0, candidates = 0;

	if (!spans_before) {
		walk->error = ENOMEM;
		return false;
	}
	for (size_t i = 0; i < walk->span_count; i++) {
		struct timeline_item item = walk->spans[i];
		spans_before[i] = spans;
		item.from_us = item.from_us > from_us ? item.from_us : from_us;
		item.to_us = item.to_us < to_us ? item.to_us : to_us;
		if (item.from_us < item.to_us)
			walk->spans[spans++] = item;
	}
	spans_before[walk->span_count] = spans;
	for (size_t i = 0; i < walk->candidate_count; i++) {
		struct gap_candidate item = walk->candidates[i];
		item.range.from_us = item.range.from_us > from_us ? item.range.from_us : from_us;
		item.range.to_us = item.range.to_us < to_us ? item.range.to_us : to_us;
		if (item.range.from_us >= item.range.to_us)
			continue;
		item.spans_before =
			spans_before[item.spans_before < walk->span_count ? item.spans_before : walk->span_count];
		walk->candidates[candidates++] = item;
	}
	walk->span_count = spans;
	walk->candidate_count = candidates;
	free(spans_before);
	return true;
}

bool walk_copy(const struct walk *from, struct walk *to)
{
	*to = *from;
	to->span_capacity = from->span_count + 1;
	to->candidate_capacity = from->candidate_count + 1;
	to->spans = calloc(to->span_capacity, sizeof(*to->spans));
	to->candidates = calloc(to->candidate_capacity, sizeof(*to->candidates));
	if (!to->spans || !to->candidates) {
		to->error = ENOMEM;
		return false;
	}
	if (from->span_count > 0)
		memcpy(to->spans, from->spans, from->span_count * sizeof(*to->spans));
	if (from->candidate_count > 0)
		memcpy(to->candidates, from->candidates, from->candidate_count * sizeof(*to->candidates));
	return true;
}
