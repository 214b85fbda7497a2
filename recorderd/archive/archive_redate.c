/* archive_redate.c - corrects the times of segments that were recorded while the clock was wrong. */
#include "recorderd/archive/archive_internal.h"

#include <string.h>
#include <unistd.h>

#include "recorderd/repair/segment_redate.h"
#include "shared/base/log.h"

/*
 * A segment has the boot and the monotonic time of its first frame, so its true time is known once the clock of that
 * boot is right: when it is synchronised, or, after another start of the machine, from a segment that was recorded once
 * it was. Each segment is corrected once. Until then the list says that answers may still change
 * (catalogue_header.unsettled_from_us).
 */

/*
 * What a clock that is right says of the boot of `entry`: wall time less monotonic time. False: that is not known.
 * *suspended: the machine was suspended in between, so the offset is not that of the segment.
 */
static bool find_offset(struct archive *archive, const struct catalogue_entry *entry, int64_t *offset_us,
			bool *suspended)
{
	uint8_t this_boot[16];
	bool found = false;

	clock_boot_id(this_boot);
	if (memcmp(entry->boot_id, this_boot, sizeof(this_boot)) == 0) {
		*offset_us = clock_offset_us();
		*suspended = clock_suspended_us() > 0;
		return archive_clock_is_synchronised();
	}
	*suspended = false;
	pthread_mutex_lock(&archive->lock);
	for (size_t i = 0; i < archive->count && !found; i++) {
		const struct catalogue_entry *other = &archive->segments[i].entry;

		if (memcmp(other->boot_id, entry->boot_id, sizeof(entry->boot_id)) != 0)
			continue;
		*suspended |= other->gap_cause == GAP_SUSPENDED && other->segment_no > entry->segment_no;
		found = other->flags & SEGMENT_CLOCK_SYNCHRONISED;
		if (found)
			*offset_us = other->start_wall_us - other->first_mono_us;
	}
	pthread_mutex_unlock(&archive->lock);
	return found;
}

/* Copies the next segment, from index *at on, whose times may be wrong. False if there is none. */
static bool next_doubtful(struct archive *archive, size_t *at, struct catalogue_entry *entry)
{
	bool found = false;

	pthread_mutex_lock(&archive->lock);
	for (; *at < archive->count && !found; ++*at) {
		const struct archive_segment *segment = &archive->segments[*at];

		found = segment->phase == PHASE_COMPLETE && segment->entry.flags & SEGMENT_CLOCK_DOUBTFUL;
		if (found)
			*entry = segment->entry;
	}
	pthread_mutex_unlock(&archive->lock);
	return found;
}

/* While a machine is suspended its monotonic clock stands still, so nobody knows when the frames before that were. */
static void keep_times(struct archive *archive, int folder, const struct catalogue_entry *entry)
{
	struct catalogue_entry settled = *entry;
	struct reason why;

	if (!segment_keep_times(folder, entry->file, &why))
		log_warn("archive", "cannot note in %s that its time stays: %s", entry->file, why.text);
	settled.flags &= (uint8_t)~SEGMENT_CLOCK_DOUBTFUL;
	archive_update_entry(archive, entry->file, &settled);
	log_warn("archive", "the time of %s may be wrong and cannot be corrected: the machine was suspended since",
		 entry->file);
}

/* False if it has to be tried again. */
static bool redate(struct archive *archive, int folder, const struct catalogue_entry *entry, int64_t first_wall_us,
		   int64_t last_wall_us, int64_t *new_end_us)
{
	struct catalogue_entry corrected = *entry;
	struct reason why;

	if (!segment_redate(folder, entry->file, first_wall_us, last_wall_us, &corrected, &why)) {
		if (!archive->redating_failed)
			log_error("archive", "cannot correct the time of %s: %s", entry->file, why.text);
		archive->redating_failed = true;
		if (strcmp(corrected.file, entry->file) != 0)
			archive_update_entry(archive, entry->file, &corrected);
		return false;
	}
	archive_update_entry(archive, entry->file, &corrected);
	*new_end_us = corrected.end_wall_us;
	if (strcmp(corrected.file, entry->file) != 0)
		log_info("archive", "the clock was wrong when %s was recorded; its time is corrected by %+.3f s: %s",
			 entry->file, (double)(first_wall_us - entry->start_wall_us) / 1e6, corrected.file);
	return true;
}

/*
 * A segment that cannot be corrected does not hold up those after it: the next round begins there. There is one such
 * attempt a round, since the keeper has other things to do, such as making room on a full disk.
 */
void archive_redate(struct archive *archive)
{
	int64_t offset_us, old_end_us = INT64_MIN, new_end_us = 0;
	struct catalogue_entry entry;
	size_t at = archive->redate_next;
	bool suspended;
	int folder = archive_dup_folder(archive);

	archive->redate_next = 0;
	while (folder >= 0 && !archive_is_stopping(archive) && next_doubtful(archive, &at, &entry)) {
		if (!find_offset(archive, &entry, &offset_us, &suspended))
			continue;
		if (suspended) {
			keep_times(archive, folder, &entry);
			continue;
		}
		int64_t last_us = entry.last_wall_us == old_end_us ? new_end_us : entry.last_wall_us;
		old_end_us = entry.end_wall_us;
		if (!redate(archive, folder, &entry, entry.first_mono_us + offset_us, last_us, &new_end_us)) {
			archive->redate_next = at;
			break;
		}
		archive->redating_failed = false;
	}
	if (folder >= 0)
		close(folder);
}
