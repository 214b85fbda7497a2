/* archive_keeper.c - the keeper's rounds. */
#include "recorderd/archive/archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/base/mono_cond.h"

/*
 * The keeper syncs media to the disk every record.sync_seconds, finishes closed segments, deletes what retention no
 * longer allows, and writes the lists.
 */

#define RETAIN_EVERY_US (5 * US_PER_S)
#define STORE_EVERY_US  US_PER_S       /* as often as recorder-ship writes its status */
#define RETRY_US        (5 * US_PER_S) /* after a segment could not be finished or a list could not be written */

struct rounds {
	int64_t sync_at_us, retain_at_us, store_at_us, retry_at_us;
	bool synced;                       /* the last sync succeeded */
	struct timespec folder_mtime;      /* when missing files were last looked for */
	struct archive_adoption *adoption; /* in progress; NULL: none */
	bool motion;                       /* there are lists of days to be written at once */
};

/* Marks the segment of a descriptor that did not sync, if it is still the open one. */
static void mark_suspect(struct archive *archive, int fd)
{
	struct stat failed, now;
	int open = archive_dup_open_segment(archive);

	if (open < 0)
		return;
	if (fstat(fd, &failed) == 0 && fstat(open, &now) == 0 && failed.st_ino == now.st_ino &&
	    failed.st_dev == now.st_dev)
		atomic_store(&archive->suspect, true);
	close(open);
}

/* What moved in the open segment. If that fails, at most records are lost. */
static void sync_motion(struct archive *archive)
{
	int fd = archive_dup_open_motion(archive);

	if (fd < 0)
		return;
	if (fdatasync(fd) < 0)
		log_debug("archive", "cannot sync the open .motion file: %s", strerror(errno));
	close(fd);
}

/* Syncs the open segment if it has grown. False if that failed; without a new attempt, `previous`. */
static bool sync_media(struct archive *archive, bool previous)
{
	int fd = archive_dup_open_segment(archive);
	char text[160];

	if (fd < 0)
		return true;
	bool synced = previous;
	if (atomic_exchange(&archive->needs_sync, false)) {
		sync_motion(archive);
		synced = fdatasync(fd) == 0;
		if (!synced) {
			snprintf(text, sizeof(text), "cannot write to the disk: %s", strerror(errno));
			archive_set_error(archive, text);
			mark_suspect(archive, fd);
		}
	}
	close(fd);
	return synced;
}

/* Copies the newest segment that is closed and not finished. False if there is none. */
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

/* Repairs a segment as the disk has it: what the kernel has cached of the file is dropped first. */
static enum repair_outcome repair_suspect(int folder, const struct archive_segment *closed,
					  struct catalogue_entry *entry, struct reason *why)
{
	const char *file = closed->entry.file;
	struct segment_end end;
	int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0) {
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		close(fd);
	}
	enum repair_outcome outcome = segment_repair(folder, file, entry, &end, why);
	if (outcome == REPAIR_DONE)
		log_warn("archive", "%s: the disk failed during recording; %llu of %llu frames are on it", file,
			 (unsigned long long)entry->frames, (unsigned long long)closed->entry.frames);
	return outcome;
}

static enum repair_outcome finish(struct archive *archive, const struct archive_segment *closed,
				  struct catalogue_entry *entry, struct reason *why)
{
	int folder = archive_dup_folder(archive);
	enum repair_outcome outcome = closed->suspect ? repair_suspect(folder, closed, entry, why)
						      : segment_finish(folder, closed->entry.file, entry, NULL, why);

	close(folder);
	return outcome;
}

/* Finishes every closed segment. False if one of them has to be tried again later. */
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
		if (outcome == REPAIR_DONE)
			archive_note_finished(archive, &entry);
		if (outcome == REPAIR_SET_ASIDE)
			archive_count_set_aside(archive);
	}
	return true;
}

/* Finds the next listed segment, from index *at on, that is not in the folder. The open one is its writer's concern. */
static bool next_missing(struct archive *archive, int folder, size_t *at, struct catalogue_entry *entry)
{
	for (;; ++*at) {
		pthread_mutex_lock(&archive->lock);
		if (*at >= archive->count) {
			pthread_mutex_unlock(&archive->lock);
			return false;
		}
		*entry = archive->segments[*at].entry;
		enum archive_phase phase = archive->segments[*at].phase;
		pthread_mutex_unlock(&archive->lock);
		if (phase != PHASE_OPEN && faccessat(folder, entry->file, F_OK, 0) < 0 && errno == ENOENT)
			return true;
	}
}

/* True if something was created, renamed or deleted in the folder since the last call. */
static bool folder_has_changed(int folder, struct rounds *rounds)
{
	struct stat status;

	if (fstat(folder, &status) < 0)
		return false;
	bool changed = status.st_mtim.tv_sec != rounds->folder_mtime.tv_sec ||
		       status.st_mtim.tv_nsec != rounds->folder_mtime.tv_nsec;
	rounds->folder_mtime = status.st_mtim;
	return changed;
}

/* Takes segments off the list that somebody else deleted, or that only the former folder has. */
static void drop_missing(struct archive *archive, struct rounds *rounds)
{
	int folder = archive_dup_folder(archive);
	struct catalogue_entry missing;
	uint64_t count = 0;
	size_t at = 0;

	if (folder < 0)
		return;
	bool replaced = atomic_exchange(&archive->folder_replaced, false);
	if (folder_has_changed(folder, rounds) || replaced) {
		for (; next_missing(archive, folder, &at, &missing); count++)
			archive_update_entry(archive, missing.file, NULL);
		archive_check_lists(archive, folder);
	}
	if (count)
		log_warn("archive", "%llu segment%s gone%s", (unsigned long long)count, count == 1 ? " is" : "s are",
			 replaced ? " with the former folder" : ": somebody else deleted or moved the files");
	close(folder);
}

/* Lists what a folder that the path has come to lead to already held. False while there is more of it to check. */
static bool merge_adopted(struct archive *archive, struct rounds *rounds)
{
	pthread_mutex_lock(&archive->lock);
	struct archive_adoption *adoption = archive->adoption;
	archive->adoption = NULL;
	pthread_mutex_unlock(&archive->lock);
	if (adoption) {
		archive_adoption_free(rounds->adoption);
		rounds->adoption = adoption;
		drop_missing(archive, rounds);
	}
	if (!rounds->adoption)
		return true;
	if (!archive_adoption_merge(archive, rounds->adoption))
		return false;
	archive_count_set_aside(archive);
	archive_adoption_free(rounds->adoption);
	rounds->adoption = NULL;
	return true;
}

static void measure_disk(struct archive *archive)
{
	struct statvfs disk;
	int folder = archive_dup_folder(archive);

	if (folder < 0)
		return;
	if (fstatvfs(folder, &disk) == 0) {
		atomic_store(&archive->disk_free_bytes, (uint64_t)disk.f_bavail * disk.f_frsize);
		atomic_store(&archive->disk_total_bytes, (uint64_t)disk.f_blocks * disk.f_frsize);
	}
	close(folder);
}

static bool has_folder(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	bool has = archive->folder >= 0;
	pthread_mutex_unlock(&archive->lock);
	return has;
}

/* Writes the lists if they differ from the archive. False if that has to be tried again later. */
static bool write_lists(struct archive *archive)
{
	struct reason why;

	if (!atomic_exchange(&archive->lists_dirty, false) || !has_folder(archive))
		return true;
	if (archive_write_lists(archive, true, &why))
		return true;
	if (!archive_folder_moved(archive)) /* else recording soon continues elsewhere, or says why it cannot */
		archive_set_error(archive, why.text);
	atomic_store(&archive->lists_dirty, true);
	return false;
}

/* The caller holds `lock`. */
static bool has_work(struct archive *archive, const struct rounds *rounds)
{
	if (rounds->motion || atomic_load(&archive->lists_dirty) || archive->adoption ||
	    !SLIST_EMPTY(&archive->former) || rounds->adoption)
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

/* Sleeps until something is due. False if the recorder stops. */
static bool wait_for_work(struct archive *archive, const struct rounds *rounds)
{
	int64_t until_us = earlier(earlier(rounds->sync_at_us, rounds->retain_at_us), rounds->store_at_us);

	pthread_mutex_lock(&archive->lock);
	while (!atomic_load(&archive->stopping)) {
		int64_t now_us = mono_now().us;
		bool work = has_work(archive, rounds);
		int64_t wake_us = work ? earlier(until_us, rounds->retry_at_us) : until_us;

		if ((work && now_us >= rounds->retry_at_us) || now_us >= until_us)
			break;
		mono_cond_wait(&archive->changed, &archive->lock, (mono_t){wake_us});
	}
	pthread_mutex_unlock(&archive->lock);
	return !atomic_load(&archive->stopping);
}

static void do_round(struct archive *archive, struct rounds *rounds)
{
	int64_t now_us = mono_now().us;

	archive_former_finish(archive);
	if (now_us >= rounds->store_at_us) {
		archive_store_watch(archive);
		rounds->store_at_us =
			mono_now().us + (archive_store_is_used(archive) ? STORE_EVERY_US : RETAIN_EVERY_US);
	}
	if (now_us >= rounds->sync_at_us) {
		rounds->synced = sync_media(archive, rounds->synced);
		rounds->sync_at_us = mono_now().us + archive->config->record.sync_seconds * US_PER_S;
	}
	bool retain = now_us >= rounds->retain_at_us;
	if (retain)
		drop_missing(archive, rounds);
	if (retain || rounds->motion)
		rounds->motion = !rounds->adoption && archive_motion_run(archive, false);
	if (retain) {
		archive_redate(archive);
		archive_store_update(archive);
		archive_retention_run(archive);
		measure_disk(archive);
		archive_update_clips_note(archive);
		rounds->retain_at_us = mono_now().us + RETAIN_EVERY_US;
	}
	if (now_us >= rounds->retry_at_us && merge_adopted(archive, rounds)) {
		bool finished = finish_closed(archive), listed = write_lists(archive);

		if (finished && listed && rounds->synced && !atomic_load(&archive->undeletable) &&
		    !atomic_load(&archive->set_aside_undeletable))
			archive_set_error(archive, "");
		if (!finished || !listed)
			rounds->retry_at_us = mono_now().us + RETRY_US;
	}
}

/* Repairs the archive, however often the disk has to be tried: nothing may be recorded before. False if the recorder
 * stops. */
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
	archive->resume.recovered = true;
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
	archive_adoption_free(rounds.adoption);

	/* The last round finishes and lists; it neither syncs nor deletes. */
	rounds = (struct rounds){.sync_at_us = INT64_MAX, .retain_at_us = INT64_MAX};
	do_round(archive, &rounds);
	archive_motion_run(archive, true);
}
