/*
 * archive_retain.c - which segments are deleted: older than retention.hours, over retention.max_gb, or in the way of
 * retention.min_free_gb; oldest first, whole, unlinked (never truncated: who reads one goes on to its end), never the
 * open one. One that could not be finished so far is no reason to keep it, nor what is behind it. What the repair set
 * aside goes before all of them, and with those of its age.
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "shared/cached_clips.h"
#include "shared/log.h"

#define HOUR_US  (INT64_C(3600) * US_PER_S)
#define GB       1e9
#define AGAIN_US (60 * US_PER_S) /* until what could not be deleted is tried again */

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

/* The segments to be deleted, from the oldest on; of those that could not be deleted a moment ago, none. */
static size_t pick(struct archive *archive, double disk_free, struct archive_segment *due)
{
	size_t old = count_old(archive), n = 0;
	double over = excess_bytes(archive, disk_free);
	int64_t now_us = mono_now().us;

	archive->stuck = false;
	for (size_t i = 0; i < archive->count && (i < old || over > 0); i++) {
		struct archive_segment *segment = &archive->segments[i];

		if (segment->phase == PHASE_OPEN)
			break;
		if (segment->again_at_us > now_us) {
			archive->stuck = true;
			continue;
		}
		over -= (double)bytes_of(&segment->entry);
		due[n++] = *segment;
	}
	return n;
}

/* Takes the `count` segments of `due`, which are in the order of the list, off it. Called with `lock` held. */
static void remove_due(struct archive *archive, const struct archive_segment *due, size_t count)
{
	size_t kept = 0, next = 0;

	for (size_t i = 0; i < archive->count; i++) {
		if (next < count && strcmp(archive->segments[i].entry.file, due[next].entry.file) == 0)
			archive->segment_bytes -= due[next++].entry.size_bytes;
		else
			archive->segments[kept++] = archive->segments[i];
	}
	archive->count = kept;
	archive->unlisted = true;
}

/* Takes the segments to be deleted off the list: from now on no request finds them. */
static struct archive_segment *take_off(struct archive *archive, double disk_free, size_t *count)
{
	struct archive_segment *due;

	pthread_mutex_lock(&archive->lock);
	due = archive->count ? malloc(archive->count * sizeof *due) : NULL;
	*count = due ? pick(archive, disk_free, due) : 0;
	if (*count)
		remove_due(archive, due, *count);
	pthread_mutex_unlock(&archive->lock);
	return due;
}

static bool delete_files(int folder, const struct catalogue_entry *entry)
{
	char index[SEGMENT_FILE_BYTES];

	if (unlinkat(folder, entry->file, 0) < 0 && errno != ENOENT)
		return false;
	if (index_name(entry->file, index, sizeof index))
		unlinkat(folder, index, 0);
	log_info("archive", "deleted %s (retention)", entry->file);
	return true;
}

/* Puts those that are still there, at the beginning of `kept`, back to the front of the list. */
static void put_back(struct archive *archive, const struct archive_segment *kept, size_t count)
{
	pthread_mutex_lock(&archive->lock);
	for (size_t i = 0; i < count; i++)
		if (!archive_append(archive, &kept[i].entry, kept[i].phase))
			count = i; /* no memory: found again at the next start */
	memmove(archive->segments + count, archive->segments, (archive->count - count) * sizeof *archive->segments);
	if (count)
		memcpy(archive->segments, kept, count * sizeof *kept);
	archive->unlisted = archive->stuck = true;
	pthread_mutex_unlock(&archive->lock);
}

/* Deletes them, and lists again what cannot be deleted. The number of those that are gone. */
static size_t delete_due(struct archive *archive, int folder, struct archive_segment *due, size_t count)
{
	struct archive_tally gone = {0};
	size_t kept = 0;
	char text[160];

	for (size_t i = 0; i < count; i++) {
		if (delete_files(folder, &due[i].entry)) {
			gone.deleted_segments++;
			gone.deleted_bytes += due[i].entry.size_bytes;
			continue;
		}
		snprintf(text, sizeof text, "cannot delete %s: %s", due[i].entry.file, strerror(errno));
		archive_set_trouble(archive, text);
		due[kept] = due[i];
		due[kept++].again_at_us = mono_now().us + AGAIN_US;
	}
	if (kept)
		put_back(archive, due, kept);
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

/* What the repair set aside counts like recordings, goes before them, and goes with those of its age. */
static void aside_yield(struct archive *archive, int folder, struct statvfs *disk)
{
	int64_t before_us = INT64_MIN;
	struct aside gone;

	pthread_mutex_lock(&archive->lock);
	bool some = archive->aside.files > 0;
	double over = some ? excess_bytes(archive, free_bytes(disk)) : 0;
	if (archive->retention.hours > 0 && archive->count) {
		int64_t due_us = archive_now_us(archive) - (int64_t)(archive->retention.hours * (double)HOUR_US);
		int64_t oldest_us = archive->segments[0].entry.start_wall_us;
		before_us = due_us < oldest_us ? due_us : oldest_us;
	}
	pthread_mutex_unlock(&archive->lock);
	if (!some)
		return;
	gone = aside_delete(folder, before_us, over);
	archive_count_aside(archive);
	if (!gone.files)
		return;
	fstatvfs(folder, disk);
	pthread_mutex_lock(&archive->lock);
	archive->tally.deleted_segments += gone.files;
	archive->tally.deleted_bytes += gone.bytes;
	pthread_mutex_unlock(&archive->lock);
}

size_t archive_retain(struct archive *archive)
{
	int folder = archive_folder_now(archive);
	struct archive_segment *due;
	struct statvfs disk;
	struct reason why;
	size_t count = 0, gone = 0;
	double bytes = 0;

	if (folder < 0 || fstatvfs(folder, &disk) < 0)
		goto out;
	cached_clips_yield(archive, folder, &disk);
	aside_yield(archive, folder, &disk);
	due = take_off(archive, free_bytes(&disk), &count);
	if (count && !archive_write_lists(archive, false, &why))
		log_warn("archive", "%s", why.text);
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
