/*
 * archive_opening.c - the recordings folder opened by a thread of its own: see archive_internal.h. The disk may not
 * answer, and then nothing ends the thread that waits for it; so what it uses belongs to whoever is done last. Where
 * record.require_mount finds no disk, nothing is opened, and the keeper looks again.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "recorderd/archive/archive_internal.h"
#include "shared/base/log.h"
#include "shared/config/mount_need.h"

#define OPEN_LIMIT_US  (3 * US_PER_S) /* how long a start waits for a disk */
#define POLL_US        (US_PER_S / 5)
#define MOUNT_EVERY_US US_PER_S /* looked whether the disk is there */

struct archive_opening {
	pthread_mutex_t lock; /* guards all but `path` and `need` */
	pthread_cond_t ended_now;
	bool ended, abandoned;
	int folder, lock_fd; /* once ended */
	struct reason why;
	bool absent; /* folder is -1 because no disk is mounted there */
	char path[PATH_MAX], need[PATH_MAX];
};

static void opening_free(struct archive_opening *opening)
{
	pthread_cond_destroy(&opening->ended_now);
	pthread_mutex_destroy(&opening->lock);
	free(opening);
}

static void *opening_run(void *context)
{
	struct archive_opening *opening = context;
	struct reason why = {""};
	int lock_fd = -1, folder = -1;
	bool absent = !mount_need_is_met(opening->need, opening->path, &why), abandoned;

	if (!absent)
		folder = archive_folder_open(opening->path, &lock_fd, &why);

	pthread_mutex_lock(&opening->lock);
	opening->folder = folder;
	opening->lock_fd = lock_fd;
	opening->absent = absent;
	opening->why = why;
	opening->ended = true;
	abandoned = opening->abandoned;
	pthread_cond_broadcast(&opening->ended_now);
	pthread_mutex_unlock(&opening->lock);
	if (!abandoned)
		return NULL;
	if (folder >= 0) {
		close(folder);
		close(lock_fd);
	}
	opening_free(opening);
	return NULL;
}

static struct archive_opening *opening_start(const struct config_record *record)
{
	struct archive_opening *opening = calloc(1, sizeof(*opening));
	pthread_condattr_t monotonic;
	pthread_t thread;

	if (!opening)
		return NULL;
	snprintf(opening->path, sizeof(opening->path), "%s", record->directory);
	snprintf(opening->need, sizeof(opening->need), "%s", record->require_mount);
	pthread_mutex_init(&opening->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&opening->ended_now, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&thread, NULL, opening_run, opening) != 0) {
		opening_free(opening);
		return NULL;
	}
	pthread_setname_np(thread, "folder");
	pthread_detach(thread);
	return opening;
}

enum opening_outcome { OPENING_DONE, OPENING_FAILED, OPENING_ABSENT, OPENING_HANGS };

/* Ends it with its outcome, unless it hangs. */
static enum opening_outcome opening_wait(struct archive_opening *opening, int64_t limit_us, int *folder, int *lock_fd,
					 struct reason *why)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t nanoseconds = until.tv_nsec + limit_us % US_PER_S * 1000;
	until.tv_sec += limit_us / US_PER_S + nanoseconds / 1000000000;
	until.tv_nsec = nanoseconds % 1000000000;
	pthread_mutex_lock(&opening->lock);
	while (!opening->ended && pthread_cond_timedwait(&opening->ended_now, &opening->lock, &until) == 0)
		;
	bool ended = opening->ended;
	pthread_mutex_unlock(&opening->lock);
	if (!ended)
		return OPENING_HANGS;
	*folder = opening->folder;
	*lock_fd = opening->lock_fd;
	*why = opening->why;
	bool absent = opening->absent;
	opening_free(opening);
	return absent ? OPENING_ABSENT : *folder >= 0 ? OPENING_DONE : OPENING_FAILED;
}

void archive_opening_abandon(struct archive_opening *opening)
{
	bool ended;

	if (!opening)
		return;
	pthread_mutex_lock(&opening->lock);
	opening->abandoned = true;
	ended = opening->ended;
	pthread_mutex_unlock(&opening->lock);
	if (!ended)
		return;
	if (opening->folder >= 0) {
		close(opening->folder);
		close(opening->lock_fd);
	}
	opening_free(opening);
}

bool archive_opening_start(struct archive *archive, struct reason *why)
{
	const struct config_record *record = &archive->config->record;
	struct archive_opening *opening = opening_start(record);

	if (!opening)
		return reason_set(why, "cannot start a thread");
	switch (opening_wait(opening, OPEN_LIMIT_US, &archive->folder, &archive->lock_fd, why)) {
	case OPENING_DONE:
	case OPENING_ABSENT:
		return true;
	case OPENING_FAILED:
		return false;
	case OPENING_HANGS:
		break;
	}
	log_error("archive", "the disk of %s does not answer: recording begins when it does, all else without it",
		  record->directory);
	archive->opening = opening;
	return true;
}

static void take_folder(struct archive *archive, int folder, int lock_fd)
{
	pthread_mutex_lock(&archive->lock);
	archive->folder = folder;
	archive->lock_fd = lock_fd;
	pthread_mutex_unlock(&archive->lock);
}

/* One look at what is being opened. */
static enum opening_outcome look(struct archive *archive, struct reason *why)
{
	int folder, lock_fd;
	enum opening_outcome outcome = opening_wait(archive->opening, POLL_US, &folder, &lock_fd, why);

	if (outcome == OPENING_HANGS)
		return outcome;
	archive->opening = NULL;
	atomic_store(&archive->last_answer_us, mono_now().us);
	if (outcome == OPENING_DONE)
		take_folder(archive, folder, lock_fd);
	return outcome;
}

bool archive_opening_wait(struct archive *archive)
{
	struct reason why = {"cannot start a thread"};

	while (archive->folder < 0) {
		if (!archive->opening)
			archive->opening = opening_start(&archive->config->record);
		enum opening_outcome outcome = archive->opening ? look(archive, &why) : OPENING_FAILED;
		bool again = outcome == OPENING_FAILED || outcome == OPENING_ABSENT;
		if (again)
			archive_set_error(archive, why.text);
		archive_cached_expire(archive, NULL, 0);
		archive_update_clips_note(archive);
		if (again ? !archive_wait_before_retry(archive) : archive_is_stopping(archive))
			return false;
	}
	archive_check_first_folder(archive);
	return true;
}

bool archive_wait_before_retry(struct archive *archive)
{
	int64_t at_us = mono_now().us + MOUNT_EVERY_US;
	struct timespec at = {at_us / US_PER_S, (long)(at_us % US_PER_S) * 1000};
	bool stopping;

	pthread_mutex_lock(&archive->lock);
	if (!archive->stopping)
		pthread_cond_timedwait(&archive->changed, &archive->lock, &at);
	stopping = archive->stopping;
	pthread_mutex_unlock(&archive->lock);
	return !stopping;
}
