/* nearest_footage.c - finds the frames next to a range that has none. */
#include "fcgi/clip/nearest_footage.h"

#include "shared/segment/segment_reader.h"

#define ENTRIES_PER_READ 64u

/*
 * After the clock was set back, the segment that was recorded last is not the latest one in wall time. So the search
 * goes from entry to entry until the list's bounds show that no other has anything nearer. Only a segment that may have
 * something nearer is opened.
 */

static void take_before(struct nearest_footage *nearest, int64_t wall_us)
{
	if (!nearest->before || wall_us > nearest->before_us)
		nearest->before_us = wall_us;
	nearest->before = true;
}

static void take_after(struct nearest_footage *nearest, int64_t wall_us)
{
	if (!nearest->after || wall_us < nearest->after_us)
		nearest->after_us = wall_us;
	nearest->after = true;
}

/* Finds the wall time of the segment's last frame before wall_us, or of its first one at or after it. */
static bool find_adjacent(int folder, const struct catalogue_entry *entry, int64_t wall_us, bool before, int64_t *at_us)
{
	struct segment_reader segment;
	struct index_record record;
	bool found = false;

	if (!segment_reader_open(folder, entry, &segment))
		return false;
	uint64_t number = segment_reader_find(&segment, wall_us);
	if (!before || number > 0)
		found = segment_reader_read(&segment, before ? number - 1 : number, 1, &record) == 1;
	/* If some records come from the .mp4 and others from an index that contradicts it, the search may be misled. */
	found = found && (record.wall_us < wall_us) == before;
	if (found)
		*at_us = record.wall_us;
	segment_reader_close(&segment, false);
	return found;
}

static bool may_be_nearer_before(const struct catalogue_entry *entry, int64_t from_us,
				 const struct nearest_footage *out)
{
	bool ends = entry->state == CATALOGUE_COMPLETE;

	return entry->start_wall_us < from_us && !(out->before && ends && entry->end_wall_us <= out->before_us);
}

/* Searches backwards from the segment that was recorded last. */
static void find_before(int folder, const struct catalogue *list, int64_t from_us, struct nearest_footage *out)
{
	struct catalogue_entry entries[ENTRIES_PER_READ];
	uint64_t first, end;
	int64_t at_us;

	if (!catalogue_range(list, 0, from_us, &first, &end))
		return;
	while (end > first) {
		size_t count = end - first < ENTRIES_PER_READ ? (size_t)(end - first) : ENTRIES_PER_READ;
		end -= count;
		for (size_t i = catalogue_read(list, end, count, entries); i-- > 0;) {
			if (out->before && entries[i].max_end_wall_us <= out->before_us)
				return;
			if (may_be_nearer_before(&entries[i], from_us, out) &&
			    find_adjacent(folder, &entries[i], from_us, true, &at_us))
				take_before(out, at_us);
		}
	}
}

static bool may_be_nearer_after(const struct catalogue_entry *entry, int64_t to_us, const struct nearest_footage *out)
{
	bool ends = entry->state == CATALOGUE_COMPLETE;

	return !(ends && entry->end_wall_us <= to_us) && !(out->after && entry->start_wall_us >= out->after_us);
}

static void find_after(int folder, const struct catalogue *list, int64_t to_us, struct nearest_footage *out)
{
	struct catalogue_entry entries[ENTRIES_PER_READ];
	uint64_t next, end;
	int64_t at_us;

	if (!catalogue_range(list, to_us - 1, INT64_MAX, &next, &end))
		return;
	while (next < end) {
		size_t count = end - next < ENTRIES_PER_READ ? (size_t)(end - next) : ENTRIES_PER_READ;
		size_t got = catalogue_read(list, next, count, entries);
		for (size_t i = 0; i < got; i++) {
			if (out->after && entries[i].min_start_wall_us >= out->after_us)
				return;
			if (may_be_nearer_after(&entries[i], to_us, out) &&
			    find_adjacent(folder, &entries[i], to_us, false, &at_us))
				take_after(out, at_us);
		}
		next += count;
	}
}

static void find_in_memory(const struct ring_reader *ring, int64_t from_us, int64_t to_us, struct nearest_footage *out)
{
	struct ring_frame frame;
	uint64_t head = ring_reader_head(ring);

	for (uint64_t seq = ring_reader_tail(ring); seq <= head && seq > 0; seq++) {
		if (!ring_reader_get(ring, seq, &frame))
			continue;
		if (frame.meta.wall_us < from_us)
			take_before(out, frame.meta.wall_us);
		else if (frame.meta.wall_us >= to_us)
			take_after(out, frame.meta.wall_us);
	}
}

void nearest_footage_find(int folder, const struct ring_reader *ring, int64_t from_us, int64_t to_us,
			  struct nearest_footage *out)
{
	struct catalogue list;

	*out = (struct nearest_footage){0};
	if (ring)
		find_in_memory(ring, from_us, to_us, out);
	if (folder < 0 || catalogue_open(folder, &list) != CATALOGUE_OK)
		return;
	find_before(folder, &list, from_us, out);
	find_after(folder, &list, to_us, out);
	catalogue_close(&list);
}
