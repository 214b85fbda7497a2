/* archive_retention.c - deletes the segments that retention no longer allows. */
#include "recorderd/archive/archive_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "recorderd/repair/motion_file.h"
#include "shared/base/log.h"

/*
 * A segment is deleted if it is older than retention.hours (archive_age.c), or if the archive exceeds retention.max_gb
 * or leaves less than retention.min_free_gb free. The oldest go first. With retention.motion_hours, segments with an
 * event may become older than that, and those that are known to be still go before all others. Segments are unlinked as
 * a whole and never truncated, so whoever is reading one can read it to its end. The open segment is never deleted. A
 * segment that could not be finished yet is deleted like any other, and it does not protect those after it. Files that
 * the repair set aside go before all segments to make room, and by age like them.
 *
 * If there is a store, a segment that is not in it is kept by age for retention.wait_hours longer. Space does not wait.
 *
 * Time decides which segments are the oldest, not their order in the list: a backup that was copied into the folder is
 * older than last night's recordings, whatever numbers both have.
 */

#define GB       1e9
#define RETRY_US (60 * US_PER_S) /* after a file could not be deleted */

static uint64_t bytes_of(const struct archive_segment *segment)
{
	const struct catalogue_entry *entry = &segment->entry;

	return entry->size_bytes + (entry->frames + 1) * INDEX_RECORD_BYTES + segment->motion_bytes;
}

static double free_bytes(const struct statvfs *disk)
{
	return (double)disk->f_bavail * (double)disk->f_frsize;
}

/*
 * A file that was deleted while somebody was reading it frees its space only when they are done. Until then that is no
 * reason to delete more, unless less than half of the space that should be free is free. The caller holds `lock`.
 */
static double update_held_bytes(struct archive *archive, double disk_free)
{
	double grown = (double)archive->segment_bytes - (double)archive->bytes_after;
	double returned = disk_free + grown - archive->free_bytes_after;

	if (returned > 0)
		archive->held_bytes = archive->held_bytes > returned ? archive->held_bytes - returned : 0;
	archive->free_bytes_after = disk_free;
	archive->bytes_after = archive->segment_bytes;
	if (disk_free < archive->retention.min_free_gb * GB / 2)
		archive->held_bytes = 0;
	return archive->held_bytes;
}

/* How many bytes have to go to bring the archive within its limits. The caller holds `lock`. */
static double excess_bytes(struct archive *archive, double disk_free)
{
	const struct config_retention *limit = &archive->retention;
	double free_soon = disk_free + update_held_bytes(archive, disk_free), excess = 0;
	double used = (double)archive->set_aside.bytes + (double)archive->motion.kept_bytes;

	archive->recorded_us = 0;
	for (size_t i = 0; i < archive->count; i++) {
		const struct catalogue_entry *entry = &archive->segments[i].entry;

		used += (double)bytes_of(&archive->segments[i]);
		archive->recorded_us += entry->end_wall_us - entry->start_wall_us;
	}
	if (limit->max_gb > 0 && used > limit->max_gb * GB)
		excess = used - limit->max_gb * GB;
	if (limit->min_free_gb > 0 && limit->min_free_gb * GB - free_soon > excess)
		excess = limit->min_free_gb * GB - free_soon;
	return excess;
}

struct candidate {
	size_t at;
	bool still;
	int64_t end_us;
};

/* Those in which nothing moved come first. */
static int oldest_first(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	if (left->still != right->still)
		return left->still ? -1 : 1;
	if (left->end_us != right->end_us)
		return left->end_us < right->end_us ? -1 : 1;
	return (left->at > right->at) - (left->at < right->at);
}

/* True unless the segment is the open one, or could not be deleted shortly before. The caller holds `lock`. */
static bool may_delete(struct archive *archive, const struct archive_segment *segment, int64_t now_us)
{
	if (segment->phase == PHASE_OPEN)
		return false;
	if (segment->retry_at_us <= now_us)
		return true;
	atomic_store(&archive->undeletable, true);
	return false;
}

/* Marks the oldest segments until `excess` bytes are marked. The caller holds `lock`. */
static void make_room(struct archive *archive, const struct archive_segment_age *ages, double excess, int64_t now_us)
{
	struct candidate *oldest = malloc(archive->count * sizeof(*oldest));
	bool prefers_events = archive->retention.motion_hours > 0;

	if (!oldest)
		return;
	for (size_t i = 0; i < archive->count; i++)
		oldest[i] = (struct candidate){i, prefers_events && archive->segments[i].activity == ACTIVITY_STILL,
					       ages[i].end_us};
	qsort(oldest, archive->count, sizeof(*oldest), oldest_first);
	for (size_t i = 0; i < archive->count && excess > 0; i++) {
		struct archive_segment *segment = &archive->segments[oldest[i].at];

		if (segment->deleting || !may_delete(archive, segment, now_us))
			continue;
		segment->deleting = true;
		excess -= (double)bytes_of(segment);
	}
	free(oldest);
}

/*
 * Marks the segments to be deleted, so that no list contains them any more, and copies them to `due`: first *old_count
 * segments that are too old, then those that make room. Returns how many there are. The caller holds `lock`.
 */
static size_t mark_due(struct archive *archive, double disk_free, const struct archive_segment_age *ages,
		       struct archive_segment *due, size_t *old_count)
{
	double excess = excess_bytes(archive, disk_free);
	int64_t now_us = mono_now().us;

	atomic_store(&archive->undeletable, false);
	*old_count = 0;
	for (size_t i = 0; i < archive->count; i++) {
		struct archive_segment *segment = &archive->segments[i];

		if (!ages[i].old || !may_delete(archive, segment, now_us))
			continue;
		segment->deleting = true;
		excess -= (double)bytes_of(segment);
		due[(*old_count)++] = *segment;
	}
	if (excess > 0)
		make_room(archive, ages, excess, now_us);
	size_t count = *old_count;
	for (size_t i = 0; i < archive->count; i++)
		if (archive->segments[i].deleting && !ages[i].old)
			due[count++] = archive->segments[i];
	if (count)
		atomic_store(&archive->lists_dirty, true);
	return count;
}

/* Takes the due segments off the list and returns them; the caller frees them. */
static struct archive_segment *unlist_due(struct archive *archive, double disk_free, size_t *count, size_t *old_count)
{
	struct archive_segment *due = NULL;

	*count = *old_count = 0;
	pthread_mutex_lock(&archive->lock);
	struct archive_segment_age *ages = calloc(archive->count + 1, sizeof(*ages));
	if (ages && archive->count)
		due = malloc(archive->count * sizeof(*due));
	if (ages)
		archive_age_assess(archive, ages);
	if (due)
		*count = mark_due(archive, disk_free, ages, due, old_count);
	pthread_mutex_unlock(&archive->lock);
	free(ages);
	return due;
}

static bool delete_files(int folder, const struct catalogue_entry *entry)
{
	char index[SEGMENT_FILE_BYTES];

	if (unlinkat(folder, entry->file, 0) < 0 && errno != ENOENT)
		return false;
	/* If this fails, the next start removes the index. */
	if (index_name(entry->file, index, sizeof(index)) && unlinkat(folder, index, 0) < 0 && errno != ENOENT)
		log_warn("archive", "cannot delete %s: %s", index, strerror(errno));
	log_info("archive", "deleted %s (retention)", entry->file);
	return true;
}

/* A segment has been deleted. Its .motion file goes too, unless motion.days keeps it. */
static void leave_motion(struct archive *archive, int folder, const struct archive_segment *segment)
{
	pthread_mutex_lock(&archive->lock);
	bool keep = archive->motion_days > 0 && segment->motion_bytes > 0;
	pthread_mutex_unlock(&archive->lock);
	if (!keep && !motion_file_remove(folder, segment->entry.file))
		log_warn("archive", "cannot delete the .motion file of %s: %s", segment->entry.file, strerror(errno));
	if (keep && segment->motion != MOTION_LISTED)
		archive_motion_keep(archive, segment->entry.file);
	archive_motion_changed(archive, segment);
}

static int by_file(const void *a, const void *b)
{
	const struct archive_segment *left = a, *right = b;

	return strncmp(left->entry.file, right->entry.file, sizeof(left->entry.file));
}

/* Removes deleted segments from the archive. The first `kept` of `due`, sorted by file, remain and are listed again. */
static void relist(struct archive *archive, const struct archive_segment *due, size_t kept)
{
	size_t remaining = 0;

	pthread_mutex_lock(&archive->lock);
	for (size_t i = 0; i < archive->count; i++) {
		struct archive_segment *segment = &archive->segments[i];
		bool keep = !segment->deleting || (kept && bsearch(segment, due, kept, sizeof(*due), by_file));

		if (!keep) {
			archive->segment_bytes -= segment->entry.size_bytes;
			continue;
		}
		if (segment->deleting)
			segment->retry_at_us = mono_now().us + RETRY_US;
		segment->deleting = false;
		archive->segments[remaining++] = *segment;
	}
	archive->count = remaining;
	pthread_mutex_unlock(&archive->lock);
	atomic_store(&archive->lists_dirty, true);
	if (kept)
		atomic_store(&archive->undeletable, true);
}

/* Counts a deleted segment at once: the next one may take long. */
static void count_deleted(struct archive *archive, const struct archive_segment *segment)
{
	struct archive_counters *counters = &archive->counters;
	bool lost = archive_store_is_used(archive) && !segment->shipped;

	pthread_mutex_lock(&archive->lock);
	counters->deleted_segments++;
	counters->deleted_bytes += segment->entry.size_bytes;
	if (lost && counters->deleted_unshipped++ == 0)
		counters->first_unshipped_wall_us = segment->entry.start_wall_us;
	bool first = lost && counters->deleted_unshipped == 1;
	pthread_mutex_unlock(&archive->lock);
	if (first)
		log_warn("archive", "%s is deleted, and not in the store; /health counts how many there are",
			 segment->entry.file);
}

/* Deletes the segments, and lists those again that cannot be deleted. Returns how many it deleted. */
static size_t delete_due(struct archive *archive, int folder, struct archive_segment *due, size_t count)
{
	size_t kept = 0;
	char text[160];

	for (size_t i = 0; i < count; i++) {
		if (delete_files(folder, &due[i].entry)) {
			leave_motion(archive, folder, &due[i]);
			count_deleted(archive, &due[i]);
			continue;
		}
		snprintf(text, sizeof(text), "cannot delete %s: %s", due[i].entry.file, strerror(errno));
		archive_set_error(archive, text);
		due[kept++] = due[i];
	}
	if (kept)
		qsort(due, kept, sizeof(*due), by_file);
	relist(archive, due, kept);
	return count - kept;
}

/* Space that was not freed at once is held by somebody who is reading. */
static void note_held(struct archive *archive, int folder, double free_before, double deleted_bytes)
{
	struct statvfs disk;

	if (fstatvfs(folder, &disk) < 0)
		return;
	pthread_mutex_lock(&archive->lock);
	double returned = free_bytes(&disk) - free_before;
	archive->held_bytes += deleted_bytes - (returned > 0 ? returned : 0);
	if (archive->held_bytes < 0)
		archive->held_bytes = 0;
	archive->free_bytes_after = free_bytes(&disk);
	archive->bytes_after = archive->segment_bytes;
	pthread_mutex_unlock(&archive->lock);
}

/* Publishes whether the files that were set aside could be deleted. */
static void note_set_aside(struct archive *archive, int error)
{
	char text[160];

	if (error) {
		snprintf(text, sizeof(text), "cannot delete damaged recordings (damaged_*): %s", strerror(error));
		archive_set_error(archive, text);
	}
	atomic_store(&archive->set_aside_undeletable, error != 0);
}

/* Deletes files that were set aside, by age or to make room. They count like recordings. */
static void delete_set_aside(struct archive *archive, int folder, struct statvfs *disk)
{
	int64_t before_us = INT64_MIN;
	bool untimed = false;

	pthread_mutex_lock(&archive->lock);
	bool some = archive->set_aside.files > 0;
	double excess = some ? excess_bytes(archive, free_bytes(disk)) : 0;
	if (archive->retention.hours > 0 && archive->trusted_wall_us != 0) {
		int64_t keep_us = (int64_t)(archive->retention.hours * 3600 * US_PER_S);
		before_us = archive->trusted_wall_us - keep_us;
		untimed = mono_now().us - archive->set_aside_since_us > keep_us;
	}
	pthread_mutex_unlock(&archive->lock);
	if (!some) {
		note_set_aside(archive, 0);
		return;
	}
	struct set_aside_files deleted = set_aside_delete(folder, before_us, untimed, excess);
	note_set_aside(archive, deleted.error);
	archive_count_set_aside(archive);
	if (!deleted.files)
		return;
	fstatvfs(folder, disk);
	pthread_mutex_lock(&archive->lock);
	archive->counters.deleted_segments += deleted.files;
	archive->counters.deleted_bytes += deleted.bytes;
	pthread_mutex_unlock(&archive->lock);
}

static size_t delete_expired(struct archive *archive, int folder, struct statvfs *disk)
{
	size_t count, old_count;
	double bytes = 0;
	struct reason why;

	archive_cached_make_room(archive, folder, disk);
	delete_set_aside(archive, folder, disk);
	struct archive_segment *due = unlist_due(archive, free_bytes(disk), &count, &old_count);
	if (count && !archive_write_lists(archive, false, &why))
		log_warn("archive", "%s", why.text);
	archive_cached_expire(archive, due, old_count);
	for (size_t i = 0; i < count; i++)
		bytes += (double)bytes_of(&due[i]);
	size_t deleted = count ? delete_due(archive, folder, due, count) : 0;
	if (count && deleted == count)
		note_held(archive, folder, free_bytes(disk), bytes);
	free(due);
	return deleted;
}

size_t archive_retention_run(struct archive *archive)
{
	int folder = archive_dup_folder(archive);
	struct statvfs disk;
	size_t deleted = 0;

	if (folder >= 0 && fstatvfs(folder, &disk) == 0)
		deleted = delete_expired(archive, folder, &disk);
	else
		archive_cached_expire(archive, NULL, 0); /* they may be on another disk */
	if (folder >= 0)
		close(folder);
	return deleted;
}
