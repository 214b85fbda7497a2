/*
 * archive_retain.c - which segments are deleted: older than retention.hours, over retention.max_gb, or in the way of
 * retention.min_free_gb; oldest first, whole, unlinked (never truncated: who reads one goes on to its end), never one
 * that is open or not finished yet.
 *
 * Age needs a clock that can be believed. It is not, where the archive or this process has seen wall time jump by more
 * than an hour back, or by more than retention.hours forward, and nobody synchronised it since. Then the age of a
 * segment is what was recorded after it: a clock that woke up in 2036 deletes nothing, and an archive on a machine
 * without a clock still ends.
 */
#include "recorderd/archive_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "shared/log.h"

#define HOUR_US (INT64_C(3600) * US_PER_S)
#define GB	1e9

static bool clock_is_synchronised(void)
{
	struct timex state = {0};

	return adjtimex(&state) != TIME_ERROR && !(state.status & STA_UNSYNC);
}

static bool is_jump(int64_t from_us, int64_t to_us, int64_t forward_us)
{
	return to_us < from_us - HOUR_US || to_us > from_us + forward_us;
}

/* Called with `lock` held. */
static bool archive_has_jump(const struct archive *archive, wall_t now, int64_t keep_us)
{
	int64_t forward_us = keep_us > HOUR_US ? keep_us : HOUR_US;
	int64_t last_us = 0;

	for (size_t i = 0; i < archive->count; i++) {
		const struct catalogue_entry *entry = &archive->segments[i].entry;

		if (last_us && is_jump(last_us, entry->start_wall_us, forward_us))
			return true;
		last_us = entry->end_wall_us;
	}
	return last_us && is_jump(last_us, now.us, forward_us);
}

/* How many of the oldest are too old. Called with `lock` held. */
static size_t count_old(struct archive *archive)
{
	int64_t keep_us = (int64_t)(archive->config->retention.hours * (double)HOUR_US);
	wall_t now = wall_now();
	int64_t after_us = 0;
	size_t old = 0;

	if (keep_us <= 0)
		return 0;
	archive->clock_unsure = archive_has_jump(archive, now, keep_us) && !clock_is_synchronised();
	if (!archive->clock_unsure) {
		while (old < archive->count && archive->segments[old].entry.end_wall_us < now.us - keep_us)
			old++;
		return old;
	}
	for (size_t i = archive->count; i-- > 0;) {
		const struct catalogue_entry *entry = &archive->segments[i].entry;

		if (after_us > keep_us)
			return i + 1;
		after_us += entry->end_wall_us - entry->start_wall_us;
	}
	return 0;
}

static uint64_t bytes_of(const struct catalogue_entry *entry)
{
	return entry->size_bytes + (entry->frames + 1) * INDEX_RECORD_BYTES;
}

/* Bytes by which the archive is over its limits, on the whole. Called with `lock` held. */
static double excess_bytes(const struct archive *archive, double disk_free)
{
	const struct config_retention *limit = &archive->config->retention;
	double used = 0, over = 0;

	for (size_t i = 0; i < archive->count; i++)
		used += (double)bytes_of(&archive->segments[i].entry);
	if (limit->max_gb > 0 && used > limit->max_gb * GB)
		over = used - limit->max_gb * GB;
	if (limit->min_free_gb > 0 && disk_free < limit->min_free_gb * GB && limit->min_free_gb * GB - disk_free > over)
		over = limit->min_free_gb * GB - disk_free;
	return over;
}

/* Takes the segments to be deleted off the list: from now on no request finds them. */
static struct catalogue_entry *take_off(struct archive *archive, double disk_free, size_t *count)
{
	struct catalogue_entry *due = NULL;
	size_t old, n = 0;
	double over;

	pthread_mutex_lock(&archive->lock);
	old = count_old(archive);
	over = excess_bytes(archive, disk_free);
	while (n < archive->count && archive->segments[n].phase == PHASE_COMPLETE && (n < old || over > 0))
		over -= (double)bytes_of(&archive->segments[n++].entry);
	if (n)
		due = malloc(n * sizeof *due);
	for (size_t i = 0; due && i < n; i++)
		due[i] = archive->segments[i].entry;
	if (due) {
		archive->count -= n;
		memmove(archive->segments, archive->segments + n, archive->count * sizeof *archive->segments);
		archive->unlisted = true;
		*count = n;
	}
	pthread_mutex_unlock(&archive->lock);
	return due;
}

static void delete_files(int folder, const struct catalogue_entry *entry)
{
	char index[SEGMENT_FILE_BYTES];

	if (unlinkat(folder, entry->file, 0) < 0 && errno != ENOENT)
		log_warn("archive", "cannot delete %s: %s", entry->file, strerror(errno));
	if (index_name(entry->file, index, sizeof index))
		unlinkat(folder, index, 0);
	log_info("archive", "deleted %s (retention)", entry->file);
}

size_t archive_retain(struct archive *archive)
{
	int folder = archive_folder_now(archive);
	struct catalogue_entry *due;
	struct statvfs disk;
	struct reason why;
	size_t count = 0;

	if (folder < 0 || fstatvfs(folder, &disk) < 0)
		goto out;
	due = take_off(archive, (double)disk.f_bavail * (double)disk.f_frsize, &count);
	if (due && !archive_write_lists(archive, false, &why))
		log_warn("archive", "%s", why.text);
	for (size_t i = 0; due && i < count; i++)
		delete_files(folder, &due[i]);
	free(due);
out:
	if (folder >= 0)
		close(folder);
	return count;
}
