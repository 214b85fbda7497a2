/* timeline_sum.c - adds up the spans and gaps of a range. */
#include "shared/timeline/timeline_sum.h"

#include <stddef.h>

#include "shared/base/clock.h"

struct adding {
	struct timeline_sum *sum;
	timeline_callback *callback;
	void *context;
	bool has_items;
};

static void add_gap(struct timeline_sum *sum, const struct timeline_item *gap)
{
	uint32_t cause = gap->cause < GAP_CAUSES_TOLD ? gap->cause : GAP_NONE;

	sum->gaps++;
	sum->missing_us += gap->to_us - gap->from_us;
	sum->causes[cause].gaps++;
	sum->causes[cause].us += gap->to_us - gap->from_us;
}

static void add_item(const struct timeline_item *item, void *context)
{
	struct adding *adding = context;
	struct timeline_sum *sum = adding->sum;

	if (!adding->has_items || item->from_us < sum->from_us)
		sum->from_us = item->from_us;
	if (!adding->has_items || item->to_us > sum->to_us)
		sum->to_us = item->to_us;
	adding->has_items = true;
	if (item->kind == TIMELINE_GAP)
		add_gap(sum, item);
	if (adding->callback)
		adding->callback(item, adding->context);
}

static void keep_latest(const struct timeline_item *item, void *context)
{
	int64_t *latest_us = context;

	if (item->to_us > *latest_us)
		*latest_us = item->to_us;
}

/* Why nothing has been recorded lately. */
static uint32_t cause_now(const struct recorder_state *state)
{
	if (!state || state->camera_state == CAMERA_STOPPED)
		return GAP_RECORDER_DOWN;
	switch (state->recording_state) {
	case RECORDING_OFF:
		return state->recording_off_cause == GAP_SCHEDULE ? GAP_SCHEDULE : GAP_OFF;
	case RECORDING_ON: /* but the index does not grow */
	case RECORDING_DISK:
		return GAP_DISK;
	case RECORDING_ENCODER:
	case RECORDING_NO_PICTURES:
		return GAP_ENCODER;
	default:
		break;
	}
	switch (state->camera_state) {
	case CAMERA_OFF:
		return GAP_CAMERA_OFF;
	case CAMERA_WAITING:
		return GAP_UNPLUGGED;
	case CAMERA_STREAMING: /* the encoder has not begun yet */
		return GAP_ENCODER;
	default:
		return GAP_STALLED;
	}
}

static bool is_coming(const struct recorder_state *state, int64_t newest_us, int64_t now_us)
{
	bool records = state && state->recording_state == RECORDING_ON && state->camera_state == CAMERA_STREAMING;

	return now_us - newest_us < (records ? TIMELINE_COMING_US : TIMELINE_STOPPED_US);
}

/* Adds the part of the gap that is not over yet which is in the range. */
static void add_ongoing(struct timeline_sum *sum, const struct timeline_item *range, int64_t newest_us, bool has_items,
			uint32_t cause)
{
	struct timeline_item gap = {.kind = TIMELINE_GAP, .to_us = range->to_us, .cause = cause};

	gap.from_us = newest_us > range->from_us ? newest_us : range->from_us;
	if (gap.from_us >= gap.to_us)
		return;
	sum->is_ongoing = true;
	sum->ongoing = gap;
	if (!has_items)
		sum->from_us = gap.from_us;
	sum->to_us = gap.to_us;
	add_gap(sum, &gap);
}

bool timeline_sum(struct timeline_cache *cache, int folder, int64_t from_us, int64_t to_us,
		  const struct recorder_state *state, int64_t now_us, timeline_callback *callback, void *context,
		  struct timeline_sum *out)
{
	struct adding adding = {.sum = out, .callback = callback, .context = context};
	const struct timeline_item range = {.from_us = from_us, .to_us = to_us < now_us ? to_us : now_us};
	int64_t newest_us;

	*out = (struct timeline_sum){0};
	if (!timeline_walk(cache, folder, from_us, to_us, add_item, &adding))
		return false;
	if (adding.has_items && out->to_us >= range.to_us)
		return true;
	/* Up to the newest footage every instant is in an item. */
	newest_us = out->to_us;
	if (!adding.has_items && !timeline_walk(cache, folder, 0, INT64_MAX, keep_latest, &newest_us))
		return false;
	if (newest_us > 0 && !is_coming(state, newest_us, now_us))
		add_ongoing(out, &range, newest_us, adding.has_items, cause_now(state));
	return true;
}

int64_t timeline_sum_recorded_us(const struct timeline_sum *sum)
{
	return sum->to_us - sum->from_us - sum->missing_us;
}

uint32_t timeline_sum_share(const struct timeline_sum *sum)
{
	int64_t whole_us = sum->to_us - sum->from_us;

	return whole_us > 0 ? (uint32_t)((double)timeline_sum_recorded_us(sum) / (double)whole_us * 1e6) : 0;
}
