/*
 * archive_cached.c - what is deleted beside the recordings, in the folder of clips: cached clips
 * (shared/segment/clip_cache_files.h) where the disk is short of room, and with the footage that they show; and what
 * killed writers left.
 */
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

#define SWEEP_EVERY_US (10 * US_PER_S)

/* errno of what could not be deleted when it last had to be; 0: all went well. Of each of the two who delete. */
static _Atomic int yield_error, sweep_error;

static struct config_retention retention_now(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	struct config_retention retention = archive->retention;
	pthread_mutex_unlock(&archive->lock);
	return retention;
}

/*
 * Whether the clips lie on the disk of the recordings is looked at by a thread, which the keeper waits for so long:
 * they may lie on another one, which hangs.
 */
#define LOOK_MS    1000
#define LOOK_WAITS (-2) /* for what it finds */

struct look {
	char clips[PATH_MAX];
	dev_t disk;
	int done_fd;        /* the thread closes it when `folder` is set */
	_Atomic int folder; /* LOOK_WAITS; then what was found, or -1: nobody waits any more */
};

static _Atomic bool looking;

static void *look_run(void *context)
{
	struct look *look = context;
	struct stat clips;
	int done_fd = look->done_fd, waits = LOOK_WAITS;
	int folder = open(look->clips, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder >= 0 && (fstat(folder, &clips) < 0 || clips.st_dev != look->disk)) {
		close(folder);
		folder = -1;
	}
	if (!atomic_compare_exchange_strong(&look->folder, &waits, folder)) {
		if (folder >= 0)
			close(folder);
		free(look);
	}
	atomic_store(&looking, false);
	close(done_fd);
	return NULL;
}

static bool look_start(struct look *look, int fds[2])
{
	pthread_t thread;

	if (!look || pipe2(fds, O_CLOEXEC) < 0)
		return false;
	look->done_fd = fds[1];
	if (pthread_create(&thread, NULL, look_run, look) == 0) {
		pthread_detach(thread);
		return true;
	}
	close(fds[0]);
	close(fds[1]);
	return false;
}

/* The folder of the clips, where it lies on that disk and answers; -1. */
static int clips_folder_on(const struct archive *archive, dev_t disk)
{
	int fds[2], folder = LOOK_WAITS;

	if (atomic_exchange(&looking, true))
		return -1; /* the look before hangs */
	struct look *look = calloc(1, sizeof(*look));
	if (look) {
		snprintf(look->clips, sizeof(look->clips), "%s", archive->config->clips.directory);
		look->disk = disk;
		atomic_store(&look->folder, LOOK_WAITS);
	}
	if (!look_start(look, fds)) {
		free(look);
		atomic_store(&looking, false);
		return -1;
	}
	poll(&(struct pollfd){.fd = fds[0]}, 1, LOOK_MS);
	close(fds[0]);
	if (atomic_compare_exchange_strong(&look->folder, &folder, -1))
		return -1;
	free(look);
	return folder;
}

static double wanted_bytes(struct archive *archive, const struct statvfs *disk)
{
	return (double)clip_cache_reserve_bytes(retention_now(archive).min_free_gb) -
	       (double)disk->f_bavail * (double)disk->f_frsize;
}

/*
 * As long as that is not enough, and something goes: a clip that shares its blocks with a recording, or that somebody
 * reads, gives less room than it is large.
 */
static void evict(struct archive *archive, int cached, int folder, struct statvfs *disk)
{
	struct clip_cache_removal gone;
	uint64_t bytes = 0, left_bytes = UINT64_MAX;
	double wanted;

	while ((wanted = wanted_bytes(archive, disk)) > 0) {
		gone = clip_cache_evict(cached, UINT64_MAX, (uint64_t)wanted);
		bytes += gone.bytes;
		atomic_store(&yield_error, gone.error);
		if (fstatvfs(folder, disk) < 0 || gone.clips == 0 || gone.left_bytes >= left_bytes)
			break;
		left_bytes = gone.left_bytes;
	}
	if (bytes > 0)
		log_info("archive", "deleted %.1f MB of cached clips: the disk is short of room", (double)bytes / 1e6);
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
		atomic_store(&yield_error, errno == ENOENT ? 0 : errno);
	}
	close(clips_folder);
}

/* One look through the folder of clips, in a thread of its own: it may lie on another disk, which hangs. */
struct sweep {
	char clips[PATH_MAX], need[PATH_MAX];
	bool only_looks; /* for the disk: nothing is deleted before the recordings are known */
	double hours;
	int64_t sure_us, now_us;
	size_t count;
	struct {
		int64_t from_us, to_us;
	} gone[]; /* what recordings showed that go now */
};

static _Atomic bool sweeping;
static _Atomic bool disk_missing; /* of clips.require_mount, at the last look */

/* By its own time, or since it shows something of a segment that goes. */
static bool is_due(const struct clip_cache_key *key, void *context)
{
	const struct sweep *sweep = context;

	if (retention_is_expired(sweep->hours, key->from_us, sweep->sure_us) ||
	    retention_is_future(sweep->hours, key->from_us, sweep->now_us))
		return true;
	for (size_t i = 0; i < sweep->count; i++)
		if (key->from_us < sweep->gone[i].to_us && key->to_us > sweep->gone[i].from_us)
			return true;
	return false;
}

static void sweep_folder(struct sweep *sweep, int clips_folder)
{
	int error = part_files_remove_stale(clips_folder, 1), cached = clip_cache_folder_open(clips_folder);

	if (cached >= 0) {
		struct clip_cache_removal gone = clip_cache_remove(cached, is_due, sweep);
		if (gone.clips > 0)
			log_info("archive", "deleted %llu cached clips (retention)", (unsigned long long)gone.clips);
		error = gone.error ? gone.error : error;
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

	atomic_store(&disk_missing, !there && errno == ENODEV);
	int clips_folder = there && !sweep->only_looks ? open(sweep->clips, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (clips_folder >= 0) {
		sweep_folder(sweep, clips_folder);
		close(clips_folder);
	}
	free(sweep);
	atomic_store(&sweeping, false);
	return NULL;
}

static struct sweep *sweep_make(struct archive *archive, const struct archive_segment *gone, size_t count)
{
	struct sweep *sweep = calloc(1, sizeof(*sweep) + count * sizeof(sweep->gone[0]));

	if (!sweep)
		return NULL;
	snprintf(sweep->clips, sizeof(sweep->clips), "%s", archive->config->clips.directory);
	snprintf(sweep->need, sizeof(sweep->need), "%s", archive->config->clips.require_mount);
	sweep->hours = retention_now(archive).hours;
	sweep->now_us = wall_now().us;
	pthread_mutex_lock(&archive->lock);
	sweep->only_looks = !archive->recovered;
	sweep->sure_us = sweep->now_us;
	if (archive->ages_mono_us)
		sweep->sure_us = archive->trusted_wall_us + mono_now().us - archive->ages_mono_us;
	pthread_mutex_unlock(&archive->lock);
	sweep->count = count;
	for (size_t i = 0; i < count; i++) {
		sweep->gone[i].from_us = gone[i].entry.start_wall_us;
		sweep->gone[i].to_us = gone[i].entry.end_wall_us;
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

void archive_cached_expire(struct archive *archive, const struct archive_segment *gone, size_t count)
{
	int64_t now_us = mono_now().us;
	struct sweep *sweep;

	if (!count && archive->cache_swept_mono_us && now_us - archive->cache_swept_mono_us < SWEEP_EVERY_US)
		return;
	if (atomic_exchange(&sweeping, true))
		return; /* the one before hangs: it is tried again */
	archive->cache_swept_mono_us = now_us;
	sweep = sweep_make(archive, gone, count);
	if (!sweep_start(sweep)) {
		free(sweep);
		atomic_store(&sweeping, false);
	}
}

static void note_clips(const struct archive *archive, struct reason *note)
{
	const char *folder = archive->config->clips.directory;
	int yield = atomic_load(&yield_error), sweep = atomic_load(&sweep_error);

	note->text[0] = '\0';
	if (atomic_load(&disk_missing))
		reason_set(note,
			   "Clips can neither be kept nor listed: no disk is mounted for %s (clips.require_mount).",
			   folder);
	else if (yield)
		reason_set(
			note,
			"Cached clips in %s cannot be deleted (%s): where the disk is short of room, recordings go in "
			"their place.",
			folder, strerror(yield));
	else if (sweep)
		reason_set(
			note,
			"Cached clips in %s that are due cannot be deleted (%s): they are not shown any more, but stay "
			"on the disk.",
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
		log_info("archive", "the folder of clips is in order again");
	snprintf(archive->clips_note, sizeof(archive->clips_note), "%s", note.text);
	pthread_mutex_unlock(&archive->lock);
}
