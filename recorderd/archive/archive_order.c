/* archive_order.c - sorts segments into the order of recording. */
#include "recorderd/archive/archive_boots.h"
#include "recorderd/archive/archive_internal.h"

#include <stdlib.h>
#include <string.h>

/*
 * A recorder numbers its segments upwards, even if the clock is set or the machine restarts, so the numbers give the
 * order. They do not if the folder holds segments of more than one recorder, because a backup or another archive was
 * copied into it. That shows if two segments have the same number, if the segments of one boot are on both sides of
 * another boot's, or if they contradict their own monotonic times. Then the order of their wall times is used.
 */

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

/* True of two segments that share a number. A copy of a segment beside the original does not count as a second one. */
static bool share_number(const struct catalogue_entry *a, const struct catalogue_entry *b)
{
	return a->segment_no == b->segment_no && a->start_wall_us != b->start_wall_us;
}

/* True if one recorder can have made all of them. They are sorted by number. */
static bool numbers_are_consistent(const struct archive_segment *segments, size_t count)
{
	struct archive_boots boots = {0};
	size_t current = ARCHIVE_BOOT_UNKNOWN;
	bool consistent = true;

	for (size_t i = 0; i < count && consistent; i++) {
		const struct catalogue_entry *entry = &segments[i].entry;
		size_t known = boots.count, boot = archive_boots_find(&boots, entry);

		consistent = i == 0 || !share_number(&segments[i - 1].entry, entry);
		if (boot == ARCHIVE_BOOT_UNKNOWN)
			continue;
		consistent &= boot == current || boot == known; /* the same as before, or a new one */
		consistent &= entry->first_mono_us >= boots.list[boot].newest_mono_us;
		boots.list[boot].newest_mono_us = entry->first_mono_us;
		current = boot;
	}
	archive_boots_free(&boots);
	return consistent;
}

void archive_sort(struct archive_segment *segments, size_t count)
{
	if (count < 2)
		return;
	qsort(segments, count, sizeof(*segments), by_number);
	if (!numbers_are_consistent(segments, count))
		qsort(segments, count, sizeof(*segments), by_time);
}
