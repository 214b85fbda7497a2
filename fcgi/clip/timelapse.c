/* timelapse.c - chooses the frames of a timelapse. */
#include "fcgi/clip/timelapse.h"

#include "shared/base/clock.h"

#define PLAYED_FPS_MAX 30
#define BLOCK          64u
#define AROUND         8u /* records read on either side of a guess */

/*
 * A day at 60 frames per second has 5 million records, of which a timelapse at speed 600 shows 4,320. So the search
 * jumps to where the next slot should begin, given the duration of the last frame, and looks around there.
 */

void timelapse_init(struct timelapse *timelapse, int64_t from_us, unsigned speed)
{
	int64_t step_us = (int64_t)speed * US_PER_S / PLAYED_FPS_MAX;

	*timelapse = (struct timelapse){.from_us = from_us, .step_us = step_us > US_PER_S ? step_us : US_PER_S};
}

static int64_t slot_of(const struct timelapse *timelapse, int64_t wall_us)
{
	int64_t into_us = wall_us - timelapse->from_us;

	return into_us >= 0 ? into_us / timelapse->step_us : -((timelapse->step_us - 1 - into_us) / timelapse->step_us);
}

/* The first record at or after wall_us, if that is near the guess; else segment->count. */
static uint64_t find_around(const struct segment_reader *segment, uint64_t guess, int64_t wall_us)
{
	struct index_record records[2 * AROUND];
	uint64_t first = guess > AROUND ? guess - AROUND : 0;
	size_t got = segment_reader_read(segment, first, 2 * AROUND, records);

	if (got == 0 || records[0].wall_us >= wall_us)
		return segment->count;
	for (size_t i = 1; i < got; i++)
		if (records[i].wall_us >= wall_us)
			return first + i;
	return segment->count;
}

/* The first record after the slot of `record`, which has number `number`. At least number + 1. */
static uint64_t skip_slot(const struct timelapse *timelapse, const struct clip_slice *slice, uint64_t number,
			  const struct index_record *record)
{
	const struct segment_reader *segment = &slice->segment;
	int64_t next_us = timelapse->from_us + (slot_of(timelapse, record->wall_us) + 1) * timelapse->step_us;
	int64_t ahead = (next_us - record->wall_us) / (record->duration_us > 0 ? record->duration_us : 1);

	if (next_us > slice->tail.wall_us)
		return slice->end;
	if (ahead < BLOCK)
		return number + 1;
	uint64_t found = find_around(segment, number + (uint64_t)ahead, next_us);
	if (found == segment->count)
		found = segment_reader_find(segment, next_us);
	return found > number ? found : number + 1;
}

static bool is_shown(const struct timelapse *timelapse, const struct index_record *record)
{
	return record->flags & INDEX_KEY &&
	       !(timelapse->has_slot && slot_of(timelapse, record->wall_us) == timelapse->slot);
}

enum timelapse_outcome timelapse_next(struct timelapse *timelapse, const struct clip_slice *slice, uint64_t *number,
				      struct index_record *record)
{
	struct index_record records[BLOCK];

	while (*number < slice->end) {
		size_t wanted = slice->end - *number < BLOCK ? (size_t)(slice->end - *number) : BLOCK;
		size_t got = segment_reader_read(&slice->segment, *number, wanted, records);
		for (size_t i = 0; i < got; i++) {
			if (!is_shown(timelapse, &records[i]))
				continue;
			timelapse->slot = slot_of(timelapse, records[i].wall_us);
			timelapse->has_slot = true;
			*record = records[i];
			*number = skip_slot(timelapse, slice, *number + i, record);
			return TIMELAPSE_FRAME;
		}
		if (got < wanted)
			return TIMELAPSE_DAMAGED;
		*number += got;
	}
	return TIMELAPSE_END;
}
