/*
 * clip_nearest.c - see clip_nearest.h.
 */
#include "fcgi/clip_nearest.h"

#include "fcgi/clip_segment.h"

/* The frame of a segment that is next to the range. */
static bool frame_beside(int folder, const struct catalogue_entry *entry, int64_t wall_us, bool before, int64_t *at_us)
{
	struct clip_segment segment;
	struct index_record record;
	bool found = false;

	if (!clip_segment_open(folder, entry, &segment))
		return false;
	uint64_t number = clip_segment_find(&segment, wall_us);
	if (!before || number > 0)
		found = clip_segment_read(&segment, before ? number - 1 : number, 1, &record) == 1;
	if (found)
		*at_us = record.wall_us;
	clip_segment_close(&segment, false);
	return found;
}

/* From the latest segment that begins before the range backwards, as long as they have no frame. */
static void find_before(int folder, const struct catalogue *list, int64_t from_us, struct clip_nearest *out)
{
	struct catalogue_entry entry;
	uint64_t first, end;

	if (!catalogue_range(list, 0, from_us, &first, &end))
		return;
	while (!out->before && end-- > first)
		if (catalogue_read(list, end, 1, &entry) == 1 && entry.start_wall_us < from_us)
			out->before = frame_beside(folder, &entry, from_us, true, &out->before_us);
}

static void find_after(int folder, const struct catalogue *list, int64_t to_us, struct clip_nearest *out)
{
	struct catalogue_entry entry;
	uint64_t next, end;

	if (!catalogue_range(list, to_us - 1, INT64_MAX, &next, &end))
		return;
	for (; !out->after && next < end; next++)
		if (catalogue_read(list, next, 1, &entry) == 1)
			out->after = frame_beside(folder, &entry, to_us, false, &out->after_us);
}

void clip_nearest_find(int folder, int64_t from_us, int64_t to_us, struct clip_nearest *out)
{
	struct catalogue list;

	*out = (struct clip_nearest){0};
	if (catalogue_open(folder, &list) != CATALOGUE_GOOD)
		return;
	find_before(folder, &list, from_us, out);
	find_after(folder, &list, to_us, out);
	catalogue_close(&list);
}
