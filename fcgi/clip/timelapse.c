/*
 * timelapse.c - chooses the frames of a timelapse: see timelapse.h.
 *
 * A day at 60 frames a second is 5 million records, of which a timelapse at speed 600 shows 4,320. So the search goes
 * to where the next slot should begin at the rate of the last frame, and looks around there.
 */
#include "fcgi/clip/timelapse.h"

#include "shared/base/clock.h"

#define PLAYED_FPS_MAX 30
#define BLOCK          64u
#define AROUND         8u /* records looked at on either side of a guess */

void timelapse_init(struct timelapse *lapse, int64_t from_us, unsigned speed)
{
	int64_t step_us = (int64_t)speed * US_PER_S / PLAYED_FPS_MAX;

	*lapse = (struct timelapse){.from_us = from_us, .step_us = step_us > US_PER_S ? step_us : US_PER_S};
}

static int64_t slot_of(const struct timelapse *lapse, int64_t wall_us)
{
	int64_t into_us = wall_us - lapse->from_us;

	return into_us >= 0 ? into_us / lapse->step_us : -((lapse->step_us - 1 - into_us) / lapse->step_us);
}

/* The first record at or behind wall_us, where that is near the guess; else the end of all records. */
static uint64_t find_around(const struct clip_segment *segment, uint64_t guess, int64_t wall_us)
{
	struct index_record records[2 * AROUND];
	uint64_t first = guess > AROUND ? guess - AROUND : 0;
	size_t got = clip_segment_read(segment, first, 2 * AROUND, records);

	if (got == 0 || records[0].wall_us >= wall_us)
		return segment->count;
	for (size_t i = 1; i < got; i++)
		if (records[i].wall_us >= wall_us)
			return first + i;
	return segment->count;
}

/* The first record behind the slot of `record`, which is number `number`; never before number + 1. */
static uint64_t skip_slot(const struct timelapse *lapse, const struct clip_slice *stretch, uint64_t number,
			  const struct index_record *record)
{
	const struct clip_segment *segment = &stretch->segment;
	int64_t next_us = lapse->from_us + (slot_of(lapse, record->wall_us) + 1) * lapse->step_us;
	int64_t ahead = (next_us - record->wall_us) / (record->duration_us > 0 ? record->duration_us : 1);

	if (next_us > stretch->tail.wall_us)
		return stretch->end;
	if (ahead < BLOCK)
		return number + 1;
	uint64_t found = find_around(segment, number + (uint64_t)ahead, next_us);
	if (found == segment->count)
		found = clip_segment_find(segment, next_us);
	return found > number ? found : number + 1;
}

static bool is_shown(const struct timelapse *lapse, const struct index_record *record)
{
	return record->flags & INDEX_KEY && !(lapse->taken && slot_of(lapse, record->wall_us) == lapse->slot);
}

enum timelapse_outcome timelapse_next(struct timelapse *lapse, const struct clip_slice *stretch, uint64_t *number,
				      struct index_record *record)
{
	struct index_record records[BLOCK];

	while (*number < stretch->end) {
		size_t wanted = stretch->end - *number < BLOCK ? (size_t)(stretch->end - *number) : BLOCK;
		size_t got = clip_segment_read(&stretch->segment, *number, wanted, records);
		for (size_t i = 0; i < got; i++) {
			if (!is_shown(lapse, &records[i]))
				continue;
			lapse->slot = slot_of(lapse, records[i].wall_us);
			lapse->taken = true;
			*record = records[i];
			*number = skip_slot(lapse, stretch, *number + i, record);
			return TIMELAPSE_FRAME;
		}
		if (got < wanted)
			return TIMELAPSE_DAMAGED;
		*number += got;
	}
	return TIMELAPSE_END;
}
