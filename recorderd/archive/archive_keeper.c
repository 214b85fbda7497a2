/*
 * archive_keeper.c - the keeper's rounds: media to the disk every record.sync_seconds, closed segments finished, what
 * is too old or too much deleted, the lists written.
 */
#include "recorderd/archive/archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "shared/base/log.h"

#define RETAIN_EVERY_US (5 * US_PER_S)
#define RETRY_US        (5 * US_PER_S) /* a segment that could not be finished, a list that could not be written */

struct rounds {
	int64_t sync_at_us, retain_at_us, retry_at_us;
	bool synced;                    /* the last sync went well */
	struct timespec looked_at;      /* st_mtim of the folder when it was looked for what is missing */
	struct archive_adoption *found; /* being looked at */
};

/* The segment of a descriptor that did not sync, if it is still the open one. */
static void doubt(struct archive *archive, int fd)
{
	struct stat failed, now;
	int open = archive_dup_open_segment(archive);
	bool same = open >= 0 && fstat(fd, &failed) == 0 && fstat(open, &now) == 0 && failed.st_ino == now.st_ino &&
		    failed.st_dev == now.st_dev;

	if (open >= 0)
		close(open);
	pthread_mutex_lock(&archive->lock);
	archive->doubted |= same;
	pthread_mutex_unlock(&archive->lock);
}

/* False while the open segment does not get to the disk. */
static bool sync_media(struct archive *archive, bool went_well)
{
	int fd = archive_dup_open_segment(archive);
	bool due;

	if (fd < 0)
		return true;
	pthread_mutex_lock(&archive->lock);
	due = archive->unsynced;
	archive->unsynced = false;
	pthread_mutex_unlock(&archive->lock);
	if (due)
		went_well = fdatasync(fd) == 0;
	if (due && !went_well) {
		char text[160];

		snprintf(text, sizeof(text), "cannot write to the disk: %s", strerror(errno));
		archive_set_error(archive, text);
		doubt(archive, fd);
	}
	close(fd);
	return went_well;
}

static bool next_closed(struct archive *archive, struct archive_segment *closed)
{
	bool found = false;

	pthread_mutex_lock(&archive->lock);
	for (size_t i = archive->count; i-- > 0 && !found;) {
		found = archive->segments[i].phase == PHASE_CLOSED;
		if (found)
			*closed = archive->segments[i];
	}
	pthread_mutex_unlock(&archive->lock);
	return found;
}

/* As the disk has it: what the kernel holds of the file is dropped before it is looked through. */
static enum repair_outcome look_through(int folder, const char *file, struct catalogue_entry *entry, struct reason *why)
{
	struct segment_end end;
	int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0) {
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		close(fd);
	}
	return segment_repair(folder, file, entry, &end, why);
}

static enum repair_outcome finish(struct archive *archive, const struct archive_segment *closed,
				  struct catalogue_entry *entry, struct reason *why)
{
	int folder = archive_dup_folder(archive);
	enum repair_outcome outcome = closed->doubted ? look_through(folder, closed->entry.file, entry, why)
						      : segment_finish(folder, closed->entry.file, entry, NULL, why);

	if (closed->doubted && outcome == REPAIR_DONE)
		log_warn("archive", "%s: the disk failed meanwhile; of %llu frames it has %llu", closed->entry.file,
			 (unsigned long long)closed->entry.frames, (unsigned long long)entry->frames);
	close(folder);
	return outcome;
}

/* Finishes every closed segment. False where one could not be: later again. */
static bool finish_closed(struct archive *archive)
{
	struct archive_segment closed;
	struct catalogue_entry entry;
	struct reason why = {""};

	while (next_closed(archive, &closed)) {
		enum repair_outcome outcome = finish(archive, &closed, &entry, &why);

		if (outcome == REPAIR_UNFINISHED || outcome == REPAIR_FAILED) {
			archive_set_error(archive, why.text);
			return false;
		}
		if (outcome == REPAIR_SET_ASIDE)
			log_error("archive", "%s", why.text);
		archive_update_entry(archive, closed.entry.file, outcome == REPAIR_DONE ? &entry : NULL);
		if (outcome == REPAIR_SET_ASIDE)
			archive_count_set_aside(archive);
	}
	return true;
}

/* A listed segment, from place `*at` on, that is not in the folder; the open one is looked after by who writes it. */
static bool next_missing(struct archive *archive, int folder, size_t *at, struct catalogue_entry *entry)
{
	enum archive_phase phase;

	for (;; ++*at) {
		pthread_mutex_lock(&archive->lock);
		if (*at >= archive->count) {
			pthread_mutex_unlock(&archive->lock);
			return false;
		}
		*entry = archive->segments[*at].entry;
		phase = archive->segments[*at].phase;
		pthread_mutex_unlock(&archive->lock);
		if (phase != PHASE_OPEN && faccessat(folder, entry->file, F_OK, 0) < 0 && errno == ENOENT)
			return true;
	}
}

/* True where files may have gone since the last time: the folder is another one, or something in it has changed. */
static bool folder_may_have_changed(struct archive *archive, int folder, struct rounds *rounds, bool *replaced)
{
	struct stat status;
	bool changed;

	pthread_mutex_lock(&archive->lock);
	*replaced = archive->replaced;
	archive->replaced = false;
	pthread_mutex_unlock(&archive->lock);
	if (fstat(folder, &status) < 0)
		return *replaced;
	changed = status.st_mtim.tv_sec != rounds->looked_at.tv_sec ||
		  status.st_mtim.tv_nsec != rounds->looked_at.tv_nsec;
	rounds->looked_at = status.st_mtim;
	return *replaced || changed;
}

/* What somebody else removed, or what the folder that was there before had, is taken off the list. */
static void drop_missing(struct archive *archive, struct rounds *rounds)
{
	int folder = archive_dup_folder(archive);
	struct catalogue_entry missing;
	uint64_t count = 0;
	bool replaced;
	size_t at = 0;

	if (folder < 0)
		return;
	bool due = folder_may_have_changed(archive, folder, rounds, &replaced);
	for (; due && next_missing(archive, folder, &at, &missing); count++)
		archive_update_entry(archive, missing.file, NULL);
	if (due)
		archive_check_lists(archive, folder);
	if (count)
		log_warn("archive", "%llu segments are gone%s", (unsigned long long)count,
			 replaced ? " with their folder" : ": somebody else deleted them");
	close(folder);
}

/* What stood in a folder that is new here. False while there is more of it to be looked at. */
static bool merge_adopted(struct archive *archive, struct rounds *rounds)
{
	pthread_mutex_lock(&archive->lock);
	struct archive_adoption *found = archive->found;
	archive->found = NULL;
	pthread_mutex_unlock(&archive->lock);
	if (found) {
		archive_adoption_free(rounds->found);
		rounds->found = found;
		drop_missing(archive, rounds);
	}
	if (rounds->found && !archive_adoption_merge(archive, rounds->found))
		return false;
	if (rounds->found)
		archive_count_set_aside(archive);
	archive_adoption_free(rounds->found);
	rounds->found = NULL;
	return true;
}

static void measure_disk(struct archive *archive)
{
	struct statvfs disk;
	int folder = archive_dup_folder(archive);

	if (folder < 0)
		return;
	if (fstatvfs(folder, &disk) == 0) {
		pthread_mutex_lock(&archive->lock);
		archive->disk_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
		archive->disk_total_bytes = (uint64_t)disk.f_blocks * disk.f_frsize;
		pthread_mutex_unlock(&archive->lock);
	}
	close(folder);
}

static bool write_lists(struct archive *archive)
{
	struct reason why;
	bool due;

	pthread_mutex_lock(&archive->lock);
	due = archive->unlisted && archive->folder >= 0; /* without one there is nothing to be listed */
	archive->unlisted = false;
	pthread_mutex_unlock(&archive->lock);
	if (!due || archive_write_lists(archive, true, &why))
		return true;
	if (!archive_folder_moved(archive)) /* else recording goes on elsewhere in a moment, or says why it cannot */
		archive_set_error(archive, why.text);
	pthread_mutex_lock(&archive->lock);
	archive->unlisted = true;
	pthread_mutex_unlock(&archive->lock);
	return false;
}

static bool has_work(const struct archive *archive, const struct rounds *rounds)
{
	if (archive->unlisted || archive->found || archive->left || rounds->found)
		return true;
	for (size_t i = archive->count; i-- > 0 && archive->count - i < 4;)
		if (archive->segments[i].phase == PHASE_CLOSED)
			return true;
	return false;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Sleeps until something is due. False when the recorder stops. */
static bool wait_for_work(struct archive *archive, const struct rounds *rounds)
{
	int64_t until_us = earlier(rounds->sync_at_us, rounds->retain_at_us);
	bool stopping;

	pthread_mutex_lock(&archive->lock);
	for (;;) {
		int64_t now_us = mono_now().us;
		bool work = has_work(archive, rounds) && now_us >= rounds->retry_at_us;
		int64_t wake_us = has_work(archive, rounds) ? earlier(until_us, rounds->retry_at_us) : until_us;
		struct timespec at = {wake_us / US_PER_S, (long)(wake_us % US_PER_S) * 1000};

		stopping = archive->stopping;
		if (stopping || work || now_us >= until_us)
			break;
		pthread_cond_timedwait(&archive->changed, &archive->lock, &at);
	}
	pthread_mutex_unlock(&archive->lock);
	return !stopping;
}

static bool is_stuck(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	bool stuck = archive->stuck || archive->set_aside_stuck;
	pthread_mutex_unlock(&archive->lock);
	return stuck;
}

static void do_round(struct archive *archive, struct rounds *rounds)
{
	int64_t now_us = mono_now().us;

	archive_former_finish(archive);
	if (now_us >= rounds->sync_at_us) {
		rounds->synced = sync_media(archive, rounds->synced);
		rounds->sync_at_us = mono_now().us + archive->config->record.sync_seconds * US_PER_S;
	}
	if (now_us >= rounds->retain_at_us) {
		drop_missing(archive, rounds);
		archive_retention_run(archive);
		measure_disk(archive);
		archive_update_clips_note(archive);
		rounds->retain_at_us = mono_now().us + RETAIN_EVERY_US;
	}
	if (now_us >= rounds->retry_at_us && merge_adopted(archive, rounds)) {
		bool finished = finish_closed(archive), listed = write_lists(archive);

		if (finished && listed && rounds->synced && !is_stuck(archive))
			archive_set_error(archive, "");
		if (!finished || !listed)
			rounds->retry_at_us = mono_now().us + RETRY_US;
	}
}

/* The repair, tried until the disk is there and lets it be done: nothing may be recorded before. */
static bool recover(struct archive *archive)
{
	struct reason why;

	if (!archive_opening_wait(archive))
		return false;
	while (!archive_recover(archive, &why)) {
		if (!archive_is_stopping(archive))
			archive_set_error(archive, why.text);
		archive->count = 0;
		archive->segment_bytes = 0;
		if (!archive_wait_before_retry(archive))
			return false;
	}
	archive_set_error(archive, "");
	return true;
}

static void announce(struct archive *archive)
{
	log_info("archive", "%zu segment%s in %s", archive->count, archive->count == 1 ? "" : "s",
		 archive->config->record.directory);
	pthread_mutex_lock(&archive->lock);
	archive->recovered = true;
	archive->start.recovered = true;
	pthread_cond_broadcast(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
}

void archive_keeper_run(struct archive *archive)
{
	struct rounds rounds = {.synced = true};

	if (!recover(archive))
		return;
	archive_count_set_aside(archive);
	measure_disk(archive);
	announce(archive);
	do
		do_round(archive, &rounds);
	while (wait_for_work(archive, &rounds));
	archive_adoption_free(rounds.found);
	rounds = (struct rounds){.sync_at_us = INT64_MAX, .retain_at_us = INT64_MAX};
	do_round(archive, &rounds);
}
