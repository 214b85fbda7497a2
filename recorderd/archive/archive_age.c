/*
 * archive_age.c - how old each segment is: see archive_age_assess() in archive_internal.h.
 *
 * A segment of this boot is as old as the monotonic clock says, and where the machine slept meanwhile as the wall clock
 * says, as far as the sleep allows it. No clock that is set changes that.
 *
 * A segment of another boot is as old as its own time and the wall clock say. Where the clock was set in the course of
 * that boot, or was wrong beyond doubt, its last setting counts for all of it too, and of the two times the later one.
 * A time before the first recorder was made (a clock that begins in 1970) says nothing: such a segment is as young as
 * what was recorded before it. A time later than now says nothing either: how old the segment is is not known.
 *
 * A segment of another boot that this process has had for that long by the monotonic clock is at least so old, whatever
 * it and the wall clock say.
 *
 * No order of segments makes any of them older: an archive can be copied together in every order. And no clock does
 * that jumped: until somebody synchronises it, ages count back from where it would be without the jump. It has jumped
 * where it was set by more than an hour in this boot, or where nothing was recorded for longer than retention.hours
 * before this process began; in the second case it goes on from the end of the newest segment.
 */
#include "recorderd/archive/archive_boots.h"
#include "recorderd/archive/archive_internal.h"

#include <string.h>
#include <sys/timex.h>

#include "shared/segment/retention.h"

#define HOUR_US        (INT64_C(3600) * US_PER_S)
#define UNKNOWN_END_US INT64_MAX

/* The clocks now, and what they are believed. */
struct clocks {
	int64_t wall_us, mono_us;
	int64_t slept_us; /* since the boot */
	int64_t keep_us;  /* retention.hours; 0: no limit */
	int64_t sure_us;  /* what ages count back from: wall_us, or less where that jumped */
	size_t boot;      /* this one's place, or ARCHIVE_BOOT_UNKNOWN */
	bool synchronised;
};

static bool clock_is_synchronised(void)
{
	struct timex state = {0};

	int answer = adjtimex(&state); /* -1: a sandbox forbids to ask */

	return answer >= 0 && answer != TIME_ERROR && !(state.status & STA_UNSYNC);
}

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

static bool is_of_this_boot(const struct clocks *now, const struct archive_segment_age *verdict,
			    const struct catalogue_entry *entry)
{
	return verdict->boot != ARCHIVE_BOOT_UNKNOWN && verdict->boot == now->boot &&
	       archive_boots_end_mono_us(entry) <= now->mono_us + HOUR_US;
}

/* A time that the clock has not reached; an hour is not worth a doubt. */
static bool is_future(const struct clocks *now, int64_t us)
{
	return us > now->wall_us + HOUR_US;
}

/* A boot in which two hours had one monotonic time is none: somebody copied a file and changed its time. */
static void note_times(struct archive_boot *boot, const struct catalogue_entry *entry)
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

/* Enters the boot of each segment, and what its clock was set to at last. */
static void find_boots(const struct archive *archive, struct archive_boots *boots, struct archive_segment_age *out)
{
	for (size_t i = 0; i < archive->count; i++) {
		const struct catalogue_entry *entry = &archive->segments[i].entry;

		out[i] = (struct archive_segment_age){.boot = archive_boots_find(boots, entry)};
		if (out[i].boot != ARCHIVE_BOOT_UNKNOWN)
			note_times(&boots->list[out[i].boot], entry);
	}
	for (size_t i = 0; i < archive->count; i++)
		if (out[i].boot != ARCHIVE_BOOT_UNKNOWN && boots->list[out[i].boot].is_wrong)
			out[i].boot = ARCHIVE_BOOT_UNKNOWN;
}

static struct clocks read_clocks(const struct archive *archive, struct archive_boots *boots)
{
	struct catalogue_entry here = {0};
	struct clocks now = {
		.wall_us = wall_now().us,
		.mono_us = mono_now().us,
		.slept_us = clock_suspended_us(),
		.keep_us = keep_us_of(archive->retention.hours),
		.synchronised = clock_is_synchronised(),
	};

	clock_boot_id(here.boot_id);
	now.boot = archive_boots_find(boots, &here);
	now.sure_us = now.wall_us;
	return now;
}

/* Where the clock was set in this boot: the earliest that it would be without that. */
static void detect_clock_set(const struct archive *archive, const struct archive_segment_age *verdicts,
			     struct clocks *now, unsigned *doubts)
{
	for (size_t i = 0; i < archive->count; i++) {
		const struct catalogue_entry *entry = &archive->segments[i].entry;
		int64_t then_us = entry->start_wall_us - entry->first_mono_us + now->mono_us;
		int64_t set_by_us = now->wall_us - then_us;

		if (!is_of_this_boot(now, &verdicts[i], entry) ||
		    (set_by_us >= -HOUR_US && set_by_us <= now->slept_us + HOUR_US))
			continue;
		*doubts |= RETENTION_DELAY_CLOCK_SET;
		now->sure_us = earlier(now->sure_us, then_us);
	}
}

/* A time that a clock had before it was set for the first time, or one that it has not come to. */
static bool is_impossible(const struct clocks *now, int64_t us)
{
	return us < RETENTION_EARLIEST_US || is_future(now, us);
}

/* The end of a segment of another boot by that boot's wall clock; the later one, where it was set, but none that is
 * later than now. */
static int64_t own_end_us(const struct clocks *now, const struct archive_boots *boots,
			  const struct archive_segment_age *verdict, const struct catalogue_entry *entry)
{
	const struct archive_boot *boot = verdict->boot == ARCHIVE_BOOT_UNKNOWN ? NULL : &boots->list[verdict->boot];
	int64_t end_us = is_future(now, entry->end_wall_us) ? INT64_MIN : entry->end_wall_us;

	if (boot && (boot->was_set || is_impossible(now, entry->end_wall_us))) {
		int64_t set_us = archive_boots_end_mono_us(entry) + boot->offset_us;

		if (!is_future(now, set_us))
			end_us = later(end_us, set_us);
	}
	return end_us == INT64_MIN ? UNKNOWN_END_US : end_us;
}

/* Ends of the other boots' segments, in the order of the list. */
static void find_ends(const struct archive *archive, const struct archive_boots *boots, const struct clocks *now,
		      struct archive_segment_age *out)
{
	int64_t latest_us = INT64_MIN; /* of what was recorded before */

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

/* Nothing of other boots for so long: who knows what the clock did meanwhile. */
static bool detect_clock_jump(const struct archive *archive, const struct archive_segment_age *verdicts,
			      struct clocks *now)
{
	int64_t had_us = now->mono_us - archive->opened_mono_us, newest_us = INT64_MIN;

	for (size_t i = 0; i < archive->count; i++)
		if (!is_of_this_boot(now, &verdicts[i], &archive->segments[i].entry) &&
		    verdicts[i].end_us != UNKNOWN_END_US)
			newest_us = later(newest_us, verdicts[i].end_us);
	if (newest_us == INT64_MIN || now->sure_us - had_us - newest_us <= later(now->keep_us, HOUR_US))
		return false;
	now->sure_us = newest_us + had_us;
	return true;
}

static int64_t age_in_this_boot_us(const struct clocks *now, const struct catalogue_entry *entry)
{
	int64_t mono_us = now->mono_us - archive_boots_end_mono_us(entry), wall_us = now->wall_us - entry->end_wall_us;
	bool slept = now->slept_us > 0 && wall_us > mono_us && wall_us <= mono_us + now->slept_us + US_PER_S;

	return slept ? wall_us : mono_us;
}

/* Judges one; true where only the doubt about the clock keeps it. */
static bool judge(const struct clocks *now, const struct archive_segment *segment, struct archive_segment_age *verdict)
{
	bool kept_by_doubt = false;

	if (is_of_this_boot(now, verdict, &segment->entry)) {
		int64_t age_us = age_in_this_boot_us(now, &segment->entry);

		verdict->end_us = now->wall_us - age_us;
		verdict->old = age_us > now->keep_us;
	} else if (verdict->end_us != UNKNOWN_END_US) {
		verdict->old = now->sure_us - verdict->end_us > now->keep_us;
		kept_by_doubt = !verdict->old && now->wall_us - verdict->end_us > now->keep_us;
	}
	if (!is_of_this_boot(now, verdict, &segment->entry))
		verdict->old |= now->mono_us - segment->seen_mono_us > now->keep_us;
	if (now->keep_us == 0)
		verdict->old = false;
	return kept_by_doubt && !verdict->old && now->keep_us;
}

/* When the first segment of this boot ended; now, where there is none. */
static int64_t first_here_us(const struct archive *archive, const struct clocks *now,
			     const struct archive_segment_age *verdicts)
{
	int64_t first_us = now->wall_us;

	for (size_t i = 0; i < archive->count; i++)
		if (is_of_this_boot(now, &verdicts[i], &archive->segments[i].entry))
			first_us = earlier(first_us, verdicts[i].end_us);
	return first_us;
}

/* What has no time of its own counts as recorded right before the next one that has, and before this boot. True where
 * any of it stays. */
static bool place_undated(const struct archive *archive, const struct clocks *now, struct archive_segment_age *verdicts)
{
	int64_t next_us = first_here_us(archive, now, verdicts), here_us = next_us;
	bool any = false;

	for (size_t i = archive->count; i-- > 0;) {
		if (verdicts[i].end_us == UNKNOWN_END_US) {
			verdicts[i].end_us = earlier(next_us, here_us);
			any |= !verdicts[i].old;
		}
		next_us = verdicts[i].end_us;
	}
	return any;
}

void archive_age_assess(struct archive *archive, struct archive_segment_age *out)
{
	struct archive_boots boots = {0};
	struct clocks now;
	unsigned doubts = 0;
	bool leapt, kept_by_doubt = false;

	find_boots(archive, &boots, out);
	now = read_clocks(archive, &boots);
	detect_clock_set(archive, out, &now, &doubts);
	if (now.synchronised)
		now.sure_us = now.wall_us;
	find_ends(archive, &boots, &now, out);
	leapt = !now.synchronised && detect_clock_jump(archive, out, &now);
	for (size_t i = 0; i < archive->count; i++)
		kept_by_doubt |= judge(&now, &archive->segments[i], &out[i]);
	if (now.synchronised)
		doubts = 0;
	if (leapt && kept_by_doubt)
		doubts |= RETENTION_DELAY_CLOCK_JUMPED;
	if (place_undated(archive, &now, out) && now.keep_us)
		doubts |= RETENTION_DELAY_FUTURE;
	archive->clock_doubts = doubts;
	archive->trusted_wall_us = now.sure_us;
	archive->ages_mono_us = now.mono_us;
	archive_boots_free(&boots);
}
