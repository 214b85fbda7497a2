/* motion_walk.c - goes through the records of a range. */
#include "fcgi/motion/motion_walk.h"

#include <errno.h>
#include <stdlib.h>

#include "fcgi/motion/motion_hour.h"
#include "fcgi/motion/motion_sources.h"

struct progress {
	struct motion_walk *walk;
	struct motion_sources sources;
	struct motion_hour *hour; /* owned */
	bool enough;              /* the caller needs no more records */
};

static void pass_seconds(struct progress *progress)
{
	const struct motion_walk *walk = progress->walk;
	const struct motion_hour *hour = progress->hour;
	const struct second_bits *bits = &hour->present;
	int second = walk->backwards ? second_bits_previous(bits, hour->to) : second_bits_next(bits, hour->from);

	while (second >= 0 && !progress->enough) {
		progress->enough = !walk->on_second(&hour->records[second], walk->context);
		second = walk->backwards ? second_bits_previous(bits, second) : second_bits_next(bits, second + 1);
	}
}

/* Of a walk backwards the spans of an hour are in order, but the hours are not: see motion_walk_run(). */
static void note_covered(struct progress *progress)
{
	const struct motion_hour *hour = progress->hour;
	struct motion_spans rows = {0}, *covered = progress->walk->covered;

	for (int at = hour->from; (at = second_bits_next(&hour->known, at)) >= 0;) {
		int end = second_bits_row_end(&hour->known, at);
		motion_spans_append(progress->walk->backwards ? &rows : covered, hour->from_second + at,
				    hour->from_second + end);
		at = end;
		if (at >= MOTION_HOUR_SECONDS)
			break;
	}
	for (size_t i = rows.count; i-- > 0;)
		motion_spans_prepend(covered, rows.items[i].from_second, rows.items[i].to_second);
	covered->failed |= rows.failed;
	motion_spans_free(&rows);
}

static bool overlaps(const struct motion_source *source, int64_t hour_second)
{
	return source->entry.first_second < hour_second + MOTION_HOUR_SECONDS && source->entry.end_second > hour_second;
}

static bool walk_hour(struct progress *progress, int64_t hour_second)
{
	const struct motion_walk *walk = progress->walk;
	bool found = false;

	motion_hour_begin(progress->hour, hour_second, walk->from_second, walk->to_second);
	for (size_t i = 0; i < progress->sources.count; i++) {
		const struct motion_source *source = &progress->sources.items[i];
		if (!overlaps(source, hour_second))
			continue;
		found = true;
		if (!motion_hour_add(progress->hour, walk->folder, source, progress->enough ? NULL : walk->need))
			return false;
	}
	if (found && !progress->enough)
		pass_seconds(progress);
	if (found && walk->covered)
		note_covered(progress);
	return true;
}

/* The first number of a period of `length` seconds that has the range, and the last one. */
static void periods(int64_t from_second, int64_t to_second, int64_t length, int64_t *first, int64_t *last)
{
	*first = from_second / length;
	*last = (to_second - 1) / length;
}

static bool walk_day(struct progress *progress, int64_t day)
{
	const struct motion_walk *walk = progress->walk;
	int64_t from = day * MOTION_DAY_SECONDS, to = from + MOTION_DAY_SECONDS, first, last;

	if (!motion_sources_load(&progress->sources, day))
		return false;
	if (progress->sources.count == 0)
		return true;
	periods(walk->from_second > from ? walk->from_second : from, walk->to_second < to ? walk->to_second : to,
		MOTION_HOUR_SECONDS, &first, &last);
	for (int64_t i = 0; i <= last - first; i++)
		if (!walk_hour(progress, (walk->backwards ? last - i : first + i) * MOTION_HOUR_SECONDS))
			return false;
	return true;
}

static bool walk_days(struct progress *progress)
{
	const struct motion_walk *walk = progress->walk;
	int64_t first, last;

	periods(walk->from_second, walk->to_second, MOTION_DAY_SECONDS, &first, &last);
	for (int64_t i = 0; i <= last - first; i++) {
		if (progress->enough && !walk->covered)
			return true;
		if (!walk_day(progress, walk->backwards ? last - i : first + i))
			return false;
	}
	return true;
}

bool motion_walk_run(struct motion_walk *walk)
{
	struct progress progress = {.walk = walk};

	walk->settled = false;
	if (walk->from_second >= walk->to_second)
		return true;
	progress.hour = malloc(sizeof(*progress.hour));
	if (progress.hour)
		progress.hour->lost = false;
	bool good = progress.hour &&
		    motion_sources_open(&progress.sources, walk->folder, walk->from_second, walk->to_second) &&
		    walk_days(&progress);
	int error = errno;
	if (progress.hour)
		walk->settled = good && !progress.hour->lost && motion_sources_settled(&progress.sources);
	if (walk->covered && walk->backwards)
		motion_spans_reverse(walk->covered);
	if (walk->covered && walk->covered->failed) {
		good = false;
		error = ENOMEM;
	}
	if (progress.hour)
		motion_sources_close(&progress.sources);
	free(progress.hour);
	errno = error;
	return good;
}
