/* segment_search.c - finds records of a segment by their time, and key frames. */
#include "shared/segment/segment_reader.h"

#define KEY_LOOK_BACK 64u
#define AT_ONCE       64u /* records that are read together: one call instead of six */

/* The first of these records whose time is at least wall_us; `count` if there is none. */
static size_t find_among(const struct index_record *records, size_t count, int64_t wall_us)
{
	size_t number = 0;

	while (number < count && records[number].wall_us < wall_us)
		number++;
	return number;
}

/*
 * Looks where the record should be if all frames of the segment are equally far apart, which is mostly nearly true.
 * Returns true if it is there: *low is its number. Otherwise [*low, *high] becomes smaller.
 */
static bool find_by_rate(const struct segment_reader *segment, int64_t wall_us, uint64_t *low, uint64_t *high)
{
	const struct catalogue_entry *entry = &segment->entry;
	struct index_record records[AT_ONCE];
	double length_us = (double)(entry->end_wall_us - entry->start_wall_us);

	if (segment->count <= AT_ONCE || entry->state != CATALOGUE_COMPLETE || wall_us <= entry->start_wall_us ||
	    wall_us >= entry->end_wall_us)
		return false;
	uint64_t guess = (uint64_t)((double)segment->count * ((double)(wall_us - entry->start_wall_us) / length_us));
	uint64_t first = guess > AT_ONCE / 2 ? guess - AT_ONCE / 2 : 0;
	size_t got = segment_reader_read(segment, first, AT_ONCE, records);
	size_t number = find_among(records, got, wall_us);
	if (number == 0 && first > 0)
		*high = first;
	else
		*low = first + number;
	return (number > 0 || first == 0) && number < got;
}

/* A record that cannot be read ends the segment: the search goes on before it. */
uint64_t segment_reader_find(const struct segment_reader *segment, int64_t wall_us)
{
	struct index_record records[AT_ONCE];
	uint64_t low = 0, high = segment->count;

	if (find_by_rate(segment, wall_us, &low, &high))
		return low;
	while (high - low > AT_ONCE) {
		uint64_t middle = low + (high - low) / 2;
		if (segment_reader_read(segment, middle, 1, records) == 1 && records[0].wall_us < wall_us)
			low = middle + 1;
		else
			high = middle;
	}
	return low + find_among(records, segment_reader_read(segment, low, (size_t)(high - low), records), wall_us);
}

static uint64_t key_before(const struct segment_reader *segment, uint64_t number)
{
	struct index_record records[KEY_LOOK_BACK];
	uint64_t end = number + 1;

	while (end > 0) {
		uint64_t first = end > KEY_LOOK_BACK ? end - KEY_LOOK_BACK : 0;
		size_t got = segment_reader_read(segment, first, (size_t)(end - first), records);
		for (size_t i = got; i > 0; i--)
			if (records[i - 1].flags & INDEX_KEY)
				return first + i - 1;
		end = first;
	}
	return segment->count;
}

uint64_t segment_reader_key_frame(const struct segment_reader *segment, uint64_t number)
{
	struct index_record record;
	uint64_t key = key_before(segment, number);

	if (key < segment->count)
		return key;
	for (key = number; key < segment->count; key++)
		if (segment_reader_read(segment, key, 1, &record) == 1 && record.flags & INDEX_KEY)
			break;
	return key;
}
