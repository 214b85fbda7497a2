/* clip_final.c - decides whether anything may still change an answer. */
#include "fcgi/clip/clip_final.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/segment/segment.h"

/* From the capture of a frame to its arrival in the ring; longer than the longest wait for a camera. */
#define DELIVERY_US (10 * US_PER_S)

static int64_t wall_of(int64_t mono_us)
{
	return wall_from_mono((mono_t){mono_us}, clock_offset_us()).us;
}

/*
 * Monotonic capture time of the last frame of a slice; 0 if it was recorded before this boot. The ring knows which boot
 * this is; a sandboxed worker cannot ask the kernel.
 */
static int64_t slice_mono_us(const struct clip_slice *slice, const struct ring_reader *ring)
{
	struct segment_reader opened = {.fd = slice->segment.fd};
	struct segment_layout layout = {0};
	uint8_t boot_id[16];
	int64_t mono_us = 0;

	if (slice->origin != CLIP_DISK)
		return 0;
	/* A long plan does not keep its last segments open. */
	bool released = slice->segment.fd <= 0;
	if (released && !segment_reader_open(slice->segment.folder, &slice->segment.entry, &opened))
		return 0;
	ring_reader_boot_id(ring, boot_id);
	if (segment_read_head(opened.fd, &layout) == SEGMENT_OK &&
	    memcmp(layout.info.boot_id, boot_id, sizeof(boot_id)) == 0)
		mono_us = layout.info.first_mono_us + (slice->tail.wall_us - layout.info.first_wall_us);
	segment_layout_free(&layout);
	if (released)
		segment_reader_close(&opened, false);
	return mono_us;
}

static bool is_in_range(const struct clip_plan *plan, int64_t wall_us)
{
	return wall_us >= plan->from_us && wall_us < plan->to_us;
}

/* Walks back through the ring to the newest indexed frame, as a recorder does when it takes a ring over. */
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
	/* Nothing was overwritten yet, and nothing was indexed before. */
	if (seq == 0 && indexed_mono_us == 0)
		return false;
	return state->unwritten_frames > 0 && plan->from_us < oldest_us && plan->to_us > wall_of(indexed_mono_us);
}

/* The published state may be a moment old; the plan itself can be newer. */
static bool has_more_to_index(const struct clip_plan *plan, const struct ring_reader *ring,
			      const struct recorder_state *state)
{
	if (!may_be_indexed(plan, ring, state, state->indexed_mono_us))
		return false;
	int64_t mono_us = plan->count > 0 ? slice_mono_us(&plan->slices[plan->count - 1], ring) : 0;
	return mono_us <= state->indexed_mono_us || may_be_indexed(plan, ring, state, mono_us);
}

/*
 * Frames come in order, so a frame at or after the end of the range means that the range is complete. A recorder that
 * is stopped and continued may still find frames in the driver's buffers, captured around its last heartbeat.
 */
static bool camera_may_deliver(const struct clip_plan *plan, const struct ring_reader *ring,
			       const struct recorder_state *state)
{
	struct ring_frame newest;

	if (ring_reader_get(ring, ring_reader_head(ring), &newest) && newest.meta.wall_us >= plan->to_us)
		return false;
	return plan->to_us > wall_of(state->heartbeat_mono_us) - DELIVERY_US;
}

/* A segment that was open when the machine went down may lose its end when it is repaired. */
static bool awaits_repair(const struct clip_plan *plan, const struct ring_reader *ring)
{
	const struct clip_slice *last = plan->count > 0 ? &plan->slices[plan->count - 1] : NULL;

	return plan->is_open && last && last->origin == CLIP_DISK && last->segment.entry.state != CATALOGUE_COMPLETE &&
	       slice_mono_us(last, ring) == 0;
}

/* Segments that were recorded while the clock was wrong: their times will be corrected, and they will be elsewhere. */
static bool may_be_redated(const struct clip_plan *plan)
{
	if (plan->unsettled_from_us == 0)
		return false;
	for (size_t i = 0; i < plan->count; i++)
		if (plan->slices[i].origin == CLIP_DISK && plan->slices[i].segment.entry.flags & SEGMENT_CLOCK_DOUBTFUL)
			return true;
	return plan->to_us > plan->unsettled_from_us;
}

/*
 * A range of the store. Nothing before unsettled_from_us changes any more. After that only an open segment is known to be
 * whole: frames come in order, so what is before one of its frames is complete, if it does not begin before the segment.
 */
static bool is_final_in_store(const struct clip_plan *plan)
{
	const struct clip_slice *last = &plan->slices[plan->count - 1];
	bool begins_in_it = plan->count == 1 ? plan->from_us >= last->segment.entry.start_wall_us : last->follows;

	if (plan->to_us <= plan->unsettled_from_us)
		return true;
	return plan->is_open && begins_in_it && plan->count <= 2 && last->end < last->segment.count;
}

static bool is_of_store(const struct clip_plan *plan)
{
	return plan->count > 0 && plan->slices[plan->count - 1].segment.entry.flags & SEGMENT_PARTIAL;
}

bool clip_is_final(const struct clip_plan *plan, const struct ring_reader *ring, const struct recorder_state *state)
{
	if (plan->unreadable != 0)
		return false;
	if (is_of_store(plan))
		return is_final_in_store(plan);
	if (may_be_redated(plan))
		return false;
	if (!ring)
		return !plan->is_open;
	return !awaits_repair(plan, ring) && !has_more_to_index(plan, ring, state) &&
	       !camera_may_deliver(plan, ring, state);
}
