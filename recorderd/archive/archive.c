/* archive.c - the archive, as the other threads see it: see archive.h. */
#include "recorderd/archive/archive_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/log.h"

static void locks_init(struct archive *archive)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&archive->list_lock, NULL);
	pthread_mutex_init(&archive->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&archive->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

#define SILENT_US (5 * US_PER_S) /* from then on a disk that does not answer is trouble */

struct archive *archive_open(const struct config *config, struct reason *why)
{
	struct archive *archive = calloc(1, sizeof(*archive));

	if (!archive) {
		reason_set(why, "no memory");
		return NULL;
	}
	archive->config = config;
	archive->retention = config->retention;
	archive->folder = archive->lock_fd = archive->open_fd = -1;
	archive->opened_mono_us = mono_now().us;
	archive->start = (struct archive_resume_point){.next_segment = 1, .next_run = 1, .last_mono_us = -1};
	locks_init(archive);
	folder_memory_read(config, &archive->memory);
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
	if (pthread_create(&archive->keeper, NULL, keeper, archive) != 0)
		return reason_set(why, "cannot start a thread");
	pthread_setname_np(archive->keeper, "keeper");
	archive->keeper_runs = true;
	return true;
}

void archive_cancel_repair(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	if (!archive->recovered) {
		archive->stopping = true;
		pthread_cond_broadcast(&archive->changed);
	}
	pthread_mutex_unlock(&archive->lock);
}

static void tell_stop(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	archive->stopping = true;
	pthread_cond_broadcast(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
}

bool archive_stop(struct archive *archive, int64_t limit_us)
{
	struct timespec until;
	bool ended;

	tell_stop(archive);
	if (!archive->keeper_runs)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += limit_us / US_PER_S + 1;
	pthread_mutex_lock(&archive->lock);
	while (!archive->ended && pthread_cond_timedwait(&archive->changed, &archive->lock, &until) == 0)
		;
	ended = archive->ended;
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
	tell_stop(archive);
	if (archive->keeper_runs)
		pthread_join(archive->keeper, NULL);
	archive_opening_abandon(archive->opening);
	if (archive->open_fd >= 0)
		close(archive->open_fd);
	if (archive->folder >= 0)
		close(archive->folder);
	if (archive->lock_fd >= 0)
		close(archive->lock_fd);
	pthread_cond_destroy(&archive->changed);
	pthread_mutex_destroy(&archive->lock);
	pthread_mutex_destroy(&archive->list_lock);
	archive_adoption_free(archive->found);
	archive_former_free(archive->left);
	free(archive->segments);
	free(archive);
}

struct archive_resume_point archive_get_resume_point(struct archive *archive)
{
	struct archive_resume_point start;

	pthread_mutex_lock(&archive->lock);
	start = archive->start;
	pthread_mutex_unlock(&archive->lock);
	return start;
}

struct archive_resume_point archive_wait_repaired(struct archive *archive)
{
	struct archive_resume_point start = {0};

	pthread_mutex_lock(&archive->lock);
	while (!archive->recovered && !archive->stopping)
		pthread_cond_wait(&archive->changed, &archive->lock);
	if (archive->recovered)
		start = archive->start;
	pthread_mutex_unlock(&archive->lock);
	return start;
}

/* The descriptor for syncing, replaced; the one of before is closed without the lock, since closing may write. */
static void close_former(int former)
{
	if (former >= 0)
		close(former);
}

void archive_segment_opened(struct archive *archive, const struct catalogue_entry *entry, int fd)
{
	struct reason why;
	int former;

	pthread_mutex_lock(&archive->lock);
	if (entry->gap_cause != GAP_NONE && entry->gap_cause < STATE_GAP_CAUSES)
		archive->tally.gaps[entry->gap_cause]++;
	if (!archive_append(archive, entry, PHASE_OPEN))
		log_error("archive", "no memory to list %s; it is found again at the next start", entry->file);
	former = archive->open_fd;
	archive->open_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	archive->unlisted = true;
	archive->unstarted = false;
	pthread_mutex_unlock(&archive->lock);
	close_former(former);
	/* At once, and not by the keeper: until it is listed no request finds the newest frames. */
	if (!archive_write_lists(archive, false, &why))
		log_warn("archive", "%s", why.text);
	pthread_mutex_lock(&archive->lock);
	pthread_cond_broadcast(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
}

static struct archive_segment *open_segment(struct archive *archive)
{
	struct archive_segment *last = archive->count ? &archive->segments[archive->count - 1] : NULL;

	return last && last->phase == PHASE_OPEN ? last : NULL;
}

void archive_segment_grew(struct archive *archive, int64_t end_wall_us, uint64_t size_bytes, uint64_t frames)
{
	struct archive_segment *segment;

	pthread_mutex_lock(&archive->lock);
	segment = open_segment(archive);
	if (segment) {
		segment->entry.end_wall_us = end_wall_us;
		archive->segment_bytes += size_bytes - segment->entry.size_bytes;
		segment->entry.size_bytes = size_bytes;
		segment->entry.frames = frames;
	}
	archive->unsynced = true;
	pthread_mutex_unlock(&archive->lock);
}

void archive_segment_closed(struct archive *archive)
{
	struct archive_segment *segment;
	int former;

	pthread_mutex_lock(&archive->lock);
	segment = open_segment(archive);
	if (segment) {
		segment->phase = PHASE_CLOSED;
		segment->seen_mono_us = mono_now().us;
		segment->doubted = archive->doubted;
	}
	archive->doubted = false;
	former = archive->open_fd;
	archive->open_fd = -1;
	pthread_cond_broadcast(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
	close_former(former);
}

bool archive_segment_is_suspect(struct archive *archive)
{
	bool doubted;

	pthread_mutex_lock(&archive->lock);
	doubted = archive->doubted;
	pthread_mutex_unlock(&archive->lock);
	return doubted;
}

bool archive_segment_is_deleted(struct archive *archive)
{
	struct stat status;
	int fd = archive_dup_open_segment(archive);
	bool vanished;

	if (fd < 0)
		return false;
	vanished = fstat(fd, &status) == 0 && status.st_nlink == 0;
	close(fd);
	return vanished;
}

void archive_set_retention(struct archive *archive, const struct config_retention *retention)
{
	pthread_mutex_lock(&archive->lock);
	archive->retention = *retention;
	pthread_mutex_unlock(&archive->lock);
}

void archive_get_summary(struct archive *archive, struct archive_summary *out)
{
	const struct archive_segment *open;
	int64_t silent_us = mono_now().us - atomic_load(&archive->last_answer_us);

	*out = (struct archive_summary){0};
	pthread_mutex_lock(&archive->lock);
	if (archive->recovered) {
		out->segments = archive->count;
		out->bytes = archive->segment_bytes;
	}
	if (out->segments)
		out->oldest_wall_us = archive->segments[0].entry.start_wall_us;
	out->disk_free_bytes = archive->disk_free_bytes;
	out->disk_total_bytes = archive->disk_total_bytes;
	out->unread = archive->recovered ? archive->unread : 0;
	out->set_aside = archive->aside.files;
	out->clock_doubts = archive->clock_doubts;
	out->tally = archive->tally;
	open = archive->recovered ? open_segment(archive) : NULL;
	if (open)
		snprintf(out->open_segment, sizeof(out->open_segment), "%s", open->entry.file);
	snprintf(out->trouble, sizeof(out->trouble), "%s", archive->trouble);
	snprintf(out->folder_note, sizeof(out->folder_note), "%s", archive->folder_note);
	if (!archive->recovered && silent_us >= SILENT_US && !out->trouble[0])
		snprintf(out->trouble, sizeof(out->trouble), "the recordings folder has not answered for %lld s",
			 (long long)(silent_us / US_PER_S));
	snprintf(out->clips_note, sizeof(out->clips_note), "%s", archive->clips_note);
	pthread_mutex_unlock(&archive->lock);
}
