/*
 * archive_cached.c - what is deleted beside the recordings, in the folder of clips: cached clips
 * (shared/cached_clips.h) where the disk is short of room, and with the footage that they show; and what killed writers
 * left.
 */
#include "recorderd/archive_internal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "shared/cached_clips.h"
#include "shared/log.h"
#include "shared/part_file.h"
#include "shared/retention.h"

#define SWEEP_EVERY_US (10 * US_PER_S)

static struct config_retention retention_now(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	struct config_retention retention = archive->retention;
	pthread_mutex_unlock(&archive->lock);
	return retention;
}

static int clips_folder_open(const struct archive *archive)
{
	return open(archive->config->clips.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void archive_cached_yield(struct archive *archive, int folder, struct statvfs *disk)
{
	double wanted_bytes = (double)cached_reserve_bytes(retention_now(archive).min_free_gb) -
			      (double)disk->f_bavail * (double)disk->f_frsize;
	struct stat recordings, clips;
	int cached;

	if (wanted_bytes <= 0)
		return;
	int clips_folder = clips_folder_open(archive);
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

struct sweep {
	double hours;
	int64_t sure_us, now_us;
	const struct archive_segment *gone;
	size_t count;
};

/* By its own time, or since it shows something of a segment that goes. */
static bool is_due(const struct cached_key *key, void *context)
{
	const struct sweep *sweep = context;

	if (retention_is_past(sweep->hours, key->from_us, sweep->sure_us) ||
	    retention_is_future(sweep->hours, key->from_us, sweep->now_us))
		return true;
	for (size_t i = 0; i < sweep->count; i++)
		if (key->from_us < sweep->gone[i].entry.end_wall_us && key->to_us > sweep->gone[i].entry.start_wall_us)
			return true;
	return false;
}

static bool is_sweep_due(struct archive *archive, size_t gone)
{
	int64_t now_us = mono_now().us;

	if (!gone && archive->swept_mono_us && now_us - archive->swept_mono_us < SWEEP_EVERY_US)
		return false;
	archive->swept_mono_us = now_us;
	return true;
}

void archive_cached_expire(struct archive *archive, const struct archive_segment *gone, size_t count)
{
	struct sweep sweep = {.gone = gone, .count = count, .now_us = wall_now().us};
	int clips_folder, cached;

	if (!is_sweep_due(archive, count) || (clips_folder = clips_folder_open(archive)) < 0)
		return;
	sweep.hours = retention_now(archive).hours;
	pthread_mutex_lock(&archive->lock);
	sweep.sure_us = archive->sure_wall_us;
	pthread_mutex_unlock(&archive->lock);
	part_files_sweep(clips_folder, 1);
	cached = cached_folder_open(clips_folder);
	if (cached >= 0) {
		uint64_t clips = cached_remove(cached, is_due, &sweep);
		if (clips > 0)
			log_info("archive", "deleted %llu cached clips (retention)", (unsigned long long)clips);
		close(cached);
	}
	close(clips_folder);
}
