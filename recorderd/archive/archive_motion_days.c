/* archive_motion_days.c - which lists of days differ from what is in the folder. */
#include "recorderd/archive/archive_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/base/log.h"

struct motion_day_state *archive_motion_day(struct archive_motion *motion, int64_t day)
{
	for (size_t i = motion->day_count; i-- > 0;)
		if (motion->days[i].day == day)
			return &motion->days[i];
	if (motion->day_count == motion->day_capacity) {
		size_t capacity = motion->day_capacity ? motion->day_capacity * 2 : 16;
		struct motion_day_state *days = realloc(motion->days, capacity * sizeof(*days));
		if (!days)
			return NULL;
		motion->days = days;
		motion->day_capacity = capacity;
	}
	motion->days[motion->day_count] = (struct motion_day_state){.day = day, .kept_end = INT64_MAX};
	return &motion->days[motion->day_count++];
}

void archive_motion_changed(struct archive *archive, const struct archive_segment *segment)
{
	struct motion_day_state *day =
		segment->motion == MOTION_LISTED ? archive_motion_day(&archive->motion, segment->motion_day) : NULL;

	if (day)
		day->dirty = true;
	else if (segment->motion == MOTION_LISTED)
		log_warn("archive", "out of memory: the list of what moved keeps %s", segment->entry.file);
}

void archive_motion_keep(struct archive *archive, const char *file)
{
	struct archive_motion *motion = &archive->motion;
	char(*unlisted)[SEGMENT_FILE_BYTES] =
		realloc(motion->unlisted, (motion->unlisted_count + 1) * sizeof(*unlisted));

	if (!unlisted)
		return; /* the next start finds it */
	motion->unlisted = unlisted;
	snprintf(unlisted[motion->unlisted_count++], sizeof(*unlisted), "%s", file);
}

void archive_motion_free(struct archive_motion *motion)
{
	free(motion->days);
	free(motion->unlisted);
	*motion = (struct archive_motion){0};
}
