/* segment_activity.c - whether something happened in a segment. */
#include "recorderd/lists/segment_activity.h"

#include "shared/motion/motion_event.h"

/* A segment is still only if nearly all of its seconds are known: what is unknown is not taken for nothing. */
static bool is_known(const struct catalogue_entry *segment, uint64_t records)
{
	int64_t seconds = (segment->end_wall_us - segment->start_wall_us) / US_PER_S;

	return seconds <= 0 ? records > 0 : records * 10 >= (uint64_t)seconds * 9;
}

enum segment_activity segment_activity_of_entry(const struct catalogue_entry *segment,
						const struct motion_list_entry *entry)
{
	struct motion_mask everywhere;

	motion_mask_fill(&everywhere);
	enum motion_strength strongest = motion_cells_strongest(&entry->cells, &everywhere);
	if (strongest >= MOTION_CLEAR)
		return ACTIVITY_EVENTS;
	if (strongest == MOTION_FAINT)
		return ACTIVITY_FAINT;
	/* The records may be of seconds in which nobody could tell what moves; the file says which. */
	if (entry->flags & (MOTION_LEARNING | MOTION_GLOBAL))
		return ACTIVITY_FAINT;
	return is_known(segment, entry->records) ? ACTIVITY_STILL : ACTIVITY_UNKNOWN;
}

/* Faint movement so near an end may be part of an event that the segment before or after this one completes. */
static bool is_near_an_end(const struct catalogue_entry *segment, int64_t second)
{
	int64_t first = segment->start_wall_us / US_PER_S, last = (segment->end_wall_us - 1) / US_PER_S;

	return second < first + MOTION_EVENT_JOIN_SECONDS || second > last - MOTION_EVENT_JOIN_SECONDS;
}

enum segment_activity segment_activity_of_records(const struct catalogue_entry *segment,
						  const struct motion_record *records, size_t count)
{
	struct motion_event_rule rule;
	struct motion_event_finder finder;
	struct motion_event event;
	uint64_t known = 0;
	bool shared = false;

	motion_event_rule_init(&rule);
	motion_event_finder_init(&finder, &rule);
	for (size_t i = 0; i < count; i++) {
		if (motion_event_add(&finder, &records[i], &event))
			return ACTIVITY_EVENTS;
		known += !(records[i].flags & (MOTION_LEARNING | MOTION_GLOBAL));
		shared |= is_near_an_end(segment, records[i].second) &&
			  motion_cells_strongest(&records[i].cells, &rule.mask) != MOTION_NONE;
	}
	if (motion_event_finish(&finder, &event) || shared)
		return ACTIVITY_EVENTS;
	return is_known(segment, known) ? ACTIVITY_STILL : ACTIVITY_UNKNOWN;
}
