/* segment_list.c - joins the segments of a camera's archives in one list. */
#include "offsite/remote/segment_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/crc32c.h"

#define RUN_SHIFT     48 /* of the archive's rank in a run number */
#define RUN_MASK      ((UINT64_C(1) << RUN_SHIFT) - 1)
#define NAME_STEM     25         /* bytes of recording_YYYYMMDD_HHMMSS */
#define NUMBER_FIRST  100000000u /* a recorder never gets there */
#define NUMBER_DIGITS 7          /* of the archive's id; the number then has 9 decimal digits */

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_number(const void *a, const void *b)
{
	const struct remote_segment *left = a, *right = b;
	int order = strcmp(left->archive, right->archive);

	if (order == 0)
		order = compare((int64_t)left->entry.segment_no, (int64_t)right->entry.segment_no);
	return order != 0 ? order : compare(left->object_start_us, right->object_start_us);
}

/* min_start_wall_us has the latest start so far in the archive: that order keeps the order of each archive. */
static int by_time(const void *a, const void *b)
{
	const struct remote_segment *left = a, *right = b;
	int order = compare(left->entry.min_start_wall_us, right->entry.min_start_wall_us);

	return order != 0 ? order : by_number(a, b);
}

static void sort(struct remote_segment *segments, size_t count)
{
	int64_t latest_us = 0;

	qsort(segments, count, sizeof(*segments), by_number);
	for (size_t i = 0; i < count; i++) {
		bool first = i == 0 || strcmp(segments[i].archive, segments[i - 1].archive) != 0;
		if (first || segments[i].entry.start_wall_us > latest_us)
			latest_us = segments[i].entry.start_wall_us;
		segments[i].entry.min_start_wall_us = latest_us;
	}
	qsort(segments, count, sizeof(*segments), by_time);
}

/* How many other archives begin before the segment's own one. */
static uint64_t rank_of(const struct remote_segment *segments, size_t number)
{
	uint64_t rank = 0;

	for (size_t i = 0; i < number; i++) {
		if (strcmp(segments[i].archive, segments[number].archive) == 0)
			return segments[i].entry.run_no >> RUN_SHIFT;
		if (segments[i].entry.run_no >> RUN_SHIFT >= rank)
			rank = (segments[i].entry.run_no >> RUN_SHIFT) + 1;
	}
	return rank;
}

static void mark_runs(struct remote_segment *segments, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool same = i > 0 && strcmp(segments[i].archive, segments[i - 1].archive) == 0;
		uint64_t rank = same ? segments[i - 1].entry.run_no >> RUN_SHIFT : rank_of(segments, i);
		segments[i].entry.run_no = (segments[i].entry.run_no & RUN_MASK) | rank << RUN_SHIFT;
	}
}

static void rename_segment(struct remote_segment *segment, unsigned ordinal)
{
	char digits[NUMBER_DIGITS + 1], name[SEGMENT_FILE_BYTES];

	snprintf(digits, sizeof(digits), "%.*s", NUMBER_DIGITS, segment->archive);
	unsigned number = NUMBER_FIRST + (unsigned)strtoul(digits, NULL, 16) + ordinal;
	snprintf(name, sizeof(name), "%.*s_%u.mp4", NAME_STEM, segment->entry.file, number);
	memset(segment->entry.file, 0, sizeof(segment->entry.file));
	memcpy(segment->entry.file, name, strlen(name));
}

struct named {
	struct remote_segment *segment;
	size_t number;
};

static int by_name(const void *a, const void *b)
{
	const struct named *left = a, *right = b;
	int order = strcmp(left->segment->entry.file, right->segment->entry.file);

	return order != 0 ? order : compare((int64_t)left->number, (int64_t)right->number);
}

/* Without memory, names stay as they are: then a file of the cache is replaced again and again, and is never wrong. */
static void separate_names(struct remote_segment *segments, size_t count)
{
	struct named *sorted = count > 0 ? malloc(count * sizeof(*sorted)) : NULL;
	char name[SEGMENT_FILE_BYTES] = "";
	unsigned ordinal = 0;

	if (!sorted)
		return;
	for (size_t i = 0; i < count; i++)
		sorted[i] = (struct named){&segments[i], i};
	qsort(sorted, count, sizeof(*sorted), by_name);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(sorted[i].segment->entry.file, name) == 0) {
			rename_segment(sorted[i].segment, ordinal++);
		} else {
			memcpy(name, sorted[i].segment->entry.file, sizeof(name));
			ordinal = 0;
		}
	}
	free(sorted);
}

static void fill_bounds(struct remote_segment *segments, size_t count)
{
	int64_t max_end = INT64_MIN, min_start = INT64_MAX;

	for (size_t i = 0; i < count; i++) {
		struct catalogue_entry *entry = &segments[i].entry;
		int64_t end = entry->state == CATALOGUE_RECORDING ? INT64_MAX : entry->end_wall_us;
		max_end = end > max_end ? end : max_end;
		entry->max_end_wall_us = max_end;
	}
	for (size_t i = count; i-- > 0;) {
		struct catalogue_entry *entry = &segments[i].entry;
		min_start = entry->start_wall_us < min_start ? entry->start_wall_us : min_start;
		entry->min_start_wall_us = min_start;
	}
}

void segment_list_finish(struct remote_segment *segments, size_t count)
{
	sort(segments, count);
	mark_runs(segments, count);
	separate_names(segments, count);
	fill_bounds(segments, count);
	for (size_t i = 0; i < count; i++) {
		struct catalogue_entry *entry = &segments[i].entry;
		entry->flags |= SEGMENT_PARTIAL;
		entry->crc = crc32c(0, entry, offsetof(struct catalogue_entry, crc));
	}
}

/* The first time that may still be corrected, as the recorder's own list has it (catalogue.h). */
static int64_t doubtful_from_us(const struct remote_segment *segments, size_t count, int64_t from_us)
{
	for (size_t i = 0; i < count; i++) {
		const struct catalogue_entry *entry = &segments[i].entry;
		int64_t before_us = entry->last_wall_us > 0 ? entry->last_wall_us : 1;
		if (entry->flags & SEGMENT_CLOCK_DOUBTFUL && before_us < from_us)
			from_us = before_us;
	}
	return from_us;
}

void segment_list_write(const struct remote_segment *segments, size_t count, uint64_t generation,
			int64_t unsettled_from_us, struct buffer *out)
{
	struct catalogue_header header = {
		.magic = CATALOGUE_MAGIC,
		.generation = generation,
		.entries = count,
		.written_wall_us = wall_now().us,
		.unsettled_from_us = doubtful_from_us(segments, count, unsettled_from_us),
		.entry_bytes = CATALOGUE_ENTRY_BYTES,
	};

	header.crc = crc32c(0, &header, offsetof(struct catalogue_header, crc));
	buffer_append(out, &header, sizeof(header));
	for (size_t i = 0; i < count; i++)
		buffer_append(out, &segments[i].entry, sizeof(segments[i].entry));
}
