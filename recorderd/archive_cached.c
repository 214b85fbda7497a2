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
