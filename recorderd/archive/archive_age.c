/* archive_age.c - how old each segment is. */
#include "recorderd/archive/archive_boots.h"
#include "recorderd/archive/archive_internal.h"

#include <string.h>

#include "shared/segment/retention.h"

/*
 * This boot. The monotonic clock says how old a segment of this boot is. If the machine was suspended since, the wall
 * clock says it, as far as the time in suspend can explain the difference. Setting the wall clock changes nothing.
 *
 * Another boot. The segment's own time and the wall clock say it. If the clock was set during that boot, or was
 * certainly wrong, the clock's last setting is applied to the whole boot too, and the later of the two times is used. A
 * time before the first recorder existed (a clock that starts in 1970) says nothing: such a segment counts as recorded
 * right after the one before it. A time in the future says nothing either: its age is unknown.
 *
 * In any case a segment is at least as old as the time, by the monotonic clock, for which this process has known it.
 *
 * Segments with an event are kept for retention.motion_hours if that is longer. Until the records of a segment have
 * been looked at, it counts as one with an event.
 *
 * The order of the segments makes none of them older, since an archive can be put together by copying in any order. Nor
 * does a clock that jumped: until it is synchronised, ages are counted back from where it would be without the jump.
 * It has jumped if it was set by more than an hour during this boot, or if nothing was recorded for longer than
 * retention.hours before this process started. In the second case, time is taken to continue at the end of the newest
 * segment.
 */

#define HOUR_US        (INT64_C(3600) * US_PER_S)
#define UNKNOWN_END_US INT64_MAX

/* The clocks now, and how far they are trusted. */
struct clocks {
	int64_t wall_us, mono_us;
	int64_t slept_us;   /* since the boot */
	int64_t keep_us;    /* retention.hours; 0: no limit */
	int64_t wait_us;    /* how much longer a segment is kept that is not in the store; 0: not at all */
	int64_t events_us;  /* the same for segments with an event */
	int64_t trusted_us; /* ages are counted back from here: wall_us, or less if that jumped */
	size_t boot;        /* index of this boot, or ARCHIVE_BOOT_UNKNOWN */
	bool synchronised;
};

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t keep_us_of(double hours)
{
	return hours <= 0                                        ? 0
	       : hours >= (double)CLOCK_MAX_US / (double)HOUR_US ? CLOCK_MAX_US
								 : (int64_t)(hours * (double)HOUR_US);
}

static bool is_of_this_boot(const struct clocks *now, const struct archive_segment_age *age,
			    const struct catalogue_entry *entry)
{
	return age->boot != ARCHIVE_BOOT_UNKNOWN && age->boot == now->boot &&
	       archive_boots_end_mono_us(entry) <= now->mono_us + HOUR_US;
}

/* True if the clock has not reached that time. A difference of up to an hour is ignored. */
static bool is_future(const struct clocks *now, int64_t us)
{
	return us > now->wall_us + HOUR_US;
}

/* If one monotonic time of a boot has two wall times, hours apart, somebody copied a file and changed its time. */
static void add_times(struct archive_boot *boot, const struct catalogue_entry *entry)
{
	int64_t end_mono_us = archive_boots_end_mono_us(entry), apart_us = entry->start_wall_us - boot->last_wall_us;

	boot->is_wrong |= boot->newest_mono_us >= 0 && boot->last_mono_us == entry->first_mono_us &&
			  (apart_us > HOUR_US || apart_us < -HOUR_US);
	boot->was_set |= entry->gap_cause == GAP_CLOCK;
	boot->last_mono_us = entry->first_mono_us;
	boot->last_wall_us = entry->start_wall_us;
	if (end_mono_us < boot->newest_mono_us)
		return;
	boot->newest_mono_us = end_mono_us;
	boot->offset_us = entry->end_wall_us - end_mono_us;
}

/* Finds the boot of each segment, and the last setting of its clock. */
static void find_boots(const struct archive *archive, struct archive_boots *boots, struct archive_segment_age *out)
{
	for (size_t i = 0; i < archive->count; i++) {
		const struct catalogue_entry *entry = &archive->segments[i].entry;

		out[i] = (struct archive_segment_age){.boot = archive_boots_find(boots, entry)};
		if (out[i].boot != ARCHIVE_BOOT_UNKNOWN)
			add_times(&boots->list[out[i].boot], entry);
	}
	for (size_t i = 0; i < archive->count; i++)
		if (out[i].boot != ARCHIVE_BOOT_UNKNOWN && boots->list[out[i].boot].is_wrong)
			out[i].boot = ARCHIVE_BOOT_UNKNOWN;
}

static struct clocks read_clocks(const struct archive *archive, struct archive_boots *boots)
{
	struct catalogue_entry this_boot = {0};
	struct clocks now = {
		.wall_us = wall_now().us,
		.mono_us = mono_now().us,
		.slept_us = clock_suspended_us(),
		.keep_us = keep_us_of(archive->retention.hours),
		.synchronised = archive_clock_is_synchronised(),
	};

	if (archive->retention.wait_hours > 0 && archive_store_is_used(archive))
		now.wait_us = keep_us_of(archive->retention.wait_hours);
	now.events_us = later(now.keep_us, keep_us_of(archive->retention.motion_hours));
	clock_boot_id(this_boot.boot_id);
	now.boot = archive_boots_find(boots, &this_boot);
	now.trusted_us = now.wall_us;
	return now;
}

/* If the clock was set during this boot, ages are counted from the earliest time that it would show otherwise. */
static void detect_clock_set(const struct archive *archive, const struct archive_segment_age *ages, struct clocks *now,
			     unsigned *doubts)
{
	for (size_t i = 0; i < archive->count; i++) {
		const struct catalogue_entry *entry = &archive->segments[i].entry;
		int64_t then_us = entry->start_wall_us - entry->first_mono_us + now->mono_us;
		int64_t set_by_us = now->wall_us - then_us;

		if (!is_of_this_boot(now, &ages[i], entry) ||
		    (set_by_us >= -HOUR_US && set_by_us <= now->slept_us + HOUR_US))
			continue;
		*doubts |= RETENTION_DELAY_CLOCK_SET;
		now->trusted_us = earlier(now->trusted_us, then_us);
	}
}

/* True of the time of a clock that has never been set, and of a time in the future. */
static bool is_impossible(const struct clocks *now, int64_t us)
{
	return us < RETENTION_EARLIEST_US || is_future(now, us);
}

/* The end of a segment of another boot by that boot's wall clock, or, if that was set, the later of its two times.
 * UNKNOWN_END_US if both are in the future. */
static int64_t own_end_us(const struct clocks *now, const struct archive_boots *boots,
			  const struct archive_segment_age *age, const struct catalogue_entry *entry)
{
	const struct archive_boot *boot = age->boot == ARCHIVE_BOOT_UNKNOWN ? NULL : &boots->list[age->boot];
	int64_t end_us = is_future(now, entry->end_wall_us) ? INT64_MIN : entry->end_wall_us;

	if (boot && (boot->was_set || is_impossible(now, entry->end_wall_us))) {
		int64_t set_us = archive_boots_end_mono_us(entry) + boot->offset_us;

		if (!is_future(now, set_us))
			end_us = later(end_us, set_us);
	}
	return end_us == INT64_MIN ? UNKNOWN_END_US : end_us;
}

/* Computes the ends of the segments of other boots, in the order of the list. */
static void find_ends(const struct archive *archive, const struct archive_boots *boots, const struct clocks *now,
		      struct archive_segment_age *out)
{
	int64_t latest_us = INT64_MIN; /* of the segments before this one */

	for (size_t i = 0; i < archive->count; i++) {
		const struct catalogue_entry *entry = &archive->segments[i].entry;

		if (is_of_this_boot(now, &out[i], entry))
			continue;
		out[i].end_us = own_end_us(now, boots, &out[i], entry);
		if (out[i].end_us < RETENTION_EARLIEST_US && !is_future(now, entry->last_wall_us))
			out[i].end_us = later(out[i].end_us, later(latest_us, entry->last_wall_us));
		if (out[i].end_us != UNKNOWN_END_US)
			latest_us = later(latest_us, out[i].end_us);
	}
}

/* True if other boots recorded nothing for so long that the clock may have jumped forward since. */
static bool detect_clock_jump(const struct archive *archive, const struct archive_segment_age *ages, struct clocks *now)
{
	int64_t uptime_us = now->mono_us - archive->opened_mono_us, newest_us = INT64_MIN;

	for (size_t i = 0; i < archive->count; i++)
		if (!is_of_this_boot(now, &ages[i], &archive->segments[i].entry) && ages[i].end_us != UNKNOWN_END_US)
			newest_us = later(newest_us, ages[i].end_us);
	if (newest_us == INT64_MIN || now->trusted_us - uptime_us - newest_us <= later(now->keep_us, HOUR_US))
		return false;
	now->trusted_us = newest_us + uptime_us;
	return true;
}

static int64_t age_in_this_boot_us(const struct clocks *now, const struct catalogue_entry *entry)
{
	int64_t mono_us = now->mono_us - archive_boots_end_mono_us(entry);
	int64_t wall_us = now->wall_us - entry->end_wall_us;
	bool slept = now->slept_us > 0 && wall_us > mono_us && wall_us <= mono_us + now->slept_us + US_PER_S;

	return slept ? wall_us : mono_us;
}

/* Assesses one segment. True if it is kept only because the clock is doubtful. */
static bool assess(const struct clocks *now, const struct archive_segment *segment, struct archive_segment_age *age)
{
	bool kept_by_doubt = false;
	bool events = segment->motion != MOTION_LISTED || segment->activity == ACTIVITY_EVENTS ||
		      segment->activity == ACTIVITY_FAINT;
	int64_t keep_us = (events ? now->events_us : now->keep_us) + (segment->shipped ? 0 : now->wait_us);

	if (is_of_this_boot(now, age, &segment->entry)) {
		int64_t age_us = age_in_this_boot_us(now, &segment->entry);

		age->end_us = now->wall_us - age_us;
		age->old = age_us > keep_us;
	} else if (age->end_us != UNKNOWN_END_US) {
		age->old = now->trusted_us - age->end_us > keep_us;
		kept_by_doubt = !age->old && now->wall_us - age->end_us > keep_us;
	}
	if (!is_of_this_boot(now, age, &segment->entry))
		age->old |= now->mono_us - segment->seen_mono_us > keep_us;
	if (now->keep_us == 0)
		age->old = false;
	return kept_by_doubt && !age->old && now->keep_us;
}

/* The end of the first segment of this boot; now, if there is none. */
static int64_t first_of_this_boot_us(const struct archive *archive, const struct clocks *now,
				     const struct archive_segment_age *ages)
{
	int64_t first_us = now->wall_us;

	for (size_t i = 0; i < archive->count; i++)
		if (is_of_this_boot(now, &ages[i], &archive->segments[i].entry))
			first_us = earlier(first_us, ages[i].end_us);
	return first_us;
}

/* A segment of unknown age counts as recorded right before the next one of known age, and before this boot. True if any
 * such segment is kept. */
static bool place_undated(const struct archive *archive, const struct clocks *now, struct archive_segment_age *ages)
{
	int64_t next_us = first_of_this_boot_us(archive, now, ages), this_boot_us = next_us;
	bool any = false;

	for (size_t i = archive->count; i-- > 0;) {
		if (ages[i].end_us == UNKNOWN_END_US) {
			ages[i].end_us = earlier(next_us, this_boot_us);
			any |= !ages[i].old;
		}
		next_us = ages[i].end_us;
	}
	return any;
}

void archive_age_assess(struct archive *archive, struct archive_segment_age *out)
{
	struct archive_boots boots = {0};
	unsigned doubts = 0;
	bool kept_by_doubt = false;

	find_boots(archive, &boots, out);
	struct clocks now = read_clocks(archive, &boots);
	detect_clock_set(archive, out, &now, &doubts);
	if (now.synchronised)
		now.trusted_us = now.wall_us;
	find_ends(archive, &boots, &now, out);
	bool jumped = !now.synchronised && detect_clock_jump(archive, out, &now);
	for (size_t i = 0; i < archive->count; i++)
		kept_by_doubt |= assess(&now, &archive->segments[i], &out[i]);
	if (now.synchronised)
		doubts = 0;
	if (jumped && kept_by_doubt)
		doubts |= RETENTION_DELAY_CLOCK_JUMPED;
	if (place_undated(archive, &now, out) && now.keep_us)
		doubts |= RETENTION_DELAY_FUTURE;
	atomic_store(&archive->clock_doubts, doubts);
	archive->trusted_wall_us = now.trusted_us;
	archive->ages_mono_us = now.mono_us;
	archive_boots_free(&boots);
}
