/* archive_cached.c - deletes cached clips, and what killed writers left, in the folder of clips. */
#include "recorderd/archive/archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "shared/base/file_io.h"
#include "shared/base/log.h"
#include "shared/config/mount_need.h"
#include "shared/segment/clip_cache_files.h"
#include "shared/segment/retention.h"

/*
 * Cached clips (shared/segment/clip_cache_files.h) go if the disk of the recordings is short of room, and they go with
 * the footage that they show.
 */

#define SWEEP_EVERY_US (10 * US_PER_S)

/* errno of the last clip that could not be deleted, by eviction and by the sweep; 0: all were deleted. */
static _Atomic int eviction_error, sweep_error;

static struct config_retention retention_now(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	struct config_retention retention = archive->retention;
	pthread_mutex_unlock(&archive->lock);
	return retention;
}

/*
 * Are the clips on the disk of the recordings? If they are on another disk, that disk may hang. So a thread finds out,
 * and the keeper waits for it only for so long.
 */
#define PROBE_MS      1000
#define PROBE_PENDING (-2)

struct probe {
	char clips[PATH_MAX];
	dev_t disk;
	int done_fd; /* the thread closes it once `folder` is set */
	_Atomic int
		folder; /* PROBE_PENDING, then the result; -1: the keeper has given up, or the folder is elsewhere */
};

static _Atomic bool probing;

static void *probe_run(void *context)
{
	struct probe *probe = context;
	struct stat clips;
	int done_fd = probe->done_fd, pending = PROBE_PENDING;
	int folder = open(probe->clips, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder >= 0 && (fstat(folder, &clips) < 0 || clips.st_dev != probe->disk)) {
		close(folder);
		folder = -1;
	}
	if (!atomic_compare_exchange_strong(&probe->folder, &pending, folder)) {
		if (folder >= 0)
			close(folder);
		free(probe);
	}
	atomic_store(&probing, false);
	close(done_fd);
	return NULL;
}

static bool probe_start(struct probe *probe, int fds[2])
{
	pthread_t thread;

	if (!probe || pipe2(fds, O_CLOEXEC) < 0)
		return false;
	probe->done_fd = fds[1];
	if (pthread_create(&thread, NULL, probe_run, probe) == 0) {
		pthread_detach(thread);
		return true;
	}
	close(fds[0]);
	close(fds[1]);
	return false;
}

/* Opens the folder of clips. -1 if it is not on that disk or if its disk does not answer. */
static int clips_folder_on(const struct archive *archive, dev_t disk)
{
	int fds[2], folder = PROBE_PENDING;

	if (atomic_exchange(&probing, true))
		return -1; /* the previous probe hangs */
	struct probe *probe = calloc(1, sizeof(*probe));
	if (probe) {
		snprintf(probe->clips, sizeof(probe->clips), "%s", archive->config->clips.directory);
		probe->disk = disk;
		atomic_store(&probe->folder, PROBE_PENDING);
	}
	if (!probe_start(probe, fds)) {
		free(probe);
		atomic_store(&probing, false);
		return -1;
	}
	poll(&(struct pollfd){.fd = fds[0]}, 1, PROBE_MS);
	close(fds[0]);
	if (atomic_compare_exchange_strong(&probe->folder, &folder, -1))
		return -1;
	free(probe);
	return folder;
}

static double wanted_bytes(struct archive *archive, const struct statvfs *disk)
{
	return (double)clip_cache_reserve_bytes(retention_now(archive).min_free_gb) -
	       (double)disk->f_bavail * (double)disk->f_frsize;
}

/*
 * Deletes clips until there is enough room or nothing more can be deleted. It may take several passes: a clip that
 * shares its blocks with a recording, or that somebody is reading, frees less than its size.
 */
static void evict(struct archive *archive, int cached, int folder, struct statvfs *disk)
{
	uint64_t bytes = 0, remaining_bytes = UINT64_MAX;
	double wanted;

	while ((wanted = wanted_bytes(archive, disk)) > 0) {
		struct clip_cache_removal removed = clip_cache_evict(cached, UINT64_MAX, (uint64_t)wanted);
		bytes += removed.bytes;
		atomic_store(&eviction_error, removed.error);
		if (fstatvfs(folder, disk) < 0 || removed.clips == 0 || removed.left_bytes >= remaining_bytes)
			break;
		remaining_bytes = removed.left_bytes;
	}
	if (bytes > 0)
		log_info("archive", "deleted %.1f MB of cached clips to make room on the disk", (double)bytes / 1e6);
}

void archive_cached_make_room(struct archive *archive, int folder, struct statvfs *disk)
{
	struct stat recordings;

	if (wanted_bytes(archive, disk) <= 0 || fstat(folder, &recordings) < 0)
		return;
	int clips_folder = clips_folder_on(archive, recordings.st_dev);
	if (clips_folder < 0)
		return;
	int cached = clip_cache_folder_open(clips_folder);
	if (cached >= 0) {
		evict(archive, cached, folder, disk);
		close(cached);
	} else {
		atomic_store(&eviction_error, errno == ENOENT ? 0 : errno);
	}
	close(clips_folder);
}

/* One pass over the folder of clips. It runs in a thread of its own, since the folder may be on a disk that hangs. */
struct sweep {
	char clips[PATH_MAX], need[PATH_MAX];
	bool only_probes; /* whether the disk is there: nothing is deleted before the recordings are known */
	double hours;
	int64_t trusted_us, now_us;
	size_t count;
	struct {
		int64_t from_us, to_us;
	} deleted[]; /* the times of recordings that are being deleted */
};

static _Atomic bool sweeping;
static _Atomic bool clips_disk_missing; /* no disk was mounted for clips.require_mount at the last sweep */

/* True if a clip is too old itself, or if it shows footage of a segment that is being deleted. */
static bool clip_is_due(const struct clip_cache_key *key, void *context)
{
	const struct sweep *sweep = context;

	if (retention_is_expired(sweep->hours, key->from_us, sweep->trusted_us) ||
	    retention_is_future(sweep->hours, key->from_us, sweep->now_us))
		return true;
	for (size_t i = 0; i < sweep->count; i++)
		if (key->from_us < sweep->deleted[i].to_us && key->to_us > sweep->deleted[i].from_us)
			return true;
	return false;
}

static void sweep_folder(struct sweep *sweep, int clips_folder)
{
	int error = part_files_remove_stale(clips_folder, 1), cached = clip_cache_folder_open(clips_folder);

	if (cached >= 0) {
		struct clip_cache_removal removed = clip_cache_remove(cached, clip_is_due, sweep);
		if (removed.clips > 0)
			log_info("archive", "deleted %llu cached clips (retention)", (unsigned long long)removed.clips);
		error = removed.error ? removed.error : error;
		close(cached);
	} else if (errno != ENOENT) {
		error = errno;
	}
	atomic_store(&sweep_error, error);
}

static void *sweep_run(void *context)
{
	struct sweep *sweep = context;
	struct reason why;
	bool there = mount_need_is_met(sweep->need, sweep->clips, &why);

	atomic_store(&clips_disk_missing, !there && errno == ENODEV);
	int clips_folder = there && !sweep->only_probes ? open(sweep->clips, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (clips_folder >= 0) {
		sweep_folder(sweep, clips_folder);
		close(clips_folder);
	}
	free(sweep);
	atomic_store(&sweeping, false);
	return NULL;
}

static struct sweep *sweep_make(struct archive *archive, const struct archive_segment *deleted, size_t count)
{
	struct sweep *sweep = calloc(1, sizeof(*sweep) + count * sizeof(sweep->deleted[0]));

	if (!sweep)
		return NULL;
	snprintf(sweep->clips, sizeof(sweep->clips), "%s", archive->config->clips.directory);
	snprintf(sweep->need, sizeof(sweep->need), "%s", archive->config->clips.require_mount);
	sweep->hours = retention_now(archive).hours;
	sweep->now_us = wall_now().us;
	pthread_mutex_lock(&archive->lock);
	sweep->only_probes = !archive->recovered;
	sweep->trusted_us = sweep->now_us;
	if (archive->ages_mono_us)
		sweep->trusted_us = archive->trusted_wall_us + mono_now().us - archive->ages_mono_us;
	pthread_mutex_unlock(&archive->lock);
	sweep->count = count;
	for (size_t i = 0; i < count; i++) {
		sweep->deleted[i].from_us = deleted[i].entry.start_wall_us;
		sweep->deleted[i].to_us = deleted[i].entry.end_wall_us;
	}
	return sweep;
}

static bool sweep_start(struct sweep *sweep)
{
	pthread_t thread;

	if (!sweep || pthread_create(&thread, NULL, sweep_run, sweep) != 0)
		return false;
	pthread_detach(thread);
	return true;
}

void archive_cached_expire(struct archive *archive, const struct archive_segment *deleted, size_t count)
{
	int64_t now_us = mono_now().us;

	if (!count && archive->cache_swept_mono_us && now_us - archive->cache_swept_mono_us < SWEEP_EVERY_US)
		return;
	if (atomic_exchange(&sweeping, true))
		return; /* the previous sweep hangs: try again later */
	archive->cache_swept_mono_us = now_us;
	struct sweep *sweep = sweep_make(archive, deleted, count);
	if (!sweep_start(sweep)) {
		free(sweep);
		atomic_store(&sweeping, false);
	}
}

static void note_clips(const struct archive *archive, struct reason *note)
{
	const char *folder = archive->config->clips.directory;
	int eviction = atomic_load(&eviction_error), sweep = atomic_load(&sweep_error);

	note->text[0] = '\0';
	if (atomic_load(&clips_disk_missing))
		reason_set(note, "Clips cannot be kept or listed: no disk is mounted for %s (clips.require_mount).",
			   folder);
	else if (eviction)
		reason_set(note,
			   "Cached clips in %s cannot be deleted (%s). If the disk runs out of space, recordings are "
			   "deleted instead.",
			   folder, strerror(eviction));
	else if (sweep)
		reason_set(note,
			   "Expired cached clips in %s cannot be deleted (%s). They are no longer served, but they "
			   "still take up space on the disk.",
			   folder, strerror(sweep));
}

void archive_update_clips_note(struct archive *archive)
{
	struct reason note;

	note_clips(archive, &note);
	pthread_mutex_lock(&archive->lock);
	if (note.text[0] && strcmp(note.text, archive->clips_note) != 0)
		log_warn("archive", "%s", note.text);
	else if (!note.text[0] && archive->clips_note[0])
		log_info("archive", "the clips folder works again");
	snprintf(archive->clips_note, sizeof(archive->clips_note), "%s", note.text);
	pthread_mutex_unlock(&archive->lock);
}
