/*
 * clip_final.c - what may still change an answer: see clip_final.h.
 */
#include "fcgi/clip/clip_final.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/segment/segment.h"

/* Between the capture of a frame and its place in the ring; more than the longest wait for a camera. */
#define DELIVERY_US (10 * US_PER_S)

static int64_t wall_of(int64_t mono_us)
{
	return wall_from_mono((mono_t){mono_us}, clock_offset_us()).us;
}

/* The capture time of the last frame of a stretch on the ring's clock; 0 where it was recorded before this boot. (A
 * worker that is locked up cannot ask the kernel which boot this is.) */
static int64_t stretch_mono_us(const struct clip_slice *stretch, const struct ring_reader *ring)
{
	struct clip_segment opened = {.fd = stretch->segment.fd};
	struct segment_layout layout = {0};
	uint8_t boot_id[16];
	int64_t mono_us = 0;

	if (stretch->origin != CLIP_DISK)
		return 0;
	/* A long plan does not keep its last segments open. */
	bool released = stretch->segment.fd <= 0;
	if (released && !clip_segment_open(stretch->segment.folder, &stretch->segment.entry, &opened))
		return 0;
	ring_reader_boot_id(ring, boot_id);
	if (segment_read_layout(opened.fd, &layout) == SEGMENT_OK &&
	    memcmp(layout.info.boot_id, boot_id, sizeof(boot_id)) == 0)
		mono_us = layout.info.first_mono_us + (stretch->tail.wall_us - layout.info.first_wall_us);
	segment_layout_free(&layout);
	if (released)
		clip_segment_close(&opened, false);
	return mono_us;
}

static bool is_in_range(const struct clip_plan *plan, int64_t wall_us)
{
	return wall_us >= plan->from_us && wall_us < plan->to_us;
}

/* Goes back through the ring to what is indexed, just as the recorder does that takes a ring over. */
static bool may_be_indexed(const struct clip_plan *plan, const struct ring_reader *ring,
			   const struct recorder_state *state, int64_t indexed_mono_us)
{
	uint64_t seq = ring_reader_head(ring);
	int64_t oldest_us = INT64_MAX;
	struct ring_frame frame;

	for (; ring_reader_get(ring, seq, &frame); seq--) {
		if (frame.meta.mono_us <= indexed_mono_us)
			return false;
		if (!(frame.meta.flags & RING_FRAME_RECORDING_OFF) && is_in_range(plan, frame.meta.wall_us))
			return true;
		oldest_us = frame.meta.wall_us;
	}
	if (seq == 0 &&
	    indexed_mono_us == 0) /* it has been written over nothing yet, and there was nothing before it */
		return false;
	return state->unwritten_frames > 0 && plan->from_us < oldest_us && plan->to_us > wall_of(indexed_mono_us);
}

/* What is published is up to a moment old: the plan itself may know better. */
static bool has_more_to_index(const struct clip_plan *plan, const struct ring_reader *ring,
			      const struct recorder_state *state)
{
	if (!may_be_indexed(plan, ring, state, state->indexed_mono_us))
		return false;
	int64_t mono_us = plan->count > 0 ? stretch_mono_us(&plan->slices[plan->count - 1], ring) : 0;
	return mono_us <= state->indexed_mono_us || may_be_indexed(plan, ring, state, mono_us);
}

/* Frames come in order: one at the end of the range, or behind it, is the last word. A recorder that stands still may
 * find some in the driver's buffers when it goes on, of the moment in which it was heard of last. */
static bool camera_may_deliver(const struct clip_plan *plan, const struct ring_reader *ring,
			       const struct recorder_state *state)
{
	struct ring_frame newest;

	if (ring_reader_get(ring, ring_reader_head(ring), &newest) && newest.meta.wall_us >= plan->to_us)
		return false;
	return plan->to_us > wall_of(state->heartbeat_mono_us) - DELIVERY_US;
}

/* A segment that was open when the machine went down: its end may be cut when it is repaired. */
static bool awaits_repair(const struct clip_plan *plan, const struct ring_reader *ring)
{
	const struct clip_slice *last = plan->count > 0 ? &plan->slices[plan->count - 1] : NULL;

	return plan->is_open && last && last->origin == CLIP_DISK && last->segment.entry.state != CATALOGUE_COMPLETE &&
	       stretch_mono_us(last, ring) == 0;
}

bool clip_is_final(const struct clip_plan *plan, const struct ring_reader *ring, const struct recorder_state *state)
{
	if (plan->unreadable != 0)
		return false;
	if (!ring)
		return !plan->is_open;
	return !awaits_repair(plan, ring) && !has_more_to_index(plan, ring, state) &&
	       !camera_may_deliver(plan, ring, state);
}
