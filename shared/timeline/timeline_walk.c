/* timeline_walk.c - lists the spans and gaps of a range of wall time. */
#include "shared/timeline/timeline_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/timeline/timeline_internal.h"

/* Reports spans and gaps, each gap after the spans that were recorded before it. */
static void report_items(const struct walk *walk, const struct gap_candidate *gaps, size_t gap_count,
			 timeline_callback *callback, void *context)
{
	size_t gap = 0;

	for (size_t i = 0; i <= walk->span_count; i++) {
		for (; gap < gap_count && gaps[gap].spans_before <= i; gap++)
			callback(&(struct timeline_item){TIMELINE_GAP, gaps[gap].range.from_us, gaps[gap].range.to_us,
							 0, gaps[gap].cause},
				 context);
		if (i < walk->span_count)
			callback(&walk->spans[i], context);
	}
}

static bool report(const struct walk *walk, timeline_callback *callback, void *context)
{
	struct wall_range *covered = calloc(walk->span_count + 1, sizeof(*covered));
	struct gap_candidate *gaps = NULL;
	size_t gap_count = 0;
	bool good = covered;

	for (size_t i = 0; good && i < walk->span_count; i++)
		covered[i] = (struct wall_range){walk->spans[i].from_us, walk->spans[i].to_us};
	good = good && timeline_gaps_find(covered, walk->span_count, walk->candidates, walk->candidate_count, &gaps,
					  &gap_count);
	if (good)
		report_items(walk, gaps, gap_count, callback, context);
	else
		errno = ENOMEM;
	free(gaps);
	free(covered);
	return good;
}

/* How many complete segments there are before the first open one. */
static uint64_t count_closed(const struct catalogue *catalogue)
{
	struct catalogue_entry entry;
	uint64_t open, end;

	if (!catalogue_range(catalogue, INT64_MAX - 1, INT64_MAX, &open, &end))
		return 0;
	while (open < catalogue->entries && catalogue_read(catalogue, open, 1, &entry) == 1 &&
	       entry.state == CATALOGUE_COMPLETE)
		open++;
	return open;
}

/* Walks all complete segments, and remembers the walk if it can be relied on. */
static void walk_closed(struct walk *walk, const struct catalogue *catalogue, const struct folder_stamp *folder,
			uint64_t closed)
{
	struct walk kept;

	for (uint64_t number = 0; number < closed && walk->error == 0; number++)
		walk_one(walk, catalogue, number);
	if (walk->error != 0 || walk->unreadable || !folder->settled)
		return;
	if (walk_copy(walk, &kept)) {
		timeline_cache_set_snapshot(walk->cache, folder, catalogue, closed, &kept);
		return;
	}
	free(kept.spans);
	free(kept.candidates);
}

/*
 * Walks the whole archive: what is known of its complete segments, and then the others. False if that is not worth
 * it: nothing is known yet, and the range is not all of it.
 */
static bool walk_archive(struct walk *walk, const struct catalogue *catalogue, const struct folder_stamp *folder,
			 bool is_all)
{
	int64_t from_us = walk->from_us, to_us = walk->to_us;
	struct timeline_cache *cache = walk->cache;
	uint64_t closed;
	const struct walk *known = cache ? timeline_cache_snapshot(cache, folder, catalogue, &closed) : NULL;

	if (!known && (!cache || !is_all))
		return false;
	if (known) {
		int fd = walk->folder;
		if (!walk_copy(known, walk))
			return true;
		walk->folder = fd;
	} else {
		walk->from_us = INT64_MIN;
		walk->to_us = INT64_MAX;
		closed = count_closed(catalogue);
		walk_closed(walk, catalogue, folder, closed);
	}
	for (uint64_t number = closed; number < catalogue->entries && walk->error == 0; number++)
		walk_one(walk, catalogue, number);
	if (walk->error == 0)
		walk_clamp(walk, from_us, to_us);
	return true;
}

bool timeline_walk(struct timeline_cache *cache, int folder, int64_t from_us, int64_t to_us,
		   timeline_callback *callback, void *context)
{
	struct walk walk = {.folder = folder, .cache = cache, .from_us = from_us, .to_us = to_us};
	struct folder_stamp stamp = timeline_cache_stamp_folder(folder);
	struct catalogue catalogue;
	uint64_t number, end;

	enum catalogue_outcome outcome = catalogue_open(folder, &catalogue);
	if (outcome != CATALOGUE_OK)
		return outcome == CATALOGUE_MISSING;
	if (!catalogue_range(&catalogue, from_us, to_us, &number, &end))
		walk.error = EBADMSG;
	else if (!walk_archive(&walk, &catalogue, &stamp, number == 0 && end == catalogue.entries))
		walk_entries(&walk, &catalogue, walk_previous_existing(&walk, &catalogue, number), end);
	catalogue_close(&catalogue);
	bool good = walk.error == 0 && report(&walk, callback, context);
	int error = walk.error != 0 ? walk.error : errno;
	free(walk.spans);
	free(walk.candidates);
	errno = error;
	return good;
}
