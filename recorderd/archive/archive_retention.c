/*
 * archive_retention.c - which segments are deleted: older than retention.hours (archive_age.c), over retention.max_gb,
 * or in the way of retention.min_free_gb; the oldest first, whole, unlinked (never truncated: who reads one goes on to
 * its end), never the open one. One that could not be finished so far is no reason to keep it, nor what is behind it.
 * What the repair set aside goes before all of them, and with those of its age.
 *
 * Which are the oldest is a question of time, not of their order in the list: a backup that was copied into the folder
 * is older than what was recorded last night, whatever numbers both have.
 */
#include "recorderd/archive/archive_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "shared/base/log.h"

#define GB       1e9
#define AGAIN_US (60 * US_PER_S) /* until what could not be deleted is tried again */

static uint64_t bytes_of(const struct catalogue_entry *entry)
{
	return entry->size_bytes + (entry->frames + 1) * INDEX_RECORD_BYTES;
}

static double free_bytes(const struct statvfs *disk)
{
	return (double)disk->f_bavail * (double)disk->f_frsize;
}

/*
 * What was deleted while somebody read it comes back once they are done: it is no reason to delete more, unless the
 * disk comes to be half as free as it should. Called with `lock` held.
 */
static double held_bytes(struct archive *archive, double disk_free)
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

/* Bytes by which the archive is over its limits, on the whole. Called with `lock` held. */
static double excess_bytes(struct archive *archive, double disk_free)
{
	const struct config_retention *limit = &archive->retention;
	double free_soon = disk_free + held_bytes(archive, disk_free), used = (double)archive->aside.bytes, over = 0;

	for (size_t i = 0; i < archive->count; i++)
		used += (double)bytes_of(&archive->segments[i].entry);
	if (limit->max_gb > 0 && used > limit->max_gb * GB)
		over = used - limit->max_gb * GB;
	if (limit->min_free_gb > 0 && limit->min_free_gb * GB - free_soon > over)
		over = limit->min_free_gb * GB - free_soon;
	return over;
}

/* A segment, for the question which one goes next. */
struct candidate {
	size_t at;
	int64_t end_us;
};

static int oldest_first(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	if (left->end_us != right->end_us)
		return left->end_us < right->end_us ? -1 : 1;
	return (left->at > right->at) - (left->at < right->at);
}

/* True where the segment is to go now: the open one never does, and one that could not be deleted a moment ago waits.
 * Called with `lock` held. */
static bool may_go(struct archive *archive, const struct archive_segment *segment, int64_t now_us)
{
	if (segment->phase == PHASE_OPEN)
		return false;
	if (segment->again_at_us <= now_us)
		return true;
	archive->stuck = true;
	return false;
}

/* Has the oldest make room. Called with `lock` held. */
static void make_room(struct archive *archive, const struct archive_segment_age *verdicts, double over, int64_t now_us)
{
	struct candidate *oldest = malloc(archive->count * sizeof(*oldest));

	if (!oldest)
		return;
	for (size_t i = 0; i < archive->count; i++)
		oldest[i] = (struct candidate){i, verdicts[i].end_us};
	qsort(oldest, archive->count, sizeof(*oldest), oldest_first);
	for (size_t i = 0; i < archive->count && over > 0; i++) {
		struct archive_segment *segment = &archive->segments[oldest[i].at];

		if (segment->leaving || !may_go(archive, segment, now_us))
			continue;
		segment->leaving = true;
		over -= (double)bytes_of(&segment->entry);
	}
	free(oldest);
}

/* Marks the segments to be deleted: from now on no list names them. *old is told how many of them, which stand first in
 * `due`, go by age. Called with `lock` held. */
static size_t pick(struct archive *archive, double disk_free, const struct archive_segment_age *verdicts,
		   struct archive_segment *due, size_t *old)
{
	double over = excess_bytes(archive, disk_free);
	int64_t now_us = mono_now().us;
	size_t count;

	archive->stuck = false;
	*old = 0;
	for (size_t i = 0; i < archive->count; i++) {
		struct archive_segment *segment = &archive->segments[i];

		if (!verdicts[i].old || !may_go(archive, segment, now_us))
			continue;
		segment->leaving = true;
		over -= (double)bytes_of(&segment->entry);
		due[(*old)++] = *segment;
	}
	if (over > 0)
		make_room(archive, verdicts, over, now_us);
	count = *old;
	for (size_t i = 0; i < archive->count; i++)
		if (archive->segments[i].leaving && !verdicts[i].old)
			due[count++] = archive->segments[i];
	archive->unlisted |= count > 0;
	return count;
}

/* What is due; the caller frees it. */
static struct archive_segment *take_off(struct archive *archive, double disk_free, size_t *count, size_t *old)
{
	struct archive_segment *due = NULL;
	struct archive_segment_age *verdicts;

	*count = *old = 0;
	pthread_mutex_lock(&archive->lock);
	verdicts = calloc(archive->count + 1, sizeof(*verdicts));
	if (verdicts && archive->count)
		due = malloc(archive->count * sizeof(*due));
	if (verdicts)
		archive_age_assess(archive, verdicts);
	if (due)
		*count = pick(archive, disk_free, verdicts, due, old);
	pthread_mutex_unlock(&archive->lock);
	free(verdicts);
	return due;
}

static bool delete_files(int folder, const struct catalogue_entry *entry)
{
	char index[SEGMENT_FILE_BYTES];

	if (unlinkat(folder, entry->file, 0) < 0 && errno != ENOENT)
		return false;
	/* The next start removes an index without a segment. */
	if (index_name(entry->file, index, sizeof(index)) && unlinkat(folder, index, 0) < 0 && errno != ENOENT)
		log_warn("archive", "cannot delete %s: %s", index, strerror(errno));
	log_info("archive", "deleted %s (retention)", entry->file);
	return true;
}

static int by_file(const void *a, const void *b)
{
	const struct archive_segment *left = a, *right = b;

	return strncmp(left->entry.file, right->entry.file, sizeof(left->entry.file));
}

/* Takes what was deleted off the list; the `kept` ones of `due`, sorted by file, are listed again. */
static void settle(struct archive *archive, const struct archive_segment *due, size_t kept)
{
	size_t left = 0;

	pthread_mutex_lock(&archive->lock);
	for (size_t i = 0; i < archive->count; i++) {
		struct archive_segment *segment = &archive->segments[i];
		bool stays = !segment->leaving || (kept && bsearch(segment, due, kept, sizeof(*due), by_file));

		if (!stays) {
			archive->segment_bytes -= segment->entry.size_bytes;
			continue;
		}
		if (segment->leaving)
			segment->again_at_us = mono_now().us + AGAIN_US;
		segment->leaving = false;
		archive->segments[left++] = *segment;
	}
	archive->count = left;
	archive->unlisted = true;
	archive->stuck |= kept > 0;
	pthread_mutex_unlock(&archive->lock);
}

/* Deletes them, and lists again what cannot be deleted. The number of those that are gone. */
static size_t delete_due(struct archive *archive, int folder, struct archive_segment *due, size_t count)
{
	struct archive_counters gone = {0};
	size_t kept = 0;
	char text[160];

	for (size_t i = 0; i < count; i++) {
		if (delete_files(folder, &due[i].entry)) {
			gone.deleted_segments++;
			gone.deleted_bytes += due[i].entry.size_bytes;
			continue;
		}
		snprintf(text, sizeof(text), "cannot delete %s: %s", due[i].entry.file, strerror(errno));
		archive_set_error(archive, text);
		due[kept++] = due[i];
	}
	if (kept)
		qsort(due, kept, sizeof(*due), by_file);
	settle(archive, due, kept);
	pthread_mutex_lock(&archive->lock);
	archive->tally.deleted_segments += gone.deleted_segments;
	archive->tally.deleted_bytes += gone.deleted_bytes;
	pthread_mutex_unlock(&archive->lock);
	return count - kept;
}

/* What did not come back at once is held by somebody who reads it. */
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

/* Whether what was set aside could be deleted where it had to be. */
static void note_aside(struct archive *archive, int error)
{
	char text[160];

	if (error) {
		snprintf(text, sizeof(text), "cannot delete damaged recordings that were set aside: %s",
			 strerror(error));
		archive_set_error(archive, text);
	}
	pthread_mutex_lock(&archive->lock);
	archive->set_aside_stuck = error != 0;
	pthread_mutex_unlock(&archive->lock);
}

/* What the repair set aside counts like recordings, goes before them, and goes with those of its age. */
static void aside_yield(struct archive *archive, int folder, struct statvfs *disk)
{
	int64_t before_us = INT64_MIN;
	bool untimed = false;
	struct set_aside_files gone;

	pthread_mutex_lock(&archive->lock);
	bool some = archive->aside.files > 0;
	double over = some ? excess_bytes(archive, free_bytes(disk)) : 0;
	if (archive->retention.hours > 0 && archive->trusted_wall_us != 0) {
		int64_t keep_us = (int64_t)(archive->retention.hours * 3600 * US_PER_S);
		before_us = archive->trusted_wall_us - keep_us;
		untimed = mono_now().us - archive->set_aside_since_us > keep_us;
	}
	pthread_mutex_unlock(&archive->lock);
	if (!some) {
		note_aside(archive, 0);
		return;
	}
	gone = set_aside_delete(folder, before_us, untimed, over);
	note_aside(archive, gone.error);
	archive_count_set_aside(archive);
	if (!gone.files)
		return;
	fstatvfs(folder, disk);
	pthread_mutex_lock(&archive->lock);
	archive->tally.deleted_segments += gone.files;
	archive->tally.deleted_bytes += gone.bytes;
	pthread_mutex_unlock(&archive->lock);
}

size_t archive_retention_run(struct archive *archive)
{
	int folder = archive_dup_folder(archive);
	struct archive_segment *due;
	struct statvfs disk;
	struct reason why;
	size_t count, old, gone = 0;
	double bytes = 0;

	if (folder < 0 || fstatvfs(folder, &disk) < 0) {
		archive_cached_expire(archive, NULL, 0); /* they may lie on another disk */
		goto out;
	}
	archive_cached_make_room(archive, folder, &disk);
	aside_yield(archive, folder, &disk);
	due = take_off(archive, free_bytes(&disk), &count, &old);
	if (count && !archive_write_lists(archive, false, &why))
		log_warn("archive", "%s", why.text);
	archive_cached_expire(archive, due, old);
	for (size_t i = 0; i < count; i++)
		bytes += (double)bytes_of(&due[i].entry);
	if (count)
		gone = delete_due(archive, folder, due, count);
	if (gone == count && count)
		note_held(archive, folder, free_bytes(&disk), bytes);
	free(due);
out:
	if (folder >= 0)
		close(folder);
	return gone;
}
