/*
 * archive_retain.c - which segments are deleted: older than retention.hours, over retention.max_gb, or in the way of
 * retention.min_free_gb; oldest first, whole, unlinked (never truncated: who reads one goes on to its end), never the
 * open one. One that could not be finished so far is no reason to keep it, nor what is behind it.
 *
 * Nothing is deleted because a clock jumped. While something is being recorded, its end is now, and time goes on from
 * there by the monotonic clock. From there back: what was recorded before something is at least as old; where two
 * segments follow each other by the same clock, however wrong, they are as far apart as it says; and where it was set
 * in between by more than an hour, the one before is taken to have ended where the one behind begins. So it is, too,
 * where nothing was recorded for longer than retention.hours and nobody synchronised the clock: a machine that wakes up
 * in 2036.
 */
#include "recorderd/archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "shared/cached_clips.h"
#include "shared/log.h"

#define HOUR_US (INT64_C(3600) * US_PER_S)
#define GB      1e9

static bool clock_is_synchronised(void)
{
	struct timex state = {0};

	int answer = adjtimex(&state); /* -1: a sandbox forbids to ask */

	return answer >= 0 && answer != TIME_ERROR && !(state.status & STA_UNSYNC);
}

static int64_t magnitude(int64_t us)
{
	return us < 0 ? -us : us;
}

/* Wall time as the newest segment's clock has it. Called with `lock` held. */
static int64_t archive_now_us(const struct archive *archive)
{
	const struct catalogue_entry *newest = &archive->segments[archive->count - 1].entry;

	if (!archive->grew_mono_us)
		return wall_now().us;
	return newest->end_wall_us + mono_now().us - archive->grew_mono_us;
}

/* What is behind a segment, on the way from the newest to the oldest: the next one, or now. */
struct behind {
	int64_t claimed_us; /* its beginning, as its own clock said */
	int64_t start_us;   /* and by the newest one's */
	bool clock_was_set; /* just before it began */
	int64_t break_us;   /* a time without recording in front of it is believed up to this */
};

/* The end of a segment by the newest one's clock. */
static int64_t find_end(const struct catalogue_entry *entry, const struct behind *behind, bool *stepped)
{
	int64_t apart_us = behind->claimed_us - entry->end_wall_us;

	*stepped = apart_us < -HOUR_US || apart_us > behind->break_us ||
		   (behind->clock_was_set && magnitude(apart_us) > HOUR_US);
	if (behind->clock_was_set || apart_us > behind->break_us || apart_us < 0)
		return behind->start_us;
	return behind->start_us - apart_us;
}

/*
 * Of the `old` oldest, those before the first that is recent by its own word: a clock that is right now was right then,
 * and one that woke up in 1970 in between is no reason to doubt it. Called with `lock` held.
 */
static size_t count_up_to_recent(const struct archive *archive, size_t old, int64_t now_us, int64_t keep_us)
{
	for (size_t i = 0; i < old; i++) {
		int64_t end_us = archive->segments[i].entry.end_wall_us;

		if (end_us >= now_us - keep_us && end_us <= now_us)
			return i;
	}
	return old;
}

/* How many of the oldest are too old. Called with `lock` held. */
static size_t count_old(struct archive *archive)
{
	int64_t keep_us = (int64_t)(archive->retention.hours * (double)HOUR_US);
	bool trusted = clock_is_synchronised();
	int64_t break_us = trusted ? INT64_MAX : keep_us > HOUR_US ? keep_us : HOUR_US;
	struct behind behind = {.break_us = archive->grew_mono_us ? INT64_MAX : break_us};
	int64_t now_us;

	if (keep_us <= 0 || archive->count == 0)
		return 0;
	now_us = behind.claimed_us = behind.start_us = archive_now_us(archive);
	archive->clock_unsure = false;
	for (size_t i = archive->count; i-- > 0;) {
		const struct catalogue_entry *entry = &archive->segments[i].entry;
		bool stepped;
		int64_t end_us = find_end(entry, &behind, &stepped);

		archive->clock_unsure |= stepped && !trusted;
		if (end_us < now_us - keep_us)
			return trusted ? count_up_to_recent(archive, i + 1, now_us, keep_us) : i + 1;
		behind = (struct behind){
			.claimed_us = entry->start_wall_us,
			.start_us = end_us - (entry->end_wall_us - entry->start_wall_us),
			.clock_was_set = entry->gap_cause == GAP_CLOCK,
			.break_us = break_us,
		};
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
	const struct config_retention *limit = &archive->retention;
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
	while (n < archive->count && archive->segments[n].phase != PHASE_OPEN && (n < old || over > 0))
		over -= (double)bytes_of(&archive->segments[n++].entry);
	if (n)
		due = malloc(n * sizeof *due);
	for (size_t i = 0; due && i < n; i++) {
		due[i] = archive->segments[i].entry;
		archive->tally.deleted_bytes += due[i].size_bytes;
		archive->segment_bytes -= due[i].size_bytes;
	}
	if (due) {
		archive->tally.deleted_segments += n;
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

static double free_bytes(const struct statvfs *disk)
{
	return (double)disk->f_bavail * (double)disk->f_frsize;
}

static double retention_min_free_gb(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	double min_free_gb = archive->retention.min_free_gb;
	pthread_mutex_unlock(&archive->lock);
	return min_free_gb;
}

/* Answers that were cached on the same disk go before recordings do. */
static void cached_clips_yield(struct archive *archive, int folder, struct statvfs *disk)
{
	double wanted_bytes = (double)cached_reserve_bytes(retention_min_free_gb(archive)) - free_bytes(disk);
	struct stat recordings, clips;
	int cached;

	if (wanted_bytes <= 0)
		return;
	int clips_folder = open(archive->config->clips.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (clips_folder < 0)
		return;
	bool shared = fstat(folder, &recordings) == 0 && fstat(clips_folder, &clips) == 0 &&
		      recordings.st_dev == clips.st_dev;
	if (shared && (cached = cached_folder_open(clips_folder)) >= 0) {
		uint64_t gone_bytes = cached_evict(cached, UINT64_MAX, (uint64_t)wanted_bytes);
		if (gone_bytes > 0)
			log_info("archive", "deleted %.1f MB of cached clips: the disk is short of room",
				 (double)gone_bytes / 1e6);
		close(cached);
		fstatvfs(folder, disk);
	}
	close(clips_folder);
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
	cached_clips_yield(archive, folder, &disk);
	due = take_off(archive, free_bytes(&disk), &count);
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
