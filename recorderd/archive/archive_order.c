/*
 * archive_order.c - the order of recording. Each recorder numbers its segments upwards, through clocks that are set and
 * machines that are started again, so the number says it. It does not where segments of more than one recorder stand in
 * the folder, a backup or another archive that was copied there: two have one number, or one boot's segments stand on
 * both sides of another boot's, or against their own monotonic time. Then the segments' times have to do.
 */
#include "recorderd/archive/archive_boots.h"
#include "recorderd/archive/archive_internal.h"

#include <stdlib.h>
#include <string.h>

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_time(const void *a, const void *b)
{
	const struct archive_segment *left = a, *right = b;
	int order = compare(left->entry.start_wall_us, right->entry.start_wall_us);

	if (order == 0)
		order = (left->entry.segment_no > right->entry.segment_no) -
			(left->entry.segment_no < right->entry.segment_no);
	return order ? order : strncmp(left->entry.file, right->entry.file, sizeof(left->entry.file));
}

static int by_number(const void *a, const void *b)
{
	const struct archive_segment *left = a, *right = b;

	if (left->entry.segment_no != right->entry.segment_no)
		return left->entry.segment_no < right->entry.segment_no ? -1 : 1;
	return by_time(a, b);
}

/* Two files of one number; a copy of a segment beside it is no other one. */
static bool is_twin(const struct catalogue_entry *a, const struct catalogue_entry *b)
{
	return a->segment_no == b->segment_no && a->start_wall_us != b->start_wall_us;
}

/* The segments are sorted by number; true where one recorder can have made all of them. */
static bool numbers_are_consistent(const struct archive_segment *segments, size_t count)
{
	struct archive_boots boots = {0};
	size_t current = ARCHIVE_BOOT_UNKNOWN;
	bool hold = true;

	for (size_t i = 0; i < count && hold; i++) {
		const struct catalogue_entry *entry = &segments[i].entry;
		size_t known = boots.count, boot = archive_boots_find(&boots, entry);

		hold = i == 0 || !is_twin(&segments[i - 1].entry, entry);
		if (boot == ARCHIVE_BOOT_UNKNOWN)
			continue;
		hold &= boot == current || boot == known; /* the same as before, or a new one */
		hold &= entry->first_mono_us >= boots.list[boot].newest_mono_us;
		boots.list[boot].newest_mono_us = entry->first_mono_us;
		current = boot;
	}
	archive_boots_free(&boots);
	return hold;
}

void archive_sort(struct archive_segment *segments, size_t count)
{
	if (count < 2)
		return;
	qsort(segments, count, sizeof(*segments), by_number);
	if (!numbers_are_consistent(segments, count))
		qsort(segments, count, sizeof(*segments), by_time);
}
