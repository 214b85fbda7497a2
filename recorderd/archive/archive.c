/* archive.c - the archive as the other threads see it. */
#include "recorderd/archive/archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/base/mono_cond.h"

#define SILENT_US (5 * US_PER_S) /* a disk that has not answered for so long is an error */

static void init_locks(struct archive *archive)
{
	pthread_mutex_init(&archive->list_lock, NULL);
	pthread_mutex_init(&archive->lock, NULL);
	mono_cond_init(&archive->changed);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

struct archive *archive_open(const struct config *config, struct reason *why)
{
	struct archive *archive = calloc(1, sizeof(*archive));

	if (!archive) {
		reason_set(why, "out of memory");
		return NULL;
	}
	archive->config = config;
	archive->retention = config->retention;
	archive->motion_days = config->motion.days;
	archive->folder = archive->lock_fd = archive->open_fd = archive->motion_fd = -1;
	archive->opened_mono_us = mono_now().us;
	archive->resume = (struct archive_resume_point){.next_segment = 1, .next_run = 1, .last_mono_us = -1};
	SLIST_INIT(&archive->former);
	init_locks(archive);
	folder_memory_read(config, &archive->memory);
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	archive->clock_is_saved = root >= 0 && archive_clock_is_saved(root);
	close_fd(root);
	atomic_store(&archive->last_answer_us, mono_now().us);
	if (archive_opening_start(archive, why))
		return archive;
	archive_close(archive);
	return NULL;
}

static void *keeper(void *context)
{
	struct archive *archive = context;

	archive_keeper_run(archive);
	pthread_mutex_lock(&archive->lock);
	archive->ended = true;
	pthread_cond_broadcast(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
	return NULL;
}

bool archive_start(struct archive *archive, struct reason *why)
{
	int error = pthread_create(&archive->keeper, NULL, keeper, archive);

	if (error) {
		errno = error;
		return reason_errno(why, "cannot start the keeper's thread");
	}
	pthread_setname_np(archive->keeper, "keeper");
	archive->keeper_runs = true;
	return true;
}

void archive_cancel_repair(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	if (!archive->recovered) {
		atomic_store(&archive->stopping, true);
		pthread_cond_broadcast(&archive->changed);
	}
	pthread_mutex_unlock(&archive->lock);
}

static void request_stop(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	atomic_store(&archive->stopping, true);
	pthread_cond_broadcast(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
}

bool archive_stop(struct archive *archive, int64_t limit_us)
{
	request_stop(archive);
	if (!archive->keeper_runs)
		return true;

	/* One second more, so that a thread that is not blocked can end even if no time is left. */
	mono_t deadline = {mono_now().us + limit_us + US_PER_S};
	pthread_mutex_lock(&archive->lock);
	while (!archive->ended && mono_cond_wait(&archive->changed, &archive->lock, deadline))
		;
	bool ended = archive->ended;
	pthread_mutex_unlock(&archive->lock);
	if (!ended)
		return false;
	pthread_join(archive->keeper, NULL);
	archive->keeper_runs = false;
	return true;
}

void archive_close(struct archive *archive)
{
	if (!archive)
		return;
	request_stop(archive);
	if (archive->keeper_runs)
		pthread_join(archive->keeper, NULL);
	archive_opening_abandon(archive->opening);
	close_fd(archive->open_fd);
	close_fd(archive->motion_fd);
	close_fd(archive->folder);
	close_fd(archive->lock_fd);
	pthread_cond_destroy(&archive->changed);
	pthread_mutex_destroy(&archive->lock);
	pthread_mutex_destroy(&archive->list_lock);
	archive_adoption_free(archive->adoption);
	archive_former_free(archive);
	archive_motion_free(&archive->motion);
	archive_store_free(&archive->store);
	free(archive->segments);
	free(archive);
}

struct archive_resume_point archive_get_resume_point(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	struct archive_resume_point resume = archive->resume;
	pthread_mutex_unlock(&archive->lock);
	return resume;
}

struct archive_resume_point archive_wait_repaired(struct archive *archive)
{
	struct archive_resume_point resume = {0};

	pthread_mutex_lock(&archive->lock);
	while (!archive->recovered && !atomic_load(&archive->stopping))
		pthread_cond_wait(&archive->changed, &archive->lock);
	if (archive->recovered)
		resume = archive->resume;
	pthread_mutex_unlock(&archive->lock);
	return resume;
}

void archive_segment_opened(struct archive *archive, const struct catalogue_entry *entry, int fd)
{
	struct reason why;

	pthread_mutex_lock(&archive->lock);
	if (entry->gap_cause != GAP_NONE && entry->gap_cause < STATE_GAP_CAUSES)
		archive->counters.gaps[entry->gap_cause]++;
	if (archive_append(archive, entry, PHASE_OPEN))
		archive->segments[archive->count - 1].motion = MOTION_GROWING;
	else
		log_error("archive", "out of memory: %s is not listed until the next start", entry->file);
	int replaced = archive->open_fd;
	archive->open_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	archive->unrecorded = false;
	pthread_mutex_unlock(&archive->lock);
	close_fd(replaced); /* without the lock, since closing may write */
	atomic_store(&archive->lists_dirty, true);

	/* Not left to the keeper: no request finds the newest frames before the segment is listed. */
	if (!archive_write_lists(archive, false, &why))
		log_warn("archive", "%s", why.text);
	pthread_mutex_lock(&archive->lock);
	pthread_cond_broadcast(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
}

/* The caller holds `lock`. */
static struct archive_segment *open_segment(struct archive *archive)
{
	struct archive_segment *last = archive->count ? &archive->segments[archive->count - 1] : NULL;

	return last && last->phase == PHASE_OPEN ? last : NULL;
}

void archive_segment_grew(struct archive *archive, int64_t end_wall_us, uint64_t size_bytes, uint64_t frames)
{
	pthread_mutex_lock(&archive->lock);
	struct archive_segment *segment = open_segment(archive);
	if (segment) {
		segment->entry.end_wall_us = end_wall_us;
		archive->segment_bytes += size_bytes - segment->entry.size_bytes;
		segment->entry.size_bytes = size_bytes;
		segment->entry.frames = frames;
	}
	pthread_mutex_unlock(&archive->lock);
	atomic_store(&archive->needs_sync, true);
}

void archive_segment_closed(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	struct archive_segment *segment = open_segment(archive);
	bool suspect = atomic_exchange(&archive->suspect, false);
	if (segment) {
		segment->phase = PHASE_CLOSED;
		segment->seen_mono_us = mono_now().us;
		segment->suspect = suspect;
	}
	int media = archive->open_fd, motion = archive->motion_fd;
	archive->open_fd = archive->motion_fd = -1;
	pthread_cond_broadcast(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
	close_fd(media);
	close_fd(motion);
}

void archive_motion_opened(struct archive *archive, int fd)
{
	pthread_mutex_lock(&archive->lock);
	int replaced = archive->motion_fd;
	archive->motion_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&archive->lock);
	close_fd(replaced);
}

void archive_motion_settled(struct archive *archive, const char *file, uint64_t bytes)
{
	pthread_mutex_lock(&archive->lock);
	for (size_t i = archive->count; i-- > 0;) {
		struct archive_segment *segment = &archive->segments[i];

		if (segment->motion != MOTION_GROWING || strcmp(segment->entry.file, file) != 0)
			continue;
		segment->motion = MOTION_UNLISTED;
		segment->motion_bytes = bytes;
		break;
	}
	pthread_mutex_unlock(&archive->lock);
}

bool archive_segment_is_suspect(struct archive *archive)
{
	return atomic_load(&archive->suspect);
}

bool archive_segment_is_deleted(struct archive *archive)
{
	struct stat status;
	int fd = archive_dup_open_segment(archive);

	if (fd < 0)
		return false;
	bool deleted = fstat(fd, &status) == 0 && status.st_nlink == 0;
	close(fd);
	return deleted;
}

void archive_set_retention(struct archive *archive, const struct config_retention *retention)
{
	pthread_mutex_lock(&archive->lock);
	archive->retention = *retention;
	pthread_mutex_unlock(&archive->lock);
}

void archive_set_motion_days(struct archive *archive, double motion_days)
{
	pthread_mutex_lock(&archive->lock);
	archive->motion_days = motion_days;
	pthread_mutex_unlock(&archive->lock);
}

/* The caller holds `lock`. */
static void summarise_list(struct archive *archive, struct archive_summary *out)
{
	const struct archive_segment *open = open_segment(archive);

	out->segments = archive->count;
	out->bytes = archive->segment_bytes;
	if (out->segments)
		out->oldest_wall_us = archive->segments[0].entry.start_wall_us;
	out->recorded_us = archive->recorded_us;
	if (open)
		snprintf(out->open_segment, sizeof(out->open_segment), "%s", open->entry.file);
	out->unread = atomic_load(&archive->unread);
}

void archive_get_summary(struct archive *archive, struct archive_summary *out)
{
	int64_t silent_us = mono_now().us - atomic_load(&archive->last_answer_us);

	*out = (struct archive_summary){
		.disk_free_bytes = atomic_load(&archive->disk_free_bytes),
		.disk_total_bytes = atomic_load(&archive->disk_total_bytes),
		.clock_doubts = atomic_load(&archive->clock_doubts),
	};
	pthread_mutex_lock(&archive->lock);
	bool recovered = archive->recovered;
	if (recovered)
		summarise_list(archive, out);
	out->set_aside = archive->set_aside.files;
	out->counters = archive->counters;
	out->store_state = archive->store.state;
	out->store = archive->store.status;
	snprintf(out->error, sizeof(out->error), "%s", archive->error);
	snprintf(out->folder_note, sizeof(out->folder_note), "%s", archive->folder_note);
	snprintf(out->clips_note, sizeof(out->clips_note), "%s", archive->clips_note);
	pthread_mutex_unlock(&archive->lock);
	if (!recovered && silent_us >= SILENT_US && !out->error[0])
		snprintf(out->error, sizeof(out->error), "the recordings disk has not responded for %lld s",
			 (long long)(silent_us / US_PER_S));
}
